"""wow64apiset.h and processthreadsapi.h: which machine a program is for. Only x64 programs run here."""

from __future__ import annotations

from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import BOOL, HANDLE, HRESULT, LPSTR, LPWSTR, PVOID, UINT, USHORT, Out, OutBytes
from runtime.nt import status as st
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_QUERY_LIMITED = 0x1000
_UNKNOWN, _AMD64 = 0, 0x8664
_WOW64_DIRECTORY = "C:\\Windows\\SysWOW64"


@kernel32.export("process")
def IsWow64Process(thread: Thread, hProcess: HANDLE, Wow64Process: Out[BOOL]) -> BOOL:
    get_object(thread, hProcess, Process, _QUERY_LIMITED)
    Wow64Process.set(0)
    return 1


@kernel32.export("process")
def IsWow64Process2(
    thread: Thread, hProcess: HANDLE, pProcessMachine: Out[USHORT], pNativeMachine: Out[USHORT]
) -> BOOL:
    get_object(thread, hProcess, Process, _QUERY_LIMITED)
    pProcessMachine.set(_UNKNOWN)  # documented: a process that is not under WOW64
    pNativeMachine.put(_AMD64)
    return 1


@kernel32.export("process")
def IsWow64GuestMachineSupported(thread: Thread, WowGuestMachine: USHORT, MachineIsSupported: Out[BOOL]) -> HRESULT:
    MachineIsSupported.set(0)
    return 0


@kernel32.export("environment")
def GetSystemWow64DirectoryW(
    thread: Thread, lpBuffer: Annotated[LPWSTR, OutBytes("uSize", unit=2)], uSize: UINT
) -> UINT:
    return _give(thread, _WOW64_DIRECTORY.encode("utf-16-le"), 2, lpBuffer, uSize)


@kernel32.export("environment")
def GetSystemWow64DirectoryA(thread: Thread, lpBuffer: Annotated[LPSTR, OutBytes("uSize")], uSize: UINT) -> UINT:
    return _give(thread, _WOW64_DIRECTORY.encode(), 1, lpBuffer, uSize)


def _give(thread: Thread, text: bytes, unit: int, buffer: int, size: int) -> int:
    length = len(text) // unit
    if length >= size:
        return length + 1
    thread.process.memory.write(buffer, text + bytes(unit))
    return length


@kernel32.export("process")
def Wow64GetThreadContext(thread: Thread, hThread: HANDLE, lpContext: PVOID) -> BOOL:
    """ERROR_INVALID_PARAMETER: a 64-bit thread has no WOW64 context."""
    get_object(thread, hThread, Thread, 0x0008)
    raise Win32Error(st.ERROR_INVALID_PARAMETER)  # no thread runs 32-bit code


@kernel32.export("process")
def Wow64SetThreadContext(thread: Thread, hThread: HANDLE, lpContext: PVOID) -> BOOL:
    """ERROR_INVALID_PARAMETER: a 64-bit thread has no WOW64 context."""
    get_object(thread, hThread, Thread, 0x0010)
    raise Win32Error(st.ERROR_INVALID_PARAMETER)
