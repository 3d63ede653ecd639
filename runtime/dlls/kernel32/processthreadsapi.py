"""processthreadsapi.h: threads and processes."""

from __future__ import annotations

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.named import inherits
from runtime.dlls.ntdll.exception import NtGetContextThread, NtSetContextThread
from runtime.dlls.types import (
    BOOL,
    DWORD,
    DWORD_PTR,
    HANDLE,
    INT,
    LPVOID,
    PVOID,
    SIZE_T,
    UINT,
    Out,
)
from runtime.nt import status as st
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.startup import STARTUPINFOW
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_CREATE_SUSPENDED = 0x4
_STACK_SIZE_IS_RESERVATION = 0x10000
_ALL_ACCESS = 0x1FFFFF

_PRIORITY_CLASSES = {0x40: 1, 0x20: 2, 0x80: 3, 0x100: 4, 0x4000: 5, 0x8000: 6}
"""*_PRIORITY_CLASS flags and the kernel's numbers for them."""


@kernel32.export("threading")
def CreateThread(
    thread: Thread, lpThreadAttributes: LPVOID, dwStackSize: SIZE_T, lpStartAddress: PVOID, lpParameter: LPVOID,
    dwCreationFlags: DWORD, lpThreadId: Out[DWORD],
) -> HANDLE:  # fmt: skip
    return _create(thread, thread.process, lpThreadAttributes, dwStackSize, lpStartAddress, lpParameter,
                   dwCreationFlags, lpThreadId)  # fmt: skip


@kernel32.export("threading")
def CreateRemoteThread(
    thread: Thread, hProcess: HANDLE, lpThreadAttributes: LPVOID, dwStackSize: SIZE_T, lpStartAddress: PVOID,
    lpParameter: LPVOID, dwCreationFlags: DWORD, lpThreadId: Out[DWORD],
) -> HANDLE:  # fmt: skip
    process = get_object(thread, hProcess, Process, 0x0002)
    return _create(thread, process, lpThreadAttributes, dwStackSize, lpStartAddress, lpParameter, dwCreationFlags,
                   lpThreadId)  # fmt: skip


@kernel32.export("threading")
def CreateRemoteThreadEx(
    thread: Thread, hProcess: HANDLE, lpThreadAttributes: LPVOID, dwStackSize: SIZE_T, lpStartAddress: PVOID,
    lpParameter: LPVOID, dwCreationFlags: DWORD, lpAttributeList: LPVOID, lpThreadId: Out[DWORD],
) -> HANDLE:  # fmt: skip
    process = get_object(thread, hProcess, Process, 0x0002)
    return _create(thread, process, lpThreadAttributes, dwStackSize, lpStartAddress, lpParameter, dwCreationFlags,
                   lpThreadId)  # fmt: skip


def _create(thread: Thread, process: Process, security: int, stack: int, start: int, parameter: int, flags: int,
            thread_id: Out[DWORD]) -> int:  # fmt: skip
    if flags & ~(_CREATE_SUSPENDED | _STACK_SIZE_IS_RESERVATION):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    inherit = inherits(thread, security)
    reserve, commit = (stack, 0) if flags & _STACK_SIZE_IS_RESERVATION else (0, stack)
    created = process.create_thread(
        start, parameter, stack_reserve=reserve, stack_commit=commit, suspended=bool(flags & _CREATE_SUSPENDED)
    )
    handle = thread.process.handles.open(created, _ALL_ACCESS, inherit=inherit)
    thread_id.put(created.id)
    return handle


@kernel32.export("threading")
def OpenThread(thread: Thread, dwDesiredAccess: DWORD, bInheritHandle: BOOL, dwThreadId: DWORD) -> HANDLE:
    target = thread.process.machine.threads.get(dwThreadId & ~3)
    if target is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return thread.process.handles.open(target, dwDesiredAccess, inherit=bool(bInheritHandle))


@kernel32.export("process")
def OpenProcess(thread: Thread, dwDesiredAccess: DWORD, bInheritHandle: BOOL, dwProcessId: DWORD) -> HANDLE:
    target = thread.process.machine.processes.get(dwProcessId & ~3)
    if target is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return thread.process.handles.open(target, dwDesiredAccess, inherit=bool(bInheritHandle))


@kernel32.export("threading", fails=0xFFFFFFFF)
def SuspendThread(thread: Thread, hThread: HANDLE) -> DWORD:
    return get_object(thread, hThread, Thread, 0x0002).suspend()


@kernel32.export("threading", fails=0xFFFFFFFF)
def ResumeThread(thread: Thread, hThread: HANDLE) -> DWORD:
    return get_object(thread, hThread, Thread, 0x0002).resume()


@kernel32.export("threading")
def TerminateThread(thread: Thread, hThread: HANDLE, dwExitCode: DWORD) -> BOOL:
    get_object(thread, hThread, Thread, 0x0001).terminate(dwExitCode)
    return 1


