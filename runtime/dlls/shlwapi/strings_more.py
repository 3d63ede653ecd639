"""shlwapi.h: string functions beside the common ones: ordinal comparison, counted search, copies."""

from __future__ import annotations

from runtime.dlls.heap import guest_heap_alloc
from runtime.dlls.shlwapi.dll import shlwapi
from runtime.dlls.shlwapi.units import encode, read, write
from runtime.dlls.types import BOOL, CHAR, DWORD, HRESULT, INT, LPCSTR, LPCWSTR, LPSTR, LPVOID, LPWSTR, UINT, WCHAR, Out
from runtime.nt.casing import upcase
from runtime.nt.thread import Thread

TEXT = "environment"
S_OK = 0
E_INVALIDARG = 0x80070057
E_OUTOFMEMORY = 0x8007000E
_SPACES = " \t\n\v\f\r"


def _lower(text: str | bytes | None) -> str | bytes:
    """ASCII letters small: what the C comparison functions fold."""
    if text is None:
        return ""
    if isinstance(text, bytes):
        return text.lower()
    return "".join(chr(ord(unit) + 32) if "A" <= unit <= "Z" else unit for unit in text)


def _units(text: str | bytes | None) -> list[int]:
    return list(text) if isinstance(text, bytes) else [ord(unit) for unit in text or ""]


def _difference(first: str | bytes | None, second: str | bytes | None) -> int:
    """The difference of the first units that differ, as strcmp has it; NULL is the empty string."""
    left, right = _units(first), _units(second)
    for one, other in zip([*left, 0], [*right, 0], strict=False):
        if one != other:
            return one - other
    return 0


@shlwapi.export(category=TEXT)
def StrCmpCW(thread: Thread, pszStr1: LPCWSTR, pszStr2: LPCWSTR) -> INT:
    return _difference(pszStr1, pszStr2)


@shlwapi.export(category=TEXT)
def StrCmpCA(thread: Thread, pszStr1: LPCSTR, pszStr2: LPCSTR) -> INT:
    return _difference(pszStr1, pszStr2)


@shlwapi.export(category=TEXT)
def StrCmpICW(thread: Thread, pszStr1: LPCWSTR, pszStr2: LPCWSTR) -> INT:
    return _difference(_lower(pszStr1), _lower(pszStr2))


@shlwapi.export(category=TEXT)
def StrCmpICA(thread: Thread, pszStr1: LPCSTR, pszStr2: LPCSTR) -> INT:
    return _difference(_lower(pszStr1), _lower(pszStr2))


@shlwapi.export(category=TEXT)
def StrCmpNCW(thread: Thread, pszStr1: LPCWSTR, pszStr2: LPCWSTR, nChar: INT) -> INT:
    count = max(nChar, 0)
    return _difference((pszStr1 or "")[:count], (pszStr2 or "")[:count])


@shlwapi.export(category=TEXT)
def StrCmpNCA(thread: Thread, pszStr1: LPCSTR, pszStr2: LPCSTR, nChar: INT) -> INT:
    count = max(nChar, 0)
    return _difference((pszStr1 or b"")[:count], (pszStr2 or b"")[:count])


@shlwapi.export(category=TEXT)
def StrCmpNICW(thread: Thread, pszStr1: LPCWSTR, pszStr2: LPCWSTR, nChar: INT) -> INT:
    count = max(nChar, 0)
    return _difference(_lower((pszStr1 or "")[:count]), _lower((pszStr2 or "")[:count]))


@shlwapi.export(category=TEXT)
def StrCmpNICA(thread: Thread, pszStr1: LPCSTR, pszStr2: LPCSTR, nChar: INT) -> INT:
    count = max(nChar, 0)
    return _difference(_lower((pszStr1 or b"")[:count]), _lower((pszStr2 or b"")[:count]))


@shlwapi.export(category=TEXT)
def StrCpyW(thread: Thread, psz1: LPWSTR, psz2: LPVOID) -> LPVOID:
    if psz1 and psz2:
        write(thread, psz1, read(thread, psz2, True), True)
    return psz1


