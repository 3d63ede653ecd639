"""sysinfoapi.h, profileapi.h, timezoneapi.h, realtimeapiset.h: the machine's facts and the time."""

from __future__ import annotations

import struct
from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import (
    BOOL,
    DWORD,
    LARGE_INTEGER,
    LPSTR,
    LPWSTR,
    PVOID,
    UINT,
    ULONGLONG,
    WORD,
    Out,
    OutBytes,
)
from runtime.nt import status as st
from runtime.nt.activation import told_version
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_TICKS = 10_000_000


@kernel32.export("environment")
def GetSystemInfo(thread: Thread, lpSystemInfo: PVOID) -> None:
    _system_info(thread, lpSystemInfo)


@kernel32.export("environment")
def GetNativeSystemInfo(thread: Thread, lpSystemInfo: PVOID) -> None:
    _system_info(thread, lpSystemInfo)


def _system_info(thread: Thread, address: int) -> None:
    machine = thread.process.machine
    processor = machine.processor
    data = struct.pack(
        "<HHIQQQIIIHH", 9, 0, 0x1000, 0x10000, thread.process.memory.highest,
        machine.processor_mask, processor.count, 8664, 0x10000, processor.family, processor.revision,
    )  # fmt: skip
    thread.process.memory.write(address, data)


@kernel32.export("time")
def QueryPerformanceCounter(thread: Thread, lpPerformanceCount: Out[LARGE_INTEGER]) -> BOOL:
    lpPerformanceCount.set(thread.process.machine.clock.ticks())
    return 1


@kernel32.export("time")
def QueryPerformanceFrequency(thread: Thread, lpFrequency: Out[LARGE_INTEGER]) -> BOOL:
    lpFrequency.set(_TICKS)
    return 1


@kernel32.export("time")
def GetSystemTimePreciseAsFileTime(thread: Thread, lpSystemTimeAsFileTime: Out[ULONGLONG]) -> None:
    lpSystemTimeAsFileTime.set(thread.process.machine.clock.now())


@kernel32.export("time")
def QueryInterruptTimePrecise(thread: Thread, lpInterruptTimePrecise: Out[ULONGLONG]) -> None:
    lpInterruptTimePrecise.set(thread.process.machine.clock.ticks())


@kernel32.export("time")
def GetSystemTimeAdjustment(
    thread: Thread, lpTimeAdjustment: Out[DWORD], lpTimeIncrement: Out[DWORD], lpTimeAdjustmentDisabled: Out[BOOL]
) -> BOOL:
    lpTimeAdjustment.set(156250)
    lpTimeIncrement.set(156250)
    lpTimeAdjustmentDisabled.set(1)
    return 1


@kernel32.export("time")
def GetSystemTimes(thread: Thread, lpIdleTime: PVOID, lpKernelTime: PVOID, lpUserTime: PVOID) -> BOOL:
    machine, memory = thread.process.machine, thread.process.memory
    user = sum(process.times()[1] for process in machine.processes.values())
    total = machine.clock.ticks() * machine.processor.count
    idle = max(total - user, 0)
    for address, value in ((lpIdleTime, idle), (lpKernelTime, idle), (lpUserTime, user)):
        if address:
            memory.write_u64(address, value)
    return 1


@kernel32.export("environment")
def GetVersion(thread: Thread) -> DWORD:
    major, minor, build = told_version(thread.process)
    return build << 16 | minor << 8 | major


@kernel32.export("environment")
def GetVersionExW(thread: Thread, lpVersionInformation: PVOID) -> BOOL:
    return _version(thread, lpVersionInformation, 276, 284)


@kernel32.export("environment")
def GetVersionExA(thread: Thread, lpVersionInformation: PVOID) -> BOOL:
    return _version(thread, lpVersionInformation, 148, 156)


