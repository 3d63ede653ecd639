"""libloaderapi.h: LoadLibrary, GetProcAddress, modules, resources."""

from __future__ import annotations

from typing import Annotated

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import (
    BOOL,
    DWORD,
    FARPROC,
    HANDLE,
    HMODULE,
    LPCWSTR,
    LPWSTR,
    PVOID,
    Out,
    OutBytes,
)
from runtime.loader.module import Module
from runtime.loader.search import (
    LOAD_LIBRARY_AS_DATAFILE,
    LOAD_LIBRARY_AS_DATAFILE_EXCLUSIVE,
    LOAD_LIBRARY_AS_IMAGE_RESOURCE,
    LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR,
    LOAD_WITH_ALTERED_SEARCH_PATH,
    SEARCH_FLAGS,
    is_full_path,
)
from runtime.nt import status as st
from runtime.nt.loading import find_module, free_library, load_as_data, load_module, procedure
from runtime.nt.process import Process
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

_KNOWN = 0x1 | 0x2 | 0x8 | 0x10 | 0x20 | 0x40 | 0x80 | SEARCH_FLAGS | 0x2000
_AS_DATA = LOAD_LIBRARY_AS_DATAFILE | LOAD_LIBRARY_AS_DATAFILE_EXCLUSIVE | LOAD_LIBRARY_AS_IMAGE_RESOURCE


async def _load(thread: Thread, name: str | None, flags: int) -> int:
    if name is None or not name.strip() or flags & ~_KNOWN:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    name = name.rstrip()
    if flags & LOAD_LIBRARY_AS_DATAFILE and flags & LOAD_LIBRARY_AS_DATAFILE_EXCLUSIVE:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if flags & LOAD_WITH_ALTERED_SEARCH_PATH and flags & SEARCH_FLAGS:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if flags & LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR and not is_full_path(name):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if flags & _AS_DATA:
        return load_as_data(thread, name, flags).handle
    try:
        return (await load_module(thread, name, flags)).base
    except NtError as error:
        if error.status == st.STATUS_DLL_NOT_FOUND:
            raise Win32Error(st.ERROR_MOD_NOT_FOUND) from None
        raise


@kernel32.export("dll")
async def LoadLibraryExW(thread: Thread, lpLibFileName: LPCWSTR, hFile: HANDLE, dwFlags: DWORD) -> HMODULE:
    if hFile:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return await _load(thread, lpLibFileName, dwFlags)


@kernel32.export("dll")
async def LoadLibraryW(thread: Thread, lpLibFileName: LPCWSTR) -> HMODULE:
    return await _load(thread, lpLibFileName, 0)


kernel32.ansi(LoadLibraryExW)
kernel32.ansi(LoadLibraryW)


@kernel32.export("dll")
async def FreeLibrary(thread: Thread, hLibModule: HMODULE) -> BOOL:
    try:
        await free_library(thread, hLibModule)
    except NtError as error:
        if error.status == st.STATUS_DLL_NOT_FOUND:
            raise Win32Error(st.ERROR_BAD_EXE_FORMAT if hLibModule & 3 else st.ERROR_MOD_NOT_FOUND) from None
        raise
    return 1


@kernel32.export("dll")
async def GetProcAddress(thread: Thread, hModule: HMODULE, lpProcName: PVOID) -> FARPROC:
    name: str | int = lpProcName
    if lpProcName > 0xFFFF:
        name = thread.process.memory.read_str(lpProcName).decode("latin-1")
    try:
        return await procedure(thread, hModule, name)
    except NtError as error:
        if error.status == st.STATUS_DLL_NOT_FOUND:
            raise Win32Error(st.ERROR_MOD_NOT_FOUND) from None
        if error.status == st.STATUS_ORDINAL_NOT_FOUND:
            raise Win32Error(st.ERROR_INVALID_ORDINAL) from None
        raise Win32Error(st.ERROR_PROC_NOT_FOUND) from None


@kernel32.export("dll")
def GetModuleHandleW(thread: Thread, lpModuleName: LPCWSTR) -> HMODULE:
    """Return the base of a loaded module; of the program for NULL."""
    return _handle(thread.process, lpModuleName).base


kernel32.ansi(GetModuleHandleW)


def _handle(process: Process, name: str | None) -> Module:
    if name is None:
        assert process.loader.executable is not None
        return process.loader.executable
    try:
        return find_module(process, name)
    except NtError:
        raise Win32Error(st.ERROR_MOD_NOT_FOUND) from None


@kernel32.export("dll")
def GetModuleHandleExW(thread: Thread, dwFlags: DWORD, lpModuleName: PVOID, phModule: Out[HMODULE]) -> BOOL:
    return _handle_ex(thread, dwFlags, lpModuleName, phModule, wide=True)


@kernel32.export("dll")
def GetModuleHandleExA(thread: Thread, dwFlags: DWORD, lpModuleName: PVOID, phModule: Out[HMODULE]) -> BOOL:
    return _handle_ex(thread, dwFlags, lpModuleName, phModule, wide=False)


