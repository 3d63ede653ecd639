"""combaseapi.h: task memory, GUIDs, apartments, and creating objects from the classes the registry lists."""

from __future__ import annotations

from runtime.dlls.guid import format_guid, parse_guid, random_guid, read_guid
from runtime.dlls.heap import guest_heap_alloc, guest_heap_free, guest_heap_new, guest_heap_realloc
from runtime.dlls.ole32.dll import ole32
from runtime.dlls.process_state import process_state
from runtime.dlls.randomness import random_bytes
from runtime.dlls.text import encode_wide
from runtime.dlls.types import BOOL, DWORD, HRESULT, INT, LONG, LPCWSTR, LPVOID, LPWSTR, PVOID, SIZE_T, Out
from runtime.nt.activation import class_path
from runtime.nt.registry import Key
from runtime.nt.status import NtError
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
IID_ICLASSFACTORY = parse_guid("00000001-0000-0000-C000-000000000046") or b""


class Apartments:
    """Which threads of a process have initialised COM: [how often, whether apartment-threaded]."""

    def __init__(self) -> None:
        self.threads: dict[int, list[int]] = {}
        self.security = False
        self.contexts: dict[int, int] = {}
        """Context tokens that were asked for: of the multithreaded apartment (0), or of a thread's own."""

    @property
    def multithreaded(self) -> bool:
        """Whether the process has a multithreaded apartment, which threads that did not ask are in, too."""
        return any(not model for _, model in self.threads.values())


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


def _class_value(thread: Thread, path: str) -> str | None:
    """Return the default value of a key below HKEY_CLASSES_ROOT, or None."""
    registry = thread.process.machine.registry
    try:
        key: Key = registry._open_merged(registry.classes_root(), path)
        return key.value("").data.decode("utf-16-le", "replace").split("\0", 1)[0]
    except NtError:
        return None


@ole32.export(category="process")
def CLSIDFromProgID(thread: Thread, lpszProgID: LPCWSTR, lpclsid: LPVOID) -> HRESULT:
    """Look up the class identifier of a ProgID."""
    thread.process.memory.write(lpclsid, bytes(16))
    text = _class_value(thread, f"{lpszProgID}\\CLSID") if lpszProgID else None
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
    text = _class_value(thread, f"CLSID\\{{{read_guid(thread.process.memory, clsid)}}}\\ProgID")
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


def leave_apartment(thread: Thread) -> None:
    """Take back one initialisation."""
    threads = process_state(thread.process, Apartments).threads
    entry = threads.get(thread.id)
    if entry is not None:
        entry[0] -= 1
        if entry[0] == 0:
            del threads[thread.id]


@ole32.export(category="process")
def CoUninitialize(thread: Thread) -> None:
    """Take back one initialisation."""
    leave_apartment(thread)


@ole32.export(category="process")
def OleUninitialize(thread: Thread) -> None:
    """Take back one initialisation."""
    leave_apartment(thread)


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


async def _context(thread: Thread) -> int:
    """Return the object that stands for the context of the thread's apartment."""
    state = process_state(thread.process, Apartments)
    entry = state.threads.get(thread.id)
    apartment = thread.id if entry is not None and entry[1] else 0
    if apartment not in state.contexts:
        make = thread.process.modules.address_of("ntrtl.dll", "com_context_new")
        state.contexts[apartment] = await thread.call(make)
    return state.contexts[apartment]


@ole32.export(category="process")
async def CoGetContextToken(thread: Thread, pToken: Out[SIZE_T]) -> HRESULT:
    """Return what stands for the thread's context, an IUnknown: one an apartment, without a new reference."""
    if not pToken:
        return E_POINTER
    if not initialized(thread):
        return CO_E_NOTINITIALIZED
    pToken.set(await _context(thread))
    return S_OK


@ole32.export(category="process")
async def CoGetObjectContext(thread: Thread, riid: LPVOID, ppv: PVOID) -> HRESULT:
    """Return an interface of the thread's context; IUnknown is the only one there is."""
    if not ppv or not riid:
        return E_POINTER if not ppv else E_INVALIDARG
    if not initialized(thread):
        return CO_E_NOTINITIALIZED
    query = thread.process.modules.address_of("ntrtl.dll", "com_context_query")
    return await thread.call(query, await _context(thread), riid, ppv) & 0xFFFFFFFF


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


# Objects


async def _server(thread: Thread, clsid: bytes) -> tuple[int, int]:
    """Load the in-process server of a class; returns (HRESULT, address of its DllGetClassObject)."""
    path = class_path(thread, clsid) or _class_value(thread, f"CLSID\\{{{format_guid(clsid)}}}\\InprocServer32")
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


async def _class_object(thread: Thread, clsid: bytes, iid: int, target: int) -> int:
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
    if not dwClsContext & CLSCTX_INPROC_SERVER:
        return REGDB_E_CLASSNOTREG
    return await _class_object(thread, thread.process.memory.read(rclsid, 16), riid, ppv.address)


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
    if not dwClsContext & CLSCTX_INPROC_SERVER:
        return REGDB_E_CLASSNOTREG
    memory = thread.process.memory
    block = await guest_heap_new(thread, IID_ICLASSFACTORY + bytes(16))
    result = await _class_object(thread, memory.read(rclsid, 16), block, block + 16)
    if result == S_OK:
        factory = memory.read_pointer(block + 16)
        table = memory.read_pointer(factory)
        width = memory.pointer_size
        create, release = memory.read_pointer(table + 3 * width), memory.read_pointer(table + 2 * width)
        result = await thread.call(create, factory, pUnkOuter, riid, ppv.address) & 0xFFFFFFFF
        await thread.call(release, factory)
    await guest_heap_free(thread, block)
    return result
