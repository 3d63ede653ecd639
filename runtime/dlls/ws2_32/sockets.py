"""winsock2.h: making, naming and connecting sockets. The network is loopback, and nothing beyond."""

from __future__ import annotations

import ipaddress
import struct
from typing import Annotated

from runtime.dlls.types import DWORD, INT, LONG, LPVOID, PVOID, UINT_PTR, ULONG, InBytes, InOut, Out
from runtime.dlls.ws2_32.dll import ws2_32
from runtime.dlls.ws2_32.endpoints import (
    SOCKET,
    finished,
    new_socket,
    open_socket,
    put_address,
    read_address,
    socket_of,
    winsock_error,
    winsock_errors,
)
from runtime.dlls.ws2_32.extensions import extension_function
from runtime.dlls.ws2_32.polling import FD_ACCEPT, forget_selection, inherit_selection, reenable
from runtime.dlls.ws2_32.sharing import described_protocol, protocol_info, take_over
from runtime.dlls.ws2_32.state import (
    AF_INET,
    AF_INET6,
    NETWORK,
    WSAEAFNOSUPPORT,
    WSAEFAULT,
    WSAEINVAL,
    WSAENOPROTOOPT,
    WSAENOTCONN,
    WSAEOPNOTSUPP,
    WSAEPROTONOSUPPORT,
    WSAESOCKTNOSUPPORT,
    WSAEWOULDBLOCK,
    pack_address,
    winsock,
)
from runtime.nt.socket import DATAGRAM, STREAM, Socket, SocketRequest
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

WSA_FLAG_NO_HANDLE_INHERIT = 0x80
FIONBIO, FIONREAD, SIOCATMARK = 0x8004667E, 0x4004667F, 0x40047307
SIO_GET_EXTENSION_FUNCTION_POINTER = 0xC8000006
SIO_BASE_HANDLE = 0x48000022
SIO_GET_INTERFACE_LIST = 0x4004747F
_INTERFACE_FLAGS = 0x15
"""IFF_UP, IFF_LOOPBACK, IFF_MULTICAST: the only interface is the loopback one."""
SIO_BSP_HANDLE, SIO_BSP_HANDLE_SELECT, SIO_BSP_HANDLE_POLL = 0x4800001B, 0x4800001C, 0x4800001D
_NO_EFFECT_CONTROLS = {0x98000004, 0x9800000C, 0x98000010, 0x98000017}
"""SIO_KEEPALIVE_VALS, SIO_UDP_CONNRESET, SIO_LOOPBACK_FAST_PATH, SIO_TCP_SET_ACK_FREQUENCY: tune what is not here."""

SOL_SOCKET, IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IPV6 = 0xFFFF, 0, 6, 17, 41
SO_ACCEPTCONN, SO_REUSEADDR, SO_EXCLUSIVEADDRUSE, SO_LINGER = 2, 4, ~4, 0x80
SO_SNDTIMEO, SO_RCVTIMEO, SO_ERROR, SO_TYPE = 0x1005, 0x1006, 0x1007, 0x1008
SO_PROTOCOL_INFOA, SO_PROTOCOL_INFOW, SO_CONNECT_TIME = 0x2004, 0x2005, 0x700C
SO_UPDATE_ACCEPT_CONTEXT, SO_UPDATE_CONNECT_CONTEXT = 0x700B, 0x7010
IPV6_V6ONLY = 27
_OPTIONS = {
    (SOL_SOCKET, 8): 0, (SOL_SOCKET, 0x10): 0, (SOL_SOCKET, 0x20): 0, (SOL_SOCKET, 0x100): 0,
    (SOL_SOCKET, 0x1001): 0x10000, (SOL_SOCKET, 0x1002): 0x10000, (SOL_SOCKET, 0x1003): 1, (SOL_SOCKET, 0x1004): 1,
    (SOL_SOCKET, 0x3002): 0, (SOL_SOCKET, 0x3005): 0, (SOL_SOCKET, 0x3006): 0,
    (IPPROTO_TCP, 1): 0, (IPPROTO_TCP, 3): 7200, (IPPROTO_TCP, 16): 10, (IPPROTO_TCP, 17): 1, (IPPROTO_TCP, 5): 0,
    (IPPROTO_IP, 3): 0, (IPPROTO_IP, 4): 128, (IPPROTO_IP, 9): 0, (IPPROTO_IP, 10): 1, (IPPROTO_IP, 11): 1,
    (IPPROTO_IP, 14): 0, (IPPROTO_IP, 19): 0, (IPPROTO_IPV6, 4): 128, (IPPROTO_IPV6, 9): 0, (IPPROTO_IPV6, 10): 1,
    (IPPROTO_IPV6, 11): 1, (IPPROTO_IPV6, 14): 0, (IPPROTO_IPV6, 19): 0,
}  # fmt: skip
"""(level, option) → default of options that are kept and change nothing over loopback (ws2def.h, ws2ipdef.h)."""


