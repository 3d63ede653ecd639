"""namedpipeapi.h: anonymous and named pipes."""

from __future__ import annotations

import struct
from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.file_support import FILE, Overlapped, file_of, inherits, lowered, nt_path
from runtime.dlls.text import encode_text
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    INVALID_HANDLE_VALUE,
    LPCWSTR,
    LPSTR,
    LPVOID,
    LPWSTR,
    ULONG,
    In,
    InBytes,
    Out,
    OutBytes,
)
from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.file import OpenRequest
from runtime.nt.io import OBJ_CASE_INSENSITIVE, control_file, open_path
from runtime.nt.io_request import SILENT, IoRequest
from runtime.nt.named_pipe import (
    FSCTL_PIPE_DISCONNECT,
    FSCTL_PIPE_LISTEN,
    FSCTL_PIPE_TRANSCEIVE,
    FSCTL_PIPE_WAIT,
    UNLIMITED_INSTANCES,
    NamedPipeDevice,
    PipeEnd,
    PipeParameters,
    connect,
)
from runtime.nt.object import ObjectAttributes
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread
from runtime.nt.wait import wait_for

PIPE_NOWAIT, PIPE_READMODE_MESSAGE, PIPE_TYPE_MESSAGE = 1, 2, 4
PIPE_SERVER_END = 1
PIPE_UNLIMITED_INSTANCES = 255
FILE_FLAG_FIRST_PIPE_INSTANCE = 0x00080000
FILE_FLAG_OVERLAPPED = 0x40000000
FILE_FLAG_WRITE_THROUGH = 0x80000000
NMPWAIT_WAIT_FOREVER = 0xFFFFFFFF
NMPWAIT_NOWAIT = 1
_MILLISECOND = 10_000


def _device(thread: Thread) -> NamedPipeDevice:
    device = thread.process.machine.objects.resolve(ObjectAttributes("\\Device\\NamedPipe")).item
    assert isinstance(device, NamedPipeDevice)
    return device


@kernel32.export(FILE)
def CreatePipe(
    thread: Thread, hReadPipe: Out[HANDLE], hWritePipe: Out[HANDLE], lpPipeAttributes: LPVOID, nSize: DWORD
) -> BOOL:
    """Create an anonymous pipe."""
    process = thread.process
    inherit = inherits(thread, lpPipeAttributes)
    size = nSize or 4096
    options = ff.FILE_SYNCHRONOUS_IO_NONALERT
    reading = OpenRequest(
        process, ff.FILE_GENERIC_READ | ff.FILE_WRITE_ATTRIBUTES, ff.FILE_SHARE_WRITE, ff.FILE_CREATE, options
    )
    reader = _device(thread).create("", reading, PipeParameters(inbound_quota=size, outbound_quota=size, maximum=1))
    writing = OpenRequest(process, ff.FILE_GENERIC_WRITE | ff.FILE_READ_ATTRIBUTES, 0, options=options)
    writer = connect(reader.instance, writing)
    read_handle = process.handles.insert(reader, reader.granted, inherit=inherit)
    write_handle = process.handles.insert(writer, writer.granted, inherit=inherit)
    hReadPipe.set(read_handle)
    hWritePipe.set(write_handle)
    return True


