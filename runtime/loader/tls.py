"""Static thread-local storage: `__declspec(thread)` variables of the program and its DLLs."""

from __future__ import annotations

from typing import Final

from runtime.loader.module import Module
from runtime.loader.peb import Arena
from runtime.memory.space import AddressSpace
from runtime.nt.layout import Layout

_VECTOR_HEADROOM: Final = 32
"""Slots a thread's vector has beyond those in use, for DLLs that are loaded later."""


class StaticTls:
    """Assigns TLS indexes to modules and gives every thread its blocks."""

    def __init__(self, memory: AddressSpace, layout: Layout, arena: Arena) -> None:
        self._memory = memory
        self._layout = layout
        self._arena = arena
        self._modules: list[Module | None] = []
        self._vectors: dict[int, int] = {}
        """Slots in each thread's vector, by TEB."""
        self._spare: list[tuple[int, int]] = []
        self._spare_vectors: list[tuple[int, int]] = []

    def add(self, module: Module, tebs: list[int]) -> None:
        """Give a module with a TLS directory its index, and existing threads their blocks."""
        assert module.tls is not None
        index = self._modules.index(None) if None in self._modules else len(self._modules)
        if index == len(self._modules):
            self._modules.append(module)
        else:
            self._modules[index] = module
        module.tls_index = index
        self._memory.poke(module.base + module.tls.index_slot, index.to_bytes(4, "little"))
        for teb in tebs:
            self._give(teb, module)

    def remove(self, module: Module, tebs: list[int]) -> None:
        """A module is unloaded: its index and blocks are free again."""
        pointer_size = self._memory.pointer_size
        for teb in tebs:
            vector = self._memory.read_pointer(teb + self._layout.tls_pointer)
            if vector and module.tls_index < self._vectors.get(teb, 0):
                slot = vector + module.tls_index * pointer_size
                self._release_block(self._memory.read_pointer(slot), module)
                self._memory.write_pointer(slot, 0)
        self._modules[module.tls_index] = None
        module.tls_index = -1

    def new_thread(self, teb: int) -> None:
        """Give a new thread its vector and blocks."""
        if self._modules:
            for module in self._modules:
                if module is not None:
                    self._give(teb, module)

    def thread_gone(self, teb: int) -> None:
        """A thread has ended: what it had can serve another."""
        vector = self._memory.read_pointer(teb + self._layout.tls_pointer)
        slots = self._vectors.pop(teb, 0)
        if not vector:
            return
        for module in self._modules:
            if module is not None and module.tls_index < slots:
                block = self._memory.read_pointer(vector + module.tls_index * self._memory.pointer_size)
                self._release_block(block, module)
        self._spare_vectors.append((slots, vector))
        self._memory.write_pointer(teb + self._layout.tls_pointer, 0)

    def _give(self, teb: int, module: Module) -> None:
        assert module.tls is not None
        memory, tls = self._memory, module.tls
        template = memory.read(module.base + tls.template, tls.template_size) if tls.template_size else b""
        size = tls.template_size + tls.zero_fill
        block = self._new_block(max(size, 16), max(tls.alignment, 16))
        memory.write(block, template)
        if tls.zero_fill:
            memory.fill(block + tls.template_size, tls.zero_fill)
        vector = self._vector(teb, module.tls_index + 1)
        memory.write_pointer(vector + module.tls_index * memory.pointer_size, block)

    def _vector(self, teb: int, needed: int) -> int:
        memory = self._memory
        pointer_size = memory.pointer_size
        vector = memory.read_pointer(teb + self._layout.tls_pointer)
        slots = self._vectors.get(teb, 0)
        if vector and needed <= slots:
            return vector
        wanted = len(self._modules) + _VECTOR_HEADROOM
        reusable = next((item for item in self._spare_vectors if item[0] >= wanted), None)
        if reusable is not None:
            self._spare_vectors.remove(reusable)
            wanted, fresh = reusable
            memory.fill(fresh, wanted * pointer_size)
        else:
            fresh = self._arena.allocate(wanted * pointer_size)
        if vector:
            memory.write(fresh, memory.read(vector, slots * pointer_size))
        memory.write_pointer(teb + self._layout.tls_pointer, fresh)
        self._vectors[teb] = wanted
        return fresh

    def _new_block(self, size: int, alignment: int) -> int:
        for item in self._spare:
            if item[0] == size and item[1] % alignment == 0:
                self._spare.remove(item)
                return item[1]
        return self._arena.allocate(size, alignment)

    def _release_block(self, block: int, module: Module) -> None:
        assert module.tls is not None
        if block:
            self._spare.append((max(module.tls.template_size + module.tls.zero_fill, 16), block))
