"""What a mounted machine counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Compiler
from mounting import Mounted, mount, wait_for

SOURCE = r"""
#include <windows.h>
int main(void) {
  HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
  for (int i = 0; i < 1234; i++) SetEvent(event);
  WaitForSingleObject(CreateMutexW(NULL, FALSE, L"Counted"), INFINITE);
  WaitForSingleObject(CreateEventW(NULL, TRUE, FALSE, L"Ends"), INFINITE);
  return 0;
}
"""


def statistics(mounted: Mounted) -> dict[str, str]:
    lines = (mounted.folder / "machine/statistics").read_text().splitlines()
    return dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in lines)


def test_calls_handles_memory_and_events_are_counted(compile_c: Compiler, tmp_path: Path) -> None:
    with mount(tmp_path) as mounted:
        (mounted.c / "counts.exe").write_bytes(compile_c(SOURCE, name="counts.exe").read_bytes())
        (mounted.folder / "machine/trace_filter").write_text("function SetEvent\n")
        before = statistics(mounted)
        assert "calls_kernel32.dll!SetEvent" not in before
        program = mounted.start(mounted.c / "counts.exe")
        folder = mounted.process_of("counts.exe")
        event = mounted.folder / "objects/Sessions/1/BaseNamedObjects/Ends"

        def waits() -> Path | None:
            threads = (folder / "threads").iterdir()
            return folder if any("Ends" in (thread / "wait").read_text() for thread in threads) else None

        wait_for(waits)
        running = statistics(mounted)
        assert running["calls_kernel32.dll!SetEvent"] == "1234"
        assert int(running["calls"]) > int(before["calls"]) + 1234
        assert sum(
            int(value) for name, value in running.items() if name.startswith("calls_") and "!" not in name
        ) == int(running["calls"])
        assert running["processes"] == "1"
        assert running["handles_Mutant"] == "1"
        assert int(running["handles_Event"]) >= 2
        assert sum(int(value) for name, value in running.items() if name.startswith("handles_")) == int(
            running["handles"]
        )
        assert running[f"committed_{folder.name}"] == running["committed"]
        assert int(running["events_synchronization"]) >= 2 * 1234, "each call and its return"
        assert float(running["uptime"]) > float(before["uptime"])
        assert int(running["fuse_requests"]) > int(before["fuse_requests"])
        shown = mounted.winfs("ps", "-v")
        assert "1234  kernel32.dll!SetEvent" in shown.stdout
        assert f"calls: {running['calls']}" in shown.stdout
        (found,) = json.loads(mounted.winfs("ps", "-v", "--json").stdout)
        assert found["calls"]["kernel32.dll!SetEvent"] == 1234
        event.write_text("set")
        assert program.wait(120) == 0
        ended = statistics(mounted)
        assert ended["calls_kernel32.dll!SetEvent"] == "1234", "what a program did stays counted when it has ended"
        assert f"committed_{folder.name}" not in ended


@pytest.mark.parametrize("option", ["--verbos", "-x"])
def test_ps_refuses_an_option_it_does_not_have(option: str, tmp_path: Path) -> None:
    mounted = Mounted(tmp_path / "mnt", tmp_path / "home")
    done = mounted.winfs("ps", option)
    assert done.returncode == 2
    assert option in done.stderr
