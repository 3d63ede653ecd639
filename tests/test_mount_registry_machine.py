"""The registry through the mount against a plain model, while a program changes the same keys.

Whatever a person does with files and a program with RegSetValueEx and its like, both see what the model says. The quick
profile is for every run; WINFS_TEST_LONG=1 (scripts/stress --random) looks for hours.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import Compiler
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from mounting import Mounted, mount

from runtime.nt.casing import upcase

LONG = bool(os.environ.get("WINFS_TEST_LONG"))

PROGRAM = r"""
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static WCHAR *text(const char *hex, DWORD *size) {
    static WCHAR buffers[4][70000];
    static int next;
    BYTE *out = (BYTE *)buffers[next++ % 4];
    DWORD n = 0;
    unsigned byte;
    for (; sscanf(hex, "%2x", &byte) == 1; hex += 2) out[n++] = (BYTE)byte;
    out[n] = out[n + 1] = 0;
    if (size) *size = n;
    return (WCHAR *)out;
}
static void hex(const void *data, DWORD size) {
    putchar('x');
    for (DWORD i = 0; i < size; i++) printf("%02x", ((const BYTE *)data)[i]);
}
static void dump(HKEY key) {
    static BYTE data[70000];
    WCHAR name[300];
    DWORD size, length, kind;
    for (DWORD i = 0; ; i++) {
        length = 300; size = sizeof data;
        if (RegEnumValueW(key, i, name, &length, NULL, &kind, data, &size)) break;
        printf("value "); hex(name, length * 2); printf(" %lu ", kind); hex(data, size); puts("");
    }
    for (DWORD i = 0; ; i++) {
        HKEY sub;
        length = 300;
        if (RegEnumKeyExW(key, i, name, &length, NULL, NULL, NULL, NULL)) break;
        printf("key "); hex(name, length * 2); puts("");
        if (!RegOpenKeyExW(key, name, 0, KEY_READ, &sub)) { dump(sub); RegCloseKey(sub); }
        puts("up");
    }
}
int main(void) {
    static char line[400000];
    while (fgets(line, sizeof line, stdin)) {
        char *verb = strtok(line, " \n"), *path = strtok(NULL, " \n"), *name = strtok(NULL, " \n");
        char *kind = strtok(NULL, " \n"), *data = strtok(NULL, " \n");
        HKEY key = NULL;
        LONG status = RegOpenKeyExW(HKEY_CURRENT_USER, text(path + 1, NULL), 0, KEY_ALL_ACCESS, &key);
        if (status) { printf("%ld\n", status); fflush(stdout); continue; }
        if (!strcmp(verb, "set")) {
            DWORD size;
            WCHAR *bytes = text(data + 1, &size);
            status = RegSetValueExW(key, text(name + 1, NULL), 0, strtoul(kind, NULL, 10), (BYTE *)bytes, size);
        } else if (!strcmp(verb, "unset")) {
            status = RegDeleteValueW(key, text(name + 1, NULL));
        } else if (!strcmp(verb, "make")) {
            HKEY made;
            status = RegCreateKeyExW(key, text(name + 1, NULL), 0, NULL, 0, KEY_READ, NULL, &made, NULL);
            if (!status) RegCloseKey(made);
        } else if (!strcmp(verb, "remove")) {
            status = RegDeleteKeyW(key, text(name + 1, NULL));
        } else {
            dump(key);
        }
        RegCloseKey(key);
        printf("%ld\n", status);
        fflush(stdout);
    }
    return 0;
}
"""

SUFFIXES = {0: "none", 1: "sz", 2: "expand_sz", 3: "bin", 4: "dword", 5: "dword_be", 7: "multi_sz", 11: "qword"}


@dataclass
class Key:
    """What a key should hold. Everything by upper-case name."""

    name: str
    keys: dict[str, Key] = field(default_factory=dict)
    values: dict[str, tuple[str, int, bytes]] = field(default_factory=dict)
    scratch: dict[str, bytes] = field(default_factory=dict)

    def set(self, name: str, kind: int, data: bytes) -> None:
        """Set a value; one that exists keeps how its name is written."""
        old = self.values.get(upcase(name))
        self.values[upcase(name)] = (old[0] if old else name, kind, data)

    @property
    def empty(self) -> bool:
        """Whether nothing is in it."""
        return not (self.keys or self.values or self.scratch)


def escaped(name: str) -> str:
    """A name as a file name."""
    if name in (".", ".."):
        return name.replace(".", "%2E")
    name = name.replace("%", "%25").replace("/", "%2F").replace("\0", "%00")
    return os.fsdecode(name.encode("utf-8", "surrogatepass"))


def stem(name: str) -> str:
    """The first part of a value's file name."""
    return {"": "@", "@": "%40"}.get(name) or escaped(name)


