"""combaseapi.h: task memory, GUIDs, apartments, and creating objects from the classes the registry lists."""

from __future__ import annotations

from runtime.dlls.associations import class_value
from runtime.dlls.guid import format_guid, parse_guid, random_guid, read_guid
from runtime.dlls.heap import guest_heap_alloc, guest_heap_free, guest_heap_new, guest_heap_realloc
from runtime.dlls.ole32.dll import ole32
from runtime.dlls.process_state import process_state
from runtime.dlls.randomness import random_bytes
from runtime.dlls.text import encode_wide
from runtime.dlls.types import BOOL, DWORD, HRESULT, INT, LONG, LPCWSTR, LPVOID, LPWSTR, PVOID, SIZE_T, ULONG, Out
from runtime.nt.activation import class_path
from runtime.nt.thread import Thread

S_OK = 0
S_FALSE = 1
E_INVALIDARG = 0x80070057
E_OUTOFMEMORY = 0x8007000E
E_POINTER = 0x80004003
E_NOINTERFACE = 0x80004002
CO_E_NOTINITIALIZED = 0x800401F0
CO_E_CLASSSTRING = 0x800401F3
CO_E_DLLNOTFOUND = 0x800401F8
CO_E_ERRORINDLL = 0x800401F9
RPC_E_CHANGED_MODE = 0x80010106
RPC_E_TOO_LATE = 0x80010119
REGDB_E_CLASSNOTREG = 0x80040154
REGDB_E_IIDNOTREG = 0x80040155
COINIT_APARTMENTTHREADED = 2
CLSCTX_INPROC_SERVER = 1
CO_S_NOTALLINTERFACES = 0x00080012
IID_IUNKNOWN = parse_guid("00000000-0000-0000-C000-000000000046") or b""
IID_ICLASSFACTORY = parse_guid("00000001-0000-0000-C000-000000000046") or b""


class Apartments:
    """Which threads of a process have initialised COM: [how often, whether apartment-threaded]."""

    def __init__(self) -> None:
        self.threads: dict[int, list[int]] = {}
        self.security = False
        self.shutdown: dict[int, tuple[int, int]] = {}
        """Cookie → (apartment, IApartmentShutdown) of RoRegisterForApartmentShutdown."""
        self.next_cookie = 0
        self.usage: set[int] = set()
        """Cookies of CoIncrementMTAUsage."""

    @property
    def multithreaded(self) -> bool:
        """Whether the process has a multithreaded apartment, which threads that did not ask are in, too."""
        return bool(self.usage) or any(not model for _, model in self.threads.values())


# Task memory


@ole32.export(category="memory")
async def CoTaskMemAlloc(thread: Thread, cb: SIZE_T) -> LPVOID:
    """Allocate task memory."""
    return await guest_heap_alloc(thread, cb)


@ole32.export(category="memory")
async def CoTaskMemFree(thread: Thread, pv: LPVOID) -> None:
    """Free task memory; NULL is ignored."""
    await guest_heap_free(thread, pv)


@ole32.export(category="memory")
async def CoTaskMemRealloc(thread: Thread, pv: LPVOID, cb: SIZE_T) -> LPVOID:
    """Change the size of task memory; 0 bytes frees it."""
    if pv and not cb:
        await guest_heap_free(thread, pv)
        return 0
    return await guest_heap_realloc(thread, pv, cb)


# GUIDs


@ole32.export(category="process")
def CoCreateGuid(thread: Thread, pguid: LPVOID) -> HRESULT:
    """Make a new GUID."""
    if not pguid:
        return E_INVALIDARG
    thread.process.memory.write(pguid, random_guid(random_bytes(thread, 16)))
    return S_OK


@ole32.export(category="process")
def StringFromGUID2(thread: Thread, rguid: LPVOID, lpsz: LPWSTR, cchMax: INT) -> INT:
    """Store a GUID as `{…}`; returns the characters with the NUL, or 0 for a buffer under 39 characters."""
    if cchMax < 39:
        return 0
    thread.process.memory.write_wstr(lpsz, f"{{{read_guid(thread.process.memory, rguid)}}}")
    return 39


def _parse(thread: Thread, text: str | None, target: int) -> int:
    if not text:
        thread.process.memory.write(target, bytes(16))
        return S_OK
    data = parse_guid(text, braces=True)
    if data is None:
        return CO_E_CLASSSTRING
    thread.process.memory.write(target, data)
    return S_OK


