"""Runs the guest threads of one process on a CPU engine, on an OS thread of its own.

Guest threads stand in a ready queue and run in slices, round robin. A thread that must wait or is over is handed to its
trio task; the worker goes on with the next ready one at once. While only one thread is ready there are no slices:
the slice timer is armed when a second one appears.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from runtime.cpu.engine import Engine

if TYPE_CHECKING:
    from runtime.nt.thread import Thread

SLICE: Final = 0.005
"""Seconds a guest thread runs while others are ready."""


class Scheduler:
    """The ready queue of a process and the worker that serves it.

    Guest threads run only on this worker; API code runs there too, under the machine's lock.
    """

    def __init__(self, engine: Engine, lock: threading.Lock, name: str) -> None:
        self._engine = engine
        self._lock = lock
        self._ready: deque[Thread] = deque()
        self._wake = threading.Semaphore(0)
        self._closing = False
        self.current: Thread | None = None
        """The guest thread that is running, or whose API call is being served on the worker."""
        self.switches = 0
        self._begun = 0
        """The worker's processor time when the current slice began, in ns."""
        self._used: int | None = None
        """The worker's processor time once it is over, in ns; noted by itself, while its clock can still be asked."""
        self._worker = threading.Thread(target=self._run, name=name, daemon=True)
        self._worker.start()

    def enqueue(self, thread: Thread) -> None:
        """Make a thread ready. The machine's lock is held."""
        if self._closing:
            return
        self._ready.append(thread)
        self._wake.release()
        if self.current is not None and len(self._ready) == 1:
            self._engine.kick_after(SLICE)

    def yield_processor(self) -> bool:
        """Whether another thread is ready to run now (NtYieldExecution)."""
        return bool(self._ready)

    def processor_time(self) -> int:
        """Processor time the worker has used, in 100 ns."""
        return self._clock() // 100

    def thread_time(self, thread: Thread) -> int:
        """Processor time a guest thread has used, in 100 ns."""
        running = max(self._clock() - self._begun, 0) if self.current is thread else 0
        return (thread.used + running) // 100

    def _clock(self) -> int:
        """The worker's processor time in ns; it stays when the worker is over."""
        if self._used is not None:
            return self._used
        identity = self._worker.ident
        return 0 if identity is None else time.clock_gettime_ns(time.pthread_getcpuclockid(identity))

    def interrupt(self) -> None:
        """Make the running thread come out of the engine soon."""
        if self.current is not None:
            self._engine.kick()

    def close(self) -> None:
        """End the worker once the running thread has come out. Called without the lock; blocks until then."""
        with self._lock:
            self._closing = True
            self._wake.release()
            self.interrupt()
        if threading.current_thread() is not self._worker:
            self._worker.join()

    def _run(self) -> None:
        try:
            self._serve()
        finally:
            self._used = time.thread_time_ns()

    def _serve(self) -> None:
        lock, ready, engine = self._lock, self._ready, self._engine
        while True:
            self._wake.acquire()
            if self._closing:
                return
            with lock:
                if not ready:
                    continue
                thread = ready.popleft()
                self.current = thread
                self.switches += 1
                if ready:
                    engine.kick_after(SLICE)
                self._begun = time.thread_time_ns()
                goes_on = thread.may_run()
            while goes_on:
                try:
                    engine.run(thread.context)
                except Exception as error:
                    with lock:
                        thread.engine_failed(error)
                with lock:
                    goes_on = thread.may_run()
                    if goes_on and ready and not self._closing:
                        ready.append(thread)
                        self._wake.release()
                        break
                    if self._closing:
                        break
            with lock:
                thread.used += time.thread_time_ns() - self._begun
                self.current = None
