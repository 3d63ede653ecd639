"""How the command line finds the daemon of a mounted machine and talks to it.

The machine folder holds a Unix socket (`control`), a lock that the daemon holds while it lives (`daemon.lock`) and what
it says of itself (`daemon.json`). A message is a length (4 bytes, little-endian) and a JSON object; descriptors travel
with the first byte. The client sends one request; for a program's life both sides then send events. No trio here: the
client is to start fast.
"""

from __future__ import annotations

import array
import fcntl
import json
import os
import re
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SOCKET = "control"
LOCK = "daemon.lock"
STATE = "daemon.json"
TRACE_STREAM = 3
"""The place of the trace's descriptor among those that a client passes, after standard input, output and error."""
MINIDUMP_STREAM = 4
"""The place of the descriptor for a minidump."""
MAXIMUM = 16 << 20
"""Longest message, in bytes."""

Message = Mapping[str, object]


class ControlError(Exception):
    """The other side went away, or what it said cannot be understood."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon that runs: its machine folder, process id and mountpoint."""

    folder: Path
    pid: int
    mountpoint: str


def encode(message: Message) -> bytes:
    """A message as it is sent."""
    data = json.dumps(message).encode()
    return struct.pack("<I", len(data)) + data


def decode(data: bytes) -> dict[str, object]:
    """The JSON object of a message. Raises ControlError."""
    try:
        found = json.loads(data)
    except ValueError:
        raise ControlError("not a message") from None
    if not isinstance(found, dict):
        raise ControlError("not a message")
    return found


class Connection:
    """The client's end."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected

    def send(self, message: Message, descriptors: Sequence[int] = ()) -> None:
        """Send a message, with descriptors. Raises ControlError."""
        data = encode(message)
        try:
            if descriptors:
                rights = array.array("i", descriptors)
                sent = self.socket.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
                data = data[sent:]
            if data:  # the answer may be there already, and the other side have hung up
                self.socket.sendall(data)
        except ConnectionError:
            raise ControlError("the machine was shut down") from None
        except OSError as error:
            raise ControlError(f"the machine's daemon cannot be reached: {error.strerror}") from None

    def receive(self) -> dict[str, object] | None:
        """The next message; None when the daemon is gone. Raises ControlError."""
        head = self._exactly(4)
        if head is None:
            return None
        size = int.from_bytes(head, "little")
        if size > MAXIMUM:
            raise ControlError("not a message")
        body = self._exactly(size)
        return None if body is None else decode(body)

    def _exactly(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            try:
                part = self.socket.recv(size - len(data))
            except ConnectionError:
                return None
            if not part:
                return None
            data += part
        return data

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


def connect(folder: Path) -> Connection | None:
    """Reach the daemon of a machine; None when it is not mounted."""
    try:
        directory = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        return None
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # By way of the descriptor, since a socket's path must be short.
        connected.connect(f"/proc/self/fd/{directory}/{SOCKET}")
    except OSError:
        connected.close()
        return None
    finally:
        os.close(directory)
    return Connection(connected)


def daemon_of(folder: Path) -> Daemon | None:
    """The daemon that holds a machine, by its lock and what it wrote; None when there is none."""
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pass
    except OSError:
        return None
    else:
        return None
    finally:
        os.close(lock)
    try:
        found = json.loads((folder / STATE).read_text())
        return Daemon(folder, int(found["pid"]), str(found["mountpoint"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Daemon(folder, 0, "")


@dataclass(frozen=True, slots=True)
class Mount:
    """A line of mountinfo."""

    mountpoint: str
    kind: str
    source: str
    id: str = ""
    """The kernel's number for it, which moving it does not change."""
    device: str = ""
    """Major and minor number of what is mounted, `0:55`."""


def mounts() -> list[Mount]:
    """Everything that is mounted, innermost last."""
    found = []
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            left, _, right = line.partition(" - ")
            fields = right.split(" ")
            number, _, device, _, place, *_ = left.split(" ")
            found.append(Mount(_plain(place), fields[0], _plain(fields[1]), number, device))
    return found


def _plain(text: str) -> str:
    """Undo the octal escapes of mountinfo."""
    raw = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
    return raw


def is_machine_mount(mount: Mount) -> bool:
    """Whether a mount is one of ours."""
    return mount.kind == "fuse.winfs"


def mount_of(path: str) -> Mount | None:
    """The mount of ours that holds an absolute path, without touching it; None when none does."""
    best: Mount | None = None
    for mount in mounts():
        inside = path == mount.mountpoint or path.startswith(mount.mountpoint.rstrip("/") + "/")
        if inside and (best is None or len(mount.mountpoint) >= len(best.mountpoint)):
            best = mount
    return best if best is not None and is_machine_mount(best) else None


def folder_of_mount(mount: Mount, home: Path) -> Path | None:
    """The machine folder behind a mount: of the machines in `home`, else as the mount itself says."""
    if home.is_dir():
        for folder in sorted(home.iterdir()):
            daemon = daemon_of(folder)
            if daemon is not None and daemon.mountpoint == mount.mountpoint:
                return folder
    try:
        text = Path(mount.mountpoint, "machine", "folder").read_text(errors="surrogateescape")
    except OSError:
        return None
    return Path(text.rstrip("\n"))
