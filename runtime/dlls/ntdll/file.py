"""Files: opening, reading, writing, control, locks, cancellation, notification, named pipes."""

from __future__ import annotations

from typing import Annotated

from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.types import (
    ACCESS_MASK,
    BOOLEAN,
    HANDLE,
    LARGE_INTEGER,
    NTSTATUS,
    PVOID,
    ULONG,
    In,
    InBytes,
    Out,
    OutBytes,
)
from runtime.memory.faults import MemoryFault
from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.file import FileObject, OpenRequest, open_file
from runtime.nt.io import completion_of, control_file, get_file, get_writable_file, read_file, write_file
from runtime.nt.io_request import Completion, IoRequest
from runtime.nt.named_pipe import NamedPipeDevice, PipeParameters
from runtime.nt.pipe_root import PipeRoot
from runtime.nt.reference import required_attributes
from runtime.nt.status import NtError
from runtime.nt.thread import Thread

FILE = "file_io"


def put_status_block(thread: Thread, address: int, status: int, information: int) -> None:
    """Store an IO_STATUS_BLOCK."""
    memory = thread.process.memory
    memory.write_u32(address, status)
    memory.write_pointer(address + memory.pointer_size, information)


def give_file(thread: Thread, target: Out[HANDLE], file: FileObject, inherit: bool) -> None:
    """Open a handle to a file with the access granted at its opening; close the file when it cannot be stored."""
    handles = thread.process.handles
    try:
        handle = handles.insert(file, file.granted, inherit=inherit)
    except NtError:
        file.closed()
        raise
    try:
        target.set(handle)
    except MemoryFault:
        handles.close(handle)
        raise


def _offset(thread: Thread, address: int) -> int | None:
    if not address:
        return None
    value = thread.process.memory.read_u64(address)
    return value - (1 << 64) if value >> 63 else value


@ntdll.export(FILE)
def NtCreateFile(
    thread: Thread,
    FileHandle: Out[HANDLE],
    DesiredAccess: ACCESS_MASK,
    ObjectAttributes: PVOID,
    IoStatusBlock: PVOID,
    AllocationSize: In[LARGE_INTEGER],
    FileAttributes: ULONG,
    ShareAccess: ULONG,
    CreateDisposition: ULONG,
    CreateOptions: ULONG,
    EaBuffer: PVOID,
    EaLength: ULONG,
) -> NTSTATUS:
    """Open or create a file, directory, pipe or device."""
    attributes = required_attributes(thread, ObjectAttributes)
    allocation = AllocationSize.get() if AllocationSize else 0
    request = OpenRequest(
        thread.process, DesiredAccess, ShareAccess, CreateDisposition, CreateOptions, FileAttributes, allocation
    )
    file = open_file(thread.process.machine.objects, attributes, request)
    give_file(thread, FileHandle, file, attributes.inherit)
    put_status_block(thread, IoStatusBlock, st.STATUS_SUCCESS, request.information)
    return st.STATUS_SUCCESS


@ntdll.export(FILE)
def NtOpenFile(
    thread: Thread,
    FileHandle: Out[HANDLE],
    DesiredAccess: ACCESS_MASK,
    ObjectAttributes: PVOID,
    IoStatusBlock: PVOID,
    ShareAccess: ULONG,
    OpenOptions: ULONG,
) -> NTSTATUS:
    """Open a file that exists."""
    attributes = required_attributes(thread, ObjectAttributes)
    request = OpenRequest(thread.process, DesiredAccess, ShareAccess, ff.FILE_OPEN, OpenOptions)
    file = open_file(thread.process.machine.objects, attributes, request)
    give_file(thread, FileHandle, file, attributes.inherit)
    put_status_block(thread, IoStatusBlock, st.STATUS_SUCCESS, request.information)
    return st.STATUS_SUCCESS


@ntdll.export(FILE)
def NtDeleteFile(thread: Thread, ObjectAttributes: PVOID) -> NTSTATUS:
    """Delete a file by name."""
    attributes = required_attributes(thread, ObjectAttributes)
    options = ff.FILE_DELETE_ON_CLOSE | ff.FILE_OPEN_REPARSE_POINT
    request = OpenRequest(thread.process, ff.DELETE, 7, ff.FILE_OPEN, options)
    open_file(thread.process.machine.objects, attributes, request).closed()
    return st.STATUS_SUCCESS