@kernel32.export("process")
def TerminateProcess(thread: Thread, hProcess: HANDLE, uExitCode: UINT) -> BOOL:
    process = get_object(thread, hProcess, Process, 0x0001)
    if process.ended:
        raise Win32Error(st.ERROR_ACCESS_DENIED)
    process.terminate(uExitCode)
    return 1


@kernel32.export("threading")
def GetExitCodeThread(thread: Thread, hThread: HANDLE, lpExitCode: Out[DWORD]) -> BOOL:
    target = get_object(thread, hThread, Thread, 0x0800)
    lpExitCode.set(target.exit_status if target.ended else st.STATUS_PENDING)
    return 1


@kernel32.export("process")
def GetExitCodeProcess(thread: Thread, hProcess: HANDLE, lpExitCode: Out[DWORD]) -> BOOL:
    process = get_object(thread, hProcess, Process, 0x1000)
    lpExitCode.set(process.exit_status if process.ended else st.STATUS_PENDING)
    return 1


@kernel32.export("threading")
def GetThreadId(thread: Thread, Thread: HANDLE) -> DWORD:
    return get_object(thread, Thread, _ThreadObject, 0x0800).id


_ThreadObject = Thread


@kernel32.export("process")
def GetProcessId(thread: Thread, Process: HANDLE) -> DWORD:
    return get_object(thread, Process, _ProcessObject, 0x1000).pid


_ProcessObject = Process


@kernel32.export("process")
def GetProcessIdOfThread(thread: Thread, Thread: HANDLE) -> DWORD:
    return get_object(thread, Thread, _ThreadObject, 0x0800).process.pid


@kernel32.export("threading")
def SetThreadPriority(thread: Thread, hThread: HANDLE, nPriority: INT) -> BOOL:
    if nPriority not in (-15, -2, -1, 0, 1, 2, 15, 0x10000, 0x20000):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    target = get_object(thread, hThread, Thread, 0x0020)
    if nPriority < 0x10000:
        target.priority = nPriority
    return 1


@kernel32.export("threading", fails=0x7FFFFFFF)
def GetThreadPriority(thread: Thread, hThread: HANDLE) -> INT:
    return get_object(thread, hThread, Thread, 0x0800).priority


@kernel32.export("threading")
def SetThreadPriorityBoost(thread: Thread, hThread: HANDLE, bDisablePriorityBoost: BOOL) -> BOOL:
    get_object(thread, hThread, Thread, 0x0020).boost_disabled = bool(bDisablePriorityBoost)
    return 1


@kernel32.export("threading")
def GetThreadPriorityBoost(thread: Thread, hThread: HANDLE, pDisablePriorityBoost: Out[BOOL]) -> BOOL:
    pDisablePriorityBoost.set(int(get_object(thread, hThread, Thread, 0x0800).boost_disabled))
    return 1


@kernel32.export("process")
def SetProcessPriorityBoost(thread: Thread, hProcess: HANDLE, bDisablePriorityBoost: BOOL) -> BOOL:
    get_object(thread, hProcess, Process, 0x0200).boost_disabled = bool(bDisablePriorityBoost)
    return 1


@kernel32.export("process")
def GetProcessPriorityBoost(thread: Thread, hProcess: HANDLE, pDisablePriorityBoost: Out[BOOL]) -> BOOL:
    pDisablePriorityBoost.set(int(get_object(thread, hProcess, Process, 0x1000).boost_disabled))
    return 1


@kernel32.export("process")
def GetPriorityClass(thread: Thread, hProcess: HANDLE) -> DWORD:
    number = get_object(thread, hProcess, Process, 0x1000).priority_class
    return next(flag for flag, value in _PRIORITY_CLASSES.items() if value == number)


@kernel32.export("process")
def SetPriorityClass(thread: Thread, hProcess: HANDLE, dwPriorityClass: DWORD) -> BOOL:
    process = get_object(thread, hProcess, Process, 0x0200)
    number = _PRIORITY_CLASSES.get(dwPriorityClass & 0xFFFF)
    if number is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    process.priority_class = number
    return 1


@kernel32.export("process")
def GetProcessAffinityMask(
    thread: Thread, hProcess: HANDLE, lpProcessAffinityMask: Out[DWORD_PTR], lpSystemAffinityMask: Out[DWORD_PTR]
) -> BOOL:
    lpProcessAffinityMask.set(get_object(thread, hProcess, Process, 0x1000).affinity)
    lpSystemAffinityMask.set(thread.process.machine.processor_mask)
    return 1


