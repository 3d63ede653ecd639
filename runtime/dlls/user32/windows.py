"""winuser.h: window classes and windows that nobody sees: their procedures get messages, nothing is drawn."""

from __future__ import annotations

import struct

from runtime.dlls.structure import Structure
from runtime.dlls.text import copy_text, encode_text
from runtime.dlls.types import (
    ATOM,
    BOOL,
    DWORD,
    HINSTANCE,
    HWND,
    INT,
    LONG,
    LONG_PTR,
    LPARAM,
    LPCSTR,
    LPCWSTR,
    LPSTR,
    LPVOID,
    LPWSTR,
    LRESULT,
    PVOID,
    UINT,
    WPARAM,
    Out,
)
from runtime.dlls.user32.dll import user32
from runtime.dlls.user32.messages import call_window
from runtime.dlls.user32.state import Window, WindowClass, queue_of, user_of, window_of
from runtime.nt.casing import upcase
from runtime.nt.status import (
    ERROR_ACCESS_DENIED,
    ERROR_CANNOT_FIND_WND_CLASS,
    ERROR_CLASS_ALREADY_EXISTS,
    ERROR_CLASS_DOES_NOT_EXIST,
    ERROR_CLASS_HAS_WINDOWS,
    ERROR_FILE_NOT_FOUND,
    ERROR_INVALID_INDEX,
    ERROR_INVALID_PARAMETER,
    Win32Error,
)
from runtime.nt.thread import Thread

GUI = "gui"
WM_CREATE, WM_DESTROY, WM_SETTEXT, WM_GETTEXT, WM_GETTEXTLENGTH, WM_CLOSE = 0x1, 0x2, 0xC, 0xD, 0xE, 0x10
WM_NCCREATE, WM_NCDESTROY, WM_QUERYOPEN, WM_QUERYENDSESSION = 0x81, 0x82, 0x13, 0x11
DESKTOP_WINDOW = 0x10000
HWND_MESSAGE = -3
GWLP_WNDPROC, GWLP_HINSTANCE, GWLP_HWNDPARENT, GWLP_ID, GWL_STYLE, GWL_EXSTYLE, GWLP_USERDATA = (
    -4, -6, -8, -12, -16, -20, -21,
)  # fmt: skip
_U64 = 0xFFFFFFFFFFFFFFFF


class WNDCLASS(Structure):
    """A window class as a program describes it."""

    style: UINT
    lpfnWndProc: PVOID
    cbClsExtra: INT
    cbWndExtra: INT
    hInstance: PVOID
    hIcon: PVOID
    hCursor: PVOID
    hbrBackground: PVOID
    lpszMenuName: PVOID
    lpszClassName: PVOID


def _name(thread: Thread, address: int, wide: bool) -> str | int:
    """Read a class name, or return the atom it is."""
    if address < 0x10000:
        return address
    memory = thread.process.memory
    return memory.read_wstr(address) if wide else thread.process.decode_ansi(memory.read_str(address))


def _find_class(thread: Thread, name: str | int) -> WindowClass | None:
    user = user_of(thread)
    return user.atoms.get(name) if isinstance(name, int) else user.classes.get(upcase(name))


def _register(thread: Thread, address: int, wide: bool) -> int:
    described = WNDCLASS.read(thread.process.memory, address)
    name = _name(thread, described.lpszClassName, wide)
    if isinstance(name, int) or not name or not described.lpfnWndProc:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    user = user_of(thread)
    if upcase(name) in user.classes:
        raise Win32Error(ERROR_CLASS_ALREADY_EXISTS)
    made = WindowClass(
        name, user.next_atom(), described.lpfnWndProc, described.style, described.cbClsExtra, described.cbWndExtra,
        described.hInstance, described.hIcon, described.hCursor, described.hbrBackground, wide,
    )  # fmt: skip
    user.classes[upcase(name)] = user.atoms[made.atom] = made
    return made.atom


def _register_extended(thread: Thread, address: int, wide: bool) -> int:
    """WNDCLASSEX: its size, then (4 bytes on) a WNDCLASS whose first field has no padding before the pointer."""
    memory = thread.process.memory
    if memory.read_u32(address) != (80 if memory.pointer_size == 8 else 48):
        raise Win32Error(ERROR_INVALID_PARAMETER)
    style = memory.read_u32(address + 4)
    atom = _register_at(thread, address + 8 - memory.pointer_size, style, wide)
    return atom


