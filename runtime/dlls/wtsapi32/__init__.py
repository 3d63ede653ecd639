"""wtsapi32.dll: one module per Windows header."""

from runtime.dlls.wtsapi32.dll import wtsapi32

__all__ = ["wtsapi32"]
