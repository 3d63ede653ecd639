"""Walking the stack of x64 code by its unwind data, as RtlVirtualUnwind does, from outside the program.

Source of the format: Microsoft's "x64 exception handling" (struct RUNTIME_FUNCTION, struct UNWIND_INFO, unwind codes).
A thread that stopped inside an epilogue is treated as if it stood before it; functions without unwind data are leaf
functions.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

Read = Callable[[int, int], bytes]
"""Returns exactly so many bytes at an address, or raises MemoryFault."""

RSP: Final = 4
_PUSH, _ALLOC_LARGE, _ALLOC_SMALL, _SET_FRAME, _SAVE, _SAVE_FAR, _EPILOG, _SPARE, _XMM, _XMM_FAR, _MACHINE = range(11)
_CHAINED: Final = 4
_MAXIMUM_CHAIN: Final = 32


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


def find_function(read: Read, base: int, address: int) -> Function | None:
    """Return the function of the image at `base` that holds `address`."""
    table, count = function_table(read, base)
    rva = address - base
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        function = Function(*struct.unpack("<III", read(table + 12 * middle, 12)))
        if rva < function.begin:
            high = middle
        elif rva >= function.end:
            low = middle + 1
        else:
            while function.unwind & 1:
                function = Function(*struct.unpack("<III", read(base + (function.unwind & ~1), 12)))
            return function
    return None


def step(read: Read, base: int, function: Function | None, registers: list[int], address: int) -> int:
    """Undo one frame: bring the sixteen `registers` to what the caller has and return where it goes on.

    `base` is the image of `address`, 0 for none.
    """
    if function is None:
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
