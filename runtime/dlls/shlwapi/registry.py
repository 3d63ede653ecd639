"""shlwapi.h: registry helpers, which open and close the key themselves."""

from __future__ import annotations

from typing import Annotated

from runtime.dlls.advapi32.hkey import key_of, open_below
from runtime.dlls.advapi32.winreg import create_key
from runtime.dlls.advapi32.winreg_trees import RegCopyTreeW, RegDeleteTreeW
from runtime.dlls.advapi32.winreg_values import (
    REG_TYPE,
    RegEnumValueA,
    RegEnumValueW,
    RegGetValueA,
    RegGetValueW,
)
from runtime.dlls.shlwapi.dll import shlwapi
from runtime.dlls.text import put_counted
from runtime.dlls.types import DWORD, HKEY, LPCSTR, LPCWSTR, LPSTR, LPVOID, LPWSTR, LSTATUS, InOut, Out, OutBytes
from runtime.nt import registry as reg
from runtime.nt.registry_tree import REG_EXPAND_SZ, REG_SZ
from runtime.nt.status import (
    ERROR_INVALID_PARAMETER,
    ERROR_KEY_HAS_CHILDREN,
    ERROR_NO_MORE_ITEMS,
    ERROR_SUCCESS,
    Win32Error,
)
from runtime.nt.thread import Thread

_RRF_RT_ANY = 0xFFFF

# The same functions under other names.
for _name, _target in (
    ("SHRegGetValue", "RegGetValue"), ("SHSetValue", "RegSetKeyValue"), ("SHDeleteValue", "RegDeleteKeyValue"),
):  # fmt: skip
    for _letter in "AW":
        shlwapi.forward(_name + _letter, f"advapi32.{_target}{_letter}")

OutData = Annotated[LPVOID, OutBytes("pcbData", actual="pcbData")]


@shlwapi.export(category="registry")
def SHGetValueW(
    thread: Thread, hkey: HKEY, pszSubKey: LPCWSTR, pszValue: LPCWSTR, pdwType: Out[REG_TYPE], pvData: OutData,
    pcbData: InOut[DWORD],
) -> LSTATUS:  # fmt: skip
    return RegGetValueW(thread, hkey, pszSubKey, pszValue, _RRF_RT_ANY, pdwType, pvData, pcbData)


@shlwapi.export(category="registry")
def SHGetValueA(
    thread: Thread, hkey: HKEY, pszSubKey: LPCSTR, pszValue: LPCSTR, pdwType: Out[REG_TYPE], pvData: OutData,
    pcbData: InOut[DWORD],
) -> LSTATUS:  # fmt: skip
    return RegGetValueA(thread, hkey, pszSubKey, pszValue, _RRF_RT_ANY, pdwType, pvData, pcbData)


@shlwapi.export(category="registry")
def SHQueryValueExW(
    thread: Thread, hkey: HKEY, pszValue: LPCWSTR, pdwReserved: LPVOID, pdwType: Out[REG_TYPE], pvData: OutData,
    pcbData: InOut[DWORD],
) -> LSTATUS:  # fmt: skip
    return RegGetValueW(thread, hkey, None, pszValue, _RRF_RT_ANY, pdwType, pvData, pcbData)


@shlwapi.export(category="registry")
def SHQueryValueExA(
    thread: Thread, hkey: HKEY, pszValue: LPCSTR, pdwReserved: LPVOID, pdwType: Out[REG_TYPE], pvData: OutData,
    pcbData: InOut[DWORD],
) -> LSTATUS:  # fmt: skip
    return RegGetValueA(thread, hkey, None, pszValue, _RRF_RT_ANY, pdwType, pvData, pcbData)


@shlwapi.export(category="registry")
def SHDeleteKeyW(thread: Thread, hkey: HKEY, pszSubKey: LPCWSTR) -> LSTATUS:
    if not pszSubKey:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return RegDeleteTreeW(thread, hkey, pszSubKey)


@shlwapi.export(category="registry")
def SHDeleteEmptyKeyW(thread: Thread, hkey: HKEY, pszSubKey: LPCWSTR) -> LSTATUS:
    key, _ = open_below(thread, hkey, pszSubKey, reg.KEY_ENUMERATE_SUB_KEYS)
    if key.subkeys():
        raise Win32Error(ERROR_KEY_HAS_CHILDREN)
    return RegDeleteTreeW(thread, hkey, pszSubKey)


@shlwapi.export(category="registry")
def SHCopyKeyW(thread: Thread, hkeySrc: HKEY, pszSrcSubKey: LPCWSTR, hkeyDest: HKEY, fReserved: DWORD) -> LSTATUS:
    if fReserved:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return RegCopyTreeW(thread, hkeySrc, pszSrcSubKey, hkeyDest)


