"""winbase.h: security of files, shutting down, guessing at text."""

from __future__ import annotations

import struct

from runtime.dlls.advapi32 import advapi32
from runtime.dlls.text import encode_wide
from runtime.dlls.types import BOOL, DWORD, HEX32, INT, LPCWSTR, LPVOID, PVOID, InOut, Out
from runtime.nt import security as sec
from runtime.nt.status import (
    ERROR_ACCESS_DENIED,
    ERROR_FILE_NOT_FOUND,
    ERROR_INSUFFICIENT_BUFFER,
    ERROR_NO_SHUTDOWN_IN_PROGRESS,
    ERROR_NOT_SUPPORTED,
    Win32Error,
)
from runtime.nt.thread import Thread
from runtime.nt.token import effective_token

SECURITY = "security"
FILE_ALL_ACCESS = 0x1F01FF


def file_descriptor(thread: Thread, name: str | None) -> sec.SecurityDescriptor:
    """Return the security descriptor of a file: drives keep none, so it is that of a file in the user's profile.

    Raises Win32Error or NtError when there is no such file.
    """
    if not name:
        raise Win32Error(ERROR_FILE_NOT_FOUND)
    with thread.process.machine.drives.resolve(thread.process.full_path(name).removeprefix("\\\\?\\")) as found:
        if not found.exists:
            raise Win32Error(ERROR_FILE_NOT_FOUND)
    accounts = thread.process.machine.accounts
    dacl = sec.Acl(
        tuple(
            sec.Ace(sec.ACCESS_ALLOWED_ACE_TYPE, sec.INHERITED_ACE, FILE_ALL_ACCESS, sid)
            for sid in (sec.LOCAL_SYSTEM, sec.ADMINISTRATORS, accounts.user)
        )
    )
    control = sec.SE_DACL_PRESENT | sec.SE_DACL_AUTO_INHERITED
    return sec.SecurityDescriptor(control, accounts.user, accounts.domain.child(513), dacl)


@advapi32.export(category=SECURITY)
def GetFileSecurityW(
    thread: Thread, lpFileName: LPCWSTR, RequestedInformation: HEX32, pSecurityDescriptor: PVOID, nLength: DWORD,
    lpnLengthNeeded: Out[DWORD],
) -> BOOL:  # fmt: skip
    """Return the chosen parts of a file's descriptor, self-relative."""
    data = file_descriptor(thread, lpFileName).select(RequestedInformation).pack()
    lpnLengthNeeded.put(len(data))
    if nLength < len(data):
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(pSecurityDescriptor, data)
    return 1


@advapi32.export(category=SECURITY)
def SetFileSecurityW(
    thread: Thread, lpFileName: LPCWSTR, SecurityInformation: HEX32, pSecurityDescriptor: PVOID
) -> BOOL:
    """Set parts of a file's descriptor: ERROR_NOT_SUPPORTED, as on a volume without access control."""
    file_descriptor(thread, lpFileName)
    raise Win32Error(ERROR_NOT_SUPPORTED)


def _may_shut_down(thread: Thread) -> None:
    if not effective_token(thread).holds("SeShutdownPrivilege"):
        raise Win32Error(ERROR_ACCESS_DENIED)


@advapi32.export(category="process")
def InitiateSystemShutdownW(
    thread: Thread, lpMachineName: LPCWSTR, lpMessage: LPCWSTR, dwTimeout: DWORD, bForceAppsClosed: BOOL,
    bRebootAfterShutdown: BOOL,
) -> BOOL:  # fmt: skip
    """Shut the machine down: needs SeShutdownPrivilege; programs cannot end a machine (ERROR_NOT_SUPPORTED)."""
    _may_shut_down(thread)
    raise Win32Error(ERROR_NOT_SUPPORTED)


@advapi32.export(category="process")
def AbortSystemShutdownW(thread: Thread, lpMachineName: LPCWSTR) -> BOOL:
    """Stop a shutdown: there is none."""
    _may_shut_down(thread)
    raise Win32Error(ERROR_NO_SHUTDOWN_IN_PROGRESS)


@advapi32.export(category="environment")
def GetCurrentHwProfileW(thread: Thread, lpHwProfileInfo: LPVOID) -> BOOL:
    """Return the hardware profile: docking state, GUID, name."""
    data = struct.pack("<I", 1) + encode_wide(f"{{{_PROFILE}}}").ljust(78, b"\0")
    data += encode_wide("Undocked Profile").ljust(160, b"\0")
    thread.process.memory.write(lpHwProfileInfo, data)
    return 1


