"""The registry of a Windows 10 22H2 (build 19045) machine.

`open_registry` opens the database; a new one gets the keys programs ask for (`presets.py`), and every start adds
the keys that live only as long as the machine runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.nt.accounts import Accounts
from runtime.nt.processor import Processor
from runtime.nt.registry import Registry
from runtime.nt.registry_tree import REG_SZ, KeyNode, RegistryTree

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """What the presets are filled in with."""

    computer: str
    user: str
    accounts: Accounts
    processor: Processor

    @property
    def machine_guid(self) -> str:
        """MachineGuid: follows from the computer's domain SID, so it is stable."""
        digest = hashlib.sha256(b"MachineGuid " + self.accounts.domain.pack()).hexdigest()
        return "-".join((digest[:8], digest[8:12], f"4{digest[13:16]}", f"8{digest[17:20]}", digest[20:32]))

    @property
    def profile(self) -> str:
        """The user's profile folder."""
        return f"C:\\Users\\{self.user}"


def open_registry(path: Path | None, facts: MachineFacts, now: Callable[[], int]) -> Registry:
    """Open the registry of a machine: the database at `path`, or one in memory for None. `now` gives FILETIMEs.

    Raises StoreError.
    """
    registry = Registry(path, now, str(facts.accounts.user))
    if registry.tree.store.created:
        from runtime.nt.registry_defaults.presets import populate

        populate(registry.tree.store, registry.tree, facts)
    boot(registry.tree, facts)
    return registry


def text(value: str) -> bytes:
    """Return a string as REG_SZ data."""
    return (value + "\0").encode("utf-16-le", "surrogatepass")


def boot(tree: RegistryTree, facts: MachineFacts) -> None:
    """Make the volatile keys of a running machine."""
    tree.changes.enabled = False
    try:
        machine = tree.create_path("\\REGISTRY\\MACHINE")
        if "HARDWARE" not in tree.children(machine):
            hardware = tree.create(machine, "HARDWARE", volatile=True)
            hardware.provider = _hardware(tree, facts.processor)
        user = tree.create_path(f"\\REGISTRY\\USER\\{facts.accounts.user}")
        if "VOLATILE ENVIRONMENT" not in tree.children(user):
            volatile = tree.create(user, "Volatile Environment", volatile=True)
            for name, value in (
                ("APPDATA", f"{facts.profile}\\AppData\\Roaming"), ("HOMEDRIVE", "C:"), ("HOMEPATH", facts.profile[2:]),
                ("LOCALAPPDATA", f"{facts.profile}\\AppData\\Local"), ("LOGONSERVER", f"\\\\{facts.computer}"),
                ("USERDOMAIN", facts.computer), ("USERDOMAIN_ROAMINGPROFILE", facts.computer),
                ("USERNAME", facts.user), ("USERPROFILE", facts.profile),
            ):  # fmt: skip
                tree.set_value(volatile, name, REG_SZ, text(value))
            session = tree.create(volatile, "1", volatile=True)
            tree.set_value(session, "CLIENTNAME", REG_SZ, text(""))
            tree.set_value(session, "SESSIONNAME", REG_SZ, text("Console"))
    finally:
        tree.changes.enabled = True


def _hardware(tree: RegistryTree, processor: Processor) -> Callable[[KeyNode], None]:
    def fill(node: KeyNode) -> None:
        from runtime.nt.registry_defaults.hardware import describe

        describe(tree, node, processor)

    return fill
