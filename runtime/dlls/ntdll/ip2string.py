"""ip2string.h: IP addresses as text."""

from __future__ import annotations

import ipaddress

from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.text import encode_text
from runtime.dlls.types import LONG, LPSTR, LPWSTR, PVOID, ULONG, USHORT, InOut
from runtime.nt.address_text import format_ipv6
from runtime.nt.status import STATUS_INVALID_PARAMETER
from runtime.nt.thread import Thread

NETWORK = "network"


def _ipv4(thread: Thread, address: int) -> str:
    return str(ipaddress.IPv4Address(thread.process.memory.read(address, 4)))


def _ipv6(thread: Thread, address: int) -> str:
    return format_ipv6(ipaddress.IPv6Address(thread.process.memory.read(address, 16)))


def _put(thread: Thread, text: str, target: int, *, wide: bool) -> int:
    """Store text; return the address of its NUL."""
    data = encode_text(thread, text, wide)
    thread.process.memory.write(target, data + bytes(2 if wide else 1))
    return target + len(data)


def _put_counted(thread: Thread, text: str, target: int, length: InOut[ULONG], *, wide: bool) -> int:
    """Store text if there is room; `length` becomes the characters needed with the NUL."""
    if not length or (length.get() and not target):
        return STATUS_INVALID_PARAMETER
    room = length.get()
    length.set(len(text) + 1)
    if room < len(text) + 1:
        return STATUS_INVALID_PARAMETER
    _put(thread, text, target, wide=wide)
    return 0


def _port(port: int) -> int:
    return int.from_bytes(port.to_bytes(2, "little"), "big")


def _ipv6_with(text: str, scope: int, port: int) -> str:
    text += f"%{scope}" if scope else ""
    return f"[{text}]:{_port(port)}" if port else text


@ntdll.export(NETWORK)
def RtlIpv4AddressToStringA(thread: Thread, Addr: PVOID, S: LPSTR) -> PVOID:
    """Write an address; return where the text ends."""
    return _put(thread, _ipv4(thread, Addr), S, wide=False)


@ntdll.export(NETWORK)
def RtlIpv4AddressToStringW(thread: Thread, Addr: PVOID, S: LPWSTR) -> PVOID:
    """Write an address; return where the text ends."""
    return _put(thread, _ipv4(thread, Addr), S, wide=True)


@ntdll.export(NETWORK)
def RtlIpv4AddressToStringExA(
    thread: Thread, Address: PVOID, Port: USHORT, AddressString: LPSTR, AddressStringLength: InOut[ULONG]
) -> LONG:
    """Write an address, and a port (in network byte order) that is not 0."""
    text = _ipv4(thread, Address) + (f":{_port(Port)}" if Port else "")
    return _put_counted(thread, text, AddressString, AddressStringLength, wide=False)


@ntdll.export(NETWORK)
def RtlIpv4AddressToStringExW(
    thread: Thread, Address: PVOID, Port: USHORT, AddressString: LPWSTR, AddressStringLength: InOut[ULONG]
) -> LONG:
    """Write an address, and a port (in network byte order) that is not 0."""
    text = _ipv4(thread, Address) + (f":{_port(Port)}" if Port else "")
    return _put_counted(thread, text, AddressString, AddressStringLength, wide=True)


@ntdll.export(NETWORK)
def RtlIpv6AddressToStringA(thread: Thread, Addr: PVOID, S: LPSTR) -> PVOID:
    """Write an address; return where the text ends."""
    return _put(thread, _ipv6(thread, Addr), S, wide=False)


@ntdll.export(NETWORK)
def RtlIpv6AddressToStringW(thread: Thread, Addr: PVOID, S: LPWSTR) -> PVOID:
    """Write an address; return where the text ends."""
    return _put(thread, _ipv6(thread, Addr), S, wide=True)


@ntdll.export(NETWORK)
def RtlIpv6AddressToStringExA(
    thread: Thread, Address: PVOID, ScopeId: ULONG, Port: USHORT, AddressString: LPSTR,
    AddressStringLength: InOut[ULONG],
) -> LONG:  # fmt: skip
    """Write an address with its scope, and a port (in network byte order) that is not 0."""
    text = _ipv6_with(_ipv6(thread, Address), ScopeId, Port)
    return _put_counted(thread, text, AddressString, AddressStringLength, wide=False)


@ntdll.export(NETWORK)
def RtlIpv6AddressToStringExW(
    thread: Thread, Address: PVOID, ScopeId: ULONG, Port: USHORT, AddressString: LPWSTR,
    AddressStringLength: InOut[ULONG],
) -> LONG:  # fmt: skip
    """Write an address with its scope, and a port (in network byte order) that is not 0."""
    text = _ipv6_with(_ipv6(thread, Address), ScopeId, Port)
    return _put_counted(thread, text, AddressString, AddressStringLength, wide=True)
