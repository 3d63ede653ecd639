"""Winsock: what needs no second program."""

from __future__ import annotations

import struct

import pytest

from tests.face_harness import Thread


@pytest.fixture
def thread() -> Thread:
    thread = Thread()
    data = thread.buffer(512)
    assert thread.invoke("ws2_32!WSAStartup", 0x0202, data) == 0
    assert thread.memory.read_u16(data) == 0x0202
    return thread


def test_there_is_no_network_beyond_the_machine(thread: Thread) -> None:
    socket = thread.invoke("ws2_32!socket", 2, 1, 6)
    name = thread.buffer(16)
    thread.memory.write(name, struct.pack("<H", 2) + struct.pack(">H", 80) + bytes((10, 0, 0, 1)) + bytes(8))
    assert thread.invoke("ws2_32!connect", socket, name, 16) == -1
    assert thread.last_error == 10051
    assert thread.invoke("ws2_32!bind", socket, name, 16) == -1
    assert thread.last_error == 10049
    assert thread.invoke("ws2_32!bind", 0x7FFC, name, 16) == -1
    assert thread.last_error == 10038
    assert thread.invoke("ws2_32!closesocket", socket) == 0


def test_nothing_works_before_startup() -> None:
    thread = Thread()
    assert thread.invoke("ws2_32!socket", 2, 1, 6) == -1
    assert thread.last_error == 10093
    assert thread.invoke("ws2_32!getaddrinfo", b"localhost", None, 0, thread.buffer(8)) == 10093


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"127.0.0.1", 0x0100007F),
        (b"1.2", 0x02000001),
        (b"0x7f.1", 0x0100007F),
        (b"256.1.1.1", 0xFFFFFFFF),
        (b"x", 0xFFFFFFFF),
    ],
)
def test_inet_addr(thread: Thread, text: bytes, value: int) -> None:
    assert thread.invoke("ws2_32!inet_addr", text) == value


def test_numbers_and_localhost_resolve(thread: Thread) -> None:
    out = thread.buffer(8)
    assert thread.invoke("ws2_32!getaddrinfo", b"localhost", b"http", 0, out) == 0
    first = thread.memory.read_pointer(out)
    second = thread.memory.read_pointer(first + 40)
    assert thread.memory.read_u32(first + 4) == 23
    assert thread.memory.read_u32(second + 4) == 2
    address = thread.memory.read_pointer(second + 32)
    assert thread.memory.read(address, 8) == struct.pack("<H", 2) + struct.pack(">H", 80) + b"\x7f\0\0\1"
    thread.invoke("ws2_32!freeaddrinfo", first)
    assert not thread.heap
    assert thread.invoke("ws2_32!getaddrinfo", b"example.org", None, 0, out) == 11001
    assert thread.memory.read_pointer(out) == 0


def test_names(thread: Thread) -> None:
    name = thread.buffer(32)
    assert thread.invoke("ws2_32!gethostname", name, 32) == 0
    assert thread.memory.read_str(name) == b"WINFS"
    entry = thread.invoke("ws2_32!getservbyname", b"https", b"tcp")
    assert thread.memory.read_str(thread.memory.read_pointer(entry)) == b"https"
    assert thread.memory.read(entry + 24, 2) == struct.pack(">H", 443)
    host = thread.invoke("ws2_32!gethostbyname", b"localhost")
    addresses = thread.memory.read_pointer(host + 24)
    assert thread.memory.read(thread.memory.read_pointer(addresses), 4) == b"\x7f\0\0\1"
    buffer = thread.buffer(64)
    assert thread.invoke("ws2_32!InetPtonW", 23, "fe80::1", buffer) == 1
    text = thread.buffer(128)
    assert thread.invoke("ws2_32!inet_ntop", 23, buffer, text, 64) == text
    assert thread.memory.read_str(text) == b"fe80::1"


def test_addresses_as_text(thread: Thread) -> None:
    address, text, length = thread.buffer(16), thread.buffer(130), thread.buffer(4)
    thread.memory.write(address, bytes((10, 0, 0, 255)))
    assert thread.invoke("ntdll!RtlIpv4AddressToStringA", address, text) == text + 10
    assert thread.memory.read_str(text) == b"10.0.0.255"
    thread.memory.write(address, bytes(15) + b"\1")
    thread.memory.write_u32(length, 65)
    assert thread.invoke("ntdll!RtlIpv6AddressToStringExW", address, 7, 0x5000, text, length) == 0
    assert thread.memory.read_wstr(text) == "[::1%7]:80"
    assert thread.memory.read_u32(length) == 11
    thread.memory.write_u32(length, 3)
    assert thread.invoke("ntdll!RtlIpv6AddressToStringExW", address, 0, 0, text, length) & 0xFFFFFFFF == 0xC000000D
