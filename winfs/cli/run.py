"""`winfs run`: run a Windows program with the caller's own standard handles and give back its exit code."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from runtime.places import ConfigError, machine_folder
from winfs.cli import CommandError
from winfs.cli.dll_options import DllFolders, DllOrders, dll_options
from winfs.client import ClientError, Program, Run, Tracing, find_machine

if TYPE_CHECKING:
    from runtime.config import Drive, EngineName, MissingPolicy, TraceFormat

# A program on a mounted machine is to start at once: what only booting a machine needs is imported there.

_NO_FOLDER = "the current folder no longer exists"
_WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\")


def find_program(name: str) -> Path | str:
    """The program that the user means: a host file (`.exe` may be left out), a Windows path, or the name of a program
    of winfs's own in System32 (`cmd`, `reg.exe`).

    Raises CommandError when there is no such file.
    """
    if not name:
        raise click.UsageError("PROGRAM is empty")
    for candidate in (Path(name), Path(name + ".exe")):
        if candidate.is_file():
            try:
                return candidate.absolute()
            except FileNotFoundError:
                raise CommandError(_NO_FOLDER) from None
    if Path(name).is_dir():
        raise CommandError(f"{name}: is a directory, expected a program")
    if _WINDOWS_PATH.match(name):
        return name.replace("/", "\\")
    from runtime.nt.system_programs import system_program

    own = system_program(name)
    if own is None:
        raise CommandError(f"{name}: no such file")
    return own


def _environment(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Variables as given, and those of the host that are asked for: `--env NAME`, and the patterns in WINFS_ENV."""
    found = {}
    patterns = [pattern.strip() for pattern in os.environ.get("WINFS_ENV", "").split(",") if pattern.strip()]
    for name, value in os.environ.items():
        if any(fnmatchcase(name, pattern) for pattern in patterns):
            found[name] = value
    for text in values:
        name, equals, value = text.partition("=")
        if not name or "\0" in text:
            raise click.BadParameter(f"{text!r}: expected NAME=VALUE or NAME", context, parameter)
        if equals:
            found[name] = value
        elif name in os.environ:
            found[name] = os.environ[name]
    return found


def _drives(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, Drive]:
    if not values:
        return {}
    from runtime.config import parse_drive

    found = {}
    for text in values:
        match = re.fullmatch(r"([A-Za-z]):?=(.+)", text)
        if match is None:
            raise click.BadParameter(f"{text!r}: expected LETTER:=PATH[:ro|:overlay]", context, parameter)
        try:
            found[match[1].upper()] = _folder(parse_drive(match[2], text))
        except ConfigError as error:
            raise click.BadParameter(str(error), context, parameter) from None
    return found


def _folder(drive: Drive) -> Drive:
    import msgspec

    path = Path(os.path.abspath(drive.path.expanduser()))
    if not path.is_dir():
        raise CommandError(f"{path}: no such directory")
    return msgspec.structs.replace(drive, path=path)


def _serial(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    from runtime.config import parse_volume_serial

    try:
        return parse_volume_serial(value, "serial number")
    except ConfigError as error:
        raise click.BadParameter(str(error), context, parameter) from None


Function = TypeVar("Function", bound=Callable[..., object])


drive_option = click.option("--drive", multiple=True, metavar="D:=PATH[:ro|:overlay]", callback=_drives,
                            help="Give programs a host folder as a drive. Repeatable.")  # fmt: skip
serial_option = click.option("--volume-serial", metavar="XXXX-XXXX", callback=_serial,
                             help="Serial number of drive C:.")  # fmt: skip


def boot_options(function: Function) -> Function:
    """The options of both `run` and `mount`: what is decided when a machine boots."""
    for option in (
        click.option("--missing", type=click.Choice(["fail", "zero"]),
                     help="What calling a function that does not exist yet does: end the program, or return 0."),
        click.option("--aslr", is_flag=True, help="Load images at random addresses."),
        click.option("--engine", type=click.Choice(["auto", "unicorn"]), help="What runs the program's instructions."),
        serial_option,
        click.option("--root", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="PATH",
                     help="Use the folder PATH as drive C:."),
        drive_option,
        click.option("--machine", "machine_name", metavar="NAME", help="Use another machine than 'default'."),
    ):  # fmt: skip
        function = option(function)
    return function


@click.command(
    name="run",
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
)
@click.option("--trace-apis", is_flag=True, help="Trace every API call of the program.")
@click.option("--trace-format", type=click.Choice(["text", "json"]), help="Form of the trace (default: text).")
@click.option("--trace-output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write the trace to FILE instead of the standard output.")  # fmt: skip
@click.option("--trace-filter", multiple=True, metavar="PATTERN",
              help="Trace functions whose name matches; * and ? are wildcards, ! excludes. Repeatable.")  # fmt: skip
@click.option("--trace-category", multiple=True, metavar="CATEGORY",
              help="Trace the functions of a category (file_io, registry, …). Repeatable.")  # fmt: skip
@click.option("--trace-function", multiple=True, metavar="NAME", help="Trace one function. Repeatable.")
@click.option("--env", multiple=True, metavar="NAME[=VALUE]", callback=_environment,
              help="Set a variable of the program; without =VALUE pass on the caller's. Repeatable.")  # fmt: skip
@click.option("--cwd", metavar="PATH", help="Start in this folder: a host folder or a Windows path.")
@boot_options
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
              help="End the program after this time; the exit status is then 124.")  # fmt: skip
