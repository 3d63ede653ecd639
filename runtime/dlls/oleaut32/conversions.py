"""oleauto.h: VariantChangeType, VariantCopyInd, and the functions that turn one type into another (VarI4FromR8 …).

The latter are all alike, so they are made from the table of their names and ordinals: the type before `From` says what
is stored, the type behind it what is passed. The language passed is not looked at: a machine speaks en-US.
"""

from __future__ import annotations

import inspect
import struct
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import cast

from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.oleaut32 import types as vt
from runtime.dlls.oleaut32.dll import oleaut32
from runtime.dlls.oleaut32.oleauto import VariantCopy, bstr_bytes, clear_variant, new_bstr, variant_size
from runtime.dlls.oleaut32.types import ConversionError
from runtime.dlls.oleaut32.values import Value, convert, fit_decimal, format_value
from runtime.dlls.text import decode_wide, encode_wide
from runtime.dlls.types import (
    CHAR,
    DOUBLE,
    DWORD,
    FLOAT,
    HRESULT,
    LONG,
    LONGLONG,
    LPCWSTR,
    LPVOID,
    SHORT,
    UCHAR,
    ULONG,
    ULONGLONG,
    USHORT,
)
from runtime.nt.system_time import to_system_time
from runtime.nt.thread import Thread

VARIANT_NOVALUEPROP, VARIANT_ALPHABOOL = 1, 2
_INVOKE, _QUERY_INTERFACE = 6, 0
_PROPERTY_GET = 2

