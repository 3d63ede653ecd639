"""Access tokens: NtOpenProcessToken and its family."""

from __future__ import annotations

import struct
from typing import Annotated

from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.security_descriptor import read_acl, read_sid
from runtime.dlls.token_information import TOKEN_LINKED_TOKEN, privilege_entries, token_information
from runtime.dlls.types import (
    ACCESS_MASK,
    BOOLEAN,
    HANDLE,
    NTSTATUS,
    PVOID,
    ULONG,
    Enum,
    InBytes,
    Out,
    OutBytes,
)
from runtime.nt import status as st
from runtime.nt.accounts import PRIVILEGES
from runtime.nt.process import Process
from runtime.nt.reference import get_object, read_attributes
from runtime.nt.status import NtError
from runtime.nt.thread import Thread
from runtime.nt.token import (
    SECURITY_IDENTIFICATION,
    TOKEN_ADJUST_DEFAULT,
    TOKEN_ADJUST_GROUPS,
    TOKEN_ADJUST_PRIVILEGES,
    TOKEN_ADJUST_SESSIONID,
    TOKEN_DUPLICATE,
    TOKEN_IMPERSONATION,
    TOKEN_QUERY,
    TOKEN_QUERY_SOURCE,
    Token,
)

SECURITY = "security"
PROCESS_QUERY_LIMITED_INFORMATION = 0x1000
THREAD_QUERY_LIMITED_INFORMATION = 0x800
_INFORMATION_CLASS = Annotated[ULONG, Enum("TOKEN_INFORMATION_CLASS")]
_BY_LUID = {luid: name for name, luid in PRIVILEGES.items()}


def open_token(thread: Thread, token: Token, access: int, target: Out[HANDLE], inherit: bool = False) -> int:
    """Open a handle to a token."""
    target.set(thread.process.handles.open(token, access, inherit=inherit))
    return st.STATUS_SUCCESS


@ntdll.export(category=SECURITY)
def NtOpenProcessToken(
    thread: Thread, ProcessHandle: HANDLE, DesiredAccess: ACCESS_MASK, TokenHandle: Out[HANDLE]
) -> NTSTATUS:
    """Open the token of a process."""
    process = get_object(thread, ProcessHandle, Process, PROCESS_QUERY_LIMITED_INFORMATION)
    return open_token(thread, process.token, DesiredAccess, TokenHandle)


@ntdll.export(category=SECURITY)
def NtOpenProcessTokenEx(
    thread: Thread, ProcessHandle: HANDLE, DesiredAccess: ACCESS_MASK, HandleAttributes: ULONG, TokenHandle: Out[HANDLE]
) -> NTSTATUS:
    """Open the token of a process."""
    process = get_object(thread, ProcessHandle, Process, PROCESS_QUERY_LIMITED_INFORMATION)
    return open_token(thread, process.token, DesiredAccess, TokenHandle, bool(HandleAttributes & 2))


def thread_token(thread: Thread, handle: int) -> Token:
    """Return the impersonation token of a thread. Raises NtError(STATUS_NO_TOKEN)."""
    token = get_object(thread, handle, Thread, THREAD_QUERY_LIMITED_INFORMATION).token
    if token is None:
        raise NtError(st.STATUS_NO_TOKEN)
    return token


@ntdll.export(category=SECURITY)
def NtOpenThreadToken(
    thread: Thread, ThreadHandle: HANDLE, DesiredAccess: ACCESS_MASK, OpenAsSelf: BOOLEAN, TokenHandle: Out[HANDLE]
) -> NTSTATUS:
    """Open the token a thread impersonates with; STATUS_NO_TOKEN when it does not."""
    return open_token(thread, thread_token(thread, ThreadHandle), DesiredAccess, TokenHandle)


@ntdll.export(category=SECURITY)
def NtOpenThreadTokenEx(
    thread: Thread, ThreadHandle: HANDLE, DesiredAccess: ACCESS_MASK, OpenAsSelf: BOOLEAN, HandleAttributes: ULONG,
    TokenHandle: Out[HANDLE],
) -> NTSTATUS:  # fmt: skip
    """Open the token a thread impersonates with; STATUS_NO_TOKEN when it does not."""
    inherit = bool(HandleAttributes & 2)
    return open_token(thread, thread_token(thread, ThreadHandle), DesiredAccess, TokenHandle, inherit)


