"""fileapi.h: drives and volumes."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.kernel32.file_support import FILE, ansi, encode_path, file_of, nt_path, return_text
from runtime.dlls.process_state import process_state
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    INVALID_HANDLE_VALUE,
    LPCSTR,
    LPCWSTR,
    LPSTR,
    LPWSTR,
    UINT,
    ULONGLONG,
    Out,
)
from runtime.nt import file_flags as ff
from runtime.nt import status as st
from runtime.nt.file import FileObject
from runtime.nt.io import OpenedFile
from runtime.nt.mount_manager import volume_guid
from runtime.nt.object import Object, ObjectAttributes, SymbolicLink
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread
from runtime.vfs.dospath import PathType, path_type
from runtime.vfs.drive import Drive

DDD_RAW_TARGET_PATH, DDD_REMOVE_DEFINITION, DDD_EXACT_MATCH_ON_REMOVE = 1, 2, 4
DRIVE_UNKNOWN, DRIVE_NO_ROOT_DIR, DRIVE_FIXED = 0, 1, 3


def drive_of(thread: Thread, path: str) -> Drive | None:
    r"""Return the drive a path is on (`C:\x`, `\\?\Volume{…}\x`), or None."""
    drives = thread.process.machine.drives
    path = path.removeprefix("\\\\?\\")
    if path[1:2] == ":":
        return drives.get(path[0])
    if path[:7].lower() == "volume{":
        wanted = path[7:43].lower()
        return next((drive for drive in drives if volume_guid(drive.serial, drive.letter) == wanted), None)
    return None


def _volume_name(drive: Drive) -> str:
    return f"\\\\?\\Volume{{{volume_guid(drive.serial, drive.letter)}}}\\"


@kernel32.export(FILE)
def GetLogicalDrives(thread: Thread) -> DWORD:
    """Return a bit for every drive letter."""
    return sum(1 << ord(drive.letter) - ord("A") for drive in thread.process.machine.drives)


def _drive_strings(thread: Thread, capacity: int, buffer: int, *, wide: bool) -> int:
    text = "".join(f"{drive.letter}:\\\0" for drive in thread.process.machine.drives)
    if len(text) + 1 > capacity:
        return len(text) + 1
    thread.process.memory.write(buffer, encode_path(thread, text + "\0", wide))
    return len(text)


@kernel32.export(FILE)
def GetLogicalDriveStringsW(thread: Thread, nBufferLength: DWORD, lpBuffer: LPWSTR) -> DWORD:
    """Return the roots of all drives."""
    return _drive_strings(thread, nBufferLength, lpBuffer, wide=True)


@kernel32.export(FILE)
def GetLogicalDriveStringsA(thread: Thread, nBufferLength: DWORD, lpBuffer: LPSTR) -> DWORD:
    """Return the roots of all drives."""
    return _drive_strings(thread, nBufferLength, lpBuffer, wide=False)


@kernel32.export(FILE)
def GetDriveTypeW(thread: Thread, lpRootPathName: LPCWSTR) -> UINT:
    """Say what kind of drive a root is on."""
    path = thread.process.full_path(lpRootPathName if lpRootPathName is not None else "\\")
    drive = drive_of(thread, path)
    if drive is None or path.rstrip("\\")[2:]:
        return DRIVE_NO_ROOT_DIR
    return drive.kind


kernel32.ansi(GetDriveTypeW)


def _volume_query(thread: Thread, root: str | None, information_class: int) -> bytes:
    path = root if root is not None else thread.process.full_path("\\")
    options = ff.FILE_DIRECTORY_FILE | ff.FILE_OPEN_FOR_BACKUP_INTENT
    with OpenedFile(thread.process, nt_path(thread, path), ff.FILE_READ_ATTRIBUTES, options=options) as file:
        return file.query_volume(information_class, 4096).data


def _text(data: bytes, length_at: int, text_at: int) -> str:
    (length,) = struct.unpack_from("<I", data, length_at)
    return data[text_at : text_at + length].decode("utf-16-le", "surrogatepass")


def _volume_information(
    thread: Thread, volume: bytes, attributes: bytes, name: tuple[int, int], serial: Out[int], component: Out[int],
    flags: Out[int], system: tuple[int, int], *, wide: bool,
) -> bool:  # fmt: skip
    for text, (buffer, capacity) in ((_text(volume, 12, 18), name), (_text(attributes, 8, 12), system)):
        if buffer and return_text(thread, text, buffer, capacity, wide=wide) >= capacity:
            raise Win32Error(st.ERROR_MORE_DATA)
    serial.put(struct.unpack_from("<I", volume, 8)[0])
    flags.put(struct.unpack_from("<I", attributes)[0])
    component.put(struct.unpack_from("<I", attributes, 4)[0])
    return True


def _check_root(root: str | None) -> None:
    if root is not None and not root.endswith(("\\", "/")):
        raise Win32Error(st.ERROR_INVALID_NAME)


@kernel32.export(FILE)
def GetVolumeInformationW(
    thread: Thread,
    lpRootPathName: LPCWSTR,
    lpVolumeNameBuffer: LPWSTR,
    nVolumeNameSize: DWORD,
    lpVolumeSerialNumber: Out[DWORD],
    lpMaximumComponentLength: Out[DWORD],
    lpFileSystemFlags: Out[DWORD],
    lpFileSystemNameBuffer: LPWSTR,
    nFileSystemNameSize: DWORD,
) -> BOOL:
    """Return label, serial number and file system of a volume."""
    _check_root(lpRootPathName)
    return _volume_information(
        thread, _volume_query(thread, lpRootPathName, 1), _volume_query(thread, lpRootPathName, 5),
        (lpVolumeNameBuffer, nVolumeNameSize), lpVolumeSerialNumber, lpMaximumComponentLength, lpFileSystemFlags,
        (lpFileSystemNameBuffer, nFileSystemNameSize), wide=True,
    )  # fmt: skip


@kernel32.export(FILE)
def GetVolumeInformationA(
    thread: Thread,
    lpRootPathName: LPCSTR,
    lpVolumeNameBuffer: LPSTR,
    nVolumeNameSize: DWORD,
    lpVolumeSerialNumber: Out[DWORD],
    lpMaximumComponentLength: Out[DWORD],
    lpFileSystemFlags: Out[DWORD],
    lpFileSystemNameBuffer: LPSTR,
    nFileSystemNameSize: DWORD,
) -> BOOL:
    """Return label, serial number and file system of a volume."""
    root = ansi(thread, lpRootPathName)
    _check_root(root)
    return _volume_information(
        thread, _volume_query(thread, root, 1), _volume_query(thread, root, 5),
        (lpVolumeNameBuffer, nVolumeNameSize), lpVolumeSerialNumber, lpMaximumComponentLength, lpFileSystemFlags,
        (lpFileSystemNameBuffer, nFileSystemNameSize), wide=False,
    )  # fmt: skip


@kernel32.export(FILE)
def GetVolumeInformationByHandleW(
    thread: Thread,
    hFile: HANDLE,
    lpVolumeNameBuffer: LPWSTR,
    nVolumeNameSize: DWORD,
    lpVolumeSerialNumber: Out[DWORD],
    lpMaximumComponentLength: Out[DWORD],
    lpFileSystemFlags: Out[DWORD],
    lpFileSystemNameBuffer: LPWSTR,
    nFileSystemNameSize: DWORD,
) -> BOOL:
    """Return label, serial number and file system of the volume an open file is on."""
    file = file_of(thread, hFile)
    return _volume_information(
        thread, file.query_volume(1, 4096).data, file.query_volume(5, 4096).data,
        (lpVolumeNameBuffer, nVolumeNameSize), lpVolumeSerialNumber, lpMaximumComponentLength, lpFileSystemFlags,
        (lpFileSystemNameBuffer, nFileSystemNameSize), wide=True,
    )  # fmt: skip


@kernel32.export(FILE)
def GetDiskFreeSpaceExW(
    thread: Thread,
    lpDirectoryName: LPCWSTR,
    lpFreeBytesAvailableToCaller: Out[ULONGLONG],
    lpTotalNumberOfBytes: Out[ULONGLONG],
    lpTotalNumberOfFreeBytes: Out[ULONGLONG],
) -> BOOL:
    """Return the sizes of the volume a directory is on."""
    data = _volume_query(thread, lpDirectoryName, 7)
    total, available, free, sectors, size = struct.unpack("<QQQII", data)
    unit = sectors * size
    lpFreeBytesAvailableToCaller.put(available * unit)
    lpTotalNumberOfBytes.put(total * unit)
    lpTotalNumberOfFreeBytes.put(free * unit)
    return True


kernel32.ansi(GetDiskFreeSpaceExW)


@kernel32.export(FILE)
def GetDiskFreeSpaceW(
    thread: Thread,
    lpRootPathName: LPCWSTR,
    lpSectorsPerCluster: Out[DWORD],
    lpBytesPerSector: Out[DWORD],
    lpNumberOfFreeClusters: Out[DWORD],
    lpTotalNumberOfClusters: Out[DWORD],
) -> BOOL:
    """Return the sizes of a volume in clusters."""
    total, available, sectors, size = struct.unpack("<QQII", _volume_query(thread, lpRootPathName, 3))
    lpSectorsPerCluster.put(sectors)
    lpBytesPerSector.put(size)
    lpNumberOfFreeClusters.put(min(available, 0xFFFFFFFF))
    lpTotalNumberOfClusters.put(min(total, 0xFFFFFFFF))
    return True


kernel32.ansi(GetDiskFreeSpaceW)


def _volume_path(thread: Thread, name: str | None) -> str:
    if not name:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    full = thread.process.full_path(name)
    if path_type(full) is PathType.DRIVE_ABSOLUTE:
        if thread.process.machine.drives.get(full[0]) is None:
            raise Win32Error(st.ERROR_FILE_NOT_FOUND)
        return full[:3]
    drive = drive_of(thread, full)
    if drive is None:
        raise Win32Error(st.ERROR_INVALID_NAME)
    if full[4:].lower().startswith("volume{"):
        return full[:48] + "\\"
    return full[:7]


def _give(thread: Thread, text: str, buffer: int, capacity: int, *, wide: bool) -> bool:
    if return_text(thread, text, buffer, capacity, wide=wide) >= capacity:
        raise Win32Error(st.ERROR_FILENAME_EXCED_RANGE)
    return True


@kernel32.export(FILE)
def GetVolumePathNameW(
    thread: Thread, lpszFileName: LPCWSTR, lpszVolumePathName: LPWSTR, cchBufferLength: DWORD
) -> BOOL:
    """Return the root of the volume a path is on."""
    return _give(thread, _volume_path(thread, lpszFileName), lpszVolumePathName, cchBufferLength, wide=True)


@kernel32.export(FILE)
def GetVolumePathNameA(thread: Thread, lpszFileName: LPCSTR, lpszVolumePathName: LPSTR, cchBufferLength: DWORD) -> BOOL:
    """Return the root of the volume a path is on."""
    text = _volume_path(thread, ansi(thread, lpszFileName))
    return _give(thread, text, lpszVolumePathName, cchBufferLength, wide=False)


def _mount_point(thread: Thread, name: str | None) -> Drive:
    if not name or not name.endswith("\\"):
        raise Win32Error(st.ERROR_INVALID_NAME)
    drive = drive_of(thread, thread.process.full_path(name))
    if drive is None:
        raise Win32Error(st.ERROR_FILE_NOT_FOUND)
    if name[1:2] == ":" and len(name) > 3:
        raise Win32Error(st.ERROR_NOT_A_REPARSE_POINT)
    return drive


@kernel32.export(FILE)
def GetVolumeNameForVolumeMountPointW(
    thread: Thread, lpszVolumeMountPoint: LPCWSTR, lpszVolumeName: LPWSTR, cchBufferLength: DWORD
) -> BOOL:
    """Return the GUID name of the volume at a root."""
    name = _volume_name(_mount_point(thread, lpszVolumeMountPoint))
    return _give(thread, name, lpszVolumeName, cchBufferLength, wide=True)


@kernel32.export(FILE)
def GetVolumeNameForVolumeMountPointA(
    thread: Thread, lpszVolumeMountPoint: LPCSTR, lpszVolumeName: LPSTR, cchBufferLength: DWORD
) -> BOOL:
    """Return the GUID name of the volume at a root."""
    name = _volume_name(_mount_point(thread, ansi(thread, lpszVolumeMountPoint)))
    return _give(thread, name, lpszVolumeName, cchBufferLength, wide=False)


@kernel32.export(FILE)
def GetVolumePathNamesForVolumeNameW(
    thread: Thread,
    lpszVolumeName: LPCWSTR,
    lpszVolumePathNames: LPWSTR,
    cchBufferLength: DWORD,
    lpcchReturnLength: Out[DWORD],
) -> BOOL:
    """Return where a volume is mounted: its drive letter."""
    drive = drive_of(thread, lpszVolumeName or "")
    if drive is None:
        raise Win32Error(st.ERROR_FILE_NOT_FOUND)
    text = f"{drive.letter}:\\\0\0"
    lpcchReturnLength.put(len(text))
    if len(text) > cchBufferLength:
        raise Win32Error(st.ERROR_MORE_DATA)
    thread.process.memory.write(lpszVolumePathNames, text.encode("utf-16-le"))
    return True


@kernel32.export(FILE)
def SetVolumeLabelW(thread: Thread, lpRootPathName: LPCWSTR, lpVolumeName: LPCWSTR) -> BOOL:
    """Change a volume's label, for as long as the machine runs."""
    path = thread.process.full_path(lpRootPathName if lpRootPathName is not None else "\\")
    drive = drive_of(thread, path)
    if drive is None or path.rstrip("\\")[2:]:
        raise Win32Error(st.ERROR_PATH_NOT_FOUND)
    label = lpVolumeName or ""
    if len(label) > 32:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if not drive.tree.writable:
        raise NtError(st.STATUS_MEDIA_WRITE_PROTECTED)
    drive.label = label
    return True


