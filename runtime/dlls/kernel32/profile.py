"""winbase.h: initialization files (`.ini`): sections of `key=value` lines.

A file without a directory lies in the Windows directory. Files are ANSI unless they begin with a UTF-16 byte order
mark. Unlike on Windows no part of WIN.INI is redirected to the registry.
"""

from __future__ import annotations

import os
import re

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.file_support import nt_path
from runtime.dlls.text import encode_text
from runtime.dlls.types import BOOL, DWORD, INT, LPCSTR, LPCWSTR, LPSTR, LPWSTR, UINT
from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.casing import upcase
from runtime.nt.disk_file import DiskFile
from runtime.nt.io import open_path
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

INI = "file_io"
_MAXIMUM = 1 << 24
_BOM = b"\xff\xfe"
_INTEGER = re.compile(r"\s*([+-]?)(0x[0-9a-f]+|0o[0-7]+|0b[01]+|\d+)?", re.IGNORECASE)


def _path(thread: Thread, name: str | None) -> str:
    name = name or "win.ini"
    if "\\" not in name and "/" not in name and ":" not in name:
        name = "C:\\Windows\\" + name
    return nt_path(thread, name)


class Profile:
    """The lines of an initialization file."""

    def __init__(self, lines: list[str], *, wide: bool) -> None:
        self.lines = lines
        self.wide = wide

    @classmethod
    def load(cls, thread: Thread, name: str | None) -> Profile:
        """Read a file. Raises NtError."""
        options = ff.FILE_NON_DIRECTORY_FILE | ff.FILE_SYNCHRONOUS_IO_NONALERT
        file = open_path(thread.process, _path(thread, name), ff.FILE_GENERIC_READ, 3, options)
        try:
            data = os.pread(file.fd, _MAXIMUM, 0) if isinstance(file, DiskFile) else b""
        finally:
            file.closed()
        if data.startswith(_BOM):
            return cls(data[2:].decode("utf-16-le", "replace").splitlines(), wide=True)
        return cls(thread.process.decode_ansi(data).replace("\x1a", "").splitlines(), wide=False)

    def save(self, thread: Thread, name: str | None) -> None:
        """Write a file, making it where it is missing. Raises NtError."""
        options = ff.FILE_NON_DIRECTORY_FILE | ff.FILE_SYNCHRONOUS_IO_NONALERT
        text = "".join(line + "\r\n" for line in self.lines)
        data = _BOM + text.encode("utf-16-le") if self.wide else thread.process.encode_ansi(text)
        access, disposition = ff.FILE_GENERIC_WRITE, ff.FILE_OVERWRITE_IF
        file = open_path(thread.process, _path(thread, name), access, 1, options, disposition, 0x20)
        try:
            if isinstance(file, DiskFile):
                file.put(data, 0)
        finally:
            file.closed()

    @staticmethod
    def _section_of(line: str) -> str | None:
        text = line.strip()
        if not text.startswith("["):
            return None
        return text[1:].partition("]")[0].strip()

    def sections(self) -> list[str]:
        """Return the names of all sections, in order."""
        return [name for name in map(self._section_of, self.lines) if name is not None]

    def _range(self, section: str) -> tuple[int, int] | None:
        """Return the lines of a section, without its heading: first, and the one behind the last."""
        wanted = upcase(section.strip())
        start = -1
        for index, line in enumerate(self.lines):
            name = self._section_of(line)
            if name is None:
                continue
            if start >= 0:
                return start, index
            if upcase(name) == wanted:
                start = index + 1
        return (start, len(self.lines)) if start >= 0 else None

    def entries(self, section: str) -> list[tuple[str, str | None]]:
        """Return the keys of a section with their values (None for a line without `=`)."""
        found = self._range(section)
        if found is None:
            return []
        entries = []
        for line in self.lines[found[0] : found[1]]:
            text = line.strip()
            if not text or text.startswith(";"):
                continue
            key, equals, value = text.partition("=")
            entries.append((key.strip(), value.strip() if equals else None))
        return entries

    def has(self, section: str) -> bool:
        """Say whether there is such a section."""
        return self._range(section) is not None

    def get(self, section: str, key: str) -> str | None:
        """Return a value, its quotation marks taken off, or None."""
        wanted = upcase(key.strip())
        for name, value in self.entries(section):
            if upcase(name) == wanted and value is not None:
                if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
                    return value[1:-1]
                return value
        return None

    def set(self, section: str, key: str, value: str | None) -> None:
        """Store a value, or with None remove the key."""
        found = self._range(section)
        if found is None:
            if value is not None:
                self.lines += [f"[{section.strip()}]", f"{key}={value}"]
            return
        start, end = found
        wanted = upcase(key.strip())
        for index in range(start, end):
            name, equals, _ = self.lines[index].partition("=")
            if equals and upcase(name.strip()) == wanted:
                if value is None:
                    del self.lines[index]
                else:
                    self.lines[index] = f"{name.rstrip()}={value}"
                return
        if value is None:
            return
        while end > start and not self.lines[end - 1].strip():
            end -= 1
        self.lines.insert(end, f"{key}={value}")

    def replace_section(self, section: str, lines: list[str] | None) -> None:
        """Store the lines of a section, or with None remove it."""
        found = self._range(section)
        if found is not None:
            del self.lines[found[0] - 1 : found[1]]
            place = found[0] - 1
        else:
            place = len(self.lines)
        if lines is not None:
            self.lines[place:place] = [f"[{section.strip()}]", *lines]


