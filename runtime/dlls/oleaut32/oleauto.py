"""oleauto.h: BSTRs, VARIANTs of simple types, error information."""

from __future__ import annotations

import struct

from runtime.dlls.heap import guest_heap_alloc, guest_heap_free
from runtime.dlls.oleaut32.dll import oleaut32
from runtime.dlls.oleaut32.types import (
    DISP_E_BADVARTYPE,
    E_INVALIDARG,
    E_OUTOFMEMORY,
    S_FALSE,
    S_OK,
    VALID_TYPES,
    VT_ARRAY,
    VT_BSTR,
    VT_BYREF,
    VT_DISPATCH,
    VT_EMPTY,
    VT_TYPEMASK,
    VT_UNKNOWN,
)
from runtime.dlls.text import encode_wide
from runtime.dlls.types import (
    HRESULT,
    INT,
    LPCWSTR,
    LPVOID,
    PVOID,
    UINT,
    ULONG,
    InOut,
    Out,
)
from runtime.nt.thread import Thread


async def new_bstr(thread: Thread, data: bytes) -> int:
    """Make a BSTR: byte length in front, two NULs behind. 0 when memory is short."""
    block = await guest_heap_alloc(thread, 16 + len(data))
    if not block:
        return 0
    # The length lies in the 4 bytes before the text; 8 keep the text aligned.
    thread.process.memory.write(block + 4, struct.pack("<I", len(data)) + data + b"\0\0")
    return block + 8


async def free_bstr(thread: Thread, bstr: int) -> None:
    """Free a BSTR; NULL is ignored."""
    if bstr:
        await guest_heap_free(thread, bstr - 8)


def bstr_bytes(thread: Thread, bstr: int) -> bytes:
    """Return what a BSTR holds."""
    memory = thread.process.memory
    return memory.read(bstr, memory.read_u32(bstr - 4)) if bstr else b""


@oleaut32.export(category="memory", ordinal=2)
async def SysAllocString(thread: Thread, psz: LPCWSTR) -> PVOID:
    """Make a BSTR from text; NULL for NULL."""
    return 0 if psz is None else await new_bstr(thread, encode_wide(psz))


@oleaut32.export(category="memory", ordinal=4)
async def SysAllocStringLen(thread: Thread, strIn: LPVOID, ui: UINT) -> PVOID:
    """Make a BSTR of `ui` characters; without text they are zero."""
    size = 2 * ui
    return await new_bstr(thread, thread.process.memory.read(strIn, size) if strIn else bytes(size))


@oleaut32.export(category="memory", ordinal=150)
async def SysAllocStringByteLen(thread: Thread, psz: LPVOID, len: UINT) -> PVOID:
    """Make a BSTR of `len` bytes."""
    return await new_bstr(thread, thread.process.memory.read(psz, len) if psz else bytes(len))


@oleaut32.export(category="memory", ordinal=6)
async def SysFreeString(thread: Thread, bstrString: PVOID) -> None:
    """Free a BSTR."""
    await free_bstr(thread, bstrString)


async def _replace(thread: Thread, target: InOut[PVOID], data: bytes) -> int:
    made = await new_bstr(thread, data)
    if not made:
        return 0
    old = target.get()
    target.set(made)
    await free_bstr(thread, old)
    return 1


@oleaut32.export(category="memory", ordinal=3)
async def SysReAllocString(thread: Thread, pbstr: InOut[PVOID], psz: LPCWSTR) -> INT:
    """Replace a BSTR by a new one."""
    return await _replace(thread, pbstr, encode_wide(psz or ""))


@oleaut32.export(category="memory", ordinal=5)
async def SysReAllocStringLen(thread: Thread, pbstr: InOut[PVOID], psz: LPVOID, len: UINT) -> INT:
    """Replace a BSTR by a new one of `len` characters; without text the old text stays as far as it goes."""
    size = 2 * len
    old = b"" if psz else bstr_bytes(thread, pbstr.get())[:size]
    return await _replace(thread, pbstr, thread.process.memory.read(psz, size) if psz else old.ljust(size, b"\0"))


@oleaut32.export(category="memory", ordinal=7)
def SysStringLen(thread: Thread, pbstr: PVOID) -> UINT:
    """Return the length in characters; 0 for NULL."""
    return thread.process.memory.read_u32(pbstr - 4) // 2 if pbstr else 0


@oleaut32.export(category="memory", ordinal=149)
def SysStringByteLen(thread: Thread, bstr: PVOID) -> UINT:
    """Return the length in bytes; 0 for NULL."""
    return thread.process.memory.read_u32(bstr - 4) if bstr else 0


