"""combase.dll: one module per Windows header."""

from runtime.dlls.combase.dll import combase

__all__ = ["combase"]