_NAMES = (
    "I2:UI1=48 I2:I4=49 I2:R4=50 I2:R8=51 I2:Cy=52 I2:Date=53 I2:Str=54 I2:Disp=55 I2:Bool=56 I4:UI1=58 I4:I2=59 "
    "I4:R4=60 I4:R8=61 I4:Cy=62 I4:Date=63 I4:Str=64 I4:Disp=65 I4:Bool=66 R4:UI1=68 R4:I2=69 R4:I4=70 R4:R8=71 "
    "R4:Cy=72 R4:Date=73 R4:Str=74 R4:Disp=75 R4:Bool=76 R8:UI1=78 R8:I2=79 R8:I4=80 R8:R4=81 R8:Cy=82 R8:Date=83 "
    "R8:Str=84 R8:Disp=85 R8:Bool=86 Date:UI1=88 Date:I2=89 Date:I4=90 Date:R4=91 Date:R8=92 Date:Cy=93 Date:Str=94 "
    "Date:Disp=95 Date:Bool=96 Cy:UI1=98 Cy:I2=99 Cy:I4=100 Cy:R4=101 Cy:R8=102 Cy:Date=103 Cy:Str=104 Cy:Disp=105 "
    "Cy:Bool=106 Bstr:UI1=108 Bstr:I2=109 Bstr:I4=110 Bstr:R4=111 Bstr:R8=112 Bstr:Cy=113 Bstr:Date=114 Bstr:Disp=115 "
    "Bstr:Bool=116 Bool:UI1=118 Bool:I2=119 Bool:I4=120 Bool:R4=121 Bool:R8=122 Bool:Date=123 Bool:Cy=124 "
    "Bool:Str=125 Bool:Disp=126 UI1:I2=130 UI1:I4=131 UI1:R4=132 UI1:R8=133 UI1:Cy=134 UI1:Date=135 UI1:Str=136 "
    "UI1:Disp=137 UI1:Bool=138 Dec:UI1=190 Dec:I2=191 Dec:I4=192 Dec:R4=193 Dec:R8=194 Dec:Date=195 Dec:Cy=196 "
    "Dec:Str=197 Dec:Disp=198 Dec:Bool=199 I2:I1=205 I2:UI2=206 I2:UI4=207 I2:Dec=208 I4:I1=209 I4:UI2=210 I4:UI4=211 "
    "I4:Dec=212 R4:I1=213 R4:UI2=214 R4:UI4=215 R4:Dec=216 R8:I1=217 R8:UI2=218 R8:UI4=219 R8:Dec=220 Date:I1=221 "
    "Date:UI2=222 Date:UI4=223 Date:Dec=224 Cy:I1=225 Cy:UI2=226 Cy:UI4=227 Cy:Dec=228 Bstr:I1=229 Bstr:UI2=230 "
    "Bstr:UI4=231 Bstr:Dec=232 Bool:I1=233 Bool:UI2=234 Bool:UI4=235 Bool:Dec=236 UI1:I1=237 UI1:UI2=238 UI1:UI4=239 "
    "UI1:Dec=240 Dec:I1=241 Dec:UI2=242 Dec:UI4=243 I1:UI1=244 I1:I2=245 I1:I4=246 I1:R4=247 I1:R8=248 I1:Date=249 "
    "I1:Cy=250 I1:Str=251 I1:Disp=252 I1:Bool=253 I1:UI2=254 I1:UI4=255 I1:Dec=256 UI2:UI1=257 UI2:I2=258 UI2:I4=259 "
    "UI2:R4=260 UI2:R8=261 UI2:Date=262 UI2:Cy=263 UI2:Str=264 UI2:Disp=265 UI2:Bool=266 UI2:I1=267 UI2:UI4=268 "
    "UI2:Dec=269 UI4:UI1=270 UI4:I2=271 UI4:I4=272 UI4:R4=273 UI4:R8=274 UI4:Date=275 UI4:Cy=276 UI4:Str=277 "
    "UI4:Disp=278 UI4:Bool=279 UI4:I1=280 UI4:UI2=281 UI4:Dec=282 I8:UI1=333 I8:I2=334 I8:R4=335 I8:R8=336 I8:Cy=337 "
    "I8:Date=338 I8:Str=339 I8:Disp=340 I8:Bool=341 I8:I1=342 I8:UI2=343 I8:UI4=344 I8:Dec=345 I2:I8=346 I2:UI8=347 "
    "I4:I8=348 I4:UI8=349 R4:I8=360 R4:UI8=361 R8:I8=362 R8:UI8=363 Date:I8=364 Date:UI8=365 Cy:I8=366 Cy:UI8=367 "
    "Bstr:I8=368 Bstr:UI8=369 Bool:I8=370 Bool:UI8=371 UI1:I8=372 UI1:UI8=373 Dec:I8=374 Dec:UI8=375 I1:I8=376 "
    "I1:UI8=377 UI2:I8=378 UI2:UI8=379 UI4:I8=425 UI4:UI8=426 I8:UI8=427 UI8:I8=428 UI8:UI1=429 UI8:I2=430 UI8:R4=431 "
    "UI8:R8=432 UI8:Cy=433 UI8:Date=434 UI8:Str=435 UI8:Disp=436 UI8:Bool=437 UI8:I1=438 UI8:UI2=439 UI8:UI4=440 "
    "UI8:Dec=441 "
)
"""`target:source=ordinal` of each function `Var<target>From<source>`."""

