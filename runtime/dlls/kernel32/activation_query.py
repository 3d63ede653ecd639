"""winbase.h: what an activation context has (FindActCtxSection, QueryActCtx).

The layouts are those of the SDK's winnt.h and winbase.h (ACTCTX_SECTION_KEYED_DATA, ACTIVATION_CONTEXT_…) and, for the
data that the keys lead to, the ACTIVATION_CONTEXT_DATA_… structures of sxstypes.h.
"""

from __future__ import annotations

import struct
from typing import Final

from runtime.dlls.kernel32.activation import context_of
from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.types import BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, PVOID, SIZE_T, ULONG, Out
from runtime.loader.manifest import SETTINGS
from runtime.loader.search import base_name
from runtime.nt import status as st
from runtime.nt.activation import ActivationContext, current, in_force
from runtime.nt.process import Process
from runtime.nt.status import Win32Error
from runtime.nt.thread import Thread

_DLL_REDIRECTION, _WINDOW_CLASS, _COM_SERVER, _PROGID = 2, 3, 4, 7
_RETURN_HANDLE, _RETURN_FLAGS, _RETURN_METADATA = 1, 2, 4
_KEYED_MINIMUM: Final = 68
_KEYED_WITH_FLAGS: Final = 72
_KEYED_WITH_METADATA: Final = 112
_OMITS_ASSEMBLY_ROOT: Final = 2
_THREADING: Final = {"apartment": 1, "free": 2, "both": 4, "neutral": 5}
_NO_THREADING: Final = 3
_FORMAT_VERSION: Final = 1

_USE_ACTIVE, _IS_MODULE, _IS_ADDRESS, _NO_REFERENCE = 4, 8, 0x10, 0x80000000
_BASIC, _DETAILED, _ASSEMBLY, _FILE, _RUN_LEVEL, _COMPATIBILITY = range(1, 7)
_NO_PATH, _WIN32_FILE = 1, 2
_LEVELS: Final = {"": 0, "asinvoker": 1, "highestavailable": 2, "requireadministrator": 3}
_SUPPORTED_SYSTEM, _MAX_VERSION_TESTED = 1, 3
_YEARS: Final = (2005, 2011, 2013, 2016, 2017, 2019, 2020, 2024)
_SETTINGS_NAMESPACES: Final = tuple(SETTINGS.replace("2005", str(year)) for year in _YEARS)


# Sections


def _store(process: Process, context: ActivationContext, key: object, data: bytes) -> int:
    """Keep data in the program's memory as long as the process; the same key gives the same address."""
    address = context.data.get(key)
    if address is None:
        address = context.data[key] = process.loader.arena.allocate(len(data), 8)
        process.memory.write(address, data)
    return address


_Found = tuple[int, bytes, int]
"""Number of the assembly, what is kept for a key, and how much of that is the key's own."""


def _dll(context: ActivationContext, name: str) -> _Found | None:
    """ACTIVATION_CONTEXT_DATA_DLL_REDIRECTION: the DLL lies in its assembly's folder."""
    found = context.file(name)
    return (found[0], struct.pack("<5I", 20, _OMITS_ASSEMBLY_ROOT, 0, 0, 0), 20) if found is not None else None


def _window(context: ActivationContext, name: str) -> _Found | None:
    """ACTIVATION_CONTEXT_DATA_WINDOW_CLASS_REDIRECTION: the class's full name and the DLL that registers it."""
    found = context.window_class(name)
    if found is None:
        return None
    index, file, item = found
    version = context.assemblies[index].identity.version
    full = f"{version}!{item.name}" if item.versioned and version else item.name
    texts = [text.encode("utf-16-le", "surrogatepass") for text in (full, file.name)]
    size = 24 + len(texts[0]) + len(texts[1]) + 4
    head = struct.pack("<6I", 24, 0, len(texts[0]), 24, len(texts[1]), 24 + len(texts[0]) + 2)
    return index, head + b"".join(text + b"\0\0" for text in texts), size