@ntdll.export(FILE)
async def NtReadFile(
    thread: Thread,
    FileHandle: HANDLE,
    Event: HANDLE,
    ApcRoutine: PVOID,
    ApcContext: PVOID,
    IoStatusBlock: PVOID,
    Buffer: Annotated[PVOID, OutBytes("Length")],
    Length: ULONG,
    ByteOffset: PVOID,
    Key: PVOID,
) -> NTSTATUS:
    """Read; a synchronous file's call returns when it is done."""
    completion = completion_of(thread, IoStatusBlock, Event, ApcRoutine, ApcContext)
    key = thread.process.memory.read_u32(Key) if Key else 0
    request = await read_file(thread, FileHandle, Buffer, Length, _offset(thread, ByteOffset), completion, key)
    return request.status


@ntdll.export(FILE)
async def NtWriteFile(
    thread: Thread,
    FileHandle: HANDLE,
    Event: HANDLE,
    ApcRoutine: PVOID,
    ApcContext: PVOID,
    IoStatusBlock: PVOID,
    Buffer: Annotated[PVOID, InBytes("Length")],
    Length: ULONG,
    ByteOffset: PVOID,
    Key: PVOID,
) -> NTSTATUS:
    """Write; a synchronous file's call returns when it is done."""
    completion = completion_of(thread, IoStatusBlock, Event, ApcRoutine, ApcContext)
    key = thread.process.memory.read_u32(Key) if Key else 0
    request = await write_file(thread, FileHandle, Buffer, Length, _offset(thread, ByteOffset), completion, key)
    return request.status


@ntdll.export(FILE)
async def NtFlushBuffersFile(thread: Thread, FileHandle: HANDLE, IoStatusBlock: PVOID) -> NTSTATUS:
    """Bring written data to the disk, or wait until a pipe's reader has read everything."""
    file = get_writable_file(thread, FileHandle)
    request = IoRequest(thread, file, Completion(IoStatusBlock))
    return await request.finish(file.flush(request))


@ntdll.export(FILE)
async def NtFlushBuffersFileEx(
    thread: Thread,
    FileHandle: HANDLE,
    Flags: ULONG,
    Parameters: PVOID,
    ParametersSize: ULONG,
    IoStatusBlock: PVOID,
) -> NTSTATUS:
    """Bring written data to the disk; every combination of the flags asks for less than what is done here."""
    if Flags & ~ff.FLUSH_FLAGS_VALID or ParametersSize:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    file = get_writable_file(thread, FileHandle)
    request = IoRequest(thread, file, Completion(IoStatusBlock))
    return await request.finish(file.flush(request))


@ntdll.export(FILE)
async def NtFsControlFile(
    thread: Thread,
    FileHandle: HANDLE,
    Event: HANDLE,
    ApcRoutine: PVOID,
    ApcContext: PVOID,
    IoStatusBlock: PVOID,
    FsControlCode: ULONG,
    InputBuffer: Annotated[PVOID, InBytes("InputBufferLength")],
    InputBufferLength: ULONG,
    OutputBuffer: Annotated[PVOID, OutBytes("OutputBufferLength")],
    OutputBufferLength: ULONG,
) -> NTSTATUS:
    """Ask the file system: reparse points, sparse files, pipes."""
    completion = completion_of(thread, IoStatusBlock, Event, ApcRoutine, ApcContext)
    data = thread.process.memory.read(InputBuffer, InputBufferLength) if InputBufferLength else b""
    request = await control_file(thread, FileHandle, FsControlCode, data, OutputBuffer, OutputBufferLength, completion)
    return request.status


