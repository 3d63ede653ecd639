"""The engine's instructions against the processor that the tests run on: registers, memory, flags, MXCSR, x87 state."""

from __future__ import annotations

import platform
import random
import struct
from collections.abc import Callable, Iterable, Iterator

import pytest

from tests import instruction_forms as forms
from tests.instructions import Emulated, Form, Host, Registers, differences, start

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the host's processor is the oracle: x86-64 only"
)

RUNS = 12


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    return Host(tmp_path_factory.mktemp("oracle"))


@pytest.fixture(scope="module")
def emulated() -> Iterator[Emulated]:
    made = Emulated()
    yield made
    made.engine.close()


def compare(
    host: Host, emulated: Emulated, tried: Iterable[Form], encode: Callable[[Form, random.Random], bytes]
) -> None:
    wrong = []
    for form in tried:
        source = random.Random(form.name)
        for _ in range(RUNS):
            code = encode(form, source)
            first = start(source, form)
            if form.stack is not None and len(form.opcode) == 3:  # no NaN or denormal in memory: a known difference
                layout = "<f4x" if form.opcode[0] in (0xD8, 0xD9) else "<d"
                first.memory = first.memory[:16] + struct.pack(layout, source.uniform(-1e9, 1e9)) + first.memory[24:]
            found = emulated.run(code, first)
            if emulated.events != [("trap", found.general[0] & 0xFFFFFFFF)]:
                wrong.append(f"{form.name} {code.hex()}: {emulated.events}")
            else:
                wrong += [
                    f"{form.name} {code.hex()}: {item}" for item in differences(form, host.run(code, first), found)
                ]
    assert not wrong, "\n".join(wrong[:20])


def plain(form: Form, source: random.Random) -> bytes:
    return form.encode(source)


def test_floating_point_gives_the_processors_results_and_mxcsr_flags(host: Host, emulated: Emulated) -> None:
    compare(host, emulated, forms.floating(), plain)


def test_packed_integers_give_the_processors_results(host: Host, emulated: Emulated) -> None:
    compare(host, emulated, forms.packed(), plain)


def test_integer_instructions_give_the_processors_results_and_flags(host: Host, emulated: Emulated) -> None:
    compare(host, emulated, forms.integer(), plain)


def test_x87_gives_the_processors_80_bits_and_status(host: Host, emulated: Emulated) -> None:
    compare(host, emulated, forms.x87(), lambda form, _: forms.encode_x87(form))


EDGES = (0, 1, 31, 32, 33, 63, 64, 65, 255, 0x2010, 0x2000, 0x1F01, 0x4000, 0x4001, 0x3F20, 0xFF00, 0x80000000, 1 << 63,
         (1 << 64) - 1, 0xFFFFFFFF, 0x1234567800000000, 0x1234567880000000, 0x5555555555555555)  # fmt: skip


def compare_edges(host: Host, emulated: Emulated, tried: Iterable[Form], runs: int) -> None:
    wrong = []
    for form in tried:
        source = random.Random(form.name)
        for _ in range(runs):
            code = form.encode(source)
            first = start(source, form)
            first.general[:] = [source.choice(EDGES) for _ in range(16)]
            first.memory = struct.pack("<8Q", *(source.choice(EDGES) for _ in range(8)))
            found = emulated.run(code, first)
            wrong += [f"{form.name} {code.hex()}: {item}" for item in differences(form, host.run(code, first), found)]
    assert not wrong, "\n".join(wrong[:20])


def test_bit_instructions_give_the_processors_results_at_their_edges(host: Host, emulated: Emulated) -> None:
    compare_edges(host, emulated, forms.bits(), 150)


def test_an_exchange_writes_either_the_accumulator_or_the_destination(host: Host, emulated: Emulated) -> None:
    compare_edges(host, emulated, forms.exchanges(), 60)


