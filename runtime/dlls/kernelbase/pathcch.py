"""pathcch.h: paths in buffers of known size."""

from __future__ import annotations

from runtime.dlls.heap import guest_heap_new
from runtime.dlls.kernelbase.dll import kernelbase
from runtime.dlls.shlwapi import path_rules as rules
from runtime.dlls.shlwapi.units import encode, read, write
from runtime.dlls.types import BOOL, HRESULT, LPCWSTR, LPVOID, LPWSTR, SIZE_T, ULONG, Out
from runtime.nt.thread import Thread

FILE = "file_io"
S_OK, S_FALSE = 0, 1
E_INVALIDARG = 0x80070057
STRSAFE_E_INSUFFICIENT_BUFFER = 0x8007007A
PATHCCH_E_FILENAME_TOO_LONG = 0x800700CE
PATHCCH_ALLOW_LONG_PATHS, PATHCCH_FORCE_ENABLE, PATHCCH_FORCE_DISABLE = 1, 2, 4
PATHCCH_DO_NOT_NORMALIZE_SEGMENTS, PATHCCH_ENSURE_IS_EXTENDED, PATHCCH_ENSURE_TRAILING_SLASH = 8, 16, 32
MAX_LONG = 0x8000


def root_length(path: str) -> int | None:
    r"""Return the length of the root: `C:\`, `\`, `\\server\share\`, `\\?\C:\`, `\\?\UNC\server\share\`; None: none."""
    upper = path.upper()
    if upper.startswith("\\\\?\\UNC\\"):
        return _share(path, 8)
    if upper.startswith("\\\\?\\VOLUME{"):
        end = path.find("}", 4)
        return None if end < 0 else end + (2 if path[end + 1 : end + 2] == "\\" else 1)
    if path.startswith("\\\\?\\"):
        rest = path[4:]
        if rest[1:2] != ":" or not rest[0].isalpha():
            return None
        return 7 if rest[2:3] == "\\" else 6
    if path.startswith("\\\\"):
        return _share(path, 2)
    if path.startswith("\\"):
        return 1
    if path[1:2] == ":" and path[0].isascii() and path[0].isalpha():
        return 3 if path[2:3] == "\\" else 2
    return None


def _share(path: str, start: int) -> int:
    server = path.find("\\", start)
    if server < 0:
        return len(path)
    share = path.find("\\", server + 1)
    return len(path) if share < 0 else share + 1


def canonicalize(path: str, flags: int) -> str:
    """Resolve `.` and `..`, drop trailing dots of the path, apply the prefix that flags ask for."""
    if path.upper().startswith("\\\\?\\UNC\\"):
        path = "\\\\" + path[8:]
    elif path.startswith("\\\\?\\") and path[5:6] == ":":
        path = path[4:]
    length = root_length(path) or 0
    root, rest = path[:length], path[length:]
    out: list[str] = []
    pieces = rest.split("\\")
    for piece in pieces:
        if piece == ".":
            continue
        if piece == "..":
            if out:
                out.pop()
            continue
        if not flags & PATHCCH_DO_NOT_NORMALIZE_SEGMENTS:
            piece = piece.rstrip(". ") if piece.strip(". ") and piece is pieces[-1] else piece
        out.append(piece)
    body = "\\".join(out)
    if pieces and pieces[-1] in (".", "..") and len(out) and len(pieces) > 1 and not body.endswith("\\"):
        body = body.rstrip("\\")
    result = root + body
    if not result:
        return "\\"
    if len(result) == 2 and result[1] == ":":
        result += "\\"
    if flags & PATHCCH_ENSURE_TRAILING_SLASH and not result.endswith("\\"):
        result += "\\"
    long = len(result) > rules.MAX_PATH - 1
    if flags & PATHCCH_ENSURE_IS_EXTENDED or (long and flags & PATHCCH_ALLOW_LONG_PATHS):
        if result.startswith("\\\\") and not result.startswith("\\\\?\\"):
            result = "\\\\?\\UNC\\" + result[2:]
        elif result[1:3] == ":\\":
            result = "\\\\?\\" + result
    return result


def combine(folder: str | None, more: str | None, flags: int) -> str:
    """Join two paths; one with a root of its own replaces the other, `\\x` keeps the drive."""
    if not folder or not more:
        joined = folder or more or ""
    elif more.startswith("\\") and not more.startswith("\\\\"):
        length = root_length(folder) or 0
        joined = folder[:length].rstrip("\\") + more
    elif root_length(more) is not None:
        joined = more
    else:
        joined = rules.add_backslash(folder) + more
    return canonicalize(joined, flags)


