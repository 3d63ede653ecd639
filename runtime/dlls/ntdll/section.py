"""Sections: NtCreateSection, NtMapViewOfSection and their relatives."""

from __future__ import annotations

import struct

from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.types import ACCESS_MASK, DWORD, HANDLE, NTSTATUS, PVOID, SIZE_T, ULONG, ULONG_PTR, InOut, Out
from runtime.memory.constants import MEM_PRESERVE_PLACEHOLDER, MEM_TOP_DOWN, MEM_UNMAP_WITH_TRANSIENT_BOOST
from runtime.memory.placeholders import Requirements, unmap_to_placeholder
from runtime.nt import status as st
from runtime.nt.disk_file import DiskFile
from runtime.nt.extended_memory import map_extended, read_requirements
from runtime.nt.file import FileObject
from runtime.nt.process import Process
from runtime.nt.reference import get_object, give_handle, read_attributes, required_attributes
from runtime.nt.section import ImageSection, Section, create_section
from runtime.nt.status import NtError
from runtime.nt.thread import Thread


@ntdll.export("memory")
def NtCreateSection(
    thread: Thread, SectionHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID,
    MaximumSize: PVOID, SectionPageProtection: ULONG, AllocationAttributes: ULONG, FileHandle: HANDLE,
) -> NTSTATUS:  # fmt: skip
    machine = thread.process.machine
    attributes = read_attributes(thread, ObjectAttributes)
    size = thread.process.memory.read_u64(MaximumSize) if MaximumSize else 0
    file = None
    if FileHandle:
        opened = get_object(thread, FileHandle, FileObject, 0x0001)
        if not isinstance(opened, DiskFile):
            raise NtError(st.STATUS_INVALID_FILE_FOR_SECTION)
        file = opened
    made = machine.objects.create(
        attributes, Section, lambda: create_section(machine, file, size, SectionPageProtection, AllocationAttributes)
    )
    give_handle(thread, SectionHandle, made.item, DesiredAccess, inherit=attributes.inherit)
    return made.status


@ntdll.export("memory")
def NtOpenSection(
    thread: Thread, SectionHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID
) -> NTSTATUS:
    attributes = required_attributes(thread, ObjectAttributes)
    section = thread.process.machine.objects.open(attributes, Section)
    give_handle(thread, SectionHandle, section, DesiredAccess, inherit=attributes.inherit)
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtMapViewOfSection(
    thread: Thread, SectionHandle: HANDLE, ProcessHandle: HANDLE, BaseAddress: InOut[PVOID], ZeroBits: ULONG_PTR,
    CommitSize: SIZE_T, SectionOffset: PVOID, ViewSize: InOut[SIZE_T], InheritDisposition: DWORD,
    AllocationType: ULONG, Win32Protect: ULONG,
) -> NTSTATUS:  # fmt: skip
    memory = thread.process.memory
    section = get_object(thread, SectionHandle, Section)
    process = get_object(thread, ProcessHandle, Process, 0x0008)
    offset = memory.read_u64(SectionOffset) if SectionOffset else 0
    address = BaseAddress.get()
    highest = (1 << (32 - ZeroBits)) - 1 if 0 < ZeroBits < 32 else ZeroBits or None
    base, size = section.map(
        process, address, offset, ViewSize.get(), Win32Protect, where=Requirements(highest=highest),
        top_down=bool(AllocationType & MEM_TOP_DOWN),
    )  # fmt: skip
    BaseAddress.set(base)
    ViewSize.set(size)
    if isinstance(section, ImageSection) and base != section.image.image_base:
        return st.STATUS_IMAGE_NOT_AT_BASE
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtUnmapViewOfSection(thread: Thread, ProcessHandle: HANDLE, BaseAddress: PVOID) -> NTSTATUS:
    get_object(thread, ProcessHandle, Process, 0x0008).memory.unmap_view(BaseAddress)
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtUnmapViewOfSectionEx(thread: Thread, ProcessHandle: HANDLE, BaseAddress: PVOID, Flags: ULONG) -> NTSTATUS:
    memory = get_object(thread, ProcessHandle, Process, 0x0008).memory
    if Flags & ~(MEM_UNMAP_WITH_TRANSIENT_BOOST | MEM_PRESERVE_PLACEHOLDER):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    if Flags & MEM_PRESERVE_PLACEHOLDER:
        unmap_to_placeholder(memory, BaseAddress)
    else:
        memory.unmap_view(BaseAddress)
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtMapViewOfSectionEx(
    thread: Thread, SectionHandle: HANDLE, ProcessHandle: HANDLE, BaseAddress: InOut[PVOID], SectionOffset: PVOID,
    ViewSize: InOut[SIZE_T], AllocationType: ULONG, PageProtection: ULONG, ExtendedParameters: PVOID,
    ExtendedParameterCount: ULONG,
) -> NTSTATUS:  # fmt: skip
    memory = thread.process.memory
    section = get_object(thread, SectionHandle, Section)
    process = get_object(thread, ProcessHandle, Process, 0x0008)
    where = read_requirements(memory, ExtendedParameters, ExtendedParameterCount)
    offset = memory.read_u64(SectionOffset) if SectionOffset else 0
    base, size = map_extended(
        section, process, BaseAddress.get(), offset, ViewSize.get(), AllocationType, PageProtection, where
    )
    BaseAddress.set(base)
    ViewSize.set(size)
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtExtendSection(thread: Thread, SectionHandle: HANDLE, NewSectionSize: InOut[SIZE_T]) -> NTSTATUS:
    section = get_object(thread, SectionHandle, Section, 0x0010)
    if NewSectionSize.get() > section.size:
        raise NtError(st.STATUS_SECTION_NOT_EXTENDED)
    NewSectionSize.set(section.size)
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtQuerySection(
    thread: Thread, SectionHandle: HANDLE, SectionInformationClass: DWORD, SectionInformation: PVOID,
    SectionInformationLength: SIZE_T, ReturnLength: Out[SIZE_T],
) -> NTSTATUS:  # fmt: skip
    section = get_object(thread, SectionHandle, Section, 0x0001)
    if SectionInformationClass == 0:  # SectionBasicInformation
        data = struct.pack("<QI4xQ", 0, section.attributes, section.size)
    elif SectionInformationClass == 1 and isinstance(section, ImageSection):  # SectionImageInformation
        image = section.image
        data = struct.pack(
            "<QI4xQQIHHIHHHBBIII", image.image_base + image.entry_point, 0, image.stack_reserve, image.stack_commit,
            image.subsystem, 0, 6, 0, image.characteristics, image.dll_characteristics, 0x8664, 1, 0, 0,
            image.file_size, 0,
        )  # fmt: skip
    elif SectionInformationClass == 1:
        raise NtError(st.STATUS_SECTION_NOT_IMAGE)
    else:
        raise NtError(st.STATUS_INVALID_INFO_CLASS)
    if SectionInformationLength < len(data):
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    thread.process.memory.write(SectionInformation, data)
    ReturnLength.put(len(data))
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtFlushVirtualMemory(
    thread: Thread, ProcessHandle: HANDLE, BaseAddress: InOut[PVOID], RegionSize: InOut[SIZE_T], IoStatus: PVOID
) -> NTSTATUS:
    process = get_object(thread, ProcessHandle, Process, 0x0008)
    vad = process.memory.find(BaseAddress.get())
    if vad is None or vad.backing is None:
        raise NtError(st.STATUS_NOT_MAPPED_VIEW)
    # The view is the host's page cache: nothing is buffered here.
    thread.process.memory.write(IoStatus, struct.pack("<QQ", 0, 0))
    return st.STATUS_SUCCESS
