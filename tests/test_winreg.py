"""The registry functions of advapi32."""

from __future__ import annotations

import struct

import pytest

from runtime.nt.event import Event
from runtime.nt.registry_tree import REG_BINARY, REG_DWORD, REG_EXPAND_SZ, REG_MULTI_SZ, REG_SZ
from runtime.nt.status import (
    ERROR_ACCESS_DENIED,
    ERROR_BAD_PATHNAME,
    ERROR_FILE_NOT_FOUND,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER,
    ERROR_KEY_DELETED,
    ERROR_MORE_DATA,
    ERROR_NO_MORE_ITEMS,
    ERROR_PRIVILEGE_NOT_HELD,
    ERROR_UNSUPPORTED_TYPE,
)
from tests.face_harness import Thread

HKCR, HKCU, HKLM, HKU = (0xFFFFFFFF80000000 + n for n in range(4))
CURRENT = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
ALL = 0xF003F


@pytest.fixture
def thread() -> Thread:
    return Thread()


def open_key(thread: Thread, root: int, path: str, access: int = 0x20019) -> int:
    out = thread.buffer(8)
    assert thread.invoke("advapi32!RegOpenKeyExW", root, path, 0, access, out) == 0
    return thread.memory.read_pointer(out)


def create(thread: Thread, root: int, path: str, access: int = ALL, options: int = 0) -> int:
    out, disposition = thread.buffer(8), thread.buffer(4)
    result = thread.invoke("advapi32!RegCreateKeyExW", root, path, 0, None, options, access, 0, out, disposition)
    assert result == 0, result
    return thread.memory.read_pointer(out)


def query(thread: Thread, key: int, name: str | None, size: int = 512) -> tuple[int, int, bytes]:
    kind, length, data = thread.buffer(4), thread.buffer(struct.pack("<I", size)), thread.buffer(size)
    result = thread.invoke("advapi32!RegQueryValueExW", key, name, 0, kind, data, length)
    count = thread.memory.read_u32(length)
    return result, thread.memory.read_u32(kind), thread.memory.read(data, min(count, size))


def set_value(thread: Thread, key: int, name: str | None, kind: int, data: bytes) -> int:
    result: int = thread.invoke("advapi32!RegSetValueExW", key, name, 0, kind, thread.buffer(data), len(data))
    return result


def text(value: str) -> bytes:
    return (value + "\0").encode("utf-16-le")


def test_preset_values_of_windows_10(thread: Thread) -> None:
    key = open_key(thread, HKLM, CURRENT)
    assert query(thread, key, "ProductName") == (0, REG_SZ, text("Windows 10 Pro"))
    assert query(thread, key, "currentbuild") == (0, REG_SZ, text("19045"))
    assert query(thread, key, "CurrentMajorVersionNumber") == (0, REG_DWORD, b"\x0a\0\0\0")
    assert query(thread, key, "nothing")[0] == ERROR_FILE_NOT_FOUND
    assert thread.invoke("advapi32!RegCloseKey", key) == 0
    assert query(thread, key, "ProductName")[0] == ERROR_INVALID_HANDLE


def test_a_zero_extended_predefined_key_works(thread: Thread) -> None:
    open_key(thread, 0x80000002, CURRENT)


def test_buffer_too_small_tells_the_size(thread: Thread) -> None:
    key = open_key(thread, HKLM, CURRENT)
    length = thread.buffer(struct.pack("<I", 4))
    result = thread.invoke("advapi32!RegQueryValueExW", key, "ProductName", 0, 0, thread.buffer(4), length)
    assert result == ERROR_MORE_DATA
    assert thread.memory.read_u32(length) == len(text("Windows 10 Pro"))
    assert thread.invoke("advapi32!RegQueryValueExW", key, "ProductName", 0, 0, 0, length) == 0
    assert thread.invoke("advapi32!RegQueryValueExW", key, "ProductName", 0, 0, thread.buffer(4), 0) == (
        ERROR_INVALID_PARAMETER
    )


