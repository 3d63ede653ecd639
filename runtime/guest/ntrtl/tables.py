"""Writes the C tables of case mapping and code pages (``tables.inc``); the guest build runs it with the output's path.
"""

from __future__ import annotations

import runpy
import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def rows(values: Iterable[int]) -> str:
    """C initialisers, twelve a line."""
    items = [f"{value:#06x}" for value in values]
    return ",\n    ".join(", ".join(items[at : at + 12]) for at in range(0, len(items), 12))


def paged(name: str, mapping: dict[int, int]) -> str:
    """A two-stage table of differences (to be added modulo 65,536), one page for each 256 units; page 0 is all zero."""
    pages: list[tuple[int, ...]] = [(0,) * 256]
    index = []
    for high in range(256):
        page = tuple((mapping.get(high << 8 | low, high << 8 | low) - (high << 8 | low)) & 0xFFFF for low in range(256))
        if page not in pages:
            pages.append(page)
        index.append(pages.index(page))
    body = ",\n".join("    {" + rows(page) + "}" for page in pages)
    return (
        f"static const uint8_t {name}_pages[256] = {{\n    {rows(index)}}};\n"
        f"static const uint16_t {name}_offsets[{len(pages)}][256] = {{\n{body}}};\n"
    )


def code_page(name: str, codec: str) -> str:
    """A single-byte code page: bytes to UTF-16; bytes it leaves undefined map to themselves, as on Windows."""
    units = []
    for byte in range(256):
        try:
            units.append(ord(bytes([byte]).decode(codec)))
        except UnicodeDecodeError:
            units.append(byte)
    if name == "oem":
        units[:128] = range(128)
    back = {unit: byte for byte, unit in reversed(list(enumerate(units)))}
    pairs = ",\n    ".join(f"{{{unit:#06x}, {byte:#04x}}}" for unit, byte in sorted(back.items()) if byte >= 128)
    return (
        f"static const uint16_t {name}_to_unicode[256] = {{\n    {rows(units)}}};\n"
        f"static const struct unit_byte {name}_from_unicode[] = {{\n    {pairs}}};\n"
    )


def main(target: str) -> None:
    """Write the tables to ``target``."""
    casing = runpy.run_path(str(ROOT / "runtime" / "nt" / "casing.py"))
    text = [
        f"/* Unicode {unicodedata.unidata_version}; made by tables.py. */",
        "struct unit_byte { uint16_t unit; uint8_t byte; };",
        paged("upcase", casing["upcase_table"]()),
        paged("downcase", casing["downcase_table"]()),
        code_page("ansi", "cp1252"),
        code_page("oem", "cp437"),
    ]
    Path(target).write_text("\n".join(text), encoding="ascii")


if __name__ == "__main__":
    main(sys.argv[1])
