"""dbghelp.h: walking stacks, by the unwind data of the images.

The routines that a caller may pass (memory, function tables, module bases) are for debuggers of other machines; the
machine knows all three of its own processes.
"""

from __future__ import annotations

import struct
from typing import Final

from runtime.cpu.engine import Gpr
from runtime.dlls.dbghelp.dbghelp import DEBUG, module_at, require_symbols, target_of
from runtime.dlls.dbghelp.dll import dbghelp
from runtime.dlls.types import BOOL, DWORD, HANDLE, LPCSTR, LPVOID, PVOID, ULONGLONG, Out
from runtime.loader.symbols import nearest_export
from runtime.loader.unwind import find_entry
from runtime.memory.faults import MemoryFault
from runtime.memory.inspect import peek_exact
from runtime.nt import context as ctx
from runtime.nt.process import Process
from runtime.nt.stack import unwind
from runtime.nt.status import ERROR_INVALID_ADDRESS, ERROR_INVALID_PARAMETER, ERROR_MOD_NOT_FOUND, Win32Error
from runtime.nt.thread import Thread

_AMD64: Final = 0x8664
_FLAT: Final = 3
_BEGUN: Final = 0x5749_4E46
"""In STACKFRAME64.Reserved: the frame is one that an earlier call has returned."""
_FRAME64: Final = 264
"""sizeof(STACKFRAME64), with the KDHELP64 at its end, which the kernel's debuggers alone fill in."""
_REGISTERS: Final = struct.Struct("<16Q")
_FRAME: Final = struct.Struct("<QHxxI QHxxI QHxxI QHxxI QHxxI Q4QII3Q")


def _entry(process: Process, address: int) -> int:
    """Where the RUNTIME_FUNCTION of an address lies; 0 for none."""
    module = process.modules.at(address)
    if module is None:
        return 0
    try:
        return find_entry(lambda place, size: peek_exact(process.memory, place, size), module.base, address) or 0
    except MemoryFault:
        return 0


@dbghelp.export(category=DEBUG)
def SymFunctionTableAccess64(thread: Thread, hProcess: HANDLE, AddrBase: ULONGLONG) -> PVOID:
    """Return the function table entry of an address."""
    require_symbols(thread)
    process = target_of(thread, hProcess)
    entry = _entry(process, AddrBase)
    if not entry:
        raise Win32Error(ERROR_MOD_NOT_FOUND if process.modules.at(AddrBase) is None else ERROR_INVALID_PARAMETER)
    return entry


def _walk(thread: Thread, machine: int, handle: int, frame: int, context_record: int) -> int:
    """Go to the next call of a stack: the first time to where the context is, then to its caller, and so on."""
    memory = thread.process.memory
    if machine != _AMD64 or not context_record:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    process = target_of(thread, handle)
    fields = _FRAME.unpack(memory.read(frame, _FRAME.size))
    context = bytearray(memory.read(context_record, ctx.SIZE))
    registers = list(_REGISTERS.unpack_from(context, 0x78))
    address = ctx.rip_of(context)
    if fields[-3] == _BEGUN:
        caller = unwind(process, registers, address)
        if caller is None:
            return 0
        address = caller
        _REGISTERS.pack_into(context, 0x78, *registers)
        struct.pack_into("<Q", context, 0xF8, address)
        memory.write(context_record, context)
    elif not address:
        return 0
    stack = registers[Gpr.RSP]
    returned = unwind(process, registers, address) or 0
    base = registers[Gpr.RSP]
    try:
        homes = struct.unpack("<4Q", peek_exact(process.memory, base, 32)) if returned else (0, 0, 0, 0)
    except MemoryFault:
        homes = (0, 0, 0, 0)
    places = (address, returned, base - 16, stack, 0)
    addresses = [item for place in places for item in (place, 0, _FLAT)]
    memory.write(frame, _FRAME.pack(*addresses, _entry(process, address), *homes, 0, 1, _BEGUN, 0, 0))
    return 1


@dbghelp.export(category=DEBUG)
def StackWalk64(
    thread: Thread, MachineType: DWORD, hProcess: HANDLE, hThread: HANDLE, StackFrame: LPVOID, ContextRecord: LPVOID,
    ReadMemoryRoutine: PVOID, FunctionTableAccessRoutine: PVOID, GetModuleBaseRoutine: PVOID, TranslateAddress: PVOID,
) -> BOOL:  # fmt: skip
    """Go to the next call of a stack."""
    return _walk(thread, MachineType, hProcess, StackFrame, ContextRecord)


def _walk_extended(thread: Thread, machine: int, handle: int, frame: int, context: int) -> int:
    """STACKFRAME_EX: a STACKFRAME64 with its size and the context of inlined calls, of which none are known."""
    if thread.process.memory.read_u32(frame + _FRAME64) < _FRAME64 + 8:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    found = _walk(thread, machine, handle, frame, context)
    if found:
        thread.process.memory.write_u32(frame + _FRAME64 + 4, 0)
    return found


@dbghelp.export(category=DEBUG)
def StackWalkEx(
    thread: Thread, MachineType: DWORD, hProcess: HANDLE, hThread: HANDLE, StackFrame: LPVOID, ContextRecord: LPVOID,
    ReadMemoryRoutine: PVOID, FunctionTableAccessRoutine: PVOID, GetModuleBaseRoutine: PVOID, TranslateAddress: PVOID,
    Flags: DWORD,
) -> BOOL:  # fmt: skip
    """Go to the next call of a stack."""
    return _walk_extended(thread, MachineType, hProcess, StackFrame, ContextRecord)


