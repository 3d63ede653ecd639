"""consoleapi2.h and consoleapi3.h: the screen buffer, as far as a terminal can show it, and the title."""

from __future__ import annotations

import struct
from typing import Annotated

from runtime.dlls.kernel32.consoleapi import console_of, output_console
from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.file_support import CONSOLE
from runtime.dlls.structure import Structure
from runtime.dlls.text import encode_text
from runtime.dlls.types import (
    BOOL,
    CHAR,
    DWORD,
    HANDLE,
    HWND,
    LPCWSTR,
    LPSTR,
    LPWSTR,
    PVOID,
    SHORT,
    WCHAR,
    WORD,
    InBytes,
    Int,
    Out,
)
from runtime.nt import status as st
from runtime.nt.console import Console, codec_of, colour_sequence
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

COORD_VALUE = Annotated[int, Int(4, kind="hex")]
"""A COORD passed by value: X in the low half, Y in the high half."""

_COLOUR_TABLE = (
    0x0C0C0C, 0xDA3700, 0x0EA113, 0xDD963A, 0x1F0FC5, 0x981788, 0x009CC1, 0xCCCCCC,
    0x767676, 0xFF783B, 0x0CC616, 0xD6D661, 0x5648E7, 0x9E00B4, 0xA5F1F9, 0xF2F2F2,
)  # fmt: skip


class CONSOLE_SCREEN_BUFFER_INFO(Structure):
    SizeX: SHORT
    SizeY: SHORT
    CursorX: SHORT
    CursorY: SHORT
    wAttributes: WORD
    Left: SHORT
    Top: SHORT
    Right: SHORT
    Bottom: SHORT
    MaximumX: SHORT
    MaximumY: SHORT


class CONSOLE_CURSOR_INFO(Structure):
    dwSize: DWORD
    bVisible: BOOL


def coordinates(value: int) -> tuple[int, int]:
    """Split a COORD passed by value."""
    x, y = struct.unpack("<hh", struct.pack("<I", value & 0xFFFFFFFF))
    return x, y


@kernel32.export(CONSOLE)
def GetConsoleScreenBufferInfo(
    thread: Thread, hConsoleOutput: HANDLE, lpConsoleScreenBufferInfo: Out[CONSOLE_SCREEN_BUFFER_INFO]
) -> BOOL:
    """Return size, cursor and attributes of the screen buffer, which is as large as the terminal's window."""
    console = output_console(thread, hConsoleOutput)
    columns, rows = console.size()
    x, y = console.cursor()
    lpConsoleScreenBufferInfo.set(
        CONSOLE_SCREEN_BUFFER_INFO(
            SizeX=columns, SizeY=rows, CursorX=x, CursorY=y, wAttributes=console.attributes, Left=0, Top=0,
            Right=columns - 1, Bottom=rows - 1, MaximumX=columns, MaximumY=rows,
        )
    )  # fmt: skip
    return True


@kernel32.export(CONSOLE)
def GetConsoleScreenBufferInfoEx(thread: Thread, hConsoleOutput: HANDLE, lpConsoleScreenBufferInfoEx: PVOID) -> BOOL:
    """GetConsoleScreenBufferInfo with the colour table."""
    memory = thread.process.memory
    if memory.read_u32(lpConsoleScreenBufferInfoEx) != 96:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    console = output_console(thread, hConsoleOutput)
    columns, rows = console.size()
    x, y = console.cursor()
    data = struct.pack(
        "<IhhhhHhhhhhhHI16I", 96, columns, rows, x, y, console.attributes, 0, 0, columns - 1, rows - 1,
        columns, rows, console.attributes, 0, *_COLOUR_TABLE,
    )  # fmt: skip
    memory.write(lpConsoleScreenBufferInfoEx, data)
    return True


@kernel32.export(CONSOLE)
async def SetConsoleTextAttribute(thread: Thread, hConsoleOutput: HANDLE, wAttributes: WORD) -> BOOL:
    """Choose the colours of what is written from now on."""
    console = output_console(thread, hConsoleOutput)
    console.attributes = wAttributes
    await console.send(colour_sequence(wAttributes).encode())
    return True


@kernel32.export(CONSOLE)
async def SetConsoleCursorPosition(thread: Thread, hConsoleOutput: HANDLE, dwCursorPosition: COORD_VALUE) -> BOOL:
    """Move the cursor."""
    console = output_console(thread, hConsoleOutput)
    x, y = coordinates(dwCursorPosition)
    columns, rows = console.size()
    if not (0 <= x < columns and 0 <= y < rows):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    await console.send(f"\x1b[{y + 1};{x + 1}H".encode())
    return True


