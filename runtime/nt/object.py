"""The object manager: objects, their types, and the namespace they are named in.

Every kernel object derives from :class:`Object`. Its :class:`ObjectType` says how generic rights translate and which
rights exist. Named objects live in directories under the root ``\\``; names are matched without regard to case, as on
every Windows whose ``obcaseinsensitive`` setting has its default. A name lasts as long as a handle to its object is
open (unless the object is permanent); the object itself lasts as long as somebody refers to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from runtime.nt import status as st
from runtime.nt.casing import upcase
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.nt.handles import HandleTable

O = TypeVar("O", bound="Object")  # noqa: E741

OBJ_INHERIT = 0x002
OBJ_PERMANENT = 0x010
OBJ_EXCLUSIVE = 0x020
OBJ_CASE_INSENSITIVE = 0x040
OBJ_OPENIF = 0x080
OBJ_OPENLINK = 0x100
OBJ_KERNEL_HANDLE = 0x200
OBJ_FORCE_ACCESS_CHECK = 0x400
OBJ_IGNORE_IMPERSONATED_DEVICEMAP = 0x800
OBJ_DONT_REPARSE = 0x1000
OBJ_VALID_ATTRIBUTES = 0x1FF2

DELETE = 0x00010000
READ_CONTROL = 0x00020000
WRITE_DAC = 0x00040000
WRITE_OWNER = 0x00080000
SYNCHRONIZE = 0x00100000
STANDARD_RIGHTS_REQUIRED = 0x000F0000
STANDARD_RIGHTS_ALL = 0x001F0000
ACCESS_SYSTEM_SECURITY = 0x01000000
MAXIMUM_ALLOWED = 0x02000000
GENERIC_ALL = 0x10000000
GENERIC_EXECUTE = 0x20000000
GENERIC_WRITE = 0x40000000
GENERIC_READ = 0x80000000

DIRECTORY_ALL_ACCESS = 0x000F000F
SYMBOLIC_LINK_ALL_ACCESS = 0x000F0001

MAXIMUM_NAME_BYTES = 0xFFFE
MAXIMUM_REPARSES = 32
"""Links followed in one look-up before it fails with STATUS_NAME_TOO_LONG, so that loops end."""


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A kind of object: its name, how generic rights map to specific ones, and all rights that exist for it."""

    name: str
    read: int
    write: int
    execute: int
    all: int
    implied: tuple[tuple[int, int], ...] = ()
    """(right, rights that come with it): the limited rights of processes and threads."""

    def grant(self, desired: int) -> int:
        """The access a full-control security descriptor grants for `desired`: generic rights mapped, maximum filled in.

        Raises NtError STATUS_PRIVILEGE_NOT_HELD for ACCESS_SYSTEM_SECURITY, which needs SeSecurityPrivilege.
        """
        if desired & ACCESS_SYSTEM_SECURITY:
            raise NtError(st.STATUS_PRIVILEGE_NOT_HELD)
        granted = desired & 0x01FFFFFF
        if desired & 0xF2000000:
            if desired & (GENERIC_ALL | MAXIMUM_ALLOWED):
                granted |= self.all
            if desired & GENERIC_READ:
                granted |= self.read
            if desired & GENERIC_WRITE:
                granted |= self.write
            if desired & GENERIC_EXECUTE:
                granted |= self.execute
        for right, more in self.implied:
            if granted & right:
                granted |= more
        return granted & self.all


