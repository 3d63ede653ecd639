"""Changes that programs make to drives, as they happen.

One feed serves ReadDirectoryChangesW, the `changes/` view of the mount and the trace: whoever changes a file
publishes a `Change`, listeners get it at once and in order.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass


class Action(enum.IntEnum):
    """FILE_ACTION_*."""

    ADDED = 1
    REMOVED = 2
    MODIFIED = 3
    RENAMED_OLD_NAME = 4
    RENAMED_NEW_NAME = 5


class Notify(enum.IntFlag):
    """FILE_NOTIFY_CHANGE_*: what about the file changed."""

    FILE_NAME = 0x1
    DIRECTORY_NAME = 0x2
    ATTRIBUTES = 0x4
    SIZE = 0x8
    LAST_WRITE = 0x10
    LAST_ACCESS = 0x20
    CREATION = 0x40
    EA = 0x80
    SECURITY = 0x100
    STREAM_NAME = 0x200
    STREAM_SIZE = 0x400
    STREAM_WRITE = 0x800


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `path` is the Windows path below the drive's root, without a leading backslash.

    `moved_from` is where what was added here was before; "" when it is new.
    """

    action: Action
    drive: str
    path: str
    notify: Notify
    moved_from: str = ""


Listener = Callable[[Change], None]


class ChangeFeed:
    """Passes changes to listeners, in the order they subscribed."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for every change from now on; returns what ends it."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def publish(self, change: Change) -> None:
        """Tell every listener."""
        for listener in tuple(self._listeners):
            listener(change)
