"""sysinfoapi.h, processtopologyapi.h, systemtopologyapi.h: processors, groups and NUMA nodes."""

from __future__ import annotations

import struct

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.processthreadsapi import set_affinity
from runtime.dlls.types import BOOL, DWORD, HANDLE, PVOID, SIZE_T, UCHAR, ULONG, ULONGLONG, USHORT, In, InOut, Out
from runtime.machine import Machine
from runtime.memory.constants import LARGE_PAGE
from runtime.nt import status as st
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_CORE, _NUMA_NODE, _CACHE, _PACKAGE, _GROUP, _DIE, _NUMA_NODE_EX, _MODULE = range(8)
_ALL = 0xFFFF
_CACHES = ((1, 8, 32 << 10, 2), (1, 8, 32 << 10, 1), (2, 8, 256 << 10, 0), (3, 16, 8 << 20, 0))
"""Level, ways, bytes and type (unified, instruction, data) of the caches of the CPU model."""


def _old_records(machine: Machine) -> bytes:
    """SYSTEM_LOGICAL_PROCESSOR_INFORMATION: 32 bytes each."""
    mask, parts = machine.processor_mask, []
    for index in range(machine.processor.count):
        parts.append(struct.pack("<QI4xBxxx12x", 1 << index, _CORE, 0))
        parts += [
            struct.pack("<QI4xBBHII4x", 1 << index, _CACHE, level, ways, 64, size, kind)
            for level, ways, size, kind in _CACHES
        ]
    parts.append(struct.pack("<QI4xI12x", mask, _NUMA_NODE, 0))
    parts.append(struct.pack("<QI4x16x", mask, _PACKAGE))
    return b"".join(parts)


def _affinity(mask: int) -> bytes:
    """GROUP_AFFINITY."""
    return struct.pack("<QH6x", mask, 0)


def _new_records(machine: Machine, wanted: int) -> bytes:
    """SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX of the relationships asked for."""
    mask, count, parts = machine.processor_mask, machine.processor.count, []

    def add(relationship: int, body: bytes) -> None:
        if wanted in (_ALL, relationship):
            parts.append(struct.pack("<II", relationship, 8 + len(body)) + body)

    for index in range(count):
        add(_CORE, struct.pack("<BB20xH", 0, 0, 1) + _affinity(1 << index))
        for level, ways, size, kind in _CACHES:
            add(_CACHE, struct.pack("<BBHII18xH", level, ways, 64, size, kind, 1) + _affinity(1 << index))
    add(_PACKAGE, struct.pack("<BB20xH", 0, 0, 1) + _affinity(mask))
    add(_NUMA_NODE, struct.pack("<I18xH", 0, 1) + _affinity(mask))
    add(_GROUP, struct.pack("<HH20x", 1, 1) + struct.pack("<BB38xQ", count, count, mask))
    return b"".join(parts)


def _give(thread: Thread, data: bytes, buffer: int, length: InOut[DWORD]) -> int:
    room = length.get()
    length.set(len(data))
    if room < len(data):
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(buffer, data)
    return 1


@kernel32.export("environment")
def GetLogicalProcessorInformation(thread: Thread, Buffer: PVOID, ReturnedLength: InOut[DWORD]) -> BOOL:
    return _give(thread, _old_records(thread.process.machine), Buffer, ReturnedLength)


@kernel32.export("environment")
def GetLogicalProcessorInformationEx(
    thread: Thread, RelationshipType: DWORD, Buffer: PVOID, ReturnedLength: InOut[DWORD]
) -> BOOL:
    if RelationshipType != _ALL and RelationshipType > _MODULE:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return _give(thread, _new_records(thread.process.machine, RelationshipType), Buffer, ReturnedLength)


@kernel32.export("environment")
def GetNumaHighestNodeNumber(thread: Thread, HighestNodeNumber: Out[ULONG]) -> BOOL:
    HighestNodeNumber.set(0)
    return 1


@kernel32.export("environment")
def GetNumaNodeProcessorMaskEx(thread: Thread, Node: USHORT, ProcessorMask: PVOID) -> BOOL:
    if Node:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    thread.process.memory.write(ProcessorMask, _affinity(thread.process.machine.processor_mask))
    return 1


