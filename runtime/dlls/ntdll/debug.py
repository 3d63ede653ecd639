"""Debug objects: NtCreateDebugObject, NtWaitForDebugEvent, NtDebugContinue, and the DbgUi functions on top of them."""

from __future__ import annotations

import struct

from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.ntdll.sync import timeout_of
from runtime.dlls.types import (
    ACCESS_MASK,
    BOOLEAN,
    HANDLE,
    LARGE_INTEGER,
    NTSTATUS,
    PVOID,
    ULONG,
    In,
    Out,
)
from runtime.nt import status as st
from runtime.nt.debug_object import (
    DEBUG_ALL_ACCESS,
    DEBUG_PROCESS_ASSIGN,
    DEBUG_READ_EVENT,
    DEBUG_SET_INFORMATION,
    DebugEvent,
    DebugObject,
    EventKind,
)
from runtime.nt.file_flags import FILE_READ_DATA, FILE_SHARE_READ
from runtime.nt.io import open_path
from runtime.nt.process import Process
from runtime.nt.reference import get_object, give_handle, read_attributes
from runtime.nt.status import NtError
from runtime.nt.thread import Thread
from runtime.nt.wait import wait_for

_KILL_ON_CLOSE = 1
_DEBUG_SS_RESERVED = 0x16A0
"""TEB.DbgSsReserved: a debugging thread keeps the handle of its debug object in the second entry."""
_PROCESS_SUSPEND_RESUME = 0x0800
_FULL_DLL_NAME_BUFFER = 0x50
"""FullDllName.Buffer in a LDR_DATA_TABLE_ENTRY."""
_STATE_SIZE = 0xB8
"""DBGUI_WAIT_STATE_CHANGE, 64-bit."""


def debugger_handle(thread: Thread) -> int:
    """The handle of the debug object that the thread debugs with; 0 before it debugs anything."""
    return thread.process.memory.read_u64(thread.teb + _DEBUG_SS_RESERVED + 8)


def connect_debugger(thread: Thread) -> DebugObject:
    """The debug object of a thread, made when it has none (DbgUiConnectToDbg). Raises NtError."""
    handle = debugger_handle(thread)
    if not handle:
        handle = thread.process.handles.open(DebugObject(kill_on_close=True), DEBUG_ALL_ACCESS)
        thread.process.memory.write_u64(thread.teb + _DEBUG_SS_RESERVED + 8, handle)
    return get_object(thread, handle, DebugObject)


def issue_breakin(process: Process) -> Thread:
    """Start a thread in the process that runs into a breakpoint. Raises NtError."""
    if process.ended or process.terminating:
        raise NtError(st.STATUS_PROCESS_IS_TERMINATING)
    return process.create_thread(process.loader.dispatcher("DbgUiRemoteBreakin"), 0)


def debug_process(thread: Thread, process: Process, debugger: DebugObject) -> None:
    """NtDebugActiveProcess. Raises NtError."""
    if process is thread.process:
        raise NtError(st.STATUS_ACCESS_DENIED)
    debugger.attach(process)


def stop_debugging(process: Process, debugger: DebugObject) -> None:
    """NtRemoveProcessDebug. Raises NtError(STATUS_PORT_NOT_SET)."""
    if process.debug_port is not debugger:
        raise NtError(st.STATUS_PORT_NOT_SET)
    debugger.detach(process)


async def next_event(thread: Thread, debugger: DebugObject, alertable: bool, timeout: int | None) -> DebugEvent | int:
    """Wait for an event and take it; else what ended the wait: STATUS_TIMEOUT, STATUS_USER_APC, STATUS_ALERTED."""
    while True:
        status = await wait_for(thread, [debugger], alertable=alertable, timeout=timeout)
        if status != st.STATUS_WAIT_0:
            return status
        event = debugger.take()
        if event is not None:
            return event