class Object:
    """Base of all kernel objects. A new object is nameless and without handles.

    Subclasses set `object_type`. The class attributes below are defaults, so that making an object costs nothing.
    """

    object_type: ClassVar[ObjectType]

    name: str = ""
    """The last component of its name; empty for a nameless object."""
    directory: Directory | None = None
    """Where it is named."""
    handle_count: int = 0
    permanent: bool = False
    parses: ClassVar[bool] = False
    """Whether look-ups stop here and hand the rest of the path to the object (devices, the registry root)."""

    @property
    def path(self) -> str:
        """The full name in the namespace, empty for a nameless object."""
        if self.directory is None:
            return self.name
        prefix = self.directory.path
        return f"{prefix}{self.name}" if prefix == "\\" else f"{prefix}\\{self.name}"

    def handle_opened(self, table: HandleTable) -> None:
        """A handle to this object now exists in `table`."""
        self.handle_count += 1

    def handle_closed(self, table: HandleTable) -> None:
        """A handle to this object was closed; with the last one goes its name, and `closed` is called."""
        self.handle_count -= 1
        if self.handle_count == 0:
            if not self.permanent and self.directory is not None:
                self.directory.remove(self)
            self.closed()

    def closed(self) -> None:
        """The last handle was closed. Subclasses release what handles kept alive."""

    def state(self) -> dict[str, str | int | bool | None]:
        """What this object is, as plain data, for the mount and for snapshots."""
        return {"type": self.object_type.name, "name": self.path or None, "handles": self.handle_count}

    def __repr__(self) -> str:
        return f"<{self.object_type.name} {self.path or hex(id(self))}>"


class SymbolicLink(Object):
    """A name that stands for another path."""

    object_type = ObjectType("SymbolicLink", 0x00020001, 0x00020000, 0x00020001, SYMBOLIC_LINK_ALL_ACCESS)

    def __init__(self, target: str) -> None:
        self.target = target

    def state(self) -> dict[str, str | int | bool | None]:
        return super().state() | {"target": self.target}


class Directory(Object):
    """A set of named objects."""

    object_type = ObjectType("Directory", 0x00020003, 0x0002000C, 0x00020003, DIRECTORY_ALL_ACCESS)

    def __init__(self) -> None:
        self._entries: dict[str, Object] = {}

    @property
    def path(self) -> str:
        """The full name; the root is a single backslash."""
        return super().path or "\\"

    def get(self, name: str) -> Object | None:
        """The object of that name, or None."""
        return self._entries.get(upcase(name))

    def add(self, name: str, item: O) -> O:
        """Name `item` here. Raises NtError STATUS_OBJECT_NAME_COLLISION."""
        key = upcase(name)
        if key in self._entries:
            raise NtError(st.STATUS_OBJECT_NAME_COLLISION)
        self._entries[key] = item
        item.name = name
        item.directory = self
        return item

    def remove(self, item: Object) -> None:
        """Take the name of `item` away."""
        if self._entries.get(upcase(item.name)) is item:
            del self._entries[upcase(item.name)]
        item.directory = None
        item.name = ""

    def __iter__(self) -> Iterator[Object]:
        """The objects here, sorted by name as Windows lists them to nobody's surprise."""
        return iter([self._entries[key] for key in sorted(self._entries)])

    def __len__(self) -> int:
        return len(self._entries)

    def state(self) -> dict[str, str | int | bool | None]:
        return super().state() | {"entries": len(self._entries)}


