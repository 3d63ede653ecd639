"""What lies behind the views of a section: zeroed pages, a file, or a PE image."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Protocol

from runtime.cpu.physical import PAGE_SIZE, PhysicalMemory
from runtime.memory.runs import Runs


class Backing(Protocol):
    """Pages that any number of views may map. `acquire` and `release` count the users; the last one frees them."""

    size: int

    def frame(self, index: int) -> int:
        """Return the frame of page `index`, loading it if need be. Raises OSError."""
        ...

    def acquire(self) -> None:
        """Note one more user."""
        ...

    def release(self) -> None:
        """Give up one use."""
        ...


class _Counted:
    def __init__(self) -> None:
        self._users = 1

    def acquire(self) -> None:
        """Note one more user."""
        self._users += 1

    def release(self) -> None:
        """Give up one use; the last one frees the frames."""
        self._users -= 1
        if self._users == 0:
            self._free()

    def _free(self) -> None:
        raise NotImplementedError


class ZeroBacking(_Counted):
    """Zeroed pages that appear when touched (a section backed by the paging file)."""

    def __init__(self, memory: PhysicalMemory, size: int, *, reserved: bool = False) -> None:
        """`reserved`: no page is committed yet (SEC_RESERVE)."""
        super().__init__()
        self.size = size
        self.committed = Runs(0, -(-size // PAGE_SIZE), 0) if reserved else None
        """Which pages are committed, for all views alike; None where all are."""
        self._memory = memory
        self._frames: dict[int, int] = {}

    def frame(self, index: int) -> int:
        """Return the frame of page `index`."""
        frame = self._frames.get(index)
        if frame is None:
            frame = self._frames[index] = self._memory.allocate()
        return frame

    def _free(self) -> None:
        for frame in self._frames.values():
            self._memory.free(frame)
        self._frames.clear()


class FileBacking(_Counted):
    """An open host file, mapped so that its pages are the host's page cache."""

    def __init__(self, memory: PhysicalMemory, descriptor: int, size: int, writable: bool) -> None:
        """Raises OSError when the host cannot map the file."""
        super().__init__()
        self.size = size
        self.on_free: Callable[[], None] | None = None
        """Called when the last user is gone."""
        self._memory = memory
        self._start = memory.map_file(descriptor, 0, size, writable)
        self._lost: set[int] = set()

    def frame(self, index: int) -> int:
        """Return the frame of page `index`. Raises OSError for a page that was lost."""
        if index in self._lost:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return self._start + index * PAGE_SIZE

    def lose(self, frame: int) -> int | None:
        """The file no longer covers a frame: return the page's index, or None where the frame is not of this file."""
        index = frame - self._start >> 12
        if not 0 <= index < -(-self.size // PAGE_SIZE):
            return None
        self._lost.add(index)
        return index

    def _free(self) -> None:
        self._memory.unmap_file(self._start, self.size)
        if self.on_free is not None:
            self.on_free()


class ImageBacking(_Counted):
    """The pages of a PE image at one base address, read and relocated when touched.

    `fill(index)` returns the contents of page `index` (at most one page of bytes; the rest is zero).
    """

    def __init__(self, memory: PhysicalMemory, size: int, fill: Callable[[int], bytes]) -> None:
        super().__init__()
        self.size = size
        self._memory = memory
        self._fill = fill
        self._frames: dict[int, int] = {}

    def frame(self, index: int) -> int:
        """Return the frame of page `index`."""
        frame = self._frames.get(index)
        if frame is None:
            data = self._fill(index)
            frame = self._memory.allocate()
            self._memory.bytes[frame : frame + len(data)] = data
            self._frames[index] = frame
        return frame

    def _free(self) -> None:
        for frame in self._frames.values():
            self._memory.free(frame)
        self._frames.clear()
