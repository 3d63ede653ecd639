"""Memory that an API call hands to the program: allocated on the program's own process heap by its own allocator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.nt.status import ERROR_NOT_ENOUGH_MEMORY, Win32Error

if TYPE_CHECKING:
    from runtime.nt.thread import Thread

HEAP_ZERO_MEMORY = 8


def process_heap(thread: Thread) -> int:
    """Return the handle of the process heap (PEB.ProcessHeap)."""
    process = thread.process
    return process.memory.read_pointer(process.peb + process.layout.process_heap)


async def guest_heap_alloc(thread: Thread, size: int, *, zero: bool = False) -> int:
    """Allocate `size` bytes on the process heap; 0 when memory is short."""
    allocate = thread.process.modules.address_of("ntdll.dll", "RtlAllocateHeap")
    return await thread.call(allocate, process_heap(thread), HEAP_ZERO_MEMORY if zero else 0, size)


async def guest_heap_new(thread: Thread, data: bytes) -> int:
    """Allocate a block that holds `data`. Raises Win32Error(ERROR_NOT_ENOUGH_MEMORY)."""
    address = await guest_heap_alloc(thread, max(len(data), 1))
    if not address:
        raise Win32Error(ERROR_NOT_ENOUGH_MEMORY)
    thread.process.memory.write(address, data)
    return address


async def guest_heap_free(thread: Thread, address: int) -> bool:
    """Free a block of the process heap; NULL is ignored."""
    if not address:
        return True
    free = thread.process.modules.address_of("ntdll.dll", "RtlFreeHeap")
    return bool(await thread.call(free, process_heap(thread), 0, address) & 0xFF)


async def guest_heap_realloc(thread: Thread, address: int, size: int) -> int:
    """Change the size of a block; returns its new address, or 0 with the old block left alone."""
    if not address:
        return await guest_heap_alloc(thread, size)
    resize = thread.process.modules.address_of("ntdll.dll", "RtlReAllocateHeap")
    return await thread.call(resize, process_heap(thread), 0, address, size)


async def guest_heap_size(thread: Thread, address: int) -> int:
    """Return the size of a block of the process heap in bytes."""
    measure = thread.process.modules.address_of("ntdll.dll", "RtlSizeHeap")
    return await thread.call(measure, process_heap(thread), 0, address)
