"""Synchronisation, timers, completion ports and handles through the exports that programs call."""

from __future__ import annotations

import struct

import pytest
from face_harness import Machine, Process, Thread

from runtime.nt import status as st
from runtime.nt.object import standard_namespace

INVALID_HANDLE = 0xFFFFFFFFFFFFFFFF
CURRENT_PROCESS = 0xFFFFFFFFFFFFFFFF
BAD_POINTER = 0x10
WAIT_FAILED = 0xFFFFFFFF


class NoScheduler:
    """No other thread is ready."""

    def yield_processor(self) -> bool:
        return False


@pytest.fixture
def thread() -> Thread:
    machine = Machine()
    machine.objects = standard_namespace()
    process = Process(machine)
    machine.processes = {process.pid: process}
    process.scheduler = NoScheduler()
    caller = Thread(process)
    process.threads = {caller.id: caller}
    return caller


def k32(thread: Thread, name: str, *arguments: object) -> object:
    thread.last_error = 0xAAAA
    return thread.invoke(f"kernel32!{name}", *arguments)


def nt(thread: Thread, name: str, *arguments: object) -> object:
    return thread.invoke(f"ntdll!{name}", *arguments)


def attributes(thread: Thread, name: str | None, flags: int = 0x40, root: int = 0) -> int:
    text = b"" if name is None else name.encode("utf-16-le")
    string = thread.buffer(16)
    thread.memory.write(string, struct.pack("<HHIQ", len(text), len(text), 0, thread.buffer(text) if text else 0))
    return thread.buffer(struct.pack("<IIQQIIQQ", 48, 0, root, string if name is not None else 0, flags, 0, 0, 0))


def test_win32_events_by_name(thread: Thread) -> None:
    first = k32(thread, "CreateEventW", 0, 1, 0, "Local\\door")
    assert thread.last_error == 0
    second = k32(thread, "CreateEventW", 0, 0, 0, "DOOR")
    assert second not in (0, first)
    assert thread.last_error == st.ERROR_ALREADY_EXISTS
    opened = k32(thread, "OpenEventW", 0x2, 0, "door")
    assert k32(thread, "SetEvent", opened) == 1
    assert k32(thread, "WaitForSingleObject", first, 0) == 0
    assert k32(thread, "WaitForSingleObject", opened, 0) == WAIT_FAILED
    assert thread.last_error == st.ERROR_ACCESS_DENIED
    assert k32(thread, "ResetEvent", second) == 1
    assert k32(thread, "WaitForSingleObject", first, 0) == 258
    assert k32(thread, "CreateMutexW", 0, 0, "door") == 0
    assert thread.last_error == st.ERROR_INVALID_HANDLE
    for handle in (first, second, opened):
        assert k32(thread, "CloseHandle", handle) == 1
    assert k32(thread, "OpenEventW", 0x2, 0, "door") == 0
    assert thread.last_error == st.ERROR_FILE_NOT_FOUND
    assert k32(thread, "OpenEventW", 0x2, 0, 0) == 0
    assert thread.last_error == st.ERROR_INVALID_PARAMETER
    assert k32(thread, "CreateEventExW", 0, 0, 4, 0) == 0
    assert thread.last_error == st.ERROR_INVALID_PARAMETER
    assert k32(thread, "CreateEventW", 0, 0, 0, "nowhere\\x") == 0
    assert thread.last_error == st.ERROR_PATH_NOT_FOUND


def test_names_can_be_narrow(thread: Thread) -> None:
    handle = k32(thread, "CreateEventA", 0, 1, 1, "narrow")
    assert k32(thread, "OpenEventW", 0x100000, 0, "narrow") != 0
    assert k32(thread, "WaitForSingleObject", handle, 0) == 0


def test_waiting_for_bad_things(thread: Thread) -> None:
    for handle in (0, 0x1234, INVALID_HANDLE - 9):
        assert k32(thread, "WaitForSingleObject", handle, 0) == WAIT_FAILED
        assert thread.last_error == st.ERROR_INVALID_HANDLE
    event = k32(thread, "CreateEventW", 0, 1, 1, 0)
    array = thread.buffer(struct.pack("<65Q", *[event] * 65))
    for count, wait_all in ((0, 0), (65, 0), (2, 1)):
        assert k32(thread, "WaitForMultipleObjects", count, array, wait_all, 0) == WAIT_FAILED
        assert thread.last_error == st.ERROR_INVALID_PARAMETER
    assert k32(thread, "WaitForMultipleObjects", 64, array, 0, 0) == 0
    assert nt(thread, "NtWaitForMultipleObjects", 1, array, 2, 0, 0) == st.STATUS_INVALID_PARAMETER_3


