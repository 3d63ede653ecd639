"""File objects through the executive: opening, sharing, data, information, names, listings, locks, notification."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.completion import IoCompletion
from runtime.nt.event import Event
from runtime.nt.file import FileObject, OpenRequest
from runtime.nt.io_request import Completion
from runtime.nt.status import NtError
from runtime.vfs.drive import DriveMode
from runtime.vfs.drives import DriveConfig
from tests.file_harness import BASE, DELETE, READ, SHARE_ALL, WRITE, Machine

SYNC = ff.FILE_SYNCHRONOUS_IO_NONALERT


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    machine.close()


class Fails:
    """Expects NtError with a status."""

    def __init__(self, status: int) -> None:
        self.status = status

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        assert isinstance(error, NtError), f"expected {st.status_name(self.status)}, got {error!r}"
        assert st.status_name(error.status) == st.status_name(self.status)
        return True


def info(file: FileObject, information_class: int, length: int = 4096) -> bytes:
    return file.query(information_class, length, file.granted).data


def create(machine: Machine, path: str, data: bytes = b"", **keywords: Any) -> FileObject:
    file = machine.open(path, READ | WRITE | ff.DELETE, disposition=ff.FILE_CREATE, **keywords)
    if data:
        machine.write(file, data)
    return file


@pytest.mark.parametrize(
    ("disposition", "there", "result"),
    [
        (ff.FILE_SUPERSEDE, True, ff.FILE_SUPERSEDED),
        (ff.FILE_SUPERSEDE, False, ff.FILE_CREATED),
        (ff.FILE_OPEN, True, ff.FILE_OPENED),
        (ff.FILE_OPEN, False, st.STATUS_OBJECT_NAME_NOT_FOUND),
        (ff.FILE_CREATE, True, st.STATUS_OBJECT_NAME_COLLISION),
        (ff.FILE_CREATE, False, ff.FILE_CREATED),
        (ff.FILE_OPEN_IF, True, ff.FILE_OPENED),
        (ff.FILE_OPEN_IF, False, ff.FILE_CREATED),
        (ff.FILE_OVERWRITE, True, ff.FILE_OVERWRITTEN),
        (ff.FILE_OVERWRITE, False, st.STATUS_OBJECT_NAME_NOT_FOUND),
        (ff.FILE_OVERWRITE_IF, True, ff.FILE_OVERWRITTEN),
        (ff.FILE_OVERWRITE_IF, False, ff.FILE_CREATED),
    ],
)
def test_dispositions(machine: Machine, disposition: int, there: bool, result: int) -> None:
    if there:
        (machine.host / "f").write_text("old")
    if result > 5:
        with Fails(result):
            machine.open("F", READ | WRITE, disposition=disposition)
        return
    file: Any = machine.open("F", READ | WRITE, disposition=disposition)
    assert file.information_ == result
    kept = result == ff.FILE_OPENED
    assert (machine.host / ("f" if there else "F")).read_text() == ("old" if kept else "")


def test_missing_directory_is_another_error_than_missing_file(machine: Machine) -> None:
    with Fails(st.STATUS_OBJECT_PATH_NOT_FOUND):
        machine.open("no\\file")
    with Fails(st.STATUS_OBJECT_PATH_NOT_FOUND):
        machine.open("\\??\\Q:\\x")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("a*b", st.STATUS_OBJECT_NAME_INVALID),
        ("a\\\\b", st.STATUS_OBJECT_NAME_INVALID),
        ("a\\..\\b", st.STATUS_OBJECT_NAME_INVALID),
        ("file\\", st.STATUS_OBJECT_NAME_INVALID),
        ("file\\x", st.STATUS_OBJECT_PATH_NOT_FOUND),
    ],
)
def test_bad_paths(machine: Machine, path: str, status: int) -> None:
    (machine.host / "file").touch()
    with Fails(status):
        machine.open(path)


def test_directory_and_file_options(machine: Machine) -> None:
    (machine.host / "d").mkdir()
    (machine.host / "f").touch()
    with Fails(st.STATUS_FILE_IS_A_DIRECTORY):
        machine.open("d", options=SYNC | ff.FILE_NON_DIRECTORY_FILE)
    with Fails(st.STATUS_NOT_A_DIRECTORY):
        machine.open("f", options=SYNC | ff.FILE_DIRECTORY_FILE)
    machine.open("d", options=SYNC | ff.FILE_DIRECTORY_FILE)
    machine.open("new", options=SYNC | ff.FILE_DIRECTORY_FILE, disposition=ff.FILE_CREATE)
    assert (machine.host / "new").is_dir()
    root = machine.open("d", options=SYNC | ff.FILE_DIRECTORY_FILE)
    machine.open("inner", WRITE, disposition=ff.FILE_CREATE, root=root)
    assert (machine.host / "d" / "inner").exists()


def test_sharing_is_enforced_between_all_opens(machine: Machine) -> None:
    (machine.host / "f").write_text("x")
    other = machine.new_process(8)
    for first_access, first_share, second_access, second_share, allowed in [
        (READ, ff.FILE_SHARE_READ, READ, ff.FILE_SHARE_READ, True),
        (READ, ff.FILE_SHARE_READ, WRITE, SHARE_ALL, False),
        (READ, 0, READ, SHARE_ALL, False),
        (WRITE, SHARE_ALL, READ, ff.FILE_SHARE_READ, False),
        (WRITE, SHARE_ALL, READ, SHARE_ALL, True),
        (READ, SHARE_ALL, DELETE, 0, False),
        (READ, 3, DELETE, SHARE_ALL, False),
        (READ, 0, ff.FILE_READ_ATTRIBUTES, 0, True),
    ]:
        first = machine.open("f", first_access, first_share)
        if allowed:
            second: Any = machine.open("F", second_access, second_share, process=other)
            other.handles.close(second.handle)
        else:
            with Fails(st.STATUS_SHARING_VIOLATION):
                machine.open("F", second_access, second_share, process=other)
        machine.shut(first)
    machine.open("f", READ | WRITE, 0)


@pytest.mark.parametrize(
    "arguments",
    [
        {"disposition": 6},
        {"options": 0x30},
        {"options": 0x41},
        {"options": ff.FILE_DIRECTORY_FILE, "disposition": ff.FILE_OVERWRITE},
        {"options": ff.FILE_DELETE_ON_CLOSE},
        {"share": 8},
        {"options": 0x10, "access": ff.FILE_READ_DATA},
    ],
)
def test_bad_parameters_are_refused(machine: Machine, arguments: dict[str, int]) -> None:
    with Fails(st.STATUS_INVALID_PARAMETER):
        OpenRequest(machine.process, **({"access": READ} | arguments))


def test_position_moves_and_can_be_set(machine: Machine) -> None:
    file = create(machine, "f", b"0123456789")
    assert info(file, 14) == struct.pack("<q", 10)
    file.set_information(14, struct.pack("<q", 2), machine.process)
    assert machine.read(file, 3) == b"234"
    assert machine.read(file, 100) == b"56789"
    with Fails(st.STATUS_END_OF_FILE):
        machine.read(file, 1)
    assert machine.read(file, 4, 0) == b"0123"
    assert machine.read(file, 4) == b"4567"
    with Fails(st.STATUS_INVALID_PARAMETER):
        machine.read(file, 4, -5)


def test_append_only_access_writes_at_the_end(machine: Machine) -> None:
    machine.shut(create(machine, "f", b"0123"))
    file = machine.open("f", ff.FILE_APPEND_DATA)
    machine.write(file, b"45", 0)
    machine.write(file, b"67")
    assert (machine.host / "f").read_text() == "01234567"
    other = machine.open("f", WRITE)
    machine.write(other, b"89", ff.FILE_WRITE_TO_END_OF_FILE)
    assert (machine.host / "f").read_text() == "0123456789"


def test_reading_into_a_wild_pointer_fails_and_harms_nothing(machine: Machine) -> None:
    file = create(machine, "f", b"data")
    for buffer, length in ((0, 4), (BASE, 1 << 20), (0x7FFF_FFFF_0000, 0xFFFF_FFFF)):
        with Fails(st.STATUS_ACCESS_VIOLATION):
            file.read(machine.request(file, buffer=buffer, length=length, offset=0))
        with Fails(st.STATUS_ACCESS_VIOLATION):
            file.write(machine.request(file, buffer=buffer, length=length, offset=0))


async def test_completion_sets_event_status_block_and_port(machine: Machine) -> None:
    (machine.host / "f").write_text("hello")
    file = machine.open("f", options=0)
    port = IoCompletion()
    file.bind(port, 77)
    event = Event(manual_reset=True)
    request = machine.request(file, Completion(BASE + 256, event, 0, 0xABC), buffer=BASE, length=10, offset=0)
    assert await request.finish(file.read(request)) == st.STATUS_SUCCESS
    assert event.is_set
    assert machine.memory.read(BASE + 256, 16) == struct.pack("<QQ", 0, 5)
    (entry,) = port.entries
    assert (entry.key, entry.context, entry.status, entry.information) == (77, 0xABC, 0, 5)
    with Fails(st.STATUS_INVALID_PARAMETER):
        file.bind(port, 1)
    with Fails(st.STATUS_INVALID_PARAMETER):
        machine.read(file, 1)


def test_basic_standard_and_all_information(machine: Machine) -> None:
    file = create(machine, "Name.txt", b"12345", attributes=0x2)
    created, _, written, _, attributes = struct.unpack("<qqqqI", info(file, 4)[:36])
    assert created > 0x01D0_0000_0000_0000
    assert written >= created
    assert attributes == 0x22
    assert struct.unpack("<qqIBB", info(file, 5)[:22]) == (4096, 5, 1, 0, 0)
    everything = info(file, 18)
    assert everything[100:].decode("utf-16-le") == "\\Name.txt"
    assert struct.unpack_from("<I", everything, 96) == (18,)
    short = file.query(18, 104, file.granted)
    assert short.status == st.STATUS_BUFFER_OVERFLOW
    with Fails(st.STATUS_INFO_LENGTH_MISMATCH):
        file.query(4, 39, file.granted)
    with Fails(st.STATUS_INVALID_INFO_CLASS):
        file.query(999, 100, file.granted)


def test_times_and_attributes_can_be_set(machine: Machine) -> None:
    file = create(machine, "f")
    stamp = 132_000_000_000_000_000
    file.set_information(4, struct.pack("<qqqqII", stamp, stamp + 1, stamp + 2, 0, 0x1, 0), machine.process)
    assert struct.unpack("<qqq", info(file, 4)[:24]) == (stamp, stamp + 1, stamp + 2)
    assert struct.unpack_from("<I", info(file, 4), 32) == (1,)
    machine.shut(file)
    with Fails(st.STATUS_ACCESS_DENIED):
        machine.open("f", WRITE)
    with Fails(st.STATUS_ACCESS_DENIED):
        machine.open("f", READ, disposition=ff.FILE_OVERWRITE)
    with Fails(st.STATUS_CANNOT_DELETE):
        machine.open("f", DELETE).set_information(13, b"\1", machine.process)
    machine.open("f", DELETE).set_information(64, struct.pack("<I", 0x11), machine.process)


def test_hidden_file_is_not_overwritten_without_saying_so(machine: Machine) -> None:
    machine.shut(create(machine, "f", attributes=0x2))
    with Fails(st.STATUS_ACCESS_DENIED):
        machine.open("f", WRITE, disposition=ff.FILE_OVERWRITE_IF)
    machine.open("f", WRITE, disposition=ff.FILE_OVERWRITE_IF, attributes=0x2)


def test_delete_waits_for_the_last_handle(machine: Machine) -> None:
    first = create(machine, "f")
    second = machine.open("f")
    first.set_information(13, b"\1", machine.process)
    with Fails(st.STATUS_DELETE_PENDING):
        machine.open("f")
    machine.shut(first)
    assert (machine.host / "f").exists()
    machine.shut(second)
    assert not (machine.host / "f").exists()


def test_posix_delete_frees_the_name_at_once(machine: Machine) -> None:
    first = create(machine, "f", b"data")
    second = machine.open("f")
    first.set_information(64, struct.pack("<I", 3), machine.process)
    machine.shut(first)
    assert not (machine.host / "f").exists()
    assert machine.read(second, 4) == b"data"
    machine.shut(create(machine, "f"))
    machine.shut(second)
    assert (machine.host / "f").exists()


def test_delete_on_close(machine: Machine) -> None:
    file = create(machine, "f", options=SYNC | ff.FILE_DELETE_ON_CLOSE)
    machine.shut(file)
    assert not (machine.host / "f").exists()


def test_directory_with_contents_is_not_deleted(machine: Machine) -> None:
    (machine.host / "d").mkdir()
    (machine.host / "d" / "x").touch()
    directory = machine.open("d", DELETE)
    with Fails(st.STATUS_DIRECTORY_NOT_EMPTY):
        directory.set_information(13, b"\1", machine.process)
    (machine.host / "d" / "x").unlink()
    directory.set_information(13, b"\1", machine.process)
    machine.shut(directory)
    assert not (machine.host / "d").exists()


def test_rename(machine: Machine) -> None:
    (machine.host / "d").mkdir()
    file = create(machine, "f", b"data")
    create(machine, "taken")
    with Fails(st.STATUS_OBJECT_NAME_COLLISION):
        file.rename("\\??\\C:\\TAKEN", None, machine.process, replace=False, posix=False)
    file.rename("F", None, machine.process, replace=False, posix=False)
    assert sorted(os.listdir(machine.host)) == ["F", "d", "taken"]
    file.rename("\\??\\C:\\d\\g", None, machine.process, replace=False, posix=False)
    assert (machine.host / "d" / "g").read_text() == "data"
    assert file.file_name == "\\d\\g"
    directory = machine.open("d", DELETE)
    with Fails(st.STATUS_ACCESS_DENIED):
        directory.rename("e", None, machine.process, replace=False, posix=False)
    machine.shut(file)
    directory.rename("e", None, machine.process, replace=False, posix=False)
    with Fails(st.STATUS_OBJECT_PATH_NOT_FOUND):
        directory.rename("\\??\\C:\\nowhere\\x", None, machine.process, replace=False, posix=False)


def test_rename_replaces_when_told(machine: Machine) -> None:
    file = create(machine, "new", b"new")
    taken = create(machine, "Old", b"old")
    with Fails(st.STATUS_ACCESS_DENIED):
        file.rename("OLD", None, machine.process, replace=True, posix=False)
    machine.shut(taken)
    file.rename("OLD", None, machine.process, replace=True, posix=False)
    assert os.listdir(machine.host) == ["OLD"]
    assert (machine.host / "OLD").read_text() == "new"


def test_hard_links(machine: Machine) -> None:
    file = create(machine, "f", b"x")
    file.link("\\??\\C:\\g", None, machine.process, replace=False)
    assert struct.unpack_from("<I", info(file, 5), 16) == (2,)
    with Fails(st.STATUS_OBJECT_NAME_COLLISION):
        file.link("g", None, machine.process, replace=False)


def test_listing_with_wildcards_and_dots(machine: Machine) -> None:
    folder = machine.host / "d"
    folder.mkdir()
    for name in ("b.txt", "A.txt", "c.doc", "noext"):
        (folder / name).touch()
    directory = machine.open("d", options=SYNC | ff.FILE_DIRECTORY_FILE)
    assert machine.list(directory) == [".", "..", "A.txt", "b.txt", "c.doc", "noext"]
    assert machine.list(directory, "<.txt") == ["A.txt", "b.txt"]
    assert machine.list(directory, "B.TXT") == ["b.txt"]
    request = machine.request(directory, buffer=BASE, length=512)
    fresh = machine.open("d", options=SYNC | ff.FILE_DIRECTORY_FILE)
    with Fails(st.STATUS_NO_SUCH_FILE):
        fresh.query_directory(request, 12, "nothing*", single=False, restart=False)
    with Fails(st.STATUS_NO_MORE_FILES):
        fresh.query_directory(request, 12, None, single=False, restart=False)
    root = machine.open("\\??\\C:\\", options=SYNC | ff.FILE_DIRECTORY_FILE)
    assert machine.list(root) == ["d"]


@pytest.mark.parametrize(("information_class", "name_at"), [(1, 64), (2, 68), (3, 94), (37, 104), (38, 80), (60, 88)])
def test_listing_classes(machine: Machine, information_class: int, name_at: int) -> None:
    (machine.host / "file").write_text("12345")
    directory = machine.open("\\??\\C:\\", options=SYNC | ff.FILE_DIRECTORY_FILE)
    request = machine.request(directory, buffer=BASE, length=512)
    directory.query_directory(request, information_class, "file", single=True, restart=False)
    data = machine.memory.read(BASE, request.information)
    assert data[name_at:].decode("utf-16-le") == "file"
    assert struct.unpack_from("<qqII", data, 40) == (5, 4096, 0x20, 8)


async def test_byte_range_locks(machine: Machine) -> None:
    first = create(machine, "f", b"0123456789")
    second = machine.open("f", READ | WRITE)

    def lock(file: FileObject, offset: int, length: int, *, exclusive: bool = True, immediately: bool = True) -> Any:
        request = machine.request(file)
        return request, file.lock(request, offset, length, exclusive=exclusive, immediately=immediately)

    lock(first, 2, 3)
    with Fails(st.STATUS_FILE_LOCK_CONFLICT):
        machine.read(second, 3, 0)
    assert machine.read(second, 2, 0) == b"01"
    assert machine.read(first, 10, 0) == b"0123456789"
    with Fails(st.STATUS_LOCK_NOT_GRANTED):
        lock(second, 4, 1, exclusive=False)
    waiting, status = lock(second, 4, 1, immediately=False)
    assert status == st.STATUS_PENDING
    first.unlock(machine.process, 2, 3, 0)
    assert waiting.status == st.STATUS_SUCCESS
    with Fails(st.STATUS_FILE_LOCK_CONFLICT):
        machine.write(first, b"x", 4)
    with Fails(st.STATUS_RANGE_NOT_LOCKED):
        first.unlock(machine.process, 4, 1, 0)
    machine.shut(second)
    machine.write(first, b"x", 4)


async def test_a_handle_may_lock_shared_what_it_has_locked_exclusively(machine: Machine) -> None:
    first = create(machine, "f", b"0123456789")
    second = machine.open("f", READ | WRITE)
    first.lock(machine.request(first), 0, 1, exclusive=True, immediately=True)
    first.lock(machine.request(first), 0, 1, exclusive=False, immediately=True)
    with Fails(st.STATUS_LOCK_NOT_GRANTED):
        first.lock(machine.request(first), 0, 1, exclusive=True, immediately=True)
    with Fails(st.STATUS_FILE_LOCK_CONFLICT):
        machine.read(second, 1, 0)
    first.unlock(machine.process, 0, 1, 0)  # the exclusive one goes first
    assert machine.read(second, 1, 0) == b"0"
    with Fails(st.STATUS_FILE_LOCK_CONFLICT):
        machine.write(second, b"x", 0)
    first.unlock(machine.process, 0, 1, 0)
    machine.write(second, b"x", 0)


async def test_change_notification(machine: Machine) -> None:
    (machine.host / "d").mkdir()
    directory = machine.open("d", READ, options=ff.FILE_DIRECTORY_FILE)
    request = machine.request(directory, buffer=BASE + 4096, length=1024)
    assert directory.notify(request, 0x1F, subtree=False) == st.STATUS_PENDING
    machine.shut(create(machine, "outside"))
    assert request.status == st.STATUS_PENDING
    file = create(machine, "d\\a", b"data")
    assert request.status == st.STATUS_SUCCESS
    assert machine.memory.read(BASE + 4096, request.information) == struct.pack("<III", 0, 1, 2) + b"a\0"
    file.rename("b", None, machine.process, replace=False, posix=False)
    again = machine.request(directory, buffer=BASE + 4096, length=1024)
    directory.notify(again, 0x1F, subtree=False)
    data, seen, at = machine.memory.read(BASE + 4096, again.information), [], 0
    while True:
        following, action, length = struct.unpack_from("<III", data, at)
        seen.append((action, data[at + 12 : at + 12 + length].decode("utf-16-le")))
        if not following:
            break
        at += following
    assert seen == [(3, "a"), (4, "a"), (5, "b")]
    last = machine.request(directory, buffer=BASE + 4096, length=1024)
    directory.notify(last, 0x1F, subtree=False)
    machine.shut(directory)
    assert last.status in (st.STATUS_CANCELLED, st.STATUS_NOTIFY_CLEANUP)


def test_volume_information(machine: Machine) -> None:
    file = machine.open("\\??\\C:\\", options=SYNC | ff.FILE_DIRECTORY_FILE)
    assert struct.unpack_from("<I", file.query_volume(1, 100).data, 8) == (0x12345678,)
    assert file.query_volume(5, 100).data[12:].decode("utf-16-le") == "NTFS"
    assert struct.unpack_from("<I", file.query_volume(4, 8).data) == (7,)
    total, available, sectors, size = struct.unpack("<qqII", file.query_volume(3, 24).data)
    assert total >= available > 0
    assert sectors * size == 4096
    volume = machine.open("\\??\\C:", ff.FILE_READ_ATTRIBUTES)
    assert volume.query_volume(5, 100).data[12:].decode("utf-16-le") == "NTFS"


def test_symbolic_links(machine: Machine) -> None:
    (machine.host / "real").write_text("data")
    link = create(machine, "link", options=SYNC | ff.FILE_OPEN_REPARSE_POINT)
    target = "real".encode("utf-16-le")
    body = struct.pack("<HHHHI", 0, len(target), 0, len(target), 1) + target
    link.fs_control(machine.request(link), 0x900A4, struct.pack("<IHH", 0xA000000C, len(body), 0) + body)
    assert os.readlink(machine.host / "link") == "real"
    machine.shut(link)
    assert machine.read(machine.open("LINK"), 4) == b"data"
    link = machine.open("link", options=SYNC | ff.FILE_OPEN_REPARSE_POINT)
    assert struct.unpack("<II", info(link, 35)) == (0x420, 0xA000000C)
    request = machine.request(link, buffer=BASE, length=512)
    link.fs_control(request, 0x900A8, b"")
    assert struct.unpack_from("<IHH", machine.memory.read(BASE, 8)) == (0xA000000C, 12 + 16, 0)


def test_read_only_drive(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "f").write_text("x")
    machine = Machine(tmp_path, DriveConfig("C", str(tmp_path / "c"), DriveMode.READ_ONLY))
    machine.open("f")
    for keywords in ({"access": WRITE}, {"disposition": ff.FILE_OVERWRITE}, {"access": DELETE}):
        with Fails(st.STATUS_MEDIA_WRITE_PROTECTED):
            machine.open("f", **keywords)
    with Fails(st.STATUS_MEDIA_WRITE_PROTECTED):
        create(machine, "new")
    assert machine.open("f", 0x02000000).granted & WRITE & ~READ == 0
    machine.close()


def test_overlay_copies_up_under_open_handles(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "f").write_text("lower")
    machine = Machine(tmp_path, DriveConfig("C", str(tmp_path / "c"), DriveMode.OVERLAY))
    reader = machine.open("f")
    writer = machine.open("f", WRITE)
    machine.write(writer, b"UPPER")
    assert machine.read(reader, 5) == b"UPPER"
    assert (tmp_path / "c" / "f").read_text() == "lower"
    with Fails(st.STATUS_SHARING_VIOLATION):
        machine.open("f", READ, ff.FILE_SHARE_READ)
    machine.close()


def test_null_device_swallows_and_is_empty(machine: Machine) -> None:
    file = machine.open("\\??\\NUL", READ | WRITE)
    machine.write(file, b"gone")
    with Fails(st.STATUS_END_OF_FILE):
        machine.read(file, 1)


def test_named_streams(machine: Machine) -> None:
    file = create(machine, "f", b"main")
    stream = machine.open("F:Notes", READ | WRITE, disposition=ff.FILE_CREATE)
    machine.write(stream, b"side")
    assert machine.read(machine.open("f:NOTES:$data"), 10) == b"side"
    assert machine.read(machine.open("f::$DATA"), 10) == b"main"
    assert info(stream, 5)[8:16] == struct.pack("<q", 4)
    data = info(file, 22)
    following, length = struct.unpack_from("<II", data)
    assert data[24 : 24 + length].decode("utf-16-le") == "::$DATA"
    assert data[following + 24 :].decode("utf-16-le") == ":Notes:$DATA"
    with Fails(st.STATUS_OBJECT_NAME_COLLISION):
        machine.open("f:notes", WRITE, disposition=ff.FILE_CREATE)
    with Fails(st.STATUS_OBJECT_NAME_NOT_FOUND):
        machine.open("f:other")
    for name in ("f:a:b", "f:a:$DATA:x", "f:"):
        with Fails(st.STATUS_OBJECT_NAME_INVALID):
            machine.open(name)
    with Fails(st.STATUS_DISK_FULL):
        machine.write(stream, b"x" * 60000, 60000)
    stream.set_information(13, b"\1", machine.process)
    machine.shut(stream)
    assert len(info(file, 22)) == 24 + 14
    machine.shut(machine.open("new:stream", WRITE, disposition=ff.FILE_CREATE))
    assert (machine.host / "new").exists()


def test_a_loop_of_links_ends(machine: Machine) -> None:
    (machine.host / "a").symlink_to("\\??\\C:\\b")
    (machine.host / "b").symlink_to("\\??\\C:\\a")
    with Fails(st.STATUS_REPARSE_POINT_NOT_RESOLVED):
        machine.open("a")


def test_a_directory_link_by_full_name_leads_through_the_object_namespace(machine: Machine) -> None:
    (machine.host / "folder").mkdir()
    (machine.host / "folder" / "f").write_bytes(b"there")
    (machine.host / "link").symlink_to("\\??\\C:\\folder/")  # as a program on another drive makes one
    (machine.host / "root").symlink_to("\\??\\C:\\/")
    assert machine.read(machine.open("link\\f"), 10) == b"there"
    assert machine.read(machine.open("root\\folder\\f"), 10) == b"there"
    for name in ("link", "root"):
        assert machine.open(name, options=ff.FILE_DIRECTORY_FILE | SYNC).is_directory
