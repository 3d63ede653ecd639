"""Events, mutants, semaphores, keyed events, waits and delays."""

from __future__ import annotations

from typing import TypeVar

from runtime.dlls.ntdll.dll import ntdll
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
    Out,
)
from runtime.nt import status as st
from runtime.nt.event import EVENT_MODIFY_STATE, EVENT_QUERY_STATE, Event
from runtime.nt.keyed_event import KEYEDEVENT_WAIT, KEYEDEVENT_WAKE, KeyedEvent
from runtime.nt.mutant import MUTANT_QUERY_STATE, Mutant
from runtime.nt.object import SYNCHRONIZE, Object
from runtime.nt.reference import find_entry, get_object, give_handle, read_attributes, required_attributes
from runtime.nt.semaphore import SEMAPHORE_MODIFY_STATE, SEMAPHORE_QUERY_STATE, Semaphore
from runtime.nt.status import NtError
from runtime.nt.thread import Thread
from runtime.nt.wait import (
    MAXIMUM_WAIT_OBJECTS,
    Waitable,
    alert_thread_by_id,
    delay,
    wait_for,
    wait_for_alert_by_id,
)

O = TypeVar("O", bound=Object)  # noqa: E741

SYNCHRONIZATION = "synchronization"
WAIT_ALL, WAIT_ANY = 0, 1
NOTIFICATION_EVENT, SYNCHRONIZATION_EVENT = 0, 1


class EVENT_BASIC_INFORMATION(Structure):
    EventType: ULONG
    EventState: LONG


class MUTANT_BASIC_INFORMATION(Structure):
    CurrentCount: LONG
    OwnedByCaller: BOOLEAN
    AbandonedState: BOOLEAN


class SEMAPHORE_BASIC_INFORMATION(Structure):
    CurrentCount: ULONG
    MaximumCount: ULONG


def timeout_of(timeout: In[LARGE_INTEGER]) -> int | None:
    """The time a PLARGE_INTEGER timeout points at; NULL waits for ever."""
    return timeout.get() if timeout else None


def store_information(thread: Thread, value: Structure, target: int, length: int, return_length: Out[ULONG]) -> int:
    """Answer an NtQuery… call whose class has a fixed size. Raises NtError STATUS_INFO_LENGTH_MISMATCH."""
    memory = thread.process.memory
    if length != value.size(memory):
        raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
    value.write(memory, target)
    return_length.put(length)
    return st.STATUS_SUCCESS


def open_named(thread: Thread, target: Out[HANDLE], desired: int, attributes: int, kind: type[O]) -> int:
    """Open a named object: what all NtOpen… calls of the object manager's own types do."""
    wanted = required_attributes(thread, attributes)
    item = thread.process.machine.objects.open(wanted, kind)
    give_handle(thread, target, item, desired, inherit=wanted.inherit)
    return st.STATUS_SUCCESS


@ntdll.export(category=SYNCHRONIZATION)
def NtCreateEvent(
    thread: Thread, EventHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID, EventType: ULONG,
    InitialState: BOOLEAN,
) -> NTSTATUS:  # fmt: skip
    if EventType not in (NOTIFICATION_EVENT, SYNCHRONIZATION_EVENT):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    attributes = read_attributes(thread, ObjectAttributes)
    manual, initial = EventType == NOTIFICATION_EVENT, bool(InitialState)
    made = thread.process.machine.objects.create(
        attributes, Event, lambda: Event(manual_reset=manual, initial_state=initial)
    )
    give_handle(thread, EventHandle, made.item, DesiredAccess, inherit=attributes.inherit)
    return made.status


@ntdll.export(category=SYNCHRONIZATION)
def NtOpenEvent(
    thread: Thread, EventHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID
) -> NTSTATUS:
    return open_named(thread, EventHandle, DesiredAccess, ObjectAttributes, Event)


@ntdll.export(category=SYNCHRONIZATION)
def NtSetEvent(thread: Thread, EventHandle: HANDLE, PreviousState: Out[LONG]) -> NTSTATUS:
    PreviousState.put(get_object(thread, EventHandle, Event, EVENT_MODIFY_STATE).set())
    return st.STATUS_SUCCESS


@ntdll.export(category=SYNCHRONIZATION)
def NtSetEventBoostPriority(thread: Thread, EventHandle: HANDLE) -> NTSTATUS:
    get_object(thread, EventHandle, Event, EVENT_MODIFY_STATE).set()
    return st.STATUS_SUCCESS


