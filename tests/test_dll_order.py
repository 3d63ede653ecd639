"""A person's own DLL files in place of winfs's: `--dll-path`, `--dll-override`, `dll_overrides` of machine.toml."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import Compiler, Runner
from hypothesis import given, strategies
from mounting import environment, mount
from test_loader import Workshop

from runtime.config import ConfigError, load_config
from runtime.loader.order import DllOrder, OrderError, Source, parse_name, parse_order
from runtime.loader.pe import Image
from runtime.loader.pe_resource_tree import ResourceTree
from runtime.loader.pe_update import with_resources
from winfs.cli.check import command as check
from winfs.cli.run import command as run

OURS = r"""
__declspec(dllexport) DWORD WINAPI GetFileVersionInfoSizeW(LPCWSTR file, LPDWORD handle) { return 4711; }
__declspec(dllexport) int extra(void) { return 7; }
"""

PROGRAM = r"""
int main(void)
{
    HMODULE module = LoadLibraryW(L"version.dll");
    WCHAR path[MAX_PATH];
    if (!module) { say("error %lu\n", GetLastError()); return 1; }
    DWORD (WINAPI *size)(LPCWSTR, LPDWORD) = (void *)GetProcAddress(module, "GetFileVersionInfoSizeW");
    GetModuleFileNameW(module, path, MAX_PATH);
    say("%lu %d %d %ls\n", size(L"nothing", 0), GetProcAddress(module, "extra") != 0,
        GetProcAddress(module, "VerQueryValueW") != 0, path);
    return 0;
}
"""

NATIVE = "4711 1 0"
BUILTIN = "0 0 1"


@pytest.fixture
def shop(compile_c: Compiler, winfs: Runner, tmp_path: Path) -> Workshop:
    folder = tmp_path / "programs"
    folder.mkdir()
    (tmp_path / "dlls").mkdir()
    made = Workshop(compile_c, winfs, folder)
    made.program(PROGRAM, name="ask.exe")
    return made


@pytest.fixture
def native(shop: Workshop, tmp_path: Path) -> Path:
    """A folder with a `Version.dll` of one's own."""
    built = shop.dll("version.dll", OURS, "GetFileVersionInfoSizeW\nextra")
    return built.rename(tmp_path / "dlls" / "Version.DLL").parent


def ask(shop: Workshop, *options: str) -> str:
    done = shop.run(Path("ask.exe"), *options)
    return done.stdout.decode().strip() + done.stderr.decode().strip()


def test_a_file_in_a_dll_folder_takes_the_place_of_a_builtin_dll(shop: Workshop, native: Path) -> None:
    assert ask(shop).startswith(BUILTIN)
    assert ask(shop, "--dll-path", str(native)) == f"{NATIVE} C:\\Windows\\System32\\version.dll"


SHOWN = r"""
int main(void)
{
    char path[MAX_PATH], data[4000];
    HMODULE module = LoadLibraryA("winmm.dll");
    GetModuleFileNameA(module, path, MAX_PATH);
    say("%s\n", path);
    SHOW(GetModuleHandleA(path) == module); SHOW(LoadLibraryA(path) == module);
    HMODULE file = LoadLibraryExA(path, 0, LOAD_LIBRARY_AS_DATAFILE);
    HRSRC found = FindResourceA(file, MAKEINTRESOURCEA(1), RT_RCDATA);
    say("%.*s\n", (int)SizeofResource(file, found), (char *)LockResource(LoadResource(file, found)));
    SHOW(GetFileVersionInfoA(path, 0, sizeof data, data)); say("%s\n", data);
    SHOW(GetFileVersionInfoA("winmm.dll", 0, sizeof data, data)); say("%s\n", data);
    return 0;
}
"""

SHOWN_EXPECTED = r"""
C:\Windows\System32\winmm.dll
GetModuleHandleA(path) == module: 1
LoadLibraryA(path) == module: 1
its own data
GetFileVersionInfoA(path, 0, sizeof data, data): 1
its own version
GetFileVersionInfoA("winmm.dll", 0, sizeof data, data): 1
its own version
"""


def test_a_dll_of_a_host_folder_can_be_opened_under_the_name_that_it_shows(shop: Workshop, tmp_path: Path) -> None:
    tree = ResourceTree()
    tree.put(10, 1, 0x409, b"its own data")
    tree.put(16, 1, 0x409, b"its own version\0")
    built = shop.dll("winmm.dll", OURS, "extra")
    with Image.open(built) as image:
        (tmp_path / "dlls" / "winmm.dll").write_bytes(with_resources(image, tree))
    built.unlink()
    program = shop.program(SHOWN, "-lversion", name="shown.exe")
    assert shop.output(program, "--dll-path", str(tmp_path / "dlls")) == SHOWN_EXPECTED.lstrip()


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("version=native", NATIVE), ("version=native,builtin", NATIVE), ("VERSION.DLL=Builtin,Native", BUILTIN),
        ("version=builtin", BUILTIN), ("*=builtin", BUILTIN), ("*=native,builtin", NATIVE),
    ],
)  # fmt: skip
def test_an_order_decides_whose_dll_is_used(shop: Workshop, native: Path, order: str, expected: str) -> None:
    assert ask(shop, "--dll-path", str(native), "--dll-override", order).startswith(expected)


def test_a_native_dll_is_also_found_beside_the_program(shop: Workshop, native: Path) -> None:
    (shop.folder / "version.dll").write_bytes((native / "Version.DLL").read_bytes())
    assert ask(shop).startswith(BUILTIN)
    assert ask(shop, "--dll-override", "version=native,builtin").startswith(NATIVE)


