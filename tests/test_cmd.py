"""cmd.exe: each `tests/guest/cmd/NAME.bat` prints what `NAME.expected` says.

Expected texts follow Microsoft's documentation of cmd and its commands. Standard output and error are one stream;
`<here>` stands for the Windows path of the folder in which the batch file runs. Line ends are compared as LF.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Compiler, Runner

BATCHES = Path(__file__).parent / "guest" / "cmd"
NAMES = sorted(path.stem for path in BATCHES.glob("*.expected"))
SHELL = "C:\\Windows\\System32\\cmd.exe"


def text(output: bytes) -> str:
    """What a program printed, lines ended by LF."""
    return output.decode("latin-1").replace("\r\n", "\n")


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_file_prints_what_windows_prints(name: str, winfs: Runner, tmp_path: Path) -> None:
    shutil.copy(BATCHES / f"{name}.bat", tmp_path)
    done = winfs("run", SHELL, "/c", f"{name}.bat A1 A2 2>&1")
    here = "Z:" + str(tmp_path).replace("/", "\\")
    printed = text(done.stdout).replace(here, "<here>")
    printed = re.sub(r"[\d,]+ bytes free", "N bytes free", printed)
    printed = re.sub(r"Serial Number is \w{4}-\w{4}", "Serial Number is XXXX-XXXX", printed)
    assert printed == (BATCHES / f"{name}.expected").read_text(encoding="latin-1")


def test_commands_come_from_standard_input_and_are_prompted_for(winfs: Runner) -> None:
    given = b"@echo off\r\necho hello\r\nset x=1\r\nif %x%==1 (\r\necho block\r\n)\r\nexit 3\r\n"
    done = winfs("run", SHELL, stdin=given)
    lines = text(done.stdout).splitlines()
    assert done.returncode == 3
    assert lines[0] == ""
    assert lines[1].startswith("Microsoft Windows [Version 10.0.")
    assert "hello" in lines
    assert "More? More? block" in lines


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, far: int) -> None:
        self.far = far
        self.shown = b""
        """What has appeared and was not asked for yet."""

    def type(self, keys: str) -> None:
        os.write(self.far, keys.encode())

    def read_until(self, what: str) -> str:
        """All that appears up to and with `what`; fails when nothing new has come for two minutes."""
        while what.encode() not in self.shown:
            ready, _, _ = select.select([self.far], [], [], 120)
            assert ready, f"{what!r} does not come: {self.shown!r}"
            self.shown += os.read(self.far, 4096)
        until, found, self.shown = self.shown.partition(what.encode())
        return (until + found).decode().replace("\r\n", "\n")


@contextmanager
def on_terminal(winfs_home: Path, folder: Path, *arguments: str) -> Iterator[tuple[Terminal, subprocess.Popen[bytes]]]:
    """Run `winfs` with these arguments on a new terminal."""
    far, near = pty.openpty()
    environment = {**os.environ, "WINFS_HOME": str(winfs_home), "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-m", "winfs", *arguments]
    with subprocess.Popen(
        command, cwd=folder, env=environment, start_new_session=True, stdin=near, stdout=near, stderr=near,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # Ctrl-C comes from the terminal that controls it
    ) as process:  # fmt: skip
        os.close(near)
        try:
            yield Terminal(far), process
        finally:
            process.kill()
            os.close(far)


def test_a_session_on_a_terminal(winfs_home: Path, tmp_path: Path) -> None:
    (tmp_path / "endless.bat").write_text("@echo off\necho begun\n:again\ngoto again\n")
    with on_terminal(winfs_home, tmp_path, "run", SHELL) as (terminal, process):
        assert "Microsoft Windows [Version" in terminal.read_until(">")
        terminal.type("echo typed\r")
        terminal.read_until("typed\r\ntyped")
        terminal.type("endless.bat\r")
        terminal.read_until("begun")
        terminal.type("\x03")
        terminal.read_until("Terminate batch job (Y/N)? ")
        terminal.type("y\r")
        terminal.read_until(">")
        terminal.type("pause\r")
        terminal.read_until("Press any key to continue . . . ")
        terminal.type("x")
        terminal.read_until(">")
        terminal.type("set /p name=Who? \r")
        terminal.read_until("Who? \r\n")
        terminal.read_until("Who? ")
        terminal.type("me\r")
        terminal.read_until(">")
        terminal.type("echo it is %name% & exit 4\r")
        terminal.read_until("it is me")
        assert process.wait(120) == 4


def test_commands_are_shown_before_they_run_unless_echo_is_off(winfs: Runner, tmp_path: Path) -> None:
    lines = ["prompt $G$S", "echo one", "@echo two", "for %%i in (1 2) do echo %%i", "@echo off", "echo x", ""]
    (tmp_path / "shown.bat").write_text("\n".join(lines))
    done = winfs("run", SHELL, "/q", "/c", "echo on & shown.bat")
    assert text(done.stdout).splitlines()[1:] == [
        f"Z:{tmp_path}>prompt $G$S ".replace("/", "\\"), "", "> echo one ", "one", "two", "",
        "> for %i in (1 2) do echo %i ", "", "> echo 1 ", "1", "", "> echo 2 ", "2", "x",
    ]  # fmt: skip


def test_winfs_runs_a_batch_file(winfs: Runner, tmp_path: Path) -> None:
    (tmp_path / "my script.bat").write_text("@echo %~nx0 [%1] [%2]\n@exit /b 6\n")
    done = winfs("run", tmp_path / "my script.bat", "a b", "c")
    assert (text(done.stdout), done.returncode) == ('my script.bat ["a b"] [c]\n', 6)
    assert winfs("run", tmp_path / "nosuch.bat").stderr.endswith(b"nosuch.bat: no such file\n")


START = r"""
#include <stdio.h>
#include <stdlib.h>
#include <process.h>
#include <windows.h>

