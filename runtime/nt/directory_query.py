"""Directory listings: NtQueryDirectoryFile and its information classes (ntifs.h)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from runtime.nt.status import (
    STATUS_BUFFER_OVERFLOW,
    STATUS_INFO_LENGTH_MISMATCH,
    STATUS_INVALID_INFO_CLASS,
    STATUS_NO_MORE_FILES,
    STATUS_NO_SUCH_FILE,
    STATUS_SUCCESS,
    NtError,
)
from runtime.vfs.drive import Drive
from runtime.vfs.metadata import Metadata
from runtime.vfs.names import has_wildcards, is_legal
from runtime.vfs.pattern import compile_pattern

FILE_DIRECTORY_INFORMATION = 1
FILE_FULL_DIRECTORY_INFORMATION = 2
FILE_BOTH_DIRECTORY_INFORMATION = 3
FILE_NAMES_INFORMATION = 12
FILE_ID_BOTH_DIRECTORY_INFORMATION = 37
FILE_ID_FULL_DIRECTORY_INFORMATION = 38
FILE_ID_EXTD_DIRECTORY_INFORMATION = 60
FILE_ID_EXTD_BOTH_DIRECTORY_INFORMATION = 63

_NAME_AT = {1: 64, 2: 68, 3: 94, 12: 12, 37: 104, 38: 80, 60: 88, 63: 114}
"""Class → where the name begins in an entry."""


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """One line of a listing."""

    name: str
    metadata: Metadata


def pack_entry(entry: DirectoryEntry, information_class: int, index: int) -> bytes:
    """Return an entry of a class, its NextEntryOffset zero."""
    data, name = entry.metadata, entry.name.encode("utf-16-le", "surrogatepass")
    if information_class == FILE_NAMES_INFORMATION:
        return struct.pack("<III", 0, index, len(name)) + name
    common = struct.pack(
        "<IIqqqqqqII",
        0,
        index,
        data.created,
        data.accessed,
        data.written,
        data.changed,
        data.size,
        data.allocated,
        data.attributes,
        len(name),
    )
    tag = data.reparse_tag
    match information_class:
        case 1:
            return common + name
        case 2:
            return common + struct.pack("<I", tag) + name
        case 3:
            return common + struct.pack("<IBB24s", tag, 0, 0, b"") + name
        case 37:
            return common + struct.pack("<IBB24sHq", tag, 0, 0, b"", 0, data.file_id) + name
        case 38:
            return common + struct.pack("<IIq", tag, 0, data.file_id) + name
        case 60:
            return common + struct.pack("<IIQQ", 0, tag, data.file_id, 0) + name
        case 63:
            return common + struct.pack("<IIQQBB24s", 0, tag, data.file_id, 0, 0, 0, b"") + name
    raise NtError(STATUS_INVALID_INFO_CLASS)


class DirectoryQuery:
    """The state of a listing, kept by the handle: the pattern of the first call, the names then, and the place in
    them."""

    def __init__(self, drive: Drive, path: str, pattern: str | None) -> None:
        self._drive = drive
        self._path = path
        self._pattern = pattern or "*"
        self._names: list[tuple[str, str]] | None = None
        self._index = 0
        self._first = True

    def restart(self, pattern: str | None) -> None:
        """Begin again; a pattern given then replaces the first one."""
        if pattern:
            self._pattern = pattern
        self._names = None
        self._index = 0
        self._first = True

    def _list(self) -> list[tuple[str, str]]:
        if not has_wildcards(self._pattern):
            if self._pattern in (".", ".."):
                return [(self._pattern, self._pattern)] if self._path else []
            if not is_legal(self._pattern):
                return []
            host = self._drive.find(self._path, self._pattern)
            return [] if host is None else [(self._drive.windows_name(self._path, host), host)]
        match = compile_pattern(self._pattern)
        names: list[tuple[str, str]] = []
        if self._path:
            names = [(name, name) for name in (".", "..") if match(name)]
        names.extend(pair for pair in self._drive.entries(self._path) if match(pair[0]))
        return names

    def _entry(self, name: str, host: str) -> DirectoryEntry | None:
        if host == ".":
            path = self._path
        elif host == "..":
            path = self._path.rpartition("/")[0]
        else:
            path = f"{self._path}/{host}" if self._path else host
        try:
            with self._drive.locate(path) as location:
                return DirectoryEntry(name, location.metadata())
        except (NtError, OSError):
            return None  # it went away since the names were read

    def next_entry(self) -> DirectoryEntry | None:
        """Return the next entry, or None at the end. Raises NtError."""
        if self._names is None:
            self._names = self._list()
        while self._index < len(self._names):
            entry = self._entry(*self._names[self._index])
            self._index += 1
            if entry is not None:
                self._first = False
                return entry
        return None

    def fill(self, information_class: int, length: int, *, single: bool) -> tuple[bytes, int]:
        """Return as many entries as `length` bytes hold, and the status.

        STATUS_NO_SUCH_FILE when the first call finds nothing, STATUS_NO_MORE_FILES at the end (as NtError), and
        STATUS_BUFFER_OVERFLOW with a cut name when not even one entry fits.
        """
        name_at = _NAME_AT.get(information_class)
        if name_at is None:
            raise NtError(STATUS_INVALID_INFO_CLASS)
        if length < -(-name_at // 8) * 8:
            raise NtError(STATUS_INFO_LENGTH_MISMATCH)
        if self._names is None:
            self._names = self._list()
        out = bytearray()
        last = -1
        while self._index < len(self._names):
            entry = self._entry(*self._names[self._index])
            if entry is None:
                self._index += 1
                continue
            packed = pack_entry(entry, information_class, 0)
            start = -(-len(out) // 8) * 8
            if start + len(packed) > length:
                if last >= 0:
                    break
                self._index += 1
                self._first = False
                return packed[:length], STATUS_BUFFER_OVERFLOW
            if last >= 0:
                out += bytes(start - len(out))
                struct.pack_into("<I", out, last, start - last)
            last = start
            out += packed
            self._index += 1
            if single:
                break
        if not out:
            first, self._first = self._first, False
            raise NtError(STATUS_NO_SUCH_FILE if first else STATUS_NO_MORE_FILES)
        self._first = False
        return bytes(out), STATUS_SUCCESS
