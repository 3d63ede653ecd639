"""iphlpapi.h and netioapi.h: tables of interfaces, addresses and routes."""

from __future__ import annotations

import ipaddress
import struct
from typing import Annotated

from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.iphlpapi import interface as lo
from runtime.dlls.iphlpapi.dll import iphlpapi
from runtime.dlls.iphlpapi.iphlpapi import device_name
from runtime.dlls.structure import Bytes, Structure, WideChars
from runtime.dlls.types import BOOL, BOOLEAN, BYTE, DWORD, INT, LPVOID, ULONG, ULONGLONG, USHORT, In, InOut, Out
from runtime.dlls.ws2_32.state import pack_address, unpack_address
from runtime.nt.socket import AF_INET, AF_INET6, Address, loopback
from runtime.nt.status import (
    ERROR_FILE_NOT_FOUND,
    ERROR_INSUFFICIENT_BUFFER,
    ERROR_INVALID_DATA,
    ERROR_INVALID_PARAMETER,
    ERROR_NETWORK_UNREACHABLE,
    ERROR_NOT_FOUND,
    ERROR_SUCCESS,
    Win32Error,
)
from runtime.nt.thread import Thread

NETWORK = "network"
_UP, _CONNECTED, _DEDICATED, _LOOPBACK_MEDIUM, _LOOPBACK_ACCESS, _OPERATIONAL = 1, 1, 1, 17, 1, 5
_DIRECT, _LOCAL = 3, 2
"""MIB_IPROUTE_TYPE_DIRECT, MIB_IPPROTO_LOCAL."""


class MIB_IFROW(Structure):
    wszName: Annotated[str, WideChars(256)]
    dwIndex: DWORD
    dwType: DWORD
    dwMtu: DWORD
    dwSpeed: DWORD
    dwPhysAddrLen: DWORD
    bPhysAddr: Annotated[bytes, Bytes(8)]
    dwAdminStatus: DWORD
    dwOperStatus: DWORD
    dwLastChange: DWORD
    counters: Annotated[bytes, Bytes(48)]
    dwDescrLen: DWORD
    bDescr: Annotated[bytes, Bytes(256)]


class MIB_IF_ROW2(Structure):
    InterfaceLuid: ULONGLONG
    InterfaceIndex: ULONG
    InterfaceGuid: Annotated[bytes, Bytes(16)]
    Alias: Annotated[str, WideChars(257)]
    Description: Annotated[str, WideChars(257)]
    PhysicalAddressLength: ULONG
    PhysicalAddress: Annotated[bytes, Bytes(32)]
    PermanentPhysicalAddress: Annotated[bytes, Bytes(32)]
    Mtu: ULONG
    Type: ULONG
    TunnelType: INT
    MediaType: INT
    PhysicalMediumType: INT
    AccessType: INT
    DirectionType: INT
    InterfaceAndOperStatusFlags: ULONG
    OperStatus: INT
    AdminStatus: INT
    MediaConnectState: INT
    NetworkGuid: Annotated[bytes, Bytes(16)]
    ConnectionType: INT
    TransmitLinkSpeed: ULONGLONG
    ReceiveLinkSpeed: ULONGLONG
    counters: Annotated[bytes, Bytes(144)]


class MIB_IPINTERFACE_ROW(Structure):
    Family: USHORT
    InterfaceLuid: ULONGLONG
    InterfaceIndex: ULONG
    MaxReassemblySize: ULONG
    InterfaceIdentifier: ULONGLONG
    MinRouterAdvertisementInterval: ULONG
    MaxRouterAdvertisementInterval: ULONG
    AdvertisingEnabled: BOOLEAN
    ForwardingEnabled: BOOLEAN
    WeakHostSend: BOOLEAN
    WeakHostReceive: BOOLEAN
    UseAutomaticMetric: BOOLEAN
    UseNeighborUnreachabilityDetection: BOOLEAN
    ManagedAddressConfigurationSupported: BOOLEAN
    OtherStatefulConfigurationSupported: BOOLEAN
    AdvertiseDefaultRoute: BOOLEAN
    RouterDiscoveryBehavior: INT
    DadTransmits: ULONG
    BaseReachableTime: ULONG
    RetransmitTime: ULONG
    PathMtuDiscoveryTimeout: ULONG
    LinkLocalAddressBehavior: INT
    LinkLocalAddressTimeout: ULONG
    ZoneIndices: Annotated[bytes, Bytes(64)]
    SitePrefixLength: ULONG
    Metric: ULONG
    NlMtu: ULONG
    Connected: BOOLEAN
    SupportsWakeUpPatterns: BOOLEAN
    SupportsNeighborDiscovery: BOOLEAN
    SupportsRouterDiscovery: BOOLEAN
    ReachableTime: ULONG
    TransmitOffload: BYTE
    ReceiveOffload: BYTE
    DisableDefaultRoutes: BOOLEAN


