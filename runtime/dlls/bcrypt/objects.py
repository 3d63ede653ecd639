"""The objects behind the handles of bcrypt.dll: algorithms, hashes, keys."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol, Self, TypeVar

from runtime.dlls.ciphers import BLOCK_LENGTHS, Rc4
from runtime.dlls.process_state import process_state
from runtime.nt import status as st
from runtime.nt.status import NtError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    from runtime.nt.thread import Thread

CRYPT: Final = "security"
HASHES: Final = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"}
CIPHERS: Final = tuple(BLOCK_LENGTHS)
KDFS: Final = ("PBKDF2", "SP800_108_CTR_HMAC")
SIGNATURES: Final = ("RSA", "RSA_SIGN", "ECDSA_P256", "ECDSA_P384", "ECDSA_P521")
RSA_KEY_LENGTHS: Final = (1024, 16384, 64)
"""Bits: least, most, step. Windows makes such of 512 too; the library that makes ours does not."""
AGREEMENTS: Final = ("ECDH_P256", "ECDH_P384", "ECDH_P521")
PSEUDO: Final = {
    0x21: ("MD5", False), 0x31: ("SHA1", False), 0x41: ("SHA256", False), 0x51: ("SHA384", False),
    0x61: ("SHA512", False), 0x71: ("RC4", False), 0x81: ("RNG", False), 0x91: ("MD5", True), 0xA1: ("SHA1", True),
    0xB1: ("SHA256", True), 0xC1: ("SHA384", True),
    0xD1: ("SHA512", True), 0xE1: ("RSA", False),
    0x141: ("3DES:CBC", False), 0x151: ("3DES:ECB", False), 0x161: ("3DES:CFB", False), 0x171: ("3DES_112:CBC", False),
    0x181: ("3DES_112:ECB", False), 0x191: ("3DES_112:CFB", False), 0x1A1: ("AES:CBC", False),
    0x1B1: ("AES:ECB", False), 0x1C1: ("AES:CFB", False), 0x1D1: ("AES:CCM", False), 0x1E1: ("AES:GCM", False),
    0x1F1: ("DES:CBC", False), 0x201: ("DES:ECB", False), 0x211: ("DES:CFB", False), 0x2A1: ("ECDH_P256", False),
    0x2B1: ("ECDH_P384", False), 0x2C1: ("ECDH_P521", False), 0x2E1: ("ECDSA_P256", False),
    0x2F1: ("ECDSA_P384", False), 0x301: ("ECDSA_P521", False), 0x311: ("RSA_SIGN", False), 0x331: ("PBKDF2", False),
    0x341: ("SP800_108_CTR_HMAC", False),
}  # fmt: skip
"""Handles that need not be opened (bcrypt.h): algorithm, and whether it is the HMAC; after a colon its mode."""
OBJECT_SIZE: Final = 654
"""Bytes a caller must set aside for a hash or key; nothing is stored there. Windows' own for AES."""


class Digest(Protocol):
    """What hashlib and hmac objects have in common."""

    @property
    def digest_size(self) -> int: ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
    def copy(self) -> Self: ...


@dataclass(slots=True)
class Algorithm:
    """An open algorithm; `mode` is the chaining mode of keys made from it."""

    name: str
    hmac: bool
    mode: str = "CBC"


@dataclass(slots=True)
class Hash:
    """A hash or HMAC being computed."""

    algorithm: Algorithm
    secret: bytes
    digest: Digest
    reusable: bool
    finished: bool = False


@dataclass(slots=True)
class SymmetricKey:
    """A key of a cipher, or the secret of a key derivation function."""

    algorithm: Algorithm
    secret: bytes
    mode: str
    iv: bytes = b""
    feedback: int = 1
    """Bytes that CFB takes at a time."""
    stream: Rc4 | None = None
    """Where a stream cipher is; None before its first use."""

    def copy(self) -> SymmetricKey:
        """Another key with the same secret and state."""
        return replace(self, stream=self.stream.copy() if self.stream is not None else None)


@dataclass(slots=True)
class KeyPair:
    """A public key, and the private one where it is known; neither before the pair is finalized."""

    algorithm: Algorithm
    bits: int
    public: RSAPublicKey | EllipticCurvePublicKey | None = None
    private: RSAPrivateKey | EllipticCurvePrivateKey | None = None


@dataclass(slots=True)
class Secret:
    """What two key pairs have agreed on."""

    value: bytes


Item = Algorithm | Hash | SymmetricKey | KeyPair | Secret
T = TypeVar("T", Algorithm, Hash, SymmetricKey, KeyPair, Secret)


@dataclass(slots=True)
class _Objects:
    items: dict[int, Item] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(0x0B00_0000_0010, 0x10))


def add(thread: Thread, item: Item) -> int:
    """Return a new handle for an item."""
    objects = process_state(thread.process, _Objects)
    handle = next(objects.numbers)
    objects.items[handle] = item
    return handle


def remove(thread: Thread, handle: int) -> None:
    """Forget a handle."""
    process_state(thread.process, _Objects).items.pop(handle, None)


def find(thread: Thread, handle: int) -> Item | None:
    """What is behind a handle, None for a bad one."""
    if handle in PSEUDO:
        name, is_hmac = PSEUDO[handle]
        name, _, mode = name.partition(":")
        return Algorithm(name, is_hmac, mode or "CBC")
    return process_state(thread.process, _Objects).items.get(handle)


def get(thread: Thread, handle: int, kind: type[T]) -> T:
    """The object of that kind. Raises NtError(STATUS_INVALID_HANDLE)."""
    item = find(thread, handle)
    if not isinstance(item, kind):
        raise NtError(st.STATUS_INVALID_HANDLE)
    return item


def algorithm_of(thread: Thread, handle: int) -> Algorithm:
    """The algorithm of a handle. Raises NtError(STATUS_INVALID_HANDLE)."""
    return get(thread, handle, Algorithm)


def hash_of(thread: Thread, handle: int) -> Hash:
    """The hash of a handle. Raises NtError(STATUS_INVALID_HANDLE)."""
    return get(thread, handle, Hash)


def new_digest(algorithm: Algorithm, secret: bytes) -> Digest:
    """Begin a hash or an HMAC. Raises NtError(STATUS_NOT_SUPPORTED)."""
    name = HASHES.get(algorithm.name)
    if name is None:
        raise NtError(st.STATUS_NOT_SUPPORTED)
    if algorithm.hmac:
        return hmac.new(secret, digestmod=name)
    return hashlib.new(name, usedforsecurity=False)
