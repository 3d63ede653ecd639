"""Text that faces hand out: into caller's buffers, wide or through the ANSI code page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.nt.status import ERROR_MORE_DATA, Win32Error

if TYPE_CHECKING:
    from runtime.dlls.types import Ref
    from runtime.nt.thread import Thread


def encode_wide(text: str) -> bytes:
    """Return UTF-16 without a terminator; lone surrogates are kept."""
    return text.encode("utf-16-le", "surrogatepass")


def decode_wide(data: bytes) -> str:
    """Return UTF-16 data as text; a dangling byte is dropped."""
    return data[: len(data) & ~1].decode("utf-16-le", "surrogatepass")


def encode_text(thread: Thread, text: str, wide: bool) -> bytes:
    """Return text as the caller wants it, without a terminator."""
    return encode_wide(text) if wide else thread.process.encode_ansi(text)


def copy_text(thread: Thread, text: str, buffer: int, capacity: int, *, wide: bool = True) -> int:
    """Copy text and a NUL to a buffer of `capacity` characters if it fits.

    Returns the characters copied without the NUL, or 0 with nothing stored.
    """
    data = encode_text(thread, text, wide)
    unit = 2 if wide else 1
    if len(data) // unit + 1 > capacity:
        return 0
    thread.process.memory.write(buffer, data + bytes(unit))
    return len(data) // unit


def put_counted(
    thread: Thread, text: str, buffer: int, size: Ref[int], *, wide: bool = True, error: int = ERROR_MORE_DATA,
    count_nul: bool = False,
) -> None:  # fmt: skip
    """Store text and a NUL in a buffer whose capacity in characters `size` points at, and its length there.

    A buffer that is too small gets nothing: `size` is set to what is needed with the NUL, and Win32Error(error) raised.
    On success `size` is the length without the NUL, with it where `count_nul`.
    """
    data = encode_text(thread, text, wide)
    unit = 2 if wide else 1
    length = len(data) // unit
    if not buffer or size.get() < length + 1:
        size.set(length + 1)
        raise Win32Error(error)
    thread.process.memory.write(buffer, data + bytes(unit))
    size.set(length + 1 if count_nul else length)
