"""wincred.h: the user's stored credentials, of which there are none."""

from __future__ import annotations

from runtime.dlls.advapi32.dll import advapi32
from runtime.dlls.types import BOOL, DWORD, LPCWSTR, LPVOID, PVOID, Out
from runtime.nt.status import ERROR_NO_SUCH_LOGON_SESSION, ERROR_NOT_FOUND, Win32Error
from runtime.nt.thread import Thread

SECURITY = "security"


@advapi32.export(category=SECURITY)
def CredReadW(thread: Thread, TargetName: LPCWSTR, Type: DWORD, Flags: DWORD, Credential: Out[PVOID]) -> BOOL:
    """Return a credential: none is stored."""
    raise Win32Error(ERROR_NOT_FOUND)


@advapi32.export(category=SECURITY)
def CredDeleteW(thread: Thread, TargetName: LPCWSTR, Type: DWORD, Flags: DWORD) -> BOOL:
    """Delete a credential: none is stored."""
    raise Win32Error(ERROR_NOT_FOUND)


@advapi32.export(category=SECURITY)
def CredEnumerateW(thread: Thread, Filter: LPCWSTR, Flags: DWORD, Count: Out[DWORD], Credential: Out[PVOID]) -> BOOL:
    """List the credentials: none is stored."""
    raise Win32Error(ERROR_NOT_FOUND)


@advapi32.export(category=SECURITY)
def CredWriteW(thread: Thread, Credential: LPVOID, Flags: DWORD) -> BOOL:
    """Store a credential: the logon session has no credential set to keep it in."""
    raise Win32Error(ERROR_NO_SUCH_LOGON_SESSION)


@advapi32.export(category=SECURITY)
def CredFree(thread: Thread, Buffer: LPVOID) -> None:
    """Free what a function of wincred.h returned: nothing ever is."""
