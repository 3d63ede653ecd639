"""Standard handles of a program that a person starts: host descriptors, or a console where they are a terminal."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runtime.nt import file_flags as ff
from runtime.nt.console import Console
from runtime.nt.console_file import ConsoleInputFile, ConsoleOutputFile
from runtime.nt.file import FileObject, OpenRequest
from runtime.nt.host_file import HostFile
from runtime.nt.terminal import Terminal

if TYPE_CHECKING:
    from runtime.nt.process import Process


def open_streams(process: Process, descriptors: Sequence[int | None], title: str = "") -> tuple[int, int, int]:
    """Give a process a console and handles to standard input, output and error; returns the handles.

    The caller keeps the descriptors. None is no handle (0). The console is shown on whatever of them is a terminal; it
    has none when nothing is.
    """
    terminals = [fd for fd in descriptors if fd is not None and os.isatty(fd)]
    inputs = [fd for fd in terminals if _access(fd) != os.O_WRONLY]
    outputs = [fd for fd in reversed(terminals) if _access(fd) != os.O_RDONLY]
    terminal = Terminal(inputs[0] if inputs else -1, outputs[0] if outputs else -1) if terminals else None
    console = Console(process.machine, terminal, title)
    console.input_code_page = console.output_code_page = process.code_pages[1]
    console.attach(process)
    process.console = console
    handles = [0, 0, 0]
    for index, fd in enumerate(descriptors):
        if fd is None:
            continue
        item: FileObject
        if fd in terminals:
            item = _console_file(process, console, writing=index > 0)
        else:
            writable = index > 0
            readable = not writable or _access(fd) == os.O_RDWR
            item = HostFile(process, os.dup(fd), readable=readable, writable=writable)
        handles[index] = process.handles.insert(item, item.granted, inherit=True)
    return handles[0], handles[1], handles[2]


def _console_file(process: Process, console: Console, *, writing: bool) -> FileObject:
    access = ff.FILE_GENERIC_READ | ff.FILE_GENERIC_WRITE
    request = OpenRequest(process, access, 3, options=ff.FILE_SYNCHRONOUS_IO_NONALERT)
    return ConsoleOutputFile(console, request) if writing else ConsoleInputFile(console, request)


def _access(descriptor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
