"""The mounted machine: boots it, serves its files, runs programs for clients, and leaves nothing behind."""

from __future__ import annotations

import array
import fcntl
import json
import logging
import os
import select
import signal
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import trio

from runtime.config import ConfigError, MachineConfig, Trace
from runtime.loader.order import DllOrder, OrderError, parse_override
from runtime.loader.pe import ImageError
from runtime.machine import Machine, open_machine
from runtime.nt.console_control import CTRL_C_EVENT, send_control_event
from runtime.nt.process import Process
from runtime.nt.registry_edit import RegistryEditError, RegistryEditor
from runtime.nt.registry_store import StoreError
from runtime.nt.statistics import machine_statistics
from runtime.trace.filters import Filter, FilterError
from runtime.trace.sinks import FileSink, Format
from runtime.trace.view import View
from winfs.control import (
    LOCK,
    MAXIMUM,
    MINIDUMP_STREAM,
    SOCKET,
    STATE,
    TRACE_STREAM,
    ControlError,
    Message,
    Mount,
    decode,
    encode,
    mounts,
)
from winfs.host_drives import HostDrives
from winfs.interrupts import ignored
from winfs.mount.guard import MountGuard
from winfs.mount.operations import MountOperations
from winfs.mount.session import Session, SessionError, read_ahead
from winfs.mount.tree import MachineTree
from winfs.registry_access import answers

if TYPE_CHECKING:
    from runtime.nt.minidump.crash import CrashDump

log = logging.getLogger(__name__)

OPTIONS = frozenset({"fsname=winfs", "subtype=winfs", "default_permissions", "auto_unmount"})
_GRACE = 1.0
"""Seconds that requests in progress get when the mount ends."""
_CLOSING = 0.05
"""Seconds between the wish to end and the end."""
_LOOK = 0.02
"""How often readers that wait for the trace are looked at, in seconds; as often as it is written."""
_MAXIMUM_DESCRIPTORS = 5
_ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class DaemonError(Exception):
    """The machine cannot be mounted; `str()` is one line."""


