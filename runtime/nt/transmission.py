"""Sending a file over a socket as one overlapped operation (TransmitFile)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from runtime.nt.disk_file import DiskFile
from runtime.nt.socket import Socket, SocketRequest
from runtime.nt.status import STATUS_PENDING, STATUS_SUCCESS, NtError, is_error
from runtime.vfs.errors import host_errors

if TYPE_CHECKING:
    from runtime.nt.thread import Thread

CHUNK = 0x10000


def file_chunks(thread: Thread, file: DiskFile, offset: int, count: int) -> Iterator[bytes]:
    """The file's bytes from `offset` on: `count` of them at most, or (0) all. Raises NtError."""
    end = offset + count if count else None
    while end is None or offset < end:
        size = CHUNK if end is None else min(CHUNK, end - offset)
        if file.control.locks:
            file.control.check_read(file, thread.process, offset, size, 0)
        with host_errors():
            data = os.pread(file.fd, size, offset)
        if not data:
            return
        offset += len(data)
        if file.synchronous:  # as any read does
            file.position = offset
        yield data


class Transmission:
    """Sends pieces one behind the other, as fast as the other side takes them; `request` is completed at the end."""

    def __init__(self, request: SocketRequest, socket: Socket, pieces: Iterator[bytes]) -> None:
        self.request = request
        self.sent = 0
        self._socket = socket
        self._pieces = pieces

    def begin(self) -> int:
        """Send until sending has to wait or all is sent: STATUS_PENDING or STATUS_SUCCESS. Raises NtError."""
        for data in self._pieces:
            if self._socket.send(_Piece(self, data)) == STATUS_PENDING:
                return STATUS_PENDING
            self.sent += len(data)
        self.request.information = self.sent
        return STATUS_SUCCESS

    def wait(self, on_cancel: Callable[[], None]) -> int:
        """A piece has to wait: the request does so from then on."""
        if self.request.pended:
            self.request.on_cancel = on_cancel
            return STATUS_PENDING
        return self.request.pend(on_cancel)

    def go_on(self, status: int, length: int) -> None:
        """A piece that had to wait has been sent, or failed."""
        self.sent += length
        if not is_error(status):
            try:
                status = self.begin()
            except NtError as error:
                status = error.status
        if status != STATUS_PENDING:
            self.request.complete(status, self.sent)


class _Piece(SocketRequest):
    def __init__(self, owner: Transmission, data: bytes) -> None:
        super().__init__(owner.request.thread, owner.request.file, [])
        self._owner = owner
        self._data = data

    def read_buffer(self) -> bytes:
        return self._data

    def pend(self, on_cancel: Callable[[], None]) -> int:
        return self._owner.wait(on_cancel)

    def complete(self, status: int, information: int = 0) -> None:
        self.status = status
        self._owner.go_on(status, information)
