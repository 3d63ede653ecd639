"""Events."""

from __future__ import annotations

from runtime.nt import status as st
from runtime.nt.object import ObjectType
from runtime.nt.wait import Waitable, WaitingThread

EVENT_QUERY_STATE = 0x1
EVENT_MODIFY_STATE = 0x2
EVENT_ALL_ACCESS = 0x1F0003


class Event(Waitable):
    """A flag to wait for. A notification event (manual reset) stays set; a synchronization event (auto reset) satisfies
    one wait and is clear again."""

    object_type = ObjectType("Event", 0x20001, 0x20002, 0x120000, EVENT_ALL_ACCESS)

    def __init__(self, *, manual_reset: bool, initial_state: bool = False) -> None:
        self.manual_reset = manual_reset
        self.is_set = initial_state

    def signalled(self, thread: WaitingThread) -> bool:
        return self.is_set

    def satisfy(self, thread: WaitingThread) -> int:
        if not self.manual_reset:
            self.is_set = False
        return st.STATUS_SUCCESS

    def set(self) -> bool:
        """Signal; returns the state before."""
        previous, self.is_set = self.is_set, True
        if not previous and self._waits:
            self.release_waiters()
        return previous

    def reset(self) -> bool:
        """Clear; returns the state before."""
        previous, self.is_set = self.is_set, False
        return previous

    def pulse(self) -> bool:
        """Satisfy whoever waits now and leave the event clear; returns the state before."""
        previous = self.set()
        self.is_set = False
        return previous

    def state(self) -> dict[str, str | int | bool | None]:
        return super().state() | {"manual_reset": self.manual_reset, "signalled": self.is_set}
