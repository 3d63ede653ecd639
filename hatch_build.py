"""The build hook: compiles the guest DLLs, so that wheels and editable installs carry them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GuestBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own parameter is not exported
    """Runs ``runtime/guest/build.py`` before a wheel (also an editable one) is put together."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        """Called by hatchling; ``version`` is "standard" or "editable".  Raises CalledProcessError when it fails.

        The builder runs as a script of its own: the package's dependencies are not there at build time.
        """
        if self.target_name == "wheel":
            subprocess.run([sys.executable, str(Path(self.root) / "runtime" / "guest" / "build.py")], check=True)
