"""Security identifiers, access control lists and security descriptors, as bytes ([MS-DTYP] 2.4) and as objects.

`access_check` decides what a token may do with an object. The text form (SDDL) is in `sddl.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from runtime.nt.ntstatus import (
    STATUS_ACCESS_DENIED,
    STATUS_INVALID_ACL,
    STATUS_INVALID_SECURITY_DESCR,
    STATUS_INVALID_SID,
    STATUS_PRIVILEGE_NOT_HELD,
)
from runtime.nt.status import NtError

DELETE = 0x10000
READ_CONTROL = 0x20000
WRITE_DAC = 0x40000
WRITE_OWNER = 0x80000
SYNCHRONIZE = 0x100000
ACCESS_SYSTEM_SECURITY = 0x1000000
MAXIMUM_ALLOWED = 0x2000000
GENERIC_ALL = 0x10000000
GENERIC_EXECUTE = 0x20000000
GENERIC_WRITE = 0x40000000
GENERIC_READ = 0x80000000

SE_OWNER_DEFAULTED = 0x0001
SE_GROUP_DEFAULTED = 0x0002
SE_DACL_PRESENT = 0x0004
SE_DACL_DEFAULTED = 0x0008
SE_SACL_PRESENT = 0x0010
SE_SACL_DEFAULTED = 0x0020
SE_DACL_AUTO_INHERITED = 0x0400
SE_SACL_AUTO_INHERITED = 0x0800
SE_DACL_PROTECTED = 0x1000
SE_SACL_PROTECTED = 0x2000
SE_RM_CONTROL_VALID = 0x4000
SE_SELF_RELATIVE = 0x8000

OWNER_SECURITY_INFORMATION = 1
GROUP_SECURITY_INFORMATION = 2
DACL_SECURITY_INFORMATION = 4
SACL_SECURITY_INFORMATION = 8
LABEL_SECURITY_INFORMATION = 16

ACCESS_ALLOWED_ACE_TYPE = 0
ACCESS_DENIED_ACE_TYPE = 1
SYSTEM_AUDIT_ACE_TYPE = 2
SYSTEM_MANDATORY_LABEL_ACE_TYPE = 0x11
_PLAIN_ACES = frozenset({0, 1, 2, 3, 0x11, 0x13})
"""ACE types that are mask and SID; others are kept as bytes."""

OBJECT_INHERIT_ACE = 1
CONTAINER_INHERIT_ACE = 2
NO_PROPAGATE_INHERIT_ACE = 4
INHERIT_ONLY_ACE = 8
INHERITED_ACE = 16

ACL_REVISION = 2
ACL_REVISION_DS = 4


@dataclass(frozen=True, slots=True)
class Sid:
    """A security identifier: `str` gives `S-1-5-32-544`, `pack` the bytes."""

    authority: int
    sub: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Sid:
        """Read `S-1-…`. Raises ValueError."""
        return _parse_sid(text)

    @classmethod
    def unpack(cls, data: bytes, offset: int = 0) -> Sid:
        """Decode from bytes. Raises NtError(STATUS_INVALID_SID)."""
        if len(data) < offset + 8 or data[offset] != 1 or data[offset + 1] > 15:
            raise NtError(STATUS_INVALID_SID)
        count = data[offset + 1]
        if len(data) < offset + 8 + 4 * count:
            raise NtError(STATUS_INVALID_SID)
        authority = int.from_bytes(data[offset + 2 : offset + 8], "big")
        return cls(authority, struct.unpack_from(f"<{count}I", data, offset + 8))

    def pack(self) -> bytes:
        """Encode to bytes."""
        head = bytes((1, len(self.sub))) + self.authority.to_bytes(6, "big")
        return head + struct.pack(f"<{len(self.sub)}I", *self.sub)

    def __len__(self) -> int:
        return 8 + 4 * len(self.sub)

    def __str__(self) -> str:
        authority = str(self.authority) if self.authority < 1 << 32 else f"0x{self.authority:012X}"
        return "-".join(["S-1", authority, *map(str, self.sub)])

    def child(self, rid: int) -> Sid:
        """Return the account `rid` of this domain."""
        return Sid(self.authority, (*self.sub, rid))


@lru_cache(maxsize=1024)
def _parse_sid(text: str) -> Sid:
    parts = text.upper().split("-")
    if len(parts) < 3 or parts[0] != "S" or parts[1] != "1" or len(parts) > 18:
        raise ValueError(f"not a SID: {text!r}")
    numbers = [int(part, 16 if part.startswith("0X") else 10) for part in parts[2:]]
    if not 0 <= numbers[0] < 1 << 48 or any(not 0 <= n < 1 << 32 for n in numbers[1:]):
        raise ValueError(f"not a SID: {text!r}")
    return Sid(numbers[0], tuple(numbers[1:]))


@dataclass(frozen=True, slots=True)
class Ace:
    """One access control entry. For types other than mask and SID, `raw` holds what follows the header."""

    type: int
    flags: int
    mask: int
    sid: Sid
    raw: bytes | None = None

    def pack(self) -> bytes:
        """Encode to bytes, padded to a multiple of 4."""
        body = self.raw if self.raw is not None else struct.pack("<I", self.mask) + self.sid.pack()
        return struct.pack("<BBH", self.type, self.flags, 4 + len(body)) + body


@dataclass(frozen=True, slots=True)
class Acl:
    """An access control list, in order. An empty one grants nothing."""

    aces: tuple[Ace, ...] = ()
    revision: int = ACL_REVISION

    @classmethod
    def unpack(cls, data: bytes, offset: int = 0) -> Acl:
        """Decode from bytes. Raises NtError(STATUS_INVALID_ACL)."""
        if len(data) < offset + 8:
            raise NtError(STATUS_INVALID_ACL)
        revision, _, size, count, _ = struct.unpack_from("<BBHHH", data, offset)
        end = offset + size
        if not 2 <= revision <= 4 or size < 8 or len(data) < end:
            raise NtError(STATUS_INVALID_ACL)
        aces = []
        at = offset + 8
        for _ in range(count):
            if at + 4 > end:
                raise NtError(STATUS_INVALID_ACL)
            kind, flags, length = struct.unpack_from("<BBH", data, at)
            if length < 8 or at + length > end:
                raise NtError(STATUS_INVALID_ACL)
            mask = struct.unpack_from("<I", data, at + 4)[0]
            if kind in _PLAIN_ACES:
                aces.append(Ace(kind, flags, mask, Sid.unpack(data[at : at + length], 8)))
            else:
                aces.append(Ace(kind, flags, mask, NULL_SID, bytes(data[at + 4 : at + length])))
            at += length
        return cls(tuple(aces), revision)

    def pack(self) -> bytes:
        """Encode to bytes."""
        body = b"".join(ace.pack() for ace in self.aces)
        return struct.pack("<BBHHH", self.revision, 0, 8 + len(body), len(self.aces), 0) + body


@dataclass(frozen=True, slots=True)
class SecurityDescriptor:
    """Owner, group and lists. With SE_DACL_PRESENT set, `dacl` None is a NULL DACL: everybody may do everything."""

    control: int = 0
    owner: Sid | None = None
    group: Sid | None = None
    dacl: Acl | None = None
    sacl: Acl | None = None

    @classmethod
    def unpack(cls, data: bytes) -> SecurityDescriptor:
        """Decode the self-relative form. Raises NtError(STATUS_INVALID_SECURITY_DESCR or what its parts raise)."""
        if len(data) < 20 or data[0] != 1:
            raise NtError(STATUS_INVALID_SECURITY_DESCR)
        control, owner, group, sacl, dacl = struct.unpack_from("<HIIII", data, 2)
        return cls(
            control & ~SE_SELF_RELATIVE,
            Sid.unpack(data, owner) if owner else None,
            Sid.unpack(data, group) if group else None,
            Acl.unpack(data, dacl) if dacl and control & SE_DACL_PRESENT else None,
            Acl.unpack(data, sacl) if sacl and control & SE_SACL_PRESENT else None,
        )

    def pack(self) -> bytes:
        """Encode to the self-relative form."""
        body = b""
        offsets = {}
        for name, part in (("sacl", self.sacl), ("dacl", self.dacl), ("owner", self.owner), ("group", self.group)):
            offsets[name] = 20 + len(body) if part is not None else 0
            if part is not None:
                body += part.pack()
        head = struct.pack("<BBHIIII", 1, 0, self.control | SE_SELF_RELATIVE, offsets["owner"], offsets["group"],
                           offsets["sacl"], offsets["dacl"])  # fmt: skip
        return head + body

    def select(self, information: int) -> SecurityDescriptor:
        """Return only the parts a SECURITY_INFORMATION asks for."""
        result = SecurityDescriptor(self.control & ~(SE_DACL_PRESENT | SE_SACL_PRESENT | 0x3F00 | 0x002B))
        if information & OWNER_SECURITY_INFORMATION:
            result = replace(result, owner=self.owner)
        if information & GROUP_SECURITY_INFORMATION:
            result = replace(result, group=self.group)
        if information & DACL_SECURITY_INFORMATION:
            result = replace(result, dacl=self.dacl, control=result.control | self.control & _DACL_CONTROL)
        if information & (SACL_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION) and self.sacl is not None:
            labels = information & LABEL_SECURITY_INFORMATION
            audits = information & SACL_SECURITY_INFORMATION
            aces = tuple(
                ace for ace in self.sacl.aces
                if (labels if ace.type == SYSTEM_MANDATORY_LABEL_ACE_TYPE else audits)
            )  # fmt: skip
            result = replace(result, sacl=Acl(aces, self.sacl.revision),
                             control=result.control | self.control & _SACL_CONTROL)  # fmt: skip
        return result

    def merge(self, other: SecurityDescriptor, information: int) -> SecurityDescriptor:
        """Return this descriptor with the parts that `information` names taken from `other`."""
        result = self
        if information & OWNER_SECURITY_INFORMATION:
            result = replace(result, owner=other.owner)
        if information & GROUP_SECURITY_INFORMATION:
            result = replace(result, group=other.group)
        if information & DACL_SECURITY_INFORMATION:
            control = result.control & ~_DACL_CONTROL | other.control & _DACL_CONTROL
            result = replace(result, dacl=other.dacl, control=control)
        if information & (SACL_SECURITY_INFORMATION | LABEL_SECURITY_INFORMATION):
            control = result.control & ~_SACL_CONTROL | other.control & _SACL_CONTROL
            result = replace(result, sacl=other.sacl, control=control)
        return result


_DACL_CONTROL = SE_DACL_PRESENT | SE_DACL_DEFAULTED | SE_DACL_AUTO_INHERITED | SE_DACL_PROTECTED
_SACL_CONTROL = SE_SACL_PRESENT | SE_SACL_DEFAULTED | SE_SACL_AUTO_INHERITED | SE_SACL_PROTECTED

NULL_SID = Sid(0, (0,))
EVERYONE = Sid(1, (0,))
LOCAL = Sid(2, (0,))
CONSOLE_LOGON = Sid(2, (1,))
CREATOR_OWNER = Sid(3, (0,))
OWNER_RIGHTS = Sid(3, (4,))
INTERACTIVE = Sid(5, (4,))
AUTHENTICATED_USERS = Sid(5, (11,))
RESTRICTED = Sid(5, (12,))
THIS_ORGANIZATION = Sid(5, (15,))
LOCAL_SYSTEM = Sid(5, (18,))
LOCAL_SERVICE = Sid(5, (19,))
NETWORK_SERVICE = Sid(5, (20,))
LOCAL_ACCOUNT = Sid(5, (113,))
LOCAL_ACCOUNT_ADMINISTRATOR = Sid(5, (114,))
ADMINISTRATORS = Sid(5, (32, 544))
USERS = Sid(5, (32, 545))
NTLM_AUTHENTICATION = Sid(5, (64, 10))
ALL_APP_PACKAGES = Sid(15, (2, 1))


def integrity_sid(level: int) -> Sid:
    """Return the mandatory label of an integrity level: 0x1000 low, 0x2000 medium, 0x3000 high, 0x4000 system."""
    return Sid(16, (level,))


@dataclass(frozen=True, slots=True)
class GenericMapping:
    """What the generic rights mean for one type of object."""

    read: int
    write: int
    execute: int
    all: int

    def map(self, access: int) -> int:
        """Replace the generic rights in `access`."""
        result = access & 0x0FFFFFFF
        if access & GENERIC_READ:
            result |= self.read
        if access & GENERIC_WRITE:
            result |= self.write
        if access & GENERIC_EXECUTE:
            result |= self.execute
        if access & GENERIC_ALL:
            result |= self.all
        return result


class Subject(Protocol):
    """Who asks: a token, as far as access checks need it."""

    luid: int
    """Tells tokens apart."""
    modified: int
    """Changes whenever groups or privileges do."""

    @property
    def owner_sids(self) -> frozenset[Sid]:
        """The user and the enabled groups: an allowing ACE for one of them grants."""

    @property
    def deny_sids(self) -> frozenset[Sid]:
        """The user and all groups, including deny-only ones: a denying ACE for one of them denies."""

    @property
    def integrity(self) -> int:
        """The integrity level, 0x2000 for medium."""

    def holds(self, privilege: str) -> bool:
        """Whether a privilege is present and enabled."""


def access_check(descriptor: SecurityDescriptor, subject: Subject, desired: int, mapping: GenericMapping) -> int:
    """Return the access `subject` gets when it asks for `desired`: SeAccessCheck.

    MAXIMUM_ALLOWED asks for all it may have. Raises NtError: STATUS_ACCESS_DENIED, STATUS_PRIVILEGE_NOT_HELD
    (ACCESS_SYSTEM_SECURITY without SeSecurityPrivilege).
    """
    desired = mapping.map(desired)
    granted = 0
    if desired & ACCESS_SYSTEM_SECURITY:
        if not subject.holds("SeSecurityPrivilege"):
            raise NtError(STATUS_PRIVILEGE_NOT_HELD)
        granted |= ACCESS_SYSTEM_SECURITY
    maximum = bool(desired & MAXIMUM_ALLOWED)
    wanted = desired & ~(MAXIMUM_ALLOWED | ACCESS_SYSTEM_SECURITY)
    allowed = _dacl_access(descriptor, subject, mapping)
    if subject.holds("SeTakeOwnershipPrivilege"):
        allowed |= WRITE_OWNER
    if subject.integrity < _label(descriptor):
        allowed &= ~(mapping.write & ~mapping.read & ~mapping.execute | DELETE | WRITE_DAC | WRITE_OWNER)
    if wanted & ~allowed:
        raise NtError(STATUS_ACCESS_DENIED)
    if maximum:
        if not allowed:
            raise NtError(STATUS_ACCESS_DENIED)
        return granted | allowed
    return granted | wanted


def _dacl_access(descriptor: SecurityDescriptor, subject: Subject, mapping: GenericMapping) -> int:
    if not descriptor.control & SE_DACL_PRESENT or descriptor.dacl is None:
        return mapping.all | 0x1F0000 & mapping.all
    owners, denied_for = subject.owner_sids, subject.deny_sids
    allowed = denied = 0
    if descriptor.owner in owners and not any(ace.sid == OWNER_RIGHTS for ace in descriptor.dacl.aces):
        allowed |= READ_CONTROL | WRITE_DAC
    for ace in descriptor.dacl.aces:
        if ace.flags & INHERIT_ONLY_ACE:
            continue
        mask = mapping.map(ace.mask)
        is_owner_ace = ace.sid == OWNER_RIGHTS and descriptor.owner in owners
        if ace.type == ACCESS_ALLOWED_ACE_TYPE and (ace.sid in owners or is_owner_ace):
            allowed |= mask & ~denied
        elif ace.type == ACCESS_DENIED_ACE_TYPE and (ace.sid in denied_for or is_owner_ace):
            denied |= mask & ~allowed
    return allowed


def _label(descriptor: SecurityDescriptor) -> int:
    for ace in descriptor.sacl.aces if descriptor.sacl is not None else ():
        if ace.type == SYSTEM_MANDATORY_LABEL_ACE_TYPE and not ace.flags & INHERIT_ONLY_ACE:
            return ace.sid.sub[-1] if ace.sid.sub else 0
    return 0x2000


def allow(*entries: tuple[Sid, int], flags: int = 0) -> Acl:
    """Return a list that allows each SID its mask."""
    return Acl(tuple(Ace(ACCESS_ALLOWED_ACE_TYPE, flags, mask, sid) for sid, mask in entries))


def descriptor(owner: Sid, group: Sid, dacl: Acl | None) -> SecurityDescriptor:
    """Return a descriptor with a DACL present (None: a NULL DACL)."""
    return SecurityDescriptor(SE_DACL_PRESENT, owner, group, dacl)


def inherit(parent: SecurityDescriptor, owner: Sid, group: Sid, container: bool) -> SecurityDescriptor:
    """Return the descriptor of an object created without one below `parent`: its inheritable entries."""
    aces: list[Ace] = []
    for ace in parent.dacl.aces if parent.dacl is not None else ():
        aces.extend(_inherited(ace, owner, container))
    return SecurityDescriptor(SE_DACL_PRESENT | SE_DACL_AUTO_INHERITED, owner, group, Acl(tuple(aces)))


def _inherited(ace: Ace, owner: Sid, container: bool) -> Iterable[Ace]:
    needed = CONTAINER_INHERIT_ACE if container else OBJECT_INHERIT_ACE
    if not ace.flags & needed:
        if container and ace.flags & OBJECT_INHERIT_ACE and not ace.flags & NO_PROPAGATE_INHERIT_ACE:
            yield replace(ace, flags=ace.flags | INHERIT_ONLY_ACE | INHERITED_ACE)
        return
    keep = 0
    if container and not ace.flags & NO_PROPAGATE_INHERIT_ACE:
        keep = ace.flags & (OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE)
    if ace.sid == CREATOR_OWNER:
        yield replace(ace, sid=owner, flags=INHERITED_ACE)
        if keep:
            yield replace(ace, flags=keep | INHERIT_ONLY_ACE | INHERITED_ACE)
    else:
        yield replace(ace, flags=keep | INHERITED_ACE)
