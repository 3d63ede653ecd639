"""fileapi.h: reading, writing, positions, sizes, locks."""

from __future__ import annotations

import struct
from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.file_support import FILE, Overlapped, file_of, lowered, real_handle
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    LARGE_INTEGER,
    LONG,
    LPVOID,
    PVOID,
    InBytes,
    InOut,
    Out,
    OutBytes,
)
from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.file import FileObject
from runtime.nt.io import get_writable_file, read_file, write_file
from runtime.nt.io_request import SILENT, Completion, IoRequest
from runtime.nt.reference import pseudo_handle
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread
from runtime.nt.wait import wait_for

INVALID_SET_FILE_POINTER = 0xFFFFFFFF
INVALID_FILE_SIZE = 0xFFFFFFFF
FILE_TYPE_UNKNOWN, FILE_TYPE_DISK, FILE_TYPE_CHAR, FILE_TYPE_PIPE = 0, 1, 2, 3


@kernel32.export(FILE)
async def ReadFile(
    thread: Thread,
    hFile: HANDLE,
    lpBuffer: Annotated[LPVOID, OutBytes("nNumberOfBytesToRead", actual="lpNumberOfBytesRead")],
    nNumberOfBytesToRead: DWORD,
    lpNumberOfBytesRead: Out[DWORD],
    lpOverlapped: LPVOID,
) -> BOOL:
    """Read from a file, pipe or console."""
    lpNumberOfBytesRead.put(0)
    handle = real_handle(thread, hFile)
    if not lpOverlapped:
        process = thread.process
        file = process.handles.get(handle, FileObject, ff.FILE_READ_DATA)
        count = file.read_now(process.memory, lpBuffer, nNumberOfBytesToRead)
        if count is not None:
            lpNumberOfBytesRead.put(count)
            return True
        try:
            request = await read_file(thread, handle, lpBuffer, nNumberOfBytesToRead)
        except NtError as error:
            if error.status == st.STATUS_END_OF_FILE:
                return True
            raise
        if not request.done:
            await wait_for(thread, [request])
        lpNumberOfBytesRead.put(request.information)
        if request.status != st.STATUS_END_OF_FILE:
            lowered(request.status)
        return True
    overlapped = Overlapped(thread, lpOverlapped)
    offset = overlapped.offset
    request = await read_file(thread, handle, lpBuffer, nNumberOfBytesToRead, offset, overlapped.begin())
    return _end_overlapped(request, lpNumberOfBytesRead)


@kernel32.export(FILE)
async def WriteFile(
    thread: Thread,
    hFile: HANDLE,
    lpBuffer: Annotated[LPVOID, InBytes("nNumberOfBytesToWrite")],
    nNumberOfBytesToWrite: DWORD,
    lpNumberOfBytesWritten: Out[DWORD],
    lpOverlapped: LPVOID,
) -> BOOL:
    """Write to a file, pipe or console."""
    lpNumberOfBytesWritten.put(0)
    handle = real_handle(thread, hFile)
    if not lpOverlapped:
        process = thread.process
        count = get_writable_file(thread, handle).write_now(process.memory, lpBuffer, nNumberOfBytesToWrite)
        if count is not None:
            lpNumberOfBytesWritten.put(count)
            return True
        request = await write_file(thread, handle, lpBuffer, nNumberOfBytesToWrite)
        if not request.done:
            await wait_for(thread, [request])
        lpNumberOfBytesWritten.put(request.information)
        lowered(request.status)
        return True
    overlapped = Overlapped(thread, lpOverlapped)
    offset = overlapped.offset
    request = await write_file(thread, handle, lpBuffer, nNumberOfBytesToWrite, offset, overlapped.begin())
    return _end_overlapped(request, lpNumberOfBytesWritten)


def _end_overlapped(request: IoRequest, transferred: Out[int]) -> bool:
    if request.status == st.STATUS_PENDING:
        raise NtError(st.STATUS_PENDING)
    lowered(request.status)
    transferred.put(request.information)
    return True


async def _extended(thread: Thread, handle: int, buffer: int, length: int, overlapped: int, routine: int,
                    *, writing: bool) -> bool:  # fmt: skip
    block = Overlapped(thread, overlapped)
    offset = block.offset
    memory = thread.process.memory
    memory.write_pointer(overlapped, st.STATUS_PENDING)
    deliver = thread.process.modules.address_of("kernel32.dll", "BasepIoCompletion")
    completion = Completion(overlapped, None, deliver, routine)
    transfer = write_file if writing else read_file
    request = await transfer(thread, handle, buffer, length, offset, completion)
    if request.done:
        lowered(request.status)
    return True


@kernel32.export(FILE)
async def ReadFileEx(
    thread: Thread,
    hFile: HANDLE,
    lpBuffer: Annotated[LPVOID, OutBytes("nNumberOfBytesToRead")],
    nNumberOfBytesToRead: DWORD,
    lpOverlapped: LPVOID,
    lpCompletionRoutine: PVOID,
) -> BOOL:
    """Read, and have a completion routine called when the thread waits alertably."""
    return await _extended(
        thread, hFile, lpBuffer, nNumberOfBytesToRead, lpOverlapped, lpCompletionRoutine, writing=False
    )


