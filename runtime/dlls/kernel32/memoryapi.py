"""memoryapi.h: virtual memory, file mappings, another process's memory."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.named import create_named, open_named
from runtime.dlls.process_state import process_state
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    LPCWSTR,
    LPVOID,
    PVOID,
    SIZE_T,
    Out,
)
from runtime.memory.constants import (
    MEM_PRESERVE_PLACEHOLDER,
    MEM_PRIVATE,
    MEM_RELEASE,
    MEM_UNMAP_WITH_TRANSIENT_BOOST,
    PAGE_EXECUTE_READ,
    PAGE_EXECUTE_READWRITE,
    PAGE_EXECUTE_WRITECOPY,
    PAGE_READONLY,
    PAGE_READWRITE,
    PAGE_WRITECOPY,
    SEC_COMMIT,
    SEC_IMAGE,
    SEC_LARGE_PAGES,
    SEC_RESERVE,
)
from runtime.memory.faults import MemoryFault
from runtime.memory.placeholders import free_extended, unmap_to_placeholder
from runtime.memory.space import AddressSpace
from runtime.memory.vad import Vad
from runtime.nt import status as st
from runtime.nt.disk_file import DiskFile
from runtime.nt.file import FileObject
from runtime.nt.process import Process
from runtime.nt.reference import get_object, pseudo_handle
from runtime.nt.section import Section, create_section
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

_OPERATION = 0x0008
_NUMA_NO_PREFERRED_NODE = 0xFFFFFFFF
_FILE_MAP_WRITE = 2
_FILE_MAP_READ = 4
_FILE_MAP_COPY = 1
_FILE_MAP_EXECUTE = 0x20


@kernel32.export("memory")
def VirtualAlloc(
    thread: Thread, lpAddress: LPVOID, dwSize: SIZE_T, flAllocationType: DWORD, flProtect: DWORD
) -> LPVOID:
    return thread.process.memory.allocate(lpAddress, dwSize, flAllocationType, flProtect)


@kernel32.export("memory")
def VirtualAllocEx(
    thread: Thread, hProcess: HANDLE, lpAddress: LPVOID, dwSize: SIZE_T, flAllocationType: DWORD, flProtect: DWORD
) -> LPVOID:
    process = get_object(thread, hProcess, Process, _OPERATION)
    return process.memory.allocate(lpAddress, dwSize, flAllocationType, flProtect)


@kernel32.export("memory")
def VirtualAllocExNuma(
    thread: Thread, hProcess: HANDLE, lpAddress: LPVOID, dwSize: SIZE_T, flAllocationType: DWORD, flProtect: DWORD,
    nndPreferred: DWORD,
) -> LPVOID:  # fmt: skip
    _check_node(nndPreferred)
    process = get_object(thread, hProcess, Process, _OPERATION)
    return process.memory.allocate(lpAddress, dwSize, flAllocationType, flProtect)


def _check_node(node: int) -> None:
    if node not in (0, _NUMA_NO_PREFERRED_NODE):  # a machine has one node
        raise Win32Error(st.ERROR_INVALID_PARAMETER)


@kernel32.export("memory")
def VirtualFree(thread: Thread, lpAddress: LPVOID, dwSize: SIZE_T, dwFreeType: DWORD) -> BOOL:
    return _free(thread.process, lpAddress, dwSize, dwFreeType)


@kernel32.export("memory")
def VirtualFreeEx(thread: Thread, hProcess: HANDLE, lpAddress: LPVOID, dwSize: SIZE_T, dwFreeType: DWORD) -> BOOL:
    return _free(get_object(thread, hProcess, Process, _OPERATION), lpAddress, dwSize, dwFreeType)


def _free(process: Process, address: int, size: int, free_type: int) -> int:
    if free_type == MEM_RELEASE and size:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    free_extended(process.memory, address, size, free_type)
    return 1


@kernel32.export("memory")
def VirtualProtect(
    thread: Thread, lpAddress: LPVOID, dwSize: SIZE_T, flNewProtect: DWORD, lpflOldProtect: Out[DWORD]
) -> BOOL:
    return _protect(thread.process, lpAddress, dwSize, flNewProtect, lpflOldProtect)


@kernel32.export("memory")
def VirtualProtectEx(
    thread: Thread, hProcess: HANDLE, lpAddress: LPVOID, dwSize: SIZE_T, flNewProtect: DWORD,
    lpflOldProtect: Out[DWORD],
) -> BOOL:  # fmt: skip
    return _protect(get_object(thread, hProcess, Process, _OPERATION), lpAddress, dwSize, flNewProtect, lpflOldProtect)


def _protect(process: Process, address: int, size: int, protect: int, old: Out[DWORD]) -> int:
    if not old:
        raise Win32Error(st.ERROR_NOACCESS)
    old.get()
    old.set(process.memory.protect(address, size, protect))
    return 1


@kernel32.export("memory")
def VirtualQuery(thread: Thread, lpAddress: LPVOID, lpBuffer: PVOID, dwLength: SIZE_T) -> SIZE_T:
    return _query(thread, thread.process, lpAddress, lpBuffer, dwLength)


@kernel32.export("memory")
def VirtualQueryEx(thread: Thread, hProcess: HANDLE, lpAddress: LPVOID, lpBuffer: PVOID, dwLength: SIZE_T) -> SIZE_T:
    return _query(thread, get_object(thread, hProcess, Process, 0x0400), lpAddress, lpBuffer, dwLength)


def _query(thread: Thread, process: Process, address: int, buffer: int, length: int) -> int:
    info = process.memory.query(address)
    data = struct.pack(
        "<QQIHxxQIII4x", info.base, info.allocation_base, info.allocation_protect, 0, info.size, info.state,
        info.protect, info.kind,
    )  # fmt: skip
    if length < len(data):
        raise Win32Error(st.ERROR_BAD_LENGTH)
    thread.process.memory.write(buffer, data)
    return len(data)


class WorkingSet:
    """What SetProcessWorkingSetSizeEx was told; Windows' defaults are 50 and 345 pages, both soft limits."""

    def __init__(self) -> None:
        self.minimum, self.maximum = 50 * 0x1000, 345 * 0x1000
        self.flags = 0x2 | 0x8


