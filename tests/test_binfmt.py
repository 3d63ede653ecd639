"""Programs that the kernel starts by themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import REPOSITORY, Compiler, Runner

from winfs.cli import invoke
from winfs.cli.binfmt import FOLDER, NAME, make_rule, supported

SOURCE = r"""
#include <stdio.h>
int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) printf("[%s]", argv[i]);
    printf("\n");
    return 7;
}
"""
OTHER = "winfs-test-other"


def drop(name: str) -> None:
    with suppress(OSError):
        (FOLDER / name).write_text("-1")


@pytest.fixture
def kernel() -> Iterator[None]:
    """The kernel's rules, ours taken out again afterwards."""
    if os.geteuid() or not supported():
        pytest.skip("only root, on a kernel with binfmt_misc, can do this")
    if not (FOLDER / "register").exists():
        done = subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(FOLDER)], check=False)
        if done.returncode:
            pytest.skip("binfmt_misc cannot be mounted here")
    if (FOLDER / NAME).exists():
        pytest.skip("winfs is registered on this computer")
    yield
    drop(NAME)
    drop(OTHER)


@pytest.fixture
def interpreter(tmp_path: Path) -> Path:
    """What the installed `winfs-exec` is, for this tree."""
    path = tmp_path / "winfs-exec"
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(REPOSITORY)!r})\n"
        "from winfs.cli.binfmt import execute\nexecute()\n"
    )
    path.chmod(0o755)
    return path


@pytest.mark.usefixtures("kernel")
def test_a_registered_program_starts_by_itself(
    winfs: Runner, compile_c: Compiler, tmp_path: Path, winfs_home: Path, interpreter: Path
) -> None:
    program = tmp_path / "a program.exe"
    program.write_bytes(compile_c(SOURCE, name="arguments.exe").read_bytes())
    program.chmod(0o755)
    arguments = [str(program), "a b", "", '"', "--help", "\\"]
    with pytest.raises(OSError, match="Exec format error"):
        subprocess.run(arguments, check=False)
    done = winfs("binfmt", "register", "--interpreter", interpreter)
    assert (done.returncode, done.stderr) == (0, b"")
    assert winfs("binfmt", "status").stdout.decode() == f"winfs: {interpreter}\n"
    environment = {**os.environ, "WINFS_HOME": str(winfs_home)}
    ran = subprocess.run(arguments, capture_output=True, env=environment, cwd=tmp_path, check=False)
    assert ran.stdout == b'[a b][]["][--help][\\]\r\n', ran.stderr
    assert ran.returncode == 7
    assert winfs("binfmt", "unregister").returncode == 0
    assert winfs("binfmt", "status").returncode == 1
    with pytest.raises(OSError, match="Exec format error"):
        subprocess.run(arguments, check=False)
    done = winfs("binfmt", "unregister")
    assert (done.returncode, done.stderr) == (1, b"winfs: not registered\n")


@pytest.mark.usefixtures("kernel")
def test_programs_of_others_are_not_taken_silently(winfs: Runner, interpreter: Path) -> None:
    (FOLDER / "register").write_text(f":{OTHER}:E::exe::/bin/false:")
    done = winfs("binfmt", "register", "--interpreter", interpreter)
    assert done.returncode == 1
    assert done.stderr.startswith(b"winfs: .exe files are started by winfs-test-other (/bin/false); ")
    assert done.stderr.count(b"\n") == 1
    assert not (FOLDER / NAME).exists()
    assert winfs("binfmt", "register", "--force", "--interpreter", interpreter).returncode == 0
    shown = winfs("binfmt", "status").stdout.decode()
    assert f"winfs: {interpreter}\n" in shown
    assert f"{OTHER}: /bin/false\n" in shown


def test_the_rule_for_every_start(winfs: Runner, interpreter: Path) -> None:
    done = winfs("binfmt", "register", "--print", "--interpreter", interpreter)
    assert done.stdout.decode() == f":winfs:M::MZ::{interpreter}:\n"
    assert make_rule(Path("/a:b/winfs-exec")) == ";winfs;M;;MZ;;/a:b/winfs-exec;"


def test_only_root_registers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert invoke(["binfmt", "register", "--interpreter", "/bin/true"]) == 1
    assert capsys.readouterr().err == "winfs: only root may tell the kernel; 'sudo winfs binfmt register'\n"
