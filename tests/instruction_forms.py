"""The instructions that the engine is compared with the host's processor on: what CPUID claims, form by form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.instructions import AF, CF, FLAGS, OF, PF, SF, ZF, Form

NONE, H66, F3, F2 = b"", b"\x66", b"\xf3", b"\xf2"
X87_FLAGS = frozenset({"x87 tags"})


def _sse(
    prefix: bytes, opcodes: str, *, immediate: int = 0, escape: bytes = b"\x0f", **options: object
) -> Iterator[Form]:
    for text in opcodes.split():
        opcode = escape + bytes.fromhex(text)
        name = f"{prefix.hex()} {opcode.hex()}".strip()
        yield Form(name, prefix, opcode, immediate=immediate, wide=False, **options)  # type: ignore[arg-type]


def floating() -> Iterator[Form]:
    """SSE and SSE2 arithmetic, comparisons and conversions."""
    yield from _sse(NONE, "51 54 55 56 57 58 59 5a 5b 5c 5d 5e 5f 14 15 2e 2f", flags=ZF | PF | CF | SF | OF | AF)
    yield from _sse(H66, "51 54 55 56 57 58 59 5a 5b 5c 5d 5e 5f 14 15 2e 2f e6 7c 7d d0", memory=False)
    yield from _sse(F3, "51 58 59 5a 5b 5c 5d 5e 5f e6 12 16", memory=False)
    yield from _sse(F2, "51 58 59 5a 5c 5d 5e 5f e6 12 7c 7d d0", memory=False)
    for prefix in (NONE, H66, F3, F2):
        yield from _sse(prefix, "c2", immediate=1, memory=False)
    yield from _sse(NONE, "c6", immediate=1, memory=False)
    yield from _sse(H66, "c6", immediate=1, memory=False)
    for prefix in (F3, F2):
        for opcode in (0x2A, 0x2C, 0x2D):
            yield Form(f"{prefix.hex()} 0f{opcode:x}", prefix, bytes((0x0F, opcode)))
    yield from _sse(NONE, "50", memory=False)
    yield from _sse(H66, "50", memory=False)
    yield from _sse(H66, "08 09 0a 0b", escape=b"\x0f\x3a", immediate=1, memory=False)
    yield from _sse(H66, "40 41", escape=b"\x0f\x3a", immediate=1, memory=False)


PACKED = (
    "60 61 62 63 64 65 66 67 68 69 6a 6b 74 75 76 d1 d2 d3 d4 d5 d8 d9 da db dc dd de df e0 e1 e2 e3 e4 e5 e8 e9 ea eb "
    "ec ed ee ef f1 f2 f3 f4 f5 f6 f8 f9 fa fb fc fd fe"
)


def packed() -> Iterator[Form]:
    """Packed integers on XMM and MMX registers: SSE2, SSSE3, SSE4.1, SSE4.2, AES, PCLMULQDQ."""
    yield from _sse(H66, PACKED + " 6c 6d", memory=False)
    yield from _sse(NONE, PACKED, memory=False, limit=4)
    yield from _sse(H66, "70", immediate=1, memory=False)
    yield from _sse(F3, "70", immediate=1, memory=False)
    yield from _sse(F2, "70", immediate=1, memory=False)
    yield from _sse(NONE, "70", immediate=1, memory=False, limit=4)
    for opcode, digits in (("71", (2, 4, 6)), ("72", (2, 4, 6)), ("73", (2, 3, 6, 7))):
        for digit in digits:
            yield from _sse(H66, opcode, immediate=1, memory=False, reg=digit)
            if not (opcode == "73" and digit in (3, 7)):
                yield from _sse(NONE, opcode, immediate=1, memory=False, reg=digit, limit=4)
    yield from _sse(H66, "d7", memory=False)
    yield from _sse(H66, "c4 c5", immediate=1, memory=False)
    yield from _sse(H66, "00 01 02 03 04 05 06 07 08 09 0a 0b 1c 1d 1e 10 14 15 17 20 21 22 23 24 25 28 29 2b 30 31 32 "
                    "33 34 35 37 38 39 3a 3b 3c 3d 3e 3f 40 41 db dc dd de df",
                    escape=b"\x0f\x38", memory=False)  # fmt: skip
    yield from _sse(NONE, "00 01 02 03 04 05 06 07 08 09 0a 0b 1c 1d 1e", escape=b"\x0f\x38", memory=False, limit=4)
    yield from _sse(H66, "0c 0d 0e 0f 14 15 16 17 20 21 22 42 44 df", escape=b"\x0f\x3a", immediate=1, memory=False)
    yield from _sse(NONE, "0f", escape=b"\x0f\x3a", immediate=1, memory=False, limit=4)
    yield from _sse(H66, "10 11 12 13 16 17 28 29 6e 7e 6f 7f d6", memory=True)
    yield from _sse(F3, "10 11 6f 7f 7e", memory=None)
    yield from _sse(F2, "10 11 f0", memory=True)


def text() -> Iterator[Form]:
    """PCMPESTRM, PCMPESTRI, PCMPISTRM, PCMPISTRI with every immediate."""
    for opcode in (0x60, 0x61, 0x62, 0x63):
        for wide in (False, True):
            yield Form(
                f"0f3a{opcode:x} w{wide:d}", H66, bytes((0x0F, 0x3A, opcode)), immediate=1, wide=wide, memory=False
            )


def integer() -> Iterator[Form]:
    """Integer arithmetic and its flags, bit operations, BMI, POPCNT, LZCNT, MOVBE, CRC32."""
    logic = FLAGS & ~AF
    for group in range(8):
        flags = logic if group in (1, 4, 6) else FLAGS
        for low in range(4):
            yield Form(f"alu {group}.{low}", NONE, bytes((group << 3 | low,)), flags=flags)
            yield Form(f"alu16 {group}.{low}", H66, bytes((group << 3 | low,)), flags=flags, wide=False)
        yield Form(f"alu imm8 {group}", NONE, b"\x83", reg=group, immediate=1, flags=flags)
        yield Form(f"alu imm {group}", NONE, b"\x81", reg=group, immediate=4, flags=flags)
        if group != 6:
            for opcode in (b"\xd0", b"\xd1"):
                yield Form(
                    f"shift by one {opcode.hex()}/{group}", NONE, opcode, reg=group, flags=logic if group > 3 else FLAGS
                )
            for opcode in (b"\xc0", b"\xc1"):  # OF only for a count of one, CF beyond the width undefined
                flags = FLAGS & ~OF if group < 4 else FLAGS & ~(OF | AF | CF)
                yield Form(f"shift {opcode.hex()}/{group}", NONE, opcode, reg=group, immediate=1, flags=flags)
            flags = FLAGS & ~OF if group < 4 else FLAGS & ~(OF | AF | CF)
            yield Form(f"shift by cl d3/{group}", NONE, b"\xd3", reg=group, flags=flags)
    for digit, flags in ((2, FLAGS), (3, FLAGS), (4, CF | OF), (5, CF | OF)):
        yield Form(f"f7/{digit}", NONE, b"\xf7", reg=digit, flags=flags)
        yield Form(f"f6/{digit}", NONE, b"\xf6", reg=digit, flags=flags)
    for digit in (0, 1):
        yield Form(f"ff/{digit}", NONE, b"\xff", reg=digit)
        yield Form(f"fe/{digit}", NONE, b"\xfe", reg=digit)
    yield Form("imul", NONE, b"\x0f\xaf", flags=CF | OF)
    yield Form("imul imm", NONE, b"\x69", immediate=4, flags=CF | OF)
    yield Form("imul imm8", NONE, b"\x6b", immediate=1, flags=CF | OF)
    for opcode in (0xA3, 0xAB, 0xB3, 0xBB):
        yield Form(f"bt {opcode:x}", NONE, bytes((0x0F, opcode)), flags=CF, memory=False)
    for digit in range(4, 8):
        yield Form(f"bt imm /{digit}", NONE, b"\x0f\xba", reg=digit, immediate=1, flags=CF)
    for opcode in (0xA4, 0xAC):
        yield Form(f"shd {opcode:x}", NONE, bytes((0x0F, opcode)), immediate=1, flags=SF | ZF | PF, memory=False)
    for opcode in (0xA5, 0xAD):
        yield Form(f"shd cl {opcode:x}", NONE, bytes((0x0F, opcode)), flags=0, memory=False)
    for condition in range(16):
        yield Form(f"cmov {condition:x}", NONE, bytes((0x0F, 0x40 | condition)))
        yield Form(f"set {condition:x}", NONE, bytes((0x0F, 0x90 | condition)), reg=0)
    for opcode in (0xB0, 0xB1, 0xC0, 0xC1, 0xB6, 0xB7, 0xBE, 0xBF):
        yield Form(f"0f{opcode:x}", NONE, bytes((0x0F, opcode)))
    yield Form("movsxd", NONE, b"\x63", wide=True)
    yield Form("cmpxchg16b", NONE, b"\x0f\xc7", reg=1, memory=True, wide=True)
    yield Form("cmpxchg8b", NONE, b"\x0f\xc7", reg=1, memory=True, wide=False)
    yield Form("popcnt", F3, b"\x0f\xb8")
    yield Form("popcnt16", b"\x66\xf3", b"\x0f\xb8", wide=False)
    yield Form("tzcnt", F3, b"\x0f\xbc", flags=CF | ZF)
    yield Form("lzcnt", F3, b"\x0f\xbd", flags=CF | ZF)
    yield Form("crc32 8", F2, b"\x0f\x38\xf0")
    yield Form("crc32", F2, b"\x0f\x38\xf1")
    yield Form("crc32 16", b"\x66\xf2", b"\x0f\x38\xf1", wide=False)
    yield Form("movbe load", NONE, b"\x0f\x38\xf0", memory=True)
    yield Form("movbe store", NONE, b"\x0f\x38\xf1", memory=True)
    yield Form("movbe 16", H66, b"\x0f\x38\xf0", memory=True, wide=False)
    yield from bits()


def bits() -> Iterator[Form]:
    """BMI1 and BMI2."""
    for name, pp, opcode, flags in (
        ("andn", 0, 0xF2, SF | ZF | OF | CF),
        ("bextr", 0, 0xF7, ZF | CF | OF),
        ("bzhi", 0, 0xF5, SF | ZF | OF | CF),
        ("pdep", 3, 0xF5, FLAGS),
        ("pext", 2, 0xF5, FLAGS),
        ("mulx", 3, 0xF6, FLAGS),
        ("sarx", 2, 0xF7, FLAGS),
        ("shlx", 1, 0xF7, FLAGS),
        ("shrx", 3, 0xF7, FLAGS),
    ):
        yield Form(name, NONE, bytes((opcode,)), vex=(2, pp), flags=flags)
    for digit, name in ((1, "blsr"), (2, "blsmsk"), (3, "blsi")):
        flags = {1: SF | ZF | OF | CF, 2: SF | OF | CF, 3: SF | ZF | OF | CF}[digit]
        yield Form(name, NONE, b"\xf3", vex=(2, 0), reg=digit, flags=flags)


def exchanges() -> Iterator[Form]:
    """CMPXCHG of 8 to 64 bits, with LOCK where the destination is memory."""
    for prefix in (NONE, b"\xf0"):
        memory = None if prefix == NONE else True
        yield Form(f"{prefix.hex()} cmpxchg8".strip(), prefix, b"\x0f\xb0", memory=memory)
        yield Form(f"{prefix.hex()} cmpxchg".strip(), prefix, b"\x0f\xb1", memory=memory)
        yield Form(f"{prefix.hex()} cmpxchg16".strip(), b"\x66" + prefix, b"\x0f\xb1", wide=False, memory=memory)


def vectors() -> Iterator[Form]:
    """SSE instructions with an operand in memory, of 16 bytes or of fewer."""
    yield from _sse(NONE, "10 11 12 13 16 17 28 29 2b", memory=True)
    yield from _sse(H66, "10 11 12 13 16 17 28 29 2b 6f 7f d6 e7", memory=True)
    yield from _sse(F3, "10 11 12 16 6f 7f 7e", memory=True)
    yield from _sse(F2, "10 11 12 f0", memory=True)
    yield from _sse(H66, "2a 20 21 22 23 24 25 30 31 32 33 34 35", escape=b"\x0f\x38", memory=True)
    yield from _sse(H66, "14 15 16 17 20 21 22 60 61 62 63", escape=b"\x0f\x3a", immediate=1, memory=True)
    yield from _sse(H66, "2c 2d", memory=True, limit=4)
    for form in (*floating(), *packed()):
        if form.opcode[-1] not in (0x50, 0xC5, 0xD7, 0xF7, 0x71, 0x72, 0x73):  # registers only
            yield replace(form, memory=True)


def x87() -> Iterator[Form]:
    """x87 arithmetic on a stack of three numbers; code as whole instructions."""
    for first in (0xD8, 0xDC, 0xDE):
        for group in range(8):
            if first != 0xD8 and group in (2, 3):
                continue
            yield Form(f"{first:x}/{group} st1", NONE, bytes((first, 0xC1 | group << 3)), stack=3)
    for first in (0xD8, 0xDC, 0xDA, 0xDE):  # m32, m64, m32int, m16int
        for group in range(8):
            yield Form(f"{first:x}/{group} m", NONE, bytes((first, 0x47 | group << 3, 0x10)), stack=3)
    for first, groups in (
        (0xD9, (0, 2, 3)),
        (0xDB, (0, 1, 2, 3, 5, 7)),
        (0xDD, (0, 1, 2, 3)),
        (0xDF, (0, 1, 2, 3, 5, 7)),
    ):
        for group in groups:
            yield Form(f"{first:x}/{group} m", NONE, bytes((first, 0x47 | group << 3, 0x10)), stack=3)
    for second in (0xC1, 0xC9, 0xE0, 0xE1, 0xE4, 0xE5, 0xE8, 0xE9, 0xEA, 0xEB, 0xEC, 0xED, 0xEE, 0xF0, 0xF1, 0xF2, 0xF3,
                   0xF4, 0xF5, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF):  # fmt: skip
        yield Form(f"d9 {second:x}", NONE, bytes((0xD9, second)), stack=3)
    for first, second in ((0xDA, 0xE9), (0xDB, 0xE9), (0xDB, 0xF1), (0xDD, 0xC1), (0xDD, 0xD1), (0xDD, 0xD9),
                          (0xDD, 0xE1), (0xDD, 0xE9), (0xDE, 0xD9), (0xDF, 0xE9),
                          (0xDF, 0xF1), (0xDF, 0xE0)):  # fmt: skip
        yield Form(f"{first:x} {second:x}", NONE, bytes((first, second)), stack=3)
    for condition in range(4):
        yield Form(f"fcmov {condition}", NONE, bytes((0xDA, 0xC1 | condition << 3)), stack=3)
        yield Form(f"fcmovn {condition}", NONE, bytes((0xDB, 0xC1 | condition << 3)), stack=3)


def encode_x87(form: Form) -> bytes:
    """An x87 form's bytes; [R15 + 0x10] for the memory forms."""
    return (b"\x41" if len(form.opcode) == 3 else b"") + form.opcode
