"""iphlpapi.h: GetAdaptersAddresses, and the older lists, which leave the loopback interface out."""

from __future__ import annotations

from typing import Annotated

from runtime.dlls.guid import format_guid
from runtime.dlls.iphlpapi import interface as lo
from runtime.dlls.iphlpapi.dll import iphlpapi
from runtime.dlls.structure import Bytes, Structure
from runtime.dlls.text import encode_wide
from runtime.dlls.types import DWORD, INT, LPCWSTR, LPVOID, PVOID, UCHAR, ULONG, ULONGLONG, InOut, Out
from runtime.dlls.ws2_32.state import pack_address
from runtime.nt.socket import AF_INET, AF_INET6, Address, loopback
from runtime.nt.status import (
    ERROR_BUFFER_OVERFLOW,
    ERROR_DEV_NOT_EXIST,
    ERROR_INVALID_PARAMETER,
    ERROR_NO_DATA,
    ERROR_SUCCESS,
)
from runtime.nt.thread import Thread

NETWORK = "network"
SKIP_UNICAST, SKIP_FRIENDLY_NAME, INCLUDE_PREFIX = 0x1, 0x20, 0x10
_IPV4_ENABLED, _IPV6_ENABLED = 0x80, 0x100
_UP, _DEDICATED = 1, 1


class SOCKET_ADDRESS(Structure):
    lpSockaddr: PVOID
    iSockaddrLength: INT


class IP_ADAPTER_ADDRESSES_LH(Structure):
    Length: ULONG
    IfIndex: DWORD
    Next: PVOID
    AdapterName: PVOID
    FirstUnicastAddress: PVOID
    FirstAnycastAddress: PVOID
    FirstMulticastAddress: PVOID
    FirstDnsServerAddress: PVOID
    DnsSuffix: PVOID
    Description: PVOID
    FriendlyName: PVOID
    PhysicalAddress: Annotated[bytes, Bytes(8)]
    PhysicalAddressLength: ULONG
    Flags: ULONG
    Mtu: ULONG
    IfType: DWORD
    OperStatus: INT
    Ipv6IfIndex: DWORD
    ZoneIndices: Annotated[bytes, Bytes(64)]
    FirstPrefix: PVOID
    TransmitLinkSpeed: ULONGLONG
    ReceiveLinkSpeed: ULONGLONG
    FirstWinsServerAddress: PVOID
    FirstGatewayAddress: PVOID
    Ipv4Metric: ULONG
    Ipv6Metric: ULONG
    Luid: ULONGLONG
    Dhcpv4Server: SOCKET_ADDRESS
    CompartmentId: ULONG
    NetworkGuid: Annotated[bytes, Bytes(16)]
    ConnectionType: INT
    TunnelType: INT
    Dhcpv6Server: SOCKET_ADDRESS
    Dhcpv6ClientDuid: Annotated[bytes, Bytes(130)]
    Dhcpv6ClientDuidLength: ULONG
    Dhcpv6Iaid: ULONG
    FirstDnsSuffix: PVOID


class IP_ADAPTER_UNICAST_ADDRESS_LH(Structure):
    Length: ULONG
    Flags: DWORD
    Next: PVOID
    Address: SOCKET_ADDRESS
    PrefixOrigin: INT
    SuffixOrigin: INT
    DadState: INT
    ValidLifetime: ULONG
    PreferredLifetime: ULONG
    LeaseLifetime: ULONG
    OnLinkPrefixLength: UCHAR


class IP_ADAPTER_PREFIX_XP(Structure):
    Length: ULONG
    Flags: DWORD
    Next: PVOID
    Address: SOCKET_ADDRESS
    PrefixLength: ULONG


class _Layout:
    """Data with pointers into itself, for the buffer at `base`."""

    def __init__(self, base: int, width: int) -> None:
        self.base = base
        self.width = width
        self.data = bytearray()

    def place(self, data: bytes) -> int:
        """Add data, aligned for a pointer; returns its address."""
        self.data += bytes(-len(self.data) % 8)
        address = self.base + len(self.data)
        self.data += data
        return address

    def socket_address(self, address: Address) -> SOCKET_ADDRESS:
        """Add a socket address; returns what leads to it."""
        data = pack_address(address, 0)
        return SOCKET_ADDRESS(lpSockaddr=self.place(data), iSockaddrLength=len(data))


def _unicast(out: _Layout, family: int, following: int) -> int:
    address = out.socket_address(loopback(family))
    row = IP_ADAPTER_UNICAST_ADDRESS_LH(
        Length=IP_ADAPTER_UNICAST_ADDRESS_LH.layout(out.width).size, Next=following, Address=address,
        PrefixOrigin=lo.WELL_KNOWN, SuffixOrigin=lo.WELL_KNOWN, DadState=lo.PREFERRED,
        ValidLifetime=lo.FOREVER, PreferredLifetime=lo.FOREVER, LeaseLifetime=lo.FOREVER,
        OnLinkPrefixLength=lo.prefix_length(family),
    )  # fmt: skip
    return out.place(row.pack(out.width))


