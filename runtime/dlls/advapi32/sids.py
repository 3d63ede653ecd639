"""securitybaseapi.h and sddl.h: security identifiers."""

from __future__ import annotations

from runtime.dlls.advapi32 import advapi32
from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.security_descriptor import read_sid
from runtime.dlls.text import encode_text
from runtime.dlls.types import BOOL, BYTE, DWORD, LPCSTR, LPCWSTR, LPVOID, PVOID, InOut, Out
from runtime.nt import sddl
from runtime.nt.security import Sid
from runtime.nt.status import (
    ERROR_INSUFFICIENT_BUFFER,
    ERROR_INVALID_PARAMETER,
    ERROR_INVALID_SID,
    ERROR_NON_ACCOUNT_SID,
    ERROR_NON_DOMAIN_SID,
    NtError,
    Win32Error,
)
from runtime.nt.thread import Thread

SECURITY = "security"
MAXIMUM_SUB_AUTHORITIES = 15


def _same(thread: Thread, first: int, second: int, count: int | None = None) -> bool:
    one, two = read_sid(thread.process.memory, first), read_sid(thread.process.memory, second)
    if count is None:
        return one == two
    return one.authority == two.authority and len(one.sub) == len(two.sub) and one.sub[:count] == two.sub[:count]


@advapi32.export(category=SECURITY)
def IsValidSid(thread: Thread, pSid: PVOID) -> BOOL:
    """Whether memory holds a SID of revision 1 with at most 15 subauthorities."""
    if not pSid:
        return 0
    head = thread.process.memory.read(pSid, 2)
    return int(head[0] & 0xF == 1 and head[1] <= MAXIMUM_SUB_AUTHORITIES)


@advapi32.export(category=SECURITY)
def EqualSid(thread: Thread, pSid1: PVOID, pSid2: PVOID) -> BOOL:
    """Whether two SIDs are the same."""
    return int(_same(thread, pSid1, pSid2))


@advapi32.export(category=SECURITY)
def EqualPrefixSid(thread: Thread, pSid1: PVOID, pSid2: PVOID) -> BOOL:
    """Whether two SIDs are the same but for the last subauthority."""
    one, two = read_sid(thread.process.memory, pSid1), read_sid(thread.process.memory, pSid2)
    return int(one.authority == two.authority and len(one.sub) == len(two.sub) and one.sub[:-1] == two.sub[:-1])


def domain_of(sid: Sid) -> Sid | None:
    """Return the domain of an account or domain SID (S-1-5-21-x-y-z[-rid]), or None."""
    if sid.authority == 5 and len(sid.sub) in (4, 5) and sid.sub[0] == 21:
        return Sid(5, sid.sub[:4])
    if sid.authority == 5 and sid.sub[:1] == (32,):
        return Sid(5, (32,))
    return None


@advapi32.export(category=SECURITY)
def EqualDomainSid(thread: Thread, pSid1: PVOID, pSid2: PVOID, pfEqual: Out[BOOL]) -> BOOL:
    """Whether two accounts are of one domain."""
    first, second = (domain_of(read_sid(thread.process.memory, sid)) for sid in (pSid1, pSid2))
    if first is None or second is None:
        raise Win32Error(ERROR_NON_DOMAIN_SID)
    pfEqual.set(int(first == second))
    return 1


@advapi32.export(category=SECURITY)
def GetWindowsAccountDomainSid(thread: Thread, pSid: PVOID, pDomainSid: PVOID, cbDomainSid: InOut[DWORD]) -> BOOL:
    """Return the domain of an account."""
    sid = read_sid(thread.process.memory, pSid)
    domain = domain_of(sid)
    if domain is None or sid.sub[0] != 21:
        raise Win32Error(ERROR_NON_ACCOUNT_SID)
    return _store(thread, domain, pDomainSid, cbDomainSid)


def _store(thread: Thread, sid: Sid, target: int, size: InOut[DWORD]) -> int:
    capacity = size.get()
    size.set(len(sid))
    if not target or capacity < len(sid):
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(target, sid.pack())
    return 1


@advapi32.export(category=SECURITY)
def GetLengthSid(thread: Thread, pSid: PVOID) -> DWORD:
    """Return the length of a SID in bytes."""
    return 8 + 4 * thread.process.memory.read_u8(pSid + 1)


