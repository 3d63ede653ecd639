"""jobapi.h: job objects."""

from __future__ import annotations

import struct

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.named import create_named, open_named
from runtime.dlls.types import BOOL, DWORD, HANDLE, LPCWSTR, LPVOID, PVOID, UINT, Out
from runtime.nt import status as st
from runtime.nt.completion import IoCompletion
from runtime.nt.job import Job
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

_ASSOCIATE_PORT = 7


@kernel32.export("process")
def CreateJobObjectW(thread: Thread, lpJobAttributes: LPVOID, lpName: LPCWSTR) -> HANDLE:
    return create_named(thread, lpName, lpJobAttributes, 0x1F001F, Job, Job)


kernel32.ansi(CreateJobObjectW)


@kernel32.export("process")
def OpenJobObjectW(thread: Thread, dwDesiredAccess: DWORD, bInheritHandle: BOOL, lpName: LPCWSTR) -> HANDLE:
    return open_named(thread, lpName, bInheritHandle, dwDesiredAccess, Job)


kernel32.ansi(OpenJobObjectW)


@kernel32.export("process")
def AssignProcessToJobObject(thread: Thread, hJob: HANDLE, hProcess: HANDLE) -> BOOL:
    job = get_object(thread, hJob, Job, 0x0001)
    job.assign(get_object(thread, hProcess, Process, 0x0101))
    return 1


@kernel32.export("process")
def TerminateJobObject(thread: Thread, hJob: HANDLE, uExitCode: UINT) -> BOOL:
    get_object(thread, hJob, Job, 0x0008).terminate(uExitCode)
    return 1


@kernel32.export("process")
def IsProcessInJob(thread: Thread, ProcessHandle: HANDLE, JobHandle: HANDLE, Result: Out[BOOL]) -> BOOL:
    process = get_object(thread, ProcessHandle, Process, 0x1000)
    job = get_object(thread, JobHandle, Job, 0x0004) if JobHandle else process.job
    Result.set(int(job is not None and process.job is job))
    return 1


@kernel32.export("process")
def SetInformationJobObject(
    thread: Thread, hJob: HANDLE, JobObjectInformationClass: DWORD, lpJobObjectInformation: LPVOID,
    cbJobObjectInformationLength: DWORD,
) -> BOOL:  # fmt: skip
    job = get_object(thread, hJob, Job, 0x0002)
    data = thread.process.memory.read(lpJobObjectInformation, min(cbJobObjectInformationLength, 0x1000))
    if JobObjectInformationClass == _ASSOCIATE_PORT:
        if len(data) != 16:
            raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
        key, port = struct.unpack("<QQ", data)
        job.associate(get_object(thread, port, IoCompletion, 0x0002), key)
    else:
        job.set(JobObjectInformationClass, data)
    return 1


@kernel32.export("process")
def QueryInformationJobObject(
    thread: Thread, hJob: HANDLE, JobObjectInformationClass: DWORD, lpJobObjectInformation: PVOID,
    cbJobObjectInformationLength: DWORD, lpReturnLength: Out[DWORD],
) -> BOOL:  # fmt: skip
    job = get_object(thread, hJob, Job, 0x0004) if hJob else thread.process.job
    if job is None:
        raise Win32Error(st.ERROR_ACCESS_DENIED)
    data = job.query(JobObjectInformationClass, cbJobObjectInformationLength)
    if cbJobObjectInformationLength < len(data):
        raise Win32Error(st.ERROR_BAD_LENGTH)
    thread.process.memory.write(lpJobObjectInformation, data)
    lpReturnLength.put(len(data))
    return 1
