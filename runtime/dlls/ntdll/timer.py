"""Timers and the clock."""

from __future__ import annotations

from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.ntdll.sync import SYNCHRONIZATION, open_named, store_information
from runtime.dlls.structure import Structure
from runtime.dlls.types import (
    ACCESS_MASK,
    BOOLEAN,
    HANDLE,
    LARGE_INTEGER,
    LONG,
    NTSTATUS,
    PVOID,
    ULONG,
    In,
    InOut,
    Out,
)
from runtime.nt import status as st
from runtime.nt.clock import CLOCK_INTERVAL, TICKS_PER_SECOND
from runtime.nt.reference import get_object, give_handle, read_attributes
from runtime.nt.status import NtError
from runtime.nt.thread import Thread
from runtime.nt.timer import TIMER_MODIFY_STATE, TIMER_QUERY_STATE, Timer

NOTIFICATION_TIMER, SYNCHRONIZATION_TIMER = 0, 1
TIMER_SET_COALESCABLE = 0
FINEST_INTERVAL = 5_000
"""The finest timer resolution a program can ask for: 0.5 ms."""


class TIMER_BASIC_INFORMATION(Structure):
    RemainingTime: LARGE_INTEGER
    TimerState: BOOLEAN


class TIMER_SET_COALESCABLE_TIMER_INFO(Structure):
    DueTime: LARGE_INTEGER
    TimerApcRoutine: PVOID
    TimerContext: PVOID
    WakeContext: PVOID
    Period: ULONG
    TolerableDelay: ULONG
    PreviousState: PVOID


@ntdll.export(category=SYNCHRONIZATION)
def NtCreateTimer(
    thread: Thread, TimerHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID, TimerType: ULONG
) -> NTSTATUS:
    if TimerType not in (NOTIFICATION_TIMER, SYNCHRONIZATION_TIMER):
        raise NtError(st.STATUS_INVALID_PARAMETER_4)
    attributes = read_attributes(thread, ObjectAttributes)
    machine = thread.process.machine
    manual = TimerType == NOTIFICATION_TIMER
    made = machine.objects.create(attributes, Timer, lambda: Timer(machine.clock, manual_reset=manual))
    give_handle(thread, TimerHandle, made.item, DesiredAccess, inherit=attributes.inherit)
    return made.status


@ntdll.export(category=SYNCHRONIZATION)
def NtOpenTimer(
    thread: Thread, TimerHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID
) -> NTSTATUS:
    return open_named(thread, TimerHandle, DesiredAccess, ObjectAttributes, Timer)


@ntdll.export(category=SYNCHRONIZATION)
def NtSetTimer(
    thread: Thread, TimerHandle: HANDLE, DueTime: In[LARGE_INTEGER], TimerApcRoutine: PVOID, TimerContext: PVOID,
    ResumeTimer: BOOLEAN, Period: LONG, PreviousState: Out[BOOLEAN],
) -> NTSTATUS:  # fmt: skip
    if Period < 0:
        raise NtError(st.STATUS_INVALID_PARAMETER_6)
    due_time = DueTime.get()
    timer = get_object(thread, TimerHandle, Timer, TIMER_MODIFY_STATE)
    previous = timer.set(due_time, Period, thread=thread, routine=TimerApcRoutine, context=TimerContext)
    PreviousState.put(previous)
    # The machine never sleeps as a whole, so it cannot be woken by a timer either.
    return st.STATUS_TIMER_RESUME_IGNORED if ResumeTimer else st.STATUS_SUCCESS


@ntdll.export(category=SYNCHRONIZATION)
def NtSetTimerEx(
    thread: Thread, TimerHandle: HANDLE, TimerSetInformationClass: ULONG, TimerSetInformation: PVOID,
    TimerSetInformationLength: ULONG,
) -> NTSTATUS:  # fmt: skip
    if TimerSetInformationClass != TIMER_SET_COALESCABLE:
        raise NtError(st.STATUS_INVALID_INFO_CLASS)
    memory = thread.process.memory
    if TimerSetInformationLength < TIMER_SET_COALESCABLE_TIMER_INFO.size(memory):
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    info = TIMER_SET_COALESCABLE_TIMER_INFO.read(memory, TimerSetInformation)
    if info.Period > 0x7FFFFFFF:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    timer = get_object(thread, TimerHandle, Timer, TIMER_MODIFY_STATE)
    previous = timer.set(
        info.DueTime, info.Period, thread=thread, routine=info.TimerApcRoutine, context=info.TimerContext
    )
    if info.PreviousState:
        memory.write_u8(info.PreviousState, previous)
    return st.STATUS_SUCCESS


@ntdll.export(category=SYNCHRONIZATION)
def NtCancelTimer(thread: Thread, TimerHandle: HANDLE, CurrentState: Out[BOOLEAN]) -> NTSTATUS:
    CurrentState.put(get_object(thread, TimerHandle, Timer, TIMER_MODIFY_STATE).cancel())
    return st.STATUS_SUCCESS


@ntdll.export(category=SYNCHRONIZATION)
def NtQueryTimer(
    thread: Thread, TimerHandle: HANDLE, TimerInformationClass: ULONG, TimerInformation: PVOID,
    TimerInformationLength: ULONG, ReturnLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    if TimerInformationClass != 0:
        raise NtError(st.STATUS_INVALID_INFO_CLASS)
    timer = get_object(thread, TimerHandle, Timer, TIMER_QUERY_STATE)
    value = TIMER_BASIC_INFORMATION(RemainingTime=timer.remaining, TimerState=int(timer.is_set))
    return store_information(thread, value, TimerInformation, TimerInformationLength, ReturnLength)


@ntdll.export(category="time")
def NtQuerySystemTime(thread: Thread, SystemTime: Out[LARGE_INTEGER]) -> NTSTATUS:
    SystemTime.set(thread.clock.now())
    return st.STATUS_SUCCESS


@ntdll.export(category="time")
def NtQueryPerformanceCounter(
    thread: Thread, PerformanceCounter: Out[LARGE_INTEGER], PerformanceFrequency: Out[LARGE_INTEGER]
) -> NTSTATUS:
    PerformanceCounter.set(thread.clock.ticks())
    PerformanceFrequency.put(TICKS_PER_SECOND)
    return st.STATUS_SUCCESS


@ntdll.export(category="time")
def NtGetTickCount(thread: Thread) -> ULONG:
    return thread.clock.tick_count() & 0xFFFFFFFF


@ntdll.export(category="time")
def NtQueryTimerResolution(
    thread: Thread, MaximumTime: Out[ULONG], MinimumTime: Out[ULONG], CurrentTime: Out[ULONG]
) -> NTSTATUS:
    MaximumTime.set(CLOCK_INTERVAL)
    MinimumTime.set(FINEST_INTERVAL)
    CurrentTime.set(CLOCK_INTERVAL)
    return st.STATUS_SUCCESS


@ntdll.export(category="time")
def NtSetTimerResolution(
    thread: Thread, DesiredTime: ULONG, SetResolution: BOOLEAN, ActualTime: InOut[ULONG]
) -> NTSTATUS:
    # Waits always end when they are due; the resolution only shows in the answer.
    ActualTime.set(max(FINEST_INTERVAL, min(DesiredTime, CLOCK_INTERVAL)) if SetResolution else CLOCK_INTERVAL)
    return st.STATUS_SUCCESS