kernel32.ansi(SetVolumeLabelW)


class _VolumeSearch(Object):
    """What a FindFirstVolume handle is."""

    object_type = FileObject.object_type

    def __init__(self, names: list[str]) -> None:
        self.names = names


@dataclass(slots=True)
class _VolumeSearches:
    open: dict[int, _VolumeSearch] = field(default_factory=dict)


def _first_volume(thread: Thread, buffer: int, capacity: int, *, wide: bool) -> int:
    names = [_volume_name(drive) for drive in thread.process.machine.drives]
    _give(thread, names.pop(0), buffer, capacity, wide=wide)
    search = _VolumeSearch(names)
    handle = thread.process.handles.insert(search, 0)
    process_state(thread.process, _VolumeSearches).open[handle] = search
    return handle


@kernel32.export(FILE, fails=INVALID_HANDLE_VALUE)
def FindFirstVolumeW(thread: Thread, lpszVolumeName: LPWSTR, cchBufferLength: DWORD) -> HANDLE:
    """Begin to list volumes."""
    return _first_volume(thread, lpszVolumeName, cchBufferLength, wide=True)


@kernel32.export(FILE, fails=INVALID_HANDLE_VALUE)
def FindFirstVolumeA(thread: Thread, lpszVolumeName: LPSTR, cchBufferLength: DWORD) -> HANDLE:
    """Begin to list volumes."""
    return _first_volume(thread, lpszVolumeName, cchBufferLength, wide=False)


