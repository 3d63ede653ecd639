"""Drives and changes on a real mount."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Compiler
from mounting import Mounted, mount


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mounted]:
    base = tmp_path_factory.mktemp("drives")
    lower = base / "lower"
    (lower / "kept").mkdir(parents=True)
    (lower / "kept" / "file.txt").write_text("below\n")
    (lower / "gone.txt").write_text("gone\n")
    with mount(base, "--drive", f"O:={lower}:overlay", "--drive", f"R:={lower}:ro") as found:
        yield found


@pytest.fixture
def work(mounted: Mounted) -> Path:
    """A new folder on drive C:, through the mount."""
    return Path(tempfile.mkdtemp(prefix="Work ", dir=mounted.c))


def host_of(mounted: Mounted, path: Path) -> Path:
    return mounted.host / path.relative_to(mounted.c)


def test_names_are_found_in_any_case_and_keep_theirs(mounted: Mounted, work: Path) -> None:
    (work / "ReadMe.TXT").write_text("hello")
    assert (work / "README.txt").read_text() == "hello"
    assert (mounted.folder / "drives" / "C" / work.name.upper() / "readme.txt").read_text() == "hello"
    assert os.listdir(work) == ["ReadMe.TXT"]
    with pytest.raises(FileExistsError):
        (work / "readme.txt").touch(exist_ok=False)


@pytest.mark.parametrize("name", ["a:b", "a*", "a?", 'a"b', "a<", "a|b", "a\\b", "a\x01", "con", "NUL.txt", "com1"])
def test_what_windows_refuses_is_refused(work: Path, name: str) -> None:
    with pytest.raises(OSError, match="Invalid argument") as caught:
        (work / name).write_text("")
    assert caught.value.errno == errno.EINVAL
    with pytest.raises(OSError, match="Invalid argument"):
        (work / name).mkdir()


def test_trailing_dots_and_spaces_are_dropped(work: Path) -> None:
    (work / "name. .").write_text("x")
    assert os.listdir(work) == ["name"]
    assert (work / "name...").read_text() == "x"


def test_linux_names_that_windows_cannot_have_appear_as_on_windows(mounted: Mounted, work: Path) -> None:
    (host_of(mounted, work) / "a:b").write_text("colon")
    assert os.listdir(work) == ["a\uf03ab"]
    assert (work / "a\uf03ab").read_text() == "colon"
    assert not (work / "a:b").exists()
    (work / "c\uf03fd").write_text("")
    assert (host_of(mounted, work) / "c?d").exists()


def test_hard_links_are_one_file(work: Path) -> None:
    (work / "one").write_text("1")
    os.link(work / "one", work / "two")
    assert (work / "one").stat().st_ino == (work / "two").stat().st_ino
    assert (work / "one").stat().st_nlink == 2
    with open(work / "two", "a") as file:
        file.write("2")
    assert (work / "one").read_text() == "12"
    (work / "one").unlink()
    assert (work / "two").read_text() == "12"


def test_an_unlinked_open_file_lives_on(work: Path) -> None:
    with open(work / "gone", "w+b") as file:
        file.write(b"abc")
        file.flush()
        os.unlink(work / "gone")
        assert not (work / "gone").exists()
        file.seek(0)
        assert file.read() == b"abc"
        os.fchmod(file.fileno(), 0o600)
        os.ftruncate(file.fileno(), 1)
        assert os.fstat(file.fileno()).st_size == 1


def test_moving_a_folder_moves_what_is_open_in_it(work: Path) -> None:
    (work / "a" / "deep").mkdir(parents=True)
    with open(work / "a" / "deep" / "f", "w") as file:
        os.rename(work / "a", work / "b")
        file.write("moved")
    assert (work / "b" / "deep" / "f").read_text() == "moved"
    assert os.listdir(work) == ["b"]
    (work / "c").mkdir()
    with pytest.raises(OSError, match="not empty"):
        os.rename(work / "c", work / "b")
    os.replace(work / "b", work / "c")
    assert os.listdir(work / "c" / "deep") == ["f"]


def test_renaming_over_a_file_in_another_case_replaces_it(work: Path) -> None:
    (work / "Target").write_text("old")
    (work / "source").write_text("new")
    os.rename(work / "source", work / "TARGET")
    assert [name.lower() for name in os.listdir(work)] == ["target"]
    assert (work / "target").read_text() == "new"


def test_changes_of_the_host_are_seen(mounted: Mounted, work: Path) -> None:
    host = host_of(mounted, work) / "f"
    host.write_text("first")
    assert (work / "f").read_text() == "first"
    host.write_text("other")
    os.utime(host, ns=(1, 1))
    assert (work / "f").read_text() == "other"


def test_links_lead_where_programs_would_go(work: Path) -> None:
    (work / "dir").mkdir()
    (work / "dir" / "f").write_text("x")
    os.symlink("dir/f", work / "link")
    assert os.readlink(work / "link") == "dir/f"
    assert (work / "link").read_text() == "x"
    assert os.lstat(work / "link").st_size == 5
    absolute = str(work / "dir" / "f")
    for target in (absolute, "/nowhere/at all", "/etc/hostname", "user@host.1234:99", "dir//f", "./dir/"):
        os.symlink(target, work / "made")
        assert os.readlink(work / "made") == target
        assert os.lstat(work / "made").st_size == len(target)
        (work / "made").unlink()


def test_links_that_programs_made_do_not_lead_out(mounted: Mounted, work: Path) -> None:
    drives = mounted.folder / "drives"
    host = host_of(mounted, work)
    for text, target in (
        ("/etc/passwd", f"{drives}/c/etc/passwd"),
        ("\\??\\Z:\\a\\b", f"{drives}/z/a/b"),
        ("../../../etc/passwd", "../etc/passwd"),
    ):
        os.symlink(text, host / "link")
        assert os.readlink(work / "link") == target
        (work / "link").unlink()


def test_attributes_times_and_extended_attributes(work: Path) -> None:
    path = work / "f"
    path.write_bytes(b"x" * 10)
    os.chmod(path, 0o640)
    os.utime(path, ns=(10**18, 10**18 + 7))
    os.setxattr(path, "user.note", b"value")
    found = path.stat()
    assert (found.st_mode & 0o777, found.st_mtime_ns, found.st_size) == (0o640, 10**18 + 7, 10)
    assert os.getxattr(path, "user.note") == b"value"
    assert "user.note" in os.listxattr(path)
    os.truncate(path, 3)
    assert path.read_bytes() == b"xxx"
    assert os.statvfs(path).f_blocks > 0


STREAMS = r"""
#include <windows.h>
#include <stdio.h>
static void show(const char *name) {
    char text[64] = "";
    DWORD done;
    HANDLE file = CreateFileA(name, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) { printf("%lu\n", GetLastError()); return; }
    ReadFile(file, text, 63, &done, NULL);
    printf("%s\n", text);
    CloseHandle(file);
}
int main(int argc, char **argv) {
    DWORD done;
    HANDLE file;
    show("file.txt:note");
    show("FILE.TXT:Note:$DATA");
    show("file.txt:missing");
    file = CreateFileA("file.txt:From Program", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    WriteFile(file, "hello", 5, &done, NULL);
    CloseHandle(file);
    return 0;
}
"""


def test_streams_are_files_behind_a_colon(mounted: Mounted, work: Path, compile_c: Compiler) -> None:
    (work / "file.txt").write_text("main")
    (work / "file.txt:note").write_text("first")
    with open(work / "FILE.txt:NOTE", "a") as file:
        file.write(" second")
    assert (work / "file.txt:note:$DATA").read_text() == "first second"
    assert (work / "file.txt:note").stat().st_size == 12
    assert os.listdir(work) == ["file.txt"]
    assert (work / "file.txt").read_text() == "main"
    (work / "programs.exe").write_bytes(compile_c(STREAMS, name="streams.exe").read_bytes())
    output = mounted.start("programs.exe", cwd=work).communicate(timeout=300)[0].decode().split("\r\n")
    assert output == ["first second", "first second", "2", ""]
    assert (work / "file.txt:from program").read_text() == "hello"
    assert "user.DosStream.From Program:$DATA" in os.listxattr(work / "file.txt")
    with pytest.raises(OSError, match="No space left"):
        (work / "file.txt:large").write_bytes(bytes(70_000))
    shutil.move(work / "file.txt:note", work / "moved")
    assert (work / "moved").read_text() == "first second"
    (work / "file.txt:from program").unlink()
    assert not (work / "file.txt:from program").exists()
    with pytest.raises(FileNotFoundError):
        (work / "file.txt:none").read_text()


HOLDS = r"""
#include <windows.h>
#include <stdio.h>
int main(void) {
    char text[64] = "";
    DWORD done;
    HANDLE file = CreateFileA("held.txt", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    printf("%d\n", file != INVALID_HANDLE_VALUE);
    fflush(stdout);
    getchar();
    ReadFile(file, text, 63, &done, NULL);
    printf("%s\n", text);
    printf("%lu\n", GetFileAttributesA("held.txt") == INVALID_FILE_ATTRIBUTES ? GetLastError() : 0);
    return 0;
}
"""


def test_share_modes_do_not_bind_people(mounted: Mounted, work: Path, compile_c: Compiler) -> None:
    (work / "held.txt").write_text("before")
    (work / "holds.exe").write_bytes(compile_c(HOLDS, name="holds.exe").read_bytes())
    program = mounted.start("holds.exe", cwd=work, stdin=subprocess.PIPE)
    assert program.stdout is not None
    assert program.stdout.readline().strip() == b"1"
    with open(work / "held.txt", "a") as file:
        file.write(" after")
    (work / "held.txt").unlink()
    assert not (work / "held.txt").exists()
    assert program.communicate(b"\n", timeout=300)[0].split(b"\r\n") == [b"before after", b"2", b""]


def test_memory_maps_and_locks_serve_a_database(work: Path) -> None:
    with open(work / "map", "w+b") as file:
        file.truncate(8192)
        with mmap.mmap(file.fileno(), 8192) as view:
            view[4096:4099] = b"abc"
    assert (work / "map").read_bytes()[4096:4099] == b"abc"
    for mode in ("delete", "truncate", "wal"):
        database = work / f"{mode}.db"
        first, second = sqlite3.connect(database), sqlite3.connect(database)
        assert first.execute(f"pragma journal_mode={mode}").fetchone() == (mode,)
        with first:
            first.execute("create table t(a)")
            first.executemany("insert into t values (?)", [(i,) for i in range(500)])
        assert second.execute("select count(*), sum(a) from t").fetchone() == (500, 124750)
        assert second.execute("pragma integrity_check").fetchone() == ("ok",)
        first.close()
        second.close()


def test_git_works_in_a_drive(work: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=work, check=True, capture_output=True, text=True
        ).stdout

    git("init", "-q")
    for index in range(20):
        (work / f"file{index}").write_text(f"{index}\n")
    git("add", ".")
    git("commit", "-qm", "one")
    (work / "file3").write_text("changed\n")
    assert git("status", "--short") == " M file3\n"
    git("commit", "-qam", "two")
    git("clone", "-q", "--no-local", ".", "clone")
    git("-C", "clone", "fsck", "--full", "--strict")
    assert git("-C", "clone", "status", "--short") == ""
    shutil.rmtree(work / "clone")
    git("gc", "-q")
    git("fsck", "--strict")
    assert git("status", "--short") == ""


WRITER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=300)
for number in range(25):
    with database:
        database.execute("insert into t values (?)", (sys.argv[2] * 500,))
"""


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_processes_share_a_database(work: Path, mode: str) -> None:
    with sqlite3.connect(work / "t.db") as database:
        database.execute(f"pragma journal_mode={mode}")
        database.execute("create table t(a)")
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(work / "t.db"), name]) for name in "abc"]
    assert [writer.wait(100) for writer in writers] == [0, 0, 0]
    assert database.execute("select count(*), sum(length(a)) from t").fetchone() == (75, 37500)
    assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    database.close()


