"""winuser.h: the clipboard. It is the machine's: what one program copies another pastes."""

from __future__ import annotations

import itertools
from typing import Annotated

from runtime.dlls.process_state import process_state
from runtime.dlls.text import encode_text
from runtime.dlls.types import BOOL, DWORD, HANDLE, HWND, INT, LPSTR, LPVOID, LPWSTR, UINT, OutBytes
from runtime.dlls.user32.dll import user32
from runtime.dlls.user32.state import user_of
from runtime.nt.casing import upcase
from runtime.nt.clipboard import Clipboard, Format
from runtime.nt.status import (
    ERROR_ACCESS_DENIED,
    ERROR_CLIPBOARD_NOT_OPEN,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER,
    Win32Error,
)
from runtime.nt.thread import Thread

GUI = "gui"
_REGISTERED = 0xC000
GMEM_MOVEABLE = 2
_HANDLE_FORMATS = {2, 3, 9, 14, 0x82, 0x83, 0x8E}
"""Formats whose handle is a bitmap, picture or palette and no memory: there is no drawing to hold them."""


class Pasted:
    """Memory handed to a program by GetClipboardData, which stays the clipboard's."""

    def __init__(self) -> None:
        self.sequence = -1
        self.handles: dict[int, int] = {}


def _clipboard(thread: Thread) -> Clipboard:
    return thread.process.machine.clipboard


def _opened(thread: Thread) -> Clipboard:
    """Return the clipboard if this thread has it open. Raises Win32Error(ERROR_CLIPBOARD_NOT_OPEN)."""
    clipboard = _clipboard(thread)
    if clipboard.opened_by != (thread.process.pid, thread.id):
        raise Win32Error(ERROR_CLIPBOARD_NOT_OPEN)
    return clipboard


def _name(thread: Thread, number: int) -> str | None:
    return user_of(thread).message_names.get(number)


def _format(thread: Thread, number: int) -> Format | None:
    """Return what a format number of this process means; None for a number that is not registered."""
    if number < _REGISTERED:
        return number
    name = _name(thread, number)
    return None if name is None else upcase(name)


def _number(thread: Thread, kind: Format) -> int:
    return kind if isinstance(kind, int) else user_of(thread).registered_message(kind)


async def _guest(thread: Thread, function: str, *arguments: int) -> int:
    return await thread.call(thread.process.modules.address_of("kernel32.dll", function), *arguments)


@user32.export(category=GUI)
def OpenClipboard(thread: Thread, hWndNewOwner: HWND) -> BOOL:
    """Open the clipboard; fails while another thread has it open."""
    clipboard = _clipboard(thread)
    holder = clipboard.opened_by
    here = (thread.process.pid, thread.id)
    if holder is not None and holder != here:
        process = thread.process.machine.processes.get(holder[0])
        if process is not None and holder[1] in process.threads:
            raise Win32Error(ERROR_ACCESS_DENIED)
    clipboard.opened_by = here
    clipboard.open_window = hWndNewOwner
    return 1


@user32.export(category=GUI)
def CloseClipboard(thread: Thread) -> BOOL:
    """Close the clipboard."""
    clipboard = _opened(thread)
    clipboard.opened_by = None
    clipboard.open_window = 0
    return 1


@user32.export(category=GUI)
def EmptyClipboard(thread: Thread) -> BOOL:
    """Take everything off the clipboard and own it."""
    clipboard = _opened(thread)
    clipboard.empty()
    clipboard.owner = clipboard.open_window
    return 1


@user32.export(category=GUI)
async def SetClipboardData(thread: Thread, uFormat: UINT, hMem: HANDLE) -> HANDLE:
    """Put memory on the clipboard in a format. Rendering later on demand (NULL) is refused."""
    clipboard = _opened(thread)
    kind = _format(thread, uFormat)
    if not uFormat or kind is None or kind in _HANDLE_FORMATS:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    if not hMem:
        raise Win32Error(ERROR_INVALID_HANDLE)
    size = await _guest(thread, "GlobalSize", hMem)
    address = await _guest(thread, "GlobalLock", hMem)
    if not address:
        raise Win32Error(ERROR_INVALID_HANDLE)
    data = thread.process.memory.read(address, size)
    await _guest(thread, "GlobalUnlock", hMem)
    clipboard.put(kind, data)
    pasted = process_state(thread.process, Pasted)
    if pasted.sequence != clipboard.sequence - 1:
        pasted.handles.clear()
    pasted.sequence = clipboard.sequence
    pasted.handles[uFormat] = hMem
    return hMem


