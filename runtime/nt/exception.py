"""Delivering exceptions, APCs and continuations to guest threads, as the kernel does (KiUserExceptionDispatcher)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from runtime.cpu.engine import Gpr
from runtime.memory.faults import MemoryFault
from runtime.nt import context as ctx
from runtime.nt import status as st
from runtime.nt.apc import UserApc

if TYPE_CHECKING:
    from runtime.nt.thread import Thread

EXCEPTION_NONCONTINUABLE: Final = 1
EXCEPTION_MAXIMUM_PARAMETERS: Final = 15
RECORD_SIZE: Final = 0x98

_RECORD: Final = 0x4F0
_FRAME: Final = 0x5C0
_RED_ZONE: Final = 0x80

_FAST_FAIL: Final = 0x29
_TRAP_FLAG: Final = 0x100
_VECTORS: Final = {
    0: st.STATUS_INTEGER_DIVIDE_BY_ZERO,
    1: st.STATUS_SINGLE_STEP,
    3: st.STATUS_BREAKPOINT,
    4: st.STATUS_INTEGER_OVERFLOW,
    5: st.STATUS_ARRAY_BOUNDS_EXCEEDED,
    6: st.STATUS_ILLEGAL_INSTRUCTION,
    16: st.STATUS_FLOAT_INVALID_OPERATION,
    17: st.STATUS_DATATYPE_MISALIGNMENT,
    19: st.STATUS_FLOAT_MULTIPLE_FAULTS,
}
_PRIVILEGED: Final = frozenset(b"\xf4\xfa\xfb\xe4\xe5\xe6\xe7\xec\xed\xee\xef\x6c\x6d\x6e\x6f")
_PRIVILEGED_0F: Final = frozenset(b"\x06\x08\x09\x20\x21\x22\x23\x30\x32\x33")
_PREFIXES: Final = frozenset(b"\x66\xf2\xf3\x2e\x36\x3e\x26\x64\x65" + bytes(range(0x40, 0x50)))


def pack_record(code: int, flags: int, address: int, information: tuple[int, ...]) -> bytes:
    """Return an EXCEPTION_RECORD (64-bit)."""
    values = [item & 0xFFFF_FFFF_FFFF_FFFF for item in information[:EXCEPTION_MAXIMUM_PARAMETERS]]
    padded = values + [0] * (EXCEPTION_MAXIMUM_PARAMETERS - len(values))
    return struct.pack("<IIQQI4x15Q", code & 0xFFFFFFFF, flags, 0, address, len(values), *padded)


def unpack_record(data: bytes) -> tuple[int, int, int, tuple[int, ...]]:
    """Return code, flags, address and information of an EXCEPTION_RECORD (64-bit)."""
    code, flags, _, address, count, *information = struct.unpack("<IIQQI4x15Q", data[:RECORD_SIZE])
    return code, flags, address, tuple(information[: min(count, EXCEPTION_MAXIMUM_PARAMETERS)])


def dispatch(
    thread: Thread, code: int, information: tuple[int, ...] = (), *, address: int | None = None, flags: int = 0
) -> None:
    """Have the guest's dispatcher handle an exception raised at the thread's current instruction."""
    context = thread.context
    if address is None:
        address = context.rip
    record = pack_record(code, flags, address, information)
    # KiUserExceptionDispatcher (ntrtl.dll) saves the floating-point registers itself: it finds them untouched.
    deliver(thread, record, ctx.capture(context, ctx.CONTEXT_ALL & ~ctx.CONTEXT_FLOATING_POINT))


def deliver(thread: Thread, record: bytes, context: bytes | bytearray) -> None:
    """Push a CONTEXT and an EXCEPTION_RECORD and go to KiUserExceptionDispatcher."""
    process = thread.process
    process.machine.trace.exception(thread, *unpack_record(record))
    process.unpatch_returns(thread)
    dispatcher = process.loader.dispatcher("KiUserExceptionDispatcher")
    stack = (ctx.rsp_of(context) - _RED_ZONE - _FRAME) & ~0xF
    try:
        if not dispatcher:
            raise st.NtError(st.STATUS_NOT_SUPPORTED)
        process.memory.write(stack, context)
        process.memory.write(stack + _RECORD, record)
    except (MemoryFault, st.NtError):
        process.unhandled_exception(thread, record, context)
        return
    thread.context.registers[Gpr.RSP] = stack
    thread.context.flags = thread.context.flags & ~0x40500  # TF, DF and AC are clear in the handler
    thread.redirect(dispatcher)


def hardware(thread: Thread, vector: int, error: int) -> None:
    """Turn a processor exception into the Windows one and deliver it."""
    context = thread.context
    if vector == _FAST_FAIL:
        context.rip = context.rip - 2  # a fast fail happens at its instruction
        code = context.registers[Gpr.RCX]
        record = pack_record(st.STATUS_STACK_BUFFER_OVERRUN, EXCEPTION_NONCONTINUABLE, context.rip, (code,))
        thread.process.unhandled_exception(thread, record, ctx.capture(context))
        return
    if vector == 1:
        context.flags = context.flags & ~_TRAP_FLAG  # the handler finds it clear and sets it again to step on
    if vector == 3:
        size = 1 if _byte(thread, context.rip - 1) == 0xCC else 2
        context.rip = context.rip - size
        thread.raise_exception(st.STATUS_BREAKPOINT, (0,))
    elif vector == 0x2D:
        thread.raise_exception(st.STATUS_BREAKPOINT, (context.registers[Gpr.RAX],))
    elif vector == 13 or vector > 31:
        if vector == 13 and _is_privileged(thread):
            thread.raise_exception(st.STATUS_PRIVILEGED_INSTRUCTION)
        else:
            thread.raise_exception(st.STATUS_ACCESS_VIOLATION, (0, 0xFFFF_FFFF_FFFF_FFFF))
    elif vector == 0:
        thread.raise_exception(_divide_status(thread))
    else:
        thread.raise_exception(_VECTORS.get(vector, st.STATUS_ILLEGAL_INSTRUCTION))


def _byte(thread: Thread, address: int) -> int:
    try:
        return thread.process.memory.read_u8(address)
    except MemoryFault:
        return 0


def _instruction(thread: Thread) -> tuple[list[int], int]:
    """Return prefixes (with REX) and the address of the opcode of the current instruction."""
    address = thread.context.rip
    prefixes = []
    for _ in range(14):
        byte = _byte(thread, address)
        if byte not in _PREFIXES:
            break
        prefixes.append(byte)
        address += 1
    return prefixes, address


def _is_privileged(thread: Thread) -> bool:
    _, address = _instruction(thread)
    opcode = _byte(thread, address)
    if opcode == 0x0F:
        second = _byte(thread, address + 1)
        group = _byte(thread, address + 2) >> 3 & 7
        system = {0x00: (2, 3), 0x01: (2, 3, 6, 7)}  # LLDT, LTR; LGDT, LIDT, LMSW, INVLPG
        return second in _PRIVILEGED_0F or group in system.get(second, ())
    return opcode in _PRIVILEGED


def _divide_status(thread: Thread) -> int:
    """A zero divisor or a quotient that does not fit? Only register divisors can be told apart cheaply."""
    prefixes, address = _instruction(thread)
    opcode, operand = _byte(thread, address), _byte(thread, address + 1)
    if opcode in (0xF6, 0xF7) and operand >> 6 == 3:
        rex = next((item for item in prefixes if 0x40 <= item < 0x50), 0)
        value = thread.context.registers[operand & 7 | (rex & 1) << 3]
        width = 8 if rex & 8 else 1 if opcode == 0xF6 else 2 if 0x66 in prefixes else 4
        if value & ((1 << 8 * width) - 1):
            return st.STATUS_INTEGER_OVERFLOW
    return st.STATUS_INTEGER_DIVIDE_BY_ZERO


def push_apc(thread: Thread, apc: UserApc) -> None:
    """Go to KiUserApcDispatcher: P1Home to P3Home carry the arguments, P4Home the routine (ntdll's convention)."""
    process = thread.process
    context = ctx.capture(thread.context)
    struct.pack_into("<4Q", context, 0, apc.argument1, apc.argument2, apc.argument3, apc.routine)
    stack = (ctx.rsp_of(context) - _RED_ZONE - ctx.SIZE) & ~0xF
    process.unpatch_returns(thread)
    process.memory.write(stack, context)
    thread.context.registers[Gpr.RSP] = stack
    thread.redirect(process.loader.dispatcher("KiUserApcDispatcher"))


def continue_with(thread: Thread, context: bytes) -> None:
    """NtContinue: load a CONTEXT and go on there."""
    ctx.load(thread.context, context)
    thread.redirect(thread.context.rip)
