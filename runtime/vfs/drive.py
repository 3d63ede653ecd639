"""A Windows volume over a host folder: names without regard to case, links that cannot lead out, attributes.

Look-ups take Windows components and give a `Location`. An exact name is tried first and costs one system call for the
whole path; otherwise the path is walked with a fold map per directory (upper-case name → Linux name), valid while the
directory's timestamp stands. Of names that differ in case only, the exact one wins, else the first in byte order.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import os
import stat
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field

from runtime.nt.casing import upcase
from runtime.nt.status import (
    STATUS_OBJECT_NAME_INVALID,
    STATUS_OBJECT_PATH_NOT_FOUND,
    STATUS_REPARSE_POINT_NOT_RESOLVED,
    NtError,
)
from runtime.vfs import names
from runtime.vfs.changes import Action, Change, ChangeFeed, Listener, Notify
from runtime.vfs.errors import host_errors, status_of
from runtime.vfs.metadata import JUNCTION, AttributeStore, Metadata
from runtime.vfs.tree import Tree, readlink

MAX_LINKS = 63
"""Reparse points Windows follows in one path."""

_CACHED_DIRECTORIES = 2048
_SETTLED = 50_000_000
"""A directory changed less than this many ns ago may change again within the same timestamp: its map is
not used again, except while all the changes are made here."""

_FRESH = 50_000_000
"""A map found right this many ns ago is taken to be right still when a change made here is noted in it."""

XATTR_NAME = "user.winfs.name"
"""Holds the whole of a name that was cut to fit."""


class DriveMode(enum.Enum):
    """What programs may do to the host folder."""

    READ_WRITE = "rw"
    READ_ONLY = "ro"
    OVERLAY = "overlay"


class DriveKind(enum.IntEnum):
    """GetDriveType."""

    REMOVABLE = 2
    FIXED = 3
    REMOTE = 4
    CDROM = 5
    RAMDISK = 6


class Reparse(Exception):
    """A link leads to another NT path, which the object manager has to look up (STATUS_REPARSE)."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(slots=True)
class Location:
    """Where a path leads: a host file, or a place where one can be created.

    `fd` (O_PATH) is -1 when nothing is there; whoever gets the Location closes it.
    """

    drive: Drive
    path: str
    name: str
    """The last component, as the caller spelled it."""
    fd: int = -1
    status: os.stat_result | None = None

    @property
    def exists(self) -> bool:
        """Whether a file is there."""
        return self.fd >= 0

    @property
    def mode(self) -> int:
        """The host file's st_mode; 0 when nothing is there."""
        return self.status.st_mode if self.status is not None else 0

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory or a link to one."""
        if stat.S_ISLNK(self.mode):
            return self.drive.link_is_directory(self.path, self.fd)
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        """Whether it is a link itself."""
        return stat.S_ISLNK(self.mode)

    def metadata(self) -> Metadata:
        """Read attributes, times and sizes. Raises OSError."""
        return self.drive.attributes.read(self.fd, link_to_directory=self.is_link and self.is_directory)

    def close(self) -> None:
        """Give the descriptor back."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Location:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


@dataclass(slots=True)
class _Folder:
    stamp: Hashable
    folded: dict[str, str]
    settled: bool = True
    """Whether the directory cannot change any more without its stamp changing."""
    seen: int = 0
    """When (monotonic, ns) the stamp was last found to hold."""
    followed: int = 0
    """When (monotonic, ns) a change made here was last noted in the map."""
    twins: bool = False
    full: dict[str, str] = field(default_factory=dict)
    """Linux name → Windows name, for names that were cut."""
    short: dict[str, str] | None = None


