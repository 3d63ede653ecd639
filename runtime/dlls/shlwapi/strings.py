"""shlwapi.h: strings and URLs."""

from __future__ import annotations

import re

from runtime.dlls.heap import guest_heap_alloc
from runtime.dlls.shlwapi.dll import shlwapi
from runtime.dlls.shlwapi.units import encode, read, write
from runtime.dlls.types import (
    BOOL,
    INT,
    LONGLONG,
    LPCSTR,
    LPCWSTR,
    LPSTR,
    LPVOID,
    LPWSTR,
    WCHAR,
    Out,
)
from runtime.nt.casing import upcase
from runtime.nt.thread import Thread

TEXT = "environment"
S_OK = 0
E_INVALIDARG = 0x80070057
E_POINTER = 0x80004003
S_FALSE = 1


def _found(address: int, index: int, wide: bool) -> int:
    return 0 if index < 0 else address + index * (2 if wide else 1)


def _find(thread: Thread, first: int, wanted: int, wide: bool, fold: bool) -> int:
    if not first or not wanted:
        return 0
    text, part = read(thread, first, wide), read(thread, wanted, wide)
    if not part:
        return 0
    return _found(first, upcase(text).find(upcase(part)) if fold else text.find(part), wide)


@shlwapi.export(category=TEXT)
def StrStrW(thread: Thread, pszFirst: LPVOID, pszSrch: LPVOID) -> LPVOID:
    """Return the address of the first occurrence of a string."""
    return _find(thread, pszFirst, pszSrch, True, False)


@shlwapi.export(category=TEXT)
def StrStrA(thread: Thread, pszFirst: LPVOID, pszSrch: LPVOID) -> LPVOID:
    """Return the address of the first occurrence of a string."""
    return _find(thread, pszFirst, pszSrch, False, False)


@shlwapi.export(category=TEXT)
def StrStrIW(thread: Thread, pszFirst: LPVOID, pszSrch: LPVOID) -> LPVOID:
    """Return the address of the first occurrence of a string, in any case."""
    return _find(thread, pszFirst, pszSrch, True, True)


@shlwapi.export(category=TEXT)
def StrStrIA(thread: Thread, pszFirst: LPVOID, pszSrch: LPVOID) -> LPVOID:
    """Return the address of the first occurrence of a string, in any case."""
    return _find(thread, pszFirst, pszSrch, False, True)


@shlwapi.export(category=TEXT)
def StrChrW(thread: Thread, pszStart: LPVOID, wMatch: WCHAR) -> LPVOID:
    """Return the address of the first occurrence of a character."""
    return _found(pszStart, read(thread, pszStart, True).find(chr(wMatch)), True) if pszStart else 0


@shlwapi.export(category=TEXT)
def StrChrIW(thread: Thread, pszStart: LPVOID, wMatch: WCHAR) -> LPVOID:
    """Return the address of the first occurrence of a character, in any case."""
    return _found(pszStart, upcase(read(thread, pszStart, True)).find(upcase(chr(wMatch))), True) if pszStart else 0


