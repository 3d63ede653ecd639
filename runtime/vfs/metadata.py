"""What Windows knows of a file and Linux does not: DOS attributes and a settable creation time.

Attributes live in the extended attribute `user.DOSATTRIB` as `0x…` (the form Samba and Wine read), the creation time,
once a program has set it, in `user.winfs.created` as ns since 1970. On a file system without extended attributes the
read-only bit is kept in the mode and the others are lost when the machine ends.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from dataclasses import dataclass

from runtime.vfs import beneath
from runtime.vfs.tree import readlink

FILE_ATTRIBUTE_READONLY = 0x1
FILE_ATTRIBUTE_HIDDEN = 0x2
FILE_ATTRIBUTE_SYSTEM = 0x4
FILE_ATTRIBUTE_DIRECTORY = 0x10
FILE_ATTRIBUTE_ARCHIVE = 0x20
FILE_ATTRIBUTE_NORMAL = 0x80
FILE_ATTRIBUTE_TEMPORARY = 0x100
FILE_ATTRIBUTE_SPARSE_FILE = 0x200
FILE_ATTRIBUTE_REPARSE_POINT = 0x400
FILE_ATTRIBUTE_OFFLINE = 0x1000
FILE_ATTRIBUTE_NOT_CONTENT_INDEXED = 0x2000
SETTABLE = 0x31A7
"""READONLY HIDDEN SYSTEM ARCHIVE NORMAL TEMPORARY OFFLINE NOT_CONTENT_INDEXED."""

CLUSTER = 4096
"""Bytes in an allocation unit."""

IO_REPARSE_TAG_SYMLINK = 0xA000000C
IO_REPARSE_TAG_MOUNT_POINT = 0xA0000003

_XATTR = "user.DOSATTRIB"
_XATTR_CREATED = "user.winfs.created"
_EPOCH = 116_444_736_000_000_000
JUNCTION = "junction:"
"""How the text of a symbolic link that is a Windows junction begins."""


def filetime(nanoseconds: int) -> int:
    """Return a FILETIME (100 ns since 1601) from ns since 1970; never below zero."""
    return max(0, nanoseconds // 100 + _EPOCH)


def nanoseconds(time: int) -> int:
    """Return ns since 1970 from a FILETIME."""
    return (time - _EPOCH) * 100


@dataclass(slots=True)
class Metadata:
    """What the information classes are made of; times are FILETIMEs, sizes bytes."""

    attributes: int
    created: int
    accessed: int
    written: int
    changed: int
    size: int
    allocated: int
    links: int
    file_id: int
    reparse_tag: int = 0

    @property
    def is_directory(self) -> bool:
        """Whether Windows calls it a directory (a link to one is one, too)."""
        return bool(self.attributes & FILE_ATTRIBUTE_DIRECTORY)


class AttributeStore:
    """Reads and writes attributes through descriptors; remembers what the file system cannot keep."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], int] = {}
        self._without_xattr: set[int] = set()

    def attributes(
        self, path: str, status: os.stat_result, *, link_to_directory: bool = False, bare: bool = False
    ) -> int:
        """Return the attributes of the host file at `path` (`/proc/self/fd/N…`), never 0.

        `bare` says that the file is known to have no extended attributes.
        """
        mode = status.st_mode
        if stat.S_ISLNK(mode):
            return FILE_ATTRIBUTE_REPARSE_POINT | (
                FILE_ATTRIBUTE_DIRECTORY if link_to_directory else FILE_ATTRIBUTE_ARCHIVE
            )
        stored = None if bare else self._stored(path, status)
        if stat.S_ISDIR(mode):
            return FILE_ATTRIBUTE_DIRECTORY | ((stored or 0) & SETTABLE & ~FILE_ATTRIBUTE_NORMAL)
        attributes = FILE_ATTRIBUTE_ARCHIVE if stored is None else stored & SETTABLE & ~FILE_ATTRIBUTE_NORMAL
        if mode & 0o222:
            attributes &= ~FILE_ATTRIBUTE_READONLY
        else:
            attributes |= FILE_ATTRIBUTE_READONLY
        return attributes or FILE_ATTRIBUTE_NORMAL

    def _stored(self, path: str, status: os.stat_result) -> int | None:
        if status.st_dev in self._without_xattr:
            return self._kept.get((status.st_dev, status.st_ino))
        try:
            return int(os.getxattr(path, _XATTR).split(b"\0", 1)[0], 16)
        except ValueError:
            return None
        except OSError as error:
            if error.errno == errno.ENOTSUP:
                self._without_xattr.add(status.st_dev)
                return self._kept.get((status.st_dev, status.st_ino))
            return None

    def set_attributes(self, path: str, status: os.stat_result, attributes: int) -> None:
        """Store attributes of a file or directory. Raises OSError."""
        attributes &= SETTABLE & ~FILE_ATTRIBUTE_NORMAL
        regular = stat.S_ISREG(status.st_mode)
        mode = stat.S_IMODE(status.st_mode)
        if regular and not mode & 0o222:
            os.chmod(path, mode | 0o200)  # a file without write permission takes no extended attribute
        self._store(path, status, attributes, plain=regular and attributes & ~1 == FILE_ATTRIBUTE_ARCHIVE)
        if not regular:
            return
        if attributes & FILE_ATTRIBUTE_READONLY:
            os.chmod(path, mode & ~0o222)
        elif not mode & 0o222:
            os.chmod(path, mode | 0o200 | (mode & 0o044) >> 1)

    def _store(self, path: str, status: os.stat_result, attributes: int, *, plain: bool) -> None:
        if status.st_dev not in self._without_xattr:
            try:
                if plain:
                    os.removexattr(path, _XATTR)
                else:
                    os.setxattr(path, _XATTR, f"0x{attributes:x}".encode())
            except OSError as error:
                if error.errno == errno.ENODATA:
                    return
                if error.errno != errno.ENOTSUP:
                    raise
                self._without_xattr.add(status.st_dev)
            else:
                return
        self._kept[status.st_dev, status.st_ino] = attributes

    def forget(self, device: int, inode: int) -> None:
        """Drop what was remembered for a file that is gone."""
        self._kept.pop((device, inode), None)

    def created(self, fd: int, path: str, status: os.stat_result, *, bare: bool = False) -> int:
        """Return the creation time in ns since 1970."""
        if not bare and status.st_dev not in self._without_xattr and not stat.S_ISLNK(status.st_mode):
            try:
                return int(os.getxattr(path, _XATTR_CREATED))
            except (OSError, ValueError):
                pass
        birth = beneath.birth_time(fd)
        return min(status.st_mtime_ns, status.st_ctime_ns) if birth is None else birth

    def set_times(
        self, path: str, status: os.stat_result, created: int | None, accessed: int | None, written: int | None
    ) -> None:
        """Store times (ns since 1970; None leaves one alone). Raises OSError."""
        if accessed is not None or written is not None:
            os.utime(
                path,
                ns=(
                    status.st_atime_ns if accessed is None else accessed,
                    status.st_mtime_ns if written is None else written,
                ),
            )
        if created is not None:
            with contextlib.suppress(OSError):
                os.setxattr(path, _XATTR_CREATED, str(created).encode())

    def read(self, fd: int, *, link_to_directory: bool = False) -> Metadata:
        """Return all there is to know of the file behind `fd` (which may be O_PATH)."""
        status = os.fstat(fd)
        path = f"/proc/self/fd/{fd}"
        bare = status.st_dev not in self._without_xattr and not _has_attributes(path)
        attributes = self.attributes(path, status, link_to_directory=link_to_directory, bare=bare)
        directory = bool(attributes & FILE_ATTRIBUTE_DIRECTORY)
        is_link = stat.S_ISLNK(status.st_mode)
        return Metadata(
            attributes=attributes,
            created=filetime(self.created(fd, path, status, bare=bare)),
            accessed=filetime(status.st_atime_ns),
            written=filetime(status.st_mtime_ns),
            changed=filetime(status.st_ctime_ns),
            size=0 if directory or is_link else status.st_size,
            allocated=0 if directory or is_link else -(-status.st_size // CLUSTER) * CLUSTER,
            links=1 if directory else status.st_nlink,
            file_id=status.st_ino,
            reparse_tag=reparse_tag(fd) if is_link else 0,
        )


def _has_attributes(path: str) -> bool:
    try:
        return bool(os.listxattr(path))
    except OSError:
        return True


def reparse_tag(fd: int) -> int:
    """Return the reparse tag of a symbolic link opened with O_PATH."""
    return IO_REPARSE_TAG_MOUNT_POINT if readlink(fd).startswith(JUNCTION) else IO_REPARSE_TAG_SYMLINK
