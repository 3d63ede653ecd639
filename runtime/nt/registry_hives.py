"""Hive files and the registry: keys saved to files, restored from them, and files that are mounted as keys.

The keys of a mounted hive are in memory and in their file, not in the machine's database: the file is written when the
hive is flushed or unmounted, and at the end of the machine.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.casing import upcase
from runtime.nt.disk_file import DiskFile
from runtime.nt.hive import LATEST, HiveError, HiveKey, read_hive, write_hive
from runtime.nt.io import open_path
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.nt.process import Process
    from runtime.nt.registry import Key, Registry
    from runtime.nt.registry_tree import KeyNode, RegistryTree

PRIVATE_ROOT = "\\REGISTRY\\A"
_LARGEST_FILE = 1 << 30


class MountedHive:
    """A hive file that is mounted at a key. `private` hives (RegLoadAppKey) go with their last handle."""

    def __init__(self, registry: Registry, file: DiskFile, minor: int, *, private: bool) -> None:
        self.registry = registry
        self.file = file
        self.private = private
        self.handles = 0
        """Open handles to keys in it."""
        self.node: KeyNode | None = None
        self._minor = minor
        self._saved = b""

    def save(self) -> None:
        """Write the file if the keys have changed. Raises NtError."""
        assert self.node is not None
        data = write_hive(tree_of(self.registry, self.node), self._minor)
        if data != self._saved:
            _put(self.file, data)
            self._saved = data

    def unmount(self) -> None:
        """Write the file and take its keys away. Raises NtError(STATUS_CANNOT_DELETE) while keys are open."""
        assert self.node is not None
        if self.handles:
            raise NtError(st.STATUS_CANNOT_DELETE)
        self.save()
        self.registry.hives.remove(self)
        self.registry.tree.forget(self.node)
        self.file.closed()

    def released(self) -> None:
        """A key of it has no handle any more."""
        self.handles -= 1
        if self.private and not self.handles and self.node is not None and not self.node.deleted:
            self.unmount()


def _put(file: DiskFile, data: bytes) -> None:
    at = 0
    while at < len(data):
        at += file.put(data[at:], at)
    file.set_size(len(data))


def _open(process: Process, path: str, access: int, disposition: int, share: int = 0) -> DiskFile:
    """Open a file of a drive. Raises NtError."""
    options = ff.FILE_SYNCHRONOUS_IO_NONALERT | ff.FILE_NON_DIRECTORY_FILE
    file = open_path(process, path, access, share, options, disposition)
    if not isinstance(file, DiskFile):
        file.closed()
        raise NtError(st.STATUS_INVALID_PARAMETER)
    return file


def _descriptor(node: KeyNode) -> bytes | None:
    return next((key.security for key in node.ancestors() if key.security is not None), None)


def tree_of(registry: Registry, node: KeyNode) -> HiveKey:
    """A key and all below it that is kept, as a hive has it."""
    tree = registry.tree
    key = HiveKey(node.name, node.written, node.class_name, _descriptor(node), node.is_link)
    key.values = list(tree.values(node).values())
    key.subkeys = [
        tree_of(registry, child)
        for child in tree.sorted_children(node)
        if not child.volatile and child.hive is node.hive
    ]
    return key


def _fill(tree: RegistryTree, node: KeyNode, source: HiveKey) -> None:
    for row in source.values:
        tree.set_value(node, row.name, row.type, row.data)
    for below in source.subkeys:
        child = tree.create(
            node, below.name, class_name=below.class_name, volatile=node.volatile, link=below.is_link,
        )  # fmt: skip
        _fill(tree, child, below)
    if source.security is not None and source.security != _descriptor(node):
        tree.set_security(node, source.security)
    tree.set_written(node, source.written)


def _read(file: DiskFile) -> tuple[HiveKey, int]:
    """The tree of a hive file and its minor version. Raises NtError."""
    if os.fstat(file.fd).st_size > _LARGEST_FILE:
        raise NtError(st.STATUS_REGISTRY_CORRUPT)
    data = b""
    while piece := os.pread(file.fd, 1 << 24, len(data)):
        data += piece
    try:
        return read_hive(data), data[24]
    except HiveError as error:
        raise NtError(st.STATUS_REGISTRY_CORRUPT if error.is_hive else st.STATUS_NOT_REGISTRY_FILE) from None


def save_key(registry: Registry, process: Process, node: KeyNode, path: str, minor: int) -> None:
    """RegSaveKey: write a key to a new file. Raises NtError."""
    file = _open(process, path, ff.FILE_WRITE_DATA, ff.FILE_CREATE)
    try:
        write_key(registry, node, file, minor)
    finally:
        file.closed()


def write_key(registry: Registry, node: KeyNode, file: DiskFile, minor: int) -> None:
    """NtSaveKey: write a key to an open file. Raises NtError."""
    _put(file, write_hive(tree_of(registry, node), minor))


def restore_key(registry: Registry, process: Process, node: KeyNode, path: str) -> None:
    """RegRestoreKey: replace everything in a key by what a file has. Raises NtError."""
    file = _open(process, path, ff.FILE_READ_DATA, ff.FILE_OPEN, ff.FILE_SHARE_READ)
    try:
        source, _ = _read(file)
    finally:
        file.closed()
    tree = registry.tree
    for child in tuple(tree.children(node).values()):
        tree.delete_tree(child)
    for row in tuple(tree.values(node).values()):
        tree.delete_value(node, row.name)
    _fill(tree, node, source)


def load_hive(registry: Registry, process: Process, parent: KeyNode, name: str, path: str, *,
              private: bool = False) -> KeyNode:  # fmt: skip
    """RegLoadKey: mount a file, made where there is none, as the key `name` below `parent`. Raises NtError."""
    if upcase(name) in registry.tree.children(parent):
        raise NtError(st.STATUS_OBJECT_NAME_COLLISION)
    file = _open(process, path, ff.FILE_READ_DATA | ff.FILE_WRITE_DATA, ff.FILE_OPEN_IF)
    try:
        empty = os.fstat(file.fd).st_size == 0
        source, minor = (HiveKey(name, registry.tree.now()), LATEST) if empty else _read(file)
        hive = MountedHive(registry, file, minor if minor in (3, 5) else LATEST, private=private)
        hive.node = registry.tree.mount(parent, name, hive)
    except BaseException:
        file.closed()
        raise
    try:
        _fill(registry.tree, hive.node, source)
        hive.save()
    except BaseException:
        registry.tree.forget(hive.node)
        file.closed()
        raise
    registry.hives.append(hive)
    return hive.node


def flush(key: Key) -> None:
    """RegFlushKey: put all changes on the disk, of a mounted hive into its file. Raises NtError."""
    if key.node.hive is not None:
        key.node.hive.save()
    key.registry.tree.flush()


def unload_hive(registry: Registry, node: KeyNode) -> None:
    """RegUnLoadKey. Raises NtError: STATUS_INVALID_PARAMETER for a key that is no mounted hive."""
    hive = node.hive
    if hive is None or hive.node is not node:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    hive.unmount()


def private_root(registry: Registry) -> KeyNode:
    """The key that private hives are mounted below; no path leads there."""
    return registry.tree.create_path(PRIVATE_ROOT, volatile=True)
