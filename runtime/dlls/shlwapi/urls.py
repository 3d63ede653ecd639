"""shlwapi.h: functions for URLs; what they do is in url_rules.py."""

from __future__ import annotations

from runtime.dlls.heap import guest_heap_new
from runtime.dlls.shlwapi import url_rules as url
from runtime.dlls.shlwapi.dll import shlwapi
from runtime.dlls.shlwapi.units import read, write
from runtime.dlls.structure import Structure
from runtime.dlls.text import encode_text, encode_wide
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HRESULT,
    INT,
    LPCSTR,
    LPCWSTR,
    LPSTR,
    LPVOID,
    LPWSTR,
    PVOID,
    UINT,
    InOut,
    Out,
)
from runtime.nt.thread import Thread

TEXT = "environment"
S_OK, S_FALSE, E_INVALIDARG, E_POINTER, E_FAIL = 0, 1, 0x80070057, 0x80004003, 0x80004005
URL_E_UNEXPECTED_SYNTAX = 0x80041002
URL_E_INVALID_SYNTAX = 0x80041001
URL_PARTFLAG_KEEPSCHEME = 1


class PARSEDURLW(Structure):
    cbSize: DWORD
    pszProtocol: PVOID
    cchProtocol: UINT
    pszSuffix: PVOID
    cchSuffix: UINT
    nScheme: UINT


def _narrow(thread: Thread, text: bytes | None) -> str | None:
    return None if text is None else thread.process.decode_ansi(text)


def _give(thread: Thread, text: str, buffer: int, size: InOut[int], wide: bool) -> int:
    """Store text whose capacity in characters `size` points at, and its length; E_POINTER and the need if too small."""
    data = encode_text(thread, text, wide)
    length = len(data) // (2 if wide else 1)
    if length >= size.get():
        size.set(length + 1)
        return E_POINTER
    thread.process.memory.write(buffer, data + bytes(2 if wide else 1))
    size.set(length)
    return S_OK


def _wants(text: str | None, buffer: int, size: InOut[int]) -> bool:
    """Whether a function got what it needs: text, and room for a result."""
    return text is not None and bool(buffer) and bool(size) and size.get() != 0


def _question(text: str | None, what: int) -> int:
    """UrlIs: 0 a URL, 1 opaque, 2 without history, 3 of a file, 4 appliable, 5 a folder, 6 with a query."""
    if text is None:
        return 0
    match what:
        case 0:
            return int(bool(url.scheme_of(text)))
        case 1:
            return int(url.is_opaque(text))
        case 2:
            return int(url.is_no_history(text))
        case 3:
            return int(url.scheme_of(text).lower() == "file")
        case 4:
            return int(url.apply_scheme(text, url.URL_APPLY_GUESSSCHEME | url.URL_APPLY_GUESSFILE) is not None)
        case 5:
            return int(url.split_extra(text)[0].endswith(("/", "\\")))
        case 6:
            return int("?" in text)
    return 0


@shlwapi.export(category=TEXT)
def UrlIsW(thread: Thread, pszUrl: LPCWSTR, UrlIs: INT) -> BOOL:
    """Answer a question about a URL."""
    return _question(pszUrl, UrlIs)


@shlwapi.export(category=TEXT)
def UrlIsOpaqueW(thread: Thread, pszURL: LPCWSTR) -> BOOL:
    """Whether what follows the scheme is no path."""
    return _question(pszURL, 1)


@shlwapi.export(category=TEXT)
def UrlIsNoHistoryW(thread: Thread, pszURL: LPCWSTR) -> BOOL:
    """Whether browsers keep a URL out of their history."""
    return _question(pszURL, 2)


@shlwapi.export(category=TEXT)
def UrlCompareW(thread: Thread, psz1: LPCWSTR, psz2: LPCWSTR, fIgnoreSlash: BOOL) -> INT:
    """Compare two URLs after unescaping and simplifying them."""
    first, second = (url.canonicalize(text or "", url.URL_UNESCAPE) for text in (psz1, psz2))
    if fIgnoreSlash:
        first, second = first.removesuffix("/"), second.removesuffix("/")
    return (first > second) - (first < second)


for _function in (UrlIsW, UrlIsOpaqueW, UrlIsNoHistoryW, UrlCompareW):
    shlwapi.ansi(_function)


