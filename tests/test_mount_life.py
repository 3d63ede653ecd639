"""How a mount begins and ends: errors with their cure, unmounting in every way, and what stays behind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Compiler
from mounting import Mounted, environment, mount

from winfs.control import daemon_of, mounts

LARGE = {"SOFTWARE", "HKEY_CLASSES_ROOT", "HKEY_USERS"}
"""Keys that are left out where everything is read."""


def new(base: Path) -> Mounted:
    mounted = Mounted(base / "mnt", base / "home")
    mounted.folder.mkdir()
    mounted.home.mkdir()
    return mounted


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mounted]:
    with mount(tmp_path_factory.mktemp("life")) as found:
        yield found


def daemon_pid(mounted: Mounted) -> int:
    return int(json.loads((mounted.home / "default" / "daemon.json").read_text())["pid"])


def is_mounted(mounted: Mounted) -> bool:
    return any(found.mountpoint == str(mounted.folder) for found in mounts())


def until(condition: Callable[[], bool], seconds: float = 120) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def gone(mounted: Mounted) -> bool:
    return not is_mounted(mounted) and daemon_of(mounted.home / "default") is None


def terminate(mounted: Mounted) -> None:
    os.kill(daemon_pid(mounted), signal.SIGTERM)


def hang_up(mounted: Mounted) -> None:
    """What the end of a session sends: the later ones come while the machine writes what is to last."""
    pid = daemon_pid(mounted)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        os.kill(pid, number)


def interrupt(mounted: Mounted) -> None:
    os.kill(daemon_pid(mounted), signal.SIGINT)


def fusermount(mounted: Mounted) -> None:
    subprocess.run(["fusermount3", "-u", str(mounted.folder)], check=True)


def lazily(mounted: Mounted) -> None:
    subprocess.run(["umount", "-l", str(mounted.folder)], check=True)


def umount(mounted: Mounted) -> None:
    assert mounted.winfs("umount", mounted.folder).returncode == 0


def through_ctl(mounted: Mounted) -> None:
    (mounted.folder / "ctl").write_text("shutdown\n")


def kill(mounted: Mounted) -> None:
    os.kill(daemon_pid(mounted), signal.SIGKILL)


WAITING = r"""
#include <windows.h>
#include <stdio.h>
int main(void) { puts("waiting"); fflush(stdout); Sleep(60000); return 1; }
"""


def by_link(mounted: Mounted) -> None:
    link = mounted.folder.with_name("a link")
    link.symlink_to(mounted.folder)
    assert mounted.winfs("umount", f"{link}/").returncode == 0


@pytest.mark.parametrize("end", [terminate, hang_up, interrupt, fusermount, lazily, umount, by_link, through_ctl, kill])
def test_every_end_leaves_no_mount_and_keeps_the_registry(
    tmp_path: Path, end: Callable[[Mounted], None], compile_c: Compiler
) -> None:
    """With a shell that stands in the mount, an open file and a running program, where `fusermount3` takes that."""
    mounted = new(tmp_path)
    busy = end is not fusermount
    assert mounted.winfs("mount", mounted.folder).returncode == 0
    value = "registry/HKEY_CURRENT_USER/Environment/Kept.sz"
    with open(mounted.folder / value, "w") as file:
        file.write("kept")
        file.flush()
        os.fsync(file.fileno())
    with contextlib.ExitStack() as users:
        if busy:
            (mounted.c / "waiting.exe").write_bytes(compile_c(WAITING, name="waiting.exe").read_bytes())
            shell = users.enter_context(subprocess.Popen(["sleep", "100"], cwd=mounted.c))
            users.callback(shell.kill)
            held = os.open(mounted.c / "held.txt", os.O_RDWR | os.O_CREAT)
            os.write(held, b"written")
            program = users.enter_context(mounted.start("waiting.exe"))
            assert program.stdout is not None
            assert program.stdout.readline() == b"waiting\r\n"
        end(mounted)
        assert until(lambda: gone(mounted))
        if busy:
            assert program.wait(120) == 1
            assert program.stdout.read() == b"winfs: the machine was shut down\n"
            assert (mounted.host / "held.txt").read_bytes() == b"written"
            with pytest.raises(OSError, match="not connected"):
                os.write(held, b"more")
            with pytest.raises(OSError, match="not connected"):
                os.close(held)
    assert os.listdir(mounted.folder) == []
    assert mounted.winfs("mount", mounted.folder).returncode == 0
    try:
        assert (mounted.folder / value).read_text() == "kept\n"
    finally:
        umount(mounted)
    assert not is_mounted(mounted)


def test_fusermount_leaves_a_busy_mount_alone(mounted: Mounted) -> None:
    with open(mounted.c / "held.txt", "w") as held:
        done = subprocess.run(["fusermount3", "-u", mounted.folder], capture_output=True, text=True, check=False)
        assert done.returncode
        assert "busy" in done.stderr
        held.write("goes on")
    assert (mounted.c / "held.txt").read_text() == "goes on"


def test_umount_waits_for_programs_if_told(tmp_path: Path, compile_c: Compiler) -> None:
    mounted = new(tmp_path)
    assert mounted.winfs("mount", mounted.folder).returncode == 0
    (mounted.c / "lines.exe").write_bytes(compile_c(LINES, name="lines.exe").read_bytes())
    done = mounted.winfs("run", "--detach", "lines.exe", cwd=mounted.c)
    process = mounted.folder / "process" / done.stdout.strip()
    umounting = subprocess.Popen(
        [sys.executable, "-m", "winfs", "umount", "--wait", mounted.folder], env=environment(mounted.home)
    )
    with umounting:
        (process / "stdin").write_text("one\n")
        assert until(lambda: (process / "stdout").read_bytes() == b"one\r\n")
        assert umounting.poll() is None
        (process / "ctl").write_text("eof\n")
        assert umounting.wait(120) == 0
    assert gone(mounted)


LINES = r"""
#include <stdio.h>
int main(void) {
    char line[80];
    while (fgets(line, sizeof line, stdin)) { fputs(line, stdout); fflush(stdout); }
    return 0;
}
"""


def test_errors_are_one_line_with_the_cure(mounted: Mounted, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    full = tmp_path / "full"
    (full / "something").mkdir(parents=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    for target, part in (
        (tmp_path / "missing", "no such directory; make it with"),
        (file, "not a directory"),
        (full, "not empty"),
        (mounted.folder, "mounted there already"),
        (empty, "mounted already at"),
    ):
        done = mounted.winfs("mount", target)
        assert done.returncode == 1
        assert part in done.stderr
        assert done.stderr.count("\n") == 1
    done = mounted.winfs("umount", empty)
    assert done.returncode == 1
    assert "no machine is mounted there" in done.stderr


def test_ps_lists_machines_and_programs(mounted: Mounted) -> None:
    assert f"default: mounted at {mounted.folder}" in mounted.winfs("ps").stdout
    listed = json.loads(mounted.winfs("ps", "--json").stdout)
    assert listed[0]["machine"] == "default"
    assert listed[0]["programs"] == []


def test_everything_can_be_read(mounted: Mounted) -> None:
    count = 0
    for folder, folders, names in os.walk(mounted.folder):
        folders[:] = [name for name in folders if name not in LARGE]
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                path.read_bytes()
                count += 1
    assert count > 100
    statistics = (mounted.folder / "machine/statistics").read_text()
    assert "fuse_failures: 0\n" in statistics


def test_machine_files(mounted: Mounted) -> None:
    machine = mounted.folder / "machine"
    assert (machine / "folder").read_text() == f"{mounted.home / 'default'}\n"
    assert "windows: 10.0.19045" in (machine / "version").read_text()
    assert float((machine / "uptime").read_text()) > 0
    assert 'computer_name = "WINFS"' in (machine / "config").read_text()
    with pytest.raises(OSError, match="Invalid argument"):
        (mounted.folder / "ctl").write_text("nonsense\n")
    assert shutil.disk_usage(mounted.folder).total > 0


def test_a_dead_mount_in_the_way_is_named_and_can_be_taken_away(tmp_path: Path) -> None:
    mounted = new(tmp_path)
    for cure in (["fusermount3", "-uz", str(mounted.folder)], [*WINFS, "umount", str(mounted.folder)]):
        assert mounted.winfs("mount", mounted.folder).returncode == 0
        for helper in helpers_of(mounted):
            os.kill(helper, signal.SIGKILL)
        kill(mounted)
        assert until(lambda: daemon_of(mounted.home / "default") is None)
        assert is_mounted(mounted), "without its helpers it stays"
        done = mounted.winfs("mount", mounted.folder)
        assert done.returncode == 1
        assert f"a dead mount is in the way; 'fusermount3 -uz {mounted.folder}' takes it away" in done.stderr
        assert done.stderr.count("\n") == 1
        done = mounted.winfs("ps")
        assert done.returncode == 0
        assert "not mounted" in done.stdout
        subprocess.run(cure, env=environment(mounted.home), check=True)
        assert not is_mounted(mounted)


WINFS = [sys.executable, "-m", "winfs"]


def helpers_of(mounted: Mounted) -> list[int]:
    """The processes that take the mount away when the daemon dies."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                line = (folder / "cmdline").read_bytes()
                if (b"auto_unmount" in line or b"winfs-guard" in line) and os.fsencode(mounted.folder) in line:
                    found.append(int(folder.name))
    return found


