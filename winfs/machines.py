"""The machines of this person: which there are, what they hold, and how they are made and taken away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from runtime.folder_lock import LOCK as USE_LOCK
from runtime.folder_lock import FolderInUse, folder_alone
from runtime.places import machine_folder
from winfs.control import LOCK, SOCKET, STATE, daemon_of

if TYPE_CHECKING:
    from runtime.config import MachineConfig
    from runtime.config_text import Settings

Part = Literal["registry", "files", "trace", "dumps"]

PARTS: dict[Part, tuple[str, ...]] = {
    "registry": ("registry.db", "registry.db-wal", "registry.db-shm", "registry.db-journal"),
    "files": ("drive_c", "drives"),
    "trace": ("trace",),
    "dumps": ("dumps",),
}
"""What a machine folder holds of each kind. `drives` is what overlay drives keep of programs' changes."""
_BEGINNINGS = ("machine.toml", "registry.db", "drive_c", USE_LOCK)
_REST = ("machine.toml", "daemon.log", LOCK, STATE, SOCKET, USE_LOCK)


class MachineError(Exception):
    """A machine cannot be made, found or taken away; `str()` is one line."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Files (and folders) and the bytes they take on the disk."""

    files: int = 0
    size: int = 0


def machines() -> list[Path]:
    """The folders of all machines, by name. Raises ConfigError, OSError."""
    home = machine_folder(None).parent
    return sorted(path for path in home.iterdir() if is_machine(path)) if home.is_dir() else []


def is_machine(folder: Path) -> bool:
    """Whether a folder holds a machine, or at least the beginning of one."""
    return folder.is_dir() and any(os.path.lexists(folder / name) for name in _BEGINNINGS)


def existing(name: str | None) -> Path:
    """The folder of a machine that exists. Raises MachineError, ConfigError."""
    folder = machine_folder(name)
    if not is_machine(folder):
        raise MachineError(f"{folder.name}: no such machine ('winfs machine list' names them)")
    return folder


def create(name: str, settings: Settings) -> MachineConfig:
    """Make a machine: its settings, an empty drive C: and a fresh registry.

    Raises MachineError, ConfigError, StoreError, OSError.
    """
    from runtime.config import parse_settings
    from runtime.config_text import to_toml
    from runtime.nt.known_folders import create_skeleton
    from runtime.nt.system_programs import install_programs
    from winfs.registry_access import open_registry_access

    folder = machine_folder(name)
    config = parse_settings(settings, folder, name)
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise MachineError(f"{name}: {folder} exists already")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / "machine.toml").write_text(to_toml(settings), "utf-8")
        if "C" not in config.drives:
            create_skeleton(folder / "drive_c", config.user_name)
            install_programs(folder / "drive_c")
        with open_registry_access(config, writing=True):
            pass
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return config


def reset(name: str, parts: Sequence[Part]) -> None:
    """Take away parts of a machine, which the next start makes anew. Raises MachineError, ConfigError, OSError."""
    folder = existing(name)
    with _unused(folder):
        for part in parts:
            for entry in PARTS[part]:
                _remove(folder / entry)


def delete(name: str) -> None:
    """Take a machine away; folders of the host that are its drives are not touched.

    Raises MachineError, also when files are left that are not the machine's, ConfigError, OSError.
    """
    folder = existing(name)
    if folder.is_symlink():
        raise MachineError(f"{folder}: is a symbolic link: remove it and what it leads to yourself")
    with _unused(folder):
        for entries in PARTS.values():
            for entry in entries:
                _remove(folder / entry)
        for entry in _REST:
            _remove(folder / entry)
        left = sorted(path.name for path in folder.iterdir())
        if left:
            raise MachineError(f"{folder}: the machine is gone; left is what is not winfs's: {', '.join(left)}")
        folder.rmdir()


@contextmanager
def _unused(folder: Path) -> Iterator[None]:
    daemon = daemon_of(folder)
    if daemon is not None:
        raise MachineError(f"{folder.name}: the machine is mounted at {daemon.mountpoint}; 'winfs umount' ends it")
    try:
        with folder_alone(folder):
            yield
    except FolderInUse:
        raise MachineError(f"{folder.name}: programs run on the machine") from None


def _remove(path: Path) -> None:
    """Remove a file, a folder with all in it, or a symbolic link alone. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        _remove_tree(path)
    else:
        path.unlink(missing_ok=True)


def _remove_tree(folder: Path) -> None:
    """As shutil.rmtree, but also where programs made folders that cannot be written."""

    def again(function: Callable[[str], object], path: str, error: object) -> None:
        if not isinstance(error, tuple) or not isinstance(error[1], PermissionError):
            raise error[1] if isinstance(error, tuple) else OSError(path)
        for place in (os.path.dirname(path), path):
            if os.path.isdir(place) and not os.path.islink(place):
                os.chmod(place, 0o700)
        function(path)

    shutil.rmtree(folder, onerror=again)


def usage(path: Path) -> Usage:
    """What a file or a folder takes on the disk, without what symbolic links lead to and what cannot be read."""
    try:
        found = path.lstat()
    except OSError:
        return Usage()
    files, blocks = 1, found.st_blocks
    if path.is_dir() and not path.is_symlink():
        for place, folders, names in os.walk(path):
            for name in (*folders, *names):
                try:
                    blocks += os.lstat(os.path.join(place, name)).st_blocks
                except OSError:
                    continue
                files += 1
    return Usage(files, blocks * 512)
