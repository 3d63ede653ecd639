"""Walking the stack of x64 code by its unwind data, as RtlVirtualUnwind does, from outside the program.

Source of the format: Microsoft's "x64 exception handling" (struct RUNTIME_FUNCTION, struct UNWIND_INFO, unwind codes).
Functions without unwind data are leaf functions. A thread that stopped inside an epilogue has undone a part of its
prologue already: the rest of the epilogue is followed, as Windows does (its form is fixed by the same document).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from runtime.memory.faults import MemoryFault

Read = Callable[[int, int], bytes]
"""Returns exactly so many bytes at an address, or raises MemoryFault."""

RSP: Final = 4
_PUSH, _ALLOC_LARGE, _ALLOC_SMALL, _SET_FRAME, _SAVE, _SAVE_FAR, _EPILOG, _SPARE, _XMM, _XMM_FAR, _MACHINE = range(11)
_CHAINED: Final = 4
_MAXIMUM_CHAIN: Final = 32
_LONGEST_EPILOGUE: Final = 64


class Function(NamedTuple):
    """One RUNTIME_FUNCTION; RVAs."""

    begin: int
    end: int
    unwind: int


def function_table(read: Read, base: int) -> tuple[int, int]:
    """Return address and number of entries of the function table of the image mapped at `base`; (0, 0) for none."""
    header = base + int.from_bytes(read(base + 0x3C, 4), "little")
    if read(header, 4) != b"PE\0\0" or int.from_bytes(read(header + 24, 2), "little") != 0x20B:
        return 0, 0
    rva, size = struct.unpack("<II", read(header + 24 + 112 + 3 * 8, 8))
    return (base + rva, size // 12) if rva and size else (0, 0)


def find_entry(read: Read, base: int, address: int) -> int | None:
    """Return where the RUNTIME_FUNCTION of the image at `base` lies that covers `address`."""
    table, count = function_table(read, base)
    rva = address - base
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        begin, end = struct.unpack("<II", read(table + 12 * middle, 8))
        if rva < begin:
            high = middle
        elif rva >= end:
            low = middle + 1
        else:
            return table + 12 * middle
    return None


def find_function(read: Read, base: int, address: int) -> Function | None:
    """Return the function of the image at `base` that holds `address`."""
    place = find_entry(read, base, address)
    if place is None:
        return None
    function = Function(*struct.unpack("<III", read(place, 12)))
    for _ in range(_MAXIMUM_CHAIN):
        if not function.unwind & 1:
            return function
        function = Function(*struct.unpack("<III", read(base + (function.unwind & ~1), 12)))
    return None


def unwind_data(read: Read, base: int, address: int) -> Iterator[tuple[int, int]]:
    """Where the unwind data of the function that covers `address` lies: first address, and the one behind the last."""
    try:
        place = find_entry(read, base, address)
        for _ in range(_MAXIMUM_CHAIN):
            if place is None:
                return
            yield place, place + 12
            unwind = Function(*struct.unpack("<III", read(place, 12))).unwind
            if unwind & 1:
                place = base + (unwind & ~1)
                continue
            flags, _, count, _ = read(base + unwind, 4)
            behind = base + unwind + 4 + 2 * (count + (count & 1))
            chained = flags >> 3 & _CHAINED
            yield base + unwind, behind + (12 if chained else 8)  # or the handler and the start of its data
            place = behind if chained else None
    except MemoryFault:
        return


def step(read: Read, base: int, function: Function | None, registers: list[int], address: int) -> int:
    """Undo one frame: bring the sixteen `registers` to what the caller has and return where it goes on.

    `base` is the image of `address`, 0 for none.
    """
    if function is None:
        return _return(read, registers)
    epilogue = _epilogue(read, base, function, registers, address)
    if epilogue is not None:
        registers[:] = epilogue
        return _return(read, registers)
    primary = True
    for _ in range(_MAXIMUM_CHAIN):
        offset = address - base - function.begin
        place = base + function.unwind
        flags, prologue, count, frame = read(place, 4)
        codes = read(place + 4, 2 * count) if count else b""
        stack = registers[RSP]
        if frame & 15 and (not primary or offset >= prologue or _frame_is_set(codes, offset)):
            stack = registers[frame & 15] - 16 * (frame >> 4)
        machine = _undo(read, codes, registers, offset if primary else None, stack, frame)
        if machine is not None:
            return machine
        if not flags >> 3 & _CHAINED:
            break
        chained = read(place + 4 + 2 * (count + (count & 1)), 12)
        function = Function(*struct.unpack("<III", chained))
        primary = False
    return _return(read, registers)


def _return(read: Read, registers: list[int]) -> int:
    address = int.from_bytes(read(registers[RSP], 8), "little")
    registers[RSP] += 8
    return address


def _epilogue(read: Read, base: int, function: Function, registers: list[int], address: int) -> list[int] | None:
    """The registers before the return, when `address` lies in an epilogue; else None.

    An epilogue is `add rsp, n` or `lea rsp, [frame + n]` (it may be done already), POPs, and RET or a jump out of the
    function.
    """
    code = _code_at(read, address)
    found = list(registers)
    at = 0
    if code[:3] in (b"\x48\x83\xc4", b"\x48\x81\xc4"):
        size = 1 if code[1] == 0x83 else 4
        found[RSP] += int.from_bytes(code[3 : 3 + size], "little", signed=True)
        at = 3 + size
    elif code[:2] in (b"\x48\x8d", b"\x49\x8d") and code[2:] and code[2] & 0x38 == 0x20 and code[2] >> 6 in (1, 2):
        register = code[2] & 7 | (code[0] & 1) << 3
        if register == RSP:
            return None
        size = 1 if code[2] >> 6 == 1 else 4
        found[RSP] = registers[register] + int.from_bytes(code[3 : 3 + size], "little", signed=True)
        at = 3 + size
    while at < len(code):
        extended = code[at] == 0x41
        operation = code[at + extended] if at + extended < len(code) else 0
        if not 0x58 <= operation <= 0x5F:
            break
        found[operation & 7 | extended << 3] = int.from_bytes(read(found[RSP], 8), "little")
        found[RSP] += 8
        at += 1 + extended
    rest = code[at : at + 6]
    if rest[:1] in (b"\xc3", b"\xc2") or rest[:2] == b"\xf3\xc3":
        return found
    if at == 0:
        return None  # a jump alone may also go to another part of the function
    if rest[:1] in (b"\xe9", b"\xeb"):
        size = 4 if rest[0] == 0xE9 else 1
        target = address + at + 1 + size + int.from_bytes(rest[1 : 1 + size], "little", signed=True)
        return found if not base + function.begin <= target < base + function.end else None
    if rest[:2] == b"\xff\x25" or (rest[:1] in (b"\x48", b"\x49") and rest[1:2] == b"\xff" and rest[2] >> 3 & 7 == 4):
        return found
    return None


def _code_at(read: Read, address: int) -> bytes:
    """What can be read of the code at an address."""
    for size in (_LONGEST_EPILOGUE, 0x1000 - (address & 0xFFF)):
        try:
            return read(address, min(size, _LONGEST_EPILOGUE))
        except MemoryFault:
            continue
    return b""


def _frame_is_set(codes: bytes, offset: int) -> bool:
    at = 0
    while at < len(codes):
        if codes[at + 1] & 15 == _SET_FRAME:
            return codes[at] <= offset
        at += 2 * _slots(codes[at + 1])
    return False


def _slots(code: int) -> int:
    operation, info = code & 15, code >> 4
    if operation == _ALLOC_LARGE:
        return 3 if info else 2
    return {_SAVE: 2, _SAVE_FAR: 3, _SPARE: 3, _XMM: 2, _XMM_FAR: 3}.get(operation, 1)


def _undo(
    read: Read, codes: bytes, registers: list[int], offset: int | None, stack: int, frame: int
) -> int | None:
    """Undo the codes that have run (all when `offset` is None); return RIP where a machine frame holds it."""
    at = 0
    while at + 1 < len(codes):
        operation, info = codes[at + 1] & 15, codes[at + 1] >> 4
        length = 2 * _slots(codes[at + 1])
        extra = int.from_bytes(codes[at + 2 : at + length], "little")
        if offset is None or codes[at] <= offset:
            if operation == _PUSH:
                registers[info] = int.from_bytes(read(registers[RSP], 8), "little")
                registers[RSP] += 8
            elif operation == _ALLOC_LARGE:
                registers[RSP] += extra if info else extra * 8
            elif operation == _ALLOC_SMALL:
                registers[RSP] += info * 8 + 8
            elif operation == _SET_FRAME:
                registers[RSP] = registers[frame & 15] - 16 * (frame >> 4)
            elif operation in (_SAVE, _SAVE_FAR):
                place = stack + (extra if operation == _SAVE_FAR else extra * 8)
                registers[info] = int.from_bytes(read(place, 8), "little")
            elif operation == _MACHINE:
                start = registers[RSP] + (8 if info else 0)
                registers[RSP] = int.from_bytes(read(start + 24, 8), "little")
                return int.from_bytes(read(start, 8), "little")
        at += length
    return None
