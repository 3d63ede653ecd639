"""The event logs of a machine (Application, Security, System): what programs report, oldest first."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from runtime.nt.object import Object, ObjectType

MAXIMUM_RECORDS = 10_000


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One reported event. `time` is a FILETIME; `user` is a SID or empty."""

    number: int
    time: int
    source: str
    kind: int
    category: int
    event_id: int
    user: str
    strings: tuple[str, ...]
    data: bytes


class EventLog(Object):
    """One log. The oldest records are dropped when there are more than MAXIMUM_RECORDS."""

    object_type = ObjectType("EventLog", 0x20001, 0x20002, 0x20000, 0xF0007)

    def __init__(self, title: str) -> None:
        self.title = title
        self.records: deque[EventRecord] = deque(maxlen=MAXIMUM_RECORDS)
        self.next_number = 1

    def report(self, time: int, source: str, kind: int, category: int, event_id: int, user: str,
               strings: tuple[str, ...], data: bytes) -> None:  # fmt: skip
        """Append an event."""
        record = EventRecord(self.next_number, time, source, kind, category, event_id, user, strings, data)
        self.records.append(record)
        self.next_number += 1

    def state(self) -> dict[str, str | int | bool | None]:
        """The log as plain data."""
        return super().state() | {"title": self.title, "records": len(self.records)}


class EventSource(Object):
    """An open handle to a log: to report under a source's name, or to read."""

    object_type = EventLog.object_type

    def __init__(self, log: EventLog, source: str) -> None:
        self.log = log
        self.source = source
        self.position = 0
        """Number of the record last read sequentially."""

    def state(self) -> dict[str, str | int | bool | None]:
        """The handle as plain data."""
        return super().state() | {"log": self.log.title, "source": self.source}
