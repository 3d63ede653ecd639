"""The programs that a new Windows has in System32: cmd.exe and its companions, written in C (runtime/guest/cmd)."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import Final

import runtime.guest
from runtime.loader.search import SYSTEM_DIRECTORY

SHELL: Final = f"{SYSTEM_DIRECTORY}\\cmd.exe"

_SUFFIXES = (".exe", ".com")
_OURS = bytes.fromhex("1eaba15c")
"""The link time in every program that the guest build makes (little-endian)."""


def is_batch_file(path: str) -> bool:
    """Whether a file of this name is for cmd.exe to run."""
    return path.lower().endswith((".bat", ".cmd"))


def shell_line(command_line: str) -> str:
    """Return the command line with which cmd.exe runs a command line."""
    return f'{SHELL} /c "{command_line}"'


def built_programs() -> list[Path]:
    """Return the host files of the programs that the guest build made."""
    folder = Path(runtime.guest.__file__).parent / "bin"
    return sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES) if folder.is_dir() else []


def system_program(name: str) -> str | None:
    """Return the Windows path of the built program of this name (`cmd`, `reg.exe`), None when there is none."""
    for program in built_programs():
        if name.lower() in (program.name, program.stem):
            return f"{SYSTEM_DIRECTORY}\\{program.name}"
    return None


def install_programs(drive_c: Path) -> None:
    """Put the built programs into System32 below the host folder `drive_c`.

    A file there that is an older one of ours is replaced; one that a person put in its place stays. A drive that takes
    no files keeps what it has.
    """
    folder = drive_c / "Windows" / "System32"
    for source in built_programs():
        target = folder / source.name
        with contextlib.suppress(PermissionError):
            if _is_current(source, target):
                continue
            scratch = folder / f".{source.name}.{os.getpid()}"
            try:
                shutil.copy2(source, scratch)
                scratch.replace(target)
            except OSError as error:  # which names the source
                scratch.unlink(missing_ok=True)
                raise OSError(error.errno, error.strerror, str(target)) from None


def _is_current(source: Path, target: Path) -> bool:
    """Whether `target` is this build of `source`, or somebody else's program."""
    try:
        there = target.stat()
    except FileNotFoundError:
        return False
    here = source.stat()
    if (there.st_size, there.st_mtime_ns) == (here.st_size, here.st_mtime_ns):
        return True
    with target.open("rb") as file:
        head = file.read(0x400)
    at = int.from_bytes(head[0x3C:0x40], "little") + 8
    return head[at : at + 4] != _OURS