@kernel32.export("threading")
def GetThreadGroupAffinity(thread: Thread, hThread: HANDLE, GroupAffinity: PVOID) -> BOOL:
    affinity = get_object(thread, hThread, Thread, 0x0800).affinity
    thread.process.memory.write(GroupAffinity, _affinity(affinity))
    return 1


@kernel32.export("threading")
def SetThreadGroupAffinity(
    thread: Thread, hThread: HANDLE, GroupAffinity: PVOID, PreviousGroupAffinity: PVOID
) -> BOOL:
    target = get_object(thread, hThread, Thread, 0x0020)
    memory = thread.process.memory
    wanted, group = struct.unpack("<QH", memory.read(GroupAffinity, 10))
    if group:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    previous = set_affinity(target, wanted)
    if PreviousGroupAffinity:
        memory.write(PreviousGroupAffinity, _affinity(previous))
    return 1


@kernel32.export("process")
def GetProcessGroupAffinity(
    thread: Thread, hProcess: HANDLE, GroupCount: InOut[USHORT], GroupArray: PVOID
) -> BOOL:
    get_object(thread, hProcess, Process, 0x1000)
    room = GroupCount.get()
    GroupCount.set(1)
    if not room:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write_u16(GroupArray, 0)
    return 1


@kernel32.export("threading")
def GetCurrentProcessorNumberEx(thread: Thread, ProcNumber: PVOID) -> None:
    thread.process.memory.write(ProcNumber, struct.pack("<HBB", 0, thread.processor, 0))


@kernel32.export("memory")
def GetLargePageMinimum(thread: Thread) -> SIZE_T:
    """Return the size of a large page of every x64 processor; allocating one needs a privilege."""
    return LARGE_PAGE  # of every x64 processor; allocating large pages needs SeLockMemoryPrivilege, as it should


@kernel32.export("threading")
def FlushProcessWriteBuffers(thread: Thread) -> None:
    """Guest threads of a process run one at a time: every store is visible already."""


# NUMA: a machine has one node, which holds all processors


def _only_node(number: int) -> None:
    if number:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)


@kernel32.export("threading")
def GetNumaNodeProcessorMask(thread: Thread, Node: UCHAR, ProcessorMask: Out[ULONGLONG]) -> BOOL:
    _only_node(Node)
    ProcessorMask.set(thread.process.machine.processor_mask)
    return 1


@kernel32.export("threading")
def GetNumaProcessorNode(thread: Thread, Processor: UCHAR, NodeNumber: Out[UCHAR]) -> BOOL:
    if Processor >= thread.process.machine.processor.count:
        NodeNumber.set(0xFF)
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    NodeNumber.set(0)
    return 1


@kernel32.export("threading")
def GetNumaProcessorNodeEx(thread: Thread, Processor: In[ULONG], NodeNumber: Out[USHORT]) -> BOOL:
    group, number = struct.unpack("<HBx", Processor.get().to_bytes(4, "little"))
    if group or number >= thread.process.machine.processor.count:
        NodeNumber.set(0xFFFF)
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    NodeNumber.set(0)
    return 1


@kernel32.export("memory")
def GetNumaAvailableMemoryNode(thread: Thread, Node: UCHAR, AvailableBytes: Out[ULONGLONG]) -> BOOL:
    _only_node(Node)
    AvailableBytes.set(_available(thread))
    return 1


@kernel32.export("memory")
def GetNumaAvailableMemoryNodeEx(thread: Thread, Node: USHORT, AvailableBytes: Out[ULONGLONG]) -> BOOL:
    _only_node(Node)
    AvailableBytes.set(_available(thread))
    return 1


def _available(thread: Thread) -> int:
    physical = thread.process.machine.physical
    return physical.limit - physical.frames_in_use * 0x1000


@kernel32.export("threading")
def GetNumaProximityNode(thread: Thread, ProximityId: ULONG, NodeNumber: Out[UCHAR]) -> BOOL:
    _only_node(ProximityId)
    NodeNumber.set(0)
    return 1


@kernel32.export("threading")
def GetNumaProximityNodeEx(thread: Thread, ProximityId: ULONG, NodeNumber: Out[USHORT]) -> BOOL:
    _only_node(ProximityId)
    NodeNumber.set(0)
    return 1
