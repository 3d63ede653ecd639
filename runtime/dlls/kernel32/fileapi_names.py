"""fileapi.h: full, long, short, final and temporary names."""

from __future__ import annotations

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.file_support import FILE, ansi, encode_path, file_of, nt_path, return_text
from runtime.dlls.types import DWORD, HANDLE, LPCSTR, LPCWSTR, LPSTR, LPWSTR, PVOID, UINT, Out
from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.disk_file import DiskFile
from runtime.nt.file import FileObject
from runtime.nt.io import OpenedFile, open_path
from runtime.nt.mount_manager import volume_guid
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread
from runtime.vfs.dospath import device_name, split_last

FILE_NAME_OPENED = 0x8
VOLUME_NAME_GUID = 0x1
VOLUME_NAME_NT = 0x2
VOLUME_NAME_NONE = 0x4


def _full_path_name(
    thread: Thread, name: str | None, capacity: int, buffer: int, file_part: Out[int], *, wide: bool
) -> int:
    full = thread.process.full_path(name or "")
    if not full:
        raise Win32Error(st.ERROR_INVALID_NAME)
    length = return_text(thread, full, buffer, capacity, wide=wide)
    directory, last = split_last(full)
    if length < capacity:
        at = len(encode_path(thread, directory, wide))
        file_part.put(buffer + at if last and device_name(name or "") is None else 0)
    else:
        file_part.put(0)
    return length


@kernel32.export(FILE)
def GetFullPathNameW(
    thread: Thread, lpFileName: LPCWSTR, nBufferLength: DWORD, lpBuffer: LPWSTR, lpFilePart: Out[PVOID]
) -> DWORD:
    """Return the absolute form of a path, without looking at the disk."""
    return _full_path_name(thread, lpFileName, nBufferLength, lpBuffer, lpFilePart, wide=True)


@kernel32.export(FILE)
def GetFullPathNameA(
    thread: Thread, lpFileName: LPCSTR, nBufferLength: DWORD, lpBuffer: LPSTR, lpFilePart: Out[PVOID]
) -> DWORD:
    """Return the absolute form of a path, without looking at the disk."""
    return _full_path_name(thread, ansi(thread, lpFileName), nBufferLength, lpBuffer, lpFilePart, wide=False)


def _converted(thread: Thread, name: str | None, *, short: bool) -> str:
    """Return `name` with every component as the disk has it, or its 8.3 alias; what it is relative to stays."""
    if not name:
        raise Win32Error(st.ERROR_PATH_NOT_FOUND if name == "" else st.ERROR_INVALID_PARAMETER)
    path = nt_path(thread, name)
    options = ff.FILE_OPEN_REPARSE_POINT | ff.FILE_OPEN_FOR_BACKUP_INTENT
    with OpenedFile(thread.process, path, ff.FILE_READ_ATTRIBUTES, options=options) as file:
        if not isinstance(file, DiskFile):
            return name
        whole = file.drive.short_path(file.host_path) if short else file.drive.windows_path(file.host_path)
    normal = name.replace("/", "\\")
    real, given = whole.split("\\"), normal.split("\\")
    trailing = normal.endswith("\\")
    if trailing:
        given.pop()
    for back in range(1, len(given) + 1):
        part = given[-back]
        if back > len(real) or part in ("", ".", "..", "?") or (len(part) == 2 and part[1] == ":"):
            break
        prefix = part[:2] if part[1:2] == ":" else ""
        given[-back] = prefix + real[-back]
    return "\\".join(given) + ("\\" if trailing else "")


@kernel32.export(FILE)
def GetLongPathNameW(thread: Thread, lpszShortPath: LPCWSTR, lpszLongPath: LPWSTR, cchBuffer: DWORD) -> DWORD:
    """Return an existing path with its names as they are on the disk."""
    return return_text(thread, _converted(thread, lpszShortPath, short=False), lpszLongPath, cchBuffer)


@kernel32.export(FILE)
def GetLongPathNameA(thread: Thread, lpszShortPath: LPCSTR, lpszLongPath: LPSTR, cchBuffer: DWORD) -> DWORD:
    """Return an existing path with its names as they are on the disk."""
    text = _converted(thread, ansi(thread, lpszShortPath), short=False)
    return return_text(thread, text, lpszLongPath, cchBuffer, wide=False)


@kernel32.export(FILE)
def GetShortPathNameW(thread: Thread, lpszLongPath: LPCWSTR, lpszShortPath: LPWSTR, cchBuffer: DWORD) -> DWORD:
    """Return an existing path with 8.3 names."""
    return return_text(thread, _converted(thread, lpszLongPath, short=True), lpszShortPath, cchBuffer)


@kernel32.export(FILE)
def GetShortPathNameA(thread: Thread, lpszLongPath: LPCSTR, lpszShortPath: LPSTR, cchBuffer: DWORD) -> DWORD:
    """Return an existing path with 8.3 names."""
    text = _converted(thread, ansi(thread, lpszLongPath), short=True)
    return return_text(thread, text, lpszShortPath, cchBuffer, wide=False)


