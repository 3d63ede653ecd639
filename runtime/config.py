"""How a machine is set up: `machine.toml` of the machine folder, and what a caller adds to it.

A machine lives in a folder: `$WINFS_HOME/<name>`, by default `~/.local/share/winfs/<name>`. Its `machine.toml` may be
missing or empty; every key has a default. An example with every key is in `docs/usage.md`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta, Struct

from runtime.loader.order import DllKind, DllOrder, OrderError, parse_name, parse_order
from runtime.places import ConfigError as ConfigError
from runtime.places import machine_folder as machine_folder

Letter = Annotated[str, Meta(pattern="^[A-Za-z]$")]
Access = Literal["rw", "ro", "overlay"]
EngineName = Literal["auto", "unicorn"]
MissingPolicy = Literal["fail", "zero"]
CrashDumps = Literal["none", "normal", "full"]
TraceFormat = Literal["text", "json"]



class Drive(Struct, frozen=True, forbid_unknown_fields=True):
    """One drive: the host folder behind a letter; `overlay` keeps what programs change in the machine folder.

    With `prefix` the folder does not appear as the root of the drive but below it, at that path (`home/me/src`); the
    directories above it then hold nothing else. So a host path keeps its shape and its neighbours stay out of reach.
    """

    path: Path
    access: Access = "rw"
    prefix: str = ""


class Trace(Struct, frozen=True, forbid_unknown_fields=True):
    """What is traced and where it goes. The rules (patterns, categories, functions) are OR-ed; none means everything.

    `output` is a file; None is the standard output of the caller. `enabled` alone switches tracing on.
    """

    enabled: bool = False
    format: TraceFormat = "text"
    output: Path | None = None
    patterns: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()


class MachineConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything a machine needs to boot.

    folder: the machine folder; made when missing.
    drives: by upper-case letter. C: is `drive_c` of the machine folder unless given.
    environment: variables added to (or replacing) those a Windows session has.
    volume_serial: of drive C:, as `dir` shows it.
    elevated: programs run as administrator; else, as a user's programs do, they may not write to HKEY_LOCAL_MACHINE.
    aslr: load images at random addresses instead of their preferred ones.
    ended_processes: how many ended programs are remembered, for the mount to show.
    kept_output: how many bytes a mounted machine keeps of what each program writes to its standard output, and error.
    ended_seconds: for how long; 0 is until there are too many.
    crash_dumps: write a minidump of every program that an exception ends, to `dumps/` of the machine folder.
    missing: what calling a function that does not exist yet does: `fail` ends the program, `zero` returns 0.
    dlls: which DLL files take the place of winfs's own.
    """

    folder: Path
    computer_name: Annotated[str, Meta(pattern="^[A-Za-z0-9-]{1,15}$")] = "WINFS"
    user_name: Annotated[str, Meta(min_length=1, max_length=20)] = "user"
    drives: dict[Letter, Drive] = {}
    environment: dict[str, str] = {}
    volume_serial: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] = 0x5749_4E46
    engine: EngineName = "auto"
    elevated: bool = False
    aslr: bool = False
    ended_processes: Annotated[int, Meta(ge=0, le=100_000)] = 64
    ended_seconds: Annotated[int, Meta(ge=0)] = 0
    kept_output: Annotated[int, Meta(ge=0, le=1 << 30)] = 1 << 20
    crash_dumps: CrashDumps = "none"
    missing: MissingPolicy = "fail"
    dlls: DllOrder = DllOrder()
    trace: Trace = Trace()

    @property
    def name(self) -> str:
        """The machine's name: that of its folder."""
        return self.folder.name

    def drive(self, letter: str) -> Drive | None:
        """The drive with that letter. C: always exists."""
        found = self.drives.get(letter.upper())
        if found is None and letter.upper() == "C":
            return Drive(self.folder / "drive_c")
        return found


class _File(Struct, forbid_unknown_fields=True, kw_only=True):
    """`machine.toml` as it is written: friendlier spellings than MachineConfig has."""

    computer_name: Annotated[str, Meta(pattern="^[A-Za-z0-9-]{1,15}$")] = "WINFS"
    user_name: Annotated[str, Meta(min_length=1, max_length=20)] = "user"
    drives: dict[Letter, str | Drive] = {}
    environment: dict[str, str] = {}
    volume_serial: str | None = None
    engine: EngineName = "auto"
    elevated: bool = False
    aslr: bool = False
    ended_processes: Annotated[int, Meta(ge=0, le=100_000)] = 64
    ended_seconds: Annotated[int, Meta(ge=0)] = 0
    kept_output: Annotated[int, Meta(ge=0, le=1 << 30)] = 1 << 20
    crash_dumps: CrashDumps = "none"
    missing: MissingPolicy = "fail"
    dll_path: tuple[Path, ...] = ()
    dll_overrides: dict[str, str] = {}
    trace: Trace = Trace()


