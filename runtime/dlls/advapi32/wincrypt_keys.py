"""wincrypt.h: session keys of the old cryptographic providers and what they encrypt. Key pairs are not there."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from typing import Annotated, Final

from runtime.dlls import ciphers
from runtime.dlls.advapi32.crypto_objects import (
    HASHES,
    NTE_BAD_ALGID,
    NTE_BAD_DATA,
    NTE_BAD_HASH_STATE,
    NTE_BAD_KEY,
    NTE_BAD_KEY_STATE,
    NTE_BAD_TYPE,
    NTE_BAD_VER,
    Hash,
    Key,
    Provider,
    hash_of,
    key_of,
    objects_of,
    provider_of,
)
from runtime.dlls.advapi32.dll import advapi32
from runtime.dlls.randomness import random_bytes
from runtime.dlls.types import BOOL, DWORD, HEX32, LPVOID, ULONG_PTR, InBytes, InOut, Out, OutBytes
from runtime.nt.status import ERROR_INVALID_PARAMETER, ERROR_MORE_DATA, Win32Error
from runtime.nt.thread import Thread

SECURITY: Final = "security"
CRYPT_EXPORTABLE: Final = 0x1
CRYPT_NO_SALT: Final = 0x10
PLAINTEXTKEYBLOB: Final = 8
_AES_PROVIDER: Final = 24
_CIPHERS: Final = {
    0x6601: ("DES", 8, 64), 0x6603: ("3DES", 24, 192), 0x6609: ("3DES_112", 16, 128), 0x6801: ("RC4", 16, 128),
    0x660E: ("AES", 16, 128), 0x660F: ("AES", 24, 192), 0x6610: ("AES", 32, 256),
}  # fmt: skip
"""By ALG_ID: cipher, bytes of its key, bits that CryptGetKeyParam reports."""
_HMAC_KEY: Final = 0x6602
"""CALG_RC2, which programs import HMAC keys as; it does not encrypt here."""
_MODES: Final = {1: "CBC", 2: "ECB", 4: "CFB"}
_KP_IV, _KP_PADDING, _KP_MODE, _KP_MODE_BITS, _KP_ALGID, _KP_BLOCKLEN, _KP_KEYLEN = 1, 3, 4, 5, 7, 8, 9


def _size(provider: Provider, algorithm: int, flags: int) -> tuple[int, int]:
    """Bytes of a new key, and of zeros behind it (the salt of 40-bit keys). Raises Win32Error."""
    if algorithm not in _CIPHERS or (_CIPHERS[algorithm][0] == "AES" and provider.kind != _AES_PROVIDER):
        raise Win32Error(NTE_BAD_ALGID)
    name, size, _ = _CIPHERS[algorithm]
    asked = flags >> 16
    if name != "RC4":
        return size, 0
    if asked and (asked % 8 or not 40 <= asked <= 128):
        raise Win32Error(0x80090009)  # NTE_BAD_FLAGS
    base = provider.name.startswith("Microsoft Base")
    size = asked // 8 or (5 if base else 16)
    return size, 11 if size == 5 and not flags & CRYPT_NO_SALT else 0


def _new_key(algorithm: int, secret: bytes, flags: int, salt: int = 0) -> Key:
    name = _CIPHERS[algorithm][0] if algorithm in _CIPHERS else "RC4"
    vector = bytes(ciphers.BLOCK_LENGTHS[name])
    return Key(algorithm, secret + bytes(salt), bool(flags & CRYPT_EXPORTABLE), vector, salt=salt)


@advapi32.export(category=SECURITY)
def CryptGenKey(thread: Thread, hProv: ULONG_PTR, Algid: HEX32, dwFlags: DWORD, phKey: Out[ULONG_PTR]) -> BOOL:
    """Make a random session key."""
    size, salt = _size(provider_of(thread, hProv), Algid, dwFlags)
    phKey.set(objects_of(thread).add(_new_key(Algid, random_bytes(thread, size), dwFlags, salt)))
    return 1


def _expanded(item: Hash, value: bytes) -> bytes:
    """The documented derivation for keys that need more than the hash has: SHA-2 is long enough as it is."""
    name = HASHES[item.algorithm]
    first = bytes((value[i] if i < len(value) else 0) ^ 0x36 for i in range(64))
    second = bytes((value[i] if i < len(value) else 0) ^ 0x5C for i in range(64))
    return b"".join(hashlib.new(name, part, usedforsecurity=False).digest() for part in (first, second))


@advapi32.export(category=SECURITY)
def CryptDeriveKey(
    thread: Thread, hProv: ULONG_PTR, Algid: HEX32, hBaseData: ULONG_PTR, dwFlags: DWORD, phKey: Out[ULONG_PTR]
) -> BOOL:
    """Make a key of a hash, which is finished by it."""
    size, salt = _size(provider_of(thread, hProv), Algid, dwFlags)
    item = hash_of(thread, hBaseData)
    if item.value is None:
        item.value = item.digest.digest()
    value = item.value
    long_hash = item.algorithm >= 0x800C
    if item.algorithm not in HASHES:
        raise Win32Error(NTE_BAD_HASH_STATE)
    if size > len(value) or (_CIPHERS[Algid][0] in ("AES", "3DES", "3DES_112") and not long_hash):
        value = _expanded(item, value)
    phKey.set(objects_of(thread).add(_new_key(Algid, value[:size], dwFlags, salt)))
    return 1


@advapi32.export(category=SECURITY)
def CryptImportKey(
    thread: Thread, hProv: ULONG_PTR, pbData: Annotated[LPVOID, InBytes("dwDataLen")], dwDataLen: DWORD,
    hPubKey: ULONG_PTR, dwFlags: DWORD, phKey: Out[ULONG_PTR],
) -> BOOL:  # fmt: skip
    """Make a key of a PLAINTEXTKEYBLOB."""
    provider = provider_of(thread, hProv)
    blob = thread.process.memory.read(pbData, min(dwDataLen, 0x10000))
    if len(blob) < 12:
        raise Win32Error(NTE_BAD_DATA)
    kind, version, _, algorithm, size = struct.unpack_from("<BBHII", blob)
    if version != 2:
        raise Win32Error(NTE_BAD_VER)
    if kind != PLAINTEXTKEYBLOB:
        raise Win32Error(NTE_BAD_TYPE)
    secret = blob[12 : 12 + size]
    if len(secret) != size or not size:
        raise Win32Error(NTE_BAD_DATA)
    if algorithm != _HMAC_KEY:
        _size(provider, algorithm, 0)
        if not ciphers.key_fits(_CIPHERS[algorithm][0], size) or (
            _CIPHERS[algorithm][0] == "AES" and size != _CIPHERS[algorithm][1]
        ):
            raise Win32Error(NTE_BAD_DATA)
    phKey.set(objects_of(thread).add(_new_key(algorithm, secret, dwFlags)))
    return 1


@advapi32.export(category=SECURITY)
def CryptExportKey(
    thread: Thread, hKey: ULONG_PTR, hExpKey: ULONG_PTR, dwBlobType: DWORD, dwFlags: DWORD,
    pbData: Annotated[LPVOID, OutBytes("pdwDataLen", actual="pdwDataLen")], pdwDataLen: InOut[DWORD],
) -> BOOL:  # fmt: skip
    """Return a key as PLAINTEXTKEYBLOB."""
    key = key_of(thread, hKey)
    if dwBlobType != PLAINTEXTKEYBLOB:
        raise Win32Error(NTE_BAD_TYPE)
    if not key.exportable:
        raise Win32Error(NTE_BAD_KEY_STATE)
    data = struct.pack("<BBHII", PLAINTEXTKEYBLOB, 2, 0, key.algorithm, len(key.secret)) + key.secret
    return _put(thread, data, pbData, pdwDataLen)


def _put(thread: Thread, data: bytes, target: int, length: InOut[int]) -> int:
    capacity = length.get()
    length.set(len(data))
    if target:
        if capacity < len(data):
            raise Win32Error(ERROR_MORE_DATA)
        thread.process.memory.write(target, data)
    return 1


@advapi32.export(category=SECURITY)
def CryptDuplicateKey(
    thread: Thread, hKey: ULONG_PTR, pdwReserved: LPVOID, dwFlags: DWORD, phKey: Out[ULONG_PTR]
) -> BOOL:
    key = key_of(thread, hKey)
    stream = key.stream.copy() if key.stream is not None else None
    phKey.set(objects_of(thread).add(replace(key, stream=stream)))
    return 1


@advapi32.export(category=SECURITY)
def CryptDestroyKey(thread: Thread, hKey: ULONG_PTR) -> BOOL:
    key_of(thread, hKey)
    del objects_of(thread).items[hKey]
    return 1


@advapi32.export(category=SECURITY)
def CryptGetKeyParam(
    thread: Thread, hKey: ULONG_PTR, dwParam: DWORD,
    pbData: Annotated[LPVOID, OutBytes("pdwDataLen", actual="pdwDataLen")], pdwDataLen: InOut[DWORD], dwFlags: DWORD,
) -> BOOL:  # fmt: skip
    key = key_of(thread, hKey)
    name, _, bits = _CIPHERS.get(key.algorithm, ("RC4", 0, 8 * len(key.secret)))
    block = ciphers.BLOCK_LENGTHS[name]
    numbers = {
        _KP_PADDING: 1, _KP_MODE_BITS: 8, _KP_ALGID: key.algorithm, _KP_BLOCKLEN: 8 * block if block > 1 else 0,
        _KP_KEYLEN: bits if name != "RC4" else 8 * (len(key.secret) - key.salt),
        _KP_MODE: next(number for number, mode in _MODES.items() if mode == key.mode),
    }  # fmt: skip
    if dwParam == _KP_IV:
        return _put(thread, key.vector if block > 1 else b"", pbData, pdwDataLen)
    if dwParam not in numbers:
        raise Win32Error(NTE_BAD_TYPE)
    return _put(thread, numbers[dwParam].to_bytes(4, "little"), pbData, pdwDataLen)


@advapi32.export(category=SECURITY)
def CryptSetKeyParam(thread: Thread, hKey: ULONG_PTR, dwParam: DWORD, pbData: LPVOID, dwFlags: DWORD) -> BOOL:
    """Set the vector (KP_IV), the mode (KP_MODE: CBC, ECB, CFB with 8 bits) or the padding, of which there is one."""
    key = key_of(thread, hKey)
    memory = thread.process.memory
    name = _CIPHERS.get(key.algorithm, ("RC4", 0, 0))[0]
    if dwParam == _KP_IV and name != "RC4":
        key.vector, key.running = memory.read(pbData, ciphers.BLOCK_LENGTHS[name]), None
    elif dwParam == _KP_MODE and name != "RC4":
        mode = _MODES.get(memory.read_u32(pbData))
        if mode is None:
            raise Win32Error(NTE_BAD_TYPE)
        key.mode, key.running = mode, None
    elif (dwParam, memory.read_u32(pbData)) not in ((_KP_PADDING, 1), (_KP_MODE_BITS, 8)):
        raise Win32Error(NTE_BAD_TYPE)
    return 1


def _transform(key: Key, data: bytes, final: bool, *, encrypt: bool) -> bytes:
    """One piece of a message; the last one has the padding. Raises Win32Error."""
    name = _CIPHERS[key.algorithm][0]
    if name == "RC4":
        if key.stream is None:
            key.stream = ciphers.Rc4(key.secret)
        output = key.stream.update(data)
        if final:
            key.stream = None
        return output
    block = ciphers.BLOCK_LENGTHS[name]
    padded = final and key.mode != "CFB"
    if padded and encrypt:
        data = ciphers.pad(data, block)
    elif key.mode != "CFB" and (len(data) % block or (final and not data)):
        raise Win32Error(NTE_BAD_DATA)
    vector = key.vector if key.running is None else key.running
    output = ciphers.crypt(name, key.secret, key.mode, vector, data, encrypt=encrypt)
    key.running = None if final else ciphers.next_iv(vector, output if encrypt else data)
    if padded and not encrypt:
        try:
            output = ciphers.unpad(output, block)
        except ciphers.CipherError:
            raise Win32Error(NTE_BAD_DATA) from None
    return output


def _cipher_key(thread: Thread, handle: int) -> Key:
    key = key_of(thread, handle)
    if key.algorithm not in _CIPHERS:
        raise Win32Error(NTE_BAD_KEY)
    return key


@advapi32.export(category=SECURITY)
def CryptEncrypt(
    thread: Thread, hKey: ULONG_PTR, hHash: ULONG_PTR, Final: BOOL, dwFlags: DWORD, pbData: LPVOID,
    pdwDataLen: InOut[DWORD], dwBufLen: DWORD,
) -> BOOL:  # fmt: skip
    """Encrypt a piece of a message in place; hash the plain text where a hash is given."""
    key = _cipher_key(thread, hKey)
    memory = thread.process.memory
    if not pdwDataLen:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    size = pdwDataLen.get()
    block = ciphers.BLOCK_LENGTHS[_CIPHERS[key.algorithm][0]]
    needed = size + block - size % block if Final and block > 1 and key.mode != "CFB" else size
    if not pbData:
        pdwDataLen.set(needed)
        return 1
    if dwBufLen < needed:
        pdwDataLen.set(needed)
        raise Win32Error(ERROR_MORE_DATA)
    data = memory.read(pbData, size)
    if hHash:
        hash_of(thread, hHash).digest.update(data)
    output = _transform(key, data, bool(Final), encrypt=True)
    memory.write(pbData, output)
    pdwDataLen.set(len(output))
    return 1


@advapi32.export(category=SECURITY)
def CryptDecrypt(
    thread: Thread, hKey: ULONG_PTR, hHash: ULONG_PTR, Final: BOOL, dwFlags: DWORD, pbData: LPVOID,
    pdwDataLen: InOut[DWORD],
) -> BOOL:  # fmt: skip
    """Decrypt a piece of a message in place; hash the plain text where a hash is given."""
    key = _cipher_key(thread, hKey)
    memory = thread.process.memory
    output = _transform(key, memory.read(pbData, pdwDataLen.get()), bool(Final), encrypt=False)
    if hHash:
        hash_of(thread, hHash).digest.update(output)
    memory.write(pbData, output)
    pdwDataLen.set(len(output))
    return 1
