"""`winfs diff`: what programs changed on a mounted machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from winfs.cli import CommandError
from winfs.cli.mounted import mounted_folder

_COLOURS = {"A": "green", "M": "yellow", "D": "red"}


@click.command(name="diff")
@click.option("--machine", metavar="NAME", help="The machine; otherwise the one that holds the current folder.")
@click.option("--files", "only", flag_value="files", help="Only files.")
@click.option("--registry", "only", flag_value="registry", help="Only the registry, as a .reg file.")
@click.option("--mark", is_flag=True, help="Count changes from now on, after showing those so far.")
@click.argument("folder", metavar="[DIR]", required=False)
def command(folder: str | None, machine: str | None, only: str | None, mark: bool) -> int:
    """Show what programs changed since the machine was mounted (or since --mark): files, then registry.

    DIR is where it is mounted. Files are marked A (added), M (modified) or D (deleted). Exit status 1 when there is no
    change, as grep has it.
    """
    changes = mounted_folder(folder, machine) / "changes"
    files = "" if only == "registry" else _read(changes / "files")
    registry = "" if only == "files" else _read(changes / "registry.reg")
    if not only and "[" not in registry:
        registry = ""
    _show(files, registry)
    if mark:
        _write(changes / "ctl", "mark\n")
    return 0 if files or "[" in registry else 1


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from None


def _show(files: str, registry: str) -> None:
    if not sys.stdout.isatty():
        sys.stdout.buffer.write((files + registry).encode("utf-8", "surrogateescape"))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False)
    for line in files.splitlines():
        console.print(Text(_visible(line.replace("\t", " ", 1)), style=_COLOURS.get(line[:1], "dim")))
    if files and registry:
        console.print()
    for line in registry.splitlines():
        console.print(Text(_visible(line), style=_registry_style(line)))


def _registry_style(line: str) -> str:
    if line.startswith("[-") or line.endswith("=-"):
        return "red"
    if line.startswith("["):
        return "bold"
    return "green" if line.startswith(('"', "@", "  ")) else "dim"


def _visible(line: str) -> str:
    """Names are a program's choice: no control characters reach the terminal."""
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in line)
