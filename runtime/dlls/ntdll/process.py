"""Processes and threads: NtTerminateProcess, NtCreateThreadEx, NtQueryInformationProcess and their relatives."""

from __future__ import annotations

import struct

from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.types import (
    ACCESS_MASK,
    HANDLE,
    NTSTATUS,
    PVOID,
    SIZE_T,
    ULONG,
    Out,
)
from runtime.nt import status as st
from runtime.nt.information import (
    process_information,
    set_process_information,
    set_thread_information,
    thread_information,
)
from runtime.nt.job import Job
from runtime.nt.object import MAXIMUM_ALLOWED
from runtime.nt.process import Process
from runtime.nt.reference import get_object, give_handle, read_attributes
from runtime.nt.status import NtError
from runtime.nt.thread import Thread

_THREAD_CREATE_FLAGS_CREATE_SUSPENDED = 1
_DEBUG_OBJECT_HANDLE = 30
"""ProcessDebugObjectHandle, the class whose answer is a handle of the caller."""


@ntdll.export("process")
def NtTerminateProcess(thread: Thread, ProcessHandle: HANDLE, ExitStatus: NTSTATUS) -> NTSTATUS:
    if ProcessHandle == 0:
        thread.process.terminate_others(thread, ExitStatus)
        return st.STATUS_SUCCESS
    process = get_object(thread, ProcessHandle, Process, 0x0001)
    if process.ended:
        raise NtError(st.STATUS_PROCESS_IS_TERMINATING)
    process.terminate(ExitStatus)
    return st.STATUS_SUCCESS


@ntdll.export("threading")
def NtTerminateThread(thread: Thread, ThreadHandle: HANDLE, ExitStatus: NTSTATUS) -> NTSTATUS:
    target = get_object(thread, ThreadHandle, Thread, 0x0001) if ThreadHandle else thread
    target.terminate(ExitStatus & 0xFFFFFFFF)
    return st.STATUS_SUCCESS


@ntdll.export("threading")
def NtCreateThreadEx(
    thread: Thread, ThreadHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID,
    ProcessHandle: HANDLE, StartRoutine: PVOID, Argument: PVOID, CreateFlags: ULONG, ZeroBits: SIZE_T,
    StackSize: SIZE_T, MaximumStackSize: SIZE_T, AttributeList: PVOID,
) -> NTSTATUS:  # fmt: skip
    process = get_object(thread, ProcessHandle, Process, 0x0002)
    attributes = read_attributes(thread, ObjectAttributes)
    suspended = bool(CreateFlags & _THREAD_CREATE_FLAGS_CREATE_SUSPENDED)
    created = process.create_thread(
        StartRoutine, Argument, stack_reserve=MaximumStackSize, stack_commit=StackSize, suspended=suspended
    )
    give_handle(thread, ThreadHandle, created, DesiredAccess, inherit=attributes.inherit)
    if AttributeList:
        _fill_attributes(thread, AttributeList, created)
    return st.STATUS_SUCCESS


def _fill_attributes(thread: Thread, attribute_list: int, created: Thread) -> None:
    """Store the client id and TEB address where a PS_ATTRIBUTE_LIST asks for them."""
    memory = thread.process.memory
    total = memory.read_u64(attribute_list)
    for entry in range(attribute_list + 8, attribute_list + total, 32):
        kind, size, value = (memory.read_u64(entry + offset) for offset in (0, 8, 16))
        if kind & 0xFFFF == 3:  # PsAttributeClientId
            memory.write(value, struct.pack("<QQ", created.process.pid, created.id)[:size])
        elif kind & 0xFFFF == 4:  # PsAttributeTebAddress
            memory.write(value, struct.pack("<Q", created.teb)[:size])


@ntdll.export("threading")
def NtSuspendThread(thread: Thread, ThreadHandle: HANDLE, PreviousSuspendCount: Out[ULONG]) -> NTSTATUS:
    previous = get_object(thread, ThreadHandle, Thread, 0x0002).suspend()
    PreviousSuspendCount.put(previous)
    return st.STATUS_SUCCESS


@ntdll.export("threading")
def NtResumeThread(thread: Thread, ThreadHandle: HANDLE, PreviousSuspendCount: Out[ULONG]) -> NTSTATUS:
    previous = get_object(thread, ThreadHandle, Thread, 0x0002).resume()
    PreviousSuspendCount.put(previous)
    return st.STATUS_SUCCESS


@ntdll.export("process")
def NtSuspendProcess(thread: Thread, ProcessHandle: HANDLE) -> NTSTATUS:
    """Suspend every thread of a process."""
    for member in list(get_object(thread, ProcessHandle, Process, 0x0800).threads.values()):
        member.suspend()
    return st.STATUS_SUCCESS


@ntdll.export("process")
def NtResumeProcess(thread: Thread, ProcessHandle: HANDLE) -> NTSTATUS:
    """Take one suspension off every thread of a process."""
    for member in list(get_object(thread, ProcessHandle, Process, 0x0800).threads.values()):
        member.resume()
    return st.STATUS_SUCCESS