def _create(thread: Thread, family: int, kind: int, protocol: int, flags: int = 0) -> int:
    winsock(thread)
    if family == 0 and kind in (0, STREAM, DATAGRAM):
        family = AF_INET
    if family not in (AF_INET, AF_INET6):
        raise Win32Error(WSAEAFNOSUPPORT)
    if not kind:
        kind = DATAGRAM if protocol == IPPROTO_UDP else STREAM
    if kind not in (STREAM, DATAGRAM):
        raise Win32Error(WSAESOCKTNOSUPPORT)
    if protocol not in (0, IPPROTO_TCP if kind == STREAM else IPPROTO_UDP):
        raise Win32Error(WSAEPROTONOSUPPORT)
    socket = new_socket(thread, family, kind, IPPROTO_TCP if kind == STREAM else IPPROTO_UDP)
    return open_socket(thread, socket, inherit=not flags & WSA_FLAG_NO_HANDLE_INHERIT)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=23)
def socket(thread: Thread, af: INT, type: INT, protocol: INT) -> SOCKET:
    """Make a socket: TCP or UDP, over IPv4 or IPv6."""
    return _create(thread, af, type, protocol)


def _from_protocol(thread: Thread, family: int, kind: int, protocol: int, info: int, flags: int) -> int:
    """Make the socket that WSASocket is asked for, or take over the one that the WSAPROTOCOL_INFO describes."""
    if not info:
        return _create(thread, family, kind, protocol, flags)
    winsock(thread)
    its_family, its_kind, its_protocol, handle = described_protocol(thread, info)
    if handle:
        return take_over(thread, handle, not flags & WSA_FLAG_NO_HANDLE_INHERIT)
    family = its_family if family in (-1, 0) else family
    return _create(thread, family, its_kind if kind in (-1, 0) else kind, its_protocol, flags)


@ws2_32.export(category=NETWORK, fails=-1)
def WSASocketW(
    thread: Thread, af: INT, type: INT, protocol: INT, lpProtocolInfo: LPVOID, g: ULONG, dwFlags: DWORD
) -> SOCKET:
    """Make a socket: TCP or UDP, over IPv4 or IPv6."""
    return _from_protocol(thread, af, type, protocol, lpProtocolInfo, dwFlags)


@ws2_32.export(category=NETWORK, fails=-1)
def WSASocketA(
    thread: Thread, af: INT, type: INT, protocol: INT, lpProtocolInfo: LPVOID, g: ULONG, dwFlags: DWORD
) -> SOCKET:
    """Make a socket: TCP or UDP, over IPv4 or IPv6."""
    return _from_protocol(thread, af, type, protocol, lpProtocolInfo, dwFlags)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=3)
def closesocket(thread: Thread, s: SOCKET) -> INT:
    """Close a socket."""
    forget_selection(thread, socket_of(thread, s))
    with winsock_errors():
        thread.process.handles.close(s)
    return 0


