"""The command line: one module a command, imported only when that command is used, because start-up time is a feature.

Errors are one line on stderr. Exit status 1: it failed; 2: the command line is wrong.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import click


class CommandError(click.ClickException):
    """Something that failed, as one line for the user; exit status 1."""


def explain(error: OSError) -> str:
    """What the operating system has against it: one line that names the file where there is one."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _run() -> click.Command:
    from winfs.cli.run import command

    return command


def _info() -> click.Command:
    from winfs.cli.info import command

    return command


def _check() -> click.Command:
    from winfs.cli.check import command

    return command


def _trace() -> click.Command:
    from winfs.cli.trace import command

    return command


def _reg() -> click.Command:
    from winfs.cli.reg import command

    return command


def _machine() -> click.Command:
    from winfs.cli.machine import command

    return command


def _redist() -> click.Command:
    from winfs.cli.redist import command

    return command


def _mount() -> click.Command:
    from winfs.cli.mount import command

    return command


def _umount() -> click.Command:
    from winfs.cli.umount import command

    return command


def _ps() -> click.Command:
    from winfs.cli.ps import command

    return command


def _kill() -> click.Command:
    from winfs.cli.kill import command

    return command


def _diff() -> click.Command:
    from winfs.cli.diff import command

    return command


def _binfmt() -> click.Command:
    from winfs.cli.binfmt import command

    return command


def _bench() -> click.Command:
    from winfs.cli.bench import command

    return command


def _doctor() -> click.Command:
    from winfs.cli.doctor import command

    return command


COMMANDS: dict[str, tuple[str, Callable[[], click.Command]]] = {
    "run": ("Run a Windows program.", _run),
    "mount": ("Show a machine as files.", _mount),
    "umount": ("End a mounted machine.", _umount),
    "ps": ("List machines, mounts and running programs.", _ps),
    "kill": ("End, suspend or resume a program on a mounted machine.", _kill),
    "diff": ("Show what programs changed: files and registry.", _diff),
    "info": ("Describe a program without running it.", _info),
    "check": ("Say which functions a program needs and which are missing.", _check),
    "trace": ("Print, follow, filter and sum up a recorded trace.", _trace),
    "reg": ("Look at and change the registry, mounted or not.", _reg),
    "machine": ("List, make, describe, reset and delete machines.", _machine),
    "redist": ("Install Microsoft's redistributable C++ runtime.", _redist),
    "binfmt": ("Let the kernel start .exe files by themselves.", _binfmt),
    "bench": ("Measure how fast programs run on this computer.", _bench),
    "doctor": ("Say what works on this computer and how to mend the rest.", _doctor),
}


class _Group(click.Group):
    """A group that imports a command's module when the command is used; `--help` imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        return entry[1]() if entry else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry[0]) for name, entry in COMMANDS.items()])


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="winfs", message="winfs %(version)s")
def cli() -> None:
    """Run Windows programs on Linux and see everything they do as files."""


def main(arguments: list[str] | None = None) -> None:
    """The console script `winfs`, with the process's own arguments unless others are given. Ends the process."""
    for stream, descriptor in ((sys.stdin, 0), (sys.stdout, 1), (sys.stderr, 2)):
        if stream is None:  # closed by the caller: no file of ours may take its place
            os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    sys.exit(invoke(sys.argv[1:] if arguments is None else arguments))


def invoke(arguments: list[str]) -> int:
    """Run one command line and return its exit status; errors are printed."""
    try:
        status = cli.main(arguments, prog_name="winfs", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        _complain(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # The reader of our output went away (`winfs info … | head`): nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    return status if isinstance(status, int) else 0


def _complain(error: click.ClickException) -> None:
    message = " ".join(error.format_message().split())
    where = "winfs"
    if isinstance(error, click.UsageError) and error.ctx is not None:
        where = error.ctx.command_path
        message += f" (see '{where} --help')"
    click.echo(f"{where}: {message}", err=True)
