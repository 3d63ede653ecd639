"""iphlpapi.h and netioapi.h: a computer without network interfaces."""

from __future__ import annotations

from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.iphlpapi.dll import iphlpapi
from runtime.dlls.types import (
    BOOLEAN,
    DWORD,
    HANDLE,
    INT,
    LPCSTR,
    LPSTR,
    LPVOID,
    LPWSTR,
    PVOID,
    SIZE_T,
    ULONG,
    USHORT,
    InOut,
    Out,
)
from runtime.nt.status import (
    ERROR_FILE_NOT_FOUND,
    ERROR_INVALID_PARAMETER,
    ERROR_NETWORK_UNREACHABLE,
    ERROR_NO_DATA,
    ERROR_SUCCESS,
)
from runtime.nt.thread import Thread

NETWORK = "network"
_MIB_INITIAL_NOTIFICATION = 3


@iphlpapi.export(category=NETWORK)
def GetAdaptersAddresses(
    thread: Thread, Family: ULONG, Flags: ULONG, Reserved: LPVOID, AdapterAddresses: LPVOID, SizePointer: InOut[ULONG]
) -> ULONG:
    """List the interfaces with their addresses: there are none."""
    if not SizePointer or Family not in (0, 2, 23):
        return ERROR_INVALID_PARAMETER
    return ERROR_NO_DATA


@iphlpapi.export(category=NETWORK)
def GetAdaptersInfo(thread: Thread, AdapterInfo: LPVOID, SizePointer: InOut[ULONG]) -> ULONG:
    """List the adapters: there are none."""
    return ERROR_NO_DATA if SizePointer else ERROR_INVALID_PARAMETER


async def _empty_table(thread: Thread, target: Out[LPVOID]) -> int:
    if not target:
        return ERROR_INVALID_PARAMETER
    target.set(await guest_heap_new(thread, bytes(8)))
    return ERROR_SUCCESS


@iphlpapi.export(category=NETWORK)
async def GetIfTable2(thread: Thread, Table: Out[LPVOID]) -> DWORD:
    """Return the table of interfaces, which is empty; free it with FreeMibTable."""
    return await _empty_table(thread, Table)


@iphlpapi.export(category=NETWORK)
async def GetIfTable2Ex(thread: Thread, Level: INT, Table: Out[LPVOID]) -> DWORD:
    """Return the table of interfaces, which is empty; free it with FreeMibTable."""
    return await _empty_table(thread, Table)


@iphlpapi.export(category=NETWORK)
async def FreeMibTable(thread: Thread, Memory: LPVOID) -> None:
    """Free a table."""
    await guest_heap_free(thread, Memory)


@iphlpapi.export(category=NETWORK)
def ConvertInterfaceLuidToNameW(
    thread: Thread, InterfaceLuid: LPVOID, InterfaceName: LPWSTR, Length: SIZE_T
) -> DWORD:
    """Return the name of an interface: no LUID is one's."""
    return ERROR_FILE_NOT_FOUND if InterfaceLuid and InterfaceName else ERROR_INVALID_PARAMETER


@iphlpapi.export(category=NETWORK)
def if_indextoname(thread: Thread, InterfaceIndex: ULONG, InterfaceName: LPSTR) -> PVOID:
    """Return the name of an interface: no index is one's."""
    return 0


@iphlpapi.export(category=NETWORK)
def if_nametoindex(thread: Thread, InterfaceName: LPCSTR) -> ULONG:
    """Return the index of an interface: no name is one's."""
    return 0


@iphlpapi.export(category=NETWORK)
def GetBestInterface(thread: Thread, dwDestAddr: ULONG, pdwBestIfIndex: Out[DWORD]) -> DWORD:
    """Return the interface that leads to an address: none does."""
    return ERROR_NETWORK_UNREACHABLE


@iphlpapi.export(category=NETWORK)
def GetBestInterfaceEx(thread: Thread, pDestAddr: LPVOID, pdwBestIfIndex: Out[DWORD]) -> DWORD:
    """Return the interface that leads to an address: none does."""
    return ERROR_NETWORK_UNREACHABLE


@iphlpapi.export(category=NETWORK)
async def GetUnicastIpAddressTable(thread: Thread, Family: USHORT, Table: Out[LPVOID]) -> DWORD:
    """Return the table of addresses, which is empty; free it with FreeMibTable."""
    return await _empty_table(thread, Table)


@iphlpapi.export(category=NETWORK)
def ConvertInterfaceIndexToLuid(thread: Thread, InterfaceIndex: ULONG, InterfaceLuid: LPVOID) -> DWORD:
    """Return the LUID of an interface: no index is one's."""
    return ERROR_FILE_NOT_FOUND if InterfaceLuid else ERROR_INVALID_PARAMETER


@iphlpapi.export(category=NETWORK)
def ConvertInterfaceLuidToNameA(
    thread: Thread, InterfaceLuid: LPVOID, InterfaceName: LPSTR, Length: SIZE_T
) -> DWORD:
    """Return the name of an interface: no LUID is one's."""
    return ERROR_FILE_NOT_FOUND if InterfaceLuid and InterfaceName else ERROR_INVALID_PARAMETER


@iphlpapi.export(category=NETWORK)
async def NotifyIpInterfaceChange(
    thread: Thread, Family: USHORT, Callback: PVOID, CallerContext: PVOID, InitialNotification: BOOLEAN,
    NotificationHandle: Out[HANDLE],
) -> DWORD:  # fmt: skip
    """Have a function called when an interface changes: none ever does. The first call, if it is wanted, is made."""
    if not Callback or not NotificationHandle:
        return ERROR_INVALID_PARAMETER
    NotificationHandle.set(Callback)
    if InitialNotification:
        await thread.call(Callback, CallerContext, 0, _MIB_INITIAL_NOTIFICATION)
    return ERROR_SUCCESS


@iphlpapi.export(category=NETWORK)
def CancelMibChangeNotify2(thread: Thread, NotificationHandle: HANDLE) -> DWORD:
    """Take back a registration."""
    return ERROR_SUCCESS if NotificationHandle else ERROR_INVALID_PARAMETER


@iphlpapi.export(category=NETWORK)
def GetBestRoute2(
    thread: Thread, InterfaceLuid: LPVOID, InterfaceIndex: ULONG, SourceAddress: LPVOID, DestinationAddress: LPVOID,
    AddressSortOptions: ULONG, BestRoute: LPVOID, BestSourceAddress: LPVOID,
) -> DWORD:  # fmt: skip
    """Return the route to an address: there is none."""
    return ERROR_NETWORK_UNREACHABLE
