"""debugapi.h: debugging other processes, and what a process can ask and tell its debugger."""

from __future__ import annotations

import struct

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.ntdll.debug import (
    connect_debugger,
    debug_process,
    debugger_handle,
    issue_breakin,
    module_file,
    name_pointer,
    next_event,
    process_handle,
    stop_debugging,
    thread_handle,
)
from runtime.dlls.types import BOOL, DWORD, HANDLE, LPCWSTR, PVOID, Out
from runtime.memory.constants import MEM_COMMIT, MEM_RESERVE, PAGE_READWRITE
from runtime.nt import status as st
from runtime.nt.debug_object import CONTINUE_STATUSES, DebugEvent, DebugObject, EventKind
from runtime.nt.exception import pack_record, unpack_record
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

_INFINITE = 0xFFFFFFFF
_EVENT_SIZE = 0xB0
"""DEBUG_EVENT, 64-bit."""
_EXCEPTION, _CREATE_THREAD, _CREATE_PROCESS, _EXIT_THREAD, _EXIT_PROCESS, _LOAD_DLL, _UNLOAD_DLL, _STRING, _RIP = range(
    1, 10
)


@kernel32.export("exception")
def CheckRemoteDebuggerPresent(thread: Thread, hProcess: HANDLE, pbDebuggerPresent: Out[BOOL]) -> BOOL:
    process = get_object(thread, hProcess, Process, 0x0400)
    if not pbDebuggerPresent:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    pbDebuggerPresent.set(process.debug_port is not None)
    return 1


@kernel32.export("exception")
def OutputDebugStringW(thread: Thread, lpOutputString: LPCWSTR) -> None:
    """The text goes to the trace, and to the debugger where there is one: in its own form and in the ANSI code page."""
    text = lpOutputString or ""
    _to_debugger(thread, text, text.encode("utf-16-le", "surrogatepass") + b"\0\0")


@kernel32.export("exception")
def OutputDebugStringA(thread: Thread, lpOutputString: PVOID) -> None:
    text = thread.process.memory.read_str(lpOutputString) if lpOutputString else b""
    _to_debugger(thread, thread.process.decode_ansi(text), b"")


