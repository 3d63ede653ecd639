"""Delivering exceptions, APCs and continuations to guest threads, as the kernel does (KiUserExceptionDispatcher)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from runtime.cpu.engine import Gpr
from runtime.memory.faults import MemoryFault
from runtime.nt import context as ctx
from runtime.nt import failure
from runtime.nt import status as st
from runtime.nt.apc import UserApc
from runtime.nt.instruction import decode

if TYPE_CHECKING:
    from runtime.nt.thread import Thread

EXCEPTION_NONCONTINUABLE: Final = 1
EXCEPTION_MAXIMUM_PARAMETERS: Final = 15
RECORD_SIZE: Final = 0x98

_RECORD: Final = 0x4F0
_FRAME: Final = 0x5C0
_RED_ZONE: Final = 0x80

_FAST_FAIL: Final = 0x29
_ASSERTION: Final = 0x2C
_DEBUG_SERVICE: Final = 0x2D
_ICEBP: Final = 0xF1
_NO_ADDRESS: Final = 0xFFFF_FFFF_FFFF_FFFF
"""The address in an access violation that has none: a general protection fault."""
_TRAP_FLAG: Final = 0x100
_VECTORS: Final = {
    5: st.STATUS_ARRAY_BOUNDS_EXCEEDED,
    17: st.STATUS_DATATYPE_MISALIGNMENT,
}
_FLOAT_STATUSES: Final = (
    st.STATUS_FLOAT_INVALID_OPERATION,
    st.STATUS_FLOAT_DENORMAL_OPERAND,
    st.STATUS_FLOAT_DIVIDE_BY_ZERO,
    st.STATUS_FLOAT_OVERFLOW,
    st.STATUS_FLOAT_UNDERFLOW,
    st.STATUS_FLOAT_INEXACT_RESULT,
)
"""By the flag's bit in MXCSR and the x87 status word; of several the first of `_FLOAT_ORDER` is reported."""
_FLOAT_ORDER: Final = (0, 2, 1, 3, 4, 5)
_STACK_FAULT: Final = 0x40


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
) -> bool:
    """Have the guest's dispatcher handle an exception raised at the thread's current instruction.

    Returns whether a debugger is asked first.
    """
    context = thread.context
    if address is None:
        address = context.rip
    record = pack_record(code, flags, address, information)
    # KiUserExceptionDispatcher (ntrtl.dll) saves the floating-point registers itself: it finds them untouched.
    return deliver(thread, record, ctx.capture(context, ctx.CONTEXT_ALL & ~ctx.CONTEXT_FLOATING_POINT))


def deliver(thread: Thread, record: bytes, context: bytes | bytearray) -> bool:
    """Show an exception to the debugger, if there is one, else to the program. Returns whether a debugger is asked."""
    process = thread.process
    process.machine.trace.exception(thread, *unpack_record(record))
    port = process.debug_port
    if port is not None and port.exception(thread, record, context, first_chance=True):
        return True
    push(thread, record, context)
    return False


def push(thread: Thread, record: bytes, context: bytes | bytearray) -> None:
    """Push a CONTEXT and an EXCEPTION_RECORD and go to KiUserExceptionDispatcher."""
    process = thread.process
    process.unpatch_returns(thread)
    dispatcher = process.loader.dispatcher("KiUserExceptionDispatcher")
    stack = (ctx.rsp_of(context) - _RED_ZONE - _FRAME) & ~0xF
    try:
        if not dispatcher:
            raise st.NtError(st.STATUS_NOT_SUPPORTED)
        process.memory.write(stack, context)
        process.memory.write(stack + _RECORD, record)
    except (MemoryFault, st.NtError):
        failure.unhandled_exception(thread, record, context)
        return
    thread.context.registers[Gpr.RSP] = stack
    thread.context.flags = thread.context.flags & ~0x40500  # TF, DF and AC are clear in the handler
    thread.redirect(dispatcher)


