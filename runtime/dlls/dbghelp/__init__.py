"""dbghelp.dll: one module per Windows header."""

from runtime.dlls.dbghelp.dll import dbghelp

__all__ = ["dbghelp"]
