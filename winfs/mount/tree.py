"""The root of the mount: which subtree is where."""

from __future__ import annotations

import os
from collections.abc import Callable

from runtime.machine import Machine
from runtime.trace.spool import Spool, Stream
from winfs.mount.changes import ChangesDirectory
from winfs.mount.drives import DrivesDirectory
from winfs.mount.machine import control_file, machine_folder
from winfs.mount.news import KernelNews
from winfs.mount.node import Filesystem, Folder, Node
from winfs.mount.objects import ObjectDirectory
from winfs.mount.operations import MountOperations
from winfs.mount.processes import ProcessesDirectory
from winfs.mount.registry import RegistryRoot
from winfs.mount.trace import MachineStream, Pollers, StreamFile


class RootFolder(Folder):
    """The root; its statfs is that of the machine folder's disk."""

    def __init__(self, entries: dict[str, Node], folder: str) -> None:
        super().__init__(entries)
        self._folder = folder

    def filesystem(self) -> Filesystem:
        found = os.statvfs(self._folder)
        return Filesystem(
            found.f_frsize, found.f_blocks, found.f_bfree, found.f_bavail, found.f_files, found.f_ffree, 255
        )


class MachineTree:
    """The tree of one machine, mounted at `mountpoint`. `operations` gives what serves it, `stop` ends the mount."""

    def __init__(
        self, machine: Machine, mountpoint: str, operations: Callable[[], MountOperations], stop: Callable[[], None]
    ) -> None:
        self.pollers = Pollers()
        nodes: dict[str, Node] = {}
        spool = machine.trace.spool
        if spool is not None:
            nodes["trace.jsonl"] = self._stream("trace.jsonl", spool, spool.json)
            if spool.text is not None:
                nodes["trace.log"] = self._stream("trace.log", spool, spool.text)
        self.drives = DrivesDirectory(machine.drives, machine.lock, f"{mountpoint}/drives")
        self.news = KernelNews(machine, self.drives, operations)
        self.changes = ChangesDirectory(machine, self.drives.working)
        nodes |= {
            "drives": self.drives,
            "changes": self.changes,
            "registry": RegistryRoot(machine.registry),
            "process": ProcessesDirectory(machine, self.pollers),
            "objects": ObjectDirectory(machine.objects.root, 0),
            "machine": machine_folder(machine, operations),
            "ctl": control_file(machine, self.mark, stop),
        }
        self.root = RootFolder(nodes, str(machine.config.folder))

    def _stream(self, name: str, spool: Spool, stream: Stream) -> StreamFile:
        shown = MachineStream(spool, stream)
        return StreamFile(name, lambda: shown, spool.restart, self.pollers)

    def mark(self) -> None:
        """Count changes from now on."""
        self.changes.mark()
