"""wtsapi32.h: the one session of the machine."""

from __future__ import annotations

import struct

from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.text import encode_wide
from runtime.dlls.types import BOOL, DWORD, HANDLE, INT, LPVOID, PVOID, Out
from runtime.dlls.wtsapi32.dll import wtsapi32
from runtime.nt.object import SESSION_ID
from runtime.nt.status import ERROR_FILE_NOT_FOUND, ERROR_INVALID_PARAMETER, ERROR_NOT_SUPPORTED, Win32Error
from runtime.nt.thread import Thread

WTS_CURRENT_SESSION = 0xFFFFFFFF


@wtsapi32.export(category="process")
async def WTSQuerySessionInformationW(
    thread: Thread, hServer: HANDLE, SessionId: DWORD, WTSInfoClass: INT, ppBuffer: Out[PVOID],
    pBytesReturned: Out[DWORD],
) -> BOOL:  # fmt: skip
    """Return a fact about the session: id (4), user (5), station (6), domain (7), state (8), client, protocol (16)."""
    if SessionId not in (WTS_CURRENT_SESSION, SESSION_ID):
        raise Win32Error(ERROR_FILE_NOT_FOUND)
    config = thread.process.machine.config
    texts = {5: config.user_name, 6: "Console", 7: config.computer_name, 10: "", 11: "", 0: "", 1: "", 2: "", 3: ""}
    numbers = {4: SESSION_ID, 8: 0, 9: 0, 12: 0, 13: 0}
    if WTSInfoClass in texts:
        data = encode_wide(texts[WTSInfoClass] + "\0")
    elif WTSInfoClass in numbers:
        data = struct.pack("<I", numbers[WTSInfoClass])
    elif WTSInfoClass == 16:
        data = struct.pack("<H", 0)
    else:
        raise Win32Error(ERROR_NOT_SUPPORTED)
    ppBuffer.set(await guest_heap_new(thread, data))
    pBytesReturned.set(len(data))
    return 1


@wtsapi32.export(category="process")
async def WTSEnumerateSessionsW(
    thread: Thread, hServer: HANDLE, Reserved: DWORD, Version: DWORD, ppSessionInfo: Out[PVOID], pCount: Out[DWORD]
) -> BOOL:
    """List the sessions: that of the services and that of the user."""
    if Reserved or Version != 1:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    width = thread.process.memory.pointer_size
    size = 24 if width == 8 else 12
    names = encode_wide("Services\0"), encode_wide("Console\0")
    block = await guest_heap_new(thread, bytes(2 * size) + names[0] + names[1])
    places = block + 2 * size, block + 2 * size + len(names[0])
    for index, (number, state) in enumerate(((0, 4), (SESSION_ID, 0))):
        entry = struct.pack("<I", number).ljust(width, b"\0") + places[index].to_bytes(width, "little")
        thread.process.memory.write(block + index * size, entry + struct.pack("<I", state))
    ppSessionInfo.set(block)
    pCount.set(2)
    return 1


@wtsapi32.export(category="process")
async def WTSFreeMemory(thread: Thread, pMemory: LPVOID) -> None:
    """Free memory that a function of wtsapi32 returned."""
    await guest_heap_free(thread, pMemory)
