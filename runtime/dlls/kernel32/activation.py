"""winbase.h: activation contexts."""

from __future__ import annotations

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.structure import Structure
from runtime.dlls.types import BOOL, DWORD, HANDLE, HMODULE, PVOID, ULONG_PTR, WORD, Out
from runtime.loader.pe import Image, ImageError
from runtime.loader.search import directory_of
from runtime.nt import status as st
from runtime.nt.activation import (
    ISOLATION_AWARE_MANIFEST,
    PROCESS_MANIFEST,
    ActivationContext,
    ActivationError,
    current,
    embedded,
    make_context,
    parse,
    read_file,
    register,
    release,
)
from runtime.nt.locale import locale_by_id
from runtime.nt.process import Process
from runtime.nt.resources import path_of
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

_ARCHITECTURE_VALID, _LANGUAGE_VALID, _DIRECTORY_VALID, _RESOURCE_VALID = 1, 2, 4, 8
_SET_DEFAULT, _APPLICATION_VALID, _ASSEMBLY_REFERENCE, _MODULE_VALID = 0x10, 0x20, 0x40, 0x80
_FLAGS = 0xFF
_AMD64 = 9
_FORCE_EARLY_DEACTIVATION = 1


class ACTCTXW(Structure):
    """What a context is to be made of."""

    cbSize: DWORD
    dwFlags: DWORD
    lpSource: PVOID
    wProcessorArchitecture: WORD
    wLangId: WORD
    lpAssemblyDirectory: PVOID
    lpResourceName: PVOID
    lpApplicationName: PVOID
    hModule: HMODULE


def context_of(process: Process, handle: int) -> ActivationContext:
    """The context of a handle. Raises Win32Error(ERROR_INVALID_HANDLE)."""
    found = process.activation.contexts.get(handle)
    if found is None:
        raise Win32Error(st.ERROR_INVALID_HANDLE)
    return found


def _text(process: Process, address: int, *, wide: bool) -> str:
    return process.memory.read_wstr(address) if wide else process.decode_ansi(process.memory.read_str(address))


def _create(thread: Thread, address: int, *, wide: bool) -> int:
    process = thread.process
    given = ACTCTXW.read(process.memory, address)
    flags = given.dwFlags
    if given.cbSize != ACTCTXW.size(process.memory) or flags & ~_FLAGS:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if not (given.lpSource or flags & _MODULE_VALID) or flags & _ASSEMBLY_REFERENCE:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if flags & _ARCHITECTURE_VALID and given.wProcessorArchitecture != _AMD64:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if flags & _SET_DEFAULT and process.activation.default is not None:
        raise Win32Error(st.ERROR_SXS_PROCESS_DEFAULT_ALREADY_SET)
    resource: int | str | None = None
    if flags & _RESOURCE_VALID:
        if not given.lpResourceName:
            raise Win32Error(st.ERROR_INVALID_PARAMETER)
        name = given.lpResourceName
        resource = name if name <= 0xFFFF else _text(process, name, wide=wide)
    if flags & _MODULE_VALID:
        module = process.loader.by_base(given.hModule)
        path = path_of(process, given.hModule or (module.base if module is not None else 0))
        if module is None or module.image is None or path is None:
            raise Win32Error(st.ERROR_SXS_CANT_GEN_ACTCTX)
        if given.lpSource:
            path = process.full_path(_text(process, given.lpSource, wide=wide))
        data = _from_image(module.image, resource)
    else:
        path = process.full_path(_text(process, given.lpSource, wide=wide))
        data = _from_file(process, path, resource)
    folder = directory_of(path)
    if flags & _DIRECTORY_VALID and given.lpAssemblyDirectory:
        folder = process.full_path(_text(process, given.lpAssemblyDirectory, wide=wide)).rstrip("\\")
    language = locale_by_id(given.wLangId).name if flags & _LANGUAGE_VALID and given.wLangId else ""
    try:
        context = make_context(process.machine, parse(data, path), path, folder, language)
    except ActivationError as error:
        raise NtError(error.status) from None
    if flags & _SET_DEFAULT:
        process.activation.default = context
    return register(process, context)


