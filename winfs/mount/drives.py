r"""`drives/c` and its like: what programs see is what you see.

Names are Windows names in UTF-8, found without regard to case; what Windows forbids is refused. A directory is known by
where it is, a file by its inode (`drive_files.py`).
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from runtime.vfs import names
from runtime.vfs.changes import Notify
from runtime.vfs.drive import Drive, Location
from winfs.mount.drive_files import (
    TIMEOUT,
    DriveFile,
    NamedFile,
    Placed,
    Volume,
    Working,
    plain_errors,
    synchronizing,
)
from winfs.mount.drive_names import name_for_new, shown, windows_name
from winfs.mount.drive_streams import StreamOfFile, stream_name
from winfs.mount.node import Directory, File, Node, Rest, fail

if TYPE_CHECKING:
    from runtime.vfs.drives import Drives


class DrivesDirectory(Directory):
    """`drives/`: one directory a letter.

    `path` is where the mount shows it. `working` tells others whether a change is a program's or the mount's own.
    """

    entry_timeout = TIMEOUT
    attribute_timeout = TIMEOUT

    def __init__(self, drives: Drives, lock: threading.Lock, path: str) -> None:
        self._drives = drives
        self._path = path
        self._roots: dict[str, DriveDirectory] = {}
        self.working = Working(lock)

    def _root(self, drive: Drive) -> DriveDirectory:
        root = self._roots.get(drive.letter)
        if root is None or root.volume.drive is not drive:
            root = self._roots[drive.letter] = DriveDirectory(Volume(drive, self.working, self._path), None, "")
        return root

    def look_up(self, name: str) -> Node:
        drive = self._drives.get(name) if len(name) == 1 else None
        if drive is None:
            raise fail(errno.ENOENT)
        root = self._root(drive)
        root.entry_timeout = TIMEOUT if name.islower() else 0.0
        return root

    def place(self, letter: str, path: str) -> tuple[DriveDirectory | None, str, str]:
        """Where the file at a Windows path below a drive's root is: its directory if that was ever looked at, its host
        name and its name in the mount."""
        directory = self._roots.get(letter)
        head, _, windows = path.rpartition("\\")
        for part in head.split("\\") if head else ():
            if directory is not None:
                directory = directory.directories.get(names.to_host(part))
        return directory, names.to_host(windows), shown(windows)

    def entries(self) -> Iterable[tuple[str, Node]]:
        return [(drive.letter.lower(), self._root(drive)) for drive in self._drives]


class DriveDirectory(Placed, Directory):
    """A directory of a drive, which keeps its identity while it stays where it is or is moved through the mount."""

    def __init__(self, volume: Volume, parent: DriveDirectory | None, host: str) -> None:
        super().__init__()
        self.volume = volume
        self.parent = parent
        self.host = host
        self.gone = False
        self.directories: WeakValueDictionary[str, DriveDirectory] = WeakValueDictionary()
        self.files: WeakValueDictionary[str, NamedFile] = WeakValueDictionary()

    def path(self) -> str:
        parts = []
        directory: DriveDirectory | None = self
        while directory is not None and directory.parent is not None:
            if directory.gone:
                raise fail(errno.ENOENT)
            parts.append(directory.host)
            directory = directory.parent
        return "/".join(reversed(parts))

    def locate(self) -> int:
        return self.volume.tree.locate(self.path())

    def below(self, host: str) -> str:
        """The host path of an entry."""
        path = self.path()
        return f"{path}/{host}" if path else host

    def _node(self, host: str, status: os.stat_result) -> NamedFile | DriveDirectory:
        if not stat.S_ISDIR(status.st_mode):
            return self.volume.file(self, host, status)
        found = self.directories.get(host)
        if found is None:
            found = self.directories[host] = DriveDirectory(self.volume, self, host)
        found.remember(status)
        return found

    def known(self, host: str) -> NamedFile | DriveDirectory | None:
        """The entry of that host name, if it was looked at."""
        return self.directories.get(host) or self.files.get(host)

    def leave(self) -> None:
        """The directory is gone from where it was."""
        self.gone = True
        if self.parent is not None and self.parent.directories.get(self.host) is self:
            del self.parent.directories[self.host]

    def move(self, parent: DriveDirectory, host: str) -> None:
        """The directory is now there."""
        self.leave()
        self.gone = False
        self.parent, self.host = parent, host
        parent.directories[host] = self

    def _find(self, name: str) -> tuple[str, os.stat_result, bool] | None:
        """The host name and stat of the entry that `name` means, and whether it is spelled exactly so."""
        windows = windows_name(name)
        tree = self.volume.tree
        for spelled in (windows, windows.rstrip(". ")):
            if not names.is_legal(spelled):
                continue
            host: str | None = names.to_host(spelled)
            exact = spelled is windows
            for _ in range(2):
                assert host is not None
                try:
                    descriptor = tree.locate(self.below(host))
                except FileNotFoundError:
                    with plain_errors():
                        host = self.volume.drive.find(self.path(), spelled)
                    exact = False
                    if host is None:
                        break
                    continue
                try:
                    return host, os.fstat(descriptor), exact
                finally:
                    os.close(descriptor)
            if spelled == windows.rstrip(". "):
                break
        return None

    def _stream(self, name: str) -> StreamOfFile | None:
        """The stream, existing or not, of an existing file that a name means."""
        parts = stream_name(name)
        if parts is None or not parts.stream:
            return None
        found = self._find(parts.file) if parts.file else None
        return StreamOfFile(self._node(found[0], found[1]), parts.stream) if found is not None else None

    def look_up(self, name: str) -> Node:
        found = self._find(name)
        if found is None:
            stream = self._stream(name)
            if stream is not None and stream.find() is not None:
                return stream
            raise fail(errno.ENOENT)
        host, status, exact = found
        node = self._node(host, status)
        node.entry_timeout = TIMEOUT if exact else 0.0
        return node

    def entries(self) -> Iterable[tuple[str, Node]]:
        path = self.path()
        with plain_errors():
            found = list(self.volume.drive.entries(path))
        result: list[tuple[str, Node]] = []
        statuses = self.volume.tree.statuses(path, [host for _, host in found])
        for (windows, host), status in zip(found, statuses, strict=True):
            if status is None:
                continue
            node = self._node(host, status)
            node.entry_timeout = TIMEOUT
            result.append((shown(windows), node))
        return result

    def _free(self, name: str) -> Location:
        """Where something new of that name goes. Raises OSError EEXIST when there is something."""
        windows = name_for_new(name)
        if self._find(name) is not None:
            raise fail(errno.EEXIST)
        return Location(self.volume.drive, self.below(names.to_host(windows)), windows)

    def create(self, name: str, mode: int) -> File:
        stream = self._stream(name)
        if stream is not None:
            if stream.find() is not None:
                raise fail(errno.EEXIST)
            stream.store(lambda data: data, Notify.STREAM_NAME)
            return stream
        location = self._free(name)
        with self.volume.changing():
            descriptor = self.volume.drive.create_file(location, os.O_RDWR)
        try:
            os.fchmod(descriptor, mode & 0o777)
            node = self.volume.file(self, location.path.rpartition("/")[2], os.fstat(descriptor))
        except OSError:
            os.close(descriptor)
            raise
        assert isinstance(node, DriveFile)
        node.give(descriptor)
        node.entry_timeout = TIMEOUT
        return node

    def make_special(self, name: str, mode: int, device: int) -> Node:
        if not stat.S_ISREG(mode):
            raise fail(errno.EPERM)
        return self.create(name, mode)

    def make_directory(self, name: str, mode: int) -> Directory:
        location = self._free(name)
        with self.volume.changing():
            self.volume.drive.create_directory(location)
        node = self.look_up(name)
        assert isinstance(node, DriveDirectory)
        with node.place() as place:
            os.chmod(place, mode & 0o777)
        node.seen = None
        return node

    def make_link(self, name: str, target: str) -> Node:
        location = self._free(name)
        with self.volume.changing():
            self.volume.drive.create_link(location, self.volume.links.stored(target), directory=target.endswith("/"))
        return self.look_up(name)

    def make_hard_link(self, name: str, node: Node) -> Node:
        if not isinstance(node, NamedFile) or node.volume is not self.volume:
            raise fail(errno.EXDEV)
        location = self._free(name)
        source = node.prepare()
        with self.volume.changing():
            self.volume.drive.link(source, location)
        node.settle()
        return self.look_up(name)

    def _existing(self, name: str) -> tuple[str, Node]:
        found = self._find(name)
        if found is None:
            raise fail(errno.ENOENT)
        return found[0], self._node(found[0], found[1])

    def remove(self, name: str) -> None:
        stream = self._stream(name)
        if stream is not None:
            stream.delete()
            return
        host, node = self._existing(name)
        if isinstance(node, DriveDirectory):
            raise fail(errno.EISDIR)
        with self.volume.changing():
            self.volume.drive.remove(self.below(host), directory=False)
        assert isinstance(node, NamedFile)
        node.drop_place(self, host)

    def remove_directory(self, name: str) -> None:
        host, node = self._existing(name)
        if not isinstance(node, DriveDirectory):
            raise fail(errno.ENOTDIR)
        with self.volume.changing():
            self.volume.drive.remove(self.below(host), directory=True)
        node.leave()

    def rename(self, name: str, target: Directory, new_name: str, *, replace: bool) -> None:
        if not isinstance(target, DriveDirectory) or target.volume is not self.volume:
            raise fail(errno.EXDEV)
        if self._stream(name) is not None or target._stream(new_name) is not None:
            raise fail(errno.EXDEV)  # `mv` then copies
        host, node = self._existing(name)
        windows = name_for_new(new_name)
        found = target._find(new_name)
        new_host = names.to_host(windows)
        over: Node | None = None
        if found is not None and not (target is self and found[0] == host):
            if not replace:
                raise fail(errno.EEXIST)
            new_host = found[0]
            over = target._node(found[0], found[1])
        location = Location(self.volume.drive, target.below(new_host), windows)
        with self.volume.changing():
            self.volume.drive.rename(
                self.below(host), location, replace=over is not None, directory=isinstance(node, DriveDirectory)
            )
        if isinstance(over, NamedFile):
            over.drop_place(target, new_host)
        elif isinstance(over, DriveDirectory):
            over.leave()
        if isinstance(node, NamedFile):
            node.drop_place(self, host)
            node.add_place(target, new_host)
            if self.volume.copies:
                node.settle()
        elif isinstance(node, DriveDirectory):
            node.move(target, new_host)

    def sync(self) -> Rest:
        return synchronizing(self.volume.tree.open(self.path(), os.O_RDONLY | os.O_DIRECTORY))
