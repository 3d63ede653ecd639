"""shellapi.h: SHFileOperation, which copies, moves, renames and deletes, and SHCreateDirectory.

Where the shell would ask a person, nobody is there to answer: the operation is cancelled, as by a click on Cancel.
Programs that mean it pass FOF_NOCONFIRMATION. There is no recycle bin, so what is deleted is gone, which the shell asks
about as well.
"""

from __future__ import annotations

from runtime.dlls.kernel32.fileapi import CreateDirectoryW, DeleteFileW, RemoveDirectoryW, attributes_of
from runtime.dlls.kernel32.fileapi_find import matching
from runtime.dlls.kernel32.winbase_file import CopyFileW, MoveFileW
from runtime.dlls.shell32.dll import shell32
from runtime.dlls.structure import Structure
from runtime.dlls.types import BOOL, HWND, INT, LPCWSTR, LPVOID, PVOID, UINT, WORD
from runtime.nt import status as st
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread
from runtime.vfs.dospath import PathType, path_type

FILE = "file_io"
FO_MOVE, FO_COPY, FO_DELETE, FO_RENAME = 1, 2, 3, 4
FOF_MULTIDESTFILES, FOF_RENAMEONCOLLISION, FOF_NOCONFIRMATION = 0x1, 0x8, 0x10
FOF_FILESONLY, FOF_NOCONFIRMMKDIR, FOF_NORECURSION = 0x80, 0x200, 0x1000
DE_SAMEFILE, DE_OPCANCELLED, DE_DESTSUBTREE, DE_INVALIDFILES = 0x71, 0x75, 0x7D, 0x7C


class SHFILEOPSTRUCTW(Structure):
    hwnd: HWND
    wFunc: UINT
    pFrom: PVOID
    pTo: PVOID
    fFlags: WORD
    fAnyOperationsAborted: BOOL
    hNameMappings: PVOID
    lpszProgressTitle: PVOID


class _Cancelled(Exception):
    """The shell would have asked, and nobody answers."""


class _Failed(Exception):
    """An error code of SHFileOperation's own."""

    def __init__(self, code: int) -> None:
        self.code = code


def _strings(thread: Thread, address: int, *, wide: bool) -> list[str]:
    """Read strings up to an empty one. Raises AccessViolation."""
    memory = thread.process.memory
    found: list[str] = []
    while address:
        text = memory.read_wstr(address) if wide else thread.process.decode_path(memory.read_str(address))
        if not text:
            break
        found.append(text.replace("/", "\\"))
        size = len(text.encode("utf-16-le", "surrogatepass")) // 2 if wide else len(memory.read_str(address))
        address += (size + 1) * (2 if wide else 1)
    return found


def _attributes(thread: Thread, path: str) -> int | None:
    try:
        return int.from_bytes(attributes_of(thread, path)[48:52], "little")
    except (NtError, Win32Error):
        return None


def _is_folder(thread: Thread, path: str) -> bool:
    flags = _attributes(thread, path)
    return flags is not None and bool(flags & 0x10)


def _join(folder: str, name: str) -> str:
    return folder.rstrip("\\") + "\\" + name