_KINDS = {
    "UI1": vt.VT_UI1, "I2": vt.VT_I2, "I4": vt.VT_I4, "I8": vt.VT_I8, "R4": vt.VT_R4, "R8": vt.VT_R8, "Cy": vt.VT_CY,
    "Date": vt.VT_DATE, "Bstr": vt.VT_BSTR, "Str": vt.VT_BSTR, "Bool": vt.VT_BOOL, "I1": vt.VT_I1, "UI2": vt.VT_UI2,
    "UI4": vt.VT_UI4, "UI8": vt.VT_UI8, "Dec": vt.VT_DECIMAL, "Disp": vt.VT_DISPATCH,
}  # fmt: skip
_PASSED: dict[str, tuple[str, object]] = {
    "UI1": ("bIn", UCHAR), "I2": ("sIn", SHORT), "I4": ("lIn", LONG), "I8": ("i64In", LONGLONG), "R4": ("fltIn", FLOAT),
    "R8": ("dblIn", DOUBLE), "Cy": ("cyIn", LONGLONG), "Date": ("dateIn", DOUBLE), "Str": ("strIn", LPCWSTR),
    "Bool": ("boolIn", SHORT), "I1": ("cIn", CHAR), "UI2": ("uiIn", USHORT), "UI4": ("ulIn", ULONG),
    "UI8": ("ui64In", ULONGLONG), "Dec": ("pdecIn", LPVOID), "Disp": ("pdispIn", LPVOID),
}  # fmt: skip
_STORED = {
    "UI1": "pbOut", "I2": "psOut", "I4": "plOut", "I8": "pi64Out", "R4": "pfltOut", "R8": "pdblOut", "Cy": "pcyOut",
    "Date": "pdateOut", "Bstr": "pbstrOut", "Bool": "pboolOut", "I1": "pcOut", "UI2": "puiOut", "UI4": "pulOut",
    "UI8": "pi64Out", "Dec": "pdecOut",
}  # fmt: skip

_ODD_NAMES = {
    "BstrFromUI1": "bVal", "BstrFromI2": "iVal", "DecFromI2": "uiIn", "I1FromI2": "uiIn", "UI2FromI2": "uiIn",
    "UI4FromI2": "uiIn", "BoolFromUI8": "i64In", "I1FromUI8": "i64In", "UI2FromUI8": "i64In", "UI8FromI8": "ui64In",
}  # fmt: skip
"""Functions whose header names the argument otherwise; the results of two more are in _ODD_RESULTS."""
_ODD_RESULTS = {"UI4FromI8": "plOut", "UI4FromUI8": "plOut"}


def this_year(thread: Thread) -> int:
    """Return the year of the machine's clock."""
    return int.from_bytes(to_system_time(thread.process.machine.clock.now())[:2], "little")


# Values in memory


def unpack_decimal(data: bytes) -> Decimal:
    """Read a DECIMAL. Raises ConversionError(E_INVALIDARG) for one with more than 28 decimals."""
    scale, sign, high, low = struct.unpack_from("<2xBBIQ", data)
    if scale > 28 or sign & 0x7F:
        raise ConversionError(vt.E_INVALIDARG)
    return Decimal((int(bool(sign)), tuple(map(int, str(high << 64 | low))), -scale))


def pack_decimal(value: Decimal) -> bytes:
    """Return a DECIMAL without its first two bytes, where a VARIANT has its type."""
    fitted = fit_decimal(value)
    _, digits, exponent = fitted.as_tuple()
    assert isinstance(exponent, int)
    mantissa = int("".join(map(str, digits)))
    sign = 0x80 if fitted.is_signed() and mantissa else 0
    return struct.pack("<BBIQ", -exponent, sign, mantissa >> 64, mantissa & 0xFFFFFFFFFFFFFFFF)


def read_value(thread: Thread, kind: int, address: int) -> Value:
    """Read what a type stores at an address (a DECIMAL as a whole). Raises AccessViolation, ConversionError."""
    memory = thread.process.memory
    if kind in vt.INTEGER_FORMATS:
        form = vt.INTEGER_FORMATS[kind]
        return cast(int, struct.unpack(form, memory.read(address, struct.calcsize(form)))[0])
    match kind:
        case vt.VT_R4:
            return cast(float, struct.unpack("<f", memory.read(address, 4))[0])
        case vt.VT_R8 | vt.VT_DATE:
            return cast(float, struct.unpack("<d", memory.read(address, 8))[0])
        case vt.VT_CY:
            return currency(struct.unpack("<q", memory.read(address, 8))[0])
        case vt.VT_DECIMAL:
            return unpack_decimal(memory.read(address, 16))
        case vt.VT_BSTR:
            return decode_wide(bstr_bytes(thread, memory.read_pointer(address)))
        case vt.VT_EMPTY | vt.VT_NULL:
            return None
    raise ConversionError(vt.DISP_E_TYPEMISMATCH)


