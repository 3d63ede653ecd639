"""memoryapi.h and psapi.h: single pages: write watch, working sets, offers and discards, physical pages."""

from __future__ import annotations

import struct
from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.memoryapi import WorkingSet
from runtime.dlls.kernel32.psapi import give_text
from runtime.dlls.process_state import process_state
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    INT,
    LPSTR,
    PVOID,
    SIZE_T,
    UINT,
    ULONG,
    ULONG_PTR,
    InOut,
    Out,
    OutBytes,
)
from runtime.memory.constants import MEM_IMAGE, MEM_MAPPED, MEM_PRIVATE, WRITABLE_PROTECTIONS
from runtime.memory.vad import Vad
from runtime.memory.watch import discard, reset_written
from runtime.nt import status as st
from runtime.nt.event import EVENT_QUERY_STATE, Event
from runtime.nt.extended_memory import fill_working_set_ex, get_write_watch, working_set
from runtime.nt.memory_condition import memory_conditions
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

_QUERY = 0x0400
_QUERY_LIMITED = 0x1000
_SET_QUOTA = 0x0100
_OPERATION = 0x0008
_SYNCHRONIZE = 0x100000
_FAILED = 0xFFFFFFFF
_TRIM = (1 << 64) - 1
_WORKING_SET_FLAGS = 0xF


# Write watch


@kernel32.export("memory", fails=_FAILED)
def GetWriteWatch(
    thread: Thread, dwFlags: DWORD, lpBaseAddress: PVOID, dwRegionSize: SIZE_T, lpAddresses: PVOID,
    lpdwCount: InOut[ULONG_PTR], lpdwGranularity: Out[ULONG],
) -> UINT:  # fmt: skip
    get_write_watch(
        thread, thread.process, dwFlags, lpBaseAddress, dwRegionSize, lpAddresses, lpdwCount, lpdwGranularity
    )
    return 0


@kernel32.export("memory", fails=_FAILED)
def ResetWriteWatch(thread: Thread, lpBaseAddress: PVOID, dwRegionSize: SIZE_T) -> UINT:
    reset_written(thread.process.memory, lpBaseAddress, dwRegionSize)
    return 0


# Hints


@kernel32.export("memory")
def PrefetchVirtualMemory(
    thread: Thread, hProcess: HANDLE, NumberOfEntries: ULONG_PTR, VirtualAddresses: PVOID, Flags: ULONG
) -> BOOL:
    """Ranges are read and checked; bringing pages in early would gain nothing here."""
    process = get_object(thread, hProcess, Process, _SET_QUOTA)
    if Flags or not NumberOfEntries or NumberOfEntries > 1 << 20:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    for index in range(NumberOfEntries):
        start, size = struct.unpack("<QQ", thread.process.memory.read(VirtualAddresses + 16 * index, 16))
        if not size or start + size - 1 > process.memory.highest:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return 1


def _committed_private(thread: Thread, address: int, size: int, *, writable: bool) -> Vad | None:
    """The private memory that covers a page-aligned range, all of it committed; None for anything else."""
    memory = thread.process.memory
    vad = memory.find(address)
    if vad is None or vad.kind != MEM_PRIVATE or not size or (address | size) & 0xFFF or address + size > vad.end:
        return None
    runs = vad.pages.runs(address >> 12, address + size >> 12)
    if any(not protect or (writable and protect & 0xFF not in WRITABLE_PROTECTIONS) for _, _, protect in runs):
        return None
    return vad


@kernel32.export("memory")
def OfferVirtualMemory(thread: Thread, VirtualAddress: PVOID, Size: SIZE_T, Priority: DWORD) -> DWORD:
    """Memory is never short enough here to take an offer: the contents stay."""
    if not 1 <= Priority <= 4 or _committed_private(thread, VirtualAddress, Size, writable=True) is None:
        return st.ERROR_INVALID_PARAMETER
    return st.ERROR_SUCCESS


@kernel32.export("memory")
def ReclaimVirtualMemory(thread: Thread, VirtualAddress: PVOID, Size: SIZE_T) -> DWORD:
    if _committed_private(thread, VirtualAddress, Size, writable=True) is None:
        return st.ERROR_INVALID_PARAMETER
    return st.ERROR_SUCCESS


