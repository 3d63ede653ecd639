"""pathcch.h: paths of any length (learn.microsoft.com, "pathcch.h header")."""

from __future__ import annotations

import re

from runtime.dlls.heap import guest_heap_new
from runtime.dlls.kernelbase.dll import kernelbase
from runtime.dlls.types import BOOL, HRESULT, LPCWSTR, LPWSTR, SIZE_T, ULONG, Out
from runtime.nt import status as st
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_S_FALSE = 1
_MAX_PATH = 260
_MAXIMUM = 0x8000
_ALLOW_LONG_PATHS = 0x1
_ROOTS = re.compile(
    r"\\\\\?\\UNC\\[^\\]*(?:\\[^\\]*)?\\?"
    r"|\\\\\?\\Volume\{[0-9A-Fa-f-]{36}\}\\?"
    r"|\\\\\?\\[A-Za-z]:\\?"
    r"|\\\\[^\\?][^\\]*(?:\\[^\\]*)?\\?"
    r"|\\\\$"
    r"|[A-Za-z]:\\?"
    r"|\\(?!\\)",
    re.IGNORECASE,
)


def root_length(path: str) -> int:
    """Return how many characters the root of a path has; 0 for a relative path."""
    match = _ROOTS.match(path)
    return match.end() if match is not None else 0


def canonicalize(path: str) -> str:
    """Resolve `.` and `..`, drop trailing dots, and give an empty path and a bare drive their backslash."""
    if not path:
        return "\\"
    length = root_length(path)
    root, rest = path[:length], path[length:]
    parts: list[str] = []
    for part in rest.split("\\"):
        if part == ".":
            continue
        if part == "..":
            if parts:
                parts.pop()
            continue
        if part or (parts and part == ""):
            parts.append(part)
    text = "\\".join(part for part in parts if part)
    if rest.endswith("\\") and text:
        text += "\\"
    while text.endswith("."):
        text = text[:-1]
    if root and text and not root.endswith("\\") and not root.endswith(":"):
        root += "\\"
    if root.endswith(":") and not text:
        root += "\\"
    return root + text or "\\"


def combine(left: str, right: str) -> str:
    """Join two paths: an absolute right one stands alone, one that begins with a backslash keeps the left root."""
    if not right:
        return canonicalize(left)
    if root_length(right) and not right.startswith("\\"):
        return canonicalize(right)
    if right.startswith("\\\\"):
        return canonicalize(right)
    if right.startswith("\\"):
        return canonicalize(left[: root_length(left)].rstrip("\\") + right)
    return canonicalize(f"{left}{'' if not left or left.endswith(chr(92)) else chr(92)}{right}")


def _store(thread: Thread, path: str, buffer: int, size: int, *, long: bool = True) -> int:
    """Store a path with its NUL. Raises Win32Error when it does not fit."""
    if not buffer or not 0 < size <= _MAXIMUM:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if len(path) >= size:
        thread.process.memory.write_u16(buffer, 0)
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    if not long and len(path) >= _MAX_PATH:
        thread.process.memory.write_u16(buffer, 0)
        raise Win32Error(st.ERROR_FILENAME_EXCED_RANGE)
    thread.process.memory.write_wstr(buffer, path)
    return st.STATUS_SUCCESS


def _read(thread: Thread, buffer: int, size: int = _MAXIMUM) -> str:
    if not buffer or not 0 < size <= _MAXIMUM:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    text = thread.process.memory.read_wstr(buffer, size)
    if len(text) >= size:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return text


@kernelbase.export("file_io")
def PathCchSkipRoot(thread: Thread, pszPath: LPWSTR, ppszRootEnd: Out[LPWSTR]) -> HRESULT:
    length = root_length(_read(thread, pszPath))
    if not length or not ppszRootEnd:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    ppszRootEnd.set(pszPath + 2 * length)
    return 0


@kernelbase.export("file_io")
def PathCchIsRoot(thread: Thread, pszPath: LPCWSTR) -> BOOL:
    return int(bool(pszPath) and root_length(pszPath or "") == len(pszPath or ""))


@kernelbase.export("file_io")
def PathCchCanonicalize(thread: Thread, pszPathOut: LPWSTR, cchPathOut: SIZE_T, pszPathIn: LPCWSTR) -> HRESULT:
    return _store(thread, canonicalize(pszPathIn or ""), pszPathOut, cchPathOut, long=False)


@kernelbase.export("file_io")
def PathCchCanonicalizeEx(
    thread: Thread, pszPathOut: LPWSTR, cchPathOut: SIZE_T, pszPathIn: LPCWSTR, dwFlags: ULONG
) -> HRESULT:
    return _store(thread, canonicalize(pszPathIn or ""), pszPathOut, cchPathOut, long=bool(dwFlags & _ALLOW_LONG_PATHS))


@kernelbase.export("file_io")
def PathCchCombine(
    thread: Thread, pszPathOut: LPWSTR, cchPathOut: SIZE_T, pszPathIn: LPCWSTR, pszMore: LPCWSTR
) -> HRESULT:
    return _store(thread, combine(pszPathIn or "", pszMore or ""), pszPathOut, cchPathOut, long=False)


@kernelbase.export("file_io")
def PathCchCombineEx(
    thread: Thread, pszPathOut: LPWSTR, cchPathOut: SIZE_T, pszPathIn: LPCWSTR, pszMore: LPCWSTR, dwFlags: ULONG
) -> HRESULT:
    path = combine(pszPathIn or "", pszMore or "")
    return _store(thread, path, pszPathOut, cchPathOut, long=bool(dwFlags & _ALLOW_LONG_PATHS))


