"""`winfs umount`: end a mounted machine."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from pathlib import Path

import click

from runtime.places import ConfigError, machine_folder
from winfs.cli import CommandError
from winfs.control import LOCK, ControlError, Mount, connect, folder_of_mount, is_machine_mount, mounts

_PATIENCE = 20.0
"""Seconds in which a machine must have shut down."""


@click.command(name="umount")
@click.option("--wait", is_flag=True, help="Wait until the programs have ended; without it they are ended.")
@click.option("--machine", "machine_name", metavar="NAME", help="End this machine, wherever it is mounted.")
@click.argument("folder", metavar="[DIR]", required=False)
def command(folder: str | None, machine_name: str | None, wait: bool) -> int:
    """End the machine that is mounted at DIR: its programs, then the mount. Its registry and drives are kept."""
    if (folder is None) == (machine_name is None):
        raise click.UsageError("give the folder of the mount, or --machine NAME")
    try:
        if machine_name is not None:
            return _end(machine_folder(machine_name), machine_name, None, wait)
        assert folder is not None
        mount = _find(folder)
        found = _machine_of(mount)
    except ConfigError as error:
        raise CommandError(str(error)) from None
    if found is None:
        # Nobody serves it any more: a dead mount only has to be taken away.
        subprocess.run(["fusermount3", "-u", "-z", mount.mountpoint], check=False)
        return 0 if mount not in mounts() else 1
    return _end(found, folder, mount, wait)


def _find(folder: str) -> Mount:
    path = os.path.abspath(folder)
    # A mount that does not answer must not be looked at: links in its own name are followed only where it has none.
    for follow in (_resolved, os.path.realpath):
        for mount in reversed(mounts()):
            if is_machine_mount(mount) and mount.mountpoint in (path, follow(path)):
                return mount
    raise CommandError(f"{folder}: no machine is mounted there ('winfs ps' lists them)")


def _resolved(path: str) -> str:
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def _machine_of(mount: Mount) -> Path | None:
    return folder_of_mount(mount, machine_folder(None).parent)


def _end(folder: Path, shown: str, mount: Mount | None, wait: bool) -> int:
    connection = connect(folder)
    if connection is None:
        raise CommandError(f"{shown}: the machine is not mounted")
    try:
        connection.send({"do": "stop", "wait": wait})
        while connection.receive() is not None:
            pass
    except ControlError:
        pass
    finally:
        connection.close()
    deadline = time.monotonic() + _PATIENCE
    lock = os.open(folder / LOCK, os.O_RDONLY)
    try:
        while time.monotonic() < deadline:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.01)
                continue
            return 0
    finally:
        os.close(lock)
    raise CommandError(f"{shown}: the machine does not shut down")
