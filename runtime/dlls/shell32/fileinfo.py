"""shellapi.h: what the shell says of a file (SHGetFileInfo), and the icons of files."""

from __future__ import annotations

import struct
from typing import Annotated

from runtime.dlls.associations import class_of, extension_of, icon_location, type_name
from runtime.dlls.kernel32.fileapi import attributes_of
from runtime.dlls.kernel32.fileapi_find import matching
from runtime.dlls.shell32.dll import shell32
from runtime.dlls.shell32.idlist import path_of
from runtime.dlls.structure import Bytes, Structure, WideChars
from runtime.dlls.types import DWORD, HANDLE, HINSTANCE, INT, LPVOID, SIZE_T, UINT
from runtime.dlls.user32 import icons
from runtime.loader.pe import Image, ImageError
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

SHELL = "environment"
SHGFI_SMALLICON, SHGFI_PIDL, SHGFI_USEFILEATTRIBUTES = 0x1, 0x8, 0x10
SHGFI_ICON, SHGFI_DISPLAYNAME, SHGFI_TYPENAME, SHGFI_ATTRIBUTES = 0x100, 0x200, 0x400, 0x800
SHGFI_ICONLOCATION, SHGFI_EXETYPE, SHGFI_SYSICONINDEX, SHGFI_ATTR_SPECIFIED = 0x1000, 0x2000, 0x4000, 0x20000
FILE_ATTRIBUTE_READONLY, FILE_ATTRIBUTE_HIDDEN, FILE_ATTRIBUTE_SYSTEM, FILE_ATTRIBUTE_DIRECTORY = 0x1, 0x2, 0x4, 0x10
_IDI_APPLICATION = 32512

_SFGAO_FILE = 0x40400177
"""Can be copied, moved, linked, renamed, deleted; properties, drop target; of a file system, a stream."""
_SFGAO_FOLDER = 0x7080017F
"""As for a file, and: storage, folder, may hold file system items."""
_SFGAO_DRIVE = 0x7080015D
_SFGAO_HASSUBFOLDER = 0x80000000
_SFGAO_LINK, _SFGAO_READONLY, _SFGAO_HIDDEN, _SFGAO_GHOSTED, _SFGAO_SYSTEM = 0x10000, 0x40000, 0x80000, 0x8000, 0x1000
_HIDE_EXTENSIONS = "\\Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\Advanced"


class SHFILEINFOW(Structure):
    hIcon: HANDLE
    iIcon: INT
    dwAttributes: DWORD
    szDisplayName: Annotated[str, WideChars(260)]
    szTypeName: Annotated[str, WideChars(80)]


class SHFILEINFOA(Structure):
    hIcon: HANDLE
    iIcon: INT
    dwAttributes: DWORD
    szDisplayName: Annotated[bytes, Bytes(260)]
    szTypeName: Annotated[bytes, Bytes(80)]


def _is_drive(path: str) -> bool:
    return len(path) <= 3 and path[1:2] == ":"


def _file_attributes(thread: Thread, path: str) -> int | None:
    """Return FILE_ATTRIBUTE_ flags, or None when there is no such file."""
    try:
        return int(struct.unpack_from("<I", attributes_of(thread, path), 48)[0])
    except (NtError, Win32Error):
        return None


def _has_folders(thread: Thread, path: str) -> bool:
    try:
        return any(entry.metadata.is_directory for entry in matching(thread, path.rstrip("\\") + "\\*"))
    except (NtError, Win32Error):
        return False


def _to_shell(thread: Thread, path: str, flags: int, *, exists: bool) -> int:
    """Return SFGAO_ flags of a file with FILE_ATTRIBUTE_ flags."""
    found = _SFGAO_FILE
    if flags & FILE_ATTRIBUTE_DIRECTORY:
        found = _SFGAO_DRIVE if _is_drive(path) else _SFGAO_FOLDER
        if exists and _has_folders(thread, path):
            found |= _SFGAO_HASSUBFOLDER
    if _is_drive(path):
        return found
    for flag, meaning in (
        (FILE_ATTRIBUTE_READONLY, _SFGAO_READONLY), (FILE_ATTRIBUTE_HIDDEN, _SFGAO_HIDDEN | _SFGAO_GHOSTED),
        (FILE_ATTRIBUTE_SYSTEM, _SFGAO_SYSTEM),
    ):  # fmt: skip
        if flags & flag:
            found |= meaning
    return found | (_SFGAO_LINK if extension_of(path).lower() == ".lnk" else 0)


def shell_attributes(thread: Thread, path: str) -> int:
    """Return the SFGAO_ flags of a file; 0 when there is none."""
    full = thread.process.full_path(path)
    flags = _file_attributes(thread, full)
    return 0 if flags is None else _to_shell(thread, full, flags, exists=True)


