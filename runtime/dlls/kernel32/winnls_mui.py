"""winnls.h: languages of the user interface, and language files (`.mui`)."""

from __future__ import annotations

import struct
from contextlib import suppress

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import (
    BOOL,
    DWORD,
    LANGID,
    LONG_PTR,
    LPCWSTR,
    PVOID,
    ULONG,
    Out,
)
from runtime.loader.pe import Image, ImageError
from runtime.loader.pe_resources import MuiConfiguration, parse_mui
from runtime.nt import status as st
from runtime.nt import ui_languages
from runtime.nt.locale import EN_US, known_locales, locale_by_id
from runtime.nt.resources import MUI, language_file_names
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

NLS = "environment"

_RESET_FILTERS = 0x1
_LANGUAGE_ID, _LANGUAGE_NAME = 0x4, 0x8
_MERGE_SYSTEM, _MERGE_USER, _THREAD = 0x10, 0x20, 0x40
_CONSOLE_FILTER, _COMPLEX_FILTER = 0x100, 0x200
_FORMATS = _LANGUAGE_ID | _LANGUAGE_NAME
_LOCALE_NAME_MAX = 85

_BY_FALLBACK, _INSTALLED, _SEARCH_ALL = 0x10, 0x20, 0x40
_PE_FILE, _OTHER_FILE = 0x100, 0x200

_QUERY_TYPE, _QUERY_CHECKSUM, _QUERY_LANGUAGE, _QUERY_TYPES = 1, 2, 4, 8
_NOT_NEUTRAL, _NEUTRAL_MAIN, _LANGUAGE_FILE = 1, 2, 4
_INFO = struct.Struct("<3I16s16s7I8x")
"""FILEMUIINFO."""


@kernel32.export(NLS)
def GetThreadUILanguage(thread: Thread) -> LANGID:
    return ui_languages.chosen_locale(thread).lcid


@kernel32.export(NLS)
def SetThreadUILanguage(thread: Thread, LangId: LANGID) -> LANGID:
    """0 has the system choose. Raises Win32Error(ERROR_INVALID_PARAMETER) for what is no language."""
    thread.ui_languages = (ui_languages.checked(locale_by_id(LangId).name),) if LangId else ()
    return LangId or EN_US


# Lists of languages


def _check_formats(flags: int, allowed: int) -> None:
    if flags & ~allowed or flags & _FORMATS == _FORMATS:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)


def _spell(name: str, flags: int) -> str:
    """A language as the caller wants it; one without a LANGID is LOCALE_CUSTOM_UNSPECIFIED."""
    if not flags & _LANGUAGE_ID:
        return name
    try:
        return f"{ui_languages.language_id(name):04X}"
    except Win32Error:
        return "1000"


def _give_list(thread: Thread, names: tuple[str, ...], flags: int, number: Out[ULONG], buffer: int, size: int) -> int:
    """Store languages, each with a NUL and one more at the end; without a buffer tell the size they need."""
    memory = thread.process.memory
    if not number or not size:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    text = "".join(f"{_spell(name, flags)}\0" for name in names) + "\0" * (1 if names else 2)
    capacity = memory.read_u32(size)
    if bool(capacity) != bool(buffer):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    number.set(len(names))
    memory.write_u32(size, len(text))
    if buffer:
        if capacity < len(text):
            raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
        memory.write(buffer, text.encode("utf-16-le"))
    return 1


