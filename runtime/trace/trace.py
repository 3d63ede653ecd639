"""The trace of a machine: what is wanted, what happened, and the thread that writes it down.

Recording is done while the program stands still, so it keeps a tuple of plain values and no more. Tuples become events,
and events lines, in batches: when enough have come together by whoever recorded the last of them (one interpreter runs
one thread at a time: handing the work to another would only add the hand-over), else by the trace's own thread, at most
20 ms later. Writing is that thread's alone: recording never waits for a sink. When batches pile up because one is
stuck, events are dropped and counted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Protocol

from runtime.trace.filters import Filter
from runtime.trace.making import lines_of, made
from runtime.trace.tally import Tally

if TYPE_CHECKING:
    from pathlib import Path

    from runtime.config import Trace as TraceConfig
    from runtime.dlls.export import Export
    from runtime.memory.space import AddressSpace
    from runtime.trace.events import Event, EventKind, Value
    from runtime.trace.making import Record
    from runtime.trace.modules import ModuleMap
    from runtime.trace.probe import Probe, RawProbe
    from runtime.trace.render import Renderer
    from runtime.trace.show import Limits
    from runtime.trace.sinks import Batch, Sink
    from runtime.trace.spool import Spool
    from runtime.trace.view import View

# What only a trace that is on needs is imported where it is needed: starting a program is to be quick.

log = logging.getLogger(__name__)

FLUSH_INTERVAL = 0.02
_CHUNK = 256
_MAX_READY = 64
_STUCK_AFTER = 0.25
TICKS_PER_SECOND = 10_000_000


class TracedProcess(Protocol):
    """What the trace needs to know of a process."""

    @property
    def pid(self) -> int: ...
    @property
    def memory(self) -> AddressSpace: ...


class TracedThread(Protocol):
    """What the trace needs to know of a thread."""

    @property
    def id(self) -> int: ...
    @property
    def caller(self) -> int: ...
    @property
    def process(self) -> TracedProcess: ...


Token = tuple[int, int]
"""What `call` returns and `ret` takes: the call's seq and its time in ticks."""

UNTRACED: Token = (0, 0)
"""The token of a call that was not recorded."""

