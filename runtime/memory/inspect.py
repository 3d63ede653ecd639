"""Looking at an address space from outside, as a debugger does: no page fault is served, no guard page is spent.

What is committed can be read whatever its protection says; reading changes nothing that the guest can see, so it is
safe while guest code runs. Writing stores into the page a program would see: into the shared one for a mapped section,
into a private copy for an image.
"""

from __future__ import annotations

from collections.abc import Iterator

from runtime.cpu.engine import Access
from runtime.cpu.paging import FRAME_MASK
from runtime.cpu.physical import PAGE_SIZE
from runtime.memory.constants import COPY_PROTECTIONS, MEM_MAPPED
from runtime.memory.faults import AccessViolation
from runtime.memory.space import AddressSpace

_ZEROS = bytes(PAGE_SIZE)
_LONGEST_GAP = 1 << 24


def _frame(space: AddressSpace, address: int) -> int | None:
    """The frame behind an address, -1 for a committed page of zeros that does not exist yet, None for a hole."""
    vad = space.find(address)
    if vad is None or not vad.pages[address >> 12]:
        return None
    entry = space.page_table.entry(address)
    if entry:
        return entry & FRAME_MASK
    if vad.backing is None:
        return -1
    try:
        return vad.backing.frame(vad.offset + (address & ~0xFFF) - vad.start >> 12)
    except OSError:
        return None


def peek(space: AddressSpace, address: int, size: int) -> bytes:
    """Return up to `size` bytes at `address`: fewer where a hole follows. Raises AccessViolation in a hole."""
    parts: list[bytes] = []
    end = address + size
    bytes_ = space.physical.bytes
    while address < end:
        step = min(PAGE_SIZE - (address & 0xFFF), end - address)
        frame = _frame(space, address)
        if frame is None:
            if not parts:
                raise AccessViolation(address, Access.READ)
            break
        if frame < 0:
            parts.append(_ZEROS[:step])
        else:
            place = frame + (address & 0xFFF)
            parts.append(bytes(bytes_[place : place + step]))
        address += step
    return b"".join(parts)


def peek_runs(space: AddressSpace, start: int, end: int, most: int) -> Iterator[bytes | int]:
    """Yield all of [start, end) in pieces of at most `most` bytes: data, or the number of zeros that stand there.

    What is a hole reads as zeros. The space may change between two pieces.
    """
    bytes_ = space.physical.bytes
    while start < end:
        parts: list[bytes] = []
        zeros = size = first = behind = 0
        while start < end and size < most and zeros < _LONGEST_GAP:
            step = min(PAGE_SIZE - (start & 0xFFF), end - start)
            frame = _frame(space, start)
            if frame is None or frame < 0:
                if size:
                    break
                zeros += step
            else:
                if zeros:
                    break
                place = frame + (start & 0xFFF)
                if place != behind:  # frames that follow one another are copied at once
                    parts.append(bytes(bytes_[first:behind]))
                    first = place
                behind = place + step
                size += step
            start += step
        parts.append(bytes(bytes_[first:behind]))
        yield b"".join(parts) if size else zeros


def peek_exact(space: AddressSpace, address: int, size: int) -> bytes:
    """Return exactly `size` bytes. Raises AccessViolation when a part of them is a hole."""
    data = peek(space, address, size)
    if len(data) < size:
        raise AccessViolation(address + len(data), Access.READ)
    return data


def peek_word(space: AddressSpace, address: int, size: int = 8) -> int:
    """Return the little-endian integer of `size` bytes at `address`. Raises AccessViolation."""
    return int.from_bytes(peek_exact(space, address, size), "little")


def store(space: AddressSpace, address: int, data: bytes) -> int:
    """Store `data` whatever the protection says; return how many bytes: fewer where a hole follows.

    Raises AccessViolation in a hole.
    """
    done = 0
    while done < len(data):
        place = address + done
        step = min(PAGE_SIZE - (place & 0xFFF), len(data) - done)
        part = data[done : done + step]
        vad = space.find(place)
        protect = vad.pages[place >> 12] if vad is not None else 0
        if vad is None or not protect:
            if not done:
                raise AccessViolation(place, Access.WRITE)
            break
        if vad.backing is not None and vad.kind == MEM_MAPPED and protect & 0xFF not in COPY_PROTECTIONS:
            frame = _frame(space, place)
            if frame is None or not vad.writable_view:
                if not done:
                    raise AccessViolation(place, Access.WRITE)
                break
            start = frame + (place & 0xFFF)
            space.physical.bytes[start : start + step] = part
        else:
            space.poke(place, part)
        done += step
    return done
