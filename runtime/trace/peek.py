"""Reading guest memory for the trace without the program noticing: guard pages stay armed, nothing faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.cpu.paging import PRESENT, USER
from runtime.memory.constants import PAGE_GUARD, PAGE_NOACCESS
from runtime.memory.faults import MemoryFault

if TYPE_CHECKING:
    from runtime.memory.space import AddressSpace

_PAGE = 0x1000
_READABLE = PRESENT | USER


class NotReadable(Exception):
    """That memory cannot be read, or not without a side effect."""


class Peek:
    """A view of one address space for the trace. Every reading method raises NotReadable."""

    __slots__ = ("_entry", "_memory", "pointer_size", "result")

    def __init__(self, memory: AddressSpace) -> None:
        self._memory = memory
        self._entry = memory.page_table.entry
        self.pointer_size = memory.pointer_size
        self.result: object = None
        """On return: what the function returned."""

    def readable(self, address: int) -> bool:
        """Whether the byte at `address` can be read without the program noticing."""
        if self._entry(address) & _READABLE == _READABLE:
            return True
        vad = self._memory.find(address)
        if vad is None:
            return False
        protect = vad.pages[address >> 12]
        return bool(protect) and not protect & (PAGE_GUARD | PAGE_NOACCESS)

    def read(self, address: int, size: int) -> bytes:
        """Exactly `size` bytes at `address`."""
        for page in range(address & -_PAGE, address + size, _PAGE):
            if not self.readable(max(page, address)):
                raise NotReadable(address)
        try:
            return self._memory.read(address, size)
        except MemoryFault:
            raise NotReadable(address) from None

    def read_up_to(self, address: int, size: int) -> bytes:
        """The readable beginning of `size` bytes at `address`; at least one byte."""
        first = min(size, _PAGE - (address & 0xFFF))
        data = self.read(address, first)
        while len(data) < size and self.readable(address + len(data)):
            data += self.read(address + len(data), min(size - len(data), _PAGE))
        return data

    def read_str(self, address: int, limit: int) -> bytes:
        """Bytes up to the first NUL, at most `limit`."""
        data = b""
        while len(data) < limit:
            step = min(limit - len(data), _PAGE - (address + len(data) & 0xFFF))
            part = self.read(address + len(data), step)
            end = part.find(b"\0")
            if end >= 0:
                return data + part[:end]
            data += part
        return data

    def read_wstr(self, address: int, limit: int) -> str:
        """UTF-16 text up to the first NUL, at most `limit` units."""
        data = b""
        while len(data) < limit * 2:
            at = address + len(data)
            part = self.read(at, max(2, min(limit * 2 - len(data), _PAGE - (at & 0xFFF)) & ~1))
            for index in range(0, len(part), 2):
                if part[index] == 0 and part[index + 1] == 0:
                    return (data + part[:index]).decode("utf-16-le", "surrogatepass")
            data += part
        return data.decode("utf-16-le", "surrogatepass")


def narrow_text(data: bytes) -> str:
    """The text of a narrow string: UTF-8 where it is that, else the Western code page."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "backslashreplace")
