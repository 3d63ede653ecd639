"""datetimeapi.h, and the numbers of winnls.h: values as text, the way a locale writes them."""

from __future__ import annotations

import struct
from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.text import encode_text
from runtime.dlls.types import DWORD, INT, LCID, LPCSTR, LPCWSTR, LPSTR, LPWSTR, PVOID, OutBytes
from runtime.nt import status as st
from runtime.nt.locale import Locale, locale_by_id, locale_by_name
from runtime.nt.locale_format import Moment, NumberFormat, default_format, format_date, format_number, format_time
from runtime.nt.status import Win32Error
from runtime.nt.system_time import to_system_time
from runtime.nt.thread import Thread

CATEGORY = "environment"
_NO_USER_OVERRIDE = 0x80000000


def _moment(thread: Thread, address: int) -> Moment:
    """Read a SYSTEMTIME; NULL is now, in local time."""
    machine = thread.process.machine
    if address:
        data = thread.process.memory.read(address, 16)
    else:
        data = to_system_time(machine.time_zone.to_local(machine.clock.now()))
    year, month, _, day, hour, minute, second, _ = struct.unpack("<8H", data)
    return Moment(year, month, day, hour, minute, second)


def _give(thread: Thread, text: str, buffer: int, size: int, *, wide: bool = True) -> int:
    """Store text with a NUL; return its length with the NUL. A size of 0 asks for it. Raises Win32Error."""
    data = encode_text(thread, text, wide)
    unit = 2 if wide else 1
    if size < 0 or (size and not buffer):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if size:
        if len(data) // unit + 1 > size:
            raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
        thread.process.memory.write(buffer, data + bytes(unit))
    return len(data) // unit + 1


def _narrow(thread: Thread, text: bytes | None) -> str | None:
    return None if text is None else thread.process.decode_ansi(text)


@kernel32.export(CATEGORY)
def GetDateFormatEx(
    thread: Thread, lpLocaleName: LPCWSTR, dwFlags: DWORD, lpDate: PVOID, lpFormat: LPCWSTR,
    lpDateStr: Annotated[LPWSTR, OutBytes("cchDate", unit=2)], cchDate: INT, lpCalendar: LPCWSTR,
) -> INT:  # fmt: skip
    """Write a date. A calendar must not be named."""
    if lpCalendar is not None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    text = format_date(locale_by_name(lpLocaleName), dwFlags, _moment(thread, lpDate), lpFormat)
    return _give(thread, text, lpDateStr, cchDate)


@kernel32.export(CATEGORY)
def GetDateFormatW(
    thread: Thread, Locale: LCID, dwFlags: DWORD, lpDate: PVOID, lpFormat: LPCWSTR,
    lpDateStr: Annotated[LPWSTR, OutBytes("cchDate", unit=2)], cchDate: INT,
) -> INT:  # fmt: skip
    """Write a date."""
    return _give(thread, format_date(locale_by_id(Locale), dwFlags, _moment(thread, lpDate), lpFormat), lpDateStr,
                 cchDate)  # fmt: skip


@kernel32.export(CATEGORY)
def GetDateFormatA(
    thread: Thread, Locale: LCID, dwFlags: DWORD, lpDate: PVOID, lpFormat: LPCSTR,
    lpDateStr: Annotated[LPSTR, OutBytes("cchDate")], cchDate: INT,
) -> INT:  # fmt: skip
    """Write a date."""
    text = format_date(locale_by_id(Locale), dwFlags & ~0x40000000, _moment(thread, lpDate), _narrow(thread, lpFormat))
    return _give(thread, text, lpDateStr, cchDate, wide=False)


@kernel32.export(CATEGORY)
def GetTimeFormatEx(
    thread: Thread, lpLocaleName: LPCWSTR, dwFlags: DWORD, lpTime: PVOID, lpFormat: LPCWSTR,
    lpTimeStr: Annotated[LPWSTR, OutBytes("cchTime", unit=2)], cchTime: INT,
) -> INT:  # fmt: skip
    """Write a time of day."""
    text = format_time(locale_by_name(lpLocaleName), dwFlags, _moment(thread, lpTime), lpFormat)
    return _give(thread, text, lpTimeStr, cchTime)


@kernel32.export(CATEGORY)
def GetTimeFormatW(
    thread: Thread, Locale: LCID, dwFlags: DWORD, lpTime: PVOID, lpFormat: LPCWSTR,
    lpTimeStr: Annotated[LPWSTR, OutBytes("cchTime", unit=2)], cchTime: INT,
) -> INT:  # fmt: skip
    """Write a time of day."""
    return _give(thread, format_time(locale_by_id(Locale), dwFlags, _moment(thread, lpTime), lpFormat), lpTimeStr,
                 cchTime)  # fmt: skip


@kernel32.export(CATEGORY)
def GetTimeFormatA(
    thread: Thread, Locale: LCID, dwFlags: DWORD, lpTime: PVOID, lpFormat: LPCSTR,
    lpTimeStr: Annotated[LPSTR, OutBytes("cchTime")], cchTime: INT,
) -> INT:  # fmt: skip
    """Write a time of day."""
    text = format_time(locale_by_id(Locale), dwFlags, _moment(thread, lpTime), _narrow(thread, lpFormat))
    return _give(thread, text, lpTimeStr, cchTime, wide=False)