def lock_machine(folder: Path) -> int:
    """Hold the machine for one daemon; returns the descriptor to keep. Raises DaemonError, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise DaemonError(f"the machine '{folder.name}' is mounted already (see 'winfs ps')") from None
    return lock


def run_daemon(config: MachineConfig, mountpoint: Path, ready: Callable[[], None], *, allow_other: bool) -> None:
    """Mount a machine and serve it until it is unmounted or told to end; `ready` is called when it answers.

    Raises DaemonError, ConfigError, OSError.
    """
    lock = lock_machine(config.folder)
    state = config.folder / STATE
    try:
        state.write_text(json.dumps({"pid": os.getpid(), "mountpoint": str(mountpoint)}))
        trio.run(MountedMachine(config, mountpoint, ready, allow_other=allow_other).run)
    finally:
        for leftover in (state, config.folder / SOCKET):
            with suppress(OSError):
                leftover.unlink()
        os.close(lock)


class MountedMachine:
    """One machine, its mount and its clients."""

    def __init__(
        self, config: MachineConfig, mountpoint: Path, ready: Callable[[], None], *, allow_other: bool
    ) -> None:
        self._rules = Filter.compile(config.trace.patterns, config.trace.categories, config.trace.functions)
        # The mount is where the trace goes.
        self._config = msgspec.structs.replace(config, trace=Trace())
        self._mountpoint = mountpoint
        self._ready = ready
        self._allow_other = allow_other
        self._ending = trio.Event()
        self._answering = trio.Event()

    async def run(self) -> None:
        """Live until the mount ends. Raises DaemonError, ConfigError, OSError."""
        try:
            with ExitStack() as closing:
                await self._run(closing)
        except BaseExceptionGroup as group:
            error: BaseException = group
            while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
                error = error.exceptions[0]
            raise error from None

    async def _run(self, closing: ExitStack) -> None:
        async with open_machine(self._config) as machine:
            self.machine = machine
            machine.kept_output = self._config.kept_output
            machine.trace.attach_spool(self._config.folder / "trace", machine.remembers)
            machine.trace.set_filter(self._rules)
            tree = MachineTree(machine, str(self._mountpoint), lambda: operations, self.stop)
            self.drives = HostDrives(machine, str(self._mountpoint))
            operations = MountOperations(tree.root, machine.lock, self._answers)
            listener = self._listen()
            try:
                options = set(OPTIONS) | ({"allow_other"} if self._allow_other else set())
                session = Session(operations, str(self._mountpoint), options)
            except SessionError as error:
                listener.close()
                raise DaemonError(f"{self._mountpoint}: cannot be mounted: {error}") from None
            mine = str(self._mountpoint)
            mount = next((found for found in reversed(mounts()) if found.mountpoint == mine), None)
            guard = MountGuard(mine, mount.id) if mount is not None else None
            closing.enter_context(ignored(*_ENDING_SIGNALS))  # until the machine is closed
            try:
                async with trio.open_nursery() as nursery:
                    self._nursery = nursery
                    nursery.start_soon(self._watch_signals)
                    nursery.start_soon(self._watch_mount, mount)
                    nursery.start_soon(self._set_up, mount)
                    nursery.start_soon(self._end, session, operations)
                    nursery.start_soon(self._serve_clients, listener)
                    nursery.start_soon(_look, tree)
                    await session.serve()
                    nursery.cancel_scope.cancel()
            finally:
                session.close()
                if guard is not None:
                    guard.dismiss()
                listener.close()
                operations.close()

    def stop(self) -> None:
        """End the mount, from the loop."""
        self._ending.set()

    async def _end(self, session: Session, operations: MountOperations) -> None:
        await self._ending.wait()
        operations.followers.ending = True
        # Whoever asked through a file closes it first.
        await trio.sleep(_CLOSING)
        session.terminate()
        await trio.sleep(_GRACE)
        session.close()

    async def _watch_signals(self) -> None:
        with trio.open_signal_receiver(*_ENDING_SIGNALS) as signals:
            async for _ in signals:
                self.stop()

    async def _set_up(self, mount: Mount | None) -> None:
        """Once the kernel has said hello, which sets the read-ahead itself."""
        await self._answering.wait()
        if mount is not None:
            read_ahead(mount.device)

    def _answers(self) -> None:
        self._ready()
        self._answering.set()

    async def _watch_mount(self, mount: Mount | None) -> None:
        """End when the mount is taken out of the tree while somebody still uses it (`umount -l`).

        The kernel would keep it alive for them, where nobody else could find it.
        """
        table = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
        try:
            with select.epoll() as changes:
                # The table is always readable; that it changed is urgent.
                changes.register(table, select.EPOLLPRI | select.EPOLLERR)
                while mount is not None and any(found.id == mount.id for found in mounts()):
                    await trio.lowlevel.wait_readable(changes.fileno())
                    changes.poll(0)
        finally:
            os.close(table)
        self.stop()

    # Clients

    def _listen(self) -> trio.socket.SocketType:
        folder = self._config.folder
        with suppress(FileNotFoundError):
            (folder / SOCKET).unlink()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        directory = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        before = os.umask(0o177)
        try:
            # By way of the descriptor, since a socket's path must be short.
            listener.bind(f"/proc/self/fd/{directory}/{SOCKET}")
        finally:
            os.umask(before)
            os.close(directory)
        listener.listen(64)
        return trio.socket.from_stdlib_socket(listener)

    async def _serve_clients(self, listener: trio.socket.SocketType) -> None:
        async with trio.open_nursery() as nursery:
            while True:
                connected, _ = await listener.accept()
                nursery.start_soon(self._serve, connected)

    async def _serve(self, connected: trio.socket.SocketType) -> None:
        client = _Client(connected)
        try:
            request = await client.receive()
            if request is not None:
                await self._answer(client, request)
        except (ControlError, OSError) as error:
            log.info("client: %s", error)
        except Exception as error:
            log.exception("client")
            with suppress(OSError):
                await client.send({"error": f"internal error: {type(error).__name__}: {error}"})
        finally:
            client.close()

    async def _answer(self, client: _Client, request: Message) -> None:
        what = request.get("do")
        if what == "run":
            await self._run_program(client, request)
        elif what == "status":
            await client.send(self._status())
        elif what == "registry":
            await self._serve_registry(client, request)
        elif what == "stop":
            if request.get("wait") is True:
                await self.machine.all_gone()
            await client.send({"stopping": True})
            self.stop()
        else:
            await client.send({"error": f"unknown request {what!r}"})

    def _status(self) -> Message:
        with self.machine.lock:
            programs = [process.state() for process in self.machine.processes.values()]
            statistics = machine_statistics(self.machine)
            calls = self.machine.calls.by_function()
        return {
            "pid": os.getpid(), "mountpoint": str(self._mountpoint), "programs": programs, "statistics": statistics,
            "calls": dict(calls.most_common()),
        }  # fmt: skip

    async def _serve_registry(self, client: _Client, request: Message) -> None:
        """Look at the registry or change it for a client; changes are on the disk before it hears of the end."""
        registry = self.machine.registry
        steps = answers(RegistryEditor(registry, running=True), request)
        try:
            while True:
                with self.machine.lock:
                    step = next(steps, None)
                if step is None:
                    break
                if step:
                    await client.send(step)
                else:
                    await trio.lowlevel.checkpoint()
            if request.get("verb") in ("apply", "delete"):
                await trio.to_thread.run_sync(registry.tree.store.flush)
        except (RegistryEditError, StoreError) as error:
            await client.send({"error": str(error)})
        else:
            await client.send({"done": True})

    async def _run_program(self, client: _Client, request: Message) -> None:
        view: View | None = None
        try:
            try:
                view = self._view(client, request)
                if request.get("detach") is True:
                    process = await self._start_detached(request, view)
                    view = None
                    await client.send({"started": process.pid})
                    return
                process = await self._start(request, client.streams(request), view)
            finally:
                client.close_descriptors()
            with suppress(OSError):  # a client that has gone is seen below
                await client.send({"started": process.pid})
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._obey, client, process)
                code = await process.wait()
                nursery.cancel_scope.cancel()
            await self.machine.gone(process)
        except (ImageError, ConfigError, FilterError, OSError) as error:
            await client.send({"error": str(error)})
            return
        finally:
            if view is not None:
                with self.machine.lock:
                    self.machine.trace.remove_view(view)
        if view is not None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._until_gone, client, nursery.cancel_scope)
                await trio.to_thread.run_sync(view.join, abandon_on_cancel=True)
                nursery.cancel_scope.cancel()
        # Whoever looks at the machine's trace when the command is over finds all that the program did.
        await trio.to_thread.run_sync(self.machine.trace.flush)
        await client.send({"exit": code})

    async def _start_detached(self, request: Message, view: View | None) -> Process:
        """Start a program that runs on by itself: its input comes, and its output goes, through its files only."""
        reading, writing = os.pipe()
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        try:
            process = await self._start(request, {0: reading, 1: nowhere, 2: nowhere}, view)
        except BaseException:
            os.close(writing)
            raise
        finally:
            os.close(reading)
            os.close(nowhere)
        self._nursery.start_soon(self._see_out, process, view, writing)
        return process

    async def _see_out(self, process: Process, view: View | None, descriptor: int) -> None:
        """Keep the input of a detached program open, and its trace, until it is gone."""
        try:
            await self.machine.gone(process)
        finally:
            os.close(descriptor)
            if view is not None:
                with self.machine.lock:
                    self.machine.trace.remove_view(view)

    async def _start(self, request: Message, streams: Mapping[int, int], view: View | None) -> Process:
        """Start the program that a client asks for. Raises ImageError, ConfigError, OSError."""
        with self.machine.lock:
            self.drives.add_configured(_texts(request, "drives"))
            folder = self.drives.place(_texts(request, "folder"), writable=True, fallback="C:\\")
            program = self.drives.place(_texts(request, "program"), writable=False)
            dll_order = self._dll_order(request)
        missing = request.get("missing")
        dump = _crash_dump(request, streams.get(MINIDUMP_STREAM))
        try:
            return await self.machine.spawn(
                program,
                _list(request, "arguments"),
                cwd=folder,
                env=_texts(request, "environment"),
                stdin=streams.get(0),
                stdout=streams.get(1),
                stderr=streams.get(2),
                view=view,
                missing="zero" if missing == "zero" else "fail" if missing == "fail" else None,
                aslr=request.get("aslr") is True,
                dll_order=dll_order,
                crash_dump=dump,
            )
        except BaseException:
            if dump is not None:
                dump.close()
            raise

    def _dll_order(self, request: Message) -> DllOrder:
        """The machine's own setting with what the client adds. Raises ConfigError."""
        places = request.get("dll_path")
        folders = [self.drives.host_folder(_text_map(place)) for place in places] if isinstance(places, list) else []
        try:
            orders = dict(parse_override(f"{name}={order}") for name, order in _texts(request, "dll_overrides").items())
        except OrderError as error:
            raise ConfigError(str(error)) from None
        return self._config.dlls.extended(folders, orders)

    def _view(self, client: _Client, request: Message) -> View | None:
        """The look at the trace that a client wants for its program. Raises FilterError."""
        wanted = request.get("trace")
        descriptor = client.streams(request).get(TRACE_STREAM)
        if not isinstance(wanted, dict) or descriptor is None:
            return None
        rules = Filter.compile(_list(wanted, "patterns"), _list(wanted, "categories"), _list(wanted, "functions"))
        form: Format = "json" if wanted.get("format") == "json" else "text"
        view = View(rules, FileSink(os.dup(descriptor), form, owned=True))
        with self.machine.lock:
            self.machine.trace.add_view(view)
        return view

    @staticmethod
    async def _until_gone(client: _Client, scope: trio.CancelScope) -> None:
        """Wait no longer for the trace's reader than the client does."""
        with suppress(ControlError, OSError):
            while (message := await client.receive()) is not None and message.get("event") != "terminate":
                pass
        scope.cancel()

    async def _obey(self, client: _Client, process: Process) -> None:
        """Do what the client says of its program; one that hangs up takes its program along."""
        resume: Callable[[], None] | None = None
        terminal = process.console.terminal if process.console is not None else None

        async def hide() -> None:
            """The program wants input while its client is in the background."""
            nonlocal resume
            with self.machine.lock:
                if resume is not None or process.console is None or process.ended:
                    return
                resume = process.console.pause()
            with suppress(OSError):
                await client.send({"suspended": True, "hidden": True})

        if terminal is not None:
            terminal.owner = client.process_id
            terminal.on_hidden = lambda: self._nursery.start_soon(hide)
        while True:
            try:
                message = await client.receive()
            except (ControlError, OSError):
                message = None
            event = message.get("event") if message is not None else "gone"
            with self.machine.lock:
                console = process.console
                if event in ("gone", "terminate"):
                    process.terminate(1, "the client is gone" if event == "gone" else "the client ended it")
                elif event == "ctrl_c" and console is not None:
                    send_control_event(console, CTRL_C_EVENT, 0)
                elif event == "resize" and console is not None:
                    console.resized()
                elif event == "suspend" and console is not None and resume is None:
                    resume = console.pause()
                elif event == "resume" and resume is not None:
                    resume()
                    resume = None
            if event == "suspend":
                with suppress(OSError):
                    await client.send({"suspended": True})
            if message is None:
                return


