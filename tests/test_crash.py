"""The report of a program that dies of an exception: on standard error, and in the trace."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.loader.unwind import RSP, Function, step
from runtime.memory.faults import AccessViolation
from runtime.nt.cxx_exception import itanium_name, msvc_name
from tests.conftest import Compiler, Runner
from tests.test_runtime_programs import import_library

SOURCES = Path(__file__).parent / "guest" / "crash"
BOTTOM = "ntrtl.dll!RtlUserThreadStart"


@pytest.fixture(scope="module")
def faults(compile_c: Compiler) -> Path:
    return compile_c((SOURCES / "faults.c").read_text(), name="faults.exe")


def report(winfs: Runner, program: Path, *arguments: str) -> list[str]:
    """What a crash prints, line by line."""
    done = winfs("run", program, *arguments)
    assert done.returncode not in (0, 1), done
    return done.stderr.decode().splitlines()


def stack(lines: list[str]) -> list[str]:
    """The calls in a report."""
    return [line.strip() for line in lines[lines.index("  stack") + 1 :]]


@pytest.mark.parametrize(
    ("how", "head", "frames"),
    [
        ("write", r"STATUS_ACCESS_VIOLATION \(0xC0000005\) at faults.exe\+0x\w+ writing 0x0", ["inner", "outer"]),
        ("read", r"STATUS_ACCESS_VIOLATION .* reading 0x123450", ["inner", "outer"]),
        ("divide", r"STATUS_INTEGER_DIVIDE_BY_ZERO \(0xC0000094\) at faults.exe", ["inner", "outer"]),
        ("execute", r"STATUS_ACCESS_VIOLATION .* at (faults.exe\+\w+) executing 0x\w+", ["", "outer"]),
        ("jump", r"STATUS_ACCESS_VIOLATION .* at 0x0 executing 0x0", ["", "outer"]),
        ("fastfail", r"STATUS_STACK_BUFFER_OVERRUN .* \(FAST_FAIL_INVALID_ARG\)", ["inner", "outer"]),
        ("raise", r"0xE0001234 at \S+ \(0x1, 0x2\)", ["", "inner", "outer"]),
    ],
)
def test_a_crash_names_the_exception_and_the_calls(
    how: str, head: str, frames: list[str], winfs: Runner, faults: Path
) -> None:
    lines = report(winfs, faults, how)
    assert re.match(f"winfs: unhandled exception {head}", lines[0]), lines
    calls = stack(lines)
    for name, call in zip(frames, calls, strict=False):
        assert not name or call.startswith(f"faults.exe!{name}+"), calls
    assert calls[-1].startswith(BOTTOM), calls


def test_a_crash_shows_registers_and_the_code_at_rip(winfs: Runner, faults: Path) -> None:
    lines = report(winfs, faults, "write")
    registers = dict(re.findall(r"(\w+)=([0-9a-f]+)", " ".join(lines)))
    assert len(registers) == 18
    (code,) = [line for line in lines if line.startswith("  code ")]
    assert "[c7] 04 25 00 00 00 00 01 00 00 00" in code  # mov dword ptr [0], 1


def test_abort_is_a_fast_fail_of_the_runtime(winfs: Runner, faults: Path) -> None:
    lines = report(winfs, faults, "abort")
    assert "at ucrtbase.dll" in lines[0]
    assert lines[0].endswith("(FAST_FAIL_FATAL_APP_EXIT)")
    assert stack(lines)[1].startswith("faults.exe!inner+")


def test_a_stack_overflow_shows_the_recursion_once(winfs: Runner, faults: Path) -> None:
    lines = report(winfs, faults, "overflow")
    assert "STATUS_STACK_OVERFLOW" in lines[0]
    assert re.fullmatch(r"faults.exe!overflow\+0x\w+ \(\d+ times\)", stack(lines)[1])


def test_a_crash_of_another_thread_shows_its_stack(winfs: Runner, faults: Path) -> None:
    calls = stack(report(winfs, faults, "thread"))
    assert [call.partition("+")[0] for call in calls[:2]] == ["faults.exe!inner", "faults.exe!outer"]
    assert len(calls) == 4, "main is not below a thread of its own"
    assert calls[-1].startswith(BOTTOM)


def test_a_destroyed_stack_gives_guesses_that_are_marked(winfs: Runner, faults: Path) -> None:
    lines = report(winfs, faults, "corrupt")
    assert "at 0x4141414141414141" in lines[0]
    assert "  code: none at rip" in lines
    assert stack(lines)[1:]
    assert all(call.startswith("? ") for call in stack(lines)[1:])


def test_a_crash_is_an_event_of_the_trace(winfs: Runner, faults: Path, tmp_path: Path) -> None:
    winfs(
        "run", "--trace-category", "exception", "--trace-format", "json", "--trace-output", "t.jsonl", faults, "write"
    )
    events = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    (crash,) = [event for event in events if event["args"].get("unhandled")]
    assert (crash["event"], crash["error"]) == ("exception", "EXCEPTION_ACCESS_VIOLATION")
    assert crash["args"]["information"] == ["0x1", "0x0"]
    assert crash["args"]["stack"][0].startswith("faults.exe!inner+")
    assert crash["args"]["registers"]["rip"] == crash["args"]["address"]


def test_a_cxx_exception_of_the_microsoft_abi_is_named(winfs: Runner, tmp_path: Path) -> None:
    header = SOURCES.parent / "runtime" / "msvc_abi.h"
    kernel = import_library(tmp_path, "kernel32.dll", ("GetStdHandle", "WriteFile", "ExitProcess", "GetCommandLineA"))
    runtime = import_library(tmp_path, "vcruntime140.dll", ("_CxxThrowException", "__CxxFrameHandler3"))
    part, program = tmp_path / "part.obj", tmp_path / "throws.exe"
    flags = ["--target=x86_64-pc-windows-msvc", "-O1", "-fcxx-exceptions", "-fexceptions", "-nostdinc", "-w"]
    zig = [sys.executable, "-m", "ziglang"]
    source = SOURCES / "throws.cpp"
    subprocess.run([*zig, "clang", *flags, "-include", header, "-c", source, "-o", part], check=True)
    options = ["/nologo", "/entry:start", "/subsystem:console", "/nodefaultlib", f"/out:{program}"]
    subprocess.run([*zig, "lld-link", *options, part, kernel, runtime], check=True)
    lines = report(winfs, program, "+")
    assert "0xE06D7363" in lines[0]
    assert lines[1] == "  C++ exception shop::out_of_stock: no apples left"
    assert report(winfs, program, "-")[1] == "  C++ exception int"


def test_a_cxx_exception_of_the_itanium_abi_is_named(winfs: Runner, faults: Path) -> None:
    assert report(winfs, faults, "itanium")[1] == "  C++ exception shop::broken: the till is open"


def test_a_cxx_exception_that_points_nowhere_is_reported_without_a_name(winfs: Runner, faults: Path) -> None:
    lines = report(winfs, faults, "cxx")
    assert lines[0].endswith("(0x19930520, 0x10, 0x20, 0x30)")
    assert lines[1].startswith("  process ")


def test_mangled_names_are_read_as_far_as_they_are_simple() -> None:
    assert msvc_name(".?AVruntime_error@std@@") == "std::runtime_error"
    assert msvc_name(".PEBD") == "const char *"
    assert msvc_name(".?AV?$box@H@@") == ".?AV?$box@H@@"
    assert itanium_name("St13runtime_error") == "std::runtime_error"
    assert itanium_name("NSt3__112bad_functionE") == "std::bad_function"
    assert itanium_name("3boxIiE") == "3boxIiE"
    assert itanium_name("99short") == "99short"


@pytest.mark.parametrize("done", range(3))
def test_a_thread_inside_an_epilogue_is_unwound_by_the_rest_of_it(done: int) -> None:
    code = bytes.fromhex("56 4883ec20 90 4883c420 5e c3")  # push rsi; sub rsp, 32; nop; add rsp, 32; pop rsi; ret
    unwind = struct.pack("<4B4B", 1, 5, 2, 0, 5, 0x32, 1, 0x60)
    memory = {0x1000: code, 0x2000: unwind, 0x8000: bytes(32) + struct.pack("<QQ", 0x5151, 0xCAFE)}

    def read(address: int, size: int) -> bytes:
        for start, data in memory.items():
            if start <= address < start + len(data):
                return data[address - start : address - start + size]
        raise AccessViolation(address, None)  # type: ignore[arg-type]

    registers = [0] * 16
    registers[RSP] = 0x8000 + (0, 32, 40)[done]
    registers[6] = 0 if done < 2 else 0x5151
    address = 0x1000 + (6, 10, 11)[done]
    assert step(read, 0, Function(0x1000, 0x100C, 0x2000), registers, address) == 0xCAFE
    assert (registers[6], registers[RSP]) == (0x5151, 0x8030)