def _register_at(thread: Thread, address: int, style: int, wide: bool) -> int:
    atom = _register(thread, address, wide)
    user_of(thread).atoms[atom].style = style
    return atom


@user32.export(category=GUI)
def RegisterClassW(thread: Thread, lpWndClass: LPVOID) -> ATOM:
    """Register a window class."""
    return _register(thread, lpWndClass, True)


@user32.export(category=GUI)
def RegisterClassA(thread: Thread, lpWndClass: LPVOID) -> ATOM:
    """Register a window class."""
    return _register(thread, lpWndClass, False)


@user32.export(category=GUI)
def RegisterClassExW(thread: Thread, param0: LPVOID) -> ATOM:
    """Register a window class."""
    return _register_extended(thread, param0, True)


@user32.export(category=GUI)
def RegisterClassExA(thread: Thread, param0: LPVOID) -> ATOM:
    """Register a window class."""
    return _register_extended(thread, param0, False)


def _unregister(thread: Thread, name: str | int) -> int:
    found = _find_class(thread, name)
    if found is None:
        raise Win32Error(ERROR_CLASS_DOES_NOT_EXIST)
    user = user_of(thread)
    if any(window.kind is found for window in user.windows.values()):
        raise Win32Error(ERROR_CLASS_HAS_WINDOWS)
    del user.classes[upcase(found.name)], user.atoms[found.atom]
    return 1


@user32.export(category=GUI)
def UnregisterClassW(thread: Thread, lpClassName: LPVOID, hInstance: HINSTANCE) -> BOOL:
    """Take back a window class."""
    return _unregister(thread, _name(thread, lpClassName, True))


@user32.export(category=GUI)
def UnregisterClassA(thread: Thread, lpClassName: LPVOID, hInstance: HINSTANCE) -> BOOL:
    """Take back a window class."""
    return _unregister(thread, _name(thread, lpClassName, False))


async def _create(
    thread: Thread, extended: int, class_name: int, text_at: int, style: int, place: tuple[int, int, int, int],
    parent: int, menu: int, instance: int, parameter: int, wide: bool,
) -> int:  # fmt: skip
    kind = _find_class(thread, _name(thread, class_name, wide))
    if kind is None:
        raise Win32Error(ERROR_CANNOT_FIND_WND_CLASS)
    message_only = parent in (_U64 + HWND_MESSAGE + 1, 0xFFFFFFFF + HWND_MESSAGE + 1)
    if parent and not message_only and parent != DESKTOP_WINDOW:
        window_of(thread, parent)
    text = _name(thread, text_at, wide) if text_at else ""
    user = user_of(thread)
    queue_of(thread)
    # CW_USEDEFAULT
    left, top, width, height = (0 if value == -0x80000000 else value for value in place)
    window = Window(
        user.next_handle(), kind, thread.id, kind.procedure, str(text), style, extended,
        (left, top, left + width, top + height), parent, menu, instance, wide,
    )  # fmt: skip
    user.windows[window.handle] = window
    memory = thread.process.memory
    width_of_pointer = memory.pointer_size
    # CREATESTRUCT, on the stack of the call as Windows has it.
    block = struct.pack("<4i", height, width, top, left)
    pointers = [parameter, instance, menu, parent]
    data = b"".join(value.to_bytes(width_of_pointer, "little") for value in pointers) + block
    data += struct.pack("<I", style & 0xFFFFFFFF) + bytes(4 if width_of_pointer == 8 else 0)
    data += text_at.to_bytes(width_of_pointer, "little") + class_name.to_bytes(width_of_pointer, "little")
    data += struct.pack("<I", extended) + bytes(4 if width_of_pointer == 8 else 0)
    from runtime.dlls.heap import guest_heap_free, guest_heap_new

    structure = await guest_heap_new(thread, data)
    created = await call_window(thread, window, WM_NCCREATE, 0, structure)
    failed = not created
    if created and window.handle in user.windows:
        result = await call_window(thread, window, WM_CREATE, 0, structure)
        failed = result & 0xFFFFFFFF == 0xFFFFFFFF
    await guest_heap_free(thread, structure)
    if failed or window.handle not in user.windows:
        await _destroy(thread, window)
        return 0
    return window.handle


