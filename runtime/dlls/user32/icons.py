"""winuser.h: icons and cursors. They are found, made, counted and destroyed; nothing draws them on a machine without
a screen, so what they hold is the data of the resource they came from.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from runtime.dlls.kernel32.resources import resource_key
from runtime.dlls.process_state import process_state
from runtime.dlls.types import BOOL, DWORD, HANDLE, HINSTANCE, INT, PVOID, UINT
from runtime.dlls.user32.dll import user32
from runtime.dlls.user32.state import user_of
from runtime.loader.pe import Image, ImageError
from runtime.nt import status as st
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

GUI = "gui"
RT_CURSOR, RT_ICON, RT_GROUP_CURSOR, RT_GROUP_ICON = 1, 3, 12, 14
IMAGE_BITMAP, IMAGE_ICON, IMAGE_CURSOR = 0, 1, 2
LR_LOADFROMFILE, LR_DEFAULTSIZE, LR_SHARED = 0x10, 0x40, 0x8000
LARGE, SMALL = 32, 16
"""Pixels a side: SM_CXICON and SM_CXSMICON at 96 dots an inch."""
SYSTEM_ICONS = range(32512, 32519)
"""IDI_APPLICATION … IDI_SHIELD."""
_SYSTEM_CURSORS = frozenset((*range(32512, 32517), *range(32640, 32653), 32671, 32672))
"""IDC_ARROW … IDC_PERSON."""
_FIRST_SHARED = 0x10001
"""Handles of the system's icons are odd, those of programs even."""


@dataclass(frozen=True, slots=True)
class Icon:
    """An icon or cursor: the bits of its image as resources hold them; none for those of the system."""

    data: bytes
    width: int
    height: int
    cursor: bool = False
    shared: bool = False


class Icons:
    """The icons of a process."""

    def __init__(self) -> None:
        self.by_handle: dict[int, Icon] = {}
        self.shared: dict[tuple[int, int, int | str], int] = {}
        """(kind, module, name) → handle of an icon that is loaded once."""


def _icons(thread: Thread) -> Icons:
    return process_state(thread.process, Icons)


def new_icon(thread: Thread, icon: Icon) -> int:
    """Make a handle of an icon."""
    handle = user_of(thread).next_handle()
    _icons(thread).by_handle[handle] = icon
    return handle


def icon_of(thread: Thread, handle: int, error: int = st.ERROR_INVALID_ICON_HANDLE) -> Icon:
    """Return an icon. Raises Win32Error(error)."""
    found = _icons(thread).by_handle.get(handle & 0xFFFFFFFF)
    if found is None:
        raise Win32Error(error)
    return found


def system_icon(thread: Thread, number: int, *, cursor: bool = False) -> int:
    """Return the handle of an icon or cursor of the system. Raises Win32Error(ERROR_RESOURCE_NAME_NOT_FOUND)."""
    if number not in (_SYSTEM_CURSORS if cursor else SYSTEM_ICONS):
        raise Win32Error(st.ERROR_RESOURCE_NAME_NOT_FOUND)
    handle = _FIRST_SHARED + 4 * (number - 32512) + 2 * cursor
    _icons(thread).by_handle.setdefault(handle, Icon(b"", LARGE, LARGE, cursor, shared=True))
    return handle


# Groups: the same picture in several sizes


@dataclass(frozen=True, slots=True)
class Member:
    """One size of a group."""

    width: int
    height: int
    bits: int
    place: int
    """Resource number, or offset in the file."""
    size: int


def members(directory: bytes, *, file: bool) -> list[Member]:
    """Read an icon directory: of a resource, or of an .ico file. Raises Win32Error(ERROR_INVALID_DATA)."""
    if len(directory) < 6:
        raise Win32Error(st.ERROR_INVALID_DATA)
    zero, kind, count = struct.unpack_from("<3H", directory)
    step = 16 if file else 14
    if zero or kind not in (1, 2) or len(directory) < 6 + step * count or not count:
        raise Win32Error(st.ERROR_INVALID_DATA)
    found = []
    for index in range(count):
        at = 6 + step * index
        if kind == 2 and not file:
            width, height, _, bits, size = struct.unpack_from("<4HI", directory, at)
            height //= 2
        else:
            width, height, _, bits, size = struct.unpack_from("<BBxxHHI", directory, at)
        place = struct.unpack_from("<I" if file else "<H", directory, at + 12)[0]
        found.append(Member(width or 256, height or 256, bits, place, size))
    return found


