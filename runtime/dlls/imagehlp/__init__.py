"""imagehlp.dll: one module per Windows header."""

from runtime.dlls.imagehlp.dll import imagehlp

__all__ = ["imagehlp"]
