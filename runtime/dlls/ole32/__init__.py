"""ole32.dll: one module per Windows header."""

from runtime.dlls.ole32.dll import ole32

__all__ = ["ole32"]
