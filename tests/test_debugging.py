"""Programs that debug programs: debug events, breakpoints, attaching, the native debug objects.

Each `tests/guest/debug/NAME.c` prints `NAME.expected`, which follows the documentation of the debugging functions.
Wine 8 prints the same but for what it does not do: a process that stays until its last event was continued, threads
that hide from debuggers, WaitForDebugEventEx.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Compiler, Runner

SOURCES = Path(__file__).parent / "guest" / "debug"


@pytest.mark.parametrize("name", ["debugger", "native"])
def test_a_debugger_sees_what_it_sees_on_windows(name: str, compile_c: Compiler, winfs: Runner) -> None:
    program = compile_c((SOURCES / f"{name}.c").read_text(), "-w", "-fno-sanitize=all", name=f"{name}.exe")
    done = winfs("run", program)
    assert done.stdout.decode("latin-1").replace("\r\n", "\n") == (SOURCES / f"{name}.expected").read_text()
    assert done.returncode == 0, done.stderr.decode()
