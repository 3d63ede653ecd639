"""Programs that lean on ntrtl and vcruntime140: structured and C++ exceptions, the heap, fibers, dynamic_cast.

Each `tests/guest/runtime/NAME.c` or `NAME.cpp` prints `NAME.expected`. The C programs use the compiler's own runtime;
the C++ ones are compiled for the Microsoft ABI, without headers or libraries, and import vcruntime140.dll. Expected
texts come from Wine, the C++ ones with Microsoft's own vcruntime140.dll.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Compiler, Runner

SOURCES = Path(__file__).parent / "guest" / "runtime"
IMPORTS = {
    "kernel32.dll": ("GetStdHandle", "WriteFile", "ExitProcess", "RaiseException"),
    "vcruntime140.dll": (
        "_CxxThrowException",
        "__CxxFrameHandler3",
        "__RTCastToVoid",
        "__RTDynamicCast",
        "__current_exception",
        "__std_terminate",
        "__uncaught_exceptions",
        "_purecall",
        "_set_se_translator",
        "memcpy",
    ),
}


def zig(*arguments: str | Path) -> None:
    """Run a program of the ziglang wheel."""
    subprocess.run([sys.executable, "-m", "ziglang", *map(str, arguments)], check=True)


def import_library(folder: Path, dll: str, names: tuple[str, ...]) -> Path:
    """An import library for some functions of a DLL."""
    definition = folder / f"{dll}.def"
    definition.write_text("\n".join([f"LIBRARY {dll}", "EXPORTS", *names, ""]))
    zig("dlltool", "-m", "i386:x86-64", "-d", definition, "-l", definition.with_suffix(".lib"))
    return definition.with_suffix(".lib")


@pytest.fixture(scope="session")
def import_libraries(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Import libraries for what the C++ programs use."""
    folder = tmp_path_factory.mktemp("imports")
    return [import_library(folder, dll, names) for dll, names in IMPORTS.items()]


def expected(name: str) -> bytes:
    """What the program prints, with LF."""
    return (SOURCES / f"{name}.expected").read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "contexts", "seh", "heap", "fibers", "preemption", "ending", "unwinding", "hardware", "debug_registers",
        "floating", "callbacks",
    ],
)  # fmt: skip
def test_a_c_program_prints_what_it_prints_on_windows(name: str, compile_c: Compiler, winfs: Runner) -> None:
    source = (SOURCES / f"{name}.c").read_text()
    program = compile_c(source, "-fms-extensions", "-fno-sanitize=all", "-w", name=f"{name}.exe")
    done = winfs("run", program, timeout=240)
    assert done.stdout.replace(b"\r\n", b"\n") == expected(name), done.stderr.decode()
    assert done.returncode == 0


def test_a_fault_in_dll_main_fails_the_load_with_its_code(compile_c: Compiler, tmp_path: Path, winfs: Runner) -> None:
    flags = ("-fms-extensions", "-fno-sanitize=all", "-w")
    library = compile_c((SOURCES / "faulting_dll.c").read_text(), "-shared", *flags, name="faulting.dll")
    program = compile_c((SOURCES / "loads_faulting.c").read_text(), *flags, name="loads_faulting.exe")
    for file in (library, program):
        shutil.copy(file, tmp_path)
    done = winfs("run", tmp_path / "loads_faulting.exe")
    assert done.stdout.replace(b"\r\n", b"\n") == expected("loads_faulting"), done.stderr.decode()
    assert done.returncode == 0


def test_exceptions_of_a_mingw_cpp_program(compile_c: Compiler, winfs: Runner) -> None:
    source = (SOURCES / "itanium_exceptions.cpp").read_text()
    program = compile_c(source, "-w", name="itanium_exceptions.exe", language="c++")
    done = winfs("run", program)
    assert done.stdout.replace(b"\r\n", b"\n") == expected("itanium_exceptions"), done.stderr.decode()
    assert done.returncode == 9


@pytest.mark.parametrize("level", ["-O0", "-O2"])
@pytest.mark.parametrize(("name", "code"), [("cxx_exceptions", 17), ("cxx_async", 3), ("rtti", 0)])
def test_a_microsoft_cpp_program_prints_what_it_prints_on_windows(
    name: str, code: int, level: str, import_libraries: list[Path], tmp_path: Path, winfs: Runner
) -> None:
    part, program = tmp_path / "part.obj", tmp_path / f"{name}.exe"
    flags = ["--target=x86_64-pc-windows-msvc", level, "-fcxx-exceptions", "-fexceptions", "-nostdinc", "-w"]
    if name == "cxx_async":
        flags.append("-fasync-exceptions")
    zig("clang", *flags, "-c", SOURCES / f"{name}.cpp", "-o", part)
    options = ["/nologo", "/entry:start", "/subsystem:console", "/nodefaultlib", f"/out:{program}"]
    zig("lld-link", *options, part, *import_libraries)
    done = winfs("run", program)
    assert done.stdout == expected(name), done.stderr.decode()
    assert done.returncode == code
