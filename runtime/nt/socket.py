"""Sockets within the machine: TCP and UDP over the loopback addresses. There is no other network.

A `Socket` is a file object, as on Windows: it is read and written through requests, bound to completion ports and
inherited. Programs of one machine reach each other; every address but the machine's own is unreachable. What Windows
does is from the documentation of Winsock; errors are the NTSTATUS that AFD gives, which Winsock turns into its own.
"""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.file import FileObject, OpenRequest
from runtime.nt.io_request import SILENT, Completion, IoRequest
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.nt.thread import Thread

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Endpoint = tuple[Address, int]

AF_INET, AF_INET6 = 2, 23
STREAM, DATAGRAM = 1, 2
WINDOW = 0x10000
"""Bytes that wait at a socket before whoever sends has to wait: the default of SO_RCVBUF."""
LARGEST_DATAGRAM = 65527
_EPHEMERAL = range(49152, 65536)
_ACCESS = ff.FILE_GENERIC_READ | ff.FILE_GENERIC_WRITE


def wildcard(family: int) -> Address:
    """Return the unspecified address of a family."""
    return ipaddress.IPv4Address(0) if family == AF_INET else ipaddress.IPv6Address(0)


def loopback(family: int) -> Address:
    """Return the loopback address of a family."""
    return ipaddress.IPv4Address("127.0.0.1") if family == AF_INET else ipaddress.IPv6Address(1)