@shlwapi.export(category="registry")
def SHRegSetPathW(
    thread: Thread, hKey: HKEY, pcszSubKey: LPCWSTR, pcszValue: LPCWSTR, pcszPath: LPCWSTR, dwFlags: DWORD
) -> LSTATUS:
    """Store a path; the parts that environment variables stand for are not put back into it."""
    if pcszPath is None:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    handle, _ = create_key(thread, hKey, pcszSubKey or "", reg.KEY_SET_VALUE)
    try:
        kind = REG_EXPAND_SZ if "%" in pcszPath else REG_SZ
        data = (pcszPath + "\0").encode("utf-16-le", "surrogatepass")
        key_of(thread, handle, reg.KEY_SET_VALUE).set_value(pcszValue or "", kind, data)
    finally:
        thread.process.handles.close(handle)
    return ERROR_SUCCESS


for _function in (SHDeleteKeyW, SHDeleteEmptyKeyW, SHCopyKeyW, SHRegSetPathW):
    shlwapi.ansi(_function)


def _enumerate(thread: Thread, hkey: int, index: int, name: int, size: InOut[DWORD], *, wide: bool) -> int:
    key = key_of(thread, hkey, reg.KEY_ENUMERATE_SUB_KEYS)
    names = [node.name for node in key.subkeys()]
    if index >= len(names):
        raise Win32Error(ERROR_NO_MORE_ITEMS)
    put_counted(thread, names[index], name, size, wide=wide)
    return ERROR_SUCCESS


@shlwapi.export(category="registry")
def SHEnumKeyExW(thread: Thread, hkey: HKEY, dwIndex: DWORD, pszName: LPWSTR, pcchName: InOut[DWORD]) -> LSTATUS:
    return _enumerate(thread, hkey, dwIndex, pszName, pcchName, wide=True)


@shlwapi.export(category="registry")
def SHEnumKeyExA(thread: Thread, hkey: HKEY, dwIndex: DWORD, pszName: LPSTR, pcchName: InOut[DWORD]) -> LSTATUS:
    return _enumerate(thread, hkey, dwIndex, pszName, pcchName, wide=False)


@shlwapi.export(category="registry")
def SHEnumValueW(
    thread: Thread, hkey: HKEY, dwIndex: DWORD, pszValueName: LPWSTR, pcchValueName: InOut[DWORD],
    pdwType: Out[REG_TYPE], pvData: OutData, pcbData: InOut[DWORD],
) -> LSTATUS:  # fmt: skip
    return RegEnumValueW(thread, hkey, dwIndex, pszValueName, pcchValueName, 0, pdwType, pvData, pcbData)


@shlwapi.export(category="registry")
def SHEnumValueA(
    thread: Thread, hkey: HKEY, dwIndex: DWORD, pszValueName: LPSTR, pcchValueName: InOut[DWORD],
    pdwType: Out[REG_TYPE], pvData: OutData, pcbData: InOut[DWORD],
) -> LSTATUS:  # fmt: skip
    return RegEnumValueA(thread, hkey, dwIndex, pszValueName, pcchValueName, 0, pdwType, pvData, pcbData)


def _information(thread: Thread, hkey: int, keys: Out[DWORD], key_length: Out[DWORD], values: Out[DWORD],
                 value_length: Out[DWORD]) -> int:  # fmt: skip
    key = key_of(thread, hkey, reg.KEY_QUERY_VALUE)
    children = [node.name for node in key.subkeys()]
    rows = [row.name for row in key.values()]
    keys.put(len(children))
    key_length.put(max(map(len, children), default=0))
    values.put(len(rows))
    value_length.put(max(map(len, rows), default=0))
    return ERROR_SUCCESS


@shlwapi.export(category="registry")
def SHQueryInfoKeyW(
    thread: Thread, hkey: HKEY, pcSubKeys: Out[DWORD], pcchMaxSubKeyLen: Out[DWORD], pcValues: Out[DWORD],
    pcchMaxValueNameLen: Out[DWORD],
) -> LSTATUS:  # fmt: skip
    return _information(thread, hkey, pcSubKeys, pcchMaxSubKeyLen, pcValues, pcchMaxValueNameLen)


@shlwapi.export(category="registry")
def SHQueryInfoKeyA(
    thread: Thread, hkey: HKEY, pcSubKeys: Out[DWORD], pcchMaxSubKeyLen: Out[DWORD], pcValues: Out[DWORD],
    pcchMaxValueNameLen: Out[DWORD],
) -> LSTATUS:  # fmt: skip
    return _information(thread, hkey, pcSubKeys, pcchMaxSubKeyLen, pcValues, pcchMaxValueNameLen)
