"""GUIDs in guest memory and as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.memory.space import AddressSpace

_PATTERN = re.compile(r"\{?([0-9A-Fa-f]{8})-([0-9A-Fa-f]{4})-([0-9A-Fa-f]{4})-([0-9A-Fa-f]{4})-([0-9A-Fa-f]{12})\}?")


def format_guid(data: bytes) -> str:
    """Return 16 bytes as `XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX`."""
    first = int.from_bytes(data[:4], "little")
    second, third = (int.from_bytes(data[at : at + 2], "little") for at in (4, 6))
    rest = data[8:16].hex().upper()
    return f"{first:08X}-{second:04X}-{third:04X}-{rest[:4]}-{rest[4:]}"


def parse_guid(text: str, *, braces: bool | None = None) -> bytes | None:
    """Return the 16 bytes of a GUID's text, or None. `braces`: whether they must (True) or must not be there."""
    match = _PATTERN.fullmatch(text)
    if match is None or text.startswith("{") != text.endswith("}") or braces not in (None, text.startswith("{")):
        return None
    first, second, third, fourth, fifth = match.groups()
    head = int(first, 16).to_bytes(4, "little") + int(second, 16).to_bytes(2, "little")
    return head + int(third, 16).to_bytes(2, "little") + bytes.fromhex(fourth + fifth)


def read_guid(memory: AddressSpace, address: int) -> str:
    """Read a GUID as text without braces."""
    return format_guid(memory.read(address, 16))


def random_guid(random: bytes) -> bytes:
    """Turn 16 random bytes into a version 4 GUID."""
    data = bytearray(random)
    data[7] = data[7] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    return bytes(data)