@shlwapi.export(category=TEXT)
def StrCatW(thread: Thread, psz1: LPWSTR, psz2: LPVOID) -> LPVOID:
    if psz1 and psz2:
        write(thread, psz1, read(thread, psz1, True) + read(thread, psz2, True), True)
    return psz1


@shlwapi.export(category=TEXT)
def StrNCatW(thread: Thread, psz1: LPWSTR, psz2: LPVOID, cchMax: INT) -> LPVOID:
    """Append at most `cchMax` - 1 characters: the count has room for the NUL."""
    if psz1 and psz2 and cchMax > 0:
        write(thread, psz1, read(thread, psz1, True) + read(thread, psz2, True)[: cchMax - 1], True)
    return psz1


@shlwapi.export(category=TEXT)
def StrNCatA(thread: Thread, psz1: LPSTR, psz2: LPVOID, cchMax: INT) -> LPVOID:
    if psz1 and psz2 and cchMax > 0:
        write(thread, psz1, read(thread, psz1, False) + read(thread, psz2, False)[: cchMax - 1], False)
    return psz1


def _place(start: int, index: int, wide: bool) -> int:
    return 0 if index < 0 else start + index * (2 if wide else 1)


def _search(thread: Thread, start: int, wanted: int, *, wide: bool, fold: bool, limit: int | None = None) -> int:
    if not start or not wanted:
        return 0
    text, unit = read(thread, start, wide)[:limit], chr(wanted)
    return _place(start, upcase(text).find(upcase(unit)) if fold else text.find(unit), wide)


@shlwapi.export(category=TEXT)
def StrChrNW(thread: Thread, pszStart: LPVOID, wMatch: WCHAR, cchMax: UINT) -> LPVOID:
    return _search(thread, pszStart, wMatch, wide=True, fold=False, limit=cchMax)


@shlwapi.export(category=TEXT)
def StrChrNIW(thread: Thread, pszStart: LPVOID, wMatch: WCHAR, cchMax: UINT) -> LPVOID:
    return _search(thread, pszStart, wMatch, wide=True, fold=True, limit=cchMax)


@shlwapi.export(category=TEXT)
def StrChrA(thread: Thread, pszStart: LPVOID, wMatch: WCHAR) -> LPVOID:
    return _search(thread, pszStart, wMatch & 0xFF, wide=False, fold=False)


@shlwapi.export(category=TEXT)
def StrChrIA(thread: Thread, pszStart: LPVOID, wMatch: WCHAR) -> LPVOID:
    return _search(thread, pszStart, wMatch & 0xFF, wide=False, fold=True)


@shlwapi.export(category=TEXT)
def StrStrNW(thread: Thread, pszFirst: LPVOID, pszSrch: LPCWSTR, cchMax: UINT) -> LPVOID:
    if not pszFirst or not pszSrch:
        return 0
    return _place(pszFirst, read(thread, pszFirst, True)[:cchMax].find(pszSrch), True)


@shlwapi.export(category=TEXT)
def StrStrNIW(thread: Thread, pszFirst: LPVOID, pszSrch: LPCWSTR, cchMax: UINT) -> LPVOID:
    if not pszFirst or not pszSrch:
        return 0
    return _place(pszFirst, upcase(read(thread, pszFirst, True)[:cchMax]).find(upcase(pszSrch)), True)


@shlwapi.export(category=TEXT)
def StrCSpnIW(thread: Thread, pszStr: LPCWSTR, pszSet: LPCWSTR) -> INT:
    text, characters = upcase(pszStr or ""), upcase(pszSet or "")
    return next((index for index, unit in enumerate(text) if unit in characters), len(text))


