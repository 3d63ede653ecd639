"""Files and directories on drives, opened."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from runtime.memory.faults import MemoryFault
from runtime.nt import file_flags as ff
from runtime.nt.change_notify import DirectoryWatch
from runtime.nt.directory_query import DirectoryEntry, DirectoryQuery
from runtime.nt.disk_control import fs_control
from runtime.nt.disk_names import link, rename
from runtime.nt.file import (
    Answer,
    FileObject,
    OpenRequest,
    split_path,
    unpack_exact,
)
from runtime.nt.file_control import FileControl, RangeLock
from runtime.nt.file_information import pack_information
from runtime.nt.io_request import IoRequest
from runtime.nt.status import (
    STATUS_ACCESS_DENIED,
    STATUS_ACCESS_VIOLATION,
    STATUS_CANNOT_DELETE,
    STATUS_DIRECTORY_NOT_EMPTY,
    STATUS_END_OF_FILE,
    STATUS_INVALID_DEVICE_REQUEST,
    STATUS_INVALID_PARAMETER,
    STATUS_MEDIA_WRITE_PROTECTED,
    STATUS_OBJECT_PATH_NOT_FOUND,
    STATUS_SUCCESS,
    STATUS_USER_MAPPED_FILE,
    NtError,
)
from runtime.nt.volume_information import volume_information
from runtime.vfs import beneath
from runtime.vfs import metadata as md
from runtime.vfs.changes import Action, Notify
from runtime.vfs.drive import Location
from runtime.vfs.errors import host_errors, status_of

if TYPE_CHECKING:
    from runtime.memory.space import AddressSpace
    from runtime.nt.disk_device import DiskDevice
    from runtime.nt.process import Process
    from runtime.vfs.metadata import Metadata

_WRITE_ACCESS = ff.FILE_WRITE_DATA | ff.FILE_APPEND_DATA
_DATA = ff.FILE_READ_DATA | ff.FILE_EXECUTE | _WRITE_ACCESS
_MAX_VIEWS = 512
SECTOR = 512
_PREPARED = 1 << 16
"""Longer reads look at the file's size first, so that only as much of the buffer is made present as is filled."""


