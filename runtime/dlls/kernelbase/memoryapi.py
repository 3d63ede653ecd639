"""memoryapi.h: what api-ms-win-core-memory-l1-1-3 and later have and kernel32 has not: placeholders, address limits."""

from __future__ import annotations

from runtime.dlls.kernel32.memoryapi import create_mapping, map_for_access, unlock
from runtime.dlls.kernel32.named import open_named
from runtime.dlls.kernelbase.dll import kernelbase
from runtime.dlls.ntdll.memory import region_information
from runtime.dlls.types import BOOL, DWORD, HANDLE, LPCWSTR, LPVOID, PVOID, SIZE_T, ULONG, ULONGLONG, Out
from runtime.memory.constants import (
    EXECUTABLE_PROTECTIONS,
    MEM_PRESERVE_PLACEHOLDER,
    MEM_RESERVE,
    MEM_UNMAP_WITH_TRANSIENT_BOOST,
    PAGE_EXECUTE_READWRITE,
    PAGE_EXECUTE_WRITECOPY,
)
from runtime.memory.placeholders import ANYWHERE, allocate_extended, unmap_to_placeholder
from runtime.nt import status as st
from runtime.nt.extended_memory import map_extended, read_requirements
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.section import Section
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

_OPERATION = 0x0008
_NO_PREFERRED_NODE = 0xFFFFFFFF


def _process(thread: Thread, handle: int) -> Process:
    """The process behind a handle; NULL is the caller."""
    return get_object(thread, handle, Process, _OPERATION) if handle else thread.process


@kernelbase.export("memory")
def VirtualAlloc2(
    thread: Thread, Process: HANDLE, BaseAddress: PVOID, Size: SIZE_T, AllocationType: ULONG, PageProtection: ULONG,
    ExtendedParameters: PVOID, ParameterCount: ULONG,
) -> LPVOID:  # fmt: skip
    where = read_requirements(thread.process.memory, ExtendedParameters, ParameterCount)
    memory = _process(thread, Process).memory
    return allocate_extended(memory, BaseAddress, Size, AllocationType, PageProtection, where)


@kernelbase.export("memory")
def VirtualAlloc2FromApp(
    thread: Thread, Process: HANDLE, BaseAddress: PVOID, Size: SIZE_T, AllocationType: ULONG, PageProtection: ULONG,
    ExtendedParameters: PVOID, ParameterCount: ULONG,
) -> LPVOID:  # fmt: skip
    _refuse_executable(PageProtection)
    return VirtualAlloc2(
        thread, Process, BaseAddress, Size, AllocationType, PageProtection, ExtendedParameters, ParameterCount
    )


@kernelbase.export("memory")
def VirtualAllocFromApp(
    thread: Thread, BaseAddress: PVOID, Size: SIZE_T, AllocationType: ULONG, Protection: ULONG
) -> LPVOID:
    _refuse_executable(Protection)
    return thread.process.memory.allocate(BaseAddress, Size, AllocationType, Protection)


def _refuse_executable(protection: int) -> None:
    """The FromApp functions never make executable memory (VirtualProtectFromApp does that afterwards)."""
    if protection & 0xFF in EXECUTABLE_PROTECTIONS:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)