def _version(thread: Thread, address: int, plain: int, extended: int) -> int:
    memory = thread.process.memory
    size = memory.read_u32(address)
    if size not in (plain, extended):
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    memory.fill(address + 4, size - 4)
    memory.write(address + 4, struct.pack("<IIII", *told_version(thread.process), 2))
    if size == extended:
        memory.write(address + extended - 8, struct.pack("<HHHBB", 0, 0, 0x100, 1, 0))
    return 1


@kernel32.export("environment")
def GetProductInfo(
    thread: Thread, dwOSMajorVersion: DWORD, dwOSMinorVersion: DWORD, dwSpMajorVersion: DWORD,
    dwSpMinorVersion: DWORD, pdwReturnedProductType: Out[DWORD],
) -> BOOL:  # fmt: skip
    if not pdwReturnedProductType or dwOSMajorVersion < 6:
        return 0
    pdwReturnedProductType.set(48)  # PRODUCT_PROFESSIONAL
    return 1


def _condition(mask: int, kind: int) -> int:
    """Return the condition stored for one VER_* bit in the mask that VerSetConditionMask builds: 3 bits each."""
    return mask >> 3 * (kind.bit_length() - 1) & 7


kernel32.forward("VerSetConditionMask", "ntdll.VerSetConditionMask")


@kernel32.export("environment")
def VerifyVersionInfoW(
    thread: Thread, lpVersionInformation: PVOID, dwTypeMask: DWORD, dwlConditionMask: ULONGLONG
) -> BOOL:
    return _verify(thread, lpVersionInformation, dwTypeMask, dwlConditionMask, 276)


@kernel32.export("environment")
def VerifyVersionInfoA(
    thread: Thread, lpVersionInformation: PVOID, dwTypeMask: DWORD, dwlConditionMask: ULONGLONG
) -> BOOL:
    return _verify(thread, lpVersionInformation, dwTypeMask, dwlConditionMask, 148)


def _verify(thread: Thread, address: int, types: int, mask: int, tail: int) -> int:
    """VerifyVersionInfo: compare what the caller names with the version it is told, workstation, no service pack."""
    if not types or not mask:
        raise Win32Error(st.ERROR_BAD_ARGUMENTS)
    memory = thread.process.memory
    major, minor, build, platform = struct.unpack("<IIII", memory.read(address + 4, 16))
    pack_major, pack_minor, suite, product = struct.unpack("<HHHB", memory.read(address + tail, 7))
    wanted = {1: minor, 2: major, 4: build, 8: platform, 0x10: pack_minor, 0x20: pack_major, 0x40: suite, 0x80: product}
    our_major, our_minor, our_build = told_version(thread.process)
    actual = {1: our_minor, 2: our_major, 4: our_build, 8: 2, 0x10: 0, 0x20: 0, 0x40: 0x100, 0x80: 1}
    for bit in (0x80, 0x40, 0x8, 0x4):
        if types & bit and not _holds(actual[bit], wanted[bit], _condition(mask, bit)):
            raise Win32Error(st.ERROR_OLD_WIN_VERSION)
    levels = [bit for bit in (0x2, 0x1, 0x20, 0x10) if types & bit]
    if levels:
        # The parts of a version are compared as one: the condition of the first part decides.
        condition = _condition(mask, levels[0])
        ours = tuple(actual[bit] for bit in levels)
        theirs = tuple(wanted[bit] for bit in levels)
        if not _holds_tuple(ours, theirs, condition):
            raise Win32Error(st.ERROR_OLD_WIN_VERSION)
    return 1


def _holds(ours: int, theirs: int, condition: int) -> bool:
    if condition == 6:
        return ours & theirs == theirs
    if condition == 7:
        return bool(ours & theirs)
    return _holds_tuple((ours,), (theirs,), condition)


def _holds_tuple(ours: tuple[int, ...], theirs: tuple[int, ...], condition: int) -> bool:
    match condition:
        case 1:
            return ours == theirs
        case 2:
            return ours > theirs
        case 3:
            return ours >= theirs
        case 4:
            return ours < theirs
        case 5:
            return ours <= theirs
    raise Win32Error(st.ERROR_BAD_ARGUMENTS)


