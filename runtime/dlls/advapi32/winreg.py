"""winreg.h: keys. Values are in `winreg_values.py`, whole trees and hive files in `winreg_trees.py`."""

from __future__ import annotations

from typing import Annotated

from runtime.dlls.advapi32 import advapi32
from runtime.dlls.advapi32.hkey import (
    PredefinedKeys,
    insert,
    is_wow64,
    key_of,
    open_below,
    path_error,
    predefined,
    registry_of,
    subject,
)
from runtime.dlls.process_state import process_state
from runtime.dlls.security_descriptor import read_descriptor
from runtime.dlls.structure import Structure
from runtime.dlls.text import put_counted
from runtime.dlls.types import BOOL, DWORD, HANDLE, HEX32, HKEY, LPCWSTR, LPSTR, LPVOID, LPWSTR, LSTATUS, Enum, Out
from runtime.dlls.types import InOut as InOutRef
from runtime.nt import registry as reg
from runtime.nt import security as sec
from runtime.nt.event import EVENT_MODIFY_STATE, Event
from runtime.nt.object import ObjectAttributes
from runtime.nt.registry import Key, NotifyRequest
from runtime.nt.registry_hives import flush
from runtime.nt.registry_tree import KeyNode
from runtime.nt.status import (
    ERROR_BAD_NETPATH,
    ERROR_INSUFFICIENT_BUFFER,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER,
    ERROR_MORE_DATA,
    ERROR_NO_MORE_ITEMS,
    ERROR_SUCCESS,
    STATUS_OBJECT_NAME_NOT_FOUND,
    NtError,
    Win32Error,
)
from runtime.nt.thread import Thread
from runtime.nt.token import Token
from runtime.nt.wait import wait_for

REGSAM = Annotated[HEX32, Enum("REG_SAM_FLAGS")]


class FILETIME(Structure):
    """A time in 100 ns since 1601, in two halves."""

    dwLowDateTime: DWORD
    dwHighDateTime: DWORD


def filetime(value: int) -> FILETIME:
    """Return a time as a structure."""
    return FILETIME(dwLowDateTime=value & 0xFFFFFFFF, dwHighDateTime=value >> 32)


def open_key(
    thread: Thread, hkey: int, path: str | None, desired: int, result: Out[HKEY], *, open_link: bool = False
) -> int:
    """Open a key and store its handle: what the RegOpenKey family shares."""
    if not result:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    if not path and desired & sec.MAXIMUM_ALLOWED and predefined(hkey) is not None:
        result.set(hkey)
        return ERROR_SUCCESS
    result.set(0)
    key, access = open_below(thread, hkey, path, desired, open_link=open_link)
    result.set(insert(thread, key, access))
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegOpenKeyExW(
    thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, ulOptions: DWORD, samDesired: REGSAM, phkResult: Out[HKEY]
) -> LSTATUS:
    """Open a key. REG_OPTION_OPEN_LINK (8) opens a symbolic link itself."""
    return open_key(thread, hKey, lpSubKey, samDesired, phkResult, open_link=bool(ulOptions & reg.REG_OPTION_OPEN_LINK))


@advapi32.export(category="registry")
def RegOpenKeyW(thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, phkResult: Out[HKEY]) -> LSTATUS:
    """Open a key with all the access the caller can have."""
    if phkResult and not lpSubKey:
        key_of(thread, hKey)
        phkResult.set(hKey)
        return ERROR_SUCCESS
    return open_key(thread, hKey, lpSubKey, sec.MAXIMUM_ALLOWED, phkResult)


def create_key(
    thread: Thread, hkey: int, path: str, desired: int, *, options: int = 0, class_name: str | None = None,
    security: bytes | None = None,
) -> tuple[int, int]:  # fmt: skip
    """Create a key with all keys above it that are missing; returns its handle and the disposition."""
    start = key_of(thread, hkey)
    registry, token, wow64 = start.registry, subject(thread), is_wow64(thread)

    def create(name: str, access: int, last: bool) -> tuple[Key, int, int]:
        attributes = ObjectAttributes(name, start)
        if last:
            return registry.create(attributes, access, token, options=options, class_name=class_name,
                                   security=security, wow64=wow64)  # fmt: skip
        volatile = options & reg.REG_OPTION_VOLATILE
        return registry.create(attributes, access, token, options=volatile, wow64=wow64)

    view = desired & reg.KEY_WOW64_RES
    try:
        try:
            key, access, disposition = create(path, desired, True)
        except NtError as error:
            if error.status != STATUS_OBJECT_NAME_NOT_FOUND:
                raise
            names = [name for name in path.split("\\") if name]
            for count in range(1, len(names)):
                create("\\".join(names[:count]), reg.KEY_CREATE_SUB_KEY | view, False)
            key, access, disposition = create(path, desired, True)
    except NtError as error:
        raise path_error(error) from None
    return insert(thread, key, access), disposition


