"""winbase.h: changing the resources of a file (BeginUpdateResource, UpdateResource, EndUpdateResource)."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.file_support import ansi, nt_path
from runtime.dlls.kernel32.resources import resource_key
from runtime.dlls.process_state import process_state
from runtime.dlls.types import BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, PVOID, WORD
from runtime.loader.pe import Image, ImageError
from runtime.loader.pe_resource_tree import ResourceTree
from runtime.loader.pe_update import with_resources
from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.disk_file import DiskFile
from runtime.nt.io import open_path
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

FILE = "file_io"
_READ_ONLY = 0x1
_OPTIONS = ff.FILE_NON_DIRECTORY_FILE | ff.FILE_SYNCHRONOUS_IO_NONALERT


@dataclass(slots=True)
class _Update:
    """One file whose resources are being changed."""

    path: str
    """Its NT path."""
    tree: ResourceTree


@dataclass(slots=True)
class _Updates:
    """The updates of a process, by handle."""

    open: dict[int, _Update] = field(default_factory=dict)


def _open(thread: Thread, path: str, access: int, share: int) -> DiskFile:
    file = open_path(thread.process, path, access, share, _OPTIONS)
    if not isinstance(file, DiskFile):
        file.closed()
        raise Win32Error(st.ERROR_BAD_EXE_FORMAT)
    return file


def _image(file: DiskFile, name: str) -> Image:
    """Parse the file as it is now. Raises Win32Error(ERROR_BAD_EXE_FORMAT)."""
    try:
        return Image.open(f"/proc/self/fd/{file.fd}", name)
    except ImageError:
        raise Win32Error(st.ERROR_BAD_EXE_FORMAT) from None


def _resources(file: DiskFile, name: str) -> ResourceTree:
    """The resources that the file has. Raises Win32Error(ERROR_BAD_EXE_FORMAT)."""
    with _image(file, name) as image:
        try:
            return ResourceTree.of(image)
        except ImageError:
            raise Win32Error(st.ERROR_BAD_EXE_FORMAT) from None


def _begin(thread: Thread, name: str | None, *, delete: bool) -> int:
    path = nt_path(thread, name)
    file = _open(thread, path, ff.FILE_GENERIC_READ, 7)
    try:
        if file.metadata().attributes & _READ_ONLY:
            raise Win32Error(st.ERROR_ACCESS_DENIED)
        tree = ResourceTree() if delete else _resources(file, path)
    finally:
        file.closed()
    handle = thread.process.loader.arena.allocate(16)
    process_state(thread.process, _Updates).open[handle] = _Update(path, tree)
    return handle


@kernel32.export(FILE)
def BeginUpdateResourceW(thread: Thread, pFileName: LPCWSTR, bDeleteExistingResources: BOOL) -> HANDLE:
    """Begin to change the resources of an executable file, from those it has or from none."""
    return _begin(thread, pFileName, delete=bool(bDeleteExistingResources))


@kernel32.export(FILE)
def BeginUpdateResourceA(thread: Thread, pFileName: LPCSTR, bDeleteExistingResources: BOOL) -> HANDLE:
    """Begin to change the resources of an executable file, from those it has or from none."""
    return _begin(thread, ansi(thread, pFileName), delete=bool(bDeleteExistingResources))


def _update(thread: Thread, handle: int, kind: int, name: int, language: int, data: int, size: int, *,
            wide: bool) -> int:  # fmt: skip
    update = process_state(thread.process, _Updates).open.get(handle)
    if update is None:
        raise Win32Error(st.ERROR_INVALID_HANDLE)
    place = resource_key(thread, kind, wide=wide), resource_key(thread, name, wide=wide), language & 0xFFFF
    if data and size:
        update.tree.put(*place, thread.process.memory.read(data, size))
    elif not update.tree.remove(*place):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return 1


@kernel32.export(FILE)
def UpdateResourceW(
    thread: Thread, hUpdate: HANDLE, lpType: PVOID, lpName: PVOID, wLanguage: WORD, lpData: PVOID, cb: DWORD
) -> BOOL:
    """Add, replace or (without data) delete a resource; the file changes when the update ends."""
    return _update(thread, hUpdate, lpType, lpName, wLanguage, lpData, cb, wide=True)


@kernel32.export(FILE)
def UpdateResourceA(
    thread: Thread, hUpdate: HANDLE, lpType: PVOID, lpName: PVOID, wLanguage: WORD, lpData: PVOID, cb: DWORD
) -> BOOL:
    """Add, replace or (without data) delete a resource; the file changes when the update ends."""
    return _update(thread, hUpdate, lpType, lpName, wLanguage, lpData, cb, wide=False)


def _end(thread: Thread, handle: int, *, discard: bool) -> int:
    update = process_state(thread.process, _Updates).open.pop(handle, None)
    if update is None:
        raise Win32Error(st.ERROR_INVALID_HANDLE)
    if discard:
        return 1
    access = ff.FILE_GENERIC_READ | ff.FILE_GENERIC_WRITE
    file = _open(thread, update.path, access, 0)
    try:
        with _image(file, update.path) as image:
            try:
                data = with_resources(image, update.tree)
            except ImageError as error:
                thread.process.report(f"winfs: {error}")
                raise Win32Error(st.ERROR_BAD_EXE_FORMAT) from None
        _store(file, data)
    finally:
        file.closed()
    return 1


def _store(file: DiskFile, data: bytes) -> None:
    """Replace the contents of a file. Raises NtError."""
    file.set_size(max(len(data), os.fstat(file.fd).st_size))
    view = memoryview(data)
    done = 0
    while done < len(data):
        written = file.put(view[done : done + (1 << 20)].tobytes(), done)
        if not written:
            raise NtError(st.STATUS_DISK_FULL)
        done += written
    file.set_size(len(data))


@kernel32.export(FILE)
def EndUpdateResourceW(thread: Thread, hUpdate: HANDLE, fDiscard: BOOL) -> BOOL:
    """Write the changed resources to the file, or forget them."""
    return _end(thread, hUpdate, discard=bool(fDiscard))


@kernel32.export(FILE)
def EndUpdateResourceA(thread: Thread, hUpdate: HANDLE, fDiscard: BOOL) -> BOOL:
    """Write the changed resources to the file, or forget them."""
    return _end(thread, hUpdate, discard=bool(fDiscard))