def _plain(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, or the address itself."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped if mapped is not None else address


class Network:
    """Which addresses of the machine are in use, and by which sockets."""

    def __init__(self) -> None:
        self._bound: dict[tuple[int, int], list[Socket]] = {}
        self._next = 0

    def bind(self, socket: Socket, address: Address, port: int) -> None:
        """Give a socket its address; port 0 chooses one. Raises NtError."""
        plain = _plain(address)
        if not (plain.is_loopback or plain.is_unspecified):
            raise NtError(st.STATUS_INVALID_ADDRESS_COMPONENT)
        if not port:
            port = self._free_port(socket.kind)
        users = self._bound.setdefault((socket.kind, port), [])
        for other in users:
            assert other.local is not None
            same = other.local[0] == address or (
                other.family == socket.family and (other.local[0].is_unspecified or address.is_unspecified)
            )
            if same and (other.exclusive or not socket.reuse):
                raise NtError(st.STATUS_ADDRESS_ALREADY_EXISTS)
        users.append(socket)
        socket.local = (address, port)

    def _free_port(self, kind: int) -> int:
        for _ in _EPHEMERAL:
            port = _EPHEMERAL[self._next % len(_EPHEMERAL)]
            self._next += 1
            if not self._bound.get((kind, port)):
                return port
        raise NtError(st.STATUS_TOO_MANY_ADDRESSES)

    def release(self, socket: Socket) -> None:
        """The socket's address is free again."""
        if socket.local is not None:
            users = self._bound.get((socket.kind, socket.local[1]), [])
            if socket in users:
                users.remove(socket)
            if not users:
                self._bound.pop((socket.kind, socket.local[1]), None)

    def reach(self, kind: int, address: Address, port: int) -> Socket | None:
        """Return who listens (STREAM) or receives (DATAGRAM) at an address: the one bound to it before a wildcard."""
        plain = _plain(address)
        found = None
        for socket in self._bound.get((kind, port), ()):
            if kind == STREAM and not socket.listening:
                continue
            assert socket.local is not None
            if _plain(socket.local[0]) == plain:
                return socket
            both = socket.family == AF_INET6 and not socket.only_ipv6
            if socket.local[0].is_unspecified and (socket.local[0].version == plain.version or both):
                found = socket
        return found


@dataclass(frozen=True, slots=True)
class Datagram:
    """What came from where."""

    data: bytes
    sender: Endpoint


class SocketRequest(IoRequest):
    """A transfer over several buffers."""

    def __init__(
        self, thread: Thread, file: FileObject, buffers: list[tuple[int, int]], completion: Completion = SILENT
    ) -> None:
        super().__init__(thread, file, completion, length=sum(length for _, length in buffers))
        self.buffers = buffers
        self.peek = False
        self.whole = False
        """MSG_WAITALL: end only when the buffers are full or the stream is over."""
        self.on_sender: Callable[[Endpoint], None] | None = None
        """Is told where a datagram came from."""

    def read_buffer(self) -> bytes:
        parts = []
        for address, length in self.buffers:
            self.buffer, self.length = address, length
            parts.append(super().read_buffer())
        return b"".join(parts)

    def write_buffer(self, data: bytes | bytearray | memoryview, at: int = 0) -> None:
        rest = memoryview(bytes(data))
        for address, length in self.buffers:
            skip = min(at, length)
            at -= skip
            part = rest[: length - skip]
            if part:
                self.buffer = address
                super().write_buffer(part, skip)
                rest = rest[len(part) :]


@dataclass(slots=True)
class Accept:
    """An AcceptEx in progress: where the connection goes, and what is to be told of it."""

    request: SocketRequest
    target: Socket
    connected: Callable[[], None]
    receive: bool
    """Whether it ends only when the first data has come."""


class Socket(FileObject):
    """One socket. `network` is the machine's."""

    device_type = ff.FILE_DEVICE_NAMED_PIPE

    def __init__(self, network: Network, family: int, kind: int, protocol: int, request: OpenRequest) -> None:
        super().__init__("\\Endpoint", request, _ACCESS)
        self._request = request
        self.network = network
        self.family = family
        self.kind = kind
        self.protocol = protocol
        self.local: Endpoint | None = None
        self.remote: Endpoint | None = None
        self.nonblocking = False
        self.reuse = False
        self.exclusive = False
        self.only_ipv6 = family == AF_INET6
        self.settings: dict[tuple[int, int], bytes] = {}
        """Options that change nothing here, as they were set."""
        self.receive_timeout = 0
        self.send_timeout = 0
        """Milliseconds; 0 for ever."""
        self.listening = False
        self.backlog = 0
        self.connected = False
        self.error = 0
        """SO_ERROR as an NTSTATUS: why a connection could not be made, or was lost."""
        self.gone = False
        """Whether its last handle was closed."""
        self.shut_send = False
        self.shut_receive = False
        self.watchers: dict[object, Callable[[], object]] = {}
        """Called whenever something has changed that a program may wait for."""
        self._peer: Socket | None = None
        self._ended = False
        self._data = bytearray()
        self._datagrams: deque[Datagram] = deque()
        self._readers: deque[SocketRequest] = deque()
        self._writers: deque[tuple[IoRequest, bytes]] = deque()
        self._arrived: deque[Socket] = deque()
        self._accepts: deque[Accept] = deque()

    @property
    def device_path(self) -> str:
        return "\\Device\\Afd"

    # What can be done without waiting

    @property
    def readable(self) -> bool:
        """Whether accepting or receiving ends at once."""
        return bool(self._arrived or self._data or self._datagrams or self._ended)

    @property
    def connect_failed(self) -> bool:
        """Whether a connection was asked for and refused."""
        return bool(self.error) and self._peer is None and not self._ended

    @property
    def writable(self) -> bool:
        """Whether sending ends at once."""
        if self.kind == DATAGRAM:
            return True
        return self.connected and (self._peer is None or self._peer.room > 0)

    @property
    def acceptable(self) -> bool:
        """Whether a connection has arrived."""
        return bool(self._arrived)

    @property
    def over(self) -> bool:
        """Whether the other side will send no more and all it sent was read."""
        return self._ended and not self._data

    @property
    def available(self) -> int:
        """Bytes that can be read at once."""
        return len(self._data) if self.kind == STREAM else sum(len(item.data) for item in self._datagrams)

    @property
    def room(self) -> int:
        """Bytes that may be sent to this socket before the sender has to wait."""
        return max(0, WINDOW - self.available)

    @property
    def send_room(self) -> int:
        """Bytes that may be sent from this socket at once."""
        return self._peer.room if self._peer is not None else WINDOW

    def changed(self) -> None:
        """Tell whoever watches."""
        for notify in list(self.watchers.values()):
            notify()

    # Addresses

    def bind_address(self, address: Address, port: int) -> None:
        """Give the socket its address; port 0 chooses one. Raises NtError."""
        if self.local is not None:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        if address.version != (4 if self.family == AF_INET else 6):
            raise NtError(st.STATUS_INVALID_ADDRESS_COMPONENT)
        self.network.bind(self, address, port)

    def _bind_somewhere(self) -> None:
        if self.local is None:
            self.network.bind(self, wildcard(self.family), 0)

    def listen(self, backlog: int) -> None:
        """Wait for connections. Raises NtError."""
        if self.kind != STREAM:
            raise NtError(st.STATUS_NOT_SUPPORTED)
        if self.local is None:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        if self.connected:
            raise NtError(st.STATUS_CONNECTION_ACTIVE)
        self.listening = True
        self.backlog = max(1, min(backlog, 200)) if backlog < 0x7FFFFFFF else 200

    # Connections

    def connect(self, address: Address, port: int) -> None:
        """Connect, or set where datagrams go. Raises NtError."""
        if self.listening:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        if self.kind == STREAM and self.connected:
            raise NtError(st.STATUS_CONNECTION_ACTIVE)
        plain = _plain(address)
        if self.kind == DATAGRAM:
            self._bind_somewhere()
            self.connected = not plain.is_unspecified
            self.remote = (address, port) if self.connected else None
            return
        if plain.is_unspecified or not port:
            raise NtError(st.STATUS_INVALID_ADDRESS_COMPONENT)
        if not plain.is_loopback:
            raise NtError(st.STATUS_NETWORK_UNREACHABLE)
        self._bind_somewhere()
        listener = self.network.reach(STREAM, address, port)
        if listener is None or len(listener._arrived) >= listener.backlog:
            self.error = st.STATUS_CONNECTION_REFUSED
            raise NtError(st.STATUS_CONNECTION_REFUSED)
        assert self.local is not None
        if self.local[0].is_unspecified:
            self.local = (address, self.local[1])
        other = Socket(self.network, listener.family, STREAM, listener.protocol, listener._request)
        mapped = listener.family == AF_INET6 and plain.version == 4
        other.local = (ipaddress.IPv6Address(f"::ffff:{plain}") if mapped else plain, port)
        sender = _plain(self.local[0])
        other.remote = (ipaddress.IPv6Address(f"::ffff:{sender}") if mapped else sender, self.local[1])
        self.remote = (address, port)
        self.error = 0
        self._peer, other._peer = other, self
        self.connected = other.connected = True
        listener._arrive(other)
        self.changed()

    def _arrive(self, connection: Socket) -> None:
        while self._accepts:
            accept = self._accepts.popleft()
            if not accept.request.done:
                self._hand_over(accept, connection)
                return
        self._arrived.append(connection)
        self.changed()

    def take_connection(self) -> Socket | None:
        """Return a connection that has arrived, or None."""
        return self._arrived.popleft() if self._arrived else None

    def accept_into(self, accept: Accept) -> int:
        """AcceptEx: connect `accept.target` with whoever comes next."""
        if not self.listening or accept.target.connected or accept.target.listening:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        request = accept.request
        request.pend(lambda: self._accepts.remove(accept))
        connection = self.take_connection()
        if connection is not None:
            self._hand_over(accept, connection)
        else:
            self._accepts.append(accept)
        return request.status

    def _hand_over(self, accept: Accept, connection: Socket) -> None:
        target = accept.target
        target._become(connection)
        accept.connected()
        request = accept.request
        if not accept.receive:
            request.complete(st.STATUS_SUCCESS)
            return
        request.on_cancel = lambda: target._readers.remove(request)
        target._readers.append(request)
        target._serve()

    def _become(self, connection: Socket) -> None:
        """Take over what another socket is connected with."""
        peer = connection._peer
        self.network.release(self)
        self.local, self.remote = connection.local, connection.remote
        self._peer, self.connected = peer, True
        self._data, self._ended, self.error = connection._data, connection._ended, connection.error
        if peer is not None:
            peer._peer = self
        connection._peer = None
        connection.connected = False

    def wait_for_connection(self, request: SocketRequest) -> int:
        """Keep a request until a connection arrives."""
        token = object()

        def arrived() -> None:
            if self._arrived:
                self.watchers.pop(token, None)
                request.complete(st.STATUS_SUCCESS)

        def forget() -> None:
            self.watchers.pop(token, None)

        self.watchers[token] = arrived
        return request.pend(forget)

    # Data

    def read(self, request: IoRequest) -> int:
        plain = _Plain(request)
        status = self.receive(plain)
        request.information = plain.information
        return status

    def write(self, request: IoRequest) -> int:
        plain = _Plain(request)
        status = self.send(plain)
        request.information = plain.information
        return status

    def device_control(self, request: IoRequest, code: int, data: bytes) -> int:
        from runtime.nt.afd import control_socket  # which needs this module

        return control_socket(request, code, data)

    def receive(self, request: SocketRequest) -> int:
        """Read into the request's buffers. Raises NtError."""
        if self.shut_receive:
            raise NtError(st.STATUS_PIPE_DISCONNECTED)
        if self.kind == STREAM:
            if not self.connected:
                raise NtError(st.STATUS_INVALID_CONNECTION)
            if self.error and not self._data:
                raise NtError(self.error)
        elif self.local is None:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        self._readers.append(request)
        request.on_cancel = lambda: self._readers.remove(request)
        if self._serve_first():
            if self.kind == STREAM and not request.peek:
                self._make_room()
            return request.status
        return request.pend(request.on_cancel)

    def _serve(self) -> None:
        while self._readers and self._serve_first():
            pass
        self.changed()

    def _serve_first(self) -> bool:
        """Answer the first reader; false when it has to go on waiting."""
        request = self._readers[0]
        if self.kind == DATAGRAM:
            if not self._datagrams:
                return False
            datagram = self._datagrams[0] if request.peek else self._datagrams.popleft()
            self._readers.popleft()
            if request.on_sender is not None:
                request.on_sender(datagram.sender)
            cut = len(datagram.data) > request.length
            request.deliver(datagram.data[: request.length], st.STATUS_BUFFER_OVERFLOW if cut else st.STATUS_SUCCESS)
            return True
        if not self._data and not self._ended:
            return False
        if request.whole and len(self._data) < request.length and not self._ended:
            return False
        self._readers.popleft()
        data = bytes(self._data[: request.length])
        if not request.peek:
            del self._data[: request.length]
        request.deliver(data, st.STATUS_SUCCESS)
        return True

    def _make_room(self) -> None:
        """Data was read: the other side may go on sending."""
        peer = self._peer
        if peer is None:
            return
        while peer._writers and self.room:
            request, data = peer._writers.popleft()
            self._data += data
            request.complete(st.STATUS_SUCCESS, len(data))
            while self._readers and self._serve_first():
                pass
        peer.changed()

    def send(self, request: IoRequest) -> int:
        """Send the request's buffers over a connection. Raises NtError."""
        if self.shut_send:
            raise NtError(st.STATUS_PIPE_DISCONNECTED)
        if self.kind == DATAGRAM:
            if self.remote is None:
                raise NtError(st.STATUS_INVALID_CONNECTION)
            return self.send_to(request, self.remote)
        if not self.connected:
            raise NtError(st.STATUS_INVALID_CONNECTION)
        data = request.read_buffer()
        peer = self._peer
        if self.error:
            raise NtError(self.error)
        if peer is None:  # the other side has closed: what it is sent it answers with a reset, too late for this call
            request.information = len(data)
            self.error = st.STATUS_CONNECTION_RESET if data else 0
            return st.STATUS_SUCCESS
        if self._writers or (peer._data and len(data) > peer.room):
            entry = (request, data)
            self._writers.append(entry)
            return request.pend(lambda: self._writers.remove(entry))
        request.information = len(data)
        if data and not peer.shut_receive:
            peer._data += data
            peer._serve()
        return st.STATUS_SUCCESS

    def send_to(self, request: IoRequest, target: Endpoint) -> int:
        """Send a datagram; one that nobody waits for is lost. Raises NtError."""
        data = request.read_buffer()
        if len(data) > LARGEST_DATAGRAM:
            raise NtError(st.STATUS_INVALID_BUFFER_SIZE)
        if not _plain(target[0]).is_loopback:
            raise NtError(st.STATUS_NETWORK_UNREACHABLE)
        self._bind_somewhere()
        assert self.local is not None
        receiver = self.network.reach(DATAGRAM, *target)
        if receiver is not None and receiver.room >= len(data) and not receiver.shut_receive:
            local = loopback(self.family) if self.local[0].is_unspecified else self.local[0]
            if receiver.remote in (None, (local, self.local[1])):
                receiver._datagrams.append(Datagram(data, (local, self.local[1])))
                receiver._serve()
        request.information = len(data)
        return st.STATUS_SUCCESS

    # The end

    def shutdown(self, *, receive: bool, send: bool) -> None:
        """Say that nothing more will be read or sent. Raises NtError."""
        if self.kind == STREAM and not self.connected:
            raise NtError(st.STATUS_INVALID_CONNECTION)
        self.shut_receive |= receive
        if send and not self.shut_send:
            self.shut_send = True
            peer = self._peer
            if peer is not None:
                for request, data in self._writers:
                    peer._data += data
                    request.complete(st.STATUS_SUCCESS, len(data))
                self._writers.clear()
                peer._ended = True
                peer._serve()
        self.changed()

    def closed(self) -> None:
        super().closed()
        self.network.release(self)
        self.listening = False
        for connection in self._arrived:
            connection._leave(reset=True)
        self._arrived.clear()
        self._leave(reset=bool(self._data))
        self.gone = True
        self.changed()

    def _leave(self, *, reset: bool) -> None:
        """The connection ends on this side; `reset`: what was sent here has not been read."""
        peer, self._peer = self._peer, None
        self.connected = False
        if peer is None:
            return
        peer._peer = None
        peer._ended = True
        if reset:
            peer.error = st.STATUS_CONNECTION_RESET
            while peer._readers:
                peer._readers.popleft().complete(st.STATUS_CONNECTION_RESET)
        while peer._writers:
            peer._writers.popleft()[0].complete(st.STATUS_CONNECTION_RESET)
        peer._serve()

    def state(self) -> dict[str, str | int | bool | None]:
        def text(end: Endpoint | None) -> str | None:
            return None if end is None else f"[{end[0]}]:{end[1]}" if end[0].version == 6 else f"{end[0]}:{end[1]}"

        return super().state() | {
            "protocol": "tcp" if self.kind == STREAM else "udp",
            "local": text(self.local),
            "remote": text(self.remote),
            "listening": self.listening,
            "connected": self.connected,
        }


class _Plain(SocketRequest):
    """Stands for a request that came by NtReadFile or NtWriteFile, which it completes."""

    def __init__(self, request: IoRequest) -> None:
        super().__init__(request.thread, request.file, [(request.buffer, request.length)])
        self._plain = request

    def pend(self, on_cancel: Callable[[], None]) -> int:
        return self._plain.pend(on_cancel)

    def complete(self, status: int, information: int = 0) -> None:
        self.status = status
        self.information = information
        if self._plain.pended:
            self._plain.complete(status, information)
