"""`tail -f` on a growing file, without its second of sleep.

Followers of local files are woken by the kernel. For a file in a FUSE mount `tail -f` looks at the size instead, and
sleeps for a second whenever it finds nothing new, so that it shows things half a second late. Here such a look lasts
until there is something new: on a terminal tail then never gets to sleep. Into a pipe or a file it passes on what it
has read only when it finds nothing more and before it sleeps: there a look lasts only after tail has slept.

A look ends at once when tail has a signal to attend to or when nobody reads its output any more, and in any case after
a while. Nobody but tail, following one file, is treated so; where the kernel does not let us see what a client is
doing, nobody is.
"""

from __future__ import annotations

import os
import select
import stat
import time
from collections.abc import Callable

import trio

_LONGEST = 20.0
"""Seconds that a look lasts when nothing comes."""
_STEP = 0.01
"""How often the size is looked at meanwhile, in seconds."""
_SLEPT = 0.5
"""Seconds between two looks that tail cannot have spent awake."""
_BELIEVED = 1.0
"""Seconds for which a process that is not tail is taken to be another program still."""
_STEPS = 4
"""Steps between two looks at what the client is doing."""
_REMEMBERED = 256
STAT_CALLS = {"x86_64": ("5", "262", "332"), "aarch64": ("79", "80", "291")}
"""fstat, newfstatat and statx (asm/unistd.h)."""


class Followers:
    """Who was told which size, and who waits for another."""

    def __init__(self) -> None:
        self._told: dict[tuple[int, int], tuple[int, float]] = {}
        self._others: dict[int, float] = {}
        """Processes that are not tail, and until when that is believed."""
        self.ending = False
        """The mount ends: nobody waits any more."""

    async def wait(self, number: int, process_id: int, size: Callable[[], int]) -> None:
        """Return when a client's stat of a growing file should be answered, which is at once for nearly everybody."""
        told, when = self._told.get((number, process_id), (-1, 0.0))
        if told == size() and self._is_tail(process_id):
            slept = time.monotonic() - when > _SLEPT
            if slept or _writes_at_once(process_id):
                await self._wait(process_id, told, size)

    def _is_tail(self, process_id: int) -> bool:
        now = time.monotonic()
        if self._others.get(process_id, 0.0) > now:
            return False
        if _is_tail(process_id):
            return True
        if len(self._others) >= _REMEMBERED:
            self._others.clear()
        self._others[process_id] = now + _BELIEVED
        return False

    def tell(self, number: int, process_id: int, size: int) -> None:
        """Note what a client was answered."""
        if len(self._told) >= _REMEMBERED:
            self._told.clear()
        self._told[number, process_id] = size, time.monotonic()

    async def _wait(self, process_id: int, known: int, size: Callable[[], int]) -> None:
        with trio.move_on_after(_LONGEST):
            step = 0
            while size() == known and not self.ending:
                # Not at once: the client may not have gone to sleep yet.
                if step % _STEPS == 1 and not _is_patient(process_id):
                    return
                step += 1
                await trio.sleep(_STEP)


def _read(process_id: int, name: str) -> bytes:
    with open(f"/proc/{process_id}/{name}", "rb", buffering=0) as file:
        return file.read(1 << 16)


def _is_tail(process_id: int) -> bool:
    """Whether a process is `tail` and follows one file, and nothing else."""
    try:
        if _read(process_id, "comm") != b"tail\n":
            return False
        arguments = _read(process_id, "cmdline").split(b"\0")
        if b"-" in arguments or any(argument.startswith(b"--pid") for argument in arguments):
            return False
        return len(set(os.listdir(f"/proc/{process_id}/fd")) - {"0", "1", "2"}) <= 1
    except OSError:
        return False


def _writes_at_once(process_id: int) -> bool:
    """Whether the output of a process is a terminal, so that its C library keeps nothing back beyond a line."""
    try:
        return os.readlink(f"/proc/{process_id}/fd/1").startswith(("/dev/pts/", "/dev/tty"))
    except OSError:
        return False


def _is_patient(process_id: int) -> bool:
    """Whether a process looks for more, has no signal to attend to, and is still read by somebody."""
    try:
        call, descriptor, *_ = _read(process_id, "syscall").decode().split()
        if call not in STAT_CALLS.get(os.uname().machine, ()):
            return False
        # Before that, tail looks at the file to find where its end begins.
        if not _flags(process_id, int(descriptor, 16)) & os.O_NONBLOCK:
            return False
        for line in _read(process_id, "status").splitlines():
            if line.startswith((b"SigPnd:", b"ShdPnd:")) and int(line.split()[1], 16):
                return False
        return _is_read(f"/proc/{process_id}/fd/1")
    except (OSError, ValueError):
        return False


def _flags(process_id: int, descriptor: int) -> int:
    for line in _read(process_id, f"fdinfo/{descriptor}").splitlines():
        if line.startswith(b"flags:"):
            return int(line.split()[1], 8)
    return 0


def _is_read(output: str) -> bool:
    if not stat.S_ISFIFO(os.stat(output).st_mode):
        return True
    descriptor = os.open(output, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        poller = select.poll()
        poller.register(descriptor, 0)
        return not poller.poll(0)  # poll(2): POLLERR when the read end is closed
    finally:
        os.close(descriptor)