@kernel32.export("process")
def SetProcessAffinityMask(thread: Thread, hProcess: HANDLE, dwProcessAffinityMask: DWORD_PTR) -> BOOL:
    """Choose the processors of a process and of all its threads."""
    target = get_object(thread, hProcess, Process, 0x0200)
    if not dwProcessAffinityMask or dwProcessAffinityMask & ~thread.process.machine.processor_mask:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    target.affinity = dwProcessAffinityMask
    for other in target.threads.values():
        other.affinity = dwProcessAffinityMask
    return 1


@kernel32.export("threading")
def SetThreadAffinityMask(thread: Thread, hThread: HANDLE, dwThreadAffinityMask: DWORD_PTR) -> DWORD_PTR:
    """Choose the processors of a thread among its process's; returns those it had."""
    return set_affinity(get_object(thread, hThread, Thread, 0x0020), dwThreadAffinityMask)


def set_affinity(target: Thread, mask: int) -> int:
    """Choose the processors of a thread; returns those it had. Raises Win32Error(ERROR_INVALID_PARAMETER)."""
    if not mask or mask & ~target.process.affinity:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    previous, target.affinity = target.affinity, mask
    return previous


@kernel32.export("threading")
def GetCurrentProcessorNumber(thread: Thread) -> DWORD:
    """Return the first processor the thread may run on: the threads of a process take turns on one."""
    return thread.processor


@kernel32.export("process")
def GetProcessTimes(
    thread: Thread, hProcess: HANDLE, lpCreationTime: PVOID, lpExitTime: PVOID, lpKernelTime: PVOID, lpUserTime: PVOID
) -> BOOL:
    process = get_object(thread, hProcess, Process, 0x1000)
    kernel, user = process.times()
    memory = thread.process.memory
    for address, value in (
        (lpCreationTime, process.create_time),
        (lpExitTime, process.exit_time),
        (lpKernelTime, kernel),
        (lpUserTime, user),
    ):
        memory.write_u64(address, value)
    return 1


@kernel32.export("threading")
def GetThreadTimes(
    thread: Thread, hThread: HANDLE, lpCreationTime: PVOID, lpExitTime: PVOID, lpKernelTime: PVOID, lpUserTime: PVOID
) -> BOOL:
    target = get_object(thread, hThread, Thread, 0x0800)
    kernel, user = target.times()
    memory = thread.process.memory
    for address, value in (
        (lpCreationTime, target.create_time),
        (lpExitTime, target.exit_time),
        (lpKernelTime, kernel),
        (lpUserTime, user),
    ):
        memory.write_u64(address, value)
    return 1


@kernel32.export("process")
def GetProcessHandleCount(thread: Thread, hProcess: HANDLE, pdwHandleCount: Out[DWORD]) -> BOOL:
    pdwHandleCount.set(len(get_object(thread, hProcess, Process, 0x1000).handles))
    return 1


@kernel32.export("process")
def GetProcessVersion(thread: Thread, ProcessId: DWORD) -> DWORD:
    """The Windows version a program expects: the subsystem version in its header. 0 is this process."""
    process = thread.process.machine.processes.get(ProcessId & ~3) if ProcessId else thread.process
    program = process.modules.executable if process is not None else None
    if program is None or program.image is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    major, minor = program.image.subsystem_version
    return major << 16 | minor


@kernel32.export("process")
def GetStartupInfoW(thread: Thread, lpStartupInfo: PVOID) -> None:
    STARTUPINFOW.of(thread.process).write(thread.process.memory, lpStartupInfo)


@kernel32.export("process")
def GetStartupInfoA(thread: Thread, lpStartupInfo: PVOID) -> None:
    STARTUPINFOW.of(thread.process).write(thread.process.memory, lpStartupInfo)


@kernel32.export("threading")
def SetThreadStackGuarantee(thread: Thread, StackSizeInBytes: PVOID) -> BOOL:
    memory, offset = thread.process.memory, thread.teb + thread.process.layout.guaranteed_stack_bytes
    wanted, old = memory.read_u32(StackSizeInBytes), memory.read_u32(offset)
    if wanted > thread.stack_base - thread.deallocation_stack:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    memory.write_u32(StackSizeInBytes, old)
    if wanted:
        memory.write_u32(offset, max(old, -(-wanted // 0x1000) * 0x1000))
    return 1


@kernel32.export("threading")
def GetThreadContext(thread: Thread, hThread: HANDLE, lpContext: PVOID) -> BOOL:
    NtGetContextThread(thread, hThread, lpContext)
    return 1


@kernel32.export("threading")
def SetThreadContext(thread: Thread, hThread: HANDLE, lpContext: PVOID) -> BOOL:
    NtSetContextThread(thread, hThread, lpContext)
    return 1


@kernel32.export("process")
def ProcessIdToSessionId(thread: Thread, dwProcessId: DWORD, pSessionId: Out[DWORD]) -> BOOL:
    if dwProcessId & ~3 not in thread.process.machine.processes:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    pSessionId.set(1)
    return 1
