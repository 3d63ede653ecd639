"""winnls.h: Unicode normalization, internationalized domain names, finding text in text."""

from __future__ import annotations

import unicodedata
from encodings.idna import nameprep
from typing import Annotated, Final, Literal

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import BOOL, DWORD, INT, LCID, LPARAM, LPCWSTR, LPWSTR, PVOID, Out, OutBytes
from runtime.nt import status as st
from runtime.nt.casing import upcase
from runtime.nt.locale import locale_by_id, locale_by_name
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_FORMS: Final[dict[int, Literal["NFC", "NFD", "NFKC", "NFKD"]]] = {1: "NFC", 2: "NFD", 5: "NFKC", 6: "NFKD"}
"""NORM_FORM."""
_IDN_ALLOW_UNASSIGNED, _IDN_USE_STD3 = 1, 2
_FIND_STARTSWITH, _FIND_ENDSWITH, _FIND_FROMSTART, _FIND_FROMEND = 0x100000, 0x200000, 0x400000, 0x800000
_FIND_FLAGS: Final = _FIND_STARTSWITH | _FIND_ENDSWITH | _FIND_FROMSTART | _FIND_FROMEND
_IGNORE_CASE: Final = 0x1 | 0x10 | 0x8000000
"""NORM_IGNORECASE, LINGUISTIC_IGNORECASE, NORM_LINGUISTIC_CASING."""
_COMPARE_FLAGS: Final = _IGNORE_CASE | 0x2 | 0x4 | 0x20 | 0x10000 | 0x20000


def _read(thread: Thread, address: int, length: int) -> str:
    """Text of `length` units; -1 means up to the NUL, which belongs to it. Raises Win32Error."""
    if length < -1 or not address:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    memory = thread.process.memory
    if length == -1:
        return memory.read_wstr(address) + "\0"
    return memory.read(address, 2 * length).decode("utf-16-le", "surrogatepass")


def _give(thread: Thread, text: str, buffer: int, size: int) -> int:
    """Store text as it is; a size of 0 only asks. Raises Win32Error."""
    data = text.encode("utf-16-le", "surrogatepass")
    length = len(data) // 2
    if size < 0 or (size and not buffer):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if size:
        if length > size:
            raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
        thread.process.memory.write(buffer, data)
    thread.last_error = st.ERROR_SUCCESS
    return length


def _valid(text: str) -> str:
    """Refuse lone surrogates, which have no normal form. Raises Win32Error(ERROR_NO_UNICODE_TRANSLATION)."""
    if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise Win32Error(st.ERROR_NO_UNICODE_TRANSLATION)
    return text


@kernel32.export("environment")
def NormalizeString(
    thread: Thread, NormForm: INT, lpSrcString: LPWSTR, cwSrcLength: INT,
    lpDstString: Annotated[LPWSTR, OutBytes("cwDstLength", unit=2)], cwDstLength: INT,
) -> INT:  # fmt: skip
    form = _FORMS.get(NormForm)
    if form is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    text = _valid(_read(thread, lpSrcString, cwSrcLength))
    return _give(thread, unicodedata.normalize(form, text), lpDstString, cwDstLength)


@kernel32.export("environment")
def IsNormalizedString(thread: Thread, NormForm: INT, lpString: LPWSTR, cwLength: INT) -> BOOL:
    form = _FORMS.get(NormForm)
    if form is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    thread.last_error = st.ERROR_SUCCESS
    return unicodedata.is_normalized(form, _valid(_read(thread, lpString, cwLength)))


def _label_to_ascii(label: str, flags: int) -> str:
    try:
        result = label if label.isascii() else label.encode("idna").decode("ascii")
    except UnicodeError:
        raise Win32Error(st.ERROR_INVALID_NAME) from None
    if not 0 < len(result) <= 63:
        raise Win32Error(st.ERROR_INVALID_NAME)
    if flags & _IDN_USE_STD3:
        plain = result.replace("-", "").isalnum()
        if not plain or result.startswith("-") or result.endswith("-"):
            raise Win32Error(st.ERROR_INVALID_NAME)
    return result


