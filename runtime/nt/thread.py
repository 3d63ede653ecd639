"""Guest threads.

A guest thread is a trio task (`Thread.run`). The task hands the thread to its process's scheduler, which runs guest
code on a worker thread and serves API calls there. A call that waits for Windows objects stays there: the thread is
out of the ready queue until its wait is decided. A call that needs the loop (host I/O) brings the thread back to its
task, which continues it inside trio. The machine's lock is held during every step of a call, not while it waits.
"""

from __future__ import annotations

import logging
import types
from collections.abc import Generator
from typing import TYPE_CHECKING, ClassVar, Final

import trio

from runtime.cpu.engine import Access, Context, Gpr
from runtime.memory.faults import GuardPageViolation, InPageError, MemoryFault
from runtime.nt import exception
from runtime.nt import status as st
from runtime.nt.call import Api, GuestCall, GuestFrame, Ignore, PendingCall, call_guest
from runtime.nt.instruction import decode
from runtime.nt.object import ObjectType
from runtime.nt.park import LEAVE_ENGINE, call_in_loop
from runtime.nt.wait import Wait, WaitingThread

if TYPE_CHECKING:
    from runtime.loader.guest_tracer import TracedReturn
    from runtime.nt.activation import ActivationContext
    from runtime.nt.io_request import IoRequest
    from runtime.nt.process import Process
    from runtime.nt.token import Token

log = logging.getLogger(__name__)

STACK_GUARD_PAGES: Final = 3
_CALL_FRAME: Final = 0x88
"""Bytes between the caller's stack and the guest function's return (see ntdll's callback stub)."""

THREAD_TYPE = ObjectType(
    "Thread", read=0x20048, write=0x20037, execute=0x120000, all=0x1FFFFF,
    implied=((0x0040, 0x0800), (0x0020, 0x0400)),  # QUERY_ and SET_INFORMATION bring their LIMITED forms
)  # fmt: skip


