"""The documentation names every command and every option that there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from winfs.cli import COMMANDS

DOCS = Path(__file__).parent.parent / "docs"


def _commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from _commands(f"{name} {below.name}", below)
    else:
        yield name, command


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    pages = "\n".join(page.read_text() for page in sorted(DOCS.glob("*.md")))
    missing = []
    for full, command in _commands(name, COMMANDS[name][1]()):
        if f"winfs {full}" not in pages and f"`{full.partition(' ')[2]} " not in pages:
            missing.append(f"winfs {full}")
        missing += [
            f"winfs {full} {option}"
            for parameter in command.params
            if isinstance(parameter, click.Option) and not parameter.hidden
            for option in parameter.opts
            if option.startswith("--") and option not in pages
        ]
    assert missing == []
