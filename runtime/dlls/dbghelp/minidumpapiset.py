"""minidumpapiset.h: MiniDumpWriteDump, with user streams and the callbacks that choose threads, modules and memory.

Its structures are packed to four bytes. Not asked of a callback: thread, VM region, I/O and kernel callbacks, which
change nothing of a user-mode dump that is written to a file handle.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

import trio

from runtime.dlls.dbghelp.dll import dbghelp
from runtime.dlls.types import BOOL, DWORD, HANDLE, LPVOID, ULONG
from runtime.memory.constants import MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_READWRITE
from runtime.nt import context as ctx
from runtime.nt.exception import RECORD_SIZE
from runtime.nt.io import get_writable_file, write_file
from runtime.nt.minidump import DumpType, Selection, dump_parts
from runtime.nt.minidump.write import resume_threads, suspend_threads
from runtime.nt.park import leave_engine
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.status import ERROR_CANCELLED, NtError, Win32Error, is_error
from runtime.nt.thread import Thread
from runtime.nt.wait import wait_for

_HRESULT = 0x80070000
_E_INVALIDARG = 0x80070057
_ACCESS = 0x0410
"""PROCESS_QUERY_INFORMATION and PROCESS_VM_READ."""
_SCRATCH = 1 << 20
_MODULE_WRITE_MODULE = 1
_MODULE_WRITE_ALL = 0x7F
_THREAD_WRITE_THREAD = 1
_THREAD_WRITE_STACK = 2
_THREAD_WRITE_ALL = 0x7F
_MOST_STREAMS = 1024
_MOST_STREAM_BYTES = 1 << 28
_MOST_MEMORY = 1024
_INPUT, _OUTPUT, _PATH = 0, 0x800, 0x1000
"""Where things lie in the scratch memory while callbacks run."""


class CallbackType(IntEnum):
    """MINIDUMP_CALLBACK_TYPE, as far as it is used."""

    MODULE = 0
    INCLUDE_THREAD = 3
    INCLUDE_MODULE = 4
    MEMORY = 5
    CANCEL = 6


@dataclass
class _Callback:
    """The program's callback routine."""

    thread: Thread
    process: Process
    handle: int
    routine: int
    parameter: int
    scratch: int

    async def __call__(self, kind: CallbackType, data: bytes, output: bytes = b"") -> tuple[bool, bytes]:
        """Call it with its input and the output as it is; return what it returns, and the output."""
        memory = self.thread.process.memory
        head = struct.pack("<IQI", self.process.pid, self.handle & 0xFFFF_FFFF_FFFF_FFFF, kind)
        memory.write(self.scratch + _INPUT, head + data)
        memory.write(self.scratch + _OUTPUT, output.ljust(64, b"\0"))
        result = await self.thread.call(self.routine, self.parameter, self.scratch + _INPUT, self.scratch + _OUTPUT)
        return bool(result & 0xFFFFFFFF), memory.read(self.scratch + _OUTPUT, 64)


@dbghelp.export(category="exception")
async def MiniDumpWriteDump(
    thread: Thread,
    hProcess: HANDLE,
    ProcessId: DWORD,
    hFile: HANDLE,
    DumpType: ULONG,
    ExceptionParam: LPVOID,
    UserStreamParam: LPVOID,
    CallbackParam: LPVOID,
) -> BOOL:
    """Write a minidump of a process to a file. The last error is an HRESULT."""
    try:
        await _write_dump(thread, hProcess, hFile, DumpType, ExceptionParam, UserStreamParam, CallbackParam)
    except NtError as error:
        raise Win32Error(_HRESULT | error.error & 0xFFFF) from None
    return 1


async def _write_dump(
    thread: Thread, handle: int, file: int, kind: int, exception: int, streams: int, callback: int
) -> None:
    if kind & ~DumpType.VALID:
        raise Win32Error(_E_INVALIDARG)
    process = get_object(thread, handle, Process, _ACCESS)
    get_writable_file(thread, file)
    selection = Selection(DumpType(kind), held=1)
    if exception:
        selection.exception = _exception(thread, process, exception)
    if streams:
        selection.streams = _user_streams(thread, streams)
    memory = thread.process.memory
    suspended = suspend_threads(process, but=thread)
    scratch = 0
    try:
        scratch = memory.allocate(0, _SCRATCH, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, name="minidump")
        asked = None
        if callback and memory.read_u64(callback):
            routine, parameter = struct.unpack("<QQ", memory.read(callback, 16))
            asked = _Callback(thread, process, handle, routine, parameter, scratch)
            await _ask(asked, selection)
        await leave_engine()
        if process is not thread.process:
            await _stopped(process)
        await _write(thread, process, selection, file, scratch, asked)
    finally:
        if scratch:
            memory.free(scratch, 0, MEM_RELEASE)
        resume_threads(suspended)


