"""Names for addresses: the export that lies before one. There is no debug information."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from runtime.loader.module import Module
from runtime.loader.pe import DIRECTORY_EXCEPTION, Image, ImageError

_FUNCTION: Final = 12
"""sizeof(RUNTIME_FUNCTION)."""


@dataclass(frozen=True, slots=True)
class Symbols:
    """The exports of an image that lie in it, by address: their RVAs in order, and their names."""

    places: tuple[int, ...]
    names: tuple[str, ...]

    def before(self, rva: int) -> tuple[str, int] | None:
        """The name and RVA of the last export at or before an RVA."""
        index = bisect_right(self.places, rva) - 1
        return (self.names[index], self.places[index]) if index >= 0 else None

    def place(self, name: str) -> int:
        """The RVA of an export. Raises ValueError."""
        return self.places[self.names.index(name)]


def symbols_of(module: Module) -> Symbols:
    """The exports of a module; read once."""
    if module.symbols is None:
        found: dict[int, str] = {}
        if module.builtin is not None:
            pairs = [(rva, name) for name, rva in module.builtin.functions.items()]
        elif module.image is not None:
            try:
                exports = list(module.image.exports())
            except ImageError:
                exports = []
            pairs = [
                (export.rva, export.name) for export in exports if export.name is not None and export.forwarder is None
            ]
        else:
            pairs = []
        for rva, name in sorted(pairs):
            found.setdefault(rva, name)
        module.symbols = Symbols(tuple(found), tuple(found.values()))
    return module.symbols


def nearest_export(module: Module, address: int) -> tuple[str, int] | None:
    """The name and address of the export that lies closest before an address; None where none does."""
    found = symbols_of(module).before(address - module.base)
    return None if found is None else (found[0], module.base + found[1])


def _function_before(image: Image, rva: int) -> int:
    """The RVA of the last function with unwind data that begins at or before an RVA; 0 for none. Raises ImageError."""
    table, size = image.directories[DIRECTORY_EXCEPTION]
    low, high = 0, size // _FUNCTION
    while low < high:
        middle = (low + high) // 2
        if int.from_bytes(image.read(table + _FUNCTION * middle, 4), "little") <= rva:
            low = middle + 1
        else:
            high = middle
    return int.from_bytes(image.read(table + _FUNCTION * (low - 1), 4), "little") if low else 0


def place_name(module: Module | None, address: int) -> str:
    """An address as `module!export+0x12`, `module+0x1234` where it is in no export's code, or plain hex.

    What lies behind an export belongs to it until the unwind data tells of another function.
    """
    if module is None:
        return f"0x{address:x}"
    rva = address - module.base
    found = symbols_of(module).before(rva)
    if found is not None and module.image is not None:
        try:
            if _function_before(module.image, rva) > found[1]:
                found = None
        except (ImageError, ValueError):  # a table that is no good, or a file that was let go
            found = None
    if found is None:
        return f"{module.name}+0x{rva:x}"
    return f"{module.name}!{found[0]}+0x{rva - found[1]:x}"
