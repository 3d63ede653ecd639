"""winsock2.h: Winsock without a network. It starts; sockets cannot be made: WSAENETDOWN."""

from __future__ import annotations

import struct
from typing import Annotated

from runtime.dlls.process_state import process_state
from runtime.dlls.text import encode_wide
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    INT,
    LONG,
    LPVOID,
    PVOID,
    UINT_PTR,
    ULONG,
    USHORT,
    WORD,
    InBytes,
    InOut,
    Out,
)
from runtime.dlls.ws2_32.dll import ws2_32
from runtime.dlls.ws2_32.state import (
    AF_INET,
    AF_INET6,
    AF_UNSPEC,
    NETWORK,
    WSAEAFNOSUPPORT,
    WSAEFAULT,
    WSAEINVAL,
    WSAENETDOWN,
    WSAENOBUFS,
    WSAENOTSOCK,
    WSAESOCKTNOSUPPORT,
    WSASERVICE_NOT_FOUND,
    WSAVERNOTSUPPORTED,
    Winsock,
    no_socket,
    winsock,
)
from runtime.nt.event import EVENT_MODIFY_STATE, Event
from runtime.nt.reference import get_object
from runtime.nt.status import STATUS_TIMEOUT, STATUS_USER_APC, Win32Error
from runtime.nt.thread import Thread
from runtime.nt.wait import Waitable, wait_for

SOCKET = UINT_PTR
SOCKET_ERROR = -1
INFINITE = 0xFFFFFFFF
POLLNVAL = 4


@ws2_32.export(category=NETWORK, ordinal=115)
def WSAStartup(thread: Thread, wVersionRequested: WORD, lpWSAData: LPVOID) -> INT:
    """Start Winsock; versions up to 2.2. Returns 0 or an error code."""
    major, minor = wVersionRequested & 0xFF, wVersionRequested >> 8
    if not lpWSAData:
        return WSAEFAULT
    memory = thread.process.memory
    version = min((major, minor), (2, 2))
    number = version[0] | version[1] << 8
    text = b"WinSock 2.0".ljust(257, b"\0") + b"Running".ljust(129, b"\0")
    old = (32767, 65467) if major < 2 else (0, 0)
    head = struct.pack("<HH", number, 0x0202)
    if memory.pointer_size == 8:
        memory.write(lpWSAData, head + struct.pack("<HHQ", *old, 0) + text)
    else:
        memory.write(lpWSAData, head + text + struct.pack("<HHI", *old, 0))
    if major < 1:
        return WSAVERNOTSUPPORTED
    process_state(thread.process, Winsock).started += 1
    return 0


@ws2_32.export(category=NETWORK, fails=SOCKET_ERROR, ordinal=116)
def WSACleanup(thread: Thread) -> INT:
    """Take back WSAStartup."""
    winsock(thread).started -= 1
    return 0


@ws2_32.export(category=NETWORK, ordinal=111)
def WSAGetLastError(thread: Thread) -> INT:
    """Return the thread's last error."""
    return thread.last_error


@ws2_32.export(category=NETWORK, ordinal=112)
def WSASetLastError(thread: Thread, iError: INT) -> None:
    """Set the thread's last error."""
    thread.last_error = iError & 0xFFFFFFFF


# Byte order


@ws2_32.export(category=NETWORK, ordinal=8)
def htonl(thread: Thread, hostlong: ULONG) -> ULONG:
    """Return a 32-bit number in network byte order."""
    return int.from_bytes(hostlong.to_bytes(4, "little"), "big")


@ws2_32.export(category=NETWORK, ordinal=14)
def ntohl(thread: Thread, netlong: ULONG) -> ULONG:
    """Return a 32-bit number in host byte order."""
    return int.from_bytes(netlong.to_bytes(4, "little"), "big")


