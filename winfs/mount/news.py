"""Telling the kernel what programs change on drives, so that what a person sees is never older than what they did.

The kernel believes names and attributes of drives for a second. When a program changes a file that the kernel knows,
the attributes are taken back at once; with new times or sizes go the pages. Whoever changes a file only notes it; the
loop passes the notes on, many at a time.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable

import pyfuse3
import trio
from pyfuse3 import FileNameT, InodeT

from runtime.machine import Machine
from runtime.vfs.changes import Action, Change
from winfs.mount.drives import DriveDirectory, DrivesDirectory
from winfs.mount.node import Node
from winfs.mount.operations import MountOperations


class KernelNews:
    """Watches the drives of a machine; `operations` gives what serves the mount."""

    def __init__(self, machine: Machine, drives: DrivesDirectory, operations: Callable[[], MountOperations]) -> None:
        self._token = machine.token
        self._lock = machine.lock
        self._drives = drives
        self._operations = operations
        self._inodes: set[int] = set()
        self._names: set[tuple[int, str]] = set()
        self._renamed: DriveDirectory | None = None
        machine.drives.on_change(self._seen)

    def _seen(self, change: Change) -> None:
        """A file was changed; the machine's lock is held."""
        if self._drives.working.active:
            return  # the kernel asked for it
        directory, host, name = self._drives.place(change.drive, change.path)
        if directory is None:
            return
        node = directory.known(host)
        if node is not None:
            node.seen = None
            self._note(node)
        if change.action is not Action.MODIFIED:
            self._note(directory)
            directory.seen = None
            number = self._operations().inodes.number_of(directory)
            if number and change.action in (Action.REMOVED, Action.RENAMED_OLD_NAME):
                self._names.add((number, name))
        if change.action is Action.RENAMED_OLD_NAME:
            self._renamed = node if isinstance(node, DriveDirectory) else None
        elif change.action is Action.RENAMED_NEW_NAME and self._renamed is not None:
            self._renamed.move(directory, host)
            self._renamed = None
        elif change.action is Action.REMOVED and isinstance(node, DriveDirectory):
            node.leave()

    def _note(self, node: Node) -> None:
        number = self._operations().inodes.number_of(node)
        if number:
            if not self._inodes:
                # Never at once: this may be the loop itself, in the middle of something.
                with contextlib.suppress(trio.RunFinishedError):
                    self._token.run_sync_soon(self._tell)
            self._inodes.add(number)

    def _tell(self) -> None:
        with self._lock:
            inodes, self._inodes = self._inodes, set()
            names, self._names = self._names, set()
        for number in inodes:
            with contextlib.suppress(OSError):
                pyfuse3.invalidate_inode(InodeT(number), attr_only=True)
        for number, name in names:
            pyfuse3.invalidate_entry_async(InodeT(number), FileNameT(os.fsencode(name)), ignore_enoent=True)
