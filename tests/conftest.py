"""Fixtures: Windows programs compiled on the spot, the command line, a machine folder of one's own."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).parent.parent

# The same examples in every run, however long they take. WINFS_TEST_LONG looks for new ones.
settings.register_profile(
    "winfs",
    deadline=None,
    derandomize="WINFS_TEST_LONG" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("winfs")

# Started in the background of a script, or by nohup, everything that the tests start would ignore these as well.
for _number in (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGHUP,
    signal.SIGTERM,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, ())


def cache_folder() -> Path:
    """Where compiled and downloaded programs stay between test runs."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "winfs-tests"


class Compiler(Protocol):
    """Compiles C to a PE file, or gives back the one of an earlier run."""

    def __call__(self, source: str, *flags: str, name: str = "program.exe", language: str = "c") -> Path: ...


def _zig_version() -> str:
    from importlib import metadata

    return metadata.version("ziglang")


@pytest.fixture(scope="session")
def compile_c() -> Compiler:
    """`compile_c(source, *flags) -> Path`: build a PE (x64, MinGW headers, ucrt) with the ziglang wheel.

    `flags` go to clang (`-shared`, `-nostdlib`, `-lws2_32`, a path of another source file…). `name` is the file's name;
    `language` is "c" or "c++". Results are kept by the hash of all that, across runs.
    """

    def build(source: str, *flags: str, name: str = "program.exe", language: str = "c") -> Path:
        digest = hashlib.sha256(repr((source, flags, name, language, _zig_version())).encode()).hexdigest()
        folder = cache_folder() / "compiled" / digest[:24]
        target = folder / name
        if target.is_file():
            return target
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if target.is_file():
                return target
            text = folder / ("source.cpp" if language == "c++" else "source.c")
            text.write_text(source)
            driver = "c++" if language == "c++" else "cc"
            part = folder / "part" / name  # the linker writes the name into a DLL
            part.parent.mkdir(exist_ok=True)
            target_flags = ["-target", "x86_64-windows-gnu", "-O1", "-g0", "-s"]
            command = [sys.executable, "-m", "ziglang", driver, *target_flags, str(text), *flags, "-o", str(part)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.fail(f"the test program does not compile:\n{done.stderr}")
            part.rename(target)
        return target

    return build


class Runner(Protocol):
    """Runs `winfs` with these arguments and gives back its output and exit status."""

    def __call__(
        self,
        *arguments: str | os.PathLike[str],
        stdin: bytes | None = None,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        timeout: float = 600,
    ) -> subprocess.CompletedProcess[bytes]: ...


@pytest.fixture
def winfs_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for machines (`WINFS_HOME`) of this test alone, outside its `tmp_path`."""
    return tmp_path_factory.mktemp("winfs-home")


@pytest.fixture
def machine_folder(winfs_home: Path) -> Path:
    """The folder of the default machine of this test."""
    folder = winfs_home / "default"
    folder.mkdir()
    return folder


@pytest.fixture
def winfs(winfs_home: Path, tmp_path: Path) -> Runner:
    """`winfs("run", program, …)`: the command line in a process of its own, with a machine of its own.

    The current folder is the test's `tmp_path` unless `cwd` says otherwise; standard input is empty unless given.
    WINFS_TEST_RUNNER names another command to put in the place of `winfs run` (`wine`), to check what a test expects.
    """
    other = os.environ.get("WINFS_TEST_RUNNER")

    def run(
        *arguments: str | os.PathLike[str],
        stdin: bytes | None = None,
        cwd: Path | None = None,
        env: dict[str, str] | None = None,
        timeout: float = 600,
    ) -> subprocess.CompletedProcess[bytes]:
        python_path = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH", ""))))
        environment = {**os.environ, "WINFS_HOME": str(winfs_home), "PYTHONPATH": python_path, **(env or {})}
        command = [sys.executable, "-m", "winfs", *map(os.fspath, arguments)]
        if other and arguments[:1] == ("run",):
            command[:4] = other.split()
        return subprocess.run(
            command,
            input=stdin if stdin is not None else b"",
            capture_output=True,
            cwd=cwd or tmp_path,
            env=environment,
            timeout=timeout,
            check=False,
        )

    return run
