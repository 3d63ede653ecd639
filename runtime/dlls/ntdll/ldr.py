"""The loader's own exports: LdrLoadDll and its relatives."""

from __future__ import annotations

from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.types import (
    NTSTATUS,
    PANSI_STRING_IN,
    PUNICODE_STRING_IN,
    PVOID,
    ULONG,
    Out,
)
from runtime.nt import status as st
from runtime.nt.loading import find_module, free_library, load_module, procedure
from runtime.nt.status import NtError
from runtime.nt.thread import Thread


@ntdll.export("dll")
async def LdrLoadDll(
    thread: Thread, DllPath: PVOID, DllCharacteristics: PVOID, DllName: PUNICODE_STRING_IN, DllHandle: Out[PVOID]
) -> NTSTATUS:
    module = await load_module(thread, DllName or "", 0)
    DllHandle.set(module.base)
    return st.STATUS_SUCCESS


@ntdll.export("dll")
async def LdrUnloadDll(thread: Thread, DllHandle: PVOID) -> NTSTATUS:
    await free_library(thread, DllHandle)
    return st.STATUS_SUCCESS


@ntdll.export("dll")
def LdrGetDllHandle(
    thread: Thread, DllPath: PVOID, DllCharacteristics: PVOID, DllName: PUNICODE_STRING_IN, DllHandle: Out[PVOID]
) -> NTSTATUS:
    DllHandle.set(find_module(thread.process, DllName or "").base)
    return st.STATUS_SUCCESS


@ntdll.export("dll")
async def LdrGetProcedureAddress(
    thread: Thread, DllHandle: PVOID, ProcedureName: PANSI_STRING_IN, ProcedureNumber: ULONG,
    ProcedureAddress: Out[PVOID],
) -> NTSTATUS:  # fmt: skip
    name: str | int = ProcedureName.decode("latin-1") if ProcedureName else ProcedureNumber
    ProcedureAddress.set(await procedure(thread, DllHandle, name))
    return st.STATUS_SUCCESS


@ntdll.export("dll")
def LdrDisableThreadCalloutsForDll(thread: Thread, DllHandle: PVOID) -> NTSTATUS:
    module = thread.process.loader.by_base(DllHandle)
    if module is None:
        raise NtError(st.STATUS_DLL_NOT_FOUND)
    if module.tls is not None:
        raise NtError(st.STATUS_UNSUCCESSFUL)
    module.thread_calls = False
    return st.STATUS_SUCCESS


@ntdll.export("dll")
def LdrAddRefDll(thread: Thread, Flags: ULONG, DllHandle: PVOID) -> NTSTATUS:
    module = thread.process.loader.by_base(DllHandle)
    if module is None:
        raise NtError(st.STATUS_DLL_NOT_FOUND)
    if Flags & 1:
        module.load_count = -1
    elif module.load_count >= 0:
        module.load_count += 1
    return st.STATUS_SUCCESS


@ntdll.export("dll")
def LdrRegisterDllNotification(
    thread: Thread, Flags: ULONG, NotificationFunction: PVOID, Context: PVOID, Cookie: Out[PVOID]
) -> NTSTATUS:
    if Flags or not NotificationFunction or not Cookie:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    Cookie.set(thread.process.loader.notifications.register(NotificationFunction, Context))
    return st.STATUS_SUCCESS


@ntdll.export("dll")
def LdrUnregisterDllNotification(thread: Thread, Cookie: PVOID) -> NTSTATUS:
    if not thread.process.loader.notifications.unregister(Cookie):
        raise NtError(st.STATUS_DLL_NOT_FOUND)
    return st.STATUS_SUCCESS


@ntdll.export("threading")
async def LdrShutdownThread(thread: Thread) -> NTSTATUS:
    await thread.process.loader.thread_detach(thread)
    return st.STATUS_SUCCESS


@ntdll.export("process")
async def LdrShutdownProcess(thread: Thread) -> NTSTATUS:
    await thread.process.loader.process_detach(thread)
    return st.STATUS_SUCCESS

