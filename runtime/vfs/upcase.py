"""Windows upper-casing, which decides when two names are the same.

Windows compares names by upper-casing single UTF-16 units with a fixed table (RtlUpcaseUnicodeChar). The table holds the
one-to-one simple mappings that survive a round trip: the dotless i, the long s and the micro sign stay what they are, as
do characters outside the BMP.
"""

from __future__ import annotations

from functools import cache


@cache
def table() -> dict[int, int]:
    """Return code point → upper-case code point for every BMP character that has one."""
    mapping = {}
    for code in range(0x61, 0x10000):
        character = chr(code)
        upper = character.upper()
        if len(upper) != 1:
            upper = character.title()
        if len(upper) == 1 and upper != character and ord(upper) < 0x10000 and upper.lower() == character:
            mapping[code] = ord(upper)
    return mapping


def upcase(text: str) -> str:
    """Return `text` upper-cased as Windows does it."""
    return text.upper() if text.isascii() else text.translate(table())


def equal(left: str, right: str) -> bool:
    """Say whether two names are the same on Windows."""
    return left == right or (len(left) == len(right) and upcase(left) == upcase(right))