_OVERHEAD = 8
"""Pages of the minimum working set that cannot be locked (MM_FLUID_WORKING_SET)."""


@kernel32.export("memory")
def VirtualLock(thread: Thread, lpAddress: LPVOID, dwSize: SIZE_T) -> BOOL:
    """Keep pages in memory, where they are anyhow; at most as many as the minimum working set allows."""
    memory = thread.process.memory
    if not dwSize:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    try:
        for page in range(lpAddress & ~0xFFF, lpAddress + dwSize, 0x1000):
            memory.read_u8(page)
    except MemoryFault:
        raise NtError(st.STATUS_ACCESS_VIOLATION) from None
    wanted = [(vad, page) for vad, page in _pages(memory, lpAddress, dwSize) if vad is not None]
    fresh = sum(page not in vad.locked for vad, page in wanted)
    locked = sum(len(vad.locked) for vad in memory.vads())
    if locked + fresh + _OVERHEAD > process_state(thread.process, WorkingSet).minimum >> 12:
        raise NtError(st.STATUS_WORKING_SET_QUOTA)
    for vad, page in wanted:
        vad.locked.add(page)
    return 1


@kernel32.export("memory")
def VirtualUnlock(thread: Thread, lpAddress: LPVOID, dwSize: SIZE_T) -> BOOL:
    unlock(thread.process.memory, lpAddress, dwSize)
    return 1


def unlock(memory: AddressSpace, address: int, size: int) -> None:
    """Nothing is ever paged out; what was not locked cannot be unlocked all the same. Raises NtError."""
    pages = list(_pages(memory, address, size))
    if not pages or not all(vad is not None and page in vad.locked for vad, page in pages):
        raise NtError(st.STATUS_NOT_LOCKED)
    for vad, page in pages:
        if vad is not None:
            vad.locked.discard(page)


def _pages(memory: AddressSpace, address: int, size: int) -> Iterator[tuple[Vad | None, int]]:
    """The pages of a range, each with what it belongs to; it ends at the first that belongs to nothing."""
    for page in range(address >> 12, address + size + 0xFFF >> 12):
        vad = memory.find(page << 12)
        yield vad, page
        if vad is None:
            return


@kernel32.export("memory")
def CreateFileMappingW(
    thread: Thread, hFile: HANDLE, lpFileMappingAttributes: LPVOID, flProtect: DWORD, dwMaximumSizeHigh: DWORD,
    dwMaximumSizeLow: DWORD, lpName: LPCWSTR,
) -> HANDLE:  # fmt: skip
    size = dwMaximumSizeHigh << 32 | dwMaximumSizeLow
    return create_mapping(
        thread, hFile, lpFileMappingAttributes, flProtect & 0xFFF, flProtect & 0xFF000000, size, lpName
    )