def query_token(thread: Thread, handle: int, kind: int, buffer: int, length: int, needed: Out[ULONG]) -> int:
    """Answer a query. Raises NtError(STATUS_BUFFER_TOO_SMALL) with `needed` set."""
    token = get_object(thread, handle, Token, TOKEN_QUERY_SOURCE if kind == 7 else TOKEN_QUERY)
    memory = thread.process.memory
    if kind == TOKEN_LINKED_TOKEN:
        needed.put(memory.pointer_size)
        if length < memory.pointer_size:
            raise NtError(st.STATUS_BUFFER_TOO_SMALL)
        if token.linked is None:
            raise NtError(st.STATUS_NO_SUCH_LOGON_SESSION)
        # Without SeTcbPrivilege the linked token comes as an impersonation token that only identifies.
        linked = token.linked.duplicate(TOKEN_IMPERSONATION, SECURITY_IDENTIFICATION)
        memory.write_pointer(buffer, thread.process.handles.open(linked, TOKEN_QUERY | TOKEN_DUPLICATE))
        return st.STATUS_SUCCESS
    data = token_information(token, kind, buffer, memory.pointer_size)
    needed.put(len(data))
    if length < len(data):
        raise NtError(st.STATUS_BUFFER_TOO_SMALL)
    memory.write(buffer, data)
    return st.STATUS_SUCCESS


