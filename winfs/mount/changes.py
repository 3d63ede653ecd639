"""`changes/`: what programs changed since boot or since the last `mark`.

`files` has one line a file: `A` (added), `M` (modified) or `D` (deleted), a tab, and the Windows path. A file that was
added and deleted again is not mentioned. `registry.reg` would make the changes to the registry once more. What a person
changes through the mount is not counted.
"""

from __future__ import annotations

import errno

from runtime.machine import Machine
from runtime.nt.casing import upcase
from runtime.nt.regfile import encode_file, format_changes
from runtime.vfs.changes import Action, Change, Notify
from winfs.mount.drive_files import Working
from winfs.mount.node import Command, Folder, Text, fail, text

LIMIT = 100_000
"""Files that are kept apart; beyond it changes are only counted."""

_CONTENTS = ~Notify.LAST_ACCESS


class FileChanges:
    """Sums up the changes that programs make to drives."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, str]] = {}
        """Upper-case path to kind and path."""
        self.dropped = 0
        """Changes to files that were too many to keep apart."""

    def mark(self) -> None:
        """Count from now on."""
        self._found.clear()
        self.dropped = 0

    def seen(self, change: Change) -> None:
        """Take one change."""
        path = f"{change.drive}:\\{change.path}"
        match change.action:
            case Action.ADDED | Action.RENAMED_NEW_NAME:
                self._added(path)
                if change.moved_from and change.notify & Notify.DIRECTORY_NAME:
                    self._carry(f"{change.drive}:\\{change.moved_from}", path)
            case Action.REMOVED | Action.RENAMED_OLD_NAME:
                self._removed(path)
            case Action.MODIFIED:
                if change.notify & _CONTENTS:
                    self._modified(path)

    def _set(self, path: str, kind: str) -> None:
        fold = upcase(path)
        if fold not in self._found and len(self._found) >= LIMIT:
            self.dropped += 1
        else:
            self._found[fold] = (kind, path)

    def _added(self, path: str) -> None:
        before = self._found.get(upcase(path))
        # Deleted and made again: for whoever looks now, it has other contents.
        self._set(path, "M" if before is not None and before[0] in "DM" else "A")

    def _removed(self, path: str) -> None:
        before = self._found.get(upcase(path))
        if before is not None and before[0] == "A":
            del self._found[upcase(path)]
        else:
            self._set(path, "D")

    def _modified(self, path: str) -> None:
        if upcase(path) not in self._found:
            self._set(path, "M")

    def _carry(self, old: str, new: str) -> None:
        """A directory has another name: what was added in it is now there, what else had changed went with it."""
        prefix = upcase(old) + "\\"
        for fold in [fold for fold in self._found if fold.startswith(prefix)]:
            kind, path = self._found.pop(fold)
            if kind == "A":
                self._set(new + path[len(old) :], "A")

    def report(self) -> str:
        """One line a file, sorted by path."""
        lines = [f"{kind}\t{path}\n" for _, (kind, path) in sorted(self._found.items())]
        if self.dropped:
            lines.append(f"# and {self.dropped} changes to more files\n")
        return "".join(lines)


class ChangesDirectory(Folder):
    """`changes/`, watching from the moment it is made. `working` says whose a change is."""

    def __init__(self, machine: Machine, working: Working) -> None:
        self._machine = machine
        self._working = working
        self.files = FileChanges()
        machine.drives.on_change(self._seen)
        super().__init__(
            {
                "files": Text("changes/files", lambda: text(self.files.report())),
                "registry.reg": Text("changes/registry.reg", self._registry),
                "ctl": Command("changes/ctl", lambda: b"mark\n", self._control),
            }
        )

    def _seen(self, change: Change) -> None:
        if not self._working.active:
            self.files.seen(change)

    def _registry(self) -> bytes:
        registry = self._machine.registry
        return encode_file(format_changes(registry.changes(), registry.user_sid))

    def mark(self) -> None:
        """Count files and registry from now on."""
        self.files.mark()
        self._machine.registry.mark_changes()

    def _control(self, line: str) -> None:
        if line != "mark":
            raise fail(errno.EINVAL)
        self.mark()