@kernel32.export(FILE)
async def WriteFileEx(
    thread: Thread,
    hFile: HANDLE,
    lpBuffer: Annotated[LPVOID, InBytes("nNumberOfBytesToWrite")],
    nNumberOfBytesToWrite: DWORD,
    lpOverlapped: LPVOID,
    lpCompletionRoutine: PVOID,
) -> BOOL:
    """Write, and have a completion routine called when the thread waits alertably."""
    return await _extended(
        thread, hFile, lpBuffer, nNumberOfBytesToWrite, lpOverlapped, lpCompletionRoutine, writing=True
    )


@kernel32.export(FILE)
async def BasepIoCompletion(thread: Thread, ApcContext: PVOID, IoStatusBlock: PVOID, Reserved: DWORD) -> None:
    """The APC of ReadFileEx and its kin: calls the program's routine with a Win32 error."""
    overlapped = Overlapped(thread, IoStatusBlock)
    status = overlapped.status
    error = st.nt_status_to_dos_error(status) if status & 0x80000000 else 0
    await thread.call(ApcContext, error, overlapped.information & 0xFFFFFFFF, IoStatusBlock)


def _move(thread: Thread, file: FileObject, distance: int, method: int) -> int:
    """Set the position of any file. For a pipe or a console it means nothing, but the I/O manager keeps it.

    Only a pipe that was opened for overlapped access refuses. Raises Win32Error and NtError.
    """
    if file.device_type == ff.FILE_DEVICE_NAMED_PIPE and not file.synchronous:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    match method:
        case 0:
            position = distance
        case 1:
            position = file.current_position() + distance
        case 2:
            (size,) = struct.unpack_from("<q", file.query(5, 24, file.granted).data, 8)
            position = size + distance
        case _:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if position < 0:
        raise Win32Error(st.ERROR_NEGATIVE_SEEK)
    file.set_information(14, struct.pack("<q", position), thread.process)
    return position


@kernel32.export(FILE)
def SetFilePointerEx(
    thread: Thread,
    hFile: HANDLE,
    liDistanceToMove: LARGE_INTEGER,
    lpNewFilePointer: Out[LARGE_INTEGER],
    dwMoveMethod: DWORD,
) -> BOOL:
    """Move the file position."""
    lpNewFilePointer.put(_move(thread, file_of(thread, hFile), liDistanceToMove, dwMoveMethod))
    return True


@kernel32.export(FILE, fails=INVALID_SET_FILE_POINTER)
def SetFilePointer(
    thread: Thread,
    hFile: HANDLE,
    lDistanceToMove: LONG,
    lpDistanceToMoveHigh: InOut[LONG],
    dwMoveMethod: DWORD,
) -> DWORD:
    """Move the file position; the upper half of a long distance lies behind a pointer."""
    distance: int = lDistanceToMove
    if lpDistanceToMoveHigh:
        distance = (lpDistanceToMoveHigh.get() << 32) | (lDistanceToMove & 0xFFFFFFFF)
    position = _move(thread, file_of(thread, hFile), distance, dwMoveMethod)
    if lpDistanceToMoveHigh:
        lpDistanceToMoveHigh.set(position >> 32)
    elif position > 0xFFFFFFFF:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if position & 0xFFFFFFFF == INVALID_SET_FILE_POINTER:
        thread.last_error = st.ERROR_SUCCESS
    return position & 0xFFFFFFFF


def size_of(file: FileObject) -> int:
    """Return a file's size. Raises NtError."""
    size: int = struct.unpack_from("<q", file.query(5, 24, file.granted).data, 8)[0]
    return size


@kernel32.export(FILE)
def GetFileSizeEx(thread: Thread, hFile: HANDLE, lpFileSize: Out[LARGE_INTEGER]) -> BOOL:
    """Return a file's size."""
    lpFileSize.set(size_of(file_of(thread, hFile)))
    return True


@kernel32.export(FILE, fails=INVALID_FILE_SIZE)
def GetFileSize(thread: Thread, hFile: HANDLE, lpFileSizeHigh: Out[DWORD]) -> DWORD:
    """Return the lower half of a file's size."""
    size = size_of(file_of(thread, hFile))
    lpFileSizeHigh.put(size >> 32)
    if size & 0xFFFFFFFF == INVALID_FILE_SIZE:
        thread.last_error = st.ERROR_SUCCESS
    return size & 0xFFFFFFFF


@kernel32.export(FILE)
def SetEndOfFile(thread: Thread, hFile: HANDLE) -> BOOL:
    """Cut or extend a file at its position."""
    file = file_of(thread, hFile, ff.FILE_WRITE_DATA)
    position = struct.pack("<q", file.current_position())
    file.set_information(20, position, thread.process)
    file.set_information(19, position, thread.process)
    return True


