"""Registry files: the `.reg` format of regedit (version 5.00), read and written.

Reading yields operations, so the same file can set up a new machine, be imported later, or be shown as changes. Key
paths are those people know (`HKEY_LOCAL_MACHINE\\…`); `nt_path` turns them into NT paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runtime.nt.casing import upcase
from runtime.nt.registry_changes import Change
from runtime.nt.registry_store import ValueRow

HEADER = "Windows Registry Editor Version 5.00"
_OLD_HEADER = "REGEDIT4"
PREDEFINED = (
    ("HKEY_LOCAL_MACHINE", "HKLM"),
    ("HKEY_CURRENT_USER", "HKCU"),
    ("HKEY_CLASSES_ROOT", "HKCR"),
    ("HKEY_USERS", "HKU"),
    ("HKEY_CURRENT_CONFIG", "HKCC"),
)
"""What key paths begin with, and the short form of each."""

_LINE = 77
"""A line of hex digits that is so long is continued on the next one, as regedit does it."""


class RegFileError(ValueError):
    """The text is no registry file; the message names the line."""


@dataclass(frozen=True, slots=True)
class SetKey:
    """Create the key."""

    path: str


@dataclass(frozen=True, slots=True)
class DeleteKey:
    """Delete the key and all below it."""

    path: str


@dataclass(frozen=True, slots=True)
class SetValue:
    """Set a value; the default value has the name ''."""

    path: str
    name: str
    type: int
    data: bytes


@dataclass(frozen=True, slots=True)
class DeleteValue:
    """Delete a value."""

    path: str
    name: str


Operation = SetKey | DeleteKey | SetValue | DeleteValue


def nt_path(path: str, user_sid: str) -> str:
    """Return the NT path of a key path that begins with a predefined key (`HKEY_…` or `HKLM`, `HKCU`, `HKCR`, `HKU`).

    HKEY_CLASSES_ROOT means the machine's classes. Raises ValueError for another beginning.
    """
    root, _, rest = path.partition("\\")
    user = f"\\REGISTRY\\USER\\{user_sid}"
    roots = {
        "HKEY_LOCAL_MACHINE": "\\REGISTRY\\MACHINE",
        "HKEY_USERS": "\\REGISTRY\\USER",
        "HKEY_CURRENT_USER": user,
        "HKEY_CLASSES_ROOT": "\\REGISTRY\\MACHINE\\SOFTWARE\\Classes",
        "HKEY_CURRENT_CONFIG": "\\REGISTRY\\MACHINE\\SYSTEM\\CurrentControlSet\\Hardware Profiles\\Current",
    }
    base = next((roots[full] for full, short in PREDEFINED if upcase(root) in (full, short)), None)
    if base is None:
        raise ValueError(f"{path!r} does not begin with a predefined key such as HKEY_LOCAL_MACHINE")
    return f"{base}\\{rest}" if rest else base


def friendly_path(path: str, user_sid: str) -> str:
    """Return an NT path as people know it (`HKEY_LOCAL_MACHINE\\…`); others are returned as they are."""
    for prefix, root in (
        (f"\\REGISTRY\\USER\\{user_sid}_Classes", "HKEY_CURRENT_USER\\Software\\Classes"),
        (f"\\REGISTRY\\USER\\{user_sid}", "HKEY_CURRENT_USER"),
        ("\\REGISTRY\\USER", "HKEY_USERS"),
        ("\\REGISTRY\\MACHINE", "HKEY_LOCAL_MACHINE"),
    ):
        if upcase(path[: len(prefix)]) == upcase(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "\\"):
            return root + path[len(prefix) :]
    return path


def decode_file(data: bytes) -> str:
    """Return the text of a .reg file as regedit writes it: UTF-16 with a mark; without one UTF-8."""
    if data.startswith(b"\xff\xfe"):
        return data[2:].decode("utf-16-le", "surrogatepass")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")


def encode_file(text: str) -> bytes:
    """Return the text of a .reg file as UTF-8, for people and their tools; `decode_file` reads it."""
    return text.encode("utf-8", "surrogatepass")


def parse(text: str) -> Iterator[Operation]:
    """Read a registry file. Raises RegFileError."""
    lines = _joined(text)
    first = next(((n, line) for n, line in lines if line and not line.startswith(";")), (1, ""))
    if first[1] not in (HEADER, _OLD_HEADER):
        raise RegFileError(f"line {first[0]}: expected {HEADER!r}, found {first[1][:60]!r}")
    wide = first[1] == HEADER
    path = ""
    deleted = False
    for number, line in lines:
        if not line or line.startswith(";"):
            continue
        try:
            if line.startswith("["):
                if not line.endswith("]"):
                    raise ValueError("a key path ends with ]")
                deleted = line.startswith("[-")
                path = line[2:-1] if deleted else line[1:-1]
                yield DeleteKey(path) if deleted else SetKey(path)
            elif not path or deleted:
                raise ValueError("a value outside a key")
            else:
                yield _value(path, line, wide)
        except ValueError as error:
            raise RegFileError(f"line {number}: {error}") from None


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Yield logical lines: a backslash at the end of a hex line continues it."""
    pending = ""
    start = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(" \t\r")
        if not pending:
            start = number
        if line.endswith("\\") and ('=hex' in pending + line or pending):
            pending += line[:-1]
            continue
        yield start, pending + line
        pending = ""
    if pending:
        yield start, pending


