"""winsock2.h: what a protocol is, and giving a socket to another process (WSADuplicateSocket)."""

from __future__ import annotations

import struct

from runtime.dlls.text import encode_wide
from runtime.dlls.types import DWORD, INT, LPVOID
from runtime.dlls.ws2_32.dll import ws2_32
from runtime.dlls.ws2_32.endpoints import SOCKET, socket_of
from runtime.dlls.ws2_32.state import AF_INET, NETWORK, WSAEFAULT, WSAEINVAL
from runtime.nt.socket import STREAM, Socket
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

_FAMILY = 76
_RESERVED = 112
"""Offsets of iAddressFamily and dwProviderReserved, the handle in the other process, in WSAPROTOCOL_INFO."""


def protocol_info(family: int, kind: int, protocol: int, wide: bool, reserved: int = 0) -> bytes:
    """WSAPROTOCOL_INFO: 628 bytes, or 372 with a narrow name."""
    flags = 0x20066 if kind == STREAM else 0x20609
    address = 16 if family == AF_INET else 28
    provider = bytes.fromhex("a01a0fe78babcf118ca300805f48a192")
    name = "TCP" if kind == STREAM else "UDP"
    label = f"MSAFD Tcpip [{name}/{'IP' if family == AF_INET else 'IPv6'}]"
    head = struct.pack("<IIIII16sI", flags, 0, 0, 0, 8, provider, 1000 + protocol) + struct.pack("<8I", 1, *[0] * 7)
    largest = 0 if kind == STREAM else 65527
    tail = struct.pack("<iiiiiiiiiiI", 2, family, address, address, kind, protocol, 0, 0, 0, largest, reserved)
    return head + tail + (encode_wide(label).ljust(512, b"\0") if wide else label.encode().ljust(256, b"\0"))


def described_protocol(thread: Thread, info: int) -> tuple[int, int, int, int]:
    """Read family, kind, protocol and handle of a WSAPROTOCOL_INFO."""
    memory = thread.process.memory
    family, _, _, kind, protocol = struct.unpack("<iiiii", memory.read(info + _FAMILY, 20))
    return family, kind, protocol, memory.read_u32(info + _RESERVED)


def take_over(thread: Thread, handle: int, inherit: bool) -> int:
    """Return the socket that another process gave this one with WSADuplicateSocket. Raises Win32Error(WSAEINVAL)."""
    handles = thread.process.handles
    try:
        handles.get(handle, Socket)
        handles.entry(handle).inherit = inherit
    except NtError:
        raise Win32Error(WSAEINVAL) from None
    return handle


def _duplicate(thread: Thread, s: int, process_id: int, target: int, *, wide: bool) -> int:
    source = socket_of(thread, s)
    receiver = thread.process.machine.processes.get(process_id)
    if receiver is None:
        raise Win32Error(WSAEINVAL)
    if not target:
        raise Win32Error(WSAEFAULT)
    handle = receiver.handles.insert(source, thread.process.handles.entry(s).access)
    data = protocol_info(source.family, source.kind, source.protocol, wide, handle)
    thread.process.memory.write(target, data)
    return 0


@ws2_32.export(category=NETWORK, fails=-1)
def WSADuplicateSocketW(thread: Thread, s: SOCKET, dwProcessId: DWORD, lpProtocolInfo: LPVOID) -> INT:
    """Describe a socket so that WSASocket in process `dwProcessId` makes a handle to the same one."""
    return _duplicate(thread, s, dwProcessId, lpProtocolInfo, wide=True)


@ws2_32.export(category=NETWORK, fails=-1)
def WSADuplicateSocketA(thread: Thread, s: SOCKET, dwProcessId: DWORD, lpProtocolInfo: LPVOID) -> INT:
    """Describe a socket so that WSASocket in process `dwProcessId` makes a handle to the same one."""
    return _duplicate(thread, s, dwProcessId, lpProtocolInfo, wide=False)
