"""The report of an unhandled exception: what, where, the registers, and the stack as far as `.pdata` tells."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from runtime.memory.faults import MemoryFault
from runtime.nt import context as ctx
from runtime.nt.exception import unpack_record
from runtime.nt.status import STATUS_ACCESS_VIOLATION, STATUS_IN_PAGE_ERROR, status_name

if TYPE_CHECKING:
    from runtime.nt.thread import Thread

_REGISTERS: Final = (
    ("rax", 0x78), ("rbx", 0x90), ("rcx", 0x80), ("rdx", 0x88), ("rsi", 0xA8), ("rdi", 0xB0), ("rbp", 0xA0),
    ("rsp", 0x98), ("r8", 0xB8), ("r9", 0xC0), ("r10", 0xC8), ("r11", 0xD0), ("r12", 0xD8), ("r13", 0xE0),
    ("r14", 0xE8), ("r15", 0xF0),
)  # fmt: skip
_ACCESS: Final = {0: "reading", 1: "writing", 8: "executing"}
_DEPTH: Final = 24


def crash_report(thread: Thread, record: bytes, context: bytes) -> str:
    """Return the report as text of several lines."""
    code, _, address, information = unpack_record(record)
    loader = thread.process.loader
    head = f"winfs: unhandled exception {status_name(code)} (0x{code:08X}) at {loader.describe(address)}"
    if code in (STATUS_ACCESS_VIOLATION, STATUS_IN_PAGE_ERROR) and len(information) >= 2:
        head += f" {_ACCESS.get(information[0], 'accessing')} {information[1]:#x}"
    elif information:
        head += " (" + ", ".join(f"{item:#x}" for item in information) + ")"
    lines = [head, f"  process {thread.process.pid}, thread {thread.id}, {thread.process.image_path}"]
    values = [f"{name}={struct.unpack_from('<Q', context, offset)[0]:016x}" for name, offset in _REGISTERS]
    values.append(f"rip={ctx.rip_of(context):016x}")
    lines += ["  " + " ".join(values[start : start + 4]) for start in range(0, len(values), 4)]
    lines += [f"  {place}" for place in _stack(thread, context)]
    return "\n".join(lines)


def _stack(thread: Thread, context: bytes) -> list[str]:
    """Return code addresses on the stack, the faulting one first; candidates that follow a CALL are kept."""
    process = thread.process
    found = [process.loader.describe(ctx.rip_of(context))]
    stack = ctx.rsp_of(context)
    for slot in range(stack & ~7, min(stack + 0x2000, thread.stack_base), 8):
        if len(found) >= _DEPTH:
            break
        try:
            value = process.memory.read_u64(slot)
            if process.loader.at(value) is not None and _follows_call(process.memory.read(value - 7, 7)):
                found.append(process.loader.describe(value))
        except MemoryFault:
            continue
    return found


def _follows_call(code: bytes) -> bool:
    """Whether the bytes before a return address end in a CALL instruction."""
    if code[2] == 0xE8:
        return True
    for size in (2, 3, 4, 6, 7):
        part = code[7 - size :]
        opcode = 1 if 0x40 <= part[0] < 0x50 and size > 2 else 0
        if part[opcode] == 0xFF and part[opcode + 1] >> 3 & 7 == 2:
            return True
    return False
