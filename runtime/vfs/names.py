"""File names: what Windows allows, and how names that Linux or Windows cannot hold are carried across.

A Linux name may hold characters that Windows forbids and bytes that are not UTF-8. Each such character or byte `c`
appears to Windows as the private-use character U+F000+c (the convention of WSL, Cygwin and SMB clients), and a
Windows name holding one is stored with the original. Windows names are UTF-16: a lone surrogate is stored as WTF-8.
"""

from __future__ import annotations

import hashlib
import os
import re

from runtime.nt.casing import upcase

MAX_COMPONENT = 255
"""Longest component of a Windows path, in UTF-16 units."""

HOST_MAX_COMPONENT = 255
"""Longest component of a Linux path, in bytes."""

_SPECIAL = '"*:<>?\\|'
_SPECIAL_CODES = frozenset(map(ord, _SPECIAL)) | frozenset(range(1, 0x20))
_HOST_NEEDS_CARE = re.compile(r'[\x01-\x1f"*:<>?\\|]|[^\x00-\x7f]')
_WINDOWS_ILLEGAL = re.compile(r'[\x00-\x1f"*:<>?\\/|]')
_HASHED = re.compile(r"~[0-9a-f]{16}$")
_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|COM[1-9¹²³]|LPT[1-9¹²³]|CONIN\$|CONOUT\$)", re.IGNORECASE)
# Told by what is illegal: a class of nearly all characters takes 5 ms to compile.
_SHORT_ILLEGAL = re.compile(r'[\x00- "*+,./:;<=>?\[\\\]a-z|\x7f\U00010000-\U0010ffff]')


def equal(left: str, right: str) -> bool:
    """Say whether two names are the same on Windows."""
    return left == right or (len(left) == len(right) and upcase(left) == upcase(right))


def utf16_length(name: str) -> int:
    """Return the length of `name` in UTF-16 units."""
    return len(name) if name.isascii() else len(name.encode("utf-16-le", "surrogatepass")) // 2


def is_legal(name: str) -> bool:
    """Say whether `name` can be one component of an NT path on NTFS (stream names are not part of it)."""
    return (
        bool(name)
        and name not in (".", "..")
        and not _WINDOWS_ILLEGAL.search(name)
        and (utf16_length(name) <= MAX_COMPONENT)
    )


def has_wildcards(name: str) -> bool:
    """Say whether `name` holds a wildcard of FsRtlIsNameInExpression."""
    return any(character in name for character in '*?<>"')


def is_reserved(name: str) -> bool:
    """Say whether Win32 takes the component `name` for a device, whatever its extension (`aux.c`)."""
    stem = name.split(".", 1)[0].split(":", 1)[0].rstrip(" ")
    return _DEVICE.fullmatch(stem) is not None


def to_host(name: str) -> str:
    """Return the Linux name (in `os.fsdecode` form) that stores the Windows component `name`.

    A name longer than Linux can hold is cut and ends in a hash; the whole of it is then kept as an extended attribute
    by whoever creates the file.
    """
    if name.isascii():
        return name
    raw = bytearray()
    for character in name.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass"):
        code = ord(character)
        if 0xF001 <= code <= 0xF0FF and (code - 0xF000 in _SPECIAL_CODES or code >= 0xF080):
            raw.append(code - 0xF000)
        else:
            raw += character.encode("utf-8", "surrogatepass")
    if len(raw) > HOST_MAX_COMPONENT:
        digest = hashlib.sha256(upcase(name).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        head = name.encode("utf-8", "ignore")[:200].decode("utf-8", "ignore")
        return f"{head}~{digest}"
    return os.fsdecode(bytes(raw))


def is_cut(host_name: str) -> bool:
    """Say whether `host_name` may be a cut name, whose full form is an extended attribute."""
    return len(host_name) >= 60 and _HASHED.search(host_name) is not None


def from_host(name: str) -> str:
    """Return the Windows component that stands for the Linux name `name` (in `os.fsdecode` form)."""
    if not _HOST_NEEDS_CARE.search(name):
        return name
    raw = os.fsencode(name)
    try:
        text = raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        text = "".join(
            chr(0xF000 + ord(character) - 0xDC00) if 0xDC80 <= ord(character) <= 0xDCFF else character
            for character in name
        )
    return "".join(
        chr(0xF000 + ord(character)) if ord(character) in _SPECIAL_CODES else character for character in text
    )


def short_name(name: str, taken: set[str]) -> str:
    """Return the 8.3 alias NTFS would generate for `name`, or "" when the name is one itself.

    `taken` holds the upper-case names already in use in the directory.
    """
    upper = upcase(name)
    stem, dot, extension = upper.lstrip(".").rpartition(".")
    if not dot:
        stem, extension = extension, ""
    clean_stem = _SHORT_ILLEGAL.sub("_", stem.replace(" ", "").replace(".", ""))
    clean_extension = _SHORT_ILLEGAL.sub("_", extension.replace(" ", ""))
    plain = clean_stem + ("." + clean_extension if clean_extension else "")
    if plain == upper and 0 < len(clean_stem) <= 8 and len(clean_extension) <= 3:
        return ""
    suffix = "." + clean_extension[:3] if clean_extension else ""
    for number in range(1, 5):
        candidate = f"{clean_stem[:6]}~{number}{suffix}"
        if candidate not in taken:
            return candidate
    digest = f"{sum(ord(c) * (i + 1) * 0x1021 for i, c in enumerate(upper)) & 0xFFFF:04X}"
    number = 1
    while (candidate := f"{clean_stem[:2]}{digest}~{number}{suffix}") in taken:
        number += 1
    return candidate
