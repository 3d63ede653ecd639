"""Mutants: what Win32 calls mutexes."""

from __future__ import annotations

from runtime.nt import status as st
from runtime.nt.object import ObjectType
from runtime.nt.status import NtError
from runtime.nt.wait import Ownable, WaitingThread

MUTANT_QUERY_STATE = 0x1
MUTANT_ALL_ACCESS = 0x1F0001
MINIMUM_COUNT = -0x80000000


class Mutant(Ownable):
    """A lock that one thread owns, as many times over as it waited for it.

    `count` is 1 when free and falls by one with each acquisition. When its owner ends, the mutant is abandoned: free
    again, and the next wait it satisfies is told so.
    """

    object_type = ObjectType("Mutant", 0x20001, 0x20000, 0x120000, MUTANT_ALL_ACCESS)

    def __init__(self, owner: WaitingThread | None = None) -> None:
        self.count = 1
        self.owner: WaitingThread | None = None
        self.abandoned = False
        if owner is not None:
            self.satisfy(owner)

    def signalled(self, thread: WaitingThread) -> bool:
        return self.owner is None or self.owner is thread

    def satisfy(self, thread: WaitingThread) -> int:
        """Acquire. Raises NtError STATUS_MUTANT_LIMIT_EXCEEDED."""
        if self.count == MINIMUM_COUNT:
            raise NtError(st.STATUS_MUTANT_LIMIT_EXCEEDED)
        self.count -= 1
        self.owner = thread
        thread.owned[self] = None
        if self.abandoned:
            self.abandoned = False
            return st.STATUS_ABANDONED
        return st.STATUS_SUCCESS

    def release(self, thread: WaitingThread) -> int:
        """Release once; returns the count before. Raises NtError STATUS_MUTANT_NOT_OWNED."""
        if self.owner is not thread:
            raise NtError(st.STATUS_MUTANT_NOT_OWNED)
        previous = self.count
        self.count += 1
        if self.count == 1:
            self._free()
        return previous

    def abandon(self, owner: WaitingThread) -> None:
        if self.owner is owner:
            self.abandoned = True
            self.count = 1
            self._free()

    def _free(self) -> None:
        assert self.owner is not None
        self.owner.owned.pop(self, None)
        self.owner = None
        self.release_waiters()

    def state(self) -> dict[str, str | int | bool | None]:
        owner = self.owner
        return super().state() | {
            "count": self.count,
            "abandoned": self.abandoned,
            "owner": getattr(owner, "id", None) if owner is not None else None,
        }
