"""Status and error codes."""

from __future__ import annotations

from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.types import NTSTATUS, ULONG
from runtime.nt.status import nt_status_to_dos_error
from runtime.nt.thread import Thread


@ntdll.export(category="exception")
def RtlNtStatusToDosError(thread: Thread, Status: NTSTATUS) -> ULONG:
    thread.last_status = Status
    return nt_status_to_dos_error(Status)


@ntdll.export(category="exception")
def RtlNtStatusToDosErrorNoTeb(thread: Thread, Status: NTSTATUS) -> ULONG:
    return nt_status_to_dos_error(Status)
