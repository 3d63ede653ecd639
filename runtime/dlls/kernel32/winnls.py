"""winnls.h: locales."""

from __future__ import annotations

from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import (
    BOOL,
    DWORD,
    INT,
    LANGID,
    LCID,
    LPARAM,
    LPCWSTR,
    LPSTR,
    LPWSTR,
    PVOID,
    OutBytes,
)
from runtime.nt import status as st
from runtime.nt.locale import EN_US, Locale, information, known_locales, locale_by_id, locale_by_name
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_RETURN_NUMBER = 0x20000000
_MODIFIERS = 0x80000000 | 0x40000000 | 0x20000000 | 0x10000000


def _give_wide(thread: Thread, text: str, buffer: int, size: int) -> int:
    """Store text with a NUL; return its length with the NUL. A size of 0 asks for it."""
    data = text.encode("utf-16-le", "surrogatepass") + b"\0\0"
    if not size:
        return len(data) // 2
    if len(data) // 2 > size:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(buffer, data)
    return len(data) // 2


def _information(thread: Thread, locale: Locale, kind: int, buffer: int, size: int, *, wide: bool) -> int:
    text = information(locale, kind & ~_MODIFIERS)
    if text is None:
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    if kind & _RETURN_NUMBER:
        try:
            number = int(text, 16 if kind & 0xFFFF in (1, 9) else 10)
        except ValueError:
            raise Win32Error(st.ERROR_INVALID_FLAGS) from None
        count = 2 if wide else 4
        if size and size < count:
            raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
        if size:
            thread.process.memory.write_u32(buffer, number)
        return count
    if wide:
        return _give_wide(thread, text, buffer, size)
    data = thread.process.encode_ansi(text) + b"\0"
    if size and len(data) > size:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    if size:
        thread.process.memory.write(buffer, data)
    return len(data)


@kernel32.export("environment")
def GetLocaleInfoW(
    thread: Thread, Locale: LCID, LCType: DWORD, lpLCData: Annotated[LPWSTR, OutBytes("cchData", unit=2)],
    cchData: INT,
) -> INT:  # fmt: skip
    return _information(thread, locale_by_id(Locale), LCType, lpLCData, cchData, wide=True)


@kernel32.export("environment")
def GetLocaleInfoA(
    thread: Thread, Locale: LCID, LCType: DWORD, lpLCData: Annotated[LPSTR, OutBytes("cchData")], cchData: INT
) -> INT:
    return _information(thread, locale_by_id(Locale), LCType, lpLCData, cchData, wide=False)


@kernel32.export("environment")
def GetLocaleInfoEx(
    thread: Thread, lpLocaleName: LPCWSTR, LCType: DWORD, lpLCData: Annotated[LPWSTR, OutBytes("cchData", unit=2)],
    cchData: INT,
) -> INT:  # fmt: skip
    return _information(thread, locale_by_name(lpLocaleName), LCType, lpLCData, cchData, wide=True)


# A machine's user and system speak US English (docs/compatibility.md), so these have one answer each.


@kernel32.export("environment")
def GetUserDefaultLCID(thread: Thread) -> LCID:
    """Return en-US, the language of every machine."""
    return EN_US


@kernel32.export("environment")
def GetSystemDefaultLCID(thread: Thread) -> LCID:
    """Return en-US, the language of every machine."""
    return EN_US


@kernel32.export("environment")
def GetThreadLocale(thread: Thread) -> LCID:
    return thread.process.memory.read_u32(thread.teb + thread.process.layout.current_locale)


@kernel32.export("environment")
def SetThreadLocale(thread: Thread, Locale: LCID) -> BOOL:
    found = locale_by_id(Locale)
    thread.process.memory.write_u32(thread.teb + thread.process.layout.current_locale, found.lcid)
    return 1


@kernel32.export("environment")
def GetUserDefaultLangID(thread: Thread) -> LANGID:
    """Return en-US, the language of every machine."""
    return EN_US


@kernel32.export("environment")
def GetSystemDefaultLangID(thread: Thread) -> LANGID:
    """Return en-US, the language of every machine."""
    return EN_US


@kernel32.export("environment")
def GetUserDefaultUILanguage(thread: Thread) -> LANGID:
    """Return en-US, the language of every machine."""
    return EN_US