@user32.export(category=GUI)
async def GetClipboardData(thread: Thread, uFormat: UINT) -> HANDLE:
    """Return memory with the data in a format; it stays the clipboard's."""
    clipboard = _opened(thread)
    kind = _format(thread, uFormat)
    process = thread.process
    data = clipboard.get(kind, process.ansi_code_page, "cp437") if kind is not None else None
    if data is None:
        return 0
    pasted = process_state(process, Pasted)
    if pasted.sequence != clipboard.sequence:
        pasted.handles.clear()
        pasted.sequence = clipboard.sequence
    handle = pasted.handles.get(uFormat)
    if handle is None:
        handle = await _guest(thread, "GlobalAlloc", GMEM_MOVEABLE, max(len(data), 1))
        address = await _guest(thread, "GlobalLock", handle) if handle else 0
        if not address:
            return 0
        process.memory.write(address, data)
        await _guest(thread, "GlobalUnlock", handle)
        pasted.handles[uFormat] = handle
    return handle


@user32.export(category=GUI)
def IsClipboardFormatAvailable(thread: Thread, format: UINT) -> BOOL:
    """Whether the clipboard has data in a format."""
    return _format(thread, format) in _clipboard(thread).formats()


@user32.export(category=GUI)
def CountClipboardFormats(thread: Thread) -> INT:
    """Return the number of formats the clipboard has data in."""
    return len(_clipboard(thread).formats())


@user32.export(category=GUI)
def EnumClipboardFormats(thread: Thread, format: UINT) -> UINT:
    """Return the format after one, or the first; 0 at the end."""
    numbers = [_number(thread, kind) for kind in _opened(thread).formats()]
    if not format:
        return numbers[0] if numbers else 0
    following = dict(itertools.pairwise(numbers))
    return following.get(format, 0)


@user32.export(category=GUI, fails=-1)
def GetPriorityClipboardFormat(thread: Thread, paFormatPriorityList: LPVOID, cFormats: INT) -> INT:
    """Return the first format of a list that the clipboard has; 0 when it is empty, -1 when none fits."""
    available = _clipboard(thread).formats()
    if not available:
        return 0
    memory = thread.process.memory
    for index in range(max(0, min(cFormats, 0x10000))):
        number = memory.read_u32(paFormatPriorityList + 4 * index)
        if _format(thread, number) in available:
            return number
    return -1


def _format_name(thread: Thread, number: int, buffer: int, size: int, *, wide: bool) -> int:
    name = _name(thread, number)
    if name is None:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    if size <= 0:
        return 0
    unit = 2 if wide else 1
    data = encode_text(thread, name, wide)[: (size - 1) * unit]
    thread.process.memory.write(buffer, data + bytes(unit))
    return len(data) // unit


@user32.export(category=GUI)
def GetClipboardFormatNameW(
    thread: Thread, format: UINT, lpszFormatName: Annotated[LPWSTR, OutBytes("cchMaxCount", unit=2)], cchMaxCount: INT
) -> INT:
    """Return the name of a registered format."""
    return _format_name(thread, format, lpszFormatName, cchMaxCount, wide=True)


@user32.export(category=GUI)
def GetClipboardFormatNameA(
    thread: Thread, format: UINT, lpszFormatName: Annotated[LPSTR, OutBytes("cchMaxCount")], cchMaxCount: INT
) -> INT:
    """Return the name of a registered format."""
    return _format_name(thread, format, lpszFormatName, cchMaxCount, wide=False)


@user32.export(category=GUI)
def GetClipboardOwner(thread: Thread) -> HWND:
    """Return the window that owns what is on the clipboard."""
    return _clipboard(thread).owner


@user32.export(category=GUI)
def GetOpenClipboardWindow(thread: Thread) -> HWND:
    """Return the window that has the clipboard open."""
    return _clipboard(thread).open_window


@user32.export(category=GUI)
def GetClipboardSequenceNumber(thread: Thread) -> DWORD:
    """Return a number that changes whenever the clipboard does."""
    return _clipboard(thread).sequence
