"""One table of what winfs costs, every ratio taken in one run on one computer; `mount` and `trace` measure
those instead.

The guest programs are compiled with the ziglang wheel; the integer kernel also natively, with the same compiler and
flags. Times are the best of several rounds, because the computer is shared.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 5

TINY = "__declspec(dllimport) void ExitProcess(unsigned); void wWinMainCRTStartup(void) { ExitProcess(0); }"

KERNEL = r"""
#include <stdint.h>
static uint32_t table[256];
uint32_t kernel(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int k = 0; k < 8; k++) c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  uint32_t crc = ~0u, x = 12345;
  for (int i = 0; i < 60000000; i++) {
    x = x * 1664525u + 1013904223u;
    crc = table[(crc ^ (x >> 24)) & 255] ^ (crc >> 8);
  }
  return ~crc;
}
"""

NATIVE_MAIN = r"""
#include <stdio.h>
#include <time.h>
int main(void) {
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  uint32_t value = kernel();
  clock_gettime(CLOCK_MONOTONIC, &b);
  printf("kernel %.6f %08x\n", (b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1e9, value);
  return 0;
}
"""

GUEST_MAIN = r"""
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
static LARGE_INTEGER frequency, started;
static void start(void) { QueryPerformanceCounter(&started); }
static double seconds(void) {
  LARGE_INTEGER now;
  QueryPerformanceCounter(&now);
  return (double)(now.QuadPart - started.QuadPart) / frequency.QuadPart;
}
static void calls(int count) {
  HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
  start();
  for (int i = 0; i < count; i++) SetEvent(event);
  printf("call %.6f %d\n", seconds(), count);
}
static void heap(void) {
  int count = 2000000;
  void *volatile keep;
  start();
  for (int i = 0; i < count; i++) { keep = malloc(16 + i % 200); free(keep); }
  printf("malloc %.6f %d\n", seconds(), count);
}
static void files(void) {
  static char block[4096];
  DWORD done;
  int count = 16384;
  HANDLE file = CreateFileW(L"bench.tmp", GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
  start();
  for (int i = 0; i < count; i++) if (!WriteFile(file, block, sizeof block, &done, NULL)) exit(3);
  printf("write %.6f %d\n", seconds(), count * 4096);
  SetFilePointer(file, 0, NULL, FILE_BEGIN);
  start();
  for (int i = 0; i < count; i++) if (!ReadFile(file, block, sizeof block, &done, NULL) || done != 4096) exit(4);
  printf("read %.6f %d\n", seconds(), count * 4096);
  CloseHandle(file);
  DeleteFileW(L"bench.tmp");
}
int main(int argc, char **argv) {
  QueryPerformanceFrequency(&frequency);
  if (argc > 1) { calls(atoi(argv[1])); return 0; }
  start();
  unsigned value = kernel();
  printf("kernel %.6f %08x\n", seconds(), value);
  calls(200000);
  heap();
  files();
  return 0;
}
"""


def compile_program(source: str, target: Path, *flags: str) -> Path:
    text = target.with_suffix(".c")
    text.write_text(source)
    command = [sys.executable, "-m", "ziglang", "cc", "-O2", "-g0", str(text), "-o", str(target), *flags]
    subprocess.run(command, check=True)
    return target


def timed(command: list[str], folder: Path) -> tuple[float, float, str]:
    """Wall seconds, peak memory in MB and output of a command. Raises CalledProcessError."""
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE)
    assert process.stdout is not None
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - started
    code = os.waitstatus_to_exitcode(status)
    process.returncode = code
    if code:
        raise subprocess.CalledProcessError(code, command)
    return elapsed, usage.ru_maxrss / 1024, output


def best(command: list[str], folder: Path, rounds: int = ROUNDS) -> tuple[float, float]:
    """Least seconds and memory of several rounds."""
    found = [timed(command, folder) for _ in range(rounds)]
    return min(item[0] for item in found), min(item[1] for item in found)


def measures(command: list[str], folder: Path, rounds: int) -> dict[str, tuple[float, str]]:
    """What a guest program printed, `name seconds amount`: the least seconds of several rounds."""
    found: dict[str, tuple[float, str]] = {}
    for _ in range(rounds):
        for name, seconds, amount in re.findall(r"^(\w+) ([\d.]+) (\w+)", timed(command, folder)[2], re.MULTILINE):
            if name not in found or float(seconds) < found[name][0]:
                found[name] = float(seconds), amount
    return found


def main() -> None:
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory(prefix="winfs-bench-") as name:
        folder = Path(name)
        os.environ["WINFS_HOME"] = str(folder / "machines")
        windows = ["-target", "x86_64-windows-gnu", "-s"]
        bare = ["-nostdlib", "-lkernel32"]
        tiny = compile_program(TINY, folder / "tiny.exe", *windows, *bare)
        guest = compile_program(KERNEL + GUEST_MAIN, folder / "bench.exe", *windows)
        native = compile_program(KERNEL + NATIVE_MAIN, folder / "native")
        winfs = [sys.executable, "-m", "winfs", "run"]

        trio, _ = best([sys.executable, "-c", "import trio"], folder)
        timed([*winfs, str(tiny)], folder)  # the machine folder is made once
        start, memory = best([*winfs, str(tiny)], folder)
        compared = f"{start / trio:.1f} x `import trio` ({trio:.2f} s)"
        rows.append(("start-up of a tiny program", f"{start:.2f} s", compared))
        rows.append(("peak memory of the tiny program", f"{memory:.0f} MB", ""))

        plain = measures([*winfs, str(guest)], folder, 3)
        trace = ["--trace-apis", "--trace-format", "json", "--trace-output", "trace.jsonl"]
        traced = measures([*winfs, *trace, str(guest), "50000"], folder, 3)
        call = plain["call"][0] / int(plain["call"][1]) * 1e6
        traced_call = traced["call"][0] / int(traced["call"][1]) * 1e6
        rows.append(("API call served by Python (SetEvent)", f"{call:.1f} µs", ""))
        rows.append(("the same, traced as JSON", f"{traced_call:.1f} µs", f"{traced_call / call:.1f} x untraced"))
        kernel = measures([str(native)], folder, 3)["kernel"]
        if kernel[1] != plain["kernel"][1]:
            raise SystemExit(f"the guest computed {plain['kernel'][1]}, the processor {kernel[1]}")
        rows.append(("integer kernel", f"{plain['kernel'][0]:.2f} s", f"{plain['kernel'][0] / kernel[0]:.1f} x native"))
        pairs = int(plain["malloc"][1]) / plain["malloc"][0] / 1e6
        rows.append(("malloc and free", f"{pairs:.1f} million pairs a second", ""))
        for what in ("write", "read"):
            speed = int(plain[what][1]) / plain[what][0] / 1e6
            rows.append((f"file {what} in 4 KiB calls", f"{speed:.0f} MB/s", ""))
    for line in (("what", "measured", "ratio"), ("---", "---", "---"), *rows):
        print(f"| {line[0]:40} | {line[1]:28} | {line[2]:32} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["mount"]:
        import bench_mount

        bench_mount.main(sys.argv[2:])
    elif sys.argv[1:2] == ["trace"]:
        import bench_trace

        bench_trace.main(sys.argv[2:])
    elif sys.argv[1:]:
        raise SystemExit(f"bench: unknown argument {sys.argv[1]!r} (nothing, or: mount, trace)")
    else:
        main()
