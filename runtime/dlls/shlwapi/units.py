"""Strings in the program's memory as text with one character a unit: UTF-16 units, or bytes."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.nt.thread import Thread


def read(thread: Thread, address: int, wide: bool) -> str:
    """Read a string; surrogates stay apart, bytes become the characters of their numbers."""
    memory = thread.process.memory
    if not wide:
        return memory.read_str(address).decode("latin-1")
    data = memory.read_wstr(address).encode("utf-16-le", "surrogatepass")
    return "".join(map(chr, struct.unpack(f"<{len(data) // 2}H", data)))


def encode(text: str, wide: bool) -> bytes:
    """Return units as bytes."""
    return struct.pack(f"<{len(text)}H", *map(ord, text)) if wide else text.encode("latin-1", "replace")


def write(thread: Thread, address: int, text: str, wide: bool) -> None:
    """Store a string and its NUL."""
    thread.process.memory.write(address, encode(text + "\0", wide))
