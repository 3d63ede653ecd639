"""libloaderapi.h: resources of modules, found in the mapped image (PE format, ".rsrc section")."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import BOOL, DWORD, HANDLE, HMODULE, HRSRC, LONG_PTR, PVOID, WORD
from runtime.loader.module import Module
from runtime.memory.space import AddressSpace
from runtime.nt import status as st
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_RESOURCE_DIRECTORY = 2


@dataclass(frozen=True, slots=True)
class _Entry:
    key: int | str
    offset: int
    is_directory: bool


def _module(thread: Thread, handle: int) -> Module:
    module = thread.process.loader.by_base(handle)
    if module is None:
        raise Win32Error(st.ERROR_RESOURCE_DATA_NOT_FOUND)
    return module


def _root(thread: Thread, module: Module) -> int:
    """Return the address of a module's resource directory. Raises Win32Error(ERROR_RESOURCE_DATA_NOT_FOUND)."""
    directory = module.image.directories[_RESOURCE_DIRECTORY] if module.image is not None else None
    if directory is None or not directory.rva:
        raise Win32Error(st.ERROR_RESOURCE_DATA_NOT_FOUND)
    return module.base + directory.rva


def _entries(memory: AddressSpace, root: int, offset: int) -> list[_Entry]:
    names, ids = struct.unpack("<HH", memory.read(root + offset + 12, 4))
    found = []
    for index in range(names + ids):
        name, data = struct.unpack("<II", memory.read(root + offset + 16 + 8 * index, 8))
        key: int | str = name
        if name & 0x80000000:
            place = root + (name & 0x7FFFFFFF)
            key = memory.read(place + 2, 2 * memory.read_u16(place)).decode("utf-16-le", "surrogatepass")
        found.append(_Entry(key, data & 0x7FFFFFFF, bool(data & 0x80000000)))
    return found


def resource_key(thread: Thread, value: int, *, wide: bool) -> int | str:
    """Return what a resource type or name argument means: an integer, or text (`#123` is the integer 123)."""
    if value <= 0xFFFF:
        return value
    memory = thread.process.memory
    text = memory.read_wstr(value) if wide else thread.process.decode_ansi(memory.read_str(value))
    if text.startswith("#") and text[1:].isdigit():
        return int(text[1:])
    return text.upper()


def _same(entry: int | str, wanted: int | str) -> bool:
    return entry.upper() == wanted if isinstance(entry, str) and isinstance(wanted, str) else entry == wanted


def _find(thread: Thread, handle: int, kind: int | str, name: int | str, language: int | None) -> int:
    """Return the address of the IMAGE_RESOURCE_DATA_ENTRY. Raises Win32Error."""
    memory = thread.process.memory
    root = _root(thread, _module(thread, handle))
    types = [item for item in _entries(memory, root, 0) if _same(item.key, kind)]
    if not types:
        raise Win32Error(st.ERROR_RESOURCE_TYPE_NOT_FOUND)
    names = [item for item in _entries(memory, root, types[0].offset) if _same(item.key, name)]
    if not names:
        raise Win32Error(st.ERROR_RESOURCE_NAME_NOT_FOUND)
    languages = _entries(memory, root, names[0].offset)
    for wanted in (language, 0, 0x409, 0x9):
        for item in languages:
            if item.key == wanted:
                return root + item.offset
    if language is not None and language != 0:
        raise Win32Error(st.ERROR_RESOURCE_LANG_NOT_FOUND)
    if not languages:
        raise Win32Error(st.ERROR_RESOURCE_LANG_NOT_FOUND)
    return root + languages[0].offset


def _find_by(thread: Thread, handle: int, kind: int, name: int, language: int | None, *, wide: bool) -> int:
    return _find(
        thread, handle, resource_key(thread, kind, wide=wide), resource_key(thread, name, wide=wide), language
    )


@kernel32.export("dll")
def FindResourceW(thread: Thread, hModule: HMODULE, lpName: PVOID, lpType: PVOID) -> HRSRC:
    return _find_by(thread, hModule, lpType, lpName, None, wide=True)


@kernel32.export("dll")
def FindResourceA(thread: Thread, hModule: HMODULE, lpName: PVOID, lpType: PVOID) -> HRSRC:
    return _find_by(thread, hModule, lpType, lpName, None, wide=False)


@kernel32.export("dll")
def FindResourceExW(thread: Thread, hModule: HMODULE, lpType: PVOID, lpName: PVOID, wLanguage: WORD) -> HRSRC:
    return _find_by(thread, hModule, lpType, lpName, wLanguage, wide=True)


