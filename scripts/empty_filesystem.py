"""The least a pyfuse3 filesystem can be, on winfs's own loop: what one round trip costs before anybody does any work.

`python empty_filesystem.py DIR` serves a file (`file`), and folders of 100 and 10000 empty files (`100`, `10000`),
until it is unmounted. Names of folders are believed for a second, everything else is asked for each time, as in the
synthetic files of winfs.
"""

from __future__ import annotations

import errno
import stat
import sys
from collections.abc import Sequence

import pyfuse3
import trio
from pyfuse3 import (
    EntryAttributes,
    FileHandleT,
    FileInfo,
    FileNameT,
    FlagT,
    FUSEError,
    InodeT,
    ReaddirToken,
    RequestContext,
    SetattrFields,
)

from winfs.mount.session import Session

CONTENT = b"x" * 100
FOLDERS = {2: 100, 3: 10000}
FILE = InodeT(4)
_FIRST = 5


class Empty(pyfuse3.Operations):
    """Answers from constants."""

    def _entry(self, inode: int) -> EntryAttributes:
        entry = EntryAttributes()
        folder = inode == pyfuse3.ROOT_INODE or inode in FOLDERS
        entry.st_ino = InodeT(inode)
        entry.st_mode = stat.S_IFDIR | 0o755 if folder else stat.S_IFREG | 0o644
        entry.st_nlink = 1
        entry.st_size = len(CONTENT)
        entry.entry_timeout = 1.0 if folder else 0.0
        entry.attr_timeout = 0.0
        return entry

    async def lookup(self, parent_inode: InodeT, name: FileNameT, ctx: RequestContext) -> EntryAttributes:
        for number, count in FOLDERS.items():
            if name == b"%d" % count:
                return self._entry(number)
        if name in (b"file", b"held"):
            return self._entry(FILE)
        raise FUSEError(errno.ENOENT)

    async def getattr(self, inode: InodeT, ctx: RequestContext) -> EntryAttributes:
        return self._entry(inode)

    async def setattr(
        self, inode: InodeT, attr: EntryAttributes, fields: SetattrFields, fh: FileHandleT | None, ctx: RequestContext
    ) -> EntryAttributes:
        return self._entry(inode)

    async def forget(self, inode_list: Sequence[tuple[InodeT, int]]) -> None:
        pass

    async def open(self, inode: InodeT, flags: FlagT, ctx: RequestContext) -> FileInfo:
        return FileInfo(FileHandleT(inode), direct_io=True)

    async def read(self, fh: FileHandleT, off: int, size: int) -> bytes:
        return CONTENT[off : off + size]

    async def write(self, fh: FileHandleT, off: int, buf: bytes) -> int:
        return len(buf)

    async def flush(self, fh: FileHandleT) -> None:
        pass

    async def release(self, fh: FileHandleT) -> None:
        pass

    async def opendir(self, inode: InodeT, ctx: RequestContext) -> FileHandleT:
        return FileHandleT(inode)

    async def readdir(self, fh: FileHandleT, start_id: int, token: ReaddirToken) -> None:
        for index in range(start_id, FOLDERS.get(fh, 0)):
            if not pyfuse3.readdir_reply(token, b"%d" % index, self._entry(_FIRST + index), index + 1):
                return

    async def releasedir(self, fh: FileHandleT) -> None:
        pass


def main() -> None:
    session = Session(Empty(), sys.argv[1], {"fsname=empty"})
    trio.run(session.serve)


if __name__ == "__main__":
    main()
