"""crypt32.dll: one module per Windows header."""

from runtime.dlls.crypt32.dll import crypt32

__all__ = ["crypt32"]
