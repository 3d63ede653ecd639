"""Random operations on a plain drive and on copy-on-write drives must answer alike, and never touch the lower
folder."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.nt import file_flags as ff
from runtime.nt.status import NtError, status_name
from runtime.vfs.drive import DriveMode
from runtime.vfs.drives import DriveConfig
from tests.file_harness import DELETE, READ, WRITE, Machine

SYNC = ff.FILE_SYNCHRONOUS_IO_NONALERT
NAMES = st.sampled_from(["a", "A", "b", "sub", "SUB", "deep", "x y", "\u00e9"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("\\".join)
OPERATIONS = st.one_of(
    st.tuples(st.just("write"), PATHS, st.binary(max_size=8)),
    st.tuples(st.just("read"), PATHS),
    st.tuples(st.just("mkdir"), PATHS),
    st.tuples(st.just("delete"), PATHS),
    st.tuples(st.just("rename"), PATHS, PATHS, st.booleans()),
    st.tuples(st.just("link"), PATHS, PATHS),
    st.tuples(st.just("list"), PATHS),
    st.tuples(st.just("attributes"), PATHS, st.sampled_from([0x20, 0x22, 0x21])),
)


def fill(folder: Path) -> None:
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "a").write_bytes(b"lower a")
    (folder / "sub" / "b").write_bytes(b"lower b")
    (folder / "sub" / "deep" / "x y").write_bytes(b"lower deep")


def perform(machine: Machine, operation: tuple[object, ...]) -> object:
    """Do one operation; the outcome is plain data or the name of a status."""
    kind, path, *rest = operation
    assert isinstance(path, str)

    def use(access: int, action: Callable[..., object], **keywords: int) -> object:
        file = machine.open(path, access, **keywords)
        try:
            return action(file)
        finally:
            machine.shut(file)

    try:
        match kind:
            case "write":
                return use(READ | WRITE, lambda file: machine.write(file, rest[0]), disposition=ff.FILE_OVERWRITE_IF,
                           options=SYNC | ff.FILE_NON_DIRECTORY_FILE)  # fmt: skip
            case "read":
                return use(READ, lambda file: machine.read(file, 100), options=SYNC | ff.FILE_NON_DIRECTORY_FILE)
            case "mkdir":
                options = SYNC | ff.FILE_DIRECTORY_FILE
                return use(READ, lambda file: None, disposition=ff.FILE_CREATE, options=options)
            case "delete":
                return use(DELETE, lambda file: file.set_information(13, b"\1", machine.process))
            case "rename":
                target, replace = rest
                action = lambda file: file.rename(  # noqa: E731
                    f"\\??\\C:\\{target}", None, machine.process, replace=replace, posix=False
                )
                return use(DELETE, action)
            case "link":
                action = lambda file: file.link(f"\\??\\C:\\{rest[0]}", None, machine.process, replace=False)  # noqa: E731
                return use(READ, action)
            case "list":
                return use(READ, lambda file: machine.list(file), options=SYNC | ff.FILE_DIRECTORY_FILE)
            case _:
                data = struct.pack("<qqqqII", 0, 0, 0, 0, rest[0], 0)
                return use(ff.FILE_WRITE_ATTRIBUTES, lambda file: file.set_information(4, data, machine.process))
    except NtError as error:
        return status_name(error.status)


def tree(machine: Machine, path: str = "") -> object:
    """Everything a drive holds, as programs see it."""
    options = SYNC | ff.FILE_DIRECTORY_FILE
    directory = machine.open("\\??\\C:\\" + path, READ, options=options)
    names = [name for name in machine.list(directory) if name not in (".", "..")]
    machine.shut(directory)
    found: dict[str, object] = {}
    for name in names:
        below = f"{path}\\{name}".lstrip("\\")
        file = machine.open(below, READ)
        attributes = struct.unpack_from("<I", file.query(4, 40, file.granted).data, 32)[0]
        machine.shut(file)
        content = tree(machine, below) if attributes & 0x10 else perform(machine, ("read", below))
        found[name] = (attributes, content)
    return found


def snapshot(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(OPERATIONS, min_size=1, max_size=14))
def test_overlay_answers_like_a_plain_folder(operations: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        machines = []
        for mode in (DriveMode.READ_WRITE, DriveMode.OVERLAY):
            folder = root / mode.value
            (folder / "c").mkdir(parents=True)
            fill(folder / "c")
            machines.append(Machine(folder, DriveConfig("C", str(folder / "c"), mode)))
        lower = root / "overlay" / "c"
        before = snapshot(lower)
        try:
            for operation in operations:
                first, second = (perform(machine, operation) for machine in machines)
                assert first == second, operation
            assert tree(machines[0]) == tree(machines[1])
            assert snapshot(lower) == before
        finally:
            for machine in machines:
                machine.close()
