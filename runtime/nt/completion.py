"""I/O completion ports, and packets that turn a satisfied wait into a completion."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from runtime.nt import status as st
from runtime.nt.object import Object, ObjectType
from runtime.nt.status import NtError
from runtime.nt.wait import Ownable, Wait, Waitable, WaitingThread

IO_COMPLETION_QUERY_STATE = 0x1
IO_COMPLETION_MODIFY_STATE = 0x2
IO_COMPLETION_ALL_ACCESS = 0x1F0003
WAIT_COMPLETION_PACKET_ALL_ACCESS = 0xF0001


@dataclass(slots=True, eq=False)
class CompletionEntry:
    """One completion: `key` belongs to the file, `context` to the operation (Win32: the OVERLAPPED's address)."""

    key: int
    context: int
    status: int
    information: int


class IoCompletion(Waitable):
    """A queue of completions. Entries are served first in, first out; waiting threads last in, first out, as on NT."""

    object_type = ObjectType("IoCompletion", 0x20001, 0x20002, 0x120000, IO_COMPLETION_ALL_ACCESS)

    def __init__(self, concurrency: int = 0) -> None:
        self.concurrency = concurrency
        self.entries: deque[CompletionEntry] = deque()
        self._removers: dict[Wait, int] = {}

    def signalled(self, thread: WaitingThread) -> bool:
        return bool(self.entries)

    def post(self, key: int, context: int, status: int, information: int) -> None:
        """NtSetIoCompletion: queue a completion, or hand it to a thread that waits for one."""
        self.post_entry(CompletionEntry(key, context, status, information))

    def post_entry(self, entry: CompletionEntry) -> None:
        """Like `post`, for an entry that is made already."""
        for wait in reversed(list(self._removers)):
            if wait.open:
                wait.packet = entry
                wait.finish(st.STATUS_SUCCESS)
                return
        self.entries.append(entry)
        self.release_waiters()

    def closed(self) -> None:
        """Nobody can post any more: whoever waits is told STATUS_ABANDONED."""
        for wait in list(self._removers):
            wait.finish(st.STATUS_ABANDONED)

    async def remove(
        self, thread: WaitingThread, count: int = 1, *, alertable: bool = False, timeout: int | None = None
    ) -> tuple[int, list[CompletionEntry]]:
        """NtRemoveIoCompletionEx: at most `count` entries, waiting for the first one.

        Returns STATUS_SUCCESS and the entries, or STATUS_TIMEOUT, STATUS_USER_APC, STATUS_ALERTED or STATUS_ABANDONED
        (the port was closed) and none.
        """
        if self.entries:
            return st.STATUS_SUCCESS, self._take(count)
        pending = thread.take_pending() if alertable else None
        if pending is not None:
            return pending, []
        due = thread.clock.due(timeout)
        if due is not None and due <= thread.clock.ticks():
            return st.STATUS_TIMEOUT, []
        wait = Wait(thread, alertable=alertable)
        wait.link(self._removers)
        try:
            result = await wait.park(due)
        except BaseException:
            if isinstance(wait.packet, CompletionEntry):
                self.entries.appendleft(wait.packet)
            raise
        if not isinstance(wait.packet, CompletionEntry):
            return result, []
        return result, [wait.packet, *self._take(count - 1)]

    def _take(self, count: int) -> list[CompletionEntry]:
        return [self.entries.popleft() for _ in range(min(count, len(self.entries)))]

    def state(self) -> dict[str, str | int | bool | None]:
        return super().state() | {"depth": len(self.entries), "waiters": len(self._removers)}


class _PacketWait(Wait):
    """Stands in the waiter list of the target in place of a thread."""

    __slots__ = ("owner",)

    def __init__(self, thread: WaitingThread, owner: WaitCompletionPacket, target: Waitable) -> None:
        super().__init__(thread, (target,))
        self.owner = owner

    def attempt(self, changed: Waitable) -> None:
        if self.open:
            changed.satisfy(self.thread)
            self.finish(st.STATUS_SUCCESS)
            self.owner.fulfilled()


class WaitCompletionPacket(Object):
    """Waits for an object on nobody's behalf and posts a completion when that is satisfied; thread pools use it."""

    object_type = ObjectType("WaitCompletionPacket", 0x20000, 0x20000, 0x20000, WAIT_COMPLETION_PACKET_ALL_ACCESS)

    def __init__(self) -> None:
        self._wait: _PacketWait | None = None
        self._port: IoCompletion | None = None
        self._entry: CompletionEntry | None = None

    @property
    def busy(self) -> bool:
        """Whether it waits, or its completion has not been taken yet."""
        return self._wait is not None or self.queued

    @property
    def queued(self) -> bool:
        """Whether its completion stands in the port."""
        return self._entry is not None and self._port is not None and self._entry in self._port.entries

    def associate(self, thread: WaitingThread, port: IoCompletion, target: Waitable, entry: CompletionEntry) -> bool:
        """Post `entry` to `port` once a wait for `target` is satisfied; returns whether that was at once.

        Raises NtError STATUS_INVALID_PARAMETER_1 while the packet is in use, STATUS_INVALID_PARAMETER_3 for a mutex.
        """
        if self.busy:
            raise NtError(st.STATUS_INVALID_PARAMETER_1)
        if isinstance(target, Ownable):
            raise NtError(st.STATUS_INVALID_PARAMETER_3)
        self._port, self._entry = port, entry
        if target.signalled(thread):
            target.satisfy(thread)
            self.fulfilled()
            return True
        self._wait = _PacketWait(thread, self, target)
        target.add_waiter(self._wait)
        return False

    def cancel(self, *, remove_signalled: bool) -> int:
        """NtCancelWaitCompletionPacket: STATUS_SUCCESS when it will not complete any more.

        STATUS_CANCELLED when it is not in use, STATUS_PENDING when it has completed and stays queued.
        """
        wait, self._wait = self._wait, None
        if wait is not None and wait.open:
            wait.finish(st.STATUS_CANCELLED)
            return st.STATUS_SUCCESS
        if self.queued:
            if not remove_signalled:
                return st.STATUS_PENDING
            assert self._port is not None
            assert self._entry is not None
            self._port.entries.remove(self._entry)
            return st.STATUS_SUCCESS
        return st.STATUS_CANCELLED

    def fulfilled(self) -> None:
        """The wait was satisfied: post the completion."""
        entry, port = self._entry, self._port
        assert entry is not None
        assert port is not None
        self._wait = None
        port.post_entry(entry)

    def closed(self) -> None:
        self.cancel(remove_signalled=False)
