"""Security descriptors, SDDL, tokens and the functions of advapi32, bcrypt and ole32 around them."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.nt import sddl
from runtime.nt import security as sec
from runtime.nt.accounts import Accounts
from runtime.nt.environment import Environment
from runtime.nt.security import Ace, Acl, GenericMapping, SecurityDescriptor, Sid
from runtime.nt.status import (
    ERROR_INSUFFICIENT_BUFFER,
    ERROR_INVALID_SID,
    ERROR_NONE_MAPPED,
    ERROR_NOT_ALL_ASSIGNED,
    STATUS_ACCESS_DENIED,
    NtError,
)
from tests.face_harness import Thread

MAPPING = GenericMapping(0x20019, 0x20006, 0x20019, 0xF003F)
SIDS = st.builds(Sid, st.integers(0, (1 << 48) - 1), st.lists(st.integers(0, 0xFFFFFFFF), max_size=15).map(tuple))
ACES = st.builds(Ace, st.sampled_from([0, 1]), st.integers(0, 31), st.integers(0, 0xFFFFFFFF), SIDS)
ACLS = st.builds(Acl, st.lists(ACES).map(tuple))


@pytest.fixture
def thread() -> Thread:
    return Thread()


@given(SIDS)
def test_sids_survive_bytes(sid: Sid) -> None:
    assert Sid.unpack(sid.pack()) == sid
    if sid.sub:
        assert Sid.parse(str(sid)) == sid


@given(st.none() | SIDS, st.none() | SIDS, st.none() | ACLS)
def test_descriptors_survive_bytes(owner: Sid | None, group: Sid | None, dacl: Acl | None) -> None:
    descriptor = SecurityDescriptor(sec.SE_DACL_PRESENT, owner, group, dacl)
    assert SecurityDescriptor.unpack(descriptor.pack()) == descriptor


@given(st.binary(max_size=80))
def test_junk_is_refused_with_a_status(data: bytes) -> None:
    for decode in (Sid.unpack, Acl.unpack, SecurityDescriptor.unpack):
        with contextlib.suppress(NtError):
            decode(data)


@pytest.mark.parametrize(
    "text",
    [
        "O:BAG:SYD:(A;CI;KA;;;SY)(D;OICIIO;0x1200a9;;;WD)",
        "D:PAI(A;;FA;;;BA)(A;OICIIO;GA;;;CO)",
        "D:NO_ACCESS_CONTROL",
        "O:S-1-5-21-1-2-3-1001S:(ML;;NW;;;HI)",
        "D:",
    ],
)
def test_sddl_survives(text: str) -> None:
    assert sddl.to_text(sddl.parse(text), 15) == text


@pytest.mark.parametrize(
    "text", ["junk", "D:(A;;GA;;;XX)", "D:(A;;GA;;)", "O:BAO:BA", "D:(A;ZZ;GA;;;WD)", "D:(A;;QQ;;;WD)"]
)
def test_bad_sddl_is_refused(text: str) -> None:
    with pytest.raises(sddl.SddlError):
        sddl.parse(text)


def test_access_check_order_and_groups() -> None:
    accounts = Accounts("PC", "me")
    token = accounts.logon()

    def check(text: str, desired: int) -> int:
        return sec.access_check(sddl.parse(text, accounts.domain), token, desired, MAPPING)

    assert check("D:(A;;KR;;;WD)", sec.GENERIC_READ) == 0x20019
    assert check("D:(A;;KA;;;BU)", sec.MAXIMUM_ALLOWED) == 0xF003F
    for text in ("D:(A;;KA;;;BA)", "D:(D;;KA;;;WD)(A;;KA;;;BU)", "D:"):
        with pytest.raises(NtError) as error:
            check(text, 1)
        assert error.value.status == STATUS_ACCESS_DENIED
    assert check("D:(A;;KR;;;WD)(D;;KR;;;WD)", 1) == 1
    assert check("D:NO_ACCESS_CONTROL", sec.GENERIC_ALL) == 0xF003F
    assert check(f"O:{token.user}D:", sec.READ_CONTROL | sec.WRITE_DAC) == sec.READ_CONTROL | sec.WRITE_DAC
    with pytest.raises(NtError):
        check("D:(A;;KA;;;WD)S:(ML;;NW;;;HI)", sec.GENERIC_WRITE)
    assert sec.access_check(sddl.parse("D:(A;;KA;;;BA)"), accounts.logon(elevated=True), 1, MAPPING) == 1


def open_token(thread: Thread, access: int = 0xF01FF) -> int:
    return thread.process.handles.insert(thread.process.token, access)


def test_token_user_and_elevation(thread: Thread) -> None:
    token = open_token(thread)
    size, buffer = thread.buffer(4), thread.buffer(256)
    assert thread.invoke("advapi32!GetTokenInformation", token, 1, 0, 0, size) == 0
    assert thread.last_error == ERROR_INSUFFICIENT_BUFFER
    assert thread.invoke("advapi32!GetTokenInformation", token, 1, buffer, 256, size) == 1
    sid = thread.memory.read_pointer(buffer)
    text = thread.buffer(8)
    assert thread.invoke("advapi32!ConvertSidToStringSidW", sid, text) == 1
    assert thread.read_wide(thread.memory.read_pointer(text)) == str(thread.process.machine.accounts.user)
    for kind, expected in ((20, 0), (18, 3), (8, 1), (12, 1)):
        assert thread.invoke("advapi32!GetTokenInformation", token, kind, buffer, 4, size) == 1
        assert thread.memory.read_u32(buffer) == expected
    assert thread.invoke("advapi32!GetTokenInformation", token, 25, buffer, 64, size) == 1
    assert thread.memory.read_u32(thread.memory.read_pointer(buffer) + 8) == 0x2000


def test_privileges(thread: Thread) -> None:
    token = open_token(thread)
    luid = thread.buffer(8)
    assert thread.invoke("advapi32!LookupPrivilegeValueW", None, "seshutdownprivilege", luid) == 1
    shutdown = thread.memory.read_u64(luid)
    assert shutdown == 19
    state = thread.buffer(struct.pack("<IIiI", 1, shutdown, 0, 2))
    assert thread.invoke("advapi32!AdjustTokenPrivileges", token, 0, state, 0, 0, 0) == 1
    assert thread.last_error == 0
    assert thread.process.token.holds("SeShutdownPrivilege")
    state = thread.buffer(struct.pack("<IIiI", 1, 20, 0, 2))
    assert thread.invoke("advapi32!AdjustTokenPrivileges", token, 0, state, 0, 0, 0) == 1
    assert thread.last_error == ERROR_NOT_ALL_ASSIGNED


def test_accounts_by_name_and_sid(thread: Thread) -> None:
    sid, sid_size = thread.buffer(68), thread.buffer(struct.pack("<I", 68))
    domain, domain_size, use = thread.buffer(64), thread.buffer(struct.pack("<I", 32)), thread.buffer(4)
    arguments = (None, "Administrators", sid, sid_size, domain, domain_size, use)
    assert thread.invoke("advapi32!LookupAccountNameW", *arguments) == 1
    assert thread.read_wide(domain) == "BUILTIN"
    name, name_size = thread.buffer(64), thread.buffer(struct.pack("<I", 32))
    thread.memory.write_u32(domain_size, 32)
    assert thread.invoke("advapi32!LookupAccountSidW", None, sid, name, name_size, domain, domain_size, use) == 1
    assert thread.read_wide(name) == "Administrators"
    assert thread.invoke("advapi32!LookupAccountNameW", None, "nobody", *arguments[2:]) == 0
    assert thread.last_error == ERROR_NONE_MAPPED


def test_lists_and_descriptors_in_memory(thread: Thread) -> None:
    authority, target = thread.buffer(b"\0\0\0\0\0\5"), thread.buffer(8)
    arguments = (authority, 2, 32, 544, 0, 0, 0, 0, 0, 0, target)
    assert thread.invoke("advapi32!AllocateAndInitializeSid", *arguments) == 1
    sid = thread.memory.read_pointer(target)
    acl = thread.buffer(64)
    assert thread.invoke("advapi32!InitializeAcl", acl, 64, 2) == 1
    assert thread.invoke("advapi32!AddAccessAllowedAce", acl, 2, 0x1F01FF, sid) == 1
    descriptor = thread.buffer(40)
    assert thread.invoke("advapi32!InitializeSecurityDescriptor", descriptor, 1) == 1
    assert thread.invoke("advapi32!SetSecurityDescriptorDacl", descriptor, 1, acl, 0) == 1
    text = thread.buffer(8)
    arguments = (descriptor, 1, 4, text, 0)
    assert thread.invoke("advapi32!ConvertSecurityDescriptorToStringSecurityDescriptorW", *arguments) == 1
    assert thread.read_wide(thread.memory.read_pointer(text)) == "D:(A;;FA;;;BA)"
    assert thread.invoke("advapi32!ConvertStringSidToSidW", "S-1-x", target) == 0
    assert thread.last_error == ERROR_INVALID_SID
    member = thread.buffer(4)
    assert thread.invoke("advapi32!CheckTokenMembership", 0, sid, member) == 1
    assert thread.memory.read_u32(member) == 0


def test_bcrypt_hashes_and_hmac(thread: Thread) -> None:
    handle, out = thread.buffer(8), thread.buffer(64)
    assert thread.invoke("bcrypt!BCryptOpenAlgorithmProvider", handle, "SHA256", None, 8) == 0
    algorithm = thread.memory.read_pointer(handle)
    key, data = thread.buffer(b"key"), thread.buffer(b"data")
    assert thread.invoke("bcrypt!BCryptHash", algorithm, key, 3, data, 4, out, 32) == 0
    assert thread.memory.read(out, 32) == hmac.digest(b"key", b"data", "sha256")
    assert thread.invoke("bcrypt!BCryptHash", 0x41, 0, 0, data, 4, out, 32) == 0
    assert thread.memory.read(out, 32) == hashlib.sha256(b"data").digest()
    assert thread.invoke("bcrypt!BCryptOpenAlgorithmProvider", handle, "ROT13", None, 0) == 0xC0000225
    assert thread.invoke("bcrypt!BCryptHashData", 0x1234, data, 4, 0) == 0xC0000008


def test_old_providers_hash(thread: Thread) -> None:
    provider, handle = thread.buffer(8), thread.buffer(8)
    assert thread.invoke("advapi32!CryptAcquireContextW", provider, None, None, 1, 0) == 0
    assert thread.last_error == 0x80090016
    assert thread.invoke("advapi32!CryptAcquireContextW", provider, None, None, 24, 0xF0000000) == 1
    opened = thread.memory.read_u64(provider)
    assert thread.invoke("advapi32!CryptCreateHash", opened, 0x8004, 0, 0, handle) == 1
    digest = thread.memory.read_u64(handle)
    assert thread.invoke("advapi32!CryptHashData", digest, thread.buffer(b"abc"), 3, 0) == 1
    out, size = thread.buffer(20), thread.buffer(struct.pack("<I", 20))
    assert thread.invoke("advapi32!CryptGetHashParam", digest, 2, out, size, 0) == 1
    assert thread.memory.read(out, 20) == hashlib.sha1(b"abc").digest()


def test_environment_blocks() -> None:
    variables = Environment({"b": "1", "A": "2", "=C:": "C:\\x", "Ä": "3"})
    variables["B"] = "4"
    assert list(variables) == ["=C:", "A", "b", "Ä"]
    assert Environment.parse(variables.block()).block() == variables.block()
    assert variables.expand("%a%|%B%|%none%|%|100%") == "2|4|%none%|%|100%"
    assert Environment().block() == b"\0\0\0\0"
    with pytest.raises(ValueError, match="not an environment variable"):
        variables["a=b"] = "x"


def test_event_log_round_trip(thread: Thread) -> None:
    from runtime.nt.object import standard_namespace

    thread.process.machine.objects = standard_namespace()  # type: ignore[attr-defined]
    handle = thread.invoke("advapi32!RegisterEventSourceW", None, "Tests")
    table = thread.buffer(struct.pack("<Q", thread.wide("hello")))
    assert thread.invoke("advapi32!ReportEventW", handle, 4, 1, 0x40000007, 0, 1, 0, table, 0) == 1
    count, read, needed = thread.buffer(4), thread.buffer(4), thread.buffer(4)
    assert thread.invoke("advapi32!GetNumberOfEventLogRecords", handle, count) == 1
    assert thread.memory.read_u32(count) == 1
    buffer = thread.buffer(512)
    assert thread.invoke("advapi32!ReadEventLogW", handle, 5, 0, buffer, 512, read, needed) == 1
    assert thread.read_wide(buffer + 56) == "Tests"
    assert thread.read_wide(buffer + thread.memory.read_u32(buffer + 36)) == "hello"
    assert thread.invoke("advapi32!ReadEventLogW", handle, 5, 0, buffer, 512, read, needed) == 0


def test_services_are_registry_keys(thread: Thread) -> None:
    manager = thread.invoke("advapi32!OpenSCManagerW", None, None, 1)
    service = thread.invoke("advapi32!OpenServiceW", manager, "dnscache", 4)
    status = thread.buffer(28)
    assert thread.invoke("advapi32!QueryServiceStatus", service, status) == 1
    assert thread.memory.read_u32(status + 4) == 4
    assert thread.invoke("advapi32!OpenServiceW", manager, "nothing", 4) == 0
    assert thread.last_error == 1060
    assert thread.invoke("advapi32!OpenSCManagerW", None, None, 0xF003F) == 0
    assert thread.last_error == 5
