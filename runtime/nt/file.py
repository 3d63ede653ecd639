"""File objects and the devices that make them.

NtCreateFile looks a path up in the object namespace until it reaches a `Device` (or a file object, for names relative
to a handle), which turns the rest of the path into a `FileObject`. What can be done with a file object depends on its
class: disk_file.py, directory_file.py, named_pipe.py, console.py, host_file.py. What is the same for all is here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.nt import file_flags as ff
from runtime.nt.completion import IoCompletion
from runtime.nt.io_request import IoRequest
from runtime.nt.object import MAXIMUM_ALLOWED, Namespace, Object, ObjectAttributes, ObjectType
from runtime.nt.status import (
    STATUS_BUFFER_OVERFLOW,
    STATUS_INFO_LENGTH_MISMATCH,
    STATUS_INVALID_DEVICE_REQUEST,
    STATUS_INVALID_INFO_CLASS,
    STATUS_INVALID_PARAMETER,
    STATUS_OBJECT_NAME_INVALID,
    STATUS_OBJECT_NAME_NOT_FOUND,
    STATUS_OBJECT_TYPE_MISMATCH,
    STATUS_REPARSE_POINT_NOT_RESOLVED,
    STATUS_SUCCESS,
    NtError,
)
from runtime.nt.wait import Waitable
from runtime.vfs.drive import Reparse

if TYPE_CHECKING:
    from runtime.memory.space import AddressSpace
    from runtime.nt.directory_query import DirectoryEntry
    from runtime.nt.process import Process

FILE_TYPE = ObjectType("File", ff.FILE_GENERIC_READ, ff.FILE_GENERIC_WRITE, ff.FILE_GENERIC_EXECUTE, ff.FILE_ALL_ACCESS)
DEVICE_TYPE = ObjectType(
    "Device", ff.FILE_GENERIC_READ, ff.FILE_GENERIC_WRITE, ff.FILE_GENERIC_EXECUTE, ff.FILE_ALL_ACCESS
)

FILE_SKIP_COMPLETION_PORT_ON_SUCCESS = 1
FILE_SKIP_SET_EVENT_ON_HANDLE = 2

MAXIMUM_REPARSES = 63


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gives: the bytes, and STATUS_BUFFER_OVERFLOW when they are a part only."""

    data: bytes
    status: int = STATUS_SUCCESS


@dataclass(slots=True)
class OpenRequest:
    """How a file is to be opened: the parameters of NtCreateFile."""

    process: Process
    access: int
    """Desired access as asked for, generic rights included."""
    share: int = 0
    disposition: int = ff.FILE_OPEN
    options: int = 0
    attributes: int = 0
    allocation: int = 0
    extended_attributes: bytes = b""
    information: int = ff.FILE_OPENED
    """What was done: FILE_OPENED, FILE_CREATED, … Set by whoever opens."""

    def __post_init__(self) -> None:
        """Check what NtCreateFile checks. Raises NtError STATUS_INVALID_PARAMETER."""
        options = self.options
        synchronous = options & ff.FILE_SYNCHRONOUS
        if (
            self.disposition > ff.FILE_OVERWRITE_IF
            or options & ~ff.FILE_VALID_OPTIONS
            or self.share & ~7
            or synchronous == ff.FILE_SYNCHRONOUS
            or (synchronous and not self.access & (ff.SYNCHRONIZE | 0xF2000000))
            or (options & ff.FILE_DELETE_ON_CLOSE and not self.access & (ff.DELETE | 0x12000000))
            or options & (ff.FILE_DIRECTORY_FILE | ff.FILE_NON_DIRECTORY_FILE) == 0x41
        ):
            raise NtError(STATUS_INVALID_PARAMETER)
        if options & ff.FILE_DIRECTORY_FILE and self.disposition not in (
            ff.FILE_OPEN,
            ff.FILE_CREATE,
            ff.FILE_OPEN_IF,
        ):
            raise NtError(STATUS_INVALID_PARAMETER)

    def grant(self, forbidden: int = 0) -> int:
        """Return the access to grant; MAXIMUM_ALLOWED leaves out `forbidden` rights."""
        granted = FILE_TYPE.grant(self.access)
        if self.access & MAXIMUM_ALLOWED:
            granted &= ~forbidden | FILE_TYPE.grant(self.access & ~MAXIMUM_ALLOWED)
        return granted


