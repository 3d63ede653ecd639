"""`winfs machine`: list, make, describe, reset and delete machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

import click

from runtime.config import ConfigError, Drive, load_config
from runtime.config_text import Setting, drive_setting, settings_of, to_toml
from runtime.nt.registry_store import StoreError
from runtime.places import machine_folder
from winfs import machines
from winfs.cli import CommandError, explain
from winfs.cli.output import print_table
from winfs.cli.run import drive_option, serial_option
from winfs.control import daemon_of
from winfs.registry_access import RegistryAccessError


@click.group(name="machine")
def command() -> None:
    """List, make, describe, reset and delete machines.

    A machine is a folder in $WINFS_HOME (~/.local/share/winfs). 'winfs run' and 'winfs mount' make one that is missing,
    with the default settings.
    """


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_machines(as_json: bool) -> int:
    """List all machines with what they take on the disk."""
    found = []
    with _errors():
        for folder in machines.machines():
            daemon = daemon_of(folder)
            size = machines.usage(folder).size
            mount = daemon.mountpoint if daemon is not None else None
            found.append({"machine": folder.name, "mount": mount, "size": size, "folder": str(folder)})
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif not found:
        click.echo(f"no machines in {machine_folder(None).parent}")
    else:
        print_table(
            ("machine", "size", "mounted at", "folder"),
            [(str(m["machine"]), _size(cast(int, m["size"])), str(m["mount"] or "-"), str(m["folder"])) for m in found],
            right=frozenset({"size"}),
        )
    return 0


@command.command(name="create")
@click.option("--computer-name", metavar="NAME", help="1 to 15 letters, digits and '-'.")
@click.option("--user-name", metavar="NAME", help="The name of the user; also of the profile folder.")
@click.option("--elevated", is_flag=True, help="Programs run as administrator.")
@serial_option
@drive_option
@click.argument("name")
def create(
    name: str,
    computer_name: str | None,
    user_name: str | None,
    elevated: bool,
    volume_serial: int | None,
    drive: Mapping[str, Drive],
) -> int:
    """Make the machine NAME: drive C:, registry and a machine.toml with these settings."""
    settings: dict[str, Setting | Mapping[str, Setting]] = {}
    if computer_name is not None:
        settings["computer_name"] = computer_name
    if user_name is not None:
        settings["user_name"] = user_name
    if elevated:
        settings["elevated"] = True
    if volume_serial is not None:
        settings["volume_serial"] = f"{volume_serial >> 16:04X}-{volume_serial & 0xFFFF:04X}"
    if drive:
        settings["drives"] = {letter: drive_setting(found) for letter, found in drive.items()}
    with _errors():
        config = machines.create(name, settings)
    click.echo(config.folder)
    return 0


@command.command(name="inspect")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("name", required=False)
def inspect(name: str | None, as_json: bool) -> int:
    """Describe the machine NAME (or 'default'): what it holds, and its settings in the form of machine.toml."""
    with _errors():
        folder = machines.existing(name)
        settings = settings_of(load_config(folder))
        daemon = daemon_of(folder)
        parts = {
            part: [machines.usage(folder / entry) for entry in entries] for part, entries in machines.PARTS.items()
        }
    usage = {part: (sum(u.files for u in found), sum(u.size for u in found)) for part, found in parts.items()}
    if as_json:
        report = {
            "machine": folder.name, "folder": str(folder), "mount": daemon.mountpoint if daemon else None,
            "parts": {part: {"files": files, "size": size} for part, (files, size) in usage.items()},
            "settings": settings,
        }  # fmt: skip
        click.echo(json.dumps(report, indent=2))
        return 0
    lines = [
        f"# machine   {folder.name}",
        f"# folder    {folder}",
        f"# mounted   {f'at {daemon.mountpoint} (pid {daemon.pid})' if daemon else 'no'}",
        *(f"# {part:<9} {_size(size)} in {files} files" if files else f"# {part:<9} none"
          for part, (files, size) in usage.items()),
    ]  # fmt: skip
    click.echo("\n".join(lines) + "\n\n" + to_toml(settings), nl=False)
    return 0


@command.command(name="reset")
@click.option("--only", "parts", multiple=True, type=click.Choice(list(machines.PARTS)),
              help="Only this part. Repeatable.")  # fmt: skip
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.argument("name")
def reset(name: str, parts: tuple[machines.Part, ...], yes: bool) -> int:
    """Make the machine NAME as new: its registry, drive C:, overlay changes, trace and dumps go, its settings stay."""
    with _errors():
        folder = machines.existing(name)
        wanted = parts or tuple(machines.PARTS)
        _confirm(f"Take away {', '.join(wanted)} of the machine in {folder}?", yes)
        machines.reset(name, wanted)
    return 0


@command.command(name="delete")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.argument("name")
def delete(name: str, yes: bool) -> int:
    """Take the machine NAME away for good. Folders of the host that are its drives stay as they are."""
    with _errors():
        folder = machines.existing(name)
        _confirm(f"Delete the machine in {folder}, with everything on its drive C:?", yes)
        machines.delete(name)
    return 0


def _confirm(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked: say --yes")
    if not click.confirm(question):
        raise CommandError("nothing was done")


def _size(size: int) -> str:
    number = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024 or unit == "GiB":
            break
        number /= 1024
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"


@contextmanager
def _errors() -> Iterator[None]:
    """Whatever goes wrong with a machine is one line."""
    try:
        yield
    except (machines.MachineError, ConfigError, StoreError, RegistryAccessError) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(explain(error)) from None
