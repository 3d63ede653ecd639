"""comctl32.dll: one module per Windows header."""

from runtime.dlls.comctl32.dll import comctl32

__all__ = ["comctl32"]