def test_a_wait_without_end_leaves_the_engine(thread: Thread) -> None:
    event = k32(thread, "CreateEventW", 0, 1, 0, 0)
    assert k32(thread, "WaitForSingleObject", event, 0xFFFFFFFF) == "waits"
    assert k32(thread, "Sleep", 1) == "waits"
    assert k32(thread, "SleepEx", 0, 1) == 0
    assert nt(thread, "NtDelayExecution", 0, thread.buffer(struct.pack("<q", 0))) == st.STATUS_NO_YIELD_PERFORMED


def test_mutex_semaphore_and_signal_and_wait(thread: Thread) -> None:
    mutex = k32(thread, "CreateMutexW", 0, 1, 0)
    event = k32(thread, "CreateEventW", 0, 0, 0, 0)
    semaphore = k32(thread, "CreateSemaphoreW", 0, 1, 2, 0)
    assert k32(thread, "SignalObjectAndWait", event, event, 0, 0) == 0
    assert k32(thread, "SignalObjectAndWait", mutex, semaphore, 0, 0) == 0
    assert k32(thread, "SignalObjectAndWait", mutex, semaphore, 0, 0) == WAIT_FAILED
    assert thread.last_error == st.ERROR_NOT_OWNER
    assert k32(thread, "ReleaseMutex", mutex) == 0
    assert thread.last_error == st.ERROR_NOT_OWNER
    previous = thread.buffer(4)
    assert k32(thread, "ReleaseSemaphore", semaphore, 2, previous) == 1
    assert thread.memory.read_u32(previous) == 0
    assert k32(thread, "ReleaseSemaphore", semaphore, 1, previous) == 0
    assert thread.last_error == st.ERROR_TOO_MANY_POSTS
    assert k32(thread, "ReleaseSemaphore", semaphore, 0, 0) == 0
    assert thread.last_error == st.ERROR_INVALID_PARAMETER
    assert k32(thread, "CreateSemaphoreW", 0, 3, 2, 0) == 0
    assert thread.last_error == st.ERROR_INVALID_PARAMETER
    assert k32(thread, "SetEvent", mutex) == 0
    assert thread.last_error == st.ERROR_INVALID_HANDLE


def test_nt_create_open_query_event(thread: Thread) -> None:
    out = thread.buffer(8)
    name = attributes(thread, "\\BaseNamedObjects\\e")
    assert nt(thread, "NtCreateEvent", out, 0x1F0003, name, 0, 1) == 0
    assert nt(thread, "NtCreateEvent", out, 0x1F0003, name, 0, 1) == st.STATUS_OBJECT_NAME_COLLISION
    handle = thread.memory.read_u64(out)
    opened = attributes(thread, "\\BaseNamedObjects\\e", 0x80)
    assert nt(thread, "NtCreateEvent", out, 0x1F0003, opened, 0, 1) == st.STATUS_OBJECT_NAME_EXISTS
    assert nt(thread, "NtCreateEvent", out, 0x1F0003, 0, 2, 1) == st.STATUS_INVALID_PARAMETER
    assert nt(thread, "NtOpenEvent", out, 2, 0) == st.STATUS_INVALID_PARAMETER
    assert nt(thread, "NtOpenEvent", out, 2, attributes(thread, None)) == st.STATUS_OBJECT_PATH_SYNTAX_BAD
    assert nt(thread, "NtOpenEvent", out, 2, attributes(thread, "\\none")) == st.STATUS_OBJECT_NAME_NOT_FOUND
    broken = attributes(thread, "\\BaseNamedObjects\\e")
    thread.memory.write_u32(broken, 40)
    assert nt(thread, "NtOpenEvent", out, 2, broken) == st.STATUS_INVALID_PARAMETER
    bad_root = attributes(thread, "e", root=0x4444)
    assert nt(thread, "NtOpenEvent", out, 2, bad_root) == st.STATUS_INVALID_HANDLE
    info, length = thread.buffer(8), thread.buffer(4)
    assert nt(thread, "NtQueryEvent", handle, 0, info, 8, length) == 0
    assert thread.memory.read(info, 8) == struct.pack("<Ii", 0, 1)
    assert nt(thread, "NtQueryEvent", handle, 0, info, 4, length) == st.STATUS_INFO_LENGTH_MISMATCH
    assert nt(thread, "NtQueryEvent", handle, 1, info, 8, length) == st.STATUS_INVALID_INFO_CLASS
    assert nt(thread, "NtClose", handle) == 0
    assert nt(thread, "NtClose", handle) == st.STATUS_INVALID_HANDLE
    assert nt(thread, "NtClose", CURRENT_PROCESS) == 0


def test_a_handle_that_cannot_be_stored_does_not_stay_open(thread: Thread) -> None:
    from runtime.memory.faults import MemoryFault

    before = len(thread.process.handles)
    with pytest.raises(MemoryFault):
        nt(thread, "NtCreateEvent", BAD_POINTER, 0x1F0003, 0, 0, 0)
    assert len(thread.process.handles) == before


