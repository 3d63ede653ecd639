"""wincrypt.h: certificate stores, which are real and empty, and binary data as text."""

from __future__ import annotations

import base64
import binascii
import itertools
from dataclasses import dataclass, field

from runtime.dlls.crypt32.dll import crypt32
from runtime.dlls.heap import guest_heap_alloc, guest_heap_free
from runtime.dlls.process_state import process_state
from runtime.dlls.text import encode_text
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    HEX32,
    LPCSTR,
    LPCWSTR,
    LPVOID,
    PVOID,
    ULONG,
    ULONG_PTR,
    InOut,
    Out,
)
from runtime.nt.status import (
    ERROR_FILE_NOT_FOUND,
    ERROR_INVALID_DATA,
    ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER,
    ERROR_MORE_DATA,
    Win32Error,
)
from runtime.nt.thread import Thread

SECURITY = "security"
CRYPT_E_NOT_FOUND = 0x80092004
CRYPT_E_PENDING_CLOSE = 0x8009200F
CERT_STORE_PROV_MEMORY, CERT_STORE_PROV_SYSTEM_A, CERT_STORE_PROV_SYSTEM_W, CERT_STORE_PROV_COLLECTION = 2, 9, 10, 11
CERT_STORE_PROV_SYSTEM_REGISTRY_W, CERT_STORE_PROV_FILENAME_W = 13, 8
CRYPT_STRING_BASE64HEADER, CRYPT_STRING_BASE64, CRYPT_STRING_BINARY, CRYPT_STRING_HEXRAW = 0, 1, 2, 0xC
CRYPT_STRING_NOCRLF, CRYPT_STRING_NOCR = 0x40000000, 0x80000000


@dataclass(slots=True)
class _Store:
    name: str
    references: int = 1
    siblings: list[int] = field(default_factory=list)


class _Stores:
    """The stores a process has open. No store has certificates: the machine trusts nobody yet."""

    def __init__(self) -> None:
        self.items: dict[int, _Store] = {}
        self._numbers = itertools.count(0x0D00_0000_0010, 0x10)

    def add(self, store: _Store) -> int:
        """Return a handle for a store."""
        handle = next(self._numbers)
        self.items[handle] = store
        return handle


def _store(thread: Thread, handle: int) -> _Store:
    found = process_state(thread.process, _Stores).items.get(handle)
    if found is None:
        raise Win32Error(ERROR_INVALID_HANDLE)
    return found


@crypt32.export(category=SECURITY)
def CertOpenStore(
    thread: Thread, lpszStoreProvider: PVOID, dwEncodingType: DWORD, hCryptProv: ULONG_PTR, dwFlags: HEX32,
    pvPara: LPVOID,
) -> HANDLE:  # fmt: skip
    """Open a store: in memory, a collection, or a system store by name."""
    memory = thread.process.memory
    provider = lpszStoreProvider
    if provider >= 0x10000:
        name = memory.read_str(provider).lower()
        provider = {
            b"memory": 2, b"collection": 11, b"system": 10, b"systemregistry": 13,
        }.get(name, 0)  # fmt: skip
    if provider in (CERT_STORE_PROV_MEMORY, CERT_STORE_PROV_COLLECTION):
        return process_state(thread.process, _Stores).add(_Store("memory"))
    if provider in (CERT_STORE_PROV_SYSTEM_A, CERT_STORE_PROV_SYSTEM_W, CERT_STORE_PROV_SYSTEM_REGISTRY_W):
        if not pvPara:
            raise Win32Error(ERROR_INVALID_PARAMETER)
        narrow = provider == CERT_STORE_PROV_SYSTEM_A
        title = thread.process.decode_ansi(memory.read_str(pvPara)) if narrow else memory.read_wstr(pvPara)
        return process_state(thread.process, _Stores).add(_Store(title))
    raise Win32Error(ERROR_FILE_NOT_FOUND)


@crypt32.export(category=SECURITY)
def CertOpenSystemStoreW(thread: Thread, hProv: ULONG_PTR, szSubsystemProtocol: LPCWSTR) -> HANDLE:
    """Open a system store (`ROOT`, `CA`, `MY`): it is empty."""
    if not szSubsystemProtocol:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return process_state(thread.process, _Stores).add(_Store(szSubsystemProtocol))


