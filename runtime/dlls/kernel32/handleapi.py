"""handleapi.h."""

from __future__ import annotations

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.ntdll.object import PROCESS_DUP_HANDLE, close_handle, duplicate, report_bad_handle
from runtime.dlls.types import ACCESS_MASK, BOOL, DWORD, HANDLE, Out
from runtime.nt import status as st
from runtime.nt.handles import DUPLICATE_CLOSE_SOURCE, HANDLE_FLAG_INHERIT, HANDLE_FLAG_PROTECT_FROM_CLOSE
from runtime.nt.object import OBJ_INHERIT
from runtime.nt.process import Process
from runtime.nt.reference import find_entry, get_object, pseudo_handle
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread


@kernel32.export(category="file_io")
def CloseHandle(thread: Thread, hObject: HANDLE) -> BOOL:
    try:
        close_handle(thread, hObject)
    except NtError as error:
        report_bad_handle(thread, error, 0)
        raise
    return 1


@kernel32.export(category="process")
def DuplicateHandle(
    thread: Thread, hSourceProcessHandle: HANDLE, hSourceHandle: HANDLE, hTargetProcessHandle: HANDLE,
    lpTargetHandle: Out[HANDLE], dwDesiredAccess: ACCESS_MASK, bInheritHandle: BOOL, dwOptions: DWORD,
) -> BOOL:  # fmt: skip
    source = get_object(thread, hSourceProcessHandle, Process, PROCESS_DUP_HANDLE)
    target = get_object(thread, hTargetProcessHandle, Process, PROCESS_DUP_HANDLE) if hTargetProcessHandle else None
    if target is None and not dwOptions & DUPLICATE_CLOSE_SOURCE:
        raise NtError(st.STATUS_INVALID_HANDLE)
    attributes = OBJ_INHERIT if bInheritHandle else 0
    lpTargetHandle.put(duplicate(thread, source, hSourceHandle, target, dwDesiredAccess, attributes, dwOptions))
    return 1


@kernel32.export(category="process")
def GetHandleInformation(thread: Thread, hObject: HANDLE, lpdwFlags: Out[DWORD]) -> BOOL:
    entry = find_entry(thread, hObject)
    lpdwFlags.set(HANDLE_FLAG_INHERIT * entry.inherit | HANDLE_FLAG_PROTECT_FROM_CLOSE * entry.protect)
    return 1


@kernel32.export(category="process")
def SetHandleInformation(thread: Thread, hObject: HANDLE, dwMask: DWORD, dwFlags: DWORD) -> BOOL:
    if dwMask & ~(HANDLE_FLAG_INHERIT | HANDLE_FLAG_PROTECT_FROM_CLOSE):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if pseudo_handle(hObject) is not None:
        return 1
    entry = thread.process.handles.entry(hObject)
    if dwMask & HANDLE_FLAG_INHERIT:
        entry.inherit = bool(dwFlags & HANDLE_FLAG_INHERIT)
    if dwMask & HANDLE_FLAG_PROTECT_FROM_CLOSE:
        entry.protect = bool(dwFlags & HANDLE_FLAG_PROTECT_FROM_CLOSE)
    return 1


@kernel32.export(category="process")
def CompareObjectHandles(thread: Thread, hFirstObjectHandle: HANDLE, hSecondObjectHandle: HANDLE) -> BOOL:
    if find_entry(thread, hFirstObjectHandle).item is not find_entry(thread, hSecondObjectHandle).item:
        raise Win32Error(st.ERROR_NOT_SAME_OBJECT)
    return 1
