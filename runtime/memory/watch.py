"""Which pages a program has written (MEM_WRITE_WATCH), which it has touched, and dropping what they hold.

A watched page is read-only to the processor until it is first written.
"""

from __future__ import annotations

from runtime.cpu.paging import FRAME_MASK, OWNED, PRESENT, WRITABLE
from runtime.memory.space import AddressSpace
from runtime.memory.vad import Vad
from runtime.nt.status import STATUS_INVALID_PARAMETER, NtError


def _watched(space: AddressSpace, address: int, size: int) -> tuple[Vad, set[int]]:
    vad = space.find(address)
    if vad is None or vad.written is None or size <= 0 or address + size > vad.end:
        raise NtError(STATUS_INVALID_PARAMETER)
    return vad, vad.written


def written_pages(space: AddressSpace, address: int, size: int, limit: int, *, reset: bool) -> list[int]:
    """GetWriteWatch: addresses of up to `limit` pages of [address, address + size) that were written, in order.

    With `reset` those returned count as unwritten again. Raises NtError(STATUS_INVALID_PARAMETER) outside one watched
    allocation.
    """
    _, written = _watched(space, address, size)
    low, high = address >> 12, -(-(address + size) // 0x1000)
    found = sorted(page for page in written if low <= page < high)[:limit]
    if reset:
        _forget(space, written, found)
    return [page << 12 for page in found]


def reset_written(space: AddressSpace, address: int, size: int) -> None:
    """ResetWriteWatch: every page of the range counts as unwritten. Raises NtError(STATUS_INVALID_PARAMETER)."""
    _, written = _watched(space, address, size)
    low, high = address >> 12, -(-(address + size) // 0x1000)
    _forget(space, written, [page for page in written if low <= page < high])


def _forget(space: AddressSpace, written: set[int], pages: list[int]) -> None:
    table = space.page_table
    written.difference_update(pages)
    for page in pages:
        entry = table.entry(page << 12)
        if entry & WRITABLE:
            table.set(page << 12, entry & FRAME_MASK, entry & ~FRAME_MASK & ~WRITABLE)
    if pages:
        space.flush()


def discard(space: AddressSpace, vad: Vad, start: int, end: int) -> None:
    """Drop the contents of committed private pages; they read as zeros afterwards."""
    space.drop(vad, start, end)


def resident(space: AddressSpace, address: int) -> tuple[int, bool] | None:
    """Whether a page is in the working set: its protection and whether other address spaces may share its frame."""
    vad = space.find(address)
    if vad is None:
        return None
    entry = space.page_table.entry(address)
    if not entry & PRESENT:
        return None
    return vad.pages[address >> 12], not entry & OWNED


def resident_pages(space: AddressSpace) -> list[int]:
    """Addresses of the pages in the working set, in order."""
    return [
        page
        for vad in space.vads()
        for page in space.page_table.mapped(vad.start, vad.end)
        if space.page_table.entry(page) & PRESENT
    ]
