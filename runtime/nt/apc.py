"""User-mode asynchronous procedure calls."""

from __future__ import annotations

from dataclasses import dataclass, field

from runtime.nt.object import Object


@dataclass(slots=True, eq=False)
class UserApc:
    """One call queued to a thread: KiUserApcDispatcher runs `routine(argument1, argument2, argument3)`.

    A `special` APC does not wait for its thread to be alertable. `source` is the object it came from (a timer takes
    back its pending APC when it is cancelled). Addresses and arguments are pointer-sized integers.
    """

    routine: int
    argument1: int = 0
    argument2: int = 0
    argument3: int = 0
    special: bool = False
    source: Object | None = field(default=None, repr=False)