def create_mapping(thread: Thread, handle: int, security: int, protect: int, kinds: int, size: int, name: str | None,
                   access: int = 0xF001F) -> int:  # fmt: skip
    """Make or open the section of CreateFileMapping. Raises NtError, Win32Error."""
    machine = thread.process.machine
    file = None
    if pseudo_handle(handle) != -1:
        opened = get_object(thread, handle, FileObject, 0x0001)
        if not isinstance(opened, DiskFile):
            raise Win32Error(st.ERROR_BAD_EXE_FORMAT)
        file = opened
    if kinds & SEC_LARGE_PAGES:
        raise NtError(st.STATUS_PRIVILEGE_NOT_HELD)  # SeLockMemoryPrivilege, which nobody has
    if not kinds & (SEC_COMMIT | SEC_RESERVE | SEC_IMAGE):
        kinds |= SEC_COMMIT
    try:
        return create_named(
            thread, name, security, access, Section, lambda: create_section(machine, file, size, protect, kinds)
        )
    except NtError as error:
        if error.status == st.STATUS_MAPPED_FILE_SIZE_ZERO:
            raise Win32Error(st.ERROR_FILE_INVALID) from None
        raise


@kernel32.export("memory")
def CreateFileMappingNumaW(
    thread: Thread, hFile: HANDLE, lpFileMappingAttributes: LPVOID, flProtect: DWORD, dwMaximumSizeHigh: DWORD,
    dwMaximumSizeLow: DWORD, lpName: LPCWSTR, nndPreferred: DWORD,
) -> HANDLE:  # fmt: skip
    _check_node(nndPreferred)
    return CreateFileMappingW(
        thread, hFile, lpFileMappingAttributes, flProtect, dwMaximumSizeHigh, dwMaximumSizeLow, lpName
    )


kernel32.ansi(CreateFileMappingNumaW)
kernel32.ansi(CreateFileMappingW)


@kernel32.export("memory")
def OpenFileMappingW(thread: Thread, dwDesiredAccess: DWORD, bInheritHandle: BOOL, lpName: LPCWSTR) -> HANDLE:
    return open_named(thread, lpName, bInheritHandle, dwDesiredAccess, Section)


kernel32.ansi(OpenFileMappingW)


@kernel32.export("memory")
def MapViewOfFile(
    thread: Thread, hFileMappingObject: HANDLE, dwDesiredAccess: DWORD, dwFileOffsetHigh: DWORD,
    dwFileOffsetLow: DWORD, dwNumberOfBytesToMap: SIZE_T,
) -> LPVOID:  # fmt: skip
    offset = dwFileOffsetHigh << 32 | dwFileOffsetLow
    return map_for_access(thread, hFileMappingObject, dwDesiredAccess, offset, dwNumberOfBytesToMap, 0)


@kernel32.export("memory")
def MapViewOfFileEx(
    thread: Thread, hFileMappingObject: HANDLE, dwDesiredAccess: DWORD, dwFileOffsetHigh: DWORD,
    dwFileOffsetLow: DWORD, dwNumberOfBytesToMap: SIZE_T, lpBaseAddress: LPVOID,
) -> LPVOID:  # fmt: skip
    offset = dwFileOffsetHigh << 32 | dwFileOffsetLow
    return map_for_access(thread, hFileMappingObject, dwDesiredAccess, offset, dwNumberOfBytesToMap, lpBaseAddress)


@kernel32.export("memory")
def MapViewOfFileExNuma(
    thread: Thread, hFileMappingObject: HANDLE, dwDesiredAccess: DWORD, dwFileOffsetHigh: DWORD,
    dwFileOffsetLow: DWORD, dwNumberOfBytesToMap: SIZE_T, lpBaseAddress: LPVOID, nndPreferred: DWORD,
) -> LPVOID:  # fmt: skip
    _check_node(nndPreferred)
    offset = dwFileOffsetHigh << 32 | dwFileOffsetLow
    return map_for_access(thread, hFileMappingObject, dwDesiredAccess, offset, dwNumberOfBytesToMap, lpBaseAddress)


