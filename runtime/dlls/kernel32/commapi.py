"""winbase.h: serial ports. A machine has none, so every function fails as it does for a handle of something else."""

from __future__ import annotations

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import BOOL, DWORD, HANDLE, PVOID
from runtime.nt import status as st
from runtime.nt.file import FileObject
from runtime.nt.reference import get_object
from runtime.nt.status import NtError
from runtime.nt.thread import Thread


def _refuse(thread: Thread, handle: int) -> int:
    """Raises NtError: STATUS_INVALID_HANDLE, or STATUS_INVALID_DEVICE_REQUEST for a file that is no serial port."""
    get_object(thread, handle, FileObject)
    raise NtError(st.STATUS_INVALID_DEVICE_REQUEST)


@kernel32.export("file_io")
def GetCommState(thread: Thread, hFile: HANDLE, lpDCB: PVOID) -> BOOL:
    return _refuse(thread, hFile)


@kernel32.export("file_io")
def SetCommState(thread: Thread, hFile: HANDLE, lpDCB: PVOID) -> BOOL:
    return _refuse(thread, hFile)


@kernel32.export("file_io")
def GetCommTimeouts(thread: Thread, hFile: HANDLE, lpCommTimeouts: PVOID) -> BOOL:
    return _refuse(thread, hFile)


@kernel32.export("file_io")
def SetCommTimeouts(thread: Thread, hFile: HANDLE, lpCommTimeouts: PVOID) -> BOOL:
    return _refuse(thread, hFile)


@kernel32.export("file_io")
def GetCommMask(thread: Thread, hFile: HANDLE, lpEvtMask: PVOID) -> BOOL:
    return _refuse(thread, hFile)


@kernel32.export("file_io")
def SetCommMask(thread: Thread, hFile: HANDLE, dwEvtMask: DWORD) -> BOOL:
    return _refuse(thread, hFile)


@kernel32.export("file_io")
def GetCommModemStatus(thread: Thread, hFile: HANDLE, lpModemStat: PVOID) -> BOOL:
    return _refuse(thread, hFile)


@kernel32.export("file_io")
def GetCommProperties(thread: Thread, hFile: HANDLE, lpCommProp: PVOID) -> BOOL:
    return _refuse(thread, hFile)


@kernel32.export("file_io")
def PurgeComm(thread: Thread, hFile: HANDLE, dwFlags: DWORD) -> BOOL:
    return _refuse(thread, hFile)


@kernel32.export("file_io")
def ClearCommError(thread: Thread, hFile: HANDLE, lpErrors: PVOID, lpStat: PVOID) -> BOOL:
    return _refuse(thread, hFile)


@kernel32.export("file_io")
def EscapeCommFunction(thread: Thread, hFile: HANDLE, dwFunc: DWORD) -> BOOL:
    return _refuse(thread, hFile)


@kernel32.export("file_io")
def SetupComm(thread: Thread, hFile: HANDLE, dwInQueue: DWORD, dwOutQueue: DWORD) -> BOOL:
    return _refuse(thread, hFile)


@kernel32.export("file_io")
def WaitCommEvent(thread: Thread, hFile: HANDLE, lpEvtMask: PVOID, lpOverlapped: PVOID) -> BOOL:
    return _refuse(thread, hFile)


@kernel32.export("file_io")
def SetCommBreak(thread: Thread, hFile: HANDLE) -> BOOL:
    return _refuse(thread, hFile)


@kernel32.export("file_io")
def ClearCommBreak(thread: Thread, hFile: HANDLE) -> BOOL:
    return _refuse(thread, hFile)
