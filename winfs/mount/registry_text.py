"""Registry names and values as file names and text, both ways.

A value is the file NAME.TYPE. What is not faithful as text of its type is the file NAME.rawT (T the type in hex) with
the exact bytes; every value can be looked up under that name too. `docs/mount.md` tells the whole convention.
"""

from __future__ import annotations

import codecs
import errno
import hashlib
import os
import re
from functools import lru_cache
from typing import Literal

from runtime.nt.registry_tree import (
    REG_BINARY,
    REG_DWORD,
    REG_DWORD_BIG_ENDIAN,
    REG_EXPAND_SZ,
    REG_LINK,
    REG_MULTI_SZ,
    REG_NONE,
    REG_QWORD,
    REG_SZ,
)
from winfs.mount.node import fail

MAXIMUM_NAME = 255
"""Longest file name, in bytes."""

_SUFFIXES = {
    REG_NONE: "none",
    REG_SZ: "sz",
    REG_EXPAND_SZ: "expand_sz",
    REG_BINARY: "bin",
    REG_DWORD: "dword",
    REG_DWORD_BIG_ENDIAN: "dword_be",
    REG_LINK: "link",
    REG_MULTI_SZ: "multi_sz",
    REG_QWORD: "qword",
}
VALUE_TYPES = {suffix: kind for kind, suffix in _SUFFIXES.items()}
"""What a value's file name may end in, and the type that stands for."""
_TYPE_NAMES = ("REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_LINK",
               "REG_MULTI_SZ", "REG_RESOURCE_LIST", "REG_FULL_RESOURCE_DESCRIPTOR",
               "REG_RESOURCE_REQUIREMENTS_LIST", "REG_QWORD")  # fmt: skip
_RAW = re.compile(r"raw([0-9a-f]{1,8})")
_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
_CUT = re.compile(r"~[0-9a-f]{16}$")
_NUMBER = re.compile(r"[+-]?(0[xX][0-9a-fA-F]+|[0-9]+)")
_NUMBER_BEGUN = re.compile(r"[+-]?(0[xX]?)?")
_REMEMBERED = 2048
"""The longest data, in bytes, whose text is kept."""
NUMBERS: dict[int, tuple[int, Literal["little", "big"]]] = {
    REG_DWORD: (4, "little"),
    REG_DWORD_BIG_ENDIAN: (4, "big"),
    REG_QWORD: (8, "little"),
}
"""Types that are a number: how many bytes, in which order."""


def type_name(kind: int) -> str:
    """`REG_SZ` for 1; the number in hex for a type without a name."""
    return _TYPE_NAMES[kind] if kind < len(_TYPE_NAMES) else f"{kind:#x}"


# Names


def escape(name: str) -> str:
    """A key's name, or a value's, as a file name."""
    if name in (".", ".."):
        return name.replace(".", "%2E")
    name = name.replace("%", "%25").replace("/", "%2F").replace("\0", "%00")
    return name if name.isascii() else os.fsdecode(name.encode("utf-8", "surrogatepass"))


def unescape(name: str) -> str:
    """The name behind a file name. Raises OSError EILSEQ when it is not UTF-8."""
    if "%" in name:
        name = _ESCAPED.sub(lambda match: chr(int(match[1], 16)) if int(match[1], 16) < 0x80 else match[0], name)
    if name.isascii():
        return name
    try:
        return os.fsencode(name).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise fail(errno.EILSEQ) from None


def cut(name: str, suffix: str = "") -> str:
    """A file name that fits: one that is too long ends in a hash."""
    raw = os.fsencode(name + suffix)
    if len(raw) <= MAXIMUM_NAME:
        return name + suffix
    tail = f"~{hashlib.sha256(raw).hexdigest()[:16]}{suffix}"
    return raw[: MAXIMUM_NAME - len(tail)].decode("utf-8", "ignore") + tail


def is_cut(name: str) -> bool:
    """Whether a file name, without its type, may be one that was cut."""
    return len(os.fsencode(name)) > 200 and _CUT.search(name) is not None


