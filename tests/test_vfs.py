"""Drives over host folders: case, links, modes, attributes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.nt import status as st
from runtime.nt.status import NtError
from runtime.vfs import beneath
from runtime.vfs.beneath import Root
from runtime.vfs.changes import Action, Change
from runtime.vfs.drive import Drive, DriveMode, Reparse
from runtime.vfs.drives import DriveConfig, Drives


@pytest.fixture
def host(tmp_path: Path) -> Path:
    folder = tmp_path / "host"
    (folder / "Users" / "Me").mkdir(parents=True)
    (folder / "Users" / "Me" / "Notes.TXT").write_text("notes")
    (tmp_path / "secret").write_text("secret")
    return folder


@pytest.fixture(params=[DriveMode.READ_WRITE, DriveMode.OVERLAY])
def drives(request: pytest.FixtureRequest, host: Path, tmp_path: Path) -> Iterator[Drives]:
    drives = Drives([DriveConfig("C", str(host), request.param)], str(tmp_path / "machine"))
    yield drives
    drives.close()


@pytest.fixture
def drive(drives: Drives) -> Drive:
    found = drives.get("c")
    assert found is not None
    return found


def content(drive: Drive, *parts: str) -> bytes:
    with drive.resolve(parts) as location:
        fd = drive.tree.open(location.path, os.O_RDONLY)
        with open(fd, "rb") as stream:
            return stream.read()


def create(drive: Drive, *parts: str, data: bytes = b"") -> None:
    with drive.resolve(parts) as location:
        fd = drive.create_file(location, os.O_RDWR)
        os.write(fd, data)
        os.close(fd)


def fails(status: int, drive: Drive, *parts: str) -> None:
    with pytest.raises(NtError) as caught:
        drive.resolve(parts).close()
    assert caught.value.status == status


@pytest.mark.parametrize("parts", [("Users", "Me", "Notes.TXT"), ("USERS", "me", "nOTES.txt")])
def test_look_up_ignores_case_and_keeps_it(drive: Drive, parts: tuple[str, ...]) -> None:
    with drive.resolve(parts) as location:
        assert location.exists
        assert drive.windows_path(location.path) == "Users\\Me\\Notes.TXT"
    assert content(drive, *parts) == b"notes"


def test_missing_file_and_missing_directory_differ(drive: Drive) -> None:
    with drive.resolve(["users", "new.txt"]) as location:
        assert not location.exists
        assert location.path == "Users/new.txt"
    fails(st.STATUS_OBJECT_PATH_NOT_FOUND, drive, "nowhere", "new.txt")
    fails(st.STATUS_OBJECT_PATH_NOT_FOUND, drive, "Users", "me", "notes.txt", "below")


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a*b", "x" * 256, "", "a\0b", "a|b"])
def test_names_windows_forbids_are_refused(drive: Drive, name: str) -> None:
    fails(st.STATUS_OBJECT_NAME_INVALID, drive, "Users", name)


def test_exact_name_wins_among_twins(drive: Drive, host: Path) -> None:
    for name in ("Twin", "TWIN", "twin"):
        (host / name).write_text(name)
    assert content(drive, "twin") == b"twin"
    assert content(drive, "Twin") == b"Twin"
    assert content(drive, "tWIN") == b"TWIN"


def test_changes_from_outside_are_seen(drive: Drive, host: Path) -> None:
    for number in range(50):
        with drive.resolve(["USERS", f"FILE{number}"]) as location:
            assert not location.exists
        (host / "Users" / f"file{number}").touch()
        with drive.resolve(["USERS", f"FILE{number}"]) as location:
            assert location.exists
        (host / "Users" / f"file{number}").unlink()
        with drive.resolve(["USERS", f"FILE{number}"]) as location:
            assert not location.exists


def test_fold_map_of_a_settled_directory_is_kept_and_refreshed(drive: Drive, host: Path) -> None:
    old = time.time() - 100
    os.utime(host / "Users" / "Me", (old, old))
    assert content(drive, "users", "me", "notes.txt") == b"notes"
    (host / "Users" / "Me" / "Other").write_text("other")
    assert content(drive, "users", "me", "OTHER") == b"other"


def test_linux_names_that_windows_forbids_are_mapped(drive: Drive, host: Path) -> None:
    (host / "a:b?").write_text("odd")
    (host / os.fsdecode(b"caf\xe9")).write_text("latin")
    listed = [windows for windows, _ in drive.entries("")]
    assert "a\uf03ab\uf03f" in listed
    assert content(drive, "A\uf03aB\uf03f") == b"odd"
    assert content(drive, "caf\uf0e9") == b"latin"


def test_names_too_long_for_linux_are_cut_and_listed_whole(drive: Drive) -> None:
    name = "\u6f22" * 200
    create(drive, name, data=b"long")
    assert content(drive, name) == b"long"
    assert name in [windows for windows, _ in drive.entries("")]


def test_short_names_are_found_when_asked_for(drive: Drive, host: Path) -> None:
    (host / "Program Files").mkdir()
    with drive.resolve(["PROGRA~1"]) as location:
        assert location.path == "Program Files"
    assert drive.short_path("Program Files") == "PROGRA~1"


def test_links_stay_inside(drive: Drive, host: Path) -> None:
    (host / "up").symlink_to("../secret")
    (host / "abs").symlink_to("/secret")
    (host / "rel").symlink_to("Users/Me")
    (host / "inner").symlink_to("/users/me/NOTES.txt")
    (host / "loop").symlink_to("loop")
    for name in ("up", "abs"):
        with drive.resolve([name]) as location:
            assert not location.exists
    assert content(drive, "REL", "notes.txt") == b"notes"
    assert content(drive, "inner") == b"notes"
    fails(st.STATUS_REPARSE_POINT_NOT_RESOLVED, drive, "loop")
    with drive.resolve(["rel"], follow=False) as location:
        assert location.is_link
        assert location.is_directory
        assert location.metadata().attributes == 0x410


def test_proc_links_do_not_lead_out(drive: Drive, host: Path) -> None:
    (host / "magic").symlink_to("/proc/self/root/etc/passwd")
    fails(st.STATUS_OBJECT_PATH_NOT_FOUND, drive, "magic")


def test_link_to_another_drive_is_handed_up(drive: Drive, host: Path) -> None:
    (host / "there").symlink_to("\\??\\D:\\data")
    with pytest.raises(Reparse) as caught:
        drive.resolve(["there", "x", "y"])
    assert caught.value.path == "\\??\\D:\\data\\x\\y"


def test_fallback_without_openat2_is_as_strict(host: Path, tmp_path: Path) -> None:
    (host / "up").symlink_to("../secret")
    (host / "dir").symlink_to("Users")
    root = Root(str(host), openat2=False)
    try:
        os.close(root.open("Users/Me/Notes.TXT", os.O_RDONLY))
        for path in ("up", "dir/Me", "../secret"):
            with pytest.raises(OSError, match=r"symbolic links|cross-device"):
                root.open(path, os.O_RDONLY)
        with pytest.raises(NotADirectoryError):
            root.open("Users/Me/Notes.TXT/x", os.O_RDONLY)
    finally:
        root.close()


def test_read_only_drive_refuses_every_change(host: Path, tmp_path: Path) -> None:
    drives = Drives([DriveConfig("D", str(host), DriveMode.READ_ONLY)], str(tmp_path))
    drive = drives.get("D")
    assert drive is not None
    with drive.resolve(["new"]) as location, pytest.raises(NtError) as caught:
        drive.create_file(location, os.O_RDWR)
    assert caught.value.status == st.STATUS_MEDIA_WRITE_PROTECTED
    with pytest.raises(NtError):
        drive.remove("Users/Me/Notes.TXT", directory=False)
    assert content(drive, "users", "me", "notes.txt") == b"notes"
    drives.close()


def test_overlay_leaves_the_host_folder_alone(host: Path, tmp_path: Path) -> None:
    before = sorted(str(path.relative_to(host)) for path in host.rglob("*"))
    drives = Drives([DriveConfig("C", str(host), DriveMode.OVERLAY)], str(tmp_path / "machine"))
    drive = drives.get("C")
    assert drive is not None
    create(drive, "users", "me", "new.txt", data=b"new")
    drive.tree.prepare_write("Users/Me/Notes.TXT")
    fd = drive.tree.open("Users/Me/Notes.TXT", os.O_RDWR)
    os.write(fd, b"NOTES")
    os.close(fd)
    assert content(drive, "users", "me", "notes.txt") == b"NOTES"
    with drive.resolve(["Users", "Renamed"]) as target:
        drive.rename("Users/Me", target, replace=False, directory=True)
    fails(st.STATUS_OBJECT_PATH_NOT_FOUND, drive, "users", "me", "notes.txt")
    assert content(drive, "users", "renamed", "notes.txt") == b"NOTES"
    assert [name for name, _ in drive.entries("Users")] == ["Renamed"]
    drive.remove("Users/Renamed/Notes.TXT", directory=False)
    drive.remove("Users/Renamed/new.txt", directory=False)
    drive.remove("Users/Renamed", directory=True)
    drive.remove("Users", directory=True)
    assert list(drive.entries("")) == []
    with drive.resolve(["users"]) as location:
        assert not location.exists
        drive.create_directory(location)
    assert list(drive.entries("users")) == []
    assert sorted(str(path.relative_to(host)) for path in host.rglob("*")) == before
    assert (host / "Users" / "Me" / "Notes.TXT").read_text() == "notes"
    drives.close()


def test_prefix_shows_only_its_own_path(host: Path, tmp_path: Path) -> None:
    drives = Drives([DriveConfig("Z", str(host), prefix="home/me")], str(tmp_path / "machine"))
    drive = drives.get("Z")
    assert drive is not None
    assert [name for name, _ in drive.entries("")] == ["home"]
    assert content(drive, "HOME", "me", "users", "me", "notes.txt") == b"notes"
    create(drive, "home", "me", "new", data=b"x")
    assert (host / "new").read_bytes() == b"x"
    with drive.resolve(["elsewhere"]) as location, pytest.raises(NtError):
        drive.create_file(location, os.O_RDWR)
    assert drives.to_windows(str(host / "users")) == "Z:\\home\\me\\users"
    drives.close()


def test_attributes_and_times_are_kept(drive: Drive) -> None:
    create(drive, "file", data=b"abc")
    with drive.resolve(["file"]) as location:
        store, path = drive.attributes, f"/proc/self/fd/{location.fd}"
        assert location.metadata().attributes == 0x20
        for wanted in (0x23, 0x2, 0x1, 0x80, 0x20):
            store.set_attributes(path, os.fstat(location.fd), wanted)
            assert location.metadata().attributes == wanted
        store.set_times(path, os.fstat(location.fd), 1_000_000_000, 2_000_000_000, 3_000_000_000)
        metadata = location.metadata()
        assert metadata.created == 116444736010000000
        assert metadata.written == 116444736030000000
        assert metadata.size == 3


def test_changes_are_published_in_order(drives: Drives, drive: Drive) -> None:
    seen: list[Change] = []
    stop = drives.on_change(seen.append)
    create(drive, "users", "a")
    with drive.resolve(["users", "b"]) as target:
        drive.rename("Users/a", target, replace=False, directory=False)
    drive.remove("Users/b", directory=False)
    stop()
    create(drive, "users", "c")
    assert [(change.action, change.path) for change in seen] == [
        (Action.ADDED, "Users\\a"),
        (Action.RENAMED_OLD_NAME, "Users\\a"),
        (Action.RENAMED_NEW_NAME, "Users\\b"),
        (Action.REMOVED, "Users\\b"),
    ]


def test_rename_does_not_replace_unless_told(drive: Drive) -> None:
    create(drive, "a", data=b"a")
    create(drive, "b", data=b"b")
    with drive.resolve(["b"]) as target:
        with pytest.raises(NtError) as caught:
            drive.rename("a", target, replace=False, directory=False)
        assert caught.value.status == st.STATUS_OBJECT_NAME_COLLISION
        drive.rename("a", target, replace=True, directory=False)
    assert content(drive, "b") == b"a"


def test_birth_time_is_known(host: Path) -> None:
    fd = os.open(host, os.O_PATH)
    born = beneath.birth_time(fd)
    os.close(fd)
    assert born is None or abs(born - time.time_ns()) < 60_000_000_000