def load_config(folder: Path) -> MachineConfig:
    """Read `machine.toml` of a machine folder; a missing file is an empty one.

    Raises ConfigError that names the file and the key.
    """
    file = folder / "machine.toml"
    try:
        raw = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return MachineConfig(folder=folder)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {error}") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    return parse_settings(raw, folder, str(file))


def parse_settings(raw: Mapping[str, object], folder: Path, source: str) -> MachineConfig:
    """Check the settings of a machine, as `machine.toml` has them. Raises ConfigError, which begins with `source`."""
    try:
        parsed = msgspec.convert(raw, _File, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: {_with_key(str(error))}") from None
    drives = {}
    for letter, value in parsed.drives.items():
        drive = parse_drive(value, f"{source}: drives.{letter}") if isinstance(value, str) else value
        drives[letter.upper()] = msgspec.structs.replace(drive, path=_absolute(drive.path, folder))
    serial = MachineConfig(folder=folder).volume_serial
    if parsed.volume_serial is not None:
        serial = parse_volume_serial(parsed.volume_serial, f"{source}: volume_serial")
    trace = parsed.trace
    if trace.output is not None:
        trace = msgspec.structs.replace(trace, output=_absolute(trace.output, folder))
    return MachineConfig(
        folder=folder,
        computer_name=parsed.computer_name.upper(),
        user_name=parsed.user_name,
        drives=drives,
        environment=parsed.environment,
        volume_serial=serial,
        engine=parsed.engine,
        elevated=parsed.elevated,
        aslr=parsed.aslr,
        ended_processes=parsed.ended_processes,
        ended_seconds=parsed.ended_seconds,
        kept_output=parsed.kept_output,
        crash_dumps=parsed.crash_dumps,
        missing=parsed.missing,
        dlls=_dll_order(source, folder, parsed.dll_path, parsed.dll_overrides),
        trace=trace,
    )


def _dll_order(source: str, folder: Path, paths: tuple[Path, ...], overrides: dict[str, str]) -> DllOrder:
    orders: dict[str, tuple[DllKind, ...]] = {}
    for name, order in overrides.items():
        try:
            orders[parse_name(name)] = parse_order(order)
        except OrderError as error:
            raise ConfigError(f"{source}: dll_overrides.{name}: {error}") from None
    folders = tuple(_absolute(path, folder) for path in paths)
    for path in folders:
        if not path.is_dir():
            raise ConfigError(f"{source}: dll_path: {path}: no such directory")
    return DllOrder(folders, orders)


def _decode(kind: type, value: object) -> object:
    """What msgspec cannot make from TOML itself: paths."""
    if kind is Path and isinstance(value, str) and value:
        return Path(value)
    raise ValueError("Expected a path")


def _absolute(path: Path, base: Path) -> Path:
    return Path(os.path.abspath(base / path.expanduser()))


def _with_key(message: str) -> str:
    """`Expected … - at `$.trace.format`` as `trace.format: expected …`."""
    match = re.fullmatch(r"(.*) - at (?:`key` in )?`\$\.?(.*)`", message, re.DOTALL)
    if match is None or not match[2]:
        return message[:1].lower() + message[1:]
    return f"{match[2]}: {match[1][:1].lower()}{match[1][1:]}{_accepted(match[2].rpartition('.')[2])}"


def _accepted(key: str) -> str:
    """What a setting that is one of a few words may be; nothing for the others."""
    for settings in (_File, Trace, Drive):
        words = get_args(get_type_hints(settings).get(key))
        if words and all(isinstance(word, str) for word in words):
            return "; expected " + ", ".join(repr(word) for word in words)
    return ""


def parse_drive(text: str, where: str) -> Drive:
    """`PATH`, `PATH:ro`, `PATH:rw` or `PATH:overlay` as a Drive; `where` starts the ConfigError."""
    head, colon, tail = text.rpartition(":")
    if not colon or "/" in tail:
        head, tail = text, "rw"
    if not head:
        raise ConfigError(f"{where}: {text!r} has no path")
    for access in get_args(Access):
        if tail == access:
            return Drive(Path(head), access)
    raise ConfigError(f"{where}: {text!r}: expected PATH, PATH:ro, PATH:rw or PATH:overlay")


def parse_volume_serial(text: str, where: str) -> int:
    """`1234-ABCD`, `1234ABCD` or `0x1234ABCD` as a number; `where` starts the ConfigError."""
    if not re.fullmatch(r"[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}|(0[xX])?[0-9A-Fa-f]{1,8}", text):
        raise ConfigError(f"{where}: {text!r}: expected a serial number like 1234-ABCD")
    return int(text.replace("-", ""), 16)