@kernel32.export("memory")
def DiscardVirtualMemory(thread: Thread, VirtualAddress: PVOID, Size: SIZE_T) -> DWORD:
    vad = _committed_private(thread, VirtualAddress, Size, writable=True)
    if vad is None:
        return st.ERROR_INVALID_PARAMETER
    discard(thread.process.memory, vad, VirtualAddress, VirtualAddress + Size)
    return st.ERROR_SUCCESS


# Memory conditions


@kernel32.export("memory", fails=0)
def CreateMemoryResourceNotification(thread: Thread, NotificationType: INT) -> HANDLE:
    if NotificationType not in (0, 1):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    event = memory_conditions(thread.process.machine)[NotificationType]
    return thread.process.handles.open(event, EVENT_QUERY_STATE | _SYNCHRONIZE)


@kernel32.export("memory")
def QueryMemoryResourceNotification(
    thread: Thread, ResourceNotificationHandle: HANDLE, ResourceState: Out[BOOL]
) -> BOOL:
    event = get_object(thread, ResourceNotificationHandle, Event, EVENT_QUERY_STATE)
    if event not in memory_conditions(thread.process.machine):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    ResourceState.set(int(event.is_set))
    return 1


# Working sets


@kernel32.export("memory")
def GetProcessWorkingSetSize(
    thread: Thread, hProcess: HANDLE, lpMinimumWorkingSetSize: Out[SIZE_T], lpMaximumWorkingSetSize: Out[SIZE_T]
) -> BOOL:
    found = process_state(get_object(thread, hProcess, Process, _QUERY_LIMITED), WorkingSet)
    lpMinimumWorkingSetSize.set(found.minimum)
    lpMaximumWorkingSetSize.set(found.maximum)
    return 1


@kernel32.export("memory")
def GetProcessWorkingSetSizeEx(
    thread: Thread, hProcess: HANDLE, lpMinimumWorkingSetSize: Out[SIZE_T], lpMaximumWorkingSetSize: Out[SIZE_T],
    Flags: Out[DWORD],
) -> BOOL:  # fmt: skip
    found = process_state(get_object(thread, hProcess, Process, _QUERY_LIMITED), WorkingSet)
    lpMinimumWorkingSetSize.set(found.minimum)
    lpMaximumWorkingSetSize.set(found.maximum)
    Flags.set(found.flags)
    return 1


@kernel32.export("memory")
def SetProcessWorkingSetSize(
    thread: Thread, hProcess: HANDLE, dwMinimumWorkingSetSize: SIZE_T, dwMaximumWorkingSetSize: SIZE_T
) -> BOOL:
    return _set_working_set(thread, hProcess, dwMinimumWorkingSetSize, dwMaximumWorkingSetSize, 0)


@kernel32.export("memory")
def SetProcessWorkingSetSizeEx(
    thread: Thread, hProcess: HANDLE, dwMinimumWorkingSetSize: SIZE_T, dwMaximumWorkingSetSize: SIZE_T, Flags: DWORD
) -> BOOL:
    return _set_working_set(thread, hProcess, dwMinimumWorkingSetSize, dwMaximumWorkingSetSize, Flags)


