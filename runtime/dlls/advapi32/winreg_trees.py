"""winreg.h: whole trees and hive files."""

from __future__ import annotations

import uuid

from runtime.dlls.advapi32 import advapi32
from runtime.dlls.advapi32.hkey import key_of, open_below, subject
from runtime.dlls.randomness import random_bytes
from runtime.dlls.types import DWORD, HKEY, LPCWSTR, LPVOID, LSTATUS, Out
from runtime.nt import registry as reg
from runtime.nt import registry_hives as hives
from runtime.nt import security as sec
from runtime.nt.hive import LATEST, STANDARD
from runtime.nt.registry import Key
from runtime.nt.registry_tree import KeyNode, RegistryTree
from runtime.nt.status import (
    ERROR_ALREADY_EXISTS,
    ERROR_INVALID_PARAMETER,
    ERROR_NOT_SUPPORTED,
    ERROR_PRIVILEGE_NOT_HELD,
    ERROR_SUCCESS,
    STATUS_ACCESS_DENIED,
    STATUS_OBJECT_NAME_COLLISION,
    NtError,
    Win32Error,
)
from runtime.nt.thread import Thread

_FORCE_RESTORE = 8


@advapi32.export(category="registry")
def RegDeleteTreeW(thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR) -> LSTATUS:
    """Delete a subkey with everything below it; without a name, what is below the key itself."""
    access = sec.DELETE | reg.KEY_ENUMERATE_SUB_KEYS | reg.KEY_QUERY_VALUE | reg.KEY_SET_VALUE
    if lpSubKey:
        key, _ = open_below(thread, hKey, lpSubKey, access, open_link=True)
        key.registry.tree.delete_tree(key.node)
        return ERROR_SUCCESS
    key = key_of(thread, hKey, access & ~sec.DELETE)
    tree = key.registry.tree
    for child in tuple(tree.children(key.node).values()):
        tree.delete_tree(child)
    for row in tuple(tree.values(key.node).values()):
        tree.delete_value(key.node, row.name)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegCopyTreeW(thread: Thread, hKeySrc: HKEY, lpSubKey: LPCWSTR, hKeyDest: HKEY) -> LSTATUS:
    """Copy the values and subkeys of a key into another key."""
    source = open_below(thread, hKeySrc, lpSubKey, reg.KEY_READ)[0] if lpSubKey else key_of(thread, hKeySrc)
    target = key_of(thread, hKeyDest, reg.KEY_CREATE_SUB_KEY)
    node: KeyNode | None = target.node
    while node is not None:
        if node is source.node:
            raise NtError(STATUS_ACCESS_DENIED)
        node = node.parent
    _copy(source.registry.tree, source.node, target.node)
    return ERROR_SUCCESS


def _copy(tree: RegistryTree, source: KeyNode, target: KeyNode) -> None:
    for row in tuple(tree.values(source).values()):
        tree.set_value(target, row.name, row.type, row.data)
    for child in tuple(tree.sorted_children(source)):
        existing = tree.children(target).get(child.fold)
        copy = existing or tree.create(
            target, child.name, class_name=child.class_name, volatile=child.volatile or target.volatile,
            link=child.is_link,
        )  # fmt: skip
        _copy(tree, child, copy)


def _needs(thread: Thread, *privileges: str) -> None:
    """Hive files need privileges, which programs must have enabled. Raises Win32Error."""
    if not all(subject(thread).holds(privilege) for privilege in privileges):
        raise Win32Error(ERROR_PRIVILEGE_NOT_HELD)


def _file(thread: Thread, name: str | None) -> str:
    """The NT path of a hive file. Raises Win32Error."""
    if not name:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return "\\??\\" + thread.process.full_path(name)


def _save(thread: Thread, hkey: int, name: str | None, minor: int) -> int:
    key = key_of(thread, hkey)
    _needs(thread, "SeBackupPrivilege")
    path = _file(thread, name)
    try:
        hives.save_key(key.registry, thread.process, key.node, path, minor)
    except NtError as error:
        if error.status == STATUS_OBJECT_NAME_COLLISION:
            raise Win32Error(ERROR_ALREADY_EXISTS) from None
        raise
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegSaveKeyW(thread: Thread, hKey: HKEY, lpFile: LPCWSTR, lpSecurityAttributes: LPVOID) -> LSTATUS:
    """Save a key to a new hive file: needs SeBackupPrivilege."""
    return _save(thread, hKey, lpFile, STANDARD)


