"""What all opens of one file share: sharing rules, pending deletion and byte-range locks (Windows' file control
block)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runtime.nt import file_flags as ff
from runtime.nt.io_request import IoRequest
from runtime.nt.status import (
    STATUS_FILE_LOCK_CONFLICT,
    STATUS_LOCK_NOT_GRANTED,
    STATUS_RANGE_NOT_LOCKED,
    STATUS_SHARING_VIOLATION,
    STATUS_SUCCESS,
    NtError,
)

if TYPE_CHECKING:
    from runtime.nt.disk_file import DiskFile
    from runtime.nt.process import Process

_READING = ff.FILE_READ_DATA | ff.FILE_EXECUTE
_WRITING = ff.FILE_WRITE_DATA | ff.FILE_APPEND_DATA
_SHARED = _READING | _WRITING | ff.DELETE


@dataclass(frozen=True, slots=True)
class RangeLock:
    """One locked range of bytes."""

    file: DiskFile
    process: Process
    offset: int
    length: int
    key: int
    exclusive: bool

    def overlaps(self, offset: int, length: int) -> bool:
        """Say whether the ranges share a byte; ranges of no bytes lie between bytes."""
        if not self.length or not length:
            return False
        return self.offset < offset + length and offset < self.offset + self.length


@dataclass(slots=True, eq=False)
class FileControl:
    """State of one file while it is open anywhere in the machine."""

    identity: tuple[int, int]
    opens: list[DiskFile] = field(default_factory=list)
    delete_pending: bool = False
    unlinked: bool = False
    """Whether its name is gone already (POSIX deletion)."""
    mappings: int = 0
    """Data sections that map it."""
    images: int = 0
    """Image sections that map it."""
    locks: list[RangeLock] = field(default_factory=list)
    lock_waiters: list[tuple[IoRequest, RangeLock]] = field(default_factory=list)

    def check_sharing(self, access: int, share: int) -> None:
        """Raise NtError STATUS_SHARING_VIOLATION when an open with that access and share mode is not compatible."""
        if not access & _SHARED:
            return
        for other in self.opens:
            theirs = other.granted
            if not theirs & _SHARED:
                continue
            if (
                (access & _READING and not other.share & ff.FILE_SHARE_READ)
                or (access & _WRITING and not other.share & ff.FILE_SHARE_WRITE)
                or (access & ff.DELETE and not other.share & ff.FILE_SHARE_DELETE)
                or (theirs & _READING and not share & ff.FILE_SHARE_READ)
                or (theirs & _WRITING and not share & ff.FILE_SHARE_WRITE)
                or (theirs & ff.DELETE and not share & ff.FILE_SHARE_DELETE)
            ):
                raise NtError(STATUS_SHARING_VIOLATION)

    # Locks

    def check_read(self, file: DiskFile, process: Process, offset: int, length: int, key: int) -> None:
        """Raise NtError STATUS_FILE_LOCK_CONFLICT when somebody else holds the range exclusively."""
        for lock in self.locks:
            if lock.exclusive and lock.overlaps(offset, length) and not _owns(lock, file, process, key):
                raise NtError(STATUS_FILE_LOCK_CONFLICT)

    def check_write(self, file: DiskFile, process: Process, offset: int, length: int, key: int) -> None:
        """Raise NtError STATUS_FILE_LOCK_CONFLICT when a lock forbids writing; a shared one binds its owner, too."""
        for lock in self.locks:
            if lock.overlaps(offset, length) and not (lock.exclusive and _owns(lock, file, process, key)):
                raise NtError(STATUS_FILE_LOCK_CONFLICT)

    def lock(self, request: IoRequest, wanted: RangeLock, *, immediately: bool) -> int:
        """Take a lock, or wait for it. Raises NtError STATUS_LOCK_NOT_GRANTED."""
        if self._grantable(wanted):
            self.locks.append(wanted)
            return STATUS_SUCCESS
        if immediately:
            raise NtError(STATUS_LOCK_NOT_GRANTED)
        entry = (request, wanted)
        self.lock_waiters.append(entry)
        return request.pend(lambda: self.lock_waiters.remove(entry))

    def _grantable(self, wanted: RangeLock) -> bool:
        """Say whether no lock forbids it: a shared one may overlap an exclusive one of the same handle (LockFileEx)."""
        return not any(
            lock.overlaps(wanted.offset, wanted.length)
            and (wanted.exclusive or (lock.exclusive and not _owns(lock, wanted.file, wanted.process, wanted.key)))
            for lock in self.locks
        )

    def unlock(self, file: DiskFile, process: Process, offset: int, length: int, key: int) -> None:
        """Give back one lock of exactly that range, an exclusive one first. Raises NtError STATUS_RANGE_NOT_LOCKED."""
        for lock in sorted(self.locks, key=lambda lock: not lock.exclusive):
            if lock.offset == offset and lock.length == length and _owns(lock, file, process, key):
                self.locks.remove(lock)
                self._grant_waiters()
                return
        raise NtError(STATUS_RANGE_NOT_LOCKED)

    def unlock_all(self, file: DiskFile) -> None:
        """Give back all locks of a file object that goes away."""
        if any(lock.file is file for lock in self.locks):
            self.locks = [lock for lock in self.locks if lock.file is not file]
            self._grant_waiters()

    def _grant_waiters(self) -> None:
        for entry in list(self.lock_waiters):
            request, wanted = entry
            if self._grantable(wanted):
                self.lock_waiters.remove(entry)
                self.locks.append(wanted)
                request.complete(STATUS_SUCCESS)


def _owns(lock: RangeLock, file: DiskFile, process: Process, key: int) -> bool:
    return lock.file is file and lock.process is process and lock.key == key


class FileTable:
    """The open files of a machine, by host identity (device, inode)."""

    def __init__(self) -> None:
        self._files: dict[tuple[int, int], FileControl] = {}

    def get(self, identity: tuple[int, int]) -> FileControl | None:
        """Return the state of an open file, or None when nobody has it open."""
        return self._files.get(identity)

    def attach(self, identity: tuple[int, int], file: DiskFile) -> FileControl:
        """Note one more open."""
        control = self._files.get(identity)
        if control is None:
            control = self._files[identity] = FileControl(identity)
        control.opens.append(file)
        return control

    def detach(self, control: FileControl, file: DiskFile) -> None:
        """Note that an open has ended."""
        if file in control.opens:
            control.opens.remove(file)
        self._forget_unused(control)

    def map(self, control: FileControl) -> Callable[[], None]:
        """Note a data section over a file, which lasts longer than handles; returns what notes its end."""
        control.mappings += 1

        def unmap() -> None:
            control.mappings -= 1
            self._forget_unused(control)

        return unmap

    def hold_image(self, identity: tuple[int, int]) -> Callable[[], None]:
        """Note that a program runs from a file, or has it loaded; returns what notes the end of that."""
        control = self._files.get(identity)
        if control is None:
            control = self._files[identity] = FileControl(identity)
        control.images += 1
        held = control

        def release() -> None:
            held.images -= 1
            self._forget_unused(held)

        return release

    def _forget_unused(self, control: FileControl) -> None:
        unused = not (control.opens or control.mappings or control.images)
        if unused and self._files.get(control.identity) is control:
            del self._files[control.identity]

    def rekey(self, control: FileControl, identity: tuple[int, int]) -> None:
        """The file moved to another host file (copied up by an overlay)."""
        self._files.pop(control.identity, None)
        control.identity = identity
        self._files[identity] = control

    def __iter__(self) -> Iterator[FileControl]:
        return iter(list(self._files.values()))
