"""`process/<pid>/`: what a debugger or Process Explorer would show of each program, running or just ended."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Hashable, Iterator
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path

from runtime.machine import Machine
from runtime.memory.constants import (
    MEM_FREE,
    MEM_IMAGE,
    MEM_MAPPED,
    PAGE_EXECUTE,
    PAGE_EXECUTE_READ,
    PAGE_EXECUTE_READWRITE,
    PAGE_EXECUTE_WRITECOPY,
    PAGE_GUARD,
    PAGE_NOACCESS,
    PAGE_READONLY,
    PAGE_READWRITE,
    PAGE_WRITECOPY,
)
from runtime.memory.faults import MemoryFault
from runtime.memory.inspect import peek, store
from runtime.nt.file import FileObject
from runtime.nt.handles import HandleEntry
from runtime.nt.host_file import HostFile
from runtime.nt.minidump import DumpError, DumpType, Selection, write_dump
from runtime.nt.output import Output
from runtime.nt.process import Process
from runtime.nt.process_record import ProcessRecord
from runtime.nt.security import Sid
from runtime.nt.status import STATUS_PENDING, NtError, status_name
from winfs.mount.node import (
    Attributes,
    Command,
    ContentHandle,
    Directory,
    File,
    Handle,
    Node,
    Text,
    fail,
    state_text,
    text,
)
from winfs.mount.registry_text import escape
from winfs.mount.threads import ThreadsDirectory
from winfs.mount.trace import Pollers, StreamFile

_EPOCH = 116_444_736_000_000_000
_MILLISECOND = 10_000
_KILLED = 1

_PROTECTIONS = {
    0: "---",
    PAGE_NOACCESS: "---",
    PAGE_READONLY: "r--",
    PAGE_READWRITE: "rw-",
    PAGE_WRITECOPY: "rc-",
    PAGE_EXECUTE: "--x",
    PAGE_EXECUTE_READ: "r-x",
    PAGE_EXECUTE_READWRITE: "rwx",
    PAGE_EXECUTE_WRITECOPY: "rcx",
}
_KINDS = {MEM_IMAGE: "image", MEM_MAPPED: "mapped"}


class ProcessesDirectory(Directory):
    """`process/`: the running programs and those that ended last, by process id."""

    entry_timeout = 1.0

    def __init__(self, machine: Machine, pollers: Pollers) -> None:
        self._machine = machine
        self._pollers = pollers

    def look_up(self, name: str) -> Node:
        if not name.isascii() or not name.isdigit() or name != str(int(name)):
            raise fail(errno.ENOENT)
        pid = int(name)
        self._expire()
        process = self._machine.processes.get(pid)
        if process is not None:
            return ProcessDirectory(self._machine, self._pollers, process)
        record = self._machine.ended_processes.get(pid)
        if record is None:
            raise fail(errno.ENOENT)
        return EndedDirectory(self._machine, self._pollers, record)

    def entries(self) -> Iterator[tuple[str, Node]]:
        self._expire()
        running = set(self._machine.processes)
        ended = {record.pid for record in self._machine.ended_processes}
        for pid in sorted(running | ended):
            yield str(pid), self.look_up(str(pid))

    def _expire(self) -> None:
        seconds = self._machine.config.ended_seconds
        if seconds:
            self._machine.ended_processes.expire(self._machine.clock.now() - seconds * 10_000_000)

    def remove_directory(self, name: str) -> None:
        """`rmdir` takes an ended process away."""
        node = self.look_up(name)
        if not isinstance(node, EndedDirectory):
            raise fail(errno.EBUSY)
        self._machine.ended_processes.forget(int(name))


def _environment(block: bytes) -> bytes:
    """An environment block as text, one variable a line."""
    variables = block.decode("utf-16-le", "replace").split("\0\0", 1)[0].split("\0")
    return text("".join(f"{variable}\n" for variable in variables if variable))


def _time(filetime: int) -> str:
    """A FILETIME as ISO 8601, UTC."""
    from datetime import UTC, datetime

    if not filetime:
        return ""
    moment = datetime.fromtimestamp((filetime - _EPOCH) / 10_000_000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=256)
def _status_text(
    image: str, state: str, pid: int, parent: int, user: Sid, exit_status: int, exit_reason: str | None, started: int,
    ended: int, threads: int, handles: int, committed: int, peak_committed: int, cpu_ms: int, priority: int,
    console: bool, job: bool,
) -> bytes:  # fmt: skip
    """`status` of a running process. Kept, since each stat of the file asks for its size and little changes between."""
    return state_text({
        "Name": image.rpartition("\\")[2],
        "State": state,
        "Pid": pid,
        "Parent": parent,
        "User": str(user),
        "ExitCode": None if exit_status == STATUS_PENDING else _exit_text(exit_status),
        "ExitReason": exit_reason,
        "Started": _time(started),
        "Ended": _time(ended),
        "Threads": threads,
        "Handles": handles,
        "Committed": f"{committed // 1024} kB",
        "PeakCommitted": f"{peak_committed // 1024} kB",
        "CpuTime": f"{cpu_ms / 1000:.3f} s",
        "Priority": priority,
        "Console": console,
        "Job": job,
    })  # fmt: skip


def _exit_text(code: int) -> str:
    name = f" {status_name(code)}" if code & 0xC0000000 == 0xC0000000 else ""
    return f"{code} 0x{code:08x}{name}"


class _PidDirectory(Directory):
    """What the directories of running and ended processes share: one node a name, made when it is looked up."""

    def __init__(self, machine: Machine, pollers: Pollers, pid: int, created: int) -> None:
        self._machine = machine
        self._pollers = pollers
        self._pid = pid
        self._created = created

    @property
    def key(self) -> Hashable:
        return "process", self._pid, self._created

    def attributes(self) -> Attributes:
        return Attributes(stat.S_IFDIR | self.mode, links=2, modified=(self._created - _EPOCH) * 100)

    def _makers(self) -> dict[str, Callable[[Hashable], Node]]:
        raise NotImplementedError

    def look_up(self, name: str) -> Node:
        make = self._makers().get(name)
        if make is None:
            raise fail(errno.ENOENT)
        return make((*self._key_tuple, name))

    def create(self, name: str, mode: int) -> File:
        """Nothing can be made here: who writes to a file that went with the program is told so, as in /proc."""
        raise fail(errno.ENOENT)

    @property
    def _key_tuple(self) -> tuple[Hashable, ...]:
        return "process", self._pid, self._created

    def entries(self) -> Iterator[tuple[str, Node]]:
        for name, make in self._makers().items():
            yield name, make((*self._key_tuple, name))

    def _trace(self, key: Hashable) -> Node:
        spool = self._machine.trace.spool
        if spool is None:
            return Text(key, lambda: b"")
        return StreamFile(key, partial(spool.process, self._pid), None, self._pollers)

    def _output(self, output: Output) -> Callable[[Hashable], Node]:
        return lambda key: StreamFile(key, lambda: output, None, self._pollers)


class EndedDirectory(_PidDirectory):
    """A process that has ended."""

    def __init__(self, machine: Machine, pollers: Pollers, record: ProcessRecord) -> None:
        super().__init__(machine, pollers, record.pid, record.create_time)
        self._record = record

    def _makers(self) -> dict[str, Callable[[Hashable], Node]]:
        record = self._record
        contents: dict[str, Callable[[], bytes]] = {
            "image": lambda: text(record.image_path + "\n"),
            "cmdline": lambda: text(record.command_line + "\n"),
            "environ": lambda: _environment(record.environment),
            "cwd": lambda: text(record.current_directory + "\n"),
            "status": self._status,
            "exit_code": lambda: text(_exit_text(record.exit_status) + "\n"),
        }
        makers: dict[str, Callable[[Hashable], Node]] = {
            name: partial(Text, content=content) for name, content in contents.items()
        }
        makers["trace.jsonl"] = self._trace
        for name, output in (("stdout", record.output), ("stderr", record.error)):
            if output is not None:
                makers[name] = self._output(output)
        return makers

    def _status(self) -> bytes:
        record = self._record
        return state_text({
            "Name": record.image_path.rpartition("\\")[2],
            "State": "ended",
            "Pid": record.pid,
            "Parent": record.parent_pid,
            "User": record.user,
            "ExitCode": _exit_text(record.exit_status),
            "ExitReason": record.exit_reason,
            "Started": _time(record.create_time),
            "Ended": _time(record.exit_time),
        })  # fmt: skip


class ProcessDirectory(_PidDirectory):
    """A running process."""

    def __init__(self, machine: Machine, pollers: Pollers, process: Process) -> None:
        super().__init__(machine, pollers, process.pid, process.create_time)
        self._process = process

    def _makers(self) -> dict[str, Callable[[Hashable], Node]]:
        process = self._process
        contents: dict[str, Callable[[], bytes]] = {
            "image": lambda: text(process.image_path + "\n"),
            "cmdline": lambda: text(process.command_line + "\n"),
            "environ": lambda: _environment(process.environment_block()),
            "cwd": lambda: text(process.current_directory + "\n"),
            "status": self._status,
            "exit_code": self._exit_code,
            "maps": lambda: _maps(process),
        }
        makers: dict[str, Callable[[Hashable], Node]] = {
            name: partial(Text, content=content) for name, content in contents.items()
        }
        makers |= {
            "memory": lambda key: MemoryFile(key, process),
            "modules": lambda key: ModulesDirectory(key, process),
            "threads": lambda key: ThreadsDirectory(key, process),
            "handles": lambda key: HandlesDirectory(key, process),
            "trace.jsonl": self._trace,
            "ctl": lambda key: Command(key, lambda: b"kill\nsuspend\nresume\neof\ndump FILE\n", self._control),
        }
        streams = process.streams
        if streams is not None:
            for name, output in (("stdout", streams.output), ("stderr", streams.error)):
                if output is not None:
                    makers[name] = self._output(output)
            makers["stdin"] = lambda key: InputFile(key, streams.input)
        return makers

    def _exit_code(self) -> bytes:
        code = self._process.exit_status
        return b"" if code == STATUS_PENDING else text(_exit_text(code) + "\n")

    def _status(self) -> bytes:
        process = self._process
        threads = list(process.threads.values())
        suspended = bool(threads) and all(thread.suspend_count for thread in threads)
        waiting = bool(threads) and all(thread.wait is not None for thread in threads)
        running = "ended" if process.ended else "suspended" if suspended else "waiting" if waiting else "running"
        return _status_text(
            process.image_path, running, process.pid, process.parent_pid, process.token.user, process.exit_status,
            process.exit_reason, process.create_time, process.exit_time, len(threads), len(process.handles),
            process.memory.committed, process.memory.peak_committed, sum(process.times()) // _MILLISECOND,
            process.priority, process.console is not None, process.job is not None,
        )  # fmt: skip

    def _control(self, line: str) -> Callable[[], None] | None:
        process = self._process
        verb, _, argument = line.partition(" ")
        if argument and verb != "dump":
            raise fail(errno.EINVAL)
        if process.ended or process.terminating:
            raise fail(errno.ESRCH)
        if verb == "kill":
            process.terminate(_KILLED, "killed through ctl")
        elif verb == "suspend":
            for thread in list(process.threads.values()):
                thread.suspend()
        elif verb == "resume":
            for thread in list(process.threads.values()):
                thread.resume()
        elif verb == "eof":
            _fed(process.streams.input if process.streams is not None else None).end()
        elif verb == "dump" and argument:
            return self._dump(argument)
        else:
            raise fail(errno.EINVAL)
        return None

    def _dump(self, name: str) -> Callable[[], None]:
        """What writes a minidump of everything: to `dumps/` of the machine folder, or to an absolute path."""
        path = Path(name)
        if not path.is_absolute():
            if "/" in name or name.startswith("."):
                raise fail(errno.EINVAL)
            path = self._machine.config.folder / "dumps" / name
            path.parent.mkdir(exist_ok=True)
        return partial(_write_dump, self._process, path)


def _write_dump(process: Process, path: Path) -> None:
    """Raises OSError; ESRCH when the process ends meanwhile. A file that does not become whole does not stay."""
    existed = path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        write_dump(process, Selection(DumpType.full()), descriptor)
    except BaseException as error:
        if not existed:
            with suppress(OSError):
                path.unlink()
        if isinstance(error, DumpError):
            raise fail(errno.ESRCH) from None
        raise
    finally:
        os.close(descriptor)


def _maps(process: Process) -> bytes:
    """One line a region: range, protection, kind, what it is."""
    lines = []
    memory = process.memory
    address = 0x10000
    while address <= memory.highest:
        region = memory.query(address)
        if region.size <= 0:
            break
        if region.state != MEM_FREE:
            shown = _PROTECTIONS.get(region.protect & 0xFF, "???") + ("g" if region.protect & PAGE_GUARD else "p")
            kind = _KINDS.get(region.kind, "private") if region.protect else "reserved"
            line = f"{region.base:012x}-{region.base + region.size:012x} {shown} {kind:8} {region.name}"
            lines.append(line.rstrip())
        address = region.base + region.size
    return text("".join(f"{line}\n" for line in lines))


def _fed(file: FileObject | None) -> HostFile:
    """A standard input that can be fed: no terminal, no file on a disk. Raises OSError EOPNOTSUPP for any other."""
    if not isinstance(file, HostFile) or file.is_disk:
        raise fail(errno.EOPNOTSUPP)
    return file


class InputFile(Text):
    """`stdin`: reading says what it is; writing gives the program input, in front of what comes from elsewhere."""

    mode = 0o644

    def __init__(self, key: Hashable, file: FileObject | None) -> None:
        super().__init__(key, lambda: state_text(file.state()) if file is not None else b"none\n")
        self._file = file

    def open(self, flags: int) -> Handle:
        reading = flags & os.O_ACCMODE != os.O_WRONLY
        if flags & os.O_ACCMODE != os.O_RDONLY:
            _fed(self._file)
        return InputHandle(self._content() if reading else b"", self._file)

    def truncate(self, size: int) -> None:
        """`>` truncates before it writes; there is nothing to cut."""


class InputHandle(ContentHandle):
    """The open standard input of a program."""

    def __init__(self, content: bytes, file: FileObject | None) -> None:
        super().__init__(content)
        self._file = file

    def write(self, offset: int, data: bytes) -> int:
        _fed(self._file).feed(data)
        return len(data)

    def truncate(self, size: int) -> None:
        """`>` truncates before it writes; there is nothing to cut."""


class MemoryFile(File):
    """The address space as a file: offsets are addresses, holes are EFAULT."""

    mode = 0o600

    def __init__(self, key: Hashable, process: Process) -> None:
        self._key = key
        self._process = process

    @property
    def key(self) -> Hashable:
        return self._key

    def attributes(self) -> Attributes:
        memory = self._process.memory
        return Attributes(stat.S_IFREG | self.mode, size=memory.highest + 1, blocks=memory.committed // 512)

    def open(self, flags: int) -> Handle:
        return MemoryHandle(self._process)


class MemoryHandle(Handle):
    """The open memory of a process."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def read(self, offset: int, size: int) -> bytes:
        if offset > self._process.memory.highest:
            return b""
        try:
            return peek(self._process.memory, offset, size)
        except MemoryFault:
            raise fail(errno.EFAULT) from None

    def write(self, offset: int, data: bytes) -> int:
        try:
            return store(self._process.memory, offset, data)
        except MemoryFault:
            raise fail(errno.EFAULT) from None


