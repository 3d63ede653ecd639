"""The accounts of a machine: names, SIDs and privileges, and the tokens that logging on gives."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from functools import cached_property

from runtime.nt import security as sec
from runtime.nt.casing import upcase
from runtime.nt.security import Sid
from runtime.nt.token import (
    SE_GROUP_ENABLED,
    SE_GROUP_ENABLED_BY_DEFAULT,
    SE_GROUP_INTEGRITY,
    SE_GROUP_INTEGRITY_ENABLED,
    SE_GROUP_LOGON_ID,
    SE_GROUP_MANDATORY,
    SE_GROUP_OWNER,
    SE_GROUP_USE_FOR_DENY_ONLY,
    SE_PRIVILEGE_ENABLED,
    SE_PRIVILEGE_ENABLED_BY_DEFAULT,
    ElevationType,
    Group,
    Token,
)

USER_RID = 1001
LOGON_ID = 0x3E7A1

PRIVILEGES = {
    name: number
    for number, name in enumerate(
        (
            "SeCreateTokenPrivilege", "SeAssignPrimaryTokenPrivilege", "SeLockMemoryPrivilege",
            "SeIncreaseQuotaPrivilege", "SeMachineAccountPrivilege", "SeTcbPrivilege", "SeSecurityPrivilege",
            "SeTakeOwnershipPrivilege", "SeLoadDriverPrivilege", "SeSystemProfilePrivilege",
            "SeSystemtimePrivilege", "SeProfileSingleProcessPrivilege", "SeIncreaseBasePriorityPrivilege",
            "SeCreatePagefilePrivilege", "SeCreatePermanentPrivilege", "SeBackupPrivilege",
            "SeRestorePrivilege", "SeShutdownPrivilege", "SeDebugPrivilege", "SeAuditPrivilege",
            "SeSystemEnvironmentPrivilege", "SeChangeNotifyPrivilege", "SeRemoteShutdownPrivilege",
            "SeUndockPrivilege", "SeSyncAgentPrivilege", "SeEnableDelegationPrivilege",
            "SeManageVolumePrivilege", "SeImpersonatePrivilege", "SeCreateGlobalPrivilege",
            "SeTrustedCredManAccessPrivilege", "SeRelabelPrivilege", "SeIncreaseWorkingSetPrivilege",
            "SeTimeZonePrivilege", "SeCreateSymbolicLinkPrivilege",
            "SeDelegateSessionUserImpersonatePrivilege",
        ),
        start=2,
    )
}  # fmt: skip
"""The LUID of each privilege (the high part is always 0)."""

PRIVILEGE_DISPLAY_NAMES = {
    "SeAssignPrimaryTokenPrivilege": "Replace a process level token",
    "SeAuditPrivilege": "Generate security audits",
    "SeBackupPrivilege": "Back up files and directories",
    "SeChangeNotifyPrivilege": "Bypass traverse checking",
    "SeCreateGlobalPrivilege": "Create global objects",
    "SeCreatePagefilePrivilege": "Create a pagefile",
    "SeCreatePermanentPrivilege": "Create permanent shared objects",
    "SeCreateSymbolicLinkPrivilege": "Create symbolic links",
    "SeCreateTokenPrivilege": "Create a token object",
    "SeDebugPrivilege": "Debug programs",
    "SeDelegateSessionUserImpersonatePrivilege": "Obtain an impersonation token for another user in the same session",
    "SeEnableDelegationPrivilege": "Enable computer and user accounts to be trusted for delegation",
    "SeImpersonatePrivilege": "Impersonate a client after authentication",
    "SeIncreaseBasePriorityPrivilege": "Increase scheduling priority",
    "SeIncreaseQuotaPrivilege": "Adjust memory quotas for a process",
    "SeIncreaseWorkingSetPrivilege": "Increase a process working set",
    "SeLoadDriverPrivilege": "Load and unload device drivers",
    "SeLockMemoryPrivilege": "Lock pages in memory",
    "SeMachineAccountPrivilege": "Add workstations to domain",
    "SeManageVolumePrivilege": "Perform volume maintenance tasks",
    "SeProfileSingleProcessPrivilege": "Profile single process",
    "SeRelabelPrivilege": "Modify an object label",
    "SeRemoteShutdownPrivilege": "Force shutdown from a remote system",
    "SeRestorePrivilege": "Restore files and directories",
    "SeSecurityPrivilege": "Manage auditing and security log",
    "SeShutdownPrivilege": "Shut down the system",
    "SeSyncAgentPrivilege": "Synchronize directory service data",
    "SeSystemEnvironmentPrivilege": "Modify firmware environment values",
    "SeSystemProfilePrivilege": "Profile system performance",
    "SeSystemtimePrivilege": "Change the system time",
    "SeTakeOwnershipPrivilege": "Take ownership of files or other objects",
    "SeTcbPrivilege": "Act as part of the operating system",
    "SeTimeZonePrivilege": "Change the time zone",
    "SeTrustedCredManAccessPrivilege": "Access Credential Manager as a trusted caller",
    "SeUndockPrivilege": "Remove computer from docking station",
}

_USER_PRIVILEGES = ("SeShutdownPrivilege", "SeChangeNotifyPrivilege", "SeUndockPrivilege",
                    "SeIncreaseWorkingSetPrivilege", "SeTimeZonePrivilege")  # fmt: skip
_ADMINISTRATOR_PRIVILEGES = (
    "SeIncreaseQuotaPrivilege", "SeSecurityPrivilege", "SeTakeOwnershipPrivilege", "SeLoadDriverPrivilege",
    "SeSystemProfilePrivilege", "SeSystemtimePrivilege", "SeProfileSingleProcessPrivilege",
    "SeIncreaseBasePriorityPrivilege", "SeCreatePagefilePrivilege", "SeBackupPrivilege", "SeRestorePrivilege",
    "SeShutdownPrivilege", "SeDebugPrivilege", "SeSystemEnvironmentPrivilege", "SeChangeNotifyPrivilege",
    "SeRemoteShutdownPrivilege", "SeUndockPrivilege", "SeManageVolumePrivilege", "SeImpersonatePrivilege",
    "SeCreateGlobalPrivilege", "SeIncreaseWorkingSetPrivilege", "SeTimeZonePrivilege",
    "SeCreateSymbolicLinkPrivilege", "SeDelegateSessionUserImpersonatePrivilege",
)  # fmt: skip
_ENABLED_BY_DEFAULT = frozenset({"SeChangeNotifyPrivilege", "SeImpersonatePrivilege", "SeCreateGlobalPrivilege"})

SID_USER, SID_GROUP, SID_DOMAIN, SID_ALIAS, SID_WELL_KNOWN_GROUP = 1, 2, 3, 4, 5
SID_UNKNOWN, SID_COMPUTER, SID_LABEL = 8, 9, 10


@dataclass(frozen=True, slots=True)
class Account:
    """A name and its SID. `use` is the SID_NAME_USE."""

    name: str
    domain: str
    sid: Sid
    use: int


_WELL_KNOWN = (
    ("NULL SID", "", "S-1-0-0", SID_WELL_KNOWN_GROUP),
    ("Everyone", "", "S-1-1-0", SID_WELL_KNOWN_GROUP),
    ("LOCAL", "", "S-1-2-0", SID_WELL_KNOWN_GROUP),
    ("CONSOLE LOGON", "", "S-1-2-1", SID_WELL_KNOWN_GROUP),
    ("CREATOR OWNER", "", "S-1-3-0", SID_WELL_KNOWN_GROUP),
    ("CREATOR GROUP", "", "S-1-3-1", SID_WELL_KNOWN_GROUP),
    ("OWNER RIGHTS", "", "S-1-3-4", SID_WELL_KNOWN_GROUP),
    ("DIALUP", "NT AUTHORITY", "S-1-5-1", SID_WELL_KNOWN_GROUP),
    ("NETWORK", "NT AUTHORITY", "S-1-5-2", SID_WELL_KNOWN_GROUP),
    ("BATCH", "NT AUTHORITY", "S-1-5-3", SID_WELL_KNOWN_GROUP),
    ("INTERACTIVE", "NT AUTHORITY", "S-1-5-4", SID_WELL_KNOWN_GROUP),
    ("SERVICE", "NT AUTHORITY", "S-1-5-6", SID_WELL_KNOWN_GROUP),
    ("ANONYMOUS LOGON", "NT AUTHORITY", "S-1-5-7", SID_WELL_KNOWN_GROUP),
    ("PROXY", "NT AUTHORITY", "S-1-5-8", SID_WELL_KNOWN_GROUP),
    ("ENTERPRISE DOMAIN CONTROLLERS", "NT AUTHORITY", "S-1-5-9", SID_WELL_KNOWN_GROUP),
    ("SELF", "NT AUTHORITY", "S-1-5-10", SID_WELL_KNOWN_GROUP),
    ("Authenticated Users", "NT AUTHORITY", "S-1-5-11", SID_WELL_KNOWN_GROUP),
    ("RESTRICTED", "NT AUTHORITY", "S-1-5-12", SID_WELL_KNOWN_GROUP),
    ("TERMINAL SERVER USER", "NT AUTHORITY", "S-1-5-13", SID_WELL_KNOWN_GROUP),
    ("REMOTE INTERACTIVE LOGON", "NT AUTHORITY", "S-1-5-14", SID_WELL_KNOWN_GROUP),
    ("This Organization", "NT AUTHORITY", "S-1-5-15", SID_WELL_KNOWN_GROUP),
    ("IUSR", "NT AUTHORITY", "S-1-5-17", SID_WELL_KNOWN_GROUP),
    ("SYSTEM", "NT AUTHORITY", "S-1-5-18", SID_WELL_KNOWN_GROUP),
    ("LOCAL SERVICE", "NT AUTHORITY", "S-1-5-19", SID_WELL_KNOWN_GROUP),
    ("NETWORK SERVICE", "NT AUTHORITY", "S-1-5-20", SID_WELL_KNOWN_GROUP),
    ("Local account", "NT AUTHORITY", "S-1-5-113", SID_WELL_KNOWN_GROUP),
    ("Local account and member of Administrators group", "NT AUTHORITY", "S-1-5-114", SID_WELL_KNOWN_GROUP),
    ("NTLM Authentication", "NT AUTHORITY", "S-1-5-64-10", SID_WELL_KNOWN_GROUP),
    ("BUILTIN", "BUILTIN", "S-1-5-32", SID_DOMAIN),
    ("Administrators", "BUILTIN", "S-1-5-32-544", SID_ALIAS),
    ("Users", "BUILTIN", "S-1-5-32-545", SID_ALIAS),
    ("Guests", "BUILTIN", "S-1-5-32-546", SID_ALIAS),
    ("Power Users", "BUILTIN", "S-1-5-32-547", SID_ALIAS),
    ("Backup Operators", "BUILTIN", "S-1-5-32-551", SID_ALIAS),
    ("Replicator", "BUILTIN", "S-1-5-32-552", SID_ALIAS),
    ("Remote Desktop Users", "BUILTIN", "S-1-5-32-555", SID_ALIAS),
    ("Network Configuration Operators", "BUILTIN", "S-1-5-32-556", SID_ALIAS),
    ("Performance Monitor Users", "BUILTIN", "S-1-5-32-558", SID_ALIAS),
    ("Performance Log Users", "BUILTIN", "S-1-5-32-559", SID_ALIAS),
    ("Distributed COM Users", "BUILTIN", "S-1-5-32-562", SID_ALIAS),
    ("IIS_IUSRS", "BUILTIN", "S-1-5-32-568", SID_ALIAS),
    ("Cryptographic Operators", "BUILTIN", "S-1-5-32-569", SID_ALIAS),
    ("Event Log Readers", "BUILTIN", "S-1-5-32-573", SID_ALIAS),
    ("Hyper-V Administrators", "BUILTIN", "S-1-5-32-578", SID_ALIAS),
    ("Remote Management Users", "BUILTIN", "S-1-5-32-580", SID_ALIAS),
    ("TrustedInstaller", "NT SERVICE",
     "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464", SID_WELL_KNOWN_GROUP),
    ("ALL APPLICATION PACKAGES", "APPLICATION PACKAGE AUTHORITY", "S-1-15-2-1", SID_WELL_KNOWN_GROUP),
    ("Untrusted Mandatory Level", "Mandatory Label", "S-1-16-0", SID_LABEL),
    ("Low Mandatory Level", "Mandatory Label", "S-1-16-4096", SID_LABEL),
    ("Medium Mandatory Level", "Mandatory Label", "S-1-16-8192", SID_LABEL),
    ("Medium Plus Mandatory Level", "Mandatory Label", "S-1-16-8448", SID_LABEL),
    ("High Mandatory Level", "Mandatory Label", "S-1-16-12288", SID_LABEL),
    ("System Mandatory Level", "Mandatory Label", "S-1-16-16384", SID_LABEL),
)  # fmt: skip


class Accounts:
    """Who exists on a machine. The domain SID follows from the computer's name, so it is the same at every start."""

    def __init__(self, computer: str, user: str) -> None:
        self.computer = computer
        self.user_name = user
        digest = hashlib.sha256(b"winfs machine " + upcase(computer).encode("utf-8", "surrogatepass")).digest()
        parts = tuple(int.from_bytes(digest[at : at + 4], "little") for at in (0, 4, 8))
        self.domain = Sid(5, (21, *parts))
        self.user = self.domain.child(USER_RID)
        self._luids = itertools.count(0x4A000)

    @cached_property
    def _accounts(self) -> tuple[Account, ...]:
        local = [
            (self.user_name, USER_RID, SID_USER), ("Administrator", 500, SID_USER), ("Guest", 501, SID_USER),
            ("DefaultAccount", 503, SID_USER), ("WDAGUtilityAccount", 504, SID_USER), ("None", 513, SID_GROUP),
        ]  # fmt: skip
        accounts = [Account(name, self.computer, self.domain.child(rid), use) for name, rid, use in local]
        accounts.append(Account(self.computer, self.computer, self.domain, SID_DOMAIN))
        accounts.extend(Account(name, domain, Sid.parse(sid), use) for name, domain, sid, use in _WELL_KNOWN)
        return tuple(accounts)

    def by_sid(self, sid: Sid) -> Account | None:
        """Return the account with that SID, or None. Logon SIDs have none, as on Windows."""
        return next((account for account in self._accounts if account.sid == sid), None)

    def by_name(self, name: str) -> Account | None:
        """Return the account of that name: `user`, `DOMAIN\\user`, `.\\user` or `user@domain`; or None."""
        domain, separator, account_name = name.rpartition("\\")
        if not separator and "@" in name:
            account_name, _, domain = name.rpartition("@")
        if domain == ".":
            domain = self.computer
        for account in self._accounts:
            if upcase(account.name) == upcase(account_name) and (
                not domain or upcase(account.domain) == upcase(domain)
            ):
                return account
        return None

    @property
    def logon_sid(self) -> Sid:
        """The SID of the logon session."""
        return Sid(5, (5, 0, LOGON_ID))

    def logon(self, *, elevated: bool = False) -> Token:
        """Return a primary token of the machine's user, a member of Administrators.

        Not elevated it is the filtered token of a User Account Control session (medium integrity), linked to the full
        one; elevated it is the full one (high integrity).
        """
        full = self._token(elevated=True)
        filtered = self._token(elevated=False)
        full.linked, filtered.linked = filtered, full
        return full if elevated else filtered

    def _token(self, *, elevated: bool) -> Token:
        on = SE_GROUP_MANDATORY | SE_GROUP_ENABLED_BY_DEFAULT | SE_GROUP_ENABLED
        admin = on if elevated else SE_GROUP_USE_FOR_DENY_ONLY
        groups = [
            Group(self.domain.child(513), on),
            Group(sec.EVERYONE, on),
            Group(sec.LOCAL_ACCOUNT_ADMINISTRATOR, admin),
            Group(sec.ADMINISTRATORS, admin | SE_GROUP_OWNER if elevated else admin),
            Group(sec.USERS, on),
            Group(sec.INTERACTIVE, on),
            Group(sec.CONSOLE_LOGON, on),
            Group(sec.AUTHENTICATED_USERS, on),
            Group(sec.THIS_ORGANIZATION, on),
            Group(sec.LOCAL_ACCOUNT, on),
            Group(self.logon_sid, on | SE_GROUP_LOGON_ID),
            Group(sec.LOCAL, on),
            Group(sec.NTLM_AUTHENTICATION, on),
            Group(sec.integrity_sid(0x3000 if elevated else 0x2000), SE_GROUP_INTEGRITY | SE_GROUP_INTEGRITY_ENABLED),
        ]
        names = _ADMINISTRATOR_PRIVILEGES if elevated else _USER_PRIVILEGES
        default = SE_PRIVILEGE_ENABLED | SE_PRIVILEGE_ENABLED_BY_DEFAULT
        return Token(
            user=self.user,
            groups=groups,
            privileges={name: default if name in _ENABLED_BY_DEFAULT else 0 for name in names},
            owner=sec.ADMINISTRATORS if elevated else self.user,
            primary_group=self.domain.child(513),
            default_dacl=sec.allow(
                (sec.ADMINISTRATORS if elevated else self.user, sec.GENERIC_ALL),
                (sec.LOCAL_SYSTEM, sec.GENERIC_ALL),
                (self.logon_sid, sec.GENERIC_READ | sec.GENERIC_EXECUTE),
            ),
            elevation=ElevationType.FULL if elevated else ElevationType.LIMITED,
            luids=self._luids,
        )
