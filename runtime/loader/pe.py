"""A Portable Executable file, read lazily and without trust.

`Image.open(path)` maps the file and reads its headers and section table; everything else (imports, exports,
relocations, …) is read when asked for, so that a 100 MB program costs what a small one costs. `check_loadable()`
adds the rules by which Windows refuses to map an image: the loader calls it, `winfs info` reports it.

Whatever is wrong with a file is an `ImageError` that names the file, what was expected and what was found. PE32
(32-bit) and foreign machines are read as far as the format goes, so that they can be described; only
`check_loadable()` refuses them.

The file must not be shortened while it is open (the mapping would fault): copy what you need and close it soon.

Source of the rules: Microsoft's "PE Format", and for what it leaves open the behaviour of Windows 10.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import stat
import struct
import weakref
from collections.abc import Callable, Iterator
from functools import cached_property
from types import TracebackType
from typing import NamedTuple

from runtime.cpu import native
from runtime.loader import pe_resources, pe_tables
from runtime.loader.foreign import describe_foreign
from runtime.loader.pe_tables import (
    DebugEntry,
    ExportTable,
    ImportedDll,
    LoadConfig,
    RelocationBlock,
    TlsDirectory,
)

MACHINE_I386 = 0x14C
MACHINE_ARMNT = 0x1C4
MACHINE_AMD64 = 0x8664
MACHINE_ARM64 = 0xAA64
MACHINE_NAMES = {
    MACHINE_I386: "x86",
    MACHINE_AMD64: "x64",
    MACHINE_ARM64: "ARM64",
    MACHINE_ARMNT: "ARM",
    0x1C0: "ARM (little-endian)",
    0x1C2: "ARM Thumb",
    0x166: "MIPS R4000",
    0x184: "Alpha",
    0x1F0: "PowerPC",
    0x200: "Itanium",
    0xEBC: "EFI byte code",
    0x5032: "RISC-V 32",
    0x5064: "RISC-V 64",
    0x6232: "LoongArch 32",
    0x6264: "LoongArch 64",
    0xA641: "ARM64EC",
}

MAGIC_PE32 = 0x10B
MAGIC_PE32_PLUS = 0x20B

SUBSYSTEM_NAMES = {
    0: "unknown",
    1: "native",
    2: "Windows GUI",
    3: "Windows console",
    5: "OS/2 console",
    7: "POSIX console",
    9: "Windows CE",
    10: "EFI application",
    11: "EFI boot service driver",
    12: "EFI runtime driver",
    13: "EFI ROM",
    14: "Xbox",
    16: "Windows boot application",
}

FILE_RELOCS_STRIPPED = 0x0001
FILE_EXECUTABLE_IMAGE = 0x0002
FILE_LARGE_ADDRESS_AWARE = 0x0020
FILE_DLL = 0x2000

DLL_HIGH_ENTROPY_VA = 0x0020
DLL_DYNAMIC_BASE = 0x0040
DLL_NX_COMPAT = 0x0100
DLL_GUARD_CF = 0x4000

SECTION_CODE = 0x00000020
SECTION_INITIALIZED_DATA = 0x00000040
SECTION_UNINITIALIZED_DATA = 0x00000080
SECTION_DISCARDABLE = 0x02000000
SECTION_SHARED = 0x10000000
SECTION_EXECUTE = 0x20000000
SECTION_READ = 0x40000000
SECTION_WRITE = 0x80000000

DIRECTORY_EXPORT = 0
DIRECTORY_IMPORT = 1
DIRECTORY_RESOURCE = 2
DIRECTORY_EXCEPTION = 3
DIRECTORY_SECURITY = 4
DIRECTORY_RELOCATION = 5
DIRECTORY_DEBUG = 6
DIRECTORY_TLS = 9
DIRECTORY_LOAD_CONFIG = 10
DIRECTORY_BOUND_IMPORT = 11
DIRECTORY_IAT = 12
DIRECTORY_DELAY_IMPORT = 13
DIRECTORY_CLR = 14
_CLR_FLAGS = 16
"""Offset of Flags in IMAGE_COR20_HEADER."""
_IL_ONLY, _32_BIT_REQUIRED = 1, 2
DIRECTORY_NAMES = (
    "export", "import", "resource", "exception", "security", "relocation", "debug", "architecture",
    "global pointer", "TLS", "load config", "bound import", "IAT", "delay import", "CLR", "reserved",
)  # fmt: skip

PAGE = 0x1000
SECTOR = 0x200
_SECTION_HEADER = struct.Struct("<8s6I2HI")
# From the magic to the number of directories.
_OPTIONAL_PE32 = struct.Struct("<HBB7I2I6H4I2H4I2I")
_OPTIONAL_PE32_PLUS = struct.Struct("<HBB5IQ2I6H4I2H4Q2I")


class ImageError(Exception):
    """A file that is no loadable PE image. `str()` is one line: the path and what is wrong."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path, message)
        self.path = path
        self.message = message

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class WrongMachineError(ImageError):
    """A PE image in good order, for a processor that cannot run it (Windows: ERROR_EXE_MACHINE_TYPE_MISMATCH)."""


