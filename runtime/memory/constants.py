"""Memory constants of winnt.h, and what each page protection lets a guest do."""

from __future__ import annotations

from typing import Final

PAGE_NOACCESS: Final = 0x01
PAGE_READONLY: Final = 0x02
PAGE_READWRITE: Final = 0x04
PAGE_WRITECOPY: Final = 0x08
PAGE_EXECUTE: Final = 0x10
PAGE_EXECUTE_READ: Final = 0x20
PAGE_EXECUTE_READWRITE: Final = 0x40
PAGE_EXECUTE_WRITECOPY: Final = 0x80
PAGE_GUARD: Final = 0x100
PAGE_NOCACHE: Final = 0x200
PAGE_WRITECOMBINE: Final = 0x400
PAGE_TARGETS_INVALID: Final = 0x40000000

MEM_COMMIT: Final = 0x1000
MEM_RESERVE: Final = 0x2000
MEM_DECOMMIT: Final = 0x4000
MEM_RELEASE: Final = 0x8000
MEM_FREE: Final = 0x10000
MEM_PRIVATE: Final = 0x20000
MEM_MAPPED: Final = 0x40000
MEM_RESET: Final = 0x80000
MEM_TOP_DOWN: Final = 0x100000
MEM_WRITE_WATCH: Final = 0x200000
MEM_PHYSICAL: Final = 0x400000
MEM_RESET_UNDO: Final = 0x1000000
MEM_IMAGE: Final = 0x1000000
MEM_LARGE_PAGES: Final = 0x20000000
MEM_COALESCE_PLACEHOLDERS: Final = 0x1
MEM_UNMAP_WITH_TRANSIENT_BOOST: Final = 0x1
MEM_PRESERVE_PLACEHOLDER: Final = 0x2
MEM_REPLACE_PLACEHOLDER: Final = 0x4000
MEM_RESERVE_PLACEHOLDER: Final = 0x40000

SEC_FILE: Final = 0x800000
SEC_IMAGE: Final = 0x1000000
SEC_RESERVE: Final = 0x4000000
SEC_COMMIT: Final = 0x8000000
SEC_NOCACHE: Final = 0x10000000
SEC_LARGE_PAGES: Final = 0x80000000
SEC_IMAGE_NO_EXECUTE: Final = 0x11000000

GRANULARITY: Final = 0x10000
"""Allocation granularity in bytes (SYSTEM_INFO.dwAllocationGranularity)."""

LARGE_PAGE: Final = 0x200000
"""Bytes of a large page (GetLargePageMinimum)."""

WRITABLE_PROTECTIONS: Final = frozenset(
    {PAGE_READWRITE, PAGE_WRITECOPY, PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY}
)
EXECUTABLE_PROTECTIONS: Final = frozenset(
    {PAGE_EXECUTE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY}
)
COPY_PROTECTIONS: Final = {PAGE_WRITECOPY: PAGE_READWRITE, PAGE_EXECUTE_WRITECOPY: PAGE_EXECUTE_READWRITE}
"""Copy-on-write protections and what a page becomes once it is a private copy."""

_VALID_BASES: Final = frozenset({1, 2, 4, 8, 16, 32, 64, 128})


def is_valid_protection(protect: int, *, private: bool) -> bool:
    """Whether a PAGE_* value is one that Windows accepts (private memory has no write-copy)."""
    base = protect & 0xFF
    if base not in _VALID_BASES or protect & ~0x400007FF:
        return False
    if base == PAGE_NOACCESS and protect & 0x700:
        return False
    return not (private and base in COPY_PROTECTIONS)
