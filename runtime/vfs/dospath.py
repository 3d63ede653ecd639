"""DOS paths to NT paths: RtlDetermineDosPathNameType_U, RtlGetFullPathName_U, RtlDosPathNameToNtPathName_U.

Rules from Microsoft's "File path formats on Windows systems" and "Naming Files, Paths, and Namespaces". Nothing here
looks at any disk.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from runtime.nt.casing import upcase

MAX_PATH = 260
_SEPARATORS = "\\/"
_DOUBLE = re.compile(r"[\\/]+")
_DEVICE_NAME = re.compile(r"(CON|PRN|AUX|NUL|COM[1-9¹²³]|LPT[1-9¹²³])", re.IGNORECASE)
_CONSOLE_NAME = re.compile(r"(CONIN\$|CONOUT\$)", re.IGNORECASE)


class PathType(enum.IntEnum):
    """RTL_PATH_TYPE."""

    UNKNOWN = 0
    UNC_ABSOLUTE = 1
    DRIVE_ABSOLUTE = 2
    DRIVE_RELATIVE = 3
    ROOTED = 4
    RELATIVE = 5
    LOCAL_DEVICE = 6
    ROOT_LOCAL_DEVICE = 7


@dataclass(frozen=True, slots=True)
class CurrentDirectories:
    """What relative paths start from.

    `current` is the absolute current directory; `by_drive` holds what the `=X:` environment variables say: upper-case
    letter → directory.
    """

    current: str = "C:\\"
    by_drive: Mapping[str, str] = field(default_factory=dict)

    def on_drive(self, letter: str) -> str:
        """Return the current directory of a drive."""
        letter = letter.upper()
        if self.current[:2].upper() == letter + ":":
            return self.current
        return self.by_drive.get(letter, f"{letter}:\\")


def path_type(path: str) -> PathType:
    """Classify a DOS path (RtlDetermineDosPathNameType_U)."""
    if path[:1] and path[0] in _SEPARATORS:
        if len(path) < 2 or path[1] not in _SEPARATORS:
            return PathType.ROOTED
        if len(path) < 3 or path[2] not in ".?":
            return PathType.UNC_ABSOLUTE
        if len(path) == 3:
            return PathType.ROOT_LOCAL_DEVICE
        return PathType.LOCAL_DEVICE if path[3] in _SEPARATORS else PathType.UNC_ABSOLUTE
    if len(path) >= 2 and path[1] == ":":
        return PathType.DRIVE_ABSOLUTE if len(path) > 2 and path[2] in _SEPARATORS else PathType.DRIVE_RELATIVE
    return PathType.RELATIVE


def device_name(path: str) -> tuple[int, int] | None:
    """Find a DOS device name (`NUL`, `C:\\x\\con.txt`, `aux:`) in `path` (RtlIsDosDeviceName_U).

    Returns its offset and length in characters, or None.
    """
    kind = path_type(path)
    if kind in (PathType.UNC_ABSOLUTE, PathType.ROOT_LOCAL_DEVICE):
        return None
    if kind is PathType.LOCAL_DEVICE:
        return (4, 3) if path[4:].upper() == "CON" and path.startswith("\\\\.\\") else None
    if kind is PathType.RELATIVE and _CONSOLE_NAME.fullmatch(path):
        return 0, len(path)
    text = path.removesuffix(":").rstrip(". ")
    if text[-1:] == ":" and len(text) > 2:
        text = text[:-1]
    start = max(text.rfind("\\"), text.rfind("/")) + 1
    if start == 0 and kind is PathType.DRIVE_RELATIVE:
        start = 2
    stem = re.split(r"[.:]", text[start:], maxsplit=1)[0].rstrip(" ")
    if _DEVICE_NAME.fullmatch(stem):
        return start, len(stem)
    return None


def _collapse(root: str, rest: str) -> str:
    """Return `root` + `rest` with separators unified, `.` and `..` applied and trailing dots and spaces dropped."""
    ends_in_separator = rest[-1:] != "" and rest[-1] in _SEPARATORS
    parts = [part for part in _DOUBLE.split(rest) if part]
    if parts and not ends_in_separator:
        stripped = parts[-1].rstrip(" ")
        if stripped not in (".", ".."):
            stripped = stripped.rstrip(". ")
        if stripped:
            parts[-1] = stripped
        else:
            parts.pop()
            ends_in_separator = bool(parts)
    out: list[str] = []
    for index, part in enumerate(parts):
        last = index == len(parts) - 1 and not ends_in_separator
        if part == ".":
            continue
        if part == "..":
            if out:
                out.pop()
            continue
        if not last and part.endswith(".") and not part.endswith(".."):
            part = part[:-1]
        out.append(part)
    body = "\\".join(out)
    if body and ends_in_separator:
        body += "\\"
    return root + body


def _unc_split(path: str) -> tuple[str, str]:
    r"""Split `\\server\share\rest` into its fixed part, with a closing backslash, and the rest."""
    body = path[2:]
    parts = re.split(r"[\\/]+", body, maxsplit=2)
    fixed = "\\\\" + "\\".join(parts[:2])
    if len(parts) < 3:
        return fixed.rstrip(". "), ""
    return fixed + "\\", parts[2]


def full_path(path: str, current: CurrentDirectories) -> str:
    """Return the absolute form of a DOS path (RtlGetFullPathName_U); "" for an empty one or one of blanks."""
    if not path or not path.strip(" "):
        return ""
    if "\0" in path:
        path = path.split("\0", 1)[0]
    device = device_name(path)
    if device is not None:
        offset, length = device
        return "\\\\.\\" + path[offset : offset + length]
    match path_type(path):
        case PathType.LOCAL_DEVICE:
            return _collapse(f"\\\\{path[2]}\\", path[4:])
        case PathType.ROOT_LOCAL_DEVICE:
            return "\\\\" + path[2] + "\\"
        case PathType.UNC_ABSOLUTE:
            fixed, rest = _unc_split(path)
            return _collapse(fixed, rest)
        case PathType.DRIVE_ABSOLUTE:
            return _collapse(path[:2] + "\\", path[3:])
        case PathType.DRIVE_RELATIVE:
            base = current.on_drive(path[0])
            return _collapse(path[0] + base[1:3], base[3:].rstrip("\\") + ("\\" + path[2:] if path[2:] else ""))
        case PathType.ROOTED:
            if path_type(current.current) is PathType.UNC_ABSOLUTE:
                return _collapse(_unc_split(current.current)[0], path[1:])
            return _collapse(current.current[:2] + "\\", path[1:])
    if path_type(current.current) is PathType.UNC_ABSOLUTE:
        fixed, rest = _unc_split(current.current)
        return _collapse(fixed, rest.rstrip("\\") + "\\" + path)
    if path_type(current.current) is PathType.LOCAL_DEVICE:
        return _collapse(current.current[:4], current.current[4:].rstrip("\\") + "\\" + path)
    return _collapse(current.current[:3], current.current[3:] + "\\" + path)


def to_nt(path: str, current: CurrentDirectories) -> str:
    r"""Return the NT path of a DOS path (RtlDosPathNameToNtPathName_U): `C:\x` → `\??\C:\x`.

    `\\?\` and `\??\` paths are taken literally. Returns "" for a path that names nothing.
    """
    if path.startswith(("\\\\?\\", "\\??\\")):
        return "\\??\\" + path[4:]
    full = full_path(path, current)
    if not full:
        return ""
    match path_type(full):
        case PathType.LOCAL_DEVICE | PathType.ROOT_LOCAL_DEVICE:
            return "\\??\\" + full[4:]
        case PathType.UNC_ABSOLUTE:
            return "\\??\\UNC\\" + full[2:]
    return "\\??\\" + full


def from_nt(path: str) -> str:
    r"""Return the Win32 spelling of an NT path: `\??\C:\x` → `C:\x`, `\??\UNC\s\x` → `\\s\x`, else `\\.\…`."""
    if not path.startswith("\\??\\"):
        return "\\\\?\\GLOBALROOT" + path
    rest = path[4:]
    if len(rest) >= 2 and rest[1] == ":":
        return rest
    if upcase(rest[:4]) == "UNC\\":
        return "\\\\" + rest[4:]
    return "\\\\.\\" + rest


def split_last(path: str) -> tuple[str, str]:
    """Split a full path at its last backslash: directory with the backslash, and file part."""
    index = path.rfind("\\") + 1
    return path[:index], path[index:]
