"""timeapi.h and playsoundapi.h: the timer resolution, and sounds that nobody hears."""

from __future__ import annotations

from runtime.dlls.types import BOOL, DWORD, HMODULE, LPCWSTR, LPVOID, UINT
from runtime.dlls.winmm import winmm
from runtime.nt.thread import Thread

TIMERR_NOERROR = 0
TIMERR_NOCANDO = 97
TIMERR_STRUCT = 129


@winmm.export(category="time")
def timeBeginPeriod(thread: Thread, uPeriod: UINT) -> UINT:
    """Ask for a timer resolution in ms: the clock here is always finer."""
    return TIMERR_NOERROR if 1 <= uPeriod <= 1_000_000 else TIMERR_NOCANDO


@winmm.export(category="time")
def timeEndPeriod(thread: Thread, uPeriod: UINT) -> UINT:
    """Take back timeBeginPeriod."""
    return TIMERR_NOERROR if 1 <= uPeriod <= 1_000_000 else TIMERR_NOCANDO


@winmm.export(category="time")
def timeGetTime(thread: Thread) -> DWORD:
    """Return milliseconds since boot."""
    return thread.clock.ticks() // 10_000 & 0xFFFFFFFF


@winmm.export(category="time")
def timeGetDevCaps(thread: Thread, ptc: LPVOID, cbtc: UINT) -> UINT:
    """Return the smallest and largest period in ms."""
    if cbtc < 8 or not ptc:
        return TIMERR_STRUCT
    thread.process.memory.write(ptc, (1).to_bytes(4, "little") + (1_000_000).to_bytes(4, "little"))
    return TIMERR_NOERROR


@winmm.export(category="gui")
def PlaySoundW(thread: Thread, pszSound: LPCWSTR, hmod: HMODULE, fdwSound: DWORD) -> BOOL:
    """Play a sound: fails, as on a computer without a sound device, unless it only stops sounds (NULL)."""
    return int(pszSound is None)


PlaySoundA = winmm.ansi(PlaySoundW)
