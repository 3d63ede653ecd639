"""`winfs run` on a machine that is mounted: the daemon runs the program, this process is its terminal.

The daemon gets the arguments and this process's own standard handles; Ctrl-C goes there, the exit code comes back.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from winfs.control import MINIDUMP_STREAM, TRACE_STREAM, Connection, ControlError, connect, folder_of_mount, mount_of

EXIT_TIMEOUT = 124  # as timeout(1)
_CHUNK = 1 << 16
_NOT_STOPPED = 0.1


class ClientError(Exception):
    """The program cannot be run; `str()` is one line."""


def exit_status(code: int) -> int:
    """The exit status that Linux can carry: the low 8 bits of the code, never 0 for a failure."""
    return code & 0xFF or (1 if code else 0)


@dataclass(frozen=True, slots=True)
class Tracing:
    """What of a program is to be traced, and where that goes; `output` None is the standard output."""

    format: str
    output: Path | None
    patterns: Sequence[str] = ()
    categories: Sequence[str] = ()
    functions: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Minidump:
    """What is to be written if a program crashes ("normal" or "full"), the file's name, and its open descriptor."""

    kind: str
    name: str
    descriptor: int


@dataclass(frozen=True, slots=True)
class Program:
    """A program to be run. `program` and `folder` are host paths (Path) or Windows paths (str).

    `drives` are those it is to have: letter → `PATH:ACCESS`. `missing` and `aslr` stand for the machine's settings;
    `dll_folders` and `dll_orders` are added to them.
    """

    program: Path | str
    arguments: Sequence[str]
    folder: Path | str
    environment: Mapping[str, str]
    drives: Mapping[str, str]
    tracing: Tracing | None = None
    missing: str | None = None
    aslr: bool = False
    dll_folders: Sequence[Path | str] = ()
    dll_orders: Mapping[str, Sequence[str]] = field(default_factory=dict)
    minidump: Minidump | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A mounted machine: its folder, a connection to its daemon, and whether the user chose it, by name or place."""

    folder: Path
    connection: Connection
    chosen: bool


def find_machine(named: Path | None, default: Path, paths: Sequence[Path]) -> Found | None:
    """The mounted machine that a program is to run on; None: it is not mounted.

    `named` is the folder of a machine that the user named; else it is the mount that holds one of `paths` (the current
    folder, the program), else the default machine.
    """
    folder = named
    if folder is None:
        for path in paths:
            mount = mount_of(os.path.abspath(path))
            if mount is not None:
                folder = folder_of_mount(mount, default.parent)
                if folder is not None:
                    break
    connection = connect(folder or default)
    return None if connection is None else Found(folder or default, connection, folder is not None)


class _Pump:
    """Copies between a descriptor on the mount and a pipe: the daemon must not touch its own mount."""

    def __init__(self, descriptor: int, *, output: bool) -> None:
        reading, writing = os.pipe()
        self.passed, own = (writing, reading) if output else (reading, writing)
        source, target = (own, descriptor) if output else (descriptor, own)
        self._own = own
        self.output = output
        self.thread = threading.Thread(target=self._run, args=(source, target), daemon=True)

    def _run(self, source: int, target: int) -> None:
        with suppress(OSError):
            while data := os.read(source, _CHUNK):
                while data:
                    data = data[os.write(target, data) :]
        with suppress(OSError):
            os.close(self._own)


class Run:
    """One program on a mounted machine."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._presses = 0
        self._signal = 0
        self._timed_out = False

    def __call__(self, program: Program, timeout: float | None, verbose: bool) -> int:
        """Run it to its end and return the exit status. Raises ClientError."""
        descriptors = {number: number for number in range(3) if _is_open(number)}
        modes = {descriptor: _terminal_modes(descriptor) for descriptor in descriptors}
        if program.tracing is not None:
            descriptors[TRACE_STREAM] = _trace_output(program.tracing, descriptors)
        if program.minidump is not None:
            descriptors[MINIDUMP_STREAM] = program.minidump.descriptor
        passed, pumps = self._passed(descriptors)
        request = request_of(program) | {"streams": list(descriptors)}
        before = self._watch_signals(timeout)
        try:
            self._connection.send(request, passed)
            for pump in pumps:
                os.close(pump.passed)
                pump.thread.start()
            code = self._wait("exit")
            for pump in pumps:
                if pump.output:
                    pump.thread.join()
        except ControlError as error:
            raise ClientError(str(error)) from None
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            for descriptor, mode in modes.items():
                if mode is not None:
                    with suppress(termios.error):
                        termios.tcsetattr(descriptor, termios.TCSADRAIN, mode)
        if self._timed_out:
            print(f"winfs: {program.program}: ended after {timeout:g} seconds", file=sys.stderr)
            return EXIT_TIMEOUT
        if self._signal:
            return 128 + self._signal
        if verbose:
            print(f"winfs: {program.program}: exit code {code:#x} ({code})", file=sys.stderr)
        return exit_status(code)

    def detach(self, program: Program) -> int:
        """Start it, to run on by itself, and return its process id. Raises ClientError."""
        passed: dict[int, int] = {}
        if program.tracing is not None:
            passed[TRACE_STREAM] = _trace_output(program.tracing, {})
            if os.fstat(passed[TRACE_STREAM]).st_dev in _mount_devices():
                raise ClientError(f"{program.tracing.output}: the trace of a detached program cannot go into the mount")
        request = request_of(program) | {"streams": list(passed), "detach": True}
        try:
            self._connection.send(request, list(passed.values()))
            return self._wait("started")
        except ControlError as error:
            raise ClientError(str(error)) from None

    def _passed(self, descriptors: Mapping[int, int]) -> tuple[list[int], list[_Pump]]:
        ours = _mount_devices()
        passed: list[int] = []
        pumps: dict[int, _Pump] = {}
        for number, descriptor in descriptors.items():
            if os.fstat(descriptor).st_dev in ours:
                if descriptor not in pumps:
                    pumps[descriptor] = _Pump(descriptor, output=number > 0)
                passed.append(pumps[descriptor].passed)
            else:
                passed.append(descriptor)
        return passed, list(pumps.values())

    def _wait(self, what: str) -> int:
        """The number that the daemon tells under that name; stops this process when the program has been."""
        while True:
            message = self._connection.receive()
            if message is None:
                raise ClientError("the machine was shut down")
            error, code = message.get("error"), message.get(what)
            if isinstance(error, str):
                raise ClientError(error)
            if isinstance(code, int):
                return code
            if message.get("suspended") is True:
                self._stop(tty_input=message.get("hidden") is True)

    def _stop(self, *, tty_input: bool) -> None:
        """Stop this process until it is continued: by Ctrl-Z, or by a read from a terminal that others have."""
        if tty_input:
            os.killpg(0, signal.SIGTTIN)
            # Where that does not stop anybody (no shell waits), the program goes on asking, but not all the time.
            time.sleep(_NOT_STOPPED)
        else:
            os.kill(os.getpid(), signal.SIGSTOP)
        self._connection.send({"event": "resume"})

    def _watch_signals(self, timeout: float | None) -> dict[int, _SignalHandler]:
        before: dict[int, _SignalHandler] = {}
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP, signal.SIGWINCH):
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup, or a job of a script
                before[number] = signal.signal(number, self._signalled)
        if timeout is not None:
            before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._expired)
            signal.setitimer(signal.ITIMER_REAL, timeout)
        return before

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self._presses += number == signal.SIGINT
        event = _EVENTS.get(number)
        with suppress(ControlError):
            if event is not None:
                self._connection.send({"event": event})
            elif number == signal.SIGINT and self._presses < 3:
                self._connection.send({"event": "ctrl_c"})
            else:
                self._signal = number
                self._connection.send({"event": "terminate"})

    def _expired(self, number: int, frame: FrameType | None) -> None:
        self._timed_out = True
        with suppress(ControlError):
            self._connection.send({"event": "terminate"})


