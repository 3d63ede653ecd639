"""Programs that debug programs: debug events, breakpoints, attaching, the native debug objects; symbols in dbghelp.

Each `tests/guest/debug/NAME.c` prints `NAME.expected`, which follows the documentation of the debugging functions.
Wine 8 prints the same but for what it does not do: a process that stays until its last event was continued, threads
that hide from debuggers, WaitForDebugEventEx.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Compiler, Runner

FLAGS = ("-w", "-fno-sanitize=all")
SOURCES = Path(__file__).parent / "guest" / "debug"


LIBRARIES = {"debugger": (), "native": (), "symbols": ("-ldbghelp",)}


@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_a_debugger_sees_what_it_sees_on_windows(name: str, compile_c: Compiler, winfs: Runner) -> None:
    program = compile_c((SOURCES / f"{name}.c").read_text(), *LIBRARIES[name], *FLAGS, name=f"{name}.exe")
    done = winfs("run", program)
    assert done.stdout.decode("latin-1").replace("\r\n", "\n") == (SOURCES / f"{name}.expected").read_text()
    assert done.returncode == 0, done.stderr.decode()
