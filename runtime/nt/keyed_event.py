"""Keyed events: a rendezvous of one waiter and one releaser per key, within one process."""

from __future__ import annotations

from runtime.nt import status as st
from runtime.nt.object import Object, ObjectType
from runtime.nt.status import NtError
from runtime.nt.wait import Wait, WaitingThread

KEYEDEVENT_WAIT = 0x1
KEYEDEVENT_WAKE = 0x2
KEYEDEVENT_ALL_ACCESS = 0xF0003


class KeyedEvent(Object):
    """Pairs `wait` and `release` calls with the same key; either blocks until its counterpart arrives."""

    object_type = ObjectType("KeyedEvent", 0x20001, 0x20002, 0x20000, KEYEDEVENT_ALL_ACCESS)

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, int], dict[Wait, int]] = {}
        self._releasing: dict[tuple[int, int], dict[Wait, int]] = {}

    async def wait(
        self, thread: WaitingThread, scope: int, key: int, *, alertable: bool = False, timeout: int | None = None
    ) -> int:
        """NtWaitForKeyedEvent. `scope` is the id of the process, whose keys are its own.

        Returns STATUS_SUCCESS, STATUS_TIMEOUT, STATUS_USER_APC or STATUS_ALERTED. Raises NtError
        STATUS_INVALID_PARAMETER_1 for an odd key.
        """
        return await self._meet(self._waiting, self._releasing, thread, (scope, key), alertable, timeout)

    async def release(
        self, thread: WaitingThread, scope: int, key: int, *, alertable: bool = False, timeout: int | None = None
    ) -> int:
        """NtReleaseKeyedEvent; otherwise like `wait`."""
        return await self._meet(self._releasing, self._waiting, thread, (scope, key), alertable, timeout)

    @staticmethod
    async def _meet(
        own: dict[tuple[int, int], dict[Wait, int]],
        other: dict[tuple[int, int], dict[Wait, int]],
        thread: WaitingThread,
        place: tuple[int, int],
        alertable: bool,
        timeout: int | None,
    ) -> int:
        if place[1] & 1:
            raise NtError(st.STATUS_INVALID_PARAMETER_1)
        for partner in list(other.get(place, ())):
            if partner.open:
                partner.finish(st.STATUS_SUCCESS)
                return st.STATUS_SUCCESS
        pending = thread.take_pending() if alertable else None
        if pending is not None:
            return pending
        due = thread.clock.due(timeout)
        if due is not None and due <= thread.clock.ticks():
            return st.STATUS_TIMEOUT
        wait = Wait(thread, alertable=alertable)
        queue = own.setdefault(place, {})
        wait.link(queue)
        try:
            return await wait.park(due)
        finally:
            if not queue and own.get(place) is queue:
                del own[place]

    def state(self) -> dict[str, str | int | bool | None]:
        return super().state() | {"waiting": len(self._waiting), "releasing": len(self._releasing)}
