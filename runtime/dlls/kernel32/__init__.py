"""kernel32.dll: one module per Windows header."""

from runtime.dlls.kernel32.dll import kernel32

__all__ = ["kernel32"]