async def _stopped(process: Process) -> None:
    """Wait until the processor has let go of a process whose threads are suspended; it tells nobody when it does."""
    while process.scheduler.current is not None:  # noqa: ASYNC110
        await trio.sleep(0.001)


def _exception(thread: Thread, process: Process, address: int) -> tuple[int, bytes, bytes]:
    """Read a MINIDUMP_EXCEPTION_INFORMATION: ThreadId, ExceptionPointers, ClientPointers."""
    memory = thread.process.memory
    number, pointers, client = struct.unpack("<IQI", memory.read(address, 16))
    space = process.memory if client else memory
    record, context = struct.unpack("<QQ", space.read(pointers, 16))
    return number, space.read(record, RECORD_SIZE), space.read(context, ctx.SIZE)


def _user_streams(thread: Thread, address: int) -> list[tuple[int, bytes]]:
    """Read a MINIDUMP_USER_STREAM_INFORMATION."""
    memory = thread.process.memory
    count, place = struct.unpack("<IQ", memory.read(address, 12))
    if count > _MOST_STREAMS:
        raise Win32Error(_E_INVALIDARG)
    found = []
    room = _MOST_STREAM_BYTES
    for number in range(count):
        kind, size, buffer = struct.unpack("<IIQ", memory.read(place + 16 * number, 16))
        room -= size
        if room < 0:
            raise Win32Error(_E_INVALIDARG)
        found.append((kind, memory.read(buffer, size)))
    return found


async def _ask(callback: _Callback, selection: Selection) -> None:
    """Ask the program which threads, modules and more memory are to be in the dump."""
    process = callback.process
    flags = struct.pack("<I", _THREAD_WRITE_ALL)
    for number in sorted(process.threads):
        kept, output = await callback(CallbackType.INCLUDE_THREAD, struct.pack("<I", number), flags)
        wanted = int.from_bytes(output[:4], "little") if kept else 0
        if not wanted & _THREAD_WRITE_THREAD:
            selection.without.add(number)
        elif not wanted & _THREAD_WRITE_STACK:
            selection.stackless.add(number)
    flags = struct.pack("<I", _MODULE_WRITE_ALL)
    for module in tuple(process.modules):
        kept, output = await callback(CallbackType.INCLUDE_MODULE, struct.pack("<Q", module.base), flags)
        if kept and int.from_bytes(output[:4], "little") & _MODULE_WRITE_MODULE:
            path = callback.scratch + _PATH
            callback.thread.process.memory.write_wstr(path, module.path)
            checksum = module.image.checksum if module.image is not None else 0
            stamp = module.timestamp & 0xFFFFFFFF
            data = struct.pack("<QQ3I", path, module.base, module.size, checksum, stamp)
            kept, output = await callback(CallbackType.MODULE, data + bytes(76), output[:4])
        if not kept or not int.from_bytes(output[:4], "little") & _MODULE_WRITE_MODULE:
            selection.modules.add(module.base)
    for _ in range(_MOST_MEMORY):
        more, output = await callback(CallbackType.MEMORY, b"")
        base, size = struct.unpack_from("<QI", output)
        if not more or not size:
            break
        selection.memory.append((base, base + size))
    await _check_cancel(callback)


async def _check_cancel(callback: _Callback) -> bool:
    """Ask whether to go on; return whether to ask again. Raises Win32Error when the program cancels."""
    known, output = await callback(CallbackType.CANCEL, b"")
    again, cancelled = struct.unpack_from("<II", output)
    if known and cancelled:
        raise Win32Error(_HRESULT | ERROR_CANCELLED)
    return bool(known and again)


async def _write(
    thread: Thread, process: Process, selection: Selection, handle: int, scratch: int, callback: _Callback | None
) -> None:
    """Write the parts of a dump through the program's file handle; the lock is given away between them."""
    asking = callback is not None
    position = 0
    for part in dump_parts(process, selection):
        data = part if isinstance(part, bytes) else b""
        size = len(data) or int(part)
        for start in range(0, size, _SCRATCH):
            length = min(_SCRATCH, size - start)
            if callback is not None and asking:
                asking = await _check_cancel(callback)
                await leave_engine()
            thread.process.memory.write(scratch, data[start : start + length] if data else bytes(length))
            file = get_writable_file(thread, handle)
            offset = None if file.synchronous else position
            request = await write_file(thread, handle, scratch, length, offset)
            if not request.done:
                await wait_for(thread, [request])
            if is_error(request.status):
                raise NtError(request.status)
            position += length
            await trio.lowlevel.checkpoint()
        if process.ended or process.terminating:
            return
