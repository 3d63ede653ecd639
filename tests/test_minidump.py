"""Minidumps, read back with two readers that know nothing of winfs."""

from __future__ import annotations

import os
import stat
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import udmp_parser
from conftest import Compiler, Runner
from minidump.minidumpfile import MinidumpFile
from mounting import Mounted, mount, wait_for

SOURCES = Path(__file__).parent / "guest" / "crash"
ACCESS_VIOLATION = 0xC0000005


@pytest.fixture(scope="module")
def dumped(compile_c: Compiler) -> Path:
    return compile_c((SOURCES / "dumped.c").read_text(), name="dumped.exe")


def memory_of(path: Path) -> dict[int, bytes]:
    """The memory in a dump, by address."""
    dump = MinidumpFile.parse(str(path))
    data = path.read_bytes()
    segments = (dump.memory_segments_64 or dump.memory_segments).memory_segments
    return {segment.start_virtual_address: data[segment.start_file_address :][: segment.size] for segment in segments}


def crash(winfs: Runner, program: Path, path: Path, *options: str) -> MinidumpFile:
    done = winfs("run", "--minidump", path, *options, program, "crash")
    assert done.returncode == 5
    assert done.stderr.decode().splitlines()[-1].startswith(f"winfs: {path}: minidump of process "), done.stderr
    dump = MinidumpFile.parse(str(path))
    other = udmp_parser.UserDumpParser()
    assert other.Parse(str(path))
    assert other.ForegroundThreadId() == dump.exception.exception_records[0].ThreadId
    assert {module.BaseOfImage for module in other.Modules().values()} == {
        module.baseaddress for module in dump.modules.modules
    }
    return dump


