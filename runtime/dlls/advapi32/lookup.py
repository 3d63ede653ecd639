"""winbase.h: names of accounts and privileges."""

from __future__ import annotations

from runtime.dlls.advapi32 import advapi32
from runtime.dlls.security_descriptor import read_sid
from runtime.dlls.text import encode_text, put_counted
from runtime.dlls.types import BOOL, DWORD, INT, LPCSTR, LPCWSTR, LPSTR, LPVOID, LPWSTR, PVOID, InOut, Out
from runtime.nt.accounts import PRIVILEGE_DISPLAY_NAMES, PRIVILEGES
from runtime.nt.casing import upcase
from runtime.nt.status import (
    ERROR_INSUFFICIENT_BUFFER,
    ERROR_NO_SUCH_PRIVILEGE,
    ERROR_NONE_MAPPED,
    Win32Error,
)
from runtime.nt.thread import Thread
from runtime.nt.token import effective_token

SECURITY = "security"
RPC_S_SERVER_UNAVAILABLE = 1722


def _local(thread: Thread, system: str | None) -> None:
    """Only this computer answers."""
    name = (system or "").lstrip("\\")
    if name and upcase(name) not in (upcase(thread.process.machine.config.computer_name), "LOCALHOST", "."):
        raise Win32Error(RPC_S_SERVER_UNAVAILABLE)


def _user_name(thread: Thread, buffer: int, size: InOut[DWORD], wide: bool) -> int:
    account = thread.process.machine.accounts.by_sid(effective_token(thread).user)
    if account is None:
        raise Win32Error(ERROR_NONE_MAPPED)
    put_counted(thread, account.name, buffer, size, wide=wide, error=ERROR_INSUFFICIENT_BUFFER, count_nul=True)
    return 1


@advapi32.export(category=SECURITY)
def GetUserNameW(thread: Thread, lpBuffer: LPWSTR, pcbBuffer: InOut[DWORD]) -> BOOL:
    """Return the name of the user; the length counts the NUL."""
    return _user_name(thread, lpBuffer, pcbBuffer, True)


@advapi32.export(category=SECURITY)
def GetUserNameA(thread: Thread, lpBuffer: LPSTR, pcbBuffer: InOut[DWORD]) -> BOOL:
    """Return the name of the user; the length counts the NUL."""
    return _user_name(thread, lpBuffer, pcbBuffer, False)


