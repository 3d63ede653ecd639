"""Resources of modules and data files, as the resource loader finds them: languages, language files (`.mui`).

Sources: Microsoft's "PE Format"; learn.microsoft.com, "MUI Resource Management". Everything is read from the
program's memory, so that resources of an image which the program mapped itself are found too.

A file with a resource of type MUI says which types its language files have; for these the language file counts, for
others the file itself. Where a file has no such resource, a language file beside it gives what the file lacks.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from runtime.loader.pe import ImageError
from runtime.loader.pe_resources import MuiConfiguration, parse_mui
from runtime.loader.search import LOAD_LIBRARY_AS_DATAFILE, base_name, directory_of
from runtime.nt import status as st
from runtime.nt import ui_languages
from runtime.nt.data_files import AS_FILE
from runtime.nt.status import NtError, Win32Error

if TYPE_CHECKING:
    from runtime.nt.data_files import DataFile
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread

Key = int | str

_MARK: Final = 0x80000000
_SECTION_HEADER: Final = 40
RT_VERSION: Final = 16
RT_MANIFEST: Final = 24
MUI: Final = "MUI"
LANGUAGE_NEUTRAL: Final = 0
_ENGLISH: Final = (0x409, 0x9)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a resource directory."""

    key: Key
    target: int
    """Offset of a directory or data entry from the root."""


@dataclass(slots=True, eq=False)
class Resources:
    """The resources of one image in memory."""

    process: Process
    base: int
    root: int
    """Address of the root directory."""
    sections: tuple[tuple[int, int, int], ...] | None
    """RVA, size and file offset of each section where the file is mapped as it is; None for an image."""

    def address(self, rva: int) -> int:
        """Where an RVA lies in memory."""
        return self.base + _place(self.sections, rva)

    def entries(self, offset: int = 0) -> list[Entry]:
        """The entries of the directory at that offset."""
        memory = self.process.memory
        names, ids = struct.unpack("<HH", memory.read(self.root + offset + 12, 4))
        count = names + ids
        values = struct.unpack(f"<{2 * count}I", memory.read(self.root + offset + 16, 8 * count))
        return [Entry(self._key(values[index]), values[index + 1] & ~_MARK) for index in range(0, 2 * count, 2)]

    def _key(self, value: int) -> Key:
        if not value & _MARK:
            return value & 0xFFFF
        memory = self.process.memory
        place = self.root + (value & ~_MARK)
        return memory.read(place + 2, 2 * memory.read_u16(place)).decode("utf-16-le", "surrogatepass")

    def child(self, offset: int, key: Key) -> int | None:
        """The offset of what a directory has under a key; None when it has no such."""
        return next((item.target for item in self.entries(offset) if same(item.key, key)), None)

    def find(self, kind: Key, name: Key, languages: tuple[int, ...], *, any_language: bool) -> int:
        """The address of a data entry in the first of these languages that there is.

        Raises Win32Error: which of type, name and language is missing.
        """
        names = self.child(0, kind)
        if names is None:
            raise Win32Error(st.ERROR_RESOURCE_TYPE_NOT_FOUND)
        found = self.child(names, name)
        if found is None:
            raise Win32Error(st.ERROR_RESOURCE_NAME_NOT_FOUND)
        present = {item.key: item.target for item in reversed(self.entries(found))}
        for language in languages:
            if language in present:
                return self.root + present[language]
        if any_language and present:
            return self.root + next(reversed(present.values()))
        raise Win32Error(st.ERROR_RESOURCE_LANG_NOT_FOUND)

    def data(self, entry: int) -> bytes:
        """The bytes that a data entry stands for."""
        memory = self.process.memory
        rva, size = struct.unpack("<II", memory.read(entry, 8))
        return memory.read(self.address(rva), size)


def same(entry: Key, wanted: Key) -> bool:
    """Whether two keys are the same to FindResource."""
    return entry.upper() == wanted.upper() if isinstance(entry, str) and isinstance(wanted, str) else entry == wanted


