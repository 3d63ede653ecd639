"""dbghelp.h: symbols from the export tables of loaded modules; there is no debug information."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from runtime.dlls.dbghelp.dll import dbghelp
from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.process_state import process_state
from runtime.dlls.text import encode_text
from runtime.dlls.types import BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, LPVOID, LPWSTR, PVOID, ULONGLONG, Out
from runtime.loader.module import Module
from runtime.loader.symbols import nearest_export, symbols_of
from runtime.nt.process import Process
from runtime.nt.reference import get_object
from runtime.nt.status import (
    ERROR_INVALID_ADDRESS,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER,
    ERROR_MOD_NOT_FOUND,
    NtError,
    Win32Error,
)
from runtime.nt.thread import Thread

DEBUG = "exception"


@dataclass(slots=True)
class _Symbols:
    """What dbghelp keeps for a process."""

    options: int = 2
    initialized: bool = False
    search_path: str = ""


def _state(thread: Thread) -> _Symbols:
    return process_state(thread.process, _Symbols)


def require_symbols(thread: Thread) -> None:
    """Raises Win32Error(ERROR_INVALID_HANDLE) before SymInitialize."""
    if not _state(thread).initialized:
        raise Win32Error(ERROR_INVALID_HANDLE)


@dbghelp.export(category=DEBUG)
def SymGetOptions(thread: Thread) -> DWORD:
    """Return the options."""
    return _state(thread).options


@dbghelp.export(category=DEBUG)
def SymSetOptions(thread: Thread, SymOptions: DWORD) -> DWORD:
    """Set the options; returns them."""
    _state(thread).options = SymOptions
    return SymOptions


def _initialize(thread: Thread) -> int:
    state = _state(thread)
    if state.initialized:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    state.initialized = True
    return 1


@dbghelp.export(category=DEBUG)
def SymInitialize(thread: Thread, hProcess: HANDLE, UserSearchPath: LPCSTR, fInvadeProcess: BOOL) -> BOOL:
    """Begin to look up symbols."""
    return _initialize(thread)


@dbghelp.export(category=DEBUG)
def SymInitializeW(thread: Thread, hProcess: HANDLE, UserSearchPath: LPCWSTR, fInvadeProcess: BOOL) -> BOOL:
    """Begin to look up symbols."""
    return _initialize(thread)


@dbghelp.export(category=DEBUG)
def SymCleanup(thread: Thread, hProcess: HANDLE) -> BOOL:
    """End looking up symbols."""
    require_symbols(thread)
    _state(thread).initialized = False
    return 1


def module_at(process: Process, address: int) -> Module:
    """The module an address lies in. Raises Win32Error(ERROR_MOD_NOT_FOUND)."""
    module = process.modules.at(address)
    if module is None:
        raise Win32Error(ERROR_MOD_NOT_FOUND)
    return module


def target_of(thread: Thread, handle: int) -> Process:
    """The process that symbols are asked of. A program may have named any number at SymInitialize: then its own."""
    try:
        return get_object(thread, handle, Process, 0)
    except NtError:
        return thread.process


def put_symbol(thread: Thread, module: Module, name: str, start: int, target: int, wide: bool) -> None:
    """SYMBOL_INFO: flags, addresses and a name of at most MaxNameLen characters."""
    memory = thread.process.memory
    capacity = memory.read_u32(target + 80)
    data = encode_text(thread, name, wide)
    unit = 2 if wide else 1
    memory.write(target + 4, bytes(20))
    memory.write(target + 24, struct.pack("<IIQI4xQQIIII", 0, 0, module.base, 0x200, 0, start, 0, 0, 5, len(name)))
    if capacity:
        memory.write(target + 84, data[: (capacity - 1) * unit] + bytes(unit))


def _from_address(
    thread: Thread, handle: int, address: int, displacement: Out[ULONGLONG], target: int, wide: bool
) -> int:
    require_symbols(thread)
    module = module_at(target_of(thread, handle), address)
    symbol = nearest_export(module, address)
    if symbol is None:
        raise Win32Error(ERROR_INVALID_ADDRESS)
    put_symbol(thread, module, *symbol, target, wide)
    displacement.put(address - symbol[1])
    return 1


@dbghelp.export(category=DEBUG)
def SymFromAddr(
    thread: Thread, hProcess: HANDLE, Address: ULONGLONG, Displacement: Out[ULONGLONG], Symbol: LPVOID
) -> BOOL:
    """Return the exported function before an address."""
    return _from_address(thread, hProcess, Address, Displacement, Symbol, False)


@dbghelp.export(category=DEBUG)
def SymFromAddrW(
    thread: Thread, hProcess: HANDLE, Address: ULONGLONG, Displacement: Out[ULONGLONG], Symbol: LPVOID
) -> BOOL:
    """Return the exported function before an address."""
    return _from_address(thread, hProcess, Address, Displacement, Symbol, True)


def _from_name(thread: Thread, handle: int, name: str, target: int, wide: bool) -> int:
    require_symbols(thread)
    process = target_of(thread, handle)
    wanted, found, function = name.partition("!")
    for module in process.modules:
        if not found or module.name.rpartition(".")[0].lower() == wanted.lower():
            symbols = symbols_of(module)
            if (function if found else name) in symbols.names:
                plain = function if found else name
                put_symbol(thread, module, plain, module.base + symbols.place(plain), target, wide)
                return 1
    raise Win32Error(ERROR_MOD_NOT_FOUND)


@dbghelp.export(category=DEBUG)
def SymFromName(thread: Thread, hProcess: HANDLE, Name: LPCSTR, Symbol: LPVOID) -> BOOL:
    """Return the exported function of a name, `function` or `module!function`."""
    return _from_name(thread, hProcess, thread.process.decode_ansi(Name or b""), Symbol, False)


@dbghelp.export(category=DEBUG)
def SymFromNameW(thread: Thread, hProcess: HANDLE, Name: LPCWSTR, Symbol: LPVOID) -> BOOL:
    """Return the exported function of a name, `function` or `module!function`."""
    return _from_name(thread, hProcess, Name or "", Symbol, True)


@dbghelp.export(category=DEBUG)
def SymGetModuleBase64(thread: Thread, hProcess: HANDLE, qwAddr: ULONGLONG) -> ULONGLONG:
    """Return the base of the module an address lies in."""
    require_symbols(thread)
    return module_at(target_of(thread, hProcess), qwAddr).base


@dbghelp.export(category=DEBUG)
def SymGetLineFromAddr64(
    thread: Thread, hProcess: HANDLE, qwAddr: ULONGLONG, pdwDisplacement: Out[DWORD], Line64: LPVOID
) -> BOOL:
    """Return the source line of an address: there is no debug information."""
    require_symbols(thread)
    module_at(target_of(thread, hProcess), qwAddr)
    raise Win32Error(ERROR_INVALID_ADDRESS)


@dbghelp.export(category=DEBUG)
async def EnumerateLoadedModulesEx(
    thread: Thread, hProcess: HANDLE, EnumLoadedModulesCallback: PVOID, UserContext: PVOID
) -> BOOL:
    """Call a function for each loaded module until it returns 0."""
    for module in tuple(target_of(thread, hProcess).modules):
        name = await guest_heap_new(thread, thread.process.encode_ansi(module.path) + b"\0")
        again = await thread.call(EnumLoadedModulesCallback, name, module.base, module.size, UserContext)
        await guest_heap_free(thread, name)
        if not again & 0xFFFFFFFF:
            break
    return 1


@dbghelp.export(category=DEBUG)
def SymSetSearchPathW(thread: Thread, hProcess: HANDLE, SearchPathA: LPCWSTR) -> BOOL:
    """Set where symbol files are looked for; there are none to find."""
    require_symbols(thread)
    _state(thread).search_path = SearchPathA or ""
    return 1


@dbghelp.export(category=DEBUG)
def SymGetSearchPathW(thread: Thread, hProcess: HANDLE, SearchPathA: LPWSTR, SearchPathLength: DWORD) -> BOOL:
    """Return where symbol files are looked for."""
    require_symbols(thread)
    path = _state(thread).search_path
    if len(path) >= SearchPathLength:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    thread.process.memory.write_wstr(SearchPathA, path)
    return 1
