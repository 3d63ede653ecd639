"""The signature database, and every export of ours held against it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime import dlls
from runtime.dlls.export import Export
from runtime.trace import signatures
from runtime.trace.layout import shape_of
from runtime.trace.signatures import Signature, Type, enum_names, enumeration, lookup, structure

UNDOCUMENTED = Path(__file__).with_name("undocumented_exports.txt")


def every_export() -> list[Export]:
    """All typed exports of all DLLs."""
    found = [dll for name in dlls.names() if (dll := dlls.find(name)) is not None]
    return [export for dll in found for export in dll.exports.values()]


def undocumented() -> set[str]:
    """Exports that Windows has and no public header or metadata declares."""
    lines = UNDOCUMENTED.read_text().splitlines()
    return {line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()}


def documented(dll: str, name: str) -> Signature | None:
    """The prototype of a function under exactly this name: a plain lookup also answers SymInitialize by its W twin."""
    known = lookup(dll, name) or lookup(None, name)
    return known if known is not None and known.name == name else None


EXPORTS = every_export()


def test_there_are_exports_to_check() -> None:
    assert len(EXPORTS) > 100


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: f"{export.dll.name}!{export.name}")
def test_export_has_the_prototype_that_windows_documents(export: Export) -> None:
    ours = [parameter.name for parameter in export.parameters]
    known = documented(export.dll.name, export.name)
    label = f"{export.dll.name}!{export.name}"
    if known is None:
        assert label in undocumented(), f"{label} is in no header: a misspelling, or a line for {UNDOCUMENTED.name}"
        return
    theirs = [parameter.name for parameter in known.parameters]
    assert len(ours) == len(theirs), f"{known.prototype()} has {len(theirs)} parameters, ours has {ours}"
    if export.dll.name == "ntdll.dll":
        return  # its headers do not agree on names
    generic = [name.startswith(("arg", "param")) and name[-1].isdigit() for name in theirs]
    named = [(a, b) for a, b, skip in zip(ours, theirs, generic, strict=True) if not skip]
    assert [a.lower() for a, _ in named] == [b.lower() for _, b in named], known.prototype()


def test_the_list_of_undocumented_exports_has_no_dead_lines() -> None:
    labels = {f"{export.dll.name}!{export.name}" for export in EXPORTS}
    assert not undocumented() - labels
    assert not {label for label in undocumented() if documented(*label.split("!"))}


def test_a_function_is_found_in_its_dll() -> None:
    found = lookup("kernel32.dll", "CreateFileW")
    assert found is not None
    assert found.prototype() == (
        "HANDLE CreateFileW(PWSTR lpFileName, DWORD dwDesiredAccess, FILE_SHARE_MODE dwShareMode, "
        "SECURITY_ATTRIBUTES *lpSecurityAttributes, FILE_CREATION_DISPOSITION dwCreationDisposition, "
        "FILE_FLAGS_AND_ATTRIBUTES dwFlagsAndAttributes, HANDLE hTemplateFile)"
    )
    assert found.parameters[0].direction == "in"


@pytest.mark.parametrize(
    ("dll", "name"),
    [
        ("KERNEL32", "ReadFile"),
        ("kernelbase.dll", "ReadFile"),
        ("api-ms-win-core-file-l1-1-0.dll", "ReadFile"),
        ("msvcrt.dll", "printf"),
        ("ucrtbase.dll", "__stdio_common_vfprintf"),
        ("api-ms-win-crt-heap-l1-1-0.dll", "malloc"),
        ("vcruntime140.dll", "memcpy"),
        ("vcruntime140.dll", "_CxxThrowException"),
        ("ntdll.dll", "NtCreateFile"),
        ("ntdll.dll", "LdrLoadDll"),
        ("ntdll.dll", "RtlAllocateHeap"),
        ("ws2_32.dll", "connect"),
        ("winspool.drv", "OpenPrinterW"),
        (None, "MessageBoxW"),
        ("kernel32.dll", "CreateFile"),
    ],
)
def test_functions_are_found_under_the_names_programs_import(dll: str | None, name: str) -> None:
    assert lookup(dll, name) is not None


@pytest.mark.parametrize(
    ("dll", "name"),
    [("libcurl.dll", "connect"), ("kernel32.dll", "NoSuchFunction"), ("x.dll", ""), ("kernel32.dll", "a\ud800\tb\n")],
)
def test_unknown_functions_have_no_prototype(dll: str, name: str) -> None:
    assert lookup(dll, name) is None


@pytest.mark.parametrize(
    ("enum", "value", "text"),
    [
        ("FILE_SHARE_MODE", 3, "FILE_SHARE_READ|FILE_SHARE_WRITE"),
        ("FILE_SHARE_MODE", 0, "FILE_SHARE_NONE"),
        ("FILE_SHARE_MODE", 0x11, "FILE_SHARE_READ|0x10"),
        ("FILE_CREATION_DISPOSITION", 3, "OPEN_EXISTING"),
        ("FILE_CREATION_DISPOSITION", 99, "99"),
        ("PAGE_PROTECTION_FLAGS", 0x104, "PAGE_READWRITE|PAGE_GUARD"),
        ("VIRTUAL_ALLOCATION_TYPE", 0x3000, "MEM_COMMIT|MEM_RESERVE"),
        ("REG_VALUE_TYPE", 4, "REG_DWORD"),
        ("HKEY", 0x80000001, "HKEY_CURRENT_USER"),
        ("_FILE_ACCESS", 0xC0000000, "GENERIC_READ|GENERIC_WRITE"),
        ("_FILE_ACCESS", 0xC0000008, "GENERIC_READ|GENERIC_WRITE|FILE_READ_EA"),
        ("NO_SUCH_ENUMERATION", 5, "5"),
    ],
)
def test_values_have_the_names_of_their_enumeration(enum: str, value: int, text: str) -> None:
    assert enum_names(enum, value) == text


def test_members_keep_the_order_of_their_declaration() -> None:
    found = enumeration("FILE_CREATION_DISPOSITION")
    assert found is not None
    assert not found.flags
    assert [name for name, _ in found.members][:2] == ["CREATE_NEW", "CREATE_ALWAYS"]


@pytest.mark.parametrize(
    ("name", "size", "alignment"),
    [
        ("OVERLAPPED", 32, 8),
        ("SECURITY_ATTRIBUTES", 24, 8),
        ("STARTUPINFOW", 104, 8),
        ("PROCESS_INFORMATION", 24, 8),
        ("FILETIME", 8, 4),
        ("SYSTEMTIME", 16, 2),
        ("WIN32_FIND_DATAW", 592, 4),
        ("UNICODE_STRING", 16, 8),
        ("OBJECT_ATTRIBUTES", 48, 8),
        ("MEMORY_BASIC_INFORMATION", 48, 8),
        ("MSG", 48, 8),
        ("WNDCLASSEXW", 80, 8),
        ("EXCEPTION_RECORD", 152, 8),
        ("DCB", 28, 4),
    ],
)
def test_structures_have_the_size_they_have_on_windows(name: str, size: int, alignment: int) -> None:
    assert structure(name) is not None
    shape = shape_of(Type(name, 0, "structure"), 8)
    assert shape is not None
    assert (shape.size, shape.alignment) == (size, alignment)


def test_the_database_is_small_and_finds_what_it_holds() -> None:
    path = Path(signatures.__file__).with_suffix(".txt")
    assert path.stat().st_size < 5 << 20
    names = [line.split("\t")[0][2:] for line in path.read_text().splitlines() if line.startswith("f ")][::37]
    assert len(names) > 500
    for name in names:
        assert lookup(None, name) is not None


def test_every_record_of_the_database_can_be_read() -> None:
    path = Path(signatures.__file__).with_suffix(".txt")
    lines = path.read_bytes().splitlines()
    assert lines == sorted(lines)
    for line in lines[::23]:
        letter, name = line.decode().split("\t")[0].split(" ", 1)
        if letter == "f":
            found = lookup(None, name)
            assert found is not None
            assert name in found.prototype()
        elif letter == "t":
            enumeration(name)
        elif letter == "s":
            assert structure(name) is not None
