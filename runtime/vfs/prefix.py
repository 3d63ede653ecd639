"""A drive whose folder lies some directories below the drive's root.

With prefix `home/me/src` the drive shows `\\home\\me\\src`, and nothing else beside these directories: a host path
keeps its shape and its neighbours stay out of reach.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Hashable, Sequence

from runtime.vfs.beneath import Root
from runtime.vfs.tree import PlainTree, Tree, located_statuses


class PrefixTree:
    """`inner` shown at `prefix`; see runtime.vfs.tree.Tree for the operations.

    `skeleton` is an empty host folder that stands for the directories above it.
    """

    def __init__(self, inner: Tree, prefix: str, skeleton: str) -> None:
        self.inner = inner
        self.prefix = prefix.strip("/")
        os.makedirs(os.path.join(skeleton, self.prefix), exist_ok=True)
        self._skeleton = PlainTree(Root(skeleton), writable=False)

    def _split(self, path: str) -> tuple[Tree, str]:
        if path == self.prefix:
            return self.inner, ""
        if path.startswith(self.prefix + "/"):
            return self.inner, path[len(self.prefix) + 1 :]
        return self._skeleton, path

    @property
    def writable(self) -> bool:
        return self.inner.writable

    def close(self) -> None:
        self.inner.close()
        self._skeleton.close()

    def locate(self, path: str) -> int:
        tree, path = self._split(path)
        return tree.locate(path)

    def open(self, path: str, flags: int, mode: int = 0o666) -> int:
        tree, path = self._split(path)
        return tree.open(path, flags, mode)

    def names(self, path: str) -> list[str]:
        tree, path = self._split(path)
        return tree.names(path)

    def statuses(self, path: str, names: Sequence[str]) -> list[os.stat_result | None]:
        tree, inner = self._split(path)
        # The folder at the prefix is not the one that stands for it in the skeleton.
        return located_statuses(self, path, names) if tree is self._skeleton else tree.statuses(inner, names)

    def stamp(self, path: str) -> Hashable:
        tree, path = self._split(path)
        return tree.stamp(path)

    def mkdir(self, path: str) -> None:
        tree, path = self._split(path)
        tree.mkdir(path)

    def remove_file(self, path: str) -> None:
        tree, path = self._split(path)
        tree.remove_file(path)

    def remove_directory(self, path: str) -> None:
        tree, path = self._split(path)
        if not path:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        tree.remove_directory(path)

    def _both(self, source: str, target: str) -> tuple[Tree, str, str]:
        tree, inner_source = self._split(source)
        other, inner_target = self._split(target)
        if tree is not other or not inner_source or not inner_target:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return tree, inner_source, inner_target

    def rename(self, source: str, target: str, *, replace: bool) -> None:
        tree, source, target = self._both(source, target)
        tree.rename(source, target, replace=replace)

    def link(self, source: str, target: str) -> None:
        tree, source, target = self._both(source, target)
        tree.link(source, target)

    def symlink(self, text: str, path: str) -> None:
        tree, path = self._split(path)
        tree.symlink(text, path)

    def prepare_write(self, path: str) -> bool:
        tree, path = self._split(path)
        return tree.prepare_write(path)

    def host_path(self, path: str) -> str:
        tree, path = self._split(path)
        return tree.host_path(path)

    def statvfs(self) -> os.statvfs_result:
        return self.inner.statvfs()
