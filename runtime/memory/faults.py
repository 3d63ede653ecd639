"""What a guest access to memory can raise. The boundary delivers these to the guest; host code never catches them."""

from __future__ import annotations

from runtime.cpu.engine import Access


class MemoryFault(Exception):
    """An access that guest memory does not allow."""

    def __init__(self, address: int, access: Access) -> None:
        super().__init__(f"{access.name.lower()} at {address:#x}")
        self.address = address
        self.access = access


class AccessViolation(MemoryFault):
    """STATUS_ACCESS_VIOLATION."""


class GuardPageViolation(MemoryFault):
    """STATUS_GUARD_PAGE_VIOLATION: a PAGE_GUARD page was touched; the guard is gone now."""


class InPageError(MemoryFault):
    """STATUS_IN_PAGE_ERROR: the file or the host's memory behind a page could not be read."""

    def __init__(self, address: int, access: Access, status: int) -> None:
        super().__init__(address, access)
        self.status = status
