"""Files and links of a drive in the mount: what they are, and reading and writing them.

A regular file is known by device and inode, so hard links are one file. Reading and writing are `pread` and `pwrite`
on the host's descriptor; the kernel keeps a file's pages as long as its time and size stand.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
import time
from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakValueDictionary

from runtime.nt.status import NtError
from runtime.vfs import names
from runtime.vfs.changes import Action, Notify
from runtime.vfs.drive import Drive
from runtime.vfs.overlay import OverlayTree
from runtime.vfs.prefix import PrefixTree
from runtime.vfs.tree import readlink
from winfs.mount.drive_names import LinkTexts
from winfs.mount.node import AttributeChange, Attributes, File, Filesystem, Handle, Link, Node, Rest, fail

if TYPE_CHECKING:
    from winfs.mount.drives import DriveDirectory

TIMEOUT = 1.0
"""Seconds the kernel may believe what it was told of a drive."""
_FRESH = 0.5
"""Seconds for which what a listing saw of a file answers the stat that follows it."""
_KINDS = ("user.", "trusted.")
"""The kinds of extended attributes that are kept; only root on the host may use the second."""


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Give back the host's own error where a drive turned it into a status."""
    try:
        yield
    except NtError as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from None
        raise


def synchronizing(descriptor: int) -> Rest:
    """What puts a host file on the disk and closes the descriptor."""

    def synchronize() -> None:
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    return synchronize


class Working:
    """Whether a request of the mount is changing a drive just now (`active`), and the machine's lock."""

    def __init__(self, lock: threading.Lock) -> None:
        self.lock = lock
        self.active = False


class Volume:
    """One drive as the mount shows it, and the files of it that are known."""

    def __init__(self, drive: Drive, working: Working, drives: str) -> None:
        self.drive = drive
        self.links = LinkTexts(drive, drives)
        self.working = working
        self.tree = drive.tree
        self.files: WeakValueDictionary[tuple[int, int], NamedFile] = WeakValueDictionary()
        inner = self.tree.inner if isinstance(self.tree, PrefixTree) else self.tree
        self.copies = isinstance(inner, OverlayTree)
        """Whether a file may move to another host file when it is first written."""

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Changes made inside are a person's, not a program's; errors are the host's."""
        self.working.active = True
        try:
            with plain_errors():
                yield
        finally:
            self.working.active = False

    def file(self, directory: DriveDirectory, host: str, status: os.stat_result) -> NamedFile:
        """The file or link at a place."""
        identity = (status.st_dev, status.st_ino)
        found = self.files.get(identity)
        if found is None or stat.S_IFMT(found.kind) != stat.S_IFMT(status.st_mode):
            kind = DriveLink if stat.S_ISLNK(status.st_mode) else DriveFile
            found = kind(self, identity, status.st_mode)
            self.files[identity] = found
        found.add_place(directory, host)
        found.remember(status)
        return found


