"""shlobj_core.h: where the known folders lie."""

from __future__ import annotations

from runtime.dlls.advapi32.hkey import HKEY_CURRENT_USER, key_of
from runtime.dlls.advapi32.winreg import create_key
from runtime.dlls.guid import read_guid
from runtime.dlls.heap import guest_heap_new
from runtime.dlls.shell32.dll import shell32
from runtime.dlls.shell32.idlist import FILE_NOT_FOUND, list_of
from runtime.dlls.shell32.operations import create_folders
from runtime.dlls.text import encode_text, encode_wide
from runtime.dlls.types import BOOL, DWORD, HANDLE, HRESULT, HWND, INT, LPCSTR, LPCWSTR, LPSTR, LPVOID, LPWSTR, Out
from runtime.nt.environment import Environment, default_environment
from runtime.nt.known_folders import PER_USER, KnownFolder, by_csidl, by_id
from runtime.nt.registry import KEY_SET_VALUE
from runtime.nt.registry_tree import REG_EXPAND_SZ
from runtime.nt.security import ADMINISTRATORS
from runtime.nt.status import ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, NtError, Win32Error
from runtime.nt.thread import Thread
from runtime.nt.token import effective_token

S_OK = 0
S_FALSE = 1
E_FAIL = 0x80004005
E_INVALIDARG = 0x80070057
CSIDL_MASK = 0xFF
CSIDL_FLAG_CREATE = 0x8000
CSIDL_FLAG_DONT_VERIFY = 0x4000
KF_FLAG_DEFAULT_PATH = 0x400
KF_FLAG_DONT_UNEXPAND = 0x2000
KF_FLAG_DONT_VERIFY = 0x4000
KF_FLAG_CREATE = 0x8000
_SHELL = "\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\User Shell Folders"


def _variables(thread: Thread) -> Environment:
    machine = thread.process.machine
    return default_environment(machine.config.computer_name, machine.config.user_name, machine.processor)


def folder_path(thread: Thread, folder: KnownFolder) -> str:
    """Return the path of a known folder: what `User Shell Folders` says, else the standard one."""
    machine = thread.process.machine
    variables = _variables(thread)
    for name in (folder.name, f"{{{folder.id}}}"):
        found = machine.registry.get_string(machine.registry.user_path + _SHELL, name)
        if found:
            return variables.expand(found)
    return variables.expand(folder.path)


def default_path(thread: Thread, folder: KnownFolder) -> str:
    """Return the path a known folder has at first."""
    return _variables(thread).expand(folder.path)


def _by_csidl(csidl: int) -> KnownFolder | None:
    folder = by_csidl().get(csidl & CSIDL_MASK)
    return folder if folder is not None and folder.path else None


def _ready(thread: Thread, path: str, flags: int) -> bool:
    """Make the folder where that is asked, and say whether it may be told of."""
    if flags & KF_FLAG_DONT_VERIFY:
        return True
    try:
        with thread.process.machine.drives.resolve(path) as location:
            if location.exists:
                return True
        if flags & KF_FLAG_CREATE:
            create_folders(thread, path, 0)
            return True
    except (NtError, Win32Error):
        pass
    return False


def _path_by_csidl(thread: Thread, csidl: int, kind: int) -> tuple[int, str]:
    """Return an HRESULT and the path of a folder by its CSIDL; `kind` 1 asks for the path it has at first."""
    if csidl & CSIDL_MASK not in by_csidl() or kind not in (0, 1):
        return E_INVALIDARG, ""
    folder = _by_csidl(csidl)
    if folder is None:
        return (S_FALSE if csidl & CSIDL_MASK == 0x11 else E_FAIL), ""
    path = default_path(thread, folder) if kind else folder_path(thread, folder)
    return (S_OK, path) if _ready(thread, path, csidl) else (S_FALSE, "")


def _folder_path(thread: Thread, csidl: int, kind: int, buffer: int, wide: bool) -> int:
    result, path = _path_by_csidl(thread, csidl, kind)
    thread.process.memory.write(buffer, encode_text(thread, path + "\0", wide))
    return result


@shell32.export(category="environment")
def SHGetFolderPathW(
    thread: Thread, hwnd: HWND, csidl: INT, hToken: HANDLE, dwFlags: DWORD, pszPath: LPWSTR
) -> HRESULT:
    """Return the path of a folder by its CSIDL in MAX_PATH characters; S_FALSE for one that does not exist."""
    return _folder_path(thread, csidl, dwFlags, pszPath, True)


@shell32.export(category="environment")
def SHGetFolderPathA(
    thread: Thread, hwnd: HWND, csidl: INT, hToken: HANDLE, dwFlags: DWORD, pszPath: LPSTR
) -> HRESULT:
    """SHGetFolderPathW through the ANSI code page."""
    return _folder_path(thread, csidl, dwFlags, pszPath, False)


def _with_subfolder(
    thread: Thread, csidl: int, kind: int, below: str | None, buffer: int, *, wide: bool
) -> int:
    result, path = _path_by_csidl(thread, csidl, kind)
    if result == S_OK and below:
        path = f"{path}\\{below}"
        if not _ready(thread, path, csidl):
            return 0x80070000 | ERROR_PATH_NOT_FOUND
    if result == S_OK:
        thread.process.memory.write(buffer, encode_text(thread, path + "\0", wide))
    return result


@shell32.export(category="environment")
def SHGetFolderPathAndSubDirW(
    thread: Thread, hwnd: HWND, csidl: INT, hToken: HANDLE, dwFlags: DWORD, pszSubDir: LPCWSTR, pszPath: LPWSTR
) -> HRESULT:
    """Return the path of a folder in a folder known by its CSIDL."""
    return _with_subfolder(thread, csidl, dwFlags, pszSubDir, pszPath, wide=True)


