"""processthreadsapi.h and securitybaseapi.h: access tokens and impersonation."""

from __future__ import annotations

import struct
from typing import Annotated

from runtime.dlls.advapi32 import advapi32
from runtime.dlls.ntdll.token import (
    PROCESS_QUERY_LIMITED_INFORMATION,
    adjust_groups,
    adjust_privileges,
    check_privileges,
    query_token,
    set_token,
    thread_token,
)
from runtime.dlls.security_descriptor import read_descriptor, read_sid
from runtime.dlls.types import BOOL, DWORD, HANDLE, HEX32, LPCWSTR, LPVOID, PVOID, Enum, InBytes, InOut, Out, OutBytes
from runtime.nt import security as sec
from runtime.nt.accounts import PRIVILEGES
from runtime.nt.named_pipe import PipeEnd
from runtime.nt.object import Object
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.registry import Key
from runtime.nt.security import GenericMapping
from runtime.nt.status import (
    ERROR_ACCESS_DENIED,
    ERROR_BAD_TOKEN_TYPE,
    ERROR_INSUFFICIENT_BUFFER,
    ERROR_INVALID_PARAMETER,
    ERROR_LOGON_FAILURE,
    ERROR_NO_IMPERSONATION_TOKEN,
    ERROR_NOT_ALL_ASSIGNED,
    ERROR_PRIVILEGE_NOT_HELD,
    ERROR_SUCCESS,
    STATUS_ACCESS_DENIED,
    STATUS_NOT_ALL_ASSIGNED,
    NtError,
    Win32Error,
)
from runtime.nt.thread import Thread
from runtime.nt.token import (
    SE_GROUP_ENABLED,
    SE_GROUP_USE_FOR_DENY_ONLY,
    SECURITY_IMPERSONATION,
    TOKEN_DUPLICATE,
    TOKEN_IMPERSONATE,
    TOKEN_IMPERSONATION,
    TOKEN_PRIMARY,
    TOKEN_QUERY,
    Group,
    Token,
    effective_token,
)

SECURITY = "security"
TOKEN_ACCESS = Annotated[HEX32, Enum("TOKEN_ACCESS_MASK")]
INFORMATION_CLASS = Annotated[DWORD, Enum("TOKEN_INFORMATION_CLASS")]
SANDBOX_INERT, DISABLE_MAX_PRIVILEGE, LUA_TOKEN, WRITE_RESTRICTED = 2, 1, 4, 8


@advapi32.export(category=SECURITY)
def OpenProcessToken(
    thread: Thread, ProcessHandle: HANDLE, DesiredAccess: TOKEN_ACCESS, TokenHandle: Out[HANDLE]
) -> BOOL:
    """Open the token of a process."""
    process = get_object(thread, ProcessHandle, Process, PROCESS_QUERY_LIMITED_INFORMATION)
    TokenHandle.set(thread.process.handles.open(process.token, DesiredAccess))
    return 1


@advapi32.export(category=SECURITY)
def OpenThreadToken(
    thread: Thread, ThreadHandle: HANDLE, DesiredAccess: TOKEN_ACCESS, OpenAsSelf: BOOL, TokenHandle: Out[HANDLE]
) -> BOOL:
    """Open the token a thread impersonates with; ERROR_NO_TOKEN when it does not."""
    TokenHandle.set(thread.process.handles.open(thread_token(thread, ThreadHandle), DesiredAccess))
    return 1


@advapi32.export(category=SECURITY)
def GetTokenInformation(
    thread: Thread, TokenHandle: HANDLE, TokenInformationClass: INFORMATION_CLASS,
    TokenInformation: Annotated[LPVOID, OutBytes("TokenInformationLength", actual="ReturnLength")],
    TokenInformationLength: DWORD, ReturnLength: Out[DWORD],
) -> BOOL:  # fmt: skip
    """Describe a token."""
    query_token(thread, TokenHandle, TokenInformationClass, TokenInformation, TokenInformationLength, ReturnLength)
    return 1


@advapi32.export(category=SECURITY)
def SetTokenInformation(
    thread: Thread, TokenHandle: HANDLE, TokenInformationClass: INFORMATION_CLASS,
    TokenInformation: Annotated[LPVOID, InBytes("TokenInformationLength")], TokenInformationLength: DWORD,
) -> BOOL:  # fmt: skip
    """Change a token."""
    set_token(thread, TokenHandle, TokenInformationClass, TokenInformation, TokenInformationLength)
    return 1


