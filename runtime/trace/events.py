"""The events of a trace, typed, and their JSON Lines form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import msgspec

EventKind = Literal[
    "call", "return", "exception", "load", "unload", "thread_start", "thread_exit", "process_start", "process_exit",
    "output", "drop",
]  # fmt: skip
Scalar = str | int | float | bool | None
if TYPE_CHECKING:
    Value = Scalar | list["Value"] | dict[str, "Value"]
else:
    Value = object  # msgspec has no recursive types


class GuestText(str):
    """A string of the program (as against a symbol or a number in hex): the text form quotes it."""

    __slots__ = ()


class Event(msgspec.Struct, gc=False, kw_only=False):
    """One event. Every line of the JSON form has these keys in this order; keys may be added at the end.

    seq: counts all events of the machine from 1; a gap is what a `drop` event tells of.
    timestamp: seconds since the machine booted, by the machine's clock.
    thread_id: 0 where no thread is at work.
    category, module, function: of calls and returns; `module` also of loads.
    args: of a call all arguments by name, of a return those the function wrote, of other events their facts.
    return_: the result (JSON key `return`).
    error: the name of the error a return or exception stands for.
    call: of a return, the seq of its call.
    elapsed: of a return, the seconds the call took.
    caller: where it was called from, `module+0x1234`.
    """

    seq: int
    timestamp: float
    process_id: int
    thread_id: int
    event: EventKind
    category: str | None = None
    module: str | None = None
    function: str | None = None
    args: dict[str, Value] = {}
    return_: Value = msgspec.field(name="return", default=None)
    error: str | None = None
    call: int | None = None
    elapsed: float | None = None
    caller: str | None = None


def _plain(value: object) -> object:
    if isinstance(value, GuestText):
        return str(value)
    raise NotImplementedError(type(value))


_encoder = msgspec.json.Encoder(enc_hook=_plain)
_encode = _encoder.encode
_decoder = msgspec.json.Decoder(Event)


def encode(event: Event) -> bytes:
    """One line of JSON Lines, newline included. Unpaired surrogates in strings become `\\udxxx` in plain text."""
    try:
        return _encoder.encode(event) + b"\n"
    except UnicodeEncodeError:
        return _encoder.encode(_clean_event(event)) + b"\n"


def encode_value(value: Value) -> str:
    """A part of a line: a value as it stands in one."""
    try:
        return _encoder.encode(value).decode()
    except UnicodeEncodeError:
        return _encoder.encode(_clean(value)).decode()


def encode_ticks(ticks: int) -> str:
    """A time in 100 ns as the seconds that stand in a line."""
    return _encode(ticks / 10_000_000).decode()


def decode(line: bytes | str) -> Event:
    """Read one line back. Raises msgspec.DecodeError. Whether a string was quoted is not in the JSON form."""
    return _decoder.decode(line)


def decode_lines(data: bytes) -> Iterator[Event]:
    """Read all complete lines of `data`."""
    for line in data.splitlines():
        if line:
            yield _decoder.decode(line)


def _clean_event(event: Event) -> Event:
    args = _clean(event.args)
    assert isinstance(args, dict)
    return msgspec.structs.replace(
        event,
        args=args,
        return_=_clean(event.return_),
        module=_clean_text(event.module),
        function=_clean_text(event.function),
        caller=_clean_text(event.caller),
    )


def _clean(value: Value) -> Value:
    match value:
        case str():
            return _clean_text(value)
        case dict():
            return {_clean_text(key) or "": _clean(item) for key, item in value.items()}
        case list():
            return [_clean(item) for item in value]
    return value


def _clean_text(text: str | None) -> str | None:
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()