class _Client:
    """The daemon's end of a connection."""

    def __init__(self, connected: trio.socket.SocketType) -> None:
        self._socket = connected
        self._data = bytearray()
        self.descriptors: list[int] = []
        credentials = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        self.process_id: int = struct.unpack("3i", credentials)[0]

    async def receive(self) -> dict[str, object] | None:
        """The next message; None at the end. Raises ControlError, OSError."""
        while True:
            if len(self._data) >= 4:
                size = int.from_bytes(self._data[:4], "little")
                if size > MAXIMUM:
                    raise ControlError("a message is too long")
                if len(self._data) >= 4 + size:
                    body = bytes(self._data[4 : 4 + size])
                    del self._data[: 4 + size]
                    return decode(body)
            space = socket.CMSG_SPACE(_MAXIMUM_DESCRIPTORS * array.array("i").itemsize)
            data, ancillary, _, _ = await self._socket.recvmsg(1 << 16, space, socket.MSG_CMSG_CLOEXEC)
            for level, kind, rights in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    count = len(rights) // 4
                    self.descriptors += struct.unpack(f"{count}i", rights[: count * 4])
            if not data:
                return None
            self._data += data

    async def send(self, message: Message) -> None:
        """Send a message. Raises OSError."""
        data = encode(message)
        while data:
            data = data[await self._socket.send(data) :]

    def streams(self, request: Message) -> dict[int, int]:
        """The descriptors that came with a request, by what they are for."""
        numbers = request.get("streams")
        passed = zip(numbers if isinstance(numbers, list) else [], self.descriptors, strict=False)
        return {number: descriptor for number, descriptor in passed if isinstance(number, int)}

    def close_descriptors(self) -> None:
        """Close what the client passed."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors.clear()

    def close(self) -> None:
        """Hang up."""
        self.close_descriptors()
        self._socket.close()


def _crash_dump(request: Message, descriptor: int | None) -> CrashDump | None:
    """Where a client wants the minidump of its program if it crashes."""
    wanted = request.get("minidump")
    if not isinstance(wanted, dict) or descriptor is None:
        return None
    from runtime.nt.minidump.crash import CrashDump

    return CrashDump.of(os.dup(descriptor), str(wanted.get("name")), full=wanted.get("kind") == "full")


def _texts(request: Message, name: str) -> dict[str, str]:
    return _text_map(request.get(name))


def _text_map(found: object) -> dict[str, str]:
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _list(request: Message, name: str) -> list[str]:
    found = request.get(name)
    return [str(item) for item in found] if isinstance(found, list) else []


async def _look(tree: MachineTree) -> None:
    while True:
        await trio.sleep(_LOOK)
        if tree.pollers:
            tree.pollers.look()


__all__ = ["DaemonError", "Machine", "run_daemon"]
