"""Renderers: what to capture when an export is called and returns, and how the event shows it.

A renderer is compiled once for each traced export from its annotations, completed by the signature database (names of
enumerations, flags and handles; directions of strings). Capturing happens while the program stands still and keeps
plain values; turning them into an event's `args` happens later, in batches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, get_args, get_origin

from runtime.dlls.codec import Codec, IntCodec, StructureCodec, WideCharsCodec
from runtime.dlls.export import Export
from runtime.dlls.structure import Structure
from runtime.dlls.types import CountedText, Enum, In, InBytes, InOut, Int, Names, Out, OutBytes, Real, Ref, Text
from runtime.memory.faults import MemoryFault
from runtime.trace import signatures
from runtime.trace.events import GuestText, Value
from runtime.trace.layout import object_attributes, show_at, show_string
from runtime.trace.peek import NotReadable, Peek
from runtime.trace.show import (
    Buffer,
    Limits,
    Show,
    Unreadable,
    show_enumeration,
    show_handle,
    show_hex,
    show_kind,
    show_nt_result,
    show_other,
    show_plain,
    show_pointer,
    show_text,
)
from runtime.trace.signatures import Enumeration, Signature, Type, enumeration

if TYPE_CHECKING:
    from runtime.memory.space import AddressSpace

Capture = Callable[[Peek, Sequence[object]], object]
"""Reads what an argument points at. Raises NotReadable."""

_READ_ALWAYS = frozenset({"UNICODE_STRING", "ANSI_STRING", "STRING", "guid", "i64"})
"""What is shown on call though the export takes a plain address."""

Plan = tuple[tuple[int, Capture], ...]


class Renderer:
    """How calls of one function are captured and shown."""

    __slots__ = (
        "_call_names", "_call_shows", "_in", "_out", "_out_shows", "repeats", "result_kind", "result_repeats",
        "show_result",
    )  # fmt: skip

    def __init__(
        self,
        names: Sequence[str],
        shows: Sequence[Show],
        ins: Plan,
        outs: Sequence[tuple[str, int, Capture, Show]],
        show_result: Show | None,
        result_kind: str,
        *,
        by_value: bool,
    ) -> None:
        self._call_names = tuple(names)
        self._call_shows = tuple(shows)
        self._in = ins
        self._out = tuple((index, capture) for _, index, capture, _ in outs)
        self._out_shows = tuple((name, show) for name, _, _, show in outs)
        self.show_result = show_result
        self.result_kind = result_kind
        self.repeats = by_value and not ins
        """Whether equal arguments are always shown the same: all are integers and strings, nothing else is read."""
        self.result_repeats = result_kind not in ("real", "unknown")
        """Whether equal results are always shown the same."""

    @property
    def captures_in(self) -> bool:
        """Whether a call's arguments need memory to be read (else they are kept as they are)."""
        return bool(self._in)

    @property
    def captures_out(self) -> bool:
        """Whether anything is read on return."""
        return bool(self._out)

    def capture_call(self, memory: AddressSpace, args: Sequence[object]) -> Sequence[object]:
        """The arguments with what they point at, where that is shown on call."""
        if not self._in:
            return args
        captured = list(args)
        peek = Peek(memory)
        for index, capture in self._in:
            if index < len(captured):
                captured[index] = _captured(capture, peek, args, index)
        return captured

    def capture_return(self, memory: AddressSpace, args: Sequence[object], result: object) -> Sequence[object]:
        """What the function wrote through its arguments."""
        peek = Peek(memory)
        peek.result = result
        return [_captured(capture, peek, args, index) for index, capture in self._out]

    def show_call(self, captured: Sequence[object]) -> dict[str, Value]:
        """The `args` of a call event."""
        return {
            name: show(value) for name, show, value in zip(self._call_names, self._call_shows, captured, strict=False)
        }

    def show_return(self, captured: Sequence[object]) -> dict[str, Value]:
        """The `args` of a return event; NULL pointers leave nothing to show."""
        return {
            name: show(value)
            for (name, show), value in zip(self._out_shows, captured, strict=True)
            if value is not None and not isinstance(value, Unreadable)
        }


