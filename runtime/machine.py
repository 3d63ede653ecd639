"""A machine: registry, objects, drives, clock and processes of one emulated Windows 10 computer.

    async with open_machine(config) as machine:
        process = await machine.spawn("rg.exe", ["needle"], stdout=1)
        code = await process.wait()
"""

from __future__ import annotations

import logging
import os
import random
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import trio

from runtime import dlls
from runtime.config import ConfigError, MachineConfig, MissingPolicy
from runtime.cpu.engine import Engine, Handlers
from runtime.cpu.physical import PhysicalMemory
from runtime.dlls.export import Dll, Export
from runtime.dlls.gate import ExportGate, Gate, MissingGate, UnknownServiceGate
from runtime.folder_lock import folder_in_use
from runtime.loader import builtin
from runtime.loader.builtin import BuiltinImage
from runtime.loader.cache import ImageCache
from runtime.loader.guest_tracer import GuestTracer
from runtime.loader.mapping import builtin_backing
from runtime.loader.order import DllOrder
from runtime.loader.pe import Image, ImageError
from runtime.loader.peb import BUILD_NUMBER, Parameters
from runtime.memory.backing import ImageBacking
from runtime.memory.space import AddressSpace
from runtime.nt import status as st
from runtime.nt.accounts import Accounts
from runtime.nt.atom_table import AtomTable
from runtime.nt.clipboard import Clipboard
from runtime.nt.clock import Clock
from runtime.nt.command_line import join_command_line
from runtime.nt.devices import install_devices
from runtime.nt.environment import default_environment
from runtime.nt.known_folders import create_skeleton
from runtime.nt.object import standard_namespace
from runtime.nt.park import LoopEvent, call_in_loop
from runtime.nt.process import Process
from runtime.nt.process_record import EndedProcesses
from runtime.nt.processor import Processor
from runtime.nt.registry_defaults import MachineFacts, open_registry
from runtime.nt.services import SERVICE_NUMBERS
from runtime.nt.shared_data import SharedUserData
from runtime.nt.socket import Network
from runtime.nt.standard_streams import StandardStreams
from runtime.nt.statistics import CallStatistics
from runtime.nt.status import NtError
from runtime.nt.streams import open_streams
from runtime.nt.system_programs import SHELL, install_programs, is_batch_file, shell_line
from runtime.nt.thread import Thread
from runtime.nt.time_zone import host_time_zone
from runtime.nt.token import Token
from runtime.trace.sinks import Subscription
from runtime.trace.trace import make_trace
from runtime.vfs.drives import Drives

log = logging.getLogger(__name__)

BUILTIN_BASE: Final = 0x7FFC_0000_0000
_TICK: Final = 0.002
_SHUTDOWN_PATIENCE: Final = 5.0
"""Seconds in which programs that are told to end must be gone."""
_LONGEST_COMMAND_LINE: Final = 32766
_SWITCH_INTERVAL: Final = 0.0005

F = TypeVar("F", bound=Callable[..., object])

if TYPE_CHECKING:
    from runtime.nt.minidump.crash import CrashDump
    from runtime.trace.view import View

TrapTarget = Callable[[Process], "Gate"]


