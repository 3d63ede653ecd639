"""Virtual memory: NtAllocateVirtualMemory and its relatives."""

from __future__ import annotations

import struct

from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.types import (
    DWORD,
    HANDLE,
    NTSTATUS,
    PVOID,
    SIZE_T,
    ULONG,
    ULONG_PTR,
    InOut,
    Out,
)
from runtime.memory.constants import MEM_IMAGE, MEM_MAPPED, MEM_PRIVATE
from runtime.memory.faults import MemoryFault
from runtime.memory.placeholders import allocate_extended, free_extended
from runtime.memory.space import AddressSpace
from runtime.memory.watch import reset_written
from runtime.nt import status as st
from runtime.nt.extended_memory import fill_working_set_ex, get_write_watch, read_requirements, working_set
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.status import NtError
from runtime.nt.thread import Thread

_QUERY = 0x0400
_OPERATION = 0x0008
_READ = 0x0010
_WRITE = 0x0020


@ntdll.export("memory")
def NtAllocateVirtualMemory(
    thread: Thread, ProcessHandle: HANDLE, BaseAddress: InOut[PVOID], ZeroBits: ULONG_PTR, RegionSize: InOut[SIZE_T],
    AllocationType: ULONG, Protect: ULONG,
) -> NTSTATUS:  # fmt: skip
    process = get_object(thread, ProcessHandle, Process, _OPERATION)
    memory = process.memory
    address, size = BaseAddress.get(), RegionSize.get()
    highest = None
    if ZeroBits:
        highest = (1 << (32 - ZeroBits)) - 1 if ZeroBits < 32 else ZeroBits
    base = memory.allocate(address, size, AllocationType, Protect, highest=highest)
    end = -(-((address or base) + size) // 0x1000) * 0x1000
    BaseAddress.set(base)
    RegionSize.set(end - base)
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtAllocateVirtualMemoryEx(
    thread: Thread, ProcessHandle: HANDLE, BaseAddress: InOut[PVOID], RegionSize: InOut[SIZE_T], AllocationType: ULONG,
    Protect: ULONG, ExtendedParameters: PVOID, ExtendedParameterCount: ULONG,
) -> NTSTATUS:  # fmt: skip
    process = get_object(thread, ProcessHandle, Process, _OPERATION)
    where = read_requirements(thread.process.memory, ExtendedParameters, ExtendedParameterCount)
    address, size = BaseAddress.get(), RegionSize.get()
    base = allocate_extended(process.memory, address, size, AllocationType, Protect, where)
    BaseAddress.set(base)
    RegionSize.set(-(-((address or base) + size) // 0x1000) * 0x1000 - base)
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtFreeVirtualMemory(
    thread: Thread, ProcessHandle: HANDLE, BaseAddress: InOut[PVOID], RegionSize: InOut[SIZE_T], FreeType: ULONG
) -> NTSTATUS:
    process = get_object(thread, ProcessHandle, Process, _OPERATION)
    base, size = free_extended(process.memory, BaseAddress.get(), RegionSize.get(), FreeType)
    BaseAddress.set(base)
    RegionSize.set(size)
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtProtectVirtualMemory(
    thread: Thread, ProcessHandle: HANDLE, BaseAddress: InOut[PVOID], RegionSize: InOut[SIZE_T], NewProtect: ULONG,
    OldProtect: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    process = get_object(thread, ProcessHandle, Process, _OPERATION)
    address, size = BaseAddress.get(), RegionSize.get()
    OldProtect.get()
    old = process.memory.protect(address, size, NewProtect)
    start = address & ~0xFFF
    BaseAddress.set(start)
    RegionSize.set(-(-(address + size) // 0x1000) * 0x1000 - start)
    OldProtect.set(old)
    return st.STATUS_SUCCESS


def region_information(space: AddressSpace, address: int) -> bytes:
    """MEMORY_REGION_INFORMATION of the allocation that covers `address`. Raises NtError(STATUS_INVALID_ADDRESS)."""
    vad = space.find(address)
    if vad is None:
        raise NtError(st.STATUS_INVALID_ADDRESS)
    # RegionType: Private, MappedDataFile, MappedImage; MappedPageFile where no file is behind; placeholders.
    flags = {MEM_PRIVATE: 1, MEM_MAPPED: 2 if vad.name else 8, MEM_IMAGE: 4}[vad.kind] | vad.is_placeholder << 7
    pages = vad.pages.runs(vad.start >> 12, vad.end >> 12)
    committed = sum(stop - start for start, stop, protect in pages if protect) * 0x1000
    return struct.pack(
        "<QIIQQQ", vad.allocation_base, vad.allocation_protect, flags, vad.end - vad.start, committed, 0
    )


@ntdll.export("memory")
def NtQueryVirtualMemory(
    thread: Thread, ProcessHandle: HANDLE, BaseAddress: PVOID, MemoryInformationClass: DWORD,
    MemoryInformation: PVOID, MemoryInformationLength: SIZE_T, ReturnLength: Out[SIZE_T],
) -> NTSTATUS:  # fmt: skip
    process = get_object(thread, ProcessHandle, Process, _QUERY)
    target, memory = process.memory, thread.process.memory
    info = target.query(BaseAddress if MemoryInformationClass not in (1, 4) else 0)
    if MemoryInformationClass == 0:  # MemoryBasicInformation
        data = struct.pack(
            "<QQIHxxQIII4x", info.base, info.allocation_base, info.allocation_protect, 0, info.size, info.state,
            info.protect, info.kind,
        )  # fmt: skip
    elif MemoryInformationClass == 1:  # MemoryWorkingSetInformation
        pages = working_set(target)
        length = 8 * (len(pages) + 1)
        ReturnLength.put(length)
        if MemoryInformationLength >= 8:
            memory.write_u64(MemoryInformation, len(pages))
        if MemoryInformationLength < length:
            raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
        data = struct.pack(f"<{len(pages) + 1}Q", len(pages), *pages)
    elif MemoryInformationClass == 4:  # MemoryWorkingSetExInformation
        if not MemoryInformationLength or MemoryInformationLength % 16:
            raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
        fill_working_set_ex(memory, target, MemoryInformation, MemoryInformationLength // 16)
        ReturnLength.put(MemoryInformationLength)
        return st.STATUS_SUCCESS
    elif MemoryInformationClass == 2:  # MemoryMappedFilenameInformation
        if info.kind not in (MEM_IMAGE, MEM_MAPPED) or not info.name:
            raise NtError(st.STATUS_INVALID_ADDRESS)
        text = process.machine.nt_device_path(info.name).encode("utf-16-le", "surrogatepass")
        data = struct.pack("<HH4xQ", len(text), len(text) + 2, MemoryInformation + 16) + text + b"\0\0"
    elif MemoryInformationClass == 3:  # MemoryRegionInformation
        data = region_information(target, BaseAddress)
    else:
        raise NtError(st.STATUS_INVALID_INFO_CLASS)
    ReturnLength.put(len(data))
    if MemoryInformationLength < len(data):
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    memory.write(MemoryInformation, data)
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtGetWriteWatch(
    thread: Thread, ProcessHandle: HANDLE, Flags: DWORD, BaseAddress: PVOID, RegionSize: SIZE_T,
    UserAddressArray: PVOID, EntriesInUserAddressArray: InOut[ULONG_PTR], Granularity: Out[DWORD],
) -> NTSTATUS:  # fmt: skip
    process = get_object(thread, ProcessHandle, Process, _OPERATION)
    get_write_watch(
        thread, process, Flags, BaseAddress, RegionSize, UserAddressArray, EntriesInUserAddressArray, Granularity
    )
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtResetWriteWatch(thread: Thread, ProcessHandle: HANDLE, BaseAddress: PVOID, RegionSize: SIZE_T) -> NTSTATUS:
    reset_written(get_object(thread, ProcessHandle, Process, _OPERATION).memory, BaseAddress, RegionSize)
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtReadVirtualMemory(
    thread: Thread, ProcessHandle: HANDLE, BaseAddress: PVOID, Buffer: PVOID, NumberOfBytesToRead: SIZE_T,
    NumberOfBytesRead: Out[SIZE_T],
) -> NTSTATUS:  # fmt: skip
    source = get_object(thread, ProcessHandle, Process, _READ).memory
    return _copy(thread, source, BaseAddress, thread.process.memory, Buffer, NumberOfBytesToRead, NumberOfBytesRead)


@ntdll.export("memory")
def NtWriteVirtualMemory(
    thread: Thread, ProcessHandle: HANDLE, BaseAddress: PVOID, Buffer: PVOID, NumberOfBytesToWrite: SIZE_T,
    NumberOfBytesWritten: Out[SIZE_T],
) -> NTSTATUS:  # fmt: skip
    target = get_object(thread, ProcessHandle, Process, _WRITE).memory
    return _copy(thread, thread.process.memory, Buffer, target, BaseAddress, NumberOfBytesToWrite, NumberOfBytesWritten)


def _copy(thread: Thread, source: AddressSpace, source_address: int, target: AddressSpace, target_address: int,
          size: int, counter: Out[SIZE_T]) -> NTSTATUS:  # fmt: skip
    """Copy page by page; what cannot be copied ends it with STATUS_PARTIAL_COPY."""
    done = 0
    try:
        while done < size:
            step = min(size - done, 0x1000 - (source_address + done & 0xFFF))
            target.write(target_address + done, source.read(source_address + done, step))
            done += step
    except MemoryFault:
        counter.put(done)
        return st.STATUS_PARTIAL_COPY
    counter.put(done)
    return st.STATUS_SUCCESS


@ntdll.export("memory")
def NtFlushInstructionCache(thread: Thread, ProcessHandle: HANDLE, BaseAddress: PVOID, Length: SIZE_T) -> NTSTATUS:
    process = get_object(thread, ProcessHandle, Process, _OPERATION)
    if BaseAddress and Length:
        process.memory.code_changed(BaseAddress, min(Length, 1 << 24))
    return st.STATUS_SUCCESS
