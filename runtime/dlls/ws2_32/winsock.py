"""winsock2.h: start-up, errors and sockets. There is no network yet: making a socket fails with WSAENETDOWN."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from runtime.dlls.kernel32.synch import CreateEventW
from runtime.dlls.process_state import process_state
from runtime.dlls.types import BOOL, DWORD, HANDLE, INT, LONG, PVOID, UINT_PTR, WORD, InOut, Out
from runtime.dlls.ws2_32.dll import ws2_32
from runtime.nt import status as st
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

INVALID_SOCKET = -1
SOCKET_ERROR = -1
_SOCKET = UINT_PTR


@dataclass(slots=True)
class Winsock:
    """What Winsock keeps for a process."""

    users: int = 0


def started(thread: Thread) -> None:
    """Raises Win32Error(WSANOTINITIALISED) before WSAStartup."""
    if not process_state(thread.process, Winsock).users:
        raise Win32Error(st.WSANOTINITIALISED)


def _no_socket(thread: Thread) -> int:
    """No handle is a socket while there is no network. Raises Win32Error."""
    started(thread)
    raise Win32Error(st.WSAENOTSOCK)


@ws2_32.export("network", ordinal=115)
def WSAStartup(thread: Thread, wVersionRequested: WORD, lpWSAData: PVOID) -> INT:
    major, minor = wVersionRequested & 0xFF, wVersionRequested >> 8
    if major == 0:
        return st.WSAVERNOTSUPPORTED
    version = min((major, minor), (2, 2))
    if version[0] == 1:
        version = (1, min(version[1], 1))
    data = struct.pack("<BBBB", *version, 2, 2)
    if thread.process.pointer_size == 8:
        data += struct.pack("<HHQ", 0, 0, 0) + b"WinSock 2.0".ljust(257, b"\0") + b"Running".ljust(129, b"\0")
    thread.process.memory.write(lpWSAData, data)
    process_state(thread.process, Winsock).users += 1
    return 0


@ws2_32.export("network", ordinal=116, fails=SOCKET_ERROR)
def WSACleanup(thread: Thread) -> INT:
    started(thread)
    process_state(thread.process, Winsock).users -= 1
    return 0


@ws2_32.export("network", ordinal=111)
def WSAGetLastError(thread: Thread) -> INT:
    return thread.last_error


@ws2_32.export("network", ordinal=112)
def WSASetLastError(thread: Thread, iError: INT) -> None:
    thread.last_error = iError


@ws2_32.export("network", ordinal=23, fails=INVALID_SOCKET)
def socket(thread: Thread, af: INT, type: INT, protocol: INT) -> _SOCKET:
    return _make(thread, af, type)


@ws2_32.export("network", fails=INVALID_SOCKET)
def WSASocketW(
    thread: Thread, af: INT, type: INT, protocol: INT, lpProtocolInfo: PVOID, g: DWORD, dwFlags: DWORD
) -> _SOCKET:
    return _make(thread, af, type)


@ws2_32.export("network", fails=INVALID_SOCKET)
def WSASocketA(
    thread: Thread, af: INT, type: INT, protocol: INT, lpProtocolInfo: PVOID, g: DWORD, dwFlags: DWORD
) -> _SOCKET:
    return _make(thread, af, type)


def _make(thread: Thread, family: int, kind: int) -> int:
    started(thread)
    if family not in (0, 2, 23):
        raise Win32Error(st.WSAEAFNOSUPPORT)
    if kind not in (0, 1, 2, 3):
        raise Win32Error(st.WSAESOCKTNOSUPPORT)
    raise Win32Error(st.WSAENETDOWN)


@ws2_32.export("network", ordinal=1, fails=INVALID_SOCKET)
def accept(thread: Thread, s: _SOCKET, addr: PVOID, addrlen: PVOID) -> _SOCKET:
    return _no_socket(thread)


@ws2_32.export("network", ordinal=2, fails=SOCKET_ERROR)
def bind(thread: Thread, s: _SOCKET, name: PVOID, namelen: INT) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", ordinal=3, fails=SOCKET_ERROR)
def closesocket(thread: Thread, s: _SOCKET) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", ordinal=4, fails=SOCKET_ERROR)
def connect(thread: Thread, s: _SOCKET, name: PVOID, namelen: INT) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", ordinal=5, fails=SOCKET_ERROR)
def getpeername(thread: Thread, s: _SOCKET, name: PVOID, namelen: PVOID) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", ordinal=6, fails=SOCKET_ERROR)
def getsockname(thread: Thread, s: _SOCKET, name: PVOID, namelen: PVOID) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", ordinal=7, fails=SOCKET_ERROR)
def getsockopt(thread: Thread, s: _SOCKET, level: INT, optname: INT, optval: PVOID, optlen: PVOID) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", ordinal=10, fails=SOCKET_ERROR)
def ioctlsocket(thread: Thread, s: _SOCKET, cmd: LONG, argp: PVOID) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", ordinal=13, fails=SOCKET_ERROR)
def listen(thread: Thread, s: _SOCKET, backlog: INT) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", ordinal=16, fails=SOCKET_ERROR)
def recv(thread: Thread, s: _SOCKET, buf: PVOID, len: INT, flags: INT) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", ordinal=17, fails=SOCKET_ERROR)
def recvfrom(thread: Thread, s: _SOCKET, buf: PVOID, len: INT, flags: INT, from_: PVOID, fromlen: PVOID) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", ordinal=19, fails=SOCKET_ERROR)
def send(thread: Thread, s: _SOCKET, buf: PVOID, len: INT, flags: INT) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", ordinal=20, fails=SOCKET_ERROR)
def sendto(thread: Thread, s: _SOCKET, buf: PVOID, len: INT, flags: INT, to: PVOID, tolen: INT) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", ordinal=21, fails=SOCKET_ERROR)
def setsockopt(thread: Thread, s: _SOCKET, level: INT, optname: INT, optval: PVOID, optlen: INT) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", ordinal=22, fails=SOCKET_ERROR)
def shutdown(thread: Thread, s: _SOCKET, how: INT) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", ordinal=18, fails=SOCKET_ERROR)
def select(
    thread: Thread, nfds: INT, readfds: PVOID, writefds: PVOID, exceptfds: PVOID, timeout: PVOID
) -> INT:
    """Without sockets every set is empty, which select refuses."""
    started(thread)
    memory = thread.process.memory
    if any(memory.read_u32(item) for item in (readfds, writefds, exceptfds) if item):
        raise Win32Error(st.WSAENOTSOCK)
    raise Win32Error(st.WSAEINVAL)


@ws2_32.export("network", ordinal=151)
def __WSAFDIsSet(thread: Thread, fd: _SOCKET, param1: PVOID) -> INT:
    memory = thread.process.memory
    count = memory.read_u32(param1)
    return int(any(memory.read_u64(param1 + 8 + 8 * index) == fd for index in range(min(count, 64))))


@ws2_32.export("network", fails=SOCKET_ERROR)
def WSAPoll(thread: Thread, fdArray: PVOID, fds: DWORD, timeout: INT) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", fails=SOCKET_ERROR)
def WSAIoctl(
    thread: Thread, s: _SOCKET, dwIoControlCode: DWORD, lpvInBuffer: PVOID, cbInBuffer: DWORD, lpvOutBuffer: PVOID,
    cbOutBuffer: DWORD, lpcbBytesReturned: Out[DWORD], lpOverlapped: PVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    return _no_socket(thread)


@ws2_32.export("network", fails=SOCKET_ERROR)
def WSARecv(
    thread: Thread, s: _SOCKET, lpBuffers: PVOID, dwBufferCount: DWORD, lpNumberOfBytesRecvd: Out[DWORD],
    lpFlags: InOut[DWORD], lpOverlapped: PVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    return _no_socket(thread)


@ws2_32.export("network", fails=SOCKET_ERROR)
def WSASend(
    thread: Thread, s: _SOCKET, lpBuffers: PVOID, dwBufferCount: DWORD, lpNumberOfBytesSent: Out[DWORD],
    dwFlags: DWORD, lpOverlapped: PVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    return _no_socket(thread)


@ws2_32.export("network", fails=SOCKET_ERROR)
def WSARecvFrom(
    thread: Thread, s: _SOCKET, lpBuffers: PVOID, dwBufferCount: DWORD, lpNumberOfBytesRecvd: Out[DWORD],
    lpFlags: InOut[DWORD], lpFrom: PVOID, lpFromlen: PVOID, lpOverlapped: PVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    return _no_socket(thread)


@ws2_32.export("network", fails=SOCKET_ERROR)
def WSASendTo(
    thread: Thread, s: _SOCKET, lpBuffers: PVOID, dwBufferCount: DWORD, lpNumberOfBytesSent: Out[DWORD],
    dwFlags: DWORD, lpTo: PVOID, iTolen: INT, lpOverlapped: PVOID, lpCompletionRoutine: PVOID,
) -> INT:  # fmt: skip
    return _no_socket(thread)


@ws2_32.export("network")
def WSAGetOverlappedResult(
    thread: Thread, s: _SOCKET, lpOverlapped: PVOID, lpcbTransfer: Out[DWORD], fWait: BOOL, lpdwFlags: Out[DWORD]
) -> BOOL:
    return _no_socket(thread)


@ws2_32.export("network", fails=SOCKET_ERROR)
def WSADuplicateSocketW(thread: Thread, s: _SOCKET, dwProcessId: DWORD, lpProtocolInfo: PVOID) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", fails=SOCKET_ERROR)
def WSAEventSelect(thread: Thread, s: _SOCKET, hEventObject: HANDLE, lNetworkEvents: LONG) -> INT:
    return _no_socket(thread)


@ws2_32.export("network", fails=SOCKET_ERROR)
def WSAEnumNetworkEvents(thread: Thread, s: _SOCKET, hEventObject: HANDLE, lpNetworkEvents: PVOID) -> INT:
    return _no_socket(thread)


_PROVIDER = "MSAFD Tcpip [{}/IP]"


@ws2_32.export("network", fails=SOCKET_ERROR)
def WSAEnumProtocolsW(
    thread: Thread, lpiProtocols: PVOID, lpProtocolBuffer: PVOID, lpdwBufferLength: InOut[DWORD]
) -> INT:
    """Describe TCP and UDP over IPv4 and IPv6, which is what Windows lists first."""
    started(thread)
    records = [
        _protocol(family, kind, protocol, name)
        for family in (2, 23)
        for kind, protocol, name in ((1, 6, "TCP"), (2, 17, "UDP"))
    ]
    data = b"".join(records)
    if lpdwBufferLength.get() < len(data):
        lpdwBufferLength.set(len(data))
        raise Win32Error(st.WSAENOBUFS)
    thread.process.memory.write(lpProtocolBuffer, data)
    return len(records)


def _protocol(family: int, kind: int, protocol: int, name: str) -> bytes:
    """WSAPROTOCOL_INFOW, 628 bytes."""
    flags = 0x20066 if kind == 1 else 0x20609
    address = 16 if family == 2 else 28
    provider = bytes.fromhex("a01a0fe78babcf118ca300805f48a192")
    label = _PROVIDER.format(name) + ("v6" if family == 23 else "")
    head = struct.pack("<IIIII16sI", flags, 0, 0, 0, 8, provider, 1000 + protocol)
    chain = struct.pack("<I7I", 1, *[0] * 7)
    tail = struct.pack(
        "<iiiiiiiiiiI", 2, family, address, address, kind, protocol, 0, 0, 0, 0 if kind == 1 else 65527, 0
    )
    return head + chain + tail + label.encode("utf-16-le").ljust(512, b"\0")


@ws2_32.export("network")
def WSACreateEvent(thread: Thread) -> HANDLE:
    return CreateEventW(thread, 0, 1, 0, None)


@ws2_32.export("network")
def WSACloseEvent(thread: Thread, hEvent: HANDLE) -> BOOL:
    thread.process.handles.close(hEvent)
    return 1


@ws2_32.export("network", fails=SOCKET_ERROR)
def WSAConnect(
    thread: Thread, s: _SOCKET, name: PVOID, namelen: INT, lpCallerData: PVOID, lpCalleeData: PVOID, lpSQOS: PVOID,
    lpGQOS: PVOID,
) -> INT:  # fmt: skip
    return _no_socket(thread)


@ws2_32.export("network", fails=SOCKET_ERROR)
def WSALookupServiceBeginW(
    thread: Thread, lpqsRestrictions: PVOID, dwControlFlags: DWORD, lphLookup: Out[HANDLE]
) -> INT:
    started(thread)
    raise Win32Error(st.WSASERVICE_NOT_FOUND)


@ws2_32.export("network", fails=SOCKET_ERROR)
def GetHostNameW(thread: Thread, name: PVOID, namelen: INT) -> INT:
    started(thread)
    text = thread.process.machine.config.computer_name
    if len(text) >= namelen:
        raise Win32Error(st.WSAEFAULT)
    thread.process.memory.write_wstr(name, text)
    return 0


@ws2_32.export("network", ordinal=57, fails=SOCKET_ERROR)
def gethostname(thread: Thread, name: PVOID, namelen: INT) -> INT:
    started(thread)
    data = thread.process.machine.config.computer_name.encode("ascii") + b"\0"
    if len(data) > namelen:
        raise Win32Error(st.WSAEFAULT)
    thread.process.memory.write(name, data)
    return 0
