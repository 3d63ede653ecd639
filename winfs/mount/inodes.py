"""Which nodes the kernel knows, by the numbers it knows them by."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from winfs.mount.node import Handle, Node

ROOT = 1


class Inode:
    """A node the kernel knows: how often it was looked up, and who has it open."""

    __slots__ = ("handles", "key", "lookups", "node", "number")

    def __init__(self, number: int, node: Node) -> None:
        self.number = number
        self.node = node
        self.key = node.key
        self.lookups = 0
        self.handles: list[Handle] = []


class InodeTable:
    """Numbers come from a counter and are never used again."""

    def __init__(self, root: Node) -> None:
        self._by_number = {ROOT: Inode(ROOT, root)}
        self._by_key: dict[Hashable, Inode] = {root.key: self._by_number[ROOT]}
        self._next = ROOT + 1
        self._by_number[ROOT].lookups = 1

    def __len__(self) -> int:
        return len(self._by_number)

    def __iter__(self) -> Iterator[Inode]:
        return iter(list(self._by_number.values()))

    def get(self, number: int) -> Inode:
        """The inode of a number. Raises KeyError."""
        return self._by_number[number]

    def enter(self, node: Node) -> Inode:
        """The inode of a node, made when the kernel has none for its key; a newer node takes the place of the old."""
        inode = self._by_key.get(node.key)
        if inode is None:
            inode = Inode(self._next, node)
            self._next += 1
            self._by_number[inode.number] = self._by_key[inode.key] = inode
        elif inode.node is not node and not inode.handles:
            inode.node = node
        return inode

    def number_of(self, node: Node) -> int:
        """The number of a node, 0 when the kernel does not know it."""
        inode = self._by_key.get(node.key)
        return inode.number if inode is not None else 0

    def forget(self, number: int, lookups: int) -> None:
        """The kernel gives back look-ups."""
        inode = self._by_number.get(number)
        if inode is not None and number != ROOT:
            inode.lookups -= lookups
            self.drop_unused(inode)

    def drop_unused(self, inode: Inode) -> None:
        """Forget an inode that nobody knows any more."""
        if inode.lookups <= 0 and not inode.handles and inode.number != ROOT:
            self._by_number.pop(inode.number, None)
            if self._by_key.get(inode.key) is inode:
                del self._by_key[inode.key]

    def rekey(self, inode: Inode) -> None:
        """The node's key has changed (it was renamed)."""
        if self._by_key.get(inode.key) is inode:
            del self._by_key[inode.key]
        inode.key = inode.node.key
        self._by_key[inode.key] = inode