def _read_list(thread: Thread, flags: int, address: int) -> tuple[str, ...]:
    """Read at most five languages. Raises Win32Error(ERROR_INVALID_PARAMETER) for what is none."""
    names: list[str] = []
    while address and len(names) < ui_languages.MOST:
        text = thread.process.memory.read_wstr(address)
        if not text:
            break
        name = ui_languages.checked_id(text) if flags & _LANGUAGE_ID else ui_languages.checked(text)
        if name not in names:
            names.append(name)
        address += 2 * (len(text.encode("utf-16-le", "surrogatepass")) // 2 + 1)
    return tuple(names)


@kernel32.export(NLS)
def GetThreadPreferredUILanguages(
    thread: Thread, dwFlags: DWORD, pulNumLanguages: Out[ULONG], pwszLanguagesBuffer: PVOID,
    pcchLanguagesBuffer: PVOID,
) -> BOOL:  # fmt: skip
    """The thread's languages, or these and those that stand in for them."""
    _check_formats(dwFlags, _FORMATS | _MERGE_SYSTEM | _MERGE_USER | _THREAD)
    if dwFlags & _THREAD:
        if dwFlags & (_MERGE_SYSTEM | _MERGE_USER):
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
        names = thread.ui_languages
    else:
        both = _MERGE_SYSTEM | _MERGE_USER
        names = ui_languages.merged(thread, fallbacks=dwFlags & both == both)
    return _give_list(thread, names, dwFlags, pulNumLanguages, pwszLanguagesBuffer, pcchLanguagesBuffer)


@kernel32.export(NLS)
def SetThreadPreferredUILanguages(
    thread: Thread, dwFlags: DWORD, pwszLanguagesBuffer: PVOID, pulNumLanguages: Out[ULONG]
) -> BOOL:
    """Set the thread's languages, none for an empty list; the filters for consoles change nothing here."""
    _check_formats(dwFlags, _FORMATS | _RESET_FILTERS | _CONSOLE_FILTER | _COMPLEX_FILTER)
    filters = dwFlags & (_RESET_FILTERS | _CONSOLE_FILTER | _COMPLEX_FILTER)
    if filters & (filters - 1) or (filters and pwszLanguagesBuffer):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if not filters:
        thread.ui_languages = _read_list(thread, dwFlags, pwszLanguagesBuffer)
    if pulNumLanguages:
        pulNumLanguages.set(len(thread.ui_languages))
    return 1


@kernel32.export(NLS)
def GetProcessPreferredUILanguages(
    thread: Thread, dwFlags: DWORD, pulNumLanguages: Out[ULONG], pwszLanguagesBuffer: PVOID,
    pcchLanguagesBuffer: PVOID,
) -> BOOL:  # fmt: skip
    """The process's languages; none where it set none."""
    _check_formats(dwFlags, _FORMATS)
    names = thread.process.ui_languages
    return _give_list(thread, names, dwFlags, pulNumLanguages, pwszLanguagesBuffer, pcchLanguagesBuffer)


@kernel32.export(NLS)
def SetProcessPreferredUILanguages(
    thread: Thread, dwFlags: DWORD, pwszLanguagesBuffer: PVOID, pulNumLanguages: Out[ULONG]
) -> BOOL:
    """Set the process's languages, which follow those of its threads."""
    _check_formats(dwFlags, _FORMATS)
    thread.process.ui_languages = _read_list(thread, dwFlags, pwszLanguagesBuffer)
    if pulNumLanguages:
        pulNumLanguages.set(len(thread.process.ui_languages))
    return 1


@kernel32.export(NLS)
def GetUserPreferredUILanguages(
    thread: Thread, dwFlags: DWORD, pulNumLanguages: Out[ULONG], pwszLanguagesBuffer: PVOID,
    pcchLanguagesBuffer: PVOID,
) -> BOOL:  # fmt: skip
    _check_formats(dwFlags, _FORMATS)
    names = ui_languages.user_languages()
    return _give_list(thread, names, dwFlags, pulNumLanguages, pwszLanguagesBuffer, pcchLanguagesBuffer)


@kernel32.export(NLS)
def GetSystemPreferredUILanguages(
    thread: Thread, dwFlags: DWORD, pulNumLanguages: Out[ULONG], pwszLanguagesBuffer: PVOID,
    pcchLanguagesBuffer: PVOID,
) -> BOOL:  # fmt: skip
    _check_formats(dwFlags, _FORMATS | 0x800)
    names = ui_languages.system_languages()
    return _give_list(thread, names, dwFlags, pulNumLanguages, pwszLanguagesBuffer, pcchLanguagesBuffer)


async def _enumerate(thread: Thread, callback: int, flags: int, parameter: int, *, wide: bool) -> int:
    _check_formats(flags, _FORMATS | 0xE0)
    place = thread.process.loader.arena.allocate(2 * _LOCALE_NAME_MAX)
    for name in ui_languages.system_languages():
        text = _spell(name, flags if flags & _FORMATS else _LANGUAGE_ID)
        thread.process.memory.write(place, (text + "\0").encode("utf-16-le" if wide else "ascii"))
        if not await thread.call(callback, place, parameter) & 0xFFFFFFFF:
            break
    return 1


@kernel32.export(NLS)
async def EnumUILanguagesW(thread: Thread, lpUILanguageEnumProc: PVOID, dwFlags: DWORD, lParam: LONG_PTR) -> BOOL:
    """Call back with each installed language: en-US."""
    return await _enumerate(thread, lpUILanguageEnumProc, dwFlags, lParam, wide=True)


@kernel32.export(NLS)
async def EnumUILanguagesA(thread: Thread, lpUILanguageEnumProc: PVOID, dwFlags: DWORD, lParam: LONG_PTR) -> BOOL:
    """Call back with each installed language: en-US."""
    return await _enumerate(thread, lpUILanguageEnumProc, dwFlags, lParam, wide=False)


# Language files


def _open(thread: Thread, name: str | None) -> tuple[Image | None, str]:
    """The image in a file, None for a file that is none, and its full path. Raises Win32Error."""
    if not name:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    path = thread.process.full_path(name)
    try:
        image = thread.process.machine.open_image(path)
    except ImageError:
        return None, path
    if image is None:
        raise Win32Error(st.ERROR_FILE_NOT_FOUND)
    return image, path


def _exists(thread: Thread, path: str) -> bool:
    with suppress(NtError), thread.process.machine.drives.resolve(path) as location:
        return location.exists and not location.is_directory
    return False


def _languages_of(thread: Thread, flags: int, wanted: str) -> tuple[str, ...]:
    """The languages whose files are looked for."""
    if wanted:
        return (ui_languages.checked_id(wanted) if flags & _LANGUAGE_ID else ui_languages.checked(wanted),)
    if flags & _SEARCH_ALL:
        first = ui_languages.merged(thread, fallbacks=True)
        names = [locale.name for locale in known_locales()]
        neutral = [name for name in map(ui_languages.parent, names) if name]
        return tuple(dict.fromkeys((*first, *sorted((*names, *neutral)))))
    if flags & _INSTALLED:
        return ui_languages.system_languages()
    return ui_languages.merged(thread, fallbacks=True)


@kernel32.export(NLS)
def GetFileMUIPath(
    thread: Thread, dwFlags: DWORD, pcwszFilePath: LPCWSTR, pwszLanguage: PVOID, pcchLanguage: PVOID,
    pwszFileMUIPath: PVOID, pcchFileMUIPath: PVOID, pululEnumerator: PVOID,
) -> BOOL:  # fmt: skip
    """Find the next language file of a file; the enumerator, 0 at first, says how far the search has come."""
    _check_formats(dwFlags, _FORMATS | _BY_FALLBACK | _INSTALLED | _SEARCH_ALL | _PE_FILE | _OTHER_FILE)
    memory = thread.process.memory
    search = dwFlags & (_BY_FALLBACK | _INSTALLED | _SEARCH_ALL)
    if search & (search - 1) or (dwFlags & _PE_FILE and dwFlags & _OTHER_FILE) or not pcchFileMUIPath:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if not pululEnumerator or not pcwszFilePath:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    path = thread.process.full_path(pcwszFilePath)
    if dwFlags & (_PE_FILE | _OTHER_FILE):
        is_image = bool(dwFlags & _PE_FILE)
    else:
        is_image = _open(thread, pcwszFilePath)[0] is not None
    wanted = memory.read_wstr(pwszLanguage) if pwszLanguage else ""
    names = _languages_of(thread, dwFlags, wanted)
    position = memory.read_u64(pululEnumerator)
    for index in range(min(position, len(names)), len(names)):
        found = next((item for item in _candidates(path, names[index], is_image) if _exists(thread, item)), None)
        if found is None:
            continue
        shown = _spell(names[index], dwFlags)
        fits = _fits(thread, shown, pwszLanguage, pcchLanguage, _LOCALE_NAME_MAX)
        if not _fits(thread, found, pwszFileMUIPath, pcchFileMUIPath, len(found) + 1) or not fits:
            raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
        memory.write_u64(pululEnumerator, index + 1)
        return 1
    raise Win32Error(st.ERROR_NO_MORE_FILES if position or not wanted else st.ERROR_FILE_NOT_FOUND)


def _candidates(path: str, language: str, is_image: bool) -> list[str]:
    if is_image:
        return list(language_file_names(path, language))
    folder, _, name = path.rpartition("\\")
    return [f"{folder}\\{language}\\{name}"]


def _fits(thread: Thread, text: str, buffer: int, size: int, needed: int) -> bool:
    """Store text if there is a buffer; without one tell the size it needs. False for a buffer that is too small."""
    if not size:
        return True
    memory = thread.process.memory
    capacity = memory.read_u32(size)
    if not buffer:
        memory.write_u32(size, needed)
        return True
    if capacity < len(text) + 1:
        memory.write_u32(size, needed)
        return False
    memory.write_wstr(buffer, text)
    memory.write_u32(size, len(text) + 1)
    return True


@kernel32.export(NLS)
def GetFileMUIInfo(
    thread: Thread, dwFlags: DWORD, pcwszFilePath: LPCWSTR, pFileMUIInfo: PVOID, pcbFileMUIInfo: PVOID
) -> BOOL:
    """Say whether a file is language-neutral, a language file or neither, and what its MUI resource has."""
    memory = thread.process.memory
    if dwFlags & ~0xF or not pcbFileMUIInfo:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    given = memory.read_u32(pcbFileMUIInfo)
    if bool(given) != bool(pFileMUIInfo) or (pFileMUIInfo and given < _INFO.size):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if pFileMUIInfo and memory.read_u32(pFileMUIInfo) > given:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    image, _ = _open(thread, pcwszFilePath)
    if image is None:
        raise Win32Error(st.ERROR_BAD_EXE_FORMAT)
    try:
        resource = image.resource(MUI)
    except ImageError:
        raise Win32Error(st.ERROR_BAD_EXE_FORMAT) from None
    data = _describe(parse_mui(resource) if resource else None, dwFlags or _QUERY_TYPE | _QUERY_CHECKSUM)
    memory.write_u32(pcbFileMUIInfo, len(data))
    if not pFileMUIInfo or given < len(data):
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    memory.write(pFileMUIInfo, data)
    return 1


def _describe(mui: MuiConfiguration | None, flags: int) -> bytes:
    """FILEMUIINFO with what was asked for; texts and types follow it."""
    kind, checksum, service = _NOT_NEUTRAL, b"", b""
    tail = bytearray()
    language = main_ids = main_names = mui_ids = mui_names = 0

    def add(data: bytes) -> int:
        if not data:
            return 0
        tail.extend(bytes(-len(tail) % 4))
        tail.extend(data)
        return _INFO.size - 8 + len(tail) - len(data)  # the buffer begins with the structure's last 8 bytes

    if mui is not None:
        kind = _LANGUAGE_FILE if mui.is_language_file else _NEUTRAL_MAIN
        if flags & _QUERY_CHECKSUM:
            checksum, service = mui.checksum, mui.service_checksum
        name = mui.language if mui.is_language_file else mui.fallback_language
        if flags & _QUERY_LANGUAGE and name:
            language = add(f"{name}\0".encode("utf-16-le"))
        if flags & _QUERY_TYPES:
            main_ids, mui_ids = (add(struct.pack(f"<{len(ids)}I", *ids)) for ids in (mui.main_ids, mui.mui_ids))
            main_names, mui_names = (
                add("".join(f"{name}\0" for name in (*names, "")).encode("utf-16-le")) if names else 0
                for names in (mui.main_names, mui.mui_names)
            )
    types = mui if mui is not None and flags & _QUERY_TYPES else None
    head = _INFO.pack(
        max(_INFO.size, _INFO.size - 8 + len(tail)), 1, kind if flags & _QUERY_TYPE else 0, checksum, service,
        language, len(types.main_ids) if types else 0, main_ids, main_names, len(types.mui_ids) if types else 0,
        mui_ids, mui_names,
    )  # fmt: skip
    return (head[:-8] + tail).ljust(_INFO.size, b"\0")
