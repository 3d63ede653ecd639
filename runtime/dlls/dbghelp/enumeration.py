"""dbghelp.h: lists of modules and symbols, decorated names."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated

from runtime.dlls.dbghelp.dbghelp import DEBUG, put_symbol, require_symbols, target_of
from runtime.dlls.dbghelp.dll import dbghelp
from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.text import encode_text
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    LPCSTR,
    LPCWSTR,
    LPSTR,
    LPWSTR,
    PVOID,
    ULONGLONG,
    Out,
    OutBytes,
)
from runtime.loader.module import Module
from runtime.loader.symbols import symbols_of
from runtime.nt.loading import load_module
from runtime.nt.process import Process
from runtime.nt.status import ERROR_INVALID_ADDRESS, ERROR_INVALID_PARAMETER, ERROR_MOD_NOT_FOUND, Win32Error
from runtime.nt.thread import Thread

_SYMBOL_INFO = 88
_LONGEST_NAME = 2000


async def _each_module(
    thread: Thread, process: Process, callback: int, context: int, *, sized: bool, path: bool, wide: bool
) -> int:
    """Call a function for each module, until it returns 0: with its name, base, perhaps size, and the context."""
    for module in tuple(process.modules):
        text = module.path if path else module.name.rpartition(".")[0] or module.name
        name = await guest_heap_new(thread, encode_text(thread, text + "\0", wide))
        size = (module.size,) if sized else ()
        again = await thread.call(callback, name, module.base, *size, context)
        await guest_heap_free(thread, name)
        if not again & 0xFFFFFFFF:
            break
    return 1


@dbghelp.export(category=DEBUG)
async def SymEnumerateModules64(
    thread: Thread, hProcess: HANDLE, EnumModulesCallback: PVOID, UserContext: PVOID
) -> BOOL:
    """Call a function with the name and base of each module whose symbols are at hand: of each that is loaded."""
    require_symbols(thread)
    process = target_of(thread, hProcess)
    return await _each_module(thread, process, EnumModulesCallback, UserContext, sized=False, path=False, wide=False)


@dbghelp.export(category=DEBUG)
async def SymEnumerateModulesW64(
    thread: Thread, hProcess: HANDLE, EnumModulesCallback: PVOID, UserContext: PVOID
) -> BOOL:
    require_symbols(thread)
    process = target_of(thread, hProcess)
    return await _each_module(thread, process, EnumModulesCallback, UserContext, sized=False, path=False, wide=True)


@dbghelp.export(category=DEBUG)
async def EnumerateLoadedModules64(
    thread: Thread, hProcess: HANDLE, EnumLoadedModulesCallback: PVOID, UserContext: PVOID
) -> BOOL:
    """Call a function with the path, base and size of each loaded module."""
    process = target_of(thread, hProcess)
    return await _each_module(
        thread, process, EnumLoadedModulesCallback, UserContext, sized=True, path=True, wide=False
    )


@dbghelp.export(category=DEBUG)
async def EnumerateLoadedModulesW64(
    thread: Thread, hProcess: HANDLE, EnumLoadedModulesCallback: PVOID, UserContext: PVOID
) -> BOOL:
    process = target_of(thread, hProcess)
    return await _each_module(thread, process, EnumLoadedModulesCallback, UserContext, sized=True, path=True, wide=True)


def _chosen(process: Process, base: int, mask: str) -> tuple[list[Module], str]:
    """The modules whose symbols are asked for, and the pattern of names. Raises Win32Error."""
    wanted, exclaims, pattern = mask.partition("!")
    if base:
        module = process.modules.by_base(base)
        if module is None:
            raise Win32Error(ERROR_MOD_NOT_FOUND)
        return [module], pattern if exclaims else mask
    if not exclaims:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    modules = [
        item for item in process.modules if fnmatchcase(item.name.rpartition(".")[0].lower(), wanted.lower())
    ]
    return modules, pattern


async def _each_symbol(thread: Thread, handle: int, base: int, mask: str, callback: int, context: int,
                       *, wide: bool) -> int:  # fmt: skip
    require_symbols(thread)
    if not callback:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    modules, pattern = _chosen(target_of(thread, handle), base, mask)
    block = await guest_heap_new(thread, bytes(_SYMBOL_INFO + 2 * _LONGEST_NAME))
    try:
        for module in modules:
            symbols = symbols_of(module)
            for name, place in zip(symbols.names, symbols.places, strict=True):
                if pattern and not fnmatchcase(name.lower(), pattern.lower()):
                    continue
                thread.process.memory.write_u32(block, _SYMBOL_INFO)
                thread.process.memory.write_u32(block + 80, _LONGEST_NAME)
                put_symbol(thread, module, name, module.base + place, block, wide)
                if not await thread.call(callback, block, 0, context) & 0xFFFFFFFF:
                    return 1
    finally:
        await guest_heap_free(thread, block)
    return 1


@dbghelp.export(category=DEBUG)
async def SymEnumSymbols(
    thread: Thread, hProcess: HANDLE, BaseOfDll: ULONGLONG, Mask: LPCSTR, EnumSymbolsCallback: PVOID,
    UserContext: PVOID,
) -> BOOL:  # fmt: skip
    """Call a function for each exported function that a mask (`name`, or `module!name` without a base) describes."""
    mask = thread.process.decode_ansi(Mask or b"")
    return await _each_symbol(thread, hProcess, BaseOfDll, mask, EnumSymbolsCallback, UserContext, wide=False)


@dbghelp.export(category=DEBUG)
async def SymEnumSymbolsW(
    thread: Thread, hProcess: HANDLE, BaseOfDll: ULONGLONG, Mask: LPCWSTR, EnumSymbolsCallback: PVOID,
    UserContext: PVOID,
) -> BOOL:  # fmt: skip
    return await _each_symbol(thread, hProcess, BaseOfDll, Mask or "", EnumSymbolsCallback, UserContext, wide=True)


@dbghelp.export(category=DEBUG)
def SymGetLineFromAddrW64(
    thread: Thread, hProcess: HANDLE, dwAddr: ULONGLONG, pdwDisplacement: Out[DWORD], Line: PVOID
) -> BOOL:
    """Return the source line of an address: there is no debug information."""
    require_symbols(thread)
    if target_of(thread, hProcess).modules.at(dwAddr) is None:
        raise Win32Error(ERROR_MOD_NOT_FOUND)
    raise Win32Error(ERROR_INVALID_ADDRESS)


async def _undecorated(thread: Thread, name: bytes, flags: int) -> str:
    """A decorated C++ name as the C library spells it out; any other as it is."""
    memory = thread.process.memory
    runtime = await load_module(thread, "ucrtbase.dll", 0)
    loader = thread.process.loader
    routines = [loader.address_of(runtime.name, item) for item in ("__unDName", "malloc", "free")]
    given = await guest_heap_new(thread, name + b"\0")
    room = await guest_heap_new(thread, bytes(4096))
    try:
        found = await thread.call(routines[0], room, given, 4096, routines[1], routines[2], flags)
        return thread.process.decode_ansi(memory.read_str(room)) if found else thread.process.decode_ansi(name)
    finally:
        await guest_heap_free(thread, given)
        await guest_heap_free(thread, room)
        await loader.free(thread, runtime)


@dbghelp.export(category=DEBUG)
async def UnDecorateSymbolName(
    thread: Thread, name: LPCSTR, outputString: Annotated[LPSTR, OutBytes("maxStringLength")], maxStringLength: DWORD,
    flags: DWORD,
) -> DWORD:  # fmt: skip
    """Spell out a decorated C++ name; returns its length, cut to the room there is."""
    return await _put_undecorated(thread, name, outputString, maxStringLength, flags, wide=False)


@dbghelp.export(category=DEBUG)
async def UnDecorateSymbolNameW(
    thread: Thread, name: LPCWSTR, outputString: Annotated[LPWSTR, OutBytes("maxStringLength", unit=2)],
    maxStringLength: DWORD, flags: DWORD,
) -> DWORD:  # fmt: skip
    given = thread.process.encode_ansi(name) if name is not None else None
    return await _put_undecorated(thread, given, outputString, maxStringLength, flags, wide=True)


async def _put_undecorated(
    thread: Thread, name: bytes | None, target: int, room: int, flags: int, *, wide: bool
) -> int:
    if name is None or not target or not room:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    text = await _undecorated(thread, name, flags)
    text = text[: room - 1]
    thread.process.memory.write(target, encode_text(thread, text + "\0", wide))
    return len(text)
