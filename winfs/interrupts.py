"""Signals while a machine shuts down."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ignored(*numbers: signal.Signals) -> Iterator[None]:
    """Let these signals do nothing, except to a `trio.open_signal_receiver` within.

    What such a receiver has not handled by its end, it raises again, and a second Ctrl-C, or a SIGHUP beside a SIGTERM,
    comes when nobody listens any more: it must not break off the writing of what is to last. For the main thread.
    """
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
