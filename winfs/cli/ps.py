"""`winfs ps`: machines, where they are mounted, and the programs that run on them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import click

from runtime.places import machine_folder
from winfs.cli import CommandError, explain
from winfs.control import ControlError, connect, daemon_of
from winfs.machines import machines

_SHOWN = ("uptime", "processes", "threads", "handles", "committed", "events", "calls")
_MOST_CALLED = 10


@click.command(name="ps")
@click.option("-v", "--verbose", is_flag=True, help="Also how busy each mounted machine is, and what is called most.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(verbose: bool, as_json: bool) -> int:
    """List machines, mounts and running programs."""
    try:
        folders = machines()
    except OSError as error:
        raise CommandError(explain(error)) from None
    found: list[dict[str, object]] = []
    for folder in folders:
        daemon = daemon_of(folder)
        machine: dict[str, object] = {"machine": folder.name, "mount": None, "pid": None, "programs": []}
        if daemon is not None:
            machine |= {"mount": daemon.mountpoint, "pid": daemon.pid}
            connection = connect(folder)
            if connection is not None:
                try:
                    connection.send({"do": "status"})
                    status = connection.receive() or {}
                    machine["programs"] = status.get("programs", [])
                    if verbose:
                        machine |= {name: status.get(name, {}) for name in ("statistics", "calls")}
                except ControlError:
                    pass
                finally:
                    connection.close()
        found.append(machine)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return 0
    for machine in found:
        mount = f"mounted at {machine['mount']} (pid {machine['pid']})" if machine["mount"] else "not mounted"
        click.echo(f"{machine['machine']}: {mount}")
        programs = machine["programs"]
        for program in programs if isinstance(programs, list) else []:
            click.echo(f"  {program['pid']:>6}  {program['state']}  {program['command_line']}")
        if verbose:
            _print_statistics(machine)
    if not found:
        click.echo(f"no machines in {machine_folder(None).parent}")
    return 0


def _print_statistics(machine: Mapping[str, object]) -> None:
    statistics, calls = machine.get("statistics"), machine.get("calls")
    if not isinstance(statistics, dict) or not isinstance(calls, dict):
        return
    for name in _SHOWN:
        click.echo(f"    {name}: {statistics.get(name)}")
    for name, count in list(calls.items())[:_MOST_CALLED]:
        click.echo(f"    {count:>10}  {name}")
