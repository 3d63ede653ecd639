"""rpcdce.h: UUIDs."""

from __future__ import annotations

from runtime.dlls.guid import format_guid, parse_guid, random_guid
from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.randomness import random_bytes
from runtime.dlls.rpcrt4 import rpcrt4
from runtime.dlls.text import encode_text
from runtime.dlls.types import INT, LPCSTR, LPCWSTR, LPVOID, USHORT, InOut, Out
from runtime.dlls.types import LSTATUS as RPC_STATUS
from runtime.nt.thread import Thread

RPC_S_OK = 0
RPC_S_INVALID_STRING_UUID = 1705
RPC_S_UUID_LOCAL_ONLY = 1824


@rpcrt4.export(category="process")
def UuidCreate(thread: Thread, Uuid: LPVOID) -> RPC_STATUS:
    """Make a random UUID."""
    thread.process.memory.write(Uuid, random_guid(random_bytes(thread, 16)))
    return RPC_S_OK


@rpcrt4.export(category="process")
def UuidCreateSequential(thread: Thread, Uuid: LPVOID) -> RPC_STATUS:
    """Make a UUID from time and a made-up network address: RPC_S_UUID_LOCAL_ONLY says so."""
    # 100 ns since 1582-10-15, the Gregorian reform.
    time = thread.clock.now() + 0x146BF33E42C000
    data = bytearray(random_bytes(thread, 16))
    data[0:8] = (time & 0xFFFFFFFF).to_bytes(4, "little") + (time >> 32).to_bytes(4, "little")
    data[7] = data[7] & 0x0F | 0x10
    data[8] = data[8] & 0x3F | 0x80
    data[10] |= 1
    thread.process.memory.write(Uuid, bytes(data))
    return RPC_S_UUID_LOCAL_ONLY


@rpcrt4.export(category="process")
def UuidCreateNil(thread: Thread, NilUuid: LPVOID) -> RPC_STATUS:
    """Store the UUID of zeros."""
    thread.process.memory.write(NilUuid, bytes(16))
    return RPC_S_OK


async def _to_text(thread: Thread, address: int, wide: bool) -> int:
    text = format_guid(thread.process.memory.read(address, 16)).lower()
    return await guest_heap_new(thread, encode_text(thread, text + "\0", wide))


@rpcrt4.export(category="process")
async def UuidToStringW(thread: Thread, Uuid: LPVOID, StringUuid: Out[LPVOID]) -> RPC_STATUS:
    """Return a UUID as text; the caller frees it with RpcStringFreeW."""
    StringUuid.set(await _to_text(thread, Uuid, True))
    return RPC_S_OK


@rpcrt4.export(category="process")
async def UuidToStringA(thread: Thread, Uuid: LPVOID, StringUuid: Out[LPVOID]) -> RPC_STATUS:
    """Return a UUID as text; the caller frees it with RpcStringFreeA."""
    StringUuid.set(await _to_text(thread, Uuid, False))
    return RPC_S_OK


def _from_text(thread: Thread, text: str | None, target: int) -> int:
    data = parse_guid(text, braces=False) if text is not None else bytes(16)
    if data is None:
        return RPC_S_INVALID_STRING_UUID
    thread.process.memory.write(target, data)
    return RPC_S_OK


@rpcrt4.export(category="process")
def UuidFromStringW(thread: Thread, StringUuid: LPCWSTR, Uuid: LPVOID) -> RPC_STATUS:
    """Read a UUID from text without braces."""
    return _from_text(thread, StringUuid, Uuid)


@rpcrt4.export(category="process")
def UuidFromStringA(thread: Thread, StringUuid: LPCSTR, Uuid: LPVOID) -> RPC_STATUS:
    """Read a UUID from text without braces."""
    return _from_text(thread, None if StringUuid is None else thread.process.decode_ansi(StringUuid), Uuid)


@rpcrt4.export(category="process")
async def RpcStringFreeW(thread: Thread, String: InOut[LPVOID]) -> RPC_STATUS:
    """Free a string and clear the pointer to it."""
    await guest_heap_free(thread, String.get())
    String.set(0)
    return RPC_S_OK


@rpcrt4.export(category="process")
async def RpcStringFreeA(thread: Thread, String: InOut[LPVOID]) -> RPC_STATUS:
    """Free a string and clear the pointer to it."""
    await guest_heap_free(thread, String.get())
    String.set(0)
    return RPC_S_OK


@rpcrt4.export(category="process")
def UuidEqual(thread: Thread, Uuid1: LPVOID, Uuid2: LPVOID, Status: Out[INT]) -> INT:
    """Whether two UUIDs are the same; NULL means zeros."""
    memory = thread.process.memory
    first, second = (memory.read(address, 16) if address else bytes(16) for address in (Uuid1, Uuid2))
    Status.put(RPC_S_OK)
    return int(first == second)


@rpcrt4.export(category="process")
def UuidIsNil(thread: Thread, Uuid: LPVOID, Status: Out[INT]) -> INT:
    """Whether a UUID is all zeros; NULL counts as such."""
    Status.put(RPC_S_OK)
    return int(not Uuid or not any(thread.process.memory.read(Uuid, 16)))


@rpcrt4.export(category="process")
def UuidHash(thread: Thread, Uuid: LPVOID, Status: Out[INT]) -> USHORT:
    """Return a hash value of a UUID."""
    Status.put(RPC_S_OK)
    data = thread.process.memory.read(Uuid, 16) if Uuid else bytes(16)
    return sum((index + 1) * byte for index, byte in enumerate(data)) & 0xFFFF
