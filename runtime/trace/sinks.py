"""Where events go: open files in either format, callbacks and async iterators of a library's user, the spool."""

from __future__ import annotations

import os
import select
from collections.abc import AsyncIterator, Callable, Collection
from functools import cached_property
from typing import Literal, Protocol

import trio

from runtime.trace.events import Event, encode
from runtime.trace.spool import Spool
from runtime.trace.text import format_event

Format = Literal["text", "json"]
Form = Literal["text", "json", "events"]


class Batch:
    """Some events in order, encoded at most once whatever the number of sinks.

    Where every sink takes JSON and nothing else the events were never made: `encoded` are their lines.
    """

    def __init__(self, events: list[Event], encoded: list[str] | None = None) -> None:
        self.events = events
        self.encoded = encoded
        self.size = len(events) if encoded is None else len(encoded)

    def prepare(self, forms: Collection[Form]) -> None:
        """Encode now what sinks will ask for."""
        if "json" in forms:
            self.lines  # noqa: B018
        if "text" in forms:
            self.text  # noqa: B018

    @cached_property
    def lines(self) -> list[bytes]:
        """Each event as a line of JSON."""
        return [encode(event) for event in self.events]

    @cached_property
    def json(self) -> bytes:
        """All lines of JSON."""
        return b"".join(self.lines) if self.encoded is None else "".join(self.encoded).encode()

    @cached_property
    def text(self) -> list[str]:
        """Each event as a line of text."""
        return [format_event(event) for event in self.events]


class Sink(Protocol):
    """A destination. `write` is called on the trace's own thread and returns how many events it had to drop.

    `forms` tells what of a batch it uses: nothing else may be there.
    """

    @property
    def forms(self) -> tuple[Form, ...]: ...
    def write(self, batch: Batch) -> int: ...
    def close(self) -> None: ...


class FileSink:
    """An open descriptor: a file, a pipe, a terminal. A reader that went away ends the sink, not the program."""

    def __init__(self, descriptor: int, format: Format, *, owned: bool = False) -> None:
        self._descriptor = descriptor
        self.forms: tuple[Form, ...] = (format,)
        self._owned = owned
        self.failure: OSError | None = None

    def write(self, batch: Batch) -> int:
        """Write all of the batch; waits for a slow reader (the program does not)."""
        if self.failure is not None:
            return 0 if isinstance(self.failure, BrokenPipeError) else batch.size
        as_json = "json" in self.forms
        data = batch.json if as_json else "".join(batch.text).encode("utf-8", "backslashreplace")
        view = memoryview(data)
        try:
            while view:
                try:
                    view = view[os.write(self._descriptor, view) :]
                except BlockingIOError:
                    select.select([], [self._descriptor], [])
        except OSError as error:
            self.failure = error
            return 0 if isinstance(error, BrokenPipeError) else batch.size
        return 0

    def close(self) -> None:
        """Close the descriptor if it is ours."""
        if self._owned:
            os.close(self._descriptor)


class CallbackSink:
    """Calls a function with every event, on the trace's thread; it should be quick and must not touch the machine."""

    forms: tuple[Form, ...] = ("events",)

    def __init__(self, callback: Callable[[Event], None]) -> None:
        self._callback = callback

    def write(self, batch: Batch) -> int:
        """Hand over the events one by one."""
        for event in batch.events:
            self._callback(event)
        return 0

    def close(self) -> None:
        """Nothing to do."""


class SpoolSink:
    """The machine folder's spool."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.forms: tuple[Form, ...] = ("events", "json") if spool.text is None else ("events", "json", "text")

    def write(self, batch: Batch) -> int:
        """Append to the spool; old events may go."""
        pids = [event.process_id for event in batch.events]
        return self.spool.write(zip(pids, batch.lines, strict=True), lambda: batch.text)

    def close(self) -> None:
        """Close the spool's files."""
        self.spool.close()


class Subscription:
    """An async iterator of events for one trio task; it ends when the trace is closed.

    At most `capacity` events wait for a slow reader; the newest beyond that are dropped and counted in `dropped`.
    """

    forms: tuple[Form, ...] = ("events",)

    def __init__(self, capacity: int = 65536) -> None:
        self._token = trio.lowlevel.current_trio_token()
        self._send, self._receive = trio.open_memory_channel[Event](capacity)
        self.dropped = 0

    def write(self, batch: Batch) -> int:
        """Pass the events to trio's thread."""
        try:
            self._token.run_sync_soon(self._deliver, batch.events)
        except trio.RunFinishedError:
            return len(batch.events)
        return 0

    def _deliver(self, events: list[Event]) -> None:
        for event in events:
            try:
                self._send.send_nowait(event)
            except trio.WouldBlock:
                self.dropped += 1
            except trio.BrokenResourceError:
                return

    def close(self) -> None:
        """End the iteration after what has been delivered."""
        try:
            self._token.run_sync_soon(self._send.close)
        except trio.RunFinishedError:
            return

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._receive.__aiter__()
