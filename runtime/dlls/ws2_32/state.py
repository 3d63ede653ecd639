"""What Winsock keeps per process: how often it was started, and the static buffers its old functions return."""

from __future__ import annotations

import ipaddress
import struct
from typing import TYPE_CHECKING

from runtime.dlls.heap import guest_heap_alloc
from runtime.dlls.process_state import process_state
from runtime.nt.status import Win32Error

if TYPE_CHECKING:
    from runtime.nt.thread import Thread

WSA_IO_INCOMPLETE = 996
WSA_IO_PENDING = 997
WSAEFAULT = 10014
WSAEINVAL = 10022
WSAEWOULDBLOCK = 10035
WSAENOTSOCK = 10038
WSAENOPROTOOPT = 10042
WSAEPROTONOSUPPORT = 10043
WSAESOCKTNOSUPPORT = 10044
WSAEOPNOTSUPP = 10045
WSAEAFNOSUPPORT = 10047
WSAENOBUFS = 10055
WSAENOTCONN = 10057
WSAETIMEDOUT = 10060
WSAVERNOTSUPPORTED = 10092
WSANOTINITIALISED = 10093
WSASERVICE_NOT_FOUND = 10108
WSATYPE_NOT_FOUND = 10109
WSAHOST_NOT_FOUND = 11001
WSANO_DATA = 11004
AF_UNSPEC, AF_INET, AF_INET6 = 0, 2, 23
NETWORK = "network"
STATIC_SIZE = 512


class Winsock:
    """The state of one process."""

    def __init__(self) -> None:
        self.started = 0
        self.buffers: dict[int, int] = {}


def winsock(thread: Thread) -> Winsock:
    """Return the process's Winsock. Raises Win32Error(WSANOTINITIALISED) before WSAStartup."""
    state = process_state(thread.process, Winsock)
    if not state.started:
        raise Win32Error(WSANOTINITIALISED)
    return state


async def static_buffer(thread: Thread) -> int:
    """Return this thread's buffer for functions that return a pointer to static data."""
    state = winsock(thread)
    found = state.buffers.get(thread.id)
    if found is None:
        found = state.buffers[thread.id] = await guest_heap_alloc(thread, STATIC_SIZE)
    return found


def pack_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> bytes:
    """Return a sockaddr_in or sockaddr_in6, the latter with the address's zone."""
    if address.version == 4:
        return struct.pack("<H", AF_INET) + struct.pack(">H", port) + address.packed + bytes(8)
    zone = int(address.scope_id or 0)
    return struct.pack("<H", AF_INET6) + struct.pack(">HI", port, 0) + address.packed + struct.pack("<I", zone)


def unpack_address(data: bytes) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]:
    """Read a sockaddr_in or sockaddr_in6. Raises Win32Error(WSAEFAULT or WSAEAFNOSUPPORT)."""
    if len(data) < 16:
        raise Win32Error(WSAEFAULT)
    family, port = struct.unpack("<H", data[:2])[0], struct.unpack(">H", data[2:4])[0]
    if family == AF_INET:
        return ipaddress.IPv4Address(data[4:8]), port
    if family == AF_INET6 and len(data) >= 24:
        return ipaddress.IPv6Address(data[8:24]), port
    raise Win32Error(WSAEAFNOSUPPORT)


def zone_of(data: bytes) -> str:
    """Return the zone of a sockaddr_in6 as it stands behind an address, "%42"; "" where there is none."""
    if len(data) < 28 or data[:2] != AF_INET6.to_bytes(2, "little"):
        return ""
    zone = int.from_bytes(data[24:28], "little")
    return f"%{zone}" if zone else ""


def parse_ipv6(text: str) -> ipaddress.IPv6Address:
    """Read an IPv6 address; its zone must be a number. Raises ValueError."""
    address = ipaddress.IPv6Address(text)
    if address.scope_id is not None and int(address.scope_id) >= 1 << 32:
        raise ValueError(text)
    return address


def parse_ipv4(text: str) -> int | None:
    """Read an IPv4 address as inet_addr does: one to four parts, decimal, octal or hex; big-endian value or None."""
    parts = text.strip().split(" ", 1)[0].split(".")
    if not 1 <= len(parts) <= 4:
        return None
    numbers = []
    for part in parts:
        try:
            octal = part[:1] == "0" and len(part) > 1
            numbers.append(int(part, 16 if part[:2].lower() == "0x" else 8 if octal else 10))
        except ValueError:
            return None
    limits = [255] * (len(numbers) - 1) + [(1 << 8 * (5 - len(numbers))) - 1]
    if any(not 0 <= number <= limit for number, limit in zip(numbers, limits, strict=True)):
        return None
    value = numbers[-1]
    for index, number in enumerate(numbers[:-1]):
        value |= number << 8 * (3 - index)
    return value
