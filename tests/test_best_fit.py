"""Characters that a code page lacks: what WideCharToMultiByte puts in their place."""

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
