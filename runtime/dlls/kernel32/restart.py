"""winbase.h: how a program wants to be restarted or to save its data after a crash.

Windows Error Reporting would read this; a machine has no such service, so it is kept and read back, and never acted on.
"""

from __future__ import annotations

from dataclasses import dataclass

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.process_state import process_state
from runtime.dlls.text import put_counted
from runtime.dlls.types import BOOL, DWORD, HANDLE, HRESULT, LPCWSTR, LPWSTR, PVOID, InOut, Out
from runtime.nt import status as st
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_LONGEST_COMMAND_LINE = 1024
"""RESTART_MAX_CMD_LINE, in characters with the NUL."""
_LONGEST_INTERVAL, _DEFAULT_INTERVAL = 300_000, 5_000
"""RECOVERY_MAX_PING_INTERVAL and RECOVERY_DEFAULT_PING_INTERVAL, in milliseconds."""
_VM_READ = 0x0010
S_OK, S_FALSE, E_FAIL, E_INVALIDARG = 0, 1, 0x80004005, 0x80070057


@dataclass(frozen=True, slots=True)
class Restart:
    """What RegisterApplicationRestart was told."""

    command_line: str
    flags: int


@dataclass(frozen=True, slots=True)
class Recovery:
    """What RegisterApplicationRecoveryCallback was told."""

    callback: int
    parameter: int
    interval: int
    flags: int


class _Registrations:
    """What a process registered."""

    def __init__(self) -> None:
        self.restart: Restart | None = None
        self.recovery: Recovery | None = None


@kernel32.export("process")
def RegisterApplicationRestart(thread: Thread, pwzCommandline: LPCWSTR, dwFlags: DWORD) -> HRESULT:
    """Register a command line to be restarted with; a later one replaces it."""
    line = pwzCommandline or ""
    if dwFlags & ~0xF or len(line) >= _LONGEST_COMMAND_LINE:
        return E_INVALIDARG
    process_state(thread.process, _Registrations).restart = Restart(line, dwFlags)
    return S_OK


@kernel32.export("process")
def UnregisterApplicationRestart(thread: Thread) -> HRESULT:
    """Forget the command line."""
    process_state(thread.process, _Registrations).restart = None
    return S_OK


@kernel32.export("process")
def GetApplicationRestartSettings(
    thread: Thread, hProcess: HANDLE, pwzCommandline: LPWSTR, pcchSize: InOut[DWORD], pdwFlags: Out[DWORD]
) -> HRESULT:
    """Return what a process registered; its size in characters counts the NUL."""
    if not pcchSize:
        return E_INVALIDARG
    found = process_state(get_object(thread, hProcess, Process, _VM_READ), _Registrations).restart
    if found is None:
        raise Win32Error(st.ERROR_NOT_FOUND)
    pdwFlags.put(found.flags)
    put_counted(
        thread, found.command_line, pwzCommandline, pcchSize, error=st.ERROR_INSUFFICIENT_BUFFER, count_nul=True
    )
    return S_OK


@kernel32.export("process")
def RegisterApplicationRecoveryCallback(
    thread: Thread, pRecoveyCallback: PVOID, pvParameter: PVOID, dwPingInterval: DWORD, dwFlags: DWORD
) -> HRESULT:
    """Register a function that saves data; a later one replaces it."""
    if not pRecoveyCallback or dwFlags or dwPingInterval > _LONGEST_INTERVAL:
        return E_INVALIDARG
    interval = dwPingInterval or _DEFAULT_INTERVAL
    registrations = process_state(thread.process, _Registrations)
    registrations.recovery = Recovery(pRecoveyCallback, pvParameter, interval, dwFlags)
    return S_OK


@kernel32.export("process")
def UnregisterApplicationRecoveryCallback(thread: Thread) -> HRESULT:
    """Forget the function."""
    process_state(thread.process, _Registrations).recovery = None
    return S_OK


@kernel32.export("process")
def GetApplicationRecoveryCallback(
    thread: Thread, hProcess: HANDLE, pRecoveryCallback: Out[PVOID], ppvParameter: Out[PVOID],
    pdwPingInterval: Out[DWORD], pdwFlags: Out[DWORD],
) -> HRESULT:  # fmt: skip
    """Return the function that a process registered; S_FALSE when it registered none."""
    if not pRecoveryCallback or not ppvParameter:
        return E_INVALIDARG
    found = process_state(get_object(thread, hProcess, Process, _VM_READ), _Registrations).recovery
    if found is None:
        return S_FALSE
    pRecoveryCallback.set(found.callback)
    ppvParameter.set(found.parameter)
    pdwPingInterval.put(found.interval)
    pdwFlags.put(found.flags)
    return S_OK


@kernel32.export("process")
def ApplicationRecoveryInProgress(thread: Thread, pbCancelled: Out[BOOL]) -> HRESULT:
    """Say that recovery goes on: E_FAIL, as documented where error reporting has not asked for it."""
    return E_FAIL if pbCancelled else E_INVALIDARG
