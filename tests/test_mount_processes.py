"""A running program as files, and what it changed, on a real mount."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Compiler
from mounting import Mounted, mount, wait_for

from runtime.nt.process_record import EndedProcesses, ProcessRecord

SOURCE = r"""
#include <windows.h>
#include <string.h>

static void put(const wchar_t *path, const char *text) {
    DWORD done;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    WriteFile(file, text, (DWORD)strlen(text), &done, NULL);
    CloseHandle(file);
}

int main(void) {
    HKEY key;
    DWORD one = 1;
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, L"Winfs/Event");
    char *memory = VirtualAlloc((void *)0x12340000, 0x1000, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    strcpy(memory, "before");
    CreateDirectoryW(L"C:\\out", NULL);
    put(L"C:\\out\\new.txt", "hello");
    put(L"C:\\present.txt", "changed");
    put(L"C:\\brief.txt", "");
    DeleteFileW(L"C:\\brief.txt");
    DeleteFileW(L"C:\\doomed.txt");
    RegCreateKeyW(HKEY_CURRENT_USER, L"Software\\Winfs Test", &key);
    RegSetValueExW(key, L"One", 0, REG_DWORD, (BYTE *)&one, 4);
    RegCloseKey(key);
    while (WaitForSingleObject(event, INFINITE) == WAIT_OBJECT_0 && strcmp(memory, "after!"))
        put(L"C:\\out\\again.txt", memory);
    put(L"C:\\out\\seen.txt", memory);
    return 7;
}
"""
EVENT = "Sessions/1/BaseNamedObjects/Winfs%2FEvent"


NEVER_AGAIN = """
    from winfs.mount import drive_files
    drive_files.TIMEOUT = 1e6
    drive_files.Placed.attribute_timeout = 1e6
