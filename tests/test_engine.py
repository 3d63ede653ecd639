"""The Unicorn engine alone: tiny machine code under page tables made by hand."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.cpu.engine import Access, Gpr
from runtime.cpu.paging import NO_EXECUTE, PRESENT, USER, WRITABLE, PageTable
from runtime.cpu.physical import PhysicalMemory
from runtime.cpu.unicorn import UnicornContext, UnicornEngine

CODE, DATA, HOLE = 0x10_0000, 0x20_0000, 0x7FFF_0000_0000
STOP = bytes((0xE6, 0xF1, 0xEB, 0x00))
"""OUT 0xF1, AL: the trap of a stub, EAX is its number; a jump ends the block, before which the engine cannot stop."""
SPIN = b"\xeb\xfe"


class Bench:
    """An engine with one page of code and one of data; it notes what the handlers are told."""

    def __init__(self) -> None:
        self.memory = PhysicalMemory(1 << 28)
        self.table = PageTable(self.memory)
        self.engine = UnicornEngine(self.memory, self.table, self)
        self.events: list[tuple[object, ...]] = []
        self.go_on: set[int] = set()
        """Trap and service numbers after which the guest goes on."""
        self.repairs: dict[int, int] = {}
        """Page to page-table flags: a fault there is served."""
        self.frames = {page: self.memory.allocate() for page in (CODE, DATA)}
        self.table.set(CODE, self.frames[CODE], PRESENT | USER | WRITABLE)
        self.table.set(DATA, self.frames[DATA], PRESENT | USER | WRITABLE | NO_EXECUTE)

    def on_trap(self, number: int) -> bool:
        self.events.append(("trap", number))
        return number in self.go_on

    def on_syscall(self, number: int) -> bool:
        self.events.append(("syscall", number))
        return number in self.go_on

    def on_page_fault(self, address: int, access: Access, present: bool) -> bool:
        self.events.append(("fault", address, access, present))
        flags = self.repairs.get(address & ~0xFFF)
        if flags is None:
            return False
        self.table.set(address & ~0xFFF, self.frames.setdefault(address & ~0xFFF, self.memory.allocate()), flags)
        self.engine.flush()
        return True

    def on_exception(self, vector: int, error: int) -> bool:
        self.events.append(("exception", vector))
        return False

    def on_interrupt(self, vector: int) -> bool:
        self.events.append(("interrupt", vector))
        return False

    def on_lost_pages(self, frames: list[int]) -> None:
        self.events.append(("lost", frames))

    def write(self, address: int, data: bytes) -> None:
        place = self.frames[address & ~0xFFF] + (address & 0xFFF)
        self.memory.bytes[place : place + len(data)] = data

    def read(self, address: int) -> int:
        return int(struct.unpack_from("<Q", self.memory.bytes, self.frames[address & ~0xFFF] + (address & 0xFFF))[0])

    def context(self, code: bytes, at: int = CODE) -> UnicornContext:
        """A context that is about to run `code`."""
        self.write(at, code)
        context = self.engine.new_context()
        context.rip = at
        context.registers[Gpr.RSP] = DATA + 0x800
        return context


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.engine.close()


def test_a_trap_gives_its_number_and_stands_behind_the_instruction(bench: Bench) -> None:
    context = bench.context(b"\xb8\x39\x05\x00\x00" + STOP)
    bench.engine.run(context)
    assert bench.events == [("trap", 1337)]
    assert context.rip == CODE + 9


def test_a_handler_that_says_so_lets_the_guest_go_on_inside_the_engine(bench: Bench) -> None:
    bench.go_on = {1}
    context = bench.context(b"\xb8\x01\x00\x00\x00" + STOP + b"\xb8\x02\x00\x00\x00" + STOP)
    bench.engine.run(context)
    assert bench.events == [("trap", 1), ("trap", 2)]


def test_a_system_call_gives_eax_and_goes_on_behind(bench: Bench) -> None:
    bench.go_on = {15}
    context = bench.context(b"\xb8\x0f\x00\x00\x00\x0f\x05\xb8\x03\x00\x00\x00" + STOP)
    bench.engine.run(context)
    assert bench.events == [("syscall", 15), ("trap", 3)]
    context.rip = CODE
    bench.go_on = set()
    bench.engine.run(context)
    assert context.rip == CODE + 7


LOAD = b"\x48\x8b\x01"  # mov rax, [rcx]
STORE = b"\x48\x89\x01"  # mov [rcx], rax
JUMP = b"\xff\xe1"  # jmp rcx


@pytest.mark.parametrize(
    ("code", "target", "flags", "expected"),
    [
        (LOAD, HOLE, 0, (Access.READ, False)),
        (STORE, HOLE, 0, (Access.WRITE, False)),
        (JUMP, HOLE, 0, (Access.EXECUTE, False)),
        (STORE, DATA, PRESENT | USER, (Access.WRITE, True)),
        (JUMP, DATA, PRESENT | USER | NO_EXECUTE, (Access.EXECUTE, True)),
        (LOAD, DATA, PRESENT, (Access.READ, True)),
    ],
)
def test_page_faults_tell_address_and_kind(
    bench: Bench, code: bytes, target: int, flags: int, expected: tuple[Access, bool]
) -> None:
    context = bench.context(code)
    context.registers[Gpr.RCX] = target + 0x18
    if flags:
        bench.table.set(target, bench.frames[target], flags)
    bench.engine.run(context)
    assert bench.events == [("fault", target + 0x18, *expected)]
    assert context.rip == (target + 0x18 if code == JUMP else CODE)


def test_a_fault_that_is_served_repeats_the_instruction(bench: Bench) -> None:
    bench.repairs[HOLE] = PRESENT | USER | WRITABLE
    context = bench.context(STORE + LOAD + STOP)
    context.registers[Gpr.RCX] = HOLE + 8
    context.registers[Gpr.RAX] = 77
    bench.engine.run(context)
    assert bench.events == [("fault", HOLE + 8, Access.WRITE, False), ("trap", 77)]
    assert bench.read(HOLE + 8) == 77


@pytest.mark.parametrize(
    ("code", "vector"),
    [(b"\x0f\x0b", 6), (b"\xf4", 13), (b"\xec", 13), (b"\xee", 13), (b"\xe7\xf1", 13), (b"\xe6\x10", 13)],
)
def test_exceptions_give_their_vector_and_stand_at_the_instruction(bench: Bench, code: bytes, vector: int) -> None:
    context = bench.context(code)
    bench.engine.run(context)
    assert bench.events == [("exception", vector)]
    assert context.rip == CODE


@pytest.mark.parametrize(("code", "vector"), [(b"\xcc", 3), (b"\xcd\x03", 3), (b"\xcd\x2d", 0x2D), (b"\xcd\x0d", 13)])
def test_interrupt_instructions_give_their_number_and_stand_behind(bench: Bench, code: bytes, vector: int) -> None:
    context = bench.context(code)
    bench.engine.run(context)
    assert bench.events == [("interrupt", vector)]
    assert context.rip == CODE + len(code)


def test_division_by_zero_stands_at_the_instruction(bench: Bench) -> None:
    context = bench.context(b"\x31\xc9\xf7\xf1")
    bench.engine.run(context)
    assert bench.events == [("exception", 0)]
    assert context.rip == CODE + 2


def test_a_kick_from_another_thread_stops_a_loop(bench: Bench) -> None:
    context = bench.context(SPIN)
    helper = threading.Timer(0.05, bench.engine.kick)
    helper.start()
    bench.engine.run(context)
    helper.join()
    assert bench.events == []
    assert context.rip == CODE


def test_a_kick_before_the_run_is_not_lost(bench: Bench) -> None:
    context = bench.context(SPIN)
    bench.engine.kick()
    bench.engine.run(context)
    assert context.rip == CODE


def test_a_slice_that_is_over_before_the_run_begins_is_not_lost(bench: Bench) -> None:
    context = bench.context(SPIN)
    bench.engine.kick_after(0.0001)
    time.sleep(0.05)  # what a busy computer may put between the two
    bench.engine.run(context)
    assert context.rip == CODE


def test_the_slice_timer_stops_a_loop(bench: Bench) -> None:
    context = bench.context(b"\x48\xff\xc0\xeb\xfb")  # inc rax; jmp
    seen = 0
    for more in (1000, 1):
        # The time may be over before the engine gets the processor; then it has done nothing yet.
        while context.registers[Gpr.RAX] < seen + more:
            bench.engine.kick_after(0.02)
            bench.engine.run(context)
            assert context.registers[Gpr.RAX] >= seen, "the loop goes on where it was stopped"
        seen = context.registers[Gpr.RAX]


def test_switching_contexts_keeps_all_registers_apart(bench: Bench) -> None:
    contexts = [bench.context(b"\x48\xff\xc0" + STOP) for _ in range(3)]
    for number, context in enumerate(contexts):
        for register in Gpr:
            context.registers[register] = 0x1000 * number + register
        for index in range(16):
            context.set_vector(index, bytes((number * 16 + index,)) * 16)
        context.flags = 0x202 | (1 if number == 1 else 0)
        context.gs_base = 0x7000_0000 + number
    for _ in range(2):
        for context in contexts:
            context.rip = CODE
            bench.engine.run(context)
    for number, context in enumerate(contexts):
        assert context.registers[Gpr.RAX] == 0x1000 * number + 2
        assert [context.registers[item] for item in Gpr][1:] == [0x1000 * number + item for item in Gpr][1:]
        for index in range(16):
            assert context.get_vector(index) == bytes((number * 16 + index,)) * 16
        assert context.flags & 1 == (1 if number == 1 else 0), "INC leaves the carry flag alone"
        assert context.gs_base == 0x7000_0000 + number


def test_an_fxsave_image_survives_a_round_trip(bench: Bench) -> None:
    one, two = bench.context(b"\xd9\xe8\xd9\xeb" + STOP), bench.context(STOP, DATA)  # fld1; fldpi
    bench.table.set(DATA, bench.frames[DATA], PRESENT | USER | WRITABLE)
    one.set_vector(5, bytes(range(16)))
    bench.engine.run(one)
    image = one.get_fxsave()
    two.set_fxsave(image)
    bench.engine.run(two)
    assert two.get_fxsave()[:416] == image[:416]
    assert two.get_vector(5) == bytes(range(16))


def test_code_that_changed_runs_anew(bench: Bench) -> None:
    context = bench.context(b"\xb8\x01\x00\x00\x00" + STOP)
    bench.engine.run(context)
    bench.write(CODE + 1, b"\x02")
    bench.engine.code_changed(CODE + 1, 1)
    context.rip = CODE
    bench.engine.run(context)
    assert bench.events == [("trap", 1), ("trap", 2)]


def test_a_flush_makes_a_new_mapping_visible(bench: Bench) -> None:
    context = bench.context(LOAD + STOP)
    context.registers[Gpr.RCX] = DATA
    bench.write(DATA, b"\x01")
    bench.engine.run(context)
    other = bench.memory.allocate()
    bench.memory.bytes[other] = 2
    bench.table.set(DATA, other, PRESENT | USER | WRITABLE)
    bench.engine.flush()
    context.rip = CODE
    bench.engine.run(context)
    assert bench.events == [("trap", 1), ("trap", 2)]


def test_another_thread_takes_a_page_away_while_the_engine_runs(bench: Bench) -> None:
    context = bench.context(LOAD + b"\xeb\xfb")  # loop over the load
    context.registers[Gpr.RCX] = DATA

    def take() -> None:
        bench.table.clear(DATA)
        bench.engine.flush()

    helper = threading.Timer(0.05, take)
    helper.start()
    for _ in range(50):
        bench.engine.kick_after(1)
        bench.engine.run(context)
        if bench.events:
            break
    helper.join()
    assert bench.events == [("fault", DATA, Access.READ, False)]


def test_an_error_in_a_handler_comes_out_of_run(bench: Bench) -> None:
    def broken(number: int) -> bool:
        raise ValueError("broken handler")

    bench.on_trap = broken  # type: ignore[method-assign]
    engine = UnicornEngine(bench.memory, bench.table, bench)
    context = engine.new_context()
    bench.write(CODE, STOP)
    context.rip = CODE
    with pytest.raises(ValueError, match="broken handler"):
        engine.run(context)
    engine.close()


def test_a_mapped_file_that_shrinks_reads_as_zeros_and_is_reported(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "mapped"
    path.write_bytes(b"\x01" * 0x3000)
    descriptor = os.open(path, os.O_RDWR)
    frame = bench.memory.map_file(descriptor, 0, 0x3000, writable=True)
    bench.table.set(HOLE, frame + 0x1000, PRESENT | USER | WRITABLE)
    context = bench.context(LOAD + b"\xeb\xfb")  # loop over the load
    context.registers[Gpr.RCX] = HOLE + 8
    os.truncate(path, 0x800)
    os.close(descriptor)
    bench.engine.run(context)
    assert bench.events == [("lost", [frame + 0x1000])]
    assert context.registers[Gpr.RAX] == 0
    bench.memory.unmap_file(frame, 0x3000)


def test_other_bus_errors_still_end_the_process(tmp_path: Path) -> None:
    script = """
import mmap, sys
from runtime.cpu.physical import PhysicalMemory
memory = PhysicalMemory(1 << 28)
with open(sys.argv[1], "r+b") as file:
    other = mmap.mmap(file.fileno(), 0x2000)
    file.truncate(0)
print(other[0])
"""
    path = tmp_path / "other"
    path.write_bytes(bytes(0x2000))
    command = [sys.executable, "-X", "faulthandler", "-c", script, path]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == -signal.SIGBUS
    assert b"Fatal Python error: Bus error" in done.stderr, "faulthandler still has its say"


def test_registers_can_be_read_after_the_context_and_its_engine_were_closed(bench: Bench) -> None:
    context = bench.context(b"\xb8\x07\x00\x00\x00" + STOP)
    context.set_vector(3, bytes(range(16)))
    bench.engine.run(context)
    context.close()
    other = bench.context(STOP, CODE + 0x100)
    bench.engine.run(other)
    bench.engine.close()
    assert context.registers[Gpr.RAX] == 7
    assert context.rip == CODE + 9
    assert context.get_fxsave()[160 + 48 : 160 + 64] == bytes(range(16))
    assert context.flags & 2
    assert other.rip == CODE + 0x104
