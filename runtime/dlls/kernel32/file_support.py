"""What the file functions of kernel32 share: paths, handles, buffers, overlapped structures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.dlls.text import encode_wide
from runtime.loader.peb import IS_LONG_PATH_AWARE_PROCESS
from runtime.nt import status as st
from runtime.nt.file import FileObject
from runtime.nt.io_request import Completion
from runtime.nt.reference import pseudo_handle
from runtime.nt.status import NtError, Win32Error
from runtime.vfs.dospath import MAX_PATH, from_nt, to_nt

if TYPE_CHECKING:
    from runtime.nt.thread import Thread

FILE = "file_io"
CONSOLE = "console_io"

_STANDARD = {-10: 0x20, -11: 0x28, -12: 0x30}
"""STD_INPUT_HANDLE … → offset of the handle in the process parameters."""




def nt_path(thread: Thread, name: str | None, *, error: int = st.ERROR_PATH_NOT_FOUND) -> str:
    """Return the NT path of a Win32 path. Raises Win32Error for one that names nothing or is too long."""
    if name is None:
        raise Win32Error(error)
    path = to_nt(name, thread.process.directories)
    if not path:
        raise Win32Error(error)
    if len(path) - 4 >= MAX_PATH and not long_path_aware(thread) and not name.startswith(("\\\\?\\", "\\??\\")):
        raise Win32Error(error if len(path) < 32767 else st.ERROR_FILENAME_EXCED_RANGE)
    return path


def long_path_aware(thread: Thread) -> bool:
    """Whether the process lifts the limit of MAX_PATH: a bit of its PEB, which some runtimes (Go) set themselves."""
    return bool(thread.process.memory.read_u8(thread.process.peb + 3) & IS_LONG_PATH_AWARE_PROCESS)


def ansi(thread: Thread, text: bytes | None) -> str | None:
    """Decode a string argument of an A function."""
    return None if text is None else thread.process.decode_path(text)


def dos_path(path: str) -> str:
    r"""Return the Win32 spelling of a file's NT path (`\??\C:\x` → `C:\x`)."""
    return from_nt(path)


def encode_path(thread: Thread, text: str, wide: bool) -> bytes:
    """Return a path as the caller wants it, without a terminator."""
    return encode_wide(text) if wide else thread.process.encode_path(text)


def return_text(thread: Thread, text: str, buffer: int, capacity: int, *, wide: bool = True) -> int:
    """Store text and a NUL if it fits; return its length, or the capacity it needs, in characters."""
    data = encode_path(thread, text, wide)
    unit = 2 if wide else 1
    length = len(data) // unit
    if length + 1 > capacity or not buffer:
        return length + 1
    thread.process.memory.write(buffer, data + bytes(unit))
    return length


def inherits(thread: Thread, security_attributes: int) -> bool:
    """Return bInheritHandle of a SECURITY_ATTRIBUTES, or false for NULL."""
    if not security_attributes:
        return False
    memory = thread.process.memory
    return bool(memory.read_u32(security_attributes + 2 * memory.pointer_size))


def real_handle(thread: Thread, handle: int) -> int:
    """Return a handle, with the numbers of the standard handles replaced by what they stand for."""
    low = (handle & 0xFFFFFFFF) - (1 << 32)
    offset = _STANDARD.get(low)
    if offset is None:
        return handle
    return thread.process.memory.read_pointer(thread.process.parameters + offset)


def file_of(thread: Thread, handle: int, access: int = 0) -> FileObject:
    """Return the file object behind a Win32 handle. Raises NtError."""
    if pseudo_handle(handle) is not None:
        raise NtError(st.STATUS_OBJECT_TYPE_MISMATCH if handle & 0xFFFFFFFF != 0xFFFFFFFF else st.STATUS_INVALID_HANDLE)
    return thread.process.handles.get(real_handle(thread, handle), FileObject, access)


class Overlapped:
    """An OVERLAPPED in guest memory: Internal, InternalHigh, Offset, OffsetHigh, hEvent."""

    __slots__ = ("_thread", "address")

    def __init__(self, thread: Thread, address: int) -> None:
        self._thread = thread
        self.address = address

    @property
    def offset(self) -> int:
        """Where on the disk to work; the two special values are negative."""
        memory = self._thread.process.memory
        value = memory.read_u64(self.address + 2 * memory.pointer_size)
        return value - (1 << 64) if value >> 63 else value

    @property
    def event(self) -> int:
        """The event handle, without the bit that keeps the completion from the port."""
        return self._raw_event & ~1

    @property
    def _raw_event(self) -> int:
        memory = self._thread.process.memory
        return memory.read_pointer(self.address + 2 * memory.pointer_size + 8)

    @property
    def status(self) -> int:
        """Internal: the NTSTATUS."""
        return self._thread.process.memory.read_u32(self.address)

    @property
    def information(self) -> int:
        """InternalHigh: the bytes transferred."""
        memory = self._thread.process.memory
        return memory.read_pointer(self.address + memory.pointer_size)

    def begin(self) -> Completion:
        """Mark the operation as pending and return how its end is told. Raises NtError for a bad event handle."""
        from runtime.nt.io import completion_of

        thread = self._thread
        memory = thread.process.memory
        event = self._raw_event
        memory.write_pointer(self.address, st.STATUS_PENDING)
        memory.write_pointer(self.address + memory.pointer_size, 0)
        context = 0 if event & 1 else self.address
        return completion_of(thread, self.address, event & ~1, 0, context)


def lowered(status: int) -> None:
    """Raise NtError for a status that Win32 counts as failure: errors and warnings."""
    if status & 0x80000000:
        raise NtError(status)
