"""secur32.dll: one module per Windows header."""

from runtime.dlls.secur32.dll import secur32

__all__ = ["secur32"]
