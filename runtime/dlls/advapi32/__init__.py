"""advapi32.dll: one module per Windows header."""

from runtime.dlls.advapi32.dll import advapi32

__all__ = ["advapi32"]