@kernelbase.export("file_io")
def PathCchAppend(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T, pszMore: LPCWSTR) -> HRESULT:
    path = combine(_read(thread, pszPath, cchPath), (pszMore or "").lstrip("\\"))
    return _store(thread, path, pszPath, cchPath, long=False)


@kernelbase.export("file_io")
def PathCchAppendEx(
    thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T, pszMore: LPCWSTR, dwFlags: ULONG
) -> HRESULT:
    path = combine(_read(thread, pszPath, cchPath), (pszMore or "").lstrip("\\"))
    return _store(thread, path, pszPath, cchPath, long=bool(dwFlags & _ALLOW_LONG_PATHS))


@kernelbase.export("file_io")
def PathCchRemoveFileSpec(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T) -> HRESULT:
    path = _read(thread, pszPath, cchPath)
    length = root_length(path)
    if length == len(path):
        return _S_FALSE
    kept = path[length:].rpartition("\\")[0]
    return _store(thread, path[:length] + kept, pszPath, cchPath)


def _extension_at(path: str) -> int:
    """Return where the extension's dot is; the length of the path when there is none."""
    last = path.rpartition("\\")[2]
    dot = last.rfind(".")
    return len(path) if dot < 0 or " " in last[dot:] else len(path) - len(last) + dot


@kernelbase.export("file_io")
def PathCchFindExtension(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T, ppszExt: Out[LPWSTR]) -> HRESULT:
    ppszExt.set(pszPath + 2 * _extension_at(_read(thread, pszPath, cchPath)))
    return 0


def _with_dot(extension: str | None) -> str:
    text = extension or ""
    if any(character in text for character in "\\ ") or "." in text[1:]:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return text if not text or text.startswith(".") else "." + text


@kernelbase.export("file_io")
def PathCchAddExtension(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T, pszExt: LPCWSTR) -> HRESULT:
    path = _read(thread, pszPath, cchPath)
    extension = _with_dot(pszExt)
    if _extension_at(path) < len(path):
        return _S_FALSE
    return _store(thread, path + extension, pszPath, cchPath)


@kernelbase.export("file_io")
def PathCchRenameExtension(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T, pszExt: LPCWSTR) -> HRESULT:
    path = _read(thread, pszPath, cchPath)
    return _store(thread, path[: _extension_at(path)] + _with_dot(pszExt), pszPath, cchPath)


@kernelbase.export("file_io")
def PathCchRemoveExtension(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T) -> HRESULT:
    path = _read(thread, pszPath, cchPath)
    place = _extension_at(path)
    if place == len(path):
        return _S_FALSE
    return _store(thread, path[:place], pszPath, cchPath)


@kernelbase.export("file_io")
def PathCchAddBackslash(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T) -> HRESULT:
    path = _read(thread, pszPath, cchPath)
    if path.endswith("\\"):
        return _S_FALSE
    return _store(thread, path + "\\", pszPath, cchPath)


@kernelbase.export("file_io")
def PathCchRemoveBackslash(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T) -> HRESULT:
    path = _read(thread, pszPath, cchPath)
    if not path.endswith("\\") or root_length(path) == len(path):
        return _S_FALSE
    return _store(thread, path[:-1], pszPath, cchPath)


@kernelbase.export("file_io")
def PathCchStripToRoot(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T) -> HRESULT:
    path = _read(thread, pszPath, cchPath)
    length = root_length(path)
    if not length:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if length == len(path):
        return _S_FALSE
    return _store(thread, path[:length], pszPath, cchPath)


@kernelbase.export("file_io")
def PathCchStripPrefix(thread: Thread, pszPath: LPWSTR, cchPath: SIZE_T) -> HRESULT:
    path = _read(thread, pszPath, cchPath)
    if path[:8].upper() == "\\\\?\\UNC\\":
        return _store(thread, "\\\\" + path[8:], pszPath, cchPath)
    if path.startswith("\\\\?\\") and path[5:6] == ":":
        return _store(thread, path[4:], pszPath, cchPath)
    return _S_FALSE


@kernelbase.export("file_io")
async def PathAllocCanonicalize(
    thread: Thread, pszPathIn: LPCWSTR, dwFlags: ULONG, ppszPathOut: Out[LPWSTR]
) -> HRESULT:
    return await _allocate(thread, canonicalize(pszPathIn or ""), dwFlags, ppszPathOut)


@kernelbase.export("file_io")
async def PathAllocCombine(
    thread: Thread, pszPathIn: LPCWSTR, pszMore: LPCWSTR, dwFlags: ULONG, ppszPathOut: Out[LPWSTR]
) -> HRESULT:
    return await _allocate(thread, combine(pszPathIn or "", pszMore or ""), dwFlags, ppszPathOut)


async def _allocate(thread: Thread, path: str, flags: int, target: Out[LPWSTR]) -> int:
    """Give the caller a path it frees with LocalFree."""
    target.set(0)
    if len(path) >= (_MAXIMUM if flags & _ALLOW_LONG_PATHS else _MAX_PATH):
        raise Win32Error(st.ERROR_FILENAME_EXCED_RANGE)
    target.set(await guest_heap_new(thread, path.encode("utf-16-le", "surrogatepass") + b"\0\0"))
    return st.STATUS_SUCCESS