def _com_server(context: ActivationContext, clsid: bytes) -> _Found | None:
    """ACTIVATION_CONTEXT_DATA_COM_SERVER_REDIRECTION; the module's name counts from the section, which begins here."""
    found = context.com_class(clsid)
    if found is None:
        return None
    index, file, item = found
    module = file.name.encode("utf-16-le", "surrogatepass")
    progid = item.progids[0].encode("utf-16-le", "surrogatepass") + b"\0\0" if item.progids else b""
    size = 120 + len(progid)
    threading = _THREADING.get(item.threading_model.lower(), _NO_THREADING)
    head = struct.pack("<3I", 120, 0, threading) + clsid + clsid + clsid + item.tlbid
    names = len(module), size, max(len(progid) - 2, 0), 120 if progid else 0
    return index, head + struct.pack("<6I", *names, 0, 0) + bytes(20) + progid + module + b"\0\0", size


def _progid(context: ActivationContext, name: str) -> _Found | None:
    """ACTIVATION_CONTEXT_DATA_COM_PROGID_REDIRECTION: the CLSID behind a name."""
    lowered = name.lower()
    for index, assembly in enumerate(context.assemblies):
        for file in assembly.files:
            for item in file.classes:
                if any(text.lower() == lowered for text in item.progids):
                    return index, struct.pack("<3I", 12, 0, 12) + item.clsid, 28
    return None


def _has_section(context: ActivationContext, section: int) -> bool:
    files = [file for assembly in context.assemblies for file in assembly.files]
    match section:
        case 2:
            return bool(files)
        case 3:
            return any(file.window_classes for file in files)
        case 4:
            return any(file.classes for file in files)
        case 7:
            return any(item.progids for file in files for item in file.classes)
    return False


def _find(thread: Thread, flags: int, section: int, key: str | bytes, target: int) -> int:
    """Look a key up in the contexts in force and fill in ACTCTX_SECTION_KEYED_DATA. Raises Win32Error."""
    memory, process = thread.process.memory, thread.process
    size = memory.read_u32(target)
    if size < _KEYED_MINIMUM or flags & ~7:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    error = st.ERROR_SXS_SECTION_NOT_FOUND
    for context in in_force(thread):
        if not _has_section(context, section):
            continue
        error = st.ERROR_SXS_KEY_NOT_FOUND
        found = _look_up(context, section, key)
        if found is None:
            continue
        index, data, length = found
        folded = key.lower() if isinstance(key, str) else key
        address = _store(process, context, (section, folded), data)
        handle = 0
        if flags & _RETURN_HANDLE:
            handle = context.handle
            context.references += 1
        out = struct.pack(
            "<IIQI4xQI4xQI4xQI", size, _FORMAT_VERSION, address, length, 0, 0, address, len(data), handle, index + 1
        )
        out += struct.pack("<I", 0)
        if flags & _RETURN_METADATA and size >= _KEYED_WITH_METADATA:
            out += bytes(_KEYED_WITH_METADATA - _KEYED_WITH_FLAGS)
        memory.write(target, out[:size])
        return 1
    raise Win32Error(error)


def _look_up(context: ActivationContext, section: int, key: str | bytes) -> _Found | None:
    if isinstance(key, bytes):
        return _com_server(context, key) if section == _COM_SERVER else None
    match section:
        case 2:
            return _dll(context, key)
        case 3:
            return _window(context, key)
        case 7:
            return _progid(context, key)
    return None


@kernel32.export("dll")
def FindActCtxSectionStringW(
    thread: Thread, dwFlags: DWORD, lpExtensionGuid: PVOID, ulSectionId: ULONG, lpStringToFind: LPCWSTR,
    ReturnedData: PVOID,
) -> BOOL:  # fmt: skip
    """Find what a DLL, a window class or a ProgID is redirected to."""
    if lpExtensionGuid or lpStringToFind is None or not ReturnedData:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return _find(thread, dwFlags, ulSectionId, lpStringToFind, ReturnedData)


@kernel32.export("dll")
def FindActCtxSectionStringA(
    thread: Thread, dwFlags: DWORD, lpExtensionGuid: PVOID, ulSectionId: ULONG, lpStringToFind: LPCSTR,
    ReturnedData: PVOID,
) -> BOOL:  # fmt: skip
    """Find what a DLL, a window class or a ProgID is redirected to."""
    if lpExtensionGuid or lpStringToFind is None or not ReturnedData:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return _find(thread, dwFlags, ulSectionId, thread.process.decode_ansi(lpStringToFind), ReturnedData)


