"""Images that several processes load: parsed once, their pages shared.

A file is known by device, inode, size and modification time. One that was written within the last second is not kept:
its time would not tell another change from this one.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from runtime.cpu.physical import PhysicalMemory
from runtime.loader.mapping import image_backing
from runtime.loader.pe import Image
from runtime.memory.backing import ImageBacking

_SETTLED_NS: Final = 1_000_000_000

_Key = tuple[int, int, int, int]


@dataclass(slots=True)
class _Entry:
    image: Image
    backings: dict[int, ImageBacking] = field(default_factory=dict)


class ImageCache:
    """The images of a machine; the least recently used beyond `limit` are let go."""

    def __init__(self, physical: PhysicalMemory, limit: int = 64) -> None:
        self._physical = physical
        self._limit = limit
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        self._by_image: dict[int, _Entry] = {}

    def open(self, file: str | os.PathLike[str], name: str | None = None) -> Image:
        """Return the image in a host file; `name` is what errors call it. Raises ImageError."""
        try:
            status = os.stat(file)
        except OSError:
            return Image.open(file, name)
        key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
            return entry.image
        image = Image.open(file, name)
        if time.time_ns() - status.st_mtime_ns > _SETTLED_NS:
            entry = self._entries[key] = _Entry(image)
            self._by_image[id(image)] = entry
            while len(self._entries) > self._limit:
                self._forget(self._entries.popitem(last=False)[1])
        return image

    def pages(self, image: Image, base: int) -> ImageBacking:
        """Return the pages of an image as they look at `base`; the caller has one use of them to give up."""
        entry = self._by_image.get(id(image))
        if entry is None:
            return image_backing(self._physical, image, base)
        backing = entry.backings.get(base)
        if backing is None:
            backing = entry.backings[base] = image_backing(self._physical, image, base)
        backing.acquire()
        return backing

    def _forget(self, entry: _Entry) -> None:
        del self._by_image[id(entry.image)]
        for backing in entry.backings.values():
            backing.release()