@kernel32.export(CONSOLE)
def GetConsoleCursorInfo(thread: Thread, hConsoleOutput: HANDLE, lpConsoleCursorInfo: Out[CONSOLE_CURSOR_INFO]) -> BOOL:
    """Return size and visibility of the cursor."""
    console = output_console(thread, hConsoleOutput)
    lpConsoleCursorInfo.set(CONSOLE_CURSOR_INFO(dwSize=console.cursor_size, bVisible=console.cursor_visible))
    return True


@kernel32.export(CONSOLE)
async def SetConsoleCursorInfo(
    thread: Thread, hConsoleOutput: HANDLE, lpConsoleCursorInfo: Out[CONSOLE_CURSOR_INFO]
) -> BOOL:
    """Show or hide the cursor."""
    console = output_console(thread, hConsoleOutput)
    wanted = lpConsoleCursorInfo.get()
    if not 1 <= wanted.dwSize <= 100:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    console.cursor_size, console.cursor_visible = wanted.dwSize, bool(wanted.bVisible)
    await console.send(b"\x1b[?25h" if wanted.bVisible else b"\x1b[?25l")
    return True


def _cells(console: Console, start: int, count: int) -> tuple[str, int]:
    """Return how to get to a cell, and how many cells from there exist (at most `count`)."""
    x, y = coordinates(start)
    columns, rows = console.size()
    if not (0 <= x < columns and 0 <= y < rows):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return f"\x1b7\x1b[{y + 1};{x + 1}H", min(count, columns * rows - (y * columns + x))


async def _fill(thread: Thread, handle: int, character: str, count: int, start: int, written: Out[int]) -> bool:
    console = output_console(thread, handle)
    place, fitting = _cells(console, start, count)
    if character < " ":
        character = " "
    whole = _cells(console, 0, 1 << 30)[1]
    if character == " " and fitting == whole:
        await console.send(b"\x1b7\x1b[2J\x1b8")
    else:
        await console.send((place + character * fitting + "\x1b8").encode("utf-8", "replace"))
    written.set(fitting)
    return True


@kernel32.export(CONSOLE)
async def FillConsoleOutputCharacterW(
    thread: Thread,
    hConsoleOutput: HANDLE,
    cCharacter: WCHAR,
    nLength: DWORD,
    dwWriteCoord: COORD_VALUE,
    lpNumberOfCharsWritten: Out[DWORD],
) -> BOOL:
    """Fill cells with a character, leaving the cursor where it is."""
    return await _fill(thread, hConsoleOutput, chr(cCharacter), nLength, dwWriteCoord, lpNumberOfCharsWritten)


@kernel32.export(CONSOLE)
async def FillConsoleOutputCharacterA(
    thread: Thread,
    hConsoleOutput: HANDLE,
    cCharacter: CHAR,
    nLength: DWORD,
    dwWriteCoord: COORD_VALUE,
    lpNumberOfCharsWritten: Out[DWORD],
) -> BOOL:
    """Fill cells with a character, leaving the cursor where it is."""
    codec = codec_of(console_of(thread).output_code_page)
    character = bytes((cCharacter & 0xFF,)).decode(codec, "replace")
    return await _fill(thread, hConsoleOutput, character, nLength, dwWriteCoord, lpNumberOfCharsWritten)


@kernel32.export(CONSOLE)
async def WriteConsoleOutputCharacterW(
    thread: Thread,
    hConsoleOutput: HANDLE,
    lpCharacter: Annotated[LPWSTR, InBytes("nLength", unit=2)],
    nLength: DWORD,
    dwWriteCoord: COORD_VALUE,
    lpNumberOfCharsWritten: Out[DWORD],
) -> BOOL:
    """Write characters at a place, leaving the cursor where it is."""
    text = thread.process.memory.read(lpCharacter, 2 * nLength).decode("utf-16-le", "replace")
    lpNumberOfCharsWritten.set(await _write_run(output_console(thread, hConsoleOutput), text, dwWriteCoord))
    return True


@kernel32.export(CONSOLE)
async def WriteConsoleOutputCharacterA(
    thread: Thread,
    hConsoleOutput: HANDLE,
    lpCharacter: Annotated[LPSTR, InBytes("nLength")],
    nLength: DWORD,
    dwWriteCoord: COORD_VALUE,
    lpNumberOfCharsWritten: Out[DWORD],
) -> BOOL:
    """Write characters of the output code page at a place, leaving the cursor where it is."""
    console = output_console(thread, hConsoleOutput)
    text = thread.process.memory.read(lpCharacter, nLength).decode(codec_of(console.output_code_page), "replace")
    lpNumberOfCharsWritten.set(await _write_run(console, text, dwWriteCoord))
    return True


