"""The registry as files, on a real mount: what a person writes a program reads, and the other way round."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Compiler
from mounting import Mounted, mount

from winfs.mount import registry_text as rt

SOFTWARE = "registry/HKEY_CURRENT_USER/Software"


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mounted]:
    with mount(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture
def key(mounted: Mounted) -> Path:
    """A new key of this test alone."""
    return Path(tempfile.mkdtemp(prefix="Test", dir=mounted.folder / SOFTWARE))


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize(
    ("file", "written", "shown", "raw"),
    [
        ("a.sz", "hello\n", "hello\n", "hello\0".encode("utf-16-le")),
        ("a.sz", "no newline", "no newline\n", "no newline\0".encode("utf-16-le")),
        ("a.sz", "größer 😀\n", "größer 😀\n", "größer 😀\0".encode("utf-16-le")),
        ("a.expand_sz", "%TEMP%\n", "%TEMP%\n", "%TEMP%\0".encode("utf-16-le")),
        ("a.dword", "42\n", "0x0000002a\n", b"\x2a\0\0\0"),
        ("a.dword", "-1", "0xffffffff\n", b"\xff" * 4),
        ("a.dword_be", "0x01020304\n", "0x01020304\n", b"\1\2\3\4"),
        ("a.qword", "0x10", "0x0000000000000010\n", b"\x10" + bytes(7)),
        ("a.multi_sz", "one\ntwo\n", "one\ntwo\n", "one\0two\0\0".encode("utf-16-le")),
        ("a.multi_sz", "", "", b"\0\0"),
        ("a.bin", "\0raw", "\0raw", b"\0raw"),
    ],
)
def test_value_round_trip(key: Path, file: str, written: str, shown: str, raw: bytes) -> None:
    (key / file).write_text(written)
    assert (key / file).read_text() == shown
    assert (key / file).stat().st_size == len(shown.encode())
    kind = {"sz": 1, "expand_sz": 2, "bin": 3, "dword": 4, "dword_be": 5, "multi_sz": 7, "qword": 11}[file[2:]]
    assert (key / f"a.raw{kind:x}").read_bytes() == raw
    assert os.listdir(key) == [file]


@pytest.mark.parametrize(
    ("file", "text", "number"),
    [
        ("n.dword", "junk", errno.EINVAL),
        ("n.dword", "99999999999", errno.ERANGE),
        ("n.qword", str(1 << 64), errno.ERANGE),
        ("n.multi_sz", "a\n\nb\n", errno.EINVAL),
        ("n.sz", "nul\0inside", errno.EINVAL),
    ],
)
def test_bad_content_fails_at_write_and_leaves_the_old_value(key: Path, file: str, text: str, number: int) -> None:
    (key / file).write_text("77")
    before = (key / file).read_bytes()
    descriptor = os.open(key / file, os.O_WRONLY | os.O_TRUNC)
    try:
        with pytest.raises(OSError, match=os.strerror(number)):
            os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
    assert (key / file).read_bytes() == before


def test_truncation_belongs_to_the_open(key: Path) -> None:
    (key / "v.sz").write_text("something long")
    (key / "v.sz").write_text("x")
    assert (key / "v.sz").read_text() == "x\n"
    done = shell(": > v.sz; echo longer > v.sz; truncate -s 4 v.sz; cat v.sz", key)
    assert done.stdout == "long\n", done.stderr


def test_default_value_and_escapes(key: Path) -> None:
    (key / "@.sz").write_text("default")
    (key / "%40.sz").write_text("at")
    (key / "a%2Fb.sz").write_text("slash")
    (key / "%2E%2E").mkdir()
    assert sorted(os.listdir(key)) == ["%2E%2E", "%40.sz", "@.sz", "a%2Fb.sz"]
    assert (key / "@.raw1").read_bytes() == "default\0".encode("utf-16-le")


def test_case_is_kept_and_ignored(key: Path) -> None:
    (key / "MixedCase.sz").write_text("x")
    (key / "SubKey").mkdir()
    assert (key / "mixedcase.SZ").read_text() == "x\n"
    (key / "MIXEDCASE.sz").write_text("y")
    assert (key / "subkey").is_dir()
    assert sorted(os.listdir(key)) == ["MixedCase.sz", "SubKey"]
    with pytest.raises(FileExistsError):
        (key / "SUBKEY").mkdir()


def test_a_value_that_is_not_faithful_as_text_is_listed_raw(key: Path) -> None:
    (key / "odd.raw1").write_bytes(b"a\0b")
    assert os.listdir(key) == ["odd.raw1"]
    assert not (key / "odd.sz").exists()
    (key / "odd.raw63").write_bytes(b"type 99")
    assert os.listdir(key) == ["odd.raw63"]


def test_mv_renames_retypes_and_refuses(key: Path) -> None:
    (key / "a.sz").write_text("12")
    os.rename(key / "a.sz", key / "b.sz")
    os.rename(key / "b.sz", key / "b.dword")
    assert os.listdir(key) == ["b.dword"]
    assert (key / "b.dword").read_text() == "0x0000000c\n"
    (key / "t.sz").write_text("text")
    with pytest.raises(OSError, match=os.strerror(errno.EILSEQ)):
        os.rename(key / "t.sz", key / "t.qword")
    (key / "old").mkdir()
    os.rename(key / "old", key / "new")
    assert sorted(os.listdir(key)) == ["b.dword", "new", "t.sz"]


def test_scratch_files_become_values_when_they_get_a_type(key: Path) -> None:
    (key / ".tmp~1").write_text("saved")
    assert os.listdir(key) == [".tmp~1"]
    os.rename(key / ".tmp~1", key / "v.sz")
    assert os.listdir(key) == ["v.sz"]
    assert (key / "v.sz").read_text() == "saved\n"


def test_errors(key: Path) -> None:
    (key / "v.sz").write_text("x")
    with pytest.raises(OSError, match=os.strerror(errno.ENOTEMPTY)):
        os.rmdir(key)
    with pytest.raises(PermissionError):
        os.link(key / "v.sz", key / "w.sz")
    with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
        (key / "big.bin").write_bytes(bytes((1 << 20) + 1))
    with pytest.raises(FileNotFoundError):
        (key / "none.sz").read_text()
    assert os.getxattr(key / "v.sz", "user.reg.type") == b"REG_SZ"


def test_common_tools_work(key: Path, mounted: Mounted) -> None:
    done = shell(
        """
        set -e
        echo hello > v.sz; sed -i s/hello/world/ v.sz; grep -q '^world$' v.sz
        perl -pi -e 's/world/perl/' v.sz; echo perl | cmp - v.sz
        echo one > m.multi_sz; echo two >> m.multi_sz; printf 'one\\ntwo\\n' | cmp - m.multi_sz
        mkdir -p sub/deeper; echo 5 | tee sub/deeper/n.dword > /dev/null
        cp -a sub copy; diff -r sub copy
        tar cf - sub | (mkdir un; tar xf - -C un); diff -r sub un/sub
        touch empty.sz; test -f empty.sz
        rm -r copy un sub
        ls | tr '\\n' ' '
        """,
        key,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["empty.sz", "m.multi_sz", "v.sz"]


def test_rsync_copies_keys_and_values(key: Path, tmp_path: Path) -> None:
    (tmp_path / "from" / "Sub Key").mkdir(parents=True)
    (tmp_path / "from" / "v.sz").write_text("text\n")
    (tmp_path / "from" / "Sub Key" / "n.dword").write_text("0x0000002a\n")
    (tmp_path / "from" / "Sub Key" / "@.bin").write_bytes(bytes(range(256)))
    for _ in range(2):
        subprocess.run(["rsync", "-r", f"{tmp_path}/from/", f"{key}/copy/"], check=True)
        assert subprocess.run(["diff", "-r", tmp_path / "from", key / "copy"], check=False).returncode == 0
    subprocess.run(["rsync", "-r", f"{key}/copy/", f"{tmp_path}/back/"], check=True)
    assert subprocess.run(["diff", "-r", tmp_path / "from", tmp_path / "back"], check=False).returncode == 0


@pytest.mark.skipif(shutil.which("vim") is None, reason="there is no vim")
def test_vim_edits_a_value(key: Path) -> None:
    (key / "v.sz").write_text("before")
    done = shell("vim -u NONE -es +'s/before/after/' +wq v.sz < /dev/null", key)
    assert (key / "v.sz").read_text() == "after\n", done
    assert os.listdir(key) == ["v.sz"]


def test_a_key_that_programs_deleted_and_made_anew_is_seen_at_once(key: Path, mounted: Mounted) -> None:
    (key / "sub").mkdir()
    (key / "sub" / "v.sz").write_text("old")
    other = mounted.folder / "registry/HKEY_USERS"
    (user,) = [name for name in os.listdir(other) if name.startswith("S-1-5-21") and not name.endswith("_Classes")]
    same = other / user / "Software" / key.name / "sub"
    assert (same / "v.sz").read_text() == "old\n"
    (same / "v.sz").unlink()
    same.rmdir()
    assert not (key / "sub").exists()
    (key / "sub").mkdir()
    (key / "sub" / "v.sz").write_text("new")
    assert (same / "v.sz").read_text() == "new\n"


PROGRAM = r"""
#include <windows.h>
#include <stdio.h>
int main(int argc, char **argv) {
    HKEY key;
    char text[64];
    DWORD size = sizeof text, kind, number = 77;
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    if (RegOpenKeyExA(HKEY_CURRENT_USER, argv[1], 0, KEY_ALL_ACCESS, &key)) return 1;
    RegSetValueExA(key, "FromProgram", 0, REG_DWORD, (BYTE *)&number, 4);
    RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_LAST_SET, event, TRUE);
    puts("ready");
    fflush(stdout);
    if (WaitForSingleObject(event, INFINITE)) return 2;
    if (RegQueryValueExA(key, "FromPerson", NULL, &kind, (BYTE *)text, &size)) return 3;
    printf("%lu %s\n", kind, text);
    return 0;
}
"""


def test_a_program_sees_what_a_person_writes(key: Path, mounted: Mounted, compile_c: Compiler) -> None:
    program = compile_c(PROGRAM, "-ladvapi32", name="notify.exe")
    started = mounted.start(program, f"SOFTWARE\\{key.name}", cwd=program.parent)
    assert started.stdout is not None
    assert started.stdout.readline().strip() == b"ready"
    assert (key / "FromProgram.dword").read_text() == "0x0000004d\n"
    (key / "FromPerson.sz").write_text("hello\n")
    assert started.stdout.readline().strip() == b"1 hello"
    assert started.wait(120) == 0


def test_hkcr_is_the_users_classes_over_the_machines(mounted: Mounted) -> None:
    registry = mounted.folder / "registry"
    machine = registry / "HKEY_LOCAL_MACHINE/SOFTWARE/Classes/winfs.test"
    machine.mkdir()
    (machine / "@.sz").write_text("machine")
    user = registry / "HKEY_CURRENT_USER/Software/Classes/winfs.test"
    assert (registry / "HKEY_CLASSES_ROOT/winfs.test/@.sz").read_text() == "machine\n"
    user.mkdir()
    (user / "@.sz").write_text("user")
    assert (registry / "HKEY_CLASSES_ROOT/winfs.test/@.sz").read_text() == "user\n"


def test_names_of_values_are_unambiguous() -> None:
    for name in ("", "@", "%", "a/b", "a\0b", ".", "..", "x.sz", "%40", "\ud800"):
        stem = rt.value_stem(name)
        assert "/" not in stem
        split = rt.split_value(stem + ".sz")
        assert split is not None
        assert rt.value_name(split[0]) == name


def test_a_name_that_is_too_long_for_linux_can_be_used(key: Path) -> None:
    assert len(os.fsencode(rt.cut("ü" * 200, ".expand_sz"))) <= 255
    assert rt.cut("short", ".sz") == "short.sz"
