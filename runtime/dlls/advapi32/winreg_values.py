"""winreg.h: values."""

from __future__ import annotations

import contextlib
from typing import Annotated

from runtime.dlls.advapi32 import advapi32
from runtime.dlls.advapi32.hkey import TEXT_TYPES, ansi_data, key_of, open_below, wide_data
from runtime.dlls.advapi32.winreg import create_key
from runtime.dlls.text import put_counted
from runtime.dlls.types import (
    DWORD,
    HKEY,
    LONG,
    LPCSTR,
    LPCWSTR,
    LPSTR,
    LPVOID,
    LPWSTR,
    LSTATUS,
    Enum,
    InBytes,
    InOut,
    Out,
    OutBytes,
)
from runtime.memory.faults import MemoryFault
from runtime.nt import registry as reg
from runtime.nt.registry import Key
from runtime.nt.registry_store import ValueRow
from runtime.nt.registry_tree import REG_BINARY, REG_DWORD, REG_EXPAND_SZ, REG_MULTI_SZ, REG_NONE, REG_QWORD, REG_SZ
from runtime.nt.status import (
    ERROR_DATATYPE_MISMATCH,
    ERROR_FILE_NOT_FOUND,
    ERROR_INVALID_DATA,
    ERROR_INVALID_PARAMETER,
    ERROR_MORE_DATA,
    ERROR_NO_MORE_ITEMS,
    ERROR_SUCCESS,
    ERROR_UNSUPPORTED_TYPE,
    STATUS_OBJECT_NAME_NOT_FOUND,
    NtError,
    Win32Error,
)
from runtime.nt.thread import Thread

REG_TYPE = Annotated[DWORD, Enum("REG_VALUE_TYPE")]
RRF = Annotated[DWORD, Enum("REG_ROUTINE_FLAGS")]
InData = Annotated[LPVOID, InBytes("cbData")]
OutData = Annotated[LPVOID, OutBytes("lpcbData", actual="lpcbData")]


def put_data(thread: Thread, data: bytes, buffer: int, size: InOut[DWORD]) -> int:
    """Store value data: the size alone for a NULL buffer, ERROR_MORE_DATA for one that is too small."""
    if not buffer:
        size.put(len(data))
        return ERROR_SUCCESS
    capacity = size.get()
    size.set(len(data))
    if capacity < len(data):
        raise Win32Error(ERROR_MORE_DATA)
    thread.process.memory.write(buffer, data)
    return ERROR_SUCCESS


def _terminate(thread: Thread, row: ValueRow, buffer: int, length: int, capacity: int, wide: bool) -> None:
    """Windows ends a text that is stored without its NUL with one, where the buffer has room for it."""
    unit = 2 if wide else 1
    if row.type not in TEXT_TYPES or not buffer or length + unit > capacity:
        return
    memory = thread.process.memory
    if length < unit or memory.read(buffer + length - unit, unit) != bytes(unit):
        memory.write(buffer + length, bytes(unit))


def _query(
    thread: Thread, hkey: int, name: str | None, reserved: int, kind: Out[DWORD], buffer: int, size: InOut[DWORD],
    wide: bool,
) -> int:  # fmt: skip
    if reserved or (buffer and not size):
        raise Win32Error(ERROR_INVALID_PARAMETER)
    row = key_of(thread, hkey, reg.KEY_QUERY_VALUE).value(name or "")
    kind.put(row.type)
    data = row.data if wide else ansi_data(thread, row)
    capacity = size.get() if buffer else 0
    put_data(thread, data, buffer, size)
    _terminate(thread, row, buffer, len(data), capacity, wide)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegQueryValueExW(
    thread: Thread, hKey: HKEY, lpValueName: LPCWSTR, lpReserved: LPVOID, lpType: Out[REG_TYPE], lpData: OutData,
    lpcbData: InOut[DWORD],
) -> LSTATUS:  # fmt: skip
    """Read a value. With too small a buffer: ERROR_MORE_DATA and the size needed."""
    return _query(thread, hKey, lpValueName, lpReserved, lpType, lpData, lpcbData, True)


@advapi32.export(category="registry")
def RegQueryValueExA(
    thread: Thread, hKey: HKEY, lpValueName: LPCSTR, lpReserved: LPVOID, lpType: Out[REG_TYPE], lpData: OutData,
    lpcbData: InOut[DWORD],
) -> LSTATUS:  # fmt: skip
    """RegQueryValueExW; name and text data through the ANSI code page."""
    name = None if lpValueName is None else thread.process.decode_ansi(lpValueName)
    return _query(thread, hKey, name, lpReserved, lpType, lpData, lpcbData, False)


