"""errhandlingapi.h, werapi.h: error modes, fail fast."""

from __future__ import annotations

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import BOOL, DWORD, HANDLE, HRESULT, LPCWSTR, PVOID, UINT, Out
from runtime.nt import context as ctx
from runtime.nt import failure
from runtime.nt import status as st
from runtime.nt.exception import EXCEPTION_NONCONTINUABLE, RECORD_SIZE, pack_record
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_MOST_EXCEPTION_MODULES = 16
"""WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES of werapi.h."""


@kernel32.export("process")
def SetErrorMode(thread: Thread, uMode: UINT) -> UINT:
    """Choose which errors show a message box: kept, and there is nobody to show one to."""
    old, thread.process.error_mode = thread.process.error_mode, uMode
    return old


@kernel32.export("process")
def GetErrorMode(thread: Thread) -> UINT:
    """Return the process's error mode."""
    return thread.process.error_mode


@kernel32.export("threading")
def SetThreadErrorMode(thread: Thread, dwNewMode: DWORD, lpOldMode: Out[DWORD]) -> BOOL:
    """Choose the thread's error mode; unknown flags are refused."""
    if dwNewMode & ~0x8007:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    old, thread.error_mode = thread.error_mode, dwNewMode
    lpOldMode.put(old)
    return 1


@kernel32.export("threading")
def GetThreadErrorMode(thread: Thread) -> DWORD:
    """Return the thread's error mode."""
    return thread.error_mode


@kernel32.export("exception")
def RaiseFailFastException(thread: Thread, pExceptionRecord: PVOID, pContextRecord: PVOID, dwFlags: DWORD) -> None:
    memory = thread.process.memory
    context = memory.read(pContextRecord, ctx.SIZE) if pContextRecord else bytes(ctx.capture(thread.context))
    if pExceptionRecord:
        record = memory.read(pExceptionRecord, RECORD_SIZE)
    else:
        record = pack_record(st.STATUS_FAIL_FAST_EXCEPTION, EXCEPTION_NONCONTINUABLE, thread.caller, ())
    failure.unhandled_exception(thread, record, context)


@kernel32.export("exception")
def WerSetFlags(thread: Thread, dwFlags: DWORD) -> HRESULT:
    thread.process.error_reporting = dwFlags
    return 0


@kernel32.export("exception")
def WerGetFlags(thread: Thread, hProcess: HANDLE, pdwFlags: Out[DWORD]) -> HRESULT:
    pdwFlags.set(get_object(thread, hProcess, Process, 0x0400).error_reporting)
    return 0


@kernel32.export("exception")
def WerRegisterRuntimeExceptionModule(thread: Thread, pwszOutOfProcessCallbackDll: LPCWSTR, pContext: PVOID) -> HRESULT:
    """Note a DLL that error reporting would ask about a crash; crashes here are reported without asking anybody."""
    known = thread.process.exception_modules
    if not pwszOutOfProcessCallbackDll:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if len(known) >= _MOST_EXCEPTION_MODULES:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    known.append((pwszOutOfProcessCallbackDll, pContext))
    return 0


@kernel32.export("exception")
def WerUnregisterRuntimeExceptionModule(
    thread: Thread, pwszOutOfProcessCallbackDll: LPCWSTR, pContext: PVOID
) -> HRESULT:
    known = thread.process.exception_modules
    for entry in known:
        if entry == (pwszOutOfProcessCallbackDll, pContext):
            known.remove(entry)
            return 0
    raise Win32Error(st.ERROR_NOT_FOUND)


@kernel32.export("process")
def FatalAppExitW(thread: Thread, uAction: UINT, lpMessageText: LPCWSTR) -> None:
    thread.process.report(f"{lpMessageText or ''}")
    thread.process.terminate(0)


kernel32.ansi(FatalAppExitW)
