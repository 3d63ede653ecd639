"""COM without windows: servers in DLLs that the registry names, and the objects that the system makes itself.

The programs are in tests/guest/com. Expected output is Windows'.
"""

from __future__ import annotations

from pathlib import Path

from tests.conftest import REPOSITORY, Compiler, Runner

FOLDER = REPOSITORY / "tests" / "guest" / "com"
LIBRARIES = ("-lole32", "-loleaut32", "-luuid", "-lshlwapi", "-ladvapi32", "-Wno-everything")


def test_classes_of_a_registered_server_are_created_used_and_passed_between_threads(
    compile_c: Compiler, winfs: Runner, tmp_path: Path
) -> None:
    server = compile_c((FOLDER / "server.c").read_text(), "-shared", *LIBRARIES, name="server.dll")
    client = compile_c((FOLDER / "client.c").read_text(), *LIBRARIES, name="client.exe")
    for program in (server, client):
        (tmp_path / program.name).write_bytes(program.read_bytes())
    done = winfs("run", tmp_path / "client.exe", str(server_path(tmp_path)))
    assert done.stderr.decode() == ""
    assert done.stdout.decode().replace("\r\n", "\n") == (FOLDER / "client.expected").read_text()
    assert done.returncode == 0


def server_path(folder: Path) -> str:
    """The Windows path of the server."""
    return "Z:" + str(folder / "server.dll").replace("/", "\\")
