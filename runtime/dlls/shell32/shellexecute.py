"""shellapi.h: ShellExecute: starting programs, and opening documents with the program the registry names."""

from __future__ import annotations

from runtime.dlls.associations import class_of, command_line, command_of, extension_of, program_of
from runtime.dlls.kernel32.processenv import search_path
from runtime.dlls.shell32.dll import shell32
from runtime.dlls.shell32.idlist import path_of
from runtime.dlls.structure import Structure
from runtime.dlls.text import encode_text
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    HINSTANCE,
    HWND,
    INT,
    LPCSTR,
    LPCWSTR,
    LPSTR,
    LPWSTR,
    PVOID,
    ULONG,
)
from runtime.nt import status as st
from runtime.nt.command_line import quote_argument
from runtime.nt.create import Startup, create_process, find_program
from runtime.nt.process import Process
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

_NO_ASSOCIATION = 31
_STARTED = 42
_FOUND = 33
_CLASSNAME, _CLASSKEY, _IDLIST, _NOCLOSEPROCESS, _DOENVSUBST = 0x1, 0x3, 0x4, 0x40, 0x200
"""SEE_MASK_ flags."""
_PROGRAMS = (".exe", ".com")
_VERBS = ("open", "runas", "")


class SHELLEXECUTEINFOW(Structure):
    cbSize: DWORD
    fMask: ULONG
    hwnd: HWND
    lpVerb: PVOID
    lpFile: PVOID
    lpParameters: PVOID
    lpDirectory: PVOID
    nShow: INT
    hInstApp: HINSTANCE
    lpIDList: PVOID
    lpClass: PVOID
    hkeyClass: HANDLE
    dwHotKey: DWORD
    hMonitor: HANDLE
    hProcess: HANDLE


def is_document(file: str) -> bool:
    """Whether a name is one that the registry has to say a program for."""
    return "." in file.rpartition("\\")[2] and not file.lower().endswith(_PROGRAMS)


def existing_file(process: Process, file: str) -> str:
    """Return the full path of a file. Raises Win32Error(ERROR_FILE_NOT_FOUND), NtError."""
    path = process.full_path(file)
    with process.machine.drives.resolve(path) as location:
        if not location.exists:
            raise Win32Error(st.ERROR_FILE_NOT_FOUND)
    return path


def _is_folder(process: Process, file: str) -> bool:
    try:
        with process.machine.drives.resolve(process.full_path(file)) as location:
            return location.exists and location.is_directory
    except NtError:
        return False


def opening_command(process: Process, path: str, verb: str, kind: str | None = None) -> str:
    """Return the registered command that opens a document. Raises Win32Error(ERROR_NO_ASSOCIATION)."""
    kind = kind or class_of(process, extension_of(path))
    command = command_of(process, kind, verb) if kind else None
    if not command:
        raise Win32Error(st.ERROR_NO_ASSOCIATION)
    return command


def start(
    thread: Thread, verb: str, file: str, parameters: str, directory: str | None, show: int, kind: str | None = None
) -> Process:
    """Start what ShellExecute is asked to; `kind` is the class to take for a document. Raises Win32Error, NtError."""
    process = thread.process
    startup = Startup(flags=1, show_window=show & 0xFFFF)
    scheme = file.partition(":")[0] if len(file.partition(":")[0]) > 1 and ":" in file else ""
    if scheme or kind is not None or is_document(file) or _is_folder(process, file):
        path = file if scheme else existing_file(process, file)
        found = kind or scheme or ("Folder" if _is_folder(process, file) else None)
        command = opening_command(process, path, "" if verb.lower() == "runas" else verb.lower(), found)
        line = command_line(process, command, path, parameters, directory or process.current_directory)
    elif verb.lower() not in _VERBS:
        raise Win32Error(st.ERROR_NO_ASSOCIATION)
    else:
        line = f"{quote_argument(file) if ' ' in file else file} {parameters}".rstrip()
    program = find_program(process, None, line)
    first = create_process(process, program, inherit=False, flags=0, environment=None, directory=directory,
                           startup=startup)  # fmt: skip
    return first.process


def _code(error: NtError | Win32Error) -> int:
    """Return ShellExecute's result for a failure: a value up to 32."""
    codes = {
        st.ERROR_FILE_NOT_FOUND: 2, st.ERROR_PATH_NOT_FOUND: 3, st.ERROR_ACCESS_DENIED: 5,
        st.ERROR_BAD_EXE_FORMAT: 11, st.ERROR_NO_ASSOCIATION: _NO_ASSOCIATION,
    }  # fmt: skip
    return codes.get(error.error, 11)


