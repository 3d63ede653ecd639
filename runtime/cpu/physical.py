"""Guest-physical memory: one host mapping that every process of a machine shares.

Frames are host pages; a guest page table refers to them by their offset in the mapping. A file section is a host
`mmap` of the file placed inside the same mapping, so that its pages are the host's page cache: coherent with every
other reader and writer of the file, loaded lazily, never copied.

Untouched memory costs nothing (MAP_NORESERVE).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import weakref
from bisect import insort
from collections.abc import Callable
from typing import Final

from runtime.cpu import native

PAGE_SIZE: Final = 0x1000

_MAP_NORESERVE: Final = 0x4000
_MAP_FIXED: Final = 0x10

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int64]


class OutOfMemory(Exception):
    """The machine has no frame left."""


class PhysicalMemory:
    """Frames of one machine.

    The lower half of the mapping holds frames that are handed out one by one, the upper half ranges for file mappings.
    `bytes` and `words` are views of the whole mapping, as bytes and as 64-bit words.
    """

    def __init__(self, size: int = 32 << 30, limit: int = 16 << 30) -> None:
        """Reserve `size` bytes of address space, of which at most `limit` bytes become ordinary frames."""
        self.size = size
        self.limit = min(limit, size // 2)
        self._mapping = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE)
        self.bytes = memoryview(self._mapping)
        self.words = self.bytes.cast("Q")
        self.base = ctypes.addressof(ctypes.c_char.from_buffer(self._mapping))
        native.guard(self.base, size)
        weakref.finalize(self, native.unguard, self.base)
        self.watch: Callable[[], None] | None = None
        """Called when processes have committed or freed memory."""
        self._next = PAGE_SIZE
        self._free: list[int] = []
        self._ranges: list[tuple[int, int]] = [(size // 2, size - size // 2)]

    @property
    def frames_in_use(self) -> int:
        """How many single frames are handed out."""
        return self._next // PAGE_SIZE - 1 - len(self._free)

    def allocate(self) -> int:
        """Return the address of a zeroed frame. Raises OutOfMemory."""
        if self._free:
            frame = self._free.pop()
            ctypes.memset(self.base + frame, 0, PAGE_SIZE)
            return frame
        frame = self._next
        if frame >= self.limit:
            raise OutOfMemory
        self._next = frame + PAGE_SIZE
        return frame

    def free(self, frame: int) -> None:
        """Take a frame back."""
        self._free.append(frame)

    def map_file(self, descriptor: int, offset: int, size: int, writable: bool) -> int:
        """Map `size` bytes of an open file from `offset` (page-aligned); return the first frame's address.

        Raises OutOfMemory when no range is left and OSError when the host refuses the mapping.
        """
        length = -(-size // PAGE_SIZE) * PAGE_SIZE
        index = next((place for place, (_, free) in enumerate(self._ranges) if free >= length), None)
        if index is None:
            raise OutOfMemory
        start, free = self._ranges[index]
        access = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        result = _libc.mmap(self.base + start, length, access, mmap.MAP_SHARED | _MAP_FIXED, descriptor, offset)
        if result in (None, ctypes.c_void_p(-1).value):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        if free == length:
            del self._ranges[index]
        else:
            self._ranges[index] = (start + length, free - length)
        return start

    def unmap_file(self, start: int, size: int) -> None:
        """Release a range that `map_file` returned."""
        length = -(-size // PAGE_SIZE) * PAGE_SIZE
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_NORESERVE | _MAP_FIXED
        _libc.mmap(self.base + start, length, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0)
        insort(self._ranges, (start, length))
        merged: list[tuple[int, int]] = []
        for begin, free in self._ranges:
            if merged and merged[-1][0] + merged[-1][1] == begin:
                merged[-1] = (merged[-1][0], merged[-1][1] + free)
            else:
                merged.append((begin, free))
        self._ranges = merged