@kernel32.export(FILE, fails=INVALID_HANDLE_VALUE)
def CreateNamedPipeW(
    thread: Thread,
    lpName: LPCWSTR,
    dwOpenMode: DWORD,
    dwPipeMode: DWORD,
    nMaxInstances: DWORD,
    nOutBufferSize: DWORD,
    nInBufferSize: DWORD,
    nDefaultTimeOut: DWORD,
    lpSecurityAttributes: LPVOID,
) -> HANDLE:
    """Create an instance of a named pipe."""
    process = thread.process
    if not nMaxInstances or nMaxInstances > PIPE_UNLIMITED_INSTANCES or dwPipeMode & ~0xF:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if dwPipeMode & PIPE_READMODE_MESSAGE and not dwPipeMode & PIPE_TYPE_MESSAGE:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    access, share = {
        1: (ff.FILE_GENERIC_READ, ff.FILE_SHARE_WRITE),
        2: (ff.FILE_GENERIC_WRITE, ff.FILE_SHARE_READ),
        3: (ff.FILE_GENERIC_READ | ff.FILE_GENERIC_WRITE, ff.FILE_SHARE_READ | ff.FILE_SHARE_WRITE),
    }.get(dwOpenMode & 3, (0, 0))
    if not share:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    access |= dwOpenMode & (ff.WRITE_DAC | ff.WRITE_OWNER)
    options = 0 if dwOpenMode & FILE_FLAG_OVERLAPPED else ff.FILE_SYNCHRONOUS_IO_NONALERT
    if dwOpenMode & FILE_FLAG_WRITE_THROUGH:
        options |= ff.FILE_WRITE_THROUGH
    disposition = ff.FILE_CREATE if dwOpenMode & FILE_FLAG_FIRST_PIPE_INSTANCE else ff.FILE_OPEN_IF
    path = nt_path(thread, lpName, error=st.ERROR_INVALID_NAME)
    try:
        found = process.machine.objects.resolve(ObjectAttributes(path, None, OBJ_CASE_INSENSITIVE))
    except NtError:
        raise Win32Error(st.ERROR_INVALID_NAME) from None
    if not isinstance(found.item, NamedPipeDevice) or not found.remainder.strip("\\"):
        raise Win32Error(st.ERROR_INVALID_NAME)
    parameters = PipeParameters(
        messages=bool(dwPipeMode & PIPE_TYPE_MESSAGE),
        read_messages=bool(dwPipeMode & PIPE_READMODE_MESSAGE),
        no_wait=bool(dwPipeMode & PIPE_NOWAIT),
        maximum=UNLIMITED_INSTANCES if nMaxInstances == PIPE_UNLIMITED_INSTANCES else nMaxInstances,
        inbound_quota=nInBufferSize,
        outbound_quota=nOutBufferSize,
        timeout=-(nDefaultTimeOut or 50) * _MILLISECOND,
    )
    request = OpenRequest(process, access | ff.SYNCHRONIZE, share, disposition, options)
    end = found.item.create(found.remainder, request, parameters)
    handle = process.handles.insert(end, end.granted, inherit=inherits(thread, lpSecurityAttributes))
    thread.last_error = st.ERROR_SUCCESS
    return handle


kernel32.ansi(CreateNamedPipeW)


@kernel32.export(FILE)
async def ConnectNamedPipe(thread: Thread, hNamedPipe: HANDLE, lpOverlapped: LPVOID) -> BOOL:
    """Wait for a client to connect."""
    completion = Overlapped(thread, lpOverlapped).begin() if lpOverlapped else SILENT
    file = file_of(thread, hNamedPipe)
    request = IoRequest(thread, file, completion)
    await request.finish(file.fs_control(request, FSCTL_PIPE_LISTEN, b""))
    if not request.done:
        if lpOverlapped:
            raise NtError(st.STATUS_PENDING)
        await wait_for(thread, [request])
    lowered(request.status)
    return True


@kernel32.export(FILE)
def DisconnectNamedPipe(thread: Thread, hNamedPipe: HANDLE) -> BOOL:
    """Cut the connection of a server end; what was not read is lost."""
    file = file_of(thread, hNamedPipe)
    file.fs_control(IoRequest(thread, file), FSCTL_PIPE_DISCONNECT, b"")
    return True


@kernel32.export(FILE)
def SetNamedPipeHandleState(
    thread: Thread,
    hNamedPipe: HANDLE,
    lpMode: In[DWORD],
    lpMaxCollectionCount: In[DWORD],
    lpCollectDataTimeout: In[DWORD],
) -> BOOL:
    """Change read mode and blocking mode of a pipe end."""
    file = file_of(thread, hNamedPipe)
    if lpMode:
        mode = lpMode.get()
        if mode & ~3:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
        data = struct.pack("<II", bool(mode & PIPE_READMODE_MESSAGE), mode & PIPE_NOWAIT)
        file.set_information(23, data, thread.process)
    return True


def _local(thread: Thread, handle: int) -> tuple[int, ...]:
    file = file_of(thread, handle)
    try:
        data = file.query(24, 40, file.granted).data
    except NtError:
        raise NtError(st.STATUS_INVALID_HANDLE) from None
    return struct.unpack("<IIIIIIIIII", data)


@kernel32.export(FILE)
def GetNamedPipeInfo(
    thread: Thread,
    hNamedPipe: HANDLE,
    lpFlags: Out[DWORD],
    lpOutBufferSize: Out[DWORD],
    lpInBufferSize: Out[DWORD],
    lpMaxInstances: Out[DWORD],
) -> BOOL:
    """Return type, end, buffer sizes and instance limit of a pipe."""
    kind, _, maximum, _, inbound, _, outbound, _, _, end = _local(thread, hNamedPipe)
    lpFlags.put((PIPE_TYPE_MESSAGE if kind else 0) | (PIPE_SERVER_END if end else 0))
    lpOutBufferSize.put(outbound if end else inbound)
    lpInBufferSize.put(inbound if end else outbound)
    lpMaxInstances.put(min(maximum, PIPE_UNLIMITED_INSTANCES))
    return True