def _query_default(thread: Thread, hkey: int, path: str | None, buffer: int, size: InOut[LONG], wide: bool) -> int:
    key = open_below(thread, hkey, path, reg.KEY_QUERY_VALUE)[0] if path else key_of(thread, hkey, reg.KEY_QUERY_VALUE)
    try:
        row = key.value("")
    except NtError as error:
        if error.status != STATUS_OBJECT_NAME_NOT_FOUND:
            raise
        row = ValueRow("", REG_SZ, b"\0\0")
    if row.type not in TEXT_TYPES:
        raise Win32Error(ERROR_INVALID_DATA)
    data = row.data if wide else ansi_data(thread, row)
    return put_data(thread, data, buffer, size)


@advapi32.export(category="registry")
def RegQueryValueW(thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, lpData: LPWSTR, lpcbData: InOut[LONG]) -> LSTATUS:
    """Read the default value of a key; one that is not set is an empty string."""
    return _query_default(thread, hKey, lpSubKey, lpData, lpcbData, True)


@advapi32.export(category="registry")
def RegQueryValueA(thread: Thread, hKey: HKEY, lpSubKey: LPCSTR, lpData: LPSTR, lpcbData: InOut[LONG]) -> LSTATUS:
    """RegQueryValueW through the ANSI code page."""
    path = None if lpSubKey is None else thread.process.decode_ansi(lpSubKey)
    return _query_default(thread, hKey, path, lpData, lpcbData, False)


RRF_RT_BINARY, RRF_RT_DWORD, RRF_RT_QWORD = 0x08, 0x18, 0x48
RRF_RT_ANY = 0xFFFF
RRF_SUBKEY_WOW6464KEY = 0x10000
RRF_SUBKEY_WOW6432KEY = 0x20000
RRF_NOEXPAND = 0x10000000
RRF_ZEROONFAILURE = 0x20000000
_RRF_EXPAND_SZ = 0x04
_RRF_BIT = {REG_NONE: 1, REG_SZ: 2, REG_EXPAND_SZ: 4, REG_BINARY: 8, REG_DWORD: 16, REG_MULTI_SZ: 32, REG_QWORD: 64}


def _get_row(thread: Thread, hkey: int, path: str | None, name: str | None, flags: int) -> ValueRow:
    """Read a value for RegGetValue: opened, expanded, checked against the wanted types, terminated."""
    if path:
        view = {RRF_SUBKEY_WOW6464KEY: reg.KEY_WOW64_64KEY, RRF_SUBKEY_WOW6432KEY: reg.KEY_WOW64_32KEY}
        both = flags & (RRF_SUBKEY_WOW6464KEY | RRF_SUBKEY_WOW6432KEY)
        if both and both not in view:
            raise Win32Error(ERROR_INVALID_PARAMETER)
        key: Key = open_below(thread, hkey, path, reg.KEY_QUERY_VALUE | view.get(both, 0))[0]
    else:
        key = key_of(thread, hkey, reg.KEY_QUERY_VALUE)
    row = key.value(name or "")
    kind, data = row.type, row.data
    if kind in TEXT_TYPES:
        data = _terminated(data, kind)
    if kind == REG_EXPAND_SZ and not flags & RRF_NOEXPAND:
        text = data.decode("utf-16-le", "surrogatepass").split("\0", 1)[0]
        text = thread.process.environment().expand(text)
        kind, data = REG_SZ, (text + "\0").encode("utf-16-le", "surrogatepass")
    return ValueRow(row.name, kind, data)


def _terminated(data: bytes, kind: int) -> bytes:
    """Return text data with the NULs it should end with."""
    data += bytes(len(data) & 1)
    if not data.endswith(b"\0\0"):
        data += b"\0\0"
    if kind == REG_MULTI_SZ and not data.endswith(bytes(4)) and len(data) > 2:
        data += b"\0\0"
    return data


def _check_type(row: ValueRow, flags: int) -> None:
    wanted = flags & RRF_RT_ANY
    if not wanted & _RRF_BIT.get(row.type, 0) and wanted != RRF_RT_ANY:
        raise Win32Error(ERROR_UNSUPPORTED_TYPE)
    if row.type == REG_BINARY and (
        (wanted == RRF_RT_DWORD and len(row.data) != 4) or (wanted == RRF_RT_QWORD and len(row.data) != 8)
    ):
        raise Win32Error(ERROR_DATATYPE_MISMATCH)