def _next_volume(thread: Thread, handle: int, buffer: int, capacity: int, *, wide: bool) -> bool:
    search = process_state(thread.process, _VolumeSearches).open.get(handle)
    if search is None:
        raise NtError(st.STATUS_INVALID_HANDLE)
    if not search.names:
        raise Win32Error(st.ERROR_NO_MORE_FILES)
    return _give(thread, search.names.pop(0), buffer, capacity, wide=wide)


@kernel32.export(FILE)
def FindNextVolumeW(thread: Thread, hFindVolume: HANDLE, lpszVolumeName: LPWSTR, cchBufferLength: DWORD) -> BOOL:
    """Return the next volume."""
    return _next_volume(thread, hFindVolume, lpszVolumeName, cchBufferLength, wide=True)


@kernel32.export(FILE)
def FindNextVolumeA(thread: Thread, hFindVolume: HANDLE, lpszVolumeName: LPSTR, cchBufferLength: DWORD) -> BOOL:
    """Return the next volume."""
    return _next_volume(thread, hFindVolume, lpszVolumeName, cchBufferLength, wide=False)


@kernel32.export(FILE)
def FindVolumeClose(thread: Thread, hFindVolume: HANDLE) -> BOOL:
    """End a list of volumes."""
    if process_state(thread.process, _VolumeSearches).open.pop(hFindVolume, None) is None:
        raise NtError(st.STATUS_INVALID_HANDLE)
    thread.process.handles.close(hFindVolume)
    return True


