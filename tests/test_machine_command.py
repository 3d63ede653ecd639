"""`winfs machine`: what it makes, tells and takes away, and what it leaves alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.config import Drive, MachineConfig, load_config
from runtime.config_text import settings_of, to_toml
from runtime.folder_lock import folder_in_use
from runtime.loader.order import DllOrder
from tests.mounting import mount
from winfs.cli import invoke

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def machine(
    winfs_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.setenv("WINFS_HOME", str(winfs_home))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        with monkeypatch.context() as patch, open(os.devnull) as nothing:
            patch.setattr(sys, "stdin", nothing)
            status = invoke(["machine", *arguments])
        return subprocess.CompletedProcess(arguments, status, *capfd.readouterr())

    return run


def test_a_machine_is_made_described_listed_and_deleted(machine: Command, winfs_home: Path, tmp_path: Path) -> None:
    folder = winfs_home / "lab"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "kept").touch()
    options = ("--computer-name", "box-7", "--user-name", "ada", "--elevated", "--volume-serial", "1234-ABCD")
    made = machine("create", "lab", *options, "--drive", "D:=data:ro")
    assert (made.returncode, made.stdout) == (0, f"{folder}\n"), made.stderr
    config = load_config(folder)
    assert (config.computer_name, config.user_name, config.elevated, config.volume_serial) == (
        "BOX-7", "ada", True, 0x1234ABCD
    )  # fmt: skip
    assert config.drives == {"D": Drive(tmp_path / "data", "ro")}
    assert (folder / "drive_c" / "Users" / "ada" / "Desktop").is_dir()
    assert (folder / "drive_c" / "Windows" / "System32" / "cmd.exe").is_file()

    report = json.loads(machine("inspect", "lab", "--json").stdout)
    assert (report["machine"], report["mount"], report["settings"]["user_name"]) == ("lab", None, "ada")
    assert report["parts"]["registry"]["size"] > 100_000
    assert report["parts"]["trace"] == {"files": 0, "size": 0}
    assert tomllib.loads(machine("inspect", "lab").stdout)["drives"]["D"] == f"{tmp_path}/data:ro"
    assert [found["machine"] for found in json.loads(machine("list", "--json").stdout)] == ["lab"]
    assert machine("list").stdout.splitlines()[1].split()[0] == "lab"

    assert machine("delete", "lab", "--yes").returncode == 0
    assert not folder.exists()
    assert (tmp_path / "data" / "kept").exists()
    assert machine("list").stdout == f"no machines in {winfs_home}\n"


def test_reset_takes_away_what_it_names_and_keeps_the_settings(machine: Command, winfs_home: Path) -> None:
    folder = winfs_home / "lab"
    assert machine("create", "lab", "--user-name", "ada").returncode == 0
    assert invoke(["reg", "set", "--machine", "lab", "HKCU\\Software\\Demo", "Colour", "blue"]) == 0
    (folder / "drive_c" / "mine.txt").touch()
    (folder / "drives" / "d" / "changes").mkdir(parents=True)
    assert machine("reset", "lab", "--only", "registry", "--yes").returncode == 0
    assert invoke(["reg", "query", "--machine", "lab", "HKCU\\Software\\Demo"]) == 1
    assert (folder / "drive_c" / "mine.txt").exists()
    assert machine("reset", "lab", "-y").returncode == 0
    assert not (folder / "drive_c").exists()
    assert not (folder / "drives").exists()
    assert load_config(folder).user_name == "ada"
    assert invoke(["reg", "query", "--machine", "lab", "HKCU"]) == 0


def test_deleting_follows_no_link_and_leaves_what_is_not_the_machines(
    machine: Command, winfs_home: Path, tmp_path: Path
) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    assert machine("create", "lab").returncode == 0
    (winfs_home / "lab" / "drive_c" / "link").symlink_to(tmp_path / "precious")
    (winfs_home / "lab" / "dumps").symlink_to(tmp_path / "precious")
    (winfs_home / "lab" / "notes.txt").touch()
    done = machine("delete", "lab", "-y")
    assert done.returncode == 1
    assert done.stderr.endswith("left is what is not winfs's: notes.txt\n")
    assert list((winfs_home / "lab").iterdir()) == [winfs_home / "lab" / "notes.txt"]
    assert (tmp_path / "precious" / "file").exists()
    (winfs_home / "other").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "machine.toml").touch()
    assert "is a symbolic link" in machine("delete", "other", "-y").stderr
    assert (tmp_path / "elsewhere" / "machine.toml").exists()


def test_a_machine_in_use_is_not_taken_away(machine: Command, winfs_home: Path) -> None:
    assert machine("create", "lab").returncode == 0
    with folder_in_use(winfs_home / "lab"):
        for command in ("delete", "reset"):
            done = machine(command, "lab", "-y")
            assert (done.returncode, done.stderr) == (1, "winfs: lab: programs run on the machine\n")
    assert machine("delete", "lab", "-y").returncode == 0


def test_a_mounted_machine_is_not_taken_away(tmp_path: Path) -> None:
    with mount(tmp_path) as mounted:
        done = mounted.winfs("machine", "delete", "default", "-y")
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
        assert f"is mounted at {mounted.folder}" in done.stderr
        report = json.loads(mounted.winfs("machine", "inspect", "--json").stdout)
        assert report["mount"] == str(mounted.folder)
        config = (mounted.folder / "machine" / "config").read_text()
        assert tomllib.loads(config)["drives"] == {"C": f"{mounted.host}:rw"}


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        (["create", "../x"], 1, "machine name '../x'"),
        (["create", "lab"], 1, "exists already"),
        (["create", "x", "--computer-name", "a b"], 1, "x: computer_name: "),
        (["create", "x", "--drive", "D:=absent"], 1, "absent: no such directory"),
        (["create", "x", "--volume-serial", "zz"], 2, "1234-ABCD"),
        (["create"], 2, "Missing argument"),
        (["inspect", "absent"], 1, "absent: no such machine"),
        (["inspect", "broken"], 1, "machine.toml: "),
        (["reset", "absent", "-y"], 1, "absent: no such machine"),
        (["reset", "lab"], 2, "say --yes"),
        (["reset", "lab", "-y", "--only", "nonsense"], 2, "'registry', 'files', 'trace', 'dumps'"),
        (["delete", "absent", "-y"], 1, "absent: no such machine"),
        (["delete", "lab"], 2, "say --yes"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_bad_input_is_one_line_and_changes_nothing(
    machine: Command, winfs_home: Path, arguments: list[str], status: int, expected: str
) -> None:
    (winfs_home / "lab").mkdir()
    (winfs_home / "lab" / "machine.toml").write_text('user_name = "ada"\n')
    (winfs_home / "broken").mkdir()
    (winfs_home / "broken" / "machine.toml").write_text("user_name = 7\n")
    done = machine(*arguments)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (status, "", 1), done.stderr
    assert expected in done.stderr
    assert sorted(path.name for path in winfs_home.iterdir()) == ["broken", "lab"]
    assert (winfs_home / "lab" / "machine.toml").exists()


def test_settings_written_as_toml_read_back_the_same(tmp_path: Path) -> None:
    config = MachineConfig(
        folder=tmp_path,
        user_name='a"b\\c',
        drives={"C": Drive(tmp_path / "c"), "E": Drive(tmp_path / "é: [x]", "overlay", "home/me")},
        environment={"A B": "line\nbreak\x7f", "Path": "%X%"},
        dlls=DllOrder((tmp_path,), {"msvcp140.dll": ("native", "builtin"), "*": ("builtin",)}),
        elevated=True,
    )
    (tmp_path / "machine.toml").write_text(to_toml(settings_of(config)), "utf-8")
    assert load_config(tmp_path) == config