@advapi32.export(category="registry")
def RegSaveKeyExW(
    thread: Thread, hKey: HKEY, lpFile: LPCWSTR, lpSecurityAttributes: LPVOID, Flags: DWORD
) -> LSTATUS:
    """Save a key to a new hive file, in the standard (1) or latest format (2); 4: not compressed, which none is."""
    if Flags not in (1, 2, 4):
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return _save(thread, hKey, lpFile, STANDARD if Flags == 1 else LATEST)


@advapi32.export(category="registry")
def RegRestoreKeyW(thread: Thread, hKey: HKEY, lpFile: LPCWSTR, dwFlags: DWORD) -> LSTATUS:
    """Replace what a key holds by a hive file: needs privileges. No key below may be open, unless REG_FORCE_RESTORE."""
    key = key_of(thread, hKey)
    _needs(thread, "SeBackupPrivilege", "SeRestorePrivilege")
    if dwFlags & ~_FORCE_RESTORE:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    if not dwFlags and _open_below(thread, key):
        raise NtError(STATUS_ACCESS_DENIED)
    hives.restore_key(key.registry, thread.process, key.node, _file(thread, lpFile))
    return ERROR_SUCCESS


def _open_below(thread: Thread, key: Key) -> bool:
    """Whether a process has a key below this one open."""
    for process in thread.process.machine.processes.values():
        for _, entry in process.handles:
            item = entry.item
            if isinstance(item, Key) and item.node is not key.node and key.node in item.node.ancestors():
                return True
    return False


def _mount_root(thread: Thread, hkey: int) -> Key:
    """The key that hives are mounted below: HKEY_LOCAL_MACHINE or HKEY_USERS. Raises Win32Error."""
    key = key_of(thread, hkey)
    if key.node.path.count("\\") != 1:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return key


@advapi32.export(category="registry")
def RegLoadKeyW(thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, lpFile: LPCWSTR) -> LSTATUS:
    """Mount a hive file below HKEY_LOCAL_MACHINE or HKEY_USERS: needs privileges."""
    root = _mount_root(thread, hKey)
    _needs(thread, "SeBackupPrivilege", "SeRestorePrivilege")
    if not lpSubKey:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    hives.load_hive(root.registry, thread.process, root.node, lpSubKey, _file(thread, lpFile))
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegUnLoadKeyW(thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR) -> LSTATUS:
    """Unmount a hive file: needs privileges, and that no key in it is open (ERROR_ACCESS_DENIED)."""
    root = _mount_root(thread, hKey)
    _needs(thread, "SeBackupPrivilege", "SeRestorePrivilege")
    node = root.registry.tree.resolve(root.node, lpSubKey or "")
    hives.unload_hive(root.registry, node)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegReplaceKeyW(
    thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, lpNewFile: LPCWSTR, lpOldFile: LPCWSTR
) -> LSTATUS:
    """Exchange the hive file behind a key at the next start: needs privileges; not supported (ERROR_NOT_SUPPORTED)."""
    key_of(thread, hKey)
    _needs(thread, "SeBackupPrivilege", "SeRestorePrivilege")
    raise Win32Error(ERROR_NOT_SUPPORTED)


@advapi32.export(category="registry")
def RegLoadAppKeyW(
    thread: Thread, lpFile: LPCWSTR, phkResult: Out[HKEY], samDesired: DWORD, dwOptions: DWORD, Reserved: DWORD
) -> LSTATUS:
    """Open a hive file as a key that no path leads to; it goes with the last handle to a key in it."""
    if Reserved or not lpFile or not phkResult or dwOptions & ~1:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    phkResult.set(0)
    registry = thread.process.machine.registry
    name = f"{{{uuid.UUID(bytes=random_bytes(thread, 16), version=4)}}}"
    node = hives.load_hive(
        registry, thread.process, hives.private_root(registry), name, _file(thread, lpFile), private=True
    )
    phkResult.set(thread.process.handles.open(Key(registry, node), samDesired))
    return ERROR_SUCCESS


RegDeleteTreeA = advapi32.ansi(RegDeleteTreeW)
RegCopyTreeA = advapi32.ansi(RegCopyTreeW)
RegSaveKeyA = advapi32.ansi(RegSaveKeyW)
RegSaveKeyExA = advapi32.ansi(RegSaveKeyExW)
RegRestoreKeyA = advapi32.ansi(RegRestoreKeyW)
RegLoadKeyA = advapi32.ansi(RegLoadKeyW)
RegUnLoadKeyA = advapi32.ansi(RegUnLoadKeyW)
RegReplaceKeyA = advapi32.ansi(RegReplaceKeyW)
RegLoadAppKeyA = advapi32.ansi(RegLoadAppKeyW)
