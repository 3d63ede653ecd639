"""processenv.h: current directory, standard handles, searching."""

from __future__ import annotations

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.file_support import FILE, ansi, encode_path, nt_path, return_text
from runtime.dlls.process_state import process_state
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    INVALID_HANDLE_VALUE,
    LPCSTR,
    LPCWSTR,
    LPSTR,
    LPWSTR,
    PVOID,
    Out,
)
from runtime.loader.search import SYSTEM_DIRECTORY, WINDOWS_DIRECTORY, directory_of
from runtime.nt import status as st
from runtime.nt.current_directory import set_current_directory
from runtime.nt.file import query_path
from runtime.nt.io import OBJ_CASE_INSENSITIVE
from runtime.nt.object import ObjectAttributes
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread
from runtime.vfs.dospath import PathType, path_type, split_last

_HANDLES = {-10: 0x20, -11: 0x28, -12: 0x30}


def _current(thread: Thread) -> str:
    path = thread.process.current_directory
    return path if len(path) <= 3 else path.rstrip("\\")


@kernel32.export(FILE)
def GetCurrentDirectoryW(thread: Thread, nBufferLength: DWORD, lpBuffer: LPWSTR) -> DWORD:
    """Return the current directory."""
    return return_text(thread, _current(thread), lpBuffer, nBufferLength)


@kernel32.export(FILE)
def GetCurrentDirectoryA(thread: Thread, nBufferLength: DWORD, lpBuffer: LPSTR) -> DWORD:
    """Return the current directory."""
    return return_text(thread, _current(thread), lpBuffer, nBufferLength, wide=False)


@kernel32.export(FILE)
def SetCurrentDirectoryW(thread: Thread, lpPathName: LPCWSTR) -> BOOL:
    """Change the current directory."""
    if not lpPathName:
        raise Win32Error(st.ERROR_INVALID_NAME)
    try:
        set_current_directory(thread.process, lpPathName)
    except NtError as error:
        if error.status == st.STATUS_OBJECT_NAME_INVALID:
            raise Win32Error(st.ERROR_INVALID_NAME) from None
        raise
    return True


kernel32.ansi(SetCurrentDirectoryW)


def _standard(thread: Thread, which: int) -> int:
    offset = _HANDLES.get((which & 0xFFFFFFFF) - (1 << 32))
    if offset is None:
        raise NtError(st.STATUS_INVALID_HANDLE)
    return thread.process.parameters + offset


@kernel32.export("console_io", fails=INVALID_HANDLE_VALUE)
def GetStdHandle(thread: Thread, nStdHandle: DWORD) -> HANDLE:
    """Return standard input, output or error."""
    return thread.process.memory.read_pointer(_standard(thread, nStdHandle))


@kernel32.export("console_io")
def SetStdHandle(thread: Thread, nStdHandle: DWORD, hHandle: HANDLE) -> BOOL:
    """Replace standard input, output or error."""
    thread.process.memory.write_pointer(_standard(thread, nStdHandle), hHandle)
    return True


@kernel32.export("console_io")
def SetStdHandleEx(thread: Thread, nStdHandle: DWORD, hHandle: HANDLE, phPrevValue: Out[HANDLE]) -> BOOL:
    """Replace a standard handle and return the old one."""
    place = _standard(thread, nStdHandle)
    phPrevValue.put(thread.process.memory.read_pointer(place))
    thread.process.memory.write_pointer(place, hHandle)
    return True


def exists(thread: Thread, path: str) -> bool:
    """Say whether a Win32 path names an existing file that is no directory."""
    try:
        attributes = ObjectAttributes(nt_path(thread, path), None, OBJ_CASE_INSENSITIVE)
        data = query_path(thread.process.machine.objects, attributes, thread.process)
    except (NtError, Win32Error):
        return False
    return not data[48] & 0x10


_SAFE_SEARCH, _UNSAFE_SEARCH, _PERMANENT = 0x1, 0x10000, 0x8000


