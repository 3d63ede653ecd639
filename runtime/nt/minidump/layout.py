"""The file format: header, stream directory, and what streams point to. Source: minidumpapiset.h, as documented.

Offsets in the file are RVAs of 32 bits, so everything but the memory of a full dump lies in the first 4 GB.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final

SIGNATURE: Final = 0x504D_444D
VERSION: Final = 0xA793
_HEADER: Final = struct.Struct("<6IQ")
_ENTRY: Final = struct.Struct("<3I")


class Stream(IntEnum):
    """MINIDUMP_STREAM_TYPE."""

    THREAD_LIST = 3
    MODULE_LIST = 4
    MEMORY_LIST = 5
    EXCEPTION = 6
    SYSTEM_INFO = 7
    MEMORY64_LIST = 9
    COMMENT_A = 10
    COMMENT_W = 11
    HANDLE_DATA = 12
    UNLOADED_MODULE_LIST = 14
    MISC_INFO = 15
    MEMORY_INFO_LIST = 16
    THREAD_INFO_LIST = 17
    THREAD_NAMES = 24


class Builder:
    """The head of a dump, put together in order: the directory has room for `streams` entries."""

    def __init__(self, streams: int, timestamp: int, flags: int) -> None:
        self._room = streams
        self._timestamp = timestamp
        self._flags = flags
        self._data = bytearray(_HEADER.size + streams * _ENTRY.size)
        self._streams: list[tuple[int, int, int]] = []
        self._texts: dict[str, int] = {}

    @property
    def end(self) -> int:
        """Where the next thing goes."""
        return len(self._data)

    def put(self, data: bytes | bytearray) -> int:
        """Add data and return its RVA, a multiple of eight."""
        self._data += bytes(-len(self._data) % 8)
        place = len(self._data)
        self._data += data
        return place

    def locate(self, data: bytes | bytearray) -> bytes:
        """Add data and return its MINIDUMP_LOCATION_DESCRIPTOR; a null one for none."""
        return struct.pack("<II", len(data), self.put(data)) if data else bytes(8)

    def text(self, text: str) -> int:
        """Add a MINIDUMP_STRING and return its RVA; equal ones are one."""
        place = self._texts.get(text)
        if place is None:
            data = text.encode("utf-16-le", "surrogatepass")
            place = self._texts[text] = self.put(struct.pack("<I", len(data)) + data + b"\0\0")
        return place

    def stream(self, kind: int, data: bytes | bytearray) -> int:
        """Add a stream; return where it begins."""
        place = self.put(data)
        self._streams.append((kind, len(data), place))
        return place

    def patch(self, place: int, data: bytes) -> None:
        """Overwrite what has been added before."""
        self._data[place : place + len(data)] = data

    def finish(self) -> bytes:
        """The whole head."""
        assert len(self._streams) <= self._room
        head = _HEADER.pack(SIGNATURE, VERSION, self._room, _HEADER.size, 0, self._timestamp, self._flags)
        entries = [*self._streams, *[(0, 0, 0)] * (self._room - len(self._streams))]
        self._data[: len(head)] = head
        for number, entry in enumerate(entries):
            _ENTRY.pack_into(self._data, _HEADER.size + number * _ENTRY.size, *entry)
        return bytes(self._data)
