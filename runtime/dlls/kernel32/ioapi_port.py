"""ioapiset.h: I/O completion ports; processthreadsapi.h: user APCs."""

from __future__ import annotations

import struct

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.named import milliseconds
from runtime.dlls.ntdll.completion import QUEUE_USER_APC_FLAGS_SPECIAL_USER_APC, queue
from runtime.dlls.structure import Structure
from runtime.dlls.types import BOOL, BYTE, DWORD, HANDLE, LPVOID, PVOID, ULONG, ULONG_PTR, Out
from runtime.nt import status as st
from runtime.nt.apc import UserApc
from runtime.nt.completion import (
    IO_COMPLETION_ALL_ACCESS,
    IO_COMPLETION_MODIFY_STATE,
    CompletionEntry,
    IoCompletion,
)
from runtime.nt.file import FileObject
from runtime.nt.reference import get_object, pseudo_handle
from runtime.nt.status import Win32Error, nt_status_to_dos_error
from runtime.nt.thread import Thread

INVALID_HANDLE = -1


class OVERLAPPED_ENTRY(Structure):
    lpCompletionKey: ULONG_PTR
    lpOverlapped: PVOID
    Internal: ULONG_PTR
    dwNumberOfBytesTransferred: DWORD


@kernel32.export(category="file_io")
def CreateIoCompletionPort(
    thread: Thread, FileHandle: HANDLE, ExistingCompletionPort: HANDLE, CompletionKey: ULONG_PTR,
    NumberOfConcurrentThreads: DWORD,
) -> HANDLE:  # fmt: skip
    handles = thread.process.handles
    no_file = pseudo_handle(FileHandle) == INVALID_HANDLE
    if ExistingCompletionPort:
        if no_file:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
        port = get_object(thread, ExistingCompletionPort, IoCompletion, IO_COMPLETION_MODIFY_STATE)
        handles.get(FileHandle, FileObject).bind(port, CompletionKey)
        return ExistingCompletionPort
    port = IoCompletion(NumberOfConcurrentThreads)
    if not no_file:
        handles.get(FileHandle, FileObject).bind(port, CompletionKey)
    return handles.open(port, IO_COMPLETION_ALL_ACCESS)


async def _remove(
    thread: Thread, handle: int, count: int, timeout: int, alertable: bool
) -> list[CompletionEntry]:
    """Raises Win32Error WAIT_TIMEOUT, WAIT_IO_COMPLETION or ERROR_ABANDONED_WAIT_0 where there is nothing to return."""
    port = get_object(thread, handle, IoCompletion, IO_COMPLETION_MODIFY_STATE)
    while True:
        status, entries = await port.remove(thread, count, alertable=alertable, timeout=milliseconds(timeout))
        if entries:
            return entries
        if status == st.STATUS_ABANDONED:
            raise Win32Error(st.ERROR_ABANDONED_WAIT_0)
        if status != st.STATUS_ALERTED:
            raise Win32Error(status)


@kernel32.export(category="file_io")
async def GetQueuedCompletionStatus(
    thread: Thread, CompletionPort: HANDLE, lpNumberOfBytesTransferred: Out[DWORD], lpCompletionKey: Out[ULONG_PTR],
    lpOverlapped: Out[PVOID], dwMilliseconds: DWORD,
) -> BOOL:  # fmt: skip
    lpOverlapped.set(0)
    entry = (await _remove(thread, CompletionPort, 1, dwMilliseconds, False))[0]
    lpCompletionKey.set(entry.key)
    lpOverlapped.set(entry.context)
    lpNumberOfBytesTransferred.set(entry.information)
    if st.is_success(entry.status):
        return 1
    thread.last_error = nt_status_to_dos_error(entry.status)
    return 0


@kernel32.export(category="file_io")
async def GetQueuedCompletionStatusEx(
    thread: Thread, CompletionPort: HANDLE, lpCompletionPortEntries: LPVOID, ulCount: ULONG,
    ulNumEntriesRemoved: Out[ULONG], dwMilliseconds: DWORD, fAlertable: BOOL,
) -> BOOL:  # fmt: skip
    if not ulCount:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    ulNumEntriesRemoved.set(0)
    entries = await _remove(thread, CompletionPort, ulCount, dwMilliseconds, bool(fAlertable))
    memory = thread.process.memory
    size = OVERLAPPED_ENTRY.size(memory)
    data = b"".join(
        OVERLAPPED_ENTRY(
            lpCompletionKey=entry.key,
            lpOverlapped=entry.context,
            Internal=entry.status,
            dwNumberOfBytesTransferred=entry.information,
        ).pack(memory.pointer_size)
        for entry in entries
    )
    assert len(data) == size * len(entries)
    memory.write(lpCompletionPortEntries, data)
    ulNumEntriesRemoved.set(len(entries))
    return 1


@kernel32.export(category="file_io")
def PostQueuedCompletionStatus(
    thread: Thread, CompletionPort: HANDLE, dwNumberOfBytesTransferred: DWORD, dwCompletionKey: ULONG_PTR,
    lpOverlapped: LPVOID,
) -> BOOL:  # fmt: skip
    port = get_object(thread, CompletionPort, IoCompletion, IO_COMPLETION_MODIFY_STATE)
    port.post(dwCompletionKey, lpOverlapped, st.STATUS_SUCCESS, dwNumberOfBytesTransferred)
    return 1


@kernel32.export(category="threading")
def QueueUserAPC(thread: Thread, pfnAPC: PVOID, hThread: HANDLE, dwData: ULONG_PTR) -> DWORD:
    queue(thread, hThread, UserApc(pfnAPC, dwData))
    return 1


@kernel32.export(category="threading")
def QueueUserAPC2(thread: Thread, ApcRoutine: PVOID, Thread: HANDLE, Data: ULONG_PTR, Flags: ULONG) -> BOOL:
    if Flags & ~QUEUE_USER_APC_FLAGS_SPECIAL_USER_APC:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    queue(thread, Thread, UserApc(ApcRoutine, Data, special=bool(Flags)))
    return 1


@kernel32.export(category="file_io")
def SetFileCompletionNotificationModes(thread: Thread, FileHandle: HANDLE, Flags: BYTE) -> BOOL:
    """Skip the port's packet when a request ends at once (1), or the file's own event (2)."""
    if Flags & ~3:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    process = thread.process
    process.handles.get(FileHandle, FileObject).set_information(41, struct.pack("<I", Flags), process)
    return 1
