"""The pipe file system itself, opened as a device or a directory: lists pipes and waits for them."""

from __future__ import annotations

from runtime.nt import file_flags as ff
from runtime.nt.casing import upcase
from runtime.nt.directory_query import DirectoryEntry, pack_entry
from runtime.nt.file import FileObject, OpenRequest, unpack_exact
from runtime.nt.io_request import IoRequest
from runtime.nt.named_pipe import FSCTL_PIPE_WAIT, NamedPipe, NamedPipeDevice, PipeWaiter
from runtime.nt.status import (
    STATUS_BUFFER_OVERFLOW,
    STATUS_INVALID_DEVICE_REQUEST,
    STATUS_INVALID_PARAMETER,
    STATUS_IO_TIMEOUT,
    STATUS_NO_MORE_FILES,
    STATUS_NO_SUCH_FILE,
    STATUS_OBJECT_NAME_NOT_FOUND,
    STATUS_SUCCESS,
    NtError,
)
from runtime.vfs.metadata import FILE_ATTRIBUTE_NORMAL, Metadata
from runtime.vfs.pattern import matches


class PipeRoot(FileObject):
    r"""The pipe file system, opened as device or directory (`\\.\pipe\`): lists pipes and waits for them."""

    device_type = ff.FILE_DEVICE_NAMED_PIPE

    def __init__(self, device: NamedPipeDevice, path: str, request: OpenRequest) -> None:
        super().__init__(path, request, request.grant())
        self.device = device
        self._names: list[str] | None = None

    def open(self, path: str, request: OpenRequest) -> FileObject:
        return self.device.open("\\" + path, request)

    def query_directory(
        self, request: IoRequest, information_class: int, pattern: str | None, *, single: bool, restart: bool
    ) -> int:
        first = self._names is None
        if restart:
            self._names = None
        entry = self.next_entry(pattern or "*")
        if entry is None:
            raise NtError(STATUS_NO_SUCH_FILE if first else STATUS_NO_MORE_FILES)
        packed = pack_entry(entry, information_class, 0)
        request.write_buffer(packed[: request.length])
        request.information = min(len(packed), request.length)
        return STATUS_SUCCESS if len(packed) <= request.length else STATUS_BUFFER_OVERFLOW

    def next_entry(self, pattern: str) -> DirectoryEntry | None:
        if self._names is None:
            found = sorted((pipe.name for pipe in self.device.pipes.values()), key=upcase)
            self._names = [name for name in found if matches(pattern, name)]
        if not self._names:
            return None
        name = self._names.pop(0)
        pipe = self.device.pipes.get(upcase(name))
        instances = len(pipe.instances) if pipe is not None else 0
        maximum = pipe.parameters.maximum if pipe is not None else 0
        return DirectoryEntry(name, Metadata(FILE_ATTRIBUTE_NORMAL, 0, 0, 0, 0, instances, maximum, 1, 0))

    def fs_control(self, request: IoRequest, code: int, data: bytes) -> int:
        if code != FSCTL_PIPE_WAIT:
            raise NtError(STATUS_INVALID_DEVICE_REQUEST)
        timeout, length, specified = unpack_exact("<qIB", data)
        raw = data[14 : 14 + length]
        if len(raw) != length or length % 2:
            raise NtError(STATUS_INVALID_PARAMETER)
        name = raw.decode("utf-16-le", "surrogatepass").removeprefix("\\")
        pipe = self.device.pipes.get(upcase(name))
        if pipe is None:
            raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
        if pipe.available() is not None:
            return STATUS_SUCCESS
        waiter = PipeWaiter(request)
        pipe.waiters.append(waiter)
        clock = request.thread.clock
        forever = bool(specified) and timeout == -(1 << 63)
        due = None if forever else clock.due(timeout if specified else pipe.parameters.timeout)

        def time_out() -> None:
            _drop(pipe, waiter)
            request.complete(STATUS_IO_TIMEOUT)

        status = request.pend(lambda: _drop(pipe, waiter))
        if due is not None:
            waiter.alarm = clock.schedule(due, time_out)
        return status


def _drop(pipe: NamedPipe, waiter: PipeWaiter) -> None:
    if waiter in pipe.waiters:
        pipe.waiters.remove(waiter)
    if waiter.alarm is not None:
        waiter.alarm.cancel()
