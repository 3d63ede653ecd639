"""Where machines live; apart from their settings, for whoever is to start fast."""

from __future__ import annotations

import os
import re
from pathlib import Path

DEFAULT_MACHINE = "default"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class ConfigError(Exception):
    """A setting that cannot be used. `str()` is one line that names the file and the key, or the option."""


def machine_folder(name: str | None = None) -> Path:
    """The folder of the machine `name` (None: "default"). Raises ConfigError for a name that is no plain file name."""
    name = name or DEFAULT_MACHINE
    if not _NAME.fullmatch(name):
        raise ConfigError(f"machine name {name!r}: expected letters, digits, '.', '_' and '-', at most 64")
    home = os.environ.get("WINFS_HOME")
    if home:
        return Path(home).absolute() / name
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "winfs" / name