@kernel32.export("dll")
def FindActCtxSectionGuid(
    thread: Thread, dwFlags: DWORD, lpExtensionGuid: PVOID, ulSectionId: ULONG, lpGuidToFind: PVOID,
    ReturnedData: PVOID,
) -> BOOL:  # fmt: skip
    """Find the DLL that a COM class is redirected to."""
    if lpExtensionGuid or not lpGuidToFind or not ReturnedData:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return _find(thread, dwFlags, ulSectionId, thread.process.memory.read(lpGuidToFind, 16), ReturnedData)


# Information


class _Texts:
    """A structure with pointers to texts that lie behind it."""

    def __init__(self, address: int, head_size: int) -> None:
        self._base = address + head_size
        self.data = b""

    def add(self, text: str | None) -> tuple[int, int]:
        """Address and length in bytes of a text with its NUL behind it; 0, 0 for none."""
        if text is None:
            return 0, 0
        encoded = text.encode("utf-16-le", "surrogatepass")
        place = self._base + len(self.data)
        self.data += encoded + b"\0\0"
        return place, len(encoded)


def _detailed(context: ActivationContext, address: int) -> bytes:
    """ACTIVATION_CONTEXT_DETAILED_INFORMATION."""
    texts = _Texts(address, 64)
    root, root_size = texts.add(context.root_path)
    folder, folder_size = texts.add(context.folder + "\\")
    head = struct.pack(
        "<9I4x3Q", 0, 1, len(context.assemblies), _WIN32_FILE, root_size // 2, _NO_PATH, 0, _WIN32_FILE,
        folder_size // 2, root, 0, folder,
    )  # fmt: skip
    return head + texts.data


def _assembly(context: ActivationContext, index: int, address: int) -> bytes:
    """ACTIVATION_CONTEXT_ASSEMBLY_DETAILED_INFORMATION; the program's own manifest is assembly 1."""
    if not 1 <= index <= len(context.assemblies):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    item = context.assemblies[index - 1]
    texts = _Texts(address, 104)
    identity, identity_size = texts.add(item.identity.encoded())
    path, path_size = texts.add(item.manifest_path)
    folder, folder_size = texts.add(base_name(item.directory) if item.directory and index > 1 else None)
    head = struct.pack(
        "<4Iq2Iq6I4QI4x", 0, identity_size, _WIN32_FILE, path_size, 0, _NO_PATH, 0, 0, 0, 1, 0, 0, 0, folder_size,
        identity, path, 0, folder, len(item.files),
    )  # fmt: skip
    return head + texts.data


def _file(context: ActivationContext, index: int, number: int, address: int) -> bytes:
    """ASSEMBLY_FILE_DETAILED_INFORMATION."""
    if not index < len(context.assemblies) or not number < len(context.assemblies[index].files):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    assembly = context.assemblies[index]
    texts = _Texts(address, 32)
    name, name_size = texts.add(assembly.files[number].name)
    path, path_size = texts.add(f"{assembly.directory}\\{assembly.files[number].name}")
    return struct.pack("<3I4x2Q", _DLL_REDIRECTION, name_size, path_size, name, path) + texts.data


def _compatibility(context: ActivationContext) -> bytes:
    """ACTIVATION_CONTEXT_COMPATIBILITY_INFORMATION: a number, then GUID, type and tested version each."""
    elements = [struct.pack("<16sI4xQ", guid, _SUPPORTED_SYSTEM, 0) for guid in context.manifest.supported_systems]
    if context.manifest.tested_version:
        elements.append(struct.pack("<16sI4xQ", bytes(16), _MAX_VERSION_TESTED, context.manifest.tested_version))
    return struct.pack("<I4x", len(elements)) + b"".join(elements)


def _asked(thread: Thread, flags: int, handle: int) -> ActivationContext | None:
    """The context that QueryActCtx is asked of. Raises Win32Error."""
    process = thread.process
    if flags & _USE_ACTIVE:
        if handle:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
        return current(thread) or process.activation.default
    if flags & (_IS_MODULE | _IS_ADDRESS):
        module = process.loader.at(handle) if flags & _IS_ADDRESS else process.loader.by_base(handle)
        if module is None:
            raise Win32Error(st.ERROR_DLL_NOT_FOUND if flags & _IS_ADDRESS else st.ERROR_INVALID_PARAMETER)
        return process.activation.default
    return context_of(process, handle) if handle else process.activation.default


