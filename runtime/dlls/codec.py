"""How one annotated type is stored in guest memory: the meeting point of exports, structures and the trace."""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING, Annotated, Protocol, get_args, get_origin

from runtime.dlls.types import CountedText, Int, Real, Text

if TYPE_CHECKING:
    from runtime.memory.space import AddressSpace

_INT_FORMAT = {(1, False): "<B", (1, True): "<b", (2, False): "<H", (2, True): "<h", (4, False): "<I", (4, True): "<i",
               (8, False): "<Q", (8, True): "<q"}  # fmt: skip


class Codec(Protocol):
    """Storage of one type; sizes and alignments in bytes."""

    def size(self, pointer_size: int) -> int: ...
    def alignment(self, pointer_size: int) -> int: ...
    def unpack(self, data: bytes, offset: int, pointer_size: int) -> object: ...
    def pack(self, data: bytearray, offset: int, value: object, pointer_size: int) -> None: ...
    def read(self, memory: AddressSpace, address: int) -> object: ...
    def write(self, memory: AddressSpace, address: int, value: object) -> None: ...


class _Base:
    def size(self, pointer_size: int) -> int:
        raise NotImplementedError

    def alignment(self, pointer_size: int) -> int:
        return self.size(pointer_size)

    def unpack(self, data: bytes, offset: int, pointer_size: int) -> object:
        raise NotImplementedError

    def pack(self, data: bytearray, offset: int, value: object, pointer_size: int) -> None:
        raise NotImplementedError

    def read(self, memory: AddressSpace, address: int) -> object:
        pointer_size = memory.pointer_size
        return self.unpack(memory.read(address, self.size(pointer_size)), 0, pointer_size)

    def write(self, memory: AddressSpace, address: int, value: object) -> None:
        pointer_size = memory.pointer_size
        data = bytearray(self.size(pointer_size))
        self.pack(data, 0, value, pointer_size)
        memory.write(address, bytes(data))


class IntCodec(_Base):
    """An integer; values are stored modulo their width."""

    def __init__(self, kind: Int) -> None:
        self.kind = kind

    def size(self, pointer_size: int) -> int:
        return self.kind.size or pointer_size

    def unpack(self, data: bytes, offset: int, pointer_size: int) -> int:
        size = self.kind.size or pointer_size
        value: int = struct.unpack_from(_INT_FORMAT[size, self.kind.signed], data, offset)[0]
        return value

    def pack(self, data: bytearray, offset: int, value: object, pointer_size: int) -> None:
        assert isinstance(value, int)
        size = self.kind.size or pointer_size
        data[offset : offset + size] = (value & ((1 << (8 * size)) - 1)).to_bytes(size, "little")


class RealCodec(_Base):
    """An IEEE float or double."""

    def __init__(self, kind: Real) -> None:
        self.kind = kind

    def size(self, pointer_size: int) -> int:
        return self.kind.size

    def unpack(self, data: bytes, offset: int, pointer_size: int) -> float:
        value: float = struct.unpack_from("<f" if self.kind.size == 4 else "<d", data, offset)[0]
        return value

    def pack(self, data: bytearray, offset: int, value: object, pointer_size: int) -> None:
        struct.pack_into("<f" if self.kind.size == 4 else "<d", data, offset, value)


class BytesCodec(_Base):
    """A fixed array of bytes."""

    def __init__(self, count: int) -> None:
        self.count = count

    def size(self, pointer_size: int) -> int:
        return self.count

    def alignment(self, pointer_size: int) -> int:
        return 1

    def unpack(self, data: bytes, offset: int, pointer_size: int) -> bytes:
        return bytes(data[offset : offset + self.count])

    def pack(self, data: bytearray, offset: int, value: object, pointer_size: int) -> None:
        assert isinstance(value, bytes)
        data[offset : offset + min(len(value), self.count)] = value[: self.count]


class WideCharsCodec(_Base):
    """A fixed array of UTF-16 units."""

    def __init__(self, count: int) -> None:
        self.count = count

    def size(self, pointer_size: int) -> int:
        return self.count * 2

    def alignment(self, pointer_size: int) -> int:
        return 2

    def unpack(self, data: bytes, offset: int, pointer_size: int) -> str:
        text = bytes(data[offset : offset + self.count * 2]).decode("utf-16-le", "surrogatepass")
        return text.split("\0", 1)[0]

    def pack(self, data: bytearray, offset: int, value: object, pointer_size: int) -> None:
        assert isinstance(value, str)
        encoded = value.encode("utf-16-le", "surrogatepass")[: self.count * 2]
        data[offset : offset + len(encoded)] = encoded


class StructureCodec(_Base):
    """A nested structure."""

    def __init__(self, kind: type) -> None:
        from runtime.dlls.structure import Structure

        assert issubclass(kind, Structure)
        self.kind = kind

    def size(self, pointer_size: int) -> int:
        return self.kind.layout(pointer_size).size

    def alignment(self, pointer_size: int) -> int:
        return self.kind.layout(pointer_size).alignment

    def unpack(self, data: bytes, offset: int, pointer_size: int) -> object:
        return self.kind.unpack(data[offset : offset + self.size(pointer_size)], pointer_size)

    def pack(self, data: bytearray, offset: int, value: object, pointer_size: int) -> None:
        assert isinstance(value, self.kind)
        packed = value.pack(pointer_size)
        data[offset : offset + len(packed)] = packed


@cache
def codec_of(annotation: object) -> Codec:
    """Return the storage of an annotated type.

    Raises TypeError for a type that cannot be stored in guest memory.
    """
    from runtime.dlls.structure import Bytes, Structure, WideChars

    if get_origin(annotation) is Annotated:
        for marker in get_args(annotation)[1:]:
            match marker:
                case Int():
                    return IntCodec(marker)
                case Real():
                    return RealCodec(marker)
                case Bytes(count):
                    return BytesCodec(count)
                case WideChars(count):
                    return WideCharsCodec(count)
                case Text() | CountedText():
                    return IntCodec(Int(0, kind="pointer"))
    if isinstance(annotation, type) and issubclass(annotation, Structure):
        return StructureCodec(annotation)
    raise TypeError(f"{annotation!r} has no storage in guest memory")
