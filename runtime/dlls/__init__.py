"""The Win32 faces: one package per DLL. `find` loads a DLL's package when a program first asks for it."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from runtime.dlls.export import Dll


@cache
def names() -> tuple[str, ...]:
    """Return the file names of all DLLs that have Python exports, sorted."""
    return tuple(sorted(f"{info.name}.dll" for info in pkgutil.iter_modules(__path__) if info.ispkg))


@cache
def find(name: str) -> Dll | None:
    """Return the Python exports of the DLL with file name `name` (any case, with `.dll`), or None.

    A DLL is the package `runtime.dlls.<stem>`; its modules, one per Windows header, are all imported here, and the
    package's `dll` module holds the `Dll`, in a variable named like the package.
    """
    lowered = name.lower()
    if lowered not in names():
        return None
    stem = lowered.removesuffix(".dll")
    package = importlib.import_module(f"runtime.dlls.{stem}")
    for info in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{info.name}")
    dll = getattr(importlib.import_module(f"{package.__name__}.dll"), stem)
    assert isinstance(dll, Dll)
    return dll
