"""shellscalingapi.h: the scale of a screen that is not there: 96 dots an inch."""

from __future__ import annotations

from runtime.dlls.dpi import dpi_awareness
from runtime.dlls.shcore.dll import shcore
from runtime.dlls.types import HANDLE, HRESULT, INT, UINT, Out
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.thread import Thread

S_OK = 0
E_ACCESSDENIED = 0x80070005
E_INVALIDARG = 0x80070057


@shcore.export(category="gui")
def SetProcessDpiAwareness(thread: Thread, value: INT) -> HRESULT:
    """Declare how the program scales itself; only once."""
    state = dpi_awareness(thread.process)
    if value not in (0, 1, 2):
        return E_INVALIDARG
    if state.value is not None:
        return E_ACCESSDENIED
    state.value = value
    return S_OK


@shcore.export(category="gui")
def GetProcessDpiAwareness(thread: Thread, hprocess: HANDLE, value: Out[INT]) -> HRESULT:
    """Return what a process has declared; NULL is this one."""
    process = get_object(thread, hprocess, Process, 0x1000) if hprocess else thread.process
    value.set(dpi_awareness(process).value or 0)
    return S_OK


@shcore.export(category="gui")
def GetDpiForMonitor(thread: Thread, hmonitor: HANDLE, dpiType: INT, dpiX: Out[UINT], dpiY: Out[UINT]) -> HRESULT:
    """Return the dots an inch."""
    if dpiType not in (0, 1, 2):
        return E_INVALIDARG
    dpiX.set(96)
    dpiY.set(96)
    return S_OK
