"""userenv.dll: one module per Windows header."""

from runtime.dlls.userenv.dll import userenv

__all__ = ["userenv"]
