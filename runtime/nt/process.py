"""Processes: an address space, its modules, its threads, its handles."""

from __future__ import annotations

import logging
import os
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, ClassVar, Final

from runtime.cpu.engine import Access, Engine, Gpr
from runtime.dlls.abi import X64, Abi
from runtime.loader.loader import Loader
from runtime.loader.module import Module
from runtime.loader.order import DllOrder
from runtime.loader.pe import Image, ImageError
from runtime.loader.peb import (
    IS_LONG_PATH_AWARE_PROCESS,
    SYSTEM_AREA,
    LoaderLists,
    Parameters,
    write_parameters,
    write_peb,
    write_teb,
)
from runtime.memory.constants import (
    MEM_COMMIT,
    MEM_RESERVE,
    PAGE_EXECUTE_READ,
    PAGE_GUARD,
    PAGE_READONLY,
    PAGE_READWRITE,
)
from runtime.memory.faults import InPageError, MemoryFault
from runtime.memory.inspect import peek, peek_word
from runtime.memory.space import AddressSpace
from runtime.nt import exception
from runtime.nt import status as st
from runtime.nt.activation import Activation, activate_program, isolated, lifts_path_limit, redirected
from runtime.nt.code_pages import code_page
from runtime.nt.current_directory import DriveDirectories, set_current_directory
from runtime.nt.data_files import DataFiles
from runtime.nt.debug_object import DebugObject, show
from runtime.nt.environment import Environment
from runtime.nt.handles import HandleTable
from runtime.nt.layout import SHARED_USER_DATA, Layout
from runtime.nt.layout import X64 as X64_LAYOUT
from runtime.nt.object import ObjectType
from runtime.nt.park import LoopEvent
from runtime.nt.process_record import ProcessRecord
from runtime.nt.resources import LanguageFiles, forget_language_files
from runtime.nt.scheduler import Scheduler
from runtime.nt.status import NtError
from runtime.nt.thread import Thread
from runtime.nt.token import Token
from runtime.nt.wait import Waitable, WaitingThread
from runtime.vfs.dospath import CurrentDirectories, full_path

if TYPE_CHECKING:
    from runtime.config import MissingPolicy
    from runtime.dlls.gate import Gate
    from runtime.loader.guest_tracer import GuestTracer
    from runtime.machine import Machine
    from runtime.nt.console import Console
    from runtime.nt.job import Job
    from runtime.nt.minidump.crash import CrashDump
    from runtime.nt.standard_streams import StandardStreams

log = logging.getLogger(__name__)

PROCESS_TYPE = ObjectType(
    "Process", read=0x20410, write=0x20BEA, execute=0x121001, all=0x1FFFFF,
    implied=((0x0400, 0x1000), (0x0200, 0x2000)),  # QUERY_ and SET_INFORMATION bring their LIMITED forms
)  # fmt: skip

_MINIMUM_STACK: Final = 0x10000
_ENVIRONMENT_KEPT: Final = 0x10000
"""Bytes of its environment that are remembered of an ended process."""


