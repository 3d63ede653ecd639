"""Waiting, with NT's rules.

A wait that can be satisfied when it is asked for never sleeps and never touches trio. Otherwise the thread links itself
into the waiter lists of its objects, in order of arrival, and parks. Whoever changes an object decides then and there,
under the machine's lock, which waiters that satisfies: the object's state is consumed for the waiter at that moment, so
no wake-up is lost, none is spurious and nobody else can take what a woken thread was given.

Guarantees: a wait for any object is satisfied by the signalled one with the lowest index; a wait for all consumes
nothing until it can consume everything; waiters of one object are served first come, first served; an abandoned mutex
is reported as STATUS_ABANDONED_WAIT_0 + index (STATUS_ABANDONED_WAIT_0 for a wait for all).
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Callable, Generator, Sequence

import trio

from runtime.nt import status as st
from runtime.nt.apc import UserApc
from runtime.nt.clock import Alarm, Clock
from runtime.nt.object import Object
from runtime.nt.park import LEAVE_ENGINE, LoopEvent, call_in_loop, leave_engine
from runtime.nt.status import NtError

__all__ = [
    "LEAVE_ENGINE", "MAXIMUM_WAIT_OBJECTS", "LoopEvent", "Ownable", "Wait", "Waitable", "WaitingThread", "alert_thread",
    "alert_thread_by_id", "delay", "leave_engine", "queue_apc", "take_alert", "wait_for", "wait_for_alert_by_id",
]  # fmt: skip

MAXIMUM_WAIT_OBJECTS = 64


class Waitable(Object):
    """An object that threads can wait for.

    Subclasses say when they are signalled and what satisfying a wait does to them, and call `release_waiters` whenever
    they may have become signalled.
    """

    _waits: dict[Wait, int] | None = None

    def signalled(self, thread: WaitingThread) -> bool:
        """Whether a wait by `thread` would be satisfied now."""
        raise NotImplementedError

    def satisfy(self, thread: WaitingThread) -> int:
        """Consume what a satisfied wait of `thread` consumes. Returns STATUS_SUCCESS or STATUS_ABANDONED."""
        return st.STATUS_SUCCESS

    def add_waiter(self, wait: Wait, index: int = 0) -> None:
        """Queue a wait; `index` is this object's place among those it is for."""
        if self._waits is None:
            self._waits = {}
        wait.link(self._waits, index)

    def release_waiters(self) -> None:
        """Satisfy as many waiters as the state allows, in order of arrival."""
        if self._waits:
            for wait in list(self._waits):
                if not self.signalled(wait.thread):
                    return
                wait.attempt(self)

    @property
    def waiters(self) -> list[WaitingThread]:
        """The threads that wait for this object, in order of arrival."""
        return [wait.thread for wait in self._waits or ()]


