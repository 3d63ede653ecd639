"""NTSTATUS values, Win32 errors, their names, and the exceptions that carry them.

Every constant of ``ntstatus.h`` and ``winerror.h`` can be imported from here; all are unsigned 32-bit integers.
Executive code reports failure by raising :class:`NtError`, Win32-only code by raising :class:`Win32Error`; the export
boundary turns either into the return value and last error that the called function documents.
"""

from __future__ import annotations

from functools import cache

from runtime.nt import ntstatus, winerror
from runtime.nt.ntstatus import *  # noqa: F403
from runtime.nt.winerror import *  # noqa: F403

_ALIASES = frozenset({"STATUS_WAIT_0", "STATUS_ABANDONED", "NO_ERROR", "STATUS_KERNEL_APC"})
"""Names that share their value with one that reads better where no wait is in sight."""


def is_success(status: int) -> bool:
    """NT_SUCCESS: severity success or informational."""
    return not status & 0x80000000


def is_error(status: int) -> bool:
    """NT_ERROR: severity error."""
    return status & 0xC0000000 == 0xC0000000


@cache
def _status_names() -> dict[int, str]:
    names: dict[int, str] = {}
    for name, value in vars(ntstatus).items():
        if name.isupper() and name not in _ALIASES and not name.startswith("EXCEPTION_"):
            names.setdefault(value, name)
    return names


@cache
def _error_names() -> dict[int, str]:
    names: dict[int, str] = {}
    for name, value in vars(winerror).items():
        if name.isupper() and name not in _ALIASES:
            names.setdefault(value, name)
    return names


def status_name(status: int) -> str:
    """The name of an NTSTATUS, signed or unsigned; ``0x%08X`` where it has none."""
    status &= 0xFFFFFFFF
    return _status_names().get(status) or f"0x{status:08X}"


def error_name(error: int) -> str:
    """The name of a Win32 error; its decimal number where it has none."""
    error &= 0xFFFFFFFF
    return _error_names().get(error) or str(error)


@cache
def _dos_errors() -> dict[int, int]:
    from runtime.nt import doserror  # only programs whose calls fail pay for the table

    return doserror.build_table()


def nt_status_to_dos_error(status: int) -> int:
    """``RtlNtStatusToDosErrorNoTeb``: the Win32 error for an NTSTATUS; ERROR_MR_MID_NOT_FOUND where there is none.

    Customer-defined codes (bit 29) pass through, 0xD… is treated as 0xC…, and FACILITY_NTWIN32 codes (0xC007…, 0x8007…)
    carry the Win32 error in their low word.
    """
    status &= 0xFFFFFFFF
    if status == 0 or status & 0x20000000:
        return status
    if status & 0xF0000000 == 0xD0000000:
        status &= ~0x10000000
    error = _dos_errors().get(status)
    if error is not None:
        return error
    if status >> 16 in (0x8007, 0xC007, 0xC001):
        return status & 0xFFFF
    return winerror.ERROR_MR_MID_NOT_FOUND


class NtError(Exception):
    """An executive operation failed with ``status`` (an unsigned NTSTATUS)."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status & 0xFFFFFFFF

    @property
    def error(self) -> int:
        """The Win32 error that this status becomes."""
        return nt_status_to_dos_error(self.status)

    def __str__(self) -> str:
        return f"{status_name(self.status)} (0x{self.status:08X})"


class Win32Error(Exception):
    """A Win32 function failed with ``error``, which has no NTSTATUS behind it."""

    def __init__(self, error: int) -> None:
        super().__init__(error)
        self.error = error & 0xFFFFFFFF

    def __str__(self) -> str:
        return f"{error_name(self.error)} ({self.error})"
