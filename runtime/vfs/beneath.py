"""Opening host files below a root that no path, `..` or symbolic link can leave.

`openat2` (Linux 5.6) does it in the kernel with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS; where it is missing or
filtered, the path is walked one component at a time. Symbolic links are never followed here: they are Windows reparse
points and the drive follows them by Windows' rules.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Callable
from functools import cache

_SYS_OPENAT2 = 437
_SYS_STATX = 332
_SYS_RENAMEAT2 = 316
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_IN_ROOT = 0x10
_STATX_BTIME = 0x800
_AT_EMPTY_PATH = 0x1000
RENAME_NOREPLACE = 1


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


@cache
def _openat2() -> Callable[[int, int, bytes, bytes, int], int]:
    # A function object of its own: with declared arguments a call costs half as much.
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t)
    call.restype = ctypes.c_long
    return call


@cache
def _how(flags: int, mode: int) -> bytes:
    return struct.pack("<QQQ", flags, mode, _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS | _RESOLVE_NO_SYMLINKS)


def _raise(path: str) -> None:
    code = ctypes.get_errno()
    raise OSError(code, os.strerror(code), path)


@cache
def _has_openat2() -> bool:
    how = struct.pack("<QQQ", os.O_PATH | os.O_CLOEXEC, 0, _RESOLVE_IN_ROOT)
    fd = _libc().syscall(_SYS_OPENAT2, -100, b"/", how, len(how))
    if fd < 0:
        return False
    os.close(fd)
    return True


class Root:
    """One host directory and everything below it. Paths are relative (`a/b`, or "" for the root itself)."""

    def __init__(self, path: str, *, openat2: bool | None = None) -> None:
        """Open the directory. Raises OSError when it is none or cannot be read."""
        self.path = os.path.realpath(path)
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._openat2 = _has_openat2() if openat2 is None else openat2

    def close(self) -> None:
        """Give the descriptor back."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def open(self, path: str, flags: int, mode: int = 0o666) -> int:
        """Open a file below the root and return its descriptor.

        Raises OSError: ELOOP when a component on the way (or the last, unless O_PATH|O_NOFOLLOW) is a symbolic link,
        else what open(2) says.
        """
        flags |= os.O_CLOEXEC if flags & os.O_PATH else os.O_CLOEXEC | os.O_NOCTTY
        if not self._openat2:
            return self._walk(path, flags, mode)
        creating = mode if flags & (os.O_CREAT | 0o20000000) else 0
        if not creating and flags & os.O_NOFOLLOW and "/" not in path and path not in ("", ".", ".."):
            # One name cannot lead anywhere else, and open(2) costs less than a call by ctypes.
            return os.open(path, flags, dir_fd=self.fd)
        how = _how(flags, creating)
        call, name = _openat2(), os.fsencode(path) or b"."
        while True:
            fd = call(_SYS_OPENAT2, self.fd, name, how, len(how))
            if fd >= 0:
                return fd
            if ctypes.get_errno() not in (errno.EAGAIN, errno.EINTR):
                _raise(path)

    def _walk(self, path: str, flags: int, mode: int) -> int:
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
        if not parts:
            return os.open(".", flags, mode, dir_fd=self.fd)
        directory = self.fd
        try:
            for part in parts[:-1]:
                try:
                    below = os.open(part, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
                except NotADirectoryError:
                    if os.path.islink(f"/proc/self/fd/{directory}/{part}"):
                        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path) from None
                    raise
                if directory != self.fd:
                    os.close(directory)
                directory = below
            return os.open(parts[-1], flags | os.O_NOFOLLOW, mode, dir_fd=directory)
        finally:
            if directory != self.fd:
                os.close(directory)

    def parent(self, path: str) -> tuple[int, str]:
        """Open the directory that holds `path`: its O_PATH descriptor, to be closed by the caller, and the last
        component."""
        head, _, tail = path.rpartition("/")
        return self.open(head, os.O_PATH | os.O_DIRECTORY), tail


def reopen(fd: int, flags: int) -> int:
    """Open the file behind an O_PATH descriptor for use. Raises OSError."""
    return os.open(f"/proc/self/fd/{fd}", flags | os.O_CLOEXEC | os.O_NOCTTY)


def birth_time(fd: int) -> int | None:
    """Return the creation time of an open file in ns since 1970, or None where the file system keeps none."""
    buffer = ctypes.create_string_buffer(256)
    if _libc().syscall(_SYS_STATX, fd, b"", _AT_EMPTY_PATH, _STATX_BTIME, buffer) < 0:
        return None
    mask = int.from_bytes(buffer.raw[:4], "little")
    if not mask & _STATX_BTIME:
        return None
    seconds, nanoseconds = struct.unpack_from("<qI", buffer.raw, 80)
    return int(seconds * 1_000_000_000 + nanoseconds)


def rename(source: tuple[int, str], target: tuple[int, str], *, replace: bool) -> None:
    """Rename between two open directories. Raises OSError (EEXIST when the target exists and `replace` is false)."""
    if replace:
        os.rename(source[1], target[1], src_dir_fd=source[0], dst_dir_fd=target[0])
        return
    result = _libc().syscall(
        _SYS_RENAMEAT2, source[0], os.fsencode(source[1]), target[0], os.fsencode(target[1]), RENAME_NOREPLACE
    )
    if result == 0:
        return
    if ctypes.get_errno() not in (errno.EINVAL, errno.ENOSYS):
        _raise(target[1])
    try:
        os.stat(target[1], dir_fd=target[0], follow_symlinks=False)
    except FileNotFoundError:
        os.rename(source[1], target[1], src_dir_fd=source[0], dst_dir_fd=target[0])
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target[1])
