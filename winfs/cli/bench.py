"""`winfs bench`: how fast programs run on this computer, with nothing but what is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from winfs.cli import CommandError
from winfs.cli.output import print_table

_TURNS = 20_000
_FILES = 200
_VALUES = 1_000

JOBS: Mapping[str, Sequence[str]] = {
    "start a program and end it": ("cmd", "/c", "exit"),
    f"{_TURNS} turns of a batch loop": ("cmd", "/c", f"for /l %i in (1,1,{_TURNS}) do @rem"),
    f"search {_FILES} files": ("cmd", "/c", "findstr /m needle *.txt > found"),
    f"set {_VALUES} registry values": ("reg", "import", "values.reg"),
}
"""What is measured, in the order of the table; the first is part of every other."""


@click.command(name="bench")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="How often; the best one counts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: seconds by name.")
def command(rounds: int, as_json: bool) -> int:
    """Measure programs of Windows' own on a machine that is made for this and taken away afterwards."""
    with tempfile.TemporaryDirectory(prefix="winfs-bench-") as name:
        folder = Path(name)
        _prepare(folder / "work")
        seconds = {job: min(_time(folder, words) for _ in range(rounds)) for job, words in JOBS.items()}
    if as_json:
        click.echo(json.dumps(seconds, indent=2))
        return 0
    start = next(iter(JOBS))
    rows = [
        (job, f"{spent:.2f}", "" if job == start else f"{max(spent - seconds[start], 0):.2f}")
        for job, spent in seconds.items()
    ]
    print_table(("what", "seconds", "without the start"), rows, right=frozenset({"seconds", "without the start"}))
    return 0


def _prepare(work: Path) -> None:
    work.mkdir()
    for number in range(_FILES):
        text = "hay\n" * 100 + ("needle\n" if number % 10 == 0 else "")
        (work / f"{number}.txt").write_text(text)
    values = "".join(f'"value {number}"=dword:{number:08x}\n' for number in range(_VALUES))
    (work / "values.reg").write_text(
        f"Windows Registry Editor Version 5.00\n\n[HKEY_CURRENT_USER\\Software\\Bench]\n{values}"
    )


def _time(folder: Path, words: Sequence[str]) -> float:
    """Seconds that `winfs run` takes for a program. Raises CommandError when the program fails."""
    environment = {**os.environ, "WINFS_HOME": str(folder / "home")}
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "winfs", "run", *words], cwd=folder / "work", env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # fmt: skip
    spent = time.perf_counter() - began
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise CommandError(f"{' '.join(words)}: {said[-1] if said else f'exit status {done.returncode}'}")
    return spent
