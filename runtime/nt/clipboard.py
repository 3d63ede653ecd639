"""The clipboard of a machine: data by format, whoever has it open, whoever put it there."""

from __future__ import annotations

from dataclasses import dataclass, field

CF_TEXT, CF_OEMTEXT, CF_UNICODETEXT, CF_LOCALE = 1, 7, 13, 16
TEXT_FORMATS = (CF_UNICODETEXT, CF_TEXT, CF_OEMTEXT)
Format = int | str
"""A predefined format's number, or a registered one's name in upper case: its number is each process's own."""


@dataclass(slots=True)
class Clipboard:
    """What is on it. Each text format stands for the others."""

    data: dict[Format, bytes] = field(default_factory=dict)
    opened_by: tuple[int, int] | None = None
    """Process and thread id."""
    open_window: int = 0
    owner: int = 0
    sequence: int = 0

    def empty(self) -> None:
        """Take everything off."""
        self.data.clear()
        self.sequence += 1

    def put(self, kind: Format, data: bytes) -> None:
        """Put data on it, replacing what was there in this format."""
        self.data[kind] = data
        self.sequence += 1

    def formats(self) -> list[Format]:
        """Return the formats that can be had: as they were put, then those made from text."""
        found = list(self.data)
        if any(kind in self.data for kind in TEXT_FORMATS):
            found += [kind for kind in (CF_LOCALE, *TEXT_FORMATS) if kind not in self.data]
        return found

    def get(self, kind: Format, ansi: str, oem: str) -> bytes | None:
        """Return the data in a format, converting text between the code pages named; None when there is none."""
        if kind in self.data:
            return self.data[kind]
        pages = {CF_UNICODETEXT: "utf-16-le", CF_TEXT: ansi, CF_OEMTEXT: oem}
        source = next((kind for kind in TEXT_FORMATS if kind in self.data), None)
        if source is None:
            return None
        if kind == CF_LOCALE:
            return (0x409).to_bytes(4, "little")
        if not isinstance(kind, int) or kind not in pages:
            return None
        errors = "surrogatepass" if source == CF_UNICODETEXT else "replace"
        raw = self.data[source]
        text = raw[: len(raw) & ~1 if source == CF_UNICODETEXT else len(raw)].decode(pages[source], errors)
        text = text.partition("\0")[0] + "\0"
        return text.encode(pages[kind], "surrogatepass" if kind == CF_UNICODETEXT else "replace")
