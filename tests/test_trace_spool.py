"""The spool: a bounded growing file, and the sinks."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest
import trio
from tracing import FakeThread, Ticks, collecting

from runtime.trace.events import Event, decode, decode_lines
from runtime.trace.sinks import Batch, FileSink, SpoolSink, Subscription
from runtime.trace.spool import Spool
from runtime.trace.trace import Trace


def event(seq: int, pid: int = 1000, size: int = 40) -> Event:
    return Event(seq, seq / 10, pid, 1004, "output", "console_io", None, None, {"data": "x" * size})


def fill(spool: Spool, events: list[Event]) -> int:
    return SpoolSink(spool).write(Batch(events))


def test_the_stream_reads_back_what_was_written(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    events = [event(seq) for seq in range(1, 200)]
    fill(spool, events[:100])
    first = spool.json.size()
    fill(spool, events[100:])
    assert spool.json.size() > first
    data = spool.json.read(0, spool.json.size())
    assert list(decode_lines(data)) == events
    assert spool.json.read(first, 1 << 20) == data[first:]
    assert spool.json.read(spool.json.size(), 100) == b""
    assert b"".join(spool.json.read(at, 7) for at in range(0, len(data), 7)) == data


def test_each_process_has_the_lines_of_its_own(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    events = [event(seq, pid=1000 + seq % 3) for seq in range(1, 500)]
    for at in range(0, len(events), 17):
        fill(spool, events[at : at + 17])
    for pid in (1000, 1001, 1002):
        stream = spool.process(pid)
        data = stream.read(0, stream.size())
        assert list(decode_lines(data)) == [item for item in events if item.process_id == pid]
        assert b"".join(stream.read(at, 100) for at in range(0, len(data), 100)) == data
    assert spool.process(77).size() == 0
    assert spool.process(77).read(0, 100) == b""


def test_the_oldest_events_go_when_the_spool_is_full_and_are_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=64 << 10)
    dropped = 0
    for seq in range(1, 2001):
        dropped += fill(spool, [event(seq, pid=1000 + seq % 2, size=100)])
    used = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert used <= 80 << 10
    kept = list(decode_lines(spool.json.read(0, spool.json.size())))
    assert kept[-1].seq == 2000
    assert [item.seq for item in kept] == list(range(kept[0].seq, 2001))
    assert dropped == kept[0].seq - 1
    stream = spool.process(1000)
    stream.opened()
    mine = list(decode_lines(stream.read(0, stream.size())))
    assert [item.seq for item in mine] == [item.seq for item in kept if item.process_id == 1000]


def test_an_open_reader_sees_a_size_that_only_grows(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=32 << 10)
    fill(spool, [event(1)])
    spool.json.opened()
    size, data = spool.json.size(), spool.json.read(0, 1 << 20)
    at = len(data)
    for seq in range(2, 1500):
        fill(spool, [event(seq)])
        assert spool.json.size() > size
        size = spool.json.size()
        part = spool.json.read(at, size - at)
        assert decode(part) == event(seq)
        at += len(part)
    assert spool.json.read(0, 100).strip(b"\n") == b""
    spool.json.closed()
    assert spool.json.size() < size
    assert spool.json.read(0, 1).startswith(b"{")


def test_truncation_begins_the_stream_anew(tmp_path: Path) -> None:
    spool = Spool(tmp_path, text=True)
    fill(spool, [event(1), event(2)])
    spool.restart()
    fill(spool, [event(3)])
    assert [item.seq for item in decode_lines(spool.json.read(0, 1 << 20))] == [3]
    stream = spool.process(1000)
    assert [item.seq for item in decode_lines(stream.read(0, 1 << 20))] == [3]
    assert spool.text is not None
    assert spool.text.read(0, 1 << 20).count(b"\n") == 1


def test_a_new_boot_removes_the_last_ones_files_and_no_others(tmp_path: Path) -> None:
    fill(Spool(tmp_path), [event(1)])
    (tmp_path / "notes.jsonl").write_text("mine")
    spool = Spool(tmp_path)
    assert spool.json.size() == 0
    assert (tmp_path / "notes.jsonl").read_text() == "mine"


def test_the_text_form_lies_beside_the_json_form_when_asked_for(tmp_path: Path) -> None:
    spool = Spool(tmp_path, text=True)
    fill(spool, [event(1), event(2)])
    assert spool.text is not None
    lines = spool.text.read(0, 1 << 20).decode().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("[0.100] [TID:1004] OUTPUT ")


def test_a_full_disk_costs_events_until_there_is_room_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    fill(spool, [event(1)])
    spool.json.close()
    (tmp_path / "000002.jsonl").mkdir()
    trace = Trace(Ticks(), sinks=[SpoolSink(spool)])
    trace.process_exit(1, 1, 0)
    trace.flush()
    assert isinstance(spool.failure, OSError)
    assert trace.dropped == 1
    (tmp_path / "000002.jsonl").rmdir()
    trace.process_exit(2, 2, 0)
    trace.flush()
    assert spool.failure is None
    lines = [json.loads(line) for line in (tmp_path / "000002.jsonl").read_bytes().splitlines()]
    assert [line["event"] for line in lines] == ["process_exit", "drop"]
    assert lines[1]["args"]["events"] == 1


def test_the_writer_delivers_within_its_interval_without_being_asked(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    trace = Trace(Ticks(), sinks=[FileSink(descriptor, "json", owned=True)])
    trace.process_start(1000, 0, "a.exe", "a.exe")
    deadline = time.monotonic() + 120
    while not path.stat().st_size and time.monotonic() < deadline:
        time.sleep(0.001)
    assert decode(path.read_bytes()).event == "process_start"
    trace.process_exit(1000, 0, 3)
    trace.close()
    assert [item.event for item in decode_lines(path.read_bytes())] == ["process_start", "process_exit"]


def test_a_stuck_reader_costs_events_that_are_counted_and_never_the_program() -> None:
    reading, writing = os.pipe()
    trace = Trace(Ticks(), sinks=[FileSink(writing, "json", owned=True)])
    for seq in range(60_000):
        trace.thread_exit(1000, seq, 0)
    received = bytearray()

    def drain() -> None:
        while part := os.read(reading, 1 << 16):
            received.extend(part)

    reader = threading.Thread(target=drain)
    reader.start()
    trace.close()
    reader.join()
    os.close(reading)
    events = list(decode_lines(bytes(received)))
    drops = [item for item in events if item.event == "drop"]
    lost = sum(count for item in drops if isinstance(count := item.args["events"], int))
    assert lost == trace.dropped > 0
    assert len(events) - len(drops) + lost == 60_000


def test_a_reader_that_went_away_ends_its_sink_only() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    trace, events, _ = collecting()
    trace.add_sink(FileSink(writing, "text", owned=True))
    for _ in range(3):
        trace.process_exit(1000, 0, 0)
        trace.flush()
    assert [item.event for item in events].count("process_exit") == 3
    trace.close()


async def test_a_library_user_iterates_over_typed_events() -> None:
    trace = Trace(Ticks())
    subscription = Subscription()
    trace.add_sink(subscription)
    found: list[Event] = []

    async def read() -> None:
        async for item in subscription:
            found.append(item)

    with trio.fail_after(120):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            for number in range(100):
                trace.thread_exit(1000, number, 0)
            await trio.to_thread.run_sync(trace.close)
    assert [item.thread_id for item in found] == list(range(100))
    assert isinstance(found[0], Event)


def test_a_trace_that_is_off_wants_nothing_and_records_nothing() -> None:
    trace = Trace(Ticks(), enabled=False)
    assert not trace.wants("kernel32.dll", "CreateFileW", "file_io")
    trace.process_start(1, 1, "a", "a")
    trace.load(1, 1, "a", "a", 0, 1)
    trace.exception(FakeThread(), 0xC0000005, 0, 0)
    trace.flush()
    assert trace.next_seq() == 1


@pytest.mark.parametrize("size", [1, 4095, 4096, 100_000])
def test_a_batch_larger_than_a_segment_stays_whole(tmp_path: Path, size: int) -> None:
    spool = Spool(tmp_path, limit=64 << 10)
    fill(spool, [event(1, size=size)])
    assert decode(spool.json.read(0, 1 << 20)) == event(1, size=size)


def test_lines_of_processes_that_nobody_knows_any_more_are_only_in_the_machines_stream(tmp_path: Path) -> None:
    spool = Spool(tmp_path, known=lambda pid: pid >= 5000)
    for pid in range(4000, 5010):
        fill(spool, [event(pid, pid=pid)])
    kept = [pid for pid in range(4000, 5010) if spool.process(pid).size()]
    assert kept[-10:] == list(range(5000, 5010))
    assert len(kept) < 500
    assert len(list(decode_lines(spool.json.read(0, spool.json.size())))) == 1010