def _place(sections: tuple[tuple[int, int, int], ...] | None, rva: int) -> int:
    """The offset of an RVA from the base of the mapping."""
    for start, size, offset in sections or ():
        if start <= rva < start + size:
            return offset + rva - start
    return rva


def resources_of(process: Process, handle: int) -> Resources:
    """The resources that a module handle stands for; NULL is the program.

    Raises Win32Error(ERROR_RESOURCE_DATA_NOT_FOUND) for no image, or one without resources.
    """
    memory = process.memory
    base = handle & ~3
    if not base:
        assert process.loader.executable is not None
        base = process.loader.executable.base
    missing = Win32Error(st.ERROR_RESOURCE_DATA_NOT_FOUND)
    if memory.find(base) is None or memory.read_u16(base) != 0x5A4D:
        raise missing
    header = base + memory.read_u32(base + 0x3C)
    if memory.find(header) is None or memory.read_u32(header) != 0x4550:
        raise missing
    count, optional_size, magic = struct.unpack("<2xH12xH2xH", memory.read(header + 4, 22))
    directories = header + 24 + (112 if magic == 0x20B else 96)
    rva = memory.read_u32(directories + 16)
    if memory.read_u32(directories - 4) < 3 or not rva:
        raise missing
    sections = None
    if handle & AS_FILE:
        table = memory.read(header + 24 + optional_size, _SECTION_HEADER * count)
        found = []
        for index in range(count):
            virtual, start, raw, offset = struct.unpack_from("<4I", table, _SECTION_HEADER * index + 8)
            found.append((start, max(virtual, raw), offset & ~0x1FF))
        sections = tuple(found)
    return Resources(process, base, base + _place(sections, rva), sections)


# Language files


@dataclass(slots=True)
class LanguageFiles:
    """The language files of the modules of one process."""

    known: dict[tuple[int, str], DataFile | None] = field(default_factory=dict)
    """By handle of the module and language (lower case)."""
    configurations: dict[int, MuiConfiguration | None] = field(default_factory=dict)


def path_of(process: Process, handle: int) -> str | None:
    """The file of a module or data file."""
    data = process.data_files.find(handle)
    if data is not None:
        return data.path
    module = process.loader.by_base(handle & ~3)
    return module.path if module is not None and module.builtin is None else None


def language_file_names(path: str, language: str) -> Iterator[str]:
    """Where the language file of a file may lie."""
    folder, name = directory_of(path), base_name(path)
    yield f"{folder}\\{language}\\{name}.mui"
    yield f"{folder}\\{name}.{language}.mui"
    with suppress(Win32Error):
        yield f"{folder}\\mui\\{ui_languages.language_id(language):04x}\\{name}.mui"


def _language_file(process: Process, handle: int, language: str) -> DataFile | None:
    """The language file of a module, mapped at its first use."""
    files = process.language_files
    key = (handle, language.lower())
    if key not in files.known:
        files.known[key] = None
        path = path_of(process, handle)
        for name in language_file_names(path, language) if path is not None and "\\" in path else ():
            with suppress(NtError, ImageError):
                files.known[key] = process.data_files.load(name, LOAD_LIBRARY_AS_DATAFILE)
                break
    return files.known[key]


def forget_language_files(process: Process, handle: int) -> None:
    """A module goes: its language files go with it."""
    files = process.language_files
    for key in [key for key in files.known if key[0] == handle]:
        data = files.known.pop(key)
        if data is not None:
            process.data_files.free(data.handle)
    files.configurations.pop(handle, None)


def _configuration(process: Process, handle: int, own: Resources) -> MuiConfiguration | None:
    """What a module's MUI resource says."""
    known = process.language_files.configurations
    if handle not in known:
        known[handle] = None
        with suppress(Win32Error):
            known[handle] = parse_mui(own.data(own.find(MUI, 1, (), any_language=True)))
    return known[handle]


