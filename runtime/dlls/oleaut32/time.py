"""oleauto.h: dates as system times, as MS-DOS times and as names of months and days."""

from __future__ import annotations

import datetime
import struct

from runtime.dlls.oleaut32 import dates
from runtime.dlls.oleaut32.dll import oleaut32
from runtime.dlls.oleaut32.oleauto import new_bstr
from runtime.dlls.oleaut32.types import E_INVALIDARG, E_OUTOFMEMORY, S_OK, ConversionError
from runtime.dlls.text import encode_wide
from runtime.dlls.types import DOUBLE, DWORD, HRESULT, INT, LPVOID, ULONG, USHORT, Out
from runtime.nt.thread import Thread

TIME = "time"
VAR_DATEVALUEONLY, VAR_TIMEVALUEONLY = 2, 1


def _pack(moment: datetime.datetime) -> bytes:
    weekday = (moment.weekday() + 1) % 7
    return struct.pack(
        "<8H", moment.year, moment.month, weekday, moment.day, moment.hour, moment.minute, moment.second, 0
    )


def _unpack(data: bytes) -> float:
    year, month, _, day, hour, minute, second, millisecond = struct.unpack("<8H", data)
    if millisecond > 999:
        raise ConversionError(E_INVALIDARG)
    return dates.from_parts(year, month, day, hour, minute, second)


@oleaut32.export(category=TIME, ordinal=185)
def VariantTimeToSystemTime(thread: Thread, vtime: DOUBLE, lpSystemTime: LPVOID) -> INT:
    """Turn a date into a SYSTEMTIME, to the second; FALSE for one out of range."""
    try:
        thread.process.memory.write(lpSystemTime, _pack(dates.to_datetime(vtime)))
    except ConversionError:
        return 0
    return 1


@oleaut32.export(category=TIME, ordinal=184)
def SystemTimeToVariantTime(thread: Thread, lpSystemTime: LPVOID, pvtime: Out[DOUBLE]) -> INT:
    """Turn a SYSTEMTIME into a date, to the second; FALSE for one that is no time."""
    try:
        pvtime.set(_unpack(thread.process.memory.read(lpSystemTime, 16)))
    except ConversionError:
        return 0
    return 1


@oleaut32.export(category=TIME, ordinal=14)
def DosDateTimeToVariantTime(thread: Thread, wDosDate: USHORT, wDosTime: USHORT, pvtime: Out[DOUBLE]) -> INT:
    """Turn an MS-DOS date and time into a date."""
    year, month, day = 1980 + (wDosDate >> 9), wDosDate >> 5 & 15, wDosDate & 31
    hour, minute, second = wDosTime >> 11, wDosTime >> 5 & 63, (wDosTime & 31) * 2
    if month > 12 or year > 2099:
        return 0
    try:
        pvtime.set(dates.from_parts(year, month, day, hour, minute, second))
    except ConversionError:
        return 0
    return 1


@oleaut32.export(category=TIME, ordinal=13)
def VariantTimeToDosDateTime(
    thread: Thread, vtime: DOUBLE, pwDosDate: Out[USHORT], pwDosTime: Out[USHORT]
) -> INT:
    """Turn a date into an MS-DOS date and time, which know the years 1980 to 2099."""
    try:
        moment = dates.to_datetime(vtime)
    except ConversionError:
        return 0
    if not 1980 <= moment.year <= 2099:
        return 0
    pwDosDate.set(moment.year - 1980 << 9 | moment.month << 5 | moment.day)
    pwDosTime.set(moment.hour << 11 | moment.minute << 5 | moment.second // 2)
    return 1


@oleaut32.export(category=TIME, ordinal=330)
def VarDateFromUdate(thread: Thread, pudateIn: LPVOID, dwFlags: ULONG, pdateOut: Out[DOUBLE]) -> HRESULT:
    """Turn an unpacked date into a date."""
    try:
        value = _unpack(thread.process.memory.read(pudateIn, 16))
    except ConversionError as error:
        return error.code
    if dwFlags & VAR_DATEVALUEONLY:
        value = float(int(value))
    if dwFlags & VAR_TIMEVALUEONLY:
        value = abs(value - int(value))
    pdateOut.set(value)
    return S_OK


@oleaut32.export(category=TIME, ordinal=331)
def VarUdateFromDate(thread: Thread, dateIn: DOUBLE, dwFlags: ULONG, pudateOut: LPVOID) -> HRESULT:
    """Unpack a date: a SYSTEMTIME, and the day of the year."""
    try:
        moment = dates.to_datetime(dateIn)
    except ConversionError as error:
        return error.code
    thread.process.memory.write(pudateOut, _pack(moment) + struct.pack("<H", moment.timetuple().tm_yday))
    return S_OK


async def _give(thread: Thread, name: str, target: Out[int]) -> int:
    made = await new_bstr(thread, encode_wide(name))
    target.set(made)
    return S_OK if made else E_OUTOFMEMORY


@oleaut32.export(category=TIME, ordinal=129)
async def VarMonthName(
    thread: Thread, iMonth: INT, fAbbrev: INT, dwFlags: ULONG, pbstrOut: Out[LPVOID]
) -> HRESULT:
    """Return the name of a month, 1 to 12."""
    if not 1 <= iMonth <= 12 or dwFlags & ~3:
        return E_INVALIDARG
    name = dates.MONTHS[iMonth - 1]
    return await _give(thread, name[:3] if fAbbrev else name, pbstrOut)


@oleaut32.export(category=TIME, ordinal=128)
async def VarWeekdayName(
    thread: Thread, iWeekday: INT, fAbbrev: INT, iFirstDay: INT, dwFlags: DWORD, pbstrOut: Out[LPVOID]
) -> HRESULT:
    """Return the name of a day of the week that begins with `iFirstDay` (1 Sunday; 0 the user's, Sunday)."""
    if not 1 <= iWeekday <= 7 or not 0 <= iFirstDay <= 7 or dwFlags & ~3:
        return E_INVALIDARG
    name = dates.WEEKDAYS[(iWeekday - 1 + max(iFirstDay, 1) - 1) % 7]
    return await _give(thread, name[:3] if fAbbrev else name, pbstrOut)
