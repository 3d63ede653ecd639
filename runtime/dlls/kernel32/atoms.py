"""winbase.h: the local atom table of a process and the global one of the session."""

from __future__ import annotations

from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.process_state import process_state
from runtime.dlls.types import ATOM, BOOL, DWORD, INT, LPSTR, LPWSTR, PVOID, UINT, OutBytes
from runtime.nt import status as st
from runtime.nt.atom_table import FIRST, AtomTable
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread


def _local(thread: Thread) -> AtomTable:
    return process_state(thread.process, AtomTable)


def _global(thread: Thread) -> AtomTable:
    return thread.process.machine.atoms


def _text(thread: Thread, value: int, *, wide: bool) -> str:
    """The name that a string or MAKEINTATOM argument means."""
    if value <= 0xFFFF:
        if not 0 < value < FIRST:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
        return f"#{value}"
    memory = thread.process.memory
    return memory.read_wstr(value) if wide else thread.process.decode_ansi(memory.read_str(value))


def _give(thread: Thread, text: str, buffer: int, size: int, *, wide: bool) -> int:
    if size <= 0:
        raise Win32Error(st.ERROR_MORE_DATA)
    data = text.encode("utf-16-le", "surrogatepass") if wide else thread.process.encode_ansi(text)
    unit = 2 if wide else 1
    if len(data) // unit >= size:
        thread.process.memory.write(buffer, data[: (size - 1) * unit] + bytes(unit))
        raise Win32Error(st.ERROR_MORE_DATA)
    thread.process.memory.write(buffer, data + bytes(unit))
    return len(data) // unit


def _delete(thread: Thread, table: AtomTable, number: int) -> int:
    """Zero, or the atom itself where there is none such."""
    try:
        table.delete(number)
    except Win32Error as error:
        thread.last_error = error.error
        return number
    return 0


@kernel32.export("environment")
def InitAtomTable(thread: Thread, nSize: DWORD) -> BOOL:
    """A process has a table of atoms from its start, whatever its size; nonzero is success."""
    return 1  # the size is only a hint


@kernel32.export("environment")
def AddAtomW(thread: Thread, lpString: PVOID) -> ATOM:
    return _local(thread).add(_text(thread, lpString, wide=True))


@kernel32.export("environment")
def FindAtomW(thread: Thread, lpString: PVOID) -> ATOM:
    return _local(thread).find(_text(thread, lpString, wide=True))


@kernel32.export("environment")
def GetAtomNameW(
    thread: Thread, nAtom: ATOM, lpBuffer: Annotated[LPWSTR, OutBytes("nSize", unit=2)], nSize: INT
) -> UINT:
    return _give(thread, _local(thread).name(nAtom), lpBuffer, nSize, wide=True)


@kernel32.export("environment")
def AddAtomA(thread: Thread, lpString: PVOID) -> ATOM:
    return _local(thread).add(_text(thread, lpString, wide=False))


@kernel32.export("environment")
def FindAtomA(thread: Thread, lpString: PVOID) -> ATOM:
    return _local(thread).find(_text(thread, lpString, wide=False))


@kernel32.export("environment")
def GetAtomNameA(thread: Thread, nAtom: ATOM, lpBuffer: Annotated[LPSTR, OutBytes("nSize")], nSize: INT) -> UINT:
    return _give(thread, _local(thread).name(nAtom), lpBuffer, nSize, wide=False)


@kernel32.export("environment")
def DeleteAtom(thread: Thread, nAtom: ATOM) -> ATOM:
    return _delete(thread, _local(thread), nAtom)


@kernel32.export("environment")
def GlobalAddAtomW(thread: Thread, lpString: PVOID) -> ATOM:
    return _global(thread).add(_text(thread, lpString, wide=True))


@kernel32.export("environment")
def GlobalFindAtomW(thread: Thread, lpString: PVOID) -> ATOM:
    return _global(thread).find(_text(thread, lpString, wide=True))


@kernel32.export("environment")
def GlobalGetAtomNameW(
    thread: Thread, nAtom: ATOM, lpBuffer: Annotated[LPWSTR, OutBytes("nSize", unit=2)], nSize: INT
) -> UINT:
    return _give(thread, _global(thread).name(nAtom), lpBuffer, nSize, wide=True)


@kernel32.export("environment")
def GlobalAddAtomA(thread: Thread, lpString: PVOID) -> ATOM:
    return _global(thread).add(_text(thread, lpString, wide=False))


@kernel32.export("environment")
def GlobalFindAtomA(thread: Thread, lpString: PVOID) -> ATOM:
    return _global(thread).find(_text(thread, lpString, wide=False))


@kernel32.export("environment")
def GlobalGetAtomNameA(thread: Thread, nAtom: ATOM, lpBuffer: Annotated[LPSTR, OutBytes("nSize")], nSize: INT) -> UINT:
    return _give(thread, _global(thread).name(nAtom), lpBuffer, nSize, wide=False)


@kernel32.export("environment")
def GlobalDeleteAtom(thread: Thread, nAtom: ATOM) -> ATOM:
    return _delete(thread, _global(thread), nAtom)


@kernel32.export("environment")
def GlobalAddAtomExW(thread: Thread, lpString: PVOID, Flags: DWORD) -> ATOM:
    if Flags & ~0x2:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return _global(thread).add(_text(thread, lpString, wide=True))


@kernel32.export("environment")
def GlobalAddAtomExA(thread: Thread, lpString: PVOID, Flags: DWORD) -> ATOM:
    if Flags & ~0x2:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return _global(thread).add(_text(thread, lpString, wide=False))
