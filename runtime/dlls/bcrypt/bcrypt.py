"""bcrypt.h: random numbers, algorithms and their properties, hashes, HMACs."""

from __future__ import annotations

import hashlib
from typing import Annotated, Final

from runtime.dlls.bcrypt.ciphers import cipher_property, put_result, set_cipher_property
from runtime.dlls.bcrypt.dll import bcrypt
from runtime.dlls.bcrypt.objects import (
    AGREEMENTS,
    CIPHERS,
    CRYPT,
    HASHES,
    KDFS,
    OBJECT_SIZE,
    PSEUDO,
    RSA_KEY_LENGTHS,
    SIGNATURES,
    Algorithm,
    Hash,
    Item,
    KeyPair,
    Secret,
    SymmetricKey,
    add,
    algorithm_of,
    find,
    hash_of,
    new_digest,
    remove,
)
from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.randomness import fill_random
from runtime.dlls.text import encode_wide
from runtime.dlls.types import BOOLEAN, HANDLE, LPCWSTR, NTSTATUS, PVOID, ULONG, ULONGLONG, InBytes, Out, OutBytes
from runtime.nt import status as st
from runtime.nt.status import NtError
from runtime.nt.thread import Thread

_ALGORITHMS: Final = {
    **dict.fromkeys(CIPHERS, (1, 1)),
    **dict.fromkeys(HASHES, (2, 2)),
    "RSA": (3, 4 | 16), "RSA_SIGN": (5, 16),
    **dict.fromkeys(AGREEMENTS, (4, 8)),
    **{name: (5, 16) for name in SIGNATURES if name.startswith("ECDSA")},
    "RNG": (6, 32),
    **dict.fromkeys(KDFS, (7, 64)),
}  # fmt: skip
"""What there is: BCRYPT_..._INTERFACE and the BCRYPT_..._OPERATION flags."""
BCRYPT_ALG_HANDLE_HMAC_FLAG = 0x8
BCRYPT_HASH_REUSABLE_FLAG = 0x20
BCRYPT_USE_SYSTEM_PREFERRED_RNG = 0x2

