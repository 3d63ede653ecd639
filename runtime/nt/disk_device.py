"""`\\Device\\HarddiskVolumeN`: opens the files of a drive, by NTFS's rules."""

from __future__ import annotations

import os
import stat
import struct
from typing import TYPE_CHECKING

from runtime.nt import file_flags as ff
from runtime.nt.disk_control import reply
from runtime.nt.disk_file import DiskFile
from runtime.nt.file import (
    Answer,
    Device,
    FileObject,
    OpenRequest,
    split_path,
)
from runtime.nt.file_control import FileControl, FileTable
from runtime.nt.file_information import network_open
from runtime.nt.io_request import IoRequest
from runtime.nt.status import (
    STATUS_ACCESS_DENIED,
    STATUS_CANNOT_DELETE,
    STATUS_DELETE_PENDING,
    STATUS_FILE_IS_A_DIRECTORY,
    STATUS_INVALID_DEVICE_REQUEST,
    STATUS_MEDIA_WRITE_PROTECTED,
    STATUS_NOT_A_DIRECTORY,
    STATUS_NOT_SUPPORTED,
    STATUS_OBJECT_NAME_COLLISION,
    STATUS_OBJECT_NAME_INVALID,
    STATUS_OBJECT_NAME_NOT_FOUND,
    STATUS_SHARING_VIOLATION,
    STATUS_SUCCESS,
    STATUS_USER_MAPPED_FILE,
    NtError,
)
from runtime.nt.stream_file import StreamFile
from runtime.nt.volume_information import volume_information
from runtime.vfs import metadata as md
from runtime.vfs import streams
from runtime.vfs.drive import Drive, DriveKind, Location
from runtime.vfs.errors import host_errors

if TYPE_CHECKING:
    from runtime.nt.process import Process

_WRITE_ACCESS = ff.FILE_WRITE_DATA | ff.FILE_APPEND_DATA
_CHANGING = _WRITE_ACCESS | ff.FILE_WRITE_ATTRIBUTES | ff.FILE_WRITE_EA | ff.FILE_DELETE_CHILD
_CHANGE_RIGHTS = _CHANGING | ff.DELETE | ff.WRITE_DAC | ff.WRITE_OWNER
SECTOR = 512


