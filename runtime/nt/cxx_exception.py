"""What a C++ program threw: the type's name, and what() where the object says it without being called.

Sources: the ThrowInfo, CatchableTypeArray and CatchableType structures as Microsoft's ehdata.h describes them; the
Itanium C++ ABI, "Level II: C++ ABI" (`__cxa_exception`), and its name mangling. Nothing in the program's memory is
trusted: what cannot be read is left out.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from runtime.memory.faults import MemoryFault
from runtime.memory.inspect import peek, peek_word
from runtime.memory.space import AddressSpace

MSVC: Final = 0xE06D7363
ITANIUM: Final = 0x20474343
"""STATUS_GCC_THROW; the first parameter is the `_Unwind_Exception`."""

_MSVC_MAGIC: Final = frozenset((0x19930520, 0x19930521, 0x19930522))
_ITANIUM_CLASSES: Final = (b"GNUCC++", b"CLNGC++")
_UNWIND_HEADER: Final = 0x40
"""sizeof(_Unwind_Exception) with SEH: class, clean-up, six private words."""
_TYPE_BEFORE: Final = 0x50
"""From `exceptionType` of __cxa_exception to its unwind header."""
_LONGEST: Final = 512
_MSVC_BASIC: Final = {
    "C": "signed char", "D": "char", "E": "unsigned char", "F": "short", "G": "unsigned short", "H": "int",
    "I": "unsigned int", "J": "long", "K": "unsigned long", "M": "float", "N": "double", "_J": "long long",
    "_K": "unsigned long long", "_N": "bool", "_W": "wchar_t", "PEAD": "char *", "PEBD": "const char *",
    "PEA_W": "wchar_t *", "PEB_W": "const wchar_t *", "PEAX": "void *",
}  # fmt: skip
_ITANIUM_BASIC: Final = {
    "a": "signed char", "c": "char", "h": "unsigned char", "s": "short", "t": "unsigned short", "i": "int",
    "j": "unsigned int", "l": "long", "m": "unsigned long", "f": "float", "d": "double", "x": "long long",
    "y": "unsigned long long", "b": "bool", "w": "wchar_t", "Pc": "char *", "PKc": "const char *",
    "Pw": "wchar_t *", "PKw": "const wchar_t *", "Pv": "void *",
}  # fmt: skip


class Thrown(NamedTuple):
    """A C++ exception: the type, and what what() would say."""

    type: str
    what: str | None

    def __str__(self) -> str:
        return self.type if self.what is None else f"{self.type}: {self.what}"


def thrown(memory: AddressSpace, code: int, information: tuple[int, ...]) -> Thrown | None:
    """Describe what an exception record carries; None for what is no C++ exception or cannot be read."""
    try:
        if code == MSVC and len(information) >= 4 and information[0] in _MSVC_MAGIC:
            return _msvc(memory, information[1], information[2], information[3])
        if code == ITANIUM and information:
            return _itanium(memory, information[0])
    except MemoryFault:
        pass
    return None


def _text(memory: AddressSpace, address: int) -> str | None:
    """A NUL-terminated string, as far as it can be read."""
    if not address:
        return None
    data = peek(memory, address, _LONGEST).partition(b"\0")[0]
    return data.decode("utf-8", "backslashreplace")


def _msvc(memory: AddressSpace, item: int, throw_info: int, base: int) -> Thrown | None:
    if not throw_info:
        return None
    types = base + peek_word(memory, throw_info + 12, 4)
    found = []
    for number in range(min(peek_word(memory, types, 4), 32)):
        catchable = base + peek_word(memory, types + 4 + 4 * number, 4)
        mangled = _text(memory, base + peek_word(memory, catchable + 4, 4) + 16) or ""
        found.append((mangled, peek_word(memory, catchable + 8, 4)))
    if not found:
        return None
    what = None
    for mangled, displacement in found:
        if mangled == ".?AVexception@std@@":
            # std::exception is a vtable and what() of those that were given a text
            what = _safe_text(memory, item + displacement + 8)
    return Thrown(msvc_name(found[0][0]), what)


def _itanium(memory: AddressSpace, header: int) -> Thrown | None:
    if not peek(memory, header, 8).startswith(_ITANIUM_CLASSES):
        return None
    kind = peek_word(memory, header - _TYPE_BEFORE)
    mangled = _text(memory, peek_word(memory, kind + 8)) or ""
    what = None
    base = mangled
    for _ in range(8):
        if base in ("St13runtime_error", "St11logic_error"):
            # the text of both libraries: a pointer to characters behind the vtable
            what = _safe_text(memory, header + _UNWIND_HEADER + 8)
            break
        try:
            kind = peek_word(memory, kind + 16)  # __si_class_type_info::__base_type
            base = _text(memory, peek_word(memory, kind + 8)) or ""
        except MemoryFault:
            break
    return Thrown(itanium_name(mangled), what)


def _safe_text(memory: AddressSpace, place: int) -> str | None:
    try:
        return _text(memory, peek_word(memory, place))
    except MemoryFault:
        return None


def msvc_name(mangled: str) -> str:
    """A type_info's raw name as C++ writes it; one with templates or pointers to classes stays as it is."""
    match = re.fullmatch(r"\.\?A[VUTW]4?((?:[A-Za-z_]\w*@)+)@", mangled)
    if match is not None:
        return "::".join(reversed(match[1].rstrip("@").split("@")))
    return _MSVC_BASIC.get(mangled.removeprefix("."), mangled)


def itanium_name(mangled: str) -> str:
    """A type's mangled name as C++ writes it; one with templates or substitutions stays as it is."""
    known = _ITANIUM_BASIC.get(mangled)
    if known is not None:
        return known
    rest = mangled[1:-1] if mangled[:1] == "N" and mangled[-1:] == "E" else mangled
    parts = []
    if rest.startswith("St"):
        parts.append("std")
        rest = rest[2:]
    while rest:
        match = re.match(r"\d+", rest)
        if match is None or len(rest) < match.end() + int(match[0]):
            return mangled
        parts.append(rest[match.end() : match.end() + int(match[0])])
        rest = rest[match.end() + int(match[0]) :]
    return "::".join(part for part in parts if part != "__1") or mangled
