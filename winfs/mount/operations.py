"""The FUSE requests, answered from the node tree.

A handler may raise nothing but FUSEError, or the mount ends: `handler` wraps each of them, turns OSError and NtError
into their errno, and anything else, which is a bug, into EIO and a line in the log.
"""

from __future__ import annotations

import errno
import functools
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Concatenate, ParamSpec, TypeVar

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
    ModeT,
    PollHandle,
    ReaddirToken,
    RequestContext,
    SetattrFields,
    StatvfsData,
    XAttrNameT,
)

from runtime.nt.status import NtError
from winfs.mount.errors import errno_of
from winfs.mount.follow import Followers
from winfs.mount.inodes import Inode, InodeTable
from winfs.mount.node import AttributeChange, Directory, File, Handle, Link, Node, fail

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
Answer = Callable[Concatenate["MountOperations", P], T]
Handler = Callable[Concatenate["MountOperations", P], Coroutine[object, object, T]]

_BLOCK = 512
_CAPABILITY = b"security.capability"
"""What the kernel asks for before each write: whether the file has privileges that a write takes away."""


def handler(function: Answer[P, T]) -> Handler[P, T]:
    """Make a request handler of what answers a request without waiting; whatever goes wrong becomes an errno."""
    name = function.__name__

    async def safe(self: MountOperations, /, *args: P.args, **kwargs: P.kwargs) -> T:
        self.counts[name] += 1
        try:
            return function(self, *args, **kwargs)
        except Exception as error:
            raise self.broken(error, name, args) from None

    functools.update_wrapper(safe, function)
    return safe


def waiting_handler(function: Handler[P, T]) -> Handler[P, T]:
    """`handler` for what may wait."""
    name = function.__name__

    async def safe(self: MountOperations, /, *args: P.args, **kwargs: P.kwargs) -> T:
        self.counts[name] += 1
        try:
            return await function(self, *args, **kwargs)
        except Exception as error:
            raise self.broken(error, name, args) from None

    functools.update_wrapper(safe, function)
    return safe


class _Open:
    """One open file or directory."""

    __slots__ = ("entries", "handle", "inode")

    def __init__(self, inode: Inode, handle: Handle | None, entries: list[tuple[bytes, Node]] | None) -> None:
        self.inode = inode
        self.handle = handle
        self.entries = entries


