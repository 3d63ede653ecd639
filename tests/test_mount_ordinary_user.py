"""The mount for somebody who is not root: everything goes by way of fusermount3."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from mounting import REPOSITORY, environment

USER = 65534

# In a mount namespace of its own, where everybody may use /dev/fuse. The user may read what root can (Python may be
# installed in root's home), and nothing more.
ROOT = r"""
set -e
mknod -m 666 fuse c 10 229
mount --bind fuse /dev/fuse
exec setpriv --reuid $USER_ID --regid $USER_ID --clear-groups --inh-caps +dac_read_search \
    --ambient-caps +dac_read_search sh user.sh
"""
USER_SCRIPT = r"""
winfs() { "$PYTHON" -m winfs "$@"; }
winfs mount mnt && ls mnt/drives
winfs run cmd /c "echo hello>C:\made.txt& type C:\made.txt"
stat -c %u:%a mnt/drives/c/made.txt mnt/registry
winfs reg set 'HKCU\Software\Demo' Colour blue && cat mnt/registry/HKEY_CURRENT_USER/Software/Demo/Colour.sz
winfs umount mnt && ls mnt
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the user's that the user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        for part in ("home", "mnt"):
            (Path(name) / part).mkdir()
        os.chown(name, USER, USER)
        for part in ("home", "mnt"):
            os.chown(Path(name) / part, USER, USER)
        yield Path(name)


PROBE = r"""
set -e
grep -q "^NoNewPrivs:.0" /proc/self/status  # fusermount3 becomes root
: <> /dev/fuse
"$PYTHON" -c "import pyfuse3"
"""


def as_a_user(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script as the user, in the user's folder."""
    (folder / "root.sh").write_text(ROOT)
    (folder / "user.sh").write_text(script)
    return subprocess.run(
        ["unshare", "--mount", "sh", "root.sh"], cwd=folder, capture_output=True, text=True, timeout=300, check=False,
        env={**environment(folder / "home"), "PYTHON": sys.executable, "USER_ID": str(USER), "HOME": str(folder),
             "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="who is not root runs all other tests of the mount as an ordinary user")
def test_an_ordinary_user_can_mount_run_and_unmount(folder: Path) -> None:
    probed = as_a_user(folder, PROBE)
    if probed.returncode:
        pytest.skip(f"this container has no room for another user: {probed.stderr.strip()}")
    (folder / "fuse").unlink()
    done = as_a_user(folder, USER_SCRIPT)
    assert done.stdout.splitlines() == ["c", "hello", f"{USER}:644", f"{USER}:555", "blue"], done.stderr
    assert done.stderr == ""
