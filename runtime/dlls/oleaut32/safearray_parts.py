"""oleauto.h: descriptors and data of SAFEARRAYs apart, other sizes, arrays of bytes as texts."""

from __future__ import annotations

import math
import struct

from runtime.dlls.heap import guest_heap_alloc, guest_heap_free
from runtime.dlls.oleaut32 import types
from runtime.dlls.oleaut32.dll import oleaut32
from runtime.dlls.oleaut32.oleauto import bstr_bytes, new_bstr
from runtime.dlls.oleaut32.safearray import (
    DISP_E_ARRAYISLOCKED,
    FADF_HAVEVARTYPE,
    FEATURES,
    PREFIX,
    SafeArray,
    clear_element,
    copy_element,
    create,
    element_size,
)
from runtime.dlls.types import HRESULT, LPVOID, PVOID, UINT, USHORT, Out
from runtime.nt.thread import Thread

MEMORY = "memory"
FADF_FIXEDSIZE = 0x10
_KIND_BITS = 0xF00


async def _descriptor(thread: Thread, dimensions: int, kind: int | None) -> int:
    """Make a descriptor without data; 0 when memory is short."""
    width = thread.process.memory.pointer_size
    fixed = 16 + width if width == 8 else 16
    block = await guest_heap_alloc(thread, PREFIX + fixed + 8 * dimensions, zero=True)
    if not block:
        return 0
    address = block + PREFIX
    memory = thread.process.memory
    features = 0 if kind is None else FADF_HAVEVARTYPE | FEATURES.get(kind, 0)
    size = 0 if kind is None else element_size(thread, kind) or 0
    memory.write(address, struct.pack("<HHII", dimensions, features, size, 0))
    if kind is not None:
        memory.write_u32(address - 4, kind)
    return address


async def _allocate(thread: Thread, dimensions: int, kind: int | None, target: Out[int]) -> int:
    if not target or not 0 < dimensions <= 0xFFFF:
        return types.E_INVALIDARG
    if kind is not None and element_size(thread, kind) is None:
        return types.E_INVALIDARG
    made = await _descriptor(thread, dimensions, kind)
    target.set(made)
    return types.S_OK if made else types.E_OUTOFMEMORY


@oleaut32.export(category=MEMORY, ordinal=36)
async def SafeArrayAllocDescriptor(thread: Thread, cDims: UINT, ppsaOut: Out[PVOID]) -> HRESULT:
    """Make the descriptor of an array whose type and bounds the caller fills in."""
    return await _allocate(thread, cDims, None, ppsaOut)


@oleaut32.export(category=MEMORY, ordinal=41)
async def SafeArrayAllocDescriptorEx(thread: Thread, vt: USHORT, cDims: UINT, ppsaOut: Out[PVOID]) -> HRESULT:
    """Make the descriptor of an array of a type, whose bounds the caller fills in."""
    return await _allocate(thread, cDims, vt, ppsaOut)


@oleaut32.export(category=MEMORY, ordinal=37)
async def SafeArrayAllocData(thread: Thread, psa: LPVOID) -> HRESULT:
    """Make the elements that a descriptor speaks of."""
    if not psa:
        return types.E_INVALIDARG
    array = SafeArray(thread, psa)
    data = await guest_heap_alloc(thread, max(array.count * array.element, 1), zero=True)
    if not data:
        return types.E_OUTOFMEMORY
    thread.process.memory.write_pointer(array.data_at, data)
    return types.S_OK


async def _clear(thread: Thread, array: SafeArray, first: int = 0) -> None:
    if array.features & _KIND_BITS and array.data:
        for index in range(first, array.count):
            await clear_element(thread, array, array.data + index * array.element)


@oleaut32.export(category=MEMORY, ordinal=39)
async def SafeArrayDestroyData(thread: Thread, psa: LPVOID) -> HRESULT:
    """Free the elements of an array with all they hold."""
    if not psa:
        return types.E_INVALIDARG
    array = SafeArray(thread, psa)
    if array.locks:
        return DISP_E_ARRAYISLOCKED
    await _clear(thread, array)
    if array.features & FADF_FIXEDSIZE:
        thread.process.memory.write(array.data, bytes(array.count * array.element))
        return types.S_OK
    await guest_heap_free(thread, array.data)
    thread.process.memory.write_pointer(array.data_at, 0)
    return types.S_OK