class MountOperations(pyfuse3.Operations):
    """Serves the tree below `root`. `lock` is the machine's; `on_init` is called when the kernel says hello."""

    supports_dot_lookup = False
    enable_writeback_cache = False

    def __init__(self, root: Directory, lock: threading.Lock, on_init: Callable[[], None]) -> None:
        super().__init__()
        self.inodes = InodeTable(root)
        self.counts: Counter[str] = Counter()
        self.failures = 0
        """Requests that broke down."""
        self.followers = Followers()
        self._lock = lock
        self._on_init = on_init
        self._open: dict[int, _Open] = {}
        self._next_handle = 1
        self._started = time.time_ns()
        self._owner = (os.getuid(), os.getgid())

    def init(self) -> None:
        """The kernel answered."""
        try:
            self._on_init()
        except Exception:
            log.exception("init")

    # helpers

    def broken(self, error: Exception, name: str, args: Sequence[object]) -> FUSEError:
        """What the kernel is told of a request that failed; a bug is EIO and a line in the log."""
        if isinstance(error, FUSEError):
            return error
        if isinstance(error, NtError):
            return FUSEError(errno_of(error.status))
        if isinstance(error, OSError):
            return FUSEError(error.errno or errno.EIO)
        self.failures += 1
        log.error("%s%r", name, args[:3], exc_info=error)
        return FUSEError(errno.EIO)

    def _inode(self, number: int) -> Inode:
        try:
            return self.inodes.get(number)
        except KeyError:
            raise fail(errno.ESTALE) from None

    def _directory(self, number: int) -> Directory:
        node = self._inode(number).node
        if not isinstance(node, Directory):
            raise fail(errno.ENOTDIR)
        return node

    def _handle(self, number: int) -> Handle:
        opened = self._open.get(number)
        if opened is None or opened.handle is None:
            raise fail(errno.EBADF)
        return opened.handle

    def _locked(self, handle: Handle) -> AbstractContextManager[object]:
        return self._lock if handle.locked else nullcontext()

    def _attributes(self, node: Node, number: int) -> EntryAttributes:
        found = node.attributes()
        entry = EntryAttributes()
        entry.st_ino = number
        entry.entry_timeout = node.entry_timeout
        entry.attr_timeout = node.attribute_timeout
        entry.st_mode = found.mode
        entry.st_nlink = found.links
        entry.st_uid, entry.st_gid = found.owner or self._owner
        if found.device:
            entry.st_rdev = found.device
        entry.st_size = found.size
        entry.st_blocks = -(-found.size // _BLOCK) if found.blocks is None else found.blocks
        modified = self._started if found.modified is None else found.modified
        entry.st_mtime_ns = modified
        entry.st_atime_ns = modified if found.accessed is None else found.accessed
        entry.st_ctime_ns = modified if found.changed is None else found.changed
        return entry

    def _entered(self, node: Node) -> EntryAttributes:
        """Attributes for a reply that counts as a look-up."""
        inode = self.inodes.enter(node)
        try:
            entry = self._attributes(node, inode.number)
        except BaseException:
            self.inodes.drop_unused(inode)
            raise
        inode.lookups += 1
        return entry

    def _opened(self, inode: Inode, handle: Handle) -> FileInfo:
        inode.handles.append(handle)
        number = self._next_handle
        self._next_handle += 1
        self._open[number] = _Open(inode, handle, None)
        return FileInfo(FileHandleT(number), direct_io=handle.direct, keep_cache=handle.keep_cache)

    # names

    @handler
    def lookup(self, parent_inode: InodeT, name: FileNameT, ctx: RequestContext) -> EntryAttributes:
        with self._lock:
            node = self._directory(parent_inode).look_up(os.fsdecode(name))
            entry = self._entered(node)
        if node.look_up_timeout > node.attribute_timeout:
            entry.attr_timeout = node.look_up_timeout
        return entry

    async def forget(self, inode_list: Sequence[tuple[InodeT, int]]) -> None:
        try:
            for number, count in inode_list:
                self.inodes.forget(number, count)
        except Exception:
            log.exception("forget")

    async def getattr(self, inode: InodeT, ctx: RequestContext) -> EntryAttributes:
        # The commonest request of all: `waiting_handler` written out, without a second coroutine.
        self.counts["getattr"] += 1
        try:
            node = self._inode(inode).node
            if isinstance(node, File) and node.grows:
                return await self._growing(inode, node, ctx.pid)
            with self._lock:
                return self._attributes(node, inode)
        except Exception as error:
            raise self.broken(error, "getattr", (inode,)) from None

    async def _growing(self, inode: InodeT, node: File, pid: int) -> EntryAttributes:
        """Attributes of what grows by itself: whoever follows it is answered when there is something new."""
        await self.followers.wait(inode, pid, node.size)
        with self._lock:
            entry = self._attributes(self._inode(inode).node, inode)
        self.followers.tell(inode, pid, entry.st_size)
        return entry

    @handler
    def setattr(
        self, inode: InodeT, attr: EntryAttributes, fields: SetattrFields, fh: FileHandleT | None, ctx: RequestContext
    ) -> EntryAttributes:
        with self._lock:
            known = self._inode(inode)
            size = attr.st_size if fields.update_size else None
            if size is not None:
                # A truncation by path is for those who have the file open to write.
                handles = [self._handle(fh)] if fh is not None else known.handles
                writers = [handle for handle in handles if _takes_size(handle)]
                for handle in writers:
                    handle.truncate(size)
                if writers:
                    size = None
            change = AttributeChange(
                size=size,
                mode=attr.st_mode if fields.update_mode else None,
                owner=attr.st_uid if fields.update_uid else None,
                group=attr.st_gid if fields.update_gid else None,
                accessed=attr.st_atime_ns if fields.update_atime else None,
                modified=attr.st_mtime_ns if fields.update_mtime else None,
            )
            if change != AttributeChange():
                known.node.change(change)
            return self._attributes(known.node, inode)

    @handler
    def readlink(self, inode: InodeT, ctx: RequestContext) -> FileNameT:
        with self._lock:
            node = self._inode(inode).node
            if not isinstance(node, Link):
                raise fail(errno.EINVAL)
            return FileNameT(os.fsencode(node.target()))

    @handler
    def mknod(
        self, parent_inode: InodeT, name: FileNameT, mode: ModeT, rdev: int, ctx: RequestContext
    ) -> EntryAttributes:
        with self._lock:
            return self._entered(self._directory(parent_inode).make_special(os.fsdecode(name), mode, rdev))

    @waiting_handler
    async def mkdir(self, parent_inode: InodeT, name: FileNameT, mode: ModeT, ctx: RequestContext) -> EntryAttributes:
        with self._lock:
            parent = self._directory(parent_inode)
            made = parent.make_directory(os.fsdecode(name), mode & ~ctx.umask)
            rest = parent.settle()
            if rest is None:
                return self._entered(made)
        await trio.to_thread.run_sync(rest)
        with self._lock:
            return self._entered(made)

    @handler
    def unlink(self, parent_inode: InodeT, name: FileNameT, ctx: RequestContext) -> None:
        with self._lock:
            self._directory(parent_inode).remove(os.fsdecode(name))

    @handler
    def rmdir(self, parent_inode: InodeT, name: FileNameT, ctx: RequestContext) -> None:
        with self._lock:
            self._directory(parent_inode).remove_directory(os.fsdecode(name))

    @handler
    def symlink(
        self, parent_inode: InodeT, name: FileNameT, target: FileNameT, ctx: RequestContext
    ) -> EntryAttributes:
        with self._lock:
            directory = self._directory(parent_inode)
            return self._entered(directory.make_link(os.fsdecode(name), os.fsdecode(target)))

    @waiting_handler
    async def rename(
        self,
        parent_inode_old: InodeT,
        name_old: FileNameT,
        parent_inode_new: InodeT,
        name_new: FileNameT,
        flags: FlagT,
        ctx: RequestContext,
    ) -> None:
        if flags & ~pyfuse3.RENAME_NOREPLACE:
            raise fail(errno.EINVAL)
        with self._lock:
            source, target = self._directory(parent_inode_old), self._directory(parent_inode_new)
            old, new = os.fsdecode(name_old), os.fsdecode(name_new)
            inode = self._known(source, old)
            source.rename(old, target, new, replace=not flags)
            if inode is not None:
                # The kernel goes on using the number of what was moved.
                with suppress(OSError, NtError):
                    inode.node = target.look_up(new)
                    self.inodes.rekey(inode)
            rest = source.settle()
        if rest is not None:
            await trio.to_thread.run_sync(rest)

    def _known(self, directory: Directory, name: str) -> Inode | None:
        number = self.inodes.number_of(directory.look_up(name))
        return self.inodes.get(number) if number else None

    @handler
    def link(
        self, inode: InodeT, new_parent_inode: InodeT, new_name: FileNameT, ctx: RequestContext
    ) -> EntryAttributes:
        with self._lock:
            directory = self._directory(new_parent_inode)
            return self._entered(directory.make_hard_link(os.fsdecode(new_name), self._inode(inode).node))

    # files

    @handler
    def open(self, inode: InodeT, flags: FlagT, ctx: RequestContext) -> FileInfo:
        with self._lock:
            known = self._inode(inode)
            if not isinstance(known.node, File):
                raise fail(errno.EISDIR)
            handle = known.node.open(flags)
            info = self._opened(known, handle)
            if flags & os.O_TRUNC and _takes_size(handle):
                handle.truncate(0)
            return info

    @handler
    def create(
        self, parent_inode: InodeT, name: FileNameT, mode: ModeT, flags: FlagT, ctx: RequestContext
    ) -> tuple[FileInfo, EntryAttributes]:
        with self._lock:
            node = self._directory(parent_inode).create(os.fsdecode(name), mode & ~ctx.umask)
            inode = self.inodes.enter(node)
            try:
                info = self._opened(inode, node.open(flags & ~(os.O_CREAT | os.O_EXCL)))
            except BaseException:
                self.inodes.drop_unused(inode)
                raise
            return info, self._entered(node)

    @handler
    def read(self, fh: FileHandleT, off: int, size: int) -> bytes:
        handle = self._handle(fh)
        with self._locked(handle):
            return handle.read(off, size)

    @waiting_handler
    async def write(self, fh: FileHandleT, off: int, buf: bytes) -> int:
        handle = self._handle(fh)
        with self._locked(handle):
            size = handle.write(off, buf)
        if handle.later is not None:
            work, handle.later = handle.later, None
            await trio.to_thread.run_sync(work)
        return size

    @waiting_handler
    async def flush(self, fh: FileHandleT) -> None:
        handle = self._handle(fh)
        with self._locked(handle):
            rest = handle.flush()
        if rest is not None:
            await trio.to_thread.run_sync(rest)

    @waiting_handler
    async def fsync(self, fh: FileHandleT, datasync: bool) -> None:
        handle = self._handle(fh)
        with self._locked(handle):
            rest = handle.sync()
        if rest is not None:
            await trio.to_thread.run_sync(rest)

    @handler
    def release(self, fh: FileHandleT) -> None:
        opened = self._open.pop(fh, None)
        if opened is None or opened.handle is None:
            return
        with self._lock:
            opened.inode.handles.remove(opened.handle)
            try:
                opened.handle.release()
            finally:
                self.inodes.drop_unused(opened.inode)

    @handler
    def poll(self, inode: InodeT, fh: FileHandleT, poll_handle: PollHandle | None, ctx: RequestContext) -> int:
        handle = self._handle(fh)
        with self._locked(handle):
            return handle.poll(poll_handle.notify if poll_handle is not None else None)

    # directories

    @handler
    def opendir(self, inode: InodeT, ctx: RequestContext) -> FileHandleT:
        with self._lock:
            known = self._inode(inode)
            node = self._directory(inode)
            entries: list[tuple[bytes, Node]] = [(b".", node), (b"..", node)]
            entries += [(os.fsencode(name), entry) for name, entry in node.entries()]
        number = self._next_handle
        self._next_handle += 1
        self._open[number] = _Open(known, None, entries)
        return FileHandleT(number)

    @handler
    def readdir(self, fh: FileHandleT, start_id: int, token: ReaddirToken) -> None:
        opened = self._open.get(fh)
        if opened is None or opened.entries is None:
            raise fail(errno.EBADF)
        with self._lock:
            for index in range(start_id, len(opened.entries)):
                name, node = opened.entries[index]
                if index < 2:
                    entry = self._attributes(node, opened.inode.number)
                    if not pyfuse3.readdir_reply(token, name, entry, index + 1):
                        return
                    continue
                inode = self.inodes.enter(node)
                try:
                    entry = self._attributes(inode.node, inode.number)
                except (OSError, NtError):
                    # It has gone since the directory was opened.
                    self.inodes.drop_unused(inode)
                    continue
                if not pyfuse3.readdir_reply(token, name, entry, index + 1):
                    self.inodes.drop_unused(inode)
                    return
                inode.lookups += 1

    @handler
    def releasedir(self, fh: FileHandleT) -> None:
        self._open.pop(fh, None)

    @waiting_handler
    async def fsyncdir(self, fh: FileHandleT, datasync: bool) -> None:
        opened = self._open.get(fh)
        if opened is not None and isinstance(opened.inode.node, Directory):
            with self._lock:
                rest = opened.inode.node.sync()
            if rest is not None:
                await trio.to_thread.run_sync(rest)

    # the rest

    @handler
    def statfs(self, ctx: RequestContext) -> StatvfsData:
        with self._lock:
            found = self.inodes.get(pyfuse3.ROOT_INODE).node.filesystem()
        data = StatvfsData()
        data.f_bsize = data.f_frsize = found.block_size
        data.f_blocks, data.f_bfree, data.f_bavail = found.blocks, found.free, found.available
        data.f_files, data.f_ffree, data.f_favail = found.files, found.free_files, found.free_files
        data.f_namemax = found.name_length
        return data

    @handler
    def getxattr(self, inode: InodeT, name: XAttrNameT, ctx: RequestContext) -> bytes:
        if name == _CAPABILITY:
            raise FUSEError(errno.ENODATA)
        with self._lock:
            return self._inode(inode).node.extended_attribute(name)

    @handler
    def listxattr(self, inode: InodeT, ctx: RequestContext) -> Sequence[XAttrNameT]:
        with self._lock:
            return [XAttrNameT(name) for name in self._inode(inode).node.extended_attributes()]

    @handler
    def setxattr(self, inode: InodeT, name: XAttrNameT, value: bytes, ctx: RequestContext) -> None:
        with self._lock:
            self._inode(inode).node.set_extended_attribute(name, value)

    @handler
    def removexattr(self, inode: InodeT, name: XAttrNameT, ctx: RequestContext) -> None:
        with self._lock:
            self._inode(inode).node.remove_extended_attribute(name)

    def close(self) -> None:
        """The mount is over: let go of what is still open."""
        for opened in list(self._open.values()):
            if opened.handle is not None:
                with self._lock:
                    try:
                        opened.handle.release()
                    except Exception:
                        log.exception("release")
        self._open.clear()


def _takes_size(handle: Handle) -> bool:
    return type(handle).truncate is not Handle.truncate
