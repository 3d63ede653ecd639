"""What programs changed in the registry since boot or since a mark.

Only the state *before* the first change of each key and value is kept, so the cost is that of what changed; comparing
it with the present gives the changes, and a value set back to what it was is none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runtime.nt.registry_store import ValueRow

if TYPE_CHECKING:
    from runtime.nt.registry_tree import KeyNode


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `kind` is A (added), M (modified) or D (deleted); `value` is None for the key itself."""

    kind: str
    path: str
    value: str | None
    before: ValueRow | None
    after: ValueRow | None


@dataclass(slots=True)
class _Before:
    name: str
    existed: bool
    values: dict[str, ValueRow | None] = field(default_factory=dict)


class ChangeLog:
    """Notes first changes. `mark` starts afresh."""

    def __init__(self) -> None:
        self._keys: dict[str, _Before] = {}
        self.enabled = True
        """Off while a machine is set up."""

    def mark(self) -> None:
        """Forget everything: changes count from now on."""
        self._keys.clear()

    def created(self, node: KeyNode) -> None:
        """A key is new."""
        if self.enabled and node.path not in self._keys:
            self._keys[node.path] = _Before(node.full_name, False)

    def deleting(self, node: KeyNode, values: dict[str, ValueRow]) -> None:
        """A key is about to be deleted with these values."""
        if self.enabled:
            before = self._keys.get(node.path)
            if before is None:
                before = self._keys[node.path] = _Before(node.full_name, True)
            for fold, row in values.items():
                before.values.setdefault(fold, row if before.existed else None)

    def setting(self, node: KeyNode, fold: str, old: ValueRow | None) -> None:
        """A value is about to be set or deleted; `old` is what it was."""
        if self.enabled:
            before = self._keys.get(node.path)
            if before is None:
                before = self._keys[node.path] = _Before(node.full_name, True)
            before.values.setdefault(fold, old)

    def changes(self, current: Callable[[str], tuple[str, dict[str, ValueRow]] | None]) -> list[Change]:
        """Compare with the present, sorted by path. `current` returns a key's name and values by path, or None."""
        found = []
        for path, before in sorted(self._keys.items()):
            now = current(path)
            name = before.name if now is None else now[0]
            if now is None:
                if before.existed:
                    found.append(Change("D", name, None, None, None))
                continue
            if not before.existed:
                found.append(Change("A", name, None, None, None))
            for fold, old in sorted(before.values.items()):
                new = now[1].get(fold)
                if new != old:
                    row = new or old
                    assert row is not None
                    kind = "A" if old is None else "D" if new is None else "M"
                    found.append(Change(kind, name, row.name, old, new))
        return found
