"""Recording calls: what is captured, how it is shown as JSON and as text."""

from __future__ import annotations

import json
from typing import Annotated

import pytest
from tracing import FakeProcess, FakeThread, collecting, inout_dword, out_dword, out_handle

from runtime.dlls.codec import codec_of
from runtime.dlls.export import Dll, Export
from runtime.dlls.structure import Structure, WideChars
from runtime.dlls.types import (
    BOOL,
    DWORD,
    HANDLE,
    HKEY,
    INVALID_HANDLE_VALUE,
    LPCWSTR,
    LPVOID,
    LPWSTR,
    LSTATUS,
    NTSTATUS,
    Enum,
    In,
    InBytes,
    InOut,
    Names,
    Out,
    OutBytes,
)
from runtime.memory.constants import MEM_COMMIT, MEM_RESERVE, PAGE_GUARD, PAGE_READWRITE
from runtime.nt.status import (
    ERROR_FILE_NOT_FOUND,
    STATUS_OBJECT_NAME_NOT_FOUND,
    NtError,
    Win32Error,
)
from runtime.nt.thread import Thread
from runtime.trace.events import Event, decode, encode
from runtime.trace.text import format_event
from runtime.trace.trace import Trace

kernel32 = Dll("kernel32.dll")
advapi32 = Dll("advapi32.dll")
ntdll = Dll("ntdll.dll")


class FINDDATA(Structure):
    dwFileAttributes: DWORD
    cFileName: Annotated[str, WideChars(8)]


@kernel32.export(category="file_io", fails=INVALID_HANDLE_VALUE)
def CreateFileW(
    thread: Thread,
    lpFileName: LPCWSTR,
    dwDesiredAccess: DWORD,
    dwShareMode: DWORD,
    lpSecurityAttributes: LPVOID,
    dwCreationDisposition: DWORD,
    dwFlagsAndAttributes: DWORD,
    hTemplateFile: HANDLE,
) -> HANDLE: ...


@kernel32.export(category="file_io")
def WriteFile(
    thread: Thread,
    hFile: HANDLE,
    lpBuffer: Annotated[int, InBytes("nNumberOfBytesToWrite")],
    nNumberOfBytesToWrite: DWORD,
    lpNumberOfBytesWritten: Out[DWORD],
    lpOverlapped: LPVOID,
) -> BOOL: ...


@kernel32.export(category="file_io")
def ReadFile(
    thread: Thread,
    hFile: HANDLE,
    lpBuffer: Annotated[int, OutBytes("nNumberOfBytesToRead", actual="lpNumberOfBytesRead")],
    nNumberOfBytesToRead: DWORD,
    lpNumberOfBytesRead: Out[DWORD],
    lpOverlapped: LPVOID,
) -> BOOL: ...


@kernel32.export(category="process")
def GetModuleFileNameW(thread: Thread, hModule: HANDLE, lpFilename: LPWSTR, nSize: DWORD) -> DWORD: ...


@kernel32.export(category="synchronization", fails=0xFFFFFFFF)
def WaitForSingleObject(thread: Thread, hHandle: HANDLE, dwMilliseconds: DWORD) -> DWORD: ...


@kernel32.export(category="file_io")
def Made(
    thread: Thread,
    flags: Annotated[int, Names((("ONE", 1), ("TWO", 2)))],
    protect: Annotated[DWORD, Enum("PAGE_PROTECTION_FLAGS")],
    data: Out[FINDDATA],
    given: In[DWORD],
    size: InOut[DWORD],
) -> BOOL: ...


@advapi32.export(category="registry")
def RegOpenKeyExW(
    thread: Thread, hKey: HKEY, lpSubKey: LPCWSTR, ulOptions: DWORD, samDesired: DWORD, phkResult: Out[HKEY]
) -> LSTATUS: ...


@ntdll.export(category="file_io")
def NtClose(thread: Thread, Handle: HANDLE) -> NTSTATUS: ...


ntdll.export(category="process", name="NtTerminateProcess")(NtClose)


def export(dll: Dll, name: str) -> Export:
    return dll.exports[name]


