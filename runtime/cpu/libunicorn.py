"""libunicorn's and libc's C functions that the engine calls, with prototypes of our own."""

from __future__ import annotations

import ctypes
from ctypes import CFUNCTYPE, POINTER, c_char, c_int, c_size_t, c_uint32, c_uint64, c_void_p
from functools import cache
from typing import Final

from unicorn.unicorn_py3.unicorn import uclib as _shared_library

from runtime.cpu import native
from runtime.cpu.engine import EngineError

OutCallback = CFUNCTYPE(None, c_void_p, c_uint32, c_int, c_uint32, c_void_p)
InterruptCallback = CFUNCTYPE(None, c_void_p, c_uint32, c_void_p)
SyscallCallback = CFUNCTYPE(None, c_void_p, c_void_p)


class MemoryManagementRegister(ctypes.Structure):
    """uc_x86_mmr."""

    _fields_ = (("selector", ctypes.c_uint16), ("base", c_uint64), ("limit", c_uint32), ("flags", c_uint32))


class ModelSpecificRegister(ctypes.Structure):
    """uc_x86_msr."""

    _fields_ = (("number", c_uint32), ("value", c_uint64))


class Timespec(ctypes.Structure):
    """struct timespec."""

    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class TimerSpec(ctypes.Structure):
    """struct itimerspec."""

    _fields_ = (("interval", Timespec), ("value", Timespec))


class SignalEvent(ctypes.Structure):
    """struct sigevent of 64-bit Linux."""

    _fields_ = (
        ("value", c_void_p),
        ("signal", c_int),
        ("notify", c_int),
        ("function", c_void_p),
        ("attributes", c_void_p),
        ("padding", c_char * 32),
    )


SIGEV_THREAD: Final = 2
CLOCK_MONOTONIC: Final = 1


@cache
def open_library() -> ctypes.CDLL:
    """libunicorn with prototypes of our own (the wrapper's belong to the wrapper)."""
    library = ctypes.CDLL(_shared_library._name)
    library.uc_open.argtypes = [c_int, c_int, POINTER(c_void_p)]
    library.uc_close.argtypes = [c_void_p]
    library.uc_strerror.restype = ctypes.c_char_p
    library.uc_mem_map_ptr.argtypes = [c_void_p, c_uint64, c_size_t, c_uint32, c_void_p]
    library.uc_reg_write.argtypes = [c_void_p, c_int, c_void_p]
    library.uc_reg_read.argtypes = [c_void_p, c_int, c_void_p]
    library.uc_context_reg_write.argtypes = [c_void_p, c_int, c_void_p]
    library.uc_context_reg_read.argtypes = [c_void_p, c_int, c_void_p]
    library.uc_context_alloc.argtypes = [c_void_p, POINTER(c_void_p)]
    library.uc_context_save.argtypes = [c_void_p, c_void_p]
    library.uc_context_restore.argtypes = [c_void_p, c_void_p]
    library.uc_context_free.argtypes = [c_void_p]
    library.uc_context_size.argtypes = [c_void_p]
    library.uc_context_size.restype = c_size_t
    library.uc_emu_start.argtypes = [c_void_p, c_uint64, c_uint64, c_uint64, c_size_t]
    library.uc_emu_stop.argtypes = [c_void_p]
    if native.is_missing():
        raise EngineError("the engine's native part is not built: run python -m runtime.guest.build")
    native.attach(library)
    return library


@cache
def libc() -> ctypes.CDLL:
    """The C library's timers."""
    library = ctypes.CDLL(None, use_errno=True)
    library.timer_create.argtypes = [c_int, POINTER(SignalEvent), POINTER(c_void_p)]
    library.timer_settime.argtypes = [c_void_p, c_int, POINTER(TimerSpec), c_void_p]
    library.timer_delete.argtypes = [c_void_p]
    return library


def check(error: int, doing: str) -> None:
    """Raise EngineError when libunicorn's answer is not UC_ERR_OK; `doing` says what failed."""
    if error:
        raise EngineError(f"Unicorn failed to {doing}: {open_library().uc_strerror(error).decode()}")
