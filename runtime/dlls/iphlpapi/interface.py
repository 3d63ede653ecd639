"""The one network interface of a machine: software loopback, with what Windows says of it.

Windows 10 gives the interface of MIB index 1 the LUID of type 24 (IF_TYPE_SOFTWARE_LOOPBACK) and number 0, hence the
name `loopback_0`; its addresses are 127.0.0.1/8 and ::1/128. Traffic over it is in none of its counters, there either.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass

from runtime.nt.socket import AF_INET, AF_INET6, Address, loopback
from runtime.nt.thread import Thread

INDEX = 1
TYPE = 24
LUID = TYPE << 48
NAME = "loopback_0"
ALIAS = "Loopback Pseudo-Interface 1"
DESCRIPTION = "Software Loopback Interface 1"
MTU = 0xFFFFFFFF
SPEED = 1 << 30
"""Bits a second."""
METRIC = 75
FOREVER = 0xFFFFFFFF
WELL_KNOWN = 2
"""IpPrefixOriginWellKnown and IpSuffixOriginWellKnown."""
PREFERRED = 4
"""IpDadStatePreferred."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Route:
    """A route that ends on the interface."""

    destination: Network
    metric: int


_ROUTES = tuple(
    Route(ipaddress.ip_network(destination), metric)
    for destination, metric in (
        ("127.0.0.0/8", 331), ("127.0.0.1/32", 331), ("127.255.255.255/32", 331), ("224.0.0.0/4", 331),
        ("255.255.255.255/32", 331), ("::1/128", 331), ("ff00::/8", 331),
    )
)  # fmt: skip
"""What `route print` shows on a computer without adapters."""


def guid(thread: Thread) -> bytes:
    """Return the interface's GUID: the machine's own, and always the same."""
    return hashlib.sha256(b"loopback " + thread.process.machine.accounts.domain.pack()).digest()[:16]


def families(family: int) -> tuple[int, ...]:
    """Return the address families that AF_UNSPEC or a family stands for; IPv6 first, as Windows lists them."""
    return (AF_INET6, AF_INET) if family == 0 else (family,)


def prefix_length(family: int) -> int:
    """Return the length of the on-link prefix of the loopback address."""
    return 8 if family == AF_INET else 128


def routes(family: int) -> list[Route]:
    """Return the routes of a family."""
    version = 4 if family == AF_INET else 6
    return [route for route in _ROUTES if route.destination.version == version]


def best_route(address: Address) -> Route | None:
    """Return the most special unicast route to an address, or None for one that nothing leads to."""
    found = [
        route for route in routes(AF_INET if address.version == 4 else AF_INET6)
        if address in route.destination and not route.destination.is_multicast and address.is_loopback
    ]  # fmt: skip
    return max(found, key=lambda route: route.destination.prefixlen, default=None)


def source_for(address: Address) -> Address:
    """Return the address that packets to a reachable address come from."""
    return loopback(AF_INET if address.version == 4 else AF_INET6)
