"""Whose DLL a name means: winfs's own, or a file that a person put in its place.

Without a setting winfs's own DLL wins over a file of the same name, unless that lies in a DLL folder (`--dll-path`).
An order for a name (`msvcp140=native,builtin`) or for all (`*=native`) decides otherwise: `native` is a file from the
DLL folders or the usual search order, `builtin` winfs's own. DLLs that winfs does not bring are always files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

DllKind = Literal["native", "builtin"]

EVERY_DLL: Final = "*"

OWN_DLLS: Final = frozenset({"ntdll.dll", "kernel32.dll", "kernelbase.dll", "ntrtl.dll"})
"""DLLs that no file can replace: they are the machine's own end of the system calls."""


class OrderError(ValueError):
    """An order that makes no sense; `str()` says why, without naming the setting."""


class Source(Enum):
    """One place to take a DLL from."""

    FOLDERS = "DLL folders"
    BUILTIN = "built in"
    SEARCH = "search order"


_STEPS: Final = {"native": (Source.FOLDERS, Source.SEARCH), "builtin": (Source.BUILTIN,)}
_UNSET: Final = (Source.FOLDERS, Source.BUILTIN, Source.SEARCH)


def parse_name(text: str) -> str:
    """A DLL name as it is set (`msvcp140`, `MSVCP140.dll`, `*`) as a lower-case file name. Raises OrderError."""
    name = text.strip().lower()
    if name == EVERY_DLL:
        return name
    if not name or any(character in name for character in '\\/:*?"<>|,;= '):
        raise OrderError(f"{text!r}: expected the name of a DLL without a path, or *")
    if "." not in name:
        name += ".dll"
    if name in OWN_DLLS:
        raise OrderError(f"{name} is always winfs's own: it cannot be replaced")
    if name.startswith(("api-", "ext-")):
        raise OrderError(f"{name} is an API set: name the DLL behind it (api-ms-win-crt-* is ucrtbase)")
    return name


def parse_order(text: str) -> tuple[DllKind, ...]:
    """`native`, `builtin`, `native,builtin` or `builtin,native`. Raises OrderError."""
    found: list[DllKind] = []
    for word in text.split(","):
        kind = word.strip().lower()
        if kind == "native" and "native" not in found:
            found.append("native")
        elif kind == "builtin" and "builtin" not in found:
            found.append("builtin")
        else:
            raise OrderError(f"{text!r}: expected native, builtin, or both with a comma between")
    return tuple(found)


def parse_override(text: str) -> tuple[str, tuple[DllKind, ...]]:
    """`NAME=ORDER`, as `--dll-override` takes it. Raises OrderError."""
    name, equals, order = text.partition("=")
    if not equals:
        raise OrderError(f"{text!r}: expected NAME=native, NAME=builtin or both with a comma between")
    return parse_name(name), parse_order(order)


class DllOrder(Struct, frozen=True):
    """What a process is told about its DLLs. Children inherit it."""

    folders: tuple[Path | str, ...] = ()
    """DLL folders: of this computer (Path), or Windows paths."""
    orders: Mapping[str, tuple[DllKind, ...]] = {}
    """By lower-case file name, or `*`."""

    def extended(self, folders: Iterable[Path | str], orders: Mapping[str, tuple[DllKind, ...]]) -> DllOrder:
        """This with more folders, which come first, and more orders, which replace those of the same name."""
        return DllOrder((*folders, *self.folders), {**self.orders, **orders})

    def sources(self, name: str, *, is_builtin: bool) -> tuple[Source, ...]:
        """Where to look for the DLL of that lower-case file name, in order."""
        if name in OWN_DLLS:
            return (Source.BUILTIN,)
        if not is_builtin:
            return (Source.FOLDERS, Source.SEARCH)
        order = self.orders.get(name, self.orders.get(EVERY_DLL))
        if order is None:
            return _UNSET
        return tuple(source for kind in order for source in _STEPS[kind])

    def file(self, name: str) -> Path | None:
        """The file of that lower-case name in the host's DLL folders; None when there is none."""
        for folder in self.folders:
            found = host_file(folder, name) if isinstance(folder, Path) else None
            if found is not None:
                return found
        return None


def host_file(folder: Path, name: str) -> Path | None:
    """The file in a host folder whose name is `name` (lower case) in any case; None when there is none."""
    exact = folder / name
    if exact.is_file():
        return exact
    try:
        return next((item for item in folder.iterdir() if item.name.lower() == name and item.is_file()), None)
    except OSError:
        return None
