"""The CPU engine's interface: what the machine needs of a processor, whatever runs behind it.

An engine executes guest code of one address space, in ring 3, until something needs the machine. It then calls the
`Handlers` on the thread that called `run`, with the context's registers readable and writable; a handler returns True
to go on inside the engine at once, False to make `run` return. The engine knows nothing of Windows.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Protocol

from runtime.cpu.paging import PageTable


class Gpr(IntEnum):
    """Index of a register in `Context.registers` (the order of x86 instruction encodings)."""

    RAX = 0
    RCX = 1
    RDX = 2
    RBX = 3
    RSP = 4
    RBP = 5
    RSI = 6
    RDI = 7
    R8 = 8
    R9 = 9
    R10 = 10
    R11 = 11
    R12 = 12
    R13 = 13
    R14 = 14
    R15 = 15


class Access(Enum):
    """What a faulting instruction was doing."""

    READ = 0
    WRITE = 1
    EXECUTE = 8


class EngineError(Exception):
    """The engine itself failed; the guest process cannot go on."""


class Context(Protocol):
    """The registers of one guest thread. `rip`, `flags` and the rest are valid while the thread is not running."""

    @property
    def registers(self) -> memoryview:
        """The sixteen general registers as a writable view of 64-bit words, indexed by `Gpr`."""
        ...

    rip: int
    flags: int
    fs_base: int
    gs_base: int

    def segments(self) -> tuple[int, int, int, int, int, int]:
        """Return the selectors CS, DS, ES, FS, GS, SS."""
        ...

    def get_fxsave(self) -> bytes:
        """Return x87, MMX and SSE state as a 512-byte FXSAVE image."""
        ...

    def set_fxsave(self, image: bytes) -> None:
        """Load x87, MMX and SSE state from a 512-byte FXSAVE image."""
        ...

    def get_vector(self, index: int) -> bytes:
        """Return XMM register `index`, 16 bytes."""
        ...

    def set_vector(self, index: int, value: bytes) -> None:
        """Set XMM register `index` from 16 bytes."""
        ...

    def get_debug(self) -> tuple[int, int, int, int, int, int]:
        """Return the debug registers DR0 to DR3, DR6 and DR7."""
        ...

    def set_debug(self, values: tuple[int, int, int, int, int, int]) -> None:
        """Set the debug registers DR0 to DR3, DR6 and DR7."""
        ...

    def close(self) -> None:
        """Release the context."""
        ...


class Handlers(Protocol):
    """What the machine does when the guest needs it; each returns whether the guest goes on at once."""

    def on_trap(self, number: int) -> bool:
        """A trap stub ran: export `number` is called. Its OUT must end a block: engines stop only there."""
        ...

    def on_syscall(self, number: int) -> bool:
        """A SYSCALL instruction ran with EAX = `number`; RIP is behind it."""
        ...

    def on_page_fault(self, address: int, access: Access, present: bool) -> bool:
        """An access faulted; `present` when a page is mapped there but forbids it. RIP is the instruction."""
        ...

    def on_exception(self, vector: int, error: int) -> bool:
        """The processor raised exception `vector` (0-31)."""
        ...

    def on_interrupt(self, vector: int) -> bool:
        """The guest executed INT `vector` (or INT3); RIP is behind it."""
        ...

    def on_lost_pages(self, frames: list[int]) -> None:
        """Guest code touched mapped pages whose files have shrunk: it saw zeros, and has been stopped soon after."""
        ...


class Engine(Protocol):
    """A virtual processor bound to one address space."""

    page_table: PageTable
    parallel: bool
    """Whether several contexts may run at the same time."""

    def new_context(self) -> Context:
        """Return a context in ring 3 with zeroed registers."""
        ...

    def run(self, context: Context) -> None:
        """Run until a handler declines to go on or `kick` is called. Blocks the calling OS thread without the GIL."""
        ...

    def kick(self) -> None:
        """Make a running or the next `run` return soon. Callable from any OS thread."""
        ...

    def kick_after(self, seconds: float) -> None:
        """Arm the slice timer: `kick` in `seconds`, without Python's help. Callable from any OS thread."""
        ...

    def flush(self) -> None:
        """Forget cached translations after page-table entries were removed or tightened."""
        ...

    def code_changed(self, address: int, size: int) -> None:
        """Forget decoded code in a virtual range after the host changed it or its mapping."""
        ...

    def close(self) -> None:
        """Release the engine."""
        ...
