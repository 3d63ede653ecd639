"""rpcrt4.dll: one module per Windows header."""

from runtime.dlls.rpcrt4.dll import rpcrt4

__all__ = ["rpcrt4"]
