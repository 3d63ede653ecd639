"""What Win32's named objects share: SECURITY_ATTRIBUTES, the names' home, create and open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from runtime.dlls.structure import Structure
from runtime.dlls.types import BOOL, DWORD, LPVOID
from runtime.nt import status as st
from runtime.nt.object import OBJ_INHERIT, OBJ_OPENIF, SESSION_OBJECTS, Directory, Object, ObjectAttributes
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

O = TypeVar("O", bound=Object)  # noqa: E741


class SECURITY_ATTRIBUTES(Structure):
    nLength: DWORD
    lpSecurityDescriptor: LPVOID
    bInheritHandle: BOOL


def inherits(thread: Thread, attributes: int) -> bool:
    """Whether the SECURITY_ATTRIBUTES at an address ask for an inheritable handle; NULL does not."""
    return bool(attributes) and bool(SECURITY_ATTRIBUTES.read(thread.process.memory, attributes).bInheritHandle)


def base_named_objects(thread: Thread) -> Directory:
    """Where a process's Win32 names live."""
    return thread.process.machine.objects.open(ObjectAttributes(SESSION_OBJECTS), Directory)


def create_named(
    thread: Thread, name: str | None, security: int, access: int, kind: type[O], make: Callable[[], O]
) -> int:
    """Make an object or open the one of that name, and set the last error to ERROR_ALREADY_EXISTS or to none.

    Returns the handle. Raises NtError, or Win32Error(ERROR_INVALID_HANDLE) when the name belongs to another type.
    """
    inherit = inherits(thread, security)
    attributes = ObjectAttributes(
        name, base_named_objects(thread) if name else None, OBJ_OPENIF | (OBJ_INHERIT if inherit else 0)
    )
    made = thread.process.machine.objects.create(attributes, kind, make)
    handle = thread.process.handles.open(made.item, access, inherit=inherit)
    thread.last_error = st.ERROR_ALREADY_EXISTS if made.existed else st.ERROR_SUCCESS
    return handle


def open_named(thread: Thread, name: str | None, inherit: int, access: int, kind: type[O]) -> int:
    """Open a named object; returns the handle. Raises NtError, Win32Error(ERROR_INVALID_PARAMETER) without a name."""
    if name is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    attributes = ObjectAttributes(name, base_named_objects(thread))
    item = thread.process.machine.objects.open(attributes, kind)
    return thread.process.handles.open(item, access, inherit=bool(inherit))


def milliseconds(timeout: int) -> int | None:
    """A Win32 timeout as NT counts it; INFINITE is None."""
    return None if timeout == 0xFFFFFFFF else -timeout * 10_000


def check_flags(flags: int, valid: int) -> None:
    """Raises NtError STATUS_INVALID_PARAMETER for flags that do not exist."""
    if flags & ~valid:
        raise NtError(st.STATUS_INVALID_PARAMETER)