@user32.export(category=GUI)
async def CreateWindowExW(
    thread: Thread, dwExStyle: DWORD, lpClassName: LPVOID, lpWindowName: LPVOID, dwStyle: DWORD, X: INT, Y: INT,
    nWidth: INT, nHeight: INT, hWndParent: HWND, hMenu: PVOID, hInstance: HINSTANCE, lpParam: LPVOID,
) -> HWND:  # fmt: skip
    """Make a window; its procedure gets WM_NCCREATE and WM_CREATE."""
    place = (X, Y, nWidth, nHeight)
    return await _create(
        thread, dwExStyle, lpClassName, lpWindowName, dwStyle, place, hWndParent, hMenu, hInstance, lpParam, True
    )


@user32.export(category=GUI)
async def CreateWindowExA(
    thread: Thread, dwExStyle: DWORD, lpClassName: LPVOID, lpWindowName: LPVOID, dwStyle: DWORD, X: INT, Y: INT,
    nWidth: INT, nHeight: INT, hWndParent: HWND, hMenu: PVOID, hInstance: HINSTANCE, lpParam: LPVOID,
) -> HWND:  # fmt: skip
    """Make a window; its procedure gets WM_NCCREATE and WM_CREATE."""
    place = (X, Y, nWidth, nHeight)
    return await _create(
        thread, dwExStyle, lpClassName, lpWindowName, dwStyle, place, hWndParent, hMenu, hInstance, lpParam, False
    )


async def _destroy(thread: Thread, window: Window) -> None:
    user = user_of(thread)
    if window.dying or window.handle not in user.windows:
        return
    window.dying = True
    await call_window(thread, window, WM_DESTROY, 0, 0)
    for child in [item for item in user.windows.values() if item.parent == window.handle]:
        await _destroy(thread, child)
    await call_window(thread, window, WM_NCDESTROY, 0, 0)
    user.windows.pop(window.handle, None)
    queue = user.queues.get(window.thread_id)
    if queue is not None:
        for key in [key for key in queue.timers if key[0] == window.handle]:
            queue.kill_timer(*key)


@user32.export(category=GUI)
async def DestroyWindow(thread: Thread, hWnd: HWND) -> BOOL:
    """End a window and its children; only the thread that made it can."""
    window = window_of(thread, hWnd)
    if window.thread_id != thread.id:
        raise Win32Error(ERROR_ACCESS_DENIED)
    await _destroy(thread, window)
    return 1


async def _default(
    thread: Thread, handle: int, number: int, wparam: int, lparam: int, wide: bool
) -> int:
    window = user_of(thread).windows.get(handle)
    if window is None:
        return 0
    memory = thread.process.memory
    lparam &= _U64
    match number:
        case 0x81 | 0x13 | 0x11:
            return 1
        case 0xC:
            window.text = str(_name(thread, lparam, wide)) if lparam else ""
            return 1
        case 0xD:
            data = encode_text(thread, window.text, wide)
            unit = 2 if wide else 1
            if not wparam:
                return 0
            data = data[: (wparam - 1) * unit]
            memory.write(lparam, data + bytes(unit))
            return len(data) // unit
        case 0xE:
            return len(encode_text(thread, window.text, wide)) // (2 if wide else 1)
        case 0x10:
            await _destroy(thread, window)
    return 0


@user32.export(category=GUI)
async def DefWindowProcW(thread: Thread, hWnd: HWND, Msg: UINT, wParam: WPARAM, lParam: LPARAM) -> LRESULT:
    """Answer a message as windows do by default."""
    return await _default(thread, hWnd, Msg, wParam, lParam, True)


@user32.export(category=GUI)
async def DefWindowProcA(thread: Thread, hWnd: HWND, Msg: UINT, wParam: WPARAM, lParam: LPARAM) -> LRESULT:
    """Answer a message as windows do by default."""
    return await _default(thread, hWnd, Msg, wParam, lParam, False)


# Properties