class Placed(Node):
    """What files and directories of a drive have in common."""

    attribute_timeout = TIMEOUT
    volume: Volume

    def __init__(self) -> None:
        self.seen: os.stat_result | None = None
        self._when = 0.0

    def locate(self) -> int:
        """An O_PATH descriptor of the host file, to be closed. Raises OSError."""
        raise NotImplementedError

    def path(self) -> str:
        """The host path below the drive's root. Raises OSError ENOENT when the file has none any more."""
        raise NotImplementedError

    def remember(self, status: os.stat_result) -> None:
        """Keep what was just seen for the stat that follows."""
        self.seen, self._when = status, time.monotonic()

    def status(self) -> os.stat_result:
        """stat of the host file."""
        status, self.seen = self.seen, None
        if status is not None and time.monotonic() - self._when < _FRESH:
            return status
        descriptor = self.locate()
        try:
            return os.fstat(descriptor)
        finally:
            os.close(descriptor)

    def attributes(self) -> Attributes:
        return drive_attributes(self.status())

    def prepare(self) -> str:
        """Make sure the host file may be changed in place; return its path."""
        path = self.path()
        self.volume.tree.prepare_write(path)
        self.seen = None
        return path

    def change(self, change: AttributeChange) -> None:
        path = self.prepare()
        descriptor = self.locate()
        try:
            place = f"/proc/self/fd/{descriptor}"
            status = os.fstat(descriptor)
            if change.size is not None:
                os.truncate(place, change.size)
            if change.mode is not None and not stat.S_ISLNK(status.st_mode):
                os.chmod(place, stat.S_IMODE(change.mode) & 0o777)
            if change.owner is not None or change.group is not None:
                owner = -1 if change.owner is None else change.owner
                os.chown(place, owner, -1 if change.group is None else change.group)
            if change.accessed is not None or change.modified is not None:
                accessed = status.st_atime_ns if change.accessed is None else change.accessed
                modified = status.st_mtime_ns if change.modified is None else change.modified
                os.utime(place, ns=(accessed, modified))
        finally:
            os.close(descriptor)
        notify = Notify.ATTRIBUTES if change.size is None else Notify.SIZE
        if change.modified is not None:
            notify |= Notify.LAST_WRITE
        if path:
            with self.volume.changing():
                self.volume.drive.changed(Action.MODIFIED, path, notify)

    @contextlib.contextmanager
    def place(self) -> Iterator[str]:
        descriptor = self.locate()
        try:
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)

    def extended_attributes(self) -> dict[bytes, bytes]:
        with self.place() as place:
            found = {}
            for name in os.listxattr(place):
                if name.startswith(_KINDS):
                    with contextlib.suppress(OSError):
                        found[os.fsencode(name)] = os.getxattr(place, name)
            return found

    def extended_attribute(self, name: bytes) -> bytes:
        if not os.fsdecode(name).startswith(_KINDS):
            raise fail(errno.ENODATA)
        with self.place() as place:
            return os.getxattr(place, name)

    def set_extended_attribute(self, name: bytes, value: bytes) -> None:
        if not os.fsdecode(name).startswith(_KINDS):
            raise fail(errno.EOPNOTSUPP)
        self.prepare()
        with self.place() as place:
            os.setxattr(place, name, value)

    def remove_extended_attribute(self, name: bytes) -> None:
        if not os.fsdecode(name).startswith(_KINDS):
            raise fail(errno.ENODATA)
        self.prepare()
        with self.place() as place:
            os.removexattr(place, name)

    def filesystem(self) -> Filesystem:
        return drive_space(self.volume.drive)


def drive_space(drive: Drive) -> Filesystem:
    """What statfs shows of a drive. Raises OSError."""
    found = drive.tree.statvfs()
    return Filesystem(
        found.f_frsize, found.f_blocks, found.f_bfree, found.f_bavail, found.f_files, found.f_ffree,
        names.MAX_COMPONENT,
    )  # fmt: skip


def drive_attributes(status: os.stat_result) -> Attributes:
    """What stat shows of a host file."""
    return Attributes(
        mode=status.st_mode, size=status.st_size, modified=status.st_mtime_ns, accessed=status.st_atime_ns,
        changed=status.st_ctime_ns, links=status.st_nlink, owner=(status.st_uid, status.st_gid),
        blocks=status.st_blocks, inode=status.st_ino,
    )  # fmt: skip


