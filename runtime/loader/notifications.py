"""Who wants to know of DLLs that come and go (LdrRegisterDllNotification).

The structure is LDR_DLL_LOADED_NOTIFICATION_DATA of the Windows SDK's documentation of LdrDllNotification.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from runtime.loader.module import Module

if TYPE_CHECKING:
    from runtime.loader.loader import Loader
    from runtime.nt.thread import Thread

LOADED: Final = 1
UNLOADED: Final = 2
_SIZE: Final = 40
_FULL_NAME: Final = 0x48
_BASE_NAME: Final = 0x58
"""Offsets in LDR_DATA_TABLE_ENTRY."""


class Notifications:
    """The callbacks of one process, in the order in which they were registered."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._callbacks: dict[int, tuple[int, int]] = {}
        self._next = 0x1000
        self._blocks: list[int] = []
        """Structures that no call uses now."""

    def register(self, callback: int, context: int) -> int:
        """Add a callback; return its cookie."""
        self._next += 0x20
        self._callbacks[self._next] = (callback, context)
        return self._next

    def unregister(self, cookie: int) -> bool:
        """Forget a callback; False when there is none of that cookie."""
        return self._callbacks.pop(cookie, None) is not None

    async def send(self, thread: Thread, reason: int, module: Module) -> None:
        """Tell everybody of a module that was mapped and bound, or is about to go."""
        if not self._callbacks or not module.entry_address:
            return
        block = self._blocks.pop() if self._blocks else self._loader.arena.allocate(_SIZE)
        names = module.entry_address + _FULL_NAME, module.entry_address + _BASE_NAME
        for callback, context in list(self._callbacks.values()):
            # Loading and unloading have the same layout.
            thread.process.memory.write(block, struct.pack("<I4xQQQI4x", 0, *names, module.base, module.size))
            await thread.call(callback, reason, block, context)
        self._blocks.append(block)