def _get_long(thread: Thread, handle: int, index: int) -> int:
    window = window_of(thread, handle)
    fixed = {
        GWLP_WNDPROC: window.procedure, GWLP_HINSTANCE: window.instance, GWLP_HWNDPARENT: window.parent,
        GWLP_ID: window.menu, GWL_STYLE: window.style, GWL_EXSTYLE: window.extended_style,
        GWLP_USERDATA: window.user_data,
    }  # fmt: skip
    if index in fixed:
        return fixed[index]
    if not 0 <= index < window.kind.window_extra:
        raise Win32Error(ERROR_INVALID_INDEX)
    return window.extra.get(index, 0)


def _set_long(thread: Thread, handle: int, index: int, value: int) -> int:
    old = _get_long(thread, handle, index)
    window = window_of(thread, handle)
    value &= _U64
    match index:
        case -4:
            window.procedure = value
        case -6:
            window.instance = value
        case -8:
            window.parent = value
        case -12:
            window.menu = value
        case -16:
            window.style = value & 0xFFFFFFFF
        case -20:
            window.extended_style = value & 0xFFFFFFFF
        case -21:
            window.user_data = value
        case _:
            window.extra[index] = value
    return old


@user32.export(category=GUI)
def GetWindowLongPtrW(thread: Thread, hWnd: HWND, nIndex: INT) -> LONG_PTR:
    """Return a property of a window or some of its extra memory."""
    return _get_long(thread, hWnd, nIndex)


@user32.export(category=GUI)
def GetWindowLongPtrA(thread: Thread, hWnd: HWND, nIndex: INT) -> LONG_PTR:
    """Return a property of a window or some of its extra memory."""
    return _get_long(thread, hWnd, nIndex)


@user32.export(category=GUI)
def SetWindowLongPtrW(thread: Thread, hWnd: HWND, nIndex: INT, dwNewLong: LONG_PTR) -> LONG_PTR:
    """Set a property of a window or some of its extra memory; returns the old value."""
    return _set_long(thread, hWnd, nIndex, dwNewLong)


@user32.export(category=GUI)
def SetWindowLongPtrA(thread: Thread, hWnd: HWND, nIndex: INT, dwNewLong: LONG_PTR) -> LONG_PTR:
    """Set a property of a window or some of its extra memory; returns the old value."""
    return _set_long(thread, hWnd, nIndex, dwNewLong)


@user32.export(category=GUI)
def GetWindowLongW(thread: Thread, hWnd: HWND, nIndex: INT) -> LONG:
    """Return a property of a window."""
    return _get_long(thread, hWnd, nIndex)


@user32.export(category=GUI)
def SetWindowLongW(thread: Thread, hWnd: HWND, nIndex: INT, dwNewLong: LONG) -> LONG:
    """Set a property of a window; returns the old value."""
    return _set_long(thread, hWnd, nIndex, dwNewLong)


@user32.export(category=GUI)
def GetWindowTextW(thread: Thread, hWnd: HWND, lpString: LPWSTR, nMaxCount: INT) -> INT:
    """Return the text of a window of this process."""
    text = window_of(thread, hWnd).text[: max(nMaxCount - 1, 0)]
    return copy_text(thread, text, lpString, nMaxCount)


@user32.export(category=GUI)
def GetWindowTextA(thread: Thread, hWnd: HWND, lpString: LPSTR, nMaxCount: INT) -> INT:
    """Return the text of a window of this process."""
    text = window_of(thread, hWnd).text[: max(nMaxCount - 1, 0)]
    return copy_text(thread, text, lpString, nMaxCount, wide=False)


@user32.export(category=GUI)
def GetWindowTextLengthW(thread: Thread, hWnd: HWND) -> INT:
    """Return the length of a window's text."""
    return len(window_of(thread, hWnd).text)


@user32.export(category=GUI)
def SetWindowTextW(thread: Thread, hWnd: HWND, lpString: LPCWSTR) -> BOOL:
    """Set the text of a window."""
    window_of(thread, hWnd).text = lpString or ""
    return 1


