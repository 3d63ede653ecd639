"""Dates, times, numbers and amounts as text: the pictures of GetDateFormat and GetTimeFormat, and digit grouping.

Sources: learn.microsoft.com, "Day, Month, Year, and Era Format Pictures", "Hour, Minute, and Second Format Pictures",
NUMBERFMT, CURRENCYFMT.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from runtime.nt import status as st
from runtime.nt.locale import Locale, information
from runtime.nt.status import Win32Error

DATE_SHORTDATE, DATE_LONGDATE, DATE_YEARMONTH, DATE_MONTHDAY = 1, 2, 8, 0x80
_DATE_VALID = 0x80000000 | 0x10000000 | 0xFB
TIME_NOMINUTESORSECONDS, TIME_NOSECONDS, TIME_NOTIMEMARKER, TIME_FORCE24HOURFORMAT = 1, 2, 4, 8
_TIME_VALID = 0x80000000 | 0x40000000 | 0x10000000 | 0xF
_NO_USER_OVERRIDE = 0x80000000
_TOKEN = re.compile(r"'(?:[^']|'')*'?|d{1,4}|M{1,4}|y{1,5}|g{1,2}|h{1,2}|H{1,2}|m{1,2}|s{1,2}|t{1,2}|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Moment:
    """A SYSTEMTIME's fields; the day of the week follows from the date."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int

    def weekday(self) -> int:
        """Return 0 for Monday. Raises Win32Error(ERROR_INVALID_PARAMETER) when there is no such date."""
        try:
            return datetime.date(self.year, self.month, self.day).weekday()
        except ValueError:
            raise Win32Error(st.ERROR_INVALID_PARAMETER) from None


def _text(locale: Locale, kind: int) -> str:
    return information(locale, kind) or ""


def _quoted(token: str) -> str:
    inner = token[1:-1] if len(token) > 1 and token.endswith("'") else token[1:]
    return inner.replace("''", "'")


def format_date(locale: Locale, flags: int, moment: Moment, picture: str | None) -> str:
    """GetDateFormatEx. Raises Win32Error."""
    kinds = flags & (DATE_SHORTDATE | DATE_LONGDATE | DATE_YEARMONTH | DATE_MONTHDAY)
    if flags & ~_DATE_VALID or kinds & (kinds - 1) or (picture is not None and flags & ~0x30):
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    weekday = moment.weekday()
    if picture is None:
        kind = {DATE_LONGDATE: 0x20, DATE_YEARMONTH: 0x1006, DATE_MONTHDAY: 0x78}.get(kinds, 0x1F)
        picture = _text(locale, kind)
    parts = []
    for token in _TOKEN.findall(picture):
        letter, width = token[0], len(token)
        if letter == "'":
            parts.append(_quoted(token))
        elif letter == "d":
            name = _text(locale, (0x31 if width == 3 else 0x2A) + weekday)
            parts.append(name if width > 2 else f"{moment.day:0{width}}")
        elif letter == "M":
            name = _text(locale, (0x44 if width == 3 else 0x38) + moment.month - 1)
            parts.append(name if width > 2 else f"{moment.month:0{width}}")
        elif letter == "y":
            parts.append(f"{moment.year % 100:0{width}}" if width < 3 else f"{moment.year:04}")
        elif letter == "g":
            parts.append("A.D.")
        else:
            parts.append(token)
    return "".join(parts)


def format_time(locale: Locale, flags: int, moment: Moment, picture: str | None) -> str:
    """GetTimeFormatEx. Raises Win32Error."""
    if flags & ~_TIME_VALID or (picture is not None and flags & _NO_USER_OVERRIDE):
        raise Win32Error(st.ERROR_INVALID_FLAGS)
    if moment.hour > 23 or moment.minute > 59 or moment.second > 59:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if picture is None:
        picture = _text(locale, 0x1003)
    tokens = _TOKEN.findall(picture)
    dropped = ""
    if flags & (TIME_NOSECONDS | TIME_NOMINUTESORSECONDS):
        dropped += "s"
    if flags & TIME_NOMINUTESORSECONDS:
        dropped += "m"
    if flags & TIME_NOTIMEMARKER:
        dropped += "t"
    tokens = _without(tokens, dropped)
    parts = []
    for token in tokens:
        letter, width = token[0], len(token)
        if letter == "'":
            parts.append(_quoted(token))
        elif letter == "H" or (letter == "h" and flags & TIME_FORCE24HOURFORMAT):
            parts.append(f"{moment.hour:0{width}}")
        elif letter == "h":
            parts.append(f"{(moment.hour + 11) % 12 + 1:0{width}}")
        elif letter == "m":
            parts.append(f"{moment.minute:0{width}}")
        elif letter == "s":
            parts.append(f"{moment.second:0{width}}")
        elif letter == "t":
            marker = _text(locale, 0x28 if moment.hour < 12 else 0x29)
            parts.append(marker if width > 1 else marker[:1])
        else:
            parts.append(token)
    return "".join(parts)


