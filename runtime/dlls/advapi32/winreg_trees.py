"""winreg.h: whole trees and hive files."""

from __future__ import annotations

from runtime.dlls.advapi32 import advapi32
from runtime.dlls.advapi32.hkey import key_of, open_below, subject
from runtime.dlls.types import DWORD, HKEY, LPCWSTR, LPVOID, LSTATUS, Out
from runtime.nt import registry as reg
from runtime.nt import security as sec
from runtime.nt.registry_tree import KeyNode, RegistryTree
from runtime.nt.status import (
    ERROR_INVALID_PARAMETER,
    ERROR_NOT_SUPPORTED,
    ERROR_PRIVILEGE_NOT_HELD,
    ERROR_SUCCESS,
    STATUS_ACCESS_DENIED,
    NtError,
    Win32Error,
)
from runtime.nt.thread import Thread


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
    """Hive files need privileges, which programs must have enabled; then only the file format stands in the way."""
    if not all(subject(thread).holds(privilege) for privilege in privileges):
        raise Win32Error(ERROR_PRIVILEGE_NOT_HELD)
    raise Win32Error(ERROR_NOT_SUPPORTED)


@advapi32.export(category="registry")
def RegSaveKeyW(thread: Thread, hKey: HKEY, lpFile: LPCWSTR, lpSecurityAttributes: LPVOID) -> LSTATUS:
    """Save a key to a hive file: needs SeBackupPrivilege; hive files are not supported (ERROR_NOT_SUPPORTED)."""
    key_of(thread, hKey)
    _needs(thread, "SeBackupPrivilege")
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegSaveKeyExW(
    thread: Thread, hKey: HKEY, lpFile: LPCWSTR, lpSecurityAttributes: LPVOID, Flags: DWORD
) -> LSTATUS:
    """Save a key to a hive file: needs SeBackupPrivilege; hive files are not supported (ERROR_NOT_SUPPORTED)."""
    key_of(thread, hKey)
    _needs(thread, "SeBackupPrivilege")
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegRestoreKeyW(thread: Thread, hKey: HKEY, lpFile: LPCWSTR, dwFlags: DWORD) -> LSTATUS:
    """Replace a key by a hive file: needs privileges; hive files are not supported (ERROR_NOT_SUPPORTED)."""
    key_of(thread, hKey)
    _needs(thread, "SeBackupPrivilege", "SeRestorePrivilege")
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegLoadKeyW(thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, lpFile: LPCWSTR) -> LSTATUS:
    """Mount a hive file: needs privileges; hive files are not supported (ERROR_NOT_SUPPORTED)."""
    key_of(thread, hKey)
    _needs(thread, "SeBackupPrivilege", "SeRestorePrivilege")
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegUnLoadKeyW(thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR) -> LSTATUS:
    """Unmount a hive file: needs privileges; no key below can be one."""
    key_of(thread, hKey)
    if not all(subject(thread).holds(privilege) for privilege in ("SeBackupPrivilege", "SeRestorePrivilege")):
        raise Win32Error(ERROR_PRIVILEGE_NOT_HELD)
    raise Win32Error(ERROR_INVALID_PARAMETER)


@advapi32.export(category="registry")
def RegReplaceKeyW(
    thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, lpNewFile: LPCWSTR, lpOldFile: LPCWSTR
) -> LSTATUS:
    """Exchange the hive file behind a key: needs privileges; hive files are not supported (ERROR_NOT_SUPPORTED)."""
    key_of(thread, hKey)
    _needs(thread, "SeBackupPrivilege", "SeRestorePrivilege")
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegLoadAppKeyW(
    thread: Thread, lpFile: LPCWSTR, phkResult: Out[HKEY], samDesired: DWORD, dwOptions: DWORD, Reserved: DWORD
) -> LSTATUS:
    """Open a hive file as a private key: hive files are not supported (ERROR_NOT_SUPPORTED)."""
    if Reserved or not lpFile or not phkResult or dwOptions & ~1:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    phkResult.set(0)
    raise Win32Error(ERROR_NOT_SUPPORTED)


RegDeleteTreeA = advapi32.ansi(RegDeleteTreeW)
RegCopyTreeA = advapi32.ansi(RegCopyTreeW)
RegSaveKeyA = advapi32.ansi(RegSaveKeyW)
RegSaveKeyExA = advapi32.ansi(RegSaveKeyExW)
RegRestoreKeyA = advapi32.ansi(RegRestoreKeyW)
RegLoadKeyA = advapi32.ansi(RegLoadKeyW)
RegUnLoadKeyA = advapi32.ansi(RegUnLoadKeyW)
RegReplaceKeyA = advapi32.ansi(RegReplaceKeyW)
RegLoadAppKeyA = advapi32.ansi(RegLoadAppKeyW)
