"""SYSTEMTIME: calendar time as eight 16-bit fields, and FILETIME: 100 ns since 1601."""

from __future__ import annotations

import struct
from datetime import datetime, timedelta
from typing import Final

from runtime.nt import status as st
from runtime.nt.status import Win32Error

_EPOCH: Final = datetime(1601, 1, 1)
_LATEST: Final = 0x24C85A5ED1C04000
"""The end of 9999, the last year of Python's calendar; Windows goes on to 30827."""


def to_system_time(filetime: int) -> bytes:
    """Return a FILETIME as SYSTEMTIME. Raises Win32Error(ERROR_INVALID_PARAMETER) outside 1601 to 9999."""
    if not 0 <= filetime < _LATEST:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    moment = _EPOCH + timedelta(microseconds=filetime // 10)
    weekday = (moment.weekday() + 1) % 7
    return struct.pack(
        "<8H", moment.year, moment.month, weekday, moment.day, moment.hour, moment.minute, moment.second,
        moment.microsecond // 1000,
    )  # fmt: skip


def from_system_time(data: bytes) -> int:
    """Return a SYSTEMTIME as FILETIME. Raises Win32Error(ERROR_INVALID_PARAMETER) for what is no time."""
    year, month, _, day, hour, minute, second, milliseconds = struct.unpack("<8H", data)
    try:
        moment = datetime(year, month, day, hour, minute, second, milliseconds * 1000)
    except ValueError:
        raise Win32Error(st.ERROR_INVALID_PARAMETER) from None
    if year < 1601:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 10
