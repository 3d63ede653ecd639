"""The current directory of a process, and the current directories of its drives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from runtime.nt import file_flags as ff
from runtime.nt.file import OpenRequest, open_file
from runtime.nt.io import OBJ_CASE_INSENSITIVE
from runtime.nt.object import ObjectAttributes
from runtime.nt.status import STATUS_NAME_TOO_LONG, STATUS_OBJECT_NAME_INVALID, NtError
from runtime.vfs.dospath import MAX_PATH, CurrentDirectories, to_nt

if TYPE_CHECKING:
    from runtime.nt.process import Process

_DOS_PATH = 0x38
"""Offset of CurrentDirectory.DosPath in the process parameters of a 64-bit process; its handle follows at 0x48."""


class DriveDirectories(Mapping[str, str]):
    """What the hidden environment variables `=C:`, `=D:`, … of a process say, read when asked."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def __getitem__(self, letter: str) -> str:
        return self._process.environment()[f"={letter}:"]

    def __iter__(self) -> Iterator[str]:
        names = list(self._process.environment())
        return iter([name[1] for name in names if len(name) == 3 and name[0] == "=" and name[2] == ":"])

    def __len__(self) -> int:
        return len(list(iter(self)))


def set_current_directory(process: Process, path: str) -> None:
    """RtlSetCurrentDirectory_U: go to a directory, which stays open so that nobody can remove it. Raises NtError."""
    nt_path = to_nt(path, process.directories)
    if not nt_path:
        raise NtError(STATUS_OBJECT_NAME_INVALID)
    full = nt_path[4:] if nt_path[5:6] == ":" else process.full_path(path)
    full = full.rstrip("\\") + "\\"
    if len(full) >= MAX_PATH:
        raise NtError(STATUS_NAME_TOO_LONG)
    options = ff.FILE_DIRECTORY_FILE | ff.FILE_SYNCHRONOUS_IO_NONALERT
    request = OpenRequest(process, ff.FILE_TRAVERSE | ff.SYNCHRONIZE, 3, options=options)
    attributes = ObjectAttributes(nt_path, None, OBJ_CASE_INSENSITIVE)
    directory = open_file(process.machine.objects, attributes, request)
    handle = process.handles.insert(directory, directory.granted, inherit=True)
    memory, place = process.memory, process.parameters + _DOS_PATH
    old = memory.read_pointer(place + 2 * memory.pointer_size)
    memory.write_pointer(place + 2 * memory.pointer_size, handle)
    memory.write_wstr(memory.read_pointer(place + memory.pointer_size), full)
    memory.write_u16(place, 2 * len(full.encode("utf-16-le", "surrogatepass")) // 2)
    process.directories = CurrentDirectories(full, DriveDirectories(process))
    if old:
        try:
            process.handles.close(old)
        except NtError:
            return  # the program closed it, or never had one