def hardware(thread: Thread, vector: int, error: int) -> None:
    """Turn a processor exception into the Windows one and deliver it."""
    if vector == 0:
        thread.raise_exception(_divide_status(thread))
    elif vector == 1:
        context = thread.context
        context.flags = context.flags & ~_TRAP_FLAG  # the handler finds it clear and sets it again to step on
        thread.raise_exception(st.STATUS_SINGLE_STEP)
    elif vector == 6:
        instruction = decode(thread)
        if instruction is not None and instruction.opcode == _ICEBP:  # the engine does not know it
            thread.context.rip = thread.context.rip + 1
            thread.raise_exception(st.STATUS_SINGLE_STEP)
        else:
            thread.raise_exception(st.STATUS_ILLEGAL_INSTRUCTION)
    elif vector == 13:
        instruction = decode(thread)
        if instruction is not None and instruction.is_privileged:
            thread.raise_exception(st.STATUS_PRIVILEGED_INSTRUCTION)
        else:
            thread.raise_exception(st.STATUS_ACCESS_VIOLATION, (0, _NO_ADDRESS))
    elif vector == 16:
        control, status = struct.unpack_from("<HH", thread.context.get_fxsave())
        code = _float_status(status & ~control)
        stack_fault = status & _STACK_FAULT and code == st.STATUS_FLOAT_INVALID_OPERATION
        thread.raise_exception(st.STATUS_FLOAT_STACK_CHECK if stack_fault else code)
    elif vector == 19:
        (mxcsr,) = struct.unpack_from("<I", thread.context.get_fxsave(), 24)
        thread.raise_exception(_float_status(mxcsr & ~(mxcsr >> 7)), (0, mxcsr))
    else:
        thread.raise_exception(_VECTORS.get(vector, st.STATUS_ILLEGAL_INSTRUCTION))


def interrupt(thread: Thread, vector: int) -> None:
    """INT `vector` ran and RIP is behind it: deliver what Windows makes of it.

    Programs may use 3, 4, 0x29, 0x2C and 0x2D; any other is a general protection fault of the instruction.
    """
    context = thread.context
    if vector == 3:
        context.rip = context.rip - 1  # the kernel takes every breakpoint for one byte
        if thread.raise_exception(st.STATUS_BREAKPOINT, (0,)):
            context.rip = context.rip + 1  # where the thread goes on after its debugger has seen it
    elif vector == 4:
        thread.raise_exception(st.STATUS_INTEGER_OVERFLOW)
    elif vector == _FAST_FAIL:
        context.rip = context.rip - 2  # a fast fail happens at its instruction
        code = context.registers[Gpr.RCX]
        record = pack_record(st.STATUS_STACK_BUFFER_OVERRUN, EXCEPTION_NONCONTINUABLE, context.rip, (code,))
        failure.unhandled_exception(thread, record, ctx.capture(context))
    elif vector == _ASSERTION:
        context.rip = context.rip - 2
        thread.raise_exception(st.STATUS_ASSERTION_FAILURE)
    elif vector == _DEBUG_SERVICE:
        thread.raise_exception(st.STATUS_BREAKPOINT, (context.registers[Gpr.RAX],))
    else:
        context.rip = context.rip - 2
        thread.raise_exception(st.STATUS_ACCESS_VIOLATION, (0, _NO_ADDRESS))


def _float_status(raised: int) -> int:
    return next((_FLOAT_STATUSES[bit] for bit in _FLOAT_ORDER if raised >> bit & 1), st.STATUS_FLOAT_INVALID_OPERATION)


def _divide_status(thread: Thread) -> int:
    """A zero divisor or a quotient that does not fit? The kernel looks at the divisor."""
    instruction = decode(thread)
    if instruction is None or instruction.opcode not in (0xF6, 0xF7):
        return st.STATUS_INTEGER_DIVIDE_BY_ZERO
    width = 1 if instruction.opcode == 0xF6 else instruction.width
    if instruction.register is None:
        try:
            divisor = any(thread.process.memory.read(instruction.address, width))
        except MemoryFault:
            divisor = False
    else:
        divisor = bool(thread.context.registers[instruction.register] & ((1 << 8 * width) - 1))
    return st.STATUS_INTEGER_OVERFLOW if divisor else st.STATUS_INTEGER_DIVIDE_BY_ZERO


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
