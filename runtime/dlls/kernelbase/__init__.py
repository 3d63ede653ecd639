"""kernelbase.dll: one module per Windows header."""

from runtime.dlls.kernelbase.dll import kernelbase

__all__ = ["kernelbase"]
