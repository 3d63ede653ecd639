"""secext.h: names of the user in other forms."""

from __future__ import annotations

from runtime.dlls.secur32.dll import secur32
from runtime.dlls.text import put_counted
from runtime.dlls.types import BOOLEAN, INT, LPSTR, LPWSTR, ULONG, InOut
from runtime.nt.status import ERROR_INVALID_PARAMETER, ERROR_MORE_DATA, ERROR_NONE_MAPPED, Win32Error
from runtime.nt.thread import Thread
from runtime.nt.token import effective_token

NAME_SAM_COMPATIBLE = 2


def _name(thread: Thread, form: int, buffer: int, size: InOut[ULONG], wide: bool) -> int:
    if not size:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    account = thread.process.machine.accounts.by_sid(effective_token(thread).user)
    if form != NAME_SAM_COMPATIBLE or account is None:
        raise Win32Error(ERROR_NONE_MAPPED)
    text = f"{account.domain}\\{account.name}"
    put_counted(thread, text, buffer, size, wide=wide, error=ERROR_MORE_DATA)
    return 1


@secur32.export(category="security")
def GetUserNameExW(thread: Thread, NameFormat: INT, lpNameBuffer: LPWSTR, nSize: InOut[ULONG]) -> BOOLEAN:
    """Return the user's name as `COMPUTER\\user` (2); a computer outside a domain knows no other form."""
    return _name(thread, NameFormat, lpNameBuffer, nSize, True)


@secur32.export(category="security")
def GetUserNameExA(thread: Thread, NameFormat: INT, lpNameBuffer: LPSTR, nSize: InOut[ULONG]) -> BOOLEAN:
    """Return the user's name as `COMPUTER\\user` (2); a computer outside a domain knows no other form."""
    return _name(thread, NameFormat, lpNameBuffer, nSize, False)


@secur32.export(category="security")
def GetComputerObjectNameW(thread: Thread, NameFormat: INT, lpNameBuffer: LPWSTR, nSize: InOut[ULONG]) -> BOOLEAN:
    """Return the computer's name in the directory: it is in none."""
    raise Win32Error(ERROR_NONE_MAPPED)
