"""securitybaseapi.h and sddl.h: security descriptors and access control lists in the program's memory."""

from __future__ import annotations

import struct

from runtime.dlls.advapi32 import advapi32
from runtime.dlls.heap import guest_heap_new
from runtime.dlls.security_descriptor import absolute_size, field_offset, parts, read_acl, read_descriptor, read_sid
from runtime.dlls.text import encode_text
from runtime.dlls.types import BOOL, DWORD, HEX32, LPCSTR, LPCWSTR, PVOID, WORD, InOut, Out
from runtime.nt import sddl
from runtime.nt import security as sec
from runtime.nt.security import Ace
from runtime.nt.status import (
    ERROR_ALLOTTED_SPACE_EXCEEDED,
    ERROR_INSUFFICIENT_BUFFER,
    ERROR_INVALID_ACL,
    ERROR_INVALID_PARAMETER,
    ERROR_INVALID_SECURITY_DESCR,
    ERROR_REVISION_MISMATCH,
    ERROR_UNKNOWN_REVISION,
    NtError,
    Win32Error,
)
from runtime.nt.thread import Thread

SECURITY = "security"
_OWNER, _GROUP, _SACL, _DACL = range(4)


# Descriptors


@advapi32.export(category=SECURITY)
def InitializeSecurityDescriptor(thread: Thread, pSecurityDescriptor: PVOID, dwRevision: DWORD) -> BOOL:
    """Begin an absolute descriptor."""
    if dwRevision != 1:
        raise Win32Error(ERROR_UNKNOWN_REVISION)
    memory = thread.process.memory
    memory.write(pSecurityDescriptor, b"\1".ljust(absolute_size(memory), b"\0"))
    return 1


def _set_part(thread: Thread, address: int, index: int, value: int, bit: int, present: bool, defaulted: int) -> int:
    memory = thread.process.memory
    control = memory.read_u16(address + 2)
    if memory.read_u8(address) != 1:
        raise Win32Error(ERROR_UNKNOWN_REVISION)
    if control & sec.SE_SELF_RELATIVE:
        raise Win32Error(ERROR_INVALID_SECURITY_DESCR)
    default_bit = {_OWNER: 1, _GROUP: 2, _DACL: 8, _SACL: 0x20}[index]
    control &= ~(bit | default_bit)
    if present:
        control |= bit | (default_bit if defaulted else 0)
        memory.write_pointer(address + field_offset(memory, index), value)
    memory.write_u16(address + 2, control)
    return 1


@advapi32.export(category=SECURITY)
def SetSecurityDescriptorDacl(
    thread: Thread, pSecurityDescriptor: PVOID, bDaclPresent: BOOL, pDacl: PVOID, bDaclDefaulted: BOOL
) -> BOOL:
    """Set the DACL; NULL with bDaclPresent grants everybody everything."""
    return _set_part(
        thread, pSecurityDescriptor, _DACL, pDacl, sec.SE_DACL_PRESENT, bool(bDaclPresent), bDaclDefaulted
    )


@advapi32.export(category=SECURITY)
def SetSecurityDescriptorSacl(
    thread: Thread, pSecurityDescriptor: PVOID, bSaclPresent: BOOL, pSacl: PVOID, bSaclDefaulted: BOOL
) -> BOOL:
    """Set the SACL."""
    return _set_part(
        thread, pSecurityDescriptor, _SACL, pSacl, sec.SE_SACL_PRESENT, bool(bSaclPresent), bSaclDefaulted
    )


@advapi32.export(category=SECURITY)
def SetSecurityDescriptorOwner(
    thread: Thread, pSecurityDescriptor: PVOID, pOwner: PVOID, bOwnerDefaulted: BOOL
) -> BOOL:
    """Set the owner."""
    return _set_part(thread, pSecurityDescriptor, _OWNER, pOwner, 0, True, bOwnerDefaulted)