def _load(thread: Thread, name: str | None) -> Profile:
    """Read a file for a query; a missing one is empty, and the last error says so."""
    try:
        profile = Profile.load(thread, name)
    except (NtError, Win32Error) as error:
        thread.last_error = error.error
        return Profile([], wide=False)
    thread.last_error = st.ERROR_SUCCESS
    return profile


def _put_string(thread: Thread, text: str, buffer: int, size: int, *, wide: bool) -> int:
    unit = 2 if wide else 1
    data = encode_text(thread, text, wide)
    if not buffer or not size:
        return 0
    room = (size - 1) * unit
    if len(data) > room:
        thread.last_error = st.ERROR_MORE_DATA
        data = data[:room]
    thread.process.memory.write(buffer, data + bytes(unit))
    return len(data) // unit


def _put_list(thread: Thread, items: list[str], buffer: int, size: int, *, wide: bool) -> int:
    """Store strings, each with a NUL, and one more NUL; returns the characters without the last NUL."""
    unit = 2 if wide else 1
    data = encode_text(thread, "".join(item + "\0" for item in items), wide)
    if not buffer or not size:
        return 0
    if len(data) // unit + 1 > size:
        thread.last_error = st.ERROR_MORE_DATA
        count = max(0, size - 2)
        thread.process.memory.write(buffer, data[: count * unit] + bytes(min(2, size) * unit))
        return count
    thread.process.memory.write(buffer, (data or bytes(unit)) + bytes(unit))
    return len(data) // unit


def _get_string(
    thread: Thread, section: str | None, key: str | None, default: str | None, buffer: int, size: int,
    file: str | None, *, wide: bool,
) -> int:  # fmt: skip
    profile = _load(thread, file)
    if section is None:
        return _put_list(thread, profile.sections(), buffer, size, wide=wide)
    if key is None and profile.has(section):
        keys = [name for name, value in profile.entries(section) if value is not None]
        return _put_list(thread, keys, buffer, size, wide=wide)
    if key is None:
        thread.last_error = st.ERROR_FILE_NOT_FOUND
        return _put_string(thread, default or "", buffer, size, wide=wide)
    value = profile.get(section, key)
    if value is None:
        thread.last_error = st.ERROR_FILE_NOT_FOUND
        value = (default or "").rstrip(" ")
    return _put_string(thread, value, buffer, size, wide=wide)


def _decode(thread: Thread, text: bytes | None) -> str | None:
    return None if text is None else thread.process.decode_ansi(text)


