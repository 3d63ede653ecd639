"""winbase.h: power and firmware, as a desktop computer on mains tells them."""

from __future__ import annotations

import struct

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import BOOL, DWORD, HANDLE, INT, LPCSTR, LPCWSTR, PVOID, UINT, Out
from runtime.nt import status as st
from runtime.nt.event import Event
from runtime.nt.reference import get_object
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

_CONTINUOUS = 0x80000000
_STATES = _CONTINUOUS | 0x1 | 0x2 | 0x4 | 0x40
_REQUESTS = 4


@kernel32.export("process")
def SetThreadExecutionState(thread: Thread, esFlags: DWORD) -> DWORD:
    """The machine never sleeps; the state is kept, since the next call returns it."""
    if not esFlags or esFlags & ~_STATES:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    previous = thread.execution_state
    if esFlags & _CONTINUOUS:
        thread.execution_state = esFlags
    return previous


@kernel32.export("process")
def GetSystemPowerStatus(thread: Thread, lpSystemPowerStatus: PVOID) -> BOOL:
    # On line, no battery, nothing known of its life.
    thread.process.memory.write(lpSystemPowerStatus, struct.pack("<BBBBII", 1, 128, 255, 0, 0xFFFFFFFF, 0xFFFFFFFF))
    return 1


class _PowerRequest(Event):
    """What PowerCreateRequest makes: counts of what was requested."""

    def __init__(self) -> None:
        super().__init__(manual_reset=True)
        self.counts = [0] * _REQUESTS


@kernel32.export("process", fails=-1)
def PowerCreateRequest(thread: Thread, Context: PVOID) -> HANDLE:
    version, flags = struct.unpack("<II", thread.process.memory.read(Context, 8))
    if version or flags not in (1, 2):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return thread.process.handles.insert(_PowerRequest(), 0x1F0003)


def _request(thread: Thread, handle: int, kind: int, change: int) -> int:
    request = get_object(thread, handle, _PowerRequest)
    if not 0 <= kind < _REQUESTS:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if request.counts[kind] + change < 0:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    request.counts[kind] += change
    return 1


@kernel32.export("process")
def PowerSetRequest(thread: Thread, PowerRequest: HANDLE, RequestType: INT) -> BOOL:
    return _request(thread, PowerRequest, RequestType, 1)


@kernel32.export("process")
def PowerClearRequest(thread: Thread, PowerRequest: HANDLE, RequestType: INT) -> BOOL:
    return _request(thread, PowerRequest, RequestType, -1)


@kernel32.export("process")
def IsSystemResumeAutomatic(thread: Thread) -> BOOL:
    """FALSE: a machine never sleeps, so nothing woke it."""
    return 0


@kernel32.export("environment")
def GetFirmwareType(thread: Thread, FirmwareType: Out[DWORD]) -> BOOL:
    FirmwareType.set(1)  # FirmwareTypeBios
    return 1


@kernel32.export("environment")
def GetFirmwareEnvironmentVariableW(
    thread: Thread, lpName: LPCWSTR, lpGuid: LPCWSTR, pBuffer: PVOID, nSize: DWORD
) -> DWORD:
    """ERROR_INVALID_FUNCTION, as on a computer with a BIOS: it has no firmware variables."""
    raise Win32Error(st.ERROR_INVALID_FUNCTION)  # documented for computers without UEFI


@kernel32.export("environment")
def GetFirmwareEnvironmentVariableA(
    thread: Thread, lpName: LPCSTR, lpGuid: LPCSTR, pBuffer: PVOID, nSize: DWORD
) -> DWORD:
    """ERROR_INVALID_FUNCTION, as on a computer with a BIOS: it has no firmware variables."""
    raise Win32Error(st.ERROR_INVALID_FUNCTION)


@kernel32.export("environment")
def EnumSystemFirmwareTables(
    thread: Thread, FirmwareTableProviderSignature: DWORD, pFirmwareTableEnumBuffer: PVOID, BufferSize: DWORD
) -> UINT:
    if FirmwareTableProviderSignature not in (0x41435049, 0x4649524D, 0x52534D42):  # ACPI, FIRM, RSMB
        raise Win32Error(st.ERROR_INVALID_FUNCTION)
    raise NtError(st.STATUS_NOT_FOUND)  # a machine without firmware tables


@kernel32.export("environment")
def GetSystemFirmwareTable(
    thread: Thread, FirmwareTableProviderSignature: DWORD, FirmwareTableID: DWORD, pFirmwareTableBuffer: PVOID,
    BufferSize: DWORD,
) -> UINT:  # fmt: skip
    if FirmwareTableProviderSignature not in (0x41435049, 0x4649524D, 0x52534D42):
        raise Win32Error(st.ERROR_INVALID_FUNCTION)
    raise NtError(st.STATUS_NOT_FOUND)
