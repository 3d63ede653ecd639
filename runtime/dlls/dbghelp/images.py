"""dbghelp.h: the headers, sections and directories of an image in memory, mapped or as the file is."""

from __future__ import annotations

import struct

from runtime.dlls.dbghelp.dbghelp import DEBUG
from runtime.dlls.dbghelp.dll import dbghelp
from runtime.dlls.types import BOOLEAN, PVOID, ULONG, USHORT, Out
from runtime.memory.space import AddressSpace
from runtime.nt.status import ERROR_BAD_EXE_FORMAT, ERROR_INVALID_PARAMETER, Win32Error
from runtime.nt.thread import Thread

_SECTION = 40
_OPTIONAL = 24
"""Offset of IMAGE_OPTIONAL_HEADER behind the signature."""


def _headers(memory: AddressSpace, base: int) -> int:
    """The address of the NT headers. Raises Win32Error(ERROR_BAD_EXE_FORMAT)."""
    if not base:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    if memory.read(base, 2) == b"MZ":
        offset = memory.read_u32(base + 0x3C)
        if offset < 0x10000000 and memory.read(base + offset, 4) == b"PE\0\0":
            return base + offset
    raise Win32Error(ERROR_BAD_EXE_FORMAT)


def _section_of(memory: AddressSpace, headers: int, rva: int) -> int:
    """The address of the section header that an RVA lies in; 0 for none."""
    count, size = memory.read_u16(headers + 6), memory.read_u16(headers + 20)
    for index in range(count):
        header = headers + _OPTIONAL + size + _SECTION * index
        virtual_size, start, raw_size = struct.unpack("<III", memory.read(header + 8, 12))
        if start <= rva < start + max(virtual_size, raw_size):
            return header
    return 0


@dbghelp.export(category=DEBUG)
def ImageNtHeader(thread: Thread, Base: PVOID) -> PVOID:
    """Return the address of the NT headers of an image."""
    return _headers(thread.process.memory, Base)


@dbghelp.export(category=DEBUG)
def ImageRvaToSection(thread: Thread, NtHeaders: PVOID, Base: PVOID, Rva: ULONG) -> PVOID:
    """Return the address of the header of the section that an RVA lies in, NULL for none."""
    return _section_of(thread.process.memory, NtHeaders, Rva)


@dbghelp.export(category=DEBUG)
def ImageRvaToVa(thread: Thread, NtHeaders: PVOID, Base: PVOID, Rva: ULONG, LastRvaSection: Out[PVOID]) -> PVOID:
    """Return where the byte of an RVA lies in the image as the file is; NULL for one in no section."""
    memory = thread.process.memory
    header = _section_of(memory, NtHeaders, Rva)
    if not header:
        return 0
    LastRvaSection.put(header)
    start, raw = memory.read_u32(header + 12), memory.read_u32(header + 20)
    return Base + raw + Rva - start


def _directory(thread: Thread, base: int, mapped: int, index: int, size: Out[int], found: Out[int] | None) -> int:
    memory = thread.process.memory
    size.put(0)
    headers = _headers(memory, base & ~3)
    optional = headers + _OPTIONAL
    plus = memory.read_u16(optional) == 0x20B
    directories = optional + (112 if plus else 96)
    if index >= memory.read_u32(directories - 4):
        raise Win32Error(ERROR_INVALID_PARAMETER)
    rva, length = memory.read_u32(directories + 8 * index), memory.read_u32(directories + 8 * index + 4)
    if not rva:
        return 0
    size.put(length)
    image = base & ~3
    in_place = bool(mapped & 0xFF) or rva < memory.read_u32(optional + 60)  # headers lie where they lie in the file
    header = 0 if in_place else _section_of(memory, headers, rva)
    if found is not None:
        found.put(header)
    if in_place:
        return image + rva
    return image + memory.read_u32(header + 20) + rva - memory.read_u32(header + 12) if header else 0


@dbghelp.export(category=DEBUG)
def ImageDirectoryEntryToData(
    thread: Thread, Base: PVOID, MappedAsImage: BOOLEAN, DirectoryEntry: USHORT, Size: Out[ULONG]
) -> PVOID:
    """Return where a directory of an image lies, and its size."""
    return _directory(thread, Base, MappedAsImage, DirectoryEntry, Size, None)


@dbghelp.export(category=DEBUG)
def ImageDirectoryEntryToDataEx(
    thread: Thread, Base: PVOID, MappedAsImage: BOOLEAN, DirectoryEntry: USHORT, Size: Out[ULONG],
    FoundHeader: Out[PVOID],
) -> PVOID:  # fmt: skip
    """Return where a directory of an image lies, its size and the header of its section."""
    return _directory(thread, Base, MappedAsImage, DirectoryEntry, Size, FoundHeader)
