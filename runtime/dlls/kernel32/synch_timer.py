"""synchapi.h: waitable timers."""

from __future__ import annotations

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.named import check_flags, create_named, open_named
from runtime.dlls.types import (
    ACCESS_MASK,
    BOOL,
    DWORD,
    HANDLE,
    LARGE_INTEGER,
    LONG,
    LPCWSTR,
    LPVOID,
    PVOID,
    ULONG,
    In,
)
from runtime.nt import status as st
from runtime.nt.reference import get_object
from runtime.nt.status import NtError
from runtime.nt.thread import Thread
from runtime.nt.timer import TIMER_ALL_ACCESS, TIMER_MODIFY_STATE, Timer

SYNCHRONIZATION = "synchronization"
CREATE_WAITABLE_TIMER_MANUAL_RESET, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION = 1, 2


def _create(thread: Thread, security: int, manual: bool, name: str | None, access: int) -> int:
    clock = thread.clock
    return create_named(thread, name, security, access, Timer, lambda: Timer(clock, manual_reset=manual))


@kernel32.export(category=SYNCHRONIZATION)
def CreateWaitableTimerW(
    thread: Thread, lpTimerAttributes: LPVOID, bManualReset: BOOL, lpTimerName: LPCWSTR
) -> HANDLE:
    return _create(thread, lpTimerAttributes, bool(bManualReset), lpTimerName, TIMER_ALL_ACCESS)


@kernel32.export(category=SYNCHRONIZATION)
def CreateWaitableTimerExW(
    thread: Thread, lpTimerAttributes: LPVOID, lpTimerName: LPCWSTR, dwFlags: DWORD, dwDesiredAccess: ACCESS_MASK
) -> HANDLE:
    check_flags(dwFlags, CREATE_WAITABLE_TIMER_MANUAL_RESET | CREATE_WAITABLE_TIMER_HIGH_RESOLUTION)
    manual = bool(dwFlags & CREATE_WAITABLE_TIMER_MANUAL_RESET)
    return _create(thread, lpTimerAttributes, manual, lpTimerName, dwDesiredAccess)


@kernel32.export(category=SYNCHRONIZATION)
def OpenWaitableTimerW(
    thread: Thread, dwDesiredAccess: ACCESS_MASK, bInheritHandle: BOOL, lpTimerName: LPCWSTR
) -> HANDLE:
    return open_named(thread, lpTimerName, bInheritHandle, dwDesiredAccess, Timer)


CreateWaitableTimerA = kernel32.ansi(CreateWaitableTimerW)
CreateWaitableTimerExA = kernel32.ansi(CreateWaitableTimerExW)
OpenWaitableTimerA = kernel32.ansi(OpenWaitableTimerW)


def _set(thread: Thread, handle: int, due: In[LARGE_INTEGER], period: int, routine: int, argument: int) -> None:
    if period < 0:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    due_time = due.get()
    timer = get_object(thread, handle, Timer, TIMER_MODIFY_STATE)
    timer.set(due_time, period, thread=thread, routine=routine, context=argument)


@kernel32.export(category=SYNCHRONIZATION)
def SetWaitableTimer(
    thread: Thread, hTimer: HANDLE, lpDueTime: In[LARGE_INTEGER], lPeriod: LONG, pfnCompletionRoutine: PVOID,
    lpArgToCompletionRoutine: LPVOID, fResume: BOOL,
) -> BOOL:  # fmt: skip
    _set(thread, hTimer, lpDueTime, lPeriod, pfnCompletionRoutine, lpArgToCompletionRoutine)
    # The machine never sleeps as a whole, so a timer cannot wake it either: documented as success with this error.
    thread.last_error = st.ERROR_NOT_SUPPORTED if fResume else st.ERROR_SUCCESS
    return 1


@kernel32.export(category=SYNCHRONIZATION)
def SetWaitableTimerEx(
    thread: Thread, hTimer: HANDLE, lpDueTime: In[LARGE_INTEGER], lPeriod: LONG, pfnCompletionRoutine: PVOID,
    lpArgToCompletionRoutine: LPVOID, WakeContext: PVOID, TolerableDelay: ULONG,
) -> BOOL:  # fmt: skip
    _set(thread, hTimer, lpDueTime, lPeriod, pfnCompletionRoutine, lpArgToCompletionRoutine)
    return 1


@kernel32.export(category=SYNCHRONIZATION)
def CancelWaitableTimer(thread: Thread, hTimer: HANDLE) -> BOOL:
    get_object(thread, hTimer, Timer, TIMER_MODIFY_STATE).cancel()
    return 1