def as_text(kind: int, data: bytes) -> bytes | None:
    """A value as a file shows it, None when only raw."""
    if kind in (0, 3):
        return data
    if kind in (4, 5, 11):
        size = 8 if kind == 11 else 4
        number = int.from_bytes(data, "big" if kind == 5 else "little")
        return b"0x%0*x\n" % (size * 2, number) if len(data) == size else None
    if kind not in (1, 2, 7) or len(data) % 2 or data[-2:] != b"\0\0":
        return None
    text = data[:-2].decode("utf-16-le", "surrogatepass")
    if kind == 7:
        strings = text.split("\0")
        if strings.pop() or "" in strings or any("\n" in string for string in strings):
            return None
        return "".join(f"{string}\n" for string in strings).encode("utf-8", "surrogatepass")
    return None if "\0" in text else text.encode("utf-8", "surrogatepass") + b"\n"


def listing(key: Key) -> dict[str, bytes | None]:
    """What a directory should hold: None for a key."""
    found: dict[str, bytes | None] = {escaped(child.name): None for child in key.keys.values()}
    folds = {upcase(child.name) for child in key.keys.values()}
    for name, kind, data in key.values.values():
        content = as_text(kind, data)
        if content is None or upcase(f"{stem(name)}.{SUFFIXES[kind]}") in {upcase(escaped(fold)) for fold in folds}:
            found[f"{stem(name)}.raw{kind:x}"] = data
        else:
            found[f"{stem(name)}.{SUFFIXES[kind]}"] = content
    return found | dict(key.scratch)


KEY_NAMES = some.sampled_from(["Sub", "sub", "two words", "name.sz", "Ü%", "ü%", "a/b", ".."])
VALUE_NAMES = some.sampled_from(["", "@", "Name", "NAME", "a/b", "dot.sz", "ß", "\ud800x", "..", "%41", "ÄÖ", "äö"])
STRINGS = some.text(some.characters(blacklist_categories=("Cs",), blacklist_characters="\0\n"), max_size=20)


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _numbers(kind: int, size: int, order: str) -> some.SearchStrategy[tuple[int, bytes, bytes]]:
    def written(number: int, form: str) -> tuple[int, bytes, bytes]:
        data = (number % (1 << 8 * size)).to_bytes(size, "big" if order == "big" else "little")
        return kind, (hex(number) if form == "hex" else str(number)).encode() + b"\n", data

    return some.builds(
        written, some.integers(-(1 << 8 * size - 1), (1 << 8 * size) - 1), some.sampled_from(["hex", ""])
    )


WRITTEN = some.one_of(
    some.builds(
        lambda kind, text: (kind, (text + "\n").encode(), utf16(text + "\0")), some.sampled_from([1, 2]), STRINGS
    ),
    some.builds(
        lambda strings: (7, "".join(f"{string}\n" for string in strings).encode(),
                         utf16("".join(f"{string}\0" for string in strings) + "\0")),
        some.lists(STRINGS.filter(bool), max_size=3),
    ),
    some.builds(lambda kind, data: (kind, data, data), some.sampled_from([0, 3]), some.binary(max_size=40)),
    _numbers(4, 4, "little"),
    _numbers(5, 4, "big"),
    _numbers(11, 8, "little"),
)  # fmt: skip
"""Type, what a person writes into the file, the data that come of it."""

SET = some.one_of(
    some.tuples(some.sampled_from([0, 3, 4, 5, 11, 99]), some.binary(max_size=16)),
    some.tuples(some.sampled_from([1, 2, 7]), some.lists(STRINGS, max_size=4).map("\0".join).map(utf16)),
)
"""Type and data as programs set them: often not what the type promises."""