@kernel32.export(INI)
def GetPrivateProfileStringW(
    thread: Thread,
    lpAppName: LPCWSTR,
    lpKeyName: LPCWSTR,
    lpDefault: LPCWSTR,
    lpReturnedString: LPWSTR,
    nSize: DWORD,
    lpFileName: LPCWSTR,
) -> DWORD:
    """Return a value, the keys of a section, or all sections."""
    return _get_string(thread, lpAppName, lpKeyName, lpDefault, lpReturnedString, nSize, lpFileName, wide=True)


@kernel32.export(INI)
def GetPrivateProfileStringA(
    thread: Thread,
    lpAppName: LPCSTR,
    lpKeyName: LPCSTR,
    lpDefault: LPCSTR,
    lpReturnedString: LPSTR,
    nSize: DWORD,
    lpFileName: LPCSTR,
) -> DWORD:
    """Return a value, the keys of a section, or all sections."""
    section, key, default, file = (_decode(thread, text) for text in (lpAppName, lpKeyName, lpDefault, lpFileName))
    return _get_string(thread, section, key, default, lpReturnedString, nSize, file, wide=False)


@kernel32.export(INI)
def GetProfileStringW(
    thread: Thread, lpAppName: LPCWSTR, lpKeyName: LPCWSTR, lpDefault: LPCWSTR, lpReturnedString: LPWSTR, nSize: DWORD
) -> DWORD:
    """Return a value of win.ini."""
    return _get_string(thread, lpAppName, lpKeyName, lpDefault, lpReturnedString, nSize, None, wide=True)


@kernel32.export(INI)
def GetProfileStringA(
    thread: Thread, lpAppName: LPCSTR, lpKeyName: LPCSTR, lpDefault: LPCSTR, lpReturnedString: LPSTR, nSize: DWORD
) -> DWORD:
    """Return a value of win.ini."""
    section, key, default = (_decode(thread, text) for text in (lpAppName, lpKeyName, lpDefault))
    return _get_string(thread, section, key, default, lpReturnedString, nSize, None, wide=False)


def parse_integer(text: str, default: int) -> int:
    """Return the number a value begins with, as RtlUnicodeStringToInteger reads it."""
    found = _INTEGER.match(text)
    if found is None or not found[2]:
        return default if not text.strip() else 0
    digits = found[2].lower()
    number = int(digits, 0) if digits[:2] in ("0x", "0o", "0b") else int(digits)
    return (-number if found[1] == "-" else number) & 0xFFFFFFFF


@kernel32.export(INI)
def GetPrivateProfileIntW(
    thread: Thread, lpAppName: LPCWSTR, lpKeyName: LPCWSTR, nDefault: INT, lpFileName: LPCWSTR
) -> UINT:
    """Return a value as a number."""
    if lpAppName is None or lpKeyName is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    value = _load(thread, lpFileName).get(lpAppName, lpKeyName)
    return nDefault & 0xFFFFFFFF if value is None else parse_integer(value, nDefault)


kernel32.ansi(GetPrivateProfileIntW)


@kernel32.export(INI)
def GetProfileIntW(thread: Thread, lpAppName: LPCWSTR, lpKeyName: LPCWSTR, nDefault: INT) -> UINT:
    """Return a value of win.ini as a number."""
    return GetPrivateProfileIntW(thread, lpAppName, lpKeyName, nDefault, None)


kernel32.ansi(GetProfileIntW)


def _section(thread: Thread, section: str | None, buffer: int, size: int, file: str | None, *, wide: bool) -> int:
    if section is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    entries = _load(thread, file).entries(section)
    lines = [name if value is None else f"{name}={value}" for name, value in entries]
    return _put_list(thread, lines, buffer, size, wide=wide)


@kernel32.export(INI)
def GetPrivateProfileSectionW(
    thread: Thread, lpAppName: LPCWSTR, lpReturnedString: LPWSTR, nSize: DWORD, lpFileName: LPCWSTR
) -> DWORD:
    """Return the lines of a section."""
    return _section(thread, lpAppName, lpReturnedString, nSize, lpFileName, wide=True)


@kernel32.export(INI)
def GetPrivateProfileSectionA(
    thread: Thread, lpAppName: LPCSTR, lpReturnedString: LPSTR, nSize: DWORD, lpFileName: LPCSTR
) -> DWORD:
    """Return the lines of a section."""
    section, file = _decode(thread, lpAppName), _decode(thread, lpFileName)
    return _section(thread, section, lpReturnedString, nSize, file, wide=False)


