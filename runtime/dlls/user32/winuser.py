"""winuser.h: message boxes, metrics, stations and desktops of a session without a screen."""

from __future__ import annotations

import struct

from runtime.dlls.dpi import PROCESS_SYSTEM_DPI_AWARE, dpi_awareness
from runtime.dlls.process_state import process_state
from runtime.dlls.text import encode_wide
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    HWND,
    INT,
    LPCSTR,
    LPCWSTR,
    LPVOID,
    SHORT,
    UINT,
    WORD,
    Out,
)
from runtime.dlls.user32.dll import user32
from runtime.dlls.user32.state import User, user_of
from runtime.dlls.user32.strings import load_text
from runtime.dlls.user32.windows import DESKTOP_WINDOW
from runtime.nt.object import Object, ObjectType
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.status import (
    ERROR_ACCESS_DENIED,
    ERROR_INSUFFICIENT_BUFFER,
    ERROR_INVALID_PARAMETER,
    ERROR_NOT_SUPPORTED,
    ERROR_PRIVILEGE_NOT_HELD,
    STATUS_TIMEOUT,
    Win32Error,
)
from runtime.nt.thread import Thread
from runtime.nt.token import effective_token
from runtime.nt.wait import wait_for

_QUERY_AND_WAIT = 0x100400
_EWX_SHUTDOWN = 0x4B
"""EWX_SHUTDOWN, EWX_REBOOT, EWX_POWEROFF, EWX_RESTARTAPPS."""
_WAIT_TIMEOUT, _WAIT_FAILED, _INFINITE = 258, 0xFFFFFFFF, 0xFFFFFFFF

GUI = "gui"
_BUTTONS = ((1,), (1, 2), (3, 4, 5), (6, 7, 2), (6, 7), (4, 2), (2, 10, 11))
"""IDs of the buttons of each MB_* type, left to right."""


def message_box(thread: Thread, text: str | None, caption: str | None, kind: int) -> int:
    """Show a message on the standard error of whoever runs the program, and press the default button."""
    thread.process.report(f"[{caption if caption is not None else 'Error'}] {text or ''}")
    if kind & 0xF >= len(_BUTTONS):
        raise Win32Error(ERROR_INVALID_PARAMETER)
    buttons = _BUTTONS[kind & 0xF]
    default = kind >> 8 & 0xF
    return buttons[default if default < len(buttons) else 0]


def _decode(thread: Thread, text: bytes | None) -> str | None:
    return None if text is None else thread.process.decode_ansi(text)


@user32.export(category=GUI)
def MessageBoxW(thread: Thread, hWnd: HWND, lpText: LPCWSTR, lpCaption: LPCWSTR, uType: UINT) -> INT:
    """Show a message; nobody is there to answer, so the default button is pressed."""
    return message_box(thread, lpText, lpCaption, uType)


@user32.export(category=GUI)
def MessageBoxA(thread: Thread, hWnd: HWND, lpText: LPCSTR, lpCaption: LPCSTR, uType: UINT) -> INT:
    """Show a message; nobody is there to answer, so the default button is pressed."""
    return message_box(thread, _decode(thread, lpText), _decode(thread, lpCaption), uType)


@user32.export(category=GUI)
def MessageBoxExW(
    thread: Thread, hWnd: HWND, lpText: LPCWSTR, lpCaption: LPCWSTR, uType: UINT, wLanguageId: WORD
) -> INT:
    """Show a message; nobody is there to answer, so the default button is pressed."""
    return message_box(thread, lpText, lpCaption, uType)


@user32.export(category=GUI)
def MessageBoxExA(
    thread: Thread, hWnd: HWND, lpText: LPCSTR, lpCaption: LPCSTR, uType: UINT, wLanguageId: WORD
) -> INT:
    """Show a message; nobody is there to answer, so the default button is pressed."""
    return message_box(thread, _decode(thread, lpText), _decode(thread, lpCaption), uType)


_MSGBOXPARAMS_SIZE = 80


def _indirect(thread: Thread, address: int, wide: bool) -> int:
    memory = thread.process.memory
    if not address or memory.read_u32(address) != _MSGBOXPARAMS_SIZE:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    instance, text, caption = (memory.read_pointer(address + offset) for offset in (16, 24, 32))
    texts: list[str | None] = []
    for at in (text, caption):
        if at >> 16:
            raw = memory.read_wstr(at, 1 << 20) if wide else thread.process.decode_ansi(memory.read_str(at, 1 << 20))
            texts.append(raw)
        else:  # a number: a string resource of the module
            texts.append(load_text(thread, instance, at) if at else None)
    return message_box(thread, texts[0], texts[1], memory.read_u32(address + 40))