async def _duplicate(thread: Thread, text: int, result: Out[LPVOID], *, wide: bool) -> int:
    if not text:
        result.set(0)
        return E_INVALIDARG
    data = encode(read(thread, text, wide) + "\0", wide)
    address = await guest_heap_alloc(thread, len(data))
    result.set(address)
    if not address:
        return E_OUTOFMEMORY
    thread.process.memory.write(address, data)
    return S_OK


@shlwapi.export(category=TEXT)
async def SHStrDupW(thread: Thread, psz: LPVOID, ppwsz: Out[LPVOID]) -> HRESULT:
    """A copy for CoTaskMemFree."""
    return await _duplicate(thread, psz, ppwsz, wide=True)


@shlwapi.export(category=TEXT)
async def SHStrDupA(thread: Thread, psz: LPCSTR, ppwsz: Out[LPVOID]) -> HRESULT:
    """A wide copy of a narrow string, for CoTaskMemFree."""
    if psz is None:
        ppwsz.set(0)
        return E_INVALIDARG
    data = (thread.process.decode_ansi(psz) + "\0").encode("utf-16-le", "surrogatepass")
    address = await guest_heap_alloc(thread, len(data))
    ppwsz.set(address)
    if not address:
        return E_OUTOFMEMORY
    thread.process.memory.write(address, data)
    return S_OK


@shlwapi.export(category=TEXT)
def IsCharSpaceW(thread: Thread, wch: WCHAR) -> BOOL:
    return int(chr(wch) in _SPACES or wch in (0x85, 0xA0, 0x2028, 0x2029, 0x3000))


@shlwapi.export(category=TEXT)
def IsCharSpaceA(thread: Thread, wch: CHAR) -> BOOL:
    return int(chr(wch & 0xFF) in _SPACES or wch & 0xFF == 0xA0)


def _to_unicode(thread: Thread, source: bytes, target: int, size: int) -> int:
    text = thread.process.decode_ansi(source)
    fits = len(text) < size
    if size > 0:
        thread.process.memory.write_wstr(target, text[: size - 1])
    return len(text) + 1 if fits else max(size, 0)


@shlwapi.export(category=TEXT)
def SHAnsiToUnicode(thread: Thread, pszSrc: LPCSTR, pwszDst: LPWSTR, cwchBuf: INT) -> INT:
    return 0 if pszSrc is None or cwchBuf <= 0 else _to_unicode(thread, pszSrc, pwszDst, cwchBuf)


@shlwapi.export(category=TEXT)
def SHUnicodeToAnsi(thread: Thread, pwszSrc: LPCWSTR, pszDst: LPSTR, cchBuf: INT) -> INT:
    if pwszSrc is None or cchBuf <= 0:
        return 0
    data = thread.process.encode_ansi(pwszSrc)
    thread.process.memory.write(pszDst, data[: cchBuf - 1] + b"\0")
    return len(data) + 1 if len(data) < cchBuf else cchBuf


@shlwapi.export(category=TEXT)
def StrIsIntlEqualW(thread: Thread, fCaseSens: BOOL, pszString1: LPCWSTR, pszString2: LPCWSTR, nChar: INT) -> BOOL:
    count = max(nChar, 0)
    first, second = (pszString1 or "")[:count], (pszString2 or "")[:count]
    return int(first == second if fCaseSens else upcase(first) == upcase(second))


shlwapi.ansi(StrIsIntlEqualW)


@shlwapi.export(category=TEXT)
def ChrCmpIW(thread: Thread, w1: WCHAR, w2: WCHAR) -> BOOL:
    """False when the characters are the same but for case."""
    return int(upcase(chr(w1)) != upcase(chr(w2)))


@shlwapi.export(category=TEXT)
def GetAcceptLanguagesW(thread: Thread, pszLanguages: LPWSTR, pcchLanguages: Out[DWORD]) -> HRESULT:
    """The language list of Internet settings: the user's language."""
    text = "en-US"
    if not pszLanguages or pcchLanguages.get() <= len(text):
        return E_INVALIDARG
    thread.process.memory.write_wstr(pszLanguages, text)
    pcchLanguages.set(len(text))
    return S_OK
