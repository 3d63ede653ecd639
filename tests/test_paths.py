"""Windows path and name rules."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.nt.casing import downcase_table, upcase
from runtime.vfs import names, pattern
from runtime.vfs.dospath import CurrentDirectories, PathType, device_name, full_path, path_type, to_nt

HERE = CurrentDirectories("C:\\work\\here\\", {"D": "D:\\data"})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("C:\\a", PathType.DRIVE_ABSOLUTE),
        ("C:a", PathType.DRIVE_RELATIVE),
        ("C:", PathType.DRIVE_RELATIVE),
        ("\\a", PathType.ROOTED),
        ("/a", PathType.ROOTED),
        ("a\\b", PathType.RELATIVE),
        ("", PathType.RELATIVE),
        ("\\\\server\\share", PathType.UNC_ABSOLUTE),
        ("\\\\?\\C:\\a", PathType.LOCAL_DEVICE),
        ("//./NUL", PathType.LOCAL_DEVICE),
        ("\\\\.", PathType.ROOT_LOCAL_DEVICE),
        ("\\\\.x", PathType.UNC_ABSOLUTE),
    ],
)
def test_path_type(path: str, expected: PathType) -> None:
    assert path_type(path) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("C:\\a\\b", "C:\\a\\b"),
        ("c:/a//b/", "c:\\a\\b\\"),
        ("C:\\a\\..\\..\\..\\b", "C:\\b"),
        ("C:\\a\\.\\b\\.", "C:\\a\\b"),
        ("C:\\..", "C:\\"),
        ("C:\\a\\b...", "C:\\a\\b"),
        ("C:\\a\\b. . ", "C:\\a\\b"),
        ("C:\\a.\\b", "C:\\a\\b"),
        ("C:\\a..\\b", "C:\\a..\\b"),
        ("C:\\...\\b", "C:\\...\\b"),
        ("x", "C:\\work\\here\\x"),
        ("..\\x", "C:\\work\\x"),
        (".", "C:\\work\\here"),
        ("..", "C:\\work"),
        ("\\x", "C:\\x"),
        ("C:x", "C:\\work\\here\\x"),
        ("C:", "C:\\work\\here"),
        ("D:x", "D:\\data\\x"),
        ("E:x", "E:\\x"),
        ("\\\\server\\share\\..\\..\\x", "\\\\server\\share\\x"),
        ("\\\\server\\share", "\\\\server\\share"),
        ("//server//share. . .", "\\\\server\\share"),
        ("\\\\?\\C:\\a\\..\\b", "\\\\?\\C:\\b"),
        ("NUL", "\\\\.\\NUL"),
        ("C:\\x\\nul.txt", "\\\\.\\nul"),
        ("aux:", "\\\\.\\aux"),
        ("CONIN$", "\\\\.\\CONIN$"),
        ("C:\\x\\CONIN$", "C:\\x\\CONIN$"),
        ("COM10", "C:\\work\\here\\COM10"),
        ("nullable", "C:\\work\\here\\nullable"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_full_path(path: str, expected: str) -> None:
    assert full_path(path, HERE) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("C:\\a", "\\??\\C:\\a"),
        ("\\\\?\\C:\\a\\..\\b. ", "\\??\\C:\\a\\..\\b. "),
        ("\\??\\C:\\a", "\\??\\C:\\a"),
        ("\\\\.\\pipe\\x", "\\??\\pipe\\x"),
        ("\\\\srv\\share\\x", "\\??\\UNC\\srv\\share\\x"),
        ("nul", "\\??\\nul"),
    ],
)
def test_nt_path(path: str, expected: str) -> None:
    assert to_nt(path, HERE) == expected


def test_device_name_gives_offset_and_length() -> None:
    assert device_name("C:\\a\\con .txt") == (5, 3)
    assert device_name("\\\\.\\CON") == (4, 3)
    assert device_name("C:\\a\\console") is None


def test_upcase_is_windows_table() -> None:
    assert upcase("aéß\u0131\u017f\u00b5\u1f80ǆ") == "AÉß\u0131\u017f\u00b5\u1f88Ǆ"
    assert names.equal("Straße", "STRAßE")
    assert not names.equal("straße", "STRASSE")
    assert upcase("\U00010428") == "\U00010428"


HOST_NAME = st.binary(min_size=1, max_size=60).filter(lambda raw: b"/" not in raw and b"\0" not in raw)


@given(HOST_NAME)
def test_every_linux_name_survives_the_round_trip(raw: bytes) -> None:
    name = os.fsdecode(raw)
    windows = names.from_host(name)
    assert not re.search(r'[\x00-\x1f"*:<>?\\/|]', windows)
    windows.encode("utf-16-le", "surrogatepass")
    if not any(0xF000 <= ord(c) <= 0xF0FF for c in raw.decode("utf-8", "replace")):
        assert names.to_host(windows) == name


WINDOWS_NAME = st.text(
    st.characters(codec=None, exclude_characters='"*:<>?\\/|', min_codepoint=0x20), min_size=1, max_size=60
).filter(lambda n: not any(0xF000 <= ord(c) <= 0xF0FF for c in n))


@given(WINDOWS_NAME)
def test_every_windows_name_survives_the_round_trip(name: str) -> None:
    name = name.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    assert names.from_host(names.to_host(name)) == name or len(os.fsencode(names.to_host(name))) > 200


@pytest.mark.parametrize(
    ("expression", "name", "expected"),
    [
        ("*", "anything", True),
        ("a*c", "abc", True),
        ("A?C", "abc", True),
        ("a?c", "ac", False),
        ("<", "noext", True),
        ("<", "with.ext", False),
        ("<.txt", "a.b.txt", True),
        ('foo"*', "foo", True),
        ('foo"*', "foo.bar", True),
        ('foo"*', "foobar", False),
        (">>>", "ab", True),
        (">>>", "abcd", False),
        (">>>>.txt", "ab.txt", True),
        ("??", "a", False),
        ('a"', "a", True),
    ],
)
def test_wildcards(expression: str, name: str, expected: bool) -> None:
    assert pattern.matches(expression, name) is expected
    assert pattern._simulate(upcase(expression), upcase(name)) is expected


@pytest.mark.parametrize(
    ("typed", "expression"),
    [("*.*", "*"), ("*.txt", "<.txt"), ("a?b", "a>b"), ("foo.*", 'foo"*'), ("*.", "<"), ("a*.?", 'a<">')],
)
def test_win32_rewrites_wildcards(typed: str, expression: str) -> None:
    assert pattern.from_win32(typed) == expression


@given(st.text('ab.*?<>"', max_size=8), st.text("ab.", min_size=1, max_size=8))
def test_both_matchers_agree(expression: str, name: str) -> None:
    assert pattern.matches(expression, name) is pattern._simulate(upcase(expression), upcase(name))


def test_hostile_pattern_is_answered_at_once() -> None:
    assert not pattern.matches("*a" * 100 + "b", "a" * 255)


@pytest.mark.parametrize(
    ("name", "alias"),
    [
        ("README.TXT", ""),
        ("readme.txt", ""),
        ("long file name.html", "LONGFI~1.HTM"),
        (".bashrc", "BASHRC~1"),
        ("a.b.c", "AB~1.C"),
    ],
)
def test_short_names(name: str, alias: str) -> None:
    assert names.short_name(name, set()) == alias


def test_lower_case_is_the_way_back_from_upper_case() -> None:
    # LCMapStringEx(LCMAP_LOWERCASE): OHM, KELVIN and ANGSTROM SIGN, the title-case letters and capital sharp s stay
    text = "\u03a9\u2126 K\u212a \u00c5\u212b \u01c4\u01c5 \u1e9e \u0130"
    assert text.translate(downcase_table()) == "\u03c9\u2126 k\u212a \u00e5\u212b \u01c6\u01c5 \u1e9e \u0130"