def _labels(text: str) -> tuple[list[str], str]:
    """The labels of a domain name, and what follows the last one: a dot, a NUL."""
    body = text.rstrip("\0")
    tail = text[len(body) :]
    for dot in "\u3002\uff0e\uff61":
        body = body.replace(dot, ".")
    if body.endswith("."):
        body, tail = body[:-1], "." + tail
    return body.split("."), tail


@kernel32.export("network")
def IdnToAscii(
    thread: Thread, dwFlags: DWORD, lpUnicodeCharStr: LPWSTR, cchUnicodeChar: INT,
    lpASCIICharStr: Annotated[LPWSTR, OutBytes("cchASCIIChar", unit=2)], cchASCIIChar: INT,
) -> INT:  # fmt: skip
    if dwFlags & ~7:
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    labels, tail = _labels(_valid(_read(thread, lpUnicodeCharStr, cchUnicodeChar)))
    result = ".".join(_label_to_ascii(label, dwFlags) for label in labels)
    return _give(thread, result + tail, lpASCIICharStr, cchASCIIChar)


@kernel32.export("network")
def IdnToUnicode(
    thread: Thread, dwFlags: DWORD, lpASCIICharStr: LPWSTR, cchASCIIChar: INT,
    lpUnicodeCharStr: Annotated[LPWSTR, OutBytes("cchUnicodeChar", unit=2)], cchUnicodeChar: INT,
) -> INT:  # fmt: skip
    if dwFlags & ~7:
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    labels, tail = _labels(_valid(_read(thread, lpASCIICharStr, cchASCIIChar)))
    found = []
    for label in labels:
        plain = _label_to_ascii(label, dwFlags)
        try:
            found.append(plain.encode("ascii").decode("idna") if plain.lower().startswith("xn--") else label)
        except UnicodeError:
            raise Win32Error(st.ERROR_INVALID_NAME) from None
    return _give(thread, ".".join(found) + tail, lpUnicodeCharStr, cchUnicodeChar)


@kernel32.export("network")
def IdnToNameprepUnicode(
    thread: Thread, dwFlags: DWORD, lpUnicodeCharStr: LPWSTR, cchUnicodeChar: INT,
    lpNameprepCharStr: Annotated[LPWSTR, OutBytes("cchNameprepChar", unit=2)], cchNameprepChar: INT,
) -> INT:  # fmt: skip
    if dwFlags & ~7:
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    labels, tail = _labels(_valid(_read(thread, lpUnicodeCharStr, cchUnicodeChar)))
    try:
        result = ".".join(nameprep(label) for label in labels)
    except UnicodeError:
        raise Win32Error(st.ERROR_INVALID_NAME) from None
    return _give(thread, result + tail, lpNameprepCharStr, cchNameprepChar)


def _find(source: str, value: str, flags: int, *, ignore_case: bool) -> int:
    """Where `value` is in `source`, -1 when it is not."""
    if ignore_case:
        source, value = upcase(source), upcase(value)
    if flags & _FIND_STARTSWITH:
        return 0 if source.startswith(value) else -1
    if flags & _FIND_ENDSWITH:
        return len(source) - len(value) if source.endswith(value) else -1
    return source.rfind(value) if flags & _FIND_FROMEND else source.find(value)


def _check_find(thread: Thread, flags: int, allowed: int) -> None:
    kinds = flags & _FIND_FLAGS
    if flags & ~allowed or not kinds or kinds & (kinds - 1):
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    thread.last_error = st.ERROR_SUCCESS


