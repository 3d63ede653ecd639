"""Settings as `machine.toml` spells them: what is in effect, as text that can be read back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from runtime.config import Drive, MachineConfig

Setting = str | int | bool | Sequence[str] | Mapping[str, str]
Settings = Mapping[str, "Setting | Mapping[str, Setting]"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def settings_of(config: MachineConfig) -> Settings:
    """The settings in effect, in the order of `docs/usage.md`; drives by letter, C: too."""
    drives = {letter: config.drive(letter) for letter in sorted({"C", *config.drives})}
    found: dict[str, Setting | Mapping[str, Setting]] = {
        "computer_name": config.computer_name,
        "user_name": config.user_name,
        "volume_serial": f"{config.volume_serial >> 16:04X}-{config.volume_serial & 0xFFFF:04X}",
        "engine": config.engine,
        "elevated": config.elevated,
        "aslr": config.aslr,
        "ended_processes": config.ended_processes,
        "ended_seconds": config.ended_seconds,
        "kept_output": config.kept_output,
        "crash_dumps": config.crash_dumps,
        "missing": config.missing,
        "dll_path": [str(folder) for folder in config.dlls.folders],
        "dll_overrides": {name: ",".join(order) for name, order in sorted(config.dlls.orders.items())},
        "drives": {letter: drive_setting(drive) for letter, drive in drives.items() if drive is not None},
        "environment": dict(sorted(config.environment.items())),
    }
    if config.trace.enabled:
        trace: dict[str, Setting] = {"enabled": True, "format": config.trace.format}
        if config.trace.output is not None:
            trace["output"] = str(config.trace.output)
        trace |= {
            name: rules
            for name, rules in (
                ("patterns", config.trace.patterns),
                ("categories", config.trace.categories),
                ("functions", config.trace.functions),
            )
            if rules
        }
        found["trace"] = trace
    return found


def drive_setting(drive: Drive) -> str | Mapping[str, str]:
    """One drive: `PATH:ACCESS`, or a table when the folder lies deeper in the drive."""
    if drive.prefix:
        return {"path": str(drive.path), "access": drive.access, "prefix": drive.prefix}
    return f"{drive.path}:{drive.access}"


def to_toml(settings: Settings) -> str:
    """The settings as TOML; tables, which come last, are left out when empty."""
    lines = [f"{name} = {_value(value)}" for name, value in settings.items() if not isinstance(value, Mapping)]
    for name, table in settings.items():
        if isinstance(table, Mapping) and table:
            lines += ["", f"[{name}]"] if lines else [f"[{name}]"]
            lines += [f"{_key(key)} = {_value(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n" if lines else ""


def _value(value: Setting) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        # A JSON string is a TOML one, but for DEL, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(name)} = {_value(text)}" for name, text in value.items()) + " }"
    return "[" + ", ".join(_value(text) for text in value) + "]"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)
