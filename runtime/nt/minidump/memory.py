"""Which memory a dump holds."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Final

from runtime.memory.constants import (
    MEM_COMMIT,
    MEM_PRIVATE,
    PAGE_EXECUTE_READWRITE,
    PAGE_EXECUTE_WRITECOPY,
    PAGE_GUARD,
    PAGE_NOACCESS,
    PAGE_READWRITE,
    PAGE_WRITECOPY,
)
from runtime.memory.faults import MemoryFault
from runtime.memory.inspect import peek
from runtime.memory.space import AddressSpace

Range = tuple[int, int]
"""First address, and the one behind the last."""

CODE: Final = 256
"""Bytes of code around an address where a thread goes on."""
AROUND: Final = 512
"""Bytes around an address that a register or the stack holds."""
REFERENCES: Final = 4096
"""Most addresses on stacks that are followed."""
_WRITABLE: Final = (PAGE_READWRITE, PAGE_WRITECOPY, PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY)


def committed(space: AddressSpace, *, writable: bool = False, private: bool = False) -> Iterator[Range]:
    """Everything that can be read; on request only what may be written, or what is not a view of a section."""
    for vad in space.vads():
        if private and vad.kind != MEM_PRIVATE:
            continue
        for first, last, protect in vad.pages.runs(vad.start >> 12, vad.end >> 12):
            kept = protect and not protect & (PAGE_GUARD | PAGE_NOACCESS)
            if kept and (not writable or protect & 0xFF in _WRITABLE):
                yield first << 12, last << 12


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Ranges in order, with those that touch or overlap made one."""
    found: list[Range] = []
    for start, end in sorted(ranges):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def present(space: AddressSpace, wanted: Iterable[Range]) -> list[Range]:
    """The parts of ranges that can be read, merged."""
    found = []
    for start, end in merged(wanted):
        place, end = max(start, 0), min(end, space.highest + 1)
        while place < end:
            region = space.query(place)
            stop = min(region.base + region.size, end)
            if region.state == MEM_COMMIT and not region.protect & (PAGE_GUARD | PAGE_NOACCESS):
                found.append((place, stop))
            place = stop
    return merged(found)


def referenced(space: AddressSpace, stacks: Iterable[Range]) -> Iterator[Range]:
    """Memory around the addresses of private, writable memory that stacks hold."""
    left = REFERENCES
    seen: set[int] = set()
    for start, end in stacks:
        try:
            data = peek(space, start, end - start)
        except MemoryFault:
            continue
        for (value,) in struct.iter_unpack("<Q", data[: len(data) & ~7]):
            place = value & ~(AROUND - 1)
            if place in seen or not 0x10000 <= value <= space.highest:
                continue
            seen.add(place)
            vad = space.find(value)
            if vad is None or vad.kind != MEM_PRIVATE or vad.pages[value >> 12] not in _WRITABLE:
                continue
            left -= 1
            if left < 0:
                return
            yield place - AROUND // 2, place + AROUND + AROUND // 2
