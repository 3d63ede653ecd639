"""Debug objects: what a debugger waits on, and the events of the processes it debugs.

A process with a debug port (`Process.debug_port`) reports its start and end, threads, modules and exceptions. From an
event until the debugger continues it, no thread of the process runs guest code; a thread or process that has ended
keeps its memory and its handles unsignalled until then, as on Windows. Of one process a debugger sees one event at a
time. Layouts and rules: the documentation of WaitForDebugEvent and of the debugging functions; the native layer as
described in Alex Ionescu's "Kernel User-Mode Debugging Support".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

from runtime.nt import context as ctx
from runtime.nt import exception, failure
from runtime.nt import status as st
from runtime.nt.object import ObjectType
from runtime.nt.park import LoopEvent
from runtime.nt.status import NtError
from runtime.nt.wait import Waitable, WaitingThread

if TYPE_CHECKING:
    from runtime.loader.module import Module
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread

DEBUG_READ_EVENT = 0x1
DEBUG_PROCESS_ASSIGN = 0x2
DEBUG_SET_INFORMATION = 0x4
DEBUG_ALL_ACCESS = 0x1F000F

_BEING_DEBUGGED = 0x02
"""Offset of BeingDebugged in the PEB."""
_DEBUG_HEAP_FLAGS = 0x70
"""NtGlobalFlag of a process that was started by a debugger: heap tail, free and parameter checks."""
_HANDLED = (st.DBG_CONTINUE, st.DBG_EXCEPTION_HANDLED)
CONTINUE_STATUSES = frozenset(
    (
        *_HANDLED, st.DBG_EXCEPTION_NOT_HANDLED, st.DBG_TERMINATE_THREAD, st.DBG_TERMINATE_PROCESS, st.DBG_REPLY_LATER,
    )
)  # fmt: skip


class EventKind(IntEnum):
    """DBG_STATE of the native interface."""

    CREATE_THREAD = 2
    CREATE_PROCESS = 3
    EXIT_THREAD = 4
    EXIT_PROCESS = 5
    EXCEPTION = 6
    BREAKPOINT = 7
    SINGLE_STEP = 8
    LOAD_DLL = 9
    UNLOAD_DLL = 10


@dataclass(eq=False, slots=True)
class DebugEvent:
    """Something that a debugger is told; `resume` is called with the status that it continues the event with."""

    kind: EventKind
    process: Process
    thread: Thread
    record: bytes = b""
    """The EXCEPTION_RECORD of an exception."""
    first_chance: bool = True
    module: Module | None = None
    base: int = 0
    exit_status: int = 0
    resume: Callable[[int], None] = field(default=lambda status: None)
    delivered: bool = False


class DebugObject(Waitable):
    """A debugger's end: signalled while an event can be read. `kill_on_close`: its processes end with it."""

    object_type: ClassVar[ObjectType] = ObjectType("DebugObject", 0x20001, 0x20002, 0x120000, DEBUG_ALL_ACCESS)

    def __init__(self, *, kill_on_close: bool) -> None:
        self.kill_on_close = kill_on_close
        self.debuggees: list[Process] = []
        self.given: dict[int, list[int]] = {}
        """Handles that WaitForDebugEvent gave out for a process or thread id, to be closed after its exit event."""
        self._events: list[DebugEvent] = []

    # The debugger's side

    def signalled(self, thread: WaitingThread) -> bool:
        return self._next() is not None

    def _next(self) -> DebugEvent | None:
        busy: set[Process] = {event.process for event in self._events if event.delivered}
        return next((event for event in self._events if event.process not in busy), None)

    def take(self) -> DebugEvent | None:
        """The next event, which the debugger must `proceed` from; None where there is none to be read."""
        event = self._next()
        if event is not None:
            event.delivered = True
        return event

    def proceed(self, pid: int, tid: int, status: int) -> DebugEvent:
        """Continue an event; returns it. Raises NtError STATUS_INVALID_PARAMETER: a bad status, or no such event."""
        if status not in CONTINUE_STATUSES:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        for event in self._events:
            if event.delivered and event.process.pid == pid and event.thread.id == tid:
                break
        else:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        if status == st.DBG_REPLY_LATER:  # it comes again at the next wait, while its thread stays where it is
            event.delivered = False
            self.release_waiters()
            return event
        self._events.remove(event)
        if status == st.DBG_TERMINATE_PROCESS:
            event.process.terminate(st.DBG_TERMINATE_PROCESS)
        elif status == st.DBG_TERMINATE_THREAD:
            event.thread.terminate(st.DBG_TERMINATE_THREAD)
        event.resume(status)
        self._thaw(event.process)
        self.release_waiters()
        return event

    def _thaw(self, process: Process) -> None:
        if process.frozen and not any(event.process is process for event in self._events):
            process.frozen = False
            for thread in list(process.threads.values()):
                thread.thaw()

    def attach(self, process: Process) -> None:
        """NtDebugActiveProcess: debug a process that may run already; it reports what it has.

        Raises NtError STATUS_PORT_ALREADY_SET and STATUS_PROCESS_IS_TERMINATING.
        """
        if process.ended or process.terminating:
            raise NtError(st.STATUS_PROCESS_IS_TERMINATING)
        if process.debug_port is not None:
            raise NtError(st.STATUS_PORT_ALREADY_SET)
        self.adopt(process)
        show(process)
        threads = [thread for thread in process.threads.values() if thread.started and not thread.exiting]
        if threads:
            self.process_started(threads[0], threads[1:])

    def adopt(self, process: Process) -> None:
        """Debug a process from its first instruction on."""
        process.debug_port = self
        self.debuggees.append(process)

    def detach(self, process: Process) -> None:
        """Debug the process no more; it goes on. What it waits to hear of is answered as not handled."""
        for event in [event for event in self._events if event.process is process]:
            self._events.remove(event)
            event.resume(st.DBG_EXCEPTION_NOT_HANDLED)
        self.debuggees.remove(process)
        process.debug_port = None
        process.announced = False
        for thread in process.threads.values():
            thread.announced = False
        if not process.ended:
            process.memory.write_u8(process.peb + _BEING_DEBUGGED, 0)
        self._thaw(process)
        self.release_waiters()

    def closed(self) -> None:
        for process in list(self.debuggees):
            if self.kill_on_close:
                process.terminate(st.STATUS_DEBUGGER_INACTIVE, "its debugger is gone")
            self.detach(process)

    # The side of the processes

    def _post(self, event: DebugEvent) -> None:
        self._events.append(event)
        event.process.freeze()
        self.release_waiters()

    def process_started(self, thread: Thread, others: list[Thread] | None = None) -> None:
        """The first thread is about to run, or the debugger has come: threads and modules that exist."""
        process = thread.process
        process.announced = True
        program = process.loader.by_base(process.memory.read_pointer(process.peb + process.layout.image_base))
        thread.announced = True
        self._post(DebugEvent(EventKind.CREATE_PROCESS, process, thread, module=program))
        for other in others or ():
            self.thread_started(other)
        modules = [module for module in process.loader if module is not program]
        for module in sorted(modules, key=lambda item: item.name != "ntdll.dll"):  # the first, as on Windows
            self._post(DebugEvent(EventKind.LOAD_DLL, process, thread, module=module, base=module.base))

    def thread_started(self, thread: Thread) -> None:
        """A thread is about to run."""
        thread.announced = True
        if not thread.hidden:
            self._post(DebugEvent(EventKind.CREATE_THREAD, thread.process, thread))

    def thread_ends(self, thread: Thread) -> LoopEvent | None:
        """A thread has run its last instruction. It may end when what is returned is set, None: at once."""
        process = thread.process
        if not thread.announced:
            return None
        last = all(other.leaving for other in process.threads.values())
        if thread.hidden and not last:
            return None
        status = thread.exit_status if process.exit_status == st.STATUS_PENDING or not last else process.exit_status
        done = LoopEvent()
        kind = EventKind.EXIT_PROCESS if last else EventKind.EXIT_THREAD
        self._post(DebugEvent(kind, process, thread, exit_status=status, resume=lambda answer: done.set()))
        return done

    def process_ended(self, process: Process) -> None:
        """The process is over."""
        self.detach(process)

    def module_loaded(self, process: Process, module: Module) -> None:
        """A module was mapped; none of its code has run."""
        self._module_event(EventKind.LOAD_DLL, process, module)

    def module_unloaded(self, process: Process, module: Module) -> None:
        """A module is about to be unmapped."""
        self._module_event(EventKind.UNLOAD_DLL, process, module)

    def _module_event(self, kind: EventKind, process: Process, module: Module) -> None:
        thread = process.threads.get(process.running_thread_id)
        if process.announced and thread is not None and not thread.hidden and not process.terminating:
            self._post(DebugEvent(kind, process, thread, module=module, base=module.base))

    def exception(self, thread: Thread, record: bytes, context: bytes | bytearray, *, first_chance: bool) -> bool:
        """An exception is to be seen by the debugger before the program (first chance), or because nobody handled it.

        The thread's registers are those that it goes on with when the debugger has handled the exception; `context` is
        what the program's handlers get otherwise. False: this thread hides from debuggers.
        """
        if thread.hidden or not thread.announced or thread.exiting:
            return False
        code = int.from_bytes(record[:4], "little")
        kind = {st.STATUS_BREAKPOINT: EventKind.BREAKPOINT, st.STATUS_SINGLE_STEP: EventKind.SINGLE_STEP}.get(
            code, EventKind.EXCEPTION
        )

        def resume(status: int) -> None:
            if status in _HANDLED or thread.exiting:
                return
            if first_chance:
                ctx.load(thread.context, context)
                exception.push(thread, record, context)
            else:
                failure.crash(thread, record, context)

        thread.redirect(thread.context.rip)
        self._post(
            DebugEvent(kind, thread.process, thread, record=record, first_chance=first_chance, resume=resume)
        )  # fmt: skip
        return True

    def text(self, thread: Thread, record: bytes, done: Callable[[], None]) -> bool:
        """OutputDebugString: `record` is the exception that carries the text, `done` is called when it was read."""
        if thread.hidden or not thread.announced or thread.exiting:
            return False
        self._post(DebugEvent(EventKind.EXCEPTION, thread.process, thread, record=record, resume=lambda status: done()))
        return True

    def state(self) -> dict[str, str | int | bool | None]:
        return super().state() | {
            "processes": " ".join(str(process.pid) for process in self.debuggees) or None,
            "events": len(self._events),
            "kill_on_close": self.kill_on_close,
        }


def show(process: Process, *, from_start: bool = False) -> None:
    """Let the process see in its PEB that it is being debugged."""
    memory = process.memory
    memory.write_u8(process.peb + _BEING_DEBUGGED, 1)
    if from_start:
        place = process.peb + process.layout.nt_global_flag
        memory.write_u32(place, memory.read_u32(place) | _DEBUG_HEAP_FLAGS)