def value_stem(name: str) -> str:
    """A value's name as the first part of its file name; the default value's is `@`."""
    return "@" if not name else "%40" if name == "@" else escape(name)


def suffix_of(kind: int, *, raw: bool) -> str:
    """What a value's file name ends in, without the dot."""
    return f"raw{kind:x}" if raw else _SUFFIXES[kind]


def split_value(file_name: str) -> tuple[str, int, bool] | None:
    """The stem of a value's file name, its type and whether it is a raw one; None for no value's file name."""
    stem, dot, suffix = file_name.rpartition(".")
    if not dot or not stem:
        return None
    suffix = suffix.lower()
    kind = VALUE_TYPES.get(suffix)
    if kind is not None:
        return stem, kind, False
    match = _RAW.fullmatch(suffix)
    return (stem, int(match[1], 16), True) if match else None


def value_name(stem: str) -> str:
    """The value's name behind the first part of its file name."""
    return "" if stem == "@" else unescape(stem)


# Contents


def render(kind: int, data: bytes) -> bytes | None:
    """A value as text of its type; None when that would not be faithful."""
    # The kernel asks for the size of a value more often than programs change it.
    return _render_again(kind, data) if len(data) <= _REMEMBERED else _render(kind, data)


def _render(kind: int, data: bytes) -> bytes | None:
    if kind in (REG_BINARY, REG_NONE):
        return data
    content = None
    if kind in NUMBERS:
        size, order = NUMBERS[kind]
        if len(data) == size:
            number = int.from_bytes(data, order)
            return b"0x%0*x\n" % (size * 2, number)
    elif kind in (REG_SZ, REG_EXPAND_SZ, REG_LINK):
        content = _text(data if kind == REG_LINK else data[:-2]) + b"\n"
    elif kind == REG_MULTI_SZ:
        strings = _text(data[:-2])
        content = strings.replace(b"\0", b"\n")
    if content is None:
        return None
    try:
        return content if parse(kind, content) == data else None
    except OSError:
        return None


_render_again = lru_cache(maxsize=2048)(_render)


def _text(data: bytes) -> bytes:
    try:
        return data.decode("utf-16-le", "surrogatepass").encode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return b"\0"


def parse(kind: int, content: bytes, *, raw: bool = False, begun: bool = False) -> bytes:
    """The data of a value written as text of its type.

    `begun`: more may follow, so what can still become right is accepted. Raises OSError EINVAL, ERANGE.
    """
    if raw or kind in (REG_BINARY, REG_NONE):
        return content
    if kind in NUMBERS:
        return _parse_number(kind, content, begun)
    if kind not in _SUFFIXES:
        raise fail(errno.EINVAL)
    if b"\0" in content:
        raise fail(errno.EINVAL)
    try:
        text = codecs.getincrementaldecoder("utf-8")("surrogatepass").decode(content, not begun)
    except UnicodeDecodeError:
        raise fail(errno.EINVAL) from None
    text = text.removesuffix("\n")
    if kind == REG_MULTI_SZ:
        strings = text.split("\n") if content else []
        if "" in strings:
            raise fail(errno.EINVAL)
        text = "".join(f"{string}\0" for string in strings)
    return (text if kind == REG_LINK else text + "\0").encode("utf-16-le", "surrogatepass")


def _parse_number(kind: int, content: bytes, begun: bool) -> bytes:
    size, order = NUMBERS[kind]
    text = content.decode("latin-1").strip()
    if begun and _NUMBER_BEGUN.fullmatch(text):
        return b""
    if not _NUMBER.fullmatch(text):
        raise fail(errno.EINVAL)
    number = int(text, 16) if "x" in text.lower() else int(text)
    bits = size * 8
    if not -(1 << bits - 1) <= number < 1 << bits:
        raise fail(errno.ERANGE)
    return (number & (1 << bits) - 1).to_bytes(size, order)
