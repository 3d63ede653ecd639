"""An unhandled exception: what, where, the registers, the stack; as text for the person, and as an event."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Final

from runtime.loader.builtin import RUNTIME_DLL
from runtime.memory.faults import MemoryFault
from runtime.memory.inspect import peek, peek_word
from runtime.nt import context as ctx
from runtime.nt.cxx_exception import Thrown, thrown
from runtime.nt.exception import unpack_record
from runtime.nt.stack import Frame, walk
from runtime.nt.status import STATUS_ACCESS_VIOLATION, STATUS_IN_PAGE_ERROR, STATUS_STACK_BUFFER_OVERRUN, status_name

if TYPE_CHECKING:
    from runtime.nt.thread import Thread
    from runtime.trace.events import Value

_REGISTERS: Final = (
    ("rax", 0), ("rbx", 3), ("rcx", 1), ("rdx", 2), ("rsi", 6), ("rdi", 7), ("rbp", 5), ("rsp", 4), ("r8", 8),
    ("r9", 9), ("r10", 10), ("r11", 11), ("r12", 12), ("r13", 13), ("r14", 14), ("r15", 15),
)  # fmt: skip
"""Names, and where each stands in a CONTEXT's integer registers."""
_ACCESS: Final = {0: "reading", 1: "writing", 8: "executing"}
_FAST_FAIL: Final = {
    0: "FAST_FAIL_LEGACY_GS_VIOLATION", 1: "FAST_FAIL_VTGUARD_CHECK_FAILURE", 2: "FAST_FAIL_STACK_COOKIE_CHECK_FAILURE",
    3: "FAST_FAIL_CORRUPT_LIST_ENTRY", 4: "FAST_FAIL_INCORRECT_STACK", 5: "FAST_FAIL_INVALID_ARG",
    6: "FAST_FAIL_GS_COOKIE_INIT", 7: "FAST_FAIL_FATAL_APP_EXIT", 8: "FAST_FAIL_RANGE_CHECK_FAILURE",
    10: "FAST_FAIL_GUARD_ICALL_CHECK_FAILURE", 14: "FAST_FAIL_INVALID_REFERENCE_COUNT",
}  # fmt: skip
_DEPTH: Final = 2048
_LINES: Final = 40
"""Calls that are followed, and lines that are shown of them: a call that repeats is one line."""
_BEFORE: Final = 16
_BEHIND: Final = 16
"""Bytes of code that are shown before and from RIP on."""
_SCANNED: Final = 0x2000
_GUESSES: Final = 8


