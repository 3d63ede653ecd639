"""consoleapi2.h: cells of the screen buffer read back, and recoloured."""

from __future__ import annotations

import struct

from runtime.dlls.kernel32.consoleapi import output_console
from runtime.dlls.kernel32.consoleapi2 import COORD_VALUE, coordinates
from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.file_support import CONSOLE
from runtime.dlls.types import BOOL, DWORD, HANDLE, LPSTR, LPWSTR, PVOID, WORD, Out
from runtime.nt import status as st
from runtime.nt.console import Console, codec_of, colour_sequence
from runtime.nt.console_screen import Cell
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread


def _run_of(console: Console, count: int, start: int) -> list[Cell]:
    """Up to `count` cells from a place on, row after row. Raises Win32Error ERROR_INVALID_PARAMETER outside."""
    rows = console.cells()
    x, y = coordinates(start)
    if not (0 <= y < len(rows) and 0 <= x < len(rows[y])):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    cells = rows[y][x:]
    for row in rows[y + 1 :]:
        if len(cells) >= count:
            break
        cells += row
    return cells[:count]


def _unit(character: str) -> int:
    return ord(character) if character <= "\uffff" else 0xFFFD


def _byte(character: str, codec: str) -> int:
    data = character.encode(codec, "replace")
    return data[0] if len(data) == 1 else 0x3F


@kernel32.export(CONSOLE)
def ReadConsoleOutputCharacterW(
    thread: Thread,
    hConsoleOutput: HANDLE,
    lpCharacter: LPWSTR,
    nLength: DWORD,
    dwReadCoord: COORD_VALUE,
    lpNumberOfCharsRead: Out[DWORD],
) -> BOOL:
    """Read the characters of cells."""
    cells = _run_of(output_console(thread, hConsoleOutput), nLength, dwReadCoord)
    units = [_unit(cell.character) for cell in cells]
    thread.process.memory.write(lpCharacter, struct.pack(f"<{len(units)}H", *units))
    lpNumberOfCharsRead.set(len(cells))
    return True


@kernel32.export(CONSOLE)
def ReadConsoleOutputCharacterA(
    thread: Thread,
    hConsoleOutput: HANDLE,
    lpCharacter: LPSTR,
    nLength: DWORD,
    dwReadCoord: COORD_VALUE,
    lpNumberOfCharsRead: Out[DWORD],
) -> BOOL:
    """Read the characters of cells, in the output code page."""
    console = output_console(thread, hConsoleOutput)
    codec = codec_of(console.output_code_page)
    cells = _run_of(console, nLength, dwReadCoord)
    thread.process.memory.write(lpCharacter, bytes(_byte(cell.character, codec) for cell in cells))
    lpNumberOfCharsRead.set(len(cells))
    return True


@kernel32.export(CONSOLE)
def ReadConsoleOutputAttribute(
    thread: Thread,
    hConsoleOutput: HANDLE,
    lpAttribute: PVOID,
    nLength: DWORD,
    dwReadCoord: COORD_VALUE,
    lpNumberOfAttrsRead: Out[DWORD],
) -> BOOL:
    """Read the attributes of cells."""
    cells = _run_of(output_console(thread, hConsoleOutput), nLength, dwReadCoord)
    thread.process.memory.write(lpAttribute, struct.pack(f"<{len(cells)}H", *(cell.attributes for cell in cells)))
    lpNumberOfAttrsRead.set(len(cells))
    return True


