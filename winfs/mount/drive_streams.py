"""Named streams of a drive's files in the mount: `file:stream`, found and made but, as on Windows, not listed.

`listxattr` lists them: a stream is the extended attribute `user.DosStream.NAME:$DATA` (see runtime.vfs.streams).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Hashable

from runtime.nt.casing import upcase
from runtime.vfs import streams
from runtime.vfs.changes import Action, Notify
from runtime.vfs.streams import StreamName
from winfs.mount.drive_files import Placed
from winfs.mount.drive_names import windows_name
from winfs.mount.node import AttributeChange, Attributes, File, Handle, fail

_LIMIT = 1 << 16
"""What programs may write into a stream."""


def stream_name(name: str) -> StreamName | None:
    """What a name in the mount says of a stream; None when it names none."""
    return streams.split(windows_name(name)) if ":" in name else None


class StreamOfFile(File):
    """One stream of a file or directory."""

    def __init__(self, owner: Placed, stream: str) -> None:
        self._owner = owner
        self.stream = stream

    @property
    def key(self) -> Hashable:
        return "stream", self._owner, upcase(self.stream)

    def find(self) -> str | None:
        """The stream's name as it is stored, or None when there is no such stream."""
        with self._owner.place() as place:
            return streams.find(place, self.stream)

    def load(self) -> bytes:
        """The contents. Raises OSError ENOENT."""
        with self._owner.place() as place:
            stored = streams.find(place, self.stream)
            if stored is None:
                raise fail(errno.ENOENT)
            return streams.read(place, stored)

    def store(self, change: Callable[[bytes], bytes], notify: Notify) -> None:
        """Change the contents. Raises OSError ENOSPC for more than the host keeps in an attribute."""
        self._owner.prepare()
        with self._owner.place() as place:
            stored = streams.find(place, self.stream)
            data = change(streams.read(place, stored) if stored is not None else b"")
            if len(data) > _LIMIT:
                raise fail(errno.ENOSPC)
            streams.write(place, stored or self.stream, data)
        self._tell(notify)

    def delete(self) -> None:
        """Remove the stream. Raises OSError ENOENT."""
        self._owner.prepare()
        with self._owner.place() as place:
            stored = streams.find(place, self.stream)
            if stored is None:
                raise fail(errno.ENOENT)
            streams.remove(place, stored)
        self._tell(Notify.STREAM_NAME)

    def _tell(self, notify: Notify) -> None:
        volume, path = self._owner.volume, self._owner.path()
        if path:
            with volume.changing():
                volume.drive.changed(Action.MODIFIED, path, notify)

    def attributes(self) -> Attributes:
        size = len(self.load())
        found = self._owner.attributes()
        mode = stat.S_IFREG | stat.S_IMODE(found.mode) & 0o666
        return Attributes(mode, size, found.modified, found.accessed, found.changed, owner=found.owner)

    def open(self, flags: int) -> Handle:
        if flags & os.O_ACCMODE != os.O_RDONLY and not self._owner.volume.tree.writable:
            raise fail(errno.EROFS)
        return StreamOfFileHandle(self, flags)

    def truncate(self, size: int) -> None:
        if size > _LIMIT:
            raise fail(errno.ENOSPC)
        self.store(lambda data: data[:size].ljust(size, b"\0"), Notify.STREAM_SIZE)

    def change(self, change: AttributeChange) -> None:
        if change.size is not None:
            self.truncate(change.size)


class StreamOfFileHandle(Handle):
    """An open stream: each read and write is done at once, since programs may have it open too."""

    def __init__(self, file: StreamOfFile, flags: int) -> None:
        self._file = file
        self._append = bool(flags & os.O_APPEND)
        if flags & os.O_TRUNC:
            file.truncate(0)

    def read(self, offset: int, size: int) -> bytes:
        return self._file.load()[offset : offset + size]

    def write(self, offset: int, data: bytes) -> int:
        def put(old: bytes) -> bytes:
            at = len(old) if self._append else offset
            return old[:at].ljust(at, b"\0") + data + old[at + len(data) :]

        if offset + len(data) > _LIMIT:
            raise fail(errno.ENOSPC)
        self._file.store(put, Notify.STREAM_WRITE | Notify.STREAM_SIZE)
        return len(data)

    def truncate(self, size: int) -> None:
        self._file.truncate(size)