@dataclass(frozen=True, slots=True)
class ObjectAttributes:
    """OBJECT_ATTRIBUTES with its handle resolved and its name read; `name` None means a nameless object."""

    name: str | None = None
    root: Object | None = None
    attributes: int = 0

    @property
    def inherit(self) -> bool:
        """Whether the new handle is inherited by child processes."""
        return bool(self.attributes & OBJ_INHERIT)


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a path leads: the last object found and what is left of the path behind it.

    `remainder` is empty when the path names `item` itself. It is one component when `item` is a directory that lacks
    that name. When `item` parses for itself it is everything behind its name, with its leading backslash (without one
    when `item` was the root directory of the request).
    """

    item: Object
    remainder: str


@dataclass(frozen=True, slots=True)
class Created(Generic[O]):
    """What a create call found or made."""

    item: O
    existed: bool

    @property
    def status(self) -> int:
        """STATUS_OBJECT_NAME_EXISTS where an existing object was opened, else STATUS_SUCCESS."""
        return st.STATUS_OBJECT_NAME_EXISTS if self.existed else st.STATUS_SUCCESS


class Namespace:
    """The tree of named objects of one machine."""

    def __init__(self) -> None:
        self.root = Directory()
        self.root.permanent = True

    def make_directory(self, path: str) -> Directory:
        """The permanent directory at `path`, made with its parents where it is missing."""
        directory = self.root
        for name in path.strip("\\").split("\\"):
            found = directory.get(name)
            if found is None:
                found = directory.add(name, Directory())
                found.permanent = True
            if not isinstance(found, Directory):
                raise NtError(st.STATUS_OBJECT_TYPE_MISMATCH)
            directory = found
        return directory

    def place(self, path: str, item: O) -> O:
        """Make `item` permanent under the full `path`; for what the machine itself puts there at boot."""
        parent, _, name = path.rpartition("\\")
        directory = self.make_directory(parent) if parent else self.root
        item.permanent = True
        return directory.add(name, item)

    def resolve(self, attributes: ObjectAttributes, *, open_link: bool = False) -> Resolution:
        """Walk a name as far as directories and links carry.

        With `open_link` (or OBJ_OPENLINK) a link in last place is not followed. Raises NtError:
        STATUS_OBJECT_PATH_SYNTAX_BAD, STATUS_OBJECT_NAME_INVALID, STATUS_OBJECT_PATH_NOT_FOUND,
        STATUS_OBJECT_TYPE_MISMATCH, STATUS_NAME_TOO_LONG (links that lead in circles).
        """
        path = attributes.name or ""
        open_link = open_link or bool(attributes.attributes & OBJ_OPENLINK)
        if len(path) * 2 > MAXIMUM_NAME_BYTES:
            raise NtError(st.STATUS_NAME_TOO_LONG)
        if attributes.root is not None:
            if path.startswith("\\"):
                raise NtError(st.STATUS_OBJECT_PATH_SYNTAX_BAD)
            if attributes.root.parses:
                return Resolution(attributes.root, path)
            if not isinstance(attributes.root, Directory):
                raise NtError(st.STATUS_OBJECT_TYPE_MISMATCH)
            return self._walk(attributes.root, path, open_link)
        if not path.startswith("\\"):
            raise NtError(st.STATUS_OBJECT_PATH_SYNTAX_BAD)
        return self._walk(self.root, path[1:], open_link)

    def _walk(self, directory: Directory, rest: str, open_link: bool) -> Resolution:
        reparses = 0
        while rest:
            name, _, after = rest.partition("\\")
            if not name:
                raise NtError(st.STATUS_OBJECT_NAME_INVALID)
            found = directory.get(name)
            if found is None:
                if after:
                    raise NtError(st.STATUS_OBJECT_PATH_NOT_FOUND)
                return Resolution(directory, rest)
            if isinstance(found, SymbolicLink) and not (open_link and "\\" not in rest):
                reparses += 1
                if reparses > MAXIMUM_REPARSES:
                    raise NtError(st.STATUS_NAME_TOO_LONG)
                directory = self.root
                target = found.target.removesuffix("\\") if after else found.target
                rest = (f"{target}\\{after}" if "\\" in rest else target).removeprefix("\\")
                continue
            if found.parses:
                return Resolution(found, rest[len(name) :])
            if "\\" not in rest:
                return Resolution(found, "")
            if not isinstance(found, Directory):
                raise NtError(st.STATUS_OBJECT_TYPE_MISMATCH)
            if not after:
                raise NtError(st.STATUS_OBJECT_NAME_INVALID)
            directory, rest = found, after
        return Resolution(directory, "")

    def open(self, attributes: ObjectAttributes, kind: type[O]) -> O:
        """The named object of that class. Raises NtError STATUS_OBJECT_NAME_NOT_FOUND, STATUS_OBJECT_TYPE_MISMATCH and
        whatever `resolve` raises."""
        found = self.resolve(attributes, open_link=kind is SymbolicLink)
        if found.remainder:
            raise NtError(
                st.STATUS_OBJECT_NAME_NOT_FOUND
                if isinstance(found.item, Directory)
                else st.STATUS_OBJECT_TYPE_MISMATCH
            )
        if not isinstance(found.item, kind):
            raise NtError(st.STATUS_OBJECT_TYPE_MISMATCH)
        return found.item

    def create(self, attributes: ObjectAttributes, kind: type[O], make: Callable[[], O]) -> Created[O]:
        """Make an object, named or nameless; with OBJ_OPENIF an existing one of the same class is opened instead.

        Raises NtError STATUS_OBJECT_NAME_COLLISION, STATUS_OBJECT_TYPE_MISMATCH and whatever `resolve` raises.
        """
        if not attributes.name:
            if attributes.root is not None and not isinstance(attributes.root, Directory):
                raise NtError(st.STATUS_OBJECT_TYPE_MISMATCH)
            return Created(make(), existed=False)
        found = self.resolve(attributes, open_link=kind is SymbolicLink)
        if found.remainder:
            if not isinstance(found.item, Directory):
                raise NtError(st.STATUS_OBJECT_TYPE_MISMATCH)
            item = found.item.add(found.remainder, make())
            item.permanent = bool(attributes.attributes & OBJ_PERMANENT)
            return Created(item, existed=False)
        if not attributes.attributes & OBJ_OPENIF:
            raise NtError(st.STATUS_OBJECT_NAME_COLLISION)
        if not isinstance(found.item, kind):
            raise NtError(st.STATUS_OBJECT_TYPE_MISMATCH)
        return Created(found.item, existed=True)


SESSION_ID = 1
SESSION_OBJECTS = f"\\Sessions\\{SESSION_ID}\\BaseNamedObjects"
"""Where Win32 names live: a program's ``Local\\x`` and plain ``x``."""


