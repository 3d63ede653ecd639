"""Random x86-64 instructions, and two processors to run them on: the host's and the engine's."""

from __future__ import annotations

import ctypes
import mmap
import random
import struct
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from runtime.cpu.engine import Access, Gpr
from runtime.cpu.paging import NO_EXECUTE, PRESENT, USER, WRITABLE, PageTable
from runtime.cpu.physical import PhysicalMemory
from runtime.cpu.unicorn import UnicornEngine

CODE, DATA = 0x10_0000, 0x20_0000
STOP = bytes((0xE6, 0xF1, 0xEB, 0x00))
CF, PF, AF, ZF, SF, OF = 1, 4, 0x10, 0x40, 0x80, 0x800
FLAGS = CF | PF | AF | ZF | SF | OF
MEMORY = 15
"""The register that points to 64 bytes of operands."""


@dataclass
class Registers:
    """What a piece of code starts with or leaves behind."""

    general: list[int]
    flags: int
    fxsave: bytes
    memory: bytes


@dataclass(frozen=True)
class Form:
    """An instruction with registers left open: `prefix` REX `opcode` ModRM `immediate`."""

    name: str
    prefix: bytes
    opcode: bytes
    reg: int | None = None
    """A fixed /digit, or None for a random register."""
    immediate: int = 0
    """Bytes of immediate."""
    mask: int = 0xFF
    """Of each byte of immediate."""
    flags: int = FLAGS
    """Flags that the instruction defines."""
    wide: bool | None = None
    """REX.W; None for either."""
    memory: bool | None = None
    """A memory operand; None for either."""
    limit: int = 16
    """How many registers the operands may name (8 for MMX)."""
    vex: tuple[int, int] | None = None
    """(mmmmm, pp): VEX-coded, with a random vvvv."""
    stack: int | None = None
    """x87: how many stack registers are full (None: all eight are MMX registers)."""
    ignore: frozenset[str] = field(default_factory=frozenset)

    def encode(self, random: random.Random) -> bytes:
        """The bytes of one instance."""
        registers = [n for n in range(self.limit) if n not in (4, MEMORY)]
        reg = self.reg if self.reg is not None else random.choice(registers)
        in_memory = random.random() < 0.4 if self.memory is None else self.memory
        rm = MEMORY if in_memory else random.choice(registers)
        wide = random.random() < 0.5 if self.wide is None else self.wide
        modrm = bytes(((0x40 if in_memory else 0xC0) | (reg & 7) << 3 | rm & 7,)) + (b"\x10" if in_memory else b"")
        tail = modrm + bytes(random.getrandbits(8) & self.mask for _ in range(self.immediate))
        if self.vex:
            mmmmm, pp = self.vex
            first = (~reg >> 3 & 1) << 7 | 1 << 6 | (~rm >> 3 & 1) << 5 | mmmmm
            second = wide << 7 | (~random.choice(registers) & 15) << 3 | pp
            return bytes((0xC4, first, second)) + self.opcode + tail
        rex = 0x40 | wide << 3 | (reg >> 3 & 1) << 2 | rm >> 3 & 1
        return self.prefix + bytes((rex,)) + self.opcode + tail


class Host:
    """The processor that the tests run on. Only code that cannot fault may be given to it."""

    def __init__(self, folder: Path) -> None:
        source = Path(__file__).parent / "host" / "oracle.c"
        library = folder / "oracle.so"
        command = [sys.executable, "-m", "ziglang", "cc", "-shared", "-fPIC", "-O1", "-fno-sanitize=all"]
        subprocess.run([*command, "-o", library, source], check=True)
        self._library = ctypes.CDLL(str(library))
        self._state = (ctypes.c_char * 768).in_dll(self._library, "state")
        self._code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._code))
        ctypes.c_void_p.in_dll(self._library, "code").value = address
        self._room = (ctypes.c_char * 96)()

    def run(self, code: bytes, start: Registers) -> Registers:
        found = self.run_shifted(code, start, 0)
        assert found is not None, "the code faults"
        return found

    def run_shifted(self, code: bytes, start: Registers, shift: int) -> Registers | None:
        """Run `code` with the operands `shift` bytes behind a multiple of 16; None when it faults."""
        place = -ctypes.addressof(self._room) % 16 + shift
        memory = (ctypes.c_char * 64).from_buffer(self._room, place)
        self._code[: len(code) + 1] = code + b"\xc3"
        general = [*start.general]
        general[MEMORY] = ctypes.addressof(memory)
        memory.raw = start.memory
        self._state.raw = struct.pack("<17Q120x", *general, start.flags) + start.fxsave
        if self._library.run_guarded():
            return None
        data = self._state.raw
        return Registers(list(struct.unpack_from("<16Q", data)), struct.unpack_from("<Q", data, 128)[0], data[256:],
                         memory.raw)  # fmt: skip