@ws2_32.export(category=NETWORK, fails=-1, ordinal=2)
def bind(thread: Thread, s: SOCKET, name: LPVOID, namelen: INT) -> INT:
    """Give a socket its address."""
    target = socket_of(thread, s)
    address, port = read_address(thread, name, namelen)
    with winsock_errors():
        target.bind_address(address, port)
    return 0


@ws2_32.export(category=NETWORK, fails=-1, ordinal=13)
def listen(thread: Thread, s: SOCKET, backlog: INT) -> INT:
    """Wait for connections."""
    with winsock_errors():
        socket_of(thread, s).listen(backlog)
    return 0


async def _accept(thread: Thread, handle: int, address: int, length: InOut[INT]) -> int:
    listener = socket_of(thread, handle)
    if not listener.listening:
        raise Win32Error(WSAEINVAL if listener.kind == STREAM else WSAEOPNOTSUPP)
    if length and address and length.get() < (16 if listener.family == AF_INET else 28):
        raise Win32Error(WSAEFAULT)
    try:
        while (connection := listener.take_connection()) is None:
            if listener.nonblocking:
                raise Win32Error(WSAEWOULDBLOCK)
            request = SocketRequest(thread, listener, [])
            await finished(thread, request, listener.wait_for_connection(request))
        listener.changed()
    finally:
        reenable(listener, FD_ACCEPT)
    connection.nonblocking = listener.nonblocking
    connection.settings = dict(listener.settings)
    inherit_selection(thread, listener, connection)
    put_address(thread, connection, connection.remote, address, length)
    return open_socket(thread, connection)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=1)
async def accept(thread: Thread, s: SOCKET, addr: LPVOID, addrlen: InOut[INT]) -> SOCKET:
    """Take a connection, waiting for one."""
    return await _accept(thread, s, addr, addrlen)


@ws2_32.export(category=NETWORK, fails=-1)
async def WSAAccept(
    thread: Thread, s: SOCKET, addr: LPVOID, addrlen: InOut[INT], lpfnCondition: PVOID, dwCallbackData: UINT_PTR
) -> SOCKET:
    """Take a connection, waiting for one. A condition function is not asked: WSAEOPNOTSUPP."""
    if lpfnCondition:
        raise Win32Error(WSAEOPNOTSUPP)
    return await _accept(thread, s, addr, addrlen)


def _connect(thread: Thread, handle: int, name: int, length: int) -> int:
    target = socket_of(thread, handle)
    address, port = read_address(thread, name, length)
    if (address.version == 4) != (target.family == AF_INET):
        raise Win32Error(WSAEAFNOSUPPORT if target.family == AF_INET else WSAEFAULT)
    if target.kind == DATAGRAM or not target.nonblocking:
        with winsock_errors():
            target.connect(address, port)
        return 0
    try:
        target.connect(address, port)
    except NtError as error:
        if not target.error:
            raise Win32Error(winsock_error(error.status)) from None
        target.changed()
    raise Win32Error(WSAEWOULDBLOCK)  # whoever does not wait learns later what became of it


@ws2_32.export(category=NETWORK, fails=-1, ordinal=4)
def connect(thread: Thread, s: SOCKET, name: LPVOID, namelen: INT) -> INT:
    """Connect a socket."""
    return _connect(thread, s, name, namelen)


@ws2_32.export(category=NETWORK, fails=-1)
def WSAConnect(
    thread: Thread, s: SOCKET, name: LPVOID, namelen: INT, lpCallerData: LPVOID, lpCalleeData: LPVOID, lpSQOS: LPVOID,
    lpGQOS: LPVOID,
) -> INT:  # fmt: skip
    """Connect a socket."""
    return _connect(thread, s, name, namelen)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=22)
def shutdown(thread: Thread, s: SOCKET, how: INT) -> INT:
    """End sending or receiving."""
    target = socket_of(thread, s)
    if how not in (0, 1, 2):
        raise Win32Error(WSAEINVAL)
    with winsock_errors():
        target.shutdown(receive=how != 1, send=how != 0)
    return 0


