"""normaliz.dll: one module per Windows header."""

from runtime.dlls.normaliz.dll import normaliz

__all__ = ["normaliz"]
