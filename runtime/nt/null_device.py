"""The NUL device: swallows what is written, is always at its end."""

from __future__ import annotations

from runtime.nt import file_flags as ff
from runtime.nt.file import Device, FileObject, OpenRequest, split_path
from runtime.nt.io_request import IoRequest
from runtime.nt.status import STATUS_END_OF_FILE, STATUS_OBJECT_NAME_NOT_FOUND, STATUS_SUCCESS, NtError


class NullDevice(Device):
    """`\\Device\\Null`."""

    def open(self, path: str, request: OpenRequest) -> FileObject:
        if split_path(path)[0]:
            raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
        return NullFile("", request, request.grant())


class NullFile(FileObject):
    """NUL, opened."""

    device_type = ff.FILE_DEVICE_NULL

    @property
    def device_path(self) -> str:
        return "\\Device\\Null"

    def read(self, request: IoRequest) -> int:
        return STATUS_END_OF_FILE

    def write(self, request: IoRequest) -> int:
        request.information = request.length
        return STATUS_SUCCESS

    def information(self, information_class: int, granted: int) -> bytes:
        if information_class == 5:
            return bytes(24)
        return super().information(information_class, granted)