@advapi32.export(category="registry")
def RegCreateKeyExW(
    thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, Reserved: DWORD, lpClass: LPCWSTR, dwOptions: DWORD,
    samDesired: REGSAM, lpSecurityAttributes: LPVOID, phkResult: Out[HKEY], lpdwDisposition: Out[DWORD],
) -> LSTATUS:  # fmt: skip
    """Open a key, creating what is missing of its path."""
    if Reserved or not phkResult or lpSubKey is None:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    phkResult.set(0)
    security = None
    if lpSecurityAttributes:
        memory = thread.process.memory
        address = memory.read_pointer(lpSecurityAttributes + memory.pointer_size)
        security = read_descriptor(memory, address).pack() if address else None
    handle, disposition = create_key(
        thread, hKey, lpSubKey, samDesired, options=dwOptions, class_name=lpClass, security=security
    )
    phkResult.set(handle)
    lpdwDisposition.put(disposition)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegCreateKeyW(thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, phkResult: Out[HKEY]) -> LSTATUS:
    """Open or create a key with all the access the caller can have."""
    if not phkResult:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    if not lpSubKey:
        key_of(thread, hKey)
        phkResult.set(hKey)
        return ERROR_SUCCESS
    handle, _ = create_key(thread, hKey, lpSubKey, sec.MAXIMUM_ALLOWED)
    phkResult.set(handle)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegCloseKey(thread: Thread, hKey: HKEY) -> LSTATUS:
    """Close a key; closing a predefined one does nothing."""
    if predefined(hKey) is None:
        if not hKey:
            raise Win32Error(ERROR_INVALID_HANDLE)
        thread.process.handles.get(hKey, Key)
        thread.process.handles.close(hKey)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegFlushKey(thread: Thread, hKey: HKEY) -> LSTATUS:
    """Put all changes on the disk."""
    flush(key_of(thread, hKey))
    return ERROR_SUCCESS


def delete_key(thread: Thread, hkey: int, path: str | None, desired: int) -> int:
    """Delete a key that has no subkeys."""
    if path is None:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    key, _ = open_below(thread, hkey, path, sec.DELETE | desired & reg.KEY_WOW64_RES, open_link=True)
    key.registry.tree.delete(key.node)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegDeleteKeyW(thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR) -> LSTATUS:
    """Delete a key without subkeys."""
    return delete_key(thread, hKey, lpSubKey, 0)


@advapi32.export(category="registry")
def RegDeleteKeyExW(thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, samDesired: DWORD, Reserved: DWORD) -> LSTATUS:
    """Delete a key without subkeys, in the given 32- or 64-bit view."""
    if Reserved:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return delete_key(thread, hKey, lpSubKey, samDesired)


def _enum_key(
    thread: Thread, hkey: int, index: int, name: int, size: InOutRef[DWORD], class_name: int,
    class_size: InOutRef[DWORD], written: Out[FILETIME], wide: bool,
) -> int:  # fmt: skip
    key = key_of(thread, hkey, reg.KEY_ENUMERATE_SUB_KEYS)
    subkeys = key.subkeys()
    if not size or (class_name and not class_size):
        raise Win32Error(ERROR_INVALID_PARAMETER)
    if index >= len(subkeys):
        raise Win32Error(ERROR_NO_MORE_ITEMS)
    node = subkeys[index]
    capacity = size.get()
    try:
        put_counted(thread, node.name, name, size, wide=wide)
    except Win32Error:
        size.set(capacity)
        raise
    if class_name:
        put_counted(thread, node.class_name or "", class_name, class_size, wide=wide)
    elif class_size:
        class_size.set(len(node.class_name or ""))
    written.put(filetime(node.written))
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegEnumKeyExW(
    thread: Thread, hKey: HKEY, dwIndex: DWORD, lpName: LPWSTR, lpcchName: InOutRef[DWORD], lpReserved: LPVOID,
    lpClass: LPWSTR, lpcchClass: InOutRef[DWORD], lpftLastWriteTime: Out[FILETIME],
) -> LSTATUS:  # fmt: skip
    """Return the name of a subkey by number; ERROR_NO_MORE_ITEMS behind the last one."""
    return _enum_key(thread, hKey, dwIndex, lpName, lpcchName, lpClass, lpcchClass, lpftLastWriteTime, True)


