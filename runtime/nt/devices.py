"""The devices of a machine, and the DOS names that lead to them."""

from __future__ import annotations

from runtime.nt.console_file import ConsoleDevice
from runtime.nt.disk_file import DiskDevice
from runtime.nt.file_control import FileTable
from runtime.nt.mount_manager import MountManagerDevice, volume_guid
from runtime.nt.named_pipe import NamedPipeDevice
from runtime.nt.network_device import NetworkDevice
from runtime.nt.null_device import NullDevice
from runtime.nt.object import Namespace, SymbolicLink
from runtime.vfs.drives import Drives


def install_devices(namespace: Namespace, drives: Drives) -> FileTable:
    """Put drives, pipes, mailslots' directory and the null device into the namespace.

    Returns the table of open files, which the mount shows.
    """
    table = FileTable()
    for drive in drives:
        namespace.place(f"\\Device\\{drive.device_name}", DiskDevice(drive, table))
        namespace.place(f"\\GLOBAL??\\{drive.letter}:", SymbolicLink(f"\\Device\\{drive.device_name}"))
        volume = f"Volume{{{volume_guid(drive.serial, drive.letter)}}}"
        namespace.place(f"\\GLOBAL??\\{volume}", SymbolicLink(f"\\Device\\{drive.device_name}"))
    namespace.place("\\Device\\NamedPipe", NamedPipeDevice())
    namespace.place("\\Device\\Null", NullDevice())
    namespace.place("\\Device\\ConDrv", ConsoleDevice())
    namespace.place("\\Device\\Mup", NetworkDevice())
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