def _without_context(kind: int) -> bytes:
    """What QueryActCtx tells of a process that has no context. Raises Win32Error."""
    if kind == _DETAILED:
        return struct.pack("<9I4x3Q", 0, 1, 0, _NO_PATH, 0, _NO_PATH, 0, _NO_PATH, 0, 0, 0, 0)
    sizes = {_BASIC: 16, _RUN_LEVEL: 12, _COMPATIBILITY: 8}
    if kind not in sizes:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    return bytes(sizes[kind])


@kernel32.export("dll")
def QueryActCtxW(
    thread: Thread, dwFlags: DWORD, hActCtx: HANDLE, pvSubInstance: PVOID, ulInfoClass: ULONG, pvBuffer: PVOID,
    cbBuffer: SIZE_T, pcbWrittenOrRequired: Out[SIZE_T],
) -> BOOL:  # fmt: skip
    """Tell of a context, its assemblies and their files, the run level, or the systems that the program supports."""
    selectors = dwFlags & (_USE_ACTIVE | _IS_MODULE | _IS_ADDRESS)
    if dwFlags & ~(_USE_ACTIVE | _IS_MODULE | _IS_ADDRESS | _NO_REFERENCE) or selectors & (selectors - 1):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if ulInfoClass in (_ASSEMBLY, _FILE) and not pvSubInstance:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    memory = thread.process.memory
    context = _asked(thread, dwFlags, hActCtx)
    if context is None:
        data = _without_context(ulInfoClass)
    elif ulInfoClass == _BASIC:
        data = struct.pack("<QI4x", context.handle, 0)
    elif ulInfoClass == _DETAILED:
        data = _detailed(context, pvBuffer)
    elif ulInfoClass == _ASSEMBLY:
        data = _assembly(context, memory.read_u32(pvSubInstance), pvBuffer)
    elif ulInfoClass == _FILE:
        index, number = struct.unpack("<II", memory.read(pvSubInstance, 8))
        data = _file(context, index, number, pvBuffer)
    elif ulInfoClass == _RUN_LEVEL:
        level = _LEVELS.get(context.manifest.level.lower(), 0)
        data = struct.pack("<3I", 0, level, int(context.manifest.ui_access))
    elif ulInfoClass == _COMPATIBILITY:
        data = _compatibility(context)
    else:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if pcbWrittenOrRequired:
        pcbWrittenOrRequired.set(len(data))
    if not pvBuffer or cbBuffer < len(data):
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    memory.write(pvBuffer, data)
    if ulInfoClass == _BASIC and context is not None and context.handle and not dwFlags & _NO_REFERENCE:
        context.references += 1
    return 1


@kernel32.export("dll")
def QueryActCtxSettingsW(
    thread: Thread, dwFlags: DWORD, hActCtx: HANDLE, settingsNameSpace: LPCWSTR, settingName: LPCWSTR,
    pvBuffer: PVOID, dwBuffer: SIZE_T, pdwWrittenOrRequired: Out[SIZE_T],
) -> BOOL:  # fmt: skip
    """Copy a windowsSettings value, such as dpiAware; sizes are in characters."""
    if (
        dwFlags
        or settingName is None
        or (settingsNameSpace is not None and settingsNameSpace not in _SETTINGS_NAMESPACES)
    ):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    context = context_of(thread.process, hActCtx) if hActCtx else thread.process.activation.default
    if context is None:
        raise Win32Error(st.ERROR_SXS_SECTION_NOT_FOUND)
    value = context.manifest.settings.get((settingsNameSpace or SETTINGS, settingName))
    if value is None:
        raise Win32Error(st.ERROR_SXS_KEY_NOT_FOUND)
    if pdwWrittenOrRequired:
        pdwWrittenOrRequired.set(len(value) + 1)
    if not pvBuffer or dwBuffer < len(value) + 1:
        raise Win32Error(st.ERROR_INSUFFICIENT_BUFFER)
    thread.process.memory.write_wstr(pvBuffer, value)
    return 1
