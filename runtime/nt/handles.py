"""The handle table of a process.

Handle values are multiples of four; the two low bits of a value are ignored, as programs may tag them. Freed values are
used again, the most recently freed first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from runtime.nt import status as st
from runtime.nt.object import Object
from runtime.nt.status import NtError

O = TypeVar("O", bound=Object)  # noqa: E741

CURRENT_PROCESS = -1
CURRENT_THREAD = -2
CURRENT_PROCESS_TOKEN = -4
CURRENT_THREAD_TOKEN = -5
CURRENT_THREAD_EFFECTIVE_TOKEN = -6

HANDLE_FLAG_INHERIT = 1
HANDLE_FLAG_PROTECT_FROM_CLOSE = 2

DUPLICATE_CLOSE_SOURCE = 1
DUPLICATE_SAME_ACCESS = 2
DUPLICATE_SAME_ATTRIBUTES = 4

MAXIMUM_HANDLES = 1 << 24


@dataclass(slots=True)
class HandleEntry:
    """One open handle: the object, what may be done with it through this handle, and the handle's own flags."""

    item: Object
    access: int
    inherit: bool = False
    protect: bool = False


class HandleTable:
    """The handles of one process.

    `limit` bounds how many may be open at once; one more fails with STATUS_INSUFFICIENT_RESOURCES.
    """

    __slots__ = ("_entries", "_free", "_next", "limit")

    def __init__(self, limit: int = MAXIMUM_HANDLES) -> None:
        self._entries: dict[int, HandleEntry] = {}
        self._free: list[int] = []
        self._next = 4
        self.limit = limit

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[tuple[int, HandleEntry]]:
        """Every open handle with its entry, by value."""
        return iter(sorted(self._entries.items()))

    def insert(self, item: Object, access: int, *, inherit: bool = False, protect: bool = False) -> int:
        """Open a handle to `item` with the already granted `access`; returns its value."""
        if len(self._entries) >= self.limit:
            raise NtError(st.STATUS_INSUFFICIENT_RESOURCES)
        if self._free:
            handle = self._free.pop()
        else:
            handle = self._next
            self._next += 4
        self._entries[handle] = HandleEntry(item, access, inherit, protect)
        item.handle_opened(self)
        return handle

    def open(self, item: Object, desired: int, *, inherit: bool = False) -> int:
        """Open a handle with the access that `desired` maps to for the type of `item`. Raises NtError."""
        return self.insert(item, item.object_type.grant(desired), inherit=inherit)

    def entry(self, handle: int) -> HandleEntry:
        """The entry of a handle value. Raises NtError STATUS_INVALID_HANDLE; pseudo handles have none."""
        entry = self._entries.get(handle & ~3)
        if entry is None:
            raise NtError(st.STATUS_INVALID_HANDLE)
        return entry

    def get(self, handle: int, kind: type[O], access: int = 0) -> O:
        """The object behind a real handle.

        `kind` is the class it must have, `access` the rights the handle must carry. Raises NtError
        STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH or STATUS_ACCESS_DENIED, in this order. Pseudo handles
        are the thread's to resolve.
        """
        entry = self._entries.get(handle & ~3)
        if entry is None:
            raise NtError(st.STATUS_INVALID_HANDLE)
        item = entry.item
        if not isinstance(item, kind):
            raise NtError(st.STATUS_OBJECT_TYPE_MISMATCH)
        if access & ~entry.access:
            raise NtError(st.STATUS_ACCESS_DENIED)
        return item

    def close(self, handle: int) -> None:
        """Close a handle. Raises NtError STATUS_INVALID_HANDLE or STATUS_HANDLE_NOT_CLOSABLE."""
        handle &= ~3
        entry = self._entries.get(handle)
        if entry is None:
            raise NtError(st.STATUS_INVALID_HANDLE)
        if entry.protect:
            raise NtError(st.STATUS_HANDLE_NOT_CLOSABLE)
        del self._entries[handle]
        self._free.append(handle)
        entry.item.handle_closed(self)

    def close_all(self) -> None:
        """Close every handle, protected or not; for the end of the process."""
        for handle in sorted(self._entries):
            entry = self._entries.pop(handle, None)
            if entry is not None:
                entry.item.handle_closed(self)

    def duplicate(
        self, handle: int, target: HandleTable, desired: int, options: int, *, inherit: bool, protect: bool = False
    ) -> int:
        """NtDuplicateObject for a real handle: open one in `target` with the same or the `desired` access.

        Raises NtError STATUS_INVALID_HANDLE. DUPLICATE_CLOSE_SOURCE closes the source whatever else fails.
        """
        entry = self.entry(handle)
        try:
            access = entry.access if options & DUPLICATE_SAME_ACCESS else entry.item.object_type.grant(desired)
            if options & DUPLICATE_SAME_ATTRIBUTES:
                inherit, protect = entry.inherit, entry.protect
            return target.insert(entry.item, access, inherit=inherit, protect=protect)
        finally:
            if options & DUPLICATE_CLOSE_SOURCE:
                self.close(handle)

    def adopt(self, entries: dict[int, HandleEntry]) -> None:
        """Take over handles under their own values; for a process that was just created."""
        for handle, entry in entries.items():
            self._entries[handle] = HandleEntry(entry.item, entry.access, entry.inherit, entry.protect)
            entry.item.handle_opened(self)
        if self._entries:
            last = max(self._entries)
            self._free = [value for value in range(last, self._next - 4, -4) if value not in self._entries]
            self._next = max(self._next, last + 4)

    def inherited_from(self, parent: HandleTable) -> None:
        """Take over the inheritable handles of `parent` under their own values; for a process that was just created."""
        self.adopt({handle: entry for handle, entry in parent if entry.inherit})
