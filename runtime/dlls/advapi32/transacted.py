"""winreg.h: functions that take part in a kernel transaction. The machine has no transaction manager."""

from __future__ import annotations

from runtime.dlls.advapi32.dll import advapi32
from runtime.dlls.types import DWORD, HANDLE, HKEY, LPCWSTR, LPVOID, LSTATUS, Out
from runtime.nt.status import ERROR_INVALID_HANDLE, Win32Error
from runtime.nt.thread import Thread


@advapi32.export(category="registry")
def RegOpenKeyTransactedW(
    thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, ulOptions: DWORD, samDesired: DWORD, phkResult: Out[HKEY],
    hTransaction: HANDLE, pExtendedParemeter: LPVOID,
) -> LSTATUS:  # fmt: skip
    """Open a key in a transaction: no handle is one."""
    raise Win32Error(ERROR_INVALID_HANDLE)


@advapi32.export(category="registry")
def RegCreateKeyTransactedW(
    thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, Reserved: DWORD, lpClass: LPCWSTR, dwOptions: DWORD,
    samDesired: DWORD, lpSecurityAttributes: LPVOID, phkResult: Out[HKEY], lpdwDisposition: Out[DWORD],
    hTransaction: HANDLE, pExtendedParemeter: LPVOID,
) -> LSTATUS:  # fmt: skip
    """Create a key in a transaction: no handle is one."""
    raise Win32Error(ERROR_INVALID_HANDLE)


@advapi32.export(category="registry")
def RegDeleteKeyTransactedW(
    thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, samDesired: DWORD, Reserved: DWORD, hTransaction: HANDLE,
    pExtendedParameter: LPVOID,
) -> LSTATUS:  # fmt: skip
    """Delete a key in a transaction: no handle is one."""
    raise Win32Error(ERROR_INVALID_HANDLE)
