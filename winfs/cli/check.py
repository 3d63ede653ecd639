"""`winfs check`: whether every function that programs import is there, before they are run."""

from __future__ import annotations

import sys
from collections import Counter
from functools import cache
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from runtime.config import MachineConfig
from runtime.loader import apiset, builtin
from runtime.loader.pe import Image, ImageError
from winfs.cli import CommandError
from winfs.cli.dll_options import DllFolders, DllOrders, dll_options, machine_config
from winfs.cli.output import paint, print_heading
from winfs.cli.resolve import NO_DLL, Found, Resolver


class MissingImport(Struct, frozen=True):
    """One import that nothing provides, as the program spells it."""

    dll: str
    function: str
    """Its name, `#12` for an ordinal."""
    user: str
    """The program, or the DLL beside it, that imports it."""
    delayed: bool
    why: str

    @property
    def key(self) -> tuple[str, str]:
        """The DLL that should have it (the one behind an API set) and the function."""
        host = (apiset.host_of(self.dll) or self.dll).lower()
        return builtin.ALIASES.get(host, host), self.function

    @property
    def no_dll(self) -> bool:
        """Whether there is not even the DLL."""
        return self.why == NO_DLL


class ImportCount(Struct, frozen=True):
    """How the functions that one file imports from one DLL are served."""

    user: str
    dll: str
    delayed: bool
    counts: dict[Found, int]


class ProgramReport(Struct, frozen=True):
    """One program with the DLL files it uses."""

    path: str
    imports: list[ImportCount]
    missing: list[MissingImport]


class Need(Struct, frozen=True):
    """One missing function and who needs it; the keys of `--json`."""

    dll: str
    function: str
    count: int
    """How many of the programs import it."""
    prototype: str | None
    programs: list[str]
    delayed: bool
    """Every one of them binds it only when it is first called."""


class MissingDll(Struct, frozen=True):
    """A whole DLL that is not there, and who needs it; its functions are not told one by one."""

    dll: str
    count: int
    functions: int
    """How many different functions of it are imported."""
    programs: list[str]


class Unreadable(Struct, frozen=True):
    """A file that cannot be loaded."""

    path: str
    problem: str


class Report(Struct, frozen=True):
    """What `winfs check --json` prints; its field names are the keys."""

    programs: list[ProgramReport]
    missing_dlls: list[MissingDll]
    missing: list[Need]
    unreadable: list[Unreadable]


def examine(path: Path, config: MachineConfig) -> ProgramReport:
    """Report on one program and the DLL files that it uses. Raises ImageError for one that cannot be loaded."""
    resolver = Resolver(path.parent, config)
    imports: list[ImportCount] = []
    missing: dict[tuple[str, str], MissingImport] = {}
    with Image.open(path) as program:
        program.check_loadable()
        seen = {path.name.lower()}
        queue = [program]
        while queue:
            image = queue.pop(0)
            user = Path(image.path).name
            for delayed, dlls in ((False, image.imports()), (True, image.delay_imports())):
                for dll in dlls:
                    counts: Counter[Found] = Counter()
                    for symbol in dll.symbols:
                        resolution = resolver.resolve(dll.name, symbol)
                        counts[resolution.found] += 1
                        if resolution.found is Found.MISSING:
                            item = MissingImport(dll.name, str(symbol), user, delayed, resolution.where)
                            missing.setdefault((dll.name.lower(), item.function), item)
                    imports.append(ImportCount(user, dll.name, delayed, dict(counts)))
                    file = resolver.file(dll.name)
                    if file is not None and Path(file.path).name.lower() not in seen:
                        seen.add(Path(file.path).name.lower())
                        queue.append(file)
    return ProgramReport(str(path), imports, sorted(missing.values(), key=lambda item: item.key))


def needs(programs: list[ProgramReport]) -> tuple[list[MissingDll], list[Need]]:
    """What is missing for all programs: whole DLLs, and functions; what most programs need comes first."""
    users: dict[tuple[str, str], dict[str, bool]] = {}
    absent: dict[str, tuple[set[str], set[str]]] = {}
    for program in programs:
        for item in program.missing:
            dll, function = item.key
            if item.no_dll:
                functions, paths = absent.setdefault(dll, (set(), set()))
                functions.add(function)
                paths.add(program.path)
            else:
                found = users.setdefault(item.key, {})
                found[program.path] = found.get(program.path, True) and item.delayed
    dlls = [MissingDll(dll, len(paths), len(functions), sorted(paths)) for dll, (functions, paths) in absent.items()]
    functions_needed = [
        Need(dll, function, len(found), prototype(dll, function), sorted(found), all(found.values()))
        for (dll, function), found in users.items()
    ]
    return (
        sorted(dlls, key=lambda item: (-item.count, item.dll)),
        sorted(functions_needed, key=lambda item: (item.delayed, -item.count, item.dll, item.function)),
    )


