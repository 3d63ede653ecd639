"""Registry files: what is written reads back the same, and looks as regedit writes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from runtime.nt.regfile import (
    HEADER,
    DeleteKey,
    DeleteValue,
    Operation,
    RegFileError,
    SetKey,
    SetValue,
    decode_file,
    encode_file,
    format_changes,
    format_key,
    format_value,
    parse,
)
from runtime.nt.registry_changes import Change
from runtime.nt.registry_store import ValueRow

ROWS = some.builds(
    ValueRow,
    some.text(max_size=12),
    some.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 11, 0x99]),
    some.binary(max_size=120) | some.text(max_size=20).map(lambda text: (text + "\0").encode("utf-16-le")),
)


@given(rows=some.lists(ROWS, max_size=5))
def test_what_is_written_reads_back_the_same(rows: list[ValueRow]) -> None:
    path = "HKEY_CURRENT_USER\\Software\\Test [1]"
    expected: list[Operation] = [SetKey(path)]
    expected += [SetValue(path, row.name, row.type, row.data) for row in rows]
    written = f"{HEADER}\r\n\r\n{format_key(path, rows)}"
    assert list(parse(written)) == expected
    assert list(parse(decode_file(encode_file(written)))) == expected
    assert list(parse(decode_file(b"\xff\xfe" + written.encode("utf-16-le", "surrogatepass")))) == expected


@pytest.mark.parametrize(
    ("row", "lines"),
    [
        (ValueRow("", 1, "text\0".encode("utf-16-le")), ['@="text"']),
        (ValueRow('q"\\', 4, b"\x01\x02\x03\x04"), ['"q\\"\\\\"=dword:04030201']),
        (ValueRow("empty", 3, b""), ['"empty"=hex:']),
        (ValueRow("none", 0, b"ab"), ['"none"=hex(0):61,62']),
        (ValueRow("q", 11, bytes(8)), ['"q"=hex(b):00,00,00,00,00,00,00,00']),
        (ValueRow("m", 7, "a\0\0".encode("utf-16-le")), ['"m"=hex(7):61,00,00,00,00,00']),
        (
            ValueRow("ImagePath", 2, "%SystemRoot%\\System32\\a.exe\0".encode("utf-16-le")),
            [
                '"ImagePath"=hex(2):25,00,53,00,79,00,73,00,74,00,65,00,6d,00,52,00,6f,00,6f,00,\\',
                "  74,00,25,00,5c,00,53,00,79,00,73,00,74,00,65,00,6d,00,33,00,32,00,5c,00,61,\\",
                "  00,2e,00,65,00,78,00,65,00,00,00",
            ],
        ),
        (ValueRow("n" * 80, 3, bytes(2)), ['"' + "n" * 80 + '"=hex:00,\\', "  00"]),
        (ValueRow("v23", 3, bytes(23)), ['"v23"=hex:' + ",".join(["00"] * 23)]),
    ],
)
def test_lines_are_those_of_regedit(row: ValueRow, lines: list[str]) -> None:
    assert format_value(row).split("\r\n") == lines


def test_changes_make_the_same_changes_again() -> None:
    user = "\\REGISTRY\\USER\\S-1-5-21-1"
    number = ValueRow("new", 4, bytes(4))
    changes = [
        Change("A", f"{user}\\Software\\Added", None, None, None),
        Change("A", f"{user}\\Software\\Added", "new", None, number),
        Change("D", f"{user}\\Software\\Kept", "old", number, None),
        Change("D", f"{user}\\Software\\Gone", None, None, None),
        Change("M", "\\REGISTRY\\MACHINE\\SOFTWARE\\M", "", number, ValueRow("", 3, b"x")),
    ]
    written = format_changes(changes, "S-1-5-21-1")
    assert written.startswith("Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\Software\\Added]\r\n")
    assert written.endswith("\r\n\r\n")
    added, kept = "HKEY_CURRENT_USER\\Software\\Added", "HKEY_CURRENT_USER\\Software\\Kept"
    assert list(parse(written)) == [
        SetKey(added),
        SetValue(added, "new", 4, bytes(4)),
        SetKey(kept),
        DeleteValue(kept, "old"),
        DeleteKey("HKEY_CURRENT_USER\\Software\\Gone"),
        SetKey("HKEY_LOCAL_MACHINE\\SOFTWARE\\M"),
        SetValue("HKEY_LOCAL_MACHINE\\SOFTWARE\\M", "", 3, b"x"),
    ]


def test_what_is_no_registry_file_names_the_line() -> None:
    with pytest.raises(RegFileError, match="line 1"):
        list(parse("nonsense"))
    with pytest.raises(RegFileError, match="line 3"):
        list(parse('Windows Registry Editor Version 5.00\n[HKEY_CURRENT_USER\\A]\n"x"=what'))
