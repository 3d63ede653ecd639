"""winsock2.h: starting Winsock, byte order, events, protocols and the names of this computer."""

from __future__ import annotations

import struct

from runtime.dlls.process_state import process_state
from runtime.dlls.text import encode_wide
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    INT,
    LPVOID,
    UINT_PTR,
    ULONG,
    USHORT,
    WORD,
    InOut,
    Out,
)
from runtime.dlls.ws2_32.dll import ws2_32
from runtime.dlls.ws2_32.sharing import protocol_info
from runtime.dlls.ws2_32.state import (
    AF_INET,
    AF_INET6,
    NETWORK,
    WSAEFAULT,
    WSAEINVAL,
    WSAENOBUFS,
    WSASERVICE_NOT_FOUND,
    WSAVERNOTSUPPORTED,
    Winsock,
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


def _enumerate(thread: Thread, target: int, size: InOut[DWORD], wide: bool) -> int:
    """List TCP and UDP over IPv4 and IPv6, which is what Windows lists first."""
    records = [
        protocol_info(family, kind, protocol, wide)
        for family in (AF_INET, AF_INET6)
        for kind, protocol in ((1, 6), (2, 17))
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
