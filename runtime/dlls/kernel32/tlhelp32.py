"""tlhelp32.h: snapshots of processes, threads and modules."""

from __future__ import annotations

import struct
from typing import ClassVar

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import BOOL, DWORD, HANDLE, PVOID
from runtime.nt import status as st
from runtime.nt.object import Object, ObjectType
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_SNAPMODULE, _SNAPMODULE32, _SNAPPROCESS, _SNAPTHREAD, _INHERIT = 0x8, 0x10, 0x2, 0x4, 0x80000000


Row = tuple[int | str, ...]


class Snapshot(Object):
    """What CreateToolhelp32Snapshot saw; on Windows the handle is a section."""

    object_type: ClassVar[ObjectType] = ObjectType("Section", 0x20005, 0x20002, 0x20008, 0xF001F)

    def __init__(self, processes: list[Row], threads: list[Row], modules: list[Row]) -> None:
        self.processes = processes
        self.threads = threads
        self.modules = modules
        self.positions = {"process": 0, "thread": 0, "module": 0}


def _base_name(process: Process) -> str:
    return process.image_path.rpartition("\\")[2]


@kernel32.export("process", fails=-1)
def CreateToolhelp32Snapshot(thread: Thread, dwFlags: DWORD, th32ProcessID: DWORD) -> HANDLE:
    machine = thread.process.machine
    living = [process for process in machine.processes.values() if not process.ended]
    processes: list[Row] = []
    threads: list[Row] = []
    modules: list[Row] = []
    if dwFlags & _SNAPPROCESS:
        processes = [(item.pid, len(item.threads), item.parent_pid, item.priority, _base_name(item)) for item in living]
    if dwFlags & _SNAPTHREAD:
        threads = [(item.id, item.process.pid, 8) for process in living for item in process.threads.values()]
    if dwFlags & (_SNAPMODULE | _SNAPMODULE32):
        target = machine.processes.get(th32ProcessID) if th32ProcessID else thread.process
        if target is None:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
        modules = [(target.pid, item.base, item.size, item.name, item.path) for item in target.loader]
    snapshot = Snapshot(processes, threads, modules)
    return thread.process.handles.open(snapshot, 0xF001F, inherit=bool(dwFlags & _INHERIT))


def _next(thread: Thread, handle: int, kind: str, *, first: bool) -> Row:
    snapshot = get_object(thread, handle, Snapshot)
    items = {"process": snapshot.processes, "thread": snapshot.threads, "module": snapshot.modules}[kind]
    if first:
        snapshot.positions[kind] = 0
    position = snapshot.positions[kind]
    if position >= len(items):
        raise Win32Error(st.ERROR_NO_MORE_FILES)
    snapshot.positions[kind] = position + 1
    return items[position]


def _check_size(thread: Thread, entry: int, size: int) -> None:
    if thread.process.memory.read_u32(entry) < size:
        raise Win32Error(st.ERROR_BAD_LENGTH)


def _text(thread: Thread, text: int | str, characters: int, *, wide: bool) -> bytes:
    if wide:
        return str(text).encode("utf-16-le", "surrogatepass")[: 2 * characters - 2].ljust(2 * characters, b"\0")
    return thread.process.encode_ansi(str(text))[: characters - 1].ljust(characters, b"\0")


def _process(thread: Thread, handle: int, entry: int, *, first: bool, wide: bool) -> int:
    size = 44 + 260 * (2 if wide else 1)
    _check_size(thread, entry, size)
    pid, count, parent, priority, name = _next(thread, handle, "process", first=first)
    body = struct.pack("<II4xQIIIiI", 0, pid, 0, 0, count, parent, priority, 0)
    thread.process.memory.write(entry + 4, body + _text(thread, name, 260, wide=wide))
    return 1


@kernel32.export("process")
def Process32FirstW(thread: Thread, hSnapshot: HANDLE, lppe: PVOID) -> BOOL:
    return _process(thread, hSnapshot, lppe, first=True, wide=True)


@kernel32.export("process")
def Process32NextW(thread: Thread, hSnapshot: HANDLE, lppe: PVOID) -> BOOL:
    return _process(thread, hSnapshot, lppe, first=False, wide=True)


@kernel32.export("process")
def Process32First(thread: Thread, hSnapshot: HANDLE, lppe: PVOID) -> BOOL:
    return _process(thread, hSnapshot, lppe, first=True, wide=False)


@kernel32.export("process")
def Process32Next(thread: Thread, hSnapshot: HANDLE, lppe: PVOID) -> BOOL:
    return _process(thread, hSnapshot, lppe, first=False, wide=False)


def _thread(thread: Thread, handle: int, entry: int, *, first: bool) -> int:
    _check_size(thread, entry, 28)
    identifier, owner, priority = _next(thread, handle, "thread", first=first)
    thread.process.memory.write(entry + 4, struct.pack("<IIIiiI", 0, identifier, owner, priority, 0, 0))
    return 1


@kernel32.export("process")
def Thread32First(thread: Thread, hSnapshot: HANDLE, lpte: PVOID) -> BOOL:
    return _thread(thread, hSnapshot, lpte, first=True)


@kernel32.export("process")
def Thread32Next(thread: Thread, hSnapshot: HANDLE, lpte: PVOID) -> BOOL:
    return _thread(thread, hSnapshot, lpte, first=False)


def _module(thread: Thread, handle: int, entry: int, *, first: bool, wide: bool) -> int:
    unit = 2 if wide else 1
    _check_size(thread, entry, 48 + (256 + 260) * unit)
    pid, base, size, name, path = _next(thread, handle, "module", first=first)
    head = struct.pack("<IIII4xQI4xQ", 1, pid, 0xFFFF, 0xFFFF, base, size, base)
    thread.process.memory.write(
        entry + 4, head + _text(thread, name, 256, wide=wide) + _text(thread, path, 260, wide=wide)
    )
    return 1


@kernel32.export("process")
def Module32FirstW(thread: Thread, hSnapshot: HANDLE, lpme: PVOID) -> BOOL:
    return _module(thread, hSnapshot, lpme, first=True, wide=True)


@kernel32.export("process")
def Module32NextW(thread: Thread, hSnapshot: HANDLE, lpme: PVOID) -> BOOL:
    return _module(thread, hSnapshot, lpme, first=False, wide=True)


@kernel32.export("process")
def Module32First(thread: Thread, hSnapshot: HANDLE, lpme: PVOID) -> BOOL:
    return _module(thread, hSnapshot, lpme, first=True, wide=False)


@kernel32.export("process")
def Module32Next(thread: Thread, hSnapshot: HANDLE, lpme: PVOID) -> BOOL:
    return _module(thread, hSnapshot, lpme, first=False, wide=False)
