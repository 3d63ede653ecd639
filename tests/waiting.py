"""Guest threads without a guest, for tests of the executive."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

import trio

from runtime.nt.clock import Clock
from runtime.nt.object import ObjectType
from runtime.nt.wait import LEAVE_ENGINE, LoopEvent, Wait, WaitingThread

T = TypeVar("T")


class FakeThread(WaitingThread):
    """A thread object as the waiting code sees it."""

    object_type = ObjectType("Thread", 0, 0, 0, 0x1FFFFF)

    def __init__(self, clock: Clock, name: str = "") -> None:
        super().__init__(clock)
        self.name = name
        self.ended = False
        clock.thread_started()

    def signalled(self, thread: WaitingThread) -> bool:
        return self.ended

    def end(self) -> None:
        """What the end of a thread does to those who wait for it and for what it owns."""
        self.ended = True
        self.rundown()
        self.clock.thread_ended()
        self.release_waiters()


class Results:
    """Runs waits as tasks and collects their results in the order in which they end."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self.nursery = nursery
        self.order: list[tuple[str, int]] = []
        self.scopes: dict[str, trio.CancelScope] = {}

    async def start(self, name: str, function: Callable[[], Awaitable[int]]) -> None:
        """Start a wait and return once it sleeps (or has ended)."""

        async def task() -> None:
            with trio.CancelScope() as scope:
                self.scopes[name] = scope
                result = await function()
                self.order.append((name, result))

        self.nursery.start_soon(task)
        await trio.testing.wait_all_tasks_blocked()


async def drive(coroutine: Coroutine[Any, Any, T], lock: threading.Lock) -> T:
    """Run an API coroutine as the boundary of guest threads does: on a worker thread, where it may yield waits, from
    LEAVE_ENGINE on in this task. Under the lock whenever it runs, without it whenever it waits."""
    resumed = LoopEvent()

    def step() -> tuple[bool, Any]:
        with lock:
            try:
                request = coroutine.send(None)
            except StopIteration as stop:
                return True, stop.value
            if isinstance(request, Wait):
                request.resume = resumed.set
                return False, None
            assert request is LEAVE_ENGINE
            return False, request

    while True:
        done, value = await trio.to_thread.run_sync(step)
        if done:
            return value
        if value is LEAVE_ENGINE:
            return await _InTask(coroutine, lock)
        await resumed.wait()
        resumed.clear()


class _InTask:
    def __init__(self, coroutine: Coroutine[Any, Any, T], lock: threading.Lock) -> None:
        self.coroutine = coroutine
        self.lock = lock

    def __await__(self) -> Generator[Any, Any, Any]:
        answer = None
        while True:
            with self.lock:
                try:
                    trap = self.coroutine.send(answer)
                except StopIteration as stop:
                    return stop.value
            answer = yield trap
