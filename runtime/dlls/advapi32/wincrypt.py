"""wincrypt.h and ntsecapi.h: random numbers and hashes of the old cryptographic providers."""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated

from runtime.dlls.advapi32 import advapi32
from runtime.dlls.advapi32.crypto_objects import (
    CALG_HMAC,
    HASHES,
    NTE_BAD_ALGID,
    NTE_BAD_FLAGS,
    NTE_BAD_HASH_STATE,
    NTE_BAD_KEYSET,
    NTE_BAD_PROV_TYPE,
    NTE_BAD_TYPE,
    NTE_EXISTS,
    NTE_KEYSET_NOT_DEF,
    NTE_PROV_TYPE_NOT_DEF,
    Hash,
    Provider,
    hash_of,
    key_of,
    objects_of,
    provider_of,
)
from runtime.dlls.randomness import fill_random
from runtime.dlls.text import put_counted
from runtime.dlls.types import (
    BOOL,
    BOOLEAN,
    DWORD,
    HEX32,
    LPCWSTR,
    LPSTR,
    LPVOID,
    LPWSTR,
    PVOID,
    ULONG,
    ULONG_PTR,
    InBytes,
    InOut,
    Out,
    OutBytes,
)
from runtime.nt.status import (
    ERROR_INVALID_PARAMETER,
    ERROR_MORE_DATA,
    ERROR_NO_MORE_ITEMS,
    Win32Error,
)
from runtime.nt.thread import Thread

SECURITY = "security"
CRYPT_VERIFYCONTEXT = 0xF0000000
CRYPT_NEWKEYSET = 0x8
CRYPT_DELETEKEYSET = 0x10

_PROVIDERS = (
    ("Microsoft Base Cryptographic Provider v1.0", 1),
    ("Microsoft Enhanced Cryptographic Provider v1.0", 1),
    ("Microsoft Strong Cryptographic Provider", 1),
    ("Microsoft Enhanced RSA and AES Cryptographic Provider", 24),
    ("Microsoft Enhanced RSA and AES Cryptographic Provider (Prototype)", 24),
    ("Microsoft Base DSS Cryptographic Provider", 3),
    ("Microsoft Base DSS and Diffie-Hellman Cryptographic Provider", 13),
    ("Microsoft RSA SChannel Cryptographic Provider", 12),
    ("Microsoft DH SChannel Cryptographic Provider", 18),
)
_DEFAULT = {1: 2, 24: 3, 3: 5, 13: 6, 12: 7, 18: 8}
@advapi32.export(category=SECURITY)
def CryptAcquireContextW(
    thread: Thread, phProv: Out[ULONG_PTR], szContainer: LPCWSTR, szProvider: LPCWSTR, dwProvType: DWORD, dwFlags: HEX32
) -> BOOL:
    """Open a provider. Key containers last as long as the process."""
    if not phProv:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    if dwFlags & ~0xF00000F8:
        raise Win32Error(NTE_BAD_FLAGS)
    if not 1 <= dwProvType <= 999:
        raise Win32Error(NTE_BAD_PROV_TYPE)
    if szProvider:
        found = [(name, kind) for name, kind in _PROVIDERS if name.lower() == szProvider.lower()]
        if not found:
            raise Win32Error(NTE_KEYSET_NOT_DEF)
        if found[0][1] != dwProvType:
            raise Win32Error(NTE_BAD_TYPE)
        name = found[0][0]
    elif dwProvType in _DEFAULT:
        name = _PROVIDERS[_DEFAULT[dwProvType]][0]
    else:
        raise Win32Error(NTE_PROV_TYPE_NOT_DEF)
    objects = objects_of(thread)
    container = (szContainer or thread.process.machine.config.user_name).lower()
    if dwFlags & CRYPT_VERIFYCONTEXT == CRYPT_VERIFYCONTEXT:
        if szContainer:
            raise Win32Error(NTE_BAD_FLAGS)
        container = ""
    elif dwFlags & CRYPT_DELETEKEYSET:
        if container not in objects.containers:
            raise Win32Error(NTE_BAD_KEYSET)
        objects.containers.discard(container)
        return 1
    elif dwFlags & CRYPT_NEWKEYSET:
        if container in objects.containers:
            raise Win32Error(NTE_EXISTS)
        objects.containers.add(container)
    elif container not in objects.containers:
        raise Win32Error(NTE_BAD_KEYSET)
    phProv.set(objects.add(Provider(name, dwProvType, container)))
    return 1


@advapi32.export(category=SECURITY)
def CryptReleaseContext(thread: Thread, hProv: ULONG_PTR, dwFlags: DWORD) -> BOOL:
    """Close a provider."""
    provider = provider_of(thread, hProv)
    provider.references -= 1
    if provider.references == 0:
        del objects_of(thread).items[hProv]
    if dwFlags:
        raise Win32Error(NTE_BAD_FLAGS)
    return 1


