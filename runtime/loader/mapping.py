"""Mapping images: section protections, pages that are read and relocated when touched, one copy for all processes."""

from __future__ import annotations

import errno
import struct
from collections import defaultdict
from typing import Final

from runtime.cpu import native
from runtime.cpu.physical import PAGE_SIZE, PhysicalMemory
from runtime.loader.builtin import BuiltinImage
from runtime.loader.pe import Image
from runtime.loader.pe_tables import RELOCATION_ABSOLUTE, RELOCATION_DIR64, RELOCATION_HIGHLOW
from runtime.memory.backing import ImageBacking
from runtime.memory.constants import (
    MEM_IMAGE,
    PAGE_EXECUTE,
    PAGE_EXECUTE_READ,
    PAGE_EXECUTE_WRITECOPY,
    PAGE_NOACCESS,
    PAGE_READONLY,
    PAGE_WRITECOPY,
)
from runtime.memory.space import AddressSpace

_EXECUTE: Final = 0x20000000
_READ: Final = 0x40000000
_WRITE: Final = 0x80000000


def protection_of(characteristics: int) -> int:
    """Return the PAGE_* protection of a section's pages from its IMAGE_SCN_MEM_* flags."""
    if characteristics & _WRITE:
        return PAGE_EXECUTE_WRITECOPY if characteristics & _EXECUTE else PAGE_WRITECOPY
    if characteristics & _EXECUTE:
        return PAGE_EXECUTE_READ if characteristics & _READ else PAGE_EXECUTE
    return PAGE_READONLY if characteristics & _READ else PAGE_NOACCESS


class _Filler:
    """Produces the pages of one image at one base."""

    def __init__(self, image: Image, base: int) -> None:
        self._image = image
        self._delta = base - image.image_base
        self._relocations: dict[int, list[tuple[int, int]]] | None = None

    def __call__(self, index: int) -> bytes:
        image = self._image
        rva = index * PAGE_SIZE
        if not image.contains(rva):
            page = b""
        else:
            offset, present, _ = image.locate(rva)
            lost = native.lost_pages()
            page = image.data[offset : offset + min(PAGE_SIZE, present)]
            if native.lost_pages() != lost:
                raise OSError(errno.EIO, "the file has shrunk")
        if self._delta:
            page = self._relocate(index, page)
            if index == 0:
                page = self._move_header(page)
        return page

    def _relocate(self, index: int, page: bytes) -> bytes:
        if self._relocations is None:
            found: dict[int, list[tuple[int, int]]] = defaultdict(list)
            for block in self._image.relocations():
                for entry in block.entries:
                    kind = entry >> 12
                    if kind != RELOCATION_ABSOLUTE:
                        rva = block.page + (entry & 0xFFF)
                        found[rva >> 12].append((rva & 0xFFF, kind))
                        if rva & 0xFFF > 0x1000 - (8 if kind == RELOCATION_DIR64 else 4):
                            found[(rva >> 12) + 1].append(((rva & 0xFFF) - 0x1000, kind))
            self._relocations = found
        entries = self._relocations.get(index)
        if not entries:
            return page
        data = bytearray(page.ljust(PAGE_SIZE, b"\0"))
        for offset, kind in entries:
            size, form = (8, "<Q") if kind == RELOCATION_DIR64 else (4, "<I")
            if kind not in (RELOCATION_DIR64, RELOCATION_HIGHLOW):
                raise self._image.error(f"relocation type {kind} is not known on this machine")
            if 0 <= offset <= PAGE_SIZE - size:
                (value,) = struct.unpack_from(form, data, offset)
                struct.pack_into(form, data, offset, value + self._delta & (1 << 8 * size) - 1)
            else:
                self._straddle(data, index, offset, size)
        return bytes(data)

    def _move_header(self, page: bytes) -> bytes:
        """OptionalHeader.ImageBase in memory is where the image lies, as Windows has it."""
        place = self._image.header_offset + (48 if self._image.is_64_bit else 52)
        size = self._image.pointer_size
        if place + size > len(page):
            return page
        base = self._image.image_base + self._delta
        return page[:place] + base.to_bytes(size, "little") + page[place + size :]

    def _straddle(self, data: bytearray, index: int, offset: int, size: int) -> None:
        """Relocate a value that crosses a page boundary: take the part of the sum that lies in this page."""
        whole = self._image.read(index * PAGE_SIZE + offset, size)
        value = int.from_bytes(whole, "little") + self._delta & (1 << 8 * size) - 1
        for position, byte in enumerate(value.to_bytes(size, "little"), offset):
            if 0 <= position < PAGE_SIZE:
                data[position] = byte


def image_backing(physical: PhysicalMemory, image: Image, base: int) -> ImageBacking:
    """Return the pages of `image` as they look when it lies at `base`."""
    return ImageBacking(physical, image.size_of_image, _Filler(image, base))


def builtin_backing(physical: PhysicalMemory, image: BuiltinImage) -> ImageBacking:
    """Return the pages of a generated DLL."""
    data = image.data
    return ImageBacking(physical, len(data), lambda index: data[index * PAGE_SIZE : (index + 1) * PAGE_SIZE])


def map_image(memory: AddressSpace, backing: ImageBacking, base: int, sections: list[tuple[int, int, int]],
              name: str, headers: int) -> None:  # fmt: skip
    """Map an image view at `base` with the protections of its sections: (RVA, size, characteristics) each."""
    memory.map_view(backing, base, 0, backing.size, PAGE_EXECUTE_WRITECOPY, kind=MEM_IMAGE, name=name)
    vad = memory.find(base)
    assert vad is not None
    first = base >> 12
    vad.pages.set(first, vad.end >> 12, PAGE_NOACCESS)
    vad.pages.set(first, first + -(-max(headers, 1) // PAGE_SIZE), PAGE_READONLY)
    for rva, size, characteristics in sections:
        start = base + rva >> 12
        end = min(start + -(-size // PAGE_SIZE), vad.end >> 12)
        vad.pages.set(start, end, protection_of(characteristics))
