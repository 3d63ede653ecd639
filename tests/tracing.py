"""A traced thread without a guest: real guest memory, events collected in a list."""

from __future__ import annotations

from dataclasses import dataclass, field

from runtime.cpu.physical import PhysicalMemory
from runtime.dlls.codec import codec_of
from runtime.dlls.types import DWORD, HANDLE, InOut, Out
from runtime.memory.constants import MEM_COMMIT, MEM_RESERVE, PAGE_READWRITE
from runtime.memory.space import AddressSpace
from runtime.trace.events import Event
from runtime.trace.filters import Filter
from runtime.trace.sinks import CallbackSink
from runtime.trace.trace import Trace

_PHYSICAL = PhysicalMemory(1 << 30)


@dataclass
class FakeProcess:
    """A process: an id and memory."""

    pid: int = 1000
    memory: AddressSpace = field(default_factory=lambda: AddressSpace(_PHYSICAL))
    top: int = 0

    def place(self, data: bytes) -> int:
        """Put data into fresh guest memory; return its address."""
        base = self.memory.allocate(0, max(len(data), 1), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)
        address = base if isinstance(base, int) else base[0]
        self.memory.write(address, data)
        return address

    def wide(self, text: str) -> int:
        """Put a UTF-16 string into guest memory."""
        return self.place(text.encode("utf-16-le", "surrogatepass") + b"\0\0")


@dataclass
class FakeThread:
    """A thread: an id, a process and where it was called from."""

    process: FakeProcess = field(default_factory=FakeProcess)
    id: int = 1004
    caller: int = 0x140001234


class Ticks:
    """A clock that is moved by hand; 100 ns a tick."""

    def __init__(self) -> None:
        self.now = 12_345_0000

    def __call__(self) -> int:
        return self.now


def collecting(*, filter: Filter | None = None) -> tuple[Trace, list[Event], Ticks]:
    """A trace whose events end up in a list after `flush`."""
    events: list[Event] = []
    ticks = Ticks()
    return Trace(ticks, filter=filter, sinks=[CallbackSink(events.append)]), events, ticks


def out_dword(process: FakeProcess, value: int) -> Out[int]:
    """A reference to a DWORD in guest memory that holds `value`."""
    return Out(process.place(value.to_bytes(4, "little")), codec_of(DWORD), process.memory)


def inout_dword(process: FakeProcess, value: int) -> InOut[int]:
    """The same, read and written."""
    return InOut(process.place(value.to_bytes(4, "little")), codec_of(DWORD), process.memory)


def out_handle(process: FakeProcess, value: int) -> Out[int]:
    """A reference to a HANDLE."""
    return Out(process.place(value.to_bytes(8, "little")), codec_of(HANDLE), process.memory)
