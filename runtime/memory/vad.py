"""Virtual address descriptors: what each range of an address space is."""

from __future__ import annotations

from dataclasses import dataclass, field

from runtime.memory.backing import Backing
from runtime.memory.runs import Runs


@dataclass(slots=True, eq=False)
class Vad:
    """One allocation: private memory or a view of a section.

    `pages` maps page numbers to PAGE_* protections; 0 is reserved, not committed.
    """

    start: int
    end: int
    kind: int
    """MEM_PRIVATE, MEM_MAPPED or MEM_IMAGE."""
    allocation_protect: int
    pages: Runs
    allocation_base: int = 0
    """What MEMORY_BASIC_INFORMATION calls AllocationBase; differs from `start` after a partial release."""
    backing: Backing | None = None
    offset: int = 0
    """Offset of `start` in the backing, in bytes."""
    writable_view: bool = False
    """Whether the view may become PAGE_READWRITE (the section was opened for writing)."""
    name: str = ""
    """Path of the file behind the view, or what the range is for (stack, teb, …)."""
    locked: set[int] = field(default_factory=set)
    """Numbers of pages that VirtualLock has locked."""
    written: set[int] | None = None
    """Pages written since the watch began (MEM_WRITE_WATCH); None where nobody watches."""
    uncommittable: bool = False
    """Reserved for something else than ordinary pages: a placeholder, or a window for physical pages."""
    is_placeholder: bool = False
    replaced_placeholder: bool = False
    """It took the place of a placeholder and can turn back into one."""

    shared_commit: Runs | None = None
    """Of a view of a section made with SEC_RESERVE: which pages of the section are committed, in whichever view."""

    def learn_commits(self, first: int, last: int) -> None:
        """Take over what other views of the section have committed of the pages [first, last).

        Such pages have the protection of this view (VirtualAlloc, SEC_RESERVE in CreateFileMapping's documentation).
        """
        if self.shared_commit is None:
            return
        shift = (self.offset >> 12) - (self.start >> 12)
        here = [(start, stop) for start, stop, value in self.pages.runs(first, last) if not value]
        for start, stop in here:
            for low, high, committed in list(self.shared_commit.runs(start + shift, stop + shift)):
                if committed:
                    self.pages.set(low - shift, high - shift, self.allocation_protect)

    def unwritten(self, page: int) -> bool:
        """Whether writes of a page are watched and it has not been written."""
        return self.written is not None and page not in self.written


@dataclass(frozen=True, slots=True)
class MemoryInformation:
    """MEMORY_BASIC_INFORMATION of one region."""

    base: int
    allocation_base: int
    allocation_protect: int
    size: int
    state: int
    protect: int
    kind: int
    name: str = ""