def test_a_crash_writes_a_dump_that_says_what_happened(winfs: Runner, dumped: Path, tmp_path: Path) -> None:
    path = tmp_path / "crash.dmp"
    dump = crash(winfs, dumped, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (happened,) = dump.exception.exception_records
    assert happened.ExceptionRecord.ExceptionCode_raw == ACCESS_VIOLATION
    assert happened.ExceptionRecord.ExceptionInformation[:2] == [1, 0]
    modules = {module.name.rpartition("\\")[2].lower(): module for module in dump.modules.modules}
    program = modules["dumped.exe"]
    address = happened.ExceptionRecord.ExceptionAddress
    assert program.baseaddress <= address < program.endaddress
    assert modules["kernel32.dll"].versioninfo.dwFileVersionMS == 10 << 16
    assert [module.name for module in dump.unloaded_modules.modules] == ["version.dll"]
    threads = {thread.ThreadId: thread for thread in dump.threads.threads}
    assert len(threads) == 2
    crashed = threads[happened.ThreadId]
    assert crashed.ContextObject.Rip == address
    assert crashed.SuspendCount == 0
    assert (dump.sysinfo.MajorVersion, dump.sysinfo.BuildNumber) == (10, 19045)
    assert {name for name in dump.peb.__dict__ if "image" in name.lower()}
    kinds = {handle.TypeName for handle in dump.handles.handles}
    assert {"Event", "Thread"} <= kinds
    assert "unhandled exception STATUS_ACCESS_VIOLATION" in path.read_bytes().decode("utf-16-le", "replace")
    held = memory_of(path)
    code = next(data[address - start :] for start, data in held.items() if start <= address < start + len(data))
    assert code[0] in (0xC7, 0x41, 0x66), "the instruction that wrote"
    stack = crashed.Stack
    assert stack.StartOfMemoryRange <= crashed.ContextObject.Rsp
    assert stack.MemoryLocation.DataSize > 0x100
    raw = path.read_bytes()[stack.MemoryLocation.Rva :][:8]
    assert any(
        data[stack.StartOfMemoryRange - start :].startswith(raw)
        for start, data in held.items()
        if start <= stack.StartOfMemoryRange < start + len(data)
    )
    assert not any(b"a static text" in data for data in held.values()), "that is for a full dump"
    assert held[program.baseaddress].startswith(b"MZ")
    assert path.stat().st_size < 1 << 20


def test_a_full_dump_holds_all_memory(winfs: Runner, dumped: Path, tmp_path: Path) -> None:
    path = tmp_path / "full.dmp"
    crash(winfs, dumped, path, "--minidump-type", "full")
    held = memory_of(path)
    for text in (b"a static text of the program", b"a text on the heap", b"far inside"):
        assert any(text in data for data in held.values()), text
    assert path.stat().st_size > 0x400000
    assert path.stat().st_blocks * 512 < 0x400000, "memory that was never touched takes no place"


def test_without_a_crash_there_is_no_file(winfs: Runner, compile_c: Compiler, tmp_path: Path) -> None:
    fine = compile_c("int main(void) { return 0; }", name="fine.exe")
    old = tmp_path / "old.dmp"
    old.write_text("keep me")
    for path in (tmp_path / "new.dmp", old):
        assert winfs("run", "--minidump", path, fine).returncode == 0
    assert not (tmp_path / "new.dmp").exists()
    assert old.read_text() == "keep me"


def test_a_file_that_cannot_be_written_is_refused_before_the_run(winfs: Runner, dumped: Path, tmp_path: Path) -> None:
    for path, message in ((tmp_path / "nowhere" / "x.dmp", "No such file or directory"), (tmp_path, "is a directory")):
        done = winfs("run", "--minidump", path, dumped, "crash")
        assert done.returncode in (1, 2)
        assert "unhandled" not in done.stderr.decode()
        assert str(path) in done.stderr.decode()
        assert message in done.stderr.decode()


def test_a_dump_that_does_not_fit_says_so(winfs: Runner, dumped: Path) -> None:
    done = winfs("run", "--minidump", "/dev/full", dumped, "crash")
    assert done.returncode == 5
    last = done.stderr.decode().splitlines()[-1]
    assert last == "winfs: /dev/full: the minidump is not written: No space left on device"


def test_machines_can_dump_every_program_that_crashes(winfs: Runner, dumped: Path, machine_folder: Path) -> None:
    (machine_folder / "machine.toml").write_text('crash_dumps = "normal"\n')
    folder = machine_folder / "dumps"
    folder.mkdir()
    for number in range(11):
        (folder / f"old{number}.dmp").write_text("")
        os.utime(folder / f"old{number}.dmp", (number, number))
    assert winfs("run", dumped, "crash").returncode == 5
    names = {path.name for path in folder.iterdir()}
    (new,) = [name for name in names if name.startswith("dumped.exe.")]
    assert MinidumpFile.parse(str(folder / new)).exception is not None
    assert names == {new, *(f"old{number}.dmp" for number in range(2, 11))}


def test_a_wrong_setting_is_named(winfs: Runner, dumped: Path, machine_folder: Path) -> None:
    (machine_folder / "machine.toml").write_text('crash_dumps = "all"\n')
    done = winfs("run", dumped, "crash")
    assert done.returncode == 1
    assert "machine.toml: crash_dumps: " in done.stderr.decode()
    assert "unhandled" not in done.stderr.decode()


def test_the_pdb_of_a_module_is_named(winfs: Runner, tmp_path: Path) -> None:
    source = tmp_path / "bare.c"
    source.write_text("int start(void) { *(volatile int *)0x10 = 1; return 0; }")
    zig = [sys.executable, "-m", "ziglang"]
    part, program = tmp_path / "bare.obj", tmp_path / "bare.exe"
    flags = ["--target=x86_64-pc-windows-msvc", "-gcodeview", "-fno-stack-protector"]
    subprocess.run([*zig, "clang", *flags, "-c", source, "-o", part], check=True)
    options = ["/nologo", "/entry:start", "/subsystem:console", "/nodefaultlib", "/debug", f"/out:{program}"]
    subprocess.run([*zig, "lld-link", *options, part], check=True)
    path = tmp_path / "bare.dmp"
    assert winfs("run", "--minidump", path, program).returncode == 5
    record = path.read_bytes().partition(b"RSDS")[2]
    assert len(record) > 20
    assert record[20:].partition(b"\0")[0].endswith(b"bare.pdb")
    assert record[:16] in program.read_bytes()


def test_a_program_dumps_itself_and_walks_its_stack(winfs: Runner, compile_c: Compiler, tmp_path: Path) -> None:
    source = (SOURCES / "selfdump.c").read_text()
    done = winfs("run", compile_c(source, "-ldbghelp", "-fno-optimize-sibling-calls", name="self.exe"))
    assert done.stdout.decode().splitlines() == [
        "chosen: 1 2 1 1",
        "cancelled: 0 800704c7",
        "no file: 0 80070006",
        "full: 1",
        "walker 1",
        "middle 1",
        "top 1",
        "end 1",
        "self 1",
        "found 1",
        "walker+3",
        "loaded 1",
        "other thread: 0",
        "crash dump: 1",
    ]
    assert (done.returncode, done.stderr) == (5, b""), "its own filter has dealt with it"
    chosen = MinidumpFile.parse(str(tmp_path / "chosen.dmp"))
    assert len(chosen.threads.threads) == 1, "the callback left the other one out"
    names = {module.name.rpartition("\\")[2].lower() for module in chosen.modules.modules}
    assert "kernel32.dll" in names
    assert "dbghelp.dll" not in names, "the callback left it out"
    assert b"the program's own stream" in (tmp_path / "chosen.dmp").read_bytes()
    assert any(b"wanted by the memory callback" in data for data in memory_of(tmp_path / "chosen.dmp").values())
    assert (tmp_path / "cancelled.dmp").read_bytes() == b""
    full = memory_of(tmp_path / "full.dmp")
    assert any(b"wanted by the memory callback" in data for data in full.values())
    crashed = MinidumpFile.parse(str(tmp_path / "crash.dmp"))
    (happened,) = crashed.exception.exception_records
    assert happened.ExceptionRecord.ExceptionInformation[:2] == [1, 0x20]
    assert happened.ThreadId in {thread.ThreadId for thread in crashed.threads.threads}


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory, dumped: Path) -> Iterator[Mounted]:
    with mount(tmp_path_factory.mktemp("minidump")) as found:
        (found.c / "dumped.exe").write_bytes(dumped.read_bytes())
        yield found


