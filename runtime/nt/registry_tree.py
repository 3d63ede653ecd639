"""The registry as a tree in memory, loaded key by key from its store when a program first looks.

This module knows names, values, links, volatile keys, time stamps, who watches and what changed; it knows nothing of
handles, access rights or guest memory (that is `registry.py`). Errors are NtError with the status the kernel gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from runtime.nt.casing import upcase
from runtime.nt.ntstatus import (
    STATUS_ACCESS_DENIED,
    STATUS_CANNOT_DELETE,
    STATUS_CHILD_MUST_BE_VOLATILE,
    STATUS_INVALID_PARAMETER,
    STATUS_KEY_DELETED,
    STATUS_NAME_TOO_LONG,
    STATUS_OBJECT_NAME_COLLISION,
    STATUS_OBJECT_NAME_INVALID,
    STATUS_OBJECT_NAME_NOT_FOUND,
    STATUS_OBJECT_PATH_SYNTAX_BAD,
    STATUS_REGISTRY_IO_FAILED,
)
from runtime.nt.registry_changes import ChangeLog
from runtime.nt.registry_store import KeyRow, RegistryStore, StoreError, ValueRow
from runtime.nt.registry_wow64 import redirect
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.nt.registry_hives import MountedHive

REG_NONE, REG_SZ, REG_EXPAND_SZ, REG_BINARY, REG_DWORD, REG_DWORD_BIG_ENDIAN = range(6)
REG_LINK, REG_MULTI_SZ, REG_RESOURCE_LIST, REG_FULL_RESOURCE_DESCRIPTOR, REG_RESOURCE_REQUIREMENTS_LIST = range(6, 11)
REG_QWORD = 11

REG_NOTIFY_CHANGE_NAME = 1
REG_NOTIFY_CHANGE_ATTRIBUTES = 2
REG_NOTIFY_CHANGE_LAST_SET = 4
REG_NOTIFY_CHANGE_SECURITY = 8

MAXIMUM_KEY_NAME = 256
MAXIMUM_VALUE_NAME = 16383
MAXIMUM_DEPTH = 512
LINK_VALUE = "SymbolicLinkValue"

_FLAG_LINK = 1
_FLAG_VOLATILE = 2
_MAXIMUM_LINKS = 64
_SEPARATORS = re.compile(r"\\+")

Watcher = Callable[["KeyNode", int, bool], None]
"""Called with the changed key, the REG_NOTIFY_CHANGE_* bit, and whether that key is the watched key itself."""


class KeyNode:
    """One key. Read its attributes freely; change it through its `Registry` only."""

    __slots__ = ("_seen_children", "_seen_values", "_sorted", "children", "class_name", "deleted", "fold",
                 "hive", "is_link", "name", "parent", "path", "provider", "security", "values", "volatile", "watchers",
                 "written")  # fmt: skip

    def __init__(self, parent: KeyNode | None, name: str, fold: str, row: KeyRow) -> None:
        self.parent = parent
        self.name = name
        self.fold = fold
        self.path: str = fold if parent is None else f"{parent.path}\\{fold}"
        """The folded path: how the store addresses the key."""
        self.class_name = row.class_name
        self.written = row.written
        """FILETIME of the last change of the key, its values or its list of subkeys."""
        self.security = row.security
        """Self-relative security descriptor, or None: that of the parent key."""
        self.is_link = bool(row.flags & _FLAG_LINK)
        self.volatile = bool(row.flags & _FLAG_VOLATILE)
        self.hive: MountedHive | None = parent.hive if parent is not None else None
        """The mounted hive file that the key is kept in."""
        self.deleted = False
        self.children: dict[str, KeyNode] | None = None
        self.values: dict[str, ValueRow] | None = None
        self.provider: Callable[[KeyNode], None] | None = None
        """Fills a volatile key when it is first looked into (hardware description)."""
        self.watchers: list[Watcher] = []
        self._sorted: list[KeyNode] | None = None
        self._seen_children = -1
        self._seen_values = -1

    def __repr__(self) -> str:
        return f"<KeyNode {self.full_name}{' deleted' if self.deleted else ''}>"

    @property
    def full_name(self) -> str:
        """The NT path in the case the keys were created with: `\\REGISTRY\\MACHINE\\…`."""
        names = []
        node: KeyNode | None = self
        while node is not None:
            names.append(node.name)
            node = node.parent
        return "\\" + "\\".join(reversed(names))

    @property
    def stored(self) -> bool:
        """Whether the key is kept in the machine's database."""
        return not self.volatile and self.hive is None

    def row(self) -> KeyRow:
        """Return what the store keeps of this key."""
        flags = _FLAG_LINK if self.is_link else 0
        return KeyRow(self.name, self.class_name, self.written, self.security, flags)

    def ancestors(self) -> Iterator[KeyNode]:
        """Yield this key and the keys above it."""
        node: KeyNode | None = self
        while node is not None:
            yield node
            node = node.parent


