"""wincrypt.h: functions on certificates, chains and encoded objects, as a machine without certificates answers them."""

from __future__ import annotations

import itertools

from runtime.dlls.crypt32.dll import crypt32
from runtime.dlls.process_state import process_state
from runtime.dlls.types import BOOL, DWORD, HANDLE, HEX32, LPCSTR, LPVOID, LPWSTR, PVOID, InOut, Out
from runtime.nt.status import ERROR_FILE_NOT_FOUND, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, Win32Error
from runtime.nt.thread import Thread

SECURITY = "security"
CRYPT_E_NO_MATCH = 0x80092009


class _Engines:
    """The chain engines a process has made."""

    def __init__(self) -> None:
        self.handles: set[int] = set()
        self.numbers = itertools.count(0x0F00_0000_0010, 0x10)


@crypt32.export(category=SECURITY)
def CertDuplicateCertificateContext(thread: Thread, pCertContext: LPVOID) -> PVOID:
    """Count a reference to a certificate up: NULL stays NULL, and no other context can have come from here."""
    if pCertContext:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return 0


@crypt32.export(category=SECURITY)
def CertGetNameStringW(
    thread: Thread, pCertContext: LPVOID, dwType: DWORD, dwFlags: DWORD, pvTypePara: LPVOID, pszNameString: LPWSTR,
    cchNameString: DWORD,
) -> DWORD:  # fmt: skip
    """Return a name of a certificate: empty, as for one without the name."""
    if pszNameString and cchNameString:
        thread.process.memory.write_u16(pszNameString, 0)
    return 1


@crypt32.export(category=SECURITY)
def CertGetCertificateContextProperty(
    thread: Thread, pCertContext: LPVOID, dwPropId: DWORD, pvData: LPVOID, pcbData: InOut[DWORD]
) -> BOOL:
    """Return a property of a certificate: no context can be valid."""
    raise Win32Error(ERROR_INVALID_PARAMETER)


@crypt32.export(category=SECURITY)
def CertFindExtension(thread: Thread, pszObjId: LPCSTR, cExtensions: DWORD, rgExtensions: LPVOID) -> PVOID:
    """Return the extension with an object identifier."""
    memory = thread.process.memory
    size = 32 if memory.pointer_size == 8 else 16
    for index in range(min(cExtensions, 0x10000)):
        entry = rgExtensions + size * index
        if memory.read_str(memory.read_pointer(entry)) == pszObjId:
            return entry
    return 0


@crypt32.export(category=SECURITY)
def CertCreateCertificateChainEngine(thread: Thread, pConfig: LPVOID, phChainEngine: Out[HANDLE]) -> BOOL:
    """Make an engine that builds chains."""
    if not pConfig or not phChainEngine:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    engines = process_state(thread.process, _Engines)
    handle = next(engines.numbers)
    engines.handles.add(handle)
    phChainEngine.set(handle)
    return 1


@crypt32.export(category=SECURITY)
def CertFreeCertificateChainEngine(thread: Thread, hChainEngine: HANDLE) -> None:
    """Free an engine."""
    process_state(thread.process, _Engines).handles.discard(hChainEngine)


@crypt32.export(category=SECURITY)
def CertFreeCertificateChain(thread: Thread, pChainContext: LPVOID) -> None:
    """Free a chain: none can have been built."""
    if pChainContext:
        raise Win32Error(ERROR_INVALID_HANDLE)


@crypt32.export(category=SECURITY)
def PFXIsPFXBlob(thread: Thread, pPFX: LPVOID) -> BOOL:
    """Whether data begins as a PFX does: a sequence whose first member is the version, 3."""
    memory = thread.process.memory
    size = memory.read_u32(pPFX)
    data = memory.read(memory.read_pointer(pPFX + memory.pointer_size), min(size, 16))
    if len(data) < 8 or data[0] != 0x30:
        return 0
    at = 2 + (data[1] & 0x7F if data[1] & 0x80 and data[1] != 0x80 else 0)
    return int(data[at : at + 3] == b"\2\1\3")


@crypt32.export(category=SECURITY)
def CryptQueryObject(
    thread: Thread, dwObjectType: DWORD, pvObject: LPVOID, dwExpectedContentTypeFlags: HEX32,
    dwExpectedFormatTypeFlags: HEX32, dwFlags: DWORD, pdwMsgAndCertEncodingType: Out[DWORD],
    pdwContentType: Out[DWORD], pdwFormatType: Out[DWORD], phCertStore: Out[HANDLE], phMsg: Out[PVOID],
    ppvContext: Out[PVOID],
) -> BOOL:  # fmt: skip
    """Read a file or data of an unknown kind: no kind is known."""
    raise Win32Error(CRYPT_E_NO_MATCH)


@crypt32.export(category=SECURITY)
def CryptDecodeObjectEx(
    thread: Thread, dwCertEncodingType: DWORD, lpszStructType: PVOID, pbEncoded: LPVOID, cbEncoded: DWORD,
    dwFlags: DWORD, pDecodePara: LPVOID, pvStructInfo: LPVOID, pcbStructInfo: InOut[DWORD],
) -> BOOL:  # fmt: skip
    """Decode an object: ERROR_FILE_NOT_FOUND, as for a structure that no decoder is registered for."""
    raise Win32Error(ERROR_FILE_NOT_FOUND)