@shlwapi.export(category=TEXT)
def StrRChrW(thread: Thread, pszStart: LPVOID, pszEnd: LPVOID, wMatch: WCHAR) -> LPVOID:
    """Return the address of the last occurrence of a character before `pszEnd` or the end."""
    if not pszStart:
        return 0
    text = read(thread, pszStart, True)
    return _found(pszStart, text[: (pszEnd - pszStart) // 2 if pszEnd else len(text)].rfind(chr(wMatch)), True)


@shlwapi.export(category=TEXT)
def StrRStrIW(thread: Thread, pszSource: LPVOID, pszLast: LPVOID, pszSrch: LPVOID) -> LPVOID:
    """Return the address of the last occurrence of a string that begins before `pszLast`, in any case."""
    if not pszSource or not pszSrch:
        return 0
    text, part = upcase(read(thread, pszSource, True)), upcase(read(thread, pszSrch, True))
    limit = (pszLast - pszSource) // 2 if pszLast else len(text)
    return _found(pszSource, text.rfind(part, 0, limit + len(part) - 1) if part else -1, True)


@shlwapi.export(category=TEXT)
def StrPBrkW(thread: Thread, psz: LPVOID, pszSet: LPCWSTR) -> LPVOID:
    """Return the address of the first character that is in a set."""
    text = read(thread, psz, True)
    return _found(psz, next((i for i, c in enumerate(text) if c in (pszSet or "")), -1), True)


@shlwapi.export(category=TEXT)
def StrSpnW(thread: Thread, psz: LPCWSTR, pszSet: LPCWSTR) -> INT:
    """Return how many characters at the start are in a set."""
    text = psz or ""
    return len(text) - len(text.lstrip(pszSet or "")) if pszSet else 0


@shlwapi.export(category=TEXT)
def StrCSpnW(thread: Thread, pszStr: LPCWSTR, pszSet: LPCWSTR) -> INT:
    """Return how many characters at the start are not in a set."""
    text = pszStr or ""
    return next((index for index, character in enumerate(text) if character in (pszSet or "")), len(text))


def _compare(first: str, second: str) -> int:
    return (first > second) - (first < second)


@shlwapi.export(category=TEXT)
def StrCmpW(thread: Thread, psz1: LPCWSTR, psz2: LPCWSTR) -> INT:
    """Compare two strings: letters before case, as dictionaries do."""
    one, two = psz1 or "", psz2 or ""
    return _compare(one.casefold(), two.casefold()) or _compare(one.swapcase(), two.swapcase())


@shlwapi.export(category=TEXT)
def StrCmpIW(thread: Thread, psz1: LPCWSTR, psz2: LPCWSTR) -> INT:
    """Compare two strings in any case."""
    return _compare((psz1 or "").casefold(), (psz2 or "").casefold())


@shlwapi.export(category=TEXT)
def StrCmpNW(thread: Thread, psz1: LPCWSTR, psz2: LPCWSTR, nChar: INT) -> INT:
    """Compare the beginnings of two strings."""
    return StrCmpW(thread, (psz1 or "")[: max(nChar, 0)], (psz2 or "")[: max(nChar, 0)])


@shlwapi.export(category=TEXT)
def StrCmpNIW(thread: Thread, psz1: LPCWSTR, psz2: LPCWSTR, nChar: INT) -> INT:
    """Compare the beginnings of two strings in any case."""
    return _compare((psz1 or "")[: max(nChar, 0)].casefold(), (psz2 or "")[: max(nChar, 0)].casefold())


@shlwapi.export(category=TEXT)
def StrCmpLogicalW(thread: Thread, psz1: LPCWSTR, psz2: LPCWSTR) -> INT:
    """Compare two strings with numbers by value, as Explorer sorts names."""

    def key(text: str) -> list[tuple[int, int, str]]:
        pieces = re.findall(r"\d+|\D", text.casefold())
        return [(0, int(piece), "") if piece[0].isdecimal() else (1, 0, piece) for piece in pieces]

    one, two = key(psz1 or ""), key(psz2 or "")
    return (one > two) - (one < two)


@shlwapi.export(category=TEXT)
def StrCpyNW(thread: Thread, pszDst: LPWSTR, pszSrc: LPVOID, cchMax: INT) -> LPVOID:
    """Copy a string into a buffer."""
    if cchMax > 0:
        write(thread, pszDst, read(thread, pszSrc, True)[: cchMax - 1] if pszSrc else "", True)
    return pszDst


@shlwapi.export(category=TEXT)
def StrCatBuffW(thread: Thread, pszDest: LPWSTR, pszSrc: LPVOID, cchDestBuffSize: INT) -> LPVOID:
    """Append a string in a buffer."""
    text = read(thread, pszDest, True)
    if len(text) < cchDestBuffSize:
        write(thread, pszDest, (text + read(thread, pszSrc, True))[: cchDestBuffSize - 1], True)
    return pszDest


@shlwapi.export(category=TEXT)
async def StrDupW(thread: Thread, pszSrch: LPVOID) -> LPVOID:
    """Copy a string; the caller frees it with LocalFree."""
    data = encode((read(thread, pszSrch, True) if pszSrch else "") + "\0", True)
    block = await guest_heap_alloc(thread, len(data))
    if block:
        thread.process.memory.write(block, data)
    return block


@shlwapi.export(category=TEXT)
async def StrDupA(thread: Thread, pszSrch: LPVOID) -> LPVOID:
    """Copy a string; the caller frees it with LocalFree."""
    data = encode((read(thread, pszSrch, False) if pszSrch else "") + "\0", False)
    block = await guest_heap_alloc(thread, len(data))
    if block:
        thread.process.memory.write(block, data)
    return block


def _integer(text: str, hexadecimal: bool) -> int | None:
    text = text.lstrip(" \t\n\r\x0b\x0c")
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-") if text[:1] in ("+", "-") else text
    if hexadecimal and digits[:2].lower() == "0x":
        match = re.match(r"[0-9a-fA-F]+", digits[2:])
        return int(match[0], 16) if match else None
    match = re.match(r"[0-9]+", digits)
    return sign * int(match[0]) if match else None


@shlwapi.export(category=TEXT)
def StrToIntW(thread: Thread, pszSrc: LPCWSTR) -> INT:
    """Read a decimal number."""
    text = pszSrc or ""
    return (_integer(text, False) or 0) if text[:1] in "+-0123456789" else 0


@shlwapi.export(category=TEXT)
def StrToIntExW(thread: Thread, pszString: LPCWSTR, dwFlags: INT, piRet: Out[INT]) -> BOOL:
    """Read a number; with STIF_SUPPORT_HEX (1) hexadecimal ones, too."""
    value = _integer(pszString or "", bool(dwFlags & 1))
    piRet.put(value or 0)
    return int(value is not None)


@shlwapi.export(category=TEXT)
def StrToInt64ExW(thread: Thread, pszString: LPCWSTR, dwFlags: INT, pllRet: Out[LONGLONG]) -> BOOL:
    """Read a number; with STIF_SUPPORT_HEX (1) hexadecimal ones, too."""
    value = _integer(pszString or "", bool(dwFlags & 1))
    pllRet.put(value or 0)
    return int(value is not None)


def _trim(thread: Thread, address: int, characters: str, wide: bool) -> int:
    text = read(thread, address, wide)
    trimmed = text.strip(characters) if characters else text
    if trimmed == text:
        return 0
    write(thread, address, trimmed, wide)
    return 1


@shlwapi.export(category=TEXT)
def StrTrimW(thread: Thread, psz: LPWSTR, pszTrimChars: LPCWSTR) -> BOOL:
    """Remove characters of a set at both ends."""
    return _trim(thread, psz, pszTrimChars or "", True)


@shlwapi.export(category=TEXT)
def StrTrimA(thread: Thread, psz: LPSTR, pszTrimChars: LPCSTR) -> BOOL:
    """Remove characters of a set at both ends."""
    return _trim(thread, psz, (pszTrimChars or b"").decode("latin-1"), False)


StrToIntA = shlwapi.ansi(StrToIntW)
StrToIntExA = shlwapi.ansi(StrToIntExW)
StrCmpNA = shlwapi.ansi(StrCmpNW)
StrCmpNIA = shlwapi.ansi(StrCmpNIW)
