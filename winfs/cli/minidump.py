"""`winfs run --minidump FILE`: the file is opened before the program runs, and written only if it crashes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from winfs.cli import CommandError
from winfs.client import Minidump


@contextmanager
def open_minidump(path: Path, kind: str) -> Iterator[Minidump]:
    """The file that a crash's dump goes to; one that was made for it and not needed goes away again.

    Raises CommandError.
    """
    existed = os.path.lexists(path)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CommandError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        yield Minidump(kind, str(path), descriptor)
    finally:
        with suppress(OSError):
            if not existed and not os.fstat(descriptor).st_size:
                path.unlink()
        os.close(descriptor)
