"""winbase.h: moving, copying, linking, information by handle, and the file functions of 16-bit days."""

from __future__ import annotations

import os
import struct
from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.file_support import FILE, ansi, file_of, nt_path
from runtime.dlls.kernel32.fileapi import FILE_FLAG_BACKUP_SEMANTICS, attributes_of, open_win32
from runtime.dlls.ntdll.file_information import set_file_information
from runtime.dlls.types import (
    BOOL,
    BOOLEAN,
    DWORD,
    HANDLE,
    HRESULT,
    INT,
    INVALID_HANDLE_VALUE,
    LONG,
    LPCSTR,
    LPCWSTR,
    LPVOID,
    PVOID,
    UINT,
    InBytes,
    Out,
    OutBytes,
)
from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.disk_control import link_text
from runtime.nt.disk_file import DiskFile
from runtime.nt.io import OpenedFile, open_path, read_file, write_file
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread
from runtime.vfs.dospath import PathType, path_type

MOVEFILE_REPLACE_EXISTING = 0x1
MOVEFILE_COPY_ALLOWED = 0x2
MOVEFILE_DELAY_UNTIL_REBOOT = 0x4
MOVEFILE_WRITE_THROUGH = 0x8
MOVEFILE_CREATE_HARDLINK = 0x10
MOVEFILE_FAIL_IF_NOT_TRACKABLE = 0x20

COPY_FILE_FAIL_IF_EXISTS = 0x1
COPY_FILE_COPY_SYMLINK = 0x800

PROGRESS_CONTINUE, PROGRESS_CANCEL, PROGRESS_STOP, PROGRESS_QUIET = 0, 1, 2, 3
_CHUNK = 1 << 20
HFILE_ERROR = -1


def _move(thread: Thread, source: str | None, target: str | None, flags: int) -> bool:
    process = thread.process
    if flags & MOVEFILE_DELAY_UNTIL_REBOOT:
        raise Win32Error(st.ERROR_NOT_SUPPORTED)
    if target is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    from_path, to_path = nt_path(thread, source), nt_path(thread, target)
    options = ff.FILE_OPEN_REPARSE_POINT | ff.FILE_OPEN_FOR_BACKUP_INTENT
    access = ff.DELETE | ff.FILE_READ_ATTRIBUTES
    replace = bool(flags & MOVEFILE_REPLACE_EXISTING)
    try:
        with OpenedFile(process, from_path, access, options=options) as file:
            if flags & MOVEFILE_CREATE_HARDLINK:
                file.link(to_path, None, process, replace=replace)
            else:
                file.rename(to_path, None, process, replace=replace, posix=False)
            return True
    except NtError as error:
        if error.status != st.STATUS_NOT_SAME_DEVICE or not flags & MOVEFILE_COPY_ALLOWED:
            raise
    if struct.unpack_from("<I", attributes_of(thread, source), 48)[0] & 0x10:
        raise NtError(st.STATUS_ACCESS_DENIED)
    copy_contents(thread, from_path, to_path, fail_if_exists=not replace)
    with OpenedFile(process, from_path, access, options=options) as file:
        file.set_information(64, struct.pack("<I", 3), process)
    return True


@kernel32.export(FILE)
def MoveFileExW(thread: Thread, lpExistingFileName: LPCWSTR, lpNewFileName: LPCWSTR, dwFlags: DWORD) -> BOOL:
    """Rename a file or directory."""
    return _move(thread, lpExistingFileName, lpNewFileName, dwFlags)


kernel32.ansi(MoveFileExW)


@kernel32.export(FILE)
def MoveFileW(thread: Thread, lpExistingFileName: LPCWSTR, lpNewFileName: LPCWSTR) -> BOOL:
    """Rename a file or directory; a file may go to another drive."""
    return _move(thread, lpExistingFileName, lpNewFileName, MOVEFILE_COPY_ALLOWED)


kernel32.ansi(MoveFileW)


@kernel32.export(FILE)
def MoveFileWithProgressW(
    thread: Thread,
    lpExistingFileName: LPCWSTR,
    lpNewFileName: LPCWSTR,
    lpProgressRoutine: PVOID,
    lpData: LPVOID,
    dwFlags: DWORD,
) -> BOOL:
    """Rename a file or directory. A rename has no progress to tell of."""
    return _move(thread, lpExistingFileName, lpNewFileName, dwFlags)


