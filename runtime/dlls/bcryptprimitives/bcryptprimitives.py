"""The one function programs import by name: Go and Rust seed themselves with it."""

from __future__ import annotations

from typing import Annotated

from runtime.dlls.bcryptprimitives import bcryptprimitives
from runtime.dlls.randomness import fill_random
from runtime.dlls.types import BOOL, PVOID, SIZE_T, OutBytes
from runtime.nt.thread import Thread


@bcryptprimitives.export(category="security")
def ProcessPrng(thread: Thread, pbData: Annotated[PVOID, OutBytes("cbData")], cbData: SIZE_T) -> BOOL:
    """Fill a buffer with random bytes; always succeeds."""
    fill_random(thread, pbData, cbData)
    return 1
