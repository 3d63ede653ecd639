"""What libunicorn computes wrongly, computed by the host's processor instead.

libunicorn's functions for SSE arithmetic, x87 arithmetic and PCMPxSTRx can be called from outside and are called
through the dynamic linker, so a library that has functions of the same names and is loaded first takes their place:
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
    library.winfs_guard.argtypes = [c_void_p, c_uint64]
    library.winfs_guard.restype = c_int
    library.winfs_unguard.argtypes = [c_void_p]
    library.winfs_unguard.restype = None
    return library


LIBRARY: Final = _load()


def is_missing() -> bool:
    """Whether the library could be used here but has not been built."""
    return platform.machine() == "x86_64" and not _LIBRARY.exists()


def attach(unicorn: ctypes.CDLL) -> None:
    """Give the replacements what they call in libunicorn."""
    if LIBRARY is not None:
        raise_exception = ctypes.cast(unicorn.raise_exception_ra_x86_64, c_void_p)
        LIBRARY.winfs_attach(raise_exception, ctypes.cast(unicorn.update_mxcsr_status_x86_64, c_void_p))


def state_of_last_ldmxcsr() -> int | None:
    """Address of the processor state whose LDMXCSR was served here last; None when there is no library."""
    return c_uint64.in_dll(LIBRARY, "winfs_last_state").value if LIBRARY is not None else None
