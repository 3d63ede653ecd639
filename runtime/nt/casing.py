"""How Windows compares names without regard to case: one UTF-16 unit maps to one, independent of any language.

Windows upcases by Unicode's simple mapping, but only where it can be undone: `ß` and `µ` stay as they are, and so do
characters outside the Basic Multilingual Plane, whose halves are units without case ([MS-UCODEREF] 3.1.5.3).
"""

from __future__ import annotations

from functools import cache, lru_cache


@cache
def upcase_table() -> dict[int, int]:
    """Return the units whose upper case differs from themselves, for `str.translate`."""
    table = {}
    for code in (*range(0x80, 0xD800), *range(0xE000, 0x10000)):
        character = chr(code)
        for upper in (character.upper(), character.title()):
            if len(upper) == 1 and upper != character:
                if upper.lower() == character and ord(upper) < 0x10000:
                    table[code] = ord(upper)
                break
    table.update((code, code - 32) for code in range(ord("a"), ord("z") + 1))
    return table


@cache
def downcase_table() -> dict[int, int]:
    """Return the units whose lower case differs from themselves: the way back, so `\u2126` (OHM SIGN) stays."""
    return {upper: lower for lower, upper in sorted(upcase_table().items(), reverse=True)}


@lru_cache(maxsize=16384)
def upcase(text: str) -> str:
    """Return `text` in Windows' upper case: what two names must share to be the same name."""
    if text.isascii():
        return text.upper()
    return text.translate(upcase_table())