def _from_image(image: Image, resource: int | str | None) -> bytes:
    """The manifest in an image. Raises Win32Error for one that has none of that name."""
    default = ISOLATION_AWARE_MANIFEST if image.is_dll else PROCESS_MANIFEST
    try:
        data = embedded(image, default if resource is None else resource)
        if data is not None:
            return data
        any_manifest = embedded(image, None) is not None
        any_resource = any_manifest or bool(image.resources())
    except ImageError:
        raise Win32Error(st.ERROR_SXS_CANT_GEN_ACTCTX) from None
    if any_manifest:
        raise Win32Error(st.ERROR_RESOURCE_NAME_NOT_FOUND)
    raise Win32Error(st.ERROR_RESOURCE_TYPE_NOT_FOUND if any_resource else st.ERROR_RESOURCE_DATA_NOT_FOUND)


def _from_file(process: Process, path: str, resource: int | str | None) -> bytes:
    """The manifest that a file is, or that an image file has. Raises Win32Error."""
    data = read_file(process.machine, path)
    if data is None:
        raise Win32Error(st.ERROR_FILE_NOT_FOUND)
    if data[:2] != b"MZ":
        return data
    try:
        image = process.machine.open_image(path)
    except ImageError:
        raise Win32Error(st.ERROR_BAD_EXE_FORMAT) from None
    if image is None:
        raise Win32Error(st.ERROR_FILE_NOT_FOUND)
    return _from_image(image, resource)


@kernel32.export("dll", fails=-1)
def CreateActCtxW(thread: Thread, pActCtx: PVOID) -> HANDLE:
    """Make a context from a manifest file, or from a manifest in an image."""
    return _create(thread, pActCtx, wide=True)


@kernel32.export("dll", fails=-1)
def CreateActCtxA(thread: Thread, pActCtx: PVOID) -> HANDLE:
    """Make a context from a manifest file, or from a manifest in an image."""
    return _create(thread, pActCtx, wide=False)


@kernel32.export("dll")
def AddRefActCtx(thread: Thread, hActCtx: HANDLE) -> None:
    context = thread.process.activation.contexts.get(hActCtx)
    if context is not None:
        context.references += 1


@kernel32.export("dll")
def ReleaseActCtx(thread: Thread, hActCtx: HANDLE) -> None:
    context = thread.process.activation.contexts.get(hActCtx)
    if context is not None:
        release(thread.process, context)


@kernel32.export("dll")
def ZombifyActCtx(thread: Thread, hActCtx: HANDLE) -> BOOL:
    """Leave a context without what it redirects, for debugging; handles and activations stay good."""
    context = context_of(thread.process, hActCtx)
    context.assemblies.clear()
    context.manifest.settings.clear()
    return 1


@kernel32.export("dll")
def ActivateActCtx(thread: Thread, hActCtx: HANDLE, lpCookie: Out[ULONG_PTR]) -> BOOL:
    """Have DLLs found through a context, or with NULL through that of the process."""
    state = thread.process.activation
    context = context_of(thread.process, hActCtx) if hActCtx else None
    if context is not None:
        context.references += 1
    cookie = state.next_cookie
    state.next_cookie += 1
    thread.activation.append((cookie, context))
    lpCookie.set(cookie)
    return 1


@kernel32.export("dll")
async def DeactivateActCtx(thread: Thread, dwFlags: DWORD, ulCookie: ULONG_PTR) -> BOOL:
    """End an activation; one that is not the last only by force, which ends those above it."""
    if dwFlags & ~_FORCE_EARLY_DEACTIVATION:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    stack = thread.activation
    index = next((place for place, (cookie, _) in enumerate(stack) if cookie == ulCookie), None)
    if index is None or (index != len(stack) - 1 and not dwFlags):
        # Documented: the function raises an exception.
        code = st.STATUS_SXS_INVALID_DEACTIVATION if index is None else st.STATUS_SXS_EARLY_DEACTIVATION
        raiser = thread.process.loader.address_of("ntdll.dll", "RtlRaiseStatus")
        await thread.call(raiser, code)
        return 0
    for _, context in stack[index:]:
        if context is not None:
            release(thread.process, context)
    del stack[index:]
    return 1


@kernel32.export("dll")
def GetCurrentActCtx(thread: Thread, lphActCtx: Out[HANDLE]) -> BOOL:
    """The context that the thread activated last, with one more reference; NULL for that of the process."""
    context = current(thread)
    if context is not None:
        context.references += 1
    lphActCtx.set(context.handle if context is not None else 0)
    return 1
