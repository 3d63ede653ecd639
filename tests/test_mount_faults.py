"""What goes wrong around a mount: killed clients, crowds, full and read-only disks, bugs. Nothing hangs or is lost."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from conftest import Compiler
from mounting import REPOSITORY, Mounted, environment, mount

BUSY = r"""
#include <windows.h>
#include <stdio.h>
int main(int argc, char **argv) {
    volatile unsigned x = 1;
    CreateEventA(NULL, FALSE, FALSE, "busy event");
    puts("ready");
    fflush(stdout);
    for (;;) { for (int i = 0; i < 100000; i++) x = x * 1664525u + 1013904223u; GetFileAttributesA("C:\\windows"); }
}
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mounted]:
    with mount(tmp_path_factory.mktemp("faults")) as found:
        yield found


@contextmanager
def busy(mounted: Mounted, compile_c: Compiler) -> Iterator[subprocess.Popen[bytes]]:
    """A program that computes and calls while the test looks at it."""
    program = compile_c(BUSY, name="busy.exe")
    started = mounted.start(program, cwd=program.parent)
    try:
        assert started.stdout is not None
        assert started.stdout.readline().strip() == b"ready"
        yield started
    finally:
        started.kill()
        started.wait(120)


def answers(mounted: Mounted) -> bool:
    """Whether another process gets an answer within seconds; a hanging mount must not take the test along."""
    script = "import os, sys; os.stat(sys.argv[1] + '/process'); open(sys.argv[1] + '/machine/uptime').read()"
    look = [sys.executable, "-c", script, str(mounted.folder)]
    try:
        return subprocess.run(look, timeout=120, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def breakdowns(mounted: Mounted) -> str:
    """The line of the statistics that counts requests that broke down."""
    lines = (mounted.folder / "machine/statistics").read_text().splitlines()
    return next(line for line in lines if line.startswith("fuse_failures:"))


BROKEN_TREE = """
import sys, threading
import trio
from winfs.mount.node import Directory, Folder, Text
from winfs.mount.operations import MountOperations
from winfs.mount.session import Session

def bug():
    raise ZeroDivisionError("a bug")

class BrokenFolder(Directory):
    def look_up(self, name):
        bug()
    def entries(self):
        bug()

tree = Folder({"good": Text("good", lambda: b"good\\n"), "bad": Text("bad", bug), "folder": BrokenFolder()})
operations = MountOperations(tree, threading.Lock(), lambda: print("ready", flush=True))
session = Session(operations, sys.argv[1], {"fsname=winfs", "auto_unmount"})
trio.run(session.serve)
"""


def test_a_bug_in_a_handler_is_an_error_and_a_log_line_and_the_mount_lives(tmp_path: Path) -> None:
    folder = tmp_path / "mnt"
    folder.mkdir()
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", BROKEN_TREE, str(folder)], stdout=subprocess.PIPE, stderr=log,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )  # fmt: skip
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        for look in (
            lambda: (folder / "bad").read_bytes(),
            lambda: os.listdir(folder / "folder"),
            lambda: os.stat(folder / "folder" / "x"),
            lambda: (folder / "folder" / "x").write_text("x"),
        ):
            with pytest.raises(OSError, match="Input/output error") as caught:
                look()
            assert caught.value.errno == errno.EIO
            assert (folder / "good").read_bytes() == b"good\n"
        assert "ZeroDivisionError: a bug" in (tmp_path / "log").read_text()
    finally:
        subprocess.run(["fusermount3", "-uz", str(folder)], check=False)
        server.wait(120)


READERS = """
import os, sys
files = [os.path.join(folder, name) for folder, _, names in os.walk(sys.argv[1]) for name in names][:200]
print("ready", flush=True)
while True:
    for path in files:
        try:
            with open(path, "rb") as file:
                file.read(100000)
        except OSError:
            pass
"""


def test_killed_clients_do_not_stall_the_mount(mounted: Mounted, compile_c: Compiler) -> None:
    with busy(mounted, compile_c):
        for folder in ("registry/HKEY_CURRENT_USER", "process", "drives/c/Windows"):
            for _ in range(2):
                readers = [
                    subprocess.Popen([sys.executable, "-c", READERS, str(mounted.folder / folder)],
                                     stdout=subprocess.PIPE)
                    for _ in range(4)
                ]  # fmt: skip
                for reader in readers:
                    assert reader.stdout is not None
                    assert reader.stdout.readline() == b"ready\n"
                for reader in readers:
                    reader.send_signal(signal.SIGKILL)
                for reader in readers:
                    assert reader.wait(120) == -signal.SIGKILL
                assert answers(mounted)
    assert breakdowns(mounted) == "fuse_failures: 0"


def test_a_hundred_readers_at_once_are_served(mounted: Mounted, compile_c: Compiler) -> None:
    value = mounted.folder / "registry/HKEY_LOCAL_MACHINE/SOFTWARE/Microsoft/Windows NT/CurrentVersion/ProductName.sz"
    expected = value.read_text()
    with busy(mounted, compile_c):
        process = mounted.process_of("busy.exe")

        def read(number: int) -> int:
            if number % 4 == 0:
                with open(mounted.folder / "trace.jsonl", "rb") as file:
                    lines = file.read(1 << 20).splitlines()[:-1]
                return sum("event" in json.loads(line) for line in lines if line)
            if number % 4 == 1:
                assert value.read_text() == expected
            elif number % 4 == 2:
                assert (process / "status").read_text().startswith("Name: busy.exe\n")
                assert "busy.exe" in (process / "maps").read_text()
            else:
                for handle in (process / "handles").iterdir():
                    assert "type: " in handle.read_text()
            return 1

        with ThreadPoolExecutor(100) as pool:
            assert all(count > 0 for count in pool.map(read, range(300)))
    assert breakdowns(mounted) == "fuse_failures: 0"


def test_find_and_grep_over_everything_end_while_a_program_runs(mounted: Mounted, compile_c: Compiler) -> None:
    with busy(mounted, compile_c):
        folder = str(mounted.process_of("busy.exe"))
        command = ["find", str(mounted.folder), "-not", "-path", "*/registry/*", "-ls"]
        found = subprocess.run(command, capture_output=True,
                               timeout=300, check=False)  # fmt: skip
        assert found.returncode == 0, found.stderr
        # Both forms of the trace grow as fast as they are read.
        grepped = subprocess.run(
            ["grep", "-r", "-a", "-c", "busy event", folder, f"{mounted.folder}/objects", f"{mounted.folder}/machine",
             f"{mounted.folder}/changes", f"{mounted.folder}/drives/c/Windows",
             f"{mounted.folder}/registry/HKEY_CURRENT_USER", "--exclude=trace.jsonl"],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        # The address space is a file that begins with a hole.
        assert grepped.stderr.splitlines() == [f"grep: {folder}/memory: Bad address"]
        assert any(line.endswith(":1") for line in grepped.stdout.splitlines())
    assert breakdowns(mounted) == "fuse_failures: 0"


def test_reading_all_of_a_dying_process_gives_data_or_a_plain_error(mounted: Mounted, compile_c: Compiler) -> None:
    allowed = {errno.ENOENT, errno.ESRCH, errno.EFAULT, errno.ESTALE}
    seen: list[OSError] = []
    for before in (20, 35, 50):
        reads = 0
        with busy(mounted, compile_c) as program:
            folder = mounted.process_of("busy.exe")
            while not (folder / "exit_code").read_text():
                for where, _, names in os.walk(folder):
                    for name in names:
                        try:
                            with open(Path(where, name), "rb") as file:
                                file.read(1 << 16)
                            reads += 1
                        except OSError as error:
                            seen.append(error)
                        if reads == before:
                            program.kill()
            assert reads >= before
    assert {error.errno for error in seen} <= allowed
    assert breakdowns(mounted) == "fuse_failures: 0"


def test_unmounting_while_files_are_open_keeps_what_was_written(tmp_path: Path, compile_c: Compiler) -> None:
    with mount(tmp_path) as mounted:
        pass
    assert mounted.winfs("mount", mounted.folder).returncode == 0
    program = compile_c(BUSY, name="busy.exe")
    started = mounted.start(program, cwd=program.parent)
    assert started.stdout is not None
    started.stdout.readline()
    written = open(mounted.c / "open.txt", "w")  # noqa: SIM115
    written.write("kept")
    written.flush()
    trace = os.open(mounted.folder / "trace.jsonl", os.O_RDONLY)
    (mounted.folder / "registry/HKEY_CURRENT_USER/Environment/Kept.sz").write_text("kept")
    try:
        done = mounted.winfs("umount", mounted.folder)
        assert done.returncode == 0, done.stderr
        assert os.listdir(mounted.folder) == []
        started.wait(120)
    finally:
        for close in (lambda: os.close(trace), written.close):
            with suppress(OSError):
                close()
    assert (mounted.host / "open.txt").read_text() == "kept"
    with sqlite3.connect(mounted.home / "default" / "registry.db") as database:
        assert database.execute("select count(*) from \"values\" where name='Kept'").fetchone() == (1,)
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "small", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


FILLS = r"""
#include <windows.h>
#include <stdio.h>
int main(int argc, char **argv) {
    static char block[65536];
    DWORD done, total = 0;
    HANDLE file = CreateFileA("C:\\fill.bin", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) { printf("create %lu\n", GetLastError()); return 1; }
    while (WriteFile(file, block, sizeof block, &done, NULL) && done) total += done;
    printf("full %lu\n", GetLastError());
    return 0;
}
"""


@needs_root
def test_a_full_disk_is_told_to_whoever_writes_and_nothing_is_lost(tmp_path: Path, compile_c: Compiler) -> None:
    program = compile_c(FILLS, name="fills.exe")
    environment = "registry/HKEY_CURRENT_USER/Environment"
    with small_disk(tmp_path / "home", "48m"):
        with mount(tmp_path) as mounted:
            (mounted.c / "before.txt").write_text("before")
            (mounted.folder / environment / "Before.sz").write_text("before")
            started = mounted.start(program, cwd=program.parent)
            assert started.communicate(timeout=300)[0].split() == [b"full", b"112"]  # ERROR_DISK_FULL
            with pytest.raises(OSError, match="No space left") as caught, open(mounted.c / "mine", "wb") as file:
                file.write(bytes(1 << 20))
            assert caught.value.errno == errno.ENOSPC
            # Programs go on, and their changes to the registry wait for room.
            with open(mounted.folder / environment / "During.bin", "wb") as file:
                file.write(os.urandom(500_000))
                file.flush()
                with pytest.raises(OSError, match="No space left"):
                    os.fsync(file.fileno())
                with suppress(OSError):
                    file.close()
            with pytest.raises(OSError, match="No space left"):
                (mounted.folder / environment / "Later.sz").write_text("later")
            assert (mounted.folder / environment / "Later.sz").read_text() == "later\n"
            with pytest.raises(OSError, match="No space left"):
                (mounted.folder / environment / "Key").mkdir()
            with pytest.raises(OSError, match="No space left"):
                (mounted.folder / environment / "Key").rename(mounted.folder / environment / "Renamed")
            assert "registry_failure: database or disk is full\n" in (mounted.folder / "machine/statistics").read_text()
            assert answers(mounted)
            (mounted.c / "fill.bin").unlink()
            (mounted.c / "mine").unlink()
            (mounted.folder / environment / "After.sz").write_text("after")
            assert "registry_failure:\n" in (mounted.folder / "machine/statistics").read_text()
            assert breakdowns(mounted) == "fuse_failures: 0"
        assert mounted.winfs("mount", mounted.folder).returncode == 0
        try:
            assert (mounted.c / "before.txt").read_text() == "before"
            assert (mounted.folder / environment / "Renamed").is_dir()
            for name in ("Before", "Later", "After"):
                assert (mounted.folder / environment / f"{name}.sz").read_text() == f"{name.lower()}\n"
            assert len((mounted.folder / environment / "During.bin").read_bytes()) == 500_000
        finally:
            assert mounted.winfs("umount", mounted.folder).returncode == 0


@needs_root
@pytest.mark.parametrize("command", [["run", "cmd", "/c", "exit"], ["mount", "mnt"], ["machine", "create", "new"]])
def test_a_machine_that_a_disk_has_no_room_for_is_one_line(
    tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "mnt").mkdir()
    with small_disk(tmp_path / "home", "256k"):
        done = subprocess.run([sys.executable, "-m", "winfs", *command], env=environment(tmp_path / "home"),
                              cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)  # fmt: skip
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
        assert done.stderr.startswith(f"winfs: {tmp_path}/home/")
        assert "No space left on device" in done.stderr


@needs_root
def test_a_trace_on_a_full_disk_stops_and_goes_on_when_there_is_room(tmp_path: Path, compile_c: Compiler) -> None:
    with small_disk(tmp_path / "home", "32m"), mount(tmp_path) as mounted:
        filler = mounted.home / "filler"
        with suppress(OSError), open(filler, "wb") as file:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        with busy(mounted, compile_c):
            deadline = time.monotonic() + 120
            while "trace_failure: [Errno 28]" not in (mounted.folder / "machine/statistics").read_text():
                assert time.monotonic() < deadline
            filler.unlink()
            while b'"drop"' not in (mounted.folder / "trace.jsonl").read_bytes():
                assert time.monotonic() < deadline
        lines = (mounted.folder / "trace.jsonl").read_bytes().splitlines()
        assert all(json.loads(line)["event"] for line in lines if line)


@needs_root
def test_a_read_only_machine_folder_is_one_clear_line(tmp_path: Path) -> None:
    with mount(tmp_path) as mounted:
        pass
    with read_only(mounted.home):
        done = mounted.winfs("mount", mounted.folder)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert "home/default" in done.stderr
        assert "Read-only file system" in done.stderr


@needs_root
def test_a_drive_on_a_read_only_disk_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file.txt").write_text("there")
    with read_only(folder), mount(tmp_path, "--drive", f"E:={folder}") as mounted:
        drive = mounted.folder / "drives" / "e"
        assert (drive / "FILE.txt").read_text() == "there"
        for change in (
            lambda: (drive / "new").write_text("x"),
            lambda: (drive / "file.txt").write_text("x"),
            lambda: (drive / "file.txt").unlink(),
            lambda: (drive / "folder").mkdir(),
        ):
            with pytest.raises(OSError, match="Read-only file system"):
                change()
        assert breakdowns(mounted) == "fuse_failures: 0"


def test_a_damaged_registry_is_one_clear_line(tmp_path: Path) -> None:
    with mount(tmp_path) as mounted:
        pass
    database = mounted.home / "default" / "registry.db"
    whole = database.read_bytes()
    for damaged in (b"not a database" * 1000, whole[:100] + bytes(len(whole) - 100)):
        database.write_bytes(damaged)
        for leftover in ("-wal", "-shm"):
            Path(f"{database}{leftover}").unlink(missing_ok=True)
        done = mounted.winfs("mount", mounted.folder)
        assert done.returncode == 1, damaged[:20]
        assert done.stderr.count("\n") == 1
        assert str(database) in done.stderr
    database.write_bytes(whole)
    assert mounted.winfs("mount", mounted.folder).returncode == 0
    assert mounted.winfs("umount", mounted.folder).returncode == 0


def test_large_folders_values_and_keys_are_whole(mounted: Mounted) -> None:
    folder = mounted.c / "many"
    folder.mkdir()
    for index in range(1000):
        (mounted.host / "many" / f"{index:05}.txt").write_text(str(index))
    assert sorted(os.listdir(folder)) == [f"{index:05}.txt" for index in range(1000)]
    assert sum(entry.stat().st_size for entry in os.scandir(folder)) == sum(len(str(index)) for index in range(1000))
    key = mounted.folder / "registry/HKEY_CURRENT_USER/Software/Many"
    key.mkdir()
    large = os.urandom(1 << 20)
    (key / "large.bin").write_bytes(large)
    assert (key / "large.bin").read_bytes() == large
    for index in range(200):
        (key / f"value{index}.dword").write_text(str(index))
        (key / f"key{index}").mkdir()
    assert len(os.listdir(key)) == 401
    assert [(key / f"value{index}.dword").read_text() for index in (0, 199)] == ["0x00000000\n", "0x000000c7\n"]
    shutil.rmtree(key)
    shutil.rmtree(folder)
    assert not key.exists()


def test_odd_names_are_kept_or_refused(mounted: Mounted) -> None:
    folder = os.fsencode(mounted.c / "odd")
    os.mkdir(folder)
    for name in (b"new\nline", b"tab\t", b"a:\xff", b"x" * 256):
        with pytest.raises(OSError, match=r"Invalid|too long") as caught:
            open(os.path.join(folder, name), "wb").close()
        assert caught.value.errno in (errno.EINVAL, errno.ENAMETOOLONG)
    names = [
        b"\xff\xfe",
        b"\xc3\x28",
        b" leading",
        "ünïcödé".encode(),
        "\U0001f600".encode(),
        b"-rf",
        b"a" * 255,
        "é".encode() * 127,
        b"%00",
        b"~1",
    ]
    for name in names:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(name)
    assert sorted(os.listdir(folder)) == sorted(names)
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            assert file.read() == name
    key = os.fsencode(mounted.folder / "registry/HKEY_CURRENT_USER/Software/Odd")
    os.mkdir(key)
    odd = [b"back%5Cslash.sz", b"new\nline.sz", "ü.sz".encode(), b"..sz.sz", b" .sz", b"%2E.sz", b"\xed\xa0\x80.sz"]
    for name in odd:
        with open(os.path.join(key, name), "wb") as file:
            file.write(b"x")
    assert len(os.listdir(key)) == len(odd)
    with pytest.raises(OSError, match="Invalid or incomplete"):
        open(os.path.join(key, b"\xff.sz"), "wb").close()