class MIB_UNICASTIPADDRESS_ROW(Structure):
    Address: Annotated[bytes, Bytes(32)]
    InterfaceLuid: ULONGLONG
    InterfaceIndex: ULONG
    PrefixOrigin: INT
    SuffixOrigin: INT
    ValidLifetime: ULONG
    PreferredLifetime: ULONG
    OnLinkPrefixLength: BYTE
    SkipAsSource: BOOLEAN
    DadState: INT
    ScopeId: ULONG
    CreationTimeStamp: ULONGLONG


class MIB_IPFORWARD_ROW2(Structure):
    InterfaceLuid: ULONGLONG
    InterfaceIndex: ULONG
    Prefix: Annotated[bytes, Bytes(28)]
    PrefixLength: BYTE
    pad: Annotated[bytes, Bytes(3)]
    NextHop: Annotated[bytes, Bytes(28)]
    SitePrefixLength: BYTE
    ValidLifetime: ULONG
    PreferredLifetime: ULONG
    Metric: ULONG
    Protocol: INT
    Loopback: BOOLEAN
    AutoconfigureAddress: BOOLEAN
    Publish: BOOLEAN
    Immortal: BOOLEAN
    Age: ULONG
    Origin: INT


def _is_loopback(luid: int, index: int) -> bool:
    """Whether a row's key names the interface: its LUID where given, else its index."""
    return luid == lo.LUID if luid else index == lo.INDEX


def _forward_row(route: lo.Route, age: int) -> MIB_IPFORWARD_ROW2:
    network = route.destination
    address: Address = network.network_address
    nowhere: Address = ipaddress.IPv4Address(0) if network.version == 4 else ipaddress.IPv6Address(0)
    return MIB_IPFORWARD_ROW2(
        InterfaceLuid=lo.LUID, InterfaceIndex=lo.INDEX, Prefix=pack_address(address, 0), PrefixLength=network.prefixlen,
        NextHop=pack_address(nowhere, 0), ValidLifetime=lo.FOREVER, PreferredLifetime=lo.FOREVER,
        Metric=route.metric - lo.METRIC, Protocol=_LOCAL, Loopback=1, Immortal=1, Age=age,
    )  # fmt: skip


def _seconds(thread: Thread) -> int:
    return thread.process.machine.clock.ticks() // 10_000_000


def _old_forward_row(route: lo.Route, age: int) -> bytes:
    network = route.destination
    return struct.pack(
        "<4s4sI4s10I", network.network_address.packed, network.netmask.packed, 0, loopback(AF_INET).packed, lo.INDEX,
        _DIRECT, _LOCAL, age, 0, route.metric, *[0xFFFFFFFF] * 4,
    )  # fmt: skip


def _interface_row(thread: Thread) -> MIB_IFROW:
    description = lo.DESCRIPTION.encode()
    return MIB_IFROW(
        wszName=device_name(thread), dwIndex=lo.INDEX, dwType=lo.TYPE, dwMtu=1500, dwSpeed=lo.SPEED, dwAdminStatus=_UP,
        dwOperStatus=_OPERATIONAL, dwDescrLen=len(description) + 1, bDescr=description,
    )  # fmt: skip


def _interface_row2(thread: Thread) -> MIB_IF_ROW2:
    return MIB_IF_ROW2(
        InterfaceLuid=lo.LUID, InterfaceIndex=lo.INDEX, InterfaceGuid=lo.guid(thread), Alias=lo.ALIAS,
        Description=lo.DESCRIPTION, Mtu=lo.MTU, Type=lo.TYPE, MediaType=_LOOPBACK_MEDIUM, AccessType=_LOOPBACK_ACCESS,
        OperStatus=_UP, AdminStatus=_UP, MediaConnectState=_CONNECTED, ConnectionType=_DEDICATED,
        TransmitLinkSpeed=lo.SPEED, ReceiveLinkSpeed=lo.SPEED,
    )  # fmt: skip