@kernel32.export("environment")
def GetSystemDefaultUILanguage(thread: Thread) -> LANGID:
    """Return en-US, the language of every machine."""
    return EN_US


@kernel32.export("environment")
def GetUserDefaultLocaleName(
    thread: Thread, lpLocaleName: Annotated[LPWSTR, OutBytes("cchLocaleName", unit=2)], cchLocaleName: INT
) -> INT:
    return _give_wide(thread, "en-US", lpLocaleName, cchLocaleName)


@kernel32.export("environment")
def GetSystemDefaultLocaleName(
    thread: Thread, lpLocaleName: Annotated[LPWSTR, OutBytes("cchLocaleName", unit=2)], cchLocaleName: INT
) -> INT:
    return _give_wide(thread, "en-US", lpLocaleName, cchLocaleName)


@kernel32.export("environment")
def LocaleNameToLCID(thread: Thread, lpName: LPCWSTR, dwFlags: DWORD) -> LCID:
    """Return the number of a locale by its name. Raises Win32Error(ERROR_INVALID_PARAMETER)."""
    return locale_by_name(lpName).lcid


@kernel32.export("environment")
def LCIDToLocaleName(
    thread: Thread, Locale: LCID, lpName: Annotated[LPWSTR, OutBytes("cchName", unit=2)], cchName: INT, dwFlags: DWORD
) -> INT:
    return _give_wide(thread, locale_by_id(Locale).name, lpName, cchName)


@kernel32.export("environment")
def ResolveLocaleName(
    thread: Thread, lpNameToResolve: LPCWSTR, lpLocaleName: Annotated[LPWSTR, OutBytes("cchLocaleName", unit=2)],
    cchLocaleName: INT,
) -> INT:  # fmt: skip
    try:
        name = locale_by_name(lpNameToResolve).name
    except Win32Error:
        name = ""
    return _give_wide(thread, name, lpLocaleName, cchLocaleName)


@kernel32.export("environment")
def IsValidLocale(thread: Thread, Locale: LCID, dwFlags: DWORD) -> BOOL:
    try:
        locale_by_id(Locale)
    except Win32Error:
        return 0
    return 1


@kernel32.export("environment")
def IsValidLocaleName(thread: Thread, lpLocaleName: LPCWSTR) -> BOOL:
    if lpLocaleName is None:
        return 0
    try:
        locale_by_name(lpLocaleName)
    except Win32Error:
        return 0
    return 1


@kernel32.export("environment")
def ConvertDefaultLocale(thread: Thread, Locale: LCID) -> LCID:
    try:
        return locale_by_id(Locale).lcid
    except Win32Error:
        return Locale


async def _enumerate(thread: Thread, callback: int, *, wide: bool) -> int:
    memory = thread.process.memory
    place = thread.process.loader.arena.allocate(32)
    for locale in known_locales():
        text = f"{locale.lcid:08X}"
        memory.write(place, text.encode("utf-16-le") + b"\0\0" if wide else text.encode("ascii") + b"\0")
        if not await thread.call(callback, place) & 0xFFFFFFFF:
            break
    return 1


@kernel32.export("environment")
async def EnumSystemLocalesW(thread: Thread, lpLocaleEnumProc: PVOID, dwFlags: DWORD) -> BOOL:
    return await _enumerate(thread, lpLocaleEnumProc, wide=True)


@kernel32.export("environment")
async def EnumSystemLocalesA(thread: Thread, lpLocaleEnumProc: PVOID, dwFlags: DWORD) -> BOOL:
    return await _enumerate(thread, lpLocaleEnumProc, wide=False)


@kernel32.export("environment")
async def EnumSystemLocalesEx(
    thread: Thread, lpLocaleEnumProcEx: PVOID, dwFlags: DWORD, lParam: LPARAM, lpReserved: PVOID
) -> BOOL:
    memory = thread.process.memory
    place = thread.process.loader.arena.allocate(64)
    for locale in known_locales():
        memory.write_wstr(place, locale.name)
        if not await thread.call(lpLocaleEnumProcEx, place, 0x24, lParam & 0xFFFF_FFFF_FFFF_FFFF) & 0xFFFFFFFF:
            break
    return 1
