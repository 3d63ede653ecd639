"""Consoles: what a group of processes shares, shown on a host terminal if there is one.

A console without a terminal still has code pages, a title and a list of processes, but CONIN$ and CONOUT$ cannot be
opened. Line editing is the terminal's own. Colours and cursor movements go out as VT sequences; what the screen shows
is worked out when a program asks for it.
"""

from __future__ import annotations

import codecs
import os
import struct
from typing import TYPE_CHECKING

import trio

from runtime.nt import console_keys as keys
from runtime.nt.console_keys import KeyEvent
from runtime.nt.console_screen import Cell, Screen
from runtime.nt.park import call_in_loop, leave_engine
from runtime.nt.status import STATUS_INVALID_PARAMETER, NtError
from runtime.nt.terminal import Terminal
from runtime.nt.wait import Waitable

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtime.machine import Machine
    from runtime.nt.output import Output
    from runtime.nt.process import Process

ENABLE_PROCESSED_INPUT = 0x1
ENABLE_LINE_INPUT = 0x2
ENABLE_ECHO_INPUT = 0x4
ENABLE_WINDOW_INPUT = 0x8
ENABLE_MOUSE_INPUT = 0x10
ENABLE_INSERT_MODE = 0x20
ENABLE_QUICK_EDIT_MODE = 0x40
ENABLE_EXTENDED_FLAGS = 0x80
ENABLE_AUTO_POSITION = 0x100
ENABLE_VIRTUAL_TERMINAL_INPUT = 0x200
VALID_INPUT_MODE = 0x3FF

ENABLE_PROCESSED_OUTPUT = 0x1
ENABLE_WRAP_AT_EOL_OUTPUT = 0x2
ENABLE_VIRTUAL_TERMINAL_PROCESSING = 0x4
DISABLE_NEWLINE_AUTO_RETURN = 0x8
ENABLE_LVB_GRID_WORLDWIDE = 0x10
VALID_OUTPUT_MODE = 0x1F

DEFAULT_ATTRIBUTES = 0x07
_GLYPHS = "\0☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"
_PROCESSED = "\a\b\t\n\r"
_COLOURS = (0, 4, 2, 6, 1, 5, 3, 7)
"""Windows colour (blue is bit 0) → ANSI colour (red is bit 0)."""


def codec_of(code_page: int) -> str:
    """Return the Python codec of a code page. Raises NtError STATUS_INVALID_PARAMETER for one there is none for."""
    special = {65001: "utf-8", 20127: "ascii", 28591: "latin-1", 1200: "utf-16-le"}
    name = special.get(code_page) or f"cp{code_page}"
    try:
        codecs.lookup(name)
    except LookupError:
        raise NtError(STATUS_INVALID_PARAMETER) from None
    return name


def colour_sequence(attributes: int) -> str:
    """Return the VT sequence that selects console attributes."""
    if attributes & 0xFF == DEFAULT_ATTRIBUTES:
        codes = ["0"]
    else:
        foreground = _COLOURS[attributes & 7] + (90 if attributes & 8 else 30)
        background = _COLOURS[attributes >> 4 & 7] + (100 if attributes & 0x80 else 40)
        codes = ["0", str(foreground), str(background if attributes & 0xF0 else 49)]
    if attributes & 0x4000:
        codes.append("7")
    if attributes & 0x8000:
        codes.append("4")
    return f"\x1b[{';'.join(codes)}m"


