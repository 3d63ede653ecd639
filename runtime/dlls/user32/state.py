"""What user32 keeps for a process: window classes, windows, the queues of its threads."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runtime.dlls.process_state import process_state
from runtime.nt.casing import upcase
from runtime.nt.event import Event
from runtime.nt.message_queue import MessageQueue
from runtime.nt.status import ERROR_INVALID_WINDOW_HANDLE, Win32Error

if TYPE_CHECKING:
    from runtime.nt.thread import Thread


@dataclass(slots=True)
class WindowClass:
    """A registered window class."""

    name: str
    atom: int
    procedure: int
    style: int
    class_extra: int
    window_extra: int
    instance: int
    icon: int
    cursor: int
    brush: int
    wide: bool


@dataclass(slots=True)
class Window:
    """A window that nobody sees: it has a procedure, a text, a place and data of the program."""

    handle: int
    kind: WindowClass
    thread_id: int
    procedure: int
    text: str
    style: int
    extended_style: int
    rectangle: tuple[int, int, int, int]
    parent: int
    menu: int
    instance: int
    wide: bool
    user_data: int = 0
    extra: dict[int, int] = field(default_factory=dict)
    enabled: bool = True
    dying: bool = False


class User:
    """The user32 state of one process."""

    def __init__(self) -> None:
        self.classes: dict[str, WindowClass] = {}
        self.atoms: dict[int, WindowClass] = {}
        self.windows: dict[int, Window] = {}
        self.queues: dict[int, MessageQueue] = {}
        self.messages: dict[str, int] = {}
        self.message_names: dict[int, str] = {}
        """Registered messages and formats as they were first spelled."""
        self.active = 0
        self.idle = Event(manual_reset=True)
        """Set when a thread of the process waits for input for the first time."""
        self._atoms = itertools.count(0xC020)
        self._handles = itertools.count(0x10010, 2)

    def next_atom(self) -> int:
        """Return a new atom for a class."""
        return next(self._atoms)

    def next_handle(self) -> int:
        """Return a new window handle."""
        return next(self._handles)

    def registered_message(self, name: str) -> int:
        """Return the number of a registered message or clipboard format."""
        number = self.messages.setdefault(upcase(name), 0xC000 + len(self.messages))
        self.message_names.setdefault(number, name)
        return number


def user_of(thread: Thread) -> User:
    """Return the state of the thread's process."""
    return process_state(thread.process, User)


def queue_of(thread: Thread) -> MessageQueue:
    """Return the thread's message queue, made when it first needs one."""
    queues = user_of(thread).queues
    found = queues.get(thread.id)
    if found is None:
        found = queues[thread.id] = MessageQueue(thread.clock)
    return found


def window_of(thread: Thread, handle: int) -> Window:
    """Return a window. Raises Win32Error(ERROR_INVALID_WINDOW_HANDLE)."""
    found = user_of(thread).windows.get(handle & 0xFFFFFFFF)
    if found is None:
        raise Win32Error(ERROR_INVALID_WINDOW_HANDLE)
    return found
