"""The dump of a process that an exception ends: the process stays until it is written."""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runtime.nt.minidump.contents import DumpType, Selection
from runtime.nt.minidump.write import DumpError, suspend_threads, write_dump
from runtime.nt.status import status_name

if TYPE_CHECKING:
    from runtime.nt.crash import Crash
    from runtime.nt.process import Process

KEPT: Final = 10
"""Automatic dumps that are kept, as Windows Error Reporting does (LocalDumps, DumpCount)."""


class CrashDump:
    """Where the dump of a process goes if it crashes: an open descriptor, and its name for the person.

    It owns the descriptor.
    """

    def __init__(self, descriptor: int, name: str, kind: DumpType) -> None:
        self._descriptor = descriptor
        self._name = name
        self._kind = kind

    @classmethod
    def of(cls, descriptor: int, name: str, *, full: bool) -> CrashDump:
        """A dump of everything, or of what a crash is understood with."""
        return cls(descriptor, name, DumpType.full() if full else DumpType.small())

    def start(self, crash: Crash) -> None:
        """Stop the process, write its dump on a thread of its own, then end it. The lock is held."""
        process = crash.thread.process
        suspend_threads(process)
        # made while the stack is what it was
        selection = Selection.of_crash(self._kind, crash)
        selection.held = 1
        threading.Thread(target=self._write, args=(process, crash.code, selection), name="minidump").start()

    def _write(self, process: Process, code: int, selection: Selection) -> None:
        try:
            size = write_dump(process, selection, self._descriptor)
            text = f"winfs: {self._name}: minidump of process {process.pid} ({size} bytes)"
        except DumpError as error:
            text = f"winfs: {self._name}: the minidump is not written: {error}"
        except OSError as error:
            text = f"winfs: {self._name}: the minidump is not written: {error.strerror}"
        except Exception as error:  # a bug of ours must not keep the process for ever
            text = f"winfs: {self._name}: the minidump is not written: {type(error).__name__}: {error}"
        finally:
            self.close()
        with process.machine.lock:
            process.report(text)
            process.terminate(code, "unhandled exception " + status_name(code))

    def close(self) -> None:
        """No dump will be needed any more."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def automatic(process: Process, *, full: bool) -> CrashDump | None:
    """A dump `dumps/<program>.<pid>.dmp` in the machine folder; the oldest ones go. None where none can be made."""
    folder = process.machine.config.folder / "dumps"
    name = re.sub(r"[^\w. -]", "_", process.image_path.rpartition("\\")[2])
    path = folder / f"{name}.{process.pid}.dmp"
    try:
        folder.mkdir(exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        process.report(f"winfs: {path}: the minidump is not written: {error.strerror}")
        return None
    _forget_oldest(folder, path)
    return CrashDump.of(descriptor, str(path), full=full)


def _forget_oldest(folder: Path, newest: Path) -> None:
    with suppress(OSError):
        dumps = sorted(folder.glob("*.dmp"), key=lambda path: path.stat().st_mtime)
        for path in [path for path in dumps if path != newest][: -(KEPT - 1)]:
            path.unlink()
