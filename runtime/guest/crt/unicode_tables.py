"""Writes the wide character tables of the C runtime: ``python unicode_tables.py OUT``.

Classes are those of ``GetStringTypeW(CT_CTYPE1)``, case pairs those of ``LCMapStringW`` without linguistic casing, for
the Basic Multilingual Plane, both derived from Unicode's properties.  Each table has two stages: a page number for the
upper eight bits, then the entry of that page.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

UPPER, LOWER, DIGIT, SPACE, PUNCT, CONTROL, BLANK, HEX, ALPHA = (1 << bit for bit in range(9))
HEX_DIGITS = set(range(0x30, 0x3A)) | set(range(0x41, 0x47)) | set(range(0x61, 0x67))
WIDE_FORM = 0xFEE0  # distance of the full-width forms from ASCII


def character_class(code: int) -> int:
    """The C1_* bits of one UTF-16 unit."""
    category = unicodedata.category(chr(code))
    if code in (0x20, 0xA0, 0x3000):
        return SPACE | BLANK
    if code == 0x09:
        return SPACE | BLANK | CONTROL
    if 0x0A <= code <= 0x0D or code == 0x85:
        return SPACE | CONTROL
    if code == 0xAD:
        return PUNCT | CONTROL
    if code == 0xFEFF:
        return BLANK | CONTROL
    if code in (0xB2, 0xB3, 0xB9):
        return PUNCT | DIGIT
    if code in (0xAA, 0xB5, 0xBA):
        return ALPHA | LOWER | PUNCT
    if code in (0x2071, 0x207F):  # superscript i and n
        return ALPHA | LOWER
    if 0xBC <= code <= 0xBE:
        return PUNCT
    bits = {"Z": SPACE, "P": PUNCT, "L": ALPHA}.get(category[0], 0)
    bits |= {"Cc": CONTROL, "Cf": CONTROL, "Nl": ALPHA, "Nd": DIGIT, "Lu": UPPER, "Ll": LOWER}.get(category, 0)
    if category == "Lt":
        bits |= UPPER | LOWER
    if category[0] == "S" and code < 0x100:
        bits |= PUNCT
    if code in HEX_DIGITS or code - WIDE_FORM in HEX_DIGITS:
        bits |= HEX
    return bits


def upper(code: int) -> int:
    """The upper-case partner of one UTF-16 unit, itself when it has none."""
    mapped = chr(code).upper()
    if len(mapped) != 1:
        mapped = chr(code).title()
    other = ord(mapped) if len(mapped) == 1 else code
    return other if other < 0x10000 and chr(other).lower() == chr(code) else code


def lower(code: int) -> int:
    """The lower-case partner of one UTF-16 unit, itself when it has none."""
    mapped = chr(code).lower()
    other = ord(mapped) if len(mapped) == 1 else code
    return other if other < 0x10000 and upper(other) == code else code


def numbers(values: Sequence[int]) -> str:
    """A C initializer list, twenty a line."""
    lines = (", ".join(map(str, values[at : at + 20])) for at in range(0, len(values), 20))
    return "{\n    " + ",\n    ".join(lines) + "}"


def two_stage(name: str, entry: Callable[[int], int]) -> str:
    """The C text of one table: ``<name>_page[256]`` and ``<name>_entry[][256]``."""
    pages: dict[tuple[int, ...], int] = {}
    index = []
    for high in range(256):
        page = tuple(entry(high << 8 | low) & 0xFFFF for low in range(256))
        index.append(pages.setdefault(page, len(pages)))
    body = ",\n".join(numbers(page) for page in pages)
    return (
        f"static const unsigned char {name}_page[256] = {numbers(index)};\n"
        f"static const unsigned short {name}_entry[][256] = {{\n{body}}};\n"
    )


def main() -> None:
    """Write the tables to the file named on the command line."""
    Path(sys.argv[1]).write_text(
        two_stage("class", character_class)
        + two_stage("upper", lambda code: upper(code) - code)
        + two_stage("lower", lambda code: lower(code) - code)
    )


if __name__ == "__main__":
    main()
