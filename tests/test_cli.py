"""The command line: what it says to good and bad input, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runtime.config import (
    ConfigError,
    Drive,
    MachineConfig,
    load_config,
    machine_folder,
    parse_drive,
    parse_volume_serial,
)
from tests.conftest import Compiler, Runner
from winfs.cli import COMMANDS
from winfs.cli.bench import JOBS
from winfs.cli.booting import with_host_folders
from winfs.cli.running import exit_status

HELLO = r"""
#include <stdio.h>
int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) printf("[%s]", argv[i]);
  printf("hello\n");
  return 0;
}
"""

MISSING = r"""
__declspec(dllimport) int there_is_no_such_function(void);
__declspec(dllimport) void ExitProcess(unsigned);
void wWinMainCRTStartup(void) { ExitProcess(there_is_no_such_function()); }
"""


@pytest.fixture(scope="module")
def hello(compile_c: Compiler) -> Path:
    return compile_c(HELLO, name="hello.exe")


def lines(data: bytes) -> list[str]:
    return data.decode().splitlines()


# Help and usage


def test_help_lists_every_command(winfs: Runner) -> None:
    done = winfs("--help")
    assert done.returncode == 0
    for name in COMMANDS:
        assert f"  {name} " in done.stdout.decode()


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(winfs: Runner, command: str) -> None:
    done = winfs(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(b"Usage: winfs " + command.encode())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["run"], "Missing argument 'PROGRAM'"),
        (["run", "--no-such-option", "x.exe"], "No such option"),
        (["run", "--trace-format", "xml", "x.exe"], "'text', 'json'"),
        (["run", "--trace-category", "nonsense", "x.exe"], "file_io"),
        (["run", "--engine", "bochs", "x.exe"], "'unicorn'"),
        (["run", "--env", "=value", "x.exe"], "expected NAME"),
        (["run", "--drive", "nonsense", "x.exe"], "expected LETTER:=PATH"),
        (["run", "--drive", "D:=/tmp:rx", "x.exe"], "expected PATH, PATH:ro"),
        (["run", "--volume-serial", "12", "--timeout", "-1", "x.exe"], "--timeout"),
        (["run", "--volume-serial", "xyz", "x.exe"], "1234-ABCD"),
        (["run", ""], "PROGRAM is empty"),
        (["trace", "--category", "nonsense"], "file_io"),
        (["trace", "--follow", "--summary"], "--follow goes with neither"),
        (["kill"], "Missing argument"),
        (["kill", "0"], "x>=1"),
        (["umount"], "give the folder of the mount"),
        (["redist", "install", "--wheel", "absent.whl"], "absent.whl"),
        (["bench", "--rounds", "0"], "x>=1"),
        (["info"], "Missing argument"),
        (["check"], "Missing argument"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(winfs: Runner, arguments: list[str], expected: str) -> None:
    done = winfs(*arguments)
    assert done.returncode == 2
    assert len(lines(done.stderr)) == 1
    assert expected in done.stderr.decode()
    assert done.stdout == b""


@pytest.mark.parametrize("command", ["run", "info", "check"])
@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("absent.exe", None, "no such file"),
        ("empty.exe", b"", "the file is empty"),
        ("text.exe", b"echo hello\r\n", "a text file"),
        ("elf.exe", b"\x7fELF\x02\x01\x01" + bytes(100), "an ELF file"),
        ("dos.exe", b"MZ" + bytes(100), "expected the signature"),
        (".", None, "is a directory"),
    ],
)
def test_a_file_that_is_no_program_is_one_line_and_exit_1(
    winfs: Runner, tmp_path: Path, command: str, name: str, content: bytes | None, expected: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    done = winfs(command, name)
    assert done.returncode == 1
    assert len(lines(done.stderr)) == 1
    assert name in done.stderr.decode()
    assert expected in done.stderr.decode()


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_truncated_or_foreign_program_is_refused(winfs: Runner, tmp_path: Path, hello: Path, command: str) -> None:
    data = bytearray(hello.read_bytes())
    (tmp_path / "cut.exe").write_bytes(data[: len(data) // 2])
    header = int.from_bytes(data[0x3C:0x40], "little")
    data[header + 4 : header + 6] = b"\x64\xaa"
    (tmp_path / "arm.exe").write_bytes(data)
    for name, expected in (("cut.exe", "truncated"), ("arm.exe", "ARM64")):
        done = winfs(command, name)
        assert done.returncode == 1
        assert len(lines(done.stderr)) == 1
        assert expected in done.stderr.decode()


def test_a_trace_that_is_not_there_or_is_no_trace_is_one_line(winfs: Runner, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("hello\n")
    for arguments, expected in (
        (["absent.jsonl"], "winfs: absent.jsonl: No such file or directory"),
        (["text.txt"], "winfs: text.txt:1: "),
        (["--machine", "absent"], "no trace is kept there"),
    ):
        done = winfs("trace", *arguments)
        assert (done.returncode, len(lines(done.stderr)), done.stdout) == (1, 1, b"")
        assert expected in done.stderr.decode()


def test_a_wheel_that_is_none_is_one_line(winfs: Runner, tmp_path: Path) -> None:
    (tmp_path / "text.whl").write_text("hello\n")
    done = winfs("redist", "install", "--wheel", "text.whl")
    assert (done.returncode, len(lines(done.stderr))) == (1, 1)
    assert "text.whl: File is not a zip file" in done.stderr.decode()


# info


def test_info_describes_a_program(winfs: Runner, hello: Path) -> None:
    done = winfs("info", hello)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    for expected in ("PE32+ x64 program, Windows console", "loadable", "entry point", ".text", "R-X", "KERNEL32.dll"):
        assert expected in text


def test_info_as_json(winfs: Runner, hello: Path) -> None:
    done = winfs("info", "--json", hello)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["format"], report["machine"], report["loadable"]) == ("PE32+", "x64", True)
    assert report["sections"][0]["name"] == ".text"
    kernel32 = next(dll for dll in report["imports"] if dll["dll"].lower() == "kernel32.dll")
    assert {"name", "ordinal", "found"} == set(kernel32["symbols"][0])


def test_info_describes_what_it_would_not_run(winfs: Runner, compile_c: Compiler) -> None:
    path = compile_c("int wWinMainCRTStartup(void) { return 0; }", "-target", "x86-windows-gnu", "-nostdlib")
    done = winfs("info", path)
    assert done.returncode == 0
    assert b"PE32 x86 program, Windows console" in done.stdout
    assert b"x86 is not supported yet" in done.stdout


# bench


def test_bench_measures_each_job_and_leaves_nothing(winfs: Runner, tmp_path: Path, winfs_home: Path) -> None:
    (tmp_path / "tmp").mkdir()
    done = winfs("bench", "--rounds", "1", "--json", env={"TMPDIR": str(tmp_path / "tmp")})
    assert done.returncode == 0, done.stderr
    seconds = json.loads(done.stdout)
    assert list(seconds) == list(JOBS)
    assert all(spent > 0 for spent in seconds.values())
    assert list((tmp_path / "tmp").iterdir()) == []
    assert list(winfs_home.iterdir()) == []


# check


def test_check_of_a_program_that_has_everything(winfs: Runner, hello: Path) -> None:
    done = winfs("check", hello)
    assert done.returncode == 0, done.stdout.decode()
    assert b"nothing is missing" in done.stdout


def test_check_names_what_is_missing(winfs: Runner, compile_c: Compiler, tmp_path: Path) -> None:
    definitions = tmp_path / "kernel32.def"
    definitions.write_text("LIBRARY kernel32.dll\nEXPORTS\n  there_is_no_such_function\n")
    library = tmp_path / "extra.lib"
    build_import_library(definitions, library)
    path = compile_c(MISSING, "-nostdlib", "-lkernel32", str(library), name="missing.exe")
    done = winfs("check", path)
    assert done.returncode == 1
    assert "there_is_no_such_function" in done.stdout.decode()
    assert "missing: 1" in done.stdout.decode()


def build_import_library(definitions: Path, library: Path) -> None:
    import subprocess
    import sys

    subprocess.run(
        [sys.executable, "-m", "ziglang", "dlltool", "-m", "i386:x86-64", "-d", str(definitions), "-l", str(library)],
        check=True,
    )


# doctor


def test_doctor_says_what_works(winfs: Runner) -> None:
    done = winfs("doctor")
    text = done.stdout.decode()
    assert done.returncode == 0, text
    for subject in ("Python", "unicorn", "pyfuse3", "/dev/fuse", "/dev/kvm", "guest DLLs", "machine folder"):
        assert subject in text


def test_doctor_reports_a_broken_configuration(winfs: Runner, machine_folder: Path) -> None:
    (machine_folder / "machine.toml").write_text("engine = 3\n")
    done = winfs("doctor")
    assert done.returncode == 1
    assert b"machine.toml: engine: expected" in done.stdout


# run


def test_run_passes_arguments_output_and_exit_code(winfs: Runner, hello: Path) -> None:
    done = winfs("run", hello, "--trace-apis", "-h", "a b", 'q"q')
    assert done.returncode == 0, done.stderr
    assert done.stdout == b'[--trace-apis][-h][a b][q"q]hello\r\n'
    assert done.stderr == b""


@pytest.mark.parametrize(("code", "status"), [(0, 0), (7, 7), (256, 1), (0xC0000005, 5), (0xFFFFFFFF, 255)])
def test_exit_status_is_the_low_byte_and_never_hides_a_failure(code: int, status: int) -> None:
    assert exit_status(code) == status


def test_verbose_tells_the_whole_exit_code(winfs: Runner, compile_c: Compiler) -> None:
    path = compile_c("int main(void) { return 0x12300; }", name="code.exe")
    done = winfs("run", "--verbose", path)
    assert done.returncode == 1
    assert b"0x12300" in done.stderr


def test_a_relative_program_and_files_beside_it(winfs: Runner, compile_c: Compiler, tmp_path: Path) -> None:
    source = r"""
    #include <stdio.h>
    int main(int argc, char **argv) {
      char line[100];
      FILE *file = fopen(argv[1], "r");
      if (!file) return 2;
      if (!fgets(line, sizeof line, file)) return 3;
      fputs(line, stdout);
      return 0;
    }"""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "cat.exe").write_bytes(compile_c(source).read_bytes())
    (tmp_path / "input.txt").write_text("content")
    done = winfs("run", "sub/cat.exe", "input.txt")
    assert (done.returncode, done.stdout) == (0, b"content"), done.stderr
    assert winfs("run", "sub/cat", "input.txt").stdout == b"content"
    assert winfs("run", "--cwd", "sub", "sub/cat.exe", "..\\input.txt").returncode == 2


def test_environment_options_and_no_host_environment(winfs: Runner, compile_c: Compiler) -> None:
    source = r"""
    #include <stdio.h>
    #include <stdlib.h>
    int main(void) {
      printf("%s %s %s\n", getenv("GIVEN"), getenv("OS"), getenv("HOST_SECRET") ? "leaked" : "hidden");
      return 0;
    }"""
    done = winfs("run", "--env", "GIVEN=a=b", compile_c(source), env={"HOST_SECRET": "x"})
    assert done.stdout == b"a=b Windows_NT hidden\r\n", done.stderr


def test_timeout_ends_the_program_with_124(winfs: Runner, compile_c: Compiler) -> None:
    path = compile_c("int main(void) { volatile int i = 0; for (;;) i++; }", name="spin.exe")
    done = winfs("run", "--timeout", "0.5", path, timeout=120)
    assert done.returncode == 124
    assert b"ended after 0.5 seconds" in done.stderr


# Configuration


def test_machine_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINFS_HOME", "/somewhere")
    assert machine_folder() == Path("/somewhere/default")
    assert machine_folder("other") == Path("/somewhere/other")
    for name in ("../up", "a/b", ".hidden", "x" * 65):
        with pytest.raises(ConfigError, match="machine name"):
            machine_folder(name)


def test_machine_toml_is_typed(tmp_path: Path) -> None:
    (tmp_path / "machine.toml").write_text(
        """
        computer_name = "lab-7"
        volume_serial = "12AB-34CD"
        [drives]
        d = "files:ro"
        e = { path = "/tmp", access = "rw" }
        [environment]
        LANG = "C"
        [trace]
        enabled = true
        format = "json"
        output = "trace.jsonl"
        categories = ["file_io"]
        """
    )
    config = load_config(tmp_path)
    assert config.computer_name == "LAB-7"
    assert config.volume_serial == 0x12AB34CD
    assert config.drive("d") == Drive(tmp_path / "files", "ro")
    assert config.drive("C") == Drive(tmp_path / "drive_c")
    assert config.drive("x") is None
    assert config.trace.output == tmp_path / "trace.jsonl"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("engine = 'bochs'", "engine: invalid enum value 'bochs'; expected 'auto', 'unicorn'"),
        ("nonsense = 1", "nonsense"),
        ("[trace]\nformat = 'xml'", "trace.format: "),
        ("[trace]\ncategories = 'file_io'", "trace.categories: expected `array`"),
        ("[drives]\ndd = '/tmp'", "drives: expected"),
        ("[drives]\nd = {path = '/tmp', access = 'x'}", "access: invalid enum value 'x'; expected 'rw', "),
        ("[drives]\nd = '/tmp:wx'", "drives.d: '/tmp:wx': expected PATH"),
        ("[environment]\nA = 1", "environment"),
        ("volume_serial = 'x'", "volume_serial: 'x'"),
        ("computer_name = 'a name with spaces'", "computer_name: "),
        ("[", "machine.toml: "),
    ],
)
def test_a_wrong_setting_names_file_and_key(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "machine.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}/machine.toml: ")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_configuration_is_one_line(winfs: Runner, machine_folder: Path, hello: Path) -> None:
    (machine_folder / "machine.toml").write_text("aslr = 'maybe'\n")
    done = winfs("run", hello)
    assert done.returncode == 1
    assert lines(done.stderr) == [f"winfs: {machine_folder}/machine.toml: aslr: expected `bool`, got `str`"]


def test_host_folders_get_a_letter_and_keep_their_path(tmp_path: Path) -> None:
    config = MachineConfig(folder=tmp_path / "machine", drives={"D": Drive(tmp_path / "held")})
    (tmp_path / "held" / "below").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    found = with_host_folders(config, [(tmp_path / "work", True), (tmp_path / "held" / "below", True)])
    assert set(found.drives) == {"D", "Z"}
    assert found.drives["Z"] == Drive(tmp_path / "work", "rw", str(tmp_path / "work").lstrip("/"))
    again = with_host_folders(config, [(tmp_path / "work", True), (tmp_path, False)])
    assert again.drives["Y"].access == "ro"


def test_drive_and_serial_spellings() -> None:
    assert parse_drive("/a:b/c", "x") == Drive(Path("/a:b/c"), "rw")
    assert parse_drive("/a:ro", "x") == Drive(Path("/a"), "ro")
    assert parse_volume_serial("0x12", "x") == 0x12
    for text in (":ro", ""):
        with pytest.raises(ConfigError):
            parse_drive(text, "x")
