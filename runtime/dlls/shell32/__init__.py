"""shell32.dll: one module per Windows header."""

from runtime.dlls.shell32.dll import shell32

__all__ = ["shell32"]
