"""The mount beside the bare filesystem, pyfuse3's own passthrough example and an empty pyfuse3 filesystem, in one run.

Every candidate is measured for a moment in turn, many times over, so that whatever else this computer does falls on all
of them alike: compare within the table, not across tables. Times are of a Python client, its own cost included.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from bench import compile_program

REPOSITORY = Path(__file__).parent.parent
SIZE = 32 << 20
"""Bytes of the file that is read and written from one end to the other."""

_PAUSE = 0.02
"""Seconds before each row: what the kernel was told for the tick of another row's look-up no longer holds."""

GUEST = r"""
#include <windows.h>
int main(void) {
  HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL), in = GetStdHandle(STD_INPUT_HANDLE);
  volatile unsigned x = 1;
  char order;
  DWORD done;
  while (ReadFile(in, &order, 1, &done, NULL) && done) {
    if (order == 'm') SetEvent(event);
    if (order == 's') for (;;) x = x * 3 + 1;
    if (order == 't') for (;;) ResetEvent(event);
  }
  return 0;
}
"""

Operation = Callable[[], int]
"""Does something once; returns how many bytes went through, or 1."""


@dataclass
class Row:
    """What was measured of one operation of one candidate."""

    what: str
    candidate: str
    repeats: int
    operation: Operation
    times: list[float] = field(default_factory=list)
    amount: int = 1

    def measure(self) -> None:
        """Some more times, in seconds."""
        time.sleep(_PAUSE)
        for _ in range(self.repeats):
            started = time.perf_counter()
            self.amount = self.operation()
            self.times.append(time.perf_counter() - started)

    @property
    def p50(self) -> float:
        return statistics.median(self.times)

    @property
    def p99(self) -> float:
        return sorted(self.times)[min(len(self.times) * 99 // 100, len(self.times) - 1)]


def example() -> Path:
    """pyfuse3's passthrough example of the version that is installed, fetched once from its source distribution."""
    version = metadata.version("pyfuse3")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "winfs-bench" / version
    found = cache / "passthroughfs.py"
    if not found.exists():
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pyfuse3",
                 "--dest", folder, f"pyfuse3=={version}"], check=True,
            )  # fmt: skip
            with tarfile.open(next(Path(folder).glob("pyfuse3-*.tar.gz"))) as archive:
                source = archive.extractfile(f"pyfuse3-{version}/examples/passthroughfs.py")
                assert source is not None
                cache.mkdir(parents=True, exist_ok=True)
                found.write_bytes(source.read())
    return found


@contextmanager
def served(command: list[str], mountpoint: Path) -> Iterator[Path]:
    """A filesystem that runs in the foreground, while it is mounted."""
    mountpoint.mkdir()
    process = subprocess.Popen([sys.executable, *command, str(mountpoint)])
    try:
        while not os.path.ismount(mountpoint):
            if process.poll() is not None:
                raise SystemExit(f"{command[0]} ended before it was mounted")
            time.sleep(0.02)
        yield mountpoint
    finally:
        subprocess.run(["fusermount3", "-u", "-z", str(mountpoint)], check=False)
        process.terminate()
        process.wait(10)


@contextmanager
def machine(mountpoint: Path, host: Path) -> Iterator[Path]:
    """A mounted machine with `host` as its drive D:."""
    mountpoint.mkdir()
    winfs("mount", "--drive", f"D:={host}", str(mountpoint))
    try:
        yield mountpoint
    finally:
        winfs("umount", str(mountpoint))


def winfs(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "winfs", *arguments], check=True)


@contextmanager
def program(guest: Path, order: bytes) -> Iterator[subprocess.Popen[bytes]]:
    """The guest program in the mounted machine, having got an order."""
    command = [sys.executable, "-m", "winfs", "run", "--machine", "default", str(guest)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=guest.parent)
    assert process.stdin is not None
    try:
        process.stdin.write(order)
        process.stdin.flush()
        time.sleep(2)
        if process.poll() is not None:
            raise SystemExit("the guest program ended early")
        yield process
    finally:
        process.terminate()
        process.wait(20)


# What is measured


def look(path: str) -> Operation:
    def operation() -> int:
        os.stat(path)
        return 1

    return operation


def look_open(path: str) -> Operation:
    descriptor = os.open(path, os.O_RDONLY)

    def operation() -> int:
        os.fstat(descriptor)
        return 1

    return operation


def listing(path: str) -> Operation:
    def operation() -> int:
        with os.scandir(path) as found:
            return sum(1 for _ in found)

    return operation


def read_small(path: str) -> Operation:
    def operation() -> int:
        descriptor = os.open(path, os.O_RDONLY)
        os.read(descriptor, 4096)
        os.close(descriptor)
        return 1

    return operation