@crypt32.export(category=SECURITY)
def CertCloseStore(thread: Thread, hCertStore: HANDLE, dwFlags: DWORD) -> BOOL:
    """Close a store."""
    if not hCertStore:
        return 1
    store = _store(thread, hCertStore)
    store.references -= 1
    if store.references == 0:
        del process_state(thread.process, _Stores).items[hCertStore]
    return 1


@crypt32.export(category=SECURITY)
def CertDuplicateStore(thread: Thread, hCertStore: HANDLE) -> HANDLE:
    """Count a reference to a store up."""
    _store(thread, hCertStore).references += 1
    return hCertStore


@crypt32.export(category=SECURITY)
def CertAddStoreToCollection(
    thread: Thread, hCollectionStore: HANDLE, hSiblingStore: HANDLE, dwUpdateFlags: DWORD, dwPriority: DWORD
) -> BOOL:
    """Add a store to a collection."""
    _store(thread, hSiblingStore)
    _store(thread, hCollectionStore).siblings.append(hSiblingStore)
    return 1


def _nothing(thread: Thread, store: int) -> int:
    _store(thread, store)
    raise Win32Error(CRYPT_E_NOT_FOUND)


@crypt32.export(category=SECURITY)
def CertEnumCertificatesInStore(thread: Thread, hCertStore: HANDLE, pPrevCertContext: LPVOID) -> PVOID:
    """Return the next certificate: there is none."""
    return _nothing(thread, hCertStore)


@crypt32.export(category=SECURITY)
def CertEnumCRLsInStore(thread: Thread, hCertStore: HANDLE, pPrevCrlContext: LPVOID) -> PVOID:
    """Return the next revocation list: there is none."""
    return _nothing(thread, hCertStore)


@crypt32.export(category=SECURITY)
def CertFindCertificateInStore(
    thread: Thread, hCertStore: HANDLE, dwCertEncodingType: DWORD, dwFindFlags: DWORD, dwFindType: DWORD,
    pvFindPara: LPVOID, pPrevCertContext: LPVOID,
) -> PVOID:  # fmt: skip
    """Find a certificate: there is none."""
    return _nothing(thread, hCertStore)


def _no_context(context: int) -> int:
    """NULL is fine; no other context can have come from here. Raises Win32Error."""
    if context:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return 1


@crypt32.export(category=SECURITY)
def CertFreeCertificateContext(thread: Thread, pCertContext: LPVOID) -> BOOL:
    """Free a certificate."""
    return _no_context(pCertContext)


@crypt32.export(category=SECURITY)
def CertFreeCRLContext(thread: Thread, pCrlContext: LPVOID) -> BOOL:
    """Free a revocation list."""
    return _no_context(pCrlContext)


@crypt32.export(category=SECURITY)
def CertGetEnhancedKeyUsage(
    thread: Thread, pCertContext: LPVOID, dwFlags: DWORD, pUsage: LPVOID, pcbUsage: InOut[DWORD]
) -> BOOL:
    """Return what a certificate may be used for: no certificate can be valid."""
    raise Win32Error(ERROR_INVALID_PARAMETER)


@crypt32.export(category="memory")
async def CryptMemAlloc(thread: Thread, cbSize: ULONG) -> LPVOID:
    """Allocate memory."""
    return await guest_heap_alloc(thread, cbSize)


@crypt32.export(category="memory")
async def CryptMemFree(thread: Thread, pv: LPVOID) -> None:
    """Free memory of CryptMemAlloc."""
    await guest_heap_free(thread, pv)


def _to_text(data: bytes, flags: int) -> str:
    end = "" if flags & CRYPT_STRING_NOCRLF else "\n" if flags & CRYPT_STRING_NOCR else "\r\n"
    form = flags & 0xFF
    if form == CRYPT_STRING_HEXRAW:
        return data.hex() + end
    text = base64.b64encode(data).decode()
    lines = [text] if flags & CRYPT_STRING_NOCRLF else [text[at : at + 64] for at in range(0, len(text), 64)]
    body = "".join(line + end for line in lines)
    if form == CRYPT_STRING_BASE64:
        return body
    if form == CRYPT_STRING_BASE64HEADER:
        return f"-----BEGIN CERTIFICATE-----{end}{body}-----END CERTIFICATE-----{end}"
    raise Win32Error(ERROR_INVALID_PARAMETER)


