"""processthreadsapi.h, realtimeapiset.h, winbase.h: descriptions, policies and counters of processes and threads."""

from __future__ import annotations

import struct

from runtime.dlls.heap import guest_heap_new
from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.process_state import process_state
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    HRESULT,
    INT,
    LPCWSTR,
    PVOID,
    SIZE_T,
    UINT,
    ULONG,
    ULONG64,
    In,
    Out,
)
from runtime.memory.faults import MemoryFault
from runtime.nt import status as st
from runtime.nt.file import FileObject
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

_QUERY, _QUERY_LIMITED, _SET_INFORMATION, _SET_LIMITED = 0x0400, 0x1000, 0x0200, 0x2000
_THREAD_QUERY_LIMITED, _THREAD_SET, _THREAD_SET_LIMITED = 0x0800, 0x0020, 0x0400
_FAILED = 0xFFFFFFFF
_MAXIMUM_PROCESSORS = 64
_CYCLES_PER_TICK = 240
"""Processor cycles in 100 ns, at the nominal 2.4 GHz."""


class _Settings:
    """What a process asked for and can ask back; none of it changes how programs run here."""

    def __init__(self) -> None:
        self.shutdown = (0x280, 0)
        self.policies: dict[int, int] = {}
        self.memory_priority = 5
        self.power_throttling = (0, 0)
        self.cpu_sets: tuple[int, ...] = ()


# Names


@kernel32.export("threading")
async def GetThreadDescription(thread: Thread, hThread: HANDLE, ppszThreadDescription: Out[PVOID]) -> HRESULT:
    target = get_object(thread, hThread, Thread, _THREAD_QUERY_LIMITED)
    data = target.description.encode("utf-16-le", "surrogatepass") + b"\0\0"
    ppszThreadDescription.set(await guest_heap_new(thread, data))
    return 0x10000000  # HRESULT_FROM_NT(STATUS_SUCCESS)


@kernel32.export("threading")
def SetThreadDescription(thread: Thread, hThread: HANDLE, lpThreadDescription: LPCWSTR) -> HRESULT:
    get_object(thread, hThread, Thread, _THREAD_SET_LIMITED).description = lpThreadDescription or ""
    return 0x10000000


# Processors


@kernel32.export("threading", fails=_FAILED)
def SetThreadIdealProcessor(thread: Thread, hThread: HANDLE, dwIdealProcessor: DWORD) -> DWORD:
    target = get_object(thread, hThread, Thread, _THREAD_SET)
    if dwIdealProcessor > _MAXIMUM_PROCESSORS:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    previous = target.ideal_processor
    if dwIdealProcessor < _MAXIMUM_PROCESSORS:  # MAXIMUM_PROCESSORS only asks
        if dwIdealProcessor >= thread.process.machine.processor.count:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
        target.ideal_processor = dwIdealProcessor
    return previous


@kernel32.export("threading")
def SetThreadIdealProcessorEx(
    thread: Thread, hThread: HANDLE, lpIdealProcessor: In[ULONG], lpPreviousIdealProcessor: Out[ULONG]
) -> BOOL:
    target = get_object(thread, hThread, Thread, _THREAD_SET)
    group, number = struct.unpack("<HBx", lpIdealProcessor.get().to_bytes(4, "little"))
    if group or number >= thread.process.machine.processor.count:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    lpPreviousIdealProcessor.put(target.ideal_processor << 16)
    target.ideal_processor = number
    return 1


@kernel32.export("threading")
def GetThreadIdealProcessorEx(thread: Thread, hThread: HANDLE, lpIdealProcessor: Out[ULONG]) -> BOOL:
    lpIdealProcessor.set(get_object(thread, hThread, Thread, _THREAD_QUERY_LIMITED).ideal_processor << 16)
    return 1


# Information classes


