"""powerbase.h: notifications of suspend and resume, which never happen here."""

from __future__ import annotations

from runtime.dlls.powrprof import powrprof
from runtime.dlls.types import DWORD, HANDLE, LPVOID, Out
from runtime.nt.status import ERROR_INVALID_PARAMETER, ERROR_SUCCESS
from runtime.nt.thread import Thread


@powrprof.export(category="time")
def PowerRegisterSuspendResumeNotification(
    thread: Thread, Flags: DWORD, Recipient: HANDLE, RegistrationHandle: Out[LPVOID]
) -> DWORD:
    """Register a callback (Flags 2) or window (0) for suspend and resume: the machine never suspends."""
    if Flags not in (0, 2) or not Recipient or not RegistrationHandle:
        return ERROR_INVALID_PARAMETER
    RegistrationHandle.set(Recipient)
    return ERROR_SUCCESS


@powrprof.export(category="time")
def PowerUnregisterSuspendResumeNotification(thread: Thread, RegistrationHandle: LPVOID) -> DWORD:
    """Take back a registration."""
    return ERROR_SUCCESS if RegistrationHandle else ERROR_INVALID_PARAMETER