static DWORD start(const wchar_t *application, const wchar_t *line)
{
    wchar_t buffer[256];
    STARTUPINFOW info = {sizeof info};
    PROCESS_INFORMATION process;
    DWORD code = 0;

    wcscpy(buffer, line);
    if (!CreateProcessW(application, buffer, NULL, NULL, TRUE, 0, NULL, NULL, &info, &process))
        return 100000 + GetLastError();
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    return code;
}

int main(void)
{
    char line[64];
    FILE *pipe;

    setvbuf(stdout, NULL, _IONBF, 0);
    printf("system %d\n", system("echo from the shell& exit 4"));
    printf("wide %d\n", _wsystem(L"echo wide"));
    printf("there %d\n", system(NULL));
    pipe = _popen("echo through a pipe& exit 3", "r");
    printf("read %s", fgets(line, sizeof line, pipe));
    printf("closed %d\n", _pclose(pipe));
    pipe = _popen("set /p line=& call echo got %^line%", "w");
    fputs("typed\n", pipe);
    printf("closed %d\n", _pclose(pipe));
    printf("batch %lu\n", start(NULL, L"child.bat \"a b\" c"));
    printf("batch by name %lu\n", start(L"child.bat", L"child x"));
    printf("missing %lu\n", start(NULL, L"missing.bat"));
    printf("spawned %d\n", (int)_spawnl(_P_WAIT, "child.bat", "child.bat", "spawned", NULL));
    printf("searched %d\n", (int)_spawnlp(_P_WAIT, "cmd", "cmd", "/c", "exit", "8", NULL));
    return 0;
}
"""

STARTED = """\
from the shell
system 4
wide
wide 0
there 1
read through a pipe
closed 3
got typed
closed 0
child ["a b"] [c]
batch 7
child [x] []
batch by name 7
missing 100002
child [spawned] []
spawned 7
searched 8
"""


def test_programs_reach_cmd_through_the_c_runtime_and_createprocess(
    compile_c: Compiler, winfs: Runner, tmp_path: Path
) -> None:
    (tmp_path / "child.bat").write_text("@echo child [%1] [%2]\n@exit /b 7\n")
    done = winfs("run", compile_c(START, "-w"))
    assert text(done.stdout) == STARTED


def test_programs_of_system32_are_run_by_their_names(winfs: Runner) -> None:
    assert text(winfs("run", "cmd", "/c", "echo hi").stdout) == "hi\n"
    assert text(winfs("run", "WHERE.exe", "$comspec:x").stderr).startswith("INFO: Could not find")
    assert winfs("run", "nosuchprogram").stderr == b"winfs: nosuchprogram: no such file\n"


def test_system32_holds_the_file_that_runs(winfs: Runner, winfs_home: Path, tmp_path: Path) -> None:
    winfs("run", SHELL, "/c", "ver")
    file = winfs_home / "default" / "drive_c" / "Windows" / "System32" / "cmd.exe"
    built = file.read_bytes()
    assert built.startswith(b"MZ")
    line = "dir /b C:\\Windows\\System32\\cmd.*& copy /b %COMSPEC% own.exe >nul & own /c echo a copy"
    done = winfs("run", SHELL, "/c", line)
    assert text(done.stdout) == "cmd.exe\na copy\n"
    assert (tmp_path / "own.exe").read_bytes() == built
    # An older one of winfs's own is replaced at the next start, a person's own program is not.
    file.write_bytes(built[:-16])
    winfs("run", SHELL, "/c", "ver")
    assert file.read_bytes() == built
    other = bytearray(built)
    at = int.from_bytes(other[0x3C:0x40], "little") + 8
    other[at : at + 4] = b"MINE"
    file.write_bytes(other)
    winfs("run", SHELL, "/c", "ver")
    assert file.read_bytes() == bytes(other)
