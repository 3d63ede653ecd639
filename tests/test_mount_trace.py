"""The trace as growing files, and the session with the kernel."""

from __future__ import annotations

import json
import os
import select
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pyfuse3
import pytest
from conftest import Compiler
from mounting import Mounted, mount

from winfs.mount.session import TESTED_VERSION

SOURCE = r"""
#include <windows.h>
int main(int argc, char **argv) { for (int i = 0; i < 50; i++) GetFileAttributesA("C:\\here.txt"); return 0; }
"""


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory, compile_c: Compiler) -> Iterator[Mounted]:
    program = compile_c(SOURCE, name="calls.exe")
    with mount(tmp_path_factory.mktemp("trace")) as found:
        (found.c / "calls.exe").write_bytes(program.read_bytes())
        yield found


def run(mounted: Mounted) -> None:
    assert mounted.start("calls.exe").wait(120) == 0


@pytest.fixture(autouse=True)
def fresh(mounted: Mounted) -> None:
    """No test sees what another one's programs did."""
    with open(mounted.folder / "trace.jsonl", "w"):
        pass


def test_trace_is_json_lines_of_true_size(mounted: Mounted) -> None:
    run(mounted)
    path = mounted.folder / "trace.jsonl"
    data = path.read_bytes()
    events = [json.loads(line) for line in data.splitlines()]
    assert sum(event["function"] == "GetFileAttributesA" and event["event"] == "call" for event in events) == 50
    assert path.stat().st_size == len(data)
    assert events[-1]["event"] == "process_exit"
    text = (mounted.folder / "trace.log").read_bytes()
    assert b"GetFileAttributesA" in text
    assert b"END" in text


def test_a_reader_that_polls_is_woken(mounted: Mounted) -> None:
    path = mounted.folder / "trace.jsonl"
    descriptor = os.open(path, os.O_RDONLY)
    try:
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        while os.read(descriptor, 1 << 20):
            pass
        assert poller.poll(0) == []
        program = mounted.start("calls.exe")
        assert poller.poll(120_000)
        assert os.read(descriptor, 1 << 20)
        program.wait(120)
    finally:
        os.close(descriptor)


def test_truncating_starts_afresh(mounted: Mounted) -> None:
    run(mounted)
    path = mounted.folder / "trace.jsonl"
    with open(path, "w"):
        pass
    assert path.stat().st_size == 0
    assert path.read_bytes() == b""
    run(mounted)
    starts = [line for line in path.read_bytes().splitlines() if b'"process_start"' in line]
    assert len(starts) == 1


def test_the_filter_is_a_file(mounted: Mounted) -> None:
    rules = mounted.folder / "machine" / "trace_filter"
    assert rules.read_text() == "all\n"
    rules.write_text("GetFileAttributes*\ncategory registry\n")
    assert rules.read_text() == "GetFileAttributes*\ncategory registry\n"
    with pytest.raises(OSError, match="Invalid argument"):
        rules.write_text("category nonsense\n")
    rules.write_text("!GetFileAttributes*\n")
    run(mounted)
    assert b'"GetFileAttributesA"' not in (mounted.folder / "trace.jsonl").read_bytes()
    rules.write_text("off\n")
    assert rules.read_text() == "off\n"
    rules.write_text("all\n")


ROUNDS = r"""
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    char line[100];
    for (int round = 0; fgets(line, sizeof line, stdin); round++) {
        void *volatile block = malloc(1000 + round);
        free(block);
        puts("done"); fflush(stdout);
    }
    return 0;
}
"""


def test_rules_that_change_reach_guest_code_of_programs_that_run(mounted: Mounted, compile_c: Compiler) -> None:
    (mounted.c / "rounds.exe").write_bytes(compile_c(ROUNDS, name="rounds.exe").read_bytes())
    rules = mounted.folder / "machine" / "trace_filter"
    rules.write_text("off\n")
    with open(mounted.folder / "trace.jsonl", "w"):
        pass
    program = mounted.start("rounds.exe", stdin=subprocess.PIPE)
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        for rule in ("off", "function malloc", "function strlen", "function malloc\nfunction free", "off"):
            rules.write_text(f"{rule}\n")
            program.stdin.write(b"go\n")
            program.stdin.flush()
            assert program.stdout.readline().rstrip() == b"done"
        rules.write_text("category process\n")
    finally:
        program.stdin.close()
        assert program.wait(120) == 0
        program.stdout.close()
    events = [json.loads(line) for line in (mounted.folder / "trace.jsonl").read_bytes().splitlines()]
    rules.write_text("all\n")
    calls = [event for event in events if event["event"] == "call" and event["function"] == "malloc"]
    sizes = [size for event in calls for size in event["args"].values()]
    assert [size for size in sizes if 1000 <= size < 1010] == [1001, 1003]
    assert sum(event["event"] == "return" and event["function"] == "free" for event in events) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may set the read-ahead of a mount")
def test_files_are_read_ahead_in_large_pieces(mounted: Mounted) -> None:
    device = mounted.folder.stat().st_dev
    setting = Path(f"/sys/class/bdi/{os.major(device)}:{os.minor(device)}/read_ahead_kb")
    assert setting.read_text() == "1024\n"


def test_the_private_names_of_pyfuse3_are_there() -> None:
    assert metadata.version("pyfuse3") == TESTED_VERSION
    assert {"_wait_fuse_readable", "_session_loop"} <= set(vars(pyfuse3))


def test_the_rules_of_machine_toml_are_in_force_and_shown(tmp_path: Path) -> None:
    (tmp_path / "home" / "default").mkdir(parents=True)
    settings = '[trace]\npatterns = ["Create*"]\ncategories = ["registry"]\nfunctions = ["malloc"]\n'
    (tmp_path / "home" / "default" / "machine.toml").write_text(settings)
    with mount(tmp_path) as found:
        rules = found.folder / "machine" / "trace_filter"
        assert rules.read_text() == "Create*\ncategory registry\nfunction malloc\n"
        with rules.open("a") as file:
            file.write("!CreateFileA\n")
        assert rules.read_text() == "Create*\n!CreateFileA\ncategory registry\nfunction malloc\n"