kernel32.ansi(MoveFileWithProgressW)


def copy_contents(thread: Thread, source: str, target: str, *, fail_if_exists: bool) -> int:
    """Copy a file with its attributes and write time between NT paths; returns its size. Raises NtError."""
    process = thread.process
    disposition = ff.FILE_CREATE if fail_if_exists else ff.FILE_OVERWRITE_IF
    options = ff.FILE_NON_DIRECTORY_FILE | ff.FILE_SYNCHRONOUS_IO_NONALERT
    with OpenedFile(process, source, ff.FILE_GENERIC_READ, 3, ff.FILE_NON_DIRECTORY_FILE) as reader:
        if not isinstance(reader, DiskFile):
            raise NtError(st.STATUS_INVALID_DEVICE_REQUEST)
        basic = reader.query(4, 40, reader.granted).data
        (attributes,) = struct.unpack_from("<I", basic, 32)
        access = ff.FILE_GENERIC_WRITE | ff.DELETE
        writer = open_path(process, target, access, 0, options, disposition, attributes & 0x27 & ~1)
        try:
            if not isinstance(writer, DiskFile):
                raise NtError(st.STATUS_INVALID_DEVICE_REQUEST)
            size = 0
            while data := os.pread(reader.fd, _CHUNK, size):
                size += writer.put(data, size)
            (written,) = struct.unpack_from("<q", basic, 16)
            wanted = struct.pack("<qqqqII", 0, 0, written, 0, attributes & 0x3127 or 0x80, 0)
            writer.set_information(4, wanted, process)
        finally:
            writer.closed()
    return size


def _copy(thread: Thread, source: str | None, target: str | None, *, fail_if_exists: bool) -> int:
    if source is None or target is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    try:
        return copy_contents(thread, nt_path(thread, source), nt_path(thread, target), fail_if_exists=fail_if_exists)
    except NtError as error:
        if error.status == st.STATUS_OBJECT_NAME_COLLISION:
            raise Win32Error(st.ERROR_FILE_EXISTS) from None
        raise


@kernel32.export(FILE)
def CopyFileW(thread: Thread, lpExistingFileName: LPCWSTR, lpNewFileName: LPCWSTR, bFailIfExists: BOOL) -> BOOL:
    """Copy a file."""
    _copy(thread, lpExistingFileName, lpNewFileName, fail_if_exists=bool(bFailIfExists))
    return True


kernel32.ansi(CopyFileW)


async def _report(thread: Thread, routine: int, size: int, done: int, reason: int, data: int) -> int:
    """Call a LPPROGRESS_ROUTINE; returns what it wants."""
    if not routine:
        return PROGRESS_CONTINUE
    result = await thread.call(routine, size, done, size, done, 1, reason, 0, 0, data)
    return result & 0xFFFFFFFF


async def _copy_with_progress(
    thread: Thread, source: str | None, target: str | None, routine: int, data: int, cancel: int, flags: int
) -> bool:
    size = struct.unpack_from("<q", attributes_of(thread, source), 40)[0]
    if cancel and thread.process.memory.read_u32(cancel):
        raise Win32Error(st.ERROR_REQUEST_ABORTED)
    first = await _report(thread, routine, size, 0, 1, data)
    if first in (PROGRESS_CANCEL, PROGRESS_STOP):
        raise Win32Error(st.ERROR_REQUEST_ABORTED)
    done = _copy(thread, source, target, fail_if_exists=bool(flags & COPY_FILE_FAIL_IF_EXISTS))
    if first != PROGRESS_QUIET:
        last = await _report(thread, routine, done, done, 0, data)
        if last in (PROGRESS_CANCEL, PROGRESS_STOP):
            if last == PROGRESS_CANCEL:
                with OpenedFile(thread.process, nt_path(thread, target), ff.DELETE) as file:
                    file.set_information(64, struct.pack("<I", 3), thread.process)
            raise Win32Error(st.ERROR_REQUEST_ABORTED)
    return True


@kernel32.export(FILE)
async def CopyFileExW(
    thread: Thread,
    lpExistingFileName: LPCWSTR,
    lpNewFileName: LPCWSTR,
    lpProgressRoutine: PVOID,
    lpData: LPVOID,
    pbCancel: PVOID,
    dwCopyFlags: DWORD,
) -> BOOL:
    """Copy a file, telling a routine how far it is."""
    return await _copy_with_progress(
        thread, lpExistingFileName, lpNewFileName, lpProgressRoutine, lpData, pbCancel, dwCopyFlags
    )


