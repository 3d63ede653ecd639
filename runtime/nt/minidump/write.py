"""Writing the dump of a process from outside: the process stands still meanwhile, the machine does not."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from runtime.nt.minidump.contents import Selection, dump_parts
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread

_PATIENCE: Final = 5.0
"""Seconds in which a running thread must have come out of the processor."""
_ZEROS: Final = bytes(1 << 16)


class DumpError(Exception):
    """The dump cannot be made; `str()` says why."""


def write_dump(process: Process, selection: Selection, descriptor: int) -> int:
    """Write a dump to an open host file or pipe, from its beginning; return its size.

    To be called on an OS thread of its own, without the lock: it is taken for each piece. Raises DumpError when the
    process ends meanwhile, OSError.
    """
    lock = process.machine.lock
    selection.held += 1
    with _frozen(process):
        with lock:
            _still_there(process)
            parts = dump_parts(process, selection)
        sparse = stat.S_ISREG(os.fstat(descriptor).st_mode)
        if sparse:
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
        size = 0
        while True:
            with lock:
                _still_there(process)
                part = next(parts, None)
            if part is None:
                break
            size += _put(descriptor, part, sparse=sparse)
        if sparse:
            os.ftruncate(descriptor, size)
    return size


def _still_there(process: Process) -> None:
    if process.ended or process.terminating:
        raise DumpError("the process ended")


def _put(descriptor: int, part: bytes | int, *, sparse: bool) -> int:
    """Write a piece; a gap stays a hole in a file. Returns its size."""
    if isinstance(part, int):
        if sparse:
            os.lseek(descriptor, part, os.SEEK_CUR)
        else:
            for start in range(0, part, len(_ZEROS)):
                _put(descriptor, _ZEROS[: part - start], sparse=False)
        return part
    view = memoryview(part)
    while view:
        view = view[os.write(descriptor, view) :]
    return len(part)


@contextmanager
def _frozen(process: Process) -> Iterator[None]:
    """Keep the threads of a process from running. Raises DumpError when one does not come out of the processor."""
    lock = process.machine.lock
    with lock:
        suspended = suspend_threads(process)
    try:
        deadline = time.monotonic() + _PATIENCE
        while process.scheduler.current is not None:
            if time.monotonic() > deadline:
                raise DumpError("a thread does not stop")
            time.sleep(0.001)
        yield
    finally:
        with lock:
            resume_threads(suspended)


def suspend_threads(process: Process, but: Thread | None = None) -> list[Thread]:
    """Suspend all threads of a process, but one; return those to resume. The lock is held."""
    suspended = []
    for thread in list(process.threads.values()):
        if thread is not but:
            try:
                thread.suspend()
            except NtError:  # as often suspended as can be: it will not run
                continue
            suspended.append(thread)
    return suspended


def resume_threads(threads: list[Thread]) -> None:
    """Undo `suspend_threads`. The lock is held."""
    for thread in threads:
        if not thread.ended:
            thread.resume()