@ole32.export(category="process")
def IIDFromString(thread: Thread, lpsz: LPCWSTR, lpiid: LPVOID) -> HRESULT:
    """Read an interface identifier from `{…}`."""
    result = _parse(thread, lpsz, lpiid)
    return E_INVALIDARG if result else S_OK


@ole32.export(category="process")
def CLSIDFromString(thread: Thread, lpsz: LPCWSTR, pclsid: LPVOID) -> HRESULT:
    """Read a class identifier from `{…}` or a ProgID."""
    result = _parse(thread, lpsz, pclsid)
    if result and lpsz and not lpsz.startswith("{"):
        return CLSIDFromProgID(thread, lpsz, pclsid)
    return result


@ole32.export(category="process")
def IsEqualGUID(thread: Thread, rguid1: PVOID, rguid2: PVOID) -> BOOL:
    """Compare two GUIDs."""
    memory = thread.process.memory
    return int(memory.read(rguid1, 16) == memory.read(rguid2, 16))


@ole32.export(category="process")
async def StringFromCLSID(thread: Thread, rclsid: LPVOID, lplpsz: Out[LPVOID]) -> HRESULT:
    """Return a class identifier as `{…}` in task memory."""
    text = f"{{{read_guid(thread.process.memory, rclsid)}}}\0"
    lplpsz.set(await guest_heap_new(thread, encode_wide(text)))
    return S_OK


@ole32.export(category="process")
async def StringFromIID(thread: Thread, rclsid: LPVOID, lplpsz: Out[LPVOID]) -> HRESULT:
    """Return an interface identifier as `{…}` in task memory."""
    text = f"{{{read_guid(thread.process.memory, rclsid)}}}\0"
    lplpsz.set(await guest_heap_new(thread, encode_wide(text)))
    return S_OK


@ole32.export(category="process")
def CLSIDFromProgID(thread: Thread, lpszProgID: LPCWSTR, lpclsid: LPVOID) -> HRESULT:
    """Look up the class identifier of a ProgID."""
    thread.process.memory.write(lpclsid, bytes(16))
    text = class_value(thread.process, f"{lpszProgID}\\CLSID") if lpszProgID else None
    data = parse_guid(text, braces=True) if text else None
    if data is None:
        return CO_E_CLASSSTRING
    thread.process.memory.write(lpclsid, data)
    return S_OK


@ole32.export(category="process")
async def ProgIDFromCLSID(thread: Thread, clsid: LPVOID, lplpszProgID: Out[LPVOID]) -> HRESULT:
    """Look up the ProgID of a class."""
    if not lplpszProgID:
        return E_INVALIDARG
    lplpszProgID.set(0)
    text = class_value(thread.process, f"CLSID\\{{{read_guid(thread.process.memory, clsid)}}}\\ProgID")
    if text is None:
        return REGDB_E_CLASSNOTREG
    lplpszProgID.set(await guest_heap_new(thread, encode_wide(text + "\0")))
    return S_OK


# Apartments


def enter_apartment(thread: Thread, apartment: bool) -> int:
    """Initialise COM on a thread: S_OK the first time, S_FALSE later, RPC_E_CHANGED_MODE for the other model."""
    threads = process_state(thread.process, Apartments).threads
    entry = threads.setdefault(thread.id, [0, int(apartment)])
    if entry[1] != int(apartment):
        return RPC_E_CHANGED_MODE
    entry[0] += 1
    return S_OK if entry[0] == 1 else S_FALSE


@ole32.export(category="process")
def CoInitializeEx(thread: Thread, pvReserved: LPVOID, dwCoInit: DWORD) -> HRESULT:
    """Initialise COM on this thread."""
    if pvReserved or dwCoInit & ~0xE:
        return E_INVALIDARG
    return enter_apartment(thread, bool(dwCoInit & COINIT_APARTMENTTHREADED))


@ole32.export(category="process")
def CoInitialize(thread: Thread, pvReserved: LPVOID) -> HRESULT:
    """Initialise COM on this thread, apartment-threaded."""
    return enter_apartment(thread, True)


@ole32.export(category="process")
def OleInitialize(thread: Thread, pvReserved: LPVOID) -> HRESULT:
    """Initialise OLE on this thread."""
    return enter_apartment(thread, True)


