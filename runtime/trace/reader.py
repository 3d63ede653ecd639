"""Reading a trace back: the spool of a machine, or a file of JSON Lines; filtering and summing up its events."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import msgspec

from runtime.trace import signatures
from runtime.trace.events import Event, GuestText, Value, decode
from runtime.trace.filters import Filter
from runtime.trace.view import wants_event

_POLL = 0.1
_SYMBOL = re.compile(r"0x[0-9a-f]+|[A-Z][A-Z0-9_]*(\|(0x[0-9a-f]+|[A-Z][A-Z0-9_]*))*|NtCurrent\w+\(\)")
_ALWAYS_TEXT = frozenset({"path", "image", "command_line", "data", "text", "ObjectName", "reason"})


class TraceError(Exception):
    """A trace that cannot be read; `str()` is one line that names the file."""


def spool_lines(directory: Path, *, follow: bool = False) -> Iterator[bytes]:
    """The complete lines of a machine's spool in order; with `follow` those to come too, for ever.

    Raises TraceError when there is none.
    """
    done = 0
    pending = b""
    offset = 0
    first = True
    while True:
        numbers = sorted(int(path.stem) for path in directory.glob("*.jsonl") if path.stem.isdigit())
        if first and not numbers and not follow:
            raise TraceError(f"{directory}: no trace is kept there")
        first = False
        for number in numbers:
            if number < done:
                continue
            if number > done:
                done, offset, pending = number, 0, b""
            try:
                with (directory / f"{number:06d}.jsonl").open("rb") as file:
                    file.seek(offset)
                    data = file.read()
            except FileNotFoundError:
                continue
            offset += len(data)
            *lines, pending = (pending + data).split(b"\n")
            yield from filter(None, lines)
        if not follow:
            return
        time.sleep(_POLL)
        if numbers and numbers[-1] < done:
            done = offset = 0
            pending = b""


def events_of(lines: Iterable[bytes], source: str) -> Iterator[Event]:
    """Decode lines. Raises TraceError that names `source` and the line."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield requote(decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TraceError(f"{source}:{number}: {error}") from None


def requote(event: Event) -> Event:
    """Mark the strings of the program again, which JSON does not tell from symbols: by the function's prototype."""
    strings = _string_parameters(event.module, event.function) if event.function else frozenset()
    if any(isinstance(value, str | dict | list) for value in event.args.values()):
        event.args = {name: _requoted(name, value, strings) for name, value in event.args.items()}
    return event


def _requoted(name: str, value: Value, strings: frozenset[str]) -> Value:
    match value:
        case str():
            text = name in _ALWAYS_TEXT or (name in strings and not value.startswith("0x"))
            return GuestText(value) if text or not _SYMBOL.fullmatch(value) else value
        case dict():
            return {key: _requoted(key, item, frozenset()) if key != "hex" else item for key, item in value.items()}
        case list():
            return [_requoted("", item, strings) for item in value]
    return value


@lru_cache(maxsize=4096)
def _string_parameters(module: str | None, function: str) -> frozenset[str]:
    known = signatures.lookup(module, function)
    if known is None:
        return frozenset()
    texts = ("UNICODE_STRING", "ANSI_STRING", "STRING")
    return frozenset(
        parameter.name
        for parameter in known.parameters
        if parameter.type.kind == "string" or parameter.type.name in texts
    )


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events of a recorded trace are wanted. None and the empty filter want all."""

    filter: Filter = field(default_factory=Filter)
    process_id: int | None = None
    thread_id: int | None = None
    errors: bool = False
    """Only events that stand for an error."""

    def wants(self, event: Event) -> bool:
        """Whether the event is wanted."""
        if self.process_id is not None and event.process_id != self.process_id:
            return False
        if self.thread_id is not None and event.thread_id != self.thread_id:
            return False
        if self.errors and event.error is None:
            return False
        return wants_event(self.filter, event)


@dataclass(slots=True)
class Total:
    """What calls of one function came to."""

    module: str
    function: str
    calls: int = 0
    errors: int = 0
    elapsed: float = 0.0


def summarize(events: Iterable[Event]) -> list[Total]:
    """The calls of each function, the longest time first. Time in calls made within a call counts for both."""
    totals: dict[tuple[str, str], Total] = {}
    for event in events:
        if event.function is None:
            continue
        key = event.module or "", event.function
        total = totals.get(key)
        if total is None:
            total = totals[key] = Total(*key)
        if event.event == "call":
            total.calls += 1
        elif event.event == "return":
            total.errors += event.error is not None
            total.elapsed += event.elapsed or 0.0
    return sorted(totals.values(), key=lambda total: (-total.elapsed, -total.calls, total.function))