class NamedFile(Placed):
    """A file or symbolic link of a drive, under any number of names."""

    def __init__(self, volume: Volume, identity: tuple[int, int], kind: int) -> None:
        super().__init__()
        self.volume = volume
        self.identity = identity
        self.kind = kind
        self._places: dict[tuple[DriveDirectory, str], None] = {}

    def open_descriptor(self) -> int | None:
        """A descriptor of the host file that somebody has open, or None."""
        return None

    def add_place(self, directory: DriveDirectory, host: str) -> None:
        """Note a name; the last one noted is the one used first."""
        self._places.pop((directory, host), None)
        self._places[directory, host] = None
        directory.files[host] = self

    def drop_place(self, directory: DriveDirectory, host: str) -> None:
        """A name is gone."""
        self._places.pop((directory, host), None)
        if directory.files.get(host) is self:
            del directory.files[host]
        self.seen = None

    def located(self) -> tuple[int, str]:
        """An O_PATH descriptor of the host file, to be closed, and its path. Raises OSError ENOENT."""
        for directory, host in reversed(list(self._places)):
            try:
                path = directory.below(host)
                descriptor = self.volume.tree.locate(path)
            except OSError:
                del self._places[directory, host]
                continue
            status = os.fstat(descriptor)
            if (status.st_dev, status.st_ino) == self.identity:
                return descriptor, path
            os.close(descriptor)
            del self._places[directory, host]
        raise fail(errno.ENOENT)

    def path(self) -> str:
        descriptor, path = self.located()
        os.close(descriptor)
        return path

    def locate(self) -> int:
        descriptor = self.open_descriptor()
        return self.located()[0] if descriptor is None else os.dup(descriptor)

    def status(self) -> os.stat_result:
        descriptor = self.open_descriptor()
        if descriptor is None:
            return super().status()
        self.seen = None
        return os.fstat(descriptor)

    def settle(self) -> None:
        """The file may have moved to another host file (copy on write): know it by that one from now on."""
        for directory, host in reversed(list(self._places)):
            with contextlib.suppress(OSError):
                descriptor = self.volume.tree.locate(directory.below(host))
                try:
                    status = os.fstat(descriptor)
                finally:
                    os.close(descriptor)
                self._moved((status.st_dev, status.st_ino))
                return

    def _moved(self, identity: tuple[int, int]) -> None:
        if identity != self.identity:
            if self.volume.files.get(self.identity) is self:
                del self.volume.files[self.identity]
            self.identity = identity
            self.volume.files[identity] = self
            self.seen = None

    def prepare(self) -> str:
        try:
            path = self.path()
        except FileNotFoundError:
            if self.open_descriptor() is not None:
                return ""  # unlinked while open: nothing is left to copy
            raise
        if self.volume.tree.prepare_write(path):
            self.settle()
        self.seen = None
        return path


class DriveFile(NamedFile, File):
    """A regular file of a drive."""

    def __init__(self, volume: Volume, identity: tuple[int, int], kind: int) -> None:
        super().__init__(volume, identity, kind)
        self.stamp: tuple[int, int] | None = None
        """Modification time and size of the contents that the kernel may have pages of."""
        self.handles: set[DriveHandle] = set()
        self._created = -1

    def __del__(self) -> None:
        if self._created >= 0:
            os.close(self._created)

    def open_descriptor(self) -> int | None:
        for handle in self.handles:
            if handle.descriptor >= 0 and handle.identity == self.identity:
                return handle.descriptor
        return self._created if self._created >= 0 else None

    def give(self, descriptor: int) -> None:
        """Hand over the descriptor that made the file: its mode may forbid opening it again for writing."""
        self._created = descriptor

    def change(self, change: AttributeChange) -> None:
        super().change(change)
        if change.size is not None and self.stamp is not None:
            with contextlib.suppress(OSError):
                status = self.status()
                self.stamp = (status.st_mtime_ns, status.st_size)

    def size(self) -> int:
        return self.status().st_size

    def truncate(self, size: int) -> None:
        self.change(AttributeChange(size=size))

    def open(self, flags: int) -> Handle:
        wanted = flags & (os.O_ACCMODE | os.O_TRUNC | os.O_APPEND)
        descriptor, self._created = self._created, -1
        if descriptor < 0:
            writing = flags & os.O_ACCMODE != os.O_RDONLY
            if writing and not self.volume.tree.writable:
                raise fail(errno.EROFS)
            if writing and self.volume.copies:
                self.prepare()
            if writing and flags & os.O_ACCMODE == os.O_WRONLY:
                wanted = wanted & ~os.O_ACCMODE | os.O_RDWR
            try:
                descriptor = self._open(wanted)
            except PermissionError:
                descriptor = self._open(flags & (os.O_ACCMODE | os.O_TRUNC))
        handle_class = CopyingHandle if self.volume.copies else DriveHandle
        return handle_class(self, descriptor, flags)

    def _open(self, flags: int) -> int:
        place = self.open_descriptor()
        if place is not None:
            return os.open(f"/proc/self/fd/{place}", flags & ~os.O_APPEND | os.O_CLOEXEC)
        path = self.path()
        return self.volume.tree.open(path, flags & ~os.O_APPEND)

    def reopen(self, flags: int) -> int:
        """Open the host file that stands for this one now."""
        return self.volume.tree.open(self.path(), flags & os.O_ACCMODE)

    def written(self) -> None:
        """Tell watching programs that the contents have changed."""
        with contextlib.suppress(OSError, NtError), self.volume.changing():
            self.volume.drive.changed(Action.MODIFIED, self.path(), Notify.SIZE | Notify.LAST_WRITE)


