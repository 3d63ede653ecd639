"""`tail -f` of the trace: its looks at the file last until there is something new."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Compiler
from mounting import Mounted, mount, wait_for

from winfs.mount.follow import STAT_CALLS

SOURCE = r"""
#include <windows.h>
int main(void) { GetFileAttributesA("C:\\here.txt"); return 0; }
"""
CALLS = STAT_CALLS.get(os.uname().machine, ())
pytestmark = pytest.mark.skipif(not CALLS, reason="the numbers of system calls of this processor are not known")


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory, compile_c: Compiler) -> Iterator[Mounted]:
    program = compile_c(SOURCE, name="calls.exe")
    with mount(tmp_path_factory.mktemp("follow")) as found:
        (found.c / "calls.exe").write_bytes(program.read_bytes())
        yield found


def tail(mounted: Mounted, output: int) -> subprocess.Popen[bytes]:
    """A follower that has shown everything and looks for more."""
    process = subprocess.Popen(["tail", "-n", "0", "-f", mounted.folder / "trace.jsonl"], stdout=output)
    looking(process)
    return process


def looking(process: subprocess.Popen[bytes]) -> None:
    call = Path(f"/proc/{process.pid}/syscall")

    def look() -> Path | None:
        # One look alone may be a short one.
        seen = []
        for _ in range(5):
            seen.append(call.read_text().split()[0] in CALLS)
            select.select([], [], [], 0.01)
        return call if all(seen) else None

    wait_for(look)


def test_on_a_terminal_every_line_comes_while_tail_looks(mounted: Mounted) -> None:
    reader, writer = os.openpty()
    process = tail(mounted, writer)
    try:
        for _ in range(2):
            program = mounted.start("calls.exe")
            data = b""
            while b"process_exit" not in data:
                data += os.read(reader, 1 << 16)
            assert b"GetFileAttributesA" in data
            assert program.wait(120) == 0
            looking(process)
    finally:
        process.terminate()
        process.wait(120)
        os.close(reader)
        os.close(writer)


def test_a_signal_ends_a_tail_that_looks(mounted: Mounted) -> None:
    reader, writer = os.pipe()
    process = tail(mounted, writer)
    process.terminate()
    assert process.wait(120) == -15
    os.close(reader)
    os.close(writer)


def test_tail_ends_when_nobody_reads_it_any_more(mounted: Mounted) -> None:
    reader, writer = os.pipe()
    process = tail(mounted, writer)
    os.close(writer)
    os.close(reader)
    assert process.wait(120) != 0


def test_a_stat_by_anybody_else_is_answered_at_once(mounted: Mounted) -> None:
    path = mounted.folder / "trace.jsonl"
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        size = os.fstat(descriptor).st_size
        assert [os.fstat(descriptor).st_size for _ in range(20)] == [size] * 20
    finally:
        os.close(descriptor)


def test_the_mount_ends_while_somebody_follows(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    with mount(tmp_path) as mounted:
        process = tail(mounted, writer)
    assert not os.path.ismount(mounted.folder)
    process.terminate()
    process.wait(120)
    os.close(reader)
    os.close(writer)
