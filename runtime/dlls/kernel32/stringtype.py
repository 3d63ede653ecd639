"""stringapiset.h, winnls.h: character types, comparison and mapping of text."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.stringapiset import resolve_code_page
from runtime.dlls.types import BOOL, DWORD, INT, LCID, LPARAM, LPCSTR, LPCWSTR, LPSTR, LPWSTR, PVOID, InBytes
from runtime.nt import ctype
from runtime.nt import status as st
from runtime.nt.casing import downcase_table, upcase
from runtime.nt.locale import locale_by_id, locale_by_name
from runtime.nt.process import Process
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

LCMAP_LOWERCASE = 0x100
LCMAP_UPPERCASE = 0x200
LCMAP_SORTKEY = 0x400
LCMAP_BYTEREV = 0x800
LCMAP_HASH = 0x40000
LCMAP_HIRAGANA = 0x100000
LCMAP_KATAKANA = 0x200000
LCMAP_HALFWIDTH = 0x400000
LCMAP_FULLWIDTH = 0x800000
LCMAP_LINGUISTIC_CASING = 0x1000000
CSTR_LESS_THAN, CSTR_EQUAL, CSTR_GREATER_THAN = 1, 2, 3
_COMPARE_VALID = 0x1B0BFF3F | 0x10000000


def _wide(thread: Thread, address: int, count: int) -> str:
    """Read `count` UTF-16 units, or up to the NUL where `count` is negative."""
    memory = thread.process.memory
    if count < 0:
        return memory.read_wstr(address, 1 << 30)
    return memory.read(address, 2 * count).decode("utf-16-le", "surrogatepass")


def _narrow(thread: Thread, address: int, count: int, code_page: int = 0) -> str:
    memory = thread.process.memory
    data = memory.read_str(address, 1 << 30) if count < 0 else memory.read(address, count)
    return resolve_code_page(thread.process, code_page).decode(data)


def _types(thread: Thread, kind: int, text: str, target: int) -> int:
    function = {1: ctype.type1, 2: ctype.type2, 4: ctype.type3}.get(kind)
    if function is None:
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    units = memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H")
    thread.process.memory.write(target, b"".join(function(unit).to_bytes(2, "little") for unit in units))
    return 1


@kernel32.export("environment")
def GetStringTypeW(
    thread: Thread, dwInfoType: DWORD, lpSrcStr: Annotated[LPWSTR, InBytes("cchSrc", unit=2)], cchSrc: INT,
    lpCharType: PVOID,
) -> BOOL:  # fmt: skip
    return _string_type(thread, dwInfoType, lpSrcStr, cchSrc, lpCharType)


@kernel32.export("environment")
def GetStringTypeExW(
    thread: Thread, Locale: LCID, dwInfoType: DWORD, lpSrcStr: Annotated[LPWSTR, InBytes("cchSrc", unit=2)],
    cchSrc: INT, lpCharType: PVOID,
) -> BOOL:  # fmt: skip
    return _string_type(thread, dwInfoType, lpSrcStr, cchSrc, lpCharType)


def _string_type(thread: Thread, kind: int, source: int, count: int, target: int) -> int:
    if not source or not target or not count:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    text = _wide(thread, source, count)
    return _types(thread, kind, text + "\0" if count < 0 else text, target)


@kernel32.export("environment")
def GetStringTypeA(
    thread: Thread, Locale: LCID, dwInfoType: DWORD, lpSrcStr: Annotated[LPSTR, InBytes("cchSrc")], cchSrc: INT,
    lpCharType: PVOID,
) -> BOOL:  # fmt: skip
    text = _narrow(thread, lpSrcStr, cchSrc)
    return _types(thread, dwInfoType, text + "\0" if cchSrc < 0 else text, lpCharType)


@kernel32.export("environment")
def GetStringTypeExA(
    thread: Thread, Locale: LCID, dwInfoType: DWORD, lpSrcStr: Annotated[LPSTR, InBytes("cchSrc")], cchSrc: INT,
    lpCharType: PVOID,
) -> BOOL:  # fmt: skip
    text = _narrow(thread, lpSrcStr, cchSrc)
    return _types(thread, dwInfoType, text + "\0" if cchSrc < 0 else text, lpCharType)


def compare(left: str, right: str, flags: int) -> int:
    """Return CSTR_LESS_THAN, CSTR_EQUAL or CSTR_GREATER_THAN in linguistic order."""
    if left == right:
        return CSTR_EQUAL
    first, second = ctype.sort_key(left, flags), ctype.sort_key(right, flags)
    return CSTR_EQUAL if first == second else CSTR_LESS_THAN if first < second else CSTR_GREATER_THAN


@kernel32.export("environment")
def CompareStringW(
    thread: Thread, Locale: LCID, dwCmpFlags: DWORD, lpString1: Annotated[LPWSTR, InBytes("cchCount1", unit=2)],
    cchCount1: INT, lpString2: Annotated[LPWSTR, InBytes("cchCount2", unit=2)], cchCount2: INT,
) -> INT:  # fmt: skip
    locale_by_id(Locale)
    return _compare(thread, dwCmpFlags, lpString1, cchCount1, lpString2, cchCount2)


@kernel32.export("environment")
def CompareStringEx(
    thread: Thread, lpLocaleName: LPCWSTR, dwCmpFlags: DWORD,
    lpString1: Annotated[LPWSTR, InBytes("cchCount1", unit=2)], cchCount1: INT,
    lpString2: Annotated[LPWSTR, InBytes("cchCount2", unit=2)], cchCount2: INT, lpVersionInformation: PVOID,
    lpReserved: PVOID, lParam: LPARAM,
) -> INT:  # fmt: skip
    locale_by_name(lpLocaleName)
    return _compare(thread, dwCmpFlags, lpString1, cchCount1, lpString2, cchCount2)


def _compare(thread: Thread, flags: int, left: int, left_count: int, right: int, right_count: int) -> int:
    if not left or not right:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if flags & ~_COMPARE_VALID:
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    return compare(_wide(thread, left, left_count), _wide(thread, right, right_count), flags)


@kernel32.export("environment")
def CompareStringA(
    thread: Thread, Locale: LCID, dwCmpFlags: DWORD, lpString1: Annotated[LPSTR, InBytes("cchCount1")],
    cchCount1: INT, lpString2: Annotated[LPSTR, InBytes("cchCount2")], cchCount2: INT,
) -> INT:  # fmt: skip
    locale_by_id(Locale)
    if not lpString1 or not lpString2:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return compare(_narrow(thread, lpString1, cchCount1), _narrow(thread, lpString2, cchCount2), dwCmpFlags)


@kernel32.export("environment")
def CompareStringOrdinal(
    thread: Thread, lpString1: Annotated[LPWSTR, InBytes("cchCount1", unit=2)], cchCount1: INT,
    lpString2: Annotated[LPWSTR, InBytes("cchCount2", unit=2)], cchCount2: INT, bIgnoreCase: BOOL,
) -> INT:  # fmt: skip
    if not lpString1 or not lpString2:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    left, right = _wide(thread, lpString1, cchCount1), _wide(thread, lpString2, cchCount2)
    if bIgnoreCase:
        left, right = upcase(left), upcase(right)
    first, second = (text.encode("utf-16-be", "surrogatepass") for text in (left, right))
    return CSTR_EQUAL if first == second else CSTR_LESS_THAN if first < second else CSTR_GREATER_THAN


def _order(left: str | bytes | None, right: str | bytes | None, process: Process, flags: int) -> int:
    """Less than, equal to or greater than 0, as lstrcmp answers; NULL comes before every string."""
    if left is None or right is None:
        return (left is not None) - (right is not None)
    decode = resolve_code_page(process, 0).decode
    texts = [decode(text) if isinstance(text, bytes) else text for text in (left, right)]
    return compare(texts[0], texts[1], flags) - CSTR_EQUAL


@kernel32.export("environment")
def lstrcmpW(thread: Thread, lpString1: LPCWSTR, lpString2: LPCWSTR) -> INT:
    return _order(lpString1, lpString2, thread.process, 0)


@kernel32.export("environment")
def lstrcmpiW(thread: Thread, lpString1: LPCWSTR, lpString2: LPCWSTR) -> INT:
    return _order(lpString1, lpString2, thread.process, ctype.NORM_IGNORECASE)


@kernel32.export("environment")
def lstrcmpA(thread: Thread, lpString1: LPCSTR, lpString2: LPCSTR) -> INT:
    return _order(lpString1, lpString2, thread.process, 0)


@kernel32.export("environment")
def lstrcmpiA(thread: Thread, lpString1: LPCSTR, lpString2: LPCSTR) -> INT:
    return _order(lpString1, lpString2, thread.process, ctype.NORM_IGNORECASE)


def map_text(text: str, flags: int) -> str:
    """Apply the mapping that LCMapString's flags name. Raises Win32Error(ERROR_INVALID_FLAGS)."""
    if flags & LCMAP_UPPERCASE and flags & LCMAP_LOWERCASE:
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    if flags & LCMAP_UPPERCASE:
        text = upcase(text)
    elif flags & LCMAP_LOWERCASE:
        text = text.translate(downcase_table())
    if flags & LCMAP_HIRAGANA:
        text = "".join(chr(ord(item) - 0x60) if 0x30A1 <= ord(item) <= 0x30F6 else item for item in text)
    elif flags & LCMAP_KATAKANA:
        text = "".join(chr(ord(item) + 0x60) if 0x3041 <= ord(item) <= 0x3096 else item for item in text)
    if flags & LCMAP_FULLWIDTH:
        text = "".join(chr(ord(item) + 0xFEE0) if 0x21 <= ord(item) <= 0x7E else item for item in text)
    elif flags & LCMAP_HALFWIDTH:
        text = "".join(unicodedata.normalize("NFKC", item) if ord(item) >= 0xFF01 else item for item in text)
    if flags & LCMAP_BYTEREV:
        text = text.encode("utf-16-be", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text


def sort_key_bytes(text: str, flags: int) -> bytes:
    """Return a sort key that compares bytewise in the order of CompareString, NUL-terminated."""
    primary, accents, cases, ignored = ctype.sort_key(text, flags)
    weights = b"".join(
        bytes((group + 1,)) + (value + 0x02020202).to_bytes(8, "big").lstrip(b"\0") for group, value in primary
    )
    parts = (
        weights.replace(b"\0", b"\xff\xff"),
        b"".join((value + 0x0202).to_bytes(4, "big").replace(b"\0", b"\2") for value in accents),
        bytes(value + 2 for value in cases).rstrip(b"\2"),
        ignored.encode("utf-8", "surrogatepass").replace(b"\0", b"\2"),
    )
    return b"\1".join(parts) + b"\1\0"


def _map(thread: Thread, flags: int, source: int, count: int, target: int, size: int) -> int:
    if not source or not count or size < 0:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    text = _wide(thread, source, count)
    if flags & LCMAP_SORTKEY:
        data, unit = sort_key_bytes(text, flags), 1
    else:
        data, unit = map_text(text + "\0" if count < 0 else text, flags).encode("utf-16-le", "surrogatepass"), 2
    if not size:
        return len(data) // unit
    if len(data) // unit > size:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(target, data)
    return len(data) // unit


@kernel32.export("environment")
def LCMapStringW(
    thread: Thread, Locale: LCID, dwMapFlags: DWORD, lpSrcStr: Annotated[LPWSTR, InBytes("cchSrc", unit=2)],
    cchSrc: INT, lpDestStr: LPWSTR, cchDest: INT,
) -> INT:  # fmt: skip
    locale_by_id(Locale)
    return _map(thread, dwMapFlags, lpSrcStr, cchSrc, lpDestStr, cchDest)


@kernel32.export("environment")
def LCMapStringEx(
    thread: Thread, lpLocaleName: LPCWSTR, dwMapFlags: DWORD, lpSrcStr: Annotated[LPWSTR, InBytes("cchSrc", unit=2)],
    cchSrc: INT, lpDestStr: LPWSTR, cchDest: INT, lpVersionInformation: PVOID, lpReserved: PVOID, sortHandle: LPARAM,
) -> INT:  # fmt: skip
    locale_by_name(lpLocaleName)
    return _map(thread, dwMapFlags, lpSrcStr, cchSrc, lpDestStr, cchDest)


@kernel32.export("environment")
def LCMapStringA(
    thread: Thread, Locale: LCID, dwMapFlags: DWORD, lpSrcStr: Annotated[LPSTR, InBytes("cchSrc")], cchSrc: INT,
    lpDestStr: LPSTR, cchDest: INT,
) -> INT:  # fmt: skip
    locale_by_id(Locale)
    if not lpSrcStr or not cchSrc or cchDest < 0:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    text = _narrow(thread, lpSrcStr, cchSrc)
    if dwMapFlags & LCMAP_SORTKEY:
        data = sort_key_bytes(text, dwMapFlags)
    else:
        data, _ = resolve_code_page(thread.process, 0).encode(map_text(text + "\0" if cchSrc < 0 else text, dwMapFlags))
    if not cchDest:
        return len(data)
    if len(data) > cchDest:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(lpDestStr, data)
    return len(data)


@kernel32.export("environment")
def FoldStringW(
    thread: Thread, dwMapFlags: DWORD, lpSrcStr: Annotated[LPWSTR, InBytes("cchSrc", unit=2)], cchSrc: INT,
    lpDestStr: LPWSTR, cchDest: INT,
) -> INT:  # fmt: skip
    if not lpSrcStr or not cchSrc:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    text = _wide(thread, lpSrcStr, cchSrc) + ("\0" if cchSrc < 0 else "")
    if dwMapFlags & 0x20:  # MAP_PRECOMPOSED
        text = unicodedata.normalize("NFC", text)
    if dwMapFlags & 0x40:  # MAP_COMPOSITE
        text = unicodedata.normalize("NFD", text)
    if dwMapFlags & 0x10:  # MAP_FOLDCZONE
        text = "".join(unicodedata.normalize("NFKC", item) for item in text)
    if dwMapFlags & 0x80:  # MAP_FOLDDIGITS
        text = "".join(str(unicodedata.decimal(item, item)) for item in text)
    data = text.encode("utf-16-le", "surrogatepass")
    if not cchDest:
        return len(data) // 2
    if len(data) // 2 > cchDest:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(lpDestStr, data)
    return len(data) // 2