class DiskDevice(Device):
    """`\\Device\\HarddiskVolumeN`: a drive as the namespace sees it."""

    def __init__(self, drive: Drive, table: FileTable) -> None:
        self.drive = drive
        self.table = table

    def open(self, path: str, request: OpenRequest) -> FileObject:
        parts, trailing = split_path(path)
        if not path:
            return VolumeFile(self, request)
        return self.open_parts(parts, request, must_be_directory=trailing)

    def open_parts(self, parts: list[str], request: OpenRequest, *, must_be_directory: bool) -> FileObject:
        """Open the file at Windows components below the root. Raises NtError and Reparse."""
        if request.options & ff.FILE_OPEN_BY_FILE_ID:
            raise NtError(STATUS_NOT_SUPPORTED)
        if parts and ":" in parts[-1]:
            if request.options & ff.FILE_DIRECTORY_FILE:
                raise NtError(STATUS_NOT_A_DIRECTORY)
            found = streams.split(parts[-1])
            if found is None:
                raise NtError(STATUS_OBJECT_NAME_INVALID)
            parts = [*parts[:-1], found.file] if found.file else parts[:-1]
            if found.stream:
                return self._open_stream(parts, found.stream, request)
        follow = not request.options & ff.FILE_OPEN_REPARSE_POINT
        location = self.drive.resolve(parts, follow=follow)
        try:
            if must_be_directory and location.exists and not location.is_directory:
                raise NtError(STATUS_OBJECT_NAME_INVALID)
            if not location.exists:
                return self._create(location, request, must_be_directory=must_be_directory)
            return self._open_existing(location, request)
        except BaseException:
            location.close()
            raise

    def _open_stream(self, parts: list[str], stream: str, request: OpenRequest) -> FileObject:
        """Open a named stream; its file is made, too, where the request says so."""
        granted = request.grant()
        disposition = ff.FILE_OPEN
        if request.disposition not in (ff.FILE_OPEN, ff.FILE_OVERWRITE):
            disposition = ff.FILE_OPEN_IF
        writing = granted & _CHANGING or disposition == ff.FILE_OPEN_IF
        access = ff.FILE_READ_ATTRIBUTES | (ff.FILE_WRITE_ATTRIBUTES if writing else 0)
        base_request = OpenRequest(request.process, access, 7, disposition)
        base = self.open_parts(parts, base_request, must_be_directory=False)
        assert isinstance(base, DiskFile)
        try:
            return StreamFile(base, stream, request, granted)
        except BaseException:
            base.closed()
            raise

    def query_path(self, path: str, process: Process) -> bytes:
        parts, trailing = split_path(path)
        if not path:
            raise NtError(STATUS_INVALID_DEVICE_REQUEST)
        if parts and ":" in parts[-1]:
            return super().query_path(path, process)
        with self.drive.resolve(parts, follow=False) as location:
            if not location.exists:
                raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
            if trailing and not location.is_directory:
                raise NtError(STATUS_OBJECT_NAME_INVALID)
            assert location.status is not None
            control = self.table.get((location.status.st_dev, location.status.st_ino))
            if control is not None and control.delete_pending:
                raise NtError(STATUS_DELETE_PENDING)
            with host_errors():
                return network_open(location.metadata())

    def _open_existing(self, location: Location, request: OpenRequest) -> FileObject:
        if request.disposition == ff.FILE_CREATE:
            raise NtError(STATUS_OBJECT_NAME_COLLISION)
        directory = location.is_directory
        if directory and request.options & ff.FILE_NON_DIRECTORY_FILE:
            raise NtError(STATUS_FILE_IS_A_DIRECTORY)
        if not directory and request.options & ff.FILE_DIRECTORY_FILE:
            raise NtError(STATUS_NOT_A_DIRECTORY)
        replacing = request.disposition in (ff.FILE_SUPERSEDE, ff.FILE_OVERWRITE, ff.FILE_OVERWRITE_IF)
        if directory and replacing:
            raise NtError(STATUS_OBJECT_NAME_COLLISION)
        if not (directory or location.is_link or stat.S_ISREG(location.mode)):
            raise NtError(STATUS_ACCESS_DENIED)
        granted = self._grant(location, request, directory=directory, replacing=replacing)
        assert location.status is not None
        control = self.table.get((location.status.st_dev, location.status.st_ino))
        if control is not None:
            if control.delete_pending or control.unlinked:
                raise NtError(STATUS_DELETE_PENDING)
            control.check_sharing(granted | (ff.FILE_WRITE_DATA if replacing else 0), request.share)
            if control.images and (replacing or granted & _WRITE_ACCESS):
                raise NtError(STATUS_SHARING_VIOLATION)
            if replacing and control.mappings:
                raise NtError(STATUS_USER_MAPPED_FILE)
        if replacing or (granted & _WRITE_ACCESS and not directory):
            self.prepare_write(location.path, control)
            location.close()
            location = self.drive.locate(location.path)
        file = DiskFile(self, location, request, granted)
        if replacing:
            file.overwrite(request)
            superseding = request.disposition == ff.FILE_SUPERSEDE
            request.information = ff.FILE_SUPERSEDED if superseding else ff.FILE_OVERWRITTEN
        else:
            request.information = ff.FILE_OPENED
        return file

    def _grant(self, location: Location, request: OpenRequest, *, directory: bool, replacing: bool) -> int:
        assert location.status is not None
        path = f"/proc/self/fd/{location.fd}"
        attributes = self.drive.attributes.attributes(path, location.status, link_to_directory=directory)
        read_only_file = bool(attributes & md.FILE_ATTRIBUTE_READONLY) and not directory
        forbidden = _WRITE_ACCESS if read_only_file else 0
        if not self.drive.tree.writable:
            forbidden = _CHANGE_RIGHTS
        granted = request.grant(forbidden)
        if not self.drive.tree.writable and (granted & (_CHANGING | ff.DELETE) or replacing):
            raise NtError(STATUS_MEDIA_WRITE_PROTECTED)
        if read_only_file:
            if granted & _WRITE_ACCESS or replacing:
                raise NtError(STATUS_ACCESS_DENIED)
            if request.options & ff.FILE_DELETE_ON_CLOSE:
                raise NtError(STATUS_CANNOT_DELETE)
        special = md.FILE_ATTRIBUTE_HIDDEN | md.FILE_ATTRIBUTE_SYSTEM
        if replacing and attributes & special & ~request.attributes:
            raise NtError(STATUS_ACCESS_DENIED)
        return granted

    def _create(self, location: Location, request: OpenRequest, *, must_be_directory: bool) -> FileObject:
        if request.disposition in (ff.FILE_OPEN, ff.FILE_OVERWRITE):
            raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
        directory = bool(request.options & ff.FILE_DIRECTORY_FILE)
        if must_be_directory and not directory:
            raise NtError(STATUS_OBJECT_NAME_INVALID)
        if not self.drive.tree.writable:
            raise NtError(STATUS_MEDIA_WRITE_PROTECTED)
        if request.attributes & md.FILE_ATTRIBUTE_READONLY and request.options & ff.FILE_DELETE_ON_CLOSE:
            raise NtError(STATUS_CANNOT_DELETE)
        granted = request.grant()
        if directory:
            self.drive.create_directory(location)
        else:
            os.close(self.drive.create_file(location, os.O_RDWR))
        location = self.drive.locate(location.path)
        # The write permission must outlive the opening: the read-only attribute comes last.
        file = DiskFile(self, location, request, granted)
        wanted = request.attributes & md.SETTABLE
        if not directory:
            wanted |= md.FILE_ATTRIBUTE_ARCHIVE
        if wanted & ~(md.FILE_ATTRIBUTE_ARCHIVE | md.FILE_ATTRIBUTE_NORMAL):
            with host_errors():
                file.set_attributes(wanted)
        request.information = ff.FILE_CREATED
        return file

    def prepare_write(self, path: str, control: FileControl | None) -> None:
        """Make the host file changeable; an overlay may copy it, and open files then move to the copy."""
        with host_errors():
            moved = self.drive.tree.prepare_write(path)
            if moved and control is not None and control.opens:
                for file in control.opens:
                    file.move_to_copy()
                self.table.rekey(control, control.opens[0].identity())


