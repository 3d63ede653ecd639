"""stringapiset.h: conversion between code pages and UTF-16."""

from __future__ import annotations

from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import (
    BOOL,
    BYTE,
    DWORD,
    INT,
    LPSTR,
    LPWSTR,
    PVOID,
    UINT,
    InBytes,
    Out,
)
from runtime.nt import status as st
from runtime.nt.code_pages import CP_SYMBOL, CP_UTF7, CP_UTF8, CodePage, code_page, known_code_pages
from runtime.nt.process import Process
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_MB_ERR_INVALID_CHARS = 0x8
_MB_VALID = 0xF
_WC_ERR_INVALID_CHARS = 0x80
_WC_NO_BEST_FIT_CHARS = 0x400
_WC_VALID = 0x6F0


def resolve_code_page(process: Process, number: int) -> CodePage:
    """Return the code page for a CodePage argument. Raises Win32Error(ERROR_INVALID_PARAMETER)."""
    if number in (0, 3):
        number = process.code_pages[0]
    elif number == 1:
        number = process.code_pages[1]
    elif number == 2:
        number = 10000
    found = code_page(number)
    if found is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return found


def _takes_no_flags(page: CodePage) -> bool:
    """Whether conversion to and from a code page must be asked for with flags of 0 (MultiByteToWideChar)."""
    return page.number in (CP_SYMBOL, CP_UTF7) or 50220 <= page.number <= 50229 or 57002 <= page.number <= 57011


@kernel32.export("environment")
def MultiByteToWideChar(
    thread: Thread, CodePage: UINT, dwFlags: DWORD, lpMultiByteStr: Annotated[LPSTR, InBytes("cbMultiByte")],
    cbMultiByte: INT, lpWideCharStr: LPWSTR, cchWideChar: INT,
) -> INT:  # fmt: skip
    memory = thread.process.memory
    if not lpMultiByteStr or not cbMultiByte or cchWideChar < 0 or (lpMultiByteStr == lpWideCharStr):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    page = resolve_code_page(thread.process, CodePage)
    # UTF-8 lets MB_PRECOMPOSED pass: C runtimes use it with CP_ACP, which is UTF-8 where a manifest says so.
    if dwFlags & ~(_MB_ERR_INVALID_CHARS if page.number == 54936 else _MB_VALID) or (
        dwFlags and _takes_no_flags(page)
    ):
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    if cbMultiByte < 0:
        data = memory.read_str(lpMultiByteStr, 1 << 31) + b"\0"
    else:
        data = memory.read(lpMultiByteStr, cbMultiByte)
    try:
        text = page.decode(data, strict=bool(dwFlags & _MB_ERR_INVALID_CHARS))
    except UnicodeDecodeError:
        raise Win32Error(st.ERROR_NO_UNICODE_TRANSLATION) from None
    encoded = text.encode("utf-16-le", "surrogatepass")
    return _store(thread, encoded, 2, lpWideCharStr, cchWideChar)


@kernel32.export("environment")
def WideCharToMultiByte(
    thread: Thread, CodePage: UINT, dwFlags: DWORD,
    lpWideCharStr: Annotated[LPWSTR, InBytes("cchWideChar", unit=2)], cchWideChar: INT, lpMultiByteStr: LPSTR,
    cbMultiByte: INT, lpDefaultChar: PVOID, lpUsedDefaultChar: Out[BOOL],
) -> INT:  # fmt: skip
    memory = thread.process.memory
    if not lpWideCharStr or not cchWideChar or cbMultiByte < 0 or (lpWideCharStr == lpMultiByteStr):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    page = resolve_code_page(thread.process, CodePage)
    if page.number in (CP_SYMBOL, CP_UTF7, CP_UTF8) and (lpDefaultChar or lpUsedDefaultChar):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    invalid = _takes_no_flags(page) and dwFlags
    if invalid or dwFlags & ~_WC_VALID or (dwFlags & _WC_ERR_INVALID_CHARS and page.number not in (CP_UTF8, 54936)):
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    if cchWideChar < 0:
        text = memory.read_wstr(lpWideCharStr, 1 << 30) + "\0"
    else:
        text = memory.read(lpWideCharStr, 2 * cchWideChar).decode("utf-16-le", "surrogatepass")
    default = b"?"
    if lpDefaultChar:
        default = memory.read_str(lpDefaultChar, 2) or b"\0"
    data, used = page.encode(text, default, fit=not dwFlags & _WC_NO_BEST_FIT_CHARS)
    if used and dwFlags & _WC_ERR_INVALID_CHARS:
        raise Win32Error(st.ERROR_NO_UNICODE_TRANSLATION)
    lpUsedDefaultChar.put(int(used))
    return _store(thread, data, 1, lpMultiByteStr, cbMultiByte)


