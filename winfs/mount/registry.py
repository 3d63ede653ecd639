"""`registry/`: keys are directories, values are files, both ways.

A value's file is taken when it is closed, checked when it is written. A file whose name has no type is scratch: it
exists here only, for editors and copying programs, and becomes a value when it is renamed to a name with a type.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Hashable, Iterable, Iterator
from contextlib import suppress

from runtime.nt.casing import upcase
from runtime.nt.regfile import friendly_path
from runtime.nt.registry import Key, Registry
from runtime.nt.registry_store import StoreError, ValueRow
from runtime.nt.registry_tree import LINK_VALUE, KeyNode
from runtime.nt.status import NtError
from winfs.mount import registry_text as rt
from winfs.mount.node import (
    MOMENT,
    SMALL,
    AttributeChange,
    Attributes,
    Buffer,
    ContentHandle,
    Directory,
    File,
    Folder,
    Handle,
    Link,
    Node,
    Rest,
    fail,
)

_EPOCH = 116_444_736_000_000_000
"""1970 as a FILETIME."""
_SCRATCH_LIMIT = 64 * SMALL

ROOTS = ("HKEY_CURRENT_CONFIG", "HKEY_CURRENT_USER", "HKEY_LOCAL_MACHINE", "HKEY_USERS")


class RegistryFiles:
    """What the files of one machine's registry share."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.tree = registry.tree
        self._scratch: dict[KeyNode, dict[str, ScratchFile]] = {}
        self.writing: dict[Hashable, Buffer] = {}
        """What has been written into values' files and not been taken yet."""

    def save(self) -> None:
        """Put all changes on the disk. Raises OSError ENOSPC, EIO."""
        try:
            self.tree.store.flush()
        except StoreError as error:
            raise fail(errno.ENOSPC if error.disk_full else errno.EIO) from error

    def settle(self) -> Rest | None:
        """What is left to do after a change: to store it at once while storing fails: who writes hears of it."""
        return self.save if self.tree.store.error is not None else None

    def scratch(self, node: KeyNode) -> dict[str, ScratchFile]:
        """The scratch files of a key."""
        return self._scratch.get(node, {})

    def add_scratch(self, node: KeyNode, name: str, data: Buffer) -> ScratchFile:
        """Make a scratch file. Raises OSError ENOSPC."""
        if sum(len(file.buffer.data) for files in self._scratch.values() for file in files.values()) > _SCRATCH_LIMIT:
            raise fail(errno.ENOSPC)
        file = ScratchFile(data)
        self._scratch.setdefault(node, {})[name] = file
        return file

    def drop_scratch(self, node: KeyNode, name: str) -> ScratchFile | None:
        """Remove a scratch file."""
        files = self._scratch.get(node)
        if files is None:
            return None
        found = files.pop(name, None)
        if not files:
            del self._scratch[node]
        return found


class RegistryRoot(Folder):
    """The predefined keys. HKEY_CLASSES_ROOT is the user's classes laid over the machine's."""

    def __init__(self, registry: Registry) -> None:
        self._files = RegistryFiles(registry)
        super().__init__({})

    def _key(self, name: str) -> Key:
        registry = self._files.registry
        if name == "HKEY_CLASSES_ROOT":
            return registry.classes_root()
        path = {
            "HKEY_LOCAL_MACHINE": "\\REGISTRY\\MACHINE",
            "HKEY_USERS": "\\REGISTRY\\USER",
            "HKEY_CURRENT_USER": registry.user_path,
            "HKEY_CURRENT_CONFIG": ("\\REGISTRY\\MACHINE\\SYSTEM\\CurrentControlSet\\Hardware Profiles\\Current"),
        }.get(name)
        node = registry.tree.find(path) if path is not None else None
        if node is None:
            raise fail(errno.ENOENT)
        return Key(registry, node)

    def look_up(self, name: str) -> Node:
        name = upcase(name)
        return KeyDirectory(self._files, self._key(name), name)

    def entries(self) -> Iterator[tuple[str, Node]]:
        for name in ("HKEY_CLASSES_ROOT", *ROOTS):
            try:
                yield name, self.look_up(name)
            except (OSError, NtError):
                continue