def _location(thread: Thread, address: int, wide: bool) -> int:
    text = read(thread, address, wide) if address else ""
    at = text.find("#")
    return address + at * (2 if wide else 1) if at >= 0 and url.scheme_of(text).lower() != "file" else 0


@shlwapi.export(category=TEXT)
def UrlGetLocationW(thread: Thread, pszURL: LPVOID) -> LPVOID:
    """Return the address of a URL's fragment with its `#`, or NULL."""
    return _location(thread, pszURL, True)


@shlwapi.export(category=TEXT)
def UrlGetLocationA(thread: Thread, pszURL: LPVOID) -> LPVOID:
    """UrlGetLocationW for ANSI text."""
    return _location(thread, pszURL, False)


def _parse(thread: Thread, address: int, target: int, wide: bool) -> int:
    memory = thread.process.memory
    parts = PARSEDURLW.read(memory, target)
    if not address or parts.cbSize != PARSEDURLW.size(memory):
        return E_INVALIDARG
    text = read(thread, address, wide)
    scheme = url.scheme_of(text)
    if not scheme:
        return URL_E_INVALID_SYNTAX
    unit = 2 if wide else 1
    parts.pszProtocol, parts.cchProtocol = address, len(scheme)
    parts.pszSuffix = address + (len(scheme) + 1) * unit
    parts.cchSuffix = len(text) - len(scheme) - 1
    parts.nScheme = url.SCHEMES.get(scheme.lower(), 0)
    parts.write(memory, target)
    return S_OK


@shlwapi.export(category=TEXT)
def ParseURLW(thread: Thread, pcszURL: LPVOID, ppu: LPVOID) -> HRESULT:
    """Split a URL at its scheme; the parts point into it."""
    return _parse(thread, pcszURL, ppu, True)


@shlwapi.export(category=TEXT)
def ParseURLA(thread: Thread, pcszURL: LPVOID, ppu: LPVOID) -> HRESULT:
    """ParseURLW for ANSI text."""
    return _parse(thread, pcszURL, ppu, False)


def _unescape(thread: Thread, address: int, buffer: int, size: InOut[int], flags: int, wide: bool) -> int:
    if not address:
        return E_INVALIDARG
    result = url.unescape(read(thread, address, wide), flags)
    if flags & url.URL_UNESCAPE_INPLACE:
        write(thread, address, result, wide)
        return S_OK
    if not buffer or not size or not size.get():
        return E_INVALIDARG
    if len(result) >= size.get():
        size.set(len(result) + 1)
        return E_POINTER
    write(thread, buffer, result, wide)
    size.set(len(result))
    return S_OK


@shlwapi.export(category=TEXT)
def UrlUnescapeW(
    thread: Thread, pszUrl: LPWSTR, pszUnescaped: LPWSTR, pcchUnescaped: InOut[DWORD], dwFlags: DWORD
) -> HRESULT:
    """Replace `%xx` by what it stands for; with URL_UNESCAPE_INPLACE in the text itself."""
    return _unescape(thread, pszUrl, pszUnescaped, pcchUnescaped, dwFlags, True)


@shlwapi.export(category=TEXT)
def UrlUnescapeA(
    thread: Thread, pszUrl: LPSTR, pszUnescaped: LPSTR, pcchUnescaped: InOut[DWORD], dwFlags: DWORD
) -> HRESULT:
    """UrlUnescapeW for ANSI text."""
    return _unescape(thread, pszUrl, pszUnescaped, pcchUnescaped, dwFlags, False)


@shlwapi.export(category=TEXT)
async def PathCreateFromUrlAlloc(thread: Thread, pszIn: LPCWSTR, ppszOut: Out[LPVOID], dwFlags: DWORD) -> HRESULT:
    """Return the path a file: URL names in memory that LocalFree frees."""
    path = url.to_path(pszIn) if pszIn is not None else None
    ppszOut.set(0)
    if path is None:
        return E_INVALIDARG
    ppszOut.set(await guest_heap_new(thread, encode_wide(path + "\0")))
    return S_OK


def _url_canonicalize(
    thread: Thread, text: str | None, buffer: int, size: InOut[int], flags: int, wide: bool
) -> int:
    if not _wants(text, buffer, size):
        return E_INVALIDARG
    assert text is not None
    return _give(thread, url.canonicalize(text, flags), buffer, size, wide)


