"""The registers of one guest thread under the Unicorn engine."""

from __future__ import annotations

import ctypes
import struct
from ctypes import byref, c_char, c_uint32, c_uint64, c_void_p
from typing import TYPE_CHECKING, Final

import unicorn.x86_const as x86

from runtime.cpu.libunicorn import check

if TYPE_CHECKING:
    from runtime.cpu.unicorn import UnicornEngine

ENV_IN_CONTEXT: Final = 40
"""Offset of the processor state in what uc_context_save writes."""
DR6_FIXED: Final = 0xFFFF_0FF0
DR7_FIXED: Final = 0x400
DR7_ENABLE: Final = 0xFF

_SEGMENT_IDS: Final = (
    x86.UC_X86_REG_CS,
    x86.UC_X86_REG_DS,
    x86.UC_X86_REG_ES,
    x86.UC_X86_REG_FS,
    x86.UC_X86_REG_GS,
    x86.UC_X86_REG_SS,
)


class UnicornContext:
    """Registers of one guest thread: in the engine while it is the engine's current one, else in a saved copy."""

    def __init__(self, engine: UnicornEngine) -> None:
        self._engine = engine
        self._library = engine._library
        # Memory of our own: what a thread's registers were can be asked for after its end, and its engine's.
        self._memory = (c_char * len(engine._first_moment)).from_buffer_copy(engine._first_moment)
        self._handle = c_void_p(ctypes.addressof(self._memory))
        place = ctypes.addressof(self._memory) + ENV_IN_CONTEXT
        self._saved = memoryview((c_uint64 * 17).from_address(place)).cast("B").cast("Q")
        self.registers: memoryview = self._saved
        self._rip: int | None = None
        self._debug_changed = False
        self._debug: tuple[int, int, int, int, int, int] = (0, 0, 0, 0, DR6_FIXED, DR7_FIXED)

    @property
    def _current(self) -> bool:
        return self._engine._current is self

    @property
    def rip(self) -> int:
        """Where the thread goes on."""
        if self._rip is not None:
            return self._rip
        return int(self.registers[16]) + (self._engine._advance if self._current else 0)

    @rip.setter
    def rip(self, value: int) -> None:
        self._rip = value

    def _read(self, register: int, target: object) -> None:
        if self._current:
            check(self._library.uc_reg_read(self._engine._uc, register, target), "read a register")
        else:
            check(self._library.uc_context_reg_read(self._handle, register, target), "read a register")

    def _write(self, register: int, source: object) -> None:
        if self._current:
            check(self._library.uc_reg_write(self._engine._uc, register, source), "write a register")
        else:
            check(self._library.uc_context_reg_write(self._handle, register, source), "write a register")

    def _get_word(self, register: int) -> int:
        value = c_uint64()
        self._read(register, byref(value))
        return value.value

    def _set_word(self, register: int, value: int) -> None:
        self._write(register, byref(c_uint64(value)))

    @property
    def flags(self) -> int:
        """RFLAGS."""
        return self._get_word(x86.UC_X86_REG_RFLAGS)

    @flags.setter
    def flags(self, value: int) -> None:
        # Ring 3 may not change IOPL, IF, VM, NT; keep what the processor would keep.
        self._set_word(x86.UC_X86_REG_RFLAGS, value & 0x250DD5 | 0x202)

    @property
    def fs_base(self) -> int:
        """Base of FS."""
        return self._get_word(x86.UC_X86_REG_FS_BASE)

    @fs_base.setter
    def fs_base(self, value: int) -> None:
        self._set_word(x86.UC_X86_REG_FS_BASE, value)

    @property
    def gs_base(self) -> int:
        """Base of GS."""
        return self._get_word(x86.UC_X86_REG_GS_BASE)

    @gs_base.setter
    def gs_base(self, value: int) -> None:
        self._set_word(x86.UC_X86_REG_GS_BASE, value)

    def segments(self) -> tuple[int, int, int, int, int, int]:
        """Return the selectors CS, DS, ES, FS, GS, SS."""
        cs, ds, es, fs, gs, ss = (self._get_word(register) & 0xFFFF for register in _SEGMENT_IDS)
        return cs, ds, es, fs, gs, ss

    def get_vector(self, index: int) -> bytes:
        """Return XMM register `index`, 16 bytes."""
        value = (c_char * 16)()
        self._read(x86.UC_X86_REG_XMM0 + index, value)
        return value.raw

    def set_vector(self, index: int, value: bytes) -> None:
        """Set XMM register `index` from 16 bytes."""
        self._write(x86.UC_X86_REG_XMM0 + index, (c_char * 16).from_buffer_copy(value))

    def get_fxsave(self) -> bytes:
        """Return x87, MMX and SSE state as an FXSAVE image (Intel SDM volume 1, 10.5.1)."""
        image = bytearray(512)
        control = self._get_word(x86.UC_X86_REG_FPCW) & 0xFFFF
        status = self._get_word(x86.UC_X86_REG_FPSW) & 0xFFFF
        tags = self._get_word(x86.UC_X86_REG_FPTAG) & 0xFFFF
        abridged = sum(1 << index for index in range(8) if tags >> 2 * index & 3 != 3)
        mxcsr = c_uint32()
        self._read(x86.UC_X86_REG_MXCSR, byref(mxcsr))
        struct.pack_into("<HHB", image, 0, control, status, abridged)
        struct.pack_into("<II", image, 24, mxcsr.value, 0xFFFF)
        for index in range(8):
            value = (c_char * 16)()
            self._read(x86.UC_X86_REG_ST0 + index, value)
            image[32 + 16 * index : 42 + 16 * index] = value.raw[:10]
        for index in range(16):
            image[160 + 16 * index : 176 + 16 * index] = self.get_vector(index)
        return bytes(image)

    def set_fxsave(self, image: bytes) -> None:
        """Load x87, MMX and SSE state from an FXSAVE image."""
        control, status, abridged = struct.unpack_from("<HHB", image, 0)
        tags = sum(3 << 2 * index for index in range(8) if not abridged >> index & 1)
        self._set_word(x86.UC_X86_REG_FPCW, control)
        self._set_word(x86.UC_X86_REG_FPSW, status)
        for index in range(8):
            self._write(x86.UC_X86_REG_ST0 + index, (c_char * 16).from_buffer_copy(image, 32 + 16 * index))
        self._set_word(x86.UC_X86_REG_FPTAG, tags)
        self._write(x86.UC_X86_REG_MXCSR, byref(c_uint32(struct.unpack_from("<I", image, 24)[0] & 0xFFFF)))
        for index in range(16):
            self.set_vector(index, image[160 + 16 * index : 176 + 16 * index])

    def get_debug(self) -> tuple[int, int, int, int, int, int]:
        """Return the debug registers DR0 to DR3, DR6 and DR7."""
        if self._engine._armed is self and not self._debug_changed:
            self._debug = (*self._debug[:4], self._engine._debug_status.value, self._debug[5])
        return self._debug

    def set_debug(self, values: tuple[int, int, int, int, int, int]) -> None:
        """Set the debug registers; they count from when the context runs next."""
        *addresses, status, control = values
        one, two, three, four = addresses
        self._debug = (one, two, three, four, status & 0xE00F | DR6_FIXED, control & 0xFFFF0355 | DR7_FIXED)
        self._debug_changed = True
        if self._current:
            self._engine.kick()

    def close(self) -> None:
        """Take the context off the engine; its registers stay readable."""
        self._engine.put_down(self)