def _display_name(thread: Thread, path: str, folder: bool) -> str:
    if _is_drive(path):
        drive = thread.process.machine.drives.get(path[0])
        label = drive.label if drive is not None else ""
        return f"{label or 'Local Disk'} ({path[0].upper()}:)"
    name = path.rpartition("\\")[2]
    registry = thread.process.machine.registry
    hidden = registry.get(registry.user_path + _HIDE_EXTENSIONS, "HideFileExt")
    hides = not folder and hidden is not None and any(hidden.data[:4]) and "." in name[1:]
    return name.rpartition(".")[0] if hides and class_of(thread.process, extension_of(name)) else name


def _executable_type(thread: Thread, path: str) -> int:
    """Return SHGFI_EXETYPE: NE/PE and its version, PE alone for the console, MZ for MS-DOS, 0 for others."""
    extension = extension_of(path).lower()
    if extension in (".bat", ".cmd"):
        return 0x4550
    if extension not in (".exe", ".com", ".scr"):
        return 0
    try:
        data = icons.read_file(thread, path)[:4096]
    except Win32Error:
        return 0
    if data[:2] != b"MZ" or len(data) < 64:
        return 0x5A4D if extension == ".com" else 0
    at = struct.unpack_from("<I", data, 60)[0]
    if data[at : at + 4] != b"PE\0\0" or len(data) < at + 96:
        return 0x5A4D
    subsystem, major, minor = struct.unpack_from("<H", data, at + 92)[0], *struct.unpack_from("<HH", data, at + 72)
    return 0x4550 | ((major & 0xFF) << 24 | (minor & 0xFF) << 16 if subsystem == 2 else 0)


def _image(thread: Thread, path: str) -> Image | None:
    try:
        return thread.process.machine.open_image(path)
    except ImageError:
        return None


def extract(thread: Thread, path: str, index: int, size: int) -> icons.Icon | None:
    """Return icon number `index` of a program, DLL or .ico file (below 0: resource -index), or None."""
    full = thread.process.full_path(path)
    try:
        if extension_of(full).lower() in (".ico", ".cur"):
            return icons.from_file(icons.read_file(thread, full), size) if index == 0 else None
        image = _image(thread, full)
        if image is None:
            return None
        names = icons.group_names(image)
        name = -index if index < 0 else names[index] if index < len(names) else None
        return None if name is None else icons.from_image(image, name, size)
    except (Win32Error, ImageError):
        return None


def count_icons(thread: Thread, path: str) -> int:
    """Return how many icons a file holds."""
    full = thread.process.full_path(path)
    if extension_of(full).lower() in (".ico", ".cur"):
        return int(extract(thread, full, 0, 0) is not None)
    image = _image(thread, full)
    try:
        return len(icons.group_names(image)) if image is not None else 0
    except ImageError:
        return 0


def _icon(thread: Thread, path: str, flags: int, folder: bool) -> int:
    """Make the icon of a file: that of the file its class names, else the system's for programs."""
    location, index = icon_location(thread.process, path, folder=folder)
    size = icons.SMALL if flags & SHGFI_SMALLICON else icons.LARGE
    found = extract(thread, location, index, size)
    return icons.new_icon(thread, found or icons.icon_of(thread, icons.system_icon(thread, _IDI_APPLICATION)))


def _fill(thread: Thread, path: str, attributes: int, target: int, flags: int, *, wide: bool) -> int:
    exists = not flags & SHGFI_USEFILEATTRIBUTES
    if not exists and flags & SHGFI_EXETYPE:
        return 0
    full = thread.process.full_path(path) if exists or _is_drive(path) else path
    if exists:
        known = _file_attributes(thread, full)
        if known is None:
            return 0
        attributes = known
    if flags & SHGFI_EXETYPE:
        return _executable_type(thread, full)
    if not target:
        return 0
    if flags & SHGFI_SYSICONINDEX:
        return 0  # the system's image list is comctl32's, which a machine without a screen does not have
    folder = bool(attributes & FILE_ATTRIBUTE_DIRECTORY)
    memory = thread.process.memory
    kind: type[SHFILEINFOW] | type[SHFILEINFOA] = SHFILEINFOW if wide else SHFILEINFOA
    info = kind.read(memory, target)

    def text(value: str, limit: int) -> str | bytes:
        value = value[: limit - 1]
        return value if wide else thread.process.encode_ansi(value)[: limit - 1] + b"\0"

    if flags & SHGFI_DISPLAYNAME:
        info.szDisplayName = text(_display_name(thread, full, folder), 260)
    if flags & SHGFI_TYPENAME:
        drive = _is_drive(full)
        named = "Local Disk" if drive else "File folder" if folder else type_name(thread.process, full)
        info.szTypeName = text(named, 80)
    if flags & SHGFI_ATTRIBUTES:
        found = _to_shell(thread, full, attributes, exists=exists)
        info.dwAttributes = found & info.dwAttributes if flags & SHGFI_ATTR_SPECIFIED else found
    if flags & SHGFI_ICONLOCATION:
        location, info.iIcon = icon_location(thread.process, full, folder=folder)
        info.szDisplayName = text(location, 260)
    if flags & SHGFI_ICON:
        info.hIcon, info.iIcon = _icon(thread, full, flags, folder), 0
    info.write(memory, target)
    return 1


