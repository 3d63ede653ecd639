"""ws2tcpip.h and the older name functions: addresses as text, and the few names that resolve without a network."""

from __future__ import annotations

import ipaddress
import struct

from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.text import encode_text
from runtime.dlls.types import DWORD, INT, LPCSTR, LPCWSTR, LPSTR, LPVOID, LPWSTR, PVOID, SIZE_T, ULONG, InOut, Out
from runtime.dlls.ws2_32.dll import ws2_32
from runtime.dlls.ws2_32.state import (
    AF_INET,
    AF_INET6,
    AF_UNSPEC,
    NETWORK,
    STATIC_SIZE,
    WSAEAFNOSUPPORT,
    WSAEFAULT,
    WSAEINVAL,
    WSAHOST_NOT_FOUND,
    WSANO_DATA,
    WSANOTINITIALISED,
    WSATYPE_NOT_FOUND,
    pack_address,
    parse_ipv4,
    parse_ipv6,
    static_buffer,
    unpack_address,
    winsock,
    zone_of,
)
from runtime.nt.address_text import format_ipv6
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
AI_PASSIVE, AI_CANONNAME, AI_NUMERICHOST, AI_NUMERICSERV = 1, 2, 4, 8
NI_NOFQDN, NI_NUMERICHOST, NI_NAMEREQD, NI_NUMERICSERV, NI_DGRAM = 1, 2, 4, 8, 16
WSAEAI_BADFLAGS, WSAEAI_SERVICE, WSAEAI_SOCKTYPE = 10022, 10109, 10044
ERROR_INVALID_PARAMETER = 87
SERVICES = {
    "echo": 7, "discard": 9, "daytime": 13, "ftp-data": 20, "ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "time": 37,
    "domain": 53, "tftp": 69, "gopher": 70, "http": 80, "www": 80, "kerberos": 88, "pop3": 110, "nntp": 119,
    "ntp": 123, "imap": 143, "snmp": 161, "irc": 194, "ldap": 389, "https": 443, "microsoft-ds": 445, "ldaps": 636,
    "ftps": 990, "imaps": 993, "pop3s": 995, "ms-sql-s": 1433, "mysql": 3306, "rdp": 3389, "postgresql": 5432,
}  # fmt: skip
PROTOCOLS = {"ip": 0, "icmp": 1, "ggp": 3, "tcp": 6, "egp": 8, "pup": 12, "udp": 17, "hmp": 20, "xns-idp": 22,
             "rdp": 27, "ipv6": 41, "ipv6-icmp": 58}  # fmt: skip


# Addresses as text


@ws2_32.export(category=NETWORK, ordinal=11)
def inet_addr(thread: Thread, cp: LPCSTR) -> ULONG:
    """Read an IPv4 address; INADDR_NONE when it is none."""
    value = parse_ipv4((cp or b"").decode("latin-1"))
    return 0xFFFFFFFF if value is None else int.from_bytes(value.to_bytes(4, "big"), "little")


@ws2_32.export(category=NETWORK, ordinal=12)
async def inet_ntoa(thread: Thread, in_: ULONG) -> PVOID:
    """Return an IPv4 address as text in a static buffer of the thread."""
    buffer = await static_buffer(thread)
    thread.process.memory.write(buffer, str(ipaddress.IPv4Address(in_.to_bytes(4, "little"))).encode() + b"\0")
    return buffer


def _to_text(thread: Thread, family: int, address: int, buffer: int, size: int, wide: bool) -> int:
    if family == AF_INET:
        text = str(ipaddress.IPv4Address(thread.process.memory.read(address, 4)))
    elif family == AF_INET6:
        text = format_ipv6(ipaddress.IPv6Address(thread.process.memory.read(address, 16)))
    else:
        raise Win32Error(WSAEAFNOSUPPORT)
    if size <= len(text):
        raise Win32Error(ERROR_INVALID_PARAMETER)
    thread.process.memory.write(buffer, encode_text(thread, text + "\0", wide))
    return buffer


@ws2_32.export(category=NETWORK)
def inet_ntop(thread: Thread, Family: INT, pAddr: LPVOID, pStringBuf: LPSTR, StringBufSize: SIZE_T) -> PVOID:
    """Return an address as text."""
    return _to_text(thread, Family, pAddr, pStringBuf, StringBufSize, False)


