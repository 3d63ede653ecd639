"""Tables and marks on the standard output: coloured on a terminal (with rich), plain and aligned in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: frozenset[str] = frozenset()) -> None:
    """Print a table; `right` names the columns to align to the right. Nothing is ever cut off."""
    body = [list(row) for row in rows]
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, justify="right" if column in right else "left", overflow="fold")
        for row in body:
            table.add_row(*(Text(cell) for cell in row))
        Console().print(table)
        return
    lines = [list(columns), *body]
    widths = [max(len(cell) for cell in cells) for cells in zip(*lines, strict=True)]
    for row in lines:
        cells = (
            cell.rjust(width) if column in right else cell.ljust(width)
            for cell, width, column in zip(row, widths, columns, strict=True)
        )
        print("  ".join(cells).rstrip())


def print_heading(text: str) -> None:
    """Print the title of a part, after an empty line."""
    print()
    print(paint(text, "1"))


def paint(text: str, code: str) -> str:
    """`text` in an ANSI colour (`1` bold, `31` red, `32` green, `33` yellow) when the output is a terminal."""
    return f"\x1b[{code}m{text}\x1b[0m" if sys.stdout.isatty() else text