def _captured(capture: Capture, peek: Peek, args: Sequence[object], index: int) -> object:
    try:
        return capture(peek, args)
    except (NotReadable, MemoryFault):
        return Unreadable(_address(args[index]))


def _address(value: object) -> int:
    if isinstance(value, Ref):
        return value.address
    return value if isinstance(value, int) else 0


def compile_renderer(export: Export, limits: Limits) -> Renderer:
    """Compile the renderer of a typed export."""
    known = signatures.lookup(export.dll.name, export.name)
    parameters = export.parameters
    names = [parameter.name for parameter in parameters]
    types = _known_types(known, names)
    counts = any(isinstance(marker, Int) and marker.kind == "integer" for marker in _markers(export.returns))
    shows: list[Show] = []
    ins: list[tuple[int, Capture]] = []
    outs: list[tuple[str, int, Capture, Show]] = []
    for index, (parameter, described) in enumerate(zip(parameters, types, strict=True)):
        one = _Parameter(index, parameter.name, parameter.annotation, described, names, limits, counts)
        shows.append(one.show)
        if one.on_call is not None:
            ins.append((index, one.on_call))
        if one.on_return is not None:
            outs.append((parameter.name, index, one.on_return, one.show_return))
    show_result, kind = _result(export.returns, known, limits)
    by_value = all(_is_by_value(parameter.annotation) for parameter in parameters)
    return Renderer(names, shows, tuple(ins), outs, show_result, kind, by_value=by_value)


def _is_by_value(annotation: object) -> bool:
    """Whether arguments of that type arrive as integers and strings."""
    return any(isinstance(marker, Int | Text | CountedText | Names | Enum) for marker in _markers(annotation)) and (
        get_origin(get_args(annotation)[0]) not in (Ref, Out, InOut, In)
    )


def _known_types(known: Signature | None, names: Sequence[str]) -> list[signatures.Parameter | None]:
    """The database's parameters for ours: by name, else by position when the count agrees."""
    if known is None:
        return [None] * len(names)
    by_name = {parameter.name: parameter for parameter in known.parameters}
    same = len(known.parameters) == len(names)
    return [by_name.get(name) or (known.parameters[i] if same else None) for i, name in enumerate(names)]


def _result(annotation: object, known: Signature | None, limits: Limits) -> tuple[Show | None, str]:
    if annotation is None or annotation is type(None):
        return None, "void"
    markers = _markers(annotation)
    described = known.returns if known is not None else None
    for marker in markers:
        if isinstance(marker, Names | Enum):
            return _named(marker), "integer"
    for marker in markers:
        if isinstance(marker, Real):
            return show_plain, "real"
        if isinstance(marker, Int):
            return show_masked(show_result_kind(marker.kind, described), marker), marker.kind
    return show_other, "unknown"


def show_result_kind(kind: str, described: Type | None) -> Show:
    """Results of status types in hex (their name is the event's `error`), but NT's successes other than zero by name;
    others as arguments are shown."""
    if kind == "ntstatus":
        return show_nt_result
    if kind == "hresult":
        return show_hex
    if kind == "win32":
        return show_plain
    if described is not None and described.kind in ("ntstatus", "hresult", "win32"):
        described = None
    return show_kind(kind, "", described)


def show_masked(show: Show, marker: Int) -> Show:
    """Results arrive as the body returned them; the guest sees them cut to their width."""
    bits = 8 * (marker.size or 8)
    mask, sign = (1 << bits) - 1, 1 << (bits - 1)

    def masked(value: object) -> Value:
        if not isinstance(value, int):
            return show_other(value)
        cut = value & mask
        return show(cut - (mask + 1) if marker.signed and cut & sign else cut)

    return masked


def _markers(annotation: object) -> tuple[object, ...]:
    return get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()


def _named(marker: Names | Enum) -> Show:
    if isinstance(marker, Names):
        return show_enumeration(Enumeration("", marker.flags, marker.members))
    found = enumeration("_" + marker.name) or enumeration(marker.name)
    return show_enumeration(found) if found is not None else show_plain