class _SearchMode:
    """What SetSearchPathMode was told; the registry's SafeProcessSearchMode is not set, hence unsafe at first."""

    def __init__(self) -> None:
        self.flags = _UNSAFE_SEARCH


@kernel32.export("process")
def SetSearchPathMode(thread: Thread, Flags: DWORD) -> BOOL:
    """Choose whether SearchPath looks into the current directory after the system's; for good, where asked."""
    mode = process_state(thread.process, _SearchMode)
    if Flags not in (_SAFE_SEARCH, _UNSAFE_SEARCH, _SAFE_SEARCH | _PERMANENT):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if mode.flags & _PERMANENT and not Flags & _PERMANENT:
        raise Win32Error(st.ERROR_ACCESS_DENIED)
    mode.flags = Flags
    return 1


def search_directories(thread: Thread) -> list[str]:
    """Return where SearchPath looks by default: the program's directory, the current one, the system's, PATH."""
    process = thread.process
    safe = process_state(process, _SearchMode).flags & _SAFE_SEARCH
    found = [directory_of(process.image_path), *([] if safe else [process.current_directory]), SYSTEM_DIRECTORY]
    found += [WINDOWS_DIRECTORY + "\\System", WINDOWS_DIRECTORY, *([process.current_directory] if safe else [])]
    found += [item.strip('"') for item in process.environment().get("PATH", "").split(";") if item]
    return found


def search_path(thread: Thread, path: str | None, name: str, extension: str | None) -> str | None:
    """Return the full path of the first match, or None."""
    names = [name]
    if extension and "." not in split_last(name.replace("/", "\\"))[1]:
        names.append(name + extension)
    if path_type(name) is not PathType.RELATIVE:
        directories = [""]
    else:
        directories = search_directories(thread) if path is None else [item for item in path.split(";") if item]
    for directory in directories:
        for candidate in names:
            full = thread.process.full_path(directory.rstrip("\\/") + "\\" + candidate if directory else candidate)
            if full and exists(thread, full):
                return full
    return None


def _search(
    thread: Thread, path: str | None, name: str | None, extension: str | None, capacity: int, buffer: int,
    file_part: Out[int], *, wide: bool,
) -> int:  # fmt: skip
    if not name:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    found = search_path(thread, path, name, extension)
    if found is None:
        raise Win32Error(st.ERROR_FILE_NOT_FOUND)
    length = return_text(thread, found, buffer, capacity, wide=wide)
    if length < capacity:
        file_part.put(buffer + len(encode_path(thread, split_last(found)[0], wide)))
    return length


@kernel32.export(FILE)
def SearchPathW(
    thread: Thread,
    lpPath: LPCWSTR,
    lpFileName: LPCWSTR,
    lpExtension: LPCWSTR,
    nBufferLength: DWORD,
    lpBuffer: LPWSTR,
    lpFilePart: Out[PVOID],
) -> DWORD:
    """Look for a file in directories."""
    return _search(thread, lpPath, lpFileName, lpExtension, nBufferLength, lpBuffer, lpFilePart, wide=True)


@kernel32.export(FILE)
def SearchPathA(
    thread: Thread,
    lpPath: LPCSTR,
    lpFileName: LPCSTR,
    lpExtension: LPCSTR,
    nBufferLength: DWORD,
    lpBuffer: LPSTR,
    lpFilePart: Out[PVOID],
) -> DWORD:
    """Look for a file in directories."""
    path, name, extension = ansi(thread, lpPath), ansi(thread, lpFileName), ansi(thread, lpExtension)
    return _search(thread, path, name, extension, nBufferLength, lpBuffer, lpFilePart, wide=False)


@kernel32.export("environment")
def NeedCurrentDirectoryForExePathW(thread: Thread, ExeName: LPCWSTR) -> BOOL:
    """Say whether the current directory is searched for a program."""
    return "\\" in (ExeName or "") or "NoDefaultCurrentDirectoryInExePath" not in thread.process.environment()


kernel32.ansi(NeedCurrentDirectoryForExePathW)
