"""What NtQueryInformationToken returns: TOKEN_* structures as bytes with their pointers."""

from __future__ import annotations

import struct

from runtime.nt.accounts import PRIVILEGES
from runtime.nt.security import Sid
from runtime.nt.status import STATUS_INVALID_INFO_CLASS, STATUS_INVALID_PARAMETER, STATUS_NO_TOKEN, NtError
from runtime.nt.token import TOKEN_IMPERSONATION, Group, Token

(
    TOKEN_USER, TOKEN_GROUPS, TOKEN_PRIVILEGES, TOKEN_OWNER, TOKEN_PRIMARY_GROUP, TOKEN_DEFAULT_DACL, TOKEN_SOURCE,
    TOKEN_TYPE, TOKEN_IMPERSONATION_LEVEL, TOKEN_STATISTICS, TOKEN_RESTRICTED_SIDS, TOKEN_SESSION_ID,
    TOKEN_GROUPS_AND_PRIVILEGES, TOKEN_SESSION_REFERENCE, TOKEN_SANDBOX_INERT, TOKEN_AUDIT_POLICY, TOKEN_ORIGIN,
    TOKEN_ELEVATION_TYPE, TOKEN_LINKED_TOKEN, TOKEN_ELEVATION, TOKEN_HAS_RESTRICTIONS, TOKEN_ACCESS_INFORMATION,
    TOKEN_VIRTUALIZATION_ALLOWED, TOKEN_VIRTUALIZATION_ENABLED, TOKEN_INTEGRITY_LEVEL, TOKEN_UI_ACCESS,
    TOKEN_MANDATORY_POLICY, TOKEN_LOGON_SID, TOKEN_IS_APP_CONTAINER, TOKEN_CAPABILITIES, TOKEN_APP_CONTAINER_SID,
    TOKEN_APP_CONTAINER_NUMBER,
) = range(1, 33)  # fmt: skip


class _Writer:
    """Builds a structure followed by what it points at, for a buffer at `base`."""

    def __init__(self, base: int, width: int) -> None:
        self.base = base
        self.width = width
        self.head = bytearray()
        self.tail: list[tuple[int, bytes]] = []

    def dword(self, value: int) -> None:
        self.head += struct.pack("<I", value)

    def pointer(self, data: bytes | None) -> None:
        """Add a pointer to `data`, which is stored behind; None is NULL."""
        self.align(self.width)
        if data is not None:
            self.tail.append((len(self.head), data))
        self.head += bytes(self.width)

    def align(self, unit: int) -> None:
        self.head += bytes(-len(self.head) % unit)

    def finish(self) -> bytes:
        self.align(self.width)
        out = bytearray(self.head)
        for at, data in self.tail:
            out += bytes(-len(out) % 4)
            out[at : at + self.width] = (self.base + len(out)).to_bytes(self.width, "little")
            out += data
        return bytes(out)


def _groups(writer: _Writer, groups: list[Group]) -> None:
    writer.dword(len(groups))
    writer.align(writer.width)
    for group in groups:
        writer.pointer(group.sid.pack())
        writer.dword(group.attributes)
        writer.align(writer.width)


def _luid(value: int) -> bytes:
    return struct.pack("<Ii", value & 0xFFFFFFFF, value >> 32)


def privilege_entries(privileges: dict[str, int]) -> bytes:
    """Return LUID_AND_ATTRIBUTES of privileges, in the order of their LUIDs."""
    ordered = sorted((PRIVILEGES[name], attributes) for name, attributes in privileges.items())
    return b"".join(struct.pack("<IiI", luid, 0, attributes) for luid, attributes in ordered)


def token_information(token: Token, kind: int, base: int, width: int) -> bytes:
    """Return an information class for a buffer at `base`. TokenLinkedToken is the caller's: it needs a handle.

    Raises NtError(STATUS_INVALID_INFO_CLASS) and what a class documents.
    """
    writer = _Writer(base, width)
    match kind:
        case 1:
            writer.pointer(token.user.pack())
            writer.dword(0)
        case 2:
            _groups(writer, token.groups)
        case 3:
            return struct.pack("<I", len(token.privileges)) + privilege_entries(token.privileges)
        case 4:
            writer.pointer(token.owner.pack())
        case 5:
            writer.pointer(token.primary_group.pack())
        case 6:
            writer.pointer(token.default_dacl.pack() if token.default_dacl is not None else None)
        case 7:
            return b"User32  " + _luid(token.authentication - 0x10)
        case 8:
            return struct.pack("<I", token.kind)
        case 9:
            if token.kind != TOKEN_IMPERSONATION:
                raise NtError(STATUS_INVALID_PARAMETER)
            return struct.pack("<I", token.level)
        case 10:
            dacl = len(token.default_dacl.pack()) if token.default_dacl is not None else 0
            return (
                _luid(token.luid) + _luid(token.authentication) + struct.pack("<q", 0x7FFFFFFFFFFFFFFF)
                + struct.pack("<6I", token.kind, token.level, 4096, 4096 - dacl, len(token.groups),
                              len(token.privileges)) + _luid(token.modified)
            )  # fmt: skip
        case 11:
            _groups(writer, list(token.restricted))
        case 12:
            return struct.pack("<I", token.session)
        case 13:
            return _groups_and_privileges(token, base, width)
        case 15 | 21 | 29:
            return struct.pack("<I", int(bool(token.restricted)) if kind == 21 else 0)
        case 17:
            return _luid(0x3E7)
        case 18:
            return struct.pack("<I", int(token.elevation))
        case 20:
            return struct.pack("<I", int(token.elevated))
        case 23:
            return struct.pack("<I", int(not token.elevated))
        case 24:
            return struct.pack("<I", int(token.virtualization))
        case 25:
            label = next((g for g in token.groups if g.attributes & 0x20), Group(Sid(16, (0x2000,)), 0x60))
            writer.pointer(label.sid.pack())
            writer.dword(label.attributes)
        case 26:
            return struct.pack("<I", int(token.ui_access))
        case 27:
            return struct.pack("<I", 1 if token.elevated else 3)
        case 28:
            logon = [group for group in token.groups if group.attributes & 0xC0000000 == 0xC0000000]
            if not logon:
                raise NtError(STATUS_NO_TOKEN)
            _groups(writer, logon)
        case 30:
            _groups(writer, [])
        case 31:
            writer.pointer(None)
        case 32:
            return bytes(4)
        case _:
            raise NtError(STATUS_INVALID_INFO_CLASS)
    return writer.finish()


def _groups_and_privileges(token: Token, base: int, width: int) -> bytes:
    """TOKEN_GROUPS_AND_PRIVILEGES: counts, lengths and pointers to three arrays."""
    sids = _Writer(0, width)
    for group in token.groups:
        sids.pointer(group.sid.pack())
        sids.dword(group.attributes)
        sids.align(width)
    entries = privilege_entries(token.privileges)
    head_size = 56 if width == 8 else 44
    sids.base = base + head_size
    array = sids.finish()
    writer = _Writer(base, width)
    writer.dword(len(token.groups))
    writer.dword(len(array))
    writer.head += (base + head_size).to_bytes(width, "little")
    writer.dword(0)
    writer.dword(0)
    writer.head += bytes(width)
    writer.dword(len(token.privileges))
    writer.dword(len(entries))
    writer.head += (base + head_size + len(array)).to_bytes(width, "little")
    writer.head += _luid(token.authentication)
    return bytes(writer.head).ljust(head_size, b"\0")[:head_size] + array + entries

