"""shlwapi.h: more questions about strings and paths, sizes and times as text, associations."""

from __future__ import annotations

from runtime.dlls.associations import class_of, class_value, command_of, program_of, type_name
from runtime.dlls.kernel32.fileapi_find import matching
from runtime.dlls.kernel32.processenv import exists, search_path
from runtime.dlls.shlwapi import path_rules as rules
from runtime.dlls.shlwapi.dll import shlwapi
from runtime.dlls.shlwapi.strings import StrCSpnW, StrSpnW, StrToInt64ExW
from runtime.dlls.shlwapi.units import read, write
from runtime.dlls.text import copy_text, encode_text
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HRESULT,
    INT,
    LONGLONG,
    LPCSTR,
    LPCWSTR,
    LPSTR,
    LPVOID,
    LPWSTR,
    UCHAR,
    UINT,
    ULONGLONG,
    WCHAR,
    WORD,
    InOut,
)
from runtime.nt.casing import upcase
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

TEXT, FILE = "environment", "file_io"
S_OK, S_FALSE, E_INVALIDARG, E_POINTER = 0, 1, 0x80070057, 0x80004003
NO_ASSOCIATION = 0x80070483
GCT_INVALID, GCT_LFNCHAR, GCT_SHORTCHAR, GCT_WILD, GCT_SEPARATOR = 0, 1, 2, 4, 8

shlwapi.ansi(StrSpnW)
shlwapi.ansi(StrCSpnW)
shlwapi.ansi(StrToInt64ExW)


# Strings


