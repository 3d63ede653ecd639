"""winsock2.h, ws2tcpip.h: byte order, addresses, and names (which nothing resolves while there is no network)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from runtime.dlls.process_state import process_state
from runtime.dlls.types import DWORD, INT, LPCSTR, LPCWSTR, PVOID, ULONG, WORD, Out
from runtime.dlls.ws2_32.dll import ws2_32
from runtime.dlls.ws2_32.winsock import started
from runtime.nt import status as st
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_AF_INET, _AF_INET6 = 2, 23
_PART = re.compile(rb"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*")
_INADDR_NONE = 0xFFFFFFFF


@dataclass(slots=True)
class _TextBuffers:
    """Where inet_ntoa leaves its text, by thread id."""

    by_thread: dict[int, int] = field(default_factory=dict)


def _swap16(value: int) -> int:
    return (value & 0xFF) << 8 | value >> 8 & 0xFF


def _swap32(value: int) -> int:
    return int.from_bytes((value & 0xFFFFFFFF).to_bytes(4, "little"), "big")


@ws2_32.export("network", ordinal=9)
def htons(thread: Thread, hostshort: WORD) -> WORD:
    return _swap16(hostshort)


@ws2_32.export("network", ordinal=15)
def ntohs(thread: Thread, netshort: WORD) -> WORD:
    return _swap16(netshort)


@ws2_32.export("network", ordinal=8)
def htonl(thread: Thread, hostlong: ULONG) -> ULONG:
    return _swap32(hostlong)


@ws2_32.export("network", ordinal=14)
def ntohl(thread: Thread, netlong: ULONG) -> ULONG:
    return _swap32(netlong)


def parse_ipv4(text: bytes) -> int | None:
    """Parse what inet_addr takes: one to four parts, decimal, octal or hexadecimal; None when it is no address."""
    parts = text.split(b".")
    if not 1 <= len(parts) <= 4 or not all(_PART.fullmatch(part) for part in parts):
        return None
    numbers = [int(part, 16 if part[:2].lower() == b"0x" else 8 if part[:1] == b"0" and len(part) > 1 else 10)
               for part in parts]  # fmt: skip
    *leading, last = numbers
    if any(number > 255 for number in leading) or last >= 1 << 8 * (5 - len(numbers)):
        return None
    value = last
    for index, number in enumerate(leading):
        value |= number << 8 * (3 - index)
    return value


@ws2_32.export("network", ordinal=11)
def inet_addr(thread: Thread, cp: LPCSTR) -> ULONG:
    value = parse_ipv4(cp.split(b" ")[0]) if cp else None
    return _INADDR_NONE if value is None else _swap32(value)


@ws2_32.export("network", fails=-1)
def inet_pton(thread: Thread, Family: INT, pszAddrString: LPCSTR, pAddrBuf: PVOID) -> INT:
    return _pton(thread, Family, (pszAddrString or b"").decode("latin-1"), pAddrBuf)


@ws2_32.export("network", fails=-1)
def InetPtonW(thread: Thread, Family: INT, pszAddrString: LPCWSTR, pAddrBuf: PVOID) -> INT:
    return _pton(thread, Family, pszAddrString or "", pAddrBuf)


def _pton(thread: Thread, family: int, text: str, target: int) -> int:
    if family not in (_AF_INET, _AF_INET6):
        raise Win32Error(st.WSAEAFNOSUPPORT)
    try:
        kind = ipaddress.IPv4Address if family == _AF_INET else ipaddress.IPv6Address
        packed = kind(text).packed
    except ValueError:
        return 0
    thread.process.memory.write(target, packed)
    return 1


@ws2_32.export("network")
def inet_ntop(thread: Thread, Family: INT, pAddr: PVOID, pStringBuf: PVOID, StringBufSize: ULONG) -> PVOID:
    data = _ntop(thread, Family, pAddr).encode("ascii") + b"\0"
    if len(data) > StringBufSize:
        raise Win32Error(st.WSAEINVAL)
    thread.process.memory.write(pStringBuf, data)
    return pStringBuf


@ws2_32.export("network")
def InetNtopW(thread: Thread, Family: INT, pAddr: PVOID, pStringBuf: PVOID, StringBufSize: ULONG) -> PVOID:
    text = _ntop(thread, Family, pAddr)
    if len(text) >= StringBufSize:
        raise Win32Error(st.WSAEINVAL)
    thread.process.memory.write_wstr(pStringBuf, text)
    return pStringBuf


def _ntop(thread: Thread, family: int, address: int) -> str:
    memory = thread.process.memory
    if family == _AF_INET:
        return str(ipaddress.IPv4Address(memory.read(address, 4)))
    if family == _AF_INET6:
        return str(ipaddress.IPv6Address(memory.read(address, 16)))
    raise Win32Error(st.WSAEAFNOSUPPORT)


@ws2_32.export("network", ordinal=12)
def inet_ntoa(thread: Thread, in_: ULONG) -> PVOID:
    """The text lies in a buffer of the thread's, which its next call overwrites, as documented."""
    buffers = process_state(thread.process, _TextBuffers).by_thread
    place = buffers.get(thread.id) or buffers.setdefault(thread.id, thread.process.loader.arena.allocate(16))
    thread.process.memory.write(place, str(ipaddress.IPv4Address(_swap32(in_))).encode("ascii") + b"\0")
    return place


@ws2_32.export("network")
def getaddrinfo(thread: Thread, pNodeName: LPCSTR, pServiceName: LPCSTR, pHints: PVOID, ppResult: Out[PVOID]) -> INT:
    return _resolve(thread, pNodeName is None and pServiceName is None)


@ws2_32.export("network")
def GetAddrInfoW(
    thread: Thread, pNodeName: LPCWSTR, pServiceName: LPCWSTR, pHints: PVOID, ppResult: Out[PVOID]
) -> INT:
    return _resolve(thread, pNodeName is None and pServiceName is None)


def _resolve(thread: Thread, nothing: bool) -> int:
    """Return the error that getaddrinfo returns: there is no network to ask."""
    try:
        started(thread)
    except Win32Error as error:
        return error.error
    return st.WSAHOST_NOT_FOUND if nothing else st.WSAENETDOWN


@ws2_32.export("network", ordinal=52)
def gethostbyname(thread: Thread, name: LPCSTR) -> PVOID:
    started(thread)
    raise Win32Error(st.WSAENETDOWN)


@ws2_32.export("network", ordinal=51)
def gethostbyaddr(thread: Thread, addr: PVOID, len: INT, type: INT) -> PVOID:
    started(thread)
    raise Win32Error(st.WSAENETDOWN)


@ws2_32.export("network")
def getnameinfo(
    thread: Thread, pSockaddr: PVOID, SockaddrLength: INT, pNodeBuffer: PVOID, NodeBufferSize: DWORD,
    pServiceBuffer: PVOID, ServiceBufferSize: DWORD, Flags: INT,
) -> INT:  # fmt: skip
    return _resolve(thread, False)