def test_an_operand_of_16_bytes_must_be_aligned_where_the_processor_says_so(host: Host, emulated: Emulated) -> None:
    wrong = []
    for form in forms.vectors():
        source = random.Random(form.name)
        for shift in (0, 8, 1):
            code = form.encode(source)
            first = start(source, form)
            first.fxsave = first.fxsave[:24] + struct.pack("<I", 0x1F80) + first.fxsave[28:]
            expected = host.run_shifted(code, first, shift)
            found = emulated.run(code, first, shift)
            if (emulated.events == [("exception", 13)]) != (expected is None):
                wrong.append(
                    f"{form.name} {code.hex()} at {shift}: {emulated.events}, the processor's: {expected is None}"
                )
            elif expected is None:
                wrong += [f"{form.name} {code.hex()}: {item}" for item in differences(form, first, found)]
    assert not wrong, "\n".join(wrong[:40])


@pytest.mark.parametrize(
    ("code", "size"),
    [(b"\x49\x8b\x07", 8), (b"\x41\x89\x07", 4), (b"\x66\x41\xff\x07", 2), (b"\x41\xdd\x07", 8), (b"\x41\x8a\x07", 1)],
)
def test_an_alignment_check_is_the_flags_and_the_sizes(emulated: Emulated, code: bytes, size: int) -> None:
    for shift in range(1, 9):
        for check in (0, 0x40000):
            first = Registers(
                [0] * 16, 0x202 | check, bytes(2) + bytes(22) + struct.pack("<I", 0x1F80) + bytes(484), bytes(64)
            )
            emulated.run(code, first, shift)
            expected = ("exception", 17) if check and shift % size else ("trap", 0)
            assert emulated.events == [expected], f"{code.hex()} at {shift} with AC {check:#x}"


def strings_model(first: bytes, second: bytes, lengths: tuple[int, int], control: int) -> tuple[int, int, int]:
    """PCMPxSTRx by the Intel SDM, volume 1, 12.5 and volume 2: intermediate result, index, flags."""
    width = 2 if control & 1 else 1
    count = 16 // width
    one, two = (
        [
            int.from_bytes(data[place : place + width], "little", signed=bool(control & 2))
            for place in range(0, 16, width)
        ]
        for data in (first, second)
    )
    valid1, valid2 = (min(abs(length), count) for length in lengths)
    mode = control >> 2 & 3
    result = 0
    for j in range(count):
        if mode == 0:
            hit = j < valid2 and any(one[i] == two[j] for i in range(valid1))
        elif mode == 1:
            hit = j < valid2 and any(one[i] <= two[j] <= one[i + 1] for i in range(0, valid1 - 1, 2))
        elif mode == 2:
            hit = (one[j] == two[j]) if j < valid1 and j < valid2 else j >= valid1 and j >= valid2
        else:
            hit = all(i + j < valid2 and one[i] == two[i + j] for i in range(min(valid1, count - j)))
        result |= hit << j
    if control >> 4 & 3 == 1:
        result ^= (1 << count) - 1
    elif control >> 4 & 3 == 3:
        result ^= (1 << valid2) - 1
    lowest, highest = (result & -result).bit_length() - 1, result.bit_length() - 1
    index = count if not result else highest if control & 0x40 else lowest
    flags = (1 if result else 0) | (0x40 if valid2 < count else 0) | (0x80 if valid1 < count else 0)
    return result, index, flags | (0x800 if result & 1 else 0)


