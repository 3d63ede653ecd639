"""Functions that combase.dll shares with ole32.dll, and the Windows Runtime: its strings, and no classes."""

from __future__ import annotations

import struct

from runtime.dlls.combase.dll import combase
from runtime.dlls.guid import parse_guid
from runtime.dlls.heap import guest_heap_alloc, guest_heap_free, guest_heap_new
from runtime.dlls.ole32.combaseapi import (
    ADD_REF,
    CO_E_NOTINITIALIZED,
    E_INVALIDARG,
    E_OUTOFMEMORY,
    E_POINTER,
    QUERY_INTERFACE,
    REGDB_E_CLASSNOTREG,
    RELEASE,
    S_FALSE,
    S_OK,
    Apartments,
    apartment_of,
    call_method,
    enter_apartment,
    initialized,
    leave_apartment,
)
from runtime.dlls.process_state import process_state
from runtime.dlls.text import decode_wide, encode_wide
from runtime.dlls.types import BOOL, HANDLE, HRESULT, INT, LPVOID, LPWSTR, UINT, ULONGLONG, Out
from runtime.nt.thread import Thread

for _name in (
    "CLSIDFromProgID", "CLSIDFromString", "CoCreateGuid", "CoCreateInstance", "CoFreeUnusedLibraries",
    "CoGetApartmentType", "CoGetClassObject", "CoGetCurrentProcess", "CoInitializeEx", "CoInitializeSecurity",
    "CoSetProxyBlanket", "CoTaskMemAlloc", "CoTaskMemFree", "CoTaskMemRealloc", "CoUninitialize", "IIDFromString",
    "ProgIDFromCLSID", "StringFromCLSID", "StringFromGUID2", "StringFromIID", "CoAddRefServerProcess",
    "CoCreateInstanceEx", "CoRegisterClassObject", "CoReleaseServerProcess", "CoResumeClassObjects",
    "CoRevokeClassObject", "CoSuspendClassObjects",
):  # fmt: skip
    combase.forward(_name, f"ole32.{_name}")

for _name in (
    "CreateStreamOnHGlobal", "GetHGlobalFromStream", "CoGetMalloc", "CoCreateFreeThreadedMarshaler",
    "CoMarshalInterface", "CoUnmarshalInterface", "CoReleaseMarshalData", "CoMarshalInterThreadInterfaceInStream",
    "CoGetInterfaceAndReleaseStream", "CoGetContextToken", "CoGetObjectContext", "DllGetClassObject",
):  # fmt: skip
    combase.forward(_name, f"olert.{_name}")

CO_E_OBJISREG = 0x800401FC
_IID_IACTIVATIONFACTORY = parse_guid("00000035-0000-0000-C000-000000000046") or b""
_ACTIVATE_INSTANCE = 6

# HSTRING: NULL is the empty string; else a header and the text behind it.
_HEADER = struct.Struct("<IIIIQ")
"""flags (1: string reference, the caller's memory), length, padding, reference count, address of the text."""


def _read(thread: Thread, string: int) -> str:
    if not string:
        return ""
    memory = thread.process.memory
    _, length, _, _, text = _HEADER.unpack(memory.read(string, _HEADER.size))
    return decode_wide(memory.read(text, 2 * length))


