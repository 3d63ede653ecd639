"""sspi.h: security support providers. There are none, and it says so: no package is known, no handle is valid."""

from __future__ import annotations

from typing import Final

from runtime.dlls.heap import guest_heap_alloc
from runtime.dlls.process_state import process_state
from runtime.dlls.secur32.dll import secur32
from runtime.dlls.types import HRESULT, LPCWSTR, LPVOID, ULONG
from runtime.nt.thread import Thread

SEC_E_OK: Final = 0
SEC_E_INVALID_HANDLE: Final = 0x80090301 - (1 << 32)
SEC_E_SECPKG_NOT_FOUND: Final = 0x80090305 - (1 << 32)

_TABLE: Final = (
    "EnumerateSecurityPackages",
    "QueryCredentialsAttributes",
    "AcquireCredentialsHandle",
    "FreeCredentialsHandle",
    "",
    "InitializeSecurityContext",
    "AcceptSecurityContext",
    "CompleteAuthToken",
    "DeleteSecurityContext",
    "ApplyControlToken",
    "QueryContextAttributes",
    "ImpersonateSecurityContext",
    "RevertSecurityContext",
    "MakeSignature",
    "VerifySignature",
    "FreeContextBuffer",
    "QuerySecurityPackageInfo",
    "EncryptMessage",
    "DecryptMessage",
    "ExportSecurityContext",
    "ImportSecurityContext",
    "AddCredentials",
    "",
    "QuerySecurityContextToken",
    "EncryptMessage",
    "DecryptMessage",
)
"""SecurityFunctionTable, version 1: functions with the W or A where there are two, and reserved places."""


class Tables:
    """The function tables a process was given, by letter."""

    def __init__(self) -> None:
        self.addresses: dict[str, int] = {}


async def _table(thread: Thread, letter: str) -> int:
    known = process_state(thread.process, Tables).addresses
    found = known.get(letter)
    if found is None:
        loader = thread.process.loader
        memory = thread.process.memory
        width = memory.pointer_size
        found = known[letter] = await guest_heap_alloc(thread, width * (len(_TABLE) + 1), zero=True)
        memory.write_pointer(found, 1)
        for index, name in enumerate(_TABLE):
            if name:
                full = name if name in secur32.exports else name + letter
                memory.write_pointer(found + width * (index + 1), loader.address_of("secur32.dll", full))
    return found


@secur32.export(category="security")
async def InitSecurityInterfaceW(thread: Thread) -> LPVOID:
    """Return the table of security support functions."""
    return await _table(thread, "W")


@secur32.export(category="security")
async def InitSecurityInterfaceA(thread: Thread) -> LPVOID:
    """Return the table of security support functions."""
    return await _table(thread, "A")


def _no_packages(thread: Thread, count: int, packages: int) -> int:
    memory = thread.process.memory
    memory.write_u32(count, 0)
    memory.write_pointer(packages, 0)
    return SEC_E_OK


@secur32.export(category="security")
def EnumerateSecurityPackagesW(thread: Thread, pcPackages: LPVOID, ppPackageInfo: LPVOID) -> HRESULT:
    """List the security packages: there are none."""
    return _no_packages(thread, pcPackages, ppPackageInfo)


EnumerateSecurityPackagesA = secur32.ansi(EnumerateSecurityPackagesW)


@secur32.export(category="security")
def QueryCredentialsAttributesW(thread: Thread, phCredential: LPVOID, ulAttribute: ULONG, pBuffer: LPVOID) -> HRESULT:
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE


QueryCredentialsAttributesA = secur32.ansi(QueryCredentialsAttributesW)


@secur32.export(category="security")
def AcquireCredentialsHandleW(
    thread: Thread, pszPrincipal: LPCWSTR, pszPackage: LPCWSTR, fCredentialUse: ULONG, pvLogonId: LPVOID,
    pAuthData: LPVOID, pGetKeyFn: LPVOID, pvGetKeyArgument: LPVOID, phCredential: LPVOID, ptsExpiry: LPVOID,
) -> HRESULT:  # fmt: skip
    """Needs a security package, and there is none."""
    return SEC_E_SECPKG_NOT_FOUND


AcquireCredentialsHandleA = secur32.ansi(AcquireCredentialsHandleW)


@secur32.export(category="security")
def FreeCredentialsHandle(thread: Thread, phCredential: LPVOID) -> HRESULT:
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE


@secur32.export(category="security")
def InitializeSecurityContextW(
    thread: Thread, phCredential: LPVOID, phContext: LPVOID, pszTargetName: LPVOID, fContextReq: ULONG,
    Reserved1: ULONG, TargetDataRep: ULONG, pInput: LPVOID, Reserved2: ULONG, phNewContext: LPVOID, pOutput:
    LPVOID, pfContextAttr: LPVOID, ptsExpiry: LPVOID,
) -> HRESULT:  # fmt: skip
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE


