"""What memory functions share beyond VirtualAlloc's own: extended parameters, write watch, working sets.

Structures: MEM_EXTENDED_PARAMETER, MEM_ADDRESS_REQUIREMENTS, PSAPI_WORKING_SET_BLOCK and _EX_BLOCK of the Windows SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from runtime.cpu.engine import Access
from runtime.memory.constants import (
    GRANULARITY,
    MEM_REPLACE_PLACEHOLDER,
    MEM_RESERVE,
    MEM_TOP_DOWN,
    PAGE_EXECUTE,
    PAGE_EXECUTE_READ,
    PAGE_EXECUTE_READWRITE,
    PAGE_EXECUTE_WRITECOPY,
    PAGE_NOACCESS,
    PAGE_READONLY,
    PAGE_READWRITE,
    PAGE_WRITECOPY,
)
from runtime.memory.faults import AccessViolation
from runtime.memory.placeholders import Requirements
from runtime.memory.space import AddressSpace
from runtime.memory.vads import LOWEST
from runtime.memory.watch import resident, resident_pages, written_pages
from runtime.nt import status as st
from runtime.nt.section import Section
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread

_ADDRESS_REQUIREMENTS, _NUMA_NODE, _PARTITION, _USER_PHYSICAL, _ATTRIBUTES, _IMAGE_MACHINE = range(1, 7)
_KERNEL_ONLY = (_PARTITION, _USER_PHYSICAL)

_WORKING_SET_BITS = {
    PAGE_NOACCESS: 0, PAGE_READONLY: 1, PAGE_EXECUTE: 2, PAGE_EXECUTE_READ: 3, PAGE_READWRITE: 4, PAGE_WRITECOPY: 5,
    PAGE_EXECUTE_READWRITE: 6, PAGE_EXECUTE_WRITECOPY: 7,
}  # fmt: skip
"""The protection numbers of the working set functions."""


class Cell(Protocol):
    """An in-out integer of the guest."""

    def get(self) -> int:
        """Read it."""
        ...

    def set(self, value: int) -> None:
        """Write it."""
        ...


def read_requirements(memory: AddressSpace, parameters: int, count: int) -> Requirements:
    """Read an array of MEM_EXTENDED_PARAMETER. Raises NtError(STATUS_INVALID_PARAMETER), AccessViolation."""
    found = Requirements()
    seen = set()
    if bool(parameters) != bool(count) or count > 16:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    for index in range(count):
        kind = memory.read_u64(parameters + 16 * index) & 0xFF
        value = memory.read_u64(parameters + 16 * index + 8)
        if kind in seen or kind in _KERNEL_ONLY or not _ADDRESS_REQUIREMENTS <= kind <= _IMAGE_MACHINE:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        seen.add(kind)
        if kind == _ADDRESS_REQUIREMENTS:
            found = _address_requirements(memory, value)
        elif kind == _NUMA_NODE and value not in (0, 0xFFFFFFFF):
            raise NtError(st.STATUS_INVALID_PARAMETER)  # a machine has one node
    return found


def _address_requirements(memory: AddressSpace, address: int) -> Requirements:
    lowest, highest, alignment = (memory.read_u64(address + 8 * index) for index in range(3))
    if alignment and (alignment < GRANULARITY or alignment & (alignment - 1)):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    if lowest % GRANULARITY or lowest > memory.highest:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    if highest and ((highest + 1) % 0x1000 or highest > memory.highest or highest <= lowest):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    given = bool(lowest or highest or alignment)
    return Requirements(max(lowest, LOWEST), highest or None, alignment or GRANULARITY, given)


def map_extended(section: Section, process: Process, address: int, offset: int, size: int, allocation_type: int,
                 protect: int, where: Requirements) -> tuple[int, int]:  # fmt: skip
    """NtMapViewOfSectionEx: map a view, also in place of a placeholder; return base and size. Raises NtError."""
    if allocation_type & ~(MEM_RESERVE | MEM_REPLACE_PLACEHOLDER | MEM_TOP_DOWN) or (address and where.given):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    replace = bool(allocation_type & MEM_REPLACE_PLACEHOLDER)
    if replace and not (address and size):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    return section.map(
        process, address, offset, size, protect, where=where, top_down=bool(allocation_type & MEM_TOP_DOWN),
        placeholder=replace,
    )  # fmt: skip


def get_write_watch(thread: Thread, process: Process, flags: int, address: int, size: int, array: int, count: Cell,
                    granularity: Cell) -> None:  # fmt: skip
    """NtGetWriteWatch: store the addresses of the written pages. Raises NtError, AccessViolation."""
    limit = count.get()
    if flags & ~1 or not limit or not size:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    memory = thread.process.memory
    if not array:
        raise AccessViolation(0, Access.WRITE)
    pages = written_pages(process.memory, address, size, limit, reset=False)
    memory.write(array, b"".join(page.to_bytes(8, "little") for page in pages))
    count.set(len(pages))
    granularity.set(0x1000)
    if flags & 1:
        written_pages(process.memory, address, size, limit, reset=True)


def working_set(space: AddressSpace) -> list[int]:
    """PSAPI_WORKING_SET_BLOCK of every page in the working set."""
    blocks = []
    for page in resident_pages(space):
        found = resident(space, page)
        if found is not None:
            protect, shared = found
            blocks.append(page | _WORKING_SET_BITS.get(protect & 0xFF, 0) | shared << 8)
    return blocks


def fill_working_set_ex(memory: AddressSpace, target: AddressSpace, array: int, count: int) -> None:
    """Store the attributes of the pages whose addresses an array of PSAPI_WORKING_SET_EX_INFORMATION holds."""
    for place in range(array, array + 16 * count, 16):
        address = memory.read_u64(place)
        found = resident(target, address & ~0xFFF) if address <= target.highest else None
        vad = target.find(address)
        if found is None:
            # Not valid: only whether it is shared is told.
            attributes = (vad is not None and vad.backing is not None) << 15
        else:
            protect, shared = found
            attributes = 1 | shared << 1 | (protect & 0x7FF) << 4 | shared << 15
        memory.write_u64(place + 8, attributes)