@kernel32.export(FILE)
def SetFileValidData(thread: Thread, hFile: HANDLE, ValidDataLength: LARGE_INTEGER) -> BOOL:
    """Declare data valid; it always is."""
    file_of(thread, hFile, ff.FILE_WRITE_DATA).set_information(39, struct.pack("<q", ValidDataLength), thread.process)
    return True


@kernel32.export(FILE)
async def FlushFileBuffers(thread: Thread, hFile: HANDLE) -> BOOL:
    """Bring written data to the disk, or wait until a pipe's reader has read everything."""
    file = get_writable_file(thread, real_handle(thread, hFile))
    request = IoRequest(thread, file)
    await request.finish(file.flush(request))
    if not request.done:
        await wait_for(thread, [request])
    lowered(request.status)
    return True


async def _lock(
    thread: Thread, handle: int, offset: int, length: int, completion: Completion, *, exclusive: bool, immediately: bool
) -> IoRequest:
    file = file_of(thread, handle)
    request = IoRequest(thread, file, completion)
    await request.finish(file.lock(request, offset, length, exclusive=exclusive, immediately=immediately))
    return request


@kernel32.export(FILE)
async def LockFile(
    thread: Thread,
    hFile: HANDLE,
    dwFileOffsetLow: DWORD,
    dwFileOffsetHigh: DWORD,
    nNumberOfBytesToLockLow: DWORD,
    nNumberOfBytesToLockHigh: DWORD,
) -> BOOL:
    """Lock a range exclusively, or fail at once."""
    offset = dwFileOffsetHigh << 32 | dwFileOffsetLow
    length = nNumberOfBytesToLockHigh << 32 | nNumberOfBytesToLockLow
    await _lock(thread, hFile, offset, length, SILENT, exclusive=True, immediately=True)
    return True


@kernel32.export(FILE)
async def LockFileEx(
    thread: Thread,
    hFile: HANDLE,
    dwFlags: DWORD,
    dwReserved: DWORD,
    nNumberOfBytesToLockLow: DWORD,
    nNumberOfBytesToLockHigh: DWORD,
    lpOverlapped: LPVOID,
) -> BOOL:
    """Lock a range, shared or exclusively, and wait for it unless told not to."""
    if dwReserved or dwFlags & ~3:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    overlapped = Overlapped(thread, lpOverlapped)
    offset = overlapped.offset & (1 << 64) - 1
    length = nNumberOfBytesToLockHigh << 32 | nNumberOfBytesToLockLow
    request = await _lock(
        thread, hFile, offset, length, overlapped.begin(), exclusive=bool(dwFlags & 2), immediately=bool(dwFlags & 1)
    )
    if not request.done:
        raise NtError(st.STATUS_PENDING)
    lowered(request.status)
    return True


@kernel32.export(FILE)
def UnlockFile(
    thread: Thread,
    hFile: HANDLE,
    dwFileOffsetLow: DWORD,
    dwFileOffsetHigh: DWORD,
    nNumberOfBytesToUnlockLow: DWORD,
    nNumberOfBytesToUnlockHigh: DWORD,
) -> BOOL:
    """Unlock a range that was locked as exactly that."""
    offset = dwFileOffsetHigh << 32 | dwFileOffsetLow
    length = nNumberOfBytesToUnlockHigh << 32 | nNumberOfBytesToUnlockLow
    file_of(thread, hFile).unlock(thread.process, offset, length, 0)
    return True


@kernel32.export(FILE)
def UnlockFileEx(
    thread: Thread,
    hFile: HANDLE,
    dwReserved: DWORD,
    nNumberOfBytesToUnlockLow: DWORD,
    nNumberOfBytesToUnlockHigh: DWORD,
    lpOverlapped: LPVOID,
) -> BOOL:
    """Unlock a range that was locked as exactly that."""
    if dwReserved:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    offset = Overlapped(thread, lpOverlapped).offset & (1 << 64) - 1
    length = nNumberOfBytesToUnlockHigh << 32 | nNumberOfBytesToUnlockLow
    file_of(thread, hFile).unlock(thread.process, offset, length, 0)
    return True


@kernel32.export(FILE)
def GetFileType(thread: Thread, hFile: HANDLE) -> DWORD:
    """Say what kind of thing a handle is: disk file, character device or pipe."""
    if pseudo_handle(hFile) is not None:
        raise NtError(st.STATUS_INVALID_HANDLE)
    device: int = struct.unpack_from("<I", file_of(thread, hFile).query_volume(4, 8).data)[0]
    thread.last_error = st.ERROR_SUCCESS
    match device:
        case ff.FILE_DEVICE_DISK | ff.FILE_DEVICE_CD_ROM | ff.FILE_DEVICE_NETWORK_FILE_SYSTEM:
            return FILE_TYPE_DISK
        case ff.FILE_DEVICE_NAMED_PIPE:
            return FILE_TYPE_PIPE
        case ff.FILE_DEVICE_CONSOLE | ff.FILE_DEVICE_NULL:
            return FILE_TYPE_CHAR
    return FILE_TYPE_UNKNOWN