@advapi32.export(category=SECURITY)
def SetSecurityDescriptorGroup(
    thread: Thread, pSecurityDescriptor: PVOID, pGroup: PVOID, bGroupDefaulted: BOOL
) -> BOOL:
    """Set the primary group."""
    return _set_part(thread, pSecurityDescriptor, _GROUP, pGroup, 0, True, bGroupDefaulted)


@advapi32.export(category=SECURITY)
def SetSecurityDescriptorControl(
    thread: Thread, pSecurityDescriptor: PVOID, ControlBitsOfInterest: WORD, ControlBitsToSet: WORD
) -> BOOL:
    """Set control bits that steer inheritance."""
    if (ControlBitsOfInterest | ControlBitsToSet) & ~0x3F00 or ControlBitsToSet & ~ControlBitsOfInterest:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    memory = thread.process.memory
    control = memory.read_u16(pSecurityDescriptor + 2) & ~ControlBitsOfInterest | ControlBitsToSet
    memory.write_u16(pSecurityDescriptor + 2, control)
    return 1


@advapi32.export(category=SECURITY)
def GetSecurityDescriptorControl(
    thread: Thread, pSecurityDescriptor: PVOID, pControl: Out[WORD], lpdwRevision: Out[DWORD]
) -> BOOL:
    """Return control bits and revision."""
    memory = thread.process.memory
    lpdwRevision.set(memory.read_u8(pSecurityDescriptor))
    pControl.set(memory.read_u16(pSecurityDescriptor + 2))
    return 1


def _get_acl(
    thread: Thread, address: int, dacl: bool, present: Out[BOOL], target: Out[PVOID], defaulted: Out[BOOL]
) -> int:
    control, _, _, sacl_at, dacl_at = parts(thread.process.memory, address)
    has = bool(control & (sec.SE_DACL_PRESENT if dacl else sec.SE_SACL_PRESENT))
    present.set(int(has))
    if has:
        target.set(dacl_at if dacl else sacl_at)
        defaulted.put(int(bool(control & (sec.SE_DACL_DEFAULTED if dacl else sec.SE_SACL_DEFAULTED))))
    return 1


@advapi32.export(category=SECURITY)
def GetSecurityDescriptorDacl(
    thread: Thread, pSecurityDescriptor: PVOID, lpbDaclPresent: Out[BOOL], pDacl: Out[PVOID],
    lpbDaclDefaulted: Out[BOOL],
) -> BOOL:  # fmt: skip
    """Return the address of the DACL."""
    return _get_acl(thread, pSecurityDescriptor, True, lpbDaclPresent, pDacl, lpbDaclDefaulted)


@advapi32.export(category=SECURITY)
def GetSecurityDescriptorSacl(
    thread: Thread, pSecurityDescriptor: PVOID, lpbSaclPresent: Out[BOOL], pSacl: Out[PVOID],
    lpbSaclDefaulted: Out[BOOL],
) -> BOOL:  # fmt: skip
    """Return the address of the SACL."""
    return _get_acl(thread, pSecurityDescriptor, False, lpbSaclPresent, pSacl, lpbSaclDefaulted)


@advapi32.export(category=SECURITY)
def GetSecurityDescriptorOwner(
    thread: Thread, pSecurityDescriptor: PVOID, pOwner: Out[PVOID], lpbOwnerDefaulted: Out[BOOL]
) -> BOOL:
    """Return the address of the owner."""
    control, owner, _, _, _ = parts(thread.process.memory, pSecurityDescriptor)
    pOwner.set(owner)
    lpbOwnerDefaulted.put(control & 1)
    return 1


@advapi32.export(category=SECURITY)
def GetSecurityDescriptorGroup(
    thread: Thread, pSecurityDescriptor: PVOID, pGroup: Out[PVOID], lpbGroupDefaulted: Out[BOOL]
) -> BOOL:
    """Return the address of the primary group."""
    control, _, group, _, _ = parts(thread.process.memory, pSecurityDescriptor)
    pGroup.set(group)
    lpbGroupDefaulted.put(control >> 1 & 1)
    return 1


