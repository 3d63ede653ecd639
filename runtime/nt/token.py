"""Access tokens: who a process or thread acts for."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from runtime.nt.ntstatus import (
    STATUS_BAD_IMPERSONATION_LEVEL,
    STATUS_BAD_TOKEN_TYPE,
    STATUS_CANT_DISABLE_MANDATORY,
    STATUS_INVALID_OWNER,
    STATUS_INVALID_PRIMARY_GROUP,
)
from runtime.nt.object import Object, ObjectType
from runtime.nt.security import Acl, Sid
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.nt.thread import Thread

TOKEN_ASSIGN_PRIMARY = 0x1
TOKEN_DUPLICATE = 0x2
TOKEN_IMPERSONATE = 0x4
TOKEN_QUERY = 0x8
TOKEN_QUERY_SOURCE = 0x10
TOKEN_ADJUST_PRIVILEGES = 0x20
TOKEN_ADJUST_GROUPS = 0x40
TOKEN_ADJUST_DEFAULT = 0x80
TOKEN_ADJUST_SESSIONID = 0x100
TOKEN_ALL_ACCESS = 0xF01FF

SE_GROUP_MANDATORY = 0x1
SE_GROUP_ENABLED_BY_DEFAULT = 0x2
SE_GROUP_ENABLED = 0x4
SE_GROUP_OWNER = 0x8
SE_GROUP_USE_FOR_DENY_ONLY = 0x10
SE_GROUP_INTEGRITY = 0x20
SE_GROUP_INTEGRITY_ENABLED = 0x40
SE_GROUP_LOGON_ID = 0xC0000000

SE_PRIVILEGE_ENABLED_BY_DEFAULT = 0x1
SE_PRIVILEGE_ENABLED = 0x2
SE_PRIVILEGE_REMOVED = 0x4

TOKEN_PRIMARY, TOKEN_IMPERSONATION = 1, 2
SECURITY_ANONYMOUS, SECURITY_IDENTIFICATION, SECURITY_IMPERSONATION, SECURITY_DELEGATION = range(4)


class ElevationType(enum.IntEnum):
    """TOKEN_ELEVATION_TYPE."""

    DEFAULT = 1
    FULL = 2
    LIMITED = 3


@dataclass(frozen=True, slots=True)
class Group:
    """A group in a token with its SE_GROUP_* attributes."""

    sid: Sid
    attributes: int


class Token(Object):
    """An access token. Primary tokens belong to processes, impersonation tokens to threads.

    `privileges` maps privilege names to SE_PRIVILEGE_* attributes. Tokens of a machine share
    one counter of LUIDs.
    """

    object_type: ClassVar[ObjectType] = ObjectType("Token", 0x2001A, 0x201E0, 0x20005, TOKEN_ALL_ACCESS)

    def __init__(
        self, *, user: Sid, groups: Iterable[Group], privileges: dict[str, int], owner: Sid, primary_group: Sid,
        default_dacl: Acl | None, elevation: ElevationType = ElevationType.DEFAULT, kind: int = TOKEN_PRIMARY,
        level: int = SECURITY_ANONYMOUS, luids: itertools.count[int],
    ) -> None:  # fmt: skip
        self.user = user
        self.groups = list(groups)
        self.privileges = privileges
        self.owner = owner
        self.primary_group = primary_group
        self.default_dacl = default_dacl
        self.elevation = elevation
        self.kind = kind
        self.level = level
        self.linked: Token | None = None
        self.session = 1
        self.ui_access = False
        self.virtualization = False
        self.restricted: tuple[Group, ...] = ()
        self.authentication = 0x3E7A1
        """The LUID of the logon session."""
        self._luids = luids
        self.luid = next(self._luids)
        self.modified = next(self._luids)
        self._sids: tuple[frozenset[Sid], frozenset[Sid]] | None = None

    @property
    def elevated(self) -> bool:
        """TokenElevation: whether this is a full administrator token."""
        return self.elevation is ElevationType.FULL or (
            self.elevation is ElevationType.DEFAULT and self.integrity >= 0x3000
        )

    @property
    def integrity(self) -> int:
        """The integrity level: 0x2000 medium, 0x3000 high."""
        for group in self.groups:
            if group.attributes & SE_GROUP_INTEGRITY:
                return group.sid.sub[-1]
        return 0x2000

    @property
    def owner_sids(self) -> frozenset[Sid]:
        """The user and the enabled groups."""
        return self._cached()[0]

    @property
    def deny_sids(self) -> frozenset[Sid]:
        """The user, the enabled groups and the deny-only ones."""
        return self._cached()[1]

    def _cached(self) -> tuple[frozenset[Sid], frozenset[Sid]]:
        if self._sids is None:
            enabled = frozenset(g.sid for g in self.groups if g.attributes & SE_GROUP_ENABLED) | {self.user}
            denying = frozenset(g.sid for g in self.groups if g.attributes & SE_GROUP_USE_FOR_DENY_ONLY)
            self._sids = enabled, enabled | denying
        return self._sids

    def holds(self, privilege: str) -> bool:
        """Whether a privilege is present and enabled."""
        return bool(self.privileges.get(privilege, 0) & SE_PRIVILEGE_ENABLED)

    def adjust_privileges(self, changes: dict[str, int]) -> dict[str, int]:
        """Set SE_PRIVILEGE_* attributes of privileges; returns the former ones of those that changed.

        Privileges the token does not have are ignored: the caller reports STATUS_NOT_ALL_ASSIGNED.
        """
        former = {}
        for name, attributes in changes.items():
            old = self.privileges.get(name)
            if old is None:
                continue
            if attributes & SE_PRIVILEGE_REMOVED:
                former[name] = old
                del self.privileges[name]
                continue
            new = old & ~SE_PRIVILEGE_ENABLED | attributes & SE_PRIVILEGE_ENABLED
            if new != old:
                former[name] = old
                self.privileges[name] = new
        if former:
            self.modified = next(self._luids)
        return former

    def adjust_groups(self, changes: dict[Sid, bool]) -> None:
        """Enable or disable groups. Raises NtError(STATUS_CANT_DISABLE_MANDATORY)."""
        for group in self.groups:
            if changes.get(group.sid) is False and group.attributes & SE_GROUP_MANDATORY:
                raise NtError(STATUS_CANT_DISABLE_MANDATORY)
        self.groups = [
            Group(g.sid, g.attributes & ~SE_GROUP_ENABLED | (SE_GROUP_ENABLED if changes[g.sid] else 0))
            if g.sid in changes and not g.attributes & SE_GROUP_USE_FOR_DENY_ONLY
            else g
            for g in self.groups
        ]  # fmt: skip
        self._sids = None
        self.modified = next(self._luids)

    def set_owner(self, owner: Sid) -> None:
        """Set the default owner. Raises NtError(STATUS_INVALID_OWNER)."""
        if owner != self.user and not any(g.sid == owner and g.attributes & SE_GROUP_OWNER for g in self.groups):
            raise NtError(STATUS_INVALID_OWNER)
        self.owner = owner

    def set_primary_group(self, group: Sid) -> None:
        """Set the default primary group. Raises NtError(STATUS_INVALID_PRIMARY_GROUP)."""
        if all(g.sid != group for g in self.groups):
            raise NtError(STATUS_INVALID_PRIMARY_GROUP)
        self.primary_group = group

    def set_integrity(self, sid: Sid) -> None:
        """Set the mandatory label."""
        self.groups = [Group(sid, g.attributes) if g.attributes & SE_GROUP_INTEGRITY else g for g in self.groups]
        self._sids = None
        self.modified = next(self._luids)

    def duplicate(self, kind: int, level: int, *, effective_only: bool = False) -> Token:
        """Return a copy: NtDuplicateToken. Raises NtError: STATUS_BAD_TOKEN_TYPE, STATUS_BAD_IMPERSONATION_LEVEL."""
        if kind not in (TOKEN_PRIMARY, TOKEN_IMPERSONATION):
            raise NtError(STATUS_BAD_TOKEN_TYPE)
        if self.kind == TOKEN_IMPERSONATION and (
            (kind == TOKEN_IMPERSONATION and level > self.level)
            or (kind == TOKEN_PRIMARY and self.level < SECURITY_IMPERSONATION)
        ):
            raise NtError(STATUS_BAD_IMPERSONATION_LEVEL)
        privileges = {n: a for n, a in self.privileges.items() if not effective_only or a & SE_PRIVILEGE_ENABLED}
        copy = Token(
            user=self.user, groups=self.groups, privileges=privileges, owner=self.owner,
            primary_group=self.primary_group, default_dacl=self.default_dacl, elevation=self.elevation, kind=kind,
            level=level if kind == TOKEN_IMPERSONATION else SECURITY_ANONYMOUS, luids=self._luids,
        )  # fmt: skip
        copy.linked = self.linked
        copy.session = self.session
        copy.authentication = self.authentication
        copy.restricted = self.restricted
        return copy

    def state(self) -> dict[str, str | int | bool | None]:
        """The token as plain data."""
        return super().state() | {
            "user": str(self.user),
            "kind": "primary" if self.kind == TOKEN_PRIMARY else "impersonation",
            "elevated": self.elevated,
            "integrity": self.integrity,
            "privileges": " ".join(sorted(n for n, a in self.privileges.items() if a & SE_PRIVILEGE_ENABLED)),
        }


def effective_token(thread: Thread) -> Token:
    """Return who a thread acts for: its impersonation token, else its process's token."""
    return thread.token or thread.process.token