@shell32.export(category="environment")
def SHGetFolderPathAndSubDirA(
    thread: Thread, hwnd: HWND, csidl: INT, hToken: HANDLE, dwFlags: DWORD, pszSubDir: LPCSTR, pszPath: LPSTR
) -> HRESULT:
    """SHGetFolderPathAndSubDirW through the ANSI code page."""
    below = None if pszSubDir is None else thread.process.decode_ansi(pszSubDir)
    return _with_subfolder(thread, csidl, dwFlags, below, pszPath, wide=False)


@shell32.export(category="environment")
def SHGetSpecialFolderPathW(thread: Thread, hwnd: HWND, pszPath: LPWSTR, csidl: INT, fCreate: BOOL) -> BOOL:
    """Return the path of a folder by its CSIDL."""
    if _folder_path(thread, csidl & 0xFF | (CSIDL_FLAG_CREATE if fCreate else 0), 0, pszPath, True) != S_OK:
        raise Win32Error(ERROR_FILE_NOT_FOUND)
    return 1


@shell32.export(category="environment")
def SHGetSpecialFolderPathA(thread: Thread, hwnd: HWND, pszPath: LPSTR, csidl: INT, fCreate: BOOL) -> BOOL:
    """SHGetSpecialFolderPathW through the ANSI code page."""
    if _folder_path(thread, csidl & 0xFF | (CSIDL_FLAG_CREATE if fCreate else 0), 0, pszPath, False) != S_OK:
        raise Win32Error(ERROR_FILE_NOT_FOUND)
    return 1


async def _give_list(thread: Thread, path: str, target: Out[int]) -> int:
    data = list_of(thread, path)
    if data is None:
        return FILE_NOT_FOUND
    target.set(await guest_heap_new(thread, data))
    return S_OK


@shell32.export(category="environment")
async def SHGetFolderLocation(
    thread: Thread, hwnd: HWND, csidl: INT, hToken: HANDLE, dwFlags: DWORD, ppidl: Out[LPVOID]
) -> HRESULT:
    """Return a folder by its CSIDL as an item list; free it with ILFree."""
    ppidl.set(0)
    result, path = _path_by_csidl(thread, csidl, dwFlags)
    return await _give_list(thread, path, ppidl) if result == S_OK else result


@shell32.export(category="environment")
async def SHGetSpecialFolderLocation(thread: Thread, hwnd: HWND, csidl: INT, ppidl: Out[LPVOID]) -> HRESULT:
    """Return a folder by its CSIDL as an item list; free it with ILFree."""
    ppidl.set(0)
    result, path = _path_by_csidl(thread, csidl, 0)
    return await _give_list(thread, path, ppidl) if result == S_OK else result


def _known(thread: Thread, identifier: int, flags: int) -> tuple[int, str]:
    """Return an HRESULT and the path of a known folder."""
    folder = by_id().get(read_guid(thread.process.memory, identifier))
    if folder is None:
        return FILE_NOT_FOUND, ""
    if not folder.path:
        return E_FAIL, ""
    path = default_path(thread, folder) if flags & KF_FLAG_DEFAULT_PATH else folder_path(thread, folder)
    return (S_OK, path) if _ready(thread, path, flags) else (FILE_NOT_FOUND, "")


@shell32.export(category="environment")
async def SHGetKnownFolderPath(
    thread: Thread, rfid: LPVOID, dwFlags: DWORD, hToken: HANDLE, ppszPath: Out[LPVOID]
) -> HRESULT:
    """Return the path of a known folder that exists; the caller frees it with CoTaskMemFree."""
    ppszPath.set(0)
    result, path = _known(thread, rfid, dwFlags)
    if result == S_OK:
        ppszPath.set(await guest_heap_new(thread, encode_wide(path + "\0")))
    return result


@shell32.export(category="environment")
async def SHGetKnownFolderIDList(
    thread: Thread, rfid: LPVOID, dwFlags: DWORD, hToken: HANDLE, ppidl: Out[LPVOID]
) -> HRESULT:
    """Return a known folder that exists as an item list; free it with ILFree."""
    ppidl.set(0)
    result, path = _known(thread, rfid, dwFlags)
    return await _give_list(thread, path, ppidl) if result == S_OK else result


@shell32.export(category="environment")
def SHSetKnownFolderPath(
    thread: Thread, rfid: LPVOID, dwFlags: DWORD, hToken: HANDLE, pszPath: LPCWSTR
) -> HRESULT:
    """Say where a known folder of the user lies from now on; folders of the system stay where they are."""
    folder = by_id().get(read_guid(thread.process.memory, rfid))
    if folder is None:
        return FILE_NOT_FOUND
    if not pszPath:
        return E_INVALIDARG
    if folder.category != PER_USER or not folder.path:
        return 0x80070000 | ERROR_ACCESS_DENIED
    expanded = thread.process.environment().expand(pszPath)
    if not _ready(thread, expanded, KF_FLAG_CREATE if dwFlags & KF_FLAG_CREATE else 0):
        return FILE_NOT_FOUND
    handle, _ = create_key(thread, HKEY_CURRENT_USER, _SHELL.removeprefix("\\"), KEY_SET_VALUE)
    try:
        text = pszPath if dwFlags & KF_FLAG_DONT_UNEXPAND else expanded
        key = key_of(thread, handle, KEY_SET_VALUE)
        key.set_value(folder.name, REG_EXPAND_SZ, encode_wide(text + "\0"))
    finally:
        thread.process.handles.close(handle)
    return S_OK


@shell32.export(category="security")
def IsUserAnAdmin(thread: Thread) -> BOOL:
    """Whether the user's token has the group of administrators enabled."""
    return int(ADMINISTRATORS in effective_token(thread).owner_sids)
