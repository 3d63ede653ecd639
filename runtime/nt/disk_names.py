"""Renaming files and directories of drives, and hard links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.nt import file_flags as ff
from runtime.nt.file import FileObject, OpenRequest, open_file
from runtime.nt.object import ObjectAttributes
from runtime.nt.status import (
    STATUS_ACCESS_DENIED,
    STATUS_FILE_IS_A_DIRECTORY,
    STATUS_INVALID_PARAMETER,
    STATUS_MEDIA_WRITE_PROTECTED,
    STATUS_NOT_SAME_DEVICE,
    STATUS_OBJECT_NAME_COLLISION,
    STATUS_OBJECT_NAME_NOT_FOUND,
    STATUS_OBJECT_PATH_NOT_FOUND,
    NtError,
)
from runtime.vfs import metadata as md
from runtime.vfs.errors import host_errors
from runtime.vfs.names import to_host

if TYPE_CHECKING:
    from runtime.nt.disk_file import DiskFile
    from runtime.nt.process import Process
    from runtime.vfs.drive import Location


def _target(file: DiskFile, target: str, root: FileObject | None, process: Process) -> Location:
    """Return where a rename or link leads to. Raises NtError."""
    if root is None and "\\" not in target:
        parent = file.host_path.rpartition("/")[0]
        parts = [part for part in file.drive.windows_path(parent).split("\\") if part]
        return file.drive.resolve([*parts, target], follow=False)
    head, _, tail = target.rpartition("\\")
    attributes = ObjectAttributes(head + "\\" if root is None else head, root)
    request = OpenRequest(process, ff.FILE_READ_ATTRIBUTES, 7, options=ff.FILE_DIRECTORY_FILE)
    try:
        directory = open_file(process.machine.objects, attributes, request)
    except NtError as error:
        if error.status == STATUS_OBJECT_NAME_NOT_FOUND:
            raise NtError(STATUS_OBJECT_PATH_NOT_FOUND) from None
        raise
    from runtime.nt.disk_file import DiskFile

    try:
        if not isinstance(directory, DiskFile) or directory.drive is not file.drive:
            raise NtError(STATUS_NOT_SAME_DEVICE)
        parts = [part for part in directory.file_name.split("\\") if part]
    finally:
        directory.closed()
    return file.drive.resolve([*parts, tail], follow=False)


def rename(
    file: DiskFile, target: str, root: FileObject | None, process: Process, *, replace: bool, posix: bool
) -> None:
    """Give a file or directory another name, as FileObject.rename. Raises NtError."""
    if not file.host_path:
        raise NtError(STATUS_INVALID_PARAMETER)
    if not file.drive.tree.writable:
        raise NtError(STATUS_MEDIA_WRITE_PROTECTED)
    with _target(file, target, root, process) as place:
        source = file.host_path
        is_self = (
            place.exists
            and place.status is not None
            and ((place.status.st_dev, place.status.st_ino) == file.identity() and place.path == source)
        )
        if is_self:
            wanted = _spelled(place)
            if wanted == source:
                return
            place.path = wanted
        elif place.exists:
            if not replace:
                raise NtError(STATUS_OBJECT_NAME_COLLISION)
            _check_replaceable(file, place, posix=posix)
        if file.is_directory and not file.is_link:
            _check_nothing_open_below(file, source)
            if place.path.startswith(source + "/"):
                raise NtError(STATUS_INVALID_PARAMETER)
        file.drive.rename(source, place, replace=place.exists, directory=file.is_directory)
        new_path = place.path
        wanted = _spelled(place)
        if not is_self and place.exists and wanted != new_path:
            with host_errors():
                file.drive.tree.rename(new_path, wanted, replace=False)
            file.drive.invalidate(new_path.rpartition("/")[0])
            new_path = wanted
    if file.identity() != file.control.identity:
        for other in file.control.opens:
            with host_errors():
                other.host_path = new_path
                other.move_to_copy()
        file.device.table.rekey(file.control, file.identity())
    for other in file.control.opens:
        if other.host_path in (source, new_path):
            other.host_path = new_path
            other.file_name = "\\" + file.drive.windows_path(new_path)


def _spelled(place: Location) -> str:
    parent, slash, _ = place.path.rpartition("/")
    return parent + slash + to_host(place.name)


def _check_replaceable(file: DiskFile, place: Location, *, posix: bool) -> None:
    if place.is_directory or (file.is_directory and not file.is_link):
        raise NtError(STATUS_ACCESS_DENIED)
    if place.metadata().attributes & md.FILE_ATTRIBUTE_READONLY:
        raise NtError(STATUS_ACCESS_DENIED)
    assert place.status is not None
    control = file.device.table.get((place.status.st_dev, place.status.st_ino))
    if control is None:
        return
    if control.images or not posix or not all(other.share & ff.FILE_SHARE_DELETE for other in control.opens):
        raise NtError(STATUS_ACCESS_DENIED)
    control.unlinked = True


def _check_nothing_open_below(file: DiskFile, path: str) -> None:
    prefix = path + "/"
    for control in file.device.table:
        for other in control.opens:
            if other.drive is file.drive and other.host_path.startswith(prefix):
                raise NtError(STATUS_ACCESS_DENIED)


def link(file: DiskFile, target: str, root: FileObject | None, process: Process, *, replace: bool) -> None:
    """Give a file one more name, as FileObject.link. Raises NtError."""
    if file.is_directory:
        raise NtError(STATUS_FILE_IS_A_DIRECTORY)
    if not file.drive.tree.writable:
        raise NtError(STATUS_MEDIA_WRITE_PROTECTED)
    with _target(file, target, root, process) as place:
        if place.exists:
            if not replace:
                raise NtError(STATUS_OBJECT_NAME_COLLISION)
            _check_replaceable(file, place, posix=False)
            file.drive.remove(place.path, directory=False)
        file.prepare_change()
        file.drive.link(file.host_path, place)
