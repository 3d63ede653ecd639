"""A mounted machine for tests: the command line starts and ends it, the tests look at files."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


@dataclass
class Mounted:
    """Where a machine is mounted, and its home (`WINFS_HOME`)."""

    folder: Path
    home: Path
    python_path: str = str(REPOSITORY)

    @property
    def c(self) -> Path:
        """Drive C: as the mount shows it."""
        return self.folder / "drives" / "c"

    @property
    def host(self) -> Path:
        """Drive C: on the host."""
        return self.home / "default" / "drive_c"

    def winfs(self, *arguments: str | os.PathLike[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run the command line."""
        return subprocess.run(
            [sys.executable, "-m", "winfs", *map(os.fspath, arguments)], cwd=cwd,
            env={**environment(self.home), "PYTHONPATH": self.python_path},
            capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def start(
        self, *arguments: str | os.PathLike[str], cwd: Path | None = None, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        """Start a program with `winfs run`."""
        return subprocess.Popen(
            [sys.executable, "-m", "winfs", "run", *map(os.fspath, arguments)], env=environment(self.home),
            cwd=cwd or self.c, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def process_of(self, image: str) -> Path:
        """Wait for a running program of that file name; return its folder in `process/`."""

        def find() -> Path | None:
            for folder in (self.folder / "process").iterdir():
                if (folder / "image").read_text().strip().lower().endswith(image.lower()) and (
                    folder / "maps"
                ).exists():
                    return folder
            return None

        return wait_for(find)


def environment(home: Path) -> dict[str, str]:
    """The environment of a command."""
    return {**os.environ, "WINFS_HOME": str(home), "PYTHONPATH": str(REPOSITORY)}


def wait_for(look: Callable[[], Path | None], seconds: float = 120) -> Path:
    """Look until there is something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            found = look()
        except OSError:
            found = None
        if found is not None:
            return found
        time.sleep(0.02)
    raise AssertionError("nothing came of it")


@contextmanager
def mount(base: Path, *options: str, patch: str = "") -> Iterator[Mounted]:
    """Mount a new machine below `base`; unmount it at the end. `patch` is Python that its daemon runs first."""
    mounted = Mounted(base / "mnt", base / "home")
    mounted.folder.mkdir()
    mounted.home.mkdir(exist_ok=True)
    if patch:
        # The interpreter imports this at its start: in the process that becomes the daemon as well.
        (base / "sitecustomize.py").write_text(f'import sys\nif "--foreground" in sys.orig_argv:\n    {patch}\n')
        mounted.python_path = os.pathsep.join((str(REPOSITORY), str(base)))
    done = mounted.winfs("mount", mounted.folder, *options)
    mounted.python_path = str(REPOSITORY)
    assert done.returncode == 0, done.stderr
    try:
        yield mounted
    finally:
        ended = mounted.winfs("umount", mounted.folder)
        if os.path.ismount(mounted.folder):
            subprocess.run(["umount", "-l", str(mounted.folder)], check=False)
        assert ended.returncode == 0, ended.stderr
