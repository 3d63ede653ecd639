"""synchapi.h: events, mutexes, semaphores, waits."""

from __future__ import annotations

from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.named import check_flags, create_named, milliseconds, open_named
from runtime.dlls.ntdll.sync import signal, waitable, waitables, yield_processor
from runtime.dlls.types import (
    ACCESS_MASK,
    BOOL,
    DWORD,
    HANDLE,
    LONG,
    LPCWSTR,
    LPVOID,
    PVOID,
    InBytes,
    Out,
)
from runtime.nt import status as st
from runtime.nt.event import EVENT_ALL_ACCESS, EVENT_MODIFY_STATE, Event
from runtime.nt.mutant import MUTANT_ALL_ACCESS, Mutant
from runtime.nt.reference import get_object
from runtime.nt.semaphore import SEMAPHORE_ALL_ACCESS, SEMAPHORE_MODIFY_STATE, Semaphore
from runtime.nt.thread import Thread
from runtime.nt.wait import Waitable, delay, wait_for

SYNCHRONIZATION = "synchronization"
WAIT_FAILED = 0xFFFFFFFF
CREATE_EVENT_MANUAL_RESET, CREATE_EVENT_INITIAL_SET = 1, 2
CREATE_MUTEX_INITIAL_OWNER = 1

LPHANDLES = Annotated[PVOID, InBytes("nCount", unit=8)]


def _create_event(
    thread: Thread, security: int, manual: bool, initial: bool, name: str | None, access: int
) -> int:
    return create_named(
        thread, name, security, access, Event, lambda: Event(manual_reset=manual, initial_state=initial)
    )


@kernel32.export(category=SYNCHRONIZATION)
def CreateEventW(
    thread: Thread, lpEventAttributes: LPVOID, bManualReset: BOOL, bInitialState: BOOL, lpName: LPCWSTR
) -> HANDLE:
    return _create_event(
        thread, lpEventAttributes, bool(bManualReset), bool(bInitialState), lpName, EVENT_ALL_ACCESS
    )


@kernel32.export(category=SYNCHRONIZATION)
def CreateEventExW(
    thread: Thread, lpEventAttributes: LPVOID, lpName: LPCWSTR, dwFlags: DWORD, dwDesiredAccess: ACCESS_MASK
) -> HANDLE:
    check_flags(dwFlags, CREATE_EVENT_MANUAL_RESET | CREATE_EVENT_INITIAL_SET)
    manual, initial = bool(dwFlags & CREATE_EVENT_MANUAL_RESET), bool(dwFlags & CREATE_EVENT_INITIAL_SET)
    return _create_event(thread, lpEventAttributes, manual, initial, lpName, dwDesiredAccess)


@kernel32.export(category=SYNCHRONIZATION)
def OpenEventW(thread: Thread, dwDesiredAccess: ACCESS_MASK, bInheritHandle: BOOL, lpName: LPCWSTR) -> HANDLE:
    return open_named(thread, lpName, bInheritHandle, dwDesiredAccess, Event)


CreateEventA = kernel32.ansi(CreateEventW)
CreateEventExA = kernel32.ansi(CreateEventExW)
OpenEventA = kernel32.ansi(OpenEventW)


@kernel32.export(category=SYNCHRONIZATION)
def SetEvent(thread: Thread, hEvent: HANDLE) -> BOOL:
    get_object(thread, hEvent, Event, EVENT_MODIFY_STATE).set()
    return 1


@kernel32.export(category=SYNCHRONIZATION)
def ResetEvent(thread: Thread, hEvent: HANDLE) -> BOOL:
    get_object(thread, hEvent, Event, EVENT_MODIFY_STATE).reset()
    return 1


@kernel32.export(category=SYNCHRONIZATION)
def PulseEvent(thread: Thread, hEvent: HANDLE) -> BOOL:
    get_object(thread, hEvent, Event, EVENT_MODIFY_STATE).pulse()
    return 1


def _create_mutex(thread: Thread, security: int, owned: bool, name: str | None, access: int) -> int:
    owner = thread if owned else None
    return create_named(thread, name, security, access, Mutant, lambda: Mutant(owner))


@kernel32.export(category=SYNCHRONIZATION)
def CreateMutexW(thread: Thread, lpMutexAttributes: LPVOID, bInitialOwner: BOOL, lpName: LPCWSTR) -> HANDLE:
    return _create_mutex(thread, lpMutexAttributes, bool(bInitialOwner), lpName, MUTANT_ALL_ACCESS)


@kernel32.export(category=SYNCHRONIZATION)
def CreateMutexExW(
    thread: Thread, lpMutexAttributes: LPVOID, lpName: LPCWSTR, dwFlags: DWORD, dwDesiredAccess: ACCESS_MASK
) -> HANDLE:
    check_flags(dwFlags, CREATE_MUTEX_INITIAL_OWNER)
    return _create_mutex(thread, lpMutexAttributes, bool(dwFlags), lpName, dwDesiredAccess)


@kernel32.export(category=SYNCHRONIZATION)
def OpenMutexW(thread: Thread, dwDesiredAccess: ACCESS_MASK, bInheritHandle: BOOL, lpName: LPCWSTR) -> HANDLE:
    return open_named(thread, lpName, bInheritHandle, dwDesiredAccess, Mutant)


CreateMutexA = kernel32.ansi(CreateMutexW)
CreateMutexExA = kernel32.ansi(CreateMutexExW)
OpenMutexA = kernel32.ansi(OpenMutexW)


@kernel32.export(category=SYNCHRONIZATION)
def ReleaseMutex(thread: Thread, hMutex: HANDLE) -> BOOL:
    get_object(thread, hMutex, Mutant).release(thread)
    return 1


