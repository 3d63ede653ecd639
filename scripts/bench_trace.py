"""What tracing costs real programs: the same run without a trace, with text, with JSON, and with a filter.

The ways are run in turn, many times over, and the least processor time of each is compared (the computer is shared;
processor time counts the thread that writes the trace as well). Programs come from the corpus (`scripts/corpus` fetches
them); those that are not there are left out by name.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
WAYS: dict[str, list[str]] = {
    "off": [],
    "text": ["--trace-apis", "--trace-output", "trace.log"],
    "JSON": ["--trace-apis", "--trace-format", "json", "--trace-output", "trace.jsonl"],
    "JSON, files only": ["--trace-format", "json", "--trace-output", "trace.jsonl", "--trace-category", "file_io"],
}

REFERENCE = r"""
#include <windows.h>
#include <stdio.h>
/* The usual work of an installer or a small tool: some files, some registry, some output. */
int main(void) {
  char text[512], name[32];
  DWORD done, type, size;
  HKEY key;
  for (int i = 0; i < 60; i++) {
    snprintf(name, sizeof name, "file%d.txt", i);
    HANDLE file = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    WriteFile(file, text, sizeof text, &done, NULL);
    SetFilePointer(file, 0, NULL, FILE_BEGIN);
    ReadFile(file, text, sizeof text, &done, NULL);
    CloseHandle(file);
    RegOpenKeyExA(HKEY_LOCAL_MACHINE, "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", 0, KEY_READ, &key);
    size = sizeof text;
    RegQueryValueExA(key, "ProductName", NULL, &type, (BYTE *)text, &size);
    RegCloseKey(key);
    printf("%s\n", name);
    DeleteFileA(name);
  }
  return 0;
}
"""


@dataclass
class Job:
    """A program, its arguments, and the least seconds of processor time each way took."""

    name: str
    command: list[str]
    folder: Path
    times: dict[str, float] = field(default_factory=dict)
    events: int = 0

    def run(self, way: str, options: list[str]) -> None:
        """Run once, one way. Raises SystemExit when the program fails."""
        command = [sys.executable, "-m", "winfs", "run", *options, *self.command]
        process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{self.name} ended with {process.returncode}")
        seconds = usage.ru_utime + usage.ru_stime
        self.times[way] = min(seconds, self.times.get(way, seconds))
        if way == "JSON":
            self.events = (self.folder / "trace.jsonl").read_bytes().count(b"\n")


def jobs(base: Path) -> list[Job]:
    """What is there to run."""
    from bench import compile_program

    corpus = Path(os.environ.get("WINFS_CORPUS") or Path.home() / ".cache" / "winfs-corpus")
    found = []
    for name in ("reference", "rg", "tcc", "buildifier"):
        (base / name).mkdir()
    compile_program(REFERENCE, base / "reference" / "reference.exe", "-target", "x86_64-windows-gnu", "-s")
    found.append(Job("300 file and registry calls", ["reference.exe"], base / "reference"))
    for index in range(200):
        (base / "rg" / f"{index}.txt").write_text(f"line of {index}\nneedle {index}\n" * 20)
    (base / "tcc" / "hello.c").write_text("int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }\n" * 1)
    (base / "buildifier" / "BUILD").write_text('cc_library(name = "a", srcs = ["b.cc", "a.cc"], deps = [":c"])\n' * 50)
    for job in (
        Job("rg over 200 files", ["rg.exe", "-j1", "-n", "needle"], base / "rg"),
        Job("tcc -c", ["tcc.exe", "-c", "hello.c"], base / "tcc"),
        Job("buildifier", ["buildifier.exe", "BUILD"], base / "buildifier"),
    ):
        program = next(iter(sorted((corpus / job.folder.name).rglob(job.command[0]))), None)
        if program is None:
            print(f"bench: no {job.command[0]} in {corpus}: left out (scripts/corpus fetches it)", file=sys.stderr)
        else:
            job.command[0] = str(program)
            found.append(job)
    return found


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench trace", description=__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="how often each way is run (8)")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    with tempfile.TemporaryDirectory(prefix="winfs-bench-") as name:
        base = Path(name)
        os.environ["WINFS_HOME"] = str(base / "home")
        os.environ["PYTHONPATH"] = str(REPOSITORY)
        found = jobs(base)
        for _ in range(options.rounds):
            for job in found:
                for way, settings in WAYS.items():
                    job.run(way, settings)
        print("| program | events | " + " | ".join(WAYS) + " |")
        print("|---|---|" + "---|" * len(WAYS))
        for job in found:
            off = job.times["off"]
            cells = [f"{off:.3f} s" if way == "off" else f"{job.times[way] / off:.2f} x" for way in WAYS]
            print(f"| {job.name} | {job.events} | " + " | ".join(cells) + " |")
