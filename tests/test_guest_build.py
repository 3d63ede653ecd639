"""The guest DLLs as files: what they export, that they can be unwound and moved, that a build repeats byte for byte."""

from __future__ import annotations

import shutil
from pathlib import Path

import pefile
import pytest

from runtime.guest import build
from runtime.guest.spec import Export, SpecError, library_exports, parse_spec

BUILT = build.Builder(build.GUEST / "bin", build.GUEST / ".cache").libraries()
LIBRARIES = [library for library in BUILT if not library.is_program]
NAMES = [library.name for library in LIBRARIES]


@pytest.fixture(scope="module", params=LIBRARIES, ids=NAMES)
def built(request: pytest.FixtureRequest) -> tuple[build.Library, pefile.PE]:
    """Each guest DLL, brought up to date."""
    library: build.Library = request.param
    (path,) = build.build_all([library.name])
    return library, pefile.PE(str(path))


def exported(image: pefile.PE) -> dict[bytes | None, pefile.ExportData]:
    """The image's exports by name."""
    return {symbol.name: symbol for symbol in image.DIRECTORY_ENTRY_EXPORT.symbols}


def test_every_line_of_the_export_list_is_exported(built: tuple[build.Library, pefile.PE]) -> None:
    library, image = built
    names = exported(image)
    ordinals = {symbol.ordinal for symbol in image.DIRECTORY_ENTRY_EXPORT.symbols}
    for export in library.exports:
        public = export.name if export.dll == library.name else export.target
        if export.noname:
            assert export.ordinal in ordinals
        else:
            assert public.encode() in names
            if export.forwarder:
                assert names[public.encode()].forwarder == export.target.encode()


def test_data_exports_lie_in_data_and_functions_in_code(built: tuple[build.Library, pefile.PE]) -> None:
    library, image = built
    names = exported(image)
    for export in library.exports:
        public = export.name if export.dll == library.name else export.target
        if export.noname or export.forwarder:
            continue
        section = image.get_section_by_rva(names[public.encode()].address)
        executable = bool(section.Characteristics & 0x20000000)
        assert executable != export.data, f"{public} lies in {section.Name!r}"


def test_an_image_can_be_moved_and_asks_for_a_base_of_its_own(built: tuple[build.Library, pefile.PE]) -> None:
    library, image = built
    assert image.OPTIONAL_HEADER.ImageBase == library.base
    assert image.OPTIONAL_HEADER.DllCharacteristics & 0x40  # IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE
    assert not image.FILE_HEADER.Characteristics & 1  # relocations are not stripped
    following = [other.base for other in LIBRARIES if other.base > library.base]
    assert library.base + image.OPTIONAL_HEADER.SizeOfImage <= min(following, default=1 << 47)


def test_an_image_has_no_tls_directory_and_no_debug_data(built: tuple[build.Library, pefile.PE]) -> None:
    directories = built[1].OPTIONAL_HEADER.DATA_DIRECTORY
    assert directories[pefile.DIRECTORY_ENTRY["IMAGE_DIRECTORY_ENTRY_TLS"]].Size == 0
    assert directories[pefile.DIRECTORY_ENTRY["IMAGE_DIRECTORY_ENTRY_DEBUG"]].Size == 0


def test_imports_come_from_the_system_layer_only(built: tuple[build.Library, pefile.PE]) -> None:
    library, image = built
    imported = {entry.dll.decode().lower() for entry in getattr(image, "DIRECTORY_ENTRY_IMPORT", [])}
    allowed = (
        {"ntdll.dll"} if library.name == "ntrtl.dll" else {"ntdll.dll", "kernel32.dll", "advapi32.dll", "user32.dll"}
    )
    assert imported <= allowed


def test_unwind_entries_are_sorted_and_within_the_code(built: tuple[build.Library, pefile.PE]) -> None:
    _, image = built
    directory = image.OPTIONAL_HEADER.DATA_DIRECTORY[pefile.DIRECTORY_ENTRY["IMAGE_DIRECTORY_ENTRY_EXCEPTION"]]
    code = next((section for section in image.sections if section.Name.startswith(b".text")), None)
    if code is None:
        assert directory.Size == 0
        return
    data = image.get_data(directory.VirtualAddress, directory.Size)
    entries = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 12)]
    ends = [int.from_bytes(data[at + 4 : at + 8], "little") for at in range(0, len(data), 12)]
    assert entries
    assert all(end <= start for end, start in zip(ends, entries[1:], strict=False))
    assert entries[0] >= code.VirtualAddress
    assert ends[-1] <= code.VirtualAddress + code.Misc_VirtualSize


