"""The types an export is written with: each annotation is the ABI, the trace rendering and the documentation.

A scalar is `Annotated[int, Int(...)]`; the body receives a Python int. `LPCWSTR` and friends are decoded before the
body runs. `Out[T]` and `InOut[T]` arrive as a `Ref`: a typed pointer, falsy when NULL. Raw buffers are ints annotated
with `InBytes` or `OutBytes`, so that the trace can show them:

    lpBuffer: Annotated[int, OutBytes("nNumberOfBytesToRead", actual="lpNumberOfBytesRead")]

Sizes are those of the 64-bit and 32-bit Windows ABIs (MS-DTYP 2.2); `Int(0, …)` is as wide as a pointer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Generic, TypeVar, cast

if TYPE_CHECKING:
    from runtime.dlls.codec import Codec
    from runtime.memory.space import AddressSpace

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Int:
    """An integer of `size` bytes (0: as wide as a pointer)."""

    size: int
    signed: bool = False
    kind: str = "integer"
    """How the trace shows it: integer, handle, pointer, boolean, ntstatus, hresult, win32, hex or character."""


@dataclass(frozen=True, slots=True)
class Real:
    """A floating-point number of `size` bytes (4 or 8)."""

    size: int


@dataclass(frozen=True, slots=True)
class Text:
    """A pointer to a NUL-terminated string; NULL arrives as None."""

    wide: bool


@dataclass(frozen=True, slots=True)
class CountedText:
    """A pointer to a UNICODE_STRING (wide) or ANSI_STRING structure; NULL arrives as None."""

    wide: bool


@dataclass(frozen=True, slots=True)
class Enum:
    """Names the Windows enumeration or flag set whose members the trace shows for this integer."""

    name: str


@dataclass(frozen=True, slots=True)
class Names:
    """The members the trace shows for this integer, where Microsoft's metadata does not name them."""

    members: tuple[tuple[str, int], ...]
    flags: bool = True


@dataclass(frozen=True, slots=True)
class InBytes:
    """A buffer the function reads: its size is the parameter named `size` or a constant, in units of `unit` bytes."""

    size: str | int
    unit: int = 1


@dataclass(frozen=True, slots=True)
class OutBytes:
    """A buffer the function fills: capacity `size`, and the parameter `actual` that says how much was written."""

    size: str | int
    actual: str | None = None
    unit: int = 1


class Ref(Generic[T]):
    """A typed pointer into guest memory; falsy when NULL. Reading or writing raises AccessViolation."""

    __slots__ = ("_codec", "_memory", "address")

    def __init__(self, address: int, codec: Codec, memory: AddressSpace) -> None:
        self.address = address
        self._codec = codec
        self._memory = memory

    def __bool__(self) -> bool:
        return self.address != 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and other.address == self.address

    def __hash__(self) -> int:
        return hash(self.address)

    def get(self) -> T:
        """Read the value pointed at."""
        return cast(T, self._codec.read(self._memory, self.address))

    def set(self, value: T) -> None:
        """Write the value pointed at."""
        self._codec.write(self._memory, self.address, value)

    def put(self, value: T) -> None:
        """Write the value pointed at, unless the pointer is NULL (for optional out parameters)."""
        if self.address:
            self._codec.write(self._memory, self.address, value)


class Out(Ref[T]):
    """A pointer the function writes through; the trace shows the value on return."""

    __slots__ = ()


class InOut(Ref[T]):
    """A pointer the function reads and writes through; the trace shows the value on call and on return."""

    __slots__ = ()


class In(Ref[T]):
    """A pointer the function only reads through; the trace shows the value on call."""

    __slots__ = ()


UCHAR = Annotated[int, Int(1)]
BYTE = UCHAR
BOOLEAN = Annotated[int, Int(1, kind="boolean")]
CHAR = Annotated[int, Int(1, signed=True)]
WCHAR = Annotated[int, Int(2, kind="character")]
WORD = Annotated[int, Int(2)]
USHORT = WORD
ATOM = WORD
LANGID = WORD
SHORT = Annotated[int, Int(2, signed=True)]
DWORD = Annotated[int, Int(4)]
ULONG = DWORD
UINT = DWORD
LCID = DWORD
HEX32 = Annotated[int, Int(4, kind="hex")]
ACCESS_MASK = HEX32
LONG = Annotated[int, Int(4, signed=True)]
INT = LONG
BOOL = Annotated[int, Int(4, signed=True, kind="boolean")]
LSTATUS = Annotated[int, Int(4, signed=True, kind="win32")]
NTSTATUS = Annotated[int, Int(4, kind="ntstatus")]
HRESULT = Annotated[int, Int(4, kind="hresult")]
ULONGLONG = Annotated[int, Int(8)]
ULONG64 = ULONGLONG
DWORD64 = ULONGLONG
LONGLONG = Annotated[int, Int(8, signed=True)]
LARGE_INTEGER = LONGLONG
ULARGE_INTEGER = ULONGLONG
SIZE_T = Annotated[int, Int(0)]
ULONG_PTR = SIZE_T
DWORD_PTR = SIZE_T
UINT_PTR = SIZE_T
WPARAM = SIZE_T
LONG_PTR = Annotated[int, Int(0, signed=True)]
INT_PTR = LONG_PTR
SSIZE_T = LONG_PTR
LPARAM = LONG_PTR
LRESULT = LONG_PTR
PVOID = Annotated[int, Int(0, kind="pointer")]
LPVOID = PVOID
LPCVOID = PVOID
LPWSTR = PVOID
LPSTR = PVOID
FARPROC = PVOID
HANDLE = Annotated[int, Int(0, kind="handle")]
HMODULE = HANDLE
HINSTANCE = HANDLE
HKEY = HANDLE
HLOCAL = HANDLE
HGLOBAL = HANDLE
HRSRC = HANDLE
HWND = HANDLE
FLOAT = Annotated[float, Real(4)]
DOUBLE = Annotated[float, Real(8)]

LPCWSTR = Annotated[str | None, Text(wide=True)]
PCWSTR = LPCWSTR
LPCSTR = Annotated[bytes | None, Text(wide=False)]
PCSTR = LPCSTR
PUNICODE_STRING_IN = Annotated[str | None, CountedText(wide=True)]
PANSI_STRING_IN = Annotated[bytes | None, CountedText(wide=False)]

INVALID_HANDLE_VALUE = -1
"""As a return value or `fails=`; HANDLE results are stored modulo the pointer size."""
