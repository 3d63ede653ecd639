"""The registry as the kernel shows it: key objects with access rights, merged views, notifications.

`Registry` belongs to the machine. `open` and `create` make `Key` objects, which handles refer to; several may stand for
one key. The tree of keys and values below is `registry_tree.py`, what a new machine holds is `registry_defaults`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from runtime.nt.casing import upcase
from runtime.nt.ntstatus import (
    STATUS_ACCESS_DENIED,
    STATUS_INVALID_PARAMETER,
    STATUS_KEY_DELETED,
    STATUS_NOTIFY_CLEANUP,
    STATUS_OBJECT_NAME_COLLISION,
    STATUS_OBJECT_NAME_NOT_FOUND,
    STATUS_OBJECT_TYPE_MISMATCH,
    STATUS_SUCCESS,
)
from runtime.nt.object import Namespace, Object, ObjectAttributes, ObjectType
from runtime.nt.registry_changes import Change
from runtime.nt.registry_store import RegistryStore, ValueRow
from runtime.nt.registry_tree import KeyNode, RegistryTree
from runtime.nt.security import GenericMapping, SecurityDescriptor, Subject, access_check
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from pathlib import Path

    from runtime.nt.handles import HandleTable
    from runtime.nt.registry_hives import MountedHive

log = logging.getLogger(__name__)

KEY_QUERY_VALUE = 0x1
KEY_SET_VALUE = 0x2
KEY_CREATE_SUB_KEY = 0x4
KEY_ENUMERATE_SUB_KEYS = 0x8
KEY_NOTIFY = 0x10
KEY_CREATE_LINK = 0x20
KEY_WOW64_64KEY = 0x100
KEY_WOW64_32KEY = 0x200
KEY_WOW64_RES = 0x300
KEY_READ = 0x20019
KEY_WRITE = 0x20006
KEY_ALL_ACCESS = 0xF003F

REG_OPTION_VOLATILE = 1
REG_OPTION_CREATE_LINK = 2
REG_OPTION_BACKUP_RESTORE = 4
REG_OPTION_OPEN_LINK = 8
REG_LEGAL_OPTION = 0x1F

REG_CREATED_NEW_KEY = 1
REG_OPENED_EXISTING_KEY = 2

MACHINE_PATH = "\\REGISTRY\\MACHINE"
USER_PATH = "\\REGISTRY\\USER"
MACHINE_CLASSES = "\\REGISTRY\\MACHINE\\SOFTWARE\\Classes"

_REMEMBERED = 1024

MAPPING = GenericMapping(KEY_READ, KEY_WRITE, KEY_READ, KEY_ALL_ACCESS)


@lru_cache(maxsize=256)
def _descriptor(data: bytes) -> SecurityDescriptor:
    return SecurityDescriptor.unpack(data)


class NotifyRequest:
    """One call that waits for a change. `complete` is called once, with the status."""

    __slots__ = ("complete",)

    def __init__(self, complete: Callable[[int], None]) -> None:
        self.complete = complete


class _Notification:
    """What one key object watches: set up by its first notify call, kept until its last handle closes."""

    __slots__ = ("changed", "filter", "node", "requests", "subtree")

    def __init__(self, node: KeyNode, kinds: int, subtree: bool) -> None:
        self.node = node
        self.filter = kinds
        self.subtree = subtree
        self.changed = False
        self.requests: list[NotifyRequest] = []
        node.watchers.append(self.seen)

    def seen(self, node: KeyNode, kind: int, own: bool) -> None:
        """A key changed; wake whoever waits, or remember it for the next call."""
        if node.deleted and own:
            self.finish(STATUS_KEY_DELETED)
        elif kind & self.filter and (own or self.subtree):
            if self.requests:
                self.finish(STATUS_SUCCESS)
            else:
                self.changed = True

    def finish(self, status: int) -> None:
        """Complete all waiting calls."""
        requests, self.requests = self.requests, []
        for request in requests:
            request.complete(status)

    def stop(self) -> None:
        """The last handle of the key object was closed."""
        if self.seen in self.node.watchers:
            self.node.watchers.remove(self.seen)
        self.finish(STATUS_NOTIFY_CLEANUP)


class Key(Object):
    """An open key. `machine_node` is set for keys of the merged view HKEY_CLASSES_ROOT that exist in both halves."""

    object_type = ObjectType("Key", KEY_READ, KEY_WRITE, KEY_READ, KEY_ALL_ACCESS)
    parses = True

    def __init__(self, registry: Registry, node: KeyNode, *, merged: bool = False, wow64: bool = False) -> None:
        self.registry = registry
        self.node = node
        self.merged = merged
        """Whether this key was opened below HKEY_CLASSES_ROOT."""
        self.wow64 = wow64
        """Whether relative opens take the 32-bit view."""
        self.machine_node: KeyNode | None = None
        self.tags = 0
        """KeyHandleTagsInformation: free for user mode."""
        self._notification: _Notification | None = None

    @property
    def path(self) -> str:
        """The full NT name, as NtQueryObject gives it."""
        return self.node.full_name

    def subkeys(self) -> list[KeyNode]:
        """Return the subkeys in enumeration order."""
        tree = self.registry.tree
        if self.machine_node is None:
            return tree.sorted_children(self.node)
        both = dict(tree.children(self.machine_node)) | tree.children(self.node)
        return [both[fold] for fold in sorted(both)]

    def values(self) -> list[ValueRow]:
        """Return the values in enumeration order."""
        tree = self.registry.tree
        if self.machine_node is None:
            return list(tree.values(self.node).values())
        return list((dict(tree.values(self.node)) | _missing(tree, self.machine_node, self.node)).values())

    def value(self, name: str) -> ValueRow:
        """Return one value. Raises NtError(STATUS_OBJECT_NAME_NOT_FOUND)."""
        fold = upcase(name)
        row = self.registry.tree.values(self.node).get(fold)
        if row is None and self.machine_node is not None:
            row = self.registry.tree.values(self.machine_node).get(fold)
        if row is None:
            raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
        return row

    def set_value(self, name: str, kind: int, data: bytes) -> None:
        """Set a value; see RegistryTree.set_value."""
        self.registry.tree.set_value(self.node, name, kind, data)

    def delete_value(self, name: str) -> None:
        """Delete a value. Raises NtError(STATUS_OBJECT_NAME_NOT_FOUND)."""
        self.registry.tree.delete_value(self.node, name)

    def notify(self, kinds: int, subtree: bool, request: NotifyRequest) -> bool:
        """Wait for a change: `request` completes at the next one. Returns True, without keeping the request, if one
        happened since the last call on this key object. The first call fixes `kinds` and `subtree`, as on Windows.
        """
        if self.node.deleted:
            raise NtError(STATUS_KEY_DELETED)
        if not kinds or kinds & ~0x1000000F:
            raise NtError(STATUS_INVALID_PARAMETER)
        if self._notification is None:
            self._notification = _Notification(self.node, kinds, subtree)
        if self._notification.changed:
            self._notification.changed = False
            return True
        self._notification.requests.append(request)
        return False

    def cancel_notify(self, request: NotifyRequest) -> None:
        """Take back a request that has not completed (the waiting thread ends)."""
        if self._notification is not None and request in self._notification.requests:
            self._notification.requests.remove(request)

    def closed(self) -> None:
        """The last handle is gone: calls that wait on it end with STATUS_NOTIFY_CLEANUP."""
        notification, self._notification = self._notification, None
        if notification is not None:
            notification.stop()
        if self.node.hive is not None:
            self.node.hive.released()

    def handle_opened(self, table: HandleTable) -> None:
        """A hive file stays mounted while keys in it are open."""
        super().handle_opened(table)
        if self.handle_count == 1 and self.node.hive is not None:
            self.node.hive.handles += 1

    def state(self) -> dict[str, str | int | bool | None]:
        """The key as plain data."""
        return super().state() | {"name": self.path, "deleted": self.node.deleted, "volatile": self.node.volatile}


def _missing(tree: RegistryTree, machine: KeyNode, user: KeyNode) -> dict[str, ValueRow]:
    have = tree.values(user)
    return {fold: row for fold, row in tree.values(machine).items() if fold not in have}


class Registry(Object):
    """The registry of a machine, and the object at `\\REGISTRY` in the namespace.

    `path` is the database, None for a registry that lives in memory only; `now` returns the time as a FILETIME.
    `user_sid` is whose hive HKEY_CURRENT_USER is. Raises StoreError.
    """

    object_type = Key.object_type
    parses = True

    def __init__(self, path: Path | None, now: Callable[[], int], user_sid: str) -> None:
        self.tree = RegistryTree(RegistryStore(path), now)
        self._granted: dict[tuple[bytes, int, int, int], int] = {}
        """Answers of access checks: by descriptor, token, its state, and what was asked for."""
        self.user_sid = user_sid
        self.hives: list[MountedHive] = []
        """The hive files that are mounted."""

    @property
    def user_path(self) -> str:
        """The NT path of HKEY_CURRENT_USER."""
        return f"{USER_PATH}\\{self.user_sid}"

    @property
    def user_classes_path(self) -> str:
        """The NT path of HKEY_CURRENT_USER\\Software\\Classes."""
        return f"{USER_PATH}\\{self.user_sid}_Classes"

    # opening

    def _place(self, attributes: ObjectAttributes, namespace: Namespace | None) -> tuple[Key | None, str]:
        """Turn object attributes into a start key (None: the root) and a path below it."""
        name = attributes.name or ""
        if isinstance(attributes.root, Key):
            return attributes.root, name
        if attributes.root is None and upcase(name[:10]) in ("\\REGISTRY", "\\REGISTRY\\"):
            return None, name
        if namespace is None:
            raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
        found = namespace.resolve(attributes)
        if isinstance(found.item, Registry):
            return None, "\\REGISTRY" + found.remainder
        if isinstance(found.item, Key):
            return found.item, found.remainder
        raise NtError(STATUS_OBJECT_NAME_NOT_FOUND if found.remainder else STATUS_OBJECT_TYPE_MISMATCH)

    def open(self, attributes: ObjectAttributes, desired: int, subject: Subject, *, open_link: bool = False,
             namespace: Namespace | None = None, wow64: bool = False) -> tuple[Key, int]:  # fmt: skip
        """Open an existing key; returns it with the access granted.

        `wow64`: the caller is a 32-bit program. Raises NtError: STATUS_OBJECT_NAME_NOT_FOUND,
        STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_ACCESS_DENIED, STATUS_KEY_DELETED.
        """
        start, path = self._place(attributes, namespace)
        view = self._view(desired, wow64, start)
        if start is not None and start.merged:
            key = self._open_merged(start, path)
        else:
            node = self.tree.resolve(start.node if start is not None else None, path, open_link=open_link, wow64=view)
            key = Key(self, node, wow64=view)
        return key, self.check(key.node, desired & ~KEY_WOW64_RES, subject)

    def create(self, attributes: ObjectAttributes, desired: int, subject: Subject, *, options: int = 0,
               class_name: str | None = None, security: bytes | None = None, namespace: Namespace | None = None,
               wow64: bool = False) -> tuple[Key, int, int]:  # fmt: skip
        """Open a key or create its last component; returns it, the access granted and the disposition.

        Raises NtError as `open` does, and STATUS_INVALID_PARAMETER, STATUS_CHILD_MUST_BE_VOLATILE.
        """
        if options & ~REG_LEGAL_OPTION:
            raise NtError(STATUS_INVALID_PARAMETER)
        open_link = bool(options & (REG_OPTION_OPEN_LINK | REG_OPTION_CREATE_LINK))
        start, path = self._place(attributes, namespace)
        view = self._view(desired, wow64, start)
        access = desired & ~KEY_WOW64_RES
        try:
            if start is not None and start.merged:
                key = self._open_merged(start, path)
            else:
                below = start.node if start is not None else None
                key = Key(self, self.tree.resolve(below, path, open_link=open_link, wow64=view), wow64=view)
        except NtError as error:
            if error.status != STATUS_OBJECT_NAME_NOT_FOUND:
                raise
        else:
            if options & REG_OPTION_CREATE_LINK and not key.node.is_link:
                raise NtError(STATUS_OBJECT_NAME_COLLISION)
            return key, self.check(key.node, access, subject), REG_OPENED_EXISTING_KEY
        parent, name = self._parent(start, path, view)
        if parent.parent is None:
            raise NtError(STATUS_ACCESS_DENIED)
        self.check(parent, KEY_CREATE_SUB_KEY, subject)
        node = self.tree.create(
            parent, name, class_name=class_name, volatile=bool(options & REG_OPTION_VOLATILE),
            link=bool(options & REG_OPTION_CREATE_LINK), security=security,
        )  # fmt: skip
        key = Key(self, node, merged=start is not None and start.merged, wow64=view)
        # Who creates a key gets what was asked for, whatever the descriptor says.
        granted = MAPPING.map(access)
        if granted & 0x2000000:
            granted = granted & ~0x2000000 | KEY_ALL_ACCESS
        return key, granted & (KEY_ALL_ACCESS | 0x1000000), REG_CREATED_NEW_KEY

    def _parent(self, start: Key | None, path: str, view: bool) -> tuple[KeyNode, str]:
        if start is None or not start.merged:
            return self.tree.resolve_parent(start.node if start is not None else None, path, wow64=view)
        # A new key below HKEY_CLASSES_ROOT goes where its parent is: the user's half only if the parent is only there.
        above, _, name = path.rstrip("\\").rpartition("\\")
        parent = self._open_merged(start, above)
        return parent.machine_node or parent.node, name

    @staticmethod
    def _view(desired: int, wow64: bool, start: Key | None) -> bool:
        """Whether the 32-bit view is meant."""
        if desired & KEY_WOW64_RES == KEY_WOW64_RES:
            raise NtError(STATUS_INVALID_PARAMETER)
        if desired & KEY_WOW64_64KEY:
            return False
        return bool(desired & KEY_WOW64_32KEY) or wow64 or (start is not None and start.wow64)

    def classes_root(self) -> Key:
        """Return HKEY_CLASSES_ROOT: the user's classes laid over the machine's."""
        user = self.tree.find(self.user_classes_path)
        machine = self.tree.find(MACHINE_CLASSES)
        node = user or machine
        if node is None:
            raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
        key = Key(self, node, merged=True)
        key.machine_node = machine if user is not None else None
        return key

    def _open_merged(self, start: Key, path: str) -> Key:
        key = Key(self, start.node, merged=True)
        found = []
        for node in (start.node, start.machine_node):
            if node is not None:
                try:
                    found.append(self.tree.resolve(node, path.lstrip("\\")))
                except NtError as error:
                    if error.status not in (STATUS_OBJECT_NAME_NOT_FOUND, STATUS_KEY_DELETED):
                        raise
        if not found:
            raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)
        key.node = found[0]
        key.machine_node = found[1] if len(found) == 2 and found[1] is not found[0] else None
        return key

    # security

    def security(self, node: KeyNode) -> SecurityDescriptor:
        """Return the security descriptor in force for a key: its own or the nearest one above."""
        for key in node.ancestors():
            if key.security is not None:
                return _descriptor(key.security)
        return SecurityDescriptor()

    def check(self, node: KeyNode, desired: int, subject: Subject) -> int:
        """Return the access `subject` gets to a key. Raises NtError(STATUS_ACCESS_DENIED)."""
        source: KeyNode | None = node
        while source is not None and source.security is None:
            source = source.parent
        security = b"" if source is None or source.security is None else source.security
        question = (security, subject.luid, subject.modified, desired)
        granted = self._granted.get(question)
        if granted is None:
            descriptor = _descriptor(security) if security else SecurityDescriptor()
            granted = access_check(descriptor, subject, desired, MAPPING)
            if len(self._granted) >= _REMEMBERED:
                self._granted.clear()
            self._granted[question] = granted
        return granted

    # the machine's side

    def changes(self) -> list[Change]:
        """Return what programs changed since boot or the last `mark_changes`, sorted by path."""

        def current(path: str) -> tuple[str, dict[str, ValueRow]] | None:
            node = self.tree.find("\\" + path, open_link=True)
            return None if node is None else (node.full_name, self.tree.values(node))

        return self.tree.changes.changes(current)

    def mark_changes(self) -> None:
        """Count changes from now on."""
        self.tree.changes.mark()

    def get(self, path: str, name: str) -> ValueRow | None:
        """Return a value by NT path and name, or None; for the machine's own use."""
        node = self.tree.find(path)
        return None if node is None else self.tree.values(node).get(upcase(name))

    def get_string(self, path: str, name: str) -> str | None:
        """Return the text of a string value by NT path and name, or None."""
        row = self.get(path, name)
        return None if row is None else row.data.decode("utf-16-le", "replace").split("\0", 1)[0]

    def close(self) -> None:
        """Write everything and close the database; for the end of the machine. Raises StoreError."""
        for hive in tuple(self.hives):
            try:
                hive.save()
            except NtError as error:
                log.warning("%s: the hive could not be written: %s", hive.file.name, error)
        self.tree.store.close()

    def handle_closed(self, table: HandleTable) -> None:
        """A handle to the root object was closed; it stays."""
        self.handle_count -= 1
