"""Code pages: Windows' numbers for Python's codecs, and conversion with Windows' rules for what does not fit."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import cache
from typing import Final

from runtime.nt.best_fit import best_fit

CP_ACP, CP_OEMCP, CP_MACCP, CP_THREAD_ACP = 0, 1, 2, 3
CP_SYMBOL: Final = 42
CP_UTF7: Final = 65000
CP_UTF8: Final = 65001

_CODECS: Final = {
    10000: "mac_roman", 20127: "ascii", 20866: "koi8_r", 21866: "koi8_u", 28591: "latin_1", 28592: "iso8859_2",
    28593: "iso8859_3", 28594: "iso8859_4", 28595: "iso8859_5", 28596: "iso8859_6", 28597: "iso8859_7",
    28598: "iso8859_8", 28599: "iso8859_9", 28603: "iso8859_13", 28605: "iso8859_15", 51932: "euc_jp",
    50220: "iso2022_jp", 50221: "iso2022_jp_1", 51949: "euc_kr", 54936: "gb18030", 936: "gbk", 949: "cp949",
    950: "cp950", 932: "cp932", 1361: "johab", CP_UTF7: "utf_7", CP_UTF8: "utf_8",
}  # fmt: skip
_LONE_932: Final = frozenset("\uf8f0\uf8f1\uf8f2\uf8f3")
"""What A0 and FD to FF become in 932, unless that is forbidden."""
_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_DOUBLE_BYTE: Final = {
    932: ((0x81, 0x9F), (0xE0, 0xFC)), 936: ((0x81, 0xFE),), 949: ((0x81, 0xFE),), 950: ((0x81, 0xFE),),
    1361: ((0x84, 0xD3), (0xD8, 0xDE), (0xE0, 0xF9)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CodePage:
    """One code page. `maximum` is the most bytes a character takes; `lead_bytes` the ranges that start a pair."""

    number: int
    codec: str
    maximum: int
    lead_bytes: tuple[tuple[int, int], ...]

    def decode(self, data: bytes, *, strict: bool = False) -> str:
        """Decode; what is invalid becomes U+FFFD in UTF-8 and the C1 control of its value elsewhere.

        Raises UnicodeDecodeError where `strict` forbids it.
        """
        if self.number == CP_UTF7:
            return _decode_utf7(data)
        if self.number == CP_SYMBOL:
            return "".join(chr(byte if byte < 0x20 else 0xF000 + byte) for byte in data)
        if strict:
            single = self.maximum == 1 and self.number != 20127
            text = data.decode(self.codec, "winfs-keep-control" if single else "strict")
            if self.number == 932 and not _LONE_932.isdisjoint(text):
                raise UnicodeDecodeError(self.codec, data, 0, len(data), "a byte without a character")
            return text
        return data.decode(self.codec, "replace" if self.number == CP_UTF8 else "winfs-keep")

    def encode(self, text: str, default: bytes = b"?", *, fit: bool = True) -> tuple[bytes, bool]:
        """Encode; return the bytes and whether `default` had to stand in for a character.

        Single-byte and double-byte code pages put the best fit for a character that they lack, unless `fit` is false;
        936 has none.
        """
        if self.number == CP_SYMBOL:
            units = [ord(unit) - 0xF000 if 0xF020 <= ord(unit) <= 0xF0FF else ord(unit) for unit in text]
            return b"".join(bytes((unit,)) if unit < 0x100 else default for unit in units), max(units, default=0) > 0xFF
        if self.number == CP_UTF8:
            try:
                return text.encode("utf-8"), False
            except UnicodeEncodeError:
                return _whole(text).encode("utf-8", "winfs-replacement"), True
        try:
            return text.encode(self.codec), False
        except UnicodeEncodeError:
            parts, used = [], False
            for character in _whole(text):
                try:
                    parts.append(character.encode(self.codec))
                except UnicodeEncodeError:
                    kept = ord(character) < 0x100 and self._keeps(ord(character))
                    found = bytes((ord(character),)) if kept else None
                    if found is None and fit and self.maximum <= 2 and self.number != 936:
                        found = best_fit(character, self.codec)
                    parts.append(default if found is None else found)
                    used = used or found is None
            return b"".join(parts), used

    def _keeps(self, value: int) -> bool:
        """Whether a byte has no character of its own and stands for the control character of its value."""
        if self.maximum != 1 or not 0x80 <= value < 0xA0:
            return False
        try:
            bytes((value,)).decode(self.codec)
        except UnicodeDecodeError:
            return True
        return False


def _decode_utf7(data: bytes) -> str:
    """Decode UTF-7 (RFC 2152) as Windows does: what is no UTF-7 is dropped or stands for itself, nothing fails."""
    units: list[int] = []
    bits = count = 0
    shifted = fresh = False
    for byte in data:
        value = _BASE64.find(byte) if shifted else -1
        if value >= 0:
            bits, count, fresh = (bits << 6 | value) & 0x3FFFFF, count + 6, False
            if count >= 16:
                count -= 16
                units.append(bits >> count & 0xFFFF)
        elif shifted and byte == ord("-"):
            if fresh:
                units.append(ord("+"))
            shifted = False
        elif not shifted and byte == ord("+"):
            shifted = fresh = True
            bits = count = 0
        else:
            units.append(byte)
            shifted = False
    return b"".join(unit.to_bytes(2, "little") for unit in units).decode("utf-16-le", "surrogatepass")


def _whole(text: str) -> str:
    """Join surrogate pairs, so that each character is one; lone surrogates stay."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _keep(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    if len(bad) == 1 and 0x80 <= bad[0] < 0xA0:
        return chr(bad[0]), error.end
    return "\ufffd" if len(bad) == 1 else "?", error.end


def _keep_control(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    if not all(0x80 <= byte < 0xA0 for byte in bad):
        raise error
    return "".join(map(chr, bad)), error.end


def _replacement(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return b"\xef\xbf\xbd" * (error.end - error.start), error.end


codecs.register_error("winfs-keep", _keep)
codecs.register_error("winfs-keep-control", _keep_control)
codecs.register_error("winfs-replacement", _replacement)


@cache
def code_page(number: int) -> CodePage | None:
    """Return a code page by its real number (not CP_ACP and its kin); None when there is none."""
    if number == CP_SYMBOL:
        return CodePage(number, "symbol", 1, ())
    name = _CODECS.get(number) or f"cp{number}"
    try:
        codecs.lookup(name)
    except LookupError:
        return None
    lead_bytes = _DOUBLE_BYTE.get(number, ())
    maximum = 4 if number in (CP_UTF8, 54936) else 5 if number == CP_UTF7 else 2 if lead_bytes else 1
    return CodePage(number, name, maximum, lead_bytes)


@cache
def known_code_pages() -> tuple[int, ...]:
    """The numbers of the code pages there are, in order."""
    numbered = [number for number in range(CP_SYMBOL + 1, 1400) if code_page(number) is not None] + [37]
    return tuple(sorted({*numbered, *_CODECS}))
