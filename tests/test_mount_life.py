"""How a mount begins and ends: errors with their cure, unmounting in every way, and what stays behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mounting import Mounted, mount

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


def until(condition: Callable[[], bool], seconds: float = 15) -> bool:
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


@pytest.mark.parametrize("end", [terminate, interrupt, fusermount, lazily, umount, through_ctl, kill])
def test_every_end_leaves_no_mount_and_keeps_the_registry(tmp_path: Path, end: Callable[[Mounted], None]) -> None:
    mounted = new(tmp_path)
    assert mounted.winfs("mount", mounted.folder).returncode == 0
    value = "registry/HKEY_CURRENT_USER/Environment/Kept.sz"
    with open(mounted.folder / value, "w") as file:
        file.write("kept")
        file.flush()
        os.fsync(file.fileno())
    end(mounted)
    assert until(lambda: gone(mounted))
    assert os.listdir(mounted.folder) == []
    assert mounted.winfs("mount", mounted.folder).returncode == 0
    try:
        assert (mounted.folder / value).read_text() == "kept\n"
    finally:
        umount(mounted)
    assert not is_mounted(mounted)


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
