"""The registry as people edit it: by the key paths they know (`HKEY_LOCAL_MACHINE\\…`), no handles, no access rights.

For tools beside the machine: whoever may write the machine folder may change its registry. The caller serialises access
(machine.lock). Walks over many keys are generators, so the lock may be let go between two steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runtime.nt import regfile
from runtime.nt.casing import upcase
from runtime.nt.ntstatus import (
    STATUS_ACCESS_DENIED,
    STATUS_CANNOT_DELETE,
    STATUS_CHILD_MUST_BE_VOLATILE,
    STATUS_INVALID_PARAMETER,
    STATUS_KEY_DELETED,
    STATUS_NAME_TOO_LONG,
    STATUS_OBJECT_NAME_INVALID,
    STATUS_OBJECT_NAME_NOT_FOUND,
)
from runtime.nt.registry import Key, Registry
from runtime.nt.registry_store import ValueRow
from runtime.nt.registry_tree import LINK_VALUE, KeyNode
from runtime.nt.status import NtError

_REASONS = {
    STATUS_OBJECT_NAME_NOT_FOUND: "no such key",
    STATUS_KEY_DELETED: "the key was deleted",
    STATUS_CANNOT_DELETE: "the key cannot be deleted",
    STATUS_CHILD_MUST_BE_VOLATILE: "exists only while the machine runs; nothing that lasts can be made in it",
    STATUS_INVALID_PARAMETER: "a name is too long",
    STATUS_OBJECT_NAME_INVALID: "not a key's name",
    STATUS_NAME_TOO_LONG: "a link that leads to itself",
    STATUS_ACCESS_DENIED: "nothing can be set there",
}


class RegistryEditError(Exception):
    """What was asked for cannot be done; `str()` is one line that names the key."""


@dataclass(frozen=True, slots=True)
class KeyListing:
    """One key: its path as people know it, its values in enumeration order, the names of its subkeys.

    `link` is where a symbolic link leads (an NT path); such a key has nothing else.
    """

    path: str
    values: tuple[ValueRow, ...]
    subkeys: tuple[str, ...]
    link: str | None = None


class RegistryEditor:
    """Looks at and changes one registry. `running` says whether it is that of a booted machine.

    Only there can keys be changed that live as long as the machine does (`HKEY_LOCAL_MACHINE\\HARDWARE`).
    """

    def __init__(self, registry: Registry, *, running: bool) -> None:
        self._registry = registry
        self._tree = registry.tree
        self._running = running

    # looking

    def list_keys(self, path: str, *, recursive: bool = False) -> Iterator[KeyListing]:
        """Yield the key at `path` and, if `recursive`, all below it, parents first; symbolic links are not followed.

        HKEY_CLASSES_ROOT is the user's classes laid over the machine's. Raises RegistryEditError.
        """
        key, shown = self._open(path)
        return self._list(key, shown, recursive=recursive)

    def _list(self, key: Key, shown: str, *, recursive: bool) -> Iterator[KeyListing]:
        try:
            children = key.subkeys()
            yield KeyListing(shown, tuple(key.values()), tuple(child.name for child in children), _link_of(key))
        except NtError:  # deleted since its parent was listed
            return
        if recursive:
            for child in children:
                try:
                    below = self._child(key, child)
                except NtError:
                    continue
                yield from self._list(below, f"{shown}\\{child.name}", recursive=True)

    def _child(self, key: Key, node: KeyNode) -> Key:
        """The subkey `node` of a key; of a merged one with what both halves have."""
        child = Key(self._registry, node, merged=key.merged)
        if key.machine_node is not None:
            below = self._tree.children(key.machine_node).get(node.fold)
            child.machine_node = below if below is not node else None
        return child

    def _open(self, path: str) -> tuple[Key, str]:
        """The key at a path and the path in full, as its keys spell it."""
        root, _, rest = path.rstrip("\\").partition("\\")
        nt_path = self._nt_path(path)
        root = next(full for full, short in regfile.PREDEFINED if upcase(root) in (full, short))
        try:
            if root == "HKEY_CLASSES_ROOT":
                key = self._registry.classes_root()
                names = [root]
                for name in filter(None, rest.split("\\")):
                    node = next((child for child in key.subkeys() if child.fold == upcase(name)), None)
                    if node is None:
                        raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
                    key = self._child(key, node)
                    names.append(node.name)
                return key, "\\".join(names)
            node = self._tree.resolve(None, nt_path)
        except NtError as error:
            raise _explained(path, error) from None
        return Key(self._registry, node), f"{root}\\{rest}" if rest else root

    def _nt_path(self, path: str) -> str:
        try:
            return regfile.nt_path(path.rstrip("\\"), self._registry.user_sid)
        except ValueError as error:
            raise RegistryEditError(str(error)) from None

    def export(self, path: str) -> Iterator[str]:
        """Yield the text of a registry file, without its header, a piece for each key at and below `path`.

        Keys that live only as long as the machine are left out unless `path` is one; so are symbolic links, for which
        there is a comment. Raises RegistryEditError.
        """
        key, shown = self._open(path)
        return self._export(key, shown, volatile=key.node.volatile)

    def _export(self, key: Key, shown: str, *, volatile: bool) -> Iterator[str]:
        try:
            link = _link_of(key)
            if link is not None:
                yield f"; {shown} is a link to {link}\r\n\r\n"
                return
            yield regfile.format_key(shown, key.values())
            children = [child for child in key.subkeys() if volatile or not child.volatile]
        except NtError:
            return
        for child in children:
            try:
                below = self._child(key, child)
            except NtError:
                continue
            yield from self._export(below, f"{shown}\\{child.name}", volatile=volatile)

    # changing

    def apply(self, operations: Iterable[regfile.Operation]) -> None:
        """Do what a registry file says, in order. What is to be deleted and is not there is no error, as with regedit.

        Raises RegistryEditError; what came before stays done.
        """
        for operation in operations:
            try:
                self._apply(operation)
            except NtError as error:
                raise _explained(operation.path, error) from None

    def _apply(self, operation: regfile.Operation) -> None:
        nt_path = self._nt_path(operation.path)
        match operation:
            case regfile.SetKey():
                self._lasting(self._made(nt_path), operation.path)
            case regfile.SetValue(_, name, kind, data):
                node = self._lasting(self._made(nt_path), operation.path)
                self._tree.set_value(node, name, kind, data)
            case regfile.DeleteValue(_, name):
                found = self._tree.find(nt_path)
                if found is not None and upcase(name) in self._tree.values(found):
                    self._tree.delete_value(self._lasting(found, operation.path), name)
            case regfile.DeleteKey():
                if "\\" not in operation.path.rstrip("\\"):
                    raise RegistryEditError(f"{operation.path}: a predefined key cannot be deleted")
                found = self._tree.find(nt_path, open_link=True)
                if found is not None:
                    self._tree.delete_tree(self._lasting(found, operation.path))

    def _made(self, nt_path: str) -> KeyNode:
        """The key at a path, made if it is missing; as its parent, it may live only as long as the machine."""
        node = self._tree.find(nt_path)
        if node is not None:
            return node
        above, _, name = nt_path.rpartition("\\")
        if not above:
            raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
        if not name:
            return self._made(above)
        parent = self._made(above)
        if parent.parent is None:
            raise NtError(STATUS_ACCESS_DENIED)
        return self._tree.create(parent, name, volatile=parent.volatile)

    def _lasting(self, node: KeyNode, path: str) -> KeyNode:
        if node.volatile and not self._running:
            raise RegistryEditError(f"{path}: exists only while the machine runs, and it does not")
        return node

    def delete_key(self, path: str) -> None:
        """Delete a key and all below it. Raises RegistryEditError, also when it is not there."""
        if self._tree.find(self._nt_path(path), open_link=True) is None:
            raise RegistryEditError(f"{path}: no such key")
        self.apply([regfile.DeleteKey(path)])

    def delete_value(self, path: str, name: str) -> None:
        """Delete a value; the default one has the name ''. Raises RegistryEditError, also when it is not there."""
        node = self._tree.find(self._nt_path(path))
        if node is None:
            raise RegistryEditError(f"{path}: no such key")
        if upcase(name) not in self._tree.values(node):
            raise RegistryEditError(f"{path}: no value {name!r}" if name else f"{path}: no default value")
        self.apply([regfile.DeleteValue(path, name)])


def _link_of(key: Key) -> str | None:
    if not key.node.is_link:
        return None
    row = key.registry.tree.values(key.node).get(upcase(LINK_VALUE))
    return row.data.decode("utf-16-le", "replace").rstrip("\0") if row is not None else ""


def _explained(path: str, error: NtError) -> RegistryEditError:
    return RegistryEditError(f"{path}: {_REASONS.get(error.status, str(error))}")