@ntdll.export("process")
def NtQueryInformationProcess(
    thread: Thread, ProcessHandle: HANDLE, ProcessInformationClass: ULONG, ProcessInformation: PVOID,
    ProcessInformationLength: ULONG, ReturnLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    process = get_object(thread, ProcessHandle, Process, 0x1000)
    if ProcessInformationClass == _DEBUG_OBJECT_HANDLE and process.debug_port is not None:
        if ProcessInformationLength != thread.process.pointer_size:
            raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
        handle = thread.process.handles.open(process.debug_port, MAXIMUM_ALLOWED)
        thread.process.memory.write_pointer(ProcessInformation, handle)
        ReturnLength.put(thread.process.pointer_size)
        return st.STATUS_SUCCESS
    data = process_information(process, ProcessInformationClass, ProcessInformation)
    ReturnLength.put(len(data))
    if ProcessInformationLength < len(data):
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    thread.process.memory.write(ProcessInformation, data)
    return st.STATUS_SUCCESS


@ntdll.export("process")
def NtSetInformationProcess(
    thread: Thread, ProcessHandle: HANDLE, ProcessInformationClass: ULONG, ProcessInformation: PVOID,
    ProcessInformationLength: ULONG,
) -> NTSTATUS:  # fmt: skip
    process = get_object(thread, ProcessHandle, Process, 0x0200)
    data = thread.process.memory.read(ProcessInformation, min(ProcessInformationLength, 0x10000))
    set_process_information(process, ProcessInformationClass, data)
    return st.STATUS_SUCCESS


@ntdll.export("threading")
def NtQueryInformationThread(
    thread: Thread, ThreadHandle: HANDLE, ThreadInformationClass: ULONG, ThreadInformation: PVOID,
    ThreadInformationLength: ULONG, ReturnLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    target = get_object(thread, ThreadHandle, Thread, 0x0800)
    data = thread_information(target, ThreadInformationClass, ThreadInformation)
    ReturnLength.put(len(data))
    if ThreadInformationLength < len(data):
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    thread.process.memory.write(ThreadInformation, data)
    return st.STATUS_SUCCESS


@ntdll.export("threading")
def NtSetInformationThread(
    thread: Thread, ThreadHandle: HANDLE, ThreadInformationClass: ULONG, ThreadInformation: PVOID,
    ThreadInformationLength: ULONG,
) -> NTSTATUS:  # fmt: skip
    target = get_object(thread, ThreadHandle, Thread, 0x0400)
    data = thread.process.memory.read(ThreadInformation, min(ThreadInformationLength, 0x10000))
    set_thread_information(target, ThreadInformationClass, data, thread)
    return st.STATUS_SUCCESS


@ntdll.export("threading")
def NtGetCurrentProcessorNumber(thread: Thread) -> ULONG:
    """Return the first processor the thread may run on: the threads of a process take turns on one."""
    return thread.processor


@ntdll.export("process")
def NtOpenProcess(
    thread: Thread, ProcessHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID, ClientId: PVOID
) -> NTSTATUS:
    attributes = read_attributes(thread, ObjectAttributes)
    memory = thread.process.memory
    if not ClientId:
        raise NtError(st.STATUS_INVALID_PARAMETER_MIX)
    process = thread.process.machine.processes.get(memory.read_pointer(ClientId) & ~3)
    if process is None:
        raise NtError(st.STATUS_INVALID_CID)
    give_handle(thread, ProcessHandle, process, DesiredAccess, inherit=attributes.inherit)
    return st.STATUS_SUCCESS


@ntdll.export("threading")
def NtOpenThread(
    thread: Thread, ThreadHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID, ClientId: PVOID
) -> NTSTATUS:
    attributes = read_attributes(thread, ObjectAttributes)
    memory = thread.process.memory
    if not ClientId:
        raise NtError(st.STATUS_INVALID_PARAMETER_MIX)
    target = thread.process.machine.threads.get(memory.read_pointer(ClientId + memory.pointer_size) & ~3)
    if target is None:
        raise NtError(st.STATUS_INVALID_CID)
    give_handle(thread, ThreadHandle, target, DesiredAccess, inherit=attributes.inherit)
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtFreeUserStack(thread: Thread, AllocationBase: PVOID) -> NTSTATUS:
    thread.process.memory.free(AllocationBase, 0, 0x8000)
    return st.STATUS_SUCCESS


@ntdll.export("threading")
def NtIsProcessInJob(thread: Thread, ProcessHandle: HANDLE, JobHandle: HANDLE) -> NTSTATUS:
    process = get_object(thread, ProcessHandle, Process, 0x1000)
    job = get_object(thread, JobHandle, Job, 0x0004) if JobHandle else process.job
    return st.STATUS_PROCESS_IN_JOB if job is not None and process.job is job else st.STATUS_PROCESS_NOT_IN_JOB