async def _write_run(console: Console, text: str, start: int) -> int:
    place, fitting = _cells(console, start, len(text))
    shown = "".join(character if character >= " " else " " for character in text[:fitting])
    await console.send((place + shown + "\x1b8").encode("utf-8", "replace"))
    return fitting


async def _write_cells(
    thread: Thread, handle: int, buffer: int, size: int, origin: int, region: int, *, wide: bool
) -> bool:
    console = output_console(thread, handle)
    memory = thread.process.memory
    width, height = coordinates(size)
    from_x, from_y = coordinates(origin)
    left, top, right, bottom = struct.unpack("<hhhh", memory.read(region, 8))
    columns, rows = console.size()
    right, bottom = min(right, columns - 1, left + width - from_x - 1), min(bottom, rows - 1, top + height - from_y - 1)
    if min(left, top, from_x, from_y) < 0 or right < left or bottom < top:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    codec = codec_of(console.output_code_page)
    out = ["\x1b7"]
    for row in range(top, bottom + 1):
        start = ((from_y + row - top) * width + from_x) * 4
        cells = struct.iter_unpack("<HH", memory.read(buffer + start, (right - left + 1) * 4))
        out.append(f"\x1b[{row + 1};{left + 1}H")
        colour = -1
        for unit, attributes in cells:
            if attributes != colour:
                out.append(colour_sequence(attributes))
                colour = attributes
            character = chr(unit) if wide else bytes((unit & 0xFF,)).decode(codec, "replace")
            out.append(character if character >= " " else " ")
    out.append(colour_sequence(console.attributes) + "\x1b8")
    await console.send("".join(out).encode("utf-8", "replace"))
    memory.write(region, struct.pack("<hhhh", left, top, right, bottom))
    return True


@kernel32.export(CONSOLE)
async def WriteConsoleOutputW(
    thread: Thread,
    hConsoleOutput: HANDLE,
    lpBuffer: PVOID,
    dwBufferSize: COORD_VALUE,
    dwBufferCoord: COORD_VALUE,
    lpWriteRegion: PVOID,
) -> BOOL:
    """Write a rectangle of characters with attributes."""
    return await _write_cells(thread, hConsoleOutput, lpBuffer, dwBufferSize, dwBufferCoord, lpWriteRegion, wide=True)


@kernel32.export(CONSOLE)
async def WriteConsoleOutputA(
    thread: Thread,
    hConsoleOutput: HANDLE,
    lpBuffer: PVOID,
    dwBufferSize: COORD_VALUE,
    dwBufferCoord: COORD_VALUE,
    lpWriteRegion: PVOID,
) -> BOOL:
    """Write a rectangle of characters with attributes."""
    return await _write_cells(thread, hConsoleOutput, lpBuffer, dwBufferSize, dwBufferCoord, lpWriteRegion, wide=False)


async def _scroll(thread: Thread, handle: int, rectangle: int, clip: int, destination: int, fill: int) -> bool:
    console = output_console(thread, handle)
    left, top, right, bottom = struct.unpack("<hhhh", thread.process.memory.read(rectangle, 8))
    x, y = coordinates(destination)
    columns, rows = console.size()
    if clip or left or x or right < columns - 1 or (bottom < rows - 1 and y < top):
        raise NtError(st.STATUS_NOT_SUPPORTED)  # a terminal scrolls whole lines only
    count = top - y
    (attributes,) = struct.unpack("<H", thread.process.memory.read(fill + 2, 2))
    move = f"\x1b[{count}S" if count > 0 else f"\x1b[{-count}T"
    region = f"\x1b[{min(top, y) + 1};{rows}r"
    before, after = colour_sequence(attributes), colour_sequence(console.attributes)
    await console.send(f"\x1b7{before}{region}{move if count else ''}\x1b[r{after}\x1b8".encode())
    return True


@kernel32.export(CONSOLE)
async def ScrollConsoleScreenBufferW(
    thread: Thread,
    hConsoleOutput: HANDLE,
    lpScrollRectangle: PVOID,
    lpClipRectangle: PVOID,
    dwDestinationOrigin: COORD_VALUE,
    lpFill: PVOID,
) -> BOOL:
    """Scroll whole lines."""
    return await _scroll(thread, hConsoleOutput, lpScrollRectangle, lpClipRectangle, dwDestinationOrigin, lpFill)


