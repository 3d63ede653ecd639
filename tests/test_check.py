"""`winfs check` over many programs: what is missing, the most needed first, with prototypes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Compiler, Runner
from test_loader import Workshop


@pytest.fixture
def shop(compile_c: Compiler, winfs: Runner, tmp_path: Path) -> Workshop:
    return Workshop(compile_c, winfs, tmp_path)


def test_the_summary_ranks_what_many_programs_lack_and_shows_prototypes(winfs: Runner, shop: Workshop) -> None:
    drawing = shop.library("gdi32.dll", "PlgBlt\nPolyBezier")
    nowhere = shop.library("nowhere.dll", "first\nsecond")
    call = "PlgBlt(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)"
    one = shop.program(f"int main(void) {{ return {call} + PolyBezier(0, 0, 0); }}", drawing, name="one.exe")
    source = f"int first(void), second(void); int main(void) {{ return {call} + first() + second(); }}"
    two = shop.program(source, drawing, nowhere, name="two.exe")
    whole = shop.program("int main(void) { return 0; }", name="whole.exe")
    broken = shop.folder / "broken.exe"
    broken.write_bytes(b"no program")

    done = winfs("check", "--summary", one, broken, whole, two)
    lines = [line.strip() for line in done.stdout.decode().splitlines()]
    assert done.returncode == 1
    assert not done.stderr
    assert lines[0] == "3 programs: 1 with nothing missing, 2 with something"
    assert "1  nowhere.dll (2 functions): two.exe" in lines
    first = lines.index("2  gdi32.dll!PlgBlt")
    assert lines[first + 1].startswith("BOOL PlgBlt(HDC hdcDest, POINT *lpPoint, HDC hdcSrc, ")
    assert lines[first + 2] == "one.exe, two.exe"
    assert lines.index("1  gdi32.dll!PolyBezier") > first
    assert "broken.exe" in lines[lines.index("Not looked at (1)") + 1]

    assert "BOOL PlgBlt(HDC hdcDest" in winfs("check", one).stdout.decode()
    assert winfs("check", "--summary", whole).returncode == 0

    done = winfs("check", "--json", one, broken, two)
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert [(need["dll"], need["function"], need["count"]) for need in told["missing"]] == [
        ("gdi32.dll", "PlgBlt", 2), ("gdi32.dll", "PolyBezier", 1),
    ]  # fmt: skip
    assert told["missing_dlls"] == [{"dll": "nowhere.dll", "count": 1, "functions": 2, "programs": [str(two)]}]
    assert told["unreadable"][0]["path"] == str(broken)
    assert [program["path"] for program in told["programs"]] == [str(one), str(two)]