@advapi32.export(category=SECURITY)
def GetSecurityDescriptorLength(thread: Thread, pSecurityDescriptor: PVOID) -> DWORD:
    """Return the size of a descriptor with all its parts, in bytes."""
    relative = thread.process.memory.read_u16(pSecurityDescriptor + 2) & sec.SE_SELF_RELATIVE
    head = 20 if relative else absolute_size(thread.process.memory)
    return len(_self_relative(thread, pSecurityDescriptor)) - 20 + head


def _self_relative(thread: Thread, address: int) -> bytes:
    """Copy a descriptor to the self-relative form; lists keep the room they have for more entries."""
    memory = thread.process.memory
    read_descriptor(memory, address)
    control, owner, group, sacl, dacl = parts(memory, address)
    out = bytearray(20)
    offsets = {}
    lists = ((sacl, sec.SE_SACL_PRESENT), (dacl, sec.SE_DACL_PRESENT))
    for place, bit in lists:
        offsets[place] = 0
        if place and control & bit:
            offsets[place] = len(out)
            out += memory.read(place, memory.read_u16(place + 2))
    for place in (owner, group):
        if place:
            offsets[place] = len(out)
            out += read_sid(memory, place).pack()
    places = (owner, group, sacl, dacl)
    found = [offsets.get(place, 0) if place else 0 for place in places]
    out[:20] = struct.pack("<BBHIIII", 1, 0, control | sec.SE_SELF_RELATIVE, *found)
    return bytes(out)


@advapi32.export(category=SECURITY)
def IsValidSecurityDescriptor(thread: Thread, pSecurityDescriptor: PVOID) -> BOOL:
    """Whether a descriptor and its parts are well formed."""
    try:
        read_descriptor(thread.process.memory, pSecurityDescriptor)
    except NtError as error:
        raise Win32Error(ERROR_INVALID_SECURITY_DESCR) from error
    return 1


@advapi32.export(category=SECURITY)
def MakeSelfRelativeSD(
    thread: Thread, pAbsoluteSecurityDescriptor: PVOID, pSelfRelativeSecurityDescriptor: PVOID,
    lpdwBufferLength: InOut[DWORD],
) -> BOOL:  # fmt: skip
    """Copy an absolute descriptor to the self-relative form."""
    memory = thread.process.memory
    data = _self_relative(thread, pAbsoluteSecurityDescriptor)
    capacity = lpdwBufferLength.get()
    lpdwBufferLength.set(len(data))
    if capacity < len(data):
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    memory.write(pSelfRelativeSecurityDescriptor, data)
    return 1


@advapi32.export(category=SECURITY)
def MakeAbsoluteSD(
    thread: Thread, pSelfRelativeSecurityDescriptor: PVOID, pAbsoluteSecurityDescriptor: PVOID,
    lpdwAbsoluteSecurityDescriptorSize: InOut[DWORD], pDacl: PVOID, lpdwDaclSize: InOut[DWORD], pSacl: PVOID,
    lpdwSaclSize: InOut[DWORD], pOwner: PVOID, lpdwOwnerSize: InOut[DWORD], pPrimaryGroup: PVOID,
    lpdwPrimaryGroupSize: InOut[DWORD],
) -> BOOL:  # fmt: skip
    """Copy a self-relative descriptor to the absolute form, its parts to buffers of their own."""
    memory = thread.process.memory
    source = read_descriptor(memory, pSelfRelativeSecurityDescriptor)
    fields = (
        (_OWNER, source.owner, pOwner, lpdwOwnerSize), (_GROUP, source.group, pPrimaryGroup, lpdwPrimaryGroupSize),
        (_SACL, source.sacl, pSacl, lpdwSaclSize), (_DACL, source.dacl, pDacl, lpdwDaclSize),
    )  # fmt: skip
    head = bytearray(struct.pack("<BBH", 1, 0, source.control).ljust(absolute_size(memory), b"\0"))
    short = lpdwAbsoluteSecurityDescriptorSize.get() < len(head)
    lpdwAbsoluteSecurityDescriptorSize.set(len(head))
    stores = []
    for index, part, buffer, size in fields:
        data = part.pack() if part is not None else b""
        capacity = size.get() if size else 0
        size.put(len(data))
        short = short or capacity < len(data)
        if data:
            at = field_offset(memory, index)
            head[at : at + memory.pointer_size] = buffer.to_bytes(memory.pointer_size, "little")
            stores.append((buffer, data))
    if short:
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    for buffer, data in (*stores, (pAbsoluteSecurityDescriptor, bytes(head))):
        memory.write(buffer, data)
    return 1