@advapi32.export(category="registry")
def RegEnumKeyExA(
    thread: Thread, hKey: HKEY, dwIndex: DWORD, lpName: LPSTR, lpcchName: InOutRef[DWORD], lpReserved: LPVOID,
    lpClass: LPSTR, lpcchClass: InOutRef[DWORD], lpftLastWriteTime: Out[FILETIME],
) -> LSTATUS:  # fmt: skip
    """RegEnumKeyExW through the ANSI code page."""
    return _enum_key(thread, hKey, dwIndex, lpName, lpcchName, lpClass, lpcchClass, lpftLastWriteTime, False)


def _enum_key_simple(thread: Thread, hkey: int, index: int, name: int, capacity: int, wide: bool) -> int:
    from runtime.dlls.text import copy_text

    subkeys = key_of(thread, hkey, reg.KEY_ENUMERATE_SUB_KEYS).subkeys()
    if index >= len(subkeys):
        raise Win32Error(ERROR_NO_MORE_ITEMS)
    if not copy_text(thread, subkeys[index].name, name, capacity, wide=wide):
        raise Win32Error(ERROR_MORE_DATA)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegEnumKeyW(thread: Thread, hKey: HKEY, dwIndex: DWORD, lpName: LPWSTR, cchName: DWORD) -> LSTATUS:
    """Return the name of a subkey by number."""
    return _enum_key_simple(thread, hKey, dwIndex, lpName, cchName, True)


@advapi32.export(category="registry")
def RegEnumKeyA(thread: Thread, hKey: HKEY, dwIndex: DWORD, lpName: LPSTR, cchName: DWORD) -> LSTATUS:
    """RegEnumKeyW through the ANSI code page."""
    return _enum_key_simple(thread, hKey, dwIndex, lpName, cchName, False)