class KeyDirectory(Directory):
    """One key. `path` is where it is in the mount below `registry/`.

    The kernel may remember its name for a while: a key that was deleted answers ESTALE, and the kernel looks again.
    """

    entry_timeout = 1.0
    mode = 0o755

    def __init__(self, files: RegistryFiles, key: Key, path: str) -> None:
        self._files = files
        self.registry_key = key
        self._node = key.node
        self._path = path
        if key.merged:
            # Another key may come to lie over this one.
            self.entry_timeout = 0.0

    @property
    def key(self) -> Hashable:
        return "key", self._node, self.registry_key.machine_node, self.registry_key.merged

    def attributes(self) -> Attributes:
        if self._node.deleted:
            raise fail(errno.ESTALE)
        return Attributes(stat.S_IFDIR | self.mode, modified=max(self._node.written - _EPOCH, 1) * 100, links=2)

    def extended_attributes(self) -> dict[bytes, bytes]:
        found = {}
        if self._node.class_name is not None:
            found[b"user.reg.class"] = self._node.class_name.encode("utf-8", "surrogatepass")
        if len(self._node.name) > 80 and rt.cut(rt.escape(self._node.name)) != rt.escape(self._node.name):
            found[b"user.reg.name"] = self._node.name.encode("utf-8", "surrogatepass")
        return found

    def set_extended_attribute(self, name: bytes, value: bytes) -> None:
        """Copying programs bring along what they read: it says what is so already."""
        if not name.startswith(b"user.reg."):
            raise fail(errno.EOPNOTSUPP)

    # looking

    def _subkey(self, name: str) -> Node | None:
        if rt.is_cut(name):
            for found, entry in self._keys():
                if found == name:
                    return entry
        fold = upcase(rt.unescape(name))
        tree, key = self._files.tree, self.registry_key
        child = tree.children(self._node).get(fold)
        below = tree.children(key.machine_node).get(fold) if key.machine_node is not None else None
        node = child or below
        return self._key_node(node, below if child is not None else None) if node is not None else None

    def _key_node(self, node: KeyNode, below: KeyNode | None) -> Node:
        name = rt.cut(rt.escape(node.name))
        if node.is_link:
            return self._link(node)
        key = Key(self._files.registry, node, merged=self.registry_key.merged)
        key.machine_node = below
        return KeyDirectory(self._files, key, f"{self._path}/{name}")

    def _link(self, node: KeyNode) -> Link:
        row = self._files.tree.values(node).get(upcase(LINK_VALUE))
        target = row.data.decode("utf-16-le", "replace").rstrip("\0") if row is not None else ""
        # By the roots that are no links themselves: HKEY_CURRENT_USER\Software\Classes is one.
        parts = friendly_path(target, "").strip("\\").split("\\")
        up = "../" * (self._path.count("/") + 1)
        return Link(("key link", node), up + "/".join(map(rt.escape, parts)))

    def _keys(self) -> Iterator[tuple[str, Node]]:
        below = self.registry_key.machine_node
        others = self._files.tree.children(below) if below is not None else {}
        for node in self.registry_key.subkeys():
            other = others.get(node.fold)
            yield rt.cut(rt.escape(node.name)), self._key_node(node, other if other is not node else None)

    def _values(self) -> Iterator[tuple[str, ValueFile]]:
        for row in sorted(self.registry_key.values(), key=lambda row: upcase(row.name)):
            raw = rt.render(row.type, row.data) is None
            stem = rt.value_stem(row.name)
            name = rt.cut(stem, "." + rt.suffix_of(row.type, raw=raw))
            if not raw and self._subkey(name) is not None:
                raw, name = True, rt.cut(stem, f".raw{row.type:x}")
            yield name, ValueFile(self._files, self.registry_key, row.name, row.type, raw)

    def look_up(self, name: str) -> Node:
        subkey = self._subkey(name)
        if subkey is not None:
            return subkey
        value = self._value(name)
        if value is not None and value.exists:
            return value
        found = self._files.scratch(self._node).get(name)
        if found is None:
            raise fail(errno.ENOENT)
        if value is not None:
            value.draft = name
            return value
        return found

    def _value(self, name: str) -> ValueFile | None:
        """The value, existing or not, that a file name means."""
        split = rt.split_value(name)
        if split is None:
            return None
        stem, kind, raw = split
        if rt.is_cut(stem):
            for found, value in self._values():
                if found == name:
                    return value
        return ValueFile(self._files, self.registry_key, rt.value_name(stem), kind, raw)

    def entries(self) -> Iterable[tuple[str, Node]]:
        yield from self._keys()
        yield from self._values()
        yield from self._files.scratch(self._node).items()

    # changing

    def create(self, name: str, mode: int) -> File:
        value = self._value(name)
        if value is None:
            return self._files.add_scratch(self._node, name, Buffer())
        # Until something good is written, it is a scratch file under a value's name.
        self._files.add_scratch(self._node, name, Buffer())
        value.draft = name
        return value

    def make_directory(self, name: str, mode: int) -> Directory:
        if self._node.parent is None:
            raise fail(errno.EACCES)
        if len(os.fsencode(name)) > rt.MAXIMUM_NAME:
            raise fail(errno.ENAMETOOLONG)
        parent = self.registry_key.machine_node or self._node
        node = self._files.tree.create(parent, rt.unescape(name), volatile=parent.volatile)
        found = self._key_node(node, None)
        assert isinstance(found, Directory)
        return found

    def remove(self, name: str) -> None:
        if self._subkey(name) is not None:
            raise fail(errno.EISDIR)
        value = self._value(name)
        if value is not None and value.exists:
            value.delete()
            self._files.drop_scratch(self._node, name)
        elif self._files.drop_scratch(self._node, name) is None:
            raise fail(errno.ENOENT)

    def remove_directory(self, name: str) -> None:
        found = self._subkey(name)
        if found is None:
            raise fail(errno.ENOENT)
        if not isinstance(found, KeyDirectory):
            raise fail(errno.ENOTDIR)
        node = found.registry_key.node
        tree = self._files.tree
        if tree.children(node) or tree.values(node) or self._files.scratch(node):
            raise fail(errno.ENOTEMPTY)
        tree.delete(node)

    def rename(self, name: str, target: Directory, new_name: str, *, replace: bool) -> None:
        if not isinstance(target, KeyDirectory):
            raise fail(errno.EXDEV)
        subkey = self._subkey(name)
        if subkey is not None:
            self._rename_key(subkey, target, new_name)
            return
        if target._subkey(new_name) is not None:
            raise fail(errno.EISDIR)
        existing = target._value(new_name)
        if not replace and (target._files.scratch(target._node).get(new_name) or (existing and existing.exists)):
            raise fail(errno.EEXIST)
        value = self._value(name)
        if value is not None and value.exists:
            content, row = value.content(), value.row()
        else:
            source = self._files.scratch(self._node).get(name)
            if source is None:
                raise fail(errno.ENOENT)
            content, row, value = bytes(source.buffer.data), None, None
        if existing is None:
            moved = Buffer(bytearray(content))
            if value is None and (scratch := self._files.scratch(self._node).get(name)) is not None:
                moved = scratch.buffer
            self._files.add_scratch(target._node, new_name, moved)
        elif row is not None and existing.kind == row.type:
            existing.set(row.data)
        else:
            existing.take(content)
        if value is not None:
            same = existing is not None and value.same_value(existing)
            if not same:
                value.delete()
        elif target is not self or name != new_name:
            self._files.drop_scratch(self._node, name)

    def _rename_key(self, subkey: Node, target: KeyDirectory, new_name: str) -> None:
        if not isinstance(subkey, KeyDirectory) or target._node is not self._node:
            raise fail(errno.EXDEV)
        there = target._subkey(new_name)
        node = subkey.registry_key.node
        if isinstance(there, KeyDirectory) and there.registry_key.node is not node:
            other = there.registry_key.node
            if self._files.tree.children(other) or self._files.tree.values(other):
                raise fail(errno.ENOTEMPTY)
            self._files.tree.delete(other)
        elif there is not None and not isinstance(there, KeyDirectory):
            raise fail(errno.ENOTDIR)
        self._files.tree.rename(node, rt.unescape(new_name))

    def settle(self) -> Rest | None:
        return self._files.settle()

    def sync(self) -> Rest:
        return self._files.save


