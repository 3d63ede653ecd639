"""fileapi.h: opening, attributes, deleting, directories."""

from __future__ import annotations

import struct

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.file_support import FILE, file_of, inherits, nt_path
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    INVALID_HANDLE_VALUE,
    LPCWSTR,
    LPVOID,
    UINT,
    ULONGLONG,
    In,
    Out,
)
from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.file import OpenRequest, open_file, query_path
from runtime.nt.io import OBJ_CASE_INSENSITIVE, OpenedFile
from runtime.nt.object import ObjectAttributes
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread
from runtime.vfs.dospath import device_name

INVALID_FILE_ATTRIBUTES = 0xFFFFFFFF

FILE_FLAG_WRITE_THROUGH = 0x80000000
FILE_FLAG_OVERLAPPED = 0x40000000
FILE_FLAG_NO_BUFFERING = 0x20000000
FILE_FLAG_RANDOM_ACCESS = 0x10000000
FILE_FLAG_SEQUENTIAL_SCAN = 0x08000000
FILE_FLAG_DELETE_ON_CLOSE = 0x04000000
FILE_FLAG_BACKUP_SEMANTICS = 0x02000000
FILE_FLAG_POSIX_SEMANTICS = 0x01000000
FILE_FLAG_OPEN_REPARSE_POINT = 0x00200000
FILE_FLAG_OPEN_NO_RECALL = 0x00100000

_DISPOSITIONS = {
    1: ff.FILE_CREATE,
    2: ff.FILE_OVERWRITE_IF,
    3: ff.FILE_OPEN,
    4: ff.FILE_OPEN_IF,
    5: ff.FILE_OVERWRITE,
}
_OPTIONS = (
    (FILE_FLAG_WRITE_THROUGH, ff.FILE_WRITE_THROUGH),
    (FILE_FLAG_NO_BUFFERING, ff.FILE_NO_INTERMEDIATE_BUFFERING),
    (FILE_FLAG_RANDOM_ACCESS, ff.FILE_RANDOM_ACCESS),
    (FILE_FLAG_SEQUENTIAL_SCAN, ff.FILE_SEQUENTIAL_ONLY),
    (FILE_FLAG_DELETE_ON_CLOSE, ff.FILE_DELETE_ON_CLOSE),
    (FILE_FLAG_OPEN_REPARSE_POINT, ff.FILE_OPEN_REPARSE_POINT),
    (FILE_FLAG_OPEN_NO_RECALL, ff.FILE_OPEN_NO_RECALL),
)


def open_win32(
    thread: Thread, name: str | None, access: int, share: int, creation: int, flags: int, *, inherit: bool
) -> int:
    """CreateFile: return the new handle, with the last error set as its documentation says. Raises Win32Error."""
    disposition = _DISPOSITIONS.get(creation)
    if disposition is None or share & ~7:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    path = nt_path(thread, name)
    options = 0
    for flag, option in _OPTIONS:
        if flags & flag:
            options |= option
    if not flags & FILE_FLAG_OVERLAPPED:
        options |= ff.FILE_SYNCHRONOUS_IO_NONALERT
    if flags & FILE_FLAG_BACKUP_SEMANTICS:
        options |= ff.FILE_OPEN_FOR_BACKUP_INTENT
        if flags & FILE_FLAG_POSIX_SEMANTICS and flags & 0x10 and disposition == ff.FILE_CREATE:
            options |= ff.FILE_DIRECTORY_FILE
    else:
        options |= ff.FILE_NON_DIRECTORY_FILE
    if flags & FILE_FLAG_DELETE_ON_CLOSE:
        access |= ff.DELETE
    process = thread.process
    try:
        request = OpenRequest(
            process,
            access | ff.SYNCHRONIZE | ff.FILE_READ_ATTRIBUTES,
            share,
            disposition,
            options,
            flags & 0x7FFF & ~0x10,
        )
        file = open_file(process.machine.objects, ObjectAttributes(path, None, OBJ_CASE_INSENSITIVE), request)
    except NtError as error:
        if error.status == st.STATUS_OBJECT_NAME_COLLISION:
            thread.last_status = error.status
            raise Win32Error(st.ERROR_FILE_EXISTS) from None
        if error.status == st.STATUS_FILE_IS_A_DIRECTORY and path.endswith("\\"):
            thread.last_status = error.status
            raise Win32Error(st.ERROR_PATH_NOT_FOUND) from None
        raise
    handle = process.handles.insert(file, file.granted, inherit=inherit)
    existed = (creation == 2 and request.information == ff.FILE_OVERWRITTEN) or (
        creation == 4 and request.information == ff.FILE_OPENED
    )
    thread.last_error = st.ERROR_ALREADY_EXISTS if existed else st.ERROR_SUCCESS
    return handle