def test_ansi_functions_convert_names_and_text(thread: Thread) -> None:
    key = create(thread, HKCU, "Software\\Ä")
    data = thread.buffer(b"gr\xfc\xdfe\0")
    assert thread.invoke("advapi32!RegSetValueExA", key, b"n\xe4me", 0, REG_SZ, data, 6) == 0
    assert query(thread, key, "näme") == (0, REG_SZ, text("grüße"))
    length, out = thread.buffer(struct.pack("<I", 6)), thread.buffer(6)
    assert thread.invoke("advapi32!RegQueryValueExA", key, b"N\xc4ME", 0, 0, out, length) == 0
    assert thread.memory.read(out, 6) == b"gr\xfc\xdfe\0"


def test_unterminated_text_is_terminated_when_there_is_room(thread: Thread) -> None:
    key = create(thread, HKCU, "Software\\T")
    data = thread.buffer("abcd".encode("utf-16-le"))
    assert thread.invoke("advapi32!RegSetValueExW", key, "v", 0, REG_SZ, data, 6) == 0
    out, length = thread.buffer(b"\xff" * 16), thread.buffer(struct.pack("<I", 16))
    assert thread.invoke("advapi32!RegQueryValueExW", key, "v", 0, 0, out, length) == 0
    assert thread.memory.read_u32(length) == 6
    assert thread.memory.read(out, 10) == "abc\0".encode("utf-16-le") + b"\xff\xff"


def test_a_terminator_that_was_not_counted_is_taken_along(thread: Thread) -> None:
    key = create(thread, HKCU, "Software\\T")
    data = thread.buffer(text("abc"))
    assert thread.invoke("advapi32!RegSetValueExW", key, "v", 0, REG_SZ, data, 6) == 0
    assert query(thread, key, "v") == (0, REG_SZ, text("abc"))


def test_create_makes_the_whole_path_and_tells_the_disposition(thread: Thread) -> None:
    out, disposition = thread.buffer(8), thread.buffer(4)
    arguments = (HKCU, "Software\\A\\B\\C", 0, None, 0, ALL, 0, out, disposition)
    assert thread.invoke("advapi32!RegCreateKeyExW", *arguments) == 0
    assert thread.memory.read_u32(disposition) == 1
    assert thread.invoke("advapi32!RegCreateKeyExW", *arguments) == 0
    assert thread.memory.read_u32(disposition) == 2
    assert thread.invoke("advapi32!RegDeleteKeyW", HKCU, "Software\\A") == ERROR_ACCESS_DENIED
    assert thread.invoke("advapi32!RegDeleteTreeW", HKCU, "Software\\A") == 0
    assert thread.invoke("advapi32!RegOpenKeyExW", HKCU, "Software\\A", 0, ALL, out) == ERROR_FILE_NOT_FOUND
    key = thread.memory.read_pointer(out)
    assert key == 0


def test_open_errors(thread: Thread) -> None:
    out = thread.buffer(8)
    assert thread.invoke("advapi32!RegOpenKeyExW", HKLM, "\\Software", 0, 0x20019, out) == ERROR_BAD_PATHNAME
    assert thread.invoke("advapi32!RegOpenKeyExW", HKCR, "\\CLSID", 0, 0x20019, out) == 0
    assert thread.invoke("advapi32!RegOpenKeyExW", 0x40, "Software", 0, 0x20019, out) == ERROR_INVALID_HANDLE
    assert thread.invoke("advapi32!RegOpenKeyExW", HKLM, "Software", 0, 0x20019, 0) == ERROR_INVALID_PARAMETER


def test_access_rights_are_enforced(thread: Thread) -> None:
    out = thread.buffer(8)
    assert thread.invoke("advapi32!RegOpenKeyExW", HKLM, "SOFTWARE", 0, ALL, out) == ERROR_ACCESS_DENIED
    assert thread.invoke("advapi32!RegOpenKeyExW", HKLM, "SAM\\SAM", 0, 0x20019, out) == ERROR_ACCESS_DENIED
    key = open_key(thread, HKCU, "Software", 1)
    assert set_value(thread, key, "v", REG_SZ, b"\0\0") == ERROR_ACCESS_DENIED
    elevated = thread.process.machine.accounts.logon(elevated=True)
    thread.process.token = elevated
    assert thread.invoke("advapi32!RegOpenKeyExW", HKLM, "SOFTWARE", 0, ALL, out) == 0


