"""libloaderapi.h: resources of modules and data files."""

from __future__ import annotations

from collections.abc import Iterator

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import BOOL, DWORD, HANDLE, HMODULE, HRSRC, LONG_PTR, PVOID, WORD
from runtime.nt import status as st
from runtime.nt.resources import Key, Resources, alternates, data_address, find_entry, resources_of
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_ENUM_LN, _ENUM_MUI, _ENUM_MUI_SYSTEM, _ENUM_VALIDATE = 1, 2, 4, 8
_ENUM_FLAGS = 0xF


def resource_key(thread: Thread, value: int, *, wide: bool) -> Key:
    """Return what a resource type or name argument means: an integer, or text (`#123` is the integer 123)."""
    if value <= 0xFFFF:
        return value
    memory = thread.process.memory
    text = memory.read_wstr(value) if wide else thread.process.decode_ansi(memory.read_str(value))
    if text.startswith("#") and text[1:].isdigit():
        return int(text[1:]) & 0xFFFF
    return text.upper()


def _find(thread: Thread, handle: int, kind: int, name: int, language: int, *, wide: bool) -> int:
    keys = resource_key(thread, kind, wide=wide), resource_key(thread, name, wide=wide)
    return find_entry(thread, handle, *keys, language)


@kernel32.export("dll")
def FindResourceW(thread: Thread, hModule: HMODULE, lpName: PVOID, lpType: PVOID) -> HRSRC:
    return _find(thread, hModule, lpType, lpName, 0, wide=True)


@kernel32.export("dll")
def FindResourceA(thread: Thread, hModule: HMODULE, lpName: PVOID, lpType: PVOID) -> HRSRC:
    return _find(thread, hModule, lpType, lpName, 0, wide=False)


@kernel32.export("dll")
def FindResourceExW(thread: Thread, hModule: HMODULE, lpType: PVOID, lpName: PVOID, wLanguage: WORD) -> HRSRC:
    return _find(thread, hModule, lpType, lpName, wLanguage, wide=True)


@kernel32.export("dll")
def FindResourceExA(thread: Thread, hModule: HMODULE, lpType: PVOID, lpName: PVOID, wLanguage: WORD) -> HRSRC:
    return _find(thread, hModule, lpType, lpName, wLanguage, wide=False)


@kernel32.export("dll")
def LoadResource(thread: Thread, hModule: HMODULE, hResInfo: HRSRC) -> HANDLE:
    if not hResInfo:
        raise Win32Error(st.ERROR_RESOURCE_DATA_NOT_FOUND)
    return data_address(thread.process, hModule, hResInfo)


@kernel32.export("dll")
def LockResource(thread: Thread, hResData: HANDLE) -> PVOID:
    """Return the address of a resource, which its handle is."""
    return hResData  # documented: the handle is the address; nothing is locked


@kernel32.export("dll")
def FreeResource(thread: Thread, hResData: HANDLE) -> BOOL:
    """FALSE is success: resources stay where they are mapped."""
    return 0  # documented: resources are part of the module and need no freeing


@kernel32.export("dll")
def SizeofResource(thread: Thread, hModule: HMODULE, hResInfo: HRSRC) -> DWORD:
    if not hResInfo:
        raise Win32Error(st.ERROR_RESOURCE_NAME_NOT_FOUND)
    return thread.process.memory.read_u32(hResInfo + 4)


async def _pass_key(thread: Thread, key: Key, *, wide: bool) -> int:
    """Return a type or name as a callback gets it: the integer, or the address of a copy on the guest's stack."""
    if isinstance(key, int):
        return key
    data = key.encode("utf-16-le", "surrogatepass") + b"\0\0" if wide else thread.process.encode_ansi(key) + b"\0"
    address = thread.process.loader.arena.allocate(len(data), 2)
    thread.process.memory.write(address, data)
    return address


def _places(thread: Thread, handle: int, flags: int, language: int) -> Iterator[Resources]:
    """The module and the language files that an enumeration covers. Raises Win32Error."""
    if flags & ~_ENUM_FLAGS:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    chosen = flags & (_ENUM_LN | _ENUM_MUI | _ENUM_MUI_SYSTEM) or _ENUM_LN | _ENUM_MUI
    own = resources_of(thread.process, handle)
    if chosen & _ENUM_LN:
        yield own
    if chosen & (_ENUM_MUI | _ENUM_MUI_SYSTEM):
        yield from alternates(thread, handle, language)


async def _call_each(thread: Thread, callback: int, before: tuple[int, ...], keys: list[Key], parameter: int, *,
                     wide: bool) -> int:  # fmt: skip
    """Call back for each key; a callback that answers FALSE ends it."""
    for key in keys:
        passed = await _pass_key(thread, key, wide=wide)
        if not await thread.call(callback, *before, passed, parameter) & 0xFFFFFFFF:
            return 0
    return 1


def _distinct(keys: list[Key]) -> list[Key]:
    return list({key.upper() if isinstance(key, str) else key: key for key in keys}.values())


async def _enumerate_types(thread: Thread, handle: int, callback: int, parameter: int, flags: int, language: int, *,
                           wide: bool) -> int:  # fmt: skip
    keys = [item.key for place in _places(thread, handle, flags, language) for item in place.entries()]
    return await _call_each(thread, callback, (handle,), _distinct(keys), parameter, wide=wide)


async def _enumerate_names(thread: Thread, handle: int, kind: int, callback: int, parameter: int, flags: int,
                           language: int, *, wide: bool) -> int:  # fmt: skip
    wanted = resource_key(thread, kind, wide=wide)
    keys: list[Key] = []
    found = False
    for place in _places(thread, handle, flags, language):
        names = place.child(0, wanted)
        if names is not None:
            found = True
            keys += [item.key for item in place.entries(names)]
    if not found:
        raise Win32Error(st.ERROR_RESOURCE_TYPE_NOT_FOUND)
    return await _call_each(thread, callback, (handle, kind), _distinct(keys), parameter, wide=wide)