def _prefix(out: _Layout, network: lo.Network, following: int) -> int:
    address = out.socket_address(network.network_address)
    row = IP_ADAPTER_PREFIX_XP(
        Length=IP_ADAPTER_PREFIX_XP.layout(out.width).size, Next=following, Address=address,
        PrefixLength=network.prefixlen,
    )  # fmt: skip
    return out.place(row.pack(out.width))


def _adapter(thread: Thread, base: int, family: int, flags: int) -> bytes:
    width = thread.process.memory.pointer_size
    size = IP_ADAPTER_ADDRESSES_LH.layout(width).size
    out = _Layout(base, width)
    out.place(bytes(size))
    families = lo.families(family)
    unicast = prefix = 0
    for one in reversed(families):
        if not flags & SKIP_UNICAST:
            unicast = _unicast(out, one, unicast)
        if flags & INCLUDE_PREFIX:
            for route in reversed(lo.routes(one)):
                prefix = _prefix(out, route.destination, prefix)
    friendly = "" if flags & SKIP_FRIENDLY_NAME else lo.ALIAS
    both = AF_INET6 in families
    adapter = IP_ADAPTER_ADDRESSES_LH(
        Length=size, IfIndex=lo.INDEX, FirstUnicastAddress=unicast, FirstPrefix=prefix,
        AdapterName=out.place(f"{{{format_guid(lo.guid(thread))}}}\0".encode()), DnsSuffix=out.place(b"\0\0"),
        Description=out.place(encode_wide(lo.DESCRIPTION + "\0")), FriendlyName=out.place(encode_wide(friendly + "\0")),
        Flags=_IPV4_ENABLED | _IPV6_ENABLED, Mtu=lo.MTU, IfType=lo.TYPE, OperStatus=_UP,
        Ipv6IfIndex=lo.INDEX if both else 0, ZoneIndices=(1).to_bytes(4, "little") * 16, TransmitLinkSpeed=lo.SPEED,
        ReceiveLinkSpeed=lo.SPEED, Ipv4Metric=lo.METRIC, Ipv6Metric=lo.METRIC, Luid=lo.LUID, CompartmentId=1,
        ConnectionType=_DEDICATED,
    )  # fmt: skip
    out.data[:size] = adapter.pack(width)
    out.data += bytes(-len(out.data) % 8)
    return bytes(out.data)


@iphlpapi.export(category=NETWORK)
def GetAdaptersAddresses(
    thread: Thread, Family: ULONG, Flags: ULONG, Reserved: LPVOID, AdapterAddresses: LPVOID, SizePointer: InOut[ULONG]
) -> ULONG:
    """List the interfaces with their addresses: loopback; it has no gateways, name servers or multicast groups."""
    if not SizePointer or Family not in (0, AF_INET, AF_INET6):
        return ERROR_INVALID_PARAMETER
    data = _adapter(thread, AdapterAddresses, Family, Flags)
    room = SizePointer.get()
    SizePointer.set(len(data))
    if not AdapterAddresses or room < len(data):
        return ERROR_BUFFER_OVERFLOW
    thread.process.memory.write(AdapterAddresses, data)
    return ERROR_SUCCESS


@iphlpapi.export(category=NETWORK)
def GetAdaptersInfo(thread: Thread, AdapterInfo: LPVOID, SizePointer: InOut[ULONG]) -> ULONG:
    """List the IPv4 adapters: the loopback interface is never among them, so there are none."""
    return ERROR_NO_DATA if SizePointer else ERROR_INVALID_PARAMETER


@iphlpapi.export(category=NETWORK)
def GetInterfaceInfo(thread: Thread, pIfTable: LPVOID, dwOutBufLen: InOut[ULONG]) -> DWORD:
    """List the adapters that have IPv4: the loopback interface is never among them, so there are none."""
    return ERROR_NO_DATA if dwOutBufLen else ERROR_INVALID_PARAMETER


@iphlpapi.export(category=NETWORK)
def GetPerAdapterInfo(
    thread: Thread, IfIndex: ULONG, pPerAdapterInfo: LPVOID, pOutBufLen: InOut[ULONG]
) -> DWORD:
    """Return the name servers of an adapter: no index is one's, the loopback interface being none."""
    return ERROR_INVALID_PARAMETER


@iphlpapi.export(category=NETWORK)
def GetAdapterIndex(thread: Thread, AdapterName: LPCWSTR, IfIndex: Out[ULONG]) -> DWORD:
    """Return the index of an adapter by its name `\\DEVICE\\TCPIP_{GUID}`."""
    if not AdapterName or not IfIndex:
        return ERROR_INVALID_PARAMETER
    if not AdapterName.upper().endswith(f"{{{format_guid(lo.guid(thread))}}}"):
        return ERROR_DEV_NOT_EXIST
    IfIndex.set(lo.INDEX)
    return ERROR_SUCCESS


@iphlpapi.export(category=NETWORK)
def GetNumberOfInterfaces(thread: Thread, pdwNumIf: Out[DWORD]) -> DWORD:
    """Return the number of interfaces, loopback included."""
    if not pdwNumIf:
        return ERROR_INVALID_PARAMETER
    pdwNumIf.set(1)
    return ERROR_SUCCESS