def _dos_device(thread: Thread, name: str | None) -> str:
    namespace = thread.process.machine.objects
    if name is None:
        directory = namespace.make_directory("\\GLOBAL??")
        return "".join(f"{item.name}\0" for item in directory) + "\0"
    if not name or "\\" in name:
        raise Win32Error(st.ERROR_FILE_NOT_FOUND)
    try:
        found = namespace.resolve(ObjectAttributes("\\GLOBAL??\\" + name), open_link=True)
    except NtError:
        raise Win32Error(st.ERROR_FILE_NOT_FOUND) from None
    if found.remainder or not isinstance(found.item, SymbolicLink):
        raise Win32Error(st.ERROR_FILE_NOT_FOUND)
    return found.item.target + "\0\0"


@kernel32.export(FILE)
def DefineDosDeviceW(thread: Thread, dwFlags: DWORD, lpDeviceName: LPCWSTR, lpTargetPath: LPCWSTR) -> BOOL:
    """Define or remove a DOS device name, such as a drive letter for a folder."""
    if not lpDeviceName or "\\" in lpDeviceName or dwFlags & ~0xF:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    directory = thread.process.machine.objects.make_directory("\\GLOBAL??")
    target = lpTargetPath
    if target is not None and not dwFlags & DDD_RAW_TARGET_PATH:
        target = nt_path(thread, target)
    existing = directory.get(lpDeviceName)
    if dwFlags & DDD_REMOVE_DEFINITION:
        if not isinstance(existing, SymbolicLink):
            raise Win32Error(st.ERROR_FILE_NOT_FOUND)
        if target is not None and dwFlags & DDD_EXACT_MATCH_ON_REMOVE and existing.target != target:
            raise Win32Error(st.ERROR_FILE_NOT_FOUND)
        directory.remove(existing)
        return True
    if target is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if existing is not None:
        directory.remove(existing)
    directory.add(lpDeviceName, SymbolicLink(target)).permanent = True
    return True


kernel32.ansi(DefineDosDeviceW)


def _query_dos_device(thread: Thread, name: str | None, buffer: int, capacity: int, *, wide: bool) -> int:
    text = _dos_device(thread, name)
    if len(text) > capacity:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write(buffer, encode_path(thread, text, wide))
    return len(text)


@kernel32.export(FILE)
def QueryDosDeviceW(thread: Thread, lpDeviceName: LPCWSTR, lpTargetPath: LPWSTR, ucchMax: DWORD) -> DWORD:
    """Return what a DOS device name stands for, or all DOS device names."""
    return _query_dos_device(thread, lpDeviceName, lpTargetPath, ucchMax, wide=True)


@kernel32.export(FILE)
def QueryDosDeviceA(thread: Thread, lpDeviceName: LPCSTR, lpTargetPath: LPSTR, ucchMax: DWORD) -> DWORD:
    """Return what a DOS device name stands for, or all DOS device names."""
    return _query_dos_device(thread, ansi(thread, lpDeviceName), lpTargetPath, ucchMax, wide=False)
