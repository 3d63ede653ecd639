"""Host errors as NTSTATUS."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.nt.status import (
    STATUS_ACCESS_DENIED,
    STATUS_CANNOT_DELETE,
    STATUS_DIRECTORY_NOT_EMPTY,
    STATUS_DISK_FULL,
    STATUS_FILE_IS_A_DIRECTORY,
    STATUS_FILE_TOO_LARGE,
    STATUS_INVALID_PARAMETER,
    STATUS_IO_DEVICE_ERROR,
    STATUS_IO_TIMEOUT,
    STATUS_MEDIA_WRITE_PROTECTED,
    STATUS_NAME_TOO_LONG,
    STATUS_NO_MEMORY,
    STATUS_NOT_A_DIRECTORY,
    STATUS_NOT_SAME_DEVICE,
    STATUS_NOT_SUPPORTED,
    STATUS_OBJECT_NAME_COLLISION,
    STATUS_OBJECT_NAME_INVALID,
    STATUS_OBJECT_NAME_NOT_FOUND,
    STATUS_PIPE_BROKEN,
    STATUS_SHARING_VIOLATION,
    STATUS_TOO_MANY_LINKS,
    STATUS_TOO_MANY_OPENED_FILES,
    NtError,
)

_BY_ERRNO = {
    errno.ENOENT: STATUS_OBJECT_NAME_NOT_FOUND,
    errno.EEXIST: STATUS_OBJECT_NAME_COLLISION,
    errno.EACCES: STATUS_ACCESS_DENIED,
    errno.EPERM: STATUS_ACCESS_DENIED,
    errno.ENOTDIR: STATUS_NOT_A_DIRECTORY,
    errno.EISDIR: STATUS_FILE_IS_A_DIRECTORY,
    errno.ENOTEMPTY: STATUS_DIRECTORY_NOT_EMPTY,
    errno.EROFS: STATUS_MEDIA_WRITE_PROTECTED,
    errno.ENOSPC: STATUS_DISK_FULL,
    errno.EDQUOT: STATUS_DISK_FULL,
    errno.EFBIG: STATUS_FILE_TOO_LARGE,
    errno.EMFILE: STATUS_TOO_MANY_OPENED_FILES,
    errno.ENFILE: STATUS_TOO_MANY_OPENED_FILES,
    errno.ENOMEM: STATUS_NO_MEMORY,
    errno.ENAMETOOLONG: STATUS_NAME_TOO_LONG,
    errno.ELOOP: STATUS_OBJECT_NAME_INVALID,
    errno.EXDEV: STATUS_NOT_SAME_DEVICE,
    errno.EMLINK: STATUS_TOO_MANY_LINKS,
    errno.ETXTBSY: STATUS_SHARING_VIOLATION,
    errno.EBUSY: STATUS_CANNOT_DELETE,
    errno.EINVAL: STATUS_INVALID_PARAMETER,
    errno.ENOTSUP: STATUS_NOT_SUPPORTED,
    errno.EPIPE: STATUS_PIPE_BROKEN,
    errno.ETIMEDOUT: STATUS_IO_TIMEOUT,
}


def status_of(error: OSError) -> int:
    """Return the NTSTATUS a Windows file system would have answered; STATUS_IO_DEVICE_ERROR for an unknown one."""
    return _BY_ERRNO.get(error.errno or 0, STATUS_IO_DEVICE_ERROR)


@contextmanager
def host_errors() -> Iterator[None]:
    """Turn any OSError of the block into NtError."""
    try:
        yield
    except OSError as error:
        raise NtError(status_of(error)) from error