kernel32.ansi(CopyFileExW)


@kernel32.export(FILE)
def CopyFile2(
    thread: Thread, pwszExistingFileName: LPCWSTR, pwszNewFileName: LPCWSTR, pExtendedParameters: PVOID
) -> HRESULT:
    """Copy a file; flags come in a structure."""
    flags = 0
    if pExtendedParameters:
        flags = thread.process.memory.read_u32(pExtendedParameters + 4)
    _copy(thread, pwszExistingFileName, pwszNewFileName, fail_if_exists=bool(flags & COPY_FILE_FAIL_IF_EXISTS))
    return 0


@kernel32.export(FILE)
def ReplaceFileW(
    thread: Thread,
    lpReplacedFileName: LPCWSTR,
    lpReplacementFileName: LPCWSTR,
    lpBackupFileName: LPCWSTR,
    dwReplaceFlags: DWORD,
    lpExclude: LPVOID,
    lpReserved: LPVOID,
) -> BOOL:
    """Put a file in the place of another one, which may be kept under a third name; attributes stay."""
    if lpReplacedFileName is None or lpReplacementFileName is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    process = thread.process
    replaced, replacement = nt_path(thread, lpReplacedFileName), nt_path(thread, lpReplacementFileName)
    (attributes,) = struct.unpack_from("<I", attributes_of(thread, lpReplacedFileName), 48)
    access = ff.DELETE | ff.FILE_READ_ATTRIBUTES | ff.FILE_WRITE_ATTRIBUTES
    with OpenedFile(process, replacement, access) as file:
        if lpBackupFileName is not None:
            with OpenedFile(process, replaced, ff.DELETE | ff.FILE_READ_ATTRIBUTES) as old:
                old.rename(nt_path(thread, lpBackupFileName), None, process, replace=True, posix=False)
        file.rename(replaced, None, process, replace=True, posix=True)
        file.set_information(4, struct.pack("<qqqqII", 0, 0, 0, 0, attributes & 0x31A7 or 0x80, 0), process)
    return True


kernel32.ansi(ReplaceFileW)


@kernel32.export(FILE)
def CreateHardLinkW(
    thread: Thread, lpFileName: LPCWSTR, lpExistingFileName: LPCWSTR, lpSecurityAttributes: LPVOID
) -> BOOL:
    """Give a file a second name."""
    target = nt_path(thread, lpFileName)
    options = ff.FILE_OPEN_REPARSE_POINT
    with OpenedFile(
        thread.process, nt_path(thread, lpExistingFileName), ff.FILE_WRITE_ATTRIBUTES, options=options
    ) as file:
        file.link(target, None, thread.process, replace=False)
    return True


kernel32.ansi(CreateHardLinkW)


@kernel32.export(FILE)
def CreateSymbolicLinkW(
    thread: Thread, lpSymlinkFileName: LPCWSTR, lpTargetFileName: LPCWSTR, dwFlags: DWORD
) -> BOOLEAN:
    """Create a link to a file or (flag 1) a directory."""
    if not lpTargetFileName or dwFlags & ~3:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    kind = path_type(lpTargetFileName)
    relative = kind in (PathType.RELATIVE, PathType.ROOTED)
    target = lpTargetFileName if relative else nt_path(thread, lpTargetFileName)
    directory = bool(dwFlags & 1)
    options = ff.FILE_OPEN_REPARSE_POINT | ff.FILE_SYNCHRONOUS_IO_NONALERT
    options |= ff.FILE_DIRECTORY_FILE if directory else ff.FILE_NON_DIRECTORY_FILE
    access = ff.FILE_WRITE_ATTRIBUTES | ff.DELETE
    file = open_path(thread.process, nt_path(thread, lpSymlinkFileName), access, 0, options, ff.FILE_CREATE)
    try:
        if not isinstance(file, DiskFile):
            raise NtError(st.STATUS_INVALID_DEVICE_REQUEST)
        text = link_text(file.drive, target, relative=relative)
        file.replace_by_link(text + "/" if directory and not text.endswith("/") else text)
    finally:
        file.closed()
    return True


