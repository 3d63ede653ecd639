"""shlwapi.dll: one module per Windows header."""

from runtime.dlls.shlwapi.dll import shlwapi

__all__ = ["shlwapi"]
