"""`process/<pid>/threads/<tid>/`: registers, stack, and what each thread waits for."""

from __future__ import annotations

import errno
from collections.abc import Callable, Hashable, Iterator

from runtime.cpu.engine import Gpr
from runtime.nt.object import Object
from runtime.nt.process import Process
from runtime.nt.stack import stack_of
from runtime.nt.thread import Thread
from winfs.mount.node import Directory, Node, Text, fail, state_text, text


class ThreadsDirectory(Directory):
    """`threads/`: one directory a thread, named by its id."""

    def __init__(self, key: Hashable, process: Process) -> None:
        self._key = key
        self._process = process

    @property
    def key(self) -> Hashable:
        return self._key

    def look_up(self, name: str) -> Node:
        thread = self._process.threads.get(int(name)) if name.isascii() and name.isdigit() else None
        if thread is None:
            raise fail(errno.ENOENT)
        return ThreadDirectory((self._key, thread.id), thread)

    def entries(self) -> Iterator[tuple[str, Node]]:
        for number, thread in sorted(self._process.threads.items()):
            yield str(number), ThreadDirectory((self._key, number), thread)


class ThreadDirectory(Directory):
    """One thread."""

    def __init__(self, key: Hashable, thread: Thread) -> None:
        self._key = key
        self._thread = thread

    @property
    def key(self) -> Hashable:
        return self._key

    def _contents(self) -> dict[str, Callable[[], bytes]]:
        return {"status": self._status, "context": self._context, "stack": self._stack, "wait": self._wait}

    def look_up(self, name: str) -> Node:
        content = self._contents().get(name)
        if content is None:
            raise fail(errno.ENOENT)
        return Text((self._key, name), content)

    def entries(self) -> Iterator[tuple[str, Node]]:
        for name, content in self._contents().items():
            yield name, Text((self._key, name), content)

    def _status(self) -> bytes:
        state = self._thread.state()
        state.pop("type", None)
        for name in ("start", "teb"):
            state[name] = f"{state[name]:#x}"
        start = self._thread.start
        state["start"] = f"{start:#x} {self._thread.process.modules.describe(start)}"
        return state_text(state | {"priority": self._thread.priority, "running": self._running()})

    def _running(self) -> bool:
        """Whether the processor has the thread's registers."""
        return self._thread.process.scheduler.current is self._thread

    def _context(self) -> bytes:
        context = self._thread.context
        registers = {f"r{name.name[1:].lower()}" if name.name[1].isdigit() else name.name.lower():
                     int(context.registers[name]) for name in Gpr}  # fmt: skip
        registers |= {"rip": context.rip, "flags": context.flags, "fs_base": context.fs_base,
                      "gs_base": context.gs_base}  # fmt: skip
        lines = [f"{name}: 0x{value:016x}" for name, value in registers.items()]
        if self._running():
            lines.append("running: yes")
        return text("".join(f"{line}\n" for line in lines))

    def _stack(self) -> bytes:
        if self._running():
            return b"running\n"
        return text("".join(f"{frame.name}\n" for frame in stack_of(self._thread)))

    def _wait(self) -> bytes:
        wait = self._thread.wait
        if wait is None:
            return b""
        state = wait.state()
        state["for"] = ", ".join(map(_name, wait.objects)) or state["for"]
        return state_text(state)


def _name(item: Object) -> str:
    pid = vars(item).get("pid", vars(item).get("id"))
    name = item.path or (str(pid) if pid is not None else "(nameless)")
    return f"{item.object_type.name} {name}"