def _handle_state(
    thread: Thread, handle: int, state: Out[int], instances: Out[int], remote: bool, user: int, size: int, *, wide: bool
) -> bool:
    file = file_of(thread, handle)
    read_mode, completion_mode = struct.unpack("<II", file.query(23, 8, file.granted).data)
    state.put((PIPE_READMODE_MESSAGE if read_mode else 0) | (PIPE_NOWAIT if completion_mode else 0))
    instances.put(min(_local(thread, handle)[3], PIPE_UNLIMITED_INSTANCES))
    if remote:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)  # documented: not for pipes on this computer
    if user:
        name = thread.process.machine.config.user_name
        if len(name) >= size:
            raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
        thread.process.memory.write(user, encode_text(thread, name + "\0", wide))
    return True


@kernel32.export(FILE)
def GetNamedPipeHandleStateW(
    thread: Thread,
    hNamedPipe: HANDLE,
    lpState: Out[DWORD],
    lpCurInstances: Out[DWORD],
    lpMaxCollectionCount: Out[DWORD],
    lpCollectDataTimeout: Out[DWORD],
    lpUserName: LPWSTR,
    nMaxUserNameSize: DWORD,
) -> BOOL:
    """Return read mode, blocking mode and the number of instances."""
    remote = bool(lpMaxCollectionCount or lpCollectDataTimeout)
    return _handle_state(
        thread, hNamedPipe, lpState, lpCurInstances, remote, lpUserName, nMaxUserNameSize, wide=True
    )


@kernel32.export(FILE)
def GetNamedPipeHandleStateA(
    thread: Thread,
    hNamedPipe: HANDLE,
    lpState: Out[DWORD],
    lpCurInstances: Out[DWORD],
    lpMaxCollectionCount: Out[DWORD],
    lpCollectDataTimeout: Out[DWORD],
    lpUserName: LPSTR,
    nMaxUserNameSize: DWORD,
) -> BOOL:
    """Return read mode, blocking mode and the number of instances."""
    remote = bool(lpMaxCollectionCount or lpCollectDataTimeout)
    return _handle_state(
        thread, hNamedPipe, lpState, lpCurInstances, remote, lpUserName, nMaxUserNameSize, wide=False
    )


def _pipe_end(thread: Thread, handle: int) -> PipeEnd:
    file = file_of(thread, handle)
    if not isinstance(file, PipeEnd):
        raise NtError(st.STATUS_INVALID_DEVICE_REQUEST)
    return file


@kernel32.export(FILE)
def GetNamedPipeClientProcessId(thread: Thread, Pipe: HANDLE, ClientProcessId: Out[ULONG]) -> BOOL:
    """Return the process at the client end."""
    client = _pipe_end(thread, Pipe).instance.client
    if client is None:
        raise NtError(st.STATUS_PIPE_DISCONNECTED)
    ClientProcessId.set(client.process_id)
    return True


@kernel32.export(FILE)
def GetNamedPipeServerProcessId(thread: Thread, Pipe: HANDLE, ServerProcessId: Out[ULONG]) -> BOOL:
    """Return the process at the server end."""
    server = _pipe_end(thread, Pipe).instance.server
    if server is None:
        raise NtError(st.STATUS_PIPE_DISCONNECTED)
    ServerProcessId.set(server.process_id)
    return True


@kernel32.export(FILE)
def PeekNamedPipe(
    thread: Thread,
    hNamedPipe: HANDLE,
    lpBuffer: Annotated[LPVOID, OutBytes("nBufferSize", actual="lpBytesRead")],
    nBufferSize: DWORD,
    lpBytesRead: Out[DWORD],
    lpTotalBytesAvail: Out[DWORD],
    lpBytesLeftThisMessage: Out[DWORD],
) -> BOOL:
    """Look at what a pipe holds without taking it."""
    file = file_of(thread, hNamedPipe, ff.FILE_READ_DATA)
    data, available, rest = file.peek(nBufferSize if lpBuffer else 0)
    if lpBuffer:
        thread.process.memory.write(lpBuffer, data)
    lpBytesRead.put(len(data))
    lpTotalBytesAvail.put(available)
    lpBytesLeftThisMessage.put(max(0, rest - len(data)))
    return True


