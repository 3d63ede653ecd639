"""Placeholders: reservations that allocations and views replace, split and grow back into.

Source of the rules: the documentation of VirtualAlloc2, VirtualFree, MapViewOfFile3 and UnmapViewOfFile2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from runtime.memory.constants import (
    GRANULARITY,
    MEM_COALESCE_PLACEHOLDERS,
    MEM_COMMIT,
    MEM_PRESERVE_PLACEHOLDER,
    MEM_PRIVATE,
    MEM_RELEASE,
    MEM_REPLACE_PLACEHOLDER,
    MEM_RESERVE,
    MEM_RESERVE_PLACEHOLDER,
    MEM_TOP_DOWN,
    MEM_WRITE_WATCH,
    PAGE_NOACCESS,
    is_valid_protection,
)
from runtime.memory.runs import Runs
from runtime.memory.space import AddressSpace
from runtime.memory.vad import Vad
from runtime.memory.vads import LOWEST
from runtime.nt.status import (
    STATUS_CONFLICTING_ADDRESSES,
    STATUS_INVALID_PAGE_PROTECTION,
    STATUS_INVALID_PARAMETER,
    STATUS_MEMORY_NOT_ALLOCATED,
    STATUS_NOT_MAPPED_VIEW,
    NtError,
)

_PAGE = 0x1000


@dataclass(frozen=True, slots=True)
class Requirements:
    """MEM_ADDRESS_REQUIREMENTS: where a new range may lie."""

    lowest: int = LOWEST
    highest: int | None = None
    alignment: int = GRANULARITY
    given: bool = False
    """Any of them was asked for: then the caller may not name an address as well."""


ANYWHERE: Final = Requirements()


def allocate_extended(space: AddressSpace, address: int, size: int, allocation_type: int, protect: int,
                      where: Requirements) -> int:  # fmt: skip
    """NtAllocateVirtualMemoryEx: allocate, reserve a placeholder or replace one; return the base. Raises NtError."""
    if address and where.given:
        raise NtError(STATUS_INVALID_PARAMETER)
    if not allocation_type & (MEM_RESERVE_PLACEHOLDER | MEM_REPLACE_PLACEHOLDER):
        return space.allocate(
            address, size, allocation_type, protect, lowest=where.lowest, highest=where.highest,
            alignment=where.alignment,
        )  # fmt: skip
    if size <= 0 or size % _PAGE or address % _PAGE or not allocation_type & MEM_RESERVE:
        raise NtError(STATUS_INVALID_PARAMETER)
    if allocation_type & MEM_RESERVE_PLACEHOLDER:
        if allocation_type & ~(MEM_RESERVE | MEM_RESERVE_PLACEHOLDER | MEM_TOP_DOWN) or protect != PAGE_NOACCESS:
            raise NtError(STATUS_INVALID_PARAMETER)
        start = space.allocate(
            address, size, allocation_type & ~MEM_RESERVE_PLACEHOLDER, protect, lowest=where.lowest,
            highest=where.highest, alignment=where.alignment,
        )  # fmt: skip
        vad = space.find(start)
        assert vad is not None
        vad.is_placeholder = vad.uncommittable = True
        return start
    if not address or allocation_type & ~(MEM_RESERVE | MEM_COMMIT | MEM_REPLACE_PLACEHOLDER | MEM_WRITE_WATCH):
        raise NtError(STATUS_INVALID_PARAMETER)
    if not is_valid_protection(protect, private=True):
        raise NtError(STATUS_INVALID_PAGE_PROTECTION)
    vad = space.placeholder(address, size)
    committed = bool(allocation_type & MEM_COMMIT)
    if committed:
        space.charge(size)
    space.remove(vad)
    pages = Runs(vad.start >> 12, vad.end >> 12, protect if committed else 0)
    written: set[int] | None = set() if allocation_type & MEM_WRITE_WATCH else None
    space.insert(
        Vad(vad.start, vad.end, MEM_PRIVATE, protect, pages, vad.start, written=written, replaced_placeholder=True)
    )
    return address


def free_extended(space: AddressSpace, address: int, size: int, free_type: int) -> tuple[int, int]:
    """NtFreeVirtualMemory with all its flags; return the base and size that were freed. Raises NtError."""
    flags = free_type & (MEM_COALESCE_PLACEHOLDERS | MEM_PRESERVE_PLACEHOLDER)
    if not flags:
        return space.free(address, size, free_type)
    if free_type != MEM_RELEASE | flags or flags & (flags - 1) or size <= 0 or address % _PAGE or size % _PAGE:
        raise NtError(STATUS_INVALID_PARAMETER)
    if flags == MEM_COALESCE_PLACEHOLDERS:
        return _coalesce(space, address, address + size)
    vad = space.find(address)
    if vad is None:
        raise NtError(STATUS_MEMORY_NOT_ALLOCATED)
    start, end = address, address + size
    if end > vad.end or not (vad.is_placeholder or vad.replaced_placeholder) or vad.backing is not None:
        raise NtError(STATUS_CONFLICTING_ADDRESSES)
    if vad.is_placeholder and (start, end) == (vad.start, vad.end):
        raise NtError(STATUS_CONFLICTING_ADDRESSES)  # there is nothing to split off
    if not vad.is_placeholder:
        if (start, end) != (vad.start, vad.end):
            raise NtError(STATUS_CONFLICTING_ADDRESSES)
        space.uncharge(vad, start, end)
        space.drop(vad, start, end)
    space.remove(vad)
    for low, high in ((vad.start, start), (start, end), (end, vad.end)):
        if low < high:
            space.insert(_placeholder(low, high))
    return start, size


def _coalesce(space: AddressSpace, start: int, end: int) -> tuple[int, int]:
    """Make one placeholder of those that cover [start, end) exactly."""
    parts: list[Vad] = []
    place = start
    while place < end:
        vad = space.find(place)
        if vad is None or not vad.is_placeholder or vad.start != place or vad.end > end:
            raise NtError(STATUS_CONFLICTING_ADDRESSES)
        parts.append(vad)
        place = vad.end
    if len(parts) < 2:
        raise NtError(STATUS_CONFLICTING_ADDRESSES)
    for vad in parts:
        space.remove(vad)
    space.insert(_placeholder(start, end))
    return start, end - start


def unmap_to_placeholder(space: AddressSpace, address: int) -> None:
    """UnmapViewOfFile2(MEM_PRESERVE_PLACEHOLDER): a view that replaced a placeholder turns back. Raises NtError."""
    vad = space.find(address)
    if vad is None or vad.backing is None:
        raise NtError(STATUS_NOT_MAPPED_VIEW)
    if not vad.replaced_placeholder:
        raise NtError(STATUS_CONFLICTING_ADDRESSES)
    space.unmap_view(address)
    space.insert(_placeholder(vad.start, vad.end))


def _placeholder(start: int, end: int) -> Vad:
    pages = Runs(start >> 12, end >> 12, 0)
    return Vad(
        start, end, MEM_PRIVATE, PAGE_NOACCESS, pages, start, uncommittable=True, is_placeholder=True
    )  # fmt: skip
