"""FSCTLs on files and directories: reparse points, sparse files, compression state."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from typing import TYPE_CHECKING

from runtime.nt import file_flags as ff
from runtime.nt.io_request import IoRequest
from runtime.nt.status import (
    STATUS_ACCESS_DENIED,
    STATUS_BUFFER_OVERFLOW,
    STATUS_BUFFER_TOO_SMALL,
    STATUS_INVALID_DEVICE_REQUEST,
    STATUS_INVALID_PARAMETER,
    STATUS_IO_REPARSE_DATA_INVALID,
    STATUS_IO_REPARSE_TAG_MISMATCH,
    STATUS_NOT_A_REPARSE_POINT,
    STATUS_NOT_SUPPORTED,
    STATUS_SUCCESS,
    NtError,
)
from runtime.vfs import metadata as md
from runtime.vfs import names
from runtime.vfs.errors import host_errors
from runtime.vfs.tree import readlink

if TYPE_CHECKING:
    from runtime.nt.disk_file import DiskFile
    from runtime.vfs.drive import Drive

FSCTL_IS_VOLUME_MOUNTED = 0x00090028
FSCTL_GET_COMPRESSION = 0x0009003C
FSCTL_GET_OBJECT_ID = 0x0009009C
FSCTL_SET_COMPRESSION = 0x0009C040
FSCTL_SET_REPARSE_POINT = 0x000900A4
FSCTL_GET_REPARSE_POINT = 0x000900A8
FSCTL_DELETE_REPARSE_POINT = 0x000900AC
FSCTL_CREATE_OR_GET_OBJECT_ID = 0x000900C0
FSCTL_SET_SPARSE = 0x000900C4
FSCTL_SET_ZERO_DATA = 0x000980C8
FSCTL_QUERY_ALLOCATED_RANGES = 0x000940CF

SYMLINK_FLAG_RELATIVE = 1
_FALLOC_PUNCH_HOLE_KEEP_SIZE = 3


def reply(request: IoRequest, data: bytes) -> int:
    """Answer a control request with `data`: all of it, or STATUS_BUFFER_TOO_SMALL."""
    if request.length < len(data):
        raise NtError(STATUS_BUFFER_TOO_SMALL)
    request.write_buffer(data)
    request.information = len(data)
    return STATUS_SUCCESS


def fs_control(file: DiskFile, request: IoRequest, code: int, data: bytes) -> int:
    """Serve an FSCTL. Raises NtError."""
    match code:
        case _ if code == FSCTL_IS_VOLUME_MOUNTED:
            return STATUS_SUCCESS
        case _ if code == FSCTL_GET_COMPRESSION:
            return reply(request, struct.pack("<H", 0))
        case _ if code == FSCTL_SET_COMPRESSION:
            if data[:2] not in (b"\0\0",):
                raise NtError(STATUS_NOT_SUPPORTED)
            return STATUS_SUCCESS
        case _ if code in (FSCTL_GET_OBJECT_ID, FSCTL_CREATE_OR_GET_OBJECT_ID):
            with host_errors():
                identity = file.metadata().file_id
            return reply(request, struct.pack("<QQ", identity, file.drive.serial) + bytes(48))
        case _ if code == FSCTL_GET_REPARSE_POINT:
            return _get_reparse_point(file, request)
        case _ if code == FSCTL_SET_REPARSE_POINT:
            return _set_reparse_point(file, data)
        case _ if code == FSCTL_DELETE_REPARSE_POINT:
            return _delete_reparse_point(file, data)
        case _ if code == FSCTL_SET_SPARSE:
            if file.is_directory:
                raise NtError(STATUS_INVALID_PARAMETER)
            return STATUS_SUCCESS
        case _ if code == FSCTL_SET_ZERO_DATA:
            return _zero(file, data)
        case _ if code == FSCTL_QUERY_ALLOCATED_RANGES:
            return _allocated_ranges(file, request, data)
    raise NtError(STATUS_INVALID_DEVICE_REQUEST)


def link_text(drive: Drive, target: str, *, relative: bool) -> str:
    """Return what a Linux symbolic link must hold to mean the Windows `target`.

    A relative target and one on the same drive become ordinary links; any other keeps its NT path.
    """
    if relative:
        parts = target.replace("/", "\\").split("\\")
        rooted = target.startswith("\\")
        text = "/".join(part if part in ("", ".", "..") else names.to_host(part) for part in parts)
        return text if text and (rooted or not text.startswith("/")) else "."
    path = target if target.startswith("\\??\\") else "\\??\\" + target
    rest = path[4:]
    if rest[:2].upper() == drive.letter + ":" and rest[2:3] in ("", "\\"):
        return "/" + "/".join(names.to_host(part) for part in rest[3:].split("\\") if part)
    return path


def target_of(drive: Drive, text: str) -> tuple[str, str, bool]:
    """Return what a link's text means to Windows: substitute name, print name, and whether it is relative."""
    text = text.removeprefix(md.JUNCTION)
    if text.startswith("\\??\\"):
        text = text.rstrip("/")  # that says a directory is meant
        return text, text[4:], False
    parts = [part if part in ("", ".", "..") else names.from_host(part) for part in text.rstrip("/").split("/")]
    path = "\\".join(parts)
    if text.startswith("/"):
        full = f"{drive.letter}:{path or chr(92)}"
        return "\\??\\" + full, full, False
    return path, path, True


