"""One I/O operation: what an IRP is to Windows.

A file object either finishes a request where it is asked (disks always do) or answers STATUS_PENDING, keeps it and
completes it later, under the machine's lock but on whatever thread that happens. Completion writes the status block,
sets the event or the file, queues the APC and posts to the completion port, as IopCompleteRequest does: an error that
was known at once does none of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

from runtime.memory.faults import MemoryFault
from runtime.nt.apc import UserApc
from runtime.nt.park import call_in_loop, leave_engine
from runtime.nt.status import (
    STATUS_ACCESS_VIOLATION,
    STATUS_CANCELLED,
    STATUS_PENDING,
    NtError,
    is_error,
)
from runtime.nt.wait import Waitable, queue_apc, wait_for

if TYPE_CHECKING:
    from runtime.memory.space import AddressSpace
    from runtime.nt.event import Event
    from runtime.nt.file import FileObject
    from runtime.nt.thread import Thread


@dataclass(frozen=True, slots=True)
class Completion:
    """How a program hears of the end of an operation; zero and None mean not at all."""

    status_block: int = 0
    event: Event | None = None
    apc_routine: int = 0
    apc_context: int = 0


SILENT = Completion()


class IoRequest(Waitable):
    """An operation of a thread on a file; can be waited for, and is signalled when it is complete."""

    def __init__(
        self,
        thread: Thread,
        file: FileObject,
        completion: Completion = SILENT,
        *,
        buffer: int = 0,
        length: int = 0,
        offset: int | None = None,
        key: int = 0,
    ) -> None:
        self.thread = thread
        self.memory: AddressSpace = thread.process.memory
        self.file = file
        self.completion = completion
        self.buffer = buffer
        self.length = length
        self.offset = offset
        """Where on a disk to work; None for the file's own position."""
        self.key = key
        self.status = STATUS_PENDING
        self.information = 0
        self.pended = False
        self.on_cancel: Callable[[], None] | None = None
        """Takes the request out of its queue; the caller then completes it as cancelled."""
        self.work: Callable[[], Awaitable[None]] | None = None
        """What completes a pending request of a synchronous file, if the waiting thread itself has to do it."""

    @property
    def done(self) -> bool:
        """Whether it is complete."""
        return self.status != STATUS_PENDING

    def signalled(self, thread: object) -> bool:
        return self.status != STATUS_PENDING

    # Data

    def read_buffer(self) -> bytes:
        """Return the bytes the program wants written. Raises NtError STATUS_ACCESS_VIOLATION."""
        try:
            return self.memory.read(self.buffer, self.length)
        except MemoryFault:
            raise NtError(STATUS_ACCESS_VIOLATION) from None

    def write_buffer(self, data: bytes | bytearray | memoryview, at: int = 0) -> None:
        """Put data into the program's buffer. Raises NtError STATUS_ACCESS_VIOLATION."""
        try:
            self.memory.write(self.buffer + at, bytes(data))
        except MemoryFault:
            raise NtError(STATUS_ACCESS_VIOLATION) from None

    # Life

    def pend(self, on_cancel: Callable[[], None]) -> int:
        """Note that the request is kept; returns STATUS_PENDING for the caller to return."""
        self.pended = True
        self.on_cancel = on_cancel
        self.file.pending[self] = None
        self.thread.pending_io.add(self)
        return STATUS_PENDING

    def deliver(self, data: bytes | bytearray | memoryview, status: int) -> None:
        """Complete a pending read with data; the status becomes STATUS_ACCESS_VIOLATION when the buffer is gone."""
        try:
            self.write_buffer(data)
        except NtError as error:
            self.complete(error.status)
        else:
            self.complete(status, len(data))

    def complete(self, status: int, information: int = 0) -> None:
        """End the request, once; later calls change nothing."""
        if self.status != STATUS_PENDING:
            return
        self.status = status
        self.information = information
        file = self.file
        if self.pended:
            file.pending.pop(self, None)
            self.thread.pending_io.discard(self)
        elif is_error(status):
            return
        completion = self.completion
        if completion is not SILENT:
            self._tell(completion, status, information)
        elif self.pended and not file.signalled_now:
            file.signal()
        if self.pended:
            self.release_waiters()

    def _tell(self, completion: Completion, status: int, information: int) -> None:
        memory, file = self.memory, self.file
        if completion.status_block:
            try:
                memory.write_u32(completion.status_block, status)
                memory.write_pointer(completion.status_block + memory.pointer_size, information)
            except MemoryFault:
                pass  # the program took its memory away; there is nobody left to tell
        if completion.event is not None:
            completion.event.set()
        elif not file.signalled_now:
            file.signal()
        if completion.apc_routine:
            apc = UserApc(completion.apc_routine, completion.apc_context, completion.status_block, source=file)
            queue_apc(self.thread, apc)
        elif file.port is not None and completion.apc_context and (self.pended or not file.skip_port_on_success):
            file.port.post(file.port_key, completion.apc_context, status, information)

    def cancel(self) -> bool:
        """Take a pending request back: it completes with STATUS_CANCELLED. Says whether there was anything to
        cancel."""
        if self.done or self.on_cancel is None:
            return False
        self.on_cancel()
        self.complete(STATUS_CANCELLED)
        return True

    async def finish(self, status: int) -> int:
        """Bring the request home: `status` is what the file object answered.

        Synchronous files wait here for a pending request; others return STATUS_PENDING.
        """
        if status != STATUS_PENDING:
            self.complete(status, self.information)
            return status
        if self.done or not self.file.synchronous:
            return self.status if self.file.synchronous else STATUS_PENDING
        try:
            if self.work is not None:
                await self._work(self.work)
            else:
                await wait_for(self.thread, [self])
        finally:
            if not self.done:
                self.cancel()
        return self.status

    async def _work(self, work: Callable[[], Awaitable[None]]) -> None:
        await leave_engine()
        token = trio.lowlevel.current_trio_token()
        with trio.CancelScope() as scope:
            self.on_cancel = lambda: call_in_loop(token, scope.cancel)
            await work()
