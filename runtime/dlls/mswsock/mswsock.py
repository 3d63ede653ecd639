"""mswsock.h: accepting and connecting as overlapped operations. Programs get these functions from WSAIoctl."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from runtime.dlls.kernel32.file_support import Overlapped
from runtime.dlls.mswsock.dll import mswsock
from runtime.dlls.types import BOOL, DWORD, HANDLE, INT, LPVOID, PVOID, InOut, Out
from runtime.dlls.ws2_32.endpoints import (
    SOCKET,
    completion_for,
    finished,
    packed,
    read_address,
    socket_of,
    told,
    winsock_errors,
)
from runtime.dlls.ws2_32.polling import FD_ACCEPT, reenable
from runtime.dlls.ws2_32.state import NETWORK, WSAEFAULT, WSAEINVAL, WSAENOTCONN
from runtime.nt import file_flags as ff
from runtime.nt.disk_file import DiskFile
from runtime.nt.file import FileObject
from runtime.nt.socket import Accept, SocketRequest
from runtime.nt.status import STATUS_SUCCESS, Win32Error
from runtime.nt.thread import Thread
from runtime.nt.transmission import Transmission, file_chunks

_MARGIN = 16
"""Bytes an address needs beyond its own size, as documented."""


@mswsock.export(category=NETWORK)
def AcceptEx(
    thread: Thread, sListenSocket: SOCKET, sAcceptSocket: SOCKET, lpOutputBuffer: PVOID, dwReceiveDataLength: DWORD,
    dwLocalAddressLength: DWORD, dwRemoteAddressLength: DWORD, lpdwBytesReceived: Out[DWORD], lpOverlapped: LPVOID,
) -> BOOL:  # fmt: skip
    """Have the next connection become `sAcceptSocket`; the buffer takes first data, then both addresses."""
    listener, target = socket_of(thread, sListenSocket), socket_of(thread, sAcceptSocket)
    if not lpOverlapped:
        raise Win32Error(WSAEINVAL)
    smallest = len(packed(listener, None)) + _MARGIN
    if min(dwLocalAddressLength, dwRemoteAddressLength) < smallest:
        raise Win32Error(WSAEFAULT)
    memory = thread.process.memory

    def connected() -> None:
        for at, room, end in (
            (lpOutputBuffer + dwReceiveDataLength, dwLocalAddressLength, target.local),
            (lpOutputBuffer + dwReceiveDataLength + dwLocalAddressLength, dwRemoteAddressLength, target.remote),
        ):
            data = packed(target, end)
            memory.write(at, len(data).to_bytes(2, "little") + data.ljust(room - 2, b"\0"))

    with winsock_errors():
        completion = completion_for(thread, lpOverlapped, 0)
        request = SocketRequest(thread, listener, [(lpOutputBuffer, dwReceiveDataLength)], completion)
        status = listener.accept_into(Accept(request, target, connected, dwReceiveDataLength > 0))
    reenable(listener, FD_ACCEPT)
    told(request, status)
    lpdwBytesReceived.put(request.information)
    return 1


@mswsock.export(category=NETWORK)
def GetAcceptExSockaddrs(
    thread: Thread, lpOutputBuffer: PVOID, dwReceiveDataLength: DWORD, dwLocalAddressLength: DWORD,
    dwRemoteAddressLength: DWORD, LocalSockaddr: Out[PVOID], LocalSockaddrLength: InOut[INT],
    RemoteSockaddr: Out[PVOID], RemoteSockaddrLength: InOut[INT],
) -> None:  # fmt: skip
    """Find the addresses that AcceptEx left in its buffer."""
    memory = thread.process.memory
    at = lpOutputBuffer + dwReceiveDataLength
    for place, pointer, length in (
        (at, LocalSockaddr, LocalSockaddrLength),
        (at + dwLocalAddressLength, RemoteSockaddr, RemoteSockaddrLength),
    ):
        pointer.put(place + 2)
        length.put(memory.read_u16(place))


@mswsock.export(category=NETWORK)
def ConnectEx(
    thread: Thread, s: SOCKET, name: LPVOID, namelen: INT, lpSendBuffer: PVOID, dwSendDataLength: DWORD,
    lpdwBytesSent: Out[DWORD], lpOverlapped: LPVOID,
) -> BOOL:  # fmt: skip
    """Connect a bound socket, and send the first data."""
    target = socket_of(thread, s)
    if target.local is None or not lpOverlapped:
        raise Win32Error(WSAEINVAL)
    address, port = read_address(thread, name, namelen)
    with winsock_errors():
        completion = completion_for(thread, lpOverlapped, 0)
        buffers = [(lpSendBuffer, dwSendDataLength)] if lpSendBuffer else []
        request = SocketRequest(thread, target, buffers, completion)
        target.connect(address, port)
        status = target.send(request) if request.length else STATUS_SUCCESS
    told(request, status)
    lpdwBytesSent.put(request.information)
    return 1


@mswsock.export(category=NETWORK)
async def TransmitFile(
    thread: Thread, hSocket: SOCKET, hFile: HANDLE, nNumberOfBytesToWrite: DWORD, nNumberOfBytesPerSend: DWORD,
    lpOverlapped: LPVOID, lpTransmitBuffers: LPVOID, dwReserved: DWORD,
) -> BOOL:  # fmt: skip
    """Send a file (0 bytes: all of it), between a head and a tail if there are any.

    Without an OVERLAPPED it begins at the position of the handle and waits for the end.
    """
    target = socket_of(thread, hSocket)
    memory = thread.process.memory
    width = memory.pointer_size
    head = tail = b""
    if lpTransmitBuffers:
        head, tail = (
            memory.read(memory.read_pointer(at), memory.read_u32(at + width))
            for at in (lpTransmitBuffers, lpTransmitBuffers + 2 * width)
        )
    pieces: Iterator[bytes] = iter(())
    with winsock_errors():
        if hFile:
            file = thread.process.handles.get(hFile, FileObject, ff.FILE_READ_DATA)
            if not isinstance(file, DiskFile):
                raise Win32Error(WSAEINVAL)
            offset = Overlapped(thread, lpOverlapped).offset if lpOverlapped else file.position
            pieces = file_chunks(thread, file, offset or 0, nNumberOfBytesToWrite)
        request = SocketRequest(thread, target, [], completion_for(thread, lpOverlapped, 0))
        everything = (piece for piece in chain((head,), pieces, (tail,)) if piece)
        status = Transmission(request, target, everything).begin()
    if lpOverlapped:
        told(request, status)
    else:
        await finished(thread, request, status, target.send_timeout)
    return 1


@mswsock.export(category=NETWORK)
def DisconnectEx(thread: Thread, s: SOCKET, lpOverlapped: LPVOID, dwFlags: DWORD, dwReserved: DWORD) -> BOOL:
    """Close a connection. Reusing the socket afterwards (TF_REUSE_SOCKET) is refused."""
    target = socket_of(thread, s)
    if dwFlags:
        raise Win32Error(WSAEINVAL)
    if not target.connected:
        raise Win32Error(WSAENOTCONN)
    with winsock_errors():
        request = SocketRequest(thread, target, [], completion_for(thread, lpOverlapped, 0))
        target.shutdown(receive=True, send=True)
    told(request, STATUS_SUCCESS)
    return 1
