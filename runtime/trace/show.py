"""How one value of an argument, result or field is shown, by what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runtime.nt.status import error_name, status_name
from runtime.trace.events import GuestText, Value
from runtime.trace.peek import narrow_text
from runtime.trace.signatures import Enumeration, Kind, Type, enumeration

_SUCCESSES = frozenset({0, 0xC0, 0x101, 0x102, 0x103, 0x104, 0x105, 0x108, 0x10C})

Show = Callable[[object], Value]
"""Turns a captured value into what the event holds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a program's data is captured: characters of a string, bytes of a buffer, elements of an array."""

    string: int = 256
    buffer: int = 32
    elements: int = 16


@dataclass(frozen=True, slots=True)
class Buffer:
    """The captured beginning of a buffer of `size` bytes."""

    size: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A pointer whose target could not be captured."""

    address: int


def show_plain(value: object) -> Value:
    """A number as it is."""
    assert isinstance(value, int | float)
    return value


def show_hex(value: object) -> Value:
    """A number in hex."""
    assert isinstance(value, int)
    return f"0x{value & 0xFFFFFFFFFFFFFFFF:x}"


def show_pointer(value: object) -> Value:
    """A pointer in hex, NULL as None."""
    assert isinstance(value, int)
    return f"0x{value & 0xFFFFFFFFFFFFFFFF:x}" if value else None


def show_boolean(value: object) -> Value:
    """TRUE and FALSE; another number as it is."""
    assert isinstance(value, int)
    return bool(value) if value in (0, 1) else value


def show_character(value: object) -> Value:
    """A UTF-16 unit as the character it is."""
    assert isinstance(value, int)
    return GuestText(chr(value & 0xFFFF))


def show_win32(value: object) -> Value:
    """A Win32 error by name."""
    assert isinstance(value, int)
    return error_name(value)


def show_status(value: object) -> Value:
    """An NTSTATUS by name; small numbers that are rather exit codes as they are."""
    assert isinstance(value, int)
    return status_name(value) if value & 0xC0000000 or value in _SUCCESSES else value


def show_nt_result(value: object) -> Value:
    """An NTSTATUS as a result: zero and failures in hex, other successes by name."""
    assert isinstance(value, int)
    value &= 0xFFFFFFFF
    return f"0x{value:x}" if value == 0 or value & 0x80000000 else status_name(value)


def show_hresult(value: object) -> Value:
    """An HRESULT by name."""
    assert isinstance(value, int)
    return hresult_name(value)


def hresult_name(value: int) -> str:
    """The name of an HRESULT; HRESULT_FROM_WIN32(…) for those that carry a Win32 error; else hex."""
    value &= 0xFFFFFFFF
    found = enumeration("HRESULT")
    name = found.names.get(value) if found is not None else None
    if name is not None:
        return name
    if value >> 16 == 0x8007:
        return f"HRESULT_FROM_WIN32({error_name(value & 0xFFFF)})"
    return f"0x{value:08x}"


def show_text(limit: int) -> Show:
    """A string of the program, at most `limit` characters of it."""

    def show(value: object) -> Value:
        if value is None:
            return None
        if isinstance(value, bytes):
            value = narrow_text(value[: limit * 4])
        if isinstance(value, str):
            return GuestText(value if len(value) <= limit else value[:limit] + "…")
        return show_other(value)

    return show


def show_enumeration(found: Enumeration) -> Show:
    """The members of an enumeration or set of flags; unknown values as numbers, unknown flags in hex."""
    cache: dict[int, Value] = {}

    def show(value: object) -> Value:
        assert isinstance(value, int)
        text = cache.get(value)
        if text is None:
            number = value & 0xFFFFFFFF if value < 0 else value
            text = found.text(number)
            if text is None:
                text = f"0x{number:x}" if found.flags and number else value
            if len(cache) < 4096:
                cache[value] = text
        return text

    return show


def show_handle(name: str, type_name: str = "HANDLE") -> Show:
    """A handle in hex; the pseudo handles and predefined keys by name."""
    found = enumeration(type_name) if type_name != "HANDLE" else None
    names = dict(found.names) if found is not None else {}
    names = {value: label for value, label in names.items() if value & 0x80000000}
    lower = name.lower()
    special: dict[int, str] = {}
    if "process" in lower:
        special[-1] = "NtCurrentProcess()"
    elif "thread" in lower:
        special[-2] = "NtCurrentThread()"
    elif not names and type_name == "HANDLE":
        special = {-1: "INVALID_HANDLE_VALUE", -2: "NtCurrentThread()"}

    def show(value: object) -> Value:
        assert isinstance(value, int)
        if value == 0:
            return None
        short = value & 0xFFFFFFFF
        if short & 0x80000000 and (value >> 32) in (0, -1, 0xFFFFFFFF):
            label = special.get(short - (1 << 32)) or names.get(short)
            if label is not None:
                return label
        return f"0x{value & 0xFFFFFFFFFFFFFFFF:x}"

    return show


def show_other(value: object) -> Value:
    """What a capture left: buffers, lists, pointers that could not be followed, plain values."""
    match value:
        case Buffer(size, data):
            return {"size": size, "hex": data.hex(), "text": _printable(data)}
        case Unreadable(address):
            return show_pointer(address)
        case str():
            return GuestText(value)
        case bytes():
            return GuestText(narrow_text(value))
        case int() | float() | None:
            return value
        case list():
            return [show_other(item) for item in value]
        case dict():
            return {str(key): show_other(item) for key, item in value.items()}
    return str(value)


def _printable(data: bytes) -> GuestText | None:
    """The text in a buffer, when it is text: UTF-16 or bytes of which nearly all print."""
    if not data:
        return GuestText("")
    if len(data) >= 4 and not any(data[1::2]) and all(data[0::2]):
        data = data[0::2]
    text = data.decode("latin-1")
    visible = sum(character.isprintable() or character in "\r\n\t\0" for character in text)
    return GuestText(text) if visible * 8 >= len(text) * 7 else None


_BY_KIND: dict[str, Show] = {
    "integer": show_plain,
    "real": show_plain,
    "boolean": show_boolean,
    "character": show_character,
    "hex": show_hex,
    "pointer": show_pointer,
    "callback": show_pointer,
    "structure": show_pointer,
    "string": show_pointer,
    "ntstatus": show_status,
    "hresult": show_hresult,
    "win32": show_win32,
    "void": show_hex,
    "unknown": show_hex,
    "guid": show_other,
}


def show_kind(kind: str | Kind, name: str = "", known: Type | None = None) -> Show:
    """How to show a number of that kind (of the annotations or of the database) in parameter `name`.

    `known` is the database's type, whose members name the value.
    """
    if known is not None and not known.pointers:
        if known.kind == "enumeration" and kind in ("integer", "hex", "enumeration", "boolean"):
            found = enumeration(known.name)
            return show_enumeration(found) if found is not None else show_plain
        if known.kind in ("ntstatus", "hresult", "win32") and kind in ("integer", "hex"):
            return _BY_KIND[known.kind]
        if known.kind == "handle" and kind in ("handle", "pointer", "integer"):
            return show_handle(name, known.name)
        if known.kind == "boolean" and kind == "integer":
            return show_boolean
    if kind == "handle":
        return show_handle(name)
    return _BY_KIND.get(kind, show_plain)