@ws2_32.export(category=NETWORK, ordinal=9)
def htons(thread: Thread, hostshort: USHORT) -> USHORT:
    """Return a 16-bit number in network byte order."""
    return int.from_bytes(hostshort.to_bytes(2, "little"), "big")


@ws2_32.export(category=NETWORK, ordinal=15)
def ntohs(thread: Thread, netshort: USHORT) -> USHORT:
    """Return a 16-bit number in host byte order."""
    return int.from_bytes(netshort.to_bytes(2, "little"), "big")


# Sockets


def _create(thread: Thread, family: int, kind: int) -> int:
    winsock(thread)
    if family not in (AF_UNSPEC, AF_INET, AF_INET6):
        raise Win32Error(WSAEAFNOSUPPORT)
    if kind not in (0, 1, 2, 3):
        raise Win32Error(WSAESOCKTNOSUPPORT)
    raise Win32Error(WSAENETDOWN)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=23)
def socket(thread: Thread, af: INT, type: INT, protocol: INT) -> SOCKET:
    """Make a socket: the network is down."""
    return _create(thread, af, type)


@ws2_32.export(category=NETWORK, fails=-1)
def WSASocketW(
    thread: Thread, af: INT, type: INT, protocol: INT, lpProtocolInfo: LPVOID, g: ULONG, dwFlags: DWORD
) -> SOCKET:
    """Make a socket: the network is down."""
    return _create(thread, af, type)


@ws2_32.export(category=NETWORK, fails=-1)
def WSASocketA(
    thread: Thread, af: INT, type: INT, protocol: INT, lpProtocolInfo: LPVOID, g: ULONG, dwFlags: DWORD
) -> SOCKET:
    """Make a socket: the network is down."""
    return _create(thread, af, type)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=1)
def accept(thread: Thread, s: SOCKET, addr: LPVOID, addrlen: InOut[INT]) -> SOCKET:
    """Take a connection."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1)
def WSAAccept(
    thread: Thread, s: SOCKET, addr: LPVOID, addrlen: InOut[INT], lpfnCondition: PVOID, dwCallbackData: UINT_PTR
) -> SOCKET:
    """Take a connection."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=2)
def bind(thread: Thread, s: SOCKET, name: LPVOID, namelen: INT) -> INT:
    """Give a socket its address."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=3)
def closesocket(thread: Thread, s: SOCKET) -> INT:
    """Close a socket."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=4)
def connect(thread: Thread, s: SOCKET, name: LPVOID, namelen: INT) -> INT:
    """Connect a socket."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1)
def WSAConnect(
    thread: Thread, s: SOCKET, name: LPVOID, namelen: INT, lpCallerData: LPVOID, lpCalleeData: LPVOID, lpSQOS: LPVOID,
    lpGQOS: LPVOID,
) -> INT:  # fmt: skip
    """Connect a socket."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=5)
def getpeername(thread: Thread, s: SOCKET, name: LPVOID, namelen: InOut[INT]) -> INT:
    """Return the address at the other end."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=6)
def getsockname(thread: Thread, s: SOCKET, name: LPVOID, namelen: InOut[INT]) -> INT:
    """Return a socket's own address."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=7)
def getsockopt(thread: Thread, s: SOCKET, level: INT, optname: INT, optval: LPVOID, optlen: InOut[INT]) -> INT:
    """Read an option."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=21)
def setsockopt(
    thread: Thread, s: SOCKET, level: INT, optname: INT, optval: Annotated[LPVOID, InBytes("optlen")], optlen: INT
) -> INT:
    """Set an option."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=10)
def ioctlsocket(thread: Thread, s: SOCKET, cmd: LONG, argp: InOut[ULONG]) -> INT:
    """Control a socket."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1)
def WSAIoctl(
    thread: Thread, s: SOCKET, dwIoControlCode: DWORD, lpvInBuffer: LPVOID, cbInBuffer: DWORD, lpvOutBuffer: LPVOID,
    cbOutBuffer: DWORD, lpcbBytesReturned: Out[DWORD], lpOverlapped: LPVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    """Control a socket."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=13)
