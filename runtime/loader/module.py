"""A module: one image mapped into a process, and what the loader knows of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runtime.loader.builtin import BuiltinImage
from runtime.loader.pe import Image
from runtime.loader.pe_tables import TlsDirectory

if TYPE_CHECKING:
    from runtime.loader.symbols import Symbols


@dataclass(slots=True, eq=False)
class Module:
    """One loaded image.

    `load_count` counts references as FreeLibrary sees them; -1 pins the module until the process ends.
    """

    name: str
    """Base name as the program sees it (`KERNEL32.DLL`)."""
    path: str
    """Full Windows path."""
    base: int
    size: int
    entry: int
    """Address of the entry point, 0 for none."""
    image: Image | None = None
    builtin: BuiltinImage | None = None
    entry_address: int = 0
    """Address of its LDR_DATA_TABLE_ENTRY."""
    load_count: int = 1
    dependencies: list[Module] = field(default_factory=list)
    tls: TlsDirectory | None = None
    tls_index: int = -1
    initialized: bool = False
    """DLL_PROCESS_ATTACH was delivered."""
    thread_calls: bool = True
    """Whether thread notifications are delivered (DisableThreadLibraryCalls)."""
    timestamp: int = 0
    missing: list[str] = field(default_factory=list)
    """Imports that nothing provides, as `dll!function`."""
    symbols: Symbols | None = None
    """Exports by address, once somebody has asked (`runtime.loader.symbols`)."""

    @property
    def end(self) -> int:
        """First address behind the image."""
        return self.base + self.size

    @property
    def is_dll(self) -> bool:
        """Whether DllMain is to be called."""
        return self.image is None or self.image.is_dll

    @property
    def preferred_base(self) -> int:
        """The base the image asks for."""
        return self.image.image_base if self.image is not None else self.base

    def export_names(self) -> tuple[str, ...]:
        """Names of all exports, sorted."""
        if self.builtin is not None:
            return tuple(sorted((*self.builtin.functions, *self.builtin.forwards)))
        return self.image.exports().names if self.image is not None else ()

    def state(self) -> dict[str, str | int | bool | None]:
        """What this module is, as plain data."""
        return {
            "name": self.name,
            "path": self.path,
            "base": self.base,
            "size": self.size,
            "entry": self.entry or None,
            "load_count": self.load_count,
            "builtin": self.builtin is not None,
        }
