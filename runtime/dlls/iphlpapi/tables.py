"""iphlpapi.h: the computer's network parameters, and the sockets of its processes."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from runtime.dlls.iphlpapi.dll import iphlpapi
from runtime.dlls.types import BOOL, DWORD, INT, LPVOID, ULONG, InOut
from runtime.nt.process import Process
from runtime.nt.socket import AF_INET, AF_INET6, DATAGRAM, STREAM, Endpoint, Socket, wildcard
from runtime.nt.status import (
    ERROR_BUFFER_OVERFLOW,
    ERROR_INSUFFICIENT_BUFFER,
    ERROR_INVALID_PARAMETER,
    ERROR_NOT_SUPPORTED,
)
from runtime.nt.thread import Thread

NETWORK = "network"
HYBRID_NODE = 8
TCP_LISTENER, TCP_CONNECTIONS, TCP_ALL = 0, 1, 2
"""TCP_TABLE_CLASS modulo 3: what the rows are; 3 and above tell the process as well."""
_LISTEN, _ESTABLISHED, _CLOSE_WAIT = 2, 5, 8


@iphlpapi.export(category=NETWORK)
def GetNetworkParams(thread: Thread, pFixedInfo: LPVOID, pOutBufLen: InOut[ULONG]) -> DWORD:
    """Store FIXED_INFO: the computer's name; it has no domain and no name servers."""
    if not pOutBufLen:
        return ERROR_INVALID_PARAMETER
    width = thread.process.memory.pointer_size
    name = thread.process.encode_ansi(thread.process.machine.config.computer_name)[:128]
    data = name.ljust(132, b"\0") + bytes(132) + bytes(width)
    data += (bytes(width + 32 + 4)).ljust(48 if width == 8 else 40, b"\0")
    data += struct.pack("<I260sIII", HYBRID_NODE, b"", 0, 0, 0)
    data += bytes(-len(data) % width)
    if not pFixedInfo or pOutBufLen.get() < len(data):
        pOutBufLen.set(len(data))
        return ERROR_BUFFER_OVERFLOW
    thread.process.memory.write(pFixedInfo, data)
    pOutBufLen.set(len(data))
    return 0


def _sockets(thread: Thread, family: int, kind: int) -> Iterator[tuple[Process, Socket]]:
    for process in thread.process.machine.processes.values():
        seen = set()
        for _, entry in process.handles:
            item = entry.item
            if not isinstance(item, Socket) or item in seen or item.local is None:
                continue
            seen.add(item)
            if (item.family, item.kind) == (family, kind):
                yield process, item


def _end(family: int, end: Endpoint | None) -> tuple[bytes, bytes]:
    """Return an address and a port as the tables hold them."""
    address, port = end or (wildcard(family), 0)
    return address.packed, struct.pack(">HH", port, 0)


def _tcp_row(process: Process, socket: Socket, *, owner: bool) -> bytes:
    local, local_port = _end(socket.family, socket.local)
    remote, remote_port = _end(socket.family, socket.remote)
    state = struct.pack("<I", _LISTEN if socket.listening else _CLOSE_WAIT if socket.over else _ESTABLISHED)
    pid = struct.pack("<I", process.pid) if owner else b""
    if socket.family == AF_INET:
        return state + local + local_port + remote + remote_port + pid
    scope = bytes(4)
    if owner:
        return local + scope + local_port + remote + scope + remote_port + state + pid
    return state + local + scope + local_port + remote + scope + remote_port


def _udp_row(process: Process, socket: Socket, *, owner: bool) -> bytes:
    local, port = _end(socket.family, socket.local)
    scope = b"" if socket.family == AF_INET else bytes(4)
    return local + scope + port + (struct.pack("<I", process.pid) if owner else b"")


