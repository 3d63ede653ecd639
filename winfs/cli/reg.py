"""`winfs reg`: look at and change a machine's registry, whether it is mounted or not."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TypeVar

import click

from runtime.config import ConfigError, load_config
from runtime.nt import regfile
from runtime.nt.casing import upcase
from runtime.nt.registry_edit import KeyListing
from runtime.nt.registry_store import StoreError, ValueRow
from runtime.nt.registry_tree import REG_BINARY, REG_EXPAND_SZ, REG_MULTI_SZ, REG_NONE, REG_SZ
from winfs.cli import CommandError, explain
from winfs.cli.mounted import chosen_machine
from winfs.mount.registry_text import NUMBERS, VALUE_TYPES, parse, type_name
from winfs.registry_access import RegistryAccess, RegistryAccessError, open_registry_access

Function = TypeVar("Function", bound=Callable[..., object])


def _machine_option(function: Function) -> Function:
    text = "The machine; otherwise the one whose mount holds the current folder, or 'default'."
    return click.option("--machine", metavar="NAME", help=text)(function)


@click.group(name="reg")
def command() -> None:
    """Look at and change a machine's registry, whether it is mounted or not.

    KEY begins with HKEY_LOCAL_MACHINE, HKEY_CURRENT_USER, HKEY_CLASSES_ROOT, HKEY_USERS or HKEY_CURRENT_CONFIG, or with
    HKLM, HKCU, HKCR, HKU or HKCC.
    """


@command.command(name="query")
@_machine_option
@click.option("--value", metavar="NAME", help="Only this value; '' is the default one.")
@click.option("-r", "--recursive", is_flag=True, help="Also all keys below.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.argument("key")
def query(key: str, machine: str | None, value: str | None, recursive: bool, as_json: bool) -> int:
    """Print a key's values and subkeys, as 'reg query' does."""
    found = False
    with _registry(machine, writing=False) as registry:
        listings = (_only(value, listing) for listing in registry.list_keys(key, recursive=recursive))
        if as_json:
            keys = [_plain(listing) for listing in listings if value is None or listing.values]
            found = bool(keys)
            if found or value is None:
                click.echo(json.dumps(keys if recursive else keys[0], indent=2))
        else:
            for listing in listings:
                if value is None or listing.values:
                    found = True
                    _print(listing, subkeys=not recursive and value is None)
    if value is not None and not found:
        raise CommandError(f"{key}: no value {value!r}" if value else f"{key}: no default value")
    return 0


@command.command(name="set")
@_machine_option
@click.option("--type", "kind", type=click.Choice(list(VALUE_TYPES)), default="sz", show_default=True,
              help="What DATA is: numbers are decimal, 0x… or negative, bin and none hex digits.")  # fmt: skip
@click.argument("key")
@click.argument("name", required=False)
@click.argument("data", nargs=-1)
def set_value(key: str, name: str | None, data: tuple[str, ...], machine: str | None, kind: str) -> int:
    """Set the value NAME of a key ('' is the default one) to DATA; the key is made if it is missing.

    multi_sz takes a DATA for each of its strings. Without NAME only the key is made. Put '--' before a negative number.
    """
    operation: regfile.Operation = regfile.SetKey(key)
    if name is not None:
        operation = regfile.SetValue(key, name, VALUE_TYPES[kind], _data(VALUE_TYPES[kind], kind, data))
    with _registry(machine, writing=True) as registry:
        registry.apply([operation])
    return 0


@command.command(name="delete")
@_machine_option
@click.option("--value", metavar="NAME", help="Only this value of the key; '' is the default one.")
@click.argument("key")
def delete(key: str, machine: str | None, value: str | None) -> int:
    """Delete a key and all below it, or one of its values."""
    with _registry(machine, writing=True) as registry:
        registry.delete(key, value)
    return 0


@command.command(name="export")
@_machine_option
@click.option("--utf16", is_flag=True, help="UTF-16, as regedit writes it, instead of UTF-8.")
@click.argument("key")
@click.argument("file", required=False, type=click.Path(path_type=Path, allow_dash=True))
def export(key: str, file: Path | None, machine: str | None, utf16: bool) -> int:
    """Write a key and all below it to FILE (or the standard output) as a registry file (.reg).

    Keys that live only as long as the machine runs are left out unless KEY is one of them.
    """
    with _registry(machine, writing=False) as registry:
        pieces = registry.export(key)
        first = next(pieces, "")  # a key that is not there leaves no file
        texts = chain([f"{regfile.HEADER}\r\n\r\n", first], pieces)
        encoded = (text.encode("utf-16-le", "surrogatepass") if utf16 else regfile.encode_file(text) for text in texts)
        _write(file, chain([b"\xff\xfe" if utf16 else b""], encoded))
    return 0


