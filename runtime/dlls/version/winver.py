"""winver.h: version resources of files."""

from __future__ import annotations

import struct

from runtime.dlls.text import copy_text, encode_wide
from runtime.dlls.types import BOOL, DWORD, LPCSTR, LPCWSTR, LPSTR, LPVOID, LPWSTR, UINT, Out
from runtime.dlls.version.dll import version
from runtime.loader.builtin import SYSTEM_VERSION, fixed_file_info, is_builtin
from runtime.loader.pe import ImageError
from runtime.loader.search import SYSTEM_DIRECTORY
from runtime.nt.status import (
    ERROR_FILE_NOT_FOUND,
    ERROR_INSUFFICIENT_BUFFER,
    ERROR_INVALID_DATA,
    ERROR_RESOURCE_DATA_NOT_FOUND,
    ERROR_RESOURCE_TYPE_NOT_FOUND,
    Win32Error,
)
from runtime.nt.thread import Thread

RT_VERSION = 16
_MARK = b"FE2X"
"""Behind the resource: from here on is room for ANSI copies of its strings."""


def _node(key: str, value: bytes, text: bool, children: bytes = b"", length: int | None = None) -> bytes:
    head = struct.pack("<HH", len(value) if length is None else length, int(text)) + encode_wide(key + "\0")
    body = head + bytes(-(len(head) + 2) % 4) + value
    if children:
        body += bytes(-(len(body) + 2) % 4) + children
    return struct.pack("<H", len(body) + 2) + body


def system_version(name: str) -> bytes:
    """Return the version resource of a system DLL of our own."""
    number = ".".join(map(str, SYSTEM_VERSION))
    strings = b""
    for key, text in (
        ("CompanyName", "Microsoft Corporation"),
        ("FileDescription", name),
        ("FileVersion", number),
        ("InternalName", name.rpartition(".")[0]),
        ("OriginalFilename", name),
        ("ProductName", "Microsoft\u00ae Windows\u00ae Operating System"),
        ("ProductVersion", number),
    ):
        strings += bytes(-len(strings) % 4)
        strings += _node(key, encode_wide(text + "\0"), True, length=len(text) + 1)
    table = _node("StringFileInfo", b"", True, _node("040904B0", b"", True, strings))
    table += bytes(-len(table) % 4)
    table += _node("VarFileInfo", b"", True, _node("Translation", struct.pack("<HH", 0x409, 1200), False))
    return _node("VS_VERSION_INFO", fixed_file_info(), False, table)


def version_resource(thread: Thread, name: str | None) -> bytes:
    """Return the version resource of a file. Raises Win32Error."""
    if not name:
        raise Win32Error(ERROR_FILE_NOT_FOUND)
    process = thread.process
    name = name.replace("/", "\\")
    try:
        image = process.machine.open_image(process.full_path(name))
        system = name if "\\" in name else f"{SYSTEM_DIRECTORY}\\{name}"
        if image is None:
            image = process.loader.shown_file(system) or process.machine.open_image(system)
        if image is not None:
            data = image.resource(RT_VERSION)
            if data is None:
                missing = ERROR_RESOURCE_TYPE_NOT_FOUND if image.resources() else ERROR_RESOURCE_DATA_NOT_FOUND
                raise Win32Error(missing)
            return data
    except ImageError:
        raise Win32Error(ERROR_RESOURCE_DATA_NOT_FOUND) from None
    folder, _, base = name.rpartition("\\")
    if is_builtin(base.lower()) and folder.lower() in ("", "c:\\windows\\system32", "c:\\windows\\syswow64"):
        return system_version(base)
    raise Win32Error(ERROR_FILE_NOT_FOUND)


def _size(thread: Thread, name: str | None, handle: Out[DWORD]) -> int:
    handle.put(0)
    return 2 * len(version_resource(thread, name)) + len(_MARK)


def _store(thread: Thread, name: str | None, length: int, target: int) -> int:
    data = version_resource(thread, name)
    if not target:
        raise Win32Error(ERROR_INVALID_DATA)
    if length < len(data):
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    room = data + _MARK if length >= len(data) + len(_MARK) else data
    thread.process.memory.write(target, room)
    return 1


@version.export(category="file_io")
def GetFileVersionInfoSizeW(thread: Thread, lptstrFilename: LPCWSTR, lpdwHandle: Out[DWORD]) -> DWORD:
    """Return how large a buffer GetFileVersionInfoW needs; 0 for a file without a version."""
    return _size(thread, lptstrFilename, lpdwHandle)


@version.export(category="file_io")
def GetFileVersionInfoSizeExW(
    thread: Thread, dwFlags: DWORD, lpwstrFilename: LPCWSTR, lpdwHandle: Out[DWORD]
) -> DWORD:
    """Return how large a buffer GetFileVersionInfoExW needs."""
    return _size(thread, lpwstrFilename, lpdwHandle)


@version.export(category="file_io")
def GetFileVersionInfoW(
    thread: Thread, lptstrFilename: LPCWSTR, dwHandle: DWORD, dwLen: DWORD, lpData: LPVOID
) -> BOOL:
    """Read the version resource of a file."""
    return _store(thread, lptstrFilename, dwLen, lpData)


