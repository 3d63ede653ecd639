"""netioapi.h: names of interfaces, and notifications of changes, which never come."""

from __future__ import annotations

from runtime.dlls.guid import format_guid
from runtime.dlls.iphlpapi import interface as lo
from runtime.dlls.iphlpapi.dll import iphlpapi
from runtime.dlls.process_state import process_state
from runtime.dlls.text import encode_text
from runtime.dlls.types import (
    BOOLEAN,
    BYTE,
    DWORD,
    HANDLE,
    LPCSTR,
    LPCWSTR,
    LPSTR,
    LPVOID,
    LPWSTR,
    PVOID,
    SIZE_T,
    ULONG,
    ULONGLONG,
    USHORT,
    In,
    Out,
)
from runtime.nt.status import (
    ERROR_FILE_NOT_FOUND,
    ERROR_INVALID_NAME,
    ERROR_INVALID_PARAMETER,
    ERROR_NOT_ENOUGH_MEMORY,
    ERROR_SUCCESS,
)
from runtime.nt.thread import Thread

NETWORK = "network"
_MIB_INITIAL_NOTIFICATION = 3


def _give_name(thread: Thread, text: str, buffer: int, length: int, wide: bool) -> int:
    if length <= len(text):
        return ERROR_NOT_ENOUGH_MEMORY
    thread.process.memory.write(buffer, encode_text(thread, text + "\0", wide))
    return ERROR_SUCCESS


@iphlpapi.export(category=NETWORK)
def ConvertInterfaceLuidToNameW(
    thread: Thread, InterfaceLuid: In[ULONGLONG], InterfaceName: LPWSTR, Length: SIZE_T
) -> DWORD:
    """Return the name of an interface."""
    if not InterfaceLuid or not InterfaceName or InterfaceLuid.get() != lo.LUID:
        return ERROR_INVALID_PARAMETER
    return _give_name(thread, lo.NAME, InterfaceName, Length, True)


@iphlpapi.export(category=NETWORK)
def ConvertInterfaceLuidToNameA(
    thread: Thread, InterfaceLuid: In[ULONGLONG], InterfaceName: LPSTR, Length: SIZE_T
) -> DWORD:
    """Return the name of an interface."""
    if not InterfaceLuid or not InterfaceName or InterfaceLuid.get() != lo.LUID:
        return ERROR_INVALID_PARAMETER
    return _give_name(thread, lo.NAME, InterfaceName, Length, False)


@iphlpapi.export(category=NETWORK)
def ConvertInterfaceLuidToAlias(
    thread: Thread, InterfaceLuid: In[ULONGLONG], InterfaceAlias: LPWSTR, Length: SIZE_T
) -> DWORD:
    """Return the name that a person sees."""
    if not InterfaceLuid or not InterfaceAlias or InterfaceLuid.get() != lo.LUID:
        return ERROR_INVALID_PARAMETER
    return _give_name(thread, lo.ALIAS, InterfaceAlias, Length, True)


@iphlpapi.export(category=NETWORK)
def ConvertInterfaceLuidToIndex(
    thread: Thread, InterfaceLuid: In[ULONGLONG], InterfaceIndex: Out[DWORD]
) -> DWORD:
    """Return the index of an interface."""
    if not InterfaceLuid or not InterfaceIndex:
        return ERROR_INVALID_PARAMETER
    known = InterfaceLuid.get() == lo.LUID
    InterfaceIndex.set(lo.INDEX if known else 0)
    return ERROR_SUCCESS if known else ERROR_FILE_NOT_FOUND


@iphlpapi.export(category=NETWORK)
def ConvertInterfaceLuidToGuid(thread: Thread, InterfaceLuid: In[ULONGLONG], InterfaceGuid: LPVOID) -> DWORD:
    """Return the GUID of an interface."""
    if not InterfaceLuid or not InterfaceGuid or InterfaceLuid.get() != lo.LUID:
        return ERROR_INVALID_PARAMETER
    thread.process.memory.write(InterfaceGuid, lo.guid(thread))
    return ERROR_SUCCESS


def _give_luid(known: bool, target: Out[int], error: int) -> int:
    if not target:
        return ERROR_INVALID_PARAMETER
    target.set(lo.LUID if known else 0)
    return ERROR_SUCCESS if known else error


@iphlpapi.export(category=NETWORK)
def ConvertInterfaceIndexToLuid(thread: Thread, InterfaceIndex: ULONG, InterfaceLuid: Out[ULONGLONG]) -> DWORD:
    """Return the LUID of an interface."""
    return _give_luid(InterfaceIndex == lo.INDEX, InterfaceLuid, ERROR_FILE_NOT_FOUND)


@iphlpapi.export(category=NETWORK)
def ConvertInterfaceGuidToLuid(thread: Thread, InterfaceGuid: LPVOID, InterfaceLuid: Out[ULONGLONG]) -> DWORD:
    """Return the LUID of an interface by its GUID."""
    if not InterfaceGuid:
        return ERROR_INVALID_PARAMETER
    known = thread.process.memory.read(InterfaceGuid, 16) == lo.guid(thread)
    return _give_luid(known, InterfaceLuid, ERROR_INVALID_PARAMETER)


