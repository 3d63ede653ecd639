"""The devices of a machine, and the DOS names that lead to them."""

from __future__ import annotations

from runtime.nt.afd import AfdDevice
from runtime.nt.console_file import ConsoleDevice
from runtime.nt.disk_device import DiskDevice
from runtime.nt.file_control import FileTable
from runtime.nt.mount_manager import MountManagerDevice, volume_guid
from runtime.nt.named_pipe import NamedPipeDevice
from runtime.nt.network_device import NetworkDevice
from runtime.nt.null_device import NullDevice
from runtime.nt.object import Namespace, SymbolicLink
from runtime.vfs.drive import Drive
from runtime.vfs.drives import Drives


def install_devices(namespace: Namespace, drives: Drives) -> FileTable:
    """Put drives, pipes, mailslots' directory and the null device into the namespace.

    Returns the table of open files, which the mount shows.
    """
    table = FileTable()
    for drive in drives:
        install_drive(namespace, drive, table)
    namespace.place("\\Device\\NamedPipe", NamedPipeDevice())
    namespace.place("\\Device\\Null", NullDevice())
    namespace.place("\\Device\\ConDrv", ConsoleDevice())
    namespace.place("\\Device\\Mup", NetworkDevice())
    namespace.place("\\Device\\Afd", AfdDevice())
    namespace.place("\\Device\\MountPointManager", MountManagerDevice(drives))
    for name, target in (
        ("PIPE", "\\Device\\NamedPipe"),
        ("NUL", "\\Device\\Null"),
        ("UNC", "\\Device\\Mup"),
        ("MountPointManager", "\\Device\\MountPointManager"),
        ("CON", "\\Device\\ConDrv\\Console"),
        ("CONIN$", "\\Device\\ConDrv\\CurrentIn"),
        ("CONOUT$", "\\Device\\ConDrv\\CurrentOut"),
    ):
        namespace.place(f"\\GLOBAL??\\{name}", SymbolicLink(target))
    return table


def install_drive(namespace: Namespace, drive: Drive, table: FileTable) -> None:
    """Put one drive into the namespace: its device, its letter and its volume name."""
    device = f"\\Device\\{drive.device_name}"
    namespace.place(device, DiskDevice(drive, table))
    for name in _dos_names(drive):
        namespace.place(name, SymbolicLink(device))


def remove_drive(namespace: Namespace, drive: Drive) -> None:
    """Take a drive out of the namespace; files that are open on it stay open."""
    for path in (f"\\Device\\{drive.device_name}", *_dos_names(drive)):
        parent, _, name = path.rpartition("\\")
        directory = namespace.make_directory(parent)
        item = directory.get(name)
        if item is not None:
            directory.remove(item)


def _dos_names(drive: Drive) -> tuple[str, str]:
    volume = f"Volume{{{volume_guid(drive.serial, drive.letter)}}}"
    return f"\\GLOBAL??\\{drive.letter}:", f"\\GLOBAL??\\{volume}"
