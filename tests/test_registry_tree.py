"""The registry tree and its store, without a machine: names, values, links, changes, durability."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from runtime.nt import ntstatus
from runtime.nt.casing import upcase
from runtime.nt.registry_store import RegistryStore, StoreError
from runtime.nt.registry_tree import REG_LINK, REG_NOTIFY_CHANGE_LAST_SET, REG_SZ, KeyNode, RegistryTree
from runtime.nt.status import NtError

SOFTWARE = "\\REGISTRY\\MACHINE\\SOFTWARE"


def make_tree(path: Path | None) -> RegistryTree:
    return RegistryTree(RegistryStore(path), lambda: 132_000_000_000_000_000)


@pytest.fixture(params=["memory", "disk"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> RegistryTree:
    return make_tree(None if request.param == "memory" else tmp_path / "registry.db")


def text(value: str) -> bytes:
    return (value + "\0").encode("utf-16-le")


def test_names_ignore_case_and_keep_it(tree: RegistryTree) -> None:
    tree.create_path(SOFTWARE + "\\Grüße\\Straße")
    node = tree.find("\\registry\\machine\\software\\GRÜßE\\STRAßE")
    assert node is not None
    assert node.full_name == "\\REGISTRY\\MACHINE\\SOFTWARE\\Grüße\\Straße"
    assert tree.find(SOFTWARE + "\\GRÜSSE") is None


def test_deleted_key_answers_key_deleted(tree: RegistryTree) -> None:
    node = tree.create_path(SOFTWARE + "\\A\\B")
    parent = tree.find(SOFTWARE + "\\A")
    assert parent is not None
    with pytest.raises(NtError) as error:
        tree.delete(parent)
    assert error.value.status == ntstatus.STATUS_CANNOT_DELETE
    tree.delete(node)
    with pytest.raises(NtError) as error:
        tree.set_value(node, "x", REG_SZ, b"")
    assert error.value.status == ntstatus.STATUS_KEY_DELETED
    again = tree.create(parent, "b")
    assert again is not node
    assert node.deleted


def test_volatile_keys_hold_only_volatile_keys_and_are_not_stored(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    tree = make_tree(path)
    parent = tree.create_path(SOFTWARE)
    volatile = tree.create(parent, "V", volatile=True)
    with pytest.raises(NtError) as error:
        tree.create(volatile, "child")
    assert error.value.status == ntstatus.STATUS_CHILD_MUST_BE_VOLATILE
    tree.set_value(volatile, "v", REG_SZ, text("gone"))
    tree.store.close()
    tree = make_tree(path)
    assert tree.find(SOFTWARE) is not None
    assert tree.find(SOFTWARE + "\\V") is None


def test_symbolic_links_are_followed_and_can_be_opened(tree: RegistryTree) -> None:
    target = tree.create_path(SOFTWARE + "\\Target\\Deep")
    link = tree.create(tree.create_path(SOFTWARE), "Link", link=True)
    tree.set_value(link, "SymbolicLinkValue", REG_LINK, (SOFTWARE + "\\Target").encode("utf-16-le"))
    assert tree.find(SOFTWARE + "\\LINK\\deep") is target
    assert tree.find(SOFTWARE + "\\Link", open_link=True) is link
    with pytest.raises(NtError):
        tree.set_value(link, "other", REG_SZ, b"")
    loop = tree.create(tree.create_path(SOFTWARE), "Loop", link=True)
    tree.set_value(loop, "SymbolicLinkValue", REG_LINK, (SOFTWARE + "\\Loop").encode("utf-16-le"))
    with pytest.raises(NtError) as error:
        tree.resolve(None, SOFTWARE + "\\Loop")
    assert error.value.status == ntstatus.STATUS_NAME_TOO_LONG


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("SOFTWARE", ntstatus.STATUS_OBJECT_PATH_SYNTAX_BAD),
        ("\\Device\\Null", ntstatus.STATUS_OBJECT_NAME_NOT_FOUND),
        (SOFTWARE + "\\none\\at\\all", ntstatus.STATUS_OBJECT_NAME_NOT_FOUND),
    ],
)
def test_bad_paths(tree: RegistryTree, path: str, status: int) -> None:
    tree.create_path(SOFTWARE)
    with pytest.raises(NtError) as error:
        tree.resolve(None, path)
    assert error.value.status == status


def test_name_limits(tree: RegistryTree) -> None:
    parent = tree.create_path(SOFTWARE)
    tree.create(parent, "k" * 256)
    for name in ("k" * 257, "\U0001f600" * 129):
        with pytest.raises(NtError) as error:
            tree.create(parent, name)
        assert error.value.status == ntstatus.STATUS_INVALID_PARAMETER
    tree.set_value(parent, "v" * 16383, REG_SZ, b"")
    with pytest.raises(NtError):
        tree.set_value(parent, "v" * 16384, REG_SZ, b"")


def test_the_32_bit_view_redirects_software_but_not_shared_keys(tree: RegistryTree) -> None:
    wow = tree.create_path(SOFTWARE + "\\WOW6432Node\\Vendor")
    tree.create_path(SOFTWARE + "\\Classes\\.txt")
    clsid = tree.create_path(SOFTWARE + "\\Classes\\WOW6432Node\\CLSID")
    fonts = tree.create_path(SOFTWARE + "\\Microsoft\\Windows NT\\CurrentVersion\\Fonts")
    assert tree.resolve(None, SOFTWARE + "\\vendor", wow64=True) is wow
    assert tree.resolve(tree.find(SOFTWARE), "vendor", wow64=True) is wow
    assert tree.resolve(None, SOFTWARE + "\\Classes\\.txt", wow64=True).name == ".txt"
    assert tree.resolve(None, SOFTWARE + "\\Classes\\CLSID", wow64=True) is clsid
    assert tree.resolve(None, fonts.full_name, wow64=True) is fonts
    with pytest.raises(NtError):
        tree.resolve(None, SOFTWARE + "\\vendor")


def test_watchers_see_changes_below(tree: RegistryTree) -> None:
    seen: list[tuple[str, int, bool]] = []
    parent = tree.create_path(SOFTWARE + "\\Watched")
    child = tree.create(parent, "Child")
    parent.watchers.append(lambda node, kind, own: seen.append((node.name, kind, own)))
    tree.set_value(parent, "a", REG_SZ, b"")
    tree.set_value(child, "a", REG_SZ, b"")
    assert seen == [("Watched", REG_NOTIFY_CHANGE_LAST_SET, True), ("Child", REG_NOTIFY_CHANGE_LAST_SET, False)]


def test_change_log_tells_what_changed_since_the_mark(tree: RegistryTree) -> None:
    parent = tree.create_path(SOFTWARE + "\\P")
    tree.set_value(parent, "same", REG_SZ, text("1"))
    tree.set_value(parent, "modified", REG_SZ, text("1"))
    tree.set_value(parent, "deleted", REG_SZ, text("1"))
    doomed = tree.create(parent, "Doomed")
    tree.changes.mark()
    tree.set_value(parent, "same", REG_SZ, text("2"))
    tree.set_value(parent, "same", REG_SZ, text("1"))
    tree.set_value(parent, "Modified", REG_SZ, text("2"))
    tree.set_value(parent, "added", REG_SZ, text("1"))
    tree.delete_value(parent, "deleted")
    tree.delete(doomed)
    tree.create(parent, "New")

    def current(path: str) -> tuple[str, dict[str, object]] | None:
        node = tree.find("\\" + path)
        return None if node is None else (node.full_name, tree.values(node))

    found = [(c.kind, c.path.rpartition("\\")[2], c.value) for c in tree.changes.changes(current)]  # type: ignore[arg-type]
    assert sorted(found, key=str) == sorted(
        [("A", "P", "added"), ("D", "P", "deleted"), ("M", "P", "modified"), ("D", "Doomed", None), ("A", "New", None)],
        key=str,
    )


def test_a_rename_moves_the_whole_subtree(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    tree = make_tree(path)
    leaf = tree.create_path(SOFTWARE + "\\Old\\Sub")
    tree.set_value(leaf, "v", REG_SZ, text("x"))
    old = tree.find(SOFTWARE + "\\Old")
    assert old is not None
    tree.rename(old, "New")
    assert tree.find(SOFTWARE + "\\Old") is None
    tree.store.close()
    tree = make_tree(path)
    assert tree.find(SOFTWARE + "\\Old") is None
    moved = tree.find(SOFTWARE + "\\New\\Sub")
    assert moved is not None
    assert tree.value(moved, "V").data == text("x")


def test_two_machines_on_one_store_see_each_other(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    one, two = make_tree(path), make_tree(path)
    first = one.create_path(SOFTWARE + "\\Shared")
    one.store.flush()
    time.sleep(0.06)
    second = two.find(SOFTWARE + "\\Shared")
    assert second is not None
    assert two.values(second) == {}
    one.set_value(first, "one", REG_SZ, text("1"))
    two.set_value(second, "two", REG_SZ, text("2"))
    one.store.flush()
    two.store.flush()
    time.sleep(0.06)
    assert {row.name for row in one.values(first).values()} == {"one", "two"}
    assert {row.name for row in two.values(second).values()} == {"one", "two"}
    one.delete(first)
    one.store.flush()
    time.sleep(0.06)
    assert two.find(SOFTWARE + "\\Shared") is None
    assert second.deleted


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be one" * 100])
def test_a_file_that_is_no_database_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "registry.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=str(path)):
        RegistryStore(path)
    assert path.read_bytes() == content


WRITER = """
import sys
from pathlib import Path
from runtime.nt.registry_store import RegistryStore
from runtime.nt.registry_tree import RegistryTree
tree = RegistryTree(RegistryStore(Path(sys.argv[1])), lambda: 1)
node = tree.create_path("\\\\REGISTRY\\\\MACHINE\\\\SOFTWARE\\\\Counter")
n = 0
while True:
    n += 1
    tree.set_value(node, "pair a", 4, n.to_bytes(4, "little"))
    tree.set_value(node, "pair b", 4, n.to_bytes(4, "little"))
    if n == 100:
        tree.flush()
        print("flushed", flush=True)