@user32.export(category=GUI)
def MessageBoxIndirectW(thread: Thread, lpmbp: LPVOID) -> INT:
    """Show the message of a MSGBOXPARAMS; nobody is there to answer, so the default button is pressed."""
    return _indirect(thread, lpmbp, True)


@user32.export(category=GUI)
def MessageBoxIndirectA(thread: Thread, lpmbp: LPVOID) -> INT:
    """Show the message of a MSGBOXPARAMS; nobody is there to answer, so the default button is pressed."""
    return _indirect(thread, lpmbp, False)


@user32.export(category=GUI)
def MessageBeep(thread: Thread, uType: UINT) -> BOOL:
    """Play a system sound: queued, and heard by nobody."""
    return 1


_METRICS = {
    0: 1024, 1: 768, 2: 17, 3: 17, 4: 23, 5: 1, 6: 1, 7: 3, 8: 3, 9: 17, 10: 17, 11: 32, 12: 32, 13: 32, 14: 32,
    15: 20, 16: 1024, 17: 745, 19: 1, 20: 17, 21: 17, 28: 136, 29: 39, 30: 36, 31: 22, 32: 4, 33: 4, 34: 136, 35: 39,
    36: 4, 37: 4, 38: 75, 39: 75, 43: 3, 45: 2, 46: 2, 47: 160, 48: 24, 49: 16, 50: 16, 51: 23, 52: 22, 53: 22, 54: 19,
    55: 19, 56: 8, 57: 160, 58: 31, 59: 1040, 60: 784, 61: 1040, 62: 744, 63: 3, 68: 4, 69: 4, 71: 15, 72: 15,
    75: 1, 78: 1024, 79: 768, 80: 1, 81: 1, 83: 1, 84: 1, 91: 1, 92: 4,
}  # fmt: skip
"""SM_* at 96 dots an inch on a screen of 1024 by 768; what is not listed is 0."""


@user32.export(category=GUI)
def GetSystemMetrics(thread: Thread, nIndex: INT) -> INT:
    """Return a measure of the screen or a setting of the session."""
    return _METRICS.get(nIndex, 0)


@user32.export(category=GUI)
def GetDpiForSystem(thread: Thread) -> UINT:
    """Return the dots an inch."""
    return 96


@user32.export(category=GUI)
def SetProcessDPIAware(thread: Thread) -> BOOL:
    """Declare that the program scales itself, unless it has declared something already."""
    state = dpi_awareness(thread.process)
    if state.value is None:
        state.value = PROCESS_SYSTEM_DPI_AWARE
    return 1


@user32.export(category=GUI)
def IsProcessDPIAware(thread: Thread) -> BOOL:
    """Whether the program has declared that it scales itself."""
    return bool(dpi_awareness(thread.process).value)


@user32.export(category=GUI)
def GetDesktopWindow(thread: Thread) -> HWND:
    """Return the desktop's window."""
    return DESKTOP_WINDOW


@user32.export(category=GUI)
def GetShellWindow(thread: Thread) -> HWND:
    """Return the shell's window: no shell runs."""
    return 0


@user32.export(category=GUI)
def GetForegroundWindow(thread: Thread) -> HWND:
    """Return the window in front: there is none."""
    return 0


@user32.export(category=GUI)
def GetActiveWindow(thread: Thread) -> HWND:
    """Return the thread's active window."""
    return user_of(thread).active


@user32.export(category=GUI)
def SetForegroundWindow(thread: Thread, hWnd: HWND) -> BOOL:
    """Bring a window to the front: without a screen, never granted."""
    return 0


@user32.export(category=GUI)
def AllowSetForegroundWindow(thread: Thread, dwProcessId: DWORD) -> BOOL:
    """Let a process set the foreground window: only who has the foreground can."""
    raise Win32Error(ERROR_ACCESS_DENIED)


@user32.export(category=GUI)
def GetKeyState(thread: Thread, nVirtKey: INT) -> SHORT:
    """Return the state of a key: none is pressed."""
    return 0


@user32.export(category=GUI)
def GetAsyncKeyState(thread: Thread, vKey: INT) -> SHORT:
    """Return the state of a key: none is pressed."""
    return 0


