"""A drive in the mount against a plain folder: the same operations give the same results, errors and contents."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from mounting import mount

LONG = bool(os.environ.get("WINFS_TEST_LONG"))

PATHS = some.sampled_from(["a", "b", "dir", "dir/a", "dir/b", "dir/sub", "dir/sub/c", "link"])
DATA = some.binary(max_size=9000)

OPERATIONS = some.one_of(
    some.tuples(some.just("write"), PATHS, DATA),
    some.tuples(some.just("append"), PATHS, DATA),
    some.tuples(some.just("patch"), PATHS, some.integers(0, 9000), DATA),
    some.tuples(some.just("read"), PATHS),
    some.tuples(some.just("truncate"), PATHS, some.integers(0, 9000)),
    some.tuples(some.just("mkdir"), PATHS),
    some.tuples(some.just("rmdir"), PATHS),
    some.tuples(some.just("unlink"), PATHS),
    some.tuples(some.just("rename"), PATHS, PATHS),
    some.tuples(some.just("link"), PATHS, PATHS),
    some.tuples(some.just("symlink"), some.sampled_from(["a", "dir", "dir/sub", "nowhere"]), PATHS),
    some.tuples(some.just("chmod"), PATHS, some.sampled_from([0o600, 0o644, 0o755])),
    some.tuples(some.just("stat"), PATHS),
    some.tuples(some.just("list"), PATHS),
)


@pytest.fixture(scope="module", params=["plain", "overlay"])
def drive(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[tuple[Path, Path]]:
    """A drive, and the host folder in which its files are to begin with."""
    base = tmp_path_factory.mktemp("differential")
    (base / "lower").mkdir()
    mode = "rw" if request.param == "plain" else "overlay"
    with mount(base, "--drive", f"O:={base / 'lower'}:{mode}") as mounted:
        yield mounted.folder / "drives" / "o", base / "lower"


def fill(folder: Path) -> None:
    """What is there before anything is done."""
    (folder / "dir" / "sub").mkdir(parents=True)
    for name in ("a", "dir/b", "dir/sub/c"):
        (folder / name).write_text(f"first {name}\n")
    (folder / "link").symlink_to("dir/b")


def _read(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _put(path: Path, mode: str, data: bytes, offset: int = 0) -> int:
    with open(path, mode) as file:
        if offset:
            file.seek(offset)
        return file.write(data)


def _stat(path: Path) -> tuple[int, int, int]:
    found = path.lstat()
    if stat.S_ISDIR(found.st_mode):
        return found.st_mode, 0, 0
    return found.st_mode, found.st_size, found.st_nlink


def do(root: Path, operation: tuple[object, ...]) -> object:
    """Do one operation; the result, or the errno."""
    verb, *rest = operation
    first = rest[0]
    path = root / str(rest[0])
    second = rest[1] if len(rest) > 1 else None
    actions: dict[str, Callable[[], object]] = {
        "write": lambda: _put(path, "wb", second),  # type: ignore[arg-type]
        "append": lambda: _put(path, "ab", second),  # type: ignore[arg-type]
        "patch": lambda: _put(path, "r+b", rest[2], second),  # type: ignore[arg-type]
        "read": lambda: _read(path),
        "truncate": lambda: os.truncate(path, second),  # type: ignore[arg-type]
        "mkdir": lambda: os.mkdir(path),
        "rmdir": lambda: os.rmdir(path),
        "unlink": lambda: os.unlink(path),
        "rename": lambda: os.rename(path, root / str(second)),
        "link": lambda: os.link(path, root / str(second), follow_symlinks=False),
        "symlink": lambda: os.symlink(str(first), root / str(second)),
        "chmod": lambda: os.chmod(path, second),  # type: ignore[arg-type]
        "stat": lambda: _stat(path),
        "list": lambda: sorted(os.listdir(path)),
    }
    try:
        return actions[str(verb)]()
    except OSError as error:
        return error.errno


def tree(root: Path) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for folder, directories, files in os.walk(root):
        for name in sorted(directories + files):
            path = Path(folder, name)
            content: object = os.readlink(path) if path.is_symlink() else _read(path) if path.is_file() else None
            found.append((str(path.relative_to(root)), (_stat(path), content)))
    return sorted(found, key=lambda item: item[0])


@given(operations=some.lists(OPERATIONS, min_size=5, max_size=40))
@settings(
    max_examples=2000 if LONG else 25, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
def test_a_drive_behaves_as_a_folder(drive: tuple[Path, Path], operations: list[tuple[object, ...]]) -> None:
    mounted, below = drive
    with tempfile.TemporaryDirectory() as plain:
        host = Path(tempfile.mkdtemp(dir=below))
        for folder in (host, Path(plain)):
            fill(folder)
        ours = mounted / host.name
        try:
            for operation in operations:
                assert do(ours, operation) == do(Path(plain), operation), operation
            assert tree(ours) == tree(Path(plain))
        finally:
            shutil.rmtree(ours)
        assert not ours.exists()


@pytest.mark.parametrize(
    "operations",
    [
        [("mkdir", "n"), ("rename", "n", "dir"), ("list", "dir")],
        [("write", "n", b"1"), ("rename", "n", "dir"), ("mkdir", "m"), ("rename", "m", "a"), ("read", "a")],
        [("unlink", "dir/sub/c"), ("mkdir", "n"), ("rename", "n", "dir/sub"), ("list", "dir/sub"), ("list", ".")],
        [("rename", "dir", "n"), ("mkdir", "dir"), ("list", "dir"), ("rename", "n", "dir"), ("list", "dir")],
        [("unlink", "dir/sub/c"), ("rmdir", "dir/sub"), ("mkdir", "dir/sub"), ("list", "dir/sub")],
        [("unlink", "dir/sub/c"), ("rmdir", "dir/sub"), ("write", "dir/sub", b"a file"), ("read", "dir/sub")],
        [("unlink", "a"), ("mkdir", "a"), ("list", "a"), ("rmdir", "a"), ("list", ".")],
        [("rename", "a", "dir/b"), ("read", "dir/b"), ("rename", "dir/b", "dir/sub/c"), ("list", "dir")],
        [("link", "a", "hard"), ("append", "hard", b"more"), ("read", "a"), ("stat", "a"), ("stat", "hard")],
        [
            ("rename", "dir", "m"),
            ("rename", "m", "dir"),
            ("read", "dir/sub/c"),
            ("chmod", "dir", 0o700),
            ("list", "dir"),
        ],
    ],
)
def test_what_lies_below_counts_when_something_is_renamed(
    drive: tuple[Path, Path], tmp_path: Path, operations: list[tuple[object, ...]]
) -> None:
    mounted, below = drive
    host = Path(tempfile.mkdtemp(dir=below))
    for folder in (host, tmp_path):
        fill(folder)
    for operation in operations:
        assert do(mounted / host.name, operation) == do(tmp_path, operation), operation
    assert tree(mounted / host.name) == tree(tmp_path)
