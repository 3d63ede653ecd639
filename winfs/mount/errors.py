"""NTSTATUS to errno, for failures of the machine that reach a person through the mount."""

from __future__ import annotations

import errno

from runtime.nt import status as st

_ERRNO = {
    st.STATUS_OBJECT_NAME_NOT_FOUND: errno.ENOENT,
    st.STATUS_OBJECT_PATH_NOT_FOUND: errno.ENOENT,
    st.STATUS_NO_SUCH_FILE: errno.ENOENT,
    st.STATUS_KEY_DELETED: errno.ESTALE,
    st.STATUS_DELETE_PENDING: errno.ENOENT,
    st.STATUS_OBJECT_NAME_COLLISION: errno.EEXIST,
    st.STATUS_OBJECT_NAME_INVALID: errno.EINVAL,
    st.STATUS_OBJECT_TYPE_MISMATCH: errno.EINVAL,
    st.STATUS_INVALID_PARAMETER: errno.EINVAL,
    st.STATUS_ACCESS_DENIED: errno.EACCES,
    st.STATUS_SHARING_VIOLATION: errno.EBUSY,
    st.STATUS_CANNOT_DELETE: errno.EPERM,
    st.STATUS_CHILD_MUST_BE_VOLATILE: errno.EPERM,
    st.STATUS_DIRECTORY_NOT_EMPTY: errno.ENOTEMPTY,
    st.STATUS_NOT_A_DIRECTORY: errno.ENOTDIR,
    st.STATUS_FILE_IS_A_DIRECTORY: errno.EISDIR,
    st.STATUS_NAME_TOO_LONG: errno.ENAMETOOLONG,
    st.STATUS_DISK_FULL: errno.ENOSPC,
    st.STATUS_MEDIA_WRITE_PROTECTED: errno.EROFS,
    st.STATUS_TOO_MANY_LINKS: errno.EMLINK,
    st.STATUS_NO_MEMORY: errno.ENOMEM,
    st.STATUS_INSUFFICIENT_RESOURCES: errno.ENOMEM,
    st.STATUS_NOT_SUPPORTED: errno.EOPNOTSUPP,
    st.STATUS_NOT_SAME_DEVICE: errno.EXDEV,
}


def errno_of(status: int) -> int:
    """The errno that says what an NTSTATUS says; EIO where none does."""
    return _ERRNO.get(status, errno.EIO)