class Process(Waitable):
    """One guest process.

    `exit_status` is STATUS_PENDING until the process has ended.
    """

    object_type: ClassVar[ObjectType] = PROCESS_TYPE

    def __init__(self, machine: Machine, pid: int, parent: Process | None, token: Token) -> None:
        self.machine = machine
        self.pid = pid
        self.parent_pid = parent.pid if parent is not None else 0
        self.token = token
        self.pointer_size = 8
        self.layout: Layout = X64_LAYOUT
        self.abi: Abi = X64()
        self.memory = AddressSpace(machine.physical, self.pointer_size, machine.commit_limit)
        self.handles = HandleTable()
        self.threads: dict[int, Thread] = {}
        self.gates: dict[int, Gate] = {}
        self.service_gates: dict[int, Gate] = {}
        self.engine: Engine = machine.new_engine(self.memory, self)
        self.memory.flush = self.engine.flush
        self.memory.code_changed = self.engine.code_changed
        self.memory.on_guard_page = self._touch_guard_page
        self.scheduler = Scheduler(self.engine, machine.lock, f"cpu {pid}")
        self.loader = Loader(self)
        self.data_files = DataFiles(self)
        self.activation = Activation()
        self.language_files = LanguageFiles()
        self.ui_languages: tuple[str, ...] = ()
        """SetProcessPreferredUILanguages."""
        self.dll_order: DllOrder = parent.dll_order if parent is not None else machine.config.dlls
        self.peb = 0
        self.parameters = 0
        self.image_path = ""
        self.command_line = ""
        self.directories = CurrentDirectories()
        self.exit_status = st.STATUS_PENDING
        self.exit_reason: str | None = None
        self.create_time = machine.clock.now()
        self.exit_time = 0
        self.ended = False
        self.terminating = False
        self.initialized = False
        self.callback_return = 0
        self.report_descriptor = -1
        self.crash_dump: CrashDump | None = None
        """Where its dump goes if it crashes."""
        self.file_apis_ansi = True
        """Whether file functions use the ANSI code page; else the OEM one."""
        self.ansi_code_page = "cp1252"
        self.code_pages = (1252, 437)
        """ANSI and OEM code page numbers."""
        self.guest_tracer: GuestTracer | None = None
        self.priority = 8
        self.boost_disabled = False
        self.affinity = machine.processor_mask
        self.priority_class = 2
        """PROCESS_PRIORITY_CLASS_NORMAL."""
        self.error_mode = 0
        self.error_reporting = 0
        """Flags of WerSetFlags."""
        self.exception_modules: list[tuple[str, int]] = []
        """What WerRegisterRuntimeExceptionModule was told: DLL and context of each."""
        self.console: Console | None = None
        self.streams: StandardStreams | None = None
        """The standard streams, from the start of the program on."""
        self.job: Job | None = None
        self.debug_port: DebugObject | None = None
        """Who is told of what happens here."""
        self.no_debug_inherit = False
        """Its children are not debugged with it."""
        self.announced = False
        """The debugger knows of the process and of every module."""
        self.frozen = False
        """No thread runs until the debugger continues."""
        self.group = pid
        """Process group that console control events are sent to."""
        self.missing: MissingPolicy = parent.missing if parent is not None else machine.config.missing
        """What calling a function that does not exist does."""
        self.aslr: bool = parent.aslr if parent is not None else machine.config.aslr
        self.cookie = machine.random.getrandbits(32)
        self.io_counters = [0, 0, 0, 0, 0, 0]
        """Read, write and other operations, then the bytes of each."""
        self.dll_state: dict[type[object], object] = {}
        """What our DLLs keep once per process (`runtime.dlls.process_state`)."""
        self._finished = LoopEvent()
        self._stack_image: Image | None = None
        self._narrow_command_line = 0

    # What exports use

    @property
    def modules(self) -> Loader:
        """The loaded modules."""
        return self.loader

    @property
    def current_directory(self) -> str:
        """The current directory, as a Windows path."""
        return self.directories.current

    def full_path(self, path: str) -> str:
        """GetFullPathName: the absolute Windows path that `path` means in this process."""
        return full_path(path, self.directories)

    def decode_ansi(self, text: bytes) -> str:
        """Decode bytes in the ANSI code page, as MultiByteToWideChar(CP_ACP) does."""
        return text.decode(self.ansi_code_page, "replace")

    def encode_ansi(self, text: str) -> bytes:
        """Encode to the ANSI code page; what it lacks becomes its best fit, or `?`."""
        return _encode(text, self.ansi_code_page, self.code_pages[0])

    def decode_path(self, text: bytes) -> str:
        """Decode an argument of a file function: in the ANSI code page, unless SetFileApisToOEM was called."""
        return text.decode(self.ansi_code_page if self.file_apis_ansi else f"cp{self.code_pages[1]}", "replace")

    def encode_path(self, text: str) -> bytes:
        """Encode a result of a file function; what the code page lacks becomes its best fit, or `?`."""
        if self.file_apis_ansi:
            return self.encode_ansi(text)
        return _encode(text, f"cp{self.code_pages[1]}", self.code_pages[1])

    def environment(self) -> Environment:
        """Return a copy of the environment block the program sees now."""
        memory = self.memory
        block = memory.read_pointer(self.parameters + 0x80)
        size = memory.read_u64(self.parameters + 0x3F0)
        return Environment.parse(memory.read(block, size))

    def set_environment(self, environment: Environment) -> None:
        """Replace the environment block the program sees."""
        memory, parameters = self.memory, self.parameters
        data = environment.block()
        old = memory.read_pointer(parameters + 0x80)
        vad = memory.find(old)
        if vad is None or vad.start != old or len(data) > vad.end - vad.start:
            block = memory.allocate(0, len(data) + 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, name="environment")
            if vad is not None and vad.start == old:
                memory.free(old, 0, 0x8000)
            memory.write_pointer(parameters + 0x80, block)
            old = block
        memory.write(old, data)
        memory.write_u64(parameters + 0x3F0, len(data))

    def narrow_command_line(self) -> int:
        """Return the address of the command line in the ANSI code page, made at the first call."""
        if not self._narrow_command_line:
            memory = self.memory
            length = memory.read_u16(self.parameters + 0x70)
            text = memory.read(memory.read_pointer(self.parameters + 0x78), length).decode("utf-16-le", "surrogatepass")
            data = self.encode_ansi(text) + b"\0"
            self._narrow_command_line = self.loader.arena.allocate(len(data))
            memory.write(self._narrow_command_line, data)
        return self._narrow_command_line

    def environment_block(self) -> bytes:
        """Return the environment block as it is now, empty where there is none; safe while the program runs."""
        try:
            block = peek_word(self.memory, self.parameters + 0x80, self.pointer_size)
            return peek(self.memory, block, peek_word(self.memory, self.parameters + 0x3F0))
        except MemoryFault:
            return b""

    def times(self) -> tuple[int, int]:
        """Return kernel and user time in 100 ns; the worker's processor time counts as user time."""
        return 0, self.scheduler.processor_time()

    @property
    def running_thread_id(self) -> int:
        """The id of the thread whose call is being served; 0 before the first."""
        current = self.scheduler.current
        return current.id if current is not None else next(iter(self.threads), 0)

    def tebs(self) -> list[int]:
        """TEB addresses of all living threads."""
        return [thread.teb for thread in self.threads.values() if not thread.ended]

    # Waitable

    def signalled(self, thread: WaitingThread) -> bool:
        """A process is signalled once it has ended."""
        return self.ended

    # Start

    @property
    def has_windows(self) -> bool:
        """Whether the program is one for windows (IMAGE_SUBSYSTEM_WINDOWS_GUI), not for the console."""
        return self._stack_image is not None and self._stack_image.subsystem == 2

    def prepare(self, image: Image, path: str, parameters: Parameters) -> None:
        """Map the program and its DLLs and fill in the process structures. Raises ImageError, NtError."""
        memory = self.memory
        self.image_path, self.command_line = path, parameters.command_line
        folder = parameters.current_directory.rstrip("\\") + "\\"
        self.directories = CurrentDirectories(folder, DriveDirectories(self))
        shared = self.machine.shared_data.backing
        memory.map_view(shared, SHARED_USER_DATA, 0, 0x1000, PAGE_READONLY, name="shared user data")
        self.activation.default = activate_program(self, image, path)
        program = self.loader.map_program(image, path)
        self._stack_image = image
        self.peb = memory.allocate(
            0, self.layout.peb_size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, lowest=SYSTEM_AREA, name="peb"
        )
        self.parameters = write_parameters(memory, self.loader.arena, parameters)
        with suppress(NtError):  # a folder that is not there any more is no reason not to start
            set_current_directory(self, folder)
        ldr = write_peb(
            memory, self.layout, self.peb, self.loader.arena, program, self.parameters,
            self.machine.processor.count, image.subsystem,
        )  # fmt: skip
        if lifts_path_limit(self):
            memory.write_u8(self.peb + 3, memory.read_u8(self.peb + 3) | IS_LONG_PATH_AWARE_PROCESS)
        lists = LoaderLists(memory, self.loader.arena, ldr)
        self.loader.publish(lists)
        for name in ("ntdll.dll", "kernel32.dll", "kernelbase.dll"):
            self.loader.load(name).load_count = -1
        runtime_dll = self.loader.load("ntrtl.dll")
        runtime_dll.load_count = -1
        self.callback_return = self.loader.address_of("ntdll.dll", "KiUserCallbackReturn")
        self.loader.link(program)
        if self.debug_port is not None:
            show(self, from_start=True)
        # Everything the program itself needs stays as long as the process.
        for module in self.loader:
            module.load_count = -1
        self.loader.starting = False

    def create_thread(self, start: int, parameter: int, *, stack_reserve: int = 0, stack_commit: int = 0,
                      suspended: bool = False) -> Thread:  # fmt: skip
        """Make a thread with its TEB and stack; it runs once `resume`d or at once. Raises NtError."""
        machine, memory, layout = self.machine, self.memory, self.layout
        image = self._stack_image
        reserve = stack_reserve or (image.stack_reserve if image is not None else 0x100000)
        commit = stack_commit or (image.stack_commit if image is not None else 0x1000)
        reserve = max(-(-max(reserve, commit) // 0x10000) * 0x10000, _MINIMUM_STACK)
        commit = min(-(-max(commit, 0x1000) // 0x1000) * 0x1000, reserve - 0x3000)
        bottom = memory.allocate(0, reserve, MEM_RESERVE, PAGE_READWRITE, name="stack")
        base = bottom + reserve
        limit = base - commit
        memory.commit(limit, base, PAGE_READWRITE)
        memory.commit(limit - 0x1000, limit, PAGE_READWRITE | PAGE_GUARD)
        teb = memory.allocate(
            0, layout.teb_size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, lowest=SYSTEM_AREA, name="teb"
        )
        thread_id = machine.new_id()
        write_teb(memory, layout, teb, self.peb, self.pid, thread_id, base, limit, bottom)
        self.loader.tls.new_thread(teb)
        context = self.engine.new_context()
        thread = Thread(self, thread_id, context, teb, start, parameter)
        thread.stack_base, thread.deallocation_stack = base, bottom
        context.gs_base = teb
        registers = context.registers
        registers[Gpr.RCX], registers[Gpr.RDX] = start, parameter
        registers[Gpr.RSP] = base - 0x28 - 0x100
        context.rip = self.loader.dispatcher("RtlUserThreadStart")
        first = not self.threads
        self.threads[thread_id] = thread
        machine.threads[thread_id] = thread
        thread.begin_with(self._start_first(thread) if first else self._start_other(thread))
        machine.trace.thread_start(self.pid, thread_id, start, parameter)
        if suspended:
            thread.suspend_count = 1
        else:
            thread.start_task()
        return thread

    async def _start_first(self, thread: Thread) -> None:
        port = self.debug_port
        if port is not None:
            port.process_started(thread)
        await thread.call(self.loader.dispatcher("LdrpInitializeProcess"))
        if port is not None and self.debug_port is port:
            await thread.call(self.loader.dispatcher("LdrpDoDebuggerBreak"))
        try:
            await self.loader.run_initializers(thread, 1)
        except NtError as error:
            self.terminate(error.status)
        self.initialized = True

    async def _start_other(self, thread: Thread) -> None:
        if self.debug_port is not None and self.announced:
            self.debug_port.thread_started(thread)
        await self.loader.thread_attach(thread)

    async def run(self) -> None:
        """The process's trio task: lives until the last thread has ended, then takes the process apart."""
        try:
            await self._finished.wait()
        finally:
            with self.machine.lock:
                for thread in list(self.threads.values()):
                    thread.terminate(self.exit_status)
            self.scheduler.close()
            with self.machine.lock:
                self._take_apart()

    def thread_ended(self, thread: Thread) -> None:
        """A thread is over: free what it had; with the last one the process ends."""
        self.machine.trace.thread_exit(self.pid, thread.id, thread.exit_status)
        self.threads.pop(thread.id, None)
        self.machine.thread_gone(thread)
        memory = self.memory
        if self.threads or not self.terminating:
            self.loader.tls.thread_gone(thread.teb)
            for address in (thread.deallocation_stack, thread.teb):
                vad = memory.find(address)
                if vad is not None:
                    memory.free(vad.start, 0, 0x8000)
        if not self.threads:
            if self.exit_status == st.STATUS_PENDING:
                self.exit_status = thread.exit_status
            self._end()

    def redirected_dll(self, name: str) -> str | None:
        """The file that a manifest has for a DLL without a folder; None where no manifest has one."""
        return redirected(self, name)

    def isolated(self, module: Module) -> AbstractContextManager[None]:
        """While the imports of a DLL are bound: the context of its own manifest. Raises NtError."""
        return isolated(self, module)

    def module_unmapped(self, module: Module) -> None:
        """A module is gone: what was loaded for it goes too."""
        forget_language_files(self, module.base)

    def _end(self) -> None:
        if self.ended:
            return
        self.ended = True
        self.exit_time = self.machine.clock.now()
        self.handles.close_all()
        self.loader.release_files()
        self.data_files.close()
        if self.console is not None:
            self.console.detach(self)
        if self.job is not None:
            self.job.process_ended(self)
        if self.debug_port is not None:
            self.debug_port.process_ended(self)
        self.machine.trace.process_exit(self.pid, 0, self.exit_status, self.exit_reason)
        self.release_waiters()
        self._finished.set()

    def _take_apart(self) -> None:
        self._end()
        self.machine.ended_processes.add(self.record(), self.machine.config.ended_processes)
        self.engine.close()
        self.memory.close()
        if self.report_descriptor >= 0:
            os.close(self.report_descriptor)
            self.report_descriptor = -1
        if self.crash_dump is not None:
            self.crash_dump.close()
        self.machine.process_gone(self)

    def terminate(self, exit_status: int, reason: str | None = None) -> None:
        """NtTerminateProcess, from any OS thread under the lock."""
        if self.exit_status == st.STATUS_PENDING:
            self.exit_status = exit_status & 0xFFFFFFFF
            self.exit_reason = reason
        self.terminating = True
        for thread in list(self.threads.values()):
            thread.terminate(self.exit_status)
        if not self.threads:
            self._end()

    def freeze(self) -> None:
        """Have no thread run guest code until `frozen` is taken back."""
        if not self.frozen:
            self.frozen = True
            self.scheduler.interrupt()

    def terminate_others(self, thread: Thread, exit_status: int) -> None:
        """NtTerminateProcess(NULL): end every thread but the caller."""
        for other in list(self.threads.values()):
            if other is not thread:
                other.terminate(exit_status)

    async def wait(self) -> int:
        """Wait until the process has ended; return its exit status."""
        await self._finished.wait()
        return self.exit_status

    # CPU engine handlers: the worker thread calls these without the lock

    def on_trap(self, number: int) -> bool:
        """A trap stub ran."""
        with self.machine.lock:
            thread = self.scheduler.current
            assert thread is not None
            gate = self.gates.get(number)
            if gate is None:
                gate = self.machine.bind_trap(self, number)
                if gate is None:
                    exception.hardware(thread, 13, 0)
                    return False
                self.gates[number] = gate
            return gate(thread)

    def on_syscall(self, number: int) -> bool:
        """A SYSCALL instruction ran."""
        with self.machine.lock:
            thread = self.scheduler.current
            assert thread is not None
            gate = self.service_gates.get(number)
            if gate is None:
                gate = self.machine.bind_service(self, number)
                self.service_gates[number] = gate
            return gate(thread)

    def on_page_fault(self, address: int, access: Access, present: bool) -> bool:
        """An access faulted."""
        with self.machine.lock:
            thread = self.scheduler.current
            assert thread is not None
            return thread.page_fault(address, access)

    def on_exception(self, vector: int, error: int) -> bool:
        """The processor raised an exception."""
        with self.machine.lock:
            thread = self.scheduler.current
            assert thread is not None
            exception.hardware(thread, vector, error)
            return False

    def on_interrupt(self, vector: int) -> bool:
        """The guest executed an INT instruction."""
        with self.machine.lock:
            thread = self.scheduler.current
            assert thread is not None
            exception.interrupt(thread, vector)
            return False

    def on_lost_pages(self, frames: list[int]) -> None:
        """Guest code touched mapped files that have shrunk on the host."""
        with self.machine.lock:
            places = {process.pid: process.memory.lose(frames) for process in list(self.machine.processes.values())}
            thread, address = self.scheduler.current, places.get(self.pid)
            if thread is not None and address is not None and thread.goes_on:
                thread.raise_fault(InPageError(address, Access.READ, st.STATUS_END_OF_FILE))

    def _touch_guard_page(self, address: int) -> bool:
        current = self.scheduler.current
        return current is not None and current.grow_stack(address)

    # Failures

    def report(self, text: str) -> None:
        """Tell the person who runs the program, on its standard error."""
        data = (text + "\n").encode("utf-8", "backslashreplace")
        if self.streams is not None and self.streams.error is not None:
            self.streams.error.add(data)
        if self.report_descriptor >= 0:
            try:
                os.write(self.report_descriptor, data)
            except OSError:
                log.warning("%s", text)
        else:
            log.warning("%s", text)

    def fail(self, error: Exception) -> None:
        """The process cannot go on (an engine failure, or its start failed)."""
        if isinstance(error, NtError):
            self.terminate(error.status, str(error))
            return
        if not isinstance(error, ImageError):
            log.error("process %d", self.pid, exc_info=error)
        self.report(f"winfs: {error}")
        self.terminate(st.STATUS_INTERNAL_ERROR, str(error))

    # Code of the machine's own

    def allocate_code(self, size: int, name: str) -> int:
        """Return the address of executable memory that the machine writes to."""
        return self.memory.allocate(
            0, size, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READ, lowest=SYSTEM_AREA, name=name
        )

    def add_missing(self, module: str, function: str) -> int:
        """Return the trap number of a stub that fails with that function's name."""
        return self.machine.add_missing(module, function)

    def import_thunk(self, target: Module, name: str, address: int) -> int:
        """Return what an import of a guest-code function is bound to: a tracing thunk where a filter names it."""
        guest_code = target.builtin is None or name in target.builtin.forwards
        if guest_code and self.machine.trace.wants_guest_function(target.name, name, self.pid):
            return self.machine.guest_tracer(self).thunk(target.name, name, address)
        return address

    def unpatch_returns(self, thread: Thread) -> None:
        """Put back the return addresses that the tracer replaced: the stack is about to be unwound."""
        while thread.trace_stack:
            thread.trace_stack.pop().restore(self)

    def record(self) -> ProcessRecord:
        """What is to be remembered of the process."""
        streams = self.streams
        return ProcessRecord(
            self.pid, self.parent_pid, self.image_path, self.command_line, self.current_directory,
            self.environment_block()[:_ENVIRONMENT_KEPT], str(self.token.user), self.exit_status, self.exit_reason,
            self.create_time, self.exit_time, streams.output if streams is not None else None,
            streams.error if streams is not None else None,
        )  # fmt: skip

    def state(self) -> dict[str, str | int | bool | None]:
        """What this process is, as plain data."""
        return {
            **super().state(),
            "pid": self.pid,
            "parent": self.parent_pid or None,
            "image": self.image_path,
            "command_line": self.command_line,
            "current_directory": self.current_directory,
            "state": "ended" if self.ended else "running",
            "exit_status": None if self.exit_status == st.STATUS_PENDING else self.exit_status,
            "threads": len(self.threads),
            "handle_count": len(self.handles),
            "committed": self.memory.committed,
        }


def _encode(text: str, codec: str, number: int) -> bytes:
    """Encode to a code page; what it lacks becomes its best fit, or `?`."""
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        page = code_page(number)
        return page.encode(text)[0] if page is not None else text.encode(codec, "replace")
