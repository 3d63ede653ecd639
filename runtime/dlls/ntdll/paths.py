"""DOS paths: their kinds, their full form, their NT form, the current directory."""

from __future__ import annotations

from runtime.dlls.heap import guest_heap_new
from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.types import (
    BOOLEAN,
    LPCWSTR,
    LPWSTR,
    NTSTATUS,
    PUNICODE_STRING_IN,
    PVOID,
    ULONG,
    Out,
)
from runtime.nt import status as st
from runtime.nt.current_directory import set_current_directory
from runtime.nt.file import query_path
from runtime.nt.io import OBJ_CASE_INSENSITIVE
from runtime.nt.object import ObjectAttributes
from runtime.nt.status import NtError
from runtime.nt.thread import Thread
from runtime.vfs.dospath import PathType, device_name, full_path, path_type, split_last, to_nt
from runtime.vfs.pattern import matches

PATHS = "file_io"


@ntdll.export(PATHS)
def RtlDetermineDosPathNameType_U(thread: Thread, DosFileName: LPCWSTR) -> ULONG:
    """Say what kind of path it is: RTL_PATH_TYPE."""
    return path_type(DosFileName) if DosFileName is not None else PathType.UNKNOWN


@ntdll.export(PATHS)
def RtlIsDosDeviceName_U(thread: Thread, DosFileName: LPCWSTR) -> ULONG:
    """Find a device name in a path: its length in bytes, and its offset in the upper half; 0 for none."""
    found = device_name(DosFileName or "")
    return found[0] * 2 << 16 | found[1] * 2 if found is not None else 0


@ntdll.export(PATHS)
def RtlGetFullPathName_U(
    thread: Thread, FileName: LPCWSTR, BufferLength: ULONG, Buffer: LPWSTR, FilePart: Out[PVOID]
) -> ULONG:
    """Return the absolute form of a path; lengths are bytes."""
    full = full_path(FileName or "", thread.process.directories)
    if not full:
        return 0
    data = full.encode("utf-16-le", "surrogatepass")
    if len(data) + 2 > BufferLength:
        return len(data) + 2
    thread.process.memory.write(Buffer, data + b"\0\0")
    directory, last = split_last(full)
    at = len(directory.encode("utf-16-le", "surrogatepass"))
    FilePart.put(Buffer + at if last and device_name(FileName or "") is None else 0)
    return len(data)


async def _to_nt(thread: Thread, name: str | None, target: int, part: Out[int], relative: int) -> int:
    path = to_nt(name or "", thread.process.directories)
    if not path:
        raise NtError(st.STATUS_OBJECT_NAME_INVALID)
    if len(path) >= 32767:
        raise NtError(st.STATUS_NAME_TOO_LONG)
    data = path.encode("utf-16-le", "surrogatepass")
    buffer = await guest_heap_new(thread, data + b"\0\0")
    memory = thread.process.memory
    memory.write_u16(target, len(data))
    memory.write_u16(target + 2, len(data) + 2)
    memory.write_pointer(target + memory.pointer_size, buffer)
    last = split_last(path)[1]
    part.put(buffer + len(data) - len(last.encode("utf-16-le", "surrogatepass")) if last else 0)
    if relative:
        memory.write(relative, bytes(4 * memory.pointer_size))
    return st.STATUS_SUCCESS


@ntdll.export(PATHS)
async def RtlDosPathNameToNtPathName_U(
    thread: Thread, DosFileName: LPCWSTR, NtFileName: PVOID, FilePart: Out[PVOID], RelativeName: PVOID
) -> BOOLEAN:
    """Return the NT path of a DOS path, in a string on the process heap."""
    try:
        await _to_nt(thread, DosFileName, NtFileName, FilePart, RelativeName)
    except NtError:
        return False
    return True


@ntdll.export(PATHS)
async def RtlDosPathNameToNtPathName_U_WithStatus(
    thread: Thread, DosFileName: LPCWSTR, NtFileName: PVOID, FilePart: Out[PVOID], RelativeName: PVOID
) -> NTSTATUS:
    """Return the NT path of a DOS path, in a string on the process heap."""
    return await _to_nt(thread, DosFileName, NtFileName, FilePart, RelativeName)


@ntdll.export(PATHS)
async def RtlDosPathNameToRelativeNtPathName_U(
    thread: Thread, DosFileName: LPCWSTR, NtFileName: PVOID, FilePart: Out[PVOID], RelativeName: PVOID
) -> BOOLEAN:
    """Return the NT path of a DOS path; the part relative to the current directory stays empty."""
    try:
        await _to_nt(thread, DosFileName, NtFileName, FilePart, RelativeName)
    except NtError:
        return False
    return True


@ntdll.export(PATHS)
async def RtlDosPathNameToRelativeNtPathName_U_WithStatus(
    thread: Thread, DosFileName: LPCWSTR, NtFileName: PVOID, FilePart: Out[PVOID], RelativeName: PVOID
) -> NTSTATUS:
    """Return the NT path of a DOS path; the part relative to the current directory stays empty."""
    return await _to_nt(thread, DosFileName, NtFileName, FilePart, RelativeName)


@ntdll.export(PATHS)
def RtlReleaseRelativeName(thread: Thread, RelativeName: PVOID) -> None:
    """Give back what RtlDosPathNameToRelativeNtPathName_U holds of the current directory: nothing."""


@ntdll.export(PATHS)
def RtlGetCurrentDirectory_U(thread: Thread, BufferLength: ULONG, Buffer: LPWSTR) -> ULONG:
    """Return the current directory; lengths are bytes."""
    path = thread.process.current_directory
    if len(path) > 3:
        path = path.rstrip("\\")
    data = path.encode("utf-16-le", "surrogatepass")
    if len(data) + 2 > BufferLength:
        return len(data) + 2
    thread.process.memory.write(Buffer, data + b"\0\0")
    return len(data)


@ntdll.export(PATHS)
def RtlSetCurrentDirectory_U(thread: Thread, PathName: PUNICODE_STRING_IN) -> NTSTATUS:
    """Change the current directory."""
    set_current_directory(thread.process, PathName or "")
    return st.STATUS_SUCCESS


@ntdll.export(PATHS)
def RtlDoesFileExists_U(thread: Thread, FileName: LPCWSTR) -> BOOLEAN:
    """Say whether a DOS path names something."""
    path = to_nt(FileName or "", thread.process.directories)
    try:
        query_path(thread.process.machine.objects, ObjectAttributes(path, None, OBJ_CASE_INSENSITIVE), thread.process)
    except NtError as error:
        return error.status in (st.STATUS_SHARING_VIOLATION, st.STATUS_ACCESS_DENIED)
    return True


@ntdll.export(PATHS)
def RtlIsNameInExpression(
    thread: Thread, Expression: PUNICODE_STRING_IN, Name: PUNICODE_STRING_IN, IgnoreCase: BOOLEAN, UpcaseTable: PVOID
) -> BOOLEAN:
    """Say whether a name matches a pattern with `*`, `?` and the DOS wildcards."""
    return matches(Expression or "", Name or "", ignore_case=bool(IgnoreCase))
