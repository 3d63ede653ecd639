"""Section objects: shared memory, mapped files and mapped images."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from runtime.cpu.physical import OutOfMemory
from runtime.loader.mapping import map_image
from runtime.loader.pe import Image, ImageError
from runtime.memory.backing import Backing, FileBacking, ZeroBacking
from runtime.memory.constants import (
    COPY_PROTECTIONS,
    MEM_MAPPED,
    PAGE_EXECUTE_READWRITE,
    PAGE_READWRITE,
    SEC_COMMIT,
    SEC_FILE,
    SEC_IMAGE,
    SEC_RESERVE,
    is_valid_protection,
)
from runtime.memory.placeholders import ANYWHERE, Requirements
from runtime.memory.vads import HIGHEST_32
from runtime.nt import status as st
from runtime.nt.disk_file import DiskFile
from runtime.nt.object import Object, ObjectType
from runtime.nt.status import NtError
from runtime.vfs.errors import status_of

if TYPE_CHECKING:
    from runtime.machine import Machine
    from runtime.nt.process import Process

SECTION_QUERY = 1
SECTION_MAP_WRITE = 2
SECTION_MAP_READ = 4
SECTION_MAP_EXECUTE = 8

SECTION_TYPE = ObjectType("Section", read=0x20005, write=0x20002, execute=0x20008, all=0xF001F)

_FILE_READ_DATA, _FILE_WRITE_DATA = 1, 2
_WRITABLE = (PAGE_READWRITE, PAGE_EXECUTE_READWRITE)


class Section(Object):
    """One section. Views keep its pages alive after the last handle is gone."""

    object_type: ClassVar[ObjectType] = SECTION_TYPE

    def __init__(self, backing: Backing, size: int, protect: int, attributes: int, path: str) -> None:
        self.backing = backing
        self.size = size
        self.protect = protect
        self.attributes = attributes
        self.file_path = path

    def closed(self) -> None:
        """The last handle is gone."""
        self.backing.release()

    def state(self) -> dict[str, str | int | bool | None]:
        """What this section is, as plain data."""
        return {**super().state(), "size": self.size, "protect": self.protect, "file": self.file_path or None}

    def map(
        self, process: Process, address: int, offset: int, size: int, protect: int, *,
        where: Requirements = ANYWHERE, top_down: bool = False, placeholder: bool = False,
    ) -> tuple[int, int]:  # fmt: skip
        """NtMapViewOfSection: return base and size of the view. Raises NtError.

        `placeholder`: the view takes the place of a placeholder, which need only be aligned to pages.
        """
        alignment = 0xFFF if placeholder else 0xFFFF
        if offset & alignment or address & alignment:
            raise NtError(st.STATUS_MAPPED_ALIGNMENT)
        if not is_valid_protection(protect, private=False):
            raise NtError(st.STATUS_INVALID_PAGE_PROTECTION)
        if offset >= self.size or (size and offset + size > -(-self.size // 0x1000) * 0x1000):
            raise NtError(st.STATUS_INVALID_VIEW_SIZE)
        writable = self.protect & 0xFF in _WRITABLE
        if protect & 0xFF in _WRITABLE and not writable:
            raise NtError(st.STATUS_SECTION_PROTECTION)
        length = size or self.size - offset
        base = process.memory.map_view(
            self.backing, address, offset, length, protect, kind=MEM_MAPPED, writable=writable, name=self.file_path,
            lowest=where.lowest, highest=where.highest, alignment=where.alignment, top_down=top_down,
            placeholder=placeholder,
        )  # fmt: skip
        return base, -(-length // 0x1000) * 0x1000


class ImageSection(Section):
    """A section over a PE file, mapped as the loader maps images."""

    def __init__(self, machine: Machine, image: Image, protect: int, attributes: int, path: str) -> None:
        super().__init__(ZeroBacking(machine.physical, 0), image.size_of_image, protect, attributes, path)
        self.image = image

    def map(
        self, process: Process, address: int, offset: int, size: int, protect: int, *,
        where: Requirements = ANYWHERE, top_down: bool = False, placeholder: bool = False,
    ) -> tuple[int, int]:  # fmt: skip
        """Map the image at its preferred base, at `address`, or relocated. Images cannot replace placeholders."""
        if placeholder:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        memory, image = process.memory, self.image
        base = address or image.image_base
        if not memory.is_free(base, base + self.size):
            if address or image.relocations_stripped:
                raise NtError(st.STATUS_CONFLICTING_ADDRESSES)
            highest = where.highest
            if not image.is_64_bit:
                highest = HIGHEST_32 if highest is None else min(highest, HIGHEST_32)
            base = memory.find_free(self.size, lowest=where.lowest, highest=highest)
        sections = [(item.virtual_address, item.mapped_size, item.characteristics) for item in image.sections]
        backing = process.machine.images.pages(image, base)
        map_image(memory, backing, base, sections, self.file_path, image.size_of_headers)
        backing.release()
        return base, self.size


def create_section(
    machine: Machine, file: DiskFile | None, size: int, protect: int, attributes: int, *, any_machine: bool = False
) -> Section:
    """NtCreateSection: make a section over a file, or over zeroed pages when there is none. Raises NtError.

    A `size` of 0 is the file's; a larger one extends a file that is open for writing. `any_machine`: an image need not
    be for this processor, nothing of it is to run.
    """
    if not is_valid_protection(protect, private=False):
        raise NtError(st.STATUS_INVALID_PAGE_PROTECTION)
    if not attributes & (SEC_COMMIT | SEC_RESERVE | SEC_IMAGE):
        raise NtError(st.STATUS_INVALID_PARAMETER_6)
    if file is not None:
        return _file_section(machine, file, size, protect, attributes, any_machine=any_machine)
    if attributes & SEC_IMAGE:
        raise NtError(st.STATUS_INVALID_FILE_FOR_SECTION)
    if not size:
        raise NtError(st.STATUS_INVALID_PARAMETER_4)
    if protect & 0xFF in COPY_PROTECTIONS:
        protect = COPY_PROTECTIONS[protect & 0xFF] | protect & ~0xFF
    backing = ZeroBacking(machine.physical, size, reserved=bool(attributes & SEC_RESERVE))
    return Section(backing, size, protect, attributes, "")


def _file_section(
    machine: Machine, file: DiskFile, size: int, protect: int, attributes: int, *, any_machine: bool
) -> Section:
    writable = protect & 0xFF in _WRITABLE
    needed = _FILE_READ_DATA | (_FILE_WRITE_DATA if writable else 0)
    if file.granted & needed != needed:
        raise NtError(st.STATUS_ACCESS_DENIED)
    path = f"{file.drive.letter}:{file.file_name}"
    descriptor = file.duplicate_descriptor(writable=writable)
    try:
        if attributes & SEC_IMAGE:
            try:
                image = machine.images.open(f"/proc/self/fd/{descriptor}", path)
                if not any_machine:
                    image.check_architecture()
                image.check_layout()
            except ImageError:
                raise NtError(st.STATUS_INVALID_IMAGE_FORMAT) from None
            return ImageSection(machine, image, protect, attributes, path)
        length = os.fstat(descriptor).st_size
        if not size:
            size = length
        if not size:
            raise NtError(st.STATUS_MAPPED_FILE_SIZE_ZERO)
        if size > length:
            if not writable:
                raise NtError(st.STATUS_SECTION_TOO_BIG)
            os.ftruncate(descriptor, size)
        backing = FileBacking(machine.physical, descriptor, size, writable)
        backing.on_free = file.mapped()
    except OSError as error:
        raise NtError(status_of(error)) from None
    except OutOfMemory:
        raise NtError(st.STATUS_COMMITMENT_LIMIT) from None
    finally:
        os.close(descriptor)
    return Section(backing, size, protect, attributes | SEC_FILE, path)
