"""shlwapi.h: paths. Text is handled in the caller's own units (UTF-16 units or bytes), so that positions are exact."""

from __future__ import annotations

from runtime.dlls.shlwapi import path_rules as rules
from runtime.dlls.shlwapi.dll import shlwapi
from runtime.dlls.shlwapi.units import read, write
from runtime.dlls.types import BOOL, DWORD, HRESULT, INT, LPCSTR, LPCWSTR, LPSTR, LPVOID, LPWSTR, UINT
from runtime.nt.status import ERROR_FILE_NOT_FOUND, NtError, Win32Error
from runtime.nt.thread import Thread

FILE = "file_io"
S_OK, S_FALSE = 0, 1


def _at(thread: Thread, address: int, wide: bool, index: int) -> int:
    return address + index * (2 if wide else 1)


# Finding


@shlwapi.export(category=FILE)
def PathFindFileNameW(thread: Thread, pszPath: LPVOID) -> LPVOID:
    """Return the address of the file name in a path."""
    return _at(thread, pszPath, True, rules.file_name(read(thread, pszPath, True))) if pszPath else 0


@shlwapi.export(category=FILE)
def PathFindFileNameA(thread: Thread, pszPath: LPVOID) -> LPVOID:
    """Return the address of the file name in a path."""
    return _at(thread, pszPath, False, rules.file_name(read(thread, pszPath, False))) if pszPath else 0


@shlwapi.export(category=FILE)
def PathFindExtensionW(thread: Thread, pszPath: LPVOID) -> LPVOID:
    """Return the address of the extension's dot, or of the end."""
    return _at(thread, pszPath, True, rules.extension(read(thread, pszPath, True))) if pszPath else 0


@shlwapi.export(category=FILE)
def PathFindExtensionA(thread: Thread, pszPath: LPVOID) -> LPVOID:
    """Return the address of the extension's dot, or of the end."""
    return _at(thread, pszPath, False, rules.extension(read(thread, pszPath, False))) if pszPath else 0


@shlwapi.export(category=FILE)
def PathGetDriveNumberW(thread: Thread, pszPath: LPCWSTR) -> INT:
    """Return 0 for A: to 25 for Z:, -1 without a drive."""
    path = (pszPath or "").removeprefix("\\\\?\\")
    return ord(path[0].upper()) - 65 if path[1:2] == ":" and path[0].isascii() and path[0].isalpha() else -1


# Questions


@shlwapi.export(category=FILE)
def PathIsRelativeW(thread: Thread, pszPath: LPCWSTR) -> BOOL:
    """Whether a path is relative."""
    return int(rules.is_relative(pszPath or ""))


@shlwapi.export(category=FILE)
def PathIsRootW(thread: Thread, pszPath: LPCWSTR) -> BOOL:
    """Whether a path is a root."""
    return int(rules.is_root(pszPath or ""))


@shlwapi.export(category=FILE)
def PathIsUNCW(thread: Thread, pszPath: LPCWSTR) -> BOOL:
    """Whether a path begins with two backslashes."""
    path = pszPath or ""
    return int(path.startswith("\\\\?\\UNC\\") or (path.startswith("\\\\") and path[2:4] != "?\\"))


@shlwapi.export(category=FILE)
def PathIsFileSpecW(thread: Thread, pszPath: LPCWSTR) -> BOOL:
    """Whether a path is a plain name."""
    return int(not any(character in "\\:" for character in pszPath or ""))


@shlwapi.export(category=FILE)
def PathIsURLW(thread: Thread, pszPath: LPCWSTR) -> BOOL:
    """Whether text begins with a scheme and a colon."""
    scheme, colon, _ = (pszPath or "").partition(":")
    return int(bool(colon) and len(scheme) > 1 and all(c.isascii() and (c.isalnum() or c in "+-.") for c in scheme))


@shlwapi.export(category=FILE)
def PathIsPrefixW(thread: Thread, pszPrefix: LPCWSTR, pszPath: LPCWSTR) -> BOOL:
    """Whether one path is a folder above another."""
    prefix = (pszPrefix or "").rstrip("\\")
    shared = rules.common_prefix(prefix, pszPath or "").rstrip("\\")
    return int(not pszPrefix or (bool(prefix) and shared.upper() == prefix.upper()))


@shlwapi.export(category=FILE)
def PathIsSameRootW(thread: Thread, pszPath1: LPCWSTR, pszPath2: LPCWSTR) -> BOOL:
    """Whether two paths have the same root."""
    one, two = pszPath1 or "", pszPath2 or ""
    first, second = one[: rules.root_length(one)], two[: rules.root_length(two)]
    return int(bool(first) and first.rstrip("\\").upper() == second.rstrip("\\").upper())


def _is_folder(thread: Thread, path: str) -> bool | None:
    """Whether a path names a folder; None when there is nothing. Errors set the last error."""
    try:
        with thread.process.machine.drives.resolve(thread.process.full_path(path).removeprefix("\\\\?\\")) as found:
            if found.exists:
                return found.is_directory
    except NtError as error:
        thread.last_error = error.error
    else:
        thread.last_error = ERROR_FILE_NOT_FOUND
    return None