@kernel32.export("process")
def GetProcessInformation(
    thread: Thread, hProcess: HANDLE, ProcessInformationClass: INT, ProcessInformation: PVOID,
    ProcessInformationSize: DWORD,
) -> BOOL:  # fmt: skip
    settings = process_state(get_object(thread, hProcess, Process, _QUERY_LIMITED), _Settings)
    match ProcessInformationClass:
        case 0:  # ProcessMemoryPriority
            data = struct.pack("<I", settings.memory_priority)
        case 4:  # ProcessPowerThrottling
            data = struct.pack("<III", 1, *settings.power_throttling)
        case 7:  # ProcessProtectionLevelInfo: PROTECTION_LEVEL_NONE
            data = struct.pack("<I", 0xFFFFFFFE)
        case 9:  # ProcessMachineTypeInfo
            data = struct.pack("<HHI", 0x8664, 0, 0x7)
        case _:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if ProcessInformationSize < len(data):
        raise Win32Error(st.ERROR_BAD_LENGTH)
    thread.process.memory.write(ProcessInformation, data)
    return 1


@kernel32.export("process")
def SetProcessInformation(
    thread: Thread, hProcess: HANDLE, ProcessInformationClass: INT, ProcessInformation: PVOID,
    ProcessInformationSize: DWORD,
) -> BOOL:  # fmt: skip
    settings = process_state(get_object(thread, hProcess, Process, _SET_INFORMATION), _Settings)
    memory = thread.process.memory
    match ProcessInformationClass, ProcessInformationSize:
        case 0, 4:  # ProcessMemoryPriority
            priority = memory.read_u32(ProcessInformation)
            if not 1 <= priority <= 5:
                raise Win32Error(st.ERROR_INVALID_PARAMETER)
            settings.memory_priority = priority
        case 4, 12:  # ProcessPowerThrottling
            version, control, state = struct.unpack("<III", memory.read(ProcessInformation, 12))
            if version != 1 or control & ~0x5 or state & ~control:
                raise Win32Error(st.ERROR_INVALID_PARAMETER)
            settings.power_throttling = control, state
        case 0 | 4, _:
            raise Win32Error(st.ERROR_BAD_LENGTH)
        case _:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return 1


@kernel32.export("threading")
def GetThreadInformation(
    thread: Thread, hThread: HANDLE, ThreadInformationClass: INT, ThreadInformation: PVOID,
    ThreadInformationSize: DWORD,
) -> BOOL:  # fmt: skip
    target = get_object(thread, hThread, Thread, _THREAD_QUERY_LIMITED)
    match ThreadInformationClass:
        case 0:  # ThreadMemoryPriority
            data = struct.pack("<I", target.memory_priority)
        case 3:  # ThreadPowerThrottling
            data = struct.pack("<III", 1, 0, 0)
        case _:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if ThreadInformationSize < len(data):
        raise Win32Error(st.ERROR_BAD_LENGTH)
    thread.process.memory.write(ThreadInformation, data)
    return 1


@kernel32.export("threading")
def SetThreadInformation(
    thread: Thread, hThread: HANDLE, ThreadInformationClass: INT, ThreadInformation: PVOID,
    ThreadInformationSize: DWORD,
) -> BOOL:  # fmt: skip
    target = get_object(thread, hThread, Thread, _THREAD_SET)
    memory = thread.process.memory
    match ThreadInformationClass, ThreadInformationSize:
        case 0, 4:  # ThreadMemoryPriority
            priority = memory.read_u32(ThreadInformation)
            if not 1 <= priority <= 5:
                raise Win32Error(st.ERROR_INVALID_PARAMETER)
            target.memory_priority = priority
        case 3, 12:  # ThreadPowerThrottling: every thread runs as fast as it can
            version, control, state = struct.unpack("<III", memory.read(ThreadInformation, 12))
            if version != 1 or control & ~1 or state & ~control:
                raise Win32Error(st.ERROR_INVALID_PARAMETER)
        case 0 | 3, _:
            raise Win32Error(st.ERROR_BAD_LENGTH)
        case _:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return 1


@kernel32.export("process")
def GetProcessMitigationPolicy(
    thread: Thread, hProcess: HANDLE, MitigationPolicy: INT, lpBuffer: PVOID, dwLength: SIZE_T
) -> BOOL:
    settings = process_state(get_object(thread, hProcess, Process, _QUERY), _Settings)
    size = 8 if MitigationPolicy in (0, 5) else 4
    if not 0 <= MitigationPolicy <= 18 or dwLength != size:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if MitigationPolicy == 0:  # ProcessDEPPolicy: on for good, as in every 64-bit process
        data = struct.pack("<IB3x", 1, 1)
    else:
        data = settings.policies.get(MitigationPolicy, 0).to_bytes(size, "little")
    thread.process.memory.write(lpBuffer, data)
    return 1


