"""Takes the mount away when its daemon dies without doing so (`kill -9`).

fusermount3's `auto_unmount` does that for root only: for others the kernel does not let its helper, which runs as root,
look whether the mount is dead. This one runs as the user.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress

# Nothing said before the end of input: the daemon has died. The number tells its mount from a later one.
_SCRIPT = """
read -r last
[ -n "$last" ] || ! grep -q "^$2 " /proc/self/mountinfo || exec fusermount3 -u -z -q -- "$1"
"""


class MountGuard:
    """A process that waits for this one to end."""

    def __init__(self, mountpoint: str, mount_id: str) -> None:
        """Start it. Raises OSError."""
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "winfs-guard", mountpoint, mount_id], cwd="/", start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def dismiss(self) -> None:
        """The mount has gone in good order."""
        with suppress(OSError):
            self._process.communicate(b"done\n")
