"""Starting a program from a program: what CreateProcess does, in NT's terms."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runtime.loader.pe import Image, ImageError, SideBySideError, WrongMachineError
from runtime.loader.peb import Parameters
from runtime.loader.search import SYSTEM_DIRECTORY, WINDOWS_DIRECTORY, directory_of
from runtime.nt import status as st
from runtime.nt.handles import HandleEntry
from runtime.nt.job import LIMIT_BREAKAWAY_OK, LIMIT_SILENT_BREAKAWAY_OK
from runtime.nt.status import NtError, Win32Error
from runtime.nt.system_programs import SHELL, is_batch_file, shell_line
from runtime.nt.token import SECURITY_ANONYMOUS, TOKEN_PRIMARY, Token

if TYPE_CHECKING:
    from runtime.nt.debug_object import DebugObject
    from runtime.nt.process import Process
    from runtime.nt.thread import Thread

DEBUG_PROCESS = 0x1
DEBUG_ONLY_THIS_PROCESS = 0x2
CREATE_SUSPENDED = 0x4
DETACHED_PROCESS = 0x8
CREATE_NEW_CONSOLE = 0x10
CREATE_NEW_PROCESS_GROUP = 0x200
CREATE_UNICODE_ENVIRONMENT = 0x400
EXTENDED_STARTUPINFO_PRESENT = 0x80000
CREATE_BREAKAWAY_FROM_JOB = 0x1000000
CREATE_NO_WINDOW = 0x8000000
STARTF_USESTDHANDLES = 0x100


@dataclass(slots=True)
class Startup:
    """STARTUPINFO and the attributes that matter here."""

    flags: int = 0
    show_window: int = 1
    title: str = ""
    desktop: str = ""
    runtime_data: bytes = b""
    standard_handles: tuple[int, int, int] = (0, 0, 0)
    window: tuple[int, int, int, int, int, int, int] = (0, 0, 0, 0, 0, 0, 0)
    handle_list: list[int] | None = None
    """The only handles to inherit (PROC_THREAD_ATTRIBUTE_HANDLE_LIST)."""
    jobs: list[int] = field(default_factory=list)
    parent: int = 0
    """Handle of the process to be the parent instead of the caller."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that was found: its Windows path and image, and the command line it gets."""

    path: str
    image: Image
    command_line: str


def find_program(process: Process, application: str | None, command_line: str) -> Program:
    """Find the program that CreateProcess means.

    Without an application name it is the first word of the command line; an unquoted one with spaces is tried word by
    word, as documented. For a batch file it is cmd.exe, with the command line as its argument.
    Raises Win32Error: ERROR_FILE_NOT_FOUND, ERROR_BAD_EXE_FORMAT, …
    """
    if application is not None:
        path = process.full_path(application)
        found = _open(process, path, command_line)
        if found is None and "." not in path.rpartition("\\")[2]:
            found = _open(process, path + ".exe", command_line)
        if found is None:
            raise Win32Error(st.ERROR_FILE_NOT_FOUND)
        return found
    text = command_line.lstrip(" \t")
    if text.startswith('"'):
        candidates = [text[1:].partition('"')[0]]
    else:
        words = text.split(" ")
        candidates = [" ".join(words[: count + 1]) for count in range(len(words))]
    for candidate in candidates:
        found = _search(process, candidate.rstrip(" \t"), command_line)
        if found is not None:
            return found
    raise Win32Error(st.ERROR_FILE_NOT_FOUND)


def _search(process: Process, name: str, command_line: str) -> Program | None:
    if not name:
        return None
    last = name.replace("/", "\\").rpartition("\\")[2]
    names = [name] if "." in last else [name + ".exe", name]
    if "\\" in name or "/" in name or name[1:2] == ":":
        folders = [""]
    else:
        path = process.environment().get("PATH", "")
        folders = [
            directory_of(process.image_path), process.current_directory.rstrip("\\"), SYSTEM_DIRECTORY,
            WINDOWS_DIRECTORY + "\\System", WINDOWS_DIRECTORY, *(item.strip('"') for item in path.split(";") if item),
        ]  # fmt: skip
    for candidate in names:
        for folder in folders:
            place = process.full_path(f"{folder}\\{candidate}" if folder else candidate)
            found = _open(process, place, command_line)
            if found is not None:
                return found
    return None


def _open(process: Process, path: str, command_line: str) -> Program | None:
    if is_batch_file(path) and process.machine.is_file(path):
        return _open(process, SHELL, shell_line(command_line))
    try:
        image = process.machine.open_image(path)
        if image is None:
            return None
        image.check_machine()
        image.check_loadable()
    except WrongMachineError:
        raise Win32Error(st.ERROR_EXE_MACHINE_TYPE_MISMATCH) from None
    except ImageError:
        raise Win32Error(st.ERROR_BAD_EXE_FORMAT) from None
    if image.is_dll:
        raise Win32Error(st.ERROR_BAD_EXE_FORMAT)
    return Program(path, image, command_line)


