"""oleauto.h: arithmetic, logic and comparison of VARIANTs.

The type of a result is that of the operands which holds more; where it overflows, the next larger one is taken: I2, I4,
R8. What is NULL makes the result NULL, what is EMPTY counts as 0, text as the number it shows.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow

from runtime.dlls.oleaut32 import types as vt
from runtime.dlls.oleaut32.conversions import read_variant, write_variant
from runtime.dlls.oleaut32.dll import oleaut32
from runtime.dlls.oleaut32.types import ConversionError
from runtime.dlls.oleaut32.values import (
    CONTEXT,
    Number,
    Value,
    convert,
    fit_decimal,
    format_value,
    integer_range,
    number_of,
    to_currency,
    to_integer,
)
from runtime.dlls.types import DWORD, HRESULT, INT, LPVOID
from runtime.nt.casing import upcase
from runtime.nt.thread import Thread

MEMORY = "memory"
VARCMP_LT, VARCMP_EQ, VARCMP_GT, VARCMP_NULL = 0, 1, 2, 3
NORM_IGNORECASE = 1
_RANK = (
    vt.VT_UI1, vt.VT_I2, vt.VT_I4, vt.VT_I8, vt.VT_R4, vt.VT_R8, vt.VT_CY, vt.VT_DATE, vt.VT_DECIMAL,
)  # fmt: skip
_AS = {
    vt.VT_EMPTY: vt.VT_I2, vt.VT_BOOL: vt.VT_I2, vt.VT_I1: vt.VT_I2, vt.VT_UI2: vt.VT_I4, vt.VT_UI4: vt.VT_I8,
    vt.VT_INT: vt.VT_I4, vt.VT_UINT: vt.VT_I8, vt.VT_UI8: vt.VT_DECIMAL, vt.VT_BSTR: vt.VT_R8,
}  # fmt: skip
"""The type that stands for another in arithmetic."""
_WIDER = {vt.VT_UI1: vt.VT_I2, vt.VT_I2: vt.VT_I4, vt.VT_I4: vt.VT_R8, vt.VT_I8: vt.VT_R8, vt.VT_R4: vt.VT_R8}

Operand = tuple[int, Value]


def _kind(operand: Operand) -> int:
    kind = _AS.get(operand[0], operand[0])
    if kind not in _RANK:
        raise ConversionError(vt.DISP_E_TYPEMISMATCH)
    return kind


def _common(left: Operand, right: Operand) -> int:
    """Return the type in which two operands meet. Raises ConversionError(DISP_E_TYPEMISMATCH)."""
    kinds = {_kind(left), _kind(right)}
    if vt.VT_R4 in kinds and kinds & {vt.VT_I4, vt.VT_I8}:
        return vt.VT_R8
    if vt.VT_R8 in kinds and vt.VT_CY in kinds:
        return vt.VT_CY
    return max(kinds, key=_RANK.index)


def _plain(operand: Operand, kind: int) -> Number:
    """Return an operand as a number for arithmetic in a type."""
    number = number_of(*operand)
    if kind in (vt.VT_CY, vt.VT_DECIMAL):
        return Decimal(number) if not isinstance(number, float) else Decimal(f"{number:.15g}")
    return float(number) if kind in (vt.VT_R4, vt.VT_R8, vt.VT_DATE) else to_integer(number)


def _fit(kind: int, number: Number) -> Operand:
    """Return a result in its type or the next that holds it. Raises ConversionError(DISP_E_OVERFLOW)."""
    while True:
        try:
            if kind == vt.VT_DECIMAL:
                return kind, fit_decimal(Decimal(number))
            if kind == vt.VT_CY:
                return kind, to_currency(number)
            if isinstance(number, float) and not math.isfinite(number):
                raise ConversionError(vt.DISP_E_OVERFLOW)
            return kind, convert(vt.VT_R8 if isinstance(number, float) else vt.VT_I8, number, kind, 0)
        except ConversionError as error:
            wider = _WIDER.get(kind)
            if error.code != vt.DISP_E_OVERFLOW or wider is None:
                raise
            kind = wider


def _decimal(function: Callable[[Decimal, Decimal], Decimal], left: Number, right: Number) -> Decimal:
    try:
        return function(Decimal(left), Decimal(right))
    except (DivisionByZero, InvalidOperation):
        raise ConversionError(vt.DISP_E_DIVBYZERO) from None
    except Overflow:
        raise ConversionError(vt.DISP_E_OVERFLOW) from None


_DECIMAL_OPERATIONS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": CONTEXT.add, "-": CONTEXT.subtract, "*": CONTEXT.multiply, "/": CONTEXT.divide,
}  # fmt: skip
_OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
}  # fmt: skip


def calculate(left: Operand, right: Operand, symbol: str) -> Operand:
    """Return the result of `+`, `-`, `*` or `/`. Raises ConversionError."""
    if vt.VT_NULL in (left[0], right[0]):
        return vt.VT_NULL, None
    if symbol == "+" and left[0] == right[0] == vt.VT_BSTR:
        return vt.VT_BSTR, f"{left[1]}{right[1]}"
    kind = _common(left, right)
    between = symbol == "-" and _kind(left) == _kind(right) == vt.VT_DATE
    if between or (symbol == "*" and kind == vt.VT_DATE) or (symbol == "/" and kind not in (vt.VT_DECIMAL, vt.VT_R4)):
        kind = vt.VT_R8
    first, second = _plain(left, kind), _plain(right, kind)
    if symbol == "/" and not second:
        raise ConversionError(vt.DISP_E_OVERFLOW if not first else vt.DISP_E_DIVBYZERO)
    if isinstance(first, Decimal) or isinstance(second, Decimal):
        return _fit(kind, _decimal(_DECIMAL_OPERATIONS[symbol], first, second))
    try:
        if isinstance(first, int) and isinstance(second, int) and symbol != "/":
            exact: Number = {"+": first + second, "-": first - second, "*": first * second}[symbol]
        else:
            exact = _OPERATIONS[symbol](first, second)
    except OverflowError:
        raise ConversionError(vt.DISP_E_OVERFLOW) from None
    return _fit(kind, exact)


def _whole(operand: Operand) -> tuple[int, int]:
    """Return an operand of an integer operation as its type and number."""
    kind, value = operand
    number = to_integer(number_of(kind, value))
    plain = vt.VT_I2 if kind == vt.VT_EMPTY else kind
    if plain not in (vt.VT_UI1, vt.VT_I2, vt.VT_BOOL, vt.VT_I8):
        plain = vt.VT_I8 if plain in (vt.VT_UI8, vt.VT_UI4, vt.VT_UINT) and number >> 31 else vt.VT_I4
    low, high = integer_range(plain)
    if not low <= number <= high:
        raise ConversionError(vt.DISP_E_OVERFLOW)
    return plain, number


_WHOLE_RANK = (vt.VT_BOOL, vt.VT_UI1, vt.VT_I2, vt.VT_I4, vt.VT_I8)


def _meet(first: int, second: int) -> int:
    """Return the integer type of two: those of VT_BOOL and VT_UI1 are kept only among themselves."""
    if first == second:
        return first
    kind = max(first, second, key=_WHOLE_RANK.index)
    return vt.VT_I2 if kind == vt.VT_UI1 else kind


def divide_whole(left: Operand, right: Operand, remainder: bool) -> Operand:
    """Return quotient or remainder of integers, towards zero. Raises ConversionError."""
    if vt.VT_NULL in (left[0], right[0]):
        return vt.VT_NULL, None
    (first_kind, first), (second_kind, second) = _whole(left), _whole(right)
    if not second:
        raise ConversionError(vt.DISP_E_DIVBYZERO)
    kind = _meet(first_kind, second_kind)
    kind = vt.VT_I2 if kind == vt.VT_BOOL else kind
    quotient = abs(first) // abs(second) * (1 if (first < 0) == (second < 0) else -1)
    return _fit(kind, first - quotient * second if remainder else quotient)


def combine_bits(left: Operand, right: Operand, function: Callable[[int, int], int]) -> Operand:
    """Return bits of two operands combined. Raises ConversionError."""
    if vt.VT_NULL in (left[0], right[0]):
        known = left if right[0] == vt.VT_NULL else right
        decided = function(-1, 0) == function(0, 0) == 0  # And: false whatever the other is
        if known[0] != vt.VT_NULL and decided and not to_integer(number_of(*known)):
            return known[0] if known[0] != vt.VT_BSTR else vt.VT_I4, 0
        return vt.VT_NULL, None
    (first_kind, first), (second_kind, second) = _whole(left), _whole(right)
    kind = _meet(first_kind, second_kind)
    low, high = integer_range(kind)
    return kind, function(first, second) & high if low == 0 else function(first, second)


def power(left: Operand, right: Operand) -> Operand:
    """Return a power as VT_R8. Raises ConversionError."""
    if vt.VT_NULL in (left[0], right[0]):
        return vt.VT_NULL, None
    try:
        return vt.VT_R8, math.pow(float(number_of(*left)), float(number_of(*right)))
    except (OverflowError, ValueError):
        raise ConversionError(vt.DISP_E_OVERFLOW) from None


def negate(value: Operand) -> Operand:
    """Return a number with its sign changed."""
    if value[0] == vt.VT_NULL:
        return value
    kind = _kind(value)
    kind = vt.VT_I2 if kind == vt.VT_UI1 else kind
    number = _plain(value, kind)
    return _fit(kind, number.copy_negate() if isinstance(number, Decimal) else -number)


def absolute(value: Operand) -> Operand:
    """Return a number without its sign."""
    if value[0] == vt.VT_NULL:
        return value
    kind = _kind(value)
    number = _plain(value, kind)
    return _fit(kind, number.copy_abs() if isinstance(number, Decimal) else abs(number))


def whole(value: Operand, function: Callable[[Number], int]) -> Operand:
    """Return a number without its fraction, of the same type."""
    if value[0] == vt.VT_NULL:
        return value
    kind = _kind(value)
    number = _plain(value, kind)
    return _fit(kind, number if isinstance(number, int) else Decimal(function(number)) if isinstance(number, Decimal)
                else float(function(number)))  # fmt: skip


def round_to(value: Operand, places: int) -> Operand:
    """Return a number rounded to decimals, halves to even."""
    if value[0] == vt.VT_NULL or places < 0:
        if places < 0:
            raise ConversionError(vt.E_INVALIDARG)
        return value
    kind = _kind(value)
    number = _plain(value, kind)
    if isinstance(number, Decimal):
        return _fit(kind, CONTEXT.quantize(number, Decimal(1).scaleb(-places)))
    return _fit(kind, round(number, places) if isinstance(number, float) else number)


def compare(left: Operand, right: Operand, flags: int) -> int:
    """Return VARCMP_ of two values. Raises ConversionError."""
    if vt.VT_NULL in (left[0], right[0]):
        return VARCMP_NULL
    if left[0] == right[0] == vt.VT_BSTR:
        first, second = str(left[1]), str(right[1])
        if flags & NORM_IGNORECASE:
            first, second = upcase(first), upcase(second)
        # As linguistic order has it: letters before their case.
        keys = [(text.casefold(), text.swapcase()) for text in (first, second)]
        return VARCMP_LT if keys[0] < keys[1] else VARCMP_EQ if first == second else VARCMP_GT
    if vt.VT_BSTR in (left[0], right[0]) and vt.VT_EMPTY not in (left[0], right[0]):
        return VARCMP_LT if right[0] == vt.VT_BSTR else VARCMP_GT
    if vt.VT_BSTR in (left[0], right[0]):
        return compare((vt.VT_BSTR, left[1] or ""), (vt.VT_BSTR, right[1] or ""), flags)
    a, b = number_of(*left), number_of(*right)
    return VARCMP_LT if a < b else VARCMP_GT if a > b else VARCMP_EQ


# Exports


async def _two(
    thread: Thread, left: int, right: int, result: int, function: Callable[[Operand, Operand], Operand]
) -> int:
    try:
        kind, value = function(read_variant(thread, left), read_variant(thread, right))
        thread.process.memory.write_u16(result, vt.VT_EMPTY)
        await write_variant(thread, result, kind, value)
    except ConversionError as error:
        return error.code
    return vt.S_OK


async def _one(thread: Thread, source: int, result: int, function: Callable[[Operand], Operand]) -> int:
    try:
        kind, value = function(read_variant(thread, source))
        thread.process.memory.write_u16(result, vt.VT_EMPTY)
        await write_variant(thread, result, kind, value)
    except ConversionError as error:
        return error.code
    return vt.S_OK


@oleaut32.export(category=MEMORY, ordinal=141)
async def VarAdd(thread: Thread, pvarLeft: LPVOID, pvarRight: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Add two values; two texts are joined."""
    return await _two(thread, pvarLeft, pvarRight, pvarResult, lambda a, b: calculate(a, b, "+"))


