"""shlobj_core.h: where the known folders lie."""

from __future__ import annotations

from runtime.dlls.guid import read_guid
from runtime.dlls.heap import guest_heap_new
from runtime.dlls.shell32 import shell32
from runtime.dlls.text import encode_text, encode_wide
from runtime.dlls.types import BOOL, DWORD, HANDLE, HRESULT, HWND, INT, LPSTR, LPVOID, LPWSTR, Out
from runtime.nt.environment import default_environment
from runtime.nt.known_folders import KnownFolder, by_csidl, by_id
from runtime.nt.status import ERROR_FILE_NOT_FOUND, Win32Error
from runtime.nt.thread import Thread

S_OK = 0
S_FALSE = 1
E_FAIL = 0x80004005
E_INVALIDARG = 0x80070057
CSIDL_MASK = 0xFF
CSIDL_FLAG_CREATE = 0x8000
CSIDL_FLAG_DONT_VERIFY = 0x4000
KF_FLAG_DONT_VERIFY = 0x4000
KF_FLAG_CREATE = 0x8000
_SHELL = "\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\User Shell Folders"


def folder_path(thread: Thread, folder: KnownFolder) -> str:
    """Return the path of a known folder: what `User Shell Folders` says, else the standard one."""
    machine = thread.process.machine
    variables = default_environment(machine.config.computer_name, machine.config.user_name, machine.processor)
    for name in (folder.name, f"{{{folder.id}}}"):
        found = machine.registry.get_string(machine.registry.user_path + _SHELL, name)
        if found:
            return variables.expand(found)
    return variables.expand(folder.path)


def _by_csidl(csidl: int) -> KnownFolder | None:
    folder = by_csidl().get(csidl & CSIDL_MASK)
    return folder if folder is not None and folder.path else None


def _folder_path(thread: Thread, csidl: int, buffer: int, wide: bool) -> int:
    if csidl & CSIDL_MASK not in by_csidl():
        return E_INVALIDARG
    folder = _by_csidl(csidl)
    if folder is None:
        return S_FALSE if csidl & CSIDL_MASK == 0x11 else E_FAIL
    unit = 2 if wide else 1
    thread.process.memory.write(buffer, encode_text(thread, folder_path(thread, folder), wide) + bytes(unit))
    return S_OK


@shell32.export(category="environment")
def SHGetFolderPathW(
    thread: Thread, hwnd: HWND, csidl: INT, hToken: HANDLE, dwFlags: DWORD, pszPath: LPWSTR
) -> HRESULT:
    """Return the path of a folder by its CSIDL; the buffer has MAX_PATH characters."""
    return _folder_path(thread, csidl, pszPath, True) if dwFlags <= 1 else E_INVALIDARG


@shell32.export(category="environment")
def SHGetFolderPathA(
    thread: Thread, hwnd: HWND, csidl: INT, hToken: HANDLE, dwFlags: DWORD, pszPath: LPSTR
) -> HRESULT:
    """SHGetFolderPathW through the ANSI code page."""
    return _folder_path(thread, csidl, pszPath, False) if dwFlags <= 1 else E_INVALIDARG


@shell32.export(category="environment")
def SHGetSpecialFolderPathW(thread: Thread, hwnd: HWND, pszPath: LPWSTR, csidl: INT, fCreate: BOOL) -> BOOL:
    """Return the path of a folder by its CSIDL."""
    if _folder_path(thread, csidl, pszPath, True) != S_OK:
        raise Win32Error(ERROR_FILE_NOT_FOUND)
    return 1


@shell32.export(category="environment")
def SHGetSpecialFolderPathA(thread: Thread, hwnd: HWND, pszPath: LPSTR, csidl: INT, fCreate: BOOL) -> BOOL:
    """SHGetSpecialFolderPathW through the ANSI code page."""
    if _folder_path(thread, csidl, pszPath, False) != S_OK:
        raise Win32Error(ERROR_FILE_NOT_FOUND)
    return 1


@shell32.export(category="environment")
async def SHGetKnownFolderPath(
    thread: Thread, rfid: LPVOID, dwFlags: DWORD, hToken: HANDLE, ppszPath: Out[LPVOID]
) -> HRESULT:
    """Return the path of a known folder; the caller frees it with CoTaskMemFree."""
    ppszPath.set(0)
    folder = by_id().get(read_guid(thread.process.memory, rfid))
    if folder is None:
        return 0x80070002
    if not folder.path:
        return E_FAIL
    ppszPath.set(await guest_heap_new(thread, encode_wide(folder_path(thread, folder) + "\0")))
    return S_OK