def _read_rectangle(
    thread: Thread, handle: int, buffer: int, size: int, origin: int, region: int, *, wide: bool
) -> bool:
    console = output_console(thread, handle)
    memory = thread.process.memory
    rows = console.cells()
    width, height = coordinates(size)
    to_x, to_y = coordinates(origin)
    left, top, right, bottom = struct.unpack("<hhhh", memory.read(region, 8))
    right = min(right, len(rows[0]) - 1, left + width - to_x - 1)
    bottom = min(bottom, len(rows) - 1, top + height - to_y - 1)
    if min(left, top, to_x, to_y) < 0 or right < left or bottom < top:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    codec = codec_of(console.output_code_page)
    for y in range(top, bottom + 1):
        data = b"".join(
            struct.pack("<HH", _unit(cell.character) if wide else _byte(cell.character, codec), cell.attributes)
            for cell in rows[y][left : right + 1]
        )
        memory.write(buffer + ((to_y + y - top) * width + to_x) * 4, data)
    memory.write(region, struct.pack("<hhhh", left, top, right, bottom))
    return True


@kernel32.export(CONSOLE)
def ReadConsoleOutputW(
    thread: Thread,
    hConsoleOutput: HANDLE,
    lpBuffer: PVOID,
    dwBufferSize: COORD_VALUE,
    dwBufferCoord: COORD_VALUE,
    lpReadRegion: PVOID,
) -> BOOL:
    """Read a rectangle of characters with attributes."""
    return _read_rectangle(thread, hConsoleOutput, lpBuffer, dwBufferSize, dwBufferCoord, lpReadRegion, wide=True)


@kernel32.export(CONSOLE)
def ReadConsoleOutputA(
    thread: Thread,
    hConsoleOutput: HANDLE,
    lpBuffer: PVOID,
    dwBufferSize: COORD_VALUE,
    dwBufferCoord: COORD_VALUE,
    lpReadRegion: PVOID,
) -> BOOL:
    """Read a rectangle of characters, in the output code page, with attributes."""
    return _read_rectangle(thread, hConsoleOutput, lpBuffer, dwBufferSize, dwBufferCoord, lpReadRegion, wide=False)


async def _recolour(console: Console, start: int, wanted: list[int]) -> int:
    """Show the characters of cells again in other colours; returns how many cells there were."""
    cells = _run_of(console, len(wanted), start)
    x, y = coordinates(start)
    columns, _ = console.size()
    out = ["\x1b7"]
    colour = -1
    for number, (cell, attributes) in enumerate(zip(cells, wanted, strict=False)):
        row, column = divmod(y * columns + x + number, columns)
        if number == 0 or column == 0:
            out.append(f"\x1b[{row + 1};{column + 1}H")
        if attributes != colour:
            out.append(colour_sequence(attributes))
            colour = attributes
        if not cell.trailing:
            out.append(cell.character)
    out.append(colour_sequence(console.attributes) + "\x1b8")
    await console.send("".join(out).encode("utf-8", "replace"))
    return len(cells)


@kernel32.export(CONSOLE)
async def WriteConsoleOutputAttribute(
    thread: Thread,
    hConsoleOutput: HANDLE,
    lpAttribute: PVOID,
    nLength: DWORD,
    dwWriteCoord: COORD_VALUE,
    lpNumberOfAttrsWritten: Out[DWORD],
) -> BOOL:
    """Give cells other attributes."""
    console = output_console(thread, hConsoleOutput)
    columns, rows = console.size()
    count = min(nLength, columns * rows)
    wanted = list(struct.unpack(f"<{count}H", thread.process.memory.read(lpAttribute, 2 * count)))
    lpNumberOfAttrsWritten.set(await _recolour(console, dwWriteCoord, wanted))
    return True


@kernel32.export(CONSOLE)
async def FillConsoleOutputAttribute(
    thread: Thread,
    hConsoleOutput: HANDLE,
    wAttribute: WORD,
    nLength: DWORD,
    dwWriteCoord: COORD_VALUE,
    lpNumberOfAttrsWritten: Out[DWORD],
) -> BOOL:
    """Give cells another attribute."""
    console = output_console(thread, hConsoleOutput)
    columns, rows = console.size()
    count = min(nLength, columns * rows)
    lpNumberOfAttrsWritten.set(await _recolour(console, dwWriteCoord, [wAttribute] * count))
    return True