def _store(thread: Thread, target: int, capacity: int, text: str, flags: int) -> int:
    if len(text) + 1 > rules.MAX_PATH and not flags & PATHCCH_ALLOW_LONG_PATHS:
        write(thread, target, "", True)
        return PATHCCH_E_FILENAME_TOO_LONG
    if len(text) + 1 > capacity:
        write(thread, target, "", True)
        return STRSAFE_E_INSUFFICIENT_BUFFER
    write(thread, target, text, True)
    return S_OK


@kernelbase.export(category=FILE)
def PathCchCombineEx(
    thread: Thread, pszPathOut: LPWSTR, cchPathOut: SIZE_T, pszPathIn: LPVOID, pszMore: LPVOID, dwFlags: ULONG
) -> HRESULT:
    """Join two paths."""
    if not pszPathOut or not 0 < cchPathOut <= MAX_LONG or (not pszPathIn and not pszMore):
        if pszPathOut and cchPathOut:
            write(thread, pszPathOut, "", True)
        return E_INVALIDARG
    folder = read(thread, pszPathIn, True) if pszPathIn else None
    more = read(thread, pszMore, True) if pszMore else None
    return _store(thread, pszPathOut, cchPathOut, combine(folder, more, dwFlags), dwFlags)


@kernelbase.export(category=FILE)
def PathCchCombine(
    thread: Thread, pszPathOut: LPWSTR, cchPathOut: SIZE_T, pszPathIn: LPVOID, pszMore: LPVOID
) -> HRESULT:
    """Join two paths."""
    return PathCchCombineEx(thread, pszPathOut, cchPathOut, pszPathIn, pszMore, 0)


@kernelbase.export(category=FILE)
def PathCchAppendEx(
    thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T, pszMore: LPVOID, dwFlags: ULONG
) -> HRESULT:
    """Append a path."""
    return PathCchCombineEx(thread, pszPath, cchPath, pszPath, pszMore, dwFlags)


@kernelbase.export(category=FILE)
def PathCchAppend(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T, pszMore: LPVOID) -> HRESULT:
    """Append a path."""
    return PathCchCombineEx(thread, pszPath, cchPath, pszPath, pszMore, 0)


@kernelbase.export(category=FILE)
def PathCchCanonicalizeEx(
    thread: Thread, pszPathOut: LPWSTR, cchPathOut: SIZE_T, pszPathIn: LPVOID, dwFlags: ULONG
) -> HRESULT:
    """Resolve `.` and `..`."""
    if not pszPathOut or not cchPathOut or not pszPathIn:
        return E_INVALIDARG
    return _store(thread, pszPathOut, cchPathOut, canonicalize(read(thread, pszPathIn, True), dwFlags), dwFlags)


@kernelbase.export(category=FILE)
def PathCchCanonicalize(thread: Thread, pszPathOut: LPWSTR, cchPathOut: SIZE_T, pszPathIn: LPVOID) -> HRESULT:
    """Resolve `.` and `..`."""
    return PathCchCanonicalizeEx(thread, pszPathOut, cchPathOut, pszPathIn, 0)


@kernelbase.export(category=FILE)
async def PathAllocCanonicalize(thread: Thread, pszPathIn: LPVOID, dwFlags: ULONG, ppszPathOut: Out[LPVOID]) -> HRESULT:
    """Resolve `.` and `..`; the caller frees the result with LocalFree."""
    if not pszPathIn or not ppszPathOut:
        return E_INVALIDARG
    text = canonicalize(read(thread, pszPathIn, True), dwFlags)
    ppszPathOut.set(await guest_heap_new(thread, encode(text + "\0", True)))
    return S_OK


@kernelbase.export(category=FILE)
async def PathAllocCombine(
    thread: Thread, pszPathIn: LPVOID, pszMore: LPVOID, dwFlags: ULONG, ppszPathOut: Out[LPVOID]
) -> HRESULT:
    """Join two paths; the caller frees the result with LocalFree."""
    if not ppszPathOut or (not pszPathIn and not pszMore):
        return E_INVALIDARG
    folder = read(thread, pszPathIn, True) if pszPathIn else None
    more = read(thread, pszMore, True) if pszMore else None
    ppszPathOut.set(await guest_heap_new(thread, encode(combine(folder, more, dwFlags) + "\0", True)))
    return S_OK


@kernelbase.export(category=FILE)
def PathCchSkipRoot(thread: Thread, pszPath: LPVOID, ppszRootEnd: Out[LPVOID]) -> HRESULT:
    """Return the address behind the root."""
    if not pszPath or not ppszRootEnd:
        return E_INVALIDARG
    length = root_length(read(thread, pszPath, True))
    if length is None:
        ppszRootEnd.set(0)
        return E_INVALIDARG
    ppszRootEnd.set(pszPath + 2 * length)
    return S_OK


@kernelbase.export(category=FILE)
def PathCchIsRoot(thread: Thread, pszPath: LPCWSTR) -> BOOL:
    """Whether a path is a root."""
    path = pszPath or ""
    length = root_length(path)
    return int(bool(path) and length == len(path) and (not path[1:2] == ":" or len(path) == 3))


