"""powerbase.h: notifications of suspend and resume, which never happen here."""

from __future__ import annotations

import struct

from runtime.dlls.powrprof import powrprof
from runtime.dlls.types import DWORD, HANDLE, LPVOID, NTSTATUS, Out
from runtime.nt.status import (
    ERROR_INVALID_PARAMETER,
    ERROR_SUCCESS,
    STATUS_BUFFER_TOO_SMALL,
    STATUS_NOT_SUPPORTED,
    NtError,
)
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


@powrprof.export(category="time")
def CallNtPowerInformation(
    thread: Thread, InformationLevel: DWORD, InputBuffer: LPVOID, InputBufferLength: DWORD, OutputBuffer: LPVOID,
    OutputBufferLength: DWORD,
) -> NTSTATUS:  # fmt: skip
    """Return power information: battery (5: none) and processors (11)."""
    processor = thread.process.machine.processor
    if InformationLevel == 11:
        speed = processor.megahertz
        data = b"".join(struct.pack("<6I", n, speed, speed, speed, 0, 0) for n in range(processor.count))
    elif InformationLevel == 5:
        data = struct.pack("<4B4xIIIIII", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    else:
        raise NtError(STATUS_NOT_SUPPORTED)
    if OutputBufferLength < len(data):
        raise NtError(STATUS_BUFFER_TOO_SMALL)
    thread.process.memory.write(OutputBuffer, data)
    return 0