def _exists(thread: Thread, path: str | None) -> int:
    if not path:
        thread.last_error = ERROR_FILE_NOT_FOUND
        return 0
    return int(_is_folder(thread, path) is not None)


@shlwapi.export(category=FILE)
def PathFileExistsW(thread: Thread, pszPath: LPCWSTR) -> BOOL:
    """Whether a file or folder exists."""
    return _exists(thread, pszPath)


@shlwapi.export(category=FILE)
def PathIsDirectoryW(thread: Thread, pszPath: LPCWSTR) -> BOOL:
    """Return FILE_ATTRIBUTE_DIRECTORY for a folder that exists."""
    return 0x10 if pszPath and _is_folder(thread, pszPath) else 0


@shlwapi.export(category=FILE)
def PathMatchSpecW(thread: Thread, pszFile: LPCWSTR, pszSpec: LPCWSTR) -> BOOL:
    """Whether a file name matches one of several patterns (`*.c;*.h`)."""
    return int(rules.match_specs(pszFile or "", pszSpec or ""))


@shlwapi.export(category=FILE)
def PathMatchSpecExW(thread: Thread, pszFile: LPCWSTR, pszSpec: LPCWSTR, dwFlags: DWORD) -> HRESULT:
    """Whether a file name matches a pattern, or with PMSF_MULTIPLE (1) one of several."""
    specs = (pszSpec or "").split(";") if dwFlags & 1 else [pszSpec or ""]
    strip = not dwFlags & 0x10000
    found = any(rules.match_spec(pszFile or "", spec.lstrip(" ") if strip else spec) for spec in specs)
    return S_OK if found else S_FALSE


# Changing in place


def _add_backslash(thread: Thread, address: int, wide: bool) -> int:
    path = read(thread, address, wide)
    if len(path) >= rules.MAX_PATH:
        return 0
    longer = rules.add_backslash(path)
    write(thread, address, longer, wide)
    return _at(thread, address, wide, len(longer))


@shlwapi.export(category=FILE)
def PathAddBackslashW(thread: Thread, pszPath: LPWSTR) -> LPVOID:
    """Append a backslash; returns the address of the end, NULL when it does not fit."""
    return _add_backslash(thread, pszPath, True)


@shlwapi.export(category=FILE)
def PathAddBackslashA(thread: Thread, pszPath: LPSTR) -> LPVOID:
    """Append a backslash; returns the address of the end, NULL when it does not fit."""
    return _add_backslash(thread, pszPath, False)


def _remove_backslash(thread: Thread, address: int, wide: bool) -> int:
    path = read(thread, address, wide)
    if path.endswith("\\") and not rules.is_root(path):
        write(thread, address, path[:-1], wide)
        return _at(thread, address, wide, len(path) - 1)
    return _at(thread, address, wide, max(len(path) - 1, 0)) if path.endswith("\\") else _at(
        thread, address, wide, len(path) - 1 if path else 0
    )


@shlwapi.export(category=FILE)
def PathRemoveBackslashW(thread: Thread, pszPath: LPWSTR) -> LPVOID:
    """Remove a trailing backslash, but not that of a root."""
    return _remove_backslash(thread, pszPath, True)


@shlwapi.export(category=FILE)
def PathRemoveBackslashA(thread: Thread, pszPath: LPSTR) -> LPVOID:
    """Remove a trailing backslash, but not that of a root."""
    return _remove_backslash(thread, pszPath, False)


def _remove_file_spec(thread: Thread, address: int, wide: bool) -> int:
    if not address:
        return 0
    path = read(thread, address, wide)
    keep = rules.remove_file_spec(path)
    if keep >= len(path):
        return 0
    write(thread, address, path[:keep], wide)
    return 1


@shlwapi.export(category=FILE)
def PathRemoveFileSpecW(thread: Thread, pszPath: LPWSTR) -> BOOL:
    """Remove the last component; 0 when there is nothing to remove."""
    return _remove_file_spec(thread, pszPath, True)


@shlwapi.export(category=FILE)
def PathRemoveFileSpecA(thread: Thread, pszPath: LPSTR) -> BOOL:
    """Remove the last component; 0 when there is nothing to remove."""
    return _remove_file_spec(thread, pszPath, False)


def _cut(thread: Thread, address: int, wide: bool, first: bool) -> None:
    """Keep what is before (or, for `first` False, behind) the interesting point."""
    path = read(thread, address, wide)
    write(thread, address, path[: rules.extension(path)] if first else path[rules.file_name(path) :], wide)


@shlwapi.export(category=FILE)
def PathRemoveExtensionW(thread: Thread, pszPath: LPWSTR) -> None:
    """Remove the extension."""
    _cut(thread, pszPath, True, True)


@shlwapi.export(category=FILE)
def PathRemoveExtensionA(thread: Thread, pszPath: LPSTR) -> None:
    """Remove the extension."""
    _cut(thread, pszPath, False, True)