kernel32.ansi(CreateSymbolicLinkW)


@kernel32.export(FILE, fails=INVALID_HANDLE_VALUE)
def ReOpenFile(
    thread: Thread, hOriginalFile: HANDLE, dwDesiredAccess: DWORD, dwShareMode: DWORD, dwFlagsAndAttributes: DWORD
) -> HANDLE:
    """Open an open file once more, with other rights or flags."""
    original = file_of(thread, hOriginalFile)
    if not isinstance(original, DiskFile):
        raise NtError(st.STATUS_INVALID_DEVICE_REQUEST)
    if dwFlagsAndAttributes & 0x7FFF:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    path = f"\\\\?\\{original.drive.letter}:{original.file_name}"
    flags = dwFlagsAndAttributes | (FILE_FLAG_BACKUP_SEMANTICS if original.is_directory else 0)
    return open_win32(thread, path, dwDesiredAccess, dwShareMode, 3, flags, inherit=False)


_BY_HANDLE = {
    0: (4, 40),  # FileBasicInfo
    1: (5, 24),  # FileStandardInfo
    2: (9, 0),  # FileNameInfo
    7: (22, 0),  # FileStreamInfo
    8: (28, 16),  # FileCompressionInfo
    9: (35, 8),  # FileAttributeTagInfo
    18: (59, 24),  # FileIdInfo
    23: (71, 4),  # FileCaseSensitiveInfo
}
"""FILE_INFO_BY_HANDLE_CLASS → FILE_INFORMATION_CLASS and size."""

_DIRECTORY_BY_HANDLE = {10: 37, 11: 37, 14: 2, 15: 2, 19: 60, 20: 60}
"""Classes that list a directory; of each pair the second begins again."""

_SET_BY_HANDLE = {0: 4, 3: 10, 4: 13, 5: 19, 6: 20, 12: 43, 21: 64, 22: 65}


@kernel32.export(FILE)
async def GetFileInformationByHandleEx(
    thread: Thread,
    hFile: HANDLE,
    FileInformationClass: INT,
    lpFileInformation: Annotated[LPVOID, OutBytes("dwBufferSize")],
    dwBufferSize: DWORD,
) -> BOOL:
    """Query a file by handle."""
    from runtime.nt.io_request import IoRequest

    file = file_of(thread, hFile)
    listing = _DIRECTORY_BY_HANDLE.get(FileInformationClass)
    if listing is not None:
        request = IoRequest(thread, file, buffer=lpFileInformation, length=dwBufferSize)
        restart = FileInformationClass in (11, 15, 20)
        status = file.query_directory(request, listing, None, single=False, restart=restart)
        if status & 0x80000000:
            raise NtError(status)
        return True
    if FileInformationClass == 16:  # FileStorageInfo
        data = struct.pack("<IIIIIII", 512, 4096, 4096, 4096, 3, 0, 0)
        if dwBufferSize < len(data):
            raise Win32Error(st.ERROR_BAD_LENGTH)
        thread.process.memory.write(lpFileInformation, data)
        return True
    if FileInformationClass == 17:  # FileAlignmentInfo
        if dwBufferSize < 4:
            raise Win32Error(st.ERROR_BAD_LENGTH)
        thread.process.memory.write(lpFileInformation, bytes(4))
        return True
    found = _BY_HANDLE.get(FileInformationClass)
    if found is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    answer = file.query(found[0], dwBufferSize, file.granted)
    thread.process.memory.write(lpFileInformation, answer.data)
    if answer.status:
        raise NtError(answer.status)
    if found[0] == 22 and not answer.data:
        raise Win32Error(st.ERROR_HANDLE_EOF)
    return True


@kernel32.export(FILE)
def SetFileInformationByHandle(
    thread: Thread,
    hFile: HANDLE,
    FileInformationClass: INT,
    lpFileInformation: Annotated[LPVOID, InBytes("dwBufferSize")],
    dwBufferSize: DWORD,
) -> BOOL:
    """Change a file by handle: times, name, deletion, size."""
    information_class = _SET_BY_HANDLE.get(FileInformationClass)
    if information_class is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    needed = {4: ff.FILE_WRITE_ATTRIBUTES, 10: ff.DELETE, 13: ff.DELETE, 64: ff.DELETE, 65: ff.DELETE,
              19: ff.FILE_WRITE_DATA, 20: ff.FILE_WRITE_DATA}.get(information_class, 0)  # fmt: skip
    file = file_of(thread, hFile, needed)
    data = thread.process.memory.read(lpFileInformation, min(dwBufferSize, 0x20000))
    if information_class in (10, 65):
        data = _rename_by_path(thread, data)
    set_file_information(thread, file, information_class, data)
    return True


