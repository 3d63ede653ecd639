"""Decoding the instruction at which a thread was stopped, as far as the kernel looks at it for a fault's kind."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from runtime.cpu.engine import Gpr
from runtime.memory.faults import MemoryFault

if TYPE_CHECKING:
    from runtime.nt.thread import Thread

_PREFIXES: Final = frozenset(b"\x66\x67\xf0\xf2\xf3\x2e\x36\x3e\x26\x64\x65")
_LONGEST: Final = 15

_PRIVILEGED: Final = frozenset(b"\xf4\xfa\xfb\xe4\xe5\xe6\xe7\xec\xed\xee\xef\x6c\x6d\x6e\x6f")
_PRIVILEGED_0F: Final = frozenset(b"\x06\x08\x09\x20\x21\x22\x23\x30\x32\x33")
_PRIVILEGED_GROUPS: Final = {0x00: frozenset((2, 3)), 0x01: frozenset((2, 3, 6, 7))}
"""LLDT, LTR; LGDT, LIDT, LMSW, INVLPG."""

_ANY: Final = frozenset(range(8))
_WRITES: Final = {
    **{group << 3 | low: _ANY for group in range(7) for low in (0, 1)},
    **{opcode: frozenset(range(7)) for opcode in (0x80, 0x81, 0x83)},
    **dict.fromkeys((134, 135, 192, 193, 208, 209, 210, 211), _ANY),
    0xF6: frozenset((2, 3)),
    0xF7: frozenset((2, 3)),
    0xFE: frozenset((0, 1)),
    0xFF: frozenset((0, 1)),
    **{0x0F00 | opcode: _ANY for opcode in (0xA4, 0xA5, 0xAB, 0xAC, 0xAD, 0xB0, 0xB1, 0xB3, 0xBB, 0xC0, 0xC1)},
    0x0FBA: frozenset((5, 6, 7)),
    0x0FC7: frozenset((1,)),
}
"""Opcode to the ModRM digits of those instructions that read their memory operand and then write it."""


@dataclass(frozen=True)
class Instruction:
    """One decoded instruction; `opcode` is 0x0Fxx for the two-byte ones."""

    opcode: int
    digit: int
    """The reg field of ModRM."""
    width: int
    """Bytes of an operand of the full size: 2, 4 or 8."""
    register: int | None
    """Number of the register that ModRM names, None where it names memory."""
    address: int
    """Of the memory operand."""

    @property
    def is_privileged(self) -> bool:
        """Whether Windows calls a general protection fault here STATUS_PRIVILEGED_INSTRUCTION."""
        if self.opcode >> 8 == 0x0F:
            second = self.opcode & 0xFF
            return second in _PRIVILEGED_0F or self.digit in _PRIVILEGED_GROUPS.get(second, ())
        return self.opcode in _PRIVILEGED

    @property
    def updates_memory(self) -> bool:
        """Whether it reads and then writes memory: the processor checks for writing first."""
        return self.register is None and self.digit in _WRITES.get(self.opcode, ())


def decode(thread: Thread) -> Instruction | None:
    """Decode the instruction at the thread's RIP; None where there is none to read."""
    code = _fetch(thread, thread.context.rip)
    place = 0
    prefixes = set()
    while place < len(code) and code[place] in _PREFIXES:
        prefixes.add(code[place])
        place += 1
    rex = 0
    if place < len(code) and code[place] & 0xF0 == 0x40:
        rex = code[place]
        place += 1
    try:
        opcode = code[place]
        if opcode == 0x0F:
            place += 1
            opcode = 0x0F00 | code[place]
        width = 8 if rex & 8 else 2 if 0x66 in prefixes else 4
        modrm = code[place + 1] if place + 1 < len(code) else 0
        digit = modrm >> 3 & 7
        if modrm >> 6 == 3:
            return Instruction(opcode, digit, width, modrm & 7 | (rex & 1) << 3, 0)
        return Instruction(opcode, digit, width, None, _address(thread, code, place + 1, opcode, rex, prefixes))
    except IndexError:
        return None


def _fetch(thread: Thread, address: int) -> bytes:
    memory = thread.process.memory
    for size in (_LONGEST, min(_LONGEST, 0x1000 - (address & 0xFFF))):
        try:
            return memory.read(address, size)
        except MemoryFault:
            continue
    return b""


def _address(thread: Thread, code: bytes, place: int, opcode: int, rex: int, prefixes: set[int]) -> int:
    """The effective address of the memory operand whose ModRM byte is at `place`. Raises IndexError."""
    if place >= len(code):
        return 0
    registers = thread.context.registers
    mod, rm = code[place] >> 6, code[place] & 7
    place += 1
    address = 0
    relative = mod == 0 and rm == 5
    if rm == 4:
        sib = code[place]
        place += 1
        index = sib >> 3 & 7 | (rex & 2) << 2
        if index != Gpr.RSP:
            address += registers[index] << (sib >> 6)
        rm = sib & 7
        if mod == 0 and rm == 5:
            mod = 2
        else:
            address += registers[rm | (rex & 1) << 3]
    elif not relative:
        address += registers[rm | (rex & 1) << 3]
    if mod == 1:
        address += struct.unpack_from("<b", code, place)[0]
    elif mod == 2 or relative:
        if place + 4 > len(code):
            raise IndexError
        address += struct.unpack_from("<i", code, place)[0]
        place += 4
        if relative:
            address += thread.context.rip + place + {0x80: 1, 0x83: 1, 0x81: 4, 0xC0: 1, 0xC1: 1}.get(opcode, 0)
    if 0x67 in prefixes:
        address &= 0xFFFF_FFFF
    if 0x64 in prefixes:
        address += thread.context.fs_base
    elif 0x65 in prefixes:
        address += thread.context.gs_base
    return address & 0xFFFF_FFFF_FFFF_FFFF