@advapi32.export(category=SECURITY)
def AdjustTokenPrivileges(
    thread: Thread, TokenHandle: HANDLE, DisableAllPrivileges: BOOL, NewState: LPVOID, BufferLength: DWORD,
    PreviousState: LPVOID, ReturnLength: Out[DWORD],
) -> BOOL:  # fmt: skip
    """Enable, disable or remove privileges; the last error is ERROR_NOT_ALL_ASSIGNED when the token lacks some."""
    status = adjust_privileges(
        thread, TokenHandle, bool(DisableAllPrivileges), NewState, BufferLength, PreviousState, ReturnLength
    )
    thread.last_error = ERROR_NOT_ALL_ASSIGNED if status == STATUS_NOT_ALL_ASSIGNED else ERROR_SUCCESS
    return 1


@advapi32.export(category=SECURITY)
def AdjustTokenGroups(
    thread: Thread, TokenHandle: HANDLE, ResetToDefault: BOOL, NewState: LPVOID, BufferLength: DWORD,
    PreviousState: LPVOID, ReturnLength: Out[DWORD],
) -> BOOL:  # fmt: skip
    """Enable or disable groups."""
    if PreviousState:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    status = adjust_groups(thread, TokenHandle, bool(ResetToDefault), NewState)
    thread.last_error = ERROR_NOT_ALL_ASSIGNED if status == STATUS_NOT_ALL_ASSIGNED else ERROR_SUCCESS
    return 1


@advapi32.export(category=SECURITY)
def DuplicateTokenEx(
    thread: Thread, hExistingToken: HANDLE, dwDesiredAccess: TOKEN_ACCESS, lpTokenAttributes: LPVOID,
    ImpersonationLevel: DWORD, TokenType: DWORD, phNewToken: Out[HANDLE],
) -> BOOL:  # fmt: skip
    """Copy a token as a primary (1) or impersonation token (2)."""
    token = get_object(thread, hExistingToken, Token, TOKEN_DUPLICATE)
    copy = token.duplicate(TokenType, ImpersonationLevel)
    access = dwDesiredAccess or thread.process.handles.entry(hExistingToken).access
    phNewToken.set(thread.process.handles.open(copy, access))
    return 1


@advapi32.export(category=SECURITY)
def DuplicateToken(
    thread: Thread, ExistingTokenHandle: HANDLE, ImpersonationLevel: DWORD, DuplicateTokenHandle: Out[HANDLE]
) -> BOOL:
    """Copy a token as an impersonation token."""
    token = get_object(thread, ExistingTokenHandle, Token, TOKEN_DUPLICATE)
    copy = token.duplicate(TOKEN_IMPERSONATION, ImpersonationLevel)
    DuplicateTokenHandle.set(thread.process.handles.open(copy, TOKEN_IMPERSONATE | TOKEN_QUERY))
    return 1


@advapi32.export(category=SECURITY)
def SetThreadToken(thread: Thread, Thread: LPVOID, Token: HANDLE) -> BOOL:
    """Have a thread act for an impersonation token; NULL ends it."""
    target = thread
    if Thread:
        target = get_object(thread, thread.process.memory.read_pointer(Thread), type(thread), 0x80)
    target.token = _impersonation(thread, Token) if Token else None
    return 1


def _impersonation(thread: Thread, handle: int) -> Token:
    token = get_object(thread, handle, Token, TOKEN_IMPERSONATE)
    if token.kind != TOKEN_IMPERSONATION:
        raise Win32Error(ERROR_BAD_TOKEN_TYPE)
    return token


@advapi32.export(category=SECURITY)
def ImpersonateLoggedOnUser(thread: Thread, hToken: HANDLE) -> BOOL:
    """Have this thread act for a token's user."""
    token = get_object(thread, hToken, Token, TOKEN_QUERY)
    if token.kind == TOKEN_PRIMARY:
        token = token.duplicate(TOKEN_IMPERSONATION, SECURITY_IMPERSONATION)
    thread.token = token
    return 1


@advapi32.export(category=SECURITY)
def ImpersonateSelf(thread: Thread, ImpersonationLevel: DWORD) -> BOOL:
    """Give this thread a copy of its process's token."""
    thread.token = thread.process.token.duplicate(TOKEN_IMPERSONATION, ImpersonationLevel)
    return 1


