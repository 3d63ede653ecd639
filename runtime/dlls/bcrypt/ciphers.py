"""bcrypt.h: symmetric keys, encryption, authenticated modes, key derivation."""

from __future__ import annotations

import hashlib
import hmac
import struct
from typing import Annotated, Final

from runtime.dlls import ciphers
from runtime.dlls.bcrypt.dll import bcrypt
from runtime.dlls.bcrypt.objects import (
    CIPHERS,
    CRYPT,
    HASHES,
    KDFS,
    OBJECT_SIZE,
    Algorithm,
    KeyPair,
    SymmetricKey,
    add,
    algorithm_of,
    find,
    get,
    remove,
)
from runtime.dlls.text import encode_wide
from runtime.dlls.types import HANDLE, LPCWSTR, NTSTATUS, PVOID, ULONG, InBytes, Out, OutBytes
from runtime.nt import status as st
from runtime.nt.status import NtError
from runtime.nt.thread import Thread

BCRYPT_BLOCK_PADDING: Final = 1
_MODES: Final = {f"ChainingMode{name}": name for name in ("CBC", "ECB", "CFB", "CCM", "GCM")}
_KEY_DATA_MAGIC: Final = 0x4D42444B
_WRAPPED: Final = "Rfc3565KeyWrapBlob"
_TAG_LENGTHS: Final = {"GCM": (12, 16, 1), "CCM": (4, 16, 2)}
_KDF_HASH, _KDF_LABEL, _KDF_CONTEXT, _KDF_SALT, _KDF_ITERATIONS = 0, 13, 14, 15, 16


def put_result(thread: Thread, data: bytes, target: int, size: int, result: Out[ULONG]) -> int:
    """Store what a call returns, or only its size where there is no buffer. Raises NtError(STATUS_BUFFER_TOO_SMALL)."""
    result.put(len(data))
    if target:
        if size < len(data):
            raise NtError(st.STATUS_BUFFER_TOO_SMALL)
        thread.process.memory.write(target, data)
    return st.STATUS_SUCCESS


def cipher_property(item: Algorithm | SymmetricKey | KeyPair, name: str) -> bytes | None:
    """A property of a cipher or key; None for one that it does not have."""
    algorithm = item if isinstance(item, Algorithm) else item.algorithm
    mode = item.mode if isinstance(item, Algorithm | SymmetricKey) else ""
    block = ciphers.BLOCK_LENGTHS[algorithm.name]
    lengths = struct.pack("<3I", *ciphers.KEY_LENGTHS[algorithm.name])
    match name:
        case "ChainingMode":
            return encode_wide(f"ChainingMode{'N/A' if algorithm.name == 'RC4' else mode}\0")
        case "BlockLength":
            return block.to_bytes(4, "little")
        case "KeyLengths":
            return lengths
        case "BlockSizeList" if algorithm.name != "RC4":
            return block.to_bytes(4, "little")
        case "AuthTagLength" if mode in _TAG_LENGTHS:
            return struct.pack("<3I", *_TAG_LENGTHS[mode])
    if isinstance(item, SymmetricKey):
        match name:
            case "KeyLength" | "KeyStrength":
                return (8 * len(item.secret)).to_bytes(4, "little")
            case "MessageBlockLength":
                return (item.feedback if mode == "CFB" else block).to_bytes(4, "little")
            case "IV" if mode in ("CBC", "CFB"):
                return item.iv
    return None


def set_cipher_property(item: Algorithm | SymmetricKey, name: str, data: bytes) -> None:
    """Set a property. Raises NtError STATUS_NOT_SUPPORTED, STATUS_INVALID_PARAMETER."""
    algorithm = item if isinstance(item, Algorithm) else item.algorithm
    block = ciphers.BLOCK_LENGTHS.get(algorithm.name, 0)
    if name == "ChainingMode" and block > 1:
        mode = _MODES.get(data.decode("utf-16-le", "replace").partition("\0")[0])
        if mode is None or (mode in _TAG_LENGTHS and algorithm.name != "AES"):
            raise NtError(st.STATUS_NOT_SUPPORTED)
        item.mode = mode
    elif name == "IV" and isinstance(item, SymmetricKey) and block > 1:
        if len(data) != block:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        item.iv = data
    elif name == "MessageBlockLength" and isinstance(item, SymmetricKey) and item.mode == "CFB":
        value = int.from_bytes(data[:4], "little")
        if value not in (1, block):
            raise NtError(st.STATUS_INVALID_PARAMETER)
        item.feedback = value
    else:
        raise NtError(st.STATUS_NOT_SUPPORTED)