# Numbers


def _format(thread: Thread, locale: Locale, flags: int, address: int, *, wide: bool, currency: bool) -> NumberFormat:
    """Read a NUMBERFMT or CURRENCYFMT; NULL is the locale's own. Raises Win32Error(ERROR_INVALID_FLAGS)."""
    if flags & ~_NO_USER_OVERRIDE or (address and flags):
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    if not address:
        return default_format(locale, currency=currency)
    memory = thread.process.memory
    width = memory.pointer_size
    at = address + (12 + width - 1) // width * width

    def text(place: int) -> str:
        pointer = memory.read_pointer(place)
        if not pointer:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
        return memory.read_wstr(pointer) if wide else thread.process.decode_ansi(memory.read_str(pointer))

    digits, zero, grouping = struct.unpack("<III", memory.read(address, 12))
    orders = at + 2 * width
    symbol = None
    positive = 0
    if currency:
        positive = memory.read_u32(orders + 4)
        symbol = text(orders + 8)
    return NumberFormat(digits, bool(zero), grouping, text(at), text(at + width), memory.read_u32(orders), positive,
                        symbol)  # fmt: skip


def _write_number(thread: Thread, locale: Locale, flags: int, value: str | None, address: int, buffer: int, size: int,
                  *, wide: bool = True, currency: bool = False) -> int:  # fmt: skip
    if value is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    form = _format(thread, locale, flags & ~0x40000000, address, wide=wide, currency=currency)
    return _give(thread, format_number(value, form), buffer, size, wide=wide)


@kernel32.export(CATEGORY)
def GetNumberFormatEx(
    thread: Thread, lpLocaleName: LPCWSTR, dwFlags: DWORD, lpValue: LPCWSTR, lpFormat: PVOID,
    lpNumberStr: Annotated[LPWSTR, OutBytes("cchNumber", unit=2)], cchNumber: INT,
) -> INT:  # fmt: skip
    """Write a number, its digits in groups."""
    return _write_number(thread, locale_by_name(lpLocaleName), dwFlags, lpValue, lpFormat, lpNumberStr, cchNumber)


@kernel32.export(CATEGORY)
def GetNumberFormatW(
    thread: Thread, Locale: LCID, dwFlags: DWORD, lpValue: LPCWSTR, lpFormat: PVOID,
    lpNumberStr: Annotated[LPWSTR, OutBytes("cchNumber", unit=2)], cchNumber: INT,
) -> INT:  # fmt: skip
    """Write a number, its digits in groups."""
    return _write_number(thread, locale_by_id(Locale), dwFlags, lpValue, lpFormat, lpNumberStr, cchNumber)


@kernel32.export(CATEGORY)
def GetNumberFormatA(
    thread: Thread, Locale: LCID, dwFlags: DWORD, lpValue: LPCSTR, lpFormat: PVOID,
    lpNumberStr: Annotated[LPSTR, OutBytes("cchNumber")], cchNumber: INT,
) -> INT:  # fmt: skip
    """Write a number, its digits in groups."""
    return _write_number(thread, locale_by_id(Locale), dwFlags, _narrow(thread, lpValue), lpFormat, lpNumberStr,
                         cchNumber, wide=False)  # fmt: skip


@kernel32.export(CATEGORY)
def GetCurrencyFormatEx(
    thread: Thread, lpLocaleName: LPCWSTR, dwFlags: DWORD, lpValue: LPCWSTR, lpFormat: PVOID,
    lpCurrencyStr: Annotated[LPWSTR, OutBytes("cchCurrency", unit=2)], cchCurrency: INT,
) -> INT:  # fmt: skip
    """Write an amount of money."""
    return _write_number(thread, locale_by_name(lpLocaleName), dwFlags, lpValue, lpFormat, lpCurrencyStr, cchCurrency,
                         currency=True)  # fmt: skip


@kernel32.export(CATEGORY)
def GetCurrencyFormatW(
    thread: Thread, Locale: LCID, dwFlags: DWORD, lpValue: LPCWSTR, lpFormat: PVOID,
    lpCurrencyStr: Annotated[LPWSTR, OutBytes("cchCurrency", unit=2)], cchCurrency: INT,
) -> INT:  # fmt: skip
    """Write an amount of money."""
    return _write_number(thread, locale_by_id(Locale), dwFlags, lpValue, lpFormat, lpCurrencyStr, cchCurrency,
                         currency=True)  # fmt: skip


@kernel32.export(CATEGORY)
def GetCurrencyFormatA(
    thread: Thread, Locale: LCID, dwFlags: DWORD, lpValue: LPCSTR, lpFormat: PVOID,
    lpCurrencyStr: Annotated[LPSTR, OutBytes("cchCurrency")], cchCurrency: INT,
) -> INT:  # fmt: skip
    """Write an amount of money."""
    return _write_number(thread, locale_by_id(Locale), dwFlags, _narrow(thread, lpValue), lpFormat, lpCurrencyStr,
                         cchCurrency, wide=False, currency=True)  # fmt: skip