@kernel32.export("process")
def SetProcessMitigationPolicy(thread: Thread, MitigationPolicy: INT, lpBuffer: PVOID, dwLength: SIZE_T) -> BOOL:
    """The policies are kept and told; none is enforced, since they only make attacks harder."""
    if not 1 <= MitigationPolicy <= 18 or MitigationPolicy in (5, 7) or dwLength != 4:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    policies = process_state(thread.process, _Settings).policies
    wanted = thread.process.memory.read_u32(lpBuffer)
    if policies.get(MitigationPolicy, 0) & ~wanted:
        raise NtError(st.STATUS_ACCESS_DENIED)  # what is on cannot be taken off
    policies[MitigationPolicy] = wanted
    return 1


@kernel32.export("process")
def SetProcessDEPPolicy(thread: Thread, dwFlags: DWORD) -> BOOL:
    """ERROR_NOT_SUPPORTED, as for every 64-bit program: data execution prevention is always on."""
    raise Win32Error(st.ERROR_NOT_SUPPORTED)  # documented for 64-bit processes


@kernel32.export("process")
def GetProcessDEPPolicy(thread: Thread, hProcess: HANDLE, lpFlags: Out[DWORD], lpPermanent: Out[BOOL]) -> BOOL:
    """ERROR_NOT_SUPPORTED, as for every 64-bit program: data execution prevention is always on."""
    raise Win32Error(st.ERROR_NOT_SUPPORTED)


@kernel32.export("process")
def GetSystemDEPPolicy(thread: Thread) -> INT:
    """Return OptIn, the default of Windows for computers that are no servers."""
    return 2  # OptIn, the default of client versions


@kernel32.export("process")
def SetProcessShutdownParameters(thread: Thread, dwLevel: DWORD, dwFlags: DWORD) -> BOOL:
    if dwLevel > 0x4FF or dwFlags & ~1:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    process_state(thread.process, _Settings).shutdown = dwLevel, dwFlags
    return 1


@kernel32.export("process")
def GetProcessShutdownParameters(thread: Thread, lpdwLevel: Out[DWORD], lpdwFlags: Out[DWORD]) -> BOOL:
    level, flags = process_state(thread.process, _Settings).shutdown
    lpdwLevel.set(level)
    lpdwFlags.set(flags)
    return 1


@kernel32.export("process")
def IsProcessCritical(thread: Thread, hProcess: HANDLE, Critical: Out[BOOL]) -> BOOL:
    get_object(thread, hProcess, Process, _QUERY_LIMITED)
    Critical.set(0)
    return 1


# Counters


@kernel32.export("process")
def QueryProcessCycleTime(thread: Thread, ProcessHandle: HANDLE, CycleTime: Out[ULONG64]) -> BOOL:
    kernel, user = get_object(thread, ProcessHandle, Process, _QUERY_LIMITED).times()
    CycleTime.set((kernel + user) * _CYCLES_PER_TICK)
    return 1


@kernel32.export("threading")
def QueryThreadCycleTime(thread: Thread, ThreadHandle: HANDLE, CycleTime: Out[ULONG64]) -> BOOL:
    kernel, user = get_object(thread, ThreadHandle, Thread, _THREAD_QUERY_LIMITED).times()
    CycleTime.set((kernel + user) * _CYCLES_PER_TICK)
    return 1


@kernel32.export("process")
def GetProcessIoCounters(thread: Thread, hProcess: HANDLE, lpIoCounters: PVOID) -> BOOL:
    counters = get_object(thread, hProcess, Process, _QUERY_LIMITED).io_counters
    thread.process.memory.write(lpIoCounters, struct.pack("<6Q", *counters))
    return 1


@kernel32.export("threading")
def GetThreadIOPendingFlag(thread: Thread, hThread: HANDLE, lpIOIsPending: Out[BOOL]) -> BOOL:
    lpIOIsPending.set(bool(get_object(thread, hThread, Thread, 0x0040).pending_io))
    return 1


