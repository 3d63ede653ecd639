"""The connection to the kernel: pyfuse3's loop with a descriptor that never blocks.

As pyfuse3 3.5.0 stands, a client that is killed while its request is queued leaves the loop blocked in a read with
nothing to read, holding the GIL. Here the descriptor is non-blocking, waiting looks again before it reads, and a read
that finds nothing is repeated. A request that is there already is taken without asking the event loop, except now and
then, so that everything else gets its turn. The names replaced are private to pyfuse3: its version is pinned, and
`tests/test_mount_trace.py` checks them.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import select
from collections.abc import Awaitable, Callable
from importlib import metadata

import pyfuse3
import trio

log = logging.getLogger(__name__)

TESTED_VERSION = "3.5.0"
MAXIMUM_TASKS = 1000
_READ_AHEAD = "1024"
"""KiB; the most that a FUSE request takes."""
_IN_A_ROW = 16
"""Requests taken without asking the event loop."""
_HIGH = 500
"""A descriptor number beyond those that are in use when the mount is made."""


class SessionError(Exception):
    """The filesystem cannot be mounted; `str()` is one line."""


class Session:
    """One mount. pyfuse3 has one at a time in a process."""

    def __init__(self, operations: pyfuse3.Operations, mountpoint: str, options: set[str]) -> None:
        """Mount. Raises SessionError."""
        before = _fuse_descriptors()
        try:
            pyfuse3.init(operations, mountpoint, options)
        except RuntimeError as error:
            raise SessionError(str(error)) from None
        found = _fuse_descriptors() - before
        self._descriptor = next(iter(found)) if len(found) == 1 else -1
        self._closed = False
        self._restore: dict[str, object] = {}
        # When this process is killed, the helper of auto_unmount hears of it as its socket closes, and leaves a mount
        # alone that still answers. What is opened last is closed first: this makes the connection go before the socket.
        self._last = fcntl.fcntl(self._descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH) if self._descriptor >= 0 else -1
        if self._descriptor >= 0 and metadata.version("pyfuse3") == TESTED_VERSION:
            self._make_non_blocking()
        else:
            log.warning("pyfuse3 %s is not known: its loop is used as it is", metadata.version("pyfuse3"))

    def _make_non_blocking(self) -> None:
        os.set_blocking(self._descriptor, False)
        names = vars(pyfuse3)
        wait: Callable[[], Awaitable[bool]] = names["_wait_fuse_readable"]
        loop: Callable[..., Awaitable[None]] = names["_session_loop"]
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        row = 0

        async def wait_readable() -> bool:
            nonlocal row
            row += 1
            if row < _IN_A_ROW and poll.poll(0):
                return True
            row = 0
            while await wait():
                if poll.poll(0):
                    return True
            return False

        async def session_loop(nursery: trio.Nursery, minimum: int, maximum: int) -> None:
            while True:
                try:
                    await loop(nursery, minimum, maximum)
                    return
                except OSError as error:
                    if error.errno == errno.EAGAIN:
                        continue
                    if error.errno in (errno.ENODEV, errno.EBADF):
                        return
                    raise

        names["_wait_fuse_readable"] = wait_readable
        names["_session_loop"] = session_loop
        self._restore = {"_wait_fuse_readable": wait, "_session_loop": loop}

    async def serve(self) -> None:
        """Answer requests until the mount ends, from outside or by `terminate`."""
        try:
            await pyfuse3.main(1, MAXIMUM_TASKS)
        finally:
            self.close()

    def terminate(self) -> None:
        """Have `serve` return."""
        if not self._closed:
            pyfuse3.terminate()

    def close(self) -> None:
        """Unmount; twice does nothing."""
        if not self._closed:
            self._closed = True
            vars(pyfuse3).update(self._restore)
            if self._last >= 0:
                os.close(self._last)
            pyfuse3.close(unmount=True)


def read_ahead(device: str) -> None:
    """Have the kernel read a mount's files in pieces as large as FUSE allows, where it lets us (root).

    By default it asks for 128 KiB at a time, which halves the speed of a first read.
    """
    with contextlib.suppress(OSError), open(f"/sys/class/bdi/{device}/read_ahead_kb", "w") as setting:
        setting.write(_READ_AHEAD)


def _fuse_descriptors() -> set[int]:
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{name}") == "/dev/fuse":
                found.add(int(name))
        except OSError:
            continue
    return found
