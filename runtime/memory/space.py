"""An address space: virtual address descriptors over a page table, with Windows' rules.

Sources of the rules: the documentation of VirtualAlloc, VirtualProtect, VirtualFree, VirtualQuery and their Nt
counterparts; Windows Internals 7, chapter 5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from runtime.cpu.engine import Access
from runtime.cpu.paging import DIRTY, FRAME_MASK, NO_EXECUTE, OWNED, PRESENT, USER, WRITABLE
from runtime.cpu.physical import PAGE_SIZE, OutOfMemory, PhysicalMemory
from runtime.memory.access import GuestMemory
from runtime.memory.backing import Backing, FileBacking, ZeroBacking
from runtime.memory.constants import (
    COPY_PROTECTIONS,
    EXECUTABLE_PROTECTIONS,
    GRANULARITY,
    LARGE_PAGE,
    MEM_COMMIT,
    MEM_DECOMMIT,
    MEM_FREE,
    MEM_IMAGE,
    MEM_LARGE_PAGES,
    MEM_MAPPED,
    MEM_PHYSICAL,
    MEM_PRIVATE,
    MEM_RELEASE,
    MEM_RESERVE,
    MEM_RESET,
    MEM_RESET_UNDO,
    MEM_TOP_DOWN,
    MEM_WRITE_WATCH,
    PAGE_EXECUTE_READWRITE,
    PAGE_EXECUTE_WRITECOPY,
    PAGE_GUARD,
    PAGE_NOACCESS,
    PAGE_READWRITE,
    PAGE_WRITECOPY,
    WRITABLE_PROTECTIONS,
    is_valid_protection,
)
from runtime.memory.faults import AccessViolation, GuardPageViolation, InPageError
from runtime.memory.runs import Runs
from runtime.memory.vad import MemoryInformation, Vad
from runtime.memory.vads import HIGHEST_32, HIGHEST_64, LOWEST, VadTable
from runtime.nt.status import (
    STATUS_ALREADY_COMMITTED,
    STATUS_COMMITMENT_LIMIT,
    STATUS_CONFLICTING_ADDRESSES,
    STATUS_FREE_VM_NOT_AT_BASE,
    STATUS_IN_PAGE_ERROR,
    STATUS_INVALID_PAGE_PROTECTION,
    STATUS_INVALID_PARAMETER,
    STATUS_MEMORY_NOT_ALLOCATED,
    STATUS_NO_MEMORY,
    STATUS_NOT_COMMITTED,
    STATUS_NOT_MAPPED_VIEW,
    STATUS_PRIVILEGE_NOT_HELD,
    STATUS_SECTION_PROTECTION,
    STATUS_UNABLE_TO_FREE_VM,
    NtError,
)

_FAULT_AROUND: Final = 16
_ALLOCATION_TYPES: Final = (
    MEM_COMMIT
    | MEM_RESERVE
    | MEM_RESET
    | MEM_RESET_UNDO
    | MEM_TOP_DOWN
    | MEM_WRITE_WATCH
    | MEM_PHYSICAL
    | MEM_LARGE_PAGES
)


def _page_up(value: int) -> int:
    return -(-value // PAGE_SIZE) * PAGE_SIZE


class AddressSpace(GuestMemory, VadTable):
    """The virtual memory of one process.

    `flush` and `code_changed` tell the CPU engine what changed; `on_guard_page` is asked first when a guard page is
    touched and returns whether it dealt with it (stack growth).
    """

    def __init__(self, physical: PhysicalMemory, pointer_size: int = 8, commit_limit: int = 1 << 33) -> None:
        GuestMemory.__init__(self, physical, pointer_size)
        VadTable.__init__(self, HIGHEST_64 if pointer_size == 8 else HIGHEST_32)
        self.commit_limit = commit_limit
        self.committed = 0
        """Bytes committed in private memory."""
        self.peak_committed = 0
        self.flush: Callable[[], None] = lambda: None
        self.code_changed: Callable[[int, int], None] = lambda address, size: None
        self.on_guard_page: Callable[[int], bool] = lambda address: False

    # Allocation

    def charge(self, size: int) -> None:
        """Count memory as committed. Raises NtError(STATUS_COMMITMENT_LIMIT)."""
        if self.committed + size > self.commit_limit:
            raise NtError(STATUS_COMMITMENT_LIMIT)
        self.committed += size
        self.peak_committed = max(self.peak_committed, self.committed)
        if self.physical.watch is not None:
            self.physical.watch()

    def allocate(self, address: int, size: int, allocation_type: int, protect: int, *, lowest: int = LOWEST,
                 highest: int | None = None, alignment: int = GRANULARITY, name: str = "") -> int:  # fmt: skip
        """NtAllocateVirtualMemory: reserve and/or commit; return the base address.

        Raises NtError with the status that Windows documents.
        """
        if size <= 0 or not allocation_type & (MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_RESET_UNDO):
            raise NtError(STATUS_INVALID_PARAMETER)
        if allocation_type & ~_ALLOCATION_TYPES:
            raise NtError(STATUS_INVALID_PARAMETER)
        _check_kind(allocation_type, size, protect)
        if not is_valid_protection(protect, private=True):
            raise NtError(STATUS_INVALID_PAGE_PROTECTION)
        if address and (address + size - 1 > self.highest or address < LOWEST):
            raise NtError(STATUS_INVALID_PARAMETER)
        if allocation_type & (MEM_RESET | MEM_RESET_UNDO):
            if allocation_type not in (MEM_RESET, MEM_RESET_UNDO):
                raise NtError(STATUS_INVALID_PARAMETER)
            return self._reset(address, size, allocation_type)
        if allocation_type & MEM_RESERVE or not address:
            return self._reserve(address, size, allocation_type, protect, lowest, highest, alignment, name)
        start, end = address & ~0xFFF, _page_up(address + size)
        self.commit(start, end, protect)
        return start

    def _reserve(self, address: int, size: int, allocation_type: int, protect: int, lowest: int, highest: int | None,
                 alignment: int, name: str) -> int:  # fmt: skip
        if address:
            start = address & ~(GRANULARITY - 1)
            end = _page_up(address + size)
            if not self.is_free(start, end):
                raise NtError(STATUS_CONFLICTING_ADDRESSES)
        else:
            length = _page_up(size)
            top_down = bool(allocation_type & MEM_TOP_DOWN)
            start = self.find_free(length, lowest=lowest, highest=highest, top_down=top_down, alignment=alignment)
            end = start + length
        commit = bool(allocation_type & MEM_COMMIT)
        written: set[int] | None = set() if allocation_type & MEM_WRITE_WATCH else None
        if commit:
            self.charge(end - start)
        pages = Runs(start >> 12, end >> 12, protect if commit else 0)
        self.insert(Vad(start, end, MEM_PRIVATE, protect, pages, start, name=name, written=written,
                        uncommittable=bool(allocation_type & MEM_PHYSICAL)))  # fmt: skip
        return start

    def commit(self, start: int, end: int, protect: int) -> None:
        """Commit the pages of [start, end) inside one allocation; pages already committed get the protection.

        Raises NtError(STATUS_CONFLICTING_ADDRESSES) outside an allocation, STATUS_COMMITMENT_LIMIT.
        """
        vad = self.find(start)
        if vad is None or end > vad.end or vad.uncommittable:
            raise NtError(STATUS_CONFLICTING_ADDRESSES)
        if vad.kind == MEM_IMAGE:
            raise NtError(STATUS_ALREADY_COMMITTED)
        first, last = start >> 12, end >> 12
        if vad.shared_commit is not None:
            index = vad.offset + start - vad.start >> 12
            vad.shared_commit.set(index, index + last - first, 1)
        fresh = sum(stop - begin for begin, stop, value in vad.pages.runs(first, last) if not value)
        if vad.kind == MEM_PRIVATE:
            self.charge(fresh * PAGE_SIZE)
        if any(value not in (0, protect) for _, _, value in vad.pages.runs(first, last)):
            self._apply(vad, start, end, protect)
        vad.pages.set(first, last, protect)

    def _reset(self, address: int, size: int, allocation_type: int) -> int:
        start, end = _page_up(address), (address + size) & ~0xFFF
        vad = self.find(address)
        if vad is None or end > vad.end:
            raise NtError(STATUS_CONFLICTING_ADDRESSES)
        if any(not value for _, _, value in vad.pages.runs(start >> 12, end >> 12)):
            raise NtError(STATUS_NOT_COMMITTED)
        return address & ~0xFFF  # MEM_RESET only allows the contents to be dropped; keeping them is within the promise

    def free(self, address: int, size: int, free_type: int) -> tuple[int, int]:
        """NtFreeVirtualMemory: decommit or release; return the base and size that were freed. Raises NtError."""
        if free_type not in (MEM_DECOMMIT, MEM_RELEASE):
            raise NtError(STATUS_INVALID_PARAMETER)
        vad = self.find(address)
        if vad is None:
            raise NtError(STATUS_MEMORY_NOT_ALLOCATED)
        if vad.kind != MEM_PRIVATE:
            raise NtError(STATUS_UNABLE_TO_FREE_VM)
        start, end = address & ~0xFFF, _page_up(address + size)
        if not size:
            if start != vad.start:
                raise NtError(STATUS_FREE_VM_NOT_AT_BASE)
            end = vad.end
        if end > vad.end:
            raise NtError(STATUS_UNABLE_TO_FREE_VM)
        self.uncharge(vad, start, end)
        self.drop(vad, start, end)
        if free_type == MEM_DECOMMIT:
            vad.pages.set(start >> 12, end >> 12, 0)
        else:
            self._release(vad, start, end)
        return start, end - start

    def uncharge(self, vad: Vad, start: int, end: int) -> None:
        """Give back what a range of private memory has committed."""
        if vad.kind == MEM_PRIVATE:
            pages = sum(stop - begin for begin, stop, value in vad.pages.runs(start >> 12, end >> 12) if value)
            self.committed -= pages * PAGE_SIZE
            if self.physical.watch is not None:
                self.physical.watch()

    def _release(self, vad: Vad, start: int, end: int) -> None:
        self.remove(vad)
        for low, high in ((vad.start, start), (end, vad.end)):
            if low < high:
                pages = vad.pages.cut(low >> 12, high >> 12)
                self.insert(Vad(low, high, vad.kind, vad.allocation_protect, pages, low, name=vad.name,
                                written=None if vad.written is None else set(vad.written)))  # fmt: skip

    def drop(self, vad: Vad, start: int, end: int) -> None:
        """Remove the translations of a range and give back the frames this address space owns."""
        table = self.page_table
        pages = table.mapped(start, end)
        if not pages:
            return
        if any(not table.entry(page) & NO_EXECUTE for page in pages):
            self.code_changed(start, end - start)
        for page in pages:
            entry = table.clear(page)
            if entry & OWNED:
                self.physical.free(entry & FRAME_MASK)
        self.flush()

    # Protection

    def protect(self, address: int, size: int, protect: int) -> int:
        """NtProtectVirtualMemory: change committed pages; return the first page's old protection. Raises NtError."""
        if size <= 0:
            raise NtError(STATUS_INVALID_PARAMETER)
        start, end = address & ~0xFFF, _page_up(address + size)
        vad = self.find(start)
        if vad is None or end > vad.end:
            raise NtError(STATUS_CONFLICTING_ADDRESSES)
        private = vad.kind == MEM_PRIVATE
        if not is_valid_protection(protect, private=private):
            raise NtError(STATUS_INVALID_PAGE_PROTECTION)
        first, last = start >> 12, end >> 12
        vad.learn_commits(first, last)
        if any(not value for _, _, value in vad.pages.runs(first, last)):
            raise NtError(STATUS_NOT_COMMITTED)
        base = protect & 0xFF
        if vad.kind == MEM_MAPPED and base in (PAGE_READWRITE, PAGE_EXECUTE_READWRITE) and not vad.writable_view:
            raise NtError(STATUS_SECTION_PROTECTION)
        old = vad.pages[first]
        if vad.kind == MEM_IMAGE and base in (PAGE_READWRITE, PAGE_EXECUTE_READWRITE):
            self._protect_image(vad, first, last, protect)
        else:
            vad.pages.set(first, last, protect)
        self._apply(vad, start, end, protect)
        return old

    def _protect_image(self, vad: Vad, first: int, last: int, protect: int) -> None:
        """Writable image pages are copy-on-write until they have been copied."""
        base = protect & 0xFF
        copy = (PAGE_WRITECOPY if base == PAGE_READWRITE else PAGE_EXECUTE_WRITECOPY) | protect & ~0xFF
        vad.pages.set(first, last, copy)
        for page in self.page_table.mapped(first << 12, last << 12):
            if self.page_table.entry(page) & OWNED:
                vad.pages.set(page >> 12, (page >> 12) + 1, protect)

    def _apply(self, vad: Vad, start: int, end: int, protect: int) -> None:
        """Bring existing translations of a range in line with a new protection."""
        table = self.page_table
        pages = table.mapped(start, end)
        if not pages:
            return
        flags = _flags(protect)
        executable = not flags & NO_EXECUTE
        was_executable = False
        for page in pages:
            entry = table.entry(page)
            was_executable = was_executable or not entry & NO_EXECUTE
            keep = entry & (FRAME_MASK | OWNED | DIRTY)
            new = flags
            if vad.unwritten(page >> 12) or (protect & 0xFF in COPY_PROTECTIONS and not entry & OWNED):
                new &= ~WRITABLE
            table.set(page, keep, new)
        self.flush()
        if executable and not was_executable:
            self.code_changed(start, end - start)

    # Views of sections

    def map_view(self, backing: Backing, address: int, offset: int, size: int, protect: int, *, kind: int = MEM_MAPPED,
                 writable: bool = False, name: str = "", lowest: int = LOWEST, highest: int | None = None,
                 top_down: bool = False, fixed: bool = True, alignment: int = GRANULARITY,
                 placeholder: bool = False) -> int:  # fmt: skip
        """Map `size` bytes of a section's backing; return the base address. The view holds its own use of the backing.

        `placeholder`: the view takes the place of a placeholder of the same address and size. Raises
        NtError(STATUS_CONFLICTING_ADDRESSES) when `address` is given and taken, or not such a placeholder.
        """
        length = _page_up(size)
        if placeholder:
            self.remove(self.placeholder(address, length))
        elif address and fixed:
            if not self.is_free(address, address + length) or address + length - 1 > self.highest:
                raise NtError(STATUS_CONFLICTING_ADDRESSES)
        else:
            address = self.find_free(
                length, lowest=lowest, highest=highest, top_down=top_down, alignment=alignment
            )  # fmt: skip
        backing.acquire()
        pages = Runs(address >> 12, address + length >> 12, protect)
        vad = Vad(address, address + length, kind, protect, pages, address, backing, offset, writable, name)
        if isinstance(backing, ZeroBacking) and backing.committed is not None:
            pages.set(pages.start, pages.end, 0)
            vad.shared_commit = backing.committed
        vad.replaced_placeholder = placeholder
        self.insert(vad)
        return address

    def placeholder(self, start: int, size: int) -> Vad:
        """Return the placeholder of exactly that range. Raises NtError(STATUS_CONFLICTING_ADDRESSES)."""
        vad = self.find(start)
        if vad is None or not vad.is_placeholder or (vad.start, vad.end) != (start, start + size):
            raise NtError(STATUS_CONFLICTING_ADDRESSES)
        return vad

    def unmap_view(self, address: int) -> Vad:
        """NtUnmapViewOfSection: remove the view that covers `address`; return its descriptor.

        Raises NtError(STATUS_NOT_MAPPED_VIEW).
        """
        vad = self.find(address)
        if vad is None or vad.backing is None:
            raise NtError(STATUS_NOT_MAPPED_VIEW)
        self.drop(vad, vad.start, vad.end)
        self.remove(vad)
        vad.backing.release()
        return vad

    def poke(self, address: int, data: bytes) -> None:
        """Store `data` whatever the protection says, in private copies of the pages: the loader binding imports.

        Raises AccessViolation outside committed memory.
        """
        done = 0
        while done < len(data):
            page = address + done >> 12
            vad = self.find(address + done)
            if vad is None or not vad.pages[page]:
                raise AccessViolation(address + done, Access.WRITE)
            protect = vad.pages[page]
            entry = self.page_table.entry(page << 12)
            if vad.written is not None:
                vad.written.add(page)
            if vad.backing is not None and not entry & OWNED:
                entry = self._copy_page(vad, page, protect)
            elif not entry:
                entry = self._bring_in(vad, page, protect & ~PAGE_GUARD, Access.READ)
            step = min(PAGE_SIZE - (address + done & 0xFFF), len(data) - done)
            place = (entry & FRAME_MASK) + (address + done & 0xFFF)
            self._bytes[place : place + step] = data[done : done + step]
            if not entry & NO_EXECUTE:
                self.code_changed(address + done, step)
            done += step

    def _copy_page(self, vad: Vad, page: int, protect: int) -> int:
        """Replace a shared page of a view by a private copy with the same protection; return its entry."""
        assert vad.backing is not None
        address = page << 12
        entry = self.page_table.entry(address)
        frame = vad.backing.frame(vad.offset + address - vad.start >> 12)
        copy = self.physical.allocate()
        self._bytes[copy : copy + PAGE_SIZE] = self._bytes[frame : frame + PAGE_SIZE]
        if entry:
            self.code_changed(address, PAGE_SIZE)
        self.page_table.set(address, copy | OWNED, _flags(protect))
        if entry:
            self.flush()
        return self.page_table.entry(address)

    # Faults

    def resolve(self, address: int, access: Access) -> int:
        """Make the page present for `access`, as the kernel's fault handler does; return its page-table entry.

        Raises AccessViolation, GuardPageViolation or InPageError.
        """
        vad = self.find(address)
        if vad is None:
            raise AccessViolation(address, access)
        page = address >> 12
        protect = vad.pages[page]
        if not protect:
            vad.learn_commits(page, page + 1)
            protect = vad.pages[page]
        if not protect:
            raise AccessViolation(address, access)
        if protect & PAGE_GUARD:
            vad.pages.set(page, page + 1, protect & ~PAGE_GUARD)
            self._apply(vad, page << 12, (page + 1) << 12, protect & ~PAGE_GUARD)
            if not self.on_guard_page(address):
                raise GuardPageViolation(address, access)
            protect = vad.pages[page]
        base = protect & 0xFF
        if (
            base == PAGE_NOACCESS
            or (access is Access.WRITE and base not in WRITABLE_PROTECTIONS)
            or (access is Access.EXECUTE and base not in EXECUTABLE_PROTECTIONS)
        ):
            raise AccessViolation(address, access)
        try:
            return self._bring_in(vad, page, protect, access)
        except OutOfMemory:
            raise InPageError(address, access, STATUS_NO_MEMORY) from None
        except OSError:
            raise InPageError(address, access, STATUS_IN_PAGE_ERROR) from None

    def _bring_in(self, vad: Vad, page: int, protect: int, access: Access) -> int:
        table = self.page_table
        address = page << 12
        entry = table.entry(address)
        flags = _flags(protect)
        base = protect & 0xFF
        if vad.written is not None:
            if access is Access.WRITE:
                vad.written.add(page)
            elif page not in vad.written:
                flags &= ~WRITABLE
        if vad.backing is None:
            if not entry:
                self._bring_in_zeros(vad, page, protect, flags)
                return table.entry(address)
            table.set(address, entry & (FRAME_MASK | OWNED), flags)
            self.flush()
            return table.entry(address)
        if entry & OWNED:
            table.set(address, entry & (FRAME_MASK | OWNED), flags)
            self.flush()
            return table.entry(address)
        frame = vad.backing.frame(vad.offset + address - vad.start >> 12)
        if base in COPY_PROTECTIONS:
            if access is not Access.WRITE:
                table.set(address, frame, flags & ~WRITABLE)
                return table.entry(address)
            protect = COPY_PROTECTIONS[base] | protect & ~0xFF
            vad.pages.set(page, page + 1, protect)
            return self._copy_page(vad, page, protect)
        table.set(address, frame, flags)
        if entry:
            self.flush()
        return table.entry(address)

    def _bring_in_zeros(self, vad: Vad, page: int, protect: int, flags: int) -> None:
        """Back `page` and its untouched neighbours of the same 64 KiB with zeros: one fault instead of sixteen."""
        table, allocate = self.page_table, self.physical.allocate
        if vad.written is not None:
            table.set(page << 12, allocate() | OWNED, flags)
            return
        low = page & -_FAULT_AROUND
        start, end, _ = vad.pages.run_at(page)
        table.set(page << 12, allocate() | OWNED, flags)
        for other in range(max(low, start), min(low + _FAULT_AROUND, end)):
            if other != page and not table.entry(other << 12):
                table.set(other << 12, allocate() | OWNED, flags)

    def lose(self, frames: list[int]) -> int | None:
        """Forget pages of mapped files that have shrunk, so that touching them raises InPageError.

        Returns the address of the first such page, None where this address space has none of them.
        """
        first = None
        for vad in self.vads():
            backing = vad.backing
            if not isinstance(backing, FileBacking):
                continue
            for frame in frames:
                index = backing.lose(frame)
                if index is None:
                    continue
                address = vad.start + (index << 12) - vad.offset
                if vad.start <= address < vad.end and not self.page_table.entry(address) & OWNED:
                    self.page_table.clear(address)
                    first = address if first is None else first
        if first is not None:
            self.flush()
        return first

    def code_written(self, address: int, size: int) -> None:
        """The host wrote into an executable page."""
        self.code_changed(address, size)

    # Queries

    def query(self, address: int) -> MemoryInformation:
        """NtQueryVirtualMemory(MemoryBasicInformation). Raises NtError(STATUS_INVALID_PARAMETER) above user space."""
        if address > self.highest:
            raise NtError(STATUS_INVALID_PARAMETER)
        page = address & ~0xFFF
        vad = self.find(address)
        if vad is None:
            return MemoryInformation(page, 0, 0, self.next_start(address) - page, MEM_FREE, PAGE_NOACCESS, 0)
        vad.learn_commits(vad.start >> 12, vad.end >> 12)
        _, end_page, protect = vad.pages.run_at(page >> 12)
        state = MEM_COMMIT if protect else MEM_RESERVE
        size = (end_page << 12) - page
        return MemoryInformation(
            page, vad.allocation_base, vad.allocation_protect, size, state, protect, vad.kind, vad.name
        )

    def close(self) -> None:
        """Give back every frame and view; the address space is empty afterwards."""
        table = self.page_table
        for vad in list(self.vads()):
            for page in table.mapped(vad.start, vad.end):
                entry = table.clear(page)
                if entry & OWNED:
                    self.physical.free(entry & FRAME_MASK)
            if vad.backing is not None:
                vad.backing.release()
        self.clear()
        self.committed = 0
        table.close()


