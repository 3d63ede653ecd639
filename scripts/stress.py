"""The field's tools on a mounted drive, beside pyfuse3's passthrough example and the bare file system.

What fails on all three says something about the tool or this computer; what fails on the drive alone, about winfs.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from stress_jobs import JOBS, SKIPPED, Job

REPOSITORY = Path(__file__).parent.parent
TARGETS = ("bare", "passthrough", "winfs")


@dataclass(frozen=True, slots=True)
class Result:
    """How a job ended: `ok`, `failed` or `skipped`, after how long, and what was last said."""

    outcome: str
    seconds: float
    note: str


def run_job(job: Job, folder: Path, logs: Path) -> Result:
    """Run one job in a new folder of a file system."""
    place = Path(tempfile.mkdtemp(prefix="stress", dir=folder))
    outside = Path(tempfile.mkdtemp(prefix="winfs-stress"))
    log = logs / re.sub(r"\W+", "-", job.name)
    started = time.monotonic()
    with open(log, "wb") as output:
        process = subprocess.Popen(
            ["bash", "-c", f"set -eo pipefail\n{job.script}"], cwd=place, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "work": str(outside), "PATH": system_path()},
        )  # fmt: skip
        try:
            code: int | None = process.wait(job.seconds)
        except subprocess.TimeoutExpired:
            code = None
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    seconds = time.monotonic() - started
    said = log.read_text(errors="replace").strip().splitlines()
    note = (outside / "note").read_text().strip() if (outside / "note").exists() else said[-1] if said else ""
    subprocess.run(["rm", "-rf", str(place), str(outside)], check=False, stderr=subprocess.DEVNULL)
    outcome = "ok" if code == 0 else "skipped" if code == SKIPPED else "failed"
    return Result(outcome, seconds, note if code is not None else f"still busy after {job.seconds} s")


def system_path() -> str:
    """PATH without virtual environments: the tools use the system's Python."""
    return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@contextmanager
def passthrough(base: Path) -> Iterator[Path]:
    """pyfuse3's passthrough example over a folder."""
    source, folder = base / "passthrough-source", base / "passthrough"
    source.mkdir()
    folder.mkdir()
    version = metadata.version("pyfuse3")
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--no-binary",
         ":all:", f"pyfuse3=={version}", "-d", str(base)], check=True,
    )  # fmt: skip
    with tarfile.open(next(base.glob("pyfuse3-*.tar.gz"))) as archive:
        member = archive.extractfile(f"pyfuse3-{version}/examples/passthroughfs.py")
        assert member is not None
        (base / "passthroughfs.py").write_bytes(member.read())
    log = open(base / "passthrough.log", "wb")  # noqa: SIM115
    server = subprocess.Popen(
        [sys.executable, str(base / "passthroughfs.py"), str(source), str(folder)], stdout=log, stderr=log
    )
    try:
        deadline = time.monotonic() + 20
        while not os.path.ismount(folder):
            assert time.monotonic() < deadline, "the passthrough example does not mount"
            time.sleep(0.1)
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)
        server.terminate()
        server.wait()
        log.close()


