"""x86-64 page tables in guest-physical memory, shared by every engine (Intel SDM volume 3, 4.5)."""

from __future__ import annotations

from typing import Final

from runtime.cpu.physical import PAGE_SIZE, PhysicalMemory

PRESENT: Final = 1
WRITABLE: Final = 2
USER: Final = 4
ACCESSED: Final = 0x20
DIRTY: Final = 0x40
OWNED: Final = 0x200
"""Software bit: the frame belongs to this address space alone, also while the entry is not PRESENT."""
NO_EXECUTE: Final = 1 << 63
FRAME_MASK: Final = 0x000F_FFFF_FFFF_F000

_LINK: Final = PRESENT | WRITABLE | USER


class PageTable:
    """One address space's translation tables.

    `tables` maps an address's upper bits (address >> 21) to the word index of the last-level table in
    `memory.words`, so that a reader needs one dictionary look-up and one word:
    `words[tables[address >> 21] + (address >> 12 & 511)]`.
    """

    def __init__(self, memory: PhysicalMemory) -> None:
        self.memory = memory
        self.root = memory.allocate()
        self.tables: dict[int, int] = {}
        self._table_frames = [self.root]

    def _new_table(self) -> int:
        frame = self.memory.allocate()
        self._table_frames.append(frame)
        return frame

    def _table(self, address: int) -> int:
        words = self.memory.words
        table = self.root
        for shift in (39, 30, 21):
            index = (table >> 3) + (address >> shift & 511)
            entry = words[index]
            if not entry & PRESENT:
                entry = self._new_table() | _LINK
                words[index] = entry
            table = entry & FRAME_MASK
        first = table >> 3
        self.tables[address >> 21 & 0x7FFFFFF] = first
        return first

    def entry(self, address: int) -> int:
        """Return the last-level entry for an address, 0 where there is none."""
        first = self.tables.get(address >> 21)
        return self.memory.words[first + (address >> 12 & 511)] if first is not None else 0

    def set(self, address: int, frame: int, flags: int) -> None:
        """Map one page; the caller flushes the engine's TLB if something was mapped there before."""
        first = self.tables.get(address >> 21)
        if first is None:
            first = self._table(address)
        self.memory.words[first + (address >> 12 & 511)] = frame | flags

    def clear(self, address: int) -> int:
        """Unmap one page and return its old entry."""
        first = self.tables.get(address >> 21)
        if first is None:
            return 0
        index = first + (address >> 12 & 511)
        entry = self.memory.words[index]
        self.memory.words[index] = 0
        return entry

    def mapped(self, start: int, end: int) -> list[int]:
        """Return the addresses of the pages with an entry in [start, end), skipping holes of 2 MiB quickly."""
        found = []
        words = self.memory.words
        regions = range(start >> 21, (end - 1 >> 21) + 1)
        for region in regions if len(regions) <= len(self.tables) else sorted(self.tables):
            if region not in regions:
                continue
            first = self.tables.get(region)
            if first is None:
                continue
            low = max(start, region << 21)
            high = min(end, (region + 1) << 21)
            index = first + (low >> 12 & 511)
            for address in range(low, high, PAGE_SIZE):
                if words[index]:
                    found.append(address)
                index += 1
        return found

    def close(self) -> None:
        """Return the tables' own frames."""
        for frame in self._table_frames:
            self.memory.free(frame)
        self._table_frames.clear()
        self.tables.clear()
