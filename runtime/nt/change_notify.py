"""Directory change notification: what ReadDirectoryChangesW and FindFirstChangeNotification wait for."""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING

from runtime.nt.casing import upcase
from runtime.nt.io_request import IoRequest
from runtime.nt.status import (
    STATUS_DELETE_PENDING,
    STATUS_NOTIFY_CLEANUP,
    STATUS_NOTIFY_ENUM_DIR,
    STATUS_SUCCESS,
    NtError,
)
from runtime.vfs.changes import Change, Notify
from runtime.vfs.drive import Reparse
from runtime.vfs.metadata import Metadata

if TYPE_CHECKING:
    from runtime.nt.disk_file import DiskFile

_BUFFERED = 4096
"""Changes kept between two requests; one more and the program is told to list the directory again."""


class DirectoryWatch:
    """Collects the changes below one open directory, from its first request until its handle is closed."""

    def __init__(self, file: DiskFile, filter_mask: int, *, subtree: bool) -> None:
        self._drive = file.drive.letter
        self._prefix = upcase(file.file_name.strip("\\") + "\\").lstrip("\\")
        self._filter = filter_mask
        self._subtree = subtree
        self._changes: deque[tuple[int, str]] = deque()
        self._overflow = False
        self._size = 0
        """Bytes the first request offered: more changes than that are lost, as on Windows."""
        self._waiting: deque[IoRequest] = deque()
        self._extended = False
        self._tree = file.drive
        self._base = file.host_path
        self._closed = False
        self._unsubscribe = file.drive.subscribe(self._changed)

    def request(self, request: IoRequest, *, extended: bool = False) -> int:
        """Answer with the changes collected, or wait for one."""
        if self._closed:
            raise NtError(STATUS_DELETE_PENDING)
        if not self._size:
            self._size = request.length
            self._extended = extended
        if self._overflow or self._changes:
            data, status = self._take(request.length)
            request.write_buffer(data)
            request.information = len(data)
            return status
        self._waiting.append(request)
        return request.pend(lambda: self._waiting.remove(request))

    def _changed(self, change: Change) -> None:
        if change.drive != self._drive or not change.notify & Notify(self._filter & 0xFFF):
            return
        if self._prefix and not upcase(change.path).startswith(self._prefix):
            return
        name = change.path[len(self._prefix) :]
        if not name or ("\\" in name and not self._subtree):
            return
        if not self._overflow:
            last = self._changes[-1] if self._changes else None
            if last != (change.action, name):
                self._changes.append((change.action, name))
            if len(self._changes) > _BUFFERED or self._packed_size() > max(self._size, 64):
                self._changes.clear()
                self._overflow = True
        while self._waiting and (self._changes or self._overflow):
            waiting = self._waiting.popleft()
            data, status = self._take(waiting.length)
            waiting.deliver(data, status)

    def _packed_size(self) -> int:
        if not self._size:
            return 0
        return sum(12 + len(name) * 2 + 2 for _, name in self._changes)

    def _take(self, length: int) -> tuple[bytes, int]:
        changes, self._changes = list(self._changes), deque()
        overflow, self._overflow = self._overflow, False
        out = bytearray()
        last = 0
        align = 8 if self._extended else 4
        for action, name in changes:
            entry = self._entry(action, name)
            start = -(-len(out) // align) * align
            if start + len(entry) > length:
                overflow = True
                break
            if out:
                out += bytes(start - len(out))
                struct.pack_into("<I", out, last, start - last)
            last = start
            out += entry
        if overflow:
            return b"", STATUS_NOTIFY_ENUM_DIR
        return bytes(out), STATUS_SUCCESS

    def _entry(self, action: int, name: str) -> bytes:
        """Return a FILE_NOTIFY_INFORMATION or FILE_NOTIFY_EXTENDED_INFORMATION."""
        encoded = name.encode("utf-16-le", "surrogatepass")
        if not self._extended:
            return struct.pack("<III", 0, action, len(encoded)) + encoded
        data = Metadata(0, 0, 0, 0, 0, 0, 0, 0, 0)
        parent = 0
        try:
            with self._tree.locate(self._base) as directory:
                parent = directory.metadata().file_id
            parts = [part for part in self._tree.windows_path(self._base).split("\\") if part]
            with self._tree.resolve([*parts, *name.split("\\")], follow=False) as found:
                if found.exists:
                    data = found.metadata()
        except (NtError, OSError, Reparse):
            pass  # it is gone already: an entry of zeros, as Windows gives for what was removed
        times = (data.created, data.written, data.changed, data.accessed)
        header = struct.pack("<IIqqqqqqIIqqI", 0, action, *times, data.allocated, data.size, data.attributes,
                             data.reparse_tag, data.file_id, parent, len(encoded))  # fmt: skip
        return header + encoded

    def close(self) -> None:
        """The directory's handle is closed: who still waits is told so."""
        if not self._closed:
            self._closed = True
            self._unsubscribe()
            while self._waiting:
                self._waiting.popleft().complete(STATUS_NOTIFY_CLEANUP)
