"""shlobj_core.h: item identifier lists of files and folders, in the form that shortcuts hold them as well.

A list is items, each with its length in front, and a zero. Ours begin at the desktop: the computer (0x1F 0x50 and its
class), a drive (0x2F), then folders (0x31) and files (0x32) with a short name and an extension block (0xBEEF0004,
version 9) that has the long one. The layout is documented by readers of shortcut files ([MS-SHLLINK] leaves it opaque).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from runtime.dlls.guid import parse_guid
from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.kernel32.file_support import nt_path
from runtime.dlls.kernel32.fileapi import attributes_of
from runtime.dlls.shell32.dll import shell32
from runtime.dlls.text import decode_wide, encode_text, encode_wide
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HRESULT,
    INT,
    LPCWSTR,
    LPSTR,
    LPVOID,
    LPWSTR,
    UINT,
    ULONG,
    Out,
)
from runtime.nt.status import ERROR_FILE_NOT_FOUND, NtError, Win32Error
from runtime.nt.thread import Thread

if TYPE_CHECKING:
    from runtime.memory.space import AddressSpace

SHELL = "environment"
_COMPUTER = b"\x1f\x50" + (parse_guid("20D04FE0-3AEA-1069-A2D8-08002B30309D") or b"")
_DRIVE, _FOLDER, _FILE = 0x2F, 0x31, 0x32
_LONG_NAME_AT = 0x2E
_EXTENSION = 0xBEEF0004
_LONGEST = 1 << 16
E_INVALIDARG, S_OK = 0x80070057, 0
FILE_NOT_FOUND = 0x80070000 | ERROR_FILE_NOT_FOUND


def _item(data: bytes) -> bytes:
    return struct.pack("<H", len(data) + 2) + data


def _named_item(name: str, attributes: bytes) -> bytes:
    flags = struct.unpack_from("<I", attributes, 48)[0]
    size = struct.unpack_from("<Q", attributes, 40)[0]
    folder = bool(flags & 0x10)
    short = name.encode("ascii", "replace")[:13] + b"\0"
    short += bytes(len(short) % 2)
    head = struct.pack("<BBIIH", _FOLDER if folder else _FILE, 0, 0 if folder else size & 0xFFFFFFFF, 0, flags & 0xFFFF)
    text = encode_wide(name + "\0")
    extension = struct.pack("<HHI8xHH16xH8x", _LONG_NAME_AT + len(text) + 2, 9, _EXTENSION, _LONG_NAME_AT, 0, 0) + text
    offset = 2 + len(head) + len(short)
    return _item(head + short + extension + struct.pack("<H", offset))


def list_of(thread: Thread, path: str) -> bytes | None:
    """Return the list of an existing path with a drive letter; None when there is no such file."""
    full = thread.process.full_path(path)
    if full[1:3] != ":\\":
        return None
    parts = [part for part in full[3:].split("\\") if part]
    out = _item(_COMPUTER) + _item(bytes((_DRIVE,)) + full[:3].upper().encode("ascii", "replace").ljust(22, b"\0"))
    at = full[:3]
    try:
        nt_path(thread, at)
        attributes_of(thread, at)
        for part in parts:
            at = at + part if at.endswith("\\") else f"{at}\\{part}"
            out += _named_item(part, attributes_of(thread, at))
    except (NtError, Win32Error):
        return None
    return out + bytes(2)


def _items(memory: AddressSpace, address: int) -> list[bytes]:
    """Read the items of a list, without their lengths. Raises AccessViolation."""
    found: list[bytes] = []
    total = 0
    while total < _LONGEST:
        size = memory.read_u16(address)
        if size < 2:
            break
        found.append(memory.read(address + 2, size - 2))
        address += size
        total += size
    return found


def _name(item: bytes) -> str | None:
    """Return the name of a folder's or file's item."""
    if len(item) < 16 or item[0] not in (_FOLDER, _FILE):
        return None
    at = struct.unpack_from("<H", item, len(item) - 2)[0] - 2
    if 0 < at < len(item) - _LONG_NAME_AT and struct.unpack_from("<I", item, at + 4)[0] == _EXTENSION:
        return decode_wide(item[at + _LONG_NAME_AT : -2]).split("\0", 1)[0]
    return item[12:].split(b"\0", 1)[0].decode("latin-1")


def path_of(memory: AddressSpace, address: int) -> str | None:
    """Return the path a list stands for; None for one that is no path's. Raises AccessViolation."""
    items = _items(memory, address)
    if len(items) < 2 or items[0] != _COMPUTER or items[1][0] != _DRIVE:
        return None
    path = items[1][1:].split(b"\0", 1)[0].decode("latin-1")
    for item in items[2:]:
        name = _name(item)
        if name is None:
            return None
        path = path + name if path.endswith("\\") else f"{path}\\{name}"
    return path


def _size(memory: AddressSpace, address: int) -> int:
    return sum(len(item) + 2 for item in _items(memory, address)) + 2


@shell32.export(category=SHELL)
async def ILCreateFromPathW(thread: Thread, pszPath: LPCWSTR) -> LPVOID:
    """Make the list of a file or folder that exists; free it with ILFree."""
    data = list_of(thread, pszPath) if pszPath else None
    return await guest_heap_new(thread, data) if data else 0


shell32.ansi(ILCreateFromPathW)


@shell32.export(category=SHELL)
async def ILFree(thread: Thread, pidl: LPVOID) -> None:
    """Free a list."""
    await guest_heap_free(thread, pidl)