def best(group: list[Member], size: int) -> Member:
    """Return the member nearest to a size, the more colourful before others."""
    return min(group, key=lambda member: (abs(member.width - size), member.width < size, -member.bits))


def from_image(image: Image, name: int | str, size: int, *, cursor: bool = False) -> Icon:
    """Return an icon of a PE file in about a size; 0 is that of the resource. Raises Win32Error."""
    group = image.resource(RT_GROUP_CURSOR if cursor else RT_GROUP_ICON, name)
    if group is None:
        raise Win32Error(st.ERROR_RESOURCE_NAME_NOT_FOUND)
    member = best(members(group, file=False), size or LARGE)
    data = image.resource(RT_CURSOR if cursor else RT_ICON, member.place)
    if data is None:
        raise Win32Error(st.ERROR_RESOURCE_NAME_NOT_FOUND)
    return Icon(data, size or member.width, size or member.height, cursor)


def from_file(data: bytes, size: int, *, cursor: bool = False) -> Icon:
    """Return an icon of an .ico or .cur file. Raises Win32Error(ERROR_INVALID_DATA)."""
    member = best(members(data, file=True), size or LARGE)
    bits = data[member.place : member.place + member.size]
    if len(bits) < member.size:
        raise Win32Error(st.ERROR_INVALID_DATA)
    return Icon(bits, size or member.width, size or member.height, cursor)


def group_names(image: Image) -> list[int | str]:
    """Return the names of a PE file's icons, in the order of its resources."""
    names: list[int | str] = []
    for item in image.resources():
        if item.kind == RT_GROUP_ICON and item.name not in names:
            names.append(item.name)
    return names


def read_file(thread: Thread, name: str) -> bytes:
    """Return the contents of a small file by its Win32 path. Raises Win32Error."""
    try:
        with thread.process.machine.drives.resolve(thread.process.full_path(name)) as location:
            if not location.exists or location.is_directory:
                raise Win32Error(st.ERROR_FILE_NOT_FOUND)
            with open(f"/proc/self/fd/{location.fd}", "rb") as file:
                return file.read(1 << 24)
    except (NtError, OSError):
        raise Win32Error(st.ERROR_FILE_NOT_FOUND) from None


def _load(thread: Thread, instance: int, name: int | str, size: int, *, cursor: bool, shared: bool) -> int:
    if not instance:
        if isinstance(name, str):
            raise Win32Error(st.ERROR_RESOURCE_NAME_NOT_FOUND)
        return system_icon(thread, name, cursor=cursor)
    icons = _icons(thread)
    kind = IMAGE_CURSOR if cursor else IMAGE_ICON
    if shared and (kind, instance, name) in icons.shared:
        return icons.shared[kind, instance, name]
    module = thread.process.loader.by_base(instance & ~3)
    if module is None or module.image is None:
        raise Win32Error(st.ERROR_RESOURCE_DATA_NOT_FOUND)
    try:
        found = from_image(module.image, name, size, cursor=cursor)
    except ImageError:
        raise Win32Error(st.ERROR_RESOURCE_DATA_NOT_FOUND) from None
    handle = new_icon(thread, Icon(found.data, found.width, found.height, cursor, shared))
    if shared:
        icons.shared[kind, instance, name] = handle
    return handle


@user32.export(category=GUI)
def LoadIconW(thread: Thread, hInstance: HINSTANCE, lpIconName: PVOID) -> HANDLE:
    """Load an icon of a module, or of the system, once and for all."""
    name = resource_key(thread, lpIconName, wide=True)
    return _load(thread, hInstance, name, LARGE, cursor=False, shared=True)


@user32.export(category=GUI)
def LoadIconA(thread: Thread, hInstance: HINSTANCE, lpIconName: PVOID) -> HANDLE:
    """LoadIconW through the ANSI code page."""
    name = resource_key(thread, lpIconName, wide=False)
    return _load(thread, hInstance, name, LARGE, cursor=False, shared=True)


@user32.export(category=GUI)
def LoadCursorW(thread: Thread, hInstance: HINSTANCE, lpCursorName: PVOID) -> HANDLE:
    """Load a cursor of a module, or of the system, once and for all."""
    name = resource_key(thread, lpCursorName, wide=True)
    return _load(thread, hInstance, name, LARGE, cursor=True, shared=True)