def standard_namespace() -> Namespace:
    """A namespace with the directories and links that a Windows session finds at logon."""
    namespace = Namespace()
    for path in (
        "\\ArcName", "\\BaseNamedObjects", "\\BaseNamedObjects\\Restricted", "\\Callback", "\\Device", "\\Driver",
        "\\FileSystem", "\\GLOBAL??", "\\KernelObjects", "\\KnownDlls", "\\KnownDlls32", "\\NLS", "\\ObjectTypes",
        "\\RPC Control", "\\Security", "\\Sessions", "\\Sessions\\BNOLINKS", "\\UMDFCommunicationPorts", "\\Windows",
        "\\Windows\\WindowStations", f"\\Sessions\\{SESSION_ID}", SESSION_OBJECTS,
        f"{SESSION_OBJECTS}\\Restricted", f"\\Sessions\\{SESSION_ID}\\DosDevices",
        f"\\Sessions\\{SESSION_ID}\\Windows", f"\\Sessions\\{SESSION_ID}\\Windows\\WindowStations",
    ):  # fmt: skip
        namespace.make_directory(path)
    for path, target in (
        ("\\??", "\\GLOBAL??"),
        ("\\DosDevices", "\\??"),
        ("\\BaseNamedObjects\\Global", "\\BaseNamedObjects"),
        ("\\BaseNamedObjects\\Local", "\\BaseNamedObjects"),
        ("\\BaseNamedObjects\\Session", "\\Sessions\\BNOLINKS"),
        (f"{SESSION_OBJECTS}\\Global", "\\BaseNamedObjects"),
        (f"{SESSION_OBJECTS}\\Local", SESSION_OBJECTS),
        (f"{SESSION_OBJECTS}\\Session", "\\Sessions\\BNOLINKS"),
        ("\\Sessions\\BNOLINKS\\0", "\\BaseNamedObjects"),
        (f"\\Sessions\\BNOLINKS\\{SESSION_ID}", SESSION_OBJECTS),
        ("\\GLOBAL??\\GLOBALROOT", ""),
        ("\\GLOBAL??\\Global", "\\GLOBAL??"),
    ):
        namespace.place(path, SymbolicLink(target))
    return namespace
