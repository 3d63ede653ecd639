"""The registry of a machine for the command line: asked of its daemon when it is mounted, else opened here.

Both ways the same requests get the same answers, as messages of `winfs.control`: `answers` serves them, in the daemon
and here. A request is `{"do": "registry", "verb": …}`; its answers end with `{"done": true}` or `{"error": …}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.folder_lock import folder_in_use
from runtime.nt import regfile
from runtime.nt.registry_edit import KeyListing, RegistryEditError, RegistryEditor
from runtime.nt.registry_store import ValueRow
from winfs.control import MAXIMUM, Connection, ControlError, Message, connect, encode

if TYPE_CHECKING:
    from runtime.config import MachineConfig

_BATCH = 1 << 20
"""How many characters of data travel in one message, unless a single value is longer."""


class RegistryAccessError(Exception):
    """The registry cannot be reached, or does not do what was asked; `str()` is one line."""


class RegistryAccess:
    """A machine's registry, through the connection to its daemon or, without one, through an editor of our own."""

    def __init__(self, folder: Path, editor: RegistryEditor | None) -> None:
        self._folder = folder
        self._editor = editor

    def list_keys(self, path: str, *, recursive: bool) -> Iterator[KeyListing]:
        """See RegistryEditor.list_keys. Raises RegistryAccessError."""
        for message in self._ask({"verb": "list", "key": path, "recursive": recursive}):
            yield _listing(message)

    def export(self, path: str) -> Iterator[str]:
        """See RegistryEditor.export. Raises RegistryAccessError."""
        for message in self._ask({"verb": "export", "key": path}):
            yield str(message["text"])

    def apply(self, operations: Iterable[regfile.Operation]) -> None:
        """See RegistryEditor.apply. Raises RegistryAccessError."""
        for batch in _batches(operations):
            for _ in self._ask({"verb": "apply", "operations": batch}):
                pass

    def delete(self, path: str, value: str | None) -> None:
        """Delete a key, or one value of it; it must be there. Raises RegistryAccessError."""
        for _ in self._ask({"verb": "delete", "key": path, "value": value}):
            pass

    def _ask(self, request: Message) -> Iterator[Message]:
        if self._editor is not None:
            messages = answers(self._editor, request)
            try:
                yield from messages
            except RegistryEditError as error:
                raise RegistryAccessError(str(error)) from None
            return
        connection = connect(self._folder)
        if connection is None:
            raise RegistryAccessError(f"{self._folder.name}: the machine was shut down")
        try:
            yield from _ask_daemon(connection, {"do": "registry", **request})
        except ControlError as error:
            raise RegistryAccessError(str(error)) from None
        finally:
            connection.close()


@contextmanager
def open_registry_access(config: MachineConfig, *, writing: bool) -> Iterator[RegistryAccess]:
    """The registry of a machine; what was changed is on the disk when the block is left.

    Raises RegistryAccessError, StoreError, OSError.
    """
    connection = connect(config.folder)
    if connection is not None:
        connection.close()
        yield RegistryAccess(config.folder, None)
        return
    from runtime.nt.accounts import Accounts
    from runtime.nt.clock import Clock
    from runtime.nt.processor import Processor
    from runtime.nt.registry_defaults import MachineFacts, open_registry

    accounts = Accounts(config.computer_name, config.user_name)
    facts = MachineFacts(config.computer_name, config.user_name, accounts, Processor())
    path = config.folder / "registry.db"
    with folder_in_use(config.folder):
        registry = open_registry(path, facts, Clock().now)
        try:
            if writing and registry.tree.store.read_only:
                raise RegistryAccessError(f"{path}: cannot be written")
            yield RegistryAccess(config.folder, RegistryEditor(registry, running=False))
            if writing:
                registry.tree.store.flush()
        finally:
            registry.close()


def answers(editor: RegistryEditor, request: Message) -> Iterator[Message]:
    """Serve one request, step by step: between two steps others may use the registry. An empty message says nothing.

    Raises RegistryEditError.
    """
    verb, key = request.get("verb"), request.get("key")
    if verb == "apply":
        found = request.get("operations")
        for item in found if isinstance(found, list) else []:
            editor.apply([_operation(item)])
            yield {}
    elif not isinstance(key, str):
        raise RegistryEditError("the request names no key")
    elif verb == "list":
        for listing in editor.list_keys(key, recursive=request.get("recursive") is True):
            yield {
                "path": listing.path,
                "values": [[row.name, row.type, row.data.hex()] for row in listing.values],
                "subkeys": list(listing.subkeys),
                "link": listing.link,
            }
    elif verb == "export":
        for text in editor.export(key):
            yield {"text": text}
    elif verb == "delete":
        value = request.get("value")
        if isinstance(value, str):
            editor.delete_value(key, value)
        else:
            editor.delete_key(key)
        yield {}
    else:
        raise RegistryEditError(f"unknown verb {verb!r}")


def _ask_daemon(connection: Connection, request: Message) -> Iterator[Message]:
    if len(encode(request)) > MAXIMUM:
        raise RegistryAccessError("a value is too long for a mounted machine (8 MiB)")
    connection.send(request)
    while True:
        message = connection.receive()
        if message is None:
            raise RegistryAccessError("the machine was shut down")
        if "error" in message:
            raise RegistryAccessError(str(message["error"]))
        if message.get("done") is True:
            return
        yield message


def _batches(operations: Iterable[regfile.Operation]) -> Iterator[list[list[str | int | None]]]:
    batch: list[list[str | int | None]] = []
    size = 0
    for operation in operations:
        match operation:
            case regfile.SetKey(path):
                item: list[str | int | None] = ["key", path]
            case regfile.DeleteKey(path):
                item = ["-key", path]
            case regfile.SetValue(path, name, kind, data):
                item = ["value", path, name, kind, data.hex()]
            case regfile.DeleteValue(path, name):
                item = ["-value", path, name]
        length = sum(len(part) for part in item if isinstance(part, str)) + 50
        if batch and size + length > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += length
    if batch:
        yield batch


def _operation(item: object) -> regfile.Operation:
    match item:
        case ["key", str(path)]:
            return regfile.SetKey(path)
        case ["-key", str(path)]:
            return regfile.DeleteKey(path)
        case ["value", str(path), str(name), int(kind), str(data)]:
            return regfile.SetValue(path, name, kind, bytes.fromhex(data))
        case ["-value", str(path), str(name)]:
            return regfile.DeleteValue(path, name)
    raise RegistryEditError(f"not an operation: {item!r:.60}")


def _listing(message: Message) -> KeyListing:
    values, subkeys, link = message.get("values"), message.get("subkeys"), message.get("link")
    if not isinstance(values, list) or not isinstance(subkeys, list):
        raise RegistryAccessError("the machine's answer cannot be understood")
    rows = tuple(ValueRow(str(name), int(kind), bytes.fromhex(data)) for name, kind, data in values)
    link = link if isinstance(link, str) else None
    return KeyListing(str(message.get("path")), rows, tuple(map(str, subkeys)), link)