@kernel32.export(CONSOLE)
async def ScrollConsoleScreenBufferA(
    thread: Thread,
    hConsoleOutput: HANDLE,
    lpScrollRectangle: PVOID,
    lpClipRectangle: PVOID,
    dwDestinationOrigin: COORD_VALUE,
    lpFill: PVOID,
) -> BOOL:
    """Scroll whole lines."""
    return await _scroll(thread, hConsoleOutput, lpScrollRectangle, lpClipRectangle, dwDestinationOrigin, lpFill)


@kernel32.export(CONSOLE)
def GetLargestConsoleWindowSize(thread: Thread, hConsoleOutput: HANDLE) -> COORD_VALUE:
    """Return the size of the terminal."""
    columns, rows = output_console(thread, hConsoleOutput).size()
    return rows << 16 | columns


@kernel32.export(CONSOLE)
def SetConsoleScreenBufferSize(thread: Thread, hConsoleOutput: HANDLE, dwSize: COORD_VALUE) -> BOOL:
    """Change the size of the screen buffer: it is the terminal's and can only be what it is."""
    if coordinates(dwSize) != output_console(thread, hConsoleOutput).size():
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return True


@kernel32.export(CONSOLE)
def SetConsoleWindowInfo(thread: Thread, hConsoleOutput: HANDLE, bAbsolute: BOOL, lpConsoleWindow: PVOID) -> BOOL:
    """Change the visible part: all of the screen buffer is."""
    columns, rows = output_console(thread, hConsoleOutput).size()
    wanted = struct.unpack("<hhhh", thread.process.memory.read(lpConsoleWindow, 8))
    unchanged = (0, 0, columns - 1, rows - 1) if bAbsolute else (0, 0, 0, 0)
    if wanted != unchanged:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return True


# Title and processes


def _title(thread: Thread, text: str, buffer: int, capacity: int, *, wide: bool) -> int:
    unit = 2 if wide else 1
    data = encode_text(thread, text, wide)
    if capacity:
        thread.process.memory.write(buffer, data[: (capacity - 1) * unit] + bytes(unit))
    thread.last_error = st.ERROR_SUCCESS
    return len(data) // unit


@kernel32.export(CONSOLE)
def GetConsoleTitleW(thread: Thread, lpConsoleTitle: LPWSTR, nSize: DWORD) -> DWORD:
    """Return the title."""
    return _title(thread, console_of(thread).title, lpConsoleTitle, nSize, wide=True)


@kernel32.export(CONSOLE)
def GetConsoleTitleA(thread: Thread, lpConsoleTitle: LPSTR, nSize: DWORD) -> DWORD:
    """Return the title."""
    return _title(thread, console_of(thread).title, lpConsoleTitle, nSize, wide=False)


@kernel32.export(CONSOLE)
def GetConsoleOriginalTitleW(thread: Thread, lpConsoleTitle: LPWSTR, nSize: DWORD) -> DWORD:
    """Return the title the console began with."""
    return _title(thread, console_of(thread).original_title, lpConsoleTitle, nSize, wide=True)


@kernel32.export(CONSOLE)
async def SetConsoleTitleW(thread: Thread, lpConsoleTitle: LPCWSTR) -> BOOL:
    """Change the title."""
    console = console_of(thread)
    if lpConsoleTitle is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    console.title = lpConsoleTitle
    if console.terminal is not None:
        shown = "".join(character for character in lpConsoleTitle if character.isprintable())
        await console.send(f"\x1b]0;{shown}\x07".encode("utf-8", "replace"))
    return True


kernel32.ansi(SetConsoleTitleW)


@kernel32.export(CONSOLE)
def GetConsoleWindow(thread: Thread) -> HWND:
    """Return the console's window: a terminal has none of this machine's."""
    return 0


@kernel32.export(CONSOLE)
def GetConsoleProcessList(thread: Thread, lpdwProcessList: PVOID, dwProcessCount: DWORD) -> DWORD:
    """Return the processes attached to the console, the latest first."""
    processes = [process.pid for process in reversed(console_of(thread).processes)]
    if not lpdwProcessList or not dwProcessCount:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if len(processes) <= dwProcessCount:
        thread.process.memory.write(lpdwProcessList, struct.pack(f"<{len(processes)}I", *processes))
    return len(processes)


@kernel32.export(CONSOLE)
def GetConsoleDisplayMode(thread: Thread, lpModeFlags: Out[DWORD]) -> BOOL:
    """Say whether the console fills the screen: no."""
    console_of(thread)
    lpModeFlags.set(0)
    return True


@kernel32.export(CONSOLE)
def GetNumberOfConsoleMouseButtons(thread: Thread, lpNumberOfMouseButtons: Out[DWORD]) -> BOOL:
    """Return the number of mouse buttons: a terminal's mouse is not ours."""
    console_of(thread)
    lpNumberOfMouseButtons.set(0)
    return True