class ModulesDirectory(Directory):
    """`modules/`: one file a loaded image: where it is and what it exports."""

    def __init__(self, key: Hashable, process: Process) -> None:
        self._key = key
        self._process = process

    @property
    def key(self) -> Hashable:
        return self._key

    def look_up(self, name: str) -> Node:
        for found, node in self.entries():
            if found == name:
                return node
        raise fail(errno.ENOENT)

    def entries(self) -> Iterator[tuple[str, Node]]:
        seen: set[str] = set()
        for module in sorted(self._process.modules, key=lambda module: (module.name.lower(), module.base)):
            name = escape(module.name.lower())
            if name in seen:
                name = f"{name}@{module.base:x}"
            seen.add(name)
            yield name, Text((self._key, module.base), partial(self._describe, module.base))

    def _describe(self, base: int) -> bytes:
        module = self._process.modules.by_base(base)
        if module is None:
            raise fail(errno.ENOENT)
        state = module.state()
        shown = {name: f"{value:#x}" if name in ("base", "size", "entry") and value else value
                 for name, value in state.items()}  # fmt: skip
        lines = [state_text(shown)]
        for name in module.export_names():
            try:
                address = self._process.modules.export(module, name)
            except NtError:
                address = None
            lines.append(text(f"export: {name} {address:#x}\n" if address else f"export: {name}\n"))
        return b"".join(lines)