"""


def test_kill_9_never_corrupts_and_keeps_what_was_flushed(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    for least in (100, 101, 1000):
        root = Path(__file__).parent.parent
        process = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, cwd=root)
        assert process.stdout is not None
        assert process.stdout.readline() == b"flushed\n"
        with sqlite3.connect(path, timeout=60) as database:
            query = 'SELECT data FROM "values" WHERE name = \'pair a\''
            while int.from_bytes(database.execute(query).fetchone()[0], "little") < least:
                pass
        database.close()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        tree = make_tree(path)
        node = tree.find("\\REGISTRY\\MACHINE\\SOFTWARE\\Counter")
        assert node is not None
        a, b = (int.from_bytes(tree.value(node, f"pair {which}").data, "little") for which in "ab")
        assert a >= least
        assert a - b in (0, 1)
        tree.store.close()


NAMES = st.text(st.characters(blacklist_characters="\\", codec=None), min_size=1, max_size=6)


class RegistryModel(RuleBasedStateMachine):
    """The tree against plain dicts, closed and opened again at any moment."""

    keys = Bundle("keys")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.tree = make_tree(self.folder / "registry.db")
        self.model: dict[str, dict[str, tuple[str, int, bytes]]] = {}

    def teardown(self) -> None:
        self.tree.store.close()
        shutil.rmtree(self.folder)

    @initialize(target=keys)
    def start(self) -> str:
        self.tree.create_path(SOFTWARE)
        self.model[SOFTWARE] = {}
        return SOFTWARE

    def node(self, path: str) -> KeyNode | None:
        return self.tree.find(path)

    @rule(target=keys, parent=keys, name=NAMES)
    def create(self, parent: str, name: str) -> str:
        path = f"{parent}\\{upcase(name)}"
        node = self.node(parent)
        assert (node is not None) == (parent in self.model)
        if node is not None:
            if path in self.model:
                with pytest.raises(NtError) as error:
                    self.tree.create(node, name)
                assert error.value.status == ntstatus.STATUS_OBJECT_NAME_COLLISION
            else:
                self.tree.create(node, name)
                self.model[path] = {}
        return path

    @rule(path=consumes(keys))
    def delete(self, path: str) -> None:
        node = self.node(path)
        if node is None:
            assert path not in self.model
        elif path != SOFTWARE:
            self.tree.delete_tree(node)
            self.model = {p: v for p, v in self.model.items() if p != path and not p.startswith(path + "\\")}

    @rule(path=keys, name=NAMES | st.just(""), kind=st.integers(0, 0xFFFFFFFF), data=st.binary(max_size=8))
    def set_value(self, path: str, name: str, kind: int, data: bytes) -> None:
        if (node := self.node(path)) is not None:
            self.tree.set_value(node, name, kind, data)
            old = self.model[path].get(upcase(name))
            self.model[path][upcase(name)] = (old[0] if old else name, kind, data)

    @rule(path=keys, name=NAMES | st.just(""))
    def delete_value(self, path: str, name: str) -> None:
        if (node := self.node(path)) is not None:
            try:
                self.tree.delete_value(node, name)
                del self.model[path][upcase(name)]
            except NtError:
                assert upcase(name) not in self.model[path]

    @rule(path=keys, name=NAMES)
    def rename(self, path: str, name: str) -> None:
        node = self.node(path)
        if node is None or path == SOFTWARE:
            return
        new = f"{path.rpartition(chr(92))[0]}\\{upcase(name)}"
        try:
            self.tree.rename(node, name)
        except NtError:
            assert new in self.model
            assert new != path
            return
        self.model = {
            new + p[len(path) :] if p == path or p.startswith(path + "\\") else p: v for p, v in self.model.items()
        }

    @rule()
    def flush(self) -> None:
        self.tree.flush()

    @rule()
    def reopen(self) -> None:
        self.tree.store.close()
        self.tree = make_tree(self.folder / "registry.db")

    @rule()
    def reload(self) -> None:
        self.tree._generation += 1

    @invariant()
    def same(self) -> None:
        root = self.tree.find(SOFTWARE)
        if root is None:
            return
        found = {
            "\\" + node.path: {f: (r.name, r.type, r.data) for f, r in self.tree.values(node).items()}
            for node in self.tree.walk(root)
        }
        assert found == self.model


TestRegistryModel = RegistryModel.TestCase
TestRegistryModel.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