@advapi32.export(category=SECURITY)
def ImpersonateNamedPipeClient(thread: Thread, hNamedPipe: HANDLE) -> BOOL:
    """Have this thread act for the user at the other end of a pipe."""
    get_object(thread, hNamedPipe, PipeEnd, 0).impersonate(thread)
    return 1


@advapi32.export(category=SECURITY)
def RevertToSelf(thread: Thread) -> BOOL:
    """End this thread's impersonation."""
    thread.token = None
    return 1


@advapi32.export(category=SECURITY)
def CheckTokenMembership(thread: Thread, TokenHandle: HANDLE, SidToCheck: PVOID, IsMember: Out[BOOL]) -> BOOL:
    """Say whether a SID is enabled in an impersonation token (NULL: the caller's)."""
    if TokenHandle:
        token = get_object(thread, TokenHandle, Token, TOKEN_QUERY)
        if token.kind != TOKEN_IMPERSONATION:
            raise Win32Error(ERROR_NO_IMPERSONATION_TOKEN)
    else:
        token = effective_token(thread)
    IsMember.set(int(read_sid(thread.process.memory, SidToCheck) in token.owner_sids))
    return 1


@advapi32.export(category=SECURITY)
def IsTokenRestricted(thread: Thread, TokenHandle: HANDLE) -> BOOL:
    """Whether a token has restricting SIDs."""
    return int(bool(get_object(thread, TokenHandle, Token, TOKEN_QUERY).restricted))


def _sid_array(thread: Thread, address: int, count: int) -> list[sec.Sid]:
    memory = thread.process.memory
    return [
        read_sid(memory, memory.read_pointer(address + 2 * memory.pointer_size * index))
        for index in range(min(count, 0x1000))
    ]


@advapi32.export(category=SECURITY)
def CreateRestrictedToken(
    thread: Thread, ExistingTokenHandle: HANDLE, Flags: DWORD, DisableSidCount: DWORD, SidsToDisable: LPVOID,
    DeletePrivilegeCount: DWORD, PrivilegesToDelete: LPVOID, RestrictedSidCount: DWORD, SidsToRestrict: LPVOID,
    NewTokenHandle: Out[HANDLE],
) -> BOOL:  # fmt: skip
    """Copy a token with groups made deny-only, privileges deleted and restricting SIDs added."""
    token = get_object(thread, ExistingTokenHandle, Token, TOKEN_DUPLICATE)
    copy = token.duplicate(token.kind, token.level)
    disabled = set(_sid_array(thread, SidsToDisable, DisableSidCount))
    copy.groups = [
        Group(g.sid, g.attributes & ~SE_GROUP_ENABLED | SE_GROUP_USE_FOR_DENY_ONLY) if g.sid in disabled else g
        for g in copy.groups
    ]
    if Flags & DISABLE_MAX_PRIVILEGE:
        copy.privileges = {n: a for n, a in copy.privileges.items() if n == "SeChangeNotifyPrivilege"}
    names = {luid: name for name, luid in PRIVILEGES.items()}
    for index in range(min(DeletePrivilegeCount, 0x1000)):
        luid = thread.process.memory.read_u32(PrivilegesToDelete + 12 * index)
        copy.privileges.pop(names.get(luid, ""), None)
    copy.restricted = tuple(Group(sid, 7) for sid in _sid_array(thread, SidsToRestrict, RestrictedSidCount))
    NewTokenHandle.set(thread.process.handles.open(copy, thread.process.handles.entry(ExistingTokenHandle).access))
    return 1


@advapi32.export(category=SECURITY)
def PrivilegeCheck(thread: Thread, ClientToken: HANDLE, RequiredPrivileges: LPVOID, pfResult: Out[BOOL]) -> BOOL:
    """Say whether a token has privileges enabled."""
    pfResult.set(int(check_privileges(thread, ClientToken, RequiredPrivileges)))
    return 1


