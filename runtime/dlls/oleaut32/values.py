"""Automation values as plain data, and the conversions between them that oleauto.h documents.

A value is what its type says: int for integers, VT_BOOL (-1 or 0) and VT_ERROR; float for VT_R4, VT_R8 and VT_DATE
(days since 30 December 1899); Decimal for VT_CY and VT_DECIMAL; str for VT_BSTR; None for VT_EMPTY and VT_NULL. Where a
number is rounded to an integer or to the four decimals of a currency, halves go to the even neighbour, as documented.
"""

from __future__ import annotations

import math
import re
import struct
from decimal import ROUND_HALF_EVEN, Context, Decimal

from runtime.dlls.oleaut32 import dates
from runtime.dlls.oleaut32.types import (
    DISP_E_OVERFLOW,
    DISP_E_TYPEMISMATCH,
    INTEGER_FORMATS,
    VT_BOOL,
    VT_BSTR,
    VT_CY,
    VT_DATE,
    VT_DECIMAL,
    VT_EMPTY,
    VT_ERROR,
    VT_R4,
    VT_R8,
    ConversionError,
)

Value = int | float | Decimal | str | None
Number = int | float | Decimal

CONTEXT = Context(prec=80, rounding=ROUND_HALF_EVEN)
_CENT = Decimal("0.0001")
_LARGEST_MANTISSA = (1 << 96) - 1
_LARGEST_SCALE = 28
_NUMBER = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)?(?:\.(\d*))?(?:[eEdD]([+-]?\d+))?")
_RADIX = re.compile(r"&(?:[hH]([0-9a-fA-F]+)|[oO]?([0-7]+))&?")


def integer_range(kind: int) -> tuple[int, int]:
    """Return the least and the largest value of an integer type."""
    form = INTEGER_FORMATS[kind]
    bits = 8 * struct.calcsize(form)
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if form[1].islower() else (0, (1 << bits) - 1)


def parse_number(text: str) -> Decimal:
    """Read a number as VarParseNumFromStr does for en-US: sign in front or behind, parentheses, `$`, thousands.

    Raises ConversionError(DISP_E_TYPEMISMATCH).
    """
    body = text.strip(" \t")
    negative = False
    if body.startswith("(") and body.endswith(")"):
        negative, body = True, body[1:-1].strip()
    for sign in ("-", "+"):
        if body.startswith(sign):
            negative, body = negative ^ (sign == "-"), body[1:].strip()
            break
        if body.endswith(sign) and len(body) > 1:
            negative, body = negative ^ (sign == "-"), body[:-1].strip()
            break
    radix = _RADIX.fullmatch(body)
    if radix:
        value = Decimal(int(radix[1], 16) if radix[1] else int(radix[2], 8))
        return value.copy_negate() if negative else value
    body = body.removeprefix("$").strip() if body.startswith("$") else body
    found = _NUMBER.fullmatch(body)
    if found is None or not (found[1] or found[2]):
        raise ConversionError(DISP_E_TYPEMISMATCH)
    if found[3] and abs(int(found[3])) > 400:
        raise ConversionError(DISP_E_OVERFLOW)
    value = Decimal(f"{(found[1] or '0').replace(',', '')}.{found[2] or '0'}e{found[3] or '0'}")
    return value.copy_negate() if negative else value


def number_of(kind: int, value: Value) -> Number:
    """Return the number a value stands for. Raises ConversionError."""
    if kind == VT_EMPTY:
        return 0
    if isinstance(value, str):
        return parse_number(value)
    if value is None or kind == VT_ERROR:
        raise ConversionError(DISP_E_TYPEMISMATCH)
    return value


def to_integer(number: Number) -> int:
    """Round to an integer. Raises ConversionError(DISP_E_OVERFLOW) for infinities and NaNs."""
    if isinstance(number, float):
        if not math.isfinite(number):
            raise ConversionError(DISP_E_OVERFLOW)
        return round(number)
    return int(CONTEXT.to_integral_value(number)) if isinstance(number, Decimal) else number


def fit_decimal(value: Decimal) -> Decimal:
    """Round to what a DECIMAL holds: 96 bits, 28 decimals. Raises ConversionError(DISP_E_OVERFLOW)."""
    if not value.is_finite():
        raise ConversionError(DISP_E_OVERFLOW)
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    scale = min(max(-exponent, 0), _LARGEST_SCALE)
    while True:
        rounded = CONTEXT.quantize(value, Decimal(1).scaleb(-scale))
        if abs(int(rounded.scaleb(scale, CONTEXT))) <= _LARGEST_MANTISSA:
            return rounded
        if not scale:
            raise ConversionError(DISP_E_OVERFLOW)
        scale -= 1