_PROFILE = "846ee340-7039-11de-9d20-806e6f6e6963"

IS_TEXT_UNICODE_ASCII16, IS_TEXT_UNICODE_STATISTICS, IS_TEXT_UNICODE_CONTROLS, IS_TEXT_UNICODE_SIGNATURE = 1, 2, 4, 8
IS_TEXT_UNICODE_REVERSE_CONTROLS, IS_TEXT_UNICODE_REVERSE_SIGNATURE = 0x40, 0x80
IS_TEXT_UNICODE_ILLEGAL_CHARS, IS_TEXT_UNICODE_ODD_LENGTH, IS_TEXT_UNICODE_NULL_BYTES = 0x100, 0x200, 0x1000
_CONTROLS = frozenset({0x0A, 0x0D, 0x09, 0x20, 0x3000, 0xFEFF})


def text_tests(data: bytes) -> int:
    """Return which tests for Unicode text some data passes (IS_TEXT_UNICODE_*)."""
    units = struct.unpack(f"<{len(data) // 2}H", data[: len(data) & ~1])
    found = IS_TEXT_UNICODE_ODD_LENGTH if len(data) & 1 else 0
    if not units:
        return found
    if units[0] == 0xFEFF:
        found |= IS_TEXT_UNICODE_SIGNATURE
    if units[0] == 0xFFFE:
        found |= IS_TEXT_UNICODE_REVERSE_SIGNATURE
    if all(unit < 0x100 for unit in units):
        found |= IS_TEXT_UNICODE_ASCII16 | IS_TEXT_UNICODE_STATISTICS
    elif sum(unit < 0x100 for unit in units) * 3 > len(units):
        found |= IS_TEXT_UNICODE_STATISTICS
    if any(unit in _CONTROLS for unit in units):
        found |= IS_TEXT_UNICODE_CONTROLS
    if any((unit >> 8 | (unit & 0xFF) << 8) in _CONTROLS for unit in units):
        found |= IS_TEXT_UNICODE_REVERSE_CONTROLS
    if any(unit in (0xFFFF, 0x0A0D, 0) for unit in units[:-1]) or units[-1] in (0xFFFF, 0x0A0D):
        found |= IS_TEXT_UNICODE_ILLEGAL_CHARS
    if 0 in data[: len(data) & ~1]:
        found |= IS_TEXT_UNICODE_NULL_BYTES
    return found


@advapi32.export(category="environment")
def IsTextUnicode(thread: Thread, lpv: LPVOID, iSize: INT, lpiResult: InOut[INT]) -> BOOL:
    """Guess whether data is Unicode text; which tests are wanted and which passed is in `lpiResult`."""
    if iSize < 2:
        lpiResult.put(0)
        return 0
    passed = text_tests(thread.process.memory.read(lpv, min(iSize, 1 << 20)))
    if lpiResult:
        passed &= lpiResult.get()
        lpiResult.set(passed)
    if passed & (IS_TEXT_UNICODE_ODD_LENGTH | IS_TEXT_UNICODE_ILLEGAL_CHARS | 0xF0):
        return 0
    likely = (
        IS_TEXT_UNICODE_ASCII16 | IS_TEXT_UNICODE_STATISTICS | IS_TEXT_UNICODE_CONTROLS | IS_TEXT_UNICODE_SIGNATURE
        | IS_TEXT_UNICODE_NULL_BYTES
    )  # fmt: skip
    return int(bool(passed & likely))


@advapi32.export(category="security")
def LsaNtStatusToWinError(thread: Thread, Status: HEX32) -> DWORD:
    """Return the Win32 error for a status."""
    from runtime.nt.status import nt_status_to_dos_error

    return nt_status_to_dos_error(Status)


GetFileSecurityA = advapi32.ansi(GetFileSecurityW)
SetFileSecurityA = advapi32.ansi(SetFileSecurityW)
InitiateSystemShutdownA = advapi32.ansi(InitiateSystemShutdownW)
AbortSystemShutdownA = advapi32.ansi(AbortSystemShutdownW)
advapi32.forward("CreateProcessAsUserW", "kernel32.CreateProcessAsUserW")
advapi32.forward("CreateProcessAsUserA", "kernel32.CreateProcessAsUserA")