class HandlesDirectory(Directory):
    """`handles/`: one file an open handle, named by its value in hex: the object and what may be done with it."""

    def __init__(self, key: Hashable, process: Process) -> None:
        self._key = key
        self._process = process

    @property
    def key(self) -> Hashable:
        return self._key

    def look_up(self, name: str) -> Node:
        try:
            value = int(name, 16)
            if f"{value:x}" != name:
                raise fail(errno.ENOENT)
            self._process.handles.entry(value)
        except (ValueError, NtError):
            raise fail(errno.ENOENT) from None
        return Text((self._key, value), partial(self._describe, value))

    def entries(self) -> Iterator[tuple[str, Node]]:
        for value, _ in self._process.handles:
            yield f"{value:x}", Text((self._key, value), partial(self._describe, value))

    def _describe(self, value: int) -> bytes:
        try:
            entry = self._process.handles.entry(value)
        except NtError:
            raise fail(errno.ENOENT) from None
        return describe_handle(value, entry)


def describe_handle(value: int, entry: HandleEntry) -> bytes:
    """A handle as text: its object's type, the granted access, and the object's state."""
    state = dict(entry.item.state())
    kind = state.pop("type", None)
    state.pop("access", None)
    shown: dict[str, str | int | bool | None] = {
        "handle": f"{value:#x}",
        "type": kind,
        "granted": f"0x{entry.access:08x}",
        "inherit": entry.inherit,
    }
    return state_text(shown | state)
