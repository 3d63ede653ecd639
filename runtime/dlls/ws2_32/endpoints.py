"""What the socket functions share: handles to sockets, addresses in guest memory, errors, the end of an operation."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.dlls.kernel32.file_support import Overlapped
from runtime.dlls.types import UINT_PTR, InOut
from runtime.dlls.ws2_32.state import (
    WSA_IO_PENDING,
    WSAEFAULT,
    WSAENOTSOCK,
    WSAETIMEDOUT,
    pack_address,
    unpack_address,
    winsock,
)
from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.file import OpenRequest
from runtime.nt.io_request import SILENT, Completion
from runtime.nt.socket import AF_INET, Endpoint, Socket, SocketRequest
from runtime.nt.status import NtError, Win32Error, is_error, nt_status_to_dos_error
from runtime.nt.thread import Thread
from runtime.nt.wait import wait_for

SOCKET = UINT_PTR
INVALID_SOCKET = -1

_ERRORS = {
    st.STATUS_CANCELLED: 10004, st.STATUS_INVALID_HANDLE: 10038, st.STATUS_OBJECT_TYPE_MISMATCH: 10038,
    st.STATUS_ACCESS_VIOLATION: 10014, st.STATUS_INVALID_PARAMETER: 10022, st.STATUS_ADDRESS_ALREADY_EXISTS: 10048,
    st.STATUS_INVALID_ADDRESS_COMPONENT: 10049, st.STATUS_NETWORK_UNREACHABLE: 10051,
    st.STATUS_CONNECTION_ABORTED: 10053, st.STATUS_CONNECTION_RESET: 10054, st.STATUS_TOO_MANY_ADDRESSES: 10055,
    st.STATUS_CONNECTION_ACTIVE: 10056, st.STATUS_INVALID_CONNECTION: 10057, st.STATUS_PIPE_DISCONNECTED: 10058,
    st.STATUS_IO_TIMEOUT: 10060, st.STATUS_CONNECTION_REFUSED: 10061, st.STATUS_BUFFER_OVERFLOW: 10040,
    st.STATUS_INVALID_BUFFER_SIZE: 10040, st.STATUS_NOT_SUPPORTED: 10045,
}  # fmt: skip
"""NTSTATUS of the network driver → Winsock error (ws2ifsl and the documentation of each function)."""


def winsock_error(status: int) -> int:
    """Return the Winsock error for an NTSTATUS; 0 for success."""
    if not is_error(status) and status != st.STATUS_BUFFER_OVERFLOW:
        return 0
    return _ERRORS.get(status) or nt_status_to_dos_error(status)


@contextmanager
def winsock_errors() -> Iterator[None]:
    """Turn an NTSTATUS that is raised into the Winsock error for it."""
    try:
        yield
    except NtError as error:
        raise Win32Error(winsock_error(error.status)) from None


def socket_of(thread: Thread, handle: int) -> Socket:
    """Return the socket behind a handle. Raises Win32Error(WSAENOTSOCK, or WSANOTINITIALISED)."""
    winsock(thread)
    try:
        return thread.process.handles.get(handle, Socket)
    except NtError:
        raise Win32Error(WSAENOTSOCK) from None


def new_socket(thread: Thread, family: int, kind: int, protocol: int) -> Socket:
    """Return a socket without a handle."""
    request = OpenRequest(thread.process, ff.FILE_GENERIC_READ | ff.FILE_GENERIC_WRITE | ff.SYNCHRONIZE, 3)
    return Socket(thread.process.machine.network, family, kind, protocol, request)


def open_socket(thread: Thread, socket: Socket, *, inherit: bool = True) -> int:
    """Return a new handle to a socket."""
    return thread.process.handles.insert(socket, socket.granted, inherit=inherit)


def read_address(thread: Thread, address: int, length: int) -> Endpoint:
    """Read a sockaddr. Raises Win32Error(WSAEFAULT, WSAEAFNOSUPPORT)."""
    if not address or length < 16:
        raise Win32Error(WSAEFAULT)
    return unpack_address(thread.process.memory.read(address, min(length, 28)))


def packed(socket: Socket, end: Endpoint | None) -> bytes:
    """Return a socket's address as its family writes it; the unspecified one for None."""
    if end is None:
        end = (ipaddress.IPv4Address(0) if socket.family == AF_INET else ipaddress.IPv6Address(0), 0)
    return pack_address(*end)


def put_address(thread: Thread, socket: Socket, end: Endpoint | None, target: int, length: InOut[int]) -> None:
    """Store an address where a caller wants it, if it does. Raises Win32Error(WSAEFAULT) when the buffer is short."""
    if not target or not length:
        return
    data = packed(socket, end)
    if length.get() < len(data):
        raise Win32Error(WSAEFAULT)
    thread.process.memory.write(target, data)
    length.set(len(data))


def completion_for(thread: Thread, overlapped: int, routine: int) -> Completion:
    """Return how the end of an operation is told: nobody, an OVERLAPPED, or a completion routine as well."""
    if not overlapped:
        return SILENT
    block = Overlapped(thread, overlapped)
    if not routine:
        return block.begin()
    thread.process.memory.write_pointer(overlapped, st.STATUS_PENDING)
    deliver = thread.process.modules.address_of("kernel32.dll", "BasepIoCompletion")
    return Completion(overlapped, None, deliver, routine)


def told(request: SocketRequest, status: int) -> int:
    """An operation with an OVERLAPPED was begun: return 0 if it has ended, else raise Win32Error(WSA_IO_PENDING).

    Raises the error of one that failed at once.
    """
    if request.pended:
        raise Win32Error(WSA_IO_PENDING)
    request.complete(status, request.information)
    if error := winsock_error(request.status):
        raise Win32Error(error)
    return 0


async def finished(thread: Thread, request: SocketRequest, status: int, timeout: int = 0) -> int:
    """Wait for an operation of a blocking socket, `timeout` ms at most (0: for ever); return the bytes transferred.

    Raises Win32Error.
    """
    if status != st.STATUS_PENDING:
        request.complete(status, request.information)
    elif not request.done:
        try:
            result = await wait_for(thread, [request], timeout=-timeout * 10_000 if timeout else None)
            if result == st.STATUS_TIMEOUT:
                raise Win32Error(WSAETIMEDOUT)
        finally:
            if not request.done:
                request.cancel()
    if error := winsock_error(request.status):
        raise Win32Error(error)
    return request.information
