"""Programs on a mounted machine: `winfs run` is their terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Compiler, cache_folder
from mounting import Mounted, environment, mount, wait_for
from test_cli import build_import_library

SOURCE = r"""
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static BOOL WINAPI handler(DWORD event) { printf("event %lu\n", event); fflush(stdout); ExitProcess(9); }
int main(int argc, char **argv) {
    char line[256], folder[MAX_PATH];
    if (argc > 1 && !strcmp(argv[1], "wait")) {
        SetConsoleCtrlHandler(handler, TRUE);
        puts("waiting");
        fflush(stdout);
        Sleep(30000);
        return 1;
    }
    if (argc > 1 && !strcmp(argv[1], "beat"))
        for (;;) { printf("%lu\n", GetCurrentDirectoryA(sizeof folder, folder)); fflush(stdout); Sleep(20); }
    if (argc > 1 && !strcmp(argv[1], "parent")) {
        STARTUPINFOA startup = {sizeof startup};
        PROCESS_INFORMATION child;
        char command[] = "talk.exe child";
        if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &child)) return 2;
        WaitForSingleObject(child.hProcess, INFINITE);
        return 0;
    }
    GetCurrentDirectoryA(sizeof folder, folder);
    printf("folder %s\n", folder);
    printf("variable %s\n", getenv("WINFS_VARIABLE") ? getenv("WINFS_VARIABLE") : "-");
    for (int i = 1; i < argc; i++) printf("argument %s\n", argv[i]);
    while (fgets(line, sizeof line, stdin)) printf("line %s", line);
    fprintf(stderr, "error text\n");
    return 300;
}
"""


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory, compile_c: Compiler) -> Iterator[Mounted]:
    program = compile_c(SOURCE, name="talk.exe")
    with mount(tmp_path_factory.mktemp("running")) as found:
        (found.c / "Tools").mkdir()
        (found.c / "Tools" / "talk.exe").write_bytes(program.read_bytes())
        yield found


def run(mounted: Mounted, *arguments: str, cwd: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "winfs", "run", *arguments], env=environment(mounted.home), cwd=cwd, input=stdin,
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip


def test_streams_arguments_environment_and_exit_code(mounted: Mounted) -> None:
    tools = mounted.c / "Tools"
    done = run(mounted, "--env", "WINFS_VARIABLE=set", "talk.exe", "a b", 'q"x', cwd=tools, stdin=b"one\ntwo\n")
    assert done.returncode == 300 & 0xFF
    assert done.stderr == b"error text\r\n"
    assert done.stdout.replace(b"\r\n", b"\n").decode().splitlines() == [
        "folder C:\\Tools", "variable set", "argument a b", 'argument q"x', "line one", "line two",
    ]  # fmt: skip


def test_it_ran_on_the_mounted_machine(mounted: Mounted) -> None:
    before = set(os.listdir(mounted.folder / "process"))
    run(mounted, "talk.exe", "here", cwd=mounted.c / "Tools")
    (pid,) = set(os.listdir(mounted.folder / "process")) - before
    folder = mounted.folder / "process" / pid
    assert (folder / "exit_code").read_text() == "300 0x0000012c\n"
    assert (folder / "image").read_text().lower() == "c:\\tools\\talk.exe\n"
    assert "here" in (folder / "cmdline").read_text()
    assert b'"GetCurrentDirectory' in (folder / "trace.jsonl").read_bytes()
    os.rmdir(folder)
    assert pid not in os.listdir(mounted.folder / "process")


def test_a_host_folder_becomes_a_drive(mounted: Mounted, tmp_path: Path) -> None:
    program = tmp_path / "talk.exe"
    program.write_bytes((mounted.c / "Tools" / "talk.exe").read_bytes())
    done = run(mounted, "./talk.exe", cwd=tmp_path)
    windows = str(tmp_path.resolve()).replace("/", "\\")
    assert f":{windows}" in done.stdout.decode().splitlines()[0]
    by_path = run(mounted, str(mounted.c / "tools" / "TALK.exe"), cwd=tmp_path)
    assert by_path.returncode == 300 & 0xFF


def test_streams_may_lie_in_the_mount(mounted: Mounted) -> None:
    tools = mounted.c / "Tools"
    (tools / "in.txt").write_text("from the mount\n")
    with open(tools / "in.txt", "rb") as source, open(tools / "out.txt", "wb") as target:
        done = subprocess.run(
            [sys.executable, "-m", "winfs", "run", "talk.exe"], env=environment(mounted.home), cwd=tools,
            stdin=source, stdout=target, stderr=subprocess.PIPE, timeout=300, check=False,
        )  # fmt: skip
    assert done.returncode == 300 & 0xFF
    assert "line from the mount" in (tools / "out.txt").read_text()


def test_ctrl_c_arrives_there(mounted: Mounted) -> None:
    program = mounted.start("talk.exe", "wait", cwd=mounted.c / "Tools")
    assert program.stdout is not None
    assert program.stdout.readline().strip() == b"waiting"
    program.send_signal(signal.SIGINT)
    assert program.stdout.readline().strip() == b"event 0"
    assert program.wait(120) == 9


def test_a_killed_client_takes_its_program_along(mounted: Mounted) -> None:
    program = mounted.start("talk.exe", "wait", cwd=mounted.c / "Tools")
    assert program.stdout is not None
    program.stdout.readline()
    folder = mounted.process_of("talk.exe")
    program.kill()
    program.wait(120)
    wait_for(lambda: folder if (folder / "exit_code").read_text().startswith("1 ") else None)


def test_timeout(mounted: Mounted) -> None:
    done = run(mounted, "--timeout", "0.3", "talk.exe", "wait", cwd=mounted.c / "Tools")
    assert done.returncode == 124


def test_what_cannot_run_is_one_line(mounted: Mounted) -> None:
    tools = mounted.c / "Tools"
    (tools / "text.exe").write_text("text\n")
    gone = tools / "gone"
    gone.mkdir()
    for arguments, part in (
        (["C:\\none.exe"], "C:\\none.exe: no such file"),
        (["none"], "none: no such file"),
        (["."], "is a directory, expected a program"),
        (["text.exe"], "not a Windows program: a text file"),
        (["../../../trace.jsonl"], "trace.jsonl: is on no drive of this machine"),
        (["--cwd", "C:\\none", "talk.exe"], "C:\\none: no such directory"),
        (["--drive", "C:=/tmp", "talk.exe"], "the mounted machine has another drive C:"),
        (["--trace-output", "/none/trace", "talk.exe"], "/none/trace: No such file or directory"),
        (["talk.exe", "x" * 32760], "characters; Windows takes 32766"),
    ):
        done = run(mounted, *arguments, cwd=tools)
        assert done.returncode == 1
        assert part in done.stderr.decode()
        assert done.stderr.count(b"\n") == 1
    script = f"rmdir {gone} && exec {sys.executable} -m winfs run "
    for program in (str(tools / "talk.exe"), "../talk.exe"):
        done = subprocess.run(
            ["sh", "-c", script + program], env=environment(mounted.home), cwd=gone, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (1, b"winfs: the current folder no longer exists\n")
        gone.mkdir()
    gone.rmdir()


def test_streams_that_are_closed_or_full_end_nothing(mounted: Mounted) -> None:
    tools = mounted.c / "Tools"
    for streams in ("0<&- 1>&- 2>&-", ">/dev/full </dev/null 2>&1"):
        done = subprocess.run(
            ["sh", "-c", f"{sys.executable} -m winfs run talk.exe {streams}"], env=environment(mounted.home),
            cwd=tools, capture_output=True, timeout=300, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (300 & 0xFF, b"", b"")


def events(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_trace_of_ones_own_leaves_the_machines_trace_alone(mounted: Mounted, tmp_path: Path) -> None:
    tools, rules = mounted.c / "Tools", mounted.folder / "machine" / "trace_filter"
    before = rules.read_text()
    output = tmp_path / "own.jsonl"
    options = ["--trace-function", "GetCurrentDirectoryA", "--trace-format", "json", "--trace-output", str(output)]
    assert run(mounted, *options, "talk.exe", "parent", cwd=tools).returncode == 0
    own = events(output)
    called = [event for event in own if event["event"] == "call"]
    assert {event["function"] for event in called} == {"GetCurrentDirectoryA"}
    starts = [event["process_id"] for event in own if event["event"] == "process_start"]
    assert len(starts) == 2, "the child belongs to it"
    assert called[0]["process_id"] == starts[1]
    assert [event["process_id"] for event in own if event["event"] == "process_exit"] == starts[::-1]
    assert rules.read_text() == before
    of_machine = events(mounted.folder / "process" / str(starts[1]) / "trace.jsonl")
    assert len({event["function"] for event in of_machine}) > 5
    assert next(event for event in of_machine if event["function"] == "GetCurrentDirectoryA") == called[0]


def test_a_trace_of_ones_own_needs_no_trace_of_the_machine(mounted: Mounted) -> None:
    tools, rules = mounted.c / "Tools", mounted.folder / "machine" / "trace_filter"
    rules.write_text("off\n")
    try:
        size = (mounted.folder / "trace.jsonl").stat().st_size
        output = tools / "own.log"  # in the mount itself
        done = run(mounted, "--trace-filter", "GetCurrent*A", "--trace-output", str(output), "talk.exe", cwd=tools)
        assert done.returncode == 300 & 0xFF
        assert "CALL   GetCurrentDirectoryA(" in output.read_text()
        assert (mounted.folder / "trace.jsonl").stat().st_size == size
    finally:
        rules.write_text("all\n")
    shown = run(mounted, "--trace-filter", "GetCurrent*A", "talk.exe", cwd=tools).stdout.decode()
    assert "CALL   GetCurrentDirectoryA(" in shown
    assert "folder C:\\Tools" in shown


def test_rules_that_change_hold_for_programs_that_run(mounted: Mounted) -> None:
    rules = mounted.folder / "machine" / "trace_filter"
    program = mounted.start("talk.exe", "beat", cwd=mounted.c / "Tools")
    assert program.stdout is not None
    program.stdout.readline()
    trace = mounted.process_of("talk.exe") / "trace.jsonl"

    def beats() -> int:
        return trace.read_bytes().count(b'"function":"GetCurrentDirectoryA"')

    def until(condition: Callable[[], bool]) -> None:
        wait_for(lambda: trace if condition() else None)

    try:
        until(lambda: beats() > 2)
        rules.write_text("Create*\n")
        program.stdout.readline()
        (mounted.folder / "ctl").write_text("sync\n")
        before = beats()
        rules.write_text("GetCurrentDir*\n")
        until(lambda: beats() > before)
    finally:
        program.kill()
        program.wait(120)
        rules.write_text("all\n")


def test_what_is_decided_at_boot_cannot_be_asked_of_a_mounted_machine(mounted: Mounted, tmp_path: Path) -> None:
    tools = mounted.c / "Tools"
    for option in (["--root", str(tmp_path)], ["--volume-serial", "0000-0000"], ["--engine", "unicorn"]):
        for place in (["--machine", "default"], []):
            done = run(mounted, *option, *place, "talk.exe", cwd=tools)
            assert done.returncode == 2
            assert done.stderr.startswith(f"winfs run: {option[0]}: the machine 'default' is mounted".encode())
            assert done.stderr.count(b"\n") == 1
    program = tmp_path / "talk.exe"
    program.write_bytes((tools / "talk.exe").read_bytes())
    assert run(mounted, "--volume-serial", "0000-0000", "talk.exe", cwd=tmp_path).returncode == 300 & 0xFF


def test_settings_of_one_program(mounted: Mounted, compile_c: Compiler) -> None:
    source = """
    #include <windows.h>
    #include <stdio.h>
    __declspec(dllimport) int NoSuchFunction(int);
    int main(void) { printf("%d %d\\n", (SIZE_T)GetModuleHandleA(NULL) != 0x140000000, NoSuchFunction(1)); return 0; }
    """
    folder = cache_folder() / "definitions" / "running"
    if not (folder / "missing.lib").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "missing.def").write_text("LIBRARY kernel32.dll\nEXPORTS\nNoSuchFunction\n")
        build_import_library(folder / "missing.def", folder / "missing.lib")
    program = compile_c(source, str(folder / "missing.lib"), "-Wl,--dynamicbase", name="settings.exe")
    (mounted.c / "Tools" / "settings.exe").write_bytes(program.read_bytes())
    done = run(mounted, "--missing", "zero", "--aslr", "settings.exe", cwd=mounted.c / "Tools")
    assert done.stdout.split() == [b"1", b"0"]
    done = run(mounted, "settings.exe", cwd=mounted.c / "Tools")
    assert done.returncode
    assert b"NoSuchFunction does not exist" in done.stderr


def test_the_client_imports_nothing_that_is_slow(mounted: Mounted) -> None:
    script = (
        "import sys; from winfs.cli import invoke; code = invoke(['run', 'talk.exe']);"
        "print(code, {'trio', 'unicorn', 'msgspec', 'pyfuse3', 'sqlite3', 'rich'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment(mounted.home), cwd=mounted.c / "Tools", input=b"",
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.stderr.splitlines()[-1] == b"44 set()"


def detached(mounted: Mounted, *arguments: str) -> Path:
    done = run(mounted, "--detach", "talk.exe", *arguments, cwd=mounted.c / "Tools")
    assert done.returncode == 0, done.stderr
    return mounted.folder / "process" / str(int(done.stdout))


def test_a_detached_program_is_talked_to_through_its_files(mounted: Mounted) -> None:
    folder = detached(mounted, "here")
    assert "host: pipe" in (folder / "stdin").read_text()
    follower = subprocess.Popen(["tail", "-n", "+1", "-f", folder / "stdout"], stdout=subprocess.PIPE)
    with follower, open(folder / "stdin", "w") as stdin:
        assert follower.stdout is not None
        stdin.write("first line\n")
        stdin.flush()
        (folder / "stdin").write_text("second line\n")
        (folder / "ctl").write_text("eof\n")
        with pytest.raises(OSError, match=r"Broken pipe|No such"):
            (folder / "stdin").write_text("third line\n")
        lines = iter(follower.stdout.readline, b"")
        assert any(line == b"line second line\r\n" for line in lines)
        follower.kill()
    wait_for(lambda: folder if (folder / "exit_code").read_text() else None)
    wait_for(lambda: folder if not (folder / "stdin").exists() else None)
    with pytest.raises(OSError, match="No such file"):
        (folder / "stdin").write_text("too late\n")
    assert (folder / "exit_code").read_text() == "300 0x0000012c\n"
    assert (folder / "stderr").read_bytes() == b"error text\r\n"
    written = (folder / "stdout").read_bytes()
    assert b"argument here\r\nline first line\r\nline second line\r\n" in written
    assert (folder / "stdout").stat().st_size == len(written)


def test_input_from_a_pipe_can_be_added_to(mounted: Mounted) -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "winfs", "run", "talk.exe"], env=environment(mounted.home), cwd=mounted.c / "Tools",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert program.stdin is not None
    folder = mounted.process_of("talk.exe")
    (folder / "stdin").write_text("from the file\n")
    wait_for(lambda: folder if b"fed: 0" in (folder / "stdin").read_bytes() else None)
    output, _ = program.communicate(b"from the pipe\n", 120)
    assert output.replace(b"\r\n", b"\n").endswith(b"line from the file\nline from the pipe\n")


def test_an_input_that_is_a_file_cannot_be_fed(mounted: Mounted, tmp_path: Path) -> None:
    with open(tmp_path / "empty", "wb+") as empty:
        program = subprocess.Popen(
            [sys.executable, "-m", "winfs", "run", "talk.exe", "wait"], env=environment(mounted.home),
            cwd=mounted.c / "Tools", stdin=empty, stdout=subprocess.PIPE,
        )  # fmt: skip
        with program:
            folder = mounted.process_of("talk.exe")
            with pytest.raises(OSError, match="Operation not supported"):
                (folder / "stdin").write_text("text\n")
            program.kill()
        wait_for(lambda: folder if (folder / "exit_code").read_text() else None)


def test_detach_needs_a_mounted_machine_and_a_place_for_the_trace(mounted: Mounted) -> None:
    for options, part in (
        (["--machine", "unmounted"], "--detach: the machine is not mounted; 'winfs mount DIR' does that"),
        (["--trace-apis"], "--detach: the trace needs a file, --trace-output FILE"),
        (["--timeout", "1"], "--detach and --timeout do not go together"),
    ):
        done = run(mounted, "--detach", *options, "talk.exe", cwd=mounted.c / "Tools")
        assert done.returncode in (1, 2)
        assert part in done.stderr.decode()
        assert done.stderr.count(b"\n") == 1