@pytest.mark.parametrize("opcode", [0x60, 0x61, 0x62, 0x63], ids=["pcmpestrm", "pcmpestri", "pcmpistrm", "pcmpistri"])
def test_text_instructions_do_what_the_manual_says_for_every_mode(emulated: Emulated, opcode: int) -> None:
    source = random.Random(opcode)
    for control in range(128):
        for _ in range(6):
            first, second = (bytes(source.choice(b"aab\0\xff") for _ in range(16)) for _ in range(2))
            given = [source.choice((0, 1, 3, 8, 15, 16, 17, -2, 1 << 40)) for _ in range(2)]
            general = [0] * 16
            general[0], general[2] = (value & (1 << 64) - 1 for value in given)
            image = bytearray(512)
            struct.pack_into("<HHB", image, 0, 0x37F, 0, 0)
            struct.pack_into("<II", image, 24, 0x1F80, 0xFFFF)
            image[160 + 16 : 160 + 48] = first + second
            code = b"\x66\x48\x0f\x3a" + bytes((opcode, 0xCA, control))  # xmm1, xmm2
            found = emulated.run(code, Registers(general, 0x202, bytes(image), bytes(64)))
            width = 2 if control & 1 else 1
            if opcode < 0x62:
                lengths = (given[0], given[1])
            else:
                units = [[data[place : place + width] for place in range(0, 16, width)] for data in (first, second)]
                zero = bytes(width)
                lengths = tuple(text.index(zero) if zero in text else 16 for text in units)  # type: ignore[assignment]
            result, index, flags = strings_model(first, second, lengths, control)
            assert found.flags & 0x8D5 == flags, f"flags of {control:#x} on {first!r} {second!r} {lengths}"
            if opcode & 1:
                assert found.general[1] == index, f"index of {control:#x} on {first!r} {second!r} {lengths}"
            elif control & 0x40:
                mask = b"".join((b"\xff" if result >> n & 1 else b"\0") * width for n in range(16 // width))
                assert found.fxsave[160:176] == mask
            else:
                assert found.fxsave[160:176] == result.to_bytes(16, "little")


@pytest.mark.parametrize(
    ("code", "bit", "vector"),
    [
        (b"\xf2\x0f\x5e\xc1", 2, 19),  # divsd xmm0, xmm1: 1 / 0
        (b"\xf2\x0f\x51\xc2", 0, 19),  # sqrtsd xmm0, xmm2: of -1
        (b"\xf2\x0f\x59\xdb", 3, 19),  # mulsd xmm3, xmm3: overflow
    ],
)
def test_an_unmasked_sse_exception_stands_at_the_instruction(
    emulated: Emulated, code: bytes, bit: int, vector: int
) -> None:
    image = bytearray(512)
    struct.pack_into("<HHB", image, 0, 0x37F, 0, 0)
    struct.pack_into("<II", image, 24, 0x1F80 & ~(0x80 << bit), 0xFFFF)
    image[160:224] = struct.pack("<8d", 1, 0, 0, 0, -1, 0, 1e300, 0)
    found = emulated.run(b"\x90" + code, Registers([0] * 16, 0x202, bytes(image), bytes(64)))
    assert emulated.events == [("exception", vector)]
    assert emulated.context.rip == 0x10_0001
    assert struct.unpack_from("<I", found.fxsave, 24)[0] & 1 << bit, "the flag says which"
    assert found.fxsave[160:224] == image[160:224], "the destination is as it was"


def test_an_unmasked_x87_exception_comes_with_the_next_instruction(emulated: Emulated) -> None:
    image = bytearray(512)
    struct.pack_into("<HHB", image, 0, 0x37B, 6 << 11, 0xC0)  # division by zero not masked, two numbers on the stack
    struct.pack_into("<II", image, 24, 0x1F80, 0xFFFF)
    image[32:42], image[48:58] = bytes(7) + b"\x80\xff\x3f", bytes(10)
    found = emulated.run(
        b"\xd8\xf1\x90\x9b", Registers([0] * 16, 0x202, bytes(image), bytes(64))
    )  # fdiv st, st1; fwait
    assert emulated.events == [("exception", 16)]
    assert emulated.context.rip == 0x10_0003
    assert found.fxsave[32:42] == image[32:42]
    assert struct.unpack_from("<H", found.fxsave, 2)[0] & 0x8084 == 0x8084


def test_reserved_bits_of_mxcsr_fault(emulated: Emulated) -> None:
    first = Registers([0] * 16, 0x202, bytes(2) + bytes(510), struct.pack("<I", 0x10000) + bytes(60))
    emulated.run(b"\x41\x0f\xae\x17", first)  # ldmxcsr [r15]
    assert emulated.events == [("exception", 13)]