class Trace:
    """What the machine's parts tell of what happens; every method is called under machine.lock.

    `ticks` gives 100 ns since boot. `filter` may be replaced at any time with `set_filter`: probes are made anew then.
    It holds while the trace is `switched_on`. Views have rules of their own, for some processes; `enabled` says whether
    anybody wants anything.
    """

    def __init__(
        self,
        ticks: Callable[[], int],
        *,
        enabled: bool = True,
        filter: Filter | None = None,
        sinks: Sequence[Sink] = (),
    ) -> None:
        self.ticks = ticks
        self.enabled = enabled
        self.switched_on = enabled
        self.filter = filter or Filter()
        self._views: list[View] = []
        self.limits: Limits | None = None
        """How much of strings and buffers is captured; None: the usual (set before programs start)."""
        self.on_change: Callable[[], None] = lambda: None
        """Called when probes must be made anew."""
        self._numbers = count(1)
        self.next_seq = self._numbers.__next__
        self.dropped = 0
        """Events dropped since boot."""
        self.events_by_category: dict[str, Tally] = {}
        """Events recorded since boot, also those that were dropped later."""
        self._untold = 0
        """Those of them that no drop event tells of yet."""
        self.spool: Spool | None = None
        """The trace in the machine folder, when it is kept."""
        self._sinks = list(sinks)
        self._queue: deque[Record] = deque()
        self._renderers: dict[Export, Renderer] = {}
        self._modules: dict[int, ModuleMap] = {}
        self._ready: deque[Batch] = deque()
        self._render_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._wake = threading.Event()
        self._progress = threading.Event()
        self._signalled = False
        self._stuck = False
        self._closing = False
        self._thread: threading.Thread | None = None
        self._unreported = 0

    # What is wanted

    def wants(self, module: str, function: str, category: str | None = None, process_id: int = 0) -> bool:
        """Whether calls of that function are traced. Decided when it is bound; unwanted functions then cost nothing."""
        if not self.enabled:
            return False
        from runtime.trace.categories import default_category

        category = category or default_category(module, function)
        if self.switched_on and self.filter.wants(module, function, category):
            return True
        return any(view.wants_function(process_id, module, function, category) for view in self._views)

    @property
    def names_functions(self) -> bool:
        """Whether a rule of anybody asks for functions in particular, so that guest code may have to be traced."""
        return any(rules.names_functions for rules in (self.filter, *(view.filter for view in self._views)))

    def wants_guest_function(self, module: str, function: str, process_id: int = 0) -> bool:
        """Whether a function that is guest code is traced through its import thunk: a filter must name it."""
        if self.switched_on and self.filter.names_function(module, function):
            return True
        return any(view.names_function(process_id, module, function) for view in self._views)

    def probe(self, export: Export, process_id: int = 0) -> Probe | None:
        """The probe of a typed export in a process; None when it is not wanted."""
        if not self.enabled:
            return None
        from runtime.trace.probe import Probe
        from runtime.trace.render import compile_renderer
        from runtime.trace.show import Limits

        module, category = export.dll.name, export.category
        if not self.wants(module, export.name, category, process_id):
            return None
        renderer = self._renderers.get(export)
        if renderer is None:
            renderer = self._renderers[export] = compile_renderer(export, self.limits or Limits())
        return Probe(self, module, export.name, category, renderer)

    def raw_probe(self, module: str, function: str, *, always: bool = False) -> RawProbe:
        """A probe for a function of which only the prototype is known, or not even that.

        `always`: its events are for everybody, whatever the rules say.
        """
        from runtime.trace.categories import default_category
        from runtime.trace.probe import RawProbe

        return RawProbe(self, module, function, default_category(module, function), always=always)

    def set_filter(self, filter: Filter, *, on: bool = True) -> None:
        """Replace the rules and switch the trace on or off; views go on."""
        self.filter = filter
        self.switched_on = on
        self.enabled = on or bool(self._views)
        self.on_change()

    def add_view(self, view: View) -> None:
        """Give a view the events of its processes from now on."""
        with self._render_lock:
            self._views.append(view)
        self.enabled = True

    def remove_view(self, view: View) -> None:
        """Give a view what was recorded until now, and close it."""
        self.flush()
        with self._write_lock, self._render_lock:
            self._views.remove(view)
        self.enabled = self.switched_on or bool(self._views)
        view.close()
        self.on_change()

    def add_sink(self, sink: Sink) -> None:
        """Send events to one more sink from now on."""
        with self._write_lock, self._render_lock:
            self._write_ready()
            self._sinks.append(sink)
        self.set_filter(self.filter)

    def attach_spool(self, directory: Path, known: Callable[[int], bool]) -> Spool:
        """Keep the trace in a folder from now on, in both forms, for the mount and `winfs trace`.

        `known` says whether the lines of a process can still be asked for by themselves. Raises OSError.
        """
        from runtime.trace.sinks import SpoolSink
        from runtime.trace.spool import Spool

        self.spool = Spool(directory, text=True, known=known)
        self.add_sink(SpoolSink(self.spool))
        return self.spool

    def remove_sink(self, sink: Sink) -> None:
        """Stop sending events to `sink`; it is closed."""
        with self._write_lock, self._render_lock, suppress(ValueError):
            self._sinks.remove(sink)
        sink.close()

    # What happened

    def emit(
        self,
        kind: EventKind,
        process_id: int,
        thread_id: int,
        category: str,
        args: dict[str, Value],
        *,
        module: str | None = None,
        function: str | None = None,
        error: str | None = None,
        address: int = 0,
    ) -> None:
        """Record an event of any kind; `address` becomes its `caller`."""
        if self.enabled and self._wants_category(process_id, category):
            self.counter(category).count += 1
            seq = self.next_seq()
            facts = (seq, self.ticks(), kind, process_id, thread_id, category, args, module, function, error, address)
            self.record(((self._plain_event, None, False), facts))

    def _wants_category(self, process_id: int, category: str) -> bool:
        if self.switched_on and self.filter.wants_category(category):
            return True
        return any(view.wants_category(process_id, category) for view in self._views)

    def load(
        self, process_id: int, thread_id: int, name: str, path: str, base: int, size: int, *, builtin: bool = False
    ) -> None:
        """A module was mapped; callers in it have a name from now on."""
        if self.enabled:
            from runtime.trace.events import GuestText

            self.record(((self._note_load, None, False), (process_id, base, size, name)))
            args: dict[str, Value] = {"path": GuestText(path), "base": f"0x{base:x}", "size": size, "builtin": builtin}
            self.emit("load", process_id, thread_id, "dll", args, module=name)

    def unload(self, process_id: int, thread_id: int, name: str, base: int) -> None:
        """A module was unmapped."""
        if self.enabled:
            self.emit("unload", process_id, thread_id, "dll", {"base": f"0x{base:x}"}, module=name)
            self.record(((self._note_unload, None, False), (process_id, base)))

    def exception(
        self, thread: TracedThread, code: int, flags: int, address: int, information: Sequence[int] = ()
    ) -> None:
        """An exception is delivered to the program."""
        if not self.enabled:
            return
        args: dict[str, Value] = {"code": f"0x{code & 0xFFFFFFFF:08x}", "address": f"0x{address:x}", "flags": flags}
        args["information"] = [f"0x{value & 0xFFFFFFFFFFFFFFFF:x}" for value in information]
        self._exception(thread, code, address, args)

    def crash(self, thread: TracedThread, code: int, address: int, facts: Callable[[], dict[str, Value]]) -> None:
        """Nothing handled an exception: the process ends. `facts` is asked only when they are wanted."""
        if self.enabled:
            self._exception(thread, code, address, facts())

    def _exception(self, thread: TracedThread, code: int, address: int, args: dict[str, Value]) -> None:
        from runtime.nt.status import status_name
        from runtime.trace import signatures

        error = signatures.enum_names("_EXCEPTION_CODE", code & 0xFFFFFFFF)
        if error.isdigit():
            error = status_name(code)
        self.emit("exception", thread.process.pid, thread.id, "exception", args, error=error, address=address)

    def thread_start(self, process_id: int, thread_id: int, start: int, parameter: int) -> None:
        """A thread begins to run."""
        args: dict[str, Value] = {"start": f"0x{start:x}", "parameter": f"0x{parameter:x}"}
        self.emit("thread_start", process_id, thread_id, "threading", args, address=start)

    def thread_exit(self, process_id: int, thread_id: int, code: int) -> None:
        """A thread has ended."""
        args: dict[str, Value] = {"exit_code": code & 0xFFFFFFFF}
        self.emit("thread_exit", process_id, thread_id, "threading", args, error=_exit_error(code))

    def process_start(
        self, process_id: int, thread_id: int, image: str, command_line: str, parent: int = 0, time: str | None = None
    ) -> None:
        """A process was made; `time` is the machine's wall clock (ISO 8601, UTC)."""
        if not self.enabled:
            return
        for view in self._views:
            if parent in view.processes:
                view.processes.add(process_id)
        from runtime.trace.events import GuestText

        args: dict[str, Value] = {"image": GuestText(image), "command_line": GuestText(command_line), "parent": parent}
        if time is not None:
            args["time"] = time
        self.emit("process_start", process_id, thread_id, "process", args)

    def process_exit(self, process_id: int, thread_id: int, code: int, reason: str | None = None) -> None:
        """A process has ended; `reason` names the limit or failure that ended it, if one did."""
        args: dict[str, Value] = {"exit_code": code & 0xFFFFFFFF}
        if reason is not None:
            from runtime.trace.events import GuestText

            args["reason"] = GuestText(reason)
        self.emit("process_exit", process_id, thread_id, "process", args, error=_exit_error(code))
        if self.enabled:
            self.record(((self._note_exit, None, False), (process_id,)))

    def output(self, process_id: int, thread_id: int, stream: str, data: bytes) -> None:
        """The program wrote to its standard output or error."""
        if not self.enabled:
            return
        from runtime.trace.events import GuestText
        from runtime.trace.peek import narrow_text

        args: dict[str, Value] = {"stream": stream, "size": len(data), "data": GuestText(narrow_text(data[:256]))}
        self.emit("output", process_id, thread_id, "console_io", args)

    # Recording

    def counter(self, category: str) -> Tally:
        """Where the events of a category are counted."""
        return self.events_by_category.setdefault(category, Tally())

    def record(self, record: Record) -> None:
        """Queue a record: what makes the event, and the facts it makes it of."""
        if not self.enabled:
            return
        queue = self._queue
        if len(queue) >= _CHUNK and not self._render_some():
            self._unreported += 1
            return
        queue.append(record)
        if not self._signalled:
            self._signalled = True
            if self._thread is None:
                self._start()
            self._wake.set()

    def _render_some(self) -> bool:
        """Turn the queue into lines for the writer; False when it is too far behind to take more."""
        if len(self._ready) >= _MAX_READY and not self._wait_for_writer():
            return False
        if self._render_lock.acquire(blocking=False):
            try:
                self._render()
            finally:
                self._render_lock.release()
        return True

    def _wait_for_writer(self) -> bool:
        while len(self._ready) >= _MAX_READY // 2:
            if self._stuck:
                return False
            self._progress.clear()
            if not self._progress.wait(_STUCK_AFTER):
                self._stuck = True
        return True

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="trace", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._closing:
                return
            time.sleep(FLUSH_INTERVAL)
            self._signalled = False
            self.flush()

    def flush(self) -> None:
        """Write what has been recorded until now. Any thread may call this."""
        with self._write_lock:
            for _ in range(0, len(self._queue) + 1, _CHUNK):
                with self._render_lock:
                    self._render()
            self._write_ready()
            if self._unreported:
                lost, self._unreported = self._unreported, 0
                self._report_drop(lost, "the writer could not keep up")

    def close(self) -> None:
        """Write everything and close the sinks."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.flush()
        self.enabled = False
        for view in self._views:
            view.close()
            view.join(_STUCK_AFTER)
        for sink in self._sinks:
            sink.close()
        self._sinks.clear()

    def _render(self) -> None:
        """Make a batch of what is queued, encoded as the sinks need it. Under the render lock."""
        queue = self._queue
        records = [queue.popleft() for _ in range(min(len(queue), _CHUNK))]
        if not records:
            return
        from runtime.trace.sinks import Batch

        forms = {form for sink in self._sinks for form in sink.forms}
        if self._views:
            batch = Batch(self._share_out(records))
            batch.prepare(forms)
        elif forms == {"json"}:
            batch = Batch([], lines_of(records))
        else:
            events = [made(make, facts) for make, facts in records]
            batch = Batch([event for event in events if event is not None])
            batch.prepare(forms)
        if batch.size:
            self._ready.append(batch)

    def _share_out(self, records: list[Record]) -> list[Event]:
        """Give the views their events; return those that the trace's own rules let through."""
        from runtime.trace.view import wants_event

        events: list[Event] = []
        always: set[int] = set()
        for make, facts in records:
            event = made(make, facts)
            if event is not None:
                events.append(event)
                if make[2]:
                    always.add(event.seq)
        for view in self._views:
            view.write(events, always)
        if not self.switched_on:
            return []
        return [event for event in events if event.seq in always or wants_event(self.filter, event)]

    # Writing, under the write lock

    def _write_ready(self) -> None:
        """Write what is ready, as few and large pieces as can be: each takes the interpreter from the program."""
        batches = [self._ready.popleft() for _ in range(len(self._ready))]
        lines: list[str] = []
        for batch in batches:
            if batch.encoded is not None:
                lines += batch.encoded
            else:
                self._write_lines(lines)
                lines = []
                self._write(batch)
        self._write_lines(lines)

    def _write_lines(self, lines: list[str]) -> None:
        if lines:
            from runtime.trace.sinks import Batch

            self._write(Batch([], lines))

    def _write(self, batch: Batch) -> None:
        dropped = self._hand_out(batch)
        self._stuck = False
        self._progress.set()
        if dropped:
            self._report_drop(dropped, "the trace is full: its oldest part is gone")
        elif self._untold:
            self._report_drop(0, "there was no room on the disk")

    def _report_drop(self, events: int, reason: str) -> None:
        from runtime.trace.events import Event, GuestText
        from runtime.trace.sinks import Batch

        self.dropped += events
        events = self._untold = self._untold + events
        seq = self.next_seq()
        args: dict[str, Value] = {"events": events, "reason": GuestText(reason), "total": self.dropped}
        batch = Batch([Event(seq, self.ticks() / TICKS_PER_SECOND, 0, 0, "drop", None, None, None, args)])
        if not self._hand_out(batch):
            self._untold = 0

    def _hand_out(self, batch: Batch) -> int:
        """Give a batch to every sink; return how many events were dropped, at the most.

        A sink that breaks down (a library's user gave a function that fails) gets no more; the trace goes on.
        """
        dropped = 0
        for sink in tuple(self._sinks):
            try:
                dropped = max(dropped, sink.write(batch))
            except Exception:
                log.exception("a sink of the trace breaks down and gets no more events")
                self._sinks = [other for other in self._sinks if other is not sink]
        return dropped

    def place(self, process_id: int, address: int) -> str:
        """An address as `module+0x1234`, by the modules loaded when the event happened."""
        modules = self._modules.get(process_id)
        return modules.name(address) if modules is not None else f"0x{address:x}"

    def place_json(self, process_id: int, address: int) -> str:
        """`place` as it stands in a line of JSON."""
        modules = self._modules.get(process_id)
        if modules is not None:
            return modules.encoded(address)
        from runtime.trace.events import encode_value

        return encode_value(f"0x{address:x}")

    def _plain_event(
        self,
        seq: int,
        now: int,
        kind: EventKind,
        process_id: int,
        thread_id: int,
        category: str,
        args: dict[str, Value],
        module: str | None,
        function: str | None,
        error: str | None,
        address: int,
    ) -> Event:
        from runtime.trace.events import Event

        caller = self.place(process_id, address) if address else None
        return Event(seq, now / TICKS_PER_SECOND, process_id, thread_id, kind, category, module, function, args,
                     None, error, None, None, caller)  # fmt: skip

    def _note_load(self, process_id: int, base: int, size: int, name: str) -> None:
        from runtime.trace.modules import ModuleMap

        self._modules.setdefault(process_id, ModuleMap()).load(base, size, name)

    def _note_unload(self, process_id: int, base: int) -> None:
        modules = self._modules.get(process_id)
        if modules is not None:
            modules.unload(base)

    def _note_exit(self, process_id: int) -> None:
        self._modules.pop(process_id, None)


def _exit_error(code: int) -> str | None:
    """The name of an exit code that is an NTSTATUS of an error."""
    if code & 0xC0000000 != 0xC0000000 or code & 0xFFFFFFFF == 0xFFFFFFFF:
        return None
    from runtime.nt.status import status_name

    return status_name(code)


def make_trace(config: TraceConfig, ticks: Callable[[], int]) -> Trace:
    """The trace that a machine's settings ask for. Raises FilterError, and OSError when it cannot write."""
    if not config.enabled:
        return Trace(ticks, enabled=False)
    import os

    from runtime.trace.sinks import FileSink

    rules = Filter.compile(config.patterns, config.categories, config.functions)
    if config.output is None:
        return Trace(ticks, filter=rules, sinks=[FileSink(1, config.format)])
    descriptor = os.open(config.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    return Trace(ticks, filter=rules, sinks=[FileSink(descriptor, config.format, owned=True)])
