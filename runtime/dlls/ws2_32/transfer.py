"""winsock2.h: sending and receiving."""

from __future__ import annotations

from typing import Annotated

from runtime.dlls.kernel32.file_support import Overlapped
from runtime.dlls.types import BOOL, DWORD, INT, LPVOID, PVOID, InBytes, InOut, Out
from runtime.dlls.ws2_32.dll import ws2_32
from runtime.dlls.ws2_32.endpoints import (
    SOCKET,
    completion_for,
    finished,
    put_address,
    read_address,
    socket_of,
    told,
    winsock_error,
    winsock_errors,
)
from runtime.dlls.ws2_32.polling import FD_READ, reenable
from runtime.dlls.ws2_32.state import (
    NETWORK,
    WSA_IO_INCOMPLETE,
    WSAEINVAL,
    WSAEOPNOTSUPP,
    WSAEWOULDBLOCK,
)
from runtime.nt.event import Event
from runtime.nt.reference import get_object
from runtime.nt.socket import DATAGRAM, STREAM, Endpoint, Socket, SocketRequest
from runtime.nt.status import STATUS_PENDING, Win32Error
from runtime.nt.thread import Thread
from runtime.nt.wait import wait_for

MSG_OOB, MSG_PEEK, MSG_DONTROUTE, MSG_WAITALL, MSG_PARTIAL = 1, 2, 4, 8, 0x8000
_MAXIMUM_BUFFERS = 0x10000

Buffers = list[tuple[int, int]]


def buffers_of(thread: Thread, address: int, count: int) -> Buffers:
    """Read an array of WSABUF as (address, length). Raises Win32Error(WSAEINVAL)."""
    if not 0 < count <= _MAXIMUM_BUFFERS:
        raise Win32Error(WSAEINVAL)
    memory = thread.process.memory
    width = memory.pointer_size
    return [
        (memory.read_pointer(at + width), memory.read_u32(at))
        for at in range(address, address + 2 * width * count, 2 * width)
    ]


async def _receive(thread: Thread, target: Socket, buffers: Buffers, flags: int, sender: int,
                   sender_length: InOut[int] | None, overlapped: int, routine: int) -> int | None:  # fmt: skip
    """Receive; returns the bytes, or None when an overlapped operation ended and tells by itself. Raises Win32Error."""
    try:
        return await _receive_now(thread, target, buffers, flags, sender, sender_length, overlapped, routine)
    finally:
        reenable(target, FD_READ)


async def _receive_now(thread: Thread, target: Socket, buffers: Buffers, flags: int, sender: int,
                       sender_length: InOut[int] | None, overlapped: int, routine: int) -> int | None:  # fmt: skip
    if flags & MSG_OOB:
        raise Win32Error(WSAEOPNOTSUPP)
    with winsock_errors():
        completion = completion_for(thread, overlapped, routine)
    request = SocketRequest(thread, target, buffers, completion)
    request.peek = bool(flags & MSG_PEEK)
    request.whole = bool(flags & MSG_WAITALL) and target.kind == STREAM and not target.nonblocking

    def came_from(end: Endpoint) -> None:
        if sender_length is not None:
            put_address(thread, target, end, sender, sender_length)

    request.on_sender = came_from
    if target.nonblocking and not overlapped and not target.readable and (target.connected or target.kind == DATAGRAM):
        raise Win32Error(WSAEWOULDBLOCK)
    with winsock_errors():
        status = target.receive(request)
    target.changed()
    if overlapped:
        told(request, status)
        return None
    return await finished(thread, request, status, target.receive_timeout)


async def _send(thread: Thread, target: Socket, buffers: Buffers, flags: int, to: Endpoint | None, overlapped: int,
                routine: int) -> int | None:  # fmt: skip
    """Send; like `_receive`."""
    if flags & MSG_OOB:
        raise Win32Error(WSAEOPNOTSUPP)
    if target.nonblocking and not overlapped and target.kind == STREAM and target.connected:
        room = target.send_room
        if not room and any(length for _, length in buffers):
            raise Win32Error(WSAEWOULDBLOCK)
        buffers = _cut(buffers, room)
    with winsock_errors():
        request = SocketRequest(thread, target, buffers, completion_for(thread, overlapped, routine))
        status = target.send_to(request, to) if to is not None and target.kind == DATAGRAM else target.send(request)
    if overlapped:
        told(request, status)
        return None
    return await finished(thread, request, status, target.send_timeout)


def _cut(buffers: Buffers, room: int) -> Buffers:
    found = []
    for address, length in buffers:
        found.append((address, min(length, room)))
        room -= found[-1][1]
    return found


@ws2_32.export(category=NETWORK, fails=-1, ordinal=16)
async def recv(thread: Thread, s: SOCKET, buf: LPVOID, len: INT, flags: INT) -> INT:
    """Receive."""
    target = socket_of(thread, s)
    return await _receive(thread, target, [(buf, max(0, len))], flags, 0, None, 0, 0) or 0


@ws2_32.export(category=NETWORK, fails=-1, ordinal=17)
async def recvfrom(
    thread: Thread, s: SOCKET, buf: LPVOID, len: INT, flags: INT, from_: LPVOID, fromlen: InOut[INT]
) -> INT:
    """Receive, with the sender's address."""
    target = socket_of(thread, s)
    return await _receive(thread, target, [(buf, max(0, len))], flags, from_, fromlen, 0, 0) or 0


@ws2_32.export(category=NETWORK, fails=-1, ordinal=19)
async def send(thread: Thread, s: SOCKET, buf: Annotated[LPVOID, InBytes("len")], len: INT, flags: INT) -> INT:
    """Send."""
    return await _send(thread, socket_of(thread, s), [(buf, max(0, len))], flags, None, 0, 0) or 0