def currency(raw: int) -> Decimal:
    """Return a currency from its ten-thousandths."""
    return Decimal(raw).scaleb(-4)


async def write_value(thread: Thread, kind: int, value: Value, address: int) -> None:
    """Store a value; a string becomes a BSTR. Raises ConversionError."""
    memory = thread.process.memory
    if kind in vt.INTEGER_FORMATS:
        memory.write(address, struct.pack(vt.INTEGER_FORMATS[kind], value))
    elif kind == vt.VT_R4:
        memory.write(address, struct.pack("<f", value))
    elif kind in (vt.VT_R8, vt.VT_DATE):
        memory.write(address, struct.pack("<d", value))
    elif kind == vt.VT_CY:
        assert isinstance(value, Decimal)
        memory.write(address, struct.pack("<q", int(value.scaleb(4))))
    elif kind == vt.VT_DECIMAL:
        assert isinstance(value, Decimal)
        memory.write(address + 2, pack_decimal(value))
    elif kind == vt.VT_BSTR:
        made = await new_bstr(thread, encode_wide(str(value)))
        if not made:
            raise ConversionError(vt.E_OUTOFMEMORY)
        memory.write_pointer(address, made)
    elif kind not in (vt.VT_EMPTY, vt.VT_NULL):
        raise ConversionError(vt.DISP_E_TYPEMISMATCH)


def read_variant(thread: Thread, address: int) -> tuple[int, Value]:
    """Return the type and value of a VARIANT, through a reference where it is one. Raises ConversionError."""
    memory = thread.process.memory
    kind = memory.read_u16(address)
    if kind == vt.VT_BYREF | vt.VT_VARIANT:
        return read_variant(thread, memory.read_pointer(address + 8))
    if kind & vt.VT_ARRAY or kind & vt.VT_TYPEMASK not in vt.VALID_TYPES:
        raise ConversionError(vt.DISP_E_TYPEMISMATCH if kind & vt.VT_ARRAY else vt.DISP_E_BADVARTYPE)
    plain = kind & vt.VT_TYPEMASK
    if kind & vt.VT_BYREF:
        return plain, read_value(thread, plain, memory.read_pointer(address + 8))
    return plain, read_value(thread, plain, address if plain == vt.VT_DECIMAL else address + 8)


async def write_variant(thread: Thread, address: int, kind: int, value: Value) -> None:
    """Store a value in a VARIANT whose old contents are freed. Raises ConversionError."""
    result = await clear_variant(thread, address)
    if result:
        raise ConversionError(result)
    await write_value(thread, kind, value, address if kind == vt.VT_DECIMAL else address + 8)
    thread.process.memory.write_u16(address, kind)


# The default value of an object


async def default_value(thread: Thread, dispatch: int, language: int, target: int) -> int:
    """Store the default property of an IDispatch in the VARIANT at `target`; returns its HRESULT."""
    memory = thread.process.memory
    width = memory.pointer_size
    # IID_NULL, then DISPPARAMS without arguments
    block = await guest_heap_new(thread, bytes(16 + 2 * width + 8))
    memory.write(target, bytes(variant_size(thread)))
    function = memory.read_pointer(memory.read_pointer(dispatch) + _INVOKE * width)
    result = await thread.call(function, dispatch, 0, block, language, _PROPERTY_GET, block + 16, target, 0, 0)
    await guest_heap_free(thread, block)
    return result & 0xFFFFFFFF


async def _from_object(thread: Thread, dispatch: int, language: int, target: int, store: int) -> int:
    if not dispatch:
        return vt.DISP_E_TYPEMISMATCH
    holder = await guest_heap_new(thread, bytes(variant_size(thread)))
    try:
        result = await default_value(thread, dispatch, language, holder)
        if result:
            return vt.DISP_E_TYPEMISMATCH
        kind, value = read_variant(thread, holder)
        await write_value(thread, target, convert(kind, value, target, this_year(thread)), store)
        await clear_variant(thread, holder)
        return vt.S_OK
    except ConversionError as error:
        return error.code
    finally:
        await guest_heap_free(thread, holder)


