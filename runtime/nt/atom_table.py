"""Atoms: names that stand for 16-bit numbers, counted by use (learn.microsoft.com, "About Atom Tables")."""

from __future__ import annotations

from typing import Final

from runtime.nt import status as st
from runtime.nt.status import Win32Error

FIRST: Final = 0xC000
MAXIMUM_LENGTH: Final = 255


class AtomTable:
    """One table. Names compare without regard to case; the first spelling is kept."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._entries: dict[int, tuple[str, int]] = {}
        """Atom → its name and how often it was added."""

    def add(self, name: str) -> int:
        """Return the atom of a name, made if need be, and count one more use. Raises Win32Error."""
        number = integer_atom(name)
        if number is not None:
            return number
        if not name or len(name) > MAXIMUM_LENGTH:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
        number = self._numbers.get(name.upper())
        if number is None:
            number = next((free for free in range(FIRST, 0x10000) if free not in self._entries), None)
            if number is None:
                raise Win32Error(st.ERROR_NOT_ENOUGH_MEMORY)
            self._numbers[name.upper()] = number
            self._entries[number] = (name, 0)
        kept, uses = self._entries[number]
        self._entries[number] = (kept, uses + 1)
        return number

    def find(self, name: str) -> int:
        """Return the atom of a name. Raises Win32Error(ERROR_FILE_NOT_FOUND)."""
        number = integer_atom(name)
        if number is None:
            number = self._numbers.get(name.upper())
        if number is None:
            raise Win32Error(st.ERROR_FILE_NOT_FOUND)
        return number

    def name(self, number: int) -> str:
        """Return the name of an atom, `#123` for an integer atom. Raises Win32Error(ERROR_INVALID_HANDLE)."""
        if 0 < number < FIRST:
            return f"#{number}"
        if number not in self._entries:
            raise Win32Error(st.ERROR_INVALID_HANDLE)
        return self._entries[number][0]

    def delete(self, number: int) -> None:
        """Count one use less. Raises Win32Error(ERROR_INVALID_HANDLE)."""
        if number < FIRST:
            return
        if number not in self._entries:
            raise Win32Error(st.ERROR_INVALID_HANDLE)
        name, uses = self._entries[number]
        if uses > 1:
            self._entries[number] = (name, uses - 1)
        else:
            del self._entries[number], self._numbers[name.upper()]


def integer_atom(name: str) -> int | None:
    """The number that `#123` stands for; None for a name. Raises Win32Error(ERROR_INVALID_PARAMETER) out of range."""
    if not name.startswith("#") or not name[1:].isascii() or not name[1:].isdigit():
        return None
    number = int(name[1:])
    if not 0 < number < FIRST:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return number
