"""C++ classes of the runtime DLLs: what casts throw, what exceptions say, how types are named.

Each `tests/guest/cxx/NAME.cpp` is compiled for the Microsoft ABI, without headers or libraries, and prints
`NAME.expected`: for msvcrt what Wine prints, for vcruntime140 what Microsoft's headers promise.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runtime.guest.spec import read_spec
from tests.conftest import Runner

GUEST = Path(__file__).parent.parent / "runtime" / "guest"
SOURCES = Path(__file__).parent / "guest" / "cxx"
SPECS: dict[str, dict[str, tuple[str, ...]]] = {
    "msvcrt": {"msvcrt.dll": ("crt/msvcrt.spec", "crt/msvcrt-b.spec")},
    "vcruntime": {
        "vcruntime140.dll": ("vcruntime/vcruntime140.spec",),
        "ucrtbase.dll": ("crt/ucrtbase.spec", "crt/ucrtbase-b.spec"),
    },
}


def zig(*arguments: str | Path) -> None:
    """Run a program of the ziglang wheel."""
    subprocess.run([sys.executable, "-m", "ziglang", *map(str, arguments)], check=True)


def import_library(dll: str, specs: tuple[str, ...], folder: Path) -> Path:
    """An import library for every export of a DLL of ours."""
    exports = {export.name: export for spec in specs for export in read_spec(GUEST / spec, dll)}
    lines = [f"{export.name}{' DATA' if export.data else ''}" for export in exports.values()]
    definition = folder / f"{dll}.def"
    definition.write_text("\n".join([f'LIBRARY "{dll}"', "EXPORTS", *lines, ""]))
    library = definition.with_suffix(".lib")
    zig("dlltool", "-m", "i386:x86-64", "-D", dll, "-d", definition, "-l", library)
    return library


@pytest.mark.parametrize("name", sorted(SPECS))
def test_casts_throw_and_types_have_names(name: str, tmp_path: Path, winfs: Runner) -> None:
    libraries = [import_library(dll, specs, tmp_path) for dll, specs in SPECS[name].items()]
    part, program = tmp_path / "part.obj", tmp_path / f"{name}.exe"
    flags = ["--target=x86_64-pc-windows-msvc", "-O1", "-fcxx-exceptions", "-fexceptions", "-nostdinc", "-w"]
    zig("clang", *flags, "-fno-sized-deallocation", "-c", SOURCES / f"{name}.cpp", "-o", part)
    options = ["/nologo", "/entry:start", "/subsystem:console", "/nodefaultlib", f"/out:{program}"]
    zig("lld-link", *options, part, *libraries)
    done = winfs("run", program)
    expected = (SOURCES / f"{name}.expected").read_text()
    assert done.stdout.decode().replace("\r\n", "\n") == expected, done.stderr.decode()
    assert done.returncode == 0