def _find_linguistic(thread: Thread, flags: int, source: int, source_length: int, value: int, value_length: int,
                     found: Out[INT]) -> int:  # fmt: skip
    """Code units are compared one by one: what sorts alike but is spelled otherwise is not found."""
    _check_find(thread, flags, _FIND_FLAGS | _COMPARE_FLAGS)
    text = _read(thread, source, source_length).removesuffix("\0" if source_length == -1 else "")
    wanted = _read(thread, value, value_length).removesuffix("\0" if value_length == -1 else "")
    place = _find(text, wanted, flags, ignore_case=bool(flags & _IGNORE_CASE))
    if place >= 0:
        found.put(len(wanted))
    return place


@kernel32.export("environment", fails=-1)
def FindNLSString(
    thread: Thread, Locale: LCID, dwFindNLSStringFlags: DWORD, lpStringSource: LPWSTR, cchSource: INT,
    lpStringValue: LPWSTR, cchValue: INT, pcchFound: Out[INT],
) -> INT:  # fmt: skip
    locale_by_id(Locale)
    return _find_linguistic(
        thread, dwFindNLSStringFlags, lpStringSource, cchSource, lpStringValue, cchValue, pcchFound
    )  # fmt: skip


@kernel32.export("environment", fails=-1)
def FindNLSStringEx(
    thread: Thread, lpLocaleName: LPCWSTR, dwFindNLSStringFlags: DWORD, lpStringSource: LPWSTR, cchSource: INT,
    lpStringValue: LPWSTR, cchValue: INT, pcchFound: Out[INT], lpVersionInformation: PVOID, lpReserved: PVOID,
    sortHandle: LPARAM,
) -> INT:  # fmt: skip
    locale_by_name(lpLocaleName)
    if lpReserved or sortHandle:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return _find_linguistic(
        thread, dwFindNLSStringFlags, lpStringSource, cchSource, lpStringValue, cchValue, pcchFound
    )  # fmt: skip


@kernel32.export("environment", fails=-1)
def FindStringOrdinal(
    thread: Thread, dwFindStringOrdinalFlags: DWORD, lpStringSource: LPWSTR, cchSource: INT, lpStringValue: LPWSTR,
    cchValue: INT, bIgnoreCase: BOOL,
) -> INT:  # fmt: skip
    flags = dwFindStringOrdinalFlags or _FIND_FROMSTART
    _check_find(thread, flags, _FIND_FLAGS)
    text = _read(thread, lpStringSource, cchSource).removesuffix("\0" if cchSource == -1 else "")
    wanted = _read(thread, lpStringValue, cchValue).removesuffix("\0" if cchValue == -1 else "")
    return _find(text, wanted, flags, ignore_case=bool(bIgnoreCase))


@kernel32.export("environment")
def GetNLSVersionEx(thread: Thread, function: DWORD, lpLocaleName: LPCWSTR, lpVersionInformation: PVOID) -> BOOL:
    locale_by_name(lpLocaleName)
    return _nls_version(thread, function, lpVersionInformation)


@kernel32.export("environment")
def GetNLSVersion(thread: Thread, Function: DWORD, Locale: LCID, lpVersionInformation: PVOID) -> BOOL:
    locale_by_id(Locale)
    return _nls_version(thread, Function, lpVersionInformation)


def _nls_version(thread: Thread, function: int, address: int) -> int:
    """NLSVERSIONINFO(EX): the sort version of Windows 10 22H2."""
    memory = thread.process.memory
    size = memory.read_u32(address)
    if function != 1:
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    if size not in (12, 32):
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    memory.write_u32(address + 4, 0x0006020E)
    memory.write_u32(address + 8, 0x0006020E)
    if size == 32:
        memory.write(address + 12, (0x0006020E).to_bytes(4, "little") + bytes(16))
    return 1


@kernel32.export("environment")
def IsNLSDefinedString(
    thread: Thread, Function: DWORD, dwFlags: DWORD, lpVersionInformation: PVOID, lpString: LPWSTR, cchStr: INT
) -> BOOL:
    if Function != 1 or dwFlags:
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    thread.last_error = st.ERROR_SUCCESS
    text = _read(thread, lpString, cchStr)
    return all(unicodedata.category(character) not in ("Cn", "Cs", "Co") for character in text)


