"""Waitable timers."""

from __future__ import annotations

from runtime.nt import status as st
from runtime.nt.apc import UserApc
from runtime.nt.clock import Alarm, Clock
from runtime.nt.object import ObjectType
from runtime.nt.wait import Waitable, WaitingThread, queue_apc

TIMER_QUERY_STATE = 0x1
TIMER_MODIFY_STATE = 0x2
TIMER_ALL_ACCESS = 0x1F0003


class Timer(Waitable):
    """Signalled when its time comes, once or every period; may also queue an APC to the thread that set it.

    A notification timer (manual reset) stays signalled until it is set again, a synchronization timer satisfies one
    wait.
    """

    object_type = ObjectType("Timer", 0x20001, 0x20002, 0x120000, TIMER_ALL_ACCESS)

    def __init__(self, clock: Clock, *, manual_reset: bool) -> None:
        self.clock = clock
        self.manual_reset = manual_reset
        self.is_set = False
        self.period = 0
        self._alarm: Alarm | None = None
        self._thread: WaitingThread | None = None
        self._routine = 0
        self._context = 0
        self._apc: UserApc | None = None

    def signalled(self, thread: WaitingThread) -> bool:
        return self.is_set

    def satisfy(self, thread: WaitingThread) -> int:
        if not self.manual_reset:
            self.is_set = False
        return st.STATUS_SUCCESS

    def set(
        self, due_time: int, period: int = 0, *, thread: WaitingThread | None = None, routine: int = 0, context: int = 0
    ) -> bool:
        """Start, over again where it was running; returns whether it was signalled.

        `due_time` in 100 ns is absolute when positive and counts from now otherwise, `period` is in milliseconds.
        With a `routine`, an APC `routine(context, low, high)` of the time of expiry is queued to `thread`.
        """
        previous = self.is_set
        self.cancel()
        self.is_set = False
        self.period = period
        self._thread, self._routine, self._context = (thread, routine, context) if routine else (None, 0, 0)
        due = self.clock.due(due_time)
        assert due is not None
        if due <= self.clock.ticks():
            self._expire(due)
        else:
            self._alarm = self.clock.schedule(due, lambda: self._expire(due))
        return previous

    def cancel(self) -> bool:
        """Stop; an APC that was queued and not yet delivered is taken back. Returns whether it was signalled, which it
        stays."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._apc is not None and self._thread is not None and self._apc in self._thread.apcs:
            self._thread.apcs.remove(self._apc)
        self._apc = None
        return self.is_set

    @property
    def running(self) -> bool:
        """Whether it will expire (again)."""
        return self._alarm is not None

    @property
    def remaining(self) -> int:
        """100 ns until it expires; negative since when it has, as Windows counts them."""
        return self._alarm.due - self.clock.ticks() if self._alarm is not None else 0

    def closed(self) -> None:
        self.cancel()

    def _expire(self, due: int) -> None:
        self._alarm = None
        if self.period:
            # A late timer keeps its rhythm, but does not fire again for every period that was missed.
            following = max(due + self.period * 10_000, self.clock.ticks() + 1)
            self._alarm = self.clock.schedule(following, lambda: self._expire(following))
        self.is_set = True
        if self._thread is not None and (self._apc is None or self._apc not in self._thread.apcs):
            now = self.clock.now()
            self._apc = UserApc(self._routine, self._context, now & 0xFFFFFFFF, now >> 32, source=self)
            queue_apc(self._thread, self._apc)
        self.release_waiters()

    def state(self) -> dict[str, str | int | bool | None]:
        return super().state() | {
            "manual_reset": self.manual_reset,
            "signalled": self.is_set,
            "due": self._alarm.due if self._alarm is not None else None,
            "period": self.period,
        }
