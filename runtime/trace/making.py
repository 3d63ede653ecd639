"""Records become events, and events lines: what recording puts off until the program goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.trace.events import Event

    Make = tuple[Callable[..., Event | None], Callable[..., str] | None, bool]
    """Functions that make of a record's facts the event, or at once its line of JSON (None: only by way of the event);
    and whether the event is for everybody, whatever the rules say.
    """

    Record = tuple[Make, tuple[object, ...]]


def made(make: Make, facts: tuple[object, ...]) -> Event | None:
    """Make an event; one that cannot be shown says so instead of ending the trace."""
    try:
        return make[0](*facts)
    except Exception as problem:
        from runtime.trace.probe import unshowable

        return unshowable(make[0], facts, problem)


def lines_of(records: list[Record]) -> list[str]:
    """The lines of JSON of some records."""
    from runtime.trace.events import encode

    lines: list[str] = []
    for make, facts in records:
        line = make[1]
        if line is not None:
            try:
                lines.append(line(*facts))
            except Exception:  # the event says so
                line = None
        event = made(make, facts) if line is None else None
        if event is not None:
            lines.append(encode(event).decode())
    return lines
