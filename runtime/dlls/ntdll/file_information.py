"""Information about files, directories and volumes."""

from __future__ import annotations

import struct
from typing import Annotated

from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.ntdll.file import FILE, put_status_block
from runtime.dlls.types import (
    BOOLEAN,
    HANDLE,
    NTSTATUS,
    PUNICODE_STRING_IN,
    PVOID,
    ULONG,
    InBytes,
    OutBytes,
)
from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.completion import IO_COMPLETION_MODIFY_STATE, IoCompletion
from runtime.nt.file import FileObject, OpenRequest, open_file, query_path
from runtime.nt.io import completion_of, get_file
from runtime.nt.io_request import IoRequest
from runtime.nt.reference import required_attributes
from runtime.nt.status import NtError
from runtime.nt.thread import Thread

_QUERY_ACCESS = {
    4: ff.FILE_READ_ATTRIBUTES,
    18: ff.FILE_READ_ATTRIBUTES,
    34: ff.FILE_READ_ATTRIBUTES,
    35: ff.FILE_READ_ATTRIBUTES,
    15: ff.FILE_READ_EA,
}
_SET_ACCESS = {
    4: ff.FILE_WRITE_ATTRIBUTES,
    10: ff.DELETE,
    13: ff.DELETE,
    15: ff.FILE_WRITE_EA,
    19: ff.FILE_WRITE_DATA,
    20: ff.FILE_WRITE_DATA,
    39: ff.FILE_WRITE_DATA,
    64: ff.DELETE,
    65: ff.DELETE,
}
"""Rights a handle must carry (IopQueryOperationAccess, IopSetOperationAccess); other classes need none."""


@ntdll.export(FILE)
def NtQueryInformationFile(
    thread: Thread,
    FileHandle: HANDLE,
    IoStatusBlock: PVOID,
    FileInformation: Annotated[PVOID, OutBytes("Length")],
    Length: ULONG,
    FileInformationClass: ULONG,
) -> NTSTATUS:
    """Query a file."""
    file = get_file(thread, FileHandle, _QUERY_ACCESS.get(FileInformationClass, 0))
    granted = thread.process.handles.entry(FileHandle).access
    answer = file.query(FileInformationClass, Length, granted)
    thread.process.memory.write(FileInformation, answer.data)
    put_status_block(thread, IoStatusBlock, answer.status, len(answer.data))
    return answer.status


@ntdll.export(FILE)
def NtSetInformationFile(
    thread: Thread,
    FileHandle: HANDLE,
    IoStatusBlock: PVOID,
    FileInformation: Annotated[PVOID, InBytes("Length")],
    Length: ULONG,
    FileInformationClass: ULONG,
) -> NTSTATUS:
    """Change a file: times, sizes, name, deletion, completion port."""
    file = get_file(thread, FileHandle, _SET_ACCESS.get(FileInformationClass, 0))
    if Length > 0x20000:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    data = thread.process.memory.read(FileInformation, Length)
    set_file_information(thread, file, FileInformationClass, data)
    put_status_block(thread, IoStatusBlock, st.STATUS_SUCCESS, 0)
    return st.STATUS_SUCCESS


def set_file_information(thread: Thread, file: FileObject, information_class: int, data: bytes) -> None:
    """Set a class, also those that hold handles. Raises NtError."""
    process = thread.process
    width = process.memory.pointer_size
    match information_class:
        case 10 | 11 | 65 | 72:
            flags, target, root = _rename_target(thread, data, width, extended=information_class in (65, 72))
            if information_class in (10, 65):
                file.rename(target, root, process, replace=bool(flags & 1), posix=bool(flags & 2))
            else:
                file.link(target, root, process, replace=bool(flags & 1))
        case 30 | 61:
            if len(data) < 2 * width:
                raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
            port_handle, key = struct.unpack_from("<QQ" if width == 8 else "<II", data)
            if not port_handle and information_class == 61:
                file.port = None
                return
            port = process.handles.get(port_handle, IoCompletion, IO_COMPLETION_MODIFY_STATE)
            if information_class == 61:
                file.port = None
            file.bind(port, key)
        case _:
            file.set_information(information_class, data, process)


def _rename_target(thread: Thread, data: bytes, width: int, *, extended: bool) -> tuple[int, str, FileObject | None]:
    """Decode FILE_RENAME_INFORMATION or FILE_LINK_INFORMATION: flags, new name, directory it is relative to."""
    if len(data) < 2 * width + 4:
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    flags = struct.unpack_from("<I", data)[0] if extended else data[0] & 1
    root_handle = int.from_bytes(data[width : 2 * width], "little")
    (length,) = struct.unpack_from("<I", data, 2 * width)
    raw = data[2 * width + 4 : 2 * width + 4 + length]
    if len(raw) != length:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    if not length or length % 2:
        raise NtError(st.STATUS_OBJECT_NAME_INVALID)
    root = thread.process.handles.get(root_handle, FileObject) if root_handle else None
    return flags, raw.decode("utf-16-le", "surrogatepass"), root