def alternates(thread: Thread, handle: int, language: int | None = None) -> Iterator[Resources]:
    """The resources of the language files of a module, in the order of the languages that the thread prefers.

    `language`: that one alone.
    """
    process = thread.process
    own = handle if handle & ~3 else _program(process)
    names = ui_languages.merged(thread, fallbacks=True)
    if language:
        try:
            name = ui_languages.checked_id(f"{language:x}")
        except Win32Error:
            return
        neutral = ui_languages.parent(name)
        names = (name, *((neutral,) if neutral else ()))
    else:
        with suppress(Win32Error):
            configuration = _configuration(process, own, resources_of(process, own))
            if configuration is not None and configuration.fallback_language:
                names = (*names, configuration.fallback_language)
    for name in names:
        data = _language_file(process, own, name)
        if data is not None:
            with suppress(Win32Error):
                yield resources_of(process, data.handle)


def _program(process: Process) -> int:
    assert process.loader.executable is not None
    return process.loader.executable.base


def find_entry(thread: Thread, handle: int, kind: Key, name: Key, language: int) -> int:
    """FindResourceEx: return the address of the IMAGE_RESOURCE_DATA_ENTRY. Raises Win32Error."""
    return find(thread, handle, kind, name, language)[1]


def find(thread: Thread, handle: int, kind: Key, name: Key, language: int) -> tuple[Resources, int]:
    """Find a resource in a module or its language files; `language` 0 follows the user interface. Raises Win32Error."""
    neutral = language & 0x3FF == LANGUAGE_NEUTRAL
    if neutral:
        languages = (LANGUAGE_NEUTRAL, *ui_languages.language_ids(thread), *_ENGLISH)
    else:
        languages = (language, language & 0x3FF, LANGUAGE_NEUTRAL)
    own = resources_of(thread.process, handle)
    configuration = _configuration(thread.process, handle if handle & ~3 else _program(thread.process), own)
    order: Iterator[Resources] = alternates(thread, handle, 0 if neutral else language)
    if kind == RT_MANIFEST or same(kind, MUI):
        candidates: Iterator[Resources] = iter((own,))
    elif configuration is not None and configuration.in_language_file(kind):
        candidates = _chain(order, own)
    else:
        candidates = _chain(iter((own,)), *(() if kind == RT_VERSION else (order,)))
    first: Win32Error | None = None
    for place in candidates:
        try:
            return place, place.find(kind, name, languages, any_language=neutral)
        except Win32Error as error:
            # What the file itself says is the better answer.
            if first is None or place is own:
                first = error
    raise first or Win32Error(st.ERROR_RESOURCE_DATA_NOT_FOUND)


def _chain(*parts: Iterator[Resources] | Resources) -> Iterator[Resources]:
    for part in parts:
        if isinstance(part, Resources):
            yield part
        else:
            yield from part


def data_address(process: Process, handle: int, entry: int) -> int:
    """LoadResource: where the bytes of a data entry lie, in the module or the language file that has the entry."""
    data = process.data_files.at(entry)
    owner = resources_of(process, data.handle if data is not None else handle)
    return owner.address(process.memory.read_u32(entry))


def string_of(thread: Thread, handle: int, number: int) -> tuple[int, int] | None:
    """Address and length in characters of a string resource; None when there is none."""
    try:
        place, entry = find(thread, handle, 6, (number >> 4 & 0xFFF) + 1, 0)
    except Win32Error:
        return None
    memory = thread.process.memory
    rva, size = struct.unpack("<II", memory.read(entry, 8))
    address = place.address(rva)
    end = address + size
    for _ in range(number & 15):
        if address + 2 > end:
            return None
        address += 2 + 2 * memory.read_u16(address)
    return (address + 2, memory.read_u16(address)) if address + 2 <= end else None
