"""bcrypt.h: random numbers, hashes, HMACs and PBKDF2. Ciphers and key pairs are not there: STATUS_NOT_FOUND."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from dataclasses import dataclass
from typing import Annotated, Protocol, Self

from runtime.dlls.bcrypt import bcrypt
from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.process_state import process_state
from runtime.dlls.randomness import fill_random
from runtime.dlls.text import encode_wide
from runtime.dlls.types import BOOLEAN, HANDLE, LPCWSTR, NTSTATUS, PVOID, ULONG, ULONGLONG, InBytes, Out, OutBytes
from runtime.nt import status as st
from runtime.nt.status import NtError
from runtime.nt.thread import Thread

CRYPT = "security"
BCRYPT_ALG_HANDLE_HMAC_FLAG = 0x8
BCRYPT_HASH_REUSABLE_FLAG = 0x20
BCRYPT_USE_SYSTEM_PREFERRED_RNG = 0x2

_HASHES = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"}
_PSEUDO = {
    0x21: ("MD5", False), 0x31: ("SHA1", False), 0x41: ("SHA256", False), 0x51: ("SHA384", False),
    0x61: ("SHA512", False), 0x81: ("RNG", False), 0x91: ("MD5", True), 0xA1: ("SHA1", True), 0xB1: ("SHA256", True),
    0xC1: ("SHA384", True), 0xD1: ("SHA512", True), 0x331: ("PBKDF2", False),
}  # fmt: skip
_OBJECT_SIZE = 512
"""Bytes a caller must set aside for a hash object; nothing is stored there."""


class _Digest(Protocol):
    """What hashlib and hmac objects have in common."""

    @property
    def digest_size(self) -> int: ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
    def copy(self) -> Self: ...


@dataclass(slots=True)
class _Algorithm:
    name: str
    hmac: bool


@dataclass(slots=True)
class _Hash:
    algorithm: _Algorithm
    secret: bytes
    digest: _Digest
    reusable: bool
    finished: bool = False


class _Objects:
    """The handles a process has open."""

    def __init__(self) -> None:
        self.items: dict[int, _Algorithm | _Hash] = {}
        self._numbers = itertools.count(0x0B00_0000_0010, 0x10)

    def add(self, item: _Algorithm | _Hash) -> int:
        """Return a handle for an item."""
        handle = next(self._numbers)
        self.items[handle] = item
        return handle


def _algorithm(thread: Thread, handle: int) -> _Algorithm:
    if handle in _PSEUDO:
        return _Algorithm(*_PSEUDO[handle])
    item = process_state(thread.process, _Objects).items.get(handle)
    if not isinstance(item, _Algorithm):
        raise NtError(st.STATUS_INVALID_HANDLE)
    return item


def _hash(thread: Thread, handle: int) -> _Hash:
    item = process_state(thread.process, _Objects).items.get(handle)
    if not isinstance(item, _Hash):
        raise NtError(st.STATUS_INVALID_HANDLE)
    return item


def _new_digest(algorithm: _Algorithm, secret: bytes) -> _Digest:
    name = _HASHES.get(algorithm.name)
    if name is None:
        raise NtError(st.STATUS_NOT_SUPPORTED)
    if algorithm.hmac:
        return hmac.new(secret, digestmod=name)
    return hashlib.new(name, usedforsecurity=False)


@bcrypt.export(category=CRYPT)
def BCryptGenRandom(
    thread: Thread, hAlgorithm: HANDLE, pbBuffer: Annotated[PVOID, OutBytes("cbBuffer")], cbBuffer: ULONG,
    dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Fill a buffer with random bytes."""
    if hAlgorithm:
        if dwFlags & BCRYPT_USE_SYSTEM_PREFERRED_RNG:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        if _algorithm(thread, hAlgorithm).name != "RNG":
            raise NtError(st.STATUS_INVALID_HANDLE)
    elif not dwFlags & BCRYPT_USE_SYSTEM_PREFERRED_RNG:
        raise NtError(st.STATUS_INVALID_HANDLE)
    if not pbBuffer:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    fill_random(thread, pbBuffer, cbBuffer)
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptOpenAlgorithmProvider(
    thread: Thread, phAlgorithm: Out[HANDLE], pszAlgId: LPCWSTR, pszImplementation: LPCWSTR, dwFlags: ULONG
) -> NTSTATUS:
    """Open an algorithm by name."""
    if not phAlgorithm or pszAlgId is None or dwFlags & ~0x29:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    name = pszAlgId.upper()
    name = {"SHA": "SHA1", "FIPS186DSARNG": "RNG", "DUALECRNG": "RNG"}.get(name, name)
    if name not in _HASHES and name not in ("RNG", "PBKDF2"):
        raise NtError(st.STATUS_NOT_FOUND)
    if pszImplementation not in (None, "Microsoft Primitive Provider"):
        raise NtError(st.STATUS_NOT_FOUND)
    algorithm = _Algorithm(name, bool(dwFlags & BCRYPT_ALG_HANDLE_HMAC_FLAG))
    phAlgorithm.set(process_state(thread.process, _Objects).add(algorithm))
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptCloseAlgorithmProvider(thread: Thread, hAlgorithm: HANDLE, dwFlags: ULONG) -> NTSTATUS:
    """Close an algorithm."""
    _algorithm(thread, hAlgorithm)
    process_state(thread.process, _Objects).items.pop(hAlgorithm, None)
    return st.STATUS_SUCCESS


