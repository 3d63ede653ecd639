"""The root of the mount: which subtree is where."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from runtime.machine import Machine
from runtime.trace.spool import Stream
from winfs.mount.changes import ChangesDirectory
from winfs.mount.drive_files import drive_space
from winfs.mount.drives import DrivesDirectory
from winfs.mount.machine import control_file, machine_folder
from winfs.mount.node import Directory, Filesystem, Folder, Node
from winfs.mount.objects import ObjectDirectory
from winfs.mount.operations import MountOperations
from winfs.mount.processes import ProcessesDirectory
from winfs.mount.registry import RegistryRoot
from winfs.mount.trace import Pollers, StreamFile


class MachineTree:
    """The tree of one machine. `operations` gives what serves it, `stop` ends the mount."""

    def __init__(self, machine: Machine, operations: Callable[[], MountOperations], stop: Callable[[], None]) -> None:
        self.pollers = Pollers()
        nodes: dict[str, Node] = {}
        spool = machine.trace.spool
        if spool is not None:
            nodes["trace.jsonl"] = self._stream("trace.jsonl", spool.json, spool.restart)
            if spool.text is not None:
                nodes["trace.log"] = self._stream("trace.log", spool.text, spool.restart)
        drives = DrivesDirectory(machine.drives, machine.lock)
        self.changes = ChangesDirectory(machine, drives.working)
        nodes |= {
            "drives": drives,
            "changes": self.changes,
            "registry": RegistryRoot(machine.registry),
            "process": ProcessesDirectory(machine, self.pollers),
            "objects": ObjectDirectory(machine.objects.root, 0),
            "machine": machine_folder(machine, operations),
            "ctl": control_file(machine, self.mark, stop),
        }
        self.root: Directory = _Root(nodes, machine)

    def _stream(self, name: str, stream: Stream, restart: Callable[[], None]) -> StreamFile:
        return StreamFile(name, partial(_same, stream), restart, self.pollers)

    def mark(self) -> None:
        """Count changes from now on."""
        self.changes.mark()


class _Root(Folder):
    """The root of the mount; its file system is that of drive C:."""

    def __init__(self, entries: dict[str, Node], machine: Machine) -> None:
        super().__init__(entries)
        self._machine = machine

    def filesystem(self) -> Filesystem:
        drive = self._machine.drives.get("C")
        return drive_space(drive) if drive is not None else super().filesystem()


def _same(stream: Stream) -> Stream:
    return stream