@advapi32.export(category=SECURITY)
def GetSidLengthRequired(thread: Thread, nSubAuthorityCount: BYTE) -> DWORD:
    """Return the length of a SID with that many subauthorities."""
    return 8 + 4 * nSubAuthorityCount


@advapi32.export(category=SECURITY)
def GetSidSubAuthority(thread: Thread, pSid: PVOID, nSubAuthority: DWORD) -> PVOID:
    """Return the address of a subauthority."""
    return pSid + 8 + 4 * nSubAuthority


@advapi32.export(category=SECURITY)
def GetSidSubAuthorityCount(thread: Thread, pSid: PVOID) -> PVOID:
    """Return the address of the number of subauthorities."""
    return pSid + 1


@advapi32.export(category=SECURITY)
def GetSidIdentifierAuthority(thread: Thread, pSid: PVOID) -> PVOID:
    """Return the address of the authority (6 bytes, big-endian)."""
    return pSid + 2


@advapi32.export(category=SECURITY)
def CopySid(thread: Thread, nDestinationSidLength: DWORD, pDestinationSid: PVOID, pSourceSid: PVOID) -> BOOL:
    """Copy a SID."""
    data = read_sid(thread.process.memory, pSourceSid).pack()
    if nDestinationSidLength < len(data):
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(pDestinationSid, data)
    return 1


@advapi32.export(category=SECURITY)
def InitializeSid(thread: Thread, Sid: PVOID, pIdentifierAuthority: PVOID, nSubAuthorityCount: BYTE) -> BOOL:
    """Begin a SID: the caller fills in the subauthorities."""
    if nSubAuthorityCount > MAXIMUM_SUB_AUTHORITIES:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    authority = thread.process.memory.read(pIdentifierAuthority, 6)
    thread.process.memory.write(Sid, bytes((1, nSubAuthorityCount)) + authority)
    return 1


@advapi32.export(category=SECURITY)
async def AllocateAndInitializeSid(
    thread: Thread, pIdentifierAuthority: PVOID, nSubAuthorityCount: BYTE, nSubAuthority0: DWORD,
    nSubAuthority1: DWORD, nSubAuthority2: DWORD, nSubAuthority3: DWORD, nSubAuthority4: DWORD,
    nSubAuthority5: DWORD, nSubAuthority6: DWORD, nSubAuthority7: DWORD, pSid: Out[PVOID],
) -> BOOL:  # fmt: skip
    """Make a SID with up to eight subauthorities; the caller frees it with FreeSid."""
    if nSubAuthorityCount > 8:
        raise Win32Error(ERROR_INVALID_SID)
    sub = (nSubAuthority0, nSubAuthority1, nSubAuthority2, nSubAuthority3, nSubAuthority4, nSubAuthority5,
           nSubAuthority6, nSubAuthority7)  # fmt: skip
    authority = int.from_bytes(thread.process.memory.read(pIdentifierAuthority, 6), "big")
    pSid.set(await guest_heap_new(thread, Sid(authority, sub[:nSubAuthorityCount]).pack()))
    return 1


@advapi32.export(category=SECURITY)
async def FreeSid(thread: Thread, pSid: PVOID) -> PVOID:
    """Free a SID of AllocateAndInitializeSid; returns NULL."""
    await guest_heap_free(thread, pSid)
    return 0


_WELL_KNOWN = (
    "S-1-0-0", "S-1-1-0", "S-1-2-0", "S-1-3-0", "S-1-3-1", "S-1-3-2", "S-1-3-3", "S-1-5", "S-1-5-1", "S-1-5-2",
    "S-1-5-3", "S-1-5-4", "S-1-5-6", "S-1-5-7", "S-1-5-8", "S-1-5-9", "S-1-5-10", "S-1-5-11", "S-1-5-12", "S-1-5-13",
    "S-1-5-14", "", "S-1-5-18", "S-1-5-19", "S-1-5-20", "S-1-5-32", "S-1-5-32-544", "S-1-5-32-545", "S-1-5-32-546",
    "S-1-5-32-547", "S-1-5-32-548", "S-1-5-32-549", "S-1-5-32-550", "S-1-5-32-551", "S-1-5-32-552", "S-1-5-32-554",
    "S-1-5-32-555", "S-1-5-32-556", "500", "501", "502", "512", "513", "514", "515", "516", "517", "518", "519", "520",
    "553", "S-1-5-64-10", "S-1-5-64-21", "S-1-5-64-14", "S-1-5-15", "S-1-5-1000", "S-1-5-32-557", "S-1-5-32-558",
    "S-1-5-32-559", "S-1-5-32-560", "S-1-5-32-561", "S-1-5-32-562", "S-1-5-32-568", "S-1-5-17", "S-1-5-32-569",
    "S-1-16-0", "S-1-16-4096", "S-1-16-8192", "S-1-16-12288", "S-1-16-16384", "S-1-5-33", "S-1-3-4", "571", "572",
    "S-1-5-22", "521", "S-1-5-32-573", "498", "S-1-5-32-574", "S-1-16-8448", "S-1-2-1", "S-1-5-65-1", "", "S-1-15-2-1",
)  # fmt: skip
"""By WELL_KNOWN_SID_TYPE; a bare number is an account of the caller's domain."""