@contextmanager
def winfs(base: Path) -> Iterator[Path]:
    """A drive of a mounted machine."""
    folder = base / "winfs"
    folder.mkdir()
    environment = {**os.environ, "WINFS_HOME": str(base / "home"), "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "winfs"]
    subprocess.run([*command, "mount", str(folder)], env=environment, check=True)
    try:
        yield folder / "drives" / "c"
    finally:
        subprocess.run([*command, "umount", str(folder)], env=environment, check=False)


def faults(drive: Path) -> str:
    """Requests of the mount that broke down so far."""
    text = (drive.parent.parent / "machine" / "statistics").read_text()
    return text.partition("fuse_failures:")[2].splitlines()[0].strip()


def run_target(target: str, jobs: list[Job], base: Path, logs: Path) -> dict[str, Result]:
    """Run all jobs on one kind of file system."""
    results: dict[str, Result] = {}
    logs.mkdir(parents=True, exist_ok=True)
    remaining = list(jobs)
    while remaining:
        with tempfile.TemporaryDirectory(prefix="winfs-stress-", dir=base, ignore_cleanup_errors=True) as text:
            here = Path(text)
            if target == "bare":
                (here / "bare").mkdir()
                run_until_dead(target, remaining, here / "bare", logs, results)
            else:
                with passthrough(here) if target == "passthrough" else winfs(here) as folder:
                    run_until_dead(target, remaining, folder, logs, results)
                    for log in here.glob("home/default/daemon.log"):
                        shutil.copy(log, logs / "daemon.log")
    return results


def run_until_dead(target: str, remaining: list[Job], folder: Path, logs: Path, results: dict[str, Result]) -> None:
    """Run jobs until none remain or the file system is gone; the job that ended it has failed."""
    while remaining:
        job = remaining.pop(0)
        before = faults(folder) if target == "winfs" else ""
        result = run_job(job, folder, logs)
        try:
            os.statvfs(folder)
            if target == "winfs" and faults(folder) != before:
                result = Result("failed", result.seconds, f"{faults(folder)} requests broke down: {result.note}")
        except OSError as error:
            results[job.name] = Result("failed", result.seconds, f"the mount is gone ({error.strerror}): {result.note}")
            print(f"{target}: {job.name}: {results[job.name]}", flush=True)
            return
        results[job.name] = result
        print(f"{target}: {job.name}: {result.outcome} {result.seconds:.1f} s  {result.note[:100]}", flush=True)


def versions() -> str:
    """What was tested, with what."""
    lines = []
    for command in (["stress-ng", "--version"], ["fio", "--version"], ["git", "--version"], ["rsync", "--version"],
                    ["/usr/bin/python3", "--version"], ["sqlite3", "--version"], ["tar", "--version"]):  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PATH": system_path()}) as process:
            assert process.stdout is not None
            words = process.stdout.readline().split()
        lines.append(
            f"{Path(command[0]).name} {next((w for w in words if re.match(r'(fio-)?[0-9]', w.strip(','))), '?')}"
        )
    return (
        f"Linux {platform.release()}, pyfuse3 {metadata.version('pyfuse3')}, " + ", ".join(lines).replace(",,", ",")
    )  # fmt: skip


def table(jobs: list[Job], found: dict[str, dict[str, Result]]) -> str:
    """The results as Markdown: sums of every group, and each job that did not go well everywhere."""
    out = ["| tool | " + " | ".join(TARGETS) + " |", "|---|" + "---|" * len(TARGETS)]
    for group in dict.fromkeys(job.group for job in jobs):
        names = [job.name for job in jobs if job.group == group]
        cells = []
        for target in TARGETS:
            results = [found[target][name] for name in names if name in found.get(target, {})]
            good = sum(result.outcome == "ok" for result in results)
            skipped = sum(result.outcome == "skipped" for result in results)
            cell = f"{good} of {len(results) - skipped}" if results else "not run"
            if results and len(results) == 1 and results[0].outcome == "ok":
                cell = f"ok, {results[0].seconds:.1f} s"
            cells.append(cell)
        out.append(f"| {group} | " + " | ".join(cells) + " |")
    out += ["", "| what failed | " + " | ".join(TARGETS) + " |", "|---|" + "---|" * len(TARGETS)]
    for job in jobs:
        results = [found.get(target, {}).get(job.name) for target in TARGETS]
        if any(result is not None and result.outcome == "failed" for result in results):
            out.append(
                f"| {job.name} | " + " | ".join(result.outcome if result else "not run" for result in results) + " |"
            )
    return "\n".join(out) + "\n"


def main() -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="names or groups of jobs, separated by commas")
    parser.add_argument("--targets", default=",".join(TARGETS), help="which file systems, separated by commas")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where to work")
    parser.add_argument("--logs", type=Path, default=None, help="where to keep what the tools say")
    parser.add_argument("--output", type=Path, default=None, help="write the table there, between its marks")
    options = parser.parse_args()
    wanted = [word for word in options.only.split(",") if word]
    jobs = [job for job in JOBS if not wanted or job.name in wanted or job.group in wanted]
    if not jobs:
        parser.error(f"no job is called {options.only!r}; there are {', '.join(dict.fromkeys(j.group for j in JOBS))}")
    targets = [target for target in options.targets.split(",") if target]
    if not set(targets) <= set(TARGETS):
        parser.error(f"--targets takes {', '.join(TARGETS)}")
    logs = options.logs or Path(tempfile.mkdtemp(prefix="winfs-stress-logs-"))
    found = {target: run_target(target, jobs, options.folder, logs / target) for target in targets}
    text = f"{versions()}.\n\n{table(jobs, found)}"
    print(f"\n{text}\nThe tools' own words are in {logs}")
    output = options.output or (None if wanted else REPOSITORY / "docs" / "stress.md")
    if output is not None:
        before = output.read_text()
        start, end = "<!-- measured -->\n", "<!-- end -->"
        head, _, rest = before.partition(start)
        output.write_text(f"{head}{start}{text}{end}{rest.partition(end)[2]}")


if __name__ == "__main__":
    main()
