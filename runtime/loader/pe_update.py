"""A PE file with other resources: what EndUpdateResource writes.

Sources: Microsoft's "PE Format" and the observed behaviour of Windows. What follows the sections in the file does not
survive, as on Windows: the archive of a self-extractor, a signature (whose directory entry is cleared, so that the
file is a good unsigned one). COFF symbols are kept.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from runtime.loader.pe import (
    DIRECTORY_BOUND_IMPORT,
    DIRECTORY_DEBUG,
    DIRECTORY_RELOCATION,
    DIRECTORY_RESOURCE,
    DIRECTORY_SECURITY,
    SECTION_DISCARDABLE,
    SECTION_INITIALIZED_DATA,
    SECTION_READ,
    Image,
    Section,
    align_up,
)
from runtime.loader.pe_resource_tree import ResourceTree

_HEADER: Final = struct.Struct("<8s4I12sI")
"""Of a section: name, virtual size, RVA, raw size, raw offset, relocations and line numbers, characteristics."""
_DEBUG_ENTRY: Final = 28
_SYMBOL: Final = 18


@dataclass(slots=True)
class _Part:
    """A section of the new file."""

    name: bytes
    virtual_size: int
    rva: int
    old: Section | None
    """What it was in the old file; None for a new one."""
    data: bytes
    tail: bytes
    characteristics: int
    raw_offset: int = 0
    raw_size: int = 0


def with_resources(image: Image, tree: ResourceTree) -> bytes:
    """The file of `image` with the resources of `tree` instead of its own.

    Raises ImageError for a file that cannot be laid out again.
    """
    if image.is_flat:
        raise image.error(f"section alignment {image.section_alignment:#x} is below a page: no section can be added")
    if _directory_count(image) <= DIRECTORY_RESOURCE:
        raise image.error("the optional header has no place for a resource directory")
    parts = [_read_part(image, index) for index in range(len(image.sections))]
    place = _resource_section(image)
    movable = place is not None and _can_move(image, place + 1)
    if place is not None and not movable:
        room = parts[place + 1].rva - parts[place].rva
        if len(tree.pack(parts[place].rva)) > room:
            place = None
    if place is None:
        place, movable = _new_place(image), True
        parts.insert(place, _new_part(image, parts, place))
    part = parts[place]
    part.data = tree.pack(part.rva)
    if movable or _pages(image, len(part.data)) == _pages(image, part.virtual_size):
        part.virtual_size = len(part.data)
    if movable:
        end = part.rva + _pages(image, part.virtual_size)
        for following in parts[place + 1 :]:
            following.rva = end
            end += _pages(image, following.virtual_size or len(following.data))
    return _write(image, parts, part)


def _pages(image: Image, size: int) -> int:
    return align_up(max(size, 1), image.section_alignment)


def _read_part(image: Image, index: int) -> _Part:
    section = image.sections[index]
    at = image.section_table_end - _HEADER.size * (len(image.sections) - index)
    name, size, rva, _, _, tail, characteristics = _HEADER.unpack_from(image.data, at)
    data = b""
    if section.raw_offset:
        data = bytes(image.data[section.file_offset : section.raw_offset + section.raw_size])
    return _Part(name, size, rva, section, data, tail, characteristics)


def _new_part(image: Image, parts: list[_Part], place: int) -> _Part:
    """An empty section that comes to lie at `place`."""
    if place < len(parts):
        rva = parts[place].rva
    elif parts:
        last = parts[-1]
        rva = last.rva + _pages(image, last.virtual_size or len(last.data))
    else:
        rva = align_up(image.size_of_headers, image.section_alignment)
    taken = {part.name.rstrip(b"\0") for part in parts}
    names = [b".rsrc", *(b".rsrc%d" % number for number in range(1, 100))]
    name = next((name for name in names if name not in taken), names[0])
    return _Part(name, 0, rva, None, b"", bytes(12), SECTION_INITIALIZED_DATA | SECTION_READ)


def _inside(section: Section, rva: int) -> bool:
    return section.virtual_address <= rva < section.virtual_address + max(section.mapped_size, 1)


def _pointed_at(image: Image, section: Section, allowed: int) -> bool:
    """Whether a data directory other than `allowed` leads into the section."""
    return any(
        directory.rva and _inside(section, directory.rva)
        for number, directory in enumerate(image.directories)
        if number not in (allowed, DIRECTORY_SECURITY)
    )


def _resource_section(image: Image) -> int | None:
    """The index of the section that holds the resources and nothing else."""
    root = image.directories[DIRECTORY_RESOURCE].rva
    for index, section in enumerate(image.sections):
        if root and section.virtual_address == root and not _pointed_at(image, section, DIRECTORY_RESOURCE):
            return index
    return None


def _can_move(image: Image, first: int) -> bool:
    """Whether nothing in the image needs the sections from `first` on at their addresses: relocations, debug data."""
    return all(
        section.characteristics & SECTION_DISCARDABLE and not _pointed_at(image, section, DIRECTORY_RELOCATION)
        for section in image.sections[first:]
    )


def _new_place(image: Image) -> int:
    """Where one more section goes: last, but before the relocations when these are last."""
    count = len(image.sections)
    relocations = image.directories[DIRECTORY_RELOCATION].rva
    if count and relocations and _inside(image.sections[-1], relocations) and _can_move(image, count - 1):
        return count - 1
    return count


def _write(image: Image, parts: list[_Part], resources: _Part) -> bytes:
    """Put headers, sections and symbols together."""
    optional = image.header_offset + 24
    table = image.section_table_end - _HEADER.size * len(image.sections)
    alignment = image.file_alignment
    needed = table + _HEADER.size * len(parts)
    headers = max(image.size_of_headers, align_up(needed, alignment))
    first = parts[0].rva
    if needed > first or headers > first:
        raise image.error(f"no room for one more section: the headers would end at {headers:#x}, behind {first:#x}")
    out = bytearray(image.data[: min(image.size_of_headers, image.file_size)])
    out = out.ljust(headers, b"\0")
    if len(parts) > len(image.sections) and image.directories[DIRECTORY_BOUND_IMPORT].rva < headers:
        _set_directory(image, out, DIRECTORY_BOUND_IMPORT, 0, 0)  # it lay where the new header is
    starts = [part.old.file_offset for part in parts if part.old is not None and part.data]
    offset = max(headers, align_up(min(starts, default=headers), alignment) if headers == image.size_of_headers else 0)
    out += bytes(image.data[len(out) : offset]) if headers == image.size_of_headers else b""
    for index, part in enumerate(parts):
        if part.data:
            out = out.ljust(offset, b"\0")
            out += part.data
            out += bytes(-len(out) % alignment)
            part.raw_offset, part.raw_size = offset, len(out) - offset
            offset = len(out)
        elif part.old is not None and not part.old.raw_offset:
            part.raw_size = part.old.raw_size
        _HEADER.pack_into(
            out, table + _HEADER.size * index, part.name, part.virtual_size, part.rva, part.raw_size, part.raw_offset,
            part.tail, part.characteristics,
        )  # fmt: skip
    last = parts[-1]
    size_of_image = last.rva + _pages(image, last.virtual_size or last.raw_size)
    grown = resources.raw_size - (resources.old.raw_size if resources.old is not None else 0)
    (initialized,) = struct.unpack_from("<I", out, optional + 8)
    struct.pack_into("<H", out, image.header_offset + 6, len(parts))
    struct.pack_into("<I", out, optional + 8, initialized + grown & 0xFFFFFFFF)
    struct.pack_into("<2I", out, optional + 56, size_of_image, headers)
    _set_directory(image, out, DIRECTORY_RESOURCE, resources.rva, len(resources.data))
    _set_directory(image, out, DIRECTORY_SECURITY, 0, 0)
    _move_relocations(image, out, parts)
    _move_debug_data(image, out, parts)
    _keep_symbols(image, out)
    struct.pack_into("<I", out, optional + 64, 0)
    struct.pack_into("<I", out, optional + 64, checksum(out))
    return bytes(out)


def _directories(image: Image) -> int:
    """The file offset of the data directories."""
    return image.header_offset + 24 + (112 if image.is_64_bit else 96)


def _directory_count(image: Image) -> int:
    """How many data directories the header has."""
    (count,) = struct.unpack_from("<I", image.data, _directories(image) - 4)
    return int(count)


def _set_directory(image: Image, out: bytearray, number: int, rva: int, size: int) -> None:
    """Change an entry of the data directories, where the header has that many."""
    if number < _directory_count(image):
        struct.pack_into("<2I", out, _directories(image) + 8 * number, rva, size)


def _move_relocations(image: Image, out: bytearray, parts: list[_Part]) -> None:
    rva, size = image.directories[DIRECTORY_RELOCATION]
    for part in parts:
        if rva and part.old is not None and _inside(part.old, rva):
            _set_directory(image, out, DIRECTORY_RELOCATION, rva + part.rva - part.old.virtual_address, size)


def _move_debug_data(image: Image, out: bytearray, parts: list[_Part]) -> None:
    """The debug directory names file offsets: follow what moved."""
    rva, size = image.directories[DIRECTORY_DEBUG]
    home = next((part for part in parts if rva and part.old is not None and _inside(part.old, rva)), None)
    if home is None or home.old is None:
        return
    start = home.raw_offset + rva - home.rva
    for at in range(start, min(start + size, home.raw_offset + home.raw_size) - _DEBUG_ENTRY + 1, _DEBUG_ENTRY):
        length, address, pointer = struct.unpack_from("<3I", out, at + 16)
        found = next((part for part in parts if part.old is not None and _holds(part.old, pointer)), None)
        if found is not None and found.old is not None:
            moved = found.raw_offset + pointer - found.old.file_offset
            new_address = address + found.rva - found.old.virtual_address if address else 0
            struct.pack_into("<3I", out, at + 16, length, new_address, moved)
        elif pointer:
            # The data lay behind the sections and is gone.
            struct.pack_into("<3I", out, at + 16, 0, 0, 0)


def _holds(section: Section, offset: int) -> bool:
    return bool(section.raw_offset) and section.file_offset <= offset < section.raw_offset + section.raw_size


def _keep_symbols(image: Image, out: bytearray) -> None:
    """Move COFF symbols and their strings, which lie behind the sections, to the new end of the file."""
    pointer, count = struct.unpack_from("<2I", image.data, image.header_offset + 12)
    strings = pointer + _SYMBOL * count
    if not pointer or strings + 4 > image.file_size:
        return
    (size,) = struct.unpack_from("<I", image.data, strings)
    out_at = len(out)
    out += image.data[pointer : strings + max(size, 4)]
    struct.pack_into("<I", out, image.header_offset + 12, out_at)


def checksum(data: bytes | bytearray) -> int:
    """The checksum of a PE file whose CheckSum field is zero: the 16-bit words added with carry, and the length."""
    words = bytes(data) + bytes(len(data) % 2)
    # One large number modulo 0xFFFF is the sum of its 16-bit digits with the carries added back.
    total: int = int.from_bytes(words, "little") % 0xFFFF
    if not total and any(words):
        total = 0xFFFF
    return total + len(data)
