"""winsock2.h: waiting for what happens on sockets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runtime.dlls.process_state import process_state
from runtime.dlls.types import HANDLE, INT, LONG, LPVOID, ULONG
from runtime.dlls.ws2_32.dll import ws2_32
from runtime.dlls.ws2_32.endpoints import SOCKET, socket_of, winsock_error
from runtime.dlls.ws2_32.state import NETWORK, WSAEFAULT, WSAEINVAL, WSAENOTSOCK, winsock
from runtime.nt.event import EVENT_MODIFY_STATE, Event
from runtime.nt.reference import get_object
from runtime.nt.socket import DATAGRAM, Socket
from runtime.nt.status import STATUS_TIMEOUT, Win32Error
from runtime.nt.thread import Thread
from runtime.nt.wait import wait_for

POLLERR, POLLHUP, POLLNVAL, POLLWRNORM, POLLRDNORM, POLLRDBAND, POLLPRI = 1, 2, 4, 0x10, 0x100, 0x200, 0x400
FD_READ, FD_WRITE, FD_OOB, FD_ACCEPT, FD_CONNECT, FD_CLOSE = 1, 2, 4, 8, 16, 32
_MAXIMUM_SET = 0x10000


async def _until(thread: Thread, sockets: list[Socket], ready: Callable[[], int], timeout: int | None) -> int:
    """Wait until `ready` is not 0 or `timeout` 100-ns units are over; return what it says."""
    found = ready()
    if found or timeout == 0:
        return found
    deadline = None if timeout is None else thread.clock.ticks() + timeout
    event = Event(manual_reset=True)
    token = object()
    for socket in sockets:
        socket.watchers[token] = event.set
    try:
        while not (found := ready()):
            event.reset()
            left = None if deadline is None else deadline - thread.clock.ticks()
            if left is not None and left <= 0:
                break
            if await wait_for(thread, [event], timeout=None if left is None else -left) == STATUS_TIMEOUT:
                return ready()
    finally:
        for socket in sockets:
            socket.watchers.pop(token, None)
    return found


def _set(thread: Thread, address: int) -> list[tuple[int, Socket]]:
    """Read an fd_set. Raises Win32Error(WSAENOTSOCK)."""
    if not address:
        return []
    memory = thread.process.memory
    width = memory.pointer_size
    count = memory.read_u32(address)
    if count > _MAXIMUM_SET:
        raise Win32Error(WSAEINVAL)
    handles = [memory.read_pointer(address + width * (index + 1)) for index in range(count)]
    return [(handle, socket_of(thread, handle)) for handle in handles]


def _put_set(thread: Thread, address: int, handles: list[int]) -> None:
    memory = thread.process.memory
    width = memory.pointer_size
    memory.write_u32(address, len(handles))
    for index, handle in enumerate(handles):
        memory.write_pointer(address + width * (index + 1), handle)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=18)
async def select(
    thread: Thread, nfds: INT, readfds: LPVOID, writefds: LPVOID, exceptfds: LPVOID, timeout: LPVOID
) -> INT:
    """Wait until a socket can be read or written, or its connection has failed."""
    winsock(thread)
    memory = thread.process.memory
    tests: list[Callable[[Socket], bool]] = [
        lambda socket: socket.readable or socket.shut_receive,
        lambda socket: socket.writable,
        lambda socket: socket.connect_failed,
    ]
    addresses = (readfds, writefds, exceptfds)
    wanted = [_set(thread, address) for address in addresses]
    if not any(wanted):
        raise Win32Error(WSAEINVAL)
    limit = None
    if timeout:
        seconds = int.from_bytes(memory.read(timeout, 4), "little", signed=True)
        micros = int.from_bytes(memory.read(timeout + 4, 4), "little", signed=True)
        if seconds < 0 or micros < 0:
            raise Win32Error(WSAEINVAL)
        limit = seconds * 10_000_000 + micros * 10

    def found() -> list[list[int]]:
        return [[handle for handle, socket in part if test(socket)] for part, test in zip(wanted, tests, strict=True)]

    sockets = [socket for part in wanted for _, socket in part]
    await _until(thread, sockets, lambda: sum(map(len, found())), limit)
    result = found()
    for address, handles in zip(addresses, result, strict=True):
        if address:
            _put_set(thread, address, handles)
    return sum(map(len, result))


@ws2_32.export(category=NETWORK, ordinal=151)
def __WSAFDIsSet(thread: Thread, fd: SOCKET, param1: LPVOID) -> INT:
    """Whether a set holds a socket."""
    memory = thread.process.memory
    width = memory.pointer_size
    count = min(memory.read_u32(param1), _MAXIMUM_SET)
    return int(any(memory.read_pointer(param1 + width * (index + 1)) == fd for index in range(count)))


def _poll(socket: Socket, events: int) -> int:
    """Return what WSAPoll reports."""
    result = 0
    if socket.connect_failed:
        return POLLERR | POLLHUP | (POLLWRNORM & events)
    if events & POLLRDNORM and (socket.acceptable or socket.available or (socket.over and not socket.error)):
        result |= POLLRDNORM
    if events & POLLWRNORM and socket.writable:
        result |= POLLWRNORM
    if socket.over:
        result |= POLLHUP
    if socket.over and socket.error:
        result |= POLLERR
    return result


@ws2_32.export(category=NETWORK, fails=-1)
async def WSAPoll(thread: Thread, fdArray: LPVOID, fds: ULONG, timeout: INT) -> INT:
    """Wait until something asked for has happened on a socket; `timeout` in ms, negative for ever."""
    winsock(thread)
    if not fds:
        raise Win32Error(WSAEINVAL)
    if not fdArray or fds > _MAXIMUM_SET:
        raise Win32Error(WSAEFAULT)
    memory = thread.process.memory
    width = memory.pointer_size
    entries: list[tuple[int, int, Socket | None]] = []
    asked = 0
    for index in range(fds):
        at = fdArray + 2 * width * index
        handle = memory.read_pointer(at)
        socket = None
        if handle != (1 << 8 * width) - 1:
            asked += 1
            try:
                socket = socket_of(thread, handle)
            except Win32Error:
                memory.write_u16(at + width + 2, POLLNVAL)
                entries.append((at, -1, None))
                continue
        entries.append((at, memory.read_u16(at + width), socket))
    if not asked:
        raise Win32Error(WSAENOTSOCK)

    def report() -> int:
        count = 0
        for at, events, socket in entries:
            if events == -1:
                count += 1
                continue
            result = _poll(socket, events) if socket is not None else 0
            memory.write_u16(at + width + 2, result)
            count += result != 0
        return count

    sockets = [socket for _, _, socket in entries if socket is not None]
    return await _until(thread, sockets, report, None if timeout < 0 else timeout * 10_000)


# Network events


@dataclass(slots=True, eq=False)
class _Selection:
    """What WSAEventSelect asked for on one socket."""

    socket: Socket
    event: Event
    mask: int
    recorded: int = 0
    level: int = 0
    failed: int = 0
    """Error of FD_CONNECT."""

    def look(self) -> None:
        """Record what has begun to be true."""
        socket = self.socket
        level = 0
        if socket.available:
            level |= FD_READ
        if socket.acceptable:
            level |= FD_ACCEPT
        if socket.writable:
            level |= FD_WRITE
        if socket.kind != DATAGRAM and (socket.connected or socket.connect_failed) and not socket.listening:
            level |= FD_CONNECT
            self.failed = socket.error if socket.connect_failed else 0
        if socket.over:
            level |= FD_CLOSE
        new = level & ~self.level & self.mask
        self.level = level
        if new:
            self.recorded |= new
            self.event.set()


class _Selections:
    """The WSAEventSelect calls of a process."""

    def __init__(self) -> None:
        self.by_socket: dict[Socket, _Selection] = {}


def reenable(socket: Socket, events: int) -> None:
    """Record `events` anew if they are still true: the calls that receive or accept do that, even when they fail."""
    for selection in list(socket.watchers):
        if isinstance(selection, _Selection):
            selection.level &= ~events
            selection.look()


def inherit_selection(thread: Thread, listener: Socket, connection: Socket) -> None:
    """Give a connection that was accepted the event and the network events of its listener."""
    selections = process_state(thread.process, _Selections).by_socket
    given = selections.get(listener)
    if given is not None:
        own = selections[connection] = _Selection(connection, given.event, given.mask, level=FD_CONNECT)
        connection.watchers[own] = own.look
        own.look()


def forget_selection(thread: Thread, socket: Socket) -> None:
    """End what WSAEventSelect of this process asked for."""
    old = process_state(thread.process, _Selections).by_socket.pop(socket, None)
    if old is not None:
        socket.watchers.pop(old, None)


@ws2_32.export(category=NETWORK, fails=-1)
def WSAEventSelect(thread: Thread, s: SOCKET, hEventObject: HANDLE, lNetworkEvents: LONG) -> INT:
    """Have an event set when something happens on a socket, which does not wait any more."""
    socket = socket_of(thread, s)
    forget_selection(thread, socket)
    if not hEventObject or not lNetworkEvents:
        return 0
    event = get_object(thread, hEventObject, Event, EVENT_MODIFY_STATE)
    socket.nonblocking = True
    selection = _Selection(socket, event, lNetworkEvents)
    process_state(thread.process, _Selections).by_socket[socket] = selection
    if socket.connected:
        selection.level = FD_CONNECT
    socket.watchers[selection] = selection.look
    selection.look()
    return 0


@ws2_32.export(category=NETWORK, fails=-1)
def WSAEnumNetworkEvents(thread: Thread, s: SOCKET, hEventObject: HANDLE, lpNetworkEvents: LPVOID) -> INT:
    """Return what has happened on a socket since the last call; reset the event."""
    socket = socket_of(thread, s)
    if not lpNetworkEvents:
        raise Win32Error(WSAEFAULT)
    selection = process_state(thread.process, _Selections).by_socket.get(socket)
    if hEventObject:
        get_object(thread, hEventObject, Event, EVENT_MODIFY_STATE).reset()
    recorded, errors = 0, [0] * 10
    if selection is not None:
        recorded, selection.recorded = selection.recorded, 0
        if recorded & FD_CONNECT and selection.failed:
            errors[4] = winsock_error(selection.failed)
        if recorded & FD_CLOSE and socket.error:
            errors[5] = winsock_error(socket.error)
    thread.process.memory.write(
        lpNetworkEvents, b"".join(value.to_bytes(4, "little") for value in (recorded, *errors))
    )
    return 0
