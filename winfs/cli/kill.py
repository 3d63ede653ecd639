"""`winfs kill`: end, suspend or resume a program on a mounted machine."""

from __future__ import annotations

import errno
import os

import click

from winfs.cli import CommandError
from winfs.cli.mounted import mounted_folder


@click.command(name="kill")
@click.option("--machine", metavar="NAME", help="The machine; otherwise the one that holds the current folder.")
@click.option("--suspend", "verb", flag_value="suspend", help="Stop all its threads instead.")
@click.option("--resume", "verb", flag_value="resume", help="Let suspended threads go on instead.")
@click.argument("pids", metavar="PID...", nargs=-1, required=True, type=click.IntRange(1))
def command(pids: tuple[int, ...], machine: str | None, verb: str | None) -> int:
    """End programs by their process id, as 'winfs ps' shows it."""
    processes = mounted_folder(None, machine) / "process"
    failed: list[str] = []
    for pid in pids:
        try:
            descriptor = os.open(processes / str(pid) / "ctl", os.O_WRONLY)
            try:
                os.write(descriptor, f"{verb or 'kill'}\n".encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            gone = error.errno in (errno.ENOENT, errno.ESRCH)
            failed.append(f"{pid}: {'no such program' if gone else error.strerror}")
    if failed:
        raise CommandError("; ".join(failed))
    return 0