async def _enumerate_languages(thread: Thread, handle: int, kind: int, name: int, callback: int, parameter: int,
                               flags: int, language: int, *, wide: bool) -> int:  # fmt: skip
    """Call back for each language of a resource; `language` other than 0 is the only one wanted."""
    wanted = resource_key(thread, kind, wide=wide), resource_key(thread, name, wide=wide)
    error = st.ERROR_RESOURCE_TYPE_NOT_FOUND
    keys: list[Key] = []
    for place in _places(thread, handle, flags, language):
        names = place.child(0, wanted[0])
        if names is None:
            continue
        languages = place.child(names, wanted[1])
        error = st.ERROR_RESOURCE_NAME_NOT_FOUND if languages is None and error else 0
        if languages is not None:
            keys += [item.key for item in place.entries(languages) if isinstance(item.key, int)]
    if error:
        raise Win32Error(error)
    if language:
        keys = [key for key in keys if key == language]
    return await _call_each(thread, callback, (handle, kind, name), _distinct(keys), parameter, wide=wide)


@kernel32.export("dll")
async def EnumResourceTypesW(thread: Thread, hModule: HMODULE, lpEnumFunc: PVOID, lParam: LONG_PTR) -> BOOL:
    return await _enumerate_types(thread, hModule, lpEnumFunc, lParam, 0, 0, wide=True)


@kernel32.export("dll")
async def EnumResourceTypesA(thread: Thread, hModule: HMODULE, lpEnumFunc: PVOID, lParam: LONG_PTR) -> BOOL:
    return await _enumerate_types(thread, hModule, lpEnumFunc, lParam, 0, 0, wide=False)


@kernel32.export("dll")
async def EnumResourceTypesExW(
    thread: Thread, hModule: HMODULE, lpEnumFunc: PVOID, lParam: LONG_PTR, dwFlags: DWORD, LangId: WORD
) -> BOOL:
    return await _enumerate_types(thread, hModule, lpEnumFunc, lParam, dwFlags, LangId, wide=True)


@kernel32.export("dll")
async def EnumResourceTypesExA(
    thread: Thread, hModule: HMODULE, lpEnumFunc: PVOID, lParam: LONG_PTR, dwFlags: DWORD, LangId: WORD
) -> BOOL:
    return await _enumerate_types(thread, hModule, lpEnumFunc, lParam, dwFlags, LangId, wide=False)


@kernel32.export("dll")
async def EnumResourceNamesW(
    thread: Thread, hModule: HMODULE, lpType: PVOID, lpEnumFunc: PVOID, lParam: LONG_PTR
) -> BOOL:
    return await _enumerate_names(thread, hModule, lpType, lpEnumFunc, lParam, 0, 0, wide=True)


@kernel32.export("dll")
async def EnumResourceNamesA(
    thread: Thread, hModule: HMODULE, lpType: PVOID, lpEnumFunc: PVOID, lParam: LONG_PTR
) -> BOOL:
    return await _enumerate_names(thread, hModule, lpType, lpEnumFunc, lParam, 0, 0, wide=False)


@kernel32.export("dll")
async def EnumResourceNamesExW(
    thread: Thread, hModule: HMODULE, lpType: PVOID, lpEnumFunc: PVOID, lParam: LONG_PTR, dwFlags: DWORD, LangId: WORD
) -> BOOL:
    return await _enumerate_names(thread, hModule, lpType, lpEnumFunc, lParam, dwFlags, LangId, wide=True)


@kernel32.export("dll")
async def EnumResourceNamesExA(
    thread: Thread, hModule: HMODULE, lpType: PVOID, lpEnumFunc: PVOID, lParam: LONG_PTR, dwFlags: DWORD, LangId: WORD
) -> BOOL:
    return await _enumerate_names(thread, hModule, lpType, lpEnumFunc, lParam, dwFlags, LangId, wide=False)


@kernel32.export("dll")
async def EnumResourceLanguagesW(
    thread: Thread, hModule: HMODULE, lpType: PVOID, lpName: PVOID, lpEnumFunc: PVOID, lParam: LONG_PTR
) -> BOOL:
    return await _enumerate_languages(thread, hModule, lpType, lpName, lpEnumFunc, lParam, 0, 0, wide=True)


@kernel32.export("dll")
async def EnumResourceLanguagesA(
    thread: Thread, hModule: HMODULE, lpType: PVOID, lpName: PVOID, lpEnumFunc: PVOID, lParam: LONG_PTR
) -> BOOL:
    return await _enumerate_languages(thread, hModule, lpType, lpName, lpEnumFunc, lParam, 0, 0, wide=False)


@kernel32.export("dll")
async def EnumResourceLanguagesExW(
    thread: Thread,
    hModule: HMODULE,
    lpType: PVOID,
    lpName: PVOID,
    lpEnumFunc: PVOID,
    lParam: LONG_PTR,
    dwFlags: DWORD,
    LangId: WORD,
) -> BOOL:
    return await _enumerate_languages(thread, hModule, lpType, lpName, lpEnumFunc, lParam, dwFlags, LangId, wide=True)


@kernel32.export("dll")
async def EnumResourceLanguagesExA(
    thread: Thread,
    hModule: HMODULE,
    lpType: PVOID,
    lpName: PVOID,
    lpEnumFunc: PVOID,
    lParam: LONG_PTR,
    dwFlags: DWORD,
    LangId: WORD,
) -> BOOL:
    return await _enumerate_languages(thread, hModule, lpType, lpName, lpEnumFunc, lParam, dwFlags, LangId, wide=False)