class Emulated:
    """The engine, with one page of code and one of data."""

    def __init__(self) -> None:
        self.memory = PhysicalMemory(1 << 28)
        table = PageTable(self.memory)
        self.events: list[tuple[object, ...]] = []
        self.engine = UnicornEngine(self.memory, table, self)
        self.code, self.data = self.memory.allocate(), self.memory.allocate()
        table.set(CODE, self.code, PRESENT | USER)
        table.set(DATA, self.data, PRESENT | USER | WRITABLE | NO_EXECUTE)
        self.context = self.engine.new_context()

    def on_trap(self, number: int) -> bool:
        self.events.append(("trap", number))
        return False

    def on_syscall(self, number: int) -> bool:
        self.events.append(("syscall", number))
        return False

    def on_page_fault(self, address: int, access: Access, present: bool) -> bool:
        self.events.append(("fault", address, access))
        return False

    def on_exception(self, vector: int, error: int) -> bool:
        self.events.append(("exception", vector))
        return False

    def on_interrupt(self, vector: int) -> bool:
        self.events.append(("interrupt", vector))
        return False

    def on_lost_pages(self, frames: list[int]) -> None:
        self.events.append(("lost", frames))

    def run(self, code: bytes, start: Registers, shift: int = 0) -> Registers:
        """Run `code`, the operands `shift` bytes behind a multiple of 16; `events` tells how it ended."""
        self.events.clear()
        context, data = self.context, self.memory.bytes
        data[self.code : self.code + len(code) + 4] = code + STOP
        data[self.data + shift : self.data + shift + 64] = start.memory
        self.engine.code_changed(CODE, 32)
        for register in Gpr:
            context.registers[register] = start.general[register]
        context.registers[MEMORY] = DATA + shift
        context.registers[Gpr.RSP] = DATA + 0x800
        context.set_fxsave(start.fxsave)
        context.flags = start.flags
        context.rip = CODE
        self.engine.run(context)
        return Registers([*context.registers[:16]], context.flags, context.get_fxsave(),
                         bytes(data[self.data + shift : self.data + shift + 64]))  # fmt: skip


_EDGES = struct.pack(
    "<16I", 0, 0x80000000, 0x3F800000, 0xBF800000, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 1, 0x807FFFFF,
    0x00800000, 0x7F7FFFFF, 0x4F000000, 0xCF000000, 0x3F000000, 0x40490FDB,
)  # fmt: skip
_EDGES64 = struct.pack(
    "<14Q", 0, 1 << 63, 0x3FF0000000000000, 0xBFF0000000000000, 0x7FF0000000000000, 0xFFF0000000000000,
    0x7FF8000000000000, 0x7FF0000000000001, 1, 0x800FFFFFFFFFFFFF, 0x0010000000000000, 0x7FEFFFFFFFFFFFFF,
    0x43E0000000000000, 0x3FE0000000000000,
)  # fmt: skip


def _lanes(random: random.Random) -> bytes:
    """Sixteen bytes: random, text-like, or floating-point numbers with a liking for special ones."""
    kind = random.randrange(5)
    if kind == 0:
        return random.randbytes(16)
    if kind == 1:
        return bytes(random.choice(b"ab\0\x80") for _ in range(16))
    if kind == 2:
        places = [random.randrange(16) * 4 for _ in range(4)]
        return b"".join(_EDGES[place : place + 4] for place in places)
    if kind == 3:
        places = [random.randrange(14) * 8 for _ in range(2)]
        return b"".join(_EDGES64[place : place + 8] for place in places)
    if random.random() < 0.5:
        return struct.pack("<4f", *(random.uniform(-1e6, 1e6) for _ in range(4)))
    return struct.pack("<2d", *(random.uniform(-1e6, 1e6) for _ in range(2)))


