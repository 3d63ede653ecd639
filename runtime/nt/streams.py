"""Standard handles of a program that a person starts: host descriptors as file objects."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runtime.nt.host_file import HostFile

if TYPE_CHECKING:
    from runtime.nt.process import Process


def open_stream(process: Process, descriptor: int, writable: bool) -> int:
    """Give a process a handle to a host descriptor, which it owns from now on; return the handle."""
    flags = os.O_RDWR
    readable = not writable or flags_of(descriptor) == flags
    item = HostFile(process, descriptor, readable=readable, writable=writable)
    return process.handles.insert(item, item.granted, inherit=True)


def flags_of(descriptor: int) -> int:
    """Return the access mode of a host descriptor: O_RDONLY, O_WRONLY or O_RDWR."""
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
