"""Which machine a command is about: the one named, the one whose mount holds the current folder, else a usual one."""

from __future__ import annotations

import os
from pathlib import Path

from runtime.places import ConfigError, machine_folder
from winfs.cli import CommandError
from winfs.control import daemon_of, folder_of_mount, is_machine_mount, mount_of, mounts


def chosen_machine(machine: str | None) -> Path:
    """The folder of the machine that is named, whose mount holds the current folder, or of 'default'.

    Raises ConfigError.
    """
    default = machine_folder(machine)
    mount = mount_of(os.path.realpath(".")) if machine is None else None
    return (folder_of_mount(mount, default.parent) if mount is not None else None) or default


def mounted_folder(folder: str | None, machine: str | None) -> Path:
    """The folder where the machine is mounted. Raises CommandError."""
    if machine is not None:
        try:
            daemon = daemon_of(machine_folder(machine))
        except ConfigError as error:
            raise CommandError(str(error)) from None
        if daemon is None or not daemon.mountpoint:
            raise CommandError(f"{machine}: the machine is not mounted; 'winfs mount DIR --machine {machine}' does it")
        return Path(daemon.mountpoint)
    if folder is not None:
        found = mount_of(os.path.realpath(folder))
        if found is None:
            raise CommandError(f"{folder}: no machine is mounted there ('winfs ps' lists them)")
        return Path(found.mountpoint)
    found = mount_of(os.path.realpath("."))
    if found is not None:
        return Path(found.mountpoint)
    here = [mount.mountpoint for mount in mounts() if is_machine_mount(mount)]
    if len(here) == 1:
        return Path(here[0])
    if here:
        raise CommandError("several machines are mounted: name one with --machine or give its folder")
    raise CommandError("no machine is mounted; 'winfs mount DIR' does it")
