"""Resources of data files and language files.

data.expected agrees with another implementation but for: data files for other processors, which Windows maps as images
too, and the flags that LoadLibraryEx and EnumResourceLanguagesEx refuse.
"""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from conftest import Compiler, Runner

from runtime.loader.pe import Image
from runtime.loader.pe_resource_tree import ResourceTree
from runtime.loader.pe_update import with_resources

SOURCES = Path(__file__).parent / "guest" / "resources"
RT_STRING, RT_RCDATA = 6, 10

DLL = r"""
#include <windows.h>
__declspec(dllexport) int exported(void) { return 1; }
BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved) { RUN; return TRUE; }
"""


def strings(*texts: str) -> bytes:
    """A block of a string table whose first string has number 0."""
    return b"".join(struct.pack("<H", len(text)) + text.encode("utf-16-le") for text in ("", *texts)).ljust(34, b"\0")


def configuration(*, language: str, in_language_files: tuple[int, ...], is_language_file: bool = False) -> bytes:
    """A resource of type MUI, as muirct writes it."""
    tail = bytearray()

    def add(data: bytes) -> tuple[int, int]:
        tail.extend(data)
        return (0x84 + len(tail) - len(data), len(data)) if data else (0, 0)

    name = f"{language}\0".encode("utf-16-le")
    name += bytes(-len(name) % 4)
    ids = struct.pack(f"<{len(in_language_files)}I", *in_language_files)
    places = [
        (0, 0), add(struct.pack("<2I", 10, 24)), (0, 0), add(ids), add(name if is_language_file else b""),
        add(b"" if is_language_file else name),
    ]  # fmt: skip
    head = struct.pack("<7I", 0xFECDFECD, 0x84 + len(tail), 0x10000, 0, 0x12 if is_language_file else 0x11, 0x10, 1)
    head += bytes(range(32)) + bytes(24) + b"".join(struct.pack("<2I", *place) for place in places)
    return head + tail


@pytest.fixture
def base(compile_c: Compiler) -> Path:
    """A DLL without resources."""
    return compile_c(DLL.replace("RUN", ""), "-shared", name="base.dll")


def place(base: Path, target: Path, resources: dict[tuple[int | str, int | str, int], bytes]) -> None:
    """Put the DLL with these resources at `target`."""
    tree = ResourceTree()
    for (kind, name, language), data in resources.items():
        tree.put(kind, name, language, data)
    target.parent.mkdir(exist_ok=True)
    with Image.open(base) as image:
        target.write_bytes(with_resources(image, tree))


def test_a_file_loaded_as_data_gives_its_resources_and_nothing_else(
    compile_c: Compiler, winfs: Runner, tmp_path: Path
) -> None:
    talking = compile_c(DLL.replace("RUN", "ExitProcess(99)"), "-shared", name="res.dll")
    resources: dict[tuple[int | str, int | str, int], bytes] = {
        (RT_RCDATA, 7, 0x409): b"resource seven", (RT_RCDATA, 8, 0): b"eight", (RT_RCDATA, 7, 0x40C): b"sept",
        ("KIND", "one", 0): b"1", ("KIND", "two", 0): b"2", ("KIND", "four", 0): b"4",
        (RT_STRING, 1, 0x409): strings("", "", "third"),
    }  # fmt: skip
    place(talking, tmp_path / "res.dll", resources)
    other = bytearray((tmp_path / "res.dll").read_bytes())
    with Image.open(tmp_path / "res.dll") as image:
        struct.pack_into("<H", other, image.header_offset + 4, 0xAA64)
    (tmp_path / "x86.dll").write_bytes(other)
    (tmp_path / "text.dll").write_text("no program\n")
    done = winfs("run", compile_c((SOURCES / "data.c").read_text(), "-luser32", name="data.exe"))
    assert done.stderr == b""
    assert done.stdout.decode().replace("\r\n", "\n") == (SOURCES / "data.expected").read_text()


def test_language_files_give_resources_in_the_languages_that_are_preferred(
    base: Path, compile_c: Compiler, winfs: Runner, tmp_path: Path
) -> None:
    own = {(RT_STRING, 1, 0x409): strings("own", "own", "own"), (RT_RCDATA, 1, 0): b"data"}
    mui = configuration(language="en-US", in_language_files=(RT_STRING,))
    place(base, tmp_path / "name.dll", {**own, ("MUI", 1, 0x409): mui})
    place(base, tmp_path / "plain.dll", {(RT_RCDATA, 1, 0): b"data"})

    def language(folder: str, number: int, texts: tuple[str, ...], file: str = "name.dll.mui") -> None:
        marked = configuration(language=folder, in_language_files=(RT_STRING,), is_language_file=True)
        resources: dict[tuple[int | str, int | str, int], bytes] = {
            (RT_STRING, 1, number): strings(*texts), ("MUI", 1, number): marked,
        }  # fmt: skip
        place(base, tmp_path / folder / file, resources)

    language("en-US", 0x409, ("one", "two", "three"))
    language("de", 0x407, ("eins", "zwei"))
    language("de-DE", 0x407, ("eins!", "zwei!", "drei!"))
    language("en-US", 0x409, ("plain", "file"), "plain.dll.mui")
    done = winfs("run", compile_c((SOURCES / "mui.c").read_text(), "-luser32", name="mui.exe"))
    assert done.stderr == b""
    assert done.stdout.decode().replace("\r\n", "\n") == (SOURCES / "mui.expected").read_text()
