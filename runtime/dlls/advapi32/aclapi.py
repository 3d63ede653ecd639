"""aclapi.h: security of objects by name or handle, and lists made of EXPLICIT_ACCESS entries."""

from __future__ import annotations

import struct
from dataclasses import replace

from runtime.dlls.advapi32 import advapi32
from runtime.dlls.advapi32.hkey import open_below
from runtime.dlls.advapi32.tokens import object_descriptor
from runtime.dlls.advapi32.winbase import file_descriptor
from runtime.dlls.advapi32.winreg import security_access
from runtime.dlls.heap import guest_heap_new
from runtime.dlls.security_descriptor import read_acl, read_sid
from runtime.dlls.types import DWORD, HANDLE, HEX32, LPCSTR, LPCWSTR, LPVOID, LSTATUS, PVOID, ULONG, Out
from runtime.nt import security as sec
from runtime.nt.object import Object
from runtime.nt.reference import get_object
from runtime.nt.registry import Key
from runtime.nt.security import Ace, Acl, SecurityDescriptor, Sid
from runtime.nt.status import (
    ERROR_BAD_PATHNAME,
    ERROR_INVALID_PARAMETER,
    ERROR_NONE_MAPPED,
    ERROR_NOT_SUPPORTED,
    ERROR_SUCCESS,
    Win32Error,
)
from runtime.nt.thread import Thread

SECURITY = "security"
SE_FILE_OBJECT, SE_REGISTRY_KEY, SE_KERNEL_OBJECT = 1, 4, 6
_ROOTS = {"CLASSES_ROOT": 0x80000000, "CURRENT_USER": 0x80000001, "MACHINE": 0x80000002, "USERS": 0x80000003}
GRANT_ACCESS, SET_ACCESS, DENY_ACCESS, REVOKE_ACCESS = 1, 2, 3, 4
TRUSTEE_IS_SID, TRUSTEE_IS_NAME = 0, 1


def _named_key(thread: Thread, name: str, access: int) -> Key:
    root, _, path = name.lstrip("\\").partition("\\")
    number = _ROOTS.get(root.upper())
    if number is None:
        raise Win32Error(ERROR_BAD_PATHNAME)
    return open_below(thread, number, path, access)[0]


def _named(thread: Thread, name: str | None, kind: int) -> SecurityDescriptor:
    if name is None:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    if kind == SE_FILE_OBJECT:
        return file_descriptor(thread, name)
    if kind == SE_REGISTRY_KEY:
        key = _named_key(thread, name, sec.READ_CONTROL)
        return key.registry.security(key.node)
    raise Win32Error(ERROR_NOT_SUPPORTED)


async def _give(
    thread: Thread, descriptor: SecurityDescriptor, information: int, owner: Out[PVOID], group: Out[PVOID],
    dacl: Out[PVOID], sacl: Out[PVOID], target: Out[PVOID],
) -> int:  # fmt: skip
    """Return a descriptor on the heap, and pointers into it."""
    if not target and (owner or group or dacl or sacl):
        raise Win32Error(ERROR_INVALID_PARAMETER)
    data = descriptor.select(information).pack()
    block = await guest_heap_new(thread, data)
    owner_at, group_at, sacl_at, dacl_at = struct.unpack_from("<4I", data, 4)
    for ref, offset in ((owner, owner_at), (group, group_at), (sacl, sacl_at), (dacl, dacl_at)):
        ref.put(block + offset if offset else 0)
    target.put(block)
    return ERROR_SUCCESS


@advapi32.export(category=SECURITY)
async def GetNamedSecurityInfoW(
    thread: Thread, pObjectName: LPCWSTR, ObjectType: DWORD, SecurityInfo: HEX32, ppsidOwner: Out[PVOID],
    ppsidGroup: Out[PVOID], ppDacl: Out[PVOID], ppSacl: Out[PVOID], ppSecurityDescriptor: Out[PVOID],
) -> LSTATUS:  # fmt: skip
    """Return the security of a file (1) or registry key (4, `MACHINE\\…`); LocalFree the descriptor."""
    descriptor = _named(thread, pObjectName, ObjectType)
    return await _give(
        thread, descriptor, SecurityInfo, ppsidOwner, ppsidGroup, ppDacl, ppSacl, ppSecurityDescriptor
    )


