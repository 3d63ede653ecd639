"""IP addresses as text."""

from __future__ import annotations

import ipaddress


def format_ipv6(address: ipaddress.IPv6Address) -> str:
    """Return an IPv6 address as Windows writes it: embedded IPv4 addresses in dots."""
    mapped = address.ipv4_mapped
    if mapped is not None:
        return f"::ffff:{mapped}"
    number = int(address)
    if 0xFFFF < number < 1 << 32:
        return f"::{ipaddress.IPv4Address(number)}"
    return str(address)