class ScratchFile(File):
    """A file that programs on Linux left in a key; Windows does not see it."""

    mode = 0o644

    def __init__(self, buffer: Buffer) -> None:
        self.buffer = buffer

    def size(self) -> int:
        return len(self.buffer.data)

    def open(self, flags: int) -> Handle:
        return ScratchHandle(self.buffer)

    def truncate(self, size: int) -> None:
        self.buffer.truncate(size)

    def set_extended_attribute(self, name: bytes, value: bytes) -> None:
        """Copying programs bring along what they read: it says what is so already."""
        if not name.startswith(b"user.reg."):
            raise fail(errno.EOPNOTSUPP)


class ScratchHandle(Handle):
    """An open scratch file."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer

    def read(self, offset: int, size: int) -> bytes:
        return bytes(self._buffer.data[offset : offset + size])

    def write(self, offset: int, data: bytes) -> int:
        self._buffer.write(offset, data)
        return len(data)

    def truncate(self, size: int) -> None:
        self._buffer.truncate(size)


class ValueFile(File):
    """A value under the file name of one type. It exists while the value has that type."""

    mode = 0o644
    look_up_timeout = MOMENT

    def __init__(self, files: RegistryFiles, key: Key, name: str, kind: int, raw: bool) -> None:
        self.files = files
        self._registry_key = key
        self.name = name
        self.kind = kind
        self.raw = raw
        self.draft: str | None = None
        """The scratch file that stands for the value until it is written."""

    @property
    def key(self) -> Hashable:
        return "value", self._registry_key.node, self._registry_key.machine_node, upcase(self.name), self.kind, self.raw

    def same_value(self, other: ValueFile) -> bool:
        """Whether both are the same value, of whatever type."""
        return self._registry_key.node is other._registry_key.node and upcase(self.name) == upcase(other.name)

    def row(self) -> ValueRow:
        """The value. Raises OSError ENOENT, NtError."""
        row = self._registry_key.value(self.name)
        if row.type != self.kind:
            raise fail(errno.ENOENT)
        return row

    @property
    def exists(self) -> bool:
        """Whether the value is there, has this type, and can be shown so."""
        try:
            self.content()
        except (OSError, NtError):
            return False
        return True

    def content(self) -> bytes:
        """What the file holds. Raises OSError ENOENT, NtError."""
        row = self.row()
        content = row.data if self.raw else rt.render(row.type, row.data)
        if content is None:
            raise fail(errno.ENOENT)
        return content

    def attributes(self) -> Attributes:
        found = super().attributes()
        found.modified = max(self._registry_key.node.written - _EPOCH, 1) * 100
        return found

    def size(self) -> int:
        if self.files.writing and (buffer := self.files.writing.get(self.key)) is not None:
            return len(buffer.data)
        if self.draft is not None and not self.exists:
            return 0
        return len(self.content())

    def open(self, flags: int) -> Handle:
        content = b"" if self.draft is not None and not self.exists else self.content()
        if flags & os.O_ACCMODE == os.O_RDONLY:
            return ContentHandle(content)
        return ValueHandle(self, content)

    def forget_draft(self) -> None:
        """Remove the scratch file that stands for the value."""
        if self.draft is not None:
            self.files.drop_scratch(self._registry_key.node, self.draft)
            self.draft = None

    def check(self, content: bytes) -> None:
        """Raise OSError when this cannot become a value of the type."""
        rt.parse(self.kind, content, raw=self.raw, begun=True)

    def set(self, data: bytes) -> None:
        """Set the value to exact data."""
        self._registry_key.set_value(self.name, self.kind, data)
        self.forget_draft()

    def commit(self, content: bytes) -> None:
        """Set the value to what was written. Raises OSError EINVAL, ERANGE; the old value then stays."""
        self.set(rt.parse(self.kind, content, raw=self.raw))

    def take(self, content: bytes) -> None:
        """Set the value to what a file renamed to this one holds; bad contents are EILSEQ or ERANGE."""
        try:
            self.commit(content)
        except OSError as error:
            raise fail(errno.EILSEQ if error.errno == errno.EINVAL else error.errno or errno.EIO) from None

    def truncate(self, size: int) -> None:
        buffer = Buffer(bytearray(self.content()))
        buffer.truncate(size)
        self.commit(bytes(buffer.data))

    def change(self, change: AttributeChange) -> None:
        if change.size is not None:
            self.truncate(change.size)

    def delete(self) -> None:
        """Delete the value."""
        self._registry_key.delete_value(self.name)

    def extended_attributes(self) -> dict[bytes, bytes]:
        found = {b"user.reg.type": rt.type_name(self.kind).encode()}
        if len(self.name) > 60 and rt.cut(rt.escape(self.name), ".expand_sz") != rt.escape(self.name) + ".expand_sz":
            found[b"user.reg.name"] = self.name.encode("utf-8", "surrogatepass")
        return found

    def set_extended_attribute(self, name: bytes, value: bytes) -> None:
        """Copying programs bring along what they read: it says what is so already."""
        if not name.startswith(b"user.reg."):
            raise fail(errno.EOPNOTSUPP)


class ValueHandle(Handle):
    """A value that is open for writing: taken at each close after a write."""

    def __init__(self, file: ValueFile, content: bytes) -> None:
        self._file = file
        self._buffer = Buffer(bytearray(content))
        self._refused = False

    def read(self, offset: int, size: int) -> bytes:
        return bytes(self._buffer.data[offset : offset + size])

    def write(self, offset: int, data: bytes) -> int:
        before, written = bytes(self._buffer.data), self._buffer.written
        self._buffer.write(offset, data)
        try:
            self._file.check(bytes(self._buffer.data))
        except OSError:
            self._refused = True
            self._buffer.data[:] = before
            self._buffer.written, self._buffer.truncated = written, False
            raise
        self._file.files.writing[self._file.key] = self._buffer
        return len(data)

    def truncate(self, size: int) -> None:
        self._buffer.truncate(size)
        self._file.files.writing[self._file.key] = self._buffer

    def _forget(self) -> None:
        if self._file.files.writing.get(self._file.key) is self._buffer:
            del self._file.files.writing[self._file.key]

    def flush(self) -> Rest | None:
        if self._buffer.written:
            self._buffer.written = self._buffer.truncated = False
            self._forget()
            self._file.commit(bytes(self._buffer.data))
            return self._file.files.settle()
        return None

    def sync(self) -> Rest:
        self.flush()
        return self._file.files.save

    def release(self) -> None:
        # Nobody hears of an error any more; a bad edit leaves the old value, and no file where there was none.
        changed = self._buffer.written or self._buffer.truncated
        try:
            if changed or (self._file.draft is not None and not self._refused):
                with suppress(OSError):
                    self._file.commit(bytes(self._buffer.data))
        finally:
            if self._refused:
                self._file.forget_draft()
            self._forget()
