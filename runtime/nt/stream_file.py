"""Named streams, opened: `file:stream`."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from runtime.nt import file_flags as ff
from runtime.nt.file import Answer, FileObject, OpenRequest, unpack_exact
from runtime.nt.io_request import IoRequest
from runtime.nt.status import (
    STATUS_END_OF_FILE,
    STATUS_INVALID_PARAMETER,
    STATUS_OBJECT_NAME_COLLISION,
    STATUS_OBJECT_NAME_NOT_FOUND,
    STATUS_SUCCESS,
    NtError,
)
from runtime.nt.volume_information import volume_information
from runtime.vfs import streams
from runtime.vfs.changes import Action, Notify
from runtime.vfs.errors import host_errors

if TYPE_CHECKING:
    from runtime.nt.disk_file import DiskFile
    from runtime.nt.process import Process

_LIMIT = 1 << 16


class StreamFile(FileObject):
    """A named stream of a file; `base` is the file, opened for this."""

    def __init__(self, base: DiskFile, name: str, request: OpenRequest, granted: int) -> None:
        """Open or create the stream as the request says. Raises NtError."""
        super().__init__(f"{base.file_name}:{name}", request, granted)
        self.base = base
        self._place = f"/proc/self/fd/{base.fd}"
        with host_errors():
            stored = streams.find(self._place, name)
        self.stream = stored or name
        self.delete_pending = bool(request.options & ff.FILE_DELETE_ON_CLOSE)
        if stored is None:
            if request.disposition in (ff.FILE_OPEN, ff.FILE_OVERWRITE):
                raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
            self._store(b"")
            request.information = ff.FILE_CREATED
            base.drive.changed(Action.MODIFIED, base.host_path, Notify.STREAM_NAME)
        elif request.disposition == ff.FILE_CREATE:
            raise NtError(STATUS_OBJECT_NAME_COLLISION)
        elif request.disposition != ff.FILE_OPEN and request.disposition != ff.FILE_OPEN_IF:
            self._store(b"")
            request.information = ff.FILE_OVERWRITTEN
        else:
            request.information = ff.FILE_OPENED

    @property
    def device_path(self) -> str:
        return self.base.device_path

    def _load(self) -> bytes:
        with host_errors():
            return streams.read(self._place, self.stream)

    def _store(self, data: bytes) -> None:
        self.base.prepare_change()
        self._place = f"/proc/self/fd/{self.base.fd}"
        with host_errors():
            streams.write(self._place, self.stream, data)

    def _offset(self, request: IoRequest) -> int:
        offset = request.offset
        if offset is None or offset == ff.FILE_USE_FILE_POINTER_POSITION:
            if not self.synchronous:
                raise NtError(STATUS_INVALID_PARAMETER)
            return self.position
        return offset

    def read(self, request: IoRequest) -> int:
        offset = self._offset(request)
        if offset < 0:
            raise NtError(STATUS_INVALID_PARAMETER)
        data = self._load()[offset : offset + request.length]
        if not data and request.length:
            return STATUS_END_OF_FILE
        request.write_buffer(data)
        request.information = len(data)
        if self.synchronous:
            self.position = offset + len(data)
        return STATUS_SUCCESS

    def write(self, request: IoRequest) -> int:
        data, old = request.read_buffer(), self._load()
        offset = self._offset(request)
        if offset == ff.FILE_WRITE_TO_END_OF_FILE or not self.granted & ff.FILE_WRITE_DATA:
            offset = len(old)
        if offset < 0:
            raise NtError(STATUS_INVALID_PARAMETER)
        self._check_size(offset + len(data))
        self._store(old[:offset].ljust(offset, b"\0") + data + old[offset + len(data) :])
        request.information = len(data)
        if self.synchronous:
            self.position = offset + len(data)
        self.base.drive.changed(Action.MODIFIED, self.base.host_path, Notify.STREAM_WRITE | Notify.STREAM_SIZE)
        return STATUS_SUCCESS

    @staticmethod
    def _check_size(size: int) -> None:
        if size > _LIMIT:
            with host_errors():
                raise OSError(28, os.strerror(28))

    def information(self, information_class: int, granted: int) -> bytes:
        if information_class == 5:
            size = len(self._load())
            return struct.pack("<qqIBBH", -(-size // 8) * 8, size, 1, self.delete_pending, 0, 0)
        return self.base.information(information_class, granted)

    def set_information(self, information_class: int, data: bytes, process: Process) -> None:
        match information_class:
            case 13:
                self.delete_pending = bool(unpack_exact("<B", data)[0])
            case 64:
                self.delete_pending = bool(unpack_exact("<I", data)[0] & 1)
            case 19:
                pass
            case 20:
                (size,) = unpack_exact("<q", data)
                if size < 0:
                    raise NtError(STATUS_INVALID_PARAMETER)
                self._check_size(size)
                self._store(self._load()[:size].ljust(size, b"\0"))
            case 4:
                self.base.set_information(4, data, process)
            case _:
                super().set_information(information_class, data, process)

    def query_volume(self, information_class: int, length: int) -> Answer:
        return volume_information(self.base.drive, information_class, length)

    def closed(self) -> None:
        super().closed()
        if self.base.fd < 0:
            return
        if self.delete_pending:
            self.base.prepare_change()
            with host_errors():
                streams.remove(f"/proc/self/fd/{self.base.fd}", self.stream)
            self.base.drive.changed(Action.MODIFIED, self.base.host_path, Notify.STREAM_NAME)
        self.base.closed()
