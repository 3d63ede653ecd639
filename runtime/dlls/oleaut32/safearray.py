"""oleauto.h: SAFEARRAYs."""

from __future__ import annotations

import struct

from runtime.dlls.heap import guest_heap_alloc, guest_heap_free
from runtime.dlls.oleaut32 import oleauto as auto
from runtime.dlls.oleaut32 import types
from runtime.dlls.oleaut32.dll import oleaut32
from runtime.dlls.types import HRESULT, LONG, LPVOID, PVOID, UINT, USHORT, Out
from runtime.nt.thread import Thread

DISP_E_BADINDEX = 0x8002000B
DISP_E_ARRAYISLOCKED = 0x8002000D
E_UNEXPECTED = 0x8000FFFF
FADF_BSTR, FADF_UNKNOWN, FADF_DISPATCH, FADF_VARIANT, FADF_HAVEVARTYPE = 0x100, 0x200, 0x400, 0x800, 0x80
FEATURES = {types.VT_BSTR: FADF_BSTR, types.VT_UNKNOWN: FADF_UNKNOWN, types.VT_DISPATCH: FADF_DISPATCH,
             types.VT_VARIANT: FADF_VARIANT}  # fmt: skip
PREFIX = 16
"""Bytes before the descriptor; the variant type lies in the last four."""


def element_size(thread: Thread, kind: int) -> int | None:
    width = thread.process.memory.pointer_size
    if kind in types.INTEGER_FORMATS:
        return struct.calcsize(types.INTEGER_FORMATS[kind])
    return {
        types.VT_R4: 4, types.VT_R8: 8, types.VT_CY: 8, types.VT_DATE: 8, types.VT_BSTR: width,
        types.VT_DISPATCH: width, types.VT_UNKNOWN: width, types.VT_DECIMAL: 16,
        types.VT_VARIANT: auto.variant_size(thread),
    }.get(kind)  # fmt: skip


class SafeArray:
    """A SAFEARRAY in guest memory: cDims, fFeatures, cbElements, cLocks, pvData, bounds (innermost first)."""

    def __init__(self, thread: Thread, address: int) -> None:
        self.memory = thread.process.memory
        self.address = address
        self.dimensions, self.features, self.element, self.locks = struct.unpack("<HHII", self.memory.read(address, 12))
        self.data_at = address + (16 if self.memory.pointer_size == 8 else 12)
        self.data = self.memory.read_pointer(self.data_at)
        self.bounds_at = self.data_at + self.memory.pointer_size

    def bound(self, dimension: int) -> tuple[int, int]:
        """Return count and lower bound of a dimension, 1 being the leftmost."""
        at = self.bounds_at + 8 * (self.dimensions - dimension)
        count, lower = struct.unpack("<Ii", self.memory.read(at, 8))
        return count, lower

    @property
    def count(self) -> int:
        """How many elements there are."""
        total = 1
        for dimension in range(1, self.dimensions + 1):
            total *= self.bound(dimension)[0]
        return total

    @property
    def kind(self) -> int:
        """The variant type, 0 when unknown."""
        return self.memory.read_u32(self.address - 4) if self.features & FADF_HAVEVARTYPE | self.features & 0xF00 else 0

    def element_at(self, indices: int) -> int | None:
        """Return the address of the element with the indices at `indices` (leftmost first), or None."""
        offset, step = 0, 1
        for dimension in range(1, self.dimensions + 1):
            count, lower = self.bound(dimension)
            index: int = struct.unpack("<i", self.memory.read(indices + 4 * (dimension - 1), 4))[0] - lower
            if not 0 <= index < count:
                return None
            offset += index * step
            step *= count
        return int(self.data + offset * self.element)


async def create(thread: Thread, kind: int, bounds: list[tuple[int, int]]) -> int:
    """Make an array; `bounds` are (count, lower bound), leftmost first. Returns 0 when it cannot be made."""
    size = element_size(thread, kind)
    if size is None or not 0 < len(bounds) <= 0xFFFF:
        return 0
    total = size
    for count, _ in bounds:
        total *= count
    if total >= 1 << 32:
        return 0
    memory = thread.process.memory
    width = memory.pointer_size
    fixed = 16 + width if width == 8 else 16
    block = await guest_heap_alloc(thread, PREFIX + fixed + 8 * len(bounds), zero=True)
    data = await guest_heap_alloc(thread, max(total, 1), zero=True)
    if not block or not data:
        return 0
    address = block + PREFIX
    features = FADF_HAVEVARTYPE | FEATURES.get(kind, 0)
    memory.write_u32(address - 4, kind)
    memory.write(address, struct.pack("<HHII", len(bounds), features, size, 0))
    memory.write_pointer(address + (16 if width == 8 else 12), data)
    packed = b"".join(struct.pack("<Ii", *bound) for bound in reversed(bounds))
    memory.write(address + fixed, packed)
    return address


