"""The tree that the mount serves: directories, files and links with plain methods, and what a file is while it is open.

Nothing here knows of FUSE. Every method is called with machine.lock held, in the loop, and must not block: what waits
for a disk is given back as a `Rest`. A `Handle` that touches no machine state says so with `locked = False`.
Failures are OSError with an errno, or NtError.

Names are in `os.fsdecode` form. A look-up may make a new node every time: nodes with equal `key` are the same file, and
share its inode as long as the kernel knows it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

Rest = Callable[[], None]
"""What is left of a request and waits for a disk: done in a thread, without machine.lock. Raises OSError, NtError."""

MOMENT = 1e-6
"""Seconds that the kernel rounds up to its next tick: what a look-up told answers the stat or open it was for."""
SMALL = 1 << 20
"""The most that is written into a file whose contents are taken as a whole."""


def fail(number: int) -> OSError:
    """The OSError of an errno."""
    return OSError(number, os.strerror(number))


@dataclass(slots=True)
class Attributes:
    """What stat shows. Times are ns since 1970; `modified` None means since the mount; `inode` 0 is FUSE's number."""

    mode: int
    size: int = 0
    modified: int | None = None
    accessed: int | None = None
    changed: int | None = None
    links: int = 1
    owner: tuple[int, int] | None = None
    """User and group; None is whoever mounted."""
    blocks: int | None = None
    inode: int = 0
    device: int = 0


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """What chmod, chown, truncate and utime ask for; None is left alone."""

    size: int | None = None
    mode: int | None = None
    owner: int | None = None
    group: int | None = None
    accessed: int | None = None
    modified: int | None = None


@dataclass(slots=True)
class Filesystem:
    """What statfs shows."""

    block_size: int = 4096
    blocks: int = 0
    free: int = 0
    available: int = 0
    files: int = 0
    free_files: int = 0
    name_length: int = 255


class Node:
    """Base of everything in the tree.

    `entry_timeout` and `attribute_timeout` are how long the kernel may believe name and attributes, in seconds.
    """

    entry_timeout: float = 0.0
    attribute_timeout: float = 0.0
    look_up_timeout: float = 0.0
    """How long the kernel may believe the attributes that came with a look-up, if that is longer."""

    @property
    def key(self) -> Hashable:
        """What makes this the same file as another node."""
        return self

    def attributes(self) -> Attributes:
        """What stat shows."""
        raise NotImplementedError

    def change(self, change: AttributeChange) -> None:
        """chmod, chown and utime are accepted without effect; a size is not."""
        if change.size is not None:
            raise fail(errno.EPERM)

    def extended_attributes(self) -> dict[bytes, bytes]:
        """The extended attributes by name."""
        return {}

    def extended_attribute(self, name: bytes) -> bytes:
        """One extended attribute. Raises OSError ENODATA."""
        try:
            return self.extended_attributes()[name]
        except KeyError:
            raise fail(errno.ENODATA) from None

    def set_extended_attribute(self, name: bytes, value: bytes) -> None:
        """Set an extended attribute."""
        raise fail(errno.EOPNOTSUPP)

    def remove_extended_attribute(self, name: bytes) -> None:
        """Remove an extended attribute."""
        raise fail(errno.EOPNOTSUPP)

    def filesystem(self) -> Filesystem:
        """What statfs shows of where this node is."""
        return Filesystem()