def _ip_interface_row(family: int) -> MIB_IPINTERFACE_ROW:
    return MIB_IPINTERFACE_ROW(
        Family=family, InterfaceLuid=lo.LUID, InterfaceIndex=lo.INDEX, MinRouterAdvertisementInterval=200,
        MaxRouterAdvertisementInterval=600, UseAutomaticMetric=1, BaseReachableTime=30000, RetransmitTime=1000,
        PathMtuDiscoveryTimeout=600000, ZoneIndices=(1).to_bytes(4, "little") * 16, SitePrefixLength=64,
        Metric=lo.METRIC, NlMtu=lo.MTU, Connected=1, ReachableTime=30000,
    )  # fmt: skip


def _address_row(family: int) -> MIB_UNICASTIPADDRESS_ROW:
    return MIB_UNICASTIPADDRESS_ROW(
        Address=pack_address(loopback(family), 0), InterfaceLuid=lo.LUID, InterfaceIndex=lo.INDEX,
        PrefixOrigin=lo.WELL_KNOWN, SuffixOrigin=lo.WELL_KNOWN, ValidLifetime=lo.FOREVER, PreferredLifetime=lo.FOREVER,
        OnLinkPrefixLength=lo.prefix_length(family), DadState=lo.PREFERRED,
    )  # fmt: skip


async def _table(thread: Thread, target: Out[LPVOID], rows: list[Structure]) -> int:
    """Give a table in memory that FreeMibTable frees: a count, and the rows at offset 8."""
    if not target:
        return ERROR_INVALID_PARAMETER
    width = thread.process.memory.pointer_size
    data = struct.pack("<II", len(rows), 0) + b"".join(row.pack(width) for row in rows)
    target.set(await guest_heap_new(thread, data))
    return ERROR_SUCCESS


def _old_table(thread: Thread, rows: list[bytes], target: int, size: InOut[DWORD]) -> int:
    if not size:
        return ERROR_INVALID_PARAMETER
    data = struct.pack("<I", len(rows)) + b"".join(rows)
    room = size.get()
    size.set(len(data))
    if not target or room < len(data):
        return ERROR_INSUFFICIENT_BUFFER
    thread.process.memory.write(target, data)
    return ERROR_SUCCESS


@iphlpapi.export(category=NETWORK)
def GetIfTable(thread: Thread, pIfTable: LPVOID, pdwSize: InOut[ULONG], bOrder: BOOL) -> DWORD:
    """List the interfaces."""
    row = _interface_row(thread).pack(thread.process.memory.pointer_size)
    return _old_table(thread, [row], pIfTable, pdwSize)


@iphlpapi.export(category=NETWORK)
def GetIfEntry(thread: Thread, pIfRow: LPVOID) -> DWORD:
    """Return the interface whose index the row holds."""
    if not pIfRow:
        return ERROR_INVALID_PARAMETER
    if MIB_IFROW.read(thread.process.memory, pIfRow).dwIndex != lo.INDEX:
        return ERROR_INVALID_DATA
    _interface_row(thread).write(thread.process.memory, pIfRow)
    return ERROR_SUCCESS


@iphlpapi.export(category=NETWORK)
async def GetIfTable2(thread: Thread, Table: Out[LPVOID]) -> DWORD:
    """Return the table of interfaces; free it with FreeMibTable."""
    return await _table(thread, Table, [_interface_row2(thread)])


@iphlpapi.export(category=NETWORK)
async def GetIfTable2Ex(thread: Thread, Level: INT, Table: Out[LPVOID]) -> DWORD:
    """Return the table of interfaces; free it with FreeMibTable."""
    return await _table(thread, Table, [_interface_row2(thread)]) if 0 <= Level <= 1 else ERROR_INVALID_PARAMETER