class Program:
    """The program at the other end."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def ask(self, verb: str, path: str, *words: str | int | bytes) -> tuple[int, list[str]]:
        """Have it do something; the error code, and the lines it printed before."""
        parts = [verb, "x" + utf16(path).hex()]
        for word in words:
            data = utf16(word) if isinstance(word, str) else word
            parts.append(f"x{data.hex()}" if isinstance(data, bytes) else str(data))
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write((" ".join(parts) + "\n").encode())
        self._process.stdin.flush()
        lines = []
        while not (line := self._process.stdout.readline().decode().strip()).lstrip("-").isdigit():
            assert line, "the program has ended"
            lines.append(line)
        return int(line), lines

    def dump(self, path: str, name: str) -> Key:
        """All that a program finds below a key."""
        _, lines = self.ask("dump", path)
        stack = [Key(name)]
        for line in lines:
            words = line.split()
            if words[0] == "up":
                stack.pop()
            elif words[0] == "key":
                made = Key(bytes.fromhex(words[1][1:]).decode("utf-16-le", "surrogatepass"))
                stack[-1].keys[upcase(made.name)] = made
                stack.append(made)
            else:
                value = bytes.fromhex(words[1][1:]).decode("utf-16-le", "surrogatepass")
                stack[-1].values[upcase(value)] = (value, int(words[2]), bytes.fromhex(words[3][1:]))
        assert len(stack) == 1
        return stack[0]


def without_scratch(key: Key) -> Key:
    """What programs see of a key."""
    keys = {fold: without_scratch(child) for fold, child in key.keys.items()}
    return Key(key.name, keys, dict(key.values))


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mounted]:
    with mount(tmp_path_factory.mktemp("registry-machine")) as found:
        yield found


@pytest.fixture(scope="module")
def program(mounted: Mounted, compile_c: Compiler) -> Iterator[Program]:
    built = compile_c(PROGRAM, "-ladvapi32", name="registry.exe")
    started = mounted.start(built, cwd=built.parent, stdin=subprocess.PIPE)
    yield Program(started)
    assert started.stdin is not None
    started.stdin.close()
    assert started.wait(120) == 0


def machine_type(mounted: Mounted, program: Program) -> type[RuleBasedStateMachine]:
    """The state machine over one mount and one program."""
    software = mounted.folder / "registry/HKEY_CURRENT_USER/Software"

    class RegistryMachine(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.folder = Path(tempfile.mkdtemp(prefix="Machine", dir=software))
            self.root = Key(self.folder.name)

        def at(self, index: int) -> tuple[Key, Path, str]:
            """One of the keys: the model, the directory, the path that programs use."""
            every = []

            def walk(key: Key, folder: Path, path: str) -> None:
                every.append((key, folder, path))
                for child in key.keys.values():
                    walk(child, folder / escaped(child.name), f"{path}\\{child.name}")

            walk(self.root, self.folder, f"Software\\{self.folder.name}")
            return every[index % len(every)]

        def expect(self, number: int, action: Callable[[], object]) -> None:
            """The action fails with that errno, or works for 0."""
            found = 0
            try:
                action()
            except OSError as error:
                found = error.errno or -1
            assert found == number

        def file(self, key: Key, folder: Path, name: str, suffix: str) -> Path:
            """The file of a value; its name must not be a key's."""
            path = folder / f"{stem(name)}.{suffix}"
            assume(upcase(path.name) not in {upcase(escaped(child.name)) for child in key.keys.values()})
            return path

        # a person

        @rule(index=some.integers(0, 9), name=KEY_NAMES)
        def make_key(self, index: int, name: str) -> None:
            key, folder, path = self.at(index)
            assume(path.count("\\") < 4)
            # A file is there under the name of which a key is to be made.
            taken = upcase(escaped(name)) in map(upcase, listing(key)) and upcase(name) not in key.keys
            assume(not taken)
            self.expect(errno.EEXIST if upcase(name) in key.keys else 0, (folder / escaped(name)).mkdir)
            key.keys.setdefault(upcase(name), Key(name))

        @rule(index=some.integers(0, 9), name=KEY_NAMES)
        def remove_key(self, index: int, name: str) -> None:
            key, folder, _ = self.at(index)
            child = key.keys.get(upcase(name))
            assume(child is not None or upcase(escaped(name)) not in map(upcase, listing(key)))
            number = errno.ENOENT if child is None else 0 if child.empty else errno.ENOTEMPTY
            self.expect(number, (folder / escaped(name)).rmdir)
            if not number:
                del key.keys[upcase(name)]

        @rule(index=some.integers(0, 9), old=KEY_NAMES, new=KEY_NAMES)
        def rename_key(self, index: int, old: str, new: str) -> None:
            key, folder, _ = self.at(index)
            child, there = key.keys.get(upcase(old)), key.keys.get(upcase(new))
            assume(child is not None and upcase(old) != upcase(new))
            assume(there is not None or upcase(escaped(new)) not in map(upcase, listing(key)))
            assert child is not None
            number = errno.ENOTEMPTY if there is not None and not there.empty else 0
            self.expect(number, lambda: os.rename(folder / escaped(old), folder / escaped(new)))
            if not number:
                del key.keys[upcase(old)]
                child.name = new
                key.keys[upcase(new)] = child

        @rule(index=some.integers(0, 9), name=VALUE_NAMES, written=WRITTEN)
        def write(self, index: int, name: str, written: tuple[int, bytes, bytes]) -> None:
            key, folder, _ = self.at(index)
            kind, content, data = written
            self.file(key, folder, name, SUFFIXES[kind]).write_bytes(content)
            key.set(name, kind, data)

        @rule(index=some.integers(0, 9), name=VALUE_NAMES, more=STRINGS)
        def append(self, index: int, name: str, more: str) -> None:
            key, folder, _ = self.at(index)
            path = self.file(key, folder, name, "sz")
            value = key.values.get(upcase(name))
            before = as_text(1, value[2]) if value is not None and value[1] == 1 else b""
            assume(before is not None)
            assert before is not None
            with open(path, "ab") as file:
                file.write((more + "\n").encode())
            key.set(name, 1, utf16(before.decode("utf-8", "surrogatepass") + more + "\0"))

        @rule(
            index=some.integers(0, 9),
            name=VALUE_NAMES,
            data=some.binary(max_size=9),
            kind=some.sampled_from([1, 4, 99]),
        )
        def put_raw(self, index: int, name: str, data: bytes, kind: int) -> None:
            key, folder, _ = self.at(index)
            self.file(key, folder, name, f"raw{kind:x}").write_bytes(data)
            key.set(name, kind, data)

        @rule(index=some.integers(0, 9), name=VALUE_NAMES, suffix=some.sampled_from(["dword", "qword", "multi_sz"]))
        def write_nonsense(self, index: int, name: str, suffix: str) -> None:
            key, folder, _ = self.at(index)
            path = self.file(key, folder, name, suffix)
            with pytest.raises(OSError, match="Invalid argument"), open(path, "wb", buffering=0) as file:
                file.write(b"a\n\nb\n")

        @rule(index=some.integers(0, 9), name=VALUE_NAMES, kind=some.sampled_from(sorted(SUFFIXES)))
        def remove_value(self, index: int, name: str, kind: int) -> None:
            key, folder, _ = self.at(index)
            path = self.file(key, folder, name, SUFFIXES[kind])
            value = key.values.get(upcase(name))
            there = value is not None and value[1] == kind and as_text(kind, value[2]) is not None
            assume(path.name not in key.scratch)
            self.expect(0 if there else errno.ENOENT, path.unlink)
            if there:
                del key.values[upcase(name)]

        @rule(index=some.integers(0, 9), old=VALUE_NAMES, new=VALUE_NAMES, kind=some.sampled_from([1, 2, 3, 4]))
        def rename_value(self, index: int, old: str, new: str, kind: int) -> None:
            key, folder, _ = self.at(index)
            value = key.values.get(upcase(old))
            assume(value is not None and value[1] in SUFFIXES and as_text(value[1], value[2]) is not None)
            assert value is not None
            source = self.file(key, folder, old, SUFFIXES[value[1]])
            target = self.file(key, folder, new, SUFFIXES[kind])
            assume(upcase(old) != upcase(new))
            content = as_text(value[1], value[2])
            assert content is not None
            data, number = (value[2], 0) if kind == value[1] else retyped(kind, content)
            self.expect(number, lambda: os.rename(source, target))
            if not number:
                key.set(new, kind, data)
                del key.values[upcase(old)]

        @rule(index=some.integers(0, 9), content=some.binary(max_size=20))
        def write_scratch(self, index: int, content: bytes) -> None:
            key, folder, _ = self.at(index)
            (folder / ".scratch~").write_bytes(content)
            key.scratch[".scratch~"] = content

        @precondition(lambda self: any(key.scratch for key in [self.root, *self.root.keys.values()]))
        @rule(index=some.integers(0, 9), name=VALUE_NAMES, kind=some.sampled_from([1, 3, 4]))
        def take_scratch(self, index: int, name: str, kind: int) -> None:
            key, folder, _ = self.at(index)
            assume(".scratch~" in key.scratch)
            target = self.file(key, folder, name, SUFFIXES[kind])
            data, number = retyped(kind, key.scratch[".scratch~"])
            self.expect(number, lambda: os.rename(folder / ".scratch~", target))
            if not number:
                key.set(name, kind, data)
                del key.scratch[".scratch~"]

        # a program

        @rule(index=some.integers(0, 9), name=VALUE_NAMES, what=SET)
        def program_sets(self, index: int, name: str, what: tuple[int, bytes]) -> None:
            key, _, path = self.at(index)
            assert program.ask("set", path, name, *what)[0] == 0
            key.set(name, what[0], terminated(*what))

        @rule(index=some.integers(0, 9), name=VALUE_NAMES)
        def program_deletes(self, index: int, name: str) -> None:
            key, _, path = self.at(index)
            there = key.values.pop(upcase(name), None) is not None
            assert program.ask("unset", path, name)[0] == (0 if there else 2)

        @rule(index=some.integers(0, 9), name=KEY_NAMES)
        def program_makes(self, index: int, name: str) -> None:
            key, _, path = self.at(index)
            assume(path.count("\\") < 4)
            assert program.ask("make", path, name)[0] == 0
            key.keys.setdefault(upcase(name), Key(name))

        @rule(index=some.integers(0, 9), name=KEY_NAMES)
        def program_removes(self, index: int, name: str) -> None:
            key, _, path = self.at(index)
            child = key.keys.get(upcase(name))
            status = 2 if child is None else 5 if child.keys else 0
            assert program.ask("remove", path, name)[0] == status
            if not status:
                del key.keys[upcase(name)]

        # both

        @rule(index=some.integers(0, 9))
        def look(self, index: int) -> None:
            self.compare(*self.at(index)[:2])

        def compare(self, key: Key, folder: Path) -> None:
            expected = listing(key)
            assert sorted(os.listdir(folder)) == sorted(expected)
            for name, content in expected.items():
                if content is None:
                    continue
                path = folder / name
                assert path.read_bytes() == content
                assert path.stat().st_size == len(content)

        def teardown(self) -> None:
            if not hasattr(self, "root"):
                return
            try:
                index = 0
                while True:
                    key, folder, _ = self.at(index)
                    if index and key is self.root:
                        break
                    self.compare(key, folder)
                    index += 1
                seen = program.dump(f"Software\\{self.folder.name}", self.folder.name)
                assert seen == without_scratch(self.root)
            finally:
                shutil.rmtree(self.folder)

    return RegistryMachine


