"""The PE reader: what it reads from real images, what Windows would refuse, and that nothing crashes it."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.loader import pe, pe_tables
from runtime.loader.pe import Image, ImageError, WrongMachineError
from tests.conftest import Compiler

SOURCE = r"""
#include <stdio.h>
_Thread_local int counter = 7;
__declspec(dllexport) int first(int x) { return x + counter; }
__declspec(dllexport) int data_export = 3;
int main(void) { return printf("%d\n", first(1)) < 0; }
"""

DLL_SOURCE = r"""
__declspec(dllexport) int alpha(void) { return 1; }
__declspec(dllexport) int beta(void) { return 2; }
int pointer_target; __declspec(dllexport) int *needs_relocation = &pointer_target;
int _DllMainCRTStartup(void *module, unsigned reason, void *reserved) { return 1; }
"""

DEFINITIONS = """LIBRARY named.dll
EXPORTS
  alpha @5
  beta @7 NONAME
  forwarded=kernel32.GetTickCount @9
  by_number=kernel32.#12 @10
"""


@pytest.fixture(scope="module")
def program(compile_c: Compiler) -> Path:
    return compile_c(SOURCE)


@pytest.fixture(scope="module")
def library(compile_c: Compiler, tmp_path_factory: pytest.TempPathFactory) -> Path:
    definitions = tmp_path_factory.getbasetemp() / "named.def"
    definitions.write_text(DEFINITIONS)
    return compile_c(DLL_SOURCE, "-shared", "-nostdlib", str(definitions), name="named.dll")


@pytest.fixture(scope="module")
def good(program: Path) -> bytes:
    return program.read_bytes()


def optional_offset(data: bytes) -> int:
    return int(struct.unpack_from("<I", data, 0x3C)[0]) + 24


def patched(data: bytes, offset: int, layout: str, *values: int) -> bytes:
    """`data` with `values` packed over it at `offset`."""
    copy = bytearray(data)
    struct.pack_into(layout, copy, offset, *values)
    return bytes(copy)


def section_offset(data: bytes, number: int) -> int:
    header = optional_offset(data) - 24
    return header + 24 + int(struct.unpack_from("<H", data, header + 20)[0]) + 40 * number


def test_headers_of_a_real_program(program: Path) -> None:
    with Image.open(program) as image:
        image.check_loadable()
        assert image.machine == pe.MACHINE_AMD64
        assert (image.format_name, image.pointer_size, image.is_dll) == ("PE32+", 8, False)
        assert image.section_alignment == 0x1000
        assert image.subsystem == 3
        text = image.section_of(image.entry_point)
        assert text is not None
        assert text.name == ".text"
        assert text.characteristics & pe.SECTION_EXECUTE
        assert not text.characteristics & pe.SECTION_WRITE
        assert image.headers()[:2] == b"MZ"
        assert image.read(image.entry_point, 16) == bytes(image.section_data(text)[image.entry_point - 0x1000 :][:16])


def test_imports_name_their_thunks(program: Path) -> None:
    with Image.open(program) as image:
        dlls = {dll.name.lower(): dll for dll in image.imports()}
        kernel32 = dlls["kernel32.dll"]
        names = [symbol.name for symbol in kernel32.symbols]
        assert "GetLastError" in names or "Sleep" in names
        assert [symbol.thunk for symbol in kernel32.symbols] == [kernel32.thunks + 8 * i for i in range(len(names))]
        assert any(name.startswith("api-ms-win-crt-") for name in dlls)


def test_tls_and_exception_directory(program: Path) -> None:
    with Image.open(program) as image:
        tls = image.tls()
        assert tls is not None
        assert b"\7\0\0\0" in image.read(tls.template, tls.template_size)
        assert all(image.section_of(callback) for callback in tls.callbacks)
        rva, size = image.exception_directory
        assert size % 12 == 0
        begin, end, _ = struct.unpack("<3I", image.read(rva, 12))
        assert image.section_of(begin) == image.section_of(end - 1)


def test_exports_by_name_ordinal_and_forwarder(library: Path) -> None:
    with Image.open(library) as image:
        assert image.is_dll
        table = image.exports()
        assert table.dll_name == "named.dll"
        alpha = table.by_name("alpha")
        assert alpha is not None
        assert (alpha.ordinal, alpha.forwarder) == (5, None)
        assert image.contains(alpha.rva)
        beta = table.by_ordinal(7)
        assert beta is not None
        assert beta.name is None
        assert "beta" not in table
        forwarded = table.by_name("forwarded")
        assert forwarded is not None
        assert (forwarded.forwarder or "").lower() == "kernel32.gettickcount"
        assert table.by_name("ALPHA") is None
        assert table.by_ordinal(4) is None
        assert table.by_ordinal(6) is None
        assert [export.ordinal for export in table] == sorted(export.ordinal for export in table)


def test_relocations_point_at_pointers(library: Path) -> None:
    with Image.open(library) as image:
        entries = [
            (entry >> 12, block.page + (entry & 0xFFF)) for block in image.relocations() for entry in block.entries
        ]
        targets = [rva for kind, rva in entries if kind == pe_tables.RELOCATION_DIR64]
        assert targets
        for rva in targets:
            (address,) = struct.unpack("<Q", image.read(rva, 8))
            assert image.image_base <= address < image.image_base + image.size_of_image


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file is empty"),
        (b"M", "a text file"),
        (b"MZ", "truncated: the DOS header needs 64 bytes, the file has 2"),
        (b"\x7fELF\2\1\1" + bytes(60), "an ELF file"),
        (b"#!/bin/sh\necho\n", "a script"),
        (b"PK\3\4rest", "a ZIP archive"),
        (b"just some text\n", "a text file"),
        (b"\0\1\2\3", "it starts with 00 01 02 03, expected 4d 5a"),
        (b"MZ" + bytes(58) + struct.pack("<I", 0x10000), "0x10000"),
        (b"MZ" + bytes(58) + struct.pack("<I", 64) + b"NE" + bytes(200), "16-bit"),
        (b"MZ" + bytes(300), "expected the signature"),
    ],
)
def test_files_that_are_no_pe_say_what_they_are(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "file.exe"
    path.write_bytes(content)
    with pytest.raises(ImageError) as caught:
        Image.open(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no such file"):
        Image.open(tmp_path / "absent.exe")
    with pytest.raises(ImageError, match="is a directory"):
        Image.open(tmp_path)


def test_every_truncation_is_refused_or_loadable(good: bytes) -> None:
    end = optional_offset(good)
    for size in [*range(0, 0x440, 7), end, end + 1, len(good) // 2, len(good) - 0x400]:
        with pytest.raises(ImageError):
            Image(good[:size], "cut.exe").check_loadable()


def _machine(machine: int) -> Callable[[bytes], bytes]:
    return lambda data: patched(data, optional_offset(data) - 20, "<H", machine)


@pytest.mark.parametrize(
    ("machine", "expected"), [(0xAA64, "ARM64"), (0x200, "Itanium"), (0x1234, "unknown machine 0x1234")]
)
def test_other_machines_are_named(good: bytes, machine: int, expected: str) -> None:
    with pytest.raises(WrongMachineError, match=expected):
        Image(_machine(machine)(good), "x.exe").check_loadable()


def test_a_32_bit_program_is_described_and_refused(compile_c: Compiler) -> None:
    path = compile_c("int wWinMainCRTStartup(void) { return 0; }", "-target", "x86-windows-gnu", "-nostdlib")
    with Image.open(path) as image:
        assert image.format_name == "PE32"
        assert image.pointer_size == 4
        with pytest.raises(WrongMachineError, match="x86 is not supported yet"):
            image.check_loadable()


ODD: dict[str, tuple[Callable[[bytes], bytes], str | None]] = {
    "bad magic": (lambda d: patched(d, optional_offset(d), "<H", 0x107), "magic is 0x107"),
    "PE32 magic on x64": (lambda d: patched(d, optional_offset(d), "<H", 0x10B), "the format is PE32"),
    "file alignment 0": (lambda d: patched(d, optional_offset(d) + 36, "<I", 0), "file alignment 0x0 is not a power"),
    "section alignment 0x3000": (lambda d: patched(d, optional_offset(d) + 32, "<I", 0x3000), "not a power of two"),
    "section alignment below file alignment": (lambda d: patched(d, optional_offset(d) + 32, "<I", 0x100), "is below"),
    "section alignment 0x200": (lambda d: patched(d, optional_offset(d) + 32, "<2I", 0x200, 0x200), "must agree"),
    "image base odd": (lambda d: patched(d, optional_offset(d) + 24, "<Q", 0x140001000), "not a multiple of 64 KiB"),
    "image size 0": (lambda d: patched(d, optional_offset(d) + 56, "<I", 0), "size of headers"),
    "image too small": (lambda d: patched(d, optional_offset(d) + 56, "<I", 0x2000), "outside the image"),
    "entry outside": (lambda d: patched(d, optional_offset(d) + 16, "<I", 0x7FFFFFFF), "entry point"),
    "linker errors": (lambda d: patched(d, optional_offset(d) - 2, "<H", 0x20), "EXECUTABLE_IMAGE"),
    "overlapping sections": (
        lambda d: patched(d, section_offset(d, 1) + 12, "<I", 0x1000), "overlaps what lies before it"),
    "gap between sections": (lambda d: patched(d, section_offset(d, 1) + 12, "<I", 0x400000), "leaves a gap"),
    "huge VirtualSize": (lambda d: patched(d, section_offset(d, 0) + 8, "<I", 0xFFFFFFFF), "outside the image"),
    "raw data past the end": (lambda d: patched(d, section_offset(d, 0) + 20, "<I", 0x7FFFFE00), "truncated"),
    "more directories than 16": (lambda d: patched(d, optional_offset(d) + 108, "<I", 0xFFFFFFFF), None),
    "no raw data": (lambda d: patched(d, section_offset(d, 0) + 16, "<2I", 0, 0), None),
}  # fmt: skip


@pytest.mark.parametrize("name", list(ODD))
def test_odd_files_load_or_are_refused_with_the_reason(good: bytes, name: str) -> None:
    change, expected = ODD[name]
    data = change(good)
    if expected is None:
        Image(data, "odd.exe").check_loadable()
    else:
        with pytest.raises(ImageError, match=expected):
            Image(data, "odd.exe").check_loadable()


def test_97_sections_load(good: bytes) -> None:
    """Windows XP stopped at 96; later ones do not."""
    header = optional_offset(good) - 24
    size_of_headers = 0x2000
    sections, address = b"", 0x2000
    for number in range(97):
        sections += struct.pack("<8s6I2HI", b".s%d" % number, 16, address, 0, 0, 0, 0, 0, 0, 0x40000040)
        address += 0x1000
    data = bytearray(good[: section_offset(good, 0)])
    struct.pack_into("<H", data, header + 6, 97)
    struct.pack_into("<2I", data, header + 24 + 56, address, size_of_headers)
    image = Image(bytes(data) + sections + bytes(size_of_headers), "many.exe")
    image.check_loadable()
    assert len(image.sections) == 97
    assert image.read(0x2000, 16) == bytes(16)


def test_reads_across_a_section_are_zero_filled_and_bounded(good: bytes) -> None:
    image = Image(good, "x.exe")
    data = next(section for section in image.sections if section.name == ".data")
    end = data.virtual_address + data.mapped_size
    assert len(image.read(end - 4, 4)) == 4
    with pytest.raises(ImageError, match="lies in no section"):
        image.read(0x7FFFF000, 1)
    with pytest.raises(ImageError):
        image.read_string(0x7FFFF000)


def exercise(image: Image) -> None:
    """Read everything there is."""
    for read in (
        image.check_loadable,
        image.imports,
        image.delay_imports,
        lambda: list(image.exports()),
        lambda: image.exports().names,
        lambda: list(image.relocations()),
        image.tls,
        image.load_config,
        image.debug_entries,
        image.resources,
        image.version_info,
        lambda: image.read(image.entry_point, 64),
        lambda: [bytes(image.section_data(section)[:64]) for section in image.sections],
    ):
        with contextlib.suppress(ImageError):
            read()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 0x600), st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from(
            [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\1\0\0\0"]))),
        max_size=6,
    ),
    deep=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), max_size=20),
    cut=st.one_of(st.none(), st.floats(0, 1)),
)  # fmt: skip
def test_a_mutated_image_only_ever_raises_image_error(
    library: Path,
    good: bytes,
    changes: list[tuple[int, bytes]],
    deep: list[tuple[float, bytes]],
    cut: float | None,
) -> None:
    for original in (good, library.read_bytes()):
        data = bytearray(original)
        for offset, value in changes:
            data[offset : offset + len(value)] = value
        for position, value in deep:
            offset = int(position * len(data))
            data[offset : offset + len(value)] = value
        if cut is not None:
            del data[int(cut * len(data)) :]
        try:
            image = Image(bytes(data), "fuzz.exe")
        except ImageError:
            continue
        exercise(image)


def test_tables_that_point_at_themselves_end(good: bytes) -> None:
    """Import thunks that never end, in an image of the largest size that claims to be all data."""
    image = Image(good, "x.exe")
    table = image.directories[pe.DIRECTORY_IMPORT]
    offset, _, _ = image.locate(table.rva)
    text = image.sections[0]
    data = patched(good, offset, "<5I", text.virtual_address, 0, 0, text.virtual_address, text.virtual_address)
    data = data[: text.raw_offset] + b"\x41" * text.raw_size + data[text.raw_offset + text.raw_size :]
    with pytest.raises(ImageError):
        Image(data, "x.exe").imports()
