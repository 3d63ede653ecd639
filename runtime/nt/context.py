"""The CONTEXT structure of x64 (winnt.h): a thread's registers as programs see them."""

from __future__ import annotations

import struct
from typing import Final

from runtime.cpu.engine import Context

SIZE: Final = 0x4D0
CONTEXT_AMD64: Final = 0x100000
CONTEXT_CONTROL: Final = 1
CONTEXT_INTEGER: Final = 2
CONTEXT_SEGMENTS: Final = 4
CONTEXT_FLOATING_POINT: Final = 8
CONTEXT_DEBUG_REGISTERS: Final = 0x10
CONTEXT_ALL: Final = CONTEXT_AMD64 | 0x1F

_FLAGS: Final = 0x30
_MXCSR: Final = 0x34
_SEGMENTS: Final = 0x38
_EFLAGS: Final = 0x44
_DEBUG: Final = 0x48
_GPR: Final = 0x78
_RSP: Final = 0x98
_RIP: Final = 0xF8
_FLOAT: Final = 0x100


def capture(context: Context, flags: int = CONTEXT_ALL) -> bytearray:
    """Return a CONTEXT with the parts that `flags` names filled in."""
    data = bytearray(SIZE)
    struct.pack_into("<I", data, _FLAGS, flags | CONTEXT_AMD64)
    registers = context.registers
    if flags & CONTEXT_INTEGER:
        struct.pack_into("<16Q", data, _GPR, *registers[:16])
        struct.pack_into("<Q", data, _RSP, 0)
    if flags & CONTEXT_CONTROL:
        struct.pack_into("<Q", data, _RSP, registers[4])
        struct.pack_into("<Q", data, _RIP, context.rip)
        struct.pack_into("<I", data, _EFLAGS, context.flags & 0xFFFFFFFF)
    if flags & (CONTEXT_CONTROL | CONTEXT_SEGMENTS):
        struct.pack_into("<6H", data, _SEGMENTS, *context.segments())
    if flags & CONTEXT_FLOATING_POINT:
        image = context.get_fxsave()
        data[_FLOAT : _FLOAT + 512] = image
        data[_MXCSR : _MXCSR + 4] = image[24:28]
    if flags & CONTEXT_DEBUG_REGISTERS:
        struct.pack_into("<6Q", data, _DEBUG, *_debug_to_show(context))
    return data


def _debug_to_show(context: Context) -> tuple[int, ...]:
    """DR0 to DR3, DR6, DR7 without the bits that are always set: Windows shows zeros where nothing was set."""
    *addresses, status, control = context.get_debug()
    return (*addresses, status & 0xE00F, control & ~0x400)


def load(context: Context, data: bytes | bytearray) -> None:
    """Set the registers from the parts of a CONTEXT that its ContextFlags name. Selectors and bases stay."""
    (flags,) = struct.unpack_from("<I", data, _FLAGS)
    registers = context.registers
    if flags & CONTEXT_INTEGER:
        stack = registers[4]
        for index, value in enumerate(struct.unpack_from("<16Q", data, _GPR)):
            registers[index] = value
        registers[4] = stack
    if flags & CONTEXT_CONTROL:
        registers[4], context.rip = struct.unpack_from("<Q", data, _RSP)[0], struct.unpack_from("<Q", data, _RIP)[0]
        context.flags = struct.unpack_from("<I", data, _EFLAGS)[0]
    if flags & CONTEXT_FLOATING_POINT:
        image = bytearray(data[_FLOAT : _FLOAT + 512])
        image[24:28] = data[_MXCSR : _MXCSR + 4]
        context.set_fxsave(bytes(image))
    if flags & CONTEXT_DEBUG_REGISTERS:
        values = struct.unpack_from("<6Q", data, _DEBUG)
        if values != _debug_to_show(context):
            context.set_debug(values)


def merge(target: bytearray, source: bytes | bytearray, flags: int) -> None:
    """Overwrite the parts of the CONTEXT `target` that `flags` names with those of `source`."""
    parts = [(_FLAGS, 4)]
    if flags & CONTEXT_CONTROL & 0xF:
        parts += [(_SEGMENTS, 2), (_SEGMENTS + 10, 2), (_EFLAGS, 4), (_RSP, 8), (_RIP, 8)]
    if flags & CONTEXT_INTEGER:
        parts += [(_GPR, _RSP - _GPR), (_RSP + 8, _RIP - _RSP - 8)]
    if flags & CONTEXT_SEGMENTS:
        parts.append((_SEGMENTS + 2, 8))
    if flags & CONTEXT_FLOATING_POINT:
        parts += [(_MXCSR, 4), (_FLOAT, 512)]
    if flags & CONTEXT_DEBUG_REGISTERS:
        parts.append((_DEBUG, 48))
    for offset, size in parts:
        target[offset : offset + size] = source[offset : offset + size]


def flags_of(data: bytes | bytearray) -> int:
    """Return CONTEXT.ContextFlags."""
    value: int = struct.unpack_from("<I", data, _FLAGS)[0]
    return value


def rip_of(data: bytes | bytearray) -> int:
    """Return CONTEXT.Rip."""
    value: int = struct.unpack_from("<Q", data, _RIP)[0]
    return value


def rsp_of(data: bytes | bytearray) -> int:
    """Return CONTEXT.Rsp."""
    value: int = struct.unpack_from("<Q", data, _RSP)[0]
    return value
