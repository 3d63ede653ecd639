"""The structures a process finds in its memory at start: PEB, TEB, process parameters, loader lists."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from runtime.loader.module import Module
from runtime.memory.constants import MEM_COMMIT, MEM_RESERVE, PAGE_READWRITE
from runtime.memory.space import AddressSpace
from runtime.nt.layout import Layout

SYSTEM_AREA: Final = 0x7FF0_0000_0000
"""Where PEB, TEBs and loader data go, out of the way of what programs allocate."""

MAJOR_VERSION, MINOR_VERSION, BUILD_NUMBER = 10, 0, 19045

_LDR_ENTRY_SIZE: Final = 0x120
_PEB_LDR_SIZE: Final = 0x58
_PARAMETERS_SIZE: Final = 0x440

IS_LONG_PATH_AWARE_PROCESS: Final = 0x80
"""In the PEB's BitField."""


class Arena:
    """Guest memory handed out in small aligned pieces that live as long as the process."""

    def __init__(self, memory: AddressSpace, name: str, chunk: int = 0x10000) -> None:
        self._memory = memory
        self._name = name
        self._chunk = chunk
        self._next = self._end = 0

    def allocate(self, size: int, alignment: int = 16) -> int:
        """Return the address of `size` zeroed bytes."""
        place = -(-self._next // alignment) * alignment
        if place + size > self._end:
            length = max(self._chunk, -(-(size + alignment) // 0x10000) * 0x10000)
            base = self._memory.allocate(0, length, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, lowest=SYSTEM_AREA,
                                         name=self._name)  # fmt: skip
            self._next, self._end = base, base + length
            place = -(-base // alignment) * alignment
        self._next = place + size
        return place

    def wide(self, text: str) -> tuple[int, int]:
        """Store UTF-16 text with a NUL; return its address and its length in bytes without the NUL."""
        data = text.encode("utf-16-le", "surrogatepass")
        place = self.allocate(len(data) + 2, 2)
        self._memory.write(place, data + b"\0\0")
        return place, len(data)


def write_unicode_string(memory: AddressSpace, address: int, buffer: int, length: int, maximum: int) -> None:
    """Store a UNICODE_STRING."""
    memory.write_u16(address, length)
    memory.write_u16(address + 2, min(maximum, 0xFFFE))
    memory.write_pointer(address + memory.pointer_size, buffer)


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a process is started with."""

    image_path: str
    command_line: str
    current_directory: str
    environment: bytes
    """Sorted NAME=VALUE block, UTF-16, double NUL at the end."""
    dll_path: str = ""
    window_title: str = ""
    desktop: str = "WinSta0\\Default"
    shell_info: str = ""
    runtime_data: bytes = b""
    """The C runtime's inherited file descriptors (STARTUPINFO.lpReserved2)."""
    standard_handles: tuple[int, int, int] = (0, 0, 0)
    current_directory_handle: int = 0
    console: int = 0
    flags: int = 0
    """STARTUPINFO.dwFlags."""
    show_window: int = 1
    group: int = 0
    window: tuple[int, int, int, int, int, int, int] = (0, 0, 0, 0, 0, 0, 0)
    """STARTUPINFO: X, Y, XSize, YSize, XCountChars, YCountChars, FillAttribute."""


def write_parameters(memory: AddressSpace, arena: Arena, parameters: Parameters) -> int:
    """Store RTL_USER_PROCESS_PARAMETERS (64-bit); return its address."""
    base = arena.allocate(_PARAMETERS_SIZE)
    pack = struct.pack
    memory.write(base, pack("<III", _PARAMETERS_SIZE, _PARAMETERS_SIZE, 0x2001))
    memory.write_u64(base + 0x10, parameters.console)
    memory.write(base + 0x20, pack("<3Q", *parameters.standard_handles))
    directory = parameters.current_directory.rstrip("\\") + "\\"
    buffer = arena.allocate(0x410, 2)
    memory.write_wstr(buffer, directory)
    write_unicode_string(memory, base + 0x38, buffer, 2 * len(directory), 0x208)
    memory.write_u64(base + 0x48, parameters.current_directory_handle)
    for offset, text in (
        (0x50, parameters.dll_path),
        (0x60, parameters.image_path),
        (0x70, parameters.command_line),
        (0xB0, parameters.window_title),
        (0xC0, parameters.desktop),
        (0xD0, parameters.shell_info),
    ):
        place, length = arena.wide(text)
        write_unicode_string(memory, base + offset, place, length, length + 2)
    memory.write(base + 0x88, pack("<7I", *parameters.window))
    memory.write(base + 0xA4, pack("<II", parameters.flags, parameters.show_window))
    if parameters.runtime_data:
        place = arena.allocate(len(parameters.runtime_data))
        memory.write(place, parameters.runtime_data)
        write_unicode_string(memory, base + 0xE0, place, len(parameters.runtime_data), len(parameters.runtime_data))
    # The environment is a block of its own: RtlSetEnvironment and SetEnvironmentVariable replace it.
    size = len(parameters.environment)
    block = memory.allocate(0, max(size, 0x1000), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, name="environment")
    memory.write(block, parameters.environment)
    memory.write_u64(base + 0x80, block)
    memory.write_u64(base + 0x3F0, size)
    memory.write_u32(base + 0x408, parameters.group)
    return base


def write_peb(memory: AddressSpace, layout: Layout, peb: int, arena: Arena, image: Module, parameters: int,
              processors: int, subsystem: int) -> int:  # fmt: skip
    """Store the PEB and an empty PEB_LDR_DATA; return the address of the latter."""
    memory.write_u8(peb + 3, 0x04 if image.base == image.preferred_base else 0)
    memory.write_u64(peb + 8, 0xFFFF_FFFF_FFFF_FFFF)
    memory.write_pointer(peb + layout.image_base, image.base)
    ldr = arena.allocate(_PEB_LDR_SIZE)
    memory.write(ldr, struct.pack("<II", _PEB_LDR_SIZE, 1))
    for offset in (0x10, 0x20, 0x30):
        memory.write(ldr + offset, struct.pack("<QQ", ldr + offset, ldr + offset))
    memory.write_pointer(peb + layout.ldr, ldr)
    memory.write_pointer(peb + layout.process_parameters, parameters)
    memory.write_u32(peb + layout.number_of_processors, processors)
    memory.write_u64(peb + layout.critical_section_timeout, 0xFFFF_E86D_079B_8000)
    memory.write(peb + layout.heap_segment_reserve, struct.pack("<4Q", 0x100000, 0x2000, 0x10000, 0x1000))
    memory.write(
        peb + layout.os_version,
        struct.pack("<IIHHI", MAJOR_VERSION, MINOR_VERSION, BUILD_NUMBER, 0, 2),
    )
    memory.write(peb + layout.image_subsystem, struct.pack("<III", subsystem, 10, 0))
    memory.write_u32(peb + layout.session_id, 1)
    for bitmap, bits, where in (
        (layout.tls_bitmap, 64, layout.tls_bitmap_bits),
        (layout.tls_expansion_bitmap, 1024, layout.tls_expansion_bits),
    ):
        header = arena.allocate(16)
        memory.write_u32(header, bits)
        memory.write_pointer(header + 8, peb + where)
        memory.write_pointer(peb + bitmap, header)
    return ldr


def write_teb(memory: AddressSpace, layout: Layout, teb: int, peb: int, pid: int, tid: int, stack_base: int,
              stack_limit: int, deallocation_stack: int) -> None:  # fmt: skip
    """Store a thread's TEB."""
    write = memory.write_pointer
    write(teb + layout.exception_list, 0 if memory.pointer_size == 8 else 0xFFFFFFFF)
    write(teb + layout.stack_base, stack_base)
    write(teb + layout.stack_limit, stack_limit)
    write(teb + layout.self_pointer, teb)
    for place in (layout.client_id, layout.real_client_id):
        write(teb + place, pid)
        write(teb + place + memory.pointer_size, tid)
    write(teb + layout.peb_pointer, peb)
    memory.write_u32(teb + layout.current_locale, 0x409)
    write(teb + layout.deallocation_stack, deallocation_stack)
    write_unicode_string(memory, teb + layout.static_unicode_string, teb + layout.static_unicode_buffer, 0, 0x20A)


class LoaderLists:
    """The three module lists of PEB_LDR_DATA, as guest structures."""

    _OFFSETS: Final = (0x00, 0x10, 0x20)
    _HEADS: Final = (0x10, 0x20, 0x30)

    def __init__(self, memory: AddressSpace, arena: Arena, ldr: int) -> None:
        self._memory = memory
        self._arena = arena
        self._ldr = ldr
        self._free: list[int] = []

    def add(self, module: Module, load_time: int) -> None:
        """Write the module's LDR_DATA_TABLE_ENTRY and link it at the end of load and memory order."""
        memory = self._memory
        entry = self._free.pop() if self._free else self._arena.allocate(_LDR_ENTRY_SIZE)
        module.entry_address = entry
        memory.fill(entry, _LDR_ENTRY_SIZE)
        full, full_length = self._arena.wide(module.path)
        base_length = 2 * len(module.name)
        memory.write(entry + 0x30, struct.pack("<QQQ", module.base, module.entry, module.size))
        write_unicode_string(memory, entry + 0x48, full, full_length, full_length + 2)
        write_unicode_string(memory, entry + 0x58, full + full_length - base_length, base_length, base_length + 2)
        flags = 0x4 if module.is_dll else 0
        flags |= 0x80000 | 0x80  # processed, in the legacy lists
        memory.write_u32(entry + 0x68, flags)
        memory.write_u16(entry + 0x6C, 0xFFFF if module.load_count < 0 else module.load_count)
        memory.write_u16(entry + 0x6E, 0xFFFF if module.tls is not None else 0)
        memory.write(entry + 0x70, struct.pack("<QQ", entry + 0x70, entry + 0x70))
        memory.write_u32(entry + 0x80, module.timestamp)
        memory.write(entry + 0xF8, struct.pack("<QQ", module.preferred_base, load_time))
        memory.write_u32(entry + 0x108, name_hash(module.name))
        memory.write_u32(entry + 0x114, max(module.load_count, 1))
        self._link(entry, 0)
        self._link(entry, 1)

    def initialized(self, module: Module) -> None:
        """Link the module at the end of initialization order."""
        self._link(module.entry_address, 2)
        memory = self._memory
        memory.write_u32(module.entry_address + 0x68, memory.read_u32(module.entry_address + 0x68) | 0x4000)

    def remove(self, module: Module) -> None:
        """Unlink the module everywhere."""
        memory = self._memory
        for offset in self._OFFSETS:
            link = module.entry_address + offset
            following, previous = memory.read_u64(link), memory.read_u64(link + 8)
            if following:
                memory.write_u64(previous, following)
                memory.write_u64(following + 8, previous)
        self._free.append(module.entry_address)

    def _link(self, entry: int, which: int) -> None:
        memory = self._memory
        head = self._ldr + self._HEADS[which]
        link = entry + self._OFFSETS[which]
        if memory.read_u64(link):
            return
        last = memory.read_u64(head + 8)
        memory.write(link, struct.pack("<QQ", head, last))
        memory.write_u64(last, link)
        memory.write_u64(head + 8, link)


def name_hash(name: str) -> int:
    """BaseNameHashValue: the x65599 hash of the upper-cased name (RtlHashUnicodeString)."""
    value = 0
    for character in name.upper():
        value = value * 65599 + ord(character) & 0xFFFFFFFF
    return value