def _put_text(thread: Thread, data: int, size: int, flags: int, target: int, length: InOut[DWORD], wide: bool) -> int:
    text = _to_text(thread.process.memory.read(data, size), flags)
    if not target:
        length.set(len(text) + 1)
        return 1
    if length.get() < len(text) + 1:
        length.set(len(text) + 1)
        raise Win32Error(ERROR_MORE_DATA)
    thread.process.memory.write(target, encode_text(thread, text + "\0", wide))
    length.set(len(text))
    return 1


@crypt32.export(category=SECURITY)
def CryptBinaryToStringW(
    thread: Thread, pbBinary: LPVOID, cbBinary: DWORD, dwFlags: HEX32, pszString: LPVOID, pcchString: InOut[DWORD]
) -> BOOL:
    """Return data as base64 (1, 0 with header lines) or hexadecimal (12)."""
    return _put_text(thread, pbBinary, cbBinary, dwFlags, pszString, pcchString, True)


@crypt32.export(category=SECURITY)
def CryptBinaryToStringA(
    thread: Thread, pbBinary: LPVOID, cbBinary: DWORD, dwFlags: HEX32, pszString: LPVOID, pcchString: InOut[DWORD]
) -> BOOL:
    """Return data as base64 (1, 0 with header lines) or hexadecimal (12)."""
    return _put_text(thread, pbBinary, cbBinary, dwFlags, pszString, pcchString, False)


def _from_text(
    thread: Thread, text: str | None, count: int, flags: int, target: int, size: InOut[DWORD], used: Out[DWORD]
) -> int:
    if text is None or not size:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    text = text[:count] if count else text
    form = flags & 0xFF
    try:
        if form == CRYPT_STRING_HEXRAW:
            data = bytes.fromhex(text)
        elif form in (CRYPT_STRING_BASE64HEADER, CRYPT_STRING_BASE64):
            lines = [line.strip() for line in text.splitlines()]
            body = "".join(line for line in lines if form or not line.startswith("-----"))
            data = base64.b64decode("".join(body.split()), validate=True)
        else:
            raise Win32Error(ERROR_INVALID_DATA)
    except (ValueError, binascii.Error):
        raise Win32Error(ERROR_INVALID_DATA) from None
    capacity = size.get()
    size.set(len(data))
    used.put(form)
    if not target:
        return 1
    if capacity < len(data):
        raise Win32Error(ERROR_MORE_DATA)
    thread.process.memory.write(target, data)
    return 1


@crypt32.export(category=SECURITY)
def CryptStringToBinaryW(
    thread: Thread, pszString: LPCWSTR, cchString: DWORD, dwFlags: HEX32, pbBinary: LPVOID, pcbBinary: InOut[DWORD],
    pdwSkip: Out[DWORD], pdwFlags: Out[DWORD],
) -> BOOL:  # fmt: skip
    """Read data from base64 or hexadecimal text."""
    pdwSkip.put(0)
    return _from_text(thread, pszString, cchString, dwFlags, pbBinary, pcbBinary, pdwFlags)


@crypt32.export(category=SECURITY)
def CryptStringToBinaryA(
    thread: Thread, pszString: LPCSTR, cchString: DWORD, dwFlags: HEX32, pbBinary: LPVOID, pcbBinary: InOut[DWORD],
    pdwSkip: Out[DWORD], pdwFlags: Out[DWORD],
) -> BOOL:  # fmt: skip
    """Read data from base64 or hexadecimal text."""
    pdwSkip.put(0)
    text = None if pszString is None else pszString.decode("latin-1")
    return _from_text(thread, text, cchString, dwFlags, pbBinary, pcbBinary, pdwFlags)


CertOpenSystemStoreA = crypt32.ansi(CertOpenSystemStoreW)
