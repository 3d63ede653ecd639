"""Binds imports: fills a module's import tables with the addresses of what it imports.

A function that does not exist is bound to a stub that fails with its name when it is called; one that is guest code and
that a trace rule names, to a thunk of the tracer. The rules may change while the program runs: `rebind` follows them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from runtime.loader import builtin
from runtime.loader.module import Module
from runtime.loader.pe_tables import ImportedDll
from runtime.memory.inspect import peek_word
from runtime.nt import status as st
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.nt.process import Process

Export = Callable[[Module, str | int], int | None]
"""The address of a module's export, or None."""


class Binder:
    """The import tables of a process's modules. `export` and `add_stub` are the loader's."""

    def __init__(self, process: Process, export: Export, add_stub: Callable[[bytes], int]) -> None:
        self._process = process
        self._memory = process.memory
        self._export = export
        self._add_stub = add_stub
        self._missing: dict[tuple[str, str], int] = {}

    def bind(self, module: Module, dll: ImportedDll, target: Module | None, *, starting: bool) -> None:
        """Bind what `module` imports from one DLL; `target` is None for a DLL that winfs lacks.

        `starting`: the program's own DLLs are being loaded. Raises NtError when a DLL that is loaded late imports what
        Windows does not have either.
        """
        size = self._process.pointer_size
        run: list[bytes] = []
        start = expected = 0
        for symbol in dll.symbols:
            wanted = symbol.name if symbol.name is not None else symbol.ordinal
            address = self._address(module, dll.name, target, wanted, starting=starting)
            if symbol.thunk != expected:
                if run:
                    self._memory.poke(module.base + start, b"".join(run))
                run, start = [], symbol.thunk
            run.append(address.to_bytes(size, "little"))
            expected = symbol.thunk + size
        if run:
            self._memory.poke(module.base + start, b"".join(run))

    def rebind(self, module: Module, dll: ImportedDll, target: Module) -> None:
        """Have the imports from one DLL follow the trace rules in force.

        What a program has put into its import table itself stays.
        """
        process, size = self._process, self._process.pointer_size
        for symbol in dll.symbols:
            address = self._export(target, symbol.name) if symbol.name is not None else None
            if symbol.name is None or address is None:
                continue
            place = module.base + symbol.thunk
            bound = peek_word(self._memory, place, size)
            tracer = process.guest_tracer
            thunk = tracer.known_thunk(target.name, symbol.name, address) if tracer is not None else None
            if bound in (address, thunk):
                wanted = process.import_thunk(target, symbol.name, address)
                if wanted != bound:
                    self._memory.poke(place, wanted.to_bytes(size, "little"))

    def _address(self, module: Module, dll: str, target: Module | None, wanted: str | int, *, starting: bool) -> int:
        address = self._export(target, wanted) if target is not None else None
        if target is None or address is None:
            name = target.name if target is not None else dll.lower()
            function = wanted if isinstance(wanted, str) else f"#{wanted}"
            module.missing.append(f"{name}!{function}")
            if target is not None and not starting and not _is_a_gap(target, wanted):
                self._refuse_missing(module, target, wanted)
            return self._missing_stub(name, function)
        if isinstance(wanted, str):
            return self._process.import_thunk(target, wanted, address)
        return address

    def _refuse_missing(self, module: Module, target: Module, wanted: str | int) -> None:
        """A DLL that is loaded late may not import what does not exist, unless such functions return zero."""
        if self._process.missing == "zero":
            return
        function = wanted if isinstance(wanted, str) else f"#{wanted}"
        self._process.report(f"winfs: {module.name} needs {target.name}!{function}, which does not exist")
        raise NtError(st.STATUS_ENTRYPOINT_NOT_FOUND if isinstance(wanted, str) else st.STATUS_ORDINAL_NOT_FOUND)

    def _missing_stub(self, dll: str, function: str) -> int:
        """Return the address of a stub that fails with the function's name when it is called."""
        address = self._missing.get((dll, function))
        if address is None:
            number = self._process.add_missing(dll, function)
            address = self._missing[dll, function] = self._add_stub(builtin.trap_code(number))
        return address


def _is_a_gap(target: Module, wanted: str | int) -> bool:
    """Whether Windows has a function that our DLL of that name lacks: a gap of ours, no fault of the program."""
    from runtime.trace.signatures import lookup

    if target.builtin is None and target.name.lower() not in builtin.guest_dlls():
        return False
    return isinstance(wanted, int) or lookup(target.name, wanted) is not None