@advapi32.export(category=SECURITY)
def CryptContextAddRef(thread: Thread, hProv: ULONG_PTR, pdwReserved: LPVOID, dwFlags: DWORD) -> BOOL:
    """Count a reference to a provider up."""
    provider_of(thread, hProv).references += 1
    return 1


@advapi32.export(category=SECURITY)
def CryptGenRandom(
    thread: Thread, hProv: ULONG_PTR, dwLen: DWORD, pbBuffer: Annotated[LPVOID, OutBytes("dwLen")]
) -> BOOL:
    """Fill a buffer with random bytes."""
    provider_of(thread, hProv)
    fill_random(thread, pbBuffer, dwLen)
    return 1


@advapi32.export(category=SECURITY)
def CryptCreateHash(
    thread: Thread, hProv: ULONG_PTR, Algid: HEX32, hKey: ULONG_PTR, dwFlags: DWORD, phHash: Out[ULONG_PTR]
) -> BOOL:
    """Begin a hash, or an HMAC with a key, whose hash CryptSetHashParam chooses."""
    provider = provider_of(thread, hProv)
    if Algid == CALG_HMAC:
        key = key_of(thread, hKey)
        phHash.set(objects_of(thread).add(Hash(Algid, None, key=key.secret)))
        return 1
    name = HASHES.get(Algid)
    if name is None or (Algid >= 0x800C and provider.kind != 24):
        raise Win32Error(NTE_BAD_ALGID)
    phHash.set(objects_of(thread).add(Hash(Algid, hashlib.new(name, usedforsecurity=False))))
    return 1


@advapi32.export(category=SECURITY)
def CryptHashData(
    thread: Thread, hHash: ULONG_PTR, pbData: Annotated[LPVOID, InBytes("dwDataLen")], dwDataLen: DWORD, dwFlags: DWORD
) -> BOOL:
    """Add data to a hash."""
    item = hash_of(thread, hHash)
    if item.value is not None:
        raise Win32Error(NTE_BAD_HASH_STATE)
    item.digest.update(thread.process.memory.read(pbData, dwDataLen))
    return 1


@advapi32.export(category=SECURITY)
def CryptGetHashParam(
    thread: Thread, hHash: ULONG_PTR, dwParam: DWORD,
    pbData: Annotated[LPVOID, OutBytes("pdwDataLen", actual="pdwDataLen")], pdwDataLen: InOut[DWORD], dwFlags: DWORD,
) -> BOOL:  # fmt: skip
    """Return the algorithm (1), the value (2) or its size (4); the value ends the hash."""
    item = hash_of(thread, hHash)
    match dwParam:
        case 1:
            data = item.algorithm.to_bytes(4, "little")
        case 2:
            data = item.value if item.value is not None else item.digest.digest()
        case 4:
            data = item.digest.digest_size.to_bytes(4, "little")
        case _:
            raise Win32Error(NTE_BAD_TYPE)
    capacity = pdwDataLen.get()
    pdwDataLen.set(len(data))
    if not pbData:
        return 1
    if capacity < len(data):
        raise Win32Error(ERROR_MORE_DATA)
    if dwParam == 2:
        item.value = data
    thread.process.memory.write(pbData, data)
    return 1


@advapi32.export(category=SECURITY)
def CryptSetHashParam(thread: Thread, hHash: ULONG_PTR, dwParam: DWORD, pbData: LPVOID, dwFlags: DWORD) -> BOOL:
    """Set the value of a hash (2), or the hash of an HMAC (5: HMAC_INFO)."""
    item = hash_of(thread, hHash)
    if dwParam == 5 and item.key is not None and item.state is None:
        name = HASHES.get(thread.process.memory.read_u32(pbData))
        if name is None:
            raise Win32Error(NTE_BAD_ALGID)
        item.state = hmac.new(item.key, digestmod=name)
        return 1
    if dwParam != 2:
        raise Win32Error(NTE_BAD_TYPE)
    item.value = thread.process.memory.read(pbData, item.digest.digest_size)
    return 1


@advapi32.export(category=SECURITY)
def CryptDuplicateHash(
    thread: Thread, hHash: ULONG_PTR, pdwReserved: LPVOID, dwFlags: DWORD, phHash: Out[ULONG_PTR]
) -> BOOL:
    """Copy a hash in its present state."""
    item = hash_of(thread, hHash)
    phHash.set(objects_of(thread).add(Hash(item.algorithm, item.digest.copy(), item.value, item.key)))
    return 1