@ntdll.export(FILE)
def NtQueryAttributesFile(thread: Thread, ObjectAttributes: PVOID, FileInformation: PVOID) -> NTSTATUS:
    """Query times and attributes by name."""
    attributes = required_attributes(thread, ObjectAttributes)
    data = query_path(thread.process.machine.objects, attributes, thread.process)
    thread.process.memory.write(FileInformation, data[:32] + data[48:52] + bytes(4))
    return st.STATUS_SUCCESS


@ntdll.export(FILE)
def NtQueryFullAttributesFile(thread: Thread, ObjectAttributes: PVOID, FileInformation: PVOID) -> NTSTATUS:
    """Query times, sizes and attributes by name."""
    attributes = required_attributes(thread, ObjectAttributes)
    data = query_path(thread.process.machine.objects, attributes, thread.process)
    thread.process.memory.write(FileInformation, data)
    return st.STATUS_SUCCESS


@ntdll.export(FILE)
def NtQueryInformationByName(
    thread: Thread,
    ObjectAttributes: PVOID,
    IoStatusBlock: PVOID,
    FileInformation: PVOID,
    Length: ULONG,
    FileInformationClass: ULONG,
) -> NTSTATUS:
    """Query a class by name."""
    attributes = required_attributes(thread, ObjectAttributes)
    request = OpenRequest(thread.process, ff.FILE_READ_ATTRIBUTES, 7, options=ff.FILE_OPEN_REPARSE_POINT)
    if FileInformationClass not in (68, 70, 71, 35):
        raise NtError(st.STATUS_INVALID_INFO_CLASS)
    file = open_file(thread.process.machine.objects, attributes, request)
    try:
        answer = file.query(FileInformationClass, Length, file.granted)
    finally:
        file.closed()
    thread.process.memory.write(FileInformation, answer.data)
    put_status_block(thread, IoStatusBlock, answer.status, len(answer.data))
    return answer.status


async def _query_directory(
    thread: Thread,
    handle: int,
    event: int,
    apc: tuple[int, int],
    status_block: int,
    buffer: int,
    length: int,
    information_class: int,
    pattern: str | None,
    *,
    single: bool,
    restart: bool,
) -> int:
    file = get_file(thread, handle, ff.FILE_LIST_DIRECTORY)
    completion = completion_of(thread, status_block, event, *apc)
    request = IoRequest(thread, file, completion, buffer=buffer, length=length)
    return await request.finish(
        file.query_directory(request, information_class, pattern, single=single, restart=restart)
    )


@ntdll.export(FILE)
async def NtQueryDirectoryFile(
    thread: Thread,
    FileHandle: HANDLE,
    Event: HANDLE,
    ApcRoutine: PVOID,
    ApcContext: PVOID,
    IoStatusBlock: PVOID,
    FileInformation: PVOID,
    Length: ULONG,
    FileInformationClass: ULONG,
    ReturnSingleEntry: BOOLEAN,
    FileName: PUNICODE_STRING_IN,
    RestartScan: BOOLEAN,
) -> NTSTATUS:
    """List a directory."""
    return await _query_directory(
        thread, FileHandle, Event, (ApcRoutine, ApcContext), IoStatusBlock, FileInformation, Length,
        FileInformationClass, FileName, single=bool(ReturnSingleEntry), restart=bool(RestartScan),
    )  # fmt: skip


@ntdll.export(FILE)
async def NtQueryDirectoryFileEx(
    thread: Thread,
    FileHandle: HANDLE,
    Event: HANDLE,
    ApcRoutine: PVOID,
    ApcContext: PVOID,
    IoStatusBlock: PVOID,
    FileInformation: PVOID,
    Length: ULONG,
    FileInformationClass: ULONG,
    QueryFlags: ULONG,
    FileName: PUNICODE_STRING_IN,
) -> NTSTATUS:
    """List a directory, with flags: 1 restart, 2 single entry."""
    return await _query_directory(
        thread, FileHandle, Event, (ApcRoutine, ApcContext), IoStatusBlock, FileInformation, Length,
        FileInformationClass, FileName, single=bool(QueryFlags & 2), restart=bool(QueryFlags & 1),
    )  # fmt: skip


@ntdll.export(FILE)
def NtQueryVolumeInformationFile(
    thread: Thread,
    FileHandle: HANDLE,
    IoStatusBlock: PVOID,
    FsInformation: Annotated[PVOID, OutBytes("Length")],
    Length: ULONG,
    FsInformationClass: ULONG,
) -> NTSTATUS:
    """Query the volume a file is on."""
    answer = get_file(thread, FileHandle).query_volume(FsInformationClass, Length)
    thread.process.memory.write(FsInformation, answer.data)
    put_status_block(thread, IoStatusBlock, answer.status, len(answer.data))
    return answer.status


@ntdll.export(FILE)
def NtQueryEaFile(
    thread: Thread,
    FileHandle: HANDLE,
    IoStatusBlock: PVOID,
    Buffer: PVOID,
    Length: ULONG,
    ReturnSingleEntry: BOOLEAN,
    EaList: PVOID,
    EaListLength: ULONG,
    EaIndex: PVOID,
    RestartScan: BOOLEAN,
) -> NTSTATUS:
    """List extended attributes: files here have none."""
    get_file(thread, FileHandle, ff.FILE_READ_EA)
    raise NtError(st.STATUS_NO_EAS_ON_FILE)
