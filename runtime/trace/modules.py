"""Which module an address belongs to, by the load and unload events of a trace."""

from __future__ import annotations

from bisect import bisect_right, insort

from runtime.trace.events import encode_value

_CACHED = 16384


class ModuleMap:
    """The modules of one process in address order."""

    __slots__ = ("_bases", "_encoded", "_modules", "_names")

    def __init__(self) -> None:
        self._bases: list[int] = []
        self._modules: dict[int, tuple[int, str]] = {}
        self._names: dict[int, str] = {}
        self._encoded: dict[int, str] = {}

    def load(self, base: int, size: int, name: str) -> None:
        """A module was mapped."""
        if base not in self._modules:
            insort(self._bases, base)
        self._modules[base] = size, name
        self._names.clear()
        self._encoded.clear()

    def unload(self, base: int) -> None:
        """The module at `base` went."""
        if self._modules.pop(base, None) is not None:
            self._bases.remove(base)
            self._names.clear()
            self._encoded.clear()

    def name(self, address: int) -> str:
        """`module+0x1234`, or the address in hex where no module lies."""
        name = self._names.get(address)
        if name is None:
            if len(self._names) > _CACHED:
                self._names.clear()
            name = self._names[address] = self._find(address)
        return name

    def encoded(self, address: int) -> str:
        """`name` in JSON."""
        text = self._encoded.get(address)
        if text is None:
            if len(self._encoded) > _CACHED:
                self._encoded.clear()
            text = self._encoded[address] = encode_value(self._find(address))
        return text

    def _find(self, address: int) -> str:
        index = bisect_right(self._bases, address) - 1
        if index >= 0:
            base = self._bases[index]
            size, name = self._modules[base]
            if address < base + size:
                return f"{name}+0x{address - base:x}"
        return f"0x{address:x}"