@kernelbase.export(category=FILE)
def PathCchRemoveFileSpec(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T) -> HRESULT:
    """Remove the last component, but nothing of the root; S_FALSE when there is nothing to remove."""
    if not pszPath or not 0 < cchPath <= MAX_LONG:
        return E_INVALIDARG
    path = read(thread, pszPath, True)
    root = root_length(path) or 0
    cut = path.rfind("\\", root)
    keep = path[:root] if cut < 0 else path[:cut]
    if keep == path:
        return S_FALSE
    write(thread, pszPath, keep, True)
    return S_OK


@kernelbase.export(category=FILE)
def PathCchFindExtension(thread: Thread, pszPath: LPVOID, cchPath: SIZE_T, ppszExt: Out[LPVOID]) -> HRESULT:
    """Return the address of the extension's dot, or of the end."""
    if not pszPath or not 0 < cchPath <= MAX_LONG or not ppszExt:
        return E_INVALIDARG
    ppszExt.set(pszPath + 2 * rules.extension(read(thread, pszPath, True)))
    return S_OK


def _extension(thread: Thread, address: int, capacity: int, extension: str | None, replace: bool) -> int:
    if not address or not 0 < capacity <= MAX_LONG or extension is None or set(extension) & set("\\ "):
        return E_INVALIDARG
    path = read(thread, address, True)
    at = rules.extension(path)
    if at < len(path) and not replace:
        return S_FALSE
    suffix = extension if not extension or extension.startswith(".") else "." + extension
    result = path[:at] + ("" if suffix == "." else suffix)
    if len(result) + 1 > capacity:
        return STRSAFE_E_INSUFFICIENT_BUFFER
    write(thread, address, result, True)
    return S_OK


@kernelbase.export(category=FILE)
def PathCchAddExtension(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T, pszExt: LPCWSTR) -> HRESULT:
    """Append an extension to a path without one."""
    return _extension(thread, pszPath, cchPath, pszExt, False)


@kernelbase.export(category=FILE)
def PathCchRenameExtension(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T, pszExt: LPCWSTR) -> HRESULT:
    """Replace the extension."""
    return _extension(thread, pszPath, cchPath, pszExt, True)


@kernelbase.export(category=FILE)
def PathCchRemoveExtension(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T) -> HRESULT:
    """Remove the extension; S_FALSE when there is none."""
    if not pszPath or not 0 < cchPath <= MAX_LONG:
        return E_INVALIDARG
    path = read(thread, pszPath, True)
    at = rules.extension(path)
    if at == len(path):
        return S_FALSE
    write(thread, pszPath, path[:at], True)
    return S_OK


@kernelbase.export(category=FILE)
def PathCchAddBackslash(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T) -> HRESULT:
    """Append a backslash; S_FALSE when there is one."""
    path = read(thread, pszPath, True)
    if path.endswith("\\"):
        return S_FALSE
    if len(path) + 2 > cchPath:
        return STRSAFE_E_INSUFFICIENT_BUFFER
    write(thread, pszPath, path + "\\", True)
    return S_OK


@kernelbase.export(category=FILE)
def PathCchRemoveBackslash(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T) -> HRESULT:
    """Remove a trailing backslash, but not that of a root; S_FALSE when there is none."""
    if not pszPath or not 0 < cchPath <= MAX_LONG:
        return E_INVALIDARG
    path = read(thread, pszPath, True)
    if not path.endswith("\\") or root_length(path) == len(path):
        return S_FALSE
    write(thread, pszPath, path[:-1], True)
    return S_OK


@kernelbase.export(category=FILE)
def PathCchStripPrefix(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T) -> HRESULT:
    r"""Remove `\\?\`; S_FALSE when there is none."""
    if not pszPath or not 0 < cchPath <= MAX_LONG:
        return E_INVALIDARG
    path = read(thread, pszPath, True)
    if path.upper().startswith("\\\\?\\UNC\\"):
        write(thread, pszPath, "\\\\" + path[8:], True)
        return S_OK
    if path.startswith("\\\\?\\") and path[5:6] == ":":
        write(thread, pszPath, path[4:], True)
        return S_OK
    return S_FALSE


@kernelbase.export(category=FILE)
def PathCchStripToRoot(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T) -> HRESULT:
    """Keep the root only; S_FALSE when there is nothing else."""
    if not pszPath or not 0 < cchPath <= MAX_LONG:
        return E_INVALIDARG
    path = read(thread, pszPath, True)
    length = root_length(path)
    if length is None:
        write(thread, pszPath, "", True)
        return E_INVALIDARG
    if length == len(path):
        return S_FALSE
    write(thread, pszPath, path[:length], True)
    return S_OK
