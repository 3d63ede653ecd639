"""Control events: Ctrl-C, Ctrl-Break and the end of a console reach programs on a thread of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.nt.console import Console
    from runtime.nt.process import Process

CTRL_C_EVENT = 0
CTRL_BREAK_EVENT = 1
CTRL_CLOSE_EVENT = 2
CTRL_LOGOFF_EVENT = 5
CTRL_SHUTDOWN_EVENT = 6


def send_control_event(console: Console, event: int, group: int = 0) -> None:
    """Tell the processes of a console (of one process group, if given); the machine's lock is held."""
    if event == CTRL_C_EVENT:
        console.input.interrupt()
    for process in reversed(console.processes):
        if not group or process.pid == group:
            deliver(process, event)


def deliver(process: Process, event: int) -> None:
    """Start a thread that calls the process's handlers; a process too young for it ends, as it would by default."""
    if process.ended or process.terminating:
        return
    try:
        if not process.initialized:
            raise NtError(0)
        process.create_thread(process.modules.address_of("kernel32.dll", "CtrlRoutine"), event)
    except NtError:
        process.terminate(0xC000013A, "control event")
