"""Hive files (`regf`): the format in which Windows keeps registry trees, written and read whole.

Versions 1.3 and 1.5: a base block of 4 KiB, then bins of cells. The layout is described in Maxim Suhanov's "Windows
registry file format specification" and checked in the tests with the PyPI package `regipy`. Reading believes nothing:
every offset, size and count is checked, and no cell is visited twice.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from runtime.nt.casing import upcase
from runtime.nt.registry_store import ValueRow

STANDARD, LATEST = 3, 5
"""Minor versions: what RegSaveKey writes, and REG_LATEST_FORMAT."""

_BLOCK: Final = 0x1000
_BIN_HEADER: Final = 0x20
_NONE: Final = 0xFFFFFFFF
_ROOT, _NO_DELETE, _LINK, _ASCII_NAME = 0x04, 0x08, 0x10, 0x20
_INLINE: Final = 0x80000000
_SEGMENT: Final = 16344
"""Bytes of a value that one cell holds in version 1.5; longer ones are cut into such pieces."""
_LIST: Final = 507
"""Subkeys in one list; more need a list of lists."""
_MAXIMUM_DEPTH: Final = 512
_MAXIMUM_VALUE: Final = 1 << 28


class HiveError(Exception):
    """The bytes are no hive (`is_hive` False), or a damaged one."""

    def __init__(self, text: str, *, is_hive: bool = True) -> None:
        super().__init__(text)
        self.is_hive = is_hive


@dataclass(slots=True)
class HiveKey:
    """A key with all below it. `written` is a FILETIME, `security` a self-relative descriptor."""

    name: str
    written: int = 0
    class_name: str | None = None
    security: bytes | None = None
    is_link: bool = False
    values: list[ValueRow] = field(default_factory=list)
    subkeys: list[HiveKey] = field(default_factory=list)


# writing


class _Writer:
    def __init__(self, minor: int) -> None:
        self.minor = minor
        self.data = bytearray()
        self._end = 0
        """Where the free room of the last bin begins."""
        self._securities: dict[bytes, int] = {}
        self._counts: dict[int, int] = {}

    def cell(self, content: bytes) -> int:
        """Store a cell; return its offset."""
        size = -(-(len(content) + 4) // 8) * 8
        if len(self.data) - self._end < size:
            self._finish_bin()
            length = -(-(size + _BIN_HEADER) // _BLOCK) * _BLOCK
            offset = len(self.data)
            self.data += struct.pack("<4sII", b"hbin", offset, length).ljust(_BIN_HEADER, b"\0")
            self.data += bytes(length - _BIN_HEADER)
            self._end = offset + _BIN_HEADER
        offset = self._end
        struct.pack_into("<i", self.data, offset, -size)
        self.data[offset + 4 : offset + 4 + len(content)] = content
        self._end += size
        return offset

    def _finish_bin(self) -> None:
        room = len(self.data) - self._end
        if room:
            struct.pack_into("<i", self.data, self._end, room)
        self._end = len(self.data)

    def security(self, descriptor: bytes) -> int:
        """The cell of a security descriptor, which keys with the same one share."""
        offset = self._securities.get(descriptor)
        if offset is None:
            offset = self.cell(b"sk\0\0" + bytes(12) + struct.pack("<I", len(descriptor)) + descriptor)
            self._securities[descriptor] = offset
            self._counts[offset] = 0
        self._counts[offset] += 1
        return offset

    def _link_securities(self) -> None:
        offsets = list(self._securities.values())
        for index, offset in enumerate(offsets):
            following, previous = offsets[(index + 1) % len(offsets)], offsets[index - 1]
            struct.pack_into("<III", self.data, offset + 8, following, previous, self._counts[offset])

    def value(self, row: ValueRow) -> int:
        """The cell of a value."""
        name, is_ascii = _encode(row.name)
        size, data = len(row.data), _NONE
        if size <= 4:
            data = int.from_bytes(row.data.ljust(4, b"\0"), "little")
            size |= _INLINE
        elif size > _SEGMENT and self.minor >= LATEST:
            pieces = [self.cell(row.data[at : at + _SEGMENT]) for at in range(0, size, _SEGMENT)]
            pointers = self.cell(struct.pack(f"<{len(pieces)}I", *pieces))
            data = self.cell(struct.pack("<2sHI", b"db", len(pieces), pointers))
        else:
            data = self.cell(row.data)
        head = struct.pack("<2sHIIIHH", b"vk", len(name), size, data, row.type & 0xFFFFFFFF, is_ascii, 0)
        return self.cell(head + name)

    def subkey_list(self, keys: list[tuple[HiveKey, int]]) -> int:
        """The list of subkeys, which stand in the order of their names."""
        lists = []
        for at in range(0, len(keys), _LIST):
            part = keys[at : at + _LIST]
            kind = b"lh" if self.minor >= LATEST else b"lf"
            entries = b"".join(struct.pack("<I4s", offset, self._hint(key.name)) for key, offset in part)
            lists.append(self.cell(struct.pack("<2sH", kind, len(part)) + entries))
        if len(lists) == 1:
            return lists[0]
        return self.cell(struct.pack(f"<2sH{len(lists)}I", b"ri", len(lists), *lists))

    def _hint(self, name: str) -> bytes:
        if self.minor < LATEST:
            return name.encode("latin-1", "replace")[:4].ljust(4, b"\0")
        value = 0
        for unit in struct.unpack(f"<{len(_wide(name)) // 2}H", _wide(upcase(name))):
            value = (37 * value + unit) & 0xFFFFFFFF
        return struct.pack("<I", value)

    def key(self, key: HiveKey, parent: int, flags: int = 0) -> int:
        """The cell of a key, with everything that it points to."""
        name, is_ascii = _encode(key.name)
        class_name = _wide(key.class_name or "")
        flags |= (_LINK if key.is_link else 0) | (_ASCII_NAME if is_ascii else 0)
        own = self.cell(bytes(76) + name)
        security = self.security(key.security) if key.security is not None else _NONE
        class_cell = self.cell(class_name) if class_name else _NONE
        values = [self.value(row) for row in key.values]
        value_list = self.cell(struct.pack(f"<{len(values)}I", *values)) if values else _NONE
        children = sorted(key.subkeys, key=lambda child: upcase(child.name))
        below = [(child, self.key(child, own)) for child in children]
        subkeys = self.subkey_list(below) if below else _NONE
        struct.pack_into(
            "<2sHQIIIIIIIIIIIIIIIHH", self.data, own + 4, b"nk", flags, key.written, 0, parent, len(below), 0, subkeys,
            _NONE, len(values), value_list, security, class_cell,
            max((len(_wide(child.name)) for child in children), default=0),
            max((len(_wide(child.class_name or "")) for child in children), default=0),
            max((len(_wide(row.name)) for row in key.values), default=0),
            max((len(row.data) for row in key.values), default=0), 0, len(name), len(class_name),
        )  # fmt: skip
        return own

    def finish(self, root: int, written: int) -> bytes:
        """The whole file."""
        self._finish_bin()
        self._link_securities()
        base = bytearray(_BLOCK)
        struct.pack_into("<4sIIQIIIIIII", base, 0, b"regf", 1, 1, written, 1, self.minor, 0, 1, root, len(self.data), 1)
        struct.pack_into("<I", base, 508, _checksum(base))
        return bytes(base + self.data)


def write_hive(root: HiveKey, minor: int = LATEST) -> bytes:
    """Return a tree as a hive file."""
    writer = _Writer(minor)
    return writer.finish(writer.key(root, _NONE, _ROOT | _NO_DELETE), root.written)


def _wide(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _encode(name: str) -> tuple[bytes, int]:
    """A name as it is stored, and whether in one byte a character."""
    try:
        return name.encode("latin-1"), 1
    except UnicodeEncodeError:
        return _wide(name), 0


def _checksum(base: bytes | bytearray) -> int:
    value = 0
    for (word,) in struct.iter_unpack("<I", base[:508]):
        value ^= word
    return {0: 1, 0xFFFFFFFF: 0xFFFFFFFE}.get(value, value)


# reading


class _Reader:
    def __init__(self, data: bytes) -> None:
        if len(data) < _BLOCK or data[:4] != b"regf":
            raise HiveError("no hive file", is_hive=False)
        first, second, _, major, minor, _, _, root, size = struct.unpack_from("<IIQIIIIII", data, 4)
        if _checksum(data) != struct.unpack_from("<I", data, 508)[0]:
            raise HiveError("the checksum of the base block is wrong")
        if major != 1 or minor not in (2, 3, 4, 5, 6):
            raise HiveError(f"version {major}.{minor} is not known")
        if first != second:
            raise HiveError("the hive was being written when its machine stopped")
        if size % _BLOCK or _BLOCK + size > len(data):
            raise HiveError("the file is cut off")
        self.cells = data[_BLOCK : _BLOCK + size]
        self.root = root
        self._visited: set[int] = set()
        self._room = 4 * size
        """Bytes of values still to come; more than a file has are values that share their data."""

    def cell(self, offset: int, least: int, signature: bytes = b"") -> bytes:
        """The content of a used cell. Raises HiveError."""
        if offset % 8 or offset + 4 > len(self.cells):
            raise HiveError(f"a cell at {offset:#x} lies outside")
        (size,) = struct.unpack_from("<i", self.cells, offset)
        if size > -8 or size % 8 or offset - size > len(self.cells):
            raise HiveError(f"the cell at {offset:#x} is damaged")
        content = self.cells[offset + 4 : offset - size]
        if len(content) < least or not content.startswith(signature):
            raise HiveError(f"the cell at {offset:#x} is not what points to it says")
        return content

    def key(self, offset: int, depth: int = 0) -> HiveKey:
        """A key with all below it. Raises HiveError."""
        if offset in self._visited or depth > _MAXIMUM_DEPTH:
            raise HiveError("keys that lie below themselves")
        self._visited.add(offset)
        cell = self.cell(offset, 76, b"nk")
        (_, flags, written, _, _, count, _, subkeys, _, values, value_list, security, class_cell, _, _, _, _, _,
         name_size, class_size) = struct.unpack_from("<2sHQIIIIIIIIIIIIIIIHH", cell)  # fmt: skip
        key = HiveKey(_decode(cell[76:], name_size, bool(flags & _ASCII_NAME)), written, is_link=bool(flags & _LINK))
        if class_cell != _NONE and class_size:
            key.class_name = _decode(self.cell(class_cell, class_size), class_size, False)
        if security != _NONE:
            content = self.cell(security, 20, b"sk")
            (size,) = struct.unpack_from("<I", content, 16)
            if size > len(content) - 20:
                raise HiveError("a security descriptor is cut off")
            key.security = content[20 : 20 + size]
        if values:
            for (item,) in struct.iter_unpack("<I", self.cell(value_list, 4 * values)[: 4 * values]):
                key.values.append(self.value(item))
        if count:
            for item in self.listed(subkeys):
                key.subkeys.append(self.key(item, depth + 1))
            names = {upcase(child.name) for child in key.subkeys}
            if len(names) < count or "" in names or any("\\" in name for name in names):
                raise HiveError("subkeys whose names cannot be")
        return key

    def listed(self, offset: int, *, inner: bool = False) -> Iterator[int]:
        """The subkeys that a list names. Raises HiveError."""
        cell = self.cell(offset, 4)
        kind, count = struct.unpack_from("<2sH", cell)
        width = {b"li": 4, b"ri": 4, b"lf": 8, b"lh": 8}.get(kind)
        if width is None or (kind == b"ri" and inner) or len(cell) < 4 + width * count:
            raise HiveError("a list of subkeys is damaged")
        for index in range(count):
            (item,) = struct.unpack_from("<I", cell, 4 + width * index)
            if kind == b"ri":
                yield from self.listed(item, inner=True)
            else:
                yield item

    def value(self, offset: int) -> ValueRow:
        """One value. Raises HiveError."""
        cell = self.cell(offset, 20, b"vk")
        _, name_size, size, place, kind, flags, _ = struct.unpack_from("<2sHIIIHH", cell)
        name = _decode(cell[20:], name_size, bool(flags & 1))
        self._room -= len(cell) if size & _INLINE else size
        if self._room < 0:
            raise HiveError("values share their data")
        if size & _INLINE:
            if size & ~_INLINE > 4:
                raise HiveError("a value is longer than the place it is in")
            return ValueRow(name, kind, cell[8 : 8 + (size & ~_INLINE)])
        if size > _MAXIMUM_VALUE:
            raise HiveError("a value is too long")
        if size == 0:
            return ValueRow(name, kind, b"")
        content = self.cell(place, 1)
        if len(content) < size and content[:2] == b"db":
            content = self._pieces(content)
        if len(content) < size:
            raise HiveError("a value is cut off")
        return ValueRow(name, kind, content[:size])

    def _pieces(self, cell: bytes) -> bytes:
        _, count, pointers = struct.unpack_from("<2sHI", cell.ljust(8, b"\0"))
        listed = self.cell(pointers, 4 * count)
        return b"".join(self.cell(item, 1)[:_SEGMENT] for (item,) in struct.iter_unpack("<I", listed[: 4 * count]))


def read_hive(data: bytes) -> HiveKey:
    """Return the tree of a hive file. Raises HiveError."""
    reader = _Reader(data)
    return reader.key(reader.root)


def _decode(data: bytes, size: int, is_ascii: bool) -> str:
    if size > len(data) or (size % 2 and not is_ascii):
        raise HiveError("a name is cut off")
    return data[:size].decode("latin-1" if is_ascii else "utf-16-le", "strict" if is_ascii else "surrogatepass")
