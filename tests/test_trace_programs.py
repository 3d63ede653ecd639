"""Programs traced from outside: the command line's options, what the lines say, and that they add up."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from runtime.trace.events import Event, decode_lines
from tests.conftest import Compiler, Runner

PROGRAM = r"""
#include <windows.h>
#include <stdlib.h>

static DWORD WINAPI worker(void *argument) { return (DWORD)(ULONG_PTR)argument; }

int main(void)
{
    char buffer[64];
    DWORD count, type, size = sizeof buffer;
    HKEY key;
    HANDLE missing = CreateFileW(L"no such file", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                                 FILE_ATTRIBUTE_NORMAL, NULL);
    HANDLE file = CreateFileW(L"out.txt", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL,
                              NULL);
    HANDLE thread = CreateThread(NULL, 0, worker, (void *)5, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    WriteFile(file, "hello\n", 6, &count, NULL);
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    ReadFile(file, buffer, sizeof buffer, &count, NULL);
    CloseHandle(file);
    RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", 0, KEY_READ, &key);
    RegQueryValueExA(key, "CurrentBuild", NULL, &type, (BYTE *)buffer, &size);
    RegCloseKey(key);
    void *volatile block = malloc(1234);
    free(block);
    return missing == INVALID_HANDLE_VALUE ? 7 : 1;
}
"""


@pytest.fixture
def program(compile_c: Compiler) -> Path:
    return compile_c(PROGRAM, "-ladvapi32", name="traced.exe")


def events_of(winfs: Runner, tmp_path: Path, program: Path, *options: str) -> list[Event]:
    """Run the program with a JSON trace; return its events."""
    output = tmp_path / "trace.jsonl"
    done = winfs("run", *options, "--trace-format", "json", "--trace-output", output, program)
    assert (done.returncode, done.stderr) == (7, b"")
    assert done.stdout == b""
    return list(decode_lines(output.read_bytes()))


def calls(events: list[Event], function: str) -> list[tuple[Event, Event]]:
    """The calls of a function with their returns."""
    returns = {event.call: event for event in events if event.event == "return"}
    return [(event, returns[event.seq]) for event in events if event.event == "call" and event.function == function]


def test_a_traced_program_shows_what_it_did(winfs: Runner, tmp_path: Path, program: Path) -> None:
    events = events_of(winfs, tmp_path, program, "--trace-apis")
    (missed, failed), (opened, got) = calls(events, "CreateFileW")[-2:]
    assert missed.args["lpFileName"] == "no such file"
    assert missed.args["dwDesiredAccess"] == "GENERIC_READ"
    assert missed.args["dwCreationDisposition"] == "OPEN_EXISTING"
    assert (failed.return_, failed.error) == ("INVALID_HANDLE_VALUE", "ERROR_FILE_NOT_FOUND")
    assert opened.args["dwDesiredAccess"] == "GENERIC_READ|GENERIC_WRITE"
    assert opened.caller is not None
    assert re.fullmatch(r"traced\.exe\+0x[0-9a-f]+", opened.caller)
    handle = got.return_
    written, _ = calls(events, "WriteFile")[-1]
    assert written.args["hFile"] == handle
    assert written.args["lpBuffer"] == {"size": 6, "hex": b"hello\n".hex(), "text": "hello\n"}
    _, read = calls(events, "ReadFile")[-1]
    assert read.args["lpBuffer"] == {"size": 6, "hex": b"hello\n".hex(), "text": "hello\n"}
    assert read.args["lpNumberOfBytesRead"] == 6
    key, found = calls(events, "RegOpenKeyExW")[-1]
    assert key.args["hKey"] == "HKEY_LOCAL_MACHINE"
    assert key.args["samDesired"] == "KEY_READ"
    assert found.return_ == 0


def test_every_call_returns_and_every_life_has_both_ends(winfs: Runner, tmp_path: Path, program: Path) -> None:
    events = events_of(winfs, tmp_path, program, "--trace-apis")
    kinds = Counter(event.event for event in events)
    assert kinds["process_start"] == kinds["process_exit"] == 1
    assert kinds["thread_start"] == kinds["thread_exit"] == 2
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert all(a.timestamp <= b.timestamp for a, b in itertools.pairwise(events))
    returned = {event.call for event in events if event.event == "return"}
    open_calls = [event.function for event in events if event.event == "call" and event.seq not in returned]
    assert set(open_calls) <= {"NtTerminateProcess", "NtTerminateThread", "LdrShutdownThread", "LdrShutdownProcess"}
    assert events[-1].event == "process_exit"
    assert events[-1].args["exit_code"] == 7
    loaded = [event.module for event in events if event.event == "load"]
    assert loaded[0] == "traced.exe"
    assert {"ntdll.dll", "kernel32.dll"} <= set(loaded)


def test_text_lines_have_the_documented_form(winfs: Runner, tmp_path: Path, program: Path) -> None:
    done = winfs("run", "--trace-apis", "--trace-category", "file_io", program)
    assert done.returncode == 7
    lines = done.stdout.decode().splitlines()
    assert lines
    form = re.compile(r"\[\d+\.\d{3}\] \[TID:\d+\] (CALL  |RETURN) \w+\(.*\)( -> .+)?")
    assert [line for line in lines if not form.fullmatch(line)] == []
    assert any('CALL   CreateFileW(lpFileName="no such file", dwDesiredAccess=GENERIC_READ, ' in line for line in lines)
    assert any("RETURN CreateFileW() -> INVALID_HANDLE_VALUE ERROR_FILE_NOT_FOUND <" in line for line in lines)


@pytest.mark.parametrize(
    ("options", "wanted", "unwanted"),
    [
        (["--trace-filter", "*File"], {"WriteFile", "ReadFile"}, {"CreateFileW", "RegOpenKeyExW"}),
        (["--trace-category", "registry"], {"RegOpenKeyExW"}, {"CreateFileW", "ReadFile"}),
        (["--trace-function", "CreateFileW"], {"CreateFileW"}, {"ReadFile"}),
        (["--trace-filter", "!Reg*"], {"CreateFileW"}, {"RegOpenKeyExW"}),
        (
            ["--trace-category", "registry", "--trace-function", "readfile"],
            {"RegOpenKeyExW", "ReadFile"},
            {"WriteFile"},
        ),
        (["--trace-filter", "advapi32!*"], {"RegOpenKeyExW"}, {"CreateFileW"}),
    ],
)
def test_rules_choose_what_is_traced(
    winfs: Runner, tmp_path: Path, program: Path, options: list[str], wanted: set[str], unwanted: set[str]
) -> None:
    functions = {event.function for event in events_of(winfs, tmp_path, program, *options)}
    assert wanted <= functions
    assert not unwanted & functions


def test_the_c_runtime_is_traced_when_named(winfs: Runner, tmp_path: Path, program: Path) -> None:
    events = events_of(winfs, tmp_path, program, "--trace-function", "malloc", "--trace-function", "free")
    made = [pair for pair in calls(events, "malloc") if 1234 in pair[0].args.values()]
    assert len(made) == 1
    call, ret = made[0]
    assert call.category == "crt"
    assert call.caller is not None
    assert call.caller.startswith("traced.exe+")
    freed = [begin for begin, _ in calls(events, "free") if ret.return_ in begin.args.values()]
    assert len(freed) == 1


def test_an_untraced_program_leaves_no_trace(winfs: Runner, program: Path) -> None:
    done = winfs("run", program)
    assert (done.returncode, done.stdout, done.stderr) == (7, b"", b"")


def test_an_unknown_category_is_a_usage_error_that_lists_the_known(winfs: Runner, program: Path) -> None:
    done = winfs("run", "--trace-category", "files", program)
    assert done.returncode == 2
    assert b"file_io" in done.stderr
    assert b"security" in done.stderr


def test_winfs_trace_reads_filters_and_sums_up(winfs: Runner, tmp_path: Path, program: Path) -> None:
    events = events_of(winfs, tmp_path, program, "--trace-apis")
    trace = tmp_path / "trace.jsonl"
    again = winfs("trace", "--format", "json", trace)
    assert again.stdout == trace.read_bytes()
    errors = winfs("trace", "--errors", "--function", "CreateFileW", trace).stdout.decode()
    assert "RETURN CreateFileW() -> INVALID_HANDLE_VALUE ERROR_FILE_NOT_FOUND <" in errors
    text = winfs("trace", "--function", "CreateFileW", trace).stdout.decode()
    assert 'CreateFileW(lpFileName="no such file", dwDesiredAccess=GENERIC_READ, ' in text
    summary = winfs("trace", "--summary", trace).stdout.decode().splitlines()
    total = summary[-1].split()
    assert int(total[1]) == sum(event.event == "call" for event in events)
    assert winfs("trace", "-").returncode == 0
    broken = winfs("trace", "-", stdin=b'{"seq":\n')
    assert broken.returncode == 1
    assert broken.stderr.count(b"\n") == 1
    assert json.loads(trace.read_bytes().splitlines()[0])["seq"] == 1
