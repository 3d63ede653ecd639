"""shcore.dll: one module per Windows header."""

from runtime.dlls.shcore.dll import shcore

__all__ = ["shcore"]