def terminated(kind: int, data: bytes) -> bytes:
    """What RegSetValueExW makes of data: it counts the terminator in if the caller did not (and zeros do follow)."""
    return data + b"\0\0" if kind in (1, 2, 7) and data and data[-2:] != b"\0\0" else data


def retyped(kind: int, content: bytes) -> tuple[bytes, int]:
    """What becomes of a file's content under the name of another type: the data, and the errno if that cannot be."""
    if kind == 3:
        return content, 0
    try:
        text = content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return b"", errno.EILSEQ
    if kind in (1, 2):
        return (b"", errno.EILSEQ) if "\0" in text else (utf16(text.removesuffix("\n") + "\0"), 0)
    word = text.strip()
    digits = word.lstrip("+-")
    if not word.isascii() or len(word) - len(digits) > 1 or not digits:
        return b"", errno.EILSEQ
    try:
        number = int(word, 16 if digits.lower().startswith("0x") else 10)
    except ValueError:
        return b"", errno.EILSEQ
    if not -(1 << 31) <= number < 1 << 32:
        return b"", errno.ERANGE
    return (number % (1 << 32)).to_bytes(4, "little"), 0


def test_persons_and_programs_see_the_registry_that_a_model_predicts(mounted: Mounted, program: Program) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine_type(mounted, program),
        settings=settings(
            max_examples=2000 if LONG else 15, stateful_step_count=80 if LONG else 40, deadline=None,
            report_multiple_bugs=False, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )  # fmt: skip
    assert "fuse_failures: 0\n" in (mounted.folder / "machine/statistics").read_text()