@user32.export(category=GUI)
def LoadCursorA(thread: Thread, hInstance: HINSTANCE, lpCursorName: PVOID) -> HANDLE:
    """LoadCursorW through the ANSI code page."""
    name = resource_key(thread, lpCursorName, wide=False)
    return _load(thread, hInstance, name, LARGE, cursor=True, shared=True)


def _load_image(thread: Thread, instance: int, name: int, kind: int, width: int, flags: int, *, wide: bool) -> int:
    if kind not in (IMAGE_ICON, IMAGE_CURSOR):
        # A bitmap is an object of GDI, which a machine without a screen does not have.
        raise Win32Error(st.ERROR_NOT_SUPPORTED if kind == IMAGE_BITMAP else st.ERROR_INVALID_PARAMETER)
    size = width or (LARGE if flags & LR_DEFAULTSIZE else 0)
    cursor = kind == IMAGE_CURSOR
    if flags & LR_LOADFROMFILE:
        if name <= 0xFFFF:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
        memory = thread.process.memory
        path = memory.read_wstr(name) if wide else thread.process.decode_path(memory.read_str(name))
        return new_icon(thread, from_file(read_file(thread, path), size, cursor=cursor))
    key = resource_key(thread, name, wide=wide)
    return _load(thread, instance, key, size, cursor=cursor, shared=bool(flags & LR_SHARED))


@user32.export(category=GUI)
def LoadImageW(
    thread: Thread, hInst: HINSTANCE, name: PVOID, type: UINT, cx: INT, cy: INT, fuLoad: UINT
) -> HANDLE:
    """Load an icon or cursor of a module or file; ERROR_NOT_SUPPORTED for bitmaps."""
    return _load_image(thread, hInst, name, type, max(cx, 0), fuLoad, wide=True)


@user32.export(category=GUI)
def LoadImageA(
    thread: Thread, hInst: HINSTANCE, name: PVOID, type: UINT, cx: INT, cy: INT, fuLoad: UINT
) -> HANDLE:
    """LoadImageW through the ANSI code page."""
    return _load_image(thread, hInst, name, type, max(cx, 0), fuLoad, wide=False)


@user32.export(category=GUI)
def CopyIcon(thread: Thread, hIcon: HANDLE) -> HANDLE:
    """Copy an icon."""
    found = icon_of(thread, hIcon)
    return new_icon(thread, Icon(found.data, found.width, found.height, found.cursor))


def _destroy(thread: Thread, handle: int, error: int) -> int:
    if not icon_of(thread, handle, error).shared:  # shared ones stay, as documented
        del _icons(thread).by_handle[handle & 0xFFFFFFFF]
    return 1


@user32.export(category=GUI)
def DestroyIcon(thread: Thread, hIcon: HANDLE) -> BOOL:
    """Destroy an icon."""
    return _destroy(thread, hIcon, st.ERROR_INVALID_CURSOR_HANDLE)


@user32.export(category=GUI)
def DestroyCursor(thread: Thread, hCursor: HANDLE) -> BOOL:
    """Destroy a cursor."""
    return _destroy(thread, hCursor, st.ERROR_INVALID_CURSOR_HANDLE)


@user32.export(category=GUI)
def LookupIconIdFromDirectoryEx(
    thread: Thread, presbits: PVOID, fIcon: BOOL, cxDesired: INT, cyDesired: INT, Flags: UINT
) -> INT:
    """Return the number of the resource that suits a size best."""
    memory = thread.process.memory
    count = struct.unpack("<H", memory.read(presbits + 4, 2))[0]
    group = members(memory.read(presbits, 6 + 14 * count), file=False)
    return best(group, cxDesired or LARGE).place


@user32.export(category=GUI)
def CreateIconFromResourceEx(
    thread: Thread, presbits: PVOID, dwResSize: DWORD, fIcon: BOOL, dwVer: DWORD, cxDesired: INT, cyDesired: INT,
    Flags: UINT,
) -> HANDLE:  # fmt: skip
    """Make an icon of a resource's bits."""
    if dwVer not in (0x20000, 0x30000) or not dwResSize:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    data = thread.process.memory.read(presbits, dwResSize)
    return new_icon(thread, Icon(data, cxDesired or LARGE, cyDesired or LARGE, not fIcon))