class _Parameter:
    """The compiled handling of one parameter: `show` for the call, `on_call`/`on_return` captures where memory is
    read.
    """

    def __init__(
        self,
        index: int,
        name: str,
        annotation: object,
        described: signatures.Parameter | None,
        names: Sequence[str],
        limits: Limits,
        counts: bool,
    ) -> None:
        self.index, self.name, self.names, self.limits, self.counts = index, name, names, limits, counts
        self.described = described
        self.show: Show = show_other
        self.show_return: Show = show_other
        self.on_call: Capture | None = None
        self.on_return: Capture | None = None
        markers = _markers(annotation)
        plain = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
        if get_origin(plain) in (Ref, Out, InOut, In):
            self._reference(plain, markers)
            return
        for marker in markers:
            match marker:
                case Names() | Enum():
                    self.show = _named(marker)
                    return
                case InBytes(size, unit):
                    self.on_call = _buffer(index, self._size(size), unit, limits.buffer)
                    return
                case OutBytes(size, actual, unit):
                    self.show = show_pointer
                    self.on_return = _buffer(index, self._actual(size, actual), unit, limits.buffer)
                    return
        for marker in markers:
            match marker:
                case Text() | CountedText():
                    self.show = show_text(limits.string)
                    return
                case Real():
                    self.show = show_plain
                    return
                case Int():
                    self._integer(marker)
                    return

    def _integer(self, marker: Int) -> None:
        described = self.described
        if marker.kind == "pointer" and described is not None:
            self.show = show_pointer
            self._raw_pointer(described)
            return
        self.show = show_kind(marker.kind, self.name, described.type if described is not None else None)

    def _raw_pointer(self, described: signatures.Parameter) -> None:
        """A plain address of which the database says what it points at."""
        index, limits, kind = self.index, self.limits, described.type
        if kind.kind == "string" and described.direction == "out":
            most = string_bound(index, self.names, self.counts)
            self.on_return = lambda peek, args: _string_at(peek, args[index], kind.wide, limits, most(peek, args))
        elif kind.kind == "string" and described.direction == "in":
            self.on_call = lambda peek, args: _string_at(peek, args[index], kind.wide, limits, None)
            self.show = _show_shown
        elif kind.pointers == 1 and kind.name == "OBJECT_ATTRIBUTES":
            self.on_call = lambda peek, args: _attributes_at(peek, args[index], limits)
            self.show = _show_shown
        elif kind.pointers == 1 and described.direction == "in" and kind.name in _READ_ALWAYS:
            self.on_call = lambda peek, args: _type_at(peek, args[index], kind.target, limits)
            self.show = _show_shown
        if self.on_return is not None:
            self.show_return = _show_shown

    def _reference(self, plain: object, markers: tuple[object, ...]) -> None:
        origin = get_origin(plain)
        target = get_args(plain)[0]
        show = self._target_show(target, markers)
        self.show = show_pointer_or(show)
        self.show_return = show
        index = self.index
        if origin in (In, InOut):
            self.on_call = lambda peek, args: _referent(peek, args[index])
        else:
            self.show = _show_reference
        if origin in (Out, InOut):
            self.on_return = lambda peek, args: _referent(peek, args[index])

    def _target_show(self, target: object, markers: tuple[object, ...]) -> Show:
        for marker in (*markers, *_markers(target)):
            if isinstance(marker, Names | Enum):
                return _named(marker)
        described = self.described
        known = described.type.target if described is not None and described.type.pointers else None
        for marker in _markers(target):
            if isinstance(marker, Int):
                return show_kind(marker.kind, self.name, known)
            if isinstance(marker, Real):
                return show_plain
        if isinstance(target, type) and issubclass(target, Structure):
            return show_structure(target, self.limits)
        return show_other

    def _size(self, size: str | int) -> Callable[[Peek, Sequence[object]], int]:
        if isinstance(size, int):
            return lambda peek, args: size
        position = self.names.index(size)
        return lambda peek, args: _number(peek, args[position])

    def _actual(self, size: str | int, actual: str | None) -> Callable[[Peek, Sequence[object]], int]:
        capacity = self._size(size)
        if actual is None or actual not in self.names:
            return capacity
        position = self.names.index(actual)

        def measured(peek: Peek, args: Sequence[object]) -> int:
            argument = args[position]
            limit = capacity(peek, args)
            return min(limit, _number(peek, argument)) if isinstance(argument, Ref) and argument else limit

        return measured