def module_file(thread: Thread, event: DebugEvent) -> int:
    """A handle in the debugger to the file of the event's module; 0 where there is none (our own DLLs)."""
    if event.module is None:
        return 0
    try:
        file = open_path(thread.process, "\\??\\" + event.module.path, FILE_READ_DATA, FILE_SHARE_READ | 4)
    except NtError:
        return 0
    return thread.process.handles.insert(file, file.granted)


def name_pointer(event: DebugEvent) -> int:
    """Where the process keeps the address of the module's name; 0 for a module that is gone already."""
    module = event.module
    if module is None or module.entry_address == 0:
        return 0
    return module.entry_address + _FULL_DLL_NAME_BUFFER


def thread_handle(thread: Thread, event: DebugEvent) -> int:
    """A handle to the event's thread, in the debugger."""
    return thread.process.handles.open(event.thread, Thread.object_type.all)


def process_handle(thread: Thread, event: DebugEvent) -> int:
    """A handle to the event's process, in the debugger."""
    return thread.process.handles.open(event.process, Process.object_type.all)


def _state_information(thread: Thread, event: DebugEvent) -> bytes:
    """The union of a DBGUI_WAIT_STATE_CHANGE; opens the handles that it carries."""
    match event.kind:
        case EventKind.CREATE_THREAD:
            return struct.pack("<QI4xQ", thread_handle(thread, event), 0, event.thread.start)
        case EventKind.CREATE_PROCESS:
            module = event.module
            return struct.pack(
                "<QQI4xQQIII4xQ", process_handle(thread, event), thread_handle(thread, event), 0,
                module_file(thread, event), module.base if module is not None else 0, 0, 0, 0, event.thread.start,
            )  # fmt: skip
        case EventKind.EXIT_THREAD | EventKind.EXIT_PROCESS:
            return struct.pack("<I", event.exit_status)
        case EventKind.LOAD_DLL:
            return struct.pack("<QQIIQ", module_file(thread, event), event.base, 0, 0, name_pointer(event))
        case EventKind.UNLOAD_DLL:
            return struct.pack("<Q", event.base)
    return event.record + struct.pack("<I", event.first_chance)


@ntdll.export("process")
def NtCreateDebugObject(
    thread: Thread, DebugObjectHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID, Flags: ULONG
) -> NTSTATUS:
    if Flags & ~_KILL_ON_CLOSE:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    attributes = read_attributes(thread, ObjectAttributes)
    debugger = DebugObject(kill_on_close=bool(Flags & _KILL_ON_CLOSE))
    give_handle(thread, DebugObjectHandle, debugger, DesiredAccess, inherit=attributes.inherit)
    return st.STATUS_SUCCESS


@ntdll.export("process")
def NtDebugActiveProcess(thread: Thread, ProcessHandle: HANDLE, DebugObjectHandle: HANDLE) -> NTSTATUS:
    process = get_object(thread, ProcessHandle, Process, _PROCESS_SUSPEND_RESUME)
    debug_process(thread, process, get_object(thread, DebugObjectHandle, DebugObject, DEBUG_PROCESS_ASSIGN))
    return st.STATUS_SUCCESS


@ntdll.export("process")
def NtRemoveProcessDebug(thread: Thread, ProcessHandle: HANDLE, DebugObjectHandle: HANDLE) -> NTSTATUS:
    process = get_object(thread, ProcessHandle, Process, _PROCESS_SUSPEND_RESUME)
    stop_debugging(process, get_object(thread, DebugObjectHandle, DebugObject, DEBUG_PROCESS_ASSIGN))
    return st.STATUS_SUCCESS


@ntdll.export("process")
async def NtWaitForDebugEvent(
    thread: Thread, DebugObjectHandle: HANDLE, Alertable: BOOLEAN, Timeout: In[LARGE_INTEGER], WaitStateChange: PVOID
) -> NTSTATUS:
    debugger = get_object(thread, DebugObjectHandle, DebugObject, DEBUG_READ_EVENT)
    event = await next_event(thread, debugger, bool(Alertable & 0xFF), timeout_of(Timeout))
    if isinstance(event, int):
        return event
    client = struct.pack("<I4xQQ", event.kind, event.process.pid, event.thread.id)
    state = client + _state_information(thread, event)
    thread.process.memory.write(WaitStateChange, state.ljust(_STATE_SIZE, b"\0"))
    return st.STATUS_SUCCESS