_EVENTS: Mapping[int, str] = {signal.SIGTSTP: "suspend", signal.SIGWINCH: "resize"}
_SignalHandler = Callable[[int, FrameType | None], object] | int | None


def request_of(program: Program) -> dict[str, object]:
    """The request that has the daemon start a program."""
    request: dict[str, object] = {
        "do": "run",
        "program": _place(program.program),
        "arguments": list(program.arguments),
        "folder": _place(program.folder),
        "environment": dict(program.environment),
        "drives": dict(program.drives),
        "missing": program.missing,
        "aslr": program.aslr,
        "dll_path": [_place(folder) for folder in program.dll_folders],
        "dll_overrides": {name: ",".join(order) for name, order in program.dll_orders.items()},
    }
    if program.tracing is not None:
        request["trace"] = {
            "format": program.tracing.format,
            "patterns": list(program.tracing.patterns),
            "categories": list(program.tracing.categories),
            "functions": list(program.tracing.functions),
        }
    if program.minidump is not None:
        request["minidump"] = {"kind": program.minidump.kind, "name": program.minidump.name}
    return request


def _trace_output(tracing: Tracing, open_ones: Mapping[int, int]) -> int:
    """The descriptor that the trace goes to."""
    try:
        if tracing.output is not None:
            return os.open(tracing.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        return 1 if 1 in open_ones else os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        raise ClientError(f"{tracing.output}: {error.strerror}") from None


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _terminal_modes(descriptor: int) -> list[int | list[bytes | int]] | None:
    try:
        return termios.tcgetattr(descriptor)
    except termios.error:
        return None


def _mount_devices() -> set[int]:
    """The device numbers of mounts of ours, by mountinfo."""
    found = set()
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            left, _, right = line.partition(" - ")
            if right.startswith("fuse.winfs "):
                major, _, minor = left.split(" ")[2].partition(":")
                found.add(os.makedev(int(major), int(minor)))
    return found


def _place(path: Path | str) -> dict[str, str]:
    """A host path (links resolved here: the daemon cannot look into its own mount) or a Windows path."""
    if isinstance(path, Path):
        return {"host": os.path.realpath(path)}
    return {"windows": path}