@iphlpapi.export(category=NETWORK)
def ConvertInterfaceAliasToLuid(thread: Thread, InterfaceAlias: LPCWSTR, InterfaceLuid: Out[ULONGLONG]) -> DWORD:
    """Return the LUID of an interface by the name that a person sees."""
    known = (InterfaceAlias or "").lower() == lo.ALIAS.lower()
    return _give_luid(known, InterfaceLuid, ERROR_INVALID_PARAMETER)


@iphlpapi.export(category=NETWORK)
def ConvertInterfaceNameToLuidW(thread: Thread, InterfaceName: LPCWSTR, InterfaceLuid: Out[ULONGLONG]) -> DWORD:
    """Return the LUID of an interface by its name."""
    return _give_luid((InterfaceName or "").lower() == lo.NAME, InterfaceLuid, ERROR_INVALID_NAME)


iphlpapi.ansi(ConvertInterfaceNameToLuidW)


@iphlpapi.export(category=NETWORK)
def if_indextoname(thread: Thread, InterfaceIndex: ULONG, InterfaceName: LPSTR) -> PVOID:
    """Return the name of an interface in a buffer of IF_NAMESIZE characters; NULL for an index that is none's."""
    if InterfaceIndex != lo.INDEX or not InterfaceName:
        return 0
    thread.process.memory.write(InterfaceName, lo.NAME.encode() + b"\0")
    return InterfaceName


@iphlpapi.export(category=NETWORK)
def if_nametoindex(thread: Thread, InterfaceName: LPCSTR) -> ULONG:
    """Return the index of an interface; 0 for a name that is none's."""
    return lo.INDEX if (InterfaceName or b"").lower() == lo.NAME.encode() else 0


@iphlpapi.export(category=NETWORK)
def ConvertLengthToIpv4Mask(thread: Thread, MaskLength: ULONG, Mask: Out[ULONG]) -> DWORD:
    """Return the mask of that many leading ones, in network byte order; INADDR_NONE for a length that is none."""
    if MaskLength > 32:
        Mask.set(0xFFFFFFFF)
        return ERROR_INVALID_PARAMETER
    Mask.set(int.from_bytes((0xFFFFFFFF << 32 - MaskLength & 0xFFFFFFFF).to_bytes(4, "big"), "little"))
    return ERROR_SUCCESS


@iphlpapi.export(category=NETWORK)
def ConvertIpv4MaskToLength(thread: Thread, Mask: ULONG, MaskLength: Out[BYTE]) -> DWORD:
    """Return how many ones lead a mask in network byte order, which must have no others."""
    bits = f"{int.from_bytes(Mask.to_bytes(4, 'little'), 'big'):032b}"
    length = len(bits.rstrip("0"))
    if "0" in bits[:length]:
        return ERROR_INVALID_PARAMETER
    MaskLength.set(length)
    return ERROR_SUCCESS


class _Notifications:
    """The registrations of a process: handle → function. Handles are addresses that are the caller's, and unique."""

    def __init__(self) -> None:
        self.registered: set[int] = set()
        self.next = 0


async def _notify(
    thread: Thread, callback: int, context: int, initial: int, handle: Out[int]
) -> int:
    if not callback or not handle:
        return ERROR_INVALID_PARAMETER
    state = process_state(thread.process, _Notifications)
    state.next += 1
    number = 0x10000 + 16 * state.next
    state.registered.add(number)
    handle.set(number)
    if initial:
        await thread.call(callback, context, 0, _MIB_INITIAL_NOTIFICATION)
    return ERROR_SUCCESS


@iphlpapi.export(category=NETWORK)
async def NotifyIpInterfaceChange(
    thread: Thread, Family: USHORT, Callback: PVOID, CallerContext: PVOID, InitialNotification: BOOLEAN,
    NotificationHandle: Out[HANDLE],
) -> DWORD:  # fmt: skip
    """Have a function called when an interface changes: none ever does. The first call, if it is wanted, is made."""
    return await _notify(thread, Callback, CallerContext, InitialNotification, NotificationHandle)


@iphlpapi.export(category=NETWORK)
async def NotifyUnicastIpAddressChange(
    thread: Thread, Family: USHORT, Callback: PVOID, CallerContext: PVOID, InitialNotification: BOOLEAN,
    NotificationHandle: Out[HANDLE],
) -> DWORD:  # fmt: skip
    """Have a function called when an address changes: none ever does. The first call, if it is wanted, is made."""
    return await _notify(thread, Callback, CallerContext, InitialNotification, NotificationHandle)


@iphlpapi.export(category=NETWORK)
async def NotifyRouteChange2(
    thread: Thread, AddressFamily: USHORT, Callback: PVOID, CallerContext: PVOID, InitialNotification: BOOLEAN,
    NotificationHandle: Out[HANDLE],
) -> DWORD:  # fmt: skip
    """Have a function called when a route changes: none ever does. The first call, if it is wanted, is made."""
    return await _notify(thread, Callback, CallerContext, InitialNotification, NotificationHandle)


@iphlpapi.export(category=NETWORK)
def CancelMibChangeNotify2(thread: Thread, NotificationHandle: HANDLE) -> DWORD:
    """Take back a registration."""
    registered = process_state(thread.process, _Notifications).registered
    if NotificationHandle not in registered:
        return ERROR_INVALID_PARAMETER
    registered.remove(NotificationHandle)
    return ERROR_SUCCESS


def device_name(thread: Thread) -> str:
    """Return the interface's name as GetIfTable gives it."""
    return f"\\DEVICE\\TCPIP_{{{format_guid(lo.guid(thread))}}}"
