"""Exceptions and contexts: NtRaiseException, NtContinue, NtGetContextThread, NtSetContextThread."""

from __future__ import annotations

from runtime.cpu.engine import Gpr
from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.types import BOOLEAN, HANDLE, NTSTATUS, PVOID
from runtime.nt import context as ctx
from runtime.nt import exception, failure
from runtime.nt import status as st
from runtime.nt.reference import get_object
from runtime.nt.thread import Thread
from runtime.nt.wait import take_alert


@ntdll.export("exception")
def NtRaiseException(thread: Thread, ExceptionRecord: PVOID, ContextRecord: PVOID, FirstChance: BOOLEAN) -> NTSTATUS:
    memory = thread.process.memory
    record = memory.read(ExceptionRecord, exception.RECORD_SIZE)
    context = memory.read(ContextRecord, ctx.SIZE)
    if FirstChance & 0xFF:
        ctx.load(thread.context, context)
        exception.deliver(thread, record, context)
    else:
        failure.unhandled_exception(thread, record, context)
    return st.STATUS_SUCCESS


@ntdll.export("exception")
def NtContinue(thread: Thread, ContextRecord: PVOID, TestAlert: BOOLEAN) -> NTSTATUS:
    context = thread.process.memory.read(ContextRecord, ctx.SIZE)
    if TestAlert & 0xFF:
        take_alert(thread)
    exception.continue_with(thread, context)
    return st.STATUS_SUCCESS


@ntdll.export("threading")
def NtGetContextThread(thread: Thread, ThreadHandle: HANDLE, ThreadContext: PVOID) -> NTSTATUS:
    target = get_object(thread, ThreadHandle, Thread, 0x0008)
    if target.ended:
        raise st.NtError(st.STATUS_UNSUCCESSFUL)
    memory = thread.process.memory
    flags = memory.read_u32(ThreadContext + 0x30)
    captured = ctx.capture(target.context, flags)
    old = bytearray(memory.read(ThreadContext, ctx.SIZE))
    ctx.merge(old, captured, flags)
    memory.write(ThreadContext, old)
    return st.STATUS_SUCCESS


@ntdll.export("threading")
def NtSetContextThread(thread: Thread, ThreadHandle: HANDLE, ThreadContext: PVOID) -> NTSTATUS:
    target = get_object(thread, ThreadHandle, Thread, 0x0010)
    if target.ended:
        raise st.NtError(st.STATUS_UNSUCCESSFUL)
    context = thread.process.memory.read(ThreadContext, ctx.SIZE)
    if target is thread and ctx.flags_of(context) & ctx.CONTEXT_CONTROL & 0xF:
        thread.context.registers[Gpr.RAX] = st.STATUS_SUCCESS  # where the context does not bring it
        exception.continue_with(thread, context)
    else:
        ctx.load(target.context, context)
    return st.STATUS_SUCCESS

