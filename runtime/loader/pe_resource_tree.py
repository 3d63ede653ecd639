"""The resources of an image as a tree that can be changed, and as the bytes of a resource section.

Source: Microsoft's "PE Format", the .rsrc section. Names are kept in upper case, as UpdateResource stores them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from runtime.loader.pe import Image, align_up

Key = int | str

_MARK: Final = 0x80000000
"""Of a key: it is a name. Of a target: it is a directory."""
_DATA_ALIGNMENT: Final = 8
_DIRECTORY: Final = struct.Struct("<IIHHHH")
_ENTRY: Final = struct.Struct("<II")


class ResourceData(NamedTuple):
    """The bytes of one resource and the code page it claims."""

    data: bytes
    code_page: int = 0


Leaf = tuple[Key, Key, int]
"""Type, name and language."""


@dataclass(slots=True)
class ResourceTree:
    """The resources of an image, by type, name and language."""

    leaves: dict[Leaf, ResourceData] = field(default_factory=dict)

    @classmethod
    def of(cls, image: Image) -> ResourceTree:
        """Read those of a file. Raises ImageError."""
        tree = cls()
        for item in image.resources():
            place = (_folded(item.kind), _folded(item.name), item.language)
            tree.leaves.setdefault(place, ResourceData(image.read(item.rva, item.size), item.code_page))
        return tree

    def put(self, kind: Key, name: Key, language: int, data: bytes) -> None:
        """Add a resource, or replace the one of the same type, name and language."""
        self.leaves[_folded(kind), _folded(name), language] = ResourceData(data)

    def remove(self, kind: Key, name: Key, language: int) -> bool:
        """Take a resource away; False when there is none."""
        return self.leaves.pop((_folded(kind), _folded(name), language), None) is not None

    def pack(self, rva: int) -> bytes:
        """The section's contents when it lies at `rva`: directories, data entries, names, then the data."""
        leaves = sorted(self.leaves.items(), key=lambda item: (_order(item[0][0]), _order(item[0][1]), item[0][2]))
        directories: list[dict[Key, int]] = [{}]
        # Breadth first: all types, then all names, then all languages. Targets are indexes until the offsets are known.
        types: dict[Key, int] = {}
        names: dict[tuple[Key, Key], int] = {}
        for (kind, _, _), _ in leaves:
            if kind not in types:
                types[kind] = directories[0][kind] = len(directories)
                directories.append({})
        for (kind, name, _), _ in leaves:
            if (kind, name) not in names:
                names[kind, name] = directories[types[kind]][name] = len(directories)
                directories.append({})
        first_leaf = len(directories) - len(names)
        for index, ((kind, name, language), _) in enumerate(leaves):
            directories[names[kind, name]][language] = index

        offsets = []
        end = 0
        for directory in directories:
            offsets.append(end)
            end += _DIRECTORY.size + _ENTRY.size * len(directory)
        entries_at = end
        strings = bytearray()
        places: dict[str, int] = {}
        for text in sorted({key for place, _ in leaves for key in place[:2] if isinstance(key, str)}, key=_order):
            places[text] = entries_at + 16 * len(leaves) + len(strings)
            units = text.encode("utf-16-le", "surrogatepass")
            strings += struct.pack("<H", len(units) // 2) + units
        data_at = align_up(entries_at + 16 * len(leaves) + len(strings), _DATA_ALIGNMENT)

        out = bytearray()
        for number, directory in enumerate(directories):
            named = sum(isinstance(key, str) for key in directory)
            out += _DIRECTORY.pack(0, 0, 0, 0, named, len(directory) - named)
            for key, target in directory.items():
                stored = _MARK | places[key] if isinstance(key, str) else key
                out += _ENTRY.pack(
                    stored, entries_at + 16 * target if number >= first_leaf else _MARK | offsets[target]
                )
        contents = bytearray()
        for _, leaf in leaves:
            out += struct.pack("<4I", rva + data_at + len(contents), len(leaf.data), leaf.code_page, 0)
            contents += leaf.data
            contents += bytes(-len(contents) % _DATA_ALIGNMENT)
        return bytes(out + strings).ljust(data_at, b"\0") + contents


def _folded(key: Key) -> Key:
    return key.upper() if isinstance(key, str) else key


def _order(key: Key) -> tuple[bool, bytes, int]:
    """Names first, by their units, then numbers, as the format asks."""
    if isinstance(key, str):
        return False, key.encode("utf-16-be", "surrogatepass"), 0
    return True, b"", key
