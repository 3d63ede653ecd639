"""fileapi.h: FindFirstFile and its kin, streams, change notifications."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.file_support import FILE, Overlapped, ansi, file_of, lowered, nt_path
from runtime.dlls.process_state import process_state
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    INVALID_HANDLE_VALUE,
    LPCSTR,
    LPCWSTR,
    LPVOID,
    PVOID,
    Out,
    OutBytes,
)
from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.io import open_path
from runtime.nt.io_request import Completion, IoRequest
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread
from runtime.nt.wait import wait_for
from runtime.vfs.pattern import from_win32

if TYPE_CHECKING:
    from runtime.nt.directory_query import DirectoryEntry
    from runtime.nt.file import FileObject

FIND_FIRST_EX_CASE_SENSITIVE = 1
FIND_FIRST_EX_LARGE_FETCH = 2
FIND_FIRST_EX_ON_DISK_ENTRIES_ONLY = 4


@dataclass(slots=True)
class _Search:
    file: FileObject
    pattern: str
    directories_only: bool = False

    def next(self) -> DirectoryEntry | None:
        while True:
            entry = self.file.next_entry(self.pattern)
            if entry is None or not self.directories_only or entry.metadata.is_directory:
                return entry


@dataclass(slots=True)
class _Searches:
    """Find handles of a process. They are real handles to the directory, so that their values are unique."""

    open: dict[int, _Search] = field(default_factory=dict)
    streams: dict[int, list[bytes]] = field(default_factory=dict)


def pack_find_data(entry: DirectoryEntry, ansi_name: bytes | None = None) -> bytes:
    """Return a WIN32_FIND_DATAW, or a WIN32_FIND_DATAA with the name given as bytes."""
    data = entry.metadata
    header = struct.pack(
        "<IQQQIIII", data.attributes, data.created, data.accessed, data.written,
        data.size >> 32, data.size & 0xFFFFFFFF, data.reparse_tag, 0,
    )  # fmt: skip
    if ansi_name is not None:
        return header + ansi_name[:259].ljust(260, b"\0") + bytes(14) + bytes(2)
    name = entry.name.encode("utf-16-le", "surrogatepass")[:518]
    return header + name.ljust(520, b"\0") + bytes(28)


def _store(thread: Thread, entry: DirectoryEntry, target: int, *, wide: bool) -> None:
    ansi = None if wide else thread.process.encode_path(entry.name)
    thread.process.memory.write(target, pack_find_data(entry, ansi))


def _begin(thread: Thread, name: str | None, *, directories_only: bool = False) -> tuple[_Search, DirectoryEntry]:
    """Begin a search; returns it and the first entry. Raises NtError, Win32Error."""
    typed = (name or "").replace("/", "\\")
    directory, _, last = typed.rpartition("\\")
    if "\\" not in typed and typed[1:2] == ":":
        directory, last = typed[:2], typed[2:]
        base = directory + "."
    elif "\\" in typed:
        base = directory + "\\"
    else:
        base = "."
    if not typed:
        raise Win32Error(st.ERROR_PATH_NOT_FOUND)
    if not last:
        nt_path(thread, base)
        raise Win32Error(st.ERROR_FILE_NOT_FOUND)
    if last in (".", ".."):
        full = thread.process.full_path(typed)
        head, _, last = full.rpartition("\\")
        if not last:
            raise Win32Error(st.ERROR_FILE_NOT_FOUND)
        base = head + "\\"
    pattern = from_win32(last if set(last) & set("*?") else last.rstrip(". ") or last)
    path = nt_path(thread, base)
    options = ff.FILE_DIRECTORY_FILE | ff.FILE_SYNCHRONOUS_IO_NONALERT | ff.FILE_OPEN_FOR_BACKUP_INTENT
    try:
        file = open_path(thread.process, path, ff.FILE_LIST_DIRECTORY, options=options)
    except NtError as error:
        if error.status in (st.STATUS_OBJECT_NAME_NOT_FOUND, st.STATUS_OBJECT_TYPE_MISMATCH):
            raise NtError(st.STATUS_OBJECT_PATH_NOT_FOUND) from None
        if error.status == st.STATUS_OBJECT_NAME_INVALID and not path.rstrip("\\").endswith(":"):
            raise NtError(st.STATUS_NOT_A_DIRECTORY if base.endswith("\\") else error.status) from None
        raise
    search = _Search(file, pattern, directories_only)
    try:
        entry = search.next()
        if entry is None:
            raise NtError(st.STATUS_NO_SUCH_FILE)
    except BaseException:
        file.closed()
        raise
    return search, entry


def matching(thread: Thread, name: str) -> list[DirectoryEntry]:
    """Return what matches a pattern, without `.` and `..`. Raises NtError, Win32Error."""
    search, entry = _begin(thread, name)
    found: list[DirectoryEntry] = []
    following: DirectoryEntry | None = entry
    try:
        while following is not None:
            if following.name not in (".", ".."):
                found.append(following)
            following = search.next()
    finally:
        search.file.closed()
    return found


def _find_first(thread: Thread, name: str | None, target: int, *, wide: bool, directories_only: bool = False) -> int:
    search, entry = _begin(thread, name, directories_only=directories_only)
    file = search.file
    try:
        _store(thread, entry, target, wide=wide)
    except BaseException:
        file.closed()
        raise
    handle = thread.process.handles.insert(file, file.granted)
    process_state(thread.process, _Searches).open[handle] = search
    return handle


@kernel32.export(FILE, fails=INVALID_HANDLE_VALUE)
def FindFirstFileW(thread: Thread, lpFileName: LPCWSTR, lpFindFileData: LPVOID) -> HANDLE:
    """Begin to list what matches a pattern, and return the first."""
    return _find_first(thread, lpFileName, lpFindFileData, wide=True)


@kernel32.export(FILE, fails=INVALID_HANDLE_VALUE)
def FindFirstFileA(thread: Thread, lpFileName: LPCSTR, lpFindFileData: LPVOID) -> HANDLE:
    """Begin to list what matches a pattern, and return the first."""
    return _find_first(thread, ansi(thread, lpFileName), lpFindFileData, wide=False)


def _find_first_ex(
    thread: Thread, name: str | None, level: int, target: int, operation: int, flags: int, *, wide: bool
) -> int:
    if level > 1 or operation > 2 or flags & ~7:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return _find_first(thread, name, target, wide=wide, directories_only=operation == 1)


@kernel32.export(FILE, fails=INVALID_HANDLE_VALUE)
def FindFirstFileExW(
    thread: Thread,
    lpFileName: LPCWSTR,
    fInfoLevelId: DWORD,
    lpFindFileData: LPVOID,
    fSearchOp: DWORD,
    lpSearchFilter: LPVOID,
    dwAdditionalFlags: DWORD,
) -> HANDLE:
    """FindFirstFile with options: directories only."""
    return _find_first_ex(thread, lpFileName, fInfoLevelId, lpFindFileData, fSearchOp, dwAdditionalFlags, wide=True)


@kernel32.export(FILE, fails=INVALID_HANDLE_VALUE)
def FindFirstFileExA(
    thread: Thread,
    lpFileName: LPCSTR,
    fInfoLevelId: DWORD,
    lpFindFileData: LPVOID,
    fSearchOp: DWORD,
    lpSearchFilter: LPVOID,
    dwAdditionalFlags: DWORD,
) -> HANDLE:
    """FindFirstFile with options: directories only."""
    name = ansi(thread, lpFileName)
    return _find_first_ex(thread, name, fInfoLevelId, lpFindFileData, fSearchOp, dwAdditionalFlags, wide=False)


def _find_next(thread: Thread, handle: int, target: int, *, wide: bool) -> bool:
    search = process_state(thread.process, _Searches).open.get(handle)
    if search is None:
        raise NtError(st.STATUS_INVALID_HANDLE)
    entry = search.next()
    if entry is None:
        raise NtError(st.STATUS_NO_MORE_FILES)
    _store(thread, entry, target, wide=wide)
    return True


@kernel32.export(FILE)
def FindNextFileW(thread: Thread, hFindFile: HANDLE, lpFindFileData: LPVOID) -> BOOL:
    """Return the next match."""
    return _find_next(thread, hFindFile, lpFindFileData, wide=True)


@kernel32.export(FILE)
def FindNextFileA(thread: Thread, hFindFile: HANDLE, lpFindFileData: LPVOID) -> BOOL:
    """Return the next match."""
    return _find_next(thread, hFindFile, lpFindFileData, wide=False)


@kernel32.export(FILE)
def FindClose(thread: Thread, hFindFile: HANDLE) -> BOOL:
    """End a search."""
    searches = process_state(thread.process, _Searches)
    if searches.open.pop(hFindFile, None) is None and searches.streams.pop(hFindFile, None) is None:
        raise NtError(st.STATUS_INVALID_HANDLE)
    thread.process.handles.close(hFindFile)
    return True


@kernel32.export(FILE, fails=INVALID_HANDLE_VALUE)
def FindFirstStreamW(
    thread: Thread, lpFileName: LPCWSTR, InfoLevel: DWORD, lpFindStreamData: LPVOID, dwFlags: DWORD
) -> HANDLE:
    """Begin to list a file's data streams: a WIN32_FIND_STREAM_DATA each."""
    if InfoLevel or dwFlags:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    options = ff.FILE_SYNCHRONOUS_IO_NONALERT | ff.FILE_OPEN_FOR_BACKUP_INTENT
    file = open_path(thread.process, nt_path(thread, lpFileName), ff.FILE_READ_ATTRIBUTES, options=options)
    found: list[bytes] = []
    data, at = file.query(22, 65536, file.granted).data, 0
    while data:
        following, length, size, _ = struct.unpack_from("<IIqq", data, at)
        name = data[at + 24 : at + 24 + length]
        found.append(struct.pack("<q", size) + name[:590].ljust(592, b"\0"))
        if not following:
            break
        at += following
    if not found:
        file.closed()
        raise Win32Error(st.ERROR_HANDLE_EOF)
    thread.process.memory.write(lpFindStreamData, found.pop(0))
    handle = thread.process.handles.insert(file, file.granted)
    process_state(thread.process, _Searches).streams[handle] = found
    return handle