@dbghelp.export(category=DEBUG)
def StackWalk2(
    thread: Thread, MachineType: DWORD, hProcess: HANDLE, hThread: HANDLE, StackFrame: LPVOID, ContextRecord: LPVOID,
    ReadMemoryRoutine: PVOID, FunctionTableAccessRoutine: PVOID, GetModuleBaseRoutine: PVOID, TranslateAddress: PVOID,
    GetTargetAttributeValue: PVOID, Flags: DWORD,
) -> BOOL:  # fmt: skip
    """Go to the next call of a stack."""
    return _walk_extended(thread, MachineType, hProcess, StackFrame, ContextRecord)


@dbghelp.export(category=DEBUG)
def SymGetModuleInfoW64(thread: Thread, hProcess: HANDLE, qwAddr: ULONGLONG, ModuleInfo: LPVOID) -> BOOL:
    """Describe the module an address lies in."""
    return _module_info(thread, hProcess, qwAddr, ModuleInfo, wide=True)


@dbghelp.export(category=DEBUG)
def SymGetModuleInfo64(thread: Thread, hProcess: HANDLE, qwAddr: ULONGLONG, ModuleInfo: LPVOID) -> BOOL:
    """Describe the module an address lies in."""
    return _module_info(thread, hProcess, qwAddr, ModuleInfo, wide=False)


_SYMBOL_KINDS: Final = {"none": 0, "export": 4}
_LEAST: Final = 36
"""Through SymType."""


def _module_info(thread: Thread, handle: int, address: int, target: int, *, wide: bool) -> int:
    """IMAGEHLP_MODULE64: as much as the caller's SizeOfStruct holds; what only a PDB file tells is zero."""
    require_symbols(thread)
    process = target_of(thread, handle)
    module = module_at(process, address)
    memory = thread.process.memory
    size = memory.read_u32(target)
    if size < _LEAST:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    checksum = module.image.checksum if module.image is not None else 0
    count = len(module.export_names())
    kind = _SYMBOL_KINDS["export" if count else "none"]
    stamp = module.timestamp & 0xFFFFFFFF
    data = struct.pack("<8xQ5I", module.base, module.size, stamp, checksum, count, kind)
    for text, length in ((module.name.rpartition(".")[0], 32), (module.path, 256), (module.path, 256), ("", 256)):
        unit = 2 if wide else 1
        encoded = text.encode("utf-16-le", "surrogatepass") if wide else thread.process.encode_ansi(text)
        data += encoded[: (length - 1) * unit].ljust(length * unit, b"\0")
    memory.write(target + 4, data[4:size].ljust(size - 4, b"\0"))
    return 1


@dbghelp.export(category=DEBUG)
def SymRefreshModuleList(thread: Thread, hProcess: HANDLE) -> BOOL:
    """Look which modules are loaded: symbols are looked up in those that are, at any time."""
    require_symbols(thread)
    target_of(thread, hProcess)
    return 1


@dbghelp.export(category=DEBUG)
def SymLoadModule64(
    thread: Thread,
    hProcess: HANDLE,
    hFile: HANDLE,
    ImageName: LPCSTR,
    ModuleName: LPCSTR,
    BaseOfDll: ULONGLONG,
    SizeOfDll: DWORD,
) -> ULONGLONG:
    """Have the symbols of a loaded module at hand, which they always are; return its base."""
    require_symbols(thread)
    process = target_of(thread, hProcess)
    module = process.modules.by_base(BaseOfDll) if BaseOfDll else None
    if module is None and ImageName:
        module = process.modules.find(process.decode_ansi(ImageName))
    if module is None:
        raise Win32Error(ERROR_MOD_NOT_FOUND)
    return module.base


@dbghelp.export(category=DEBUG)
def SymUnloadModule64(thread: Thread, hProcess: HANDLE, BaseOfDll: ULONGLONG) -> BOOL:
    """Let go of the symbols of a module; those of a loaded one stay at hand."""
    require_symbols(thread)
    if target_of(thread, hProcess).modules.by_base(BaseOfDll) is None or not BaseOfDll:
        raise Win32Error(ERROR_MOD_NOT_FOUND)
    return 1


@dbghelp.export(category=DEBUG)
def SymGetSymFromAddr64(
    thread: Thread, hProcess: HANDLE, qwAddr: ULONGLONG, pdwDisplacement: Out[ULONGLONG], Symbol: LPVOID
) -> BOOL:
    """Return the exported function before an address, in the older IMAGEHLP_SYMBOL64."""
    require_symbols(thread)
    found = nearest_export(module_at(target_of(thread, hProcess), qwAddr), qwAddr)
    if found is None:
        raise Win32Error(ERROR_INVALID_ADDRESS)
    memory = thread.process.memory
    capacity = memory.read_u32(Symbol + 24)
    memory.write(Symbol + 8, struct.pack("<QII", found[1], 0, 0))
    if capacity:
        memory.write(Symbol + 28, thread.process.encode_ansi(found[0])[: capacity - 1] + b"\0")
    pdwDisplacement.put(qwAddr - found[1])
    return 1
