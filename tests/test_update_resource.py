"""BeginUpdateResource, UpdateResource, EndUpdateResource: files whose resources were changed are read and run."""

from __future__ import annotations

import struct
from pathlib import Path

import pefile
import pytest
from conftest import Compiler, Runner, cache_folder

from runtime.loader.pe import Image, ImageError
from runtime.loader.pe_resource_tree import ResourceTree
from runtime.loader.pe_update import with_resources

SOURCES = Path(__file__).parent / "guest" / "resources"
SCRIPT = '1 RCDATA { "old one" }\n9 RCDATA { "kept" }\nSTRINGTABLE { 1 "first" 100 "hundred" }\n'

BULK = bytes(range(250)) * 1200

Leaves = dict[tuple[str | int, str | int, int], bytes]


def resources(file: Path) -> Leaves:
    """What an independent reader finds, in a file that it has nothing to complain of."""
    image = pefile.PE(str(file))
    assert image.get_warnings() == []
    assert image.verify_checksum()
    end = image.sections[-1]
    size = max(end.Misc_VirtualSize, 1)
    alignment = image.OPTIONAL_HEADER.SectionAlignment
    assert image.OPTIONAL_HEADER.SizeOfImage == -(-(end.VirtualAddress + size) // alignment) * alignment
    found: Leaves = {}
    for kind in image.DIRECTORY_ENTRY_RESOURCE.entries:
        for name in kind.directory.entries:
            for language in name.directory.entries:
                place = language.data.struct
                keys = [str(entry.name) if entry.name is not None else entry.id for entry in (kind, name)]
                found[keys[0], keys[1], language.id] = image.get_data(place.OffsetToData, place.Size)
    image.close()
    return found


@pytest.fixture
def target(compile_c: Compiler) -> Path:
    """A program with some resources, and relocations behind them."""
    script = cache_folder() / "resources" / "target.rc"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(SCRIPT)
    return compile_c((SOURCES / "target.c").read_text(), str(script), "-luser32")


@pytest.fixture
def bare(compile_c: Compiler) -> Path:
    """The same program without resources."""
    return compile_c((SOURCES / "target.c").read_text(), "-luser32")


def changed(source: Path, target: Path, tree: ResourceTree) -> Path:
    """Write `source` with other resources to `target`."""
    with Image.open(source) as image:
        target.write_bytes(with_resources(image, tree))
    return target


def tree_of(source: Path) -> ResourceTree:
    with Image.open(source) as image:
        return ResourceTree.of(image)


def test_a_program_changes_the_resources_of_another(
    winfs: Runner, compile_c: Compiler, target: Path, bare: Path, tmp_path: Path
) -> None:
    updater = compile_c((SOURCES / "update.c").read_text(), name="update.exe")
    (tmp_path / "text.txt").write_text("no program\n")
    expected = (SOURCES / "update.expected").read_text()
    for program, name in ((target, "with.exe"), (bare, "without.exe")):
        copy = tmp_path / name
        copy.write_bytes(program.read_bytes())
        done = winfs("run", updater, name)
        assert done.stdout.decode().replace("\r\n", "\n") == expected
        found = resources(copy)
        assert found[10, 1, 0x409] == b"hello"
        assert found[10, 1, 0x407] == b"hallo!"
        assert found["MYTYPE", "MY NAME", 0] == b"named"
        assert found[10, 77, 0] == b"numbered"
        assert found[10, "BIG", 0] == BULK
        assert ((10, 9, 0x409) in found) == (program is target)
        lines = winfs("run", copy).stdout.decode().splitlines()
        string = "7 hundred" if program is target else "0 "
        assert lines == ["runs 7", "1: hello", "BIG: 300000", f"string 100: {string}"]


def test_resources_come_and_go_and_the_program_still_runs(winfs: Runner, target: Path, tmp_path: Path) -> None:
    tree = tree_of(target)
    tree.put(10, "BIG", 0, BULK[:100_000])
    grown = changed(target, tmp_path / "grown.exe", tree)
    tree.remove(10, "big", 0)
    shrunk = changed(grown, tmp_path / "shrunk.exe", tree)
    emptied = changed(grown, tmp_path / "emptied.exe", ResourceTree())
    assert resources(shrunk) == resources(changed(target, tmp_path / "same.exe", tree_of(target)))
    assert shrunk.stat().st_size == (tmp_path / "same.exe").stat().st_size
    assert winfs("run", grown).stdout.splitlines()[2] == b"BIG: 100000"
    assert winfs("run", shrunk).stdout.splitlines() == [b"runs 7", b"1: old one", b"BIG: 0", b"string 100: 7 hundred"]
    assert winfs("run", emptied).stdout.splitlines() == [b"runs 7", b"1: ", b"BIG: 0", b"string 100: 0 "]


def test_what_lies_behind_the_sections_goes_and_a_signature_is_forgotten(target: Path, tmp_path: Path) -> None:
    data = bytearray(target.read_bytes())
    with Image.open(target) as image:
        directory = image.header_offset + 24 + 112 + 8 * 4
    struct.pack_into("<2I", data, directory, len(data), 16)
    signed = tmp_path / "signed.exe"
    signed.write_bytes(data + bytes(16) + b"an archive")
    plain = changed(target, tmp_path / "plain.exe", tree_of(target))
    assert changed(signed, tmp_path / "unsigned.exe", tree_of(signed)).read_bytes() == plain.read_bytes()


def test_symbols_behind_the_sections_survive(target: Path, tmp_path: Path) -> None:
    data = bytearray(target.read_bytes())
    with Image.open(target) as image:
        field = image.header_offset + 12
    struct.pack_into("<2I", data, field, len(data), 1)
    symbols = b"one symbol".ljust(18) + struct.pack("<I", 9) + b"name\0"
    known = tmp_path / "known.exe"
    known.write_bytes(data + symbols + b"an archive")
    tree = tree_of(known)
    tree.put(10, 2, 0, BULK)
    grown = changed(known, tmp_path / "grown.exe", tree).read_bytes()
    place, count = struct.unpack_from("<2I", grown, field)
    assert (grown[place:], count) == (symbols, 1)


def test_resources_that_other_data_hems_in_get_a_section_of_their_own(target: Path, tmp_path: Path) -> None:
    data = bytearray(target.read_bytes())
    with Image.open(target) as image:
        table = image.section_table_end - 40
    (flags,) = struct.unpack_from("<I", data, table + 36)
    struct.pack_into("<I", data, table + 36, flags & ~0x02000000)  # what follows is no discardable data any more
    hemmed = tmp_path / "hemmed.exe"
    hemmed.write_bytes(data)
    tree = tree_of(hemmed)
    tree.put(10, 1, 0x409, bytes(64))
    inside = changed(hemmed, tmp_path / "inside.exe", tree)
    assert len(pefile.PE(str(inside)).sections) == len(pefile.PE(str(hemmed)).sections)
    tree.put(10, 2, 0, BULK[:64_000])
    outside = changed(hemmed, tmp_path / "outside.exe", tree)
    assert pefile.PE(str(outside)).sections[-1].Name == b".rsrc1\0\0"
    assert resources(outside)[10, 2, 0] == BULK[:64_000]
    with Image.open(outside) as image:
        image.check_loadable()


def test_an_image_without_pages_is_refused(tmp_path: Path, target: Path) -> None:
    data = bytearray(target.read_bytes())
    with Image.open(target) as image:
        struct.pack_into("<2I", data, image.header_offset + 24 + 32, 0x200, 0x200)
    flat = tmp_path / "flat.exe"
    flat.write_bytes(data)
    with Image.open(flat) as image, pytest.raises(ImageError, match="below a page"):
        with_resources(image, ResourceTree())
