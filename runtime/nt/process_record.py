"""What stays of a process when it is gone: what was run, how it ended, and when."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

KEPT = 64
"""Ended processes a machine remembers."""


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """One ended process. Times are FILETIMEs; `environment` is the block it had last, empty where it had none."""

    pid: int
    parent_pid: int
    image_path: str
    command_line: str
    current_directory: str
    environment: bytes
    user: str
    exit_status: int
    exit_reason: str | None
    create_time: int
    exit_time: int


class EndedProcesses:
    """The records of the last processes that ended, oldest first."""

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._records: OrderedDict[int, ProcessRecord] = OrderedDict()

    def add(self, record: ProcessRecord) -> None:
        """Remember one; beyond the limit the oldest is forgotten."""
        self._records[record.pid] = record
        while len(self._records) > self._limit:
            self._records.popitem(last=False)

    def get(self, pid: int) -> ProcessRecord | None:
        """The record of a process id, or None."""
        return self._records.get(pid)

    def forget(self, pid: int) -> None:
        """Drop a record."""
        self._records.pop(pid, None)

    def __iter__(self) -> Iterator[ProcessRecord]:
        return iter(list(self._records.values()))

    def __len__(self) -> int:
        return len(self._records)