class RegistryTree:
    """All keys of a machine. `now` returns the time as a FILETIME. The caller serialises access (machine.lock)."""

    def __init__(self, store: RegistryStore, now: Callable[[], int]) -> None:
        self.store = store
        self.now = now
        self.changes = ChangeLog()
        self._persistent = store.path is not None
        self._generation = 0
        self.root = KeyNode(None, "REGISTRY", "REGISTRY", KeyRow("REGISTRY", None, 0, None, 0))
        if not self._persistent:
            self.root.children, self.root.values = {}, {}

    # looking

    def children(self, node: KeyNode) -> dict[str, KeyNode]:
        """Return the subkeys of a key by folded name. Raises NtError when the key was deleted."""
        if node.deleted:
            raise NtError(STATUS_KEY_DELETED)
        if node.provider is not None:
            provider, node.provider = node.provider, None
            provider(node)
        if self._persistent and node.stored:
            if self.store.changed_elsewhere():
                self._generation += 1
            if node._seen_children != self._generation:
                self._load_children(node)
        elif node.children is None:
            node.children = {}
        assert node.children is not None
        return node.children

    def values(self, node: KeyNode) -> dict[str, ValueRow]:
        """Return the values of a key by folded name, oldest first. Raises NtError when the key was deleted."""
        if node.deleted:
            raise NtError(STATUS_KEY_DELETED)
        if node.provider is not None:
            provider, node.provider = node.provider, None
            provider(node)
        if self._persistent and node.stored:
            if self.store.changed_elsewhere():
                self._generation += 1
            if node._seen_values != self._generation:
                self._load_values(node)
        elif node.values is None:
            node.values = {}
        assert node.values is not None
        return node.values

    def sorted_children(self, node: KeyNode) -> list[KeyNode]:
        """Return the subkeys in the order programs enumerate them: by upper-case name."""
        children = self.children(node)
        if node._sorted is None:
            node._sorted = [children[fold] for fold in sorted(children)]
        return node._sorted

    def value(self, node: KeyNode, name: str) -> ValueRow:
        """Return one value. Raises NtError(STATUS_OBJECT_NAME_NOT_FOUND)."""
        try:
            return self.values(node)[upcase(name)]
        except KeyError:
            raise NtError(STATUS_OBJECT_NAME_NOT_FOUND) from None

    def _load_children(self, node: KeyNode) -> None:
        node._seen_children = self._generation
        old = node.children
        pending = self.store.pending_keys(node.path) if old is not None else {}
        rows = dict(self.store.children(node.path))
        children: dict[str, KeyNode] = {}
        for fold, child in (old or {}).items():
            row = rows.get(fold)
            if not child.stored or fold in pending:
                children[fold] = child
            elif row is None:
                self._forget(child)
            else:
                child.class_name, child.written, child.security = row.class_name, row.written, row.security
                children[fold] = child
        for fold, row in rows.items():
            if fold not in children and fold not in pending:
                children[fold] = KeyNode(node, row.name, fold, row)
        node.children = children
        node._sorted = None

    def _load_values(self, node: KeyNode) -> None:
        node._seen_values = self._generation
        old = node.values or {}
        void, pending = self.store.pending_values(node.path) if node.values is not None else (False, {})
        values = {} if void else dict(self.store.values(node.path))
        for fold, row in pending.items():
            if row is None:
                values.pop(fold, None)
            else:
                values[fold] = row
        if old and old != values:
            self._notify(node, REG_NOTIFY_CHANGE_LAST_SET)
        node.values = values

    def _forget(self, node: KeyNode) -> None:
        """Mark a key that another machine deleted, and all below it that are in memory."""
        node.deleted = True
        for child in (node.children or {}).values():
            self._forget(child)
        self._notify(node, REG_NOTIFY_CHANGE_NAME)

    # names

    def find(self, path: str, *, open_link: bool = False) -> KeyNode | None:
        """Return the key at an absolute NT path (`\\REGISTRY\\MACHINE\\…`), or None."""
        try:
            return self.resolve(None, path, open_link=open_link)
        except NtError:
            return None

    def resolve(self, start: KeyNode | None, path: str, *, open_link: bool = False, wow64: bool = False) -> KeyNode:
        """Return the key at `path`: relative to `start`, or absolute when `start` is None.

        `open_link` opens a symbolic link itself; `wow64` takes the 32-bit view. Raises NtError:
        STATUS_OBJECT_NAME_NOT_FOUND, STATUS_OBJECT_PATH_SYNTAX_BAD for an absolute path below a start key,
        STATUS_KEY_DELETED.
        """
        node, names = self._start(start, path, wow64)
        return self._walk(node, names, open_link, 0)

    def resolve_parent(self, start: KeyNode | None, path: str, *, wow64: bool = False) -> tuple[KeyNode, str]:
        """Return the key that holds the last component of `path`, and that component's name; errors as `resolve`.

        The name is empty when the path names `start` itself.
        """
        node, names = self._start(start, path, wow64)
        if not names:
            return node, ""
        return self._walk(node, names[:-1], False, 0), names[-1]

    def _start(self, start: KeyNode | None, path: str, wow64: bool) -> tuple[KeyNode, list[str]]:
        names = [name for name in _SEPARATORS.split(path) if name]
        if start is not None:
            if path.startswith("\\"):
                raise NtError(STATUS_OBJECT_PATH_SYNTAX_BAD)
            if start.deleted:
                raise NtError(STATUS_KEY_DELETED)
            node = start
        else:
            if not path.startswith("\\"):
                raise NtError(STATUS_OBJECT_PATH_SYNTAX_BAD)
            if not names or upcase(names[0]) != "REGISTRY":
                raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
            node, names = self.root, names[1:]
        if wow64:
            redirected = redirect(node.path, names)
            if redirected is not None:
                return self.root, redirected
        return node, names

    def _walk(self, node: KeyNode, names: list[str], open_link: bool, links: int) -> KeyNode:
        last = len(names) - 1
        for index, name in enumerate(names):
            if node.is_link:
                node = self._follow(node, links)
            if index and node._seen_children == self._generation and not node.deleted and node.provider is None:
                # Loaded, and whether another machine has changed something was asked for the first component.
                assert node.children is not None
                child = node.children.get(upcase(name))
            else:
                child = self.children(node).get(upcase(name))
            if child is None:
                raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
            node = child
            if index == last and open_link:
                return node
        return self._follow(node, links) if node.is_link and not (open_link and not names) else node

    def _follow(self, node: KeyNode, links: int) -> KeyNode:
        while node.is_link:
            links += 1
            if links > _MAXIMUM_LINKS:
                raise NtError(STATUS_NAME_TOO_LONG)
            link = self.values(node).get(upcase(LINK_VALUE))
            if link is None:
                raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
            target = link.data.decode("utf-16-le", "surrogatepass").rstrip("\0")
            start, names = self._start(None, target, False)
            node = self._walk(start, names, True, links)
        return node

    # changing

    def create(self, parent: KeyNode, name: str, *, class_name: str | None = None, volatile: bool = False,
               link: bool = False, security: bytes | None = None) -> KeyNode:  # fmt: skip
        """Create a subkey. Raises NtError: STATUS_OBJECT_NAME_COLLISION, STATUS_CHILD_MUST_BE_VOLATILE, or
        STATUS_INVALID_PARAMETER for a name over 256 characters.
        """
        children = self.children(parent)
        if not name or "\\" in name:
            raise NtError(STATUS_OBJECT_NAME_INVALID)
        if _units(name) > MAXIMUM_KEY_NAME or parent.path.count("\\") + 2 > MAXIMUM_DEPTH:
            raise NtError(STATUS_INVALID_PARAMETER)
        fold = upcase(name)
        if fold in children:
            raise NtError(STATUS_OBJECT_NAME_COLLISION)
        if parent.volatile and not volatile:
            raise NtError(STATUS_CHILD_MUST_BE_VOLATILE)
        flags = (_FLAG_LINK if link else 0) | (_FLAG_VOLATILE if volatile else 0)
        node = KeyNode(parent, name, fold, KeyRow(name, class_name, self.now(), security, flags))
        node.children, node.values = {}, {}
        node._seen_children = node._seen_values = self._generation
        children[fold] = node
        parent._sorted = None
        self.changes.created(node)
        if node.stored:
            self.store.put_key(parent.path, fold, node.row())
        self._touch(parent)
        self._notify(parent, REG_NOTIFY_CHANGE_NAME)
        return node

    def create_path(self, path: str, *, volatile: bool = False) -> KeyNode:
        """Return the key at an absolute NT path, creating what is missing of it."""
        node, names = self._start(None, path, False)
        for name in names:
            if node.is_link:
                node = self._follow(node, 0)
            node = self.children(node).get(upcase(name)) or self.create(
                node, name, volatile=volatile or node.volatile
            )
        return self._follow(node, 0)

    def delete(self, node: KeyNode) -> None:
        """Delete a key without subkeys. Raises NtError(STATUS_CANNOT_DELETE) if it has some or is a root."""
        if node.parent is None or node.parent.parent is None or self.children(node):
            raise NtError(STATUS_CANNOT_DELETE)
        self.changes.deleting(node, self.values(node))
        self._unlink(node)
        node.deleted = True
        for watcher in tuple(node.watchers):
            watcher(node, REG_NOTIFY_CHANGE_NAME, True)
        self._notify(node.parent, REG_NOTIFY_CHANGE_NAME)

    def delete_tree(self, node: KeyNode) -> None:
        """Delete a key and everything below it."""
        for child in tuple(self.children(node).values()):
            self.delete_tree(child)
        self.delete(node)

    def _unlink(self, node: KeyNode) -> None:
        parent = node.parent
        assert parent is not None
        del self.children(parent)[node.fold]
        parent._sorted = None
        if node.stored:
            self.store.delete_key(parent.path, node.fold)
        self._touch(parent)

    def mount(self, parent: KeyNode, name: str, hive: MountedHive) -> KeyNode:
        """Make the key that a hive file is mounted at: neither it nor what is below it is stored here."""
        children = self.children(parent)
        fold = upcase(name)
        if not name or "\\" in name or fold in children:
            raise NtError(STATUS_OBJECT_NAME_INVALID)
        node = KeyNode(parent, name, fold, KeyRow(name, None, self.now(), None, 0))
        node.hive, node.children, node.values = hive, {}, {}
        children[fold] = node
        parent._sorted = None
        self._notify(parent, REG_NOTIFY_CHANGE_NAME)
        return node

    def forget(self, node: KeyNode) -> None:
        """Take a mounted key and all below it away; its file has it."""
        assert node.parent is not None
        self.children(node.parent).pop(node.fold, None)
        node.parent._sorted = None
        self._forget(node)

    def rename(self, node: KeyNode, name: str) -> None:
        """Give a key another name beside its siblings. Raises NtError: STATUS_CANNOT_DELETE (a root),
        STATUS_OBJECT_NAME_COLLISION, STATUS_INVALID_PARAMETER.
        """
        parent = node.parent
        if parent is None or parent.parent is None:
            raise NtError(STATUS_ACCESS_DENIED)
        if not name or "\\" in name or _units(name) > MAXIMUM_KEY_NAME:
            raise NtError(STATUS_INVALID_PARAMETER)
        fold = upcase(name)
        siblings = self.children(parent)
        if siblings.get(fold, node) is not node:
            raise NtError(STATUS_OBJECT_NAME_COLLISION)
        subtree = list(self.walk(node))
        for key in subtree:
            self.changes.deleting(key, self.values(key))
        for key in reversed(subtree):
            if key.stored:
                assert key.parent is not None
                self.store.delete_key(key.parent.path, key.fold)
        del siblings[node.fold]
        node.name, node.fold = name, fold
        siblings[fold] = node
        parent._sorted = None
        node.written = self.now()
        for key in subtree:
            assert key.parent is not None
            key.path = f"{key.parent.path}\\{key.fold}"
            self.changes.created(key)
            for value_fold in self.values(key):
                self.changes.setting(key, value_fold, None)
            if key.stored:
                self.store.put_key(key.parent.path, key.fold, key.row())
                for value_fold, row in self.values(key).items():
                    self.store.put_value(key.path, value_fold, row)
        self._touch(parent)
        self._notify(parent, REG_NOTIFY_CHANGE_NAME)

    def walk(self, node: KeyNode) -> Iterator[KeyNode]:
        """Yield a key and everything below it, parents first, in enumeration order."""
        yield node
        for child in tuple(self.sorted_children(node)):
            yield from self.walk(child)

    def set_value(self, node: KeyNode, name: str, kind: int, data: bytes) -> None:
        """Set a value. Raises NtError: STATUS_KEY_DELETED, STATUS_INVALID_PARAMETER for a name over 16383 characters,
        STATUS_ACCESS_DENIED for anything but the target in a symbolic link.
        """
        if len(name) * 2 > MAXIMUM_VALUE_NAME and _units(name) > MAXIMUM_VALUE_NAME:
            raise NtError(STATUS_INVALID_PARAMETER)
        values = self.values(node)
        fold = upcase(name)
        if node.is_link and (fold != upcase(LINK_VALUE) or kind != REG_LINK):
            raise NtError(STATUS_ACCESS_DENIED)
        old = values.get(fold)
        row = ValueRow(old.name if old else name, kind, data)
        self.changes.setting(node, fold, old)
        values[fold] = row
        if node.stored:
            self.store.put_value(node.path, fold, row)
        self._touch(node)
        self._notify(node, REG_NOTIFY_CHANGE_LAST_SET)

    def delete_value(self, node: KeyNode, name: str) -> None:
        """Delete a value. Raises NtError(STATUS_OBJECT_NAME_NOT_FOUND)."""
        values = self.values(node)
        fold = upcase(name)
        if fold not in values:
            raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
        self.changes.setting(node, fold, values.pop(fold))
        if node.stored:
            self.store.delete_value(node.path, fold)
        self._touch(node)
        self._notify(node, REG_NOTIFY_CHANGE_LAST_SET)

    def set_security(self, node: KeyNode, security: bytes) -> None:
        """Give a key its own security descriptor (self-relative bytes)."""
        self.children(node)
        node.security = security
        self._touch(node)
        self._notify(node, REG_NOTIFY_CHANGE_SECURITY)

    def set_written(self, node: KeyNode, written: int) -> None:
        """Set the last write time (FILETIME), as NtSetInformationKey does."""
        self.children(node)
        node.written = written
        self._store(node)

    def _touch(self, node: KeyNode) -> None:
        node.written = self.now()
        self._store(node)

    def _store(self, node: KeyNode) -> None:
        if node.stored and node.parent is not None:
            self.store.put_key(node.parent.path, node.fold, node.row())

    def _notify(self, node: KeyNode, kind: int) -> None:
        key: KeyNode | None = node
        while key is not None:
            if key.watchers:
                for watcher in tuple(key.watchers):
                    watcher(node, kind, key is node)
            key = key.parent

    def flush(self) -> None:
        """Put all changes on the disk. Raises NtError(STATUS_REGISTRY_IO_FAILED)."""
        try:
            self.store.flush()
        except StoreError as error:
            raise NtError(STATUS_REGISTRY_IO_FAILED) from error


def _units(text: str) -> int:
    """Return the length of a name in UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)