@bcrypt.export(category=CRYPT)
def BCryptGenRandom(
    thread: Thread, hAlgorithm: HANDLE, pbBuffer: Annotated[PVOID, OutBytes("cbBuffer")], cbBuffer: ULONG,
    dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Fill a buffer with random bytes."""
    if hAlgorithm:
        if dwFlags & BCRYPT_USE_SYSTEM_PREFERRED_RNG:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        if algorithm_of(thread, hAlgorithm).name != "RNG":
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
    if name not in _ALGORITHMS:
        raise NtError(st.STATUS_NOT_FOUND)
    if pszImplementation not in (None, "Microsoft Primitive Provider"):
        raise NtError(st.STATUS_NOT_FOUND)
    is_hmac = bool(dwFlags & BCRYPT_ALG_HANDLE_HMAC_FLAG)
    if is_hmac and name not in HASHES:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    algorithm = Algorithm(name, is_hmac)
    phAlgorithm.set(add(thread, algorithm))
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptCloseAlgorithmProvider(thread: Thread, hAlgorithm: HANDLE, dwFlags: ULONG) -> NTSTATUS:
    """Close an algorithm."""
    algorithm_of(thread, hAlgorithm)
    if hAlgorithm not in PSEUDO:
        remove(thread, hAlgorithm)
    return st.STATUS_SUCCESS


def _dword(value: int) -> bytes:
    return value.to_bytes(4, "little")


def _property(item: Item, name: str) -> bytes:
    """Raises NtError(STATUS_NOT_SUPPORTED)."""
    if isinstance(item, Secret):
        raise NtError(st.STATUS_NOT_SUPPORTED)
    algorithm = item if isinstance(item, Algorithm) else item.algorithm
    found: bytes | None = None
    if name == "AlgorithmName":
        found = encode_wide(algorithm.name + "\0")
    elif name == "ObjectLength" and algorithm.name in (*HASHES, *CIPHERS, *KDFS):
        found = _dword(OBJECT_SIZE)
    elif algorithm.name in HASHES:
        found = _hash_property(algorithm, name)
    elif algorithm.name in CIPHERS:
        found = cipher_property(item if isinstance(item, SymmetricKey) else algorithm, name)
    elif isinstance(item, KeyPair) and name in ("KeyLength", "KeyStrength"):
        found = _dword(item.bits)
    elif algorithm.name in ("RSA", "RSA_SIGN") and name == "KeyLengths":
        found = b"".join(map(_dword, RSA_KEY_LENGTHS))
    if found is None:
        raise NtError(st.STATUS_NOT_SUPPORTED)
    return found


def _hash_property(algorithm: Algorithm, name: str) -> bytes | None:
    match name:
        case "HashDigestLength":
            return _dword(new_digest(algorithm, b"").digest_size)
        case "HashBlockLength":
            return _dword(128 if algorithm.name in ("SHA384", "SHA512") else 64)
    return None


@bcrypt.export(category=CRYPT)
def BCryptGetProperty(
    thread: Thread, hObject: HANDLE, pszProperty: LPCWSTR,
    pbOutput: Annotated[PVOID, OutBytes("cbOutput", actual="pcbResult")], cbOutput: ULONG, pcbResult: Out[ULONG],
    dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Return a property of an algorithm, hash or key."""
    item = find(thread, hObject)
    if item is None:
        raise NtError(st.STATUS_INVALID_HANDLE)
    if pszProperty is None or not pcbResult:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    return put_result(thread, _property(item, pszProperty), pbOutput, cbOutput, pcbResult)


@bcrypt.export(category=CRYPT)
def BCryptSetProperty(
    thread: Thread, hObject: HANDLE, pszProperty: LPCWSTR, pbInput: Annotated[PVOID, InBytes("cbInput")],
    cbInput: ULONG, dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Set a property of a cipher or of its key: ChainingMode, IV, MessageBlockLength."""
    item = find(thread, hObject)
    if item is None:
        raise NtError(st.STATUS_INVALID_HANDLE)
    data = thread.process.memory.read(pbInput, min(cbInput, 0x1000))
    if not isinstance(item, Algorithm | SymmetricKey) or pszProperty is None:
        raise NtError(st.STATUS_NOT_SUPPORTED)
    set_cipher_property(item, pszProperty, data)
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptCreateHash(
    thread: Thread, hAlgorithm: HANDLE, phHash: Out[HANDLE], pbHashObject: PVOID, cbHashObject: ULONG,
    pbSecret: Annotated[PVOID, InBytes("cbSecret")], cbSecret: ULONG, dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Begin a hash or an HMAC."""
    algorithm = algorithm_of(thread, hAlgorithm)
    if not phHash or (pbSecret and cbSecret and not algorithm.hmac):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    if pbHashObject and cbHashObject < OBJECT_SIZE:
        raise NtError(st.STATUS_BUFFER_TOO_SMALL)
    secret = thread.process.memory.read(pbSecret, cbSecret) if cbSecret else b""
    item = Hash(algorithm, secret, new_digest(algorithm, secret), bool(dwFlags & BCRYPT_HASH_REUSABLE_FLAG))
    phHash.set(add(thread, item))
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptHashData(
    thread: Thread, hHash: HANDLE, pbInput: Annotated[PVOID, InBytes("cbInput")], cbInput: ULONG, dwFlags: ULONG
) -> NTSTATUS:
    """Add data to a hash."""
    item = hash_of(thread, hHash)
    if item.finished:
        raise NtError(st.STATUS_INVALID_HANDLE)
    item.digest.update(thread.process.memory.read(pbInput, cbInput))
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptFinishHash(
    thread: Thread, hHash: HANDLE, pbOutput: Annotated[PVOID, OutBytes("cbOutput")], cbOutput: ULONG, dwFlags: ULONG
) -> NTSTATUS:
    """Return the hash; a reusable one begins anew."""
    item = hash_of(thread, hHash)
    data = item.digest.digest()
    if item.finished or cbOutput != len(data):
        raise NtError(st.STATUS_INVALID_PARAMETER)
    thread.process.memory.write(pbOutput, data)
    if item.reusable:
        item.digest = new_digest(item.algorithm, item.secret)
    else:
        item.finished = True
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptDuplicateHash(
    thread: Thread, hHash: HANDLE, phNewHash: Out[HANDLE], pbHashObject: PVOID, cbHashObject: ULONG, dwFlags: ULONG
) -> NTSTATUS:
    """Copy a hash in its present state."""
    item = hash_of(thread, hHash)
    copy = Hash(item.algorithm, item.secret, item.digest.copy(), item.reusable, item.finished)
    phNewHash.set(add(thread, copy))
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptDestroyHash(thread: Thread, hHash: HANDLE) -> NTSTATUS:
    """Close a hash."""
    hash_of(thread, hHash)
    remove(thread, hHash)
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptHash(
    thread: Thread, hAlgorithm: HANDLE, pbSecret: Annotated[PVOID, InBytes("cbSecret")], cbSecret: ULONG,
    pbInput: Annotated[PVOID, InBytes("cbInput")], cbInput: ULONG, pbOutput: Annotated[PVOID, OutBytes("cbOutput")],
    cbOutput: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Hash data in one call."""
    memory = thread.process.memory
    digest = new_digest(algorithm_of(thread, hAlgorithm), memory.read(pbSecret, cbSecret) if cbSecret else b"")
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
    algorithm = algorithm_of(thread, hPrf)
    if not algorithm.hmac or algorithm.name not in HASHES or not cIterations or not cbDerivedKey or dwFlags:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    memory = thread.process.memory
    password, salt = memory.read(pbPassword, cbPassword), memory.read(pbSalt, cbSalt)
    key = hashlib.pbkdf2_hmac(HASHES[algorithm.name], password, salt, cIterations, cbDerivedKey)
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
    entries = [(name, kind, operation) for name, (kind, operation) in _ALGORITHMS.items() if wanted & operation]
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