@ntdll.export(FILE)
async def NtDeviceIoControlFile(
    thread: Thread,
    FileHandle: HANDLE,
    Event: HANDLE,
    ApcRoutine: PVOID,
    ApcContext: PVOID,
    IoStatusBlock: PVOID,
    IoControlCode: ULONG,
    InputBuffer: Annotated[PVOID, InBytes("InputBufferLength")],
    InputBufferLength: ULONG,
    OutputBuffer: Annotated[PVOID, OutBytes("OutputBufferLength")],
    OutputBufferLength: ULONG,
) -> NTSTATUS:
    """Ask the device."""
    completion = completion_of(thread, IoStatusBlock, Event, ApcRoutine, ApcContext)
    data = thread.process.memory.read(InputBuffer, InputBufferLength) if InputBufferLength else b""
    request = await control_file(
        thread, FileHandle, IoControlCode, data, OutputBuffer, OutputBufferLength, completion, device=True
    )
    return request.status


@ntdll.export(FILE)
async def NtLockFile(
    thread: Thread,
    FileHandle: HANDLE,
    Event: HANDLE,
    ApcRoutine: PVOID,
    ApcContext: PVOID,
    IoStatusBlock: PVOID,
    ByteOffset: In[LARGE_INTEGER],
    Length: In[LARGE_INTEGER],
    Key: ULONG,
    FailImmediately: BOOLEAN,
    ExclusiveLock: BOOLEAN,
) -> NTSTATUS:
    """Lock a range of bytes."""
    file = get_file(thread, FileHandle)
    completion = completion_of(thread, IoStatusBlock, Event, ApcRoutine, ApcContext)
    request = IoRequest(thread, file, completion, key=Key)
    offset, length = ByteOffset.get(), Length.get()
    if offset < 0:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    length &= (1 << 64) - 1
    status = file.lock(request, offset, length, exclusive=bool(ExclusiveLock), immediately=bool(FailImmediately))
    return await request.finish(status)


@ntdll.export(FILE)
def NtUnlockFile(
    thread: Thread,
    FileHandle: HANDLE,
    IoStatusBlock: PVOID,
    ByteOffset: In[LARGE_INTEGER],
    Length: In[LARGE_INTEGER],
    Key: ULONG,
) -> NTSTATUS:
    """Unlock a range that was locked as exactly that."""
    file = get_file(thread, FileHandle)
    file.unlock(thread.process, ByteOffset.get(), Length.get() & ((1 << 64) - 1), Key)
    put_status_block(thread, IoStatusBlock, st.STATUS_SUCCESS, 0)
    return st.STATUS_SUCCESS


@ntdll.export(FILE)
def NtCancelIoFile(thread: Thread, FileHandle: HANDLE, IoStatusBlock: PVOID) -> NTSTATUS:
    """Cancel the calling thread's pending operations on a file."""
    get_file(thread, FileHandle).cancel(thread=thread)
    put_status_block(thread, IoStatusBlock, st.STATUS_SUCCESS, 0)
    return st.STATUS_SUCCESS


@ntdll.export(FILE)
def NtCancelIoFileEx(thread: Thread, FileHandle: HANDLE, IoRequestToCancel: PVOID, IoStatusBlock: PVOID) -> NTSTATUS:
    """Cancel the process's pending operations on a file, or the one with a status block."""
    if not get_file(thread, FileHandle).cancel(status_block=IoRequestToCancel):
        raise NtError(st.STATUS_NOT_FOUND)
    put_status_block(thread, IoStatusBlock, st.STATUS_SUCCESS, 0)
    return st.STATUS_SUCCESS


@ntdll.export(FILE)
def NtCancelSynchronousIoFile(
    thread: Thread, ThreadHandle: HANDLE, IoRequestToCancel: PVOID, IoStatusBlock: PVOID
) -> NTSTATUS:
    """Cancel the synchronous operation another thread waits in."""
    cancel_synchronous(thread.process.handles.get(ThreadHandle, Thread, 1), IoRequestToCancel)
    put_status_block(thread, IoStatusBlock, st.STATUS_SUCCESS, 0)
    return st.STATUS_SUCCESS


