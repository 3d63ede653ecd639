"""The runtime as a library: docs/library.md, tried."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import trio
from conftest import Compiler

from runtime import MachineConfig, Thread, open_machine
from runtime.config import ConfigError, Drive
from runtime.dlls.types import BOOL, DWORD, LPCWSTR, LPVOID
from runtime.loader.pe import ImageError
from runtime.memory.faults import AccessViolation
from runtime.nt.status import ERROR_NOT_READY, Win32Error

TICKS = r"""
#include <windows.h>
#include <stdio.h>
int main(int argc, char **argv) {
    printf("%lu %s\n", GetTickCount(), argv[1]);
    return 7;
}
"""


def config(folder: Path, program: Path) -> MachineConfig:
    return MachineConfig(folder=folder, drives={"Z": Drive(program.parent)})


async def test_a_program_is_started_and_its_output_and_exit_code_arrive(compile_c: Compiler, tmp_path: Path) -> None:
    program = compile_c(TICKS)
    reader, writer = os.pipe()
    async with open_machine(config(tmp_path, program)) as machine:
        process = await machine.spawn(program, ["ä ö"], stdout=writer)
        assert await process.wait() == 7
    os.close(writer)
    with os.fdopen(reader, "rb") as output:
        assert output.read().split(b" ", 1)[1].strip() == "ä ö".encode("cp1252")


async def test_an_override_serves_an_export_that_is_guest_code(compile_c: Compiler, tmp_path: Path) -> None:
    program = compile_c(TICKS)
    reader, writer = os.pipe()
    async with open_machine(config(tmp_path, program)) as machine:

        @machine.override("kernel32.dll", category="time")
        def GetTickCount(thread: Thread) -> DWORD:
            return 424242

        process = await machine.spawn(program, ["x"], stdout=writer)
        await process.wait()
    os.close(writer)
    with os.fdopen(reader, "rb") as output:
        assert output.read().split() == [b"424242", b"x"]


async def test_an_override_may_add_a_function_and_fail_as_windows_does(compile_c: Compiler, tmp_path: Path) -> None:
    program = compile_c(
        r"""
        #include <windows.h>
        typedef BOOL (WINAPI *Knock)(LPCWSTR);
        int main(void) {
            Knock knock = (Knock)GetProcAddress(GetModuleHandleA("kernel32.dll"), "KnockKnockW");
            if (!knock || knock(L"who is there")) return 1;
            return GetLastError();
        }
        """
    )
    seen: list[str | None] = []
    async with open_machine(config(tmp_path, program)) as machine:

        @machine.override("kernel32.dll")
        def KnockKnockW(thread: Thread, lpName: LPCWSTR) -> BOOL:
            seen.append(lpName)
            raise Win32Error(ERROR_NOT_READY)

        process = await machine.spawn(program)
        assert await process.wait() == ERROR_NOT_READY
    assert seen == ["who is there"]


async def test_events_arrive_typed_and_in_order(compile_c: Compiler, tmp_path: Path) -> None:
    program = compile_c(TICKS)
    async with open_machine(config(tmp_path, program)) as machine:
        events = machine.events()
        process = await machine.spawn(program, ["x"])
        kinds, numbers = [], []
        async for event in events:
            kinds.append(event.event)
            numbers.append(event.seq)
            if event.event == "process_exit":
                assert event.args == {"exit_code": 7}
                break
        assert await process.wait() == 7
    assert kinds[0] == "process_start"
    assert {"load", "thread_start", "call", "return"} <= set(kinds)
    assert numbers == sorted(numbers)


async def test_guest_memory_is_read_and_written_from_an_override(compile_c: Compiler, tmp_path: Path) -> None:
    program = compile_c(
        r"""
        #include <windows.h>
        int main(void) {
            int value = 5;
            void (*exchange)(int *) = (void *)GetProcAddress(GetModuleHandleA("kernel32.dll"), "Exchange");
            exchange(&value);
            return value;
        }
        """
    )
    async with open_machine(config(tmp_path, program)) as machine:

        @machine.override("kernel32.dll")
        def Exchange(thread: Thread, value: LPVOID) -> None:
            memory = thread.process.memory
            assert memory.read_u32(value) == 5
            memory.write_u32(value, 99)
            with pytest.raises(AccessViolation):
                memory.read(0x10, 4)
            with pytest.raises(AccessViolation):
                memory.write_u64(0xFFFF_8000_0000_0000, 1)

        process = await machine.spawn(program)
        assert await process.wait() == 99


async def test_a_program_calls_back_from_an_override(compile_c: Compiler, tmp_path: Path) -> None:
    program = compile_c(
        r"""
        #include <windows.h>
        static int twice(int a, int b, int c, int d, int e, int f) { return 2 * (a + b + c + d + e + f); }
        int main(void) {
            int (*apply)(void *) = (void *)GetProcAddress(GetModuleHandleA("kernel32.dll"), "Apply");
            return apply((void *)twice);
        }
        """
    )
    async with open_machine(config(tmp_path, program)) as machine:

        @machine.override("kernel32.dll")
        async def Apply(thread: Thread, function: LPVOID) -> DWORD:
            return await thread.call(function, 1, 2, 3, 4, 5, 6)

        process = await machine.spawn(program)
        assert await process.wait() == 42


async def test_terminating_ends_a_spinning_program(compile_c: Compiler, tmp_path: Path) -> None:
    program = compile_c("int main(void) { for (volatile int x = 0;; x++) {} }")
    async with open_machine(config(tmp_path, program)) as machine:
        process = await machine.spawn(program)
        with machine.lock:
            process.terminate(9)
        assert await process.wait() == 9


async def test_bad_programs_are_refused_by_name(compile_c: Compiler, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    text = folder / "text.exe"
    text.write_text("#!/bin/sh\n")
    outside = compile_c(TICKS)
    async with open_machine(MachineConfig(folder=tmp_path / "m", drives={"Z": Drive(folder)})) as machine:
        with pytest.raises(ImageError, match=r"text\.exe"):
            await machine.spawn(text)
        with pytest.raises(ImageError, match="no such file"):
            await machine.spawn("Z:\\nothing.exe")
        with pytest.raises(ConfigError, match="on no drive"):
            await machine.spawn(outside)


async def test_cancelling_the_user_ends_the_machine_in_order(compile_c: Compiler, tmp_path: Path) -> None:
    program = compile_c("int main(void) { for (volatile int x = 0;; x++) {} }")
    ended = []
    with trio.CancelScope() as scope:
        async with open_machine(config(tmp_path, program)) as machine:
            process = await machine.spawn(program)
            scope.cancel()
            try:
                await process.wait()
            finally:
                ended.append(process)
    assert scope.cancelled_caught
    assert ended[0].ended
    assert not machine.processes


async def test_a_start_folder_that_does_not_exist_is_refused(compile_c: Compiler, tmp_path: Path) -> None:
    program = compile_c(TICKS)
    async with open_machine(config(tmp_path, program)) as machine:
        with pytest.raises(ConfigError, match=r"C:\\nothing: no such directory"):
            await machine.spawn(program, cwd="C:\\nothing")


async def test_processes_of_one_program_share_its_pages(compile_c: Compiler, tmp_path: Path) -> None:
    program = compile_c(TICKS)
    os.utime(program, (1_600_000_000, 1_600_000_000))
    async with open_machine(config(tmp_path, program)) as machine:
        used = []
        for _ in range(3):
            process = await machine.spawn(program, ["x"])
            await process.wait()
            await machine.all_gone()
            used.append(machine.physical.frames_in_use)
    assert used[1] == used[2], "what a process had is given back, what images share is kept once"


async def test_a_machine_that_cannot_boot_raises_and_does_not_hang(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(FileExistsError):
        async with open_machine(MachineConfig(folder=tmp_path / "m", drives={"C": Drive(blocked)})):
            pass