def well_known(kind: int, domain: Sid | None) -> Sid | None:
    """Return a well-known SID by number, or None. Accounts of a domain need `domain`."""
    text = _WELL_KNOWN[kind] if 0 <= kind < len(_WELL_KNOWN) else ""
    if not text:
        return None
    if text.isdigit():
        return domain.child(int(text)) if domain is not None else None
    return Sid(5, ()) if text == "S-1-5" else Sid.parse(text)


@advapi32.export(category=SECURITY)
def CreateWellKnownSid(
    thread: Thread, WellKnownSidType: DWORD, DomainSid: PVOID, pSid: PVOID, cbSid: InOut[DWORD]
) -> BOOL:
    """Store a well-known SID."""
    domain = read_sid(thread.process.memory, DomainSid) if DomainSid else thread.process.machine.accounts.domain
    sid = well_known(WellKnownSidType, domain)
    if sid is None or not cbSid:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return _store(thread, sid, pSid, cbSid)


@advapi32.export(category=SECURITY)
def IsWellKnownSid(thread: Thread, pSid: PVOID, WellKnownSidType: DWORD) -> BOOL:
    """Whether a SID is the well-known one of that number."""
    try:
        sid = read_sid(thread.process.memory, pSid)
    except NtError:
        return 0
    return int(sid == well_known(WellKnownSidType, domain_of(sid)))


async def _sid_to_text(thread: Thread, sid: int, target: Out[PVOID], wide: bool) -> int:
    if not sid or not target:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    text = str(read_sid(thread.process.memory, sid))
    target.set(await guest_heap_new(thread, encode_text(thread, text + "\0", wide)))
    return 1


@advapi32.export(category=SECURITY)
async def ConvertSidToStringSidW(thread: Thread, Sid: PVOID, StringSid: Out[PVOID]) -> BOOL:
    """Return `S-1-…`; the caller frees it with LocalFree."""
    return await _sid_to_text(thread, Sid, StringSid, True)


@advapi32.export(category=SECURITY)
async def ConvertSidToStringSidA(thread: Thread, Sid: PVOID, StringSid: Out[PVOID]) -> BOOL:
    """Return `S-1-…`; the caller frees it with LocalFree."""
    return await _sid_to_text(thread, Sid, StringSid, False)


async def _text_to_sid(thread: Thread, text: str | None, target: Out[LPVOID]) -> int:
    if text is None or not target:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    try:
        sid = sddl.sid_from_text(text, thread.process.machine.accounts.domain)
    except sddl.SddlError:
        raise Win32Error(ERROR_INVALID_SID) from None
    target.set(await guest_heap_new(thread, sid.pack()))
    return 1


@advapi32.export(category=SECURITY)
async def ConvertStringSidToSidW(thread: Thread, StringSid: LPCWSTR, Sid: Out[PVOID]) -> BOOL:
    """Read `S-1-…` or an alias such as `BA`; the caller frees the SID with LocalFree."""
    return await _text_to_sid(thread, StringSid, Sid)


@advapi32.export(category=SECURITY)
async def ConvertStringSidToSidA(thread: Thread, StringSid: LPCSTR, Sid: Out[PVOID]) -> BOOL:
    """Read `S-1-…` or an alias such as `BA`; the caller frees the SID with LocalFree."""
    return await _text_to_sid(thread, None if StringSid is None else thread.process.decode_ansi(StringSid), Sid)
