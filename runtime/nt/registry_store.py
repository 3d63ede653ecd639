"""The registry on disk: one SQLite database (WAL) in the machine folder, written behind the programs' backs.

Keys are addressed by their folded path (`\\REGISTRY\\MACHINE\\SOFTWARE\\…` in Windows upper case), values by key path
and folded name. Programs never wait for the disk: a change is noted in memory and a writer thread commits what has
gathered a quarter of a second later, in one transaction. So a killed machine loses at most that much and the database
is always whole; `flush` commits at once and waits for the disk. Several machines may use one database at the same
time: changes are merged key by key and value by value, the last writer wins, and `changed_elsewhere` tells when to
look again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

COMMIT_DELAY = 0.25
"""Seconds that changes gather before they are committed."""

POLL_INTERVAL = 0.05
"""Seconds between looks for commits of another machine."""

_BUSY_TIMEOUT_MS = 100
_PATIENT_TIMEOUT_MS = 10_000
_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys(
  parent TEXT NOT NULL, fold TEXT NOT NULL, name TEXT NOT NULL, class TEXT, written INTEGER NOT NULL,
  security BLOB, flags INTEGER NOT NULL, PRIMARY KEY(parent, fold)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "values"(
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, fold TEXT NOT NULL, name TEXT NOT NULL, type INTEGER NOT NULL,
  data BLOB NOT NULL, UNIQUE(key, fold));
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class StoreError(Exception):
    """The database cannot be opened or written; the message names the file and the cause."""

    @property
    def disk_full(self) -> bool:
        """Whether the cause is a disk without space."""
        cause = self.__cause__
        return isinstance(cause, sqlite3.OperationalError) and cause.sqlite_errorcode == sqlite3.SQLITE_FULL


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key as it is stored. `written` is a FILETIME; `security` a self-relative descriptor or None (inherited)."""

    name: str
    class_name: str | None
    written: int
    security: bytes | None
    flags: int


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One value as it is stored."""

    name: str
    type: int
    data: bytes


def _key_row(row: tuple[object, ...]) -> KeyRow:
    return KeyRow(*cast(tuple[str, str | None, int, bytes | None, int], row))


class _Pending:
    """Changes not committed yet. The last state of each key and value wins."""

    __slots__ = ("keys", "purged", "values")

    def __init__(self) -> None:
        self.keys: dict[tuple[str, str], KeyRow | None] = {}
        self.purged: dict[str, None] = {}
        self.values: dict[str, dict[str, ValueRow | None]] = {}

    def __bool__(self) -> bool:
        return bool(self.keys or self.values or self.purged)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


class RegistryStore:
    """The database of one machine. Thread-safe; with `path` None nothing is kept and nothing is found.

    `created` says whether the database was empty when it was opened. Raises StoreError when the file cannot be opened
    or is not a registry database.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.read_only = False
        self.created = True
        self.error: sqlite3.Error | None = None
        """Why the last commit failed, or None; changes stay in memory and are tried again."""
        self.commits = 0
        self._lock = threading.Lock()
        self._pending = _Pending()
        self._wake = threading.Condition(threading.Lock())
        self._writer: threading.Thread | None = None
        self._closing = False
        self._version = 0
        self._polled = 0.0
        self._database: sqlite3.Connection | None = self._open(path) if path is not None else None

    def _open(self, path: Path) -> sqlite3.Connection:
        self.read_only = not os.access(path.parent if not path.exists() else path, os.W_OK)
        try:
            if self.read_only:
                uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
                database = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
            else:
                database = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
                os.chmod(path, 0o600)
            database.text_factory = _decode
            # Going over to WAL fails at once, whatever the timeout, when another machine does so: one after the other.
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX)
                self._prepare(database)
            finally:
                os.close(folder)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{path}: cannot open the registry: {error}") from error
        return database

    def _prepare(self, database: sqlite3.Connection) -> None:
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version > _SCHEMA_VERSION:
            raise StoreError(f"{self.path}: registry format {version} is newer than this program ({_SCHEMA_VERSION})")
        if not self.read_only:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")
            if version == 0:
                database.execute("BEGIN IMMEDIATE")
                for statement in _SCHEMA.split(";")[:-1]:
                    database.execute(statement)
                database.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")
                database.execute("COMMIT")
            database.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        self.created = version == 0 or self._meta(database, "defaults") is None
        self._version = database.execute("PRAGMA data_version").fetchone()[0]

    @staticmethod
    def _meta(database: sqlite3.Connection, name: str) -> str | None:
        row = database.execute("SELECT value FROM meta WHERE name=?", (name,)).fetchone()
        return None if row is None else str(row[0])

    # reading

    def meta(self, name: str) -> str | None:
        """Return a fact about the database itself (`defaults`: the version of the preset keys), or None."""
        if self._database is None:
            return None
        with self._lock:
            return self._meta(self._database, name)

    def key(self, parent: str, fold: str) -> KeyRow | None:
        """Return one key by the folded path of its parent and its folded name."""
        rows = self._query("SELECT name, class, written, security, flags FROM keys WHERE parent=? AND fold=?",
                           (_encode(parent), _encode(fold)))  # fmt: skip
        return _key_row(rows[0]) if rows else None

    def children(self, path: str) -> list[tuple[str, KeyRow]]:
        """Return the stored subkeys of a key as (folded name, row), in no particular order."""
        rows = self._query("SELECT fold, name, class, written, security, flags FROM keys WHERE parent=?",
                           (_encode(path),))  # fmt: skip
        return [(str(row[0]), _key_row(row[1:])) for row in rows]

    def values(self, path: str) -> list[tuple[str, ValueRow]]:
        """Return the stored values of a key as (folded name, row), oldest first."""
        rows = self._query('SELECT fold, name, type, data FROM "values" WHERE key=? ORDER BY id', (_encode(path),))
        return [(str(row[0]), ValueRow(*cast(tuple[str, int, bytes], row[1:]))) for row in rows]

    def _query(self, statement: str, parameters: tuple[bytes, ...]) -> list[tuple[object, ...]]:
        if self._database is None:
            return []
        # Text is bound as bytes and compared as TEXT: names may hold lone surrogates, which sqlite3 refuses in str.
        statement = statement.replace("=?", "=CAST(? AS TEXT)")
        with self._lock:
            rows: list[tuple[object, ...]] = self._database.execute(statement, parameters).fetchall()
        return rows

    def pending_keys(self, path: str) -> dict[str, KeyRow | None]:
        """Return the uncommitted subkeys of a key by folded name; None for a deleted one."""
        with self._lock:
            return {fold: row for (parent, fold), row in self._pending.keys.items() if parent == path}

    def pending_values(self, path: str) -> tuple[bool, dict[str, ValueRow | None]]:
        """Return whether the stored values of a key are void, and its uncommitted ones (None: deleted)."""
        with self._lock:
            return path in self._pending.purged, dict(self._pending.values.get(path, {}))

    def changed_elsewhere(self) -> bool:
        """Say whether another process has committed since the last call. Looks at most every POLL_INTERVAL seconds."""
        if self._database is None or self.read_only:
            return False
        now = time.monotonic()
        if now - self._polled < POLL_INTERVAL:
            return False
        self._polled = now
        with self._lock:
            version: int = self._database.execute("PRAGMA data_version").fetchone()[0]
        changed = version != self._version
        self._version = version
        return changed

    # writing

    def put_key(self, parent: str, fold: str, row: KeyRow) -> None:
        """Note that a key was created or changed."""
        with self._change() as pending:
            pending.keys[parent, fold] = row

    def delete_key(self, parent: str, fold: str) -> None:
        """Note that a key was deleted, with its values (its subkeys are deleted one by one by the caller)."""
        path = f"{parent}\\{fold}" if parent else fold
        with self._change() as pending:
            pending.keys[parent, fold] = None
            pending.values.pop(path, None)
            pending.purged[path] = None

    def put_value(self, path: str, fold: str, row: ValueRow) -> None:
        """Note that a value was set."""
        with self._change() as pending:
            pending.values.setdefault(path, {})[fold] = row

    def delete_value(self, path: str, fold: str) -> None:
        """Note that a value was deleted."""
        with self._change() as pending:
            pending.values.setdefault(path, {})[fold] = None

    @contextlib.contextmanager
    def _change(self) -> Iterator[_Pending]:
        if self._database is None or self.read_only:
            yield _Pending()
            return
        with self._lock:
            yield self._pending
        if self._writer is None and not self._closing:
            self._writer = threading.Thread(target=self._write_behind, name="registry writer", daemon=True)
            self._writer.start()
        with self._wake:
            self._wake.notify()

    def _write_behind(self) -> None:
        while True:
            with self._wake:
                while not self._pending and not self._closing:
                    self._wake.wait()
                if self._closing:
                    return
                self._wake.wait_for(lambda: self._closing, COMMIT_DELAY)
            with self._lock:
                self._commit(durable=False)

    def import_rows(self, keys: Iterable[tuple[str, str, KeyRow]], values: Iterable[tuple[str, str, ValueRow]],
                    defaults: str) -> None:  # fmt: skip
        """Write the preset keys of a new machine in one transaction and note their version. Raises StoreError."""
        if self._database is None or self.read_only:
            return
        with self._lock:
            database = self._database
            try:
                with self._patience(database):
                    database.execute("BEGIN IMMEDIATE")
                    if self._meta(database, "defaults") is None:
                        self._write_keys(database, keys)
                        self._write_values(database, values)
                        database.execute("INSERT INTO meta VALUES('defaults', ?)", (defaults,))
                    # Else another machine was faster, and programs may have changed its keys by now.
                    database.execute("COMMIT")
            except sqlite3.Error as error:
                raise StoreError(f"{self.path}: cannot write the registry: {error}") from error

    @staticmethod
    @contextlib.contextmanager
    def _patience(database: sqlite3.Connection) -> Iterator[None]:
        """Wait for other machines for seconds: nobody else is kept waiting meanwhile."""
        database.execute(f"PRAGMA busy_timeout={_PATIENT_TIMEOUT_MS}")
        try:
            yield
        finally:
            database.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")

    @staticmethod
    def _write_keys(database: sqlite3.Connection, keys: Iterable[tuple[str, str, KeyRow]]) -> None:
        database.executemany(
            "INSERT OR REPLACE INTO keys VALUES"
            "(CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?)",
            (
                (_encode(parent), _encode(fold), _encode(row.name),
                 None if row.class_name is None else _encode(row.class_name), row.written, row.security, row.flags)
                for parent, fold, row in keys
            ),
        )  # fmt: skip

    @staticmethod
    def _write_values(database: sqlite3.Connection, values: Iterable[tuple[str, str, ValueRow]]) -> None:
        database.executemany(
            'INSERT INTO "values"(key, fold, name, type, data)'
            " VALUES(CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), ?, ?)"
            " ON CONFLICT(key, fold) DO UPDATE SET name=excluded.name, type=excluded.type, data=excluded.data",
            ((_encode(path), _encode(fold), _encode(row.name), row.type, row.data) for path, fold, row in values),
        )

    def _commit(self, durable: bool) -> bool:
        """Write what is pending; the caller holds the lock. Returns whether nothing is left to write."""
        pending, database = self._pending, self._database
        if not pending or database is None:
            return True
        try:
            if durable:
                database.execute("PRAGMA synchronous=FULL")
            database.execute("BEGIN IMMEDIATE")
            database.executemany('DELETE FROM "values" WHERE key=CAST(? AS TEXT)',
                                 ((_encode(path),) for path in pending.purged))  # fmt: skip
            database.executemany(
                "DELETE FROM keys WHERE parent=CAST(? AS TEXT) AND fold=CAST(? AS TEXT)",
                ((_encode(p), _encode(f)) for (p, f), row in pending.keys.items() if row is None),
            )
            self._write_keys(database, ((p, f, row) for (p, f), row in pending.keys.items() if row is not None))
            changed = [(path, fold, row) for path, rows in pending.values.items() for fold, row in rows.items()]
            database.executemany(
                'DELETE FROM "values" WHERE key=CAST(? AS TEXT) AND fold=CAST(? AS TEXT)',
                ((_encode(path), _encode(fold)) for path, fold, row in changed if row is None),
            )
            self._write_values(database, ((path, fold, row) for path, fold, row in changed if row is not None))
            database.execute("COMMIT")
        except sqlite3.Error as error:
            self.error = error
            with contextlib.suppress(sqlite3.Error):
                if database.in_transaction:
                    database.execute("ROLLBACK")
            return False
        finally:
            if durable:
                with contextlib.suppress(sqlite3.Error):
                    database.execute("PRAGMA synchronous=NORMAL")
        self.error = None
        self.commits += 1
        self._pending = _Pending()
        return True

    def flush(self, durable: bool = True) -> None:
        """Commit now; with `durable` also wait until the disk has it. Raises StoreError when that fails."""
        with self._lock, self._patience(self._database) if self._database else contextlib.nullcontext():
            done = self._commit(durable)
        if not done:
            raise StoreError(f"{self.path}: cannot write the registry: {self.error}") from self.error

    def close(self) -> None:
        """Commit what is pending and close the database. Raises StoreError when the last commit fails."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._writer is not None:
            self._writer.join()
        try:
            self.flush(durable=False)
        finally:
            if self._database is not None:
                self._database.close()
                self._database = None
