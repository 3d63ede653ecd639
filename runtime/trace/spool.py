"""The trace on disk: an append-only stream in segment files, bounded, which readers follow without slowing the program.

Offsets in a stream only grow. When the bound is reached the oldest segment goes; what a reader that still stands there
asks for reads as blank lines. A stream that nobody has open begins, for the next who opens it, at the oldest line
that is kept. The stream of one process is an index into the machine's: no line is stored twice.
"""

from __future__ import annotations

import os
import threading
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

DEFAULT_LIMIT = 256 << 20
_SEGMENTS = 16
_FEW = 256
"""How many processes' streams are kept without asking who is still known."""


class Stream(Protocol):
    """A growing file as the mount serves it. `opened` and `closed` bracket every reader."""

    def size(self) -> int: ...
    def read(self, offset: int, size: int) -> bytes: ...
    def opened(self) -> None: ...
    def closed(self) -> None: ...


@dataclass(slots=True)
class _Segment:
    start: int
    length: int
    events: int
    path: Path
    descriptor: int


class SegmentStream:
    """One append-only stream. Appending is one thread's; reading anybody's."""

    def __init__(self, directory: Path, suffix: str, limit: int) -> None:
        self._directory = directory
        self._suffix = suffix
        self._segment_limit = max(limit // _SEGMENTS, 1 << 12)
        self._limit = limit
        self._lock = threading.Lock()
        self._segments: list[_Segment] = []
        self._number = 0
        self._readers = 0
        self._view = 0
        self.base = 0
        """Offset of the oldest byte kept."""
        self.end = 0
        """Offset after the newest byte."""

    def append(self, data: bytes, events: int) -> int:
        """Append whole lines, all or none; return how many events were dropped to make room. Raises OSError."""
        with self._lock:
            if not self._segments or self._segments[-1].length + len(data) > self._segment_limit:
                self._add_segment()
            last = self._segments[-1]
            view, at = memoryview(data), last.length
            while view:
                written = os.pwrite(last.descriptor, view, at)
                view, at = view[written:], at + written
            # Only now: what a full disk cut off is no part of the stream, and is written over by what comes next.
            self.end += at - last.length
            last.length = at
            last.events += events
            dropped = 0
            while len(self._segments) > 1 and self.end - self.base > self._limit:
                dropped += self._drop_oldest()
            return dropped

    def _add_segment(self) -> None:
        path = self._directory / f"{self._number + 1:06d}{self._suffix}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self._number += 1
        self._segments.append(_Segment(self.end, 0, 0, path, descriptor))

    def _drop_oldest(self) -> int:
        oldest = self._segments.pop(0)
        self.base = oldest.start + oldest.length
        _remove(oldest)
        if not self._readers:
            self._view = self.base
        return oldest.events

    def read_absolute(self, offset: int, size: int) -> bytes:
        """Bytes at an offset of the whole stream; blank lines where they have been dropped."""
        with self._lock:
            parts = []
            if offset < self.base:
                gap = min(size, self.base - offset)
                parts.append(b"\n" * gap)
                offset, size = offset + gap, size - gap
            index = max(bisect_right(self._segments, offset, key=lambda segment: segment.start) - 1, 0)
            while size > 0 and index < len(self._segments):
                segment = self._segments[index]
                at = offset - segment.start
                part = os.pread(segment.descriptor, min(size, segment.length - at), at)
                parts.append(part)
                offset, size = offset + len(part), size - len(part)
                index += 1
            return b"".join(parts)

    def size(self) -> int:
        """The size as the current readers see it; it only grows while somebody has the stream open."""
        return self.end - self._view

    def read(self, offset: int, size: int) -> bytes:
        """Bytes at an offset as the current readers see it."""
        return self.read_absolute(self._view + offset, size)

    def opened(self) -> None:
        """A reader opened the stream."""
        self._readers += 1

    def closed(self) -> None:
        """A reader closed it; after the last one the stream begins at the oldest line kept."""
        self._readers -= 1
        if not self._readers:
            self._view = self.base

    def restart(self) -> None:
        """Forget everything; the stream begins anew, as after truncation."""
        with self._lock:
            for segment in self._segments:
                _remove(segment)
            self._segments.clear()
            self.base = self.end = self._view = 0

    def close(self) -> None:
        """Close the files; they stay on disk."""
        with self._lock:
            for segment in self._segments:
                os.close(segment.descriptor)
            self._segments.clear()


def _remove(segment: _Segment) -> None:
    os.close(segment.descriptor)
    with suppress(OSError):
        segment.path.unlink()


class ProcessStream:
    """The lines of one process: runs of the machine's stream, addressed as if they were one file."""

    def __init__(self, stream: SegmentStream) -> None:
        self._stream = stream
        self._starts = array("Q")
        self._offsets = array("Q")
        self._end = 0
        self._readers = 0
        self._view = 0

    def add(self, start: int, length: int) -> None:
        """Note that `length` bytes at `start` of the machine's stream belong to this process."""
        if self._starts and self._starts[-1] + self._end - self._offsets[-1] == start:
            self._end += length
            return
        self._forget_dropped()
        self._starts.append(start)
        self._offsets.append(self._end)
        self._end += length

    def _forget_dropped(self) -> None:
        """Drop runs that lie wholly before the oldest byte kept, in large steps."""
        count = bisect_right(self._starts, self._stream.base) - 1
        if count > 4096:
            del self._starts[:count]
            del self._offsets[:count]

    def restart(self) -> None:
        """Forget everything, as the machine's stream has."""
        del self._starts[:], self._offsets[:]
        self._end = self._view = 0

    def _base(self) -> int:
        base = self._stream.base
        index = bisect_right(self._starts, base) - 1
        if index < 0:
            return self._offsets[0] if self._offsets else self._end
        following = self._offsets[index + 1] if index + 1 < len(self._offsets) else self._end
        return min(self._offsets[index] + base - self._starts[index], following)

    def size(self) -> int:
        """As SegmentStream.size."""
        return self._end - self._view

    def read(self, offset: int, size: int) -> bytes:
        """As SegmentStream.read."""
        offset += self._view
        size = min(size, self._end - offset)
        parts = []
        index = bisect_right(self._offsets, offset) - 1
        if index < 0 and size > 0 and self._offsets:
            gap = min(size, self._offsets[0] - offset)
            parts.append(b"\n" * gap)
            offset, size, index = offset + gap, size - gap, 0
        while size > 0 and index < len(self._offsets):
            end = self._offsets[index + 1] if index + 1 < len(self._offsets) else self._end
            length = min(size, end - offset)
            part = self._stream.read_absolute(self._starts[index] + offset - self._offsets[index], length)
            parts.append(part)
            if len(part) < length:
                break
            offset, size, index = offset + length, size - length, index + 1
        return b"".join(parts)

    def opened(self) -> None:
        """A reader opened the stream."""
        if not self._readers:
            self._view = self._base() if self._stream.base else self._view
        self._readers += 1

    def closed(self) -> None:
        """A reader closed it."""
        self._readers -= 1


class Spool:
    """The trace of a machine in its folder: JSON Lines always, the text form beside it when asked for.

    `limit` bounds the bytes of each form. `known` says whether anybody can still ask for the lines of a process by
    itself; it is called on the writer's thread. A former boot's files are removed. Raises OSError when the folder
    cannot be made.
    """

    def __init__(
        self,
        directory: Path,
        *,
        limit: int = DEFAULT_LIMIT,
        text: bool = False,
        known: Callable[[int], bool] = lambda process_id: True,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        for old in directory.iterdir():
            if old.suffix in (".jsonl", ".log") and old.stem.isdigit():
                old.unlink()
        self.json = SegmentStream(directory, ".jsonl", limit)
        self.text = SegmentStream(directory, ".log", limit) if text else None
        self._known = known
        self._processes: dict[int, ProcessStream] = {}
        self._look_at = _FEW
        self.failure: OSError | None = None
        """Why the last events could not be written (a full disk), if so."""
        self._restart_wanted = False

    def process(self, process_id: int) -> Stream:
        """The stream of one process; empty for one that has left no events."""
        return self._processes.get(process_id) or ProcessStream(self.json)

    def write(self, lines: Iterable[tuple[int, bytes]], text: Callable[[], Iterable[str]]) -> int:
        """Append encoded events, each with its process id; return how many old events were dropped.

        Events that cannot be written (the disk is full) count as dropped; those that come later are tried again.
        """
        lines = list(lines)
        if self._restart_wanted:
            self._restart_wanted = False
            self._forget()
        start = self.json.end
        try:
            dropped = self.json.append(b"".join([line for _, line in lines]), len(lines))
        except OSError as error:
            self.failure = error
            return len(lines)
        self.failure = None
        if self.text is not None:
            try:
                self.text.append("".join(text()).encode("utf-8", "backslashreplace"), len(lines))
            except OSError as error:
                self.failure = error
        for process_id, line in lines:
            stream = self._processes.get(process_id)
            if stream is None:
                stream = self._processes[process_id] = ProcessStream(self.json)
            stream.add(start, len(line))
            start += len(line)
        if len(self._processes) > self._look_at:
            self._processes = {pid: stream for pid, stream in self._processes.items() if self._known(pid)}
            self._look_at = max(_FEW, 2 * len(self._processes))
        return dropped

    def restart(self) -> None:
        """Begin anew, as when the stream's file is truncated; happens with the next events, on the writer's thread."""
        self._restart_wanted = True

    @property
    def restarting(self) -> bool:
        """Whether what is kept now goes with the next events."""
        return self._restart_wanted

    def _forget(self) -> None:
        self.json.restart()
        if self.text is not None:
            self.text.restart()
        for stream in self._processes.values():
            stream.restart()  # somebody may have it open
        self._processes.clear()

    def close(self) -> None:
        """Close the files; they stay on disk for `winfs trace`."""
        self.json.close()
        if self.text is not None:
            self.text.close()