class _Operation:
    """One call of SHFileOperation."""

    def __init__(self, thread: Thread, kind: int, flags: int) -> None:
        self.thread = thread
        self.kind = kind
        self.flags = flags

    def sources(self, patterns: list[str]) -> list[str]:
        """Return the full paths that are meant; wildcards stand in last names only."""
        found: list[str] = []
        for pattern in patterns:
            full = self.thread.process.full_path(pattern)
            if set(pattern.rpartition("\\")[2]) & set("*?"):
                folder = full.rpartition("\\")[0]
                names = matching(self.thread, full)
                found += [
                    _join(folder, entry.name) for entry in names
                    if not (self.flags & FOF_FILESONLY and entry.metadata.is_directory)
                ]  # fmt: skip
            elif _attributes(self.thread, full) is None:
                raise Win32Error(st.ERROR_FILE_NOT_FOUND)
            else:
                found.append(full)
        return found

    def _ask(self) -> None:
        if not self.flags & FOF_NOCONFIRMATION:
            raise _Cancelled

    def delete(self, path: str) -> None:
        """Delete a file, or a folder with all it holds."""
        if not _is_folder(self.thread, path):
            DeleteFileW(self.thread, path)
            return
        flags = _attributes(self.thread, path) or 0
        if not flags & 0x400:  # a link goes, not what it leads to
            for entry in matching(self.thread, _join(path, "*")):
                self.delete(_join(path, entry.name))
        RemoveDirectoryW(self.thread, path)

    def _free_name(self, path: str) -> str:
        folder, _, name = path.rpartition("\\")
        stem, dot, extension = name.rpartition(".") if "." in name[1:] else (name, "", "")
        number = 0
        while _attributes(self.thread, path) is not None:
            number += 1
            path = _join(folder, f"{stem} - Copy{f' ({number})' if number > 1 else ''}{dot}{extension}")
        return path

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it."""
        if _is_folder(self.thread, path):
            return
        if not self.flags & FOF_NOCONFIRMMKDIR:
            self._ask()
        create_folders(self.thread, path, 0)

    def transfer(self, source: str, target: str) -> None:
        """Copy or move a file or folder to its new path."""
        thread = self.thread
        if source.lower() == target.lower():
            if self.kind == FO_COPY and self.flags & FOF_RENAMEONCOLLISION:
                target = self._free_name(target)
            else:
                raise _Failed(DE_SAMEFILE)
        if _is_folder(thread, source):
            if target.lower().startswith(source.lower() + "\\"):
                raise _Failed(DE_DESTSUBTREE)
            self._transfer_folder(source, target)
            return
        if _attributes(thread, target) is not None:
            if self.flags & FOF_RENAMEONCOLLISION:
                target = self._free_name(target)
            else:
                self._ask()
                if self.kind != FO_COPY:
                    DeleteFileW(thread, target)
        if self.kind == FO_COPY:
            CopyFileW(thread, source, target, 0)
        else:
            MoveFileW(thread, source, target)

    def _transfer_folder(self, source: str, target: str) -> None:
        thread = self.thread
        if _attributes(thread, target) is None:
            if self.kind != FO_COPY and source[0].lower() == target[0].lower():
                MoveFileW(thread, source, target)
                return
            CreateDirectoryW(thread, target, 0)
        elif self.flags & FOF_RENAMEONCOLLISION:
            target = self._free_name(target)
            CreateDirectoryW(thread, target, 0)
        elif not _is_folder(thread, target):
            raise Win32Error(st.ERROR_ALREADY_EXISTS)
        for entry in matching(thread, _join(source, "*")):
            if self.flags & FOF_NORECURSION and entry.metadata.is_directory:
                continue
            self.transfer(_join(source, entry.name), _join(target, entry.name))
        if self.kind != FO_COPY:
            RemoveDirectoryW(thread, source)

    def run(self, sources: list[str], targets: list[str], *, several: bool) -> None:
        """Do what was asked. Raises NtError, Win32Error, _Failed, _Cancelled."""
        if self.kind == FO_DELETE:
            self._ask()
            for path in sources:
                self.delete(path)
            return
        if not targets:
            raise _Failed(DE_INVALIDFILES)
        full = [self.thread.process.full_path(target) for target in targets]
        if self.kind == FO_RENAME:
            if len(sources) != 1 or len(full) != 1:
                raise _Failed(DE_INVALIDFILES)
            MoveFileW(self.thread, sources[0], full[0])
            return
        if self.flags & FOF_MULTIDESTFILES:
            if len(full) != len(sources):
                raise _Failed(DE_INVALIDFILES)
            pairs = list(zip(sources, full, strict=True))
        elif _is_folder(self.thread, full[0]) or several or targets[0].endswith("\\"):
            self.make_folder(full[0])
            pairs = [(path, _join(full[0], path.rpartition("\\")[2])) for path in sources]
        else:
            pairs = [(sources[0], full[0])]
        for source, target in pairs:
            folder = target.rpartition("\\")[0]
            if not folder.endswith(":"):
                self.make_folder(folder)
            self.transfer(source, target)


def _operate(thread: Thread, address: int, *, wide: bool) -> int:
    memory = thread.process.memory
    request = SHFILEOPSTRUCTW.read(memory, address)
    request.fAnyOperationsAborted = 0
    code = 0
    try:
        if not FO_MOVE <= request.wFunc <= FO_RENAME:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
        operation = _Operation(thread, request.wFunc, request.fFlags)
        patterns = _strings(thread, request.pFrom, wide=wide)
        sources = operation.sources(patterns)
        wild = any(set(pattern) & set("*?") for pattern in patterns)
        targets = _strings(thread, request.pTo, wide=wide) if request.wFunc != FO_DELETE else []
        operation.run(sources, targets, several=wild or len(sources) > 1)
    except _Cancelled:
        request.fAnyOperationsAborted, code = 1, DE_OPCANCELLED
    except _Failed as failure:
        code = failure.code
    except (NtError, Win32Error) as error:
        code = error.error
    request.write(memory, address)
    return code


@shell32.export(category=FILE)
def SHFileOperationW(thread: Thread, lpFileOp: LPVOID) -> INT:
    """Copy, move, rename or delete files and folders; returns 0 or an error."""
    return _operate(thread, lpFileOp, wide=True)


@shell32.export(category=FILE)
def SHFileOperationA(thread: Thread, lpFileOp: LPVOID) -> INT:
    """SHFileOperationW through the ANSI code page."""
    return _operate(thread, lpFileOp, wide=False)


def create_folders(thread: Thread, path: str, security: int) -> None:
    """Make a folder and those above it. Raises NtError, Win32Error."""
    folder = path.rstrip("\\").rpartition("\\")[0]
    if folder and not folder.endswith(":") and not _is_folder(thread, folder):
        create_folders(thread, folder, security)
    CreateDirectoryW(thread, path, security)


@shell32.export(category=FILE)
def SHCreateDirectoryExW(thread: Thread, hwnd: HWND, pszPath: LPCWSTR, psa: LPVOID) -> INT:
    """Make a folder and those above it; the path must be absolute. Returns a Win32 error."""
    path = (pszPath or "").replace("/", "\\")
    if path_type(path) not in (PathType.DRIVE_ABSOLUTE, PathType.UNC_ABSOLUTE):
        return st.ERROR_BAD_PATHNAME
    if len(path) > 248:
        return st.ERROR_FILENAME_EXCED_RANGE
    if _attributes(thread, path) is not None:
        return st.ERROR_FILE_EXISTS if not _is_folder(thread, path) else st.ERROR_ALREADY_EXISTS
    try:
        create_folders(thread, path, psa)
    except (NtError, Win32Error) as error:
        return error.error
    return st.ERROR_SUCCESS


shell32.ansi(SHCreateDirectoryExW)


@shell32.export(category=FILE)
def SHCreateDirectory(thread: Thread, hwnd: HWND, pszPath: LPCWSTR) -> INT:
    """SHCreateDirectoryEx without security attributes."""
    return SHCreateDirectoryExW(thread, hwnd, pszPath, 0)