class SideBySideError(ImageError):
    """Its manifest is no good, or names an assembly that is missing (Windows: ERROR_SXS_CANT_GEN_ACTCTX)."""


class BaseTakenError(ImageError):
    """The base of an image that cannot be relocated is taken (Windows: ERROR_INVALID_ADDRESS)."""


class DataDirectory(NamedTuple):
    """Where a table lies: an RVA (for the security directory a file offset) and its size in bytes; 0, 0 if absent."""

    rva: int
    size: int


class Section(NamedTuple):
    """One entry of the section table, as the file has it; sizes and offsets in bytes."""

    name: str
    virtual_address: int
    virtual_size: int
    raw_offset: int
    raw_size: int
    characteristics: int

    @property
    def mapped_size(self) -> int:
        """Bytes of address space: the virtual size, or the raw size where a linker left that 0."""
        return self.virtual_size or self.raw_size

    @property
    def file_offset(self) -> int:
        """Where Windows starts to read: the raw offset rounded down to a sector."""
        return self.raw_offset & ~(SECTOR - 1)

    @property
    def file_size(self) -> int:
        """Bytes that come from the file; the rest of the section is zero. None without a raw offset."""
        if self.raw_offset == 0:
            return 0
        stored = align_up(self.raw_offset + self.raw_size, SECTOR) - self.file_offset
        return min(stored, align_up(self.mapped_size, PAGE))


def align_up(value: int, alignment: int) -> int:
    """`value` rounded up to a multiple of `alignment`, a power of two."""
    return (value + alignment - 1) & ~(alignment - 1)


def _map(descriptor: int, size: int) -> mmap.mmap:
    """Map a file for reading. As a private copy, because only of a writable mapping Python tells the address."""
    return mmap.mmap(descriptor, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)


def _guard(image: Image, data: mmap.mmap | bytes) -> Callable[[], object]:
    """While `image` lives, a file that shrinks on the host reads as zeros; return what ends this."""
    if not isinstance(data, mmap.mmap):
        return lambda: None
    address = ctypes.addressof(ctypes.c_char.from_buffer(data))
    native.guard(address, len(data))
    return weakref.finalize(image, native.unguard, address)