"""
"""The kernel believes attributes and names in drives for good: what it is not told of, it never sees."""


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory, compile_c: Compiler) -> Iterator[Mounted]:
    program = compile_c(SOURCE, "-ladvapi32", name="waiter.exe")
    with mount(tmp_path_factory.mktemp("processes"), patch=NEVER_AGAIN) as found:
        (found.c / "waiter.exe").write_bytes(program.read_bytes())
        (found.c / "present.txt").write_text("there before")
        (found.c / "doomed.txt").write_text("")
        yield found


@pytest.fixture
def process(mounted: Mounted) -> Iterator[Path]:
    """`process/<pid>` of a program that waits for its event."""
    program = mounted.start(mounted.c / "waiter.exe")
    folder = mounted.process_of("waiter.exe")

    def waits() -> Path | None:
        threads = (folder / "threads").iterdir()
        return folder if any("Winfs/Event" in (thread / "wait").read_text() for thread in threads) else None

    try:
        yield wait_for(waits)
    finally:
        if (folder / "ctl").exists():
            (folder / "ctl").write_text("kill")
        program.wait(120)


def fields(path: Path) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in path.read_text().splitlines() if ": " in line)


def test_a_program_is_described_by_its_files(process: Path) -> None:
    assert (process / "image").read_text() == "C:\\waiter.exe\n"
    assert (process / "cmdline").read_text().rstrip("\n").strip('"') == "C:\\waiter.exe"
    assert (process / "cwd").read_text() == "C:\\\n"
    assert "\nPATH=" in (process / "environ").read_text().upper()
    assert (process / "exit_code").read_text() == ""
    status = fields(process / "status")
    assert (status["Name"], status["Pid"], status["State"]) == ("waiter.exe", process.name, "waiting")
    maps = (process / "maps").read_text()
    assert "waiter.exe" in maps
    assert any(line.startswith("000012340000-000012341000 rw-p private") for line in maps.splitlines())
    module = (process / "modules" / "kernel32.dll").read_text()
    assert "base: 0x" in module
    assert "CreateFileW" in module


def test_threads_say_where_they_are_and_what_they_wait_for(process: Path) -> None:
    (thread,) = (process / "threads").iterdir()
    assert "Event \\Sessions\\1\\BaseNamedObjects\\Winfs/Event" in (thread / "wait").read_text()
    stack = (thread / "stack").read_text().splitlines()
    assert stack[0].startswith("kernel32.dll!WaitForSingleObject")
    assert any(line.startswith("waiter.exe") for line in stack)
    assert stack[-1].startswith("ntrtl.dll!RtlUserThreadStart")
    assert int(fields(thread / "context")["rsp"], 16) > 0x10000


def test_handles_show_their_objects(process: Path) -> None:
    found = [fields(handle) for handle in (process / "handles").iterdir()]
    events = [item for item in found if item["type"] == "Event" and "Winfs/Event" in item["name"]]
    assert len(events) == 1
    assert events[0]["signalled"] == "no"
    assert any(item["type"] == "File" and item.get("path", "").startswith("C:\\") for item in found)


def test_memory_is_read_and_written_and_holes_are_faults(process: Path) -> None:
    descriptor = os.open(process / "memory", os.O_RDWR)
    try:
        assert os.pread(descriptor, 7, 0x12340000) == b"before\0"
        assert len(os.pread(descriptor, 0x4000, 0x12340000)) <= 0x4000
        assert os.pwrite(descriptor, b"BEFORE", 0x12340000) == 6
        assert os.pread(descriptor, 6, 0x12340000) == b"BEFORE"
        for action in (lambda: os.pread(descriptor, 1, 0x1000), lambda: os.pwrite(descriptor, b"x", 0x1000)):
            with pytest.raises(OSError, match="Bad address") as caught:
                action()
            assert caught.value.errno == errno.EFAULT
    finally:
        os.close(descriptor)


def test_setting_an_event_by_file_wakes_the_program(mounted: Mounted, process: Path) -> None:
    event = mounted.folder / "objects" / EVENT
    assert fields(event)["waiters"] == "1"
    with pytest.raises(OSError, match="Invalid argument"):
        event.write_text("ring")
    event.write_text("pulse")
    again = mounted.c / "out" / "again.txt"
    wait_for(lambda: again if again.exists() and again.read_text() == "before" else None)
    descriptor = os.open(process / "memory", os.O_RDWR)
    os.pwrite(descriptor, b"after!", 0x12340000)
    os.close(descriptor)
    event.write_text("set")
    wait_for(lambda: process if not (process / "maps").exists() else None)
    assert (process / "exit_code").read_text().startswith("7")
    assert (mounted.c / "out" / "seen.txt").read_text() == "after!"
    assert fields(process / "status")["State"] == "ended"


def test_suspend_resume_and_kill(mounted: Mounted, process: Path) -> None:
    control = process / "ctl"
    with pytest.raises(OSError, match="Invalid argument"):
        control.write_text("explode")
    control.write_text("suspend")
    assert fields(process / "status")["State"] == "suspended"
    control.write_text("resume")
    assert fields(process / "status")["State"] == "waiting"
    assert mounted.winfs("kill", process.name, cwd=mounted.c).returncode == 0
    wait_for(lambda: process if not (process / "maps").exists() else None)
    assert fields(process / "status")["ExitReason"] == "killed through ctl"
    again = mounted.winfs("kill", process.name, cwd=mounted.c)
    assert again.returncode == 1
    assert "no such program" in again.stderr


def test_what_programs_change_is_listed(mounted: Mounted, process: Path) -> None:
    lines = (mounted.folder / "changes" / "files").read_text().splitlines()
    assert {"A\tC:\\out", "A\tC:\\out\\new.txt", "D\tC:\\doomed.txt", "M\tC:\\present.txt"} <= set(lines)
    assert not any("brief" in line or "waiter" in line for line in lines)
    registry = (mounted.folder / "changes" / "registry.reg").read_text()
    assert "[HKEY_CURRENT_USER\\Software\\Winfs Test]" in registry
    assert '"One"=dword:00000001' in registry
    shown = mounted.winfs("diff", mounted.folder, "--mark")
    assert shown.returncode == 0
    assert "D\tC:\\doomed.txt\n" in shown.stdout
    assert "Winfs Test" in shown.stdout
    assert (mounted.folder / "changes" / "files").read_text() == ""
    assert mounted.winfs("diff", mounted.folder).returncode == 1


def test_what_a_program_writes_is_seen_at_once(mounted: Mounted, process: Path) -> None:
    path = mounted.c / "out" / "again.txt"
    event = mounted.folder / "objects" / EVENT
    event.write_text("set")
    wait_for(lambda: path if path.read_text() == "before" else None)
    descriptor = os.open(process / "memory", os.O_RDWR)
    try:
        with open(path) as reader:
            for text in ("first", "a second", "x"):
                assert os.stat(path).st_size >= 0  # the kernel may now believe it
                os.pwrite(descriptor, text.encode() + b"\0", 0x12340000)
                event.write_text("set")
                wait_for(lambda text=text: path if reader.seek(0) == 0 and reader.read() == text else None)
    finally:
        os.close(descriptor)


def test_ended_processes_are_reaped_by_count_and_age() -> None:
    ended = EndedProcesses()
    for pid in range(1, 6):
        ended.add(ProcessRecord(pid, 0, "", "", "", b"", "", 0, None, 0, exit_time=pid * 10), limit=3)
    assert [record.pid for record in ended] == [3, 4, 5]
    ended.expire(45)
    assert [record.pid for record in ended] == [5]
    ended.forget(5)
    assert len(ended) == 0