def _get_value(
    thread: Thread, hkey: int, path: str | None, name: str | None, flags: int, kind: Out[DWORD], buffer: int,
    size: InOut[DWORD], wide: bool,
) -> int:  # fmt: skip
    if buffer and not size:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    if flags & _RRF_EXPAND_SZ and not flags & RRF_NOEXPAND and flags & RRF_RT_ANY != RRF_RT_ANY:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    capacity = size.get() if buffer else 0
    try:
        row = _get_row(thread, hkey, path, name, flags)
        kind.put(row.type)
        _check_type(row, flags)
        data = row.data if wide else ansi_data(thread, row)
        return put_data(thread, data, buffer, size)
    except (NtError, Win32Error):
        if flags & RRF_ZEROONFAILURE and capacity:
            thread.process.memory.write(buffer, bytes(capacity))
        raise


@advapi32.export(category="registry")
def RegGetValueW(
    thread: Thread, hkey: HKEY, lpSubKey: LPCWSTR, lpValue: LPCWSTR, dwFlags: RRF,
    pdwType: Out[REG_TYPE], pvData: Annotated[LPVOID, OutBytes("pcbData", actual="pcbData")], pcbData: InOut[DWORD],
) -> LSTATUS:  # fmt: skip
    """Read a value of the wanted types: text is terminated, and expanded unless RRF_NOEXPAND."""
    return _get_value(thread, hkey, lpSubKey, lpValue, dwFlags, pdwType, pvData, pcbData, True)


@advapi32.export(category="registry")
def RegGetValueA(
    thread: Thread, hkey: HKEY, lpSubKey: LPCSTR, lpValue: LPCSTR, dwFlags: RRF,
    pdwType: Out[REG_TYPE], pvData: Annotated[LPVOID, OutBytes("pcbData", actual="pcbData")], pcbData: InOut[DWORD],
) -> LSTATUS:  # fmt: skip
    """RegGetValueW through the ANSI code page."""
    decode = thread.process.decode_ansi
    path = None if lpSubKey is None else decode(lpSubKey)
    name = None if lpValue is None else decode(lpValue)
    return _get_value(thread, hkey, path, name, dwFlags, pdwType, pvData, pcbData, False)


def _set(thread: Thread, key: Key, name: str | None, kind: int, buffer: int, size: int, wide: bool) -> int:
    memory = thread.process.memory
    data = memory.read(buffer, size) if size else b""
    unit = 2 if wide else 1
    if kind in TEXT_TYPES and len(data) >= unit and data[-unit:] != bytes(unit):
        # A terminator that was not counted is taken along.
        with contextlib.suppress(MemoryFault):
            if memory.read(buffer + size, unit) == bytes(unit):
                data += bytes(unit)
    if not wide:
        data = wide_data(thread, kind, data)
    key.set_value(name or "", kind, data)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegSetValueExW(
    thread: Thread, hKey: HKEY, lpValueName: LPCWSTR, Reserved: DWORD, dwType: REG_TYPE, lpData: InData, cbData: DWORD
) -> LSTATUS:
    """Set a value. Text counts in bytes, with its terminating NUL."""
    if Reserved:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return _set(thread, key_of(thread, hKey, reg.KEY_SET_VALUE), lpValueName, dwType, lpData, cbData, True)


@advapi32.export(category="registry")
def RegSetValueExA(
    thread: Thread, hKey: HKEY, lpValueName: LPCSTR, Reserved: DWORD, dwType: REG_TYPE, lpData: InData, cbData: DWORD
) -> LSTATUS:
    """RegSetValueExW; name and text data through the ANSI code page."""
    if Reserved:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    name = None if lpValueName is None else thread.process.decode_ansi(lpValueName)
    return _set(thread, key_of(thread, hKey, reg.KEY_SET_VALUE), name, dwType, lpData, cbData, False)


def _created(thread: Thread, hkey: int, path: str | None) -> tuple[Key, int]:
    """Open or create the key a value goes to; returns it and a handle to close (0: none)."""
    if not path:
        return key_of(thread, hkey, reg.KEY_SET_VALUE), 0
    handle, _ = create_key(thread, hkey, path, reg.KEY_SET_VALUE)
    return thread.process.handles.get(handle, Key), handle


