"""Hive files: what RegSaveKey writes is read by another program, what RegLoadKey reads may be anything."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest
from regipy.registry import RegistryHive

from runtime.nt.hive import LATEST, STANDARD, HiveError, HiveKey, read_hive, write_hive
from runtime.nt.registry_store import ValueRow
from tests.conftest import Compiler, Runner

FOLDER = Path(__file__).parent / "guest" / "system"
DESCRIPTOR = bytes.fromhex("0100048000000000000000000000000000000000")
WRITTEN = 132_000_000_000_000_000


def sample() -> HiveKey:
    """A tree with everything that the format knows."""
    values = [
        ValueRow("text", 1, "hällo\0".encode("utf-16-le")),
        ValueRow("", 4, b"\1\2\3\4"),
        ValueRow("中文", 3, b"12345"),
        ValueRow("empty", 0, b""),
        ValueRow("big", 3, random.Random(1).randbytes(50_000)),
    ]
    value = ValueRow("n", 4, bytes(4))
    many = [
        HiveKey(f"key {i:04}", WRITTEN + i, "a class" if i % 2 else None, DESCRIPTOR, values=[value])
        for i in range(1100)
    ]
    deep = HiveKey("zz 日本", WRITTEN, None, DESCRIPTOR, subkeys=[HiveKey("below", WRITTEN, None, DESCRIPTOR)])
    link = HiveKey("zzz", WRITTEN, None, DESCRIPTOR, is_link=True)
    return HiveKey("Root", WRITTEN, None, DESCRIPTOR, values=values, subkeys=[*many, deep, link])


@pytest.mark.parametrize("minor", [STANDARD, LATEST])
def test_what_is_written_is_read_back(minor: int) -> None:
    assert read_hive(write_hive(sample(), minor)) == sample()


@pytest.mark.parametrize("minor", [STANDARD, LATEST])
def test_another_library_reads_what_is_written(minor: int, tmp_path: Path) -> None:
    (tmp_path / "hive").write_bytes(write_hive(sample(), minor))
    hive = RegistryHive(str(tmp_path / "hive"))
    assert [key.name for key in hive.root.iter_subkeys()] == [key.name for key in sample().subkeys]
    values = {value.name: value.value for value in hive.root.iter_values()}
    assert values["text"] == "hällo"
    assert values["(default)"] == 0x04030201
    assert [key.name for key in hive.get_key("\\zz 日本").iter_subkeys()] == ["below"]
    if minor == LATEST:  # the library knows long values in this version only
        assert values["big"] == sample().values[-1].data


def test_a_damaged_hive_is_refused_or_read_but_never_breaks_the_reader() -> None:
    tree = sample()
    tree.subkeys = tree.subkeys[:3] + tree.subkeys[-2:]
    whole = write_hive(tree)
    chance = random.Random(7)
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(4096, len(data))
            wrong = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x20\0\0\0", chance.randbytes(4)))
            data[place : place + 4] = wrong
        with contextlib.suppress(HiveError):
            read_hive(bytes(data[: len(whole)]))
    for end in (0, 3, 511, 4095):
        with pytest.raises(HiveError) as caught:
            read_hive(whole[:end])
        assert not caught.value.is_hive
    with pytest.raises(HiveError, match="cut off"):
        read_hive(whole[:-4096])


def test_a_program_saves_restores_and_mounts_hives(
    compile_c: Compiler, winfs: Runner, machine_folder: Path, tmp_path: Path
) -> None:
    (machine_folder / "machine.toml").write_text("elevated = true\n")
    program = compile_c((FOLDER / "hives.c").read_text(), "-ladvapi32", "-Wno-everything", name="hives.exe")
    done = winfs("run", program)
    assert done.stderr.decode() == ""
    assert done.stdout.decode().replace("\r\n", "\n") == (FOLDER / "hives.expected").read_text()
    assert RegistryHive(str(tmp_path / "app.hiv")).get_key("\\settings").get_value("text") == "of a program"
    # Still mounted when the program ended: the machine has written it.
    assert RegistryHive(str(tmp_path / "saved.hiv")).root.get_value("text") == "written at the end"
