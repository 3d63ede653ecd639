"""`winfs reg`: the same on a machine that is mounted and on one that is not."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.mounting import environment, mount
from winfs.cli import invoke

Command = Callable[..., subprocess.CompletedProcess[str]]
DEMO = "HKEY_CURRENT_USER\\Software\\Demo"


@pytest.fixture(scope="module", params=["mounted", "not mounted"])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    base = tmp_path_factory.mktemp("reg")
    if request.param == "mounted":
        with mount(base) as mounted:
            yield mounted.home
    else:
        yield base


@pytest.fixture
def reg(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Command:
    """`winfs reg` in this process, in an empty folder: there are many of them."""
    monkeypatch.setenv("WINFS_HOME", str(home))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            status = invoke(["reg", *arguments])
        output, errors = capfdbinary.readouterr()
        text = output.decode("utf-8").replace("\r\n", "\n")
        return subprocess.CompletedProcess(arguments, status, text, errors.decode())

    run("delete", DEMO)  # what another test has left
    return run


def done(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_value_that_was_set_is_found_by_every_type(reg: Command) -> None:
    done(reg("set", DEMO, "", "the default"))
    done(reg("set", DEMO, "Colour", "blåu"))
    done(reg("set", DEMO, "Path", "%TEMP%\\x", "--type", "expand_sz"))
    done(reg("set", DEMO, "Big", "--type", "qword", "0x123456789a"))
    done(reg("set", DEMO, "Negative", "--type", "dword", "--", "-2"))
    done(reg("set", DEMO, "Order", "--type", "dword_be", "1"))
    done(reg("set", DEMO, "List", "--type", "multi_sz", "one", "two words"))
    done(reg("set", DEMO, "Bytes", "--type", "bin", "00 ff7F"))
    assert done(reg("query", "hkcu\\software\\DEMO")) == (
        "\nHKEY_CURRENT_USER\\software\\DEMO\n"
        "    (Default)    REG_SZ    the default\n"
        "    Colour    REG_SZ    blåu\n"
        "    Path    REG_EXPAND_SZ    %TEMP%\\x\n"
        "    Big    REG_QWORD    0x123456789a\n"
        "    Negative    REG_DWORD    0xfffffffe\n"
        "    Order    REG_DWORD_BIG_ENDIAN    0x1\n"
        "    List    REG_MULTI_SZ    one\\0two words\n"
        "    Bytes    REG_BINARY    00FF7F\n"
    )
    found = json.loads(done(reg("query", "--json", DEMO)))["values"]
    assert {name: value["data"] for name, value in found.items()} == {
        "": "the default", "Colour": "blåu", "Path": "%TEMP%\\x", "Big": 0x123456789A, "Negative": 0xFFFFFFFE,
        "Order": 1, "List": ["one", "two words"], "Bytes": None,
    }  # fmt: skip
    assert (found["Bytes"]["type"], found["Bytes"]["hex"]) == ("REG_BINARY", "00ff7f")


def test_a_new_machine_has_the_keys_of_windows_10(reg: Command) -> None:
    key = "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
    found = done(reg("query", key, "--value", "productname"))
    assert found.splitlines() == ["", f"HKEY_LOCAL_MACHINE{key[4:]}", "    ProductName    REG_SZ    Windows 10 Pro"]
    subkeys = done(reg("query", "HKLM\\SYSTEM")).splitlines()
    assert "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet" in subkeys
    assert "VendorIdentifier" in done(reg("query", "HKLM\\HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0"))


def test_classes_root_is_the_users_classes_over_the_machines(reg: Command) -> None:
    done(reg("set", "HKCU\\Software\\Classes\\.txt", "", "mine"))
    assert json.loads(done(reg("query", "--json", "HKCR\\.txt")))["values"][""]["data"] == "mine"
    done(reg("delete", "HKCU\\Software\\Classes\\.txt"))
    assert json.loads(done(reg("query", "--json", "HKCR\\.txt")))["values"][""]["data"] == "txtfile"


def test_what_is_exported_can_be_imported(reg: Command, tmp_path: Path) -> None:
    done(reg("set", f"{DEMO}\\Sub", 'q"\\', "v"))
    done(reg("set", f"{DEMO}\\Sub", "long", "--type", "bin", "00" * 100))
    done(reg("set", f"{DEMO}\\Sub\\Empty key"))
    done(reg("export", f"{DEMO}\\Sub", "out.reg"))
    done(reg("export", "--utf16", f"{DEMO}\\Sub", "wide.reg"))
    text = (tmp_path / "out.reg").read_bytes().decode()
    assert text.startswith(f'Windows Registry Editor Version 5.00\r\n\r\n[{DEMO}\\Sub]\r\n"q\\"\\\\"="v"\r\n')
    assert (tmp_path / "wide.reg").read_bytes() == b"\xff\xfe" + text.encode("utf-16-le")
    assert done(reg("export", f"{DEMO}\\Sub")) == text.replace("\r\n", "\n")
    for file in ("out.reg", "wide.reg"):
        done(reg("delete", f"{DEMO}\\Sub"))
        assert reg("query", f"{DEMO}\\Sub").returncode == 1
        done(reg("import", file))
        assert done(reg("export", f"{DEMO}\\Sub")) == text.replace("\r\n", "\n")


def test_an_import_sets_and_deletes_in_order(reg: Command) -> None:
    head = "Windows Registry Editor Version 5.00\n\n"
    done(reg("import", "-", stdin=f'{head}[{DEMO}\\Order]\n"a"="1"\n"b"="2"\n\n[{DEMO}\\Order\\Below]\n'))
    deleting = f'[{DEMO}\\Order]\n"a"=-\n"absent"=-\n[-{DEMO}\\Order\\Below]\n[-{DEMO}\\No]\n'
    done(reg("import", "-", stdin=head + deleting))
    found = json.loads(done(reg("query", "--json", f"{DEMO}\\Order")))
    assert (list(found["values"]), found["subkeys"]) == (["b"], [])


def test_an_export_of_a_hive_leaves_out_what_lives_with_the_machine_and_says_where_links_lead(reg: Command) -> None:
    text = done(reg("export", "HKLM"))
    assert "[HKEY_LOCAL_MACHINE\\HARDWARE" not in text
    assert "; HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet is a link to " in text
    assert "[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\" not in text


def test_a_file_with_a_bad_line_changes_nothing(reg: Command, tmp_path: Path) -> None:
    good = f'Windows Registry Editor Version 5.00\n\n[{DEMO}\\Bad]\n"a"="1"\n'
    for bad, expected in (("nonsense\n", "line 5"), ("[HKEY_NOWHERE\\x]\n", "HKEY_NOWHERE")):
        (tmp_path / "bad.reg").write_text(good + bad)
        result = reg("import", "bad.reg")
        assert (result.returncode, len(result.stderr.splitlines())) == (1, 1)
        assert result.stderr.startswith("winfs: bad.reg: ")
        assert expected in result.stderr
        assert reg("query", f"{DEMO}\\Bad").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        (["query", "HKEY_NOWHERE\\x"], 1, "does not begin with a predefined key"),
        (["query", f"{DEMO}\\absent"], 1, "no such key"),
        (["query", "HKCU\\Software", "--value", "absent"], 1, "no value 'absent'"),
        (["query", "HKCU", "--machine", "absent"], 1, "absent: no such machine"),
        (["query", "HKCU", "--machine", "../x"], 1, "machine name '../x'"),
        (["query"], 2, "Missing argument"),
        (["set", DEMO, "n", "x", "--type", "dword"], 2, "not a dword"),
        (["set", DEMO, "n", "--type", "dword", "0x123456789"], 2, "does not fit"),
        (["set", DEMO, "n", "0g", "--type", "bin"], 2, "hex digits"),
        (["set", DEMO, "n", "a", "b"], 2, "expected one DATA, found 2"),
        (["set", DEMO, "n", "a", "--type", "REG_NONSENSE"], 2, "expand_sz"),
        (["set", "HKLM\\" + "k" * 300, "n", "a"], 1, "too long"),
        (["delete", DEMO, "--value", "absent"], 1, "no value 'absent'"),
        (["delete", f"{DEMO}\\absent"], 1, "no such key"),
        (["delete", "HKLM"], 1, "predefined key cannot be deleted"),
        (["export", f"{DEMO}\\absent", "absent.reg"], 1, "no such key"),
        (["export", "HKCU", "."], 1, "is a directory"),
        (["export", "HKCU", "no/such/folder.reg"], 1, "no/such/folder.reg: No such file"),
        (["import", "absent.reg"], 1, "absent.reg: No such file"),
        (["import", "."], 1, ".: Is a directory"),
        (["import", "-"], 1, "standard input: line 1: expected 'Windows Registry Editor Version 5.00'"),
        (["import"], 2, "Missing argument"),
    ],
)
def test_bad_input_is_one_line(reg: Command, tmp_path: Path, arguments: list[str], status: int, expected: str) -> None:
    done(reg("set", DEMO))
    result = reg(*arguments)
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (status, "", 1), result.stderr
    assert expected in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_mounted_machine_shows_the_change_at_once_and_keeps_it(tmp_path: Path) -> None:
    with mount(tmp_path) as mounted:
        assert mounted.winfs("reg", "set", DEMO, "Colour", "blue").returncode == 0
        files = mounted.folder / "registry" / "HKEY_CURRENT_USER" / "Software" / "Demo"
        assert (files / "Colour.sz").read_text() == "blue\n"
        (files / "Colour.sz").write_text("green\n")
        assert "green" in mounted.winfs("reg", "query", DEMO).stdout
        # What lives with the machine can be changed while it does.
        assert mounted.winfs("reg", "set", "HKLM\\HARDWARE\\New", "a", "b").returncode == 0
    assert "green" in mounted.winfs("reg", "query", DEMO).stdout
    gone = mounted.winfs("reg", "set", "HKLM\\HARDWARE\\New", "a", "b")
    assert (gone.returncode, gone.stderr) == (
        1, "winfs: HKLM\\HARDWARE\\New: exists only while the machine runs, and it does not\n"
    )  # fmt: skip


def test_a_registry_that_is_damaged_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "registry.db").write_bytes(b"this is no database, whatever its name says" * 100)
    result = subprocess.run([sys.executable, "-m", "winfs", "reg", "query", "HKCU"], env=environment(tmp_path),
                            capture_output=True, text=True, check=False)  # fmt: skip
    assert (result.returncode, len(result.stderr.splitlines())) == (1, 1)
    assert "registry.db" in result.stderr
