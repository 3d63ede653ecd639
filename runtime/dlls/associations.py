"""What HKEY_CLASSES_ROOT says of a kind of file: its class, its name for people, its icon, the command of a verb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.nt.status import NtError

if TYPE_CHECKING:
    from runtime.nt.process import Process


def class_value(process: Process, path: str, name: str = "") -> str | None:
    """Return a text value below HKEY_CLASSES_ROOT, or None."""
    registry = process.machine.registry
    try:
        key = registry._open_merged(registry.classes_root(), path)
        return key.value(name).data.decode("utf-16-le", "replace").split("\0", 1)[0]
    except NtError:
        return None


def extension_of(path: str) -> str:
    """Return the extension with its dot, or nothing."""
    name = path.rpartition("\\")[2]
    return "." + name.rpartition(".")[2] if "." in name else ""


def class_of(process: Process, extension: str) -> str | None:
    """Return the class (ProgID) of an extension, or None."""
    return class_value(process, extension) or None if extension else None


def type_name(process: Process, path: str) -> str:
    """Return what Explorer calls the kind of a file: its class's name, else `XYZ File`, else `File`."""
    extension = extension_of(path)
    kind = class_of(process, extension)
    named = class_value(process, kind) if kind else None
    return named or (f"{extension[1:].upper()} File" if len(extension) > 1 else "File")


def command_of(process: Process, kind: str, verb: str) -> str | None:
    """Return the command a class has for a verb (by default its default verb, else `open`), or None."""
    chosen = verb or (class_value(process, f"{kind}\\shell") or "open").split(",")[0].strip()
    return class_value(process, f"{kind}\\shell\\{chosen}\\command") or None


def command_line(process: Process, command: str, path: str, parameters: str, directory: str) -> str:
    """Fill a registered command in: %1 %L the file, %* the parameters, %2 … each, %W the folder, variables.

    A command that does not say where the file goes gets it at its end.
    """
    words = parameters.split()
    out: list[str] = []
    named = False
    text = command
    at = 0
    while at < len(text):
        letter = text[at + 1 : at + 2].lower() if text[at] == "%" else ""
        if letter in ("1", "l", "v", "d", "0"):
            out.append(path)
            named = True
        elif letter == "*":
            out.append(parameters)
        elif letter == "w":
            out.append(directory)
        elif letter.isdigit():
            number = int(letter) - 2
            out.append(words[number] if number < len(words) else "")
        else:
            end = text.find("%", at + 1) if text[at] == "%" else -1
            part = text[at : end + 1] if end > at else text[at]
            out.append(process.environment().expand(part))
            at += len(part)
            continue
        at += 2
    line = "".join(out)
    return line.rstrip() if named else f'{line} "{path}"'


def program_of(command: str) -> str:
    """Return the program's part of a command line, without quotes."""
    text = command.strip()
    if text.startswith('"'):
        return text[1:].partition('"')[0]
    lowered = text.lower()
    end = lowered.find(".exe ")
    return text[: end + 4] if end >= 0 else text.partition(" ")[0] if not lowered.endswith(".exe") else text


def icon_location(process: Process, path: str, *, folder: bool = False) -> tuple[str, int]:
    """Return the file and index of the icon that a path has."""
    kind = "Folder" if folder else class_of(process, extension_of(path))
    named = class_value(process, f"{kind}\\DefaultIcon") if kind else None
    if not named and extension_of(path).lower() in (".exe", ".ico", ".scr"):
        named = "%1"
    if named == "%1":
        return path, 0
    if not named:
        return ("C:\\Windows\\System32\\imageres.dll", -3) if folder else ("C:\\Windows\\System32\\shell32.dll", 0)
    file, _, index = process.environment().expand(named).rpartition(",")
    if file and index.strip().lstrip("-").isdigit():
        return file.strip('"'), int(index)
    return process.environment().expand(named).strip('"'), 0
