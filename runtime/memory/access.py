"""Reading and writing guest memory from Python, safely: page by page through the guest's own page table."""

from __future__ import annotations

import struct
from typing import Final

from runtime.cpu.engine import Access
from runtime.cpu.paging import FRAME_MASK, NO_EXECUTE, PRESENT, USER, WRITABLE, PageTable
from runtime.cpu.physical import PAGE_SIZE, PhysicalMemory

_READABLE: Final = PRESENT | USER
_WRITABLE: Final = PRESENT | USER | WRITABLE
_U16: Final = struct.Struct("<H")
_U32: Final = struct.Struct("<I")
_U64: Final = struct.Struct("<Q")


class GuestMemory:
    """Byte access to one address space. Every method may raise AccessViolation (or another MemoryFault)."""

    def __init__(self, physical: PhysicalMemory, pointer_size: int) -> None:
        self.physical = physical
        self.pointer_size = pointer_size
        self.page_table = PageTable(physical)
        self._tables = self.page_table.tables
        self._words = physical.words
        self._bytes = physical.bytes

    def resolve(self, address: int, access: Access) -> int:
        """Make the page at `address` present for `access` and return its entry. Raises MemoryFault."""
        raise NotImplementedError

    def code_written(self, address: int, size: int) -> None:
        """Called after the host wrote into an executable page."""

    def _place_to_read(self, address: int) -> int:
        first = self._tables.get(address >> 21)
        entry = self._words[first + (address >> 12 & 511)] if first is not None else 0
        if entry & _READABLE != _READABLE:
            entry = self.resolve(address, Access.READ)
        return (entry & FRAME_MASK) + (address & 0xFFF)

    def _place_to_write(self, address: int, size: int) -> int:
        first = self._tables.get(address >> 21)
        entry = self._words[first + (address >> 12 & 511)] if first is not None else 0
        if entry & _WRITABLE != _WRITABLE:
            entry = self.resolve(address, Access.WRITE)
        if not entry & NO_EXECUTE:
            self.code_written(address, size)
        return (entry & FRAME_MASK) + (address & 0xFFF)

    def read(self, address: int, size: int) -> bytes:
        """Return `size` bytes at `address`."""
        if (address & 0xFFF) + size <= PAGE_SIZE:
            if size <= 0:
                return b""
            place = self._place_to_read(address)
            return bytes(self._bytes[place : place + size])
        return b"".join(self.views(address, size, write=False))

    def write(self, address: int, data: bytes | bytearray | memoryview) -> None:
        """Store `data` at `address`; nothing is stored when a page of the range does not allow it."""
        size = len(data)
        if (address & 0xFFF) + size <= PAGE_SIZE:
            if size:
                place = self._place_to_write(address, size)
                self._bytes[place : place + size] = data
            return
        done = 0
        source = memoryview(data)
        for view in self.views(address, size, write=True):
            view[:] = source[done : done + len(view)]
            done += len(view)

    def views(self, address: int, size: int, *, write: bool) -> list[memoryview]:
        """Return views of [address, address + size), in order: for preadv and pwritev.

        They are valid until the guest runs again. Pages are made present first, so a fault leaves nothing half done.
        """
        found: list[tuple[int, int]] = []
        end = address + size
        while address < end:
            step = min(PAGE_SIZE - (address & 0xFFF), end - address)
            place = self._place_to_write(address, step) if write else self._place_to_read(address)
            if found and found[-1][0] + found[-1][1] == place:
                found[-1] = (found[-1][0], found[-1][1] + step)
            else:
                found.append((place, step))
            address += step
        return [self._bytes[place : place + length] for place, length in found]

    def fill(self, address: int, size: int, value: int = 0) -> None:
        """Store `size` bytes of `value` at `address`."""
        for view in self.views(address, size, write=True):
            view[:] = bytes((value,)) * len(view)

    def read_u8(self, address: int) -> int:
        """Return the byte at `address`."""
        return self._bytes[self._place_to_read(address)]

    def read_u16(self, address: int) -> int:
        """Return the 16-bit integer at `address`."""
        if address & 0xFFF > 0xFFE:
            return int.from_bytes(self.read(address, 2), "little")
        value: int = _U16.unpack_from(self._bytes, self._place_to_read(address))[0]
        return value

    def read_u32(self, address: int) -> int:
        """Return the 32-bit integer at `address`."""
        if address & 0xFFF > 0xFFC:
            return int.from_bytes(self.read(address, 4), "little")
        value: int = _U32.unpack_from(self._bytes, self._place_to_read(address))[0]
        return value

    def read_u64(self, address: int) -> int:
        """Return the 64-bit integer at `address`."""
        if address & 0xFFF > 0xFF8:
            return int.from_bytes(self.read(address, 8), "little")
        value: int = _U64.unpack_from(self._bytes, self._place_to_read(address))[0]
        return value

    def write_u8(self, address: int, value: int) -> None:
        """Store a byte at `address`; higher bits are dropped."""
        self._bytes[self._place_to_write(address, 1)] = value & 0xFF

    def write_u16(self, address: int, value: int) -> None:
        """Store a 16-bit integer at `address`; higher bits are dropped."""
        self.write(address, _U16.pack(value & 0xFFFF))

    def write_u32(self, address: int, value: int) -> None:
        """Store a 32-bit integer at `address`; higher bits are dropped."""
        if address & 0xFFF > 0xFFC:
            self.write(address, _U32.pack(value & 0xFFFF_FFFF))
        else:
            _U32.pack_into(self._bytes, self._place_to_write(address, 4), value & 0xFFFF_FFFF)

    def write_u64(self, address: int, value: int) -> None:
        """Store a 64-bit integer at `address`; higher bits are dropped."""
        if address & 0xFFF > 0xFF8:
            self.write(address, _U64.pack(value & 0xFFFF_FFFF_FFFF_FFFF))
        else:
            _U64.pack_into(self._bytes, self._place_to_write(address, 8), value & 0xFFFF_FFFF_FFFF_FFFF)

    def read_pointer(self, address: int) -> int:
        """Return the pointer at `address`, as wide as the process's pointers."""
        return self.read_u64(address) if self.pointer_size == 8 else self.read_u32(address)

    def write_pointer(self, address: int, value: int) -> None:
        """Store a pointer at `address`, as wide as the process's pointers."""
        if self.pointer_size == 8:
            self.write_u64(address, value)
        else:
            self.write_u32(address, value)

    def read_str(self, address: int, limit: int = 1 << 20) -> bytes:
        """Return the bytes at `address` up to the first NUL, at most `limit` of them."""
        parts = []
        while limit > 0:
            step = min(PAGE_SIZE - (address & 0xFFF), limit)
            place = self._place_to_read(address)
            part = bytes(self._bytes[place : place + step])
            end = part.find(b"\0")
            if end >= 0:
                parts.append(part[:end])
                break
            parts.append(part)
            address += step
            limit -= step
        return b"".join(parts)

    def read_wstr(self, address: int, limit: int = 1 << 20) -> str:
        """Return the UTF-16 text at `address` up to the first NUL, at most `limit` units; lone surrogates are kept."""
        parts = []
        rest = limit * 2
        while rest > 0:
            step = min(PAGE_SIZE - (address & 0xFFF), rest)
            if step < 2:
                part = self.read(address, 2)
                step = 2
            else:
                step &= ~1
                place = self._place_to_read(address)
                part = bytes(self._bytes[place : place + step])
            end = part.find(b"\0\0")
            while end & 1 and end >= 0:
                end = part.find(b"\0\0", end + 1)
            if end >= 0:
                parts.append(part[:end])
                break
            parts.append(part)
            address += step
            rest -= step
        return b"".join(parts).decode("utf-16-le", "surrogatepass")

    def write_wstr(self, address: int, text: str) -> None:
        """Store UTF-16 text and a NUL at `address`."""
        self.write(address, text.encode("utf-16-le", "surrogatepass") + b"\0\0")
