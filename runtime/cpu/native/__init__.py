"""What libunicorn computes wrongly, computed by the host's processor instead.

libunicorn's functions for SSE arithmetic, x87 arithmetic, PCMPxSTRx and the parts of its translator can be called from
outside and are called through the dynamic linker, so a library that has functions of the same names and is loaded
first takes their place:
`bin/libwinfs_cpu.so`, made by `build.py`. The package `runtime.cpu` loads it before anything can load libunicorn.

Without it (a host that is not x86-64 with glibc, or older than SSE4.2) the engine runs with libunicorn's own functions.
"""

from __future__ import annotations

import ctypes
import platform
from ctypes import c_int, c_uint64, c_void_p
from pathlib import Path
from typing import Final

_LIBRARY: Final = Path(__file__).parent / "bin" / "libwinfs_cpu.so"


def _load() -> ctypes.CDLL | None:
    if platform.machine() != "x86_64" or not _LIBRARY.exists():
        return None
    try:
        library = ctypes.CDLL(str(_LIBRARY))
    except OSError:
        return None  # another C library than glibc
    if not library.winfs_supported():
        return None
    library = ctypes.CDLL(str(_LIBRARY), mode=ctypes.RTLD_GLOBAL)
    library.winfs_attach.argtypes = [c_void_p, c_void_p]
    library.winfs_attach.restype = None
    library.winfs_attach_engine.argtypes = [c_void_p, c_void_p]
    library.winfs_attach_engine.restype = None
    library.winfs_attach_faults.argtypes = [c_void_p, c_void_p]
    library.winfs_attach_faults.restype = None
    library.winfs_attach_jumps.argtypes = [c_void_p]
    library.winfs_attach_jumps.restype = None
    library.winfs_attach_translator.argtypes = [c_void_p, c_uint64]
    library.winfs_attach_translator.restype = None
    library.winfs_run.argtypes = [c_void_p, c_uint64, c_void_p, c_void_p]
    library.winfs_run.restype = c_int
    library.winfs_guard.argtypes = [c_void_p, c_uint64]
    library.winfs_guard.restype = c_int
    library.winfs_unguard.argtypes = [c_void_p]
    library.winfs_unguard.restype = None
    return library


LIBRARY: Final = _load()


_TRANSLATION: Final = (
    "translator_loop", "cpu_ldub_code", "tcg_gen_qemu_ld_i64", "tcg_gen_qemu_st_i64", "tcg_gen_qemu_ld_i32",
    "tcg_gen_qemu_st_i32", "tcg_gen_op2", "tcg_gen_op3", "tcg_gen_movcond_i64", "tcg_gen_setcond_i64",
    "tcg_gen_setcondi_i64", "tcg_gen_callN", "tcg_gen_ext32u_i64", "tcg_gen_addi_i64", "tcg_gen_shri_i64",
    "tcg_const_i64", "tcg_temp_new_internal", "tcg_temp_free_internal", "tcg_global_mem_new_internal",
    "helper_le_lduw_mmu", "helper_le_ldul_mmu", "helper_le_ldq_mmu", "helper_le_stw_mmu", "helper_le_stl_mmu",
    "helper_le_stq_mmu",
)  # fmt: skip
"""libunicorn's own functions that translate.c calls, in the order of its `own`."""


def is_missing() -> bool:
    """Whether the library could be used here but has not been built."""
    return platform.machine() == "x86_64" and not _LIBRARY.exists()


def attach(unicorn: ctypes.CDLL) -> None:
    """Give the replacements what they call in libunicorn."""
    if LIBRARY is not None:
        raise_exception = ctypes.cast(unicorn.raise_exception_ra_x86_64, c_void_p)
        LIBRARY.winfs_attach(raise_exception, ctypes.cast(unicorn.update_mxcsr_status_x86_64, c_void_p))
        start, stop = ctypes.cast(unicorn.uc_emu_start, c_void_p), ctypes.cast(unicorn.uc_emu_stop, c_void_p)
        LIBRARY.winfs_attach_engine(start, stop)
        leave = ctypes.cast(unicorn.cpu_loop_exit_restore_x86_64, c_void_p)
        LIBRARY.winfs_attach_faults(ctypes.cast(unicorn.helper_outb_x86_64, c_void_p), leave)
        functions = (c_void_p * len(_TRANSLATION))(
            *(ctypes.cast(unicorn[f"{name}_x86_64"], c_void_p).value for name in _TRANSLATION)
        )
        LIBRARY.winfs_attach_translator(functions, len(functions))
        LIBRARY.winfs_attach_jumps(ctypes.cast(unicorn.helper_lookup_tb_ptr_x86_64, c_void_p))


JUMPS_SIZE: Final = 40 + 8 * (1 << 14)
"""Bytes of an engine's table of jumps (jumps.c), zeroed at first."""


class LostPages(ctypes.Structure):
    """Host addresses of pages that guest code touched after their file had shrunk (host.c's `Lost`)."""

    _fields_ = (("count", c_uint64), ("pages", c_uint64 * 256))
    count: int
    pages: ctypes.Array[c_uint64]

    def take(self) -> list[int]:
        """Return them and forget them."""
        found: list[int] = self.pages[: self.count]
        self.count = 0
        return found


def lost_pages() -> int:
    """How many pages of guarded ranges were lost so far, whoever touched them."""
    return c_uint64.in_dll(LIBRARY, "winfs_lost_pages").value if LIBRARY is not None else 0


def guard(address: int, size: int) -> None:
    """From now on a page of this range of host memory whose file has shrunk reads as zeros instead of killing us."""
    if LIBRARY is not None:
        LIBRARY.winfs_guard(address, size)


def unguard(address: int) -> None:
    """Undo `guard`; the range is about to be unmapped."""
    if LIBRARY is not None:
        LIBRARY.winfs_unguard(address)


def state_of_last_ldmxcsr() -> int | None:
    """Address of the processor state whose LDMXCSR was served here last; None when there is no library."""
    return c_uint64.in_dll(LIBRARY, "winfs_last_state").value if LIBRARY is not None else None
