"""The descriptors of an address space in address order, and where it has room."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Final

from runtime.memory.constants import GRANULARITY
from runtime.memory.vad import Vad
from runtime.nt.status import STATUS_NO_MEMORY, NtError

LOWEST: Final = 0x10000
HIGHEST_64: Final = 0x7FFF_FFFE_FFFF
"""Last user address of 64-bit Windows 10 (MmHighestUserAddress)."""
HIGHEST_32: Final = 0x7FFE_FFFF


def _up(value: int, alignment: int) -> int:
    return -(-value // alignment) * alignment


class VadTable:
    """Descriptors by address. They never overlap."""

    def __init__(self, highest: int) -> None:
        self.highest = highest
        """Last address of user space."""
        self._starts: list[int] = []
        self._vads: dict[int, Vad] = {}
        self._full_below = LOWEST
        """No aligned 64 KiB are free below."""

    def find(self, address: int) -> Vad | None:
        """Return the descriptor that covers `address`."""
        index = bisect_right(self._starts, address) - 1
        if index < 0:
            return None
        vad = self._vads[self._starts[index]]
        return vad if address < vad.end else None

    def vads(self) -> Iterator[Vad]:
        """Yield the descriptors in address order."""
        for start in tuple(self._starts):
            vad = self._vads.get(start)
            if vad is not None:
                yield vad

    def next_start(self, address: int) -> int:
        """Return where the first descriptor above `address` begins; the end of user space when there is none."""
        index = bisect_right(self._starts, address)
        return self._starts[index] if index < len(self._starts) else self.highest + 1

    def insert(self, vad: Vad) -> None:
        """Add a descriptor; the range must be free."""
        insort(self._starts, vad.start)
        self._vads[vad.start] = vad

    def remove(self, vad: Vad) -> None:
        """Take a descriptor out; its range is free then."""
        del self._starts[bisect_left(self._starts, vad.start)]
        del self._vads[vad.start]
        self._full_below = min(self._full_below, vad.start)

    def clear(self) -> None:
        """Forget all descriptors."""
        self._starts.clear()
        self._vads.clear()
        self._full_below = LOWEST

    def is_free(self, start: int, end: int) -> bool:
        """Whether nothing is allocated in [start, end) and it is user space."""
        if start < LOWEST or end - 1 > self.highest:
            return False
        index = bisect_right(self._starts, start) - 1
        if index >= 0 and self._vads[self._starts[index]].end > start:
            return False
        return index + 1 >= len(self._starts) or self._starts[index + 1] >= end

    def find_free(self, size: int, *, lowest: int = LOWEST, highest: int | None = None, top_down: bool = False,
                  alignment: int = GRANULARITY) -> int:  # fmt: skip
        """Return the start of a free range of `size` bytes. Raises NtError(STATUS_NO_MEMORY)."""
        limit = self.highest if highest is None else min(highest, self.highest)
        if top_down:
            return self._find_from_top(size, max(lowest, LOWEST), limit, alignment)
        known = lowest <= self._full_below
        candidate = _up(self._full_below if known else lowest, alignment)
        index = max(bisect_right(self._starts, candidate) - 1, 0)
        full_below = 0
        while index < len(self._starts):
            start = self._starts[index]
            if candidate + size <= start:
                break
            if known and not full_below and candidate + GRANULARITY <= start:
                full_below = candidate
            end = self._vads[start].end
            if end > candidate:
                candidate = _up(end, alignment)
            index += 1
        if candidate + size - 1 > limit:
            raise NtError(STATUS_NO_MEMORY)
        if known and alignment == GRANULARITY:
            self._full_below = full_below or candidate
        return candidate

    def _find_from_top(self, size: int, lowest: int, limit: int, alignment: int) -> int:
        ceiling = limit + 1
        for start in reversed(self._starts):
            candidate = (ceiling - size) // alignment * alignment
            if candidate >= max(self._vads[start].end, lowest):
                return candidate
            ceiling = min(ceiling, start)
        candidate = (ceiling - size) // alignment * alignment
        if candidate < lowest:
            raise NtError(STATUS_NO_MEMORY)
        return candidate