@kernel32.export("dll")
def FindResourceExA(thread: Thread, hModule: HMODULE, lpType: PVOID, lpName: PVOID, wLanguage: WORD) -> HRSRC:
    return _find_by(thread, hModule, lpType, lpName, wLanguage, wide=False)


@kernel32.export("dll")
def LoadResource(thread: Thread, hModule: HMODULE, hResInfo: HRSRC) -> HANDLE:
    if not hResInfo:
        raise Win32Error(st.ERROR_RESOURCE_DATA_NOT_FOUND)
    return _module(thread, hModule).base + thread.process.memory.read_u32(hResInfo)


@kernel32.export("dll")
def LockResource(thread: Thread, hResData: HANDLE) -> PVOID:
    return hResData  # documented: the handle is the address; nothing is locked


@kernel32.export("dll")
def FreeResource(thread: Thread, hResData: HANDLE) -> BOOL:
    return 0  # documented: resources are part of the module and need no freeing


@kernel32.export("dll")
def SizeofResource(thread: Thread, hModule: HMODULE, hResInfo: HRSRC) -> DWORD:
    if not hResInfo:
        raise Win32Error(st.ERROR_RESOURCE_NAME_NOT_FOUND)
    return thread.process.memory.read_u32(hResInfo + 4)


async def _pass_key(thread: Thread, key: int | str, *, wide: bool) -> int:
    """Return a type or name as a callback gets it: the integer, or the address of a copy on the guest's stack."""
    if isinstance(key, int):
        return key
    data = key.encode("utf-16-le", "surrogatepass") + b"\0\0" if wide else thread.process.encode_ansi(key) + b"\0"
    address = thread.process.loader.arena.allocate(len(data), 2)
    thread.process.memory.write(address, data)
    return address


async def _enumerate_types(thread: Thread, handle: int, callback: int, parameter: int, *, wide: bool) -> int:
    memory = thread.process.memory
    root = _root(thread, _module(thread, handle))
    for item in _entries(memory, root, 0):
        key = await _pass_key(thread, item.key, wide=wide)
        if not await thread.call(callback, handle, key, parameter) & 0xFFFFFFFF:
            return 0
    return 1


@kernel32.export("dll")
async def EnumResourceTypesW(thread: Thread, hModule: HMODULE, lpEnumFunc: PVOID, lParam: LONG_PTR) -> BOOL:
    return await _enumerate_types(thread, hModule, lpEnumFunc, lParam, wide=True)


@kernel32.export("dll")
async def EnumResourceTypesA(thread: Thread, hModule: HMODULE, lpEnumFunc: PVOID, lParam: LONG_PTR) -> BOOL:
    return await _enumerate_types(thread, hModule, lpEnumFunc, lParam, wide=False)


async def _enumerate_names(thread: Thread, handle: int, kind: int, callback: int, parameter: int, *,
                           wide: bool) -> int:  # fmt: skip
    memory = thread.process.memory
    root = _root(thread, _module(thread, handle))
    wanted = resource_key(thread, kind, wide=wide)
    types = [item for item in _entries(memory, root, 0) if _same(item.key, wanted)]
    if not types:
        raise Win32Error(st.ERROR_RESOURCE_TYPE_NOT_FOUND)
    for item in _entries(memory, root, types[0].offset):
        name = await _pass_key(thread, item.key, wide=wide)
        if not await thread.call(callback, handle, kind, name, parameter) & 0xFFFFFFFF:
            return 0
    return 1


@kernel32.export("dll")
async def EnumResourceNamesW(
    thread: Thread, hModule: HMODULE, lpType: PVOID, lpEnumFunc: PVOID, lParam: LONG_PTR
) -> BOOL:
    return await _enumerate_names(thread, hModule, lpType, lpEnumFunc, lParam, wide=True)


@kernel32.export("dll")
async def EnumResourceNamesA(
    thread: Thread, hModule: HMODULE, lpType: PVOID, lpEnumFunc: PVOID, lParam: LONG_PTR
) -> BOOL:
    return await _enumerate_names(thread, hModule, lpType, lpEnumFunc, lParam, wide=False)


_ENUM_FLAGS = 0xF