def _passed(thread: Thread, source: str, raw: object) -> tuple[int, Value]:
    """Return type and value of an argument."""
    kind = _KINDS[source]
    if source == "Dec":
        assert isinstance(raw, int)
        return kind, unpack_decimal(thread.process.memory.read(raw, 16))
    if source == "Cy":
        assert isinstance(raw, int)
        return kind, currency(raw)
    if source == "Str" and raw is None:
        raise ConversionError(vt.DISP_E_TYPEMISMATCH)
    return kind, cast(Value, raw)


def _make(target: str, source: str) -> Callable[..., Awaitable[int]]:
    """Make the function `Var<target>From<source>`."""
    kind = _KINDS[target]

    async def function(thread: Thread, *arguments: object) -> int:
        store = arguments[-1]
        assert isinstance(store, int)
        if not store:
            return vt.E_INVALIDARG
        if source == "Disp":
            dispatch, language = arguments[:2]
            assert isinstance(dispatch, int)
            assert isinstance(language, int)
            return await _from_object(thread, dispatch, language, kind, store)
        try:
            given, value = _passed(thread, source, arguments[0])
            await write_value(thread, kind, convert(given, value, kind, this_year(thread)), store)
        except ConversionError as error:
            return error.code
        return vt.S_OK

    name, annotation = _PASSED[source]
    both = f"{target}From{source}"
    parameters: list[tuple[str, object]] = [("thread", Thread), (_ODD_NAMES.get(both, name), annotation)]
    if source == "Disp":
        parameters.append(("lcid", DWORD))
        if target == "Bstr":
            parameters.append(("dwFlags", DWORD))
    elif "Str" in (source, target.replace("Bstr", "Str")):
        parameters += [("lcid", DWORD), ("dwFlags", DWORD)]
    parameters.append((_ODD_RESULTS.get(both, _STORED[target]), LPVOID))
    function.__name__ = f"Var{both}"
    function.__doc__ = f"Convert {source} to {target}."
    function.__annotations__ = {**dict(parameters), "return": HRESULT}
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(each, inspect.Parameter.POSITIONAL_OR_KEYWORD) for each, _ in parameters]
    )
    return function


for _entry in "".join(_NAMES).split():
    _types, _, _ordinal = _entry.partition("=")
    oleaut32.export(category="memory", ordinal=int(_ordinal))(_make(*_types.split(":")))


# Variants


async def _query(thread: Thread, source: int, destination: int, target: int) -> int:
    """Ask an object for IDispatch or IUnknown."""
    memory = thread.process.memory
    unknown = memory.read_pointer(source + 8)
    if not unknown:
        return vt.DISP_E_TYPEMISMATCH
    number = 0x00020400 if target == vt.VT_DISPATCH else 0
    block = await guest_heap_new(thread, struct.pack("<IHH8s", number, 0, 0, b"\xc0\0\0\0\0\0\0\x46") + bytes(8))
    function = memory.read_pointer(memory.read_pointer(unknown) + _QUERY_INTERFACE * memory.pointer_size)
    result = await thread.call(function, unknown, block, block + 16) & 0xFFFFFFFF
    found = memory.read_pointer(block + 16)
    await guest_heap_free(thread, block)
    if result:
        return vt.DISP_E_TYPEMISMATCH
    await clear_variant(thread, destination)
    memory.write_u16(destination, target)
    memory.write_pointer(destination + 8, found)
    return vt.S_OK