def _give(thread: Thread, rows: list[bytes], target: int, size: InOut[DWORD], order: int) -> int:
    data = struct.pack("<I", len(rows)) + b"".join(sorted(rows) if order else rows)
    if not size:
        return ERROR_INVALID_PARAMETER
    if not target or size.get() < len(data):
        size.set(len(data))
        return ERROR_INSUFFICIENT_BUFFER
    thread.process.memory.write(target, data)
    size.set(len(data))
    return 0


@iphlpapi.export(category=NETWORK)
def GetExtendedTcpTable(
    thread: Thread, pTcpTable: LPVOID, pdwSize: InOut[DWORD], bOrder: BOOL, ulAf: ULONG, TableClass: INT,
    Reserved: ULONG,
) -> DWORD:  # fmt: skip
    """List TCP sockets, with the process that has them where asked; modules are not told."""
    if ulAf not in (AF_INET, AF_INET6) or not 0 <= TableClass <= 8:
        return ERROR_INVALID_PARAMETER
    if TableClass > 5:
        return ERROR_NOT_SUPPORTED
    wanted = TableClass % 3
    rows = [
        _tcp_row(process, socket, owner=TableClass >= 3)
        for process, socket in _sockets(thread, ulAf, STREAM)
        if (socket.listening and wanted != TCP_CONNECTIONS) or (socket.connected and wanted != TCP_LISTENER)
    ]
    return _give(thread, rows, pTcpTable, pdwSize, bOrder)


@iphlpapi.export(category=NETWORK)
def GetExtendedUdpTable(
    thread: Thread, pUdpTable: LPVOID, pdwSize: InOut[DWORD], bOrder: BOOL, ulAf: ULONG, TableClass: INT,
    Reserved: ULONG,
) -> DWORD:  # fmt: skip
    """List UDP sockets, with the process that has them where asked; modules are not told."""
    if ulAf not in (AF_INET, AF_INET6) or not 0 <= TableClass <= 2:
        return ERROR_INVALID_PARAMETER
    if TableClass == 2:
        return ERROR_NOT_SUPPORTED
    rows = [
        _udp_row(process, socket, owner=TableClass == 1) for process, socket in _sockets(thread, ulAf, DATAGRAM)
    ]
    return _give(thread, rows, pUdpTable, pdwSize, bOrder)


def _tcp_rows(thread: Thread, family: int) -> list[bytes]:
    return [
        _tcp_row(process, socket, owner=False)
        for process, socket in _sockets(thread, family, STREAM)
        if socket.listening or socket.connected
    ]


@iphlpapi.export(category=NETWORK)
def GetTcpTable(thread: Thread, TcpTable: LPVOID, SizePointer: InOut[ULONG], Order: BOOL) -> ULONG:
    """List TCP sockets over IPv4."""
    return _give(thread, _tcp_rows(thread, AF_INET), TcpTable, SizePointer, Order)


@iphlpapi.export(category=NETWORK)
def GetTcp6Table(thread: Thread, TcpTable: LPVOID, SizePointer: InOut[ULONG], Order: BOOL) -> ULONG:
    """List TCP sockets over IPv6."""
    return _give(thread, _tcp_rows(thread, AF_INET6), TcpTable, SizePointer, Order)


@iphlpapi.export(category=NETWORK)
def GetUdpTable(thread: Thread, UdpTable: LPVOID, SizePointer: InOut[ULONG], Order: BOOL) -> ULONG:
    """List UDP sockets over IPv4."""
    rows = [_udp_row(process, socket, owner=False) for process, socket in _sockets(thread, AF_INET, DATAGRAM)]
    return _give(thread, rows, UdpTable, SizePointer, Order)


@iphlpapi.export(category=NETWORK)
def GetUdp6Table(thread: Thread, Udp6Table: LPVOID, SizePointer: InOut[ULONG], Order: BOOL) -> ULONG:
    """List UDP sockets over IPv6."""
    rows = [_udp_row(process, socket, owner=False) for process, socket in _sockets(thread, AF_INET6, DATAGRAM)]
    return _give(thread, rows, Udp6Table, SizePointer, Order)
