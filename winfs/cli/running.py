"""A program on a machine of its own, booted for it: start, signals, exit status."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click
import trio

from runtime.config import ConfigError, MachineConfig
from runtime.loader.pe import ImageError
from runtime.machine import Machine, open_machine
from runtime.nt.console_control import CTRL_C_EVENT, send_control_event
from runtime.nt.process import Process
from runtime.nt.registry_store import StoreError
from winfs.cli import CommandError, explain
from winfs.client import EXIT_TIMEOUT, Minidump, exit_status
from winfs.interrupts import ignored

if TYPE_CHECKING:
    from runtime.nt.minidump.crash import CrashDump


def run_program(
    config: MachineConfig,
    program: Path | str,
    arguments: list[str],
    folder: Path | str,
    timeout: float | None,
    verbose: bool,
    minidump: Minidump | None = None,
) -> int:
    """Boot the machine, run the program to its end and return the exit status. Raises CommandError."""

    async def main() -> int:
        with ExitStack() as closing:
            return await live(closing)

    async def live(closing: ExitStack) -> int:
        async with open_machine(config) as machine, trio.open_nursery() as nursery:
            process = await machine.spawn(
                program,
                arguments,
                cwd=folder,
                stdin=None if sys.stdin is None else 0,
                stdout=None if sys.stdout is None else 1,
                stderr=None if sys.stderr is None else 2,
                crash_dump=_crash_dump(minidump),
            )
            closing.enter_context(ignored(signal.SIGINT))  # until the machine is closed
            ended_by: list[int] = await nursery.start(_watch_signals, machine, process)
            if timeout is not None:
                nursery.start_soon(_watch_time, machine, process, timeout, ended_by)
            code = await process.wait()
            nursery.cancel_scope.cancel()
        if ended_by:
            if ended_by[0] == EXIT_TIMEOUT:
                click.echo(f"winfs: {program}: ended after {timeout:g} seconds", err=True)
            return ended_by[0]
        if verbose:
            click.echo(f"winfs: {program}: exit code {code:#x} ({code})", err=True)
        return exit_status(code)

    try:
        return trio.run(main)
    except BaseExceptionGroup as group:
        raise _as_command_error(_only(group)) from None
    except Exception as error:
        raise _as_command_error(error) from None


def _crash_dump(minidump: Minidump | None) -> CrashDump | None:
    if minidump is None:
        return None
    from runtime.nt.minidump.crash import CrashDump

    return CrashDump.of(os.dup(minidump.descriptor), minidump.name, full=minidump.kind == "full")


async def _watch_signals(
    machine: Machine, process: Process, task_status: trio.TaskStatus[list[int]] = trio.TASK_STATUS_IGNORED
) -> None:
    """Give Ctrl-C to the program; when it goes on, the third one ends it, as SIGTERM does.

    Starts with the list that the exit status goes to when a signal has ended the program.
    """
    ended_by: list[int] = []
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGWINCH) as signals:
        task_status.started(ended_by)
        presses = 0
        async for number in signals:
            presses += number == signal.SIGINT
            with machine.lock:
                if number == signal.SIGWINCH:
                    if process.console is not None:
                        process.console.resized()
                elif number == signal.SIGINT and presses < 3 and process.console is not None:
                    send_control_event(process.console, CTRL_C_EVENT, 0)
                else:
                    ended_by.append(128 + number)
                    process.terminate(1)


async def _watch_time(machine: Machine, process: Process, timeout: float, ended_by: list[int]) -> None:
    """End the program when its time is over."""
    await trio.sleep(timeout)
    with machine.lock:
        ended_by.append(EXIT_TIMEOUT)
        process.terminate(1)


def _only(error: BaseException) -> BaseException:
    """The one exception in nested groups; the group itself when there are several."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _as_command_error(error: BaseException) -> BaseException:
    """What the user is told: one line for what can go wrong outside winfs, the exception itself for a bug."""
    if isinstance(error, ImageError | ConfigError | StoreError):
        return CommandError(str(error))
    if isinstance(error, OSError):
        return CommandError(explain(error))
    return error
