"""Calls of functions that have only a prototype: arguments from registers and memory."""

from __future__ import annotations

import struct

from tracing import FakeProcess, FakeThread, collecting

from runtime.trace.events import Event
from runtime.trace.text import format_event


def call(
    process: FakeProcess,
    module: str,
    function: str,
    words: list[int],
    result: int,
    before_return: list[tuple[int, bytes]] | None = None,
    reals: list[int] | None = None,
) -> tuple[Event, Event]:
    trace, events, _ = collecting()
    thread = FakeThread(process)
    probe = trace.raw_probe(module, function)
    args = probe.arguments(words.__getitem__, (reals or words).__getitem__)
    token = probe.call(thread, args)
    for address, data in before_return or []:
        process.memory.write(address, data)
    probe.ret(thread, token, args, result)
    trace.flush()
    return events[0], events[1]


def test_crt_calls_show_strings_and_numbers() -> None:
    process = FakeProcess()
    words = [process.place(b"a.txt\0"), process.place(b"rb\0")]
    begin, end = call(process, "msvcrt.dll", "fopen", words, 0x7FF000)
    assert begin.args == {"Filename": "a.txt", "Mode": "rb"}
    assert begin.category == "crt"
    assert end.return_ == "0x7ff000"
    begin, end = call(process, "ucrtbase.dll", "malloc", [0xFFFFFFFF00000010], 0)
    assert begin.args == {"size": 0xFFFFFFFF00000010}
    assert end.return_ is None


def test_integers_are_cut_to_their_width_and_sign() -> None:
    process = FakeProcess()
    begin, end = call(process, "ucrtbase.dll", "abs", [0xDEADBEEF_FFFFFFFE], 0xAAAAAAAA_00000002)
    assert list(begin.args.values()) == [-2]
    assert end.return_ == 2


def test_windows_calls_show_flags_handles_and_written_values() -> None:
    process = FakeProcess()
    written = process.place(bytes(4))
    words = [0x44, 0x10000, 5, written, 0]
    begin, end = call(process, "kernelbase.dll", "WriteFile", words, 1, [(written, b"\x05\0\0\0")])
    assert begin.args["hFile"] == "0x44"
    assert begin.args["nNumberOfBytesToWrite"] == 5
    assert end.args["lpNumberOfBytesWritten"] == 5
    assert end.return_ is True
    words = [process.wide("x.txt"), 0x80000000, 1, 0, 3, 0x80, 0]
    begin, end = call(process, "kernel32.dll", "CreateFileW", words, 0xFFFFFFFFFFFFFFFF)
    assert begin.args["dwDesiredAccess"] == "GENERIC_READ"
    assert begin.args["lpFileName"] == "x.txt"
    assert end.return_ == "INVALID_HANDLE_VALUE"


def test_object_attributes_are_shown_by_their_name() -> None:
    process = FakeProcess()
    path = "\\??\\C:\\x"
    text = process.wide(path)
    name = process.place(struct.pack("<HHIQ", len(path) * 2, len(path) * 2 + 2, 0, text))
    attributes = process.place(struct.pack("<QQQQQQ", 48, 0, name, 0x40, 0, 0))
    handle = process.place(bytes(8))
    status = process.place(bytes(16))
    words = [handle, 0x120089, attributes, status, 0, 0x80, 7, 1, 0x20, 0, 0]
    wrote = [(handle, b"\x54\0\0\0\0\0\0\0"), (status, struct.pack("<QQ", 0, 1))]
    begin, end = call(process, "ntdll.dll", "NtCreateFile", words, 0, wrote)
    assert begin.args["ObjectAttributes"] == {"ObjectName": path, "Attributes": "0x40"}
    assert begin.args["DesiredAccess"] == "FILE_GENERIC_READ"
    assert begin.args["CreateDisposition"] == "FILE_OPEN"
    assert begin.args["CreateOptions"] == "FILE_SYNCHRONOUS_IO_NONALERT"
    assert end.args["FileHandle"] == "0x54"
    assert (end.return_, end.error) == ("0x0", None)
    assert 'ObjectAttributes={ObjectName="\\\\??\\\\C:\\\\x", Attributes=0x40}' in format_event(begin)
    _, end = call(process, "ntdll.dll", "NtCreateFile", words, 0xFFFFFFFF_C0000034)
    assert (end.return_, end.error) == ("0xc0000034", "STATUS_OBJECT_NAME_NOT_FOUND")


def test_structures_are_shown_by_field() -> None:
    process = FakeProcess()
    system_time = process.place(bytes(16))
    wrote = [(system_time, struct.pack("<8H", 2024, 2, 4, 29, 23, 59, 58, 999))]
    _, end = call(process, "kernel32.dll", "GetSystemTime", [system_time], 0, wrote)
    if "lpSystemTime" in end.args:
        shown = end.args["lpSystemTime"]
        assert isinstance(shown, dict)
        assert (shown["wYear"], shown["wMilliseconds"]) == (2024, 999)
    known = process.place(struct.pack("<IHH8s", 0x12345678, 0x1234, 0x5678, bytes(range(8))))
    begin, _ = call(process, "ole32.dll", "CoCreateInstance", [known, 0, 1, known, 0], 0)
    assert begin.args["rclsid"] in ("{12345678-1234-5678-0001-020304050607}", hex(known))


def test_floating_point_arguments_come_from_vector_registers() -> None:
    process = FakeProcess()
    bits = struct.unpack("<Q", struct.pack("<d", 2.5))[0]
    begin, _ = call(process, "ucrtbase.dll", "pow", [0, 0], 0, None, [bits, bits])
    assert list(begin.args.values()) == [2.5, 2.5]


def test_an_unknown_function_shows_four_words() -> None:
    process = FakeProcess()
    begin, end = call(process, "plugin.dll", "frobnicate", [1, 2, 0xFFFFFFFFFFFFFFFF, 0], 7)
    assert begin.args == {"arg1": "0x1", "arg2": "0x2", "arg3": "0xffffffffffffffff", "arg4": "0x0"}
    assert end.return_ == "0x7"


def test_wild_pointers_are_shown_and_not_followed() -> None:
    process = FakeProcess()
    begin, _ = call(process, "msvcrt.dll", "strlen", [0xDEADBEEF0000], 0)
    assert list(begin.args.values()) == ["0xdeadbeef0000"]
    begin, _ = call(process, "kernel32.dll", "FindResourceW", [0, 101, 10], 0)
    assert begin.args["lpName"] in (101, "0x65")
