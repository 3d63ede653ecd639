"""HKEY values: predefined keys and handles, as the functions of winreg.h take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.dlls.process_state import process_state
from runtime.dlls.text import decode_wide, encode_wide
from runtime.nt.object import ObjectAttributes
from runtime.nt.registry import MACHINE_PATH, USER_PATH, Key
from runtime.nt.registry_store import ValueRow
from runtime.nt.registry_tree import REG_EXPAND_SZ, REG_MULTI_SZ, REG_SZ
from runtime.nt.status import (
    ERROR_BAD_PATHNAME,
    ERROR_INVALID_HANDLE,
    STATUS_OBJECT_PATH_SYNTAX_BAD,
    NtError,
    Win32Error,
)
from runtime.nt.token import Token, effective_token

if TYPE_CHECKING:
    from runtime.nt.registry import Registry
    from runtime.nt.thread import Thread

HKEY_CLASSES_ROOT = 0x80000000
HKEY_CURRENT_USER = 0x80000001
HKEY_LOCAL_MACHINE = 0x80000002
HKEY_USERS = 0x80000003
HKEY_PERFORMANCE_DATA = 0x80000004
HKEY_CURRENT_CONFIG = 0x80000005
HKEY_DYN_DATA = 0x80000006
HKEY_CURRENT_USER_LOCAL_SETTINGS = 0x80000007

TEXT_TYPES = frozenset({REG_SZ, REG_EXPAND_SZ, REG_MULTI_SZ})

_CURRENT_CONFIG = "\\REGISTRY\\MACHINE\\SYSTEM\\CurrentControlSet\\Hardware Profiles\\Current"


class PredefinedKeys:
    """The predefined keys a process has used or overridden."""

    def __init__(self) -> None:
        self.open: dict[int, Key] = {}
        self.overridden: dict[int, Key] = {}


def predefined(hkey: int) -> int | None:
    """Return the predefined HKEY a value means (sign- or zero-extended), or None for a handle."""
    low = hkey & 0xFFFFFFFF
    if HKEY_CLASSES_ROOT <= low <= HKEY_CURRENT_USER_LOCAL_SETTINGS and hkey >> 32 in (0, 0xFFFFFFFF):
        return low
    return None


def registry_of(thread: Thread) -> Registry:
    """Return the machine's registry."""
    return thread.process.machine.registry


def subject(thread: Thread) -> Token:
    """Return the token an access check uses."""
    return effective_token(thread)


def is_wow64(thread: Thread) -> bool:
    """Whether the caller is a 32-bit program."""
    return thread.process.memory.pointer_size == 4


def predefined_key(thread: Thread, number: int) -> Key:
    """Return the key object of a predefined key."""
    keys = process_state(thread.process, PredefinedKeys)
    found = keys.overridden.get(number) or keys.open.get(number)
    if found is not None and not found.node.deleted:
        return found
    registry = registry_of(thread)
    if number == HKEY_CLASSES_ROOT:
        key = registry.classes_root()
    else:
        path = {
            HKEY_CURRENT_USER: registry.user_path,
            HKEY_LOCAL_MACHINE: MACHINE_PATH,
            HKEY_USERS: USER_PATH,
            HKEY_CURRENT_CONFIG: _CURRENT_CONFIG,
            HKEY_CURRENT_USER_LOCAL_SETTINGS: registry.user_classes_path + "\\Local Settings",
        }.get(number)
        if path is None:
            raise Win32Error(ERROR_INVALID_HANDLE)
        key = Key(registry, registry.tree.resolve(None, path), wow64=is_wow64(thread))
    keys.open[number] = key
    return key


def key_of(thread: Thread, hkey: int, access: int = 0) -> Key:
    """Return the key behind an HKEY that carries `access`. Raises NtError or Win32Error(ERROR_INVALID_HANDLE)."""
    number = predefined(hkey)
    if number is None:
        return thread.process.handles.get(hkey, Key, access)
    key = predefined_key(thread, number)
    if access:
        key.registry.check(key.node, access, subject(thread))
    return key


def open_below(
    thread: Thread, hkey: int, path: str | None, desired: int, *, open_link: bool = False
) -> tuple[Key, int]:
    """Open the key `path` below an HKEY; returns it with the access granted.

    Raises NtError; a path with a leading backslash is ERROR_BAD_PATHNAME, except below HKEY_CLASSES_ROOT.
    """
    start = key_of(thread, hkey)
    try:
        return start.registry.open(
            ObjectAttributes(path or "", start), desired, subject(thread), open_link=open_link, wow64=is_wow64(thread)
        )
    except NtError as error:
        raise path_error(error) from None


def path_error(error: NtError) -> NtError | Win32Error:
    """Return the error winreg functions give for a failed open."""
    return Win32Error(ERROR_BAD_PATHNAME) if error.status == STATUS_OBJECT_PATH_SYNTAX_BAD else error


def insert(thread: Thread, key: Key, access: int) -> int:
    """Open a handle to a key."""
    return thread.process.handles.insert(key, access)


def ansi_data(thread: Thread, row: ValueRow) -> bytes:
    """Return a value's data as the A functions give it: text types through the ANSI code page."""
    return thread.process.encode_ansi(decode_wide(row.data)) if row.type in TEXT_TYPES else row.data


def wide_data(thread: Thread, kind: int, data: bytes) -> bytes:
    """Return data an A function was given as it is stored."""
    return encode_wide(thread.process.decode_ansi(data)) if kind in TEXT_TYPES else data