@dataclass(frozen=True)
class Crash:
    """An exception that nothing handled. The process stands still while this is asked."""

    thread: Thread
    record: bytes
    context: bytes

    @property
    def code(self) -> int:
        """The exception code."""
        return unpack_record(self.record)[0]

    @property
    def rip(self) -> int:
        """Where the thread was."""
        return ctx.rip_of(self.context)

    @cached_property
    def registers(self) -> tuple[int, ...]:
        """The sixteen integer registers, in the order of their encodings."""
        return struct.unpack_from("<16Q", self.context, 0x78)

    @cached_property
    def stack(self) -> tuple[Frame, ...]:
        """The calls the thread was in."""
        return tuple(walk(self.thread.process, self.registers, self.rip, _DEPTH))

    @cached_property
    def stack_lines(self) -> tuple[str, ...]:
        """The calls as text, innermost first; one that repeats says how often."""
        lines: list[str] = []
        for name, group in groupby(frame.name for frame in self.stack):
            count = len(list(group))
            lines.append(name if count == 1 else f"{name} ({count} times)")
            if len(lines) == _LINES:
                break
        return tuple(lines)

    @cached_property
    def thrown(self) -> Thrown | None:
        """The C++ object that was thrown."""
        code, _, _, information = unpack_record(self.record)
        return thrown(self.thread.process.memory, code, information)

    @cached_property
    def code_bytes(self) -> tuple[bytes, bytes]:
        """The bytes before RIP and from RIP on, as far as there are any."""
        before = _peek(self.thread, self.rip - _BEFORE, _BEFORE)
        if len(before) < _BEFORE:
            before = _peek(self.thread, self.rip & ~0xFFF, self.rip & 0xFFF)[-_BEFORE:]
        return before, _peek(self.thread, self.rip, _BEHIND)

    def guesses(self) -> list[str]:
        """Where the stack cannot be followed to its end: what on it looks like a return address."""
        thread = self.thread
        process = thread.process
        last = self.stack[-1]
        if len(self.stack) == _DEPTH or (last.module is not None and last.module.name == RUNTIME_DLL):
            return []
        found: list[str] = []
        start = last.stack & ~7
        for slot in range(start, min(start + _SCANNED, thread.stack_base), 8):
            if len(found) >= _GUESSES:
                break
            try:
                value = peek_word(process.memory, slot)
                module = process.loader.at(value)
                if module is not None and _follows_call(peek(process.memory, value - 7, 7)):
                    found.append(Frame(value, slot, module).name)
            except MemoryFault:
                continue
        return found

    def report(self) -> str:
        """The crash as text of several lines."""
        process = self.thread.process
        code, _, address, information = unpack_record(self.record)
        name = status_name(code)
        name += "" if name.startswith("0x") else f" (0x{code:08X})"
        head = f"winfs: unhandled exception {name} at {process.loader.describe(address)}"
        if code in (STATUS_ACCESS_VIOLATION, STATUS_IN_PAGE_ERROR) and len(information) >= 2:
            head += f" {_ACCESS.get(information[0], 'accessing')} {information[1]:#x}"
        elif code == STATUS_STACK_BUFFER_OVERRUN and len(information) == 1 and information[0] in _FAST_FAIL:
            head += f" ({_FAST_FAIL[information[0]]})"
        elif information:
            head += " (" + ", ".join(f"{item:#x}" for item in information) + ")"
        lines = [head]
        if self.thrown is not None:
            lines.append(f"  C++ exception {self.thrown}")
        lines.append(f"  process {process.pid}, thread {self.thread.id}, {process.image_path}")
        values = [f"{name}={self.registers[index]:016x}" for name, index in _REGISTERS]
        flags = int.from_bytes(self.context[0x44:0x48], "little")
        values += [f"rip={self.rip:016x}", f"eflags={flags:08x}"]
        lines += ["  " + " ".join(values[start : start + 4]) for start in range(0, len(values), 4)]
        before, behind = self.code_bytes
        if behind:
            lines.append(f"  code {before.hex(' ')}{' ' if before else ''}[{behind[:1].hex()}] {behind[1:].hex(' ')}")
        else:
            lines.append("  code: none at rip")
        lines.append("  stack")
        lines += [f"    {line}" for line in self.stack_lines]
        lines += [f"    ? {place}" for place in self.guesses()]
        return "\n".join(lines)

    def facts(self) -> dict[str, Value]:
        """The crash as the arguments of its event."""
        from runtime.trace.events import GuestText

        code, flags, address, information = unpack_record(self.record)
        found: dict[str, Value] = {
            "code": f"0x{code:08x}",
            "address": f"0x{address:x}",
            "flags": flags,
            "information": [f"0x{item:x}" for item in information],
            "unhandled": True,
        }
        if self.thrown is not None:
            found["thrown"] = GuestText(str(self.thrown))
        registers: dict[str, Value] = {name: f"0x{self.registers[index]:x}" for name, index in _REGISTERS}
        found["registers"] = registers | {
            "rip": f"0x{self.rip:x}"
        }
        found["stack"] = [*self.stack_lines]
        return found


def _peek(thread: Thread, address: int, size: int) -> bytes:
    """What can be read at an address."""
    memory = thread.process.memory
    if not 0 <= address <= memory.highest:
        return b""
    try:
        return peek(memory, address, size)
    except MemoryFault:
        return b""


def _follows_call(code: bytes) -> bool:
    """Whether the bytes before a return address end in a CALL instruction."""
    if len(code) < 7:
        return False
    if code[2] == 0xE8:
        return True
    for size in (2, 3, 4, 6, 7):
        part = code[7 - size :]
        opcode = 1 if 0x40 <= part[0] < 0x50 and size > 2 else 0
        if part[opcode] == 0xFF and part[opcode + 1] >> 3 & 7 == 2:
            return True
    return False
