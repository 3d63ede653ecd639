"""STARTUPINFO: what a program learns of how it was started, read back from its process parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from runtime.dlls.structure import Structure
from runtime.dlls.types import DWORD, HANDLE, PVOID, WORD

if TYPE_CHECKING:
    from runtime.nt.process import Process


class STARTUPINFOW(Structure):
    """STARTUPINFOW; STARTUPINFOA differs only in what the strings are."""

    cb: DWORD
    lpReserved: PVOID
    lpDesktop: PVOID
    lpTitle: PVOID
    dwX: DWORD
    dwY: DWORD
    dwXSize: DWORD
    dwYSize: DWORD
    dwXCountChars: DWORD
    dwYCountChars: DWORD
    dwFillAttribute: DWORD
    dwFlags: DWORD
    wShowWindow: WORD
    cbReserved2: WORD
    lpReserved2: PVOID
    hStdInput: HANDLE
    hStdOutput: HANDLE
    hStdError: HANDLE

    @classmethod
    def of(cls, process: Process) -> Self:
        """Return what GetStartupInfoW stores for a process."""
        memory, base = process.memory, process.parameters
        x, y, width, height, columns, rows, fill = (memory.read_u32(base + 0x88 + 4 * index) for index in range(7))
        return cls(
            cb=cls.size(memory),
            lpReserved=memory.read_u64(base + 0xD8),
            lpDesktop=memory.read_u64(base + 0xC8),
            lpTitle=memory.read_u64(base + 0xB8),
            dwX=x, dwY=y, dwXSize=width, dwYSize=height, dwXCountChars=columns, dwYCountChars=rows,
            dwFillAttribute=fill,
            dwFlags=memory.read_u32(base + 0xA4),
            wShowWindow=memory.read_u16(base + 0xA8),
            cbReserved2=memory.read_u16(base + 0xE0),
            lpReserved2=memory.read_u64(base + 0xE8),
            hStdInput=memory.read_u64(base + 0x20),
            hStdOutput=memory.read_u64(base + 0x28),
            hStdError=memory.read_u64(base + 0x30),
        )  # fmt: skip
