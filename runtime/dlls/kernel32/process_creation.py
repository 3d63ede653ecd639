"""processthreadsapi.h: CreateProcess and the attribute list it takes."""

from __future__ import annotations

import struct

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.named import inherits
from runtime.dlls.ntdll.debug import connect_debugger
from runtime.dlls.types import BOOL, DWORD, DWORD_PTR, HANDLE, LPVOID, PVOID, SIZE_T, InOut
from runtime.memory.space import AddressSpace
from runtime.nt import status as st
from runtime.nt.create import (
    CREATE_UNICODE_ENVIRONMENT,
    DEBUG_ONLY_THIS_PROCESS,
    DEBUG_PROCESS,
    EXTENDED_STARTUPINFO_PRESENT,
    Startup,
    create_process,
    find_program,
)
from runtime.nt.environment import Environment
from runtime.nt.job import Job
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.startup import STARTUPINFOW
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread
from runtime.nt.token import (
    TOKEN_ASSIGN_PRIMARY,
    TOKEN_DUPLICATE,
    TOKEN_PRIMARY,
    TOKEN_QUERY,
    Token,
    effective_token,
)

_ALL_ACCESS = 0x1FFFFF
_ATTRIBUTE_PARENT = 0x00020000
_ATTRIBUTE_HANDLE_LIST = 0x00020002
_ATTRIBUTE_JOB_LIST = 0x0002000D
_KNOWN_ATTRIBUTES = {
    _ATTRIBUTE_PARENT, _ATTRIBUTE_HANDLE_LIST, _ATTRIBUTE_JOB_LIST, 0x00030003, 0x00020004, 0x00020005, 0x00020007,
    0x00020009, 0x0002000B, 0x0002000E, 0x0002000F, 0x00020016,
}  # fmt: skip
_LIST_HEADER = 24
_LIST_ENTRY = 24


def _text(thread: Thread, address: int, *, wide: bool) -> str | None:
    if not address:
        return None
    memory = thread.process.memory
    return memory.read_wstr(address) if wide else thread.process.decode_ansi(memory.read_str(address))


def _environment(thread: Thread, address: int, flags: int) -> bytes | None:
    """Return the environment block given to CreateProcess, as UTF-16, or None."""
    if not address:
        return None
    memory = thread.process.memory
    parts = []
    while True:
        part = memory.read_wstr(address) if flags & CREATE_UNICODE_ENVIRONMENT else None
        if part is None:
            raw = memory.read_str(address)
            part = thread.process.decode_ansi(raw)
            address += len(raw) + 1
        else:
            address += len(part.encode("utf-16-le", "surrogatepass")) + 2
        if not part:
            break
        parts.append(part)
    return Environment.parse(("\0".join(parts) + "\0\0").encode("utf-16-le", "surrogatepass")).block()


def _startup(thread: Thread, address: int, flags: int, *, wide: bool) -> Startup:
    memory = thread.process.memory
    info = STARTUPINFOW.read(memory, address)
    startup = Startup(
        flags=info.dwFlags,
        show_window=info.wShowWindow,
        title=_text(thread, info.lpTitle, wide=wide) or "",
        desktop=_text(thread, info.lpDesktop, wide=wide) or "",
        runtime_data=memory.read(info.lpReserved2, info.cbReserved2) if info.lpReserved2 and info.cbReserved2 else b"",
        standard_handles=(info.hStdInput, info.hStdOutput, info.hStdError),
        window=(info.dwX, info.dwY, info.dwXSize, info.dwYSize, info.dwXCountChars, info.dwYCountChars,
                info.dwFillAttribute),
    )  # fmt: skip
    if flags & EXTENDED_STARTUPINFO_PRESENT:
        attributes = memory.read_pointer(address + STARTUPINFOW.size(memory))
        if attributes:
            _read_attributes(memory, attributes, startup)
    return startup


def _read_attributes(memory: AddressSpace, address: int, startup: Startup) -> None:
    count = memory.read_u32(address + 8)
    for index in range(count):
        attribute, size, value = struct.unpack("<QQQ", memory.read(address + _LIST_HEADER + _LIST_ENTRY * index, 24))
        words = [memory.read_pointer(value + offset) for offset in range(0, size, memory.pointer_size)]
        if attribute == _ATTRIBUTE_HANDLE_LIST:
            startup.handle_list = words
        elif attribute == _ATTRIBUTE_JOB_LIST:
            startup.jobs = words
        elif attribute == _ATTRIBUTE_PARENT:
            startup.parent = words[0]


