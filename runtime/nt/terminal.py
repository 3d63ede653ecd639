"""The host terminal behind a console: its modes, its size, and writing to it without ever blocking the machine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import struct
import termios
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Callable

_REPLY = re.compile(rb"\x1b\[(\d+);(\d+)R")
_LFLAG = 3
_CHUNK = 1 << 14
_A_MOMENT = 0.05
_REPORT_PATIENCE = 1.0
"""Seconds in which a terminal says where its cursor is: it may be far away, or the machine busy."""
_DEV_TTY = os.makedev(5, 0)


class Terminal:
    """Descriptors of a terminal, duplicated from those given; `close` puts the terminal's modes back.

    `input_fd` or `output_fd` may be -1: a terminal that only shows, or only reads.
    """

    def __init__(self, input_fd: int, output_fd: int) -> None:
        self.input_fd = os.dup(input_fd) if input_fd >= 0 else -1
        self.output_fd = os.dup(output_fd) if output_fd >= 0 else -1
        self._output = -1
        if output_fd >= 0:
            try:
                flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
                self._output = os.open(f"/proc/self/fd/{output_fd}", flags)
            except OSError:
                self._output = -1
        self._saved: list[object] | None = None
        self._can_report = True
        self.owner = 0
        """The process that has the terminal, when this one has it from there; 0: this one."""
        self.on_hidden: Callable[[], None] | None = None
        """Called when input is wanted while the owner is in the background; is to pause this terminal."""
        self._paused: trio.Event | None = None
        self._waits: set[trio.CancelScope] = set()
        self.typed_ahead = b""
        """Input that came in while a report of the terminal was waited for."""

    def close(self) -> None:
        """Put the terminal's modes back and give up the descriptors."""
        self._restore()
        for fd in (self._output, self.input_fd, self.output_fd):
            if fd >= 0:
                os.close(fd)
        self._output = self.input_fd = self.output_fd = -1

    def _restore(self) -> bool:
        """Put the modes back; returns whether they had been changed."""
        saved, self._saved = self._saved, None
        if saved is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.input_fd, termios.TCSADRAIN, saved)  # type: ignore[arg-type]
        return saved is not None

    def pause(self) -> bool:
        """Leave the terminal to others: its modes as they were, nothing read. Called in the loop.

        Returns whether the modes had been changed; whoever resumes changes them again.
        """
        if self._paused is None:
            self._paused = trio.Event()
        for scope in self._waits:
            scope.cancel()
        return self._restore()

    def resume(self) -> None:
        """Read again. Called in the loop."""
        if self._paused is not None:
            self._paused.set()
            self._paused = None

    def size(self) -> tuple[int, int]:
        """Return columns and rows; 80 by 25 where the terminal does not know."""
        for fd in (self.output_fd, self.input_fd):
            if fd >= 0:
                with contextlib.suppress(OSError):
                    rows, columns = struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8)))[:2]
                    if rows and columns:
                        return columns, rows
        return 80, 25

    def set_input_mode(self, *, lines: bool, echo: bool, signals: bool) -> None:
        """Let the terminal edit lines, echo what is typed, and turn Ctrl-C into a signal, or not."""
        if self.input_fd < 0:
            return
        with contextlib.suppress(termios.error):
            mode = termios.tcgetattr(self.input_fd)
            if self._saved is None:
                self._saved = list(mode)
            wanted = mode[_LFLAG] & ~(termios.ICANON | termios.ECHO | termios.ISIG)
            wanted |= (
                (termios.ICANON if lines else 0) | (termios.ECHO if echo else 0) | (termios.ISIG if signals else 0)
            )
            if wanted != mode[_LFLAG]:
                mode[_LFLAG] = wanted
                termios.tcsetattr(self.input_fd, termios.TCSANOW, mode)

    def readable(self) -> bool:
        """Whether a read would not block."""
        if self.input_fd < 0 or self._paused is not None or not self._in_front():
            return False
        return bool(select.select([self.input_fd], [], [], 0)[0])

    def _in_front(self) -> bool:
        """Whether the owner may read from its terminal: the kernel sees to that only for processes of its session."""
        if not self.owner:
            return True
        try:
            with open(f"/proc/{self.owner}/stat", "rb") as file:
                _, _, group, _, number, foreground = file.read().rpartition(b")")[2].split()[:6]
            device = os.fstat(self.input_fd).st_rdev
        except (OSError, ValueError):
            return True
        tty = int(number)
        its_own = os.makedev(tty >> 8 & 0xFFF, tty & 0xFF | tty >> 12 & 0xFFF00) == device or device == _DEV_TTY
        return not its_own or group == foreground

    async def wait_readable(self, fd: int) -> None:
        """Return when `fd`, the input or a duplicate of it, can be read, and is to be; to be awaited in trio."""
        while True:
            if self._paused is not None:
                await self._paused.wait()
            if self.on_hidden is not None and not self._in_front():
                self.on_hidden()
                await trio.sleep(_A_MOMENT)
                continue
            with trio.CancelScope() as scope:
                self._waits.add(scope)
                try:
                    await trio.lowlevel.wait_readable(fd)
                finally:
                    self._waits.discard(scope)
            if not scope.cancelled_caught:
                return

    def read(self) -> bytes:
        """Read what is there; b"" at the end of input. May block. Raises OSError."""
        if self.typed_ahead:
            data, self.typed_ahead = self.typed_ahead, b""
            return data
        return os.read(self.input_fd, 4096)

    def write_some(self, data: bytes) -> int:
        """Write what goes out without blocking. Raises OSError."""
        done = 0
        try:
            while done < len(data):
                if self._output >= 0:
                    done += os.write(self._output, data[done : done + _CHUNK])
                elif select.select([], [self.output_fd], [], 0)[1]:
                    done += os.write(self.output_fd, data[done : done + 1024])
                else:
                    break
        except BlockingIOError:
            pass
        return done

    async def wait_writable(self) -> None:
        """Return when more goes out; to be awaited in trio."""
        await trio.lowlevel.wait_writable(self._output if self._output >= 0 else self.output_fd)

    def cursor(self) -> tuple[int, int] | None:
        """Ask the terminal where its cursor is: column and row from 0, or None when it does not say at once."""
        if not self._can_report or self.input_fd < 0 or self.output_fd < 0:
            return None
        try:
            before = termios.tcgetattr(self.input_fd)
            raw = list(before)
            raw[_LFLAG] &= ~(termios.ICANON | termios.ECHO)
            termios.tcsetattr(self.input_fd, termios.TCSANOW, raw)
        except termios.error:
            return None
        data = b""
        try:
            os.write(self.output_fd, b"\x1b[6n")
            while select.select([self.input_fd], [], [], _REPORT_PATIENCE)[0]:
                data += os.read(self.input_fd, 256)
                found = _REPLY.search(data)
                if found:
                    self.typed_ahead += data[: found.start()] + data[found.end() :]
                    return int(found[2]) - 1, int(found[1]) - 1
        except OSError:
            pass
        finally:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.input_fd, termios.TCSANOW, before)
        self.typed_ahead += data
        self._can_report = False
        return None
