"""Delay-loaded DLLs: a real directory, made by lld, and mingw-w64's public-domain helper that serves it."""

from __future__ import annotations

from pathlib import Path

import pytest
import ziglang

from tests.conftest import Runner
from tests.test_runtime_programs import import_library, zig

SOURCE = Path(__file__).parent / "guest" / "loader" / "delayed.c"
MINGW = Path(ziglang.__file__).parent / "lib" / "libc" / "mingw" / "misc"
HELPERS = [MINGW / name for name in ("delayimp.c", "delay-f.c", "delay-n.c")]
KERNEL = (
    "AddVectoredExceptionHandler", "ExitProcess", "FreeLibrary", "GetCommandLineW", "GetLastError", "GetModuleHandleW",
    "GetProcAddress", "GetStdHandle", "LoadLibraryA", "LocalAlloc", "LocalFree", "RaiseException", "WriteFile",
    "ResolveDelayLoadedAPI", "lstrlenA", "lstrlenW",
)  # fmt: skip


@pytest.fixture(scope="module")
def delayed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("delayed"), HELPERS)


def build(folder: Path, helpers: list[Path], *flags: str) -> Path:
    """Link the program with /delayload."""
    libraries = [import_library(folder, "kernel32.dll", KERNEL)]
    libraries.append(import_library(folder, "version.dll", ("GetFileVersionInfoSizeW", "no_such_function")))
    libraries.append(import_library(folder, "nowhere.dll", ("nothing_here",)))
    parts = []
    for source in (SOURCE, *helpers):
        parts.append(folder / f"{source.stem}.obj")
        usual = ["-target", "x86_64-windows-gnu", "-O1", "-fno-stack-protector", "-fno-sanitize=all"]
        zig("cc", *usual, *flags, "-c", source, "-o", parts[-1])
    program = folder / "delayed.exe"
    options = ["/nologo", "/entry:start", "/subsystem:console", "/nodefaultlib", "/lldmingw", f"/out:{program}"]
    late = ["/delayload:version.dll", "/delayload:nowhere.dll"]
    zig("lld-link", *options, *late, *parts, *libraries)
    return program


def test_what_is_loaded_late_is_found_when_it_is_called(winfs: Runner, delayed: Path) -> None:
    done = winfs("run", delayed)
    assert done.stdout.decode().splitlines() == [
        "not loaded before", "called", "loaded after", "no DLL nowhere.dll", "replaced", "no function version.dll",
        "replaced",
    ], done.stderr  # fmt: skip
    assert done.returncode == 0


def test_the_system_resolves_what_is_loaded_late(winfs: Runner, tmp_path: Path) -> None:
    program = build(tmp_path, [], "-DBY_THE_SYSTEM")
    done = winfs("run", program)
    assert done.stdout.decode().splitlines() == [
        "not loaded before", "called", "loaded after", "no DLL nowhere.dll", "replaced", "no function version.dll",
        "replaced",
    ], done.stderr  # fmt: skip
    crashed = winfs("run", program, "!")
    assert "executing 0x0" in crashed.stderr.decode(), "the stub jumps to what it was given"


def test_a_dll_that_is_not_there_raises_the_loaders_exception(winfs: Runner, delayed: Path) -> None:
    done = winfs("run", "--verbose", delayed, "!")
    error = done.stderr.decode()
    assert "0xC06D007E" in error
    assert "exit code 0xc06d007e" in error


def test_info_and_check_show_what_is_loaded_late(winfs: Runner, delayed: Path) -> None:
    info = winfs("info", delayed).stdout.decode()
    assert "nowhere.dll (1 imports, delay-loaded)" in info
    assert "version.dll (2 imports, delay-loaded)" in info
    assert "GetFileVersionInfoSizeW" in info
    check = winfs("check", delayed)
    text = check.stdout.decode()
    assert check.returncode == 1
    assert "nowhere.dll" in text
    assert "delay" in text
    assert "no_such_function" in text
