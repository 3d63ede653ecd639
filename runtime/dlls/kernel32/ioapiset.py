"""ioapiset.h: device control, cancellation, results of overlapped operations."""

from __future__ import annotations

from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.file_support import FILE, Overlapped, file_of, lowered, real_handle
from runtime.dlls.ntdll.file import cancel_synchronous
from runtime.dlls.types import BOOL, DWORD, HANDLE, LPVOID, InBytes, Out, OutBytes
from runtime.nt import status as st
from runtime.nt.event import Event
from runtime.nt.io import control_file
from runtime.nt.reference import get_object
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread
from runtime.nt.wait import Waitable, wait_for

_FILE_DEVICE_FILE_SYSTEM = 9
_FILE_DEVICE_NAMED_PIPE = 0x11
_MILLISECOND = 10_000
THREAD_TERMINATE = 1
WAIT_TIMEOUT = 258
WAIT_IO_COMPLETION = 0xC0


@kernel32.export(FILE)
async def DeviceIoControl(
    thread: Thread,
    hDevice: HANDLE,
    dwIoControlCode: DWORD,
    lpInBuffer: Annotated[LPVOID, InBytes("nInBufferSize")],
    nInBufferSize: DWORD,
    lpOutBuffer: Annotated[LPVOID, OutBytes("nOutBufferSize", actual="lpBytesReturned")],
    nOutBufferSize: DWORD,
    lpBytesReturned: Out[DWORD],
    lpOverlapped: LPVOID,
) -> BOOL:
    """Send a control code to a device or file system."""
    data = thread.process.memory.read(lpInBuffer, nInBufferSize) if nInBufferSize else b""
    device = dwIoControlCode >> 16 not in (_FILE_DEVICE_FILE_SYSTEM, _FILE_DEVICE_NAMED_PIPE)
    handle = real_handle(thread, hDevice)
    if not lpOverlapped:
        request = await control_file(thread, handle, dwIoControlCode, data, lpOutBuffer, nOutBufferSize, device=device)
        if not request.done:
            await wait_for(thread, [request])
        lpBytesReturned.put(request.information)
        lowered(request.status)
        return True
    completion = Overlapped(thread, lpOverlapped).begin()
    request = await control_file(
        thread, handle, dwIoControlCode, data, lpOutBuffer, nOutBufferSize, completion, device=device
    )
    if request.status == st.STATUS_PENDING:
        raise NtError(st.STATUS_PENDING)
    lpBytesReturned.put(request.information)
    lowered(request.status)
    return True


@kernel32.export(FILE)
def CancelIo(thread: Thread, hFile: HANDLE) -> BOOL:
    """Cancel the calling thread's pending operations on a file."""
    file_of(thread, hFile).cancel(thread=thread)
    return True


@kernel32.export(FILE)
def CancelIoEx(thread: Thread, hFile: HANDLE, lpOverlapped: LPVOID) -> BOOL:
    """Cancel pending operations of the process on a file: all, or one."""
    if not file_of(thread, hFile).cancel(status_block=lpOverlapped):
        raise NtError(st.STATUS_NOT_FOUND)
    return True


@kernel32.export(FILE)
def CancelSynchronousIo(thread: Thread, hThread: HANDLE) -> BOOL:
    """Cancel the synchronous operation another thread waits in."""
    cancel_synchronous(get_object(thread, hThread, Thread, THREAD_TERMINATE))
    return True


async def _result(
    thread: Thread, handle: int, address: int, transferred: Out[int], milliseconds: int, *, alertable: bool
) -> bool:
    overlapped = Overlapped(thread, address)
    if overlapped.status == st.STATUS_PENDING:
        if not milliseconds:
            raise Win32Error(st.ERROR_IO_INCOMPLETE)
        event = overlapped.event
        item: Waitable = thread.process.handles.get(event, Event) if event else file_of(thread, handle)
        timeout = None if milliseconds == 0xFFFFFFFF else -milliseconds * _MILLISECOND
        result = await wait_for(thread, [item], alertable=alertable, timeout=timeout)
        if result == st.STATUS_TIMEOUT:
            raise Win32Error(WAIT_TIMEOUT)
        if result == st.STATUS_USER_APC:
            raise Win32Error(WAIT_IO_COMPLETION)
    status = overlapped.status
    transferred.put(overlapped.information)
    if status == st.STATUS_PENDING:
        raise Win32Error(st.ERROR_IO_INCOMPLETE)
    lowered(status)
    return True


@kernel32.export(FILE)
async def GetOverlappedResult(
    thread: Thread, hFile: HANDLE, lpOverlapped: LPVOID, lpNumberOfBytesTransferred: Out[DWORD], bWait: BOOL
) -> BOOL:
    """Return the result of an overlapped operation."""
    wait = 0xFFFFFFFF if bWait else 0
    return await _result(thread, hFile, lpOverlapped, lpNumberOfBytesTransferred, wait, alertable=False)


@kernel32.export(FILE)
async def GetOverlappedResultEx(
    thread: Thread,
    hFile: HANDLE,
    lpOverlapped: LPVOID,
    lpNumberOfBytesTransferred: Out[DWORD],
    dwMilliseconds: DWORD,
    bAlertable: BOOL,
) -> BOOL:
    """Return the result of an overlapped operation, waiting at most some time for it."""
    return await _result(
        thread, hFile, lpOverlapped, lpNumberOfBytesTransferred, dwMilliseconds, alertable=bool(bAlertable)
    )