@iphlpapi.export(category=NETWORK)
def GetIfEntry2(thread: Thread, Row: LPVOID) -> DWORD:
    """Return the interface whose LUID or index the row holds."""
    if not Row:
        return ERROR_INVALID_PARAMETER
    key = MIB_IF_ROW2.read(thread.process.memory, Row)
    if not key.InterfaceLuid and not key.InterfaceIndex:
        return ERROR_INVALID_PARAMETER
    if not _is_loopback(key.InterfaceLuid, key.InterfaceIndex):
        return ERROR_FILE_NOT_FOUND
    _interface_row2(thread).write(thread.process.memory, Row)
    return ERROR_SUCCESS


@iphlpapi.export(category=NETWORK)
async def FreeMibTable(thread: Thread, Memory: LPVOID) -> None:
    """Free a table."""
    await guest_heap_free(thread, Memory)


def _known(family: int) -> bool:
    return family in (0, AF_INET, AF_INET6)


@iphlpapi.export(category=NETWORK)
async def GetIpInterfaceTable(thread: Thread, Family: USHORT, Table: Out[LPVOID]) -> DWORD:
    """Return the table of interfaces that speak IP, a row for each version; free it with FreeMibTable."""
    if not _known(Family):
        return ERROR_INVALID_PARAMETER
    return await _table(thread, Table, [_ip_interface_row(family) for family in reversed(lo.families(Family))])


@iphlpapi.export(category=NETWORK)
def GetIpInterfaceEntry(thread: Thread, Row: LPVOID) -> DWORD:
    """Return what a version of IP is set to on an interface."""
    if not Row:
        return ERROR_INVALID_PARAMETER
    key = MIB_IPINTERFACE_ROW.read(thread.process.memory, Row)
    if key.Family not in (AF_INET, AF_INET6) or not (key.InterfaceLuid or key.InterfaceIndex):
        return ERROR_INVALID_PARAMETER
    if not _is_loopback(key.InterfaceLuid, key.InterfaceIndex):
        return ERROR_FILE_NOT_FOUND
    _ip_interface_row(key.Family).write(thread.process.memory, Row)
    return ERROR_SUCCESS


@iphlpapi.export(category=NETWORK)
async def GetUnicastIpAddressTable(thread: Thread, Family: USHORT, Table: Out[LPVOID]) -> DWORD:
    """Return the table of addresses; free it with FreeMibTable."""
    if not _known(Family):
        return ERROR_INVALID_PARAMETER
    return await _table(thread, Table, [_address_row(family) for family in reversed(lo.families(Family))])


@iphlpapi.export(category=NETWORK)
async def GetAnycastIpAddressTable(thread: Thread, Family: USHORT, Table: Out[LPVOID]) -> DWORD:
    """Return the table of anycast addresses: there are none; free it with FreeMibTable."""
    if not _known(Family):
        return ERROR_INVALID_PARAMETER
    return await _table(thread, Table, [])


@iphlpapi.export(category=NETWORK)
def GetUnicastIpAddressEntry(thread: Thread, Row: LPVOID) -> DWORD:
    """Return what is known of an address on an interface."""
    if not Row:
        return ERROR_INVALID_PARAMETER
    key = MIB_UNICASTIPADDRESS_ROW.read(thread.process.memory, Row)
    if not (key.InterfaceLuid or key.InterfaceIndex):
        return ERROR_INVALID_PARAMETER
    try:
        address, _ = unpack_address(key.Address)
    except Win32Error:
        return ERROR_INVALID_PARAMETER
    family = AF_INET if address.version == 4 else AF_INET6
    if not _is_loopback(key.InterfaceLuid, key.InterfaceIndex) or address != loopback(family):
        return ERROR_NOT_FOUND
    _address_row(family).write(thread.process.memory, Row)
    return ERROR_SUCCESS


@iphlpapi.export(category=NETWORK)
def GetIpAddrTable(thread: Thread, pIpAddrTable: LPVOID, pdwSize: InOut[ULONG], bOrder: BOOL) -> DWORD:
    """List the IPv4 addresses with their interfaces and masks."""
    row = struct.pack("<4sI4sIIHH", loopback(AF_INET).packed, lo.INDEX, bytes((255, 0, 0, 0)), 1, 65535, 0, 5)
    return _old_table(thread, [row], pIpAddrTable, pdwSize)


