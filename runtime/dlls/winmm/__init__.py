"""winmm.dll: one module per Windows header."""

from runtime.dlls.winmm.dll import winmm

__all__ = ["winmm"]