class Opener(Object):
    """A device or file object: takes over path look-up where the namespace ends."""

    parses = True

    def open(self, path: str, request: OpenRequest) -> FileObject:
        """Open what `path` names below this object. Raises NtError and Reparse."""
        raise NtError(STATUS_OBJECT_NAME_NOT_FOUND)

    def query_path(self, path: str, process: Process) -> bytes:
        """Return FILE_NETWORK_OPEN_INFORMATION of what `path` names, without opening it. Raises NtError and Reparse."""
        options = ff.FILE_OPEN_REPARSE_POINT
        file = self.open(path, OpenRequest(process, ff.FILE_READ_ATTRIBUTES, 7, options=options))
        try:
            return file.information(34, file.granted)
        finally:
            file.closed()


class Device(Opener):
    """A named device."""

    object_type = DEVICE_TYPE


class FileObject(Waitable, Opener):
    """An open file. One exists per open; duplicated and inherited handles share it, and with it the position."""

    object_type = FILE_TYPE
    device_type: int = ff.FILE_DEVICE_DISK
    device_flags: int = 0

    def __init__(self, file_name: str, request: OpenRequest, granted: int) -> None:
        self.file_name = file_name
        """The path on its device, with a leading backslash."""
        self.granted = granted
        self.share = request.share
        self.options = request.options
        self.synchronous = bool(request.options & ff.FILE_SYNCHRONOUS)
        self.position = 0
        self.pending: dict[IoRequest, None] = {}
        self.signalled_now = True
        self.port: IoCompletion | None = None
        self.port_key = 0
        self.notification_modes = 0

    @property
    def device_path(self) -> str:
        """The path of the device it was opened on."""
        return ""

    @property
    def path(self) -> str:
        """The full name as NtQueryObject gives it."""
        return self.device_path + self.file_name

    @property
    def skip_port_on_success(self) -> bool:
        """Whether operations that end at once post nothing to the completion port."""
        return bool(self.notification_modes & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS)

    # Waiting

    def signalled(self, thread: object) -> bool:
        return self.signalled_now

    def signal(self) -> None:
        """Set the file's own event."""
        self.signalled_now = True
        self.release_waiters()

    # Operations; each returns a final status (with request.information set) or STATUS_PENDING.

    def read(self, request: IoRequest) -> int:
        """Read `request.length` bytes into the buffer."""
        raise NtError(STATUS_INVALID_DEVICE_REQUEST)

    def write(self, request: IoRequest) -> int:
        """Write the buffer."""
        raise NtError(STATUS_INVALID_DEVICE_REQUEST)

    def read_now(self, memory: AddressSpace, buffer: int, length: int) -> int | None:
        """Read from the position of a synchronous file, for the common case: nobody to tell, nothing to wait for.

        Returns the bytes read, 0 at the end, or None when the case is another one. Raises NtError.
        """
        return None

    def write_now(self, memory: AddressSpace, buffer: int, length: int) -> int | None:
        """Write at the position of a synchronous file; like `read_now`."""
        return None

    def flush(self, request: IoRequest) -> int:
        """Bring written data to where it outlives the machine."""
        return STATUS_SUCCESS

    def fs_control(self, request: IoRequest, code: int, data: bytes) -> int:
        """NtFsControlFile: `data` is the input; output goes to the request's buffer."""
        raise NtError(STATUS_INVALID_DEVICE_REQUEST)

    def device_control(self, request: IoRequest, code: int, data: bytes) -> int:
        """NtDeviceIoControlFile: `data` is the input; output goes to the request's buffer."""
        raise NtError(STATUS_INVALID_DEVICE_REQUEST)

    def query_directory(
        self, request: IoRequest, information_class: int, pattern: str | None, *, single: bool, restart: bool
    ) -> int:
        """NtQueryDirectoryFile."""
        raise NtError(STATUS_INVALID_PARAMETER)

    def next_entry(self, pattern: str) -> DirectoryEntry | None:
        """Return the next entry that matches the pattern of the first call; None at the end. Raises NtError."""
        raise NtError(STATUS_INVALID_PARAMETER)

    def notify(self, request: IoRequest, filter_mask: int, *, subtree: bool, extended: bool = False) -> int:
        """NtNotifyChangeDirectoryFile(Ex)."""
        raise NtError(STATUS_INVALID_PARAMETER)

    def peek(self, length: int) -> tuple[bytes, int, int]:
        """Return what a pipe holds: data, which stays, bytes in all, bytes of the first message. Raises NtError."""
        raise NtError(STATUS_INVALID_DEVICE_REQUEST)

    def lock(self, request: IoRequest, offset: int, length: int, *, exclusive: bool, immediately: bool) -> int:
        """NtLockFile."""
        raise NtError(STATUS_INVALID_DEVICE_REQUEST)

    def unlock(self, process: Process, offset: int, length: int, key: int) -> None:
        """NtUnlockFile."""
        raise NtError(STATUS_INVALID_DEVICE_REQUEST)

    # Information

    def query(self, information_class: int, length: int, granted: int) -> Answer:
        """NtQueryInformationFile: at most `length` bytes of a class. Raises NtError."""
        minimum = _QUERY_MINIMUM.get(information_class)
        if minimum is None:
            raise NtError(STATUS_INVALID_INFO_CLASS)
        if length < minimum:
            raise NtError(STATUS_INFO_LENGTH_MISMATCH)
        match information_class:
            case 8:
                return Answer(struct.pack("<I", granted))
            case 9:
                return cut_name(self.file_name, length)
            case 14:
                return Answer(struct.pack("<q", self.current_position()))
            case 16:
                return Answer(struct.pack("<I", self.options & ff.FILE_MODE_FLAGS))
            case 17:
                return Answer(bytes(4))
            case 41:
                return Answer(struct.pack("<I", self.notification_modes))
        data = self.information(information_class, granted)
        if len(data) > length:
            return Answer(data[:length], STATUS_BUFFER_OVERFLOW)
        return Answer(data)

    def information(self, information_class: int, granted: int) -> bytes:
        """Return the whole of an information class. Raises NtError STATUS_INVALID_PARAMETER when it does not apply."""
        raise NtError(STATUS_INVALID_PARAMETER)

    def set_information(self, information_class: int, data: bytes, process: Process) -> None:
        """NtSetInformationFile; classes that refer to handles come by their own methods. Raises NtError."""
        match information_class:
            case 14:
                (position,) = unpack_exact("<q", data)
                if position < 0:
                    raise NtError(STATUS_INVALID_PARAMETER)
                self.position = position
            case 16:
                (mode,) = unpack_exact("<I", data)
                if mode & ~ff.FILE_MODE_FLAGS:
                    raise NtError(STATUS_INVALID_PARAMETER)
                self.options = self.options & ~0x6 | mode & 0x6
            case 41:
                (modes,) = unpack_exact("<I", data)
                self.notification_modes |= modes & 7
            case 43:
                unpack_exact("<I", data)
            case _:
                raise NtError(STATUS_INVALID_PARAMETER)

    def rename(self, target: str, root: FileObject | None, process: Process, *, replace: bool, posix: bool) -> None:
        """FileRenameInformation(Ex)."""
        raise NtError(STATUS_INVALID_PARAMETER)

    def link(self, target: str, root: FileObject | None, process: Process, *, replace: bool) -> None:
        """FileLinkInformation."""
        raise NtError(STATUS_INVALID_PARAMETER)

    def query_volume(self, information_class: int, length: int) -> Answer:
        """NtQueryVolumeInformationFile. Raises NtError."""
        if information_class == 4:
            if length < 8:
                raise NtError(STATUS_INFO_LENGTH_MISMATCH)
            return Answer(struct.pack("<II", self.device_type, self.device_flags))
        raise NtError(STATUS_INVALID_PARAMETER)

    def bind(self, port: IoCompletion, key: int) -> None:
        """FileCompletionInformation: post completions to `port`. Raises NtError STATUS_INVALID_PARAMETER."""
        if self.synchronous or self.port is not None:
            raise NtError(STATUS_INVALID_PARAMETER)
        self.port, self.port_key = port, key

    # Life

    def current_position(self) -> int:
        """Return the file position in bytes."""
        return self.position

    def cancel(self, *, thread: object = None, status_block: int = 0) -> int:
        """Cancel pending requests: all, or those of a thread or with a status block. Returns how many."""
        chosen = [
            request
            for request in self.pending
            if (thread is None or request.thread is thread)
            and (not status_block or request.completion.status_block == status_block)
        ]
        return sum(request.cancel() for request in chosen)

    def closed(self) -> None:
        self.cancel()

    def state(self) -> dict[str, str | int | bool | None]:
        return super().state() | {
            "name": self.file_name,
            "position": self.position,
            "share": self.share,
            "access": self.granted,
            "pending": len(self.pending),
        }


