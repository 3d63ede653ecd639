"""System information: versions, NtQuerySystemInformation, time, status codes."""

from __future__ import annotations

import struct

from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.types import BYTE, DWORD, NTSTATUS, PVOID, ULONG, ULONGLONG, Out
from runtime.nt import status as st
from runtime.nt.process import Process
from runtime.nt.status import NtError
from runtime.nt.thread import Thread

_BUILD = 19045


@ntdll.export("environment")
def RtlGetVersion(thread: Thread, lpVersionInformation: PVOID) -> NTSTATUS:
    memory = thread.process.memory
    size = memory.read_u32(lpVersionInformation)
    memory.fill(lpVersionInformation + 4, 272)
    memory.write(lpVersionInformation + 4, struct.pack("<IIII", 10, 0, _BUILD, 2))
    if size >= 284:
        memory.write(lpVersionInformation + 276, struct.pack("<HHHBB", 0, 0, 0x100, 1, 0))
    return st.STATUS_SUCCESS


@ntdll.export("environment")
def VerSetConditionMask(
    thread: Thread, ConditionMask: ULONGLONG, TypeMask: DWORD, Condition: BYTE
) -> ULONGLONG:
    for bit in range(8):
        if TypeMask >> bit & 1:
            ConditionMask |= (Condition & 7) << 3 * bit
            break
    return ConditionMask | 1 << 63


@ntdll.export("time")
def RtlQueryPerformanceCounter(thread: Thread, PerformanceCounter: Out[ULONGLONG]) -> ULONG:
    PerformanceCounter.set(thread.process.machine.clock.ticks())
    return 1


@ntdll.export("time")
def RtlQueryPerformanceFrequency(thread: Thread, PerformanceFrequency: Out[ULONGLONG]) -> ULONG:
    PerformanceFrequency.set(10_000_000)
    return 1


@ntdll.export("time")
def RtlGetSystemTimePrecise(thread: Thread) -> ULONGLONG:
    return thread.process.machine.clock.now()


@ntdll.export("environment")
def NtQuerySystemInformation(
    thread: Thread, SystemInformationClass: DWORD, SystemInformation: PVOID, SystemInformationLength: ULONG,
    ReturnLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    if SystemInformationClass == 88:
        ReturnLength.put(24)
        return _process_id_information(thread, SystemInformation, SystemInformationLength)
    data = _system_information(thread.process, SystemInformationClass)
    ReturnLength.put(len(data))
    if SystemInformationLength < len(data):
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    thread.process.memory.write(SystemInformation, data)
    return st.STATUS_SUCCESS


def _process_id_information(thread: Thread, address: int, length: int) -> int:
    """SystemProcessIdInformation: the NT path of a process's image, into the UNICODE_STRING's buffer."""
    if length < 24:
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    machine, memory = thread.process.machine, thread.process.memory
    process = machine.processes.get(memory.read_u64(address))
    if process is None:
        raise NtError(st.STATUS_INVALID_CID)
    data = machine.nt_device_path(process.image_path).encode("utf-16-le", "surrogatepass")
    room, buffer = memory.read_u16(address + 10), memory.read_u64(address + 16)
    memory.write_u16(address + 10, len(data) + 2)
    if room < len(data) + 2:
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    memory.write(buffer, data + b"\0\0")
    memory.write_u16(address + 8, len(data))
    return st.STATUS_SUCCESS


def _system_information(process: Process, information_class: int) -> bytes:
    machine = process.machine
    count = machine.processor.count
    match information_class:
        case 0:  # SystemBasicInformation
            pages = machine.physical.limit // 0x1000
            return struct.pack(
                "<IIIIIIIxxxxQQQB7x", 0, 156250, 0x1000, pages, 1, pages, 0x10000, 0x10000, process.memory.highest,
                machine.processor_mask, count,
            )  # fmt: skip
        case 1:  # SystemProcessorInformation
            return struct.pack("<HHHHI", 9, machine.processor.family, machine.processor.revision, count, 0)
        case 3:  # SystemTimeOfDayInformation
            clock = machine.clock
            return struct.pack("<qqqIIQQ", clock.boot, clock.now(), 0, 0, 0, 0, 0)
        case 8:  # SystemProcessorPerformanceInformation
            user = sum(item.times()[1] for item in machine.processes.values())
            idle = max(machine.clock.ticks() - user, 0)
            return struct.pack("<qqqqqI4x", idle, idle, user, 0, 0, 0) * count
        case 5:  # SystemProcessInformation
            return _processes(process)
        case 35:  # SystemKernelDebuggerInformation
            return b"\0\1"
        case 103:  # SystemCodeIntegrityInformation
            return struct.pack("<II", 8, 1)
    raise NtError(st.STATUS_INVALID_INFO_CLASS)


def _thread_record(thread: Thread) -> bytes:
    """SYSTEM_THREAD_INFORMATION: state 5 is waiting, 2 running."""
    state = 5 if thread.wait else 2
    return struct.pack(
        "<qqqI4xQQQiiIII4x", 0, 0, thread.create_time, 0, thread.start, thread.process.pid, thread.id, 8, 8, 0, state, 0
    )


def _processes(caller: Process) -> bytes:
    """SYSTEM_PROCESS_INFORMATION of every process with SYSTEM_THREAD_INFORMATION of its threads (64-bit)."""
    parts: list[bytes] = []
    processes = list(caller.machine.processes.values())
    for index, process in enumerate(processes):
        threads = b"".join(_thread_record(item) for item in process.threads.values())
        size = 0x100 + len(threads)
        following = 0 if index == len(processes) - 1 else size
        committed = process.memory.committed
        head = struct.pack(
            "<IIqIIQqqqHH4xQi4xQQIIQ", following, len(process.threads), 0, 0, 0, 0, process.create_time,
            process.times()[1], 0, 0, 0, 0, process.priority, process.pid, process.parent_pid, len(process.handles), 1,
            0,
        )  # fmt: skip
        counters = struct.pack("<QQIIQQQQQQQQ", committed, committed, 0, 0, committed, committed, 0, 0, 0, 0, committed,
                               committed)  # fmt: skip
        parts.append((head + counters).ljust(0x100, b"\0") + threads)
    return b"".join(parts)


@ntdll.export("environment")
def NtSetSystemInformation(
    thread: Thread, SystemInformationClass: DWORD, SystemInformation: PVOID, SystemInformationLength: ULONG
) -> NTSTATUS:
    """Every class that can be set needs a privilege that the user does not have."""
    raise NtError(st.STATUS_PRIVILEGE_NOT_HELD)


@ntdll.export("environment")
def NtAllocateLocallyUniqueId(thread: Thread, Luid: Out[ULONGLONG]) -> NTSTATUS:
    Luid.set(thread.process.machine.new_luid())
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtFlushProcessWriteBuffers(thread: Thread) -> NTSTATUS:
    """Threads of a process run one at a time: every store is visible already."""
    # The threads of a process take turns on one processor: no write of one is ever late for another.
    return st.STATUS_SUCCESS


@ntdll.export("environment")
def NtQueryDefaultLocale(thread: Thread, UserProfile: DWORD, DefaultLocaleId: Out[DWORD]) -> NTSTATUS:
    DefaultLocaleId.set(0x409)
    return st.STATUS_SUCCESS