def _get_reparse_point(file: DiskFile, request: IoRequest) -> int:
    if not file.is_link:
        raise NtError(STATUS_NOT_A_REPARSE_POINT)
    with host_errors():
        text = readlink(file.fd)
    substitute, printed, relative = target_of(file.drive, text)
    first, second = (name.encode("utf-16-le", "surrogatepass") for name in (substitute, printed))
    if text.startswith(md.JUNCTION):
        header = struct.pack("<HHHH", 0, len(first), len(first) + 2, len(second))
        body = header + first + b"\0\0" + second + b"\0\0"
        tag = md.IO_REPARSE_TAG_MOUNT_POINT
    else:
        header = struct.pack(
            "<HHHHI", len(second), len(first), 0, len(second), SYMLINK_FLAG_RELATIVE if relative else 0
        )
        body = header + second + first
        tag = md.IO_REPARSE_TAG_SYMLINK
    data = struct.pack("<IHH", tag, len(body), 0) + body
    if request.length < len(data):
        if request.length < 8:
            raise NtError(STATUS_BUFFER_TOO_SMALL)
        request.write_buffer(data[: request.length])
        request.information = request.length
        return STATUS_BUFFER_OVERFLOW
    request.write_buffer(data)
    request.information = len(data)
    return STATUS_SUCCESS


def _set_reparse_point(file: DiskFile, data: bytes) -> int:
    if not file.granted & (ff.FILE_WRITE_DATA | ff.FILE_WRITE_ATTRIBUTES):
        raise NtError(STATUS_ACCESS_DENIED)
    if len(data) < 8:
        raise NtError(STATUS_IO_REPARSE_DATA_INVALID)
    tag, length, _ = struct.unpack_from("<IHH", data)
    body = data[8:]
    if length != len(body):
        raise NtError(STATUS_IO_REPARSE_DATA_INVALID)
    if tag == md.IO_REPARSE_TAG_SYMLINK and length >= 12:
        offset, size, _, _, flags = struct.unpack_from("<HHHHI", body)
        names_at = 12
    elif tag == md.IO_REPARSE_TAG_MOUNT_POINT and length >= 8:
        offset, size, _, _ = struct.unpack_from("<HHHH", body)
        flags, names_at = 0, 8
        if not file.is_directory:
            raise NtError(STATUS_IO_REPARSE_DATA_INVALID)
    else:
        raise NtError(STATUS_NOT_SUPPORTED if length else STATUS_IO_REPARSE_DATA_INVALID)
    raw = body[names_at + offset : names_at + offset + size]
    if len(raw) != size or size % 2 or not size:
        raise NtError(STATUS_IO_REPARSE_DATA_INVALID)
    target = raw.decode("utf-16-le", "surrogatepass")
    if "\0" in target:
        raise NtError(STATUS_IO_REPARSE_DATA_INVALID)
    if tag == md.IO_REPARSE_TAG_MOUNT_POINT:
        text = md.JUNCTION + (target if target.startswith("\\??\\") else "\\??\\" + target)
    else:
        text = link_text(file.drive, target, relative=bool(flags & SYMLINK_FLAG_RELATIVE))
        if file.is_directory and not text.endswith(("/", "\\")):
            text += "/"
    file.replace_by_link(text)
    return STATUS_SUCCESS


def _delete_reparse_point(file: DiskFile, data: bytes) -> int:
    if not file.is_link:
        raise NtError(STATUS_NOT_A_REPARSE_POINT)
    if len(data) < 8:
        raise NtError(STATUS_IO_REPARSE_DATA_INVALID)
    with host_errors():
        if struct.unpack_from("<I", data)[0] != md.reparse_tag(file.fd):
            raise NtError(STATUS_IO_REPARSE_TAG_MISMATCH)
        file.drive.tree.remove_file(file.host_path)
        if file.is_directory:
            file.drive.tree.mkdir(file.host_path)
        else:
            os.close(file.drive.tree.open(file.host_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    file.become_link(link=False)
    return STATUS_SUCCESS


def _zero(file: DiskFile, data: bytes) -> int:
    if len(data) < 16 or not file.has_data:
        raise NtError(STATUS_INVALID_PARAMETER)
    start, end = struct.unpack_from("<qq", data)
    if start < 0 or end < start:
        raise NtError(STATUS_INVALID_PARAMETER)
    if not file.granted & ff.FILE_WRITE_DATA:
        raise NtError(STATUS_ACCESS_DENIED)
    with host_errors():
        end = min(end, os.fstat(file.fd).st_size)
        if end <= start:
            return STATUS_SUCCESS
        libc = ctypes.CDLL(None, use_errno=True)
        arguments = ctypes.c_int(_FALLOC_PUNCH_HOLE_KEEP_SIZE), ctypes.c_long(start), ctypes.c_long(end - start)
        if libc.fallocate(file.fd, *arguments) == 0:
            return STATUS_SUCCESS
        if ctypes.get_errno() != errno.EOPNOTSUPP:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        block = bytes(1 << 20)
        while start < end:
            start += os.pwrite(file.fd, block[: end - start], start)
    return STATUS_SUCCESS


def _allocated_ranges(file: DiskFile, request: IoRequest, data: bytes) -> int:
    if len(data) < 16 or not file.has_data:
        raise NtError(STATUS_INVALID_PARAMETER)
    start, length = struct.unpack_from("<qq", data)
    ranges = []
    with host_errors():
        end = min(start + length, os.fstat(file.fd).st_size)
        while start < end:
            try:
                begin = os.lseek(file.fd, start, os.SEEK_DATA)
            except OSError as error:
                if error.errno == errno.ENXIO:
                    break
                raise
            if begin >= end:
                break
            start = min(os.lseek(file.fd, begin, os.SEEK_HOLE), end)
            ranges.append(struct.pack("<qq", begin, start - begin))
    fitting = ranges[: request.length // 16]
    packed = b"".join(fitting)
    request.write_buffer(packed)
    request.information = len(packed)
    return STATUS_SUCCESS if len(fitting) == len(ranges) else STATUS_BUFFER_OVERFLOW
