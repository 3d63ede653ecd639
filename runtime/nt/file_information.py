"""FILE_INFORMATION_CLASS answers for files on drives (ntifs.h); none holds a pointer, so all widths agree."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from runtime.nt import file_flags as ff
from runtime.nt.status import STATUS_INVALID_PARAMETER, STATUS_OBJECT_NAME_NOT_FOUND, NtError
from runtime.vfs import streams

if TYPE_CHECKING:
    from runtime.nt.disk_file import DiskFile
    from runtime.vfs.metadata import Metadata


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _named(text: str) -> bytes:
    encoded = _utf16(text)
    return struct.pack("<I", len(encoded)) + encoded


def basic(data: Metadata) -> bytes:
    """FILE_BASIC_INFORMATION."""
    return struct.pack("<qqqqII", data.created, data.accessed, data.written, data.changed, data.attributes, 0)


def network_open(data: Metadata) -> bytes:
    """FILE_NETWORK_OPEN_INFORMATION."""
    return struct.pack(
        "<qqqqqqII",
        data.created,
        data.accessed,
        data.written,
        data.changed,
        data.allocated,
        data.size,
        data.attributes,
        0,
    )


def _standard(file: DiskFile, data: Metadata) -> bytes:
    pending = file.control.delete_pending
    links = max(0, data.links - pending)
    return struct.pack("<qqIBBH", data.allocated, data.size, links, pending, data.is_directory, 0)


def _streams(file: DiskFile, data: Metadata) -> bytes:
    found = [] if data.is_directory else [("::$DATA", data.size, data.allocated)]
    place = f"/proc/self/fd/{file.fd}"
    for name in streams.names(place):
        size = len(streams.read(place, name))
        found.append((f":{name}:$DATA", size, -(-size // 8) * 8))
    out = bytearray()
    for index, (name, size, allocated) in enumerate(found):
        encoded = _utf16(name)
        length = -(-(24 + len(encoded)) // 8) * 8 if index < len(found) - 1 else 0
        entry = struct.pack("<IIqq", length, len(encoded), size, allocated) + encoded
        out += entry.ljust(length, b"\0")
    return bytes(out)


def _hard_links(file: DiskFile) -> bytes:
    name = _utf16(file.file_name.rpartition("\\")[2])
    parent = file.drive.locate(file.host_path.rpartition("/")[0])
    with parent:
        assert parent.status is not None
        inode = parent.status.st_ino
    entry = struct.pack("<IIqI", 0, 0, inode, len(name) // 2) + name
    return struct.pack("<II", 8 + len(entry), 1) + entry


def pack_information(file: DiskFile, information_class: int, granted: int) -> bytes:
    """Return the whole of a class. Raises NtError and OSError."""
    data = file.metadata()
    match information_class:
        case 4:
            return basic(data)
        case 5:
            return _standard(file, data)
        case 6:
            return struct.pack("<q", data.file_id)
        case 7:
            return struct.pack("<I", data.reparse_tag)
        case 18:
            return b"".join(
                (
                    basic(data),
                    _standard(file, data),
                    struct.pack(
                        "<qIIqII", data.file_id, 0, granted, file.position, file.options & ff.FILE_MODE_FLAGS, 0
                    ),
                    _named(file.file_name),
                )
            )
        case 21:
            parent, _, name = file.host_path.rpartition("/")
            alias = file.drive.short_name(parent, name) or name
            if not name:
                raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
            return _named(alias)
        case 22:
            return _streams(file, data)
        case 28:
            return struct.pack("<qHBBBBBB", data.size, 0, 0, 0, 0, 0, 0, 0)
        case 34:
            return network_open(data)
        case 35:
            return struct.pack("<II", data.attributes, data.reparse_tag)
        case 46:
            return _hard_links(file)
        case 48:
            return _named(file.file_name)
        case 51:
            return struct.pack("<I", 0)
        case 54:
            return struct.pack("<IIBBH", data.links, data.links, file.control.delete_pending, data.is_directory, 0)
        case 59:
            return struct.pack("<QQQ", file.drive.serial, data.file_id, 0)
        case 68:
            return struct.pack(
                "<qqqqqqqIIII",
                data.file_id,
                data.created,
                data.accessed,
                data.written,
                data.changed,
                data.allocated,
                data.size,
                data.attributes,
                data.reparse_tag,
                data.links,
                granted,
            )
        case 71:
            return struct.pack("<I", 0)
    raise NtError(STATUS_INVALID_PARAMETER)