def map_for_access(thread: Thread, handle: int, access: int, offset: int, size: int, address: int) -> int:
    """Map a view with the protection that FILE_MAP_* access means. Raises NtError, Win32Error."""
    section = get_object(thread, handle, Section)
    execute = bool(access & _FILE_MAP_EXECUTE)
    if access & _FILE_MAP_WRITE:
        protect = PAGE_EXECUTE_READWRITE if execute else PAGE_READWRITE
    elif access & _FILE_MAP_READ:
        protect = PAGE_EXECUTE_READ if execute else PAGE_READONLY
    elif access & _FILE_MAP_COPY:
        protect = PAGE_EXECUTE_WRITECOPY if execute else PAGE_WRITECOPY
    else:
        protect = PAGE_READONLY
    if protect == PAGE_READWRITE and section.protect & 0xFF == PAGE_WRITECOPY:
        protect = PAGE_WRITECOPY
    try:
        base, _ = section.map(thread.process, address, offset, size, protect)
    except NtError as error:
        if error.status in (st.STATUS_SECTION_PROTECTION, st.STATUS_INVALID_VIEW_SIZE):
            raise Win32Error(st.ERROR_ACCESS_DENIED) from None
        raise
    return base


@kernel32.export("memory")
def UnmapViewOfFile(thread: Thread, lpBaseAddress: PVOID) -> BOOL:
    memory = thread.process.memory
    vad = memory.find(lpBaseAddress)
    if vad is None or vad.kind == MEM_PRIVATE:
        raise Win32Error(st.ERROR_INVALID_ADDRESS)
    memory.unmap_view(lpBaseAddress)
    return 1


@kernel32.export("memory")
def UnmapViewOfFileEx(thread: Thread, BaseAddress: PVOID, UnmapFlags: DWORD) -> BOOL:
    if UnmapFlags & ~(MEM_UNMAP_WITH_TRANSIENT_BOOST | MEM_PRESERVE_PLACEHOLDER):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if UnmapFlags & MEM_PRESERVE_PLACEHOLDER:
        unmap_to_placeholder(thread.process.memory, BaseAddress)
        return 1
    return UnmapViewOfFile(thread, BaseAddress)


@kernel32.export("memory")
def FlushViewOfFile(thread: Thread, lpBaseAddress: PVOID, dwNumberOfBytesToFlush: SIZE_T) -> BOOL:
    vad = thread.process.memory.find(lpBaseAddress)
    if vad is None or vad.backing is None:
        raise Win32Error(st.ERROR_INVALID_ADDRESS)
    # The view is the host's page cache: nothing is buffered here; as documented, the disk is not waited for.
    return 1


@kernel32.export("memory")
def ReadProcessMemory(
    thread: Thread, hProcess: HANDLE, lpBaseAddress: PVOID, lpBuffer: PVOID, nSize: SIZE_T,
    lpNumberOfBytesRead: Out[SIZE_T],
) -> BOOL:  # fmt: skip
    source = get_object(thread, hProcess, Process, 0x0010).memory
    try:
        data = source.read(lpBaseAddress, min(nSize, 1 << 32))
    except MemoryFault:
        raise Win32Error(st.ERROR_PARTIAL_COPY) from None
    thread.process.memory.write(lpBuffer, data)
    lpNumberOfBytesRead.put(nSize)
    return 1


@kernel32.export("memory")
def WriteProcessMemory(
    thread: Thread, hProcess: HANDLE, lpBaseAddress: PVOID, lpBuffer: PVOID, nSize: SIZE_T,
    lpNumberOfBytesWritten: Out[SIZE_T],
) -> BOOL:  # fmt: skip
    target = get_object(thread, hProcess, Process, 0x0028).memory
    data = thread.process.memory.read(lpBuffer, min(nSize, 1 << 32))
    try:
        # WriteProcessMemory makes read-only and executable pages writable for the copy.
        target.poke(lpBaseAddress, data)
    except MemoryFault:
        raise Win32Error(st.ERROR_NOACCESS) from None
    lpNumberOfBytesWritten.put(nSize)
    return 1


@kernel32.export("memory")
def FlushInstructionCache(thread: Thread, hProcess: HANDLE, lpBaseAddress: PVOID, dwSize: SIZE_T) -> BOOL:
    process = get_object(thread, hProcess, Process)
    if lpBaseAddress and dwSize:
        process.memory.code_changed(lpBaseAddress, min(dwSize, 1 << 24))
    return 1