@ws2_32.export(category=NETWORK, fails=-1, ordinal=20)
async def sendto(
    thread: Thread, s: SOCKET, buf: Annotated[LPVOID, InBytes("len")], len: INT, flags: INT, to: LPVOID,
    tolen: INT,
) -> INT:  # fmt: skip
    """Send to an address."""
    target = socket_of(thread, s)
    end = read_address(thread, to, tolen) if to else None
    return await _send(thread, target, [(buf, max(0, len))], flags, end, 0, 0) or 0


@ws2_32.export(category=NETWORK, fails=-1)
async def WSARecv(
    thread: Thread, s: SOCKET, lpBuffers: LPVOID, dwBufferCount: DWORD, lpNumberOfBytesRecvd: Out[DWORD],
    lpFlags: InOut[DWORD], lpOverlapped: LPVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    """Receive into several buffers."""
    target = socket_of(thread, s)
    flags = lpFlags.get() if lpFlags else 0
    count = await _receive(
        thread, target, buffers_of(thread, lpBuffers, dwBufferCount), flags, 0, None, lpOverlapped, lpCompletionRoutine
    )
    lpNumberOfBytesRecvd.put(count if count is not None else Overlapped(thread, lpOverlapped).information)
    if lpFlags:
        lpFlags.set(0)
    return 0


@ws2_32.export(category=NETWORK, fails=-1)
async def WSARecvFrom(
    thread: Thread, s: SOCKET, lpBuffers: LPVOID, dwBufferCount: DWORD, lpNumberOfBytesRecvd: Out[DWORD],
    lpFlags: InOut[DWORD], lpFrom: LPVOID, lpFromlen: InOut[INT], lpOverlapped: LPVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    """Receive into several buffers, with the sender's address."""
    target = socket_of(thread, s)
    flags = lpFlags.get() if lpFlags else 0
    count = await _receive(
        thread, target, buffers_of(thread, lpBuffers, dwBufferCount), flags, lpFrom, lpFromlen, lpOverlapped,
        lpCompletionRoutine,
    )  # fmt: skip
    lpNumberOfBytesRecvd.put(count if count is not None else Overlapped(thread, lpOverlapped).information)
    return 0


@ws2_32.export(category=NETWORK, fails=-1)
async def WSASend(
    thread: Thread, s: SOCKET, lpBuffers: LPVOID, dwBufferCount: DWORD, lpNumberOfBytesSent: Out[DWORD],
    dwFlags: DWORD, lpOverlapped: LPVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    """Send several buffers."""
    target = socket_of(thread, s)
    count = await _send(
        thread, target, buffers_of(thread, lpBuffers, dwBufferCount), dwFlags, None, lpOverlapped, lpCompletionRoutine
    )
    lpNumberOfBytesSent.put(count if count is not None else Overlapped(thread, lpOverlapped).information)
    return 0


@ws2_32.export(category=NETWORK, fails=-1)
async def WSASendTo(
    thread: Thread, s: SOCKET, lpBuffers: LPVOID, dwBufferCount: DWORD, lpNumberOfBytesSent: Out[DWORD],
    dwFlags: DWORD, lpTo: LPVOID, iTolen: INT, lpOverlapped: LPVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    """Send several buffers to an address."""
    target = socket_of(thread, s)
    end = read_address(thread, lpTo, iTolen) if lpTo else None
    count = await _send(
        thread, target, buffers_of(thread, lpBuffers, dwBufferCount), dwFlags, end, lpOverlapped, lpCompletionRoutine
    )
    lpNumberOfBytesSent.put(count if count is not None else Overlapped(thread, lpOverlapped).information)
    return 0


@ws2_32.export(category=NETWORK, fails=-1)
async def WSASendMsg(
    thread: Thread, Handle: SOCKET, lpMsg: LPVOID, dwFlags: DWORD, lpNumberOfBytesSent: Out[DWORD],
    lpOverlapped: LPVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    """Send a message; control data concern a real network and are not looked at."""
    target = socket_of(thread, Handle)
    memory = thread.process.memory
    width = memory.pointer_size
    name, length = memory.read_pointer(lpMsg), memory.read_u32(lpMsg + width)
    buffers = memory.read_pointer(lpMsg + 2 * width)
    count = memory.read_u32(lpMsg + 3 * width)
    end = read_address(thread, name, length) if name else None
    sent = await _send(
        thread, target, buffers_of(thread, buffers, count), dwFlags, end, lpOverlapped, lpCompletionRoutine
    )
    lpNumberOfBytesSent.put(sent if sent is not None else Overlapped(thread, lpOverlapped).information)
    return 0


@ws2_32.export(category=NETWORK)
async def WSAGetOverlappedResult(
    thread: Thread, s: SOCKET, lpOverlapped: LPVOID, lpcbTransfer: Out[DWORD], fWait: BOOL, lpdwFlags: Out[DWORD]
) -> BOOL:
    """Return the result of an overlapped operation, waiting for its event (or the socket) if asked to."""
    target = socket_of(thread, s)
    block = Overlapped(thread, lpOverlapped)
    while block.status == STATUS_PENDING:
        if not fWait:
            raise Win32Error(WSA_IO_INCOMPLETE)
        event = block.event
        await wait_for(thread, [get_object(thread, event, Event, 0x100000) if event else target])
    lpcbTransfer.put(block.information & 0xFFFFFFFF)
    lpdwFlags.put(0)
    if error := winsock_error(block.status):
        raise Win32Error(error)
    return 1
