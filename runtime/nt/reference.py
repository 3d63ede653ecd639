"""From what a program passes to objects and back: handles and pseudo handles, OBJECT_ATTRIBUTES, new handles."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from runtime.memory.faults import MemoryFault
from runtime.nt import status as st
from runtime.nt.handles import (
    CURRENT_PROCESS,
    CURRENT_PROCESS_TOKEN,
    CURRENT_THREAD,
    CURRENT_THREAD_EFFECTIVE_TOKEN,
    CURRENT_THREAD_TOKEN,
    HandleEntry,
)
from runtime.nt.object import OBJ_VALID_ATTRIBUTES, Object, ObjectAttributes
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.dlls.types import Ref
    from runtime.nt.thread import Thread

O = TypeVar("O", bound=Object)  # noqa: E741


def pseudo_handle(handle: int) -> int | None:
    """The number of a pseudo handle (-1 … -6), whatever its width, or None for a handle of the table."""
    low = (handle & 0xFFFFFFFF) - 0x1_0000_0000
    if -6 <= low <= -1 and handle >> 32 in (0, -1, 0xFFFFFFFF):
        return low
    return None


def find_entry(thread: Thread, handle: int) -> HandleEntry:
    """The entry behind a handle; pseudo handles carry all access.

    Raises NtError STATUS_INVALID_HANDLE, or STATUS_NO_TOKEN for the token of a thread that has none.
    """
    pseudo = pseudo_handle(handle)
    if pseudo is None:
        return thread.process.handles.entry(handle)
    item: Object | None
    match pseudo:
        case n if n == CURRENT_PROCESS:
            item = thread.process
        case n if n == CURRENT_THREAD:
            item = thread
        case n if n == CURRENT_PROCESS_TOKEN:
            item = thread.process.token
        case n if n == CURRENT_THREAD_TOKEN:
            item = thread.token
            if item is None:
                raise NtError(st.STATUS_NO_TOKEN)
        case n if n == CURRENT_THREAD_EFFECTIVE_TOKEN:
            item = thread.token or thread.process.token
        case _:
            raise NtError(st.STATUS_INVALID_HANDLE)
    return HandleEntry(item, item.object_type.all)


def get_object(thread: Thread, handle: int, kind: type[O], access: int = 0) -> O:
    """The object behind a handle or pseudo handle of the calling thread.

    `kind` is the class it must have, `access` the rights the handle must carry. Raises NtError
    STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH or STATUS_ACCESS_DENIED.
    """
    if handle & 0xFFFFFFF8 != 0xFFFFFFF8:
        return thread.process.handles.get(handle, kind, access)
    entry = find_entry(thread, handle)
    if not isinstance(entry.item, kind):
        raise NtError(st.STATUS_OBJECT_TYPE_MISMATCH)
    return entry.item


def read_attributes(thread: Thread, address: int) -> ObjectAttributes:
    """Read an OBJECT_ATTRIBUTES; NULL is a nameless object without attributes.

    Raises NtError STATUS_INVALID_PARAMETER (length or attributes), STATUS_OBJECT_NAME_INVALID (odd length of the name),
    STATUS_INVALID_HANDLE, and AccessViolation.
    """
    if not address:
        return ObjectAttributes()
    memory = thread.process.memory
    width = memory.pointer_size
    if memory.read_u32(address) != 6 * width:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    root_handle = memory.read_pointer(address + width)
    name_address = memory.read_pointer(address + 2 * width)
    attributes = memory.read_u32(address + 3 * width)
    if attributes & ~OBJ_VALID_ATTRIBUTES:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    name: str | None = None
    if name_address:
        length = memory.read_u16(name_address)
        if length & 1:
            raise NtError(st.STATUS_OBJECT_NAME_INVALID)
        name = memory.read(memory.read_pointer(name_address + width), length).decode("utf-16-le", "surrogatepass")
    root = get_object(thread, root_handle, Object) if root_handle else None
    return ObjectAttributes(name, root, attributes)


def required_attributes(thread: Thread, address: int) -> ObjectAttributes:
    """Like `read_attributes`, for calls that open: NULL is STATUS_INVALID_PARAMETER."""
    if not address:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    return read_attributes(thread, address)


def give_handle(thread: Thread, target: Ref[int], item: Object, desired: int, *, inherit: bool = False) -> None:
    """Open a handle to `item` in the caller's process and store it; nothing stays open when it cannot be stored."""
    handles = thread.process.handles
    handle = handles.open(item, desired, inherit=inherit)
    try:
        target.set(handle)
    except MemoryFault:
        handles.close(handle)
        raise
