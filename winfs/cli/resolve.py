"""Where an imported function would come from, told without running anything: for `winfs info` and `winfs check`."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from runtime import dlls
from runtime.config import MachineConfig
from runtime.loader import apiset, builtin
from runtime.loader.order import Source, host_file
from runtime.loader.pe import Image, ImageError
from runtime.loader.pe_tables import ExportTable, ImportedSymbol

NO_DLL: Final = "missing: no such DLL"


class Found(StrEnum):
    """Who serves an import."""

    PYTHON = "Python"
    GUEST = "guest code"
    FILE = "file"
    MISSING = "missing"


class Resolution(NamedTuple):
    """Who serves an import and, in words, where; for a missing one, why."""

    found: Found
    where: str


@cache
def _guest_exports(dll: str) -> ExportTable | None:
    """The exports of a guest DLL that stands for a whole Windows DLL (msvcrt.dll, …)."""
    path = builtin.guest_dlls().get(dll)
    return Image.open(path).exports() if path is not None else None


class Resolver:
    """Resolves the imports of one program as the loader of a machine would."""

    def __init__(self, folder: Path, config: MachineConfig) -> None:
        """`folder` holds the program."""
        drive = config.drive("C")
        assert drive is not None
        self._searched = (folder, drive.path / "Windows" / "System32")
        self._order = config.dlls
        self._files: dict[str, Image | None] = {}
        self.problems: dict[str, str] = {}
        """By DLL name, why a file that would be taken cannot be loaded."""

    def file(self, dll: str) -> Image | None:
        """The file that `dll` means, opened; None for winfs's own DLL, and for one that is missing or cannot be loaded.

        API sets are never files.
        """
        name = (apiset.host_of(dll) or dll).lower()
        if name not in self._files:
            path = self._path(name)
            try:
                self._files[name] = Image.open(path) if path else None
            except ImageError as error:
                self._files[name] = None
                self.problems[name] = str(error)
        return self._files[name]

    def _path(self, name: str) -> Path | None:
        for source in self._order.sources(name, is_builtin=builtin.is_builtin(name)):
            if source is Source.BUILTIN:
                return None
            if source is Source.FOLDERS:
                found = self._order.file(name)
            else:
                found = next(filter(None, (host_file(folder, name) for folder in self._searched)), None)
            if found is not None:
                return found
        return None

    def is_built_in(self, dll: str) -> bool:
        """Whether winfs's own DLL serves this name, or the API set of this name."""
        name = (apiset.host_of(dll) or dll).lower()
        if self.file(dll) is not None or name in self.problems or not builtin.is_builtin(name):
            return False
        return Source.BUILTIN in self._order.sources(name, is_builtin=True)

    def resolve(self, dll: str, symbol: ImportedSymbol) -> Resolution:
        """Who serves `dll!symbol`."""
        host = apiset.host_of(dll)
        label = f" ({host})" if host is not None else ""
        if not self.is_built_in(dll):
            return self._in_file(dll, symbol)
        found = self._built_in((host or dll).lower(), symbol)
        return Resolution(found, f"{found}{label}")

    def _built_in(self, name: str, symbol: ImportedSymbol) -> Found:
        exports = _guest_exports(name)
        if exports is not None:
            by_name = exports.by_name(symbol.name) if symbol.name is not None else exports.by_ordinal(symbol.ordinal)
            return Found.GUEST if by_name is not None else Found.MISSING
        dll = dlls.find(name)
        text = symbol.name
        if text is None and dll is not None:
            text = dll.ordinals.get(symbol.ordinal)
        if text is not None:
            if text in builtin.guest_functions().get(name, {}):
                return Found.GUEST
            if dll is not None and text in dll.exports:
                return Found.PYTHON
            if dll is not None and text in dll.forwards:
                target, _, function = dll.forwards[text].partition(".")
                return self.resolve(f"{target}.dll", ImportedSymbol(function, 0, 0, 0)).found
        alias = builtin.ALIASES.get(name)
        return self._built_in(alias, symbol) if alias is not None else Found.MISSING

    def _in_file(self, dll: str, symbol: ImportedSymbol) -> Resolution:
        image = self.file(dll)
        if image is None:
            problem = self.problems.get((apiset.host_of(dll) or dll).lower())
            return Resolution(Found.MISSING, f"missing: {problem}" if problem is not None else NO_DLL)
        try:
            exports = image.exports()
            export = exports.by_name(symbol.name) if symbol.name is not None else exports.by_ordinal(symbol.ordinal)
        except ImageError as error:
            return Resolution(Found.MISSING, f"missing: {error}")
        if export is None:
            return Resolution(Found.MISSING, f"missing: {Path(image.path).name} does not export it")
        return Resolution(Found.FILE, Path(image.path).name)
