"""What a console shows, for programs that read their screen back: pyte, a terminal emulator, sees what is sent to it.

What stood on the terminal before the machine's first program wrote is blank here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pyte
    from pyte.screens import Char

_KEPT = 1 << 18
"""Bytes of output that are kept until somebody reads the screen."""

COMMON_LVB_LEADING_BYTE, COMMON_LVB_TRAILING_BYTE = 0x100, 0x200
COMMON_LVB_REVERSE_VIDEO, COMMON_LVB_UNDERSCORE = 0x4000, 0x8000
_WHITE, _INTENSE = 7, 8
_NAMES = {"black": 0, "blue": 1, "green": 2, "cyan": 3, "red": 4, "magenta": 5, "brown": 6, "white": 7}
"""pyte's names for Windows colours; `bright` in front of one is its intense form."""


class Cell(NamedTuple):
    """One cell: its character (both cells of a wide one have it) and its attributes."""

    character: str
    attributes: int

    @property
    def trailing(self) -> bool:
        """Whether this is the second cell of a wide character."""
        return bool(self.attributes & COMMON_LVB_TRAILING_BYTE)


class Screen:
    """The cells of a console's window."""

    def __init__(self) -> None:
        self._sent = bytearray()
        self._screen: pyte.Screen | None = None
        self._stream: pyte.ByteStream | None = None

    def sent(self, data: bytes) -> None:
        """The terminal was sent these bytes."""
        self._sent += data
        if len(self._sent) > 2 * _KEPT:
            del self._sent[:-_KEPT]

    def rows(self, size: tuple[int, int], cursor: tuple[int, int] | None) -> list[list[Cell]]:
        """The cells by rows. `size` is the terminal's, columns and rows; `cursor` is where it says its cursor is."""
        columns, lines = size
        if self._screen is None:
            screen = self._begin(size, 0)
            # Nobody knows where the first program began: as many lines above the cursor as it has gone down since.
            if cursor is not None and cursor[1] > screen.cursor.y:
                screen = self._begin(size, cursor[1] - screen.cursor.y)
        else:
            screen = self._screen
            if (screen.columns, screen.lines) != size:
                screen.resize(lines, columns)
            assert self._stream is not None
            self._stream.feed(bytes(self._sent))
        self._sent.clear()
        return [_cells(screen.buffer[y], columns) for y in range(lines)]

    def _begin(self, size: tuple[int, int], row: int) -> pyte.Screen:
        import pyte  # few programs need it

        self._screen = pyte.Screen(*size)
        self._screen.cursor.y = row
        self._stream = pyte.ByteStream(self._screen)
        self._stream.feed(bytes(self._sent))
        return self._screen


def _cells(line: Mapping[int, Char], columns: int) -> list[Cell]:
    cells: list[Cell] = []
    for x in range(columns):
        char = line[x]
        attributes = _attributes(char)
        if char.data:
            cells.append(Cell(char.data[0], attributes))
        else:  # pyte leaves the second cell of a wide character empty
            wide = cells.pop() if cells else Cell(" ", attributes)
            cells.append(Cell(wide.character, wide.attributes | COMMON_LVB_LEADING_BYTE))
            cells.append(Cell(wide.character, wide.attributes | COMMON_LVB_TRAILING_BYTE))
    return cells[:columns]


def _attributes(char: Char) -> int:
    foreground = _colour(char.fg, _WHITE) | (_INTENSE if char.bold else 0)
    attributes = foreground | _colour(char.bg, 0) << 4
    if char.reverse:
        attributes |= COMMON_LVB_REVERSE_VIDEO
    if char.underscore:
        attributes |= COMMON_LVB_UNDERSCORE
    return attributes


def _colour(name: str, default: int) -> int:
    """The Windows colour nearest to one of pyte: a name, or six digits of red, green and blue."""
    if name == "default":
        return default
    plain = _NAMES.get(name.removeprefix("bright"))
    if plain is not None:
        return plain | (_INTENSE if name.startswith("bright") else 0)
    red, green, blue = bytes.fromhex(name)
    most = max(red, green, blue)
    if most < 0x40:
        return 0
    return (blue * 2 > most) | (green * 2 > most) << 1 | (red * 2 > most) << 2 | (_INTENSE if most > 0xC0 else 0)
