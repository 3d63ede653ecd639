"""winbase.h and evntprov.h: event logs, and event tracing that nobody listens to."""

from __future__ import annotations

import itertools
import struct

from runtime.dlls.advapi32 import advapi32
from runtime.dlls.process_state import process_state
from runtime.dlls.security_descriptor import read_sid
from runtime.dlls.text import encode_wide
from runtime.dlls.types import (
    BOOL,
    BOOLEAN,
    DWORD,
    HANDLE,
    HEX32,
    LPCWSTR,
    LPVOID,
    PVOID,
    UCHAR,
    ULONG,
    ULONGLONG,
    WORD,
    Out,
)
from runtime.nt.event import EVENT_MODIFY_STATE, Event
from runtime.nt.event_log import EventLog, EventRecord, EventSource
from runtime.nt.reference import get_object
from runtime.nt.security import Sid
from runtime.nt.status import (
    ERROR_HANDLE_EOF,
    ERROR_INSUFFICIENT_BUFFER,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER,
    ERROR_SUCCESS,
    Win32Error,
)
from runtime.nt.thread import Thread

PROCESS = "process"
_UNIX_EPOCH = 116_444_736_000_000_000
_SERVICES = "\\REGISTRY\\MACHINE\\SYSTEM\\CurrentControlSet\\Services\\EventLog"
RPC_S_SERVER_UNAVAILABLE = 1722


def _log(thread: Thread, title: str) -> EventLog:
    """Return a log of the machine by name."""
    directory = thread.process.machine.objects.make_directory("\\EventLog")
    found = directory.get(title)
    if isinstance(found, EventLog):
        return found
    log = directory.add(title, EventLog(title))
    log.permanent = True
    return log


def _log_of_source(thread: Thread, source: str) -> EventLog:
    """Return the log a source is registered for; Application for one that is not."""
    tree = thread.process.machine.registry.tree
    for title in ("Application", "System", "Security"):
        if source.lower() == title.lower() or tree.find(f"{_SERVICES}\\{title}\\{source}") is not None:
            return _log(thread, title)
    return _log(thread, "Application")


def _open(thread: Thread, server: str | None, source: str | None) -> int:
    if not source:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    if (server or "").lstrip("\\").lower() not in ("", ".", thread.process.machine.config.computer_name.lower()):
        raise Win32Error(RPC_S_SERVER_UNAVAILABLE)
    return thread.process.handles.insert(EventSource(_log_of_source(thread, source), source), 0xF0007)


def _source(thread: Thread, handle: int) -> EventSource:
    return get_object(thread, handle, EventSource)


@advapi32.export(category=PROCESS)
def RegisterEventSourceW(thread: Thread, lpUNCServerName: LPCWSTR, lpSourceName: LPCWSTR) -> HANDLE:
    """Open a log to report to."""
    return _open(thread, lpUNCServerName, lpSourceName)


@advapi32.export(category=PROCESS)
def OpenEventLogW(thread: Thread, lpUNCServerName: LPCWSTR, lpSourceName: LPCWSTR) -> HANDLE:
    """Open a log to read."""
    return _open(thread, lpUNCServerName, lpSourceName)


@advapi32.export(category=PROCESS)
def DeregisterEventSource(thread: Thread, hEventLog: HANDLE) -> BOOL:
    """Close a log."""
    _source(thread, hEventLog)
    thread.process.handles.close(hEventLog)
    return 1


@advapi32.export(category=PROCESS)
def CloseEventLog(thread: Thread, hEventLog: HANDLE) -> BOOL:
    """Close a log."""
    _source(thread, hEventLog)
    thread.process.handles.close(hEventLog)
    return 1


