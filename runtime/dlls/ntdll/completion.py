"""I/O completion ports, wait completion packets, and user APCs."""

from __future__ import annotations

from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.ntdll.sync import SYNCHRONIZATION, open_named, store_information, timeout_of
from runtime.dlls.structure import Structure
from runtime.dlls.types import (
    ACCESS_MASK,
    BOOLEAN,
    HANDLE,
    LARGE_INTEGER,
    LONG,
    NTSTATUS,
    PVOID,
    ULONG,
    ULONG_PTR,
    In,
    Out,
)
from runtime.nt import status as st
from runtime.nt.apc import UserApc
from runtime.nt.completion import (
    IO_COMPLETION_MODIFY_STATE,
    IO_COMPLETION_QUERY_STATE,
    CompletionEntry,
    IoCompletion,
    WaitCompletionPacket,
)
from runtime.nt.object import SYNCHRONIZE
from runtime.nt.reference import get_object, give_handle, read_attributes
from runtime.nt.status import NtError
from runtime.nt.thread import Thread
from runtime.nt.wait import Waitable, alert_thread, queue_apc, take_alert

THREAD_SET_CONTEXT = 0x10
THREAD_ALERT = 0x4
THREAD_SUSPEND_RESUME = 0x2
QUEUE_USER_APC_FLAGS_SPECIAL_USER_APC = 1
"""In place of a reserve handle: an APC that does not wait for its thread to be alertable."""


class IO_STATUS_BLOCK(Structure):
    Status: ULONG_PTR
    Information: ULONG_PTR


class FILE_IO_COMPLETION_INFORMATION(Structure):
    KeyContext: PVOID
    ApcContext: PVOID
    IoStatus: ULONG_PTR
    Information: ULONG_PTR


class IO_COMPLETION_BASIC_INFORMATION(Structure):
    Depth: LONG


@ntdll.export(category=SYNCHRONIZATION)
def NtCreateIoCompletion(
    thread: Thread, IoCompletionHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID, Count: ULONG
) -> NTSTATUS:
    attributes = read_attributes(thread, ObjectAttributes)
    made = thread.process.machine.objects.create(attributes, IoCompletion, lambda: IoCompletion(Count))
    give_handle(thread, IoCompletionHandle, made.item, DesiredAccess, inherit=attributes.inherit)
    return made.status


@ntdll.export(category=SYNCHRONIZATION)
def NtOpenIoCompletion(
    thread: Thread, IoCompletionHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID
) -> NTSTATUS:
    return open_named(thread, IoCompletionHandle, DesiredAccess, ObjectAttributes, IoCompletion)


