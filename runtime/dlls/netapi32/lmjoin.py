"""lmjoin.h and lmapibuf.h: whether the computer belongs to a domain."""

from __future__ import annotations

from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.netapi32.dll import netapi32
from runtime.dlls.text import encode_wide
from runtime.dlls.types import DWORD, INT, LPCWSTR, LPVOID, Out
from runtime.nt.status import ERROR_INVALID_PARAMETER, ERROR_SUCCESS
from runtime.nt.thread import Thread

NET_SETUP_WORKGROUP_NAME = 2
NERR_USER_NOT_FOUND = 2221


@netapi32.export(category="network")
async def NetGetJoinInformation(
    thread: Thread, lpServer: LPCWSTR, lpNameBuffer: Out[LPVOID], BufferType: Out[INT]
) -> DWORD:
    """Return the workgroup; free the name with NetApiBufferFree."""
    if not lpNameBuffer or not BufferType:
        return ERROR_INVALID_PARAMETER
    lpNameBuffer.set(await guest_heap_new(thread, encode_wide("WORKGROUP\0")))
    BufferType.set(NET_SETUP_WORKGROUP_NAME)
    return ERROR_SUCCESS


@netapi32.export(category="network")
async def NetApiBufferFree(thread: Thread, Buffer: LPVOID) -> DWORD:
    """Free memory that a function of netapi32 returned."""
    await guest_heap_free(thread, Buffer)
    return ERROR_SUCCESS
