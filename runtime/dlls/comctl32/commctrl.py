"""commctrl.h: registering the common controls, which is all a console program does with them."""

from __future__ import annotations

from runtime.dlls.comctl32.dll import comctl32
from runtime.dlls.types import BOOL, LPVOID
from runtime.nt.thread import Thread


@comctl32.export(category="gui", ordinal=17)
def InitCommonControls(thread: Thread) -> None:
    """Have the DLL loaded; registers the classes on Windows versions before XP."""


@comctl32.export(category="gui")
def InitCommonControlsEx(thread: Thread, picce: LPVOID) -> BOOL:
    """Register classes of common controls: INITCOMMONCONTROLSEX must have its size; the classes are not there yet."""
    return int(bool(picce) and thread.process.memory.read_u32(picce) == 8)