def test_mutant_query_counts_and_owner(thread: Thread) -> None:
    out, info = thread.buffer(8), thread.buffer(8)
    assert nt(thread, "NtCreateMutant", out, 0x1F0001, 0, 1) == 0
    handle = thread.memory.read_u64(out)
    assert nt(thread, "NtQueryMutant", handle, 0, info, 8, 0) == 0
    assert thread.memory.read(info, 6) == struct.pack("<i??", 0, True, False)
    previous = thread.buffer(4)
    assert nt(thread, "NtReleaseMutant", handle, previous) == 0
    assert thread.memory.read_u32(previous) == 0
    assert nt(thread, "NtReleaseMutant", handle, 0) == st.STATUS_MUTANT_NOT_OWNED


def test_completion_port_round_trip(thread: Thread) -> None:
    port = k32(thread, "CreateIoCompletionPort", INVALID_HANDLE, 0, 0, 0)
    number, key, overlapped = thread.buffer(4), thread.buffer(8), thread.buffer(b"\xff" * 8)
    assert k32(thread, "GetQueuedCompletionStatus", port, number, key, overlapped, 0) == 0
    assert thread.last_error == 258
    assert thread.memory.read_u64(overlapped) == 0
    assert k32(thread, "PostQueuedCompletionStatus", port, 10, 77, 0x5555) == 1
    assert k32(thread, "GetQueuedCompletionStatus", port, number, key, overlapped, 0) == 1
    read = thread.memory
    assert (read.read_u32(number), read.read_u64(key), read.read_u64(overlapped)) == (10, 77, 0x5555)
    for index in range(3):
        nt(thread, "NtSetIoCompletion", port, index, index, st.STATUS_CANCELLED, 0)
    entries, removed = thread.buffer(64), thread.buffer(4)
    assert k32(thread, "GetQueuedCompletionStatusEx", port, entries, 2, removed, 0, 0) == 1
    assert read.read_u32(removed) == 2
    assert struct.unpack("<8Q", read.read(entries, 64)) == (0, 0, st.STATUS_CANCELLED, 0, 1, 1, st.STATUS_CANCELLED, 0)
    assert k32(thread, "GetQueuedCompletionStatus", port, number, key, overlapped, 0) == 0
    assert thread.last_error == st.ERROR_OPERATION_ABORTED
    assert read.read_u64(overlapped) == 2
    assert k32(thread, "CreateIoCompletionPort", INVALID_HANDLE, port, 0, 0) == 0
    assert thread.last_error == st.ERROR_INVALID_PARAMETER
    assert k32(thread, "GetQueuedCompletionStatusEx", port, entries, 0, removed, 0, 0) == 0
    assert thread.last_error == st.ERROR_INVALID_PARAMETER


def test_waitable_timer_faces(thread: Thread) -> None:
    timer = k32(thread, "CreateWaitableTimerW", 0, 1, 0)
    past = thread.buffer(struct.pack("<q", -1))
    assert k32(thread, "SetWaitableTimer", timer, past, 0, 0, 0, 1) == 1
    assert thread.last_error == st.ERROR_NOT_SUPPORTED
    assert k32(thread, "SetWaitableTimer", timer, past, -1, 0, 0, 0) == 0
    assert thread.last_error == st.ERROR_INVALID_PARAMETER
    assert k32(thread, "CancelWaitableTimer", timer) == 1
    assert k32(thread, "CreateWaitableTimerExW", 0, 0, 4, 0x1F0003) == 0


def test_handle_information_and_duplicates(thread: Thread) -> None:
    event = k32(thread, "CreateEventW", thread.buffer(struct.pack("<QQI", 24, 0, 1)), 1, 0, 0)
    flags, copy = thread.buffer(4), thread.buffer(8)
    assert k32(thread, "GetHandleInformation", event, flags) == 1
    assert thread.memory.read_u32(flags) == 1
    assert k32(thread, "SetHandleInformation", event, 3, 2) == 1
    assert k32(thread, "CloseHandle", event) == 0
    assert k32(thread, "SetHandleInformation", event, 4, 4) == 0
    assert thread.last_error == st.ERROR_INVALID_PARAMETER
    assert k32(thread, "SetHandleInformation", event, 2, 0) == 1
    same = thread.memory
    harness = thread.process.handles
    second = harness.duplicate(event, harness, 0x100000, 0, inherit=False)
    assert k32(thread, "CompareObjectHandles", event, second) == 1
    assert k32(thread, "SetEvent", second) == 0
    assert thread.last_error == st.ERROR_ACCESS_DENIED
    other = k32(thread, "CreateEventW", 0, 1, 0, 0)
    assert k32(thread, "CompareObjectHandles", event, other) == 0
    assert thread.last_error == st.ERROR_NOT_SAME_OBJECT
    assert k32(thread, "DuplicateHandle", 0x4444, event, CURRENT_PROCESS, copy, 0, 0, 2) == 0
    assert thread.last_error == st.ERROR_INVALID_HANDLE
    assert same.read_u64(copy) == 0


