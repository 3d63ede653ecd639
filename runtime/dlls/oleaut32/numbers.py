"""oleauto.h: arithmetic of currencies, DECIMALs, floats and BSTRs."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

from runtime.dlls.oleaut32 import types as vt
from runtime.dlls.oleaut32.arithmetic import Operand, absolute, calculate, compare, negate, round_to, whole
from runtime.dlls.oleaut32.conversions import currency, pack_decimal, unpack_decimal
from runtime.dlls.oleaut32.dll import oleaut32
from runtime.dlls.oleaut32.oleauto import bstr_bytes, new_bstr
from runtime.dlls.oleaut32.types import ConversionError
from runtime.dlls.text import decode_wide
from runtime.dlls.types import DOUBLE, DWORD, FLOAT, HRESULT, INT, LONG, LONGLONG, LPVOID, PVOID, Out
from runtime.nt.thread import Thread

MEMORY = "memory"


def _currency(result: Callable[[], Operand], target: Out[int]) -> int:
    try:
        value = result()[1]
    except ConversionError as error:
        return error.code
    assert isinstance(value, Decimal)
    target.set(int(value.scaleb(4)))
    return vt.S_OK


def _cy(raw: int) -> Operand:
    return vt.VT_CY, currency(raw)


def _decimal(thread: Thread, result: Callable[[], Operand], target: int) -> int:
    try:
        value = result()[1]
        assert isinstance(value, Decimal)
        thread.process.memory.write(target + 2, pack_decimal(value))
    except ConversionError as error:
        return error.code
    return vt.S_OK


def _dec(thread: Thread, address: int) -> Operand:
    return vt.VT_DECIMAL, unpack_decimal(thread.process.memory.read(address, 16))


@oleaut32.export(category=MEMORY, ordinal=299)
def VarCyAdd(thread: Thread, cyLeft: LONGLONG, cyRight: LONGLONG, pcyResult: Out[LONGLONG]) -> HRESULT:
    """Add currencies."""
    return _currency(lambda: calculate(_cy(cyLeft), _cy(cyRight), "+"), pcyResult)


@oleaut32.export(category=MEMORY, ordinal=177)
def VarDecAdd(thread: Thread, pdecLeft: LPVOID, pdecRight: LPVOID, pdecResult: LPVOID) -> HRESULT:
    """Add DECIMALs."""
    return _decimal(thread, lambda: calculate(_dec(thread, pdecLeft), _dec(thread, pdecRight), "+"), pdecResult)


@oleaut32.export(category=MEMORY, ordinal=305)
def VarCySub(thread: Thread, cyLeft: LONGLONG, cyRight: LONGLONG, pcyResult: Out[LONGLONG]) -> HRESULT:
    """Subtract currencies."""
    return _currency(lambda: calculate(_cy(cyLeft), _cy(cyRight), "-"), pcyResult)


@oleaut32.export(category=MEMORY, ordinal=181)
def VarDecSub(thread: Thread, pdecLeft: LPVOID, pdecRight: LPVOID, pdecResult: LPVOID) -> HRESULT:
    """Subtract DECIMALs."""
    return _decimal(thread, lambda: calculate(_dec(thread, pdecLeft), _dec(thread, pdecRight), "-"), pdecResult)


@oleaut32.export(category=MEMORY, ordinal=303)
def VarCyMul(thread: Thread, cyLeft: LONGLONG, cyRight: LONGLONG, pcyResult: Out[LONGLONG]) -> HRESULT:
    """Multiply currencies."""
    return _currency(lambda: calculate(_cy(cyLeft), _cy(cyRight), "*"), pcyResult)


@oleaut32.export(category=MEMORY, ordinal=179)
def VarDecMul(thread: Thread, pdecLeft: LPVOID, pdecRight: LPVOID, pdecResult: LPVOID) -> HRESULT:
    """Multiply DECIMALs."""
    return _decimal(thread, lambda: calculate(_dec(thread, pdecLeft), _dec(thread, pdecRight), "*"), pdecResult)


@oleaut32.export(category=MEMORY, ordinal=178)
def VarDecDiv(thread: Thread, pdecLeft: LPVOID, pdecRight: LPVOID, pdecResult: LPVOID) -> HRESULT:
    """Divide DECIMALs."""
    if not _dec(thread, pdecRight)[1]:
        return vt.DISP_E_DIVBYZERO
    return _decimal(thread, lambda: calculate(_dec(thread, pdecLeft), _dec(thread, pdecRight), "/"), pdecResult)


@oleaut32.export(category=MEMORY, ordinal=304)
def VarCyMulI4(thread: Thread, cyLeft: LONGLONG, lRight: LONG, pcyResult: Out[LONGLONG]) -> HRESULT:
    """Multiply a currency by an integer."""
    return _currency(lambda: calculate(_cy(cyLeft), (vt.VT_I4, lRight), "*"), pcyResult)


@oleaut32.export(category=MEMORY, ordinal=329)
def VarCyMulI8(thread: Thread, cyLeft: LONGLONG, lRight: LONGLONG, pcyResult: Out[LONGLONG]) -> HRESULT:
    """Multiply a currency by an integer."""
    return _currency(lambda: calculate(_cy(cyLeft), (vt.VT_I8, lRight), "*"), pcyResult)


@oleaut32.export(category=MEMORY, ordinal=309)
def VarCyNeg(thread: Thread, cyIn: LONGLONG, pcyResult: Out[LONGLONG]) -> HRESULT:
    """Change the sign of a currency."""
    return _currency(lambda: negate(_cy(cyIn)), pcyResult)


@oleaut32.export(category=MEMORY, ordinal=189)
def VarDecNeg(thread: Thread, pdecIn: LPVOID, pdecResult: LPVOID) -> HRESULT:
    """Change the sign of a DECIMAL."""
    return _decimal(thread, lambda: negate(_dec(thread, pdecIn)), pdecResult)


@oleaut32.export(category=MEMORY, ordinal=306)
def VarCyAbs(thread: Thread, cyIn: LONGLONG, pcyResult: Out[LONGLONG]) -> HRESULT:
    """Take the sign off a currency."""
    return _currency(lambda: absolute(_cy(cyIn)), pcyResult)


@oleaut32.export(category=MEMORY, ordinal=182)
def VarDecAbs(thread: Thread, pdecIn: LPVOID, pdecResult: LPVOID) -> HRESULT:
    """Take the sign off a DECIMAL."""
    return _decimal(thread, lambda: absolute(_dec(thread, pdecIn)), pdecResult)


@oleaut32.export(category=MEMORY, ordinal=307)
def VarCyFix(thread: Thread, cyIn: LONGLONG, pcyResult: Out[LONGLONG]) -> HRESULT:
    """Cut the fraction off a currency."""
    return _currency(lambda: whole(_cy(cyIn), math.trunc), pcyResult)


@oleaut32.export(category=MEMORY, ordinal=187)
def VarDecFix(thread: Thread, pdecIn: LPVOID, pdecResult: LPVOID) -> HRESULT:
    """Cut the fraction off a DECIMAL."""
    return _decimal(thread, lambda: whole(_dec(thread, pdecIn), math.trunc), pdecResult)


@oleaut32.export(category=MEMORY, ordinal=308)
def VarCyInt(thread: Thread, cyIn: LONGLONG, pcyResult: Out[LONGLONG]) -> HRESULT:
    """Return the integer at or below a currency."""
    return _currency(lambda: whole(_cy(cyIn), math.floor), pcyResult)


@oleaut32.export(category=MEMORY, ordinal=188)
def VarDecInt(thread: Thread, pdecIn: LPVOID, pdecResult: LPVOID) -> HRESULT:
    """Return the integer at or below a DECIMAL."""
    return _decimal(thread, lambda: whole(_dec(thread, pdecIn), math.floor), pdecResult)


@oleaut32.export(category=MEMORY, ordinal=310)
def VarCyRound(thread: Thread, cyIn: LONGLONG, cDecimals: INT, pcyResult: Out[LONGLONG]) -> HRESULT:
    """Round a currency, halves to even."""
    return _currency(lambda: round_to(_cy(cyIn), cDecimals), pcyResult)


@oleaut32.export(category=MEMORY, ordinal=203)
def VarDecRound(thread: Thread, pdecIn: LPVOID, cDecimals: INT, pdecResult: LPVOID) -> HRESULT:
    """Round a DECIMAL, halves to even."""
    return _decimal(thread, lambda: round_to(_dec(thread, pdecIn), cDecimals), pdecResult)


@oleaut32.export(category=MEMORY, ordinal=317)
def VarR8Round(thread: Thread, dblIn: DOUBLE, cDecimals: INT, pdblResult: Out[DOUBLE]) -> HRESULT:
    """Round a float, halves to even."""
    if cDecimals < 0:
        return vt.E_INVALIDARG
    pdblResult.set(round(dblIn, cDecimals))
    return vt.S_OK


@oleaut32.export(category=MEMORY, ordinal=315)
def VarR8Pow(thread: Thread, dblLeft: DOUBLE, dblRight: DOUBLE, pdblResult: Out[DOUBLE]) -> HRESULT:
    """Raise a float to a power."""
    try:
        pdblResult.set(math.pow(dblLeft, dblRight))
    except (OverflowError, ValueError):
        return vt.DISP_E_OVERFLOW
    return vt.S_OK


@oleaut32.export(category=MEMORY, ordinal=311)
def VarCyCmp(thread: Thread, cyLeft: LONGLONG, cyRight: LONGLONG) -> HRESULT:
    """Compare currencies: 0 less, 1 equal, 2 greater."""
    return compare(_cy(cyLeft), _cy(cyRight), 0)


@oleaut32.export(category=MEMORY, ordinal=312)
def VarCyCmpR8(thread: Thread, cyLeft: LONGLONG, dblRight: DOUBLE) -> HRESULT:
    """Compare a currency with a float."""
    return compare(_cy(cyLeft), (vt.VT_R8, dblRight), 0)


@oleaut32.export(category=MEMORY, ordinal=204)
def VarDecCmp(thread: Thread, pdecLeft: LPVOID, pdecRight: LPVOID) -> HRESULT:
    """Compare DECIMALs: 0 less, 1 equal, 2 greater."""
    return compare(_dec(thread, pdecLeft), _dec(thread, pdecRight), 0)


@oleaut32.export(category=MEMORY, ordinal=298)
def VarDecCmpR8(thread: Thread, pdecLeft: LPVOID, dblRight: DOUBLE) -> HRESULT:
    """Compare a DECIMAL with a float."""
    return compare(_dec(thread, pdecLeft), (vt.VT_R8, dblRight), 0)


@oleaut32.export(category=MEMORY, ordinal=316)
def VarR4CmpR8(thread: Thread, fltLeft: FLOAT, dblRight: DOUBLE) -> HRESULT:
    """Compare floats: 0 less, 1 equal, 2 greater."""
    return compare((vt.VT_R4, fltLeft), (vt.VT_R8, dblRight), 0)


@oleaut32.export(category=MEMORY, ordinal=314)
def VarBstrCmp(thread: Thread, bstrLeft: LPVOID, bstrRight: LPVOID, lcid: DWORD, dwFlags: DWORD) -> HRESULT:
    """Compare texts: 0 less, 1 equal, 2 greater."""
    left, right = (decode_wide(bstr_bytes(thread, text)) for text in (bstrLeft, bstrRight))
    return compare((vt.VT_BSTR, left), (vt.VT_BSTR, right), dwFlags)


@oleaut32.export(category=MEMORY, ordinal=313)
async def VarBstrCat(thread: Thread, bstrLeft: LPVOID, bstrRight: LPVOID, pbstrResult: Out[PVOID]) -> HRESULT:
    """Join texts."""
    if not pbstrResult:
        return vt.E_INVALIDARG
    made = await new_bstr(thread, bstr_bytes(thread, bstrLeft) + bstr_bytes(thread, bstrRight))
    pbstrResult.set(made)
    return vt.S_OK if made else vt.E_OUTOFMEMORY