def _information(thread: Thread, path: int, attributes: int, target: int, flags: int, *, wide: bool) -> int:
    memory = thread.process.memory
    if not path:
        return 0
    if flags & SHGFI_PIDL:
        text = path_of(memory, path)
    else:
        text = memory.read_wstr(path) if wide else thread.process.decode_path(memory.read_str(path))
    return _fill(thread, text.replace("/", "\\"), attributes, target, flags, wide=wide) if text else 0


@shell32.export(category=SHELL)
def SHGetFileInfoW(
    thread: Thread, pszPath: LPVOID, dwFileAttributes: DWORD, psfi: LPVOID, cbFileInfo: UINT, uFlags: UINT
) -> SIZE_T:
    """Return name, type, attributes, icon or kind of program of a file; 0 for what cannot be told."""
    return _information(thread, pszPath, dwFileAttributes, psfi, uFlags, wide=True)


@shell32.export(category=SHELL)
def SHGetFileInfoA(
    thread: Thread, pszPath: LPVOID, dwFileAttributes: DWORD, psfi: LPVOID, cbFileInfo: UINT, uFlags: UINT
) -> SIZE_T:
    """SHGetFileInfoW through the ANSI code page."""
    return _information(thread, pszPath, dwFileAttributes, psfi, uFlags, wide=False)


def _extract_many(thread: Thread, path: str, first: int, large: int, small: int, count: int) -> int:
    total = count_icons(thread, path)
    if (first == -1 and count == 0) or (not large and not small):
        return total
    memory, made = thread.process.memory, 0
    for number in range(count):
        index = first + number if first >= 0 else first
        for size, table in ((icons.LARGE, large), (icons.SMALL, small)):
            if not table:
                continue
            found = extract(thread, path, index, size)
            handle = icons.new_icon(thread, found) if found else 0
            memory.write_pointer(table + number * memory.pointer_size, handle)
            made += found is not None
        if first < 0:
            break
    return made


@shell32.export(category=SHELL, fails=0xFFFFFFFF)
def ExtractIconExW(
    thread: Thread, lpszFile: LPVOID, nIconIndex: INT, phiconLarge: LPVOID, phiconSmall: LPVOID, nIcons: UINT
) -> UINT:
    """Count the icons of a file, or make them; returns how many were made."""
    path = thread.process.memory.read_wstr(lpszFile)
    return _extract_many(thread, path, nIconIndex, phiconLarge, phiconSmall, nIcons)


@shell32.export(category=SHELL, fails=0xFFFFFFFF)
def ExtractIconExA(
    thread: Thread, lpszFile: LPVOID, nIconIndex: INT, phiconLarge: LPVOID, phiconSmall: LPVOID, nIcons: UINT
) -> UINT:
    """ExtractIconExW through the ANSI code page."""
    path = thread.process.decode_path(thread.process.memory.read_str(lpszFile))
    return _extract_many(thread, path, nIconIndex, phiconLarge, phiconSmall, nIcons)


def _extract_one(thread: Thread, path: str, index: int) -> int:
    if index == 0xFFFFFFFF:
        return count_icons(thread, path)
    if _file_attributes(thread, path) is None:
        return 1  # no program, DLL or icon file
    found = extract(thread, path, index - (1 << 32) if index >> 31 else index, icons.LARGE)
    return icons.new_icon(thread, found) if found else 0


@shell32.export(category=SHELL)
def ExtractIconW(thread: Thread, hInst: HINSTANCE, pszExeFileName: LPVOID, nIconIndex: UINT) -> HANDLE:
    """Make an icon of a file; 1 for no file with icons, NULL for a file without any. -1 asks how many there are."""
    return _extract_one(thread, thread.process.memory.read_wstr(pszExeFileName), nIconIndex)


@shell32.export(category=SHELL)
def ExtractIconA(thread: Thread, hInst: HINSTANCE, pszExeFileName: LPVOID, nIconIndex: UINT) -> HANDLE:
    """ExtractIconW through the ANSI code page."""
    path = thread.process.decode_path(thread.process.memory.read_str(pszExeFileName))
    return _extract_one(thread, path, nIconIndex)
