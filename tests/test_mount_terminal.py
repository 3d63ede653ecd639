"""A terminal and a program on a mounted machine: lines, Ctrl-C, Ctrl-Z, size, modes."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Compiler
from mounting import Mounted, environment, mount

SOURCE = r"""
#include <windows.h>
#include <stdio.h>
#include <string.h>
static BOOL WINAPI handler(DWORD event) { printf("event %lu\n", event); fflush(stdout); return TRUE; }
int main(int argc, char **argv) {
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE), out = GetStdHandle(STD_OUTPUT_HANDLE);
    CONSOLE_SCREEN_BUFFER_INFO info;
    INPUT_RECORD record;
    DWORD count, mode;
    char line[256];
    SetConsoleCtrlHandler(handler, TRUE);
    if (!strcmp(argv[1], "lines")) {
        puts("ready");
        for (;;) {
            if (!fgets(line, sizeof line, stdin)) { clearerr(stdin); continue; } /* Ctrl-C ends a read */
            line[strcspn(line, "\r\n")] = 0;
            GetConsoleScreenBufferInfo(out, &info);
            printf("<%s> %dx%d\n", line, info.srWindow.Right + 1 - info.srWindow.Left,
                   info.srWindow.Bottom + 1 - info.srWindow.Top);
        }
    } else if (!strcmp(argv[1], "raw")) {
        GetConsoleMode(in, &mode);
        SetConsoleMode(in, mode & ~(ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT | ENABLE_PROCESSED_INPUT));
        puts("raw");
        for (;;) { ReadFile(in, line, 1, &count, NULL); printf("key %d\n", line[0]); }
    } else {
        SetConsoleMode(in, ENABLE_WINDOW_INPUT | ENABLE_PROCESSED_INPUT);
        puts("events");
        for (;;) {
            ReadConsoleInputW(in, &record, 1, &count);
            if (record.EventType == WINDOW_BUFFER_SIZE_EVENT)
                printf("resized %dx%d\n", record.Event.WindowBufferSizeEvent.dwSize.X,
                       record.Event.WindowBufferSizeEvent.dwSize.Y);
            else if (record.EventType == KEY_EVENT && record.Event.KeyEvent.bKeyDown)
                printf("key %c\n", record.Event.KeyEvent.uChar.UnicodeChar);
        }
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory, compile_c: Compiler) -> Iterator[Mounted]:
    program = compile_c(SOURCE, name="console.exe")
    with mount(tmp_path_factory.mktemp("terminal")) as found:
        (found.c / "console.exe").write_bytes(program.read_bytes())
        yield found


