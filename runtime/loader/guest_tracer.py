"""Tracing calls into guest code: import thunks that report a call and its return.

A thunk traps, then jumps to the function. On the trap the return address is replaced by a stub that traps again; it
puts the real one back into effect. Before an exception is dispatched all replaced addresses are restored, since the
unwinder must see the real stack.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from runtime.cpu.engine import Gpr
from runtime.memory.faults import MemoryFault

if TYPE_CHECKING:
    from runtime.dlls.gate import Gate
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread
    from runtime.trace.probe import RawProbe


class GuestTracer:
    """The import thunks of one process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._thunks: dict[tuple[str, str, int], int] = {}
        number = process.machine.add_trap(lambda _: self._returned)
        # push rax; mov eax, number; out 0xF1, al; ret (never reached; an int3 there would still run after the trap)
        self._return_stub = process.loader.add_stub(b"\x50\xb8" + struct.pack("<I", number) + b"\xe6\xf1\xeb\x00\xc3")

    def thunk(self, module: str, function: str, address: int) -> int:
        """Return the address of a thunk that traces `module!function` and jumps to `address`."""
        key = (module, function, address)
        place = self._thunks.get(key)
        if place is None:
            probe = self._process.machine.trace.raw_probe(module, function)
            gate = self._gate(probe)
            number = self._process.machine.add_trap(lambda _: gate)
            code = (
                b"\xb8" + struct.pack("<I", number) + b"\xe6\xf1\xff\x25\x00\x00\x00\x00" + struct.pack("<Q", address)
            )
            place = self._thunks[key] = self._process.loader.add_stub(code)
        return place

    def known_thunk(self, module: str, function: str, address: int) -> int | None:
        """The address of a thunk that was made before, or None."""
        return self._thunks.get((module, function, address))

    def _gate(self, probe: RawProbe) -> Gate:
        stub = self._return_stub

        def called(thread: Thread) -> bool:
            memory, registers = thread.process.memory, thread.context.registers
            stack = int(registers[Gpr.RSP])

            def argument(index: int) -> int:
                if index < 4:
                    return int(registers[(Gpr.RCX, Gpr.RDX, Gpr.R8, Gpr.R9)[index]])
                try:
                    return memory.read_pointer(stack + 8 + 8 * index)
                except MemoryFault:
                    return 0

            def real(index: int) -> int:
                return _real(thread, index) if index < 4 else argument(index)

            arguments = probe.arguments(argument, real)
            token = probe.call(thread, arguments)
            while thread.trace_stack and thread.trace_stack[-1].place <= stack:
                thread.trace_stack.pop()
            thread.trace_stack.append(TracedReturn(stack, memory.read_pointer(stack), probe, token, arguments))
            memory.write_pointer(stack, stub)
            return True

        return called

    def _returned(self, thread: Thread) -> bool:
        registers, memory = thread.context.registers, thread.process.memory
        stack = int(registers[Gpr.RSP])  # the stub pushed RAX where the return address was
        result = memory.read_u64(stack)
        while thread.trace_stack and thread.trace_stack[-1].place < stack:
            thread.trace_stack.pop()
        entry = thread.trace_stack.pop()
        shown = entry.probe.result(result, lambda index: _real(thread, index))
        entry.probe.ret(thread, entry.token, entry.arguments, shown)
        registers[Gpr.RAX] = result
        registers[Gpr.RSP] = stack + 8
        thread.redirect(entry.address)
        return False


def _real(thread: Thread, index: int) -> int:
    """The low 64 bits of a vector register."""
    return int.from_bytes(thread.context.get_vector(index)[:8], "little")


class TracedReturn:
    """A return address that the tracer replaced."""

    __slots__ = ("address", "arguments", "place", "probe", "token")

    def __init__(
        self, place: int, address: int, probe: RawProbe, token: tuple[int, int], arguments: list[object]
    ) -> None:
        self.place = place
        self.address = address
        self.probe = probe
        self.token = token
        self.arguments = arguments

    def restore(self, process: Process) -> None:
        """Put the real return address back."""
        try:
            process.memory.write_pointer(self.place, self.address)
        except MemoryFault:
            return
