"""What was written to a stream, kept in memory up to a bound."""

from __future__ import annotations

import threading


class Output:
    """The end of what was written, at most `limit` bytes of it, as a growing file.

    Offsets only grow while somebody reads; what was dropped reads as blank lines then. Whoever opens it first begins at
    the oldest byte kept. Adding is for one thread at a time, reading for any.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._data = bytearray()
        self._base = 0
        self._view = 0
        self._readers = 0

    def add(self, data: bytes) -> None:
        """Append."""
        with self._lock:
            kept = self._data
            kept += data
            if len(kept) >= 2 * self._limit:  # seldom: each time moves what is kept
                surplus = len(kept) - self._limit
                del kept[:surplus]
                self._base += surplus
                if not self._readers:
                    self._view = self._base

    def size(self) -> int:
        """The size as the current readers see it."""
        return self._base + len(self._data) - self._view

    def read(self, offset: int, size: int) -> bytes:
        """Bytes at an offset as the current readers see it."""
        with self._lock:
            at = self._view + offset - self._base
            gap = min(max(-at, 0), size)
            at = max(at, 0)
            return b"\n" * gap + self._data[at : at + size - gap]

    def opened(self) -> None:
        """A reader opened it."""
        with self._lock:
            self._readers += 1

    def closed(self) -> None:
        """A reader closed it."""
        with self._lock:
            self._readers -= 1
            if not self._readers:
                self._view = self._base
