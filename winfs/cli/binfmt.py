"""`winfs binfmt`: let the kernel start Windows programs by themselves (`./prog.exe`), through binfmt_misc.

A rule says: a file that begins with `MZ` is started with an interpreter, `winfs-exec`, which gets the file's path and
the arguments. Rules hold until the computer starts anew. The rule that was made last is asked first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from winfs.cli import CommandError, main

FOLDER = Path("/proc/sys/fs/binfmt_misc")
NAME = "winfs"
_INTERPRETER = "winfs-exec"
_MAGIC = b"MZ"
_LONGEST = 1900
"""What the kernel takes as a rule, in bytes."""


def execute() -> None:
    """The console script `winfs-exec`, which the kernel starts with a program and its arguments. Ends the process."""
    if len(sys.argv) < 2:
        click.echo("winfs-exec: the kernel calls this with a program; see 'winfs binfmt --help'", err=True)
        sys.exit(2)
    main(["run", "--", *sys.argv[1:]])


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that is in force: its name, what it starts, and which files it is for."""

    name: str
    interpreter: str
    enabled: bool
    extension: str
    magic: bytes
    offset: int
    mask: bytes

    @classmethod
    def read(cls, file: Path) -> Rule:
        """Read a rule as the kernel shows it. Raises OSError."""
        facts = {}
        lines = file.read_text(errors="surrogateescape").splitlines()
        for line in lines:
            key, _, value = line.partition(" ")
            facts[key.rstrip(":")] = value
        return cls(
            file.name, facts.get("interpreter", ""), "enabled" in lines, facts.get("extension", ""),
            bytes.fromhex(facts.get("magic", "")), int(facts.get("offset", "0")), bytes.fromhex(facts.get("mask", "")),
        )  # fmt: skip

    @property
    def takes_programs(self) -> bool:
        """Whether Windows programs are among its files."""
        if not self.enabled:
            return False
        if self.extension:
            return self.extension.lower() == ".exe"
        mask = self.mask or b"\xff" * len(self.magic)
        known = zip(self.magic, mask, _MAGIC, strict=False)
        return self.offset == 0 and bool(self.magic) and all(a & m == b & m for a, m, b in known)


@click.group(name="binfmt")
def command() -> None:
    """Let the kernel start .exe files by themselves, with winfs."""


@command.command()
@click.option("--force", is_flag=True, help="Go before other programs (Wine, Mono) that .exe files are started with.")
@click.option("--interpreter", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="PATH",
              help="Start files with this program instead of winfs-exec.")  # fmt: skip
@click.option("--print", "only_print", is_flag=True,
              help="Only print the rule; in /etc/binfmt.d/winfs.conf it is made at every start.")  # fmt: skip
def register(force: bool, interpreter: Path | None, only_print: bool) -> int:
    """Start .exe files with winfs, until the computer starts anew. Needs root."""
    rule = make_rule(interpreter.absolute() if interpreter is not None else find_interpreter())
    if only_print:
        click.echo(rule)
        return 0
    make_ready()
    others = [found for found in rules() if found.takes_programs and found.name != NAME]
    if others and not force:
        shown = ", ".join(f"{other.name} ({other.interpreter})" for other in others)
        raise CommandError(f".exe files are started by {shown}; 'winfs binfmt register --force' goes before that")
    if (FOLDER / NAME).exists():
        write(FOLDER / NAME, "-1")
    write(FOLDER / "register", rule)
    if (FOLDER / "status").read_text().strip() != "enabled":
        click.echo("winfs: binfmt_misc is switched off: 'echo 1 > /proc/sys/fs/binfmt_misc/status'", err=True)
    return 0


@command.command()
def unregister() -> int:
    """Start .exe files with winfs no longer. Needs root."""
    if not (FOLDER / NAME).exists():
        raise CommandError("not registered")
    write(FOLDER / NAME, "-1")
    return 0


@command.command()
def status() -> int:
    """Say what .exe files are started with. Exit status 1: not with winfs."""
    if not supported():
        click.echo("this kernel has no binfmt_misc")
        return 1
    if not (FOLDER / "status").exists():
        click.echo(f"not registered ({FOLDER} is not mounted)")
        return 1
    if (FOLDER / "status").read_text().strip() != "enabled":
        click.echo("binfmt_misc is switched off")
        return 1
    found = [rule for rule in rules() if rule.takes_programs]
    for rule in found:
        click.echo(f"{rule.name}: {rule.interpreter}")
    if not any(rule.name == NAME for rule in found):
        click.echo("not registered")
        return 1
    if len(found) > 1:
        click.echo("the one that was registered last is used")
    return 0


def find_interpreter() -> Path:
    """The installed `winfs-exec`. Raises CommandError."""
    from shutil import which

    beside = [Path(folder) / _INTERPRETER for folder in (os.path.dirname(sys.argv[0]), os.path.dirname(sys.executable))]
    on_path = which(_INTERPRETER)
    for candidate in [*beside, *([Path(on_path)] if on_path else [])]:
        if os.access(candidate, os.X_OK):
            return candidate.absolute()
    raise CommandError(f"{_INTERPRETER} is not installed; install winfs anew ('pip install .')")


def make_rule(interpreter: Path) -> str:
    """The rule as the kernel reads it. Raises CommandError for an interpreter that it cannot name."""
    path = str(interpreter)
    separator = next((mark for mark in ":;,|!" if mark not in path), None)
    if separator is None or "\n" in path or len(os.fsencode(path)) > _LONGEST:
        raise CommandError(f"{path}: the kernel cannot be told this path")
    return separator.join(["", NAME, "M", "", _MAGIC.decode(), "", path, ""])


def supported() -> bool:
    """Whether the kernel knows binfmt_misc."""
    if (FOLDER / "status").exists():
        return True
    with open("/proc/filesystems", encoding="ascii") as file:
        return any(line.split()[-1] == "binfmt_misc" for line in file)


def make_ready() -> None:
    """Mount binfmt_misc where it is not. Raises CommandError with the cure."""
    if os.geteuid():
        raise CommandError("only root may tell the kernel; 'sudo winfs binfmt register'")
    if (FOLDER / "status").exists():
        return
    if not supported():
        raise CommandError("this kernel has no binfmt_misc; 'modprobe binfmt_misc' loads it where it is a module")
    done = subprocess.run(
        ["mount", "-t", "binfmt_misc", "binfmt_misc", str(FOLDER)], capture_output=True, text=True, check=False
    )
    if done.returncode or not (FOLDER / "status").exists():
        raise CommandError(f"{FOLDER} cannot be mounted; do it outside of the container ({done.stderr.strip()})")


def rules() -> list[Rule]:
    """The rules in force."""
    found = []
    for file in sorted(FOLDER.iterdir()):
        if file.name not in ("register", "status"):
            try:
                found.append(Rule.read(file))
            except (OSError, ValueError):
                continue
    return found


def write(file: Path, text: str) -> None:
    """Tell the kernel. Raises CommandError."""
    try:
        descriptor = os.open(file, os.O_WRONLY)
        try:
            os.write(descriptor, os.fsencode(text))
        finally:
            os.close(descriptor)
    except PermissionError:
        raise CommandError(f"{file}: no permission; run this as root") from None
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None
