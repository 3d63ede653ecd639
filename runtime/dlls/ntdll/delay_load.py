"""Delay-loaded DLLs served by the system: what linkers call instead of a helper of the program's own.

Source: ResolveDelayLoadedAPI in Microsoft's documentation, ImgDelayDescr (delayimp.h), DELAYLOAD_INFO
(delayloadhandler.h).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.ntdll.dll import ntdll
from runtime.dlls.types import LPCSTR, NTSTATUS, PVOID, ULONG
from runtime.memory.space import AddressSpace
from runtime.nt import status as st
from runtime.nt.loading import load_module, procedure
from runtime.nt.status import NtError
from runtime.nt.thread import Thread

_DESCRIPTOR_SIZE = 32
_BY_ORDINAL = 1 << 63
_GPA_FAILURE = 4
_MOST_IMPORTS = 0x10000


class _Descriptor(NamedTuple):
    """IMAGE_DELAYLOAD_DESCRIPTOR, its RVAs made addresses."""

    base: int
    name: int
    handle: int
    thunks: int
    lookup: int

    @classmethod
    def read(cls, memory: AddressSpace, base: int, address: int) -> _Descriptor:
        """Raises NtError(STATUS_INVALID_PARAMETER) for the old form with addresses instead of RVAs."""
        attributes, *places = struct.unpack("<8I", memory.read(address, _DESCRIPTOR_SIZE))
        if not attributes & 1:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        return cls(base, *(base + place for place in places[:4]))


async def _resolve(thread: Thread, descriptor: _Descriptor, thunk: int) -> int:
    """Load the DLL if need be and find the function. Raises NtError."""
    memory = thread.process.memory
    entry = memory.read_u64(descriptor.lookup + thunk - descriptor.thunks)
    handle = memory.read_u64(descriptor.handle)
    if not handle:
        name = memory.read_str(descriptor.name).decode("latin-1")
        handle = (await load_module(thread, name, 0)).base
        memory.poke(descriptor.handle, handle.to_bytes(8, "little"))
    if entry & _BY_ORDINAL:
        return await procedure(thread, handle, entry & 0xFFFF)
    return await procedure(
        thread, handle, memory.read_str(descriptor.base + (entry & 0x7FFFFFFF) + 2).decode("latin-1")
    )


async def _failed(thread: Thread, descriptor: _Descriptor, table: int, thunk: int, error: NtError,
                  dll_hook: int, system_hook: int) -> int:  # fmt: skip
    """Ask the program's hook, then the system's, for what is to be called instead; 0 for nothing."""
    memory = thread.process.memory
    entry = memory.read_u64(descriptor.lookup + thunk - descriptor.thunks)
    by_name = not entry & _BY_ORDINAL
    function = descriptor.base + (entry & 0x7FFFFFFF) + 2 if by_name else entry & 0xFFFF
    if dll_hook:
        data = struct.pack("<I4x3QI4x3QI4x", 72, table, thunk, descriptor.name, by_name, function,
                           memory.read_u64(descriptor.handle), 0, error.status)  # fmt: skip
        info = await guest_heap_new(thread, data)
        instead = await thread.call(dll_hook, _GPA_FAILURE, info)
        await guest_heap_free(thread, info)
        if instead:
            return instead
    return await thread.call(system_hook, descriptor.name, function) if system_hook else 0


async def _resolve_api(thread: Thread, base: int, table: int, dll_hook: int, system_hook: int, thunk: int) -> int:
    descriptor = _Descriptor.read(thread.process.memory, base, table)
    try:
        address = await _resolve(thread, descriptor, thunk)
    except NtError as error:
        address = await _failed(thread, descriptor, table, thunk, error, dll_hook, system_hook)
    if address:
        thread.process.memory.poke(thunk, address.to_bytes(8, "little"))
    return address


@ntdll.export("dll")
async def LdrResolveDelayLoadedAPI(
    thread: Thread, ParentModuleBase: PVOID, DelayloadDescriptor: PVOID, FailureDllHook: PVOID,
    FailureSystemHook: PVOID, ThunkAddress: PVOID, Flags: ULONG,
) -> PVOID:  # fmt: skip
    """Bind one import of a delay-loaded DLL and return its address; 0 where there is none and no hook has another."""
    return await _resolve_api(
        thread, ParentModuleBase, DelayloadDescriptor, FailureDllHook, FailureSystemHook, ThunkAddress
    )


@ntdll.export("dll")
async def LdrResolveDelayLoadsFromDll(
    thread: Thread, ParentBase: PVOID, TargetDllName: LPCSTR, Flags: ULONG
) -> NTSTATUS:
    """Bind all imports that a module has from one delay-loaded DLL."""
    memory = thread.process.memory
    module = thread.process.loader.by_base(ParentBase)
    if module is None or module.image is None or Flags:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    wanted = (TargetDllName or b"").lower()
    table, size = module.image.directories[13]
    for place in range(module.base + table, module.base + table + size, _DESCRIPTOR_SIZE) if table else ():
        if not memory.read_u32(place + 4):
            break
        descriptor = _Descriptor.read(memory, module.base, place)
        if memory.read_str(descriptor.name).lower() != wanted:
            continue
        for index in range(_MOST_IMPORTS):
            if not memory.read_u64(descriptor.lookup + 8 * index):
                break
            thunk = descriptor.thunks + 8 * index
            memory.poke(thunk, (await _resolve(thread, descriptor, thunk)).to_bytes(8, "little"))
        return st.STATUS_SUCCESS
    raise NtError(st.STATUS_DLL_NOT_FOUND)