@kernel32.export("environment")
def GetSystemDirectoryW(
    thread: Thread, lpBuffer: Annotated[LPWSTR, OutBytes("uSize", unit=2)], uSize: UINT
) -> UINT:
    return _directory(thread, "C:\\Windows\\system32", lpBuffer, uSize, 2)


@kernel32.export("environment")
def GetSystemDirectoryA(thread: Thread, lpBuffer: Annotated[LPSTR, OutBytes("uSize")], uSize: UINT) -> UINT:
    return _directory(thread, "C:\\Windows\\system32", lpBuffer, uSize, 1)


@kernel32.export("environment")
def GetWindowsDirectoryW(
    thread: Thread, lpBuffer: Annotated[LPWSTR, OutBytes("uSize", unit=2)], uSize: UINT
) -> UINT:
    return _directory(thread, "C:\\Windows", lpBuffer, uSize, 2)


@kernel32.export("environment")
def GetWindowsDirectoryA(thread: Thread, lpBuffer: Annotated[LPSTR, OutBytes("uSize")], uSize: UINT) -> UINT:
    return _directory(thread, "C:\\Windows", lpBuffer, uSize, 1)


@kernel32.export("environment")
def GetSystemWindowsDirectoryW(
    thread: Thread, lpBuffer: Annotated[LPWSTR, OutBytes("uSize", unit=2)], uSize: UINT
) -> UINT:
    return _directory(thread, "C:\\Windows", lpBuffer, uSize, 2)


@kernel32.export("environment")
def GetSystemWindowsDirectoryA(thread: Thread, lpBuffer: Annotated[LPSTR, OutBytes("uSize")], uSize: UINT) -> UINT:
    return _directory(thread, "C:\\Windows", lpBuffer, uSize, 1)


def _directory(thread: Thread, path: str, buffer: int, size: int, unit: int) -> int:
    if size <= len(path):
        return len(path) + 1
    data = path.encode("utf-16-le" if unit == 2 else "ascii")
    thread.process.memory.write(buffer, data + bytes(unit))
    return len(path)


@kernel32.export("environment")
def GlobalMemoryStatusEx(thread: Thread, lpBuffer: PVOID) -> BOOL:
    process, memory = thread.process, thread.process.memory
    if memory.read_u32(lpBuffer) != 64:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    total = process.machine.physical.limit
    free = total - process.machine.physical.frames_in_use * 0x1000
    virtual = process.memory.highest + 1 - 0x10000
    load = 100 - 100 * free // total
    memory.write(
        lpBuffer + 4,
        struct.pack("<IQQQQQQQ", load, total, free, 2 * total, total + free, virtual, virtual - memory.committed, 0),
    )
    return 1


@kernel32.export("environment")
def GetPhysicallyInstalledSystemMemory(thread: Thread, TotalMemoryInKilobytes: Out[ULONGLONG]) -> BOOL:
    TotalMemoryInKilobytes.set(thread.process.machine.physical.limit >> 10)
    return 1


@kernel32.export("environment")
def GetActiveProcessorCount(thread: Thread, GroupNumber: WORD) -> DWORD:
    if GroupNumber not in (0, 0xFFFF):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return thread.process.machine.processor.count


@kernel32.export("environment")
def GetMaximumProcessorCount(thread: Thread, GroupNumber: WORD) -> DWORD:
    if GroupNumber not in (0, 0xFFFF):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return thread.process.machine.processor.count


@kernel32.export("environment")
def GetActiveProcessorGroupCount(thread: Thread) -> WORD:
    """Return 1: up to 64 processors are one group."""
    return 1  # documented: at most 64 processors are one group


@kernel32.export("environment")
def GetMaximumProcessorGroupCount(thread: Thread) -> WORD:
    """Return 1: up to 64 processors are one group."""
    return 1  # likewise
