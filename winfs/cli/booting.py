"""A machine for one program: its settings, with what the command line adds, and its run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from runtime.config import (
    ConfigError,
    Drive,
    EngineName,
    MachineConfig,
    MissingPolicy,
    Trace,
    TraceFormat,
    load_config,
    machine_folder,
)
from winfs.cli import CommandError
from winfs.client import Program, Tracing


def boot_config(machine_name: str | None) -> MachineConfig:
    """The settings of a machine. Raises CommandError."""
    try:
        return load_config(machine_folder(machine_name))
    except ConfigError as error:
        raise CommandError(str(error)) from None


def with_boot_options(
    config: MachineConfig,
    root: Path | None,
    drive: Mapping[str, Drive],
    volume_serial: int | None,
    engine: EngineName | None,
    aslr: bool,
    missing: MissingPolicy | None,
) -> MachineConfig:
    """A machine's settings with what the command line says in the place of what the machine folder says."""
    drives = {"C": Drive(root.absolute())} if root is not None else {}
    return msgspec.structs.replace(
        config,
        drives={**config.drives, **drives, **drive},
        volume_serial=config.volume_serial if volume_serial is None else volume_serial,
        engine=engine or config.engine,
        aslr=aslr or config.aslr,
        missing=missing or config.missing,
    )


def with_trace(config: MachineConfig, wanted: Tracing | None, form: TraceFormat | None) -> MachineConfig:
    """A machine's settings with the trace that the command line wants; its rules stand for those of the settings."""
    if wanted is None:
        return config
    trace = config.trace
    rules = bool(wanted.patterns or wanted.categories or wanted.functions)
    return msgspec.structs.replace(
        config,
        trace=Trace(
            enabled=True,
            format=form or trace.format,
            output=wanted.output.absolute() if wanted.output is not None else trace.output,
            patterns=tuple(wanted.patterns) if rules else trace.patterns,
            categories=tuple(wanted.categories) if rules else trace.categories,
            functions=tuple(wanted.functions) if rules else trace.functions,
        ),
    )


def with_host_folders(config: MachineConfig, folders: list[tuple[Path, bool]]) -> MachineConfig:
    """Make each host folder reachable that no drive holds yet, under a free letter from Z: down.

    The folder keeps its host path below the letter; nothing beside it is visible. The flag is whether it is writable.
    """
    drives = dict(config.drives)
    letters = iter("ZYXWVUTSRQPONML")
    for folder, writable in folders:
        real = folder.resolve()
        held = [config.drive("C"), *drives.values()]
        if any(drive is not None and real.is_relative_to(drive.path.resolve()) for drive in held):
            continue
        letter = next(letter for letter in letters if letter not in drives)
        drives[letter] = Drive(real, "rw" if writable else "ro", prefix=str(real).lstrip("/"))
    return msgspec.structs.replace(config, drives=drives)


def boot_and_run(config: MachineConfig, program: Program, timeout: float | None, verbose: bool) -> int:
    """Boot a machine, run the program on it to its end and return the exit status. Raises CommandError."""
    from winfs.cli.running import run_program

    config = msgspec.structs.replace(config, environment={**config.environment, **program.environment})
    folders = [(program.folder, True)] if isinstance(program.folder, Path) else []
    if isinstance(program.program, Path):
        folders.append((program.program.parent, False))
    config = with_host_folders(config, folders)
    return run_program(
        config, program.program, list(program.arguments), program.folder, timeout, verbose, program.minidump
    )