def _set_below(
    thread: Thread, hkey: int, path: str | None, name: str | None, kind: int, buffer: int, size: int, wide: bool
) -> int:
    key, handle = _created(thread, hkey, path)
    try:
        return _set(thread, key, name, kind, buffer, size, wide)
    finally:
        if handle:
            thread.process.handles.close(handle)


@advapi32.export(category="registry")
def RegSetKeyValueW(
    thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, lpValueName: LPCWSTR, dwType: DWORD, lpData: InData, cbData: DWORD
) -> LSTATUS:
    """Set a value of a key that is created when missing."""
    return _set_below(thread, hKey, lpSubKey, lpValueName, dwType, lpData, cbData, True)


@advapi32.export(category="registry")
def RegSetKeyValueA(
    thread: Thread, hKey: HKEY, lpSubKey: LPCSTR, lpValueName: LPCSTR, dwType: DWORD, lpData: InData, cbData: DWORD
) -> LSTATUS:
    """RegSetKeyValueW through the ANSI code page."""
    decode = thread.process.decode_ansi
    path = None if lpSubKey is None else decode(lpSubKey)
    name = None if lpValueName is None else decode(lpValueName)
    return _set_below(thread, hKey, path, name, dwType, lpData, cbData, False)


@advapi32.export(category="registry")
def RegSetValueW(
    thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, dwType: REG_TYPE, lpData: LPCWSTR, cbData: DWORD
) -> LSTATUS:
    """Set the default value of a key, which is created when missing, to a string."""
    if dwType != REG_SZ or lpData is None:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    key, handle = _created(thread, hKey, lpSubKey)
    try:
        key.set_value("", REG_SZ, (lpData + "\0").encode("utf-16-le", "surrogatepass"))
    finally:
        if handle:
            thread.process.handles.close(handle)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegDeleteValueW(thread: Thread, hKey: HKEY, lpValueName: LPCWSTR) -> LSTATUS:
    """Delete a value."""
    key_of(thread, hKey, reg.KEY_SET_VALUE).delete_value(lpValueName or "")
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegDeleteKeyValueW(thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, lpValueName: LPCWSTR) -> LSTATUS:
    """Delete a value of a subkey."""
    if lpSubKey:
        key, _ = open_below(thread, hKey, lpSubKey, reg.KEY_SET_VALUE)
    else:
        key = key_of(thread, hKey, reg.KEY_SET_VALUE)
    key.delete_value(lpValueName or "")
    return ERROR_SUCCESS


def _enum_value(
    thread: Thread, hkey: int, index: int, name: int, name_size: InOut[DWORD], reserved: int, kind: Out[DWORD],
    buffer: int, size: InOut[DWORD], wide: bool,
) -> int:  # fmt: skip
    values = key_of(thread, hkey, reg.KEY_QUERY_VALUE).values()
    if reserved or not name_size or (buffer and not size):
        raise Win32Error(ERROR_INVALID_PARAMETER)
    if index >= len(values):
        raise Win32Error(ERROR_NO_MORE_ITEMS)
    row = values[index]
    capacity = name_size.get()
    try:
        put_counted(thread, row.name, name, name_size, wide=wide)
    except Win32Error:
        name_size.set(capacity)
        raise
    kind.put(row.type)
    if not size:
        return ERROR_SUCCESS
    data = row.data if wide else ansi_data(thread, row)
    room = size.get() if buffer else 0
    put_data(thread, data, buffer, size)
    _terminate(thread, row, buffer, len(data), room, wide)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegEnumValueW(
    thread: Thread, hKey: HKEY, dwIndex: DWORD, lpValueName: LPWSTR, lpcchValueName: InOut[DWORD], lpReserved: LPVOID,
    lpType: Out[REG_TYPE], lpData: OutData, lpcbData: InOut[DWORD],
) -> LSTATUS:  # fmt: skip
    """Return name, type and data of a value by number; ERROR_NO_MORE_ITEMS behind the last one."""
    return _enum_value(thread, hKey, dwIndex, lpValueName, lpcchValueName, lpReserved, lpType, lpData, lpcbData, True)