class Drive:
    """One volume."""

    def __init__(
        self,
        letter: str,
        tree: Tree,
        feed: ChangeFeed,
        *,
        mode: DriveMode = DriveMode.READ_WRITE,
        label: str = "",
        serial: int = 0,
        kind: DriveKind = DriveKind.FIXED,
        number: int = 1,
    ) -> None:
        self.letter = letter.upper()
        self.tree = tree
        self.mode = mode
        self.label = label
        self.serial = serial
        self.kind = kind
        self.device_name = f"HarddiskVolume{number}" if kind is not DriveKind.CDROM else f"CdRom{number}"
        self.attributes = AttributeStore()
        self._feed = feed
        self._folders: OrderedDict[str, _Folder] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Drive {self.letter}: {self.tree.host_path('')} {self.mode.value}>"

    # Look-up

    def resolve(self, parts: Sequence[str], *, follow: bool = True) -> Location:
        """Find the file at the Windows components `parts` (none: the root).

        `follow` says whether a link in the last component is followed. Raises NtError (STATUS_OBJECT_PATH_NOT_FOUND
        when a directory on the way is missing, STATUS_OBJECT_NAME_INVALID) and Reparse.
        """
        for part in parts:
            if not names.is_legal(part):
                raise NtError(STATUS_OBJECT_NAME_INVALID)
        path = "/".join(map(names.to_host, parts))
        name = parts[-1] if parts else ""
        try:
            fd = self.tree.locate(path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.ENAMETOOLONG):
                raise NtError(status_of(error)) from error
        else:
            status = os.fstat(fd)
            if not (follow and stat.S_ISLNK(status.st_mode)):
                return Location(self, path, name, fd, status)
            os.close(fd)
        return self._walk(list(parts), follow=follow)

    def _walk(self, parts: list[str], *, follow: bool) -> Location:
        links = 0
        path = ""
        queue = list(reversed(parts))
        name = parts[-1] if parts else ""
        trail: list[str] = []
        while queue:
            part = queue.pop()
            if part in ("", "."):
                continue
            if part == "..":
                path = trail.pop() if trail else ""
                continue
            host = self.find(path, part)
            below = f"{path}/{host or names.to_host(part)}".lstrip("/") if path else host or names.to_host(part)
            if host is None:
                if queue:
                    raise NtError(STATUS_OBJECT_PATH_NOT_FOUND)
                return Location(self, below, name)
            try:
                fd = self.tree.locate(below)
            except FileNotFoundError:
                self._folders.pop(path, None)
                if queue:
                    raise NtError(STATUS_OBJECT_PATH_NOT_FOUND) from None
                return Location(self, below, name)
            except OSError as error:
                raise NtError(status_of(error)) from error
            status = os.fstat(fd)
            if stat.S_ISLNK(status.st_mode) and (queue or follow):
                text = readlink(fd)
                os.close(fd)
                links += 1
                if links > MAX_LINKS:
                    raise NtError(STATUS_REPARSE_POINT_NOT_RESOLVED)
                target = self._link_target(text, queue)
                if text.startswith("/"):
                    path, trail = "", []
                queue.extend(reversed(target))
                continue
            if not queue:
                return Location(self, below, name, fd, status)
            os.close(fd)
            if not stat.S_ISDIR(status.st_mode):
                raise NtError(STATUS_OBJECT_PATH_NOT_FOUND)
            trail.append(path)
            path = below
        with host_errors():
            fd = self.tree.locate(path)
        return Location(self, path, name, fd, os.fstat(fd))

    def _link_target(self, text: str, queue: list[str]) -> list[str]:
        text = text.removeprefix(JUNCTION)
        if text.startswith("\\??\\"):
            rest = "\\".join(reversed(queue))
            target = text.rstrip("\\/")
            raise Reparse(f"{target}\\{rest}" if rest or target.endswith(":") else target)
        return [names.from_host(part) if part not in (".", "..") else part for part in text.split("/")]

    def link_is_directory(self, path: str, fd: int) -> bool:
        """Say whether the link behind `fd` counts as a directory: it says so by a final `/`, or what it names is
        one."""
        text = readlink(fd)
        if text.startswith(JUNCTION) or text.endswith(("/", "\\")):
            return True
        parts = [names.from_host(part) for part in path.split("/")]
        try:
            with self._walk(parts, follow=True) as target:
                return stat.S_ISDIR(target.mode)
        except (NtError, Reparse):
            return False

    def find(self, directory: str, name: str) -> str | None:
        """Return the Linux name in a directory (a host path) that the Windows name means, or None. Raises NtError."""
        host = names.to_host(name)
        try:
            os.close(self.tree.locate(f"{directory}/{host}" if directory else host))
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENAMETOOLONG):
                raise NtError(status_of(error)) from error
        else:
            return host
        folder = self._folder(directory)
        folded = upcase(name)
        found = folder.folded.get(folded)
        if found is None and "~" in name:
            found = self._short_names(folder).get(folded)
        return found

    def _folder(self, directory: str) -> _Folder:
        try:
            stamp = self.tree.stamp(directory)
            folder = self._folders.get(directory)
            now = time.monotonic_ns()
            if folder is not None and folder.stamp == stamp and (folder.settled or now - folder.followed < _SETTLED):
                folder.seen = now
                self._folders.move_to_end(directory)
                return folder
            folder = _Folder(stamp, {}, self._is_settled(stamp))
            for host in self.tree.names(directory):
                windows = names.from_host(host)
                if names.is_cut(host):
                    windows = folder.full[host] = self._full_name(directory, host, windows)
                if folder.folded.setdefault(upcase(windows), host) != host:
                    folder.twins = True
        except OSError as error:
            status = status_of(error)
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                status = STATUS_OBJECT_PATH_NOT_FOUND
            raise NtError(status) from error
        folder.seen = time.monotonic_ns()
        self._folders[directory] = folder
        self._folders.move_to_end(directory)
        while len(self._folders) > _CACHED_DIRECTORIES:
            self._folders.popitem(last=False)
        return folder

    def _follow(self, directory: str, host: str, *, present: bool) -> None:
        """Note a change made here in the map of a directory: a thousand new files must not mean a thousand listings.

        The map must have been right just before; else it is dropped.
        """
        folder = self._folders.get(directory)
        if folder is None:
            return
        now = time.monotonic_ns()
        if now - folder.seen > _FRESH or names.is_cut(host) or (folder.twins and not present):
            del self._folders[directory]
            return
        folded = upcase(names.from_host(host))
        known = folder.folded.get(folded)
        if present and known is None:
            folder.folded[folded] = host
        elif present and known != host:
            folder.twins = True
            folder.folded[folded] = min(known or host, host, key=os.fsencode)
        elif not present and known == host:
            del folder.folded[folded]
        folder.short = None
        try:
            folder.stamp = self.tree.stamp(directory)
        except OSError:
            del self._folders[directory]
            return
        folder.settled = False
        folder.seen = folder.followed = now

    @staticmethod
    def _is_settled(stamp: Hashable) -> bool:
        if isinstance(stamp, tuple) and len(stamp) == 3:
            return time.time_ns() - int(stamp[2]) > _SETTLED
        if isinstance(stamp, tuple):
            return all(part is None or Drive._is_settled(part) for part in stamp)
        return False

    def _full_name(self, directory: str, host: str, windows: str) -> str:
        try:
            fd = self.tree.locate(f"{directory}/{host}" if directory else host)
        except OSError:
            return windows
        try:
            return os.getxattr(f"/proc/self/fd/{fd}", XATTR_NAME).decode("utf-8", "surrogatepass")
        except (OSError, UnicodeDecodeError):
            return windows
        finally:
            os.close(fd)

    @staticmethod
    def _short_names(folder: _Folder) -> dict[str, str]:
        if folder.short is None:
            taken = set(folder.folded)
            folder.short = {}
            for folded, host in folder.folded.items():
                alias = names.short_name(folded, taken)
                if alias:
                    taken.add(alias)
                    folder.short[alias] = host
        return folder.short

    # Names

    def windows_name(self, directory: str, host: str) -> str:
        """Return the Windows name of the entry `host` of a directory."""
        if names.is_cut(host):
            with contextlib.suppress(NtError):
                return self._folder(directory).full.get(host) or names.from_host(host)
        return names.from_host(host)

    def windows_path(self, path: str) -> str:
        """Return the Windows path (no drive, no leading backslash) of a host path."""
        if not path:
            return ""
        parts = path.split("/")
        return "\\".join(self.windows_name("/".join(parts[:index]), part) for index, part in enumerate(parts))

    def short_path(self, path: str) -> str:
        """Return the Windows path of a host path with 8.3 names where they differ."""
        out = []
        parts = path.split("/") if path else []
        for index, part in enumerate(parts):
            directory = "/".join(parts[:index])
            by_host = {host: alias for alias, host in self._short_names(self._folder(directory)).items()}
            out.append(by_host.get(part) or self.windows_name(directory, part))
        return "\\".join(out)

    def short_name(self, directory: str, host: str) -> str:
        """Return the 8.3 alias of a directory's entry, or ""."""
        folder = self._folder(directory)
        return next((alias for alias, name in self._short_names(folder).items() if name == host), "")

    def entries(self, path: str) -> Iterator[tuple[str, str]]:
        """Yield (Windows name, Linux name) of a directory's entries, sorted as NTFS does; twins by case stay apart.

        Raises NtError.
        """
        with host_errors():
            found = self.tree.names(path)
        pairs = [(self.windows_name(path, host), host) for host in found]
        pairs.sort(key=lambda pair: upcase(pair[0]))
        yield from pairs

    def locate(self, path: str) -> Location:
        """Return the Location of an exact host path, not following a link. Raises NtError when it is not there."""
        with host_errors():
            fd = self.tree.locate(path)
        return Location(self, path, self.windows_path(path).rpartition("\\")[2], fd, os.fstat(fd))

    # Changes

    def invalidate(self, directory: str) -> None:
        """Forget the fold map of a directory whose entries were changed here."""
        self._folders.pop(directory, None)

    def changed(self, action: Action, path: str, notify: Notify, *, moved_from: str = "") -> None:
        """Tell the machine that a program changed the file at a host path; `moved_from` is a Windows path."""
        if action is not Action.MODIFIED:
            directory, _, host = path.rpartition("/")
            present = action in (Action.ADDED, Action.RENAMED_NEW_NAME)
            self._follow(directory, host, present=present)
        self._feed.publish(Change(action, self.letter, self.windows_path(path), notify, moved_from))

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for every change to any drive of the machine; returns what ends it."""
        return self._feed.subscribe(listener)

    def create_file(self, location: Location, flags: int) -> int:
        """Create a file at a Location that is free and return its descriptor. Raises NtError."""
        with host_errors():
            fd = self.tree.open(location.path, flags | os.O_CREAT | os.O_EXCL)
        self._remember_name(fd, location)
        self.changed(Action.ADDED, location.path, Notify.FILE_NAME)
        return fd

    def create_directory(self, location: Location) -> None:
        """Create a directory at a Location that is free. Raises NtError."""
        with host_errors():
            self.tree.mkdir(location.path)
            fd = self.tree.locate(location.path)
        try:
            self._remember_name(fd, location)
        finally:
            os.close(fd)
        self.changed(Action.ADDED, location.path, Notify.DIRECTORY_NAME)

    def create_link(self, location: Location, text: str, *, directory: bool) -> None:
        """Create a symbolic link that holds `text`. Raises NtError."""
        with host_errors():
            self.tree.symlink(text, location.path)
        self.changed(Action.ADDED, location.path, Notify.DIRECTORY_NAME if directory else Notify.FILE_NAME)

    @staticmethod
    def _remember_name(fd: int, location: Location) -> None:
        if (
            names.is_cut(location.path.rpartition("/")[2])
            and names.from_host(location.path.rpartition("/")[2]) != location.name
        ):
            with contextlib.suppress(OSError):
                os.setxattr(f"/proc/self/fd/{fd}", XATTR_NAME, location.name.encode("utf-8", "surrogatepass"))

    def remove(self, path: str, *, directory: bool) -> None:
        """Remove a file, link or empty directory by host path. Raises NtError."""
        with host_errors():
            if directory:
                self.tree.remove_directory(path)
            else:
                self.tree.remove_file(path)
        self.changed(Action.REMOVED, path, Notify.DIRECTORY_NAME if directory else Notify.FILE_NAME)

    def rename(self, source: str, target: Location, *, replace: bool, directory: bool) -> None:
        """Rename within the drive, over the file that is there if `replace`. Raises NtError."""
        before = self.windows_path(source)
        with host_errors():
            self.tree.rename(source, target.path, replace=replace)
        if replace and not names.equal(source, target.path):
            self.changed(Action.REMOVED, target.path, Notify.FILE_NAME)
        if names.is_cut(target.path.rpartition("/")[2]):
            with contextlib.suppress(OSError):
                fd = self.tree.locate(target.path)
                try:
                    self._remember_name(fd, target)
                finally:
                    os.close(fd)
        if directory:
            prefix = source + "/"
            for cached in [cached for cached in self._folders if cached == source or cached.startswith(prefix)]:
                del self._folders[cached]
        notify = Notify.DIRECTORY_NAME if directory else Notify.FILE_NAME
        if source.rpartition("/")[0] == target.path.rpartition("/")[0]:
            self.changed(Action.RENAMED_OLD_NAME, source, notify)
            self.changed(Action.RENAMED_NEW_NAME, target.path, notify, moved_from=before)
        else:
            self.changed(Action.REMOVED, source, notify)
            self.changed(Action.ADDED, target.path, notify, moved_from=before)

    def link(self, source: str, target: Location) -> None:
        """Make a hard link at a Location that is free. Raises NtError."""
        with host_errors():
            self.tree.link(source, target.path)
        self.changed(Action.ADDED, target.path, Notify.FILE_NAME)