@version.export(category="file_io")
def GetFileVersionInfoExW(
    thread: Thread, dwFlags: DWORD, lpwstrFilename: LPCWSTR, dwHandle: DWORD, dwLen: DWORD, lpData: LPVOID
) -> BOOL:
    """Read the version resource of a file."""
    return _store(thread, lpwstrFilename, dwLen, lpData)


class _Block:
    """One node of a version resource in guest memory."""

    def __init__(self, data: bytes, offset: int, end: int) -> None:
        self.length, self.value_length, self.type = struct.unpack_from("<HHH", data, offset)
        self.end = min(offset + self.length, end)
        stop = offset + 6
        while stop + 2 <= self.end and data[stop : stop + 2] != b"\0\0":
            stop += 2
        self.key = data[offset + 6 : stop].decode("utf-16-le", "replace")
        self.value = -(-(stop + 2) // 4) * 4
        size = self.value_length * 2 if self.type == 1 else self.value_length
        self.children = -(-(self.value + size) // 4) * 4


def _find(data: bytes, path: str) -> _Block | None:
    block = _Block(data, 0, len(data))
    for part in [part for part in path.split("\\") if part]:
        at = block.children
        found = None
        while at + 6 <= block.end:
            child = _Block(data, at, block.end)
            if child.length < 6:
                break
            if child.key.upper() == part.upper():
                found = child
                break
            at = -(-(at + child.length) // 4) * 4
        if found is None:
            return None
        block = found
    return block


def _query(thread: Thread, block: int, path: str | None, target: Out[LPVOID], size: Out[UINT], wide: bool) -> int:
    memory = thread.process.memory
    length = memory.read_u16(block)
    if length < 6:
        raise Win32Error(ERROR_INVALID_DATA)
    data = memory.read(block, length)
    found = _find(data, path or "")
    if found is None:
        target.put(0)
        size.put(0)
        raise Win32Error(ERROR_RESOURCE_TYPE_NOT_FOUND)
    if wide or found.type != 1:
        target.put(block + found.value)
        size.put(found.value_length)
        return 1
    text = data[found.value : found.value + 2 * found.value_length].decode("utf-16-le", "replace").split("\0", 1)[0]
    narrow = thread.process.encode_ansi(text) + b"\0"
    at = block + length + len(_MARK) + found.value // 2
    memory.write(at, narrow)
    target.put(at)
    size.put(len(narrow))
    return 1


@version.export(category="file_io")
def VerQueryValueW(
    thread: Thread, pBlock: LPVOID, lpSubBlock: LPCWSTR, lplpBuffer: Out[LPVOID], puLen: Out[UINT]
) -> BOOL:
    """Find a value in a version resource: `\\`, `\\VarFileInfo\\Translation`, `\\StringFileInfo\\040904B0\\Name`."""
    return _query(thread, pBlock, lpSubBlock, lplpBuffer, puLen, True)


@version.export(category="file_io")
def VerQueryValueA(
    thread: Thread, pBlock: LPVOID, lpSubBlock: LPCSTR, lplpBuffer: Out[LPVOID], puLen: Out[UINT]
) -> BOOL:
    """VerQueryValueW with strings in the ANSI code page."""
    path = None if lpSubBlock is None else thread.process.decode_ansi(lpSubBlock)
    return _query(thread, pBlock, path, lplpBuffer, puLen, False)


_LANGUAGES = {
    0x0000: "Language Neutral", 0x0400: "Process Default Language", 0x0407: "German (Germany)",
    0x0409: "English (United States)", 0x0809: "English (United Kingdom)", 0x040C: "French (France)",
    0x0410: "Italian (Italy)", 0x0411: "Japanese (Japan)", 0x0412: "Korean (Korea)", 0x0413: "Dutch (Netherlands)",
    0x0415: "Polish (Poland)", 0x0416: "Portuguese (Brazil)", 0x0419: "Russian (Russia)", 0x041D: "Swedish (Sweden)",
    0x041F: "Turkish (Turkey)", 0x0804: "Chinese (Simplified, China)", 0x0C0A: "Spanish (Spain, International Sort)",
}  # fmt: skip


@version.export(category="file_io")
def VerLanguageNameW(thread: Thread, wLang: DWORD, szLang: LPWSTR, cchLang: DWORD) -> DWORD:
    """Return the name of a language; returns its length, or what the buffer must hold."""
    name = _LANGUAGES.get(wLang & 0xFFFF, "Language Neutral")
    return copy_text(thread, name, szLang, cchLang) or len(name) + 1


@version.export(category="file_io")
def VerLanguageNameA(thread: Thread, wLang: DWORD, szLang: LPSTR, cchLang: DWORD) -> DWORD:
    """Return the name of a language; returns its length, or what the buffer must hold."""
    name = _LANGUAGES.get(wLang & 0xFFFF, "Language Neutral")
    return copy_text(thread, name, szLang, cchLang, wide=False) or len(name) + 1


GetFileVersionInfoSizeA = version.ansi(GetFileVersionInfoSizeW)
GetFileVersionInfoSizeExA = version.ansi(GetFileVersionInfoSizeExW)
GetFileVersionInfoA = version.ansi(GetFileVersionInfoW)
GetFileVersionInfoExA = version.ansi(GetFileVersionInfoExW)