class Thread(WaitingThread):
    """One thread of a guest process.

    `teb`, `stack_base`, `stack_limit` and `deallocation_stack` are guest addresses; `exit_status` is STATUS_PENDING
    until the thread has ended.
    """

    object_type: ClassVar[ObjectType] = THREAD_TYPE

    def __init__(
        self, process: Process, thread_id: int, context: Context, teb: int, start: int, parameter: int
    ) -> None:
        super().__init__(process.machine.clock)
        self.process = process
        self.id = thread_id
        self.context = context
        self.teb = teb
        self.start = start
        self.parameter = parameter
        self.stack_base = 0
        self.deallocation_stack = 0
        self.exit_status = st.STATUS_PENDING
        self.suspend_count = 0
        self.priority = 0
        self.boost_disabled = False
        self.affinity = process.affinity
        self.error_mode = 0
        self.description = ""
        self.activation: list[tuple[int, ActivationContext | None]] = []
        """Cookie and context of each activation, the current one last; None is the context of the process."""
        self.ui_languages: tuple[str, ...] = ()
        """LANGID of SetThreadUILanguage; 0 before."""
        self.ideal_processor = 0
        self.memory_priority = 5
        self.execution_state = 0x80000000
        """ES_* flags of SetThreadExecutionState."""
        self.token: Token | None = None
        """The token it impersonates with."""
        self.used = 0
        """Processor time of the slices that are over, in ns."""
        self.create_time = process.machine.clock.now()
        self.exit_time = 0
        self.started = False
        self.exiting = False
        """Termination was asked for: the thread never runs guest code again."""
        self.leaving = False
        """It has run its last instruction."""
        self.hidden = False
        """Debuggers are not told of it (ThreadHideFromDebugger)."""
        self.announced = False
        """The process's debugger knows of it."""
        self.ended = False
        self.pending_io: set[IoRequest] = set()
        self.trace_stack: list[TracedReturn] = []
        """Return addresses replaced by the tracer, outermost first."""
        self._call: PendingCall | None = None
        self._waiting: PendingCall | None = None
        """A call whose wait goes on while the thread stays out of the ready queue."""
        self._frames: list[GuestFrame] = []
        self._redirected = False
        self.moved = False
        """The call being served has moved the thread elsewhere (an exception, NtContinue): its result is not stored."""
        self._startup: Api | None = None
        self._scope: trio.CancelScope | None = None
        self._task: trio.lowlevel.Task | None = None
        self._parked = False
        self._queued = False

    # What exports use

    @property
    def processor(self) -> int:
        """The number of the processor it runs on: the first it may use, since the threads of a process take turns."""
        return (self.affinity & -self.affinity).bit_length() - 1

    @property
    def last_error(self) -> int:
        """The thread's last Win32 error, kept in its TEB."""
        return self.process.memory.read_u32(self.teb + self.process.layout.last_error)

    @last_error.setter
    def last_error(self, value: int) -> None:
        self.process.memory.write_u32(self.teb + self.process.layout.last_error, value)

    @property
    def last_status(self) -> int:
        """The thread's last NTSTATUS, kept in its TEB."""
        return self.process.memory.read_u32(self.teb + self.process.layout.last_status)

    @last_status.setter
    def last_status(self, value: int) -> None:
        self.process.memory.write_u32(self.teb + self.process.layout.last_status, value)

    async def call(self, address: int, *arguments: int) -> int:
        """Run the guest function at `address` on this thread; return its integer result."""
        return await call_guest(address, *arguments)

    @property
    def caller(self) -> int:
        """The return address of the API call being made."""
        return self.process.memory.read_pointer(self.context.registers[Gpr.RSP])

    def times(self) -> tuple[int, int]:
        """Return kernel and user time in 100 ns; all counts as user time."""
        return 0, self.process.scheduler.thread_time(self)

    # Waitable

    def signalled(self, thread: WaitingThread) -> bool:
        """A thread is signalled once it has ended."""
        return self.ended

    # Life

    def begin_with(self, startup: Api) -> None:
        """Have `startup` run, in the thread's task, before its first instruction."""
        self._startup = startup

    def start_task(self) -> None:
        """Start the trio task; from any OS thread, under the machine's lock."""
        self.started = True
        self.clock.thread_started()
        machine = self.process.machine
        call_in_loop(machine.token, lambda: machine.nursery.start_soon(self.run, name=f"thread {self.id}"))

    async def run(self) -> None:
        """The thread's trio task: from its start to its end."""
        self._task = trio.lowlevel.current_task()
        with trio.CancelScope() as self._scope:
            if self.exiting:
                self._scope.cancel()
            if self._startup is not None:
                self._call = PendingCall(self._startup, Ignore(lambda result: None, self._startup_failed))
            try:
                await self._serve()
            except Exception as error:
                # A bug of ours ends this process; the machine and its other processes go on.
                with self.process.machine.lock:
                    self.engine_failed(error)
                    self.exiting = True
        with self.process.machine.lock:
            self._discard_frames(1 << 64)
            self.leaving = True
            port = self.process.debug_port
            farewell = port.thread_ends(self) if port is not None else None
        if farewell is not None:
            with trio.CancelScope(shield=True):
                await farewell.wait()
        with self.process.machine.lock:
            self._ended()

    def _startup_failed(self, error: Exception) -> None:
        self.process.fail(error)
        self.exiting = True

    async def _serve(self) -> None:
        """Alternate between the engine and calls that wait until the thread is told to exit."""
        while not self.exiting:
            if self._call is not None:
                call, self._call = self._call, None
                await self._drive(call)
            else:
                await self._run_guest()

    @types.coroutine
    def _drive(self, call: PendingCall) -> Generator[object, object, None]:
        """Run a call's coroutine inside this task, holding the lock while it runs, until it ends or calls the guest."""
        lock = self.process.machine.lock
        value: object = None
        while True:
            lock.acquire()
            try:
                try:
                    request = call.coroutine.send(value)
                except StopIteration as stop:
                    call.completion.returned(stop.value)
                    self._after_call()
                    return
                except Exception as error:
                    call.completion.raised(error)
                    return
                if request is LEAVE_ENGINE:
                    value = None
                    continue
                if isinstance(request, GuestCall):
                    self._enter_guest(call, request)
                    return
            finally:
                lock.release()
            value = yield request

    async def _run_guest(self) -> None:
        """Hand the thread to the scheduler and sleep until it needs this task again."""
        with self.process.machine.lock:
            if self._call is not None or self.exiting:
                return
            self._make_ready()
            self._parked = True
        await trio.lowlevel.wait_task_rescheduled(self._abort_park)

    def _abort_park(self, _: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
        # Cancelled means terminated; the worker gives the thread back when it sees `exiting`.
        return trio.lowlevel.Abort.FAILED

    def _make_ready(self) -> None:
        if self.suspend_count == 0 and not self.process.frozen and not self._queued:
            self._queued = True
            self.process.scheduler.enqueue(self)

    def _unpark(self) -> None:
        """Give the thread back to its task; the lock is held."""
        if self._parked:
            self._parked = False
            task = self._task
            assert task is not None
            call_in_loop(self.process.machine.token, lambda: trio.lowlevel.reschedule(task))

    def may_run(self) -> bool:
        """Whether the worker may run guest code now; else the thread goes back to its task. The lock is held."""
        if self.exiting or self._call is not None:
            self._queued = False
            self._unpark()
            return False
        if self.suspend_count or self.process.frozen or (self.wait is not None and self.wait.result is None):
            self._queued = False
            return False
        if self._waiting is not None:
            call, self._waiting = self._waiting, None
            self._advance(call, None)
            return self.may_run()
        if self.deliver_apcs:
            self._deliver_apc()
        self._redirected = self.moved = False
        return True

    def suspend(self) -> int:
        """NtSuspendThread: return the previous suspend count. Raises NtError(STATUS_SUSPEND_COUNT_EXCEEDED)."""
        if self.suspend_count >= 127:
            raise st.NtError(st.STATUS_SUSPEND_COUNT_EXCEEDED)
        self.suspend_count += 1
        if self.process.scheduler.current is self:
            self.process.scheduler.interrupt()
        return self.suspend_count - 1

    def resume(self) -> int:
        """NtResumeThread: return the previous suspend count."""
        previous = self.suspend_count
        if previous:
            self.suspend_count -= 1
            if self.suspend_count == 0 and not self.ended:
                if not self.started:
                    self.start_task()
                elif self._parked:
                    self._make_ready()
        return previous

    def thaw(self) -> None:
        """The process is not frozen any more: go on, unless the thread is suspended."""
        if self._parked and not self.ended:
            self._make_ready()

    def terminate(self, exit_status: int) -> None:
        """NtTerminateThread, from any OS thread under the lock: the thread runs no more guest code."""
        if self.exiting or self.ended:
            return
        self.exiting = True
        self.exit_status = exit_status
        if not self.started:
            self._ended()
            return
        if self._waiting is not None:
            call, self._waiting = self._waiting, None
            call.coroutine.close()
        scheduler = self.process.scheduler
        if self._parked and not self._queued:
            self._unpark()
        elif scheduler.current is self:
            scheduler.interrupt()
        scope = self._scope
        if scope is not None:
            call_in_loop(self.process.machine.token, scope.cancel)

    def _ended(self) -> None:
        if self.ended:
            return
        self.ended = True
        if self._startup is not None:
            self._startup.close()  # it may never have begun
        if self.exit_status == st.STATUS_PENDING:
            self.exit_status = st.STATUS_SUCCESS
        if self.started:
            self.clock.thread_ended()
        self.exit_time = self.clock.now()
        for request in list(self.pending_io):
            request.cancel()
        self.rundown()
        self.context.close()
        self.process.thread_ended(self)
        self.release_waiters()

    # API calls on the worker

    def hold_call(self, call: PendingCall, request: object) -> bool:
        """Keep a call that could not finish at once; `request` is what its coroutine yielded. Returns False."""
        if isinstance(request, Wait):
            self._waiting = call
            request.resume = self._make_ready
        elif isinstance(request, GuestCall):
            self._enter_guest(call, request)
        else:
            assert request is LEAVE_ENGINE, f"{request!r} was awaited outside the loop: leave_engine() first"
            self._call = call
        return False

    def _advance(self, call: PendingCall, value: object) -> bool:
        try:
            request = call.coroutine.send(value)
        except StopIteration as stop:
            call.completion.returned(stop.value)
            return self._after_call()
        except Exception as error:
            call.completion.raised(error)
            return self._after_call()
        return self.hold_call(call, request)

    def _after_call(self) -> bool:
        if self.deliver_apcs:
            self._deliver_apc()
        return self.goes_on

    def _enter_guest(self, call: PendingCall, request: GuestCall) -> None:
        registers = self.context.registers
        memory = self.process.memory
        stack = int(registers[Gpr.RSP])
        self._discard_frames(stack)
        returned = (stack - _CALL_FRAME) & ~15
        arguments = request.arguments
        self._frames.append(GuestFrame(call, tuple(registers[:16]), self.context.rip, returned))
        data = [self.process.callback_return, 0, 0, 0, 0, *arguments[4:]]
        memory.write(returned - 8, b"".join(item.to_bytes(8, "little") for item in data))
        for register, value in zip((Gpr.RCX, Gpr.RDX, Gpr.R8, Gpr.R9), arguments, strict=False):
            registers[register] = value & 0xFFFF_FFFF_FFFF_FFFF
        registers[Gpr.RSP] = returned - 8
        self._go_to(request.address)

    def guest_returned(self) -> bool:
        """The callback stub ran: a guest function called by `call_guest` has returned."""
        registers = self.context.registers
        stack = int(registers[Gpr.RSP]) + 8  # the stub pushed the result
        result = self.process.memory.read_u64(stack - 8)
        self._discard_frames(stack)
        if not self._frames or self._frames[-1].return_stack != stack:
            self.raise_exception(st.STATUS_ILLEGAL_INSTRUCTION)
            return False
        frame = self._frames.pop()
        for index, value in enumerate(frame.registers):
            registers[index] = value
        self._go_to(frame.rip)
        self._advance(frame.call, result)
        return False

    def _discard_frames(self, stack: int) -> None:
        """Drop calls whose frames the guest has left by unwinding: they lie below `stack`."""
        while self._frames and self._frames[-1].return_stack < stack:
            self._frames.pop().call.coroutine.close()

    def redirect(self, address: int) -> None:
        """Have the guest go on at `address` instead of where the call being served returns to."""
        self._go_to(address)
        self.moved = True

    def _go_to(self, address: int) -> None:
        self.context.rip = address
        self._redirected = True

    @property
    def goes_on(self) -> bool:
        """Whether the guest may go on inside the engine after the call that was just served."""
        return not (
            self._redirected or self.exiting or self._call is not None or self.suspend_count or self.deliver_apcs
            or self.process.frozen
        )  # fmt: skip

    def _deliver_apc(self) -> None:
        if not self.apcs:
            self.deliver_apcs = False
            return
        apc = self.apcs.popleft()
        # The next one is delivered when this one ends in NtContinue, so that they run in order.
        self.deliver_apcs = False
        exception.push_apc(self, apc)

    # Faults

    def page_fault(self, address: int, access: Access) -> bool:
        """Serve a page fault of the guest; return whether the instruction can be repeated at once."""
        try:
            self.process.memory.resolve(address, access)
        except MemoryFault as fault:
            self.raise_fault(fault)
            return False
        return True

    def raise_fault(self, fault: MemoryFault) -> None:
        """Raise a memory fault as an exception in the guest (MS documentation of EXCEPTION_RECORD)."""
        kind = fault.access
        if kind is Access.READ:
            instruction = decode(self)
            if instruction is not None and instruction.updates_memory:
                kind = Access.WRITE  # the engine reads first, the processor asks for both at once
        information: tuple[int, ...] = (kind.value, fault.address)
        if isinstance(fault, InPageError):
            self.raise_exception(st.STATUS_IN_PAGE_ERROR, (*information, fault.status))
        elif isinstance(fault, GuardPageViolation):
            code = st.STATUS_STACK_OVERFLOW if self._is_stack_end(fault.address) else st.STATUS_GUARD_PAGE_VIOLATION
            self.raise_exception(code, information)
        else:
            self.raise_exception(st.STATUS_ACCESS_VIOLATION, information)

    def _is_stack_end(self, address: int) -> bool:
        return self._lowest_stack() <= address < self.process.memory.read_pointer(
            self.teb + self.process.layout.stack_base
        )

    def _lowest_stack(self) -> int:
        """The stack in use is the TEB's: a fiber runs on another than the thread was created with."""
        return self.process.memory.read_pointer(self.teb + self.process.layout.deallocation_stack)

    def grow_stack(self, address: int) -> bool:
        """A guard page was touched: move the guard of this thread's stack down. False: not ours, or no room left."""
        if not self._is_stack_end(address):
            return False
        memory, layout = self.process.memory, self.process.layout
        page = address & ~0xFFF
        lowest = self._lowest_stack() + 0x1000
        if page - 0x1000 * STACK_GUARD_PAGES < lowest:
            # The last pages are for the handler of the overflow.
            memory.commit(lowest, page, 0x04)
            memory.write_pointer(self.teb + layout.stack_limit, lowest)
            return False
        memory.commit(page - 0x1000, page, 0x104)
        memory.write_pointer(self.teb + layout.stack_limit, page)
        return True

    def raise_exception(self, code: int, information: tuple[int, ...] = (), *, address: int | None = None,
                        flags: int = 0) -> bool:  # fmt: skip
        """Deliver a hardware or software exception at the current instruction to the guest's dispatcher.

        Returns whether a debugger is asked first.
        """
        return exception.dispatch(self, code, information, address=address, flags=flags)

    def engine_failed(self, error: Exception) -> None:
        """The engine or a handler broke down: the process ends, the machine goes on."""
        log.error("process %d, thread %d: %s", self.process.pid, self.id, error, exc_info=error)
        self.process.fail(error)

    def state(self) -> dict[str, str | int | bool | None]:
        """What this thread is, as plain data."""
        running = "ended" if self.ended else "waiting" if self.wait else "suspended" if self.suspend_count else "ready"
        return {
            **super().state(),
            "id": self.id,
            "process": self.process.pid,
            "state": running,
            "suspend_count": self.suspend_count,
            "exit_status": None if self.exit_status == st.STATUS_PENDING else self.exit_status,
            "start": self.start,
            "teb": self.teb,
            "description": self.description or None,
        }