def test_rsync_makes_the_same_tree_and_then_finds_nothing_to_do(work: Path, tmp_path: Path) -> None:
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    for index in range(20):
        (tmp_path / "tree" / f"file{index}").write_bytes(os.urandom(index * 500))
    os.link(tmp_path / "tree" / "file3", tmp_path / "tree" / "sub" / "hard")
    os.symlink("/nowhere/at all", tmp_path / "tree" / "absolute")
    os.symlink("sub/hard", tmp_path / "tree" / "relative")
    os.utime(tmp_path / "tree" / "file4", ns=(10**18, 10**18 + 1))

    def rsync(*options: str) -> str:
        command = ["rsync", "-aH", "--itemize-changes", *options, f"{tmp_path}/tree/", f"{work}/tree/"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert "file19" in rsync()
    assert rsync("--checksum") == ""
    (tmp_path / "tree" / "file5").unlink()
    (tmp_path / "tree" / "file6").write_text("changed")
    assert set(rsync("--delete", "--inplace").split()) & {"file5", "file6"} == {"file5", "file6"}
    compared = subprocess.run(["diff", "-r", "--no-dereference", tmp_path / "tree", work / "tree"], check=False)
    assert compared.returncode == 0


def test_an_overlay_shows_both_and_changes_only_its_own(mounted: Mounted) -> None:
    drive = mounted.folder / "drives" / "o"
    lower = mounted.home.parent / "lower"
    with open(drive / "kept" / "file.txt") as reader:
        assert reader.readline() == "below\n"
        with open(drive / "KEPT" / "file.txt", "a") as file:
            file.write("above\n")
        assert (drive / "kept" / "file.txt").read_text() == "below\nabove\n"
    (drive / "gone.txt").unlink()
    os.rename(drive / "kept", drive / "moved")
    assert sorted(os.listdir(drive)) == ["moved"]
    assert sorted(os.listdir(lower)) == ["gone.txt", "kept"]
    assert (lower / "kept" / "file.txt").read_text() == "below\n"


def test_a_read_only_drive_refuses_changes(mounted: Mounted) -> None:
    drive = mounted.folder / "drives" / "r"
    assert (drive / "gone.txt").read_text() == "gone\n"
    for change in (
        lambda: (drive / "new").write_text(""),
        lambda: (drive / "gone.txt").write_text(""),
        lambda: (drive / "gone.txt").unlink(),
        lambda: os.chmod(drive / "gone.txt", 0),
    ):
        with pytest.raises(OSError, match="Read-only") as caught:
            change()
        assert caught.value.errno == errno.EROFS


def test_what_a_person_changes_is_not_a_programs_change(mounted: Mounted, work: Path) -> None:
    (work / "mine").write_text("x")
    assert "mine" not in (mounted.folder / "changes" / "files").read_text()
    with pytest.raises(OSError, match="Invalid argument"):
        (mounted.folder / "changes" / "ctl").write_text("nonsense")