async def _text_to_descriptor(
    thread: Thread, text: str | None, revision: int, target: Out[PVOID], size: Out[DWORD]
) -> int:
    if text is None or not target or revision != 1:
        raise Win32Error(ERROR_INVALID_PARAMETER if revision == 1 else ERROR_UNKNOWN_REVISION)
    try:
        data = sddl.parse(text, thread.process.machine.accounts.domain).pack()
    except sddl.SddlError:
        raise Win32Error(ERROR_INVALID_ACL if "D:" in text or "S:" in text else ERROR_INVALID_PARAMETER) from None
    target.set(await guest_heap_new(thread, data))
    size.put(len(data))
    return 1


@advapi32.export(category=SECURITY)
async def ConvertStringSecurityDescriptorToSecurityDescriptorW(
    thread: Thread, StringSecurityDescriptor: LPCWSTR, StringSDRevision: DWORD, SecurityDescriptor: Out[PVOID],
    SecurityDescriptorSize: Out[DWORD],
) -> BOOL:  # fmt: skip
    """Read a descriptor from SDDL; the caller frees it with LocalFree."""
    return await _text_to_descriptor(
        thread, StringSecurityDescriptor, StringSDRevision, SecurityDescriptor, SecurityDescriptorSize
    )


@advapi32.export(category=SECURITY)
async def ConvertStringSecurityDescriptorToSecurityDescriptorA(
    thread: Thread, StringSecurityDescriptor: LPCSTR, StringSDRevision: DWORD, SecurityDescriptor: Out[PVOID],
    SecurityDescriptorSize: Out[DWORD],
) -> BOOL:  # fmt: skip
    """Read a descriptor from SDDL; the caller frees it with LocalFree."""
    text = None if StringSecurityDescriptor is None else thread.process.decode_ansi(StringSecurityDescriptor)
    return await _text_to_descriptor(thread, text, StringSDRevision, SecurityDescriptor, SecurityDescriptorSize)


async def _descriptor_to_text(
    thread: Thread, address: int, revision: int, information: int, target: Out[PVOID], size: Out[DWORD], wide: bool
) -> int:
    if revision != 1:
        raise Win32Error(ERROR_UNKNOWN_REVISION)
    text = sddl.to_text(read_descriptor(thread.process.memory, address), information)
    target.set(await guest_heap_new(thread, encode_text(thread, text + "\0", wide)))
    size.put(len(text) + 1)
    return 1


@advapi32.export(category=SECURITY)
async def ConvertSecurityDescriptorToStringSecurityDescriptorW(
    thread: Thread, SecurityDescriptor: PVOID, RequestedStringSDRevision: DWORD, SecurityInformation: HEX32,
    StringSecurityDescriptor: Out[PVOID], StringSecurityDescriptorLen: Out[DWORD],
) -> BOOL:  # fmt: skip
    """Return a descriptor as SDDL; the caller frees it with LocalFree."""
    return await _descriptor_to_text(
        thread, SecurityDescriptor, RequestedStringSDRevision, SecurityInformation, StringSecurityDescriptor,
        StringSecurityDescriptorLen, True,
    )  # fmt: skip