class DiskFile(FileObject):
    """An open file, directory or link on a drive."""

    def __init__(self, device: DiskDevice, location: Location, request: OpenRequest, granted: int) -> None:
        """Take over the descriptor of `location`. Raises NtError when the host refuses the access."""
        self.device = device
        self.drive = device.drive
        self.host_path = location.path
        """The host path, relative to the drive's root."""
        self.is_directory = location.is_directory
        self.is_link = location.is_link
        self.control = FileControl((0, 0))
        super().__init__("\\" + self.drive.windows_path(location.path), request, granted)
        self.fd = location.fd
        """O_PATH, until data is needed; for files opened for data the real thing."""
        location.fd = -1
        try:
            self._data_flags = -1
            if granted & _DATA and not self.is_directory and not self.is_link:
                self._open_data(granted)
        except BaseException:
            os.close(self.fd)
            self.fd = -1
            raise
        self.delete_on_close = bool(request.options & ff.FILE_DELETE_ON_CLOSE)
        self.posix_delete = False
        self._modified = Notify(0)
        self._frozen: dict[int, int] = {}
        self.query_state: DirectoryQuery | None = None
        self.watch: DirectoryWatch | None = None
        self._plain = self.synchronous and self.has_data and not self.options & ff.FILE_NO_INTERMEDIATE_BUFFERING
        self.control = device.table.attach(self.identity(), self)

    @property
    def device_path(self) -> str:
        return f"\\Device\\{self.drive.device_name}"

    def _open_data(self, granted: int) -> None:
        flags = os.O_RDWR if granted & _WRITE_ACCESS else os.O_RDONLY
        try:
            data = beneath.reopen(self.fd, flags)
        except PermissionError as error:
            if flags != os.O_RDWR:
                raise NtError(STATUS_ACCESS_DENIED) from error
            flags = os.O_WRONLY
            with host_errors():
                data = beneath.reopen(self.fd, flags)
        except OSError as error:
            raise NtError(status_of(error)) from error
        os.close(self.fd)
        self.fd = data
        self._data_flags = flags

    def identity(self) -> tuple[int, int]:
        """Return the host's identity of the file."""
        status = os.fstat(self.fd)
        return status.st_dev, status.st_ino

    @property
    def has_data(self) -> bool:
        """Whether the file was opened for its data."""
        return self._data_flags >= 0

    def move_to_copy(self) -> None:
        """Use the copy an overlay has just made. Raises OSError."""
        fd = self.drive.tree.locate(self.host_path)
        if self._data_flags >= 0:
            data = beneath.reopen(fd, self._data_flags)
            os.close(fd)
            fd = data
        os.close(self.fd)
        self.fd = fd

    def mapped(self) -> Callable[[], None]:
        """Note a data section over the file: it cannot be cut off now. Returns what notes the section's end."""
        return self.device.table.map(self.control)

    def duplicate_descriptor(self, *, writable: bool = False) -> int:
        """Return a new descriptor for a section, which outlives the file object. Raises NtError."""
        with host_errors():
            return beneath.reopen(self.fd, os.O_RDWR if writable else os.O_RDONLY)

    def open(self, path: str, request: OpenRequest) -> FileObject:
        """Open a file relative to this directory."""
        if not self.is_directory:
            raise NtError(STATUS_OBJECT_PATH_NOT_FOUND)
        parts, trailing = split_path(path)
        mine = [part for part in self.file_name.split("\\") if part]
        return self.device.open_parts([*mine, *parts], request, must_be_directory=trailing)

    # Data

    def _range(self, request: IoRequest, *, writing: bool) -> int:
        offset = request.offset
        if self.is_directory:
            raise NtError(STATUS_INVALID_DEVICE_REQUEST)
        if writing and (offset == ff.FILE_WRITE_TO_END_OF_FILE or not self.granted & ff.FILE_WRITE_DATA):
            offset = os.fstat(self.fd).st_size
        elif offset is None or offset == ff.FILE_USE_FILE_POINTER_POSITION:
            if not self.synchronous:
                raise NtError(STATUS_INVALID_PARAMETER)
            offset = self.position
        elif offset < 0:
            raise NtError(STATUS_INVALID_PARAMETER)
        if self.options & ff.FILE_NO_INTERMEDIATE_BUFFERING and (offset % SECTOR or request.length % SECTOR):
            raise NtError(STATUS_INVALID_PARAMETER)
        return offset

    def _useful(self, memory: AddressSpace, buffer: int, length: int, offset: int) -> int:
        """Return how much of a buffer a read can fill. Raises MemoryFault when its end is not the program's."""
        if length <= _PREPARED:
            return length
        memory.views(buffer + length - 1, 1, write=True)
        return min(length, max(0, os.fstat(self.fd).st_size - offset))

    def read(self, request: IoRequest) -> int:
        offset = self._range(request, writing=False)
        if not request.length:
            return STATUS_SUCCESS
        if self.control.locks:
            self.control.check_read(self, request.thread.process, offset, request.length, request.key)
        try:
            length = self._useful(request.memory, request.buffer, request.length, offset)
            views = request.memory.views(request.buffer, length, write=True)
            count = _transfer(os.preadv, self.fd, views, offset)
        except MemoryFault:
            raise NtError(STATUS_ACCESS_VIOLATION) from None
        except OSError as error:
            raise NtError(status_of(error)) from error
        if not count:
            return STATUS_END_OF_FILE
        if self.synchronous:
            self.position = offset + count
        request.information = count
        return STATUS_SUCCESS

    def read_now(self, memory: AddressSpace, buffer: int, length: int) -> int | None:
        if not self._plain or self.control.locks:
            return None
        try:
            length = self._useful(memory, buffer, length, self.position)
            count = _transfer(os.preadv, self.fd, memory.views(buffer, length, write=True), self.position)
        except MemoryFault:
            raise NtError(STATUS_ACCESS_VIOLATION) from None
        except OSError as error:
            raise NtError(status_of(error)) from error
        self.position += count
        return count

    def write_now(self, memory: AddressSpace, buffer: int, length: int) -> int | None:
        if not self._plain or self.control.locks or not self._modified or not self.granted & ff.FILE_WRITE_DATA:
            return None
        try:
            count = _transfer(os.pwritev, self.fd, memory.views(buffer, length, write=False), self.position)
        except MemoryFault:
            raise NtError(STATUS_ACCESS_VIOLATION) from None
        except OSError as error:
            raise NtError(status_of(error)) from error
        self.position += count
        return count

    def write(self, request: IoRequest) -> int:
        offset = self._range(request, writing=True)
        if not request.length:
            return STATUS_SUCCESS
        if self.control.locks:
            self.control.check_write(self, request.thread.process, offset, request.length, request.key)
        try:
            views = request.memory.views(request.buffer, request.length, write=False)
            count = _transfer(os.pwritev, self.fd, views, offset)
        except MemoryFault:
            raise NtError(STATUS_ACCESS_VIOLATION) from None
        except OSError as error:
            raise NtError(status_of(error)) from error
        if self.synchronous:
            self.position = offset + count
        if not self._modified:
            self._note(Notify.LAST_WRITE | Notify.SIZE)
        request.information = count
        return STATUS_SUCCESS

    def put(self, data: bytes, offset: int) -> int:
        """Write bytes of the machine's own; returns how many. Raises NtError."""
        with host_errors():
            count = os.pwrite(self.fd, data, offset)
        if not self._modified:
            self._note(Notify.LAST_WRITE | Notify.SIZE)
        return count

    def _note(self, notify: Notify) -> None:
        self._modified |= notify
        self.drive.changed(Action.MODIFIED, self.host_path, notify)

    def flush(self, request: IoRequest) -> int:
        if self.has_data and self._data_flags != os.O_RDONLY:
            with host_errors():
                os.fdatasync(self.fd)
        return STATUS_SUCCESS

    def overwrite(self, request: OpenRequest) -> None:
        """Empty the file for FILE_OVERWRITE and FILE_SUPERSEDE; it gets the attributes asked for."""
        with host_errors():
            fd = beneath.reopen(self.fd, os.O_WRONLY)
            try:
                os.ftruncate(fd, 0)
                os.utime(fd)
            finally:
                os.close(fd)
            attributes = request.attributes & md.SETTABLE | md.FILE_ATTRIBUTE_ARCHIVE
            if request.disposition != ff.FILE_SUPERSEDE:
                attributes |= self.metadata().attributes & md.SETTABLE
            if attributes != self.metadata().attributes:
                self.set_attributes(attributes)
        self._note(Notify.SIZE | Notify.LAST_WRITE | Notify.ATTRIBUTES)

    def lock(self, request: IoRequest, offset: int, length: int, *, exclusive: bool, immediately: bool) -> int:
        if self.is_directory:
            raise NtError(STATUS_INVALID_PARAMETER)
        wanted = RangeLock(self, request.thread.process, offset, length, request.key, exclusive)
        return self.control.lock(request, wanted, immediately=immediately)

    def unlock(self, process: Process, offset: int, length: int, key: int) -> None:
        self.control.unlock(self, process, offset, length, key)

    # Information

    def metadata(self) -> Metadata:
        """Read attributes, times and sizes. Raises OSError."""
        return self.drive.attributes.read(self.fd, link_to_directory=self.is_link and self.is_directory)

    def set_attributes(self, attributes: int) -> None:
        """Store attributes. Raises OSError."""
        self.drive.attributes.set_attributes(f"/proc/self/fd/{self.fd}", os.fstat(self.fd), attributes)

    def information(self, information_class: int, granted: int) -> bytes:
        with host_errors():
            return pack_information(self, information_class, granted)

    def query_volume(self, information_class: int, length: int) -> Answer:
        return volume_information(self.drive, information_class, length)

    def set_information(self, information_class: int, data: bytes, process: Process) -> None:
        match information_class:
            case 4:
                self._set_basic(data)
            case 13:
                (delete,) = unpack_exact("<B", data)
                self.set_disposition(delete=bool(delete))
            case 64:
                (flags,) = unpack_exact("<I", data)
                if flags & ~0x1F:
                    raise NtError(STATUS_INVALID_PARAMETER)
                self.set_disposition(
                    delete=bool(flags & 1), posix=bool(flags & 2), on_close=bool(flags & 8), force=bool(flags & 0x10)
                )
            case 19:
                (size,) = unpack_exact("<q", data)
                with host_errors():
                    if size < os.fstat(self.fd).st_size:
                        self.set_size(size)
            case 20:
                (size,) = unpack_exact("<q", data)
                self.set_size(size)
            case 39:
                (size,) = unpack_exact("<q", data)
                if not 0 < size <= os.fstat(self.fd).st_size:
                    raise NtError(STATUS_INVALID_PARAMETER)
            case 14 if self.options & ff.FILE_NO_INTERMEDIATE_BUFFERING and unpack_exact("<q", data)[0] % SECTOR:
                raise NtError(STATUS_INVALID_PARAMETER)
            case _:
                super().set_information(information_class, data, process)

    def _set_basic(self, data: bytes) -> None:
        created, accessed, written, changed, attributes = unpack_exact("<qqqqI", data)
        if min(created, accessed, written, changed) < -2:
            raise NtError(STATUS_INVALID_PARAMETER)
        if attributes & md.FILE_ATTRIBUTE_DIRECTORY and not self.is_directory:
            raise NtError(STATUS_INVALID_PARAMETER)
        if attributes & md.FILE_ATTRIBUTE_TEMPORARY and self.is_directory:
            raise NtError(STATUS_INVALID_PARAMETER)
        self.prepare_change()
        path, status = f"/proc/self/fd/{self.fd}", os.fstat(self.fd)
        notify = Notify(0)
        with host_errors():
            times = [md.nanoseconds(time) if time > 0 else None for time in (created, accessed, written)]
            if any(time is not None for time in times) and not self.is_link:
                self.drive.attributes.set_times(path, status, *times)
                notify |= Notify.CREATION if times[0] is not None else Notify(0)
                notify |= Notify.LAST_ACCESS if times[1] is not None else Notify(0)
                notify |= Notify.LAST_WRITE if times[2] is not None else Notify(0)
            if written == -1:
                self._frozen[self.fd] = status.st_mtime_ns
            elif written == -2:
                self._frozen.clear()
            if attributes and not self.is_link:
                self.set_attributes(attributes)
                notify |= Notify.ATTRIBUTES
        if notify:
            self.drive.changed(Action.MODIFIED, self.host_path, notify)

    def prepare_change(self) -> None:
        """Make the host file changeable. Raises NtError."""
        self.device.prepare_write(self.host_path, self.control)

    def set_size(self, size: int) -> None:
        """FileEndOfFileInformation. Raises NtError."""
        if size < 0 or self.is_directory:
            raise NtError(STATUS_INVALID_PARAMETER)
        with host_errors():
            if self.control.mappings and size < os.fstat(self.fd).st_size:
                raise NtError(STATUS_USER_MAPPED_FILE)
            os.ftruncate(self.fd, size)
        self._note(Notify.SIZE | Notify.LAST_WRITE)

    def set_disposition(
        self, *, delete: bool, posix: bool = False, on_close: bool = False, force: bool = False
    ) -> None:
        """FileDispositionInformation(Ex). Raises NtError."""
        if on_close:
            self.delete_on_close = delete
            return
        if delete:
            if not self.host_path:
                raise NtError(STATUS_CANNOT_DELETE)
            if not self.drive.tree.writable:
                raise NtError(STATUS_MEDIA_WRITE_PROTECTED)
            with host_errors():
                read_only = self.metadata().attributes & md.FILE_ATTRIBUTE_READONLY
                if self.is_directory and not self.is_link and self.drive.tree.names(self.host_path):
                    raise NtError(STATUS_DIRECTORY_NOT_EMPTY)
            if (read_only and not force) or self.control.images or (self.control.mappings and not posix):
                raise NtError(STATUS_CANNOT_DELETE)
        self.posix_delete = posix and delete
        self.control.delete_pending = delete

    # Names

    def rename(self, target: str, root: FileObject | None, process: Process, *, replace: bool, posix: bool) -> None:
        rename(self, target, root, process, replace=replace, posix=posix)

    def link(self, target: str, root: FileObject | None, process: Process, *, replace: bool) -> None:
        link(self, target, root, process, replace=replace)

    # Directories and control

    def query_directory(
        self, request: IoRequest, information_class: int, pattern: str | None, *, single: bool, restart: bool
    ) -> int:
        if not self.is_directory:
            raise NtError(STATUS_INVALID_PARAMETER)
        if self.query_state is None:
            self.query_state = DirectoryQuery(self.drive, self.host_path, pattern)
        elif restart:
            self.query_state.restart(pattern)
        data, status = self.query_state.fill(information_class, request.length, single=single)
        request.write_buffer(data)
        request.information = len(data)
        return status

    def next_entry(self, pattern: str) -> DirectoryEntry | None:
        if not self.is_directory:
            raise NtError(STATUS_INVALID_PARAMETER)
        if self.query_state is None:
            self.query_state = DirectoryQuery(self.drive, self.host_path, pattern)
        return self.query_state.next_entry()

    def notify(self, request: IoRequest, filter_mask: int, *, subtree: bool, extended: bool = False) -> int:
        if not self.is_directory:
            raise NtError(STATUS_INVALID_PARAMETER)
        if self.watch is None:
            self.watch = DirectoryWatch(self, filter_mask, subtree=subtree)
        return self.watch.request(request, extended=extended)

    def fs_control(self, request: IoRequest, code: int, data: bytes) -> int:
        return fs_control(self, request, code, data)

    def replace_by_link(self, text: str) -> None:
        """Turn this empty file or directory into a link that holds `text`. Raises NtError."""
        location = Location(self.drive, self.host_path, self.file_name.rpartition("\\")[2])
        self.drive.remove(self.host_path, directory=self.is_directory)
        if text.startswith("//"):
            text = "/" + text.lstrip("/")  # two would lead out of the machine for a person who follows it on the host
        self.drive.create_link(location, text, directory=self.is_directory)
        self.become_link(link=True)

    def become_link(self, *, link: bool) -> None:
        """Look again at what the path names, after the host file was exchanged. Raises NtError."""
        with host_errors():
            fd = self.drive.tree.locate(self.host_path)
        os.close(self.fd)
        self.fd = fd
        self.is_link = link
        self._data_flags = -1
        self._plain = False
        self.device.table.rekey(self.control, self.identity())

    # End

    def closed(self) -> None:
        super().closed()
        if self.fd < 0:
            return
        control = self.control
        control.unlock_all(self)
        if self.watch is not None:
            self.watch.close()
        if self._modified:
            self.drive.changed(Action.MODIFIED, self.host_path, self._modified)
        for fd, written in self._frozen.items():
            with contextlib.suppress(OSError):
                os.utime(fd, ns=(os.fstat(fd).st_atime_ns, written))
        if self.delete_on_close:
            control.delete_pending = True
        self.device.table.detach(control, self)
        if control.delete_pending and not control.unlinked and (not control.opens or self.posix_delete):
            self._delete()
            control.unlinked = True
        os.close(self.fd)
        self.fd = -1

    def _delete(self) -> None:
        try:
            fd = self.drive.tree.locate(self.host_path)
            status = os.fstat(fd)
            os.close(fd)
            if (status.st_dev, status.st_ino) != self.control.identity:
                return  # somebody outside put another file there
            self.drive.remove(self.host_path, directory=self.is_directory and not self.is_link)
            self.drive.attributes.forget(status.st_dev, status.st_ino)
        except (NtError, OSError):
            return  # closing never fails; a directory that was filled again stays

    def state(self) -> dict[str, str | int | bool | None]:
        return super().state() | {
            "path": f"{self.drive.letter}:{self.file_name}",
            "directory": self.is_directory,
            "delete_pending": self.control.delete_pending,
        }


def _transfer(operation: object, fd: int, views: list[memoryview], offset: int) -> int:
    assert operation in (os.preadv, os.pwritev)
    call = os.preadv if operation is os.preadv else os.pwritev
    if len(views) <= _MAX_VIEWS:
        return call(fd, views, offset)
    total = 0
    for start in range(0, len(views), _MAX_VIEWS):
        part = views[start : start + _MAX_VIEWS]
        count = call(fd, part, offset + total)
        total += count
        if count < sum(len(view) for view in part):
            break
    return total
