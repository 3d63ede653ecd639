"""winbase.h: activation contexts. A context can be made from a manifest, activated and asked for; assemblies are not
looked for, so no context redirects anything.
"""

from __future__ import annotations

import struct

from runtime.dlls.kernel32.dll import kernel32
from runtime.dlls.process_state import process_state
from runtime.dlls.types import BOOL, DWORD, HANDLE, LPCSTR, LPCWSTR, PVOID, SIZE_T, ULONG, ULONG_PTR, Out
from runtime.nt import status as st
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

_SIZE = 56
_FLAGS = 0xFF
_RESOURCE_NAME_VALID, _HMODULE_VALID = 0x8, 0x80
_SXS_CANT_GEN_ACTCTX = 14001
_SXS_SECTION_NOT_FOUND, _SXS_KEY_NOT_FOUND = 14000, 14007
_EARLY_DEACTIVATION = 0xC015000F
_INVALID_DEACTIVATION = 0xC0150010


class _Contexts:
    """The contexts of a process and, by thread, those that are active."""

    def __init__(self) -> None:
        self.references: dict[int, int] = {}
        self.active: dict[int, list[tuple[int, int]]] = {}
        """Thread id → (cookie, context), the current one last."""
        self.next_cookie = 0x1000_0001

    def check(self, handle: int) -> None:
        """Raises Win32Error(ERROR_INVALID_HANDLE) for what is no context."""
        if handle not in self.references:
            raise Win32Error(st.ERROR_INVALID_HANDLE)

    def release(self, handle: int) -> None:
        """Drop one reference."""
        if handle in self.references:
            self.references[handle] -= 1
            if not self.references[handle]:
                del self.references[handle]


def _create(thread: Thread, address: int, *, wide: bool) -> int:
    process = thread.process
    memory = process.memory
    size, flags, source = struct.unpack("<IIQ", memory.read(address, 16))
    if size != _SIZE or flags & ~_FLAGS or not (source or flags & _HMODULE_VALID):
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    if source:
        name = memory.read_wstr(source) if wide else process.decode_ansi(memory.read_str(source))
        try:
            with process.machine.drives.resolve(process.full_path(name)) as location:
                found = location.exists and not location.is_directory
        except NtError:
            found = False
        if not found:
            raise Win32Error(st.ERROR_FILE_NOT_FOUND)
    elif process.loader.by_base(memory.read_u64(address + 48)) is None:
        raise Win32Error(_SXS_CANT_GEN_ACTCTX)
    contexts = process_state(process, _Contexts)
    handle = process.loader.arena.allocate(16)
    contexts.references[handle] = 1
    return handle


@kernel32.export("dll", fails=-1)
def CreateActCtxW(thread: Thread, pActCtx: PVOID) -> HANDLE:
    return _create(thread, pActCtx, wide=True)


@kernel32.export("dll", fails=-1)
def CreateActCtxA(thread: Thread, pActCtx: PVOID) -> HANDLE:
    return _create(thread, pActCtx, wide=False)


@kernel32.export("dll")
def AddRefActCtx(thread: Thread, hActCtx: HANDLE) -> None:
    contexts = process_state(thread.process, _Contexts)
    if hActCtx in contexts.references:
        contexts.references[hActCtx] += 1


@kernel32.export("dll")
def ReleaseActCtx(thread: Thread, hActCtx: HANDLE) -> None:
    process_state(thread.process, _Contexts).release(hActCtx)


@kernel32.export("dll")
def ZombifyActCtx(thread: Thread, hActCtx: HANDLE) -> BOOL:
    process_state(thread.process, _Contexts).check(hActCtx)
    return 1


@kernel32.export("dll")
def ActivateActCtx(thread: Thread, hActCtx: HANDLE, lpCookie: Out[ULONG_PTR]) -> BOOL:
    contexts = process_state(thread.process, _Contexts)
    if hActCtx:  # NULL is the context of the process itself
        contexts.check(hActCtx)
        contexts.references[hActCtx] += 1
    cookie = contexts.next_cookie
    contexts.next_cookie += 1
    contexts.active.setdefault(thread.id, []).append((cookie, hActCtx))
    lpCookie.set(cookie)
    return 1


@kernel32.export("dll")
async def DeactivateActCtx(thread: Thread, dwFlags: DWORD, ulCookie: ULONG_PTR) -> BOOL:
    if dwFlags & ~1:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    contexts = process_state(thread.process, _Contexts)
    stack = contexts.active.get(thread.id, [])
    index = next((place for place, (cookie, _) in enumerate(stack) if cookie == ulCookie), None)
    if index is None or (index != len(stack) - 1 and not dwFlags):
        # Documented: the function raises an exception.
        code = _INVALID_DEACTIVATION if index is None else _EARLY_DEACTIVATION
        raiser = thread.process.loader.address_of("ntdll.dll", "RtlRaiseStatus")
        await thread.call(raiser, code)
        return 0
    for _, handle in stack[index:]:
        contexts.release(handle)
    del stack[index:]
    return 1


@kernel32.export("dll")
def GetCurrentActCtx(thread: Thread, lphActCtx: Out[HANDLE]) -> BOOL:
    contexts = process_state(thread.process, _Contexts)
    stack = contexts.active.get(thread.id)
    handle = stack[-1][1] if stack else 0
    if handle:
        contexts.references[handle] += 1
    lphActCtx.set(handle)
    return 1


def _not_found(thread: Thread) -> Win32Error:
    """Nothing is redirected: without a context there is no section, in one no such key."""
    contexts = process_state(thread.process, _Contexts)
    return Win32Error(_SXS_KEY_NOT_FOUND if contexts.active.get(thread.id) else _SXS_SECTION_NOT_FOUND)


@kernel32.export("dll")
def FindActCtxSectionStringW(
    thread: Thread, dwFlags: DWORD, lpExtensionGuid: PVOID, ulSectionId: ULONG, lpStringToFind: LPCWSTR,
    ReturnedData: PVOID,
) -> BOOL:  # fmt: skip
    if lpExtensionGuid or lpStringToFind is None or not ReturnedData:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    raise _not_found(thread)


@kernel32.export("dll")
def FindActCtxSectionStringA(
    thread: Thread, dwFlags: DWORD, lpExtensionGuid: PVOID, ulSectionId: ULONG, lpStringToFind: LPCSTR,
    ReturnedData: PVOID,
) -> BOOL:  # fmt: skip
    if lpExtensionGuid or lpStringToFind is None or not ReturnedData:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    raise _not_found(thread)


@kernel32.export("dll")
def FindActCtxSectionGuid(
    thread: Thread, dwFlags: DWORD, lpExtensionGuid: PVOID, ulSectionId: ULONG, lpGuidToFind: PVOID,
    ReturnedData: PVOID,
) -> BOOL:  # fmt: skip
    if lpExtensionGuid or not lpGuidToFind or not ReturnedData:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    raise _not_found(thread)


@kernel32.export("dll")
def QueryActCtxSettingsW(
    thread: Thread, dwFlags: DWORD, hActCtx: HANDLE, settingsNameSpace: LPCWSTR, settingName: LPCWSTR,
    pvBuffer: PVOID, dwBuffer: SIZE_T, pdwWrittenOrRequired: Out[SIZE_T],
) -> BOOL:  # fmt: skip
    if dwFlags or settingName is None:
        raise Win32Error(st.ERROR_INVALID_PARAMETER)
    raise Win32Error(_SXS_KEY_NOT_FOUND)