class Machine:
    """One emulated computer; made by `open_machine`.

    `lock` is the executive lock: hold it while touching anything here from outside an API call.
    """

    nursery: trio.Nursery
    """Where processes and threads have their tasks."""

    def __init__(self, config: MachineConfig, token: trio.lowlevel.TrioToken) -> None:
        self.config = config
        self.token = token
        self.lock = threading.Lock()
        self.random = random.Random()
        self.processor = Processor()
        self.physical = PhysicalMemory()
        self.commit_limit = self.physical.limit // 2
        self.clock = Clock(self.lock)
        self.processes: dict[int, Process] = {}
        self.time_zone = host_time_zone()
        self.trace = make_trace(config.trace, self.clock.ticks)
        self.trace.on_change = self._bind_anew
        self.accounts = Accounts(config.computer_name, config.user_name)
        self.objects = standard_namespace()
        self.atoms = AtomTable()
        self.drives = Drives.from_config(config)
        drive_c = config.drive("C")
        assert drive_c is not None
        if drive_c.access != "ro":
            create_skeleton(drive_c.path, config.user_name)
            install_programs(drive_c.path)
        self.files = install_devices(self.objects, self.drives)
        facts = MachineFacts(config.computer_name, config.user_name, self.accounts, self.processor)
        self.registry = open_registry(config.folder / "registry.db", facts, self.clock.now)
        self.objects.place("\\REGISTRY", self.registry)
        self.network = Network()
        self.clipboard = Clipboard()
        pages = self.physical.limit // 0x1000
        self.shared_data = SharedUserData(
            self.physical, self.clock, BUILD_NUMBER, self.processor.count, pages, self.random.getrandbits(32)
        )
        self.threads: dict[int, Thread] = {}
        self.ended_processes = EndedProcesses()
        self.calls = CallStatistics()
        self.timer_resolution = 156250
        """What the clock interrupt is set to, in 100 ns; it is answered truthfully but changes nothing here."""
        self.kept_output = 0
        """Bytes that are kept of what each program writes to standard output and error."""
        self._next_luid = 0x10000
        self._gone = LoopEvent()
        self._ids: set[int] = set()
        self._next_id = 0x1000
        self._traps: list[TrapTarget] = []
        self._export_traps: dict[Export, int] = {}
        self._missing_traps: dict[tuple[str, str], int] = {}
        self._builtin: dict[str, tuple[BuiltinImage, ImageBacking]] = {}
        self._next_builtin = BUILTIN_BASE
        self.images = ImageCache(self.physical)
        self._overrides: dict[tuple[str, str], Export] = {}
        self._callback_trap = self.add_trap(lambda process: lambda thread: thread.guest_returned())

    # Programs

    async def spawn(
        self,
        program: Path | str,
        args: Sequence[str] = (),
        *,
        cwd: Path | str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
        command_line: str | None = None,
        view: View | None = None,
        missing: MissingPolicy | None = None,
        aslr: bool = False,
        dll_order: DllOrder | None = None,
        crash_dump: CrashDump | None = None,
    ) -> Process:
        """Start a program and return its process, which runs at once.

        `program` and `cwd` are host paths (Path) or Windows paths (str). `env` is added to the machine's environment.
        `stdin`, `stdout` and `stderr` are host descriptors, which the caller keeps; None is no handle. `view` is a look
        at the trace of its own, already added; `missing`, `aslr` and `dll_order` stand for the machine's settings.
        `crash_dump` says where a minidump goes if the program crashes; the process closes it.
        cmd.exe runs batch files.
        Raises ImageError for a file that is no good, ConfigError for a path that no drive holds.
        """
        host = program if isinstance(program, Path) else None
        path = self.windows_path(program) if isinstance(program, Path) else program
        line = command_line if command_line is not None else join_command_line([path, *args])
        if is_batch_file(path):
            if not self.is_file(path):
                raise ImageError(path, "no such file")
            host, path, line = None, SHELL, shell_line(line)
        image = self.images.open(host) if host is not None else self.open_image(path)
        if image is None:
            raise ImageError(path, "no such file")
        image.check_machine()
        image.check_loadable()
        if image.is_dll:
            raise ImageError(str(program), "is a DLL, expected a program")
        folder = self.windows_path(cwd) if isinstance(cwd, Path) else cwd or "C:\\"
        self._check_folder(folder)
        environment = default_environment(self.config.computer_name, self.config.user_name, self.processor)
        environment.update(self.config.environment)
        environment.update(env or {})
        units = len(line.encode("utf-16-le", "surrogatepass")) // 2
        if units > _LONGEST_COMMAND_LINE:
            raise ConfigError(f"the command line has {units} characters; Windows takes {_LONGEST_COMMAND_LINE}")
        with self.lock:
            process = self.new_process(None)
            process.crash_dump = crash_dump
            process.missing = missing or process.missing
            process.aslr = aslr or process.aslr
            process.dll_order = dll_order or process.dll_order
            if view is not None:
                view.processes.add(process.pid)
            if stderr is not None:
                process.report_descriptor = os.dup(stderr)
            handles = open_streams(process, (stdin, stdout, stderr), path)
            parameters = Parameters(path, line, folder, environment.block(), standard_handles=handles)
            try:
                self.start(process, image, path, parameters)
            except NtError as error:
                raise ImageError(path, f"cannot be started: {error}") from None
        return process

    def _check_folder(self, folder: str) -> None:
        """Raises ConfigError for what is no directory of this machine."""
        try:
            with self.drives.resolve(folder) as location:
                if location.exists and location.is_directory:
                    return
        except NtError:
            pass
        raise ConfigError(f"{folder}: no such directory")

    def start(self, process: Process, image: Image, path: str, parameters: Parameters, *,
              suspended: bool = False) -> Thread:  # fmt: skip
        """Map a program into a new process and start its first thread. The lock is held.

        Raises ImageError, NtError; the process has ended then.
        """
        call_in_loop(self.token, lambda: self.nursery.start_soon(process.run, name=f"process {process.pid}"))
        process.streams = StandardStreams(process, parameters.standard_handles)
        self.trace.process_start(process.pid, 0, path, parameters.command_line, process.parent_pid)
        try:
            process.prepare(image, path, parameters)
            return process.create_thread(_entry(process), process.peb, suspended=suspended)
        except NtError as error:
            process.terminate(error.status)
            raise
        except ImageError:
            process.terminate(st.STATUS_INVALID_IMAGE_FORMAT)
            raise

    def new_process(self, parent: Process | None, token: Token | None = None) -> Process:
        """Return a process without a program yet. The lock is held."""
        process = Process(self, self.new_id(), parent, token or self.accounts.logon(elevated=self.config.elevated))
        self.processes[process.pid] = process
        return process

    def remembers(self, process_id: int) -> bool:
        """Whether there is a process of that id, or what is remembered of one that has ended."""
        return process_id in self.processes or self.ended_processes.get(process_id) is not None

    def process_gone(self, process: Process) -> None:
        """A process has been taken apart."""
        self.processes.pop(process.pid, None)
        self._ids.discard(process.pid)
        self._gone.set()

    def thread_gone(self, thread: Thread) -> None:
        """A thread has ended; its id may be used again."""
        self.threads.pop(thread.id, None)
        self._ids.discard(thread.id)

    def new_id(self) -> int:
        """Return a process or thread id that is not in use: a multiple of 4."""
        while True:
            self._next_id += 4
            if self._next_id not in self._ids:
                self._ids.add(self._next_id)
                return self._next_id

    def new_luid(self) -> int:
        """Return a locally unique id."""
        self._next_luid += 1
        return self._next_luid

    @property
    def processor_mask(self) -> int:
        """Affinity mask of all processors."""
        return (1 << self.processor.count) - 1

    def new_engine(self, memory: AddressSpace, handlers: Handlers) -> Engine:
        """Return a CPU engine for an address space."""
        from runtime.cpu.unicorn import UnicornEngine

        return UnicornEngine(self.physical, memory.page_table, handlers)

    # Paths and images

    def nt_device_path(self, path: str) -> str:
        """Return the device path of a Windows path: `\\Device\\HarddiskVolume1\\…`."""
        drive = self.drives.get(path[:1]) if path[1:2] == ":" else None
        return f"\\Device\\{drive.device_name}{path[2:]}" if drive is not None else path

    def windows_path(self, path: Path) -> str:
        """Return the Windows path of a host file or folder. Raises ConfigError when no drive holds it."""
        found = self.drives.to_windows(str(path))
        if found is None:
            raise ConfigError(f"{path}: is on no drive of this machine; give it one with --drive")
        return found

    def is_file(self, path: str) -> bool:
        """Whether there is a file at an absolute Windows path."""
        try:
            with self.drives.resolve(path) as location:
                return location.exists and not location.is_directory
        except NtError:
            return False

    def open_image(self, path: str) -> Image | None:
        """Open the PE file at an absolute Windows path; None when there is none. Raises ImageError."""
        try:
            location = self.drives.resolve(path)
        except NtError:
            return None
        with location:
            if not location.exists or location.is_directory:
                return None
            return self.images.open(f"/proc/self/fd/{location.fd}", name=path)

    def hold_image(self, path: str) -> Callable[[], None]:
        """Keep the file of an image from being overwritten or deleted; returns what lets go of it."""
        try:
            location = self.drives.resolve(path)
        except NtError:
            return lambda: None
        with location:
            if location.status is None:
                return lambda: None
            return self.files.hold_image((location.status.st_dev, location.status.st_ino))

    def builtin_image(self, name: str) -> tuple[BuiltinImage, ImageBacking]:
        """Return the generated image of a built-in DLL (lower-case file name)."""
        found = self._builtin.get(name)
        if found is None:
            image = builtin.build(
                name, self._next_builtin, self.export_trap, SERVICE_NUMBERS, self._callback_trap,
                self._extra_exports(name),
            )  # fmt: skip
            self._next_builtin += -(-image.size // 0x10000) * 0x10000
            found = self._builtin[name] = (image, builtin_backing(self.physical, image))
        return found

    def random_image_base(self, size: int) -> int:
        """Return a random base for an image of `size` bytes (ASLR)."""
        return 0x7FF6_0000_0000 + self.random.randrange(0x8000) * 0x10000

    # Traps

    def add_trap(self, target: TrapTarget) -> int:
        """Return the number of a new trap; `target` makes the gate that serves it in a process."""
        self._traps.append(target)
        return len(self._traps) - 1

    def export_trap(self, export: Export) -> int:
        """Return the trap number of an export."""
        number = self._export_traps.get(export)
        if number is None:
            number = self._export_traps[export] = self.add_trap(partial(self._export_gate, export))
        return number

    def _export_gate(self, export: Export, process: Process) -> Gate:
        override = self._overrides.get((export.dll.name.lower(), export.name))
        return ExportGate(override or export, process)

    def add_missing(self, module: str, function: str) -> int:
        """Return the trap number for calls of a function that does not exist."""
        key = (module.lower(), function)
        number = self._missing_traps.get(key)
        if number is None:
            number = self._missing_traps[key] = self.add_trap(lambda process: MissingGate(module, function))
        return number

    def _bind_anew(self) -> None:
        """What is traced has changed: gates are made again when they are called next."""
        for process in self.processes.values():
            process.gates.clear()
            process.service_gates.clear()
            if not process.ended and (process.guest_tracer is not None or self.trace.names_functions):
                process.loader.follow_trace_rules()

    def bind_trap(self, process: Process, number: int) -> Gate | None:
        """Return the gate for a trap number; None for one that no stub of ours has."""
        return self._traps[number](process) if number < len(self._traps) else None

    def bind_service(self, process: Process, number: int) -> Gate:
        """Return the gate for a system service number."""
        name = _service_names().get(number)
        dll = dlls.find("ntdll.dll")
        export = dll.exports.get(name) if dll is not None and name is not None else None
        if export is None:
            return UnknownServiceGate(number, name)
        override = self._overrides.get(("ntdll.dll", export.name))
        return ExportGate(override or export, process, syscall=True)

    def guest_tracer(self, process: Process) -> GuestTracer:
        """Return the import thunks of a process."""
        if process.guest_tracer is None:
            process.guest_tracer = GuestTracer(process)
        return process.guest_tracer

    def override(self, module: str, *, category: str = "process", fails: int | None = None,
                 name: str | None = None) -> Callable[[F], F]:  # fmt: skip
        """Serve an export of a system DLL with one's own typed function, in processes started from now on.

            @machine.override("kernel32.dll", category="time")
            def GetTickCount(thread: Thread) -> DWORD:
                return 42

        The function's annotations say how it is called; a name the DLL does not have is added to it.
        """

        def declare(function: F) -> F:
            export = Export(Dll(module), name or function.__name__, function, category, fails, None)
            with self.lock:
                self._overrides[module.lower(), export.name] = export
                self._builtin.pop(module.lower(), None)
            return function

        return declare

    def events(self, capacity: int = 65536) -> Subscription:
        """Return an async iterator of everything the trace sees from now on; it switches the trace on.

        It ends when the machine shuts down. `capacity` events wait for a slow reader; more are dropped and counted.
        """
        subscription = Subscription(capacity)
        self.trace.add_sink(subscription)
        return subscription

    def _extra_exports(self, name: str) -> Iterable[Export]:
        """Overrides for names that the DLL does not have, or has in guest code."""
        return [export for (module, _), export in self._overrides.items() if module == name]

    # Life

    async def all_gone(self) -> None:
        """Wait until every process has been taken apart."""
        while self.processes:
            self._gone.clear()
            await self._gone.wait()

    async def gone(self, process: Process) -> None:
        """Wait until a process has been taken apart: it has closed what it had of the host."""
        while self.processes.get(process.pid) is process:
            self._gone.clear()
            await self._gone.wait()

    async def run_clock(self) -> None:
        """Serve alarms and keep KUSER_SHARED_DATA live."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.clock.run)
            while True:
                await trio.sleep(_TICK)
                self.shared_data.update()

    def close(self) -> None:
        """Write what is to last; the machine is over."""
        self.trace.close()
        self.registry.close()
        self.drives.close()


def _entry(process: Process) -> int:
    program = process.loader.executable
    assert program is not None
    return program.entry


def _service_names() -> dict[int, str]:
    return {number: name for name, number in SERVICE_NUMBERS.items()}


async def _host_tasks(shelter: trio.CancelScope, task_status: trio.TaskStatus[trio.Nursery]) -> None:
    """Hold the nursery of processes and threads: cancelling the machine's user must not tear them down out of order."""
    with shelter:
        async with trio.open_nursery() as nursery:
            task_status.started(nursery)
            await trio.sleep_forever()


@asynccontextmanager
async def open_machine(config: MachineConfig) -> AsyncIterator[Machine]:
    """Boot a machine; leaving the block ends its programs and shuts it down.

    Raises ConfigError, OSError for a folder that cannot be used.
    """
    with folder_in_use(config.folder), _quick_switching():
        machine = Machine(config, trio.lowlevel.current_trio_token())
        shelter = trio.CancelScope(shield=True)
        async with trio.open_nursery() as outer:
            try:
                machine.nursery = await outer.start(_host_tasks, shelter)
                machine.nursery.start_soon(machine.run_clock)
                yield machine
            finally:
                with machine.lock:
                    for process in list(machine.processes.values()):
                        process.terminate(1, "the machine shuts down")
                with trio.CancelScope(shield=True), trio.move_on_after(_SHUTDOWN_PATIENCE):
                    await machine.all_gone()
                try:
                    machine.close()
                finally:
                    shelter.cancel()


@contextmanager
def _quick_switching() -> Iterator[None]:
    """Let Python's threads take turns more often: the loop and the programs wait for each other."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_INTERVAL)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