async def _enumerate_languages(thread: Thread, handle: int, kind: int, name: int, callback: int, parameter: int,
                               language: int, *, wide: bool) -> int:  # fmt: skip
    """Call back for each language of a resource; `language` other than 0 is the only one wanted."""
    memory = thread.process.memory
    root = _root(thread, _module(thread, handle))
    types = [item for item in _entries(memory, root, 0) if _same(item.key, resource_key(thread, kind, wide=wide))]
    if not types:
        raise Win32Error(st.ERROR_RESOURCE_TYPE_NOT_FOUND)
    wanted = resource_key(thread, name, wide=wide)
    names = [item for item in _entries(memory, root, types[0].offset) if _same(item.key, wanted)]
    if not names:
        raise Win32Error(st.ERROR_RESOURCE_NAME_NOT_FOUND)
    for item in _entries(memory, root, names[0].offset):
        if not isinstance(item.key, int) or (language and item.key != language):
            continue
        if not await thread.call(callback, handle, kind, name, item.key, parameter) & 0xFFFFFFFF:
            return 0
    return 1


def _check_flags(flags: int) -> None:
    """RESOURCE_ENUM_LN, _MUI, _MUI_SYSTEM and _VALIDATE. Language files (.mui) are not looked for."""
    if flags & ~_ENUM_FLAGS:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)


@kernel32.export("dll")
async def EnumResourceLanguagesW(
    thread: Thread, hModule: HMODULE, lpType: PVOID, lpName: PVOID, lpEnumFunc: PVOID, lParam: LONG_PTR
) -> BOOL:
    return await _enumerate_languages(thread, hModule, lpType, lpName, lpEnumFunc, lParam, 0, wide=True)


@kernel32.export("dll")
async def EnumResourceLanguagesExW(
    thread: Thread, hModule: HMODULE, lpType: PVOID, lpName: PVOID, lpEnumFunc: PVOID, lParam: LONG_PTR,
    dwFlags: DWORD, LangId: WORD,
) -> BOOL:  # fmt: skip
    _check_flags(dwFlags)
    return await _enumerate_languages(thread, hModule, lpType, lpName, lpEnumFunc, lParam, LangId, wide=True)


@kernel32.export("dll")
async def EnumResourceNamesExW(
    thread: Thread, hModule: HMODULE, lpType: PVOID, lpEnumFunc: PVOID, lParam: LONG_PTR, dwFlags: DWORD, LangId: WORD
) -> BOOL:
    _check_flags(dwFlags)
    return await _enumerate_names(thread, hModule, lpType, lpEnumFunc, lParam, wide=True)


@kernel32.export("dll")
async def EnumResourceTypesExW(
    thread: Thread, hModule: HMODULE, lpEnumFunc: PVOID, lParam: LONG_PTR, dwFlags: DWORD, LangId: WORD
) -> BOOL:
    _check_flags(dwFlags)
    return await _enumerate_types(thread, hModule, lpEnumFunc, lParam, wide=True)


@kernel32.export("dll")
async def EnumResourceLanguagesA(
    thread: Thread, hModule: HMODULE, lpType: PVOID, lpName: PVOID, lpEnumFunc: PVOID, lParam: LONG_PTR
) -> BOOL:
    return await _enumerate_languages(thread, hModule, lpType, lpName, lpEnumFunc, lParam, 0, wide=False)


@kernel32.export("dll")
async def EnumResourceLanguagesExA(
    thread: Thread, hModule: HMODULE, lpType: PVOID, lpName: PVOID, lpEnumFunc: PVOID, lParam: LONG_PTR,
    dwFlags: DWORD, LangId: WORD,
) -> BOOL:  # fmt: skip
    _check_flags(dwFlags)
    return await _enumerate_languages(thread, hModule, lpType, lpName, lpEnumFunc, lParam, LangId, wide=False)


@kernel32.export("dll")
async def EnumResourceNamesExA(
    thread: Thread, hModule: HMODULE, lpType: PVOID, lpEnumFunc: PVOID, lParam: LONG_PTR, dwFlags: DWORD, LangId: WORD
) -> BOOL:
    _check_flags(dwFlags)
    return await _enumerate_names(thread, hModule, lpType, lpEnumFunc, lParam, wide=False)


@kernel32.export("dll")
async def EnumResourceTypesExA(
    thread: Thread, hModule: HMODULE, lpEnumFunc: PVOID, lParam: LONG_PTR, dwFlags: DWORD, LangId: WORD
) -> BOOL:
    _check_flags(dwFlags)
    return await _enumerate_types(thread, hModule, lpEnumFunc, lParam, wide=False)