def to_decimal(number: Number, digits: int = 15) -> Decimal:
    """Return a number as a DECIMAL; a float through its `digits` significant digits. Raises ConversionError."""
    if isinstance(number, float):
        if not math.isfinite(number):
            raise ConversionError(DISP_E_OVERFLOW)
        return fit_decimal(Decimal(f"{number:.{digits}g}"))
    return fit_decimal(Decimal(number))


def to_currency(number: Number) -> Decimal:
    """Round to four decimals. Raises ConversionError(DISP_E_OVERFLOW)."""
    if isinstance(number, float) and not math.isfinite(number):
        raise ConversionError(DISP_E_OVERFLOW)
    value = Decimal(number)
    if abs(value) > 1 << 63:
        raise ConversionError(DISP_E_OVERFLOW)
    rounded = CONTEXT.quantize(value, _CENT)
    if not -(1 << 63) <= int(rounded.scaleb(4)) < 1 << 63:
        raise ConversionError(DISP_E_OVERFLOW)
    return rounded


def to_real(number: Number, kind: int) -> float:
    """Return a float of VT_R4, VT_R8 or VT_DATE. Raises ConversionError(DISP_E_OVERFLOW)."""
    try:
        value = float(number)
        if math.isinf(value) and not isinstance(number, float):
            raise ConversionError(DISP_E_OVERFLOW)
        if kind == VT_R4:
            value = float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        raise ConversionError(DISP_E_OVERFLOW) from None
    if kind == VT_DATE:
        dates.check(value)
    return value


def format_real(value: float, digits: int) -> str:
    """Return a float with so many significant digits, as C's %G does."""
    if math.isnan(value):
        return "-1.#IND" if math.copysign(1, value) < 0 else "1.#QNAN"
    if math.isinf(value):
        return "-1.#INF" if value < 0 else "1.#INF"
    return f"{value:.{digits}G}" if value else "0"


def format_decimal(value: Decimal) -> str:
    """Return a DECIMAL or currency without trailing zeros."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def format_value(kind: int, value: Value, *, names: bool = True) -> str:
    """Return a value as text; `names` says True and False for VT_BOOL. Raises ConversionError."""
    if kind == VT_EMPTY:
        return ""
    if kind == VT_BSTR:
        return str(value or "")
    if kind == VT_DATE:
        assert isinstance(value, float)
        return dates.format_date(value)
    if kind == VT_BOOL and names:
        return "True" if value else "False"
    number = number_of(kind, value)
    if isinstance(number, float):
        return format_real(number, 7 if kind == VT_R4 else 15)
    return format_decimal(number) if isinstance(number, Decimal) else str(number)


def to_bool(kind: int, value: Value) -> int:
    """Return VARIANT_TRUE or VARIANT_FALSE. Raises ConversionError."""
    if isinstance(value, str) and value.strip().strip("#").lower() in ("true", "false"):
        return -1 if value.strip().strip("#").lower() == "true" else 0
    return -1 if number_of(kind, value) else 0


def convert(kind: int, value: Value, target: int, this_year: int) -> Value:
    """Convert a value from a type to another; `this_year` is that of dates without one.

    Raises ConversionError(DISP_E_TYPEMISMATCH or DISP_E_OVERFLOW)."""
    if target == VT_BSTR:
        return format_value(kind, value)
    if target == VT_BOOL:
        return to_bool(kind, value)
    if target == VT_DATE and isinstance(value, str):
        return dates.parse_date(value, this_year)
    number = number_of(kind, value)
    if target in (VT_R4, VT_R8, VT_DATE):
        return to_real(number, target)
    if target == VT_CY:
        return to_currency(number)
    if target == VT_DECIMAL:
        return to_decimal(number, 7 if kind == VT_R4 else 15)
    if target not in INTEGER_FORMATS or target == VT_ERROR:
        raise ConversionError(DISP_E_TYPEMISMATCH)
    whole = to_integer(number)
    low, high = integer_range(target)
    if kind == VT_BOOL and whole < low:
        return high  # all bits set, whatever the width
    if not low <= whole <= high:
        raise ConversionError(DISP_E_OVERFLOW)
    return whole