class Console:
    """One console and the processes attached to it."""

    def __init__(self, machine: Machine, terminal: Terminal | None = None, title: str = "") -> None:
        self.machine = machine
        self.terminal = terminal
        self.title = title
        self.original_title = title
        self.input_mode = 0x1F7
        self.output_mode = ENABLE_PROCESSED_OUTPUT | ENABLE_WRAP_AT_EOL_OUTPUT
        self.input_code_page = 437
        self.output_code_page = 437
        self.attributes = DEFAULT_ATTRIBUTES
        self.cursor_size = 25
        self.cursor_visible = True
        self.processes: list[Process] = []
        """Attached, in the order they came."""
        self.input = ConsoleInput(self)
        self.pending_bytes = b""
        """Input that was read as text and did not fit a caller's buffer as bytes."""
        self._decoder: codecs.IncrementalDecoder | None = None
        self.screen = Screen()
        self.output: Output | None = None
        """What the terminal got, where that is kept."""

    def close(self) -> None:
        """Put the terminal back as it was."""
        if self.terminal is not None:
            if self.attributes != DEFAULT_ATTRIBUTES:
                self.terminal.write_some(b"\x1b[0m")
            self.terminal.close()

    def pause(self) -> Callable[[], None]:
        """Stop the programs and leave the terminal to others, as Ctrl-Z asks; returns what goes on. In the loop.

        The machine's lock is held, then and now.
        """
        changed = self.terminal.pause() if self.terminal is not None else False
        threads = [thread for process in self.processes for thread in process.threads.values()]
        for thread in threads:
            thread.suspend()

        def resume() -> None:
            if self.terminal is not None and self.terminal.input_fd >= 0:
                self.terminal.resume()
                if changed:
                    self.input.apply_mode()
            for thread in threads:
                thread.resume()

        return resume

    def resized(self) -> None:
        """The terminal has another size; programs that want to know are told. The machine's lock is held."""
        if self.terminal is not None and self.input_mode & ENABLE_WINDOW_INPUT:
            size = struct.pack("<HHhh12x", keys.WINDOW_BUFFER_SIZE_EVENT, 0, *self.terminal.size())
            self.input.put(KeyEvent(False, 0, raw=size))

    def attach(self, process: Process) -> None:
        """Count a process among the console's."""
        if process not in self.processes:
            self.processes.append(process)

    def detach(self, process: Process) -> None:
        """The process has gone or given the console up."""
        if process in self.processes:
            self.processes.remove(process)
            if not self.processes:
                self.close()

    # Code pages and modes

    def set_output_code_page(self, code_page: int) -> None:
        """SetConsoleOutputCP. Raises NtError STATUS_INVALID_PARAMETER."""
        codec_of(code_page)
        self.output_code_page = code_page
        self._decoder = None

    def set_input_code_page(self, code_page: int) -> None:
        """SetConsoleCP. Raises NtError STATUS_INVALID_PARAMETER."""
        codec_of(code_page)
        self.input_code_page = code_page

    def set_input_mode(self, mode: int) -> None:
        """SetConsoleMode for input. Raises NtError STATUS_INVALID_PARAMETER."""
        if mode & ~VALID_INPUT_MODE or (mode & ENABLE_ECHO_INPUT and not mode & ENABLE_LINE_INPUT):
            raise NtError(STATUS_INVALID_PARAMETER)
        self.input_mode = mode
        self.input.apply_mode()

    def set_output_mode(self, mode: int) -> None:
        """SetConsoleMode for output. Raises NtError STATUS_INVALID_PARAMETER."""
        if mode & ~VALID_OUTPUT_MODE:
            raise NtError(STATUS_INVALID_PARAMETER)
        self.output_mode = mode

    # Output

    def decode(self, data: bytes) -> str:
        """Decode what a program wrote as bytes; a character may come in parts."""
        if self._decoder is None:
            self._decoder = codecs.getincrementaldecoder(codec_of(self.output_code_page))("replace")
        return self._decoder.decode(data)

    def render(self, text: str) -> bytes:
        """Return what the terminal has to be sent to show `text`."""
        keep = _PROCESSED + "\0" if self.output_mode & ENABLE_PROCESSED_OUTPUT else "\0"
        if self.output_mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING:
            keep += "\x1b"
        if not text.isprintable():
            text = "".join(_GLYPHS[ord(c)] if c < " " and c not in keep else c for c in text)
        clean = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return clean.encode("utf-8", "replace")

    async def write(self, text: str) -> None:
        """Show text. Waits, without holding up the machine, while the terminal takes nothing."""
        await self.send(self.render(text))

    async def send(self, data: bytes) -> None:
        """Send bytes to the terminal as they are. Raises OSError."""
        terminal = self.terminal
        assert terminal is not None
        self.screen.sent(data)
        if self.output is not None:
            self.output.add(data)
        done = terminal.write_some(data)
        while done < len(data):
            await leave_engine()
            await terminal.wait_writable()
            done += terminal.write_some(data[done:])

    def size(self) -> tuple[int, int]:
        """Return the columns and rows of the terminal."""
        assert self.terminal is not None
        return self.terminal.size()

    def cells(self) -> list[list[Cell]]:
        """Return what the screen shows, by rows."""
        assert self.terminal is not None
        return self.screen.rows(self.terminal.size(), self.terminal.cursor())

    def cursor(self) -> tuple[int, int]:
        """Return the cursor's column and row; the lower left corner when the terminal does not say."""
        assert self.terminal is not None
        columns, rows = self.size()
        x, y = self.terminal.cursor() or (0, rows - 1)
        return min(x, columns - 1), min(y, rows - 1)

    def state(self) -> dict[str, str | int | bool | None]:
        """What it is, as plain data."""
        return {
            "title": self.title,
            "terminal": self.terminal is not None,
            "input_mode": self.input_mode,
            "output_mode": self.output_mode,
            "input_code_page": self.input_code_page,
            "output_code_page": self.output_code_page,
        }