@kernel32.export(FILE)
def FindNextStreamW(thread: Thread, hFindStream: HANDLE, lpFindStreamData: LPVOID) -> BOOL:
    """Return the next stream."""
    found = process_state(thread.process, _Searches).streams.get(hFindStream)
    if found is None:
        raise NtError(st.STATUS_INVALID_HANDLE)
    if not found:
        raise Win32Error(st.ERROR_HANDLE_EOF)
    thread.process.memory.write(lpFindStreamData, found.pop(0))
    return True


# Change notifications


def _watch(thread: Thread, handle: int, filter_mask: int, *, subtree: bool) -> None:
    """Have the directory's file object signalled by the next change."""
    file = file_of(thread, handle)
    file.signalled_now = False
    request = IoRequest(thread, file, Completion())
    status = file.notify(request, filter_mask, subtree=subtree)
    if status != st.STATUS_PENDING:
        request.complete(status)


@kernel32.export(FILE, fails=INVALID_HANDLE_VALUE)
def FindFirstChangeNotificationW(
    thread: Thread, lpPathName: LPCWSTR, bWatchSubtree: BOOL, dwNotifyFilter: DWORD
) -> HANDLE:
    """Return a handle to wait for: signalled when something below a directory changes."""
    if not dwNotifyFilter or dwNotifyFilter & ~0xFFF:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    options = ff.FILE_DIRECTORY_FILE | ff.FILE_OPEN_FOR_BACKUP_INTENT
    file = open_path(thread.process, nt_path(thread, lpPathName), ff.FILE_LIST_DIRECTORY, options=options)
    handle = thread.process.handles.insert(file, file.granted)
    process_state(thread.process, _Notifications).filters[handle] = (dwNotifyFilter, bool(bWatchSubtree))
    _watch(thread, handle, dwNotifyFilter, subtree=bool(bWatchSubtree))
    return handle