class Screen:
    """The far side of a terminal, and the `winfs run` that has it as its own."""

    def __init__(self, mounted: Mounted, *command: str) -> None:
        self.far, near = pty.openpty()
        self.resize(90, 20)
        self.before = termios.tcgetattr(near)
        self.near = near
        self.process = subprocess.Popen(
            command, env=environment(mounted.home), cwd=mounted.c, start_new_session=True, stdin=near, stdout=near,
            stderr=near,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        self._shown = b""

    def type(self, text: bytes) -> None:
        os.write(self.far, text)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.far, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def expect(self, text: bytes) -> None:
        """Wait until that is shown; what came before it is forgotten."""
        deadline = time.monotonic() + 120
        while text not in self._shown:
            left = deadline - time.monotonic()
            ready = select.select([self.far], [], [], max(left, 0))[0]
            assert ready, f"{text!r} is not shown, but {self._shown!r}"
            # A program's \r\n is shown as \r\r\n: the terminal adds one for \n.
            self._shown = (self._shown + os.read(self.far, 4096)).replace(b"\r\r\n", b"\r\n")
        self._shown = self._shown.partition(text)[2]

    def modes(self) -> list[object]:
        return list(termios.tcgetattr(self.near))

    def close(self) -> None:
        self.process.kill()
        self.process.wait(120)
        os.close(self.far)
        os.close(self.near)


@pytest.fixture
def screens(mounted: Mounted) -> Iterator[list[Screen]]:
    found: list[Screen] = []
    yield found
    for screen in found:
        screen.close()


WINFS = [sys.executable, "-m", "winfs", "run", "console.exe"]
SHELL = f"""
set -m
{" ".join(WINFS)} lines &
until jobs -s | grep -q Stopped; do sleep 0.05; done
echo stopped
read line
echo "the shell reads $line"
fg > /dev/null
"""


def test_a_program_in_the_background_takes_no_input(mounted: Mounted, screens: list[Screen]) -> None:
    screen = Screen(mounted, "bash", "-c", SHELL)
    screens.append(screen)
    screen.expect(b"stopped\r\n")
    screen.type(b"mine\n")
    screen.expect(b"the shell reads mine\r\n")
    screen.type(b"yours\n")
    screen.expect(b"<yours> 90x20\r\n")
    screen.type(b"\x03")
    screen.expect(b"event 0\r\n")


def start(screens: list[Screen], mounted: Mounted, *arguments: str) -> Screen:
    screen = Screen(mounted, *WINFS, *arguments)
    screens.append(screen)
    return screen


def test_lines_size_and_ctrl_c(mounted: Mounted, screens: list[Screen]) -> None:
    screen = start(screens, mounted, "lines")
    screen.expect(b"ready\r\n")
    screen.type(b"one\b\b\btwo\n" if screen.before[6][termios.VERASE] == b"\b" else b"one\x7f\x7f\x7ftwo\n")
    screen.expect(b"<two> 90x20\r\n")
    screen.resize(70, 30)
    screen.type(b"three\n")
    screen.expect(b"<three> 70x30\r\n")
    for _ in range(2):
        screen.type(b"\x03")
        screen.expect(b"event 0\r\n")
    assert screen.process.poll() is None
    screen.type(b"\x03")
    assert screen.process.wait(120) == 128 + signal.SIGINT
    assert screen.modes() == screen.before


def test_modes_come_back_when_the_client_is_killed(mounted: Mounted, screens: list[Screen]) -> None:
    screen = start(screens, mounted, "raw")
    screen.expect(b"raw\r\n")
    screen.type(b"a\x03")
    screen.expect(b"key 97\r\n")
    screen.expect(b"key 3\r\n")
    assert screen.modes() != screen.before
    screen.process.kill()
    deadline = time.monotonic() + 120
    while screen.modes() != screen.before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert screen.modes() == screen.before


def test_a_new_size_is_an_event(mounted: Mounted, screens: list[Screen]) -> None:
    screen = start(screens, mounted, "events")
    screen.expect(b"events\r\n")
    screen.type(b"x")
    screen.expect(b"key x\r\n")
    screen.resize(100, 31)
    screen.expect(b"resized 100x31\r\n")
    screen.type(b"y")
    screen.expect(b"key y\r\n")


def test_ctrl_z_stops_the_program_until_it_is_continued(mounted: Mounted, screens: list[Screen]) -> None:
    screen = start(screens, mounted, "lines")
    screen.expect(b"ready\r\n")
    folder = mounted.process_of("console.exe")
    screen.type(b"\x1a")
    _, status = os.waitpid(screen.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    assert "State: suspended\n" in (folder / "status").read_text()
    screen.process.send_signal(signal.SIGCONT)
    screen.type(b"again\n")
    screen.expect(b"<again> 90x20\r\n")
    assert "State: suspended\n" not in (folder / "status").read_text()


def test_what_the_terminal_got_can_be_read(mounted: Mounted, screens: list[Screen]) -> None:
    screen = start(screens, mounted, "lines")
    screen.expect(b"ready\r\n")
    folder: Path = mounted.process_of("console.exe")
    screen.type(b"text\n")
    screen.expect(b"<text> 90x20\r\n")
    assert (folder / "stdout").read_bytes() == b"ready\r\n<text> 90x20\r\n"
    with pytest.raises(OSError, match="Operation not supported"):
        (folder / "stdin").write_text("text\n")