def _last(thread: Thread, start: int, end: int, character: int, wide: bool, fold: bool) -> int:
    if not start:
        return 0
    unit = 2 if wide else 1
    text, wanted = read(thread, start, wide), chr(character if wide else character & 0xFF)
    if fold:
        text, wanted = upcase(text), upcase(wanted)
    index = text[: (end - start) // unit if end else len(text)].rfind(wanted)
    return start + index * unit if index >= 0 else 0


@shlwapi.export(category=TEXT)
def StrRChrA(thread: Thread, pszStart: LPVOID, pszEnd: LPVOID, wMatch: WORD) -> LPVOID:
    """Return the address of the last such character."""
    return _last(thread, pszStart, pszEnd, wMatch, False, False)


@shlwapi.export(category=TEXT)
def StrRChrIW(thread: Thread, pszStart: LPVOID, pszEnd: LPVOID, wMatch: WCHAR) -> LPVOID:
    """Return the address of the last such character, in any case."""
    return _last(thread, pszStart, pszEnd, wMatch, True, True)


@shlwapi.export(category=TEXT)
def StrRChrIA(thread: Thread, pszStart: LPVOID, pszEnd: LPVOID, wMatch: WORD) -> LPVOID:
    """Return the address of the last such character, in any case."""
    return _last(thread, pszStart, pszEnd, wMatch, False, True)


@shlwapi.export(category=TEXT)
def StrPBrkA(thread: Thread, psz: LPVOID, pszSet: LPVOID) -> LPVOID:
    """Return the address of the first character that is in a set."""
    wanted = read(thread, pszSet, False)
    found = next((index for index, character in enumerate(read(thread, psz, False)) if character in wanted), -1)
    return psz + found if found >= 0 else 0


def _store(thread: Thread, text: str, buffer: int, capacity: int, wide: bool) -> int:
    """Store text, cut to the buffer; returns the buffer."""
    if buffer and capacity:
        write(thread, buffer, text[: capacity - 1], wide)
    return buffer


_UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB", "EB")


def _size_text(size: int, *, nearest: bool) -> str:
    value, unit = float(size), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    if not unit:
        return f"{size} bytes"
    places = 2 if value < 10 else 1 if value < 100 else 0
    scale = 10**places
    shown = (int(value * scale + 0.5) if nearest else int(value * scale)) / scale
    return f"{shown:.{places}f} {_UNITS[unit]}"


@shlwapi.export(category=TEXT)
def StrFormatByteSizeW(thread: Thread, qdw: LONGLONG, pszBuf: LPWSTR, cchBuf: UINT) -> LPVOID:
    """Return a size with three digits and a unit."""
    return _store(thread, _size_text(qdw, nearest=False), pszBuf, cchBuf, True)


@shlwapi.export(category=TEXT)
def StrFormatByteSizeA(thread: Thread, dw: DWORD, pszBuf: LPVOID, cchBuf: UINT) -> LPVOID:
    """Return a size with three digits and a unit."""
    return _store(thread, _size_text(dw, nearest=False), pszBuf, cchBuf, False)


@shlwapi.export(category=TEXT)
def StrFormatByteSize64A(thread: Thread, qdw: LONGLONG, pszBuf: LPVOID, cchBuf: UINT) -> LPVOID:
    """Return a size with three digits and a unit."""
    return _store(thread, _size_text(qdw, nearest=False), pszBuf, cchBuf, False)


@shlwapi.export(category=TEXT)
def StrFormatByteSizeEx(thread: Thread, ull: ULONGLONG, flags: INT, pszBuf: LPWSTR, cchBuf: UINT) -> HRESULT:
    """Return a size with three digits and a unit, rounded (1) or cut (2)."""
    if flags not in (1, 2) or not cchBuf:
        return E_INVALIDARG
    _store(thread, _size_text(ull, nearest=flags == 1), pszBuf, cchBuf, True)
    return S_OK


@shlwapi.export(category=TEXT)
def StrFormatKBSizeW(thread: Thread, qdw: LONGLONG, pszBuf: LPWSTR, cchBuf: UINT) -> LPVOID:
    """Return a size in KB, rounded up."""
    return _store(thread, f"{-(-qdw // 1024):,} KB", pszBuf, cchBuf, True)


@shlwapi.export(category=TEXT)
def StrFormatKBSizeA(thread: Thread, qdw: LONGLONG, pszBuf: LPSTR, cchBuf: UINT) -> LPVOID:
    """Return a size in KB, rounded up."""
    return _store(thread, f"{-(-qdw // 1024):,} KB", pszBuf, cchBuf, False)


def _interval(milliseconds: int, digits: int) -> str:
    """Return hours, minutes and seconds with so many significant digits."""
    total = (milliseconds + 500) // 1000
    out = ""
    for size, unit in ((3600, "hr"), (60, "min"), (1, "sec")):
        value, total = divmod(total, size)
        if not value and not (size == 1 and not out):
            continue
        if digits <= 0:
            break
        shown = str(value)
        kept = shown[:digits] + "0" * max(len(shown) - digits, 0)
        digits -= len(shown)
        out += f" {kept} {unit}"
    return out


@shlwapi.export(category=TEXT)
def StrFromTimeIntervalW(thread: Thread, pszOut: LPWSTR, cchMax: UINT, dwTimeMS: DWORD, digits: INT) -> INT:
    """Return a length of time as text; returns its length."""
    text = _interval(dwTimeMS, digits)
    _store(thread, text, pszOut, cchMax, True)
    return len(text)


@shlwapi.export(category=TEXT)
def StrFromTimeIntervalA(thread: Thread, pszOut: LPSTR, cchMax: UINT, dwTimeMS: DWORD, digits: INT) -> INT:
    """StrFromTimeIntervalW for ANSI text."""
    text = _interval(dwTimeMS, digits)
    _store(thread, text, pszOut, cchMax, False)
    return len(text)


# Paths


@shlwapi.export(category=FILE)
def PathIsUNCServerW(thread: Thread, pszPath: LPCWSTR) -> BOOL:
    """Whether a path is a server and nothing more."""
    path = pszPath or ""
    return int(path.startswith("\\\\") and "\\" not in path[2:])


@shlwapi.export(category=FILE)
def PathIsUNCServerShareW(thread: Thread, pszPath: LPCWSTR) -> BOOL:
    """Whether a path is a share of a server and nothing more."""
    path = pszPath or ""
    return int(path.startswith("\\\\") and path[2:].count("\\") == 1)


@shlwapi.export(category=FILE)
def PathIsNetworkPathW(thread: Thread, pszPath: LPCWSTR) -> BOOL:
    """Whether a path leads to another computer: those of shares do; no drive of a machine is one's."""
    return int((pszPath or "").startswith("\\\\") and not (pszPath or "").startswith(("\\\\?\\", "\\\\.\\")))


@shlwapi.export(category=FILE)
def PathIsLFNFileSpecW(thread: Thread, pszName: LPCWSTR) -> BOOL:
    """Whether a name is none of 8.3."""
    stem, _, extension = (pszName or "").partition(".")
    fits = len(stem) <= 8 and len(extension) <= 3 and "." not in extension and " " not in (pszName or "")
    return int(not fits)


@shlwapi.export(category=FILE)
def PathIsDirectoryEmptyW(thread: Thread, pszPath: LPCWSTR) -> BOOL:
    """Whether a folder holds nothing; FALSE for what is no folder."""
    try:
        return int(bool(pszPath) and not matching(thread, f"{(pszPath or '').rstrip(chr(92))}\\*"))
    except (NtError, Win32Error):
        return 0


for _function in (PathIsUNCServerW, PathIsUNCServerShareW, PathIsNetworkPathW, PathIsLFNFileSpecW,
                  PathIsDirectoryEmptyW):  # fmt: skip
    shlwapi.ansi(_function)


def _character_type(character: str) -> int:
    if character == "\\" or character == "/" or character == ":":
        return GCT_SEPARATOR
    if character in "*?":
        return GCT_WILD
    if character in '<>|"' or character < " ":
        return GCT_INVALID
    return GCT_LFNCHAR if character in " +,;=[]" else GCT_LFNCHAR | GCT_SHORTCHAR


@shlwapi.export(category=FILE)
def PathGetCharTypeW(thread: Thread, ch: WCHAR) -> UINT:
    """Say where in paths a character may stand."""
    return _character_type(chr(ch))


@shlwapi.export(category=FILE)
def PathGetCharTypeA(thread: Thread, ch: UCHAR) -> UINT:
    """Say where in paths a character may stand."""
    return _character_type(chr(ch))


def _icon_index(thread: Thread, address: int, wide: bool) -> int:
    text = read(thread, address, wide)
    path, comma, number = text.rpartition(",")
    if not comma:
        write(thread, address, text.strip(' "'), wide)
        return 0
    write(thread, address, path.strip(' "'), wide)
    digits = number.strip()
    return int(digits) if digits.lstrip("-").isdigit() else 0


@shlwapi.export(category=FILE)
def PathParseIconLocationW(thread: Thread, pszIconFile: LPVOID) -> INT:
    """Cut `,index` off a path; returns the index."""
    return _icon_index(thread, pszIconFile, True)


@shlwapi.export(category=FILE)
def PathParseIconLocationA(thread: Thread, pszIconFile: LPVOID) -> INT:
    """Cut `,index` off a path; returns the index."""
    return _icon_index(thread, pszIconFile, False)


def _undecorate(thread: Thread, address: int, wide: bool) -> None:
    path = read(thread, address, wide)
    at = rules.extension(path)
    stem = path[:at]
    start = stem.rfind("[")
    if stem.endswith("]") and start > rules.file_name(path) and stem[start + 1 : -1].isdigit():
        write(thread, address, stem[:start] + path[at:], wide)


@shlwapi.export(category=FILE)
def PathUndecorateW(thread: Thread, pszPath: LPVOID) -> None:
    """Cut `[1]` off the name of a file from the cache."""
    _undecorate(thread, pszPath, True)


@shlwapi.export(category=FILE)
def PathUndecorateA(thread: Thread, pszPath: LPVOID) -> None:
    """Cut `[1]` off the name of a file from the cache."""
    _undecorate(thread, pszPath, False)


def _find_on_path(thread: Thread, address: int, folders: int, wide: bool) -> int:
    memory = thread.process.memory
    name = read(thread, address, wide)
    if not name or not rules.is_relative(name) or "\\" in name:
        return 0
    at = folders
    while at and memory.read_pointer(at):
        candidate = rules.combine(read(thread, memory.read_pointer(at), wide), name)
        if candidate is not None and exists(thread, candidate):
            write(thread, address, candidate, wide)
            return 1
        at += memory.pointer_size
    found = search_path(thread, None, name, None)
    if found is None or len(found) >= rules.MAX_PATH:
        return 0
    memory.write(address, encode_text(thread, found + "\0", wide))
    return 1


@shlwapi.export(category=FILE)
def PathFindOnPathW(thread: Thread, pszPath: LPVOID, ppszOtherDirs: LPVOID) -> BOOL:
    """Look for a file in folders and on the path; its full path replaces its name."""
    return _find_on_path(thread, pszPath, ppszOtherDirs, True)


@shlwapi.export(category=FILE)
def PathFindOnPathA(thread: Thread, pszPath: LPVOID, ppszOtherDirs: LPVOID) -> BOOL:
    """Look for a file in folders and on the path; its full path replaces its name."""
    return _find_on_path(thread, pszPath, ppszOtherDirs, False)


@shlwapi.export(category=FILE)
def PathSearchAndQualifyW(thread: Thread, pszPath: LPCWSTR, pszBuf: LPWSTR, cchBuf: UINT) -> BOOL:
    """Return a path in full, looking for a bare name on the path."""
    path = pszPath or ""
    found = search_path(thread, None, path, None) if path and "\\" not in path else None
    full = found or (thread.process.full_path(path) if path else "")
    return int(bool(full) and copy_text(thread, full, pszBuf, cchBuf) > 0)


# Associations

_COMMAND, _EXECUTABLE, _DOCUMENT, _CONTENT_TYPE, _ICON, _PROGRAM_ID = 1, 2, 3, 14, 15, 20
"""ASSOCSTR_COMMAND, EXECUTABLE, FRIENDLYDOCNAME, CONTENTTYPE, DEFAULTICON, PROGID."""


def _association(thread: Thread, what: int, name: str, verb: str | None) -> str | None:
    """Return what the registry says of an extension or class."""
    process = thread.process
    extension = name if name.startswith(".") else ""
    kind = class_of(process, extension) if extension else name
    if what == _CONTENT_TYPE:
        return class_value(process, extension, "Content Type") if extension else None
    if what == _DOCUMENT:
        return type_name(process, "x" + extension) if extension and kind else class_value(process, name)
    if what == _PROGRAM_ID:
        return kind
    if what == _ICON:
        return class_value(process, f"{kind}\\DefaultIcon") if kind else None
    command = command_of(process, kind, verb or "") if kind else None
    if command is None:
        return None
    command = process.environment().expand(command)
    if what == _COMMAND:
        return command
    program = program_of(command)
    if program == "%1":
        return program
    return search_path(thread, None, program, ".exe")


def _query_association(
    thread: Thread, flags: int, what: int, name: str | None, extra: str | None, buffer: int, size: InOut[int],
    wide: bool,
) -> int:  # fmt: skip
    if not name or not size:
        return E_INVALIDARG
    if what not in (_COMMAND, _EXECUTABLE, _DOCUMENT, _CONTENT_TYPE, _ICON, _PROGRAM_ID):
        return E_INVALIDARG
    found = _association(thread, what, name, extra)
    if not found:
        return NO_ASSOCIATION
    data = encode_text(thread, found + "\0", wide)
    length = len(data) // (2 if wide else 1)
    room = size.get()
    size.set(length)
    if not buffer:
        return S_FALSE
    if room < length:
        return E_POINTER
    thread.process.memory.write(buffer, data)
    return S_OK


@shlwapi.export(category=TEXT)
def AssocQueryStringW(
    thread: Thread, flags: DWORD, str: INT, pszAssoc: LPCWSTR, pszExtra: LPCWSTR, pszOut: LPWSTR,
    pcchOut: InOut[DWORD],
) -> HRESULT:  # fmt: skip
    """Return the command, program, name, icon… that an extension (`.txt`) or class has; counts its NUL."""
    return _query_association(thread, flags, str, pszAssoc, pszExtra, pszOut, pcchOut, True)


@shlwapi.export(category=TEXT)
def AssocQueryStringA(
    thread: Thread, flags: DWORD, str: INT, pszAssoc: LPCSTR, pszExtra: LPCSTR, pszOut: LPSTR, pcchOut: InOut[DWORD]
) -> HRESULT:
    """AssocQueryStringW through the ANSI code page."""
    name, extra = (None if text is None else thread.process.decode_ansi(text) for text in (pszAssoc, pszExtra))
    return _query_association(thread, flags, str, name, extra, pszOut, pcchOut, False)