@advapi32.export(category=SECURITY)
def CryptDestroyHash(thread: Thread, hHash: ULONG_PTR) -> BOOL:
    """Close a hash."""
    hash_of(thread, hHash)
    del objects_of(thread).items[hHash]
    return 1


def _enumerate(index: int, kind: Out[DWORD]) -> str:
    if index >= len(_PROVIDERS):
        raise Win32Error(ERROR_NO_MORE_ITEMS)
    name, number = _PROVIDERS[index]
    kind.put(number)
    return name


def _put_name(thread: Thread, name: str, buffer: int, size: InOut[DWORD], wide: bool) -> int:
    unit = 2 if wide else 1
    if not buffer:
        size.set((len(name) + 1) * unit)
        return 1
    if size.get() < (len(name) + 1) * unit:
        size.set((len(name) + 1) * unit)
        raise Win32Error(ERROR_MORE_DATA)
    size.set(len(name) + 1)
    put_counted(thread, name, buffer, size, wide=wide)
    size.set((len(name) + 1) * unit)
    return 1


@advapi32.export(category=SECURITY)
def CryptEnumProvidersW(
    thread: Thread, dwIndex: DWORD, pdwReserved: LPVOID, dwFlags: DWORD, pdwProvType: Out[DWORD], szProvName: LPWSTR,
    pcbProvName: InOut[DWORD],
) -> BOOL:  # fmt: skip
    """Return the name of a provider by number; its length in bytes."""
    return _put_name(thread, _enumerate(dwIndex, pdwProvType), szProvName, pcbProvName, True)


@advapi32.export(category=SECURITY)
def CryptEnumProvidersA(
    thread: Thread, dwIndex: DWORD, pdwReserved: LPVOID, dwFlags: DWORD, pdwProvType: Out[DWORD], szProvName: LPSTR,
    pcbProvName: InOut[DWORD],
) -> BOOL:  # fmt: skip
    """Return the name of a provider by number; its length in bytes."""
    return _put_name(thread, _enumerate(dwIndex, pdwProvType), szProvName, pcbProvName, False)


def _default(kind: int) -> str:
    if kind not in _DEFAULT:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return _PROVIDERS[_DEFAULT[kind]][0]


@advapi32.export(category=SECURITY)
def CryptGetDefaultProviderW(
    thread: Thread, dwProvType: DWORD, pdwReserved: LPVOID, dwFlags: DWORD, pszProvName: LPWSTR,
    pcbProvName: InOut[DWORD],
) -> BOOL:  # fmt: skip
    """Return the name of the default provider of a type."""
    return _put_name(thread, _default(dwProvType), pszProvName, pcbProvName, True)


@advapi32.export(category=SECURITY)
def CryptGetDefaultProviderA(
    thread: Thread, dwProvType: DWORD, pdwReserved: LPVOID, dwFlags: DWORD, pszProvName: LPSTR,
    pcbProvName: InOut[DWORD],
) -> BOOL:  # fmt: skip
    """Return the name of the default provider of a type."""
    return _put_name(thread, _default(dwProvType), pszProvName, pcbProvName, False)


@advapi32.export(category=SECURITY)
def CryptGetProvParam(
    thread: Thread, hProv: ULONG_PTR, dwParam: DWORD,
    pbData: Annotated[LPVOID, OutBytes("pdwDataLen", actual="pdwDataLen")], pdwDataLen: InOut[DWORD], dwFlags: DWORD,
) -> BOOL:  # fmt: skip
    """Return a property: type (16), name (4), container (6), implementation (3), version (5)."""
    provider = provider_of(thread, hProv)
    encode = thread.process.encode_ansi
    found = {
        3: (2).to_bytes(4, "little"),
        4: encode(provider.name) + b"\0",
        5: (0x200).to_bytes(4, "little"),
        6: encode(provider.container) + b"\0",
        16: provider.kind.to_bytes(4, "little"),
    }.get(dwParam)
    if found is None:
        raise Win32Error(NTE_BAD_TYPE)
    capacity = pdwDataLen.get()
    pdwDataLen.set(len(found))
    if pbData:
        if capacity < len(found):
            raise Win32Error(ERROR_MORE_DATA)
        thread.process.memory.write(pbData, found)
    return 1


@advapi32.export(category=SECURITY)
def SystemFunction036(
    thread: Thread, RandomBuffer: Annotated[PVOID, OutBytes("RandomBufferLength")], RandomBufferLength: ULONG
) -> BOOLEAN:
    """RtlGenRandom: fill a buffer with random bytes."""
    fill_random(thread, RandomBuffer, RandomBufferLength)
    return 1


CryptAcquireContextA = advapi32.ansi(CryptAcquireContextW)