@ws2_32.export(category=NETWORK)
def InetNtopW(thread: Thread, Family: INT, pAddr: LPVOID, pStringBuf: LPWSTR, StringBufSize: SIZE_T) -> PVOID:
    """Return an address as text."""
    return _to_text(thread, Family, pAddr, pStringBuf, StringBufSize, True)


def _from_text(thread: Thread, family: int, text: str | None, target: int) -> int:
    if text is None:
        raise Win32Error(WSAEFAULT)
    try:
        if family == AF_INET:
            data = ipaddress.IPv4Address(text).packed
        elif family == AF_INET6:
            data = ipaddress.IPv6Address(text.partition("%")[0]).packed
        else:
            raise Win32Error(WSAEAFNOSUPPORT)
    except ipaddress.AddressValueError:
        return 0
    thread.process.memory.write(target, data)
    return 1


@ws2_32.export(category=NETWORK, fails=-1)
def inet_pton(thread: Thread, Family: INT, pszAddrString: LPCSTR, pAddrBuf: LPVOID) -> INT:
    """Read an address: 1, or 0 when the text is none."""
    text = None if pszAddrString is None else pszAddrString.decode("latin-1")
    return _from_text(thread, Family, text, pAddrBuf)


@ws2_32.export(category=NETWORK, fails=-1)
def InetPtonW(thread: Thread, Family: INT, pszAddrString: LPCWSTR, pAddrBuf: LPVOID) -> INT:
    """Read an address: 1, or 0 when the text is none."""
    return _from_text(thread, Family, pszAddrString, pAddrBuf)


def _sockaddr_to_text(thread: Thread, address: int, size: int, buffer: int, length: InOut[DWORD], wide: bool) -> int:
    winsock(thread)
    data = thread.process.memory.read(address, min(size, 28))
    found, port = unpack_address(data)
    text = str(found) if found.version == 4 else format_ipv6(found) + zone_of(data)
    if port:
        text = f"{text}:{port}" if found.version == 4 else f"[{text}]:{port}"
    capacity = length.get()
    length.set(len(text) + 1)
    if capacity < len(text) + 1:
        raise Win32Error(WSAEFAULT)
    thread.process.memory.write(buffer, encode_text(thread, text + "\0", wide))
    return 0


@ws2_32.export(category=NETWORK, fails=-1)
def WSAAddressToStringW(
    thread: Thread, lpsaAddress: LPVOID, dwAddressLength: DWORD, lpProtocolInfo: LPVOID, lpszAddressString: LPWSTR,
    lpdwAddressStringLength: InOut[DWORD],
) -> INT:  # fmt: skip
    """Return a socket address as text."""
    return _sockaddr_to_text(thread, lpsaAddress, dwAddressLength, lpszAddressString, lpdwAddressStringLength, True)


@ws2_32.export(category=NETWORK, fails=-1)
def WSAAddressToStringA(
    thread: Thread, lpsaAddress: LPVOID, dwAddressLength: DWORD, lpProtocolInfo: LPVOID, lpszAddressString: LPSTR,
    lpdwAddressStringLength: InOut[DWORD],
) -> INT:  # fmt: skip
    """Return a socket address as text."""
    return _sockaddr_to_text(thread, lpsaAddress, dwAddressLength, lpszAddressString, lpdwAddressStringLength, False)


def _text_to_sockaddr(thread: Thread, text: str | None, family: int, target: int, size: InOut[INT]) -> int:
    winsock(thread)
    host, port = text or "", 0
    if family == AF_INET6 and host.startswith("["):
        host, _, rest = host[1:].partition("]")
        port_text = rest.removeprefix(":")
    elif family == AF_INET:
        host, _, port_text = host.partition(":")
    else:
        port_text = ""
    try:
        port = int(port_text, 0) if port_text else 0
        address: Address = ipaddress.IPv4Address(host) if family == AF_INET else parse_ipv6(host)
    except ValueError:
        raise Win32Error(WSAEINVAL) from None
    data = pack_address(address, port & 0xFFFF)
    if size.get() < len(data):
        size.set(len(data))
        raise Win32Error(WSAEFAULT)
    size.set(len(data))
    thread.process.memory.write(target, data)
    return 0


