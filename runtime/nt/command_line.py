"""Command lines: how a list of arguments becomes one string that CommandLineToArgvW takes apart again."""

from __future__ import annotations

from collections.abc import Iterable


def quote_argument(argument: str) -> str:
    """Return one argument quoted by the rules of the Microsoft C runtime ("Parsing C++ command-line arguments")."""
    if argument and not any(character in ' \t\n\v"' for character in argument):
        return argument
    parts = ['"']
    backslashes = 0
    for character in argument:
        if character == "\\":
            backslashes += 1
            continue
        parts.append("\\" * (2 * backslashes + 1 if character == '"' else backslashes) + character)
        backslashes = 0
    parts.append("\\" * 2 * backslashes + '"')
    return "".join(parts)


def join_command_line(arguments: Iterable[str]) -> str:
    """Return the command line for a program path and its arguments."""
    program, *rest = arguments
    first = f'"{program}"' if " " in program or "\t" in program else program
    return " ".join([first, *map(quote_argument, rest)])
