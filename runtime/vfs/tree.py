"""The host side of a drive: one Linux folder, or two laid over each other.

A `Tree` knows nothing of Windows. Paths are relative host paths (`a/b`, "" is the root) in `os.fsdecode` form, exact
in case; no operation follows a symbolic link or leaves the folder. All raise OSError.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Hashable, Sequence
from typing import Protocol

from runtime.vfs import beneath
from runtime.vfs.beneath import Root

WRITING = os.O_WRONLY | os.O_RDWR | os.O_TRUNC | os.O_CREAT


class Tree(Protocol):
    """What a drive needs of the host."""

    @property
    def writable(self) -> bool:
        """Whether anything can be changed."""

    def close(self) -> None:
        """Give descriptors back."""

    def locate(self, path: str) -> int:
        """Return an O_PATH descriptor of an existing file, directory or symbolic link."""

    def open(self, path: str, flags: int, mode: int = 0o666) -> int:
        """Open a file for use; creates it when `flags` say so."""

    def names(self, path: str) -> list[str]:
        """Return the names in a directory, in byte order."""

    def statuses(self, path: str, names: Sequence[str]) -> list[os.stat_result | None]:
        """Return stat of entries of a directory, links not followed; None for one that is not there."""

    def stamp(self, path: str) -> Hashable:
        """Return something that changes whenever an entry of the directory comes or goes."""

    def mkdir(self, path: str) -> None:
        """Create a directory."""

    def remove_file(self, path: str) -> None:
        """Remove a file or a symbolic link."""

    def remove_directory(self, path: str) -> None:
        """Remove an empty directory."""

    def rename(self, source: str, target: str, *, replace: bool) -> None:
        """Rename; EEXIST when the target exists and `replace` is false."""

    def link(self, source: str, target: str) -> None:
        """Make a hard link."""

    def symlink(self, text: str, path: str) -> None:
        """Make a symbolic link that holds `text`."""

    def prepare_write(self, path: str) -> bool:
        """Make sure the file or directory may be changed in place; true when it moved to another host file for that."""

    def host_path(self, path: str) -> str:
        """Return where the file is on the host, for people and tools."""

    def statvfs(self) -> os.statvfs_result:
        """Return the host's figures of the file system."""


def readlink(fd: int) -> str:
    """Return the text of a symbolic link opened with O_PATH."""
    return os.readlink("", dir_fd=fd)


def directory_statuses(root: Root, path: str, names: Sequence[str]) -> list[os.stat_result | None]:
    """Tree.statuses of a directory below `root`."""
    fd = root.open(path, os.O_RDONLY | os.O_DIRECTORY)
    found: list[os.stat_result | None] = []
    try:
        for name in names:
            try:
                found.append(os.stat(name, dir_fd=fd, follow_symlinks=False))
            except OSError:
                found.append(None)
    finally:
        os.close(fd)
    return found


def located_statuses(tree: Tree, path: str, names: Sequence[str]) -> list[os.stat_result | None]:
    """Tree.statuses, entry by entry, for a directory whose entries do not lie together."""
    found: list[os.stat_result | None] = []
    for name in names:
        try:
            fd = tree.locate(f"{path}/{name}" if path else name)
        except OSError:
            found.append(None)
            continue
        try:
            found.append(os.fstat(fd))
        finally:
            os.close(fd)
    return found


class PlainTree:
    """One host folder, read-write or read-only."""

    def __init__(self, root: Root, *, writable: bool) -> None:
        self.root = root
        self._writable = writable

    @property
    def writable(self) -> bool:
        return self._writable

    def close(self) -> None:
        self.root.close()

    def _check(self) -> None:
        if not self._writable:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def locate(self, path: str) -> int:
        return self.root.open(path, os.O_PATH | os.O_NOFOLLOW)

    def open(self, path: str, flags: int, mode: int = 0o666) -> int:
        if flags & WRITING:
            self._check()
        return self.root.open(path, flags | os.O_NOFOLLOW, mode)

    def names(self, path: str) -> list[str]:
        fd = self.root.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return sorted(os.listdir(fd), key=os.fsencode)
        finally:
            os.close(fd)

    def statuses(self, path: str, names: Sequence[str]) -> list[os.stat_result | None]:
        return directory_statuses(self.root, path, names)

    def stamp(self, path: str) -> Hashable:
        fd = self.root.open(path, os.O_PATH | os.O_DIRECTORY)
        try:
            status = os.fstat(fd)
        finally:
            os.close(fd)
        return status.st_dev, status.st_ino, status.st_mtime_ns

    def mkdir(self, path: str) -> None:
        self._check()
        fd, name = self.root.parent(path)
        try:
            os.mkdir(name, 0o777, dir_fd=fd)
        finally:
            os.close(fd)

    def remove_file(self, path: str) -> None:
        self._check()
        fd, name = self.root.parent(path)
        try:
            os.unlink(name, dir_fd=fd)
        finally:
            os.close(fd)

    def remove_directory(self, path: str) -> None:
        self._check()
        fd, name = self.root.parent(path)
        try:
            os.rmdir(name, dir_fd=fd)
        finally:
            os.close(fd)

    def rename(self, source: str, target: str, *, replace: bool) -> None:
        self._check()
        old_fd, old_name = self.root.parent(source)
        try:
            new_fd, new_name = self.root.parent(target)
            try:
                beneath.rename((old_fd, old_name), (new_fd, new_name), replace=replace)
            finally:
                os.close(new_fd)
        finally:
            os.close(old_fd)

    def link(self, source: str, target: str) -> None:
        self._check()
        old_fd, old_name = self.root.parent(source)
        try:
            new_fd, new_name = self.root.parent(target)
            try:
                os.link(old_name, new_name, src_dir_fd=old_fd, dst_dir_fd=new_fd, follow_symlinks=False)
            finally:
                os.close(new_fd)
        finally:
            os.close(old_fd)

    def symlink(self, text: str, path: str) -> None:
        self._check()
        fd, name = self.root.parent(path)
        try:
            os.symlink(text, name, dir_fd=fd)
        finally:
            os.close(fd)

    def prepare_write(self, path: str) -> bool:
        self._check()
        return False

    def host_path(self, path: str) -> str:
        return os.path.join(self.root.path, path) if path else self.root.path

    def statvfs(self) -> os.statvfs_result:
        return os.fstatvfs(self.root.fd)
