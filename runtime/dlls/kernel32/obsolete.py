"""winbase.h: what 16-bit days and old C runtimes left behind, as far as programs still call it."""

from __future__ import annotations

import struct

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.named import milliseconds
from runtime.dlls.types import BOOL, DWORD, PVOID
from runtime.nt import status as st
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread
from runtime.nt.wait import delay


@kernel32.export("environment")
def GlobalMemoryStatus(thread: Thread, lpBuffer: PVOID) -> None:
    process = thread.process
    total = process.machine.physical.limit
    free = total - process.machine.physical.frames_in_use * 0x1000
    virtual = process.memory.highest + 1 - 0x10000
    data = struct.pack("<II6Q", 56, 100 - 100 * free // total, total, free, 2 * total, total + free, virtual,
                       virtual - process.memory.committed)  # fmt: skip
    process.memory.write(lpBuffer, data)


@kernel32.export("console_io")
async def Beep(thread: Thread, dwFreq: DWORD, dwDuration: DWORD) -> BOOL:
    """There is no speaker: the tone is silent, but lasts as long as it should."""
    if not 37 <= dwFreq <= 32767:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    await delay(thread, milliseconds(dwDuration))
    return 1
