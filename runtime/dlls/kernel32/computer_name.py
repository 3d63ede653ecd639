"""sysinfoapi.h, winbase.h: the computer's name."""

from __future__ import annotations

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import BOOL, DWORD, LPSTR, LPWSTR, InOut
from runtime.nt import status as st
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_DNS_DOMAINS = (2, 6)  # ComputerNameDnsDomain, ComputerNamePhysicalDnsDomain


def _give(thread: Thread, text: str, buffer: int, size: InOut[DWORD], *, wide: bool, too_small: int) -> int:
    """Store a name; the size, in characters, counts the NUL on the way in and not on the way out."""
    data = text.encode("utf-16-le") + b"\0\0" if wide else thread.process.encode_ansi(text) + b"\0"
    needed = len(data) // (2 if wide else 1)
    if not buffer or size.get() < needed:
        size.set(needed)
        raise Win32Error(too_small)
    thread.process.memory.write(buffer, data)
    size.set(needed - 1)
    return 1


def _name(thread: Thread, kind: int) -> str:
    computer = thread.process.machine.config.computer_name
    if not 0 <= kind < 8:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return "" if kind in _DNS_DOMAINS else computer.upper() if kind in (0, 4) else computer


@kernel32.export("environment")
def GetComputerNameW(thread: Thread, lpBuffer: LPWSTR, nSize: InOut[DWORD]) -> BOOL:
    return _give(thread, _name(thread, 0), lpBuffer, nSize, wide=True, too_small=st.ERROR_BUFFER_OVERFLOW)


@kernel32.export("environment")
def GetComputerNameA(thread: Thread, lpBuffer: LPSTR, nSize: InOut[DWORD]) -> BOOL:
    return _give(thread, _name(thread, 0), lpBuffer, nSize, wide=False, too_small=st.ERROR_BUFFER_OVERFLOW)


@kernel32.export("environment")
def GetComputerNameExW(thread: Thread, NameType: DWORD, lpBuffer: LPWSTR, nSize: InOut[DWORD]) -> BOOL:
    return _give(thread, _name(thread, NameType), lpBuffer, nSize, wide=True, too_small=st.ERROR_MORE_DATA)


@kernel32.export("environment")
def GetComputerNameExA(thread: Thread, NameType: DWORD, lpBuffer: LPSTR, nSize: InOut[DWORD]) -> BOOL:
    return _give(thread, _name(thread, NameType), lpBuffer, nSize, wide=False, too_small=st.ERROR_MORE_DATA)
