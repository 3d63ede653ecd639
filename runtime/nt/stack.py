"""The calls a thread is in, by the unwind data of the images; what the mount, crash reports and dbghelp show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from runtime.cpu.engine import Gpr
from runtime.loader.module import Module
from runtime.loader.symbols import place_name
from runtime.loader.unwind import find_function, step
from runtime.memory.constants import EXECUTABLE_PROTECTIONS
from runtime.memory.faults import MemoryFault
from runtime.memory.inspect import peek_exact

if TYPE_CHECKING:
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread

DEPTH: Final = 128
"""Most frames that are followed."""


class Frame(NamedTuple):
    """One call: where it goes on, and RSP there."""

    address: int
    stack: int
    module: Module | None

    @property
    def name(self) -> str:
        """`module!export+0x12`, `module+0x1234`, or plain hex."""
        return place_name(self.module, self.address)


def walk(process: Process, registers: Sequence[int], address: int, depth: int = DEPTH) -> Iterator[Frame]:
    """The calls of a thread that stopped at `address` with these sixteen registers, innermost first.

    It ends where the stack does, or cannot be followed. The process must not run meanwhile; the lock is held.
    """
    state = [int(value) for value in registers[:16]]

    def read(place: int, size: int) -> bytes:
        return peek_exact(process.memory, place, size)

    for number in range(depth):
        if not address and number:
            return
        module = process.modules.at(address)
        if module is None and number and not _is_code(process, address):
            return
        before = state[Gpr.RSP]
        yield Frame(address, before, module)
        try:
            base = module.base if module is not None else 0
            function = find_function(read, base, address) if module is not None else None
            address = step(read, base, function, state, address)
        except (MemoryFault, ValueError):
            return
        if state[Gpr.RSP] <= before:
            return


def _is_code(process: Process, address: int) -> bool:
    """Whether there is executable memory (code that a program made)."""
    vad = process.memory.find(address)
    return vad is not None and vad.pages[address >> 12] & 0xFF in EXECUTABLE_PROTECTIONS


def stack_of(thread: Thread) -> Iterator[Frame]:
    """The calls of a thread that stands still."""
    context = thread.context
    return walk(thread.process, [int(value) for value in context.registers[:16]], context.rip)
