"""Traced calls that no typed function of ours serves: names, flags and strings come from the signature database."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Compiler, Runner
from test_loader import Workshop

from runtime.trace.events import Event, decode_lines


@pytest.fixture
def shop(compile_c: Compiler, winfs: Runner, tmp_path: Path) -> Workshop:
    return Workshop(compile_c, winfs, tmp_path)


def calls(shop: Workshop, program: Path, *options: str) -> list[Event]:
    output = shop.folder / "trace.jsonl"
    done = shop.run(program, "--trace-format", "json", "--trace-output", str(output), *options)
    assert output.exists(), done.stderr
    return [event for event in decode_lines(output.read_bytes()) if event.event == "call"]


def test_a_missing_function_shows_its_parameters(shop: Workshop) -> None:
    program = shop.program(
        "int main(void) { AddFontResourceExW(L\"C:\\\\font.ttf\", FR_PRIVATE, 0); return 0; }",
        shop.library("gdi32.dll", "AddFontResourceExW"),
    )  # fmt: skip
    for options in (("--missing", "zero"), ()):
        (call,) = calls(shop, program, "--trace-apis", "--trace-filter", "AddFont*", *options)
        assert call.module == "gdi32.dll"
        assert call.args["name"] == "C:\\font.ttf"
        assert call.args["fl"] == "FR_PRIVATE"
        assert call.caller is not None
        assert call.caller.startswith("program.exe+0x")


def test_calls_into_guest_code_and_from_other_dlls_show_theirs(shop: Workshop) -> None:
    shop.dll("version.dll", "DWORD WINAPI GetFileVersionInfoSizeW(LPCWSTR file, LPDWORD handle) { return 1; }",
             "GetFileVersionInfoSizeW")  # fmt: skip
    shop.dll("helper.dll", 'void help(void) { CreateFileA("none", GENERIC_READ, 0, 0, OPEN_EXISTING, 0, 0); }', "help")
    program = shop.program(
        'void help(void); int main(void) { help(); return !GetFileVersionInfoSizeW(L"a.dll", 0); }',
        shop.library("helper.dll", "help"), shop.library("version.dll", "GetFileVersionInfoSizeW"),
    )  # fmt: skip
    found = calls(shop, program, "--dll-override", "version=native", "--trace-filter", "GetFileVersion*",
                  "--trace-filter", "CreateFileA")  # fmt: skip
    (version,) = [call for call in found if call.function == "GetFileVersionInfoSizeW"]
    assert version.module == "version.dll"
    assert version.args["lptstrFilename"] == "a.dll"
    (opened,) = [call for call in found if call.function == "CreateFileA" and call.args["lpFileName"] == "none"]
    assert opened.args["dwDesiredAccess"] == "GENERIC_READ"
    assert opened.args["dwCreationDisposition"] == "OPEN_EXISTING"
    assert opened.caller is not None
    assert opened.caller.startswith("helper.dll+0x")
