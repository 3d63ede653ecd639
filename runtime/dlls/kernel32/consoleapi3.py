"""consoleapi3.h: fonts, selection and history of a console whose window is a terminal."""

from __future__ import annotations

import struct
from typing import Annotated

from runtime.dlls.kernel32.consoleapi import console_of, output_console
from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.process_state import process_state
from runtime.dlls.types import BOOL, DWORD, HANDLE, PVOID, Int
from runtime.nt import status as st
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_FONT = (8, 16)
"""Width and height of a character in pixels: what the console of a new user has. The terminal's own are unknown."""
_FACE = "Consolas"
_EX_SIZE = 84
COORD_VALUE = Annotated[int, Int(4, kind="hex")]


@kernel32.export("console_io")
def GetCurrentConsoleFont(
    thread: Thread, hConsoleOutput: HANDLE, bMaximumWindow: BOOL, lpConsoleCurrentFont: PVOID
) -> BOOL:
    output_console(thread, hConsoleOutput)
    thread.process.memory.write(lpConsoleCurrentFont, struct.pack("<IHH", 0, *_FONT))
    return 1


@kernel32.export("console_io")
def GetCurrentConsoleFontEx(
    thread: Thread, hConsoleOutput: HANDLE, bMaximumWindow: BOOL, lpConsoleCurrentFontEx: PVOID
) -> BOOL:
    output_console(thread, hConsoleOutput)
    memory = thread.process.memory
    if memory.read_u32(lpConsoleCurrentFontEx) != _EX_SIZE:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    face = _FACE.encode("utf-16-le").ljust(64, b"\0")
    memory.write(lpConsoleCurrentFontEx + 4, struct.pack("<IHHII", 0, *_FONT, 54, 400) + face)
    return 1


@kernel32.export("console_io")
def GetConsoleFontSize(thread: Thread, hConsoleOutput: HANDLE, nFont: DWORD) -> COORD_VALUE:
    output_console(thread, hConsoleOutput)
    if nFont:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return _FONT[0] | _FONT[1] << 16


@kernel32.export("console_io")
def GetConsoleSelectionInfo(thread: Thread, lpConsoleSelectionInfo: PVOID) -> BOOL:
    console_of(thread)
    thread.process.memory.write(lpConsoleSelectionInfo, bytes(16))  # CONSOLE_NO_SELECTION: selecting is the terminal's
    return 1


class _History:
    """CONSOLE_HISTORY_INFO as it is by default."""

    def __init__(self) -> None:
        self.values = (50, 4, 0)


@kernel32.export("console_io")
def GetConsoleHistoryInfo(thread: Thread, lpConsoleHistoryInfo: PVOID) -> BOOL:
    console_of(thread)
    memory = thread.process.memory
    if memory.read_u32(lpConsoleHistoryInfo) != 16:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    memory.write(lpConsoleHistoryInfo + 4, struct.pack("<III", *process_state(thread.process, _History).values))
    return 1


@kernel32.export("console_io")
def SetConsoleHistoryInfo(thread: Thread, lpConsoleHistoryInfo: PVOID) -> BOOL:
    console_of(thread)
    size, buffers, count, flags = struct.unpack("<IIII", thread.process.memory.read(lpConsoleHistoryInfo, 16))
    if size != 16 or flags & ~1:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    process_state(thread.process, _History).values = buffers, count, flags
    return 1