@kernel32.export(FILE, fails=INVALID_HANDLE_VALUE)
def CreateFileW(
    thread: Thread,
    lpFileName: LPCWSTR,
    dwDesiredAccess: DWORD,
    dwShareMode: DWORD,
    lpSecurityAttributes: LPVOID,
    dwCreationDisposition: DWORD,
    dwFlagsAndAttributes: DWORD,
    hTemplateFile: HANDLE,
) -> HANDLE:
    """Open or create a file, directory, pipe, console or device."""
    return open_win32(
        thread,
        lpFileName,
        dwDesiredAccess,
        dwShareMode,
        dwCreationDisposition,
        dwFlagsAndAttributes,
        inherit=inherits(thread, lpSecurityAttributes),
    )


kernel32.ansi(CreateFileW)


@kernel32.export(FILE, fails=INVALID_HANDLE_VALUE)
def CreateFile2(
    thread: Thread,
    lpFileName: LPCWSTR,
    dwDesiredAccess: DWORD,
    dwShareMode: DWORD,
    dwCreationDisposition: DWORD,
    pCreateExParams: LPVOID,
) -> HANDLE:
    """CreateFile for store applications: flags and attributes come in a structure."""
    flags, inherit = 0, False
    if pCreateExParams:
        memory = thread.process.memory
        attributes, file_flags, _ = struct.unpack("<III", memory.read(pCreateExParams + 4, 12))
        flags = attributes | file_flags
        inherit = inherits(thread, memory.read_pointer(pCreateExParams + 16))
    return open_win32(thread, lpFileName, dwDesiredAccess, dwShareMode, dwCreationDisposition, flags, inherit=inherit)


def attributes_of(thread: Thread, name: str | None) -> bytes:
    """Return FILE_NETWORK_OPEN_INFORMATION of a path. Raises NtError, Win32Error."""
    path = nt_path(thread, name)
    attributes = ObjectAttributes(path, None, OBJ_CASE_INSENSITIVE)
    return query_path(thread.process.machine.objects, attributes, thread.process)


@kernel32.export(FILE, fails=INVALID_FILE_ATTRIBUTES)
def GetFileAttributesW(thread: Thread, lpFileName: LPCWSTR) -> DWORD:
    """Return the attributes of a file or directory."""
    try:
        value: int = struct.unpack_from("<I", attributes_of(thread, lpFileName), 48)[0]
    except NtError:
        if lpFileName is not None and device_name(lpFileName) is not None:
            return 0x20
        raise
    return value


kernel32.ansi(GetFileAttributesW)


@kernel32.export(FILE)
def GetFileAttributesExW(thread: Thread, lpFileName: LPCWSTR, fInfoLevelId: DWORD, lpFileInformation: LPVOID) -> BOOL:
    """Return attributes, times and size: a WIN32_FILE_ATTRIBUTE_DATA."""
    if fInfoLevelId != 0:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    created, accessed, written, _, _, size, attributes = struct.unpack_from(
        "<qqqqqqI", attributes_of(thread, lpFileName)
    )
    data = struct.pack("<IQQQII", attributes, created, accessed, written, size >> 32, size & 0xFFFFFFFF)
    thread.process.memory.write(lpFileInformation, data)
    return True


kernel32.ansi(GetFileAttributesExW)


@kernel32.export(FILE)
def SetFileAttributesW(thread: Thread, lpFileName: LPCWSTR, dwFileAttributes: DWORD) -> BOOL:
    """Change the attributes of a file or directory."""
    path = nt_path(thread, lpFileName)
    options = ff.FILE_OPEN_REPARSE_POINT | ff.FILE_OPEN_FOR_BACKUP_INTENT
    with OpenedFile(thread.process, path, ff.FILE_WRITE_ATTRIBUTES, options=options) as file:
        attributes = dwFileAttributes & 0x31A7 or 0x80
        file.set_information(4, struct.pack("<qqqqII", 0, 0, 0, 0, attributes, 0), thread.process)
    return True


kernel32.ansi(SetFileAttributesW)


@kernel32.export(FILE)
def DeleteFileW(thread: Thread, lpFileName: LPCWSTR) -> BOOL:
    """Delete a file or a link to one; its name is free at once, its data goes with the last handle."""
    path = nt_path(thread, lpFileName)
    options = ff.FILE_NON_DIRECTORY_FILE | ff.FILE_OPEN_FOR_BACKUP_INTENT | ff.FILE_OPEN_REPARSE_POINT
    with OpenedFile(thread.process, path, ff.DELETE | ff.FILE_READ_ATTRIBUTES, options=options) as file:
        file.set_information(64, struct.pack("<I", 3), thread.process)
    return True


kernel32.ansi(DeleteFileW)


@kernel32.export(FILE)
def CreateDirectoryW(thread: Thread, lpPathName: LPCWSTR, lpSecurityAttributes: LPVOID) -> BOOL:
    """Create a directory."""
    path = nt_path(thread, lpPathName)
    options = ff.FILE_DIRECTORY_FILE | ff.FILE_SYNCHRONOUS_IO_NONALERT | ff.FILE_OPEN_FOR_BACKUP_INTENT
    request = OpenRequest(thread.process, ff.FILE_LIST_DIRECTORY | ff.SYNCHRONIZE, 3, ff.FILE_CREATE, options, 0x80)
    try:
        open_file(thread.process.machine.objects, ObjectAttributes(path, None, OBJ_CASE_INSENSITIVE), request).closed()
    except NtError as error:
        if error.status == st.STATUS_NOT_A_DIRECTORY:
            raise Win32Error(st.ERROR_PATH_NOT_FOUND) from None
        raise
    return True