@advapi32.export(category=SECURITY)
async def ConvertSecurityDescriptorToStringSecurityDescriptorA(
    thread: Thread, SecurityDescriptor: PVOID, RequestedStringSDRevision: DWORD, SecurityInformation: HEX32,
    StringSecurityDescriptor: Out[PVOID], StringSecurityDescriptorLen: Out[DWORD],
) -> BOOL:  # fmt: skip
    """Return a descriptor as SDDL; the caller frees it with LocalFree."""
    return await _descriptor_to_text(
        thread, SecurityDescriptor, RequestedStringSDRevision, SecurityInformation, StringSecurityDescriptor,
        StringSecurityDescriptorLen, False,
    )  # fmt: skip


# Lists: header (revision, size, count), then entries


@advapi32.export(category=SECURITY)
def InitializeAcl(thread: Thread, pAcl: PVOID, nAclLength: DWORD, dwAclRevision: DWORD) -> BOOL:
    """Begin an empty list in a buffer."""
    if nAclLength < 8:
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    if dwAclRevision not in (2, 3, 4) or nAclLength > 0xFFFF:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    thread.process.memory.write(pAcl, struct.pack("<BBHHH", dwAclRevision, 0, nAclLength & ~3, 0, 0))
    return 1


@advapi32.export(category=SECURITY)
def IsValidAcl(thread: Thread, pAcl: PVOID) -> BOOL:
    """Whether a list is well formed."""
    try:
        read_acl(thread.process.memory, pAcl)
    except NtError:
        return 0
    return 1


def _entries(thread: Thread, acl: int) -> list[int]:
    """Return the addresses of the entries of a list, and behind them that of the free space."""
    memory = thread.process.memory
    revision, _, size, count, _ = struct.unpack("<BBHHH", memory.read(acl, 8))
    if not 2 <= revision <= 4:
        raise Win32Error(ERROR_INVALID_ACL)
    found = [acl + 8]
    for _ in range(count):
        length = memory.read_u16(found[-1] + 2)
        if length < 4 or found[-1] + length > acl + size:
            raise Win32Error(ERROR_INVALID_ACL)
        found.append(found[-1] + length)
    return found


def _insert(thread: Thread, acl: int, revision: int, data: bytes, count: int = 1, index: int = -1) -> int:
    memory = thread.process.memory
    entries = _entries(thread, acl)
    own, size = memory.read_u8(acl), memory.read_u16(acl + 2)
    if revision > 4 or revision < 2:
        raise Win32Error(ERROR_REVISION_MISMATCH)
    end = entries[-1]
    if end + len(data) > acl + size:
        raise Win32Error(ERROR_ALLOTTED_SPACE_EXCEEDED)
    at = entries[min(index, len(entries) - 1)]
    memory.write(at, data + memory.read(at, end - at))
    memory.write_u8(acl, max(own, revision))
    memory.write_u16(acl + 4, len(entries) - 1 + count)
    return 1


def _add(thread: Thread, acl: int, revision: int, kind: int, flags: int, mask: int, sid: int) -> int:
    return _insert(thread, acl, revision, Ace(kind, flags, mask, read_sid(thread.process.memory, sid)).pack())


@advapi32.export(category=SECURITY)
def AddAccessAllowedAce(thread: Thread, pAcl: PVOID, dwAceRevision: DWORD, AccessMask: HEX32, pSid: PVOID) -> BOOL:
    """Append an allowing entry."""
    return _add(thread, pAcl, dwAceRevision, sec.ACCESS_ALLOWED_ACE_TYPE, 0, AccessMask, pSid)


@advapi32.export(category=SECURITY)
def AddAccessAllowedAceEx(
    thread: Thread, pAcl: PVOID, dwAceRevision: DWORD, AceFlags: DWORD, AccessMask: HEX32, pSid: PVOID
) -> BOOL:
    """Append an allowing entry with inheritance flags."""
    return _add(thread, pAcl, dwAceRevision, sec.ACCESS_ALLOWED_ACE_TYPE, AceFlags & 0xFF, AccessMask, pSid)


@advapi32.export(category=SECURITY)
def AddAccessDeniedAce(thread: Thread, pAcl: PVOID, dwAceRevision: DWORD, AccessMask: HEX32, pSid: PVOID) -> BOOL:
    """Append a denying entry."""
    return _add(thread, pAcl, dwAceRevision, sec.ACCESS_DENIED_ACE_TYPE, 0, AccessMask, pSid)


