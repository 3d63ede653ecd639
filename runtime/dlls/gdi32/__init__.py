"""gdi32.dll: one module per Windows header."""

from runtime.dlls.gdi32.dll import gdi32

__all__ = ["gdi32"]
