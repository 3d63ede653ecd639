"""`machine/` and `ctl`: the machine as a whole."""

from __future__ import annotations

import errno
import os
import platform
from collections.abc import Callable
from functools import cache
from importlib import metadata

from runtime.config_text import settings_of, to_toml
from runtime.loader.peb import BUILD_NUMBER
from runtime.machine import Machine
from runtime.nt.statistics import function_statistics, machine_statistics
from winfs.mount.node import Command, Folder, Text, fail, state_text, text
from winfs.mount.operations import MountOperations
from winfs.mount.trace import FilterFile


def machine_folder(machine: Machine, operations: Callable[[], MountOperations]) -> Folder:
    """`machine/`: configuration in effect, version, uptime, statistics, and what is traced."""

    def statistics() -> bytes:
        ops = operations()
        counts: dict[str, str | int | bool | None] = {
            "fuse_inodes": len(ops.inodes),
            "fuse_failures": ops.failures,
            "fuse_requests": sum(ops.counts.values()),
        }
        counts |= {f"fuse_{name}": count for name, count in sorted(ops.counts.items())}
        calls = {f"calls_{name}": count for name, count in function_statistics(machine).items()}
        return state_text(machine_statistics(machine) | counts | calls)

    @cache
    def version() -> bytes:
        return state_text({
            "winfs": metadata.version("winfs"),
            "windows": f"10.0.{BUILD_NUMBER}",
            "python": platform.python_version(),
            "pyfuse3": metadata.version("pyfuse3"),
            "unicorn": metadata.version("unicorn"),
            "kernel": os.uname().release,
        })  # fmt: skip

    return Folder({
        "config": Text(("machine", "config"), lambda: _config(machine)),
        "folder": Text(("machine", "folder"), lambda: text(f"{machine.config.folder}\n")),
        "version": Text(("machine", "version"), version),
        "uptime": Text(("machine", "uptime"), lambda: text(f"{machine.clock.ticks() / 10_000_000:.2f}\n")),
        "statistics": Text(("machine", "statistics"), statistics),
        "trace_filter": FilterFile(machine),
    })  # fmt: skip


def _config(machine: Machine) -> bytes:
    """The settings in effect, in the form of machine.toml, with the drives that there are now."""
    drives = {drive.letter: f"{drive.tree.host_path('')}:{drive.mode.value}" for drive in machine.drives}
    return text(to_toml({**settings_of(machine.config), "drives": drives}))


def control_file(machine: Machine, mark: Callable[[], None], stop: Callable[[], None]) -> Command:
    """`ctl`: verbs for the machine as a whole."""

    def execute(line: str) -> None:
        if line == "mark":
            mark()
        elif line == "sync":
            machine.registry.tree.flush()
            machine.trace.flush()
        elif line == "killall":
            for process in list(machine.processes.values()):
                process.terminate(1, "killed through ctl")
        elif line == "shutdown":
            stop()
        else:
            raise fail(errno.EINVAL)

    return Command("ctl", lambda: b"mark\nsync\nkillall\nshutdown\n", execute)
