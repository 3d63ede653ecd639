"""Host folders that programs are started in or from, as drives of a machine that runs already."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from runtime.config import ConfigError, parse_drive
from runtime.machine import Machine
from runtime.nt.devices import install_drive, remove_drive
from runtime.vfs import names
from runtime.vfs.drive import DriveMode
from runtime.vfs.drives import DriveConfig

_LETTERS = "ZYXWVUTSRQPONMLKJIHGFE"


class HostDrives:
    """Gives host folders drive letters as they are needed. All methods are called with machine.lock held.

    A folder keeps its host path below its letter; nothing beside it is visible. When letters run out the one that was
    added first, and that no program uses, is taken back.
    """

    def __init__(self, machine: Machine, mountpoint: str) -> None:
        self._machine = machine
        self._mountpoint = mountpoint
        self._added: dict[str, tuple[str, bool]] = {}

    def place(self, where: Mapping[str, str], *, writable: bool, fallback: str | None = None) -> str:
        """The Windows path of a folder (or a program) that a client named.

        `writable`: programs may write there. `fallback` stands for what is in the mount but on no drive. Raises
        ConfigError.
        """
        if "windows" in where:
            return where["windows"]
        path = where.get("host", "/")
        inside = self._inside(path, fallback)
        if inside is not None:
            return inside
        folder = path if writable else os.path.dirname(path)
        found = self._machine.drives.to_windows(path)
        if found is not None and (not writable or self._added.get(found[0], ("", True))[1]):
            return found
        for letter, (held, may_write) in self._added.items():
            if may_write >= writable and (path == held or path.startswith(held.rstrip("/") + "/")):
                return self._below(letter, path)
        return self._below(self._add(folder, writable), path)

    def host_folder(self, where: Mapping[str, str]) -> Path | str:
        """A folder that a client named, to be read by the machine alone: no drive is added. Raises ConfigError."""
        if "windows" in where:
            return where["windows"]
        path = where.get("host", "/")
        return self._inside(path, None) or Path(path)

    def _inside(self, path: str, fallback: str | None) -> str | None:
        """What a path in the mount itself means, by its text alone: the daemon must not look there."""
        if path != self._mountpoint and not path.startswith(self._mountpoint + "/"):
            return None
        parts = path[len(self._mountpoint) :].strip("/").split("/")
        if len(parts) >= 2 and parts[0] == "drives" and len(parts[1]) == 1:
            return f"{parts[1].upper()}:\\" + "\\".join(map(names.from_host, parts[2:]))
        if fallback is not None:
            return fallback
        raise ConfigError(f"{path}: is on no drive of this machine")

    @staticmethod
    def _below(letter: str, path: str) -> str:
        return f"{letter}:\\" + "\\".join(names.from_host(part) for part in path.split("/") if part)

    def add_configured(self, drives: Mapping[str, str]) -> None:
        """Add drives that the user asked for (`D` → `PATH[:ro|:overlay]`). Raises ConfigError, OSError."""
        for letter, given in drives.items():
            drive = parse_drive(given, f"--drive {letter}:")
            path = os.path.realpath(drive.path)
            known = self._machine.drives.get(letter)
            if known is not None:
                if os.path.realpath(known.tree.host_path("")) != path:
                    raise ConfigError(f"--drive {letter}: the mounted machine has another drive {letter.upper()}:")
                continue
            self._install(DriveConfig(letter.upper(), path, DriveMode(drive.access)))

    def _add(self, folder: str, writable: bool) -> str:
        letter = next((letter for letter in _LETTERS if self._machine.drives.get(letter) is None), None)
        if letter is None:
            letter = next((letter for letter in self._added if not self._in_use(letter)), None)
            if letter is None:
                raise ConfigError(f"{folder}: no drive letter is free")
            self._remove(letter)
        mode = DriveMode.READ_WRITE if writable else DriveMode.READ_ONLY
        self._install(DriveConfig(letter, folder, mode, prefix=folder.strip("/")))
        self._added[letter] = folder, writable
        return letter

    def _install(self, config: DriveConfig) -> None:
        drive = self._machine.drives.add(config)
        install_drive(self._machine.objects, drive, self._machine.files)

    def _in_use(self, letter: str) -> bool:
        return any(
            path[:1].upper() == letter
            for process in self._machine.processes.values()
            for path in (process.current_directory, process.image_path)
        )

    def _remove(self, letter: str) -> None:
        drive = self._machine.drives.get(letter)
        if drive is not None:
            remove_drive(self._machine.objects, drive)
            self._machine.drives.remove(letter)
        del self._added[letter]