@iphlpapi.export(category=NETWORK)
def GetIpForwardTable(thread: Thread, pIpForwardTable: LPVOID, pdwSize: InOut[ULONG], bOrder: BOOL) -> DWORD:
    """List the IPv4 routes."""
    rows = [_old_forward_row(route, _seconds(thread)) for route in lo.routes(AF_INET)]
    return _old_table(thread, rows, pIpForwardTable, pdwSize)


@iphlpapi.export(category=NETWORK)
async def GetIpForwardTable2(thread: Thread, Family: USHORT, Table: Out[LPVOID]) -> DWORD:
    """Return the table of routes; free it with FreeMibTable."""
    if not _known(Family):
        return ERROR_INVALID_PARAMETER
    found = [route for family in reversed(lo.families(Family)) for route in lo.routes(family)]
    return await _table(thread, Table, [_forward_row(route, _seconds(thread)) for route in found])


def _ipv4(value: int) -> Address:
    return ipaddress.IPv4Address(value.to_bytes(4, "little"))


@iphlpapi.export(category=NETWORK)
def GetBestInterface(thread: Thread, dwDestAddr: ULONG, pdwBestIfIndex: Out[DWORD]) -> DWORD:
    """Return the interface that leads to an address: loopback or none."""
    if not pdwBestIfIndex:
        return ERROR_INVALID_PARAMETER
    if lo.best_route(_ipv4(dwDestAddr)) is None:
        return ERROR_NETWORK_UNREACHABLE
    pdwBestIfIndex.set(lo.INDEX)
    return ERROR_SUCCESS


def _socket_address(thread: Thread, pointer: int) -> Address | None:
    """Read a sockaddr; None for a family that is not IP. Raises AccessViolation."""
    memory = thread.process.memory
    try:
        size = 28 if memory.read_u16(pointer) == AF_INET6 else 16
        return unpack_address(memory.read(pointer, size))[0]
    except Win32Error:
        return None


@iphlpapi.export(category=NETWORK)
def GetBestInterfaceEx(thread: Thread, pDestAddr: LPVOID, pdwBestIfIndex: Out[DWORD]) -> DWORD:
    """Return the interface that leads to an address: loopback or none."""
    address = _socket_address(thread, pDestAddr) if pDestAddr and pdwBestIfIndex else None
    if address is None:
        return ERROR_INVALID_PARAMETER
    if lo.best_route(address) is None:
        return ERROR_NETWORK_UNREACHABLE
    pdwBestIfIndex.set(lo.INDEX)
    return ERROR_SUCCESS


@iphlpapi.export(category=NETWORK)
def GetBestRoute(thread: Thread, dwDestAddr: DWORD, dwSourceAddr: DWORD, pBestRoute: LPVOID) -> DWORD:
    """Return the best IPv4 route to an address."""
    if not pBestRoute:
        return ERROR_INVALID_PARAMETER
    route = lo.best_route(_ipv4(dwDestAddr))
    if route is None:
        return ERROR_NETWORK_UNREACHABLE
    thread.process.memory.write(pBestRoute, _old_forward_row(route, _seconds(thread)))
    return ERROR_SUCCESS


@iphlpapi.export(category=NETWORK)
def GetBestRoute2(
    thread: Thread, InterfaceLuid: In[ULONGLONG], InterfaceIndex: ULONG, SourceAddress: LPVOID,
    DestinationAddress: LPVOID, AddressSortOptions: ULONG, BestRoute: LPVOID, BestSourceAddress: LPVOID,
) -> DWORD:  # fmt: skip
    """Return the best route to an address, and the address packets come from."""
    address = _socket_address(thread, DestinationAddress) if DestinationAddress else None
    if address is None or not BestRoute or not BestSourceAddress:
        return ERROR_INVALID_PARAMETER
    luid = InterfaceLuid.get() if InterfaceLuid else 0
    if (luid or InterfaceIndex) and not _is_loopback(luid, InterfaceIndex):
        return ERROR_FILE_NOT_FOUND
    route = lo.best_route(address)
    if route is None:
        return ERROR_NETWORK_UNREACHABLE
    memory = thread.process.memory
    _forward_row(route, _seconds(thread)).write(memory, BestRoute)
    memory.write(BestSourceAddress, pack_address(lo.source_for(address), 0).ljust(28, b"\0"))
    return ERROR_SUCCESS
