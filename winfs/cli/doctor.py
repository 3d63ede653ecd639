"""`winfs doctor`: what works on this computer, and how to mend the rest."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import click

import runtime.guest
from runtime.config import ConfigError, load_config, machine_folder
from runtime.cpu import native
from winfs.cli.output import paint, print_table

_KVM_GET_API_VERSION = 0xAE00
_PACKAGES = ("unicorn", "trio", "pyfuse3", "pefile", "msgspec", "click", "rich")


class Finding(NamedTuple):
    """One thing looked at: `works`, whether winfs needs it for running programs, and the cure when it does not work."""

    subject: str
    works: bool
    required: bool
    detail: str
    cure: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything, one finding at a time."""
    version = platform.python_version()
    yield Finding("Python", sys.version_info >= (3, 11), True, version, "winfs needs Python 3.11 or newer")
    for package in _PACKAGES:
        yield _package(package)
    yield _unicorn()
    yield _guest_code()
    yield _kernel()
    yield from _fuse()
    yield _kvm()
    yield _machine()


def _package(name: str) -> Finding:
    cure = f"pip install {name}"
    if name == "pyfuse3":
        cure = "apt install libfuse3-dev pkg-config gcc python3-dev, then pip install pyfuse3"
    try:
        return Finding(name, True, name != "pyfuse3", metadata.version(name))
    except metadata.PackageNotFoundError:
        return Finding(name, False, name != "pyfuse3", "not installed", cure)


def _unicorn() -> Finding:
    cure = "reinstall it: pip install --force-reinstall unicorn"
    try:
        from unicorn.unicorn_const import UC_ARCH_X86
        from unicorn.unicorn_py3.unicorn import uclib

        works = uclib.uc_arch_supported(UC_ARCH_X86)
    except (ImportError, OSError) as error:
        return Finding("CPU engine", False, True, f"Unicorn does not load: {error}", cure)
    return Finding("CPU engine", bool(works), True, "Unicorn emulates x86-64" if works else "Unicorn lacks x86", cure)


def _guest_code() -> Finding:
    cure = "python -m runtime.guest.build (needs: pip install ziglang)"
    folder = Path(runtime.guest.__file__).parent / "bin"
    built = sorted(path.name for path in folder.glob("*.dll"))
    needed = {"ntrtl.dll", "msvcrt.dll", "ucrtbase.dll", "vcruntime140.dll", "cmd.exe"}
    absent = sorted(name for name in needed if not (folder / name).is_file())
    if native.is_missing():
        absent.append("the engine's native part")
    if absent:
        return Finding("guest DLLs", False, True, f"not built: {', '.join(absent)}", cure)
    return Finding("guest DLLs", True, True, ", ".join(built))


def _kernel() -> Finding:
    release = platform.release()
    numbers = release.split("-", 1)[0].split(".")
    recent = [int(number) for number in numbers[:2] if number.isdigit()] >= [5, 6]
    return Finding("kernel", recent, False, f"Linux {release} on {platform.machine()}",
                   "5.6 or newer has openat2, which keeps drives apart faster")  # fmt: skip


def _fuse() -> Iterator[Finding]:
    device = Path("/dev/fuse")
    if not device.exists():
        yield Finding("/dev/fuse", False, False, "not there", "modprobe fuse (in a container: --device /dev/fuse "
                      "--cap-add SYS_ADMIN); programs run without it, only mounting needs it")  # fmt: skip
    elif not os.access(device, os.R_OK | os.W_OK):
        yield Finding("/dev/fuse", False, False, "no permission", "chmod a+rw /dev/fuse, as root")
    else:
        yield Finding("/dev/fuse", True, False, "readable and writable")
    helper = shutil.which("fusermount3")
    found = helper is not None or os.geteuid() == 0
    yield Finding("fusermount3", found, False, helper or "not found", "apt install fuse3")


def _kvm() -> Finding:
    cure = "optional: Unicorn runs everything, KVM will run it faster"
    try:
        descriptor = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return Finding("/dev/kvm", False, False, "not there", cure)
    except OSError as error:
        return Finding("/dev/kvm", False, False, str(error.strerror), "add yourself to the group kvm; " + cure)
    try:
        return Finding("/dev/kvm", True, False, f"API version {fcntl.ioctl(descriptor, _KVM_GET_API_VERSION)}")
    except OSError as error:
        return Finding("/dev/kvm", False, False, str(error.strerror), cure)
    finally:
        os.close(descriptor)


def _machine() -> Finding:
    folder = machine_folder()
    try:
        load_config(folder)
    except ConfigError as error:
        return Finding("machine folder", False, True, str(error), "mend the file, or move it away to use the defaults")
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    writable = os.access(place, os.W_OK)
    detail = f"{folder}{'' if folder.exists() else ' (made at the first run)'}"
    cure = f"{place} is not writable; set WINFS_HOME to a folder that is"
    return Finding("machine folder", writable, True, detail, cure)


@click.command(name="doctor")
def command() -> int:
    """Say what works on this computer and how to mend the rest. Exit status 1 when programs cannot run."""
    findings = list(examine())
    print_table(
        ("", "what", "state"),
        [("ok" if f.works else "MISSING" if f.required else "absent", f.subject, f.detail) for f in findings],
    )
    broken = [finding for finding in findings if not finding.works]
    for finding in broken:
        print(paint(f"{finding.subject}: {finding.cure}", "31" if finding.required else "33"))
    if any(finding.required for finding in broken):
        print(paint("programs cannot run until this is mended", "31"))
        return 1
    print(paint("programs can run", "32"))
    return 0