def traced(
    trace: Trace,
    events: list[Event],
    which: Export,
    args: list[object],
    result: object,
    error: NtError | Win32Error | None = None,
    thread: FakeThread | None = None,
) -> tuple[Event, Event]:
    """Trace one call and its return; return both events."""
    thread = thread or FakeThread()
    probe = trace.probe(which)
    assert probe is not None
    token = probe.call(thread, args)
    probe.ret(thread, token, args, result, error)
    trace.flush()
    return events[-2], events[-1]


def test_arguments_print_with_the_names_of_windows_headers() -> None:
    trace, events, _ = collecting()
    args: list[object] = ["C:\\a b.txt", 0xC0000000, 3, 0, 3, 0x80, 0]
    call, ret = traced(trace, events, export(kernel32, "CreateFileW"), args, 0x44)
    assert call.args == {
        "lpFileName": "C:\\a b.txt",
        "dwDesiredAccess": "GENERIC_READ|GENERIC_WRITE",
        "dwShareMode": "FILE_SHARE_READ|FILE_SHARE_WRITE",
        "lpSecurityAttributes": None,
        "dwCreationDisposition": "OPEN_EXISTING",
        "dwFlagsAndAttributes": "FILE_ATTRIBUTE_NORMAL",
        "hTemplateFile": None,
    }
    assert ret.return_ == "0x44"
    assert ret.error is None
    assert ret.call == call.seq


def test_a_json_line_has_the_documented_keys_in_order() -> None:
    trace, events, _ = collecting()
    call, ret = traced(trace, events, export(ntdll, "NtClose"), [4], 0)
    keys = [
        "seq",
        "timestamp",
        "process_id",
        "thread_id",
        "event",
        "category",
        "module",
        "function",
        "args",
        "return",
        "error",
        "call",
        "elapsed",
        "caller",
    ]
    for event in (call, ret):
        assert list(json.loads(encode(event))) == keys
    assert decode(encode(call)) == call


def test_text_has_the_documented_form() -> None:
    trace, events, ticks = collecting()
    ticks.now = 12_345_6789
    thread = FakeThread()
    probe = trace.probe(export(ntdll, "NtClose"))
    assert probe is not None
    token = probe.call(thread, [0x44])
    ticks.now += 1500
    probe.ret(thread, token, [0x44], 0xC0000008, NtError(0xC0000008))
    trace.flush()
    assert [format_event(event) for event in events] == [
        "[12.346] [TID:1004] CALL   NtClose(Handle=0x44)\n",
        "[12.346] [TID:1004] RETURN NtClose() -> 0xc0000008 STATUS_INVALID_HANDLE <0.000150>\n",
    ]


def test_a_failing_call_shows_its_error_by_name_and_no_output_arguments() -> None:
    trace, events, _ = collecting()
    args: list[object] = ["x", 0x80000000, 0, 0, 3, 0, 0]
    _, ret = traced(trace, events, export(kernel32, "CreateFileW"), args, -1, NtError(STATUS_OBJECT_NAME_NOT_FOUND))
    assert ret.return_ == "INVALID_HANDLE_VALUE"
    assert ret.error == "ERROR_FILE_NOT_FOUND"
    process = FakeProcess()
    failed = [5, 0, 4, out_dword(process, 99), 0]
    _, ret = traced(trace, events, export(kernel32, "ReadFile"), failed, 0, Win32Error(ERROR_FILE_NOT_FOUND))
    assert ret.args == {}
    assert ret.return_ is False


def test_win32_codes_as_results_are_named() -> None:
    trace, events, _ = collecting()
    process = FakeProcess()
    args: list[object] = [0xFFFFFFFF80000002, "SOFTWARE", 0, 0x20019, out_handle(process, 0x54)]
    call, ret = traced(trace, events, export(advapi32, "RegOpenKeyExW"), args, 0, None, FakeThread(process))
    assert call.args["hKey"] == "HKEY_LOCAL_MACHINE"
    assert call.args["samDesired"] == "KEY_READ"
    assert ret.args == {"phkResult": "0x54"}
    assert (ret.return_, ret.error) == (0, None)
    _, ret = traced(trace, events, export(advapi32, "RegOpenKeyExW"), args, 2)
    assert (ret.return_, ret.error) == (2, "ERROR_FILE_NOT_FOUND")


