"""`winfs redist install`."""

from __future__ import annotations

import zipfile
from pathlib import Path

from conftest import Runner


def test_dlls_of_a_wheel_land_in_system32(winfs: Runner, winfs_home: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "msvc_runtime-1-py3-none-win_amd64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("msvc_runtime-1.data/data/MSVCP140.dll", b"MZ one")
        archive.writestr("msvc_runtime/__init__.py", b"")
    done = winfs("redist", "install", "--wheel", wheel)
    assert done.returncode == 0, done.stderr
    assert (winfs_home / "default/drive_c/Windows/System32/msvcp140.dll").read_bytes() == b"MZ one"


def test_a_file_that_is_no_wheel_is_refused_by_name(winfs: Runner, tmp_path: Path) -> None:
    wheel = tmp_path / "broken.whl"
    wheel.write_bytes(b"no zip")
    done = winfs("redist", "install", "--wheel", wheel)
    assert done.returncode == 1
    assert b"broken.whl" in done.stderr
    assert b"Traceback" not in done.stderr
