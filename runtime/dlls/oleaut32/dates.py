"""Automation dates: days since 30 December 1899 as a float, its fraction the time of day, also of negative ones."""

from __future__ import annotations

import datetime
import math
import re

from runtime.dlls.oleaut32.types import DISP_E_OVERFLOW, DISP_E_TYPEMISMATCH, E_INVALIDARG, ConversionError

EARLIEST, AFTER_LATEST = -657434.0, 2958466.0
"""1 January 100, and the day after 31 December 9999."""
_DAY = 86400
_ZERO = datetime.date(1899, 12, 30).toordinal()
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_LATEST_TWO_DIGIT_YEAR = 2029
"""Two-digit years end here: 29 is 2029, 30 is 1930 (the default of Windows before its setting is changed)."""
_TIME = re.compile(r"(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2}))?\s*([AaPp][Mm]?)?")


def check(value: float) -> None:
    """Raise ConversionError(DISP_E_OVERFLOW) for a date out of range."""
    if not EARLIEST <= value < AFTER_LATEST:
        raise ConversionError(DISP_E_OVERFLOW)


def to_datetime(value: float) -> datetime.datetime:
    """Return a date to the nearest second. Raises ConversionError(E_INVALIDARG)."""
    if not EARLIEST - 1 < value < AFTER_LATEST:
        raise ConversionError(E_INVALIDARG)
    days = math.trunc(value)
    seconds = math.floor(abs(value - days) * _DAY + 0.5)
    ordinal = _ZERO + days + seconds // _DAY
    if ordinal > datetime.date.max.toordinal():
        raise ConversionError(E_INVALIDARG)
    start = datetime.datetime.fromordinal(ordinal)
    return start + datetime.timedelta(seconds=seconds % _DAY)


def from_datetime(moment: datetime.datetime) -> float:
    """Return a moment as a date."""
    days = moment.toordinal() - _ZERO
    fraction = (moment.hour * 3600 + moment.minute * 60 + moment.second) / _DAY
    return days + fraction if days >= 0 else days - fraction


def full_year(year: int) -> int:
    """Return the year that two digits stand for."""
    if year >= 100:
        return year
    year += _LATEST_TWO_DIGIT_YEAR // 100 * 100
    return year if year <= _LATEST_TWO_DIGIT_YEAR else year - 100


def from_parts(year: int, month: int, day: int, hour: int, minute: int, second: int) -> float:
    """Return a date; months and days outside their range carry over, a day 0 being the last of the month before.

    Raises ConversionError(E_INVALIDARG).
    """
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60) or not 0 <= day <= 31:
        raise ConversionError(E_INVALIDARG)
    years, months = divmod(month - 1, 12)
    try:
        first = datetime.datetime(full_year(year) + years, months + 1, 1, hour, minute, second)
        moment = first + datetime.timedelta(days=day - 1)
    except (ValueError, OverflowError):
        raise ConversionError(E_INVALIDARG) from None
    if moment.year < 100:
        raise ConversionError(E_INVALIDARG)
    return from_datetime(moment)


def format_date(value: float) -> str:
    """Return a date as en-US writes it; a date without time or a time without date only as such.

    Raises ConversionError.
    """
    moment = to_datetime(value)
    hour = moment.hour % 12 or 12
    time = f"{hour}:{moment.minute:02}:{moment.second:02} {'AM' if moment.hour < 12 else 'PM'}"
    date = f"{moment.month}/{moment.day}/{moment.year}"
    if moment.toordinal() == _ZERO:
        return time
    return date if moment.time() == datetime.time() else f"{date} {time}"


def _month(word: str) -> int | None:
    lowered = word.lower().rstrip(".")
    for number, name in enumerate(MONTHS, 1):
        if len(lowered) >= 3 and name.lower().startswith(lowered):
            return number
    return None


def _order(numbers: list[str], month: int | None, this_year: int) -> tuple[int, int, int]:
    """Return year, month and day of the numbers of a date. Raises ConversionError(DISP_E_TYPEMISMATCH)."""
    values = [int(number) for number in numbers]
    if month is not None:
        if len(values) == 1:
            return (values[0], month, 1) if values[0] > 31 else (this_year, month, values[0])
        if len(values) == 2:
            first_is_year = len(numbers[0]) > 2 or values[0] > 31
            return (values[0], month, values[1]) if first_is_year else (values[1], month, values[0])
    elif len(values) == 3:
        if len(numbers[0]) > 2 or values[0] > 31:
            return values[0], values[1], values[2]
        month, day = (values[0], values[1]) if values[0] <= 12 else (values[1], values[0])
        return values[2], month, day
    elif len(values) == 2:
        month, day = (values[0], values[1]) if values[0] <= 12 else (values[1], values[0])
        return this_year, month, day
    raise ConversionError(DISP_E_TYPEMISMATCH)


def _parse_time(text: str) -> int:
    """Return seconds since midnight. Raises ConversionError(DISP_E_TYPEMISMATCH)."""
    found = _TIME.fullmatch(text.strip())
    if found is None or not (found[2] or found[4]):
        raise ConversionError(DISP_E_TYPEMISMATCH)
    hour, minute, second = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    if found[4]:
        if not 1 <= hour <= 12:
            raise ConversionError(DISP_E_TYPEMISMATCH)
        hour = hour % 12 + (12 if found[4][0] in "pP" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ConversionError(DISP_E_TYPEMISMATCH)
    return hour * 3600 + minute * 60 + second


_TIME_IN_TEXT = re.compile(r"\d{1,2}(?::\d{1,2}){1,2}\s*(?:[AaPp][Mm]?\b)?|\b\d{1,2}\s*[AaPp][Mm]\b")


def parse_date(text: str, this_year: int) -> float:
    """Read a date, a time, or both as en-US writes them; a date without a year is of this one.

    Raises ConversionError(DISP_E_TYPEMISMATCH)."""
    body = text.strip()
    seconds = 0
    time = _TIME_IN_TEXT.search(body)
    if time:
        seconds = _parse_time(time[0])
        body = (body[: time.start()] + " " + body[time.end() :]).strip().rstrip("T").strip()
        if not body:
            return seconds / _DAY
    words = [word for word in re.split(r"[\s,/\-.]+", body) if word]
    numbers = [word for word in words if word.isdigit()]
    names = [word for word in words if not word.isdigit()]
    months = [number for number in map(_month, names) if number is not None]
    others = [word for word in names if _month(word) is None and not _is_weekday(word)]
    if others or len(months) > 1 or not numbers or len(names) > 2:
        raise ConversionError(DISP_E_TYPEMISMATCH)
    year, month, day = _order(numbers, months[0] if months else None, this_year)
    try:
        moment = datetime.datetime(full_year(year), month, day)
    except ValueError:
        raise ConversionError(DISP_E_TYPEMISMATCH) from None
    if moment.year < 100:
        raise ConversionError(DISP_E_TYPEMISMATCH)
    return from_datetime(moment + datetime.timedelta(seconds=seconds))


def _is_weekday(word: str) -> bool:
    lowered = word.lower()
    return len(lowered) >= 3 and any(name.lower().startswith(lowered) for name in WEEKDAYS)