@command.command(name="import")
@_machine_option
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
def import_files(files: tuple[Path, ...], machine: str | None) -> int:
    """Do what registry files (.reg) say; '-' is the standard input. A file with a bad line changes nothing."""
    operations = [_checked(file) for file in files]
    with _registry(machine, writing=True) as registry:
        for found in operations:
            registry.apply(found)
    return 0


@contextmanager
def _registry(machine: str | None, *, writing: bool) -> Iterator[RegistryAccess]:
    """The registry that the command is about. Raises CommandError for whatever goes wrong with it."""
    try:
        folder = chosen_machine(machine)
        if machine is not None and not folder.is_dir():
            raise CommandError(f"{machine}: no such machine ('winfs machine list' names them)")
        with open_registry_access(load_config(folder), writing=writing) as registry:
            yield registry
    except (ConfigError, RegistryAccessError, StoreError) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        raise CommandError(explain(error)) from None


def _only(value: str | None, listing: KeyListing) -> KeyListing:
    if value is None:
        return listing
    rows = tuple(row for row in listing.values if upcase(row.name) == upcase(value))
    return KeyListing(listing.path, rows, (), None)


def _plain(listing: KeyListing) -> dict[str, object]:
    """A key as JSON has it; data is text where it is faithful, else hex."""
    return {
        "key": listing.path,
        "values": {
            row.name: {"type": type_name(row.type), "data": _json_data(row), "hex": row.data.hex()}
            for row in listing.values
        },
        "subkeys": list(listing.subkeys),
        "link": listing.link,
    }


def _text(row: ValueRow) -> str | None:
    if row.type not in (REG_SZ, REG_EXPAND_SZ, REG_MULTI_SZ):
        return None
    try:
        return row.data.decode("utf-16-le").rstrip("\0")
    except UnicodeDecodeError:
        return None


def _json_data(row: ValueRow) -> str | int | list[str] | None:
    text = _text(row)
    if text is not None:
        return text.split("\0") if row.type == REG_MULTI_SZ and text else [] if row.type == REG_MULTI_SZ else text
    return _number(row)


def _number(row: ValueRow) -> int | None:
    size, order = NUMBERS.get(row.type, (-1, "little"))
    return int.from_bytes(row.data, order) if len(row.data) == size else None


def _print(listing: KeyListing, *, subkeys: bool) -> None:
    lines = ["", listing.path]
    if listing.link is not None:
        lines.append(f"    (a link to {listing.link})")
    else:
        for row in listing.values:
            text, number = _text(row), _number(row)
            shown = text.replace("\0", "\\0") if text is not None else row.data.hex().upper()
            shown = f"{number:#x}" if number is not None else shown
            lines.append(f"    {row.name or '(Default)'}    {type_name(row.type)}    {shown}")
        if subkeys and listing.subkeys:
            lines += ["", *(f"{listing.path}\\{name}" for name in listing.subkeys)]
    sys.stdout.buffer.write(("\n".join(lines) + "\n").encode("utf-8", "surrogatepass"))


def _data(kind: int, name: str, words: tuple[str, ...]) -> bytes:
    """The data of a value from the command line. Raises click.UsageError."""
    if kind in (REG_BINARY, REG_NONE):
        try:
            return bytes.fromhex("".join(words))
        except ValueError:
            raise click.UsageError(f"{' '.join(words)!r}: expected pairs of hex digits") from None
    if kind == REG_MULTI_SZ:
        content = "".join(f"{word}\n" for word in words)
    elif len(words) == 1:
        content = words[0] + "\n"
    else:
        raise click.UsageError(f"{name}: expected one DATA, found {len(words)}")
    try:
        return parse(kind, os.fsencode(content))
    except OSError as error:
        why = "does not fit" if error.errno == errno.ERANGE else f"not a {name}"
        raise click.UsageError(f"{' '.join(words)!r}: {why}") from None


def _checked(file: Path) -> list[regfile.Operation]:
    """What a registry file says. Raises CommandError that names the file and the line."""
    name = "standard input" if str(file) == "-" else str(file)
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}") from None
    try:
        operations = list(regfile.parse(regfile.decode_file(data)))
    except regfile.RegFileError as error:
        raise CommandError(f"{name}: {error}") from None
    except UnicodeDecodeError:
        raise CommandError(f"{name}: is no text") from None
    for operation in operations:
        try:
            regfile.nt_path(operation.path, "")
        except ValueError as error:
            raise CommandError(f"{name}: {error}") from None
    return operations


def _write(file: Path | None, pieces: Iterable[bytes]) -> None:
    """Write to a file, which takes its place only when it is whole, or to the standard output."""
    if file is None or str(file) == "-":
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        return
    if file.is_dir():
        raise CommandError(f"{file}: is a directory")
    if file.exists() and not file.is_file():  # a device, a pipe
        with file.open("wb") as output:
            output.writelines(pieces)
        return
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with scratch.open("wb") as output:
            output.writelines(pieces)
        scratch.replace(file)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None
    finally:
        scratch.unlink(missing_ok=True)
