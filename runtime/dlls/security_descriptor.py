"""Security identifiers, lists and descriptors in guest memory."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from runtime.nt.security import (
    SE_DACL_PRESENT,
    SE_SACL_PRESENT,
    SE_SELF_RELATIVE,
    Acl,
    SecurityDescriptor,
    Sid,
)
from runtime.nt.status import STATUS_INVALID_SECURITY_DESCR, STATUS_INVALID_SID, STATUS_UNKNOWN_REVISION, NtError

if TYPE_CHECKING:
    from runtime.memory.space import AddressSpace


def read_sid(memory: AddressSpace, address: int) -> Sid:
    """Read a SID. Raises NtError(STATUS_INVALID_SID) and AccessViolation."""
    head = memory.read(address, 8)
    if head[0] != 1 or head[1] > 15:
        raise NtError(STATUS_INVALID_SID)
    return Sid.unpack(head + memory.read(address + 8, 4 * head[1]))


def read_acl(memory: AddressSpace, address: int) -> Acl:
    """Read an access control list. Raises NtError(STATUS_INVALID_ACL) and AccessViolation."""
    size = memory.read_u16(address + 2)
    return Acl.unpack(memory.read(address, max(size, 8)))


def parts(memory: AddressSpace, address: int) -> tuple[int, int, int, int, int]:
    """Return control and the addresses of owner, group, SACL and DACL (0: none) of a descriptor in either form.

    Raises NtError(STATUS_UNKNOWN_REVISION) and AccessViolation.
    """
    if memory.read_u8(address) != 1:
        raise NtError(STATUS_UNKNOWN_REVISION)
    control = memory.read_u16(address + 2)
    if control & SE_SELF_RELATIVE:
        owner, group, sacl, dacl = (
            offset and address + offset for offset in struct.unpack("<4I", memory.read(address + 4, 16))
        )
    else:
        width = memory.pointer_size
        first = address + (8 if width == 8 else 4)
        owner, group, sacl, dacl = (memory.read_pointer(first + width * index) for index in range(4))
    return control, owner, group, sacl, dacl


def absolute_size(memory: AddressSpace) -> int:
    """Return sizeof(SECURITY_DESCRIPTOR)."""
    return 40 if memory.pointer_size == 8 else 20


def field_offset(memory: AddressSpace, index: int) -> int:
    """Return where an absolute descriptor holds its owner (0), group (1), SACL (2) or DACL (3) pointer."""
    return (8 if memory.pointer_size == 8 else 4) + memory.pointer_size * index


def read_descriptor(memory: AddressSpace, address: int) -> SecurityDescriptor:
    """Read a descriptor in either form. Raises NtError and AccessViolation."""
    if not address:
        raise NtError(STATUS_INVALID_SECURITY_DESCR)
    control, owner, group, sacl, dacl = parts(memory, address)
    return SecurityDescriptor(
        control & ~SE_SELF_RELATIVE,
        read_sid(memory, owner) if owner else None,
        read_sid(memory, group) if group else None,
        read_acl(memory, dacl) if dacl and control & SE_DACL_PRESENT else None,
        read_acl(memory, sacl) if sacl and control & SE_SACL_PRESENT else None,
    )
