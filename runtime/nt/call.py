"""API calls in progress: coroutines of exports that wait or call back into the guest.

An export that is a coroutine starts on the engine's worker thread. It may finish there; it may ask for its trio task
(`leave_engine`); it may call a guest function (`call_guest`), in which case the guest runs until that function returns
and the coroutine then goes on wherever the return was noticed.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Protocol

Api = Coroutine[object, object, object]


@dataclass(frozen=True, slots=True)
class GuestCall:
    """What a coroutine yields to have the guest run a function; the answer is the function's return value."""

    address: int
    arguments: tuple[int, ...]


@types.coroutine
def call_guest(address: int, *arguments: int) -> Generator[GuestCall, int, int]:
    """Run the guest function at `address` on the calling thread; return its integer result."""
    return (yield GuestCall(address, arguments))


class Completion(Protocol):
    """How the result of a finished call reaches the guest; runs under the machine's lock."""

    def returned(self, result: object) -> None:
        """The function returned."""
        ...

    def raised(self, error: Exception) -> None:
        """The function raised."""
        ...


@dataclass(slots=True, eq=False)
class PendingCall:
    """A coroutine that has not finished, and who is told when it has."""

    coroutine: Api
    completion: Completion


@dataclass(slots=True, eq=False)
class GuestFrame:
    """Where the guest stood when a coroutine called into it."""

    call: PendingCall
    registers: tuple[int, ...]
    rip: int
    return_stack: int
    """RSP at the moment the guest function has returned."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """A completion that only hands the outcome on."""

    on_return: Callable[[object], None]
    on_error: Callable[[Exception], None]

    def returned(self, result: object) -> None:
        """The function returned."""
        self.on_return(result)

    def raised(self, error: Exception) -> None:
        """The function raised."""
        self.on_error(error)
