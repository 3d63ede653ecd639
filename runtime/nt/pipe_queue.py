"""One direction of a pipe: what was written and not read yet, who waits to read and who waits for room."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from runtime.nt.io_request import IoRequest
from runtime.nt.status import STATUS_BUFFER_OVERFLOW, STATUS_SUCCESS


@dataclass(slots=True)
class _Entry:
    data: bytes
    offset: int = 0
    writer: IoRequest | None = None
    """The write that ends when this entry has been read, because there was no room for it."""


class PipeQueue:
    """A queue of written entries. `quota` bytes are taken in without making the writer wait."""

    def __init__(self, quota: int, *, messages: bool) -> None:
        self.quota = quota
        self.messages = messages
        """Whether entries are messages; else they are a stream."""
        self.size = 0
        self._entries: deque[_Entry] = deque()
        self._readers: deque[tuple[IoRequest, bool]] = deque()
        self._flushers: deque[IoRequest] = deque()

    @property
    def room(self) -> int:
        """Bytes that can be written without waiting."""
        return max(0, self.quota - self.size)

    @property
    def message_count(self) -> int:
        """Messages not read yet."""
        return len(self._entries) if self.messages else 0

    @property
    def next_length(self) -> int:
        """Bytes left of the first message."""
        if not self.messages or not self._entries:
            return 0
        return len(self._entries[0].data) - self._entries[0].offset

    @property
    def empty(self) -> bool:
        """Whether there is nothing to read; a message of no bytes is something."""
        return not self._entries

    @property
    def waited_for(self) -> bool:
        """Whether somebody waits to read."""
        return bool(self._readers)

    def write(self, request: IoRequest, data: bytes) -> bool:
        """Take in `data`; false when the writer has to wait, which `request` then does."""
        entry = _Entry(data)
        self._entries.append(entry)
        self.size += len(data)
        self._serve_readers()
        if self.size <= self.quota or not self._entries or self._entries[-1] is not entry:
            return True
        entry.writer = request
        request.pend(lambda: self._withdraw(entry))
        return False

    def _withdraw(self, entry: _Entry) -> None:
        if entry in self._entries:
            self._entries.remove(entry)
            self.size -= len(entry.data) - entry.offset

    def wait_to_read(self, request: IoRequest, *, by_message: bool) -> int:
        """Serve `request` when something comes."""
        entry = (request, by_message)
        self._readers.append(entry)
        return request.pend(lambda: self._readers.remove(entry))

    def _serve_readers(self) -> None:
        while self._readers and self._entries:
            reader, by_message = self._readers.popleft()
            data, status = self.take(reader.length, by_message=by_message)
            reader.deliver(data, status)

    def take(self, length: int, *, by_message: bool) -> tuple[bytes, int]:
        """Read at most `length` bytes; of one message only, with STATUS_BUFFER_OVERFLOW when more of it is left."""
        first = self._entries[0]
        if by_message and self.messages:
            data = first.data[first.offset : first.offset + length]
            self._consume(first, len(data))
            whole = first.offset == len(first.data)
            return data, STATUS_SUCCESS if whole else STATUS_BUFFER_OVERFLOW
        if not first.data:
            self._consume(first, 0)
            return b"", STATUS_SUCCESS
        parts = []
        while self._entries and length > 0:
            entry = self._entries[0]
            part = entry.data[entry.offset : entry.offset + length]
            self._consume(entry, len(part))
            parts.append(part)
            length -= len(part)
        return b"".join(parts), STATUS_SUCCESS

    def _consume(self, entry: _Entry, count: int) -> None:
        entry.offset += count
        self.size -= count
        if entry.offset == len(entry.data):
            self._entries.popleft()
            if entry.writer is not None:
                entry.writer.complete(STATUS_SUCCESS, len(entry.data))
        if not self._entries:
            while self._flushers:
                self._flushers.popleft().complete(STATUS_SUCCESS)

    def peek(self, length: int) -> bytes:
        """Return what a read would, leaving it there."""
        out = bytearray()
        for entry in self._entries:
            out += entry.data[entry.offset : entry.offset + length - len(out)]
            if self.messages or len(out) >= length:
                break
        return bytes(out)

    def flush(self, request: IoRequest) -> int:
        """Wait until everything has been read."""
        if not self._entries:
            return STATUS_SUCCESS
        self._flushers.append(request)
        return request.pend(lambda: self._flushers.remove(request))

    def end(self, status: int, *, discard: bool) -> None:
        """The other side is gone: whoever waits is told `status`; `discard` throws away what was not read."""
        while self._readers:
            self._readers.popleft()[0].complete(status)
        while self._flushers:
            self._flushers.popleft().complete(status)
        for entry in list(self._entries):
            if entry.writer is not None and discard:
                entry.writer.complete(status)
        if discard:
            self._entries.clear()
            self.size = 0