@ntdll.export(category=SYNCHRONIZATION)
def NtResetEvent(thread: Thread, EventHandle: HANDLE, PreviousState: Out[LONG]) -> NTSTATUS:
    PreviousState.put(get_object(thread, EventHandle, Event, EVENT_MODIFY_STATE).reset())
    return st.STATUS_SUCCESS


@ntdll.export(category=SYNCHRONIZATION)
def NtClearEvent(thread: Thread, EventHandle: HANDLE) -> NTSTATUS:
    get_object(thread, EventHandle, Event, EVENT_MODIFY_STATE).reset()
    return st.STATUS_SUCCESS


@ntdll.export(category=SYNCHRONIZATION)
def NtPulseEvent(thread: Thread, EventHandle: HANDLE, PreviousState: Out[LONG]) -> NTSTATUS:
    PreviousState.put(get_object(thread, EventHandle, Event, EVENT_MODIFY_STATE).pulse())
    return st.STATUS_SUCCESS


@ntdll.export(category=SYNCHRONIZATION)
def NtQueryEvent(
    thread: Thread, EventHandle: HANDLE, EventInformationClass: ULONG, EventInformation: PVOID,
    EventInformationLength: ULONG, ReturnLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    if EventInformationClass != 0:
        raise NtError(st.STATUS_INVALID_INFO_CLASS)
    event = get_object(thread, EventHandle, Event, EVENT_QUERY_STATE)
    kind = NOTIFICATION_EVENT if event.manual_reset else SYNCHRONIZATION_EVENT
    value = EVENT_BASIC_INFORMATION(EventType=kind, EventState=int(event.is_set))
    return store_information(thread, value, EventInformation, EventInformationLength, ReturnLength)


@ntdll.export(category=SYNCHRONIZATION)
def NtCreateMutant(
    thread: Thread, MutantHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID,
    InitialOwner: BOOLEAN,
) -> NTSTATUS:  # fmt: skip
    attributes = read_attributes(thread, ObjectAttributes)
    owner = thread if InitialOwner else None
    made = thread.process.machine.objects.create(attributes, Mutant, lambda: Mutant(owner))
    give_handle(thread, MutantHandle, made.item, DesiredAccess, inherit=attributes.inherit)
    return made.status


@ntdll.export(category=SYNCHRONIZATION)
def NtOpenMutant(
    thread: Thread, MutantHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID
) -> NTSTATUS:
    return open_named(thread, MutantHandle, DesiredAccess, ObjectAttributes, Mutant)


@ntdll.export(category=SYNCHRONIZATION)
def NtReleaseMutant(thread: Thread, MutantHandle: HANDLE, PreviousCount: Out[LONG]) -> NTSTATUS:
    PreviousCount.put(get_object(thread, MutantHandle, Mutant).release(thread))
    return st.STATUS_SUCCESS


@ntdll.export(category=SYNCHRONIZATION)
def NtQueryMutant(
    thread: Thread, MutantHandle: HANDLE, MutantInformationClass: ULONG, MutantInformation: PVOID,
    MutantInformationLength: ULONG, ReturnLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    if MutantInformationClass != 0:
        raise NtError(st.STATUS_INVALID_INFO_CLASS)
    mutant = get_object(thread, MutantHandle, Mutant, MUTANT_QUERY_STATE)
    value = MUTANT_BASIC_INFORMATION(
        CurrentCount=mutant.count, OwnedByCaller=int(mutant.owner is thread), AbandonedState=int(mutant.abandoned)
    )
    return store_information(thread, value, MutantInformation, MutantInformationLength, ReturnLength)


@ntdll.export(category=SYNCHRONIZATION)
def NtCreateSemaphore(
    thread: Thread, SemaphoreHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID,
    InitialCount: LONG, MaximumCount: LONG,
) -> NTSTATUS:  # fmt: skip
    attributes = read_attributes(thread, ObjectAttributes)
    if not 0 <= InitialCount <= MaximumCount or MaximumCount <= 0:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    made = thread.process.machine.objects.create(attributes, Semaphore, lambda: Semaphore(InitialCount, MaximumCount))
    give_handle(thread, SemaphoreHandle, made.item, DesiredAccess, inherit=attributes.inherit)
    return made.status


@ntdll.export(category=SYNCHRONIZATION)
def NtOpenSemaphore(
    thread: Thread, SemaphoreHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID
) -> NTSTATUS:
    return open_named(thread, SemaphoreHandle, DesiredAccess, ObjectAttributes, Semaphore)


@ntdll.export(category=SYNCHRONIZATION)
def NtReleaseSemaphore(
    thread: Thread, SemaphoreHandle: HANDLE, ReleaseCount: LONG, PreviousCount: Out[LONG]
) -> NTSTATUS:
    if ReleaseCount <= 0:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    PreviousCount.put(get_object(thread, SemaphoreHandle, Semaphore, SEMAPHORE_MODIFY_STATE).release(ReleaseCount))
    return st.STATUS_SUCCESS


@ntdll.export(category=SYNCHRONIZATION)
def NtQuerySemaphore(
    thread: Thread, SemaphoreHandle: HANDLE, SemaphoreInformationClass: ULONG, SemaphoreInformation: PVOID,
    SemaphoreInformationLength: ULONG, ReturnLength: Out[ULONG],
) -> NTSTATUS:  # fmt: skip
    if SemaphoreInformationClass != 0:
        raise NtError(st.STATUS_INVALID_INFO_CLASS)
    semaphore = get_object(thread, SemaphoreHandle, Semaphore, SEMAPHORE_QUERY_STATE)
    value = SEMAPHORE_BASIC_INFORMATION(CurrentCount=semaphore.count, MaximumCount=semaphore.limit)
    return store_information(thread, value, SemaphoreInformation, SemaphoreInformationLength, ReturnLength)


@ntdll.export(category=SYNCHRONIZATION)
def NtCreateKeyedEvent(
    thread: Thread, KeyedEventHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID, Flags: ULONG
) -> NTSTATUS:
    if Flags:
        raise NtError(st.STATUS_INVALID_PARAMETER_4)
    attributes = read_attributes(thread, ObjectAttributes)
    made = thread.process.machine.objects.create(attributes, KeyedEvent, KeyedEvent)
    give_handle(thread, KeyedEventHandle, made.item, DesiredAccess, inherit=attributes.inherit)
    return made.status


@ntdll.export(category=SYNCHRONIZATION)
def NtOpenKeyedEvent(
    thread: Thread, KeyedEventHandle: Out[HANDLE], DesiredAccess: ACCESS_MASK, ObjectAttributes: PVOID
) -> NTSTATUS:
    return open_named(thread, KeyedEventHandle, DesiredAccess, ObjectAttributes, KeyedEvent)


def _keyed_event(thread: Thread, handle: int, access: int) -> KeyedEvent:
    """The keyed event of a handle; NULL stands for the one that all processes share without opening it."""
    if handle:
        return get_object(thread, handle, KeyedEvent, access)
    kernel_objects = thread.process.machine.objects.make_directory("\\KernelObjects")
    found = kernel_objects.get("CritSecOutOfMemoryEvent")
    if not isinstance(found, KeyedEvent):
        found = kernel_objects.add("CritSecOutOfMemoryEvent", KeyedEvent())
        found.permanent = True
    return found


@ntdll.export(category=SYNCHRONIZATION)
async def NtWaitForKeyedEvent(
    thread: Thread, KeyedEventHandle: HANDLE, KeyValue: PVOID, Alertable: BOOLEAN, Timeout: In[LARGE_INTEGER]
) -> NTSTATUS:
    event = _keyed_event(thread, KeyedEventHandle, KEYEDEVENT_WAIT)
    timeout = timeout_of(Timeout)
    return await event.wait(thread, thread.process.pid, KeyValue, alertable=bool(Alertable), timeout=timeout)


@ntdll.export(category=SYNCHRONIZATION)
async def NtReleaseKeyedEvent(
    thread: Thread, KeyedEventHandle: HANDLE, KeyValue: PVOID, Alertable: BOOLEAN, Timeout: In[LARGE_INTEGER]
) -> NTSTATUS:
    event = _keyed_event(thread, KeyedEventHandle, KEYEDEVENT_WAKE)
    timeout = timeout_of(Timeout)
    return await event.release(thread, thread.process.pid, KeyValue, alertable=bool(Alertable), timeout=timeout)


def waitable(thread: Thread, handle: int) -> Waitable:
    """The object to wait for. Raises NtError STATUS_OBJECT_TYPE_MISMATCH for one that cannot be waited for."""
    return get_object(thread, handle, Waitable, SYNCHRONIZE)


def waitables(thread: Thread, count: int, handles: int, *, width: int = 0) -> list[Waitable]:
    """The objects of an array of handles in guest memory. Raises NtError STATUS_INVALID_PARAMETER_1."""
    if not 0 < count <= MAXIMUM_WAIT_OBJECTS:
        raise NtError(st.STATUS_INVALID_PARAMETER_1)
    memory = thread.process.memory
    width = width or memory.pointer_size
    data = memory.read(handles, count * width)
    return [waitable(thread, int.from_bytes(data[at : at + width], "little")) for at in range(0, len(data), width)]


@ntdll.export(category=SYNCHRONIZATION)
async def NtWaitForSingleObject(
    thread: Thread, Handle: HANDLE, Alertable: BOOLEAN, Timeout: In[LARGE_INTEGER]
) -> NTSTATUS:
    timeout = timeout_of(Timeout)
    return await wait_for(thread, [waitable(thread, Handle)], alertable=bool(Alertable), timeout=timeout)


@ntdll.export(category=SYNCHRONIZATION)
async def NtWaitForMultipleObjects(
    thread: Thread, HandleCount: ULONG, Handles: PVOID, WaitType: ULONG, Alertable: BOOLEAN,
    Timeout: In[LARGE_INTEGER],
) -> NTSTATUS:  # fmt: skip
    if WaitType not in (WAIT_ALL, WAIT_ANY):
        raise NtError(st.STATUS_INVALID_PARAMETER_3)
    timeout = timeout_of(Timeout)
    objects = waitables(thread, HandleCount, Handles)
    return await wait_for(thread, objects, wait_all=WaitType == WAIT_ALL, alertable=bool(Alertable), timeout=timeout)


@ntdll.export(category=SYNCHRONIZATION)
async def NtWaitForMultipleObjects32(
    thread: Thread, Count: ULONG, Handles: PVOID, WaitType: ULONG, Alertable: BOOLEAN, Timeout: In[LARGE_INTEGER]
) -> NTSTATUS:
    if WaitType not in (WAIT_ALL, WAIT_ANY):
        raise NtError(st.STATUS_INVALID_PARAMETER_3)
    timeout = timeout_of(Timeout)
    objects = waitables(thread, Count, Handles, width=4)
    return await wait_for(thread, objects, wait_all=WaitType == WAIT_ALL, alertable=bool(Alertable), timeout=timeout)


def signal(thread: Thread, handle: int) -> None:
    """The first half of a signal-and-wait: set an event, release a mutex or one unit of a semaphore. Raises NtError."""
    entry = find_entry(thread, handle)
    match entry.item:
        case Event() as event:
            needed = EVENT_MODIFY_STATE
        case Semaphore():
            needed = SEMAPHORE_MODIFY_STATE
        case Mutant():
            needed = SYNCHRONIZE
        case _:
            raise NtError(st.STATUS_OBJECT_TYPE_MISMATCH)
    if needed & ~entry.access:
        raise NtError(st.STATUS_ACCESS_DENIED)
    match entry.item:
        case Event() as event:
            event.set()
        case Semaphore() as semaphore:
            semaphore.release(1)
        case Mutant() as mutant:
            mutant.release(thread)


@ntdll.export(category=SYNCHRONIZATION)
async def NtSignalAndWaitForSingleObject(
    thread: Thread, SignalHandle: HANDLE, WaitHandle: HANDLE, Alertable: BOOLEAN, Timeout: In[LARGE_INTEGER]
) -> NTSTATUS:
    timeout = timeout_of(Timeout)
    target = waitable(thread, WaitHandle)
    signal(thread, SignalHandle)
    return await wait_for(thread, [target], alertable=bool(Alertable), timeout=timeout)


def yield_processor(thread: Thread) -> bool:
    """Let another ready thread run; returns whether there was one."""
    scheduler = thread.process.scheduler
    if not scheduler.yield_processor():
        return False
    scheduler.interrupt()
    return True


@ntdll.export(category=SYNCHRONIZATION)
async def NtDelayExecution(thread: Thread, Alertable: BOOLEAN, DelayInterval: In[LARGE_INTEGER]) -> NTSTATUS:
    interval = DelayInterval.get()
    if interval == 0 and not Alertable:
        return st.STATUS_SUCCESS if yield_processor(thread) else st.STATUS_NO_YIELD_PERFORMED
    return await delay(thread, interval, alertable=bool(Alertable))


@ntdll.export(category=SYNCHRONIZATION)
def NtYieldExecution(thread: Thread) -> NTSTATUS:
    return st.STATUS_SUCCESS if yield_processor(thread) else st.STATUS_NO_YIELD_PERFORMED


@ntdll.export(category=SYNCHRONIZATION)
def NtAlertThreadByThreadId(thread: Thread, ThreadId: HANDLE) -> NTSTATUS:
    target = thread.process.threads.get(ThreadId)
    if target is None:
        raise NtError(st.STATUS_INVALID_CID)
    alert_thread_by_id(target)
    return st.STATUS_SUCCESS


@ntdll.export(category=SYNCHRONIZATION)
async def NtWaitForAlertByThreadId(thread: Thread, Address: PVOID, Timeout: In[LARGE_INTEGER]) -> NTSTATUS:
    return await wait_for_alert_by_id(thread, timeout_of(Timeout))