async def leave_apartment(thread: Thread) -> None:
    """Take back one initialisation; who asked to be told of an apartment's end is told before the last."""
    state = process_state(thread.process, Apartments)
    entry = state.threads.get(thread.id)
    if entry is None:
        return
    apartment = apartment_of(thread)
    last = entry[0] == 1 and (entry[1] or sum(not single for _, single in state.threads.values()) == 1)
    for cookie, (where, callback) in list(state.shutdown.items()):
        if last and where == apartment and state.shutdown.pop(cookie, None) is not None:
            await call_method(thread, callback, _ON_UNINITIALIZE, apartment)
            await call_method(thread, callback, RELEASE)
    entry[0] -= 1
    if entry[0] <= 0:
        state.threads.pop(thread.id, None)


@ole32.export(category="process")
async def CoUninitialize(thread: Thread) -> None:
    """Take back one initialisation."""
    await leave_apartment(thread)


@ole32.export(category="process")
async def OleUninitialize(thread: Thread) -> None:
    """Take back one initialisation."""
    await leave_apartment(thread)


def apartment_of(thread: Thread) -> int:
    """Return a number for the thread's apartment: all multithreaded threads of a process share one."""
    entry = process_state(thread.process, Apartments).threads.get(thread.id)
    return thread.process.pid << 32 | (thread.id if entry is not None and entry[1] else 0)


QUERY_INTERFACE, ADD_REF, RELEASE = 0, 1, 2
_ON_UNINITIALIZE = _CREATE_INSTANCE = 3


async def call_method(thread: Thread, interface: int, number: int, *arguments: int) -> int:
    """Call a method of an object by its place in the table; returns its HRESULT or count."""
    memory = thread.process.memory
    function = memory.read_pointer(memory.read_pointer(interface) + number * memory.pointer_size)
    return await thread.call(function, interface, *arguments) & 0xFFFFFFFF


def initialized(thread: Thread) -> bool:
    """Whether the thread may use COM."""
    state = process_state(thread.process, Apartments)
    return thread.id in state.threads or state.multithreaded


@ole32.export(category="process")
def CoGetApartmentType(thread: Thread, pAptType: Out[INT], pAptQualifier: Out[INT]) -> HRESULT:
    """Return the kind of apartment the thread is in."""
    if not pAptType or not pAptQualifier:
        return E_INVALIDARG
    entry = process_state(thread.process, Apartments).threads.get(thread.id)
    pAptQualifier.set(0)
    if entry is None:
        pAptType.set(-1)
        if not initialized(thread):
            return CO_E_NOTINITIALIZED
        pAptType.set(1)
        pAptQualifier.set(1)
        return S_OK
    first = next(iter(process_state(thread.process, Apartments).threads), 0)
    pAptType.set((3 if first == thread.id else 0) if entry[1] else 1)
    return S_OK


@ole32.export(category="security")
def CoInitializeSecurity(
    thread: Thread, pSecDesc: LPVOID, cAuthSvc: LONG, asAuthSvc: LPVOID, pReserved1: LPVOID, dwAuthnLevel: DWORD,
    dwImpLevel: DWORD, pAuthList: LPVOID, dwCapabilities: DWORD, pReserved3: LPVOID,
) -> HRESULT:  # fmt: skip
    """Set the process's COM security, once."""
    if not initialized(thread):
        return CO_E_NOTINITIALIZED
    if pReserved1 or pReserved3:
        return E_INVALIDARG
    state = process_state(thread.process, Apartments)
    if state.security:
        return RPC_E_TOO_LATE
    state.security = True
    return S_OK


@ole32.export(category="security")
def CoSetProxyBlanket(
    thread: Thread, pProxy: LPVOID, dwAuthnSvc: DWORD, dwAuthzSvc: DWORD, pServerPrincName: LPVOID, dwAuthnLevel: DWORD,
    dwImpLevel: DWORD, pAuthInfo: LPVOID, dwCapabilities: DWORD,
) -> HRESULT:  # fmt: skip
    """Set the security of a proxy: no object is one here, so E_NOINTERFACE."""
    return E_NOINTERFACE if pProxy else E_INVALIDARG


@ole32.export(category="dll")
def CoFreeUnusedLibraries(thread: Thread) -> None:
    """Unload servers that are not in use: they stay, as they may."""


@ole32.export(category="process")
def CoGetCurrentProcess(thread: Thread) -> DWORD:
    """Return a number that stands for this process."""
    return thread.process.pid


# Class objects that the process registers itself


