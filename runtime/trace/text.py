"""The text form of events: one line each, `[secs.mmm] [TID:1004] CALL   CreateFileW(lpFileName="a.txt", …)`."""

from __future__ import annotations

from runtime.trace.events import Event, GuestText, Value

_WORDS = {
    "call": "CALL  ", "return": "RETURN", "exception": "EXCEPT", "load": "LOAD  ", "unload": "UNLOAD",
    "thread_start": "THREAD", "thread_exit": "EXIT  ", "process_start": "START ", "process_exit": "END   ",
    "output": "OUTPUT", "drop": "DROP  ",
}  # fmt: skip
"""The event's word, padded to 6."""

_ESCAPES = {i: f"\\x{i:02x}" for i in [*range(32), *range(0x7F, 0xA0)]}
_ESCAPES |= {0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t", 0x22: '\\"', 0x5C: "\\\\", 0: "\\0"}
_ESCAPES |= {0x2028: "\\u2028", 0x2029: "\\u2029"}


def quote(text: str) -> str:
    """A string in double quotes, with C escapes for what a terminal or a reader of lines must not see."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    escaped = text.translate(_ESCAPES)
    return '"' + escaped.encode("utf-8", "backslashreplace").decode() + '"'


def value_text(value: Value) -> str:
    """One value as the text form shows it."""
    match value:
        case GuestText():
            return quote(value)
        case str():
            return value
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case dict() if "size" in value and "hex" in value:
            return _buffer_text(value)
        case dict():
            return "{" + ", ".join(f"{name}={value_text(item)}" for name, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(value_text, value)) + "]"
    return str(value)


def _buffer_text(value: dict[str, Value]) -> str:
    size, shown, text = value["size"], value["hex"], value.get("text")
    assert isinstance(shown, str)
    more = "…" if isinstance(size, int) and size > len(shown) // 2 else ""
    quoted = quote(text) if isinstance(text, str) else ""
    return f"<{size} bytes: {shown}{more}{' ' + quoted + more if quoted else ''}>"


def _arguments(event: Event) -> str:
    return ", ".join([f"{name}={value_text(value)}" for name, value in event.args.items()])


def format_event(event: Event) -> str:
    """The line of one event, newline included."""
    head = f"[{event.timestamp:.3f}] [TID:{event.thread_id}] {_WORDS[event.event]} "
    kind = event.event
    if kind == "call":
        return f"{head}{event.function}({_arguments(event)})\n"
    if kind == "return":
        return f"{head}{event.function}({_arguments(event)}) -> {_result(event)}{_elapsed(event)}\n"
    if kind in ("load", "unload"):
        return f"{head}{event.module} {_arguments(event)}\n"
    error = f"{event.error} " if event.error else ""
    caller = f" at {event.caller}" if event.caller else ""
    return f"{head}{error}{_arguments(event)}{caller}".rstrip() + "\n"


def _result(event: Event) -> str:
    result = value_text(event.return_)
    return f"{result} {event.error}" if event.error and event.error != result else result


def _elapsed(event: Event) -> str:
    return "" if event.elapsed is None else f" <{event.elapsed:.6f}>"
