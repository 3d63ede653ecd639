"""cfgmgr32.h: the list of devices, which is empty."""

from __future__ import annotations

from runtime.dlls.cfgmgr32.dll import cfgmgr32
from runtime.dlls.types import DWORD, LPCWSTR, LPWSTR, ULONG, Out
from runtime.nt.thread import Thread

CR_SUCCESS, CR_INVALID_POINTER, CR_BUFFER_SMALL = 0, 3, 0x1A


@cfgmgr32.export(category="process")
def CM_Get_Device_ID_List_SizeW(thread: Thread, pulLen: Out[ULONG], pszFilter: LPCWSTR, ulFlags: ULONG) -> DWORD:
    """Return how many characters the list of devices takes: its closing NUL."""
    if not pulLen:
        return CR_INVALID_POINTER
    pulLen.set(1)
    return CR_SUCCESS


@cfgmgr32.export(category="process")
def CM_Get_Device_ID_ListW(
    thread: Thread, pszFilter: LPCWSTR, Buffer: LPWSTR, BufferLen: ULONG, ulFlags: ULONG
) -> DWORD:
    """Return the list of devices."""
    if not Buffer:
        return CR_INVALID_POINTER
    if not BufferLen:
        return CR_BUFFER_SMALL
    thread.process.memory.write_u16(Buffer, 0)
    return CR_SUCCESS
