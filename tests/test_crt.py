"""The C runtime, msvcrt and ucrt: each `tests/guest/crt/NAME.c` prints what `NAME.expected` says.

A test whose two flavours differ has `NAME.msvcrt.expected` and `NAME.ucrt.expected` in its place; `NAME.stdin`, where
there is one, is the program's standard input. Expected texts follow Microsoft's documentation, checked against Wine
where that does as Windows does; line ends are compared as LF.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runtime.guest.spec import read_spec
from tests.conftest import Compiler, Runner

SOURCES = Path(__file__).parent / "guest" / "crt"
CRT = Path(__file__).parent.parent / "runtime" / "guest" / "crt"
NAMES = sorted({path.name.split(".")[0] for path in SOURCES.glob("*.expected")})
COMMON_FLAGS = ("-fno-builtin", "-fno-sanitize=all", "-w", "-D__USE_MINGW_ANSI_STDIO=0")
MSVCRT_FLAGS = ("-D__MSVCRT_VERSION__=0x700", "-D__CRT__NO_INLINE", "-fno-stack-protector")


def expected(name: str, flavour: str) -> str:
    """The text that the program of that name prints in that flavour."""
    own = SOURCES / f"{name}.{flavour}.expected"
    return (own if own.exists() else SOURCES / f"{name}.expected").read_text(encoding="latin-1")


@pytest.fixture(scope="session")
def msvcrt_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An import library for msvcrt.dll, which the compiler no longer brings along."""
    folder = tmp_path_factory.mktemp("msvcrt")
    exports = {
        export.name: export
        for name in ("msvcrt.spec", "msvcrt-b.spec")
        for export in read_spec(CRT / name, "msvcrt.dll")
        if not export.name.startswith("?")
    }
    lines = [f"{export.name}{' DATA' if export.data else ''}" for export in exports.values()]
    definition = folder / "msvcrt.def"
    definition.write_text("\n".join(['LIBRARY "msvcrt.dll"', "EXPORTS", *lines, ""]))
    library = folder / "msvcrt.lib"
    command = ["dlltool", "-m", "i386:x86-64", "-D", "msvcrt.dll", "-d", str(definition), "-l", str(library)]
    subprocess.run([sys.executable, "-m", "ziglang", *command], check=True)
    return library


def zig_object(source: Path, target: Path, *flags: str) -> Path:
    """Compile one C file to an object."""
    command = ["cc", "-target", "x86_64-windows-gnu", "-O1", *flags, "-c", str(source), "-o", str(target)]
    subprocess.run([sys.executable, "-m", "ziglang", *command], check=True)
    return target


def msvcrt_program(name: str, folder: Path, library: Path) -> Path:
    """Build a test against msvcrt.dll: with startup code of ours, without the compiler's libraries."""
    flags = (*COMMON_FLAGS, *MSVCRT_FLAGS)
    start = zig_object(SOURCES / "start_msvcrt.c", folder / "start.o", *flags)
    main = zig_object(SOURCES / f"{name}.c", folder / f"{name}.o", *flags)
    program = folder / f"{name}.exe"
    link = ["-nostdlib", "-Wl,--entry=mainCRTStartup", "-Wl,--subsystem=console", str(start), str(main), str(library)]
    command = ["cc", "-target", "x86_64-windows-gnu", *link, "-lkernel32", "-o", str(program)]
    subprocess.run([sys.executable, "-m", "ziglang", *command], check=True)
    return program


def check(winfs: Runner, program: Path, folder: Path, text: str) -> None:
    """Run the program in an empty folder and compare what it prints."""
    folder.mkdir(exist_ok=True)
    given = SOURCES / f"{program.stem}.stdin"
    done = winfs("run", program, cwd=folder, stdin=given.read_bytes() if given.exists() else None)
    printed = done.stdout.decode("latin-1").replace("\r\n", "\n")
    assert printed == text, done.stderr.decode(errors="replace")


@pytest.mark.parametrize("name", NAMES)
def test_ucrt_prints_what_windows_prints(name: str, compile_c: Compiler, winfs: Runner, tmp_path: Path) -> None:
    source = (SOURCES / f"{name}.c").read_text(encoding="utf-8")
    program = compile_c(source, *COMMON_FLAGS, name=f"{name}.exe")
    check(winfs, program, tmp_path / "work", expected(name, "ucrt"))


@pytest.mark.parametrize("name", NAMES)
def test_msvcrt_prints_what_windows_prints(name: str, msvcrt_library: Path, winfs: Runner, tmp_path: Path) -> None:
    program = msvcrt_program(name, tmp_path, msvcrt_library)
    check(winfs, program, tmp_path / "work", expected(name, "msvcrt"))
