"""`--dll-path` and `--dll-override`: DLL files of a person's own in place of winfs's."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from winfs.cli import CommandError

if TYPE_CHECKING:
    from runtime.config import MachineConfig
    from runtime.loader.order import DllKind

F = TypeVar("F", bound=Callable[..., object])

_WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\")

DllFolders = tuple[Path | str, ...]
DllOrders = dict[str, tuple["DllKind", ...]]


def _folders(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> DllFolders:
    found: list[Path | str] = []
    for text in values:
        path = Path(os.path.abspath(Path(text).expanduser()))
        if path.is_dir():
            found.append(path)
        elif _WINDOWS_PATH.match(text):
            found.append(text)
        else:
            raise click.BadParameter(f"{text}: no such directory", context, parameter)
    return tuple(found)


def _orders(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> DllOrders:
    if not values:
        return {}
    from runtime.loader.order import OrderError, parse_override

    try:
        return dict(parse_override(text) for text in values)
    except OrderError as error:
        raise click.BadParameter(str(error), context, parameter) from None


def dll_options(function: F) -> F:
    """Declare the options as parameters `dll_path: DllFolders` and `dll_override: DllOrders`."""
    function = click.option(
        "--dll-override", multiple=True, metavar="NAME=ORDER", callback=_orders,
        help="Which file serves a DLL: native, builtin, or both in order; * is every DLL. Repeatable.",
    )(function)  # fmt: skip
    return click.option(
        "--dll-path", multiple=True, metavar="DIR", callback=_folders,
        help="Use the DLL files in DIR, also in place of winfs's own. Repeatable.",
    )(function)  # fmt: skip


def machine_config(machine_name: str | None, folders: DllFolders, orders: DllOrders) -> MachineConfig:
    """The configuration of a machine, with the options applied. Raises CommandError."""
    from runtime.config import ConfigError, load_config, machine_folder

    try:
        config = load_config(machine_folder(machine_name))
    except ConfigError as error:
        raise CommandError(str(error)) from None
    return with_dlls(config, folders, orders)


def with_dlls(config: MachineConfig, folders: DllFolders, orders: DllOrders) -> MachineConfig:
    """The configuration with the options applied."""
    import msgspec

    return msgspec.structs.replace(config, dlls=config.dlls.extended(folders, orders))
