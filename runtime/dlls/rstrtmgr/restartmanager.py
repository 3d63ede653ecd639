"""restartmanager.h: which processes use a file. Programs ask when they cannot open one."""

from __future__ import annotations

import itertools
import struct
from dataclasses import dataclass, field

from runtime.dlls.process_state import process_state
from runtime.dlls.rstrtmgr.dll import rstrtmgr
from runtime.dlls.text import encode_wide
from runtime.dlls.types import DWORD, LPVOID, LPWSTR, LSTATUS, PVOID, InOut, Out
from runtime.nt.disk_file import DiskFile
from runtime.nt.process import Process
from runtime.nt.status import ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_MORE_DATA, Win32Error
from runtime.nt.thread import Thread

CATEGORY = "process"
RM_CONSOLE = 5
RM_STATUS_RUNNING = 1
_MAXIMUM_SESSIONS = 64
_MAXIMUM_RESOURCES = 0x10000


@dataclass(slots=True)
class Session:
    """What one session was told to look after."""

    files: list[str] = field(default_factory=list)
    processes: set[int] = field(default_factory=set)


class Sessions:
    """The sessions of a process."""

    def __init__(self) -> None:
        self.open: dict[int, Session] = {}
        self.numbers = itertools.count()


def _session(thread: Thread, number: int) -> Session:
    found = process_state(thread.process, Sessions).open.get(number)
    if found is None:
        raise Win32Error(ERROR_INVALID_HANDLE)
    return found


@rstrtmgr.export(category=CATEGORY)
def RmStartSession(thread: Thread, pSessionHandle: Out[DWORD], dwSessionFlags: DWORD, strSessionKey: LPWSTR) -> LSTATUS:
    """Begin a session; its key is text of 32 characters."""
    sessions = process_state(thread.process, Sessions)
    if not pSessionHandle or not strSessionKey or dwSessionFlags or len(sessions.open) >= _MAXIMUM_SESSIONS:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    number = next(sessions.numbers)
    sessions.open[number] = Session()
    key = f"{thread.process.machine.random.getrandbits(128):032x}"
    thread.process.memory.write(strSessionKey, encode_wide(key + "\0"))
    pSessionHandle.set(number)
    return 0


@rstrtmgr.export(category=CATEGORY)
def RmEndSession(thread: Thread, dwSessionHandle: DWORD) -> LSTATUS:
    """End a session."""
    _session(thread, dwSessionHandle)
    del process_state(thread.process, Sessions).open[dwSessionHandle]
    return 0


@rstrtmgr.export(category=CATEGORY)
def RmRegisterResources(
    thread: Thread, dwSessionHandle: DWORD, nFiles: DWORD, rgsFileNames: LPVOID, nApplications: DWORD,
    rgApplications: LPVOID, nServices: DWORD, rgsServiceNames: LPVOID,
) -> LSTATUS:  # fmt: skip
    """Add files and processes to a session; services run here none."""
    session = _session(thread, dwSessionHandle)
    memory = thread.process.memory
    if max(nFiles, nApplications) > _MAXIMUM_RESOURCES:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    for index in range(nFiles):
        name = memory.read_wstr(memory.read_pointer(rgsFileNames + index * memory.pointer_size))
        session.files.append(thread.process.full_path(name).lower())
    for index in range(nApplications):
        session.processes.add(memory.read_u32(rgApplications + 12 * index))
    return 0


def _files_of(process: Process) -> set[str]:
    """Return the Windows paths of the files and modules a process has open, in lower case."""
    found = {module.path.lower() for module in process.loader.modules}
    for _, entry in process.handles:
        if isinstance(entry.item, DiskFile):
            found.add(f"{entry.item.drive.letter}:{entry.item.file_name}".lower())
    return found


@rstrtmgr.export(category=CATEGORY)
def RmGetList(
    thread: Thread, dwSessionHandle: DWORD, pnProcInfoNeeded: Out[DWORD], pnProcInfo: InOut[DWORD],
    rgAffectedApps: PVOID, lpdwRebootReasons: Out[DWORD],
) -> LSTATUS:  # fmt: skip
    """List the processes that use what the session holds, as RM_PROCESS_INFO."""
    session = _session(thread, dwSessionHandle)
    if not pnProcInfoNeeded or not pnProcInfo:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    wanted = set(session.files)
    users = [
        process
        for process in thread.process.machine.processes.values()
        if not process.ended and (process.pid in session.processes or wanted & _files_of(process))
    ]
    room = pnProcInfo.get()
    pnProcInfoNeeded.set(len(users))
    lpdwRebootReasons.put(0)
    if users and room < len(users):
        raise Win32Error(ERROR_MORE_DATA)
    for index, process in enumerate(users):
        name = process.image_path.rpartition("\\")[2].removesuffix(".exe")[:255]
        data = struct.pack("<IQ", process.pid, process.create_time)
        data += encode_wide(name).ljust(512, b"\0") + bytes(128)
        data += struct.pack("<IIII", RM_CONSOLE, RM_STATUS_RUNNING, 0, 0)
        thread.process.memory.write(rgAffectedApps + len(data) * index, data)
    pnProcInfo.set(len(users))
    return 0