async def new_string(thread: Thread, text: str) -> int:
    """Make an HSTRING; 0 for the empty one. Raises nothing: 0 also when memory is short."""
    if not text:
        return 0
    data = encode_wide(text)
    block = await guest_heap_alloc(thread, _HEADER.size + len(data) + 2)
    if block:
        header = _HEADER.pack(0, len(data) // 2, 0, 1, block + _HEADER.size)
        thread.process.memory.write(block, header + data + b"\0\0")
    return block


@combase.export(category="memory")
async def WindowsCreateString(thread: Thread, sourceString: LPVOID, length: UINT, string: Out[HANDLE]) -> HRESULT:
    """Make a string object from `length` characters."""
    if not string:
        return E_INVALIDARG
    string.set(0)
    if not length:
        return S_OK
    if not sourceString:
        return E_POINTER
    made = await new_string(thread, decode_wide(thread.process.memory.read(sourceString, 2 * length)))
    string.set(made)
    return S_OK if made else E_OUTOFMEMORY


@combase.export(category="memory")
def WindowsCreateStringReference(
    thread: Thread, sourceString: LPVOID, length: UINT, hstringHeader: LPVOID, string: Out[HANDLE]
) -> HRESULT:
    """Make a string object in the caller's memory around the caller's text."""
    if not string or not hstringHeader:
        return E_INVALIDARG
    string.set(0)
    if not length:
        return S_OK
    memory = thread.process.memory
    if not sourceString:
        return E_POINTER
    if memory.read_u16(sourceString + 2 * length):
        return E_INVALIDARG
    memory.write(hstringHeader, _HEADER.pack(1, length, 0, 0, sourceString))
    string.set(hstringHeader)
    return S_OK


@combase.export(category="memory")
async def WindowsDeleteString(thread: Thread, string: HANDLE) -> HRESULT:
    """Drop a reference to a string object."""
    if string:
        memory = thread.process.memory
        flags, _, _, count, _ = _HEADER.unpack(memory.read(string, _HEADER.size))
        if not flags & 1:
            memory.write_u32(string + 12, count - 1)
            if count == 1:
                await guest_heap_free(thread, string)
    return S_OK


@combase.export(category="memory")
async def WindowsDuplicateString(thread: Thread, string: HANDLE, newString: Out[HANDLE]) -> HRESULT:
    """Add a reference; a string reference is copied."""
    if not newString:
        return E_INVALIDARG
    newString.set(string)
    if string:
        memory = thread.process.memory
        flags, _, _, count, _ = _HEADER.unpack(memory.read(string, _HEADER.size))
        if flags & 1:
            newString.set(await new_string(thread, _read(thread, string)))
        else:
            memory.write_u32(string + 12, count + 1)
    return S_OK


@combase.export(category="memory")
def WindowsGetStringLen(thread: Thread, string: HANDLE) -> UINT:
    """Return the length in characters."""
    return thread.process.memory.read_u32(string + 4) if string else 0


@combase.export(category="memory")
def WindowsGetStringRawBuffer(thread: Thread, string: HANDLE, length: Out[UINT]) -> LPWSTR:
    """Return the text; that of the empty string is an empty text, too."""
    memory = thread.process.memory
    if not string:
        length.put(0)
        # Any two zero bytes that stay: the TEB's static string buffer ends with them.
        return thread.teb + thread.process.layout.static_unicode_buffer + 520
    length.put(memory.read_u32(string + 4))
    return memory.read_u64(string + 16)


@combase.export(category="memory")
def WindowsIsStringEmpty(thread: Thread, string: HANDLE) -> BOOL:
    """Whether the string is empty."""
    return int(not string)


@combase.export(category="memory")
def WindowsStringHasEmbeddedNull(thread: Thread, string: HANDLE, hasEmbedNull: Out[BOOL]) -> HRESULT:
    """Whether the text holds a NUL."""
    if not hasEmbedNull:
        return E_INVALIDARG
    hasEmbedNull.set(int("\0" in _read(thread, string)))
    return S_OK


@combase.export(category="memory")
def WindowsCompareStringOrdinal(thread: Thread, string1: HANDLE, string2: HANDLE, result: Out[INT]) -> HRESULT:
    """Compare two strings unit by unit: -1, 0 or 1."""
    if not result:
        return E_INVALIDARG
    first, second = (_read(thread, string).encode("utf-16-be", "surrogatepass") for string in (string1, string2))
    result.set((first > second) - (first < second))
    return S_OK


@combase.export(category="memory")
async def WindowsConcatString(
    thread: Thread, string1: HANDLE, string2: HANDLE, newString: Out[HANDLE]
) -> HRESULT:
    """Join two strings."""
    if not newString:
        return E_INVALIDARG
    newString.set(await new_string(thread, _read(thread, string1) + _read(thread, string2)))
    return S_OK


@combase.export(category="process")
def RoInitialize(thread: Thread, initType: INT) -> HRESULT:
    """Initialise the Windows Runtime on this thread."""
    if initType not in (0, 1):
        return E_INVALIDARG
    return enter_apartment(thread, initType == 0)


@combase.export(category="process")
async def RoUninitialize(thread: Thread) -> None:
    """Take back one initialisation."""
    await leave_apartment(thread)


class _Factories:
    """Activation factories that the process registers itself: cookie → names and functions."""

    def __init__(self) -> None:
        self.registered: dict[int, dict[str, int]] = {}
        self.next = 0

    def find(self, name: str) -> int:
        """Return the function that makes the factory of a class, or 0."""
        return next((names[name] for names in self.registered.values() if name in names), 0)


@combase.export(category="process")
def RoRegisterActivationFactories(
    thread: Thread, activatableClassIds: LPVOID, activationFactoryCallbacks: LPVOID, count: UINT, cookie: Out[LPVOID]
) -> HRESULT:
    """Register the functions that make factories of runtime classes for the process's own use."""
    memory = thread.process.memory
    if not count or not cookie or not activatableClassIds or not activationFactoryCallbacks:
        return E_INVALIDARG
    if not initialized(thread):
        return CO_E_NOTINITIALIZED
    state = process_state(thread.process, _Factories)
    names = {}
    for number in range(count):
        at = number * memory.pointer_size
        name = _read(thread, memory.read_pointer(activatableClassIds + at))
        if not name or name in names or state.find(name):
            return CO_E_OBJISREG if name else E_INVALIDARG
        names[name] = memory.read_pointer(activationFactoryCallbacks + at)
    state.next += 1
    state.registered[state.next] = names
    cookie.set(state.next)
    return S_OK


@combase.export(category="process")
def RoRevokeActivationFactories(thread: Thread, cookie: LPVOID) -> None:
    """Take back a registration of factories."""
    process_state(thread.process, _Factories).registered.pop(cookie, None)


async def _factory(thread: Thread, name: int, iid: int, target: int) -> int:
    """Store an interface of the factory of a class that the process registered; others are in no registry."""
    function = process_state(thread.process, _Factories).find(_read(thread, name))
    if not function:
        return REGDB_E_CLASSNOTREG
    block = await guest_heap_new(thread, bytes(8))
    result = await thread.call(function, name, block) & 0xFFFFFFFF
    factory = thread.process.memory.read_pointer(block)
    await guest_heap_free(thread, block)
    if result:
        return result
    result = await call_method(thread, factory, QUERY_INTERFACE, iid, target)
    await call_method(thread, factory, RELEASE)
    return result


@combase.export(category="process")
async def RoGetActivationFactory(
    thread: Thread, activatableClassId: HANDLE, iid: LPVOID, factory: Out[LPVOID]
) -> HRESULT:
    """Return the factory of a runtime class: one that the process registered, since the system has none."""
    if not factory or not activatableClassId:
        return E_INVALIDARG
    factory.set(0)
    if not initialized(thread):
        return CO_E_NOTINITIALIZED
    return await _factory(thread, activatableClassId, iid, factory.address)


@combase.export(category="process")
async def RoActivateInstance(thread: Thread, activatableClassId: HANDLE, instance: Out[LPVOID]) -> HRESULT:
    """Create an object of a runtime class that the process registered, since the system has none."""
    if not instance or not activatableClassId:
        return E_INVALIDARG
    instance.set(0)
    if not initialized(thread):
        return CO_E_NOTINITIALIZED
    memory = thread.process.memory
    block = await guest_heap_new(thread, _IID_IACTIVATIONFACTORY + bytes(8))
    result = await _factory(thread, activatableClassId, block, block + 16)
    made = memory.read_pointer(block + 16)
    await guest_heap_free(thread, block)
    if result:
        return result
    result = await call_method(thread, made, _ACTIVATE_INSTANCE, instance.address)
    await call_method(thread, made, RELEASE)
    return result


@combase.export(category="process")
async def RoRegisterForApartmentShutdown(
    thread: Thread, callbackObject: LPVOID, apartmentIdentifier: Out[ULONGLONG], regCookie: Out[LPVOID]
) -> HRESULT:
    """Have an object told before the thread's apartment ends."""
    if not callbackObject or not apartmentIdentifier or not regCookie:
        return E_INVALIDARG
    if not initialized(thread):
        return CO_E_NOTINITIALIZED
    state = process_state(thread.process, Apartments)
    await call_method(thread, callbackObject, ADD_REF)
    state.next_cookie += 1
    state.shutdown[state.next_cookie] = (apartment_of(thread), callbackObject)
    apartmentIdentifier.set(apartment_of(thread))
    regCookie.set(state.next_cookie)
    return S_OK


@combase.export(category="process")
async def RoUnregisterForApartmentShutdown(thread: Thread, regCookie: LPVOID) -> HRESULT:
    """Take back a registration."""
    entry = process_state(thread.process, Apartments).shutdown.pop(regCookie, None)
    if entry is None:
        return E_INVALIDARG
    await call_method(thread, entry[1], RELEASE)
    return S_OK


@combase.export(category="process")
def RoGetApartmentIdentifier(thread: Thread, apartmentIdentifier: Out[ULONGLONG]) -> HRESULT:
    """Return a number that stands for the thread's apartment."""
    if not apartmentIdentifier:
        return E_INVALIDARG
    if not initialized(thread):
        return CO_E_NOTINITIALIZED
    apartmentIdentifier.set(apartment_of(thread))
    return S_OK


@combase.export(category="exception")
def RoOriginateError(thread: Thread, error: HRESULT, message: HANDLE) -> BOOL:
    """Note the origin of an error for a debugger: there is none, so it is not reported."""
    return 0


@combase.export(category="exception")
def RoTransformError(thread: Thread, oldError: HRESULT, newError: HRESULT, message: HANDLE) -> BOOL:
    """Note the change of an error for a debugger: there is none, so it is not reported."""
    return 0


class _RestrictedErrors:
    """The restricted error information of each thread."""

    def __init__(self) -> None:
        self.by_thread: dict[int, int] = {}


@combase.export(category="exception")
def GetRestrictedErrorInfo(thread: Thread, ppRestrictedErrorInfo: Out[LPVOID]) -> HRESULT:
    """Take the error information of the thread; S_FALSE when there is none."""
    if not ppRestrictedErrorInfo:
        return E_INVALIDARG
    found = process_state(thread.process, _RestrictedErrors).by_thread.pop(thread.id, 0)
    ppRestrictedErrorInfo.set(found)
    return S_OK if found else S_FALSE


@combase.export(category="exception")
async def SetRestrictedErrorInfo(thread: Thread, pRestrictedErrorInfo: LPVOID) -> HRESULT:
    """Give the thread error information; NULL takes it away."""
    errors = process_state(thread.process, _RestrictedErrors).by_thread
    if pRestrictedErrorInfo:
        await call_method(thread, pRestrictedErrorInfo, ADD_REF)
    old = errors.pop(thread.id, 0)
    if pRestrictedErrorInfo:
        errors[thread.id] = pRestrictedErrorInfo
    if old:
        await call_method(thread, old, RELEASE)
    return S_OK
