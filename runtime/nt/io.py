"""From handles to I/O requests: what the Nt… calls and the Win32 faces over them share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.nt import file_flags as ff
from runtime.nt.event import EVENT_MODIFY_STATE, Event
from runtime.nt.file import FileObject, OpenRequest, open_file
from runtime.nt.io_request import SILENT, Completion, IoRequest
from runtime.nt.object import ObjectAttributes
from runtime.nt.status import STATUS_ACCESS_DENIED, NtError

if TYPE_CHECKING:

    from runtime.nt.process import Process
    from runtime.nt.thread import Thread

OBJ_CASE_INSENSITIVE = 0x40
_WRITING = ff.FILE_WRITE_DATA | ff.FILE_APPEND_DATA


def get_file(thread: Thread, handle: int, access: int = 0) -> FileObject:
    """Return the file behind a handle. Raises NtError."""
    return thread.process.handles.get(handle, FileObject, access)


def get_writable_file(thread: Thread, handle: int) -> FileObject:
    """Return the file behind a handle that may write or append. Raises NtError."""
    entry = thread.process.handles.entry(handle)
    file = thread.process.handles.get(handle, FileObject)
    if not entry.access & _WRITING:
        raise NtError(STATUS_ACCESS_DENIED)
    return file


def completion_of(
    thread: Thread, status_block: int, event_handle: int = 0, apc_routine: int = 0, apc_context: int = 0
) -> Completion:
    """Return how the end of an operation is to be told; the event, if any, is reset. Raises NtError."""
    event = None
    if event_handle:
        event = thread.process.handles.get(event_handle, Event, EVENT_MODIFY_STATE)
        event.reset()
    return Completion(status_block, event, apc_routine, apc_context)


async def read_file(
    thread: Thread,
    handle: int,
    buffer: int,
    length: int,
    offset: int | None = None,
    completion: Completion = SILENT,
    key: int = 0,
) -> IoRequest:
    """NtReadFile; the request tells status and bytes. Raises NtError for what fails at once."""
    file = thread.process.handles.get(handle, FileObject, ff.FILE_READ_DATA)
    request = IoRequest(thread, file, completion, buffer=buffer, length=length, offset=offset, key=key)
    await request.finish(file.read(request))
    return request


async def write_file(
    thread: Thread,
    handle: int,
    buffer: int,
    length: int,
    offset: int | None = None,
    completion: Completion = SILENT,
    key: int = 0,
) -> IoRequest:
    """NtWriteFile; the request tells status and bytes. Raises NtError for what fails at once."""
    file = get_writable_file(thread, handle)
    request = IoRequest(thread, file, completion, buffer=buffer, length=length, offset=offset, key=key)
    await request.finish(file.write(request))
    streams = thread.process.streams
    if streams is not None and request.information:
        streams.wrote(file, request)
    return request


async def control_file(
    thread: Thread,
    handle: int,
    code: int,
    data: bytes,
    output: int,
    output_length: int,
    completion: Completion = SILENT,
    *,
    device: bool = False,
) -> IoRequest:
    """NtFsControlFile or, with `device`, NtDeviceIoControlFile. Raises NtError for what fails at once."""
    access = (0, ff.FILE_READ_DATA, ff.FILE_WRITE_DATA, ff.FILE_READ_DATA | ff.FILE_WRITE_DATA)[code >> 14 & 3]
    file = thread.process.handles.get(handle, FileObject, access)
    request = IoRequest(thread, file, completion, buffer=output, length=output_length)
    serve = file.device_control if device else file.fs_control
    await request.finish(serve(request, code, data))
    return request


def open_path(
    process: Process,
    nt_path: str,
    access: int,
    share: int = 7,
    options: int = ff.FILE_SYNCHRONOUS_IO_NONALERT,
    disposition: int = ff.FILE_OPEN,
    attributes: int = 0,
) -> FileObject:
    """Open a file for the executive's own use; whoever calls ends with `closed`. Raises NtError."""
    request = OpenRequest(process, access | ff.SYNCHRONIZE, share, disposition, options, attributes)
    return open_file(process.machine.objects, ObjectAttributes(nt_path, None, OBJ_CASE_INSENSITIVE), request)


class OpenedFile:
    """A file opened by path for the length of a block."""

    def __init__(self, process: Process, nt_path: str, access: int, share: int = 7, options: int = 0) -> None:
        self._arguments = (process, nt_path, access, share, options | ff.FILE_SYNCHRONOUS_IO_NONALERT)
        self._file: FileObject | None = None

    def __enter__(self) -> FileObject:
        self._file = open_path(*self._arguments)
        return self._file

    def __exit__(self, *exception: object) -> None:
        assert self._file is not None
        self._file.closed()
