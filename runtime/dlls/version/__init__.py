"""version.dll: one module per Windows header."""

from runtime.dlls.version.dll import version

__all__ = ["version"]