def write_small(path: str, content: bytes) -> Operation:
    def operation() -> int:
        descriptor = os.open(path, os.O_WRONLY)
        os.write(descriptor, content)
        os.close(descriptor)
        return 1

    return operation


def read_through(path: str, step: int, *, fresh: bool) -> Operation:
    """From one end to the other; `fresh` drops what the kernel has kept of the file as the mount shows it."""

    def operation() -> int:
        descriptor = os.open(path, os.O_RDONLY)
        if fresh:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        buffer = bytearray(step)
        total = 0
        while done := os.readv(descriptor, [buffer]):
            total += done
        os.close(descriptor)
        return total

    return operation


def write_through(path: str, step: int) -> Operation:
    def operation() -> int:
        block = bytes(step)
        descriptor = os.open(path, os.O_WRONLY)
        for _ in range(SIZE // step):
            os.write(descriptor, block)
        os.close(descriptor)
        return SIZE

    return operation


def rows_of_folder(candidate: str, folder: Path, *, through: bool = True) -> Iterator[Row]:
    """The rows of a folder of real files, or of what stands in for one."""
    file = str(folder / "file")
    yield Row("stat", candidate, 200, look(file))
    # The passthrough example must not have the same file open twice.
    yield Row("fstat", candidate, 200, look_open(str(folder / "held")))
    yield Row("readdir 100", candidate, 10, listing(str(folder / "100")))
    yield Row("readdir 10000", candidate, 1, listing(str(folder / "10000")))
    yield Row("open+read+close", candidate, 100, read_small(file))
    yield Row("open+write+close", candidate, 100, write_small(file, b"x" * 100))
    if through:
        big, target = str(folder / "big"), str(folder / "target")
        for step, name in ((4096, "4K"), (1 << 20, "1M")):
            yield Row(f"read {name}, again", candidate, 1, read_through(big, step, fresh=False))
            yield Row(f"read {name}, first time", candidate, 1, read_through(big, step, fresh=True))
            yield Row(f"write {name}", candidate, 1, write_through(target, step))


def rows_of_machine(mounted: Path, key: Path, process: str) -> Iterator[Row]:
    """The rows of a machine's synthetic files."""
    value = key / "file.sz"
    for candidate, path in (
        ("winfs machine/version", mounted / "machine" / "version"),
        ("winfs registry value", value),
        ("winfs process/*/status", mounted / "process" / process / "status"),
    ):
        yield Row("stat", candidate, 200, look(str(path)))
        yield Row("fstat", candidate, 200, look_open(str(path)))
        yield Row("open+read+close", candidate, 100, read_small(str(path)))
    yield Row("open+write+close", "winfs registry value", 100, write_small(str(value), b"x" * 100))
    yield Row("readdir 100", "winfs registry key", 10, listing(str(key / "100")))
    yield Row("readdir 10000", "winfs registry key", 1, listing(str(key / "10000")))


def measure(rows: list[Row], rounds: int) -> None:
    """All rows in turn, many times over."""
    for _ in range(rounds):
        for row in rows:
            row.measure()


def tail_lag(mounted: Path, guest: Path, samples: int, *, terminal: bool) -> list[float]:
    """Seconds from a call in a program to its line in the output of `tail -f trace.jsonl`, at moments at random."""
    lags = []
    reader, writer = os.openpty() if terminal else os.pipe()
    with program(guest, b"m") as process:
        assert process.stdin is not None
        tail = subprocess.Popen(["tail", "-n", "0", "-f", mounted / "trace.jsonl"], stdout=writer)
        try:
            time.sleep(2)
            for _ in range(samples):
                time.sleep(random.uniform(0.3, 2.0))
                while select.select([reader], [], [], 0)[0]:
                    os.read(reader, 1 << 20)
                started = time.perf_counter()
                process.stdin.write(b"m")
                process.stdin.flush()
                data = b""
                while b"SetEvent" not in data:
                    data += os.read(reader, 1 << 20)
                lags.append(time.perf_counter() - started)
        finally:
            tail.terminate()
            tail.wait()
            os.close(reader)
            os.close(writer)
    return lags


# What is shown


def shown(row: Row) -> tuple[str, str]:
    """The p50 and p99 of a row: microseconds, or megabytes a second where bytes went through."""
    if row.amount < 1 << 20:
        return f"{row.p50 * 1e6:.0f} µs", f"{row.p99 * 1e6:.0f} µs"
    return f"{row.amount / row.p50 / 1e6:.0f} MB/s", f"{row.amount / row.p99 / 1e6:.0f} MB/s"


def table(title: str, rows: list[Row], beside: list[tuple[str, dict[tuple[str, str], Row]]]) -> None:
    """A Markdown table; the last column has the p50 in relation to the same row in others."""
    print(f"\n### {title}\n")
    print("| what | of | p50 | p99 | p50 compared |")
    print("|---|---|---|---|---|")
    for row in sorted(rows, key=lambda row: [other.what for other in rows].index(row.what)):
        compared = []
        for name, others in beside:
            other = others.get((row.what, row.candidate if name == "idle" else name))
            if other is not None and other is not row:
                ratio = row.p50 / other.p50
                compared.append(f"{ratio:.2f} x {name}" if row.amount < 1 << 20 else f"{1 / ratio:.2f} x {name}")
        p50, p99 = shown(row)
        print(f"| {row.what} | {row.candidate} | {p50} | {p99} | {', '.join(compared)} |")


def by_name(rows: list[Row]) -> dict[tuple[str, str], Row]:
    return {(row.what, row.candidate): row for row in rows}


def as_json(rows: list[Row]) -> list[dict[str, str | float]]:
    return [
        {"what": row.what, "of": row.candidate, "p50": row.p50, "p99": row.p99, "bytes": row.amount}
        if row.amount >= 1 << 20
        else {"what": row.what, "of": row.candidate, "p50": row.p50, "p99": row.p99}
        for row in rows
    ]


def fill(host: Path) -> None:
    """The files that are looked at."""
    for name in ("file", "held"):
        (host / name).write_bytes(b"x" * 100)
    (host / "big").write_bytes(os.urandom(SIZE))
    (host / "target").write_bytes(bytes(SIZE))
    for count in (100, 10000):
        (host / str(count)).mkdir()
        for index in range(count):
            (host / str(count) / f"{index}").touch()


def fill_registry(key: Path) -> None:
    (key / "file.sz").write_bytes(b"x" * 100)
    for count in (100, 10000):
        (key / str(count)).mkdir()
        for index in range(count):
            (key / str(count) / f"{index}").mkdir()


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench mount", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="how often each row is measured (10)")
    parser.add_argument("--json", type=Path, help="write the numbers, in seconds, to this file as well")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="winfs-bench-")))
        os.environ["WINFS_HOME"] = str(base / "home")
        os.environ["PYTHONPATH"] = str(REPOSITORY)
        host = base / "host"
        host.mkdir()
        fill(host)
        guest = compile_program(GUEST, base / "guest.exe", "-target", "x86_64-windows-gnu", "-s")
        passthrough = stack.enter_context(served([str(example()), str(host)], base / "passthrough"))
        empty = stack.enter_context(served([str(REPOSITORY / "scripts" / "empty_filesystem.py")], base / "empty"))
        mounted = stack.enter_context(machine(base / "winfs", host))
        key = mounted / "registry" / "HKEY_CURRENT_USER" / "Software" / "Bench"
        key.mkdir()
        fill_registry(key)
        found: dict[str, list[Row]] = {}

        def of_machine(process: str) -> list[Row]:
            return [
                *rows_of_folder("empty", empty, through=False),
                *rows_of_machine(mounted, key, process),
                *rows_of_folder("winfs drive", mounted / "drives" / "d"),
            ]

        def pid() -> str:
            processes = mounted / "process"
            return next(entry for entry in os.listdir(processes) if (processes / entry / "maps").exists())

        with program(guest, b"m"):
            rows = [
                *rows_of_folder("host", host),
                *rows_of_folder("passthrough", passthrough),
                *of_machine(pid()),
            ]
            measure(rows, options.rounds)
            found["idle"] = rows
        for title, order in (("while a program computes", b"s"), ("while a program is traced at full rate", b"t")):
            with program(guest, order):
                rows = of_machine(pid())
                measure(rows, max(options.rounds // 2, 1))
                found[title] = rows
        lags = {
            name: tail_lag(mounted, guest, 2 * options.rounds, terminal=terminal)
            for name, terminal in (("on a terminal", True), ("into a pipe", False))
        }
        idle = by_name(found["idle"])
        table("nothing else runs", found["idle"], [("host", idle), ("passthrough", idle), ("empty", idle)])
        for title, rows in found.items():
            if title != "idle":
                table(title, rows, [("empty", by_name(rows)), ("idle", idle)])
        print()
        for name, times in lags.items():
            mean, most = statistics.mean(times) * 1e3, max(times) * 1e3
            print(f"`tail -f trace.jsonl` {name}: {mean:.0f} ms behind on average, {most:.0f} ms at most")
        if options.json is not None:
            document = {title: as_json(rows) for title, rows in found.items()}
            options.json.write_text(json.dumps({"rows": document, "tail_lag": lags}))
