"""psapi.h: the K32 functions; psapi.dll forwards its own names here."""

from __future__ import annotations

import struct
from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import BOOL, DWORD, HANDLE, HMODULE, LPSTR, LPWSTR, PVOID, Out, OutBytes
from runtime.loader.module import Module
from runtime.memory.constants import MEM_IMAGE, MEM_MAPPED
from runtime.nt import status as st
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_QUERY = 0x1000


def _fill(thread: Thread, items: list[int], form: str, buffer: int, size: int, needed: Out[DWORD]) -> int:
    width = struct.calcsize(form)
    needed.set(len(items) * width)
    fits = items[: size // width]
    thread.process.memory.write(buffer, b"".join(struct.pack(form, item) for item in fits))
    return 1


@kernel32.export("process")
def K32EnumProcesses(thread: Thread, lpidProcess: PVOID, cb: DWORD, lpcbNeeded: Out[DWORD]) -> BOOL:
    pids = [pid for pid, process in thread.process.machine.processes.items() if not process.ended]
    fits = pids[: cb // 4]
    thread.process.memory.write(lpidProcess, struct.pack(f"<{len(fits)}I", *fits))
    lpcbNeeded.set(4 * len(fits))
    return 1


@kernel32.export("process")
def K32EnumProcessModules(
    thread: Thread, hProcess: HANDLE, lphModule: PVOID, cb: DWORD, lpcbNeeded: Out[DWORD]
) -> BOOL:
    process = get_object(thread, hProcess, Process, 0x0410)
    return _fill(thread, [module.base for module in process.loader], "<Q", lphModule, cb, lpcbNeeded)


@kernel32.export("process")
def K32EnumProcessModulesEx(
    thread: Thread, hProcess: HANDLE, lphModule: PVOID, cb: DWORD, lpcbNeeded: Out[DWORD], dwFilterFlag: DWORD
) -> BOOL:
    return K32EnumProcessModules(thread, hProcess, lphModule, cb, lpcbNeeded)


def _module(thread: Thread, process_handle: int, handle: int) -> Module:
    process = get_object(thread, process_handle, Process, 0x0410)
    module = process.loader.by_base(handle)
    if module is None:
        raise Win32Error(st.ERROR_INVALID_HANDLE)
    return module


def give_text(thread: Thread, text: str, buffer: int, size: int, *, wide: bool) -> int:
    """Store text, cut to the buffer and NUL-terminated; return the length stored."""
    data = text.encode("utf-16-le", "surrogatepass") if wide else thread.process.encode_ansi(text)
    unit = 2 if wide else 1
    if not size:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    kept = data[: (size - 1) * unit]
    thread.process.memory.write(buffer, kept + bytes(unit))
    return len(kept) // unit


@kernel32.export("process")
def K32GetModuleFileNameExW(
    thread: Thread, hProcess: HANDLE, hModule: HMODULE, lpFilename: Annotated[LPWSTR, OutBytes("nSize", unit=2)],
    nSize: DWORD,
) -> DWORD:  # fmt: skip
    return give_text(thread, _module(thread, hProcess, hModule).path, lpFilename, nSize, wide=True)


@kernel32.export("process")
def K32GetModuleFileNameExA(
    thread: Thread, hProcess: HANDLE, hModule: HMODULE, lpFilename: Annotated[LPSTR, OutBytes("nSize")], nSize: DWORD
) -> DWORD:
    return give_text(thread, _module(thread, hProcess, hModule).path, lpFilename, nSize, wide=False)


@kernel32.export("process")
def K32GetModuleBaseNameW(
    thread: Thread, hProcess: HANDLE, hModule: HMODULE, lpBaseName: Annotated[LPWSTR, OutBytes("nSize", unit=2)],
    nSize: DWORD,
) -> DWORD:  # fmt: skip
    return give_text(thread, _module(thread, hProcess, hModule).name, lpBaseName, nSize, wide=True)


@kernel32.export("process")
def K32GetModuleBaseNameA(
    thread: Thread, hProcess: HANDLE, hModule: HMODULE, lpBaseName: Annotated[LPSTR, OutBytes("nSize")], nSize: DWORD
) -> DWORD:
    return give_text(thread, _module(thread, hProcess, hModule).name, lpBaseName, nSize, wide=False)


@kernel32.export("process")
def K32GetModuleInformation(
    thread: Thread, hProcess: HANDLE, hModule: HMODULE, lpmodinfo: PVOID, cb: DWORD
) -> BOOL:
    module = _module(thread, hProcess, hModule)
    if cb < 24:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(lpmodinfo, struct.pack("<QI4xQ", module.base, module.size, module.entry))
    return 1


@kernel32.export("process")
def K32GetProcessImageFileNameW(
    thread: Thread, hProcess: HANDLE, lpImageFileName: Annotated[LPWSTR, OutBytes("nSize", unit=2)], nSize: DWORD
) -> DWORD:
    return _image_name(thread, hProcess, lpImageFileName, nSize, wide=True)


@kernel32.export("process")
def K32GetProcessImageFileNameA(
    thread: Thread, hProcess: HANDLE, lpImageFileName: Annotated[LPSTR, OutBytes("nSize")], nSize: DWORD
) -> DWORD:
    return _image_name(thread, hProcess, lpImageFileName, nSize, wide=False)


def _image_name(thread: Thread, handle: int, buffer: int, size: int, *, wide: bool) -> int:
    process = get_object(thread, handle, Process, _QUERY)
    text = process.machine.nt_device_path(process.image_path)
    if len(text) >= size:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    return give_text(thread, text, buffer, size, wide=wide)


@kernel32.export("memory")
def K32GetMappedFileNameW(
    thread: Thread, hProcess: HANDLE, lpv: PVOID, lpFilename: Annotated[LPWSTR, OutBytes("nSize", unit=2)],
    nSize: DWORD,
) -> DWORD:  # fmt: skip
    process = get_object(thread, hProcess, Process, 0x0400)
    info = process.memory.query(lpv)
    if info.kind not in (MEM_IMAGE, MEM_MAPPED) or not info.name:
        raise Win32Error(st.ERROR_UNEXP_NET_ERR)
    return give_text(thread, process.machine.nt_device_path(info.name), lpFilename, nSize, wide=True)


@kernel32.export("memory")
def K32GetProcessMemoryInfo(thread: Thread, Process: HANDLE, ppsmemCounters: PVOID, cb: DWORD) -> BOOL:
    target = get_object(thread, Process, _ProcessObject, _QUERY).memory
    if cb < 72:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    committed, peak = target.committed, target.peak_committed
    size = 80 if cb >= 80 else 72
    data = struct.pack("<II9Q", size, 0, peak, committed, 0, 0, 0, 0, committed, peak, committed)
    thread.process.memory.write(ppsmemCounters, data[:size])
    return 1


_ProcessObject = Process


@kernel32.export("memory")
def K32EmptyWorkingSet(thread: Thread, hProcess: HANDLE) -> BOOL:
    """Pages stay where they are: there is no paging file to trim them to."""
    get_object(thread, hProcess, Process, 0x1100)
    return 1


@kernel32.export("memory")
def K32GetPerformanceInfo(thread: Thread, pPerformanceInformation: PVOID, cb: DWORD) -> BOOL:
    machine = thread.process.machine
    if cb < 104:
        raise Win32Error(st.ERROR_BAD_LENGTH)
    used, total = machine.physical.frames_in_use, machine.physical.limit // 0x1000
    living = list(machine.processes.values())
    data = struct.pack(
        "<I4x10QIII4x", 104, used, 2 * total, used, total, total - used, 0, 0, 0, 0, 0x1000,
        sum(len(process.handles) for process in living), len(living), sum(len(process.threads) for process in living),
    )  # fmt: skip
    thread.process.memory.write(pPerformanceInformation, data)
    return 1


@kernel32.export("process")
def QueryFullProcessImageNameW(
    thread: Thread, hProcess: HANDLE, dwFlags: DWORD, lpExeName: PVOID, lpdwSize: PVOID
) -> BOOL:
    return _full_name(thread, hProcess, dwFlags, lpExeName, lpdwSize, wide=True)


@kernel32.export("process")
def QueryFullProcessImageNameA(
    thread: Thread, hProcess: HANDLE, dwFlags: DWORD, lpExeName: PVOID, lpdwSize: PVOID
) -> BOOL:
    return _full_name(thread, hProcess, dwFlags, lpExeName, lpdwSize, wide=False)


def _full_name(thread: Thread, handle: int, flags: int, buffer: int, size: int, *, wide: bool) -> int:
    process = get_object(thread, handle, Process, _QUERY)
    memory = thread.process.memory
    text = process.machine.nt_device_path(process.image_path) if flags & 1 else process.image_path
    if memory.read_u32(size) <= len(text):
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    memory.write_u32(size, give_text(thread, text, buffer, len(text) + 1, wide=wide))
    return 1
