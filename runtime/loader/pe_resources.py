"""The resource tree of a PE image, and the version resource.

The tree has three levels: type, name, language. A key is a number or a text; texts compare without regard to case.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from runtime.loader.pe import Image

RT_VERSION = 16
TYPE_NAMES = {
    1: "CURSOR", 2: "BITMAP", 3: "ICON", 4: "MENU", 5: "DIALOG", 6: "STRING", 7: "FONTDIR", 8: "FONT",
    9: "ACCELERATOR", 10: "RCDATA", 11: "MESSAGETABLE", 12: "GROUP_CURSOR", 14: "GROUP_ICON", 16: "VERSION",
    17: "DLGINCLUDE", 19: "PLUGPLAY", 20: "VXD", 21: "ANICURSOR", 22: "ANIICON", 23: "HTML", 24: "MANIFEST",
}  # fmt: skip

MAX_RESOURCES = 1 << 16
_DIRECTORY = 0x80000000


class Resource(NamedTuple):
    """One leaf: its three keys, where its data lies (RVA, bytes) and the code page it claims."""

    kind: int | str
    name: int | str
    language: int
    rva: int
    size: int
    code_page: int

    @property
    def kind_name(self) -> str:
        return TYPE_NAMES.get(self.kind, str(self.kind)) if isinstance(self.kind, int) else self.kind


def same_key(left: int | str, right: int | str) -> bool:
    """Whether two resource keys are the same to FindResource."""
    if isinstance(left, str) and isinstance(right, str):
        return left.upper() == right.upper()
    return left == right


def read_resources(image: Image, only: int | str | None = None) -> Iterator[Resource]:
    """Every leaf of the tree, or every one of one type.

    Raises ImageError for a broken tree, or when there are more than MAX_RESOURCES.
    """
    root, size = image.directories[2]
    if root == 0 or size == 0:
        return
    budget = MAX_RESOURCES

    def entries(offset: int) -> Iterator[tuple[int | str, int]]:
        nonlocal budget
        named, numbered = struct.unpack("<2H", image.read(root + offset + 12, 4))
        count = named + numbered
        budget -= count
        if budget < 0:
            raise image.error(f"the resource tree has more than {MAX_RESOURCES} entries")
        values = struct.unpack(f"<{2 * count}I", image.read(root + offset + 16, 8 * count))
        for index in range(count):
            key, target = values[2 * index], values[2 * index + 1]
            yield _key(image, root, key), target

    for kind, target in entries(0):
        if not target & _DIRECTORY:
            raise image.error("the resource tree has data at its first level, expected a directory")
        if only is not None and not same_key(kind, only):
            continue
        for name, lower in entries(target & ~_DIRECTORY):
            if not lower & _DIRECTORY:
                raise image.error("the resource tree has data at its second level, expected a directory")
            for language, leaf in entries(lower & ~_DIRECTORY):
                if leaf & _DIRECTORY:
                    raise image.error("the resource tree is more than three levels deep")
                rva, length, code_page, _ = struct.unpack("<4I", image.read(root + leaf, 16))
                yield Resource(kind, name, language if isinstance(language, int) else 0, rva, length, code_page)


def _key(image: Image, root: int, value: int) -> int | str:
    if not value & _DIRECTORY:
        return value & 0xFFFF
    offset = root + (value & ~_DIRECTORY)
    (length,) = struct.unpack("<H", image.read(offset, 2))
    return image.read(offset + 2, length * 2).decode("utf-16-le", "replace")


class MuiConfiguration(NamedTuple):
    """The resource of type MUI: what lies in a file itself, what in its language files."""

    is_language_file: bool
    """Of a `.mui` file; else of the file that they belong to."""
    main_names: tuple[str, ...]
    main_ids: tuple[int, ...]
    """Types in the file itself."""
    mui_names: tuple[str, ...]
    mui_ids: tuple[int, ...]
    """Types in its language files."""
    language: str
    fallback_language: str
    service_checksum: bytes
    checksum: bytes

    def in_language_file(self, kind: int | str) -> bool:
        """Whether resources of that type are to be looked for in a language file first."""
        if self.is_language_file:
            return False
        if isinstance(kind, str):
            return any(same_key(kind, name) for name in self.mui_names)
        return kind in self.mui_ids


_MUI_SIGNATURE = 0xFECDFECD
_MUI_HEADER = 0x84
_MUI_LANGUAGE_FILE = 0x2
"""In the file type: 0x11 of a language-neutral file, 0x12 of a language file."""


def parse_mui(data: bytes) -> MuiConfiguration | None:
    """Read a resource of type MUI; None for one that is broken."""
    if len(data) < _MUI_HEADER or struct.unpack_from("<I", data)[0] != _MUI_SIGNATURE:
        return None
    (file_type,) = struct.unpack_from("<I", data, 0x10)
    parts = []
    for place in range(0x54, 0x84, 8):
        offset, size = struct.unpack_from("<II", data, place)
        parts.append(data[offset : offset + size] if offset else b"")

    def texts(part: bytes) -> tuple[str, ...]:
        return tuple(text for text in part.decode("utf-16-le", "replace").split("\0") if text)

    def numbers(part: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(part) // 4}I", part[: len(part) // 4 * 4])

    return MuiConfiguration(
        bool(file_type & _MUI_LANGUAGE_FILE), texts(parts[0]), numbers(parts[1]), texts(parts[2]), numbers(parts[3]),
        "".join(texts(parts[4])[:1]), "".join(texts(parts[5])[:1]), data[0x1C:0x2C], data[0x2C:0x3C],
    )  # fmt: skip


def parse_version(data: bytes) -> dict[str, str]:
    """FileVersion and ProductVersion of the fixed part, then the strings of the first string table.

    Lenient as VerQueryValue: what cannot be followed is left out.
    """
    found: dict[str, str] = {}
    for path, value in _version_blocks(data, 0, len(data), ()):
        if len(path) == 1 and len(value) >= 24 and value[:4] == b"\xbd\x04\xef\xfe":
            versions = struct.unpack_from("<4H4H", value, 8)
            for name, (minor, major, revision, build) in zip(
                ("FileVersion", "ProductVersion"), (versions[:4], versions[4:]), strict=True
            ):
                found[name] = f"{major}.{minor}.{build}.{revision}"
        elif len(path) == 4 and path[1] == "StringFileInfo":
            text = value.decode("utf-16-le", "replace").split("\0", 1)[0].strip()
            if text:
                found[path[3]] = text
    return found


def _version_blocks(
    data: bytes, position: int, end: int, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """Walk VS_VERSIONINFO blocks: WORD length, WORD value length, WORD is-text, key, padding, value, children."""
    while position + 6 <= end and len(path) < 4:
        length, value_length, is_text = struct.unpack_from("<3H", data, position)
        if length < 6 or position + length > end:
            return
        stop = position + length
        cursor = position + 6
        while cursor + 2 <= stop and data[cursor : cursor + 2] != b"\0\0":
            cursor += 2
        key = data[position + 6 : cursor].decode("utf-16-le", "replace")
        cursor = cursor + 2 + 3 & ~3
        value_end = min(cursor + value_length * (2 if is_text else 1), stop)
        here = (*path, key)
        if value_length and cursor < value_end:
            yield here, data[cursor:value_end]
        yield from _version_blocks(data, value_end + 3 & ~3, stop, here)
        position = stop + 3 & ~3
