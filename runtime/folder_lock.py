"""Who uses a machine folder: any number of machines at a time, or one that takes the folder away.

The lock is a file in the folder, held with flock(2), so it ends with whoever holds it. In a folder that
takes no files there is none.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "use.lock"


class FolderInUse(Exception):
    """Programs run on the machine of this folder."""


@contextmanager
def folder_in_use(folder: Path) -> Iterator[None]:
    """Use a machine folder, made when missing, beside others. Waits while somebody has it alone. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = _locked(folder, fcntl.LOCK_SH)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC):
            raise
        lock = None
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


@contextmanager
def folder_alone(folder: Path) -> Iterator[None]:
    """Have a machine folder, which exists, for oneself. Raises FolderInUse, OSError."""
    try:
        lock = _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FolderInUse(str(folder)) from None
    try:
        yield
    finally:
        os.close(lock)


def _locked(folder: Path, kind: int) -> int:
    path = folder / LOCK
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, kind)
            if _is(path, lock):
                return lock
        except BaseException:
            os.close(lock)
            raise
        # Whoever had the folder alone has taken it away: this was the lock of a machine that is no more.
        os.close(lock)
        folder.mkdir(parents=True, exist_ok=True)


def _is(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