def listen(thread: Thread, s: SOCKET, backlog: INT) -> INT:
    """Wait for connections."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=16)
def recv(thread: Thread, s: SOCKET, buf: LPVOID, len: INT, flags: INT) -> INT:
    """Receive."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=17)
def recvfrom(
    thread: Thread, s: SOCKET, buf: LPVOID, len: INT, flags: INT, from_: LPVOID, fromlen: InOut[INT]
) -> INT:
    """Receive, with the sender's address."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=19)
def send(thread: Thread, s: SOCKET, buf: Annotated[LPVOID, InBytes("len")], len: INT, flags: INT) -> INT:
    """Send."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=20)
def sendto(
    thread: Thread, s: SOCKET, buf: Annotated[LPVOID, InBytes("len")], len: INT, flags: INT, to: LPVOID,
    tolen: INT,
) -> INT:  # fmt: skip
    """Send to an address."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=22)
def shutdown(thread: Thread, s: SOCKET, how: INT) -> INT:
    """End sending or receiving."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1)
def WSARecv(
    thread: Thread, s: SOCKET, lpBuffers: LPVOID, dwBufferCount: DWORD, lpNumberOfBytesRecvd: Out[DWORD],
    lpFlags: InOut[DWORD], lpOverlapped: LPVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    """Receive into several buffers."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1)
def WSARecvFrom(
    thread: Thread, s: SOCKET, lpBuffers: LPVOID, dwBufferCount: DWORD, lpNumberOfBytesRecvd: Out[DWORD],
    lpFlags: InOut[DWORD], lpFrom: LPVOID, lpFromlen: InOut[INT], lpOverlapped: LPVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    """Receive into several buffers, with the sender's address."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1)
def WSASend(
    thread: Thread, s: SOCKET, lpBuffers: LPVOID, dwBufferCount: DWORD, lpNumberOfBytesSent: Out[DWORD],
    dwFlags: DWORD, lpOverlapped: LPVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    """Send several buffers."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1)
def WSASendTo(
    thread: Thread, s: SOCKET, lpBuffers: LPVOID, dwBufferCount: DWORD, lpNumberOfBytesSent: Out[DWORD],
    dwFlags: DWORD, lpTo: LPVOID, iTolen: INT, lpOverlapped: LPVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    """Send several buffers to an address."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1)
def WSASendMsg(
    thread: Thread, Handle: SOCKET, lpMsg: LPVOID, dwFlags: DWORD, lpNumberOfBytesSent: Out[DWORD],
    lpOverlapped: LPVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    """Send a message with control data."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK)
def WSAGetOverlappedResult(
    thread: Thread, s: SOCKET, lpOverlapped: LPVOID, lpcbTransfer: Out[DWORD], fWait: BOOL, lpdwFlags: Out[DWORD]
) -> BOOL:
    """Return the result of an overlapped operation."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1)
def WSADuplicateSocketW(thread: Thread, s: SOCKET, dwProcessId: DWORD, lpProtocolInfo: LPVOID) -> INT:
    """Share a socket with another process."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1)
def WSAEventSelect(thread: Thread, s: SOCKET, hEventObject: HANDLE, lNetworkEvents: LONG) -> INT:
    """Have an event set when something happens on a socket."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1)
def WSAEnumNetworkEvents(thread: Thread, s: SOCKET, hEventObject: HANDLE, lpNetworkEvents: LPVOID) -> INT:
    """Return what has happened on a socket."""
    return no_socket(thread)


@ws2_32.export(category=NETWORK, fails=-1, ordinal=18)
def select(
    thread: Thread, nfds: INT, readfds: LPVOID, writefds: LPVOID, exceptfds: LPVOID, timeout: LPVOID
) -> INT:
    """Wait for sockets: WSAEINVAL when no set has one, as on Windows; no other can be valid."""
    winsock(thread)
    memory = thread.process.memory
    empty = all(not address or memory.read_u32(address) == 0 for address in (readfds, writefds, exceptfds))
    raise Win32Error(WSAEINVAL if empty else WSAENOTSOCK)


@ws2_32.export(category=NETWORK, ordinal=151)
def __WSAFDIsSet(thread: Thread, fd: SOCKET, param1: LPVOID) -> INT:
    """Whether a set holds a socket."""
    memory = thread.process.memory
    width = memory.pointer_size
    count = min(memory.read_u32(param1), 0x10000)
    return int(any(memory.read_pointer(param1 + width * (index + 1)) == fd for index in range(count)))


@ws2_32.export(category=NETWORK, fails=-1)
def WSAPoll(thread: Thread, fdArray: LPVOID, fds: ULONG, timeout: INT) -> INT:
    """Wait for sockets: each is reported as invalid (POLLNVAL)."""
    winsock(thread)
    if not fds:
        raise Win32Error(WSAEINVAL)
    memory = thread.process.memory
    size = 16 if memory.pointer_size == 8 else 8
    invalid = 0
    for index in range(min(fds, 0x10000)):
        entry = fdArray + size * index
        known = memory.read_pointer(entry) != (1 << 8 * memory.pointer_size) - 1
        memory.write_u16(entry + memory.pointer_size + 2, POLLNVAL if known else 0)
        invalid += known
    if not invalid:
        raise Win32Error(WSAENOTSOCK)
    return invalid


# Events


@ws2_32.export(category=NETWORK)
def WSACreateEvent(thread: Thread) -> HANDLE:
    """Make a manual-reset event."""
    return thread.process.handles.open(Event(manual_reset=True), 0x1F0003)


@ws2_32.export(category=NETWORK)
def WSACloseEvent(thread: Thread, hEvent: HANDLE) -> BOOL:
    """Close an event."""
    get_object(thread, hEvent, Event)
    thread.process.handles.close(hEvent)
    return 1


@ws2_32.export(category=NETWORK)
def WSASetEvent(thread: Thread, hEvent: HANDLE) -> BOOL:
    """Set an event."""
    get_object(thread, hEvent, Event, EVENT_MODIFY_STATE).set()
    return 1


@ws2_32.export(category=NETWORK)
def WSAResetEvent(thread: Thread, hEvent: HANDLE) -> BOOL:
    """Reset an event."""
    get_object(thread, hEvent, Event, EVENT_MODIFY_STATE).reset()
    return 1


@ws2_32.export(category=NETWORK, fails=0xFFFFFFFF)
async def WSAWaitForMultipleEvents(
    thread: Thread, cEvents: DWORD, lphEvents: LPVOID, fWaitAll: BOOL, dwTimeout: DWORD, fAlertable: BOOL
) -> DWORD:
    """Wait for events."""
    memory = thread.process.memory
    if not 0 < cEvents <= 64:
        raise Win32Error(WSAEINVAL)
    handles = [memory.read_pointer(lphEvents + memory.pointer_size * index) for index in range(cEvents)]
    items = [get_object(thread, handle, Waitable, 0x100000) for handle in handles]
    timeout = None if dwTimeout == INFINITE else -dwTimeout * 10_000
    result = await wait_for(thread, items, wait_all=bool(fWaitAll), alertable=bool(fAlertable), timeout=timeout)
    return {STATUS_TIMEOUT: 258, STATUS_USER_APC: 192}.get(result, result)


# Protocols


def _protocol(family: int, kind: int, protocol: int, name: str, wide: bool) -> bytes:
    """WSAPROTOCOL_INFO: 628 bytes, or 372 with a narrow name."""
    flags = 0x20066 if kind == 1 else 0x20609
    address = 16 if family == AF_INET else 28
    provider = bytes.fromhex("a01a0fe78babcf118ca300805f48a192")
    label = f"MSAFD Tcpip [{name}/{'IP' if family == AF_INET else 'IPv6'}]"
    head = struct.pack("<IIIII16sI", flags, 0, 0, 0, 8, provider, 1000 + protocol) + struct.pack("<8I", 1, *[0] * 7)
    tail = struct.pack(
        "<iiiiiiiiiiI", 2, family, address, address, kind, protocol, 0, 0, 0, 0 if kind == 1 else 65527, 0
    )
    return head + tail + (encode_wide(label).ljust(512, b"\0") if wide else label.encode().ljust(256, b"\0"))


def _enumerate(thread: Thread, target: int, size: InOut[DWORD], wide: bool) -> int:
    """List TCP and UDP over IPv4 and IPv6, which is what Windows lists first."""
    records = [
        _protocol(family, kind, protocol, name, wide)
        for family in (AF_INET, AF_INET6)
        for kind, protocol, name in ((1, 6, "TCP"), (2, 17, "UDP"))
    ]
    data = b"".join(records)
    if size.get() < len(data):
        size.set(len(data))
        raise Win32Error(WSAENOBUFS)
    thread.process.memory.write(target, data)
    return len(records)


@ws2_32.export(category=NETWORK, fails=-1)
def WSAEnumProtocolsW(
    thread: Thread, lpiProtocols: LPVOID, lpProtocolBuffer: LPVOID, lpdwBufferLength: InOut[DWORD]
) -> INT:
    """List the protocols; returns how many."""
    winsock(thread)
    return _enumerate(thread, lpProtocolBuffer, lpdwBufferLength, True)


@ws2_32.export(category=NETWORK, fails=-1)
def WSAEnumProtocolsA(
    thread: Thread, lpiProtocols: LPVOID, lpProtocolBuffer: LPVOID, lpdwBufferLength: InOut[DWORD]
) -> INT:
    """List the protocols; returns how many."""
    winsock(thread)
    return _enumerate(thread, lpProtocolBuffer, lpdwBufferLength, False)


@ws2_32.export(category=NETWORK, fails=-1)
def WSCEnumProtocols(
    thread: Thread, lpiProtocols: LPVOID, lpProtocolBuffer: LPVOID, lpdwBufferLength: InOut[DWORD], lpErrno: Out[INT]
) -> INT:
    """List the protocols with hidden ones: the same. The error is in `lpErrno`."""
    try:
        return _enumerate(thread, lpProtocolBuffer, lpdwBufferLength, True)
    except Win32Error as error:
        lpErrno.put(error.error)
        return SOCKET_ERROR


@ws2_32.export(category=NETWORK, fails=-1)
def WSALookupServiceBeginW(
    thread: Thread, lpqsRestrictions: LPVOID, dwControlFlags: DWORD, lphLookup: Out[HANDLE]
) -> INT:
    """Begin a name service query: no service answers."""
    winsock(thread)
    raise Win32Error(WSASERVICE_NOT_FOUND)


# Names of this computer


@ws2_32.export(category=NETWORK, fails=-1, ordinal=57)
def gethostname(thread: Thread, name: LPVOID, namelen: INT) -> INT:
    """Return the name of this computer."""
    winsock(thread)
    text = thread.process.encode_ansi(thread.process.machine.config.computer_name) + b"\0"
    if not name or namelen < len(text):
        raise Win32Error(WSAEFAULT)
    thread.process.memory.write(name, text)
    return 0


@ws2_32.export(category=NETWORK, fails=-1)
def GetHostNameW(thread: Thread, name: LPVOID, namelen: INT) -> INT:
    """Return the name of this computer."""
    winsock(thread)
    text = encode_wide(thread.process.machine.config.computer_name + "\0")
    if not name or namelen * 2 < len(text):
        raise Win32Error(WSAEFAULT)
    thread.process.memory.write(name, text)
    return 0