kernel32.ansi(FindFirstChangeNotificationW)


@kernel32.export(FILE)
def FindNextChangeNotification(thread: Thread, hChangeHandle: HANDLE) -> BOOL:
    """Have the handle signalled by the next change."""
    found = process_state(thread.process, _Notifications).filters.get(hChangeHandle)
    if found is None:
        raise NtError(st.STATUS_INVALID_HANDLE)
    _watch(thread, hChangeHandle, found[0], subtree=found[1])
    return True


@kernel32.export(FILE)
def FindCloseChangeNotification(thread: Thread, hChangeHandle: HANDLE) -> BOOL:
    """Give a change handle back."""
    if process_state(thread.process, _Notifications).filters.pop(hChangeHandle, None) is None:
        raise NtError(st.STATUS_INVALID_HANDLE)
    thread.process.handles.close(hChangeHandle)
    return True


@dataclass(slots=True)
class _Notifications:
    """Change handles of a process: what each one listens for."""

    filters: dict[int, tuple[int, bool]] = field(default_factory=dict)


async def _read_changes(
    thread: Thread, handle: int, buffer: int, length: int, subtree: bool, mask: int, returned: Out[int],
    overlapped: int, routine: int, *, extended: bool,
) -> bool:  # fmt: skip
    if not mask or mask & ~0xFFF:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    file = file_of(thread, handle, ff.FILE_LIST_DIRECTORY)
    if overlapped and routine:
        deliver = thread.process.modules.address_of("kernel32.dll", "BasepIoCompletion")
        completion = Completion(overlapped, None, deliver, routine)
    elif overlapped:
        completion = Overlapped(thread, overlapped).begin()
    else:
        completion = Completion()
    request = IoRequest(thread, file, completion, buffer=buffer, length=length)
    await request.finish(file.notify(request, mask, subtree=subtree, extended=extended))
    if overlapped:
        return True
    if not request.done:
        await wait_for(thread, [request])
    if request.status != st.STATUS_NOTIFY_ENUM_DIR:
        lowered(request.status)
    returned.put(request.information)
    return True