def _string(text: str) -> tuple[str, str]:
    """Read a quoted string at the start of `text`; returns it and what follows."""
    if not text.startswith('"'):
        raise ValueError(f"expected a quoted string: {text[:40]!r}")
    out = []
    at = 1
    while at < len(text):
        character = text[at]
        if character == "\\" and at + 1 < len(text):
            following = text[at + 1]
            out.append({"r": "\r", "n": "\n", "0": "\0"}.get(following, following))
            at += 2
        elif character == '"':
            return "".join(out), text[at + 1 :]
        else:
            out.append(character)
            at += 1
    raise ValueError("a quoted string does not end")


def _value(path: str, line: str, wide: bool) -> Operation:
    if line.startswith("@"):
        name, rest = "", line[1:]
    else:
        name, rest = _string(line)
    rest = rest.strip()
    if not rest.startswith("="):
        raise ValueError("expected = behind the name of a value")
    rest = rest[1:].strip()
    if rest == "-":
        return DeleteValue(path, name)
    if rest.startswith('"'):
        text, _ = _string(rest)
        return SetValue(path, name, 1, (text + "\0").encode("utf-16-le", "surrogatepass"))
    kind, colon, body = rest.partition(":")
    kind = kind.lower()
    if colon and kind == "dword":
        return SetValue(path, name, 4, int(body, 16).to_bytes(4, "little"))
    if colon and kind == "qword":
        return SetValue(path, name, 11, int(body, 16).to_bytes(8, "little"))
    if colon and kind.startswith("hex"):
        number = int(kind[4:-1], 16) if kind.startswith("hex(") else 3
        data = bytes.fromhex(body.replace(",", " "))
        if not wide and number in (2, 7):
            data = data.decode("latin-1").encode("utf-16-le")
        return SetValue(path, name, number, data)
    # Two forms of our own, which keep preset files readable: text of the two other string types.
    if colon and kind == "expand":
        return SetValue(path, name, 2, (_string(body)[0] + "\0").encode("utf-16-le", "surrogatepass"))
    if colon and kind == "multi":
        strings = []
        while body:
            text, body = _string(body)
            strings.append(text + "\0")
            body = body.strip().removeprefix(",").strip()
        return SetValue(path, name, 7, ("".join(strings) + "\0").encode("utf-16-le", "surrogatepass"))
    raise ValueError(f"not a value: {rest[:40]!r}")


def _quote(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    # The name of a value may hold what has no other form in a line.
    return '"' + text.replace("\r", "\\r").replace("\n", "\\n").replace("\0", "\\0") + '"'


def format_value(row: ValueRow) -> str:
    """Return one value as regedit writes it, without a line end; long hex values continue over lines."""
    head = (_quote(row.name) if row.name else "@") + "="
    if row.type == 1 and len(row.data) >= 2 and len(row.data) % 2 == 0 and row.data.endswith(b"\0\0"):
        text = row.data.decode("utf-16-le", "surrogatepass")[:-1]
        if not any(character in text for character in "\0\r\n") and not _has_surrogates(text):
            return head + _quote(text)
    if row.type == 4 and len(row.data) == 4:
        return f"{head}dword:{int.from_bytes(row.data, 'little'):08x}"
    head += "hex:" if row.type == 3 else f"hex({row.type:x}):"
    if not row.data:
        return head
    pieces = [f"{byte:02x}," for byte in row.data]
    pieces[-1] = pieces[-1][:2]
    lines = []
    line = head
    for number, piece in enumerate(pieces, 1):
        line += piece
        if len(line) >= _LINE and number < len(pieces):
            lines.append(line + "\\")
            line = "  "
    return "\r\n".join([*lines, line])


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def format_key(path: str, values: Iterable[ValueRow]) -> str:
    """Return the part of a registry file that creates one key (a friendly path) with its values."""
    return "\r\n".join([f"[{path}]", *(format_value(row) for row in values), "", ""])


def format_changes(changes: Iterable[Change], user_sid: str) -> str:
    """Return a registry file that would make these changes again."""
    out = [HEADER, ""]
    path = None
    for change in changes:
        name = friendly_path(change.path, user_sid)
        if change.value is None and change.kind == "D":
            out.extend([f"[-{name}]", ""])
            path = None
            continue
        if name != path:
            if path is not None:
                out.append("")
            out.append(f"[{name}]")
            path = name
        if change.value is None:
            continue
        if change.after is None:
            out.append((_quote(change.value) if change.value else "@") + "=-")
        else:
            out.append(format_value(change.after))
    return "\r\n".join([*out, "", ""] if path is not None else [*out, ""])
