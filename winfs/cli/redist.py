"""`winfs redist`: Microsoft's redistributable C++ runtime (msvcp140.dll and its kin), which winfs does not replace."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import click

from runtime.config import ConfigError, MachineConfig, load_config, machine_folder
from winfs.cli import CommandError, explain

PACKAGE = "msvc-runtime"


def system_folder(config: MachineConfig) -> Path:
    """The host folder behind C:\\Windows\\System32."""
    drive = config.drive("C")
    assert drive is not None
    if drive.access == "ro":
        raise CommandError(f"{drive.path}: drive C: is read-only")
    return drive.path / "Windows" / "System32"


def download(folder: Path) -> Path:
    """Fetch the package with pip into `folder` and return the wheel. Raises CommandError."""
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
        "--platform", "win_amd64", "--python-version", "3.11", "--dest", str(folder), PACKAGE,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        reason = done.stderr.strip().splitlines()[-1:] or ["pip brought no file"]
        raise CommandError(f"{PACKAGE}: cannot be downloaded: {reason[0]}")
    return wheels[0]


def unpack(wheel: Path, target: Path) -> list[str]:
    """Copy the DLLs of a wheel into `target`; return their names. Raises CommandError."""
    names = []
    try:
        with zipfile.ZipFile(wheel) as archive:
            for item in archive.infolist():
                name = item.filename.rpartition("/")[2]
                if name.lower().endswith(".dll"):
                    (target / name.lower()).write_bytes(archive.read(item))
                    names.append(name.lower())
    except zipfile.BadZipFile as error:
        raise CommandError(f"{wheel}: {error}") from None
    except OSError as error:
        raise CommandError(f"{target}: {error.strerror or error}") from None
    if not names:
        raise CommandError(f"{wheel}: holds no DLL")
    return sorted(set(names))


@click.group(name="redist")
def command() -> None:
    """Microsoft's redistributable DLLs for programs that need msvcp140."""


@command.command(name="install")
@click.option("--machine", "machine_name", metavar="NAME", help="Use another machine than 'default'.")
@click.option("--wheel", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
              help="Take the DLLs from this wheel instead of downloading it.")  # fmt: skip
def install(machine_name: str | None, wheel: Path | None) -> int:
    """Download the redistributable (PyPI package msvc-runtime) into the machine's System32."""
    try:
        config = load_config(machine_folder(machine_name))
    except ConfigError as error:
        raise CommandError(str(error)) from None
    target = system_folder(config)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(explain(error)) from None
    if wheel is not None:
        names = unpack(wheel, target)
    else:
        with tempfile.TemporaryDirectory() as folder:
            names = unpack(download(Path(folder)), target)
    click.echo(f"{len(names)} DLLs in {target}: {', '.join(names)}")
    return 0