async def clear_element(thread: Thread, array: SafeArray, at: int) -> None:
    memory = thread.process.memory
    if array.features & FADF_BSTR:
        await auto.free_bstr(thread, memory.read_pointer(at))
    elif array.features & (FADF_UNKNOWN | FADF_DISPATCH):
        await auto._release(thread, memory.read_pointer(at))
    elif array.features & FADF_VARIANT:
        await auto.clear_variant(thread, at)


async def copy_element(thread: Thread, array: SafeArray, source: int, target: int) -> None:
    memory = thread.process.memory
    if array.features & FADF_BSTR:
        bstr = memory.read_pointer(source)
        memory.write_pointer(target, await auto.new_bstr(thread, auto.bstr_bytes(thread, bstr)) if bstr else 0)
    elif array.features & FADF_VARIANT:
        memory.write(target, bytes(array.element))
        await auto.VariantCopy(thread, target, source)
    else:
        memory.write(target, memory.read(source, array.element))
        unknown = memory.read_pointer(source) if array.features & (FADF_UNKNOWN | FADF_DISPATCH) else 0
        if unknown:
            await thread.call(memory.read_pointer(memory.read_pointer(unknown) + memory.pointer_size), unknown)


async def destroy(thread: Thread, address: int) -> int:
    """Free an array with all it holds."""
    if not address:
        return types.S_OK
    array = SafeArray(thread, address)
    if array.locks:
        return DISP_E_ARRAYISLOCKED
    if array.features & 0xF00 and array.data:
        for index in range(array.count):
            await clear_element(thread, array, array.data + index * array.element)
    await guest_heap_free(thread, array.data)
    await guest_heap_free(thread, address - PREFIX)
    return types.S_OK


async def copy(thread: Thread, address: int) -> tuple[int, int]:
    """Copy an array; returns its address and an HRESULT."""
    if not address:
        return 0, types.S_OK
    array = SafeArray(thread, address)
    made = await create(thread, array.kind, [array.bound(n) for n in range(1, array.dimensions + 1)])
    if not made:
        return 0, types.E_OUTOFMEMORY
    target = SafeArray(thread, made)
    for index in range(array.count):
        offset = index * array.element
        await copy_element(thread, array, array.data + offset, target.data + offset)
    return made, types.S_OK


@oleaut32.export(category="memory", ordinal=15)
async def SafeArrayCreate(thread: Thread, vt: USHORT, cDims: UINT, rgsabound: LPVOID) -> PVOID:
    """Make an array."""
    data = thread.process.memory.read(rgsabound, 8 * min(cDims, 0xFFFF))
    return await create(thread, vt, list(struct.iter_unpack("<Ii", data)))


@oleaut32.export(category="memory", ordinal=411)
async def SafeArrayCreateVector(thread: Thread, vt: USHORT, lLbound: LONG, cElements: UINT) -> PVOID:
    """Make an array of one dimension."""
    return await create(thread, vt, [(cElements, lLbound)])


@oleaut32.export(category="memory", ordinal=16)
async def SafeArrayDestroy(thread: Thread, psa: LPVOID) -> HRESULT:
    """Free an array with all it holds."""
    return await destroy(thread, psa)


@oleaut32.export(category="memory", ordinal=27)
async def SafeArrayCopy(thread: Thread, psa: LPVOID, ppsaOut: Out[LPVOID]) -> HRESULT:
    """Copy an array."""
    if not ppsaOut:
        return types.E_INVALIDARG
    made, result = await copy(thread, psa)
    ppsaOut.set(made)
    return result


@oleaut32.export(category="memory", ordinal=17)
def SafeArrayGetDim(thread: Thread, psa: LPVOID) -> UINT:
    """Return the number of dimensions."""
    return SafeArray(thread, psa).dimensions if psa else 0


@oleaut32.export(category="memory", ordinal=18)
def SafeArrayGetElemsize(thread: Thread, psa: LPVOID) -> UINT:
    """Return the size of an element in bytes."""
    return SafeArray(thread, psa).element if psa else 0


@oleaut32.export(category="memory", ordinal=20)
def SafeArrayGetLBound(thread: Thread, psa: LPVOID, nDim: UINT, plLbound: Out[LONG]) -> HRESULT:
    """Return the lower bound of a dimension."""
    if not psa or not plLbound:
        return types.E_INVALIDARG
    array = SafeArray(thread, psa)
    if not 1 <= nDim <= array.dimensions:
        return DISP_E_BADINDEX
    plLbound.set(array.bound(nDim)[1])
    return types.S_OK


