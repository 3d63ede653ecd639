"""Renderers for functions that have only a prototype: guest code traced through import thunks, and missing functions.

Arguments are the raw integers of registers and stack; what they mean comes from the signature database, or from
nothing: then four words are shown in hex.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from runtime.trace.events import Value
from runtime.trace.layout import show_at, show_string
from runtime.trace.peek import Peek
from runtime.trace.render import Capture, Renderer, show_pointer_or, show_result_kind, string_bound
from runtime.trace.show import Limits, Show, Unreadable, show_kind, show_other, show_pointer
from runtime.trace.signatures import Parameter, Signature, Type

ReadArgument = Callable[[int], int]
"""Reads argument number i as the raw integer that its register or stack slot holds."""

Bound = Callable[[Peek, Sequence[object]], int | None]

UNKNOWN_ARGUMENTS = 4
"""How many arguments are shown of a function of which nothing is known."""


def compile_raw_renderer(signature: Signature | None, limits: Limits) -> Renderer:
    """Compile the renderer of a function from its prototype; None: the prototype is unknown."""
    if signature is None:
        names = [f"arg{index + 1}" for index in range(UNKNOWN_ARGUMENTS)]
        return Renderer(names, [_show_word] * len(names), (), (), _show_word, "unknown", by_value=True)
    names = [parameter.name for parameter in signature.parameters]
    counts = signature.returns.kind == "integer" and not signature.returns.pointers

    def bound(index: int) -> Bound:
        return string_bound(index, names, counts)

    shows: list[Show] = []
    ins: list[tuple[int, Capture]] = []
    outs: list[tuple[str, int, Capture, Show]] = []
    for index, parameter in enumerate(signature.parameters):
        show, on_call, on_return = _compile(index, parameter, limits, bound(index))
        shows.append(show)
        if on_call is not None:
            ins.append((index, on_call))
        if on_return is not None:
            outs.append((parameter.name, index, on_return, _show_done))
    returns = signature.returns
    show_result = None if returns.kind == "void" and not returns.pointers else _show_raw_result(returns)
    by_value = all(parameter.type.kind != "real" for parameter in signature.parameters)
    return Renderer(names, shows, tuple(ins), outs, show_result, returns.kind, by_value=by_value)


def read_arguments(
    signature: Signature | None, read_arg: ReadArgument, read_real: ReadArgument | None = None
) -> list[object]:
    """Read the arguments of a call. `read_real(i)` reads the low 64 bits of the vector register of argument i."""
    if signature is None:
        return [read_arg(index) for index in range(UNKNOWN_ARGUMENTS)]
    values: list[object] = []
    for index, parameter in enumerate(signature.parameters):
        if parameter.type.kind == "real" and read_real is not None:
            values.append(_real(read_real(index), parameter.type.size))
        else:
            values.append(read_arg(index))
    return values


def read_result(signature: Signature | None, integer: int, read_real: ReadArgument | None = None) -> object:
    """The result of a call: the integer register, or vector register 0 where the prototype returns a real."""
    if signature is not None and signature.returns.kind == "real" and read_real is not None:
        return _real(read_real(0), signature.returns.size)
    return integer


def _real(bits: int, size: int) -> float:
    data = (bits & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")
    value: float = struct.unpack_from("<f" if size == 4 else "<d", data)[0]
    return value


def _compile(
    index: int, parameter: Parameter, limits: Limits, bound: Bound
) -> tuple[Show, Capture | None, Capture | None]:
    """How one parameter is shown on call, and what is read on call and on return."""
    kind, direction = parameter.type, parameter.direction
    if kind.kind == "string":
        if direction == "out":
            return show_pointer, None, _string(index, kind.wide, limits, bound)
        return show_pointer_or(_show_done), _string(index, kind.wide, limits), None
    if not kind.pointers:
        return _show_scalar(kind, parameter.name), None, None
    target = kind.target
    if target.kind in ("void", "unknown", "callback") and not target.pointers:
        return show_pointer, None, None
    if direction == "in" or direction == "inout":
        on_return = _pointee(index, target, limits) if direction == "inout" else None
        return show_pointer_or(_show_done), _pointee(index, target, limits), on_return
    # Where no header tells, a pointer to a scalar is nearly always written through.
    written = direction == "out" or target.kind not in ("structure", "pointer", "character") or target.pointers > 0
    return show_pointer, None, _pointee(index, target, limits) if written else None


def _string(index: int, wide: bool, limits: Limits, bound: Bound | None = None) -> Capture:
    def capture(peek: Peek, args: Sequence[object]) -> object:
        address = args[index]
        assert isinstance(address, int)
        most = bound(peek, args) if bound is not None else None
        if most == 0:
            return None
        # Atoms and resource identifiers travel as "pointers" below 64 KiB.
        return show_string(peek, address, wide, limits, most) if address >= 0x10000 else address or None

    return capture


def _pointee(index: int, target: Type, limits: Limits) -> Capture:
    def capture(peek: Peek, args: Sequence[object]) -> object:
        address = args[index]
        assert isinstance(address, int)
        return show_at(peek, address, target, limits) if address else None

    return capture


def _show_scalar(kind: Type, name: str) -> Show:
    show = show_kind(kind.kind, name, kind)
    bits = 8 * (kind.size or 8)
    mask, sign = (1 << bits) - 1, 1 << (bits - 1)

    def shown(value: object) -> Value:
        if not isinstance(value, int):
            return show_other(value)
        cut = value & mask
        return show(cut - mask - 1 if kind.signed and cut & sign else cut)

    return shown


def _show_raw_result(kind: Type) -> Show:
    if kind.pointers or kind.kind in ("string", "structure", "callback"):
        return show_pointer
    if kind.kind == "real":
        return show_other
    if kind.kind in ("ntstatus", "hresult", "win32"):
        show = show_result_kind(kind.kind, None)
        return lambda value: show(value & 0xFFFFFFFF if isinstance(value, int) else value)
    return _show_scalar(kind, "")


def _show_done(value: object) -> Value:
    """What a capture has already put into the form of the event."""
    match value:
        case Unreadable(address):
            return show_pointer(address)
        case None | str() | int() | float() | dict() | list():
            return value
    return show_other(value)


def _show_word(value: object) -> Value:
    assert isinstance(value, int)
    return f"0x{value & 0xFFFFFFFFFFFFFFFF:x}"
