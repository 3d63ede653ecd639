"""Job objects: groups of processes that are limited, counted and ended together."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, ClassVar

from runtime.nt import status as st
from runtime.nt.completion import IoCompletion
from runtime.nt.object import ObjectType
from runtime.nt.status import NtError
from runtime.nt.wait import Waitable, WaitingThread

if TYPE_CHECKING:
    from runtime.nt.process import Process

JOB_TYPE = ObjectType("Job", read=0x20004, write=0x2000B, execute=0x120000, all=0x1F003F)

LIMIT_ACTIVE_PROCESS = 0x8
LIMIT_BREAKAWAY_OK = 0x800
LIMIT_SILENT_BREAKAWAY_OK = 0x1000
LIMIT_KILL_ON_JOB_CLOSE = 0x2000

_MSG_ACTIVE_PROCESS_ZERO = 4
_MSG_NEW_PROCESS = 6
_MSG_EXIT_PROCESS = 7
_MSG_ABNORMAL_EXIT_PROCESS = 8

_SIZES = {2: 64, 4: 4, 5: 4, 9: 144, 15: 8}


class Job(Waitable):
    """One job. It is signalled when its last process has ended after a time limit; otherwise never."""

    object_type: ClassVar[ObjectType] = JOB_TYPE

    def __init__(self) -> None:
        self.processes: dict[int, Process] = {}
        self.total = 0
        self.terminated = 0
        self.user_time = 0
        self.settings: dict[int, bytes] = {
            2: bytes(64),
            4: bytes(4),
            9: bytes(144),
            15: bytes(8),
        }
        self._port: IoCompletion | None = None
        self._key = 0

    @property
    def limits(self) -> int:
        """JOB_OBJECT_LIMIT_* flags."""
        return int.from_bytes(self.settings[2][16:20], "little")

    def signalled(self, thread: WaitingThread) -> bool:
        """Jobs are not signalled by processes ending."""
        return False

    def assign(self, process: Process) -> None:
        """AssignProcessToJobObject. Raises NtError(STATUS_ACCESS_DENIED) for one that is in another job."""
        if process.job is self:
            return
        if process.job is not None:
            raise NtError(st.STATUS_ACCESS_DENIED)
        active = int.from_bytes(self.settings[2][40:44], "little")
        if self.limits & LIMIT_ACTIVE_PROCESS and len(self.processes) >= active:
            process.terminate(st.STATUS_QUOTA_EXCEEDED)
            raise NtError(st.STATUS_QUOTA_EXCEEDED)
        process.job = self
        self.processes[process.pid] = process
        self.total += 1
        self._tell(_MSG_NEW_PROCESS, process.pid)

    def process_ended(self, process: Process) -> None:
        """One of the job's processes has ended."""
        self.processes.pop(process.pid, None)
        self.user_time += process.times()[1]
        abnormal = process.exit_status >= 0xC0000000
        self._tell(_MSG_ABNORMAL_EXIT_PROCESS if abnormal else _MSG_EXIT_PROCESS, process.pid)
        if not self.processes:
            self._tell(_MSG_ACTIVE_PROCESS_ZERO, 0)

    def _tell(self, message: int, value: int) -> None:
        if self._port is not None:
            self._port.post(self._key, value, st.STATUS_SUCCESS, message)

    def terminate(self, exit_status: int) -> None:
        """TerminateJobObject: end every process of the job."""
        for process in list(self.processes.values()):
            self.terminated += 1
            process.terminate(exit_status)

    def closed(self) -> None:
        """The last handle is gone."""
        if self.limits & LIMIT_KILL_ON_JOB_CLOSE:
            self.terminate(0)

    def set(self, information_class: int, data: bytes) -> None:
        """Store a limit. Raises NtError."""
        if information_class not in _SIZES:
            raise NtError(st.STATUS_INVALID_INFO_CLASS)
        if len(data) != _SIZES[information_class]:
            raise NtError(st.STATUS_INFO_LENGTH_MISMATCH)
        self.settings[information_class] = data
        if information_class == 9:
            self.settings[2] = data[:64]
        elif information_class == 2:
            self.settings[9] = data + self.settings[9][64:]

    def associate(self, port: IoCompletion, key: int) -> None:
        """Send the job's messages to a completion port."""
        self._port, self._key = port, key
        for pid in self.processes:
            self._tell(_MSG_NEW_PROCESS, pid)

    def query(self, information_class: int, room: int) -> bytes:
        """Return what a query gives; lists are cut to `room` bytes. Raises NtError."""
        match information_class:
            case 1 | 8:  # JobObjectBasicAccountingInformation, …AndIoAccountingInformation
                user = self.user_time + sum(process.times()[1] for process in self.processes.values())
                data = struct.pack("<4qIIII", user, 0, user, 0, 0, self.total, len(self.processes), self.terminated)
                return data if information_class == 1 else data + bytes(48)
            case 3:  # JobObjectBasicProcessIdList
                pids = list(self.processes)
                fits = pids[: max(room - 8, 0) // 8]
                return struct.pack(f"<II{len(fits)}Q", len(pids), len(fits), *fits)
            case 2 | 4 | 9 | 15:
                return self.settings[information_class]
        raise NtError(st.STATUS_INVALID_INFO_CLASS)

    def state(self) -> dict[str, str | int | bool | None]:
        """What this job is, as plain data."""
        return {**super().state(), "processes": len(self.processes), "total": self.total, "limits": self.limits}
