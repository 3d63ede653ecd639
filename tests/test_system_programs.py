"""Registry, security, COM, shell, Winsock and windows as a program sees them.

The programs are in tests/guest/system. Expected output is Windows'; where another implementation differs, Windows'
documentation decides.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Compiler, Runner

FOLDER = REPOSITORY / "tests" / "guest" / "system"
LIBRARIES = {
    "registry": ("-ladvapi32", "-lntdll"),
    "afd": ("-lws2_32", "-lntdll"),
    "formats": (),
    "sharing": ("-luser32", "-lrstrtmgr"),
    "sspi": ("-lsecur32",),
    "sockets": ("-lws2_32", "-lmswsock"),
    "runtimes": ("-lole32", "-luuid"),
    "reserved_section": (),
    "neighbours": ("-lnormaliz",),
    "odds": (),
    "automation": ("-loleaut32",),
    "placeholders": ("-lpsapi",),
    "shell_text": ("-lshlwapi", "-lole32", "-ladvapi32"),
    "security": ("-ladvapi32", "-lbcrypt", "-luserenv"),
    "interfaces": ("-liphlpapi", "-lws2_32"),
    "kept": (),
    "idle": ("-luser32",),
    "urls": ("-lshlwapi",),
    "path_text": ("-lshlwapi", "-ladvapi32"),
    "checksums": ("-limagehlp",),
    "handover": ("-lws2_32", "-ladvapi32", "-lntdll"),
    "shell": ("-lshell32", "-lole32", "-luuid", "-luser32", "-ladvapi32"),
    "ciphers": ("-lbcrypt",),
    "sessionkeys": ("-ladvapi32",),
    "honest": ("-liphlpapi", "-luser32", "-lshcore"),
    "components": ("-lole32", "-loleaut32", "-luuid", "-lshell32", "-lshlwapi", "-lversion", "-lws2_32", "-luser32"),
}


@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_program(compile_c: Compiler, winfs: Runner, name: str) -> None:
    source = (FOLDER / f"{name}.c").read_text()
    done = winfs("run", compile_c(source, *LIBRARIES[name], "-Wno-everything", name=f"{name}.exe"))
    assert done.stderr.decode() == ""
    assert done.stdout.decode().replace("\r\n", "\n") == (FOLDER / f"{name}.expected").read_text()
    assert done.returncode == 0


PERSISTENT = r"""
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv)
{
    HKEY key;
    DWORD count = 0, size = sizeof count;
    if (RegCreateKeyExA(HKEY_CURRENT_USER, "Software\\Counter", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL)) return 1;
    RegQueryValueExA(key, "runs", NULL, NULL, (BYTE *)&count, &size);
    count++;
    if (RegSetValueExA(key, "runs", 0, REG_DWORD, (BYTE *)&count, sizeof count)) return 2;
    printf("%lu\n", count);
    if (argc > 1) *(volatile int *)0 = 1;
    return 0;
}
"""


def test_the_registry_outlives_programs_even_those_that_crash(compile_c: Compiler, winfs: Runner) -> None:
    program = compile_c(PERSISTENT, "-ladvapi32", name="counter.exe")
    assert winfs("run", program).stdout.strip() == b"1"
    assert winfs("run", program, "crash").returncode != 0
    assert winfs("run", program).stdout.strip() == b"3"


def test_machines_do_not_share_their_registries(compile_c: Compiler, winfs: Runner, tmp_path: Path) -> None:
    program = compile_c(PERSISTENT, "-ladvapi32", name="counter.exe")
    for name in ("one", "two"):
        assert winfs("run", "--machine", name, program).stdout.strip() == b"1"


def test_programs_on_one_machine_at_the_same_time_lose_nothing(compile_c: Compiler, winfs_home: Path) -> None:
    program = compile_c(CROWD, "-ladvapi32", name="crowd.exe")
    environment = os.environ | {"WINFS_HOME": str(winfs_home)}
    command = [sys.executable, "-m", "winfs", "run", program]
    running = [subprocess.Popen([*command, str(number)], env=environment, cwd=REPOSITORY) for number in range(3)]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    done = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, check=False)
    assert done.stdout.strip() == b"30"


CROWD = r"""
#include <windows.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    HKEY key, sub;
    char name[64];
    DWORD count;
    if (RegCreateKeyA(HKEY_CURRENT_USER, "Software\\Crowd", &key)) return 1;
    for (int i = 0; argc > 1 && i < 10; i++) {
        sprintf(name, "%s %d", argv[1], i);
        if (RegCreateKeyA(key, name, &sub)) return 2;
        RegCloseKey(sub);
        Sleep(30);
    }
    if (RegQueryInfoKeyA(key, NULL, NULL, NULL, &count, NULL, NULL, NULL, NULL, NULL, NULL, NULL)) return 3;
    printf("%lu\n", count);
    return 0;
}
"""


MESSAGES = r"""
#include <windows.h>
#include <stdio.h>
int main(void)
{
    MSGBOXPARAMSA box = {
        .cbSize = sizeof box, .lpszText = "go on?", .lpszCaption = "Question", .dwStyle = MB_YESNO | MB_DEFBUTTON2};
    printf("%d ", MessageBoxIndirectA(&box));
    box.cbSize = 8;
    printf("%d %lu\n", MessageBoxIndirectA(&box), GetLastError());
    return 0;
}
"""


def test_a_message_box_is_told_and_answered_by_its_default_button(compile_c: Compiler, winfs: Runner) -> None:
    done = winfs("run", compile_c(MESSAGES, "-luser32"))
    assert done.stdout.split() == [b"7", b"0", b"87"]
    assert done.stderr == b"[Question] go on?\n"