def _create(thread: Thread, application: str | None, command: str | None, process_security: int,
            thread_security: int, inherit: int, flags: int, environment: int, directory: str | None, info: int,
            result: int, *, wide: bool, token: int | None = None) -> int:  # fmt: skip
    process, memory = thread.process, thread.process.memory
    if application is None and not command:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    line = command if command is not None else f'"{application}"'
    startup = _startup(thread, info, flags, wide=wide)
    chosen = None if token is None else _assignable(thread, token)
    program = find_program(process, application, line)
    parent = get_object(thread, startup.parent, Process, 0x0080) if startup.parent else process
    first = create_process(
        parent, program, inherit=bool(inherit), flags=flags,
        environment=_environment(thread, environment, flags), directory=directory, startup=startup, token=chosen,
        debugger=connect_debugger(thread) if flags & (DEBUG_PROCESS | DEBUG_ONLY_THIS_PROCESS) else None,
    )  # fmt: skip
    child = first.process
    for job in startup.jobs:
        get_object(thread, job, Job, 0x0001).assign(child)
    process_handle = process.handles.open(child, _ALL_ACCESS, inherit=inherits(thread, process_security))
    thread_handle = process.handles.open(first, _ALL_ACCESS, inherit=inherits(thread, thread_security))
    memory.write(result, struct.pack("<QQII", process_handle, thread_handle, child.pid, first.id))
    return 1


@kernel32.export("process")
def CreateProcessW(
    thread: Thread, lpApplicationName: PVOID, lpCommandLine: PVOID, lpProcessAttributes: LPVOID,
    lpThreadAttributes: LPVOID, bInheritHandles: BOOL, dwCreationFlags: DWORD, lpEnvironment: LPVOID,
    lpCurrentDirectory: PVOID, lpStartupInfo: PVOID, lpProcessInformation: PVOID,
) -> BOOL:  # fmt: skip
    return _create(
        thread, _text(thread, lpApplicationName, wide=True), _text(thread, lpCommandLine, wide=True),
        lpProcessAttributes, lpThreadAttributes, bInheritHandles, dwCreationFlags, lpEnvironment,
        _text(thread, lpCurrentDirectory, wide=True), lpStartupInfo, lpProcessInformation, wide=True,
    )  # fmt: skip


@kernel32.export("process")
def CreateProcessA(
    thread: Thread, lpApplicationName: PVOID, lpCommandLine: PVOID, lpProcessAttributes: LPVOID,
    lpThreadAttributes: LPVOID, bInheritHandles: BOOL, dwCreationFlags: DWORD, lpEnvironment: LPVOID,
    lpCurrentDirectory: PVOID, lpStartupInfo: PVOID, lpProcessInformation: PVOID,
) -> BOOL:  # fmt: skip
    return _create(
        thread, _text(thread, lpApplicationName, wide=False), _text(thread, lpCommandLine, wide=False),
        lpProcessAttributes, lpThreadAttributes, bInheritHandles, dwCreationFlags, lpEnvironment,
        _text(thread, lpCurrentDirectory, wide=False), lpStartupInfo, lpProcessInformation, wide=False,
    )  # fmt: skip


def _assignable(thread: Thread, handle: int) -> Token:
    """Return the token of `handle` if a process that `thread` starts may have it.

    A token of the same logon session that is not more trusted than the caller's needs no privilege: one that
    CreateRestrictedToken or DuplicateTokenEx made of it. Raises Win32Error(ERROR_PRIVILEGE_NOT_HELD).
    """
    token = get_object(thread, handle, Token, TOKEN_QUERY | TOKEN_DUPLICATE | TOKEN_ASSIGN_PRIMARY)
    if token.kind != TOKEN_PRIMARY:
        raise Win32Error(st.ERROR_BAD_TOKEN_TYPE)
    own = thread.process.token
    trusted = token.authentication == own.authentication and token.integrity <= own.integrity
    if not trusted and not effective_token(thread).holds("SeAssignPrimaryTokenPrivilege"):
        raise Win32Error(st.ERROR_PRIVILEGE_NOT_HELD)
    return token


