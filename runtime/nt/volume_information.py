"""FS_INFORMATION_CLASS answers for drives (ntifs.h)."""

from __future__ import annotations

import struct

from runtime.nt import file_flags as ff
from runtime.nt.file import Answer
from runtime.nt.status import (
    STATUS_BUFFER_OVERFLOW,
    STATUS_INFO_LENGTH_MISMATCH,
    STATUS_INVALID_INFO_CLASS,
    NtError,
)
from runtime.vfs.drive import Drive, DriveKind, DriveMode
from runtime.vfs.errors import host_errors
from runtime.vfs.metadata import CLUSTER

SECTOR = 512

FILE_CASE_PRESERVED_NAMES = 0x2
FILE_UNICODE_ON_DISK = 0x4
FILE_PERSISTENT_ACLS = 0x8
FILE_SUPPORTS_SPARSE_FILES = 0x40
FILE_SUPPORTS_REPARSE_POINTS = 0x80
FILE_READ_ONLY_VOLUME = 0x80000
FILE_SUPPORTS_HARD_LINKS = 0x400000
FILE_NAMED_STREAMS = 0x40000
FILE_SUPPORTS_POSIX_UNLINK_RENAME = 0x400

_MINIMUM = {1: 24, 3: 24, 4: 8, 5: 16, 6: 48, 7: 32, 8: 64, 11: 28}


def _sizes(drive: Drive) -> tuple[int, int, int]:
    with host_errors():
        figures = drive.tree.statvfs()
    size = figures.f_frsize
    return (
        figures.f_blocks * size // CLUSTER,
        figures.f_bavail * size // CLUSTER,
        figures.f_bfree * size // CLUSTER,
    )


def attributes(drive: Drive) -> int:
    """Return the FILE_SYSTEM_ATTRIBUTE flags: what this volume really does, of what NTFS does."""
    flags = FILE_CASE_PRESERVED_NAMES | FILE_UNICODE_ON_DISK | FILE_PERSISTENT_ACLS | FILE_SUPPORTS_SPARSE_FILES
    flags |= FILE_SUPPORTS_REPARSE_POINTS | FILE_SUPPORTS_HARD_LINKS | FILE_SUPPORTS_POSIX_UNLINK_RENAME
    flags |= FILE_NAMED_STREAMS
    flags |= 0x1  # FILE_CASE_SENSITIVE_SEARCH, which NTFS sets though Win32 does not search so
    if not drive.tree.writable:
        flags |= FILE_READ_ONLY_VOLUME
    return flags


def file_system_name(drive: Drive) -> str:
    """Return the name of the file system as GetVolumeInformation gives it."""
    return "CDFS" if drive.kind is DriveKind.CDROM else "NTFS"


def device(drive: Drive) -> tuple[int, int]:
    """Return device type and characteristics (FILE_FS_DEVICE_INFORMATION)."""
    flags = ff.FILE_DEVICE_IS_MOUNTED
    if drive.mode is DriveMode.READ_ONLY:
        flags |= ff.FILE_READ_ONLY_DEVICE
    match drive.kind:
        case DriveKind.CDROM:
            return ff.FILE_DEVICE_CD_ROM, flags | ff.FILE_REMOVABLE_MEDIA | ff.FILE_READ_ONLY_DEVICE
        case DriveKind.REMOVABLE:
            return ff.FILE_DEVICE_DISK, flags | ff.FILE_REMOVABLE_MEDIA
        case DriveKind.REMOTE:
            return ff.FILE_DEVICE_NETWORK_FILE_SYSTEM, flags | ff.FILE_REMOTE_DEVICE
    return ff.FILE_DEVICE_DISK, flags


def volume_information(drive: Drive, information_class: int, length: int) -> Answer:
    """Return at most `length` bytes of a class. Raises NtError."""
    minimum = _MINIMUM.get(information_class)
    if minimum is None:
        raise NtError(STATUS_INVALID_INFO_CLASS)
    if length < minimum:
        raise NtError(STATUS_INFO_LENGTH_MISMATCH)
    match information_class:
        case 1:
            with host_errors(), drive.locate("") as root:
                created = root.metadata().created
            label = drive.label.encode("utf-16-le", "surrogatepass")
            data = struct.pack("<qIIBB", created, drive.serial, len(label), 1, 0) + label
        case 3:
            total, available, _ = _sizes(drive)
            data = struct.pack("<qqII", total, available, CLUSTER // SECTOR, SECTOR)
        case 4:
            data = struct.pack("<II", *device(drive))
        case 5:
            name = file_system_name(drive).encode("utf-16-le")
            data = struct.pack("<IiI", attributes(drive), 255, len(name)) + name
        case 6:
            data = struct.pack("<qqqQQII", 0, 0, 0, 2**64 - 1, 2**64 - 1, 0, 0)
        case 7:
            total, available, free = _sizes(drive)
            data = struct.pack("<qqqII", total, available, free, CLUSTER // SECTOR, SECTOR)
        case 8:
            data = drive.serial.to_bytes(16, "little") + bytes(48)
        case _:
            data = struct.pack("<IIIIIII", SECTOR, CLUSTER, CLUSTER, CLUSTER, 0x3, 0, 0)
    if len(data) > length:
        return Answer(data[:length], STATUS_BUFFER_OVERFLOW)
    return Answer(data)