async def change_type(thread: Thread, destination: int, source: int, flags: int, target: int, language: int) -> int:
    """Convert a VARIANT; returns an HRESULT."""
    memory = thread.process.memory
    kind = memory.read_u16(source)
    if target & (vt.VT_ARRAY | vt.VT_BYREF):
        same = kind == target
        return await VariantCopy(thread, destination, source) if same else vt.DISP_E_TYPEMISMATCH
    if target not in vt.VALID_TYPES:
        return vt.DISP_E_BADVARTYPE
    if kind == target:
        return await VariantCopy(thread, destination, source)
    if kind in (vt.VT_DISPATCH, vt.VT_UNKNOWN) and target in (vt.VT_DISPATCH, vt.VT_UNKNOWN):
        return await _query(thread, source, destination, target)
    if kind == vt.VT_DISPATCH and not flags & VARIANT_NOVALUEPROP:
        holder = await guest_heap_new(thread, bytes(variant_size(thread)))
        try:
            dispatch = memory.read_pointer(source + 8)
            failed = not dispatch or await default_value(thread, dispatch, language, holder)
            if failed:
                return vt.DISP_E_TYPEMISMATCH
            result = await change_type(thread, destination, holder, flags, target, language)
            await clear_variant(thread, holder)
            return result
        finally:
            await guest_heap_free(thread, holder)
    try:
        given, value = read_variant(thread, source)
        converted: Value
        if given == target:
            converted = value
        elif given == vt.VT_NULL or target in (vt.VT_EMPTY, vt.VT_NULL):
            raise ConversionError(vt.DISP_E_TYPEMISMATCH)
        elif target == vt.VT_BSTR:
            converted = format_value(given, value, names=bool(flags & VARIANT_ALPHABOOL))
        else:
            converted = convert(given, value, target, this_year(thread))
        await write_variant(thread, destination, target, converted)
    except ConversionError as error:
        return error.code
    return vt.S_OK


@oleaut32.export(category="memory", ordinal=12)
async def VariantChangeType(
    thread: Thread, pvargDest: LPVOID, pvarSrc: LPVOID, wFlags: USHORT, vt: USHORT
) -> HRESULT:
    """Convert a VARIANT to a type; source and destination may be the same."""
    return await change_type(thread, pvargDest, pvarSrc, wFlags, vt, 0x409)


@oleaut32.export(category="memory", ordinal=147)
async def VariantChangeTypeEx(
    thread: Thread, pvargDest: LPVOID, pvarSrc: LPVOID, lcid: DWORD, wFlags: USHORT, vt: USHORT
) -> HRESULT:
    """Convert a VARIANT to a type; source and destination may be the same."""
    return await change_type(thread, pvargDest, pvarSrc, wFlags, vt, lcid)


@oleaut32.export(category="memory", ordinal=11)
async def VariantCopyInd(thread: Thread, pvarDest: LPVOID, pvargSrc: LPVOID) -> HRESULT:
    """Copy a VARIANT, and what it refers to where it is a reference."""
    memory = thread.process.memory
    kind = memory.read_u16(pvargSrc)
    if not kind & vt.VT_BYREF:
        return await VariantCopy(thread, pvarDest, pvargSrc)
    target = memory.read_pointer(pvargSrc + 8)
    if kind == vt.VT_BYREF | vt.VT_VARIANT:
        if memory.read_u16(target) == vt.VT_BYREF | vt.VT_VARIANT:
            return vt.E_INVALIDARG
        return await VariantCopyInd(thread, pvarDest, target)
    plain = kind & ~vt.VT_BYREF
    if plain == vt.VT_DECIMAL:
        data = struct.pack("<H", plain) + memory.read(target + 2, 14)
    else:
        size = struct.calcsize(vt.INTEGER_FORMATS[plain]) if plain in vt.INTEGER_FORMATS else 0
        size = size or (4 if plain == vt.VT_R4 else 8)
        data = struct.pack("<H6x", plain) + memory.read(target, size)
    holder = await guest_heap_new(thread, data.ljust(variant_size(thread), b"\0"))
    result = await VariantCopy(thread, pvarDest, holder)
    await guest_heap_free(thread, holder)
    return result