@ntdll.export(category=SYNCHRONIZATION)
def NtQueryIoCompletion(
    thread: Thread, IoCompletionHandle: HANDLE, IoCompletionInformationClass: ULONG, IoCompletionInformation: PVOID,
    IoCompletionInformationLength: ULONG, ReturnLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    if IoCompletionInformationClass != 0:
        raise NtError(st.STATUS_INVALID_INFO_CLASS)
    port = get_object(thread, IoCompletionHandle, IoCompletion, IO_COMPLETION_QUERY_STATE)
    value = IO_COMPLETION_BASIC_INFORMATION(Depth=len(port.entries))
    return store_information(thread, value, IoCompletionInformation, IoCompletionInformationLength, ReturnLength)


@ntdll.export(category=SYNCHRONIZATION)
def NtSetIoCompletion(
    thread: Thread, IoCompletionHandle: HANDLE, KeyContext: PVOID, ApcContext: PVOID, IoStatus: NTSTATUS,
    IoStatusInformation: ULONG_PTR,
) -> NTSTATUS:  # fmt: skip
    port = get_object(thread, IoCompletionHandle, IoCompletion, IO_COMPLETION_MODIFY_STATE)
    port.post(KeyContext, ApcContext, IoStatus, IoStatusInformation)
    return st.STATUS_SUCCESS


@ntdll.export(category=SYNCHRONIZATION)
async def NtRemoveIoCompletion(
    thread: Thread, IoCompletionHandle: HANDLE, KeyContext: Out[PVOID], ApcContext: Out[PVOID],
    IoStatusBlock: Out[IO_STATUS_BLOCK], Timeout: In[LARGE_INTEGER],
) -> NTSTATUS:  # fmt: skip
    timeout = timeout_of(Timeout)
    port = get_object(thread, IoCompletionHandle, IoCompletion, IO_COMPLETION_MODIFY_STATE)
    status, entries = await port.remove(thread, timeout=timeout)
    for entry in entries:
        KeyContext.set(entry.key)
        ApcContext.set(entry.context)
        IoStatusBlock.set(IO_STATUS_BLOCK(Status=entry.status, Information=entry.information))
    return status


@ntdll.export(category=SYNCHRONIZATION)
async def NtRemoveIoCompletionEx(
    thread: Thread, IoCompletionHandle: HANDLE, IoCompletionInformation: PVOID, Count: ULONG,
    NumEntriesRemoved: Out[ULONG], Timeout: In[LARGE_INTEGER], Alertable: BOOLEAN,
) -> NTSTATUS:  # fmt: skip
    if not Count:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    timeout = timeout_of(Timeout)
    port = get_object(thread, IoCompletionHandle, IoCompletion, IO_COMPLETION_MODIFY_STATE)
    status, entries = await port.remove(thread, Count, alertable=bool(Alertable), timeout=timeout)
    memory = thread.process.memory
    size = FILE_IO_COMPLETION_INFORMATION.size(memory)
    for index, entry in enumerate(entries):
        FILE_IO_COMPLETION_INFORMATION(
            KeyContext=entry.key, ApcContext=entry.context, IoStatus=entry.status, Information=entry.information
        ).write(memory, IoCompletionInformation + index * size)
    NumEntriesRemoved.set(len(entries))
    return status


@ntdll.export(category=SYNCHRONIZATION)
def NtCreateWaitCompletionPacket(
    thread: Thread, WaitCompletionPacketHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID
) -> NTSTATUS:
    attributes = read_attributes(thread, ObjectAttributes)
    made = thread.process.machine.objects.create(attributes, WaitCompletionPacket, WaitCompletionPacket)
    give_handle(thread, WaitCompletionPacketHandle, made.item, DesiredAccess, inherit=attributes.inherit)
    return made.status


@ntdll.export(category=SYNCHRONIZATION)
def NtAssociateWaitCompletionPacket(
    thread: Thread, WaitCompletionPacketHandle: HANDLE, IoCompletionHandle: HANDLE, TargetObjectHandle: HANDLE,
    KeyContext: PVOID, ApcContext: PVOID, IoStatus: NTSTATUS, IoStatusInformation: ULONG_PTR,
    AlreadySignaled: Out[BOOLEAN],
) -> NTSTATUS:  # fmt: skip
    packet = get_object(thread, WaitCompletionPacketHandle, WaitCompletionPacket, 1)
    port = get_object(thread, IoCompletionHandle, IoCompletion, IO_COMPLETION_MODIFY_STATE)
    target = get_object(thread, TargetObjectHandle, Waitable, SYNCHRONIZE)
    entry = CompletionEntry(KeyContext, ApcContext, IoStatus, IoStatusInformation)
    AlreadySignaled.put(packet.associate(thread, port, target, entry))
    return st.STATUS_SUCCESS


@ntdll.export(category=SYNCHRONIZATION)
def NtCancelWaitCompletionPacket(
    thread: Thread, WaitCompletionPacketHandle: HANDLE, RemoveSignaledPacket: BOOLEAN
) -> NTSTATUS:
    packet = get_object(thread, WaitCompletionPacketHandle, WaitCompletionPacket, 1)
    return packet.cancel(remove_signalled=bool(RemoveSignaledPacket))


def queue(thread: Thread, handle: int, apc: UserApc) -> int:
    """Queue an APC to the thread of a handle. Raises NtError STATUS_UNSUCCESSFUL when that thread has ended."""
    target = get_object(thread, handle, Thread, THREAD_SET_CONTEXT)
    if target.ended or target.exiting:
        raise NtError(st.STATUS_UNSUCCESSFUL)
    queue_apc(target, apc)
    return st.STATUS_SUCCESS


@ntdll.export(category="threading")
def NtQueueApcThread(
    thread: Thread, ThreadHandle: HANDLE, ApcRoutine: PVOID, ApcArgument1: PVOID, ApcArgument2: PVOID,
    ApcArgument3: PVOID,
) -> NTSTATUS:  # fmt: skip
    return queue(thread, ThreadHandle, UserApc(ApcRoutine, ApcArgument1, ApcArgument2, ApcArgument3))


@ntdll.export(category="threading")
def NtQueueApcThreadEx(
    thread: Thread, ThreadHandle: HANDLE, ReserveHandle: HANDLE, ApcRoutine: PVOID, ApcArgument1: PVOID,
    ApcArgument2: PVOID, ApcArgument3: PVOID,
) -> NTSTATUS:  # fmt: skip
    special = ReserveHandle == QUEUE_USER_APC_FLAGS_SPECIAL_USER_APC
    if ReserveHandle and not special:
        raise NtError(st.STATUS_INVALID_HANDLE)
    apc = UserApc(ApcRoutine, ApcArgument1, ApcArgument2, ApcArgument3, special=special)
    return queue(thread, ThreadHandle, apc)


@ntdll.export(category="threading")
def NtTestAlert(thread: Thread) -> NTSTATUS:
    return take_alert(thread)


@ntdll.export(category="threading")
def NtAlertThread(thread: Thread, ThreadHandle: HANDLE) -> NTSTATUS:
    alert_thread(get_object(thread, ThreadHandle, Thread, THREAD_ALERT))
    return st.STATUS_SUCCESS


@ntdll.export(category="threading")
def NtAlertResumeThread(thread: Thread, ThreadHandle: HANDLE, PreviousSuspendCount: Out[ULONG]) -> NTSTATUS:
    target = get_object(thread, ThreadHandle, Thread, THREAD_SUSPEND_RESUME)
    alert_thread(target)
    PreviousSuspendCount.put(target.resume())
    return st.STATUS_SUCCESS