def _to_debugger(thread: Thread, text: str, wide: bytes) -> None:
    process, memory = thread.process, thread.process.memory
    process.machine.trace.output(process.pid, thread.id, "debug", text.encode("utf-8", "replace"))
    port = process.debug_port
    if port is None:
        return
    narrow = process.encode_ansi(text) + b"\0"
    place = memory.allocate(0, len(wide) + len(narrow), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)
    memory.write(place, wide + narrow)
    information: tuple[int, ...] = (len(narrow), place + len(wide))
    if wide:
        information = (len(wide) // 2, place, *information)
    code = st.DBG_PRINTEXCEPTION_WIDE_C if wide else st.DBG_PRINTEXCEPTION_C
    record = pack_record(code, 0, thread.context.rip, information)

    def free() -> None:
        memory.free(place, 0, 0x8000)

    if not port.text(thread, record, free):
        free()


def _exception(event: DebugEvent, wide: bool) -> tuple[int, bytes]:
    """Event code and union of an exception, which may be a text or a RIP."""
    code, _, _, information = unpack_record(event.record)
    if code == st.DBG_PRINTEXCEPTION_C and len(information) >= 2:
        return _STRING, struct.pack("<QHH", information[1], 0, information[0] & 0xFFFF)
    if code == st.DBG_PRINTEXCEPTION_WIDE_C and len(information) >= 4:
        if wide:
            return _STRING, struct.pack("<QHH", information[1], 1, information[0] & 0xFFFF)
        return _STRING, struct.pack("<QHH", information[3], 0, information[2] & 0xFFFF)
    if code == st.DBG_RIPEXCEPTION and len(information) >= 2:
        return _RIP, struct.pack("<II", information[1] & 0xFFFFFFFF, information[0] & 0xFFFFFFFF)
    return _EXCEPTION, event.record + struct.pack("<I", event.first_chance)


def _event(thread: Thread, debugger: DebugObject, event: DebugEvent, wide: bool) -> tuple[int, bytes]:
    """Event code and union of a DEBUG_EVENT; opens the handles that it carries."""
    target, module = event.thread, event.module
    match event.kind:
        case EventKind.CREATE_THREAD:
            handle = thread_handle(thread, event)
            debugger.given.setdefault(target.id, []).append(handle)
            return _CREATE_THREAD, struct.pack("<QQQ", handle, target.teb, target.start)
        case EventKind.CREATE_PROCESS:
            process, handle = process_handle(thread, event), thread_handle(thread, event)
            debugger.given.setdefault(target.id, []).append(handle)
            debugger.given.setdefault(event.process.pid, []).append(process)
            base = module.base if module is not None else 0
            return _CREATE_PROCESS, struct.pack(
                "<QQQQIIQQQH", module_file(thread, event), process, handle, base, 0, 0, target.teb, target.start,
                name_pointer(event), 1,
            )  # fmt: skip
        case EventKind.EXIT_THREAD:
            return _EXIT_THREAD, struct.pack("<I", event.exit_status)
        case EventKind.EXIT_PROCESS:
            return _EXIT_PROCESS, struct.pack("<I", event.exit_status)
        case EventKind.LOAD_DLL:
            return _LOAD_DLL, struct.pack(
                "<QQIIQH", module_file(thread, event), event.base, 0, 0, name_pointer(event), 1
            )
        case EventKind.UNLOAD_DLL:
            return _UNLOAD_DLL, struct.pack("<Q", event.base)
    return _exception(event, wide)


async def _wait(thread: Thread, target: int, milliseconds: int, *, wide: bool) -> int:
    debugger = get_object(thread, debugger_handle(thread), DebugObject)
    timeout = None if milliseconds == _INFINITE else -10_000 * milliseconds
    event = await next_event(thread, debugger, False, timeout)
    if isinstance(event, int):
        raise Win32Error(st.ERROR_SEM_TIMEOUT)
    code, information = _event(thread, debugger, event, wide)
    data = struct.pack("<III4x", code, event.process.pid, event.thread.id) + information
    thread.process.memory.write(target, data.ljust(_EVENT_SIZE, b"\0"))
    return 1


@kernel32.export("process")
async def WaitForDebugEvent(thread: Thread, lpDebugEvent: PVOID, dwMilliseconds: DWORD) -> BOOL:
    return await _wait(thread, lpDebugEvent, dwMilliseconds, wide=False)


@kernel32.export("process")
async def WaitForDebugEventEx(thread: Thread, lpDebugEvent: PVOID, dwMilliseconds: DWORD) -> BOOL:
    """As WaitForDebugEvent, but texts of OutputDebugStringW stay Unicode."""
    return await _wait(thread, lpDebugEvent, dwMilliseconds, wide=True)


@kernel32.export("process")
def ContinueDebugEvent(thread: Thread, dwProcessId: DWORD, dwThreadId: DWORD, dwContinueStatus: DWORD) -> BOOL:
    if dwContinueStatus not in CONTINUE_STATUSES:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    debugger = get_object(thread, debugger_handle(thread), DebugObject)
    event = debugger.proceed(dwProcessId, dwThreadId, dwContinueStatus)
    handles = thread.process.handles
    if not event.delivered:
        return 1  # replied to later
    done = debugger.given.pop(dwThreadId, []) if event.kind in (EventKind.EXIT_THREAD, EventKind.EXIT_PROCESS) else []
    if event.kind is EventKind.EXIT_PROCESS:
        done += debugger.given.pop(dwProcessId, [])
    for handle in done:
        try:
            handles.close(handle)
        except NtError:
            continue  # the debugger has closed it itself
    return 1


def _by_pid(thread: Thread, pid: int) -> Process:
    process = thread.process.machine.processes.get(pid & ~3)
    if process is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return process


@kernel32.export("process")
def DebugActiveProcess(thread: Thread, dwProcessId: DWORD) -> BOOL:
    process = _by_pid(thread, dwProcessId)
    debug_process(thread, process, connect_debugger(thread))
    issue_breakin(process)
    return 1


@kernel32.export("process")
def DebugActiveProcessStop(thread: Thread, dwProcessId: DWORD) -> BOOL:
    process = _by_pid(thread, dwProcessId)
    try:
        stop_debugging(process, get_object(thread, debugger_handle(thread), DebugObject))
    except NtError:
        raise Win32Error(st.ERROR_ACCESS_DENIED) from None
    return 1


@kernel32.export("process")
def DebugSetProcessKillOnExit(thread: Thread, KillOnExit: BOOL) -> BOOL:
    get_object(thread, debugger_handle(thread), DebugObject).kill_on_close = bool(KillOnExit)
    return 1


@kernel32.export("process")
def DebugBreakProcess(thread: Thread, Process: HANDLE) -> BOOL:
    issue_breakin(_process(thread, Process))
    return 1


def _process(thread: Thread, handle: int) -> Process:
    return get_object(thread, handle, Process, 0x002A)