def _new_key(algorithm: Algorithm, secret: bytes) -> SymmetricKey:
    if algorithm.name in CIPHERS:
        if not ciphers.key_fits(algorithm.name, len(secret)):
            raise NtError(st.STATUS_INVALID_PARAMETER)
        return SymmetricKey(algorithm, secret, algorithm.mode, bytes(ciphers.BLOCK_LENGTHS[algorithm.name]))
    if algorithm.name in KDFS:
        return SymmetricKey(algorithm, secret, "")
    raise NtError(st.STATUS_NOT_SUPPORTED)


@bcrypt.export(category=CRYPT)
def BCryptGenerateSymmetricKey(
    thread: Thread, hAlgorithm: HANDLE, phKey: Out[HANDLE], pbKeyObject: PVOID, cbKeyObject: ULONG,
    pbSecret: Annotated[PVOID, InBytes("cbSecret")], cbSecret: ULONG, dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Make a key of given bytes; longer ones than a cipher takes are cut, as on Windows."""
    algorithm = algorithm_of(thread, hAlgorithm)
    if not phKey or not pbSecret:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    if pbKeyObject and cbKeyObject < OBJECT_SIZE:
        raise NtError(st.STATUS_BUFFER_TOO_SMALL)
    secret = thread.process.memory.read(pbSecret, min(cbSecret, 0x10000))
    if algorithm.name in CIPHERS:
        secret = secret[: ciphers.KEY_LENGTHS[algorithm.name][1] // 8]
    phKey.set(add(thread, _new_key(algorithm, secret)))
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptDuplicateKey(
    thread: Thread, hKey: HANDLE, phNewKey: Out[HANDLE], pbKeyObject: PVOID, cbKeyObject: ULONG, dwFlags: ULONG
) -> NTSTATUS:
    key = get(thread, hKey, SymmetricKey)
    if not phNewKey:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    phNewKey.set(add(thread, key.copy()))
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptDestroyKey(thread: Thread, hKey: HANDLE) -> NTSTATUS:
    if not isinstance(find(thread, hKey), SymmetricKey | KeyPair):
        raise NtError(st.STATUS_INVALID_HANDLE)
    remove(thread, hKey)
    return st.STATUS_SUCCESS


@bcrypt.export(category=CRYPT)
def BCryptImportKey(
    thread: Thread, hAlgorithm: HANDLE, hImportKey: HANDLE, pszBlobType: LPCWSTR, phKey: Out[HANDLE],
    pbKeyObject: PVOID, cbKeyObject: ULONG, pbInput: Annotated[PVOID, InBytes("cbInput")], cbInput: ULONG,
    dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Make a key of a BCRYPT_KEY_DATA_BLOB ("KeyDataBlob") or of one wrapped with an AES key (RFC 3565)."""
    algorithm = algorithm_of(thread, hAlgorithm)
    blob = thread.process.memory.read(pbInput, min(cbInput, 0x10000))
    if not phKey:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    if pszBlobType == "KeyDataBlob":
        if len(blob) < 12:
            raise NtError(st.STATUS_BUFFER_TOO_SMALL)
        magic, version, size = struct.unpack_from("<3I", blob)
        if magic != _KEY_DATA_MAGIC or version != 1 or len(blob) < 12 + size:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        secret = blob[12 : 12 + size]
    elif pszBlobType == _WRAPPED and hImportKey:
        from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

        try:
            secret = aes_key_unwrap(get(thread, hImportKey, SymmetricKey).secret, blob)
        except (InvalidUnwrap, ValueError):
            raise NtError(st.STATUS_INVALID_PARAMETER) from None
    else:
        raise NtError(st.STATUS_NOT_SUPPORTED)
    phKey.set(add(thread, _new_key(algorithm, secret)))
    return st.STATUS_SUCCESS


def export_symmetric(thread: Thread, key: SymmetricKey, wrapping: int, kind: str | None) -> bytes:
    """The blob of BCryptExportKey. Raises NtError."""
    if kind == "KeyDataBlob":
        return struct.pack("<3I", _KEY_DATA_MAGIC, 1, len(key.secret)) + key.secret
    if kind == _WRAPPED and wrapping:
        from cryptography.hazmat.primitives.keywrap import aes_key_wrap

        return aes_key_wrap(get(thread, wrapping, SymmetricKey).secret, key.secret)
    raise NtError(st.STATUS_NOT_SUPPORTED)


class _AuthenticatedMode:
    """BCRYPT_AUTHENTICATED_CIPHER_MODE_INFO (64-bit): nonce, associated data, tag."""

    def __init__(self, thread: Thread, address: int) -> None:
        memory = thread.process.memory
        if not address:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        size, version, nonce, nonce_size, extra, extra_size, tag, tag_size = struct.unpack(
            "<IIQI4xQI4xQI4x", memory.read(address, 56)
        )
        (flags,) = struct.unpack("<I", memory.read(address + 80, 4))
        if size != 88 or version != 1 or not nonce or not tag:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        if flags & 1:  # a message in several calls
            raise NtError(st.STATUS_NOT_SUPPORTED)
        self.nonce = memory.read(nonce, min(nonce_size, 0x10000))
        self.associated = memory.read(extra, extra_size) if extra and extra_size else b""
        self.tag = tag
        self.tag_size = tag_size

    def check(self, mode: str) -> None:
        least, most, step = _TAG_LENGTHS[mode]
        fits = least <= self.tag_size <= most and (self.tag_size - least) % step == 0
        if not fits or (len(self.nonce) != 12 if mode == "GCM" else not 7 <= len(self.nonce) <= 13):
            raise NtError(st.STATUS_INVALID_PARAMETER)


def transform(
    thread: Thread, key: SymmetricKey, source: int, size: int, info: int, iv: int, iv_size: int, target: int,
    capacity: int, result: Out[ULONG], flags: int, *, encrypt: bool,
) -> int:  # fmt: skip
    """BCryptEncrypt and BCryptDecrypt with a symmetric key. Raises NtError."""
    name, memory = key.algorithm.name, thread.process.memory
    if name not in CIPHERS or not result:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    block = ciphers.BLOCK_LENGTHS[name]
    padded = bool(flags & BCRYPT_BLOCK_PADDING) and key.mode in ("CBC", "ECB") and block > 1
    needed = size + (block - size % block if padded and encrypt else 0)
    whole = 1 if key.mode in _TAG_LENGTHS else key.feedback if key.mode == "CFB" else block
    if (size % whole and not (padded and encrypt)) or (padded and not encrypt and not size):
        raise NtError(st.STATUS_INVALID_BUFFER_SIZE)
    if not target:
        result.set(needed)
        return st.STATUS_SUCCESS
    if capacity < needed and (encrypt or not padded or capacity + block < needed):
        result.set(needed)
        raise NtError(st.STATUS_BUFFER_TOO_SMALL)
    data = memory.read(source, size) if size else b""
    if key.mode in _TAG_LENGTHS and name == "AES":
        output = _authenticated(thread, key, info, data, encrypt=encrypt)
    elif name == "RC4":
        if key.stream is None:
            key.stream = ciphers.Rc4(key.secret)
        output = key.stream.update(data)
    else:
        output = _chained(thread, key, data, iv, iv_size, padded=padded, encrypt=encrypt)
    result.set(len(output))
    if capacity < len(output):
        raise NtError(st.STATUS_BUFFER_TOO_SMALL)
    memory.write(target, output)
    return st.STATUS_SUCCESS


def _authenticated(thread: Thread, key: SymmetricKey, info: int, data: bytes, *, encrypt: bool) -> bytes:
    memory = thread.process.memory
    mode = _AuthenticatedMode(thread, info)
    mode.check(key.mode)
    if encrypt:
        output, tag = ciphers.seal(key.secret, key.mode, mode.nonce, mode.associated, data, mode.tag_size)
        memory.write(mode.tag, tag)
        return output
    tag = memory.read(mode.tag, mode.tag_size)
    opened = ciphers.unseal(key.secret, key.mode, mode.nonce, mode.associated, data, tag)
    if opened is None:
        raise NtError(st.STATUS_AUTH_TAG_MISMATCH)
    return opened


def _chained(thread: Thread, key: SymmetricKey, data: bytes, iv: int, iv_size: int, *, padded: bool,
             encrypt: bool) -> bytes:  # fmt: skip
    """Modes ECB, CBC and CFB; the vector that the caller gave, else the key's, is left for the next call."""
    memory, name = thread.process.memory, key.algorithm.name
    block = ciphers.BLOCK_LENGTHS[name]
    if iv and key.mode != "ECB" and iv_size != block:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    vector = memory.read(iv, block) if iv and key.mode != "ECB" else key.iv
    if padded and encrypt:
        data = ciphers.pad(data, block)
    output = ciphers.crypt(name, key.secret, key.mode, vector, data, encrypt=encrypt, feedback=key.feedback)
    if key.mode != "ECB":
        following = ciphers.next_iv(vector, output if encrypt else data)
        if iv:
            memory.write(iv, following)
        else:
            key.iv = following
    if padded and not encrypt:
        try:
            output = ciphers.unpad(output, block)
        except ciphers.CipherError:
            raise NtError(st.STATUS_DATA_ERROR) from None
    return output


def kdf_parameters(thread: Thread, address: int) -> dict[int, bytes]:
    """A BCryptBufferDesc: the buffers by their type. Raises NtError(STATUS_INVALID_PARAMETER)."""
    if not address:
        return {}
    memory = thread.process.memory
    version, count, buffers = struct.unpack("<IIQ", memory.read(address, 16))
    if version != 0 or count > 64:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    found: dict[int, bytes] = {}
    for index in range(count):
        size, kind, data = struct.unpack("<IIQ", memory.read(buffers + 16 * index, 16))
        found[kind] = found.get(kind, b"") + memory.read(data, min(size, 0x10000))
    return found


def hash_name(parameters: dict[int, bytes]) -> str:
    """The hash that KDF_HASH_ALGORITHM names, as hashlib calls it. Raises NtError."""
    name = parameters.get(_KDF_HASH, b"").decode("utf-16-le", "replace").partition("\0")[0].upper()
    if name not in HASHES:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    return HASHES[name]


def _counter_mode(digest: str, secret: bytes, label: bytes, context: bytes, size: int) -> bytes:
    """SP 800-108 in counter mode with an HMAC and 32-bit counters."""
    output = b""
    counter = 0
    while len(output) < size:
        counter += 1
        block = counter.to_bytes(4, "big") + label + b"\0" + context + (8 * size).to_bytes(4, "big")
        output += hmac.digest(secret, block, digest)
    return output[:size]


@bcrypt.export(category=CRYPT)
def BCryptKeyDerivation(
    thread: Thread, hKey: HANDLE, pParameterList: PVOID,
    pbDerivedKey: Annotated[PVOID, OutBytes("cbDerivedKey", actual="pcbResult")], cbDerivedKey: ULONG,
    pcbResult: Out[ULONG], dwFlags: ULONG,
) -> NTSTATUS:  # fmt: skip
    """Derive a key with PBKDF2 or SP 800-108; the secret is the key's."""
    key = get(thread, hKey, SymmetricKey)
    if not pcbResult or not pbDerivedKey or not cbDerivedKey or key.algorithm.name not in KDFS:
        raise NtError(st.STATUS_INVALID_PARAMETER)
    parameters = kdf_parameters(thread, pParameterList)
    digest = hash_name(parameters)
    if key.algorithm.name == "PBKDF2":
        rounds = int.from_bytes(parameters.get(_KDF_ITERATIONS, (10000).to_bytes(8, "little")), "little")
        if not rounds or _KDF_SALT not in parameters:
            raise NtError(st.STATUS_INVALID_PARAMETER)
        output = hashlib.pbkdf2_hmac(digest, key.secret, parameters[_KDF_SALT], rounds, cbDerivedKey)
    else:
        label, context = parameters.get(_KDF_LABEL, b""), parameters.get(_KDF_CONTEXT, b"")
        output = _counter_mode(digest, key.secret, label, context, cbDerivedKey)
    return put_result(thread, output, pbDerivedKey, cbDerivedKey, pcbResult)
