"""Where an imported function would come from, told without running anything: for `winfs info` and `winfs check`."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

import runtime.dlls
from runtime.guest import spec
from runtime.loader import apiset
from runtime.loader.pe import Image, ImageError
from runtime.loader.pe_tables import ExportTable, ImportedSymbol

GUEST_FOLDER = Path(spec.__file__).parent / "bin"


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
def _forwarded() -> dict[str, frozenset[str]]:
    """What ntrtl.dll implements, by the system DLL it belongs to."""
    names: dict[str, set[str]] = {}
    for export in spec.library_exports():
        names.setdefault(export.dll.lower(), set()).add(export.name)
    return {dll: frozenset(found) for dll, found in names.items()}


@cache
def _guest_exports(dll: str) -> ExportTable | None:
    """The exports of a guest DLL that stands for a whole Windows DLL (msvcrt.dll, …)."""
    path = GUEST_FOLDER / dll
    return Image.open(path).exports() if path.is_file() else None


class Resolver:
    """Resolves the imports of one program: built-in DLLs first, then the files beside it."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds the program."""
        try:
            self._beside = {entry.name.lower(): entry for entry in folder.iterdir()}
        except OSError:
            self._beside = {}
        self._files: dict[str, Image | None] = {}

    def file(self, dll: str) -> Image | None:
        """The DLL file beside the program, opened; None when there is none or it cannot be loaded."""
        name = dll.lower()
        if name not in self._files:
            path = self._beside.get(name)
            try:
                self._files[name] = Image.open(path) if path else None
            except ImageError:
                self._files[name] = None
        return self._files[name]

    def is_built_in(self, dll: str) -> bool:
        """Whether winfs brings this DLL (its name without API set indirection)."""
        name = dll.lower()
        return runtime.dlls.find(name) is not None or name in _forwarded() or _guest_exports(name) is not None

    def resolve(self, dll: str, symbol: ImportedSymbol) -> Resolution:
        """Who serves `dll!symbol`."""
        host = apiset.resolve(dll)
        label = f" ({host})" if host is not None else ""
        name = (host or dll).lower()
        if not self.is_built_in(name):
            return self._in_file(dll, symbol)
        built_in = runtime.dlls.find(name)
        text = symbol.name
        if text is None and built_in is not None:
            text = built_in.ordinals.get(symbol.ordinal)
        if text is not None:
            if built_in is not None and text in built_in.exports:
                return Resolution(Found.PYTHON, f"Python{label}")
            if text in _forwarded().get(name, frozenset()):
                return Resolution(Found.GUEST, f"guest code{label}")
            if built_in is not None and text in built_in.forwards:
                target, _, function = built_in.forwards[text].partition(".")
                return self.resolve(f"{target}.dll", ImportedSymbol(function, 0, 0, 0))
        exports = _guest_exports(name)
        if exports is not None:
            export = exports.by_name(text) if text is not None else exports.by_ordinal(symbol.ordinal)
            if export is not None:
                return Resolution(Found.GUEST, f"guest code{label}")
        return Resolution(Found.MISSING, f"missing{label}")

    def _in_file(self, dll: str, symbol: ImportedSymbol) -> Resolution:
        image = self.file(dll)
        if image is None:
            return Resolution(Found.MISSING, "missing: no such DLL")
        try:
            exports = image.exports()
            export = exports.by_name(symbol.name) if symbol.name is not None else exports.by_ordinal(symbol.ordinal)
        except ImageError as error:
            return Resolution(Found.MISSING, f"missing: {error}")
        if export is None:
            return Resolution(Found.MISSING, f"missing: {Path(image.path).name} does not export it")
        return Resolution(Found.FILE, Path(image.path).name)