@user32.export(category=GUI)
def GetClassNameW(thread: Thread, hWnd: HWND, lpClassName: LPWSTR, nMaxCount: INT) -> INT:
    """Return the name of a window's class."""
    return copy_text(thread, window_of(thread, hWnd).kind.name[: max(nMaxCount - 1, 0)], lpClassName, nMaxCount)


@user32.export(category=GUI)
def GetClassNameA(thread: Thread, hWnd: HWND, lpClassName: LPSTR, nMaxCount: INT) -> INT:
    """Return the name of a window's class."""
    name = window_of(thread, hWnd).kind.name[: max(nMaxCount - 1, 0)]
    return copy_text(thread, name, lpClassName, nMaxCount, wide=False)


@user32.export(category=GUI)
def IsWindow(thread: Thread, hWnd: HWND) -> BOOL:
    """Whether a handle is that of a window."""
    return int(hWnd in user_of(thread).windows or hWnd == DESKTOP_WINDOW)


@user32.export(category=GUI)
def IsWindowVisible(thread: Thread, hWnd: HWND) -> BOOL:
    """Whether a window has the style WS_VISIBLE."""
    return int(bool(window_of(thread, hWnd).style & 0x10000000))


@user32.export(category=GUI)
def IsWindowUnicode(thread: Thread, hWnd: HWND) -> BOOL:
    """Whether a window's class was registered by a W function."""
    return int(window_of(thread, hWnd).kind.wide)


@user32.export(category=GUI)
def GetParent(thread: Thread, hWnd: HWND) -> HWND:
    """Return the parent of a child window."""
    window = window_of(thread, hWnd)
    return window.parent if window.style & 0x40000000 else 0


@user32.export(category=GUI)
def ShowWindow(thread: Thread, hWnd: HWND, nCmdShow: INT) -> BOOL:
    """Show or hide a window; returns whether it was visible."""
    window = window_of(thread, hWnd)
    before = bool(window.style & 0x10000000)
    window.style = window.style & ~0x10000000 | (0x10000000 if nCmdShow else 0)
    return int(before)


@user32.export(category=GUI)
def GetWindowThreadProcessId(thread: Thread, hWnd: HWND, lpdwProcessId: Out[DWORD]) -> DWORD:
    """Return the thread and process that made a window."""
    window = window_of(thread, hWnd)
    lpdwProcessId.put(thread.process.pid)
    return window.thread_id


def _find(thread: Thread, class_name: str | None, text: str | None) -> int:
    for window in user_of(thread).windows.values():
        if (class_name is None or upcase(window.kind.name) == upcase(class_name)) and (
            text is None or upcase(window.text) == upcase(text)
        ):
            return window.handle
    raise Win32Error(ERROR_FILE_NOT_FOUND)


@user32.export(category=GUI)
def FindWindowW(thread: Thread, lpClassName: LPCWSTR, lpWindowName: LPCWSTR) -> HWND:
    """Find a window of this process by class and text."""
    return _find(thread, lpClassName, lpWindowName)


@user32.export(category=GUI)
def FindWindowA(thread: Thread, lpClassName: LPCSTR, lpWindowName: LPCSTR) -> HWND:
    """Find a window of this process by class and text."""
    decode = thread.process.decode_ansi
    kind = None if lpClassName is None else decode(lpClassName)
    text = None if lpWindowName is None else decode(lpWindowName)
    return _find(thread, kind, text)


@user32.export(category=GUI)
async def EnumWindows(thread: Thread, lpEnumFunc: PVOID, lParam: LPARAM) -> BOOL:
    """Call a function for each top-level window until it returns 0."""
    for window in tuple(user_of(thread).windows.values()):
        if not window.parent and not await thread.call(lpEnumFunc, window.handle, lParam & _U64) & 0xFFFFFFFF:
            return 0
    return 1


@user32.export(category=GUI)
async def EnumThreadWindows(thread: Thread, dwThreadId: DWORD, lpfn: PVOID, lParam: LPARAM) -> BOOL:
    """Call a function for each top-level window of a thread until it returns 0."""
    windows = [window for window in user_of(thread).windows.values() if window.thread_id == dwThreadId]
    for window in windows:
        if not window.parent and not await thread.call(lpfn, window.handle, lParam & _U64) & 0xFFFFFFFF:
            return 0
    return 1