def _check_kind(allocation_type: int, size: int, protect: int) -> None:
    """What only a new reservation can be, and only with a privilege that neither users nor administrators hold."""
    if allocation_type & (MEM_WRITE_WATCH | MEM_PHYSICAL | MEM_LARGE_PAGES) and not allocation_type & MEM_RESERVE:
        raise NtError(STATUS_INVALID_PARAMETER)
    if allocation_type & MEM_PHYSICAL and (allocation_type & ~(MEM_PHYSICAL | MEM_RESERVE | MEM_TOP_DOWN)
                                           or protect != PAGE_READWRITE):  # fmt: skip
        raise NtError(STATUS_INVALID_PARAMETER)
    if allocation_type & MEM_LARGE_PAGES:
        if not allocation_type & MEM_COMMIT or size % LARGE_PAGE:
            raise NtError(STATUS_INVALID_PARAMETER)
        raise NtError(STATUS_PRIVILEGE_NOT_HELD)  # SeLockMemoryPrivilege


def _flags(protect: int) -> int:
    """Page-table bits for a PAGE_* protection; write-copy pages are writable once they are private copies."""
    base = protect & 0xFF
    if base == PAGE_NOACCESS or protect & PAGE_GUARD:
        return NO_EXECUTE
    flags = PRESENT | USER
    if base in WRITABLE_PROTECTIONS:
        flags |= WRITABLE
    if base not in EXECUTABLE_PROTECTIONS:
        flags |= NO_EXECUTE
    return flags
