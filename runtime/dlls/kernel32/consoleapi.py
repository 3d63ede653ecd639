"""consoleapi.h: modes, code pages, reading and writing, input events, control handlers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.file_support import CONSOLE, file_of
from runtime.dlls.process_state import process_state
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    LPVOID,
    PVOID,
    UINT,
    InBytes,
    Out,
    OutBytes,
)
from runtime.memory.faults import MemoryFault
from runtime.nt import console_keys as keys
from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.console import Console, InputInterrupted, codec_of
from runtime.nt.console_control import CTRL_BREAK_EVENT, CTRL_C_EVENT, send_control_event
from runtime.nt.console_file import ConsoleFile, ConsoleInputFile, ConsoleOutputFile
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

ATTACH_PARENT_PROCESS = 0xFFFFFFFF
_MAXIMUM_TRANSFER = 1 << 24


def console_of(thread: Thread) -> Console:
    """Return the console of the calling process. Raises NtError STATUS_INVALID_HANDLE."""
    console = thread.process.console
    if console is None:
        raise NtError(st.STATUS_INVALID_HANDLE)
    return console


def console_file(thread: Thread, handle: int, access: int = 0) -> ConsoleFile:
    """Return the console file behind a handle. Raises NtError: STATUS_INVALID_HANDLE for anything else."""
    try:
        file = file_of(thread, handle)
    except NtError:
        raise NtError(st.STATUS_INVALID_HANDLE) from None
    if not isinstance(file, ConsoleFile):
        raise NtError(st.STATUS_INVALID_HANDLE)
    if access & ~file.granted:
        raise NtError(st.STATUS_ACCESS_DENIED)
    return file


def output_console(thread: Thread, handle: int) -> Console:
    """Return the console a handle writes to. Raises NtError."""
    file = console_file(thread, handle)
    if not isinstance(file, ConsoleOutputFile):
        raise NtError(st.STATUS_INVALID_HANDLE)
    return file.console


def input_console(thread: Thread, handle: int) -> Console:
    """Return the console a handle reads from. Raises NtError."""
    file = console_file(thread, handle, ff.FILE_READ_DATA)
    if not isinstance(file, ConsoleInputFile):
        raise NtError(st.STATUS_INVALID_HANDLE)
    return file.console


@kernel32.export(CONSOLE)
def GetConsoleMode(thread: Thread, hConsoleHandle: HANDLE, lpMode: Out[DWORD]) -> BOOL:
    """Return the input or output mode."""
    file = console_file(thread, hConsoleHandle)
    reading = isinstance(file, ConsoleInputFile)
    lpMode.set(file.console.input_mode if reading else file.console.output_mode)
    return True


@kernel32.export(CONSOLE)
def SetConsoleMode(thread: Thread, hConsoleHandle: HANDLE, dwMode: DWORD) -> BOOL:
    """Change the input or output mode."""
    file = console_file(thread, hConsoleHandle)
    if isinstance(file, ConsoleInputFile):
        file.console.set_input_mode(dwMode)
    else:
        file.console.set_output_mode(dwMode)
    return True


@kernel32.export(CONSOLE)
def GetConsoleCP(thread: Thread) -> UINT:
    """Return the input code page; 0 without a console."""
    return console_of(thread).input_code_page


@kernel32.export(CONSOLE)
def GetConsoleOutputCP(thread: Thread) -> UINT:
    """Return the output code page; 0 without a console."""
    return console_of(thread).output_code_page


@kernel32.export(CONSOLE)
def SetConsoleCP(thread: Thread, wCodePageID: UINT) -> BOOL:
    """Change the input code page."""
    console_of(thread).set_input_code_page(wCodePageID)
    return True


@kernel32.export(CONSOLE)
def SetConsoleOutputCP(thread: Thread, wCodePageID: UINT) -> BOOL:
    """Change the output code page."""
    console_of(thread).set_output_code_page(wCodePageID)
    return True


@kernel32.export(CONSOLE)
async def WriteConsoleW(
    thread: Thread,
    hConsoleOutput: HANDLE,
    lpBuffer: Annotated[PVOID, InBytes("nNumberOfCharsToWrite", unit=2)],
    nNumberOfCharsToWrite: DWORD,
    lpNumberOfCharsWritten: Out[DWORD],
    lpReserved: LPVOID,
) -> BOOL:
    """Write text."""
    console = output_console(thread, hConsoleOutput)
    data = thread.process.memory.read(lpBuffer, min(nNumberOfCharsToWrite, _MAXIMUM_TRANSFER) * 2)
    await console.write(data.decode("utf-16-le", "surrogatepass"))
    lpNumberOfCharsWritten.put(len(data) // 2)
    return True


@kernel32.export(CONSOLE)
async def WriteConsoleA(
    thread: Thread,
    hConsoleOutput: HANDLE,
    lpBuffer: Annotated[PVOID, InBytes("nNumberOfCharsToWrite")],
    nNumberOfCharsToWrite: DWORD,
    lpNumberOfCharsWritten: Out[DWORD],
    lpReserved: LPVOID,
) -> BOOL:
    """Write text in the output code page."""
    console = output_console(thread, hConsoleOutput)
    data = thread.process.memory.read(lpBuffer, min(nNumberOfCharsToWrite, _MAXIMUM_TRANSFER))
    await console.write(console.decode(data))
    lpNumberOfCharsWritten.put(len(data))
    return True


async def _typed(thread: Thread, console: Console, count: int) -> str:
    """Return text that was typed; nothing, with ERROR_OPERATION_ABORTED, when Ctrl-C broke the reading off."""
    try:
        return await console.input.read_text(count) if count else ""
    except InputInterrupted:
        thread.last_error = st.ERROR_OPERATION_ABORTED
        return ""


@kernel32.export(CONSOLE)
async def ReadConsoleW(
    thread: Thread,
    hConsoleInput: HANDLE,
    lpBuffer: Annotated[LPVOID, OutBytes("nNumberOfCharsToRead", actual="lpNumberOfCharsRead", unit=2)],
    nNumberOfCharsToRead: DWORD,
    lpNumberOfCharsRead: Out[DWORD],
    pInputControl: PVOID,
) -> BOOL:
    """Read a line, or what was typed when lines are off."""
    console = input_console(thread, hConsoleInput)
    data = (await _typed(thread, console, nNumberOfCharsToRead)).encode("utf-16-le", "surrogatepass")
    thread.process.memory.write(lpBuffer, data)
    lpNumberOfCharsRead.put(len(data) // 2)
    return True


@kernel32.export(CONSOLE)
async def ReadConsoleA(
    thread: Thread,
    hConsoleInput: HANDLE,
    lpBuffer: Annotated[LPVOID, OutBytes("nNumberOfCharsToRead", actual="lpNumberOfCharsRead")],
    nNumberOfCharsToRead: DWORD,
    lpNumberOfCharsRead: Out[DWORD],
    pInputControl: PVOID,
) -> BOOL:
    """Read a line in the input code page, or what was typed when lines are off."""
    console = input_console(thread, hConsoleInput)
    data = console.pending_bytes
    if not data and nNumberOfCharsToRead:
        text = await _typed(thread, console, nNumberOfCharsToRead)
        data = text.encode(codec_of(console.input_code_page), "replace")
    console.pending_bytes = data[nNumberOfCharsToRead:]
    thread.process.memory.write(lpBuffer, data[:nNumberOfCharsToRead])
    lpNumberOfCharsRead.put(min(len(data), nNumberOfCharsToRead))
    return True


# Input events


@kernel32.export(CONSOLE)
def GetNumberOfConsoleInputEvents(thread: Thread, hConsoleInput: HANDLE, lpNumberOfEvents: Out[DWORD]) -> BOOL:
    """Return how many input events wait to be read."""
    console = input_console(thread, hConsoleInput)
    console.input.poll_events()
    lpNumberOfEvents.set(len(console.input.events))
    return True


def _give_events(
    thread: Thread, console: Console, buffer: int, length: int, count: Out[int], *, wide: bool, remove: bool
) -> bool:
    events = console.input.events[:length]
    codec = codec_of(console.input_code_page)
    thread.process.memory.write(buffer, b"".join(event.pack(wide=wide, codec=codec) for event in events))
    count.set(len(events))
    if remove:
        del console.input.events[: len(events)]
    return True


@kernel32.export(CONSOLE)
async def ReadConsoleInputW(
    thread: Thread, hConsoleInput: HANDLE, lpBuffer: PVOID, nLength: DWORD, lpNumberOfEventsRead: Out[DWORD]
) -> BOOL:
    """Wait for input events and take them."""
    console = input_console(thread, hConsoleInput)
    await console.input.wait_events()
    return _give_events(thread, console, lpBuffer, nLength, lpNumberOfEventsRead, wide=True, remove=True)


@kernel32.export(CONSOLE)
async def ReadConsoleInputA(
    thread: Thread, hConsoleInput: HANDLE, lpBuffer: PVOID, nLength: DWORD, lpNumberOfEventsRead: Out[DWORD]
) -> BOOL:
    """Wait for input events and take them."""
    console = input_console(thread, hConsoleInput)
    await console.input.wait_events()
    return _give_events(thread, console, lpBuffer, nLength, lpNumberOfEventsRead, wide=False, remove=True)


@kernel32.export(CONSOLE)
def PeekConsoleInputW(
    thread: Thread, hConsoleInput: HANDLE, lpBuffer: PVOID, nLength: DWORD, lpNumberOfEventsRead: Out[DWORD]
) -> BOOL:
    """Look at input events without taking them."""
    console = input_console(thread, hConsoleInput)
    console.input.poll_events()
    return _give_events(thread, console, lpBuffer, nLength, lpNumberOfEventsRead, wide=True, remove=False)


@kernel32.export(CONSOLE)
def PeekConsoleInputA(
    thread: Thread, hConsoleInput: HANDLE, lpBuffer: PVOID, nLength: DWORD, lpNumberOfEventsRead: Out[DWORD]
) -> BOOL:
    """Look at input events without taking them."""
    console = input_console(thread, hConsoleInput)
    console.input.poll_events()
    return _give_events(thread, console, lpBuffer, nLength, lpNumberOfEventsRead, wide=False, remove=False)


def _write_input(thread: Thread, handle: int, buffer: int, length: int, count: Out[int], *, wide: bool) -> bool:
    console = input_console(thread, handle)
    if length > 1 << 16:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    data = thread.process.memory.read(buffer, length * keys.RECORD_SIZE)
    codec = codec_of(console.input_code_page)
    records = [data[at : at + keys.RECORD_SIZE] for at in range(0, len(data), keys.RECORD_SIZE)]
    console.input.events.extend(keys.unpack(record, wide=wide, codec=codec) for record in records)
    count.set(length)
    file = console_file(thread, handle)
    file.release_waiters()
    return True


@kernel32.export(CONSOLE)
def WriteConsoleInputW(
    thread: Thread, hConsoleInput: HANDLE, lpBuffer: PVOID, nLength: DWORD, lpNumberOfEventsWritten: Out[DWORD]
) -> BOOL:
    """Put events into the input."""
    return _write_input(thread, hConsoleInput, lpBuffer, nLength, lpNumberOfEventsWritten, wide=True)


@kernel32.export(CONSOLE)
def WriteConsoleInputA(
    thread: Thread, hConsoleInput: HANDLE, lpBuffer: PVOID, nLength: DWORD, lpNumberOfEventsWritten: Out[DWORD]
) -> BOOL:
    """Put events into the input."""
    return _write_input(thread, hConsoleInput, lpBuffer, nLength, lpNumberOfEventsWritten, wide=False)


@kernel32.export(CONSOLE)
def FlushConsoleInputBuffer(thread: Thread, hConsoleInput: HANDLE) -> BOOL:
    """Throw away what was typed and not read."""
    input_console(thread, hConsoleInput).input.flush()
    return True


# Control events


@dataclass(slots=True)
class ControlHandlers:
    """The handlers of a process, first registered first, and whether it ignores Ctrl-C."""

    handlers: list[int] = field(default_factory=list)
    ignores_ctrl_c: bool = False


@kernel32.export(CONSOLE)
def SetConsoleCtrlHandler(thread: Thread, HandlerRoutine: PVOID, Add: BOOL) -> BOOL:
    """Register or remove a handler of control events; NULL switches Ctrl-C off and on."""
    state = process_state(thread.process, ControlHandlers)
    if not HandlerRoutine:
        state.ignores_ctrl_c = bool(Add)
    elif Add:
        state.handlers.append(HandlerRoutine)
    elif HandlerRoutine in state.handlers:
        state.handlers.remove(HandlerRoutine)
    else:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return True


@kernel32.export(CONSOLE)
async def CtrlRoutine(thread: Thread, lpThreadParameter: DWORD) -> DWORD:
    """Where the thread of a control event starts: handlers, last registered first; if none wants it, the process
    ends."""
    state = process_state(thread.process, ControlHandlers)
    if lpThreadParameter == CTRL_C_EVENT and state.ignores_ctrl_c:
        return 0
    for handler in reversed(list(state.handlers)):
        try:
            if await thread.call(handler, lpThreadParameter) & 0xFFFFFFFF:
                return 0
        except MemoryFault:
            continue
    exit_process = thread.process.modules.address_of("ntdll.dll", "RtlExitUserProcess")
    await thread.call(exit_process, st.STATUS_CONTROL_C_EXIT)
    return 0


@kernel32.export(CONSOLE)
def GenerateConsoleCtrlEvent(thread: Thread, dwCtrlEvent: DWORD, dwProcessGroupId: DWORD) -> BOOL:
    """Send Ctrl-C or Ctrl-Break to the processes of the console."""
    if dwCtrlEvent not in (CTRL_C_EVENT, CTRL_BREAK_EVENT):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    send_control_event(console_of(thread), dwCtrlEvent, dwProcessGroupId)
    return True


# Consoles


@kernel32.export(CONSOLE)
def AllocConsole(thread: Thread) -> BOOL:
    """Give a process without a console a new one, which has no terminal."""
    process = thread.process
    if process.console is not None:
        raise NtError(st.STATUS_ACCESS_DENIED)
    process.console = Console(process.machine, None, process.image_path)
    process.console.attach(process)
    return True


@kernel32.export(CONSOLE)
def FreeConsole(thread: Thread) -> BOOL:
    """Leave the console."""
    console = console_of(thread)
    thread.process.console = None
    console.detach(thread.process)
    return True


@kernel32.export(CONSOLE)
def AttachConsole(thread: Thread, dwProcessId: DWORD) -> BOOL:
    """Join the console of another process."""
    process = thread.process
    if process.console is not None:
        raise NtError(st.STATUS_ACCESS_DENIED)
    wanted = process.parent_pid if dwProcessId == ATTACH_PARENT_PROCESS else dwProcessId
    other = process.machine.processes.get(wanted)
    if other is None:
        raise Win32Error(
            st.ERROR_INVALID_PARAMETER if dwProcessId != ATTACH_PARENT_PROCESS else st.ERROR_INVALID_HANDLE
        )
    if other.console is None:
        raise NtError(st.STATUS_INVALID_HANDLE)
    other.console.attach(process)
    process.console = other.console
    return True