@advapi32.export(category=SECURITY)
async def GetNamedSecurityInfoA(
    thread: Thread, pObjectName: LPCSTR, ObjectType: DWORD, SecurityInfo: HEX32, ppsidOwner: Out[PVOID],
    ppsidGroup: Out[PVOID], ppDacl: Out[PVOID], ppSacl: Out[PVOID], ppSecurityDescriptor: Out[PVOID],
) -> LSTATUS:  # fmt: skip
    """Return the security of a file (1) or registry key (4, `MACHINE\\…`); LocalFree the descriptor."""
    name = None if pObjectName is None else thread.process.decode_ansi(pObjectName)
    descriptor = _named(thread, name, ObjectType)
    return await _give(
        thread, descriptor, SecurityInfo, ppsidOwner, ppsidGroup, ppDacl, ppSacl, ppSecurityDescriptor
    )


@advapi32.export(category=SECURITY)
async def GetSecurityInfo(
    thread: Thread, handle: HANDLE, ObjectType: DWORD, SecurityInfo: HEX32, ppsidOwner: Out[PVOID],
    ppsidGroup: Out[PVOID], ppDacl: Out[PVOID], ppSacl: Out[PVOID], ppSecurityDescriptor: Out[PVOID],
) -> LSTATUS:  # fmt: skip
    """Return the security of the object behind a handle; LocalFree the descriptor."""
    item = get_object(thread, handle, Object, sec.READ_CONTROL if SecurityInfo & 7 else 0)
    descriptor = object_descriptor(thread, item)
    return await _give(
        thread, descriptor, SecurityInfo, ppsidOwner, ppsidGroup, ppDacl, ppSacl, ppSecurityDescriptor
    )


def _change(
    thread: Thread, key: Key, information: int, owner: int, group: int, dacl: int, sacl: int
) -> int:
    memory = thread.process.memory
    present = (sec.SE_DACL_PRESENT if information & 4 else 0) | (sec.SE_SACL_PRESENT if information & 8 else 0)
    if information & 0x80000000:
        present |= sec.SE_DACL_PROTECTED
    new = SecurityDescriptor(
        present,
        read_sid(memory, owner) if information & 1 and owner else None,
        read_sid(memory, group) if information & 2 and group else None,
        read_acl(memory, dacl) if information & 4 and dacl else None,
        read_acl(memory, sacl) if information & 8 and sacl else None,
    )
    merged = key.registry.security(key.node).merge(new, information & 0x1F)
    key.registry.tree.set_security(key.node, merged.pack())
    return ERROR_SUCCESS


@advapi32.export(category=SECURITY)
def SetNamedSecurityInfoW(
    thread: Thread, pObjectName: LPCWSTR, ObjectType: DWORD, SecurityInfo: HEX32, psidOwner: PVOID, psidGroup: PVOID,
    pDacl: PVOID, pSacl: PVOID,
) -> LSTATUS:  # fmt: skip
    """Set the security of a registry key; files have none of their own (ERROR_NOT_SUPPORTED)."""
    if ObjectType != SE_REGISTRY_KEY:
        _named(thread, pObjectName, ObjectType)
        raise Win32Error(ERROR_NOT_SUPPORTED)
    key = _named_key(thread, pObjectName or "", security_access(SecurityInfo & 0x1F))
    return _change(thread, key, SecurityInfo, psidOwner, psidGroup, pDacl, pSacl)


@advapi32.export(category=SECURITY)
def SetSecurityInfo(
    thread: Thread, handle: HANDLE, ObjectType: DWORD, SecurityInfo: HEX32, psidOwner: PVOID, psidGroup: PVOID,
    pDacl: PVOID, pSacl: PVOID,
) -> LSTATUS:  # fmt: skip
    """Set the security of a registry key; other objects keep theirs (ERROR_NOT_SUPPORTED)."""
    item = get_object(thread, handle, Object, security_access(SecurityInfo & 0x1F))
    if not isinstance(item, Key):
        raise Win32Error(ERROR_NOT_SUPPORTED)
    return _change(thread, item, SecurityInfo, psidOwner, psidGroup, pDacl, pSacl)


def _entry(thread: Thread, address: int, wide: bool) -> tuple[int, int, int, Sid]:
    """Read an EXPLICIT_ACCESS: mask, mode, inheritance, trustee."""
    memory = thread.process.memory
    width = memory.pointer_size
    mask, mode, inheritance = struct.unpack("<III", memory.read(address, 12))
    trustee = address + (16 if width == 8 else 12)
    form = memory.read_u32(trustee + width + 4)
    pointer = memory.read_pointer(trustee + width + (16 if width == 8 else 12))
    if form == TRUSTEE_IS_SID:
        return mask, mode, inheritance, read_sid(memory, pointer)
    if form != TRUSTEE_IS_NAME:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    name = memory.read_wstr(pointer) if wide else thread.process.decode_ansi(memory.read_str(pointer))
    if name.upper() == "CURRENT_USER":
        return mask, mode, inheritance, thread.process.token.user
    account = thread.process.machine.accounts.by_name(name)
    if account is None:
        raise Win32Error(ERROR_NONE_MAPPED)
    return mask, mode, inheritance, account.sid