def _rename_by_path(thread: Thread, data: bytes) -> bytes:
    """Turn the Win32 path in a FILE_RENAME_INFO into an NT path."""
    width = thread.process.memory.pointer_size
    at = 2 * width + 4
    if len(data) < at + 2:
        raise Win32Error(st.ERROR_BAD_LENGTH)
    (length,) = struct.unpack_from("<I", data, 2 * width)
    name = data[at : at + length].decode("utf-16-le", "surrogatepass").split("\0", 1)[0]
    if int.from_bytes(data[width : 2 * width], "little"):
        return data
    path = nt_path(thread, name).encode("utf-16-le", "surrogatepass")
    return data[: 2 * width] + struct.pack("<I", len(path)) + path


@kernel32.export(FILE, fails=0xFFFFFFFF)
def GetCompressedFileSizeW(thread: Thread, lpFileName: LPCWSTR, lpFileSizeHigh: Out[DWORD]) -> DWORD:
    """Return how much of the disk a file takes: its size, as nothing here is compressed."""
    (size,) = struct.unpack_from("<Q", attributes_of(thread, lpFileName), 40)
    lpFileSizeHigh.put(size >> 32)
    return int(size & 0xFFFFFFFF)


kernel32.ansi(GetCompressedFileSizeW)


@kernel32.export("process")
def GetBinaryTypeW(thread: Thread, lpApplicationName: LPCWSTR, lpBinaryType: Out[DWORD]) -> BOOL:
    """Say what kind of program a file is."""
    with OpenedFile(thread.process, nt_path(thread, lpApplicationName), ff.FILE_GENERIC_READ) as file:
        if not isinstance(file, DiskFile):
            raise Win32Error(st.ERROR_BAD_EXE_FORMAT)
        header = os.pread(file.fd, 64, 0)
        if len(header) < 64 or header[:2] != b"MZ":
            raise Win32Error(st.ERROR_BAD_EXE_FORMAT)
        pe = os.pread(file.fd, 24, struct.unpack_from("<I", header, 60)[0])
        if pe[:4] != b"PE\0\0" or len(pe) < 24 or struct.unpack_from("<H", pe, 22)[0] & 0x2000:
            raise Win32Error(st.ERROR_BAD_EXE_FORMAT)
        machine = struct.unpack_from("<H", pe, 4)[0]
    kinds = {0x14C: 0, 0x8664: 6}
    if machine not in kinds:
        raise Win32Error(st.ERROR_BAD_EXE_FORMAT)
    lpBinaryType.set(kinds[machine])
    return True


kernel32.ansi(GetBinaryTypeW)


@kernel32.export(FILE)
def Wow64DisableWow64FsRedirection(thread: Thread, OldValue: Out[PVOID]) -> BOOL:
    """Only 32-bit programs are redirected; others are told so."""
    raise Win32Error(st.ERROR_INVALID_FUNCTION)


@kernel32.export(FILE)
def Wow64RevertWow64FsRedirection(thread: Thread, OlValue: PVOID) -> BOOL:
    """Only 32-bit programs are redirected; others are told so."""
    raise Win32Error(st.ERROR_INVALID_FUNCTION)


# The file functions of 16-bit Windows

_SHARES = {0x00: 7, 0x10: 0, 0x20: 1, 0x30: 2, 0x40: 3}
OF_CREATE, OF_EXIST, OF_DELETE, OF_PARSE = 0x1000, 0x4000, 0x200, 0x100


def _share(mode: int) -> int:
    return 3 if mode & 0x70 == 0 else _SHARES.get(mode & 0x70, 3)


def _access(mode: int) -> int:
    return {0: 0x80000000, 1: 0x40000000, 2: 0xC0000000}.get(mode & 3, 0x80000000)