def create_process(parent: Process, program: Program, *, inherit: bool, flags: int, environment: bytes | None,
                   directory: str | None, startup: Startup, debugger: DebugObject | None = None,
                   token: Token | None = None) -> Thread:  # fmt: skip
    """Start `program` as a child of `parent`; return its first thread. Raises NtError, Win32Error.

    Without a `debugger` of its own it is debugged by the parent's, unless that debugs the parent only. It gets a copy
    of `token`, by default of the parent's: what either changes in its own does not concern the other.
    """
    machine = parent.machine
    folder = parent.current_directory
    if directory is not None:
        folder = parent.full_path(directory)
        with machine.drives.resolve(folder) as location:
            if not location.exists or not location.is_directory:
                raise Win32Error(st.ERROR_DIRECTORY)
    process = machine.new_process(parent, (token or parent.token).duplicate(TOKEN_PRIMARY, SECURITY_ANONYMOUS))
    if parent.report_descriptor >= 0:
        process.report_descriptor = os.dup(parent.report_descriptor)
    process.error_mode = parent.error_mode
    if inherit:
        _inherit(parent, process, startup.handle_list)
    handles = _standard_handles(parent, process, startup, inherit=inherit, detached=bool(flags & DETACHED_PROCESS))
    if parent.console is not None and not flags & DETACHED_PROCESS:
        process.console = parent.console
        parent.console.attach(process)
    _join_job(parent, process, flags)
    if debugger is None and parent.debug_port is not None and not parent.no_debug_inherit:
        debugger = parent.debug_port
    if debugger is not None:
        debugger.adopt(process)
        process.no_debug_inherit = bool(flags & DEBUG_ONLY_THIS_PROCESS)
    block = environment if environment is not None else parent.environment().block()
    parameters = Parameters(
        program.path, program.command_line, folder, block,
        window_title=startup.title or program.path, desktop=startup.desktop or "WinSta0\\Default",
        runtime_data=startup.runtime_data, standard_handles=handles, flags=startup.flags,
        show_window=startup.show_window, window=startup.window,
        group=process.pid if flags & CREATE_NEW_PROCESS_GROUP else parent.group,
    )  # fmt: skip
    process.group = parameters.group or process.pid
    try:
        return machine.start(process, program.image, program.path, parameters, suspended=bool(flags & CREATE_SUSPENDED))
    except SideBySideError as error:
        parent.report(f"winfs: {error}")
        raise NtError(st.STATUS_SXS_CANT_GEN_ACTCTX) from None
    except ImageError:
        raise NtError(st.STATUS_INVALID_IMAGE_FORMAT) from None


def _inherit(parent: Process, child: Process, only: list[int] | None) -> None:
    if only is None:
        child.handles.inherited_from(parent.handles)
        return
    entries = {handle: parent.handles.entry(handle) for handle in only}
    child.handles.adopt(entries)


def _standard_handles(parent: Process, child: Process, startup: Startup, *, inherit: bool,
                      detached: bool) -> tuple[int, int, int]:  # fmt: skip
    """Return the child's standard handles: those of STARTUPINFO, else duplicates of the parent's."""
    if startup.flags & STARTF_USESTDHANDLES:
        return startup.standard_handles
    if detached:
        return 0, 0, 0
    memory = parent.memory
    given = [memory.read_u64(parent.parameters + offset) for offset in (0x20, 0x28, 0x30)]
    found = []
    for handle in given:
        entry: HandleEntry | None
        try:
            entry = parent.handles.entry(handle) if handle else None
        except NtError:
            entry = None
        if entry is None:
            found.append(0)
        elif inherit and entry.inherit and (startup.handle_list is None or handle in startup.handle_list):
            found.append(handle)
        else:
            found.append(child.handles.insert(entry.item, entry.access, inherit=entry.inherit))
    return found[0], found[1], found[2]


def _join_job(parent: Process, child: Process, flags: int) -> None:
    job = parent.job
    if job is None or job.limits & LIMIT_SILENT_BREAKAWAY_OK:
        return
    if flags & CREATE_BREAKAWAY_FROM_JOB:
        if not job.limits & LIMIT_BREAKAWAY_OK:
            child.terminate(st.STATUS_ACCESS_DENIED)
            raise NtError(st.STATUS_ACCESS_DENIED)
        return
    job.assign(child)