def test_without_a_file_native_fails_and_native_builtin_falls_back(shop: Workshop) -> None:
    assert ask(shop, "--dll-override", "version=native") == "error 126"
    assert ask(shop, "--dll-override", "version=native,builtin").startswith(BUILTIN)


def test_static_imports_and_child_processes_follow_the_order(shop: Workshop, native: Path) -> None:
    shop.program(
        r"""
        int extra(void);
        int main(int count, char **words)
        {
            STARTUPINFOA start = {sizeof start}; PROCESS_INFORMATION made; char line[] = "static.exe child";
            say("%s %d\n", count > 1 ? "child" : "parent", extra());
            if (count > 1 || !CreateProcessA(0, line, 0, 0, 1, 0, 0, 0, &start, &made)) return 0;
            return WaitForSingleObject(made.hProcess, INFINITE);
        }
        """,
        shop.library("version.dll", "extra"),
        name="static.exe",
    )
    assert shop.output(Path("static.exe"), "--dll-path", str(native)) == "parent 7\nchild 7\n"


def test_machine_settings_are_honoured_and_options_go_first(
    shop: Workshop, native: Path, machine_folder: Path
) -> None:
    toml = f'dll_path = ["{native}"]\n[dll_overrides]\nversion = "native,builtin"\n"*" = "builtin"\n'
    (machine_folder / "machine.toml").write_text(toml)
    assert ask(shop).startswith(NATIVE)
    assert ask(shop, "--dll-override", "version=builtin").startswith(BUILTIN)


def test_check_and_info_look_where_the_loader_looks(
    shop: Workshop, native: Path, winfs: Runner, machine_folder: Path
) -> None:
    program = shop.program(
        "int extra(void); int main(void) { return extra(); }", shop.library("version.dll", "extra"), name="static.exe"
    )
    assert winfs("check", program).returncode == 1
    assert winfs("check", program, "--dll-path", native).returncode == 0
    assert winfs("check", program, "--dll-path", native, "--dll-override", "version=builtin").returncode == 1
    told = json.loads(winfs("info", "--json", "--dll-path", native, program).stdout)
    found = {dll["dll"]: dll["symbols"][0]["found"] for dll in told["imports"]}
    assert found["version.dll"] == "Version.DLL"
    system = machine_folder / "drive_c" / "Windows" / "System32"
    system.mkdir(parents=True)
    (system / "version.dll").write_bytes((native / "Version.DLL").read_bytes())
    assert winfs("check", program, "--dll-override", "version=native").returncode == 0


def test_a_mounted_machine_takes_the_options_of_each_run(shop: Workshop, native: Path, tmp_path: Path) -> None:
    (tmp_path / "mounted").mkdir()
    with mount(tmp_path / "mounted") as mounted:

        def there(*options: str) -> str:
            command = [sys.executable, "-m", "winfs", "run", *options, "ask.exe"]
            done = subprocess.run(
                command, env=environment(mounted.home), cwd=shop.folder, capture_output=True, timeout=300, check=False
            )
            return done.stdout.decode().strip() + done.stderr.decode().strip()

        assert there("--dll-path", str(native)).startswith(NATIVE)
        assert there().startswith(BUILTIN)
        (mounted.c / "dlls").mkdir()
        (mounted.c / "dlls" / "version.dll").write_bytes((native / "Version.DLL").read_bytes())
        assert there("--dll-path", str(mounted.c / "dlls")) == f"{NATIVE} C:\\dlls\\version.dll"


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--dll-override", "version", "'version': expected NAME=native"),
        ("--dll-override", "version=mine", "'mine': expected native, builtin"),
        ("--dll-override", "version=native,native", "expected native, builtin"),
        ("--dll-override", "ntdll=native", "ntdll.dll is always winfs's own"),
        ("--dll-override", "kernel32=builtin", "kernel32.dll is always winfs's own"),
        ("--dll-override", "a\\b=native", "expected the name of a DLL"),
        ("--dll-override", "api-ms-win-crt-heap-l1-1-0=native", "is an API set"),
        ("--dll-path", "nowhere", "nowhere: no such directory"),
    ],
)
def test_a_bad_option_is_one_line_that_names_it(option: str, value: str, complaint: str) -> None:
    for command in (run, check):
        done = CliRunner().invoke(command, [option, value, "x.exe"])
        assert done.exit_code == 2
        assert option in done.output
        assert complaint in done.output


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ('[dll_overrides]\nversion = "mine"', "dll_overrides.version: 'mine': expected native, builtin"),
        ('[dll_overrides]\nntdll = "native"', "dll_overrides.ntdll: ntdll.dll is always winfs's own"),
        ("[dll_overrides]\nversion = 1", "dll_overrides"),
        ('dll_path = ["nowhere"]', "dll_path: "),
        ("dll_path = 3", "dll_path: expected `array`"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_file_and_key(tmp_path: Path, toml: str, complaint: str) -> None:
    (tmp_path / "machine.toml").write_text(toml)
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/machine.toml: ")
    assert complaint in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@given(strategies.text())
def test_any_text_is_a_name_or_refused(text: str) -> None:
    try:
        name = parse_name(text)
    except OrderError:
        return
    assert parse_name(name) == name


def test_dlls_that_winfs_does_not_bring_are_always_files() -> None:
    order = DllOrder(orders={"*": parse_order("builtin")})
    assert order.sources("mine.dll", is_builtin=False) == (Source.FOLDERS, Source.SEARCH)
    assert order.sources("ntdll.dll", is_builtin=True) == (Source.BUILTIN,)