@shell32.export("process")
def ShellExecuteW(
    thread: Thread, hwnd: HWND, lpOperation: LPCWSTR, lpFile: LPCWSTR, lpParameters: LPCWSTR, lpDirectory: LPCWSTR,
    nShowCmd: INT,
) -> HINSTANCE:  # fmt: skip
    try:
        start(thread, lpOperation or "", lpFile or "", lpParameters or "", lpDirectory or None, nShowCmd)
    except (NtError, Win32Error) as error:
        thread.last_error = error.error
        return _code(error)
    return _STARTED


shell32.ansi(ShellExecuteW)


def _execute(thread: Thread, address: int, *, wide: bool) -> int:
    memory = thread.process.memory
    info = SHELLEXECUTEINFOW.read(memory, address)
    if info.cbSize != SHELLEXECUTEINFOW.size(memory):
        raise Win32Error(st.ERROR_ACCESS_DENIED)  # so Windows says

    def text(pointer: int) -> str:
        if not pointer:
            return ""
        return memory.read_wstr(pointer) if wide else thread.process.decode_ansi(memory.read_str(pointer))

    verb, file, parameters, directory = map(text, (info.lpVerb, info.lpFile, info.lpParameters, info.lpDirectory))
    kind = text(info.lpClass) if info.fMask & _CLASSKEY == _CLASSNAME else None
    if info.fMask & _DOENVSUBST:
        expand = thread.process.environment().expand
        file, directory = expand(file), expand(directory)
    info.hProcess = 0
    try:
        if not file and info.fMask & _IDLIST and info.lpIDList:
            file = path_of(memory, info.lpIDList) or ""
        child = start(thread, verb, file, parameters, directory or None, info.nShow, kind)
    except (NtError, Win32Error) as error:
        info.hInstApp = _code(error)
        info.write(memory, address)
        raise
    info.hInstApp = _STARTED
    if info.fMask & _NOCLOSEPROCESS:
        info.hProcess = thread.process.handles.open(child, 0x1FFFFF)
    info.write(memory, address)
    return 1


@shell32.export("process")
def ShellExecuteExW(thread: Thread, pExecInfo: PVOID) -> BOOL:
    """Start a program, or open a document with the program of its class."""
    return _execute(thread, pExecInfo, wide=True)


@shell32.export("process")
def ShellExecuteExA(thread: Thread, pExecInfo: PVOID) -> BOOL:
    """ShellExecuteExW through the ANSI code page."""
    return _execute(thread, pExecInfo, wide=False)


def _find(thread: Thread, file: str | None, directory: str | None) -> str:
    """Return the program that opens a file; the file itself when it is one. Raises Win32Error, NtError."""
    process = thread.process
    if not file:
        raise Win32Error(st.ERROR_FILE_NOT_FOUND)
    folders = f"{directory};{process.current_directory}" if directory else None
    found = search_path(thread, folders, file, ".exe") or search_path(thread, None, file, ".exe")
    if found is None:
        raise Win32Error(st.ERROR_FILE_NOT_FOUND)
    if not is_document(found):
        return found
    program = program_of(process.environment().expand(opening_command(process, found, "")))
    if program == "%1":
        return found
    known = search_path(thread, None, program, ".exe")
    if known is None:
        raise Win32Error(st.ERROR_NO_ASSOCIATION)
    return known


def _find_executable(thread: Thread, file: str | None, directory: str | None, buffer: int, *, wide: bool) -> int:
    memory = thread.process.memory
    memory.write(buffer, bytes(2 if wide else 1))
    try:
        found = _find(thread, file, directory)
    except (NtError, Win32Error) as error:
        return _code(error)
    memory.write(buffer, encode_text(thread, found + "\0", wide))
    return _FOUND


@shell32.export("process")
def FindExecutableW(thread: Thread, lpFile: LPCWSTR, lpDirectory: LPCWSTR, lpResult: LPWSTR) -> HINSTANCE:
    """Return the program that opens a file; a value up to 32 is an error."""
    return _find_executable(thread, lpFile, lpDirectory, lpResult, wide=True)


@shell32.export("process")
def FindExecutableA(thread: Thread, lpFile: LPCSTR, lpDirectory: LPCSTR, lpResult: LPSTR) -> HINSTANCE:
    """FindExecutableW through the ANSI code page."""
    decode = thread.process.decode_ansi
    file, directory = (None if text is None else decode(text) for text in (lpFile, lpDirectory))
    return _find_executable(thread, file, directory, lpResult, wide=False)
