"""Best fit: the character that WideCharToMultiByte puts in the place of one that a single-byte code page lacks.

Microsoft publishes a table for each code page ("bestfit1252.txt" and others at unicode.org). Most of it follows from
Unicode's own decompositions (letters without their accents, full-width forms, superscripts); common punctuation and
letters are below, with the candidates in the order of preference. Rarer symbols have no best fit here.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_ACCENTED_END: Final = 0x1E0
"""The tables strip accents from Latin-1 and Latin Extended-A and the first letters of Extended-B."""
_COMPATIBLE: Final = range(0x2070, 0x2139)

_CANDIDATES: Final = {
    "Đ": "ÐD", "đ": "d", "Ħ": "H", "ħ": "h", "ı": "i", "Ł": "L", "ł": "l", "Ŧ": "T", "ŧ": "t", "ƀ": "b", "Ɖ": "ÐD",
    "Ɨ": "I", "ƚ": "l", "Ɵ": "O", "ƫ": "t", "Ʈ": "T", "ƶ": "z", "Ǥ": "G", "ǥ": "g", "ɡ": "g", "Ø": "O", "ø": "o",
    "Œ": "O", "œ": "o", "Ð": "D", "ð": "d", "Æ": "A", "æ": "a", "Ƒ": "ƒF", "ƒ": "f", "©": "cC", "®": "rR", "×": "x",
    "\xa0": " ", "\xad": "-", "¹": "1", "²": "2", "³": "3", "ª": "a", "º": "o", "¦": "|", "¸": ",", "´": "'",
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "‘": "'", "’": "'", "‚": "',", "“": '"', "”": '"', "„": '"',
    "•": ".", "…": ".", "′": "'", "‵": "`", "‹": "<", "›": ">", "™": "T", "⁄": "/", "−": "-", "∕": "/", "∖": "\\",
    "∗": "*", "ʹ": "'", "ʺ": '"', "ʼ": "'", "˄": "^", "ˈ": "'", "ˋ": "`", "ˍ": "_", "˚": "°", "˜": "~", "ˆ": "^",
    "\u0300": "`", "\u0302": "^", "\u0303": "~", "\u0308": "¨\"", "\u0327": "¸,", "\u0331": "_", "\u0332": "_",
    "Γ": "G", "Θ": "T", "Σ": "S", "Φ": "F", "Ω": "O", "α": "a", "β": "ß", "δ": "d", "ε": "e", "μ": "µ", "π": "p",
    "σ": "s", "τ": "t", "φ": "f", "։": ":", "٪": "%", "╳": "X", "\u2000": " ", "\u2001": " ", "\u2002": " ",
    "\u2003": " ", "\u2004": " ", "\u2005": " ", "\u2006": " ", "\u3000": " ",
}  # fmt: skip


def best_fit(character: str, codec: str) -> bytes | None:
    """The byte that stands in for a character in a single-byte code page; None when nothing does."""
    code = ord(character)
    if 0xFF01 <= code <= 0xFF5E:
        candidates = chr(code - 0xFEE0)
    elif character in _CANDIDATES:
        candidates = _CANDIDATES[character]
    elif code < _ACCENTED_END:
        base = unicodedata.normalize("NFD", character)
        candidates = base[0] if len(base) > 1 else ""
    elif code in _COMPATIBLE:
        base = unicodedata.normalize("NFKD", character)
        candidates = base if base.isdigit() else ""
    else:
        return None
    for candidate in candidates:
        try:
            return candidate.encode(codec)
        except UnicodeEncodeError:
            continue
    return None