@kernel32.export("process")
def CreateProcessAsUserW(
    thread: Thread, hToken: HANDLE, lpApplicationName: PVOID, lpCommandLine: PVOID, lpProcessAttributes: LPVOID,
    lpThreadAttributes: LPVOID, bInheritHandles: BOOL, dwCreationFlags: DWORD, lpEnvironment: LPVOID,
    lpCurrentDirectory: PVOID, lpStartupInfo: PVOID, lpProcessInformation: PVOID,
) -> BOOL:  # fmt: skip
    """Start a program with another primary token. Fails with ERROR_PRIVILEGE_NOT_HELD for a more trusted one."""
    return _create(
        thread, _text(thread, lpApplicationName, wide=True), _text(thread, lpCommandLine, wide=True),
        lpProcessAttributes, lpThreadAttributes, bInheritHandles, dwCreationFlags, lpEnvironment,
        _text(thread, lpCurrentDirectory, wide=True), lpStartupInfo, lpProcessInformation, wide=True, token=hToken,
    )  # fmt: skip


@kernel32.export("process")
def CreateProcessAsUserA(
    thread: Thread, hToken: HANDLE, lpApplicationName: PVOID, lpCommandLine: PVOID, lpProcessAttributes: LPVOID,
    lpThreadAttributes: LPVOID, bInheritHandles: BOOL, dwCreationFlags: DWORD, lpEnvironment: LPVOID,
    lpCurrentDirectory: PVOID, lpStartupInfo: PVOID, lpProcessInformation: PVOID,
) -> BOOL:  # fmt: skip
    return _create(
        thread, _text(thread, lpApplicationName, wide=False), _text(thread, lpCommandLine, wide=False),
        lpProcessAttributes, lpThreadAttributes, bInheritHandles, dwCreationFlags, lpEnvironment,
        _text(thread, lpCurrentDirectory, wide=False), lpStartupInfo, lpProcessInformation, wide=False, token=hToken,
    )  # fmt: skip


@kernel32.export("process")
def InitializeProcThreadAttributeList(
    thread: Thread, lpAttributeList: PVOID, dwAttributeCount: DWORD, dwFlags: DWORD, lpSize: InOut[SIZE_T]
) -> BOOL:
    needed = _LIST_HEADER + _LIST_ENTRY * dwAttributeCount
    if not lpAttributeList or lpSize.get() < needed:
        lpSize.set(needed)
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    lpSize.set(needed)
    header = struct.pack("<IIIIQ", 0, dwAttributeCount, 0, 0, 0)
    thread.process.memory.write(lpAttributeList, header.ljust(needed, b"\0"))
    return 1


@kernel32.export("process")
def UpdateProcThreadAttribute(
    thread: Thread, lpAttributeList: PVOID, dwFlags: DWORD, Attribute: DWORD_PTR, lpValue: PVOID, cbSize: SIZE_T,
    lpPreviousValue: PVOID, lpReturnSize: PVOID,
) -> BOOL:  # fmt: skip
    memory = thread.process.memory
    _, room, count = struct.unpack("<III", memory.read(lpAttributeList, 12))
    if Attribute not in _KNOWN_ATTRIBUTES:
        raise Win32Error(st.ERROR_NOT_SUPPORTED)
    if count >= room:
        raise Win32Error(st.ERROR_GEN_FAILURE)
    place = lpAttributeList + _LIST_HEADER + _LIST_ENTRY * count
    memory.write(place, struct.pack("<QQQ", Attribute, cbSize, lpValue))
    memory.write_u32(lpAttributeList + 8, count + 1)
    return 1


@kernel32.export("process")
def DeleteProcThreadAttributeList(thread: Thread, lpAttributeList: PVOID) -> None:
    thread.process.memory.fill(lpAttributeList, _LIST_HEADER)


@kernel32.export("process", fails=31)
def WinExec(thread: Thread, lpCmdLine: PVOID, uCmdShow: DWORD) -> DWORD:
    """Returns a value above 31, or ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND or ERROR_BAD_FORMAT."""
    process = thread.process
    line = _text(thread, lpCmdLine, wide=False) or ""
    try:
        program = find_program(process, None, line)
        create_process(process, program, inherit=False, flags=0, environment=None, directory=None,
                       startup=Startup(flags=1, show_window=uCmdShow & 0xFFFF))  # fmt: skip
    except Win32Error as error:
        return error.error if error.error in (2, 3) else 11
    return 33