@oleaut32.export(category="memory", ordinal=19)
def SafeArrayGetUBound(thread: Thread, psa: LPVOID, nDim: UINT, plUbound: Out[LONG]) -> HRESULT:
    """Return the upper bound of a dimension."""
    if not psa or not plUbound:
        return types.E_INVALIDARG
    array = SafeArray(thread, psa)
    if not 1 <= nDim <= array.dimensions:
        return DISP_E_BADINDEX
    count, lower = array.bound(nDim)
    plUbound.set(lower + count - 1)
    return types.S_OK


@oleaut32.export(category="memory", ordinal=77)
def SafeArrayGetVartype(thread: Thread, psa: LPVOID, pvt: Out[USHORT]) -> HRESULT:
    """Return the type of the elements."""
    if not psa or not pvt:
        return types.E_INVALIDARG
    kind = SafeArray(thread, psa).kind
    if not kind:
        return types.E_INVALIDARG
    pvt.set(kind)
    return types.S_OK


def _lock(thread: Thread, address: int, change: int) -> int:
    if not address:
        return types.E_INVALIDARG
    array = SafeArray(thread, address)
    if not 0 <= array.locks + change <= 0xFFFF:
        return E_UNEXPECTED
    thread.process.memory.write_u32(address + 8, array.locks + change)
    return types.S_OK


@oleaut32.export(category="memory", ordinal=21)
def SafeArrayLock(thread: Thread, psa: LPVOID) -> HRESULT:
    """Count a lock up."""
    return _lock(thread, psa, 1)


@oleaut32.export(category="memory", ordinal=22)
def SafeArrayUnlock(thread: Thread, psa: LPVOID) -> HRESULT:
    """Count a lock down."""
    return _lock(thread, psa, -1)


@oleaut32.export(category="memory", ordinal=23)
def SafeArrayAccessData(thread: Thread, psa: LPVOID, ppvData: Out[LPVOID]) -> HRESULT:
    """Lock an array and return its data."""
    if not ppvData:
        return types.E_INVALIDARG
    result = _lock(thread, psa, 1)
    if result == types.S_OK:
        ppvData.set(SafeArray(thread, psa).data)
    return result


@oleaut32.export(category="memory", ordinal=24)
def SafeArrayUnaccessData(thread: Thread, psa: LPVOID) -> HRESULT:
    """Take back SafeArrayAccessData."""
    return _lock(thread, psa, -1)


@oleaut32.export(category="memory", ordinal=25)
async def SafeArrayGetElement(thread: Thread, psa: LPVOID, rgIndices: LPVOID, pv: LPVOID) -> HRESULT:
    """Copy an element out."""
    if not psa or not rgIndices or not pv:
        return types.E_INVALIDARG
    array = SafeArray(thread, psa)
    at = array.element_at(rgIndices)
    if at is None:
        return DISP_E_BADINDEX
    await copy_element(thread, array, at, pv)
    return types.S_OK


@oleaut32.export(category="memory", ordinal=26)
async def SafeArrayPutElement(thread: Thread, psa: LPVOID, rgIndices: LPVOID, pv: LPVOID) -> HRESULT:
    """Copy an element in; strings and interfaces are passed themselves, other elements by address."""
    if not psa or not rgIndices:
        return types.E_INVALIDARG
    array = SafeArray(thread, psa)
    at = array.element_at(rgIndices)
    if at is None:
        return DISP_E_BADINDEX
    memory = thread.process.memory
    await clear_element(thread, array, at)
    if array.features & FADF_BSTR:
        memory.write_pointer(at, await auto.new_bstr(thread, auto.bstr_bytes(thread, pv)) if pv else 0)
    elif array.features & (FADF_UNKNOWN | FADF_DISPATCH):
        if pv:
            await thread.call(memory.read_pointer(memory.read_pointer(pv) + memory.pointer_size), pv)
        memory.write_pointer(at, pv)
    else:
        await copy_element(thread, array, pv, at)
    return types.S_OK


@oleaut32.export(category="memory", ordinal=148)
def SafeArrayPtrOfIndex(thread: Thread, psa: LPVOID, rgIndices: LPVOID, ppvData: Out[LPVOID]) -> HRESULT:
    """Return the address of an element."""
    if not psa or not rgIndices or not ppvData:
        return types.E_INVALIDARG
    at = SafeArray(thread, psa).element_at(rgIndices)
    if at is None:
        return DISP_E_BADINDEX
    ppvData.set(at)
    return types.S_OK
