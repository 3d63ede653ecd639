"""mswsock.h: the functions that WSAIoctl hands out: AcceptEx, ConnectEx and their kin, and where they are found."""

from __future__ import annotations

from uuid import UUID

from runtime.dlls.ws2_32.state import WSAEINVAL
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_EXTENSIONS = {
    UUID("b5367df1-cbac-11cf-95ca-00805f48a192"): "AcceptEx",
    UUID("b5367df2-cbac-11cf-95ca-00805f48a192"): "GetAcceptExSockaddrs",
    UUID("25a207b9-ddf3-4660-8ee9-76e58c74063e"): "ConnectEx",
    UUID("7fda2e11-8630-436f-a031-f536a6eec157"): "DisconnectEx",
    UUID("b5367df0-cbac-11cf-95ca-00805f48a192"): "TransmitFile",
}
"""GUID → function (mswsock.h)."""


def extension_function(thread: Thread, guid: bytes) -> int:
    """Return the address of an extension function. Raises Win32Error(WSAEINVAL) for one that is not there."""
    name = _EXTENSIONS.get(UUID(bytes_le=guid))
    if name is None:
        raise Win32Error(WSAEINVAL)
    loader = thread.process.loader
    loader.load("mswsock.dll")
    return loader.address_of("mswsock.dll", name)
