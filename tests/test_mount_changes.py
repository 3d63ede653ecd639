"""What `changes/files` says after programs have made, moved and removed files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Compiler
from mounting import Mounted, mount

PROGRAM = r"""
#include <windows.h>
#include <stdio.h>
#include <string.h>
static void put(const char *name) {
    DWORD done;
    HANDLE file = CreateFileA(name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    WriteFile(file, "text", 4, &done, NULL);
    CloseHandle(file);
}
int main(int argc, char **argv) {
    BOOL done = TRUE;
    for (int i = 1; i < argc && done; i++) {
        char *verb = argv[i], *name = argv[++i];
        if (!strcmp(verb, "put")) put(name);
        else if (!strcmp(verb, "delete")) done = DeleteFileA(name);
        else if (!strcmp(verb, "make")) done = CreateDirectoryA(name, NULL);
        else if (!strcmp(verb, "remove")) done = RemoveDirectoryA(name);
        else done = MoveFileExA(name, argv[++i], MOVEFILE_REPLACE_EXISTING);
        if (!done) printf("%s %s: %lu\n", verb, name, GetLastError());
    }
    return !done;
}
"""


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory, compile_c: Compiler) -> Iterator[Mounted]:
    base = tmp_path_factory.mktemp("changes")
    (base / "lower").mkdir()
    with mount(base, "--drive", f"O:={base / 'lower'}:overlay") as found:
        (found.host / "files.exe").write_bytes(compile_c(PROGRAM, name="files.exe").read_bytes())
        yield found


@pytest.mark.parametrize(
    ("done", "said"),
    [
        ("put new", ["A new"]),
        ("put new delete new", []),
        ("put old", ["M old"]),
        ("delete old", ["D old"]),
        ("delete old put OLD", ["M OLD"]),
        ("move old moved", ["A moved", "D old"]),
        ("put temporary move temporary old", ["M old"]),
        ("move old other", ["D old", "M other"]),
        ("put new move new newer", ["A newer"]),
        ("make d put d\\a move d e", ["A e", "A e\\a"]),
        ("make d put d\\a move d folder\\e", ["A folder\\e", "A folder\\e\\a"]),
        ("put folder\\a move folder f", ["A f", "A f\\a", "D folder"]),
        ("put folder\\inside move folder f", ["A f", "D folder"]),
        ("make d remove d", []),
    ],
)
def test_changes_are_summed_up(mounted: Mounted, done: str, said: list[str]) -> None:
    drive = "co"[len(done) % 2]  # on an overlay, moving is something else underneath
    place = mounted.host if drive == "c" else mounted.home.parent / "lower"
    work = Path(place, "work " + "".join(filter(str.isalnum, done)))
    (work / "folder").mkdir(parents=True)
    for name in ("old", "other", "folder/inside"):
        (work / name).write_text("before")
    (mounted.folder / "changes" / "ctl").write_text("mark\n")
    started = mounted.start(
        mounted.c / "files.exe", *done.split(), cwd=mounted.folder / "drives" / drive / work.name
    )  # fmt: skip
    assert started.communicate(timeout=300)[0] == b""
    prefix = f"{drive.upper()}:\\{work.name}\\"
    lines = [line.replace(f"\t{prefix}", " ") for line in (mounted.folder / "changes/files").read_text().splitlines()]
    assert lines == sorted(said, key=lambda line: line[2:].upper())