def _report(
    thread: Thread, handle: int, kind: int, category: int, event_id: int, sid: int, strings: tuple[str, ...],
    data: int, size: int,
) -> int:  # fmt: skip
    source = _source(thread, handle)
    memory = thread.process.memory
    user = str(read_sid(memory, sid)) if sid else ""
    raw = memory.read(data, size) if size else b""
    source.log.report(thread.clock.now(), source.source, kind, category, event_id, user, strings, raw)
    return 1


def _strings(thread: Thread, count: int, table: int, wide: bool) -> tuple[str, ...]:
    memory = thread.process.memory
    found = []
    for index in range(count):
        address = memory.read_pointer(table + index * memory.pointer_size)
        found.append(memory.read_wstr(address) if wide else thread.process.decode_ansi(memory.read_str(address)))
    return tuple(found)


@advapi32.export(category=PROCESS)
def ReportEventW(
    thread: Thread, hEventLog: HANDLE, wType: WORD, wCategory: WORD, dwEventID: HEX32, lpUserSid: PVOID,
    wNumStrings: WORD, dwDataSize: DWORD, lpStrings: LPVOID, lpRawData: LPVOID,
) -> BOOL:  # fmt: skip
    """Report an event."""
    strings = _strings(thread, wNumStrings, lpStrings, True)
    return _report(thread, hEventLog, wType, wCategory, dwEventID, lpUserSid, strings, lpRawData, dwDataSize)


@advapi32.export(category=PROCESS)
def ReportEventA(
    thread: Thread, hEventLog: HANDLE, wType: WORD, wCategory: WORD, dwEventID: HEX32, lpUserSid: PVOID,
    wNumStrings: WORD, dwDataSize: DWORD, lpStrings: LPVOID, lpRawData: LPVOID,
) -> BOOL:  # fmt: skip
    """Report an event."""
    strings = _strings(thread, wNumStrings, lpStrings, False)
    return _report(thread, hEventLog, wType, wCategory, dwEventID, lpUserSid, strings, lpRawData, dwDataSize)


@advapi32.export(category=PROCESS)
def GetNumberOfEventLogRecords(thread: Thread, hEventLog: HANDLE, NumberOfRecords: Out[DWORD]) -> BOOL:
    """Return how many records a log has."""
    NumberOfRecords.set(len(_source(thread, hEventLog).log.records))
    return 1


@advapi32.export(category=PROCESS)
def GetOldestEventLogRecord(thread: Thread, hEventLog: HANDLE, OldestRecord: Out[DWORD]) -> BOOL:
    """Return the number of the oldest record; 0 for an empty log."""
    records = _source(thread, hEventLog).log.records
    OldestRecord.set(records[0].number if records else 0)
    return 1


