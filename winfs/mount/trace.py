"""The trace as growing files: the machine's `trace.jsonl` and `trace.log`, and one for each process."""

from __future__ import annotations

import errno
import os
import select
import stat
from collections.abc import Callable, Hashable
from typing import ClassVar

from runtime.machine import Machine
from runtime.trace.filters import Filter, FilterError
from runtime.trace.spool import Spool, Stream
from winfs.mount.node import AttributeChange, Attributes, ContentHandle, File, Handle, Text, fail

_READABLE = select.POLLIN | select.POLLRDNORM


class Pollers:
    """Who waits for a growing file to grow."""

    def __init__(self) -> None:
        self._waiting: list[tuple[StreamHandle, Callable[[], None]]] = []

    def add(self, handle: StreamHandle, wake: Callable[[], None]) -> None:
        """Wake this reader once, when there is more for it."""
        self._waiting.append((handle, wake))

    def remove(self, handle: StreamHandle) -> None:
        """The reader has closed its file."""
        self._waiting = [item for item in self._waiting if item[0] is not handle]

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def look(self) -> None:
        """Wake those for whom there is more."""
        ready = [(handle, wake) for handle, wake in self._waiting if handle.has_more]
        if ready:
            self._waiting = [item for item in self._waiting if item not in ready]
            for _, wake in ready:
                wake()


class MachineStream:
    """The machine's own stream in one form; empty from the moment it was truncated."""

    def __init__(self, spool: Spool, stream: Stream) -> None:
        self._spool = spool
        self._stream = stream

    def size(self) -> int:
        return 0 if self._spool.restarting else self._stream.size()

    def read(self, offset: int, size: int) -> bytes:
        return b"" if self._spool.restarting else self._stream.read(offset, size)

    def opened(self) -> None:
        self._stream.opened()

    def closed(self) -> None:
        self._stream.closed()


class StreamFile(File):
    """A stream of the trace's spool. `restart` empties it, where it can be."""

    grows: ClassVar[bool] = True

    def __init__(
        self, key: Hashable, stream: Callable[[], Stream], restart: Callable[[], None] | None, pollers: Pollers
    ) -> None:
        self._key = key
        self._stream = stream
        self._restart = restart
        self._pollers = pollers
        self.mode = 0o644 if restart is not None else 0o444

    @property
    def key(self) -> Hashable:
        return self._key

    def attributes(self) -> Attributes:
        return Attributes(stat.S_IFREG | self.mode, size=self.size())

    def size(self) -> int:
        return self._stream().size()

    def open(self, flags: int) -> Handle:
        writing = flags & os.O_ACCMODE != os.O_RDONLY
        if writing and self._restart is None:
            raise fail(errno.EACCES)
        return StreamHandle(self._stream(), self._restart, self._pollers)

    def truncate(self, size: int) -> None:
        if size or self._restart is None:
            raise fail(errno.EPERM)
        self._restart()

    def change(self, change: AttributeChange) -> None:
        if change.size is not None:
            self.truncate(change.size)


class StreamHandle(Handle):
    """A reader of a stream."""

    locked: ClassVar[bool] = False

    def __init__(self, stream: Stream, restart: Callable[[], None] | None, pollers: Pollers) -> None:
        self._stream = stream
        self._restart = restart
        self._pollers = pollers
        self._at = 0
        stream.opened()

    @property
    def has_more(self) -> bool:
        """Whether there is something behind what was read last."""
        size = self._stream.size()
        return size > self._at or size < self._at

    def read(self, offset: int, size: int) -> bytes:
        data = self._stream.read(offset, size)
        self._at = offset + len(data)
        return data

    def truncate(self, size: int) -> None:
        if size or self._restart is None:
            raise fail(errno.EPERM)
        self._restart()

    def poll(self, wake: Callable[[], None] | None) -> int:
        if self.has_more:
            return _READABLE
        if wake is not None:
            self._pollers.add(self, wake)
        return 0

    def release(self) -> None:
        self._pollers.remove(self)
        self._stream.closed()


class FilterFile(Text):
    """`machine/trace_filter`: the rules in force, one a line.

    A line is a pattern (`Create*`, `ws2_32!*`, `!Heap*`), `category NAME`, `function NAME`, or one of the words `all`
    and `off`. Writing replaces the rules, appending adds to them.
    """

    mode = 0o644

    def __init__(self, machine: Machine) -> None:
        super().__init__(("machine", "trace_filter"), self.show)
        self._machine = machine

    def show(self) -> bytes:
        """The rules as text."""
        if not self._machine.trace.switched_on:
            return b"off\n"
        return "".join(f"{rule}\n" for rule in self.rules or ["all"]).encode()

    @property
    def rules(self) -> list[str]:
        """The rules in force, as they were given."""
        return list(self._machine.trace.filter.rules)

    def set(self, rules: list[str]) -> None:
        """Put rules in force. Raises OSError EINVAL; the old ones then stay."""
        for rule in rules:
            words = rule.split()
            if len(words) > 2 or (len(words) == 2 and words[0] not in ("category", "function")):
                raise fail(errno.EINVAL)
        last = rules[-1] if rules else "all"
        if last in ("all", "off"):
            rules = []
        rules = [rule for rule in rules if rule not in ("all", "off")]
        try:
            compiled = Filter.compile(
                [rule for rule in rules if " " not in rule],
                [rule.split()[1] for rule in rules if rule.startswith("category ")],
                [rule.split()[1] for rule in rules if rule.startswith("function ")],
            )
        except FilterError:
            raise fail(errno.EINVAL) from None
        self._machine.trace.set_filter(compiled, on=last != "off")

    def open(self, flags: int) -> Handle:
        return FilterHandle(self)

    def truncate(self, size: int) -> None:
        """`>` truncates before it writes; what is written then counts."""


class FilterHandle(ContentHandle):
    """The open rules."""

    def __init__(self, file: FilterFile) -> None:
        super().__init__(file.show())
        self._file = file
        self._kept = file.rules

    def truncate(self, size: int) -> None:
        self._kept = []

    def write(self, offset: int, data: bytes) -> int:
        try:
            lines = [line.strip() for line in data.decode("utf-8").splitlines()]
        except UnicodeDecodeError:
            raise fail(errno.EINVAL) from None
        self._file.set([*self._kept, *filter(None, lines)])
        self._kept = self._file.rules
        return len(data)
