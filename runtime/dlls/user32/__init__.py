"""user32.dll: one module per Windows header."""

from runtime.dlls.user32.dll import user32

__all__ = ["user32"]