@ws2_32.export(category=NETWORK, fails=-1, ordinal=5)
def getpeername(thread: Thread, s: SOCKET, name: LPVOID, namelen: InOut[INT]) -> INT:
    """Return the address at the other end."""
    target = socket_of(thread, s)
    if target.remote is None:
        raise Win32Error(WSAENOTCONN)
    if not name or not namelen:
        raise Win32Error(WSAEFAULT)
    put_address(thread, target, target.remote, name, namelen)
    return 0


@ws2_32.export(category=NETWORK, fails=-1, ordinal=6)
def getsockname(thread: Thread, s: SOCKET, name: LPVOID, namelen: InOut[INT]) -> INT:
    """Return a socket's own address."""
    target = socket_of(thread, s)
    if target.local is None:
        raise Win32Error(WSAEINVAL)
    if not name or not namelen:
        raise Win32Error(WSAEFAULT)
    put_address(thread, target, target.local, name, namelen)
    return 0


# Options


def _option(target: Socket, level: int, name: int) -> bytes:
    def number(value: int) -> bytes:
        return struct.pack("<I", value & 0xFFFFFFFF)

    if level == SOL_SOCKET:
        match name:
            case _ if name == SO_ERROR:
                error, target.error = target.error if target.connect_failed else 0, 0
                return number(winsock_error(error) if error else 0)
            case _ if name == SO_TYPE:
                return number(target.kind)
            case _ if name == SO_ACCEPTCONN:
                return number(target.listening)
            case _ if name == SO_REUSEADDR:
                return number(target.reuse)
            case _ if name == SO_EXCLUSIVEADDRUSE:
                return number(target.exclusive)
            case _ if name == SO_RCVTIMEO:
                return number(target.receive_timeout)
            case _ if name == SO_SNDTIMEO:
                return number(target.send_timeout)
            case _ if name == SO_CONNECT_TIME:
                return number(0 if target.connected else 0xFFFFFFFF)
            case _ if name in (SO_PROTOCOL_INFOA, SO_PROTOCOL_INFOW):
                return protocol_info(target.family, target.kind, target.protocol, name == SO_PROTOCOL_INFOW)
            case _ if name == SO_LINGER:
                return target.settings.get((level, name), bytes(4))
    if (level, name) == (IPPROTO_IPV6, IPV6_V6ONLY) and target.family == AF_INET6:
        return number(target.only_ipv6)
    default = _OPTIONS.get((level, name))
    if default is None:
        raise Win32Error(WSAENOPROTOOPT)
    return target.settings.get((level, name)) or number(default)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=7)
def getsockopt(thread: Thread, s: SOCKET, level: INT, optname: INT, optval: LPVOID, optlen: InOut[INT]) -> INT:
    """Read an option."""
    data = _option(socket_of(thread, s), level, optname)
    if not optval or not optlen:
        raise Win32Error(WSAEFAULT)
    size = optlen.get()
    whole = optname in (SO_LINGER, SO_PROTOCOL_INFOA, SO_PROTOCOL_INFOW)
    if size < (len(data) if whole else 1):
        raise Win32Error(WSAEFAULT)
    thread.process.memory.write(optval, data[:size])
    optlen.set(min(size, len(data)))
    return 0