def _extended(random: random.Random) -> bytes:
    kind = random.randrange(4)
    if kind == 0:
        return struct.pack("<QH", 1 << 63 | random.getrandbits(63), 0x3FFF + random.randrange(-70, 70))
    if kind == 1:
        return struct.pack("<QH", 1 << 63 | random.getrandbits(20) << 43, 0xBFFF + random.randrange(-5, 20))
    if kind == 2:
        return struct.pack("<QH", 1 << 63 | random.getrandbits(63), random.choice((1, 0x7FFE, 0x3FFF, 0xBFFE)))
    return random.choice(
        (bytes(10), bytes(9) + b"\x80", bytes(7) + b"\x80\xff\x3f", bytes(7) + b"\x80\xff\x7f",
         bytes(7) + b"\xc0\xff\x7f", b"\1" + bytes(6) + b"\x80\xff\x7f", b"\1" + bytes(9), bytes(7) + b"\x80\xff\xff")
    )  # fmt: skip


def start(random: random.Random, form: Form) -> Registers:
    """Random registers for one run of `form`."""
    general = [random.choice((random.getrandbits(64), random.getrandbits(32), random.randrange(20), 0, (1 << 64) - 1,
                              1 << 63, 0x80000000)) for _ in range(16)]  # fmt: skip
    image = bytearray(512)
    rounding = random.choice((0, 0, 0, 1, 2, 3))
    mxcsr = 0x1F80 | rounding << 13 | random.choice((0, 0, 0, 0x8000, 0x40, 0x8040)) | random.choice((0, 0, 0x20, 0x3F))
    control = 0x37F if random.random() < 0.6 else 0x7F | rounding << 10 | random.choice((0, 2, 3)) << 8
    full = form.stack
    top = (8 - full) & 7 if full is not None else 0
    abridged = sum(1 << (top + n & 7) for n in range(full)) if full is not None else 0xFF
    struct.pack_into("<HHB", image, 0, control, top << 11, abridged)
    struct.pack_into("<II", image, 24, mxcsr, 0xFFFF)
    for index in range(8):
        place = 32 + 16 * index
        image[place : place + 10] = _lanes(random)[:8] + b"\xff\xff" if full is None else _extended(random)
        if full is not None and index >= full:
            image[place : place + 10] = bytes(10)
    for index in range(16):
        image[160 + 16 * index : 176 + 16 * index] = _lanes(random)
    flags = 0x202 | random.getrandbits(12) & FLAGS
    memory = b"".join(_lanes(random) for _ in range(4))
    return Registers(general, flags, bytes(image), memory)


def differences(form: Form, expected: Registers, found: Registers) -> list[str]:
    """What differs, in words."""
    result = []
    for register in Gpr:
        if register not in (Gpr.RSP, MEMORY) and expected.general[register] != found.general[register]:
            result.append(f"{register.name} {found.general[register]:#x} instead of {expected.general[register]:#x}")
    if (expected.flags ^ found.flags) & form.flags:
        result.append(f"flags {found.flags & form.flags:#x} instead of {expected.flags & form.flags:#x}")
    if expected.memory != found.memory:
        result.append(f"memory {found.memory.hex()} instead of {expected.memory.hex()}")
    for name, low, high in (("mxcsr", 24, 28), ("x87 control", 0, 2), ("x87 status", 2, 4), ("x87 tags", 4, 5)):
        if name not in form.ignore and expected.fxsave[low:high] != found.fxsave[low:high]:
            result.append(
                f"{name} {found.fxsave[low:high][::-1].hex()} instead of {expected.fxsave[low:high][::-1].hex()}"
            )
    for index in range(8):
        low = 32 + 16 * index
        high = low + (8 if form.stack is None else 10)
        if expected.fxsave[low:high] != found.fxsave[low:high]:
            result.append(f"st{index} {found.fxsave[low:high].hex()} instead of {expected.fxsave[low:high].hex()}")
    for index in range(16):
        low, high = 160 + 16 * index, 176 + 16 * index
        if expected.fxsave[low:high] != found.fxsave[low:high]:
            result.append(f"xmm{index} {found.fxsave[low:high].hex()} instead of {expected.fxsave[low:high].hex()}")
    return result