@advapi32.export(category=SECURITY)
def AccessCheck(
    thread: Thread, pSecurityDescriptor: PVOID, ClientToken: HANDLE, DesiredAccess: HEX32, GenericMapping: LPVOID,
    PrivilegeSet: LPVOID, PrivilegeSetLength: InOut[DWORD], GrantedAccess: Out[DWORD], AccessStatus: Out[BOOL],
) -> BOOL:  # fmt: skip
    """Say what a token may do with an object that has this descriptor."""
    token = get_object(thread, ClientToken, Token, TOKEN_QUERY)
    if token.kind != TOKEN_IMPERSONATION:
        raise Win32Error(ERROR_NO_IMPERSONATION_TOKEN)
    memory = thread.process.memory
    mapping = _mapping(thread, GenericMapping)
    if PrivilegeSetLength.get() < 20:
        PrivilegeSetLength.set(20)
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    memory.write(PrivilegeSet, bytes(20))
    try:
        granted = sec.access_check(read_descriptor(memory, pSecurityDescriptor), token, DesiredAccess, mapping)
    except NtError as error:
        if error.status != STATUS_ACCESS_DENIED:
            raise
        GrantedAccess.set(0)
        AccessStatus.set(0)
        thread.last_error = ERROR_ACCESS_DENIED
        return 1
    GrantedAccess.set(granted)
    AccessStatus.set(1)
    return 1


def _mapping(thread: Thread, address: int) -> GenericMapping:
    read, write, execute, everything = struct.unpack("<4I", thread.process.memory.read(address, 16))
    return GenericMapping(read, write, execute, everything)


@advapi32.export(category=SECURITY)
def MapGenericMask(thread: Thread, AccessMask: InOut[DWORD], GenericMapping: LPVOID) -> None:
    """Replace generic rights by those they mean."""
    AccessMask.set(_mapping(thread, GenericMapping).map(AccessMask.get()))


@advapi32.export(category=SECURITY)
def AreAllAccessesGranted(thread: Thread, GrantedAccess: HEX32, DesiredAccess: HEX32) -> BOOL:
    """Whether all of the wanted rights are granted."""
    return int(GrantedAccess & DesiredAccess == DesiredAccess)


@advapi32.export(category=SECURITY)
def AreAnyAccessesGranted(thread: Thread, GrantedAccess: HEX32, DesiredAccess: HEX32) -> BOOL:
    """Whether any of the wanted rights is granted."""
    return int(bool(GrantedAccess & DesiredAccess))


@advapi32.export(category=SECURITY)
def LogonUserW(
    thread: Thread, lpszUsername: LPCWSTR, lpszDomain: LPCWSTR, lpszPassword: LPCWSTR, dwLogonType: DWORD,
    dwLogonProvider: DWORD, phToken: Out[HANDLE],
) -> BOOL:  # fmt: skip
    """Log a user on by password: no account of the machine has one."""
    raise Win32Error(ERROR_LOGON_FAILURE)


LogonUserA = advapi32.ansi(LogonUserW)


def object_descriptor(thread: Thread, item: Object) -> sec.SecurityDescriptor:
    """Return the security descriptor of an object: a key's own, else what its creator's token gives by default."""
    if isinstance(item, Key):
        return item.registry.security(item.node)
    token = thread.process.token
    return sec.descriptor(token.owner, token.primary_group, token.default_dacl)


@advapi32.export(category=SECURITY)
def GetKernelObjectSecurity(
    thread: Thread, Handle: HANDLE, RequestedInformation: HEX32, pSecurityDescriptor: PVOID, nLength: DWORD,
    lpnLengthNeeded: Out[DWORD],
) -> BOOL:  # fmt: skip
    """Return the chosen parts of an object's descriptor, self-relative."""
    item = get_object(thread, Handle, Object, sec.READ_CONTROL if RequestedInformation & 7 else 0)
    data = object_descriptor(thread, item).select(RequestedInformation).pack()
    lpnLengthNeeded.set(len(data))
    if nLength < len(data):
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(pSecurityDescriptor, data)
    return 1


@advapi32.export(category=SECURITY)
def SetKernelObjectSecurity(
    thread: Thread, Handle: HANDLE, SecurityInformation: HEX32, SecurityDescriptor: PVOID
) -> BOOL:
    """Set the chosen parts of a key's descriptor. Other objects keep theirs: ERROR_PRIVILEGE_NOT_HELD."""
    from runtime.dlls.advapi32.winreg import security_access, set_key_security

    item = get_object(thread, Handle, Object, security_access(SecurityInformation))
    if not isinstance(item, Key):
        raise Win32Error(ERROR_PRIVILEGE_NOT_HELD)
    set_key_security(item, thread, SecurityInformation, SecurityDescriptor)
    return 1