def test_query_object_name_type_and_flags(thread: Thread) -> None:
    event = k32(thread, "CreateEventW", 0, 1, 0, "named")
    buffer, length = thread.buffer(0x200), thread.buffer(4)

    def text() -> str:
        size, _, address = struct.unpack("<HHxxxxQ", thread.memory.read(buffer, 16))
        return thread.memory.read(address, size).decode("utf-16-le")

    assert nt(thread, "NtQueryObject", event, 1, buffer, 0x200, length) == 0
    assert text() == "\\Sessions\\1\\BaseNamedObjects\\named"
    assert nt(thread, "NtQueryObject", event, 1, buffer, 20, length) == st.STATUS_BUFFER_OVERFLOW
    assert nt(thread, "NtQueryObject", event, 1, 0, 0, length) == st.STATUS_INFO_LENGTH_MISMATCH
    assert thread.memory.read_u32(length) == 16 + 2 * len("\\Sessions\\1\\BaseNamedObjects\\named") + 2
    assert nt(thread, "NtQueryObject", event, 2, buffer, 0x200, length) == 0
    assert text() == "Event"
    assert nt(thread, "NtQueryObject", event, 0, buffer, 56, length) == 0
    assert struct.unpack("<III", thread.memory.read(buffer, 12)) == (0, 0x1F0003, 1)
    assert nt(thread, "NtSetInformationObject", event, 4, thread.buffer(b"\1\1"), 2) == 0
    assert nt(thread, "NtQueryObject", event, 4, buffer, 2, length) == 0
    assert thread.memory.read(buffer, 2) == b"\1\1"
    assert nt(thread, "NtQueryObject", event, 99, buffer, 2, length) == st.STATUS_INVALID_INFO_CLASS


def test_directories_and_links_through_nt(thread: Thread) -> None:
    out, context, length = thread.buffer(8), thread.buffer(4), thread.buffer(4)
    assert nt(thread, "NtOpenDirectoryObject", out, 3, attributes(thread, "\\BaseNamedObjects")) == 0
    directory = thread.memory.read_u64(out)
    assert nt(
        thread, "NtCreateSymbolicLinkObject", out, 0xF0001, attributes(thread, "zz", root=directory), "\\Device\\Null"
    ) == 0  # fmt: skip
    link = thread.memory.read_u64(out)
    room = thread.buffer(64)
    string = thread.buffer(struct.pack("<HHIQ", 0, 64, 0, room))
    assert nt(thread, "NtQuerySymbolicLinkObject", link, string, 0) == 0
    size = thread.memory.read_u16(string)
    assert thread.memory.read(room, size).decode("utf-16-le") == "\\Device\\Null"
    thread.memory.write_u16(string + 2, 4)
    assert nt(thread, "NtQuerySymbolicLinkObject", link, string, length) == st.STATUS_BUFFER_TOO_SMALL
    assert thread.memory.read_u32(length) == 26
    names, buffer = [], thread.buffer(0x100)
    restart, status = 1, 0
    while status in (0, st.STATUS_MORE_ENTRIES):
        status = nt(thread, "NtQueryDirectoryObject", directory, buffer, 0x100, 1, restart, context, length)
        restart = 0
        if status == 0:
            size, _, address = struct.unpack("<HHxxxxQ", thread.memory.read(buffer, 16))
            names.append(thread.memory.read(address, size).decode("utf-16-le"))
    assert status == st.STATUS_NO_MORE_ENTRIES
    assert names == ["Global", "Local", "Restricted", "Session", "zz"]
    small = nt(thread, "NtQueryDirectoryObject", directory, buffer, 40, 0, 1, context, length)
    assert small == st.STATUS_BUFFER_TOO_SMALL
    many = nt(thread, "NtQueryDirectoryObject", directory, buffer, 0x100, 0, 1, context, length)
    assert many == st.STATUS_MORE_ENTRIES


def test_alert_by_thread_id(thread: Thread) -> None:
    assert nt(thread, "NtAlertThreadByThreadId", thread.id + 4) == st.STATUS_INVALID_CID
    assert nt(thread, "NtAlertThreadByThreadId", thread.id) == 0
    assert nt(thread, "NtWaitForAlertByThreadId", 0x1000, 0) == st.STATUS_ALERTED
    zero = thread.buffer(struct.pack("<q", 0))
    assert nt(thread, "NtWaitForAlertByThreadId", 0x1000, zero) == st.STATUS_TIMEOUT