@ntdll.export(category=SECURITY)
def NtQueryInformationToken(
    thread: Thread, TokenHandle: HANDLE, TokenInformationClass: _INFORMATION_CLASS,
    TokenInformation: Annotated[PVOID, OutBytes("TokenInformationLength", actual="ReturnLength")],
    TokenInformationLength: ULONG, ReturnLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    """Describe a token."""
    return query_token(
        thread, TokenHandle, TokenInformationClass, TokenInformation, TokenInformationLength, ReturnLength
    )


def set_token(thread: Thread, handle: int, kind: int, buffer: int, length: int) -> int:
    """Change what a token allows to change: owner (4), primary group (5), default DACL (6), session (12), label (25),
    UI access (26). Raises NtError.
    """
    memory = thread.process.memory
    token = get_object(thread, handle, Token, TOKEN_ADJUST_SESSIONID if kind == 12 else TOKEN_ADJUST_DEFAULT)
    size = 4 if kind in (12, 24, 26) else memory.pointer_size
    if kind not in (4, 5, 6, 12, 24, 25, 26):
        raise NtError(st.STATUS_INVALID_INFO_CLASS)
    if length < size:
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    if kind == 12:
        raise NtError(st.STATUS_PRIVILEGE_NOT_HELD)
    if kind in (24, 26):
        value = bool(memory.read_u32(buffer))
        if kind == 26 and value:
            raise NtError(st.STATUS_PRIVILEGE_NOT_HELD)
        token.virtualization = value if kind == 24 else token.virtualization
        return st.STATUS_SUCCESS
    address = memory.read_pointer(buffer)
    if kind == 4:
        token.set_owner(read_sid(memory, address))
    elif kind == 5:
        token.set_primary_group(read_sid(memory, address))
    elif kind == 6:
        token.default_dacl = read_acl(memory, address) if address else None
    else:
        label = read_sid(memory, address)
        if label.authority != 16 or not label.sub:
            raise NtError(st.STATUS_INVALID_SID)
        if label.sub[0] > token.integrity:
            raise NtError(st.STATUS_PRIVILEGE_NOT_HELD)
        token.set_integrity(label)
    return st.STATUS_SUCCESS


@ntdll.export(category=SECURITY)
def NtSetInformationToken(
    thread: Thread, TokenHandle: HANDLE, TokenInformationClass: _INFORMATION_CLASS,
    TokenInformation: Annotated[PVOID, InBytes("TokenInformationLength")], TokenInformationLength: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Change a token."""
    return set_token(thread, TokenHandle, TokenInformationClass, TokenInformation, TokenInformationLength)


def read_privileges(thread: Thread, address: int) -> tuple[dict[str, int], bool]:
    """Read TOKEN_PRIVILEGES; returns attributes by name, and whether all LUIDs are those of privileges."""
    memory = thread.process.memory
    found: dict[str, int] = {}
    known = True
    count = memory.read_u32(address)
    for index in range(min(count, 0x1000)):
        low, high, attributes = struct.unpack("<IiI", memory.read(address + 4 + 12 * index, 12))
        name = _BY_LUID.get(low) if high == 0 else None
        if name is None:
            known = False
        else:
            found[name] = attributes
    return found, known


def adjust_privileges(
    thread: Thread, handle: int, disable_all: bool, new_state: int, length: int, previous: int, needed: Out[ULONG]
) -> int:
    """NtAdjustPrivilegesToken; returns STATUS_SUCCESS or STATUS_NOT_ALL_ASSIGNED."""
    access = TOKEN_ADJUST_PRIVILEGES | (TOKEN_QUERY if previous else 0)
    token = get_object(thread, handle, Token, access)
    complete = True
    if disable_all:
        changes = dict.fromkeys(token.privileges, 0)
    else:
        if not new_state:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        changes, complete = read_privileges(thread, new_state)
    complete = complete and all(name in token.privileges for name in changes)
    before = dict(token.privileges)
    former = token.adjust_privileges(changes)
    if previous:
        data = struct.pack("<I", len(former)) + privilege_entries(former)
        needed.put(len(data))
        if length < len(data):
            token.privileges = before
            raise NtError(st.STATUS_BUFFER_TOO_SMALL)
        thread.process.memory.write(previous, data)
    return st.STATUS_SUCCESS if complete else st.STATUS_NOT_ALL_ASSIGNED


@ntdll.export(category=SECURITY)
def NtAdjustPrivilegesToken(
    thread: Thread, TokenHandle: HANDLE, DisableAllPrivileges: BOOLEAN, NewState: PVOID, BufferLength: ULONG,
    PreviousState: PVOID, ReturnLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    """Enable, disable or remove privileges; STATUS_NOT_ALL_ASSIGNED when the token lacks some."""
    return adjust_privileges(
        thread, TokenHandle, bool(DisableAllPrivileges), NewState, BufferLength, PreviousState, ReturnLength
    )


def adjust_groups(thread: Thread, handle: int, reset: bool, new_state: int) -> int:
    """NtAdjustGroupsToken, without the previous state."""
    token = get_object(thread, handle, Token, TOKEN_ADJUST_GROUPS)
    memory = thread.process.memory
    if reset:
        token.adjust_groups({group.sid: bool(group.attributes & 2) for group in token.groups})
        return st.STATUS_SUCCESS
    width = memory.pointer_size
    changes = {}
    for index in range(min(memory.read_u32(new_state), 0x1000)):
        entry = new_state + width + 2 * width * index
        changes[read_sid(memory, memory.read_pointer(entry))] = bool(memory.read_u32(entry + width) & 4)
    token.adjust_groups(changes)
    known = {group.sid for group in token.groups}
    return st.STATUS_SUCCESS if changes.keys() <= known else st.STATUS_NOT_ALL_ASSIGNED


@ntdll.export(category=SECURITY)
def NtAdjustGroupsToken(
    thread: Thread, TokenHandle: HANDLE, ResetToDefault: BOOLEAN, NewState: PVOID, BufferLength: ULONG,
    PreviousState: PVOID, ReturnLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    """Enable or disable groups."""
    if PreviousState:
        raise NtError(st.STATUS_NOT_SUPPORTED)
    return adjust_groups(thread, TokenHandle, bool(ResetToDefault), NewState)


@ntdll.export(category=SECURITY)
def NtDuplicateToken(
    thread: Thread, ExistingTokenHandle: HANDLE, DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID,
    EffectiveOnly: BOOLEAN, Type: ULONG, NewTokenHandle: Out[HANDLE],
) -> NTSTATUS:  # fmt: skip
    """Copy a token as a primary or impersonation token."""
    entry = thread.process.handles.entry(ExistingTokenHandle)
    token = get_object(thread, ExistingTokenHandle, Token, TOKEN_DUPLICATE)
    attributes = read_attributes(thread, ObjectAttributes)
    memory = thread.process.memory
    level = token.level
    service = memory.read_pointer(ObjectAttributes + 5 * memory.pointer_size) if ObjectAttributes else 0
    if service:
        level = memory.read_u32(service + 4)
    copy = token.duplicate(Type, level, effective_only=bool(EffectiveOnly))
    return open_token(thread, copy, DesiredAccess or entry.access, NewTokenHandle, attributes.inherit)


@ntdll.export(category=SECURITY)
def NtImpersonateAnonymousToken(thread: Thread, ThreadHandle: HANDLE) -> NTSTATUS:
    """Have a thread act for nobody: not allowed to interactive users."""
    get_object(thread, ThreadHandle, Thread)
    raise NtError(st.STATUS_ACCESS_DENIED)


@ntdll.export(category=SECURITY)
def NtPrivilegeCheck(
    thread: Thread, ClientToken: HANDLE, RequiredPrivileges: PVOID, Result: Out[BOOLEAN]
) -> NTSTATUS:
    """Say whether an impersonation token has privileges (PRIVILEGE_SET) enabled."""
    Result.set(int(check_privileges(thread, ClientToken, RequiredPrivileges)))
    return st.STATUS_SUCCESS


def check_privileges(thread: Thread, handle: int, address: int) -> bool:
    """Check a PRIVILEGE_SET: all of it with flag 1, else any; marks what was used (0x80000000)."""
    token = get_object(thread, handle, Token, TOKEN_QUERY)
    memory = thread.process.memory
    count, control = memory.read_u32(address), memory.read_u32(address + 4)
    held = 0
    for index in range(min(count, 0x1000)):
        entry = address + 8 + 12 * index
        name = _BY_LUID.get(memory.read_u32(entry))
        if name is not None and token.holds(name):
            held += 1
            memory.write_u32(entry + 8, memory.read_u32(entry + 8) | 0x80000000)
    return held == count if control & 1 else held > 0