def test_enumeration_ends_with_no_more_items(thread: Thread) -> None:
    key = create(thread, HKCU, "Software\\Enum")
    for name in ("b", "A", "c"):
        create(thread, key, name)
        set_value(thread, key, name, REG_DWORD, b"\1\0\0\0")
    names, values = [], []
    for kind, found in (("RegEnumKeyExW", names), ("RegEnumValueW", values)):
        for index in range(4):
            name, size = thread.buffer(64), thread.buffer(struct.pack("<I", 32))
            result = thread.invoke(f"advapi32!{kind}", key, index, name, size, 0, 0, 0, 0)
            if index == 3:
                assert result == ERROR_NO_MORE_ITEMS
            else:
                assert result == 0
                found.append(thread.read_wide(name))
                assert thread.memory.read_u32(size) == 1
    assert names == ["A", "b", "c"]
    assert values == ["b", "A", "c"]
    size = thread.buffer(struct.pack("<I", 1))
    result = thread.invoke("advapi32!RegEnumKeyExW", key, 0, thread.buffer(2), size, 0, 0, 0, 0)
    assert result == ERROR_MORE_DATA
    counts = [thread.buffer(4) for _ in range(4)]
    arguments = (key, 0, 0, 0, counts[0], counts[1], 0, counts[2], counts[3], 0, 0, 0)
    assert thread.invoke("advapi32!RegQueryInfoKeyW", *arguments) == 0
    assert [thread.memory.read_u32(address) for address in counts] == [3, 1, 3, 1]


@pytest.mark.parametrize(
    ("name", "flags", "expected", "kind"),
    [
        ("sz", 0x2, 0, REG_SZ),
        ("sz", 0x10, ERROR_UNSUPPORTED_TYPE, REG_SZ),
        ("expand", 0x2, 0, REG_SZ),
        ("expand", 0x10000004, 0, REG_EXPAND_SZ),
        ("expand", 0x4, ERROR_INVALID_PARAMETER, 0),
        ("expand", 0xFFFF, 0, REG_SZ),
        ("dword", 0x18, 0, REG_DWORD),
        ("binary4", 0x18, 0, REG_BINARY),
        ("binary3", 0x18, 1629, REG_BINARY),
        ("multi", 0x20, 0, REG_MULTI_SZ),
        ("missing", 0xFFFF, ERROR_FILE_NOT_FOUND, 0),
    ],
)
def test_get_value_flags(thread: Thread, name: str, flags: int, expected: int, kind: int) -> None:
    key = create(thread, HKCU, "Software\\Get")
    set_value(thread, key, "sz", REG_SZ, "unterminated".encode("utf-16-le"))
    set_value(thread, key, "expand", REG_EXPAND_SZ, text("%SystemRoot%\\x"))
    set_value(thread, key, "dword", REG_DWORD, b"\1\2\3\4")
    set_value(thread, key, "binary4", REG_BINARY, b"\1\2\3\4")
    set_value(thread, key, "binary3", REG_BINARY, b"\1\2\3")
    set_value(thread, key, "multi", REG_MULTI_SZ, text("a"))
    out, size, data = thread.buffer(4), thread.buffer(struct.pack("<I", 64)), thread.buffer(64)
    result = thread.invoke("advapi32!RegGetValueW", HKCU, "Software\\Get", name, flags, out, data, size)
    assert result == expected
    assert thread.memory.read_u32(out) == kind
    length = thread.memory.read_u32(size)
    if expected == 0:
        content = thread.memory.read(data, length)
        if name == "expand":
            assert content == text("C:\\Windows\\x" if kind == REG_SZ else "%SystemRoot%\\x")
        if name == "sz":
            assert content == text("unterminated")
        if name == "multi":
            assert content == text("a") + b"\0\0"


def test_get_value_zeroes_the_buffer_on_failure(thread: Thread) -> None:
    size, data = thread.buffer(struct.pack("<I", 4)), thread.buffer(b"xxxxyyyy")
    result = thread.invoke("advapi32!RegGetValueW", HKLM, CURRENT, "missing", 0x2000FFFF, 0, data, size)
    assert result == ERROR_FILE_NOT_FOUND
    assert thread.memory.read(data, 8) == b"\0\0\0\0yyyy"


