"""Calling conventions: where arguments and results lie when a guest calls an export."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from runtime.cpu.engine import Gpr

if TYPE_CHECKING:
    from runtime.nt.thread import Thread

RawReader = Callable[["Thread"], tuple[int, ...]]
"""Reads the raw argument words of the call a thread is making."""


class Abi(Protocol):
    """One calling convention."""

    pointer_size: int

    def reader(self, count: int, *, syscall: bool) -> RawReader:
        """Return a function that reads `count` integer arguments as unsigned words."""
        ...

    def read_real(self, thread: Thread, index: int, raw: int, size: int) -> float:
        """Return argument `index` as a floating-point number of `size` bytes; `raw` is its integer word."""
        ...

    def set_integer(self, thread: Thread, value: int) -> None:
        """Store an integer result."""
        ...

    def set_real(self, thread: Thread, value: float, size: int) -> None:
        """Store a floating-point result."""
        ...


_HOME: Final = 0x28
"""Offset of the fifth argument from RSP at a function's first instruction: return address and four home slots."""


class X64:
    """The Microsoft x64 calling convention."""

    pointer_size = 8

    def reader(self, count: int, *, syscall: bool) -> RawReader:
        """Return a function that reads `count` integer arguments as unsigned 64-bit words."""
        first = int(Gpr.R10 if syscall else Gpr.RCX)
        if count == 0:
            return lambda thread: ()
        if count <= 4:
            indexes = (first, 2, 8, 9)[:count]

            def read(thread: Thread) -> tuple[int, ...]:
                registers = thread.context.registers
                return tuple([registers[index] for index in indexes])

            return read
        words = struct.Struct(f"<{count - 4}Q")

        def read_with_stack(thread: Thread) -> tuple[int, ...]:
            registers = thread.context.registers
            rest = words.unpack(thread.process.memory.read(registers[4] + _HOME, words.size))
            return (registers[first], registers[2], registers[8], registers[9], *rest)

        return read_with_stack

    def read_real(self, thread: Thread, index: int, raw: int, size: int) -> float:
        """The first four come in XMM0-3, the others on the stack."""
        data = thread.context.get_vector(index) if index < 4 else raw.to_bytes(8, "little")
        value: float = struct.unpack_from("<f" if size == 4 else "<d", data)[0]
        return value

    def set_integer(self, thread: Thread, value: int) -> None:
        """RAX."""
        thread.context.registers[0] = value & 0xFFFF_FFFF_FFFF_FFFF

    def set_real(self, thread: Thread, value: float, size: int) -> None:
        """XMM0."""
        thread.context.set_vector(0, struct.pack("<f" if size == 4 else "<d", value).ljust(16, b"\0"))