@oleaut32.export(category=MEMORY, ordinal=159)
async def VarSub(thread: Thread, pvarLeft: LPVOID, pvarRight: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Subtract a value from another."""
    return await _two(thread, pvarLeft, pvarRight, pvarResult, lambda a, b: calculate(a, b, "-"))


@oleaut32.export(category=MEMORY, ordinal=156)
async def VarMul(thread: Thread, pvarLeft: LPVOID, pvarRight: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Multiply two values."""
    return await _two(thread, pvarLeft, pvarRight, pvarResult, lambda a, b: calculate(a, b, "*"))


@oleaut32.export(category=MEMORY, ordinal=143)
async def VarDiv(thread: Thread, pvarLeft: LPVOID, pvarRight: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Divide a value by another."""
    return await _two(thread, pvarLeft, pvarRight, pvarResult, lambda a, b: calculate(a, b, "/"))


@oleaut32.export(category=MEMORY, ordinal=153)
async def VarIdiv(thread: Thread, pvarLeft: LPVOID, pvarRight: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Divide integers, towards zero."""
    return await _two(thread, pvarLeft, pvarRight, pvarResult, lambda a, b: divide_whole(a, b, False))


@oleaut32.export(category=MEMORY, ordinal=155)
async def VarMod(thread: Thread, pvarLeft: LPVOID, pvarRight: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Return the remainder of integers."""
    return await _two(thread, pvarLeft, pvarRight, pvarResult, lambda a, b: divide_whole(a, b, True))


@oleaut32.export(category=MEMORY, ordinal=158)
async def VarPow(thread: Thread, pvarLeft: LPVOID, pvarRight: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Raise a value to a power."""
    return await _two(thread, pvarLeft, pvarRight, pvarResult, power)


@oleaut32.export(category=MEMORY, ordinal=142)
async def VarAnd(thread: Thread, pvarLeft: LPVOID, pvarRight: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Combine bits that are set in both."""
    return await _two(thread, pvarLeft, pvarRight, pvarResult, lambda a, b: combine_bits(a, b, operator.and_))


@oleaut32.export(category=MEMORY, ordinal=157)
async def VarOr(thread: Thread, pvarLeft: LPVOID, pvarRight: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Combine bits that are set in either."""
    return await _two(thread, pvarLeft, pvarRight, pvarResult, lambda a, b: combine_bits(a, b, operator.or_))


@oleaut32.export(category=MEMORY, ordinal=167)
async def VarXor(thread: Thread, pvarLeft: LPVOID, pvarRight: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Combine bits that differ."""
    return await _two(thread, pvarLeft, pvarRight, pvarResult, lambda a, b: combine_bits(a, b, operator.xor))


@oleaut32.export(category=MEMORY, ordinal=152)
async def VarEqv(thread: Thread, pvarLeft: LPVOID, pvarRight: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Combine bits that are the same."""
    return await _two(thread, pvarLeft, pvarRight, pvarResult, lambda a, b: combine_bits(a, b, lambda x, y: ~(x ^ y)))


@oleaut32.export(category=MEMORY, ordinal=154)
async def VarImp(thread: Thread, pvarLeft: LPVOID, pvarRight: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Combine bits of an implication."""
    return await _two(thread, pvarLeft, pvarRight, pvarResult, lambda a, b: combine_bits(a, b, lambda x, y: ~x | y))


@oleaut32.export(category=MEMORY, ordinal=173)
async def VarNeg(thread: Thread, pvarIn: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Change the sign of a value."""
    return await _one(thread, pvarIn, pvarResult, negate)


@oleaut32.export(category=MEMORY, ordinal=168)
async def VarAbs(thread: Thread, pvarIn: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Take the sign off a value."""
    return await _one(thread, pvarIn, pvarResult, absolute)


@oleaut32.export(category=MEMORY, ordinal=169)
async def VarFix(thread: Thread, pvarIn: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Cut the fraction off a value."""
    return await _one(thread, pvarIn, pvarResult, lambda value: whole(value, math.trunc))


@oleaut32.export(category=MEMORY, ordinal=172)
async def VarInt(thread: Thread, pvarIn: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Return the integer at or below a value."""
    return await _one(thread, pvarIn, pvarResult, lambda value: whole(value, math.floor))


def _not(value: Operand) -> Operand:
    if value[0] == vt.VT_NULL:
        return value
    kind, number = _whole(value)
    low, high = integer_range(kind)
    return kind, ~number & high if low == 0 else ~number


@oleaut32.export(category=MEMORY, ordinal=174)
async def VarNot(thread: Thread, pvarIn: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Turn the bits of a value round."""
    return await _one(thread, pvarIn, pvarResult, _not)


@oleaut32.export(category=MEMORY, ordinal=175)
async def VarRound(thread: Thread, pvarIn: LPVOID, cDecimals: INT, pvarResult: LPVOID) -> HRESULT:
    """Round a value to so many decimals, halves to even."""
    return await _one(thread, pvarIn, pvarResult, lambda value: round_to(value, cDecimals))


def _join(left: Operand, right: Operand) -> Operand:
    if left[0] == right[0] == vt.VT_NULL:
        return vt.VT_NULL, None
    texts = ["" if kind == vt.VT_NULL else format_value(kind, value) for kind, value in (left, right)]
    return vt.VT_BSTR, "".join(texts)


@oleaut32.export(category=MEMORY, ordinal=318)
async def VarCat(thread: Thread, pvarLeft: LPVOID, pvarRight: LPVOID, pvarResult: LPVOID) -> HRESULT:
    """Join two values as text."""
    return await _two(thread, pvarLeft, pvarRight, pvarResult, _join)


@oleaut32.export(category=MEMORY, ordinal=176)
def VarCmp(thread: Thread, pvarLeft: LPVOID, pvarRight: LPVOID, lcid: DWORD, dwFlags: DWORD) -> HRESULT:
    """Compare two values: 0 less, 1 equal, 2 greater, 3 when one is NULL."""
    try:
        return compare(read_variant(thread, pvarLeft), read_variant(thread, pvarRight), dwFlags)
    except ConversionError as error:
        return error.code
