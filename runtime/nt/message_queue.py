"""The message queue of a thread: posted messages, timers, the quit message; waitable while something is in it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from runtime.nt.clock import Alarm, Clock
from runtime.nt.event import Event
from runtime.nt.object import ObjectType
from runtime.nt.wait import Waitable, WaitingThread

WM_QUIT = 0x12
WM_TIMER = 0x113
MAXIMUM_MESSAGES = 10_000
TICKS_PER_MILLISECOND = 10_000


@dataclass(slots=True)
class Message:
    """A message: window, number, two parameters, milliseconds since boot."""

    window: int
    number: int
    wparam: int
    lparam: int
    time: int


class SentMessage:
    """A message another thread has sent and waits for the answer to."""

    __slots__ = ("done", "message", "result")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.done = Event(manual_reset=True)
        self.result = 0

    def answer(self, result: int) -> None:
        """Let the sender go on."""
        self.result = result
        self.done.set()


@dataclass(slots=True)
class _Timer:
    window: int
    number: int
    period: int
    procedure: int
    alarm: Alarm | None = None
    due: bool = False


class MessageQueue(Waitable):
    """What a thread that uses user32 has. `clock` drives its timers."""

    object_type = ObjectType("MessageQueue", 0x20000, 0x20000, 0x120000, 0x1F0000)

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.posted: deque[Message] = deque()
        self.sent: deque[SentMessage] = deque()
        self.quit: int | None = None
        self.timers: dict[tuple[int, int], _Timer] = {}
        self.last_time = 0

    def signalled(self, thread: WaitingThread) -> bool:
        """Whether there is something to get."""
        if self.posted or self.sent or self.quit is not None:
            return True
        return any(timer.due for timer in self.timers.values())

    def post(self, window: int, number: int, wparam: int, lparam: int) -> bool:
        """Add a message; False when the queue is full."""
        if len(self.posted) >= MAXIMUM_MESSAGES:
            return False
        self.posted.append(Message(window, number, wparam, lparam, self.clock.ticks() // TICKS_PER_MILLISECOND))
        self.release_waiters()
        return True

    def send(self, window: int, number: int, wparam: int, lparam: int) -> SentMessage:
        """Add a message that is answered before any posted one is given out."""
        message = Message(window, number, wparam, lparam, self.clock.ticks() // TICKS_PER_MILLISECOND)
        sent = SentMessage(message)
        self.sent.append(sent)
        self.release_waiters()
        return sent

    def post_quit(self, code: int) -> None:
        """Have the next message be WM_QUIT once the queue is empty."""
        self.quit = code
        self.release_waiters()

    def take(self, window: int, first: int, last: int, *, remove: bool) -> Message | None:
        """Return the next message for `window` (0: any) in a range of numbers (0, 0: all), or None."""
        every = not first and not last
        for message in self.posted:
            if window in (0, message.window) and (every or first <= message.number <= last):
                if remove:
                    self.posted.remove(message)
                return message
        now = self.clock.ticks() // TICKS_PER_MILLISECOND
        if self.quit is not None:
            code = self.quit
            if remove:
                self.quit = None
            return Message(0, WM_QUIT, code, 0, now)
        for timer in self.timers.values():
            if timer.due and window in (0, timer.window) and (every or first <= WM_TIMER <= last):
                if remove:
                    timer.due = False
                    self._start(timer)
                return Message(timer.window, WM_TIMER, timer.number, timer.procedure, now)
        return None

    def set_timer(self, window: int, number: int, milliseconds: int, procedure: int) -> int:
        """Start or restart a timer; returns its number."""
        if not window:
            number = max((key[1] for key in self.timers), default=0) + 1 if (0, number) not in self.timers else number
        self.kill_timer(window, number)
        period = min(max(milliseconds, 10), 0x7FFFFFFF)
        timer = self.timers[window, number] = _Timer(window, number, period, procedure)
        self._start(timer)
        return number

    def kill_timer(self, window: int, number: int) -> bool:
        """Stop a timer; False when there is none."""
        timer = self.timers.pop((window, number), None)
        if timer is None:
            return False
        if timer.alarm is not None:
            timer.alarm.cancel()
        return True

    def _start(self, timer: _Timer) -> None:
        def ring() -> None:
            timer.alarm = None
            timer.due = True
            self.release_waiters()

        timer.alarm = self.clock.schedule(self.clock.ticks() + timer.period * TICKS_PER_MILLISECOND, ring)

    def close(self) -> None:
        """The thread has ended."""
        for key in tuple(self.timers):
            self.kill_timer(*key)
        while self.sent:
            self.sent.popleft().answer(0)

    def state(self) -> dict[str, str | int | bool | None]:
        """The queue as plain data."""
        return super().state() | {"posted": len(self.posted), "timers": len(self.timers), "quit": self.quit}