def test_classes_root_merges_user_over_machine(thread: Thread) -> None:
    key = create(thread, HKCU, "Software\\Classes\\.txt")
    set_value(thread, key, None, REG_SZ, text("mine"))
    create(thread, HKCU, "Software\\Classes\\.only-mine")
    merged = open_key(thread, HKCR, ".txt")
    assert query(thread, merged, None)[2] == text("mine")
    assert query(thread, merged, "Content Type")[2] == text("text/plain")
    machine = open_key(thread, HKLM, "SOFTWARE\\Classes\\.txt")
    assert query(thread, machine, None)[2] == text("txtfile")
    names = []
    index = 0
    name = thread.buffer(512)
    while thread.invoke("advapi32!RegEnumKeyW", HKCR, index, name, 256) == 0:
        names.append(thread.read_wide(name))
        index += 1
    assert ".only-mine" in names
    assert names.count(".txt") == 1
    assert ".exe" in names


def test_deleted_key_handle(thread: Thread) -> None:
    key = create(thread, HKCU, "Software\\Gone")
    assert thread.invoke("advapi32!RegDeleteKeyW", HKCU, "Software\\Gone") == 0
    assert query(thread, key, "x")[0] == ERROR_KEY_DELETED
    assert set_value(thread, key, "x", REG_SZ, b"") == ERROR_KEY_DELETED


def test_notify_sets_the_event_once_and_remembers(thread: Thread) -> None:
    key = create(thread, HKCU, "Software\\Watched")
    event = Event(manual_reset=True)
    handle = thread.process.handles.insert(event, 0x1F0003)
    assert thread.invoke("advapi32!RegNotifyChangeKeyValue", key, 1, 4, handle, 1) == 0
    assert not event.is_set
    set_value(thread, key, "v", REG_SZ, text("1"))
    assert event.is_set
    set_value(thread, key, "v", REG_SZ, text("2"))
    assert thread.invoke("advapi32!RegNotifyChangeKeyValue", key, 1, 4, handle, 1) == 0
    assert event.is_set
    assert thread.invoke("advapi32!RegNotifyChangeKeyValue", key, 1, 4, handle, 1) == 0
    assert not event.is_set
    assert thread.invoke("advapi32!RegNotifyChangeKeyValue", key, 1, 4, 0, 0) == "waits"
    thread.invoke("advapi32!RegCloseKey", key)
    assert event.is_set


def test_override_copy_and_rename(thread: Thread) -> None:
    source = create(thread, HKCU, "Software\\Source\\Sub")
    set_value(thread, source, "v", REG_DWORD, b"\0\0\0\0")
    target = create(thread, HKCU, "Software\\Target")
    assert thread.invoke("advapi32!RegCopyTreeW", HKCU, "Software\\Source", target) == 0
    copy = open_key(thread, target, "Sub")
    assert query(thread, copy, "v") == (0, REG_DWORD, b"\0\0\0\0")
    assert thread.invoke("advapi32!RegRenameKey", target, "Sub", "Renamed") == 0
    open_key(thread, target, "Renamed")
    assert thread.invoke("advapi32!RegOverridePredefKey", HKLM, target) == 0
    open_key(thread, HKLM, "Renamed")
    assert thread.invoke("advapi32!RegOverridePredefKey", HKLM, 0) == 0
    open_key(thread, HKLM, "SOFTWARE")


def test_hive_files_need_a_privilege(thread: Thread) -> None:
    assert thread.invoke("advapi32!RegSaveKeyW", HKCU, "C:\\x.hiv", 0) == ERROR_PRIVILEGE_NOT_HELD
    assert thread.invoke("advapi32!RegLoadKeyW", HKU, "x", "C:\\x.hiv") == ERROR_PRIVILEGE_NOT_HELD


def test_hardware_is_filled_when_looked_at(thread: Thread) -> None:
    key = open_key(thread, HKLM, "HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\1")
    assert query(thread, key, "VendorIdentifier")[2] == text("GenuineIntel")
    assert thread.process.machine.registry.changes() == []


def test_time_zones_carry_their_rules(thread: Thread) -> None:
    key = open_key(thread, HKLM, CURRENT + "\\Time Zones\\W. Europe Standard Time")
    assert query(thread, key, "Display")[2] == text("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna")
    bias, _, daylight, *rest = struct.unpack("<iii8H8H", query(thread, key, "TZI")[2])
    assert (bias, daylight) == (-60, -60)
    assert rest[:5] == [0, 10, 0, 5, 3]
