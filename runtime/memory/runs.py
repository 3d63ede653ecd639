"""A map from integers to values, kept as runs: a reservation of 1 TiB is one entry."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator


class Runs:
    """Values for every integer in [start, end), stored as maximal runs of equal values."""

    def __init__(self, start: int, end: int, value: int) -> None:
        self._starts = [start]
        self._values = [value]
        self.end = end

    @property
    def start(self) -> int:
        """First key."""
        return self._starts[0]

    def __getitem__(self, key: int) -> int:
        return self._values[bisect_right(self._starts, key) - 1]

    def run_at(self, key: int) -> tuple[int, int, int]:
        """Return (start, end, value) of the run that holds `key`."""
        index = bisect_right(self._starts, key) - 1
        end = self._starts[index + 1] if index + 1 < len(self._starts) else self.end
        return self._starts[index], end, self._values[index]

    def runs(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Yield (start, end, value) of the runs in [start, end), clipped to it; the map must not change meanwhile."""
        index = bisect_right(self._starts, start) - 1
        while start < end:
            stop = self._starts[index + 1] if index + 1 < len(self._starts) else self.end
            stop = min(stop, end)
            yield start, stop, self._values[index]
            start = stop
            index += 1

    def set(self, start: int, end: int, value: int) -> None:
        """Give every integer in [start, end) that value."""
        if start >= end:
            return
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, end - 1) - 1
        last_end = self._starts[last + 1] if last + 1 < len(self._starts) else self.end
        starts, values = [], []
        if self._starts[first] < start:
            starts.append(self._starts[first])
            values.append(self._values[first])
        starts.append(start)
        values.append(value)
        if end < last_end:
            starts.append(end)
            values.append(self._values[last])
        before = first - 1
        while before >= 0 and starts and self._values[before] == values[0]:
            starts[0] = self._starts[before]
            first = before
            before -= 1
        merged_starts: list[int] = []
        merged_values: list[int] = []
        for begin, item in zip(starts, values, strict=True):
            if merged_values and merged_values[-1] == item:
                continue
            merged_starts.append(begin)
            merged_values.append(item)
        after = last + 1
        while after < len(self._starts) and self._values[after] == merged_values[-1]:
            after += 1
        self._starts[first:after] = merged_starts
        self._values[first:after] = merged_values

    def cut(self, start: int, end: int) -> Runs:
        """Return the part [start, end) as a map of its own."""
        part = Runs(start, end, 0)
        part._starts, part._values = [], []
        for begin, _, value in self.runs(start, end):
            part._starts.append(begin)
            part._values.append(value)
        return part
