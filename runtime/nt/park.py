"""Sleeping in trio and being woken from any thread.

API code starts on the engine's worker thread, where there is no trio. `leave_engine` moves the running coroutine into
the guest thread's trio task; from there on it may park. Whoever wakes it may be on either thread.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Final

import trio


class _LeaveEngine:
    """What a coroutine yields to ask for its trio task."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "LEAVE_ENGINE"


LEAVE_ENGINE: Final = _LeaveEngine()
"""Yielded on the worker thread: stop the engine slice and continue this coroutine in the guest thread's trio task."""


@types.coroutine
def leave_engine() -> Generator[_LeaveEngine, None, None]:
    """Continue in the guest thread's trio task; a no-operation for a coroutine that already runs there.

    Not a checkpoint. The machine's lock is released on the way: what was true before must be looked at again after it.
    """
    if not trio.lowlevel.in_trio_task():
        yield LEAVE_ENGINE


def call_in_loop(token: trio.lowlevel.TrioToken, function: Callable[[], None]) -> None:
    """Run `function` in the trio thread: now if this is it, soon otherwise, never once the loop has ended."""
    if trio.lowlevel.in_trio_run():
        function()
        return
    with suppress(trio.RunFinishedError):
        token.run_sync_soon(function)


class LoopEvent:
    """A flag that trio tasks wait for and any thread sets or clears, with or without the machine's lock.

    For host I/O and other conditions that are no Windows objects. Like `trio.Event`, but it can be cleared: a waiter
    that was woken has seen the flag set, and must check its own condition, which may have changed since.
    """

    __slots__ = ("_flag", "_parked", "_token")

    def __init__(self) -> None:
        self._flag = False
        self._parked: dict[trio.lowlevel.Task, None] = {}
        self._token: trio.lowlevel.TrioToken | None = None

    def is_set(self) -> bool:
        """Whether the flag is set."""
        return self._flag

    def set(self) -> None:
        """Set the flag and wake every waiter."""
        self._flag = True
        if self._parked and self._token is not None:
            call_in_loop(self._token, self._wake)

    def clear(self) -> None:
        """Clear the flag; waiters that were already woken stay woken."""
        self._flag = False

    async def wait(self) -> None:
        """Return once the flag is set; at once, and without a checkpoint, where it is set already."""
        if self._flag:
            return
        await leave_engine()
        task = trio.lowlevel.current_task()
        self._token = trio.lowlevel.current_trio_token()
        self._parked[task] = None
        # A setter that looked before this entry stood here has set the flag by now: look again before sleeping.
        if self._flag:
            del self._parked[task]
            return

        def abort(_: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
            del self._parked[task]
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)

    def _wake(self) -> None:
        parked, self._parked = self._parked, {}
        for task in parked:
            trio.lowlevel.reschedule(task)