_QUERY_MINIMUM = {
    4: 40,  # Basic
    5: 24,  # Standard
    6: 8,  # Internal
    7: 4,  # Ea
    8: 4,  # Access
    9: 8,  # Name
    14: 8,  # Position
    15: 8,  # FullEa
    16: 4,  # Mode
    17: 4,  # Alignment
    18: 104,  # All
    21: 8,  # AlternateName
    22: 0,  # Stream
    23: 8,  # Pipe
    24: 40,  # PipeLocal
    28: 16,  # Compression
    34: 56,  # NetworkOpen
    35: 8,  # AttributeTag
    41: 4,  # IoCompletionNotification
    46: 8,  # HardLink
    48: 8,  # NormalizedName
    51: 4,  # IsRemoteDevice
    54: 12,  # StandardLink
    59: 24,  # Id
    68: 72,  # Stat
    71: 4,  # CaseSensitive
}
"""FILE_INFORMATION_CLASS → least buffer a query takes, in bytes (ntifs.h; 64-bit and 32-bit agree)."""


def cut_name(name: str, length: int) -> Answer:
    """Return a FILE_NAME_INFORMATION: the length, and as much of the name as `length` allows."""
    encoded = name.encode("utf-16-le", "surrogatepass")
    data = struct.pack("<I", len(encoded)) + encoded
    if len(data) > length:
        return Answer(data[:length], STATUS_BUFFER_OVERFLOW)
    return Answer(data)


