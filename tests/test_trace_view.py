"""A trace of one's own: rules and processes of a view, and that it holds up nobody."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from runtime.trace.events import Event
from runtime.trace.filters import Filter
from runtime.trace.sinks import CallbackSink, FileSink
from runtime.trace.trace import Trace
from runtime.trace.view import View
from tests.tracing import FakeProcess, FakeThread, Ticks, collecting


def viewing(trace: Trace, rules: Filter, *processes: int) -> tuple[View, list[Event]]:
    """A view whose events end up in a list after `finish`."""
    events: list[Event] = []
    view = View(rules, CallbackSink(events.append))
    view.processes.update(processes)
    trace.add_view(view)
    return view, events


def finish(trace: Trace, view: View) -> None:
    trace.remove_view(view)
    view.join(10)


def call(trace: Trace, pid: int, function: str, *, always: bool = False) -> None:
    """A call, where rules want it."""
    if always or trace.wants("kernel32.dll", function, None, pid):
        probe = trace.raw_probe("kernel32.dll", function, always=always)
        thread = FakeThread(FakeProcess(pid))
        probe.ret(thread, probe.call(thread, []), [], 0)


def functions(events: list[Event]) -> list[tuple[int, str | None]]:
    return [(event.process_id, event.function) for event in events if event.event == "call"]


def test_a_view_has_the_events_of_its_processes_and_their_children_by_its_own_rules() -> None:
    trace, own, _ = collecting(filter=Filter.compile(["Create*"]))
    view, seen = viewing(trace, Filter.compile(["Get*"]), 1000)
    trace.process_start(2000, 0, "child.exe", "child.exe", 1000)
    trace.process_start(3000, 0, "other.exe", "other.exe", 4)
    for pid in (1000, 2000, 3000):
        for function in ("CreateFileW", "GetFileType", "ReadFile"):
            call(trace, pid, function)
    finish(trace, view)
    assert functions(own) == [(1000, "CreateFileW"), (2000, "CreateFileW"), (3000, "CreateFileW")]
    assert functions(seen) == [(1000, "GetFileType"), (2000, "GetFileType")]
    assert [event.process_id for event in own if event.event == "process_start"] == [2000, 3000]
    assert [event.process_id for event in seen if event.event == "process_start"] == [2000]
    call(trace, 1000, "GetFileType")
    trace.flush()
    assert len(functions(own)) == 3
    assert len(functions(seen)) == 2


def test_what_is_for_everybody_is_in_every_view() -> None:
    trace, own, _ = collecting(filter=Filter.compile(["Create*"]))
    view, seen = viewing(trace, Filter.compile(["Get*"]), 1000)
    call(trace, 1000, "Missing", always=True)
    finish(trace, view)
    assert functions(own) == functions(seen) == [(1000, "Missing")]


def test_a_view_needs_no_trace_and_leaves_none() -> None:
    trace = Trace(Ticks(), enabled=False)
    changes: list[bool] = []
    trace.on_change = lambda: changes.append(trace.enabled)
    view, seen = viewing(trace, Filter(), 1000)
    call(trace, 1000, "GetFileType")
    finish(trace, view)
    assert functions(seen) == [(1000, "GetFileType")]
    assert not trace.enabled
    assert changes == [False]


def test_a_stuck_reader_of_a_view_holds_up_neither_program_nor_trace(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    trace, own, _ = collecting()
    view = View(Filter(), FileSink(writing, "json", owned=True))
    view.processes.add(1000)
    trace.add_view(view)
    count = 60_000
    for seq in range(count):
        trace.thread_exit(1000, seq, 0)
    trace.flush()
    assert len(own) == count
    assert trace.dropped == 0
    received = bytearray()

    def drain() -> None:
        while part := os.read(reading, 1 << 16):
            received.extend(part)

    reader = threading.Thread(target=drain)
    reader.start()
    finish(trace, view)
    reader.join(10)
    os.close(reading)
    lines = [json.loads(line) for line in received.splitlines()]
    lost = sum(line["args"]["events"] for line in lines if line["event"] == "drop")
    assert lost > 0
    assert sum(line["event"] == "thread_exit" for line in lines) + lost == count


def test_a_sink_that_breaks_down_takes_nothing_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    trace, events, _ = collecting()

    def breaks(event: Event) -> None:
        raise KeyError("no such thing")

    trace.add_sink(CallbackSink(breaks))
    for thread_id in (1, 2):
        trace.thread_start(1000, thread_id, 0, 0)
        trace.flush()
    trace.close()
    assert [event.thread_id for event in events] == [1, 2]
    assert caplog.text.count("a sink of the trace breaks down") == 1
