"""State that Windows keeps in a DLL's data, once per process: predefined registry keys, COM apartments, sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from runtime.nt.process import Process

T = TypeVar("T")


def process_state(process: Process, kind: type[T]) -> T:
    """Return the process's one object of class `kind`, made at its first use by calling `kind()`."""
    found = process.dll_state.get(kind)
    if found is None:
        found = process.dll_state[kind] = kind()
    assert isinstance(found, kind)
    return found