def _property(item: _Algorithm | _Hash, name: str) -> bytes:
    algorithm = item.algorithm if isinstance(item, _Hash) else item
    digest = _new_digest(algorithm, b"") if algorithm.name in _HASHES else None
    if name == "AlgorithmName":
        return encode_wide(algorithm.name + "\0")
    if digest is None:
        raise NtError(st.STATUS_NOT_SUPPORTED)
    match name:
        case "ObjectLength":
            return _OBJECT_SIZE.to_bytes(4, "little")
        case "HashDigestLength":
            return digest.digest_size.to_bytes(4, "little")
        case "HashBlockLength":
            return (128 if algorithm.name in ("SHA384", "SHA512") else 64).to_bytes(4, "little")
    raise NtError(st.STATUS_NOT_SUPPORTED)


@bcrypt.export(category=CRYPT)
def BCryptGetProperty(
    thread: Thread, hObject: HANDLE, pszProperty: LPCWSTR,
    pbOutput: Annotated[PVOID, OutBytes("cbOutput", actual="pcbResult")], cbOutput: ULONG, pcbResult: Out[ULONG],
    dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Return a property of an algorithm or hash: ObjectLength, HashDigestLength, HashBlockLength, AlgorithmName."""
    item = process_state(thread.process, _Objects).items.get(hObject) or _algorithm(thread, hObject)
    if pszProperty is None or not pcbResult:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    data = _property(item, pszProperty)
    pcbResult.set(len(data))
    if not pbOutput:
        return st.STATUS_SUCCESS
    if cbOutput < len(data):
        raise NtError(st.STATUS_BUFFER_TOO_SMALL)
    thread.process.memory.write(pbOutput, data)
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptCreateHash(
    thread: Thread, hAlgorithm: HANDLE, phHash: Out[HANDLE], pbHashObject: PVOID, cbHashObject: ULONG,
    pbSecret: Annotated[PVOID, InBytes("cbSecret")], cbSecret: ULONG, dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Begin a hash or an HMAC."""
    algorithm = _algorithm(thread, hAlgorithm)
    if not phHash or (pbSecret and cbSecret and not algorithm.hmac):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    if pbHashObject and cbHashObject < _OBJECT_SIZE:
        raise NtError(st.STATUS_BUFFER_TOO_SMALL)
    secret = thread.process.memory.read(pbSecret, cbSecret) if cbSecret else b""
    item = _Hash(algorithm, secret, _new_digest(algorithm, secret), bool(dwFlags & BCRYPT_HASH_REUSABLE_FLAG))
    phHash.set(process_state(thread.process, _Objects).add(item))
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptHashData(
    thread: Thread, hHash: HANDLE, pbInput: Annotated[PVOID, InBytes("cbInput")], cbInput: ULONG, dwFlags: ULONG
) -> NTSTATUS:
    """Add data to a hash."""
    item = _hash(thread, hHash)
    if item.finished:
        raise NtError(st.STATUS_INVALID_HANDLE)
    item.digest.update(thread.process.memory.read(pbInput, cbInput))
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptFinishHash(
    thread: Thread, hHash: HANDLE, pbOutput: Annotated[PVOID, OutBytes("cbOutput")], cbOutput: ULONG, dwFlags: ULONG
) -> NTSTATUS:
    """Return the hash; a reusable one begins anew."""
    item = _hash(thread, hHash)
    data = item.digest.digest()
    if item.finished or cbOutput != len(data):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    thread.process.memory.write(pbOutput, data)
    if item.reusable:
        item.digest = _new_digest(item.algorithm, item.secret)
    else:
        item.finished = True
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptDuplicateHash(
    thread: Thread, hHash: HANDLE, phNewHash: Out[HANDLE], pbHashObject: PVOID, cbHashObject: ULONG, dwFlags: ULONG
) -> NTSTATUS:
    """Copy a hash in its present state."""
    item = _hash(thread, hHash)
    copy = _Hash(item.algorithm, item.secret, item.digest.copy(), item.reusable, item.finished)
    phNewHash.set(process_state(thread.process, _Objects).add(copy))
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptDestroyHash(thread: Thread, hHash: HANDLE) -> NTSTATUS:
    """Close a hash."""
    _hash(thread, hHash)
    del process_state(thread.process, _Objects).items[hHash]
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptHash(
    thread: Thread, hAlgorithm: HANDLE, pbSecret: Annotated[PVOID, InBytes("cbSecret")], cbSecret: ULONG,
    pbInput: Annotated[PVOID, InBytes("cbInput")], cbInput: ULONG, pbOutput: Annotated[PVOID, OutBytes("cbOutput")],
    cbOutput: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Hash data in one call."""
    memory = thread.process.memory
    digest = _new_digest(_algorithm(thread, hAlgorithm), memory.read(pbSecret, cbSecret) if cbSecret else b"")
    digest.update(memory.read(pbInput, cbInput))
    if cbOutput != digest.digest_size:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    memory.write(pbOutput, digest.digest())
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptDeriveKeyPBKDF2(
    thread: Thread, hPrf: HANDLE, pbPassword: Annotated[PVOID, InBytes("cbPassword")], cbPassword: ULONG,
    pbSalt: Annotated[PVOID, InBytes("cbSalt")], cbSalt: ULONG, cIterations: ULONGLONG,
    pbDerivedKey: Annotated[PVOID, OutBytes("cbDerivedKey")], cbDerivedKey: ULONG, dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Derive a key from a password."""
    algorithm = _algorithm(thread, hPrf)
    if not algorithm.hmac or algorithm.name not in _HASHES or not cIterations or not cbDerivedKey or dwFlags:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    memory = thread.process.memory
    password, salt = memory.read(pbPassword, cbPassword), memory.read(pbSalt, cbSalt)
    key = hashlib.pbkdf2_hmac(_HASHES[algorithm.name], password, salt, cIterations, cbDerivedKey)
    memory.write(pbDerivedKey, key)
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptGetFipsAlgorithmMode(thread: Thread, pfEnabled: Out[BOOLEAN]) -> NTSTATUS:
    """Say whether only FIPS algorithms are allowed: no."""
    if not pfEnabled:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    pfEnabled.set(0)
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
async def BCryptEnumAlgorithms(
    thread: Thread, dwAlgOperations: ULONG, pAlgCount: Out[ULONG], ppAlgList: Out[PVOID], dwFlags: ULONG
) -> NTSTATUS:
    """List the algorithms there are; the caller frees the list with BCryptFreeBuffer."""
    if not pAlgCount or not ppAlgList or dwFlags:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    wanted = dwAlgOperations or 0x7F
    entries = [(name, 2, 2) for name in _HASHES] if wanted & 2 else []
    if wanted & 0x20:
        entries.append(("RNG", 6, 0x20))
    width = thread.process.memory.pointer_size
    names = b"".join(encode_wide(name + "\0") for name, _, _ in entries)
    block = await guest_heap_new(thread, bytes((width + 8) * len(entries) + len(names) + width))
    at = block + (width + 8) * len(entries)
    for index, (name, kind, _) in enumerate(entries):
        entry = block + (width + 8) * index
        thread.process.memory.write_pointer(entry, at)
        thread.process.memory.write(entry + width, kind.to_bytes(4, "little") + bytes(4))
        text = encode_wide(name + "\0")
        thread.process.memory.write(at, text)
        at += len(text)
    pAlgCount.set(len(entries))
    ppAlgList.set(block)
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
async def BCryptFreeBuffer(thread: Thread, pvBuffer: PVOID) -> None:
    """Free memory that a function of bcrypt.dll returned."""
    await guest_heap_free(thread, pvBuffer)