def cancel_synchronous(target: Thread, status_block: int = 0) -> None:
    """Cancel the synchronous operation `target` waits in. Raises NtError STATUS_NOT_FOUND."""
    for request in list(target.pending_io):
        if (
            isinstance(request, IoRequest)
            and request.file.synchronous
            and (not status_block or request.completion.status_block == status_block)
            and request.cancel()
        ):
            return
    raise NtError(st.STATUS_NOT_FOUND)


@ntdll.export(FILE)
async def NtNotifyChangeDirectoryFile(
    thread: Thread,
    FileHandle: HANDLE,
    Event: HANDLE,
    ApcRoutine: PVOID,
    ApcContext: PVOID,
    IoStatusBlock: PVOID,
    Buffer: PVOID,
    Length: ULONG,
    CompletionFilter: ULONG,
    WatchTree: BOOLEAN,
) -> NTSTATUS:
    """Hear of changes below a directory."""
    file = get_file(thread, FileHandle, ff.FILE_LIST_DIRECTORY)
    if not CompletionFilter or CompletionFilter & ~0xFFF:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    completion = completion_of(thread, IoStatusBlock, Event, ApcRoutine, ApcContext)
    request = IoRequest(thread, file, completion, buffer=Buffer, length=Length)
    return await request.finish(file.notify(request, CompletionFilter, subtree=bool(WatchTree)))


@ntdll.export(FILE)
async def NtNotifyChangeDirectoryFileEx(
    thread: Thread,
    FileHandle: HANDLE,
    Event: HANDLE,
    ApcRoutine: PVOID,
    ApcContext: PVOID,
    IoStatusBlock: PVOID,
    Buffer: PVOID,
    Length: ULONG,
    CompletionFilter: ULONG,
    WatchTree: BOOLEAN,
    DirectoryNotifyInformationClass: ULONG,
) -> NTSTATUS:
    """Hear of changes below a directory; class 2 tells times, sizes and attributes, too."""
    file = get_file(thread, FileHandle, ff.FILE_LIST_DIRECTORY)
    if not CompletionFilter or CompletionFilter & ~0xFFF or DirectoryNotifyInformationClass not in (1, 2):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    completion = completion_of(thread, IoStatusBlock, Event, ApcRoutine, ApcContext)
    request = IoRequest(thread, file, completion, buffer=Buffer, length=Length)
    extended = DirectoryNotifyInformationClass == 2
    status = file.notify(request, CompletionFilter, subtree=bool(WatchTree), extended=extended)
    return await request.finish(status)


@ntdll.export(FILE)
def NtCreateNamedPipeFile(
    thread: Thread,
    FileHandle: Out[HANDLE],
    DesiredAccess: ULONG,
    ObjectAttributes: PVOID,
    IoStatusBlock: PVOID,
    ShareAccess: ULONG,
    CreateDisposition: ULONG,
    CreateOptions: ULONG,
    NamedPipeType: ULONG,
    ReadMode: ULONG,
    CompletionMode: ULONG,
    MaximumInstances: ULONG,
    InboundQuota: ULONG,
    OutboundQuota: ULONG,
    DefaultTimeout: In[LARGE_INTEGER],
) -> NTSTATUS:
    """Create an instance of a named pipe, or (without a name, relative to the pipe device) an anonymous one."""
    attributes = required_attributes(thread, ObjectAttributes)
    request = OpenRequest(thread.process, DesiredAccess, ShareAccess, CreateDisposition, CreateOptions)
    found = thread.process.machine.objects.resolve(attributes)
    device = found.item.device if isinstance(found.item, PipeRoot) else found.item
    if not isinstance(device, NamedPipeDevice):
        raise NtError(st.STATUS_OBJECT_NAME_INVALID)
    timeout = DefaultTimeout.get() if DefaultTimeout else -500_000
    if timeout >= 0:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    parameters = PipeParameters(
        bool(NamedPipeType & 1), bool(ReadMode & 1), bool(CompletionMode & 1), MaximumInstances,
        InboundQuota, OutboundQuota, timeout,
    )  # fmt: skip
    end = device.create(found.remainder, request, parameters)
    give_file(thread, FileHandle, end, attributes.inherit)
    put_status_block(thread, IoStatusBlock, st.STATUS_SUCCESS, request.information)
    return st.STATUS_SUCCESS
