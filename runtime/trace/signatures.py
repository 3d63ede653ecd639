"""The prototypes of Windows functions: parameters, types, directions, enumerations and structures.

`signatures.txt` is written by `scripts/signatures.py`: one record a line, sorted by bytes, mapped into memory and found
by bisection, so that opening costs nothing and a lookup some microseconds. A line is a letter, a name, and fields
separated by tabs:

    d DLL                                               a DLL that has functions here
    f NAME  DLL  MODE  RETURNS  PARAMETER:TYPE[:DIR] …  a function; MODE: w (WINAPI) or c (cdecl), v when variadic
    t NAME  TYPE  -|e|f  MEMBER=HEX …                   a named type; e: enumeration, f: set of flags
    s NAME  s|u[PACK]  FIELD:TYPE …                     a structure or union; TYPE may end in [COUNT] or /BITS
    p NAME, i NAME                                      a callback, a COM interface

Scalar types are u8…u64, i8…i64, usize, isize, f32, f64, c16 (WCHAR), void and guid; `*` adds a level of pointer; PWSTR,
PSTR and BSTR are strings. An enumeration that begins with `_` is our name for the meaning of what Windows declares as
DWORD. DIR is i, o or b (both), where a header tells. Microsoft's metadata, as it is published in this form, says
neither which functions set the last error nor how long an array is.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Literal

Kind = Literal[
    "integer", "real", "boolean", "character", "enumeration", "handle", "string", "structure", "pointer", "callback",
    "ntstatus", "hresult", "win32", "guid", "void", "unknown",
]  # fmt: skip
Direction = Literal["", "in", "out", "inout"]

_DIRECTIONS: dict[str, Direction] = {"": "", "i": "in", "o": "out", "b": "inout"}
_SCALARS = {
    "u8": (1, False), "i8": (1, True), "u16": (2, False), "i16": (2, True), "u32": (4, False), "i32": (4, True),
    "u64": (8, False), "i64": (8, True), "usize": (0, False), "isize": (0, True), "c16": (2, False),
}  # fmt: skip
_SPECIAL: dict[str, Kind] = {
    "BOOL": "boolean", "BOOLEAN": "boolean", "VARIANT_BOOL": "boolean", "NTSTATUS": "ntstatus", "HRESULT": "hresult",
    "WIN32_ERROR": "win32",
}  # fmt: skip
_C_NAMES = {
    "u8": "BYTE", "i8": "CHAR", "u16": "WORD", "i16": "SHORT", "u32": "DWORD", "i32": "INT", "u64": "ULONGLONG",
    "i64": "LONGLONG", "usize": "SIZE_T", "isize": "LONG_PTR", "f32": "FLOAT", "f64": "DOUBLE", "c16": "WCHAR",
    "void": "VOID", "guid": "GUID",
}  # fmt: skip
_SYSTEM_FAMILIES = ("api-ms-", "ext-ms-", "msvcr", "msvcp", "ucrtbase", "vcruntime", "kernelbase", "sechost", "win32u")
_RUNTIME_FAMILIES = ("api-ms-win-crt-", "msvcr", "ucrtbase", "vcruntime", "msvcp")


@dataclass(frozen=True, slots=True)
class Type:
    """A type in a prototype: a named or scalar type and how many pointers lead to it."""

    name: str
    pointers: int = 0
    kind: Kind = "unknown"
    """What a value of the type itself is, whatever its name; `pointer` when `pointers` is not zero."""
    size: int = 0
    """Bytes of an integer or real; 0: as wide as a pointer."""
    signed: bool = False
    wide: bool = False
    """For strings: UTF-16."""

    @property
    def target(self) -> Type:
        """What a pointer leads to."""
        return _type(self.name + "*" * (self.pointers - 1))

    def __str__(self) -> str:
        ours = self.name.startswith("_") and self.kind == "enumeration"
        name = "DWORD" if ours else _C_NAMES.get(self.name, self.name)
        return name + (" " + "*" * self.pointers if self.pointers else "")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `direction` is empty where no header tells."""

    name: str
    type: Type
    direction: Direction = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """The prototype of one function. `convention` is `winapi` or `cdecl` (they differ in 32-bit programs only)."""

    dll: str
    name: str
    returns: Type
    parameters: tuple[Parameter, ...]
    convention: Literal["winapi", "cdecl"]
    variadic: bool

    def prototype(self) -> str:
        """The C prototype, on one line."""
        parameters = [_declare(parameter.type, parameter.name) for parameter in self.parameters]
        if self.variadic:
            parameters.append("...")
        return f"{_declare(self.returns, self.name)}({', '.join(parameters) or 'void'})"