@shell32.export(category=SHELL)
def ILGetSize(thread: Thread, pidl: LPVOID) -> UINT:
    """Return the size of a list in bytes, its end included; 0 for NULL."""
    return _size(thread.process.memory, pidl) if pidl else 0


@shell32.export(category=SHELL)
async def ILClone(thread: Thread, pidl: LPVOID) -> LPVOID:
    """Copy a list."""
    memory = thread.process.memory
    return await guest_heap_new(thread, memory.read(pidl, _size(memory, pidl))) if pidl else 0


@shell32.export(category=SHELL)
async def ILCloneFirst(thread: Thread, pidl: LPVOID) -> LPVOID:
    """Copy the first item of a list."""
    items = _items(thread.process.memory, pidl) if pidl else []
    return await guest_heap_new(thread, b"".join(map(_item, items[:1])) + bytes(2)) if pidl else 0


@shell32.export(category=SHELL)
async def ILCombine(thread: Thread, pidl1: LPVOID, pidl2: LPVOID) -> LPVOID:
    """Join two lists."""
    memory = thread.process.memory
    if not pidl1 and not pidl2:
        return 0
    items = [item for pidl in (pidl1, pidl2) if pidl for item in _items(memory, pidl)]
    return await guest_heap_new(thread, b"".join(map(_item, items)) + bytes(2))


@shell32.export(category=SHELL)
def ILGetNext(thread: Thread, pidl: LPVOID) -> LPVOID:
    """Return the address of the next item; NULL at the end."""
    size = thread.process.memory.read_u16(pidl) if pidl else 0
    return pidl + size if size else 0


@shell32.export(category=SHELL)
def ILFindLastID(thread: Thread, pidl: LPVOID) -> LPVOID:
    """Return the address of the last item."""
    items = _items(thread.process.memory, pidl) if pidl else []
    return pidl + sum(len(item) + 2 for item in items[:-1])


@shell32.export(category=SHELL)
def ILRemoveLastID(thread: Thread, pidl: LPVOID) -> BOOL:
    """Cut the last item off."""
    items = _items(thread.process.memory, pidl) if pidl else []
    if not items:
        return 0
    thread.process.memory.write(pidl + sum(len(item) + 2 for item in items[:-1]), bytes(2))
    return 1


def _folded(thread: Thread, pidl: int) -> list[str | bytes]:
    """Items to compare: names without regard to case, others as they are."""
    return [(_name(item) or "").lower() or item for item in _items(thread.process.memory, pidl)]


@shell32.export(category=SHELL)
def ILIsEqual(thread: Thread, pidl1: LPVOID, pidl2: LPVOID) -> BOOL:
    """Say whether two lists name the same."""
    if not pidl1 or not pidl2:
        return int(pidl1 == pidl2)
    return int(_folded(thread, pidl1) == _folded(thread, pidl2))


@shell32.export(category=SHELL)
def ILIsParent(thread: Thread, pidl1: LPVOID, pidl2: LPVOID, fImmediate: BOOL) -> BOOL:
    """Say whether a list is the beginning of another, or all of it but the last item."""
    if not pidl1 or not pidl2:
        return 0
    first, second = _folded(thread, pidl1), _folded(thread, pidl2)
    return int(second[: len(first)] == first and (not fImmediate or len(second) == len(first) + 1))


def _give_path(thread: Thread, pidl: int, buffer: int, capacity: int, *, wide: bool) -> int:
    path = path_of(thread.process.memory, pidl) if pidl else None
    if path is None or not buffer or len(path) >= capacity:
        return 0
    thread.process.memory.write(buffer, encode_text(thread, path + "\0", wide))
    return 1


@shell32.export(category=SHELL)
def SHGetPathFromIDListW(thread: Thread, pidl: LPVOID, pszPath: LPWSTR) -> BOOL:
    """Return the path of a list in a buffer of MAX_PATH characters."""
    return _give_path(thread, pidl, pszPath, 260, wide=True)


@shell32.export(category=SHELL)
def SHGetPathFromIDListA(thread: Thread, pidl: LPVOID, pszPath: LPSTR) -> BOOL:
    """SHGetPathFromIDListW through the ANSI code page."""
    return _give_path(thread, pidl, pszPath, 260, wide=False)


@shell32.export(category=SHELL)
def SHGetPathFromIDListEx(thread: Thread, pidl: LPVOID, pszPath: LPWSTR, cchPath: DWORD, uOpts: INT) -> BOOL:
    """Return the path of a list in a buffer of any size."""
    return _give_path(thread, pidl, pszPath, cchPath, wide=True)


async def _parse(thread: Thread, path: str | None, target: Out[int]) -> int:
    target.set(0)
    if not path:
        return E_INVALIDARG
    data = list_of(thread, path)
    if data is None:
        return FILE_NOT_FOUND
    target.set(await guest_heap_new(thread, data))
    return S_OK


@shell32.export(category=SHELL)
async def SHParseDisplayName(
    thread: Thread, pszName: LPCWSTR, pbc: LPVOID, ppidl: Out[LPVOID], sfgaoIn: ULONG, psfgaoOut: Out[ULONG]
) -> HRESULT:
    """Make the list of a path; of the attributes asked for, those it has."""
    if not ppidl:
        return E_INVALIDARG
    result = await _parse(thread, pszName, ppidl)
    if psfgaoOut:
        from runtime.dlls.shell32.fileinfo import shell_attributes

        psfgaoOut.set(sfgaoIn & shell_attributes(thread, pszName or "") if result == S_OK else 0)
    return result
