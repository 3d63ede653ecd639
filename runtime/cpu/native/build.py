"""Compiles what the engine replaces in libunicorn: ``python runtime/cpu/native/build.py [--force]``.

The C sources beside this file become ``bin/libwinfs_cpu.so`` with the clang of the ``ziglang`` wheel. Built for x86-64
Linux (glibc 2.17 or newer) whatever the machine that builds. A script of its own: the wheel's build hook
runs it where the package cannot be imported.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIBRARY = HERE / "bin" / "libwinfs_cpu.so"
FLAGS = [
    *("-target", "x86_64-linux-gnu.2.17", "-mcpu=x86_64_v2", "-O2", "-std=gnu2x", "-fPIC", "-shared", "-g0", "-s"),
    *("-fomit-frame-pointer", "-fno-stack-protector", "-fno-strict-aliasing", "-fno-sanitize=all"),
    *("-Wall", "-Wextra", "-Werror"),
]


def build(*, force: bool = False) -> Path:
    """Bring the library up to date and return its path. Raises CalledProcessError; the compiler says why on stderr."""
    sources = sorted(HERE.glob("*.c"))
    key = hashlib.sha256(" ".join(FLAGS).encode())
    for path in (*sources, *sorted(HERE.glob("*.h"))):
        key.update(path.read_bytes())
    digest = key.hexdigest()
    stamp = LIBRARY.with_suffix(".stamp")
    if not force and LIBRARY.exists() and stamp.exists() and stamp.read_text() == digest:
        return LIBRARY
    LIBRARY.parent.mkdir(exist_ok=True)
    scratch = LIBRARY.with_suffix(f".{os.getpid()}.so")
    try:
        subprocess.run([sys.executable, "-m", "ziglang", "cc", *FLAGS, "-o", scratch, *sources], check=True)
        scratch.replace(LIBRARY)
    finally:
        scratch.unlink(missing_ok=True)
    stamp.write_text(digest)
    return LIBRARY


if __name__ == "__main__":
    try:
        print(build(force="--force" in sys.argv[1:]))
    except subprocess.CalledProcessError as error:
        print(f"{HERE.name}: the compiler failed with exit code {error.returncode}", file=sys.stderr)
        sys.exit(1)
