"""Assemblies of .NET, which a program that brings its own runtime loads and maps: the machine runs nothing of them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Compiler, Runner
from test_loader import Workshop

IL_ONLY, REQUIRES_32_BIT = 1, 2
MARK = b"the CLR header:\0"

ASSEMBLY = r"""
__declspec(dllexport) const struct { char mark[16]; int size; short major, minor; int rest[16]; } header = {
    "the CLR header:", 72, 2, 5
};
"""
NATIVE_PART = r"""
int nowhere(void);
BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, void *reserved) { say("DllMain %lu\n", reason); return TRUE; }
int call(void) { return nowhere(); }
"""
LOADS = r"""
int main(void)
{
    SetLastError(0);
    HMODULE module = LoadLibraryA(NAME);
    say("loaded: %d, error %lu\n", module != NULL, module ? 0 : GetLastError());
    if (module)
        say("below 4 GiB: %d, freed: %d\n", (ULONG_PTR)module >> 32 == 0, FreeLibrary(module));
    HANDLE file = CreateFileA(NAME, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    HANDLE section = CreateFileMappingA(file, NULL, PAGE_READONLY | SEC_IMAGE, 0, 0, NULL);
    char *view = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    say("mapped: %d\n", view && view[0] == 'M');
    return 0;
}
"""


def clr_header(flags: int) -> Callable[[bytearray], None]:
    """Say in the data directory that the marked place is the CLR header, and put its flags there."""

    def change(data: bytearray) -> None:
        place = data.index(MARK) + len(MARK)
        struct.pack_into("<I", data, place + 16, flags)
        (header,) = struct.unpack_from("<I", data, 0x3C)
        count, optional = struct.unpack_from("<H12xH", data, header + 6)
        wide = data[header + 24 : header + 26] == b"\x0b\x02"
        for index in range(count):
            section = header + 24 + optional + 40 * index
            rva, size, offset = struct.unpack_from("<III", data, section + 12)
            if offset <= place < offset + size:
                directory = header + 24 + (112 if wide else 96) + 8 * 14
                struct.pack_into("<II", data, directory, rva + place - offset, 72)

    return change


@pytest.fixture
def shop(compile_c: Compiler, winfs: Runner, tmp_path: Path) -> Workshop:
    return Workshop(compile_c, winfs, tmp_path)


def loading(shop: Workshop, name: str) -> str:
    return shop.output(shop.program(f'#define NAME "{name}"\n' + LOADS))


def build(shop: Workshop, flags: int | None) -> None:
    built = shop.dll("assembly.dll", ASSEMBLY + NATIVE_PART, "header\ncall", shop.library("absent.dll", "nowhere"))
    if flags is not None:
        shop.place(built, change=clr_header(flags))


def test_an_assembly_without_native_code_is_loaded_without_its_imports_and_entry_point(shop: Workshop) -> None:
    build(shop, IL_ONLY)
    assert loading(shop, "assembly.dll") == "loaded: 1, error 0\nbelow 4 GiB: 0, freed: 1\nmapped: 1\n"


@pytest.mark.parametrize("flags", [None, 0])
def test_an_assembly_with_native_code_is_loaded_like_any_dll(shop: Workshop, flags: int | None) -> None:
    build(shop, flags)
    assert loading(shop, "assembly.dll") == "loaded: 0, error 126\nmapped: 1\n"


@pytest.mark.parametrize(
    ("flags", "loaded"),
    [(None, False), (0, False), (IL_ONLY | REQUIRES_32_BIT, False), (IL_ONLY, True)],
)
def test_a_32_bit_image_can_be_mapped_and_is_loaded_when_it_is_for_any_processor(
    shop: Workshop, compile_c: Compiler, flags: int | None, loaded: bool
) -> None:
    flags_for_32_bits = ("-target", "x86-windows-gnu", "-shared", "-nostdlib")
    built = compile_c(ASSEMBLY + "int _DllMainCRTStartup;", *flags_for_32_bits, name="neutral.dll")
    shop.place(built, change=clr_header(flags) if flags is not None else None)
    first = "loaded: 1, error 0\nbelow 4 GiB: 1, freed: 1\n" if loaded else "loaded: 0, error 193\n"
    assert loading(shop, "neutral.dll") == first + "mapped: 1\n"