def test_the_guard_alone_takes_the_mount_of_a_killed_daemon_away(tmp_path: Path) -> None:
    """As it has to for users other than root."""
    mounted = new(tmp_path)
    assert mounted.winfs("mount", mounted.folder).returncode == 0
    for helper in helpers_of(mounted):
        if b"auto_unmount" in Path(f"/proc/{helper}/cmdline").read_bytes():
            os.kill(helper, signal.SIGKILL)
    kill(mounted)
    assert until(lambda: gone(mounted))
    assert helpers_of(mounted) == []


def test_without_dev_fuse_the_cure_is_told(tmp_path: Path) -> None:
    mounted = new(tmp_path)
    script = 'mount -t tmpfs none /dev && exec "$@"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", *WINFS, "mount", str(mounted.folder)],
        env=environment(mounted.home), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "unshare" in done.stderr or "mount: " in done.stderr:
        pytest.skip(f"no namespaces here: {done.stderr}")
    assert done.returncode == 1
    assert done.stderr.startswith("winfs: /dev/fuse is missing; ")
    assert done.stderr.count("\n") == 1


def test_ps_shows_programs_of_every_machine(mounted: Mounted, tmp_path: Path, compile_c: Compiler) -> None:
    (mounted.c / "waiting.exe").write_bytes(compile_c(WAITING, name="waiting.exe").read_bytes())
    second = tmp_path / "second"
    second.mkdir()
    assert mounted.winfs("mount", "--machine", "second", second).returncode == 0
    try:
        (second / "drives" / "c" / "waiting.exe").write_bytes(compile_c(WAITING, name="waiting.exe").read_bytes())
        first_pid = mounted.winfs("run", "--detach", "waiting.exe", cwd=mounted.c).stdout.strip()
        second_pid = mounted.winfs("run", "--detach", "waiting.exe", cwd=second / "drives" / "c").stdout.strip()
        listed = {machine["machine"]: machine for machine in json.loads(mounted.winfs("ps", "--json").stdout)}
        assert listed["second"]["mount"] == str(second)
        for name, pid in (("default", first_pid), ("second", second_pid)):
            (program,) = listed[name]["programs"]
            assert str(program["pid"]) == pid
            assert program["image"].lower() == "c:\\waiting.exe"
        assert f"  {first_pid:>6}  running  C:\\waiting.exe" in mounted.winfs("ps").stdout
        done = mounted.winfs("kill", "1", cwd=tmp_path)
        assert done.stderr == "winfs: several machines are mounted: name one with --machine or give its folder\n"
        assert mounted.winfs("kill", first_pid, cwd=mounted.c).returncode == 0
    finally:
        assert mounted.winfs("umount", "--machine", "second").returncode == 0