@user32.export(category=GUI)
def GetDoubleClickTime(thread: Thread) -> UINT:
    """Return the longest time between the clicks of a double click, in milliseconds."""
    return 500


@user32.export(category=GUI)
def GetKeyboardLayout(thread: Thread, idThread: DWORD) -> HANDLE:
    """Return the keyboard layout: US."""
    return 0x04090409


@user32.export(category=GUI)
def GetCursorPos(thread: Thread, lpPoint: LPVOID) -> BOOL:
    """Return where the pointer is: in the corner."""
    thread.process.memory.write(lpPoint, bytes(8))
    return 1


@user32.export(category=GUI)
def ExitWindowsEx(thread: Thread, uFlags: UINT, dwReason: DWORD) -> BOOL:
    """End the session: ending the computer needs SeShutdownPrivilege; programs cannot end a machine even so."""
    if uFlags & _EWX_SHUTDOWN and not effective_token(thread).holds("SeShutdownPrivilege"):
        raise Win32Error(ERROR_PRIVILEGE_NOT_HELD)
    raise Win32Error(ERROR_NOT_SUPPORTED)


# Window stations and desktops


class WindowStation(Object):
    """The interactive window station."""

    object_type = ObjectType("WindowStation", 0x20303, 0x2001C, 0x20060, 0xF037F)
    title = "WinSta0"


class Desktop(Object):
    """The default desktop."""

    object_type = ObjectType("Desktop", 0x20041, 0x200BE, 0x20100, 0xF01FF)
    title = "Default"


class _Session:
    """The handles every process has to its station and desktop."""

    def __init__(self) -> None:
        self.station = 0
        self.desktop = 0


def _session(thread: Thread) -> _Session:
    session = process_state(thread.process, _Session)
    if not session.station:
        handles = thread.process.handles
        session.station = handles.insert(WindowStation(), WindowStation.object_type.all)
        session.desktop = handles.insert(Desktop(), Desktop.object_type.all)
    return session


@user32.export(category=GUI)
def GetProcessWindowStation(thread: Thread) -> HANDLE:
    """Return the process's window station."""
    return _session(thread).station


@user32.export(category=GUI)
def GetThreadDesktop(thread: Thread, dwThreadId: DWORD) -> HANDLE:
    """Return the desktop of a thread of this process."""
    if dwThreadId not in thread.process.threads:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return _session(thread).desktop


UOI_FLAGS, UOI_NAME, UOI_TYPE, UOI_USER_SID, UOI_HEAPSIZE, UOI_IO = 1, 2, 3, 4, 5, 6


@user32.export(category=GUI)
def GetUserObjectInformationW(
    thread: Thread, hObj: HANDLE, nIndex: INT, pvInfo: LPVOID, nLength: DWORD, lpnLengthNeeded: Out[DWORD]
) -> BOOL:
    """Describe a window station or desktop: flags, name, type, user, heap size, whether it has input."""
    item = get_object(thread, hObj, Object)
    if not isinstance(item, WindowStation | Desktop):
        raise Win32Error(ERROR_INVALID_PARAMETER)
    match nIndex:
        case 1:
            data = struct.pack("<iiI", 0, 0, 1 if isinstance(item, WindowStation) else 0)
        case 2:
            data = encode_wide(item.title + "\0")
        case 3:
            data = encode_wide(item.object_type.name + "\0")
        case 4:
            data = thread.process.machine.accounts.logon_sid.pack()
        case 5:
            data = struct.pack("<I", 20480)
        case 6:
            data = struct.pack("<I", 1)
        case _:
            raise Win32Error(ERROR_INVALID_PARAMETER)
    lpnLengthNeeded.put(len(data))
    if nLength < len(data):
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(pvInfo, data)
    return 1


@user32.export(category=GUI, fails=_WAIT_FAILED)
async def WaitForInputIdle(thread: Thread, hProcess: HANDLE, dwMilliseconds: DWORD) -> DWORD:
    """Wait until a program first waits for input; WAIT_FAILED for console programs and those that ended before."""
    target = get_object(thread, hProcess, Process, _QUERY_AND_WAIT)
    if not target.has_windows or target.signalled(thread):
        return _WAIT_FAILED
    timeout = None if dwMilliseconds == _INFINITE else -10_000 * dwMilliseconds
    result = await wait_for(thread, [process_state(target, User).idle, target], timeout=timeout)
    if result == STATUS_TIMEOUT:
        return _WAIT_TIMEOUT
    return _WAIT_FAILED if result else 0