@ws2_32.export(category=NETWORK, fails=-1)
def WSAStringToAddressW(
    thread: Thread, AddressString: LPCWSTR, AddressFamily: INT, lpProtocolInfo: LPVOID, lpAddress: LPVOID,
    lpAddressLength: InOut[INT],
) -> INT:  # fmt: skip
    """Read a socket address from text."""
    return _text_to_sockaddr(thread, AddressString, AddressFamily, lpAddress, lpAddressLength)


@ws2_32.export(category=NETWORK, fails=-1)
def WSAStringToAddressA(
    thread: Thread, AddressString: LPCSTR, AddressFamily: INT, lpProtocolInfo: LPVOID, lpAddress: LPVOID,
    lpAddressLength: InOut[INT],
) -> INT:  # fmt: skip
    """Read a socket address from text."""
    text = None if AddressString is None else AddressString.decode("latin-1")
    return _text_to_sockaddr(thread, text, AddressFamily, lpAddress, lpAddressLength)


# Names


def _addresses(thread: Thread, name: str | None, passive: bool, numeric: bool) -> list[Address]:
    """Return the addresses of a name: numbers, this computer, or nothing."""
    if not name:
        if passive:
            return [ipaddress.IPv6Address("::"), ipaddress.IPv4Address("0.0.0.0")]
        return [ipaddress.IPv6Address("::1"), ipaddress.IPv4Address("127.0.0.1")]
    value = parse_ipv4(name) if "." in name or name.isdigit() else None
    if value is not None:
        return [ipaddress.IPv4Address(value)]
    try:
        return [parse_ipv6(name)]
    except ValueError:
        pass
    own = thread.process.machine.config.computer_name.lower()
    if not numeric and name.lower() in ("localhost", own):
        return [ipaddress.IPv6Address("::1"), ipaddress.IPv4Address("127.0.0.1")]
    return []


def _port(service: str | None, numeric: bool) -> int | None:
    if not service:
        return 0
    if service.isdigit():
        return int(service) & 0xFFFF
    return None if numeric else SERVICES.get(service.lower())


async def _get_addresses(
    thread: Thread, name: str | None, service: str | None, hints: int, target: Out[LPVOID], wide: bool
) -> int:
    """ADDRINFO: flags, family, type, protocol, length, canonical name, address, next."""
    try:
        winsock(thread)
    except Win32Error:
        return WSANOTINITIALISED
    target.set(0)
    if name is None and service is None:
        return WSAHOST_NOT_FOUND
    memory = thread.process.memory
    width = memory.pointer_size
    flags = family = kind = protocol = 0
    if hints:
        flags, family, kind, protocol = struct.unpack("<4i", memory.read(hints, 16))
    if flags & AI_CANONNAME and not name:
        return WSAEAI_BADFLAGS
    if family not in (AF_UNSPEC, AF_INET, AF_INET6):
        return WSAEAFNOSUPPORT
    port = _port(service, bool(flags & AI_NUMERICSERV))
    if port is None:
        return WSATYPE_NOT_FOUND
    found = _addresses(thread, name, bool(flags & AI_PASSIVE), bool(flags & AI_NUMERICHOST))
    wanted = {AF_INET: 4, AF_INET6: 6}.get(family)
    found = [address for address in found if wanted in (None, address.version)]
    if not found:
        return WSAHOST_NOT_FOUND
    head = 16 + 4 * width
    following = 0
    for index in range(len(found) - 1, -1, -1):
        data = pack_address(found[index], port)
        canonical = encode_text(thread, (name or "") + "\0", wide) if flags & AI_CANONNAME and index == 0 else b""
        block = await guest_heap_new(thread, bytes(head + len(data) + len(canonical)))
        number = AF_INET if found[index].version == 4 else AF_INET6
        pointers = (len(data), block + head + len(data) if canonical else 0, block + head, following)
        packed = struct.pack("<4i", 0, number, kind, protocol)
        packed += b"".join(pointer.to_bytes(width, "little") for pointer in pointers)
        memory.write(block, packed + data + canonical)
        following = block
    target.set(following)
    return 0


@ws2_32.export(category=NETWORK)
async def getaddrinfo(
    thread: Thread, pNodeName: LPCSTR, pServiceName: LPCSTR, pHints: LPVOID, ppResult: Out[LPVOID]
) -> INT:
    """Resolve a name: numbers and this computer only; other names are WSAHOST_NOT_FOUND."""
    decode = thread.process.decode_ansi
    name = None if pNodeName is None else decode(pNodeName)
    service = None if pServiceName is None else decode(pServiceName)
    return await _get_addresses(thread, name, service, pHints, ppResult, False)