@shlwapi.export(category=FILE)
def PathStripPathW(thread: Thread, pszPath: LPWSTR) -> None:
    """Keep the file name only."""
    _cut(thread, pszPath, True, False)


@shlwapi.export(category=FILE)
def PathStripPathA(thread: Thread, pszPath: LPSTR) -> None:
    """Keep the file name only."""
    _cut(thread, pszPath, False, False)


def _combine(thread: Thread, target: int, folder: str | None, file: str | None, wide: bool) -> int:
    result = rules.combine(folder, file)
    if result is None:
        write(thread, target, "", wide)
        return 0
    write(thread, target, result, wide)
    return target


@shlwapi.export(category=FILE)
def PathCombineW(thread: Thread, pszDest: LPWSTR, pszDir: LPVOID, pszFile: LPVOID) -> LPVOID:
    """Join a folder and a file into a buffer of MAX_PATH characters."""
    folder = read(thread, pszDir, True) if pszDir else None
    return _combine(thread, pszDest, folder, read(thread, pszFile, True) if pszFile else None, True)


@shlwapi.export(category=FILE)
def PathCombineA(thread: Thread, pszDest: LPSTR, pszDir: LPVOID, pszFile: LPVOID) -> LPVOID:
    """Join a folder and a file into a buffer of MAX_PATH characters."""
    folder = read(thread, pszDir, False) if pszDir else None
    return _combine(thread, pszDest, folder, read(thread, pszFile, False) if pszFile else None, False)


@shlwapi.export(category=FILE)
def PathAppendW(thread: Thread, pszPath: LPWSTR, pszMore: LPVOID) -> BOOL:
    """Append a path to another."""
    more = read(thread, pszMore, True) if pszMore else None
    if more is not None and not more.startswith("\\\\"):
        more = more.lstrip("\\")
    return int(
        bool(pszPath and more is not None and _combine(thread, pszPath, read(thread, pszPath, True), more, True))
    )


@shlwapi.export(category=FILE)
def PathAppendA(thread: Thread, pszPath: LPSTR, pszMore: LPVOID) -> BOOL:
    """Append a path to another."""
    more = read(thread, pszMore, False) if pszMore else None
    if more is not None and not more.startswith("\\\\"):
        more = more.lstrip("\\")
    return int(
        bool(pszPath and more is not None and _combine(thread, pszPath, read(thread, pszPath, False), more, False))
    )


@shlwapi.export(category=FILE)
def PathCanonicalizeW(thread: Thread, pszBuf: LPWSTR, pszPath: LPVOID) -> BOOL:
    """Resolve `.` and `..`."""
    result = rules.canonicalize(read(thread, pszPath, True))
    if len(result) >= rules.MAX_PATH:
        raise Win32Error(206)
    write(thread, pszBuf, result, True)
    return 1


@shlwapi.export(category=FILE)
def PathCanonicalizeA(thread: Thread, pszBuf: LPSTR, pszPath: LPVOID) -> BOOL:
    """Resolve `.` and `..`."""
    result = rules.canonicalize(read(thread, pszPath, False))
    if len(result) >= rules.MAX_PATH:
        raise Win32Error(206)
    write(thread, pszBuf, result, False)
    return 1


@shlwapi.export(category=FILE)
def PathUnExpandEnvStringsW(thread: Thread, pszPath: LPCWSTR, pszBuf: LPWSTR, cchBuf: UINT) -> BOOL:
    """Replace the beginning of a path by a variable that stands for it."""
    path = pszPath or ""
    environment = thread.process.environment()
    for name in ("ALLUSERSPROFILE", "APPDATA", "ProgramFiles", "SystemRoot", "SystemDrive", "USERPROFILE"):
        value = environment.get(name, "")
        if value and path.upper().startswith(value.upper()):
            result = f"%{name}%{path[len(value) :]}"
            if len(result) >= cchBuf:
                return 0
            write(thread, pszBuf, result, True)
            return 1
    return 0


@shlwapi.export(category=FILE)
def PathFileExistsA(thread: Thread, pszPath: LPCSTR) -> BOOL:
    """Whether a file or folder exists."""
    return _exists(thread, None if pszPath is None else thread.process.decode_ansi(pszPath))


PathIsRelativeA = shlwapi.ansi(PathIsRelativeW)
PathIsRootA = shlwapi.ansi(PathIsRootW)
PathIsUNCA = shlwapi.ansi(PathIsUNCW)
PathIsURLA = shlwapi.ansi(PathIsURLW)
PathIsFileSpecA = shlwapi.ansi(PathIsFileSpecW)
PathIsDirectoryA = shlwapi.ansi(PathIsDirectoryW)
PathMatchSpecA = shlwapi.ansi(PathMatchSpecW)
PathIsPrefixA = shlwapi.ansi(PathIsPrefixW)
PathIsSameRootA = shlwapi.ansi(PathIsSameRootW)
PathGetDriveNumberA = shlwapi.ansi(PathGetDriveNumberW)
