"""System DLLs of our own, as PE images in guest memory.

A built-in DLL's exports are of three kinds: Python exports become 16-byte trap stubs, functions written in C become
forwarders into `ntrtl.dll` (as kernel32 forwards to ntdll on Windows), and names that another DLL owns forward to
it. The image has headers, an export directory and unwind data, so that GetProcAddress, hand-written export walkers
and prologue hooks see what they expect.

`Nt*` functions with a system service number get the genuine stub: `mov r10, rcx; mov eax, n; syscall; ret`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from runtime import dlls
from runtime.dlls.export import Dll, Export
from runtime.guest.spec import library_exports

GUEST_DLLS: Final = Path(__file__).resolve().parent.parent / "guest" / "bin"
"""Where the compiled guest DLLs lie."""

RUNTIME_DLL: Final = "ntrtl.dll"

ALIASES: Final = {"kernelbase.dll": "kernel32.dll", "sechost.dll": "advapi32.dll", "cryptbase.dll": "advapi32.dll"}
"""DLLs whose exports all live in another one here."""

_STUB: Final = 16
_SERVICE_STUB: Final = 32
_PAGE: Final = 0x1000
_TRAP_PORT: Final = 0xF1
_TIMESTAMP: Final = 0x5DA5_0F07
CALLBACK_STUB: Final = "KiUserCallbackReturn"
"""Where guest functions called by Python return to: a trap stub whose unwind data spans the call's frame."""
_CALLBACK_FRAME: Final = 0x88


SYSTEM_VERSION: Final = (10, 0, 19041, 4412)
"""The file version of every system DLL of our own."""


def fixed_file_info() -> bytes:
    """The VS_FIXEDFILEINFO of a system DLL of our own."""
    major, minor, build, revision = SYSTEM_VERSION
    high, low = major << 16 | minor, build << 16 | revision
    return struct.pack("<13I", 0xFEEF04BD, 0x10000, high, low, high, low, 0x3F, 0, 0x40004, 2, 0, 0, 0)


@cache
def guest_functions() -> dict[str, dict[str, str]]:
    """Return, for each DLL, which names ntrtl.dll implements and under which name."""
    found: dict[str, dict[str, str]] = {}
    for export in library_exports():
        found.setdefault(export.dll.lower(), {})[export.name] = export.target
    return found


@cache
def guest_dlls() -> dict[str, Path]:
    """Return the compiled guest DLLs by lower-case file name."""
    return {path.name.lower(): path for path in GUEST_DLLS.glob("*.dll")}


def is_builtin(name: str) -> bool:
    """Whether the system has a DLL of that file name (lower case) of its own."""
    return name in guest_dlls() or name in dlls.names() or name in guest_functions() or name in ALIASES