@kernelbase.export("memory")
def VirtualProtectFromApp(
    thread: Thread, Address: PVOID, Size: SIZE_T, NewProtection: ULONG, OldProtection: Out[ULONG]
) -> BOOL:
    if NewProtection & 0xFF in (PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if not OldProtection:
        raise Win32Error(st.ERROR_NOACCESS)
    OldProtection.set(thread.process.memory.protect(Address, Size, NewProtection))
    return 1


@kernelbase.export("memory")
def MapViewOfFile3(
    thread: Thread, FileMapping: HANDLE, Process: HANDLE, BaseAddress: PVOID, Offset: ULONGLONG, ViewSize: SIZE_T,
    AllocationType: ULONG, PageProtection: ULONG, ExtendedParameters: PVOID, ParameterCount: ULONG,
) -> PVOID:  # fmt: skip
    where = read_requirements(thread.process.memory, ExtendedParameters, ParameterCount)
    section = get_object(thread, FileMapping, Section)
    process = _process(thread, Process)
    base, _ = map_extended(
        section, process, BaseAddress, Offset, ViewSize, AllocationType, PageProtection, where
    )  # fmt: skip
    return base


@kernelbase.export("memory")
def MapViewOfFile3FromApp(
    thread: Thread, FileMapping: HANDLE, Process: HANDLE, BaseAddress: PVOID, Offset: ULONGLONG, ViewSize: SIZE_T,
    AllocationType: ULONG, PageProtection: ULONG, ExtendedParameters: PVOID, ParameterCount: ULONG,
) -> PVOID:  # fmt: skip
    _refuse_executable(PageProtection)
    return MapViewOfFile3(
        thread, FileMapping, Process, BaseAddress, Offset, ViewSize, AllocationType, PageProtection,
        ExtendedParameters, ParameterCount,
    )  # fmt: skip


@kernelbase.export("memory")
def MapViewOfFileNuma2(
    thread: Thread, FileMappingHandle: HANDLE, ProcessHandle: HANDLE, Offset: ULONGLONG, BaseAddress: PVOID,
    ViewSize: SIZE_T, AllocationType: ULONG, PageProtection: ULONG, PreferredNode: ULONG,
) -> PVOID:  # fmt: skip
    if PreferredNode not in (0, _NO_PREFERRED_NODE):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    section = get_object(thread, FileMappingHandle, Section)
    process = get_object(thread, ProcessHandle, Process, _OPERATION)
    if AllocationType & ~MEM_RESERVE:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    base, _ = map_extended(section, process, BaseAddress, Offset, ViewSize, AllocationType, PageProtection, ANYWHERE)
    return base


@kernelbase.export("memory")
def MapViewOfFileFromApp(
    thread: Thread, hFileMappingObject: HANDLE, DesiredAccess: ULONG, FileOffset: ULONGLONG, NumberOfBytesToMap: SIZE_T
) -> PVOID:
    return map_for_access(thread, hFileMappingObject, DesiredAccess, FileOffset, NumberOfBytesToMap, 0)


@kernelbase.export("memory")
def UnmapViewOfFile2(thread: Thread, Process: HANDLE, BaseAddress: PVOID, UnmapFlags: ULONG) -> BOOL:
    if UnmapFlags & ~(MEM_UNMAP_WITH_TRANSIENT_BOOST | MEM_PRESERVE_PLACEHOLDER):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    memory = _process(thread, Process).memory
    if UnmapFlags & MEM_PRESERVE_PLACEHOLDER:
        unmap_to_placeholder(memory, BaseAddress)
    else:
        memory.unmap_view(BaseAddress)
    return 1


@kernelbase.export("memory")
def CreateFileMapping2(
    thread: Thread, File: HANDLE, SecurityAttributes: LPVOID, DesiredAccess: ULONG, PageProtection: ULONG,
    AllocationAttributes: ULONG, MaximumSize: ULONGLONG, Name: LPCWSTR, ExtendedParameters: PVOID,
    ParameterCount: ULONG,
) -> HANDLE:  # fmt: skip
    if read_requirements(thread.process.memory, ExtendedParameters, ParameterCount).given:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return create_mapping(
        thread, File, SecurityAttributes, PageProtection, AllocationAttributes, MaximumSize, Name, DesiredAccess
    )


@kernelbase.export("memory")
def CreateFileMappingFromApp(
    thread: Thread, hFile: HANDLE, SecurityAttributes: LPVOID, PageProtection: ULONG, MaximumSize: ULONGLONG,
    Name: LPCWSTR,
) -> HANDLE:  # fmt: skip
    return create_mapping(
        thread, hFile, SecurityAttributes, PageProtection & 0xFFF, PageProtection & 0xFFFFF000, MaximumSize, Name
    )


@kernelbase.export("memory")
def OpenFileMappingFromApp(thread: Thread, DesiredAccess: ULONG, InheritHandle: BOOL, Name: LPCWSTR) -> HANDLE:
    return open_named(thread, Name, InheritHandle, DesiredAccess, Section)


@kernelbase.export("memory")
def VirtualUnlockEx(thread: Thread, Process: HANDLE, Address: PVOID, Size: SIZE_T) -> BOOL:
    unlock(_process(thread, Process).memory, Address, Size)
    return 1


@kernelbase.export("memory")
def QueryVirtualMemoryInformation(
    thread: Thread, Process: HANDLE, VirtualAddress: PVOID, MemoryInformationClass: DWORD, MemoryInformation: PVOID,
    MemoryInformationSize: SIZE_T, ReturnSize: Out[SIZE_T],
) -> BOOL:  # fmt: skip
    if MemoryInformationClass:  # MemoryRegionInfo is the only class
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    data = region_information(get_object(thread, Process, _ProcessObject, 0x0400).memory, VirtualAddress)
    if MemoryInformationSize < len(data):
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    thread.process.memory.write(MemoryInformation, data)
    ReturnSize.put(len(data))
    return 1


_ProcessObject = Process