@advapi32.export(category="registry")
def RegEnumValueA(
    thread: Thread, hKey: HKEY, dwIndex: DWORD, lpValueName: LPSTR, lpcchValueName: InOut[DWORD], lpReserved: LPVOID,
    lpType: Out[REG_TYPE], lpData: OutData, lpcbData: InOut[DWORD],
) -> LSTATUS:  # fmt: skip
    """RegEnumValueW through the ANSI code page."""
    return _enum_value(thread, hKey, dwIndex, lpValueName, lpcchValueName, lpReserved, lpType, lpData, lpcbData, False)


def _query_multiple(
    thread: Thread, hkey: int, entries: int, count: int, buffer: int, size: InOut[DWORD], wide: bool
) -> int:
    """VALENT: name, length, address of the data, type."""
    key = key_of(thread, hkey, reg.KEY_QUERY_VALUE)
    memory = thread.process.memory
    width = memory.pointer_size
    step = 4 * width if width == 4 else 32
    out = bytearray()
    found: list[tuple[int, int, int, int]] = []
    for index in range(count):
        entry = entries + index * step
        name_address = memory.read_pointer(entry)
        name = memory.read_wstr(name_address) if wide else thread.process.decode_ansi(memory.read_str(name_address))
        row = key.value(name)
        data = row.data if wide else ansi_data(thread, row)
        out += bytes(-len(out) % width)
        found.append((entry, len(data), len(out), row.type))
        out += data
    capacity = size.get()
    size.set(len(out))
    if not buffer or capacity < len(out):
        raise Win32Error(ERROR_MORE_DATA)
    memory.write(buffer, bytes(out))
    for entry, length, offset, kind in found:
        memory.write_u32(entry + width, length)
        memory.write_pointer(entry + 2 * width, buffer + offset)
        memory.write_u32(entry + 3 * width, kind)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegQueryMultipleValuesW(
    thread: Thread, hKey: HKEY, val_list: LPVOID, num_vals: DWORD, lpValueBuf: LPWSTR, ldwTotsize: InOut[DWORD]
) -> LSTATUS:
    """Read several values at once."""
    return _query_multiple(thread, hKey, val_list, num_vals, lpValueBuf, ldwTotsize, True)


@advapi32.export(category="registry")
def RegQueryMultipleValuesA(
    thread: Thread, hKey: HKEY, val_list: LPVOID, num_vals: DWORD, lpValueBuf: LPSTR, ldwTotsize: InOut[DWORD]
) -> LSTATUS:
    """RegQueryMultipleValuesW through the ANSI code page."""
    return _query_multiple(thread, hKey, val_list, num_vals, lpValueBuf, ldwTotsize, False)


def _load_mui(
    thread: Thread, hkey: int, name: str | None, buffer: int, size: int, required: Out[DWORD], flags: int, wide: bool
) -> int:
    """A plain string is returned as it is; `@file,-id` needs a resource DLL of Windows, which is not there."""
    unit = 2 if wide else 1
    if (size and not buffer) or size % unit:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    row = key_of(thread, hkey, reg.KEY_QUERY_VALUE).value(name or "")
    if row.type not in (REG_SZ, REG_EXPAND_SZ):
        raise Win32Error(ERROR_FILE_NOT_FOUND)
    text = row.data.decode("utf-16-le", "surrogatepass").split("\0", 1)[0]
    if text.startswith("@"):
        raise Win32Error(ERROR_FILE_NOT_FOUND)
    data = (text + "\0").encode("utf-16-le", "surrogatepass") if wide else thread.process.encode_ansi(text) + b"\0"
    required.put(len(data))
    if len(data) > size:
        if not flags & 1:
            raise Win32Error(ERROR_MORE_DATA)
        data = data[: max(size - unit, 0)] + bytes(unit if size else 0)
    thread.process.memory.write(buffer, data)
    return ERROR_SUCCESS


@advapi32.export(category="registry")
def RegLoadMUIStringW(
    thread: Thread, hKey: HKEY, pszValue: LPCWSTR, pszOutBuf: LPWSTR, cbOutBuf: DWORD, pcbData: Out[DWORD],
    Flags: DWORD, pszDirectory: LPCWSTR,
) -> LSTATUS:  # fmt: skip
    """Read a string that may name a resource."""
    return _load_mui(thread, hKey, pszValue, pszOutBuf, cbOutBuf, pcbData, Flags, True)


RegSetValueA = advapi32.ansi(RegSetValueW)
RegDeleteValueA = advapi32.ansi(RegDeleteValueW)
RegDeleteKeyValueA = advapi32.ansi(RegDeleteKeyValueW)