@kernel32.export(FILE)
async def TransactNamedPipe(
    thread: Thread,
    hNamedPipe: HANDLE,
    lpInBuffer: Annotated[LPVOID, InBytes("nInBufferSize")],
    nInBufferSize: DWORD,
    lpOutBuffer: Annotated[LPVOID, OutBytes("nOutBufferSize", actual="lpBytesRead")],
    nOutBufferSize: DWORD,
    lpBytesRead: Out[DWORD],
    lpOverlapped: LPVOID,
) -> BOOL:
    """Write a message and read the answer."""
    data = thread.process.memory.read(lpInBuffer, nInBufferSize)
    completion = Overlapped(thread, lpOverlapped).begin() if lpOverlapped else SILENT
    request = await control_file(
        thread, hNamedPipe, FSCTL_PIPE_TRANSCEIVE, data, lpOutBuffer, nOutBufferSize, completion
    )
    if not request.done:
        if lpOverlapped:
            raise NtError(st.STATUS_PENDING)
        await wait_for(thread, [request])
    lpBytesRead.put(request.information)
    lowered(request.status)
    return True


def _pipe_name(thread: Thread, name: str | None) -> str:
    r"""Return the part of a pipe's name behind `\??\pipe\`. Raises Win32Error."""
    path = nt_path(thread, name, error=st.ERROR_INVALID_NAME)
    if path[:9].lower() != "\\??\\pipe\\":
        raise Win32Error(st.ERROR_BAD_PATHNAME)
    return path[9:]


async def _wait(thread: Thread, name: str, timeout: int) -> None:
    """Wait until an instance of a pipe can be connected to; `timeout` in ms, 0 for the pipe's own."""
    encoded = name.encode("utf-16-le", "surrogatepass")
    if timeout == NMPWAIT_WAIT_FOREVER:
        relative = -(1 << 63)
    else:
        relative = -(0 if timeout == NMPWAIT_NOWAIT else timeout) * _MILLISECOND
    data = struct.pack("<qIB", relative, len(encoded), bool(timeout)) + b"\0" + encoded
    root = open_path(thread.process, "\\??\\pipe\\", ff.FILE_READ_ATTRIBUTES)
    try:
        request = IoRequest(thread, root)
        await request.finish(root.fs_control(request, FSCTL_PIPE_WAIT, data))
        lowered(request.status)
    finally:
        root.closed()


@kernel32.export(FILE)
async def WaitNamedPipeW(thread: Thread, lpNamedPipeName: LPCWSTR, nTimeOut: DWORD) -> BOOL:
    """Wait until a named pipe can be connected to."""
    await _wait(thread, _pipe_name(thread, lpNamedPipeName), nTimeOut)
    return True


kernel32.ansi(WaitNamedPipeW)


@kernel32.export(FILE)
async def CallNamedPipeW(
    thread: Thread,
    lpNamedPipeName: LPCWSTR,
    lpInBuffer: Annotated[LPVOID, InBytes("nInBufferSize")],
    nInBufferSize: DWORD,
    lpOutBuffer: Annotated[LPVOID, OutBytes("nOutBufferSize", actual="lpBytesRead")],
    nOutBufferSize: DWORD,
    lpBytesRead: Out[DWORD],
    nTimeOut: DWORD,
) -> BOOL:
    """Connect to a message pipe, write, read the answer, close."""
    name = _pipe_name(thread, lpNamedPipeName)
    data = thread.process.memory.read(lpInBuffer, nInBufferSize)
    access = ff.FILE_GENERIC_READ | ff.FILE_GENERIC_WRITE
    while True:
        try:
            pipe = open_path(thread.process, "\\??\\pipe\\" + name, access)
            break
        except NtError as error:
            if error.status != st.STATUS_PIPE_NOT_AVAILABLE or nTimeOut == NMPWAIT_NOWAIT:
                raise
        await _wait(thread, name, nTimeOut)
    try:
        pipe.set_information(23, struct.pack("<II", 1, 0), thread.process)
        request = IoRequest(thread, pipe, buffer=lpOutBuffer, length=nOutBufferSize)
        await request.finish(pipe.fs_control(request, FSCTL_PIPE_TRANSCEIVE, data))
        lpBytesRead.put(request.information)
        lowered(request.status)
    finally:
        pipe.closed()
    return True


kernel32.ansi(CallNamedPipeW)