class InputInterrupted(Exception):
    """A read of typed text was broken off by Ctrl-C: it ends with nothing, and ERROR_OPERATION_ABORTED."""


class ConsoleInput:
    """What is typed: lines for ReadConsole, key events for ReadConsoleInput."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.events: list[KeyEvent] = []
        self._line = ""
        """Rest of a line (or of raw characters) that a read left."""
        self._partial = b""
        self._ended = False
        self._watchers: dict[Waitable, None] = {}
        self._watching = False
        self._reading: trio.Lock | None = None
        self._event_readers: dict[trio.CancelScope, trio.lowlevel.TrioToken] = {}
        self._text_readers: dict[trio.CancelScope, trio.lowlevel.TrioToken] = {}

    # Modes

    def apply_mode(self) -> None:
        """Set the terminal as the console's input mode says."""
        terminal, mode = self._console.terminal, self._console.input_mode
        if terminal is not None:
            terminal.set_input_mode(
                lines=bool(mode & ENABLE_LINE_INPUT),
                echo=bool(mode & ENABLE_ECHO_INPUT),
                signals=bool(mode & ENABLE_PROCESSED_INPUT),
            )

    def _want_keys(self) -> None:
        terminal = self._console.terminal
        if terminal is not None:
            terminal.set_input_mode(
                lines=False, echo=False, signals=bool(self._console.input_mode & ENABLE_PROCESSED_INPUT)
            )

    # Reading text

    def ready(self) -> bool:
        """Whether a read would find something."""
        terminal = self._console.terminal
        return bool(self._line or self.events or self._ended) or (
            terminal is not None and (bool(terminal.typed_ahead) or terminal.readable())
        )

    async def read_text(self, count: int) -> str:
        """ReadConsole: up to `count` UTF-16 units of a line, or of what was typed when lines are off; "" at the end.

        Raises InputInterrupted.
        """
        if not self._line:
            self.apply_mode()
            if self.ready():
                await self._fetch_text()
            else:
                await self._wait_for_text()
        text, self._line = _split_units(self._line, count)
        return text

    async def _wait_for_text(self) -> None:
        await leave_engine()
        with trio.CancelScope() as scope:
            self._text_readers[scope] = trio.lowlevel.current_trio_token()
            try:
                await self._fetch_text()
            finally:
                del self._text_readers[scope]
        if scope.cancelled_caught:
            raise InputInterrupted

    def interrupt(self) -> None:
        """Ctrl-C was pressed: whoever waits for text gets none."""
        self._line = ""
        for scope, token in self._text_readers.items():
            call_in_loop(token, scope.cancel)

    async def _fetch_text(self) -> None:
        mode = self._console.input_mode
        lines = bool(mode & ENABLE_LINE_INPUT)
        prefix = "".join(event.character for event in self.events if event.down and event.character)
        self.events.clear()
        if prefix and (not lines or "\r" in prefix):
            self._line = prefix.replace("\r", "\r\n") if lines else prefix
            return
        while not self._line:
            data = await self._read_bytes()
            if not data:
                self._line = prefix
                return
            text = self._decode(data)
            lined = text.replace("\n", "\r\n") if lines else text.replace("\n", "\r").replace("\x7f", "\b")
            self._line = prefix + lined

    def _decode(self, data: bytes) -> str:
        data = self._partial + data
        keep = 0
        for back in range(1, min(4, len(data)) + 1):
            byte = data[-back]
            if byte & 0xC0 == 0xC0:
                length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
                keep = back if length > back else 0
                break
            if byte < 0x80:
                break
        self._partial = data[len(data) - keep :] if keep else b""
        return data[: len(data) - keep].decode("utf-8", "replace")

    async def _read_bytes(self) -> bytes:
        terminal = self._console.terminal
        assert terminal is not None
        if not terminal.typed_ahead and not terminal.readable():
            await leave_engine()
            if self._reading is None:
                self._reading = trio.Lock()
            async with self._reading:
                while not terminal.readable():
                    await terminal.wait_readable(terminal.input_fd)
        try:
            return terminal.read()
        except OSError:
            return b""

    # Reading events

    def poll_events(self) -> None:
        """Turn everything typed so far into events."""
        terminal = self._console.terminal
        if terminal is None:
            return
        self._want_keys()
        while terminal.typed_ahead or terminal.readable():
            try:
                data = terminal.read()
            except OSError:
                data = b""
            if not data:
                self._ended = True
                return
            self.events.extend(keys.parse(self._decode(data)))

    async def wait_events(self) -> None:
        """Return when there is an event, or the input has ended."""
        self.poll_events()
        if self.events or self._ended:
            return
        await leave_engine()
        while not self.events and not self._ended:
            with trio.CancelScope() as scope:
                self._event_readers[scope] = trio.lowlevel.current_trio_token()
                try:
                    data = await self._read_bytes()
                finally:
                    del self._event_readers[scope]
            if scope.cancelled_caught:
                continue
            if not data:
                self._ended = True
                return
            self.events.extend(keys.parse(self._decode(data)))

    def put(self, event: KeyEvent) -> None:
        """Add an event that nobody typed."""
        self.events.append(event)
        for scope, token in self._event_readers.items():
            call_in_loop(token, scope.cancel)
        for file in self._watchers:
            file.release_waiters()

    def flush(self) -> None:
        """Throw away what was typed and not read."""
        self.poll_events()
        self.events.clear()
        self._line = ""

    # Waiting

    def watch(self, file: Waitable) -> None:
        """Release the waiters of `file` when something is typed."""
        self._watchers[file] = None
        terminal = self._console.terminal
        if terminal is None or self._watching:
            return
        self._watching = True
        self._want_keys()
        machine = self._console.machine

        def begin() -> None:
            trio.lowlevel.spawn_system_task(self._watch, name="console input")

        call_in_loop(machine.token, begin)

    async def _watch(self) -> None:
        terminal = self._console.terminal
        assert terminal is not None
        fd = os.dup(terminal.input_fd)
        try:
            await terminal.wait_readable(fd)
        finally:
            os.close(fd)
            with self._console.machine.lock:
                self._watching = False
                watchers, self._watchers = self._watchers, {}
                for file in watchers:
                    file.release_waiters()


def _split_units(text: str, count: int) -> tuple[str, str]:
    if len(text) <= count and text.isascii():
        return text, ""
    units = text.encode("utf-16-le", "surrogatepass")
    first, rest = units[: count * 2], units[count * 2 :]
    return first.decode("utf-16-le", "surrogatepass"), rest.decode("utf-16-le", "surrogatepass")