@advapi32.export(category=SECURITY)
def AddAccessDeniedAceEx(
    thread: Thread, pAcl: PVOID, dwAceRevision: DWORD, AceFlags: DWORD, AccessMask: HEX32, pSid: PVOID
) -> BOOL:
    """Append a denying entry with inheritance flags."""
    return _add(thread, pAcl, dwAceRevision, sec.ACCESS_DENIED_ACE_TYPE, AceFlags & 0xFF, AccessMask, pSid)


@advapi32.export(category=SECURITY)
def AddMandatoryAce(
    thread: Thread, pAcl: PVOID, dwAceRevision: DWORD, AceFlags: DWORD, MandatoryPolicy: HEX32, pLabelSid: PVOID
) -> BOOL:
    """Append a mandatory label."""
    return _add(
        thread, pAcl, dwAceRevision, sec.SYSTEM_MANDATORY_LABEL_ACE_TYPE, AceFlags & 0xFF, MandatoryPolicy, pLabelSid
    )


@advapi32.export(category=SECURITY)
def AddAce(
    thread: Thread, pAcl: PVOID, dwAceRevision: DWORD, dwStartingAceIndex: DWORD, pAceList: PVOID, nAceListLength: DWORD
) -> BOOL:
    """Insert entries, given as they lie in a list."""
    data = thread.process.memory.read(pAceList, nAceListLength)
    count = at = 0
    while at < len(data):
        length = int.from_bytes(data[at + 2 : at + 4], "little")
        if length < 4 or at + length > len(data):
            raise Win32Error(ERROR_INVALID_PARAMETER)
        at += length
        count += 1
    return _insert(thread, pAcl, dwAceRevision, data, count, min(dwStartingAceIndex, 0xFFFF))


@advapi32.export(category=SECURITY)
def DeleteAce(thread: Thread, pAcl: PVOID, dwAceIndex: DWORD) -> BOOL:
    """Remove an entry by number."""
    entries = _entries(thread, pAcl)
    if dwAceIndex >= len(entries) - 1:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    memory = thread.process.memory
    rest = memory.read(entries[dwAceIndex + 1], entries[-1] - entries[dwAceIndex + 1])
    memory.write(entries[dwAceIndex], rest)
    memory.write_u16(pAcl + 4, len(entries) - 2)
    return 1


@advapi32.export(category=SECURITY)
def GetAce(thread: Thread, pAcl: PVOID, dwAceIndex: DWORD, pAce: Out[PVOID]) -> BOOL:
    """Return the address of an entry by number."""
    entries = _entries(thread, pAcl)
    if dwAceIndex >= len(entries) - 1:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    pAce.set(entries[dwAceIndex])
    return 1


@advapi32.export(category=SECURITY)
def FindFirstFreeAce(thread: Thread, pAcl: PVOID, pAce: Out[PVOID]) -> BOOL:
    """Return the address behind the last entry; NULL when the list is full."""
    end = _entries(thread, pAcl)[-1]
    pAce.set(end if end < pAcl + thread.process.memory.read_u16(pAcl + 2) else 0)
    return 1


@advapi32.export(category=SECURITY)
def GetAclInformation(
    thread: Thread, pAcl: PVOID, pAclInformation: PVOID, nAclInformationLength: DWORD, dwAclInformationClass: DWORD
) -> BOOL:
    """Return the revision (1) or the sizes (2) of a list."""
    memory = thread.process.memory
    entries = _entries(thread, pAcl)
    if dwAclInformationClass == 1:
        data = struct.pack("<I", memory.read_u8(pAcl))
    elif dwAclInformationClass == 2:
        used = entries[-1] - pAcl
        data = struct.pack("<III", len(entries) - 1, used, memory.read_u16(pAcl + 2) - used)
    else:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    if nAclInformationLength < len(data):
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    memory.write(pAclInformation, data)
    return 1

