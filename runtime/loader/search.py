"""Where DLLs are looked for (learn.microsoft.com, "Dynamic-link library search order")."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

SYSTEM_DIRECTORY: Final = "C:\\Windows\\System32"
WINDOWS_DIRECTORY: Final = "C:\\Windows"

LOAD_LIBRARY_AS_DATAFILE: Final = 0x2
LOAD_WITH_ALTERED_SEARCH_PATH: Final = 0x8
LOAD_LIBRARY_AS_IMAGE_RESOURCE: Final = 0x20
LOAD_LIBRARY_AS_DATAFILE_EXCLUSIVE: Final = 0x40
LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR: Final = 0x100
LOAD_LIBRARY_SEARCH_APPLICATION_DIR: Final = 0x200
LOAD_LIBRARY_SEARCH_USER_DIRS: Final = 0x400
LOAD_LIBRARY_SEARCH_SYSTEM32: Final = 0x800
LOAD_LIBRARY_SEARCH_DEFAULT_DIRS: Final = 0x1000
DONT_RESOLVE_DLL_REFERENCES: Final = 0x1

LOAD_LIBRARY_REQUIRE_SIGNED_TARGET: Final = 0x80
LOAD_LIBRARY_SAFE_CURRENT_DIRS: Final = 0x2000

SEARCH_FLAGS: Final = 0x1F00


def directory_of(path: str) -> str:
    """Return the directory part of a Windows path, without a backslash at the end."""
    return path.rpartition("\\")[0]


def base_name(path: str) -> str:
    """Return the last component of a Windows path."""
    return path.replace("/", "\\").rpartition("\\")[2]


def is_full_path(path: str) -> bool:
    """Whether a path names its drive and directory, or a share."""
    return path[1:3] in (":\\", ":/") or path[:2] in ("\\\\", "//")


@dataclass(frozen=True, slots=True)
class Asked:
    """How one LoadLibraryEx call wants its DLL, and what that needs, to be looked for."""

    flags: int = 0
    directory: str | None = None
    """Where the DLL lies, for LOAD_WITH_ALTERED_SEARCH_PATH and LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR."""


PLAINLY: Final = Asked()


@dataclass(slots=True)
class SearchPath:
    """The directories of one process."""

    application: str
    dll_directory: str | None = None
    """SetDllDirectory: replaces the current directory in the search; the empty string removes it."""
    added: dict[int, str] = field(default_factory=dict)
    """AddDllDirectory, by cookie."""
    default_flags: int = 0
    """SetDefaultDllDirectories."""

    def directories(self, asked: Asked, current: str, path: str) -> list[str]:
        """Return the directories to try, in order.

        `current` is the process's current directory, `path` its PATH.
        """
        flags, load_directory = asked.flags, asked.directory
        selected = flags & SEARCH_FLAGS or self.default_flags
        if selected:
            return self._selected(selected, load_directory)
        found = []
        if flags & LOAD_WITH_ALTERED_SEARCH_PATH and load_directory is not None:
            found.append(load_directory)
        else:
            found.append(self.application)
        if self.dll_directory:
            found.append(self.dll_directory)
        found += [SYSTEM_DIRECTORY, WINDOWS_DIRECTORY + "\\System", WINDOWS_DIRECTORY]
        if self.dll_directory is None:
            found.append(current.rstrip("\\") or current)
        found += [item.strip('"').rstrip("\\") for item in path.split(";") if item]
        return found

    def _selected(self, flags: int, load_directory: str | None) -> list[str]:
        found = []
        everything = flags & LOAD_LIBRARY_SEARCH_DEFAULT_DIRS
        if flags & LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR and load_directory is not None:
            found.append(load_directory)
        if flags & LOAD_LIBRARY_SEARCH_APPLICATION_DIR or everything:
            found.append(self.application)
        if flags & LOAD_LIBRARY_SEARCH_USER_DIRS or everything:
            found += self.added.values()
            if self.dll_directory:
                found.append(self.dll_directory)
        if flags & LOAD_LIBRARY_SEARCH_SYSTEM32 or everything:
            found.append(SYSTEM_DIRECTORY)
        return found
