"""Copy on write: a host folder that is never changed, under a folder of the machine that holds every change.

The upper folder mirrors the lower one. `.wh.NAME` hides the lower NAME, `.wh..opq` in a directory hides everything
the lower directory holds (the convention of AUFS and OCI image layers); neither is visible to programs.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Hashable, Sequence

from runtime.vfs import beneath
from runtime.vfs.beneath import Root
from runtime.vfs.tree import WRITING, located_statuses, readlink

WHITEOUT = ".wh."
OPAQUE = ".wh..opq"


def _missing(path: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


class OverlayTree:
    """`upper` laid over `lower`; see runtime.vfs.tree.Tree for the operations."""

    def __init__(self, upper: Root, lower: Root) -> None:
        self.upper = upper
        self.lower = lower

    @property
    def writable(self) -> bool:
        return True

    def close(self) -> None:
        self.upper.close()
        self.lower.close()

    def _has_upper(self, path: str) -> bool:
        try:
            os.close(self.upper.open(path, os.O_PATH | os.O_NOFOLLOW))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
                return False
            raise
        return True

    def _lower_visible(self, path: str) -> bool:
        """Say whether nothing in the upper folder hides what the lower one has at `path`."""
        directory = ""
        for part in path.split("/") if path else ():
            prefix = directory + "/" if directory else ""
            if self._has_upper(prefix + OPAQUE) or self._has_upper(prefix + WHITEOUT + part):
                return False
            directory = prefix + part
            if not self._has_upper(directory):
                return True
        return True

    def _check_name(self, path: str) -> None:
        if any(part.startswith(WHITEOUT) for part in path.split("/")):
            raise _missing(path)

    def locate(self, path: str) -> int:
        self._check_name(path)
        try:
            return self.upper.open(path, os.O_PATH | os.O_NOFOLLOW)
        except FileNotFoundError:
            if self._lower_visible(path):
                return self.lower.open(path, os.O_PATH | os.O_NOFOLLOW)
            raise

    def open(self, path: str, flags: int, mode: int = 0o666) -> int:
        self._check_name(path)
        flags |= os.O_NOFOLLOW
        if not flags & WRITING:
            try:
                return self.upper.open(path, flags, mode)
            except FileNotFoundError:
                if self._lower_visible(path):
                    return self.lower.open(path, flags, mode)
                raise
        exists = True
        try:
            os.close(self.locate(path))
        except FileNotFoundError:
            exists = False
        if exists:
            if flags & os.O_CREAT and flags & os.O_EXCL:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
            self.prepare_write(path)
            return self.upper.open(path, flags & ~os.O_CREAT, mode)
        if not flags & os.O_CREAT:
            raise _missing(path)
        self._prepare_parent(path)
        fd = self.upper.open(path, flags, mode)
        self._clear_whiteout(path)
        return fd

    def names(self, path: str) -> list[str]:
        self._check_name(path)
        found: set[str] = set()
        hidden: set[str] = set()
        in_upper = True
        try:
            above = self._listdir(self.upper, path)
        except FileNotFoundError:
            above, in_upper = [], False
        for name in above:
            if name.startswith(WHITEOUT):
                hidden.add(name[len(WHITEOUT) :])
            else:
                found.add(name)
        if OPAQUE not in above and self._lower_visible(path):
            try:
                found.update(set(self._listdir(self.lower, path)) - hidden)
            except (FileNotFoundError, NotADirectoryError):
                if not in_upper:
                    raise
        elif not in_upper:
            raise _missing(path)
        return sorted((name for name in found if not name.startswith(WHITEOUT)), key=os.fsencode)

    @staticmethod
    def _listdir(root: Root, path: str) -> list[str]:
        fd = root.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return os.listdir(fd)
        finally:
            os.close(fd)

    def statuses(self, path: str, names: Sequence[str]) -> list[os.stat_result | None]:
        return located_statuses(self, path, names)

    def stamp(self, path: str) -> Hashable:
        stamps: list[Hashable] = []
        for root in (self.upper, self.lower):
            try:
                fd = root.open(path, os.O_PATH | os.O_DIRECTORY)
            except OSError:
                stamps.append(None)
                continue
            try:
                status = os.fstat(fd)
            finally:
                os.close(fd)
            stamps.append((status.st_dev, status.st_ino, status.st_mtime_ns))
        if stamps == [None, None]:
            raise _missing(path)
        return tuple(stamps)

    def _in_lower(self, path: str) -> bool:
        if not self._lower_visible(path):
            return False
        try:
            os.close(self.lower.open(path, os.O_PATH | os.O_NOFOLLOW))
        except OSError:
            return False
        return True

    def _prepare_parent(self, path: str) -> None:
        parent = path.rpartition("/")[0]
        if parent:
            self.prepare_write(parent)

    def prepare_write(self, path: str) -> bool:
        self._check_name(path)
        if self._has_upper(path):
            return False
        if not self._lower_visible(path):
            raise _missing(path)
        source = self.lower.open(path, os.O_PATH | os.O_NOFOLLOW)
        try:
            self._prepare_parent(path)
            status = os.fstat(source)
            parent, name = self.upper.parent(path)
            try:
                if stat.S_ISDIR(status.st_mode):
                    os.mkdir(name, 0o777, dir_fd=parent)
                elif stat.S_ISLNK(status.st_mode):
                    os.symlink(readlink(source), name, dir_fd=parent)
                elif stat.S_ISREG(status.st_mode):
                    self._copy_file(source, parent, name)
                else:
                    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), path)
                self._copy_metadata(source, parent, name, status)
            finally:
                os.close(parent)
        finally:
            os.close(source)
        return True

    @staticmethod
    def _copy_file(source: int, parent: int, name: str) -> None:
        temporary = f"{WHITEOUT}.copy.{name}"[:200]
        with open(beneath.reopen(source, os.O_RDONLY), "rb") as reader:
            fd = os.open(
                temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666, dir_fd=parent
            )
            try:
                with open(fd, "wb") as writer:
                    shutil.copyfileobj(reader, writer, 1 << 20)
                os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=parent)
                raise

    @staticmethod
    def _copy_metadata(source: int, parent: int, name: str, status: os.stat_result) -> None:
        if not stat.S_ISLNK(status.st_mode):
            target = f"/proc/self/fd/{parent}/{name}"
            with contextlib.suppress(OSError):
                for key in os.listxattr(f"/proc/self/fd/{source}"):
                    if key.startswith("user."):
                        value = os.getxattr(f"/proc/self/fd/{source}", key)
                        os.setxattr(target, key, value, follow_symlinks=False)
            mode = stat.S_IMODE(status.st_mode) & 0o777
            os.chmod(name, mode | (0o700 if stat.S_ISDIR(status.st_mode) else 0o400), dir_fd=parent)
        os.utime(name, ns=(status.st_atime_ns, status.st_mtime_ns), dir_fd=parent, follow_symlinks=False)

    def _clear_whiteout(self, path: str) -> None:
        parent, name = self.upper.parent(path)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(WHITEOUT + name, dir_fd=parent)
        finally:
            os.close(parent)

    def _hide_lower(self, path: str) -> None:
        if not self._in_lower(path):
            return
        self._prepare_parent(path)
        head, _, tail = path.rpartition("/")
        marker = f"{head}/{WHITEOUT}{tail}" if head else WHITEOUT + tail
        os.close(self.upper.open(marker, os.O_WRONLY | os.O_CREAT))

    def _make_opaque(self, path: str) -> None:
        os.close(self.upper.open(f"{path}/{OPAQUE}", os.O_WRONLY | os.O_CREAT))

    def mkdir(self, path: str) -> None:
        self._check_name(path)
        try:
            os.close(self.locate(path))
        except FileNotFoundError:
            pass
        else:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        self._prepare_parent(path)
        parent, name = self.upper.parent(path)
        try:
            os.mkdir(name, 0o777, dir_fd=parent)
            hidden = self._has_upper(f"{path.rpartition('/')[0]}/{WHITEOUT}{name}".lstrip("/"))
        finally:
            os.close(parent)
        if hidden:
            self._make_opaque(path)
            self._clear_whiteout(path)

    def remove_file(self, path: str) -> None:
        os.close(self.locate(path))
        self._hide_lower(path)
        if self._has_upper(path):
            parent, name = self.upper.parent(path)
            try:
                os.unlink(name, dir_fd=parent)
            finally:
                os.close(parent)

    def remove_directory(self, path: str) -> None:
        if self.names(path):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), path)
        self._hide_lower(path)
        if self._has_upper(path):
            for name in self._listdir(self.upper, path):
                fd, tail = self.upper.parent(f"{path}/{name}")
                try:
                    os.unlink(tail, dir_fd=fd)
                finally:
                    os.close(fd)
            parent, name = self.upper.parent(path)
            try:
                os.rmdir(name, dir_fd=parent)
            finally:
                os.close(parent)

    def _copy_up_all(self, path: str) -> None:
        """Bring a directory and all it holds into the upper folder, and cut it from the lower one."""
        self.prepare_write(path)
        fd = self.upper.open(path, os.O_PATH | os.O_NOFOLLOW)
        try:
            is_directory = stat.S_ISDIR(os.fstat(fd).st_mode)
        finally:
            os.close(fd)
        if is_directory:
            for name in self.names(path):
                self._copy_up_all(f"{path}/{name}")
            self._make_opaque(path)

    def rename(self, source: str, target: str, *, replace: bool) -> None:
        self._check_name(source)
        self._check_name(target)
        moved = self._status(source)
        try:
            there = self._status(target)
        except FileNotFoundError:
            pass
        else:
            if not replace:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
            self._make_way(target, moved, there)
        self._copy_up_all(source)
        self._prepare_parent(target)
        self._hide_lower(source)
        old_fd, old_name = self.upper.parent(source)
        try:
            new_fd, new_name = self.upper.parent(target)
            try:
                os.rename(old_name, new_name, src_dir_fd=old_fd, dst_dir_fd=new_fd)
            finally:
                os.close(new_fd)
        finally:
            os.close(old_fd)
        self._clear_whiteout(target)

    def _status(self, path: str) -> os.stat_result:
        fd = self.locate(path)
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)

    def _make_way(self, path: str, moved: os.stat_result, there: os.stat_result) -> None:
        """Check what rename checks of both together: one alone may be above. Take an empty directory away."""
        onto_directory = stat.S_ISDIR(there.st_mode)
        if stat.S_ISDIR(moved.st_mode) != onto_directory:
            number = errno.EISDIR if onto_directory else errno.ENOTDIR
            raise OSError(number, os.strerror(number), path)
        if onto_directory and (moved.st_dev, moved.st_ino) != (there.st_dev, there.st_ino):
            self.remove_directory(path)

    def link(self, source: str, target: str) -> None:
        self._check_name(target)
        try:
            os.close(self.locate(target))
        except FileNotFoundError:
            pass
        else:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
        self.prepare_write(source)
        self._prepare_parent(target)
        old_fd, old_name = self.upper.parent(source)
        try:
            new_fd, new_name = self.upper.parent(target)
            try:
                os.link(old_name, new_name, src_dir_fd=old_fd, dst_dir_fd=new_fd, follow_symlinks=False)
            finally:
                os.close(new_fd)
        finally:
            os.close(old_fd)
        self._clear_whiteout(target)

    def symlink(self, text: str, path: str) -> None:
        self._check_name(path)
        try:
            os.close(self.locate(path))
        except FileNotFoundError:
            pass
        else:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        self._prepare_parent(path)
        parent, name = self.upper.parent(path)
        try:
            os.symlink(text, name, dir_fd=parent)
        finally:
            os.close(parent)
        self._clear_whiteout(path)

    def host_path(self, path: str) -> str:
        root = self.upper if self._has_upper(path) else self.lower
        return os.path.join(root.path, path) if path else root.path

    def statvfs(self) -> os.statvfs_result:
        return os.fstatvfs(self.upper.fd)