@ws2_32.export(category=NETWORK)
async def GetAddrInfoW(
    thread: Thread, pNodeName: LPCWSTR, pServiceName: LPCWSTR, pHints: LPVOID, ppResult: Out[LPVOID]
) -> INT:
    """Resolve a name: numbers and this computer only; other names are WSAHOST_NOT_FOUND."""
    return await _get_addresses(thread, pNodeName, pServiceName, pHints, ppResult, True)


async def _free(thread: Thread, address: int) -> None:
    memory = thread.process.memory
    while address:
        following = memory.read_pointer(address + 16 + 3 * memory.pointer_size)
        await guest_heap_free(thread, address)
        address = following


@ws2_32.export(category=NETWORK)
async def freeaddrinfo(thread: Thread, pAddrInfo: LPVOID) -> None:
    """Free what getaddrinfo returned."""
    await _free(thread, pAddrInfo)


@ws2_32.export(category=NETWORK)
async def FreeAddrInfoW(thread: Thread, pAddrInfo: LPVOID) -> None:
    """Free what GetAddrInfoW returned."""
    await _free(thread, pAddrInfo)


def _name_info(
    thread: Thread, address: int, size: int, node: int, node_size: int, service: int, service_size: int, flags: int,
    wide: bool,
) -> int:  # fmt: skip
    try:
        winsock(thread)
        data = thread.process.memory.read(address, min(size, 28))
        found, port = unpack_address(data)
    except Win32Error as error:
        return error.error
    if not node and not service:
        return WSAHOST_NOT_FOUND
    text = str(found) if found.version == 4 else format_ipv6(found) + zone_of(data)
    if not flags & NI_NUMERICHOST and found.is_loopback:
        text = thread.process.machine.config.computer_name
    elif flags & NI_NAMEREQD:
        return WSAHOST_NOT_FOUND
    names = {number: name for name, number in reversed(SERVICES.items())}
    service_text = str(port) if flags & NI_NUMERICSERV else names.get(port, str(port))
    unit = 2 if wide else 1
    for buffer, capacity, value in ((node, node_size, text), (service, service_size, service_text)):
        if buffer and capacity:
            encoded = encode_text(thread, value + "\0", wide)
            if len(encoded) // unit > capacity:
                return 122
            thread.process.memory.write(buffer, encoded)
    return 0


@ws2_32.export(category=NETWORK)
def getnameinfo(
    thread: Thread, pSockaddr: LPVOID, SockaddrLength: INT, pNodeBuffer: LPSTR, NodeBufferSize: DWORD,
    pServiceBuffer: LPSTR, ServiceBufferSize: DWORD, Flags: INT,
) -> INT:  # fmt: skip
    """Return the name of an address and port."""
    return _name_info(
        thread, pSockaddr, SockaddrLength, pNodeBuffer, NodeBufferSize, pServiceBuffer, ServiceBufferSize, Flags, False
    )


@ws2_32.export(category=NETWORK)
def GetNameInfoW(
    thread: Thread, pSockaddr: LPVOID, SockaddrLength: INT, pNodeBuffer: LPWSTR, NodeBufferSize: DWORD,
    pServiceBuffer: LPWSTR, ServiceBufferSize: DWORD, Flags: INT,
) -> INT:  # fmt: skip
    """Return the name of an address and port."""
    return _name_info(
        thread, pSockaddr, SockaddrLength, pNodeBuffer, NodeBufferSize, pServiceBuffer, ServiceBufferSize, Flags, True
    )