@dataclass(frozen=True)
class Enumeration:
    """The members of an enumeration or set of flags, in the order of its declaration."""

    name: str
    flags: bool
    members: tuple[tuple[str, int], ...]

    @cached_property
    def names(self) -> dict[int, str]:
        """Member names by value."""
        names: dict[int, str] = {}
        for name, value in self.members:
            names.setdefault(value, name)
        return names

    @cached_property
    def _largest_first(self) -> tuple[tuple[int, int, str], ...]:
        order = [
            (value, index, name)
            for index, (name, value) in enumerate(self.members)
            if value and not (name.endswith("MASK") and value & (value - 1))
        ]
        return tuple(sorted(order, key=lambda item: (-item[0].bit_count(), -item[0])))

    def text(self, value: int) -> str | None:
        """The member or members that make up `value`, unnamed bits in hex; None when nothing of it has a name."""
        name = self.names.get(value)
        if name is not None or not self.flags or value <= 0:
            return name
        found = []
        rest = value
        for bits, index, name in self._largest_first:
            if rest & bits == bits:
                found.append((index, name))
                rest &= ~bits
        if not found:
            return None
        names = [name for _, name in sorted(found)]
        return "|".join([*names, f"0x{rest:x}"] if rest else names)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a structure: `count` elements of `type`, or `bits` of it."""

    name: str
    type: Type
    count: int = 0
    bits: int = 0


@dataclass(frozen=True, slots=True)
class StructureType:
    """A structure or union and its packing (0: the natural one)."""

    name: str
    union: bool
    pack: int
    fields: tuple[Field, ...]


class _Database:
    """The sorted text, mapped."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def find(self, letter: str, name: str) -> list[list[str]]:
        """The fields of all records of that kind and name."""
        try:
            key = f"{letter} {name}\t".encode()
        except UnicodeEncodeError:
            return []
        data, low, high = self._data, 0, len(self._data)
        while low < high:
            start = data.rfind(b"\n", low, (low + high) // 2) + 1 or low
            if data[start : start + len(key)] < key:
                low = data.find(b"\n", start, high) + 1 or high
            elif start == low:
                break
            else:
                high = start
        # The first match begins within [low, high] or right at `high`.
        while low < len(data) and data[low : low + len(key)] < key:
            low = data.find(b"\n", low) + 1 or len(data)
        found = []
        while data[low : low + len(key)] == key:
            end = data.find(b"\n", low)
            found.append(data[low + len(key) : end].decode().split("\t"))
            low = end + 1
        return found


@cache
def _database() -> _Database:
    return _Database(Path(__file__).with_name("signatures.txt"))


@lru_cache(maxsize=8192)
def lookup(dll: str | None, name: str) -> Signature | None:
    """Find the prototype of `dll`!`name`; None when it is unknown.

    The DLL's name is taken in any case and with or without `.dll`. API sets, kernelbase and the C runtime's many
    names find the function where the metadata has it; without a DLL any will do. A name without its A or W finds the
    W function. A DLL that is not part of Windows has no prototypes, whatever its functions are called.
    """
    found = _database().find("f", name)
    if not found:
        wide = _database().find("f", name + "W") if not name.endswith(("A", "W")) else []
        if not wide:
            return None
        found, name = wide, name + "W"
    if dll is None:
        return _signature(name, found[0])
    plain = dll.lower().removesuffix(".dll")
    for record in found:
        if record[0] == plain:
            return _signature(name, record)
    runtime = plain.startswith(_RUNTIME_FAMILIES)
    for record in found:
        if runtime == (record[0] == "ucrtbase") and (runtime or _is_system(plain)):
            return _signature(name, record)
    return None


def _is_system(plain: str) -> bool:
    find = _database().find
    return plain.startswith(_SYSTEM_FAMILIES) or bool(find("d", plain + ".dll") or find("d", plain))


def _signature(name: str, record: list[str]) -> Signature:
    dll, mode, returns, parameters = record
    return Signature(
        dll if "." in dll else f"{dll}.dll",
        name,
        _type(returns),
        tuple(_parameter(item) for item in parameters.split()),
        "cdecl" if mode[0] == "c" else "winapi",
        mode.endswith("v"),
    )


def _parameter(text: str) -> Parameter:
    name, kind, *direction = text.split(":")
    return Parameter(name, _type(kind), _DIRECTIONS[direction[0] if direction else ""])


@cache
def _type(text: str) -> Type:
    """Parse a type of the database."""
    name = text.rstrip("*")
    pointers = len(text) - len(name)
    if name in ("PWSTR", "BSTR", "PSTR"):
        return Type(name, pointers, "pointer" if pointers else "string", wide=name != "PSTR")
    if pointers:
        return Type(name, pointers, "pointer")
    if name in _SCALARS:
        size, signed = _SCALARS[name]
        return Type(name, 0, "character" if name == "c16" else "integer", size, signed)
    if name in ("f32", "f64"):
        return Type(name, 0, "real", int(name[1:]) // 8)
    if name == "void" or name == "guid" or name == "callback":
        return Type(name, 0, name)  # type: ignore[arg-type]
    records = _database().find("t", name)
    if not records:
        return Type(name, 0, _kind_of_other(name))
    base, letter = _type(records[0][0]), records[0][1]
    kind: Kind = base.kind
    if name in _SPECIAL:
        kind = _SPECIAL[name]
    elif base.pointers or (base.name in ("isize", "usize") and name.startswith("H")):
        kind = "handle"
    elif letter != "-" and kind == "integer":
        kind = "enumeration"
    return Type(name, 0, kind, base.size, base.signed)


def _kind_of_other(name: str) -> Kind:
    if _database().find("s", name):
        return "structure"
    if _database().find("p", name):
        return "callback"
    return "pointer" if _database().find("i", name) else "unknown"


def _declare(kind: Type, name: str) -> str:
    text = str(kind)
    return f"{text}{name}" if text.endswith("*") else f"{text} {name}"


@cache
def enumeration(name: str) -> Enumeration | None:
    """The enumeration, set of flags or list of well-known handles of that name."""
    records = _database().find("t", name)
    if not records or records[0][1] == "-":
        return None
    members = []
    for item in records[0][2].split():
        label, _, value = item.rpartition("=")
        members.append((label, int(value, 16)))
    return Enumeration(name, records[0][1] == "f", tuple(members))


@lru_cache(maxsize=8192)
def enum_names(enum: str, value: int) -> str:
    """`value` as the members of an enumeration: `GENERIC_READ|0x8`; hex (flags) or decimal where nothing has a name."""
    found = enumeration(enum)
    if found is None:
        return str(value)
    text = found.text(value)
    if text is not None:
        return text
    return f"0x{value:x}" if found.flags and value else str(value)


@cache
def structure(name: str) -> StructureType | None:
    """The structure or union of that name."""
    records = _database().find("s", name)
    if not records:
        return None
    mode, fields = records[0]
    return StructureType(name, mode[0] == "u", int(mode[1:] or 0), tuple(_field(item) for item in fields.split()))


def _field(text: str) -> Field:
    name, kind = text.split(":", 1)
    count = bits = 0
    if "/" in kind:
        kind, _, width = kind.rpartition("/")
        bits = int(width)
    if kind.endswith("]"):
        kind, _, number = kind[:-1].partition("[")
        count = int(number)
    return Field(name, _type(kind), count, bits)


def is_windows_dll(dll: str) -> bool:
    """Whether Microsoft's metadata knows functions of a DLL with that file name: Windows itself brings it."""
    return bool(_database().find("d", dll.lower()))
