"""`objects/`: the NT object namespace. Directories are directories, links are links, everything else is its state."""

from __future__ import annotations

import errno
from collections.abc import Callable, Hashable, Iterator
from functools import partial

from runtime.nt import object as ob
from runtime.nt.casing import upcase
from runtime.nt.event import Event
from runtime.nt.named_pipe import NamedPipe, NamedPipeDevice
from runtime.nt.wait import Waitable
from winfs.mount.node import Command, Directory, Link, Node, Text, fail, state_text
from winfs.mount.registry_text import cut, escape, unescape


class ObjectDirectory(Directory):
    """A directory of the namespace. `depth` is how many directories of `objects/` are above it."""

    def __init__(self, directory: ob.Directory, depth: int) -> None:
        self._directory = directory
        self._depth = depth
        if not depth:
            self.entry_timeout = 1.0  # the root stays

    @property
    def key(self) -> Hashable:
        return "object", self._directory

    def look_up(self, name: str) -> Node:
        item = self._directory.get(unescape(name))
        if item is None:
            item = next((item for item in self._directory if cut(escape(item.name)) == name), None)
        if item is None:
            raise fail(errno.ENOENT)
        return self._node(item)

    def entries(self) -> Iterator[tuple[str, Node]]:
        for item in self._directory:
            yield cut(escape(item.name)), self._node(item)

    def _node(self, item: ob.Object) -> Node:
        if isinstance(item, ob.Directory):
            return ObjectDirectory(item, self._depth + 1)
        if isinstance(item, ob.SymbolicLink):
            return Link(("object", item), link_target(item.target, self._depth))
        if isinstance(item, NamedPipeDevice):
            return PipesDirectory(item)
        if isinstance(item, Event):
            return event_file(("object", item), item)
        return Text(("object", item), partial(describe, item))


def link_target(target: str, depth: int) -> str:
    """The target of an NT link as a path from a directory that lies `depth` directories below `objects/`."""
    parts = [escape(part) for part in target.split("\\") if part]
    return "/".join([".."] * depth + parts) or "."


def describe(item: ob.Object) -> bytes:
    """An object's state as text."""
    state = item.state()
    if isinstance(item, Waitable):
        state["waiters"] = len(item.waiters)
    return state_text(state)


def event_file(key: Hashable, event: Event) -> Command:
    """An event: its state, and `set`, `reset` and `pulse` written to it."""

    def execute(line: str) -> None:
        verbs: dict[str, Callable[[], bool]] = {"set": event.set, "reset": event.reset, "pulse": event.pulse}
        verb = verbs.get(line)
        if verb is None:
            raise fail(errno.EINVAL)
        verb()

    return Command(key, partial(describe, event), execute)


class PipesDirectory(Directory):
    """`Device/NamedPipe/`: one file a pipe. A pipe's name may hold backslashes; they are shown as `%5C`."""

    def __init__(self, device: NamedPipeDevice) -> None:
        self._device = device

    @property
    def key(self) -> Hashable:
        return "object", self._device

    def look_up(self, name: str) -> Node:
        pipe = self._device.pipes.get(upcase(unescape(name)))
        if pipe is None:
            raise fail(errno.ENOENT)
        return self._node(pipe)

    def entries(self) -> Iterator[tuple[str, Node]]:
        for _, pipe in sorted(self._device.pipes.items()):
            yield cut(escape(pipe.name).replace("\\", "%5C")), self._node(pipe)

    def _node(self, pipe: NamedPipe) -> Node:
        def content() -> bytes:
            return state_text({"type": "NamedPipe", "name": pipe.name, "instances": len(pipe.instances)})

        return Text(("object", pipe), content)