def _query_info(
    thread: Thread, hkey: int, class_name: int, class_size: InOutRef[DWORD], counts: tuple[Out[DWORD], ...],
    written: Out[FILETIME], wide: bool,
) -> int:  # fmt: skip
    key = key_of(thread, hkey, reg.KEY_QUERY_VALUE)
    subkeys, values = key.subkeys(), key.values()

    def longest(names: list[str]) -> int:
        return max((len(name.encode("utf-16-le", "surrogatepass")) // 2 for name in names), default=0)

    facts = (
        len(subkeys),
        longest([node.name for node in subkeys]),
        longest([node.class_name or "" for node in subkeys]),
        len(values),
        longest([row.name for row in values]),
        max((len(row.data) for row in values), default=0),
        len(key.registry.security(key.node).pack()),
    )
    if class_name and not class_size:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    for ref, fact in zip(counts, facts, strict=True):
        ref.put(fact)
    written.put(filetime(key.node.written))
    if class_name:
        put_counted(thread, key.node.class_name or "", class_name, class_size, wide=wide)
    elif class_size:
        class_size.set(len(key.node.class_name or ""))
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegQueryInfoKeyW(
    thread: Thread, hKey: HKEY, lpClass: LPWSTR, lpcchClass: InOutRef[DWORD], lpReserved: LPVOID,
    lpcSubKeys: Out[DWORD], lpcbMaxSubKeyLen: Out[DWORD], lpcbMaxClassLen: Out[DWORD], lpcValues: Out[DWORD],
    lpcbMaxValueNameLen: Out[DWORD], lpcbMaxValueLen: Out[DWORD], lpcbSecurityDescriptor: Out[DWORD],
    lpftLastWriteTime: Out[FILETIME],
) -> LSTATUS:  # fmt: skip
    """Return how many subkeys and values a key has and how long the longest are (characters; bytes for data)."""
    counts = (lpcSubKeys, lpcbMaxSubKeyLen, lpcbMaxClassLen, lpcValues, lpcbMaxValueNameLen, lpcbMaxValueLen,
              lpcbSecurityDescriptor)  # fmt: skip
    return _query_info(thread, hKey, lpClass, lpcchClass, counts, lpftLastWriteTime, True)


@advapi32.export(category="registry")
def RegQueryInfoKeyA(
    thread: Thread, hKey: HKEY, lpClass: LPSTR, lpcchClass: InOutRef[DWORD], lpReserved: LPVOID,
    lpcSubKeys: Out[DWORD], lpcbMaxSubKeyLen: Out[DWORD], lpcbMaxClassLen: Out[DWORD], lpcValues: Out[DWORD],
    lpcbMaxValueNameLen: Out[DWORD], lpcbMaxValueLen: Out[DWORD], lpcbSecurityDescriptor: Out[DWORD],
    lpftLastWriteTime: Out[FILETIME],
) -> LSTATUS:  # fmt: skip
    """RegQueryInfoKeyW through the ANSI code page."""
    counts = (lpcSubKeys, lpcbMaxSubKeyLen, lpcbMaxClassLen, lpcValues, lpcbMaxValueNameLen, lpcbMaxValueLen,
              lpcbSecurityDescriptor)  # fmt: skip
    return _query_info(thread, hKey, lpClass, lpcchClass, counts, lpftLastWriteTime, False)


@advapi32.export(category="registry")
async def RegNotifyChangeKeyValue(
    thread: Thread, hKey: HKEY, bWatchSubtree: BOOL, dwNotifyFilter: DWORD, hEvent: HANDLE, fAsynchronous: BOOL
) -> LSTATUS:
    """Wait until a key changes, or have an event set when it does."""
    key = key_of(thread, hKey, reg.KEY_NOTIFY)
    if fAsynchronous:
        if not hEvent:
            raise Win32Error(ERROR_INVALID_PARAMETER)
        event = thread.process.handles.get(hEvent, Event, EVENT_MODIFY_STATE)
        event.reset()
        if key.notify(dwNotifyFilter, bool(bWatchSubtree), NotifyRequest(lambda status: (event.set(), None)[1])):
            event.set()
        return ERROR_SUCCESS
    done = Event(manual_reset=True)
    request = NotifyRequest(lambda status: (done.set(), None)[1])
    if not key.notify(dwNotifyFilter, bool(bWatchSubtree), request):
        try:
            await wait_for(thread, [done])
        finally:
            key.cancel_notify(request)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegOpenCurrentUser(thread: Thread, samDesired: DWORD, phkResult: Out[HKEY]) -> LSTATUS:
    """Open HKEY_CURRENT_USER of the user the thread acts for."""
    path = f"{reg.USER_PATH}\\{subject(thread).user}"
    key, access = registry_of(thread).open(ObjectAttributes(path), samDesired, subject(thread))
    phkResult.set(insert(thread, key, access))
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegOpenUserClassesRoot(
    thread: Thread, hToken: HANDLE, dwOptions: DWORD, samDesired: DWORD, phkResult: Out[HKEY]
) -> LSTATUS:
    """Open the merged view of the classes of a token's user."""
    if dwOptions:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    thread.process.handles.get(hToken, Token)
    key = registry_of(thread).classes_root()
    access = key.registry.check(key.node, samDesired & ~reg.KEY_WOW64_RES, subject(thread))
    phkResult.set(insert(thread, key, access))
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegOverridePredefKey(thread: Thread, hKey: HKEY, hNewHKey: HKEY) -> LSTATUS:
    """Map a predefined key to another key, or back for NULL."""
    number = predefined(hKey)
    if number is None:
        raise Win32Error(ERROR_INVALID_HANDLE)
    keys = process_state(thread.process, PredefinedKeys)
    if hNewHKey:
        key = key_of(thread, hNewHKey)
        keys.overridden[number] = Key(key.registry, key.node, merged=key.merged, wow64=key.wow64)
    else:
        keys.overridden.pop(number, None)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegDisablePredefinedCache(thread: Thread) -> LSTATUS:
    """Have HKEY_CURRENT_USER looked up anew at each use."""
    process_state(thread.process, PredefinedKeys).open.clear()
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegDisablePredefinedCacheEx(thread: Thread) -> LSTATUS:
    """Have all predefined keys looked up anew at each use."""
    process_state(thread.process, PredefinedKeys).open.clear()
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegConnectRegistryW(thread: Thread, lpMachineName: LPCWSTR, hKey: HKEY, phkResult: Out[HKEY]) -> LSTATUS:
    """Open a predefined key of a computer: of this one only, there is no other."""
    machine = (lpMachineName or "").lstrip("\\").lower()
    if machine not in ("", ".", "localhost", thread.process.machine.config.computer_name.lower()):
        raise Win32Error(ERROR_BAD_NETPATH)
    if predefined(hKey) is None:
        raise Win32Error(ERROR_INVALID_HANDLE)
    return open_key(thread, hKey, None, sec.MAXIMUM_ALLOWED, phkResult)


@advapi32.export(category="registry")
def RegGetKeySecurity(
    thread: Thread, hKey: HKEY, SecurityInformation: HEX32, pSecurityDescriptor: LPVOID,
    lpcbSecurityDescriptor: InOutRef[DWORD],
) -> LSTATUS:  # fmt: skip
    """Return the chosen parts of a key's security descriptor, self-relative."""
    access = sec.READ_CONTROL if SecurityInformation & 7 else 0
    if SecurityInformation & sec.SACL_SECURITY_INFORMATION:
        access |= sec.ACCESS_SYSTEM_SECURITY
    key = key_of(thread, hKey, access)
    data = key.registry.security(key.node).select(SecurityInformation).pack()
    capacity = lpcbSecurityDescriptor.get()
    lpcbSecurityDescriptor.set(len(data))
    if capacity < len(data):
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(pSecurityDescriptor, data)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegSetKeySecurity(
    thread: Thread, hKey: HKEY, SecurityInformation: HEX32, pSecurityDescriptor: LPVOID
) -> LSTATUS:
    """Set the chosen parts of a key's security descriptor."""
    key = key_of(thread, hKey, security_access(SecurityInformation))
    set_key_security(key, thread, SecurityInformation, pSecurityDescriptor)
    return ERROR_SUCCESS


def security_access(information: int) -> int:
    """Return the access a handle needs to set these parts of a descriptor."""
    access = 0
    if information & (sec.OWNER_SECURITY_INFORMATION | sec.GROUP_SECURITY_INFORMATION | sec.LABEL_SECURITY_INFORMATION):
        access |= sec.WRITE_OWNER
    if information & sec.DACL_SECURITY_INFORMATION:
        access |= sec.WRITE_DAC
    if information & sec.SACL_SECURITY_INFORMATION:
        access |= sec.ACCESS_SYSTEM_SECURITY
    return access


def set_key_security(key: Key, thread: Thread, information: int, address: int) -> None:
    """Give a key the chosen parts of the descriptor at `address`."""
    new = read_descriptor(thread.process.memory, address)
    node: KeyNode = key.node
    key.registry.tree.set_security(node, key.registry.security(node).merge(new, information).pack())


@advapi32.export(category="registry")
def RegDisableReflectionKey(thread: Thread, hBase: HKEY) -> LSTATUS:
    """Registry reflection ended with Windows 7: the call succeeds for a valid key and changes nothing."""
    key_of(thread, hBase)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegEnableReflectionKey(thread: Thread, hBase: HKEY) -> LSTATUS:
    """Registry reflection ended with Windows 7: the call succeeds for a valid key and changes nothing."""
    key_of(thread, hBase)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegQueryReflectionKey(thread: Thread, hBase: HKEY, bIsReflectionDisabled: Out[BOOL]) -> LSTATUS:
    """Registry reflection is always off since Windows 7."""
    key_of(thread, hBase)
    bIsReflectionDisabled.set(1)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegRenameKey(thread: Thread, hKey: HKEY, lpSubKeyName: LPCWSTR, lpNewKeyName: LPCWSTR) -> LSTATUS:
    """Give a key another name."""
    if not lpNewKeyName:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    if lpSubKeyName:
        key, _ = open_below(thread, hKey, lpSubKeyName, reg.KEY_WRITE, open_link=True)
    else:
        key = key_of(thread, hKey, reg.KEY_SET_VALUE)
    key.registry.tree.rename(key.node, lpNewKeyName)
    return ERROR_SUCCESS


RegOpenKeyExA = advapi32.ansi(RegOpenKeyExW)
RegOpenKeyA = advapi32.ansi(RegOpenKeyW)
RegCreateKeyExA = advapi32.ansi(RegCreateKeyExW)
RegCreateKeyA = advapi32.ansi(RegCreateKeyW)
RegDeleteKeyA = advapi32.ansi(RegDeleteKeyW)
RegDeleteKeyExA = advapi32.ansi(RegDeleteKeyExW)
RegConnectRegistryA = advapi32.ansi(RegConnectRegistryW)
