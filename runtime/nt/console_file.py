"""Console handles: `\\Device\\ConDrv` and the file objects it makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.nt import file_flags as ff
from runtime.nt.console import (
    ENABLE_LINE_INPUT,
    ENABLE_PROCESSED_INPUT,
    Console,
    InputInterrupted,
    codec_of,
)
from runtime.nt.file import Device, FileObject, OpenRequest
from runtime.nt.io_request import IoRequest
from runtime.nt.status import (
    ERROR_OPERATION_ABORTED,
    STATUS_INVALID_HANDLE,
    STATUS_NOT_SUPPORTED,
    STATUS_OBJECT_NAME_NOT_FOUND,
    STATUS_SUCCESS,
    NtError,
)
from runtime.nt.wait import Wait
from runtime.vfs.errors import status_of

if TYPE_CHECKING:
    from runtime.nt.process import Process


class ConsoleDevice(Device):
    """`\\Device\\ConDrv`: opens the console of the process that asks."""

    def open(self, path: str, request: OpenRequest) -> FileObject:
        console = request.process.console
        if console is None or console.terminal is None:
            raise NtError(STATUS_INVALID_HANDLE)
        name = path.strip("\\").lower()
        if name == "console":
            name = "currentout" if request.access & (ff.FILE_WRITE_DATA | 0x40000000) else "currentin"
        if name in ("currentin", "input"):
            return ConsoleInputFile(console, request)
        if name in ("currentout", "output"):
            return ConsoleOutputFile(console, request)
        raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)


class ConsoleFile(FileObject):
    """What console input and output have in common: they are always synchronous and have no position."""

    device_type = ff.FILE_DEVICE_CONSOLE

    def __init__(self, console: Console, request: OpenRequest, name: str) -> None:
        super().__init__(name, request, request.grant())
        self.console = console
        self.synchronous = True

    @property
    def device_path(self) -> str:
        return "\\Device\\ConDrv"


class ConsoleInputFile(ConsoleFile):
    """CONIN$."""

    def __init__(self, console: Console, request: OpenRequest) -> None:
        super().__init__(console, request, "\\CurrentIn")

    def signalled(self, thread: object) -> bool:
        return self.console.input.ready()

    def add_waiter(self, wait: Wait, index: int = 0) -> None:
        super().add_waiter(wait, index)
        self.console.input.watch(self)

    def read(self, request: IoRequest) -> int:
        if not request.length:
            return STATUS_SUCCESS
        request.work = lambda: self._read(request)
        return request.pend(lambda: None)

    async def _read(self, request: IoRequest) -> None:
        console = self.console
        codec = codec_of(console.input_code_page)
        data = console.pending_bytes
        if not data:
            try:
                text = await console.input.read_text(max(1, request.length))
            except InputInterrupted:
                request.thread.last_error = ERROR_OPERATION_ABORTED
                request.complete(STATUS_SUCCESS)
                return
            processed = ENABLE_LINE_INPUT | ENABLE_PROCESSED_INPUT
            if text.startswith("\x1a") and console.input_mode & processed == processed:
                text = ""
            data = text.encode(codec, "replace")
        console.pending_bytes = data[request.length :]
        request.deliver(data[: request.length], STATUS_SUCCESS)


class ConsoleOutputFile(ConsoleFile):
    """CONOUT$, the active screen buffer."""

    def __init__(self, console: Console, request: OpenRequest) -> None:
        super().__init__(console, request, "\\CurrentOut")

    def write(self, request: IoRequest) -> int:
        data = self.console.render(self.console.decode(request.read_buffer()))
        terminal = self.console.terminal
        assert terminal is not None
        try:
            done = terminal.write_some(data)
        except OSError as error:
            raise NtError(status_of(error)) from error
        if self.console.output is not None:
            self.console.output.add(data[:done])
        request.information = request.length
        if done == len(data):
            return STATUS_SUCCESS
        request.information = 0
        request.work = lambda: self._write(request, data[done:])
        return request.pend(lambda: None)

    async def _write(self, request: IoRequest, data: bytes) -> None:
        try:
            await self.console.send(data)
        except OSError as error:
            request.complete(status_of(error))
        else:
            request.complete(STATUS_SUCCESS, request.length)

    def read(self, request: IoRequest) -> int:
        raise NtError(STATUS_NOT_SUPPORTED)


def standard_console_handles(process: Process, console: Console) -> tuple[FileObject, FileObject, FileObject]:
    """Return input, output and error file objects on a console that has a terminal."""
    access = ff.FILE_GENERIC_READ | ff.FILE_GENERIC_WRITE
    request = OpenRequest(process, access, 3, options=ff.FILE_SYNCHRONOUS_IO_NONALERT)
    return ConsoleInputFile(console, request), ConsoleOutputFile(console, request), ConsoleOutputFile(console, request)
