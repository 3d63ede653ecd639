"""A process without a CPU: enough of one to open, read and write files through the executive."""

from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import trio

from runtime.cpu.engine import Access
from runtime.memory.faults import AccessViolation
from runtime.nt import file_flags as ff
from runtime.nt.clock import Clock
from runtime.nt.devices import install_devices
from runtime.nt.file import FileObject, OpenRequest, create_file
from runtime.nt.handles import HandleTable
from runtime.nt.io_request import SILENT, Completion, IoRequest
from runtime.nt.object import ObjectAttributes, standard_namespace
from runtime.nt.status import NtError
from runtime.nt.wait import WaitingThread
from runtime.vfs.drives import DriveConfig, Drives

BASE = 0x10000
READ = ff.FILE_GENERIC_READ
WRITE = ff.FILE_GENERIC_WRITE
DELETE = ff.DELETE | ff.SYNCHRONIZE
SHARE_ALL = 7


class Memory:
    """64 KiB at BASE."""

    pointer_size = 8

    def __init__(self) -> None:
        self.data = bytearray(1 << 16)

    def views(self, address: int, size: int, *, write: bool) -> list[memoryview]:
        if size and not BASE <= address <= address + size <= BASE + len(self.data):
            raise AccessViolation(address, Access.WRITE if write else Access.READ)
        return [memoryview(self.data)[address - BASE : address - BASE + size]]

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.views(address, size, write=False)[0])

    def write(self, address: int, data: bytes) -> None:
        self.views(address, len(data), write=True)[0][:] = data

    def write_u32(self, address: int, value: int) -> None:
        self.write(address, struct.pack("<I", value))

    def write_pointer(self, address: int, value: int) -> None:
        self.write(address, struct.pack("<Q", value))


class Thread(WaitingThread):
    """A guest thread."""

    def __init__(self, process: Any) -> None:
        super().__init__(Clock())
        self.process = process
        self.pending_io: set[IoRequest] = set()


class Machine:
    """Drives, a namespace and two processes."""

    def __init__(self, folder: Path, *configs: DriveConfig) -> None:
        host = folder / "c"
        host.mkdir(exist_ok=True)
        self.host = host
        self.drives = Drives(configs or [DriveConfig("C", str(host), serial=0x12345678)], str(folder / "machine"))
        self.objects = standard_namespace()
        self.lock = None
        install_devices(self.objects, self.drives)
        self.process = self.new_process(4)
        self.thread = Thread(self.process)
        self.memory: Memory = self.process.memory

    @property
    def token(self) -> trio.lowlevel.TrioToken:
        """The loop that the test runs in."""
        return trio.lowlevel.current_trio_token()

    def new_process(self, pid: int) -> Any:
        return SimpleNamespace(pid=pid, machine=self, memory=Memory(), handles=HandleTable(), token=None)

    def close(self) -> None:
        self.process.handles.close_all()
        self.drives.close()

    def open(
        self,
        path: str,
        access: int = READ,
        share: int = SHARE_ALL,
        disposition: int = ff.FILE_OPEN,
        options: int = ff.FILE_SYNCHRONOUS_IO_NONALERT,
        attributes: int = 0,
        root: FileObject | None = None,
        process: Any = None,
    ) -> FileObject:
        """NtCreateFile; `path` is below C: unless it is a full NT path."""
        if root is None and not path.startswith("\\"):
            path = "\\??\\C:\\" + path
        process = process or self.process
        request = OpenRequest(process, access | ff.SYNCHRONIZE, share, disposition, options, attributes)
        handle = create_file(self.objects, ObjectAttributes(path, root), request)
        file = process.handles.get(handle, FileObject)
        file.handle, file.information_ = handle, request.information
        return cast(FileObject, file)

    def shut(self, file: FileObject) -> None:
        """NtClose."""
        self.process.handles.close(cast(Any, file).handle)

    def request(self, file: FileObject, completion: Completion = SILENT, **keywords: Any) -> IoRequest:
        return IoRequest(cast(Any, self.thread), file, completion, **keywords)

    def write(self, file: FileObject, data: bytes, offset: int | None = None) -> int:
        """NtWriteFile; returns the status, or raises."""
        self.memory.data[: len(data)] = data
        request = self.request(file, buffer=BASE, length=len(data), offset=offset)
        status = file.write(request)
        assert status or request.information == len(data)
        return status

    def read(self, file: FileObject, length: int, offset: int | None = None) -> bytes:
        """NtReadFile."""
        request = self.request(file, buffer=BASE, length=length, offset=offset)
        status = file.read(request)
        if status & 0xC0000000 == 0xC0000000:
            raise NtError(status)
        return self.memory.read(BASE, request.information)

    def list(self, file: FileObject, pattern: str | None = None, *, information_class: int = 12) -> list[str]:
        """All names of a directory through FileNamesInformation."""
        names = []
        restart = True
        while True:
            request = self.request(file, buffer=BASE, length=512)
            try:
                file.query_directory(request, information_class, pattern, single=False, restart=restart)
            except NtError as error:
                if error.status & 0xFFFF == 6:
                    return names
                raise
            restart = False
            data = self.memory.read(BASE, request.information)
            at = 0
            while True:
                following, _, length = struct.unpack_from("<III", data, at)
                names.append(data[at + 12 : at + 12 + length].decode("utf-16-le"))
                if not following:
                    break
                at += following