class Directory(Node):
    """A directory. `look_up` and `entries` are the least that a subclass has."""

    attribute_timeout = 1.0
    mode: int = 0o555

    def attributes(self) -> Attributes:
        return Attributes(stat.S_IFDIR | self.mode, links=2)

    def look_up(self, name: str) -> Node:
        """The entry of that name. Raises OSError ENOENT."""
        raise fail(errno.ENOENT)

    def entries(self) -> Iterable[tuple[str, Node]]:
        """All entries, in the order they are listed."""
        return ()

    def create(self, name: str, mode: int) -> File:
        """Make a file; whoever opens it does so next. Raises OSError."""
        raise fail(errno.EPERM)

    def make_directory(self, name: str, mode: int) -> Directory:
        """Make a directory. Raises OSError."""
        raise fail(errno.EPERM)

    def make_link(self, name: str, target: str) -> Node:
        """Make a symbolic link. Raises OSError."""
        raise fail(errno.EPERM)

    def make_hard_link(self, name: str, node: Node) -> Node:
        """Give a file another name. Raises OSError."""
        raise fail(errno.EPERM)

    def make_special(self, name: str, mode: int, device: int) -> Node:
        """Make a pipe, socket or device. Raises OSError."""
        raise fail(errno.EPERM)

    def remove(self, name: str) -> None:
        """Remove a file. Raises OSError."""
        raise fail(errno.EPERM)

    def remove_directory(self, name: str) -> None:
        """Remove an empty directory. Raises OSError."""
        raise fail(errno.EPERM)

    def rename(self, name: str, target: Directory, new_name: str, *, replace: bool) -> None:
        """Move an entry, over an existing one if `replace`. Raises OSError; EXDEV lets `mv` copy instead."""
        raise fail(errno.EXDEV if target is not self else errno.EPERM)

    def settle(self) -> Rest | None:
        """What is left to do after an entry was made or moved: something only while nothing can be stored."""
        return None

    def sync(self) -> Rest | None:
        """fsync of the directory."""
        return None


class Folder(Directory):
    """A directory whose entries are given once."""

    entry_timeout = 1.0
    attribute_timeout = 1.0

    def __init__(self, entries: dict[str, Node]) -> None:
        self._entries = entries

    def look_up(self, name: str) -> Node:
        try:
            return self._entries[name]
        except KeyError:
            raise fail(errno.ENOENT) from None

    def entries(self) -> Iterable[tuple[str, Node]]:
        return self._entries.items()


class Link(Node):
    """A symbolic link."""

    def __init__(self, key: Hashable, target: str) -> None:
        self._key = key
        self._target = target

    @property
    def key(self) -> Hashable:
        return self._key

    def attributes(self) -> Attributes:
        return Attributes(stat.S_IFLNK | 0o777, size=len(os.fsencode(self.target())))

    def target(self) -> str:
        """Where it leads."""
        return self._target


class Handle:
    """An open file.

    `direct` bypasses the page cache: reads may go beyond the size that stat showed. `keep_cache` lets the kernel keep
    the pages it has of this file. `locked` says whether reading and writing need machine.lock.
    """

    direct: bool = True
    keep_cache: bool = False
    locked: ClassVar[bool] = True

    later: Callable[[], None] | None = None
    """What a write has begun and must not hold up the machine: done on a thread, without the lock, before the write
    returns. Raises OSError."""

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes; fewer mean the end."""
        raise fail(errno.EBADF)

    def write(self, offset: int, data: bytes) -> int:
        """Write; returns how much was taken."""
        raise fail(errno.EBADF)

    def truncate(self, size: int) -> None:
        """ftruncate, or the truncation that belongs to this open."""
        raise fail(errno.EPERM)

    def flush(self) -> Rest | None:
        """Somebody closed a descriptor of this file; may happen several times."""
        return None

    def sync(self) -> Rest | None:
        """fsync."""
        return None

    def release(self) -> None:
        """The last descriptor is closed."""

    def poll(self, wake: Callable[[], None] | None) -> int:
        """The `select.POLL*` bits that hold now; `wake` is to be called once when more may hold."""
        return 0x145  # POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM


class File(Node):
    """A file."""

    mode: int = 0o444
    grows: ClassVar[bool] = False
    """Whether it grows by itself, so that somebody may want to follow it."""

    def attributes(self) -> Attributes:
        return Attributes(stat.S_IFREG | self.mode, size=self.size())

    def size(self) -> int:
        """The size that stat shows."""
        raise NotImplementedError

    def open(self, flags: int) -> Handle:
        """Open for reading, writing or both (`os.O_*`)."""
        raise NotImplementedError

    def truncate(self, size: int) -> None:
        """truncate by path, while nobody has the file open for writing."""
        raise fail(errno.EPERM)

    def change(self, change: AttributeChange) -> None:
        if change.size is not None:
            self.truncate(change.size)


class ContentHandle(Handle):
    """Contents as they were at the time of opening."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, offset: int, size: int) -> bytes:
        return self._content[offset : offset + size]