CLSCTX_ALL = 0x17
REGCLS_SUSPENDED = 4
CO_E_OBJNOTREG = 0x800401FB


class ClassObjects:
    """Class objects of the process: cookie → [class, IUnknown, context, whether it may be used]."""

    def __init__(self) -> None:
        self.registered: dict[int, tuple[bytes, int, int]] = {}
        self.suspended: set[int] = set()
        self.next = 0
        self.references = 0
        """Of the process, as CoAddRefServerProcess counts them."""

    def find(self, clsid: bytes, context: int) -> int:
        """Return the class object of a class, or 0."""
        for cookie, (known, unknown, contexts) in self.registered.items():
            if known == clsid and contexts & context and cookie not in self.suspended:
                return unknown
        return 0


@ole32.export(category="process")
async def CoRegisterClassObject(
    thread: Thread, rclsid: LPVOID, pUnk: LPVOID, dwClsContext: DWORD, flags: DWORD, lpdwRegister: Out[DWORD]
) -> HRESULT:
    """Register a class object for the process's own use; no other process can reach it."""
    if not lpdwRegister or not pUnk:
        return E_INVALIDARG
    lpdwRegister.set(0)
    if not initialized(thread):
        return CO_E_NOTINITIALIZED
    state = process_state(thread.process, ClassObjects)
    clsid = thread.process.memory.read(rclsid, 16)
    await call_method(thread, pUnk, ADD_REF)
    state.next += 1
    state.registered[state.next] = (clsid, pUnk, dwClsContext)
    if flags & REGCLS_SUSPENDED:
        state.suspended.add(state.next)
    lpdwRegister.set(state.next)
    return S_OK


@ole32.export(category="process")
async def CoRevokeClassObject(thread: Thread, dwRegister: DWORD) -> HRESULT:
    """Take back a registration."""
    state = process_state(thread.process, ClassObjects)
    entry = state.registered.pop(dwRegister, None)
    if entry is None:
        return CO_E_OBJNOTREG
    state.suspended.discard(dwRegister)
    await call_method(thread, entry[1], RELEASE)
    return S_OK


@ole32.export(category="process")
def CoResumeClassObjects(thread: Thread) -> HRESULT:
    """Let class objects that were registered suspended be used."""
    process_state(thread.process, ClassObjects).suspended.clear()
    return S_OK


@ole32.export(category="process")
def CoSuspendClassObjects(thread: Thread) -> HRESULT:
    """Let no class object of the process be used until they are resumed."""
    state = process_state(thread.process, ClassObjects)
    state.suspended.update(state.registered)
    return S_OK


@ole32.export(category="process")
def CoAddRefServerProcess(thread: Thread) -> ULONG:
    """Count a reference to the process up."""
    state = process_state(thread.process, ClassObjects)
    state.references += 1
    return state.references


@ole32.export(category="process")
def CoReleaseServerProcess(thread: Thread) -> ULONG:
    """Count a reference to the process down; at 0 its class objects are suspended."""
    state = process_state(thread.process, ClassObjects)
    state.references = max(state.references - 1, 0)
    if not state.references:
        state.suspended.update(state.registered)
    return state.references


# Objects


async def _server(thread: Thread, clsid: bytes) -> tuple[int, int]:
    """Load the in-process server of a class; returns (HRESULT, address of its DllGetClassObject)."""
    path = class_path(thread, clsid)
    path = path or class_value(thread.process, f"CLSID\\{{{format_guid(clsid)}}}\\InprocServer32")
    if not path:
        return REGDB_E_CLASSNOTREG, 0
    modules = thread.process.modules
    name = await guest_heap_new(thread, encode_wide(thread.process.environment().expand(path) + "\0"))
    module = await thread.call(modules.address_of("kernel32.dll", "LoadLibraryExW"), name, 0, 8)
    await guest_heap_free(thread, name)
    if not module:
        return CO_E_DLLNOTFOUND, 0
    function = await guest_heap_new(thread, b"DllGetClassObject\0")
    address = await thread.call(modules.address_of("kernel32.dll", "GetProcAddress"), module, function)
    await guest_heap_free(thread, function)
    return (S_OK, address) if address else (CO_E_ERRORINDLL, 0)