@kernel32.export(FILE, fails=HFILE_ERROR, name="_lopen")
def lopen(thread: Thread, lpPathName: LPCSTR, iReadWrite: INT) -> INT:
    """Open a file."""
    path = ansi(thread, lpPathName)
    return open_win32(thread, path, _access(iReadWrite), _share(iReadWrite), 3, 0x80, inherit=False)


@kernel32.export(FILE, fails=HFILE_ERROR, name="_lcreat")
def lcreat(thread: Thread, lpPathName: LPCSTR, iAttribute: INT) -> INT:
    """Create or empty a file."""
    return open_win32(thread, ansi(thread, lpPathName), 0xC0000000, 3, 2, iAttribute & 7 or 0x80, inherit=False)


@kernel32.export(FILE, fails=HFILE_ERROR, name="_lclose")
def lclose(thread: Thread, hFile: INT) -> INT:
    """Close a file."""
    thread.process.handles.close(hFile)
    return 0


@kernel32.export(FILE, fails=0xFFFFFFFF, name="_hread")
async def hread(thread: Thread, hFile: INT, lpBuffer: LPVOID, lBytes: LONG) -> LONG:
    """Read from a file."""
    return await _lread(thread, hFile, lpBuffer, lBytes)


@kernel32.export(FILE, fails=0xFFFFFFFF, name="_lread")
async def lread(thread: Thread, hFile: INT, lpBuffer: LPVOID, uBytes: UINT) -> UINT:
    """Read from a file."""
    return await _lread(thread, hFile, lpBuffer, uBytes)


async def _lread(thread: Thread, handle: int, buffer: int, length: int) -> int:
    try:
        return (await read_file(thread, handle, buffer, length)).information
    except NtError as error:
        if error.status == st.STATUS_END_OF_FILE:
            return 0
        raise


@kernel32.export(FILE, fails=0xFFFFFFFF, name="_hwrite")
async def hwrite(thread: Thread, hFile: INT, lpBuffer: LPVOID, lBytes: LONG) -> LONG:
    """Write to a file; writing nothing cuts it off."""
    return await _lwrite(thread, hFile, lpBuffer, lBytes)


@kernel32.export(FILE, fails=0xFFFFFFFF, name="_lwrite")
async def lwrite(thread: Thread, hFile: INT, lpBuffer: LPVOID, uBytes: UINT) -> UINT:
    """Write to a file; writing nothing cuts it off."""
    return await _lwrite(thread, hFile, lpBuffer, uBytes)


async def _lwrite(thread: Thread, handle: int, buffer: int, length: int) -> int:
    if not length:
        file = file_of(thread, handle, ff.FILE_WRITE_DATA)
        file.set_information(20, struct.pack("<q", file.current_position()), thread.process)
        return 0
    return (await write_file(thread, handle, buffer, length)).information


@kernel32.export(FILE, fails=0xFFFFFFFF, name="_llseek")
def llseek(thread: Thread, hFile: INT, lOffset: LONG, iOrigin: INT) -> LONG:
    """Move the file position."""
    from runtime.dlls.kernel32.fileapi_io import _move as move

    return move(thread, file_of(thread, hFile), lOffset, iOrigin)


@kernel32.export(FILE, fails=HFILE_ERROR)
def OpenFile(thread: Thread, lpFileName: LPCSTR, lpReOpenBuff: LPVOID, uStyle: UINT) -> INT:
    """Open, create, look for or delete a file."""
    full = thread.process.full_path(ansi(thread, lpFileName) or "")
    encoded = thread.process.encode_ansi(full)[:127]

    def describe(error: int) -> None:
        data = struct.pack("<BBHHH", 136, 1, error, 0, 0) + encoded.ljust(128, b"\0")
        thread.process.memory.write(lpReOpenBuff, data)

    if uStyle & OF_PARSE:
        describe(0)
        return 0
    try:
        if uStyle & OF_DELETE:
            from runtime.dlls.kernel32.fileapi import DeleteFileW

            DeleteFileW(thread, full)
            describe(0)
            return 1
        creation = 2 if uStyle & OF_CREATE else 3
        access = 0xC0000000 if uStyle & OF_CREATE else _access(uStyle)
        handle = open_win32(thread, full, access, _share(uStyle), creation, 0x80, inherit=False)
    except (NtError, Win32Error) as error:
        describe(error.error)
        raise
    describe(0)
    if uStyle & OF_EXIST:
        thread.process.handles.close(handle)
        return 1
    return handle