class Text(File):
    """A file that can only be read and is made up when it is looked at."""

    look_up_timeout = MOMENT

    def __init__(self, key: Hashable, content: Callable[[], bytes]) -> None:
        self._key = key
        self._content = content

    @property
    def key(self) -> Hashable:
        return self._key

    def size(self) -> int:
        return len(self._content())

    def open(self, flags: int) -> Handle:
        if flags & os.O_ACCMODE != os.O_RDONLY:
            raise fail(errno.EACCES)
        return ContentHandle(self._content())


Execute = Callable[[str], Callable[[], None] | None]
"""Does one line of a command file; what it returns is the handle's `later`."""


def _do_all(works: Iterable[Callable[[], None]]) -> None:
    for work in works:
        work()


class CommandHandle(ContentHandle):
    """A file that takes commands: every line that is written is done at once."""

    def __init__(self, content: bytes, execute: Execute) -> None:
        super().__init__(content)
        self._execute = execute

    def write(self, offset: int, data: bytes) -> int:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise fail(errno.EINVAL) from None
        commands = [line.strip() for line in text.splitlines()]
        if not any(commands):
            raise fail(errno.EINVAL)
        later = [work for line in commands if line and (work := self._execute(line)) is not None]
        if later:
            self.later = partial(_do_all, later)
        return len(data)

    def truncate(self, size: int) -> None:
        """`>` truncates before it writes; there is nothing to cut."""


class Command(Text):
    """A file that shows text and takes commands: `execute` does one line, raising OSError EINVAL for a bad one."""

    mode = 0o644

    def __init__(self, key: Hashable, content: Callable[[], bytes], execute: Execute) -> None:
        super().__init__(key, content)
        self._execute = execute

    def open(self, flags: int) -> Handle:
        reading = flags & os.O_ACCMODE != os.O_WRONLY
        return CommandHandle(self._content() if reading else b"", self._execute)

    def truncate(self, size: int) -> None:
        """`>` truncates before it writes; there is nothing to cut."""


@dataclass(slots=True)
class Buffer:
    """The contents of a file that are written piece by piece and taken as a whole."""

    data: bytearray = field(default_factory=bytearray)
    written: bool = False
    truncated: bool = False

    def write(self, offset: int, data: bytes) -> None:
        """Put `data` at an offset. Raises OSError EFBIG."""
        if offset + len(data) > SMALL:
            raise fail(errno.EFBIG)
        if offset > len(self.data):
            self.data.extend(bytes(offset - len(self.data)))
        self.data[offset : offset + len(data)] = data
        self.written = True

    def truncate(self, size: int) -> None:
        """Cut or extend with zeros. Raises OSError EFBIG."""
        if size > SMALL:
            raise fail(errno.EFBIG)
        self.data[size:] = bytes(max(size - len(self.data), 0))
        self.truncated = True


def state_text(state: dict[str, str | int | bool | None]) -> bytes:
    """State as text: one `Name: value` a line, None as nothing."""
    lines = []
    for name, value in state.items():
        shown = "" if value is None else ("yes" if value else "no") if isinstance(value, bool) else str(value)
        lines.append(f"{name}: {shown}".rstrip())
    return text("\n".join(lines) + "\n")


def text(content: str) -> bytes:
    """Encode text of a program's making: a lone surrogate becomes `\\udc80`."""
    return content.encode("utf-8", "backslashreplace")
