"""userenv.h: profiles and environment blocks."""

from __future__ import annotations

from runtime.dlls.heap import guest_heap_free, guest_heap_new
from runtime.dlls.text import copy_text, put_counted
from runtime.dlls.types import BOOL, DWORD, HANDLE, LPCWSTR, LPSTR, LPVOID, LPWSTR, InOut, Out
from runtime.dlls.userenv import userenv
from runtime.nt.environment import Environment, default_environment
from runtime.nt.reference import get_object
from runtime.nt.status import ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER, Win32Error
from runtime.nt.thread import Thread
from runtime.nt.token import Token


def _user_environment(thread: Thread) -> Environment:
    """Return the variables a new program of the user would get from the system, whatever the caller's own say."""
    config = thread.process.machine.config
    return default_environment(config.computer_name, config.user_name, thread.process.machine.processor)


def _directory(thread: Thread, text: str, buffer: int, size: InOut[DWORD], wide: bool) -> int:
    if not size:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    put_counted(thread, text, buffer, size, wide=wide, error=ERROR_INSUFFICIENT_BUFFER, count_nul=True)
    return 1


@userenv.export(category="environment")
def GetUserProfileDirectoryW(thread: Thread, hToken: HANDLE, lpProfileDir: LPWSTR, lpcchSize: InOut[DWORD]) -> BOOL:
    """Return the profile folder of a token's user."""
    get_object(thread, hToken, Token)
    return _directory(thread, _user_environment(thread)["USERPROFILE"], lpProfileDir, lpcchSize, True)


@userenv.export(category="environment")
def GetUserProfileDirectoryA(thread: Thread, hToken: HANDLE, lpProfileDir: LPSTR, lpcchSize: InOut[DWORD]) -> BOOL:
    """Return the profile folder of a token's user."""
    get_object(thread, hToken, Token)
    return _directory(thread, _user_environment(thread)["USERPROFILE"], lpProfileDir, lpcchSize, False)


@userenv.export(category="environment")
def GetProfilesDirectoryW(thread: Thread, lpProfileDir: LPWSTR, lpcchSize: InOut[DWORD]) -> BOOL:
    """Return the folder that holds the profiles."""
    return _directory(thread, "C:\\Users", lpProfileDir, lpcchSize, True)


@userenv.export(category="environment")
def GetProfilesDirectoryA(thread: Thread, lpProfileDir: LPSTR, lpcchSize: InOut[DWORD]) -> BOOL:
    """Return the folder that holds the profiles."""
    return _directory(thread, "C:\\Users", lpProfileDir, lpcchSize, False)


@userenv.export(category="environment")
def GetAllUsersProfileDirectoryW(thread: Thread, lpProfileDir: LPWSTR, lpcchSize: InOut[DWORD]) -> BOOL:
    """Return the folder of what all users share."""
    return _directory(thread, "C:\\ProgramData", lpProfileDir, lpcchSize, True)


@userenv.export(category="environment")
def GetAllUsersProfileDirectoryA(thread: Thread, lpProfileDir: LPSTR, lpcchSize: InOut[DWORD]) -> BOOL:
    """Return the folder of what all users share."""
    return _directory(thread, "C:\\ProgramData", lpProfileDir, lpcchSize, False)


@userenv.export(category="environment")
def GetDefaultUserProfileDirectoryW(thread: Thread, lpProfileDir: LPWSTR, lpcchSize: InOut[DWORD]) -> BOOL:
    """Return the folder new profiles are copied from."""
    return _directory(thread, "C:\\Users\\Default", lpProfileDir, lpcchSize, True)


@userenv.export(category="environment")
def GetProfileType(thread: Thread, dwFlags: Out[DWORD]) -> BOOL:
    """Return the kind of the current profile: local (0)."""
    if not dwFlags:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    dwFlags.set(0)
    return 1


@userenv.export(category="environment")
async def CreateEnvironmentBlock(thread: Thread, lpEnvironment: Out[LPVOID], hToken: HANDLE, bInherit: BOOL) -> BOOL:
    """Return a new environment block of a user; the caller frees it with DestroyEnvironmentBlock."""
    if not lpEnvironment:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    variables = _user_environment(thread)
    if not hToken:
        for name in ("APPDATA", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "LOGONSERVER", "OneDrive"):
            variables.pop(name, None)
    else:
        get_object(thread, hToken, Token)
    if bInherit:
        variables.update(thread.process.environment())
    lpEnvironment.set(await guest_heap_new(thread, variables.block()))
    return 1


@userenv.export(category="environment")
async def DestroyEnvironmentBlock(thread: Thread, lpEnvironment: LPVOID) -> BOOL:
    """Free an environment block."""
    if not lpEnvironment:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    return int(await guest_heap_free(thread, lpEnvironment))


@userenv.export(category="environment")
def ExpandEnvironmentStringsForUserW(
    thread: Thread, hToken: HANDLE, lpSrc: LPCWSTR, lpDest: LPWSTR, dwSize: DWORD
) -> BOOL:
    """Expand `%NAME%` with a user's variables."""
    if lpSrc is None:
        raise Win32Error(ERROR_INVALID_PARAMETER)
    text = _user_environment(thread).expand(lpSrc)
    if dwSize == 0 or (text and not copy_text(thread, text, lpDest, dwSize)):
        raise Win32Error(ERROR_INSUFFICIENT_BUFFER)
    if not text:
        thread.process.memory.write_u16(lpDest, 0)
    return 1
