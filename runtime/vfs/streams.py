"""Named data streams of files: `file:stream`.

Linux files have one stream; others are kept as extended attributes `user.DosStream.NAME:$DATA` (the names Samba's
vfs_streams_xattr uses), so they travel with `cp -a` and `mv` and are bounded by what the file system allows an
attribute (4 KiB on ext4, 64 KiB on XFS).
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

from runtime.nt.casing import upcase

_PREFIX = "user.DosStream."
_SUFFIX = ":$DATA"


@dataclass(frozen=True, slots=True)
class StreamName:
    """A file name with its stream: `report.txt:notes:$DATA`. `stream` is "" for the main one."""

    file: str
    stream: str


def split(name: str) -> StreamName | None:
    """Take a component apart; None when it is not well formed or names another type than $DATA."""
    parts = name.split(":")
    if len(parts) > 3 or (len(parts) == 3 and upcase(parts[2]) != "$DATA"):
        return None
    stream = parts[1] if len(parts) > 1 else ""
    if len(parts) == 2 and not stream:
        return None
    if "\\" in stream or "/" in stream or "\0" in stream:
        return None
    return StreamName(parts[0], stream)


def names(path: str) -> list[str]:
    """Return the names of the streams of the host file at `path` (`/proc/self/fd/N`), sorted without regard to case."""
    try:
        attributes = os.listxattr(path)
    except OSError:
        return []
    found = [name[len(_PREFIX) :].removesuffix(_SUFFIX) for name in attributes if name.startswith(_PREFIX)]
    return sorted(found, key=upcase)


def find(path: str, stream: str) -> str | None:
    """Return the stream's name as it is stored, whatever the case asked for, or None."""
    wanted = upcase(stream)
    return next((name for name in names(path) if upcase(name) == wanted), None)


def read(path: str, stream: str) -> bytes:
    """Return a stream's contents. Raises OSError."""
    data = os.getxattr(path, _PREFIX + stream + _SUFFIX)
    return data[:-1] if data.endswith(b"\0") else data


def write(path: str, stream: str, data: bytes) -> None:
    """Store a stream's contents. Raises OSError: ENOSPC when they are more than the file system takes."""
    try:
        os.setxattr(path, _PREFIX + stream + _SUFFIX, data + b"\0")
    except OSError as error:
        if error.errno in (errno.E2BIG, errno.ERANGE):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise


def remove(path: str, stream: str) -> None:
    """Remove a stream. Raises OSError."""
    os.removexattr(path, _PREFIX + stream + _SUFFIX)
