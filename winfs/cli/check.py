"""`winfs check`: whether every function that a program imports is there, before it is run."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from runtime.loader.pe import Image, ImageError
from winfs.cli import CommandError
from winfs.cli.output import paint
from winfs.cli.resolve import Found, Resolver


class _Missing:
    """Missing functions by DLL, and who asks for them."""

    def __init__(self) -> None:
        self.functions: dict[str, dict[str, tuple[str, bool]]] = {}

    def add(self, dll: str, function: str, user: str, delayed: bool) -> None:
        self.functions.setdefault(dll.lower(), {}).setdefault(function, (user, delayed))

    def __len__(self) -> int:
        return sum(len(names) for names in self.functions.values())


def check(path: Path) -> int:
    """Report on one program and the DLLs beside it that it uses; return how many functions are missing.

    Raises ImageError for a file that cannot be loaded.
    """
    resolver = Resolver(path.parent)
    missing = _Missing()
    with Image.open(path) as program:
        program.check_loadable()
        seen = {path.name.lower()}
        queue = [program]
        print(paint(str(path), "1"))
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
                            missing.add(dll.name, str(symbol), user, delayed)
                    _print_dll(user, dll.name, counts, delayed)
                    beside = None if resolver.is_built_in(dll.name) else resolver.file(dll.name)
                    if beside is not None and dll.name.lower() not in seen:
                        seen.add(dll.name.lower())
                        queue.append(beside)
    if missing.functions:
        print(paint(f"missing: {len(missing)}", "31"))
        for dll_name, functions in sorted(missing.functions.items()):
            for function, (user, delayed) in sorted(functions.items()):
                print(f"  {dll_name}!{function}  (used by {user}{', delay-loaded' if delayed else ''})")
    else:
        print(paint("nothing is missing", "32"))
    return len(missing)


def _print_dll(user: str, dll: str, counts: Counter[Found], delayed: bool) -> None:
    parts = ", ".join(f"{counts[kind]} {kind}" for kind in Found if counts[kind])
    print(f"  {user} -> {dll}{' (delay-loaded)' if delayed else ''}: {parts or 'no functions'}")


@click.command(name="check")
@click.argument("programs", metavar="PROGRAM...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_context
def command(context: click.Context, programs: tuple[Path, ...]) -> int:
    """Say for every function that each PROGRAM imports whether it is served by Python, by guest code, by a DLL beside
    the program, or missing. Exit status 1 when something is missing.

    A program with missing functions may still run: a missing function fails only when it is called.
    """
    failed = False
    problems = []
    for path in programs:
        try:
            failed |= check(path) > 0
        except ImageError as error:
            problems.append(str(error))
    if problems:
        for problem in problems[:-1]:
            click.echo(f"{context.command_path}: {problem}", err=True)
        raise CommandError(problems[-1])
    return 1 if failed else 0