# VARIANT: type, three reserved words, 8 or 16 bytes of value


def variant_size(thread: Thread) -> int:
    """Return sizeof(VARIANT)."""
    return 24 if thread.process.memory.pointer_size == 8 else 16


@oleaut32.export(category="memory", ordinal=8)
def VariantInit(thread: Thread, pvarg: LPVOID) -> None:
    """Make a VARIANT empty without looking at what it held."""
    thread.process.memory.write(pvarg, bytes(variant_size(thread)))


async def _release(thread: Thread, unknown: int) -> None:
    memory = thread.process.memory
    if unknown:
        await thread.call(memory.read_pointer(memory.read_pointer(unknown) + 2 * memory.pointer_size), unknown)


async def clear_variant(thread: Thread, address: int) -> int:
    """Free what a VARIANT owns and make it empty."""
    memory = thread.process.memory
    kind = memory.read_u16(address)
    if kind & VT_TYPEMASK not in VALID_TYPES or kind & ~(VT_TYPEMASK | VT_ARRAY | VT_BYREF):
        return DISP_E_BADVARTYPE
    if kind & VT_ARRAY and not kind & VT_BYREF:
        from runtime.dlls.oleaut32.safearray import destroy

        result = await destroy(thread, memory.read_pointer(address + 8))
        if result:
            return result
    elif kind == VT_BSTR:
        await free_bstr(thread, memory.read_pointer(address + 8))
    elif kind in (VT_DISPATCH, VT_UNKNOWN):
        await _release(thread, memory.read_pointer(address + 8))
    memory.write_u16(address, VT_EMPTY)
    return S_OK


@oleaut32.export(category="memory", ordinal=9)
async def VariantClear(thread: Thread, pvarg: LPVOID) -> HRESULT:
    """Free what a VARIANT owns and make it empty."""
    return await clear_variant(thread, pvarg)


@oleaut32.export(category="memory", ordinal=10)
async def VariantCopy(thread: Thread, pvargDest: LPVOID, pvargSrc: LPVOID) -> HRESULT:
    """Copy a VARIANT with what it owns."""
    memory = thread.process.memory
    if pvargDest == pvargSrc:
        return S_OK
    source = memory.read(pvargSrc, variant_size(thread))
    kind = int.from_bytes(source[:2], "little")
    if kind & VT_TYPEMASK not in VALID_TYPES:
        return DISP_E_BADVARTYPE
    result = await clear_variant(thread, pvargDest)
    if result:
        return result
    value = memory.read_pointer(pvargSrc + 8)
    if kind & VT_ARRAY and not kind & VT_BYREF:
        from runtime.dlls.oleaut32.safearray import copy

        value, result = await copy(thread, value)
        if result:
            return result
    elif kind == VT_BSTR and value:
        value = await new_bstr(thread, bstr_bytes(thread, value))
        if not value:
            return E_OUTOFMEMORY
    elif kind in (VT_DISPATCH, VT_UNKNOWN) and value:
        await thread.call(memory.read_pointer(memory.read_pointer(value) + memory.pointer_size), value)
    memory.write(pvargDest, source)
    if kind == VT_BSTR or (kind & VT_ARRAY and not kind & VT_BYREF):
        memory.write_pointer(pvargDest + 8, value)
    return S_OK


@oleaut32.export(category="exception", ordinal=200)
def GetErrorInfo(thread: Thread, dwReserved: ULONG, pperrinfo: Out[LPVOID]) -> HRESULT:
    """Take the thread's error object: S_FALSE when there is none."""
    if dwReserved or not pperrinfo:
        return E_INVALIDARG
    from runtime.dlls.process_state import process_state

    found = process_state(thread.process, _ErrorObjects).by_thread.pop(thread.id, 0)
    pperrinfo.set(found)
    return S_OK if found else S_FALSE


@oleaut32.export(category="exception", ordinal=201)
async def SetErrorInfo(thread: Thread, dwReserved: ULONG, perrinfo: LPVOID) -> HRESULT:
    """Give the thread an error object."""
    if dwReserved:
        return E_INVALIDARG
    from runtime.dlls.process_state import process_state

    objects = process_state(thread.process, _ErrorObjects).by_thread
    memory = thread.process.memory
    if perrinfo:
        await thread.call(memory.read_pointer(memory.read_pointer(perrinfo) + memory.pointer_size), perrinfo)
    old = objects.pop(thread.id, 0)
    if perrinfo:
        objects[thread.id] = perrinfo
    await _release(thread, old)
    return S_OK


class _ErrorObjects:
    """The error object (IErrorInfo) of each thread."""

    def __init__(self) -> None:
        self.by_thread: dict[int, int] = {}
