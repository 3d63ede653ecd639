"""`winfs mount`: boot a machine in the background and show it as files."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys
from pathlib import Path

import click

from runtime.config import ConfigError, Drive, EngineName, MachineConfig, MissingPolicy
from winfs.cli import CommandError, explain
from winfs.cli.booting import boot_config, with_boot_options
from winfs.cli.run import boot_options
from winfs.control import daemon_of, is_machine_mount, mounts

LOG = "daemon.log"
_READY = b"ready\n"


@click.command(name="mount", options_metavar="[OPTIONS]")
@boot_options
@click.option("--foreground", is_flag=True, help="Stay in the foreground; Ctrl-C unmounts.")
@click.option("--allow-other", is_flag=True, help="Let other users see the mount.")
@click.option("--ready-fd", type=int, hidden=True)
@click.argument("folder", metavar="DIR")
@click.pass_context
def command(
    context: click.Context,
    folder: str,
    machine_name: str | None,
    root: Path | None,
    drive: dict[str, Drive],
    foreground: bool,
    allow_other: bool,
    ready_fd: int | None,
    volume_serial: int | None,
    engine: EngineName | None,
    aslr: bool,
    missing: MissingPolicy | None,
) -> int:
    """Show a machine as files at DIR, an empty folder. Returns when the mount answers; `winfs umount DIR` ends it."""
    if not folder:
        raise click.UsageError("DIR is empty")
    mountpoint = Path(os.path.abspath(folder))
    if ready_fd is None:
        check_mountpoint(mountpoint, folder)
        check_host(allow_other)
    mountpoint = Path(os.path.realpath(mountpoint))
    config = boot_config(machine_name)
    daemon = daemon_of(config.folder) if ready_fd is None else None
    if daemon is not None:
        where = f" at {daemon.mountpoint}" if daemon.mountpoint else ""
        raise CommandError(f"the machine '{config.name}' is mounted already{where}; 'winfs umount' ends that")
    config = with_boot_options(config, root, drive, volume_serial, engine, aslr, missing)
    if foreground:
        return _serve(config, mountpoint, allow_other, ready_fd)
    return _start_daemon(config, sys.argv[1:])


def check_mountpoint(mountpoint: Path, shown: str) -> None:
    """Raise CommandError, with the cure, for a folder that nothing can be mounted at."""
    at = [mount for mount in mounts() if mount.mountpoint == os.path.realpath(mountpoint)]
    try:
        entries = os.listdir(mountpoint)
    except FileNotFoundError:
        raise CommandError(f"{shown}: no such directory; make it with 'mkdir {shown}'") from None
    except NotADirectoryError:
        raise CommandError(f"{shown}: not a directory") from None
    except PermissionError:
        raise CommandError(f"{shown}: no permission to read it") from None
    except OSError as error:
        if error.errno in (errno.ENOTCONN, errno.ECONNABORTED):
            raise CommandError(
                f"{shown}: a dead mount is in the way; 'fusermount3 -uz {shown}' takes it away"
            ) from None
        raise CommandError(f"{shown}: {error.strerror}") from None
    if at and is_machine_mount(at[-1]):
        raise CommandError(f"{shown}: a machine is mounted there already; 'winfs umount {shown}' ends it")
    if entries:
        raise CommandError(f"{shown}: the directory is not empty")
    if not os.access(mountpoint, os.W_OK):
        raise CommandError(f"{shown}: no permission to write to it, which mounting needs")


def check_host(allow_other: bool) -> None:
    """Raise CommandError, with the cure, when this computer cannot mount."""
    from shutil import which

    if not os.path.exists("/dev/fuse"):
        raise CommandError(
            "/dev/fuse is missing; load the module with 'modprobe fuse' (in a container: --device /dev/fuse)"
        )
    if which("fusermount3") is None:
        raise CommandError("fusermount3 is missing; install the package fuse3")
    if os.geteuid():
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            raise CommandError("/dev/fuse: no permission; add yourself to the group that owns it")
        if allow_other and "user_allow_other" not in _fuse_settings():
            raise CommandError("--allow-other: put the line user_allow_other into /etc/fuse.conf first")


def _fuse_settings() -> list[str]:
    try:
        return [line.strip() for line in Path("/etc/fuse.conf").read_text().splitlines()]
    except OSError:
        return []


def _start_daemon(config: MachineConfig, arguments: list[str]) -> int:
    """Start this command again in a session of its own and wait until it says that the mount answers."""
    try:
        config.folder.mkdir(parents=True, exist_ok=True)
        log = os.open(config.folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise CommandError(explain(error)) from None
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "winfs", *arguments, "--foreground", "--ready-fd", str(writing)],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[writing], start_new_session=True,
    )  # fmt: skip
    os.close(log)
    os.close(writing)
    with open(reading, "rb") as pipe:
        said = pipe.readline()
    if said == _READY:
        return 0
    process.wait()
    raise CommandError(said.decode(errors="replace").strip() or _last_words(config.folder / LOG))


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return f"the daemon ended: {lines[-1] if lines else 'it said nothing'} (see {log})"


def _serve(config: MachineConfig, mountpoint: Path, allow_other: bool, ready_fd: int | None) -> int:
    from runtime.trace.filters import FilterError
    from winfs.daemon import DaemonError, run_daemon

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")

    def ready() -> None:
        if ready_fd is not None:
            os.write(ready_fd, _READY)
            os.close(ready_fd)

    if ready_fd is not None:
        os.set_inheritable(ready_fd, False)
    os.chdir("/")
    try:
        run_daemon(config, mountpoint, ready, allow_other=allow_other)
    except (DaemonError, ConfigError, FilterError) as error:
        message = str(error)
    except OSError as error:
        message = explain(error)
    else:
        return 0
    if ready_fd is None:
        raise CommandError(message)
    os.write(ready_fd, message.encode(errors="replace").replace(b"\n", b" ") + b"\n")
    return 1