def final_path(file: FileObject, flags: int) -> str:
    """Return GetFinalPathNameByHandle's path. Raises NtError, Win32Error."""
    if not isinstance(file, DiskFile):
        raise NtError(st.STATUS_INVALID_DEVICE_REQUEST)
    drive, name = file.drive, file.file_name
    match flags & 7:
        case 0:
            return f"\\\\?\\{drive.letter}:{name}"
        case 1:
            return f"\\\\?\\Volume{{{volume_guid(drive.serial, drive.letter)}}}{name}"
        case 2:
            return f"\\Device\\{drive.device_name}{name}"
        case 4:
            return name
    raise Win32Error(st.ERROR_INVALID_PARAMETER)


@kernel32.export(FILE)
def GetFinalPathNameByHandleW(
    thread: Thread, hFile: HANDLE, lpszFilePath: LPWSTR, cchFilePath: DWORD, dwFlags: DWORD
) -> DWORD:
    """Return the path of an open file, links resolved."""
    return return_text(thread, final_path(file_of(thread, hFile), dwFlags), lpszFilePath, cchFilePath)


@kernel32.export(FILE)
def GetFinalPathNameByHandleA(
    thread: Thread, hFile: HANDLE, lpszFilePath: LPSTR, cchFilePath: DWORD, dwFlags: DWORD
) -> DWORD:
    """Return the path of an open file, links resolved."""
    return return_text(thread, final_path(file_of(thread, hFile), dwFlags), lpszFilePath, cchFilePath, wide=False)


def temp_path(thread: Thread) -> str:
    """Return the directory for temporary files: TMP, TEMP, USERPROFILE or the Windows directory."""
    environment = thread.process.environment()
    found = environment.get("TMP") or environment.get("TEMP") or environment.get("USERPROFILE") or "C:\\Windows"
    return thread.process.full_path(found).rstrip("\\") + "\\"


@kernel32.export(FILE)
def GetTempPathW(thread: Thread, nBufferLength: DWORD, lpBuffer: LPWSTR) -> DWORD:
    """Return the directory for temporary files."""
    return return_text(thread, temp_path(thread), lpBuffer, nBufferLength)


@kernel32.export(FILE)
def GetTempPathA(thread: Thread, nBufferLength: DWORD, lpBuffer: LPSTR) -> DWORD:
    """Return the directory for temporary files."""
    return return_text(thread, temp_path(thread), lpBuffer, nBufferLength, wide=False)


def _temp_file_name(
    thread: Thread, directory: str | None, prefix: str | None, unique: int, buffer: int, *, wide: bool
) -> int:
    if directory is None or len(directory) > 260 - 14:
        raise Win32Error(st.ERROR_BUFFER_OVERFLOW if directory else st.ERROR_INVALID_PARAMETER)
    path = nt_path(thread, directory)
    base = directory if directory.endswith(("\\", "/")) else directory + "\\"
    options = ff.FILE_DIRECTORY_FILE
    try:
        with OpenedFile(thread.process, path, ff.FILE_READ_ATTRIBUTES, options=options):
            pass
    except NtError:
        raise Win32Error(st.ERROR_DIRECTORY) from None
    start = (prefix or "")[:3]
    number = unique & 0xFFFF
    if number:
        _give_name(thread, f"{base}{start}{number:x}.tmp", buffer, wide=wide)
        return number
    number = thread.process.machine.clock.now() >> 10 & 0xFFFF
    for _ in range(0x10000):
        number = number % 0xFFFF + 1
        name = f"{base}{start}{number:x}.tmp"
        try:
            open_path(
                thread.process, nt_path(thread, name), ff.FILE_GENERIC_READ, 0,
                ff.FILE_NON_DIRECTORY_FILE | ff.FILE_SYNCHRONOUS_IO_NONALERT, ff.FILE_CREATE, 0x80,
            ).closed()  # fmt: skip
        except NtError as error:
            if error.status == st.STATUS_OBJECT_NAME_COLLISION:
                continue
            raise
        _give_name(thread, name, buffer, wide=wide)
        return number
    raise Win32Error(st.ERROR_FILE_EXISTS)


def _give_name(thread: Thread, name: str, buffer: int, *, wide: bool) -> None:
    thread.process.memory.write(buffer, encode_path(thread, name + "\0", wide))


@kernel32.export(FILE)
def GetTempFileNameW(
    thread: Thread, lpPathName: LPCWSTR, lpPrefixString: LPCWSTR, uUnique: UINT, lpTempFileName: LPWSTR
) -> UINT:
    """Return a name for a temporary file; without a number given the file is made, so that the name is taken."""
    return _temp_file_name(thread, lpPathName, lpPrefixString, uUnique, lpTempFileName, wide=True)


@kernel32.export(FILE)
def GetTempFileNameA(
    thread: Thread, lpPathName: LPCSTR, lpPrefixString: LPCSTR, uUnique: UINT, lpTempFileName: LPSTR
) -> UINT:
    """Return a name for a temporary file; without a number given the file is made, so that the name is taken."""
    directory, prefix = ansi(thread, lpPathName), ansi(thread, lpPrefixString)
    return _temp_file_name(thread, directory, prefix, uUnique, lpTempFileName, wide=False)
