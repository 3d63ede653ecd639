"""Semaphores."""

from __future__ import annotations

from runtime.nt import status as st
from runtime.nt.object import ObjectType
from runtime.nt.status import NtError
from runtime.nt.wait import Waitable, WaitingThread

SEMAPHORE_QUERY_STATE = 0x1
SEMAPHORE_MODIFY_STATE = 0x2
SEMAPHORE_ALL_ACCESS = 0x1F0003


class Semaphore(Waitable):
    """A count that waits take from and releases add to; signalled while it is above zero.

    Raises NtError STATUS_INVALID_PARAMETER unless 0 <= `count` <= `limit` and `limit` > 0.
    """

    object_type = ObjectType("Semaphore", 0x20001, 0x20002, 0x120000, SEMAPHORE_ALL_ACCESS)

    def __init__(self, count: int, limit: int) -> None:
        if not 0 <= count <= limit or limit <= 0:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        self.count = count
        self.limit = limit

    def signalled(self, thread: WaitingThread) -> bool:
        return self.count > 0

    def satisfy(self, thread: WaitingThread) -> int:
        self.count -= 1
        return st.STATUS_SUCCESS

    def release(self, count: int) -> int:
        """Add `count`; returns the count before.

        Raises NtError STATUS_INVALID_PARAMETER (count below 1), STATUS_SEMAPHORE_LIMIT_EXCEEDED (nothing is added).
        """
        if count < 1:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        if self.count + count > self.limit:
            raise NtError(st.STATUS_SEMAPHORE_LIMIT_EXCEEDED)
        previous = self.count
        self.count += count
        self.release_waiters()
        return previous

    def state(self) -> dict[str, str | int | bool | None]:
        return super().state() | {"count": self.count, "limit": self.limit}