def test_an_input_buffer_is_captured_when_the_call_is_made() -> None:
    trace, events, _ = collecting()
    process = FakeProcess()
    thread = FakeThread(process)
    buffer = process.place(b"Hello, world\n" * 10)
    args: list[object] = [0x7, buffer, 130, out_dword(process, 130), 0]
    probe = trace.probe(export(kernel32, "WriteFile"))
    assert probe is not None
    token = probe.call(thread, args)
    process.memory.write(buffer, b"overwritten!!")
    probe.ret(thread, token, args, 1)
    trace.flush()
    shown = events[0].args["lpBuffer"]
    assert isinstance(shown, dict)
    assert shown["size"] == 130
    assert bytes.fromhex(str(shown["hex"])) == (b"Hello, world\n" * 10)[:32]
    assert "lpBuffer=<130 bytes: 48656c6c6f" in format_event(events[0])
    assert events[1].args == {"lpNumberOfBytesWritten": 130}
    assert events[1].return_ is True


def test_an_output_buffer_shows_what_was_written_not_what_fits() -> None:
    trace, events, _ = collecting()
    process = FakeProcess()
    buffer = process.place(b"hello" + bytes(4091))
    args: list[object] = [0x7, buffer, 4096, out_dword(process, 5), 0]
    call, ret = traced(trace, events, export(kernel32, "ReadFile"), args, 1, None, FakeThread(process))
    assert call.args["lpBuffer"] == hex(buffer)
    assert ret.args["lpBuffer"] == {"size": 5, "hex": b"hello".hex(), "text": "hello"}
    assert 'lpBuffer=<5 bytes: 68656c6c6f "hello">' in format_event(ret)


def test_a_string_the_function_fills_is_shown_on_return() -> None:
    trace, events, _ = collecting()
    process = FakeProcess()
    args: list[object] = [0, process.wide("C:\\prog.exe"), 260]
    call, ret = traced(trace, events, export(kernel32, "GetModuleFileNameW"), args, 11, None, FakeThread(process))
    assert str(call.args["lpFilename"]).startswith("0x")
    assert ret.args == {"lpFilename": "C:\\prog.exe"}
    args = [0, process.wide("C:\\prog.exe and what lay there before"), 260]
    _, ret = traced(trace, events, export(kernel32, "GetModuleFileNameW"), args, 11, None, FakeThread(process))
    assert ret.args == {"lpFilename": "C:\\prog.exe"}


def test_annotations_name_values_that_the_metadata_does_not() -> None:
    trace, events, _ = collecting()
    process = FakeProcess()
    found = process.place(bytes(FINDDATA(dwFileAttributes=0x20, cFileName="a.txt").pack(8)))
    given = In(process.place(b"\x07\0\0\0"), codec_of(DWORD), process.memory)
    args: list[object] = [3, 4, Out(found, codec_of(FINDDATA), process.memory), given, inout_dword(process, 9)]
    call, ret = traced(trace, events, export(kernel32, "Made"), args, 1, None, FakeThread(process))
    assert call.args == {"flags": "ONE|TWO", "protect": "PAGE_READWRITE", "data": hex(found), "given": 7, "size": 9}
    assert ret.args == {"data": {"dwFileAttributes": 0x20, "cFileName": "a.txt"}, "size": 9}


def test_results_with_names_and_constants_for_numbers() -> None:
    trace, events, _ = collecting()
    call, ret = traced(trace, events, export(kernel32, "WaitForSingleObject"), [4, 0xFFFFFFFF], 0x102)
    assert call.args == {"hHandle": "0x4", "dwMilliseconds": "INFINITE"}
    assert ret.return_ == "WAIT_TIMEOUT"


