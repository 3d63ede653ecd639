"""`\\Device\\Afd`: polling sockets without Winsock, as event loops over a completion port do (tokio, wepoll, libuv).

They open a file of any name below the device, or take any socket, and send it IOCTL_AFD_POLL, which stays pending
until one of the sockets listed is ready. Layouts and flags as those runtimes declare them (AFD_POLL_INFO).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.file import Device, FileObject, OpenRequest
from runtime.nt.io_request import IoRequest
from runtime.nt.socket import DATAGRAM, Socket
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.nt.clock import Alarm

IOCTL_AFD_POLL = 0x00012024
POLL_RECEIVE, POLL_SEND, POLL_DISCONNECT, POLL_ABORT = 0x1, 0x4, 0x8, 0x10
POLL_LOCAL_CLOSE, POLL_ACCEPT, POLL_CONNECT_FAIL = 0x20, 0x80, 0x100
_ENTRY = struct.Struct("<QII")
_HEAD = struct.Struct("<qII")
_FOREVER = (1 << 63) - 1
_MAXIMUM_HANDLES = 0x1000


class AfdDevice(Device):
    """The driver of sockets."""

    def open(self, path: str, request: OpenRequest) -> FileObject:
        """Open a file to poll with. Making sockets here instead of with Winsock is refused. Raises NtError."""
        if request.extended_attributes:
            raise NtError(st.STATUS_NOT_SUPPORTED)
        return AfdFile(path, request, request.grant())


class AfdFile(FileObject):
    """A file that polls are sent to."""

    device_type = ff.FILE_DEVICE_NAMED_PIPE

    @property
    def device_path(self) -> str:
        return "\\Device\\Afd"

    def device_control(self, request: IoRequest, code: int, data: bytes) -> int:
        """IOCTL_AFD_POLL. Raises NtError."""
        return control_socket(request, code, data)


def control_socket(request: IoRequest, code: int, data: bytes) -> int:
    """IOCTL_AFD_POLL, which a socket takes as well as a file below the device. Raises NtError."""
    if code != IOCTL_AFD_POLL:
        raise NtError(st.STATUS_INVALID_DEVICE_REQUEST)
    if len(data) < _HEAD.size:
        raise NtError(st.STATUS_BUFFER_TOO_SMALL)
    timeout, count, exclusive = _HEAD.unpack_from(data)
    if not 0 < count <= _MAXIMUM_HANDLES or len(data) < _HEAD.size + count * _ENTRY.size:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    handles = request.thread.process.handles
    wanted = []
    for index in range(count):
        handle, events, _ = _ENTRY.unpack_from(data, _HEAD.size + index * _ENTRY.size)
        wanted.append((handle, events, handles.get(handle, Socket)))
    poll = _Poll(request, wanted, timeout, exclusive)
    if exclusive:
        poll.replace_others()
    answer = poll.answer()
    if answer is not None or timeout == 0:
        answer = answer or _HEAD.pack(timeout, 0, exclusive)
        request.write_buffer(answer)
        request.information = len(answer)
        return st.STATUS_SUCCESS
    return poll.wait()


def _ready(socket: Socket) -> int:
    """Return what is true of a socket, as AFD_POLL flags."""
    found = 0
    if socket.available:
        found |= POLL_RECEIVE
    if socket.acceptable:
        found |= POLL_ACCEPT
    if socket.writable and (socket.connected or socket.kind == DATAGRAM):
        found |= POLL_SEND
    if socket.over:
        found |= POLL_ABORT if socket.error else POLL_DISCONNECT
    if socket.connect_failed:
        found |= POLL_CONNECT_FAIL
    if socket.gone:
        found |= POLL_LOCAL_CLOSE
    return found


class _Poll:
    """One poll in progress; it is what the sockets know the watcher by."""

    def __init__(
        self, request: IoRequest, wanted: list[tuple[int, int, Socket]], timeout: int, exclusive: int
    ) -> None:
        self._request = request
        self._wanted = wanted
        self._timeout = timeout
        self._exclusive = exclusive
        self._alarm: Alarm | None = None

    def answer(self) -> bytes | None:
        """Return AFD_POLL_INFO with the sockets that are ready; None when none is."""
        ready = [
            _ENTRY.pack(handle, events & _ready(socket), 0)
            for handle, events, socket in self._wanted
            if events & _ready(socket)
        ]
        return _HEAD.pack(self._timeout, len(ready), self._exclusive) + b"".join(ready) if ready else None

    def wait(self) -> int:
        """Keep the request until a socket is ready or the time is over."""
        for _, _, socket in self._wanted:
            socket.watchers[self] = self._look
        if self._timeout != _FOREVER:
            clock = self._request.thread.clock
            due = clock.due(self._timeout)
            if due is not None:
                self._alarm = clock.schedule(due, self._time_out)
        return self._request.pend(self._forget)

    def replace_others(self) -> None:
        """End the exclusive polls of the same sockets, with no socket ready: only one can wait."""
        others = {other for _, _, socket in self._wanted for other in socket.watchers if isinstance(other, _Poll)}
        for other in others:
            if other._exclusive:
                other._end(st.STATUS_SUCCESS)

    def _look(self) -> None:
        answer = self.answer()
        if answer is not None:
            self._forget()
            self._request.deliver(answer, st.STATUS_SUCCESS)

    def _time_out(self) -> None:
        self._end(st.STATUS_TIMEOUT)

    def _end(self, status: int) -> None:
        self._forget()
        self._request.deliver(_HEAD.pack(self._timeout, 0, self._exclusive), status)

    def _forget(self) -> None:
        for _, _, socket in self._wanted:
            socket.watchers.pop(self, None)
        if self._alarm is not None:
            self._alarm.cancel()
