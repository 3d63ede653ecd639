"""What programs and winfs itself fail of: exceptions that nothing handles, functions and DLLs that are not there, bugs.

Each tells the person who runs the program, the trace, and ends the process where it cannot go on.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Final

from runtime.cpu.engine import Gpr
from runtime.memory.faults import MemoryFault
from runtime.nt import status as st
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.loader.module import Module
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread

log = logging.getLogger(__name__)

_REDISTRIBUTABLE: Final = re.compile(r"(?i)(msvcp|concrt|vccorlib|vcomp|vcamp|vcruntime)\d+.*\.dll")


def unhandled_exception(thread: Thread, record: bytes, context: bytes | bytearray) -> None:
    """Nothing handled an exception: a debugger has its second chance, else the process crashes."""
    port = thread.process.debug_port
    if port is None or not port.exception(thread, record, context, first_chance=False):
        crash(thread, record, context)


def crash(thread: Thread, record: bytes, context: bytes | bytearray) -> None:
    """Report an exception and end the process with its code."""
    from runtime.nt.crash import Crash  # which is above the module of exceptions, and that above this one

    process = thread.process
    found = Crash(thread, record, bytes(context))
    process.report(found.report())
    process.machine.trace.crash(thread, found.code, found.rip, found.facts)
    dump = process.crash_dump
    if dump is None and process.machine.config.crash_dumps != "none" and not process.terminating:
        from runtime.nt.minidump.crash import automatic

        dump = automatic(process, full=process.machine.config.crash_dumps == "full")
    if dump is None:
        process.terminate(found.code, "unhandled exception " + st.status_name(found.code))
    else:
        process.crash_dump = None
        dump.start(found)


def missing_function(thread: Thread, module: str, function: str) -> None:
    """The program called a function that does not exist here."""
    process = thread.process
    probe = process.machine.trace.raw_probe(module, function, always=True)
    registers = thread.context.registers

    def argument(index: int) -> int:
        if index < 4:
            return int(registers[(Gpr.RCX, Gpr.RDX, Gpr.R8, Gpr.R9)[index]])
        try:
            return process.memory.read_pointer(int(registers[Gpr.RSP]) + 8 + 8 * index)
        except MemoryFault:
            return 0

    arguments = probe.arguments(argument)
    token = probe.call(thread, arguments)
    zero = process.missing == "zero"
    error = None if zero else NtError(st.STATUS_ENTRYPOINT_NOT_FOUND)
    probe.ret(thread, token, arguments, 0 if zero else None, error)
    caller = process.loader.describe(thread.caller)
    prototype = probe.signature.prototype() if probe.signature is not None else f"{function}(...)"
    process.report(f"winfs: {module}!{function} does not exist yet; called from {caller}: {prototype}")
    if not zero:
        process.terminate(st.STATUS_ENTRYPOINT_NOT_FOUND, f"missing function {module}!{function}")


def unknown_service(thread: Thread, name: str) -> None:
    """The program made a system call that is not served."""
    probe = thread.process.machine.trace.raw_probe("ntdll.dll", name, always=True)
    token = probe.call(thread, [])
    probe.ret(thread, token, [], None, NtError(st.STATUS_INVALID_SYSTEM_SERVICE))


def missing_dll(process: Process, module: Module, name: str) -> None:
    """An image needs a DLL that is nowhere."""
    hint = " (`winfs redist install` fetches it)" if _REDISTRIBUTABLE.match(name) else ""
    process.report(f"winfs: {module.name} needs {name}, which was not found{hint}")


def internal_error(thread: Thread, where: str, error: Exception) -> None:
    """A handler of ours broke down: say where, end the process; the machine goes on."""
    log.error("internal error in %s", where, exc_info=error)
    thread.process.report(f"winfs: internal error in {where}: {type(error).__name__}: {error}")
    thread.process.terminate(st.STATUS_INTERNAL_ERROR, f"internal error in {where}")