@pytest.fixture
def waiting(mounted: Mounted) -> Iterator[Path]:
    """`process/<pid>` of a program both of whose threads wait."""
    program = mounted.start(mounted.c / "dumped.exe")
    folder = mounted.process_of("dumped.exe")

    def waits() -> Path | None:
        waits = [(thread / "wait").read_text() for thread in (folder / "threads").iterdir()]
        return folder if len(waits) == 2 and all("Dumped" in wait for wait in waits) else None

    wait_for(waits)
    yield folder
    (mounted.folder / "objects/Sessions/1/BaseNamedObjects/Dumped").write_text("set")
    assert program.wait(120) == len("a text on the heap"), "it went on as if nothing had happened"


def test_ctl_dumps_a_running_program(mounted: Mounted, waiting: Path, tmp_path: Path) -> None:
    path = tmp_path / "running.dmp"
    (waiting / "ctl").write_text(f"dump {path}\n")
    (waiting / "ctl").write_text("dump plain.dmp\n")
    for file in (path, mounted.home / "default" / "dumps" / "plain.dmp"):
        dump = MinidumpFile.parse(str(file))
        assert dump.exception is None
        assert len(dump.threads.threads) == 2
        assert any(b"a text on the heap" in data for data in memory_of(file).values())
    assert "the other one".encode("utf-16-le") in path.read_bytes()
    for bad in ("dump", "dump ../x", "dump .hidden"):
        with pytest.raises(OSError, match="Invalid argument"):
            (waiting / "ctl").write_text(bad)
    with pytest.raises(FileNotFoundError):
        (waiting / "ctl").write_text(f"dump {tmp_path}/nowhere/x.dmp")


def test_the_machine_goes_on_while_a_program_is_dumped(mounted: Mounted, waiting: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=(waiting / "ctl").write_text, args=(f"dump {pipe}\n",))
    writer.start()
    with open(pipe, "rb") as reader:
        # the dump is larger than the pipe holds: until it is read, the program stands still
        wait_for(lambda: waiting if "State: suspended" in (waiting / "status").read_text() else None)
        assert float((mounted.folder / "machine" / "uptime").read_text()) > 0
        assert mounted.winfs("run", mounted.c / "dumped.exe", "crash").returncode == 5
        data = reader.read()
    writer.join()
    (tmp_path / "piped.dmp").write_bytes(data)
    assert struct.unpack_from("<I", data) == (0x504D444D,)
    assert any(b"far inside" in part for part in memory_of(tmp_path / "piped.dmp").values())


def test_a_crash_on_a_mounted_machine_dumps_to_the_callers_file(mounted: Mounted, tmp_path: Path) -> None:
    done = mounted.winfs("run", "--minidump", "here.dmp", mounted.c / "dumped.exe", "crash", cwd=tmp_path)
    assert done.returncode == 5
    assert "winfs: here.dmp: minidump of process" in done.stderr
    assert MinidumpFile.parse(str(tmp_path / "here.dmp")).exception is not None
    inside = mounted.c / "inside.dmp"
    assert mounted.winfs("run", "--minidump", inside, mounted.c / "dumped.exe", "crash").returncode == 5
    assert MinidumpFile.parse(str(inside)).exception is not None