@oleaut32.export(category=MEMORY, ordinal=38)
async def SafeArrayDestroyDescriptor(thread: Thread, psa: LPVOID) -> HRESULT:
    """Free a descriptor."""
    if not psa:
        return types.S_OK
    if SafeArray(thread, psa).locks:
        return DISP_E_ARRAYISLOCKED
    await guest_heap_free(thread, psa - PREFIX)
    return types.S_OK


@oleaut32.export(category=MEMORY, ordinal=412)
async def SafeArrayCopyData(thread: Thread, psaSource: LPVOID, psaTarget: LPVOID) -> HRESULT:
    """Copy the elements of an array into one of the same shape."""
    if not psaSource or not psaTarget:
        return types.E_INVALIDARG
    source, target = SafeArray(thread, psaSource), SafeArray(thread, psaTarget)
    shapes = [
        (array.element, [array.bound(number)[0] for number in range(1, array.dimensions + 1)])
        for array in (source, target)
    ]
    if shapes[0] != shapes[1]:
        return types.E_INVALIDARG
    await _clear(thread, target)
    for index in range(source.count):
        offset = index * source.element
        await copy_element(thread, source, source.data + offset, target.data + offset)
    return types.S_OK


@oleaut32.export(category=MEMORY, ordinal=40)
async def SafeArrayRedim(thread: Thread, psa: LPVOID, psaboundNew: LPVOID) -> HRESULT:
    """Change the bounds of the last dimension; elements that go are freed, new ones are zero."""
    if not psa or not psaboundNew:
        return types.E_INVALIDARG
    memory = thread.process.memory
    array = SafeArray(thread, psa)
    if array.locks or array.features & FADF_FIXEDSIZE:
        return DISP_E_ARRAYISLOCKED
    count, lower = struct.unpack("<Ii", memory.read(psaboundNew, 8))
    old = array.count
    new = count * math.prod(array.bound(number)[0] for number in range(1, array.dimensions))
    await _clear(thread, array, min(new, old))
    data = await guest_heap_alloc(thread, max(new * array.element, 1), zero=True)
    if not data:
        return types.E_OUTOFMEMORY
    memory.write(data, memory.read(array.data, min(new, old) * array.element) if old else b"")
    await guest_heap_free(thread, array.data)
    memory.write_pointer(array.data_at, data)
    memory.write(array.bounds_at, struct.pack("<Ii", count, lower))
    return types.S_OK


@oleaut32.export(category=MEMORY, ordinal=414)
async def BstrFromVector(thread: Thread, psa: LPVOID, pbstr: Out[PVOID]) -> HRESULT:
    """Return the bytes of a vector as a BSTR."""
    if not psa or not pbstr:
        return types.E_INVALIDARG
    array = SafeArray(thread, psa)
    if array.dimensions != 1 or array.element != 1:
        return types.E_INVALIDARG if array.dimensions != 1 else types.DISP_E_TYPEMISMATCH
    made = await new_bstr(thread, thread.process.memory.read(array.data, array.count) if array.count else b"")
    pbstr.set(made)
    return types.S_OK if made else types.E_OUTOFMEMORY


@oleaut32.export(category=MEMORY, ordinal=413)
async def VectorFromBstr(thread: Thread, bstr: LPVOID, ppsa: Out[PVOID]) -> HRESULT:
    """Return the bytes of a BSTR as a vector."""
    if not ppsa:
        return types.E_INVALIDARG
    data = bstr_bytes(thread, bstr)
    made = await create(thread, types.VT_UI1, [(len(data), 0)])
    if made and data:
        thread.process.memory.write(SafeArray(thread, made).data, data)
    ppsa.set(made)
    return types.S_OK if made else types.E_OUTOFMEMORY