kernel32.ansi(CreateDirectoryW)


@kernel32.export(FILE)
def CreateDirectoryExW(
    thread: Thread, lpTemplateDirectory: LPCWSTR, lpNewDirectory: LPCWSTR, lpSecurityAttributes: LPVOID
) -> BOOL:
    """Create a directory with the attributes of another one."""
    attributes: int = struct.unpack_from("<I", attributes_of(thread, lpTemplateDirectory), 48)[0]
    if not attributes & 0x10:
        raise Win32Error(st.ERROR_DIRECTORY)
    CreateDirectoryW(thread, lpNewDirectory, lpSecurityAttributes)
    if attributes & 0x27:
        SetFileAttributesW(thread, lpNewDirectory, attributes & 0x27)
    return True


kernel32.ansi(CreateDirectoryExW)


@kernel32.export(FILE)
def RemoveDirectoryW(thread: Thread, lpPathName: LPCWSTR) -> BOOL:
    """Remove an empty directory or a link to a directory."""
    path = nt_path(thread, lpPathName)
    options = ff.FILE_DIRECTORY_FILE | ff.FILE_OPEN_FOR_BACKUP_INTENT | ff.FILE_OPEN_REPARSE_POINT
    with OpenedFile(thread.process, path, ff.DELETE | ff.FILE_READ_ATTRIBUTES, options=options) as file:
        file.set_information(64, struct.pack("<I", 3), thread.process)
    return True


kernel32.ansi(RemoveDirectoryW)


@kernel32.export(FILE)
def GetFileTime(
    thread: Thread,
    hFile: HANDLE,
    lpCreationTime: Out[ULONGLONG],
    lpLastAccessTime: Out[ULONGLONG],
    lpLastWriteTime: Out[ULONGLONG],
) -> BOOL:
    """Return a file's times."""
    file = file_of(thread, hFile, ff.FILE_READ_ATTRIBUTES)
    created, accessed, written = struct.unpack_from("<QQQ", file.query(4, 40, file.granted).data)
    lpCreationTime.put(created)
    lpLastAccessTime.put(accessed)
    lpLastWriteTime.put(written)
    return True


@kernel32.export(FILE)
def SetFileTime(
    thread: Thread,
    hFile: HANDLE,
    lpCreationTime: In[ULONGLONG],
    lpLastAccessTime: In[ULONGLONG],
    lpLastWriteTime: In[ULONGLONG],
) -> BOOL:
    """Change a file's times; NULL leaves one alone."""
    file = file_of(thread, hFile, ff.FILE_WRITE_ATTRIBUTES)
    times = [time.get() if time else 0 for time in (lpCreationTime, lpLastAccessTime, lpLastWriteTime)]
    file.set_information(4, struct.pack("<QQQqII", *times, 0, 0, 0), thread.process)
    return True


@kernel32.export(FILE)
def GetFileInformationByHandle(thread: Thread, hFile: HANDLE, lpFileInformation: LPVOID) -> BOOL:
    """Return a BY_HANDLE_FILE_INFORMATION."""
    file = file_of(thread, hFile)
    all_data = file.query(18, 4096, file.granted).data
    created, accessed, written, _, attributes, _ = struct.unpack_from("<QQQQII", all_data)
    _, size, links = struct.unpack_from("<QQI", all_data, 40)
    (identity,) = struct.unpack_from("<Q", all_data, 64)
    volume = file.query_volume(1, 1024).data
    (serial,) = struct.unpack_from("<I", volume, 8)
    data = struct.pack(
        "<IQQQIIIIII", attributes, created, accessed, written, serial, size >> 32, size & 0xFFFFFFFF, links,
        identity >> 32, identity & 0xFFFFFFFF,
    )  # fmt: skip
    thread.process.memory.write(lpFileInformation, data)
    return True


@kernel32.export(FILE)
def AreFileApisANSI(thread: Thread) -> BOOL:
    """Say whether the A functions use the ANSI code page."""
    return thread.process.file_apis_ansi


@kernel32.export(FILE)
def SetFileApisToANSI(thread: Thread) -> None:
    """Have the A functions use the ANSI code page."""
    thread.process.file_apis_ansi = True


@kernel32.export(FILE)
def SetFileApisToOEM(thread: Thread) -> None:
    """Have the A functions use the OEM code page."""
    thread.process.file_apis_ansi = False


@kernel32.export(FILE)
def SetHandleCount(thread: Thread, uNumber: UINT) -> UINT:
    """Ask for more handles, as 16-bit Windows needed: there are always enough."""
    return uNumber