def _set_working_set(thread: Thread, handle: int, minimum: int, maximum: int, flags: int) -> int:
    found = process_state(get_object(thread, handle, Process, _SET_QUOTA), WorkingSet)
    if flags & ~_WORKING_SET_FLAGS or flags & 3 == 3 or flags & 12 == 12:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if minimum == maximum == _TRIM:
        return 1  # trim: there is no paging file to trim to
    if not minimum or not maximum or minimum > maximum:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    found.minimum, found.maximum = (-(-size // 0x1000) * 0x1000 for size in (minimum, maximum))
    for pair in (3, 12):
        if flags & pair:
            found.flags = found.flags & ~pair | flags & pair
    return 1


@kernel32.export("memory")
def K32QueryWorkingSet(thread: Thread, hProcess: HANDLE, pv: PVOID, cb: DWORD) -> BOOL:
    pages = working_set(get_object(thread, hProcess, Process, _QUERY).memory)
    if cb >= 8:
        thread.process.memory.write_u64(pv, len(pages))
    if cb < 8 * (len(pages) + 1):
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    thread.process.memory.write(pv + 8, struct.pack(f"<{len(pages)}Q", *pages))
    return 1


@kernel32.export("memory")
def K32QueryWorkingSetEx(thread: Thread, hProcess: HANDLE, pv: PVOID, cb: DWORD) -> BOOL:
    process = get_object(thread, hProcess, Process, _QUERY)
    if not cb or cb % 16:
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    fill_working_set_ex(thread.process.memory, process.memory, pv, cb // 16)
    return 1


@kernel32.export("memory")
def K32GetMappedFileNameA(
    thread: Thread, hProcess: HANDLE, lpv: PVOID, lpFilename: Annotated[LPSTR, OutBytes("nSize")], nSize: DWORD
) -> DWORD:
    process = get_object(thread, hProcess, Process, _QUERY)
    info = process.memory.query(lpv)
    if info.kind not in (MEM_IMAGE, MEM_MAPPED) or not info.name:
        raise Win32Error(st.ERROR_UNEXP_NET_ERR)
    return give_text(thread, process.machine.nt_device_path(info.name), lpFilename, nSize, wide=False)


# Physical pages: SeLockMemoryPrivilege, which nobody holds


@kernel32.export("memory")
def AllocateUserPhysicalPages(
    thread: Thread, hProcess: HANDLE, NumberOfPages: InOut[ULONG_PTR], PageArray: PVOID
) -> BOOL:
    get_object(thread, hProcess, Process, _OPERATION)
    NumberOfPages.get()
    raise NtError(st.STATUS_PRIVILEGE_NOT_HELD)


@kernel32.export("memory")
def AllocateUserPhysicalPagesNuma(
    thread: Thread, hProcess: HANDLE, NumberOfPages: InOut[ULONG_PTR], PageArray: PVOID, nndPreferred: DWORD
) -> BOOL:
    return AllocateUserPhysicalPages(thread, hProcess, NumberOfPages, PageArray)


@kernel32.export("memory")
def FreeUserPhysicalPages(
    thread: Thread, hProcess: HANDLE, NumberOfPages: InOut[ULONG_PTR], PageArray: PVOID
) -> BOOL:
    get_object(thread, hProcess, Process, _OPERATION)
    NumberOfPages.get()
    raise NtError(st.STATUS_INVALID_PARAMETER)  # nobody can have allocated any


@kernel32.export("memory")
def MapUserPhysicalPages(thread: Thread, VirtualAddress: PVOID, NumberOfPages: ULONG_PTR, PageArray: PVOID) -> BOOL:
    vad = thread.process.memory.find(VirtualAddress)
    if vad is None or not vad.uncommittable or vad.is_placeholder:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    if PageArray:
        raise NtError(st.STATUS_CONFLICTING_ADDRESSES)  # pages that the process does not own
    return 1


@kernel32.export("memory")
def GetSystemFileCacheSize(
    thread: Thread, lpMinimumFileCacheSize: Out[SIZE_T], lpMaximumFileCacheSize: Out[SIZE_T], lpFlags: Out[DWORD]
) -> BOOL:
    lpMinimumFileCacheSize.set(0x100000)
    lpMaximumFileCacheSize.set(1 << 40)
    lpFlags.set(0)
    return 1


@kernel32.export("memory")
def SetSystemFileCacheSize(
    thread: Thread, MinimumFileCacheSize: SIZE_T, MaximumFileCacheSize: SIZE_T, Flags: DWORD
) -> BOOL:
    """Needs SeIncreaseQuotaPrivilege, which the user does not have."""
    raise NtError(st.STATUS_PRIVILEGE_NOT_HELD)  # SeIncreaseQuotaPrivilege; the host's cache is not ours to size


@kernel32.export("memory")
def GetMemoryErrorHandlingCapabilities(thread: Thread, Capabilities: Out[ULONG]) -> BOOL:
    Capabilities.set(0)
    return 1
