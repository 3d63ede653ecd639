"""Windows structures as annotated classes, laid out for the guest's pointer size.

    class FILETIME(Structure):
        dwLowDateTime: DWORD
        dwHighDateTime: DWORD

    time = FILETIME.read(memory, address)
    FILETIME(dwLowDateTime=1, dwHighDateTime=2).write(memory, address)

Fields are scalars, other structures, or arrays: `Annotated[bytes, Bytes(n)]`, `Annotated[str, WideChars(n)]`. Alignment
and padding follow the Microsoft ABI. Fields that are not given are zero.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Self, get_type_hints

from runtime.dlls.codec import Codec, codec_of

if TYPE_CHECKING:
    from runtime.memory.space import AddressSpace


@dataclass(frozen=True, slots=True)
class Bytes:
    """A fixed array of `count` bytes."""

    count: int


@dataclass(frozen=True, slots=True)
class WideChars:
    """A fixed array of `count` UTF-16 units, read up to the first NUL and written NUL-padded."""

    count: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the fields of a structure lie."""

    size: int
    alignment: int
    fields: tuple[tuple[str, int, Codec], ...]


class Structure:
    """Base of all Windows structures; see the module's docstring."""

    _field_names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        inherited = cls._field_names
        cls._field_names = inherited + tuple(
            name for name in inspect.get_annotations(cls) if not name.startswith("_")
        )

    def __init__(self, **fields: object) -> None:
        for name in self._field_names:
            if name in fields:
                setattr(self, name, fields.pop(name))
        if fields:
            raise TypeError(f"{type(self).__name__} has no field {', '.join(fields)}")

    @classmethod
    @cache
    def layout(cls, pointer_size: int) -> Layout:
        """Return the offsets of the fields for a guest of `pointer_size` bytes."""
        hints = get_type_hints(cls, include_extras=True)
        offset, alignment = 0, 1
        fields = []
        for name in cls._field_names:
            codec = codec_of(hints[name])
            align = codec.alignment(pointer_size)
            offset = -(-offset // align) * align
            fields.append((name, offset, codec))
            offset += codec.size(pointer_size)
            alignment = max(alignment, align)
        return Layout(-(-offset // alignment) * alignment, alignment, tuple(fields))

    @classmethod
    def size(cls, memory: AddressSpace) -> int:
        """Return sizeof() in bytes for that guest."""
        return cls.layout(memory.pointer_size).size

    @classmethod
    def offset(cls, memory: AddressSpace, name: str) -> int:
        """Return offsetof(name) in bytes for that guest."""
        return next(offset for field, offset, _ in cls.layout(memory.pointer_size).fields if field == name)

    @classmethod
    def read(cls, memory: AddressSpace, address: int) -> Self:
        """Read one from guest memory. Raises AccessViolation."""
        layout = cls.layout(memory.pointer_size)
        return cls.unpack(memory.read(address, layout.size), memory.pointer_size)

    @classmethod
    def unpack(cls, data: bytes, pointer_size: int) -> Self:
        """Decode one from bytes."""
        value = cls.__new__(cls)
        for name, offset, codec in cls.layout(pointer_size).fields:
            setattr(value, name, codec.unpack(data, offset, pointer_size))
        return value

    def pack(self, pointer_size: int) -> bytes:
        """Encode to bytes; fields never set are zero."""
        layout = self.layout(pointer_size)
        data = bytearray(layout.size)
        for name, offset, codec in layout.fields:
            value = self.__dict__.get(name)
            if value is not None:
                codec.pack(data, offset, value, pointer_size)
        return bytes(data)

    def write(self, memory: AddressSpace, address: int) -> None:
        """Write this to guest memory. Raises AccessViolation."""
        memory.write(address, self.pack(memory.pointer_size))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={self.__dict__.get(name, 0)!r}" for name in self._field_names)
        return f"{type(self).__name__}({fields})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    __hash__ = None  # type: ignore[assignment]