def _number(peek: Peek, value: object) -> int:
    """A size: given by value, or behind a reference."""
    if isinstance(value, Ref):
        value = _referent(peek, value)
    return value if isinstance(value, int) else 0


def _buffer(index: int, size: Callable[[Peek, Sequence[object]], int], unit: int, limit: int) -> Capture:
    def capture(peek: Peek, args: Sequence[object]) -> object:
        address = _address(args[index])
        length = max(size(peek, args), 0) * unit
        if not address:
            return None
        if not length:
            return Buffer(0, b"")
        return Buffer(length, peek.read_up_to(address, min(length, limit)))

    return capture


def _referent(peek: Peek, value: object) -> object:
    """What a reference points at, read so that the program does not notice."""
    if not isinstance(value, Ref) or not value.address:
        return None
    if not peek.readable(value.address):
        raise NotReadable(value.address)
    found: object = value.get()
    return found


def string_bound(index: int, names: Sequence[str], counts: bool) -> Callable[[Peek, Sequence[object]], int | None]:
    """How many characters a string that a function fills can hold: by the size next to it, and by the result where
    that is a count (`counts`). Neither tells more than that: some sizes are bytes, some results other numbers.
    """
    beside = [i for i in (index + 1, index - 1) if 0 <= i < len(names) and _SIZE_NAME.match(names[i])]

    def bound(peek: Peek, args: Sequence[object]) -> int | None:
        if not beside or beside[0] >= len(args):
            return None
        size = _number(peek, args[beside[0]])
        result = peek.result
        return result if counts and isinstance(result, int) and 0 < result <= size else size

    return bound


_SIZE_NAME = re.compile(r"l?p?(n|cch|cb)[A-Z]|.*(Size|Length|Count|Len|Max|Chars)$")


def _string_at(peek: Peek, value: object, wide: bool, limits: Limits, most: int | None) -> object:
    return show_string(peek, _address(value), wide, limits, most) if most != 0 else None


def _attributes_at(peek: Peek, value: object, limits: Limits) -> object:
    return object_attributes(peek, _address(value), limits)


def _type_at(peek: Peek, value: object, kind: Type, limits: Limits) -> object:
    return show_at(peek, _address(value), kind, limits) if _address(value) else None


def _show_shown(value: object) -> Value:
    """A capture that is already in the form of the event."""
    match value:
        case Unreadable(address):
            return show_pointer(address)
        case str() | None | int() | float() | dict() | list():
            return value
    return show_other(value)


def _show_reference(value: object) -> Value:
    return show_pointer(_address(value))


def show_pointer_or(show: Show) -> Show:
    """Show what was captured behind a pointer; NULL as None, an unreadable one in hex."""

    def shown(value: object) -> Value:
        if value is None:
            return None
        if isinstance(value, Unreadable):
            return show_pointer(value.address)
        return show(value)

    return shown


def show_structure(kind: type[Structure], limits: Limits) -> Show:
    """Show a structure field by field, flags by name where the database knows the structure."""
    known = signatures.structure(kind.__name__)
    types = {field.name: field.type for field in known.fields} if known is not None else {}
    shows: dict[str, Show] = {}

    def compile_fields() -> None:
        for name, _, codec in kind.layout(8).fields:
            shows[name] = _field_show(name, codec, types.get(name), limits)

    def show(value: object) -> Value:
        if not isinstance(value, kind):
            return show_other(value)
        if not shows:
            compile_fields()
        fields = value.__dict__
        return {name: show(fields[name]) for name, show in shows.items() if name in fields}

    return show


def _field_show(name: str, codec: Codec, known: Type | None, limits: Limits) -> Show:
    if isinstance(codec, IntCodec):
        if codec.kind.kind == "handle":
            return show_handle(name)
        return show_kind(codec.kind.kind, name, known)
    if isinstance(codec, StructureCodec):
        return show_structure(codec.kind, limits)
    if isinstance(codec, WideCharsCodec):
        return show_text(limits.string)
    return _show_array


def _show_array(value: object) -> Value:
    if isinstance(value, bytes):
        return "0x" + value[:32].hex() + ("…" if len(value) > 32 else "")
    return GuestText(value) if isinstance(value, str) else show_other(value)
