"""The tables of a PE image: imports, exports, relocations, TLS, load configuration, debug directory.

Each reader takes an `Image` and gives plain tuples; addresses are RVAs. Names are byte strings decoded as Latin-1.
Counts are bounded, so that a hostile file costs no more than a large honest one.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from runtime.loader.pe import Image

MAX_IMPORTED_DLLS = 4096
MAX_IMPORTED_SYMBOLS = 1 << 18
MAX_EXPORTS = 1 << 16  # ordinals are 16 bits in the name table
MAX_CALLBACKS = 1024

RELOCATION_ABSOLUTE = 0
RELOCATION_HIGHLOW = 3
RELOCATION_DIR64 = 10

_IMPORT = struct.Struct("<5I")
_DELAY_IMPORT = struct.Struct("<8I")
_EXPORT = struct.Struct("<2I2H7I")
_DEBUG = struct.Struct("<2I2H4I")

DEBUG_TYPE_NAMES = {
    1: "COFF", 2: "CodeView", 3: "FPO", 4: "misc", 5: "exception", 6: "fixup", 9: "Borland", 12: "VC feature",
    13: "POGO", 14: "ILTCG", 16: "repro", 20: "extended DLL characteristics",
}  # fmt: skip


class ImportedSymbol(NamedTuple):
    """One import: by `name` (with the linker's `hint`) or, when `name` is None, by `ordinal`.

    `thunk` is the RVA of the pointer to fill in.
    """

    name: str | None
    ordinal: int
    hint: int
    thunk: int

    def __str__(self) -> str:
        return self.name if self.name is not None else f"#{self.ordinal}"


class ImportedDll(NamedTuple):
    """One import descriptor. `bound`: the file carries addresses already (they are not to be trusted).

    For a delay import `handle` is the RVA of the module handle that the program keeps; else 0.
    """

    name: str
    symbols: tuple[ImportedSymbol, ...]
    bound: bool
    thunks: int
    handle: int = 0


class Export(NamedTuple):
    """One export: the RVA of code or data, or a forwarder (`dll.name`, `dll.#7`), then `rva` is that of its text."""

    ordinal: int
    name: str | None
    rva: int
    forwarder: str | None


class ExportTable:
    """The exports of an image, by name and by ordinal; names are resolved to a dictionary at the first look-up."""

    def __init__(self, image: Image, rva: int, size: int, dll_name: str, base: int, functions: tuple[int, ...],
                 name_rvas: tuple[int, ...], name_ordinals: tuple[int, ...]) -> None:  # fmt: skip
        self._image = image
        self._first = rva
        self._end = rva + size
        self._functions = functions
        self._name_rvas = name_rvas
        self._name_ordinals = name_ordinals
        self.dll_name = dll_name
        self.base = base

    def __len__(self) -> int:
        return sum(1 for rva in self._functions if rva)

    @cached_property
    def _index(self) -> dict[str, int]:
        image, count, index = self._image, len(self._functions), dict[str, int]()
        low = high = delta = 0
        find, data = image.data.find, image.data
        for rva, slot in zip(self._name_rvas, self._name_ordinals, strict=True):
            if slot >= count:
                continue  # Windows finds such a name and fails the look-up
            if not low <= rva < high:
                offset, present, _ = image.locate(rva)
                low, high, delta = rva, rva + present, offset - rva
            end = find(b"\0", rva + delta, high + delta)
            if end < 0:
                raise image.error(f"the export name at RVA {rva:#x} has no end")
            index.setdefault(data[rva + delta : end].decode("latin-1"), slot)
        return index

    @cached_property
    def _names(self) -> dict[int, str]:
        return {slot: name for name, slot in reversed(self._index.items())}

    def _export(self, slot: int, name: str | None) -> Export | None:
        rva = self._functions[slot]
        if rva == 0:
            return None
        forwarder = self._image.read_string(rva, "a forwarder") if self._first <= rva < self._end else None
        return Export(self.base + slot, name, rva, forwarder)

    def by_name(self, name: str) -> Export | None:
        """The export called exactly `name` (case counts)."""
        slot = self._index.get(name)
        return None if slot is None else self._export(slot, name)

    def by_ordinal(self, ordinal: int) -> Export | None:
        """The export with that (biased) ordinal."""
        slot = ordinal - self.base
        return self._export(slot, self._names.get(slot)) if 0 <= slot < len(self._functions) else None

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of the name table."""
        return tuple(self._index)

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def __iter__(self) -> Iterator[Export]:
        """Every export by ordinal."""
        for slot in range(len(self._functions)):
            export = self._export(slot, self._names.get(slot))
            if export is not None:
                yield export


class RelocationBlock(NamedTuple):
    """The relocations of one page: each entry is type << 12 | offset in the page."""

    page: int
    entries: array[int]


class TlsDirectory(NamedTuple):
    """Thread-local storage: the template (RVA, bytes), then `zero_fill` zero bytes; where its index goes; callbacks."""

    template: int
    template_size: int
    zero_fill: int
    index_slot: int
    callbacks_table: int
    callbacks: tuple[int, ...]
    alignment: int


class LoadConfig(NamedTuple):
    """The parts of the load configuration that matter; RVAs, 0 where absent."""

    size: int
    security_cookie: int
    guard_flags: int
    guard_check_call: int
    guard_dispatch_call: int
    guard_functions: int
    guard_function_count: int


class DebugEntry(NamedTuple):
    """One debug directory entry; CodeView entries name the PDB file and its identity (GUID and age)."""

    kind: str
    time_date_stamp: int
    size: int
    pdb_path: str | None
    pdb_id: str | None
    codeview: bytes = b""
    """The CodeView record itself."""


def read_imports(image: Image) -> Iterator[ImportedDll]:
    rva, size = image.directories[1]
    if rva == 0 or size == 0:
        return
    budget = MAX_IMPORTED_SYMBOLS
    for number in range(MAX_IMPORTED_DLLS + 1):
        lookup, stamp, _, name_rva, thunks = _IMPORT.unpack(image.read(rva + number * _IMPORT.size, _IMPORT.size))
        # Windows ends the table at a descriptor without a name or without thunks.
        if name_rva == 0 or thunks == 0:
            return
        name = image.read_string(name_rva, "an imported DLL's name", 512)
        if not name:
            raise image.error(f"import descriptor {number} has an empty DLL name")
        symbols = _read_symbols(image, lookup or thunks, thunks, name, budget)
        budget -= len(symbols)
        yield ImportedDll(name, symbols, stamp != 0, thunks)
    raise image.error(f"more than {MAX_IMPORTED_DLLS} import descriptors")


def _read_symbols(
    image: Image, lookup: int, thunks: int, dll: str, budget: int, image_base: int = 0
) -> tuple[ImportedSymbol, ...]:
    size = image.pointer_size
    by_ordinal = 1 << (size * 8 - 1)
    symbols: list[ImportedSymbol] = []
    for entry in _pointers(image, lookup, budget, f"the import table of {dll}"):
        thunk = thunks + len(symbols) * size
        if entry & by_ordinal:
            symbols.append(ImportedSymbol(None, entry & 0xFFFF, 0, thunk))
            continue
        target = (entry - image_base) & 0xFFFFFFFF if image_base else entry
        if target > 0x7FFFFFFF:
            raise image.error(f"import {len(symbols)} of {dll} points to {entry:#x}, outside the image")
        (hint,) = struct.unpack("<H", image.read(target, 2))
        name = image.read_string(target + 2, f"an import of {dll}")
        symbols.append(ImportedSymbol(name, 0, hint, thunk))
    return tuple(symbols)


def _pointers(image: Image, rva: int, budget: int, what: str) -> Iterator[int]:
    """The pointers at `rva` up to a zero one, at most `budget`."""
    size = image.pointer_size
    code = "Q" if size == 8 else "I"
    while True:
        _, _, available = image.locate(rva)
        count = max(1, min(available // size, 512))
        for value in struct.unpack(f"<{count}{code}", image.read(rva, count * size)):
            if value == 0:
                return
            budget -= 1
            if budget < 0:
                raise image.error(f"{what} has too many entries (at most {MAX_IMPORTED_SYMBOLS} in all)")
            yield value
        rva += count * size


def read_delay_imports(image: Image) -> Iterator[ImportedDll]:
    rva, size = image.directories[13]
    if rva == 0 or size == 0:
        return
    budget = MAX_IMPORTED_SYMBOLS
    for number in range(MAX_IMPORTED_DLLS + 1):
        fields = _DELAY_IMPORT.unpack(image.read(rva + number * _DELAY_IMPORT.size, _DELAY_IMPORT.size))
        attributes, name_rva, handle, thunks, lookup, bound, _, stamp = fields
        if name_rva == 0:
            return
        base = 0
        if not attributes & 1:  # Visual C++ 6 stored addresses instead of RVAs
            base = image.image_base
            addresses = (name_rva, handle, thunks, lookup)
            name_rva, handle, thunks, lookup = ((value - base) & 0xFFFFFFFF for value in addresses)
        name = image.read_string(name_rva, "a delay-loaded DLL's name", 512)
        symbols = _read_symbols(image, lookup, thunks, name, budget, base)
        budget -= len(symbols)
        yield ImportedDll(name, symbols, bound != 0 and stamp != 0, thunks, handle)
    raise image.error(f"more than {MAX_IMPORTED_DLLS} delay-import descriptors")


def read_exports(image: Image) -> ExportTable:
    rva, size = image.directories[0]
    if rva == 0 or size == 0:
        return ExportTable(image, 0, 0, "", 0, (), (), ())
    fields = _EXPORT.unpack(image.read(rva, _EXPORT.size))
    _, _, _, _, name_rva, base, function_count, name_count, functions, names, ordinals = fields
    for what, count in (("functions", function_count), ("names", name_count)):
        if count > MAX_EXPORTS:
            raise image.error(f"the export table claims {count} {what}, at most {MAX_EXPORTS} are possible")
    dll_name = image.read_string(name_rva, "the exported DLL name", 512) if name_rva else ""
    return ExportTable(
        image,
        rva,
        size,
        dll_name,
        base,
        struct.unpack(f"<{function_count}I", image.read(functions, function_count * 4)),
        struct.unpack(f"<{name_count}I", image.read(names, name_count * 4)),
        struct.unpack(f"<{name_count}H", image.read(ordinals, name_count * 2)),
    )


def read_relocations(image: Image) -> Iterator[RelocationBlock]:
    rva, size = image.directories[5]
    if rva == 0 or size == 0:
        return
    table, position = image.read(rva, size), 0
    while position + 8 <= len(table):
        page, block = struct.unpack_from("<2I", table, position)
        if block == 0:
            return  # padding
        if block < 8 or position + block > len(table):
            raise image.error(
                f"the relocation block at RVA {rva + position:#x} is {block} bytes long, "
                f"expected 8 to {len(table) - position}"
            )
        entries = array("H")
        entries.frombytes(table[position + 8 : position + 8 + ((block - 8) & ~1)])
        yield RelocationBlock(page, entries)
        position += block


def _rva(image: Image, address: int, what: str) -> int:
    if address == 0:
        return 0
    rva = address - image.image_base
    if not 0 <= rva < image.size_of_image:
        raise image.error(f"{what} is at {address:#x}, outside the image")
    return rva


def read_tls(image: Image) -> TlsDirectory | None:
    rva, size = image.directories[9]
    if rva == 0 or size == 0:
        return None
    layout = struct.Struct("<4Q2I" if image.is_64_bit else "<4I2I")
    start, end, index, callbacks, zero_fill, characteristics = layout.unpack(image.read(rva, layout.size))
    if end < start:
        raise image.error(f"the TLS template ends ({end:#x}) before it starts ({start:#x})")
    if end - start > image.size_of_image:
        raise image.error(f"the TLS template has {end - start:#x} bytes, the image {image.size_of_image:#x}")
    table = _rva(image, callbacks, "the TLS callback table")
    found: list[int] = []
    if table:
        for address in _pointers(image, table, MAX_CALLBACKS, "the TLS callback table"):
            found.append(_rva(image, address, "a TLS callback"))
    power = characteristics >> 20 & 0xF
    return TlsDirectory(
        _rva(image, start, "the TLS template"),
        end - start,
        zero_fill,
        _rva(image, index, "the TLS index"),
        table,
        tuple(found),
        1 << (power - 1) if power else 0,
    )


def read_load_config(image: Image) -> LoadConfig | None:
    rva, size = image.directories[10]
    if rva == 0 or size == 0:
        return None
    (declared,) = struct.unpack("<I", image.read(rva, 4))
    wide = image.is_64_bit
    wanted = 0x94 if wide else 0x5C
    data = image.read(rva, min(max(declared, 4), wanted)).ljust(wanted, b"\0")
    if wide:
        (cookie,) = struct.unpack_from("<Q", data, 0x58)
        check, dispatch, functions, count, flags = struct.unpack_from("<4QI", data, 0x70)
    else:
        (cookie,) = struct.unpack_from("<I", data, 0x3C)
        check, dispatch, functions, count, flags = struct.unpack_from("<5I", data, 0x48)
    return LoadConfig(
        declared,
        _rva(image, cookie, "the security cookie"),
        flags,
        _rva(image, check, "the guard check pointer"),
        _rva(image, dispatch, "the guard dispatch pointer"),
        _rva(image, functions, "the guard function table"),
        count,
    )


def read_debug(image: Image) -> Iterator[DebugEntry]:
    rva, size = image.directories[6]
    if rva == 0:
        return
    for number in range(min(size // _DEBUG.size, 64)):
        entry = _DEBUG.unpack(image.read(rva + number * _DEBUG.size, _DEBUG.size))
        _, stamp, _, _, kind, length, data_rva, _ = entry
        path = identity = None
        codeview = b""
        if kind == 2 and 24 < length <= 0x10000 and data_rva and image.contains(data_rva):
            data = image.read(data_rva, length)
            if data[:4] == b"RSDS":
                (age,) = struct.unpack_from("<I", data, 20)
                identity = f"{UUID(bytes_le=data[4:20])} age {age}"
                codeview = data
                path = data[24:].split(b"\0", 1)[0].decode("utf-8", "replace")
        yield DebugEntry(DEBUG_TYPE_NAMES.get(kind, f"type {kind}"), stamp, length, path, identity, codeview)
