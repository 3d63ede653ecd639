"""Names and links of a drive as the mount shows them: Windows names in UTF-8; and what links say."""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
import re

from runtime.vfs import names
from runtime.vfs.drive import Drive
from runtime.vfs.metadata import JUNCTION
from winfs.mount.node import fail

_BYTE = re.compile("[\uf080-\uf0ff]")
"""What stands in a Windows name for a byte that is not UTF-8 (see runtime.vfs.names)."""


def shown(windows: str) -> str:
    """A Windows name as a name in the mount: UTF-8, with the bytes that are none as they are on the host."""
    if windows.isascii():
        return windows
    if not _BYTE.search(windows):
        return os.fsdecode(windows.encode("utf-8", "surrogatepass"))
    parts = (
        bytes((ord(character) - 0xF000,)) if _BYTE.match(character) else character.encode("utf-8", "surrogatepass")
        for character in windows
    )
    return os.fsdecode(b"".join(parts))


def windows_name(name: str) -> str:
    """The Windows name meant by a name in the mount."""
    if name.isascii():
        return name
    try:
        return os.fsencode(name).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return "".join(
            chr(0xF000 + ord(character) - 0xDC00) if "\udc80" <= character <= "\udcff" else character
            for character in name
        )


def name_for_new(name: str) -> str:
    """The Windows name under which something new is made. Raises OSError EINVAL for one that Windows refuses."""
    windows = windows_name(name).rstrip(". ")
    if not names.is_legal(windows) or names.is_reserved(windows):
        raise fail(errno.ENAMETOOLONG if names.utf16_length(windows) > names.MAX_COMPONENT else errno.EINVAL)
    return windows


class LinkTexts:
    """The texts of a drive's symbolic links on the host and in the mount. `drives` is the path of `drives/`.

    On the host an absolute text is a path of the drive, or an NT path (`\\??\\Z:\\a`). One that begins with two
    slashes was made by a person and leads to a place outside the machine: programs, which cannot make such links, find
    a path of the drive in it.
    """

    def __init__(self, drive: Drive, drives: str) -> None:
        self._tree = drive.tree
        self._letter = drive.letter.lower()
        self._drives = drives

    def stored(self, target: str) -> str:
        """The host's text of a link that a person makes."""
        if not target.startswith("/"):
            return "/".join(map(_stored_part, target.split("/")))
        inside = target.removeprefix(self._drives)
        if inside != target and inside.startswith("/"):
            letter, _, rest = inside[1:].partition("/")
            if letter.lower() == self._letter:
                return "/" + "/".join(map(_stored_part, rest.split("/")))
            if len(letter) == 1 and letter.isalpha():
                return f"\\??\\{letter.upper()}:\\" + rest.replace("/", "\\")
        return "/" + target

    def shown(self, text: str, path: str) -> str:
        """The text in the mount of a link at a host path."""
        text = text.removeprefix(JUNCTION)
        if text.startswith("\\??\\"):
            rest = text[4:].replace("\\", "/")
            return f"{self._drives}/{rest[0].lower()}/{rest[3:]}" if rest[1:2] == ":" else text
        if text.startswith("//"):
            return text[1:]
        if text.startswith("/"):
            return f"{self._drives}/{self._letter}/" + "/".join(self._parts(text[1:], text[1:]))
        parts, level = [], path.count("/")
        for part in self._parts(text, posixpath.join(posixpath.dirname(path), text)):
            if part == "..":
                if not level:
                    continue  # the parent of the root is the root
                level -= 1
            elif part not in ("", "."):
                level += 1
            parts.append(part)
        return "/".join(parts)

    def _parts(self, text: str, path: str) -> list[str]:
        """The parts of a text: as the files that they name are called in the mount; as they are if there are none, for
        links hold all sorts of things."""
        parts = text.split("/")
        named = [part if part in ("", ".", "..") else shown(names.from_host(part)) for part in parts]
        if named == parts:
            return parts
        with contextlib.suppress(OSError):
            os.close(self._tree.locate(posixpath.normpath(path)))
            return named
        return parts


def _stored_part(part: str) -> str:
    return part if part.isascii() else names.to_host(windows_name(part))