class Wait:
    """One wait of one thread, from the moment it cannot be satisfied at once until it ends.

    `result` is None until somebody decides the wait with `finish`; the decision is final.
    """

    __slots__ = (
        "_aborted", "_alarm", "_links", "_task", "_token", "alertable", "by_id", "objects", "packet", "result",
        "resume", "thread", "wait_all",
    )  # fmt: skip

    def __init__(
        self,
        thread: WaitingThread,
        objects: Sequence[Waitable] = (),
        *,
        wait_all: bool = False,
        alertable: bool = False,
    ) -> None:
        self.thread = thread
        self.objects = objects
        self.wait_all = wait_all
        self.alertable = alertable
        self.by_id = False
        """Whether this is a wait for an alert by thread id."""
        self.packet: object = None
        """What the one who ended the wait handed over (a completion packet)."""
        self.result: int | None = None
        self.resume: Callable[[], None] | None = None
        """Set by the boundary when the wait was yielded to it: continue the coroutine, the wait is decided."""
        self._aborted = False
        self._links: list[dict[Wait, int]] = []
        self._alarm: Alarm | None = None
        self._task: trio.lowlevel.Task | None = None
        self._token: trio.lowlevel.TrioToken | None = None

    def link(self, queue: dict[Wait, int], index: int = 0) -> None:
        """Stand in a queue of waiters until the wait ends."""
        if self not in queue:
            queue[self] = index
            self._links.append(queue)

    @property
    def open(self) -> bool:
        """Whether the wait can still be decided; not so once it was, or once its thread is being terminated."""
        return self.result is None and not self._aborted

    def attempt(self, changed: Waitable) -> None:
        """End this wait if `changed`, which is signalled for it, satisfies it."""
        if not self.open:
            return
        if self.wait_all:
            if all(item.signalled(self.thread) for item in self.objects):
                self.finish(_satisfy_all(self.thread, self.objects))
        else:
            assert changed._waits is not None
            self.finish(changed._waits[self] + changed.satisfy(self.thread))

    def finish(self, result: int) -> None:
        """Decide the wait, from any thread under the machine's lock; ignored where it is not `open`."""
        if self.open:
            self.result = result
            self._unlink()
            if self.resume is not None:
                self.resume()
            elif self._task is not None:
                assert self._token is not None
                call_in_loop(self._token, self._wake)

    async def park(self, due: int | None = None) -> int:
        """Sleep until the wait is decided or, with STATUS_TIMEOUT, until tick `due`; returns the result.

        On the worker the wait itself is yielded to the boundary, which continues the coroutine there once `resume` is
        called: no hop into trio. Inside trio it parks the task. Cancellation, which is how threads are terminated (on
        the worker: closing the coroutine), takes the thread out of all queues.
        """
        thread = self.thread
        clock = thread.clock
        thread.wait = self
        if due is not None:
            self._alarm = clock.schedule(due, self._time_out)
        clock.thread_sleeps()
        try:
            if trio.lowlevel.in_trio_task():
                self._task = trio.lowlevel.current_task()
                self._token = trio.lowlevel.current_trio_token()
                await trio.lowlevel.wait_task_rescheduled(self._abort)
            else:
                await _yield_to_boundary(self)
        finally:
            self._task = None
            if self.result is None:
                self._unlink()
            thread.wait = None
        assert self.result is not None
        return self.result

    def state(self) -> dict[str, str | int | bool | None]:
        """What the thread waits for, as plain data."""
        return {
            "for": "alert" if self.by_id else ", ".join(map(repr, self.objects)) or "delay",
            "all": self.wait_all,
            "alertable": self.alertable,
            "until": self._alarm.due if self._alarm is not None else None,
        }

    def _time_out(self) -> None:
        self.finish(st.STATUS_TIMEOUT)

    def _unlink(self) -> None:
        for queue in self._links:
            queue.pop(self, None)
        self._links.clear()
        if self._alarm is not None:
            self._alarm.cancel()
        if self.thread.wait is self:
            self.thread.clock.thread_wakes()

    def _abort(self, _: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
        # Runs without the lock: leave the queues alone, `park` unlinks when it is resumed under the lock.
        self._aborted = True
        self._task = None
        return trio.lowlevel.Abort.SUCCEEDED

    def _wake(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            trio.lowlevel.reschedule(task)


class Ownable(Waitable):
    """An object that a thread owns after waiting for it."""

    def abandon(self, owner: WaitingThread) -> None:
        """The owner has ended without releasing it."""
        raise NotImplementedError


class WaitingThread(Waitable):
    """What waiting needs to know of a thread; `runtime.nt.thread.Thread` derives from it.

    `apcs` are its queued user APCs. `deliver_apcs` is set when a wait ended with STATUS_USER_APC: the boundary runs the
    APCs (KiUserApcDispatcher) before the thread goes on, and clears it.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.apcs: deque[UserApc] = deque()
        self.deliver_apcs = False
        self.alerted = False
        self.alerted_by_id = False
        self.wait: Wait | None = None
        """The wait the thread is in."""
        self.owned: dict[Ownable, None] = {}
        """The mutexes it owns, in the order it took them."""

    def take_pending(self) -> int | None:
        """What ends an alertable wait before it starts; an alert is consumed, APCs are left for delivery."""
        if self.alerted:
            self.alerted = False
            return st.STATUS_ALERTED
        if self.apcs:
            self.deliver_apcs = True
            return st.STATUS_USER_APC
        return None

    def rundown(self) -> None:
        """The thread has ended: its mutexes are abandoned, each passing on to its next waiter, its APCs are dropped."""
        for mutex in list(self.owned):
            mutex.abandon(self)
        self.owned.clear()
        self.apcs.clear()


@types.coroutine
def _yield_to_boundary(wait: Wait) -> Generator[Wait, None, None]:
    yield wait


def _satisfy_all(thread: WaitingThread, objects: Sequence[Waitable]) -> int:
    result = st.STATUS_SUCCESS
    for item in objects:
        result |= item.satisfy(thread)
    return result


async def wait_for(
    thread: WaitingThread,
    objects: Sequence[Waitable],
    *,
    wait_all: bool = False,
    alertable: bool = False,
    timeout: int | None = None,
) -> int:
    """KeWaitForMultipleObjects.

    `timeout` in 100 ns: None waits for ever, 0 does not wait, negative counts from now, positive is a system time.
    Returns STATUS_WAIT_0 + index, STATUS_ABANDONED_WAIT_0 + index, STATUS_TIMEOUT, STATUS_USER_APC or STATUS_ALERTED.
    Raises NtError STATUS_INVALID_PARAMETER_1 (no objects or more than 64), STATUS_INVALID_PARAMETER_MIX (one object
    twice in a wait for all) and STATUS_MUTANT_LIMIT_EXCEEDED.
    """
    if not 0 < len(objects) <= MAXIMUM_WAIT_OBJECTS:
        raise NtError(st.STATUS_INVALID_PARAMETER_1)
    if wait_all:
        if len(set(objects)) != len(objects):
            raise NtError(st.STATUS_INVALID_PARAMETER_MIX)
        if all(item.signalled(thread) for item in objects):
            return _satisfy_all(thread, objects)
    else:
        for index, item in enumerate(objects):
            if item.signalled(thread):
                return index + item.satisfy(thread)
    if alertable:
        pending = thread.take_pending()
        if pending is not None:
            return pending
    due = thread.clock.due(timeout)
    if due is not None and due <= thread.clock.ticks():
        return st.STATUS_TIMEOUT
    wait = Wait(thread, objects, wait_all=wait_all, alertable=alertable)
    for index, item in enumerate(objects):
        item.add_waiter(wait, index)
    return await wait.park(due)


async def delay(thread: WaitingThread, timeout: int | None, *, alertable: bool = False) -> int:
    """KeDelayExecutionThread: STATUS_SUCCESS when the time is over, STATUS_USER_APC or STATUS_ALERTED before that.

    A delay of zero length returns at once; giving up the processor is the caller's to do.
    """
    if alertable:
        pending = thread.take_pending()
        if pending is not None:
            return pending
    due = thread.clock.due(timeout)
    if due is not None and due <= thread.clock.ticks():
        return st.STATUS_SUCCESS
    result = await Wait(thread, alertable=alertable).park(due)
    return st.STATUS_SUCCESS if result == st.STATUS_TIMEOUT else result


def queue_apc(thread: WaitingThread, apc: UserApc) -> None:
    """Queue a user APC; an alertable wait (for a special APC any wait) ends with STATUS_USER_APC.

    Special APCs go before all others, and are delivered even to a thread that does not wait.
    """
    if apc.special:
        thread.apcs.insert(sum(queued.special for queued in thread.apcs), apc)
        thread.deliver_apcs = True
    else:
        thread.apcs.append(apc)
    wait = thread.wait
    if wait is not None and wait.result is None and (wait.alertable or apc.special):
        thread.deliver_apcs = True
        wait.finish(st.STATUS_USER_APC)


def take_alert(thread: WaitingThread) -> int:
    """NtTestAlert: take the alert, and have queued APCs delivered. Returns STATUS_ALERTED or STATUS_SUCCESS."""
    thread.deliver_apcs = bool(thread.apcs)
    alerted, thread.alerted = thread.alerted, False
    return st.STATUS_ALERTED if alerted else st.STATUS_SUCCESS


def alert_thread(thread: WaitingThread) -> None:
    """NtAlertThread: end an alertable wait with STATUS_ALERTED, or the next one."""
    wait = thread.wait
    if wait is not None and wait.result is None and wait.alertable:
        wait.finish(st.STATUS_ALERTED)
    else:
        thread.alerted = True


def alert_thread_by_id(thread: WaitingThread) -> None:
    """NtAlertThreadByThreadId for the thread found: end its wait for such an alert, or its next one."""
    wait = thread.wait
    if wait is not None and wait.result is None and wait.by_id:
        wait.finish(st.STATUS_ALERTED)
    else:
        thread.alerted_by_id = True


async def wait_for_alert_by_id(thread: WaitingThread, timeout: int | None) -> int:
    """NtWaitForAlertByThreadId: STATUS_ALERTED once alerted by id, STATUS_TIMEOUT when the time is over."""
    if thread.alerted_by_id:
        thread.alerted_by_id = False
        return st.STATUS_ALERTED
    due = thread.clock.due(timeout)
    if due is not None and due <= thread.clock.ticks():
        return st.STATUS_TIMEOUT
    wait = Wait(thread)
    wait.by_id = True
    return await wait.park(due)
