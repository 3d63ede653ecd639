"""The machine's time.

Two scales, both in units of 100 ns: *ticks* since boot (Windows' interrupt time: it never jumps back) and *system
time* since 1601-01-01 UTC (what FILETIME holds; programs may set it). Alarms call back at a tick, under the lock.

Three kinds: `Clock` follows the host, `VirtualClock` also follows it but skips the time in which every guest thread
sleeps, `DeterministicClock` moves only by what running programs are charged and by such skips.
"""

from __future__ import annotations

import heapq
import struct
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import trio

from runtime.nt.park import LoopEvent

TICKS_PER_SECOND = 10_000_000
UNIX_EPOCH = 116_444_736_000_000_000
"""1970-01-01 as system time."""
CLOCK_INTERVAL = 156_250
"""The period of the clock interrupt, in which GetTickCount moves: 15.625 ms."""
ENDLESS = -(1 << 63)
"""The relative timeout that never ends."""
DETERMINISTIC_START = 133_485_408_000_000_000
"""2024-01-01 00:00 UTC, when a deterministic machine boots unless told otherwise."""


class Alarm:
    """A callback due at a tick. `cancel` is idempotent and may come late."""

    __slots__ = ("_clock", "callback", "due")

    def __init__(self, clock: Clock, due: int, callback: Callable[[], None]) -> None:
        self._clock = clock
        self.due = due
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Do not call back."""
        if self.callback is not None:
            self.callback = None
            self._clock._forget()


class Clock:
    """Time as the host passes it.

    `lock` is held around callbacks. `source` gives monotonic seconds, `boot` the system time at which the machine boots
    (None: now). All methods but `run` may be called from any thread that holds the lock.
    """

    def __init__(
        self,
        lock: AbstractContextManager[object] | None = None,
        *,
        source: Callable[[], float] = time.monotonic,
        boot: int | None = None,
    ) -> None:
        self._lock = nullcontext() if lock is None else lock
        self._source = source
        self._start = source()
        self.boot = UNIX_EPOCH + time.time_ns() // 100 if boot is None else boot
        self._heap: list[tuple[int, int, Alarm]] = []
        self._sequence = 0
        self._cancelled = 0
        self._changed = LoopEvent()
        self._looks_at: int | None = None
        """The tick at which `run` looks again by itself."""
        self.threads = 0
        self.sleepers = 0

    def ticks(self) -> int:
        """100 ns since boot."""
        return int((self._source() - self._start) * TICKS_PER_SECOND)

    def now(self) -> int:
        """System time, UTC, 100 ns since 1601."""
        return self.boot + self.ticks()

    def set_system_time(self, now: int) -> None:
        """NtSetSystemTime: from here on `now` continues from the given time; ticks are not touched."""
        self.boot = now - self.ticks()

    def tick_count(self) -> int:
        """Milliseconds since boot as GetTickCount64 counts them: in steps of the clock interrupt."""
        return self.ticks() // CLOCK_INTERVAL * CLOCK_INTERVAL // 10_000

    def due(self, timeout: int | None) -> int | None:
        """The tick at which a timeout ends: negative counts from now, positive is a system time, None never ends."""
        if timeout is None or timeout == ENDLESS:
            return None
        return self.ticks() - timeout if timeout <= 0 else timeout - self.boot

    def schedule(self, due: int, callback: Callable[[], None]) -> Alarm:
        """Call `callback` at tick `due`, or soon if that is over: under the lock, in any thread; it must not wait."""
        alarm = Alarm(self, due, callback)
        self._sequence += 1
        heapq.heappush(self._heap, (due, self._sequence, alarm))
        if self._looks_at is None or due < self._looks_at:
            self._looks_at = due
            self._changed.set()
        return alarm

    def next_due(self) -> int | None:
        """The tick of the earliest alarm."""
        while self._heap and self._heap[0][2].callback is None:
            heapq.heappop(self._heap)
            self._cancelled -= 1
        return self._heap[0][0] if self._heap else None

    def fire(self) -> None:
        """Run every alarm that is due, earliest first."""
        while True:
            due = self.next_due()
            if due is None or due > self.ticks():
                return
            alarm = heapq.heappop(self._heap)[2]
            callback, alarm.callback = alarm.callback, None
            if callback is not None:
                callback()

    async def run(self) -> None:
        """Serve alarms for ever; the machine runs this as one of its tasks."""
        while True:
            self._changed.clear()
            with self._lock:
                self.fire()
                self._looks_at = self.next_due()
                delay = self._delay()
            if delay is None:
                await self._changed.wait()
            else:
                with trio.move_on_after(delay):
                    await self._changed.wait()
            await trio.lowlevel.checkpoint()

    def _delay(self) -> float | None:
        """Host seconds until `run` should look again."""
        due = self.next_due()
        return None if due is None else max(0.0, (due - self.ticks()) / TICKS_PER_SECOND)

    def thread_started(self) -> None:
        """One more guest thread exists (and runs)."""
        self.threads += 1

    def thread_ended(self) -> None:
        """A guest thread is gone."""
        self.threads -= 1
        self._check_idle()

    def thread_sleeps(self) -> None:
        """A guest thread waits for something that only other guest threads or time can bring."""
        self.sleepers += 1
        self._check_idle()

    def thread_wakes(self) -> None:
        """The wait of a guest thread is over."""
        self.sleepers -= 1

    def _check_idle(self) -> None:
        """All threads may be asleep now; nothing to do for a clock that does not skip."""

    def _forget(self) -> None:
        self._cancelled += 1
        if self._cancelled > 64 and self._cancelled * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].callback is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def state(self) -> dict[str, str | int | bool | None]:
        """What the clock shows, as plain data."""
        return {"kind": type(self).__name__, "now": self.now(), "ticks": self.ticks(), "boot": self.boot}


class VirtualClock(Clock):
    """Follows the host, but skips to the next alarm when every guest thread sleeps: Sleep(3600000) takes no time.

    A thread that waits for the host (console input, a socket) is not asleep in this sense.
    """

    _skipped: int = 0

    def ticks(self) -> int:
        return super().ticks() + self._skipped

    def idle(self) -> bool:
        """Whether every guest thread sleeps."""
        return self.threads > 0 and self.sleepers >= self.threads

    def fire(self) -> None:
        """Run what is due, after skipping to the next alarm where nobody would see the time pass."""
        if self.idle():
            due = self.next_due()
            if due is not None:
                self._skipped += max(0, due - self.ticks())
        super().fire()

    def _delay(self) -> float | None:
        return 0.0 if self.idle() and self.next_due() is not None else super()._delay()

    def _check_idle(self) -> None:
        if self.idle():
            self._changed.set()


class DeterministicClock(VirtualClock):
    """Moves only when charged for work done, and over time slept: two runs see the same times."""

    def __init__(self, lock: AbstractContextManager[object] | None = None, *, boot: int = DETERMINISTIC_START) -> None:
        super().__init__(lock, source=lambda: 0.0, boot=boot)

    def charge(self, ticks: int) -> None:
        """Let time pass for work that a program did."""
        self._skipped += ticks
        self.fire_soon()

    def fire_soon(self) -> None:
        """Have `run` look at the alarms."""
        due = self.next_due()
        if due is not None and due <= self.ticks():
            self._changed.set()

    def _delay(self) -> float | None:
        due = self.next_due()
        return 0.0 if due is not None and (self.idle() or due <= self.ticks()) else None


def shared_user_data_time(clock: Clock, bias: int = 0) -> tuple[tuple[int, bytes], ...]:
    """The fields of KUSER_SHARED_DATA that carry time, as (offset, bytes); to be written again as time passes.

    `bias` is local time in 100 ns west of UTC. KSYSTEM_TIME is low part, high part, and the high part once more, so
    that a reader can tell a torn read.
    """
    ticks, tick_count = clock.ticks(), clock.ticks() // CLOCK_INTERVAL

    def system_time(value: int) -> bytes:
        low, high = value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF
        return struct.pack("<III", low, high, high)

    return (
        (0x000, struct.pack("<II", tick_count & 0xFFFFFFFF, 0x0FA00000)),
        (0x008, system_time(ticks)),
        (0x014, system_time(clock.now())),
        (0x020, system_time(bias)),
        (0x300, struct.pack("<Q", TICKS_PER_SECOND)),
        (0x320, system_time(tick_count)),
    )
