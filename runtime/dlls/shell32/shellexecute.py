"""shellapi.h: ShellExecute: starting programs, and opening documents with the program the registry names."""

from __future__ import annotations

from runtime.dlls.shell32.dll import shell32
from runtime.dlls.structure import Structure
from runtime.dlls.types import BOOL, DWORD, HANDLE, HINSTANCE, HWND, INT, LPCWSTR, PVOID, ULONG
from runtime.nt import status as st
from runtime.nt.command_line import quote_argument
from runtime.nt.create import Startup, create_process, find_program
from runtime.nt.process import Process
from runtime.nt.status import NtError, Win32Error
from runtime.nt.thread import Thread

_NO_ASSOCIATION = 31
_STARTED = 42
_NOCLOSEPROCESS = 0x40
_PROGRAMS = (".exe", ".com")
_CLASSES = "\\REGISTRY\\MACHINE\\SOFTWARE\\Classes\\"
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


def _associated(process: Process, path: str, verb: str) -> str:
    """Return the command line that opens a document. Raises Win32Error(ERROR_NO_ASSOCIATION)."""
    extension = "." + path.rpartition(".")[2]
    registry = process.machine.registry
    kind = registry.get_string(_CLASSES + extension, "")
    command = registry.get_string(f"{_CLASSES}{kind}\\shell\\{verb or 'open'}\\command", "") if kind else None
    if not command:
        raise Win32Error(st.ERROR_NO_ASSOCIATION)
    line = process.environment().expand(command)
    quoted = f'"{path}"'
    if "%1" in line or "%L" in line:
        return line.replace('"%1"', quoted).replace("%1", path).replace('"%L"', quoted).replace("%L", path)
    return f"{line} {quoted}"


def start(thread: Thread, verb: str, file: str, parameters: str, directory: str | None, show: int) -> Process:
    """Start what ShellExecute is asked to. Raises Win32Error, NtError."""
    process = thread.process
    if verb.lower() not in _VERBS:
        raise Win32Error(st.ERROR_NO_ASSOCIATION)
    startup = Startup(flags=1, show_window=show & 0xFFFF)
    if "." in file.rpartition("\\")[2] and not file.lower().endswith(_PROGRAMS):
        path = process.full_path(file)
        with process.machine.drives.resolve(path) as location:
            if not location.exists:
                raise Win32Error(st.ERROR_FILE_NOT_FOUND)
        line = _associated(process, path, verb.lower())
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
        start(thread, lpOperation or "open", lpFile or "", lpParameters or "", lpDirectory or None, nShowCmd)
    except (NtError, Win32Error) as error:
        thread.last_error = error.error
        return _code(error)
    return _STARTED


shell32.ansi(ShellExecuteW)


@shell32.export("process")
def ShellExecuteExW(thread: Thread, pExecInfo: PVOID) -> BOOL:
    memory = thread.process.memory
    info = SHELLEXECUTEINFOW.read(memory, pExecInfo)
    texts = (info.lpVerb, info.lpFile, info.lpParameters, info.lpDirectory)
    verb, file, parameters, directory = (memory.read_wstr(address) if address else "" for address in texts)
    info.hProcess = 0
    try:
        child = start(thread, verb or "open", file, parameters, directory or None, info.nShow)
    except (NtError, Win32Error) as error:
        info.hInstApp = _code(error)
        info.write(memory, pExecInfo)
        raise
    info.hInstApp = _STARTED
    if info.fMask & _NOCLOSEPROCESS:
        info.hProcess = thread.process.handles.open(child, 0x1FFFFF)
    info.write(memory, pExecInfo)
    return 1