def test_strings_are_bounded_and_quoted() -> None:
    trace, events, _ = collecting()
    args: list[object] = ['a"b\\c\n\x1b[0m\ud800' + "x" * 1000, 0, 0, 0, 0, 0, 0]
    call, _ = traced(trace, events, export(kernel32, "CreateFileW"), args, 4)
    name = call.args["lpFileName"]
    assert isinstance(name, str)
    assert len(name) == 257
    assert name.endswith("x…")
    text = format_event(call)
    assert text.startswith('[12.345] [TID:1004] CALL   CreateFileW(lpFileName="a\\"b\\\\c\\n\\x1b[0m\\ud800xxx')
    assert text.count("\n") == 1
    assert "\\ud800" in json.loads(encode(call))["args"]["lpFileName"]


def test_tracing_leaves_guard_pages_armed_and_bad_pointers_alone() -> None:
    trace, events, _ = collecting()
    process = FakeProcess()
    result = process.memory.allocate(0, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD)
    guard = result if isinstance(result, int) else result[0]
    for address in (guard, 0xDEAD0000, 0x7FFF_FFFF_FFFF_0000, 8):
        args: list[object] = [4, address, 16, out_dword(process, 16), 0]
        call, ret = traced(trace, events, export(kernel32, "WriteFile"), args, 1, None, FakeThread(process))
        assert call.args["lpBuffer"] == hex(address)
        args = [4, address, 16, Out(address, codec_of(DWORD), process.memory), 0]
        _, ret = traced(trace, events, export(kernel32, "ReadFile"), args, 1, None, FakeThread(process))
        assert ret.args == {}
    assert process.memory.query(guard).protect & PAGE_GUARD


def test_pseudo_handles_have_names() -> None:
    trace, events, _ = collecting()
    call, _ = traced(trace, events, export(ntdll, "NtTerminateProcess"), [0xFFFFFFFFFFFFFFFF], 0)
    assert call.args["Handle"] in ("INVALID_HANDLE_VALUE", "NtCurrentProcess()")


def test_callers_are_named_by_the_modules_loaded_then() -> None:
    trace, events, _ = collecting()
    thread = FakeThread()
    trace.load(1000, 0, "prog.exe", "C:\\prog.exe", 0x140000000, 0x5000)
    traced(trace, events, export(ntdll, "NtClose"), [4], 0, None, thread)
    trace.unload(1000, 0, "prog.exe", 0x140000000)
    traced(trace, events, export(ntdll, "NtClose"), [4], 0, None, thread)
    calls = [event.caller for event in events if event.event == "call"]
    assert calls == ["prog.exe+0x1234", "0x140001234"]
    assert [event.event for event in events] == ["load", "call", "return", "unload", "call", "return"]


def test_exceptions_threads_and_processes_are_events() -> None:
    trace, events, _ = collecting()
    thread = FakeThread()
    trace.process_start(1000, 0, "C:\\prog.exe", "prog.exe -v", 4)
    trace.thread_start(1000, 1004, 0x140001000, 0)
    trace.exception(thread, 0xC0000005, 0, 0x140001010, (0, 0))
    trace.output(1000, 1004, "stdout", b"hi\n")
    trace.thread_exit(1000, 1004, 0xC0000005)
    trace.process_exit(1000, 1004, 0xC0000005)
    trace.flush()
    assert [event.event for event in events] == [
        "process_start", "thread_start", "exception", "output", "thread_exit", "process_exit",
    ]  # fmt: skip
    assert events[2].error == "EXCEPTION_ACCESS_VIOLATION"
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
    for event in events:
        assert format_event(event).startswith("[12.345] [TID:")
        json.loads(encode(event))


def test_an_event_that_cannot_be_shown_does_not_end_the_trace() -> None:
    trace, events, _ = collecting()
    call, ret = traced(trace, events, export(ntdll, "NtClose"), ["not a handle"], 0)
    assert "cannot be shown" in str(call.args["trace"])
    assert ret.return_ == "0x0"


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33])
def test_buffers_of_every_length_read_back(length: int) -> None:
    trace, events, _ = collecting()
    process = FakeProcess()
    data = bytes(range(1, length + 1))
    args: list[object] = [4, process.place(data), length, out_dword(process, length), 0]
    call, _ = traced(trace, events, export(kernel32, "WriteFile"), args, 1, None, FakeThread(process))
    shown = call.args["lpBuffer"]
    assert isinstance(shown, dict)
    assert bytes.fromhex(str(shown["hex"])) == data[:32]
    assert format_event(call)