@dataclass(slots=True)
class BuiltinImage:
    """A generated DLL image."""

    name: str
    base: int
    data: bytes
    sections: tuple[tuple[int, int, int], ...]
    """(RVA, size, section characteristics) of each section."""
    functions: dict[str, int] = field(default_factory=dict)
    """Export name to RVA of its stub."""
    forwards: dict[str, str] = field(default_factory=dict)
    """Export name to `dll.Name`."""
    ordinals: dict[int, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """SizeOfImage."""
        return len(self.data)


def _trap_stub(number: int) -> bytes:
    """mov eax, number; out; jmp to the next instruction (it ends the block: a stop comes before the return); ret."""
    return (b"\xb8" + struct.pack("<I", number) + bytes((0xE6, _TRAP_PORT, 0xEB, 0x00, 0xC3))).ljust(_STUB, b"\xcc")


def _service_stub(number: int) -> bytes:
    # mov r10, rcx; mov eax, n; test byte ptr [7FFE0308h], 1; jnz slow; syscall; ret; slow: int 2Eh; ret
    code = b"\x4c\x8b\xd1\xb8" + struct.pack("<I", number)
    code += b"\xf6\x04\x25\x08\x03\xfe\x7f\x01\x75\x03\x0f\x05\xc3\xcd\x2e\xc3"
    return code.ljust(_SERVICE_STUB, b"\xcc")


def trap_code(number: int) -> bytes:
    """Return a stub that traps with `number` and returns to its caller."""
    return _trap_stub(number)


def _contents(name: str) -> tuple[dict[str, Export], dict[str, str], dict[int, str]]:
    """Return Python exports, forwarders and ordinals of a DLL."""
    alias = ALIASES.get(name)
    if alias is not None:
        exports, forwards, _ = _contents(alias)
        stem = alias.removesuffix(".dll")
        own: Dll | None = dlls.find(name)
        merged = {export: f"{stem}.{export}" for export in (*exports, *forwards)}
        own_exports = dict(own.exports) if own is not None else {}
        for export in own_exports:
            merged.pop(export, None)
        for export, target in guest_functions().get(name, {}).items():
            own_exports.pop(export, None)
            merged[export] = f"ntrtl.{target}"
        return own_exports, merged, dict(own.ordinals) if own is not None else {}
    dll = dlls.find(name)
    exports = dict(dll.exports) if dll is not None else {}
    forwards = dict(dll.forwards) if dll is not None else {}
    for export, target in guest_functions().get(name, {}).items():
        exports.pop(export, None)
        forwards[export] = f"ntrtl.{target}"
    return exports, forwards, dict(dll.ordinals) if dll is not None else {}


@cache
def export_names(name: str) -> frozenset[str]:
    """Return the names a generated DLL (lower-case file name) exports."""
    exports, forwards, _ = _contents(name)
    return frozenset((*exports, *forwards))


def build(name: str, base: int, trap_number: Callable[[Export], int], services: dict[str, int],
          callback_number: int, extra: Iterable[Export] = ()) -> BuiltinImage:  # fmt: skip
    """Generate the image of the DLL with lower-case file name `name`, to lie at `base`.

    `extra` are exports that replace or add to those the DLL has.
    """
    exports, forwards, ordinals = _contents(name)
    for export in extra:
        exports[export.name] = export
        forwards.pop(export.name, None)
    code = bytearray()
    functions: dict[str, int] = {}
    unwind: list[tuple[int, int]] = []
    for export in exports.values():
        number = services.get(export.name) if name == "ntdll.dll" else None
        functions[export.name] = _PAGE + len(code)
        code += _trap_stub(trap_number(export)) if number is None else _service_stub(number)
    if name == "ntdll.dll":
        for export_name in services:
            if export_name.startswith("Nt") and export_name in functions:
                functions["Zw" + export_name[2:]] = functions[export_name]
        functions[CALLBACK_STUB] = _PAGE + len(code)
        unwind.append((_PAGE + len(code), _STUB))
        code += b"\x50" + _trap_stub(callback_number)[: _STUB - 1]  # push rax keeps the function's result
    text_size = _up(len(code) or 1)
    data_rva = _PAGE + text_size
    directory, export_size = _export_directory(name, data_rva, functions, forwards, ordinals)
    data = bytearray(directory)
    unwind_rva = unwind_size = 0
    if unwind:
        data += bytes(-len(data) % 4)
        info_rva = data_rva + len(data)
        # UNWIND_INFO version 1, no prologue, two slots: UWOP_ALLOC_LARGE with the size in 8-byte units.
        data += struct.pack("<BBBBBBH", 1, 0, 2, 0, 0, 1, _CALLBACK_FRAME // 8)
        unwind_rva, unwind_size = data_rva + len(data), 12 * len(unwind)
        for start, size in unwind:
            data += struct.pack("<III", start, start + size, info_rva)
    sections = (
        (b".text", _PAGE, len(code), text_size, 0x60000020),
        (b".rdata", data_rva, len(data), _up(len(data)), 0x40000040),
    )
    image = bytearray(_headers(base, sections, (data_rva, export_size), (unwind_rva, unwind_size)).ljust(_PAGE, b"\0"))
    image += bytes(code).ljust(text_size, b"\xcc") + bytes(data).ljust(_up(len(data)), b"\0")
    layout = tuple((rva, size, flags) for _, rva, _, size, flags in sections)
    return BuiltinImage(name, base, bytes(image), layout, functions, forwards, ordinals)


def _up(value: int) -> int:
    return -(-value // _PAGE) * _PAGE


def _export_directory(name: str, rva: int, functions: dict[str, int], forwards: dict[str, str],
                      ordinals: dict[int, str]) -> tuple[bytes, int]:  # fmt: skip
    """Return IMAGE_EXPORT_DIRECTORY with its tables and strings, and its size."""
    names = sorted((*functions, *forwards), key=lambda item: item.encode("latin-1"))
    fixed = {export: ordinal for ordinal, export in ordinals.items()}
    base = min(fixed.values(), default=1)
    used = set(fixed.values())
    free = (ordinal for ordinal in range(base, 1 << 16) if ordinal not in used)
    slots = {export: fixed[export] if export in fixed else next(free) for export in names}
    count = max(slots.values(), default=base) - base + 1 if slots else 0
    head = 40
    addresses_at = head
    names_at = addresses_at + 4 * count
    indexes_at = names_at + 4 * len(names)
    strings_at = indexes_at + 2 * len(names)
    strings = bytearray()

    def string(text: str) -> int:
        place = rva + strings_at + len(strings)
        strings.extend(text.encode("latin-1") + b"\0")
        return place

    dll_name = string(name)
    addresses = [0] * count
    pointers, indexes = [], []
    for export in names:
        pointers.append(string(export))
        indexes.append(slots[export] - base)
        forward = forwards.get(export)
        addresses[slots[export] - base] = functions[export] if forward is None else string(forward)
    table = struct.pack(
        "<IIHHIIIIIII", 0, _TIMESTAMP, 0, 0, dll_name, base, count, len(names), rva + addresses_at, rva + names_at,
        rva + indexes_at,
    )  # fmt: skip
    table += struct.pack(f"<{count}I{len(names)}I{len(names)}H", *addresses, *pointers, *indexes) + strings
    return table, len(table)


def _headers(base: int, sections: Iterable[tuple[bytes, int, int, int, int]], exports: tuple[int, int],
             unwind: tuple[int, int]) -> bytes:  # fmt: skip
    """Return DOS header, PE header and section table of a PE32+ DLL."""
    sections = tuple(sections)
    size = sections[-1][1] + sections[-1][3]
    dos = (b"MZ" + struct.pack("<29H", 0x90, 3, 0, 4, 0, 0xFFFF, 0, 0xB8, *[0] * 21)).ljust(0x3C, b"\0")
    dos += struct.pack("<I", 0x80) + bytes(0x40)
    file_header = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, len(sections), _TIMESTAMP, 0, 0, 240, 0x2022)
    optional = struct.pack(
        "<HBBIIIIIQIIHHHHHHIIIIHHQQQQII",
        0x20B, 14, 0, sections[0][3], sections[1][3], 0, 0, sections[0][1], base, _PAGE, 0x200, 10, 0, 10, 0, 10, 0, 0,
        size, _PAGE, 0, 3, 0x4160, 0x40000, 0x1000, 0x100000, 0x1000, 0, 16,
    )  # fmt: skip
    directories = [(0, 0)] * 16
    directories[0] = exports
    directories[3] = unwind
    optional += b"".join(struct.pack("<II", *directory) for directory in directories)
    table = b"".join(
        struct.pack("<8sIIIIIIHHI", name, virtual, rva, raw, rva, 0, 0, 0, 0, flags)
        for name, rva, virtual, raw, flags in sections
    )
    return dos + file_header + optional + table
