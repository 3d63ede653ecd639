"""Code pages: what stands in the place of characters that one lacks, UTF-7, symbols."""

from __future__ import annotations

import pytest

from runtime.nt.code_pages import code_page


@pytest.mark.parametrize(
    ("number", "text", "expected"),
    [
        (1252, "Ā ő Ł đ", b"A o L d"), (1252, "\uff21\uff5e", b"A~"), (1252, "\u2010\u2212\u2215", b"--/"),
        (437, "“x” – ©", b'"x" - c'), (1251, "é Ø", b"e O"), (20127, "naïve…", b"naive."), (1252, "⁴₂", b"42"),
        (1252, "α\u03bc", b"a\xb5"),
    ],
)  # fmt: skip
def test_a_character_that_is_missing_becomes_the_one_that_fits_best(number: int, text: str, expected: bytes) -> None:
    page = code_page(number)
    assert page is not None
    assert page.encode(text) == (expected, False)


def test_what_nothing_fits_or_nothing_may_fit_becomes_the_default() -> None:
    page = code_page(1252)
    assert page is not None
    assert page.encode("中Ǻ") == (b"??", True)
    assert page.encode("Ā", fit=False) == (b"?", True)
    assert page.encode("é") == (b"\xe9", False)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a+AOkgrA-b", "a\xe9\u20acb"),
        (b"+2//f/w-", "\U0010ffff"),
        (b"+3IA-", "\udc80"),
        (b"1 +- 1", "1 + 1"),
        (b"[+/]", "[]"),
        (b"[\xff]", "[\xff]"),
        (b"+AGEb c", "a c"),  # no closing hyphen: the space ends it, bits that are left over go
    ],
)
def test_utf7_is_decoded_as_far_as_it_goes(data: bytes, text: str) -> None:
    page = code_page(65000)
    assert page is not None
    assert page.decode(data) == text


def test_the_symbol_code_page_is_the_private_area() -> None:
    page = code_page(42)
    assert page is not None
    assert page.decode(b"\x09ab\xff") == "\x09\uf061\uf062\uf0ff"
    assert page.encode("\x09\uf061\uf062\uf0ff") == (b"\x09ab\xff", False)


def test_double_byte_code_pages_have_best_fits_but_936() -> None:
    pages = {number: code_page(number) for number in (932, 936, 949, 950)}
    found = {number: page.encode("\xff") for number, page in pages.items() if page is not None}
    assert found == {932: (b"y", False), 936: (b"?", True), 949: (b"y", False), 950: (b"y", False)}


def test_a_byte_without_a_character_in_932_is_kept_unless_that_is_forbidden() -> None:
    page = code_page(932)
    assert page is not None
    assert page.decode(b"[\xff]") == "[\uf8f3]"
    with pytest.raises(UnicodeDecodeError):
        page.decode(b"[\xff]", strict=True)
