"""Random numbers for programs: from the machine's generator, so that a deterministic run repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.nt.thread import Thread


def random_bytes(thread: Thread, count: int) -> bytes:
    """Return `count` random bytes."""
    return thread.process.machine.random.randbytes(count)


def fill_random(thread: Thread, address: int, count: int) -> None:
    """Fill a guest buffer, a piece at a time: nothing stops a program from asking for gigabytes."""
    while count:
        step = min(count, 1 << 20)
        thread.process.memory.write(address, random_bytes(thread, step))
        address += step
        count -= step