async def _class_object(thread: Thread, clsid: bytes, context: int, iid: int, target: int) -> int:
    known = process_state(thread.process, ClassObjects).find(clsid, context)
    if known:
        return await call_method(thread, known, QUERY_INTERFACE, iid, target)
    if not context & CLSCTX_INPROC_SERVER:
        return REGDB_E_CLASSNOTREG
    result, address = await _server(thread, clsid)
    if result:
        return result
    block = await guest_heap_new(thread, clsid)
    result = await thread.call(address, block, iid, target) & 0xFFFFFFFF
    await guest_heap_free(thread, block)
    return result


@ole32.export(category="process")
async def CoGetClassObject(
    thread: Thread, rclsid: LPVOID, dwClsContext: DWORD, pvReserved: LPVOID, riid: LPVOID, ppv: Out[PVOID]
) -> HRESULT:
    """Return the class object of a registered in-process class."""
    if not ppv:
        return E_INVALIDARG
    ppv.set(0)
    if not initialized(thread):
        return CO_E_NOTINITIALIZED
    clsid = thread.process.memory.read(rclsid, 16)
    return await _class_object(thread, clsid, dwClsContext, riid, ppv.address)


@ole32.export(category="process")
async def CoCreateInstance(
    thread: Thread, rclsid: LPVOID, pUnkOuter: LPVOID, dwClsContext: DWORD, riid: LPVOID, ppv: Out[PVOID]
) -> HRESULT:
    """Create an object of a registered in-process class; REGDB_E_CLASSNOTREG for a class that is not registered."""
    if not ppv:
        return E_POINTER
    ppv.set(0)
    if not initialized(thread):
        return CO_E_NOTINITIALIZED
    return await create_instance(thread, rclsid, pUnkOuter, dwClsContext, riid, ppv.address)


async def create_instance(thread: Thread, clsid: int, outer: int, context: int, iid: int, target: int) -> int:
    """Create an object and store its interface; returns an HRESULT."""
    memory = thread.process.memory
    block = await guest_heap_new(thread, IID_ICLASSFACTORY + bytes(16))
    result = await _class_object(thread, memory.read(clsid, 16), context, block, block + 16)
    if result == S_OK:
        factory = memory.read_pointer(block + 16)
        result = await call_method(thread, factory, _CREATE_INSTANCE, outer, iid, target)
        await call_method(thread, factory, RELEASE)
    await guest_heap_free(thread, block)
    return result


@ole32.export(category="process")
async def CoCreateInstanceEx(
    thread: Thread, Clsid: LPVOID, punkOuter: LPVOID, dwClsCtx: DWORD, pServerInfo: LPVOID, dwCount: DWORD,
    pResults: LPVOID,
) -> HRESULT:  # fmt: skip
    """Create an object and ask it for several interfaces; CO_S_NOTALLINTERFACES when it has only some."""
    memory = thread.process.memory
    if not dwCount or not pResults:
        return E_INVALIDARG
    if not initialized(thread):
        return CO_E_NOTINITIALIZED
    width = memory.pointer_size
    size = 2 * width + (8 if width == 8 else 4)  # MULTI_QI: identifier, interface, result
    block = await guest_heap_new(thread, IID_IUNKNOWN + bytes(16))
    result = await create_instance(thread, Clsid, punkOuter, dwClsCtx, block, block + 16)
    unknown = memory.read_pointer(block + 16)
    await guest_heap_free(thread, block)
    found = 0
    for number in range(dwCount):
        row = pResults + number * size
        code = result
        memory.write_pointer(row + width, 0)
        if result == S_OK:
            code = await call_method(thread, unknown, QUERY_INTERFACE, memory.read_pointer(row), row + width)
        memory.write_u32(row + 2 * width, code)
        found += code == S_OK
    if result:
        return result
    await call_method(thread, unknown, RELEASE)
    return S_OK if found == dwCount else CO_S_NOTALLINTERFACES if found else E_NOINTERFACE


# Objects that the system makes itself are guest code (runtime/guest/ole).
for _name in (
    "CreateStreamOnHGlobal", "GetHGlobalFromStream", "CoGetMalloc", "CoCreateFreeThreadedMarshaler",
    "CoMarshalInterface", "CoUnmarshalInterface", "CoReleaseMarshalData", "CoMarshalInterThreadInterfaceInStream",
    "CoGetInterfaceAndReleaseStream", "CoGetContextToken", "CoGetObjectContext", "CreateErrorInfo", "DllGetClassObject",
):  # fmt: skip
    ole32.forward(_name, f"olert.{_name}")
for _name in ("GetErrorInfo", "SetErrorInfo"):
    ole32.forward(_name, f"oleaut32.{_name}")