def _without(tokens: list[str], dropped: str) -> list[str]:
    """Leave out elements together with what separates them from the element before."""
    kept: list[str] = []
    pending: list[str] = []
    for token in tokens:
        if token[0] in dropped:
            pending.clear()
        elif token[0] in "hHmst":
            kept += [*pending, token]
            pending = []
        else:
            pending.append(token)
    return kept + pending


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """NUMBERFMT, or CURRENCYFMT with `symbol` and `positive_order`."""

    digits: int
    leading_zero: bool
    grouping: int
    decimal: str
    thousands: str
    negative_order: int
    positive_order: int = 0
    symbol: str | None = None


def default_format(locale: Locale, *, currency: bool) -> NumberFormat:
    """Return how the locale writes numbers, or amounts of money."""
    if not currency:
        return NumberFormat(int(_text(locale, 0x11)), _text(locale, 0x12) != "0", 3, _text(locale, 0xE),
                            _text(locale, 0xF), 1)  # fmt: skip
    return NumberFormat(int(_text(locale, 0x19)), _text(locale, 0x12) != "0", 3, _text(locale, 0x16),
                        _text(locale, 0x17), int(_text(locale, 0x1C)), int(_text(locale, 0x1B)),
                        _text(locale, 0x14))  # fmt: skip


_NEGATIVE_NUMBERS = ("({0})", "-{0}", "- {0}", "{0}-", "{0} -")
_POSITIVE_AMOUNTS = ("{1}{0}", "{0}{1}", "{1} {0}", "{0} {1}")
_NEGATIVE_AMOUNTS = (
    "({1}{0})", "-{1}{0}", "{1}-{0}", "{1}{0}-", "({0}{1})", "-{0}{1}", "{0}-{1}", "{0}{1}-", "-{0} {1}", "-{1} {0}",
    "{0} {1}-", "{1} {0}-", "{1} -{0}", "{0}- {1}", "({1} {0})", "({0} {1})",
)  # fmt: skip


def format_number(value: str, form: NumberFormat) -> str:
    """GetNumberFormatEx, GetCurrencyFormatEx: `value` is digits with an optional minus sign and decimal point.

    Raises Win32Error(ERROR_INVALID_PARAMETER).
    """
    patterns = _NEGATIVE_NUMBERS if form.symbol is None else _NEGATIVE_AMOUNTS
    if not re.fullmatch(r"-?\d*(\.\d*)?", value) or form.negative_order >= len(patterns) or form.positive_order > 3:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if not 0 <= form.digits <= 9 or not (0 <= form.grouping <= 9 or form.grouping in (32, 30, 320)):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise Win32Error(st.ERROR_INVALID_PARAMETER) from None
    rounded = number.quantize(Decimal(1).scaleb(-form.digits), ROUND_HALF_UP)
    whole, _, fraction = f"{abs(rounded):f}".partition(".")
    if whole == "0" and not form.leading_zero and fraction:
        whole = ""
    text = form.thousands.join(_groups(whole, form.grouping)) + (form.decimal + fraction if fraction else "")
    if rounded < 0:
        return patterns[form.negative_order].format(text, form.symbol)
    return text if form.symbol is None else _POSITIVE_AMOUNTS[form.positive_order].format(text, form.symbol)


def _groups(digits: str, grouping: int) -> list[str]:
    """Cut digits from the right: 3 repeats groups of three, 32 is three and then twos, 30 is three and no more."""
    sizes = [int(size) for size in str(grouping)]
    if not grouping or not digits:
        return [digits]
    found = []
    while digits:
        size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
        if not size:
            found.append(digits)
            break
        found.append(digits[-size:])
        digits = digits[:-size]
    return found[::-1]
