"""processenv.h: environment variables and the command line."""

from __future__ import annotations

from typing import Annotated

from runtime.dlls.heap import guest_heap_alloc, guest_heap_free
from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import BOOL, DWORD, LPCSTR, LPCWSTR, LPSTR, LPWSTR, OutBytes
from runtime.nt import status as st
from runtime.nt.process import Process
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread


def _lookup(process: Process, name: str | None) -> str:
    if not name:
        raise Win32Error(st.ERROR_ENVVAR_NOT_FOUND)
    value = process.environment().get(name)
    if value is None:
        raise Win32Error(st.ERROR_ENVVAR_NOT_FOUND)
    return value


def _give(thread: Thread, data: bytes, unit: int, buffer: int, size: int) -> int:
    """Store text with a NUL and return its length; the size needed, with NUL, where the buffer is too small."""
    length = len(data) // unit
    if length >= size:
        return length + 1
    thread.process.memory.write(buffer, data + bytes(unit))
    thread.last_error = 0
    return length


@kernel32.export("environment")
def GetEnvironmentVariableW(
    thread: Thread, lpName: LPCWSTR, lpBuffer: Annotated[LPWSTR, OutBytes("nSize", unit=2)], nSize: DWORD
) -> DWORD:
    value = _lookup(thread.process, lpName).encode("utf-16-le", "surrogatepass")
    return _give(thread, value, 2, lpBuffer, nSize)


@kernel32.export("environment")
def GetEnvironmentVariableA(
    thread: Thread, lpName: LPCSTR, lpBuffer: Annotated[LPSTR, OutBytes("nSize")], nSize: DWORD
) -> DWORD:
    process = thread.process
    name = process.decode_ansi(lpName) if lpName is not None else None
    return _give(thread, process.encode_ansi(_lookup(process, name)), 1, lpBuffer, nSize)


@kernel32.export("environment")
def SetEnvironmentVariableW(thread: Thread, lpName: LPCWSTR, lpValue: LPCWSTR) -> BOOL:
    if not lpName or "=" in lpName[1:]:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    environment = thread.process.environment()
    if lpValue is None:
        environment.pop(lpName, None)
    else:
        environment[lpName] = lpValue
    thread.process.set_environment(environment)
    return 1


kernel32.ansi(SetEnvironmentVariableW)


@kernel32.export("environment")
def ExpandEnvironmentStringsW(
    thread: Thread, lpSrc: LPCWSTR, lpDst: Annotated[LPWSTR, OutBytes("nSize", unit=2)], nSize: DWORD
) -> DWORD:
    return _expand(thread, thread.process.environment().expand(lpSrc or "").encode("utf-16-le", "surrogatepass"), 2,
                   lpDst, nSize)  # fmt: skip


@kernel32.export("environment")
def ExpandEnvironmentStringsA(
    thread: Thread, lpSrc: LPCSTR, lpDst: Annotated[LPSTR, OutBytes("nSize")], nSize: DWORD
) -> DWORD:
    process = thread.process
    text = process.environment().expand(process.decode_ansi(lpSrc or b""))
    return _expand(thread, process.encode_ansi(text), 1, lpDst, nSize)


def _expand(thread: Thread, data: bytes, unit: int, buffer: int, size: int) -> int:
    needed = len(data) // unit + 1
    if buffer and needed <= size:
        thread.process.memory.write(buffer, data + bytes(unit))
    return needed


@kernel32.export("environment")
async def GetEnvironmentStringsW(thread: Thread) -> LPWSTR:
    block = thread.process.environment().block()
    address = await guest_heap_alloc(thread, len(block))
    thread.process.memory.write(address, block)
    return address


@kernel32.export("environment")
async def GetEnvironmentStringsA(thread: Thread) -> LPSTR:
    process = thread.process
    block = process.encode_ansi(process.environment().block().decode("utf-16-le", "surrogatepass"))
    address = await guest_heap_alloc(thread, len(block))
    process.memory.write(address, block)
    return address


kernel32.exports["GetEnvironmentStrings"] = kernel32.exports["GetEnvironmentStringsA"]


@kernel32.export("environment")
async def FreeEnvironmentStringsW(thread: Thread, penv: LPWSTR) -> BOOL:
    await guest_heap_free(thread, penv)
    return 1


@kernel32.export("environment")
async def FreeEnvironmentStringsA(thread: Thread, penv: LPSTR) -> BOOL:
    await guest_heap_free(thread, penv)
    return 1


@kernel32.export("process")
def GetCommandLineW(thread: Thread) -> LPWSTR:
    memory = thread.process.memory
    return memory.read_pointer(thread.process.parameters + 0x78)


@kernel32.export("process")
def GetCommandLineA(thread: Thread) -> LPSTR:
    return thread.process.narrow_command_line()