@cache
def prototype(dll: str, function: str) -> str | None:
    """The C prototype of a Windows function; None when it is unknown."""
    from runtime.trace.signatures import lookup

    signature = lookup(dll, function)
    return signature.prototype() if signature is not None else None


def print_program(report: ProgramReport) -> None:
    """Print what one program needs and what of it is missing."""
    print(paint(report.path, "1"))
    for dll in report.imports:
        parts = ", ".join(f"{dll.counts[kind]} {kind}" for kind in Found if dll.counts.get(kind))
        print(f"  {dll.user} -> {dll.dll}{' (delay-loaded)' if dll.delayed else ''}: {parts or 'no functions'}")
    if not report.missing:
        print(paint("nothing is missing", "32"))
        return
    print(paint(f"missing: {len(report.missing)}", "31"))
    for item in report.missing:
        notes = f"used by {item.user}{', delay-loaded' if item.delayed else ''}"
        print(f"  {item.dll.lower()}!{item.function}  ({notes}{_reason(item)})")
        declaration = prototype(*item.key)
        if declaration is not None:
            print(f"      {declaration}")


def _reason(item: MissingImport) -> str:
    """Why, where it is not simply that winfs lacks the function."""
    _, colon, why = item.why.partition(": ")
    return f"; {why}" if colon else ""


def _names(paths: list[str]) -> str:
    return ", ".join(Path(path).name for path in paths)


def print_summary(report: Report) -> None:
    """Print one table over all programs."""
    count = len(report.programs)
    lacking = sum(1 for program in report.programs if program.missing)
    print(f"{count} program{'s' * (count != 1)}: {count - lacking} with nothing missing, {lacking} with something")
    if report.missing_dlls:
        print_heading(f"Missing DLLs ({len(report.missing_dlls)})")
        for dll in report.missing_dlls:
            print(f"{dll.count:>8}  {dll.dll} ({dll.functions} functions): {_names(dll.programs)}")
    if report.missing:
        print_heading(f"Missing functions ({len(report.missing)}), the most needed first; those delay-loaded last")
        print("programs  function")
        for need in report.missing:
            print(f"{need.count:>8}  {need.dll}!{need.function}{'  (delay-loaded)' if need.delayed else ''}")
            if need.prototype is not None:
                print(f"{'':8}    {need.prototype}")
            print(f"{'':8}    {_names(need.programs)}")
    if report.unreadable:
        print_heading(f"Not looked at ({len(report.unreadable)})")
        for item in report.unreadable:
            print(item.problem)


@click.command(name="check")
@click.argument("programs", metavar="PROGRAM...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--summary", is_flag=True, help="One table over all programs: what is missing, the most needed first.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option("--machine", "machine_name", metavar="NAME", help="Look with the settings of this machine.")
@dll_options
@click.pass_context
def command(
    context: click.Context,
    programs: tuple[Path, ...],
    summary: bool,
    as_json: bool,
    machine_name: str | None,
    dll_path: DllFolders,
    dll_override: DllOrders,
) -> int:
    """Say for every function that each PROGRAM imports whether it is served by Python, by guest code, by a DLL file,
    or missing. Exit status 1 when something is missing or a file cannot be read.

    A program with missing functions may still run: a missing function fails only when it is called.
    """
    config = machine_config(machine_name, dll_path, dll_override)
    examined: list[ProgramReport] = []
    unreadable: list[Unreadable] = []
    for path in programs:
        try:
            report = examine(path, config)
        except ImageError as error:
            unreadable.append(Unreadable(str(path), str(error)))
            continue
        examined.append(report)
        if not (summary or as_json):
            print_program(report)
    everything = Report(examined, *needs(examined), unreadable)
    failed = bool(unreadable) or any(program.missing for program in examined)
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(everything), indent=2).decode() + "\n")
    elif summary:
        print_summary(everything)
    elif unreadable:
        sys.stdout.flush()
        for item in unreadable[:-1]:
            click.echo(f"{context.command_path}: {item.problem}", err=True)
        raise CommandError(unreadable[-1].problem)
    return 1 if failed else 0