InitializeSecurityContextA = secur32.ansi(InitializeSecurityContextW)


@secur32.export(category="security")
def AcceptSecurityContext(
    thread: Thread, phCredential: LPVOID, phContext: LPVOID, pInput: LPVOID, fContextReq: ULONG, TargetDataRep:
    ULONG, phNewContext: LPVOID, pOutput: LPVOID, pfContextAttr: LPVOID, ptsExpiry: LPVOID,
) -> HRESULT:  # fmt: skip
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE


@secur32.export(category="security")
def CompleteAuthToken(thread: Thread, phContext: LPVOID, pToken: LPVOID) -> HRESULT:
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE


@secur32.export(category="security")
def DeleteSecurityContext(thread: Thread, phContext: LPVOID) -> HRESULT:
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE


@secur32.export(category="security")
def ApplyControlToken(thread: Thread, phContext: LPVOID, pInput: LPVOID) -> HRESULT:
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE


@secur32.export(category="security")
def QueryContextAttributesW(thread: Thread, phContext: LPVOID, ulAttribute: ULONG, pBuffer: LPVOID) -> HRESULT:
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE


QueryContextAttributesA = secur32.ansi(QueryContextAttributesW)


@secur32.export(category="security")
def ImpersonateSecurityContext(thread: Thread, phContext: LPVOID) -> HRESULT:
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE


@secur32.export(category="security")
def RevertSecurityContext(thread: Thread, phContext: LPVOID) -> HRESULT:
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE


@secur32.export(category="security")
def MakeSignature(thread: Thread, phContext: LPVOID, fQOP: ULONG, pMessage: LPVOID, MessageSeqNo: ULONG) -> HRESULT:
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE


@secur32.export(category="security")
def VerifySignature(
    thread: Thread, phContext: LPVOID, pMessage: LPVOID, MessageSeqNo: ULONG, pfQOP: LPVOID,
) -> HRESULT:  # fmt: skip
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE


@secur32.export(category="security")
def FreeContextBuffer(thread: Thread, pvContextBuffer: LPVOID) -> HRESULT:
    """Free memory of a package: none has given any."""
    return SEC_E_INVALID_HANDLE


@secur32.export(category="security")
def QuerySecurityPackageInfoW(thread: Thread, pszPackageName: LPCWSTR, ppPackageInfo: LPVOID) -> HRESULT:
    """Needs a security package, and there is none."""
    return SEC_E_SECPKG_NOT_FOUND


QuerySecurityPackageInfoA = secur32.ansi(QuerySecurityPackageInfoW)


@secur32.export(category="security")
def EncryptMessage(thread: Thread, phContext: LPVOID, fQOP: ULONG, pMessage: LPVOID, MessageSeqNo: ULONG) -> HRESULT:
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE


@secur32.export(category="security")
def DecryptMessage(
    thread: Thread, phContext: LPVOID, pMessage: LPVOID, MessageSeqNo: ULONG, pfQOP: LPVOID,
) -> HRESULT:  # fmt: skip
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE


@secur32.export(category="security")
def ExportSecurityContext(
    thread: Thread, phContext: LPVOID, fFlags: ULONG, pPackedContext: LPVOID, pToken: LPVOID,
) -> HRESULT:  # fmt: skip
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE


@secur32.export(category="security")
def ImportSecurityContextW(
    thread: Thread, pszPackage: LPCWSTR, pPackedContext: LPVOID, Token: LPVOID, phContext: LPVOID,
) -> HRESULT:  # fmt: skip
    """Needs a security package, and there is none."""
    return SEC_E_SECPKG_NOT_FOUND


ImportSecurityContextA = secur32.ansi(ImportSecurityContextW)


@secur32.export(category="security")
def AddCredentialsW(
    thread: Thread, hCredentials: LPVOID, pszPrincipal: LPCWSTR, pszPackage: LPCWSTR, fCredentialUse: ULONG,
    pAuthData: LPVOID, pGetKeyFn: LPVOID, pvGetKeyArgument: LPVOID, ptsExpiry: LPVOID,
) -> HRESULT:  # fmt: skip
    """Needs a security package, and there is none."""
    return SEC_E_SECPKG_NOT_FOUND


AddCredentialsA = secur32.ansi(AddCredentialsW)


@secur32.export(category="security")
def QuerySecurityContextToken(thread: Thread, phContext: LPVOID, Token: LPVOID) -> HRESULT:
    """Needs a handle of a security package, and there is none."""
    return SEC_E_INVALID_HANDLE
