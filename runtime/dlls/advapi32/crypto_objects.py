"""The objects behind the handles of wincrypt.h: providers, hashes, keys."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, Self

from runtime.dlls.ciphers import Rc4
from runtime.dlls.process_state import process_state
from runtime.nt.status import ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, Win32Error

if TYPE_CHECKING:
    from runtime.nt.thread import Thread

NTE_BAD_HASH: Final = 0x80090002
NTE_BAD_KEY: Final = 0x80090003
NTE_BAD_DATA: Final = 0x80090005
NTE_BAD_VER: Final = 0x80090007
NTE_BAD_ALGID: Final = 0x80090008
NTE_BAD_FLAGS: Final = 0x80090009
NTE_BAD_TYPE: Final = 0x8009000A
NTE_BAD_KEY_STATE: Final = 0x8009000B
NTE_BAD_HASH_STATE: Final = 0x8009000C
NTE_EXISTS: Final = 0x8009000F
NTE_BAD_PROV_TYPE: Final = 0x80090014
NTE_BAD_KEYSET: Final = 0x80090016
NTE_PROV_TYPE_NOT_DEF: Final = 0x80090017
NTE_KEYSET_NOT_DEF: Final = 0x80090019
CALG_HMAC: Final = 0x8009
HASHES: Final = {0x8003: "md5", 0x8004: "sha1", 0x800C: "sha256", 0x800D: "sha384", 0x800E: "sha512"}


class Digest(Protocol):
    """What hashlib and hmac objects have in common."""

    @property
    def digest_size(self) -> int: ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
    def copy(self) -> Self: ...


@dataclass(slots=True)
class Provider:
    """An acquired context."""

    name: str
    kind: int
    container: str
    references: int = 1


@dataclass(slots=True)
class Hash:
    """A hash; `key` is an HMAC's, whose `state` begins when its hash was chosen."""

    algorithm: int
    state: Digest | None
    value: bytes | None = None
    key: bytes | None = None

    @property
    def digest(self) -> Digest:
        """The state. Raises Win32Error(NTE_BAD_HASH_STATE) for an HMAC without a hash."""
        if self.state is None:
            raise Win32Error(NTE_BAD_HASH_STATE)
        return self.state


@dataclass(slots=True)
class Key:
    """A session key: `vector` is what a message begins with, `running` what goes on in one (None: at its beginning)."""

    algorithm: int
    secret: bytes
    exportable: bool
    vector: bytes = b""
    mode: str = "CBC"
    running: bytes | None = None
    stream: Rc4 | None = None
    salt: int = 0
    """How many bytes of the secret are the zeros that stand behind a key of 40 bits."""


Item = Provider | Hash | Key


class Objects:
    """The handles a process has, and the key containers it made."""

    def __init__(self) -> None:
        self.items: dict[int, Item] = {}
        self.containers: set[str] = set()
        self._numbers = itertools.count(0x0C00_0000_0010, 0x10)

    def add(self, item: Item) -> int:
        """Return a handle for an item."""
        handle = next(self._numbers)
        self.items[handle] = item
        return handle


def objects_of(thread: Thread) -> Objects:
    """The objects of the calling process."""
    return process_state(thread.process, Objects)


def provider_of(thread: Thread, handle: int) -> Provider:
    """Raises Win32Error(ERROR_INVALID_PARAMETER)."""
    item = objects_of(thread).items.get(handle)
    if not isinstance(item, Provider):
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return item


def hash_of(thread: Thread, handle: int) -> Hash:
    """Raises Win32Error(ERROR_INVALID_HANDLE)."""
    item = objects_of(thread).items.get(handle)
    if not isinstance(item, Hash):
        raise Win32Error(ERROR_INVALID_HANDLE)
    return item


def key_of(thread: Thread, handle: int) -> Key:
    """Raises Win32Error(ERROR_INVALID_PARAMETER)."""
    item = objects_of(thread).items.get(handle)
    if not isinstance(item, Key):
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return item