# CPU sets: one a processor, numbered from 0x100


@kernel32.export("process")
def GetSystemCpuSetInformation(
    thread: Thread, Information: PVOID, BufferLength: ULONG, ReturnedLength: Out[ULONG], Process: HANDLE, Flags: ULONG
) -> BOOL:
    if Flags:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    count = thread.process.machine.processor.count
    data = b"".join(
        # Size, Type, Id, Group, LogicalProcessorIndex, CoreIndex, LastLevelCacheIndex, NumaNodeIndex, EfficiencyClass…
        struct.pack("<IIIHBBBBBBIQ", 32, 0, 0x100 + index, 0, index, index, 0, 0, 0, 0, 0, 0)
        for index in range(count)
    )
    ReturnedLength.set(len(data))
    if BufferLength < len(data):
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(Information, data)
    return 1


@kernel32.export("process")
def SetProcessDefaultCpuSets(thread: Thread, Process: HANDLE, CpuSetIds: PVOID, CpuSetIdCount: ULONG) -> BOOL:
    target = get_object(thread, Process, _ProcessObject, _SET_LIMITED)
    count = target.machine.processor.count
    if bool(CpuSetIds) != bool(CpuSetIdCount) or CpuSetIdCount > 1024:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    wanted = struct.unpack(f"<{CpuSetIdCount}I", thread.process.memory.read(CpuSetIds, 4 * CpuSetIdCount))
    if any(not 0x100 <= number < 0x100 + count for number in wanted):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    process_state(target, _Settings).cpu_sets = wanted
    return 1


@kernel32.export("process")
def GetProcessDefaultCpuSets(
    thread: Thread, Process: HANDLE, CpuSetIds: PVOID, CpuSetIdCount: ULONG, RequiredIdCount: Out[ULONG]
) -> BOOL:
    found = process_state(get_object(thread, Process, _ProcessObject, _QUERY_LIMITED), _Settings).cpu_sets
    RequiredIdCount.set(len(found))
    if CpuSetIdCount < len(found):
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(CpuSetIds, struct.pack(f"<{len(found)}I", *found))
    return 1


_ProcessObject = Process


@kernel32.export("process")
def WTSGetActiveConsoleSessionId(thread: Thread) -> DWORD:
    """Return the session at the console: the only one, 1, which every process is in."""
    return 1


@kernel32.export("process")
def FatalExit(thread: Thread, ExitCode: INT) -> None:
    thread.process.terminate(ExitCode & 0xFFFFFFFF)


@kernel32.export("process")
def Toolhelp32ReadProcessMemory(
    thread: Thread, th32ProcessID: DWORD, lpBaseAddress: PVOID, lpBuffer: PVOID, cbRead: SIZE_T,
    lpNumberOfBytesRead: Out[SIZE_T],
) -> BOOL:  # fmt: skip
    target = thread.process.machine.processes.get(th32ProcessID) if th32ProcessID else thread.process
    if target is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    try:
        data = target.memory.read(lpBaseAddress, min(cbRead, 1 << 32))
    except MemoryFault:
        raise Win32Error(st.ERROR_PARTIAL_COPY) from None
    thread.process.memory.write(lpBuffer, data)
    lpNumberOfBytesRead.put(len(data))
    return 1


@kernel32.export("process")
def GetDevicePowerState(thread: Thread, hDevice: HANDLE, pfOn: Out[BOOL]) -> BOOL:
    get_object(thread, hDevice, FileObject)
    pfOn.set(1)
    return 1


@kernel32.export("process")
def QueryIdleProcessorCycleTime(thread: Thread, BufferLength: Out[UINT], ProcessorIdleCycleTime: PVOID) -> BOOL:
    machine = thread.process.machine
    size = 8 * machine.processor.count
    room = BufferLength.get()
    BufferLength.set(size)
    if not ProcessorIdleCycleTime:
        return 1
    if room < size:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    ticks = machine.clock.ticks() * _CYCLES_PER_TICK
    thread.process.memory.write(ProcessorIdleCycleTime, struct.pack("<Q", ticks) * machine.processor.count)
    return 1
