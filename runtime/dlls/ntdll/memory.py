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
from runtime.memory.constants import MEM_FREE, MEM_IMAGE, MEM_MAPPED
from runtime.memory.faults import MemoryFault
from runtime.memory.space import AddressSpace
from runtime.nt import status as st
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
def NtFreeVirtualMemory(
    thread: Thread, ProcessHandle: HANDLE, BaseAddress: InOut[PVOID], RegionSize: InOut[SIZE_T], FreeType: ULONG
) -> NTSTATUS:
    process = get_object(thread, ProcessHandle, Process, _OPERATION)
    base, size = process.memory.free(BaseAddress.get(), RegionSize.get(), FreeType)
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


@ntdll.export("memory")
def NtQueryVirtualMemory(
    thread: Thread, ProcessHandle: HANDLE, BaseAddress: PVOID, MemoryInformationClass: DWORD,
    MemoryInformation: PVOID, MemoryInformationLength: SIZE_T, ReturnLength: Out[SIZE_T],
) -> NTSTATUS:  # fmt: skip
    process = get_object(thread, ProcessHandle, Process, _QUERY)
    target, memory = process.memory, thread.process.memory
    info = target.query(BaseAddress)
    if MemoryInformationClass == 0:  # MemoryBasicInformation
        data = struct.pack(
            "<QQIHxxQIII4x", info.base, info.allocation_base, info.allocation_protect, 0, info.size, info.state,
            info.protect, info.kind,
        )  # fmt: skip
    elif MemoryInformationClass == 2:  # MemoryMappedFilenameInformation
        if info.kind not in (MEM_IMAGE, MEM_MAPPED) or not info.name:
            raise NtError(st.STATUS_INVALID_ADDRESS)
        text = process.machine.nt_device_path(info.name).encode("utf-16-le", "surrogatepass")
        data = struct.pack("<HH4xQ", len(text), len(text) + 2, MemoryInformation + 16) + text + b"\0\0"
    elif MemoryInformationClass == 3:  # MemoryRegionInformation
        vad = target.find(BaseAddress)
        if info.state == MEM_FREE or vad is None:
            raise NtError(st.STATUS_INVALID_ADDRESS)
        flags = {0x20000: 1, MEM_MAPPED: 2, MEM_IMAGE: 4}[info.kind]
        size = vad.end - vad.start
        data = struct.pack("<QIIQQQ", info.allocation_base, info.allocation_protect, flags, size, size, 0)
    else:
        raise NtError(st.STATUS_INVALID_INFO_CLASS)
    ReturnLength.put(len(data))
    if MemoryInformationLength < len(data):
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    memory.write(MemoryInformation, data)
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
