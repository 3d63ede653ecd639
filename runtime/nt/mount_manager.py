"""`\\Device\\MountPointManager`: which names volumes are mounted under.

Programs that turn device paths into drive letters ask it (mountmgr.h); it answers from the machine's drives.
"""

from __future__ import annotations

import struct

from runtime.nt import file_flags as ff
from runtime.nt.disk_control import reply
from runtime.nt.file import Device, FileObject, OpenRequest, split_path
from runtime.nt.io_request import IoRequest
from runtime.nt.status import (
    STATUS_BUFFER_OVERFLOW,
    STATUS_INVALID_DEVICE_REQUEST,
    STATUS_INVALID_PARAMETER,
    STATUS_OBJECT_NAME_NOT_FOUND,
    STATUS_SUCCESS,
    NtError,
)
from runtime.vfs.drive import Drive
from runtime.vfs.drives import Drives

IOCTL_MOUNTMGR_QUERY_POINTS = 0x006D0008
IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATH = 0x006D0030
IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATHS = 0x006D0034


def volume_guid(serial: int, letter: str) -> str:
    """Return the GUID in a volume's name: `\\\\?\\Volume{…}\\`; made of what identifies the drive, so it stays."""
    return f"{serial:08x}-7769-6e66-73{ord(letter):02x}-000000000000"


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


class MountManagerDevice(Device):
    """The mount point manager."""

    def __init__(self, drives: Drives) -> None:
        self.drives = drives

    def open(self, path: str, request: OpenRequest) -> FileObject:
        if split_path(path)[0]:
            raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
        return MountManagerFile(self.drives, request)


class MountManagerFile(FileObject):
    """The mount point manager, opened."""

    device_type = ff.FILE_DEVICE_NETWORK_FILE_SYSTEM

    def __init__(self, drives: Drives, request: OpenRequest) -> None:
        super().__init__("", request, request.grant())
        self.drives = drives

    @property
    def device_path(self) -> str:
        return "\\Device\\MountPointManager"

    def device_control(self, request: IoRequest, code: int, data: bytes) -> int:
        if code == IOCTL_MOUNTMGR_QUERY_POINTS:
            return self._points(request, data)
        if code in (IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATH, IOCTL_MOUNTMGR_QUERY_DOS_VOLUME_PATHS):
            return self._dos_path(request, data)
        raise NtError(STATUS_INVALID_DEVICE_REQUEST)

    def _points(self, request: IoRequest, data: bytes) -> int:
        if len(data) < 24:
            raise NtError(STATUS_INVALID_PARAMETER)
        link_at, link_size, _, _, _, _, device_at, device_size = struct.unpack_from("<IHHIHHIH", data)
        link = data[link_at : link_at + link_size].decode("utf-16-le", "replace")
        device = data[device_at : device_at + device_size].decode("utf-16-le", "replace")
        points = [
            (name, drive)
            for drive in self.drives
            for name in _names(drive)
            if (not link or name.lower() == link.lower()) and (not device or _device(drive).lower() == device.lower())
        ]
        if not points and (link or device):
            raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
        heap = bytearray()
        start = 8 + 24 * len(points)
        entries = bytearray()
        for name, drive in points:
            offsets = []
            for blob in (_utf16(name), drive.serial.to_bytes(4, "little"), _utf16(_device(drive))):
                offsets += [start + len(heap), len(blob)]
                heap += blob
            entries += struct.pack("<IHHIHHIHH", offsets[0], offsets[1], 0, offsets[2], offsets[3], 0, offsets[4],
                                   offsets[5], 0)  # fmt: skip
        answer = struct.pack("<II", start + len(heap), len(points)) + entries + heap
        if request.length < len(answer):
            if request.length < 8:
                raise NtError(STATUS_INVALID_PARAMETER)
            request.write_buffer(answer[:8])
            request.information = 8
            return STATUS_BUFFER_OVERFLOW
        return reply(request, answer)

    def _dos_path(self, request: IoRequest, data: bytes) -> int:
        if len(data) < 2:
            raise NtError(STATUS_INVALID_PARAMETER)
        (size,) = struct.unpack_from("<H", data)
        device = data[2 : 2 + size].decode("utf-16-le", "replace").lower()
        for drive in self.drives:
            if device in (_device(drive).lower(), *(name.lower() for name in _names(drive))):
                text = _utf16(f"{drive.letter}:") + bytes(4)
                answer = struct.pack("<I", len(text)) + text
                if request.length < len(answer):
                    request.write_buffer(answer[:4])
                    request.information = 4
                    return STATUS_BUFFER_OVERFLOW
                request.write_buffer(answer)
                request.information = len(answer)
                return STATUS_SUCCESS
        raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)


def _device(drive: Drive) -> str:
    return f"\\Device\\{drive.device_name}"


def _names(drive: Drive) -> tuple[str, str]:
    return f"\\DosDevices\\{drive.letter}:", f"\\??\\Volume{{{volume_guid(drive.serial, drive.letter)}}}"