@click.option("--detach", is_flag=True,
              help="Let it run on by itself on the mounted machine, and print its process id.")  # fmt: skip
@dll_options
@click.option("--minidump", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write a minidump to FILE if the program ends by an exception.")  # fmt: skip
@click.option("--minidump-type", type=click.Choice(["normal", "full"]), default="normal",
              help="What is in it: stacks and what they point to (normal), or all memory (full).")  # fmt: skip
@click.option("-v", "--verbose", is_flag=True, help="Tell the full exit code, and what is done.")
@click.argument("program")
@click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
def command(
    program: str,
    arguments: tuple[str, ...],
    trace_apis: bool,
    trace_format: TraceFormat | None,
    trace_output: Path | None,
    trace_filter: tuple[str, ...],
    trace_category: tuple[str, ...],
    trace_function: tuple[str, ...],
    env: dict[str, str],
    drive: dict[str, Drive],
    root: Path | None,
    cwd: str | None,
    machine_name: str | None,
    timeout: float | None,
    volume_serial: int | None,
    engine: EngineName | None,
    aslr: bool,
    missing: MissingPolicy | None,
    detach: bool,
    dll_path: DllFolders,
    dll_override: DllOrders,
    minidump: Path | None,
    minidump_type: str,
    verbose: bool,
) -> int:
    """Run the Windows program PROGRAM. Everything after it belongs to the program.

    The exit status is the low 8 bits of the program's exit code, and never 0 for a code that is not 0.
    """
    rules = bool(trace_filter or trace_category or trace_function)
    if rules:
        from runtime.trace.filters import Filter, FilterError

        try:
            Filter.compile(trace_filter, trace_category, trace_function)
        except FilterError as error:
            raise click.UsageError(str(error)) from None
    image = find_program(program)
    folder = start_folder(cwd)
    traced = rules or trace_apis or trace_format is not None or trace_output is not None
    dump = None
    if minidump is not None:
        from winfs.cli.minidump import open_minidump

        dump = click.get_current_context().with_resource(open_minidump(minidump, minidump_type))
    wanted = Program(
        image, arguments, folder, env, {letter: f"{given.path}:{given.access}" for letter, given in drive.items()},
        Tracing(trace_format or "text", trace_output, trace_filter, trace_category, trace_function) if traced else None,
        missing, aslr, dll_path, dll_override, dump,
    )  # fmt: skip
    if detach and timeout is not None:
        raise click.UsageError("--detach and --timeout do not go together")
    if detach and minidump is not None:
        raise click.UsageError("--detach and --minidump do not go together; 'crash_dumps' in machine.toml does")
    if detach and traced and trace_output is None:
        raise click.UsageError("--detach: the trace needs a file, --trace-output FILE")
    boot = {"--root": root, "--volume-serial": volume_serial, "--engine": engine}
    at_boot = next((name for name, value in boot.items() if value is not None), None)
    status = run_mounted(machine_name, wanted, at_boot, timeout, verbose, detach)
    if status is not None:
        return status
    if detach:
        raise CommandError("--detach: the machine is not mounted; 'winfs mount DIR' does that")
    from winfs.cli.booting import boot_and_run, boot_config, with_boot_options, with_trace
    from winfs.cli.dll_options import with_dlls

    config = with_boot_options(boot_config(machine_name), root, drive, volume_serial, engine, aslr, missing)
    config = with_dlls(with_trace(config, wanted.tracing, trace_format), dll_path, dll_override)
    return boot_and_run(config, wanted, timeout, verbose)


def run_mounted(
    machine_name: str | None,
    program: Program,
    at_boot: str | None,
    timeout: float | None,
    verbose: bool,
    detach: bool = False,
) -> int | None:
    """Run the program on the machine that is mounted; None when it is not. Raises CommandError.

    `at_boot` names an option that only a machine of its own can fulfil: the default machine is left alone then, and
    one that the user chose is an error.
    """
    try:
        default = machine_folder(machine_name)
    except ConfigError as error:
        raise CommandError(str(error)) from None
    paths = [path for path in (program.folder, program.program) if isinstance(path, Path)]
    found = find_machine(default if machine_name is not None else None, default, paths)
    if found is None:
        return None
    try:
        if at_boot is not None:
            if not found.chosen:
                return None
            raise click.UsageError(
                f"{at_boot}: the machine '{found.folder.name}' is mounted, and this is decided when it boots; "
                f"give {at_boot} to 'winfs mount'"
            )
        if detach:
            click.echo(Run(found.connection).detach(program))
            return 0
        return Run(found.connection)(program, timeout, verbose)
    except ClientError as error:
        raise CommandError(str(error)) from None
    finally:
        found.connection.close()


def start_folder(cwd: str | None) -> Path | str:
    """Where the program starts: the host's current folder, a host folder, or a Windows path as it stands."""
    if cwd is not None and _WINDOWS_PATH.match(cwd) and not Path(cwd).is_dir():
        return cwd
    try:
        folder = Path(cwd or ".").absolute()
    except FileNotFoundError:
        raise CommandError(_NO_FOLDER) from None
    if not folder.is_dir():
        raise CommandError(f"{cwd}: no such directory")
    return folder
