"""What stays of a process when it is gone: what was run, how it ended, and when."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from runtime.nt.output import Output


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
    output: Output | None = None
    error: Output | None = None
    """What it wrote to standard output and error, where that is kept."""


class EndedProcesses:
    """The records of the processes that ended last, oldest first."""

    def __init__(self) -> None:
        self._records: OrderedDict[int, ProcessRecord] = OrderedDict()

    def add(self, record: ProcessRecord, limit: int) -> None:
        """Remember one; the oldest beyond `limit` are forgotten."""
        self._records[record.pid] = record
        while len(self._records) > limit:
            self._records.popitem(last=False)

    def expire(self, before: int) -> None:
        """Forget those that ended before a FILETIME."""
        for pid in [record.pid for record in self._records.values() if record.exit_time < before]:
            del self._records[pid]

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
