"""`winfs trace`: print, follow, filter and sum up a recorded trace."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from runtime.places import ConfigError
from runtime.trace.events import Event, encode
from runtime.trace.filters import Filter, FilterError
from runtime.trace.reader import Selection, TraceError, events_of, spool_lines, summarize
from runtime.trace.text import format_event
from winfs.cli import CommandError, explain
from winfs.cli.mounted import chosen_machine
from winfs.cli.output import print_table


@click.command("trace", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True, dir_okay=False))
@click.option("--machine", "machine_name", metavar="NAME",
              help="The machine; otherwise the one whose mount holds the current folder, or 'default'.")  # fmt: skip
@click.option("-f", "--follow", is_flag=True, help="Go on with what the machine's programs do; Ctrl-C ends it.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="What is printed.")
@click.option("--filter", "patterns", multiple=True, metavar="PATTERN",
              help="Only functions that match, as name or module!name; wildcards * and ?; ! excludes.")  # fmt: skip
@click.option("--category", "categories", multiple=True, metavar="CATEGORY", help="Only this category. Repeatable.")
@click.option("--function", "functions", multiple=True, metavar="NAME", help="Only this function. Repeatable.")
@click.option("--pid", "process_id", type=int, metavar="PID", help="Only this process.")
@click.option("--tid", "thread_id", type=int, metavar="TID", help="Only this thread.")
@click.option("--errors", is_flag=True, help="Only what failed.")
@click.option("--summary", is_flag=True, help="Count calls, errors and time of each function instead.")
def command(
    file: Path | None,
    machine_name: str | None,
    follow: bool,
    form: str,
    patterns: tuple[str, ...],
    categories: tuple[str, ...],
    functions: tuple[str, ...],
    process_id: int | None,
    thread_id: int | None,
    errors: bool,
    summary: bool,
) -> None:
    """Print the trace of a machine, or of FILE (JSON Lines; - is the standard input)."""
    if follow and (file is not None or summary):
        raise click.UsageError("--follow goes with neither FILE nor --summary")
    try:
        rules = Filter.compile(patterns, categories, functions)
    except FilterError as error:
        raise click.UsageError(str(error)) from None
    selection = Selection(rules, process_id, thread_id, errors and not summary)
    try:
        events = (event for event in _events(file, machine_name, follow) if selection.wants(event))
        if summary:
            _print_summary(events)
        else:
            _print_events(events, form, follow or sys.stdout.isatty())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads on: say nothing at exit either
    except (TraceError, ConfigError) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(explain(error)) from None


def _events(file: Path | None, machine_name: str | None, follow: bool) -> Iterator[Event]:
    if file is None:
        directory = chosen_machine(machine_name) / "trace"
        yield from events_of(spool_lines(directory, follow=follow), str(directory))
    elif str(file) == "-":
        yield from events_of(sys.stdin.buffer, "standard input")
    else:
        with file.open("rb") as lines:
            yield from events_of(lines, str(file))


def _print_events(events: Iterable[Event], form: str, at_once: bool) -> None:
    output = sys.stdout.buffer
    for event in events:
        line = encode(event) if form == "json" else format_event(event).encode("utf-8", "backslashreplace")
        output.write(line)
        if at_once:
            output.flush()
    output.flush()


def _print_summary(events: Iterable[Event]) -> None:
    totals = summarize(events)
    rows = [
        (f"{total.elapsed:.6f}", str(total.calls), str(total.errors or ""), f"{total.module}!{total.function}")
        for total in totals
    ]
    rows.append((
        f"{sum(total.elapsed for total in totals):.6f}",
        str(sum(total.calls for total in totals)),
        str(sum(total.errors for total in totals) or ""),
        "total",
    ))
    print_table(("seconds", "calls", "errors", "function"), rows, right=frozenset({"seconds", "calls", "errors"}))
