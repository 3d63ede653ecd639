"""Consoles on a pseudo terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import trio

from runtime.nt import console_keys
from runtime.nt import status as st
from runtime.nt.console import Console, codec_of, colour_sequence
from runtime.nt.console_file import ConsoleInputFile, ConsoleOutputFile, standard_console_handles
from runtime.nt.status import NtError
from runtime.nt.terminal import Terminal
from tests.conftest import Compiler
from tests.file_harness import BASE, READ, WRITE, Machine
from tests.test_file_objects import Fails


class Setup:
    """A console, the far side of its terminal, and file objects."""

    def __init__(self, folder: Path) -> None:
        self.machine = Machine(folder)
        self.far, near = pty.openpty()
        self.near = near
        host: Any = SimpleNamespace(lock=threading.Lock(), token=None)
        self.console = Console(host, Terminal(near, near))
        self.host = host
        self.machine.process.console = self.console
        self.input, self.output, _ = (cast(Any, file) for file in self._files())

    def _files(self) -> tuple[Any, ...]:
        return standard_console_handles(self.machine.process, self.console)

    def close(self) -> None:
        self.console.close()
        self.machine.close()
        os.close(self.far)
        os.close(self.near)


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    setup = Setup(tmp_path)
    yield setup
    setup.close()


async def read(setup: Setup, length: int) -> bytes:
    request = setup.machine.request(setup.input, buffer=BASE, length=length)
    assert await request.finish(setup.input.read(request)) == st.STATUS_SUCCESS
    return setup.machine.memory.read(BASE, request.information)


async def test_lines_are_read_with_carriage_return_and_rest_is_kept(setup: Setup) -> None:
    os.write(setup.far, b"hello\n")
    assert await read(setup, 3) == b"hel"
    assert await read(setup, 100) == b"lo\r\n"


async def test_reading_waits_in_trio(setup: Setup) -> None:
    async with trio.open_nursery() as nursery:

        async def read_line() -> None:
            assert await read(setup, 100) == b"typed\r\n"

        nursery.start_soon(read_line)
        await trio.testing.wait_all_tasks_blocked()
        os.write(setup.far, b"typed\n")


async def test_control_z_is_the_end_of_file(setup: Setup) -> None:
    os.write(setup.far, b"\x16\x1a\n")  # quoted: the terminal keeps Ctrl-Z to itself
    assert await read(setup, 100) == b""


async def test_characters_come_singly_without_line_input(setup: Setup) -> None:
    setup.console.set_input_mode(0)
    os.write(setup.far, b"x")
    assert await read(setup, 100) == b"x"
    with Fails(st.STATUS_INVALID_PARAMETER):
        setup.console.set_input_mode(4)


async def test_text_goes_out_as_utf8_from_any_code_page(setup: Setup) -> None:
    machine = setup.machine
    machine.write(setup.output, b"\x81\x1b[1m\n")
    assert os.read(setup.far, 100) == "ü←[1m\r\n".encode()
    setup.console.set_output_code_page(65001)
    setup.console.set_output_mode(7)
    machine.write(setup.output, "é".encode()[:1])
    machine.write(setup.output, "é".encode()[1:] + b"\x1b[m")
    assert os.read(setup.far, 100) == "é\x1b[m".encode()
    await setup.console.write("\U0001f600")
    assert os.read(setup.far, 100) == "\U0001f600".encode()


def test_opening_console_devices(setup: Setup) -> None:
    machine = setup.machine
    assert isinstance(machine.open("\\??\\CONIN$", READ | WRITE), ConsoleInputFile)
    assert isinstance(machine.open("\\??\\CONOUT$", READ | WRITE), ConsoleOutputFile)
    assert isinstance(machine.open("\\??\\CON", READ), ConsoleInputFile)
    assert isinstance(machine.open("\\??\\CON", WRITE), ConsoleOutputFile)
    machine.process.console = None
    with Fails(st.STATUS_INVALID_HANDLE):
        machine.open("\\??\\CONIN$", READ)


async def test_events_are_keys_pressed_and_released(setup: Setup) -> None:
    os.write(setup.far, b"A\x1b[A\r")
    setup.console.input.poll_events()
    events = setup.console.input.events
    assert [(event.down, event.key, event.character) for event in events] == [
        (True, 0x41, "A"), (False, 0x41, "A"), (True, 0x26, ""), (False, 0x26, ""),
        (True, 0x0D, "\r"), (False, 0x0D, "\r"),
    ]  # fmt: skip
    assert events[0].control == console_keys.SHIFT_PRESSED
    record = events[0].pack(wide=True)
    assert len(record) == console_keys.RECORD_SIZE
    assert console_keys.unpack(record, wide=True) == events[0]
    assert struct.unpack("<HHIHHHHI", record) == (1, 0, 1, 1, 0x41, 0x1E, 0x41, 0x10)
    assert setup.input.signalled(None)
    setup.console.input.flush()
    assert not setup.input.signalled(None)


async def test_waiting_for_input(setup: Setup) -> None:
    from runtime.nt.wait import wait_for

    setup.host.token = trio.lowlevel.current_trio_token()
    async with trio.open_nursery() as nursery:

        async def wait() -> None:
            assert await wait_for(setup.machine.thread, [setup.input]) == 0

        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        os.write(setup.far, b"x")


def test_code_pages_and_colours() -> None:
    assert codec_of(1252) == "cp1252"
    with pytest.raises(NtError):
        codec_of(12345)
    assert colour_sequence(7) == "\x1b[0m"
    assert colour_sequence(0x0C) == "\x1b[0;91;49m"
    assert colour_sequence(0x1E) == "\x1b[0;93;44m"


def test_terminal_size(setup: Setup) -> None:
    fcntl.ioctl(setup.far, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
    terminal = setup.console.terminal
    assert terminal is not None
    assert terminal.size() == (101, 33)


def test_a_program_reads_back_what_its_screen_shows(compile_c: Compiler, winfs_home: Path, tmp_path: Path) -> None:
    source = Path(__file__).parent / "guest" / "console" / "cells.c"
    program = compile_c(source.read_text(), name="cells.exe")
    far, near = pty.openpty()
    fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 80, 0, 0))
    environment = os.environ | {"WINFS_HOME": str(winfs_home)}
    running = subprocess.Popen(
        [sys.executable, "-m", "winfs", "run", program],
        stdin=near, stdout=near, stderr=subprocess.PIPE, cwd=tmp_path, env=environment,
    )  # fmt: skip
    os.close(near)
    shown = b""
    with contextlib.suppress(OSError), open(far, "rb", buffering=0) as terminal:
        while data := terminal.read(4096):
            shown += data
    _, errors = running.communicate(timeout=120)
    assert (running.returncode, errors) == (0, b"")
    assert (tmp_path / "report.txt").read_bytes() == source.with_suffix(".expected").read_bytes()
    assert b"\x1b[1;2H\x1b[0;93;44mel\x1b[0;97;42ml" in shown