@shlwapi.export(category=TEXT)
def UrlCanonicalizeW(
    thread: Thread, pszUrl: LPCWSTR, pszCanonicalized: LPWSTR, pcchCanonicalized: InOut[DWORD], dwFlags: DWORD
) -> HRESULT:
    """Put slashes, `.` and `..` right, and escape as the flags say."""
    return _url_canonicalize(thread, pszUrl, pszCanonicalized, pcchCanonicalized, dwFlags, True)


@shlwapi.export(category=TEXT)
def UrlCanonicalizeA(
    thread: Thread, pszUrl: LPCSTR, pszCanonicalized: LPSTR, pcchCanonicalized: InOut[DWORD], dwFlags: DWORD
) -> HRESULT:
    """UrlCanonicalizeW through the ANSI code page."""
    return _url_canonicalize(thread, _narrow(thread, pszUrl), pszCanonicalized, pcchCanonicalized, dwFlags, False)


def _url_escape(
    thread: Thread, text: str | None, buffer: int, size: InOut[int], flags: int, wide: bool
) -> int:
    if not _wants(text, buffer, size):
        return E_INVALIDARG
    assert text is not None
    return _give(thread, url.escape(text, flags), buffer, size, wide)


@shlwapi.export(category=TEXT)
def UrlEscapeW(
    thread: Thread, pszUrl: LPCWSTR, pszEscaped: LPWSTR, pcchEscaped: InOut[DWORD], dwFlags: DWORD
) -> HRESULT:
    """Replace what may not stand in a URL by `%xx`."""
    return _url_escape(thread, pszUrl, pszEscaped, pcchEscaped, dwFlags, True)


@shlwapi.export(category=TEXT)
def UrlEscapeA(
    thread: Thread, pszUrl: LPCSTR, pszEscaped: LPSTR, pcchEscaped: InOut[DWORD], dwFlags: DWORD
) -> HRESULT:
    """UrlEscapeW through the ANSI code page."""
    return _url_escape(thread, _narrow(thread, pszUrl), pszEscaped, pcchEscaped, dwFlags, False)


def _url_create_from_path(
    thread: Thread, text: str | None, buffer: int, size: InOut[int], flags: int, wide: bool
) -> int:
    if not _wants(text, buffer, size):
        return E_INVALIDARG
    assert text is not None
    known = bool(url.scheme_of(text))
    result = _give(thread, text if known else url.from_path(text), buffer, size, wide)
    return S_FALSE if known and result == S_OK else result


@shlwapi.export(category=TEXT)
def UrlCreateFromPathW(
    thread: Thread, pszPath: LPCWSTR, pszUrl: LPWSTR, pcchUrl: InOut[DWORD], dwFlags: DWORD
) -> HRESULT:
    """Return the file: URL of a path; S_FALSE with the text itself for what is a URL already."""
    return _url_create_from_path(thread, pszPath, pszUrl, pcchUrl, dwFlags, True)


@shlwapi.export(category=TEXT)
def UrlCreateFromPathA(
    thread: Thread, pszPath: LPCSTR, pszUrl: LPSTR, pcchUrl: InOut[DWORD], dwFlags: DWORD
) -> HRESULT:
    """UrlCreateFromPathW through the ANSI code page."""
    return _url_create_from_path(thread, _narrow(thread, pszPath), pszUrl, pcchUrl, dwFlags, False)


def _path_create_from_url(
    thread: Thread, text: str | None, buffer: int, size: InOut[int], flags: int, wide: bool
) -> int:
    if not _wants(text, buffer, size):
        return E_INVALIDARG
    assert text is not None
    path = url.to_path(text)
    return E_INVALIDARG if path is None else _give(thread, path, buffer, size, wide)


@shlwapi.export(category=TEXT)
def PathCreateFromUrlW(
    thread: Thread, pszUrl: LPCWSTR, pszPath: LPWSTR, pcchPath: InOut[DWORD], dwFlags: DWORD
) -> HRESULT:
    """Return the path a file: URL names."""
    return _path_create_from_url(thread, pszUrl, pszPath, pcchPath, dwFlags, True)