@ws2_32.export(category=NETWORK, fails=-1, ordinal=21)
def setsockopt(
    thread: Thread, s: SOCKET, level: INT, optname: INT, optval: Annotated[LPVOID, InBytes("optlen")], optlen: INT
) -> INT:
    """Set an option. What tunes a real network is kept and changes nothing."""
    target = socket_of(thread, s)
    if (level, optname) == (SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT):
        return 0  # the names of a socket connected by ConnectEx are known already
    if not optval or optlen < 1:
        raise Win32Error(WSAEFAULT)
    data = thread.process.memory.read(optval, min(optlen, 0x1000))
    value = int.from_bytes(data[:4], "little")
    key = (level, optname)
    if key == (SOL_SOCKET, SO_REUSEADDR):
        if value and target.exclusive:
            raise Win32Error(WSAEINVAL)
        target.reuse = bool(value)
    elif key == (SOL_SOCKET, SO_EXCLUSIVEADDRUSE):
        if value and target.reuse:
            raise Win32Error(WSAEINVAL)
        target.exclusive = bool(value)
    elif key == (SOL_SOCKET, SO_RCVTIMEO):
        target.receive_timeout = value
    elif key == (SOL_SOCKET, SO_SNDTIMEO):
        target.send_timeout = value
    elif key == (SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT):
        socket_of(thread, int.from_bytes(data[:8], "little"))
    elif key == (IPPROTO_IPV6, IPV6_V6ONLY) and target.family == AF_INET6:
        if target.local is not None:
            raise Win32Error(WSAEINVAL)
        target.only_ipv6 = bool(value)
    elif key in _OPTIONS or key == (SOL_SOCKET, SO_LINGER):
        target.settings[key] = data[:4].ljust(4, b"\0")
    else:
        raise Win32Error(WSAENOPROTOOPT)
    return 0


# Control


@ws2_32.export(category=NETWORK, fails=-1, ordinal=10)
def ioctlsocket(thread: Thread, s: SOCKET, cmd: LONG, argp: InOut[ULONG]) -> INT:
    """Choose whether calls wait; tell how much can be read."""
    target = socket_of(thread, s)
    if not argp:
        raise Win32Error(WSAEFAULT)
    match cmd & 0xFFFFFFFF:
        case _ if cmd & 0xFFFFFFFF == FIONBIO:
            target.nonblocking = bool(argp.get())
        case _ if cmd & 0xFFFFFFFF == FIONREAD:
            argp.set(target.available)
        case _ if cmd & 0xFFFFFFFF == SIOCATMARK:
            argp.set(1)
        case _:
            raise Win32Error(WSAEINVAL)
    return 0


@ws2_32.export(category=NETWORK, fails=-1)
def WSAIoctl(
    thread: Thread, s: SOCKET, dwIoControlCode: DWORD, lpvInBuffer: LPVOID, cbInBuffer: DWORD, lpvOutBuffer: LPVOID,
    cbOutBuffer: DWORD, lpcbBytesReturned: Out[DWORD], lpOverlapped: LPVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    """Control a socket: the functions beyond Winsock's exports, and what ioctlsocket does."""
    target = socket_of(thread, s)
    memory = thread.process.memory
    answer = b""
    if dwIoControlCode == FIONBIO and cbInBuffer >= 4:
        target.nonblocking = bool(memory.read_u32(lpvInBuffer))
    elif dwIoControlCode == FIONREAD:
        answer = struct.pack("<I", target.available)
    elif dwIoControlCode == SIO_GET_EXTENSION_FUNCTION_POINTER:
        if cbInBuffer < 16 or not lpvInBuffer:
            raise Win32Error(WSAEFAULT)
        address = extension_function(thread, memory.read(lpvInBuffer, 16))
        answer = address.to_bytes(memory.pointer_size, "little")
    elif dwIoControlCode in (SIO_BASE_HANDLE, SIO_BSP_HANDLE, SIO_BSP_HANDLE_SELECT, SIO_BSP_HANDLE_POLL):
        answer = s.to_bytes(memory.pointer_size, "little")
    elif dwIoControlCode == SIO_GET_INTERFACE_LIST and target.family == AF_INET:
        answer = struct.pack("<I", _INTERFACE_FLAGS) + b"".join(
            pack_address(ipaddress.IPv4Address(text), 0).ljust(24, b"\0")
            for text in ("127.0.0.1", "127.255.255.255", "255.0.0.0")
        )
    elif dwIoControlCode not in _NO_EFFECT_CONTROLS:
        raise Win32Error(WSAEOPNOTSUPP)
    if answer:
        if not lpvOutBuffer or cbOutBuffer < len(answer):
            raise Win32Error(WSAEFAULT)
        memory.write(lpvOutBuffer, answer)
    lpcbBytesReturned.put(len(answer))
    return 0