class VolumeFile(FileObject):
    r"""A volume opened as such (`\\.\C:`): it answers questions; its sectors are nobody's business."""

    def __init__(self, device: DiskDevice, request: OpenRequest) -> None:
        if request.options & ff.FILE_DIRECTORY_FILE:
            raise NtError(STATUS_NOT_A_DIRECTORY)
        granted = request.grant(_CHANGE_RIGHTS)
        if granted & _WRITE_ACCESS:
            raise NtError(STATUS_ACCESS_DENIED)
        super().__init__("", request, granted)
        self.device = device
        self.drive = device.drive

    @property
    def device_path(self) -> str:
        return f"\\Device\\{self.drive.device_name}"

    def open(self, path: str, request: OpenRequest) -> FileObject:
        return self.device.open("\\" + path, request)

    def query_volume(self, information_class: int, length: int) -> Answer:
        return volume_information(self.drive, information_class, length)

    def device_control(self, request: IoRequest, code: int, data: bytes) -> int:
        match code:
            case 0x0007405C:  # IOCTL_DISK_GET_LENGTH_INFO
                figures = self.drive.tree.statvfs()
                return reply(request, struct.pack("<q", figures.f_blocks * figures.f_frsize))
            case 0x002D1080:  # IOCTL_STORAGE_GET_DEVICE_NUMBER
                kind = ff.FILE_DEVICE_CD_ROM if self.drive.kind is DriveKind.CDROM else ff.FILE_DEVICE_DISK
                return reply(request, struct.pack("<III", kind, 0, ord(self.drive.letter) - ord("A") + 1))
            case 0x004D0008:  # IOCTL_MOUNTDEV_QUERY_DEVICE_NAME
                name = f"\\Device\\{self.drive.device_name}".encode("utf-16-le")
                return reply(request, struct.pack("<H", len(name)) + name)
            case 0x00070000:  # IOCTL_DISK_GET_DRIVE_GEOMETRY
                figures = self.drive.tree.statvfs()
                cylinders = figures.f_blocks * figures.f_frsize // (255 * 63 * SECTOR)
                return reply(request, struct.pack("<qIIII", cylinders, 12, 255, 63, SECTOR))
        raise NtError(STATUS_INVALID_DEVICE_REQUEST)

    def fs_control(self, request: IoRequest, code: int, data: bytes) -> int:
        if code == 0x00090028:  # FSCTL_IS_VOLUME_MOUNTED
            return STATUS_SUCCESS
        raise NtError(STATUS_INVALID_DEVICE_REQUEST)