class Image:
    """An open PE file. Use as a context manager, or `close()` it. Addresses are RVAs unless said otherwise."""

    header_offset: int
    """Where the PE signature stands in the file."""
    machine: int
    characteristics: int
    time_date_stamp: int
    magic: int
    linker_version: tuple[int, int]
    entry_point: int
    image_base: int
    section_alignment: int
    file_alignment: int
    os_version: tuple[int, int]
    image_version: tuple[int, int]
    subsystem_version: tuple[int, int]
    size_of_image: int
    size_of_headers: int
    checksum: int
    subsystem: int
    dll_characteristics: int
    stack_reserve: int
    stack_commit: int
    heap_reserve: int
    heap_commit: int
    directories: tuple[DataDirectory, ...]
    sections: tuple[Section, ...]

    def __init__(self, data: mmap.mmap | bytes, path: str) -> None:
        """Parse `data`; `path` only names it in errors. Raises ImageError."""
        self.path = path
        self.data = data
        self.file_size = len(data)
        self._unguard = _guard(self, data)
        self._parse_headers()

    @classmethod
    def open(cls, path: str | os.PathLike[str], name: str | None = None) -> Image:
        """Map the file and read its headers. `name` is what errors call it (default: the path).

        Raises ImageError, also when the file cannot be opened or read.
        """
        place = os.fspath(path)
        name = name or place
        data: mmap.mmap | bytes
        try:
            descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                found = os.fstat(descriptor)
                if stat.S_ISDIR(found.st_mode):
                    raise ImageError(name, "is a directory, expected a program")
                size = found.st_size
                data = _map(descriptor, size) if size else os.read(descriptor, 1)
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            raise ImageError(name, "no such file") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ImageError(name, f"cannot be read: {reason}") from None
        try:
            return cls(data, name)
        except BaseException:
            if isinstance(data, mmap.mmap):
                data.close()
            raise

    def close(self) -> None:
        """Unmap the file; harmless when repeated. Tables already read stay usable."""
        if isinstance(self.data, mmap.mmap) and not self.data.closed:
            self._unguard()
            self.data.close()

    def __enter__(self) -> Image:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Headers

    def error(self, message: str) -> ImageError:
        """An ImageError about this file, to be raised."""
        return ImageError(self.path, message)

    def _unpack(self, layout: struct.Struct, offset: int, what: str) -> tuple[int, ...]:
        end = offset + layout.size
        if end > self.file_size:
            raise self.error(
                f"truncated: {what} needs bytes {offset:#x} to {end:#x}, the file ends at {self.file_size:#x}"
            )
        return layout.unpack_from(self.data, offset)

    def _parse_headers(self) -> None:
        data, size = self.data, self.file_size
        if size < 2 or data[:2] != b"MZ":
            raise self.error(f"not a Windows program: {describe_foreign(bytes(data[:512]), size)}")
        if size < 0x40:
            raise self.error(f"truncated: the DOS header needs 64 bytes, the file has {size}")
        (header,) = struct.unpack_from("<I", data, 0x3C)
        if header + 4 > size:
            if header > size and size <= 0x40 + 512:
                raise self.error(f"truncated: the PE header should be at {header:#x}, the file ends at {size:#x}")
            raise self.error(f"not a PE file: e_lfanew points to {header:#x}, the file ends at {size:#x}")
        signature = bytes(data[header : header + 4])
        if signature != b"PE\0\0":
            kind = {b"NE": "a 16-bit Windows or OS/2 program", b"LE": "a VxD driver", b"LX": "an OS/2 program"}.get(
                signature[:2], "perhaps an MS-DOS program"
            )
            raise self.error(
                f"not a PE file: expected the signature 'PE\\0\\0' at {header:#x}, found {signature!r} ({kind})"
            )
        self.header_offset = header
        file_header = self._unpack(struct.Struct("<2H3I2H"), header + 4, "the file header")
        self.machine, section_count, self.time_date_stamp, _, _, optional_size, self.characteristics = file_header
        self._parse_optional_header(header + 24)
        self._parse_section_table(header + 24 + optional_size, section_count)

    def _parse_optional_header(self, offset: int) -> None:
        (self.magic,) = self._unpack(struct.Struct("<H"), offset, "the optional header")
        if self.magic == MAGIC_PE32_PLUS:
            layout = _OPTIONAL_PE32_PLUS
            fields = self._unpack(layout, offset, "the optional header")
            (_, major, minor, _, _, _, self.entry_point, _, self.image_base, *rest) = fields
        elif self.magic == MAGIC_PE32:
            layout = _OPTIONAL_PE32
            fields = self._unpack(layout, offset, "the optional header")
            (_, major, minor, _, _, _, self.entry_point, _, _, self.image_base, *rest) = fields
        else:
            raise self.error(f"optional header magic is {self.magic:#x}, expected 0x20b (PE32+) or 0x10b (PE32)")
        self.linker_version = (major, minor)
        self.section_alignment, self.file_alignment = rest[0], rest[1]
        self.os_version = (rest[2], rest[3])
        self.image_version = (rest[4], rest[5])
        self.subsystem_version = (rest[6], rest[7])
        self.size_of_image, self.size_of_headers, self.checksum = rest[9], rest[10], rest[11]
        self.subsystem, self.dll_characteristics = rest[12], rest[13]
        self.stack_reserve, self.stack_commit, self.heap_reserve, self.heap_commit = rest[14:18]
        # Windows reads at most 16 directories, however many the header claims.
        count = min(rest[19], 16)
        table = offset + layout.size
        available = max(0, min(count, (self.file_size - table) // 8))
        values = struct.unpack_from(f"<{2 * available}I", self.data, table)
        found = [DataDirectory(values[2 * i], values[2 * i + 1]) for i in range(available)]
        self.directories = tuple(found + [DataDirectory(0, 0)] * (16 - available))

    def _parse_section_table(self, offset: int, count: int) -> None:
        end = offset + count * _SECTION_HEADER.size
        if end > self.file_size:
            raise self.error(
                f"truncated: the table of {count} sections needs bytes {offset:#x} to {end:#x}, "
                f"the file ends at {self.file_size:#x}"
            )
        sections = []
        for index in range(count):
            fields = _SECTION_HEADER.unpack_from(self.data, offset + index * _SECTION_HEADER.size)
            name, virtual_size, virtual_address, raw_size, raw_offset, _, _, _, _, characteristics = fields
            text = name.split(b"\0", 1)[0].decode("latin-1")
            sections.append(Section(text, virtual_address, virtual_size, raw_offset, raw_size, characteristics))
        self.section_table_end = end
        self.sections = tuple(sections)

    # What it is

    @property
    def is_64_bit(self) -> bool:
        return self.magic == MAGIC_PE32_PLUS

    @property
    def pointer_size(self) -> int:
        return 8 if self.magic == MAGIC_PE32_PLUS else 4

    @property
    def is_dll(self) -> bool:
        return bool(self.characteristics & FILE_DLL)

    @property
    def is_managed(self) -> bool:
        """A .NET assembly: it has a CLR header."""
        return self.directories[DIRECTORY_CLR].rva != 0

    @property
    def is_il_only(self) -> bool:
        """A .NET assembly without native code that Windows would start: its CLR header says COMIMAGE_FLAGS_ILONLY.

        Such an image is mapped for the runtime to read; its imports and its entry point, which are for systems that
        know nothing of .NET, are left alone. Raises ImageError when the header lies outside the image.
        """
        return self.is_managed and bool(self._clr_flags() & _IL_ONLY)

    def _clr_flags(self) -> int:
        (flags,) = struct.unpack("<I", self.read(self.directories[DIRECTORY_CLR].rva + _CLR_FLAGS, 4))
        return int(flags)

    @property
    def machine_name(self) -> str:
        return MACHINE_NAMES.get(self.machine, f"unknown machine {self.machine:#06x}")

    @property
    def format_name(self) -> str:
        return "PE32+" if self.is_64_bit else "PE32"

    @property
    def relocations_stripped(self) -> bool:
        """The image runs at its preferred base or not at all.

        An image without relocations that does not say they were stripped needs none (a DLL of forwarders).
        """
        return bool(self.characteristics & FILE_RELOCS_STRIPPED)

    @property
    def is_flat(self) -> bool:
        """Section alignment below a page: Windows maps the whole file as it lies, readable, writable, executable."""
        return self.section_alignment < PAGE

    def check_machine(self) -> None:
        """Raise WrongMachineError unless this is a native x64 program."""
        self.check_architecture()
        if not self.is_64_bit:
            kind = "a 32-bit .NET program" if self.is_managed else "a 32-bit (x86) program"
            raise WrongMachineError(self.path, f"{kind}: x86 is not supported yet, only x64 runs")
        if self.is_managed:
            raise WrongMachineError(self.path, "a .NET program: these are not supported")

    def check_architecture(self) -> None:
        """Raise WrongMachineError unless a 64-bit Windows can map this as an image: x64 or x86."""
        if self.machine not in (MACHINE_AMD64, MACHINE_I386):
            raise WrongMachineError(self.path, f"a program for {self.machine_name}: only x64 runs")
        if self.is_64_bit is not (self.machine == MACHINE_AMD64):
            raise self.error(f"the header says machine {self.machine_name} but the format is {self.format_name}")

    def check_library(self) -> None:
        """Raise ImageError where LoadLibrary would refuse this.

        A .NET assembly may belong to a program that brings its own runtime; one without native code may be for any
        processor, which its format then does not tell.
        """
        if not self.is_managed:
            self.check_machine()
        self.check_architecture()
        self.check_layout()
        if not self.is_64_bit and self._clr_flags() & (_IL_ONLY | _32_BIT_REQUIRED) != _IL_ONLY:
            raise WrongMachineError(self.path, "a 32-bit .NET assembly: x86 is not supported yet, only x64 runs")

    def check_loadable(self) -> None:
        """Raise ImageError with the reason where Windows would refuse to map this image, or we cannot run it."""
        self.check_machine()
        self.check_layout()

    def check_layout(self) -> None:
        """Raise ImageError where Windows would refuse to map this as an image, for whatever machine it is."""
        from runtime.loader.pe_layout import check_layout

        check_layout(self)

    # Bytes by RVA

    @cached_property
    def _spans(self) -> tuple[tuple[int, int, int, int], ...]:
        """(first RVA, end RVA, file offset, bytes in the file) of the headers and each section, by address."""
        if self.is_flat:
            return ((0, self.size_of_image, 0, min(self.file_size, self.size_of_image)),)
        headers = min(self.size_of_headers, self.file_size)
        spans = [(0, align_up(headers, PAGE), 0, headers)]
        for section in self.sections:
            offset = section.file_offset
            present = max(0, min(section.file_size, self.file_size - offset))
            spans.append((section.virtual_address, section.virtual_address + section.mapped_size, offset, present))
        return tuple(spans)

    def locate(self, rva: int) -> tuple[int, int, int]:
        """Where `rva` lies: file offset, bytes there from the file, bytes in all up to the end of its section.

        Raises ImageError for an RVA in no section.
        """
        for first, end, offset, present in self._spans:
            if first <= rva < end:
                inside = rva - first
                return offset + inside, max(0, present - inside), end - rva
        raise self.error(f"RVA {rva:#x} lies in no section")

    def contains(self, rva: int) -> bool:
        """Whether `rva` lies in the headers or a section."""
        return any(first <= rva < end for first, end, _, _ in self._spans)

    def section_of(self, rva: int) -> Section | None:
        """The section that holds `rva`; None for the headers and the space between."""
        for section in self.sections:
            if section.virtual_address <= rva < section.virtual_address + section.mapped_size:
                return section
        return None

    def read(self, rva: int, size: int) -> bytes:
        """`size` bytes as they stand in memory before relocation. Raises ImageError when they are not all there."""
        parts = []
        while size > 0:
            offset, present, available = self.locate(rva)
            count = min(size, available)
            stored = min(count, present)
            parts.append(self.data[offset : offset + stored])
            if count > stored:
                if count - stored > 0x4000000:
                    raise self.error(f"{count} bytes at RVA {rva:#x} asked for, of which the file has {stored}")
                parts.append(bytes(count - stored))
            rva += count
            size -= count
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_string(self, rva: int, what: str = "a name", limit: int = 4096) -> str:
        """The NUL-terminated byte string at `rva`, decoded as Latin-1 so that every byte survives."""
        offset, present, available = self.locate(rva)
        end = self.data.find(b"\0", offset, offset + min(present, limit + 1))
        if end >= 0:
            return self.data[offset:end].decode("latin-1")
        if present > limit or (present == available):
            raise self.error(f"{what} at RVA {rva:#x} has no end within {min(limit, available)} bytes")
        return self.data[offset : offset + present].decode("latin-1")

    def section_data(self, section: Section) -> memoryview:
        """The bytes of `section` that come from the file; release the view before `close()`."""
        return memoryview(self.data)[section.file_offset : section.file_offset + section.file_size]

    def headers(self) -> bytes:
        """What Windows maps at the image base: the first `size_of_headers` bytes of the file."""
        return self.data[: self.size_of_headers]

    # Tables

    def imports(self) -> tuple[ImportedDll, ...]:
        """The DLLs bound at load time. Raises ImageError."""
        return self._imports

    @cached_property
    def _imports(self) -> tuple[ImportedDll, ...]:
        return tuple(pe_tables.read_imports(self))

    def delay_imports(self) -> tuple[ImportedDll, ...]:
        """The DLLs bound at the first call. Raises ImageError."""
        return self._delay_imports

    @cached_property
    def _delay_imports(self) -> tuple[ImportedDll, ...]:
        return tuple(pe_tables.read_delay_imports(self))

    def exports(self) -> ExportTable:
        """The export table; an empty one where there is none. Raises ImageError."""
        return self._exports

    @cached_property
    def _exports(self) -> ExportTable:
        return pe_tables.read_exports(self)

    def relocations(self) -> Iterator[RelocationBlock]:
        """The base relocations, one block a page. Raises ImageError."""
        return pe_tables.read_relocations(self)

    def tls(self) -> TlsDirectory | None:
        """The thread-local storage directory, or None. Raises ImageError."""
        return pe_tables.read_tls(self)

    def load_config(self) -> LoadConfig | None:
        """Security cookie and control-flow guard tables, or None. Raises ImageError."""
        return pe_tables.read_load_config(self)

    def debug_entries(self) -> tuple[DebugEntry, ...]:
        """The debug directory. Raises ImageError."""
        return tuple(pe_tables.read_debug(self))

    @property
    def exception_directory(self) -> DataDirectory:
        """The function table (`.pdata`)."""
        return self.directories[DIRECTORY_EXCEPTION]

    def resources(self) -> tuple[pe_resources.Resource, ...]:
        """Every resource, in the order of the tree. Raises ImageError."""
        return self._resources

    @cached_property
    def _resources(self) -> tuple[pe_resources.Resource, ...]:
        return tuple(pe_resources.read_resources(self))

    def resource(self, kind: int | str, name: int | str | None = None, language: int | None = None) -> bytes | None:
        """The first resource of that type (and name and language, where given); None if there is none."""
        for item in pe_resources.read_resources(self, kind):
            same_name = name is None or pe_resources.same_key(item.name, name)
            if same_name and language in (None, item.language):
                return self.read(item.rva, item.size)
        return None

    def version_info(self) -> dict[str, str]:
        """FileVersion, ProductVersion and the version strings (CompanyName, …) of the version resource; maybe empty."""
        data = self.resource(pe_resources.RT_VERSION)
        return pe_resources.parse_version(data) if data else {}
