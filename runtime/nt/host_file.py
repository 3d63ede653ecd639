"""Host descriptors as file objects: what standard input, output and error of a program are when they are no console.

They are synchronous, as inherited standard handles are. An operation that would block the host is done by the guest
thread's own task, so that only that thread waits.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import struct
from typing import TYPE_CHECKING

import trio

from runtime.memory.faults import MemoryFault
from runtime.nt import file_flags as ff
from runtime.nt.file import Answer, FileObject, OpenRequest, unpack_exact
from runtime.nt.file_information import basic, network_open
from runtime.nt.io_request import IoRequest
from runtime.nt.park import call_in_loop
from runtime.nt.status import (
    STATUS_ACCESS_VIOLATION,
    STATUS_END_OF_FILE,
    STATUS_INFO_LENGTH_MISMATCH,
    STATUS_INVALID_PARAMETER,
    STATUS_PIPE_BROKEN,
    STATUS_PIPE_CLOSING,
    STATUS_SUCCESS,
    NtError,
)
from runtime.vfs.errors import status_of
from runtime.vfs.metadata import CLUSTER, FILE_ATTRIBUTE_ARCHIVE, FILE_ATTRIBUTE_NORMAL, Metadata, filetime

if TYPE_CHECKING:
    from runtime.nt.process import Process

_CHUNK = 1 << 16
_MOST_FED = 16 << 20
_ATOMIC = 4096
"""PIPE_BUF: a blocking pipe that polls writable takes this much at once."""


class HostFile(FileObject):
    """A host descriptor: a pipe, a socket, a regular file or a device that is no terminal.

    Owns the descriptor. `readable` and `writable` say what the program may do with it.
    """

    def __init__(self, process: Process, fd: int, *, readable: bool, writable: bool, name: str = "") -> None:
        access = ff.SYNCHRONIZE | ff.READ_CONTROL
        access |= ff.FILE_GENERIC_READ if readable else ff.FILE_READ_ATTRIBUTES
        access |= ff.FILE_GENERIC_WRITE if writable else 0
        request = OpenRequest(process, access, 3, options=ff.FILE_SYNCHRONOUS_IO_NONALERT)
        super().__init__(name, request, access)
        self.fd = fd
        self._token = process.machine.token
        mode = os.fstat(fd).st_mode
        self.is_disk = stat.S_ISREG(mode)
        self.is_pipe = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
        if self.is_disk:
            self.device_type = ff.FILE_DEVICE_DISK
        else:
            self.device_type = ff.FILE_DEVICE_NAMED_PIPE if self.is_pipe else ff.FILE_DEVICE_NULL
        self._own = -1
        """A second, non-blocking descriptor of the pipe, which shares no flags with the rest of the host."""
        if stat.S_ISFIFO(mode) and writable:
            try:
                self._own = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:
                self._own = -1
        self._fed = bytearray()
        """What was put in front of what the descriptor gives."""
        self._cut = False
        self._waiting: trio.CancelScope | None = None
        self._reading: trio.Lock | None = None
        self._writing: trio.Lock | None = None

    # Reading

    def feed(self, data: bytes) -> None:
        """Let the program read this before anything else.

        Raises OSError EPIPE when nobody reads it any more, ENOBUFS when it is read too slowly.
        """
        if self.fd < 0 or self._cut:
            raise OSError(errno.EPIPE, os.strerror(errno.EPIPE))
        if len(self._fed) + len(data) > _MOST_FED:
            raise OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))
        self._fed += data
        self._wake()

    def end(self) -> None:
        """Let the input end after what has been fed."""
        self._cut = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None:
            call_in_loop(self._token, self._waiting.cancel)

    def _has_input(self) -> bool:
        return bool(self._fed) or self._cut or self._ready(select.POLLIN)

    def _ready(self, events: int) -> bool:
        poll = select.poll()
        poll.register(self.fd, events)
        return bool(poll.poll(0))

    def read(self, request: IoRequest) -> int:
        if not request.length:
            return STATUS_SUCCESS
        if self.is_disk and request.offset is not None and request.offset >= 0:
            os.lseek(self.fd, request.offset, os.SEEK_SET)
        if self.is_disk or self._has_input():
            return self._read_now(request)
        request.work = lambda: self._read_later(request)
        return request.pend(lambda: None)

    def _read_now(self, request: IoRequest) -> int:
        if self._fed:
            data = bytes(self._fed[: request.length])
            request.write_buffer(data)
            del self._fed[: len(data)]
            request.information = len(data)
            return STATUS_SUCCESS
        if self._cut:
            return STATUS_PIPE_BROKEN if self.is_pipe else STATUS_END_OF_FILE
        try:
            views = request.memory.views(request.buffer, min(request.length, _CHUNK * 16), write=True)
            count = os.readv(self.fd, views[:512])
        except MemoryFault:
            raise NtError(STATUS_ACCESS_VIOLATION) from None
        except OSError as error:
            raise NtError(status_of(error)) from error
        if not count:
            return STATUS_PIPE_BROKEN if self.is_pipe else STATUS_END_OF_FILE
        request.information = count
        return STATUS_SUCCESS

    async def _read_later(self, request: IoRequest) -> None:
        if self._reading is None:
            self._reading = trio.Lock()
        async with self._reading:
            while not self._has_input():
                with trio.CancelScope() as self._waiting:
                    await trio.lowlevel.wait_readable(self.fd)
                self._waiting = None
            if request.done:
                return
            try:
                status = self._read_now(request)
            except NtError as error:
                status = error.status
            request.complete(status, request.information)

    # Writing

    def write(self, request: IoRequest) -> int:
        if not request.length:
            return STATUS_SUCCESS
        if self.is_disk and request.offset is not None and request.offset >= 0:
            os.lseek(self.fd, request.offset, os.SEEK_SET)
        done = self.write_some(request.read_buffer())
        if done == request.length:
            request.information = done
            return STATUS_SUCCESS
        request.work = lambda: self._write_later(request, request.read_buffer()[done:], done)
        return request.pend(lambda: None)

    def write_some(self, data: bytes) -> int:
        """Write what goes out without blocking; returns how many bytes that was. Raises NtError."""
        done = 0
        try:
            while done < len(data):
                if self.is_disk:
                    done += os.write(self.fd, data[done:] if done else data)
                elif self._own >= 0:
                    done += os.write(self._own, data[done : done + _CHUNK])
                elif self._ready(select.POLLOUT):
                    done += os.write(self.fd, data[done : done + _ATOMIC])
                else:
                    break
        except BlockingIOError:
            pass
        except BrokenPipeError as error:
            raise NtError(STATUS_PIPE_CLOSING) from error
        except OSError as error:
            raise NtError(status_of(error)) from error
        return done

    async def _write_later(self, request: IoRequest, data: bytes, done: int) -> None:
        if self._writing is None:
            self._writing = trio.Lock()
        async with self._writing:
            while data:
                await trio.lowlevel.wait_writable(self._own if self._own >= 0 else self.fd)
                if request.done:
                    return
                try:
                    count = self.write_some(data)
                except NtError as error:
                    request.complete(error.status, done)
                    return
                done += count
                data = data[count:]
            request.complete(STATUS_SUCCESS, done)

    def flush(self, request: IoRequest) -> int:
        return STATUS_SUCCESS

    # Information

    def _metadata(self) -> Metadata:
        status = os.fstat(self.fd)
        size = status.st_size if self.is_disk else 0
        return Metadata(
            attributes=FILE_ATTRIBUTE_ARCHIVE if self.is_disk else FILE_ATTRIBUTE_NORMAL,
            created=filetime(min(status.st_ctime_ns, status.st_mtime_ns)),
            accessed=filetime(status.st_atime_ns),
            written=filetime(status.st_mtime_ns),
            changed=filetime(status.st_ctime_ns),
            size=size,
            allocated=-(-size // CLUSTER) * CLUSTER,
            links=1,
            file_id=status.st_ino,
        )

    def information(self, information_class: int, granted: int) -> bytes:
        data = self._metadata()
        standard = struct.pack("<qqIBBH", data.allocated, data.size, data.links, 0, 0, 0)
        match information_class:
            case 4:
                return basic(data)
            case 5:
                return standard
            case 6:
                return struct.pack("<q", data.file_id)
            case 7:
                return bytes(4)
            case 18:
                mode = self.options & ff.FILE_MODE_FLAGS
                rest = struct.pack("<qIIqIII", data.file_id, 0, granted, self.current_position(), mode, 0, 0)
                return basic(data) + standard + rest
            case 23 if self.is_pipe:
                return bytes(8)
            case 24 if self.is_pipe:
                return struct.pack("<IIIIIIIIII", 0, 2, 1, 1, 4096, self._available(), 4096, 4096, 3, 0)
            case 34:
                return network_open(data)
            case 35:
                return struct.pack("<II", data.attributes, 0)
            case 59 if self.is_disk:
                return struct.pack("<QQQ", os.fstat(self.fd).st_dev, data.file_id, 0)
        return super().information(information_class, granted)

    def query_volume(self, information_class: int, length: int) -> Answer:
        if not self.is_disk or information_class not in (1, 5):
            return super().query_volume(information_class, length)
        if length < 24:
            raise NtError(STATUS_INFO_LENGTH_MISMATCH)
        if information_class == 1:
            return Answer(struct.pack("<qIIBB", 0, os.fstat(self.fd).st_dev & 0xFFFFFFFF, 0, 1, 0))
        name = "NTFS".encode("utf-16-le")
        return Answer(struct.pack("<IiI", 0x6, 255, len(name)) + name)

    def _available(self) -> int:
        import fcntl
        import termios

        if self._fed or self._cut:
            return len(self._fed)
        try:
            return int.from_bytes(fcntl.ioctl(self.fd, termios.FIONREAD, bytes(4)), "little")
        except OSError:
            return 0

    def set_information(self, information_class: int, data: bytes, process: Process) -> None:
        if information_class == 14 and self.is_disk:
            (position,) = unpack_exact("<q", data)
            if position < 0:
                raise NtError(STATUS_INVALID_PARAMETER)
            os.lseek(self.fd, position, os.SEEK_SET)
            return
        if information_class == 20 and self.is_disk:
            (size,) = unpack_exact("<q", data)
            try:
                os.ftruncate(self.fd, size)
            except OSError as error:
                raise NtError(status_of(error)) from error
            return
        if information_class == 23 and self.is_pipe:
            return
        super().set_information(information_class, data, process)

    def fs_control(self, request: IoRequest, code: int, data: bytes) -> int:
        if code == 0x0011400C and self.is_pipe:  # FSCTL_PIPE_PEEK
            available = self.peek(0)[1]
            request.write_buffer(struct.pack("<IIII", 3, available, 0, 0)[: request.length])
            request.information = min(16, request.length)
            return STATUS_SUCCESS
        return super().fs_control(request, code, data)

    def peek(self, length: int) -> tuple[bytes, int, int]:
        """Bytes of a host pipe cannot be looked at without taking them: only their number is told."""
        if not self.is_pipe:
            return super().peek(length)
        available = self._available()
        if not available and self._has_input():
            raise NtError(STATUS_PIPE_BROKEN)
        return b"", available, 0

    def current_position(self) -> int:
        """Return the host's position in a regular file; 0 for anything else."""
        return 0 if not self.is_disk else os.lseek(self.fd, 0, os.SEEK_CUR)

    def closed(self) -> None:
        super().closed()
        for fd in (self.fd, self._own):
            if fd >= 0:
                os.close(fd)
        self.fd = self._own = -1

    def state(self) -> dict[str, str | int | bool | None]:
        kind = "disk" if self.is_disk else "pipe" if self.is_pipe else "device"
        return super().state() | {"host": kind, "fed": len(self._fed), "ended": self._cut}