@kernel32.export(INI)
def GetPrivateProfileSectionNamesW(
    thread: Thread, lpszReturnBuffer: LPWSTR, nSize: DWORD, lpFileName: LPCWSTR
) -> DWORD:
    """Return the names of all sections."""
    return _put_list(thread, _load(thread, lpFileName).sections(), lpszReturnBuffer, nSize, wide=True)


@kernel32.export(INI)
def GetPrivateProfileSectionNamesA(thread: Thread, lpszReturnBuffer: LPSTR, nSize: DWORD, lpFileName: LPCSTR) -> DWORD:
    """Return the names of all sections."""
    names = _load(thread, _decode(thread, lpFileName)).sections()
    return _put_list(thread, names, lpszReturnBuffer, nSize, wide=False)


def _for_writing(thread: Thread, file: str | None) -> Profile:
    try:
        return Profile.load(thread, file)
    except NtError as error:
        if error.status != st.STATUS_OBJECT_NAME_NOT_FOUND:
            raise
        return Profile([], wide=False)


@kernel32.export(INI)
def WritePrivateProfileStringW(
    thread: Thread, lpAppName: LPCWSTR, lpKeyName: LPCWSTR, lpString: LPCWSTR, lpFileName: LPCWSTR
) -> BOOL:
    """Store a value; without a value remove the key, without a key the section."""
    if lpAppName is None:
        if lpKeyName is None and lpString is None:
            return False  # flushes a cache that does not exist here
        raise Win32Error(st.ERROR_FILE_NOT_FOUND)
    profile = _for_writing(thread, lpFileName)
    if lpKeyName is None:
        profile.replace_section(lpAppName, None)
    else:
        profile.set(lpAppName, lpKeyName, lpString)
    profile.save(thread, lpFileName)
    return True


kernel32.ansi(WritePrivateProfileStringW)


@kernel32.export(INI)
def WriteProfileStringW(thread: Thread, lpAppName: LPCWSTR, lpKeyName: LPCWSTR, lpString: LPCWSTR) -> BOOL:
    """Store a value in win.ini."""
    return WritePrivateProfileStringW(thread, lpAppName, lpKeyName, lpString, None)


kernel32.ansi(WriteProfileStringW)


def _write_section(thread: Thread, section: str | None, block: bytes | None, file: str | None, *, wide: bool) -> bool:
    if section is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    profile = _for_writing(thread, file)
    lines = None
    if block is not None:
        text = block.decode("utf-16-le", "surrogatepass") if wide else thread.process.decode_ansi(block)
        lines = [line for line in text.split("\0") if line]
    profile.replace_section(section, lines)
    profile.save(thread, file)
    return True


def _read_block(thread: Thread, address: int, *, wide: bool) -> bytes | None:
    """Read strings that end with an empty one."""
    if not address:
        return None
    memory, out = thread.process.memory, bytearray()
    unit = 2 if wide else 1
    while len(out) < _MAXIMUM:
        text = memory.read_wstr(address).encode("utf-16-le", "surrogatepass") if wide else memory.read_str(address)
        if not text:
            break
        out += text + bytes(unit)
        address += len(text) + unit
    return bytes(out)


@kernel32.export(INI)
def WritePrivateProfileSectionW(thread: Thread, lpAppName: LPCWSTR, lpString: LPWSTR, lpFileName: LPCWSTR) -> BOOL:
    """Store all lines of a section, or without lines remove it."""
    return _write_section(thread, lpAppName, _read_block(thread, lpString, wide=True), lpFileName, wide=True)


@kernel32.export(INI)
def WritePrivateProfileSectionA(thread: Thread, lpAppName: LPCSTR, lpString: LPSTR, lpFileName: LPCSTR) -> BOOL:
    """Store all lines of a section, or without lines remove it."""
    section, file = _decode(thread, lpAppName), _decode(thread, lpFileName)
    return _write_section(thread, section, _read_block(thread, lpString, wide=False), file, wide=False)
