"""Files, pipes and consoles as a program sees them.

The programs are in tests/guest/file. Expected output is Windows'; where another implementation differs
(WINFS_TEST_RUNNER), Windows' documentation decides.
"""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Compiler, Runner

FOLDER = REPOSITORY / "tests" / "guest" / "file"


def build(compile_c: Compiler, name: str) -> Path:
    return compile_c((FOLDER / f"{name}.c").read_text(), "-I", str(FOLDER), "-lntdll", name=f"{name}.exe")


PROGRAMS = ["files", "paths", "pipes", "overlapped", "mapping", "image", "profile", "reopen", "wild"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(compile_c: Compiler, winfs: Runner, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    program = folder / f"{name}.exe"
    program.write_bytes(build(compile_c, name).read_bytes())
    done = winfs("run", program, cwd=folder)
    assert done.stderr.decode() == ""
    assert done.stdout.decode().replace("\r", "") == (FOLDER / f"{name}.expected").read_text()
    assert done.returncode == 0


def test_standard_handles_that_are_pipes_are_no_console(compile_c: Compiler, winfs: Runner) -> None:
    program = build(compile_c, "streams")
    data = b"line one\nline two\n" * 5000
    done = winfs("run", program, stdin=data)
    head = (
        "GetFileType(in): 3\nGetFileType(out): 3\nGetConsoleMode(in, &mode): failed 6\n"
        'GetConsoleMode(out, &mode): failed 6\nWriteConsoleW(out, L"x", 1, &done, NULL): failed 6\n'
        'keep(open_file("CONOUT$", GENERIC_WRITE, 3, OPEN_EXISTING)): failed 6\n'
    )
    expected = head.replace("\n", "\r\n").encode() + data + b"GetLastError(): 109\r\ntotal: 90000\r\n"
    assert done.stdout == expected


def test_standard_handles_that_are_files(compile_c: Compiler, winfs_home: Path, tmp_path: Path) -> None:
    program = build(compile_c, "streams")
    (tmp_path / "in").write_bytes(b"data")
    environment = {**os.environ, "WINFS_HOME": str(winfs_home), "PYTHONPATH": str(REPOSITORY)}
    with open(tmp_path / "in", "rb") as source, open(tmp_path / "out", "wb") as sink:
        command = [sys.executable, "-m", "winfs", "run", str(program)]
        subprocess.run(command, stdin=source, stdout=sink, cwd=tmp_path, env=environment, check=True, timeout=300)
    lines = (tmp_path / "out").read_text().splitlines()
    assert lines[:2] == ["GetFileType(in): 1", "GetFileType(out): 1"]
    assert lines[-1] == "total: 4"


def test_a_host_file_as_standard_input_is_a_disk_file(compile_c: Compiler, winfs_home: Path, tmp_path: Path) -> None:
    program = build(compile_c, "host_file")
    (tmp_path / "in").write_bytes(b"data")
    environment = {**os.environ, "WINFS_HOME": str(winfs_home), "PYTHONPATH": str(REPOSITORY)}
    with open(tmp_path / "in", "rb") as source:
        command = [sys.executable, "-m", "winfs", "run", str(program)]
        done = subprocess.run(
            command, stdin=source, stdout=subprocess.PIPE, cwd=tmp_path, env=environment, check=True, timeout=300
        )
    values = [line.rpartition(": ")[2] for line in done.stdout.decode().splitlines()]
    assert values == ["1", "4", "32", "1", "4", "2", "1", "2", "116", "1", "0"]


class Terminal:
    """A program on a pseudo terminal of 100 columns and 30 rows."""

    def __init__(self, program: Path, home: Path, folder: Path) -> None:
        import fcntl
        import struct
        import termios

        self.far, near = pty.openpty()
        fcntl.ioctl(self.far, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        environment = {**os.environ, "WINFS_HOME": str(home), "PYTHONPATH": str(REPOSITORY), "TERM": "xterm"}
        command = [sys.executable, "-m", "winfs", "run", str(program)]
        self.process = subprocess.Popen(
            command, stdin=near, stdout=near, stderr=near, cwd=folder, env=environment, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(near)
        self.seen = ""

    def expect(self, pattern: str, seconds: float = 120) -> re.Match[str]:
        """Wait until the output holds `pattern`; what comes before it is dropped."""
        deadline = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.seen)
            if found:
                self.seen = self.seen[found.end() :]
                return found
            if not select.select([self.far], [], [], max(0, deadline - time.monotonic()))[0]:
                pytest.fail(f"expected {pattern!r}, have {self.seen!r}")
            try:
                data = os.read(self.far, 4096).decode("utf-8", "replace")
            except OSError:
                data = ""
            if not data:
                pytest.fail(f"expected {pattern!r}, output ended with {self.seen!r}")
            self.seen += data
            if "\x1b[6n" in self.seen:
                self.seen = self.seen.replace("\x1b[6n", "", 1)
                os.write(self.far, b"\x1b[5;9R")

    def shows(self, text: str, seconds: float = 120, times: int = 1) -> bool:
        """Whether the output holds `text` so many times now or within this time; nothing is dropped."""
        deadline = time.monotonic() + seconds
        while self.seen.count(text) < times:
            if not select.select([self.far], [], [], max(0, deadline - time.monotonic()))[0]:
                return False
            self.seen += os.read(self.far, 4096).decode("utf-8", "replace")
        return True

    def type(self, text: str) -> None:
        os.write(self.far, text.encode())

    def close(self) -> int:
        try:
            return self.process.wait(120)
        finally:
            self.process.kill()
            os.close(self.far)


def test_console_on_a_terminal(compile_c: Compiler, winfs_home: Path, tmp_path: Path) -> None:
    terminal = Terminal(build(compile_c, "console"), winfs_home, tmp_path)
    for line in ("GetFileType(out): 2", "mode: 503", "mode: 3", "\u00fc\u4f60", "done: 4", "dwSize.X: 100"):
        terminal.expect(re.escape(line))
    terminal.expect("Bottom: 29")
    terminal.expect("dwCursorPosition.X: 8")
    terminal.expect("line\\?")
    terminal.type("\u00e9t\n")
    for line in ("done: 4", "line[0]: 233", "line[done - 2]: 13"):
        terminal.expect(re.escape(line))
    terminal.expect("key\\?")
    terminal.type("\x1b[A")
    terminal.expect("wVirtualKeyCode: 38")
    terminal.expect("break\\?")
    # Only a reader that waits already is broken off, as on Windows: type until one is.
    typed = 0
    while not terminal.shows("done: 0", 1):
        terminal.type("\x03")
        typed += 1
        assert terminal.shows("event 0", times=typed)
    terminal.expect("GetLastError\\(\\): 995")
    terminal.type("go on\n")
    terminal.expect("again\\?")
    terminal.expect("FALSE\\): 1")
    terminal.type("\x03")
    assert terminal.close() == 0xC000013A & 0xFF


def test_a_file_that_the_host_truncates_gives_in_page_errors(
    compile_c: Compiler, winfs_home: Path, tmp_path: Path
) -> None:
    (tmp_path / "mapped").write_bytes(b"x" * 0x10000)
    command = [sys.executable, "-m", "winfs", "run", str(build(compile_c, "shrunk")), "mapped"]
    environment = {**os.environ, "WINFS_HOME": str(winfs_home), "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"first byte x\r\n"
        os.truncate(tmp_path / "mapped", 0x2000)
        process.stdin.write(b"go on\n")
        process.stdin.close()
        assert process.stdout.read() == b"in-page error: 3 parameters, kind 0, status c0000011\r\n"
        assert process.wait(120) == 7


BEST_FIT = r"""
#include <windows.h>
#include <stdio.h>
int main(void)
{
    char text[300];
    CreateDirectoryW(L"C:\\best \x0101\x4e00", 0);
    SetCurrentDirectoryW(L"C:\\best \x0101\x4e00");
    GetCurrentDirectoryA(sizeof text, text); puts(text);
    SetFileApisToOEM();
    GetCurrentDirectoryA(sizeof text, text); puts(text);
    return 0;
}
"""


def test_a_name_that_the_code_page_lacks_becomes_its_best_fit(compile_c: Compiler, winfs: Runner) -> None:
    done = winfs("run", compile_c(BEST_FIT, name="best_fit.exe"))
    assert done.stdout.splitlines() == [rb"C:\best a?"] * 2
