"""Character types and comparison keys of Unicode text, as GetStringType and CompareString report them."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

C1_UPPER, C1_LOWER, C1_DIGIT, C1_SPACE, C1_PUNCT, C1_CNTRL, C1_BLANK, C1_XDIGIT, C1_ALPHA, C1_DEFINED = (
    1 << bit for bit in range(10)
)
C3_NONSPACING, C3_DIACRITIC, C3_VOWELMARK, C3_SYMBOL, C3_KATAKANA, C3_HIRAGANA = (1 << bit for bit in range(6))
C3_HALFWIDTH, C3_FULLWIDTH, C3_IDEOGRAPH, C3_KASHIDA, C3_LEXICAL = (1 << bit for bit in range(6, 11))
C3_HIGHSURROGATE, C3_LOWSURROGATE, C3_ALPHA = 0x800, 0x1000, 0x8000

_C2: Final = {
    "L": 1, "R": 2, "AL": 2, "EN": 3, "ES": 4, "ET": 5, "AN": 6, "CS": 7, "B": 8, "S": 9, "WS": 10, "ON": 11,
    "BN": 0, "NSM": 0,
}  # fmt: skip


@lru_cache(maxsize=4096)
def type1(unit: int) -> int:
    """Return the CT_CTYPE1 bits of a UTF-16 unit (case, digit, space, punctuation, control, blank, hex, alpha)."""
    character = chr(unit)
    category = unicodedata.category(character)
    bits = 0 if category in ("Cn", "Cs") else C1_DEFINED
    if category in ("Lu", "Lt"):
        bits |= C1_UPPER | C1_ALPHA
    elif category == "Ll":
        bits |= C1_LOWER | C1_ALPHA
    elif category in ("Lm", "Lo"):
        bits |= C1_ALPHA
    elif category == "Nd":
        bits |= C1_DIGIT
    elif category == "Cc":
        bits |= C1_CNTRL
    elif category[0] in "PS" or category in ("No", "Nl"):
        bits |= C1_PUNCT
    if category[0] == "Z" or unit in (9, 10, 11, 12, 13, 0x85):
        bits |= C1_SPACE
    if unit in (9, 0x20, 0xA0, 0x3000):
        bits |= C1_BLANK
    if unit < 0x80 and character in "0123456789abcdefABCDEF":
        bits |= C1_XDIGIT
    return bits


@lru_cache(maxsize=4096)
def type2(unit: int) -> int:
    """Return the CT_CTYPE2 value of a UTF-16 unit (bidirectional class)."""
    return _C2.get(unicodedata.bidirectional(chr(unit)), 0)


@lru_cache(maxsize=4096)
def type3(unit: int) -> int:
    """Return the CT_CTYPE3 bits of a UTF-16 unit (text processing)."""
    character = chr(unit)
    category = unicodedata.category(character)
    if 0xD800 <= unit < 0xDC00:
        return C3_HIGHSURROGATE
    if 0xDC00 <= unit < 0xE000:
        return C3_LOWSURROGATE
    bits = 0
    if category[0] == "L":
        bits |= C3_ALPHA
    elif category == "Mn":
        bits |= C3_NONSPACING
    elif category[0] in "SP":
        bits |= C3_SYMBOL
    if 0x30A0 <= unit < 0x3100 or 0xFF66 <= unit < 0xFFA0:
        bits |= C3_KATAKANA
    if 0x3040 <= unit < 0x30A0:
        bits |= C3_HIRAGANA
    width = unicodedata.east_asian_width(character)
    if width == "H" or 0x20 <= unit < 0x7F:
        bits |= C3_HALFWIDTH
    elif width == "F":
        bits |= C3_FULLWIDTH
    if 0x3400 <= unit < 0xA000 or 0xF900 <= unit < 0xFB00:
        bits |= C3_IDEOGRAPH
    if unit == 0x640:
        bits |= C3_KASHIDA
    return bits


NORM_IGNORECASE = 0x1
NORM_IGNORENONSPACE = 0x2
NORM_IGNORESYMBOLS = 0x4
LINGUISTIC_IGNORECASE = 0x10
LINGUISTIC_IGNOREDIACRITIC = 0x20
NORM_IGNOREKANATYPE = 0x10000
NORM_IGNOREWIDTH = 0x20000
SORT_STRINGSORT = 0x1000
SORT_DIGITSASNUMBERS = 0x8

_IGNORE_CASE: Final = NORM_IGNORECASE | LINGUISTIC_IGNORECASE
_IGNORE_MARKS: Final = NORM_IGNORENONSPACE | LINGUISTIC_IGNOREDIACRITIC
_WORD_SORT_IGNORED: Final = "-'"


def sort_key(text: str, flags: int) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...], tuple[int, ...], str]:
    """Return a key that orders text by letters, then accents, then case, then ignored marks: en-US, near enough.

    Symbols sort before digits, digits before letters, lower case before upper case; hyphen and apostrophe are ignored
    at first in a word sort (learn.microsoft.com, "Handling Sorting in Your Applications").
    """
    primary: list[tuple[int, int]] = []
    accents: list[int] = []
    cases: list[int] = []
    ignored = ""
    if flags & NORM_IGNOREWIDTH:
        text = unicodedata.normalize("NFKC", text)
    number = ""
    for character in unicodedata.normalize("NFD", text) + ("\0" if flags & SORT_DIGITSASNUMBERS else ""):
        category = unicodedata.category(character)
        if flags & SORT_DIGITSASNUMBERS:
            if category == "Nd":
                number += str(unicodedata.decimal(character))
                continue
            if number:
                primary.append((2, int(number)))
                number = ""
            if character == "\0":
                break
        if category == "Mn":
            if not flags & _IGNORE_MARKS:
                accents.append((len(primary) << 16) + ord(character))
            continue
        if character in _WORD_SORT_IGNORED and not flags & SORT_STRINGSORT:
            if not flags & NORM_IGNORESYMBOLS:
                ignored += chr(len(primary)) + character
            continue
        if category[0] in "PSZC":
            if not (flags & NORM_IGNORESYMBOLS and category[0] in "PS"):
                primary.append((1, ord(character)))
            continue
        if category == "Nd":
            primary.append((2, unicodedata.decimal(character)))
            continue
        folded = character.casefold()
        primary.extend((3, ord(part)) for part in folded)
        if not flags & _IGNORE_CASE:
            cases.append(1 if character != folded else 0)
    return tuple(primary), tuple(accents), tuple(cases), ignored