def _handle_ex(thread: Thread, flags: int, name: int, target: Out[HMODULE], *, wide: bool) -> int:
    process = thread.process
    pin, unchanged, from_address = flags & 1, flags & 2, flags & 4
    if not target or flags & ~7 or (pin and unchanged):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    target.set(0)
    if from_address:
        module = process.loader.at(name)
        if module is None:
            raise Win32Error(st.ERROR_MOD_NOT_FOUND)
    elif not name:
        module = _handle(process, None)
    else:
        memory = process.memory
        module = _handle(process, memory.read_wstr(name) if wide else process.decode_ansi(memory.read_str(name)))
    if pin:
        module.load_count = -1
    elif not unchanged and module.load_count >= 0:
        module.load_count += 1
    target.set(module.base)
    return 1


def _module_path(process: Process, handle: int) -> str:
    module = process.loader.by_base(handle)
    if module is None:
        raise Win32Error(st.ERROR_MOD_NOT_FOUND)
    return module.path


@kernel32.export("dll")
def GetModuleFileNameW(
    thread: Thread, hModule: HMODULE, lpFilename: Annotated[LPWSTR, OutBytes("nSize", unit=2)], nSize: DWORD
) -> DWORD:
    text = _module_path(thread.process, hModule).encode("utf-16-le", "surrogatepass")
    return _give(thread, text, 2, lpFilename, nSize)


@kernel32.export("dll")
def GetModuleFileNameA(
    thread: Thread, hModule: HMODULE, lpFilename: Annotated[PVOID, OutBytes("nSize")], nSize: DWORD
) -> DWORD:
    return _give(thread, thread.process.encode_ansi(_module_path(thread.process, hModule)), 1, lpFilename, nSize)


def _give(thread: Thread, text: bytes, unit: int, buffer: int, size: int) -> int:
    """Store text with a NUL; cut it, still with a NUL, where the buffer is too small."""
    length = len(text) // unit
    if size == 0:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    if length < size:
        thread.process.memory.write(buffer, text + bytes(unit))
        thread.last_error = 0
        return length
    thread.process.memory.write(buffer, text[: (size - 1) * unit] + bytes(unit))
    thread.last_error = st.ERROR_INSUFFICIENT_BUFFER
    return size


@kernel32.export("dll")
def DisableThreadLibraryCalls(thread: Thread, hLibModule: HMODULE) -> BOOL:
    module = thread.process.loader.by_base(hLibModule)
    if module is None:
        raise Win32Error(st.ERROR_INVALID_HANDLE)
    if module.tls is None:
        module.thread_calls = False
    return 1


@kernel32.export("dll")
def SetDllDirectoryW(thread: Thread, lpPathName: LPCWSTR) -> BOOL:
    if lpPathName is not None and ";" in lpPathName:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    thread.process.loader.search.dll_directory = lpPathName
    return 1


kernel32.ansi(SetDllDirectoryW)


@kernel32.export("dll")
def GetDllDirectoryA(
    thread: Thread, nBufferLength: DWORD, lpBuffer: Annotated[PVOID, OutBytes("nBufferLength")]
) -> DWORD:
    text = thread.process.encode_ansi(thread.process.loader.search.dll_directory or "")
    if len(text) >= nBufferLength:
        return len(text) + 1
    thread.process.memory.write(lpBuffer, text + b"\0")
    return len(text)


@kernel32.export("dll")
def GetDllDirectoryW(
    thread: Thread, nBufferLength: DWORD, lpBuffer: Annotated[LPWSTR, OutBytes("nBufferLength", unit=2)]
) -> DWORD:
    text = (thread.process.loader.search.dll_directory or "").encode("utf-16-le", "surrogatepass")
    length = len(text) // 2
    if length >= nBufferLength:
        return length + 1
    thread.process.memory.write(lpBuffer, text + b"\0\0")
    return length


@kernel32.export("dll")
def AddDllDirectory(thread: Thread, NewDirectory: LPCWSTR) -> PVOID:
    if not NewDirectory or not is_full_path(NewDirectory):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    path = thread.process.full_path(NewDirectory)
    with thread.process.machine.drives.resolve(path) as location:
        if not location.exists or not location.is_directory:
            raise Win32Error(st.ERROR_FILE_NOT_FOUND)
    search = thread.process.loader.search
    cookie = max(search.added, default=0x1000) + 0x10
    search.added[cookie] = NewDirectory.rstrip("\\")
    return cookie


@kernel32.export("dll")
def RemoveDllDirectory(thread: Thread, Cookie: PVOID) -> BOOL:
    if thread.process.loader.search.added.pop(Cookie, None) is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return 1


@kernel32.export("dll")
def SetDefaultDllDirectories(thread: Thread, DirectoryFlags: DWORD) -> BOOL:
    if not DirectoryFlags or DirectoryFlags & ~0x1F00:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    thread.process.loader.search.default_flags = DirectoryFlags
    return 1


kernel32.forward("ResolveDelayLoadedAPI", "ntdll.LdrResolveDelayLoadedAPI")
kernel32.forward("ResolveDelayLoadsFromDll", "ntdll.LdrResolveDelayLoadsFromDll")