def _put_names(thread: Thread, pairs: tuple[tuple[str, int, InOut[DWORD]], ...], wide: bool) -> None:
    """Store several names; when one does not fit, set all sizes that are needed and fail."""
    fits = True
    encoded = []
    unit = 2 if wide else 1
    for text, buffer, size in pairs:
        data = encode_text(thread, text, wide)
        encoded.append(data)
        fits = fits and size.get() > len(data) // unit and (bool(buffer) or not data)
    for (_, buffer, size), data in zip(pairs, encoded, strict=True):
        if fits:
            if buffer:
                thread.process.memory.write(buffer, data + bytes(unit))
            size.set(len(data) // unit)
        else:
            size.set(len(data) // unit + 1)
    if not fits:
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)


def _account_of_sid(
    thread: Thread, system: str | None, sid: int, name: int, name_size: InOut[DWORD], domain: int,
    domain_size: InOut[DWORD], use: Out[INT], wide: bool,
) -> int:  # fmt: skip
    _local(thread, system)
    account = thread.process.machine.accounts.by_sid(read_sid(thread.process.memory, sid))
    if account is None:
        raise Win32Error(ERROR_NONE_MAPPED)
    _put_names(thread, ((account.name, name, name_size), (account.domain, domain, domain_size)), wide)
    use.set(account.use)
    return 1


@advapi32.export(category=SECURITY)
def LookupAccountSidW(
    thread: Thread, lpSystemName: LPCWSTR, Sid: PVOID, Name: LPWSTR, cchName: InOut[DWORD],
    ReferencedDomainName: LPWSTR, cchReferencedDomainName: InOut[DWORD], peUse: Out[INT],
) -> BOOL:  # fmt: skip
    """Return the name and domain of a SID."""
    return _account_of_sid(
        thread, lpSystemName, Sid, Name, cchName, ReferencedDomainName, cchReferencedDomainName, peUse, True
    )


@advapi32.export(category=SECURITY)
def LookupAccountSidA(
    thread: Thread, lpSystemName: LPCSTR, Sid: PVOID, Name: LPSTR, cchName: InOut[DWORD],
    ReferencedDomainName: LPSTR, cchReferencedDomainName: InOut[DWORD], peUse: Out[INT],
) -> BOOL:  # fmt: skip
    """Return the name and domain of a SID."""
    system = None if lpSystemName is None else thread.process.decode_ansi(lpSystemName)
    return _account_of_sid(
        thread, system, Sid, Name, cchName, ReferencedDomainName, cchReferencedDomainName, peUse, False
    )


def _sid_of_account(
    thread: Thread, system: str | None, name: str | None, sid: int, sid_size: InOut[DWORD], domain: int,
    domain_size: InOut[DWORD], use: Out[INT], wide: bool,
) -> int:  # fmt: skip
    _local(thread, system)
    account = thread.process.machine.accounts.by_name(name or "")
    if account is None:
        raise Win32Error(ERROR_NONE_MAPPED)
    data = account.sid.pack()
    unit = 2 if wide else 1
    text = encode_text(thread, account.domain, wide)
    fits = bool(sid) and sid_size.get() >= len(data) and domain_size.get() > len(text) // unit
    sid_size.set(len(data))
    domain_size.set(len(text) // unit + (0 if fits else 1))
    if not fits:
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(sid, data)
    if domain:
        thread.process.memory.write(domain, text + bytes(unit))
    use.set(account.use)
    return 1


@advapi32.export(category=SECURITY)
def LookupAccountNameW(
    thread: Thread, lpSystemName: LPCWSTR, lpAccountName: LPCWSTR, Sid: PVOID, cbSid: InOut[DWORD],
    ReferencedDomainName: LPWSTR, cchReferencedDomainName: InOut[DWORD], peUse: Out[INT],
) -> BOOL:  # fmt: skip
    """Return the SID and domain of an account."""
    return _sid_of_account(
        thread, lpSystemName, lpAccountName, Sid, cbSid, ReferencedDomainName, cchReferencedDomainName, peUse, True
    )


@advapi32.export(category=SECURITY)
def LookupAccountNameA(
    thread: Thread, lpSystemName: LPCSTR, lpAccountName: LPCSTR, Sid: PVOID, cbSid: InOut[DWORD],
    ReferencedDomainName: LPSTR, cchReferencedDomainName: InOut[DWORD], peUse: Out[INT],
) -> BOOL:  # fmt: skip
    """Return the SID and domain of an account."""
    decode = thread.process.decode_ansi
    return _sid_of_account(
        thread, None if lpSystemName is None else decode(lpSystemName),
        None if lpAccountName is None else decode(lpAccountName), Sid, cbSid, ReferencedDomainName,
        cchReferencedDomainName, peUse, False,
    )  # fmt: skip


@advapi32.export(category=SECURITY)
def LookupPrivilegeValueW(thread: Thread, lpSystemName: LPCWSTR, lpName: LPCWSTR, lpLuid: LPVOID) -> BOOL:
    """Return the LUID of a privilege (`SeDebugPrivilege`)."""
    _local(thread, lpSystemName)
    wanted = upcase(lpName or "")
    for name, luid in PRIVILEGES.items():
        if upcase(name) == wanted:
            thread.process.memory.write(lpLuid, luid.to_bytes(8, "little"))
            return 1
    raise Win32Error(ERROR_NO_SUCH_PRIVILEGE)


def _privilege_name(thread: Thread, system: str | None, luid: int) -> str:
    _local(thread, system)
    number = thread.process.memory.read_u64(luid)
    for name, value in PRIVILEGES.items():
        if value == number:
            return name
    raise Win32Error(ERROR_NO_SUCH_PRIVILEGE)


@advapi32.export(category=SECURITY)
def LookupPrivilegeNameW(
    thread: Thread, lpSystemName: LPCWSTR, lpLuid: LPVOID, lpName: LPWSTR, cchName: InOut[DWORD]
) -> BOOL:
    """Return the name of a privilege."""
    name = _privilege_name(thread, lpSystemName, lpLuid)
    put_counted(thread, name, lpName, cchName, error=ERROR_INSUFFICIENT_BUFFER)
    return 1


@advapi32.export(category=SECURITY)
def LookupPrivilegeNameA(
    thread: Thread, lpSystemName: LPCSTR, lpLuid: LPVOID, lpName: LPSTR, cchName: InOut[DWORD]
) -> BOOL:
    """Return the name of a privilege."""
    system = None if lpSystemName is None else thread.process.decode_ansi(lpSystemName)
    name = _privilege_name(thread, system, lpLuid)
    put_counted(thread, name, lpName, cchName, wide=False, error=ERROR_INSUFFICIENT_BUFFER)
    return 1


def _display_name(
    thread: Thread, system: str | None, name: str | None, buffer: int, size: InOut[DWORD], language: Out[DWORD],
    wide: bool,
) -> int:  # fmt: skip
    _local(thread, system)
    wanted = upcase(name or "")
    for known, text in PRIVILEGE_DISPLAY_NAMES.items():
        if upcase(known) == wanted:
            put_counted(thread, text, buffer, size, wide=wide, error=ERROR_INSUFFICIENT_BUFFER)
            language.put(0x409)
            return 1
    raise Win32Error(ERROR_NO_SUCH_PRIVILEGE)


@advapi32.export(category=SECURITY)
def LookupPrivilegeDisplayNameW(
    thread: Thread, lpSystemName: LPCWSTR, lpName: LPCWSTR, lpDisplayName: LPWSTR, cchDisplayName: InOut[DWORD],
    lpLanguageId: Out[DWORD],
) -> BOOL:  # fmt: skip
    """Return what a privilege is called for people."""
    return _display_name(thread, lpSystemName, lpName, lpDisplayName, cchDisplayName, lpLanguageId, True)


@advapi32.export(category=SECURITY)
def LookupPrivilegeDisplayNameA(
    thread: Thread, lpSystemName: LPCSTR, lpName: LPCSTR, lpDisplayName: LPSTR, cchDisplayName: InOut[DWORD],
    lpLanguageId: Out[DWORD],
) -> BOOL:  # fmt: skip
    """Return what a privilege is called for people."""
    decode = thread.process.decode_ansi
    system = None if lpSystemName is None else decode(lpSystemName)
    name = None if lpName is None else decode(lpName)
    return _display_name(thread, system, name, lpDisplayName, cchDisplayName, lpLanguageId, False)


LookupPrivilegeValueA = advapi32.ansi(LookupPrivilegeValueW)
