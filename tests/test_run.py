"""`winfs run` with real programs: drives, volume, trace outputs, missing functions, signals, standard handles."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Compiler, Runner

WRITER = r"""
#include <windows.h>
#include <stdio.h>
int main(int argc, char **argv) {
  DWORD serial = 0, done;
  GetVolumeInformationW(L"C:\\", NULL, 0, &serial, NULL, NULL, NULL, 0);
  HANDLE file = CreateFileA(argv[1], GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
  if (file == INVALID_HANDLE_VALUE) { printf("error %lu\n", GetLastError()); return 1; }
  WriteFile(file, "data", 4, &done, NULL);
  CloseHandle(file);
  printf("%08lX\n", serial);
  return 0;
}
"""

WAITER = r"""
#include <windows.h>
#include <stdio.h>
static BOOL WINAPI handler(DWORD event) { printf("event %lu\n", event); fflush(stdout); return %HANDLED%; }
int main(void) {
  SetConsoleCtrlHandler(handler, TRUE);
  printf("ready\n");
  fflush(stdout);
  for (;;) Sleep(1000);
}
"""


@pytest.fixture(scope="module")
def writer(compile_c: Compiler) -> Path:
    return compile_c(WRITER, name="writer.exe")


def test_drives_root_and_serial_number(winfs: Runner, writer: Path, tmp_path: Path) -> None:
    for name in ("root", "data", "readonly", "layer"):
        (tmp_path / name).mkdir()
    options = ["--root", "root", "--drive", "D:=data", "--drive", "E:=readonly:ro", "--drive", "F:=layer:overlay",
               "--volume-serial", "12AB-34CD"]  # fmt: skip
    for target in ("C:\\c.txt", "d:/d.txt", "F:\\f.txt", "E:\\e.txt"):
        done = winfs("run", *options, writer, target)
        expected = b"error 19\r\n" if target.startswith("E") else b"12AB34CD\r\n"
        assert (done.stdout, done.stderr) == (expected, b"")
    assert (tmp_path / "root" / "c.txt").read_bytes() == b"data"
    assert (tmp_path / "data" / "d.txt").read_bytes() == b"data"
    assert list((tmp_path / "layer").iterdir()) == []


def test_a_windows_path_may_be_written_with_slashes(winfs: Runner, writer: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "writer.exe").write_bytes(writer.read_bytes())
    options = ["--drive", f"D:={tmp_path}", "--trace-filter", "CreateFileA", "--trace-output", tmp_path / "trace.log"]
    done = winfs("run", *options, "D:/folder/writer.exe", "D:/out.txt")
    assert (done.returncode, done.stderr) == (0, b"")
    assert r'START  image="D:\\folder\\writer.exe"' in (tmp_path / "trace.log").read_text()


def test_nothing_outside_the_drives_is_reachable(winfs: Runner, writer: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "link").symlink_to(tmp_path)
    outside = "Z:" + str(tmp_path / "beside.txt").replace("/", "\\")
    for target in ("..\\beside.txt", "link\\beside.txt", outside, "\\\\?\\" + outside):
        done = winfs("run", writer, target, cwd=work)
        assert done.returncode == 1, target
    assert not (tmp_path / "beside.txt").exists()
    assert winfs("run", writer, "inside.txt", cwd=work).returncode == 0
    assert (work / "inside.txt").read_bytes() == b"data"


@pytest.mark.parametrize("output", ["file", "stdout"])
def test_trace_as_json(winfs: Runner, writer: Path, tmp_path: Path, output: str) -> None:
    target = ["--trace-output", "trace.jsonl"] if output == "file" else []
    done = winfs("run", "--trace-apis", "--trace-format", "json", *target, writer, "x.txt")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "trace.jsonl").read_bytes() if output == "file" else done.stdout
    events = [json.loads(line) for line in text.splitlines() if line.startswith(b"{")]
    keys = ["seq", "timestamp", "process_id", "thread_id", "event", "category", "module", "function", "args", "return",
            "error", "call", "elapsed", "caller"]  # fmt: skip
    assert all(list(event)[: len(keys)] == keys for event in events)
    call = next(event for event in events if event["event"] == "call" and event["function"] == "CreateFileA")
    assert call["args"]["lpFileName"] == "x.txt"
    assert call["args"]["dwDesiredAccess"] == "GENERIC_WRITE"
    assert call["category"] == "file_io"
    assert call["caller"].startswith("writer.exe+0x")
    assert any(event["event"] == "return" and event["call"] == call["seq"] for event in events)
    assert {"process_start", "load", "thread_start", "process_exit"} <= {event["event"] for event in events}


def test_trace_as_text_with_a_filter(winfs: Runner, writer: Path, tmp_path: Path) -> None:
    done = winfs("run", "--trace-filter", "*volumeinformation*", "--trace-output", "trace.log", writer, "x.txt")
    assert done.returncode == 0, done.stderr
    calls = [line for line in (tmp_path / "trace.log").read_text().splitlines() if " CALL " in line]
    assert len(calls) == 1
    assert 'CALL   GetVolumeInformationW(lpRootPathName="C:\\\\"' in calls[0]


def test_a_trace_that_cannot_be_written_is_one_line(winfs: Runner, writer: Path) -> None:
    done = winfs("run", "--trace-output", "/nonexistent/trace.log", writer, "x.txt")
    assert done.returncode == 1
    assert done.stderr == b"winfs: /nonexistent/trace.log: No such file or directory\n"


@pytest.fixture(scope="module")
def missing(compile_c: Compiler, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("missing")
    definitions = folder / "extra.def"
    definitions.write_text("LIBRARY kernel32.dll\nEXPORTS\n  there_is_no_such_function\n")
    tool = [sys.executable, "-m", "ziglang", "dlltool", "-m", "i386:x86-64"]
    subprocess.run([*tool, "-d", str(definitions), "-l", str(folder / "extra.lib")], check=True)
    source = r"""
    #include <stdio.h>
    __declspec(dllimport) int there_is_no_such_function(int);
    int main(int argc, char **argv) {
      printf("started\n");
      fflush(stdout);
      if (argc > 1) printf("got %d\n", there_is_no_such_function(7));
      return 0;
    }"""
    return compile_c(source, str(folder / "extra.lib"), name="missing.exe")


def test_a_missing_function_fails_when_it_is_called_and_is_named(winfs: Runner, missing: Path) -> None:
    done = winfs("run", missing)
    assert (done.returncode, done.stdout) == (0, b"started\r\n"), done.stderr
    done = winfs("run", missing, "call")
    assert done.returncode != 0
    assert done.stdout == b"started\r\n"
    assert b"kernel32.dll!there_is_no_such_function" in done.stderr
    assert b"missing.exe+0x" in done.stderr


def test_missing_zero_goes_on_with_zero(winfs: Runner, missing: Path) -> None:
    done = winfs("run", "--missing", "zero", missing, "call")
    assert (done.returncode, done.stdout) == (0, b"started\r\ngot 0\r\n"), done.stderr


def start(program: Path, home: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "WINFS_HOME": str(home), "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        [sys.executable, "-m", "winfs", "run", str(program)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        cwd=home,
        env=environment,
    )


@pytest.mark.parametrize(("handled", "presses", "status"), [("FALSE", 1, 58), ("TRUE", 3, 130)])
def test_ctrl_c_reaches_the_program(
    compile_c: Compiler, winfs_home: Path, handled: str, presses: int, status: int
) -> None:
    """A program that does not handle it ends with STATUS_CONTROL_C_EXIT; one that does is ended by the third."""
    process = start(compile_c(WAITER.replace("%HANDLED%", handled), name="waiter.exe"), winfs_home)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\r\n"
    for press in range(1, presses + 1):
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == (b"event 0\r\n" if press < 3 else b"")
    assert process.wait(timeout=120) == status
    process.stdout.close()


INTERRUPTED_CLOSING = """
import os, signal, sys
from runtime.machine import Machine
from winfs.cli import invoke

close = Machine.close

def interrupted(machine):
    signal.raise_signal(signal.SIGINT)
    close(machine)
    os.write(1, b"closed")

Machine.close = interrupted
sys.exit(invoke(["run", sys.argv[1]]))
"""


def test_ctrl_c_does_not_break_off_the_closing_of_the_machine(compile_c: Compiler, winfs_home: Path) -> None:
    program = compile_c("int main(void) { return 7; }", name="seven.exe")
    environment = {**os.environ, "WINFS_HOME": str(winfs_home), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", INTERRUPTED_CLOSING, str(program)]
    done = subprocess.run(command, env=environment, cwd=winfs_home, capture_output=True, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (7, b"closed", b"")


def test_sigterm_ends_the_program(compile_c: Compiler, winfs_home: Path) -> None:
    process = start(compile_c(WAITER.replace("%HANDLED%", "TRUE"), name="waiter.exe"), winfs_home)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\r\n"
    process.terminate()
    assert process.wait(timeout=120) == 128 + signal.SIGTERM
    process.stdout.close()


def test_closed_standard_handles(compile_c: Compiler, winfs_home: Path) -> None:
    path = compile_c(r"""
    #include <windows.h>
    int main(void) { return GetStdHandle(STD_INPUT_HANDLE) ? 1 : GetStdHandle(STD_ERROR_HANDLE) ? 2 : 42; }""")
    environment = {**os.environ, "WINFS_HOME": str(winfs_home), "PYTHONPATH": str(REPOSITORY)}
    script = f'exec "{sys.executable}" -m winfs run "{path}" <&- 2>&-'
    done = subprocess.run(["sh", "-c", script], env=environment, cwd=winfs_home, check=False)
    assert done.returncode == 42