@shlwapi.export(category=TEXT)
def PathCreateFromUrlA(
    thread: Thread, pszUrl: LPCSTR, pszPath: LPSTR, pcchPath: InOut[DWORD], dwFlags: DWORD
) -> HRESULT:
    """PathCreateFromUrlW through the ANSI code page."""
    return _path_create_from_url(thread, _narrow(thread, pszUrl), pszPath, pcchPath, dwFlags, False)


def _url_apply_scheme(
    thread: Thread, text: str | None, buffer: int, size: InOut[int], flags: int, wide: bool
) -> int:
    if not _wants(text, buffer, size):
        return E_INVALIDARG
    assert text is not None
    result = url.apply_scheme(text, flags)
    return S_FALSE if result is None else _give(thread, result, buffer, size, wide)


@shlwapi.export(category=TEXT)
def UrlApplySchemeW(
    thread: Thread, pszIn: LPCWSTR, pszOut: LPWSTR, pcchOut: InOut[DWORD], dwFlags: DWORD
) -> HRESULT:
    """Put the scheme that a URL lacks in front of it; S_FALSE when it stays as it is."""
    return _url_apply_scheme(thread, pszIn, pszOut, pcchOut, dwFlags, True)


@shlwapi.export(category=TEXT)
def UrlApplySchemeA(
    thread: Thread, pszIn: LPCSTR, pszOut: LPSTR, pcchOut: InOut[DWORD], dwFlags: DWORD
) -> HRESULT:
    """UrlApplySchemeW through the ANSI code page."""
    return _url_apply_scheme(thread, _narrow(thread, pszIn), pszOut, pcchOut, dwFlags, False)


def _combine(
    thread: Thread, base: str | None, relative: str | None, buffer: int, size: InOut[int], flags: int, wide: bool
) -> int:
    if base is None or relative is None or not size:
        return E_INVALIDARG
    return _give(thread, url.combine(base, relative, flags), buffer, size, wide)


@shlwapi.export(category=TEXT)
def UrlCombineW(
    thread: Thread, pszBase: LPCWSTR, pszRelative: LPCWSTR, pszCombined: LPWSTR, pcchCombined: InOut[DWORD],
    dwFlags: DWORD,
) -> HRESULT:  # fmt: skip
    """Return a URL as it is seen from another."""
    return _combine(thread, pszBase, pszRelative, pszCombined, pcchCombined, dwFlags, True)


@shlwapi.export(category=TEXT)
def UrlCombineA(
    thread: Thread, pszBase: LPCSTR, pszRelative: LPCSTR, pszCombined: LPSTR, pcchCombined: InOut[DWORD],
    dwFlags: DWORD,
) -> HRESULT:  # fmt: skip
    """UrlCombineW through the ANSI code page."""
    base, relative = _narrow(thread, pszBase), _narrow(thread, pszRelative)
    return _combine(thread, base, relative, pszCombined, pcchCombined, dwFlags, False)


def _part(
    thread: Thread, text: str | None, buffer: int, size: InOut[int], which: int, flags: int, wide: bool
) -> int:
    if not _wants(text, buffer, size) or not 1 <= which <= 6:
        return E_INVALIDARG
    assert text is not None
    found = url.part(text, which, bool(flags & URL_PARTFLAG_KEEPSCHEME))
    return E_INVALIDARG if found is None else _give(thread, found, buffer, size, wide)


@shlwapi.export(category=TEXT)
def UrlGetPartW(
    thread: Thread, pszIn: LPCWSTR, pszOut: LPWSTR, pcchOut: InOut[DWORD], dwPart: DWORD, dwFlags: DWORD
) -> HRESULT:
    """Return scheme, host, user, password, port or query of a URL; E_INVALIDARG for one it does not have."""
    return _part(thread, pszIn, pszOut, pcchOut, dwPart, dwFlags, True)


@shlwapi.export(category=TEXT)
def UrlGetPartA(
    thread: Thread, pszIn: LPCSTR, pszOut: LPSTR, pcchOut: InOut[DWORD], dwPart: DWORD, dwFlags: DWORD
) -> HRESULT:
    """UrlGetPartW through the ANSI code page."""
    return _part(thread, _narrow(thread, pszIn), pszOut, pcchOut, dwPart, dwFlags, False)
