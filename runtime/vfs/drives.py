"""The drives of a machine: which letters exist, what host folder each one is, and who hears of changes."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.nt.status import STATUS_OBJECT_PATH_NOT_FOUND, NtError
from runtime.vfs.beneath import Root
from runtime.vfs.changes import Change, ChangeFeed
from runtime.vfs.drive import Drive, DriveKind, DriveMode, Location, Reparse
from runtime.vfs.overlay import OverlayTree
from runtime.vfs.prefix import PrefixTree
from runtime.vfs.tree import PlainTree, Tree

if TYPE_CHECKING:
    from runtime.config import MachineConfig


@dataclass(frozen=True, slots=True)
class DriveConfig:
    """One drive as the configuration gives it."""

    letter: str
    path: str
    mode: DriveMode = DriveMode.READ_WRITE
    label: str = ""
    serial: int | None = None
    """Volume serial number; None derives one from the letter."""
    kind: DriveKind = DriveKind.FIXED
    prefix: str = ""
    """Where below the drive's root the folder appears (`home/me`)."""


def default_serial(letter: str) -> int:
    """Return the volume serial a drive has when none is configured: stable, different for each letter."""
    return zlib.crc32(f"winfs {letter.upper()}:".encode())


class Drives:
    """Drive letter → Drive, and the feed of changes."""

    def __init__(self, configs: Iterable[DriveConfig], folder: str) -> None:
        """Open all drives; `folder` (the machine folder) is where overlay drives keep their changes.

        Raises OSError for a folder that cannot be opened.
        """
        self.feed = ChangeFeed()
        self._drives: dict[str, Drive] = {}
        self._folder = folder
        for config in configs:
            self.add(config)

    def add(self, config: DriveConfig) -> Drive:
        """Open one more drive, replacing any with its letter."""
        letter = config.letter.upper()
        drive = Drive(
            letter,
            self._tree(config),
            self.feed,
            mode=config.mode,
            label=config.label,
            serial=default_serial(letter) if config.serial is None else config.serial,
            kind=config.kind,
            number=ord(letter) - ord("A") + 1,
        )
        self.remove(letter)
        self._drives[letter] = drive
        return drive

    @classmethod
    def from_config(cls, config: MachineConfig) -> Drives:
        """Open the drives of a machine: C: always, made when missing. Raises OSError."""
        folder = str(config.folder)
        configs = []
        for letter in sorted({"C", *config.drives}):
            drive = config.drive(letter)
            assert drive is not None
            if letter == "C" and not drive.prefix:
                drive.path.mkdir(parents=True, exist_ok=True)
            configs.append(
                DriveConfig(
                    letter,
                    str(drive.path),
                    DriveMode(drive.access),
                    serial=config.volume_serial if letter == "C" else None,
                    prefix=drive.prefix,
                )
            )
        return cls(configs, folder)

    def _tree(self, config: DriveConfig) -> Tree:
        tree: Tree
        own = os.path.join(self._folder, "drives", config.letter.lower())
        if config.mode is DriveMode.OVERLAY:
            upper = os.path.join(own, "changes")
            os.makedirs(upper, exist_ok=True)
            tree = OverlayTree(Root(upper), Root(config.path))
        else:
            tree = PlainTree(Root(config.path), writable=config.mode is DriveMode.READ_WRITE)
        if config.prefix.strip("/"):
            tree = PrefixTree(tree, config.prefix, os.path.join(own, "above"))
        return tree

    def remove(self, letter: str) -> None:
        """Close a drive, if there is one with that letter."""
        drive = self._drives.pop(letter.upper(), None)
        if drive is not None:
            drive.tree.close()

    def close(self) -> None:
        """Close all drives."""
        for letter in list(self._drives):
            self.remove(letter)

    def get(self, letter: str) -> Drive | None:
        """Return the drive with that letter (any case), or None."""
        return self._drives.get(letter.upper())

    def __iter__(self) -> Iterator[Drive]:
        return iter(sorted(self._drives.values(), key=lambda drive: drive.letter))

    def __len__(self) -> int:
        return len(self._drives)

    def on_change(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Call `listener` for every change a program makes; returns what ends it."""
        return self.feed.subscribe(listener)

    def resolve(self, path: str, *, follow: bool = True) -> Location:
        r"""Find the file at an absolute Windows path (`C:\a\b`); links between drives are followed.

        Raises NtError.
        """
        if path.startswith(("\\\\?\\", "\\??\\", "\\\\.\\")):
            path = path[4:]
        for _ in range(64):
            drive = self.get(path[:1]) if path[1:2] == ":" else None
            if drive is None:
                break
            parts = [part for part in path[2:].replace("/", "\\").split("\\") if part]
            try:
                return drive.resolve(parts, follow=follow)
            except Reparse as link:
                path = link.path.removeprefix("\\??\\")
        raise NtError(STATUS_OBJECT_PATH_NOT_FOUND)

    def to_windows(self, host_path: str) -> str | None:
        """Return the Windows path of a host file that lies on a drive (the deepest one), or None."""
        real = os.path.realpath(host_path)
        best: tuple[int, str] | None = None
        for drive in self:
            tree: Tree = drive.tree
            prefix = ""
            if isinstance(tree, PrefixTree):
                prefix = tree.prefix
                tree = tree.inner
            root = tree.lower.path if isinstance(tree, OverlayTree) else tree.host_path("")
            if real == root or real.startswith(root.rstrip("/") + "/"):
                relative = f"{prefix}/{real[len(root) :].strip('/')}".strip("/")
                if best is None or len(root) > best[0]:
                    best = len(root), f"{drive.letter}:\\{drive.windows_path(relative)}"
        return best[1] if best else None