async def _set_entries(
    thread: Thread, count: int, entries: int, old: int, target: Out[PVOID], wide: bool
) -> int:
    if not target:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    memory = thread.process.memory
    size = 48 if memory.pointer_size == 8 else 32
    aces = list(read_acl(memory, old).aces) if old else []
    denied: list[Ace] = []
    allowed: list[Ace] = []
    for index in range(count):
        mask, mode, inheritance, sid = _entry(thread, entries + size * index, wide)
        flags = inheritance & 0xF
        same = [ace for ace in aces if ace.sid == sid and not ace.flags & sec.INHERITED_ACE]
        if mode in (SET_ACCESS, REVOKE_ACCESS):
            aces = [ace for ace in aces if ace not in same]
        if mode == GRANT_ACCESS and (match := next((a for a in same if a.type == 0 and a.flags == flags), None)):
            aces[aces.index(match)] = replace(match, mask=match.mask | mask)
        elif mode in (GRANT_ACCESS, SET_ACCESS):
            allowed.append(Ace(sec.ACCESS_ALLOWED_ACE_TYPE, flags, mask, sid))
        elif mode == DENY_ACCESS:
            denied.append(Ace(sec.ACCESS_DENIED_ACE_TYPE, flags, mask, sid))
        elif mode != REVOKE_ACCESS:
            raise Win32Error(ERROR_INVALID_PARAMETER)
    explicit = [ace for ace in aces if not ace.flags & sec.INHERITED_ACE]
    inherited = [ace for ace in aces if ace.flags & sec.INHERITED_ACE]
    old_denied = [ace for ace in explicit if ace.type == sec.ACCESS_DENIED_ACE_TYPE]
    old_allowed = [ace for ace in explicit if ace.type != sec.ACCESS_DENIED_ACE_TYPE]
    acl = Acl((*denied, *old_denied, *allowed, *old_allowed, *inherited))
    target.set(await guest_heap_new(thread, acl.pack()))
    return ERROR_SUCCESS


@advapi32.export(category=SECURITY)
async def SetEntriesInAclW(
    thread: Thread, cCountOfExplicitEntries: ULONG, pListOfExplicitEntries: LPVOID, OldAcl: PVOID, NewAcl: Out[PVOID]
) -> LSTATUS:
    """Make a list of an old one and new entries, in canonical order; LocalFree it."""
    return await _set_entries(thread, cCountOfExplicitEntries, pListOfExplicitEntries, OldAcl, NewAcl, True)


@advapi32.export(category=SECURITY)
async def SetEntriesInAclA(
    thread: Thread, cCountOfExplicitEntries: ULONG, pListOfExplicitEntries: LPVOID, OldAcl: PVOID, NewAcl: Out[PVOID]
) -> LSTATUS:
    """Make a list of an old one and new entries, in canonical order; LocalFree it."""
    return await _set_entries(thread, cCountOfExplicitEntries, pListOfExplicitEntries, OldAcl, NewAcl, False)


def _trustee(thread: Thread, target: int, form: int, pointer: int) -> None:
    memory = thread.process.memory
    width = memory.pointer_size
    data = bytes(width) + struct.pack("<III", 0, form, 0) + bytes(4 if width == 8 else 0)
    memory.write(target, data + pointer.to_bytes(width, "little"))


@advapi32.export(category=SECURITY)
def BuildTrusteeWithSidW(thread: Thread, pTrustee: LPVOID, pSid: PVOID) -> None:
    """Fill in a TRUSTEE that names a SID."""
    _trustee(thread, pTrustee, TRUSTEE_IS_SID, pSid)


@advapi32.export(category=SECURITY)
def BuildTrusteeWithNameW(thread: Thread, pTrustee: LPVOID, pName: LPVOID) -> None:
    """Fill in a TRUSTEE that has a name."""
    _trustee(thread, pTrustee, TRUSTEE_IS_NAME, pName)


@advapi32.export(category=SECURITY)
def BuildExplicitAccessWithNameW(
    thread: Thread, pExplicitAccess: LPVOID, pTrusteeName: LPVOID, AccessPermissions: HEX32, AccessMode: DWORD,
    Inheritance: DWORD,
) -> None:  # fmt: skip
    """Fill in an EXPLICIT_ACCESS for a name."""
    memory = thread.process.memory
    memory.write(pExplicitAccess, struct.pack("<III", AccessPermissions, AccessMode, Inheritance))
    _trustee(thread, pExplicitAccess + (16 if memory.pointer_size == 8 else 12), TRUSTEE_IS_NAME, pTrusteeName)


SetNamedSecurityInfoA = advapi32.ansi(SetNamedSecurityInfoW)