def _store(thread: Thread, data: bytes, unit: int, buffer: int, size: int) -> int:
    """Store converted text; a size of 0 only asks how much there is. What fits is stored before failing."""
    length = len(data) // unit
    if not size:
        return length
    if length > size:
        thread.process.memory.write(buffer, data[: size * unit])
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(buffer, data)
    return length


@kernel32.export("environment")
def GetACP(thread: Thread) -> UINT:
    return thread.process.code_pages[0]


@kernel32.export("environment")
def GetOEMCP(thread: Thread) -> UINT:
    return thread.process.code_pages[1]


@kernel32.export("environment")
def IsValidCodePage(thread: Thread, CodePage: UINT) -> BOOL:
    return int(CodePage > 3 and CodePage != CP_SYMBOL and code_page(CodePage) is not None)


@kernel32.export("environment")
def GetCPInfo(thread: Thread, CodePage: UINT, lpCPInfo: PVOID) -> BOOL:
    page = resolve_code_page(thread.process, CodePage)
    thread.process.memory.write(lpCPInfo, _info(page))
    return 1


def _info(page: CodePage) -> bytes:
    """CPINFO: MaxCharSize, DefaultChar[2], LeadByte[12]."""
    lead = b"".join(bytes(pair) for pair in page.lead_bytes).ljust(12, b"\0")
    return page.maximum.to_bytes(4, "little") + b"?\0" + lead + b"\0\0"


@kernel32.export("environment")
def GetCPInfoExW(thread: Thread, CodePage: UINT, dwFlags: DWORD, lpCPInfoEx: PVOID) -> BOOL:
    page = resolve_code_page(thread.process, CodePage)
    if dwFlags:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    name = f"{page.number}  ({page.codec})".encode("utf-16-le").ljust(520, b"\0")
    data = _info(page)[:18] + "?".encode("utf-16-le") + page.number.to_bytes(4, "little") + name
    thread.process.memory.write(lpCPInfoEx, data)
    return 1


@kernel32.export("environment")
def GetCPInfoExA(thread: Thread, CodePage: UINT, dwFlags: DWORD, lpCPInfoEx: PVOID) -> BOOL:
    page = resolve_code_page(thread.process, CodePage)
    if dwFlags:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    name = f"{page.number}  ({page.codec})".encode().ljust(260, b"\0")
    data = _info(page)[:18] + "?".encode("utf-16-le") + page.number.to_bytes(4, "little") + name
    thread.process.memory.write(lpCPInfoEx, data)
    return 1


async def _enumerate_pages(thread: Thread, callback: int, flags: int, *, wide: bool) -> int:
    """Call back with the number of each code page as text."""
    if flags not in (1, 2):  # CP_INSTALLED, CP_SUPPORTED
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    place = thread.process.loader.arena.allocate(16, 2)
    for number in known_code_pages():
        text = str(number)
        data = (text + "\0").encode("utf-16-le") if wide else text.encode() + b"\0"
        thread.process.memory.write(place, data)
        if not await thread.call(callback, place) & 0xFFFFFFFF:
            break
    return 1


@kernel32.export("environment")
async def EnumSystemCodePagesW(thread: Thread, lpCodePageEnumProc: PVOID, dwFlags: DWORD) -> BOOL:
    return await _enumerate_pages(thread, lpCodePageEnumProc, dwFlags, wide=True)


@kernel32.export("environment")
async def EnumSystemCodePagesA(thread: Thread, lpCodePageEnumProc: PVOID, dwFlags: DWORD) -> BOOL:
    return await _enumerate_pages(thread, lpCodePageEnumProc, dwFlags, wide=False)


@kernel32.export("environment")
def IsDBCSLeadByte(thread: Thread, TestChar: BYTE) -> BOOL:
    return _is_lead(resolve_code_page(thread.process, 0), TestChar)


@kernel32.export("environment")
def IsDBCSLeadByteEx(thread: Thread, CodePage: UINT, TestChar: BYTE) -> BOOL:
    return _is_lead(resolve_code_page(thread.process, CodePage), TestChar)


def _is_lead(page: CodePage, value: int) -> int:
    return int(any(low <= value <= high for low, high in page.lead_bytes))
