"""Files that a process loaded for their resources only (LOAD_LIBRARY_AS_DATAFILE, _EXCLUSIVE, AS_IMAGE_RESOURCE).

Nothing of them runs and nothing is bound. They are no modules: the loader's lists do not have them, they have no
exports and no file name. The low bits of their handles say how they lie in memory (LDR_IS_DATAFILE, LDR_IS_IMAGEMAPPING
of the SDK's libloaderapi.h).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from runtime.loader.builtin import guest_dlls
from runtime.loader.pe import PAGE, Image, align_up
from runtime.loader.search import (
    LOAD_LIBRARY_AS_DATAFILE_EXCLUSIVE,
    LOAD_LIBRARY_AS_IMAGE_RESOURCE,
    SYSTEM_DIRECTORY,
    base_name,
)
from runtime.memory.backing import ImageBacking
from runtime.memory.constants import PAGE_READONLY, SEC_COMMIT, SEC_IMAGE
from runtime.nt import file_flags as ff
from runtime.nt.disk_file import DiskFile
from runtime.nt.io import open_path
from runtime.nt.section import create_section
from runtime.vfs.dospath import to_nt

if TYPE_CHECKING:
    from runtime.nt.process import Process

AS_FILE: Final = 1
"""In a handle: the bytes lie as in the file."""
AS_IMAGE: Final = 2
"""In a handle: the sections lie at their addresses."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file that was loaded as data."""

    base: int
    size: int
    layout: int
    """AS_FILE or AS_IMAGE."""
    path: str
    release: Callable[[], None]
    """Lets go of the file."""

    @property
    def handle(self) -> int:
        """The HMODULE that the program has."""
        return self.base | self.layout


class DataFiles:
    """The data files of one process, by base address."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._files: dict[int, DataFile] = {}

    def find(self, handle: int) -> DataFile | None:
        """Return the data file of a handle."""
        found = self._files.get(handle & ~3)
        return found if found is not None and found.handle == handle else None

    def at(self, address: int) -> DataFile | None:
        """Return the data file that covers an address."""
        return next((item for item in self._files.values() if item.base <= address < item.base + item.size), None)

    def load(self, name: str, flags: int) -> DataFile:
        """Map the file that a name means to LoadLibraryEx with these flags. Raises NtError, ImageError."""
        chosen = self._process.loader.locate(name, flags)
        if chosen is None:
            return self._keep(self._map_builtin(base_name(name).lower()))
        image, path = chosen
        as_image = bool(flags & LOAD_LIBRARY_AS_IMAGE_RESOURCE)
        if as_image:
            image.check_layout()
        if path.lower() != image.path.lower():
            return self._keep(self._map_bytes(image, path))  # a file of the host that is on no drive
        return self._keep(self._map_file(path, as_image=as_image, exclusive=flags & LOAD_LIBRARY_AS_DATAFILE_EXCLUSIVE))

    def free(self, handle: int) -> bool:
        """Unmap a data file; False when the handle is of none."""
        found = self.find(handle)
        if found is None:
            return False
        del self._files[found.base]
        process = self._process
        process.machine.trace.unload(process.pid, process.running_thread_id, base_name(found.path), found.base)
        process.memory.unmap_view(found.base)
        found.release()
        return True

    def close(self) -> None:
        """The process has ended: let go of the files."""
        for item in self._files.values():
            item.release()
        self._files.clear()

    def _keep(self, file: DataFile) -> DataFile:
        self._files[file.base] = file
        process = self._process
        process.machine.trace.load(
            process.pid, process.running_thread_id, base_name(file.path), file.path, file.base, file.size,
            builtin=False,
        )  # fmt: skip
        return file

    def _map_file(self, path: str, *, as_image: bool, exclusive: int) -> DataFile:
        process = self._process
        options = ff.FILE_NON_DIRECTORY_FILE | ff.FILE_SYNCHRONOUS_IO_NONALERT
        share = ff.FILE_SHARE_READ | ff.FILE_SHARE_DELETE | (0 if exclusive else ff.FILE_SHARE_WRITE)
        file = open_path(process, to_nt(path, process.directories), ff.FILE_GENERIC_READ, share, options)
        assert isinstance(file, DiskFile)
        release: Callable[[], None] = file.closed
        try:
            kind = SEC_IMAGE if as_image else SEC_COMMIT
            section = create_section(process.machine, file, 0, PAGE_READONLY, kind, any_machine=True)
            try:
                base, size = section.map(process, 0, 0, 0, PAGE_READONLY)
            finally:
                section.closed()
            if not exclusive:
                file.closed()
                release = process.machine.hold_image(path) if as_image else _nothing
        except BaseException:
            file.closed()
            raise
        return DataFile(base, size, AS_IMAGE if as_image else AS_FILE, path, release)

    def _map_bytes(self, image: Image, path: str) -> DataFile:
        data = image.data
        backing = ImageBacking(
            self._process.machine.physical, align_up(len(data), PAGE),
            lambda index: bytes(data[index * PAGE : (index + 1) * PAGE]),
        )  # fmt: skip
        return self._view(backing, AS_FILE, path)

    def _map_builtin(self, name: str) -> DataFile:
        machine = self._process.machine
        path = f"{SYSTEM_DIRECTORY}\\{name}"
        guest = guest_dlls().get(name)
        if guest is not None:
            return self._map_bytes(machine.images.open(guest), path)
        data = machine.builtin_image(name)[0].data
        backing = ImageBacking(machine.physical, len(data), lambda index: data[index * PAGE : (index + 1) * PAGE])
        return self._view(backing, AS_IMAGE, path)

    def _view(self, backing: ImageBacking, layout: int, path: str) -> DataFile:
        base = self._process.memory.map_view(backing, 0, 0, backing.size, PAGE_READONLY, name=path)
        backing.release()  # the view has a use of its own
        return DataFile(base, backing.size, layout, path, _nothing)


def _nothing() -> None:
    return None
