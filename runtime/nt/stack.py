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


def unwind(process: Process, registers: list[int], address: int) -> int | None:
    """Undo the call that `address` is in: bring the sixteen registers to what its caller has.

    Returns where the caller goes on; None where the stack ends or cannot be followed. The process must not run
    meanwhile; the lock is held.
    """

    def read(place: int, size: int) -> bytes:
        return peek_exact(process.memory, place, size)

    module = process.modules.at(address)
    before = registers[Gpr.RSP]
    try:
        base = module.base if module is not None else 0
        function = find_function(read, base, address) if module is not None else None
        returned = step(read, base, function, registers, address)
    except (MemoryFault, ValueError):
        return None
    if registers[Gpr.RSP] <= before or not returned:
        return None
    if process.modules.at(returned) is None and not _is_code(process, returned):
        return None
    return returned


def walk(process: Process, registers: Sequence[int], address: int, depth: int = DEPTH) -> Iterator[Frame]:
    """The calls of a thread that stopped at `address` with these sixteen registers, innermost first.

    It ends where the stack does, or cannot be followed. The process must not run meanwhile; the lock is held.
    """
    state = [int(value) for value in registers[:16]]
    place: int | None = address
    for _ in range(depth):
        if place is None:
            return
        yield Frame(place, state[Gpr.RSP], process.modules.at(place))
        place = unwind(process, state, place)


def _is_code(process: Process, address: int) -> bool:
    """Whether there is executable memory (code that a program made)."""
    vad = process.memory.find(address)
    return vad is not None and vad.pages[address >> 12] & 0xFF in EXECUTABLE_PROTECTIONS


def stack_of(thread: Thread) -> Iterator[Frame]:
    """The calls of a thread that stands still."""
    context = thread.context
    return walk(thread.process, [int(value) for value in context.registers[:16]], context.rip)