def unpack_exact(form: str, data: bytes) -> tuple[int, ...]:
    """Unpack the start of `data`. Raises NtError STATUS_INFO_LENGTH_MISMATCH when it is too short."""
    if len(data) < struct.calcsize(form):
        raise NtError(STATUS_INFO_LENGTH_MISMATCH)
    return struct.unpack_from(form, data)


def open_file(namespace: Namespace, attributes: ObjectAttributes, request: OpenRequest) -> FileObject:
    """IoCreateFile without the handle: find the device, let it open the file.

    The file object's `granted` is the access for its handle. Raises NtError.
    """
    for _ in range(MAXIMUM_REPARSES):
        found = namespace.resolve(attributes)
        if not isinstance(found.item, Opener):
            status = STATUS_OBJECT_NAME_NOT_FOUND if found.remainder else STATUS_OBJECT_TYPE_MISMATCH
            raise NtError(status)
        try:
            return found.item.open(found.remainder, request)
        except Reparse as link:
            attributes = ObjectAttributes(link.path, None, attributes.attributes)
    raise NtError(STATUS_REPARSE_POINT_NOT_RESOLVED)


def query_path(namespace: Namespace, attributes: ObjectAttributes, process: Process) -> bytes:
    """NtQueryFullAttributesFile: FILE_NETWORK_OPEN_INFORMATION (56 bytes) of a named file. Raises NtError."""
    for _ in range(MAXIMUM_REPARSES):
        found = namespace.resolve(attributes)
        if not isinstance(found.item, Opener):
            raise NtError(STATUS_OBJECT_NAME_NOT_FOUND if found.remainder else STATUS_OBJECT_TYPE_MISMATCH)
        try:
            return found.item.query_path(found.remainder, process)
        except Reparse as link:
            attributes = ObjectAttributes(link.path, None, attributes.attributes)
    raise NtError(STATUS_REPARSE_POINT_NOT_RESOLVED)


def create_file(namespace: Namespace, attributes: ObjectAttributes, request: OpenRequest) -> int:
    """NtCreateFile: open or create a file and return a handle in the process of the request. Raises NtError."""
    file = open_file(namespace, attributes, request)
    return request.process.handles.insert(file, file.granted, inherit=attributes.inherit)


def split_path(path: str) -> tuple[list[str], bool]:
    """Split a path on a device at its backslashes; also says whether it ends in one (must be a directory).

    Raises NtError STATUS_OBJECT_NAME_INVALID for empty components and for ones of more than 255 characters.
    """
    if path in ("", "\\"):
        return [], bool(path)
    parts = path.removeprefix("\\").split("\\")
    trailing = parts[-1] == ""
    if trailing:
        parts.pop()
    if "" in parts or any(_too_long(part) for part in parts):
        raise NtError(STATUS_OBJECT_NAME_INVALID)
    return parts, trailing


def _too_long(component: str) -> bool:
    """Whether a component's file name (what stands before the name of a stream) is longer than file systems allow."""
    name = component.partition(":")[0]
    return len(name) > 127 and len(name.encode("utf-16-le", "surrogatepass")) > 2 * 255