def _pack(computer: str, record: EventRecord) -> bytes:
    """Return an EVENTLOGRECORD."""
    sid = Sid.parse(record.user).pack() if record.user else b""
    names = encode_wide(f"{record.source}\0{computer}\0")
    sid_at = -(-(56 + len(names)) // 8) * 8
    strings_at = sid_at + len(sid)
    strings = encode_wide("".join(text + "\0" for text in record.strings))
    data_at = strings_at + len(strings)
    body = (names.ljust(sid_at - 56, b"\0") + sid + strings + record.data)
    length = -(-(56 + len(body) + 4) // 4) * 4
    seconds = max(record.time - _UNIX_EPOCH, 0) // 10_000_000
    head = struct.pack(
        "<6I4H6I", length, 0x654C664C, record.number, seconds, seconds, record.event_id, record.kind,
        len(record.strings), record.category, 0, 0, strings_at, len(sid), sid_at, len(record.data), data_at,
    )  # fmt: skip
    return (head + body).ljust(length - 4, b"\0") + struct.pack("<I", length)


@advapi32.export(category=PROCESS)
def ReadEventLogW(
    thread: Thread, hEventLog: HANDLE, dwReadFlags: DWORD, dwRecordOffset: DWORD, lpBuffer: LPVOID,
    nNumberOfBytesToRead: DWORD, pnBytesRead: Out[DWORD], pnMinNumberOfBytesNeeded: Out[DWORD],
) -> BOOL:  # fmt: skip
    """Read whole records: sequentially (1) or from a number (2), forwards (4) or backwards (8)."""
    source = _source(thread, hEventLog)
    forwards, backwards = bool(dwReadFlags & 4), bool(dwReadFlags & 8)
    if forwards == backwards or bool(dwReadFlags & 1) == bool(dwReadFlags & 2):
        raise Win32Error(ERROR_INVALID_PARAMETER)
    records = list(source.log.records)
    if backwards:
        records.reverse()
    if dwReadFlags & 2:
        start = next((index for index, record in enumerate(records) if record.number == dwRecordOffset), None)
        if start is None:
            raise Win32Error(ERROR_INVALID_PARAMETER)
        records = records[start:]
    elif source.position:
        passed = source.position
        records = [record for record in records if (record.number > passed if forwards else record.number < passed)]
    pnBytesRead.set(0)
    pnMinNumberOfBytesNeeded.set(0)
    if not records:
        raise Win32Error(ERROR_HANDLE_EOF)
    out = bytearray()
    computer = thread.process.machine.config.computer_name
    for record in records:
        packed = _pack(computer, record)
        if len(out) + len(packed) > nNumberOfBytesToRead:
            if not out:
                pnMinNumberOfBytesNeeded.set(len(packed))
                raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
            break
        out += packed
        source.position = record.number
    thread.process.memory.write(lpBuffer, bytes(out))
    pnBytesRead.set(len(out))
    return 1


@advapi32.export(category=PROCESS)
def ClearEventLogW(thread: Thread, hEventLog: HANDLE, lpBackupFileName: LPCWSTR) -> BOOL:
    """Empty a log; saving it first is not supported."""
    if lpBackupFileName:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    _source(thread, hEventLog).log.records.clear()
    return 1


@advapi32.export(category=PROCESS)
def NotifyChangeEventLog(thread: Thread, hEventLog: HANDLE, hEvent: HANDLE) -> BOOL:
    """Have an event set when the log changes: only for logs that exist; needs a valid event."""
    _source(thread, hEventLog)
    get_object(thread, hEvent, Event, EVENT_MODIFY_STATE)
    raise Win32Error(ERROR_INVALID_HANDLE)


# Event tracing: providers register, no session is ever enabled


class _Providers:
    """The providers a process has registered."""

    def __init__(self) -> None:
        self.handles: set[int] = set()
        self.numbers = itertools.count(0x0E00_0000_0010, 0x10)


def _registered(thread: Thread, handle: int) -> bool:
    return handle in process_state(thread.process, _Providers).handles


@advapi32.export(category=PROCESS)
def EventRegister(
    thread: Thread, ProviderId: LPVOID, EnableCallback: PVOID, CallbackContext: PVOID, RegHandle: Out[ULONGLONG]
) -> ULONG:
    """Register an event provider."""
    if not ProviderId or not RegHandle:
        return ERROR_INVALID_PARAMETER
    thread.process.memory.read(ProviderId, 16)
    providers = process_state(thread.process, _Providers)
    handle = next(providers.numbers)
    providers.handles.add(handle)
    RegHandle.set(handle)
    return ERROR_SUCCESS


@advapi32.export(category=PROCESS)
def EventUnregister(thread: Thread, RegHandle: ULONGLONG) -> ULONG:
    """Take back a registration."""
    if not _registered(thread, RegHandle):
        return ERROR_INVALID_HANDLE
    process_state(thread.process, _Providers).handles.discard(RegHandle)
    return ERROR_SUCCESS


@advapi32.export(category=PROCESS)
def EventEnabled(thread: Thread, RegHandle: ULONGLONG, EventDescriptor: LPVOID) -> BOOLEAN:
    """Whether a session wants an event: none does."""
    return 0


@advapi32.export(category=PROCESS)
def EventProviderEnabled(thread: Thread, RegHandle: ULONGLONG, Level: UCHAR, Keyword: ULONGLONG) -> BOOLEAN:
    """Whether a session wants events of a provider: none does."""
    return 0


@advapi32.export(category=PROCESS)
def EventWrite(
    thread: Thread, RegHandle: ULONGLONG, EventDescriptor: LPVOID, UserDataCount: ULONG, UserData: LPVOID
) -> ULONG:
    """Write an event: succeeds, as on Windows when no session listens."""
    return ERROR_SUCCESS if _registered(thread, RegHandle) else ERROR_INVALID_HANDLE


@advapi32.export(category=PROCESS)
def EventWriteTransfer(
    thread: Thread, RegHandle: ULONGLONG, EventDescriptor: LPVOID, ActivityId: LPVOID, RelatedActivityId: LPVOID,
    UserDataCount: ULONG, UserData: LPVOID,
) -> ULONG:  # fmt: skip
    """Write an event: succeeds, as on Windows when no session listens."""
    return ERROR_SUCCESS if _registered(thread, RegHandle) else ERROR_INVALID_HANDLE


@advapi32.export(category=PROCESS)
def EventWriteEx(
    thread: Thread, RegHandle: ULONGLONG, EventDescriptor: LPVOID, Filter: ULONGLONG, Flags: ULONG, ActivityId: LPVOID,
    RelatedActivityId: LPVOID, UserDataCount: ULONG, UserData: LPVOID,
) -> ULONG:  # fmt: skip
    """Write an event: succeeds, as on Windows when no session listens."""
    return ERROR_SUCCESS if _registered(thread, RegHandle) else ERROR_INVALID_HANDLE


@advapi32.export(category=PROCESS)
def EventWriteString(
    thread: Thread, RegHandle: ULONGLONG, Level: UCHAR, Keyword: ULONGLONG, String: LPCWSTR
) -> ULONG:
    """Write a string as an event: succeeds, as on Windows when no session listens."""
    return ERROR_SUCCESS if _registered(thread, RegHandle) else ERROR_INVALID_HANDLE


@advapi32.export(category=PROCESS)
def EventSetInformation(
    thread: Thread, RegHandle: ULONGLONG, InformationClass: ULONG, EventInformation: LPVOID, InformationLength: ULONG
) -> ULONG:
    """Describe a provider: noted by no session."""
    return ERROR_SUCCESS if _registered(thread, RegHandle) else ERROR_INVALID_HANDLE


@advapi32.export(category=PROCESS)
def RegisterTraceGuidsW(
    thread: Thread, RequestAddress: PVOID, RequestContext: PVOID, ControlGuid: LPVOID, GuidCount: ULONG,
    TraceGuidReg: LPVOID, MofImagePath: LPCWSTR, MofResourceName: LPCWSTR, RegistrationHandle: Out[ULONGLONG],
) -> ULONG:  # fmt: skip
    """Register a classic event provider."""
    if not RequestAddress or not ControlGuid or not RegistrationHandle:
        return ERROR_INVALID_PARAMETER
    providers = process_state(thread.process, _Providers)
    handle = next(providers.numbers)
    providers.handles.add(handle)
    RegistrationHandle.set(handle)
    return ERROR_SUCCESS


@advapi32.export(category=PROCESS)
def UnregisterTraceGuids(thread: Thread, RegistrationHandle: ULONGLONG) -> ULONG:
    """Take back a registration."""
    if not _registered(thread, RegistrationHandle):
        return ERROR_INVALID_PARAMETER
    process_state(thread.process, _Providers).handles.discard(RegistrationHandle)
    return ERROR_SUCCESS


RegisterEventSourceA = advapi32.ansi(RegisterEventSourceW)
OpenEventLogA = advapi32.ansi(OpenEventLogW)
ClearEventLogA = advapi32.ansi(ClearEventLogW)
