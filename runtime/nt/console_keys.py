"""Terminal input as Windows key events: what bytes a terminal sends for which virtual key."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

RIGHT_ALT_PRESSED = 0x1
LEFT_ALT_PRESSED = 0x2
LEFT_CTRL_PRESSED = 0x8
SHIFT_PRESSED = 0x10
ENHANCED_KEY = 0x100

KEY_EVENT = 1
MOUSE_EVENT = 2
WINDOW_BUFFER_SIZE_EVENT = 4
MENU_EVENT = 8
FOCUS_EVENT = 16

RECORD_SIZE = 20
"""sizeof(INPUT_RECORD)."""

_SEQUENCE = re.compile(r"\x1b(?:\[|O)([0-9;]*)([A-Za-z~])")
_FINAL = {"A": 0x26, "B": 0x28, "C": 0x27, "D": 0x25, "H": 0x24, "F": 0x23, "P": 0x70, "Q": 0x71, "R": 0x72, "S": 0x73}
_TILDE = {1: 0x24, 2: 0x2D, 3: 0x2E, 4: 0x23, 5: 0x21, 6: 0x22, 7: 0x24, 8: 0x23, 11: 0x70, 12: 0x71, 13: 0x72,
          14: 0x73, 15: 0x74, 17: 0x75, 18: 0x76, 19: 0x77, 20: 0x78, 21: 0x79, 23: 0x7A, 24: 0x7B}  # fmt: skip
_PUNCTUATION = {
    ";": 0xBA, ":": 0xBA, "=": 0xBB, "+": 0xBB, ",": 0xBC, "<": 0xBC, "-": 0xBD, "_": 0xBD, ".": 0xBE, ">": 0xBE,
    "/": 0xBF, "?": 0xBF, "`": 0xC0, "~": 0xC0, "[": 0xDB, "{": 0xDB, "\\": 0xDC, "|": 0xDC, "]": 0xDD, "}": 0xDD,
    "'": 0xDE, '"': 0xDE, "!": 0x31, "@": 0x32, "#": 0x33, "$": 0x34, "%": 0x35, "^": 0x36, "&": 0x37, "*": 0x38,
    "(": 0x39, ")": 0x30, " ": 0x20,
}  # fmt: skip
_SHIFTED = frozenset(':+<_>?~{|}"!@#$%^&*()')
_SCAN_ROWS = {0x02: "1234567890-=", 0x10: "QWERTYUIOP[]", 0x1E: "ASDFGHJKL;'`", 0x2B: "\\ZXCVBNM,./"}
_SCAN_KEYS = {
    0x1B: 0x01, 0x08: 0x0E, 0x09: 0x0F, 0x0D: 0x1C, 0x20: 0x39, 0x26: 0x48, 0x28: 0x50, 0x25: 0x4B, 0x27: 0x4D,
    0x24: 0x47, 0x23: 0x4F, 0x21: 0x49, 0x22: 0x51, 0x2D: 0x52, 0x2E: 0x53, 0x7A: 0x57, 0x7B: 0x58,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """KEY_EVENT_RECORD. `character` is one UTF-16 unit or "". Other kinds of record come as `raw` bytes."""

    down: bool
    key: int
    character: str = ""
    control: int = 0
    scan: int = 0
    repeat: int = 1
    raw: bytes = b""

    def pack(self, *, wide: bool, codec: str = "cp437") -> bytes:
        """Return the INPUT_RECORD."""
        if self.raw:
            return self.raw
        unit = 0
        if self.character:
            unit = ord(self.character) if wide else self.character.encode(codec, "replace")[0]
        return struct.pack(
            "<HHIHHHHI", KEY_EVENT, 0, self.down, self.repeat, self.key, self.scan, unit & 0xFFFF, self.control
        )


def unpack(record: bytes, *, wide: bool, codec: str = "cp437") -> KeyEvent:
    """Return the event in an INPUT_RECORD."""
    kind, _, down, repeat, key, scan, unit, control = struct.unpack("<HHIHHHHI", record)
    if kind != KEY_EVENT:
        return KeyEvent(down=False, key=0, raw=record)
    character = ""
    if unit:
        character = chr(unit) if wide else bytes((unit & 0xFF,)).decode(codec, "replace")
    return KeyEvent(bool(down), key, character, control, scan, repeat)


def _scan_code(key: int) -> int:
    for first, row in _SCAN_ROWS.items():
        index = row.find(chr(key)) if key < 0x80 else -1
        if index >= 0 and chr(key).isalnum():
            return first + index
    if 0x70 <= key <= 0x79:
        return 0x3B + key - 0x70
    found = _SCAN_KEYS.get(key)
    if found is None:
        plain = next((c for c, vk in _PUNCTUATION.items() if vk == key and c not in _SHIFTED), "")
        return next((first + row.find(plain) for first, row in _SCAN_ROWS.items() if plain and plain in row), 0)
    return found


def _press(key: int, character: str, control: int) -> list[KeyEvent]:
    scan = _scan_code(key)
    return [
        KeyEvent(down=True, key=key, character=character, control=control, scan=scan),
        KeyEvent(down=False, key=key, character=character, control=control, scan=scan),
    ]


def _plain(character: str, control: int) -> list[KeyEvent]:
    code = ord(character)
    if character in "\r\n":
        return _press(0x0D, "\r", control)
    if character in "\x7f\b":
        return _press(0x08, "\b", control)
    if character == "\t":
        return _press(0x09, "\t", control)
    if character == "\x1b":
        return _press(0x1B, "\x1b", control)
    if code < 0x20:
        return _press(code + 0x40, character, control | LEFT_CTRL_PRESSED)
    if character.isascii() and character.isalnum():
        shift = SHIFT_PRESSED if character.isupper() else 0
        return _press(ord(character.upper()), character, control | shift)
    if character in _PUNCTUATION:
        return _press(_PUNCTUATION[character], character, control | (SHIFT_PRESSED if character in _SHIFTED else 0))
    units = character.encode("utf-16-le", "surrogatepass")
    events: list[KeyEvent] = []
    for at in range(0, len(units), 2):
        events += _press(0, chr(int.from_bytes(units[at : at + 2], "little")), control)
    return events


def parse(text: str) -> list[KeyEvent]:
    """Return the events of what a terminal sent: a press and a release for every key."""
    events: list[KeyEvent] = []
    at = 0
    while at < len(text):
        found = _SEQUENCE.match(text, at)
        if found:
            parameters = [int(part or 0) for part in found[1].split(";")] if found[1] else []
            key = _TILDE.get(parameters[0] if parameters else 0) if found[2] == "~" else _FINAL.get(found[2])
            modifier = parameters[1] - 1 if len(parameters) > 1 else 0
            control = SHIFT_PRESSED if modifier & 1 else 0
            control |= (LEFT_ALT_PRESSED if modifier & 2 else 0) | (LEFT_CTRL_PRESSED if modifier & 4 else 0)
            if found[2] == "Z":
                events += _press(0x09, "\t", SHIFT_PRESSED)
            elif key is not None:
                events += _press(key, "", control | (ENHANCED_KEY if key < 0x70 else 0))
            at = found.end()
            continue
        if text[at] == "\x1b" and at + 1 < len(text):
            events += _plain(text[at + 1], LEFT_ALT_PRESSED)
            at += 2
            continue
        events += _plain(text[at], 0)
        at += 1
    return events
