"""The emulated Windows machine, as a library; `docs/library.md` shows how to use it.

Nothing is imported until it is asked for: starting up fast is a feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.config import MachineConfig, load_config, machine_folder
    from runtime.machine import Machine, open_machine
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread
    from runtime.trace.events import Event

__all__ = ["Event", "Machine", "MachineConfig", "Process", "Thread", "load_config", "machine_folder", "open_machine"]

_HOMES = {
    "Event": "runtime.trace.events",
    "Machine": "runtime.machine",
    "MachineConfig": "runtime.config",
    "Process": "runtime.nt.process",
    "Thread": "runtime.nt.thread",
    "load_config": "runtime.config",
    "machine_folder": "runtime.config",
    "open_machine": "runtime.machine",
}


def __getattr__(name: str) -> object:
    import importlib

    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'runtime' has no attribute {name!r}")
    return vars(importlib.import_module(home))[name]