@kernel32.export(FILE)
async def ReadDirectoryChangesExW(
    thread: Thread,
    hDirectory: HANDLE,
    lpBuffer: Annotated[LPVOID, OutBytes("nBufferLength", actual="lpBytesReturned")],
    nBufferLength: DWORD,
    bWatchSubtree: BOOL,
    dwNotifyFilter: DWORD,
    lpBytesReturned: Out[DWORD],
    lpOverlapped: LPVOID,
    lpCompletionRoutine: PVOID,
    ReadDirectoryNotifyInformationClass: DWORD,
) -> BOOL:
    """Hear of the changes below a directory: FILE_NOTIFY_EXTENDED_INFORMATION records in class 2."""
    if ReadDirectoryNotifyInformationClass not in (1, 2):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return await _read_changes(
        thread, hDirectory, lpBuffer, nBufferLength, bool(bWatchSubtree), dwNotifyFilter, lpBytesReturned,
        lpOverlapped, lpCompletionRoutine, extended=ReadDirectoryNotifyInformationClass == 2,
    )  # fmt: skip


@kernel32.export(FILE)
async def ReadDirectoryChangesW(
    thread: Thread,
    hDirectory: HANDLE,
    lpBuffer: Annotated[LPVOID, OutBytes("nBufferLength", actual="lpBytesReturned")],
    nBufferLength: DWORD,
    bWatchSubtree: BOOL,
    dwNotifyFilter: DWORD,
    lpBytesReturned: Out[DWORD],
    lpOverlapped: LPVOID,
    lpCompletionRoutine: PVOID,
) -> BOOL:
    """Hear of the changes below a directory: FILE_NOTIFY_INFORMATION records."""
    return await _read_changes(
        thread, hDirectory, lpBuffer, nBufferLength, bool(bWatchSubtree), dwNotifyFilter, lpBytesReturned,
        lpOverlapped, lpCompletionRoutine, extended=False,
    )  # fmt: skip