@pytest.mark.parametrize(
    "name", ["KiUserExceptionDispatcher", "RtlRaiseException", "RtlUserThreadStart", "RtlCreateHeap", "rtl_UnwindEx"]
)
def test_functions_that_exceptions_pass_through_can_be_unwound(name: str) -> None:
    (path,) = build.build_all(["ntrtl.dll"])
    image = pefile.PE(str(path))
    address = exported(image)[name.encode()].address
    directory = image.OPTIONAL_HEADER.DATA_DIRECTORY[pefile.DIRECTORY_ENTRY["IMAGE_DIRECTORY_ENTRY_EXCEPTION"]]
    data = image.get_data(directory.VirtualAddress, directory.Size)
    starts = {int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 12)}
    assert address in starts


def test_two_builds_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = next(item for item in LIBRARIES if item.name == "vcruntime140.dll")
    images = []
    for turn in ("first", "second"):
        builder = build.Builder(tmp_path / turn / "bin", tmp_path / turn / "cache")
        images.append(builder.build(library).read_bytes())
        assert builder.compiled > 0
    assert images[0] == images[1]


def test_an_unchanged_library_is_not_built_again(tmp_path: Path) -> None:
    library = next(item for item in LIBRARIES if item.name == "vcruntime140.dll")
    first = build.Builder(tmp_path / "bin", tmp_path / "cache")
    path = first.build(library)
    before = path.stat().st_mtime_ns
    again = build.Builder(tmp_path / "bin", tmp_path / "cache")
    again.build(library)
    assert again.compiled == 0
    assert path.stat().st_mtime_ns == before


def test_a_changed_header_recompiles_what_includes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guest = tmp_path / "guest"
    guest.mkdir()
    monkeypatch.setattr(build, "GUEST", guest)
    shutil.copytree(Path(build.__file__).parent / "common", guest / "common")
    folder = guest / "tiny"
    folder.mkdir()
    (folder / "build.toml").write_text(
        '[[dll]]\nname = "tiny.dll"\nbase = 0x10000000\nsources = ["*.c"]\nexports = ["tiny.spec"]\n'
    )
    (folder / "tiny.spec").write_text("answer\nother\ntwice=answer @7 noname\n")
    (folder / "a.c").write_text('#include "value.h"\nint answer(void) { return VALUE; }\n')
    (folder / "b.c").write_text("int other(void) { return 1; }\n")
    (folder / "value.h").write_text("#define VALUE 1\n")
    cache = tmp_path / "cache"
    (tiny,) = build.Builder(tmp_path / "bin", cache).libraries()
    build.Builder(tmp_path / "bin", cache).build(tiny)
    (folder / "value.h").write_text("#define VALUE 2\n")
    builder = build.Builder(tmp_path / "bin", cache)
    builder.build(tiny)
    assert builder.compiled == 1


def test_a_source_with_errors_is_reported_with_the_compilers_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = tmp_path / "guest"
    (guest / "bad").mkdir(parents=True)
    monkeypatch.setattr(build, "GUEST", guest)
    shutil.copytree(Path(build.__file__).parent / "common", guest / "common")
    (guest / "bad" / "build.toml").write_text(
        '[[dll]]\nname = "bad.dll"\nbase = 0x10000000\nsources = ["*.c"]\nexports = ["bad.spec"]\n'
    )
    (guest / "bad" / "bad.spec").write_text("one\n")
    (guest / "bad" / "one.c").write_text("int one(void) { return undeclared; }\n")
    builder = build.Builder(tmp_path / "bin", tmp_path / "cache")
    (library,) = builder.libraries()
    with pytest.raises(build.BuildError, match="undeclared"):
        builder.build(library)


def test_the_export_list_names_each_function_once() -> None:
    exports = library_exports()
    keys = [(export.dll, export.name) for export in exports]
    assert len(keys) == len(set(keys))
    assert {export.dll for export in exports} <= {"ntdll.dll", "kernel32.dll", "kernelbase.dll", "ntrtl.dll"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("memcpy", Export("x.dll", "memcpy", "memcpy")),
        ("_stricmp=stricmp # text", Export("x.dll", "_stricmp", "stricmp")),
        ("_acmdln data", Export("x.dll", "_acmdln", "_acmdln", data=True)),
        ("secret=impl @12 noname", Export("x.dll", "secret", "impl", 12, noname=True)),
        ("f=ntdll.g", Export("x.dll", "f", "ntdll.g")),
    ],
)
def test_an_export_line_reads_as_written(line: str, expected: Export) -> None:
    assert parse_spec(line, "x.dll", "here") == [expected]


@pytest.mark.parametrize("line", ["f strange", "f noname", "f @x"])
def test_a_bad_export_line_is_refused_with_its_place(line: str) -> None:
    with pytest.raises(SpecError, match=r"here:1"):
        parse_spec(line, "x.dll", "here")


def test_a_shared_list_needs_the_dll_on_each_line() -> None:
    with pytest.raises(SpecError, match="expected 'DLL NAME"):
        parse_spec("RtlAllocateHeap", None, "here")
