"""propidlbase.h and objbase.h: PROPVARIANTs, times, apartments that hold without a thread."""

from __future__ import annotations

from runtime.dlls.associations import class_value
from runtime.dlls.guid import parse_guid, read_guid
from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.ole32.combaseapi import (
    ADD_REF,
    CO_E_NOTINITIALIZED,
    RELEASE,
    Apartments,
    call_method,
    initialized,
)
from runtime.dlls.ole32.dll import ole32
from runtime.dlls.process_state import process_state
from runtime.dlls.types import HRESULT, LPVOID, ULONGLONG, Out
from runtime.nt.thread import Thread

S_OK, E_INVALIDARG, REGDB_E_IIDNOTREG, STG_E_INVALIDPARAMETER = 0, 0x80070057, 0x80040155, 0x80030057
VT_BSTR, VT_DISPATCH, VT_UNKNOWN, VT_LPSTR, VT_LPWSTR, VT_BLOB, VT_CF, VT_CLSID = 8, 9, 13, 30, 31, 65, 71, 72
VT_STREAM, VT_STORAGE, VT_STREAMED_OBJECT, VT_STORED_OBJECT, VT_BLOB_OBJECT = 66, 67, 68, 69, 70
VT_VECTOR, VT_ARRAY, VT_BYREF = 0x1000, 0x2000, 0x4000
_PLAIN = frozenset({*range(8), 10, 11, 14, *range(16, 24), 64})
_OBJECTS = frozenset({VT_DISPATCH, VT_UNKNOWN, VT_STREAM, VT_STORAGE, VT_STREAMED_OBJECT, VT_STORED_OBJECT})
_TASK_MEMORY = frozenset({VT_LPSTR, VT_LPWSTR, VT_CLSID})
_SIZE = 24


async def _clear(thread: Thread, address: int) -> int:
    memory = thread.process.memory
    kind = memory.read_u16(address)
    value = memory.read_pointer(address + 8)
    if kind in _TASK_MEMORY:
        await guest_heap_free(thread, value)
    elif kind in _OBJECTS:
        if value:
            await call_method(thread, value, RELEASE)
    elif kind in (VT_BLOB, VT_BLOB_OBJECT):
        await guest_heap_free(thread, memory.read_pointer(address + 16))
    elif kind == VT_BSTR or kind & VT_ARRAY:
        clear = thread.process.modules.address_of("oleaut32.dll", "VariantClear")
        return await thread.call(clear, address) & 0xFFFFFFFF
    elif kind & VT_VECTOR:
        return await _clear_vector(thread, address, kind & 0xFFF)
    elif kind & ~VT_BYREF not in _PLAIN:
        return STG_E_INVALIDPARAMETER
    memory.write(address, bytes(_SIZE))
    return S_OK


async def _clear_vector(thread: Thread, address: int, kind: int) -> int:
    memory = thread.process.memory
    count, data = memory.read_u32(address + 8), memory.read_pointer(address + 16)
    if kind not in _PLAIN | {VT_BSTR, VT_LPSTR, VT_LPWSTR, VT_CLSID}:
        return STG_E_INVALIDPARAMETER
    for number in range(count) if kind in (VT_BSTR, VT_LPSTR, VT_LPWSTR) else ():
        text = memory.read_pointer(data + number * memory.pointer_size)
        # A BSTR begins 8 bytes into its block.
        await guest_heap_free(thread, text - 8 if text and kind == VT_BSTR else text)
    await guest_heap_free(thread, data)
    memory.write(address, bytes(_SIZE))
    return S_OK


@ole32.export(category="memory")
async def PropVariantClear(thread: Thread, pvar: LPVOID) -> HRESULT:
    """Free what a PROPVARIANT owns and make it empty."""
    return await _clear(thread, pvar) if pvar else S_OK


@ole32.export(category="memory")
async def PropVariantCopy(thread: Thread, pvarDest: LPVOID, pvarSrc: LPVOID) -> HRESULT:
    """Copy a PROPVARIANT with what it owns; STG_E_INVALIDPARAMETER for vectors of variants and clipboard data."""
    memory = thread.process.memory
    kind = memory.read_u16(pvarSrc)
    value = memory.read_pointer(pvarSrc + 8)
    data = bytearray(memory.read(pvarSrc, _SIZE))

    async def duplicate(block: int, size: int) -> bytes:
        made = await guest_heap_new(thread, memory.read(block, size)) if block else 0
        return made.to_bytes(8, "little")

    if kind == VT_LPWSTR:
        data[8:16] = await duplicate(value, 2 * len(memory.read_wstr(value)) + 2 if value else 0)
    elif kind == VT_LPSTR:
        data[8:16] = await duplicate(value, len(memory.read_str(value)) + 1 if value else 0)
    elif kind == VT_CLSID:
        data[8:16] = await duplicate(value, 16)
    elif kind in (VT_BLOB, VT_BLOB_OBJECT):
        data[16:24] = await duplicate(memory.read_pointer(pvarSrc + 16), memory.read_u32(pvarSrc + 8))
    elif kind in _OBJECTS:
        if value:
            await call_method(thread, value, ADD_REF)
    elif kind == VT_BSTR or kind & VT_ARRAY:
        memory.write(pvarDest, bytes(_SIZE))
        copy = thread.process.modules.address_of("oleaut32.dll", "VariantCopy")
        return await thread.call(copy, pvarDest, pvarSrc) & 0xFFFFFFFF
    elif kind & ~VT_BYREF not in _PLAIN:
        return STG_E_INVALIDPARAMETER
    memory.write(pvarDest, bytes(data))
    return S_OK


@ole32.export(category="time")
def CoFileTimeNow(thread: Thread, lpFileTime: Out[ULONGLONG]) -> HRESULT:
    """Return the time."""
    lpFileTime.set(thread.process.machine.clock.now())
    return S_OK


@ole32.export(category="process")
def CoIncrementMTAUsage(thread: Thread, pCookie: Out[LPVOID]) -> HRESULT:
    """Keep the process's multithreaded apartment alive without a thread in it."""
    if not pCookie:
        return E_INVALIDARG
    state = process_state(thread.process, Apartments)
    state.next_cookie += 1
    state.usage.add(state.next_cookie)
    pCookie.set(state.next_cookie)
    return S_OK


@ole32.export(category="process")
def CoDecrementMTAUsage(thread: Thread, Cookie: LPVOID) -> HRESULT:
    """Take back CoIncrementMTAUsage."""
    usage = process_state(thread.process, Apartments).usage
    if Cookie not in usage:
        return E_INVALIDARG
    usage.remove(Cookie)
    return S_OK


@ole32.export(category="process")
def CoGetPSClsid(thread: Thread, riid: LPVOID, pClsid: LPVOID) -> HRESULT:
    """Return the class that makes proxies of an interface, by the registry; REGDB_E_IIDNOTREG without one."""
    if not initialized(thread):
        return CO_E_NOTINITIALIZED
    if not pClsid:
        return E_INVALIDARG
    identifier = read_guid(thread.process.memory, riid)
    text = class_value(thread.process, f"Interface\\{{{identifier}}}\\ProxyStubClsid32")
    found = parse_guid(text, braces=True) if text else None
    if found is None:
        return REGDB_E_IIDNOTREG
    thread.process.memory.write(pClsid, found)
    return S_OK
