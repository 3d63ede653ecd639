"""Locales: names, LCIDs and en-US data. Other locales exist by name and fall back to en-US data (docs/usage.md).

Sources: MS-LCID; learn.microsoft.com, "Locale Information Constants".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from runtime.nt import status as st
from runtime.nt.status import Win32Error

LOCALE_INVARIANT: Final = 0x7F
LOCALE_USER_DEFAULT, LOCALE_SYSTEM_DEFAULT, LOCALE_CUSTOM_DEFAULT = 0x400, 0x800, 0xC00
EN_US: Final = 0x409

_NAMES: Final = {
    0x7F: "", 0x401: "ar-SA", 0x402: "bg-BG", 0x403: "ca-ES", 0x404: "zh-TW", 0x405: "cs-CZ", 0x406: "da-DK",
    0x407: "de-DE", 0x408: "el-GR", 0x409: "en-US", 0x40A: "es-ES_tradnl", 0x40B: "fi-FI", 0x40C: "fr-FR",
    0x40D: "he-IL", 0x40E: "hu-HU", 0x40F: "is-IS", 0x410: "it-IT", 0x411: "ja-JP", 0x412: "ko-KR", 0x413: "nl-NL",
    0x414: "nb-NO", 0x415: "pl-PL", 0x416: "pt-BR", 0x418: "ro-RO", 0x419: "ru-RU", 0x41A: "hr-HR", 0x41B: "sk-SK",
    0x41D: "sv-SE", 0x41E: "th-TH", 0x41F: "tr-TR", 0x421: "id-ID", 0x422: "uk-UA", 0x424: "sl-SI", 0x425: "et-EE",
    0x426: "lv-LV", 0x427: "lt-LT", 0x42A: "vi-VN", 0x439: "hi-IN", 0x804: "zh-CN", 0x807: "de-CH", 0x809: "en-GB",
    0x80A: "es-MX", 0x80C: "fr-BE", 0x810: "it-CH", 0x813: "nl-BE", 0x816: "pt-PT", 0xC04: "zh-HK", 0xC07: "de-AT",
    0xC09: "en-AU", 0xC0A: "es-ES", 0xC0C: "fr-CA", 0x1004: "zh-SG", 0x1009: "en-CA", 0x100C: "fr-CH",
    0x4009: "en-IN", 0x1809: "en-IE", 0x1409: "en-NZ",
    0x1: "ar", 0x4: "zh-Hans", 0x5: "cs", 0x6: "da", 0x7: "de", 0x8: "el", 0x9: "en", 0xA: "es", 0xB: "fi", 0xC: "fr",
    0xD: "he", 0xE: "hu", 0x10: "it", 0x11: "ja", 0x12: "ko", 0x13: "nl", 0x14: "no", 0x15: "pl", 0x16: "pt",
    0x19: "ru", 0x1D: "sv", 0x1F: "tr",
}  # fmt: skip
_IDS: Final = {name.lower(): number for number, name in _NAMES.items()}


@dataclass(frozen=True, slots=True)
class Locale:
    """One locale: its LCID and name (empty for the invariant locale)."""

    lcid: int
    name: str


def known_locales() -> list[Locale]:
    """Return every specific locale, by LCID."""
    return [Locale(number, name) for number, name in sorted(_NAMES.items()) if number >= 0x400]


def locale_by_id(lcid: int) -> Locale:
    """Return a locale by LCID; the default ids mean en-US. Raises Win32Error(ERROR_INVALID_PARAMETER)."""
    number = lcid & 0xFFFF
    if number in (0, LOCALE_USER_DEFAULT, LOCALE_SYSTEM_DEFAULT, LOCALE_CUSTOM_DEFAULT):
        number = EN_US
    name = _NAMES.get(number)
    if name is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return Locale(number, name)


def locale_by_name(name: str | None) -> Locale:
    """Return a locale by name; NULL and `!x-sys-default-locale` are en-US. Raises Win32Error."""
    if name is None or name.lower() == "!x-sys-default-locale":
        return Locale(EN_US, "en-US")
    number = _IDS.get(name.lower())
    if number is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return Locale(number, _NAMES[number])


_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_SHORTEST_DAYS: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")

_TEXTS: Final = {
    0x1: "0409", 0x2: "English (United States)", 0x3: "ENU", 0x4: "English", 0x5: "1", 0x6: "United States",
    0x7: "USA", 0x8: "United States", 0x9: "0409", 0xA: "1", 0xB: "437", 0xC: ",", 0xD: "1", 0xE: ".", 0xF: ",",
    0x10: "3;0", 0x11: "2", 0x12: "1", 0x13: "0123456789", 0x14: "$", 0x15: "USD", 0x16: ".", 0x17: ",",
    0x18: "3;0", 0x19: "2", 0x1A: "2", 0x1B: "0", 0x1C: "0", 0x1D: "/", 0x1E: ":", 0x1F: "M/d/yyyy",
    0x20: "dddd, MMMM d, yyyy", 0x21: "0", 0x22: "0", 0x23: "0", 0x24: "1", 0x25: "0", 0x26: "0", 0x27: "0",
    0x28: "AM", 0x29: "PM", 0x50: "", 0x51: "-", 0x52: "3", 0x53: "0", 0x54: "1", 0x55: "0", 0x56: "1", 0x57: "0",
    0x59: "en", 0x5A: "US", 0x5B: "244", 0x5C: "en-US", 0x5D: "0h:0m:0s", 0x5E: "409:00000409", 0x67: "eng",
    0x68: "USA", 0x69: "NaN", 0x6A: "∞", 0x6B: "-∞", 0x6C: "Latn;", 0x6F: "English", 0x70: "0",
    0x72: "English (United States)", 0x73: "English (United States)", 0x74: "1", 0x75: "1", 0x76: "%", 0x77: "‰",
    0x78: "MMMM d", 0x79: "h:mm tt", 0x7A: "ENG ", 0x7C: "dddd, MMMM d", 0x7E: "a", 0x7F: "p", 0x1001: "English",
    0x1002: "United States", 0x1003: "h:mm:ss tt", 0x1004: "1252", 0x1005: "0", 0x1006: "MMMM yyyy",
    0x1007: "US Dollar", 0x1008: "US Dollar", 0x1009: "1", 0x100A: "0", 0x100B: "0", 0x100C: "6", 0x100D: "0",
    0x1010: "1", 0x1011: "10000",
    0x1012: "37", 0x1013: "Default", 0x1014: "1",
}  # fmt: skip
"""LCTYPE numbers and their en-US texts (without modifiers)."""


def information(locale: Locale, kind: int) -> str | None:
    """Return the text for an LCTYPE (modifiers removed), or None when it does not exist."""
    if 0x2A <= kind <= 0x30:
        return _DAYS[kind - 0x2A]
    if 0x31 <= kind <= 0x37:
        return _DAYS[kind - 0x31][:3]
    if 0x38 <= kind <= 0x43:
        return _MONTHS[kind - 0x38]
    if 0x44 <= kind <= 0x4F:
        return _MONTHS[kind - 0x44][:3]
    if 0x60 <= kind <= 0x66:
        return _SHORTEST_DAYS[kind - 0x60]
    if kind in (0x1, 0x9):
        return f"{locale.lcid:04x}"
    if kind in (0x5C, 0x6E, 0x7B):
        return locale.name
    if kind == 0x6D:
        return locale.name.rpartition("-")[0]
    if kind == 0x71:
        return str(int(bool(locale.name) and "-" not in locale.name))
    if kind == 0x59 and locale.name:
        return locale.name.partition("-")[0]
    if kind == 0x5A and "-" in locale.name:
        return locale.name.partition("-")[2]
    return _TEXTS.get(kind)
