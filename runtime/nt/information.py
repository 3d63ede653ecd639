"""Information classes of processes and threads (NtQueryInformationProcess, NtQueryInformationThread, 64-bit)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from runtime.nt import status as st
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread


TLS_SLOTS = 64
TLS_EXPANSION_SLOTS = 1024


def _unicode(text: str, address: int) -> bytes:
    data = text.encode("utf-16-le", "surrogatepass")
    return struct.pack("<HH4xQ", len(data), len(data) + 2, address + 16) + data + b"\0\0"


def process_information(process: Process, information_class: int, address: int) -> bytes:
    """Return what a query gives; `address` is where it will lie. Raises NtError(STATUS_INVALID_INFO_CLASS)."""
    memory = process.memory
    match information_class:
        case 0:  # ProcessBasicInformation
            status = process.exit_status
            return struct.pack("<I4xQQi4xQQ", status, process.peb, 1, process.priority, process.pid, process.parent_pid)
        case 1:  # ProcessQuotaLimits
            return struct.pack("<QQQQQq", 0, 0, 0x32000, 0x159000, 0xFFFFFFFFFFFFFFFF, -1)
        case 2:  # ProcessIoCounters
            return struct.pack("<6Q", *process.io_counters)
        case 3:  # ProcessVmCounters
            committed, peak = memory.committed, memory.peak_committed
            return struct.pack("<QQI4xQQQQQQQQ", peak, committed, 0, peak, committed, 0, 0, 0, 0, committed, peak)
        case 4:  # ProcessTimes
            kernel, user = process.times()
            return struct.pack("<4q", process.create_time, process.exit_time, kernel, user)
        case 7:  # ProcessDebugPort
            return struct.pack("<q", 0 if process.debug_port is None else -1)
        case 12:  # ProcessDefaultHardErrorMode
            return struct.pack("<I", process.error_mode)
        case 18:  # ProcessPriorityClass
            return struct.pack("<BB", 0, process.priority_class)
        case 20:  # ProcessHandleCount
            return struct.pack("<I", len(process.handles))
        case 21:  # ProcessAffinityMask
            return struct.pack("<Q", process.affinity)
        case 24:  # ProcessSessionInformation
            return struct.pack("<I", 1)
        case 26:  # ProcessWow64Information
            return struct.pack("<Q", 0)
        case 27:  # ProcessImageFileName
            return _unicode(process.machine.nt_device_path(process.image_path), address)
        case 28:  # ProcessLUIDDeviceMapsEnabled
            return struct.pack("<I", 1)
        case 30:  # ProcessDebugObjectHandle
            raise NtError(st.STATUS_PORT_NOT_SET)
        case 31:  # ProcessDebugFlags
            return struct.pack("<I", not process.no_debug_inherit)
        case 34:  # ProcessExecuteFlags
            return struct.pack("<I", 0x4D)
        case 36:  # ProcessCookie
            return struct.pack("<I", process.cookie)
        case 43:  # ProcessImageFileNameWin32
            return _unicode(process.image_path, address)
        case 60:  # ProcessCommandLineInformation
            return _unicode(process.command_line, address)
    raise NtError(st.STATUS_INVALID_INFO_CLASS)


def set_process_information(process: Process, information_class: int, data: bytes) -> None:
    """Store what a program sets. Raises NtError."""
    match information_class:
        case 12 if len(data) == 4:
            process.error_mode = int.from_bytes(data, "little")
        case 18 if len(data) == 2:
            process.priority_class = data[1]
        case 31 if len(data) == 4:  # ProcessDebugFlags: PROCESS_DEBUG_INHERIT
            process.no_debug_inherit = not int.from_bytes(data, "little") & 1
        case 12 | 18 | 31:
            raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
        case 34 if len(data) == 4:
            pass  # ProcessExecuteFlags: data execution prevention is always on for 64-bit programs
        case _:
            raise NtError(st.STATUS_INVALID_INFO_CLASS)


def thread_information(thread: Thread, information_class: int, address: int) -> bytes:
    """Return what a query gives; `address` is where it will lie. Raises NtError(STATUS_INVALID_INFO_CLASS)."""
    process = thread.process
    match information_class:
        case 0:  # ThreadBasicInformation
            mask = thread.affinity
            priority = 8 + thread.priority
            return struct.pack(
                "<I4xQQQQii", thread.exit_status, thread.teb, process.pid, thread.id, mask, priority, thread.priority
            )
        case 1:  # ThreadTimes
            kernel, user = thread.times()
            return struct.pack("<4q", thread.create_time, thread.exit_time, kernel, user)
        case 9:  # ThreadQuerySetWin32StartAddress
            return struct.pack("<Q", thread.start)
        case 12:  # ThreadAmILastThread
            return struct.pack("<I", len(process.threads) == 1)
        case 14:  # ThreadPriorityBoost
            return struct.pack("<I", thread.boost_disabled)
        case 16:  # ThreadIsIoPending
            return struct.pack("<I", bool(thread.pending_io))
        case 17:  # ThreadHideFromDebugger
            return struct.pack("<B", thread.hidden)
        case 20:  # ThreadIsTerminated
            return struct.pack("<I", thread.ended)
        case 35:  # ThreadSuspendCount
            return struct.pack("<I", thread.suspend_count)
        case 38:  # ThreadNameInformation
            return _unicode(thread.description, address)
    raise NtError(st.STATUS_INVALID_INFO_CLASS)


def set_thread_information(thread: Thread, information_class: int, data: bytes, caller: Thread) -> None:
    """Store what a program sets. Raises NtError."""
    match information_class:
        case 3 if len(data) == 4:  # ThreadBasePriority
            thread.priority = int.from_bytes(data, "little", signed=True)
        case 9 if len(data) == 8:  # ThreadQuerySetWin32StartAddress
            thread.start = int.from_bytes(data, "little")
        case 4 if len(data) == 8:  # ThreadAffinityMask
            mask = int.from_bytes(data, "little")
            if not mask or mask & ~thread.process.affinity:
                raise NtError(st.STATUS_INVALID_PARAMETER)
            thread.affinity = mask
        case 14 if len(data) == 4:  # ThreadPriorityBoost
            thread.boost_disabled = bool(int.from_bytes(data, "little"))
        case 17 if not data:  # ThreadHideFromDebugger
            thread.hidden = True
        case 10 if len(data) == 4:  # ThreadZeroTlsCell: TlsFree clears the slot in every thread
            _zero_tls_cell(thread, int.from_bytes(data, "little"))
        case 38 if len(data) == 16:  # ThreadNameInformation
            length, _, address = struct.unpack("<HH4xQ", data)
            name = caller.process.memory.read(address, length)
            thread.description = name.decode("utf-16-le", "surrogatepass")
        case 3 | 4 | 9 | 10 | 14 | 17 | 38:
            raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
        case _:
            raise NtError(st.STATUS_INVALID_INFO_CLASS)


def _zero_tls_cell(thread: Thread, index: int) -> None:
    """Clear one TLS slot in every thread of the process. Raises NtError(STATUS_INVALID_PARAMETER)."""
    process, layout = thread.process, thread.process.layout
    memory, width = process.memory, process.pointer_size
    if index >= TLS_SLOTS + TLS_EXPANSION_SLOTS:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    for other in process.threads.values():
        if index < TLS_SLOTS:
            memory.write_pointer(other.teb + layout.tls_slots + index * width, 0)
            continue
        expansion = memory.read_pointer(other.teb + layout.tls_expansion_slots)
        if expansion:
            memory.write_pointer(expansion + (index - TLS_SLOTS) * width, 0)
