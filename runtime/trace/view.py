"""A second look at the trace: the events of one program and what it starts, by rules of its own, written elsewhere.

A view must not hold up the machine's own trace, whatever becomes of its reader. So it writes on a thread of its own,
and what a stuck reader does not take is dropped and counted.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Sequence

from runtime.trace.events import Event, GuestText
from runtime.trace.filters import Filter
from runtime.trace.sinks import Batch, Sink

_CAPACITY = 1 << 15
"""Events that wait for a slow reader."""
_PATIENCE = 0.1
"""Seconds in which a reader must take something before events are dropped; less than the machine's own trace waits."""


class View:
    """What `rules` let through of the events of `processes` and the processes they start. Owns the sink."""

    def __init__(self, rules: Filter, sink: Sink) -> None:
        self.filter = rules
        self.processes: set[int] = set()
        self._sink = sink
        self._waiting: deque[Batch] = deque()
        self._events = 0
        self._changed = threading.Condition()
        self._ending = False
        self._stuck = False
        self._dropped = 0
        self._last: Event | None = None
        self._thread = threading.Thread(target=self._run, name="trace view", daemon=True)
        self._thread.start()

    def wants_function(self, process_id: int, module: str, function: str, category: str) -> bool:
        """Whether calls of a function are wanted in a process."""
        return process_id in self.processes and self.filter.wants(module, function, category)

    def names_function(self, process_id: int, module: str, function: str) -> bool:
        """Whether a rule names a function of guest code, in a process of the view."""
        return process_id in self.processes and self.filter.names_function(module, function)

    def wants_category(self, process_id: int, category: str) -> bool:
        """Whether events of no function are wanted in a process."""
        return process_id in self.processes and self.filter.wants_category(category)

    def write(self, events: Sequence[Event], always: Collection[int] = ()) -> None:
        """Take what is wanted of some events; those whose seq is in `always` are, whatever the rules say."""
        wanted = [
            event
            for event in events
            if event.process_id in self.processes and (event.seq in always or wants_event(self.filter, event))
        ]
        if wanted:
            self._put(Batch(wanted))

    def _put(self, batch: Batch) -> None:
        with self._changed:
            if self._events >= _CAPACITY and not self._stuck:
                before = self._events
                self._changed.wait_for(lambda: self._events < before, _PATIENCE)
                self._stuck = self._events >= before
            if self._events >= _CAPACITY:
                self._dropped += batch.size
                self._last = batch.events[-1]
                return
            self._waiting.append(batch)
            self._events += batch.size
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ending)
                if not self._waiting:
                    self._sink.close()
                    return
                batch = self._waiting[0]
            self._sink.write(batch)
            with self._changed:
                self._waiting.popleft()
                self._events -= batch.size
                self._stuck = False
                if self._dropped and self._last is not None:
                    self._waiting.append(Batch([_drop(self._dropped, self._last)]))
                    self._events += 1
                    self._dropped = 0
                self._changed.notify_all()

    def close(self) -> None:
        """Take no more; what waits is still written, and the sink closed after it."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()

    def join(self, timeout: float | None = None) -> None:
        """Wait until everything has been written, as long as its reader takes, but at most `timeout` seconds."""
        self._thread.join(timeout)


def wants_event(rules: Filter, event: Event) -> bool:
    """Whether rules let an event through."""
    if event.function is not None:
        return rules.wants(event.module or "", event.function, event.category)
    return event.category is None or rules.wants_category(event.category)


def _drop(events: int, last: Event) -> Event:
    reason = GuestText("the reader of this trace could not keep up")
    return Event(last.seq, last.timestamp, 0, 0, "drop", None, None, None, {"events": events, "reason": reason})
