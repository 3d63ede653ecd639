"""The registry functions of ntdll."""

from __future__ import annotations

import struct

import pytest

from runtime.nt import status as st
from runtime.nt.object import standard_namespace
from tests.face_harness import Thread

SOFTWARE = "\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion"


@pytest.fixture
def thread() -> Thread:
    thread = Thread()
    thread.process.machine.objects = standard_namespace()  # type: ignore[attr-defined]
    return thread


def attributes(thread: Thread, name: str, root: int = 0, flags: int = 0x40) -> int:
    data = name.encode("utf-16-le", "surrogatepass")
    counted = thread.buffer(struct.pack("<HHIQ", len(data), len(data), 0, thread.buffer(data)))
    return thread.buffer(struct.pack("<IIQQIIQQ", 48, 0, root, counted, flags, 0, 0, 0))


def open_key(thread: Thread, name: str, root: int = 0, access: int = 0x20019) -> int:
    out = thread.buffer(8)
    result = thread.invoke("ntdll!NtOpenKey", out, access, attributes(thread, name, root))
    assert result == 0, hex(result)
    return thread.memory.read_pointer(out)


def create(thread: Thread, name: str, root: int = 0, options: int = 0) -> tuple[int, int]:
    out, disposition = thread.buffer(8), thread.buffer(4)
    result = thread.invoke(
        "ntdll!NtCreateKey", out, 0xF003F, attributes(thread, name, root), 0, None, options, disposition
    )
    return result, thread.memory.read_pointer(out)


def test_query_value_partial_information(thread: Thread) -> None:
    key = open_key(thread, SOFTWARE)
    out, length = thread.buffer(128), thread.buffer(4)
    assert thread.invoke("ntdll!NtQueryValueKey", key, "CurrentBuild", 2, out, 128, length) == 0
    title, kind, size = struct.unpack("<III", thread.memory.read(out, 12))
    assert (title, kind, size) == (0, 1, 12)
    assert thread.read_wide(out + 12) == "19045"
    assert thread.memory.read_u32(length) == 24
    assert thread.invoke("ntdll!NtQueryValueKey", key, "CurrentBuild", 2, out, 20, length) == st.STATUS_BUFFER_OVERFLOW
    assert thread.invoke("ntdll!NtQueryValueKey", key, "CurrentBuild", 2, out, 11, length) == st.STATUS_BUFFER_TOO_SMALL
    assert thread.memory.read_u32(length) == 24
    assert thread.invoke("ntdll!NtQueryValueKey", key, "none", 2, out, 128, length) == st.STATUS_OBJECT_NAME_NOT_FOUND
    assert thread.invoke("ntdll!NtQueryValueKey", key, "CurrentBuild", 9, out, 128, length) == (
        st.STATUS_INVALID_PARAMETER
    )


def test_create_makes_one_component_only(thread: Thread) -> None:
    user = thread.process.machine.registry.user_path + "\\Software\\"
    assert create(thread, user + "A\\B")[0] == st.STATUS_OBJECT_NAME_NOT_FOUND
    result, key = create(thread, user + "A")
    assert result == 0
    result, child = create(thread, "B", root=key, options=1)
    assert result == 0
    assert create(thread, "C", root=child)[0] == st.STATUS_CHILD_MUST_BE_VOLATILE
    assert create(thread, "\\C", root=child)[0] == st.STATUS_OBJECT_PATH_SYNTAX_BAD
    assert thread.invoke("ntdll!NtDeleteKey", key) == st.STATUS_CANNOT_DELETE
    assert thread.invoke("ntdll!NtDeleteKey", child) == 0
    assert thread.invoke("ntdll!NtQueryKey", child, 0, thread.buffer(64), 64, 0) == st.STATUS_KEY_DELETED


def test_key_information_classes(thread: Thread) -> None:
    user = thread.process.machine.registry.user_path + "\\Software\\Info"
    _, key = create(thread, user)
    create(thread, "child", root=key)
    data = thread.buffer(b"12345")
    assert thread.invoke("ntdll!NtSetValueKey", key, "value", 0, 3, data, 5) == 0
    out, length = thread.buffer(256), thread.buffer(4)
    assert thread.invoke("ntdll!NtQueryKey", key, 3, out, 256, length) == 0
    size = thread.memory.read_u32(out)
    sid = thread.process.machine.registry.user_sid
    assert thread.memory.read(out + 4, size).decode("utf-16-le") == f"\\REGISTRY\\USER\\{sid}\\Software\\Info"
    assert thread.invoke("ntdll!NtQueryKey", key, 2, out, 256, length) == 0
    assert struct.unpack("<8I", thread.memory.read(out + 12, 32)) == (0xFFFFFFFF, 0, 1, 10, 0, 1, 10, 5)
    assert thread.invoke("ntdll!NtQueryKey", key, 0, out, 256, length) == 0
    assert thread.invoke("ntdll!NtEnumerateKey", key, 0, 0, out, 256, length) == 0
    assert thread.memory.read(out + 16, 10).decode("utf-16-le") == "child"
    assert thread.invoke("ntdll!NtEnumerateKey", key, 1, 0, out, 256, length) == st.STATUS_NO_MORE_ENTRIES
    assert thread.invoke("ntdll!NtEnumerateValueKey", key, 0, 1, out, 256, length) == 0
    _, kind, offset, count, name = struct.unpack("<5I", thread.memory.read(out, 20))
    assert (kind, count, name) == (3, 5, 10)
    assert thread.memory.read(out + offset, count) == b"12345"


def test_notification_completes_with_status_block_and_cleanup(thread: Thread) -> None:
    user = thread.process.machine.registry.user_path + "\\Software\\Notify"
    _, key = create(thread, user)
    block = thread.buffer(b"\xff" * 16)
    arguments = (key, 0, 0, 0, block, 1, 0, 0, 0, 1)
    assert thread.invoke("ntdll!NtNotifyChangeKey", *arguments) == st.STATUS_PENDING
    create(thread, "x", root=key)
    assert thread.memory.read_u32(block) == st.STATUS_SUCCESS
    thread.memory.write(block, b"\xff" * 16)
    assert thread.invoke("ntdll!NtNotifyChangeKey", *arguments) == st.STATUS_PENDING
    thread.process.handles.close(key)
    assert thread.memory.read_u32(block) == st.STATUS_NOTIFY_CLEANUP


def test_symbolic_link_keys(thread: Thread) -> None:
    user = thread.process.machine.registry.user_path + "\\Software\\"
    create(thread, user + "Target")
    result, link = create(thread, user + "Link", options=2)
    assert result == 0
    target = (user + "Target").encode("utf-16-le")
    arguments = (link, "SymbolicLinkValue", 0, 6, thread.buffer(target), len(target))
    assert thread.invoke("ntdll!NtSetValueKey", *arguments) == 0
    opened = open_key(thread, user + "Link")
    out = thread.buffer(256)
    assert thread.invoke("ntdll!NtQueryKey", opened, 3, out, 256, 0) == 0
    assert thread.memory.read(out + 4, thread.memory.read_u32(out)).decode("utf-16-le").endswith("Target")
    assert thread.invoke("ntdll!NtQueryKey", open_key(thread, "\\Registry\\Machine\\System\\CurrentControlSet"), 3,
                         out, 256, 0) == 0  # fmt: skip
    assert thread.memory.read(out + 4, thread.memory.read_u32(out)).decode("utf-16-le").endswith("ControlSet001")