@ntdll.export("process")
def NtDebugContinue(thread: Thread, DebugObjectHandle: HANDLE, ClientId: PVOID, ContinueStatus: NTSTATUS) -> NTSTATUS:
    debugger = get_object(thread, DebugObjectHandle, DebugObject, DEBUG_READ_EVENT)
    pid, tid = struct.unpack("<QQ", thread.process.memory.read(ClientId, 16))
    debugger.proceed(pid, tid, ContinueStatus & 0xFFFFFFFF)
    return st.STATUS_SUCCESS


@ntdll.export("process")
def NtSetInformationDebugObject(
    thread: Thread, DebugObjectHandle: HANDLE, DebugObjectInformationClass: ULONG, DebugInformation: PVOID,
    DebugInformationLength: ULONG, ReturnLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    debugger = get_object(thread, DebugObjectHandle, DebugObject, DEBUG_SET_INFORMATION)
    if DebugObjectInformationClass != 1:  # DebugObjectKillProcessOnExitInformation
        raise NtError(st.STATUS_INVALID_PARAMETER)
    if DebugInformationLength != 4:
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    debugger.kill_on_close = bool(thread.process.memory.read_u32(DebugInformation) & _KILL_ON_CLOSE)
    ReturnLength.put(0)
    return st.STATUS_SUCCESS


@ntdll.export("process")
def DbgUiConnectToDbg(thread: Thread) -> NTSTATUS:
    connect_debugger(thread)
    return st.STATUS_SUCCESS


@ntdll.export("process")
def DbgUiGetThreadDebugObject(thread: Thread) -> HANDLE:
    return debugger_handle(thread)


@ntdll.export("process")
def DbgUiSetThreadDebugObject(thread: Thread, DebugObject: HANDLE) -> None:
    thread.process.memory.write_u64(thread.teb + _DEBUG_SS_RESERVED + 8, DebugObject)


@ntdll.export("process")
def DbgUiIssueRemoteBreakin(thread: Thread, Process: HANDLE) -> NTSTATUS:
    issue_breakin(_process(thread, Process, 0x002A))
    return st.STATUS_SUCCESS


@ntdll.export("process")
def DbgUiDebugActiveProcess(thread: Thread, Process: HANDLE) -> NTSTATUS:
    """Attach with the thread's debug object and break in."""
    process = _process(thread, Process, _PROCESS_SUSPEND_RESUME)
    debugger = get_object(thread, debugger_handle(thread), DebugObject, DEBUG_PROCESS_ASSIGN)
    debug_process(thread, process, debugger)
    issue_breakin(process)
    return st.STATUS_SUCCESS


@ntdll.export("process")
def DbgUiStopDebugging(thread: Thread, Process: HANDLE) -> NTSTATUS:
    process = _process(thread, Process, _PROCESS_SUSPEND_RESUME)
    stop_debugging(process, get_object(thread, debugger_handle(thread), DebugObject, DEBUG_PROCESS_ASSIGN))
    return st.STATUS_SUCCESS


@ntdll.export("process")
async def DbgUiWaitStateChange(thread: Thread, StateChange: PVOID, Timeout: In[LARGE_INTEGER]) -> NTSTATUS:
    return await NtWaitForDebugEvent(thread, debugger_handle(thread), 1, Timeout, StateChange)


@ntdll.export("process")
def DbgUiContinue(thread: Thread, AppClientId: PVOID, ContinueStatus: NTSTATUS) -> NTSTATUS:
    return NtDebugContinue(thread, debugger_handle(thread), AppClientId, ContinueStatus)


def _process(thread: Thread, handle: int, access: int) -> Process:
    return get_object(thread, handle, Process, access)
