"""Pipes through the executive."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.file import FileObject, OpenRequest
from runtime.nt.host_file import HostFile
from runtime.nt.named_pipe import NamedPipeDevice, PipeEnd, PipeParameters
from runtime.nt.status import NtError
from tests.file_harness import BASE, READ, WRITE, Machine
from tests.test_file_objects import Fails

LISTEN, DISCONNECT, PEEK, TRANSCEIVE, WAIT = 0x110008, 0x110004, 0x11400C, 0x11C017, 0x110018


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    machine.close()


def make(machine: Machine, name: str = "p", share: int = 3, **parameters: Any) -> PipeEnd:
    device = machine.objects.root.get("Device").get("NamedPipe")  # type: ignore[union-attr]
    assert isinstance(device, NamedPipeDevice)
    request = OpenRequest(machine.process, READ | WRITE, share, ff.FILE_OPEN_IF, 0)
    end = device.create("\\" + name if name else "", request, PipeParameters(**parameters))
    end.handle: Any = machine.process.handles.insert(end, end.granted)  # type: ignore[attr-defined, misc]
    return end


def join(machine: Machine, name: str = "p", access: int = READ | WRITE) -> FileObject:
    return machine.open(f"\\??\\pipe\\{name}", access, 0, options=0)


def control(machine: Machine, file: FileObject, code: int, data: bytes = b"", length: int = 0) -> Any:
    request = machine.request(file, buffer=BASE + 8192, length=length)
    status = file.fs_control(request, code, data)
    return request, status, machine.memory.read(BASE + 8192, request.information)


def test_bytes_flow_both_ways(machine: Machine) -> None:
    server = make(machine)
    client = join(machine, "P")
    machine.write(client, b"to server")
    machine.write(server, b"to client")
    assert machine.read(server, 3) == b"to "
    assert machine.read(server, 100) == b"server"
    assert machine.read(client, 100) == b"to client"


def test_messages_stay_apart(machine: Machine) -> None:
    server = make(machine, messages=True, read_messages=True)
    client = join(machine)
    machine.write(client, b"first")
    machine.write(client, b"")
    machine.write(client, b"third")
    request = machine.request(server, buffer=BASE, length=3)
    assert server.read(request) == st.STATUS_BUFFER_OVERFLOW
    assert machine.read(server, 10) == b"st"
    assert machine.read(server, 10) == b""
    assert machine.read(server, 10) == b"third"
    machine.write(server, b"one")
    machine.write(server, b"two")
    assert machine.read(client, 10) == b"onetwo"
    client.set_information(23, struct.pack("<II", 1, 0), machine.process)
    machine.write(server, b"one")
    machine.write(server, b"two")
    assert machine.read(client, 10) == b"one"


def test_pending_read_is_served_by_a_later_write(machine: Machine) -> None:
    server = make(machine)
    client = join(machine)
    request = machine.request(server, buffer=BASE + 4096, length=100)
    assert server.read(request) == st.STATUS_PENDING
    machine.write(client, b"now")
    assert (request.status, request.information) == (st.STATUS_SUCCESS, 3)
    assert machine.memory.read(BASE + 4096, 3) == b"now"


def test_writer_waits_for_room(machine: Machine) -> None:
    server = make(machine, inbound_quota=4)
    client = join(machine)
    machine.write(client, b"1234")
    machine.memory.data[:4] = b"5678"
    request = machine.request(client, buffer=BASE, length=4)
    assert client.write(request) == st.STATUS_PENDING
    assert machine.read(server, 6) == b"123456"
    assert not request.done
    assert machine.read(server, 6) == b"78"
    assert (request.status, request.information) == (st.STATUS_SUCCESS, 4)


def test_connection_states(machine: Machine) -> None:
    server = make(machine, maximum=1)
    with Fails(st.STATUS_INSTANCE_NOT_AVAILABLE):
        make(machine)
    request, status, _ = control(machine, server, LISTEN)
    assert status == st.STATUS_PENDING
    client = join(machine)
    assert request.status == st.STATUS_SUCCESS
    with Fails(st.STATUS_PIPE_CONNECTED):
        control(machine, server, LISTEN)
    with Fails(st.STATUS_PIPE_NOT_AVAILABLE):
        join(machine)
    machine.write(client, b"last words")
    machine.shut(client)
    assert machine.read(server, 100) == b"last words"
    with Fails(st.STATUS_PIPE_BROKEN):
        machine.read(server, 1)
    with Fails(st.STATUS_PIPE_CLOSING):
        machine.write(server, b"x")
    with Fails(st.STATUS_PIPE_CLOSING):
        control(machine, server, LISTEN)
    control(machine, server, DISCONNECT)
    with Fails(st.STATUS_PIPE_DISCONNECTED):
        machine.read(server, 1)
    request, status, _ = control(machine, server, LISTEN)
    client = join(machine)
    reading = machine.request(client, buffer=BASE, length=1)
    client.read(reading)
    control(machine, server, DISCONNECT)
    assert reading.status == st.STATUS_PIPE_DISCONNECTED
    machine.shut(server)
    with Fails(st.STATUS_OBJECT_NAME_NOT_FOUND):
        join(machine)


def test_one_way_pipes(machine: Machine) -> None:
    make(machine, share=ff.FILE_SHARE_READ)
    with Fails(st.STATUS_ACCESS_DENIED):
        join(machine, access=READ | WRITE)
    join(machine, access=READ)
    with Fails(st.STATUS_ACCESS_DENIED):
        make(machine, share=ff.FILE_SHARE_WRITE)


def test_peek_leaves_data(machine: Machine) -> None:
    server = make(machine, messages=True, read_messages=True)
    client = join(machine)
    machine.write(client, b"abc")
    machine.write(client, b"de")
    _, status, data = control(machine, server, PEEK, length=18)
    assert status == st.STATUS_BUFFER_OVERFLOW
    assert data == struct.pack("<IIII", 3, 5, 2, 3) + b"ab"
    assert machine.read(server, 10) == b"abc"


def test_transceive_sends_and_receives(machine: Machine) -> None:
    server = make(machine, messages=True, read_messages=True)
    client = join(machine)
    client.set_information(23, struct.pack("<II", 1, 0), machine.process)
    request, status, _ = control(machine, client, TRANSCEIVE, b"question", length=100)
    assert status == st.STATUS_PENDING
    assert machine.read(server, 100) == b"question"
    machine.write(server, b"answer")
    assert machine.memory.read(BASE + 8192, request.information) == b"answer"


def test_waiting_for_a_free_instance(machine: Machine) -> None:
    root = machine.open("\\??\\pipe\\", READ, options=0)
    name = "p".encode("utf-16-le")
    wanted = struct.pack("<qIB", -10_000_000, len(name), 1) + b"\0" + name
    with Fails(st.STATUS_OBJECT_NAME_NOT_FOUND):
        control(machine, root, WAIT, wanted)
    make(machine)
    assert control(machine, root, WAIT, wanted)[1] == st.STATUS_SUCCESS
    join(machine)
    request, status, _ = control(machine, root, WAIT, wanted)
    assert status == st.STATUS_PENDING
    make(machine)
    assert request.status == st.STATUS_SUCCESS
    assert machine.list(root, "*") == ["p"]


def test_anonymous_pipe(machine: Machine) -> None:
    reader = make(machine, "", share=ff.FILE_SHARE_WRITE)
    writer = machine.open("", WRITE, 0, root=reader, options=0)
    machine.write(writer, b"x")
    assert machine.read(reader, 5) == b"x"
    machine.shut(writer)
    with Fails(st.STATUS_PIPE_BROKEN):
        machine.read(reader, 5)


def test_closing_cancels_own_requests(machine: Machine) -> None:
    server = make(machine)
    join(machine)
    request = machine.request(server, buffer=BASE, length=5)
    server.read(request)
    assert request in machine.thread.pending_io
    machine.shut(server)
    assert request.status == st.STATUS_CANCELLED
    assert not machine.thread.pending_io


async def test_host_pipe_read_waits_without_blocking(machine: Machine) -> None:
    reading, writing = os.pipe()
    file = HostFile(machine.process, reading, readable=True, writable=False)
    request = machine.request(file, buffer=BASE, length=100)

    async def read() -> None:
        assert await request.finish(file.read(request)) == st.STATUS_SUCCESS

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        await trio.testing.wait_all_tasks_blocked()
        os.write(writing, b"late")
    assert machine.memory.read(BASE, request.information) == b"late"
    os.close(writing)
    again = machine.request(file, buffer=BASE, length=100)
    assert await again.finish(file.read(again)) == st.STATUS_PIPE_BROKEN
    file.closed()


async def test_host_pipe_write_waits_for_the_reader(machine: Machine) -> None:
    reading, writing = os.pipe()
    file = HostFile(machine.process, writing, readable=False, writable=True)
    machine.memory.data[:60000] = b"x" * 60000
    total = 0

    async def write() -> None:
        for _ in range(3):
            request = machine.request(file, buffer=BASE, length=60000)
            assert await request.finish(file.write(request)) == st.STATUS_SUCCESS
            assert request.information == 60000

    async with trio.open_nursery() as nursery:
        nursery.start_soon(write)
        while total < 180000:
            await trio.testing.wait_all_tasks_blocked()
            total += len(os.read(reading, 1 << 16))
    os.close(reading)
    request = machine.request(file, buffer=BASE, length=10)
    with pytest.raises(NtError) as caught:
        file.write(request)
    assert caught.value.status == st.STATUS_PIPE_CLOSING
    file.closed()
