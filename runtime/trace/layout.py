"""Reading and showing data in guest memory by the database's types: for functions that have no typed export."""

from __future__ import annotations

import struct
import uuid
from dataclasses import dataclass
from functools import cache

from runtime.trace.events import GuestText, Value
from runtime.trace.peek import Peek, narrow_text
from runtime.trace.show import Limits, show_kind, show_pointer
from runtime.trace.signatures import Type, structure

_FORMATS = {(1, False): "<B", (1, True): "<b", (2, False): "<H", (2, True): "<h", (4, False): "<I", (4, True): "<i",
            (8, False): "<Q", (8, True): "<q"}  # fmt: skip
_MAX_FIELDS = 24
_MAX_DEPTH = 3
_SIGNED_HANDLE = frozenset({"handle", "pointer", "callback", "string"})


@dataclass(frozen=True, slots=True)
class Placed:
    """A field at its offset."""

    name: str
    type: Type
    offset: int
    count: int
    bits: int
    shift: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Size and alignment of a type and, for a structure, its fields."""

    size: int
    alignment: int
    fields: tuple[Placed, ...] = ()


@cache
def shape_of(kind: Type, pointer_size: int) -> Shape | None:
    """Where the parts of a type lie for a guest of that pointer size; None for what the database does not know."""
    match kind.kind:
        case "guid":
            return Shape(16, 4)
        case "real":
            return Shape(kind.size, kind.size)
        case "void" | "unknown":
            return None
        case "structure":
            return _structure_shape(kind.name, pointer_size)
        case "pointer" | "handle" | "callback" | "string":
            return Shape(pointer_size, pointer_size)
    size = kind.size or pointer_size
    return Shape(size, size)


def _structure_shape(name: str, pointer_size: int) -> Shape | None:
    known = structure(name)
    if known is None:
        return None
    offset = size = 0
    alignment = 1
    bit, unit = 0, 0
    fields = []
    for field in known.fields:
        inner = shape_of(field.type, pointer_size)
        if inner is None:
            return None
        align = min(inner.alignment, known.pack or inner.alignment)
        alignment = max(alignment, align)
        if field.bits and unit == inner.size and bit + field.bits <= unit * 8 and not known.union:
            fields.append(Placed(field.name, field.type, offset - unit, 0, field.bits, bit))
            bit += field.bits
            continue
        if known.union:
            offset = 0
        offset = -(-offset // align) * align
        fields.append(Placed(field.name, field.type, offset, field.count, field.bits, 0))
        offset += inner.size * (field.count or 1)
        bit, unit = (field.bits, inner.size) if field.bits else (0, 0)
        size = max(size, offset)
    return Shape(-(-size // alignment) * alignment, alignment, tuple(fields))


def show_at(memory: Peek, address: int, kind: Type, limits: Limits, name: str = "", depth: int = 0) -> Value:
    """Read and show a value of type `kind`. Raises NotReadable."""
    if kind.kind == "structure":
        return _show_structure(memory, address, kind, limits, depth)
    shape = shape_of(kind, memory.pointer_size)
    if shape is None:
        return None
    data = memory.read(address, shape.size)
    return _show_bytes(memory, data, kind, limits, name, depth)


def _show_bytes(memory: Peek, data: bytes, kind: Type, limits: Limits, name: str, depth: int) -> Value:
    if kind.kind == "guid":
        return "{" + str(uuid.UUID(bytes_le=data)).upper() + "}"
    if kind.kind == "real":
        real: float = struct.unpack("<f" if kind.size == 4 else "<d", data)[0]
        return real
    value: int = struct.unpack(_FORMATS[len(data), kind.signed and kind.kind not in _SIGNED_HANDLE], data)[0]
    if kind.kind == "string" and not kind.pointers and value and depth <= _MAX_DEPTH:
        return show_string(memory, value, kind.wide, limits)
    if kind.pointers:
        return show_pointer(value)
    return show_kind(kind.kind, name, kind)(value)


def show_string(memory: Peek, address: int, wide: bool, limits: Limits, most: int | None = None) -> Value:
    """The NUL-terminated string at `address`, bounded, and by `most` units if given. Raises NotReadable."""
    if not address:
        return None
    limit = limits.string + 1 if most is None else min(limits.string + 1, most)
    text = memory.read_wstr(address, limit) if wide else narrow_text(memory.read_str(address, limit))
    return GuestText(text if len(text) <= limits.string else text[: limits.string] + "…")


def _show_structure(memory: Peek, address: int, kind: Type, limits: Limits, depth: int) -> Value:
    if kind.name in ("UNICODE_STRING", "ANSI_STRING", "STRING"):
        return counted_string(memory, address, kind.name == "UNICODE_STRING", limits)
    if kind.name == "OBJECT_ATTRIBUTES":
        return object_attributes(memory, address, limits)
    shape = shape_of(kind, memory.pointer_size)
    if shape is None or depth > _MAX_DEPTH:
        return show_pointer(address)
    data = memory.read(address, shape.size)
    shown: dict[str, Value] = {}
    for field in shape.fields[:_MAX_FIELDS]:
        if "reserved" in field.name.lower():
            continue
        inner = shape_of(field.type, memory.pointer_size)
        assert inner is not None
        if field.bits:
            value = int.from_bytes(data[field.offset : field.offset + inner.size], "little") >> field.shift
            shown[field.name] = value & ((1 << field.bits) - 1)
        elif field.count:
            shown[field.name] = _show_array(memory, data, address, field, inner.size, limits, depth)
        elif field.type.kind == "structure":
            shown[field.name] = _show_structure(memory, address + field.offset, field.type, limits, depth + 1)
        else:
            part = data[field.offset : field.offset + inner.size]
            shown[field.name] = _show_bytes(memory, part, field.type, limits, field.name, depth + 1)
    if len(shape.fields) > _MAX_FIELDS:
        shown["…"] = len(shape.fields) - _MAX_FIELDS
    return shown


def _show_array(memory: Peek, data: bytes, address: int, field: Placed, size: int, limits: Limits, depth: int) -> Value:
    whole = data[field.offset : field.offset + size * field.count]
    if field.type.kind == "character":
        text = whole.decode("utf-16-le", "surrogatepass").split("\0", 1)[0]
        return GuestText(text if len(text) <= limits.string else text[: limits.string] + "…")
    if field.type.name == "i8" or field.type.name == "CHAR":
        return GuestText(narrow_text(whole.split(b"\0", 1)[0][: limits.string]))
    if field.type.name == "u8":
        return "0x" + whole[: limits.buffer].hex() + ("…" if len(whole) > limits.buffer else "")
    shown: list[Value] = []
    for index in range(min(field.count, limits.elements)):
        if field.type.kind == "structure":
            at = address + field.offset + index * size
            shown.append(_show_structure(memory, at, field.type, limits, depth + 1))
        else:
            part = whole[index * size : (index + 1) * size]
            shown.append(_show_bytes(memory, part, field.type, limits, field.name, depth + 1))
    return shown


def counted_string(memory: Peek, address: int, wide: bool, limits: Limits) -> Value:
    """A UNICODE_STRING or ANSI_STRING as the string it holds. Raises NotReadable."""
    if not address:
        return None
    pointer_size = memory.pointer_size
    head = memory.read(address, pointer_size * 2)
    length = int.from_bytes(head[:2], "little")
    buffer = int.from_bytes(head[pointer_size:], "little")
    unit = 2 if wide else 1
    if not buffer:
        return None
    data = memory.read(buffer, min(length, limits.string * unit)) if length else b""
    text = data.decode("utf-16-le", "surrogatepass") if wide else narrow_text(data)
    return GuestText(text + ("…" if length > len(data) else ""))


def object_attributes(memory: Peek, address: int, limits: Limits) -> Value:
    """An OBJECT_ATTRIBUTES by its name, and its root directory when it has one. Raises NotReadable."""
    if not address:
        return None
    step = memory.pointer_size
    data = memory.read(address, step * 4)
    root, name, flags = (int.from_bytes(data[step * i : step * (i + 1)], "little") for i in (1, 2, 3))
    shown: dict[str, Value] = {}
    if root:
        shown["RootDirectory"] = show_pointer(root)
    shown["ObjectName"] = counted_string(memory, name, True, limits)
    if flags & 0xFFFFFFFF:
        shown["Attributes"] = f"0x{flags & 0xFFFFFFFF:x}"
    return shown