class DriveLink(NamedFile, Link):
    """A symbolic link of a drive."""

    def __init__(self, volume: Volume, identity: tuple[int, int], kind: int) -> None:
        NamedFile.__init__(self, volume, identity, kind)

    @property
    def key(self) -> Hashable:
        return self

    def attributes(self) -> Attributes:
        found = super().attributes()
        found.size = len(os.fsencode(self.target()))
        return found

    def target(self) -> str:
        """Where a link leads, in the mount."""
        descriptor, path = self.located()
        try:
            text = readlink(descriptor)
        finally:
            os.close(descriptor)
        return self.volume.links.shown(text, path)


class DriveHandle(Handle):
    """An open file of a drive. `identity` is the host file behind `descriptor`."""

    direct = False
    locked: ClassVar[bool] = False

    def __init__(self, file: DriveFile, descriptor: int, flags: int) -> None:
        self.file = file
        self.descriptor = descriptor
        self.flags = flags
        status = os.fstat(descriptor)
        self.identity = (status.st_dev, status.st_ino)
        stamp = (status.st_mtime_ns, status.st_size)
        self.keep_cache = file.stamp == stamp
        file.stamp = stamp
        file.seen = None
        self._written = bool(flags & os.O_TRUNC)
        file.handles.add(self)

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self.descriptor, size, offset)

    def write(self, offset: int, data: bytes) -> int:
        descriptor, file = self.descriptor, self.file
        before = os.fstat(descriptor)
        done = os.pwrite(descriptor, data, offset)
        after = os.fstat(descriptor)
        file.seen = None
        if file.stamp == (before.st_mtime_ns, before.st_size):
            file.stamp = (after.st_mtime_ns, after.st_size)
        else:
            file.stamp = None
        self._written = True
        return done

    def truncate(self, size: int) -> None:
        if self.flags & os.O_ACCMODE == os.O_RDONLY:
            self.file.truncate(size)
            return
        os.ftruncate(self.descriptor, size)
        self.file.seen = None
        status = os.fstat(self.descriptor)
        self.file.stamp = (status.st_mtime_ns, status.st_size)
        self._written = True

    def flush(self) -> Rest | None:
        if self._written:
            with self.file.volume.working.lock:
                self.publish()
        return None

    def publish(self) -> None:
        """Tell programs of what was written. The machine's lock is held."""
        if self._written:
            self._written = False
            self.file.written()

    def sync(self) -> Rest:
        return synchronizing(os.dup(self.descriptor))

    def release(self) -> None:
        self.publish()
        self.file.handles.discard(self)
        descriptor, self.descriptor = self.descriptor, -1
        os.close(descriptor)


class CopyingHandle(DriveHandle):
    """An open file of an overlay: once somebody writes to the file, readers read the copy."""

    locked: ClassVar[bool] = True

    def read(self, offset: int, size: int) -> bytes:
        if self.identity != self.file.identity:
            with contextlib.suppress(OSError):
                descriptor = self.file.reopen(self.flags)
                os.close(self.descriptor)
                self.descriptor = descriptor
                self.identity = self.file.identity
        return super().read(offset, size)

    def flush(self) -> Rest | None:
        self.publish()
        return None