async def _record(thread: Thread, fixed: int, blobs: list[bytes]) -> tuple[int, list[int]]:
    """Place blobs behind `fixed` bytes in the thread's static buffer; returns the buffer and their addresses."""
    buffer = await static_buffer(thread)
    at = buffer + fixed
    places = []
    for blob in blobs:
        places.append(at)
        thread.process.memory.write(at, blob)
        at += -(-len(blob) // 8) * 8
    assert at - buffer <= STATIC_SIZE
    return buffer, places


async def _hostent(thread: Thread, name: str, address: bytes) -> int:
    """HOSTENT: name, aliases, type and length, addresses."""
    memory = thread.process.memory
    width = memory.pointer_size
    text = thread.process.encode_ansi(name)[:255] + b"\0"
    buffer, places = await _record(thread, 4 * width, [text, address, bytes(width), bytes(2 * width)])
    memory.write_pointer(places[3], places[1])
    family = AF_INET if len(address) == 4 else AF_INET6
    head = places[0].to_bytes(width, "little") + places[2].to_bytes(width, "little")
    head += struct.pack("<hh", family, len(address)).ljust(width, b"\0") + places[3].to_bytes(width, "little")
    memory.write(buffer, head)
    return buffer


@ws2_32.export(category=NETWORK, ordinal=52)
async def gethostbyname(thread: Thread, name: LPCSTR) -> PVOID:
    """Resolve a name to IPv4: numbers and this computer only."""
    winsock(thread)
    text = thread.process.decode_ansi(name or b"")
    for address in _addresses(thread, text or thread.process.machine.config.computer_name, False, False):
        if address.version == 4:
            return await _hostent(thread, text, address.packed)
    raise Win32Error(WSAHOST_NOT_FOUND)


@ws2_32.export(category=NETWORK, ordinal=51)
async def gethostbyaddr(thread: Thread, addr: LPVOID, len: INT, type: INT) -> PVOID:
    """Return the name of an address: the loopback addresses only."""
    winsock(thread)
    if (type, len) not in ((AF_INET, 4), (AF_INET6, 16)):
        raise Win32Error(WSAEFAULT)
    data = thread.process.memory.read(addr, len)
    if not ipaddress.ip_address(data).is_loopback:
        raise Win32Error(WSAHOST_NOT_FOUND)
    return await _hostent(thread, thread.process.machine.config.computer_name, data)


async def _entry(thread: Thread, name: str, number: int, protocol: str | None) -> int:
    """PROTOENT (name, aliases, number) or, with a protocol, SERVENT (protocol and port; their order is the width's)."""
    memory = thread.process.memory
    width = memory.pointer_size
    blobs = [name.encode() + b"\0", bytes(width), (protocol or "").encode() + b"\0"]
    buffer, places = await _record(thread, 4 * width, blobs)
    head = places[0].to_bytes(width, "little") + places[1].to_bytes(width, "little")
    value = struct.pack(">H" if protocol else "<H", number).ljust(width, b"\0")
    if protocol:
        pointer = places[2].to_bytes(width, "little")
        head += pointer + value if width == 8 else value + pointer
    else:
        head += value
    memory.write(buffer, head)
    return buffer


@ws2_32.export(category=NETWORK, ordinal=53)
async def getprotobyname(thread: Thread, name: LPCSTR) -> PVOID:
    """Return a protocol by name."""
    winsock(thread)
    text = (name or b"").decode("latin-1").lower()
    if text not in PROTOCOLS:
        raise Win32Error(WSANO_DATA)
    return await _entry(thread, text, PROTOCOLS[text], None)


@ws2_32.export(category=NETWORK, ordinal=54)
async def getprotobynumber(thread: Thread, number: INT) -> PVOID:
    """Return a protocol by number."""
    winsock(thread)
    for name, value in PROTOCOLS.items():
        if value == number:
            return await _entry(thread, name, value, None)
    raise Win32Error(WSANO_DATA)


@ws2_32.export(category=NETWORK, ordinal=55)
async def getservbyname(thread: Thread, name: LPCSTR, proto: LPCSTR) -> PVOID:
    """Return a service by name."""
    winsock(thread)
    text = (name or b"").decode("latin-1").lower()
    if text not in SERVICES:
        raise Win32Error(WSANO_DATA)
    return await _entry(thread, text, SERVICES[text], (proto or b"tcp").decode("latin-1"))


@ws2_32.export(category=NETWORK, ordinal=56)
async def getservbyport(thread: Thread, port: INT, proto: LPCSTR) -> PVOID:
    """Return a service by port, in network byte order."""
    winsock(thread)
    number = int.from_bytes((port & 0xFFFF).to_bytes(2, "little"), "big")
    for name, value in SERVICES.items():
        if value == number:
            return await _entry(thread, name, value, (proto or b"tcp").decode("latin-1"))
    raise Win32Error(WSANO_DATA)