@kernel32.export(category=SYNCHRONIZATION)
def CreateSemaphoreW(
    thread: Thread, lpSemaphoreAttributes: LPVOID, lInitialCount: LONG, lMaximumCount: LONG, lpName: LPCWSTR
) -> HANDLE:
    return create_named(
        thread, lpName, lpSemaphoreAttributes, SEMAPHORE_ALL_ACCESS, Semaphore,
        lambda: Semaphore(lInitialCount, lMaximumCount),
    )  # fmt: skip


@kernel32.export(category=SYNCHRONIZATION)
def CreateSemaphoreExW(
    thread: Thread, lpSemaphoreAttributes: LPVOID, lInitialCount: LONG, lMaximumCount: LONG, lpName: LPCWSTR,
    dwFlags: DWORD, dwDesiredAccess: ACCESS_MASK,
) -> HANDLE:  # fmt: skip
    check_flags(dwFlags, 0)
    return create_named(
        thread, lpName, lpSemaphoreAttributes, dwDesiredAccess, Semaphore,
        lambda: Semaphore(lInitialCount, lMaximumCount),
    )  # fmt: skip


@kernel32.export(category=SYNCHRONIZATION)
def OpenSemaphoreW(thread: Thread, dwDesiredAccess: ACCESS_MASK, bInheritHandle: BOOL, lpName: LPCWSTR) -> HANDLE:
    return open_named(thread, lpName, bInheritHandle, dwDesiredAccess, Semaphore)


CreateSemaphoreA = kernel32.ansi(CreateSemaphoreW)
CreateSemaphoreExA = kernel32.ansi(CreateSemaphoreExW)
OpenSemaphoreA = kernel32.ansi(OpenSemaphoreW)


@kernel32.export(category=SYNCHRONIZATION)
def ReleaseSemaphore(
    thread: Thread, hSemaphore: HANDLE, lReleaseCount: LONG, lpPreviousCount: Out[LONG]
) -> BOOL:
    semaphore = get_object(thread, hSemaphore, Semaphore, SEMAPHORE_MODIFY_STATE)
    lpPreviousCount.put(semaphore.release(lReleaseCount))
    return 1


async def _wait(thread: Thread, objects: list[Waitable], wait_all: bool, timeout: int, alertable: bool) -> int:
    """Wait as Win32 does: an alert that is no APC does not end the wait."""
    while True:
        result = await wait_for(
            thread, objects, wait_all=wait_all, alertable=alertable, timeout=milliseconds(timeout)
        )
        if result != st.STATUS_ALERTED:
            return result


@kernel32.export(category=SYNCHRONIZATION, fails=WAIT_FAILED)
async def WaitForSingleObject(thread: Thread, hHandle: HANDLE, dwMilliseconds: DWORD) -> DWORD:
    return await wait_for(thread, [waitable(thread, hHandle)], timeout=milliseconds(dwMilliseconds))


@kernel32.export(category=SYNCHRONIZATION, fails=WAIT_FAILED)
async def WaitForSingleObjectEx(thread: Thread, hHandle: HANDLE, dwMilliseconds: DWORD, bAlertable: BOOL) -> DWORD:
    return await _wait(thread, [waitable(thread, hHandle)], False, dwMilliseconds, bool(bAlertable))


@kernel32.export(category=SYNCHRONIZATION, fails=WAIT_FAILED)
async def WaitForMultipleObjects(
    thread: Thread, nCount: DWORD, lpHandles: LPHANDLES, bWaitAll: BOOL, dwMilliseconds: DWORD
) -> DWORD:
    return await _wait(thread, waitables(thread, nCount, lpHandles), bool(bWaitAll), dwMilliseconds, False)


@kernel32.export(category=SYNCHRONIZATION, fails=WAIT_FAILED)
async def WaitForMultipleObjectsEx(
    thread: Thread, nCount: DWORD, lpHandles: LPHANDLES, bWaitAll: BOOL, dwMilliseconds: DWORD, bAlertable: BOOL
) -> DWORD:
    objects = waitables(thread, nCount, lpHandles)
    return await _wait(thread, objects, bool(bWaitAll), dwMilliseconds, bool(bAlertable))


@kernel32.export(category=SYNCHRONIZATION, fails=WAIT_FAILED)
async def SignalObjectAndWait(
    thread: Thread, hObjectToSignal: HANDLE, hObjectToWaitOn: HANDLE, dwMilliseconds: DWORD, bAlertable: BOOL
) -> DWORD:
    target = waitable(thread, hObjectToWaitOn)
    signal(thread, hObjectToSignal)
    return await _wait(thread, [target], False, dwMilliseconds, bool(bAlertable))


async def _sleep(thread: Thread, timeout: int, alertable: bool) -> int:
    if timeout == 0 and not (alertable and (thread.apcs or thread.alerted)):
        yield_processor(thread)
        return 0
    while True:
        result = await delay(thread, milliseconds(timeout), alertable=alertable)
        if result != st.STATUS_ALERTED:
            return result


@kernel32.export(category=SYNCHRONIZATION)
async def Sleep(thread: Thread, dwMilliseconds: DWORD) -> None:
    await _sleep(thread, dwMilliseconds, False)


@kernel32.export(category=SYNCHRONIZATION)
async def SleepEx(thread: Thread, dwMilliseconds: DWORD, bAlertable: BOOL) -> DWORD:
    return await _sleep(thread, dwMilliseconds, bool(bAlertable))


@kernel32.export(category="threading")
def SwitchToThread(thread: Thread) -> BOOL:
    return int(yield_processor(thread))
